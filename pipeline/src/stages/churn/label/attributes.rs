//! Attributes of customers as numbers that models learn from.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, TimestampMicrosecondType};
use regulars_models::format::Feature;
use regulars_models::tree::MAX_CATEGORY;

use crate::failure::Result;
use crate::text::plural;

/// A text with more different values than this names customers when most have one of their own.
const NAMES: usize = 50;

/// One attribute.
pub struct Attribute {
    /// What it is.
    pub feature: Feature,
    /// Its value for each customer; NaN where it is missing.
    pub values: Vec<f32>,
}

/// A column as a feature, or why nothing can be learned from it.
pub fn attribute(name: &str, column: &ArrayRef) -> Result<std::result::Result<Attribute, String>> {
    let numbers = |name: &str, values: Vec<f32>| Attribute {
        feature: Feature::numeric(name),
        values,
    };
    let attribute = match column.data_type() {
        DataType::Utf8 => {
            let texts = column.as_string();
            match measurements(texts) {
                Some(values) => numbers(name, values),
                None => return Ok(categories(name, texts)),
            }
        }
        kind => numbers(named(name, kind), amounts(column)?),
    };
    if attribute.values.iter().all(|value| value.is_nan()) {
        return Ok(Err(tr!("always empty")));
    }
    Ok(Ok(attribute))
}

/// What the feature of a column is called.
pub fn named<'a>(column: &'a str, kind: &DataType) -> &'a str {
    match kind {
        DataType::Timestamp(..) => "days_since_joined",
        _ => column,
    }
}

/// A column that holds no text as numbers.
pub fn amounts(column: &ArrayRef) -> Result<Vec<f32>> {
    if let DataType::Timestamp(..) = column.data_type() {
        // Days before the latest one: the table itself does not say which day it speaks of.
        let times = column.as_primitive::<TimestampMicrosecondType>();
        let latest = times.iter().flatten().max().unwrap_or(0);
        let days = |time: i64| ((latest - time) as f64 / 86_400e6) as f32;
        let values = times.iter().map(|time| time.map_or(f32::NAN, days));
        return Ok(values.collect());
    }
    let column = cast(column, &DataType::Float64)?;
    let values = column.as_primitive::<Float64Type>().iter();
    // What single precision cannot hold is as good as missing.
    let finite = |value: f64| Some(value as f32).filter(|value| value.is_finite());
    let values = values.map(|value| value.and_then(finite).unwrap_or(f32::NAN));
    Ok(values.collect())
}

/// A text as a number, if it is one.
pub fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|n| n.is_finite())
}

/// Texts that are measured rather than named: numbers with a fraction, or so many different whole
/// ones that lie too far apart for a count. Whether values differ from customer to customer says
/// nothing of that: a balance is different for everybody too.
fn measurements(texts: &StringArray) -> Option<Vec<f32>> {
    let filled = || {
        texts
            .iter()
            .flatten()
            .filter(|text| !text.trim().is_empty())
    };
    let mut different = BTreeSet::new();
    let (mut fraction, mut padded) = (false, false);
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    for text in filled() {
        let found = number(text)?;
        fraction |= found.fract() != 0.0;
        padded |= text.trim().len() > 1 && text.trim().starts_with('0') && found.fract() == 0.0;
        (least, most) = (least.min(found), most.max(found));
        different.insert(found.to_bits());
    }
    let far_apart = different.len() > NAMES && most - least > 4.0 * different.len() as f64;
    (fraction || far_apart && !padded).then(|| {
        let value = |text: Option<&str>| text.and_then(number).map_or(f32::NAN, |n| n as f32);
        texts.iter().map(value).collect()
    })
}

/// Texts as numbers of categories, in the order of the alphabet.
fn categories(name: &str, texts: &StringArray) -> std::result::Result<Attribute, String> {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let trimmed = || {
        texts
            .iter()
            .map(|text| text.map(str::trim).filter(|text| !text.is_empty()))
    };
    let mut filled = 0;
    for text in trimmed().flatten() {
        numbers.insert(text, 0);
        filled += 1;
    }
    let different = numbers.len();
    if different == 0 {
        return Err(tr!("always empty"));
    }
    if different > NAMES && different * 2 > filled || different > usize::from(MAX_CATEGORY) {
        return Err(tr!(
            "{texts} in {rows}, so it names customers rather than tells of them",
            texts = plural(different as u64, "different text"),
            rows = plural(filled as u64, "row")
        ));
    }
    for (number, place) in numbers.values_mut().enumerate() {
        *place = number;
    }
    let of: HashMap<&str, f32> = numbers
        .iter()
        .map(|(text, number)| (*text, *number as f32))
        .collect();
    Ok(Attribute {
        values: trimmed()
            .map(|text| text.map_or(f32::NAN, |text| of[text]))
            .collect(),
        feature: Feature::categorical(name, numbers.into_keys()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_categories_in_the_order_of_the_alphabet() {
        let texts = StringArray::from(vec![Some("b"), None, Some(" a"), Some("b"), Some("  ")]);
        let letter = categories("letter", &texts).unwrap();
        assert_eq!(letter.feature, Feature::categorical("letter", ["a", "b"]));
        assert_eq!(letter.values[0], 1.0);
        assert_eq!(letter.values[2], 0.0);
        assert!(letter.values[1].is_nan() && letter.values[4].is_nan());
    }

    #[test]
    fn what_is_measured_differs_for_everybody_and_is_no_name() {
        let texts =
            |of: &dyn Fn(u64) -> String| StringArray::from((0..90).map(of).collect::<Vec<_>>());
        let balance = texts(&|i| format!("{}.{:02}", 100 + i * 37, i));
        assert!(measurements(&balance).is_some_and(|values| values[1] == 137.01));
        assert!(measurements(&texts(&|i| (i * 7919 % 100_003).to_string())).is_some());
        for names in [
            texts(&|i| i.to_string()),
            texts(&|i| format!("{:06}", i * 7919)),
            texts(&|i| format!("C{i}")),
        ] {
            assert!(measurements(&names).is_none(), "{names:?}");
        }
    }

    #[test]
    fn a_text_that_most_customers_have_alone_is_no_feature() {
        let names: Vec<String> = (0..60).map(|i| format!("customer {i}")).collect();
        let why = categories("name", &StringArray::from(names)).err().unwrap();
        assert!(why.starts_with("60 different texts in 60 rows"), "{why}");
    }
}
