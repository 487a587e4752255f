//! An amount as the label: squared, Poisson and pinball loss.

use ndarray::{Array1, ArrayView2};

use super::super::error::TreeParamError as Bad;
use super::super::histogram::{FixedPoint, RowStat};
use super::super::node::Tree;
use super::super::predict::predicts_numbers;
use super::super::{TreeError, TreeParamError};
use super::fit::{Boosted, boost};
use super::loss::{BoostingLoss, Job, Objective, Rows, Weights, fill, largest, sealed, sum};
use super::params::BoostingParams;
use super::quantile::weighted_quantile;
use super::score::{boosted_model, check_columns, scores};

/// Losses for `f32` labels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum RegressionLoss {
    /// `(y - score)^2`: the score is the mean. Friedman 2001, algorithm 2.
    #[default]
    Squared,
    /// The deviance of counts or amounts that are not negative,
    /// `2 (y ln(y / m) - y + m)` with the mean `m = exp(score)`, which is never negative either
    /// and takes effects as factors.
    ///
    /// The hessian is that of the loss times `exp(0.7)`, which keeps steps upwards from running
    /// away (`poisson_max_delta_step` of LightGBM and `max_delta_step` of XGBoost, with their
    /// value).
    Poisson,
    /// `q (y - score)` above the score and `(1 - q) (score - y)` below it: the score is the
    /// quantile `q`, above 0 and below 1; 0.5 is the median.
    ///
    /// Trees are grown on its gradient with the weight as the hessian, and each leaf then gets
    /// the exact weighted quantile of the residuals of its training rows (Friedman 2001,
    /// section 4.3, for the median); `l1` and `l2` count in growing only.
    Pinball {
        /// Which quantile.
        quantile: f64,
    },
}

impl BoostingParams<RegressionLoss> {
    /// What is to be small, and so what is predicted: a mean, a count or a quantile. Default
    /// [`RegressionLoss::Squared`].
    pub fn loss(mut self, loss: RegressionLoss) -> Self {
        self.0.loss = loss;
        self
    }
}

/// A fitted sum of trees that predicts an amount.
///
/// Labels are `f32` and finite, features `f32` with `NaN` for missing, weights are honoured.
///
/// ```
/// use linfa::prelude::*;
/// use ndarray::{Array1, Array2};
/// use regulars_models::tree::{BoostedRegressor, RegressionLoss};
///
/// // Orders in the coming quarter: about one a quarter below 50, about four from there on.
/// let x = Array2::from_shape_fn((1000, 1), |(row, _)| (row % 100) as f32);
/// let y = Array1::from_shape_fn(1000, |row| {
///     let usual = if x[[row, 0]] < 50.0 { 1 } else { 4 };
///     (usual + row / 100 % 3) as f32 - 1.0
/// });
/// let model = BoostedRegressor::params()
///     .loss(RegressionLoss::Poisson)
///     .feature_fraction(1.0)
///     .fit(&Dataset::new(x.clone(), y))
///     .unwrap();
/// let orders = model.predict_value(x.view());
/// assert!((orders[10] - 1.0).abs() < 0.15 && (orders[90] - 4.0).abs() < 0.15);
/// ```
///
/// # Errors of fitting
/// See [`TreeError`]: settings out of range, no rows or columns, an infinite feature, labels or
/// weights that do not match the rows, a label that is not finite, no weight above zero; for
/// Poisson loss a negative label, or labels that are all 0.
#[derive(Clone, Debug, PartialEq)]
pub struct BoostedRegressor {
    pub(crate) features: usize,
    pub(crate) loss: RegressionLoss,
    /// The score before any tree.
    pub(crate) start: f64,
    pub(crate) trees: Vec<Tree>,
    pub(crate) validation_losses: Vec<f64>,
}

boosted_model!(BoostedRegressor, BoostedRegressorParams);

