//! What a file says of a customer: rows of theirs in a table, or something in a text.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::compute::kernels::boolean::and;
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::DataType;

use crate::commands::forget::mentions::{Words, has_word};
use crate::failure::{Failure, Result};
use crate::outputs::{neutral, plain, read_parquet};
use crate::warehouse::forget::others;

/// What was found in a file.
pub enum Found {
    /// Nothing of the customer.
    Nothing,
    /// A table with rows of theirs: what stays of it, and how many rows go.
    Rows(RecordBatch, u64),
    /// Something that cannot be taken out here; why the file goes.
    Gone(&'static str),
}

/// Looks for a customer in a file. In a table of `ours` a number is an id only where it is called so;
/// what anybody else has written may call it as it likes.
pub fn look(path: &Path, ours: bool, customer: &str, words: &Words) -> Result<Found> {
    let name = path.to_string_lossy().to_lowercase();
    let table = match () {
        () if name.ends_with(".parquet") => read_parquet(path),
        () if name.ends_with(".csv") => read_csv(path),
        () => return text(path, words),
    };
    let Ok(table) = table else {
        return text(path, words); // it only has the name of a table
    };
    let stays = match table.column_by_name("customer_id") {
        Some(_) => and(
            &others(&table, customer)?,
            &others(&table, &neutral(customer))?,
        )?,
        None if ours && customer.parse::<i64>().is_ok() => return Ok(Found::Nothing),
        None => rows_without(&table, customer)?,
    };
    let rows = stays.false_count() as u64;
    if rows > 0 {
        let table = filter_record_batch(&table, &stays)?;
        return Ok(Found::Rows(table, rows));
    }
    Ok(Found::Nothing)
}

fn text(path: &Path, words: &Words) -> Result<Found> {
    Ok(match words.in_file(path)? {
        true => Found::Gone(mark!("it cannot be written without them here")),
        false => Found::Nothing,
    })
}

/// Rows of a table without ids, such as rejects, in which the customer is not named. Of rejected
/// rows it is not known which value is the id, so one too many may go.
fn rows_without(table: &RecordBatch, customer: &str) -> Result<BooleanArray> {
    let mut texts: Vec<ArrayRef> = Vec::new();
    for values in table.columns() {
        if values.data_type().is_integer() || *values.data_type() == DataType::Utf8 {
            texts.push(cast(values, &DataType::Utf8)?);
        }
    }
    let cells = table.schema().field_with_name("value").is_ok();
    let telling = customer.parse::<i64>().is_err();
    let names = |text: &str| match cells {
        // Of a row that could not be read the fields may run into each other.
        true if telling => text.contains(customer),
        true => has_word(text, customer),
        false => plain(text) == customer,
    };
    let named = |row: usize| {
        texts.iter().any(|values| {
            let values = values.as_string::<i32>();
            values.is_valid(row) && names(values.value(row))
        })
    };
    Ok((0..table.num_rows()).map(|row| Some(!named(row))).collect())
}

/// A CSV of the results, every column as text.
fn read_csv(path: &Path) -> Result<RecordBatch> {
    let wrong = |error: csv::Error| Failure::data(format!("{}: {error}", path.display()));
    let mut reader = csv::Reader::from_path(path).map_err(wrong)?;
    let names: Vec<String> = reader
        .headers()
        .map_err(wrong)?
        .iter()
        .map(str::to_owned)
        .collect();
    let mut columns: Vec<Vec<String>> = vec![Vec::new(); names.len()];
    for record in reader.records() {
        for (column, value) in columns.iter_mut().zip(record.map_err(wrong)?.iter()) {
            column.push(value.to_owned());
        }
    }
    let columns = names.iter().zip(columns).map(|(name, values)| {
        let values = Arc::new(StringArray::from(values)) as ArrayRef;
        (name.as_str(), values)
    });
    Ok(RecordBatch::try_from_iter(columns)?)
}
