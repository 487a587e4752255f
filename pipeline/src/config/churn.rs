//! `[churn]`: which models run, how one of them is chosen, and what a campaign costs.

use regulars_models::metrics::CampaignTerms;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Settings;
use crate::failure::{Failure, Result, did_you_mean};

/// Every model, the simplest first: of models that do as well as each other the earlier is chosen.
pub const MODELS: &[&str] = regulars_models::classifiers::NAMES;

/// The models that run when the settings name none.
///
/// Those that pay for their time: linfa's logistic regression and tree take several times as long
/// as ours for the same figures, and nothing is gained by the others where histories are long.
pub const DEFAULT_MODELS: &[&str] = &["single-feature", "tree", "elastic-net", "boosting"];

/// In `models` and `attributes`: every one.
pub const ALL: &str = "all";
/// In `chosen`: the one that did best on the validation date.
pub const AUTO: &str = "auto";

/// `[churn]`: the label, and the dates that the models learn from.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Churn {
    /// The attribute of the customers that says who left. Without it, whoever buys nothing in the
    /// horizon has left; with it no history is needed.
    pub label: Option<String>,
    /// The values of the label that say that a customer left; by default yes, true, 1 and the
    /// like.
    pub positive: Vec<String>,
    /// Attributes of the customers that nothing is learned from beside the label, or of those that
    /// `attributes = ["all"]` means, such as a reason for leaving that is known only afterwards.
    pub ignore: Vec<String>,
    /// Attributes of the customers that models learn from beside the history; `"all"` for every one
    /// that is not personal.
    pub attributes: Vec<String>,
    /// A customer who buys nothing in this many days after the as-of date has churned.
    pub horizon_days: u32,
    /// Fewer baskets than this before the as-of date: too little is known to score.
    pub min_baskets: u32,
    /// No purchase in this many days before the as-of date: already gone.
    pub active_days: u32,
    /// Days between two training snapshots.
    pub step_days: u32,
    /// Days of history that a training snapshot needs before it.
    pub min_history_days: u32,
    /// At most this many training snapshots, the latest ones.
    pub max_snapshots: usize,
    /// The probabilities from which a customer is at high and at medium risk.
    pub bands: Bands,
    /// The models that are learned and set beside each other; `"all"` for every one.
    pub models: Vec<String>,
    /// The model that gives the scores, by name; `"auto"` for the one with the lowest log loss on
    /// the validation date, among those that can say why.
    pub chosen: String,
    /// On how many of the latest dates the models are tested; each one learns only from what could
    /// be known by then.
    pub test_dates: usize,
    /// How the scores of the chosen model become probabilities.
    pub calibration: CalibrationMethod,
    /// A feature that reaches this area under the ROC curve all by itself is taken for one that
    /// knows the outcome.
    pub implausible_auc: f64,
    /// What comes of such a feature.
    pub leaks: Leaks,
    /// What a campaign to keep customers earns and costs, for the expected maximum profit.
    pub profit: CampaignProfit,
}

impl Default for Churn {
    fn default() -> Self {
        Self {
            label: None,
            positive: Vec::new(),
            ignore: Vec::new(),
            attributes: Vec::new(),
            horizon_days: 28,
            min_baskets: 2,
            active_days: 56,
            step_days: 28,
            min_history_days: 56,
            max_snapshots: 24,
            bands: Bands::default(),
            models: DEFAULT_MODELS.iter().map(|name| (*name).into()).collect(),
            chosen: AUTO.into(),
            test_dates: 1,
            calibration: CalibrationMethod::None,
            implausible_auc: 0.99,
            leaks: Leaks::Fail,
            profit: CampaignProfit::default(),
        }
    }
}

/// The churn probabilities at which the risk bands begin.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Bands {
    /// High risk from here.
    pub high: f64,
    /// Medium risk from here; below it, low.
    pub medium: f64,
}

impl Default for Bands {
    fn default() -> Self {
        Self {
            high: 0.5,
            medium: 0.2,
        }
    }
}

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

/// What comes of a feature that tells too much of the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Leaks {
    /// Nothing is learned, and the run fails.
    Fail,
    /// It is named in a warning, and learned from.
    Warn,
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
        let CampaignTerms {
            lifetime_value,
            offer_cost,
            contact_cost,
            acceptance,
        } = CampaignTerms::default();
        Self {
            lifetime_value,
            offer_cost,
            contact_cost,
            acceptance,
        }
    }
}

