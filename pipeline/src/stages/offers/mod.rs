//! `offers`: what each customer would buy for the first time, with a reason in words.

mod summary;

use std::sync::Arc;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take;
use chrono::{Days, NaiveDate};
use regulars_models::ParamGuard;
use regulars_models::cross_sell::{
    CrossSellParams, CrossSellValidParams, Evidence, History, ScoreKind, Suggestion,
};
use regulars_models::metrics::RankingQuality;
use serde::{Deserialize, Serialize};

use super::{Context, Reads, Report, Stage};
use crate::failure::{Failure, Result};
use crate::outputs::table::{TableBuilder, exact_numbers, numbers, round, text};
use crate::purchases::{Ask, Purchases, day_number, need_products};
use crate::text::{calm, percent};
use crate::warning::{WEAK_SUGGESTIONS, Warning};

/// The stage's one name.
pub const NAME: &str = "offers";

/// The stage.
pub const STAGE: Stage = Stage {
    name: NAME,
    reads: |_| &[Reads::Needed("ingest")],
    needs_history: |_| true,
    optional: true,
    run,
    summary: summary::paragraph,
};

/// What was suggested, and how good suggestions were when it could be known.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Metrics {
    /// The level of the taxonomy.
    pub level: String,
    /// Suggestions for each customer, at most.
    pub per_customer: u64,
    /// Customers with suggestions.
    pub customers: u64,
    /// Suggestions in all.
    pub suggestions: u64,
    /// What a score means.
    pub score_means: String,
    /// The hold-out test; none when the history is too short.
    pub test: Option<Test>,
}

/// Suggestions made from the history before the last days, held against those days.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Test {
    /// The first held-out day.
    pub from: NaiveDate,
    /// Days held out.
    pub days: u32,
    /// Customers with a history who bought something new in them.
    pub customers: u64,
    /// Ours.
    pub model: Quality,
    /// The items that most customers have bought, without those a customer has.
    pub popularity: Quality,
}

/// Ranking measures at the number of suggestions, on items first bought in the held-out days.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Quality {
    /// Share of customers with at least one hit.
    pub hit_rate: f64,
    /// Mean share of the new items that were suggested.
    pub recall: f64,
    /// Normalised discounted cumulative gain.
    pub ndcg: f64,
}

impl From<RankingQuality> for Quality {
    fn from(figures: RankingQuality) -> Self {
        Self {
            hit_rate: figures.hit_rate,
            recall: figures.recall,
            ndcg: figures.ndcg,
        }
    }
}

/// Tests the recommender on the last days, then suggests from the whole history.
pub fn run(context: &Context<'_>) -> Result<Report> {
    let config = &context.settings.config;
    let settings = &config.offers;
    let warehouse = context.warehouse()?;
    need_products(warehouse, "there is nothing to suggest")?;
    let asked = settings.level.as_deref().or(config.rules.level.as_deref());
    let level = warehouse.level(context.settings, NAME, asked)?;
    context
        .progress
        .step(&format!("collecting purchases by {level}"));
    let purchases = context.purchases(&Ask {
        section: NAME,
        level: level.clone(),
        order_days: config.project.order_days,
        exclude: settings.exclude.clone(),
        ..Ask::default()
    })?;
    let history = history(&purchases)?;
    let horizon = i32::try_from(settings.holdout_days).unwrap_or(i32::MAX);
    let params = CrossSellParams::new()
        .suggestions(settings.per_customer)
        .horizon_days(horizon)
        .seed(context.seed)
        .check()
        .map_err(|error| Failure::settings(error.to_string()))?;

    let test = test(context, &params, &history)?;
    let mut warnings = warehouse.warnings.clone();
    warnings.extend(purchases.warning());
    warnings.extend(test.as_ref().and_then(Test::warning));
    context.progress.step("suggesting");
    let model = params.fit(&history, day_number(warehouse.end));
    let suggestions = model.suggest();
    let score_means = score_means(model.score_kind(), settings.holdout_days);
    let mut files = context.files(NAME);
    let about = format!("What each customer would buy next, by {level}, best first");
    files.parquet_and_csv(
        "suggestions",
        &about,
        &table(&suggestions, &purchases, &score_means)?,
    )?;
    let mut customers: Vec<u32> = suggestions
        .iter()
        .map(|suggestion| suggestion.customer)
        .collect();
    customers.dedup();
    let metrics = Metrics {
        level,
        per_customer: settings.per_customer as u64,
        customers: customers.len() as u64,
        suggestions: suggestions.len() as u64,
        score_means,
        test,
    };
    Ok(Report {
        as_of: Some(warehouse.end),
        rows_in: purchases.line_items.len() as u64,
        rows_out: metrics.suggestions,
        warnings,
        ..Report::new(files, &metrics)?
    })
}

