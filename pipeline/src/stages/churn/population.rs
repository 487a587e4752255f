//! Whom churn is learned from and who is scored, wherever that is known from.

use std::borrow::Cow;

use arrow::array::ArrayRef;
use chrono::NaiveDate;
use ndarray::{Array1, Array2};
use regulars_models::format::{Feature, FeatureKind, SavedModel};
use regulars_models::tree::ColumnName;

use super::everyone::Everyone;
use super::metrics::Dates;
use super::people::People;
use super::reasons::{Telling, Told, reasons};
use super::spoken::{Catalogued, spoken};
use super::worth::Worth;
use crate::contract::features::{Risk, Shop};
use crate::failure::Result;
use crate::learning::learned::Learned;
use crate::learning::rows::{Columns, Labelled};
use crate::learning::score::{Scores, score, score_unseen};
use crate::learning::task::{self, Task};
use crate::text::{percent, plural};
use crate::warning::Warning;
use crate::words::said;

/// Fewer labelled customers than this teach a model nothing that holds.
pub const LEAST_ROWS: usize = 50;

/// Reasons beside each score.
pub const REASONS: usize = 3;

/// What people call what is learned.
pub const LEARNING: task::Words = task::Words {
    rows: mark!("customers"),
    yes: mark!("left"),
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
    /// Whose the rows of the task are, where they are of several dates; else each is a customer.
    pub people: Option<People>,
    /// Ids of the customers who are scored.
    pub customers: ArrayRef,
    /// Customers who are scored by features.
    pub features: Array2<f32>,
    /// Everybody, those included who are not scored, where the outcome is seen in the history.
    pub everyone: Option<Everyone>,
    /// What each of those who are scored is worth, where `value` has told.
    pub worth: Option<Worth>,
    /// What is known of them already.
    pub known: Option<Known>,
    /// What a saved model has not met, and takes for missing.
    pub strange: Vec<Strange>,
    /// How people are told of it all.
    pub words: Words,
    /// The same in English, for what is kept and used again by commands in other languages.
    pub english: Words,
    /// When everything is, where the outcome is seen in the history.
    pub dates: Option<Dates>,
    /// The date that the scores speak of.
    pub as_of: Option<NaiveDate>,
    /// Rows that were read.
    pub rows_in: u64,
    /// What was noticed meanwhile.
    pub warnings: Vec<Warning>,
    /// Of the rows that taught the model, the share that left.
    pub base_rate: f64,
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

/// Values of an attribute that a saved model has not met.
#[derive(Clone, Debug)]
pub struct Strange {
    /// The feature.
    pub feature: String,
    /// Customers who have such a value.
    pub customers: u64,
    /// Their places among those who are scored.
    pub rows: Vec<usize>,
    /// Which ones, in words.
    pub words: String,
}

/// What the files say of the customers, in words.
pub struct Words {
    /// The title of the project.
    pub project: String,
    /// Printed behind amounts.
    pub currency: String,
    /// What the shop calls a basket.
    pub basket: String,
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
    /// How a feature moves the risk, as far as that is known beforehand.
    pub risk: fn(&Feature) -> Risk,
    /// What the catalogue knows of a feature.
    pub known: Catalogued,
    /// A feature and its value in words.
    pub phrase: fn(&Feature, f64, Shop<'_>) -> String,
    /// The same without a word of judgement.
    pub plainly: fn(&Feature, f64, Shop<'_>) -> String,
}

/// A task from which nothing is learned: what the columns of a saved model are.
pub fn nobody(model: &SavedModel) -> Task {
    Task {
        rows: Labelled {
            features: Array2::zeros((0, model.features().len())),
            labels: Array1::default(0),
            worth: None,
        },
        columns: Columns {
            monotone: Vec::new(),
            features: model.features().to_vec(),
            baseline: None,
        },
        trials: Vec::new(),
        least_rows: 0,
        words: LEARNING,
    }
}

impl Population {
    /// What the shop calls things.
    pub fn shop(&self) -> Shop<'_> {
        Shop {
            currency: &self.words.currency,
            basket: &self.words.basket,
        }
    }

    /// What each feature is, in words: `days since the last purchase`.
    pub fn titles(&self) -> Vec<String> {
        let columns = spoken(&self.task.columns.features, self.words.known, self.shop());
        columns
            .iter()
            .map(|column| column.name().to_owned())
            .collect()
    }

    /// What that means, where one customer is several rows, as a sentence behind another.
    pub fn rows_explained(&self) -> String {
        let Some(people) = &self.people else {
            return String::new();
        };
        tr!(
            " A customer-date is a customer at one of these dates: {dates} of {customers}.",
            dates = plural(self.task.rows.labels.len() as u64, "customer-date"),
            customers = plural(people.count(), "customer")
        )
    }

    /// What the rows are called that teach.
    pub fn rows_called(&self) -> &'static str {
        match self.people {
            Some(_) => said(mark!("customer-dates")),
            None => said(LEARNING.rows),
        }
    }

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
    ///
    /// - `told`: for each customer, which effects.
    pub fn reasons(&self, scores: &Scores, told: &[Told]) -> Vec<Vec<String>> {
        let Some(contributions) = &scores.contributions else {
            return vec![Vec::new(); self.customers.len()];
        };
        let columns = self.features.columns().into_iter();
        let features = self.task.columns.features.iter();
        let words = OfCustomers {
            risks: features.map(self.words.risk).collect(),
            population: self,
            medians: columns
                .map(|column| median(column.iter().map(|value| f64::from(*value))))
                .collect(),
        };
        let features = self.as_told();
        reasons(features.view(), contributions.view(), told, REASONS, &words)
    }

    /// The features as reasons tell of them: who has a category that a saved model has not met lacks
    /// none, although the model takes it for missing.
    fn as_told(&self) -> Cow<'_, Array2<f32>> {
        let mut told = Cow::Borrowed(&self.features);
        for (place, feature) in self.task.columns.features.iter().enumerate() {
            let FeatureKind::Categorical(names) = &feature.kind else {
                continue;
            };
            let of = self
                .strange
                .iter()
                .filter(|one| one.feature == feature.name);
            for row in of.flat_map(|one| &one.rows) {
                // The number behind those of the categories that have one.
                told.to_mut()[[*row, place]] = names.len() as f32;
            }
        }
        told
    }
}

