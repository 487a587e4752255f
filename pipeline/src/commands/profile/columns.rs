//! What each column of a table holds: how much of it, how many different values, which, and how
//! they are spread.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field};
use chrono::{DateTime, TimeZone};
use chrono_tz::Tz;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::commands::profile::cells::{column, count_of, counts, json, quoted, unit, wholes};
use crate::commands::profile::distribution::{Collector, Distribution, Unit};
use crate::commands::profile::spread::{Bar, Spread};
use crate::contract::{self, Content};
use crate::failure::{Failure, Result};
use crate::outputs::table::round;
use crate::warehouse::Warehouse;
use crate::words::said;

/// So many of the most frequent values are listed.
const TOP: usize = 10;
/// So many values of a unique column are shown, to see what they look like.
const EXAMPLES: usize = 3;
/// A value in more than this share of the rows dominates its column.
const DOMINATES: f64 = 0.95;
/// One table of the warehouse.
#[derive(Clone, Debug, Serialize)]
pub struct TableProfile {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// Its columns, without those that `ingest` derives from `occurred_at`.
    pub columns: Vec<ColumnProfile>,
}

/// One column.
#[derive(Clone, Debug, Serialize)]
pub struct ColumnProfile {
    /// Its name.
    pub name: String,
    /// What it holds, for canonical columns.
    pub about: String,
    /// `text`, `whole number`, `decimal`, `number`, `date`, `time` or `yes or no`.
    #[serde(rename = "type")]
    pub data_type: &'static str,
    /// Rows without a value.
    pub nulls: u64,
    /// Their share of all rows.
    pub null_share: f64,
    /// Different values.
    pub distinct: u64,
    /// Whether they were counted one by one; false for the estimate of a HyperLogLog sketch.
    pub distinct_exact: bool,
    /// `empty`, `constant`, `unique` or `dominated` by one value, when it is one of these.
    pub note: Option<&'static str>,
    /// The least value, of numbers, dates and times.
    pub min: Value,
    /// The greatest value.
    pub max: Value,
    /// The mean, of numbers that are no ids.
    pub mean: Option<f64>,
    /// Quantiles p1 to p99 that are values of the column, of all but ids and text.
    pub quantiles: Map<String, Value>,
    /// Whether quantiles and histogram are exact; else within 0.1 %.
    pub quantiles_exact: bool,
    /// Characters of text.
    pub lengths: Option<Lengths>,
    /// The most frequent values, the most frequent first; where every value is another, the
    /// first three.
    pub top: Vec<Frequent>,
    /// How the values are spread.
    pub histogram: Vec<Bar>,
}

/// How long the texts of a column are, in characters.
#[derive(Clone, Debug, Serialize)]
pub struct Lengths {
    /// The shortest.
    pub min: u64,
    /// The mean over rows.
    pub mean: f64,
    /// The longest.
    pub max: u64,
}

/// A value and the rows that have it.
#[derive(Clone, Debug, Serialize)]
pub struct Frequent {
    /// The value.
    pub value: Value,
    /// Rows.
    pub rows: u64,
    /// Their share of the rows with a value.
    pub share: f64,
}

/// Looks at every column of a table. `counted` names a smaller table with the same values and the
/// column of it that says how often, for columns where there is one.
pub fn profile(
    warehouse: &Warehouse,
    table: &str,
    zone: Tz,
    counted: &dyn Fn(&str) -> Option<(&'static str, &'static str)>,
) -> Result<TableProfile> {
    let schema = warehouse
        .schema(table)
        .ok_or_else(|| Failure::data(format!("the table {table} was not loaded")))?;
    let sql = format!("SELECT count(*) AS n FROM {table}");
    let rows = count_of(&warehouse.scope, &sql)?;
    let mut columns = Vec::new();
    for field in schema.fields() {
        let derived = table == "interactions" && contract::DERIVED.contains(&field.name().as_str());
        if !derived {
            let looked_at = LookedAt {
                warehouse,
                table,
                rows,
                field,
                zone,
                counted: counted(field.name()),
            };
            columns.push(looked_at.profile()?);
        }
    }
    Ok(TableProfile {
        name: table.to_owned(),
        rows,
        columns,
    })
}

/// A column that is looked at.
struct LookedAt<'a> {
    warehouse: &'a Warehouse,
    table: &'a str,
    /// Rows of the table.
    rows: u64,
    field: &'a Field,
    zone: Tz,
    /// A smaller table with the same values, and the column of it that says how often.
    counted: Option<(&'a str, &'a str)>,
}

