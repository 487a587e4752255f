//! Stages, who went where in the last month, and the flow of the last months as one page.

use chrono::NaiveDate;
use minijinja::Value;
use regulars_models::life_cycle::Stage;
use serde::Serialize;

use super::super::words;
use super::{LifeMetrics, Move, name};
use crate::failure::Result;
use crate::outputs::table::round;
use crate::pages::{self, part};
use crate::text::count;
use crate::words::said;

/// The template.
const TEMPLATE: &str = include_str!("page.html");
/// The latest steps that the flow shows.
const STEPS: usize = 6;
/// Width between dates, height of all customers, and width of a bar.
const ACROSS: f64 = 150.0;
const DOWN: f64 = 360.0;
const BAR: f64 = 16.0;
/// What lies between stages of one date.
const BETWEEN: f64 = 5.0;

/// The flow through the stages.
#[derive(Serialize, Default)]
struct Flow {
    width: f64,
    height: f64,
    bars: Vec<Bar>,
    bands: Vec<Band>,
    dates: Vec<At>,
}

/// A stage at a date.
#[derive(Serialize)]
struct Bar {
    class: &'static str,
    x: f64,
    y: f64,
    height: f64,
    label: Option<At>,
    says: String,
}

/// Customers on their way from a stage at a date to one at the next.
#[derive(Serialize)]
struct Band {
    class: &'static str,
    path: String,
    says: String,
}

/// A text and where it stands.
#[derive(Serialize)]
struct At {
    x: f64,
    y: f64,
    end: bool,
    text: String,
}

/// A stage, with what became of its customers in the last month.
#[derive(Serialize)]
struct Row {
    name: &'static str,
    customers: u64,
    cells: Vec<Cell>,
}

#[derive(Serialize)]
struct Cell {
    share: Option<f64>,
    says: String,
}

/// A stage with its size, in words.
#[derive(Serialize)]
struct Sized {
    name: &'static str,
    customers: u64,
    share: f64,
    width: f64,
    spend_share: f64,
    meaning: &'static str,
    action: &'static str,
}

/// Puts what was found into the page.
pub fn render(
    project: &str,
    as_of: NaiveDate,
    found: &LifeMetrics,
    moves: &[Move],
) -> Result<String> {
    let page = pages::environment()?;
    let last = moves.last().map(|step| step.dates);
    let latest: Vec<&Move> = moves
        .iter()
        .filter(|step| Some(step.dates) == last)
        .collect();
    let stages: Vec<&str> = Stage::ALL
        .iter()
        .map(|stage| words::stage(stage.name()))
        .collect();
    let context = Value::from_pairs([
        ("project", Value::from(project)),
        ("as_of", Value::from(as_of.to_string())),
        ("found", pages::value_of(found)?),
        ("sizes", pages::value_of(&sizes(found))?),
        (
            "since",
            pages::value_of(&last.map(|dates| dates[0].to_string()))?,
        ),
        ("stages", pages::value_of(&stages)?),
        ("rows", pages::value_of(&rows(&latest))?),
        ("flow", pages::value_of(&flow(moves))?),
        ("version", Value::from(env!("CARGO_PKG_VERSION"))),
    ]);
    pages::render(&page, "life_cycle.html", TEMPLATE, context)
}

fn sizes(found: &LifeMetrics) -> Vec<Sized> {
    let most = found.stages.iter().map(|row| row.share).fold(0.0, f64::max);
    let rows = found.stages.iter().filter_map(|row| {
        let stage = Stage::ALL
            .into_iter()
            .find(|stage| stage.name() == row.name)?;
        Some(Sized {
            name: words::stage(stage.name()),
            customers: row.customers,
            share: row.share,
            width: round(100.0 * row.share / most, 1),
            spend_share: row.spend_share,
            meaning: said(stage.description()),
            action: said(stage.action()),
        })
    });
    rows.collect()
}

