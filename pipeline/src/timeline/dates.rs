//! The as-of dates of a run: where scores are made, where models are tested, where they learn.

use std::path::Path;

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use super::FEATURES;
use crate::config::Day;
use crate::failure::{Failure, Result};
use crate::outputs::manifest::{Manifest, missing_stage};

/// As-of dates, placed so that no model is tested on days that it learned from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotDates {
    /// Where scores are made: the end of the history.
    #[serde(rename = "score_date")]
    pub score: NaiveDate,
    /// The last date whose horizon is over by then: models are tested on it.
    #[serde(rename = "test_date")]
    pub test: Option<NaiveDate>,
    /// Dates whose horizons end at or before the test date, earliest first.
    #[serde(rename = "train_dates")]
    pub train: Vec<NaiveDate>,
}

/// How far dates lie apart, in days.
#[derive(Clone, Copy, Debug)]
pub struct Spacing {
    /// How long an outcome takes to be seen.
    pub horizon: u32,
    /// From one training date to the next.
    pub step: u32,
    /// What has to lie before a training date.
    pub before: u32,
    /// So many training dates at most, the latest ones.
    pub most: usize,
}

impl SnapshotDates {
    /// The dates that a history from `first` to the day before `end` allows.
    pub fn new(first: NaiveDate, end: NaiveDate, spacing: Spacing) -> Self {
        let horizon = Days::new(spacing.horizon.into());
        let earliest = first + Days::new(spacing.before.into());
        let test = end
            .checked_sub_days(horizon)
            .filter(|test| *test >= earliest);
        let mut train = Vec::new();
        let mut next = test.and_then(|test| test.checked_sub_days(horizon));
        while let Some(date) = next.filter(|date| *date >= earliest && train.len() < spacing.most) {
            train.push(date);
            next = date.checked_sub_days(Days::new(spacing.step.into()));
        }
        train.reverse();
        Self {
            score: end,
            test,
            train,
        }
    }

    /// The dates of the snapshots that lie in an output folder.
    ///
    /// # Errors
    /// None were taken, or those of another as-of date than the one asked for.
    pub fn taken(manifest: &Manifest, out: &Path, as_of: Option<Day>) -> Result<Self> {
        let dates = manifest
            .metrics(FEATURES)
            .ok_or_else(|| missing_stage(out, FEATURES, "features/"))?;
        let entry = manifest.stages.get(FEATURES);
        let asked = entry.and_then(|entry| entry.as_of_asked.clone());
        let wanted = as_of.map(|day| day.to_string());
        if asked != wanted {
            let words = |date: &Option<String>| {
                date.clone()
                    .map_or("the end of the history".to_owned(), |date| {
                        format!("--as-of {date}")
                    })
            };
            return Err(Failure::data(format!(
                "the features below {} are of {}, not of {}",
                out.display(),
                words(&asked),
                words(&wanted)
            ))
            .hint("run features again with the same --as-of, or the whole job: regulars run"));
        }
        Ok(dates)
    }

    /// Every date once, earliest first.
    pub fn all(&self) -> Vec<NaiveDate> {
        self.train
            .iter()
            .copied()
            .chain(self.test)
            .chain([self.score])
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONTHS: Spacing = Spacing {
        horizon: 28,
        step: 28,
        before: 56,
        most: 24,
    };

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_year_gives_a_test_date_and_training_dates_whose_horizons_end_before_it() {
        let dates = SnapshotDates::new(day("2017-01-01"), day("2018-01-01"), MONTHS);
        assert_eq!(dates.score, day("2018-01-01"));
        assert_eq!(dates.test, Some(day("2017-12-04")));
        assert_eq!(dates.train.last(), Some(&day("2017-11-06")));
        assert_eq!(dates.train.first(), Some(&day("2017-02-27")));
        assert_eq!(dates.train.len(), 10);
        for date in &dates.train {
            assert!(*date + Days::new(28) <= dates.test.unwrap());
        }
    }

    #[test]
    fn a_short_history_has_a_score_date_only() {
        let dates = SnapshotDates::new(day("2017-01-01"), day("2017-02-01"), MONTHS);
        assert_eq!(dates.all(), [day("2017-02-01")]);
    }
}
