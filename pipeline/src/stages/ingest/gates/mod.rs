//! Quality gates: what must be true of a load before it is committed.
//!
//! [`check`] asks the tables, [`verdict`] says whether the load may go on, and [`write_junit`] tells
//! it to a CI server. Mistakes in the settings are found before, where these are read.

mod junit;
mod tables;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

pub use junit::{junit, write_junit};

use crate::config::gate::{Check, Gate, Level, RowCount};
use crate::contract;
use crate::engine::Scope;
use crate::failure::{Failure, Result};
use crate::text::{count, in_english, percent, plural};
use crate::warning::{FAILED_GATE, Warning};
use crate::words::{self, said};

/// What a load knows without asking the tables.
#[derive(Clone, Debug)]
pub struct LoadCounts {
    /// The day that freshness is counted from, in the project's time zone.
    pub today: NaiveDate,
    /// Each table that the load touches, by its canonical name.
    pub tables: BTreeMap<String, TableCounts>,
}

/// Where the rows of one table ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableCounts {
    /// Rows of the source files.
    pub read: u64,
    /// Rows that went on.
    pub kept: u64,
    /// Exact copies of earlier lines.
    pub duplicates: u64,
    /// Rows that cannot be used.
    pub rejected: u64,
    /// Rows of the table before the load; none when this is the first one.
    pub rows_before: Option<u64>,
    /// Rows of the table when the load is committed.
    pub rows_after: u64,
}

/// What a gate found; part of the manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateResult {
    /// How the gate is called.
    pub name: String,
    /// The canonical table.
    pub table: String,
    /// The column, if it looks at one.
    pub column: Option<String>,
    /// The key of the check, such as `range`.
    pub check: String,
    /// What happens when it is not passed.
    pub level: Level,
    /// Whether it was passed.
    pub passed: bool,
    /// What was asked for, in words.
    pub expected: String,
    /// What was found, in words.
    pub observed: String,
    /// Rows that fail, for checks that look at rows.
    pub failing_rows: u64,
    /// Up to five of what fails, the most frequent first.
    pub examples: Vec<String>,
}

/// What a gate found, before it is put beside what was asked for.
#[derive(Default)]
struct Finding {
    passed: bool,
    observed: String,
    failing_rows: u64,
    examples: Vec<String>,
}

impl Finding {
    /// The gate cannot be checked, so it is not passed.
    fn impossible(observed: impl Into<String>) -> Self {
        Self {
            observed: observed.into(),
            ..Self::default()
        }
    }

    fn of(passed: bool, observed: String) -> Self {
        Self {
            passed,
            observed,
            ..Self::default()
        }
    }
}

/// Checks every gate, in the order of the settings.
///
/// `view` names the registered table in the scope that shows a canonical table as it
/// will be when the load is committed. The rows of a table are read once for all its gates
/// together, once more for each `unique` and `known_in`, and once for the examples of each gate
/// that is not passed.
///
/// # Errors
/// Queries that fail for lack of memory or disk; a gate that cannot be checked is not passed.
pub fn check(
    scope: &Scope,
    gates: &[Gate],
    view: &dyn Fn(&str) -> Option<String>,
    load: &LoadCounts,
) -> Result<Vec<GateResult>> {
    let mut findings: Vec<Option<Finding>> = gates.iter().map(|_| None).collect();
    let mut by_table: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, gate) in gates.iter().enumerate() {
        match gate.check() {
            Ok(Check::Rejects(most)) => findings[number] = Some(rejects(gate, most, load)),
            Ok(Check::Rows(rows)) if gate.scope.is_none() => {
                findings[number] = counted(gate, rows, load);
            }
            _ => {}
        }
        if findings[number].is_none() {
            by_table.entry(&gate.table).or_default().push(number);
        }
    }
    for (table, numbers) in by_table {
        let asked: Vec<&Gate> = numbers.iter().map(|&number| &gates[number]).collect();
        let found = match view(table) {
            Some(name) => tables::check(scope, &name, &asked, view, load.today)?,
            None => asked
                .iter()
                .map(|_| Finding::impossible(tr!("there is no table {table}", table = table)))
                .collect(),
        };
        for (number, finding) in numbers.into_iter().zip(found) {
            findings[number] = Some(finding);
        }
    }
    Ok(gates
        .iter()
        .zip(findings)
        .map(|(gate, finding)| result(gate, finding.unwrap_or_default(), load.today))
        .collect())
}

