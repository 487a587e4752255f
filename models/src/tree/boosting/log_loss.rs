//! A yes-or-no label: log loss, and the model that gives its probability.

use ndarray::{Array1, ArrayView2};
use rayon::prelude::*;

use super::super::error::TreeParamError as Bad;
use super::super::histogram::{FixedPoint, RowStat};
use super::super::logistic::{log_loss_of_score, sigmoid};
use super::super::node::Tree;
use super::super::predict::predicts_probabilities;
use super::super::{TreeError, TreeParamError};
use super::fit::{Boosted, boost};
use super::loss::{BoostingLoss, CHUNK, Job, Objective, Rows, Weights, fill, sealed, sum};
use super::params::BoostingParams;
use super::score::{boosted_model, check_columns, scores};

/// Log loss for `bool` labels, `-ln p` of what happened, on the log-odds as the score.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLoss {
    pub(crate) scale_positive: f64,
}

impl Default for LogLoss {
    fn default() -> Self {
        Self {
            scale_positive: 1.0,
        }
    }
}

impl BoostingParams<LogLoss> {
    /// What the weights of rows labelled `true` are multiplied by, above 0. The number of
    /// `false` rows over that of `true` rows makes both count alike; the probabilities are then
    /// those of such a balanced world, and too high for this one. Default 1.
    pub fn scale_positive(mut self, scale: f64) -> Self {
        self.0.loss.scale_positive = scale;
        self
    }
}

/// A fitted sum of trees whose value is the log-odds of the label being `true`.
///
/// Source: Friedman 2001, "Greedy function approximation: a gradient boosting machine",
/// algorithm 5, with the second-order leaf values and gains of Chen and Guestrin 2016.
///
/// Fit it through linfa; labels are `bool`, features `f32` with `NaN` for missing, weights are
/// honoured:
///
/// ```
/// use linfa::prelude::*;
/// use ndarray::{Array1, Array2};
/// use regulars_models::tree::GradientBoosting;
///
/// let x = Array2::from_shape_fn((400, 2), |(row, column)| ((row * (7 + column)) % 100) as f32);
/// let y = Array1::from_shape_fn(400, |row| x[[row, 0]] > 60.0);
/// let model = GradientBoosting::params().feature_fraction(1.0).fit(&Dataset::new(x.clone(), y)).unwrap();
/// let p = model.predict_probability(x.view());
/// assert!(p[0] < 0.1 && p[99] > 0.9);
/// ```
///
/// # Errors of fitting
/// See [`TreeError`]: settings out of range, no rows or columns, an infinite feature, labels or
/// weights that do not match the rows, rows of one label only.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientBoosting {
    pub(crate) features: usize,
    /// The log-odds before any tree.
    pub(crate) start: f64,
    pub(crate) trees: Vec<Tree>,
    pub(crate) validation_losses: Vec<f64>,
}

boosted_model!(GradientBoosting, GradientBoostingParams);

impl GradientBoosting {
    /// The log-odds of `true`, one a row of `x` (`n_rows x n_features`, `NaN` where missing).
    ///
    /// An infinite value lies beyond every threshold. Rows are scored in parallel.
    ///
    /// # Panics
    /// When `x` has another number of columns than the model was fitted on.
    pub fn predict_score(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        check_columns(self.features, x);
        scores(self.start, &self.trees, x)
    }

    /// The probability of `true`, one a row of `x`; see [`predict_score`](Self::predict_score).
    pub fn predict_probability(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        self.predict_score(x).mapv_into(sigmoid)
    }
}

predicts_probabilities!(GradientBoosting);

impl sealed::Sealed for LogLoss {}

impl BoostingLoss for LogLoss {
    type Label = bool;
    type Model = GradientBoosting;

    fn check(&self) -> Result<(), TreeParamError> {
        let value = self.scale_positive;
        if value.is_finite() && value > 0.0 {
            Ok(())
        } else {
            Err(Bad::NotPositive {
                name: "scale_positive",
                value,
            })
        }
    }

