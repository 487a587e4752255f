//! Customers of a table who are scored by a model that was saved: their attributes are read as the
//! model knows them, whatever else the table would make of them by now.

use std::collections::BTreeSet;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use ndarray::Array2;
use regulars_models::format::{Feature, FeatureKind, SavedModel};

use super::attributes::{amounts, named, number};
use super::said;
use super::table::{attributes, quoted};
use super::values::outcomes;
use crate::failure::{Failure, Result};
use crate::outputs::table::plain_text;
use crate::stages::Context;
use crate::stages::churn::population::{Known, Population, Strange, nobody};
use crate::text::{count, plural};
use crate::warehouse::Warehouse;
use crate::warning::{UNKNOWN_CATEGORIES, Warning};
use crate::words::in_english;

/// As many of what was not known are named.
const NAMED: usize = 5;

fn open(context: &Context<'_>) -> Result<Warehouse> {
    let Context {
        engine,
        settings,
        out,
        as_of,
        known_at,
        ..
    } = *context;
    Warehouse::open_any(engine, settings, out, as_of, known_at)
}

/// What each attribute that can be a feature is, by the feature's name.
///
/// # Errors
/// The label is not among the attributes.
pub fn definitions(context: &Context<'_>, label: &str) -> Result<Vec<(String, String)>> {
    let warehouse = open(context)?;
    let ignored = &context.settings.config.churn.ignore;
    let names = attributes(&warehouse, label)?;
    let columns = names
        .iter()
        .filter(|name| *name != label && !ignored.contains(name));
    Ok(columns
        .filter_map(|name| {
            let kind = kind(&warehouse, name)?;
            let definition = format!("{name} of the customers' table, {}", kind_words(&kind));
            Some((named(name, &kind).to_owned(), definition))
        })
        .collect())
}

/// What a column of the customers' table holds.
pub fn kind(warehouse: &Warehouse, column: &str) -> Option<DataType> {
    let field = warehouse
        .schema("customers")?
        .field_with_name(column)
        .ok()?;
    Some(field.data_type().clone())
}

/// The same in words.
pub fn kind_words(kind: &DataType) -> &'static str {
    match kind {
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => "text",
        DataType::Timestamp(..) => "days before the latest",
        _ => "numbers",
    }
}

/// All customers of the table, with the attributes that the model takes.
///
/// # Errors
/// The warehouse has no such attribute.
pub fn saved_population(
    context: &Context<'_>,
    label: &str,
    model: &SavedModel,
) -> Result<Population> {
    context.progress.step("reading the customers");
    let warehouse = open(context)?;
    let features = model.features();
    let columns = columns(&warehouse, label, features)?;
    let listed: Vec<String> = columns.iter().map(|name| quoted(name)).collect();
    let sql = format!(
        "SELECT customer_id, {}, {} FROM customers ORDER BY customer_id",
        quoted(label),
        listed.join(", ")
    );
    let table = plain_text(&warehouse.scope.query(&sql)?)?;
    let mut values = Array2::zeros((table.num_rows(), features.len()));
    let mut unknown: Vec<Strange> = Vec::new();
    for (place, feature) in features.iter().enumerate() {
        let (read, strange) = read(feature, table.column(place + 2))?;
        for (row, value) in read.into_iter().enumerate() {
            values[[row, place]] = value;
        }
        unknown.extend(strange);
    }
    let mut warnings = warehouse.warnings;
    warnings.extend(unknown_categories(&unknown));
    Ok(Population {
        people: None,
        everyone: None,
        worth: None,
        base_rate: f64::NAN,
        customers: table.column(0).clone(),
        features: values,
        known: Some(Known {
            places: Vec::new(),
            parts: 0,
            labels: labels(context, label, table.column(1))?,
        }),
        strange: unknown,
        words: said(context, label, features.len()),
        english: in_english(|| said(context, label, features.len())),
        dates: None,
        as_of: None,
        rows_in: table.num_rows() as u64,
        warnings,
        task: nobody(model),
    })
}

/// A warning of values that a model has not met.
pub fn unknown_categories(unknown: &[Strange]) -> Option<Warning> {
    let words: Vec<&str> = unknown.iter().map(|one| one.words.as_str()).collect();
    let message = tr!(
        "the model has not met, and takes for missing: {values}",
        values = words.join(&tr!("; "))
    );
    (!unknown.is_empty()).then(|| Warning::new(UNKNOWN_CATEGORIES, message))
}

