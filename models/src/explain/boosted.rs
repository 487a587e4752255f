//! Reasons of boosted models, as their own methods, and of any sum of trees.

use ndarray::{Array2, ArrayView2};

use super::{TreeModel, TreeSum};
use crate::tree::{
    BoostedRegressor, GradientBoosting, LambdaRank, MultiClassBoosting, check_columns,
};

impl GradientBoosting {
    /// What each feature adds to the log-odds of each row, as Shapley values.
    ///
    /// Returns `n_rows x (n_features + 1)`; the last column is the base value, the expected
    /// score of a training row, and each row sums to its [`predict_score`](Self::predict_score).
    /// Features that no tree uses have 0.
    ///
    /// These are the exact path-dependent values of Lundberg, Erion and Lee 2018, "Consistent
    /// individualized feature attribution for tree ensembles" (the game of their algorithm 1): a
    /// feature that is not known is averaged over both sides of a split by the training rows
    /// there. Time for a row is `O(nodes x depth)`; see the [module](super).
    ///
    /// # Panics
    /// When `x` has another number of columns than the model was fitted on.
    pub fn contributions(&self, x: ArrayView2<'_, f32>) -> Array2<f64> {
        contributions_of(&self.tree_sum(), x)
    }
}

impl BoostedRegressor {
    /// What each feature adds to the score of each row, as Shapley values: `n_rows x
    /// (n_features + 1)`, the last column the base value, each row summing to its
    /// [`predict_score`](Self::predict_score); see
    /// [`GradientBoosting::contributions`].
    ///
    /// # Panics
    /// When `x` has another number of columns than the model was fitted on.
    pub fn contributions(&self, x: ArrayView2<'_, f32>) -> Array2<f64> {
        contributions_of(&self.tree_sum(), x)
    }
}

impl LambdaRank {
    /// What each feature adds to the score of each row, as Shapley values: `n_rows x
    /// (n_features + 1)`, the last column the base value, each row summing to its
    /// [`predict_score`](Self::predict_score); see
    /// [`GradientBoosting::contributions`].
    ///
    /// # Panics
    /// When `x` has another number of columns than the model was fitted on.
    pub fn contributions(&self, x: ArrayView2<'_, f32>) -> Array2<f64> {
        contributions_of(&self.tree_sum(), x)
    }
}

impl MultiClassBoosting {
    /// What each feature adds to the score of `class` of each row, as Shapley values: `n_rows x
    /// (n_features + 1)`, the last column the base value, each row summing to that column of
    /// [`predict_scores`](Self::predict_scores); see
    /// [`GradientBoosting::contributions`].
    ///
    /// # Panics
    /// When `x` has another number of columns than the model was fitted on, or there is no such
    /// class.
    pub fn contributions(&self, x: ArrayView2<'_, f32>, class: usize) -> Array2<f64> {
        contributions_of(&self.tree_sum_of(class), x)
    }

    /// The score of `class` as a sum of trees, to be explained.
    ///
    /// # Panics
    /// When there is no such class.
    pub fn tree_sum_of(&self, class: usize) -> TreeSum<'_> {
        let classes = self.class_count();
        assert!(
            class < classes,
            "class {class} is asked for, but the model has classes 0 to {}",
            classes - 1
        );
        let trees = self.trees.iter().skip(class).step_by(classes);
        TreeSum::of(self.features, self.start[class], 1.0, trees)
    }
}

/// Shapley values of rows to be scored.
///
/// # Panics
/// When `x` has another number of columns than the trees were grown on.
pub(crate) fn contributions_of(sum: &TreeSum<'_>, x: ArrayView2<'_, f32>) -> Array2<f64> {
    check_columns("model", sum.feature_count(), x);
    let values = sum.shap().contributions(x);
    values.expect("the rows have as many columns as the trees")
}
