//! Rows that come with types: hashed whole, then given the columns and types that are wanted.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchOptions, StringArray,
};
use arrow::buffer::NullBuffer;
use arrow::compute::kernels::cmp::not_distinct;
use arrow::compute::{cast, is_not_null, is_null, or};
use arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef, TimeUnit};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::{Malformed, RawBatch, missing_column};
use crate::engine::row_hash::hash_columns;
use crate::failure::{During, Result};

/// Whether a column can be mapped; nested ones cannot, since nothing can be made of them yet.
pub fn is_flat(data_type: &DataType) -> bool {
    !data_type.is_nested() || matches!(data_type, DataType::Dictionary(..))
}

/// The columns that can be mapped, any of them null somewhere, without notes of the file.
pub fn flat(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter();
    let flat: Vec<_> = fields
        .filter(|field| is_flat(field.data_type()))
        .map(|field| Field::new(field.name(), field.data_type().clone(), true))
        .collect();
    Arc::new(Schema::new(flat))
}

/// Fails unless every wanted column is among those of the file.
pub fn has_columns(path: &Path, own: &Schema, wanted: &Schema) -> Result<()> {
    let known: Vec<&str> = own
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    for field in wanted.fields() {
        if own.field_with_name(field.name()).is_err() {
            return Err(missing_column(path, field.name(), &known));
        }
    }
    Ok(())
}

/// Which of so many rows have a value, in Arrow's layout; nothing where all of them have.
pub fn validity(rows: usize, nulls: &[usize]) -> Option<NullBuffer> {
    (!nulls.is_empty()).then(|| {
        let mut valid = vec![true; rows];
        nulls.iter().for_each(|&row| valid[row] = false);
        NullBuffer::from(valid)
    })
}

/// The numbers of so many rows, from `first` on.
pub fn numbered(first: u64, rows: usize) -> Vec<u64> {
    (first..first + rows as u64).collect()
}

/// Rows that carry types, with the columns of `schema`.
pub fn shaped(
    rows: &RecordBatch,
    lines: Vec<u64>,
    hashed: bool,
    schema: &SchemaRef,
    path: &Path,
) -> Result<RawBatch> {
    let raw = RawBatch {
        rows: rows.clone(),
        lines,
        hashes: if hashed {
            hash_columns(rows.columns(), rows.num_rows(), 0)?
        } else {
            Vec::new()
        },
        malformed: Vec::new(),
        flaws: Vec::new(),
    };
    fitted(raw, schema, path)
}

/// The columns of `schema`, in its order and types. A row with a value that another type cannot
/// hold as it is becomes malformed.
pub fn fitted(raw: RawBatch, schema: &SchemaRef, path: &Path) -> Result<RawBatch> {
    if raw.rows.schema_ref() == schema {
        return Ok(raw);
    }
    let mut malformed = Vec::new();
    let mut good = vec![true; raw.rows.num_rows()];
    let mut columns = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let column = raw
            .rows
            .column_by_name(field.name())
            .ok_or_else(|| missing_column(path, field.name(), &[]))?;
        if column.data_type() == field.data_type() {
            columns.push(Arc::clone(column));
            continue;
        }
        let place = || format!("{}: column `{}`", path.display(), field.name());
        if *field.data_type() == DataType::Utf8
            && let Some(text) = as_text(column).during(place())?
        {
            columns.push(text);
            continue;
        }
        let fitting = cast(column, field.data_type()).during(place())?;
        let whole = unchanged(column, &fitting).during(place())?;
        let options = FormatOptions::default();
        let values = ArrayFormatter::try_new(column.as_ref(), &options)?;
        let lost = |row: &usize| !whole.value(*row);
        for row in (0..good.len()).filter(lost) {
            if std::mem::replace(&mut good[row], false) {
                malformed.push(Malformed {
                    line: raw.lines[row],
                    value: values.value(row).to_string(),
                    reason: cannot_hold(field, column.data_type()),
                });
            }
        }
        columns.push(fitting);
    }
    let rows = batch(schema, columns, good.len()).during(path.display())?;
    if malformed.is_empty() {
        return Ok(RawBatch { rows, ..raw });
    }
    malformed.extend(raw.malformed);
    malformed.sort_by_key(|malformed| malformed.line);
    let raw = RawBatch {
        rows,
        malformed,
        ..raw
    };
    raw.chosen(&BooleanArray::from(good))
}

/// Why a value of another type than that of the first file is no value.
fn cannot_hold(field: &Field, here: &DataType) -> String {
    tr!(
        "column `{column}` is {here} in this file and {there} in the first one, which cannot hold this value",
        column = field.name(),
        here = here,
        there = field.data_type()
    )
}

/// A floating-point number as text, which depends on nothing but the number: whole numbers have no
/// decimals, unless they are beyond 2^53, where the last digits are not known.
pub fn float_text(value: f64) -> String {
    match value {
        value if value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0 => {
            (value as i64).to_string()
        }
        value if value.fract() == 0.0 => format!("{value:.1}"),
        value => value.to_string(),
    }
}

fn is_float(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Float16 | DataType::Float32 | DataType::Float64
    )
}

