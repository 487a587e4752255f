//! What the other stages have left: tables by name, numbers, and why something is not there.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Context;
use crate::engine::Scope;
use crate::failure::Result;
use crate::outputs::manifest::{Manifest, StageEntry};
use crate::outputs::read_parquet;
use crate::outputs::table::rows;
use crate::timeline::dates::SnapshotDates;

/// Tables with a row for each customer, or more: they are asked by SQL and never held.
const LARGE: [&str; 4] = ["segments", "churn", "suggestions", "value"];

/// A part of the page, or why it is not there.
#[derive(Serialize)]
pub struct Section<T> {
    /// The date that it speaks of.
    pub as_of: Option<String>,
    /// Why it was left out.
    pub missing: Option<String>,
    /// What it shows.
    pub found: Option<T>,
}

impl<T> Section<T> {
    /// What was found, as of a date.
    pub fn found(as_of: Option<String>, found: T) -> Self {
        Self {
            as_of,
            missing: None,
            found: Some(found),
        }
    }

    /// Nothing, and why.
    pub fn missing(why: impl Into<String>) -> Self {
        Self {
            as_of: None,
            missing: Some(why.into()),
            found: None,
        }
    }
}

/// What lies in the output folder.
pub struct Left<'a> {
    /// The record of the other stages.
    pub manifest: &'a Manifest,
    /// The date that the results speak of.
    pub as_of: Option<NaiveDate>,
    /// Rows of the tables that are asked.
    pub rows_in: u64,
    out: &'a Path,
    scope: Scope,
    named: Vec<&'static str>,
}

impl<'a> Left<'a> {
    /// Names the tables that are there.
    ///
    /// # Errors
    /// Features of another as-of date than the one that is asked for.
    pub fn open(context: &Context<'a>) -> Result<Self> {
        let manifest = context.left_by("ingest")?;
        let mut left = Self {
            manifest,
            as_of: None,
            rows_in: 0,
            out: context.out,
            scope: context.engine.scope(),
            named: Vec::new(),
        };
        left.as_of = match manifest.stages.contains_key("features") {
            true => Some(SnapshotDates::taken(manifest, context.out, context.as_of)?.score),
            false => left.as_of("churn").and_then(|date| date.parse().ok()),
        };
        for table in LARGE {
            if let Some((path, rows)) = left.file(table) {
                left.scope.files(table, &[path], None)?;
                left.named.push(table);
                left.rows_in += rows;
            }
        }
        Ok(left)
    }

    /// The Parquet file of a table, and its rows, where it is there and whole.
    fn file(&self, table: &str) -> Option<(PathBuf, u64)> {
        let name = format!("{table}.parquet");
        let entry = self.manifest.files.iter().find(|file| file.path == name)?;
        let path = self.out.join(&name);
        path.is_file().then(|| (path, entry.rows.unwrap_or(0)))
    }

    /// Whether a large table is there and has rows.
    pub fn has(&self, table: &str) -> bool {
        self.named.contains(&table) && self.file(table).is_some_and(|(_, rows)| rows > 0)
    }

    /// The rows of a query over the large tables; it has to group or to limit.
    pub fn ask<T: DeserializeOwned>(&self, sql: &str) -> Result<Vec<T>> {
        rows(&self.scope.query(sql)?)
    }

    /// The numbers of one column of a large table: eight bytes a customer.
    pub fn numbers(&self, table: &str, column: &str) -> Result<Vec<f64>> {
        use arrow::array::AsArray;
        use arrow::datatypes::Float64Type;
        let mut numbers = Vec::new();
        self.scope.for_each(
            &format!("SELECT CAST({column} AS DOUBLE) FROM {table} WHERE {column} IS NOT NULL"),
            |batch| {
                numbers.extend(
                    batch
                        .column(0)
                        .as_primitive::<Float64Type>()
                        .iter()
                        .flatten(),
                );
                Ok(())
            },
        )?;
        Ok(numbers)
    }

    /// The rows of a small table in the order of its file; none where it is not there.
    pub fn small<T: DeserializeOwned>(&self, table: &str) -> Result<Vec<T>> {
        match self.file(table) {
            Some((path, _)) => rows(&read_parquet(&path)?),
            None => Ok(Vec::new()),
        }
    }

    /// What a stage noted in the manifest.
    pub fn entry(&self, stage: &str) -> Option<&StageEntry> {
        self.manifest.stages.get(stage)
    }

    /// The date that the results of a stage speak of.
    pub fn as_of(&self, stage: &str) -> Option<String> {
        self.entry(stage)?.as_of.clone()
    }

    /// The date that the results speak of, in words.
    pub fn date(&self) -> Option<String> {
        self.as_of.map(|date| date.to_string())
    }

    /// Why the files of a stage are not there.
    pub fn why(&self, stage: &str) -> String {
        match (self.manifest.without.get(stage), self.entry(stage)) {
            (Some(why), _) => why.clone(),
            (None, Some(_)) => tr!("{stage} ran and left nothing to show", stage = stage),
            (None, None) => tr!(
                "{stage} has not run into this folder (regulars {stage})",
                stage = stage
            ),
        }
    }
}

/// SQL for an exact sum, which does not depend on the order of the rows.
pub fn total(value: &str, digits: u8) -> String {
    format!("CAST(sum(CAST({value} AS DECIMAL(38, {digits}))) AS DOUBLE)")
}

/// A part of a whole; 0 of nothing.
pub fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}
