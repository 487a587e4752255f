//! A tree that a person can read: few leaves, real thresholds, rates with their rows.

mod params;
mod prune;
mod rules;

use linfa::DatasetBase;
use linfa::dataset::{AsSingleTargets, Pr};
use linfa::traits::{Fit, PredictInplace};
use ndarray::{Array1, ArrayBase, ArrayView2, Data, Ix2};
use rayon::prelude::*;

pub use params::{DecisionTreeParams, DecisionTreeValidParams, Impurity};
pub use rules::{Condition, LeafRule, Missing};

use super::criterion::{Criterion, Entropy, Gini};
use super::grow::{Grower, Limits, Workspace};
use super::histogram::{FixedPoint, RowStat};
use super::input::Targets;
use super::node::{Node, Tree, row_major};
use super::{BinnedMatrix, TreeError};

/// A fitted classification tree (Breiman, Friedman, Olshen and Stone 1984, "Classification and
/// regression trees"), grown best leaf first on binned features.
///
/// Fit it through linfa; see the [module](super) for an example. Weights are honoured: rates,
/// probabilities and impurities are of weights, numbers of rows are of rows.
///
/// Columns that are constant or all missing are never split on; when nothing can be split the
/// tree is one leaf that holds the base rate.
///
/// # Errors of fitting
/// See [`TreeError`]: settings out of range, no rows or columns, an infinite feature, labels or
/// weights that do not match the rows, rows of one label only.
#[derive(Clone, Debug, PartialEq)]
pub struct DecisionTree {
    tree: Tree,
    /// For each column, whether a training row lacked its value.
    had_missing: Vec<bool>,
    prior_rows: f64,
}

impl<D, T> Fit<ArrayBase<D, Ix2>, T, TreeError> for DecisionTreeValidParams
where
    D: Data<Elem = f32>,
    T: AsSingleTargets<Elem = bool>,
{
    type Object = DecisionTree;

    fn fit(&self, train: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<DecisionTree, TreeError> {
        let x = train.records().view();
        let targets = Targets::read_checked(train)?;
        let data = BinnedMatrix::new(x, self.max_bins)?;
        // Within the pool, as boosting does.
        let tree = rayon::scope(|_| match self.impurity {
            Impurity::Gini => self.grow(&data, &targets, Gini),
            Impurity::Entropy => self.grow(&data, &targets, Entropy),
        });
        Ok(DecisionTree {
            tree,
            had_missing: data
                .features()
                .iter()
                .map(|bins| bins.has_missing())
                .collect(),
            prior_rows: self.prior_rows,
        })
    }
}

impl DecisionTreeValidParams {
    fn grow(&self, data: &BinnedMatrix, targets: &Targets, criterion: impl Criterion) -> Tree {
        let fixed = FixedPoint::for_largest(targets.largest_weight());
        let stats: Vec<RowStat> = (0..data.rows())
            .map(|row| {
                let weight = targets.weight(row);
                fixed.row(if targets.labels[row] { weight } else { 0.0 }, weight)
            })
            .collect();
        let limits = Limits {
            max_leaves: self.max_leaves,
            max_depth: self.max_depth,
            min_rows_per_leaf: self.min_rows_per_leaf,
            min_hessian: 0.0,
            min_gain: self.min_impurity_decrease * targets.total,
        };
        let features: Vec<u32> = (0..data.features().len() as u32).collect();
        let grower = Grower {
            data,
            stats: &stats,
            fixed,
            criterion,
            limits: &limits,
            features: &features,
            monotone: &[],
        };
        let rows = (0..data.rows() as u32).collect();
        grower.grow(rows, &mut Workspace::default()).tree
    }
}

impl DecisionTree {
    /// The default settings, to be changed and then fitted.
    pub fn params() -> DecisionTreeParams {
        DecisionTreeParams::default()
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

    /// The weighted share of training rows labelled `true`.
    pub fn base_rate(&self) -> f64 {
        rate(&self.tree.nodes[0])
    }

    /// The probability of `true`, one a row of `x` (`n_rows x n_features`, `NaN` where missing):
    /// the rate of the row's leaf, drawn towards the base rate by the prior rows.
    ///
    /// An infinite value lies beyond every threshold. Rows are scored in parallel.
    ///
    /// # Panics
    /// When `x` has another number of columns than the tree was fitted on.
    pub fn predict_probability(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        self.leaves_of(x, |leaf| self.probability(&self.tree.nodes[leaf]))
    }

    /// How much the splits on each feature lower the impurity of the tree (each node counted by
    /// its share of the rows), one a feature; 0 where it is never used.
    pub fn gain_importance(&self) -> Array1<f64> {
        let total = self.tree.nodes[0].hessian;
        let mut importance = Array1::zeros(self.feature_count());
        for node in self.tree.nodes.iter().filter(|node| !node.is_leaf()) {
            importance[node.feature as usize] += node.gain / total;
        }
        importance
    }

    /// Reads something off the leaf of each row, told by its place among the nodes.
    fn leaves_of<R: Send>(
        &self,
        x: ArrayView2<'_, f32>,
        read: impl Fn(usize) -> R + Sync,
    ) -> Array1<R> {
        assert_eq!(
            x.ncols(),
            self.feature_count(),
            "the tree was fitted on {} feature columns and is given {}",
            self.feature_count(),
            x.ncols()
        );
        let rows = row_major(x);
        let read: Vec<R> = rows
            .par_chunks_exact(x.ncols())
            .map(|row| read(self.tree.leaf_index(row)))
            .collect();
        Array1::from(read)
    }

    fn probability(&self, leaf: &Node) -> f64 {
        let m = self.prior_rows;
        (leaf.gradient + m * self.base_rate()) / (leaf.hessian + m)
    }
}

/// The weighted share of a node's rows labelled `true`.
fn rate(node: &Node) -> f64 {
    node.gradient / node.hessian
}

/// linfa's `predict`: probabilities as [`Pr`], for linfa's own metrics.
impl<D: Data<Elem = f32>> PredictInplace<ArrayBase<D, Ix2>, Array1<Pr>> for DecisionTree {
    fn predict_inplace<'a>(&'a self, x: &'a ArrayBase<D, Ix2>, y: &mut Array1<Pr>) {
        y.assign(
            &self
                .predict_probability(x.view())
                .mapv(|p| Pr::new(p as f32)),
        );
    }

    fn default_target(&self, x: &ArrayBase<D, Ix2>) -> Array1<Pr> {
        Array1::default(x.nrows())
    }
}

#[cfg(test)]
mod tests;