fn result(gate: &Gate, finding: Finding, today: NaiveDate) -> GateResult {
    let (check, expected) = match gate.check() {
        Ok(check) => (check.key(), expected(gate, check, today)),
        Err(_) => ("", String::new()),
    };
    GateResult {
        name: gate.label(),
        table: gate.table.clone(),
        column: gate.column().map(str::to_owned),
        check: check.to_owned(),
        level: gate.level,
        passed: finding.passed,
        expected,
        observed: finding.observed,
        failing_rows: finding.failing_rows,
        examples: finding.examples,
    }
}

/// What a gate asks for, in words.
fn expected(gate: &Gate, check: Check<'_>, today: NaiveDate) -> String {
    let ends = |least: Option<String>, most: Option<String>| match (least, most) {
        (Some(least), Some(most)) => tr!("from {least} to {most}", least = least, most = most),
        (Some(least), None) => tr!("at least {least}", least = least),
        (None, Some(most)) => tr!("at most {most}", most = most),
        (None, None) => tr!("anything"),
    };
    let mut text = match check {
        Check::NotNull => tr!("a value in every row"),
        Check::Unique => tr!("every value once"),
        Check::Range(range) => ends(
            range.min.map(|bound| bound.to_string()),
            range.max.map(|bound| bound.to_string()),
        ),
        Check::OneOf(values) => {
            let first: Vec<String> = values.iter().take(10).map(ToString::to_string).collect();
            let (more, first) = (values.len().saturating_sub(first.len()), first.join(", "));
            match more {
                0 => tr!("one of {values}", values = first),
                more => tr!("one of {values} and {n} more", values = first, n = more),
            }
        }
        Check::Matches(pattern) => tr!("matches {pattern}", pattern = pattern),
        Check::KnownIn(table) => tr!("known in {table}", table = table),
        Check::Holds(sql) => sql.to_owned(),
        Check::Rows(rows) => {
            let times = |ratio: Option<f64>| ratio.map(|ratio| tr!("{ratio} times", ratio = ratio));
            let absolute = (rows.min.is_some() || rows.max.is_some()).then(|| {
                let span = ends(rows.min.map(count), rows.max.map(count));
                tr!("{span} rows", span = span)
            });
            let ratio = (rows.min_ratio_to_last.is_some() || rows.max_ratio_to_last.is_some())
                .then(|| {
                    let (least, most) = (rows.min_ratio_to_last, rows.max_ratio_to_last);
                    tr!(
                        "{span} the rows of the last load",
                        span = ends(times(least), times(most))
                    )
                });
            [absolute, ratio]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(said(mark!(", ")))
        }
        Check::Fresh(days) => tr!(
            "newest day {oldest} or later, {days} before {today}",
            oldest = oldest(today, days),
            days = plural(days.into(), "day"),
            today = today
        ),
        Check::Rejects(most) => tr!(
            "at most {share} of the rows rejected",
            share = percent(most)
        ),
    };
    if let Some(share) = gate.max_share {
        text.push_str(&tr!(
            "; {share} of the rows may fail",
            share = percent(share)
        ));
    }
    if let Some(scope) = &gate.scope {
        text.push_str(&tr!(", where {scope}", scope = scope));
    }
    text
}

fn rejects(gate: &Gate, most: f64, load: &LoadCounts) -> Finding {
    let Some(counts) = load.tables.get(&gate.table) else {
        return Finding::impossible(tr!("{table} was not loaded", table = gate.table));
    };
    let share = counts.rejected as f64 / counts.read.max(1) as f64;
    Finding {
        passed: share <= most,
        observed: tr!(
            "{rejected} of {rows} ({share}) rejected",
            rejected = count(counts.rejected),
            rows = plural(counts.read, "row"),
            share = percent(share)
        ),
        failing_rows: counts.rejected,
        examples: Vec::new(),
    }
}

