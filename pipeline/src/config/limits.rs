//! What the sections' checks have in common: shares, numbers that are too small or too large, days,
//! and levels of the taxonomy.

use super::Settings;
use crate::contract::LEVELS;
use crate::failure::{Result, did_you_mean};
use crate::text::count;

/// Days at most, a century: with more a date would lie beyond any calendar.
const MOST_DAYS: usize = 36_525;

impl Settings {
    /// Refuses what is no share.
    pub(super) fn share(&self, keys: &[&str], value: f64) -> Result<()> {
        if (0.0..=1.0).contains(&value) {
            return Ok(());
        }
        Err(self
            .wrong(keys, format!("{value} is no share"))
            .hint("give a number from 0 to 1"))
    }

    /// Refuses a number that is too small.
    pub(super) fn at_least(&self, keys: &[&str], value: usize, least: usize) -> Result<()> {
        if value >= least {
            return Ok(());
        }
        Err(self
            .wrong(keys, format!("{value} is too small"))
            .hint(format!("give at least {least}")))
    }

    /// Refuses a number that is too large.
    pub(super) fn at_most(&self, keys: &[&str], value: usize, most: usize) -> Result<()> {
        if value <= most {
            return Ok(());
        }
        Err(self
            .wrong(keys, format!("{} is too large", count(value as u64)))
            .hint(format!("give at most {}", count(most as u64))))
    }

    /// Refuses more days than any calendar has room for.
    pub(super) fn days(&self, keys: &[&str], days: u32) -> Result<()> {
        self.at_most(keys, days as usize, MOST_DAYS)
    }

    /// Refuses a lift below zero, or none at all.
    pub(super) fn lift(&self, keys: &[&str], lift: f64) -> Result<()> {
        if lift >= 0.0 && lift.is_finite() {
            return Ok(());
        }
        Err(self.wrong(keys, format!("{lift} is no lift")))
    }

    /// Refuses a level that the taxonomy does not have.
    pub(super) fn level(&self, keys: &[&str], level: Option<&str>) -> Result<()> {
        match level {
            Some(level) if !LEVELS.contains(&level) => Err(self
                .wrong(keys, format!("`{level}` is no level of the taxonomy"))
                .hint(did_you_mean(level, LEVELS))),
            _ => Ok(()),
        }
    }
}
