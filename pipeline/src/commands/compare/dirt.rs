//! The rows of a load against the dirty rows of its sources, one by one.

use std::collections::HashMap;
use std::path::Path;

use regulars_datasets::history::files::{PROBLEMS, Wanted};
use serde::Deserialize;

use crate::commands::compare::Finding;
use crate::commands::compare::truth::Truth;
use crate::contract::TABLES;
use crate::failure::{Failure, Result};
use crate::outputs::manifest::Manifest;
use crate::stages::ingest::{Metrics, NAME, was_there};
use crate::words::{Language, spoken};

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
        Finding::count(NAME, tr!("interactions read"), read)
            .best(truth.parameters.interactions as f64),
    ];
    if !truth.parameters.dirty {
        let lost: u64 = metrics
            .tables
            .iter()
            .map(|table| table.duplicates + table.rejected)
            .sum();
        findings.push(Finding::count(NAME, tr!("clean rows rejected or dropped"), lost).best(0.0));
        return Ok(findings);
    }

    let mut fates = fates(run)?;
    for (problem, counts) in PROBLEMS.iter().zip(counts(&truth.folder, &mut fates)?) {
        let all = counts.dropped + counts.rejected + counts.kept;
        if all == 0 {
            continue;
        }
        let note = tr!(
            "{dropped} dropped, {rejected} rejected, {kept} kept; wanted: {wanted}",
            dropped = counts.dropped,
            rejected = counts.rejected,
            kept = counts.kept,
            wanted = in_words(problem.expected, problem.wanted)
        );
        let measure = tr!("{problem}, as wanted", problem = problem.name);
        let finding = Finding::count(NAME, measure, counts.of(problem.wanted));
        findings.push(finding.best(all as f64).note(note));
    }
    let clean = Finding::count(
        NAME,
        tr!("clean rows rejected or dropped"),
        fates.len() as u64,
    );
    findings.push(clean.best(0.0));
    Ok(findings)
}

/// What is wanted of a problem: in the words of the generator, or in another language what that comes to.
fn in_words(expected: &str, wanted: Wanted) -> String {
    if spoken() == Language::En {
        return expected.to_owned();
    }
    match wanted {
        Wanted::Kept => tr!("the row is kept"),
        Wanted::KeptInstead => tr!("the row is kept instead of the one before it"),
        Wanted::Dropped => tr!("the row is dropped"),
        Wanted::Rejected => tr!("the row is rejected"),
    }
}

/// What became of the rows that were not kept, by the ends of their files' paths and their lines.
type Fates = HashMap<(String, u64), Fate>;

fn fates(run: &Path) -> Result<Fates> {
    let mut fates = Fates::new();
    for table in TABLES {
        let path = run.join(format!("rejects/{}.csv", table.name));
        if !path.is_file() {
            continue;
        }
        for reject in rows::<Reject>(&path)? {
            let fate = match was_there(&reject.reason) {
                true => Fate::Dropped,
                false => Fate::Rejected,
            };
            fates.insert((ending(&reject.file), reject.line), fate);
        }
    }
    Ok(fates)
}

/// What became of the dirty rows of each of [`PROBLEMS`], whose fates are taken out.
fn counts(truth: &Path, fates: &mut Fates) -> Result<[Counts; PROBLEMS.len()]> {
    let mut counts = [Counts::default(); PROBLEMS.len()];
    for dirty in rows::<Dirty>(&truth.join("dirty_rows.csv"))? {
        let mut known = PROBLEMS.iter().zip(&mut counts);
        let Some((problem, counts)) = known.find(|(known, _)| known.name == dirty.problem) else {
            return Err(Failure::data(format!(
                "dirty_rows.csv speaks of `{}`, which this version does not know",
                dirty.problem
            )));
        };
        // A CSV's header is its line 1.
        let line = dirty.row + u64::from(dirty.file.ends_with(".csv"));
        let file = ending(&dirty.file);
        match fates.remove(&(file.clone(), line)) {
            Some(Fate::Dropped) => counts.dropped += 1,
            Some(Fate::Rejected) => counts.rejected += 1,
            None => counts.kept += 1,
        }
        if problem.wanted == Wanted::KeptInstead && fates.remove(&(file, line - 1)).is_some() {
            counts.kept_instead += 1;
        }
    }
    Ok(counts)
}

impl Counts {
    /// How many rows became what was wanted.
    fn of(&self, wanted: Wanted) -> u64 {
        match wanted {
            Wanted::Kept => self.kept,
            Wanted::KeptInstead => self.kept_instead,
            Wanted::Dropped => self.dropped,
            Wanted::Rejected => self.rejected,
        }
    }
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
