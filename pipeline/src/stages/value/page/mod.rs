//! The models, what they predicted beside what came, who holds the value, and cohorts as one page.

use minijinja::Value;
use serde::Serialize;

use super::cohorts::CohortMonth;
use super::metrics::Metrics;
use super::rank::{ranks, tenth};
use super::tables::Made;
use super::trial::Group;
use super::worth::Worth;
use crate::failure::Result;
use crate::pages;
use crate::pages::plot::{Axis, Tick, place};
use crate::text::{money, percent, round};
use crate::words::{Language, said, spoken};

/// The template.
const TEMPLATE: &str = include_str!("page.html");
/// Width and height of the plot of what came.
const SIDES: [f64; 2] = [420.0, 240.0];
/// The latest cohorts that the page shows, and their first months.
const COHORTS: usize = 24;
const MONTHS: u32 = 24;
/// How far cells of the heat maps lie apart, across and down.
const CELL: [f64; 2] = [32.0, 19.0];

/// What was predicted beside what came, on its plot.
#[derive(Serialize)]
struct Plot {
    across: Vec<Tick>,
    up: Vec<Tick>,
    lines: Vec<Line>,
}

/// A line of the plot, with its points.
#[derive(Serialize)]
struct Line {
    class: &'static str,
    path: String,
    dots: Vec<Dot>,
}

#[derive(Serialize)]
struct Dot {
    x: f64,
    y: f64,
    says: String,
}

/// A tenth of the customers by value.
#[derive(Serialize)]
struct Tenth {
    number: usize,
    customers: u64,
    mean: String,
    share: f64,
    width: f64,
}

/// A heat map of the cohorts.
#[derive(Serialize)]
struct Heat {
    title: &'static str,
    width: f64,
    height: f64,
    rows: Vec<HeatRow>,
    months: Vec<Tick>,
}

#[derive(Serialize)]
struct HeatRow {
    name: String,
    y: f64,
    cells: Vec<Cell>,
}

#[derive(Serialize)]
struct Cell {
    x: f64,
    shade: f64,
    label: String,
    says: String,
}

/// Puts what was found into the page.
pub fn render(
    project: &str,
    found: &Metrics,
    worths: &[Worth],
    made: &Made<'_>,
    cohorts: &[CohortMonth],
) -> Result<String> {
    let mut page = pages::environment()?;
    page.add_filter("fine", |value: f64| format!("{value:.3}"));
    let plot = (!found.groups.is_empty()).then(|| plot(&found.groups));
    let total = found
        .lifetime_value
        .map(|value| money(value, made.currency));
    let context = Value::from_pairs([
        ("project", Value::from(project)),
        ("made", Value::from(made.words())),
        ("word", Value::from(said(made.margin.word()))),
        ("found", pages::value_of(found)?),
        ("chosen", pages::value_of(&found.chosen())?),
        ("total", pages::value_of(&total)?),
        ("spent", Value::from(money(found.spend, made.currency))),
        ("asked", Value::from(made.settings.interval)),
        ("plot", pages::value_of(&plot)?),
        ("parts", pages::value_of(&parts(found, made.currency))?),
        ("tenths", pages::value_of(&tenths(worths, made.currency))?),
        ("heats", pages::value_of(&heats(cohorts, made.currency))?),
        ("version", Value::from(env!("CARGO_PKG_VERSION"))),
    ]);
    pages::render(&page, "value.html", TEMPLATE, context)
}

/// What values are made of, each part with its sum.
fn parts(found: &Metrics, currency: &str) -> Vec<[String; 2]> {
    let told = found.parts.told.iter();
    told.map(|(name, sum)| [part_words(name).to_owned(), money(*sum, currency)])
        .collect()
}

/// A part by the name of its column.
fn part_words(name: &str) -> &str {
    said(match name {
        "present_value" => mark!("present value"),
        "category_room" => mark!("category room"),
        "potential_value" => mark!("potential value"),
        "influence_value" => mark!("influence value"),
        "cost_to_serve" => mark!("cost to serve"),
        "payment_risk" => mark!("payment risk"),
        "total_value" => mark!("total value"),
        name => name,
    })
}

