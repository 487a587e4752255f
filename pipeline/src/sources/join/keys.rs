//! The keys of a join: text, the same whatever type a file gives them.

use arrow::array::{Array, ArrayRef, AsArray, StringArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};

use crate::failure::Result;

/// Stands between the values of a key of several columns.
pub const BETWEEN: char = '\u{1f}';

/// Keys as text, the same whatever type a file gives them; none where a value is missing.
pub fn texts(columns: &[ArrayRef]) -> Result<StringArray> {
    let columns: Vec<StringArray> = columns.iter().map(text).collect::<Result<_>>()?;
    if let [only] = columns.as_slice()
        && only
            .iter()
            .flatten()
            .all(|text| !text.is_empty() && text.trim().len() == text.len())
    {
        return Ok(only.clone());
    }
    let rows = columns.first().map_or(0, StringArray::len);
    let mut keys = StringBuilder::new();
    for row in 0..rows {
        let values = columns.iter().map(|column| {
            let value = column.is_valid(row).then(|| column.value(row).trim());
            value.filter(|value| !value.is_empty())
        });
        match values.collect::<Option<Vec<&str>>>() {
            Some(values) => keys.append_value(values.join(&BETWEEN.to_string())),
            None => keys.append_null(),
        }
    }
    Ok(keys.finish())
}

/// Values as text: whole numbers without decimals, also where a tool keeps them with some.
fn text(column: &ArrayRef) -> Result<StringArray> {
    if column.data_type().is_floating() {
        let numbers = cast(column, &DataType::Float64)?;
        let numbers = numbers.as_primitive::<Float64Type>().iter();
        let whole = |number: f64| number.fract() == 0.0 && number.abs() < 9e15;
        let texts = numbers.map(|number| {
            number.map(|number| match whole(number) {
                true => (number as i64).to_string(),
                false => number.to_string(),
            })
        });
        return Ok(texts.collect());
    }
    let texts = cast(column, &DataType::Utf8)?;
    let texts: &StringArray = texts.as_string();
    if matches!(column.data_type(), DataType::Decimal128(_, scale) if *scale > 0) {
        let plain = |text: &str| text.trim_end_matches('0').trim_end_matches('.').to_owned();
        return Ok(texts.iter().map(|text| text.map(plain)).collect());
    }
    Ok(texts.clone())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Float64Array, Int64Array};

    use super::*;

    #[test]
    fn keys_are_the_same_text_in_every_type() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), None]));
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![Some(7.0), Some(7.5)]));
        let words: ArrayRef = Arc::new(StringArray::from(vec![Some(" 7 "), Some(" ")]));
        let of = |columns: &[ArrayRef]| -> Vec<Option<String>> {
            let keys = texts(columns).unwrap();
            keys.iter().map(|key| key.map(str::to_owned)).collect()
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(of(&[Arc::clone(&numbers)]), [text("7"), None]);
        assert_eq!(of(&[Arc::clone(&floats)]), [text("7"), text("7.5")]);
        assert_eq!(of(&[Arc::clone(&words)]), [text("7"), None]);
        assert_eq!(of(&[floats, numbers]), [text("7\u{1f}7"), None]);
    }
}
