//! The rows of a load against the dirty rows of its sources, one by one.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use regulars_datasets::history::files::{PROBLEMS, Problem};
use serde::Deserialize;

use super::Finding;
use super::truth::Truth;
use crate::failure::{Failure, Result};
use crate::manifest::Manifest;
use crate::stages::ingest::{Metrics, NAME};

/// What became of a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Dropped,
    Rejected,
}

/// One line of `rejects/TABLE.csv`.
#[derive(Deserialize)]
struct Reject {
    file: String,
    line: u64,
    reason: String,
}

/// One line of `truth/dirty_rows.csv`.
#[derive(Deserialize)]
struct Dirty {
    file: String,
    row: u64,
    problem: String,
}

/// How many rows were read, and for each problem how many of its rows were dropped, rejected and
/// kept.
pub fn findings(run: &Path, manifest: &Manifest, truth: &Truth) -> Result<Vec<Finding>> {
    let Some(metrics) = manifest.metrics::<Metrics>(NAME) else {
        return Ok(Vec::new());
    };
    let of = |table: &str| metrics.tables.iter().find(|metrics| metrics.table == table);
    let read = of("interactions").map_or(0, |table| table.read);
    let mut findings = vec![
        Finding::new(NAME, "interactions read", read as f64)
            .best(truth.parameters.interactions as f64),
    ];
    if !truth.parameters.dirty {
        let lost: u64 = metrics
            .tables
            .iter()
            .map(|table| table.duplicates + table.rejected)
            .sum();
        findings.push(Finding::new(NAME, "clean rows rejected or dropped", lost as f64).best(0.0));
        return Ok(findings);
    }

    let mut fates: HashMap<(String, u64), Fate> = HashMap::new();
    for table in ["interactions", "customers", "products", "campaigns"] {
        let path = run.join(format!("rejects/{table}.csv"));
        if !path.is_file() {
            continue;
        }
        for reject in rows::<Reject>(&path)? {
            let fate = if reject.reason.contains("exact copy") {
                Fate::Dropped
            } else {
                Fate::Rejected
            };
            fates.insert((ending(&reject.file), reject.line), fate);
        }
    }
    let mut counts: BTreeMap<&str, [u64; 3]> = BTreeMap::new(); // dropped, rejected, kept
    for dirty in rows::<Dirty>(&truth.folder.join("dirty_rows.csv"))? {
        let problem = PROBLEMS.iter().find(|known| known.name == dirty.problem);
        let Some(problem) = problem else {
            return Err(Failure::data(format!(
                "dirty_rows.csv speaks of `{}`, which this version does not know",
                dirty.problem
            )));
        };
        // A CSV's header is its line 1.
        let header = u64::from(dirty.file.ends_with(".csv"));
        let fate = fates.remove(&(ending(&dirty.file), dirty.row + header));
        let place = match fate {
            Some(Fate::Dropped) => 0,
            Some(Fate::Rejected) => 1,
            None => 2,
        };
        counts.entry(problem.name).or_default()[place] += 1;
    }
    for (number, problem) in PROBLEMS.iter().enumerate() {
        let Some([dropped, rejected, kept]) = counts.get(problem.name) else {
            continue;
        };
        let all = dropped + rejected + kept;
        let right = match number {
            n if n == Problem::Duplicate as usize || n == Problem::CustomerTwice as usize => {
                dropped
            }
            n if n == Problem::NoCustomer as usize => rejected,
            // Kept if the settings say how to read them; these settings do not.
            n if n == Problem::DayFirst as usize
                || n == Problem::Compact as usize
                || n == Problem::Gbk as usize
                || n == Problem::CustomerConflict as usize =>
            {
                rejected
            }
            _ => kept,
        };
        let note = format!(
            "{dropped} dropped, {rejected} rejected, {kept} kept; wanted: {}",
            problem.expected
        );
        let measure = format!("{}, as wanted", problem.name);
        findings.push(
            Finding::new(NAME, measure, *right as f64)
                .best(all as f64)
                .note(note),
        );
    }
    findings
        .push(Finding::new(NAME, "clean rows rejected or dropped", fates.len() as f64).best(0.0));
    Ok(findings)
}

/// The last two parts of a path at most: `interactions/part-00001.csv`.
fn ending(path: &str) -> String {
    let parts: Vec<&str> = path.split(['/', '\\']).collect();
    let name = parts[parts.len() - 1];
    match parts.len().checked_sub(2).map(|place| parts[place]) {
        Some("interactions") => format!("interactions/{name}"),
        _ => name.to_owned(),
    }
}

fn rows<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let broken = |error: csv::Error| Failure::data(format!("{}: {error}", path.display()));
    csv::Reader::from_path(path)
        .map_err(broken)?
        .deserialize()
        .collect::<std::result::Result<_, _>>()
        .map_err(broken)
}
