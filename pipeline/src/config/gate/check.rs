//! Mistakes in `[[gates]]` that can be seen before a row is read.

use std::collections::BTreeSet;

use regex::Regex;

use super::{Bound, CHECKS, Check, Gate, Range, RowCount};
use crate::config::{Config, Settings};
use crate::contract::{self, DERIVED, Table};
use crate::failure::{Failure, Result, did_you_mean};
use crate::user_sql;

/// Checks every gate of the settings; the first wrong one is reported.
pub fn check(settings: &Settings) -> Result<()> {
    for (number, gate) in settings.config.gates.iter().enumerate() {
        Place {
            settings,
            number: number.to_string(),
        }
        .check(gate)?;
    }
    Ok(())
}

/// Where a gate stands.
struct Place<'a> {
    settings: &'a Settings,
    number: String,
}

impl Place<'_> {
    fn wrong(&self, keys: &[&str], problem: impl std::fmt::Display) -> Failure {
        let mut at = vec!["gates", self.number.as_str()];
        at.extend(keys);
        self.settings.wrong(&at, problem)
    }

    fn check(&self, gate: &Gate) -> Result<()> {
        let config = &self.settings.config;
        let names: Vec<&str> = contract::TABLES.iter().map(|table| table.name).collect();
        let table = contract::table(&gate.table).ok_or_else(|| {
            self.wrong(
                &["table"],
                format!("`{}` is no canonical table", gate.table),
            )
            .hint(did_you_mean(&gate.table, &names))
        })?;
        let check = gate.check().map_err(|given| match given.as_slice() {
            [] => self
                .wrong(&[], "nothing is checked")
                .hint(format!("give one of {}", CHECKS.join(", "))),
            several => self
                .wrong(
                    &[several[1]],
                    format!("{} in one gate", several.join(" and ")),
                )
                .hint("write a [[gates]] section for each check"),
        })?;
        self.options(gate, check)?;
        if config.sources_of(table.name).next().is_none() {
            return Err(self
                .wrong(
                    &["table"],
                    format!("no source feeds the table {}", table.name),
                )
                .hint("add a source for it, or remove the gate"));
        }
        let columns = columns(config, table);
        if let Some(column) = &gate.column
            && !columns.contains(column.as_str())
        {
            let known: Vec<&str> = columns.iter().map(String::as_str).collect();
            let failure = if table.column(column).is_some() {
                self.wrong(
                    &["column"],
                    format!("no source fills {}.{column}", table.name),
                )
            } else {
                self.wrong(
                    &["column"],
                    format!("{} has no column `{column}`", table.name),
                )
            };
            return Err(failure.hint(did_you_mean(column, &known)));
        }
        if let Some(sql) = &gate.scope {
            self.sql("where", sql, &columns)?;
        }
        if let Check::Holds(sql) = check {
            self.sql("holds", sql, &columns)?;
        }
        Ok(())
    }

    /// Keys that do not belong together, and values that cannot be.
    fn options(&self, gate: &Gate, check: Check<'_>) -> Result<()> {
        let key = check.key();
        let needs_column = match check {
            Check::Holds(_) | Check::Rows(_) | Check::Rejects(_) => false,
            Check::Fresh(_) => gate.column().is_none(),
            _ => true,
        };
        if needs_column && gate.column.is_none() {
            return Err(self
                .wrong(&[key], "looks at a column, and none is named")
                .hint("add column = \"...\""));
        }
        if !needs_column && gate.column.is_some() && !matches!(check, Check::Fresh(_)) {
            return Err(self
                .wrong(&["column"], format!("{key} looks at no column"))
                .hint("remove it"));
        }
        if gate.max_share.is_some() && !check.looks_at_rows() {
            return Err(self
                .wrong(
                    &["max_share"],
                    format!("{key} does not look at single rows"),
                )
                .hint("remove it"));
        }
        if gate.scope.is_some() && matches!(check, Check::Rejects(_)) {
            return Err(self
                .wrong(&["where"], "rejected rows have no columns to ask for")
                .hint("remove it"));
        }
        for (key, share) in [
            ("max_share", gate.max_share),
            ("max_reject_share", gate.max_reject_share),
        ] {
            if let Some(share) = share {
                self.settings.share(&["gates", &self.number, key], share)?;
            }
        }
        for (key, flag) in [("not_null", gate.not_null), ("unique", gate.unique)] {
            if flag == Some(false) {
                return Err(self
                    .wrong(&[key], "false checks nothing")
                    .hint("write true, or remove the gate"));
            }
        }
        self.asked_for(gate, check)
    }

    /// What the check itself asks for can be.
    fn asked_for(&self, gate: &Gate, check: Check<'_>) -> Result<()> {
        let key = check.key();
        match check {
            Check::Range(range) => self.range(key, range),
            Check::OneOf([]) => Err(self
                .wrong(&[key], "the list is empty")
                .hint("name at least one value")),
            Check::Matches(pattern) => Regex::new(pattern).map(drop).map_err(|error| {
                let text = error.to_string();
                let line = text.lines().last().unwrap_or_default();
                self.wrong(
                    &[key],
                    format!("`{pattern}` is no regular expression: {line}"),
                )
                .hint("write it in single quotes, so that TOML leaves backslashes alone")
            }),
            Check::KnownIn(other) => self.known(other),
            Check::Rows(rows) => self.rows(key, gate, rows),
            _ => Ok(()),
        }
    }

    fn range(&self, key: &str, range: &Range) -> Result<()> {
        if range.min.is_none() && range.max.is_none() {
            return Err(self
                .wrong(&[key], "the range has no ends")
                .hint("give min, max or both"));
        }
        let (Some(min), Some(max)) = (range.min, range.max) else {
            return Ok(());
        };
        let number = |bound: Bound| match bound {
            Bound::Whole(number) => Some(number as f64),
            Bound::Number(number) => Some(number),
            Bound::Day(_) => None,
        };
        let turned = match (min, max, number(min), number(max)) {
            (Bound::Day(min), Bound::Day(max), ..) => min > max,
            (_, _, Some(min), Some(max)) => min > max,
            _ => {
                return Err(self
                    .wrong(&[key], "one end is a number and the other a day")
                    .hint("give two numbers or two days"));
            }
        };
        if turned {
            return Err(self
                .wrong(&[key], format!("min {min} is larger than max {max}"))
                .hint("change their places"));
        }
        Ok(())
    }

    fn rows(&self, key: &str, gate: &Gate, rows: &RowCount) -> Result<()> {
        let ratios = [rows.min_ratio_to_last, rows.max_ratio_to_last];
        if rows.min.is_none() && rows.max.is_none() && ratios.iter().all(Option::is_none) {
            return Err(self
                .wrong(&[key], "no number of rows is asked for")
                .hint("give min, max, min_ratio_to_last or max_ratio_to_last"));
        }
        if rows.min.zip(rows.max).is_some_and(|(min, max)| min > max) {
            return Err(self
                .wrong(&[key], "min is larger than max")
                .hint("change their places"));
        }
        let is_ratio = |ratio: &f64| *ratio >= 0.0 && ratio.is_finite();
        if !ratios.iter().flatten().all(is_ratio) {
            return Err(self
                .wrong(&[key], "a ratio is a number from 0 on")
                .hint("0.9 notices a lost tenth"));
        }
        if gate.scope.is_some() && ratios.iter().any(Option::is_some) {
            return Err(self
                .wrong(&["where"], "the last load is known by all its rows only")
                .hint("remove it, or ask for min and max instead of ratios"));
        }
        Ok(())
    }

    fn known(&self, other: &str) -> Result<()> {
        let keyed: Vec<&str> = contract::TABLES
            .iter()
            .filter(|table| table.key.is_some())
            .map(|table| table.name)
            .collect();
        if !keyed.contains(&other) {
            return Err(self
                .wrong(&["known_in"], format!("`{other}` is no table with a key"))
                .hint(did_you_mean(other, &keyed)));
        }
        if self.settings.config.sources_of(other).next().is_none() {
            return Err(self
                .wrong(&["known_in"], format!("no source feeds the table {other}"))
                .hint("add a source for it, or remove the gate"));
        }
        Ok(())
    }

    /// The user's SQL must be one expression over columns that are there.
    fn sql(&self, key: &str, sql: &str, columns: &BTreeSet<String>) -> Result<()> {
        let Err(problem) = user_sql::look(sql, columns.iter().map(String::as_str)) else {
            return Ok(());
        };
        if problem == user_sql::NAMED {
            return Err(self.wrong(&[key], problem).hint("remove AS"));
        }
        let line = problem.lines().next().unwrap_or_default();
        let problem = line.split(" Valid fields are").next().unwrap_or_default();
        let problem = problem.trim_end_matches('.');
        let known: Vec<String> = columns.iter().map(|name| format!("`{name}`")).collect();
        Err(self
            .wrong(&[key], format!("this SQL does not fit: {problem}"))
            .hint(format!("columns: {}", known.join(", "))))
    }
}

