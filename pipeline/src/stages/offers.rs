//! `offers`: what each customer would buy for the first time, with a reason in words.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::take;
use chrono::{Days, NaiveDate};
use regulars_models::ParamGuard;
use regulars_models::cross_sell::{CrossSellParams, Evidence, History, ScoreKind, Suggestion};
use regulars_models::metrics::RankingQuality;
use serde::{Deserialize, Serialize};

use super::{Context, Report};
use crate::failure::{Failure, Result};
use crate::purchases::{Ask, Purchases, day_number};
use crate::table::{TableBuilder, exact_numbers, numbers, text};
use crate::text::{calm, percent};
use crate::warning::{WEAK_SUGGESTIONS, Warning};

/// The stage's one name.
pub const NAME: &str = "offers";

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
    if !warehouse.has_column("interactions", "product_id") {
        return Err(Failure::data(
            "the interactions name no products, so there is nothing to suggest",
        )
        .hint(
            "map product_id of the interactions to a column of the source, and run ingest again",
        ));
    }
    let asked = settings.level.as_deref().or(config.rules.level.as_deref());
    let level = warehouse.level(context.settings, NAME, asked)?;
    context
        .progress
        .step(&format!("collecting purchases by {level}"));
    let purchases = context.purchases(&Ask {
        section: NAME,
        level: level.clone(),
        exclude: settings.exclude.clone(),
        ..Ask::default()
    })?;
    let Purchases {
        offsets,
        days,
        baskets,
        line_items,
        ..
    } = purchases.as_ref();
    let history = History::new(
        offsets,
        days,
        baskets,
        line_items,
        purchases.items.len(),
        None,
    )
    .map_err(|error| Failure::data(error.to_string()))?;
    let horizon = i32::try_from(settings.holdout_days).unwrap_or(i32::MAX);
    let params = CrossSellParams::new()
        .suggestions(settings.per_customer)
        .horizon_days(horizon)
        .seed(context.seed)
        .check()
        .map_err(|error| Failure::settings(error.to_string()))?;

    let mut warnings = warehouse.warnings.clone();
    let from = warehouse
        .end
        .checked_sub_days(Days::new(settings.holdout_days.into()));
    let test = from
        .filter(|from| *from > warehouse.first_day)
        .and_then(|from| {
            context.progress.step("testing on the last days");
            let tested = params.evaluate(&history, day_number(from)).ok()?;
            Some(Test {
                from,
                days: settings.holdout_days,
                customers: tested.n_customers as u64,
                model: tested.model.into(),
                popularity: tested.popularity.into(),
            })
        });
    if let Some(test) = &test
        && test.model.ndcg <= test.popularity.ndcg
    {
        let message = format!(
            "on the last {} days the suggestions did no better than the most popular items (NDCG {:.3} against {:.3})",
            test.days, test.model.ndcg, test.popularity.ndcg
        );
        warnings.push(Warning::new(WEAK_SUGGESTIONS, message));
    }
    context.progress.step("suggesting");
    let model = params.fit(&history, day_number(warehouse.end));
    let suggestions = model.suggest();
    let score_means = match model.score_kind() {
        ScoreKind::Probability => {
            format!(
                "Probability of buying it for the first time in the next {} days",
                settings.holdout_days
            )
        }
        ScoreKind::Affinity => {
            "How well it fits, 0 to 1; the history is too short for probabilities".to_owned()
        }
    };

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
        rows_in: line_items.len() as u64,
        rows_out: metrics.suggestions,
        warnings,
        ..Report::new(files, &metrics)?
    })
}

fn table(
    suggestions: &[Suggestion],
    purchases: &Purchases,
    score_means: &str,
) -> Result<RecordBatch> {
    let item = |code: u32| purchases.items.names[code as usize].as_str();
    let rows: UInt32Array = suggestions
        .iter()
        .map(|suggestion| suggestion.customer)
        .collect();
    let customers = take(&purchases.customers, &rows, None)?;
    let ranks: ArrayRef = Arc::new(
        suggestions
            .iter()
            .map(|suggestion| suggestion.rank)
            .collect::<UInt32Array>(),
    );
    let rule = |suggestion: &Suggestion| match suggestion.evidence {
        Evidence::Basket { antecedent, .. } => {
            format!("{} => {}", item(antecedent), item(suggestion.item))
        }
        Evidence::Group { .. } | Evidence::Popularity { .. } => String::new(),
    };
    let or_nan = |value: Option<f64>| value.unwrap_or(f64::NAN);
    TableBuilder::new()
        .column("customer_id", "Who", customers)
        .column("rank", "1 is the best suggestion", ranks)
        .column(
            "item",
            "What to offer",
            text(suggestions.iter().map(|suggestion| item(suggestion.item))),
        )
        .column(
            "level",
            "The level of the taxonomy that the item is of",
            text(suggestions.iter().map(|_| &purchases.ask.level)),
        )
        .column(
            "score",
            score_means,
            exact_numbers(
                suggestions
                    .iter()
                    .map(|suggestion| crate::table::round(suggestion.score, 6)),
            ),
        )
        .column(
            "reason",
            "Why, in words",
            text(
                suggestions
                    .iter()
                    .map(|suggestion| reason(&suggestion.evidence, &item)),
            ),
        )
        .column(
            "rule",
            "The association behind the reason; empty for popular items",
            text(suggestions.iter().map(rule)),
        )
        .column(
            "confidence",
            "Share of baskets with the item among those with what the customer buys",
            numbers(
                suggestions
                    .iter()
                    .map(|suggestion| or_nan(suggestion.evidence.confidence())),
                6,
            ),
        )
        .column(
            "lift",
            "How many times chance that is",
            numbers(
                suggestions
                    .iter()
                    .map(|suggestion| or_nan(suggestion.evidence.lift())),
                6,
            ),
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