impl BoostedRegressor {
    /// What was minimised.
    pub fn loss(&self) -> RegressionLoss {
        self.loss
    }

    /// The sum of the trees, one a row of `x` (`n_rows x n_features`, `NaN` where missing): the
    /// logarithm of the prediction for Poisson loss, the prediction itself for the others.
    ///
    /// # Panics
    /// When `x` has another number of columns than the model was fitted on.
    pub fn predict_score(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        check_columns(self.features, x);
        scores(self.start, &self.trees, x)
    }

    /// The mean or quantile, one a row of `x`, in the units of the labels; see
    /// [`predict_score`](Self::predict_score).
    pub fn predict_value(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        let scores = self.predict_score(x);
        match self.loss {
            RegressionLoss::Poisson => scores.mapv_into(poisson_mean),
            RegressionLoss::Squared | RegressionLoss::Pinball { .. } => scores,
        }
    }
}

predicts_numbers!(BoostedRegressor, predict_value);

/// The logarithm of a Poisson mean, beyond which `f32` labels do not reach.
const LARGEST_LOG_MEAN: f64 = 90.0;

/// `exp(score)`, kept finite.
pub(crate) fn poisson_mean(score: f64) -> f64 {
    libm::exp(score.min(LARGEST_LOG_MEAN))
}

impl sealed::Sealed for RegressionLoss {}

impl BoostingLoss for RegressionLoss {
    type Label = f32;
    type Model = BoostedRegressor;

    fn check(&self) -> Result<(), TreeParamError> {
        match *self {
            Self::Pinball { quantile } if !(quantile > 0.0 && quantile < 1.0) => {
                Err(Bad::Quantile(quantile))
            }
            _ => Ok(()),
        }
    }

    fn boost(&self, job: Job<'_, Self>) -> Result<BoostedRegressor, TreeError> {
        if job.from.is_some_and(|model| model.loss != *self) {
            return Err(TreeError::OtherLoss);
        }
        let x = job.train.x;
        let validation = match job.validation {
            Some(rows) => Some((rows.x, Amounts::new(*self, rows)?)),
            None => None,
        };
        let train = Amounts::new(*self, job.train)?;
        let from = job.from.map(|model| Boosted {
            features: model.features,
            start: vec![model.start],
            trees: model.trees.clone(),
            validation_losses: Vec::new(),
        });
        let fitted = boost(job.settings, x, &train, validation, from)?;
        Ok(BoostedRegressor {
            features: fitted.features,
            loss: *self,
            start: fitted.start[0],
            trees: fitted.trees,
            validation_losses: fitted.validation_losses,
        })
    }
}

/// A loss over rows labelled with amounts.
pub(crate) struct Amounts {
    loss: RegressionLoss,
    labels: Vec<f32>,
    weights: Weights,
    total: f64,
    start: f64,
    unit: f64,
}

impl Amounts {
    pub(crate) fn new(loss: RegressionLoss, rows: Rows<'_, f32>) -> Result<Self, TreeError> {
        if let Some(row) = rows.labels.iter().position(|y| !y.is_finite()) {
            return Err(TreeError::Label {
                row,
                value: rows.labels[row],
            });
        }
        let total = rows.weights.total(rows.labels.len());
        if total == 0.0 {
            return Err(TreeError::NoWeight);
        }
        let mean = rows
            .counted()
            .map(|(_, y, w)| w * f64::from(y))
            .sum::<f64>()
            / total;
        let mut unit = 1.0;
        let start = match loss {
            RegressionLoss::Squared => {
                let farthest = rows
                    .counted()
                    .map(|(_, y, _)| (f64::from(y) - mean).abs())
                    .fold(0.0, f64::max);
                unit = power_of_two_above(farthest);
                mean
            }
            RegressionLoss::Poisson => {
                if let Some(row) = rows.labels.iter().position(|y| *y < 0.0) {
                    return Err(TreeError::NegativeLabel {
                        row,
                        value: rows.labels[row],
                    });
                }
                if mean == 0.0 {
                    return Err(TreeError::AllZero);
                }
                libm::log(mean)
            }
            RegressionLoss::Pinball { quantile } => {
                let mut labels: Vec<(f64, f64)> =
                    rows.counted().map(|(_, y, w)| (f64::from(y), w)).collect();
                weighted_quantile(&mut labels, quantile)
            }
        };
        Ok(Self {
            loss,
            labels: rows.labels,
            weights: rows.weights,
            total,
            start,
            unit,
        })
    }