/// A row for each stage that somebody was in, and a cell for each that there is.
fn rows(moves: &[&Move]) -> Vec<Row> {
    let from = Stage::ALL.into_iter().map(Some).chain([None]);
    let row = |from: Option<Stage>| {
        let of = moves.iter().filter(|step| step.stages[0] == from);
        let customers = of.clone().map(|step| step.customers).sum();
        let cells = Stage::ALL.into_iter().map(|into| {
            let step = of.clone().find(|step| step.stages[1] == Some(into));
            Cell {
                share: step.map(|step| step.share),
                says: step.map_or_else(String::new, |step| {
                    tr!(
                        "{n} of {all} went from {from} to {to}",
                        n = count(step.customers),
                        all = count(customers),
                        from = words::stage(name(from)),
                        to = words::stage(into.name())
                    )
                }),
            }
        });
        Row {
            name: words::stage(name(from)),
            customers,
            cells: cells.collect(),
        }
    };
    from.map(row).filter(|row| row.customers > 0).collect()
}

/// How a stage is drawn.
fn class(stage: Stage) -> &'static str {
    match stage {
        Stage::Prospect | Stage::New => "new",
        Stage::OneTimer => "once",
        Stage::Growing | Stage::Mature | Stage::Declining | Stage::Reactivated => "here",
        Stage::AtRisk | Stage::Dormant => "risk",
        Stage::Churned => "gone",
    }
}

/// Customers of each stage who have bought, at a date.
fn at_date(moves: &[&Move], place: usize) -> [u64; 10] {
    let mut sizes = [0; 10];
    for step in moves {
        if let Some(stage) = step.stages[place].filter(|stage| *stage != Stage::Prospect) {
            sizes[stage.place()] += step.customers;
        }
    }
    sizes
}

/// The latest steps as bars and bands; prospects, who may be many, are not drawn.
fn flow(moves: &[Move]) -> Flow {
    let mut dates: Vec<[NaiveDate; 2]> = moves.iter().map(|step| step.dates).collect();
    dates.dedup();
    let dates = &dates[dates.len().saturating_sub(STEPS)..];
    let steps: Vec<Vec<&Move>> = dates
        .iter()
        .map(|dates| moves.iter().filter(|step| step.dates == *dates).collect())
        .collect();
    let (Some(first), Some(_)) = (steps.first(), steps.last()) else {
        return Flow::default();
    };
    let mut sizes = vec![at_date(first, 0)];
    sizes.extend(steps.iter().map(|step| at_date(step, 1)));
    let most = sizes.iter().map(|sizes| sizes.iter().sum::<u64>()).max();
    let unit = DOWN / most.unwrap_or(1).max(1) as f64;
    let tops: Vec<[f64; 10]> = sizes.iter().map(|sizes| tops(sizes, unit)).collect();
    let mut flow = Flow {
        width: ACROSS * steps.len() as f64 + BAR,
        height: DOWN + 9.0 * BETWEEN,
        ..Flow::default()
    };
    for (column, sizes) in sizes.iter().enumerate() {
        let date = match column {
            0 => dates[0][0],
            column => dates[column - 1][1],
        };
        let x = ACROSS * column as f64;
        flow.dates.push(At {
            x: x + BAR / 2.0,
            y: -10.0,
            end: false,
            text: date.to_string(),
        });
        flow.bars
            .extend(bars(sizes, &tops[column], unit, column, steps.len(), date));
    }
    for (column, step) in steps.iter().enumerate() {
        flow.bands.extend(bands(
            step,
            column,
            [&tops[column], &tops[column + 1]],
            unit,
        ));
    }
    flow
}

/// Where the stages of a date begin, from above.
fn tops(sizes: &[u64; 10], unit: f64) -> [f64; 10] {
    let mut y = 0.0;
    let mut tops = [0.0; 10];
    for (top, size) in tops.iter_mut().zip(sizes) {
        *top = y;
        if *size > 0 {
            y += *size as f64 * unit + BETWEEN;
        }
    }
    tops
}

