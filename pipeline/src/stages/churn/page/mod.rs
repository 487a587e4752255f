//! The models, the calibration, what the scores look at and the readable tree as one page.

use minijinja::Value;
use regulars_models::tree::{ColumnName, LeafRule, Step};
use serde::Serialize;

use super::bands::BandRow;
use super::metrics::Customers;
use super::population::Population;
use super::spoken::{Spoken, spoken, title};
use super::tables::{descending, likeliest, people};
use super::titled;
use crate::failure::Result;
use crate::learning::figures::{AS_LEARNED, ReliabilityRow};
use crate::learning::leaderboard::{Assessment, ModelRow};
use crate::learning::learned::Learned;
use crate::outputs::table::round;
use crate::pages;
use crate::pages::plot::{Axis, Tick};
use crate::text::begun;
use crate::words::said;

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
struct ModelLine {
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
    mean: f64,
    happened: f64,
}

/// The marks of the calibration's plot.
#[derive(Serialize)]
struct Ticks {
    across: Vec<Tick>,
    up: Vec<Tick>,
}

#[derive(Serialize)]
struct FeatureLine {
    words: String,
    share: f64,
    width: f64,
}

/// A node of the tree.
#[derive(Serialize)]
struct StepLine {
    depth: usize,
    text: String,
    rows: u64,
    coverage: f64,
    rate: f64,
    /// Whether more leave than of all.
    above: bool,
    leaf: Option<usize>,
}

#[derive(Serialize)]
struct RuleLine {
    text: String,
    customers: u64,
    rows: u64,
    coverage: f64,
    rate: f64,
    lift: f64,
}

/// Puts what was found into the page.
pub fn render(
    learned: &Learned,
    found: &Assessment,
    population: &Population,
    customers: &Customers,
) -> Result<String> {
    let words = &population.words;
    let mut page = pages::environment()?;
    page.add_filter("fine", |value: f64| format!("{value:.4}"));
    let reach = reach(&found.reliability);
    let bands = customers.bands.iter();
    let scored: u64 = bands.map(|band| band.customers).sum();
    let campaign = customers
        .campaign
        .as_ref()
        .map(|found| found.words.as_str());
    let chosen = found.models.iter().find(|row| row.chosen).map(titled);
    let columns = spoken(learned.features(), words.known, population.shop());
    let context = Value::from_pairs([
        ("project", Value::from(words.project.as_str())),
        ("outcome", Value::from(words.churned.as_str())),
        ("tested", Value::from(words.tested.as_str())),
        ("learned", Value::from(words.learned.as_str())),
        ("explained", Value::from(population.rows_explained())),
        ("dated", Value::from(population.people.is_some())),
        ("why", Value::from(found.why.said.as_str())),
        (
            "validation",
            Value::from(found.validation.as_deref().map(said)),
        ),
        ("bands", pages::value_of(&banded(customers))?),
        ("unscored", pages::value_of(&unscored(customers))?),
        ("campaign", Value::from(campaign)),
        ("currency", Value::from(words.currency.as_str())),
        ("scored", Value::from(scored)),
        ("chosen", pages::value_of(&chosen)?),
        ("models", pages::value_of(&model_lines(&found.models))?),
        ("several", Value::from(!found.tests.is_empty())),
        ("dots", pages::value_of(&dots(&found.reliability, reach))?),
        ("ticks", pages::value_of(&ticks(reach))?),
        ("calibration", pages::value_of(&found.calibration)?),
        ("features", pages::value_of(&features(learned, &columns))?),
        ("all_rules", Value::from(learned.tree.leaf_count())),
        (
            "rules",
            pages::value_of(&rules(learned, population, &columns))?,
        ),
        ("rows_called", Value::from(population.rows_called())),
        (
            "tree",
            pages::value_of(&steps(learned, population, &columns))?,
        ),
        ("usual", Value::from(learned.tree.base_rate())),
        ("version", Value::from(env!("CARGO_PKG_VERSION"))),
    ]);
    pages::render(&page, "churn.html", TEMPLATE, context)
}

/// What stands below the number of each band.
fn banded(customers: &Customers) -> Vec<(u64, String)> {
    let words = |row: &BandRow| tr!("at {band} risk", band = said(&row.band));
    let bands = customers.bands.iter();
    bands.map(|row| (row.customers, words(row))).collect()
}

