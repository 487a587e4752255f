//! Looks at the cells of a query's result, whatever layout they came in.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Float64Type, Int64Type};
use serde_json::Value;

use crate::commands::profile::distribution::Unit;
use crate::engine::Scope;
use crate::failure::{Failure, Result};

pub use crate::text::grouped;

/// Digits after the point to which attributes in floating point are looked at.
const FLOAT_DIGITS: u32 = 9;

/// What the whole numbers of [`wholes`] stand for; none where a column holds no numbers.
pub fn unit(data_type: &DataType) -> Option<Unit> {
    match data_type {
        DataType::Date32 => Some(Unit::Day),
        DataType::Decimal128(_, scale) => u32::try_from(*scale).ok().map(Unit::Number),
        DataType::Float64 => Some(Unit::Number(FLOAT_DIGITS)),
        other if other.is_integer() => Some(Unit::Number(0)),
        _ => None,
    }
}

/// The column of this name.
pub fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef> {
    batch
        .column_by_name(name)
        .ok_or_else(|| Failure::machine(format!("a query has no column {name}")))
}

/// Numbers and dates as whole numbers in their [`unit`]; what is no number is none.
pub fn wholes(values: &ArrayRef) -> Result<Vec<Option<i128>>> {
    Ok(match values.data_type() {
        DataType::Decimal128(..) => values.as_primitive::<Decimal128Type>().iter().collect(),
        DataType::Date32 => {
            let days = values.as_primitive::<Date32Type>();
            days.iter().map(|day| day.map(i128::from)).collect()
        }
        DataType::Float64 => {
            let scale = 10f64.powi(FLOAT_DIGITS as i32);
            let whole = |value: f64| value.is_finite().then(|| (value * scale).round() as i128);
            let floats = values.as_primitive::<Float64Type>();
            floats.iter().map(|value| value.and_then(whole)).collect()
        }
        _ => {
            let numbers = cast(values, &DataType::Int64)?;
            let numbers = numbers.as_primitive::<Int64Type>();
            numbers.iter().map(|value| value.map(i128::from)).collect()
        }
    })
}

/// The whole numbers of a named column, 0 for none.
pub fn numbers(batch: &RecordBatch, name: &str) -> Result<Vec<i128>> {
    let values = wholes(column(batch, name)?)?;
    Ok(values.into_iter().map(Option::unwrap_or_default).collect())
}

/// The counts of a named column.
pub fn counts(batch: &RecordBatch, name: &str) -> Result<Vec<u64>> {
    let values = numbers(batch, name)?.into_iter();
    Ok(values
        .map(|value| u64::try_from(value).unwrap_or_default())
        .collect())
}

/// The count in the first row of a named column; 0 without rows.
pub fn first_count(batch: &RecordBatch, name: &str) -> Result<u64> {
    Ok(counts(batch, name)?.first().copied().unwrap_or_default())
}

/// The only number, `n`, of a query.
pub fn count_of(scope: &Scope, sql: &str) -> Result<u64> {
    first_count(&scope.query(sql)?, "n")
}

/// The texts of a named column, empty for none.
pub fn texts(batch: &RecordBatch, name: &str) -> Result<Vec<String>> {
    let values = cast(column(batch, name)?, &DataType::Utf8)?;
    let values = values.as_string::<i32>().iter();
    Ok(values
        .map(|text| text.unwrap_or_default().to_owned())
        .collect())
}

/// One cell for JSON: numbers and yes or no as they are, everything else as text.
pub fn json(values: &ArrayRef, row: usize) -> Result<Value> {
    if values.is_null(row) {
        return Ok(Value::Null);
    }
    if let Some(unit) = unit(values.data_type()) {
        let value = wholes(&values.slice(row, 1))?;
        return Ok(value
            .first()
            .copied()
            .flatten()
            .map_or(Value::Null, |value| unit.json(value)));
    }
    if *values.data_type() == DataType::Boolean {
        return Ok(Value::from(values.as_boolean().value(row)));
    }
    let text = cast(&values.slice(row, 1), &DataType::Utf8)?;
    Ok(Value::from(text.as_string::<i32>().value(0)))
}

/// A cell of [`json`] as people read it.
pub fn readable(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => grouped(whole as f64),
            (None, Some(value)) => grouped(value),
            (None, None) => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// A name as SQL takes it, whatever it holds.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_hold_anything() {
        assert_eq!(quoted("a \"b\" ü"), "\"a \"\"b\"\" ü\"");
    }
}
