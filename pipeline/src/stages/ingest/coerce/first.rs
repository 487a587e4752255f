//! A time that stands in one of several columns, each of which may write it in its own way.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::interleave;
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::time::Times;
use super::{Coerced, Notation, Said, coerce};
use crate::contract::Content;
use crate::failure::Result;

/// For each row what the first of the columns says that is not empty, and what stands there; a
/// column that cannot be read is not passed over. There is a notation for each column.
pub fn first_time(
    columns: &[ArrayRef],
    content: Content,
    target: &DataType,
    notations: &mut [Notation],
) -> Result<(Coerced, ArrayRef)> {
    let rows = columns.first().map_or(0, |column| column.len());
    let places: Vec<usize> = (0..rows)
        .map(|row| {
            let mut columns = columns.iter();
            columns.position(|column| says(column, row)).unwrap_or(0)
        })
        .collect();
    let (mut values, mut problems) = (Vec::new(), Vec::new());
    for ((place, column), notation) in columns.iter().enumerate().zip(notations) {
        let coerced = coerce(column, content, target, Said::default(), notation)?;
        let here = coerced.problems.into_iter();
        problems.extend(here.filter(|(row, _)| places[*row] == place));
        values.push(coerced.values);
    }
    problems.sort_by_key(|(row, _)| *row);
    let arrays: Vec<&dyn Array> = values.iter().map(AsRef::as_ref).collect();
    let from: Vec<(usize, usize)> = places.iter().copied().zip(0..rows).collect();
    let options = FormatOptions::new();
    let shown: Vec<ArrayFormatter<'_>> = columns
        .iter()
        .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
        .collect::<Result<_, _>>()?;
    let shown = from.iter().map(|(place, row)| {
        let there = columns[*place].is_valid(*row);
        there.then(|| shown[*place].value(*row).to_string())
    });
    let shown: ArrayRef = Arc::new(shown.collect::<StringArray>());
    Ok((Coerced::new(interleave(&arrays, &from)?, problems), shown))
}

/// Whether something stands in a cell that is more than a way to write nothing.
fn says(column: &ArrayRef, row: usize) -> bool {
    let text = match column.data_type() {
        _ if column.is_null(row) => return false,
        DataType::Utf8 => column.as_string::<i32>().value(row),
        DataType::LargeUtf8 => column.as_string::<i64>().value(row),
        DataType::Utf8View => column.as_string_view().value(row),
        _ => return true,
    };
    !text.trim().is_empty() && !Times::is_nothing(text)
}
