//! The columns of a table of the warehouse: the canonical ones, and what a load adds to every row.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::contract::{Column, Content, Table};

/// When the row became known.
pub const KNOWN_AT: &str = "known_at";
/// When another row took its place, or it was found to be gone; empty for rows that hold.
pub const REPLACED_AT: &str = "replaced_at";
/// Number of the source file, as in the table `loads`.
pub const SOURCE_FILE: &str = "source_file";
/// What the row is recognised by when it comes again.
pub const ROW_KEY: &str = "row_key";
/// Where a waiting row comes from: an [`Origin`].
pub const ORIGIN: &str = "__origin";
/// Whether a row says that the row with its key is gone, as sources map it.
pub const DELETED: &str = "deleted";
/// The same among waiting rows.
pub const WAITING_DELETED: &str = "__deleted";

/// One column of the table to be.
#[derive(Clone, Debug)]
pub struct ColumnPlan {
    /// Its canonical name, or the attribute's.
    pub name: String,
    /// What it holds.
    pub content: Content,
    /// A row without it is rejected.
    pub required: bool,
    /// The Arrow type in the warehouse.
    pub data_type: DataType,
    /// Its description.
    pub about: String,
}

/// How the rows of one table lie.
pub struct Layout {
    /// The canonical table.
    pub table: &'static Table,
    /// Its canonical columns in this warehouse.
    pub columns: Vec<ColumnPlan>,
    /// Columns of its files.
    pub stored: SchemaRef,
    /// Columns of the table, with the one that partitions it.
    pub delta: SchemaRef,
    /// Columns of rows that are read but not yet loaded; decimals are [narrow].
    pub waiting: SchemaRef,
    /// Whether rows of this load may say that others are gone.
    pub has_deletions: bool,
}

/// The place of a row in its source, packed into one number that keeps the order of a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Number of the file within the load.
    pub file: u32,
    /// Line in it.
    pub line: u64,
}

/// Bits of a line number: files of up to a million million lines.
const LINE_BITS: u32 = 40;

impl Origin {
    /// As one number; later files and lines have greater ones. Below 2^63.
    pub fn code(self) -> u64 {
        (u64::from(self.file) << LINE_BITS) | (self.line & ((1 << LINE_BITS) - 1))
    }

    /// The place that a number stands for.
    pub fn of(code: u64) -> Self {
        Self {
            file: (code >> LINE_BITS) as u32,
            line: code & ((1 << LINE_BITS) - 1),
        }
    }
}

impl Layout {
    /// The layout of a table with these canonical columns; interactions always get a basket.
    pub fn new(table: &'static Table, mut columns: Vec<ColumnPlan>, has_deletions: bool) -> Self {
        let by_month = table.name == "interactions";
        if by_month && !columns.iter().any(|column| column.name == "basket_id") {
            let about = table
                .column("basket_id")
                .map_or("", |column: &Column| column.about);
            columns.push(ColumnPlan {
                name: "basket_id".into(),
                content: Content::Id,
                required: false,
                data_type: DataType::Int64,
                about: about.into(),
            });
        }
        let mut canonical: Vec<Field> = columns
            .iter()
            .map(|column| note(&column.name, column.data_type.clone(), &column.about))
            .collect();
        if by_month {
            canonical.push(note(
                "day",
                DataType::Date32,
                "The day in the project's time zone",
            ));
            canonical.push(note(
                "hour",
                DataType::Int8,
                "The hour of that day, 0 to 23",
            ));
        }
        let utc = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let known = note(KNOWN_AT, utc(), "When the row became known, UTC");
        let replaced = note(
            REPLACED_AT,
            utc(),
            "When another row took its place or it was found to be gone, UTC; empty for rows that hold",
        );
        let file = note(
            SOURCE_FILE,
            DataType::Int32,
            "Number of the source file, as in the table loads",
        );
        let key = note(
            ROW_KEY,
            DataType::Int64,
            "What the row is recognised by when it comes again: a hash of its key, or of the source's line",
        );
        let mut stored = canonical.clone();
        stored.extend([known.clone(), replaced, file.clone(), key.clone()]);
        let mut delta = stored.clone();
        if by_month {
            delta.push(note(
                "month",
                DataType::Utf8,
                "The month of the day; partitions the table",
            ));
        }
        let mut waiting: Vec<Field> = canonical
            .into_iter()
            .map(|field| {
                let narrow = narrow(field.data_type());
                field.with_data_type(narrow)
            })
            .collect();
        waiting.extend([known, file, key, Field::new(ORIGIN, DataType::UInt64, true)]);
        if has_deletions {
            waiting.push(Field::new(WAITING_DELETED, DataType::Boolean, true));
        }
        let schema = |fields: Vec<Field>| Arc::new(Schema::new(fields));
        Self {
            table,
            stored: schema(stored),
            delta: schema(delta),
            waiting: schema(waiting),
            columns,
            has_deletions,
        }
    }

    /// Whether the table is partitioned by month.
    pub fn by_month(&self) -> bool {
        self.table.name == "interactions"
    }

    /// The place of a canonical column.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The column that the rows of the table lie sorted by.
    pub fn sorted_by(&self) -> &'static str {
        self.table.key.unwrap_or("customer_id")
    }

    /// Columns that a source fills: what two versions of a row are told apart by.
    pub fn content(&self) -> usize {
        self.columns.len()
    }
}

/// The type that a column has while its rows wait and are merged: decimals take half the room.
pub fn narrow(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Decimal128(precision, scale) => DataType::Decimal64(*precision, *scale),
        other => other.clone(),
    }
}

fn note(name: &str, data_type: DataType, about: &str) -> Field {
    // `comment` is the key that Delta Lake and Spark show as a column's description.
    Field::new(name, data_type, true)
        .with_metadata([("comment".to_owned(), about.to_owned())].into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_survives_being_packed_and_keeps_the_order_of_a_load() {
        let early = Origin {
            file: 3,
            line: 2_000_000_000,
        };
        let late = Origin { file: 4, line: 1 };
        assert_eq!(Origin::of(early.code()), early);
        assert!(early.code() < late.code());
    }
}
