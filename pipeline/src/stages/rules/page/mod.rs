//! What was found as a page of plots.

mod graph;
mod plots;

use minijinja::Value;
use serde::Serialize;

use self::graph::Graph;
use self::plots::{Matrix, Scatter};
use super::Metrics;
use super::words::level;
use crate::failure::Result;
use crate::pages;
use crate::text::count;
use crate::words::said;

pub use self::plots::Step;

/// The template.
const TEMPLATE: &str = include_str!("page.html");
/// Rows of each table of the page.
pub const LISTED: usize = 20;
/// Letters of a name where room is short.
const NAME_LENGTH: usize = 24;

/// A rule as the page shows it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RuleLine {
    /// Item codes.
    pub antecedent: Vec<u32>,
    /// Item codes.
    pub consequent: Vec<u32>,
    /// Their names.
    pub names: [String; 2],
    /// The rule as a sentence.
    pub words: String,
    /// Baskets with both.
    pub count: u64,
    /// Their share.
    pub support: f64,
    /// The share of baskets with the antecedent that have the consequent.
    pub confidence: f64,
    /// How many times chance that is.
    pub lift: f64,
    /// The same on later baskets.
    pub later_confidence: Option<f64>,
    /// The same on later baskets.
    pub later_lift: Option<f64>,
    /// Whether it held up there.
    pub held_up: Option<bool>,
}

/// A sequence as the page shows it.
#[derive(Clone, Debug, Serialize)]
pub struct SequenceLine {
    /// What came first, and what then.
    pub names: [String; 2],
    /// Customers who did both.
    pub customers: u64,
    /// The share of those who did the first.
    pub confidence: f64,
    /// How many times the usual share that is.
    pub lift: f64,
    /// Quartiles of the days in between.
    pub days: [f64; 3],
    /// Whether it held up later.
    pub held_up: Option<bool>,
}

/// Two items that are bought instead of each other.
#[derive(Clone, Debug, Serialize)]
pub struct PairLine {
    /// Their names.
    pub names: [String; 2],
    /// Baskets with both.
    pub together: u64,
    /// How many there would be by chance, given the sizes of the baskets.
    pub expected: f64,
    /// What is there over what is expected.
    pub ratio: f64,
    /// The share of the customers of one who buy the other, too.
    pub overlap: Option<f64>,
    /// How strong it is, 0 to 1.
    pub score: f64,
}

/// A rule that is another in one group than in the others.
#[derive(Clone, Debug, Serialize)]
pub struct DifferenceLine {
    /// The group.
    pub group: String,
    /// Both sides of the rule.
    pub names: [String; 2],
    /// Confidence in the group and outside.
    pub confidence: [f64; 2],
    /// Lift in the group and outside.
    pub lift: [f64; 2],
    /// Whether it was stronger in the group later, too.
    pub held_up: Option<bool>,
}

/// A set that brings much money.
#[derive(Clone, Debug, Serialize)]
pub struct UtilityLine {
    /// Its items.
    pub items: String,
    /// Baskets with all of them.
    pub baskets: u64,
    /// What they bring there.
    pub money: f64,
    /// The share of all money.
    pub share: f64,
}

/// Everything on the page.
pub struct Page<'a> {
    /// The title of the project.
    pub project: &'a str,
    /// Printed behind amounts.
    pub currency: &'a str,
    /// The numbers of the stage.
    pub metrics: &'a Metrics,
    /// Names of the items by code.
    pub names: &'a [String],
    /// For each item the share of the baskets that hold it.
    pub supports: &'a [f64],
    /// Rules, best first.
    pub rules: &'a [RuleLine],
    /// Sequences that lead to something new, best first.
    pub sequences: &'a [SequenceLine],
    /// Sequences of buying again, best first.
    pub again: &'a [SequenceLine],
    /// Steps from one basket to the next.
    pub steps: &'a [Step],
    /// Substitutes, best first.
    pub substitutes: &'a [PairLine],
    /// Differences between groups, largest first.
    pub differences: &'a [DifferenceLine],
    /// Sets by money, most first.
    pub utility: &'a [UtilityLine],
}

#[derive(Serialize)]
struct Pictures {
    scatter: Scatter,
    matrix: Matrix,
    graph: Graph,
    transitions: Matrix,
}

/// Puts what was found into the page.
pub fn render(found: &Page<'_>) -> Result<String> {
    let pictures = Pictures {
        scatter: plots::scatter(found.rules),
        matrix: plots::matrix(found.rules, found.names),
        graph: graph::graph(found.rules, found.names, found.supports),
        transitions: plots::transitions(found.steps, found.names),
    };
    let mut page = pages::environment()?;
    page.add_filter("times", |value: f64| match value {
        value if value >= 10.0 => format!("{value:.0}"),
        value if value >= 0.095 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    });
    page.add_filter("days", |value: f64| format!("{value:.0}"));
    page.add_filter("money", |value: f64| crate::text::money(value, ""));
    let context = Value::from_pairs([
        ("project", Value::from(found.project)),
        ("currency", Value::from(found.currency)),
        ("m", pages::value_of(found.metrics)?),
        ("mined", Value::from(mined(found.metrics))),
        ("level", Value::from(level(&found.metrics.level))),
        (
            "money",
            Value::from(found.metrics.utility_by.as_deref().map(said)),
        ),
        ("pictures", pages::value_of(&pictures)?),
        ("rules", pages::value_of(&first(found.rules))?),
        ("sequences", pages::value_of(&first(found.sequences))?),
        ("again", pages::value_of(&first(found.again))?),
        ("substitutes", pages::value_of(&first(found.substitutes))?),
        ("differences", pages::value_of(&found.differences)?),
        ("utility", pages::value_of(&first(found.utility))?),
        ("version", Value::from(env!("CARGO_PKG_VERSION"))),
    ]);
    pages::render(&page, "rules.html", TEMPLATE, context)
}

/// What was mined, when, and where it was measured again.
fn mined(m: &Metrics) -> String {
    let n = count(m.baskets);
    let baskets = match m.basket.as_str() {
        "days of a customer" => tr!("{n} days of a customer", n = n),
        "weeks of a customer" => tr!("{n} weeks of a customer", n = n),
        "months of a customer" => tr!("{n} months of a customer", n = n),
        "quarters of a customer" => tr!("{n} quarters of a customer", n = n),
        "years of a customer" => tr!("{n} years of a customer", n = n),
        "customers" => tr!("{n} customers", n = n),
        _ => tr!("{n} baskets", n = n),
    };
    let broader: Vec<&str> = m.broader.iter().map(|name| level(name)).collect();
    let levels = match broader.is_empty() {
        true => level(&m.level).to_owned(),
        false => tr!(
            "{level} and {broader}",
            level = level(&m.level),
            broader = broader.join(tr!(", ").as_str())
        ),
    };
    let later = match m.later_baskets {
        0 => String::new(),
        later => tr!("; measured again on the {n} after that", n = count(later)),
    };
    tr!(
        "{baskets} by {level}, from {from} until {until}{later}.",
        baskets = baskets,
        level = levels,
        from = m.mined_from,
        until = m.mined_until,
        later = later
    )
}

fn first<T>(rows: &[T]) -> &[T] {
    &rows[..rows.len().min(LISTED)]
}

/// A name that fits where room is short.
fn short_name(name: &str) -> String {
    if name.chars().count() <= NAME_LENGTH {
        return name.to_owned();
    }
    let start: String = name.chars().take(NAME_LENGTH - 1).collect();
    format!("{}\u{2026}", start.trim_end())
}
