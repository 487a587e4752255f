//! The as-of dates of a run: where scores are made, where models are tested, where they learn.

use chrono::{Days, NaiveDate};

use crate::config::Churn;

/// As-of dates, placed so that no model is tested on days that it learned from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotDates {
    /// Where scores are made: the end of the history.
    pub score: NaiveDate,
    /// The last date whose horizon is over by then.
    pub test: Option<NaiveDate>,
    /// Dates whose horizons end at or before the test date, earliest first.
    pub train: Vec<NaiveDate>,
}

impl SnapshotDates {
    /// The dates that a history from `first` to the day before `end` allows.
    pub fn new(first: NaiveDate, end: NaiveDate, churn: &Churn) -> Self {
        let horizon = Days::new(churn.horizon_days.into());
        let earliest = first + Days::new(churn.min_history_days.into());
        let test = end
            .checked_sub_days(horizon)
            .filter(|test| *test >= earliest);
        let mut train = Vec::new();
        let mut next = test.and_then(|test| test.checked_sub_days(horizon));
        while let Some(date) =
            next.filter(|date| *date >= earliest && train.len() < churn.max_snapshots)
        {
            train.push(date);
            next = date.checked_sub_days(Days::new(churn.step_days.into()));
        }
        train.reverse();
        Self {
            score: end,
            test,
            train,
        }
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

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_year_gives_a_test_date_and_training_dates_whose_horizons_end_before_it() {
        let dates = SnapshotDates::new(day("2017-01-01"), day("2018-01-01"), &Churn::default());
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
        let dates = SnapshotDates::new(day("2017-01-01"), day("2017-02-01"), &Churn::default());
        assert_eq!(dates.all(), [day("2017-02-01")]);
    }
}
