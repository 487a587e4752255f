//! Scatter and matrix: where rules lie, and which items bring which.

use serde::Serialize;

use super::{RuleLine, short_name};
use crate::pages::plot::{Axis, Tick, place};
use crate::text::percent;

/// The picture of the scatter, and the room around its points.
const WIDTH: f64 = 1060.0;
const HEIGHT: f64 = 430.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 46.0;
/// More points would be a blot.
const POINTS: usize = 1500;
/// Rows and columns of a matrix, at most.
const CELLS: usize = 16;

/// Rules as points: support across, confidence up.
#[derive(Debug, Default, Serialize)]
pub struct Scatter {
    width: f64,
    height: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    across: Vec<Tick>,
    up: Vec<Tick>,
    points: Vec<Point>,
}

#[derive(Debug, Serialize)]
struct Point {
    x: f64,
    y: f64,
    radius: f64,
    /// `held`, `fell` or `open`.
    class: &'static str,
    title: String,
}

/// Rules as points.
pub fn scatter(rules: &[RuleLine]) -> Scatter {
    let rules = &rules[..rules.len().min(POINTS)];
    let supports = rules.iter().map(|rule| rule.support);
    let low = supports.clone().fold(f64::INFINITY, f64::min);
    if rules.is_empty() || low <= 0.0 {
        return Scatter::default();
    }
    let (x, across) = across(low, supports.fold(0.0, f64::max));
    let (y, up) = up(rules.iter().map(|rule| rule.confidence).fold(0.0, f64::max));
    let points = rules.iter().map(|rule| Point {
        x: x.at(rule.support.ln()),
        y: y.at(rule.confidence),
        radius: place((2.5 + 2.2 * rule.lift.max(1.0).ln()).min(10.0)),
        class: match rule.held_up {
            Some(true) => "held",
            Some(false) => "fell",
            None => "open",
        },
        title: tr!(
            "{rule}; support {share}",
            rule = rule.words,
            share = share(rule.support)
        ),
    });
    let mut points: Vec<Point> = points.collect();
    // Large ones first, so that no small one is hidden.
    points.sort_by(|a, b| b.radius.total_cmp(&a.radius));
    Scatter {
        width: WIDTH,
        height: HEIGHT,
        left: LEFT,
        right: WIDTH - RIGHT,
        top: TOP,
        bottom: HEIGHT - BOTTOM,
        across,
        up,
        points,
    }
}

/// The axis of the support, on a log scale, and its marks.
fn across(low: f64, high: f64) -> (Axis, Vec<Tick>) {
    // A little room beyond the first and the last point.
    let (low, high) = (low / 1.25, (high * 1.25).max(low * 2.5));
    let axis = Axis::new([low.ln(), high.ln()], [LEFT, WIDTH - RIGHT]);
    let decades = (low.log10().floor() as i32..=high.log10().ceil() as i32)
        .flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(power)));
    let ticks = decades
        .filter(|value| (low..=high).contains(value))
        .map(|value| axis.tick(value.ln(), share(value)));
    (axis, ticks.collect())
}

/// The axis of the confidence and its marks.
fn up(most: f64) -> (Axis, Vec<Tick>) {
    let step = [0.02, 0.05, 0.1, 0.2]
        .into_iter()
        .find(|step| most / step <= 6.0)
        .unwrap_or(0.2);
    let highest = ((most / step).floor() + 1.0).min((1.0 / step).round()) * step;
    let axis = Axis::new([0.0, highest], [HEIGHT - BOTTOM, TOP]);
    let ticks = (0..=(highest / step).round() as usize).map(|i| {
        let value = i as f64 * step;
        axis.tick(value, format!("{:.0} %", value * 100.0))
    });
    (axis, ticks.collect())
}

/// A small share with the digits that it needs.
fn share(value: f64) -> String {
    let hundredths = value * 100.0;
    match hundredths {
        _ if hundredths >= 1.0 => format!("{} %", (hundredths * 10.0).round() / 10.0),
        _ => format!("{} %", (hundredths * 1e4).round() / 1e4),
    }
}

/// A square for each pair of items.
#[derive(Debug, Default, Serialize)]
pub struct Matrix {
    rows: Vec<String>,
    columns: Vec<String>,
    cells: Vec<Cell>,
}

#[derive(Debug, Serialize)]
struct Cell {
    row: usize,
    column: usize,
    /// How dark, 0 to 1.
    shade: f64,
    /// Whether it is less than chance.
    less: bool,
    text: String,
    title: String,
}

/// The row or column of an item; a new one is given as long as there is room.
fn row_of(items: &mut Vec<u32>, item: u32) -> Option<usize> {
    if let Some(row) = items.iter().position(|known| *known == item) {
        return Some(row);
    }
    (items.len() < CELLS).then(|| {
        items.push(item);
        items.len() - 1
    })
}

/// How dark a lift is: twice as far from 1 on a log scale is twice as dark.
fn shade(lift: f64, farthest: f64) -> f64 {
    place(0.12 + 0.78 * (lift.max(1e-3).ln().abs() / farthest.max(1e-9)).min(1.0))
}

