//! Two output folders side by side.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::Customers;
use crate::commands::results::{Row, number};
use crate::engine::Scope;
use crate::failure::{During, Failure, Result};
use crate::outputs::manifest::{FILE_NAME, Manifest};
use crate::outputs::table::rows;
use crate::text::{count, plural};
use crate::words::in_english;
use crate::workbench::Aside;

/// Memory for queries.
const MEMORY: u64 = 1 << 30;

/// What the tables of both are called: `a_churn`, `b_churn`.
pub const PREFIX: [&str; 2] = ["a", "b"];

/// One run, as people know it.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// Its folder.
    pub folder: PathBuf,
    /// The program that wrote it.
    pub program: String,
    /// The title of the project.
    pub project: String,
    /// The date that its results speak of.
    pub as_of: Option<String>,
    /// When its last stage began.
    pub started_at: Option<String>,
}

/// Both runs.
pub struct Sides {
    /// Where they lie.
    pub folders: [PathBuf; 2],
    /// What is named there.
    pub manifests: [Manifest; 2],
    programs: [String; 2],
    scope: Scope,
    _aside: Aside,
}

impl Sides {
    /// Opens both.
    ///
    /// # Errors
    /// One is no folder of a run.
    pub fn open(folders: [&Path; 2]) -> Result<Self> {
        let opened = |folder: &Path| {
            let record = folder.join(FILE_NAME);
            if !record.is_file() {
                return Err(Failure::data(format!(
                    "{} is not there, so that nobody can tell what was run into {}",
                    record.display(),
                    folder.display()
                ))
                .hint("name the output folders of two runs: regulars diff DIR_BEFORE DIR_AFTER"));
            }
            let text = std::fs::read_to_string(&record).during(record.display())?;
            // The manifest says which program opens it; here it matters which one wrote it.
            let raw: Value = serde_json::from_str(&text).unwrap_or_default();
            let program = raw["version"].as_str().unwrap_or("unknown").to_owned();
            let manifest = Manifest::open(folder)?;
            if manifest.stages.is_empty() {
                return Err(Failure::data(format!(
                    "nothing has been run into {}",
                    folder.display()
                ))
                .hint("name the output folders of two runs"));
            }
            Ok((manifest, program))
        };
        let (first, second) = (opened(folders[0])?, opened(folders[1])?);
        let aside = Aside::open(MEMORY)?;
        let sides = Self {
            folders: folders.map(Path::to_owned),
            manifests: [first.0, second.0],
            programs: [first.1, second.1],
            scope: aside.engine.scope(),
            _aside: aside,
        };
        Ok(sides)
    }

    /// Names a table of both; whether both have it.
    pub fn named(&self, table: &str) -> Result<bool> {
        let name = format!("{table}.parquet");
        let there = |side: &usize| {
            let known = self.manifests[*side].files.iter();
            known.clone().any(|file| file.path == name) && self.folders[*side].join(&name).is_file()
        };
        if ![0, 1].iter().all(there) {
            return Ok(false);
        }
        for (folder, prefix) in self.folders.iter().zip(PREFIX) {
            let path = folder.join(&name);
            let called = format!("{prefix}_{table}");
            let named = self.scope.files(&called, std::slice::from_ref(&path), None);
            named.during(path.display())?;
        }
        Ok(true)
    }

