//! SQLite: a query's rows from a file that is opened to be read only.
//!
//! In SQLite every value has a type of its own, so the rows are looked at twice within one
//! transaction: once for what each column holds, once for the values.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, Float64Builder, Int64Builder, RecordBatch, StringBuilder,
};
use arrow::datatypes::DataType;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Statement};

use super::answer::{Answer, Answered, no_columns, schema};
use super::{Question, quoted};
use crate::failure::{Failure, Result};
use crate::sources::BATCH_ROWS;

/// Bytes of text that are taken together at most, however few rows they are.
const BATCH_BYTES: usize = 8 << 20;

/// Asks, and writes the rows into the spool as they come.
pub fn ask(file: &Path, question: &Question, spool: &Path) -> Result<Answered> {
    let fault = |error: rusqlite::Error| fault(&error.to_string(), question);
    // Never made where there is none, and one thread has it alone.
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(file, flags).map_err(fault)?;
    database.execute_batch("BEGIN").map_err(fault)?;
    let mut statement = database.prepare(&question.sql).map_err(fault)?;
    let names: Vec<String> = statement
        .column_names()
        .iter()
        .map(ToString::to_string)
        .collect();
    if names.is_empty() {
        return Err(no_columns());
    }
    let held = held(&mut statement, names.len()).map_err(fault)?;
    let mut columns = Vec::with_capacity(names.len());
    for (name, held) in names.iter().zip(&held) {
        columns.push(held.column(name)?);
    }
    let schema = schema(&names, columns.iter().map(Column::data_type));
    let mut answer = Answer::begin(spool, schema.clone(), question.watermark.as_deref())?;
    let mut statement = database.prepare(&question.wanted(newer)).map_err(fault)?;
    let mut rows = statement.query([]).map_err(fault)?;
    let (mut taken, mut waiting, mut bytes) = (0, 0, 0);
    let mut batch = |columns: &mut [Column]| {
        let columns = columns.iter_mut().map(Column::finish).collect();
        answer.write(&RecordBatch::try_new(schema.clone(), columns)?)
    };
    while let Some(row) = rows.next().map_err(fault)? {
        taken += 1;
        for (place, column) in columns.iter_mut().enumerate() {
            let value = row.get_ref(place).map_err(fault)?;
            bytes += match value {
                ValueRef::Text(content) | ValueRef::Blob(content) => content.len(),
                _ => 8,
            };
            column.push(value).map_err(|reason| {
                Failure::data(format!("row {taken}: column `{}`: {reason}", names[place]))
                    .hint("change it in the query, for example CAST(column AS TEXT)")
            })?;
        }
        waiting += 1;
        if waiting >= BATCH_ROWS || bytes >= BATCH_BYTES {
            batch(&mut columns)?;
            (waiting, bytes) = (0, 0);
        }
    }
    batch(&mut columns)?;
    answer.finish()
}

/// What each column of a result holds.
fn held(statement: &mut Statement<'_>, columns: usize) -> rusqlite::Result<Vec<Held>> {
    let mut held = vec![Held::default(); columns];
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for (column, held) in held.iter_mut().enumerate() {
            match row.get_ref(column)? {
                ValueRef::Null => {}
                ValueRef::Integer(_) => held.whole = true,
                ValueRef::Real(_) => held.real = true,
                ValueRef::Text(_) => held.text = true,
                ValueRef::Blob(_) => held.blob = true,
            }
        }
    }
    Ok(held)
}

/// The condition for rows after a watermark: a text is compared with a text, a number with a number.
fn newer(column: &str, since: &str) -> String {
    let since = quoted(since, '\'');
    format!(
        "{column} > CASE WHEN typeof({column}) = 'text' THEN {since} ELSE CAST({since} AS NUMERIC) END"
    )
}

