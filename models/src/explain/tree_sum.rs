//! What all tree models have in common: a start, and the values of leaves added to it.

use std::borrow::Cow;

use ndarray::{Array1, ArrayView2};

use super::ExplainError;
use crate::tree::{
    BoostedRegressor, Forest, GradientBoosting, LambdaRank, Node, ReadableTree, Tree,
    sum_over_splits,
};

/// A model as `start + scale * sum over trees of the value of the row's leaf`.
///
/// Got from a model by [`TreeModel::tree_sum`], or from trees grown elsewhere by
/// [`TreeSum::from_columns`].
#[derive(Clone, Debug, PartialEq)]
pub struct TreeSum<'a> {
    pub(crate) features: usize,
    pub(crate) start: f64,
    pub(crate) scale: f64,
    pub(crate) trees: Vec<Cow<'a, Tree>>,
}

/// A fitted model that is a [`TreeSum`]: in log-odds for [`GradientBoosting`], in the score that
/// orders for [`LambdaRank`], in the score of the loss for [`BoostedRegressor`] (the logarithm for
/// Poisson), and in what they predict for trees and forests.
///
/// A model of several classes has a sum for each:
/// [`MultiClassBoosting::tree_sum_of`](crate::tree::MultiClassBoosting::tree_sum_of).
pub trait TreeModel {
    /// The model as a sum of trees.
    fn tree_sum(&self) -> TreeSum<'_>;
}

impl TreeModel for GradientBoosting {
    fn tree_sum(&self) -> TreeSum<'_> {
        TreeSum::of(self.features, self.start, 1.0, &self.trees)
    }
}

impl TreeModel for BoostedRegressor {
    fn tree_sum(&self) -> TreeSum<'_> {
        TreeSum::of(self.features, self.start, 1.0, &self.trees)
    }
}

impl TreeModel for LambdaRank {
    fn tree_sum(&self) -> TreeSum<'_> {
        TreeSum::of(self.features, self.start, 1.0, &self.trees)
    }
}

impl<L> TreeModel for ReadableTree<L> {
    fn tree_sum(&self) -> TreeSum<'_> {
        TreeSum::of(self.had_missing.len(), 0.0, 1.0, [&self.tree])
    }
}

impl<L> TreeModel for Forest<L> {
    fn tree_sum(&self) -> TreeSum<'_> {
        let scale = 1.0 / self.trees.len().max(1) as f64;
        TreeSum::of(self.feature_count, 0.0, scale, &self.trees)
    }
}

impl<'a> TreeSum<'a> {
    pub(crate) fn of(
        features: usize,
        start: f64,
        scale: f64,
        trees: impl IntoIterator<Item = &'a Tree>,
    ) -> Self {
        Self {
            features,
            start,
            scale,
            trees: trees.into_iter().map(Cow::Borrowed).collect(),
        }
    }

    /// Number of feature columns.
    pub fn feature_count(&self) -> usize {
        self.features
    }

    /// Number of trees.
    pub fn tree_count(&self) -> usize {
        self.trees.len()
    }

    /// The score of each row of `x` (`n_rows x n_features`, `NaN` where missing).
    ///
    /// # Errors
    /// [`ExplainError::ColumnCount`].
    pub fn scores(&self, x: ArrayView2<'_, f32>) -> Result<Array1<f64>, ExplainError> {
        self.check_columns(x)?;
        let rows = crate::tree::row_major(x);
        let score = |row: &[f32]| {
            let values = self.trees.iter().map(|tree| tree.leaf(row).value);
            self.start + self.scale * values.sum::<f64>()
        };
        Ok(rows.chunks_exact(self.features).map(score).collect())
    }

    /// The total gain of the splits on each feature, one a feature; 0 where it is never used.
    ///
    /// In units of what the trees were grown by (summed over rows: loss for boosting, impurity
    /// for trees and forests); divide by the sum for shares. Favours features with many values,
    /// and is of training rows: hold it against
    /// [`permutation_importance`](super::permutation_importance) on others. 0 everywhere for
    /// trees grown elsewhere, whose gain is not known.
    pub fn gain_importance(&self) -> Array1<f64> {
        self.over_splits(|node| node.gain)
    }

    /// The number of splits on each feature, one a feature.
    pub fn split_counts(&self) -> Array1<usize> {
        self.over_splits(|_| 1.0).mapv(|count| count as usize)
    }

    fn over_splits(&self, of: impl Fn(&Node) -> f64) -> Array1<f64> {
        let trees = self.trees.iter().map(AsRef::as_ref);
        sum_over_splits(self.features, trees, |_, node| of(node))
    }

    pub(crate) fn check_columns(&self, x: ArrayView2<'_, f32>) -> Result<(), ExplainError> {
        super::check_columns(self.features, x)
    }
}
