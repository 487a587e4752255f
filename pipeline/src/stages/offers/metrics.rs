//! What a run of the stage was, for the manifest and the summary.

use chrono::NaiveDate;
use regulars_models::cross_sell::{Baseline, BaselineKind, RECENT};
use regulars_models::metrics::RankingQuality;
use serde::{Deserialize, Serialize};

use super::ranker::Chosen;

/// What was suggested, and how good suggestions were when it could be known.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Metrics {
    /// The level of the taxonomy.
    pub level: String,
    /// Suggestions for each customer, at most.
    pub per_customer: u64,
    /// The coming days that suggestions are for.
    pub days: u32,
    /// Customers with suggestions.
    pub customers: u64,
    /// Suggestions in all.
    pub suggestions: u64,
    /// What a score means.
    pub score_means: String,
    /// Items that are suggested to nobody.
    pub left_out: LeftOutItems,
    /// Items that count as another one of the same name.
    pub twins: u64,
    /// Customers without suggestions.
    pub without: Without,
    /// The hold-out test; none when the history is too short.
    pub test: Option<Test>,
    /// Customers who are leaving or have left, with offers to write to them about.
    #[serde(default)]
    pub winback: u64,
    /// Whether trees rank, and why; none where they were not tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<Chosen>,
}

/// How many items are suggested to nobody, by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOutItems {
    /// The products say that they are not active.
    pub inactive: u64,
    /// They are no longer sold.
    pub gone: u64,
    /// They are out of season in the coming days.
    pub out_of_season: u64,
}

/// How many customers with purchases have no suggestions, by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Without {
    /// They said that they do not want to be contacted.
    pub said_no: u64,
    /// Nobody knows what they would say, and the settings ask for a yes.
    pub unasked: u64,
    /// They have bought everything that could be suggested.
    pub nothing_left: u64,
}

/// Suggestions made from the history before the last days, held against those days.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Test {
    /// The first held-out day.
    pub from: NaiveDate,
    /// Days held out.
    pub days: u32,
    /// Customers with a history who bought something new in them.
    pub customers: u64,
    /// Ours.
    pub model: Quality,
    /// The best of what could be suggested without a model.
    pub popularity: Popular,
    /// The others, the better first.
    pub other_baselines: Vec<Popular>,
}

/// The items that most customers bought in some time, without those that a customer has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Popular {
    /// In which time.
    pub time: PopularIn,
    /// How good they were.
    #[serde(flatten)]
    pub quality: Quality,
}

/// The time in which items were popular.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PopularIn {
    /// The last 28 days before those held out.
    #[serde(rename = "last_28_days")]
    Recent,
    /// The same weeks of the year before.
    YearBefore,
    /// The whole history before.
    WholeHistory,
}

impl PopularIn {
    /// "in the 28 days before": when the items were bought most.
    pub fn words(self) -> String {
        match self {
            Self::Recent => tr!("in the {days} days before", days = RECENT),
            Self::YearBefore => tr!("in the same weeks of the year before"),
            Self::WholeHistory => tr!("in the whole history before"),
        }
    }
}

impl From<&Baseline> for Popular {
    fn from(baseline: &Baseline) -> Self {
        Self {
            time: match baseline.kind {
                BaselineKind::Recent => PopularIn::Recent,
                BaselineKind::YearBefore => PopularIn::YearBefore,
                BaselineKind::Ever => PopularIn::WholeHistory,
            },
            quality: baseline.quality.into(),
        }
    }
}

/// Ranking measures at the number of suggestions, on items first bought in the held-out days.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Quality {
    /// Share of customers with at least one hit.
    pub hit_rate: f64,
    /// Mean share of the new items that were suggested.
    pub recall: f64,
    /// Normalised discounted cumulative gain.
    pub ndcg: f64,
}

impl From<RankingQuality> for Quality {
    fn from(figures: RankingQuality) -> Self {
        Self {
            hit_rate: figures.hit_rate,
            recall: figures.recall,
            ndcg: figures.ndcg,
        }
    }
}
