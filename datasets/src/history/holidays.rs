//! The days on which shops of England are closed: Easter moves, and so do the Mondays.

use chrono::{Datelike, Days, NaiveDate, Weekday};

/// Easter Sunday by the Gregorian calendar ("Anonymous Gregorian", Meeus, Astronomical
/// Algorithms, chapter 8).
pub fn easter(year: i32) -> NaiveDate {
    let a = year % 19;
    let (b, c) = (year / 100, year % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 19 * l) / 433;
    let n = (h + l - 7 * m + 90) / 25;
    let p = (h + l - 7 * m + 33 * n + 19) % 32;
    NaiveDate::from_ymd_opt(year, n as u32, p as u32).unwrap_or_default()
}

/// Whether a day is a bank holiday of England; without those that are moved because a fixed one
/// fell on a weekend.
pub fn bank_holiday(date: NaiveDate) -> bool {
    let (month, day) = (date.month(), date.day());
    if matches!((month, day), (1, 1) | (12, 25 | 26)) {
        return true;
    }
    let easter = easter(date.year());
    let last_week = date + Days::new(7);
    let monday = date.weekday() == Weekday::Mon;
    date + Days::new(2) == easter
        || date == easter + Days::new(1)
        || monday && month == 5 && day <= 7
        || monday && matches!(month, 5 | 8) && last_week.month() != month
}

/// The days between the years on which offices and warehouses are closed.
pub fn between_the_years(date: NaiveDate) -> bool {
    matches!((date.month(), date.day()), (12, 24..) | (1, 1..=3))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As published by gov.uk (www.gov.uk/bank-holidays), England and Wales, 2024 and 2025.
    #[test]
    fn the_bank_holidays_of_two_years() {
        let published = [
            "2024-01-01",
            "2024-03-29",
            "2024-04-01",
            "2024-05-06",
            "2024-05-27",
            "2024-08-26",
            "2024-12-25",
            "2024-12-26",
            "2025-01-01",
            "2025-04-18",
            "2025-04-21",
            "2025-05-05",
            "2025-05-26",
            "2025-08-25",
            "2025-12-25",
            "2025-12-26",
        ];
        let first: NaiveDate = "2024-01-01".parse().unwrap();
        let found: Vec<String> = (0..731)
            .map(|day| first + Days::new(day))
            .filter(|date| bank_holiday(*date))
            .map(|date| date.to_string())
            .collect();
        assert_eq!(found, published);
    }

    /// The earliest and the latest Easter there are, and two more (US Naval Observatory).
    #[test]
    fn easter_falls_where_it_was() {
        for date in ["1818-03-22", "1943-04-25", "2000-04-23", "2019-04-21"] {
            let date: NaiveDate = date.parse().unwrap();
            assert_eq!(easter(date.year()), date);
        }
    }
}
