//! Where what customers are worth is looked up.

use arrow::array::{Array, AsArray};
use arrow::datatypes::Float64Type;
use ndarray::Array1;

use super::population::Population;
use super::worth::{Worth, by_rank, parts};
use crate::failure::Result;
use crate::known::rows_of;
use crate::stages::Context;

/// The stage that tells, and its file.
const VALUE: &str = "value";
const FILE: &str = "value.parquet";

/// Looks up what customers are worth, for those who are scored and for the rows of the tests.
///
/// Gives why the settings say it for all instead, in words, where `value` has run and its values cannot
/// be taken.
pub fn look_up(context: &Context<'_>, population: &mut Population) -> Result<Option<String>> {
    let Some(as_of) = population.as_of else {
        return Ok(None);
    };
    let manifest = context.left_by(VALUE)?;
    let path = context.out.join(FILE);
    if !manifest.files.iter().any(|file| file.path == FILE) || !path.is_file() {
        return Ok(None);
    }
    let entry = manifest.stages.get(VALUE);
    let told = entry.and_then(|entry| entry.as_of.clone());
    if told.as_deref() != Some(as_of.to_string().as_str()) {
        return Ok(Some(tr!(
            "{file} speaks of {told}, not of {as_of}; run value again",
            file = FILE,
            told = told.unwrap_or_default(),
            as_of = as_of
        )));
    }
    let scope = context.engine.scope();
    scope.files("worth_left", &[path], None)?;
    let table =
        scope.query("SELECT customer_id, lifetime_value FROM worth_left ORDER BY customer_id")?;
    let values = table.column(1).as_primitive::<Float64Type>();
    let of = |row: Option<usize>| match row {
        Some(row) if values.is_valid(row) => values.value(row),
        _ => f64::NAN,
    };
    let rows = rows_of(table.column(0), &population.customers);
    let Some(worth) = Worth::of(rows.into_iter().map(of).collect()) else {
        return Ok(Some(tr!("no customer has a value in {file}", file = FILE)));
    };
    population.task.rows.worth = tested(population, &worth.values);
    population.worth = Some(worth);
    Ok(None)
}

/// What the rows of the tests are worth: a value of today has seen what became of the customers, so each
/// is worth what today's customers are who have the same rank by what they have spent.
fn tested(population: &Population, values: &[f64]) -> Option<Array1<f64>> {
    let task = &population.task;
    let spend = task
        .columns
        .features
        .iter()
        .position(|feature| feature.name == "monetary")?;
    let means = by_rank(population.features.column(spend), values);
    let mut worth = Array1::from_elem(task.rows.labels.len(), f64::NAN);
    for trial in &task.trials {
        let spent = task.rows.part(trial.test.clone()).features;
        let parts = parts(spent.column(spend));
        for (row, part) in trial.test.clone().zip(parts) {
            worth[row] = means[part];
        }
    }
    Some(worth)
}
