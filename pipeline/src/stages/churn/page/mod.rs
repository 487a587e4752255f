//! The models, the calibration, what the scores look at and the readable tree as one page.

use minijinja::Value;
use regulars_models::associations::wilson_interval;
use regulars_models::tree::LeafRule;
use serde::Serialize;

use super::contest::{ModelRow, Outcome};
use super::figures::{CALIBRATED, ReliabilityRow};
use super::files::Words;
use super::sets::Columns;
use super::tables::happened;
use crate::failure::Result;
use crate::page;
use crate::table::round;

/// The template.
const TEMPLATE: &str = include_str!("page.html");
/// Features that the page shows.
const FEATURES: usize = 15;
/// Rules of the tree that the page shows.
const RULES: usize = 12;
/// Side of the plot of the calibration.
const SIDE: f64 = 300.0;
/// Width of the plot of a range.
const WIDTH: f64 = 160.0;

/// A model as the page shows it.
#[derive(Serialize)]
struct Shown {
    title: String,
    chosen: bool,
    validation_log_loss: Option<f64>,
    log_loss: f64,
    range: [f64; 2],
    roc_auc: f64,
    average_precision: f64,
    lift: f64,
    brier: f64,
    calibration_error: f64,
    profit: f64,
    profit_share: f64,
    mean_log_loss: f64,
    /// From, to and middle of the range of the log loss, on its plot.
    plot: [f64; 3],
}

/// A bin of the calibration on its plot.
#[derive(Serialize)]
struct Dot {
    x: f64,
    y: f64,
    low: f64,
    high: f64,
    calibrated: bool,
    customers: u64,
    said: f64,
    happened: f64,
}

/// A place on an axis, in the unit of the plot, and what it is called.
#[derive(Serialize)]
struct Tick {
    at: f64,
    label: String,
}

#[derive(Serialize)]
struct Feature {
    name: String,
    about: String,
    share: f64,
    width: f64,
}

#[derive(Serialize)]
struct Rule {
    text: String,
    rows: u64,
    coverage: f64,
    rate: f64,
    lift: f64,
}

/// Puts what was found into the page.
pub fn render(outcome: &Outcome, columns: &Columns, words: &Words) -> Result<String> {
    let mut page = page::environment()?;
    page.add_filter("fine", |value: f64| format!("{value:.4}"));
    let reach = reach(&outcome.reliability);
    let rules = rules(outcome, columns);
    let context = Value::from_pairs([
        ("project", Value::from(words.project.as_str())),
        ("outcome", Value::from(words.outcome.as_str())),
        ("tested", Value::from(words.tested.as_str())),
        ("learned", Value::from(words.learned.as_str())),
        ("why", Value::from(outcome.why.as_str())),
        ("validation", Value::from(outcome.validation.clone())),
        ("bands", page::value_of(&words.bands)?),
        (
            "scored",
            Value::from(words.bands.iter().map(|band| band.customers).sum::<u64>()),
        ),
        (
            "chosen",
            page::value_of(&outcome.models.iter().find(|row| row.chosen))?,
        ),
        ("models", page::value_of(&shown(&outcome.models))?),
        ("several", Value::from(!outcome.dates.is_empty())),
        ("dots", page::value_of(&dots(&outcome.reliability, reach))?),
        ("ticks", page::value_of(&ticks(reach))?),
        ("calibration", page::value_of(&outcome.calibration)?),
        (
            "features",
            page::value_of(&features(outcome, columns, words))?,
        ),
        ("all_rules", Value::from(outcome.tree.leaf_count())),
        ("rules", page::value_of(&rules)?),
        (
            "tree",
            Value::from_safe_string(outcome.tree.to_svg(&columns.printed(), "left")),
        ),
        ("version", Value::from(env!("CARGO_PKG_VERSION"))),
    ]);
    page::render(&page, "churn.html", TEMPLATE, context)
}

