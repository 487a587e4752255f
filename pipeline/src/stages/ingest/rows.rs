//! Source rows become canonical rows: every one ends as kept, duplicate or rejected.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Int8Array, Int64Array, RecordBatch,
    StringArray, new_null_array,
};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimestampMicrosecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::Datelike;
use chrono_tz::Tz;
use datafusion::common::hash_utils::{QualityRandomState, create_hashes};

use super::coerce::{Coerced, Reading, coerce};
use super::mapping::{ColumnPlan, SourcePlan, TablePlan};
use super::rejects::{COPY, Place, Rejects};
use super::zone::{DayHour, Zone, date_of};
use crate::config::Duplicates;
use crate::contract::{Column, Content};
use crate::failure::Result;
use crate::sources::{self, RawBatch};

/// Where every row of a table's sources ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows of the source files.
    pub read: u64,
    /// Rows that went on.
    pub kept: u64,
    /// Exact copies of earlier lines.
    pub duplicates: u64,
    /// Rows that cannot be used.
    pub rejected: u64,
    /// Kept interactions whose product the products table does not have.
    pub unknown_products: u64,
}

/// What the rows of one table go through.
pub struct Rows {
    columns: Vec<ColumnPlan>,
    schema: SchemaRef,
    has_days: bool,
    zone: Zone,
    /// Days since 1970-01-01 of the last day that can be true.
    latest: i32,
    duplicates: Duplicates,
    key: Option<usize>,
    keys_seen: Keys,
    known_products: Option<(usize, Keys)>,
    /// Where the rows ended so far.
    pub counts: Counts,
    /// What was left out.
    pub rejects: Rejects,
}

/// What holds for the whole load.
pub struct Terms<'a> {
    /// The output folder.
    pub out: &'a Path,
    /// The project's time zone.
    pub timezone: Tz,
    /// Days since 1970-01-01 of the last day that can be true.
    pub latest: i32,
    /// What happens to exact copies.
    pub duplicates: Duplicates,
}

impl Rows {
    /// For the rows of one canonical table.
    pub fn new(plan: &TablePlan<'_>, terms: &Terms<'_>, known_products: Option<Keys>) -> Self {
        let has_days = plan.table.name == "interactions";
        let mut fields: Vec<Field> = plan.columns.iter().map(described).collect();
        let mut columns = plan.columns.clone();
        if has_days {
            if !columns.iter().any(|column| column.name == "basket_id") {
                let about = plan
                    .table
                    .column("basket_id")
                    .map_or("", |column: &Column| column.about);
                let basket = ColumnPlan {
                    name: "basket_id".into(),
                    content: Content::Id,
                    required: false,
                    data_type: DataType::Int64,
                    about: about.into(),
                };
                fields.push(described(&basket));
                columns.push(basket);
            }
            fields.push(note(
                "day",
                DataType::Date32,
                "The day in the project's time zone",
            ));
            fields.push(note(
                "hour",
                DataType::Int8,
                "The hour of that day, 0 to 23",
            ));
            fields.push(note(
                "month",
                DataType::Utf8,
                "The month of that day; partitions the table",
            ));
        }
        let place = |name: &str| columns.iter().position(|column| column.name == name);
        Self {
            schema: Arc::new(Schema::new(fields)),
            has_days,
            zone: Zone::new(terms.timezone),
            latest: terms.latest,
            duplicates: terms.duplicates,
            key: plan.table.key.and_then(place),
            keys_seen: Keys::default(),
            known_products: known_products.and_then(|keys| Some((place("product_id")?, keys))),
            counts: Counts::default(),
            rejects: Rejects::new(terms.out, plan.table.name),
            columns,
        }
    }

