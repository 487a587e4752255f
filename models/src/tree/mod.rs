//! One tree engine, and what is built on it: a readable [`DecisionTree`] and
//! [`GradientBoosting`].
//!
//! **Input.** Features are an `n_rows x n_features` matrix of `f32`; `NaN` means missing and is
//! welcome, infinity is refused with its row and column. Labels are `bool`, one a row. Row
//! weights of a [`linfa::Dataset`] are honoured.
//!
//! **How it learns.** Each column is cut once into at most 255 quantile bins, with a bin of its
//! own for missing values ([`BinnedMatrix`]). A tree grows leaf by leaf, always splitting the
//! leaf that gains most (Shi 2007, "Best-first decision tree learning"), from histograms of the
//! bins; the histogram of the larger child is its parent's less its sibling's (Ke et al. 2017,
//! "LightGBM: a highly efficient gradient boosting decision tree", section 2.1). At every split
//! the rows with a missing value go to the side that gains more. Where no row of a node lacked
//! the value, missing values seen later go the way of most of its rows (left when even).
//!
//! **Ties.** Of equal gains the lower feature wins, then the lower bin, then missing to the
//! left; of equal leaves the one that was made first.
//!
//! **Same bits everywhere.** Sums of gradients are kept in 64-bit integers (fixed point, 30
//! binary places below the largest weight), so they do not depend on the order of adding; the
//! work is shared out by feature and by fixed chunks of rows. Sampling takes its numbers from
//! a hash of seed, tree and row, not from a stream. One thread or many, the model is the same.
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

mod binning;
mod boosting;
mod criterion;
mod decision_tree;
mod error;
mod grow;
mod histogram;
mod input;
mod node;
pub(crate) mod random;
mod shapley;

pub use binning::{BinnedMatrix, FeatureBins, MAX_BINS};
pub use boosting::{
    GradientBoosting, GradientBoostingParams, GradientBoostingValidParams, Monotone,
};
pub use decision_tree::{
    Condition, DecisionTree, DecisionTreeParams, DecisionTreeValidParams, Impurity, LeafRule,
    Missing,
};
pub use error::{TreeError, TreeParamError};
pub use node::MAX_CATEGORY;

pub(crate) use boosting::sigmoid;
pub(crate) use input::{Targets, check_features};
