//! What became of the customers who came in the same month.

use serde::{Deserialize, Serialize};

use super::left::Left;
use super::small::LEAST;
use crate::failure::Result;
use crate::outputs::table::round;

/// The latest cohorts that are shown, and their first months.
const COHORTS: usize = 12;
/// See [`COHORTS`].
const MONTHS: usize = 12;

/// Customers who came in one month.
#[derive(Serialize)]
pub struct Cohort {
    /// The month of their first purchase: `2024-03`.
    pub month: String,
    /// How many.
    pub customers: u64,
    /// What became of them: the month itself, the next one, and so on.
    pub months: Vec<Month>,
}

/// A month of theirs.
#[derive(Serialize)]
pub struct Month {
    /// The share of them who bought in it; none where fewer than 10 did, though somebody did.
    pub retention: Option<f64>,
    /// Whether the history has all days of it.
    pub whole: bool,
    /// How dark it is drawn, 0 to 4.
    pub shade: u8,
}

#[derive(Deserialize)]
struct Row {
    cohort: String,
    months_since: u32,
    customers: u64,
    active_customers: u64,
    retention: f64,
    whole_month: bool,
}

/// The latest cohorts of at least 10 customers; none where there is no file of them.
pub fn look(left: &Left<'_>) -> Result<Vec<Cohort>> {
    Ok(latest(left.small("cohorts")?))
}

fn latest(rows: Vec<Row>) -> Vec<Cohort> {
    let mut found: Vec<Cohort> = Vec::new();
    let rows = rows.into_iter().filter(|row| row.customers >= LEAST);
    for row in rows.filter(|row| (row.months_since as usize) <= MONTHS) {
        if found.last().is_none_or(|last| last.month != row.cohort) {
            found.push(Cohort {
                month: row.cohort.clone(),
                customers: row.customers,
                months: Vec::new(),
            });
        }
        let told = row.active_customers == 0 || row.active_customers >= LEAST;
        if let Some(cohort) = found.last_mut() {
            cohort.months.push(Month {
                retention: told.then(|| round(row.retention, 4)),
                whole: row.whole_month,
                shade: 0,
            });
        }
    }
    let mut found = found.split_off(found.len().saturating_sub(COHORTS));
    // Everybody bought in the month in which they came: that would take all shades.
    let later = |cohort: &Cohort| {
        cohort
            .months
            .iter()
            .skip(1)
            .filter_map(|m| m.retention)
            .fold(0.0, f64::max)
    };
    let most = found.iter().map(later).fold(0.0, f64::max);
    for month in found.iter_mut().flat_map(|cohort| &mut cohort.months) {
        month.shade = match month.retention {
            Some(share) if share > 0.0 && most > 0.0 => 1 + (3.0 * (share / most).min(1.0)) as u8,
            _ => 0,
        };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_cohorts_are_shown_and_few_customers_are_not_told() {
        let row = |month: usize, since: u32, customers: u64, active: u64| Row {
            cohort: format!("2024-{month:02}"),
            months_since: since,
            customers,
            active_customers: active,
            retention: active as f64 / customers as f64,
            whole_month: true,
        };
        let mut rows: Vec<Row> = (1..=13).map(|month| row(month, 0, 100, 100)).collect();
        rows.push(row(13, 1, 100, 40));
        rows.push(row(13, 2, 100, 20));
        rows.push(row(13, 3, 100, 9));
        rows.push(row(13, 4, 100, 0));
        rows.push(row(14, 0, 9, 9));
        let found = latest(rows);
        assert_eq!((found.len(), found[0].month.as_str()), (12, "2024-02"));
        let last = &found[11];
        assert_eq!((last.month.as_str(), last.months.len()), ("2024-13", 5));
        let shares: Vec<Option<f64>> = last.months.iter().map(|month| month.retention).collect();
        assert_eq!(shares, [Some(1.0), Some(0.4), Some(0.2), None, Some(0.0)]);
        let shades: Vec<u8> = last.months.iter().map(|month| month.shade).collect();
        assert_eq!(shades, [4, 4, 2, 0, 0]);
        assert!(latest(Vec::new()).is_empty());
    }
}