    /// The schema of the canonical rows.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Reads a source from its first file to its last and hands on what is kept.
    pub fn read(
        &mut self,
        source: &SourcePlan<'_>,
        mut keep: impl FnMut(RecordBatch) -> Result<()>,
    ) -> Result<()> {
        let mut seen = LineHashes::default();
        let zone = source
            .source
            .timezone
            .map_or_else(|| self.zone.clone(), |zone| Zone::new(zone.0));
        let mut reading = Reading {
            zone,
            time_format: source.source.time_format.clone(),
        };
        for file in &source.files {
            for piece in sources::open(file, source.source, &source.schema)? {
                let kept = self.shape(source, &file.path, piece?()?, &mut reading, &mut seen)?;
                if kept.num_rows() > 0 {
                    keep(kept)?;
                }
            }
        }
        Ok(())
    }

    fn shape(
        &mut self,
        source: &SourcePlan<'_>,
        file: &Path,
        raw: RawBatch,
        reading: &mut Reading,
        seen: &mut LineHashes,
    ) -> Result<RecordBatch> {
        let rows = raw.rows.num_rows();
        self.counts.read += (rows + raw.malformed.len()) as u64;
        for malformed in &raw.malformed {
            self.counts.rejected += 1;
            self.rejects.add(
                &Place {
                    file,
                    line: malformed.line,
                },
                "",
                &malformed.value,
                &malformed.reason,
            )?;
        }
        let place = |row: usize| Place {
            file,
            line: raw.lines[row],
        };
        let mut good = vec![true; rows];
        if self.duplicates == Duplicates::Drop {
            for row in seen.copies(&raw.rows)? {
                good[row] = false;
                self.counts.duplicates += 1;
                self.rejects.add(&place(row), "", "", COPY)?;
            }
        }
        let copies: Vec<bool> = good.iter().map(|good| !good).collect();

        let evaluated = source.evaluate(&raw.rows)?;
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.schema.fields().len());
        for (number, plan) in self.columns.iter().enumerate() {
            let Some(Some(values)) = evaluated.get(number) else {
                columns.push(new_null_array(&plan.data_type, rows));
                continue;
            };
            let Coerced {
                values: coerced,
                problems,
            } = coerce(values, plan.content, &plan.data_type, reading)?;
            let options = FormatOptions::default();
            let shown = ArrayFormatter::try_new(values.as_ref(), &options)?;
            for (row, reason) in problems {
                if !copies[row] {
                    good[row] = false;
                    self.rejects.add(
                        &place(row),
                        &plan.name,
                        &shown.value(row).to_string(),
                        &reason,
                    )?;
                }
            }
            if plan.required && coerced.null_count() > 0 {
                for row in (0..rows).filter(|&row| coerced.is_null(row) && !copies[row]) {
                    if values.is_null(row) || shown.value(row).to_string().trim().is_empty() {
                        good[row] = false;
                        self.rejects.add(&place(row), &plan.name, "", "is empty")?;
                    }
                }
            }
            columns.push(coerced);
        }
        if self.has_days {
            self.add_days(&mut columns, &mut good, &copies, &place)?;
        }
        if let Some(key) = self.key {
            let values = Arc::clone(&columns[key]);
            for (row, good) in good.iter_mut().enumerate() {
                if *good && !self.keys_seen.insert(&values, row) {
                    *good = false;
                    let shown = key_text(&values, row);
                    self.rejects.add(
                        &place(row),
                        &self.columns[key].name,
                        &shown,
                        "has a row already",
                    )?;
                }
            }
        }
        self.counts.rejected += (0..rows).filter(|&row| !good[row] && !copies[row]).count() as u64;
        let batch = RecordBatch::try_new(self.schema(), columns)?;
        let kept = filter_record_batch(&batch, &BooleanArray::from(good))?;
        self.counts.kept += kept.num_rows() as u64;
        if let Some((column, known)) = &self.known_products {
            let products = kept.column(*column);
            let unknown = (0..kept.num_rows())
                .filter(|&row| products.is_valid(row) && !known.contains(products, row));
            self.counts.unknown_products += unknown.count() as u64;
        }
        Ok(kept)
    }

    /// Adds day, hour and month, rejects what lies in the future, and gives purchases without a
    /// basket the basket of their customer and day.
    fn add_days<'f>(
        &mut self,
        columns: &mut Vec<ArrayRef>,
        good: &mut [bool],
        copies: &[bool],
        place: &dyn Fn(usize) -> Place<'f>,
    ) -> Result<()> {
        let named = |name: &str| self.columns.iter().position(|column| column.name == name);
        let (Some(time), Some(basket), Some(kind)) =
            (named("occurred_at"), named("basket_id"), named("kind"))
        else {
            return Ok(()); // the settings' check has made sure of them
        };
        let moments = columns[time]
            .as_primitive::<TimestampMicrosecondType>()
            .clone();
        let seen: Vec<Option<DayHour>> = moments
            .iter()
            .map(|moment| moment.and_then(|moment| self.zone.day_hour(moment)))
            .collect();
        for (row, seen) in seen.iter().enumerate() {
            if let Some(DayHour { day, .. }) = seen
                && *day > self.latest
                && good[row]
                && !copies[row]
            {
                good[row] = false;
                let value = moments
                    .value_as_datetime(row)
                    .map(|time| format!("{time} UTC"))
                    .unwrap_or_default();
                let latest = date_of(self.latest)
                    .map(|day| day.to_string())
                    .unwrap_or_default();
                self.rejects.add(
                    &place(row),
                    "occurred_at",
                    &value,
                    &format!("lies in the future, after {latest}"),
                )?;
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
        let month = |seen: &Option<DayHour>| {
            let date = date_of(seen.as_ref()?.day)?;
            Some(format!("{:04}-{:02}", date.year(), date.month()))
        };
        columns.push(Arc::new(seen.iter().map(month).collect::<StringArray>()));
        Ok(())
    }
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

fn described(column: &ColumnPlan) -> Field {
    note(&column.name, column.data_type.clone(), &column.about)
}

fn note(name: &str, data_type: DataType, about: &str) -> Field {
    // `comment` is the key that Delta Lake and Spark show as a column's description.
    Field::new(name, data_type, true)
        .with_metadata([("comment".to_owned(), about.to_owned())].into())
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

fn key_text(values: &ArrayRef, row: usize) -> String {
    match values.as_primitive_opt::<Int64Type>() {
        Some(numbers) => numbers.value(row).to_string(),
        None => values.as_string::<i32>().value(row).to_owned(),
    }
}

/// Lines seen so far, as hashes of 128 bits: two different lines among a billion share one with
/// a chance below one in 10^20.
#[derive(Default)]
struct LineHashes {
    seen: HashSet<u128, BuildHasherDefault<AlreadyHashed>>,
}

impl LineHashes {
    /// Rows that are exact copies of earlier ones.
    fn copies(&mut self, rows: &RecordBatch) -> Result<Vec<usize>> {
        let mut low = vec![0; rows.num_rows()];
        let mut high = vec![0; rows.num_rows()];
        create_hashes(
            rows.columns(),
            &QualityRandomState::with_seed(0x7265_6775),
            &mut low,
        )?;
        create_hashes(
            rows.columns(),
            &QualityRandomState::with_seed(0x6c61_7273),
            &mut high,
        )?;
        let mut copies = Vec::new();
        for (row, (low, high)) in low.into_iter().zip(high).enumerate() {
            if !self.seen.insert(u128::from(high) << 64 | u128::from(low)) {
                copies.push(row);
            }
        }
        Ok(copies)
    }
}

/// Takes the low half of what is a hash already.
#[derive(Default)]
struct AlreadyHashed(u64);

impl Hasher for AlreadyHashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 ^= u64::from_le_bytes(word);
        }
    }

    fn write_u128(&mut self, hash: u128) {
        self.0 = hash as u64;
    }
}
