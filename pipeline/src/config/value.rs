//! `[value]`: what customers are worth, how far ahead, and which models are tried.

use regulars_models::value::PurchaseKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Settings;
use crate::failure::{Failure, Result, did_you_mean};

/// Days ahead at most: beyond ten years nobody's rate is what it was.
const MOST_HORIZON: usize = 3653;

/// In `models`: every one.
const ALL: &str = "all";

/// `[value]`: what customers are worth, how far ahead, and which models are tried.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Value {
    /// How many days ahead customers are valued.
    pub horizon_days: u32,
    /// The discount a year: money in a year is worth `1 / (1 + rate)` of money now.
    pub rate: f64,
    /// The share of spend that is margin, where the history has no costs. With 1 customers are
    /// valued by what they spend.
    pub margin: f64,
    /// The models of when customers buy that are tried; `"all"` for every one.
    pub models: Vec<String>,
    /// The last days of the history, held out to choose a model; by default half a year, and a third
    /// of the history at most.
    pub holdout_days: Option<u32>,
    /// The share of next purchases, and of values, within their intervals.
    pub interval: f64,
}

impl Default for Value {
    fn default() -> Self {
        Self {
            horizon_days: 365,
            rate: 0.10,
            margin: 1.0,
            models: vec![ALL.into()],
            holdout_days: None,
            interval: 0.8,
        }
    }
}

impl Value {
    /// The models that are tried, the simplest first.
    pub fn running(&self) -> Vec<PurchaseKind> {
        let named = |name: &str| self.models.iter().any(|other| other == name);
        let runs = |kind: &PurchaseKind| named(ALL) || named(kind.name());
        PurchaseKind::ALL.into_iter().filter(runs).collect()
    }
}

/// Names and numbers that the types cannot check.
pub(super) fn check(settings: &Settings) -> Result<()> {
    let value = &settings.config.value;
    let horizon = value.horizon_days as usize;
    settings.at_least(&["value", "horizon_days"], horizon, 1)?;
    settings.at_most(&["value", "horizon_days"], horizon, MOST_HORIZON)?;
    settings.share(&["value", "rate"], value.rate)?;
    if let Some(days) = value.holdout_days {
        settings.at_least(&["value", "holdout_days"], days as usize, 1)?;
        settings.days(&["value", "holdout_days"], days)?;
    }
    if !(value.margin > 0.0 && value.margin <= 1.0) {
        return Err(wrong(
            settings,
            "margin",
            format!("{} is no share of spend", value.margin),
        )
        .hint("give a number above 0 and at most 1, such as 0.3"));
    }
    if !(value.interval > 0.0 && value.interval < 1.0) {
        return Err(wrong(
            settings,
            "interval",
            format!("no interval holds {} of what may come", value.interval),
        )
        .hint("give a number between 0 and 1, such as 0.8"));
    }
    check_models(settings)
}

fn wrong(settings: &Settings, key: &str, problem: String) -> Failure {
    settings.wrong(&["value", key], problem)
}

fn check_models(settings: &Settings) -> Result<()> {
    let models = &settings.config.value.models;
    let names = PurchaseKind::ALL.map(PurchaseKind::name);
    let known: Vec<&str> = names.into_iter().chain([ALL]).collect();
    if models.is_empty() {
        return Err(
            wrong(settings, "models", "no model is named".into()).hint(did_you_mean(ALL, &known))
        );
    }
    for (place, name) in models.iter().enumerate() {
        if !known.contains(&name.as_str()) {
            return Err(wrong(settings, "models", format!("`{name}` is no model"))
                .hint(did_you_mean(name, &known)));
        }
        if models[..place].contains(name) {
            return Err(
                wrong(settings, "models", format!("`{name}` is named twice"))
                    .hint("name each model once"),
            );
        }
    }
    Ok(())
}
