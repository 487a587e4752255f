//! The comparison as a page: what seems to have changed, who could be compared, and how alike they are.

use minijinja::Value;
use serde::Serialize;

use super::{APART, Observed, Part};
use crate::commands::campaign::outcome::Change;
use crate::contract::features::Column;
use crate::failure::Result;
use crate::pages;
use crate::pages::plot::{Axis, Tick, place};
use crate::text::{count, money, percent};
use crate::warning::Warning;

/// The template.
const TEMPLATE: &str = include_str!("page.html");
/// Features that are drawn; all are in the table of the balance.
const DRAWN: usize = 24;
/// Letters of a feature's name beside the plot.
const LETTERS: usize = 34;
/// Width of the plots, and how far the bars of one group reach.
const WIDE: f64 = 420.0;
const HIGH: f64 = 110.0;

/// A group in words.
#[derive(Serialize)]
struct Group {
    name: String,
    customers: u64,
    effective: String,
    bought: String,
    plain: String,
    spend: String,
}

/// A figure with its interval.
#[derive(Serialize)]
struct Figure {
    what: String,
    value: String,
    low: String,
    high: String,
}

/// Customers of one probability of contact: those contacted above the line, the others below it.
#[derive(Serialize)]
struct Bar {
    x: f64,
    width: f64,
    contacted: f64,
    others: f64,
    title: String,
}

/// A feature as it is and with the weights, as places across and in words.
#[derive(Serialize)]
struct Feature {
    name: String,
    before: f64,
    after: f64,
    title: String,
}

/// The features, those furthest apart first.
#[derive(Serialize)]
struct Balanced {
    rows: Vec<Feature>,
    across: Vec<Tick>,
    /// Where features are still called balanced.
    low: f64,
    high: f64,
    zero: f64,
}

/// Puts the comparison into the page.
pub fn render(
    project: &str,
    currency: &str,
    observed: &Observed,
    warnings: &[Warning],
) -> Result<String> {
    let groups = [
        group(tr!("contacted"), &observed.sent, currency),
        group(tr!("not contacted"), &observed.others, currency),
    ];
    let said: Vec<&str> = (warnings.iter())
        .map(|warning| warning.message.as_str())
        .collect();
    let context = Value::from_pairs([
        ("project", Value::from(project)),
        ("campaign", Value::from(observed.campaign.as_str())),
        ("since", Value::from(observed.from.as_str())),
        ("until", Value::from(observed.until.as_str())),
        ("verdict", Value::from(verdict(observed))),
        ("groups", pages::value_of(&groups)?),
        ("figures", pages::value_of(&figures(observed, currency))?),
        ("shares", pages::value_of(&shares())?),
        ("bars", pages::value_of(&bars(&observed.overlap))?),
        ("balance", pages::value_of(&balance(observed))?),
        ("features", Value::from(observed.balance.len())),
        ("warnings", pages::value_of(&said)?),
        ("version", Value::from(env!("CARGO_PKG_VERSION"))),
    ]);
    pages::render(&pages::environment()?, "observed.html", TEMPLATE, context)
}

fn points(share: f64) -> String {
    format!("{:+.1}", share * 100.0)
}

/// What it comes to, for those who read one sentence.
fn verdict(observed: &Observed) -> String {
    let Some(buyers) = observed.buyers else {
        return tr!("What the campaign has changed is not known: a group counts nothing.");
    };
    let n = points(buyers.each);
    match (buyers.low > 0.0, buyers.high < 0.0) {
        (true, _) => tr!(
            "It seems that the campaign made more customers buy: {n} percentage points against customers like them who were not contacted.",
            n = n
        ),
        (_, true) => tr!(
            "It seems that the campaign kept customers from buying: {n} percentage points against customers like them who were not contacted.",
            n = n
        ),
        _ => tr!(
            "It cannot be told whether the campaign made anybody buy: no change at all lies within the interval."
        ),
    }
}

