//! What is to be learned, on which terms, and in which words people are told of it.

use std::ops::Range;

use regulars_models::metrics::CampaignTerms;

use crate::failure::{Failure, Result};
use crate::learning::calibration::Method;
use crate::learning::rows::{Columns, Labelled, Part};

/// Rows whose outcome is known, and what is to be done with them.
pub struct Task {
    /// The rows.
    pub rows: Labelled,
    /// What their columns are.
    pub columns: Columns,
    /// The tests of the models; one is chosen by what the last of them holds out.
    pub trials: Vec<Trial>,
    /// Fewer rows than this are neither learned from nor tested on.
    pub least_rows: usize,
    /// What people call all that.
    pub words: Words,
}

impl Task {
    /// The rows of a trial that teach, and those that test.
    ///
    /// # Errors
    /// They are too few, or their outcome is one and the same.
    pub fn parts(&self, trial: &Trial) -> Result<[Part<'_>; 2]> {
        let [train, test] = [&trial.train, &trial.test].map(|rows| self.rows.part(rows.clone()));
        self.check(train, &format!("{} {}", self.words.train, trial.name))?;
        self.check(test, &format!("{} {}", self.words.test, trial.name))?;
        Ok([train, test])
    }

    fn check(&self, part: Part<'_>, place: &str) -> Result<()> {
        let (rows, yes, words) = (part.rows(), part.yes(), &self.words);
        if rows < self.least_rows {
            return Err(Failure::data(format!(
                "at the {place} there are only {rows} {} to learn from, fewer than {}",
                words.rows, self.least_rows
            ))
            .hint(words.more_rows));
        }
        if !part.has_both() {
            let which = words.none_and_all[usize::from(yes > 0)];
            return Err(Failure::data(format!(
                "at the {place} {which} {}, so there is nothing to tell apart",
                words.yes
            ))
            .hint(words.both));
        }
        Ok(())
    }
}

/// Which models run, how one is chosen, and by what they are measured.
pub struct Terms {
    /// Names of the models that stand beside each other, the simplest first.
    pub models: Vec<&'static str>,
    /// The model that is to be chosen; without it the one that does best.
    pub chosen: Option<String>,
    /// How scores become probabilities.
    pub calibration: Method,
    /// What a campaign earns and costs that is aimed by the scores.
    pub campaign: CampaignTerms,
    /// Seed of everything random.
    pub seed: u64,
}

/// What people call the rows and their outcome, and what they can do where nothing is learned.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// The rows: `customers`.
    pub rows: &'static str,
    /// What a row with a yes did: `left`.
    pub yes: &'static str,
    /// No row, and every row: `nobody`, `everybody`.
    pub none_and_all: [&'static str; 2],
    /// What the trained rows of a trial are, before its name: `training dates of`.
    pub train: &'static str,
    /// What its test rows are, before its name: `test date`.
    pub test: &'static str,
    /// How there would be more rows.
    pub more_rows: &'static str,
    /// How there would be a yes and a no.
    pub both: &'static str,
    /// How other models would run.
    pub other_models: &'static str,
    /// How it would go without a calibration.
    pub uncalibrated: &'static str,
}

/// One test of the models: rows of the task, by their places.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// What the test is made on, in words.
    pub name: String,
    /// What the choice is made on.
    pub validation: Validation,
    /// The rows that the tested models learn from.
    pub train: Range<usize>,
    /// The rows that none of them has seen.
    pub test: Range<usize>,
}

/// What choices are made on: how many trees, and which model.
#[derive(Clone, Debug, PartialEq)]
pub enum Validation {
    /// Models learn from some rows and are looked at on others.
    Rows {
        /// What it is, in words.
        name: String,
        /// The rows they learn from.
        learn: Range<usize>,
        /// The rows they are looked at.
        check: Range<usize>,
    },
    /// A third of these rows is held out.
    Third(Range<usize>),
}