    /// Whether both tables of a name have a column.
    pub fn have(&self, table: &str, column: &str) -> Result<bool> {
        for prefix in PREFIX {
            let schema = self.scope.schema(&format!("{prefix}_{table}"))?;
            if schema.field_with_name(column).is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The rows of a query over the tables that have been named.
    pub fn ask(&self, sql: &str) -> Result<Vec<Row>> {
        rows(&self.scope.query(sql)?)
    }

    /// One number.
    pub fn count(&self, sql: &str) -> Result<u64> {
        let found = self.ask(sql)?;
        let value = found.first().and_then(|row| number(row, "n"));
        Ok(value.unwrap_or(0.0) as u64)
    }

    /// Who is there.
    ///
    /// # Errors
    /// Nobody is in both: the ids are not the same ones.
    pub fn customers(&self) -> Result<Customers> {
        let Some(table) = self.of_customers()? else {
            return Err(Failure::data(format!(
                "{} and {} have no table of customers in common",
                self.folders[0].display(),
                self.folders[1].display()
            ))
            .hint("run the same stages into both: regulars run"));
        };
        let there =
            |prefix: &str| self.count(&format!("SELECT count(*) AS n FROM {prefix}_{table}"));
        let runs = [there("a")?, there("b")?];
        let both = self.count(&format!("SELECT count(*) AS n FROM {}", joined(table)))?;
        if both == 0 {
            return Err(self.strangers(table, runs)?);
        }
        Ok(Customers { runs, both })
    }

    /// A table that both have and that has a row for each customer.
    fn of_customers(&self) -> Result<Option<&'static str>> {
        for table in ["segments", "churn"] {
            if self.named(table)? {
                return Ok(Some(table));
            }
        }
        Ok(None)
    }

    fn strangers(&self, table: &str, runs: [u64; 2]) -> Result<Failure> {
        let like = |prefix: &str| -> Result<String> {
            let sql =
                format!("SELECT min(CAST(customer_id AS VARCHAR)) AS id FROM {prefix}_{table}");
            let found = self.ask(&sql)?;
            let id = found.first().and_then(|row| row.get("id")?.as_str());
            Ok(id.map_or("none".to_owned(), |id| format!("`{id}`")))
        };
        Ok(Failure::data(format!(
            "no customer of {} ({}, ids such as {}) is in {} ({}, ids such as {})",
            self.folders[0].display(),
            in_english(|| plural(runs[0], "customer")),
            like("a")?,
            self.folders[1].display(),
            count(runs[1]),
            like("b")?
        ))
        .hint("compare two runs on one history, whose ids mean the same customers"))
    }

    /// Both, as people know them.
    pub fn runs(&self) -> [Run; 2] {
        [0, 1].map(|side| {
            let manifest = &self.manifests[side];
            let newest = manifest.stages.values().map(|stage| &stage.started_at);
            // What is loaded speaks of no date.
            let dates = manifest
                .stages
                .values()
                .filter_map(|stage| stage.as_of.clone());
            Run {
                folder: self.folders[side].clone(),
                program: format!("regulars {}", self.programs[side]),
                project: manifest.project.clone(),
                as_of: dates.max(),
                started_at: newest.max().cloned(),
            }
        })
    }

    /// What should be known before anything is read.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.programs[0] != self.programs[1] {
            notes.push(tr!(
                "the runs are of regulars {before} and {after}: what moved may be the program's doing",
                before = self.programs[0],
                after = self.programs[1]
            ));
        }
        let [before, after] = &self.manifests;
        if before.project != after.project {
            notes.push(tr!(
                "the runs are of two projects, \"{before}\" and \"{after}\"",
                before = before.project,
                after = after.project
            ));
        }
        for (side, other, is_first) in [(before, after, true), (after, before, false)] {
            let alone: Vec<&str> = side
                .stages
                .keys()
                .filter(|stage| !other.stages.contains_key(*stage))
                .map(String::as_str)
                .collect();
            if !alone.is_empty() {
                let stages = alone.join(", ");
                notes.push(match is_first {
                    true => tr!("only the first run has {stages}", stages = stages),
                    false => tr!("only the second run has {stages}", stages = stages),
                });
            }
        }
        notes
    }
}

/// Rows of both with one customer, as `a` and `b`.
pub fn joined(table: &str) -> String {
    format!(
        "a_{table} a JOIN b_{table} b ON CAST(a.customer_id AS VARCHAR) = CAST(b.customer_id AS VARCHAR)"
    )
}
