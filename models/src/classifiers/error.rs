//! What can go wrong in fitting a classifier.

use thiserror::Error;

use crate::tree::{TreeError, TreeParamError};

/// Why a classifier could not be fitted.
#[derive(Debug, Error)]
pub enum ClassifierError {
    /// A setting is out of its range.
    #[error(transparent)]
    Params(#[from] TreeParamError),
    /// A setting is out of its range.
    #[error("{name} = {value}; choose {wanted}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// The value that was given.
        value: f64,
        /// What is allowed.
        wanted: &'static str,
    },
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
    /// A model that cannot be part of an ensemble.
    #[error(
        "{0} cannot be a member of an ensemble: members are single models that say why they score as they do"
    )]
    Member(&'static str),
    /// A column that the matrix does not have.
    #[error("column = {column}, but there are only {columns} feature columns, counted from 0")]
    NoSuchColumn {
        /// The column asked for.
        column: usize,
        /// Columns there are.
        columns: usize,
    },
}

impl ClassifierError {
    /// Refuses a setting that is not as `wanted`.
    pub(super) fn check(
        name: &'static str,
        value: f64,
        good: bool,
        wanted: &'static str,
    ) -> Result<(), Self> {
        if good {
            return Ok(());
        }
        Err(Self::Setting {
            name,
            value,
            wanted,
        })
    }

    /// Refuses a number that is not finite or is below 0.
    pub(super) fn check_amount(name: &'static str, value: f64) -> Result<(), Self> {
        let good = value.is_finite() && value >= 0.0;
        Self::check(name, value, good, "a finite number, 0 or more")
    }

    /// Refuses a number outside 0 (excluded) to 1.
    pub(super) fn check_share(name: &'static str, value: f64) -> Result<(), Self> {
        let good = value > 0.0 && value <= 1.0;
        Self::check(name, value, good, "a share above 0 and at most 1")
    }

    /// Refuses a count of 0.
    pub(super) fn check_count(name: &'static str, value: usize) -> Result<(), Self> {
        Self::check(name, value as f64, value > 0, "at least 1")
    }
}