fn shown(models: &[ModelRow]) -> Vec<Shown> {
    let ranges = models.iter().map(|row| row.ranges.log_loss_range);
    let lowest = ranges
        .clone()
        .map(|range| range.low)
        .fold(f64::INFINITY, f64::min);
    let highest = ranges.map(|range| range.high).fold(0.0, f64::max);
    let place = |value: f64| {
        let share = (value - lowest) / (highest - lowest);
        round(WIDTH * if share.is_finite() { share } else { 0.5 }, 2)
    };
    let row = |row: &ModelRow| {
        let range = row.ranges.log_loss_range;
        let figures = &row.figures;
        Shown {
            title: row.title.clone(),
            chosen: row.chosen,
            validation_log_loss: row.validation_log_loss,
            log_loss: figures.log_loss,
            range: [range.low, range.high],
            roc_auc: figures.roc_auc,
            average_precision: figures.average_precision,
            lift: figures.lift_top_tenth,
            brier: figures.brier,
            calibration_error: figures.calibration_error,
            profit: figures.expected_maximum_profit,
            profit_share: figures.expected_maximum_profit_share,
            mean_log_loss: row.mean.mean_log_loss,
            plot: [range.low, range.high, figures.log_loss].map(place),
        }
    };
    models.iter().map(row).collect()
}

/// The largest probability that the plot of the calibration has to hold, a whole tenth.
fn reach(bins: &[ReliabilityRow]) -> f64 {
    let largest = |row: &ReliabilityRow| {
        let [_, high] = wilson_interval(row.left, row.customers);
        high.max(row.said)
    };
    let largest = bins.iter().map(largest).fold(0.1, f64::max);
    ((largest * 10.0).ceil() / 10.0).min(1.0)
}

fn dots(bins: &[ReliabilityRow], reach: f64) -> Vec<Dot> {
    let across = |share: f64| round(SIDE * share / reach, 2);
    let up = |share: f64| round(SIDE * (1.0 - share / reach), 2);
    let dot = |row: &ReliabilityRow| {
        let [low, high] = wilson_interval(row.left, row.customers);
        Dot {
            x: across(row.said),
            y: up(happened(row)),
            low: up(low),
            high: up(high),
            calibrated: row.scores == CALIBRATED,
            customers: row.customers,
            said: row.said,
            happened: happened(row),
        }
    };
    bins.iter().map(dot).collect()
}

fn ticks(reach: f64) -> Vec<Tick> {
    let tick = |part: u32| {
        let share = reach * f64::from(part) / 4.0;
        Tick {
            at: round(SIDE * f64::from(part) / 4.0, 2),
            label: format!("{} %", round(100.0 * share, 1)),
        }
    };
    (0..=4).map(tick).collect()
}

fn features(outcome: &Outcome, columns: &Columns, words: &Words) -> Vec<Feature> {
    let Some(importance) = outcome.model.importance() else {
        return Vec::new();
    };
    let total = importance.sum();
    let largest = importance.fold(0.0, |most: f64, value| most.max(*value));
    let mut order: Vec<usize> = (0..importance.len())
        .filter(|place| importance[*place] > 0.0)
        .collect();
    order.sort_by(|a, b| importance[*b].total_cmp(&importance[*a]).then(a.cmp(b)));
    order.truncate(FEATURES);
    let feature = |place: usize| Feature {
        name: columns.names[place].clone(),
        about: words.about.get(place).cloned().unwrap_or_default(),
        share: importance[place] / total,
        width: round(100.0 * importance[place] / largest, 2),
    };
    order.into_iter().map(feature).collect()
}

fn rules(outcome: &Outcome, columns: &Columns) -> Vec<Rule> {
    let printed = columns.printed();
    let mut rules = outcome.tree.rules();
    rules.sort_by(|a, b| b.rate.total_cmp(&a.rate).then(a.leaf.cmp(&b.leaf)));
    rules.truncate(RULES);
    let rule = |rule: &LeafRule| Rule {
        text: rule.to_text(&printed),
        rows: rule.rows as u64,
        coverage: rule.coverage,
        rate: rule.rate,
        lift: rule.lift,
    };
    rules.iter().map(rule).collect()
}
