//! What is set for every loss alike.

use super::super::TreeParamError;
use super::super::grow::{Growth, Monotone};
use super::super::limits::MAX_BINS;

/// The settings that every loss has; [`BoostingParams`](super::BoostingParams) sets and explains them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    pub n_trees: usize,
    pub learning_rate: f64,
    pub growth: Growth,
    pub max_leaves: usize,
    pub max_depth: Option<usize>,
    pub min_rows_per_leaf: usize,
    pub min_hessian: f64,
    pub l1: f64,
    pub l2: f64,
    pub min_gain: f64,
    pub row_fraction: f64,
    pub feature_fraction: f64,
    pub feature_fraction_by_node: f64,
    pub max_bins: usize,
    pub categorical: Vec<usize>,
    pub category_smoothing: f64,
    pub monotone: Vec<Monotone>,
    pub interactions: Vec<Vec<usize>>,
    pub early_stopping_rounds: Option<usize>,
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            n_trees: 300,
            learning_rate: 0.03,
            growth: Growth::LeafWise,
            max_leaves: 8,
            max_depth: None,
            min_rows_per_leaf: 50,
            min_hessian: 1e-3,
            l1: 0.0,
            l2: 5.0,
            min_gain: 0.0,
            row_fraction: 0.7,
            feature_fraction: 0.3,
            feature_fraction_by_node: 1.0,
            max_bins: MAX_BINS,
            categorical: Vec::new(),
            category_smoothing: 10.0,
            monotone: Vec::new(),
            interactions: Vec::new(),
            early_stopping_rounds: Some(50),
            seed: 42,
        }
    }
}

impl Settings {
    pub(super) fn check(&self) -> Result<(), TreeParamError> {
        TreeParamError::check_counts([
            ("n_trees", Some(self.n_trees)),
            ("max_depth", self.max_depth),
            ("min_rows_per_leaf", Some(self.min_rows_per_leaf)),
            ("early_stopping_rounds", self.early_stopping_rounds),
        ])?;
        TreeParamError::check_leaves(self.max_leaves)?;
        TreeParamError::check_bins(self.max_bins)?;
        TreeParamError::check_shares([
            ("learning_rate", self.learning_rate),
            ("row_fraction", self.row_fraction),
            ("feature_fraction", self.feature_fraction),
            ("feature_fraction_by_node", self.feature_fraction_by_node),
        ])?;
        TreeParamError::check_amounts([
            ("min_hessian", self.min_hessian),
            ("l1", self.l1),
            ("l2", self.l2),
            ("min_gain", self.min_gain),
            ("category_smoothing", self.category_smoothing),
        ])
    }
}
