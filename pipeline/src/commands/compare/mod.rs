//! `compare`: what a run found beside what is true, for a history whose truth is known.
//!
//! The truth is not estimated here: the generator lives its customers again and says how probable
//! each outcome was. What cannot be beaten is the "best possible" of the tables.

mod churn;
mod dirt;
mod offers;
mod orders;
mod rhythm;
mod rules;
mod segments;
mod substitutes;
mod truth;

use std::fmt::Write as _;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use serde::de::DeserializeOwned;

use crate::cli::Compare;
use crate::config::Config;
use crate::failure::{Failure, Result};
use crate::outputs::lock::Lock;
use crate::outputs::manifest::{FILE_NAME, Manifest, missing_stage};
use crate::outputs::{neutral, replace};
use crate::text::{columns, left, print, right};
use crate::workbench::Workbench;
use truth::Truth;

/// The table's file, below the folder of the run.
const TABLE: &str = "comparison.csv";
/// Memory for queries, of which there are few.
const MEMORY: u64 = 256 << 20;

/// One figure beside what it could be at best.
pub struct Finding {
    /// What it is about: a stage.
    stage: &'static str,
    /// What is measured.
    measure: String,
    /// What the run reached.
    run: f64,
    /// The best that can be reached, or the true value; none where there is no such thing.
    best: Option<f64>,
    /// What to know about it.
    note: String,
    /// Whether it counts something.
    whole: bool,
}

impl Finding {
    fn new(stage: &'static str, measure: impl Into<String>, run: f64) -> Self {
        Self {
            stage,
            measure: measure.into(),
            run,
            best: None,
            note: String::new(),
            whole: false,
        }
    }

    fn count(stage: &'static str, measure: impl Into<String>, run: u64) -> Self {
        Self {
            whole: true,
            ..Self::new(stage, measure, run as f64)
        }
    }

    fn best(mut self, best: f64) -> Self {
        self.best = Some(best);
        self
    }

    fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

/// Sets a run beside the truth.
pub fn run(args: &Compare) -> Result<()> {
    if !args.run.join(FILE_NAME).is_file() {
        return Err(missing_stage(&args.run, "ingest", FILE_NAME));
    }
    let lock = Lock::take(&args.run, "compare", args.patience.wait, false)?;
    let bench = Workbench::open(lock, args.threads, MEMORY, false)?;
    let manifest = &bench.manifest;
    let truth = Truth::open(&args.truth)?;
    let mut findings = dirt::findings(&args.run, manifest, &truth)?;
    findings.extend(orders::findings(&bench, manifest, &truth)?);
    findings.extend(segments::findings(&args.run, manifest, &truth)?);
    findings.extend(churn::findings(&args.run, manifest, &truth)?);
    findings.extend(rhythm::findings(&bench, manifest, &truth)?);
    findings.extend(rules::findings(&args.run, manifest, &truth)?);
    findings.extend(substitutes::findings(&args.run, manifest, &truth)?);
    findings.extend(offers::findings(&args.run, manifest, &truth)?);
    replace(&args.run.join(TABLE), &csv(&findings)?)?;
    print(&text(&findings));
    Ok(())
}

/// A stage's own numbers and the settings it ran with; none when it has not run.
fn ran<M: DeserializeOwned>(manifest: &Manifest, stage: &str) -> Result<Option<(M, Config)>> {
    let (Some(metrics), Some(entry)) = (manifest.metrics(stage), manifest.stages.get(stage)) else {
        return Ok(None);
    };
    let settings = serde_json::from_value(entry.settings.clone())
        .map_err(|error| Failure::data(format!("the manifest's settings: {error}")))?;
    Ok(Some((metrics, settings)))
}

/// A column of a table that a stage wrote, in some type.
fn column(table: &RecordBatch, name: &str, data_type: &DataType) -> Result<ArrayRef> {
    let column = table
        .column_by_name(name)
        .ok_or_else(|| Failure::data(format!("the results have no column {name}")))?;
    Ok(cast(column, data_type)?)
}

/// A column of whole numbers.
fn whole_numbers(table: &RecordBatch, name: &str) -> Result<Vec<i64>> {
    let column = column(table, name, &DataType::Int64)?;
    Ok(column.as_primitive::<Int64Type>().values().to_vec())
}

/// A column of numbers; NaN where there is none.
fn numbers(table: &RecordBatch, name: &str) -> Result<Vec<f64>> {
    let column = column(table, name, &DataType::Float64)?;
    let numbers = column.as_primitive::<Float64Type>().iter();
    Ok(numbers.map(|number| number.unwrap_or(f64::NAN)).collect())
}

fn csv(findings: &[Finding]) -> Result<String> {
    let broken = |error: String| Failure::machine(error);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(["stage", "measure", "run", "best", "note"])
        .map_err(|error| broken(error.to_string()))?;
    for finding in findings {
        let best = finding.best.map(|best| best.to_string());
        writer
            .write_record([
                finding.stage,
                &*neutral(&finding.measure),
                &finding.run.to_string(),
                &best.unwrap_or_default(),
                &*neutral(&finding.note),
            ])
            .map_err(|error| broken(error.to_string()))?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| broken(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| broken(error.to_string()))
}

/// The table as people read it: counts as whole numbers, everything else with four digits.
fn text(findings: &[Finding]) -> String {
    let number = |value: f64, whole: bool| match whole {
        true => crate::text::count(value as u64),
        false => format!("{value:.4}"),
    };
    let width = findings.iter().map(|f| columns(&f.measure)).max();
    let width = width.unwrap_or(0).max("measure".len());
    let mut text = String::new();
    let mut stage = "";
    for finding in findings {
        if finding.stage != stage {
            stage = finding.stage;
            let title = stage.to_uppercase();
            let line = format!(
                "{}  {}  {}",
                left(&title, width),
                right(&tr!("this run"), 12),
                right(&tr!("best or true"), 12)
            );
            let _ = writeln!(text, "{}{line}", if text.is_empty() { "" } else { "\n" });
        }
        let best = finding.best.map(|best| number(best, finding.whole));
        let best = best.unwrap_or_default();
        let line = format!(
            "{}  {:>12}  {best:>12}  {}",
            left(&finding.measure, width),
            number(finding.run, finding.whole),
            finding.note
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}
