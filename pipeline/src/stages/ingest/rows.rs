//! Source rows become canonical rows: every one ends as kept, duplicate or rejected.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Int8Array, Int32Array, Int64Array,
    RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array, new_null_array,
};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::Datelike;

use super::coerce::{Coerced, Notation, Numbers, coerce};
use super::forgotten::Forgotten;
use super::layout::{Layout, Origin};
use super::mapping::{PlannedFile, SourcePlan};
use super::staging::{Partition, spread};
use super::zone::{DayHour, Zone, date_of};
use crate::contract::Content;
use crate::failure::{Failure, Result};
use crate::row_hash::{hash_bytes, hash_columns, mix};
use crate::sources::RawBatch;

/// What the rows of one table go through; any thread can do it.
pub struct Shaper<'a> {
    /// The table to be.
    pub layout: &'a Layout,
    /// The project's time zone.
    pub zone: Zone,
    /// Days since 1970-01-01 of the last day that can be true.
    pub latest: i32,
    /// The keys of the products, where they are known.
    pub products: Option<&'a Keys>,
    /// Whose rows are not loaded.
    pub forgotten: &'a Forgotten,
}

/// A cell or a row that cannot be used.
pub struct Reject {
    /// Its line, or row for formats without lines.
    pub line: u64,
    /// The canonical column; empty when it is the whole row.
    pub column: String,
    /// What was there.
    pub value: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Some rows of a source file, canonical.
pub struct Shaped {
    /// Rows that were read.
    pub read: u64,
    /// Rows that cannot be used.
    pub rejected: u64,
    /// Why, in the order of the file; a row may have several.
    pub rejects: Vec<Reject>,
    /// Usable interactions whose product the products table does not have.
    pub unknown_products: u64,
    /// The usable rows, by partition.
    pub rows: Vec<(Partition, RecordBatch)>,
    /// The first and the last partition of them.
    pub span: Option<(Partition, Partition)>,
    /// Rejected rows as the source has them.
    pub bad: Option<RecordBatch>,
}

impl Shaper<'_> {
    /// Makes canonical rows of what was read from a file.
    pub fn shape(
        &self,
        source: &SourcePlan,
        file: &PlannedFile,
        mut raw: RawBatch,
    ) -> Result<Shaped> {
        let rows = raw.rows.num_rows();
        let mut rejects: Vec<Reject> = raw
            .malformed
            .drain(..)
            .map(|malformed| Reject {
                line: malformed.line,
                column: String::new(),
                value: match self.forgotten.mentioned(&malformed.value) {
                    true => String::new(),
                    false => malformed.value,
                },
                reason: malformed.reason,
            })
            .collect();
        let malformed = rejects.len() as u64;
        let mut notation = source.notation(&self.zone);
        let deleted = source.deleted(&raw.rows, &mut notation)?;
        let is_deleted = |row: usize| deleted.as_ref().is_some_and(|flags| flags.value(row));
        let mut good = vec![true; rows];
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.layout.waiting.fields().len());
        for (place, plan) in self.layout.columns.iter().enumerate() {
            // The layout may end with a basket that no source fills.
            let Some(Some(expression)) = source.expressions.get(place) else {
                columns.push(new_null_array(&plan.data_type, rows));
                continue;
            };
            let values = expression.evaluate(&raw.rows)?.into_array(rows)?;
            let Coerced {
                values: coerced,
                problems,
            } = coerce(&values, plan.content, &plan.data_type, &mut notation)?;
            if !problems.is_empty() || (plan.required && coerced.null_count() > 0) {
                let options = FormatOptions::default();
                let shown = ArrayFormatter::try_new(values.as_ref(), &options)?;
                for (row, reason) in problems {
                    good[row] = false;
                    rejects.push(Reject {
                        line: raw.lines[row],
                        column: plan.name.clone(),
                        value: shown.value(row).to_string(),
                        reason,
                    });
                }
                for row in (0..rows).filter(|&row| plan.required && coerced.is_null(row)) {
                    let empty =
                        values.is_null(row) || shown.value(row).to_string().trim().is_empty();
                    if empty && !is_deleted(row) {
                        good[row] = false;
                        rejects.push(Reject {
                            line: raw.lines[row],
                            column: plan.name.clone(),
                            value: String::new(),
                            reason: "is empty".to_owned(),
                        });
                    }
                }
            }
            columns.push(coerced);
        }
        let mut forgotten = Vec::new();
        if let Some(place) = self.layout.position("customer_id") {
            forgotten = self.forgotten.rows(&columns[place])?;
            for &row in &forgotten {
                good[row] = false;
                // Nothing of the customer goes into the rejects either.
                rejects.retain(|reject| reject.line != raw.lines[row]);
                rejects.push(Reject {
                    line: raw.lines[row],
                    column: "customer_id".to_owned(),
                    value: String::new(),
                    reason: "is a customer who was forgotten".to_owned(),
                });
            }
        }
        let mut months = vec![0; rows];
        if self.layout.by_month() {
            self.add_days(
                &mut columns,
                &mut months,
                &mut good,
                &raw.lines,
                &mut rejects,
            )?;
        }
        let known_at = source.known_at(
            &raw.rows,
            file,
            &mut notation,
            &raw.lines,
            &mut good,
            &mut rejects,
        )?;
        let keys = self.row_keys(source, &raw, &columns, &mut good, &mut rejects)?;
        columns.push(Arc::new(known_at));
        columns.push(Arc::new(Int32Array::from(vec![file.number; rows])));
        columns.push(Arc::new(keys));
        let origins = raw.lines.iter().map(|&line| {
            Origin {
                file: file.order,
                line,
            }
            .code()
        });
        columns.push(Arc::new(UInt64Array::from_iter_values(origins)));
        if self.layout.has_deletions {
            columns.push(Arc::new(
                deleted.unwrap_or_else(|| BooleanArray::from(vec![false; rows])),
            ));
        }
        for (column, field) in columns.iter_mut().zip(self.layout.waiting.fields()) {
            if column.data_type() != field.data_type() {
                *column = cast(column, field.data_type())?;
            }
        }
        let batch = RecordBatch::try_new(Arc::clone(&self.layout.waiting), columns)?;
        let all_good = good.iter().all(|&good| good);
        let bad = match all_good {
            true => None,
            false => {
                let bad: BooleanArray = good
                    .iter()
                    .enumerate()
                    .map(|(row, good)| Some(!good && !forgotten.contains(&row)))
                    .collect();
                Some(filter_record_batch(&raw.rows, &bad)?)
            }
        };
        let (batch, months) = if all_good {
            (batch, months)
        } else {
            months = (0..rows)
                .filter(|&row| good[row])
                .map(|row| months[row])
                .collect();
            (
                filter_record_batch(&batch, &BooleanArray::from(good.clone()))?,
                months,
            )
        };
        rejects.sort_by_key(|reject| reject.line);
        let rejected = good.iter().filter(|&&good| !good).count() as u64;
        Ok(Shaped {
            read: rows as u64 + malformed,
            rejected: rejected + malformed,
            rejects,
            bad,
            unknown_products: self.unknown_products(&batch)?,
            span: months
                .iter()
                .min()
                .copied()
                .zip(months.iter().max().copied()),
            rows: if batch.num_rows() == 0 {
                Vec::new()
            } else {
                spread(&batch, &months)?
            },
        })
    }

    /// What each row is recognised by when it comes again: the key of the table or of the source,
    /// else the row as it stands in the source.
    fn row_keys(
        &self,
        source: &SourcePlan,
        raw: &RawBatch,
        columns: &[ArrayRef],
        good: &mut [bool],
        rejects: &mut Vec<Reject>,
    ) -> Result<Int64Array> {
        let rows = raw.rows.num_rows();
        let mut keys: Vec<(&str, ArrayRef)> = Vec::new();
        let seed = match self.layout.table.key {
            Some(name) => {
                if let Some(place) = self.layout.position(name) {
                    keys.push((name, Arc::clone(&columns[place])));
                }
                0 // whoever names the customer, it is the same one
            }
            None => {
                for name in &source.source.key {
                    let column = raw.rows.column_by_name(name).ok_or_else(|| {
                        Failure::data(format!("{}: there is no column `{name}`", source.name))
                    })?;
                    keys.push((name, cast(column, &DataType::Utf8)?));
                }
                hash_bytes(0, source.name.as_bytes())
            }
        };
        for (name, values) in keys.iter().filter(|(_, values)| values.null_count() > 0) {
            for row in (0..rows).filter(|&row| values.is_null(row)) {
                if !std::mem::replace(&mut good[row], false) {
                    continue;
                }
                rejects.push(Reject {
                    line: raw.lines[row],
                    column: (*name).to_owned(),
                    value: String::new(),
                    reason: "is empty, and is part of the key".to_owned(),
                });
            }
        }
        let hashes = if keys.is_empty() {
            raw.hashes.iter().map(|&hash| mix(seed, hash)).collect()
        } else {
            let keys: Vec<ArrayRef> = keys.into_iter().map(|(_, values)| values).collect();
            hash_columns(&keys, rows, seed)?
        };
        Ok(hashes.into_iter().map(|hash| Some(hash as i64)).collect())
    }

    fn unknown_products(&self, batch: &RecordBatch) -> Result<u64> {
        let (Some(known), Some(products)) = (self.products, batch.column_by_name("product_id"))
        else {
            return Ok(0);
        };
        let unknown = (0..batch.num_rows())
            .filter(|&row| products.is_valid(row) && !known.contains(products, row));
        Ok(unknown.count() as u64)
    }

    /// Adds day and hour, rejects what lies in the future, and gives purchases without a basket
    /// the basket of their customer and day.
    fn add_days(
        &self,
        columns: &mut Vec<ArrayRef>,
        months: &mut [Partition],
        good: &mut [bool],
        lines: &[u64],
        rejects: &mut Vec<Reject>,
    ) -> Result<()> {
        let (Some(time), Some(basket), Some(kind)) = (
            self.layout.position("occurred_at"),
            self.layout.position("basket_id"),
            self.layout.position("kind"),
        ) else {
            return Ok(()); // the settings' check has made sure of them
        };
        let moments = columns[time]
            .as_primitive::<TimestampMicrosecondType>()
            .clone();
        let mut zone = self.zone.clone();
        let seen: Vec<Option<DayHour>> = moments
            .iter()
            .map(|moment| moment.and_then(|moment| zone.day_hour(moment)))
            .collect();
        let mut last = (i32::MIN, 0);
        for (row, seen) in seen.iter().enumerate() {
            let Some(DayHour { day, .. }) = *seen else {
                continue;
            };
            if day != last.0 {
                last = (day, month_of(day));
            }
            months[row] = last.1;
            if day > self.latest && good[row] {
                good[row] = false;
                let value = moments
                    .value_as_datetime(row)
                    .map(|time| format!("{time} UTC"))
                    .unwrap_or_default();
                let latest = date_of(self.latest)
                    .map(|day| day.to_string())
                    .unwrap_or_default();
                rejects.push(Reject {
                    line: lines[row],
                    column: "occurred_at".to_owned(),
                    value,
                    reason: format!("lies in the future, after {latest}"),
                });
            }
        }
        columns[basket] = with_day_baskets(&columns[basket], &columns[kind], &seen);
        columns.push(Arc::new(
            seen.iter()
                .map(|seen| seen.map(|seen| seen.day))
                .collect::<Date32Array>(),
        ));
        columns.push(Arc::new(
            seen.iter()
                .map(|seen| seen.map(|seen| seen.hour))
                .collect::<Int8Array>(),
        ));
        Ok(())
    }
}

