//! What became of the customers who came in the same month.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch, UInt32Array, UInt64Array};
use chrono::{Datelike, NaiveDate};

use super::money::amount;
use crate::failure::Result;
use crate::outputs::table::{TableBuilder, numbers, text};

/// Customers by the month of their first purchase.
pub struct Cohorts {
    /// The month of the last day of the history, and whether that day ends it.
    last: i32,
    last_is_whole: bool,
    cohorts: BTreeMap<i32, Cohort>,
}

/// Customers who came in one month, and what they did from then on.
#[derive(Default)]
struct Cohort {
    customers: u64,
    /// The month itself, the one after it, and so on.
    months: Vec<Month>,
}

#[derive(Clone, Copy, Default)]
struct Month {
    active: u64,
    /// In ten-thousandths.
    revenue: i64,
}

/// A cohort in one month.
pub struct CohortMonth {
    /// The month of the first purchase: `2024-03`.
    pub cohort: String,
    /// Months since then; 0 is the month itself.
    pub since: u32,
    /// Customers who came in that month.
    pub customers: u64,
    /// Those of them who bought in this one.
    pub active: u64,
    /// What they spent in it, returns taken off.
    pub revenue: f64,
    /// What they have spent until its end, for each of the customers.
    pub revenue_per_customer: f64,
    /// Whether the history has all days of the month.
    pub whole: bool,
}

impl CohortMonth {
    /// The share of the customers who bought in the month.
    pub fn retention(&self) -> f64 {
        self.active as f64 / self.customers as f64
    }
}

/// Months since the year 0.
fn month_of(day: i32) -> i32 {
    NaiveDate::from_epoch_days(day).map_or(0, month)
}

fn month(date: NaiveDate) -> i32 {
    date.year() * 12 + date.month0() as i32
}

impl Cohorts {
    /// None yet, of a history up to the day before `end`.
    pub fn new(end: NaiveDate) -> Self {
        let last = end.pred_opt().unwrap_or(end);
        Self {
            last: month(last),
            last_is_whole: end.day() == 1,
            cohorts: BTreeMap::new(),
        }
    }

    /// Adds a customer whose first purchase was on the day `first`, and who on these days, in
    /// their order, bought or not and spent or got back so much.
    pub fn add(&mut self, first: i32, days: &[(i32, bool, i64)]) {
        let cohort = self.cohorts.entry(month_of(first)).or_default();
        cohort.customers += 1;
        let mut last_active = None;
        for &(day, bought, net) in days {
            // What came back before the first purchase counts in its month.
            let since = (month_of(day) - month_of(first)).max(0);
            let place = usize::try_from(since).unwrap_or(0);
            if place >= cohort.months.len() {
                cohort.months.resize(place + 1, Month::default());
            }
            let month = &mut cohort.months[place];
            month.revenue = month.revenue.saturating_add(net);
            if bought && last_active != Some(place) {
                month.active += 1;
                last_active = Some(place);
            }
        }
    }

    /// Every cohort in every month until the last one of the history.
    pub fn rows(&self) -> Vec<CohortMonth> {
        let mut rows = Vec::new();
        for (&began, cohort) in &self.cohorts {
            let name = format!(
                "{:04}-{:02}",
                began.div_euclid(12),
                began.rem_euclid(12) + 1
            );
            let mut so_far = 0_i64;
            for since in 0..=u32::try_from(self.last - began).unwrap_or(0) {
                let month = cohort.months.get(since as usize).copied();
                let Month { active, revenue } = month.unwrap_or_default();
                so_far = so_far.saturating_add(revenue);
                rows.push(CohortMonth {
                    cohort: name.clone(),
                    since,
                    customers: cohort.customers,
                    active,
                    revenue: amount(revenue),
                    revenue_per_customer: amount(so_far) / cohort.customers as f64,
                    whole: i64::from(began) + i64::from(since) < i64::from(self.last)
                        || self.last_is_whole,
                });
            }
        }
        rows
    }
}

/// The cohorts as a table.
pub fn table(rows: &[CohortMonth]) -> Result<RecordBatch> {
    let counts =
        |of: fn(&CohortMonth) -> u64| Arc::new(rows.iter().map(of).collect::<UInt64Array>()) as _;
    let since: UInt32Array = rows.iter().map(|row| row.since).collect();
    let whole: BooleanArray = rows.iter().map(|row| Some(row.whole)).collect();
    TableBuilder::new()
        .column(
            "cohort",
            "The month of the first purchase",
            text(rows.iter().map(|row| &row.cohort)),
        )
        .column(
            "months_since",
            "Calendar months since then; 0 is the month itself",
            Arc::new(since),
        )
        .column(
            "customers",
            "Customers whose first purchase was in the month of the cohort",
            counts(|row| row.customers),
        )
        .column(
            "active_customers",
            "Those of them who bought in this month",
            counts(|row| row.active),
        )
        .column(
            "retention",
            "Share of the customers who bought in this month",
            numbers(rows.iter().map(CohortMonth::retention), 6),
        )
        .column(
            "revenue",
            "What they spent in this month, returns taken off",
            numbers(rows.iter().map(|row| row.revenue), 2),
        )
        .column(
            "cumulative_revenue_per_customer",
            "What they have spent until the end of this month, for each customer of the cohort",
            numbers(rows.iter().map(|row| row.revenue_per_customer), 2),
        )
        .column(
            "whole_month",
            "Whether the history has all days of this month",
            Arc::new(whole),
        )
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> i32 {
        text.parse::<NaiveDate>().unwrap().to_epoch_days()
    }

    #[test]
    fn customers_count_once_a_month_and_silent_months_are_there() {
        let mut cohorts = Cohorts::new("2024-04-11".parse().unwrap());
        let first = day("2024-01-30");
        let days = [
            (day("2024-01-03"), false, -10_000),
            (first, true, 50_000),
            (day("2024-01-31"), true, 30_000),
            (day("2024-03-01"), true, 20_000),
        ];
        cohorts.add(first, &days);
        cohorts.add(day("2024-01-01"), &[(day("2024-01-01"), true, 10_000)]);
        let rows = cohorts.rows();
        let told: Vec<(u32, u64, f64, f64, bool)> = rows
            .iter()
            .map(|row| {
                (
                    row.since,
                    row.active,
                    row.revenue,
                    row.revenue_per_customer,
                    row.whole,
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (0, 2, 8.0, 4.0, true),
                (1, 0, 0.0, 4.0, true),
                (2, 1, 2.0, 5.0, true),
                (3, 0, 0.0, 5.0, false),
            ]
        );
        assert!(
            rows.iter()
                .all(|row| row.cohort == "2024-01" && row.customers == 2)
        );
    }
}