/// The column of each feature.
fn columns(warehouse: &Warehouse, label: &str, features: &[Feature]) -> Result<Vec<String>> {
    let names = attributes(warehouse, label)?;
    let column_of = |feature: &Feature| {
        let is = |name: &&String| {
            kind(warehouse, name).is_some_and(|kind| named(name, &kind) == feature.name)
        };
        names.iter().find(is).cloned().ok_or_else(|| {
            Failure::data(format!(
                "the customers that were loaded have no attribute `{}`, which the model looks at",
                feature.name
            ))
            .hint("map it again under [sources.columns], or learn without it: regulars train")
        })
    };
    features.iter().map(column_of).collect()
}

/// The values of an attribute as the model knows them, NaN where it does not; and what it does not
/// know.
pub fn read(feature: &Feature, column: &ArrayRef) -> Result<(Vec<f32>, Option<Strange>)> {
    if let (FeatureKind::Numeric, false) = (&feature.kind, is_text(column.data_type())) {
        return Ok((amounts(column)?, None));
    }
    let texts = cast(column, &DataType::Utf8)?;
    let categories = feature.category_numbers();
    let numeric = feature.kind == FeatureKind::Numeric;
    let mut strange: BTreeSet<&str> = BTreeSet::new();
    let mut rows = Vec::new();
    let mut values = Vec::with_capacity(texts.len());
    for (row, text) in texts.as_string::<i32>().iter().enumerate() {
        let text = text.map(str::trim).filter(|text| !text.is_empty());
        let known = text.and_then(|text| match numeric {
            true => number(text).map(|number| number as f32),
            false => categories.get(text).copied(),
        });
        if let (Some(text), None) = (text, known) {
            strange.insert(text);
            rows.push(row);
        }
        values.push(known.unwrap_or(f32::NAN));
    }
    let words = (!strange.is_empty()).then(|| {
        let named: Vec<String> = strange
            .iter()
            .take(NAMED)
            .map(|text| format!("`{text}`"))
            .collect();
        let named = named.join(&tr!(", "));
        let named = match strange.len() > NAMED {
            true => tr!(
                "{named} and {number} more",
                named = named,
                number = count((strange.len() - NAMED) as u64)
            ),
            false => named,
        };
        let customers = rows.len() as u64;
        Strange {
            feature: feature.name.clone(),
            customers,
            rows,
            words: tr!(
                "{values} as {feature} ({customers})",
                values = named,
                feature = feature.name,
                customers = plural(customers, "customer")
            ),
        }
    });
    Ok((values, words))
}

fn is_text(kind: &DataType) -> bool {
    kind_words(kind) == "text"
}

/// What the label says already; nothing where it says nothing that can be understood, since
/// nothing is learned from it.
fn labels(context: &Context<'_>, label: &str, column: &ArrayRef) -> Result<Vec<Option<bool>>> {
    let texts = cast(column, &DataType::Utf8)?;
    let positive = &context.settings.config.churn.positive;
    let read = outcomes(label, texts.as_string(), positive);
    Ok(read.unwrap_or_else(|_| vec![None; texts.len()]))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::StringArray;

    use super::*;

    #[test]
    fn a_category_that_the_model_has_not_met_is_missing_and_named() {
        let texts = ["gold", " basic ", "platinum", "", "platinum"];
        let column: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
        let plan = Feature::categorical("plan", ["basic", "gold"]);
        let (values, words) = read(&plan, &column).unwrap();
        assert_eq!(values[..2], [1.0, 0.0]);
        assert!(values[2..].iter().all(|value| value.is_nan()));
        let strange = words.unwrap();
        assert_eq!(strange.words, "`platinum` as plan (2 customers)");
        assert_eq!((strange.feature.as_str(), strange.customers), ("plan", 2));
        assert_eq!(strange.rows, [2, 4]);
        let (values, words) = read(&Feature::numeric("plan"), &column).unwrap();
        assert!(values.iter().all(|value| value.is_nan()));
        assert!(words.unwrap().words.contains("`gold`"));
    }
}
