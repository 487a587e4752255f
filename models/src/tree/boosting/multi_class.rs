//! One of several classes as the label: softmax, with a tree a class in every round.

use linfa::traits::PredictInplace;
use ndarray::{Array1, Array2, ArrayBase, ArrayView2, Axis, Data, Ix2};
use rayon::prelude::*;

use super::super::error::TreeParamError as Bad;
use super::super::grow::Monotone;
use super::super::histogram::{FixedPoint, RowStat};
use super::super::node::Tree;
use super::super::{TreeError, TreeParamError};
use super::fit::{Boosted, boost};
use super::loss::{BoostingLoss, Job, Objective, Rows, Weights, fill, sealed, sum};
use super::params::BoostingParams;
use super::score::{add_trees, boosted_model, check_columns};

/// Log loss for `usize` labels `0..n_classes`, `-ln p` of the class that it was, on a score a
/// class whose softmax is the probability.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Softmax {
    pub(crate) class_weights: Vec<f64>,
}

impl BoostingParams<Softmax> {
    /// What the weights of the rows of each class are multiplied by, one number above 0 a
    /// class; empty for 1 each. Default empty.
    pub fn class_weights(mut self, weights: Vec<f64>) -> Self {
        self.0.loss.class_weights = weights;
        self
    }
}

/// A fitted model of which of several classes a row belongs to.
///
/// Source: Friedman 2001, algorithm 6: in each round a tree a class, all from the probabilities
/// before the round, with the diagonal of the hessian times `k / (k - 1)` for `k` classes (his
/// factor on the leaves).
///
/// Labels are `usize`, numbered from 0 without gaps; features `f32` with `NaN` for missing;
/// weights are honoured. Monotone constraints are refused: the scores of the classes pull
/// against each other, so that none of them says how a probability moves.
///
/// ```
/// use linfa::prelude::*;
/// use ndarray::{Array1, Array2, Axis};
/// use regulars_models::tree::MultiClassBoosting;
///
/// // The next purchase is online (0), in the shop (1) or none (2).
/// let x = Array2::from_shape_fn((600, 2), |(row, column)| ((row * (7 + column)) % 100) as f32);
/// let y = Array1::from_shape_fn(600, |row| if x[[row, 0]] > 60.0 { 2 } else { row * 8 / 50 % 2 });
/// let model = MultiClassBoosting::params().n_trees(50).fit(&Dataset::new(x.clone(), y)).unwrap();
/// let p = model.predict_probabilities(x.view());
/// assert_eq!(p.dim(), (600, 3));
/// assert!(p.sum_axis(Axis(1)).iter().all(|sum| (sum - 1.0).abs() < 1e-12));
/// assert_eq!(model.predict(&x)[9], 2);
/// ```
///
/// # Errors of fitting
/// See [`TreeError`]: settings out of range, no rows or columns, an infinite feature, labels or
/// weights that do not match the rows, one class only, a class without rows.
#[derive(Clone, Debug, PartialEq)]
pub struct MultiClassBoosting {
    pub(crate) features: usize,
    /// The scores before any tree, one a class.
    pub(crate) start: Vec<f64>,
    /// Round after round, in each a tree a class.
    pub(crate) trees: Vec<Tree>,
    pub(crate) validation_losses: Vec<f64>,
}

boosted_model!(MultiClassBoosting, MultiClassBoostingParams);

impl MultiClassBoosting {
    /// Number of classes.
    pub fn class_count(&self) -> usize {
        self.start.len()
    }

    /// Number of rounds, each with a tree a class.
    pub fn round_count(&self) -> usize {
        self.trees.len() / self.start.len()
    }

    /// The score of each class, `n_rows x n_classes`, for the rows of `x` (`n_rows x
    /// n_features`, `NaN` where missing). Only differences between classes matter.
    ///
    /// # Panics
    /// When `x` has another number of columns than the model was fitted on.
    pub fn predict_scores(&self, x: ArrayView2<'_, f32>) -> Array2<f64> {
        check_columns(self.features, x);
        let rows = x.nrows();
        let mut scores = Array2::zeros((self.class_count(), rows));
        for (mut scores, start) in scores.rows_mut().into_iter().zip(&self.start) {
            scores.fill(*start);
        }
        let flat = scores.as_slice_mut().expect("made in standard layout");
        add_trees(&self.trees, x, flat);
        scores.reversed_axes().as_standard_layout().into_owned()
    }

