//! `version.json`: what a version is, from what it was learned, and how good it was.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::failure::{Failure, Result};

/// What `version.json` holds under `format`.
pub const FORMAT: &str = "regulars-model-version";
/// The layout that is written. Later layouts are refused; a new field does not change it.
pub const LAYOUT: u32 = 1;

/// One version of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Always `FORMAT`.
    pub format: String,
    /// The layout of all files of the version.
    pub layout: u32,
    /// The program that wrote it: `regulars 0.1.0`.
    pub program: String,
    /// Its number; the first is 1.
    pub number: u32,
    /// What it predicts: `churn`.
    pub task: String,
    /// When it was stored, UTC.
    pub created_at: String,
    /// The model that was chosen.
    pub model: ModelName,
    /// What it gives the probability of, in words.
    pub outcome: String,
    /// The settings that decide what that means and for whom.
    pub definition: Definition,
    /// From what it was learned.
    pub training: Training,
    /// The state of the warehouse.
    pub data: Data,
    /// SHA-256 of the settings file.
    pub settings_sha256: String,
    /// The sections of the settings that learning looks at, defaults filled in.
    pub settings: Value,
    /// The seed of everything random.
    pub seed: u64,
    /// How good it is on what it had not seen.
    pub quality: Quality,
    /// What the test said of a correction for the season; none where less than two years were known, and
    /// of versions that were stored before scores by a kept model were corrected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub season: Option<SeasonTest>,
    /// The other files of the version, by name.
    pub files: BTreeMap<String, FileSum>,
}

/// Which model it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelName {
    /// Its name in the settings.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Why it was chosen.
    pub why: String,
    /// How its scores became probabilities.
    pub calibration: String,
}

/// What a model's probability means, and whom it speaks of: a model is used only where these are the
/// same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// The attribute of the customers that says who left; none where the history does.
    pub label: Option<String>,
    /// Days without a purchase after which a customer has left.
    pub horizon_days: u32,
    /// Baskets that a customer needs to be scored.
    pub min_baskets: u32,
    /// A customer without a purchase for longer is not scored.
    pub active_days: u32,
    /// The time zone that decides what a day is.
    pub timezone: String,
}

/// From what a model was learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// The date of the features that were the newest then, and the reference's; none with a label.
    pub as_of: Option<NaiveDate>,
    /// The dates whose customers taught the model; none with a label.
    pub dates: Vec<NaiveDate>,
    /// The first day of which the model has seen nothing.
    pub seen_until: Option<NaiveDate>,
    /// The same of the model in `tested.json`, which was tested on the last of the dates.
    pub tested_seen_until: Option<NaiveDate>,
    /// Rows that taught the model.
    pub rows: u64,
    /// Those of them that left.
    pub left: u64,
}

/// The state of the warehouse that a model was learned from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Data {
    /// The load, counted from 1.
    pub load: u64,
    /// The version of the Delta table `interactions`.
    pub version: u64,
    /// `--as-of`, if it was given.
    pub as_of_asked: Option<String>,
    /// `--known-at`, if it was given.
    pub known_at: Option<String>,
}

/// A figure with the ends of its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// On the rows as they are.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// How good the delivered probabilities were on rows that the model had not seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// On what, in words.
    pub tested_on: String,
    /// Rows of the test.
    pub rows: u64,
    /// Those of them that left.
    pub left: u64,
    /// Mean surprise; lower is better.
    pub log_loss: Figure,
    /// Area under the ROC curve.
    pub roc_auc: Figure,
    /// Mean precision over all depths.
    pub average_precision: Figure,
    /// Leavers in the top tenth over those in a tenth drawn at random.
    pub lift_top_tenth: f64,
    /// Brier score.
    pub brier: f64,
    /// Expected calibration error.
    pub calibration_error: f64,
    /// What one column alone reached, where one was tried.
    pub baseline: Option<Solo>,
}

/// What moving the probabilities to the share that the season leads one to expect did on the test date.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeasonTest {
    /// Whether that brought their mean nearer to the share that left: only then are scores moved.
    pub applied: bool,
    /// The share that was to be expected to leave.
    pub expected: f64,
    /// The mean of the probabilities as the model gives them.
    pub as_learned: f64,
    /// The share that left.
    pub happened: f64,
}

/// What one column alone reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Solo {
    /// What people call it: `recency alone`.
    pub title: String,
    /// Its log loss.
    pub log_loss: f64,
    /// Its area under the ROC curve.
    pub roc_auc: f64,
}

/// By what a file is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSum {
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the bytes.
    pub sha256: String,
}

/// What every file of a registry begins with.
#[derive(Deserialize)]
struct Header {
    format: String,
    layout: u32,
    #[serde(default)]
    program: String,
}

/// Reads a file of a registry; `place` is its path, in words.
///
/// # Errors
/// It is no such file, cut short, or of a later layout.
pub(super) fn read<T: serde::de::DeserializeOwned>(
    text: &str,
    format: &str,
    place: &str,
) -> Result<T> {
    let broken = |error: serde_json::Error| {
        let cut = match error.is_eof() {
            true => "is cut short",
            false => "cannot be read",
        };
        Failure::data(format!("{place} {cut}: {error}"))
            .hint("bring it back from a backup, or remove that version: regulars models remove N")
    };
    let header: Header = serde_json::from_str(text).map_err(broken)?;
    if header.format != format {
        return Err(Failure::data(format!(
            "{place} is no {format}: it says `{}`",
            header.format
        )));
    }
    if header.layout > LAYOUT {
        let by = match header.program.as_str() {
            "" => String::new(),
            program => format!(" by {program}"),
        };
        return Err(Failure::data(format!(
            "{place} was written{by} in layout {}, and this is regulars {}, which reads up to {LAYOUT}",
            header.layout,
            env!("CARGO_PKG_VERSION")
        ))
        .hint("use the newer version of regulars here too"));
    }
    serde_json::from_str(text).map_err(broken)
}

/// A file of a registry as text.
pub(super) fn written<T: Serialize>(content: &T) -> Result<String> {
    let text = serde_json::to_string_pretty(content);
    let text = text.map_err(|error| Failure::machine(error.to_string()))?;
    Ok(text + "\n")
}

/// `regulars 0.1.0`.
pub(super) fn program() -> String {
    format!("regulars {}", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_newer_cut_short_or_something_else_is_said_so() {
        let read = |text: &str| read::<Value>(text, FORMAT, "here").map_err(|f| f.message);
        let header = |layout: u32| format!("{{\"format\": \"{FORMAT}\", \"layout\": {layout}}}");
        assert!(read(&header(LAYOUT)).is_ok());
        let newer = read(&header(LAYOUT + 1)).unwrap_err();
        assert!(newer.contains("layout 2"), "{newer}");
        let cut = read(&header(LAYOUT)[..20]).unwrap_err();
        assert!(cut.starts_with("here is cut short"), "{cut}");
        let other = read("{\"format\": \"else\", \"layout\": 1}").unwrap_err();
        assert!(other.contains("it says `else`"), "{other}");
    }
}