    fn boost(&self, job: Job<'_, Self>) -> Result<GradientBoosting, TreeError> {
        let x = job.train.x;
        let validation = match job.validation {
            Some(rows) => Some((rows.x, Labelled::new(self, rows)?)),
            None => None,
        };
        let train = Labelled::new(self, job.train)?;
        let from = job.from.map(|model| Boosted {
            features: model.features,
            start: vec![model.start],
            trees: model.trees.clone(),
            validation_losses: Vec::new(),
        });
        let fitted = boost(job.settings, x, &train, validation, from)?;
        Ok(GradientBoosting {
            features: fitted.features,
            start: fitted.start[0],
            trees: fitted.trees,
            validation_losses: fitted.validation_losses,
        })
    }
}

/// Log loss over labelled rows.
pub(crate) struct Labelled {
    labels: Vec<bool>,
    weights: Weights,
    scale_positive: f64,
    /// Weight of all rows, and of the rows labelled `true`.
    total: f64,
    positive: f64,
}

impl Labelled {
    pub(crate) fn new(loss: &LogLoss, rows: Rows<'_, bool>) -> Result<Self, TreeError> {
        for label in [true, false] {
            if rows.counted().all(|(_, l, _)| l == label) {
                let rows = rows.counted().count();
                return Err(TreeError::OneClass { label, rows });
            }
        }
        let mut labelled = Self {
            labels: rows.labels,
            weights: rows.weights,
            scale_positive: loss.scale_positive,
            total: 0.0,
            positive: 0.0,
        };
        for (row, label) in labelled.labels.iter().enumerate() {
            let weight = labelled.weight(row);
            labelled.total += weight;
            labelled.positive += if *label { weight } else { 0.0 };
        }
        Ok(labelled)
    }

    fn weight(&self, row: usize) -> f64 {
        let weight = self.weights.of(row);
        if self.labels[row] {
            weight * self.scale_positive
        } else {
            weight
        }
    }

    /// Gradient `w (p - y)` and hessian `w p (1 - p)` at a row's score.
    pub(crate) fn derivatives(&self, row: usize, score: f64) -> (f64, f64) {
        let p = sigmoid(score);
        let y = f64::from(u8::from(self.labels[row]));
        let w = self.weight(row);
        (w * (p - y), w * p * (1.0 - p))
    }

    /// The log loss at a row's score, times the weight.
    pub(crate) fn loss_of(&self, row: usize, score: f64) -> f64 {
        self.weight(row) * log_loss_of_score(score, self.labels[row])
    }
}

impl Objective for Labelled {
    fn start(&self) -> Vec<f64> {
        let base = self.positive / self.total;
        vec![libm::log(base / (1.0 - base))]
    }

    fn gradients(&self, scores: &[f64], stats: &mut [RowStat]) -> FixedPoint {
        let fixed = FixedPoint::for_largest(self.weights.largest() * self.scale_positive.max(1.0));
        if self.weights.are_one() && self.scale_positive == 1.0 {
            // The same, side by side, so that the compiler takes two rows at a time.
            let rows = stats.par_chunks_mut(CHUNK).zip(scores.par_chunks(CHUNK));
            rows.zip(self.labels.par_chunks(CHUNK))
                .for_each(|((stats, scores), labels)| {
                    for ((stat, score), label) in stats.iter_mut().zip(scores).zip(labels) {
                        let p = sigmoid(*score);
                        let y = f64::from(u8::from(*label));
                        *stat = fixed.row(p - y, p * (1.0 - p));
                    }
                });
        } else {
            fill(stats, fixed, |row| self.derivatives(row, scores[row]));
        }
        fixed
    }

    fn loss(&self, scores: &[f64]) -> f64 {
        sum(scores.len(), |row| self.loss_of(row, scores[row])) / self.total
    }
}
