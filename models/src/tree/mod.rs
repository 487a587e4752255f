//! One tree engine, and what is built on it: a readable [`DecisionTree`] or [`RegressionTree`],
//! [`RandomForest`] and [`RegressionForest`] (extra trees too), and [`GradientBoosting`].
//!
//! **Input.** Features are an `n_rows x n_features` matrix of `f32`; `NaN` means missing and is
//! welcome, infinity is refused with its row and column. Labels are `bool`, one a row. Row
//! weights of a [`linfa::Dataset`] are honoured.
//!
//! **How it learns.** Each column is cut once into at most 255 quantile bins (of 200,000 rows
//! where there are more), with a bin of its own for missing values; a column of categories has a
//! bin a category, the rarest sharing one ([`BinnedMatrix`]). A tree grows leaf by leaf, always
//! splitting the leaf that gains most (Shi 2007, "Best-first decision tree learning"), or level
//! by level, from histograms of the bins; the histogram of the larger child is its parent's less
//! its sibling's (Ke et al. 2017, "LightGBM: a highly efficient gradient boosting decision
//! tree", section 2.1). At every split the rows with a missing value go to the side that gains
//! more. Where no row of a node lacked the value, missing values seen later go the way of most
//! of its rows (left when even), and so does a category that the node did not meet.
//!
//! **Ties.** Of equal gains the lower feature wins, then the lower bin, then missing to the
//! left; of equal leaves the one that was made first.
//!
//! **Boosting: which loss is for which job.** The settings are the same ([`BoostingParams`]).
//!
//! | label | model | loss | what it is for |
//! |---|---|---|---|
//! | `bool` | [`GradientBoosting`] | log loss | does a customer leave, respond, buy |
//! | `f32` | [`BoostedRegressor`] | [`RegressionLoss::Squared`] | the mean of an amount that may be anything |
//! | `f32`, 0 or more | [`BoostedRegressor`] | [`RegressionLoss::Poisson`] | counts, spend: orders in a quarter |
//! | `f32` | [`BoostedRegressor`] | [`RegressionLoss::Pinball`] | a median, the 90th percentile, intervals |
//! | `usize` | [`MultiClassBoosting`] | softmax | which one of several: channel, segment |
//! | [`Judgement`] | [`LambdaRank`] | lost NDCG | the order of offers for each customer |
//!
//! **Same bits everywhere.** Sums of gradients are kept in 64-bit integers (fixed point, 30
//! binary places below the largest weight), so they do not depend on the order of adding; the
//! work is shared out by feature and by stretches of rows. Sampling takes its numbers from
//! a hash of seed, tree and row (or node), not from a stream. One thread or many, the model is the same.
//!
//! ```
//! use linfa::prelude::*;
//! use ndarray::array;
//! use regulars_models::tree::DecisionTree;
//!
//! // Days since the last visit; the last customer's is unknown.
//! let x = array![[1.0_f32], [3.0], [4.0], [40.0], [50.0], [f32::NAN]];
//! let left_us = array![false, false, false, true, true, true];
//! let tree = DecisionTree::params()
//!     .min_rows_per_leaf(1)
//!     .prior_rows(0.0)
//!     .fit(&Dataset::new(x, left_us))
//!     .unwrap();
//! assert_eq!(tree.leaf_count(), 2);
//! assert_eq!(tree.predict_probability(array![[2.0], [60.0], [f32::NAN]].view()), array![0.0, 1.0, 1.0]);
//! ```

mod binned_matrix;
mod binning;
mod boosting;
mod criterion;
mod decision_tree;
mod error;
mod forest;
mod grow;
mod histogram;
mod input;
mod labels;
mod limits;
mod logistic;
pub(crate) mod node;
mod predict;
mod scoring;

pub use binned_matrix::BinnedMatrix;
pub use binning::FeatureBins;
pub use boosting::{
    BoostedRegressor, BoostedRegressorParams, BoostingLoss, BoostingParams, BoostingValidParams,
    GradientBoosting, GradientBoostingParams, GradientBoostingValidParams, Judgement, Lambda,
    LambdaRank, LambdaRankParams, LogLoss, MultiClassBoosting, MultiClassBoostingParams,
    RegressionLoss, Softmax,
};
pub use decision_tree::{
    CategoryNames, CategoryTest, Choice, ColumnName, Condition, DecisionTree, DecisionTreeParams,
    DecisionTreeValidParams, Impurity, LeafRule, MeanRule, Missing, Phrases, ReadableTree,
    RegressionTree, RegressionTreeParams, RegressionTreeValidParams, Shrinkage, Step, TreeParams,
    TreeValidParams, Wording, random_parts,
};
pub use error::{TreeError, TreeParamError};
pub use forest::{
    Forest, ForestParams, ForestValidParams, MaxFeatures, OutOfBag, RandomForest,
    RandomForestParams, RandomForestValidParams, RegressionForest, RegressionForestParams,
    RegressionForestValidParams,
};
pub use grow::{Growth, Monotone};
pub use labels::{ClassWeights, Label};
pub use limits::{MAX_BINS, MAX_CATEGORY};

pub(crate) use input::{Targets, check_columns, check_features};
pub(crate) use limits::category;
pub(crate) use logistic::{log_loss_of_score, sigmoid};
pub(crate) use node::{CategorySplit, Node, Tree, row_major, sum_over_splits};
