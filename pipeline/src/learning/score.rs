//! Probabilities from a model that was learned and saved, now or at another time.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use regulars_models::format::SavedModel;

use crate::failure::{Failure, Result};
use crate::learning::learned::Learned;
use crate::learning::rows::Labelled;

/// What a model gives for some rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// The calibrated probability of a yes, one a row.
    pub probabilities: Array1<f64>,
    /// Rows by features and the base value: what each adds; where the model can say.
    pub contributions: Option<Array2<f64>>,
}

/// Scores rows whose columns are the model's features, in their order.
///
/// # Errors
/// The model is none that gives the probability of a yes.
pub fn score(model: &SavedModel, rows: ArrayView2<'_, f32>) -> Result<Scores> {
    let (Some(classifier), Some(probabilities)) =
        (model.model().classifier(), model.predict_probability(rows))
    else {
        let kind = model.model().kind();
        return Err(Failure::data(format!(
            "a model of the kind {kind} gives no probability"
        )));
    };
    Ok(Scores {
        probabilities,
        contributions: classifier.contributions(rows),
    })
}

/// Scores rows of which some have taught the model: these are cut into so many parts, and each is
/// scored by a model that learned from the others.
///
/// - `taught`: the rows whose outcome is known, and their places among all.
pub fn score_unseen(
    learned: &Learned,
    rows: ArrayView2<'_, f32>,
    (taught, places): (&Labelled, &[usize]),
    parts: usize,
) -> Result<Scores> {
    let mut known = vec![false; rows.nrows()];
    for place in places {
        known[*place] = true;
    }
    let open: Vec<usize> = (0..rows.nrows()).filter(|row| !known[*row]).collect();
    let mut all = Scores {
        probabilities: Array1::zeros(rows.nrows()),
        contributions: Some(Array2::zeros((rows.nrows(), rows.ncols() + 1))),
    };
    if !open.is_empty() {
        let features = rows.select(Axis(0), &open);
        all.put(&open, score(&learned.saved, features.view())?);
    }
    for part in 0..parts {
        let held = places.len() * part / parts..places.len() * (part + 1) / parts;
        let others: Vec<usize> = (0..held.start).chain(held.end..places.len()).collect();
        let model = learned.again(taught.whole().select(&others).whole())?;
        let features = taught.part(held.clone()).features;
        all.put(&places[held], score(&model, features)?);
    }
    Ok(all)
}

impl Scores {
    /// Notes the scores of some rows at their places.
    fn put(&mut self, places: &[usize], scores: Scores) {
        for (place, probability) in places.iter().zip(scores.probabilities) {
            self.probabilities[*place] = probability;
        }
        match (&mut self.contributions, scores.contributions) {
            (Some(all), Some(some)) => {
                for (place, row) in places.iter().zip(some.rows()) {
                    all.row_mut(*place).assign(&row);
                }
            }
            _ => self.contributions = None,
        }
    }
}
