//! What the last load left out: by table, column and reason, by file, and by month where a date
//! can be seen.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::contract;
use crate::failure::{During, Failure, Result};
use crate::outputs::manifest::Manifest;
use crate::outputs::plain;
use crate::stages::ingest::{self, TableMetrics};
use crate::words::said;

/// So many examples of each reason are shown, those that stand first.
const EXAMPLES: usize = 3;
/// So many files are listed for each reason, and so many reasons for each table.
const LISTED: usize = 20;
/// Beyond so many different reasons or files the rest is counted together: reasons may quote values.
const KEPT: usize = 10_000;
/// An example's value is cut off after so many characters.
const VALUE: usize = 120;
/// What stands for everything beyond [`KEPT`].
const OTHERS: &str = mark!("(others)");

/// Where the source rows of a table ended.
#[derive(Clone, Debug, Serialize)]
pub struct TableRejects {
    /// The table.
    pub table: String,
    /// Rows of its sources.
    pub read: u64,
    /// Exact copies of earlier lines, left out.
    pub duplicates: u64,
    /// Rows that cannot be used.
    pub rejected: u64,
    /// Cells and rows in `rejects/TABLE.csv`; a row with two bad cells counts twice.
    pub listed: u64,
    /// Why, the most frequent reason first.
    pub reasons: Vec<Reason>,
    /// From which files, the one with most first.
    pub files: Vec<Counted>,
    /// When, for those with a date in their value or in the name of their file.
    pub months: Vec<Counted>,
    /// Those without such a date.
    pub without_date: u64,
}

/// One reason.
#[derive(Clone, Debug, Serialize)]
pub struct Reason {
    /// The canonical column; empty where the whole row is meant.
    pub column: String,
    /// What is wrong.
    pub reason: String,
    /// How often.
    pub count: u64,
    /// In which files, the one with most first.
    pub files: Vec<Counted>,
    /// The first ones.
    pub examples: Vec<Example>,
}

/// Something with a count.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Counted {
    /// A file or a month.
    pub name: String,
    /// How often.
    pub count: u64,
}

/// A rejected cell.
#[derive(Clone, Debug, Serialize)]
pub struct Example {
    /// The source file.
    pub file: String,
    /// Its line, or row for Parquet.
    pub line: u64,
    /// What stood there.
    pub value: String,
}

/// One line of `rejects/TABLE.csv`.
#[derive(Deserialize)]
struct Line {
    file: String,
    line: u64,
    column: String,
    value: String,
    reason: String,
}

/// Reads what the last load wrote.
pub fn read(out: &Path, manifest: &Manifest) -> Result<Vec<TableRejects>> {
    let metrics = manifest.metrics::<ingest::Metrics>(ingest::NAME);
    let of = |name: &str| {
        let tables = metrics.as_ref().map(|metrics| metrics.tables.iter());
        tables.and_then(|mut tables| tables.find(|table| table.table == name))
    };
    let mut rejects = Vec::new();
    // The interactions first: they matter most.
    for table in contract::TABLES.iter().rev() {
        let path = out.join(format!("rejects/{}.csv", table.name));
        let found = match path.is_file() {
            true => Some(Found::read(&path)?),
            false => None,
        };
        if found.is_some() || of(table.name).is_some() {
            rejects.push(
                found
                    .unwrap_or_default()
                    .of_table(table.name, of(table.name)),
            );
        }
    }
    Ok(rejects)
}

impl Reason {
    /// Whether it speaks of exact copies, which are left out without being bad.
    pub fn is_copy(&self) -> bool {
        ingest::was_there(&self.reason)
    }
}

/// What a file of rejects has shown so far.
#[derive(Default)]
struct Found {
    listed: u64,
    reasons: BTreeMap<(String, String), OneReason>,
    files: BTreeMap<String, u64>,
    months: BTreeMap<String, u64>,
    without_date: u64,
}

#[derive(Default)]
struct OneReason {
    count: u64,
    files: BTreeMap<String, u64>,
    examples: Vec<Example>,
}

impl Found {
    fn read(path: &Path) -> Result<Self> {
        let broken = |error: csv::Error| Failure::data(format!("{}: {error}", path.display()));
        let file = BufReader::new(File::open(path).during(path.display())?);
        let dates = Dates::new()?;
        let mut found = Self::default();
        for line in csv::Reader::from_reader(file).deserialize::<Line>() {
            found.take(line.map_err(broken)?, &dates);
        }
        Ok(found)
    }

    fn take(&mut self, line: Line, dates: &Dates) {
        if let Some((reason, more)) = ingest::not_listed(&line.reason) {
            let reason = reason.to_owned();
            self.reason((line.column, reason)).count += more;
            return;
        }
        self.listed += 1;
        match dates.month(&line) {
            Some(month) => *self.months.entry(month).or_default() += 1,
            None => self.without_date += 1,
        }
        add(&mut self.files, &line.file);
        let reason = self.reason((line.column, line.reason));
        reason.count += 1;
        add(&mut reason.files, &line.file);
        if reason.examples.len() < EXAMPLES {
            let whole = plain(&line.value);
            let mut value: String = whole.chars().take(VALUE).collect();
            if value.len() < whole.len() {
                value.push('…');
            }
            reason.examples.push(Example {
                file: line.file,
                line: line.line,
                value,
            });
        }
    }

