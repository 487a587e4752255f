//! Attributes of the customers that take part in clusters: numbers as they are, texts by category.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, TimestampMicrosecondType};

use super::Context;
use super::far_out::Places;
use crate::failure::{Failure, Result};
use crate::outputs::table::plain_text;
use crate::timeline::snapshot::Snapshot;

/// So many categories of an attribute take part at most, those of most customers.
const MOST_CATEGORIES: usize = 20;
/// A category of a smaller share of the customers makes no cluster.
const LEAST_SHARE: f64 = 0.02;

/// One attribute, customer by customer as the snapshot has them.
pub struct Attribute {
    /// Its column.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// What an attribute holds.
pub enum Kind {
    /// Numbers, NaN where there is none.
    Number(Vec<f64>),
    /// For each category whether a customer is of it, 1 or 0, by name.
    Categories(Vec<(String, Vec<f64>)>),
}

/// Reads the attributes that the settings name.
///
/// - `saved`: what an earlier segmenter is made of, where one is gone on from: its categories are
///   taken, whatever is frequent today.
pub fn read(
    context: &Context<'_>,
    snapshot: &Snapshot,
    saved: Option<&[String]>,
) -> Result<Vec<Attribute>> {
    let wanted = &context.settings.config.segment.attributes;
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let warehouse = context.warehouse()?;
    let there = warehouse.columns_beyond("customers", &["customer_id"]);
    for (place, name) in wanted.iter().enumerate() {
        if !there.contains(name) {
            let known = match there.is_empty() {
                true => "they have none".to_owned(),
                false => format!("they have {}", there.join(", ")),
            };
            let problem =
                format!("the customers that were loaded have no attribute `{name}`; {known}");
            let place = place.to_string();
            return Err(context
                .settings
                .wrong(&["segment", "attributes", &place], problem)
                .hint(
                    "map it under [sources.columns] of the customers' source, and run ingest again",
                ));
        }
    }
    let quoted = wanted
        .iter()
        .map(|name| format!("\"{}\"", name.replace('"', "\"\"")));
    let sql = format!(
        "SELECT customer_id, {} FROM customers ORDER BY customer_id",
        quoted.collect::<Vec<_>>().join(", ")
    );
    let table = plain_text(&warehouse.scope.query(&sql)?)?;
    let places = Places::of(&snapshot.customers);
    let rows: Vec<Option<usize>> = (0..table.num_rows())
        .map(|row| places.find(table.column(0), row))
        .collect();
    let columns = wanted.iter().zip(&table.columns()[1..]);
    columns
        .map(|(name, column)| attribute(name, column, &rows, snapshot, saved))
        .collect()
}

fn attribute(
    name: &str,
    column: &ArrayRef,
    rows: &[Option<usize>],
    snapshot: &Snapshot,
    saved: Option<&[String]>,
) -> Result<Attribute> {
    let kind = match column.data_type() {
        DataType::Utf8 => {
            let texts = column.as_string::<i32>();
            let mut of: Vec<&str> = vec![""; snapshot.len()];
            for (row, place) in rows.iter().enumerate() {
                if let (Some(place), true) = (place, texts.is_valid(row)) {
                    of[*place] = texts.value(row);
                }
            }
            Kind::Categories(categories(name, &of, saved)?)
        }
        _ => {
            let values = amounts(column, snapshot)?;
            let mut of = vec![f64::NAN; snapshot.len()];
            for (row, place) in rows.iter().enumerate() {
                if let Some(place) = place {
                    of[*place] = values[row];
                }
            }
            Kind::Number(of)
        }
    };
    Ok(Attribute {
        name: name.to_owned(),
        kind,
    })
}

/// A column without text as numbers; a time as days before the date of the snapshot.
fn amounts(column: &ArrayRef, snapshot: &Snapshot) -> Result<Vec<f64>> {
    if let DataType::Timestamp(..) = column.data_type() {
        let times = column.as_primitive::<TimestampMicrosecondType>();
        let today = snapshot.as_of.and_time(chrono::NaiveTime::MIN).and_utc();
        let days = |time: i64| (today.timestamp_micros() - time) as f64 / 86_400e6;
        return Ok(times
            .iter()
            .map(|time| time.map_or(f64::NAN, days))
            .collect());
    }
    let column = cast(column, &DataType::Float64)?;
    let values = column.as_primitive::<Float64Type>().iter();
    let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
    Ok(values
        .map(|value| finite(value).unwrap_or(f64::NAN))
        .collect())
}

fn categories(
    name: &str,
    of: &[&str],
    saved: Option<&[String]>,
) -> Result<Vec<(String, Vec<f64>)>> {
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for text in of.iter().filter(|text| !text.is_empty()) {
        *counted.entry(text).or_default() += 1;
    }
    let begins = format!("{name} = ");
    let chosen: Vec<String> = match saved {
        Some(saved) => saved
            .iter()
            .filter_map(|saved| saved.strip_prefix(&begins))
            .map(str::to_owned)
            .collect(),
        None => {
            let least = LEAST_SHARE * of.len() as f64;
            let mut often: Vec<(&str, usize)> = counted
                .into_iter()
                .filter(|(_, count)| *count as f64 >= least)
                .collect();
            // Stable: of equal ones the first by name.
            often.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            let often = often.into_iter().take(MOST_CATEGORIES);
            often.map(|(text, _)| text.to_owned()).collect()
        }
    };
    if chosen.is_empty() {
        return Err(Failure::data(format!(
            "no value of the attribute `{name}` is that of {} % of the customers, so it makes no clusters",
            100.0 * LEAST_SHARE
        ))
        .hint("take it out of attributes under [segment], or load it in fewer, broader values"));
    }
    let of_one = |category: String| {
        let values = of.iter().map(|text| f64::from(*text == category)).collect();
        (category, values)
    };
    Ok(chosen.into_iter().map(of_one).collect())
}
