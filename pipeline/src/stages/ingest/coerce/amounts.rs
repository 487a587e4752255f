//! Amounts and other numbers of columns, in whatever type they come.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal64Array, Float64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};

use super::exact::{NOT_FINITE, ONE, Reason, from_float};
use super::number::{Numbers, currency_beside};
use super::{Coerced, Notation, Problem, Said, is_float, lost, noted, parsed, plain};
use crate::contract::{MONEY_PRECISION, MONEY_SCALE};
use crate::failure::Result;

/// The products of two columns of numbers, each read for itself; `names` are those of the columns.
pub fn product(
    factors: [&ArrayRef; 2],
    names: [&str; 2],
    said: [Said; 2],
    notation: &Notation,
) -> Result<Coerced> {
    let mut problems: Vec<Problem> = Vec::new();
    let mut currencies = Vec::new();
    let mut read = Vec::with_capacity(2);
    for ((values, name), said) in factors.into_iter().zip(names).zip(said) {
        let values = plain(values)?;
        let numbers = said.numbers.unwrap_or(notation.numbers);
        let (floats, wrong) = floats(&values, &numbers)?;
        let texts = values.as_string_opt::<i32>();
        let named = |reason: &str| {
            tr!(
                "cannot be calculated: `{name}` {reason}",
                name = name,
                reason = reason
            )
        };
        problems.extend(wrong.iter().map(|(row, reason)| (*row, named(reason))));
        if let Some(texts) = texts {
            let beside = |row: usize| Some((row, currency_beside(texts.value(row))?));
            currencies.extend(
                (0..texts.len())
                    .filter(|&row| floats.is_valid(row))
                    .filter_map(beside),
            );
        }
        read.push(floats);
    }
    let mut too_large = Vec::new();
    let products: Decimal64Array = (0..read[0].len())
        .map(|row| {
            let both = read.iter().all(|factor| factor.is_valid(row));
            let product = both.then(|| read[0].value(row) * read[1].value(row))?;
            noted(&mut too_large, row, amount(from_float(product)))
        })
        .collect();
    problems.extend(too_large);
    let products = products.with_precision_and_scale(MONEY_PRECISION, MONEY_SCALE)?;
    Ok(Coerced {
        values: Arc::new(products),
        problems,
        currencies,
    })
}

/// `return` where a number is below zero, else `purchase`.
pub fn kind_by_sign(values: &ArrayRef, said: Said, notation: &Notation) -> Result<Coerced> {
    let numbers = said.numbers.unwrap_or(notation.numbers);
    let (floats, problems) = floats(&plain(values)?, &numbers)?;
    let kinds: StringArray = (0..floats.len())
        .map(|row| {
            Some(match floats.is_valid(row) && floats.value(row) < 0.0 {
                true => "return",
                false => "purchase",
            })
        })
        .collect();
    Ok(Coerced::new(Arc::new(kinds), problems))
}

/// Numbers as floating point, and which texts are none.
fn floats(values: &ArrayRef, numbers: &Numbers) -> Result<(Float64Array, Vec<Problem>)> {
    let mut problems = Vec::new();
    let floats = match values.data_type() {
        DataType::Utf8 => parsed(values, |row, text| {
            noted(&mut problems, row, numbers.parse_float(text))
        }),
        _ => {
            let floats = cast(values, &DataType::Float64)?;
            let floats = floats.as_primitive::<Float64Type>().iter().enumerate();
            let finite = |value: f64| match value.is_finite() {
                true => Ok(value),
                false => Err(NOT_FINITE),
            };
            floats
                .map(|(row, value)| noted(&mut problems, row, finite(value?)))
                .collect()
        }
    };
    Ok((floats, problems))
}

/// Text whose source says that it is numbers; of other types what is no finite number is nothing.
pub fn attribute_number(values: &ArrayRef, numbers: &Numbers) -> Result<Coerced> {
    let (floats, mut problems) = floats(values, numbers)?;
    if *values.data_type() != DataType::Utf8 {
        problems.clear();
    }
    Ok(Coerced::new(Arc::new(floats), problems))
}

/// The largest amount that fits, in ten-thousandths.
const LARGEST: u64 = 10u64.pow(MONEY_PRECISION as u32) - 1;

fn amount(value: Result<i128, Reason>) -> Result<i64, Reason> {
    value.and_then(|value| match i64::try_from(value) {
        Ok(value) if value.unsigned_abs() <= LARGEST => Ok(value),
        _ => Err(mark!("is too large for an amount")),
    })
}

/// Amounts, exact to the ten-thousandth, with the currencies beside them.
pub fn decimals(values: &ArrayRef, numbers: &Numbers) -> Result<Coerced> {
    let mut problems = Vec::new();
    let mut currencies = Vec::new();
    let mut keep =
        |row: usize, value: Result<i128, Reason>| noted(&mut problems, row, amount(value));
    let decimals: Decimal64Array = match values.data_type() {
        data_type if is_float(data_type) => {
            let floats = cast(values, &DataType::Float64)?;
            let floats = floats.as_primitive::<Float64Type>();
            floats
                .iter()
                .enumerate()
                .map(|(row, value)| keep(row, from_float(value?)))
                .collect()
        }
        data_type if data_type.is_integer() => {
            let whole = cast(values, &DataType::Int64)?;
            let whole = whole.as_primitive::<Int64Type>();
            whole
                .iter()
                .enumerate()
                .map(|(row, value)| keep(row, Ok(i128::from(value?) * ONE)))
                .collect()
        }
        DataType::Utf8 => parsed(values, |row, value| {
            let money = numbers.parse_money(value).map(|(value, currency)| {
                currencies.extend(currency.map(|currency| (row, currency)));
                value
            });
            keep(row, money)
        }),
        _ => {
            let cast = cast(values, &DataType::Decimal64(MONEY_PRECISION, MONEY_SCALE))?;
            let problems = lost(values, &cast, mark!("is no number that fits an amount"));
            return Ok(Coerced::new(cast, problems));
        }
    };
    let decimals = decimals.with_precision_and_scale(MONEY_PRECISION, MONEY_SCALE)?;
    Ok(Coerced {
        values: Arc::new(decimals),
        problems,
        currencies,
    })
}
