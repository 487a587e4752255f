//! The algorithms of regulars: trees, clusters, association rules, sequences, cross-sell.
//!
//! Arrays in, arrays out. This crate knows nothing of files, tables, settings or the
//! command line. Every model follows the shape of [linfa](https://docs.rs/linfa): parameters
//! that are checked once (`ParamGuard`), `Fit`, and a fitted model that predicts. Randomness
//! comes only from a seed that the caller gives, and every result is the same on any number
//! of threads.
#![deny(missing_docs)]

pub use linfa::{self, ParamGuard};

pub mod associations;
pub mod calibration;
pub mod classifiers;
pub mod clustering;
pub mod cross_sell;
pub mod explain;
pub mod format;
pub mod metrics;
mod quantile;
pub mod random;
pub mod rfm;
pub mod sequences;
mod special;
pub mod tree;
