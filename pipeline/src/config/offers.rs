//! `[offers]`: suggestions of what a customer has not bought before.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Settings;
use crate::failure::Result;

/// Suggestions for one customer at most: the best are chosen from so many candidates.
const MOST_SUGGESTIONS: usize = 200;

/// Days of suggestions that are held out at most.
const MOST_HELD_OUT: usize = 3650;

/// `[offers]`: suggestions of what a customer has not bought before.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Offers {
    /// The level of the taxonomy; by default that of the rules.
    #[schemars(extend("enum" = crate::contract::LEVELS))]
    pub level: Option<String>,
    /// Suggestions for each customer.
    pub per_customer: usize,
    /// The last days of the history, held out to test the suggestions.
    pub holdout_days: u32,
    /// Items that are never suggested.
    pub exclude: Vec<String>,
}

impl Default for Offers {
    fn default() -> Self {
        Self {
            level: None,
            per_customer: 10,
            holdout_days: 28,
            exclude: Vec::new(),
        }
    }
}

/// Numbers and names that the types cannot check.
pub(super) fn check(settings: &Settings) -> Result<()> {
    let offers = &settings.config.offers;
    for (key, number, most) in [
        ("per_customer", offers.per_customer, MOST_SUGGESTIONS),
        ("holdout_days", offers.holdout_days as usize, MOST_HELD_OUT),
    ] {
        settings.at_least(&["offers", key], number, 1)?;
        settings.at_most(&["offers", key], number, most)?;
    }
    settings.level(&["offers", "level"], offers.level.as_deref())
}
