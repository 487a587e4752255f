//! `[classes]`: tiers by what customers are worth, key accounts, and the shop's own segments.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Settings;
use crate::failure::Result;

/// Own segments at most.
const MOST_OWN: usize = 100;

/// `[classes]`: tiers by what customers are worth, key accounts, and the shop's own segments.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Classes {
    /// What customers and accounts are ranked by.
    pub by: WorthBy,
    /// Shares of the customers on each step of the pyramid but the last: VIP, major, ordinary.
    pub pyramid: [f64; 3],
    /// The share of the most valuable: those who bring most now.
    pub valuable: f64,
    /// The share of those with the highest lifetime value; who of them is not most valuable is most
    /// growable.
    pub growable: f64,
    /// The shop's own segments, each by SQL; the first that holds decides.
    pub own: Vec<OwnSegment>,
}

/// What customers and accounts are ranked by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorthBy {
    /// By lifetime value where the stage `value` has run, else by spend.
    #[default]
    Auto,
    /// By lifetime value.
    LifetimeValue,
    /// By money spent, as the segments have it.
    Spend,
}

/// `[[classes.own]]`: a segment of the shop's own.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OwnSegment {
    /// What it is called.
    pub name: String,
    /// SQL over what is known of a customer.
    #[serde(rename = "where")]
    pub condition: String,
    /// Who they are.
    pub meaning: String,
    /// What to do.
    pub action: String,
}

impl Default for Classes {
    fn default() -> Self {
        Self {
            by: WorthBy::Auto,
            pyramid: [0.01, 0.04, 0.15],
            valuable: 0.2,
            growable: 0.2,
            own: Vec::new(),
        }
    }
}

/// Shares, names, and conditions that are not there.
pub(super) fn check(settings: &Settings) -> Result<()> {
    let classes = &settings.config.classes;
    for (key, share) in [
        ("valuable", classes.valuable),
        ("growable", classes.growable),
    ] {
        if !(share > 0.0 && share < 1.0) {
            return Err(settings
                .wrong(
                    &["classes", key],
                    format!("{share} is no share of the customers"),
                )
                .hint("give a number above 0 and below 1, such as 0.2"));
        }
    }
    let steps = &classes.pyramid;
    if !(steps.iter().all(|share| *share > 0.0) && steps.iter().sum::<f64>() < 1.0) {
        return Err(settings
            .wrong(&["classes", "pyramid"], format!("{steps:?} are no steps"))
            .hint(
                "give three shares above 0 that are below 1 together, such as [0.01, 0.04, 0.15]",
            ));
    }
    settings.at_most(&["classes", "own"], classes.own.len(), MOST_OWN)?;
    for (place, own) in classes.own.iter().enumerate() {
        let number = place.to_string();
        let wrong = |problem: String| {
            let problem = format!("own segment {}: {problem}", place + 1);
            settings.wrong(&["classes", "own", &number], problem)
        };
        if own.name.trim().is_empty() {
            return Err(wrong("it has no name".to_owned()).hint("add name = \"...\""));
        }
        if own.condition.trim().is_empty() {
            return Err(wrong(format!("`{}` does not say who is in it", own.name))
                .hint("add where = \"life_cycle = 'at risk' AND monetary > 500\", or where = \"true\" for all others"));
        }
        if classes.own[..place]
            .iter()
            .any(|other| other.name == own.name)
        {
            return Err(wrong(format!("`{}` is there twice", own.name))
                .hint("join the conditions by OR, or name the second otherwise"));
        }
    }
    Ok(())
}
