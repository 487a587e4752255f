//! Trees that a person can read: few leaves, real thresholds, rates or means with their rows.

mod dot;
mod fit;
mod names;
mod numbers;
mod outline;
mod params;
mod picture;
mod prune;
mod refine;
mod rules;
mod unknown;

use std::marker::PhantomData;

use ndarray::{Array1, ArrayView2};
use rayon::prelude::*;

pub(super) use fit::SquaredError;
pub use names::{CategoryNames, ColumnName, Phrases, Wording};
pub use outline::Step;
pub use params::{
    DecisionTreeParams, DecisionTreeValidParams, Impurity, RegressionTreeParams,
    RegressionTreeValidParams, Shrinkage, TreeParams, TreeValidParams,
};
pub use prune::{Choice, random_parts};
pub use rules::{CategoryTest, Condition, LeafRule, MeanRule, Missing};

use super::node::{Node, Tree, row_major, sum_over_splits};
use super::predict::{predicts_numbers, predicts_probabilities};
use super::{Label, check_columns};

/// A fitted tree (Breiman, Friedman, Olshen and Stone 1984, "Classification and regression
/// trees"), grown best leaf first on binned features: a [`DecisionTree`] or a [`RegressionTree`].
///
/// Fit it through linfa; see the [module](super) for an example. Weights are honoured: rates,
/// means, probabilities and impurities are of weights, numbers of rows are of rows.
///
/// Thresholds are exact: once the tree has grown, each is moved to where it gains most among the
/// values of the two bins beside it.
///
/// A category that no training row had at a split, and a missing one where none was missing, is
/// unknown there: it goes with the majority of the rows, and where that side has one category
/// alone, it has a leaf of its own, without rows, that predicts what all rows before the split say.
/// Where values were missing in training, what is unknown goes the way that was learned for them.
///
/// Columns that are constant or all missing are never split on; when nothing can be split the
/// tree is one leaf that holds the base rate or the mean.
///
/// # Errors of fitting
/// See [`TreeError`](super::TreeError): settings out of range, no rows or columns, an infinite
/// feature, labels or weights that do not match the rows, rows of one label only.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadableTree<L> {
    /// Values of nodes are what they predict.
    pub(crate) tree: Tree,
    /// For each column, whether a training row lacked its value.
    pub(crate) had_missing: Vec<bool>,
    pub(crate) label: PhantomData<L>,
}

/// A classification tree: labels are `bool`, leaves hold the probability of `true`.
pub type DecisionTree = ReadableTree<bool>;

/// A regression tree: labels are `f32`, splits lower the squared error, leaves hold means.
///
/// ```
/// use linfa::prelude::*;
/// use ndarray::array;
/// use regulars_models::tree::RegressionTree;
///
/// // Baskets a month, and what was spent.
/// let x = array![[1.0_f32], [2.0], [8.0], [9.0]];
/// let spent = array![10.0_f32, 20.0, 90.0, 100.0];
/// let tree = RegressionTree::params()
///     .min_rows_per_leaf(2)
///     .prior_rows(0.0)
///     .fit(&Dataset::new(x, spent))
///     .unwrap();
/// assert_eq!(tree.predict_mean(array![[0.0], [10.0]].view()), array![15.0, 95.0]);
/// ```
pub type RegressionTree = ReadableTree<f32>;

impl<L: Label> ReadableTree<L> {
    /// The default settings, to be changed and then fitted.
    pub fn params() -> TreeParams<L> {
        TreeParams::default()
    }

    /// Number of feature columns.
    pub fn feature_count(&self) -> usize {
        self.had_missing.len()
    }

    /// Number of leaves.
    pub fn leaf_count(&self) -> usize {
        self.tree.leaf_count()
    }

    /// The most splits from the root to a leaf.
    pub fn depth(&self) -> usize {
        self.tree.depth()
    }

    /// How much the splits on each feature lower the impurity of the tree (the variance, for
    /// regression), each node counted by its share of the rows, one a feature; 0 where it is
    /// never used.
    pub fn gain_importance(&self) -> Array1<f64> {
        let total = self.tree.nodes[0].hessian;
        sum_over_splits(self.feature_count(), [&self.tree], |_, node| {
            node.gain / total
        })
    }

    fn predict_value(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        self.leaves_of(x, |leaf| self.tree.nodes[leaf].value)
    }

    /// Reads something off the leaf of each row, told by its place among the nodes.
    fn leaves_of<R: Send>(
        &self,
        x: ArrayView2<'_, f32>,
        read: impl Fn(usize) -> R + Sync,
    ) -> Array1<R> {
        check_columns("tree", self.feature_count(), x);
        let rows = row_major(x);
        let read: Vec<R> = rows
            .par_chunks_exact(x.ncols())
            .map(|row| read(self.tree.leaf_index(row)))
            .collect();
        Array1::from(read)
    }
}

impl DecisionTree {
    /// The weighted share of training rows labelled `true`; weights of classes are in it.
    pub fn base_rate(&self) -> f64 {
        mean(&self.tree.nodes[0])
    }

    /// The probability of `true`, one a row of `x` (`n_rows x n_features`, `NaN` where missing):
    /// the rate of the row's leaf, drawn towards its parent's (or the base rate) by the prior rows.
    ///
    /// An infinite value lies beyond every threshold. Rows are scored in parallel.
    ///
    /// # Panics
    /// When `x` has another number of columns than the tree was fitted on.
    pub fn predict_probability(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        self.predict_value(x)
    }
}

impl RegressionTree {
    /// The weighted mean of the training labels.
    pub fn mean(&self) -> f64 {
        mean(&self.tree.nodes[0])
    }

    /// The expected label, one a row of `x` (`n_rows x n_features`, `NaN` where missing): the mean
    /// of the row's leaf, drawn towards its parent's (or that of all rows) by the prior rows.
    ///
    /// An infinite value lies beyond every threshold. Rows are scored in parallel.
    ///
    /// # Panics
    /// When `x` has another number of columns than the tree was fitted on.
    pub fn predict_mean(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        self.predict_value(x)
    }
}

/// The weighted mean of the labels of a node's rows: for classes the share of `true`. Of a node
/// without rows that of the rows above (see [`unknown`]).
fn mean(node: &Node) -> f64 {
    node.gradient / node.hessian
}

predicts_probabilities!(DecisionTree);

predicts_numbers!(RegressionTree, predict_mean);

#[cfg(test)]
mod tests;