    /// That of a column; beyond [`KEPT`] the one for all others.
    fn reason(&mut self, mut key: (String, String)) -> &mut OneReason {
        if self.reasons.len() >= KEPT && !self.reasons.contains_key(&key) {
            key = (String::new(), said(OTHERS).to_owned());
        }
        self.reasons.entry(key).or_default()
    }

    /// What of it the profile lists of a table.
    fn of_table(self, table: &str, metrics: Option<&TableMetrics>) -> TableRejects {
        let mut reasons: Vec<Reason> = self
            .reasons
            .into_iter()
            .map(|((column, reason), of)| Reason {
                column,
                reason,
                count: of.count,
                files: most(of.files),
                examples: of.examples,
            })
            .collect();
        // Stable, so that reasons with one count stay in the order of their names.
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.count));
        reasons.truncate(LISTED);
        let months = self.months.into_iter();
        TableRejects {
            table: table.to_owned(),
            read: metrics.map_or(0, |metrics| metrics.read),
            duplicates: metrics.map_or(0, |metrics| metrics.duplicates),
            rejected: metrics.map_or(0, |metrics| metrics.rejected),
            listed: self.listed,
            reasons,
            files: most(self.files),
            months: months
                .map(|(name, count)| Counted { name, count })
                .collect(),
            without_date: self.without_date,
        }
    }
}

fn add(counts: &mut BTreeMap<String, u64>, name: &str) {
    let name = match counts.len() >= KEPT && !counts.contains_key(name) {
        true => said(OTHERS),
        false => name,
    };
    match counts.get_mut(name) {
        Some(count) => *count += 1,
        None => _ = counts.insert(name.to_owned(), 1),
    }
}

fn most(counts: BTreeMap<String, u64>) -> Vec<Counted> {
    let counts = counts.into_iter();
    let mut list: Vec<Counted> = counts
        .map(|(name, count)| Counted { name, count })
        .collect();
    list.sort_by_key(|counted| std::cmp::Reverse(counted.count));
    list.truncate(LISTED);
    list
}

/// Finds months in values such as `2024-03-05` and in names such as `sales-202403.csv`.
struct Dates {
    in_value: Regex,
    in_name: Regex,
}

impl Dates {
    fn new() -> Result<Self> {
        let regex = |pattern: &str| {
            Regex::new(pattern).map_err(|error| Failure::machine(error.to_string()))
        };
        Ok(Self {
            in_value: regex(r"\b((?:19|20)\d\d)-(0[1-9]|1[0-2])\b")?,
            in_name: regex(
                r"(?:^|\D)((?:19|20)\d\d)[-_.]?(0[1-9]|1[0-2])(?:\D|(?:0[1-9]|[12]\d|3[01])\D|$)",
            )?,
        })
    }

    fn month(&self, line: &Line) -> Option<String> {
        let name = line.file.rsplit(['/', '\\']).next().unwrap_or_default();
        let found = self
            .in_value
            .captures(&line.value)
            .or_else(|| self.in_name.captures(name))?;
        Some(format!("{}-{}", &found[1], &found[2]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(file: &str, value: &str) -> Line {
        Line {
            file: file.into(),
            line: 2,
            column: "amount".into(),
            value: value.into(),
            reason: "is no number".into(),
        }
    }

    #[test]
    fn months_are_read_from_values_and_names_of_files() {
        let dates = Dates::new().unwrap();
        let month = |file: &str, value: &str| dates.month(&line(file, value));
        assert_eq!(
            month("a.csv", "2999 2024-03-05 10:00").as_deref(),
            Some("2024-03")
        );
        assert_eq!(
            month("in/sales-2024_03.csv", "x").as_deref(),
            Some("2024-03")
        );
        assert_eq!(
            month("in/sales20240315.csv", "x").as_deref(),
            Some("2024-03")
        );
        assert_eq!(month("2024-03/part.csv", "120123"), None);
        assert_eq!(month("part-20241399.csv", ""), None);
    }

    #[test]
    fn reasons_are_counted_with_their_first_examples() {
        let dates = Dates::new().unwrap();
        let mut found = Found::default();
        for number in 0..5 {
            found.take(line("b.csv", &number.to_string()), &dates);
        }
        found.take(
            Line {
                reason: "is empty".into(),
                ..line("a.csv", "")
            },
            &dates,
        );
        let table = found.of_table("interactions", None);
        let counts: Vec<u64> = table.reasons.iter().map(|reason| reason.count).collect();
        assert_eq!((table.listed, counts), (6, vec![5, 1]));
        let values: Vec<&str> = table.reasons[0]
            .examples
            .iter()
            .map(|e| e.value.as_str())
            .collect();
        assert_eq!(values, ["0", "1", "2"]);
        assert_eq!(
            table.files[0],
            Counted {
                name: "b.csv".into(),
                count: 5
            }
        );
    }
}