impl SourcePlan {
    /// How its text and times are understood; times without a zone are in `zone` by default.
    pub fn notation(&self, zone: &Zone) -> Notation {
        let zone = self
            .source
            .timezone
            .map_or_else(|| zone.clone(), |zone| Zone::new(zone.0));
        let numbers = Numbers {
            decimal: self.source.decimal,
            thousands: self.source.thousands,
        };
        Notation::new(zone, self.source.time_format.as_ref(), numbers)
    }

    /// Which rows say that the row with their key is gone.
    fn deleted(&self, rows: &RecordBatch, notation: &mut Notation) -> Result<Option<BooleanArray>> {
        let Some(expression) = &self.deleted else {
            return Ok(None);
        };
        let values = expression.evaluate(rows)?.into_array(rows.num_rows())?;
        let flags = coerce(&values, Content::Flag, &DataType::Boolean, notation)?;
        Ok(Some(
            flags
                .values
                .as_boolean()
                .iter()
                .map(|flag| Some(flag == Some(true)))
                .collect(),
        ))
    }

    /// When each row became known: what the source says, else when it is loaded.
    fn known_at(
        &self,
        rows: &RecordBatch,
        file: &PlannedFile,
        notation: &mut Notation,
        lines: &[u64],
        good: &mut [bool],
        rejects: &mut Vec<Reject>,
    ) -> Result<TimestampMicrosecondArray> {
        let loaded = file.known_at;
        let times = match &self.known_at {
            None => vec![loaded; rows.num_rows()],
            Some(expression) => {
                let values = expression.evaluate(rows)?.into_array(rows.num_rows())?;
                let utc = Content::Time.fixed_type().unwrap_or(DataType::Null);
                let coerced = coerce(&values, Content::Time, &utc, notation)?;
                for (row, reason) in coerced.problems {
                    good[row] = false;
                    rejects.push(Reject {
                        line: lines[row],
                        column: "known_at".to_owned(),
                        value: String::new(),
                        reason,
                    });
                }
                let times = coerced.values.as_primitive::<TimestampMicrosecondType>();
                times.iter().map(|time| time.unwrap_or(loaded)).collect()
            }
        };
        Ok(TimestampMicrosecondArray::from(times).with_timezone("UTC"))
    }
}

