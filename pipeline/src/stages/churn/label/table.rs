//! Customers whose outcome stands in their table: attributes become features, a column the label.

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use ndarray::Array2;
use regulars_models::format::Feature;

use super::attributes::{Attribute, attribute};
use super::values::outcomes;
use crate::failure::{Failure, Result, did_you_mean};
use crate::outputs::table::plain_text;
use crate::stages::Context;
use crate::text::plural;
use crate::warehouse::Warehouse;
use crate::warning::{UNUSED_ATTRIBUTES, Warning};

/// The customers' table, ready to be learned from.
pub struct LabelTable {
    /// Ids, ascending.
    pub customers: ArrayRef,
    /// What the columns of `values` are.
    pub features: Vec<Feature>,
    /// Customers by features; NaN where a value is missing.
    pub values: Array2<f32>,
    /// Whether each has churned; nothing where the table does not say.
    pub labels: Vec<Option<bool>>,
    /// What was noticed while reading.
    pub warnings: Vec<Warning>,
}

impl LabelTable {
    /// Reads the customers' attributes, and the label that the settings name.
    ///
    /// # Errors
    /// No such attribute in the warehouse, or values of the label that may mean anything.
    pub fn read(context: &Context<'_>, label: &str) -> Result<Self> {
        let churn = &context.settings.config.churn;
        let warehouse = Warehouse::open_any(
            context.engine,
            context.settings,
            context.out,
            context.as_of,
            context.known_at,
        )?;
        let names = attributes(&warehouse, label)?;
        let columns: Vec<String> = names.iter().map(|name| quoted(name)).collect();
        let sql = format!(
            "SELECT customer_id, {} FROM customers ORDER BY customer_id",
            columns.join(", ")
        );
        let table = plain_text(&warehouse.scope.query(&sql)?)?;
        let mut labels = Vec::new();
        let mut attributes: Vec<Attribute> = Vec::new();
        let mut left_out: Vec<String> = Vec::new();
        for (name, column) in names.iter().zip(&table.columns()[1..]) {
            if name == label {
                labels = read_labels(context, label, column)?;
            } else if !churn.ignore.contains(name) {
                match attribute(name, column)? {
                    Ok(attribute) => attributes.push(attribute),
                    Err(why) => left_out.push(tr!("{name} ({why})", name = name, why = why)),
                }
            }
        }
        if attributes.is_empty() {
            return Err(Failure::data(
                "the customers have no attribute to learn from beside the label",
            )
            .hint("map more of the source's columns under [sources.columns]; any name is an attribute"));
        }
        let mut warnings = warehouse.warnings;
        warnings.extend(unused(&left_out));
        let value = |(row, column): (usize, usize)| attributes[column].values[row];
        Ok(Self {
            customers: table.column(0).clone(),
            values: Array2::from_shape_fn((table.num_rows(), attributes.len()), value),
            features: attributes.into_iter().map(|one| one.feature).collect(),
            labels,
            warnings,
        })
    }
}

/// Names of the customers' attributes, the label among them.
pub fn attributes(warehouse: &Warehouse, label: &str) -> Result<Vec<String>> {
    let names = warehouse.columns_beyond("customers", &["customer_id", "account_id"]);
    if names.iter().any(|name| name == label) {
        return Ok(names);
    }
    let there: Vec<&str> = names.iter().map(String::as_str).collect();
    Err(Failure::data(format!(
        "the customers that were loaded have no attribute `{label}`"
    ))
    .hint(format!(
        "run ingest again after changing the settings; {}",
        did_you_mean(label, &there)
    )))
}

fn read_labels(context: &Context<'_>, label: &str, column: &ArrayRef) -> Result<Vec<Option<bool>>> {
    let settings = context.settings;
    let texts = cast(column, &DataType::Utf8)?;
    outcomes(label, texts.as_string(), &settings.config.churn.positive).map_err(|problem| {
        let failure = settings.wrong(&["churn", problem.key], problem.message);
        failure.hint(problem.hint)
    })
}

/// A warning of attributes that nothing is learned from.
pub fn unused(left_out: &[String]) -> Option<Warning> {
    if left_out.is_empty() {
        return None;
    }
    let message = tr!(
        "nothing is learned from {attributes}: {names}",
        attributes = plural(left_out.len() as u64, "attribute"),
        names = left_out.join(&tr!(", "))
    );
    Some(Warning::new(UNUSED_ATTRIBUTES, message))
}

/// A column's name as SQL writes it.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