    /// The probability of each class, `n_rows x n_classes`; every row sums to one. See
    /// [`predict_scores`](Self::predict_scores).
    pub fn predict_probabilities(&self, x: ArrayView2<'_, f32>) -> Array2<f64> {
        let mut scores = self.predict_scores(x);
        scores
            .axis_iter_mut(Axis(0))
            .into_par_iter()
            .for_each(|mut row| {
                let normaliser = log_sum_exp(|| row.iter().copied());
                row.mapv_inplace(|score| libm::exp(score - normaliser));
                let sum = row.sum();
                row.mapv_inplace(|p| p / sum);
            });
        scores
    }

    /// The most probable class of each row, of equals the lowest.
    pub fn predict_class(&self, x: ArrayView2<'_, f32>) -> Array1<usize> {
        let scores = self.predict_scores(x);
        scores.map_axis(Axis(1), |row| {
            let best = (0..row.len()).reduce(|a, b| if row[b] > row[a] { b } else { a });
            best.unwrap_or(0)
        })
    }
}

/// linfa's `predict`: [`MultiClassBoosting::predict_class`].
impl<D: Data<Elem = f32>> PredictInplace<ArrayBase<D, Ix2>, Array1<usize>> for MultiClassBoosting {
    fn predict_inplace<'a>(&'a self, x: &'a ArrayBase<D, Ix2>, y: &mut Array1<usize>) {
        y.assign(&self.predict_class(x.view()));
    }

    fn default_target(&self, x: &ArrayBase<D, Ix2>) -> Array1<usize> {
        Array1::zeros(x.nrows())
    }
}

/// `ln(sum(exp(score)))` without overflow, summed in the order of the classes.
fn log_sum_exp<I: Iterator<Item = f64>>(scores: impl Fn() -> I) -> f64 {
    let highest = scores().fold(f64::NEG_INFINITY, f64::max);
    highest + libm::log(scores().map(|s| libm::exp(s - highest)).sum::<f64>())
}

impl sealed::Sealed for Softmax {}

impl BoostingLoss for Softmax {
    type Label = usize;
    type Model = MultiClassBoosting;

    fn check(&self) -> Result<(), TreeParamError> {
        match self
            .class_weights
            .iter()
            .find(|w| !(w.is_finite() && **w > 0.0))
        {
            None => Ok(()),
            Some(value) => Err(Bad::NotPositive {
                name: "class_weights",
                value: *value,
            }),
        }
    }

    fn boost(&self, job: Job<'_, Self>) -> Result<MultiClassBoosting, TreeError> {
        if job.settings.monotone.iter().any(|m| *m != Monotone::Free) {
            return Err(TreeError::MonotoneClasses);
        }
        let x = job.train.x;
        let classes = match job.from {
            Some(model) => model.class_count(),
            None => count_classes(&job.train)?,
        };
        if !self.class_weights.is_empty() && self.class_weights.len() != classes {
            return Err(TreeError::ClassWeightCount {
                weights: self.class_weights.len(),
                classes,
            });
        }
        let validation = match job.validation {
            Some(rows) => Some((rows.x, Classes::new(self, classes, rows)?)),
            None => None,
        };
        let train = Classes::new(self, classes, job.train)?;
        let from = job.from.map(|model| Boosted {
            features: model.features,
            start: model.start.clone(),
            trees: model.trees.clone(),
            validation_losses: Vec::new(),
        });
        let fitted = boost(job.settings, x, &train, validation, from)?;
        Ok(MultiClassBoosting {
            features: fitted.features,
            start: fitted.start,
            trees: fitted.trees,
            validation_losses: fitted.validation_losses,
        })
    }
}

