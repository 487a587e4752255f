//! Models that give each row a probability, behind one trait: ours and adapters of linfa's.
//!
//! | name | what | model | missing values | categories | weights | says why | order of the rows |
//! |---|---|---|---|---|---|---|---|
//! | `single-feature` | one feature alone | [`SingleFeature`] | a rate of their own | no | yes | no | does not matter, to 1e-12 |
//! | `tree` | readable tree | [`DecisionTree`] | learned | sets | yes | yes | does not matter |
//! | `elastic-net` | logistic regression (elastic net) | [`ElasticNet`] | median, said beside | one-hot, target | yes | yes | matters where it holds rows out |
//! | `logistic` | logistic regression (linfa) | [`LogisticRegression`] | median | one-hot, target | no | yes | does not matter, to 1e-6 |
//! | `naive-bayes` | naive Bayes | [`NaiveBayes`] | say nothing | counted | yes | yes | does not matter, to 1e-12 |
//! | `linfa-tree` | decision tree (linfa) | [`LinfaTree`] | median | one-hot, target | no | no | may matter: sums in single precision |
//! | `boosting` | boosted trees | [`GradientBoosting`] | learned | sets | yes | yes | matters: rows are drawn |
//! | `forest` | random forest | [`RandomForest`] | learned | sets | yes | yes | matters: rows are drawn |
//! | `extra-trees` | extra trees | [`RandomForest`] | learned | sets | yes | yes | may matter: cuts are drawn |
//! | `linfa-forest` | random forest (linfa) | [`LinfaForest`] | median | one-hot, target | no | no | matters: rows are drawn |
//! | `neighbours` | nearest neighbours | [`Neighbours`] | median | one-hot, target | yes | no | does not matter, unless rows are sampled |
//! | `network` | neural network | [`Network`] | median, said beside | one-hot, target | yes | no | matters: rows are drawn |
//! | `ensemble` | weighted ensemble | [`Ensemble`] | as its members | as its members | yes | yes | matters: rows are drawn |
//!
//! All are fitted through linfa on `f32` features, `NaN` where missing, and `bool` labels, or by
//! name as a [`Recipe`], which gives a [`Classifier`]. Target encoding draws its folds by row
//! number, so with a column of many categories the order of the rows matters to all that use it.
//!
//! **What all of them promise**, and one test asks of each:
//!
//! | given | it does |
//! |---|---|
//! | the same rows, settings and seed | the same bits, on one, two or three threads, and read back from a file |
//! | anything to score: missing values, infinities, values never met | a probability from 0 to 1, finite reasons |
//! | one row alone, or among others | the same probability |
//! | columns that are constant or all missing | no say |
//! | nothing but such columns | the base rate for everyone (the network and linfa's solver come near it) |
//! | no rows, no columns | [`NoRows`](crate::tree::TreeError::NoRows), [`NoColumns`](crate::tree::TreeError::NoColumns) |
//! | rows of one label, one row | [`OneClass`](crate::tree::TreeError::OneClass) |
//! | two rows, one of each label | a model |
//! | infinity in training or validation rows | [`Infinite`](crate::tree::TreeError::Infinite), with its place |
//! | labels or weights of another number than the rows | [`LabelCount`](crate::tree::TreeError::LabelCount), [`WeightCount`](crate::tree::TreeError::WeightCount) |
//! | weights negative, infinite or `NaN` | [`Weight`](crate::tree::TreeError::Weight), with its place |
//! | weights that are all 0 | [`OneClass`](crate::tree::TreeError::OneClass) |
//! | weights, where none are taken | [`ClassifierError::Weights`], never silence |
//! | validation rows with other columns, or of one label | [`ColumnCount`](crate::tree::TreeError::ColumnCount), [`OneClass`](crate::tree::TreeError::OneClass) |
//! | a column of categories that is not there, or holds something else | [`NoSuchColumn`](crate::tree::TreeError::NoSuchColumn), [`Category`](crate::tree::TreeError::Category) |
//! | other columns in scoring | a panic that names both numbers |
//! | heavier rows, where weights are taken | a say in proportion |
//! | a column changed monotonously | to a tree or boosting, the same bits |
//! | a call for reasons, where there are any | a sum that is the log-odds, to 1e-9 |

mod elastic_net;
mod error;
mod linear;
mod linfa_forest;
pub(crate) mod linfa_nodes;
mod linfa_tree;
mod logistic;
pub(crate) mod naive_bayes;
pub(crate) mod neighbours;
pub(crate) mod network;
pub mod preprocess;
mod recipe;
mod single_feature;
mod table;
mod validation;

use ndarray::{Array1, ArrayView2};

use crate::tree::{DecisionTree, GradientBoosting, RandomForest};

pub use elastic_net::{ElasticNet, ElasticNetParams, ElasticNetValidParams, PathPoint};
pub use error::ClassifierError;
pub use linfa_forest::{LinfaForest, LinfaForestParams, LinfaForestValidParams};
pub use linfa_tree::{LinfaTree, LinfaTreeParams, LinfaTreeValidParams};
pub use logistic::{LogisticRegression, LogisticRegressionParams, LogisticRegressionValidParams};
pub use naive_bayes::{Density, NaiveBayes, NaiveBayesParams, NaiveBayesValidParams};
pub use neighbours::{NeighbourIndex, Neighbours, NeighboursParams, NeighboursValidParams};
pub use network::{Network, NetworkParams, NetworkValidParams};
pub use recipe::ensemble::{
    Ensemble, EnsembleParams, EnsembleValidParams, cross_pooled, pool_weights, pooled,
};
pub use recipe::{Classifier, Recipe};
pub use single_feature::{SingleFeature, SingleFeatureParams, SingleFeatureValidParams};
pub(crate) use table::classifiers;
pub use table::{FACTS, Facts, NAMES};

/// A fitted model that gives each row the probability of its label being `true`.
pub trait ProbabilityModel: Send + Sync {
    /// The probability of `true`, 0 to 1, one a row of `x` (`n_rows x n_features`, the columns
    /// of the training rows in their order, `NaN` where missing).
    ///
    /// # Panics
    /// When `x` has another number of columns than the model was fitted on.
    fn predict_probability(&self, x: ArrayView2<'_, f32>) -> Array1<f64>;
}

/// Models of trees, whose own methods are called alike.
macro_rules! give_probabilities {
    ($($model:ident),*) => {$(
        impl ProbabilityModel for $model {
            fn predict_probability(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
                $model::predict_probability(self, x)
            }
        }
    )*};
}
give_probabilities!(DecisionTree, RandomForest, GradientBoosting);

/// Refuses a matrix that the model was not fitted for.
fn check_columns(expected: usize, x: ArrayView2<'_, f32>) {
    crate::tree::check_columns("model", expected, x);
}

#[cfg(test)]
mod contract;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;
