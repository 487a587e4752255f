//! Drift as a page: then and now beside each other, the scores first, then what has moved most.

use minijinja::Value;
use serde::Serialize;

use super::{Metrics, Row, Since};
use crate::failure::Result;
use crate::pages;
use crate::pages::plot::place;
use crate::text::{begun, count, percent};

/// The template.
const TEMPLATE: &str = include_str!("page.html");
/// Features with a plot; the others are in the table.
const PLOTS: usize = 20;
/// Width and height of a plot.
const SIZE: [f64; 2] = [420.0, 120.0];

#[derive(Serialize)]
struct Line {
    words: String,
    about: String,
    drifted: bool,
    psi: f64,
    critical: f64,
    p_value: f64,
    missing: [f64; 2],
    strange: f64,
    moves: Option<f64>,
    /// Bars of then and now.
    bars: Vec<Bar>,
}

/// A bin on its plot: both bars side by side.
#[derive(Serialize)]
struct Bar {
    words: String,
    x: [f64; 2],
    y: [f64; 2],
    width: f64,
    height: [f64; 2],
}

/// Puts what was found into the page.
pub fn render(project: &str, metrics: &Metrics, rows: &[Row], most: f64) -> Result<String> {
    let mut page = pages::environment()?;
    page.add_filter("fine", |value: f64| format!("{value:.4}"));
    let lines: Vec<Line> = rows.iter().enumerate().map(line).collect();
    let since = match &metrics.since {
        Since::Nothing(why) => tr!("No outcomes have become known since: {why}.", why = why),
        Since::Outcomes {
            said,
            left,
            log_loss,
            roc_auc,
            customers,
            ..
        } => tr!(
            "Of {customers} customers whose outcomes have become known since, it said that {said} would leave, and {left} did; log loss {loss}, ROC AUC {auc}.",
            customers = count(*customers),
            said = percent(*said),
            left = percent(*left),
            loss = format!("{:.4}", log_loss.value),
            auc = format!("{:.4}", roc_auc.value)
        ),
    };
    let date = |date: Option<chrono::NaiveDate>| {
        date.map_or_else(|| tr!("the table"), |date| date.to_string())
    };
    let context = Value::from_pairs([
        ("project", Value::from(project)),
        ("version", Value::from(metrics.version)),
        ("then", Value::from(date(metrics.then))),
        ("now", Value::from(date(metrics.now))),
        ("customers", pages::value_of(&metrics.customers)?),
        ("means", pages::value_of(&metrics.mean_score)?),
        ("drifted", Value::from(metrics.drifted.len() as u64)),
        ("since", Value::from(since)),
        ("most", Value::from(most)),
        ("rows", pages::value_of(&lines)?),
        ("size", pages::value_of(&SIZE)?),
    ]);
    pages::render(&page, "drift.html", TEMPLATE, context)
}

fn line((number, row): (usize, &Row)) -> Line {
    Line {
        words: begun(&row.words),
        about: row.about.clone(),
        drifted: row.drifted,
        psi: row.found.psi,
        critical: row.found.critical,
        p_value: row.found.p_value,
        missing: row.missing,
        strange: row.strange,
        moves: Some(row.moves).filter(|moves| !moves.is_nan()),
        bars: match number <= PLOTS {
            true => bars(row),
            false => Vec::new(),
        },
    }
}

fn bars(row: &Row) -> Vec<Bar> {
    let [width, height] = SIZE;
    let tops = row.bins.iter().flat_map(|bin| bin.shares);
    let top = tops.fold(0.0_f64, f64::max);
    if top <= 0.0 {
        return Vec::new();
    }
    let slot = width / row.bins.len() as f64;
    let bar = |(number, bin): (usize, &super::Bin)| {
        let heights = bin.shares.map(|share| place(height * share / top));
        let left = slot * (number as f64 + 0.1);
        Bar {
            words: tr!(
                "{bin}: {then} then, {now} now",
                bin = bin.label,
                then = percent(bin.shares[0]),
                now = percent(bin.shares[1])
            ),
            x: [place(left), place(left + slot * 0.4)],
            y: heights.map(|tall| place(height - tall)),
            width: place(slot * 0.4),
            height: heights,
        }
    };
    row.bins.iter().enumerate().map(bar).collect()
}
