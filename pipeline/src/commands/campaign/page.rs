//! The read-out as a page: sent, held back, bought, earned.

use minijinja::Value;
use serde::Serialize;

use super::by_day::SoFar;
use super::outcome::{Change, Earned, Outcome, Part};
use crate::failure::Result;
use crate::pages;
use crate::pages::plot::{Axis, Tick, place};
use crate::text::{money, percent};
use crate::warning::Warning;

/// The template.
const TEMPLATE: &str = include_str!("page.html");
/// Width and height of the plot of the days.
const SIDES: [f64; 2] = [560.0, 220.0];
/// Width of the plot of both shares.
const WIDE: f64 = 420.0;

/// A group in words, and its share of buyers with the interval in the plot.
#[derive(Serialize)]
struct Row {
    name: String,
    customers: u64,
    buyers: u64,
    responders: Option<u64>,
    share: String,
    spend: String,
    each: String,
    at: f64,
    low: f64,
    high: f64,
}

/// A figure that both groups give together, with its interval.
#[derive(Serialize)]
struct Figure {
    what: String,
    value: String,
    low: String,
    high: String,
}

/// What the contacts brought, day by day.
#[derive(Serialize)]
struct Days {
    /// Whether the margin is known.
    in_margin: bool,
    line: String,
    cost: Option<f64>,
    zero: f64,
    across: Vec<Tick>,
    up: Vec<Tick>,
    rows: Vec<(String, String)>,
}

/// Puts the read-out into the page.
pub fn render(
    project: &str,
    currency: &str,
    outcome: &Outcome<'_>,
    warnings: &[Warning],
) -> Result<String> {
    let earned = &outcome.earned;
    let rows: Vec<Row> = [
        (tr!("contacted"), &earned.sent),
        (tr!("held back"), &earned.control),
    ]
    .into_iter()
    .filter(|(_, part)| part.customers > 0)
    .map(|(name, part)| row(name, part, currency))
    .collect();
    let paid_back = outcome.paid_back_on().map(|day| day.to_string());
    let said: Vec<&str> = warnings
        .iter()
        .map(|warning| warning.message.as_str())
        .collect();
    let context = Value::from_pairs([
        ("project", Value::from(project)),
        ("list", Value::from(earned.list.as_str())),
        ("as_of", Value::from(earned.as_of.as_str())),
        ("until", Value::from(earned.until.as_str())),
        ("verdict", Value::from(verdict(earned))),
        ("rows", pages::value_of(&rows)?),
        ("ticks", pages::value_of(&shares())?),
        ("figures", pages::value_of(&figures(earned, currency))?),
        ("cost", Value::from(money(earned.cost, currency))),
        (
            "expected",
            pages::value_of(&earned.expected_responses.map(|n| money(n, "")))?,
        ),
        ("paid_back", pages::value_of(&paid_back)?),
        (
            "days",
            pages::value_of(&days(&outcome.days, earned.cost, currency))?,
        ),
        ("warnings", pages::value_of(&said)?),
        ("version", Value::from(env!("CARGO_PKG_VERSION"))),
    ]);
    pages::render(&pages::environment()?, "campaign.html", TEMPLATE, context)
}

/// What it comes to, for those who read one sentence.
fn verdict(earned: &Earned) -> String {
    let Some(buyers) = earned.buyers else {
        return tr!("What the list has changed is not known: there are not two groups to compare.");
    };
    let more = money(earned.in_all(buyers).each.abs(), "");
    match (buyers.low > 0.0, buyers.high < 0.0) {
        (true, _) => tr!(
            "The list made more customers buy: about {n} who would not have bought otherwise.",
            n = more
        ),
        (_, true) => tr!(
            "The list kept customers from buying: about {n} who would have bought without it.",
            n = more
        ),
        _ => tr!(
            "It cannot be told whether the list made anybody buy: no change at all lies within the interval."
        ),
    }
}