/// The month of a day as `year * 12 + month - 1`.
pub fn month_of(day: i32) -> Partition {
    date_of(day).map_or(0, |date| {
        u32::try_from(date.year()).unwrap_or(0) * 12 + date.month0()
    })
}

/// A month as it names a partition: `2024-03`.
pub fn month_name(month: Partition) -> String {
    format!("{:04}-{:02}", month / 12, month % 12 + 1)
}

/// The month of this name.
pub fn month_named(name: &str) -> Option<Partition> {
    let (year, month) = name.split_once('-')?;
    let (year, month): (u32, u32) = (year.parse().ok()?, month.parse().ok()?);
    (1..=12).contains(&month).then(|| year * 12 + month - 1)
}

/// What a customer buys in one day without a basket's number is one basket. Its number is the
/// day's digits, negative where baskets are whole numbers, so that it meets no number of a till.
fn with_day_baskets(baskets: &ArrayRef, kinds: &ArrayRef, seen: &[Option<DayHour>]) -> ArrayRef {
    let kinds = kinds.as_string::<i32>();
    let buys =
        |row: usize| kinds.is_valid(row) && matches!(kinds.value(row), "purchase" | "return");
    let needs = |row: usize| baskets.is_null(row) && buys(row);
    if !(0..baskets.len()).any(needs) {
        return Arc::clone(baskets);
    }
    let date = |row: usize| date_of(seen[row]?.day);
    match baskets.as_primitive_opt::<Int64Type>() {
        Some(numbers) => {
            let day_number = |row: usize| {
                let date = date(row)?;
                Some(
                    -(i64::from(date.year()) * 10_000
                        + i64::from(date.month()) * 100
                        + i64::from(date.day())),
                )
            };
            let value = |row: usize| {
                if needs(row) {
                    day_number(row)
                } else {
                    numbers.is_valid(row).then(|| numbers.value(row))
                }
            };
            Arc::new((0..baskets.len()).map(value).collect::<Int64Array>())
        }
        None => {
            let texts = baskets.as_string::<i32>();
            let value = |row: usize| {
                if needs(row) {
                    date(row).map(|date| format!("day {date}"))
                } else {
                    texts.is_valid(row).then(|| texts.value(row).to_owned())
                }
            };
            Arc::new((0..baskets.len()).map(value).collect::<StringArray>())
        }
    }
}

/// A set of keys: whole numbers or text.
#[derive(Default)]
pub struct Keys {
    numbers: HashSet<i64>,
    texts: HashSet<String>,
}

impl Keys {
    /// Adds the key of a row; false if it was there.
    pub fn insert(&mut self, values: &ArrayRef, row: usize) -> bool {
        match values.as_primitive_opt::<Int64Type>() {
            Some(numbers) => self.numbers.insert(numbers.value(row)),
            None => self
                .texts
                .insert(values.as_string::<i32>().value(row).to_owned()),
        }
    }

    /// Whether the key of a row is there.
    pub fn contains(&self, values: &ArrayRef, row: usize) -> bool {
        match values.as_primitive_opt::<Int64Type>() {
            Some(numbers) => self.numbers.contains(&numbers.value(row)),
            None => self.texts.contains(values.as_string::<i32>().value(row)),
        }
    }
}
