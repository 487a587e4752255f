//! `[churn]`: which models run, how one of them is chosen, and what a campaign costs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Settings;
use crate::failure::{Result, did_you_mean};

/// Every model, the simplest first: of models that do as well as each other the earlier is chosen.
pub const MODELS: &[&str] = regulars_models::classifiers::NAMES;

/// The models that run when the settings name none.
///
/// Those that pay for their time: linfa's logistic regression and tree take several times as long
/// as ours for the same figures, and nothing is gained by the others where histories are long.
pub const DEFAULT_MODELS: &[&str] = &["single-feature", "tree", "elastic-net", "boosting"];

/// In `models`: every one.
pub const ALL: &str = "all";
/// In `chosen`: the one that did best on the validation date.
pub const AUTO: &str = "auto";

/// How the scores of the chosen model become probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CalibrationMethod {
    /// As the model gives them.
    None,
    /// A sigmoid of the log-odds, learned on the validation date.
    Platt,
    /// A rising step function, learned on the validation date; wants a thousand customers or more.
    Isotonic,
}

/// `[churn.profit]`: what a campaign to keep customers earns and costs, in one currency.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CampaignProfit {
    /// What a customer who stays is worth.
    pub lifetime_value: f64,
    /// What the offer costs when it is taken.
    pub offer_cost: f64,
    /// What contacting a customer costs.
    pub contact_cost: f64,
    /// Of the leavers who are contacted, the share that accepts and stays is not known exactly:
    /// the two parameters of its beta distribution, whose mean is `a / (a + b)`.
    pub acceptance: [f64; 2],
}

impl Default for CampaignProfit {
    fn default() -> Self {
        Self {
            lifetime_value: 200.0,
            offer_cost: 10.0,
            contact_cost: 1.0,
            acceptance: [6.0, 14.0],
        }
    }
}

/// Names, numbers and amounts that the types cannot check.
pub fn check(settings: &Settings) -> Result<()> {
    let churn = &settings.config.churn;
    let wrong = |key: &str, problem: String| settings.wrong(&["churn", key], problem);
    if churn.models.is_empty() {
        return Err(
            wrong("models", "no model is named".into()).hint(did_you_mean(ALL, &with(ALL, MODELS)))
        );
    }
    for (place, name) in churn.models.iter().enumerate() {
        if name != ALL && !MODELS.contains(&name.as_str()) {
            return Err(wrong("models", format!("`{name}` is no model"))
                .hint(did_you_mean(name, &with(ALL, MODELS))));
        }
        if churn.models[..place].contains(name) {
            return Err(
                wrong("models", format!("`{name}` is named twice")).hint("name each model once")
            );
        }
    }
    let running = churn.running();
    if churn.chosen != AUTO && !running.contains(&churn.chosen.as_str()) {
        let failure = if MODELS.contains(&churn.chosen.as_str()) {
            wrong(
                "chosen",
                format!("`{}` is not among the models that run", churn.chosen),
            )
            .hint(format!(
                "add it to models under [churn], or give \"{AUTO}\""
            ))
        } else {
            wrong("chosen", format!("`{}` is no model", churn.chosen))
                .hint(did_you_mean(&churn.chosen, &with(AUTO, &running)))
        };
        return Err(failure);
    }
    if churn.test_dates == 0 {
        return Err(wrong("test_dates", "0 dates test nothing".into())
            .hint("give 1 for the last date alone, or more"));
    }
    let profit = &churn.profit;
    let wrong = |key: &str, value: f64, hint: &str| {
        let failure = settings.wrong(
            &["churn", "profit", key],
            format!("with {value} no campaign makes sense"),
        );
        Err(failure.hint(hint))
    };
    if !(profit.lifetime_value.is_finite() && profit.lifetime_value > 0.0) {
        return wrong(
            "lifetime_value",
            profit.lifetime_value,
            "give an amount above 0",
        );
    }
    for (key, cost) in [
        ("offer_cost", profit.offer_cost),
        ("contact_cost", profit.contact_cost),
    ] {
        if !(0.0..profit.lifetime_value).contains(&cost) {
            return wrong(
                key,
                cost,
                "give an amount from 0 up to below lifetime_value",
            );
        }
    }
    if let Some(&value) = profit
        .acceptance
        .iter()
        .find(|part| !(part.is_finite() && **part > 0.0))
    {
        return wrong(
            "acceptance",
            value,
            "give two numbers above 0; [6, 14] has the mean 0.3",
        );
    }
    Ok(())
}

impl super::Churn {
    /// The models that run, the simplest first.
    pub fn running(&self) -> Vec<&'static str> {
        let all = self.models.iter().any(|name| name == ALL);
        let runs = |name: &&&str| all || self.models.iter().any(|other| other == **name);
        MODELS.iter().filter(runs).copied().collect()
    }
}

/// A word that is understood beside the names.
fn with<'a>(word: &'a str, names: &[&'a str]) -> Vec<&'a str> {
    names.iter().copied().chain([word]).collect()
}
