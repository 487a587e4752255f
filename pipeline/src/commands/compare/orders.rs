//! Orders of guests and cancelled orders as a load took them, against which they are.

use std::collections::HashSet;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::DataType;

use crate::commands::compare::truth::Truth;
use crate::commands::compare::{Finding, column};
use crate::failure::Result;
use crate::outputs::manifest::Manifest;
use crate::outputs::read_parquet;
use crate::stages::ingest::{Metrics, NAME};
use crate::warehouse::Warehouse;
use crate::workbench::Workbench;

/// The truth about them, beside `generator.json`.
const FILE: &str = "orders.parquet";

/// How many orders of guests are nobody's in the warehouse, how many cancelled ones came back, and how
/// many were taken for either that are not. Of a history that was made dirty nothing is said: its lines
/// are elsewhere on purpose.
pub fn findings(bench: &Workbench, manifest: &Manifest, truth: &Truth) -> Result<Vec<Finding>> {
    let path = truth.folder.join(FILE);
    let loaded = manifest.metrics::<Metrics>(NAME).is_some();
    if !loaded || truth.parameters.dirty || !path.is_file() {
        return Ok(Vec::new());
    }
    let table = read_parquet(&path)?;
    let numbers = texts(&table, 0)?;
    let guest = table.column(1).as_boolean();
    let cancelled = table.column(3);
    let those = |of: &dyn Fn(usize) -> bool| -> HashSet<String> {
        let rows = numbers.iter().enumerate().filter(|(row, _)| of(*row));
        rows.filter_map(|(_, number)| number.clone()).collect()
    };
    let guests = those(&|row| guest.value(row));
    let cancelled = those(&|row| cancelled.is_valid(row));

    let warehouse = Warehouse::open_as_loaded(&bench.engine, &bench.out, None)?;
    warehouse.show_guests()?;
    let found = |which: &str| -> Result<HashSet<String>> {
        let sql = format!("SELECT DISTINCT basket_id FROM interactions WHERE {which}");
        let rows = texts(&warehouse.scope.query(&sql)?, 0)?;
        Ok(rows.into_iter().flatten().collect())
    };
    let nobodys = found("kind = 'purchase' AND customer_id IS NULL")?;
    let back = found("kind = 'return' AND basket_id LIKE 'C%'")?;
    let back: HashSet<String> = back
        .iter()
        .map(|number| number.trim_start_matches('C').to_owned())
        .collect();
    let mut findings = Vec::new();
    for (what, truth, found) in [
        (tr!("orders of guests that are nobody's"), &guests, &nobodys),
        (tr!("cancelled orders that came back"), &cancelled, &back),
    ] {
        let right = truth.intersection(found).count() as u64;
        let wrong = found.difference(truth).count();
        let note = match wrong {
            0 => String::new(),
            wrong => tr!("{n} more that are not", n = wrong),
        };
        findings.push(
            Finding::count(NAME, what, right)
                .best(truth.len() as f64)
                .note(note),
        );
    }
    Ok(findings)
}

/// A column as texts.
fn texts(table: &RecordBatch, place: usize) -> Result<Vec<Option<String>>> {
    let column = column(table, table.schema().field(place).name(), &DataType::Utf8)?;
    let texts = column.as_string::<i32>().iter();
    Ok(texts.map(|text| text.map(str::to_owned)).collect())
}
