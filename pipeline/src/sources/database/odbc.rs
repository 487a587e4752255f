//! Other databases through their ODBC drivers: every value as text, in blocks of rows.

use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType as ArrowType, Schema};
use odbc_api::buffers::TextRowSet;
use odbc_api::{
    Connection, ConnectionOptions, Cursor, DataType, Error, ResultSetMetadata, environment,
};

use super::answer::{Answer, Answered, no_columns, schema};
use super::column::{Column, PLACES};
use super::{Question, quoted};
use crate::failure::{Failure, Result};

/// Rows of a block.
const ROWS: usize = 512;
/// Bytes that a value may have as text; longer ones are refused, not cut.
const LONGEST: usize = 16 << 10;

/// Asks, and writes the rows into the spool as they come.
pub fn ask(connection: &str, question: &Question, spool: &Path) -> Result<Answered> {
    let mut connection = connection.trim_end_matches(';').to_owned();
    if let Ok(password) = std::env::var("ODBC_PASSWORD") {
        connection += &format!(";PWD={{{}}}", password.replace('}', "}}"));
    }
    let manager = environment().map_err(|error| unreachable(&error))?;
    let client = manager
        .connect_with_connection_string(&connection, ConnectionOptions::default())
        .map_err(|error| unreachable(&error))?;
    let (names, mut columns) = columns_of(&client, &question.sql)?;
    if names.is_empty() {
        return Err(no_columns());
    }
    let schema = schema(&names, columns.iter().map(Column::data_type));
    let mut answer = Answer::begin(spool, schema.clone(), question.watermark.as_deref())?;
    let literal = type_of_watermark(question, &schema)?;
    let wanted = question.wanted(|column, since| {
        // Without quotes: each database has its own.
        format!(
            "{} > {}",
            column.replace('"', ""),
            written(since, literal.as_ref())
        )
    });
    let cursor = client
        .execute(&wanted, (), None)
        .map_err(|error| refused(&error))?;
    let Some(mut cursor) = cursor else {
        return answer.finish();
    };
    let block = TextRowSet::for_cursor(ROWS, &mut cursor, Some(LONGEST))
        .map_err(|error| refused(&error))?;
    let mut blocks = cursor.bind_buffer(block).map_err(|error| refused(&error))?;
    let mut taken = 0;
    while let Some(block) = blocks
        .fetch_with_truncation_check(true)
        .map_err(|error| refused(&error))?
    {
        for row in 0..block.num_rows() {
            taken += 1;
            for ((place, column), name) in columns.iter_mut().enumerate().zip(&names) {
                let text = block.at(place, row).map(str::from_utf8).transpose();
                let kept = text
                    .map_err(|_| "is no UTF-8 text")
                    .and_then(|text| column.push(text));
                kept.map_err(|reason| {
                    Failure::data(format!("row {taken}: column `{name}`: its value {reason}")).hint(
                        format!("change it in the query, for example CAST({name} AS VARCHAR(100))"),
                    )
                })?;
            }
        }
        let arrays = columns.iter_mut().map(Column::finish).collect();
        answer.write(&RecordBatch::try_new(schema.clone(), arrays)?)?;
    }
    answer.finish()
}

/// The type of the watermark's column, of which a greater value is asked for.
fn type_of_watermark(question: &Question, schema: &Schema) -> Result<Option<ArrowType>> {
    let name = question.watermark.as_ref();
    let field = name.and_then(|name| schema.field_with_name(name).ok());
    let data_type = field.map(|field| field.data_type().clone());
    if data_type == Some(ArrowType::Utf8) {
        return Err(Failure::settings(
            "`watermark` names a column of text, whose order each database has its own idea of",
        )
        .hint("name a number, a date or a time"));
    }
    Ok(data_type)
}

/// What the columns of a query are called, and what takes their values.
fn columns_of(client: &Connection<'_>, sql: &str) -> Result<(Vec<String>, Vec<Column>)> {
    let (mut names, mut columns) = (Vec::new(), Vec::new());
    let mut prepared = client.prepare(sql).map_err(|error| refused(&error))?;
    let count = prepared
        .num_result_cols()
        .map_err(|error| refused(&error))?;
    for number in 1..=u16::try_from(count).unwrap_or_default() {
        names.push(prepared.col_name(number).map_err(|error| refused(&error))?);
        let data_type = prepared
            .col_data_type(number)
            .map_err(|error| refused(&error))?;
        columns.push(column(&data_type));
    }
    Ok((names, columns))
}

/// The column for a type of ODBC.
fn column(data_type: &DataType) -> Column {
    match data_type {
        DataType::TinyInt | DataType::SmallInt | DataType::Integer | DataType::BigInt => {
            Column::whole()
        }
        DataType::Real | DataType::Float { .. } | DataType::Double => Column::real(),
        DataType::Numeric { scale, .. } | DataType::Decimal { scale, .. } => {
            Column::exact(i8::try_from(*scale).unwrap_or(PLACES))
        }
        DataType::Bit => Column::flag(),
        DataType::Date => Column::day(),
        DataType::Timestamp { .. } => Column::moment(false),
        DataType::Char { .. } | DataType::WChar { .. } => Column::text(true),
        _ => Column::text(false),
    }
}

/// A value as every driver understands it: times in ODBC's own notation.
fn written(value: &str, data_type: Option<&ArrowType>) -> String {
    match data_type {
        Some(ArrowType::Timestamp(..)) => {
            format!("{{ts {}}}", quoted(&value.replace('T', " "), '\''))
        }
        Some(ArrowType::Date32) => format!("{{d {}}}", quoted(value, '\'')),
        _ => value.to_owned(),
    }
}

/// The driver's own words, in one line.
fn words(error: &Error) -> String {
    let text = match error {
        Error::Diagnostics { record, .. } => record.to_string(),
        other => other.to_string(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn unreachable(error: &Error) -> Failure {
    Failure::machine(words(error)).hint(
        "does odbcinst -q -d list the driver and odbcinst -q -s the data source? The password comes from odbc.ini or ODBC_PASSWORD",
    )
}

fn refused(error: &Error) -> Failure {
    match error {
        Error::TooLargeValueForBuffer { .. } => {
            Failure::data(format!("a value is longer than {LONGEST} bytes"))
                .hint("leave the column out of the query, or cut it there")
        }
        error => Failure::settings(format!("the database says: {}", words(error)))
            .hint("try the query in isql first"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_every_driver_understands_them() {
        use arrow::datatypes::TimeUnit::Microsecond;
        let time = ArrowType::Timestamp(Microsecond, None);
        assert_eq!(
            written("2024-01-01T10:00:00", Some(&time)),
            "{ts '2024-01-01 10:00:00'}"
        );
        assert_eq!(written("17", Some(&ArrowType::Int64)), "17");
    }
}
