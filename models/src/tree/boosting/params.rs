//! Settings of gradient boosting.

use linfa::ParamGuard;

use super::super::TreeParamError;
use super::super::binning::MAX_BINS;
use super::super::error::TreeParamError as Bad;

/// How the score may move with a feature, all others held fixed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Monotone {
    /// Any way.
    #[default]
    Free,
    /// Never falls as the feature rises.
    Increasing,
    /// Never rises as the feature rises.
    Decreasing,
}

/// Checked settings of [`GradientBoosting`](super::GradientBoosting); made by
/// [`GradientBoostingParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct GradientBoostingValidParams {
    pub(crate) n_trees: usize,
    pub(crate) learning_rate: f64,
    pub(crate) max_leaves: usize,
    pub(crate) max_depth: Option<usize>,
    pub(crate) min_rows_per_leaf: usize,
    pub(crate) min_hessian: f64,
    pub(crate) l2: f64,
    pub(crate) min_gain: f64,
    pub(crate) row_fraction: f64,
    pub(crate) feature_fraction: f64,
    pub(crate) max_bins: usize,
    pub(crate) early_stopping_rounds: Option<usize>,
    pub(crate) monotone: Vec<Monotone>,
    pub(crate) seed: u64,
}

/// Settings of [`GradientBoosting`](super::GradientBoosting), not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientBoostingParams(pub(crate) GradientBoostingValidParams);

impl Default for GradientBoostingParams {
    fn default() -> Self {
        Self(GradientBoostingValidParams {
            n_trees: 300,
            learning_rate: 0.03,
            max_leaves: 8,
            max_depth: None,
            min_rows_per_leaf: 50,
            min_hessian: 1e-3,
            l2: 5.0,
            min_gain: 0.0,
            row_fraction: 0.7,
            feature_fraction: 0.3,
            max_bins: MAX_BINS,
            early_stopping_rounds: Some(50),
            monotone: Vec::new(),
            seed: 42,
        })
    }
}

impl GradientBoostingParams {
    /// Number of trees; with a validation set, the most. Default 300.
    pub fn n_trees(mut self, n_trees: usize) -> Self {
        self.0.n_trees = n_trees;
        self
    }

    /// What share of each tree's correction is taken, above 0 and at most 1. Default 0.03.
    pub fn learning_rate(mut self, learning_rate: f64) -> Self {
        self.0.learning_rate = learning_rate;
        self
    }

    /// The most leaves of a tree, at least 2. Default 8.
    pub fn max_leaves(mut self, max_leaves: usize) -> Self {
        self.0.max_leaves = max_leaves;
        self
    }

    /// The most splits from the root to a leaf, at least 1. Default `None`, no limit.
    pub fn max_depth(mut self, max_depth: Option<usize>) -> Self {
        self.0.max_depth = max_depth;
        self
    }

    /// The fewest training rows of a leaf, at least 1. Default 50.
    pub fn min_rows_per_leaf(mut self, rows: usize) -> Self {
        self.0.min_rows_per_leaf = rows;
        self
    }

    /// The smallest sum of hessians `p (1 - p)` (times the weight) of a leaf. Default 0.001.
    pub fn min_hessian(mut self, min_hessian: f64) -> Self {
        self.0.min_hessian = min_hessian;
        self
    }

    /// Added to a leaf's sum of hessians, which draws its value towards 0. Default 5.
    pub fn l2(mut self, l2: f64) -> Self {
        self.0.l2 = l2;
        self
    }

    /// A split must gain more than this, in units of `gradient^2 / hessian`. Default 0.
    pub fn min_gain(mut self, min_gain: f64) -> Self {
        self.0.min_gain = min_gain;
        self
    }

    /// The chance of each row to be used by a tree, drawn anew for each tree. Default 0.7.
    pub fn row_fraction(mut self, share: f64) -> Self {
        self.0.row_fraction = share;
        self
    }

    /// The share of features that a tree may use, at least one, drawn anew for each tree.
    /// Default 0.3.
    pub fn feature_fraction(mut self, share: f64) -> Self {
        self.0.feature_fraction = share;
        self
    }

    /// The most bins a feature is cut into, 2 to 255. Default 255.
    pub fn max_bins(mut self, max_bins: usize) -> Self {
        self.0.max_bins = max_bins;
        self
    }

    /// With a validation set: stop when its log loss has not fallen for this many trees, and
    /// keep the trees up to its lowest. `None` grows all trees, and still keeps those up to the
    /// lowest. Default `Some(50)`.
    pub fn early_stopping_rounds(mut self, rounds: Option<usize>) -> Self {
        self.0.early_stopping_rounds = rounds;
        self
    }

