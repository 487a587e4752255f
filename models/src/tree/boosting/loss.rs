//! What a loss is to boosting, and the rows that are fitted on.

use linfa::DatasetBase;
use linfa::dataset::AsSingleTargets;
use ndarray::{ArrayBase, ArrayView2, Data, Ix2};
use rayon::prelude::*;

use super::super::histogram::{FixedPoint, RowStat};
use super::super::input::{check_features, read_labels, read_weights};
use super::super::{TreeError, TreeParamError};
use super::settings::Settings;

/// Rows are worked on in chunks of this many.
pub(crate) const CHUNK: usize = 4096;

/// What is learned: [`LogLoss`](super::LogLoss), [`RegressionLoss`](super::RegressionLoss),
/// [`Softmax`](super::Softmax) or [`Lambda`](super::Lambda). Nothing else can be one.
pub trait BoostingLoss: Clone + sealed::Sealed + Sized {
    /// The label of a row.
    type Label: Copy;
    /// The fitted model.
    type Model;

    #[doc(hidden)]
    fn check(&self) -> Result<(), TreeParamError>;

    #[doc(hidden)]
    fn boost(&self, job: Job<'_, Self>) -> Result<Self::Model, TreeError>;
}

pub(crate) mod sealed {
    pub trait Sealed {}
}

/// One fit: the settings, the rows, and the model that is continued.
#[doc(hidden)]
pub struct Job<'a, L: BoostingLoss> {
    pub(crate) settings: &'a Settings,
    pub(crate) train: Rows<'a, L::Label>,
    pub(crate) validation: Option<Rows<'a, L::Label>>,
    pub(crate) from: Option<&'a L::Model>,
}

/// Features, labels and weights of one set of rows; equal in number, features not infinite,
/// weights finite and at least 0.
pub(crate) struct Rows<'a, T> {
    pub x: ArrayView2<'a, f32>,
    pub labels: Vec<T>,
    pub weights: Weights,
}

impl<'a, T: Copy> Rows<'a, T> {
    pub(crate) fn read<D, Y>(data: &'a DatasetBase<ArrayBase<D, Ix2>, Y>) -> Result<Self, TreeError>
    where
        D: Data<Elem = f32>,
        Y: AsSingleTargets<Elem = T>,
    {
        let x = data.records().view();
        check_features(x)?;
        Ok(Self {
            x,
            labels: read_labels(data)?,
            weights: Weights(read_weights(data)?),
        })
    }

    /// The rows that count: their number, their label and their weight, which is above 0.
    pub(crate) fn counted(&self) -> impl Iterator<Item = (usize, T, f64)> + '_ {
        let rows = self.labels.iter().enumerate();
        rows.map(|(row, label)| (row, *label, self.weights.of(row)))
            .filter(|(_, _, weight)| *weight > 0.0)
    }
}

/// The weight of each row.
#[derive(Clone, Debug)]
pub(crate) struct Weights(pub Option<Vec<f32>>);

impl Weights {
    pub(crate) fn of(&self, row: usize) -> f64 {
        self.0.as_ref().map_or(1.0, |w| f64::from(w[row]))
    }

    pub(crate) fn are_one(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn largest(&self) -> f64 {
        self.0
            .as_ref()
            .map_or(1.0, |w| f64::from(w.iter().copied().fold(0.0, f32::max)))
    }

    /// The sum over the first `rows` rows, in their order.
    pub(crate) fn total(&self, rows: usize) -> f64 {
        (0..rows).map(|row| self.of(row)).sum()
    }
}

/// A loss over given rows: what boosting asks of it, tree after tree.
///
/// Scores of several outputs lie one output after the other: that of `row` for `output` is
/// `scores[output * rows + row]`, and so do the statistics.
pub(crate) trait Objective: Send + Sync {
    /// Scores a row; each has a tree of its own in every round.
    fn outputs(&self) -> usize {
        1
    }

    /// The best constant scores, one an output.
    fn start(&self) -> Vec<f64>;

    /// Gradients are handed over divided by this power of two, so that they compare with the
    /// hessians in size whatever the labels are measured in.
    fn unit(&self) -> f64 {
        1.0
    }

    /// Writes gradient and hessian of every row and output at `scores`.
    fn gradients(&self, scores: &[f64], stats: &mut [RowStat]) -> FixedPoint;

    /// Whether leaves have another value than the step of Newton; see
    /// [`leaf_value`](Self::leaf_value).
    fn renews(&self) -> bool {
        false
    }

    /// The best value of a leaf that holds `rows`, to be added to their `scores`.
    fn leaf_value(&self, _scores: &[f64], _rows: &[u32]) -> f64 {
        0.0
    }

    /// The mean loss of the rows; lower is better.
    fn loss(&self, scores: &[f64]) -> f64;
}

/// Writes the gradient and hessian that `of_row` gives.
pub(crate) fn fill(
    stats: &mut [RowStat],
    fixed: FixedPoint,
    of_row: impl Fn(usize) -> (f64, f64) + Sync,
) {
    stats
        .par_chunks_mut(CHUNK)
        .enumerate()
        .for_each(|(chunk, stats)| {
            for (i, stat) in stats.iter_mut().enumerate() {
                let (gradient, hessian) = of_row(chunk * CHUNK + i);
                *stat = fixed.row(gradient, hessian);
            }
        });
}

/// The largest of `of_row` over all rows, and not less than `least`.
pub(crate) fn largest(rows: usize, least: f64, of_row: impl Fn(usize) -> f64 + Send + Sync) -> f64 {
    (0..rows)
        .into_par_iter()
        .with_min_len(CHUNK)
        .map(of_row)
        .reduce(|| least, f64::max)
}

/// The sum of `of_row` over all rows, taken in the order of the rows.
pub(crate) fn sum(rows: usize, of_row: impl Fn(usize) -> f64 + Send + Sync) -> f64 {
    let terms: Vec<f64> = (0..rows)
        .into_par_iter()
        .with_min_len(CHUNK)
        .map(of_row)
        .collect();
    terms.iter().sum()
}
