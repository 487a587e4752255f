//! Which days are held out, so that models are chosen on what they have not seen.

use chrono::{Days, NaiveDate};

use crate::failure::{Failure, Result};
use crate::text::plural;

/// Days that are held out where the settings do not say: half a year.
const HALF_A_YEAR: u32 = 182;

/// And at most one day in so many of the history.
const PART: u32 = 3;

/// With fewer days nothing is held out by default: they would tell of chance alone.
const FEWEST: u32 = 7;

/// A history, and where the period that is held out begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    end: NaiveDate,
    history_days: u32,
    /// Days that are held out; 0 where the history is too short for any.
    pub held_out_days: u32,
}

impl Split {
    /// Of a history from its first day up to the day before `end`.
    ///
    /// # Errors
    /// So many days were asked for that nothing is before them.
    pub fn new(first: NaiveDate, end: NaiveDate, asked: Option<u32>) -> Result<Self> {
        let history_days = u32::try_from((end - first).num_days()).unwrap_or(0);
        let held_out_days = match asked {
            Some(asked) if asked >= history_days => {
                return Err(Failure::data(format!(
                    "the history from {first} to {end} has {}, and {asked} of them are to be held out",
                    plural(history_days.into(), "day")
                ))
                .hint("set a smaller holdout_days under [value], or load a longer history"));
            }
            Some(asked) => asked,
            None => match HALF_A_YEAR.min(history_days / PART) {
                few if few < FEWEST => 0,
                days => days,
            },
        };
        Ok(Self {
            end,
            history_days,
            held_out_days,
        })
    }

    /// The day after the history.
    pub fn end_date(&self) -> NaiveDate {
        self.end
    }

    /// The first day that is held out.
    pub fn cut_date(&self) -> NaiveDate {
        self.end - Days::new(self.held_out_days.into())
    }

    /// Days of the history.
    pub fn history_days(&self) -> u32 {
        self.history_days
    }

    /// The day after the history, counted from 1970.
    pub fn end(&self) -> i32 {
        self.end.to_epoch_days()
    }

    /// The first day of the history, counted from 1970.
    pub fn start(&self) -> i32 {
        let days = i32::try_from(self.history_days).unwrap_or(i32::MAX);
        self.end().saturating_sub(days)
    }

    /// The first day that is held out, counted from 1970.
    pub fn cut(&self) -> i32 {
        self.cut_date().to_epoch_days()
    }

    /// The first day of the period of the same length before that.
    pub fn recent(&self) -> i32 {
        let days = i32::try_from(self.held_out_days).unwrap_or(0);
        self.cut() - days
    }

    /// Whether that period lies within the history.
    pub fn has_recent(&self) -> bool {
        2 * self.held_out_days <= self.history_days
    }

    /// Which days are held out, in words; nothing where there are none.
    pub fn words(&self) -> Option<String> {
        let last = self.end.pred_opt()?;
        (self.held_out_days > 0).then(|| {
            tr!(
                "the {days} from {first} to {last}",
                days = plural(self.held_out_days.into(), "day"),
                first = self.cut_date(),
                last = last
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn held_out(first: &str, end: &str, asked: Option<u32>) -> Option<u32> {
        let split = Split::new(day(first), day(end), asked);
        split.ok().map(|split| split.held_out_days)
    }

    #[test]
    fn half_a_year_is_held_out_and_a_third_at_most() {
        assert_eq!(held_out("2020-01-01", "2023-01-01", None), Some(182));
        assert_eq!(held_out("2020-01-01", "2020-04-10", None), Some(33));
        assert_eq!(held_out("2020-01-01", "2020-01-21", None), Some(0));
        assert_eq!(held_out("2020-01-01", "2020-01-21", Some(10)), Some(10));
        assert_eq!(held_out("2020-01-01", "2020-01-21", Some(20)), None);
    }

    #[test]
    fn the_period_before_is_as_long_as_the_one_that_is_held_out() {
        let split = Split::new(day("1997-01-01"), day("1998-07-01"), Some(273)).unwrap();
        assert_eq!(split.cut_date(), day("1997-10-01"));
        assert_eq!(split.cut() - split.recent(), 273);
        assert!(split.has_recent());
        let words = split.words().unwrap();
        assert_eq!(words, "the 273 days from 1997-10-01 to 1998-06-30");
    }
}