/// The purchases as the recommender takes them.
fn history(purchases: &Purchases) -> Result<History<'_>> {
    let Purchases {
        offsets,
        days,
        baskets,
        line_items,
        items,
        ..
    } = purchases;
    History::new(offsets, days, baskets, line_items, items.len(), None)
        .map_err(|error| Failure::data(error.to_string()))
}

/// Holds suggestions from before the last days against those days; none when the history is too
/// short.
fn test(
    context: &Context<'_>,
    params: &CrossSellValidParams,
    history: &History<'_>,
) -> Result<Option<Test>> {
    let warehouse = context.warehouse()?;
    let days = context.settings.config.offers.holdout_days;
    let from = warehouse.end.checked_sub_days(Days::new(days.into()));
    let Some(from) = from.filter(|from| *from > warehouse.first_day) else {
        return Ok(None);
    };
    context.progress.step("testing on the last days");
    let tested = params.evaluate(history, day_number(from)).ok();
    Ok(tested.map(|tested| Test {
        from,
        days,
        customers: tested.n_customers as u64,
        model: tested.model.into(),
        popularity: tested.popularity.into(),
    }))
}

impl Test {
    /// What to warn of when the most popular items would have done as well.
    fn warning(&self) -> Option<Warning> {
        let (model, popularity) = (self.model.ndcg, self.popularity.ndcg);
        (model <= popularity).then(|| {
            let message = format!(
                "on the last {} days the suggestions did no better than the most popular items (NDCG {model:.3} against {popularity:.3})",
                self.days
            );
            Warning::new(WEAK_SUGGESTIONS, message)
        })
    }
}

/// What a score of this kind says.
fn score_means(kind: ScoreKind, days: u32) -> String {
    match kind {
        ScoreKind::Probability => {
            format!("Probability of buying it for the first time in the next {days} days")
        }
        ScoreKind::Affinity => {
            "How well it fits, 0 to 1; the history is too short for probabilities".to_owned()
        }
    }
}

/// The suggestions as a table.
fn table(
    suggestions: &[Suggestion],
    purchases: &Purchases,
    score_means: &str,
) -> Result<RecordBatch> {
    let all = || suggestions.iter();
    let item = |code: u32| purchases.items.names[code as usize].as_str();
    let rows: UInt32Array = all().map(|suggestion| suggestion.customer).collect();
    let ranks: UInt32Array = all().map(|suggestion| suggestion.rank).collect();
    let rule = |suggestion: &Suggestion| match suggestion.evidence {
        Evidence::Basket { antecedent, .. } => {
            format!("{} => {}", item(antecedent), item(suggestion.item))
        }
        Evidence::Group { .. } | Evidence::Popularity { .. } => String::new(),
    };
    let number = |of: fn(&Evidence) -> Option<f64>| {
        numbers(
            all().map(|suggestion| of(&suggestion.evidence).unwrap_or(f64::NAN)),
            6,
        )
    };
    let scores = all().map(|suggestion| round(suggestion.score, 6));
    let reasons = all().map(|suggestion| reason(&suggestion.evidence, &item));
    TableBuilder::new()
        .column(
            "customer_id",
            "Who",
            take(&purchases.customers, &rows, None)?,
        )
        .column("rank", "1 is the best suggestion", Arc::new(ranks))
        .column(
            "item",
            "What to offer",
            text(all().map(|suggestion| item(suggestion.item))),
        )
        .column(
            "level",
            "The level of the taxonomy that the item is of",
            text(all().map(|_| &purchases.ask.level)),
        )
        .column("score", score_means, exact_numbers(scores))
        .column("reason", "Why, in words", text(reasons))
        .column(
            "rule",
            "The association behind the reason; empty for popular items",
            text(all().map(rule)),
        )
        .column(
            "confidence",
            "Share of baskets with the item among those with what the customer buys",
            number(Evidence::confidence),
        )
        .column(
            "lift",
            "How many times chance that is",
            number(Evidence::lift),
        )
        .build()
}

/// The evidence as a person would say it to the customer's face.
fn reason<'a>(evidence: &Evidence, item: &impl Fn(u32) -> &'a str) -> String {
    let share = evidence.confidence().map(percent).unwrap_or_default();
    let lift = evidence.lift().unwrap_or(1.0);
    match evidence {
        Evidence::Basket { antecedent, .. } => {
            format!(
                "bought with {} in {share} of baskets, {lift:.1} times chance",
                calm(item(*antecedent))
            )
        }
        Evidence::Group { .. } => {
            format!(
                "bought by {share} of the customers who buy from the same shelf, {lift:.1} times chance"
            )
        }
        Evidence::Popularity { .. } => format!(
            "bought by {} of all customers",
            percent(evidence.base_rate())
        ),
    }
}