/// Numbers and times as text that says just what they are; none for other types, which say it
/// themselves.
fn as_text(values: &ArrayRef) -> Result<Option<ArrayRef>> {
    Ok(match values.data_type() {
        data_type if is_float(data_type) => {
            let floats = cast(values, &DataType::Float64)?;
            let floats = floats.as_primitive::<Float64Type>().iter();
            let texts: StringArray = floats.map(|value| value.map(float_text)).collect();
            Some(Arc::new(texts))
        }
        // With a time of day it is no day of a format of somebody's own.
        DataType::Date32 | DataType::Date64 => {
            let moments = cast(values, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
            Some(cast(&moments, &DataType::Utf8)?)
        }
        DataType::Timestamp(..) => Some(cast(values, &DataType::Utf8)?),
        _ => None,
    })
}

/// The type that holds what both types hold, where the files of a source differ; text holds all.
pub fn wider(one: &DataType, other: &DataType) -> DataType {
    use DataType::{Date32, Decimal128, Float64, Int64, Timestamp, Utf8};
    let microseconds = |zone: &Option<Arc<str>>| Timestamp(TimeUnit::Microsecond, zone.clone());
    match (one, other) {
        _ if one == other => one.clone(),
        (DataType::Dictionary(_, one), other) | (other, DataType::Dictionary(_, one)) => {
            wider(one, other)
        }
        (DataType::UInt64, _) | (_, DataType::UInt64) => Utf8,
        (one, other) if one.is_integer() && other.is_integer() => Int64,
        (Decimal128(_, a), Decimal128(_, b)) => Decimal128(38, *a.max(b)),
        (one, other) if one.is_numeric() && other.is_numeric() => Float64,
        (Timestamp(_, a), Timestamp(_, b)) if a == b => microseconds(a),
        (Date32, Timestamp(_, None)) | (Timestamp(_, None), Date32) => microseconds(&None),
        _ => Utf8,
    }
}

/// A batch of rows, also if no column is wanted.
pub fn batch(schema: &SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns,
        &options,
    )?)
}

/// Which values another type holds as they are: those that come back when they are cast back, and
/// text that says a number or time in other words.
fn unchanged(before: &ArrayRef, after: &ArrayRef) -> Result<BooleanArray> {
    let flat = match before.data_type() {
        DataType::Dictionary(_, values) => cast(before, values)?,
        DataType::Utf8View | DataType::LargeUtf8 => cast(before, &DataType::Utf8)?,
        _ => Arc::clone(before),
    };
    if *flat.data_type() == DataType::Utf8 && !after.data_type().is_integer() {
        return Ok(or(&is_null(&flat)?, &is_not_null(after)?)?);
    }
    let back = cast(after, flat.data_type())?;
    Ok(not_distinct(&flat, &back)?)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, Int64Array};
    use arrow::datatypes::Int64Type;

    use super::*;

    fn fit(column: ArrayRef, wanted: DataType) -> RawBatch {
        let of = |data_type: &DataType| {
            Arc::new(Schema::new(vec![Field::new("id", data_type.clone(), true)]))
        };
        let rows = batch(
            &of(column.data_type()),
            vec![Arc::clone(&column)],
            column.len(),
        );
        let raw = RawBatch {
            rows: rows.unwrap(),
            lines: (1..=column.len() as u64).collect(),
            hashes: (1..=column.len() as u64).collect(),
            malformed: Vec::new(),
            flaws: Vec::new(),
        };
        fitted(raw, &of(&wanted), Path::new("b.parquet")).unwrap()
    }

    #[test]
    fn a_value_that_the_first_files_type_cannot_hold_is_a_reject_and_others_are_cast() {
        let floats = Float64Array::from(vec![Some(1.0), Some(1.5), None, Some(3.0)]);
        let got = fit(Arc::new(floats), DataType::Int64);
        let ids = got.rows.column(0).as_primitive::<Int64Type>();
        assert_eq!(ids.iter().collect::<Vec<_>>(), [Some(1), None, Some(3)]);
        assert_eq!((got.lines, got.hashes), (vec![1, 3, 4], vec![1, 3, 4]));
        assert_eq!(
            (got.malformed[0].line, got.malformed[0].value.as_str()),
            (2, "1.5")
        );

        let texts = StringArray::from(vec![Some("7"), Some("007"), None, Some("A7")]);
        let got = fit(Arc::new(texts), DataType::Int64);
        assert_eq!(got.lines, [1, 3], "007 is not 7");

        let texts = StringArray::from(vec!["1.50", "2", "much"]);
        let got = fit(Arc::new(texts), DataType::Float64);
        let numbers = got.rows.column(0).as_primitive::<Float64Type>();
        assert_eq!(numbers.values().as_ref(), [1.5, 2.0]);

        let floats = Float64Array::from(vec![17850.0, 12.5, 1e22, -0.0]);
        let got = fit(Arc::new(floats), DataType::Utf8);
        let texts = got.rows.column(0).as_string::<i32>();
        assert_eq!(
            texts.iter().flatten().collect::<Vec<_>>(),
            ["17850", "12.5", "10000000000000000000000.0", "0"]
        );

        let whole = Int64Array::from(vec![7]);
        let got = fit(Arc::new(whole), DataType::Utf8);
        assert_eq!(got.rows.column(0).as_string::<i32>().value(0), "7");
    }
}
