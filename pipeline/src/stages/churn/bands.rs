//! Risk bands: how likely is high, medium, low.

use serde::{Deserialize, Serialize};

use crate::config::Bands;
use crate::text::count;
use crate::words::said;

/// The band of the largest probabilities.
pub const HIGH: &str = mark!("high");
/// That between.
pub const MEDIUM: &str = mark!("medium");
/// That of the smallest.
pub const LOW: &str = mark!("low");

/// One risk band.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BandRow {
    /// high, medium or low.
    pub band: String,
    /// Customers in it.
    pub customers: u64,
}

impl BandRow {
    /// `12 at high risk`.
    pub fn words(&self) -> String {
        tr!(
            "{customers} at {band} risk",
            customers = count(self.customers),
            band = said(&self.band)
        )
    }
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
