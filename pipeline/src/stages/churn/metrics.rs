//! What the stage leaves in the manifest.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::bands::BandRow;
use super::campaign::Campaign;
use super::everyone::Unscored;
use super::season::Correction;
use crate::learning::figures::Figures;
use crate::learning::leaderboard::{CalibrationGain, ModelRow};

/// What was learned, how good it is, and who was scored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Metrics {
    /// Whose probability the scores are, in words: a customer who does this.
    pub outcome: String,
    /// When everything is, where the outcome is seen in the history.
    #[serde(flatten)]
    pub dates: Option<Dates>,
    /// What the models are tested on, in words: a date, or customers held out.
    pub tested_on: String,
    /// Customers at all training dates together.
    pub train_rows: u64,
    /// Those of them who churned.
    pub train_churned: u64,
    /// Customers at the test date.
    pub test_rows: u64,
    /// Those of them who churned.
    pub test_churned: u64,
    /// Every model on the test date, best first.
    pub models: Vec<ModelRow>,
    /// The name of the model behind the scores.
    pub chosen: String,
    /// Why it was chosen.
    pub why: String,
    /// What the choice was made on; none where too few customers are there to hold any out.
    pub validation: Option<String>,
    /// What calibration does on the test date.
    pub calibration: CalibrationGain,
    /// Figures of the delivered probabilities on the test date.
    pub delivered: Figures,
    /// Customers scored.
    pub scored: u64,
    /// What was made of the season, where two years of history tell of it.
    #[serde(default)]
    pub season: Option<Correction>,
    /// What was found of the customers.
    #[serde(flatten)]
    pub customers: Customers,
}

/// What was found of the customers of today.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Customers {
    /// How many in each risk band, highest first.
    pub bands: Vec<BandRow>,
    /// How many have no score, and what they have spent.
    #[serde(default)]
    pub unscored: Vec<Unscored>,
    /// The campaign that the scores would pay for most.
    pub campaign: Option<Campaign>,
}

/// The dates of a churn that is seen in the history.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dates {
    /// A customer who buys nothing in this many days has churned.
    pub horizon_days: u32,
    /// Where scores are made.
    pub score_date: NaiveDate,
    /// Where models are tested; none of them has seen anything on or after it.
    pub test_date: NaiveDate,
    /// Every date on which models are tested, the last one being `test_date`.
    pub test_dates: Vec<String>,
    /// Where models learn.
    pub train_dates: Vec<NaiveDate>,
}

impl Dates {
    /// Every date on which the outcome is known, in their order.
    pub fn labelled(&self) -> Vec<NaiveDate> {
        let train = self.train_dates.iter().copied();
        train.chain([self.test_date]).collect()
    }
}

impl Metrics {
    /// Customers with a row in the table of the scores.
    pub fn rows(&self) -> u64 {
        let unscored = self.customers.unscored.iter().map(|band| band.customers);
        self.scored + unscored.sum::<u64>()
    }

    /// The figures of one model on the test date.
    pub fn model(&self, name: &str) -> Option<&ModelRow> {
        self.models.iter().find(|model| model.model == name)
    }
}
