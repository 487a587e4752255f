//! Models that give each row a probability, behind one trait: ours and adapters of linfa's.
//!
//! | model | missing values | what it is for |
//! |---|---|---|
//! | [`GradientBoosting`] | learned | the best ranking |
//! | [`DecisionTree`] | learned | rules that a person reads |
//! | [`LogisticRegression`] | median of the training rows | a steady second opinion (linfa-logistic) |
//! | [`LinfaTree`] | median of the training rows | linfa-trees, to compare with |
//! | [`SingleFeature`] | a rate of their own | what one column alone can do: the baseline |
//!
//! All are fitted through linfa on `f32` features, `NaN` where missing, and `bool` labels.

mod error;
mod linfa_tree;
mod logistic;
mod preprocess;
mod single_feature;

use ndarray::{Array1, ArrayView2};

use crate::tree::{DecisionTree, GradientBoosting};

pub use error::ClassifierError;
pub use linfa_tree::{LinfaTree, LinfaTreeParams, LinfaTreeValidParams};
pub use logistic::{LogisticRegression, LogisticRegressionParams, LogisticRegressionValidParams};
pub use single_feature::{SingleFeature, SingleFeatureParams, SingleFeatureValidParams};

/// A fitted model that gives each row the probability of its label being `true`.
pub trait ProbabilityModel: Send + Sync {
    /// The probability of `true`, 0 to 1, one a row of `x` (`n_rows x n_features`, the columns
    /// of the training rows in their order, `NaN` where missing).
    ///
    /// # Panics
    /// When `x` has another number of columns than the model was fitted on.
    fn predict_probability(&self, x: ArrayView2<'_, f32>) -> Array1<f64>;
}

impl ProbabilityModel for DecisionTree {
    fn predict_probability(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        DecisionTree::predict_probability(self, x)
    }
}

impl ProbabilityModel for GradientBoosting {
    fn predict_probability(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        GradientBoosting::predict_probability(self, x)
    }
}

/// Refuses a matrix that the model was not fitted for.
fn check_columns(expected: usize, x: ArrayView2<'_, f32>) {
    assert_eq!(
        x.ncols(),
        expected,
        "the model was fitted on {expected} feature columns and is given {}",
        x.ncols()
    );
}

#[cfg(test)]
mod tests;
