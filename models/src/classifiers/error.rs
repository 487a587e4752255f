//! What can go wrong in fitting a classifier.

use thiserror::Error;

use crate::tree::{TreeError, TreeParamError};

/// Why a classifier could not be fitted.
#[derive(Debug, Error)]
pub enum ClassifierError {
    /// A setting is out of its range.
    #[error(transparent)]
    Params(#[from] TreeParamError),
    /// Features, labels or weights are not as they must be.
    #[error(transparent)]
    Input(#[from] TreeError),
    /// An error of linfa's own.
    #[error(transparent)]
    Linfa(#[from] linfa::Error),
    /// linfa-logistic found no solution.
    #[error("logistic regression found no solution: {0}")]
    Logistic(#[from] linfa_logistic::error::Error),
    /// The model takes no row weights.
    #[error("{0} takes no row weights; leave them out, or fit a tree model")]
    Weights(&'static str),
    /// A column that the matrix does not have.
    #[error("column = {column}, but there are only {columns} feature columns, counted from 0")]
    NoSuchColumn {
        /// The column asked for.
        column: usize,
        /// Columns there are.
        columns: usize,
    },
}