fn group(name: String, part: &Part, currency: &str) -> Group {
    Group {
        name,
        customers: part.customers,
        effective: count(part.effective.round() as u64),
        bought: percent(part.buyers),
        plain: percent(part.plain_buyers),
        spend: money(part.spend, currency),
    }
}

fn figures(observed: &Observed, currency: &str) -> Vec<Figure> {
    let share = |share: f64| tr!("{n} points", n = points(share));
    let amount = |number: f64| money(number, currency);
    let of = |what: String, change: Option<Change>, as_text: &dyn Fn(f64) -> String| {
        change.map(|change| Figure {
            what,
            value: as_text(change.each),
            low: as_text(change.low),
            high: as_text(change.high),
        })
    };
    let found = [
        of(
            tr!("seeming change of the share that bought"),
            observed.buyers,
            &share,
        ),
        of(tr!("spend of each"), observed.spend, &amount),
        of(tr!("margin of each"), observed.margin, &amount),
    ];
    found.into_iter().flatten().collect()
}

fn shares() -> Vec<Tick> {
    let axis = Axis::new([0.0, 1.0], [0.0, WIDE]);
    (0..=4)
        .map(|n| axis.tick(f64::from(n) / 4.0, tr!("{n} %", n = 25 * n)))
        .collect()
}

/// Both groups by how probable their contact was, each as shares of its own.
fn bars(overlap: &[[u64; 2]]) -> Vec<Bar> {
    let total = |group: usize| overlap.iter().map(|bin| bin[group]).sum::<u64>().max(1) as f64;
    let totals = [total(0), total(1)];
    let share = |bin: &[u64; 2], group: usize| bin[group] as f64 / totals[group];
    let shares = || (overlap.iter()).flat_map(|bin| [share(bin, 0), share(bin, 1)]);
    let most = shares().fold(1e-9, f64::max);
    let width = WIDE / overlap.len().max(1) as f64;
    let step = 100 / overlap.len().max(1);
    let bar = |(place_of, bin): (usize, &[u64; 2])| Bar {
        x: place(place_of as f64 * width + 1.0),
        width: place(width - 2.0),
        contacted: place(HIGH * share(bin, 0) / most),
        others: place(HIGH * share(bin, 1) / most),
        title: tr!(
            "probability {low} to {high} %: {sent} contacted, {others} not",
            low = step * place_of,
            high = step * (place_of + 1),
            sent = count(bin[0]),
            others = count(bin[1])
        ),
    };
    overlap.iter().enumerate().map(bar).collect()
}

/// The features that lie furthest apart, as they are and with the weights.
fn balance(observed: &Observed) -> Balanced {
    let rows = &observed.balance[..observed.balance.len().min(DRAWN)];
    let sizes = rows
        .iter()
        .flat_map(|one| [one.before.abs(), one.after.abs()]);
    let reach = sizes.fold(2.0 * APART, f64::max) * 1.05;
    let axis = Axis::new([-reach, reach], [0.0, WIDE]);
    let feature = |one: &super::Balance| {
        let name = Column::named(&one.feature).title();
        let title = tr!(
            "{feature}: {before} as they are, {after} weighted",
            feature = name,
            before = format!("{:+.2}", one.before),
            after = format!("{:+.2}", one.after)
        );
        let short: String = match name.chars().count() > LETTERS {
            true => name.chars().take(LETTERS - 1).chain(['\u{2026}']).collect(),
            false => name,
        };
        Feature {
            name: short,
            before: axis.at(one.before),
            after: axis.at(one.after),
            title,
        }
    };
    let tick = |value: f64| axis.tick(value, format!("{value:+.1}"));
    Balanced {
        rows: rows.iter().map(feature).collect(),
        across: vec![
            tick(-(reach * 10.0).floor() / 10.0),
            axis.tick(0.0, "0".to_owned()),
            tick((reach * 10.0).floor() / 10.0),
        ],
        low: axis.at(-APART),
        high: axis.at(APART),
        zero: axis.at(0.0),
    }
}
