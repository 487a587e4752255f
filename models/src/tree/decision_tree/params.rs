//! Settings of the readable tree.

use linfa::ParamGuard;

use super::super::TreeParamError;
use super::super::binning::MAX_BINS;

/// What a split of the readable tree is to lower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Impurity {
    /// Gini impurity `2 p (1 - p)`: the chance that two rows drawn from a node differ.
    Gini,
    /// Entropy `-p log2 p - (1 - p) log2 (1 - p)`, in bits. Cares more than Gini about telling
    /// rare from very rare.
    Entropy,
}

/// Checked settings of [`DecisionTree`](super::DecisionTree); made by [`DecisionTreeParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct DecisionTreeValidParams {
    pub(crate) impurity: Impurity,
    pub(crate) max_leaves: usize,
    pub(crate) max_depth: Option<usize>,
    pub(crate) min_rows_per_leaf: usize,
    pub(crate) min_impurity_decrease: f64,
    pub(crate) prior_rows: f64,
    pub(crate) max_bins: usize,
}

/// Settings of [`DecisionTree`](super::DecisionTree), not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct DecisionTreeParams(DecisionTreeValidParams);

impl Default for DecisionTreeParams {
    fn default() -> Self {
        Self(DecisionTreeValidParams {
            impurity: Impurity::Entropy,
            max_leaves: 16,
            max_depth: Some(5),
            min_rows_per_leaf: 100,
            min_impurity_decrease: 0.0,
            prior_rows: 10.0,
            max_bins: MAX_BINS,
        })
    }
}

impl DecisionTreeParams {
    /// What a split is to lower. Default [`Impurity::Entropy`].
    pub fn impurity(mut self, impurity: Impurity) -> Self {
        self.0.impurity = impurity;
        self
    }

    /// The most leaves, at least 2; the leaves that gain most are split first. Default 16,
    /// what a person can read on one page.
    pub fn max_leaves(mut self, max_leaves: usize) -> Self {
        self.0.max_leaves = max_leaves;
        self
    }

    /// The most splits from the root to a leaf, at least 1; `None` for no limit.
    /// Default `Some(5)`.
    pub fn max_depth(mut self, max_depth: Option<usize>) -> Self {
        self.0.max_depth = max_depth;
        self
    }

    /// The fewest training rows of a leaf, at least 1. Default 100.
    pub fn min_rows_per_leaf(mut self, rows: usize) -> Self {
        self.0.min_rows_per_leaf = rows;
        self
    }

    /// A split must lower the impurity of the whole tree, each leaf counted by its share of the
    /// rows, by more than this (scikit-learn's `min_impurity_decrease`). Default 0.
    pub fn min_impurity_decrease(mut self, decrease: f64) -> Self {
        self.0.min_impurity_decrease = decrease;
        self
    }

    /// A leaf's probability counts as many rows of the base rate beside its own:
    /// `(k + m * base) / (n + m)` for `k` positives in `n` rows and `m` prior rows. Default 10;
    /// 0 gives the plain rate.
    pub fn prior_rows(mut self, rows: f64) -> Self {
        self.0.prior_rows = rows;
        self
    }

    /// The most bins a feature is cut into, 2 to 255. Default 255.
    pub fn max_bins(mut self, max_bins: usize) -> Self {
        self.0.max_bins = max_bins;
        self
    }
}

impl ParamGuard for DecisionTreeParams {
    type Checked = DecisionTreeValidParams;
    type Error = TreeParamError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let p = &self.0;
        for (name, value) in [
            ("max_depth", p.max_depth),
            ("min_rows_per_leaf", Some(p.min_rows_per_leaf)),
        ] {
            if value == Some(0) {
                return Err(TreeParamError::Zero { name });
            }
        }
        if p.max_leaves < 2 {
            return Err(TreeParamError::MaxLeaves(p.max_leaves));
        }
        if !(2..=MAX_BINS).contains(&p.max_bins) {
            return Err(TreeParamError::MaxBins(p.max_bins));
        }
        for (name, value) in [
            ("min_impurity_decrease", p.min_impurity_decrease),
            ("prior_rows", p.prior_rows),
        ] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(TreeParamError::Negative { name, value });
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
    fn refused(params: DecisionTreeParams, message: &str) {
        assert_eq!(params.check_ref().unwrap_err().to_string(), message);
    }

    fn defaults() -> DecisionTreeParams {
        DecisionTreeParams::default()
    }

    #[test]
    fn the_defaults_are_valid() {
        assert!(defaults().check().is_ok());
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
    fn min_impurity_decrease_cannot_be_nan() {
        refused(
            defaults().min_impurity_decrease(f64::NAN),
            "min_impurity_decrease = NaN; choose a finite number, 0 or more",
        );
    }

    #[test]
    fn prior_rows_cannot_be_negative() {
        refused(
            defaults().prior_rows(-2.0),
            "prior_rows = -2; choose a finite number, 0 or more",
        );
    }

    #[test]
    fn max_bins_lies_between_2_and_255() {
        refused(
            defaults().max_bins(1),
            "max_bins = 1; choose between 2 and 255",
        );
        refused(
            defaults().max_bins(300),
            "max_bins = 300; choose between 2 and 255",
        );
    }
}
