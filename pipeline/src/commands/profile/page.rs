//! The profile as a page: one file with nothing from elsewhere.
//!
//! `page.html` is a template; whatever comes from the data goes through its escaping.

use chrono::{Datelike, NaiveDate};
use minijinja::Value;
use minijinja::value::ValueKind;

use crate::commands::profile::Profile;
use crate::commands::profile::history::CalendarDay;
use crate::failure::Result;
use crate::pages;
use crate::text::{count, grouped};
use crate::words::said;

/// The template.
const TEMPLATE: &str = include_str!("page.html");
/// The calendar shows so many years, the last ones.
const YEARS: usize = 10;
/// Days are shaded in so many steps above none.
const SHADES: u64 = 4;

/// The days of the week, Monday first, where room is short.
const WEEKDAYS: [&str; 7] = [
    mark!("Mon"),
    mark!("Tue"),
    mark!("Wed"),
    mark!("Thu"),
    mark!("Fri"),
    mark!("Sat"),
    mark!("Sun"),
];
/// The months, where room is short.
const MONTHS: [&str; 12] = [
    mark!("Jan"),
    mark!("Feb"),
    mark!("Mar"),
    mark!("Apr"),
    mark!("May"),
    mark!("Jun"),
    mark!("Jul"),
    mark!("Aug"),
    mark!("Sep"),
    mark!("Oct"),
    mark!("Nov"),
    mark!("Dec"),
];

/// Puts a profile into the page.
pub fn render(profile: &Profile) -> Result<String> {
    let mut page = pages::environment()?;
    page.add_filter("readable", |value: Value| readable(&value));
    page.add_filter("said", |text: &str| said(text).to_owned());
    page.add_filter("kind", kind_in_words);
    let context = Value::from_pairs([
        ("p", pages::value_of(profile)?),
        ("calendar", calendar(&profile.history.calendar)),
        ("weekdays", WEEKDAYS.map(said).into_iter().collect()),
        ("version", Value::from(env!("CARGO_PKG_VERSION"))),
    ]);
    pages::render(&page, "page.html", TEMPLATE, context)
}

/// A kind of interaction as people call it.
fn kind_in_words(kind: &str) -> String {
    match kind {
        "purchase" => tr!("purchase"),
        "return" => tr!("return"),
        "visit" => tr!("visit"),
        "service_call" => tr!("service call"),
        "complaint" => tr!("complaint"),
        "contact" => tr!("contact"),
        "response" => tr!("response"),
        "survey" => tr!("survey"),
        "payment" => tr!("payment"),
        "web_event" => tr!("web event"),
        "app_event" => tr!("app event"),
        "consent" => tr!("consent"),
        other => other.replace('_', " "),
    }
}

/// Numbers with thousands set apart, everything else as it is.
fn readable(value: &Value) -> String {
    match (value.kind(), f64::try_from(value.clone())) {
        (ValueKind::None | ValueKind::Undefined, _) => String::new(),
        (ValueKind::Number, Ok(number)) => grouped(number),
        _ => value.to_string(),
    }
}

/// The days of each year as squares: a column for each week, a row for each weekday.
fn calendar(days: &[CalendarDay]) -> Value {
    let mut lines: Vec<u64> = days.iter().map(|day| day.lines).collect();
    lines.sort_unstable();
    // Shades by quarters of the days, so that one extreme day does not pale all others.
    let shade = |of: u64| {
        let below = lines.partition_point(|lines| *lines < of) as u64;
        1 + (below * SHADES / lines.len().max(1) as u64).min(SHADES - 1)
    };
    let mut years: Vec<i32> = days.iter().map(|day| day.day.year()).collect();
    years.dedup();
    let (Some(first), Some(last)) = (days.first(), days.last()) else {
        return Value::from(Vec::<Value>::new());
    };
    let skipped = years.len().saturating_sub(YEARS);
    let mut all = Vec::new();
    for year in &years[skipped..] {
        let Some(new_year) = NaiveDate::from_ymd_opt(*year, 1, 1) else {
            continue;
        };
        let offset = new_year.weekday().num_days_from_monday();
        let column = |date: NaiveDate| (date.ordinal0() + offset) / 7;
        let mut cells = Vec::new();
        let mut months = Vec::new();
        for date in new_year.iter_days().take_while(|date| date.year() == *year) {
            if date.day() == 1 {
                months.push(Value::from_pairs([
                    ("column", Value::from(column(date))),
                    ("name", Value::from(said(MONTHS[date.month0() as usize]))),
                ]));
            }
            if date < first.day || date > last.day {
                continue;
            }
            let found = days.binary_search_by_key(&date, |day| day.day).ok();
            let lines = found.map_or(0, |place| days[place].lines);
            cells.push(Value::from_pairs([
                ("column", Value::from(column(date))),
                ("row", Value::from(date.weekday().num_days_from_monday())),
                (
                    "shade",
                    Value::from(if lines == 0 { 0 } else { shade(lines) }),
                ),
                (
                    "title",
                    Value::from(tr!(
                        "{weekday} {day}: {lines}",
                        weekday = said(WEEKDAYS[date.weekday().num_days_from_monday() as usize]),
                        day = date,
                        lines = count(lines)
                    )),
                ),
            ]));
        }
        all.push(Value::from_pairs([
            ("year", Value::from(*year)),
            ("cells", Value::from(cells)),
            ("months", Value::from(months)),
        ]));
    }
    Value::from(all)
}
