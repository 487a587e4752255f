//! `[project]`: what holds for every stage.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TimeZone;

/// `[project]`: what holds for every stage.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Project {
    /// The title of summaries.
    pub name: String,
    /// The IANA time zone that decides what a day is.
    pub timezone: TimeZone,
    /// Printed behind amounts.
    pub currency: String,
    /// Seed of everything random; `--seed` wins over it.
    pub seed: u64,
    /// Lines with one order number that are more days apart than this are not one basket.
    pub order_days: u32,
    /// Whether ids in CSV files are kept from being taken for formulas, as other texts are.
    pub csv_ids: CsvIds,
}

/// What happens to ids in CSV files that a spreadsheet would take for formulas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum CsvIds {
    /// An apostrophe stands before them, as before any such text.
    #[default]
    #[serde(rename = "neutral")]
    Neutral,
    /// They stand as the sources have them, for programs that join by them.
    #[serde(rename = "as they are")]
    AsTheyAre,
}

impl Default for Project {
    fn default() -> Self {
        Self {
            name: "regulars".into(),
            timezone: TimeZone(chrono_tz::UTC),
            currency: String::new(),
            seed: 42,
            order_days: 3,
            csv_ids: CsvIds::Neutral,
        }
    }
}
