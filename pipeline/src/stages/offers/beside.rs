//! What other stages say of the customers and the rules, where their files are there.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};

use crate::engine::Scope;
use crate::failure::Result;
use crate::known::rows_of;
use crate::purchases::Purchases;
use crate::stages::Context;

/// What is known beside the purchases, by customer of the purchases.
pub struct Beside {
    /// The segment of each, by number; none where it is not known.
    pub segments: Vec<Option<u32>>,
    /// The names of the segments.
    pub segment_names: Vec<String>,
    /// Where each stands in `churn`; empty where that is not there.
    pub standings: Vec<Standing>,
    /// What each is worth, by `value`; empty where that is not there.
    pub worth: Vec<Option<f64>>,
    /// Confidence and lift of the rules from one item to one.
    pub rules: BTreeMap<(u32, u32), (f64, f64)>,
}

/// What `churn` says of a customer.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// high, medium, low, lapsed or new; empty where it says nothing.
    pub band: String,
    /// The first reason; may be empty.
    pub reason: String,
}

impl Beside {
    /// Reads what is there.
    pub fn read(context: &Context<'_>, purchases: &Purchases) -> Result<Self> {
        let customers = &purchases.customers;
        let scope = context.engine.scope();
        let mut beside = Self {
            segments: vec![None; customers.len()],
            segment_names: Vec::new(),
            standings: Vec::new(),
            worth: Vec::new(),
            rules: BTreeMap::new(),
        };
        if let Some(table) = left(context, &scope, "segment", "segments", "rfm_segment")? {
            beside.read_segments(&table, customers)?;
        }
        if let Some(table) = left(context, &scope, "churn", "churn", "band, reason_1")? {
            let rows = rows_of(table.column(0), customers);
            let (bands, reasons) = (words(&table, 1)?, words(&table, 2)?);
            let standing = |row: Option<usize>| match row {
                Some(row) => Standing {
                    band: bands[row].clone(),
                    reason: reasons[row].clone(),
                },
                None => Standing::default(),
            };
            beside.standings = rows.into_iter().map(standing).collect();
        }
        if let Some(table) = left(context, &scope, "value", "value", "lifetime_value")? {
            let rows = rows_of(table.column(0), customers);
            let worth = table.column(1).as_primitive::<Float64Type>();
            let of = |row: usize| worth.is_valid(row).then(|| worth.value(row));
            beside.worth = rows.into_iter().map(|row| row.and_then(of)).collect();
        }
        beside.read_rules(context, &scope, purchases)?;
        Ok(beside)
    }

    fn read_segments(&mut self, table: &RecordBatch, customers: &ArrayRef) -> Result<()> {
        let names = words(table, 1)?;
        let mut known: BTreeMap<&str, u32> = names.iter().map(|name| (name.as_str(), 0)).collect();
        known
            .values_mut()
            .zip(0..)
            .for_each(|(code, next)| *code = next);
        let of = |row: usize| known[names[row].as_str()];
        let rows = rows_of(table.column(0), customers);
        self.segments = rows.into_iter().map(|row| row.map(of)).collect();
        self.segment_names = known.keys().map(|name| (*name).to_owned()).collect();
        Ok(())
    }

    /// The figures of rules between two items, so that a reason says what the rule says.
    fn read_rules(
        &mut self,
        context: &Context<'_>,
        scope: &Scope,
        purchases: &Purchases,
    ) -> Result<()> {
        let manifest = context.left_by("rules")?;
        let there = manifest
            .files
            .iter()
            .any(|file| file.path == "rules.parquet");
        let path = context.out.join("rules.parquet");
        if !there || !path.is_file() {
            return Ok(());
        }
        scope.files("rules_left", &[path], None)?;
        let table = scope.query(
            "SELECT antecedent_ids, consequent_ids, antecedent, consequent, confidence, lift FROM rules_left",
        )?;
        let items = &purchases.items;
        let place: BTreeMap<&str, u32> = items.names.iter().map(String::as_str).zip(0..).collect();
        let (from, to) = (words(&table, 2)?, words(&table, 3)?);
        let (confidence, lift) = (numbers(&table, 4)?, numbers(&table, 5)?);
        for row in 0..table.num_rows() {
            // Names of several items are joined, and then they are the name of none.
            let pair = place
                .get(from[row].as_str())
                .zip(place.get(to[row].as_str()));
            if let Some((&a, &b)) = pair {
                self.rules.insert((a, b), (confidence[row], lift[row]));
            }
        }
        Ok(())
    }
}

/// Columns of a table that an earlier stage left, by ascending customer; none where it is not there
/// or has not got them.
fn left(
    context: &Context<'_>,
    scope: &Scope,
    stage: &str,
    table: &str,
    columns: &str,
) -> Result<Option<RecordBatch>> {
    let manifest = context.left_by(stage)?;
    let name = format!("{table}.parquet");
    let path = context.out.join(&name);
    if !manifest.files.iter().any(|file| file.path == name) || !path.is_file() {
        return Ok(None);
    }
    let view = format!("{table}_left");
    scope.files(&view, &[path], None)?;
    let schema = scope.schema(&view)?;
    let there = |column: &str| schema.field_with_name(column).is_ok();
    if !columns.split(", ").all(there) {
        return Ok(None);
    }
    let sql = format!("SELECT customer_id, {columns} FROM {view} ORDER BY customer_id");
    scope.query(&sql).map(Some)
}

/// A column as text, empty where there is nothing.
pub fn words(table: &RecordBatch, column: usize) -> Result<Vec<String>> {
    let texts = cast(table.column(column), &DataType::Utf8)?;
    let texts = texts.as_string::<i32>();
    Ok(texts
        .iter()
        .map(|text| text.unwrap_or_default().to_owned())
        .collect())
}

fn numbers(table: &RecordBatch, column: usize) -> Result<Vec<f64>> {
    let values = cast(table.column(column), &DataType::Float64)?;
    let values = values.as_primitive::<Float64Type>();
    Ok(values
        .iter()
        .map(|value| value.unwrap_or(f64::NAN))
        .collect())
}
