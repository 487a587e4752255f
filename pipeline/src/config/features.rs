//! `[features]`: what the snapshots hold.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Settings;
use crate::failure::Result;

/// `[features]`: what the snapshots hold.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Features {
    /// For how many of the largest departments the share of spend is a feature.
    pub departments: usize,
    /// From this hour on, local time, a basket counts as an evening one.
    pub evening_from: u8,
    /// What the snapshots of past dates know.
    pub known: Known,
}

/// What a snapshot of a past date knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Known {
    /// What happened before the date, as it is known now.
    Now,
    /// What happened before the date, as it was known then: without later corrections.
    Then,
}

impl Default for Features {
    fn default() -> Self {
        Self {
            departments: 8,
            evening_from: 18,
            known: Known::Now,
        }
    }
}

/// Numbers that the types cannot check.
pub(super) fn check(settings: &Settings) -> Result<()> {
    let hour = settings.config.features.evening_from;
    if hour > 23 {
        return Err(settings
            .wrong(&["features", "evening_from"], format!("{hour} is no hour"))
            .hint("give an hour from 0 to 23"));
    }
    Ok(())
}