/// The strongest rules of one item each side: what is bought down, what comes with it across.
pub fn matrix(rules: &[RuleLine], names: &[String]) -> Matrix {
    let (mut rows, mut columns) = (Vec::new(), Vec::new());
    let mut kept: Vec<(usize, usize, &RuleLine)> = Vec::new();
    for rule in rules {
        let ([from], [to]) = (&rule.antecedent[..], &rule.consequent[..]) else {
            continue;
        };
        // An item may have a row while there is no column left for the other.
        let before = rows.len();
        if let Some(row) = row_of(&mut rows, *from) {
            match row_of(&mut columns, *to) {
                Some(column) => kept.push((row, column, rule)),
                None => rows.truncate(before),
            }
        }
    }
    let farthest = kept
        .iter()
        .map(|(.., rule)| rule.lift.max(1.0).ln())
        .fold(0.0, f64::max);
    let named = |items: &[u32]| {
        items
            .iter()
            .map(|&item| short_name(&names[item as usize]))
            .collect()
    };
    Matrix {
        rows: named(&rows),
        columns: named(&columns),
        cells: kept
            .iter()
            .map(|(row, column, rule)| Cell {
                row: *row,
                column: *column,
                shade: shade(rule.lift, farthest),
                less: rule.lift < 1.0,
                text: format!("{:.1}", rule.lift),
                title: rule.words.clone(),
            })
            .collect(),
    }
}

/// A step from one basket to the next.
pub struct Step {
    /// What was bought.
    pub from: u32,
    /// What was bought the next time.
    pub to: u32,
    /// How often.
    pub count: u64,
    /// The share of the next baskets that hold it.
    pub confidence: f64,
    /// How many times its usual share that is.
    pub lift: f64,
}

/// Steps between the items with the most of them.
pub fn transitions(steps: &[Step], names: &[String]) -> Matrix {
    let mut totals: std::collections::BTreeMap<u32, u64> = std::collections::BTreeMap::new();
    for step in steps {
        *totals.entry(step.from).or_default() += step.count;
    }
    let mut items: Vec<(u64, u32)> = totals
        .into_iter()
        .map(|(item, count)| (count, item))
        .collect();
    items.sort_by_key(|&(count, item)| (std::cmp::Reverse(count), item));
    items.truncate(CELLS);
    let items: Vec<u32> = items.into_iter().map(|(_, item)| item).collect();
    let at = |item: u32| items.iter().position(|known| *known == item);
    let kept: Vec<(usize, usize, &Step)> = steps
        .iter()
        .filter_map(|step| Some((at(step.from)?, at(step.to)?, step)))
        .collect();
    let farthest = kept
        .iter()
        .map(|(.., step)| step.lift.max(1e-3).ln().abs())
        .fold(0.0, f64::max);
    let named: Vec<String> = items
        .iter()
        .map(|&item| short_name(&names[item as usize]))
        .collect();
    Matrix {
        rows: named.clone(),
        columns: named,
        cells: kept
            .iter()
            .map(|(row, column, step)| Cell {
                row: *row,
                column: *column,
                shade: shade(step.lift, farthest),
                less: step.lift < 1.0,
                text: format!("{:.0}", step.confidence * 100.0),
                title: tr!(
                    "after {first}, {share} of the next baskets had {then}: {lift} times the usual",
                    first = names[step.from as usize],
                    share = percent(step.confidence),
                    then = names[step.to as usize],
                    lift = format!("{:.2}", step.lift)
                ),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(from: u32, to: u32, support: f64, confidence: f64) -> RuleLine {
        RuleLine {
            antecedent: vec![from],
            consequent: vec![to],
            support,
            confidence,
            lift: 2.0,
            ..RuleLine::default()
        }
    }

    #[test]
    fn points_and_ticks_lie_inside() {
        let rules = [rule(0, 1, 0.0004, 0.1), rule(1, 2, 0.2, 0.97)];
        let drawn = scatter(&rules);
        assert_eq!(drawn.points.len(), 2);
        assert!(drawn.across.len() >= 6, "{:?}", drawn.across);
        for point in &drawn.points {
            assert!(point.x > LEFT && point.x < WIDTH - RIGHT, "{point:?}");
            assert!(point.y >= TOP && point.y < HEIGHT - BOTTOM, "{point:?}");
        }
        assert_eq!(
            drawn.up.last().map(|tick| tick.label.as_str()),
            Some("100 %")
        );
        assert!(scatter(&[]).points.is_empty());
    }

    #[test]
    fn a_matrix_has_the_first_rules_and_no_row_without_a_cell() {
        let names: Vec<String> = (0..90).map(|i| format!("{i}")).collect();
        let rules: Vec<RuleLine> = (0..40).map(|i| rule(i, i + 50, 0.1, 0.2)).collect();
        let drawn = matrix(&rules, &names);
        assert_eq!(
            (drawn.rows.len(), drawn.columns.len(), drawn.cells.len()),
            (CELLS, CELLS, CELLS)
        );
        let many: Vec<RuleLine> = (0..40).map(|i| rule(i % 3, i + 40, 0.1, 0.2)).collect();
        let drawn = matrix(&many, &names);
        for row in 0..drawn.rows.len() {
            assert!(drawn.cells.iter().any(|cell| cell.row == row));
        }
    }
}
