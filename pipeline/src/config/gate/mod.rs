//! `[[gates]]`: what must be true of a load before it is committed.

mod check;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) use self::check::check;
use super::{Constant, Day};

/// `[[gates]]`: a quality gate, one check of one canonical table. Give exactly one of `not_null`,
/// `unique`, `range`, `one_of`, `matches`, `known_in`, `holds`, `rows`, `fresh_within_days` and
/// `max_reject_share`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// How the gate is called in messages and reports; by default its table, column and check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The canonical table that is looked at.
    #[schemars(extend("enum" = super::tables::names()))]
    pub table: String,
    /// The column that is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// SQL over the table's columns: only rows for which it is true are looked at.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// What a gate that is not passed does.
    #[serde(default)]
    pub level: Level,
    /// The share of rows that may fail without the gate failing; by default none may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_share: Option<f64>,
    /// `true`: the column has a value in every row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_null: Option<bool>,
    /// `true`: no value of the column occurs twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique: Option<bool>,
    /// Values lie between these, both included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
    /// Values are among these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<Constant>>,
    /// Values match this regular expression; it matches anywhere unless it says `^` and `$`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matches: Option<String>,
    /// Values are keys of this canonical table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = super::tables::with_keys()))]
    pub known_in: Option<String>,
    /// SQL over the table's columns that must not be false for any row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<String>,
    /// How many rows the table has after the load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<RowCount>,
    /// The newest day is at most this many days ago.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fresh_within_days: Option<u32>,
    /// At most this share of the rows of this load was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_reject_share: Option<f64>,
}

/// What a gate that is not passed does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The load fails before anything is committed.
    #[default]
    Fail,
    /// The load goes on, with a warning.
    Warn,
}

/// The smallest and the largest value that may be.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The smallest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Bound>,
    /// The largest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Bound>,
}

/// A number, or a calendar day such as `2024-12-31`, quoted or not.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(untagged, expecting = "a number, or a calendar day such as 2024-12-31")]
pub enum Bound {
    /// A whole number.
    Whole(i64),
    /// A number.
    Number(f64),
    /// A calendar day.
    Day(Day),
}

/// How many rows there may be.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowCount {
    /// At least this many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<u64>,
    /// At most this many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
    /// At least this many times the rows that the last load left: `0.9` notices a lost tenth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_ratio_to_last: Option<f64>,
    /// At most this many times the rows that the last load left: `2` notices a file loaded twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_ratio_to_last: Option<f64>,
}

/// The one thing that a gate checks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Check<'a> {
    /// No value is missing.
    NotNull,
    /// No value occurs twice.
    Unique,
    /// Values lie in a range.
    Range(&'a Range),
    /// Values are in a set.
    OneOf(&'a [Constant]),
    /// Values match a regular expression.
    Matches(&'a str),
    /// Values are keys of this table.
    KnownIn(&'a str),
    /// An expression is not false.
    Holds(&'a str),
    /// So many rows.
    Rows(&'a RowCount),
    /// The newest day is at most so many days old.
    Fresh(u32),
    /// At most this share of the rows was rejected.
    Rejects(f64),
}

/// The keys of the checks, as they are written.
pub const CHECKS: [&str; 10] = [
    "not_null",
    "unique",
    "range",
    "one_of",
    "matches",
    "known_in",
    "holds",
    "rows",
    "fresh_within_days",
    "max_reject_share",
];

impl Gate {
    /// What the gate checks.
    ///
    /// # Errors
    /// No check, or more than one: the keys that were given.
    pub fn check(&self) -> Result<Check<'_>, Vec<&'static str>> {
        let given: [Option<Check<'_>>; 10] = [
            self.not_null.map(|_| Check::NotNull),
            self.unique.map(|_| Check::Unique),
            self.range.as_ref().map(Check::Range),
            self.one_of.as_deref().map(Check::OneOf),
            self.matches.as_deref().map(Check::Matches),
            self.known_in.as_deref().map(Check::KnownIn),
            self.holds.as_deref().map(Check::Holds),
            self.rows.as_ref().map(Check::Rows),
            self.fresh_within_days.map(Check::Fresh),
            self.max_reject_share.map(Check::Rejects),
        ];
        let mut checks = given.iter().flatten();
        match (checks.next(), checks.next()) {
            (Some(check), None) => Ok(*check),
            _ => Err(CHECKS
                .into_iter()
                .zip(given)
                .filter(|(_, check)| check.is_some())
                .map(|(key, _)| key)
                .collect()),
        }
    }

    /// The column that the check looks at: the one that is set, else the time of an interaction
    /// where freshness is asked for.
    pub fn column(&self) -> Option<&str> {
        let default = (self.fresh_within_days.is_some() && self.table == "interactions")
            .then_some("occurred_at");
        self.column.as_deref().or(default)
    }

    /// Its name, or what it looks at and for: `interactions.amount range`.
    pub fn label(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let column = self.column().map(|column| format!(".{column}"));
        let key = match self.check() {
            Ok(check) => check.key(),
            Err(_) => "gate",
        };
        format!("{}{} {key}", self.table, column.unwrap_or_default())
    }
}

impl Check<'_> {
    /// The key that asks for it.
    pub fn key(&self) -> &'static str {
        match self {
            Check::NotNull => "not_null",
            Check::Unique => "unique",
            Check::Range(_) => "range",
            Check::OneOf(_) => "one_of",
            Check::Matches(_) => "matches",
            Check::KnownIn(_) => "known_in",
            Check::Holds(_) => "holds",
            Check::Rows(_) => "rows",
            Check::Fresh(_) => "fresh_within_days",
            Check::Rejects(_) => "max_reject_share",
        }
    }

    /// Whether it looks at single rows, so that `where` and `max_share` make sense.
    pub fn looks_at_rows(&self) -> bool {
        !matches!(self, Check::Rows(_) | Check::Fresh(_) | Check::Rejects(_))
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::Whole(number) => number.fmt(f),
            Bound::Number(number) => number.fmt(f),
            Bound::Day(day) => day.fmt(f),
        }
    }
}