    /// Gradient and hessian at a row's score, times its weight.
    pub(crate) fn derivatives(&self, row: usize, score: f64) -> (f64, f64) {
        let y = f64::from(self.labels[row]);
        let w = self.weights.of(row);
        match self.loss {
            RegressionLoss::Squared => (w * (score - y), w),
            RegressionLoss::Poisson => {
                let mean = poisson_mean(score);
                (w * (mean - y), w * mean * POISSON_HESSIAN)
            }
            RegressionLoss::Pinball { quantile } if score < y => (-w * quantile, w),
            RegressionLoss::Pinball { quantile } => (w * (1.0 - quantile), w),
        }
    }

    pub(crate) fn loss_of(&self, row: usize, score: f64) -> f64 {
        let y = f64::from(self.labels[row]);
        let loss = match self.loss {
            RegressionLoss::Squared => (y - score) * (y - score),
            RegressionLoss::Poisson => {
                let mean = poisson_mean(score);
                let log = if y > 0.0 {
                    y * (libm::log(y) - score)
                } else {
                    0.0
                };
                2.0 * (log - y + mean)
            }
            RegressionLoss::Pinball { quantile } if score < y => quantile * (y - score),
            RegressionLoss::Pinball { quantile } => (1.0 - quantile) * (score - y),
        };
        self.weights.of(row) * loss
    }
}

/// `exp(0.7)`; see [`RegressionLoss::Poisson`].
const POISSON_HESSIAN: f64 = 2.013_752_707_470_476_6;

/// A power of two that is at least `value` and at most twice it; 1 for 0.
fn power_of_two_above(value: f64) -> f64 {
    if value == 0.0 {
        return 1.0;
    }
    // `value` is `m * 2^e` with `0.5 <= m < 1`.
    let (_, exponent) = libm::frexp(value);
    libm::ldexp(1.0, exponent)
}

impl Objective for Amounts {
    fn start(&self) -> Vec<f64> {
        vec![self.start]
    }

    fn unit(&self) -> f64 {
        self.unit
    }

    fn gradients(&self, scores: &[f64], stats: &mut [RowStat]) -> FixedPoint {
        let of_row = |row: usize| {
            let (gradient, hessian) = self.derivatives(row, scores[row]);
            (gradient / self.unit, hessian)
        };
        let fixed = FixedPoint::for_largest(largest(scores.len(), 0.0, |row| {
            let (gradient, hessian) = of_row(row);
            gradient.abs().max(hessian)
        }));
        fill(stats, fixed, of_row);
        fixed
    }

    fn renews(&self) -> bool {
        matches!(self.loss, RegressionLoss::Pinball { .. })
    }

    fn leaf_value(&self, scores: &[f64], rows: &[u32]) -> f64 {
        let RegressionLoss::Pinball { quantile } = self.loss else {
            return 0.0;
        };
        let mut residuals: Vec<(f64, f64)> = rows
            .iter()
            .map(|row| *row as usize)
            .map(|row| {
                (
                    f64::from(self.labels[row]) - scores[row],
                    self.weights.of(row),
                )
            })
            .filter(|(_, weight)| *weight > 0.0)
            .collect();
        weighted_quantile(&mut residuals, quantile)
    }

    fn loss(&self, scores: &[f64]) -> f64 {
        sum(scores.len(), |row| self.loss_of(row, scores[row])) / self.total
    }
}
