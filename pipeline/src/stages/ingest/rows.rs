//! Source rows become canonical rows: every one ends as kept, duplicate or rejected.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Int8Array, Int32Array, Int64Array,
    RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array, new_null_array,
};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use chrono::Datelike;

use super::coerce::{Notation, Numbers, Said, coerce};
use super::currencies::Tally;
use super::evaluate::{Incalculable, evaluate};
use super::judged::{Judged, Reject};
use super::plan::{PlannedFile, SourcePlan};
use super::zone::{DayHour, Zone, date_of};
use crate::config::{Mapping, SameLines};
use crate::contract::{Content, Table};
use crate::engine::row_hash::{hash_bytes, hash_columns, mix};
use crate::failure::{Failure, Result};
use crate::sources::RawBatch;
use crate::warehouse::forgotten::Forgotten;
use crate::warehouse::layout::{KNOWN_AT, Layout, Origin};
use crate::warehouse::partition::Partition;
use crate::warehouse::staging::spread;
use crate::words::said;

/// What the rows of one table go through; any thread can do it.
pub struct Shaper<'a> {
    /// The table to be.
    pub layout: &'a Layout,
    /// The project's time zone.
    pub zone: Zone,
    /// Days since 1970-01-01 of the first day that can be true.
    pub earliest: i32,
    /// Days since 1970-01-01 of the last day that can be true.
    pub latest: i32,
    /// The keys of the products, where they are known.
    pub products: Option<&'a Keys>,
    /// Whose rows are not loaded.
    pub forgotten: &'a Forgotten,
    /// Whether a line is the same whichever source has it.
    pub same_lines: SameLines,
}

/// Some rows of a source file, canonical.
pub struct Shaped {
    /// Rows that were read.
    pub read: u64,
    /// Rows that the source's condition leaves out.
    pub left_out: u64,
    /// Rows that cannot be used.
    pub rejected: u64,
    /// Why, in the order of the file; a row may have several.
    pub rejects: Vec<Reject>,
    /// How many more bad cells there are, by column and reason.
    pub more: BTreeMap<(String, String), u64>,
    /// About how many bytes the rows were in the file, where it is one of text.
    pub bytes: Option<u64>,
    /// Usable interactions whose product the products table does not have.
    pub unknown_products: u64,
    /// The currencies of the amounts.
    pub currencies: Tally,
    /// The usable rows, by partition.
    pub rows: Vec<(Partition, RecordBatch)>,
    /// The first and the last partition of them.
    pub span: Option<(Partition, Partition)>,
    /// Rejected rows as the source has them.
    pub bad: Option<RecordBatch>,
}

/// Rows of a source as they have been judged, before they are put in shape.
pub struct Canonical<'a> {
    /// What is wrong with which.
    pub judged: Judged<'a>,
    /// The canonical columns.
    pub columns: Vec<ArrayRef>,
    /// Rows that may be shown.
    shown: Vec<bool>,
    /// The day and hour of each row, for interactions.
    seen: Vec<Option<DayHour>>,
    /// When each row became known.
    pub known_at: TimestampMicrosecondArray,
    /// What each row is recognised by.
    pub keys: Int64Array,
}

impl Canonical<'_> {
    /// The day of a row, for interactions that tell it.
    pub fn day(&self, row: usize) -> Option<i32> {
        self.seen.get(row)?.as_ref().map(|seen| seen.day)
    }
}

