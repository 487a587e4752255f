//! The random forest of linfa-ensemble, given what it lacks to be used on churn.

use linfa::traits::Fit;
use linfa::{DatasetBase, ParamGuard};
use linfa_ensemble::EnsembleLearnerParams;
use linfa_trees::{DecisionTree, DecisionTreeParams};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;
use rayon::prelude::*;

use super::linfa_nodes::LinfaNodes;
use super::linfa_tree::{balanced, quality, unscaled};
use super::preprocess::{Preprocessing, PreprocessingParams};
use super::validation::fits;
use super::{ClassifierError, ProbabilityModel};
use crate::tree::{Impurity, Targets};

/// Checked settings of [`LinfaForest`]; made by [`LinfaForestParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct LinfaForestValidParams {
    trees: usize,
    row_fraction: f64,
    feature_fraction: f64,
    impurity: Impurity,
    max_depth: Option<usize>,
    min_weight_per_leaf: f64,
    prior_rows: f64,
    preprocessing: PreprocessingParams,
    seed: u64,
}

/// Settings of [`LinfaForest`], not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct LinfaForestParams(LinfaForestValidParams);

impl Default for LinfaForestParams {
    fn default() -> Self {
        Self(LinfaForestValidParams {
            trees: 30,
            row_fraction: 0.5,
            feature_fraction: 0.5,
            impurity: Impurity::Gini,
            max_depth: Some(8),
            min_weight_per_leaf: 20.0,
            prior_rows: 5.0,
            preprocessing: unscaled(),
            seed: 42,
        })
    }
}

impl LinfaForestParams {
    /// Number of trees, at least 1. Default 30.
    pub fn trees(mut self, trees: usize) -> Self {
        self.0.trees = trees;
        self
    }

    /// Rows drawn for a tree, with replacement, as a share of all; above 0 and at most 1.
    /// Default 0.5.
    pub fn row_fraction(mut self, share: f64) -> Self {
        self.0.row_fraction = share;
        self
    }

    /// Columns drawn for a tree, with replacement, as a share of all; above 0 and at most 1.
    /// Default 0.5, of which about two in five are different columns.
    pub fn feature_fraction(mut self, share: f64) -> Self {
        self.0.feature_fraction = share;
        self
    }

    /// What a split is to lower. Default [`Impurity::Gini`], as in linfa-trees.
    pub fn impurity(mut self, impurity: Impurity) -> Self {
        self.0.impurity = impurity;
        self
    }

    /// The most splits from the root to a leaf, at least 1; `None` for no limit.
    /// Default `Some(8)`.
    pub fn max_depth(mut self, max_depth: Option<usize>) -> Self {
        self.0.max_depth = max_depth;
        self
    }

    /// The least balanced weight of a leaf, in which both labels together weigh as much as there
    /// are rows drawn. Default 20.
    pub fn min_weight_per_leaf(mut self, weight: f64) -> Self {
        self.0.min_weight_per_leaf = weight;
        self
    }

    /// A leaf's probability counts as many rows of the base rate beside its own. Default 5.
    pub fn prior_rows(mut self, rows: f64) -> Self {
        self.0.prior_rows = rows;
        self
    }

    /// Columns that hold numbers of categories, counted from 0. Default none.
    pub fn categorical(mut self, columns: Vec<usize>) -> Self {
        self.0.preprocessing = self.0.preprocessing.categorical(columns);
        self
    }

    /// Decides what is drawn, and the folds of target encoding. Default 42.
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self.0.preprocessing = self.0.preprocessing.seed(seed);
        self
    }
}

