//! `[project]`: what holds for every stage.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Settings, TimeZone};
use crate::contract::consent::Unasked;
use crate::failure::Result;
use crate::words::Language;

/// `[project]`: what holds for every stage.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Project {
    /// The title of summaries.
    pub name: String,
    /// The IANA time zone that decides what a day is.
    pub timezone: TimeZone,
    /// The language of what people read, in files, on pages and in summaries; `--lang` wins over it.
    pub language: Language,
    /// Printed behind amounts.
    pub currency: String,
    /// What a basket is called in sentences: `order`, `visit`, `bill`. It gets an s for several.
    pub basket: String,
    /// Seed of everything random; `--seed` wins over it.
    pub seed: u64,
    /// Lines with one order number that are more days apart than this are not one basket.
    pub order_days: u32,
    /// Whether ids in CSV files are kept from being taken for formulas, as other texts are.
    pub csv_ids: CsvIds,
    /// Whether customers may be contacted of whom no answer is known.
    pub consent: Unasked,
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

/// Texts that the types cannot check.
pub fn check(settings: &Settings) -> Result<()> {
    let basket = &settings.config.project.basket;
    if basket.trim().is_empty() || basket.chars().any(char::is_control) {
        return Err(settings
            .wrong(&["project", "basket"], format!("{basket:?} is no word"))
            .hint("give one word for what you call a basket, such as \"order\""));
    }
    Ok(())
}

impl Default for Project {
    fn default() -> Self {
        Self {
            name: "regulars".into(),
            timezone: TimeZone(chrono_tz::UTC),
            language: Language::En,
            currency: String::new(),
            basket: "basket".into(),
            seed: 42,
            order_days: 3,
            csv_ids: CsvIds::Neutral,
            consent: Unasked::MayBeContacted,
        }
    }
}
