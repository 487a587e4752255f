//! What the stage leaves in the manifest.

use serde::{Deserialize, Serialize};

use super::board::ModelRow;
use super::trial::Group;

/// What customers are worth, and how good the model is that says so.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Metrics {
    /// Customers who ever bought.
    pub customers: u64,
    /// Those who bought again.
    pub repeat_buyers: u64,
    /// Days ahead.
    pub horizon_days: u32,
    /// The discount a year.
    pub rate: f64,
    /// The share of spend that values count.
    pub margin: f64,
    /// What values are counted in: `spend` or `margin`.
    pub counted_in: String,
    /// The days that are held out, in words; none where the history is too short for any.
    pub held_out: Option<String>,
    /// How many they are.
    pub holdout_days: u32,
    /// Customers on whom the models were tried.
    pub tried_on: u64,
    /// Every model and baseline, the best first.
    pub models: Vec<ModelRow>,
    /// What the chosen model predicted beside what came, by purchases before.
    pub groups: Vec<Group>,
    /// What says how much a purchase brings, in words.
    pub spend_model: String,
    /// What says who is active and when they buy next, where trees say the rest.
    #[serde(default)]
    pub timed_by: Option<String>,
    /// Correlation of the number of repeat purchases with what they bring.
    pub spend_correlation: Option<f64>,
    /// What was spent so far, returns taken off.
    pub spend: f64,
    /// What will be spent or earned within the horizon, discounted; none where nothing tells.
    pub lifetime_value: Option<f64>,
    /// Customers who are active by their probabilities, added up; none without a model.
    pub active: Option<f64>,
    /// Customers under contract, where the settings know of contracts.
    #[serde(default)]
    pub contracts: Option<Found>,
    /// What values are made of.
    #[serde(default)]
    pub parts: Sums,
    /// How unequal lifetime values are.
    pub concentration: Option<Shares>,
}

/// What the manifest says of the parts: sums over all customers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Sums {
    /// Each part that is there, by the name of its column, with its sum.
    pub told: Vec<(String, f64)>,
    /// What is not told, and what would tell it.
    pub untold: Vec<String>,
}

/// Customers under contract.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Found {
    /// Contracts.
    pub customers: u64,
    /// Those of them that have ended.
    pub ended: u64,
    /// Parameters of the model.
    pub a: f64,
    /// See `a`.
    pub b: f64,
    /// The log-likelihood.
    pub log_likelihood: f64,
    /// Of those who are there, the mean chance of renewing next.
    pub next: f64,
    /// What they have still to bring; none without a discount.
    pub residual_value: Option<f64>,
    /// Renewal after renewal.
    pub retention: Vec<Renewal>,
}

/// A renewal: how many were due, and how many were made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Renewal {
    /// Which, from 1 on.
    pub renewal: u32,
    /// Customers for whom it was due.
    pub due: u64,
    /// Those of them who renewed.
    pub renewed: u64,
    /// The share that is left of all after it, by those for whom it was due (Kaplan and Meier 1958).
    pub survival: f64,
    /// The share that the model says renews.
    pub model_retention: f64,
    /// The share that the model says is left.
    pub model_survival: f64,
}

/// How much of the lifetime value a few customers hold.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Shares {
    /// Gini coefficient.
    pub gini: f64,
    /// Of the tenth with the highest values.
    pub top_tenth: f64,
    /// Of the fifth with the highest values.
    pub top_fifth: f64,
}

impl Metrics {
    /// The model that values the customers.
    pub fn chosen(&self) -> Option<&ModelRow> {
        self.models.iter().find(|row| row.chosen)
    }
}
