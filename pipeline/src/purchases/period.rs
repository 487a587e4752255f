//! What one basket is, when it is not one checkout.

use chrono::{Datelike, NaiveDate};

use crate::config::BasketOf;

impl BasketOf {
    /// The number of the period that a day lies in, counted from that of 1970-01-01; none for a
    /// checkout, which is no period.
    pub fn period(self, day: i32) -> Option<i32> {
        // The 1st of January 1970 was a Thursday.
        let months = || {
            NaiveDate::from_epoch_days(day)
                .map_or(0, |date| (date.year() - 1970) * 12 + date.month0() as i32)
        };
        match self {
            BasketOf::Checkout => None,
            BasketOf::Day => Some(day),
            BasketOf::Week => Some((day + 3).div_euclid(7)),
            BasketOf::Month => Some(months()),
            BasketOf::Quarter => Some(months().div_euclid(3)),
            BasketOf::Year => Some(months().div_euclid(12)),
            BasketOf::Customer => Some(0),
        }
    }

    /// "checkouts", "weeks of a customer": what the baskets are called.
    pub fn words(self) -> &'static str {
        match self {
            BasketOf::Checkout => "checkouts",
            BasketOf::Day => "days of a customer",
            BasketOf::Week => "weeks of a customer",
            BasketOf::Month => "months of a customer",
            BasketOf::Quarter => "quarters of a customer",
            BasketOf::Year => "years of a customer",
            BasketOf::Customer => "customers",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_mondays_and_months_on_their_first() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap().to_epoch_days();
        let same = |of: BasketOf, a: &str, b: &str| of.period(day(a)) == of.period(day(b));
        assert!(same(BasketOf::Week, "2024-03-04", "2024-03-10"));
        assert!(!same(BasketOf::Week, "2024-03-03", "2024-03-04"));
        assert!(same(BasketOf::Month, "1969-12-01", "1969-12-31"));
        assert!(!same(BasketOf::Month, "1969-12-31", "1970-01-01"));
        assert!(same(BasketOf::Quarter, "2024-04-01", "2024-06-30"));
        assert!(!same(BasketOf::Quarter, "1969-12-31", "1970-01-01"));
        assert!(same(BasketOf::Year, "2024-01-01", "2024-12-31"));
        assert!(same(BasketOf::Customer, "1999-01-01", "2024-12-31"));
        assert_eq!(BasketOf::Checkout.period(3), None);
    }
}
