//! `[segment.life_cycle]`: when a customer is new, at risk, gone and back.

use std::collections::BTreeMap;

use regulars_models::life_cycle::Stage;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Settings;
use crate::failure::{Result, did_you_mean};

/// Months at most whose changes are told.
const MOST_MONTHS: usize = 120;

/// `[segment.life_cycle]`: when a customer is new, at risk, gone and back.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LifeCycle {
    /// Days of each of the two windows whose spend says whether a customer grows.
    pub window_days: u32,
    /// Growing spends more than `1 + change` times what was spent in the window before, declining
    /// less than `1 - change` times.
    pub change: f64,
    /// A customer has left after so many days of silence; by default the history says.
    pub churn_after_days: Option<u32>,
    /// Where the history says: the fewest days of silence after which less than this share comes
    /// back.
    pub return_below: f64,
    /// Within so many days.
    pub return_within_days: u32,
    /// Of how many months the changes from stage to stage are told.
    pub months: usize,
    /// What a stage is called among the phases of a relationship.
    pub phase: BTreeMap<String, String>,
    /// What a stage is called on the ladder of loyalty.
    pub ladder: BTreeMap<String, String>,
}

impl Default for LifeCycle {
    fn default() -> Self {
        Self {
            window_days: 91,
            change: 0.25,
            churn_after_days: None,
            return_below: 0.1,
            return_within_days: 90,
            months: 12,
            phase: BTreeMap::new(),
            ladder: BTreeMap::new(),
        }
    }
}

impl LifeCycle {
    /// The phase of a stage: the user's own word, or that of CRM texts.
    pub fn phase_of(&self, stage: Stage) -> &str {
        self.phase.get(stage.name()).map_or_else(
            || match stage {
                Stage::Prospect | Stage::New | Stage::OneTimer => "exploration",
                Stage::Growing | Stage::Reactivated => "formation",
                Stage::Mature => "stability",
                Stage::Declining | Stage::AtRisk | Stage::Dormant | Stage::Churned => "decline",
            },
            String::as_str,
        )
    }

    /// The rung of a stage on the ladder of loyalty. Whether somebody speaks well of the shop, as
    /// advocates and partners do, purchases do not tell.
    pub fn rung_of(&self, stage: Stage) -> &str {
        self.ladder.get(stage.name()).map_or_else(
            || match stage {
                Stage::Prospect => "prospect",
                Stage::Growing | Stage::Declining => "client",
                Stage::Mature => "supporter",
                _ => "customer",
            },
            String::as_str,
        )
    }
}

/// Numbers, and the names of stages.
pub(super) fn check(settings: &Settings) -> Result<()> {
    let life = &settings.config.segment.life_cycle;
    let keys = |key| ["segment", "life_cycle", key];
    for (key, days) in [
        ("window_days", Some(life.window_days)),
        ("return_within_days", Some(life.return_within_days)),
        ("churn_after_days", life.churn_after_days),
    ] {
        if let Some(days) = days {
            settings.at_least(&keys(key), days as usize, 1)?;
            settings.days(&keys(key), days)?;
        }
    }
    for (key, share) in [("change", life.change), ("return_below", life.return_below)] {
        if !(share > 0.0 && share < 1.0) {
            return Err(settings
                .wrong(&keys(key), format!("{share} is no share"))
                .hint("give a number above 0 and below 1, such as 0.1"));
        }
    }
    settings.at_most(&keys("months"), life.months, MOST_MONTHS)?;
    let known = Stage::ALL.map(Stage::name);
    for (key, words) in [("phase", &life.phase), ("ladder", &life.ladder)] {
        for (stage, word) in words {
            let keys = ["segment", "life_cycle", key, stage];
            if !known.contains(&stage.as_str()) {
                return Err(settings
                    .wrong(&keys, format!("`{stage}` is no stage of a life cycle"))
                    .hint(did_you_mean(stage, &known)));
            }
            if word.trim().is_empty() {
                return Err(settings
                    .wrong(&keys, "the word is empty")
                    .hint("name a word, or remove the line"));
            }
        }
    }
    Ok(())
}
