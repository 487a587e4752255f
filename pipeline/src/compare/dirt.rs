//! The rows of a load against the dirty rows of its sources, one by one.

use std::collections::HashMap;
use std::path::Path;

use regulars_datasets::history::files::{PROBLEMS, Wanted};
use serde::Deserialize;

use super::Finding;
use super::truth::Truth;
use crate::contract::TABLES;
use crate::failure::{Failure, Result};
use crate::manifest::Manifest;
use crate::stages::ingest::{Metrics, NAME, was_there};

/// What became of a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Dropped,
    Rejected,
}

/// What became of the rows with one problem.
#[derive(Clone, Copy, Default)]
struct Counts {
    dropped: u64,
    rejected: u64,
    kept: u64,
    /// Those of them that stand in the place of the row before.
    kept_instead: u64,
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
        Finding::count(NAME, "interactions read", read).best(truth.parameters.interactions as f64),
    ];
    if !truth.parameters.dirty {
        let lost: u64 = metrics
            .tables
            .iter()
            .map(|table| table.duplicates + table.rejected)
            .sum();
        findings.push(Finding::count(NAME, "clean rows rejected or dropped", lost).best(0.0));
        return Ok(findings);
    }

    let mut fates: HashMap<(String, u64), Fate> = HashMap::new();
    for table in TABLES {
        let path = run.join(format!("rejects/{}.csv", table.name));
        if !path.is_file() {
            continue;
        }
        for reject in rows::<Reject>(&path)? {
            let fate = if was_there(&reject.reason) {
                Fate::Dropped
            } else {
                Fate::Rejected
            };
            fates.insert((ending(&reject.file), reject.line), fate);
        }
    }
    let mut counts = [Counts::default(); PROBLEMS.len()];
    for dirty in rows::<Dirty>(&truth.folder.join("dirty_rows.csv"))? {
        let problem = PROBLEMS
            .iter()
            .position(|known| known.name == dirty.problem);
        let Some(problem) = problem else {
            return Err(Failure::data(format!(
                "dirty_rows.csv speaks of `{}`, which this version does not know",
                dirty.problem
            )));
        };
        // A CSV's header is its line 1.
        let line = dirty.row + u64::from(dirty.file.ends_with(".csv"));
        let file = ending(&dirty.file);
        let counts = &mut counts[problem];
        match fates.remove(&(file.clone(), line)) {
            Some(Fate::Dropped) => counts.dropped += 1,
            Some(Fate::Rejected) => counts.rejected += 1,
            None => counts.kept += 1,
        }
        if PROBLEMS[problem].wanted == Wanted::KeptInstead
            && fates.remove(&(file, line - 1)).is_some()
        {
            counts.kept_instead += 1;
        }
    }
    for (problem, counts) in PROBLEMS.iter().zip(counts) {
        let Counts {
            dropped,
            rejected,
            kept,
            kept_instead,
        } = counts;
        let all = dropped + rejected + kept;
        if all == 0 {
            continue;
        }
        let right = match problem.wanted {
            Wanted::Kept => kept,
            Wanted::KeptInstead => kept_instead,
            Wanted::Dropped => dropped,
            Wanted::Rejected => rejected,
        };
        let note = format!(
            "{dropped} dropped, {rejected} rejected, {kept} kept; wanted: {}",
            problem.expected
        );
        let measure = format!("{}, as wanted", problem.name);
        let finding = Finding::count(NAME, measure, right);
        findings.push(finding.best(all as f64).note(note));
    }
    let clean = Finding::count(NAME, "clean rows rejected or dropped", fates.len() as u64);
    findings.push(clean.best(0.0));
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
