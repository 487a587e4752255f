//! The suggestions as a table, each with its reason in words.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take;
use regulars_models::cross_sell::{Evidence, ScoreKind, Suggestion};

use crate::failure::Result;
use crate::outputs::table::{TableBuilder, exact_numbers, numbers, round, text};
use crate::purchases::Purchases;
use crate::text::{calm, percent};

/// Confidence and lift of the rules from one item to one.
pub type Rules = BTreeMap<(u32, u32), (f64, f64)>;

/// What a score of this kind says.
pub fn score_means(kind: ScoreKind, days: u32) -> String {
    match kind {
        ScoreKind::Probability => {
            tr!(
                "Probability of buying it for the first time in the next {days} days",
                days = days
            )
        }
        ScoreKind::Affinity => {
            tr!("How well it fits, 0 to 1; the history is too short for probabilities")
        }
    }
}

/// The suggestions as a table.
///
/// - `prices`: what one of each item has cost of late, where that is known.
pub fn table(
    suggestions: &[Suggestion],
    purchases: &Purchases,
    score_means: &str,
    (rules, prices): (&Rules, &[Option<f64>]),
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
    let number = |of: fn(Figures) -> Option<f64>| {
        let said = all().map(|suggestion| of(figures(suggestion, rules)));
        numbers(said.map(|figure| figure.unwrap_or(f64::NAN)), 6)
    };
    let scores = all().map(|suggestion| round(suggestion.score, 6));
    let reasons = all().map(|suggestion| reason(suggestion, rules, &item));
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
            number(|figures| figures.0),
        )
        .column(
            "lift",
            "How many times chance that is",
            number(|figures| figures.1),
        )
        .column(
            "price",
            "What one has cost of late, on average; empty where nothing is known",
            numbers(
                all().map(|suggestion| prices[suggestion.item as usize].unwrap_or(f64::NAN)),
                2,
            ),
        )
        .build()
}

/// Confidence and lift, where there are any.
type Figures = (Option<f64>, Option<f64>);

/// Confidence and lift of a suggestion: those of the rule where there is one, else as they are
/// counted in the history.
fn figures(suggestion: &Suggestion, rules: &Rules) -> Figures {
    let evidence = &suggestion.evidence;
    let rule = match evidence {
        Evidence::Basket { antecedent, .. } => rules.get(&(*antecedent, suggestion.item)),
        _ => None,
    };
    match rule {
        Some((confidence, lift)) => (Some(*confidence), Some(*lift)),
        None => (evidence.confidence(), evidence.lift()),
    }
}

/// The evidence as a person would say it to the customer's face.
pub fn reason<'a>(
    suggestion: &Suggestion,
    rules: &Rules,
    item: &impl Fn(u32) -> &'a str,
) -> String {
    let evidence = &suggestion.evidence;
    let (confidence, lift) = figures(suggestion, rules);
    let share = confidence.map(percent).unwrap_or_default();
    let lift = lift.unwrap_or(1.0);
    match evidence {
        Evidence::Basket { antecedent, .. } => tr!(
            "bought with {item} in {share} of baskets, {lift} times chance",
            item = calm(item(*antecedent)),
            share = share,
            lift = format!("{lift:.1}")
        ),
        Evidence::Group { .. } => tr!(
            "bought by {share} of the customers who buy from the same shelf, {lift} times chance",
            share = share,
            lift = format!("{lift:.1}")
        ),
        Evidence::Popularity { .. } => tr!(
            "bought by {share} of all customers",
            share = percent(evidence.base_rate())
        ),
    }
}
