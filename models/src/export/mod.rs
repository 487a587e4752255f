//! Saved models for programs that are not ours: SQL for a database, ONNX for whatever runs that.
//!
//! What travels is the whole way from features to a probability: how features are made ready (missing
//! values, categories that were not met in training, single precision), the model, the calibration.
//!
//! ```
//! use linfa::prelude::*;
//! use ndarray::array;
//! use regulars_models::export::{Dialect, Table, to_onnx, to_sql};
//! use regulars_models::format::{Feature, SavedModel};
//! use regulars_models::tree::DecisionTree;
//!
//! let x = array![[3.0_f32], [4.0], [40.0], [50.0]];
//! let tree = DecisionTree::params()
//!     .min_rows_per_leaf(1)
//!     .fit(&Dataset::new(x, array![false, false, true, true]))?;
//! let saved = SavedModel::new(tree, vec![Feature::numeric("recency_days")])?;
//! let table = Table { name: "features", id: "customer_id", probability: "p" };
//! let sql = to_sql(&saved, Dialect::DuckDb, &table)?;
//! assert!(sql.contains("WHEN \"recency_days\" <="));
//! assert!(to_onnx(&saved, "p")?.len() > 100);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **Single precision.** Models look at features in `f32`. A database that has them in `f64` asks
//! another question when it asks `value <= threshold`: 14.500000000001 lies above 14.5 there, and is
//! 14.5 here. So a threshold is written as the largest `f64` that becomes it or less
//! (`Edge`), and what a linear model multiplies is rounded first. Numbers are written
//! with the fewest digits that read back to the same bits.
//!
//! **What may differ.** Sums of many trees are taken in groups, and exponential and logarithm are
//! those of the database, so that probabilities agree to about 1e-14, not to the bit.

mod edge;
mod error;
mod onnx;
mod rows;
mod shape;
mod sql;

pub use error::ExportError;
pub use onnx::to_onnx;
pub use rows::telling_rows;
pub use sql::{Dialect, Table, to_sql};