impl Shaper<'_> {
    /// Reads the canonical columns of what was read from a file, and says which rows can be used.
    pub fn judge<'a>(
        &self,
        source: &SourcePlan,
        file: &PlannedFile,
        raw: &'a RawBatch,
    ) -> Result<Canonical<'a>> {
        let rows = raw.rows.num_rows();
        let mut notation = source.notation(&self.zone);
        let mute = |value: &str| self.forgotten.mentioned(value);
        let mut judged = Judged::new(raw, source, &mut notation, mute)?;
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.layout.waiting.fields().len());
        for (place, plan) in self.layout.columns.iter().enumerate() {
            let values = judged.column(plan, place, source, &mut notation)?;
            columns.push(values.unwrap_or_else(|| new_null_array(&plan.data_type, rows)));
        }
        let shown = self.leave_out_forgotten(&columns, &mut judged)?;
        let seen = match self.layout.by_month() {
            true => self.days(&columns, &mut judged),
            false => Vec::new(),
        };
        let known_at = source.known_at(file, &mut notation, &mut judged)?;
        let keys = self.row_keys(source, &columns, &mut judged)?;
        Ok(Canonical {
            judged,
            columns,
            shown,
            seen,
            known_at,
            keys,
        })
    }

    /// Makes canonical rows of what was read from a file.
    pub fn shape(&self, source: &SourcePlan, file: &PlannedFile, raw: RawBatch) -> Result<Shaped> {
        let bytes = bytes(&raw, source.own_columns());
        let (raw, left_out) = source.let_through(raw)?;
        let raw = &raw;
        let rows = raw.rows.num_rows();
        let Canonical {
            judged,
            mut columns,
            shown,
            seen,
            known_at,
            keys,
        } = self.judge(source, file, raw)?;
        let mut months = vec![0; rows];
        if self.layout.by_month() {
            self.add_days(&mut columns, &mut months, &seen);
        }
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
            columns.push(Arc::new(judged.deletions()));
        }
        for (column, field) in columns.iter_mut().zip(self.layout.waiting.fields()) {
            if column.data_type() != field.data_type() {
                *column = cast(column, field.data_type())?;
            }
        }
        let mut batch = RecordBatch::try_new(Arc::clone(&self.layout.waiting), columns)?;
        let rejected = judged.rejected();
        let Judged {
            good,
            mut rejects,
            currencies,
            more,
            ..
        } = judged;
        let mut bad = None;
        if good.contains(&false) {
            let listed = good
                .iter()
                .zip(&shown)
                .map(|(good, shown)| Some(!good && *shown));
            bad = Some(filter_record_batch(&raw.rows, &listed.collect())?);
            let mut kept = good.iter();
            months.retain(|_| kept.next() == Some(&true));
            batch = filter_record_batch(&batch, &BooleanArray::from(good))?;
        }
        rejects.sort_by_key(|reject| reject.line);
        Ok(Shaped {
            read: (rows + raw.malformed.len()) as u64 + left_out,
            left_out,
            rejected,
            rejects,
            more,
            bytes,
            bad,
            currencies,
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

    /// Rejects the rows of customers who were forgotten; says which rows may be shown.
    fn leave_out_forgotten(
        &self,
        columns: &[ArrayRef],
        judged: &mut Judged<'_>,
    ) -> Result<Vec<bool>> {
        let mut shown = vec![true; judged.good.len()];
        let Some(place) = self.layout.position("customer_id") else {
            return Ok(shown);
        };
        let theirs = self.forgotten.rows(&columns[place])?;
        // Nothing of the customer goes into the rejects either.
        let lines: HashSet<u64> = theirs.iter().map(|&row| judged.raw.lines[row]).collect();
        judged
            .rejects
            .retain(|reject| !lines.contains(&reject.line));
        for row in theirs {
            shown[row] = false;
            judged.reject(
                row,
                "customer_id",
                String::new(),
                said(mark!("is a customer who was forgotten")),
            );
        }
        Ok(shown)
    }

    /// What each row is recognised by when it comes again: the key of the table or of the source,
    /// else the row as it stands in the source.
    fn row_keys(
        &self,
        source: &SourcePlan,
        columns: &[ArrayRef],
        judged: &mut Judged<'_>,
    ) -> Result<Int64Array> {
        let raw = judged.raw;
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
                match self.same_lines {
                    SameLines::Drop if keys.is_empty() => 0,
                    _ => hash_bytes(0, source.name.as_bytes()),
                }
            }
        };
        for (name, values) in keys.iter().filter(|(_, values)| values.null_count() > 0) {
            for row in (0..rows).filter(|&row| values.is_null(row)) {
                if judged.good[row] {
                    let reason = tr!("is empty, and is part of the key");
                    judged.reject(row, name, String::new(), reason);
                }
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

    /// The day and hour of each row; rows whose day cannot be true are rejected.
    fn days(&self, columns: &[ArrayRef], judged: &mut Judged<'_>) -> Vec<Option<DayHour>> {
        let Some(time) = self.layout.position("occurred_at") else {
            return Vec::new(); // the settings' check has made sure of it
        };
        let moments = columns[time].as_primitive::<TimestampMicrosecondType>();
        let mut zone = self.zone.clone();
        let seen: Vec<Option<DayHour>> = moments
            .iter()
            .map(|moment| moment.and_then(|moment| zone.day_hour(moment)))
            .collect();
        let possible = self.earliest..=self.latest;
        for (row, seen) in seen.iter().enumerate() {
            let Some(DayHour { day, .. }) = *seen else {
                continue;
            };
            if possible.contains(&day) || !judged.good[row] {
                continue;
            }
            let value = moments
                .value_as_datetime(row)
                .map(|time| format!("{time} UTC"))
                .unwrap_or_default();
            let named = |day: i32| date_of(day).map(|day| day.to_string()).unwrap_or_default();
            let reason = match day > self.latest {
                true => tr!("lies in the future, after {day}", day = named(self.latest)),
                false => tr!(
                    "lies before {day}, the earliest day that is believed",
                    day = named(self.earliest)
                ),
            };
            judged.reject(row, "occurred_at", value, reason);
        }
        seen
    }

    /// Adds day and hour, and gives purchases without a basket the basket of their customer and day.
    fn add_days(
        &self,
        columns: &mut Vec<ArrayRef>,
        months: &mut [Partition],
        seen: &[Option<DayHour>],
    ) {
        let (Some(basket), Some(kind)) = (
            self.layout.position("basket_id"),
            self.layout.position("kind"),
        ) else {
            return; // the settings' check has made sure of them
        };
        let mut last = (i32::MIN, 0);
        for (month, seen) in months.iter_mut().zip(seen) {
            let Some(DayHour { day, .. }) = *seen else {
                continue;
            };
            if day != last.0 {
                last = (day, month_of(day));
            }
            *month = last.1;
        }
        // Guests of one day are not one customer.
        let customer = self.layout.position("customer_id");
        let customer = customer.map(|place| Arc::clone(&columns[place]));
        let known = |row: usize| {
            customer
                .as_ref()
                .is_none_or(|customer| customer.is_valid(row))
        };
        columns[basket] = with_day_baskets(&columns[basket], &columns[kind], seen, &known);
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

    /// How times of a canonical column are understood, for each of the columns that they come from; none
    /// where they are understood as all of the source are.
    pub fn own_times(&self, name: &str, notation: &Notation) -> Vec<Notation> {
        let Some(mapping) = self.source.columns.get(name) else {
            return Vec::new();
        };
        let several = matches!(mapping, Mapping::First(_));
        let columns = mapping.columns().iter();
        let columns = columns.filter(|column| several || column.has_times());
        columns
            .map(|column| {
                let formats = column.time_format.as_ref();
                let zone = column.timezone.map(|zone| Zone::new(zone.0));
                notation.of_column(zone, formats.or(self.source.time_format.as_ref()))
            })
            .collect()
    }

    /// Which rows say that the row with their key is gone; and of which it cannot be told.
    pub fn deleted(
        &self,
        rows: &RecordBatch,
        notation: &mut Notation,
    ) -> Result<(Option<BooleanArray>, Vec<Incalculable>)> {
        let Some(expression) = &self.deleted else {
            return Ok((None, Vec::new()));
        };
        let (values, wrong) = evaluate(expression, rows)?;
        let flags = coerce(
            &values,
            Content::Flag,
            &DataType::Boolean,
            Said::default(),
            notation,
        )?;
        let flags = flags.values.as_boolean().iter();
        let flags = flags.map(|flag| Some(flag == Some(true))).collect();
        Ok((Some(flags), wrong))
    }

    /// When each row became known: what the source says, else when it is loaded.
    fn known_at(
        &self,
        file: &PlannedFile,
        notation: &mut Notation,
        judged: &mut Judged<'_>,
    ) -> Result<TimestampMicrosecondArray> {
        let rows = &judged.raw.rows;
        let times = match &self.known_at {
            None => vec![file.known_at; rows.num_rows()],
            Some(expression) => {
                let (values, wrong) = evaluate(expression, rows)?;
                judged.reject_all(KNOWN_AT, wrong);
                let utc = Content::Time.fixed_type().unwrap_or(DataType::Null);
                let mut own = self.own_times(KNOWN_AT, notation);
                let notation = own.first_mut().unwrap_or(notation);
                let coerced = coerce(&values, Content::Time, &utc, Said::default(), notation)?;
                for (row, reason) in coerced.problems {
                    judged.reject(row, KNOWN_AT, String::new(), reason);
                }
                let times = coerced.values.as_primitive::<TimestampMicrosecondType>();
                times
                    .iter()
                    .map(|time| time.unwrap_or(file.known_at))
                    .collect()
            }
        };
        Ok(TimestampMicrosecondArray::from(times).with_timezone("UTC"))
    }

    /// Whether its rows have a key of their own, by which they are recognised.
    pub fn has_key(&self, table: &Table) -> bool {
        table.key.is_some() || !self.source.key.is_empty()
    }
}

/// About how many bytes of text rows were: their fields, what stands between these, and line ends.
/// Columns that a join has brought stand behind the own ones.
fn bytes(raw: &RawBatch, own: usize) -> Option<u64> {
    let columns = raw.rows.columns().iter().take(own);
    let fields = columns.map(|column| {
        let offsets = column.as_string_opt::<i32>()?.value_offsets();
        Some((offsets.last()? - offsets.first()?) as u64)
    });
    let fields: u64 = fields.sum::<Option<u64>>()?;
    let between = (raw.rows.num_rows() * own) as u64;
    let malformed = raw.malformed.iter().map(|row| row.value.len() as u64 + 1);
    Some(fields + between + malformed.sum::<u64>())
}

/// The month of a day as `year * 12 + month - 1`.
pub fn month_of(day: i32) -> Partition {
    date_of(day).map_or(0, |date| {
        u32::try_from(date.year()).unwrap_or(0) * 12 + date.month0()
    })
}

/// What a customer buys in one day without a basket's number is one basket. Its number is the
/// day's digits, negative where baskets are whole numbers, so that it meets no number of a till.
fn with_day_baskets(
    baskets: &ArrayRef,
    kinds: &ArrayRef,
    seen: &[Option<DayHour>],
    known: &dyn Fn(usize) -> bool,
) -> ArrayRef {
    let kinds = kinds.as_string::<i32>();
    let buys =
        |row: usize| kinds.is_valid(row) && matches!(kinds.value(row), "purchase" | "return");
    let needs = |row: usize| baskets.is_null(row) && buys(row) && known(row);
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
