//! The algorithms of regulars: trees, clusters, association rules, sequences, cross-sell, value.
//!
//! Arrays in, arrays out. This crate knows nothing of files, tables, settings or the
//! command line. Every model follows the shape of [linfa](https://docs.rs/linfa): parameters
//! that are checked once (`ParamGuard`), `Fit`, and a fitted model that predicts. Randomness
//! comes only from a seed that the caller gives, and every result is the same on any number
//! of threads.
//!
//! # Kept for library users
//!
//! What neither the pipeline nor an example reaches, and why it is here all the same; a test holds
//! the crate to this list.
//!
//! | item | why |
//! |---|---|
//! | `ItemIds` | items that are known by large numbers are coded before they are mined |
//! | `measure_later`, `measure_later_in` | rules that come from elsewhere are judged among baskets that are alike, and in groups of customers |
//! | `fisher_lower_tail`, `fisher_upper_tail` | the p-values of a single table, as rules and pairs have them |
//! | `TreeModel` | makes any tree model a sum of trees, which is what is explained |
//! | `permutation_importance` | says which features would be missed, of any model |
//! | `partial_dependence_of_two`, `DependenceOfTwo`, `accumulated_effects` | the curves of a report: how a score moves with a feature |
//! | `ranking_quality` | measures any lists of suggestions as ours are measured |
//! | `RegressionTree`, `RegressionForest` | a readable tree and a forest for amounts, such as the value of a customer |
//! | `silhouette_squared` | what the number of clusters is chosen by, for clusters from elsewhere |
//! | `CategoryNames` | what columns and their categories are called where a tree is printed, for trees that were not saved |
//! | `random_parts` | the parts by which a tree is pruned, where rows are independent |
//! | `DecisionTreeParams`, `LogisticRegressionParams`, `BoostedRegressorParams`, `LambdaRankParams`, `MultiClassBoostingParams`, `RegressionTreeParams` | what `params()` of a model gives, under a name to be kept in a struct |
//! | `DecisionTreeValidParams`, `GradientBoostingValidParams`, `RandomForestValidParams`, `RegressionForestValidParams`, `RegressionTreeValidParams` | the same, checked |
//! | `MAX_BINS`, `MAX_DEPTH`, `MOST_DENSITY_ROWS`, `MOST_ITEMS`, `MOST_RANK`, `MOST_REGULAR`, `LOG_LOSS_CLIP`, `VERSION` | the limits that errors and helps speak of |
#![deny(missing_docs)]

pub use linfa::{self, ParamGuard};

pub mod allocation;
pub mod associations;
pub mod calibration;
pub mod classifiers;
pub mod clustering;
pub mod cross_sell;
pub mod experiment;
pub mod explain;
pub mod export;
pub mod format;
pub mod life_cycle;
pub mod metrics;
mod quantile;
pub mod random;
pub mod rfm;
pub mod sequences;
mod special;
pub mod tree;
pub mod uplift;
pub mod value;