/// The columns that a table will have: those that its sources fill and those that are added.
fn columns(config: &Config, table: &Table) -> BTreeSet<String> {
    let mut columns: BTreeSet<String> = config
        .sources_of(table.name)
        .flat_map(|(_, source)| source.columns.keys().cloned())
        .collect();
    if table.name == "interactions" {
        columns.extend(DERIVED.iter().map(|name| (*name).to_owned()));
        columns.insert("basket_id".to_owned());
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Settings with one gate, and the message about it.
    #[track_caller]
    fn refused(gate: &str, line: usize, words: &[&str]) {
        let text = format!(
            "[[sources]]\ntable = \"interactions\"\npath = \"a.csv\"\n[sources.columns]\ncustomer_id = \"a\"\n\
             occurred_at = \"b\"\nkind = {{ constant = \"purchase\" }}\namount = \"c\"\n\n[[gates]]\n{gate}\n"
        );
        let failure = Settings::from_text(text, "regulars.toml".into(), "".into()).unwrap_err();
        assert_eq!(failure.cause.exit_code(), 2, "{failure}");
        let message = failure.to_string();
        assert!(
            message.starts_with(&format!("regulars.toml:{line}: ")),
            "{message}"
        );
        for word in words {
            assert!(message.contains(word), "`{word}` is not in: {message}");
        }
    }

    #[test]
    fn mistakes_in_gates_are_found_before_a_row_is_read() {
        refused(
            "table = \"interaction\"\nrows = { min = 1 }",
            11,
            &["is no canonical table", "did you mean `interactions`?"],
        );
        refused(
            "table = \"interactions\"",
            10,
            &[
                "gate 1 (interactions): nothing is checked",
                "not_null, unique",
            ],
        );
        refused(
            "table = \"interactions\"\ncolumn = \"amount\"\nunique = true\nnot_null = true",
            13,
            &["not_null and unique in one gate", "for each check"],
        );
        refused(
            "table = \"interactions\"\nnot_null = true",
            12,
            &["none is named", "column = "],
        );
        refused(
            "table = \"interactions\"\ncolumn = \"amuont\"\nnot_null = true",
            12,
            &["has no column `amuont`", "did you mean `amount`?"],
        );
        refused(
            "table = \"interactions\"\ncolumn = \"rating\"\nnot_null = true",
            12,
            &["no source fills interactions.rating"],
        );
        refused(
            "table = \"customers\"\nrows = { min = 1 }",
            11,
            &["no source feeds the table customers"],
        );
        refused(
            "table = \"interactions\"\ncolumn = \"amount\"\nmatches = \"[\"",
            13,
            &["is no regular expression"],
        );
        refused(
            "table = \"interactions\"\ncolumn = \"amount\"\nrange = { min = 2, max = 1 }",
            13,
            &["min 2 is larger than max 1"],
        );
        refused(
            "table = \"interactions\"\ncolumn = \"amount\"\nrange = { min = 2, max = 2024-01-01 }",
            13,
            &["a number and the other a day"],
        );
        refused(
            "table = \"interactions\"\ncolumn = \"amount\"\nrange = { min = \"low\" }",
            13,
            &["a number, or a calendar day"],
        );
        refused(
            "table = \"interactions\"\ncolumn = \"amount\"\none_of = []",
            13,
            &["the list is empty"],
        );
        refused(
            "table = \"interactions\"\ncolumn = \"amount\"\nknown_in = \"products\"",
            13,
            &["no source feeds the table products"],
        );
        refused(
            "table = \"interactions\"\nholds = \"amuont > 0\"",
            12,
            &["this SQL does not fit", "amuont", "`amount`"],
        );
        refused(
            "table = \"interactions\"\nrows = { min = 1 }\nwhere = \"amount >\"",
            13,
            &["this SQL does not fit"],
        );
        refused(
            "table = \"interactions\"\nmax_reject_share = 5",
            12,
            &["5 is no share"],
        );
        refused(
            "table = \"interactions\"\nrows = { min = 1 }\nlevel = \"stop\"",
            13,
            &["unknown value `stop`", "`fail`"],
        );
        refused(
            "table = \"interactions\"\nrow = { min = 1 }",
            12,
            &["unknown key `row`", "did you mean `rows`?"],
        );
    }
}
