//! Clusters and segments against the types that the customers are of.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::AsArray;
use arrow::compute::{filter_record_batch, is_not_null};
use arrow::datatypes::DataType;
use regulars_models::clustering::adjusted_rand;

use crate::commands::compare::truth::Truth;
use crate::commands::compare::{Finding, column, whole_numbers};
use crate::failure::{Failure, Result};
use crate::outputs::manifest::Manifest;
use crate::outputs::read_parquet;
use crate::stages::segment::NAME;

/// The adjusted Rand index of clusters and of RFM segments with the types.
pub fn findings(run: &Path, manifest: &Manifest, truth: &Truth) -> Result<Vec<Finding>> {
    if !manifest.stages.contains_key(NAME) {
        return Ok(Vec::new());
    }
    let table = read_parquet(&manifest.file(run, NAME, "segments.parquet")?)?;
    // Who has not bought anything is in no segment and no cluster.
    let bought = is_not_null(&column(&table, "r", &DataType::UInt8)?)?;
    let table = filter_record_batch(&table, &bought)?;
    let ids = whole_numbers(&table, "customer_id")?;
    let types: Vec<usize> = ids
        .iter()
        .map(|id| truth.world.person(id.unsigned_abs()).profile)
        .collect();
    let mut findings = Vec::new();
    for (name, measure) in [
        (
            "cluster_name",
            tr!("adjusted Rand index of clusters with types"),
        ),
        (
            "rfm_segment",
            tr!("adjusted Rand index of RFM segments with types"),
        ),
    ] {
        let Ok(groups) = column(&table, name, &DataType::Utf8) else {
            continue;
        };
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        let groups: Vec<usize> = groups
            .as_string::<i32>()
            .iter()
            .map(|name| {
                let next = numbers.len();
                *numbers.entry(name.unwrap_or_default()).or_insert(next)
            })
            .collect();
        let index =
            adjusted_rand(&groups, &types).map_err(|error| Failure::data(error.to_string()))?;
        let note = tr!("{n} of them, 6 types", n = numbers.len());
        findings.push(Finding::new(NAME, measure, index).best(1.0).note(note));
    }
    Ok(findings)
}