impl LookedAt<'_> {
    fn is_time(&self) -> bool {
        matches!(self.field.data_type(), DataType::Timestamp(..))
    }

    /// The moments of a long history are nearly all different; its days are few.
    fn by_day(&self) -> bool {
        self.is_time() && self.table == "interactions" && self.field.name() == "occurred_at"
    }

    /// Looks at every different value, and how many rows have it.
    fn see(&self) -> Result<Seen> {
        let value = match self.by_day() {
            true => "day".to_owned(),
            false => quoted(self.field.name()),
        };
        let sql = match self.counted {
            Some((source, times)) => {
                format!("SELECT {value} AS v, sum({times}) AS n FROM {source} GROUP BY 1")
            }
            None => {
                let table = self.table;
                format!("SELECT {value} AS v, count(*) AS n FROM {table} GROUP BY 1")
            }
        };
        let mut seen = Seen::default();
        let zone = self.is_time().then_some(self.zone);
        (self.warehouse.scope).for_each(&sql, |batch| {
            seen.take(column(&batch, "v")?, &counts(&batch, "n")?, zone)
        })?;
        Ok(seen)
    }

    fn profile(&self) -> Result<ColumnProfile> {
        let (name, data_type) = (self.field.name(), self.field.data_type());
        let known = contract::table(self.table).and_then(|table| table.column(name));
        let is_id = known.is_some_and(|known| known.content == Content::Id);
        let by_day = self.by_day();
        let seen = self.see()?;
        let distinct = match by_day {
            true => {
                let (name, table) = (quoted(name), self.table);
                let sql = format!("SELECT approx_distinct({name}) AS n FROM {table}");
                count_of(&self.warehouse.scope, &sql)?
            }
            false => seen.distinct,
        };
        let filled = self.rows.saturating_sub(seen.nulls);
        let unit = match self.is_time() {
            true => Some(Unit::Day),
            false => unit(data_type),
        };
        let mut top = frequent(seen.top, unit, filled);
        let note = note(seen.distinct, filled, by_day, &top);
        if note == Some("unique") {
            top.truncate(EXAMPLES);
        }
        let values = unit.zip(seen.spread.finish());
        let end = |of: fn(&Distribution) -> i128| {
            let values = values.as_ref();
            values.map_or(Value::Null, |(unit, values)| unit.json(of(values)))
        };
        let (min, max) = (end(|values| values.min), end(|values| values.max));
        // How ids are spread says nothing.
        let spread = values.filter(|_| !is_id);
        let spread = spread.map(|(unit, values)| Spread::of(&values, unit));
        Ok(ColumnProfile {
            name: name.clone(),
            about: known.map_or_else(String::new, |known| said(known.about).to_owned()),
            data_type: type_name(data_type),
            nulls: seen.nulls,
            null_share: share(seen.nulls, self.rows),
            distinct,
            distinct_exact: !by_day,
            note,
            min,
            max,
            mean: (spread.as_ref().filter(|_| unit != Some(Unit::Day))).map(|spread| spread.mean),
            quantiles_exact: spread.as_ref().is_none_or(|spread| spread.quantiles_exact),
            lengths: seen.lengths.map(|(min, sum, max)| Lengths {
                min,
                mean: round(sum as f64 / filled.max(1) as f64, 2),
                max,
            }),
            top,
            quantiles: (spread.as_ref()).map_or_else(Map::new, |spread| spread.quantiles.clone()),
            histogram: spread.map_or_else(Vec::new, |spread| spread.histogram),
        })
    }
}

/// What is plain of a column, from its different values, the rows with one, and the most frequent.
fn note(distinct: u64, filled: u64, by_day: bool, top: &[Frequent]) -> Option<&'static str> {
    match (distinct, filled) {
        (0, _) => Some(mark!("empty")),
        (1, 2..) => Some(mark!("constant")),
        (different, 2..) if !by_day && different == filled => Some(mark!("unique")),
        _ => (top.first()?.share > DOMINATES).then_some(mark!("dominated")),
    }
}

/// A part of a whole, with six digits; 0 of nothing.
pub fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    round(part as f64 / whole as f64, 6)
}

fn type_name(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Boolean => mark!("yes or no"),
        DataType::Date32 => mark!("date"),
        DataType::Timestamp(..) => mark!("time"),
        DataType::Decimal128(..) => mark!("decimal"),
        DataType::Float64 => mark!("number"),
        other if other.is_integer() => mark!("whole number"),
        _ => mark!("text"),
    }
}

/// A value that can be put in order: by it ties between equally frequent values are broken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
    Flag(bool),
    Whole(i128),
    Text(String),
}

