//! The suggestions as a table, each with its reason in words.

use std::sync::Arc;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take;
use regulars_models::cross_sell::{Evidence, ScoreKind, Suggestion};

use crate::failure::Result;
use crate::outputs::table::{TableBuilder, exact_numbers, numbers, round, text};
use crate::purchases::Purchases;
use crate::text::{calm, percent};

/// What a score of this kind says.
pub fn score_means(kind: ScoreKind, days: u32) -> String {
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
pub fn table(
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
