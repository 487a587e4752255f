//! SQLite: a query's rows from a file that is opened to be read only.
//!
//! In SQLite every value has a type of its own, so the rows are looked at twice within one
//! transaction: once for what each column holds, once for the values.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{
    ArrayRef, BinaryBuilder, Float64Builder, Int64Builder, RecordBatch, StringBuilder,
};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion_table_providers::sql::db_connection_pool::dbconnection::sqliteconn::SqliteConnection;
use datafusion_table_providers::sql::db_connection_pool::sqlitepool::SqliteConnectionPool;
use datafusion_table_providers::sql::db_connection_pool::{JoinPushDown, Mode};

use super::answer::{Answer, Answered};
use super::{Question, quoted};
use crate::failure::{Failure, Result};
use crate::sources::BATCH_ROWS;

/// Bytes of text that are taken together at most, however few rows they are.
const BATCH_BYTES: usize = 8 << 20;

/// Asks, and writes the rows into the spool as they come.
pub async fn ask(file: &Path, question: Question, spool: PathBuf) -> Result<Answered> {
    let pool = SqliteConnectionPool::new(
        &read_only(file)?,
        Mode::File,
        JoinPushDown::Disallow,
        Vec::new(),
        Duration::ZERO,
    )
    .await
    .map_err(|error| fault(&error.to_string(), &question))?;
    let connection = pool.connect_sync();
    let Some(connection) = connection.as_any().downcast_ref::<SqliteConnection>() else {
        return Err(Failure::machine("the SQLite library gave no connection"));
    };
    let asked = connection.conn.call_raw(move |database| {
        // The library's types have no names here; closures and inference do without.
        let fault = |error: String| fault(&error, &question);
        database
            .execute_batch("BEGIN")
            .map_err(|error| fault(error.to_string()))?;
        let mut statement = database
            .prepare(&question.sql)
            .map_err(|error| fault(error.to_string()))?;
        let names: Vec<String> = statement
            .column_names()
            .iter()
            .map(ToString::to_string)
            .collect();
        if names.is_empty() {
            return Err(Failure::settings("the query gives no columns").hint("write a SELECT"));
        }
        let mut held = vec![Held::default(); names.len()];
        let mut rows = statement
            .query([])
            .map_err(|error| fault(error.to_string()))?;
        while let Some(row) = rows.next().map_err(|error| fault(error.to_string()))? {
            for (column, held) in held.iter_mut().enumerate() {
                let value = row
                    .get_ref(column)
                    .map_err(|error| fault(error.to_string()))?;
                held.whole |= value.as_i64().is_ok();
                held.real |= value.as_f64().is_ok();
                held.blob |= value.as_blob().is_ok();
                held.text |= value.as_bytes().is_ok() && value.as_blob().is_err();
            }
        }
        drop(rows);
        let mut columns = Vec::with_capacity(names.len());
        for (name, held) in names.iter().zip(&held) {
            columns.push(held.column(name)?);
        }
        let fields: Vec<Field> = names
            .iter()
            .zip(&columns)
            .map(|(name, column)| Field::new(name, column.data_type(), true))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let mut answer = Answer::begin(&spool, schema.clone(), question.watermark.as_deref())?;
        let mut statement = database
            .prepare(&question.wanted(newer))
            .map_err(|error| fault(error.to_string()))?;
        let mut rows = statement
            .query([])
            .map_err(|error| fault(error.to_string()))?;
        let (mut taken, mut waiting, mut bytes) = (0, 0, 0);
        let mut batch = |columns: &mut [Column]| {
            let columns = columns.iter_mut().map(Column::finish).collect();
            answer.write(&RecordBatch::try_new(schema.clone(), columns)?)
        };
        while let Some(row) = rows.next().map_err(|error| fault(error.to_string()))? {
            taken += 1;
            for (place, column) in columns.iter_mut().enumerate() {
                let value = row
                    .get_ref(place)
                    .map_err(|error| fault(error.to_string()))?;
                let content = value.as_bytes_or_null().ok().flatten();
                bytes += content.map_or(8, <[u8]>::len);
                column
                    .push(value.as_i64().ok(), value.as_f64().ok(), content)
                    .map_err(|reason| {
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
    });
    asked
        .await
        .map_err(|error| Failure::machine(error.to_string()))?
}

/// The address of a file that is opened to be read, and never made.
fn read_only(file: &Path) -> Result<String> {
    let file = std::path::absolute(file)?;
    let Some(file) = file.to_str() else {
        return Err(Failure::settings(format!(
            "{} is not UTF-8",
            file.display()
        )));
    };
    let file = file
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23");
    Ok(format!("file:{file}?mode=ro"))
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

    /// Adds a value, which is one of the three, or none.
    fn push(
        &mut self,
        whole: Option<i64>,
        real: Option<f64>,
        bytes: Option<&[u8]>,
    ) -> Result<(), &'static str> {
        const OTHER: &str = "its type has changed while it was read";
        match (self, whole, real, bytes) {
            (Self::Whole(builder), whole, None, None) => builder.append_option(whole),
            (Self::Real(builder), None, real, None) => builder.append_option(real),
            (Self::Real(builder), Some(whole), ..) => builder.append_value(whole as f64),
            (Self::Text(builder), _, _, Some(bytes)) => {
                builder.append_value(std::str::from_utf8(bytes).map_err(|_| "is no UTF-8 text")?);
            }
            (Self::Text(builder), Some(whole), ..) => builder.append_value(whole.to_string()),
            (Self::Text(builder), _, Some(real), _) => builder.append_value(real.to_string()),
            (Self::Text(builder), None, None, None) => builder.append_null(),
            (Self::Blob(builder), None, None, bytes) => builder.append_option(bytes),
            _ => return Err(OTHER),
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

    #[test]
    fn the_name_of_a_file_is_no_part_of_the_address_language() {
        let address = read_only(Path::new("/data/50%?#.db")).unwrap();
        assert_eq!(address, "file:/data/50%25%3f%23.db?mode=ro");
    }
}
