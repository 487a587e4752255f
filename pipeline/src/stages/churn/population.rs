//! Whom churn is learned from and who is scored, wherever that is known from.

use arrow::array::ArrayRef;
use chrono::NaiveDate;
use ndarray::Array2;
use regulars_models::format::Feature;

use super::metrics::Dates;
use super::reasons::reasons;
use crate::failure::Result;
use crate::learning::learned::Learned;
use crate::learning::score::{Scores, score, score_unseen};
use crate::learning::task::{self, Task};
use crate::warning::Warning;

/// Fewer labelled customers than this teach a model nothing that holds.
pub const LEAST_ROWS: usize = 50;

/// Reasons beside each score.
pub const REASONS: usize = 3;

/// What people call what is learned.
pub const LEARNING: task::Words = task::Words {
    rows: "customers",
    yes: "left",
    none_and_all: ["nobody", "everybody"],
    train: "training dates of",
    test: "test date",
    more_rows: "load more customers or a longer history, or set smaller min_baskets or larger active_days under [churn]",
    both: "set another horizon_days under [churn]",
    other_models: "name other models under [churn]",
    uncalibrated: "set calibration = \"none\" under [churn], or load a longer history",
};

/// Whom churn is learned from, and who is scored.
pub struct Population {
    /// The customers whose outcome is known.
    pub task: Task,
    /// Ids of the customers who are scored.
    pub customers: ArrayRef,
    /// Customers who are scored by features.
    pub features: Array2<f32>,
    /// What is known of them already.
    pub known: Option<Known>,
    /// How people are told of it all.
    pub words: Words,
    /// When everything is, where the outcome is seen in the history.
    pub dates: Option<Dates>,
    /// The date that the scores speak of.
    pub as_of: Option<NaiveDate>,
    /// Rows that were read.
    pub rows_in: u64,
    /// What was noticed meanwhile.
    pub warnings: Vec<Warning>,
}

/// What is known of the customers who are scored, where they are those who teach.
pub struct Known {
    /// Among them the places of the task's rows.
    pub places: Vec<usize>,
    /// They are scored in so many parts, each by a model that learned from the others.
    pub parts: usize,
    /// Whether each customer has churned; nothing where the label does not say.
    pub labels: Vec<Option<bool>>,
}

/// What the files say of the customers, in words.
pub struct Words {
    /// The title of the project.
    pub project: String,
    /// What the table of the scores holds.
    pub scores: String,
    /// What a customer who churns does: `buys nothing in the next 28 days`.
    pub churns: String,
    /// What a customer who churned did: `bought nothing for 28 days`.
    pub churned: String,
    /// What the readable tree was learned from: `learned at 11 dates up to 2017-12-04`.
    pub learned: String,
    /// What the models were tested on: `on 2017-12-04, which none had seen`.
    pub tested: String,
    /// What each feature means.
    pub features: Vec<String>,
    /// What a feature speaks of; of several that speak of the same, one is given as a reason.
    pub theme: fn(&Feature) -> &str,
    /// A feature and its value in words, with the currency.
    pub phrase: fn(&Feature, f64, &str) -> String,
}

impl Population {
    /// Every customer's score, by a model that has not seen the customer's outcome.
    pub fn score(&self, learned: &Learned, on_step: &dyn Fn(&str)) -> Result<Scores> {
        let features = self.features.view();
        let Some(known) = &self.known else {
            return score(&learned.saved, features);
        };
        on_step("scoring every customer by a model that has not seen the customer's outcome");
        let taught = (&self.task.rows, known.places.as_slice());
        score_unseen(learned, features, taught, known.parts)
    }

    /// Why each customer has the score, in words; none where the model cannot say.
    pub fn reasons(&self, scores: &Scores, currency: &str) -> Vec<Vec<String>> {
        let Some(contributions) = &scores.contributions else {
            return vec![Vec::new(); self.customers.len()];
        };
        let columns = &self.task.columns.features;
        reasons(
            self.features.view(),
            contributions.view(),
            REASONS,
            |column| (self.words.theme)(&columns[column]),
            |column, value| (self.words.phrase)(&columns[column], value, currency),
        )
    }
}
