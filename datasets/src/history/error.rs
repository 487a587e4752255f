//! Why a history was not written.

use chrono::NaiveDate;

use super::ParamsError;
use crate::files::WriteError;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// Parameters that make no history.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// An as-of date at which nothing has happened yet, or that lies beyond the history.
    #[error(
        "the truth at {date} cannot be told: the history allows as-of dates from {first} to {last}"
    )]
    AsOf {
        /// What was asked for.
        date: NaiveDate,
        /// The first date that can be.
        first: NaiveDate,
        /// The last date that can be.
        last: NaiveDate,
    },
    /// It cannot be put on the disk.
    #[error(transparent)]
    Write(#[from] WriteError),
}
