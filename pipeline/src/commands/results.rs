//! The result files of an output folder, asked by whoever only looks.

use std::path::Path;

use serde_json::{Map, Value};

use crate::engine::Scope;
use crate::failure::{Failure, Result};
use crate::outputs::manifest::{FILE_NAME, Manifest, missing_stage};
use crate::outputs::read_parquet;
use crate::outputs::table::rows;
use crate::text::{count, grouped, percent};
use crate::words::{self, Language};
use crate::workbench::Aside;

/// Memory for a look at some rows.
const MEMORY: u64 = 512 << 20;
/// So many ids are named beside one that nobody has.
const NEAREST: usize = 3;

/// A row by the names of its columns; empty cells are not there.
pub type Row = Map<String, Value>;

/// How a value is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// As it is.
    Text,
    /// One of a few that stay the same in every language.
    Code,
    /// A whole number.
    Count,
    /// A number with as many digits as say something.
    Number,
    /// A share of one.
    Share,
}

/// What lies in an output folder.
pub struct Results<'a> {
    /// Where it lies.
    pub out: &'a Path,
    /// What is named there.
    pub manifest: Manifest,
    /// Tables by name.
    pub scope: Scope,
    /// Runs the queries.
    pub aside: Aside,
}

impl<'a> Results<'a> {
    /// Opens a folder into which something has run.
    pub fn open(out: &'a Path) -> Result<Self> {
        if !out.join(FILE_NAME).is_file() {
            return Err(missing_stage(out, "ingest", FILE_NAME));
        }
        let manifest = Manifest::open(out)?;
        // Where the command line names no other language, that of the run.
        words::speak(manifest.language);
        let aside = Aside::open(MEMORY)?;
        Ok(Self {
            out,
            manifest,
            scope: aside.engine.scope(),
            aside,
        })
    }

    /// Names a table of a stage where its file is there.
    pub fn named(&self, table: &str) -> Result<bool> {
        let name = format!("{table}.parquet");
        let path = self.out.join(&name);
        let known = self.manifest.files.iter().any(|file| file.path == name);
        if known && path.is_file() {
            self.scope.files(table, &[path], None)?;
        }
        Ok(known && self.out.join(&name).is_file())
    }

    /// Names a table that has to be there.
    ///
    /// # Errors
    /// The stage has not run, or was left out: says why.
    pub fn needed(&self, stage: &str, table: &str) -> Result<()> {
        match self.named(table)? {
            true => Ok(()),
            false => Err(self.missing(stage, table)),
        }
    }

    /// Why a table is not there.
    fn missing(&self, stage: &str, table: &str) -> Failure {
        match self.manifest.without.get(stage) {
            Some(why) => Failure::data(format!(
                "{table}.parquet is not in {}: {stage} was left out: {why}",
                self.out.display()
            )),
            None => missing_stage(self.out, stage, &format!("{table}.parquet")),
        }
    }

    /// The rows of a query.
    pub fn ask(&self, sql: &str) -> Result<Vec<Row>> {
        rows(&self.scope.query(sql)?)
    }

    /// The rows of a small table in the order of its file.
    pub fn small(&self, stage: &str, table: &str) -> Result<Vec<Row>> {
        self.needed(stage, table)?;
        rows(&read_parquet(&self.out.join(format!("{table}.parquet")))?)
    }

    /// Says that nobody has an id, and which ids are nearest to it.
    pub fn nobody(&self, customer: &str, table: &str) -> Result<Failure> {
        let mut nearest: Vec<(usize, String)> = Vec::new();
        let written = customer.to_lowercase();
        let ids = format!(
            "SELECT DISTINCT CAST(customer_id AS VARCHAR) AS id FROM {table} WHERE customer_id IS NOT NULL"
        );
        self.scope.for_each(&ids, |batch| {
            use arrow::array::AsArray;
            for id in batch.column(0).as_string::<i32>().iter().flatten() {
                let far = strsim::damerau_levenshtein(&written, &id.to_lowercase());
                nearest.push((far, id.to_owned()));
            }
            nearest.sort();
            nearest.truncate(NEAREST);
            Ok(())
        })?;
        let named: Vec<String> = nearest
            .into_iter()
            .map(|(_, id)| format!("`{id}`"))
            .collect();
        let failure = Failure::data(format!(
            "there is no customer `{customer}` in {}",
            self.out.display()
        ));
        Ok(match named.is_empty() {
            true => failure,
            false => failure.hint(format!("the nearest ids are {}", named.join(", "))),
        })
    }
}

/// The condition for the rows of one customer, whichever type the ids have.
pub fn is_customer(customer: &str) -> String {
    format!(
        "CAST(customer_id AS VARCHAR) = '{}'",
        customer.replace('\'', "''")
    )
}

/// The column that stands beside one of codes, with the same in the language of the run.
pub fn in_words(column: &str) -> String {
    format!("{column}_words")
}

/// A value of a row as people read it; empty where there is none.
pub fn said(row: &Row, column: &str, kind: Kind) -> String {
    match (row.get(column), kind) {
        (None | Some(Value::Null), _) => String::new(),
        (Some(Value::String(code)), Kind::Code) => {
            let beside = row.get(&in_words(column)).and_then(Value::as_str);
            let beside = beside.filter(|_| words::spoken() != Language::En);
            beside.unwrap_or_else(|| words::said(code)).to_owned()
        }
        (Some(Value::String(text)), _) => text.clone(),
        (Some(Value::Bool(true)), _) => tr!("yes"),
        (Some(Value::Bool(false)), _) => tr!("no"),
        (Some(Value::Number(number)), kind) => match (kind, number.as_f64()) {
            (Kind::Share, Some(share)) => percent(share),
            (Kind::Number, Some(value)) => grouped(value),
            (Kind::Count, Some(value)) => count(value.max(0.0).round() as u64),
            _ => number.to_string(),
        },
        (Some(other), _) => other.to_string(),
    }
}

/// A number of a row.
pub fn number(row: &Row, column: &str) -> Option<f64> {
    row.get(column)?.as_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_by_what_they_are() {
        let row: Row =
            serde_json::from_str(r#"{"p": 0.123, "n": 1234, "id": 42, "x": "a", "yes": true}"#)
                .unwrap();
        let all = [
            said(&row, "p", Kind::Share),
            said(&row, "n", Kind::Count),
            said(&row, "id", Kind::Text),
            said(&row, "x", Kind::Count),
            said(&row, "yes", Kind::Text),
            said(&row, "none", Kind::Number),
        ];
        assert_eq!(all, ["12.3 %", "1,234", "42", "a", "yes", ""]);
        assert_eq!(
            is_customer("O'Neil"),
            "CAST(customer_id AS VARCHAR) = 'O''Neil'"
        );
    }
}