/// What the groups of a column have shown so far.
#[derive(Default)]
struct Seen {
    nulls: u64,
    distinct: u64,
    spread: Collector,
    /// Least, sum over rows, and greatest number of characters.
    lengths: Option<(u64, u64, u64)>,
    /// The most frequent values; the set never holds more than [`TOP`].
    top: BTreeSet<(Reverse<u64>, Cell)>,
}

impl Seen {
    /// Takes groups: their values, and the rows of each. Times are looked at by their day in `zone`.
    fn take(&mut self, values: &ArrayRef, rows: &[u64], zone: Option<Tz>) -> Result<()> {
        let is_number = unit(values.data_type()).is_some();
        let is_moment = matches!(values.data_type(), DataType::Timestamp(..));
        if is_number || is_moment {
            for (row, value) in wholes(values)?.into_iter().enumerate() {
                let value = match zone.filter(|_| is_moment) {
                    Some(zone) => value.and_then(|moment| local_day(moment, zone)),
                    None => value,
                };
                match value {
                    Some(value) => {
                        self.distinct += 1;
                        self.spread.add(value, rows[row]);
                        if !is_moment {
                            self.rank(rows[row], || Cell::Whole(value));
                        }
                    }
                    None => self.nulls += rows[row],
                }
            }
            return Ok(());
        }
        let flags = values.as_boolean_opt();
        let texts = values.as_string_opt::<i32>();
        for (row, &rows) in rows.iter().enumerate() {
            if values.is_null(row) {
                self.nulls += rows;
                continue;
            }
            self.distinct += 1;
            if let Some(flags) = flags {
                self.rank(rows, || Cell::Flag(flags.value(row)));
            } else if let Some(texts) = texts {
                let text = texts.value(row);
                let length = text.chars().count() as u64;
                let (min, sum, max) = self.lengths.unwrap_or((length, 0, length));
                self.lengths = Some((min.min(length), sum + length * rows, max.max(length)));
                self.rank(rows, || Cell::Text(text.to_owned()));
            } else {
                let text = json(values, row)?;
                self.rank(rows, || Cell::Text(text.to_string()));
            }
        }
        Ok(())
    }

    /// Puts a value among the most frequent ones, when it is one.
    fn rank(&mut self, rows: u64, cell: impl FnOnce() -> Cell) {
        let last = self.top.last().map_or(0, |(Reverse(rows), _)| *rows);
        if self.top.len() < TOP || rows >= last {
            self.top.insert((Reverse(rows), cell()));
            if self.top.len() > TOP {
                self.top.pop_last();
            }
        }
    }
}

fn frequent(top: BTreeSet<(Reverse<u64>, Cell)>, unit: Option<Unit>, filled: u64) -> Vec<Frequent> {
    let list = top.into_iter().map(|(Reverse(rows), cell)| Frequent {
        value: match cell {
            Cell::Flag(flag) => Value::from(flag),
            Cell::Whole(value) => unit.unwrap_or(Unit::Number(0)).json(value),
            Cell::Text(text) => Value::from(text),
        },
        rows,
        share: share(rows, filled),
    });
    list.collect()
}

/// The day of a moment, given in microseconds UTC, in a time zone.
fn local_day(moment: i128, zone: Tz) -> Option<i128> {
    let utc = DateTime::from_timestamp_micros(i64::try_from(moment).ok()?)?.naive_utc();
    let day = zone.from_utc_datetime(&utc).date_naive();
    Some(i128::from(day.to_epoch_days()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};

    use super::*;

    #[test]
    fn the_most_frequent_are_the_same_in_any_order_and_ties_go_by_value() {
        let values: Vec<i64> = (0..100).collect();
        let rows = |value: &i64| 1 + (*value as u64 % 5);
        let mut seen = [Seen::default(), Seen::default()];
        for (seen, values) in seen
            .iter_mut()
            .zip([values.clone(), values.into_iter().rev().collect()])
        {
            let counts: Vec<u64> = values.iter().map(rows).collect();
            seen.take(
                &(Arc::new(Int64Array::from(values)) as ArrayRef),
                &counts,
                None,
            )
            .unwrap();
        }
        assert_eq!(seen[0].top, seen[1].top);
        let first = seen[0].top.first().unwrap();
        assert_eq!(*first, (Reverse(5), Cell::Whole(4)));
        assert_eq!(seen[0].top.len(), TOP);
    }

    #[test]
    fn lengths_are_characters_and_not_bytes() {
        let values: ArrayRef = Arc::new(StringArray::from(vec![Some("苹果"), Some("é"), None]));
        let mut seen = Seen::default();
        seen.take(&values, &[3, 1, 2], None).unwrap();
        assert_eq!(seen.lengths, Some((1, 7, 2)));
        assert_eq!((seen.distinct, seen.nulls), (2, 2));
    }
}