/// A gate on the number of all rows, which the load knows; none when it does not.
fn counted(gate: &Gate, rows: &RowCount, load: &LoadCounts) -> Option<Finding> {
    let counts = load.tables.get(&gate.table)?;
    Some(row_count(rows, counts.rows_after, counts.rows_before))
}

fn row_count(rows: &RowCount, after: u64, before: Option<u64>) -> Finding {
    let ratio = before
        .filter(|&before| before > 0)
        .map(|before| after as f64 / before as f64);
    let passed = rows.min.is_none_or(|min| after >= min)
        && rows.max.is_none_or(|max| after <= max)
        && match ratio {
            Some(ratio) => {
                rows.min_ratio_to_last.is_none_or(|min| ratio >= min)
                    && rows.max_ratio_to_last.is_none_or(|max| ratio <= max)
            }
            // A first load has nothing to be held against.
            None => true,
        };
    let asks_ratio = rows.min_ratio_to_last.is_some() || rows.max_ratio_to_last.is_some();
    let last = match (asks_ratio, before) {
        (false, _) => String::new(),
        (true, Some(before)) => tr!("; the last load left {n}", n = count(before)),
        (true, None) => tr!("; this is the first load"),
    };
    Finding::of(passed, format!("{}{last}", plural(after, "row")))
}

/// The day that the newest one may not be before.
fn oldest(today: NaiveDate, days: u32) -> NaiveDate {
    let days = chrono::Days::new(days.into());
    today.checked_sub_days(days).unwrap_or(NaiveDate::MIN)
}

/// Whether the load may go on: a warning for each gate of the level `warn` that was not passed.
///
/// # Errors
/// Gates of the level `fail` that were not passed.
pub fn verdict(results: &[GateResult]) -> Result<Vec<Warning>> {
    let failed = |level: Level| {
        results
            .iter()
            .filter(move |result| !result.passed && result.level == level)
    };
    let stopped: Vec<String> = failed(Level::Fail).map(GateResult::sentence).collect();
    if !stopped.is_empty() {
        return Err(Failure::data(format!(
            "{} of {} not passed; nothing was committed\n  {}",
            count(stopped.len() as u64),
            in_english(results.len() as u64, "gate"),
            stopped.join("\n  ")
        ))
        .hint("mend the data, or change these [[gates]]; level = \"warn\" lets a load through"));
    }
    Ok(failed(Level::Warn)
        .map(|result| {
            let message = tr!("gate {sentence}", sentence = result.sentence());
            Warning::new(FAILED_GATE, message)
        })
        .collect())
}

/// Examples behind a sentence.
const EXAMPLES: &str = mark!("; for example {examples}");

impl GateResult {
    /// A sentence without its examples, which are values of rows.
    pub fn without_examples(sentence: &str) -> &str {
        let begins = |examples: &str| {
            let (before, _) = examples.split_once('{')?;
            sentence.find(before)
        };
        // It may have been written in another language than this command speaks.
        let end = words::in_every_language(EXAMPLES).filter_map(begins).min();
        &sentence[..end.unwrap_or(sentence.len())]
    }

    /// Whether what fails is shown by values that name nobody: those of a column that is known, and
    /// neither ids of people nor whole rows nor attributes, which may be anything.
    pub fn names_nobody(&self) -> bool {
        let table = contract::table(&self.table);
        let known = |name: &&str| table.is_some_and(|table| table.column(name).is_some());
        let people = ["customer_id", "account_id"];
        let column = self.column.as_deref().filter(known);
        self.check != Check::NotNull.key() && column.is_some_and(|name| !people.contains(&name))
    }

    /// What was asked for and what was found, in one line.
    pub fn sentence(&self) -> String {
        let examples = if self.examples.is_empty() {
            String::new()
        } else {
            words::fill(
                EXAMPLES,
                &[("examples", &self.examples.join(said(mark!(", "))))],
            )
        };
        tr!(
            "{name}: expected {expected}; found {found}{examples}",
            name = self.name,
            expected = self.expected,
            found = self.observed,
            examples = examples
        )
    }
}

#[cfg(test)]
mod tests;
