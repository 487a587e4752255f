//! The decision tree of linfa-trees, given what it lacks to be used on churn.

use linfa::ParamGuard;
use linfa::traits::Fit;
use linfa_trees::SplitQuality;
use ndarray::{Array1, ArrayView2, Axis};

use super::linfa_nodes::LinfaNodes;
use super::preprocess::{Preprocessing, PreprocessingParams, Scaling};
use super::validation::fits;
use super::{ClassifierError, ProbabilityModel};
use crate::tree::{Impurity, Targets};

/// Checked settings of [`LinfaTree`]; made by [`LinfaTreeParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct LinfaTreeValidParams {
    impurity: Impurity,
    max_depth: Option<usize>,
    min_weight_per_leaf: f64,
    prior_rows: f64,
    preprocessing: PreprocessingParams,
}

/// Settings of [`LinfaTree`], not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct LinfaTreeParams(LinfaTreeValidParams);

impl Default for LinfaTreeParams {
    fn default() -> Self {
        Self(LinfaTreeValidParams {
            impurity: Impurity::Gini,
            max_depth: Some(5),
            min_weight_per_leaf: 50.0,
            prior_rows: 10.0,
            preprocessing: unscaled(),
        })
    }
}

/// Weights that give each label half of all weight, which is the number of rows. The positives
/// are made a thousandth heavier, so that no leaf's label rests on a tie, which linfa-trees
/// would settle by hash order.
pub(super) fn balanced(labels: &[bool]) -> Array1<f32> {
    let rows = labels.len() as f64;
    let positive = labels.iter().filter(|label| **label).count() as f64;
    let heavy = 1.001 * rows / (2.0 * positive.max(1.0));
    let light = rows / (2.0 * (rows - positive).max(1.0));
    let weight = |label: &bool| if *label { heavy } else { light } as f32;
    labels.iter().map(weight).collect()
}

pub(super) fn quality(impurity: Impurity) -> SplitQuality {
    match impurity {
        Impurity::Gini => SplitQuality::Gini,
        Impurity::Entropy => SplitQuality::Entropy,
    }
}

/// A tree asks for no scale.
pub(super) fn unscaled() -> PreprocessingParams {
    Preprocessing::params()
        .skew_limit(None)
        .scaling(Scaling::None)
}

impl LinfaTreeParams {
    /// What a split is to lower. Default [`Impurity::Gini`], as in linfa-trees.
    pub fn impurity(mut self, impurity: Impurity) -> Self {
        self.0.impurity = impurity;
        self
    }

    /// The most splits from the root to a leaf, at least 1; `None` for no limit.
    /// Default `Some(5)`.
    pub fn max_depth(mut self, max_depth: Option<usize>) -> Self {
        self.0.max_depth = max_depth;
        self
    }

    /// The least balanced weight of a leaf, in which both labels together weigh as much as there
    /// are rows. Default 50.
    pub fn min_weight_per_leaf(mut self, weight: f64) -> Self {
        self.0.min_weight_per_leaf = weight;
        self
    }

    /// A leaf's probability counts as many rows of the base rate beside its own. Default 10.
    pub fn prior_rows(mut self, rows: f64) -> Self {
        self.0.prior_rows = rows;
        self
    }

    /// Columns that hold numbers of categories, counted from 0. Default none.
    pub fn categorical(mut self, columns: Vec<usize>) -> Self {
        self.0.preprocessing = self.0.preprocessing.categorical(columns);
        self
    }

    /// Decides the folds of target encoding; see [`PreprocessingParams::seed`]. Default 42.
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.preprocessing = self.0.preprocessing.seed(seed);
        self
    }
}

impl ParamGuard for LinfaTreeParams {
    type Checked = LinfaTreeValidParams;
    type Error = ClassifierError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let p = &self.0;
        ClassifierError::check_count("max_depth", p.max_depth.unwrap_or(1))?;
        ClassifierError::check_amount("min_weight_per_leaf", p.min_weight_per_leaf)?;
        ClassifierError::check_amount("prior_rows", p.prior_rows)?;
        Ok(p)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// A fitted tree of linfa-trees, whose leaves are given probabilities.
///
/// linfa-trees knows no missing values, so they become the median of their column. It fits
/// labels, not probabilities, so the labels are balanced by weight, or a tree on rare churn
/// would say "stays" everywhere and merge its leaves into one. What it then says is a label;
/// each of its leaves is therefore given the rate of the training rows that fall there (without
/// the balancing), drawn towards the base rate by the prior rows. Leaves that linfa-trees
/// merged because they agreed on the label share one rate.
///
/// It is offered to compare with [`DecisionTree`](crate::tree::DecisionTree). It looks at
/// every row for every feature at every node, on one thread, and misses valid splits on columns
/// with few distinct values.
///
/// # Errors of fitting
/// As for the tree models, and [`ClassifierError::Weights`]: the weights are taken for the
/// balance.
#[derive(Clone, Debug, PartialEq)]
pub struct LinfaTree {
    pub(crate) preprocessing: Preprocessing,
    pub(crate) tree: LinfaNodes,
}

fits!(LinfaTreeValidParams, LinfaTree, refuses weights of "the balanced tree of linfa-trees");

impl LinfaTreeValidParams {
    fn fit_rows(
        &self,
        x: ArrayView2<'_, f32>,
        targets: &Targets,
    ) -> Result<LinfaTree, ClassifierError> {
        let (preprocessing, ready) = self
            .preprocessing
            .check_ref()?
            .learn_and_apply(x, targets)?;
        let weights = balanced(&targets.labels);
        let labels = Array1::from(targets.labels.clone());
        let fitted = linfa_trees::DecisionTree::params()
            .split_quality(quality(self.impurity))
            .max_depth(self.max_depth)
            .min_weight_leaf(self.min_weight_per_leaf as f32)
            .fit(&linfa::Dataset::new(ready.clone(), labels).with_weights(weights))?;

        let columns: Vec<usize> = (0..ready.ncols()).collect();
        let mut tree = LinfaNodes::of(fitted.root_node(), &columns);
        tree.set_rates(&ready, targets, self.prior_rows);
        Ok(LinfaTree {
            preprocessing,
            tree,
        })
    }
}

impl LinfaTree {
    /// The default settings, to be changed and then fitted.
    pub fn params() -> LinfaTreeParams {
        LinfaTreeParams::default()
    }

    /// Number of feature columns.
    pub fn feature_count(&self) -> usize {
        self.preprocessing.feature_count()
    }

    /// Number of leaves.
    pub fn leaf_count(&self) -> usize {
        self.tree.leaf_count()
    }
}

impl ProbabilityModel for LinfaTree {
    fn predict_probability(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        let ready = self.preprocessing.transform(x);
        let rows = ready.axis_iter(Axis(0));
        rows.map(|row| self.tree.leaf(row).1).collect()
    }
}