/// The features of the customers who are scored, in words.
struct OfCustomers<'a> {
    population: &'a Population,
    /// Of each feature.
    medians: Vec<f64>,
    risks: Vec<Risk>,
}

impl OfCustomers<'_> {
    fn feature(&self, place: usize) -> &Feature {
        &self.population.task.columns.features[place]
    }
}

impl Telling for OfCustomers<'_> {
    fn theme(&self, feature: usize) -> &str {
        (self.population.words.theme)(self.feature(feature))
    }

    fn contradicts(&self, feature: usize, value: f64, effect: f64) -> bool {
        self.risks[feature].contradicts(value, self.medians[feature], effect)
    }

    fn phrase(&self, feature: usize, value: f64) -> String {
        (self.population.words.phrase)(self.feature(feature), value, self.population.shop())
    }

    fn plainly(&self, feature: usize, value: f64) -> String {
        (self.population.words.plainly)(self.feature(feature), value, self.population.shop())
    }

    fn nothing(&self, told: Told) -> String {
        let left = percent(self.population.base_rate);
        match told {
            Told::Raises => tr!(
                "nothing raises the risk beside that of all customers, of whom {left} left",
                left = left
            ),
            Told::Lowers => tr!(
                "nothing lowers the risk beside that of all customers, of whom {left} left",
                left = left
            ),
            Told::Both => tr!(
                "nothing moves the risk beside that of all customers, of whom {left} left",
                left = left
            ),
        }
    }
}

/// The median of the values that are there, of two the upper one; NaN where none is.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut known: Vec<f64> = values.filter(|value| !value.is_nan()).collect();
    let middle = known.len() / 2;
    match known.is_empty() {
        true => f64::NAN,
        false => *known.select_nth_unstable_by(middle, f64::total_cmp).1,
    }
}