fn fault(error: &str, question: &Question) -> Failure {
    // The library repeats the whole query.
    let error = error.replace(&format!(" in {}", question.sql), "");
    if ["locked", "disk", "unable to open"]
        .iter()
        .any(|word| error.contains(word))
    {
        return Failure::machine(format!("SQLite says: {error}"))
            .hint("is another program writing to it? Run it again, or read a copy");
    }
    let hint = if error.contains("not a database") {
        "is this the file that you mean? It is no SQLite database, or it is encrypted"
    } else {
        "try it in the sqlite3 shell first; .tables lists what there is, .schema its columns"
    };
    Failure::settings(format!("SQLite says: {error}")).hint(hint)
}

/// What the values of a column are.
#[derive(Clone, Copy, Default)]
struct Held {
    whole: bool,
    real: bool,
    text: bool,
    blob: bool,
}

impl Held {
    /// The narrowest column that can hold them all.
    fn column(self, name: &str) -> Result<Column> {
        match self {
            Held {
                blob: true,
                whole: false,
                real: false,
                text: false,
            } => Ok(Column::Blob(BinaryBuilder::new())),
            Held { blob: true, .. } => Err(Failure::settings(format!(
                "the column `{name}` holds bytes and other values"
            ))
            .hint(format!(
                "leave it out of the query, or write CAST({name} AS TEXT)"
            ))),
            Held { text: true, .. } => Ok(Column::Text(StringBuilder::new())),
            Held { real: true, .. } => Ok(Column::Real(Float64Builder::new())),
            Held { whole: true, .. } => Ok(Column::Whole(Int64Builder::new())),
            _ => Ok(Column::Text(StringBuilder::new())),
        }
    }
}

/// One column of a result, being filled.
enum Column {
    Whole(Int64Builder),
    Real(Float64Builder),
    Text(StringBuilder),
    Blob(BinaryBuilder),
}

impl Column {
    fn data_type(&self) -> DataType {
        match self {
            Self::Whole(_) => DataType::Int64,
            Self::Real(_) => DataType::Float64,
            Self::Text(_) => DataType::Utf8,
            Self::Blob(_) => DataType::Binary,
        }
    }

    /// Adds a value.
    fn push(&mut self, value: ValueRef<'_>) -> Result<(), &'static str> {
        match (self, value) {
            (Self::Whole(builder), ValueRef::Null) => builder.append_null(),
            (Self::Whole(builder), ValueRef::Integer(whole)) => builder.append_value(whole),
            (Self::Real(builder), ValueRef::Null) => builder.append_null(),
            (Self::Real(builder), ValueRef::Real(real)) => builder.append_value(real),
            (Self::Real(builder), ValueRef::Integer(whole)) => builder.append_value(whole as f64),
            (Self::Text(builder), ValueRef::Null) => builder.append_null(),
            (Self::Text(builder), ValueRef::Text(bytes) | ValueRef::Blob(bytes)) => {
                builder.append_value(std::str::from_utf8(bytes).map_err(|_| "is no UTF-8 text")?);
            }
            (Self::Text(builder), ValueRef::Integer(whole)) => {
                builder.append_value(whole.to_string());
            }
            (Self::Text(builder), ValueRef::Real(real)) => builder.append_value(real.to_string()),
            (Self::Blob(builder), ValueRef::Null) => builder.append_null(),
            (Self::Blob(builder), ValueRef::Blob(bytes) | ValueRef::Text(bytes)) => {
                builder.append_value(bytes);
            }
            _ => return Err("its type has changed while it was read"),
        }
        Ok(())
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Whole(builder) => Arc::new(builder.finish()),
            Self::Real(builder) => Arc::new(builder.finish()),
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Blob(builder) => Arc::new(builder.finish()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_as_narrow_as_its_values_allow() {
        let held = |whole, real, text, blob| {
            let held = Held {
                whole,
                real,
                text,
                blob,
            };
            held.column("c").map(|column| column.data_type())
        };
        assert_eq!(held(true, false, false, false), Ok(DataType::Int64));
        assert_eq!(held(true, true, false, false), Ok(DataType::Float64));
        assert_eq!(held(true, false, true, false), Ok(DataType::Utf8));
        assert_eq!(held(false, false, false, false), Ok(DataType::Utf8));
        assert_eq!(held(false, false, false, true), Ok(DataType::Binary));
        assert!(held(false, false, true, true).is_err());
    }
}