/// Mean purchases in the period that is held out, by purchases before it.
fn plot(groups: &[Group]) -> Plot {
    let last = groups.last().map_or(1, |group| group.purchases);
    let highest = groups
        .iter()
        .flat_map(|group| [group.observed, group.predicted, group.before])
        .fold(0.0, f64::max);
    let reach = nice(highest);
    let [width, height] = SIDES;
    let across = Axis::new([1.0, f64::from(last.max(2))], [0.0, width]);
    let up = Axis::new([0.0, reach], [height, 0.0]);
    let line = |class, what: &str, of: fn(&Group) -> f64| {
        let dot = |group: &Group| Dot {
            x: across.at(group.purchases.into()),
            y: up.at(of(group)),
            says: tr!(
                "{n} customers with {purchases}: {what} {mean}",
                n = group.customers,
                purchases = label(group, groups),
                what = said(what),
                mean = format!("{:.2}", of(group))
            ),
        };
        let dots: Vec<Dot> = groups.iter().map(dot).collect();
        let points = dots.iter().map(|dot| format!("{},{}", dot.x, dot.y));
        Line {
            class,
            path: points.collect::<Vec<_>>().join(" "),
            dots,
        }
    };
    let mark = |group: &Group| across.tick(group.purchases.into(), label(group, groups));
    let step = |part: u32| {
        let value = reach * f64::from(part) / 4.0;
        up.tick(value, format!("{}", round(value, 2)))
    };
    Plot {
        across: groups.iter().map(mark).collect(),
        up: (0..=4).map(step).collect(),
        lines: vec![
            line("before", mark!("in the period before"), |group| {
                group.before
            }),
            line("predicted", mark!("predicted"), |group| group.predicted),
            line("observed", mark!("came"), |group| group.observed),
        ],
    }
}

/// How many purchases a group has; the last one may have more.
fn label(group: &Group, groups: &[Group]) -> String {
    let is_last = groups
        .last()
        .is_some_and(|last| last.purchases == group.purchases);
    match is_last && groups.len() > 1 {
        true => format!("{}+", group.purchases),
        false => group.purchases.to_string(),
    }
}

/// The least of 1, 2, 4 and 10 times a power of ten that is not below a value.
fn nice(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = 10f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 4.0, 10.0].map(|step| step * power);
    let fits = steps.into_iter().find(|step| *step >= value);
    fits.unwrap_or(10.0 * power)
}

/// What each tenth of the customers holds of the value; nothing where nobody has any.
fn tenths(worths: &[Worth], currency: &str) -> Vec<Tenth> {
    let ranks = ranks(worths);
    let all = ranks.iter().flatten().count();
    let mut sums = [(0_u64, 0.0_f64); 10];
    for (worth, rank) in worths.iter().zip(&ranks) {
        if let Some(rank) = rank {
            let sum = &mut sums[usize::from(tenth(*rank, all)) - 1];
            sum.0 += 1;
            sum.1 += worth.lifetime_value;
        }
    }
    let total: f64 = sums.iter().map(|(_, value)| value).sum();
    let most = sums.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    let told = sums
        .iter()
        .enumerate()
        .filter(|(_, (customers, _))| *customers > 0);
    let line = |(place, (customers, value)): (usize, &(u64, f64))| Tenth {
        number: place + 1,
        customers: *customers,
        mean: money(value / *customers as f64, currency),
        share: value / total,
        width: round(100.0 * value / most, 2),
    };
    if total > 0.0 {
        told.map(line).collect()
    } else {
        Vec::new()
    }
}