impl From<&CampaignProfit> for CampaignTerms {
    fn from(profit: &CampaignProfit) -> Self {
        Self {
            lifetime_value: profit.lifetime_value,
            offer_cost: profit.offer_cost,
            contact_cost: profit.contact_cost,
            acceptance: profit.acceptance,
        }
    }
}

/// Names, numbers and amounts that the types cannot check.
pub fn check(settings: &Settings) -> Result<()> {
    let churn = &settings.config.churn;
    check_numbers(settings)?;
    check_label(settings)?;
    check_attributes(settings)?;
    check_models(settings)?;
    check_chosen(settings)?;
    if churn.test_dates == 0 {
        return Err(wrong(settings, "test_dates", "0 dates test nothing")
            .hint("give 1 for the last date alone, or more"));
    }
    check_profit(settings)
}

fn wrong(settings: &Settings, key: &str, problem: impl Into<String>) -> Failure {
    settings.wrong(&["churn", key], problem.into())
}

/// Attributes beside a history: each once, none that tells who somebody is or is ignored.
fn check_attributes(settings: &Settings) -> Result<()> {
    let config = &settings.config;
    let names = &config.churn.attributes;
    if config.churn.label.is_some() && !names.is_empty() {
        return Err(wrong(
            settings,
            "attributes",
            "with a label every attribute is learned from",
        )
        .hint("leave it out, and name under ignore those that nothing is learned from"));
    }
    for (place, name) in names.iter().enumerate() {
        let wrong = |problem: &str| {
            settings.wrong(
                &["churn", "attributes", &place.to_string()],
                format!("`{name}` {problem}"),
            )
        };
        if names[..place].contains(name) {
            return Err(wrong("is there twice").hint("name each attribute once"));
        }
        if name == ALL && names.len() > 1 {
            return Err(wrong("is every attribute").hint("name it alone, or leave it out"));
        }
        if ["customer_id", "account_id"].contains(&name.as_str()) {
            let failure = wrong("tells who a customer is, and nothing can be learned from it");
            return Err(failure.hint("leave it out"));
        }
        if config.targets.personal.contains(name) {
            let failure =
                wrong("is personal by [targets] personal, and nothing is learned from it");
            return Err(failure.hint("leave it out of one of both"));
        }
        if config.churn.ignore.contains(name) {
            return Err(wrong("is ignored, too").hint("leave it out of one of both"));
        }
    }
    Ok(())
}

fn check_models(settings: &Settings) -> Result<()> {
    let models = &settings.config.churn.models;
    let wrong = |problem: String| wrong(settings, "models", problem);
    if models.is_empty() {
        return Err(wrong("no model is named".into()).hint(did_you_mean(ALL, &with(ALL, MODELS))));
    }
    for (place, name) in models.iter().enumerate() {
        if name != ALL && !MODELS.contains(&name.as_str()) {
            return Err(
                wrong(format!("`{name}` is no model")).hint(did_you_mean(name, &with(ALL, MODELS)))
            );
        }
        if models[..place].contains(name) {
            return Err(wrong(format!("`{name}` is named twice")).hint("name each model once"));
        }
    }
    Ok(())
}

fn check_chosen(settings: &Settings) -> Result<()> {
    let churn = &settings.config.churn;
    let chosen = churn.chosen.as_str();
    let running = churn.running();
    if chosen == AUTO || running.contains(&chosen) {
        return Ok(());
    }
    let wrong = |problem: String| wrong(settings, "chosen", problem);
    Err(if MODELS.contains(&chosen) {
        wrong(format!("`{chosen}` is not among the models that run")).hint(format!(
            "add it to models under [churn], or give \"{AUTO}\""
        ))
    } else {
        wrong(format!("`{chosen}` is no model")).hint(did_you_mean(chosen, &with(AUTO, &running)))
    })
}

fn check_profit(settings: &Settings) -> Result<()> {
    let profit = &settings.config.churn.profit;
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

impl Churn {
    /// The models that run, the simplest first.
    pub fn running(&self) -> Vec<&'static str> {
        let all = self.models.iter().any(|name| name == ALL);
        let runs = |name: &&&str| all || self.models.iter().any(|other| other == **name);
        MODELS.iter().filter(runs).copied().collect()
    }
}