impl ParamGuard for LinfaForestParams {
    type Checked = LinfaForestValidParams;
    type Error = ClassifierError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let p = &self.0;
        ClassifierError::check_count("trees", p.trees)?;
        ClassifierError::check_count("max_depth", p.max_depth.unwrap_or(1))?;
        ClassifierError::check_share("row_fraction", p.row_fraction)?;
        ClassifierError::check_share("feature_fraction", p.feature_fraction)?;
        ClassifierError::check_amount("min_weight_per_leaf", p.min_weight_per_leaf)?;
        ClassifierError::check_amount("prior_rows", p.prior_rows)?;
        p.preprocessing.check_ref()?;
        Ok(p)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// A fitted random forest of linfa-ensemble over trees of linfa-trees, whose leaves are given
/// probabilities.
///
/// What linfa-ensemble does, and what is done about it:
///
/// - It draws rows and columns once a tree, both with replacement: a tree sees some columns
///   twice and never a new draw at a node. That is left as it is.
/// - It hands no weights to its trees, which on rare churn then say "stays" everywhere. The
///   learner that it is given here balances the labels of the rows that were drawn for it, as
///   [`LinfaTree`](super::LinfaTree) does; that also keeps leaves from ties, which linfa-trees
///   settles by hash order.
/// - It counts votes for a label. Its trees are read instead: each leaf is given the rate of all
///   training rows that fall there (without the balancing), drawn towards the base rate by the
///   prior rows, and the probability is the mean over the trees.
/// - It fits on one thread, a tree after the other, each node looking at every row.
///
/// Missing values become the median of their column. The order of the rows matters, as they are
/// drawn by number. It is offered to compare with.
///
/// # Errors of fitting
/// As for [`LinfaTree`](super::LinfaTree).
#[derive(Clone, Debug, PartialEq)]
pub struct LinfaForest {
    pub(crate) preprocessing: Preprocessing,
    pub(crate) trees: Vec<LinfaNodes>,
}

/// What linfa-ensemble fits again and again: a tree on balanced rows.
struct Balanced(DecisionTreeParams<f64, bool>);

impl Fit<Array2<f64>, Array1<bool>, linfa::Error> for Balanced {
    type Object = DecisionTree<f64, bool>;

    fn fit(
        &self,
        drawn: &DatasetBase<Array2<f64>, Array1<bool>>,
    ) -> Result<Self::Object, linfa::Error> {
        let labels = drawn.targets().to_vec();
        let weights = balanced(&labels);
        let rows = linfa::Dataset::new(drawn.records().clone(), Array1::from(labels));
        self.0.fit(&rows.with_weights(weights))
    }
}

fits!(LinfaForestValidParams, LinfaForest, refuses weights of "the forest of linfa-ensemble");

impl LinfaForestValidParams {
    fn fit_rows(
        &self,
        x: ArrayView2<'_, f32>,
        targets: &Targets,
    ) -> Result<LinfaForest, ClassifierError> {
        let (preprocessing, ready) = self
            .preprocessing
            .check_ref()?
            .learn_and_apply(x, targets)?;
        let tree = DecisionTree::params()
            .split_quality(quality(self.impurity))
            .max_depth(self.max_depth)
            .min_weight_leaf(self.min_weight_per_leaf as f32);
        // Checked here, for linfa-ensemble unwraps.
        tree.check_ref()?;
        let random = Xoshiro256Plus::seed_from_u64(self.seed);
        let data = linfa::Dataset::new(ready, Array1::from(targets.labels.clone()));
        let fitted = EnsembleLearnerParams::new_fixed_rng(Balanced(tree), random)
            .ensemble_size(self.trees)
            .bootstrap_proportion(self.row_fraction)
            .feature_proportion(self.feature_fraction)
            .fit(&data)?;
        let pairs = fitted.models.iter().zip(&fitted.model_features);
        let mut trees: Vec<LinfaNodes> = pairs
            .map(|(tree, columns)| LinfaNodes::of(tree.root_node(), columns))
            .collect();
        trees
            .par_iter_mut()
            .for_each(|tree| tree.set_rates(data.records(), targets, self.prior_rows));
        Ok(LinfaForest {
            preprocessing,
            trees,
        })
    }
}

impl LinfaForest {
    /// The default settings, to be changed and then fitted.
    pub fn params() -> LinfaForestParams {
        LinfaForestParams::default()
    }

    /// Number of feature columns.
    pub fn feature_count(&self) -> usize {
        self.preprocessing.feature_count()
    }

    /// Number of trees.
    pub fn tree_count(&self) -> usize {
        self.trees.len()
    }
}

impl ProbabilityModel for LinfaForest {
    fn predict_probability(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        let ready = self.preprocessing.transform(x);
        let probabilities: Vec<f64> = (0..x.nrows())
            .into_par_iter()
            .map(|row| {
                let row = ready.index_axis(Axis(0), row);
                let sum: f64 = self.trees.iter().map(|tree| tree.leaf(row).1).sum();
                sum / self.trees.len() as f64
            })
            .collect();
        Array1::from(probabilities)
    }
}
