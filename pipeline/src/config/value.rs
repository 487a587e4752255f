//! `[value]`: what customers are worth, how far ahead, and which models are tried.

use std::collections::BTreeMap;

use regulars_models::value::PurchaseKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Settings;
use crate::failure::{Failure, Result, did_you_mean};

/// Days ahead at most: beyond ten years nobody's rate is what it was.
const MOST_HORIZON: usize = 3653;

/// In `models`: every one.
const ALL: &str = "all";

/// What a price can be set on, in `cost_of`.
pub const PRICED: [&str; 5] = [
    "return",
    "contact",
    "service_call",
    "complaint",
    "late_payment",
];

/// In `models`: trees that learn from what customers did in the days that are held out.
pub const BOOSTED_TREES: &str = "boosted-trees";

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
    /// The models of when customers buy, and trees, that are tried; `"all"` for every one.
    pub models: Vec<String>,
    /// The last days of the history, held out to choose a model; by default half a year, and a third
    /// of the history at most.
    pub holdout_days: Option<u32>,
    /// The share of next purchases, and of values, within their intervals.
    pub interval: f64,
    /// The attribute of the customers that names the customer who brought them.
    pub referred_by: Option<String>,
    /// What each `return`, `contact`, `service_call`, `complaint` and `late_payment` costs the company.
    pub cost_of: BTreeMap<String, f64>,
    /// Customers under contract: who renews, and what is still to come; without it none are.
    pub contract: Option<Contract>,
}

/// `[value.contract]`: when contracts are renewed, and when they have ended.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Contract {
    /// Days from one renewal to the next; by default each customer's own days between purchases, and
    /// those of the median customer for who has bought fewer than three times.
    pub period_days: Option<u32>,
    /// The attribute of the customers with the day on which the contract began; by default `joined_at`
    /// where it is there, else the first purchase.
    pub started: Option<String>,
    /// The attribute with the day on which it ended, empty while it runs; without it a contract has ended
    /// where nothing was paid for `lapse_periods`.
    pub ended: Option<String>,
    /// After so many periods without a payment a contract has ended, where no attribute says so.
    pub lapse_periods: f64,
    /// The attribute with what is paid a period; by default the mean of what was.
    pub payment: Option<String>,
}

impl Default for Contract {
    fn default() -> Self {
        Self {
            period_days: None,
            started: None,
            ended: None,
            lapse_periods: 1.5,
            payment: None,
        }
    }
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
            referred_by: None,
            cost_of: BTreeMap::new(),
            contract: None,
        }
    }
}

impl Value {
    /// Whether trees are tried.
    pub fn grows_trees(&self) -> bool {
        self.models
            .iter()
            .any(|name| name == ALL || name == BOOSTED_TREES)
    }

    /// The models of when customers buy that are tried, the simplest first.
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
    check_costs(settings)?;
    check_contract(settings)?;
    check_models(settings)
}

fn check_contract(settings: &Settings) -> Result<()> {
    let Some(contract) = &settings.config.value.contract else {
        return Ok(());
    };
    if let Some(days) = contract.period_days {
        settings.at_least(&["value", "contract", "period_days"], days as usize, 1)?;
        settings.days(&["value", "contract", "period_days"], days)?;
    }
    if !(contract.lapse_periods.is_finite() && contract.lapse_periods >= 1.0) {
        let problem = format!("{} periods are no silence", contract.lapse_periods);
        return Err(settings
            .wrong(&["value", "contract", "lapse_periods"], problem)
            .hint("give a number of 1 or more, such as 1.5"));
    }
    Ok(())
}

fn check_costs(settings: &Settings) -> Result<()> {
    for (name, cost) in &settings.config.value.cost_of {
        let keys = ["value", "cost_of", name];
        if !PRICED.contains(&name.as_str()) {
            let problem = format!("nothing is known of the cost of `{name}`");
            return Err(settings
                .wrong(&keys, problem)
                .hint(did_you_mean(name, &PRICED)));
        }
        if !(cost.is_finite() && *cost >= 0.0) {
            return Err(settings
                .wrong(&keys, format!("{cost} is no cost"))
                .hint("give an amount of 0 or more"));
        }
    }
    Ok(())
}

fn wrong(settings: &Settings, key: &str, problem: String) -> Failure {
    settings.wrong(&["value", key], problem)
}

fn check_models(settings: &Settings) -> Result<()> {
    let models = &settings.config.value.models;
    let names = PurchaseKind::ALL.map(PurchaseKind::name);
    let known: Vec<&str> = names.into_iter().chain([BOOSTED_TREES, ALL]).collect();
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