/// The 95 % interval of a share (Wilson 1927), so that it stays between 0 and 1.
fn wilson(part: &Part) -> [f64; 2] {
    const Z: f64 = 1.959_963_985;
    let (n, p) = (part.customers as f64, part.share());
    let middle = p + Z * Z / (2.0 * n);
    let side = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + Z * Z / n;
    [(middle - side) / whole, (middle + side) / whole]
}

fn row(name: String, part: &Part, currency: &str) -> Row {
    let axis = Axis::new([0.0, 1.0], [0.0, WIDE]);
    let [low, high] = wilson(part);
    Row {
        name,
        customers: part.customers,
        buyers: part.buyers,
        responders: part.responders,
        share: percent(part.share()),
        spend: money(part.spend, currency),
        each: money(part.spend / part.customers as f64, currency),
        at: axis.at(part.share()),
        low: axis.at(low),
        high: axis.at(high),
    }
}

fn shares() -> Vec<Tick> {
    let axis = Axis::new([0.0, 1.0], [0.0, WIDE]);
    let quarter = |n: i32| f64::from(n) / 4.0;
    (0..=4)
        .map(|n| axis.tick(quarter(n), tr!("{n} %", n = 25 * n)))
        .collect()
}

/// Uplift, what it brought, and the return, each with its interval.
fn figures(earned: &Earned, currency: &str) -> Vec<Figure> {
    let points = |share: f64| tr!("{n} points", n = format!("{:+.1}", share * 100.0));
    let whole = |number: f64| money(number, "");
    let amount = |number: f64| money(number, currency);
    let of = |what: String, change: Change, as_text: &dyn Fn(f64) -> String| Figure {
        what,
        value: as_text(change.each),
        low: as_text(change.low),
        high: as_text(change.high),
    };
    let mut found = Vec::new();
    if let Some(buyers) = earned.buyers {
        found.push(of(tr!("uplift of the share that bought"), buyers, &points));
        found.push(of(tr!("more buyers"), earned.in_all(buyers), &whole));
    }
    if let Some(spend) = earned.spend {
        found.push(of(tr!("incremental spend"), earned.in_all(spend), &amount));
    }
    if let Some(margin) = earned.margin {
        found.push(of(
            tr!("incremental margin"),
            earned.in_all(margin),
            &amount,
        ));
    }
    if let Some(roi) = earned.return_on_cost() {
        found.push(of(tr!("return on the cost of contacts"), roi, &percent));
    }
    found
}

/// The curve of the days; none where there are no two groups, or fewer than two days.
fn days(so_far: &[SoFar], cost: f64, currency: &str) -> Option<Days> {
    let (first, last) = (so_far.first()?, so_far.last()?);
    if so_far.len() < 2 {
        return None;
    }
    let in_margin = first.margin.is_some();
    let values: Vec<f64> = so_far
        .iter()
        .map(|day| day.margin.unwrap_or(day.spend))
        .collect();
    let [width, height] = SIDES;
    let low = values.iter().copied().fold(0.0, f64::min);
    let high = values.iter().copied().fold(cost, f64::max);
    let across = Axis::new([0.0, (so_far.len() - 1) as f64], [0.0, width]);
    let up = Axis::new([low, high], [height, 0.0]);
    let points = values
        .iter()
        .enumerate()
        .map(|(day, value)| format!("{},{}", across.at(day as f64), up.at(*value)));
    let mut marks = vec![0.0, high];
    if low < 0.0 {
        marks.push(low);
    }
    Some(Days {
        in_margin,
        line: points.collect::<Vec<_>>().join(" "),
        cost: (in_margin && cost > 0.0).then(|| up.at(cost)),
        zero: place(up.at(0.0)),
        across: vec![
            across.tick(0.0, first.day.to_string()),
            across.tick((so_far.len() - 1) as f64, last.day.to_string()),
        ],
        up: marks
            .into_iter()
            .map(|at| up.tick(at, money(at, "")))
            .collect(),
        rows: so_far
            .iter()
            .zip(&values)
            .map(|(day, value)| (day.day.to_string(), money(*value, currency)))
            .collect(),
    })
}
