//! `[segment.rfm]`: how recency, frequency and money become scores and segments.

use std::path::PathBuf;

use regulars_models::rfm::{AhpWeights, Cuts, Direction, RfmError, Scoring, ahp_weights};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Settings;
use crate::failure::{Failure, Result};

/// Where the settings say so.
const SECTION: [&str; 2] = ["segment", "rfm"];

/// `[segment.rfm]`: how recency, frequency and money become scores and segments.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RfmSettings {
    /// How values become scores from 1 to 5.
    pub scores: ScoredBy,
    /// With `scores = "fixed"`: where scores 2, 3, 4 and 5 begin.
    pub cuts: Option<CutPoints>,
    /// With `scores = "frozen"`: the file `rfm_cuts.csv` of the run whose scores are kept, relative
    /// to the settings.
    pub reference: Option<PathBuf>,
    /// How much recency, frequency and money count in `rfm_score`.
    pub weights: Option<[f64; 3]>,
    /// The same by comparisons in pairs, rows and columns for recency, frequency and money: how many
    /// times as important is the row as the column, from 1/9 to 9?
    pub judgements: Option<Vec<Vec<f64>>>,
    /// A file of the user's own that names the 25 cells, relative to the settings.
    pub map_file: Option<PathBuf>,
    /// A file of the user's own that names the eight classes, relative to the settings.
    pub eight_file: Option<PathBuf>,
    /// Frequency counts the baskets of so many last days; by default all.
    pub frequency_days: Option<u32>,
    /// Money counts the spend of so many last days; by default all.
    pub money_days: Option<u32>,
    /// Whether returns are taken off money, or shown in a column of their own.
    pub refunds: Refunds,
}

/// How values become scores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ScoredBy {
    /// A fifth of the customers each, as far as ties allow.
    #[default]
    Quintiles,
    /// Frequency in fifths of each score of recency, money in fifths of each pair.
    Nested,
    /// By cut points that are given.
    Fixed,
    /// By the cut points of another run.
    Frozen,
}

/// What becomes of returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Refunds {
    /// They are taken off money.
    #[default]
    Net,
    /// Money is what was bought, and `refunded` what came back.
    Apart,
}

/// Where scores 2, 3, 4 and 5 begin.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CutPoints {
    /// Days since the last purchase, falling.
    pub recency_days: [f64; 4],
    /// Baskets, rising.
    pub frequency: [f64; 4],
    /// Money, rising.
    pub monetary: [f64; 4],
}

impl RfmSettings {
    /// The cut points that are given.
    ///
    /// # Errors
    /// They do not go one way.
    pub fn cut_points(points: [[f64; 4]; 3]) -> std::result::Result<[Cuts; 3], RfmError> {
        let [recency, frequency, money] = points;
        Ok([
            Cuts::new("recency_days", Direction::LowerIsBetter, &recency)?,
            Cuts::new("frequency", Direction::HigherIsBetter, &frequency)?,
            Cuts::new("monetary", Direction::HigherIsBetter, &money)?,
        ])
    }
}

impl Settings {
    /// How values become scores, but for what stands in a file of another run.
    ///
    /// # Errors
    /// Cut points that are not there or do not go one way.
    pub fn rfm_scoring(&self) -> Result<Scoring> {
        let rfm = &self.config.segment.rfm;
        let missing = |key: &str, hint: &str| {
            let problem = format!("it needs `{key}`, which is not there");
            Err(wrong(self, "scores", problem).hint(hint))
        };
        match (rfm.scores, &rfm.cuts, &rfm.reference) {
            (ScoredBy::Quintiles, ..) => Ok(Scoring::Quintiles),
            (ScoredBy::Nested, ..) => Ok(Scoring::Nested),
            (ScoredBy::Fixed, Some(cuts), _) => {
                let points = [cuts.recency_days, cuts.frequency, cuts.monetary];
                let refused = |error: RfmError| wrong(self, "cuts", error.to_string());
                RfmSettings::cut_points(points)
                    .map(Scoring::Cuts)
                    .map_err(refused)
            }
            (ScoredBy::Fixed, None, _) => missing(
                "cuts",
                "add cuts = { recency_days = [365, 180, 90, 30], frequency = [2, 4, 8, 16], monetary = [50, 100, 200, 400] }",
            ),
            (ScoredBy::Frozen, _, Some(_)) => Ok(Scoring::Quintiles),
            (ScoredBy::Frozen, _, None) => missing(
                "reference",
                "name the file rfm_cuts.csv of an earlier run: reference = \"january/rfm_cuts.csv\"",
            ),
        }
    }

    /// How much recency, frequency and money count; none where `rfm_score` is not asked for.
    ///
    /// # Errors
    /// What are no weights, and judgements that contradict each other.
    pub fn rfm_weights(&self) -> Result<Option<AhpWeights>> {
        let rfm = &self.config.segment.rfm;
        match (&rfm.weights, &rfm.judgements) {
            (Some(_), Some(_)) => {
                let problem = "weights are given too".to_owned();
                Err(wrong(self, "judgements", problem).hint("keep one of them"))
            }
            (Some(weights), None) => {
                let sum: f64 = weights.iter().sum();
                let fits = weights.iter().all(|weight| *weight >= 0.0);
                if !(fits && sum > 0.0 && sum.is_finite()) {
                    let problem = format!("{weights:?} are no weights");
                    return Err(wrong(self, "weights", problem)
                        .hint("give three numbers that are not below 0, such as [0.5, 0.3, 0.2]"));
                }
                Ok(Some(AhpWeights {
                    weights: weights.iter().map(|weight| weight / sum).collect(),
                    eigenvalue: 3.0,
                    consistency_ratio: 0.0,
                }))
            }
            (None, Some(judged)) => {
                if judged.len() != 3 {
                    let problem = format!("{} rows, and there are three", judged.len());
                    return Err(wrong(self, "judgements", problem)
                        .hint("compare recency, frequency and money: [[1, 3, 5], [0.333, 1, 2], [0.2, 0.5, 1]]"));
                }
                let found = ahp_weights(judged);
                let refused = |error: RfmError| wrong(self, "judgements", error.to_string());
                found.map(Some).map_err(refused)
            }
            (None, None) => Ok(None),
        }
    }
}

fn wrong(settings: &Settings, key: &str, problem: String) -> Failure {
    let [section, table] = SECTION;
    settings.wrong(&[section, table, key], problem)
}

/// Numbers, files and what does not go together.
pub(super) fn check(settings: &Settings) -> Result<()> {
    let rfm = &settings.config.segment.rfm;
    for (key, days) in [
        ("frequency_days", rfm.frequency_days),
        ("money_days", rfm.money_days),
    ] {
        if let Some(days) = days {
            settings.at_least(&["segment", "rfm", key], days as usize, 1)?;
            settings.days(&["segment", "rfm", key], days)?;
        }
    }
    if rfm.map_file.is_some() && settings.config.segment.map.is_some() {
        return Err(wrong(
            settings,
            "map_file",
            "[segment] map is there too".to_owned(),
        )
        .hint("keep one of them"));
    }
    settings.rfm_scoring()?;
    settings.rfm_weights()?;
    Ok(())
}
