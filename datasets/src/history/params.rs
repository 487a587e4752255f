//! What may be asked of the generator, checked once.

use chrono::{Months, NaiveDate};

use super::shops::Shop;

/// What to generate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    /// Of what kind the shop is.
    pub shop: Shop,
    /// How many customers there ever are.
    pub customers: u64,
    /// How many months the history covers, up to the end of 2025.
    pub months: u32,
    /// Seed of everything: the same parameters give the same history.
    pub seed: u64,
}

/// The most customers: their baskets' numbers still fit in 64 bits, and their lines on a disk.
pub const MOST_CUSTOMERS: u64 = 100_000_000;
/// The most months.
pub const MOST_MONTHS: u32 = 120;

/// Parameters that make no history.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParamsError {
    /// No customers, or more than there are people to shop.
    #[error("customers = {0}, but it must be a number from 1 to {most}", most = MOST_CUSTOMERS)]
    Customers(u64),
    /// Too short to learn from and to test on, or too long.
    #[error(
        "months = {months}, but it must be a number from {fewest} to {most}: a shorter history has nothing to learn from \
         before the weeks that a model is tested on",
        most = MOST_MONTHS
    )]
    Months {
        /// What was asked for.
        months: u32,
        /// The fewest that the kind of shop allows: some to learn from, and a horizon to test on.
        fewest: u32,
    },
}

impl Params {
    /// Checks every parameter and says which day the history begins and which day it ends before.
    pub fn check(&self) -> Result<(NaiveDate, NaiveDate), ParamsError> {
        if self.customers == 0 || self.customers > MOST_CUSTOMERS {
            return Err(ParamsError::Customers(self.customers));
        }
        let (months, fewest) = (self.months, self.shop.law().days.fewest_months);
        if months < fewest || months > MOST_MONTHS {
            return Err(ParamsError::Months { months, fewest });
        }
        let end = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap_or_default();
        Ok((end - Months::new(self.months), end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(customers: u64, months: u32) -> Params {
        Params {
            shop: Shop::Grocery,
            customers,
            months,
            seed: 1,
        }
    }

    #[test]
    fn the_history_covers_whole_months_up_to_the_end_of_2025() {
        let (start, end) = params(10, 24).check().unwrap();
        assert_eq!(start.to_string(), "2024-01-01");
        assert_eq!(end.to_string(), "2026-01-01");
    }

    #[test]
    fn zero_and_absurd_parameters_are_refused() {
        assert_eq!(params(0, 24).check(), Err(ParamsError::Customers(0)));
        assert!(params(u64::MAX, 24).check().is_err());
        for months in [0, 1, 2, 121, u32::MAX] {
            let refused = ParamsError::Months { months, fewest: 3 };
            assert_eq!(params(10, months).check(), Err(refused));
        }
        let slow = Params {
            shop: Shop::MailOrder,
            ..params(10, 11)
        };
        assert!(slow.check().unwrap_err().to_string().contains("12 to 120"));
    }
}
