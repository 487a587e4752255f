//! Rows as 128-bit numbers, to find exact copies: two different rows among a billion share one
//! with a chance below one in 10^20.

use std::hash::BuildHasher;

use arrow::array::ArrayRef;
use datafusion::common::hash_utils::{QualityRandomState, create_hashes};

use crate::failure::Result;

const LOW: QualityRandomState = QualityRandomState::with_seed(0x7265_6775);
const HIGH: QualityRandomState = QualityRandomState::with_seed(0x6c61_7273);

fn joined(high: u64, low: u64) -> u128 {
    u128::from(high) << 64 | u128::from(low)
}

/// The hash of a record as it stands in a text.
pub fn of_bytes(record: &[u8]) -> u128 {
    joined(HIGH.hash_one(record), LOW.hash_one(record))
}

/// The hash of every row over all of these columns.
pub fn of_rows(columns: &[ArrayRef], rows: usize) -> Result<Vec<u128>> {
    let mut low = vec![0; rows];
    let mut high = vec![0; rows];
    create_hashes(columns, &LOW, &mut low)?;
    create_hashes(columns, &HIGH, &mut high)?;
    Ok(high
        .into_iter()
        .zip(low)
        .map(|(high, low)| joined(high, low))
        .collect())
}

/// The hash of a row to which `more` belongs as well.
pub fn with(hash: u128, more: u128) -> u128 {
    // Rotated, so that the same twice does not cancel.
    hash.rotate_left(1) ^ more
}