/// How many classes there are, each with at least one row that counts.
fn count_classes(rows: &Rows<'_, usize>) -> Result<usize, TreeError> {
    let mut found: Vec<usize> = rows.counted().map(|(_, class, _)| class).collect();
    found.sort_unstable();
    found.dedup();
    match found[..] {
        [] => Err(TreeError::NoWeight),
        [class] => Err(TreeError::OneOfClasses { class }),
        [.., highest] => match (0..).zip(&found).find(|(number, class)| number != *class) {
            Some((class, _)) => Err(TreeError::EmptyClass { class, highest }),
            None => Ok(found.len()),
        },
    }
}

/// Softmax over rows labelled with classes.
pub(crate) struct Classes {
    classes: usize,
    labels: Vec<usize>,
    weights: Weights,
    class_weights: Vec<f64>,
    total: f64,
}

impl Classes {
    pub(crate) fn new(
        loss: &Softmax,
        classes: usize,
        rows: Rows<'_, usize>,
    ) -> Result<Self, TreeError> {
        if let Some(row) = rows.labels.iter().position(|class| *class >= classes) {
            return Err(TreeError::UnknownClass {
                row,
                class: rows.labels[row],
                classes,
            });
        }
        let mut class_weights = loss.class_weights.clone();
        class_weights.resize(classes, 1.0);
        let mut of = Self {
            classes,
            labels: rows.labels,
            weights: rows.weights,
            class_weights,
            total: 0.0,
        };
        of.total = (0..of.labels.len()).map(|row| of.weight(row)).sum();
        if of.total == 0.0 {
            return Err(TreeError::NoWeight);
        }
        Ok(of)
    }

    fn weight(&self, row: usize) -> f64 {
        self.weights.of(row) * self.class_weights[self.labels[row]]
    }

    /// The logarithm of what a row's exponentials are divided by.
    fn normaliser(&self, row: usize, scores: &[f64]) -> f64 {
        let rows = self.labels.len();
        log_sum_exp(|| (0..self.classes).map(|class| scores[class * rows + row]))
    }

    /// Gradient `w (p - y)` and hessian `w p (1 - p) k / (k - 1)` for `class`, which has the
    /// probability `p`.
    fn derivatives(&self, row: usize, class: usize, p: f64) -> (f64, f64) {
        let w = self.weight(row);
        let y = if self.labels[row] == class { 1.0 } else { 0.0 };
        (w * (p - y), w * p * (1.0 - p) * self.factor())
    }

    fn factor(&self) -> f64 {
        self.classes as f64 / (self.classes as f64 - 1.0)
    }
}

impl Objective for Classes {
    fn outputs(&self) -> usize {
        self.classes
    }

    /// The logarithms of the shares of the classes.
    fn start(&self) -> Vec<f64> {
        let mut counts = vec![0.0; self.classes];
        for (row, class) in self.labels.iter().enumerate() {
            counts[*class] += self.weight(row);
        }
        counts
            .into_iter()
            .map(|count| libm::log(count / self.total))
            .collect()
    }

    fn gradients(&self, scores: &[f64], stats: &mut [RowStat]) -> FixedPoint {
        let heaviest = self.class_weights.iter().copied().fold(0.0, f64::max);
        let fixed = FixedPoint::for_largest(self.weights.largest() * heaviest);
        let rows = self.labels.len();
        let normalisers: Vec<f64> = (0..rows)
            .into_par_iter()
            .map(|row| self.normaliser(row, scores))
            .collect();
        for (class, stats) in stats.chunks_exact_mut(rows).enumerate() {
            let scores = &scores[class * rows..][..rows];
            fill(stats, fixed, |row| {
                self.derivatives(row, class, libm::exp(scores[row] - normalisers[row]))
            });
        }
        fixed
    }

    fn loss(&self, scores: &[f64]) -> f64 {
        let rows = self.labels.len();
        sum(rows, |row| {
            let score = scores[self.labels[row] * rows + row];
            self.weight(row) * (self.normaliser(row, scores) - score)
        }) / self.total
    }
}
