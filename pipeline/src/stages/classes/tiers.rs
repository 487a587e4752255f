//! Tiers by value, and key accounts.

use regulars_models::rfm::{
    KeyAccount, KeyAccountLimits, Pyramid, RfmError, concentration, key_accounts, pyramid_tiers,
    value_tiers,
};
use serde::{Deserialize, Serialize};

use crate::config::Classes;
use crate::failure::{Failure, Result};
use crate::outputs::table::round;

/// Names of the tiers by cumulative share.
pub const ABC: [&str; 3] = ["A", "B", "C"];

/// What customers or accounts are worth.
pub struct Worths {
    /// What they are ranked by; NaN where nothing tells.
    pub value: Vec<f64>,
    /// What that is.
    pub ranked_by: &'static str,
    /// What they bring now, costs taken off where they are known.
    pub present: Vec<f64>,
    /// Whether costs are known.
    pub present_is_margin: bool,
    /// What they spent.
    pub spend: Vec<f64>,
    /// What is expected of them; NaN where nothing tells.
    pub potential: Vec<f64>,
}

/// Tiers of customers or accounts.
pub struct Tiers {
    /// Steps of the pyramid.
    pub pyramid: Vec<Pyramid>,
    /// Places in [`ABC`].
    pub abc: Vec<usize>,
    /// Key accounts; none where nothing is expected of anybody.
    pub key: Option<Vec<KeyAccount>>,
}

/// How unequal something is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Shares {
    /// Gini coefficient.
    pub gini: f64,
    /// The share of the tenth with most.
    pub top_tenth: f64,
    /// The share of the fifth with most: the 80 of "80/20" as it is.
    pub top_fifth: f64,
}

impl Worths {
    /// What they are ranked by, nothing for who has none.
    pub fn counted(&self) -> impl Iterator<Item = f64> {
        self.value.iter().map(|value| value.max(0.0))
    }
}

impl Tiers {
    /// Tiers by what they are worth.
    pub fn of(worths: &Worths, asked: &Classes) -> Result<Self> {
        let told = worths.potential.iter().any(|value| !value.is_nan());
        let limits = KeyAccountLimits {
            valuable: asked.valuable,
            growable: asked.growable,
        };
        let values: Vec<f64> = worths.counted().collect();
        let key = told.then(|| key_accounts(&worths.present, &worths.potential, limits));
        Ok(Self {
            pyramid: pyramid_tiers(&values, asked.pyramid).map_err(wrong)?,
            abc: value_tiers(&values, &[0.8, 0.95, 1.0]).map_err(wrong)?,
            key: key.transpose().map_err(wrong)?,
        })
    }
}

impl Shares {
    /// Those of values; who has none is not counted.
    pub fn of(values: &[f64]) -> Result<Option<Self>> {
        let known: Vec<f64> = values
            .iter()
            .copied()
            .filter(|value| !value.is_nan())
            .collect();
        let found = concentration(&known).map_err(wrong)?;
        Ok(found.map(|found| Self {
            gini: round(found.gini, 6),
            top_tenth: round(found.top_decile_share, 6),
            top_fifth: round(found.top_fifth_share, 6),
        }))
    }
}

fn wrong(error: RfmError) -> Failure {
    Failure::data(error.to_string())
}
