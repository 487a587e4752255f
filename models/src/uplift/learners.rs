//! Models of uplift on the boosted trees, and the choice among them by Qini on held-out customers.

use linfa::Dataset;
use linfa::prelude::*;
use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::UpliftError;
use super::qini::{check, qini_interval};
use crate::metrics::Interval;
use crate::random;
use crate::tree::{BoostedRegressor, BoostedRegressorParams};

/// Draws for the interval of a Qini coefficient.
const RESAMPLES: usize = 200;

/// A way to learn uplift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learner {
    /// One model of those contacted less one of those held back.
    TwoModels,
    /// One model of `y t / e - y (1 - t) / (1 - e)`, whose mean is the uplift where the share `e`
    /// was drawn by lot (Athey and Imbens 2015; Jaskowski and Jaroszewicz 2012).
    TransformedOutcome,
    /// Two models of what each group did beyond what the other's model expects, mixed by the share
    /// contacted (Künzel, Sekhon, Bickel and Yu 2019, "Metalearners for estimating heterogeneous
    /// treatment effects", PNAS 116, equations 7 to 9).
    XLearner,
}

impl Learner {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::TwoModels, Self::TransformedOutcome, Self::XLearner];
}

/// A fitted model of uplift.
#[derive(Clone, Debug, PartialEq)]
pub struct UpliftModel {
    learner: Learner,
    /// One for the transformed outcome, else of those contacted and those held back.
    models: Vec<BoostedRegressor>,
    /// The share contacted.
    share: f64,
}

/// What a way reached on customers that it had not seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held {
    /// The way.
    pub learner: Learner,
    /// The Qini coefficient for each customer contacted.
    pub qini: Interval,
}

/// The model that was chosen, and what all reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Uplift {
    /// Learned from all customers, by the way that reached most; none where not even the interval
    /// of that lies above 0: then nothing is known of whom a contact changes.
    pub model: Option<UpliftModel>,
    /// In the order of [`Learner::ALL`].
    pub held_out: Vec<Held>,
}

impl UpliftModel {
    /// Learns from a campaign.
    ///
    /// - `x`: `n_rows x n_features`, `NaN` where missing.
    /// - `treated`: who was contacted, drawn by lot.
    /// - `outcomes`: 1 for a response, or what each left over.
    ///
    /// # Errors
    /// [`UpliftError::Lengths`], [`UpliftError::NotFinite`], [`UpliftError::OneGroup`], and what the
    /// trees say of the features.
    pub fn fit(
        learner: Learner,
        x: ArrayView2<'_, f32>,
        treated: &[bool],
        outcomes: &[f64],
        seed: u64,
    ) -> Result<Self, UpliftError> {
        check(&vec![0.0; x.nrows()], treated, outcomes)?;
        let share = treated.iter().filter(|t| **t).count() as f64 / treated.len() as f64;
        let rows = |wanted: bool| -> Vec<usize> {
            (0..treated.len())
                .filter(|row| treated[*row] == wanted)
                .collect()
        };
        let trees = |rows: &[usize], label: &dyn Fn(usize) -> f64| {
            let labels: Array1<f32> = rows.iter().map(|row| label(*row) as f32).collect();
            settings(rows.len(), seed).fit(&Dataset::new(x.select(Axis(0), rows), labels))
        };
        let plain = |row: usize| outcomes[row];
        let models = match learner {
            Learner::TransformedOutcome => {
                let z = |row: usize| match treated[row] {
                    true => outcomes[row] / share,
                    false => -outcomes[row] / (1.0 - share),
                };
                vec![trees(&(0..treated.len()).collect::<Vec<_>>(), &z)?]
            }
            Learner::TwoModels => vec![trees(&rows(true), &plain)?, trees(&rows(false), &plain)?],
            Learner::XLearner => {
                let (there, held) = (rows(true), rows(false));
                let of_treated = trees(&there, &plain)?.predict_value(x);
                let of_control = trees(&held, &plain)?.predict_value(x);
                vec![
                    trees(&there, &|row| outcomes[row] - of_control[row])?,
                    trees(&held, &|row| of_treated[row] - outcomes[row])?,
                ]
            }
        };
        Ok(Self {
            learner,
            models,
            share,
        })
    }

    /// The expected change of the outcome by a contact, one a row of `x`.
    ///
    /// # Panics
    /// When `x` has another number of columns than the model was fitted on.
    pub fn predict(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        let first = self.models[0].predict_value(x);
        match (self.learner, self.models.get(1)) {
            (Learner::TwoModels, Some(control)) => first - control.predict_value(x),
            // Each where the other group, which its labels come from, is large.
            (Learner::XLearner, Some(control)) => {
                first * (1.0 - self.share) + control.predict_value(x) * self.share
            }
            _ => first,
        }
    }

    /// How it was learned.
    pub fn learner(&self) -> Learner {
        self.learner
    }
}

impl Uplift {
    /// Learns every way from half of the customers, drawn by `seed`, measures it on the others, and
    /// learns the best from all.
    ///
    /// # Errors
    /// As [`UpliftModel::fit`].
    pub fn choose(
        x: ArrayView2<'_, f32>,
        treated: &[bool],
        outcomes: &[f64],
        seed: u64,
    ) -> Result<Self, UpliftError> {
        check(&vec![0.0; x.nrows()], treated, outcomes)?;
        let (teach, test): (Vec<usize>, Vec<usize>) =
            (0..treated.len()).partition(|row| random::draw(seed, *row as u64).is_multiple_of(2));
        let part = |rows: &[usize]| -> (Array2<f32>, Vec<bool>, Vec<f64>) {
            (
                x.select(Axis(0), rows),
                rows.iter().map(|row| treated[*row]).collect(),
                rows.iter().map(|row| outcomes[*row]).collect(),
            )
        };
        let ((x_teach, t_teach, y_teach), (x_test, t_test, y_test)) = (part(&teach), part(&test));
        let mut held_out = Vec::with_capacity(Learner::ALL.len());
        for learner in Learner::ALL {
            let model = UpliftModel::fit(learner, x_teach.view(), &t_teach, &y_teach, seed)?;
            let scores = model.predict(x_test.view()).to_vec();
            let qini = qini_interval(&scores, &t_test, &y_test, RESAMPLES, seed)?;
            held_out.push(Held { learner, qini });
        }
        let best = held_out
            .iter()
            .max_by(|a, b| a.qini.value.total_cmp(&b.qini.value))
            .filter(|best| best.qini.low > 0.0);
        let model = match best {
            Some(best) => Some(UpliftModel::fit(best.learner, x, treated, outcomes, seed)?),
            None => None,
        };
        Ok(Self { model, held_out })
    }
}

/// Small trees with large leaves: what a contact changes is small beside what chance does.
fn settings(rows: usize, seed: u64) -> BoostedRegressorParams {
    BoostedRegressor::params()
        .n_trees(150)
        .learning_rate(0.05)
        .max_leaves(6)
        .min_rows_per_leaf((rows / 50).clamp(20, 500))
        .feature_fraction(0.7)
        .seed(seed)
}
