//! `[ingest]`: what a load tolerates.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Day, Settings};
use crate::failure::Result;

/// `[ingest]`: what a load tolerates.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Ingest {
    /// A load with a larger share of rejected rows fails before anything is committed.
    pub max_reject_share: f64,
    /// What happens to an exact copy of an earlier line of the same source.
    pub duplicates: Duplicates,
    /// The first day that can be true; earlier interactions are rejected.
    pub earliest: Day,
    /// The last day that can be true; later interactions are rejected. Default: today.
    pub latest: Option<Day>,
    /// What one unit of a currency is worth in that of the project, by the currency's code or sign:
    /// amounts in these are converted. Without rates, amounts in several currencies fail a load.
    pub rates: BTreeMap<String, f64>,
    /// What happens to a line that another source has too, letter for letter.
    pub same_lines: SameLines,
    /// What happens when a file that was loaded has another content now.
    pub changed_files: ChangedFiles,
    /// What happens to a file with the content of a file of another source that is read in the
    /// same way for the same table.
    pub same_content: SameContent,
    /// What becomes of purchases that were cancelled later, and of the lines that say so.
    pub cancelled: Cancelled,
    /// For how many days states of the warehouse before the last load can be read back.
    pub keep_days: u32,
    /// Folders that source files must lie in, links resolved; none: anywhere.
    pub roots: Vec<String>,
}

impl Default for Ingest {
    fn default() -> Self {
        Self {
            max_reject_share: 0.05,
            duplicates: Duplicates::Drop,
            earliest: Day(NaiveDate::default()),
            latest: None,
            rates: BTreeMap::new(),
            same_lines: SameLines::Keep,
            changed_files: ChangedFiles::Replace,
            same_content: SameContent::Skip,
            cancelled: Cancelled::Keep,
            keep_days: 7,
            roots: Vec::new(),
        }
    }
}

/// What happens when a file that was loaded has another content now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChangedFiles {
    /// Its rows take the place of those that it had.
    Replace,
    /// The load fails before anything is read.
    Fail,
}

/// What happens to a line that another source has too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SameLines {
    /// It counts for both: each source says something of its own.
    Keep,
    /// It is a copy, as it is within one source: the sources overlap.
    Drop,
}

/// What happens to a file that another source has too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SameContent {
    /// It is not loaded twice, and the load says so.
    Skip,
    /// It is loaded for both.
    Load,
}

/// What becomes of purchases that were cancelled later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Cancelled {
    /// They happened, and what came back is a return.
    Keep,
    /// From the day of the cancellation on neither counts.
    Undo,
}

/// What happens to an exact copy of an earlier line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Duplicates {
    /// It is left out, counted, and listed among the rejects.
    Drop,
    /// It stays: for tills that write one line for each item scanned.
    Keep,
}

/// Numbers and days that the types cannot check.
pub(super) fn check(settings: &Settings) -> Result<()> {
    let ingest = &settings.config.ingest;
    settings.share(&["ingest", "max_reject_share"], ingest.max_reject_share)?;
    if let Some(latest) = ingest.latest
        && latest < ingest.earliest
    {
        return Err(settings
            .wrong(
                &["ingest", "latest"],
                format!("{latest} lies before earliest, {}", ingest.earliest),
            )
            .hint("the days that can be true go from earliest to latest"));
    }
    let is_rate = |rate: f64| rate > 0.0 && rate.is_finite();
    if let Some((currency, rate)) = ingest.rates.iter().find(|(_, rate)| !is_rate(**rate)) {
        return Err(settings
            .wrong(&["ingest", "rates", currency], format!("{rate} is no rate"))
            .hint("give what one unit is worth in the currency of the project, such as 0.92"));
    }
    Ok(())
}
