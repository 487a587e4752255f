//! What became of the customers of a snapshot in the days after it.

use std::collections::HashSet;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{Date32Type, Int64Type};
use chrono::NaiveDate;

use super::snapshot::Snapshot;
use crate::failure::Result;
use crate::warehouse::Warehouse;

/// Who bought on which day.
#[derive(Default)]
pub struct Bought {
    numbers: Vec<(i32, i64)>,
    texts: Vec<(i32, String)>,
}

/// Who bought in a stretch of time.
struct Returned<'a> {
    numbers: HashSet<i64>,
    texts: HashSet<&'a str>,
}

impl Bought {
    /// Reads the days of all purchases from a date on.
    pub fn read(warehouse: &Warehouse, from: NaiveDate) -> Result<Self> {
        let mut bought = Self::default();
        let sql = format!(
            "SELECT customer_id, day FROM interactions WHERE kind = 'purchase' AND day >= DATE '{from}' GROUP BY customer_id, day"
        );
        warehouse.scope.for_each(&sql, |batch| {
            let days = batch.column(1).as_primitive::<Date32Type>();
            for row in 0..batch.num_rows() {
                bought.insert(batch.column(0), row, days.value(row));
            }
            Ok(())
        })?;
        Ok(bought)
    }

    /// For each customer of a snapshot, whether they bought nothing in the horizon.
    pub fn nothing_after(&self, snapshot: &Snapshot, horizon_days: u32) -> Vec<bool> {
        let horizon = i32::try_from(horizon_days).unwrap_or(i32::MAX);
        let from = snapshot.as_of.to_epoch_days();
        let returned = self.between(from, from.saturating_add(horizon));
        (0..snapshot.len())
            .map(|row| !returned.contains(&snapshot.customers, row))
            .collect()
    }

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