    /// How the score may move with each feature, one entry a feature; empty for no constraints.
    /// Default empty. Missing values count with the side that they were sent to.
    pub fn monotone(mut self, monotone: Vec<Monotone>) -> Self {
        self.0.monotone = monotone;
        self
    }

    /// Same seed, same rows, same model. Default 42.
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }
}

impl ParamGuard for GradientBoostingParams {
    type Checked = GradientBoostingValidParams;
    type Error = TreeParamError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let p = &self.0;
        for (name, value) in [
            ("n_trees", Some(p.n_trees)),
            ("max_depth", p.max_depth),
            ("min_rows_per_leaf", Some(p.min_rows_per_leaf)),
            ("early_stopping_rounds", p.early_stopping_rounds),
        ] {
            if value == Some(0) {
                return Err(Bad::Zero { name });
            }
        }
        if p.max_leaves < 2 {
            return Err(Bad::MaxLeaves(p.max_leaves));
        }
        if !(2..=MAX_BINS).contains(&p.max_bins) {
            return Err(Bad::MaxBins(p.max_bins));
        }
        for (name, value) in [
            ("learning_rate", p.learning_rate),
            ("row_fraction", p.row_fraction),
            ("feature_fraction", p.feature_fraction),
        ] {
            if !(value > 0.0 && value <= 1.0) {
                return Err(Bad::Share { name, value });
            }
        }
        for (name, value) in [
            ("min_hessian", p.min_hessian),
            ("l2", p.l2),
            ("min_gain", p.min_gain),
        ] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(Bad::Negative { name, value });
            }
        }
        Ok(p)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(params: GradientBoostingParams, message: &str) {
        assert_eq!(params.check_ref().unwrap_err().to_string(), message);
    }

    fn defaults() -> GradientBoostingParams {
        GradientBoostingParams::default()
    }

    #[test]
    fn the_defaults_are_valid() {
        assert!(defaults().check().is_ok());
    }

    #[test]
    fn n_trees_cannot_be_zero() {
        refused(defaults().n_trees(0), "n_trees = 0; choose at least 1");
    }

    #[test]
    fn learning_rate_is_above_zero_and_at_most_one() {
        refused(
            defaults().learning_rate(0.0),
            "learning_rate = 0; choose a share above 0 and at most 1",
        );
        refused(
            defaults().learning_rate(1.5),
            "learning_rate = 1.5; choose a share above 0 and at most 1",
        );
        refused(
            defaults().learning_rate(f64::NAN),
            "learning_rate = NaN; choose a share above 0 and at most 1",
        );
    }

    #[test]
    fn max_leaves_cannot_be_one() {
        refused(
            defaults().max_leaves(1),
            "max_leaves = 1; a tree that decides anything has at least 2 leaves",
        );
    }

    #[test]
    fn max_depth_cannot_be_zero() {
        refused(
            defaults().max_depth(Some(0)),
            "max_depth = 0; choose at least 1",
        );
    }

    #[test]
    fn min_rows_per_leaf_cannot_be_zero() {
        refused(
            defaults().min_rows_per_leaf(0),
            "min_rows_per_leaf = 0; choose at least 1",
        );
    }

    #[test]
    fn min_hessian_cannot_be_negative() {
        refused(
            defaults().min_hessian(-1.0),
            "min_hessian = -1; choose a finite number, 0 or more",
        );
    }

    #[test]
    fn l2_cannot_be_infinite() {
        refused(
            defaults().l2(f64::INFINITY),
            "l2 = inf; choose a finite number, 0 or more",
        );
    }

    #[test]
    fn min_gain_cannot_be_nan() {
        refused(
            defaults().min_gain(f64::NAN),
            "min_gain = NaN; choose a finite number, 0 or more",
        );
    }

    #[test]
    fn row_fraction_cannot_be_zero() {
        refused(
            defaults().row_fraction(0.0),
            "row_fraction = 0; choose a share above 0 and at most 1",
        );
    }

    #[test]
    fn feature_fraction_cannot_pass_one() {
        refused(
            defaults().feature_fraction(2.0),
            "feature_fraction = 2; choose a share above 0 and at most 1",
        );
    }

    #[test]
    fn max_bins_lies_between_2_and_255() {
        refused(
            defaults().max_bins(1),
            "max_bins = 1; choose between 2 and 255",
        );
        refused(
            defaults().max_bins(256),
            "max_bins = 256; choose between 2 and 255",
        );
    }

    #[test]
    fn early_stopping_rounds_cannot_be_zero() {
        refused(
            defaults().early_stopping_rounds(Some(0)),
            "early_stopping_rounds = 0; choose at least 1",
        );
    }
}
