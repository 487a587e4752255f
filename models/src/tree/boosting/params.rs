//! Settings of gradient boosting: one set for every loss, and what each loss adds.

use linfa::ParamGuard;

use super::super::TreeParamError;
use super::super::grow::{Growth, Monotone};
use super::loss::BoostingLoss;
use super::settings::Settings;

/// Checked settings of boosting with the loss `L`; made by [`BoostingParams`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BoostingValidParams<L> {
    pub(crate) settings: Settings,
    pub(crate) loss: L,
}

/// Settings of boosting with the loss `L`, not yet checked.
///
/// The loss adds settings of its own; see [`GradientBoostingParams`](super::GradientBoostingParams),
/// [`BoostedRegressorParams`](super::BoostedRegressorParams),
/// [`MultiClassBoostingParams`](super::MultiClassBoostingParams) and
/// [`LambdaRankParams`](super::LambdaRankParams).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BoostingParams<L>(pub(crate) BoostingValidParams<L>);

/// How many trees, and how far each goes.
impl<L> BoostingParams<L> {
    /// Number of trees (for several classes: of rounds with a tree a class); with validation
    /// rows, the most. Default 300.
    pub fn n_trees(mut self, n_trees: usize) -> Self {
        self.0.settings.n_trees = n_trees;
        self
    }

    /// What share of each tree's correction is taken, above 0 and at most 1. Smaller is more
    /// exact and needs more trees. Default 0.03.
    pub fn learning_rate(mut self, learning_rate: f64) -> Self {
        self.0.settings.learning_rate = learning_rate;
        self
    }

    /// With validation rows: stop when their loss has not fallen for this many trees, and keep
    /// the trees up to its lowest. `None` grows all trees, and still keeps those up to the
    /// lowest. Default `Some(50)`.
    pub fn early_stopping_rounds(mut self, rounds: Option<usize>) -> Self {
        self.0.settings.early_stopping_rounds = rounds;
        self
    }

    /// Same seed, same rows, same model. Default 42.
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.settings.seed = seed;
        self
    }
}

/// The shape of a tree.
impl<L> BoostingParams<L> {
    /// Which leaf is split next. Default [`Growth::LeafWise`].
    pub fn growth(mut self, growth: Growth) -> Self {
        self.0.settings.growth = growth;
        self
    }

    /// The most leaves of a tree, at least 2. Default 8.
    pub fn max_leaves(mut self, max_leaves: usize) -> Self {
        self.0.settings.max_leaves = max_leaves;
        self
    }

    /// The most splits from the root to a leaf, at least 1. Default `None`, no limit.
    pub fn max_depth(mut self, max_depth: Option<usize>) -> Self {
        self.0.settings.max_depth = max_depth;
        self
    }

    /// The fewest training rows of a leaf, at least 1. Default 50.
    pub fn min_rows_per_leaf(mut self, rows: usize) -> Self {
        self.0.settings.min_rows_per_leaf = rows;
        self
    }

    /// The smallest sum of hessians of a leaf: of `w p (1 - p)` for probabilities, of the
    /// weights for squared and pinball loss, of expected counts for Poisson. Default 0.001.
    pub fn min_hessian(mut self, min_hessian: f64) -> Self {
        self.0.settings.min_hessian = min_hessian;
        self
    }

    /// A split must gain more than this, in units of `gradient^2 / hessian`. Default 0.
    pub fn min_gain(mut self, min_gain: f64) -> Self {
        self.0.settings.min_gain = min_gain;
        self
    }

    /// A leaf's sum of gradients is drawn towards 0 by this much before it counts, so that weak
    /// leaves have the value 0. Default 0.
    pub fn l1(mut self, l1: f64) -> Self {
        self.0.settings.l1 = l1;
        self
    }

    /// Added to a leaf's sum of hessians, which draws its value towards 0. Default 5.
    pub fn l2(mut self, l2: f64) -> Self {
        self.0.settings.l2 = l2;
        self
    }
}

/// What a tree sees of the data, and what it may do with it.
impl<L> BoostingParams<L> {
    /// The chance of each row to be used by a tree, drawn anew for each tree. Default 0.7.
    pub fn row_fraction(mut self, share: f64) -> Self {
        self.0.settings.row_fraction = share;
        self
    }

    /// The share of features that a tree may use, at least one, drawn anew for each tree.
    /// Default 0.3.
    pub fn feature_fraction(mut self, share: f64) -> Self {
        self.0.settings.feature_fraction = share;
        self
    }

    /// The share of the tree's features that each split may use, at least one, drawn anew for
    /// each split. Default 1.
    pub fn feature_fraction_by_node(mut self, share: f64) -> Self {
        self.0.settings.feature_fraction_by_node = share;
        self
    }

    /// The most bins a feature is cut into, 2 to 255. Default 255.
    pub fn max_bins(mut self, max_bins: usize) -> Self {
        self.0.settings.max_bins = max_bins;
        self
    }

    /// The columns, counted from 0, that hold numbers of categories (0 to
    /// [`MAX_CATEGORY`](crate::tree::MAX_CATEGORY)) rather than amounts. They are split into
    /// sets of categories; one that was not met in training goes the way of missing values.
    /// Default none.
    pub fn categorical(mut self, columns: Vec<usize>) -> Self {
        self.0.settings.categorical = columns;
        self
    }

    /// Added to the sum of hessians of each category when categories are put in order for a
    /// split, so that rare ones do not stand at the ends by chance. Default 10; the other
    /// guards are LightGBM's defaults: up to four categories are each tried alone, of more
    /// those with at least ten rows at a node are put in order, at most 32 of them on the
    /// smaller side, and 10 is added to `l2` when the gain is worked out.
    pub fn category_smoothing(mut self, smoothing: f64) -> Self {
        self.0.settings.category_smoothing = smoothing;
        self
    }

    /// How the score may move with each feature, one entry a feature; empty for no constraints.
    /// Default empty. Missing values count with the side that they were sent to.
    pub fn monotone(mut self, monotone: Vec<Monotone>) -> Self {
        self.0.settings.monotone = monotone;
        self
    }

    /// Groups of columns that may meet on a way from the root to a leaf. A column of no group
    /// meets only itself. Default none: all may meet.
    pub fn interactions(mut self, groups: Vec<Vec<usize>>) -> Self {
        self.0.settings.interactions = groups;
        self
    }
}

impl<L: BoostingLoss> ParamGuard for BoostingParams<L> {
    type Checked = BoostingValidParams<L>;
    type Error = TreeParamError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        self.0.settings.check()?;
        self.0.loss.check()?;
        Ok(&self.0)
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
    fn refused(params: super::super::GradientBoostingParams, message: &str) {
        assert_eq!(params.check_ref().unwrap_err().to_string(), message);
    }

    fn defaults() -> super::super::GradientBoostingParams {
        super::super::GradientBoostingParams::default()
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
    fn l1_and_smoothing_cannot_be_negative() {
        refused(
            defaults().l1(-1.0),
            "l1 = -1; choose a finite number, 0 or more",
        );
        refused(
            defaults().category_smoothing(-1.0),
            "category_smoothing = -1; choose a finite number, 0 or more",
        );
    }

    #[test]
    fn feature_fraction_by_node_cannot_be_zero() {
        refused(
            defaults().feature_fraction_by_node(0.0),
            "feature_fraction_by_node = 0; choose a share above 0 and at most 1",
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
