//! Risk bands: how likely is high, medium, low.

use serde::{Deserialize, Serialize};

use crate::config::Bands;

/// The band of the largest probabilities.
pub const HIGH: &str = "high";
/// That between.
pub const MEDIUM: &str = "medium";
/// That of the smallest.
pub const LOW: &str = "low";

/// One risk band.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BandRow {
    /// high, medium or low.
    pub band: String,
    /// Customers in it.
    pub customers: u64,
}

/// The band of a probability.
pub fn band(probability: f64, bands: &Bands) -> &'static str {
    if probability >= bands.high {
        HIGH
    } else if probability >= bands.medium {
        MEDIUM
    } else {
        LOW
    }
}

/// How many customers are in each band, highest first.
pub fn banded(bands: &[&str]) -> Vec<BandRow> {
    let row = |name: &str| BandRow {
        band: name.to_owned(),
        customers: bands.iter().filter(|band| **band == name).count() as u64,
    };
    [HIGH, MEDIUM, LOW].map(row).to_vec()
}
