//! When customers come again as a plot, and the dates of churn that suit it.

use minijinja::Value;
use serde::Serialize;

use super::rhythm::{Rhythm, WITHIN_ACTIVE, WITHIN_HORIZON};
use crate::config::Churn;
use crate::failure::Result;
use crate::pages;
use crate::pages::plot::{Axis, Tick};
use crate::text::{percent, plural};

/// The template.
const TEMPLATE: &str = include_str!("page.html");
/// Width and height of the plot.
const SIZE: [f64; 2] = [560.0, 300.0];
/// The plot goes so far beyond the longest time that is marked on it.
const BEYOND: f64 = 1.25;
/// Marks along the days, about.
const MARKS: u32 = 6;
/// Parts of the height that have a mark.
const FIFTHS: u32 = 5;

/// A time on the plot.
#[derive(Serialize)]
struct Mark {
    x: f64,
    y: f64,
    label: String,
    words: String,
    /// Whether it is one of the settings as they are.
    now: bool,
}

/// Puts what was seen into the page.
pub fn render(rhythm: &Rhythm, churn: &Churn, project: &str) -> Result<String> {
    let page = pages::environment()?;
    let found = rhythm.suggest();
    let marked = [churn.horizon_days, churn.active_days].into_iter().chain(
        found
            .iter()
            .flat_map(|dates| [dates.horizon_days, dates.active_days]),
    );
    let reach = f64::from(marked.max().unwrap_or(0).max(rhythm.within(WITHIN_ACTIVE))) * BEYOND;
    let across = Axis::new([0.0, reach], [0.0, SIZE[0]]);
    let up = Axis::new([0.0, 1.0], [SIZE[1], 0.0]);
    let mark = |days: u32, label: String, now: bool| {
        let share = rhythm.share_within(days);
        Mark {
            x: across.at(days.into()),
            y: up.at(share),
            label,
            words: tr!(
                "{share} of the purchases that came again came within {days}",
                share = percent(share),
                days = plural(days.into(), "day")
            ),
            now,
        }
    };
    let mut marks = vec![
        mark(churn.horizon_days, tr!("horizon_days now"), true),
        mark(churn.active_days, tr!("active_days now"), true),
    ];
    if let Some(dates) = found {
        marks.push(mark(
            dates.horizon_days,
            tr!("horizon_days proposed"),
            false,
        ));
        marks.push(mark(dates.active_days, tr!("active_days proposed"), false));
    }
    let steps = rhythm
        .steps(reach)
        .map(|(days, share)| [across.at(days), up.at(share)]);
    let line: Vec<String> = steps.map(|[x, y]| format!("{x},{y}")).collect();
    let ticks = |axis: Axis| -> Vec<Tick> {
        let tick = |fifth: u32| {
            let share = f64::from(fifth) / f64::from(FIFTHS);
            axis.tick(share, format!("{} %", fifth * 100 / FIFTHS))
        };
        (0..=FIFTHS).map(tick).collect()
    };
    let context = Value::from_pairs([
        ("project", Value::from(project)),
        ("words", Value::from(rhythm.words())),
        ("lines", Value::from(rhythm.lines(churn))),
        ("line", Value::from(line.join(" "))),
        ("marks", pages::value_of(&marks)?),
        ("across", pages::value_of(&days(across, reach))?),
        ("up", pages::value_of(&ticks(up))?),
        ("found", Value::from(found.is_some())),
        ("within_horizon", Value::from(percent(WITHIN_HORIZON))),
        ("within_active", Value::from(percent(WITHIN_ACTIVE))),
        ("version", Value::from(env!("CARGO_PKG_VERSION"))),
    ]);
    pages::render(&page, "churn_rhythm.html", TEMPLATE, context)
}

/// Marks at whole weeks, a few of them.
fn days(across: Axis, reach: f64) -> Vec<Tick> {
    let weeks = (reach / 7.0 / f64::from(MARKS)).ceil().max(1.0) as u32;
    let days = (0..).map(|mark| mark * weeks * 7);
    days.take_while(|days| f64::from(*days) <= reach)
        .map(|days| across.tick(days.into(), days.to_string()))
        .collect()
}
