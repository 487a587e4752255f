//! Ids: whole numbers and texts that name something, the same in whatever type they come.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};

use super::exact::{NOT_FINITE, Reason};
use super::number::whole;
use super::{Coerced, is_float, lost, noted, parsed, text};
use crate::failure::Result;

/// Floating-point numbers hold every whole number up to here.
const EXACT: f64 = 9_007_199_254_740_992.0;
const NOT_WHOLE: Reason = mark!("is no whole number");
const NOT_EXACT: Reason = mark!(
    "is a floating-point number beyond 2^53, whose last digits are lost; keep ids as whole numbers or text"
);

/// Tools without nullable integers write ids as 12345.0.
fn whole_float(value: f64) -> Result<i64, Reason> {
    match value {
        value if !value.is_finite() => Err(NOT_FINITE),
        value if value.fract() != 0.0 => Err(NOT_WHOLE),
        value if value.abs() > EXACT => Err(NOT_EXACT),
        value => Ok(value as i64),
    }
}

/// Whole numbers of 64 bits.
pub fn whole_numbers(values: &ArrayRef) -> Result<Coerced> {
    let mut problems = Vec::new();
    let mut keep = |row, value| noted(&mut problems, row, value);
    let numbers: Int64Array = match values.data_type() {
        data_type if is_float(data_type) => {
            let floats = cast(values, &DataType::Float64)?;
            let floats = floats.as_primitive::<Float64Type>().iter().enumerate();
            floats
                .map(|(row, value)| keep(row, whole_float(value?)))
                .collect()
        }
        // Text whose source says that it is whole numbers.
        DataType::Utf8 => parsed(values, |row, text| keep(row, whole(text).ok_or(NOT_WHOLE))),
        data_type if data_type.is_decimal() => {
            let texts = cast(values, &DataType::Utf8)?;
            parsed(&texts, |row, text| keep(row, whole(text).ok_or(NOT_WHOLE)))
        }
        _ => {
            let whole = cast(values, &DataType::Int64)?;
            let problems = lost(
                values,
                &whole,
                mark!("is too large for a whole number of 64 bits"),
            );
            return Ok(Coerced::new(whole, problems));
        }
    };
    Ok(Coerced::new(Arc::new(numbers), problems))
}

/// Keys as text, which depends on the value alone: a whole number is written without decimals in
/// whatever type or file it comes.
pub fn ids(values: &ArrayRef) -> Result<Coerced> {
    if is_float(values.data_type()) {
        let whole = whole_numbers(values)?;
        let texts = cast(&whole.values, &DataType::Utf8)?;
        return Ok(Coerced::new(texts, whole.problems));
    }
    let fractions = values.data_type().is_decimal();
    let texts = text(values)?.values;
    let all = texts.as_string::<i32>();
    let plain = |text: &str| !text.ends_with('0') || !text.contains('.');
    if !fractions
        && all
            .iter()
            .flatten()
            .all(|text| plain(text) && text != "NaN")
    {
        return Ok(Coerced::new(texts, Vec::new()));
    }
    let mut problems = Vec::new();
    let cleaned: StringArray = all
        .iter()
        .enumerate()
        .map(|(row, text)| noted(&mut problems, row, id_of(text?, fractions)))
        .collect();
    Ok(Coerced::new(Arc::new(cleaned), problems))
}

/// An id as it is kept. Text such as `17850.0` is what is left of a whole number that was a float on
/// its way; `fractions` says that it is surely a number.
fn id_of(text: &str, fractions: bool) -> Result<&str, Reason> {
    if text == "NaN" {
        return Err(NOT_FINITE);
    }
    let Some((whole, decimals)) = text.split_once('.') else {
        return Ok(text);
    };
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    // A number is written without zeros before it; what has some is text.
    let zeros = digits.len() > 1 && digits.starts_with('0');
    if !is_number(digits) || !is_number(decimals) || zeros {
        return Ok(text);
    }
    if decimals.bytes().any(|byte| byte != b'0') {
        return if fractions { Err(NOT_WHOLE) } else { Ok(text) };
    }
    match digits.parse::<f64>() {
        Ok(0.0) => Ok("0"),
        Ok(value) if value > EXACT && !fractions => Err(NOT_EXACT),
        _ => Ok(whole),
    }
}