/// Numbers that the types cannot check.
fn check_numbers(settings: &Settings) -> Result<()> {
    let churn = &settings.config.churn;
    settings.share(&["churn", "bands", "high"], churn.bands.high)?;
    settings.share(&["churn", "bands", "medium"], churn.bands.medium)?;
    for (key, number) in [
        ("horizon_days", churn.horizon_days as usize),
        ("min_baskets", churn.min_baskets as usize),
        ("active_days", churn.active_days as usize),
        ("step_days", churn.step_days as usize),
        ("max_snapshots", churn.max_snapshots),
    ] {
        settings.at_least(&["churn", key], number, 1)?;
    }
    for (key, days) in [
        ("horizon_days", churn.horizon_days),
        ("active_days", churn.active_days),
        ("step_days", churn.step_days),
        ("min_history_days", churn.min_history_days),
    ] {
        settings.days(&["churn", key], days)?;
    }
    if !(churn.implausible_auc > 0.5 && churn.implausible_auc <= 1.0) {
        return Err(settings
            .wrong(
                &["churn", "implausible_auc"],
                format!(
                    "{} is no area under a ROC curve that tells anything",
                    churn.implausible_auc
                ),
            )
            .hint("give a number above 0.5 and up to 1; leaks = \"warn\" learns from everything"));
    }
    if churn.bands.medium > churn.bands.high {
        return Err(settings
            .wrong(
                &["churn", "bands", "medium"],
                "medium risk begins above high risk",
            )
            .hint("give medium a smaller probability than high"));
    }
    Ok(())
}

/// The label and what is not learned from are attributes that a source gives the customers.
fn check_label(settings: &Settings) -> Result<()> {
    let config = &settings.config;
    let churn = &config.churn;
    let Some(label) = &churn.label else {
        let ignores = !churn.ignore.is_empty() && churn.attributes.is_empty();
        let keys = [
            ("positive", !churn.positive.is_empty()),
            ("ignore", ignores),
        ];
        if let Some((key, _)) = keys.iter().find(|(_, speaks)| *speaks) {
            return Err(settings
                .wrong(&["churn", key], "it speaks of a label, and there is none")
                .hint("add label = \"...\" under [churn], the attribute of the customers that says who left"));
        }
        return Ok(());
    };
    let mut attributes: Vec<&str> = config
        .sources_of("customers")
        .flat_map(|(_, source)| source.columns.keys())
        .map(String::as_str)
        .filter(|name| !["customer_id", "account_id", "joined_at"].contains(name))
        .collect();
    attributes.sort_unstable();
    attributes.dedup();
    let named = |keys: &[&str], name: &String| {
        if attributes.contains(&name.as_str()) {
            return Ok(());
        }
        Err(settings
            .wrong(keys, format!("the customers have no attribute `{name}`"))
            .hint(match attributes.as_slice() {
                [] => "map it in a source of customers: [[sources]] with table = \"customers\""
                    .to_owned(),
                there => did_you_mean(name, there),
            }))
    };
    named(&["churn", "label"], label)?;
    if churn.test_dates > 1 {
        return Err(settings
            .wrong(&["churn", "test_dates"], "a label in a table has no dates")
            .hint("leave it out: a fifth of the customers is held out to test"));
    }
    churn
        .ignore
        .iter()
        .try_for_each(|name| named(&["churn", "ignore"], name))
}

/// A word that is understood beside the names.
fn with<'a>(word: &'a str, names: &[&'a str]) -> Vec<&'a str> {
    names.iter().copied().chain([word]).collect()
}

#[cfg(test)]
mod tests {
    use regulars_models::classifiers::FACTS;

    use super::*;

    #[test]
    fn the_docs_have_every_model() {
        assert!(DEFAULT_MODELS.iter().all(|name| MODELS.contains(name)));
        let docs = include_str!("../../../docs/churn.md");
        let rows = docs.lines().filter_map(|line| line.strip_prefix("| `"));
        // The first table of models is the one of what they are.
        let rows: Vec<Vec<&str>> = rows
            .take(FACTS.len())
            .map(|row| row.split('|').map(str::trim).collect())
            .collect();
        let yes = |yes: bool| if yes { "yes" } else { "" };
        for (facts, row) in FACTS.iter().zip(rows) {
            let runs = yes(DEFAULT_MODELS.contains(&facts.name));
            assert_eq!(row[0].trim_end_matches('`'), facts.name, "{row:?}");
            assert_eq!(row[2..4], [runs, yes(facts.explains)], "{}", facts.name);
        }
    }
}