fn bars(
    sizes: &[u64; 10],
    tops: &[f64; 10],
    unit: f64,
    column: usize,
    last: usize,
    date: NaiveDate,
) -> Vec<Bar> {
    let x = ACROSS * column as f64;
    let stages = Stage::ALL
        .into_iter()
        .filter(|stage| sizes[stage.place()] > 0);
    stages
        .map(|stage| {
            let (size, y) = (sizes[stage.place()], tops[stage.place()]);
            let height = size as f64 * unit;
            let label = |x, end| At {
                x,
                y: round(y + height / 2.0 + 4.0, 1),
                end,
                text: words::stage(stage.name()).to_owned(),
            };
            Bar {
                class: class(stage),
                x,
                y: round(y, 1),
                height: round(height.max(0.5), 1),
                // Names that would lie on each other are left out; pointing at a bar tells them.
                label: match (column, height >= 9.0) {
                    (0, true) => Some(label(x - 6.0, true)),
                    (column, true) if column == last => Some(label(x + BAR + 6.0, false)),
                    _ => None,
                },
                says: tr!(
                    "{date}: {n} {stage}",
                    date = date,
                    n = count(size),
                    stage = words::stage(stage.name())
                ),
            }
        })
        .collect()
}

fn bands(moves: &[&Move], column: usize, tops: [&[f64; 10]; 2], unit: f64) -> Vec<Band> {
    let (mut from_y, mut to_y) = (*tops[0], *tops[1]);
    let (x, end) = (ACROSS * column as f64 + BAR, ACROSS * (column + 1) as f64);
    let middle = (x + end) / 2.0;
    let mut bands = Vec::new();
    for step in moves {
        let [Some(from), Some(into)] = step.stages else {
            continue;
        };
        if from == Stage::Prospect || into == Stage::Prospect {
            continue;
        }
        let height = step.customers as f64 * unit;
        let [top, low] = [&mut from_y[from.place()], &mut to_y[into.place()]];
        let (a, b) = (round(*top, 1), round(*low, 1));
        let (c, d) = (round(*top + height, 1), round(*low + height, 1));
        (*top, *low) = (*top + height, *low + height);
        bands.push(Band {
            class: class(into),
            path: format!(
                "M{x},{a} C{middle},{a} {middle},{b} {end},{b} L{end},{d} C{middle},{d} {middle},{c} {x},{c} Z"
            ),
            says: tr!(
                "{n} from {from} to {to}, {share} of them",
                n = count(step.customers),
                from = words::stage(from.name()),
                to = words::stage(into.name()),
                share = part(step.share)
            ),
        });
    }
    bands
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(stages: [Option<Stage>; 2], customers: u64) -> Move {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        Move {
            dates: [day("2017-04-01"), day("2017-05-01")],
            stages,
            customers,
            share: 0.5,
        }
    }

    #[test]
    fn bands_begin_and_end_within_their_bars() {
        let moves = [
            step([Some(Stage::New), Some(Stage::Mature)], 30),
            step([Some(Stage::New), Some(Stage::AtRisk)], 30),
            step([Some(Stage::Mature), Some(Stage::Mature)], 40),
            step([Some(Stage::Prospect), Some(Stage::New)], 20),
            step([None, Some(Stage::Prospect)], 900),
        ];
        let flow = flow(&moves);
        // 120 customers at most, on 360 units: three for each.
        let bar = |x: f64, class: &str| {
            let bar = flow
                .bars
                .iter()
                .find(|bar| bar.x == x && bar.class == class);
            bar.map(|bar| (bar.y, bar.height)).unwrap()
        };
        assert_eq!(bar(0.0, "new"), (0.0, 180.0));
        assert_eq!(bar(0.0, "here"), (185.0, 120.0));
        assert_eq!(bar(ACROSS, "new"), (0.0, 60.0));
        assert_eq!(bar(ACROSS, "here"), (65.0, 210.0));
        assert_eq!(flow.bands.len(), 3, "who was a prospect comes from nowhere");
        assert!(
            flow.bands[0]
                .path
                .starts_with("M16,0 C83,0 83,65 150,65 L150,155")
        );
        let again = rows(&moves.iter().collect::<Vec<_>>());
        assert_eq!(again.last().unwrap().name, "not known yet");
        assert_eq!(again.len(), 4);
        assert_eq!(super::flow(&[]).bars.len(), 0);
    }
}
