//! The interactions of a part of the customers: rows become columns, and dirty rows are noted.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, Decimal64Array, DictionaryArray, Int8Array, Int64Array, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Int8Type, Schema, SchemaRef, TimeUnit};
use arrow::record_batch::RecordBatch;
use chrono::NaiveDateTime;

use super::dirt::DirtyRow;
use crate::files::{Format, TableWriter, WriteError};
use crate::history::World;
use crate::history::law::Records;
use crate::history::rows::{CHANNELS, KINDS, Kind, Problem, Row};

/// Digits of an amount, two of them decimals.
pub const MONEY: DataType = DataType::Decimal64(12, 2);

/// Writes rows of the interactions to one file.
pub struct InteractionsWriter {
    name: String,
    format: Format,
    table: TableWriter,
    schema: SchemaRef,
    records: Records,
    /// Seconds since 1970 at the first midnight of the history, by the local clock.
    start: i64,
    rows: u64,
    /// Purchase lines so far.
    pub lines: u64,
    dirty_rows: Vec<DirtyRow>,
    kinds: ArrayRef,
    channels: ArrayRef,
}

impl InteractionsWriter {
    /// A new file, called `name` in the truth.
    pub fn new(
        path: PathBuf,
        name: &str,
        format: Format,
        world: &World,
    ) -> Result<Self, WriteError> {
        let records = world.law.records;
        let schema = schema(format, records);
        let start = NaiveDateTime::from(world.calendar.start);
        Ok(Self {
            name: name.to_owned(),
            format,
            table: TableWriter::new(path, format, Arc::clone(&schema))?,
            schema,
            records,
            start: start.and_utc().timestamp(),
            rows: 0,
            lines: 0,
            dirty_rows: Vec::new(),
            kinds: Arc::new(StringArray::from(KINDS.to_vec())),
            channels: Arc::new(StringArray::from(CHANNELS.to_vec())),
        })
    }

    /// Adds rows.
    pub fn write(&mut self, rows: &[Row]) -> Result<(), WriteError> {
        for (place, row) in rows.iter().enumerate() {
            self.lines += u64::from(row.kind == Kind::Purchase);
            if let Some(problem) = row.problem {
                self.dirty_rows.push(DirtyRow {
                    file: self.name.clone(),
                    row: self.rows + place as u64 + 1,
                    problem,
                });
            }
        }
        self.rows += rows.len() as u64;
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), self.columns(rows));
        self.table
            .write(&batch.expect("the columns are those of the schema"))
    }

    /// Ends the file: how many rows it has, and which of them are dirty.
    pub fn close(self) -> Result<(u64, Vec<DirtyRow>), WriteError> {
        self.table.close()?;
        Ok((self.rows, self.dirty_rows))
    }

    fn columns(&self, rows: &[Row]) -> Vec<ArrayRef> {
        let whole = |value: fn(&Row) -> Option<i64>| -> ArrayRef {
            Arc::new(rows.iter().map(value).collect::<Int64Array>())
        };
        let money = |value: fn(&Row) -> Option<i64>| -> ArrayRef {
            let cents: Decimal64Array = rows.iter().map(value).collect();
            Arc::new(cents.with_data_type(MONEY))
        };
        vec![
            whole(|row| row.customer),
            self.times(rows),
            self.words(rows.iter().map(|row| Some(written(row) as i8)), &self.kinds),
            self.channels(rows),
            whole(|row| row.location),
            self.baskets(rows),
            whole(|row| row.product),
            whole(|row| row.quantity),
            money(|row| row.amount),
            money(|row| row.discount),
            money(|row| row.cost),
            whole(|row| row.campaign),
            whole(|row| row.rating),
        ]
    }

    /// Numbers of baskets; that of a cancelled order with a C before it.
    fn baskets(&self, rows: &[Row]) -> ArrayRef {
        let numbers = rows.iter().map(|row| row.basket);
        if !self.records.cancelled_with_c {
            return Arc::new(numbers.collect::<Int64Array>());
        }
        let mark = |row: &Row| if row.cancelled { "C" } else { "" };
        let text = |row: &Row| Some(format!("{}{}", mark(row), row.basket?));
        Arc::new(rows.iter().map(text).collect::<StringArray>())
    }

    fn words(&self, keys: impl Iterator<Item = Option<i8>>, words: &ArrayRef) -> ArrayRef {
        let keys: Int8Array = keys.collect();
        let words = DictionaryArray::<Int8Type>::try_new(keys, Arc::clone(words));
        Arc::new(words.expect("every key is that of a word"))
    }

    fn second(&self, row: &Row) -> i64 {
        self.start + i64::from(row.day) * 86_400 + i64::from(row.second)
    }

    fn times(&self, rows: &[Row]) -> ArrayRef {
        match self.format {
            Format::Parquet => Arc::new(TimestampMicrosecondArray::from_iter_values(
                rows.iter().map(|row| self.second(row) * 1_000_000),
            )),
            Format::Csv => {
                let text = |row: &Row| {
                    let time = chrono::DateTime::from_timestamp(self.second(row), 0);
                    let style = match row.problem {
                        Some(Problem::DayFirst) => "%d/%m/%Y %H:%M",
                        Some(Problem::Compact) => "%Y%m%d%H%M%S",
                        _ => "%Y-%m-%d %H:%M:%S",
                    };
                    time.unwrap_or_default().format(style).to_string()
                };
                Arc::new(StringArray::from_iter_values(rows.iter().map(text)))
            }
        }
    }

    fn channels(&self, rows: &[Row]) -> ArrayRef {
        match self.format {
            Format::Parquet => self.words(
                rows.iter().map(|row| row.channel.map(|word| word as i8)),
                &self.channels,
            ),
            Format::Csv => {
                let bytes = |row: &Row| -> Option<&[u8]> {
                    match row.problem {
                        Some(Problem::Gbk) => Some(super::dirt::SHOP_IN_GBK),
                        _ => row.channel.map(|word| CHANNELS[word as usize].as_bytes()),
                    }
                };
                Arc::new(rows.iter().map(bytes).collect::<BinaryArray>())
            }
        }
    }
}

/// What a row is called in the file: shops export the cancellation of an order as an order again.
fn written(row: &Row) -> Kind {
    if row.cancelled {
        Kind::Purchase
    } else {
        row.kind
    }
}

/// The columns of the interactions.
pub fn schema(format: Format, records: Records) -> SchemaRef {
    let basket = match records.cancelled_with_c {
        true => DataType::Utf8,
        false => DataType::Int64,
    };
    let word = || DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8));
    let (time, channel) = match format {
        Format::Parquet => (DataType::Timestamp(TimeUnit::Microsecond, None), word()),
        Format::Csv => (DataType::Utf8, DataType::Binary),
    };
    let field = |name: &str, data_type: DataType| Field::new(name, data_type, true);
    Arc::new(Schema::new(vec![
        field("customer_id", DataType::Int64),
        field("occurred_at", time),
        field("kind", word()),
        field("channel", channel),
        field("location_id", DataType::Int64),
        field("basket_id", basket),
        field("product_id", DataType::Int64),
        field("quantity", DataType::Int64),
        field("amount", MONEY),
        field("discount", MONEY),
        field("cost", MONEY),
        field("campaign_id", DataType::Int64),
        field("rating", DataType::Int64),
    ]))
}
