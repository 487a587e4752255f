//! Risk bands: how likely is high, medium, low.

use serde::{Deserialize, Serialize};

use crate::config::Bands;

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
        "high"
    } else if probability >= bands.medium {
        "medium"
    } else {
        "low"
    }
}

/// How many customers are in each band, highest first.
pub fn banded(bands: &[&str]) -> Vec<BandRow> {
    let row = |name: &str| BandRow {
        band: name.to_owned(),
        customers: bands.iter().filter(|band| **band == name).count() as u64,
    };
    ["high", "medium", "low"].map(row).to_vec()
}
