//! Growing the tree, and what its nodes predict.

use std::marker::PhantomData;

use linfa::DatasetBase;
use linfa::dataset::AsSingleTargets;
use linfa::traits::Fit;
use ndarray::{ArrayBase, ArrayView2, Data, Ix2};

use super::super::criterion::{Criterion, Entropy, Gini};
use super::super::grow::{Grower, Limits, Workspace};
use super::super::labels::Labels;
use super::super::node::Tree;
use super::super::{BinnedMatrix, Label, TreeError};
use super::prune::reachable;
use super::refine::Refiner;
use super::unknown::set_apart;
use super::{Impurity, ReadableTree, Shrinkage, TreeValidParams, mean};

impl<L, D, T> Fit<ArrayBase<D, Ix2>, T, TreeError> for TreeValidParams<L>
where
    L: Label,
    D: Data<Elem = f32>,
    T: AsSingleTargets<Elem = L>,
{
    type Object = ReadableTree<L>;

    fn fit(&self, train: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<ReadableTree<L>, TreeError> {
        let labels = L::read(train)?;
        self.fit_labels(train.records().view(), labels)
    }
}

impl<L: Label> TreeValidParams<L> {
    /// Fits on features and labels that were checked against each other.
    pub(super) fn fit_labels(
        &self,
        x: ArrayView2<'_, f32>,
        labels: Labels,
    ) -> Result<ReadableTree<L>, TreeError> {
        let labels = labels.reweighted(self.class_weights, |_| 1.0);
        let data = BinnedMatrix::with_categories(x, self.max_bins, &self.categorical)?;
        // Within the pool, as boosting does.
        let mut tree = rayon::scope(|_| match self.impurity {
            _ if !labels.classes => self.grow(x, &data, &labels, SquaredError),
            Impurity::Gini => self.grow(x, &data, &labels, Gini),
            Impurity::Entropy => self.grow(x, &data, &labels, Entropy),
        });
        shrink(&mut tree, self.prior_rows, self.shrinkage);
        Ok(ReadableTree {
            tree: set_apart(tree, x),
            had_missing: data
                .features()
                .iter()
                .map(|bins| bins.has_missing())
                .collect(),
            label: PhantomData,
        })
    }

    fn grow(
        &self,
        x: ArrayView2<'_, f32>,
        data: &BinnedMatrix,
        labels: &Labels,
        criterion: impl Criterion,
    ) -> Tree {
        let stats = labels.stats();
        let limits = Limits {
            max_leaves: self.max_leaves,
            max_depth: self.max_depth,
            min_rows_per_leaf: self.min_rows_per_leaf,
            min_hessian: 0.0,
            min_gain: self.min_impurity_decrease * labels.total / (stats.spread * stats.spread),
            ..Limits::default()
        };
        let features: Vec<u32> = (0..data.features().len() as u32).collect();
        let grower = Grower::new(
            data,
            &stats.rows,
            stats.fixed,
            criterion,
            &limits,
            &features,
        );
        let rows = (0..data.rows() as u32).collect();
        let mut tree = grower.grow(rows, &mut Workspace::default()).tree;
        let refiner = Refiner {
            x: x.view(),
            features: data.features(),
            stats: &stats.rows,
            fixed: stats.fixed,
            criterion: &grower.criterion,
            limits: &limits,
        };
        refiner.refine(&mut tree);
        let mut tree = reachable(&tree.nodes);
        for node in &mut tree.nodes {
            stats.restore(node);
        }
        tree
    }
}

/// Gives every node the value that it predicts: its rate or mean, drawn towards its parent's
/// value or the root's as if `prior_rows` more rows of that had been seen.
fn shrink(tree: &mut Tree, prior_rows: f64, shrinkage: Shrinkage) {
    let root = mean(&tree.nodes[0]);
    tree.nodes[0].value = root;
    // Children come after their parent, so its value is known when theirs is asked for.
    for parent in 0..tree.nodes.len() {
        let node = &tree.nodes[parent];
        if node.is_leaf() {
            continue;
        }
        let prior = match shrinkage {
            Shrinkage::Root => root,
            Shrinkage::Parent => node.value,
        };
        for child in [node.left as usize, node.right as usize] {
            let child = &mut tree.nodes[child];
            child.value = (child.gradient + prior_rows * prior) / (child.hessian + prior_rows);
        }
    }
}

/// Squared error: `gradient` is the weighted sum of the labels (less a constant), `hessian` the
/// weight. The gain of a split is what it takes off the sum of squared deviations.
pub(crate) struct SquaredError;

impl Criterion for SquaredError {
    fn score(&self, sum: f64, weight: f64) -> f64 {
        sum * sum / weight
    }

    fn value(&self, sum: f64, weight: f64) -> f64 {
        sum / weight
    }

    fn score_at(&self, sum: f64, weight: f64, _: f64) -> f64 {
        self.score(sum, weight)
    }
}
