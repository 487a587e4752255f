//! The chosen model, learned again from every known outcome.

use ndarray::Array1;
use regulars_models::classifiers::{Classifier, Recipe};
use regulars_models::format::{Calibration, Feature, SavedModel};
use regulars_models::tree::DecisionTree;

use crate::failure::{Failure, Result};
use crate::learning::calibration::{Method, calibration};
use crate::learning::choice::Choice;
use crate::learning::lineup::Entrant;
use crate::learning::rows::{Labelled, Part};
use crate::learning::task::{Task, Terms};
use crate::learning::train::Trained;

/// What was learned.
pub struct Learned {
    /// How the chosen model is learned, with what the validation rows have told.
    entrant: Entrant,
    /// It, its features and its calibration, to be saved, and to score other rows.
    pub saved: SavedModel,
    /// The tree that a person reads, whichever model gives the scores.
    pub tree: DecisionTree,
}

/// Has the chosen model learn from all rows of the task.
///
/// # Errors
/// It cannot be learned; calibration is asked for and nothing was held out.
pub fn learn(
    task: &Task,
    terms: &Terms,
    trained: &Trained,
    choice: &Choice,
    on_step: &dyn Fn(&str),
) -> Result<Learned> {
    let calibration = calibrated(task, terms, trained, choice)?;
    on_step("learning again from every known outcome");
    let entrant = trained.tried[choice.place].entrant.clone();
    let model = entrant.fit(task.rows.whole(), None)?;
    Ok(Learned {
        saved: saved(model, task.columns.features.clone(), calibration)?,
        tree: readable_tree(&task.rows, &task.columns.categorical())?,
        entrant,
    })
}

impl Learned {
    /// The model's features.
    pub fn features(&self) -> &[Feature] {
        self.saved.features()
    }

    /// How much the model leans on each feature; nothing where it does not tell.
    pub fn importance(&self) -> Option<Array1<f64>> {
        self.saved.model().classifier()?.importance()
    }

    /// The same model as it was tested: learned from what teaches the last trial, so that it has not
    /// seen the rows that test there.
    ///
    /// # Errors
    /// There was no test, or the model cannot be learned again.
    pub fn tested(&self, task: &Task) -> Result<SavedModel> {
        let Some(last) = task.trials.last() else {
            return Err(Failure::machine("the models had no test"));
        };
        self.again(task.rows.part(last.train.clone()))
    }

    /// The probabilities of scores.
    pub(super) fn calibrated(&self, scores: &Array1<f64>) -> Array1<f64> {
        match self.saved.calibration() {
            None => scores.clone(),
            Some(calibration) => scores.mapv(|score| calibration.probability(score)),
        }
    }

    /// The same model, learned from other rows.
    pub(super) fn again(&self, rows: Part<'_>) -> Result<SavedModel> {
        let model = self.entrant.fit(rows, None)?;
        let calibration = self.saved.calibration().cloned();
        saved(model, self.features().to_vec(), calibration)
    }
}

fn saved(
    model: Classifier,
    features: Vec<Feature>,
    calibration: Option<Calibration>,
) -> Result<SavedModel> {
    let fault = |error| Failure::machine(format!("the chosen model cannot be saved: {error}"));
    let saved = SavedModel::new(model, features).map_err(fault)?;
    match calibration {
        None => Ok(saved),
        Some(calibration) => saved.with_calibration(calibration).map_err(fault),
    }
}

/// Learned from the validation rows, which the model that scored them had not seen.
fn calibrated(
    task: &Task,
    terms: &Terms,
    trained: &Trained,
    choice: &Choice,
) -> Result<Option<Calibration>> {
    if terms.calibration == Method::None {
        return Ok(None);
    }
    let Some(held) = &trained.held else {
        return Err(Failure::data(format!(
            "there are too few {} to hold some out for the calibration",
            task.words.rows
        ))
        .hint(task.words.uncalibrated));
    };
    let scores = &trained.tried[choice.place].checked;
    calibration(terms.calibration, held.labels.view(), scores).map_err(|error| {
        Failure::data(format!("calibration: {error}")).hint(task.words.uncalibrated)
    })
}

fn readable_tree(rows: &Labelled, categorical: &[usize]) -> Result<DecisionTree> {
    let recipe = Recipe::Tree(DecisionTree::params()).with_categorical(categorical);
    let fault =
        |error: &dyn std::fmt::Display| Failure::data(format!("{}: {error}", recipe.title()));
    let labels = rows.labels.to_vec();
    match recipe.fit(rows.features.view(), &labels, None, None) {
        Ok(Classifier::Tree(tree)) => Ok(tree),
        Ok(other) => Err(fault(&other.title())),
        Err(error) => Err(fault(&error)),
    }
}