/// Retention, and what each customer of a cohort has brought so far.
fn heats(rows: &[CohortMonth], currency: &str) -> Vec<Heat> {
    let mut names: Vec<&str> = rows.iter().map(|row| row.cohort.as_str()).collect();
    names.dedup();
    let shown = &names[names.len().saturating_sub(COHORTS)..];
    let cells = || {
        rows.iter()
            .filter(|row| row.since <= MONTHS && shown.contains(&row.cohort.as_str()))
    };
    let most = |of: fn(&CohortMonth) -> f64| cells().map(of).fold(0.0, f64::max);
    // Everybody bought in the month in which they came: that would take all shades.
    let retained = |row: &CohortMonth| if row.since == 0 { 0.0 } else { row.retention() };
    let brought = |row: &CohortMonth| row.revenue_per_customer.max(0.0);
    let (most_retained, most_brought) = (most(retained), most(brought));
    let part = |value: f64, most: f64| match most > 0.0 {
        true => round((value / most).min(1.0), 3),
        false => 0.0,
    };
    let retention = |row: &CohortMonth| Cell {
        x: across(row.since),
        shade: part(row.retention(), most_retained),
        label: format!("{:.0}", 100.0 * row.retention()),
        says: tr!(
            "{month} after {n} months: {active} of {customers} bought ({share}){unfinished}",
            month = row.cohort,
            n = row.since,
            active = row.active,
            customers = row.customers,
            share = percent(row.retention()),
            unfinished = unfinished(row)
        ),
    };
    let revenue = |row: &CohortMonth| Cell {
        x: across(row.since),
        shade: part(brought(row), most_brought),
        label: short(row.revenue_per_customer),
        says: tr!(
            "{month} after {n} months: {spent} a customer{unfinished}",
            month = row.cohort,
            n = row.since,
            spent = money(row.revenue_per_customer, currency),
            unfinished = unfinished(row)
        ),
    };
    let rows_of = |cell: &dyn Fn(&CohortMonth) -> Cell| -> Vec<HeatRow> {
        let row = |(place, name): (usize, &&str)| HeatRow {
            name: (*name).to_owned(),
            y: round(place as f64 * CELL[1], 2),
            cells: cells()
                .filter(|row| row.cohort == **name)
                .map(cell)
                .collect(),
        };
        shown.iter().enumerate().map(row).collect()
    };
    let last = cells().map(|row| row.since).max().unwrap_or(0);
    let heat = |title, rows| Heat {
        title,
        width: across(last + 1) + 62.0,
        height: CELL[1] * shown.len() as f64 + 40.0,
        rows,
        months: (0..=last)
            .map(|month| Tick {
                at: place(across(month) + 0.5 * (CELL[0] - 2.0)),
                label: month.to_string(),
            })
            .collect(),
    };
    vec![
        heat(
            said(mark!(
                "Of a hundred customers, those who bought in the month"
            )),
            rows_of(&retention),
        ),
        heat(
            said(mark!("Spent until the end of the month, a customer")),
            rows_of(&revenue),
        ),
    ]
}

fn across(month: u32) -> f64 {
    f64::from(month) * CELL[0]
}

fn unfinished(row: &CohortMonth) -> &'static str {
    if row.whole {
        ""
    } else {
        said(mark!(", the month not over"))
    }
}

/// An amount in four characters.
fn short(amount: f64) -> String {
    let (size, sign) = (amount.abs(), if amount < 0.0 { "-" } else { "" });
    if spoken() == Language::Zh && size >= 9_995.0 {
        return match size {
            size if size >= 99_950_000.0 => format!("{sign}{:.0}亿", size / 1e8),
            size => format!("{sign}{:.0}万", size / 1e4),
        };
    }
    match size {
        size if size >= 999_500.0 => format!("{sign}{:.0}m", size / 1e6),
        size if size >= 9_995.0 => format!("{sign}{:.0}k", size / 1e3),
        size if size >= 9.95 => format!("{sign}{size:.0}"),
        size => format!("{sign}{size:.1}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_holds_the_highest_value() {
        let reaches = [0.0, 0.07, 1.0, 1.3, 3.2, 7.0, 41.0].map(nice);
        let wanted = [1.0, 0.1, 1.0, 2.0, 4.0, 10.0, 100.0];
        for (reach, wanted) in reaches.into_iter().zip(wanted) {
            assert!((reach - wanted).abs() < 1e-12, "{reach} for {wanted}");
        }
    }

    #[test]
    fn amounts_are_short() {
        let told = [0.0, 9.94, 12.4, 1234.0, 23_456.0, -4_000_000.0].map(short);
        assert_eq!(told, ["0.0", "9.9", "12", "1234", "23k", "-4m"]);
    }
}
