//! Who is scored, and what became of them.

use std::collections::HashSet;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{Date32Type, Int64Type};
use ndarray::{Array1, Array2, Axis, Slice, concatenate};

use crate::config::Churn;
use crate::failure::{Failure, Result};
use crate::snapshot::Snapshot;
use crate::warehouse::Warehouse;

/// Customers whose outcome is known: features and labels.
pub struct Labelled {
    /// Customers by features.
    pub features: Array2<f32>,
    /// Whether each bought nothing in the horizon.
    pub labels: Array1<bool>,
    /// How many of the last rows are of the latest date.
    pub latest: usize,
}

impl Labelled {
    /// The eligible customers of a snapshot.
    pub fn new(snapshot: &Snapshot, churned: &[bool], settings: &Churn) -> Result<Self> {
        let rows = eligible(snapshot, settings)?;
        let labels: Array1<bool> = rows.iter().map(|row| churned[*row]).collect();
        Ok(Self {
            features: snapshot.rows(&rows),
            latest: labels.len(),
            labels,
        })
    }

    /// Several dates as one set, in their order.
    pub fn stack(sets: &[Labelled]) -> Self {
        let features: Vec<_> = sets.iter().map(|set| set.features.view()).collect();
        let labels: Vec<_> = sets.iter().map(|set| set.labels.view()).collect();
        Self {
            // Snapshots of one run have the same columns, which is all that could go wrong here.
            features: concatenate(Axis(0), &features).unwrap_or_default(),
            labels: concatenate(Axis(0), &labels).unwrap_or_default(),
            latest: sets.last().map_or(0, |set| set.labels.len()),
        }
    }

    /// Every so many-th customer, so that at most `most` are left.
    pub fn thinned(&self, most: usize) -> Self {
        let step = self.labels.len().div_ceil(most).max(1) as isize;
        let every = Slice::new(0, None, step);
        let latest = self.latest / step as usize;
        Self {
            features: self.features.slice_axis(Axis(0), every).to_owned(),
            labels: self.labels.slice_axis(Axis(0), every).to_owned(),
            latest,
        }
    }

    /// How many churned.
    pub fn churned(&self) -> usize {
        self.labels.iter().filter(|churned| **churned).count()
    }

    /// Whether a model can be learned from or tested on these.
    pub fn check(&self, what: &str, least: usize) -> Result<()> {
        let (rows, churned) = (self.labels.len(), self.churned());
        if rows < least {
            return Err(Failure::data(format!("at the {what} there are only {rows} customers to learn from, fewer than {least}"))
                .hint("load more customers or a longer history, or set smaller min_baskets or larger active_days under [churn]"));
        }
        if churned == 0 || churned == rows {
            let all = if churned == 0 { "nobody" } else { "everybody" };
            return Err(Failure::data(format!(
                "at the {what} {all} left, so there is nothing to tell apart"
            ))
            .hint("set another horizon_days under [churn]"));
        }
        Ok(())
    }
}

/// Rows of a snapshot that can be scored: enough baskets, and still here not long ago.
pub fn eligible(snapshot: &Snapshot, settings: &Churn) -> Result<Vec<usize>> {
    let (frequency, recency) = (
        snapshot.column("frequency")?,
        snapshot.column("recency_days")?,
    );
    let can = |row: &usize| {
        frequency[*row] >= f64::from(settings.min_baskets)
            && recency[*row] <= f64::from(settings.active_days)
    };
    Ok((0..snapshot.len()).filter(can).collect())
}

/// For each snapshot and customer, whether they bought nothing in the horizon.
pub fn labels(
    warehouse: &Warehouse,
    snapshots: &[Snapshot],
    settings: &Churn,
) -> Result<Vec<Vec<bool>>> {
    let Some(first) = snapshots.first() else {
        return Ok(Vec::new());
    };
    let mut bought = Bought::default();
    let sql = format!(
        "SELECT customer_id, day FROM interactions WHERE kind = 'purchase' AND day >= DATE '{}' GROUP BY customer_id, day",
        first.as_of
    );
    warehouse.engine.for_each(&sql, |batch| {
        let days = batch.column(1).as_primitive::<Date32Type>();
        for row in 0..batch.num_rows() {
            bought.insert(batch.column(0), row, days.value(row));
        }
        Ok(())
    })?;
    let horizon = i32::try_from(settings.horizon_days).unwrap_or(i32::MAX);
    Ok(snapshots
        .iter()
        .map(|snapshot| {
            let from = snapshot.as_of.to_epoch_days();
            let returned = bought.between(from, from.saturating_add(horizon));
            (0..snapshot.len())
                .map(|row| !returned.contains(&snapshot.customers, row))
                .collect()
        })
        .collect())
}

/// Who bought on which day.
#[derive(Default)]
struct Bought {
    numbers: Vec<(i32, i64)>,
    texts: Vec<(i32, String)>,
}

/// Who bought in a stretch of time.
struct Returned<'a> {
    numbers: HashSet<i64>,
    texts: HashSet<&'a str>,
}

impl Bought {
    fn insert(&mut self, customers: &ArrayRef, row: usize, day: i32) {
        match customers.as_primitive_opt::<Int64Type>() {
            Some(numbers) => self.numbers.push((day, numbers.value(row))),
            None => self
                .texts
                .push((day, customers.as_string::<i32>().value(row).to_owned())),
        }
    }

    /// From a day up to but without another.
    fn between(&self, from: i32, until: i32) -> Returned<'_> {
        let within = |day: i32| (from..until).contains(&day);
        Returned {
            numbers: self
                .numbers
                .iter()
                .filter(|(day, _)| within(*day))
                .map(|(_, number)| *number)
                .collect(),
            texts: self
                .texts
                .iter()
                .filter(|(day, _)| within(*day))
                .map(|(_, text)| text.as_str())
                .collect(),
        }
    }
}

impl Returned<'_> {
    fn contains(&self, customers: &ArrayRef, row: usize) -> bool {
        match customers.as_primitive_opt::<Int64Type>() {
            Some(numbers) => self.numbers.contains(&numbers.value(row)),
            None => self.texts.contains(customers.as_string::<i32>().value(row)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Int64Array;
    use std::sync::Arc;

    #[test]
    fn the_horizon_begins_on_the_as_of_date_and_ends_before_its_last_day() {
        let customers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
        let mut bought = Bought::default();
        bought.insert(&customers, 0, 100); // on the as-of date
        bought.insert(&customers, 1, 128); // on the day after the horizon
        bought.insert(&customers, 2, 127); // on its last day
        let returned = bought.between(100, 128);
        assert_eq!(
            [0, 1, 2].map(|row| returned.contains(&customers, row)),
            [true, false, true]
        );
    }
}