/// How many of each band have no score, and what stands below that.
fn unscored(customers: &Customers) -> Vec<(u64, String)> {
    let some = customers.unscored.iter().filter(|row| row.customers > 0);
    some.map(|row| {
        let words = tr!(
            "{band}, not scored: {why}",
            band = said(&row.band),
            why = row.why
        );
        (row.customers, words)
    })
    .collect()
}

fn model_lines(models: &[ModelRow]) -> Vec<ModelLine> {
    let ranges = models.iter().map(|row| row.ranges.log_loss_range);
    let lowest = ranges
        .clone()
        .map(|range| range.low)
        .fold(f64::INFINITY, f64::min);
    let highest = ranges.map(|range| range.high).fold(0.0, f64::max);
    let axis = Axis::new([lowest, highest], [0.0, WIDTH]);
    let row = |row: &ModelRow| {
        let range = row.ranges.log_loss_range;
        let figures = &row.figures;
        ModelLine {
            title: title(&row.title),
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
            plot: [range.low, range.high, figures.log_loss].map(|value| axis.at(value)),
        }
    };
    models.iter().map(row).collect()
}

/// The largest probability that the plot of the calibration has to hold, a whole tenth.
fn reach(bins: &[ReliabilityRow]) -> f64 {
    let largest = |row: &ReliabilityRow| {
        let [_, high] = row.interval();
        high.max(row.mean)
    };
    let largest = bins.iter().map(largest).fold(0.1, f64::max);
    ((largest * 10.0).ceil() / 10.0).min(1.0)
}

/// The axes of the calibration's plot: probabilities across, what happened up.
fn axes(reach: f64) -> [Axis; 2] {
    [[0.0, SIDE], [SIDE, 0.0]].map(|places| Axis::new([0.0, reach], places))
}

fn dots(bins: &[ReliabilityRow], reach: f64) -> Vec<Dot> {
    let [across, up] = axes(reach);
    let dot = |row: &ReliabilityRow| {
        let [low, high] = row.interval();
        Dot {
            x: across.at(row.mean),
            y: up.at(row.happened()),
            low: up.at(low),
            high: up.at(high),
            calibrated: row.scores != AS_LEARNED,
            customers: row.rows,
            mean: row.mean,
            happened: row.happened(),
        }
    };
    bins.iter().map(dot).collect()
}

fn ticks(reach: f64) -> Ticks {
    let [across, up] = axes(reach).map(|axis| {
        let tick = |part: u32| {
            let share = reach * f64::from(part) / 4.0;
            axis.tick(share, format!("{} %", round(100.0 * share, 1)))
        };
        (0..=4).map(tick).collect()
    });
    Ticks { across, up }
}

/// The tree from the top down, each node before its children.
fn steps(learned: &Learned, population: &Population, columns: &[Spoken<'_>]) -> Vec<StepLine> {
    let usual = learned.tree.base_rate();
    let line = |step: Step| StepLine {
        depth: step.depth,
        text: step
            .condition
            .unwrap_or_else(|| tr!("all {rows}", rows = population.rows_called())),
        rows: step.rows as u64,
        coverage: step.coverage,
        rate: step.rate,
        above: step.rate > usual,
        leaf: step.leaf.map(|(number, _)| number),
    };
    learned
        .tree
        .outline(columns)
        .into_iter()
        .map(line)
        .collect()
}

fn features(learned: &Learned, columns: &[Spoken<'_>]) -> Vec<FeatureLine> {
    let importance = learned.importance().unwrap_or_default();
    let total = importance.sum();
    let largest = importance.fold(0.0, |most: f64, value| most.max(*value));
    let line = |place: usize| FeatureLine {
        words: begun(columns[place].name()),
        share: importance[place] / total,
        width: round(100.0 * importance[place] / largest, 2),
    };
    let order = descending(&importance).into_iter().take(FEATURES);
    let used = order.filter(|place| importance[*place] > 0.0);
    used.map(line).collect()
}

fn rules(learned: &Learned, population: &Population, columns: &[Spoken<'_>]) -> Vec<RuleLine> {
    let mut rules = likeliest(&learned.tree);
    rules.truncate(RULES);
    let people = people(&rules, learned, population);
    let line = |(rule, customers): (LeafRule, u64)| RuleLine {
        text: rule.to_text(columns),
        customers,
        rows: rule.rows as u64,
        coverage: rule.coverage,
        rate: rule.rate,
        lift: rule.lift,
    };
    rules.into_iter().zip(people).map(line).collect()
}
