//! Rows as numbers, by which a row is recognised when it comes again, also years later.

use arrow::array::ArrayRef;

use crate::failure::Result;
use crate::row_hash::{hash_bytes, hash_columns, mix};

/// The hash of a record as it stands in a text.
pub fn of_bytes(record: &[u8]) -> u64 {
    hash_bytes(0, record)
}

/// The hash of every row over all of these columns.
pub fn of_rows(columns: &[ArrayRef], rows: usize) -> Result<Vec<u64>> {
    hash_columns(columns, rows, 0)
}

/// The hash of a row to which `more` belongs as well.
pub fn with(hash: u64, more: u64) -> u64 {
    mix(hash, more)
}
