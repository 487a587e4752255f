//! What the contacts brought day by day: when they had paid for themselves.

use std::collections::HashMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Date32Type, Float64Type};
use chrono::NaiveDate;
use serde::Serialize;

use super::facts::{Facts, Window, money_sql};
use crate::commands::targets::ledger::{CONTROL, SENT, Sending};
use crate::config::targets::ID;
use crate::failure::{Failure, Result};
use crate::warehouse::Warehouse;

/// What all who were contacted brought beyond those held back, up to the end of a day.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SoFar {
    /// The day.
    pub day: NaiveDate,
    /// Incremental spend.
    pub spend: f64,
    /// Incremental margin; null where purchases have no costs.
    pub margin: Option<f64>,
}

/// Sums of a day: of those contacted, and of those held back.
#[derive(Clone, Copy, Default)]
struct Sums {
    spend: [f64; 2],
    margin: [f64; 2],
}

/// Reads the days of a list, as far as they are known; none without both groups and amounts.
pub fn read(
    warehouse: &Warehouse,
    sending: &Sending,
    facts: &Facts,
    window: Window<'_>,
) -> Result<Vec<SoFar>> {
    let groups = [sending.members(SENT)?, sending.members(CONTROL)?];
    let sizes = [groups[0].len(), groups[1].len()];
    let days = (window.until.min(window.seen_until) - window.from).num_days();
    if !facts.amounts || sizes.contains(&0) || days < 1 {
        return Ok(Vec::new());
    }
    let group_of: HashMap<String, usize> = (0..2)
        .zip(groups)
        .flat_map(|(group, members)| members.into_iter().map(move |id| (id, group)))
        .collect();
    let mut sums = vec![Sums::default(); usize::try_from(days).unwrap_or(0)];
    let [spend, margin] = money_sql(facts);
    let sql = format!(
        "SELECT CAST({ID} AS VARCHAR) AS id, day, {spend} AS spend, {margin} AS margin FROM interactions \
         WHERE day >= DATE '{}' AND day < DATE '{}' GROUP BY {ID}, day ORDER BY day, {ID}",
        window.from, window.until
    );
    let from = window.from;
    warehouse.scope.for_each(&sql, |batch| {
        let unfit = || Failure::machine("days of purchases of another type");
        let ids = batch.column(0).as_string_opt::<i32>().ok_or_else(unfit)?;
        let of_days = batch
            .column(1)
            .as_primitive_opt::<Date32Type>()
            .ok_or_else(unfit)?;
        let money = |place: usize, row: usize| {
            let column = batch.column(place).as_primitive::<Float64Type>();
            if column.is_valid(row) {
                column.value(row)
            } else {
                0.0
            }
        };
        for row in 0..batch.num_rows() {
            let day = of_days.value_as_date(row).ok_or_else(unfit)?;
            let place = usize::try_from((day - from).num_days()).unwrap_or(usize::MAX);
            let Some(&group) = group_of.get(ids.value(row)) else {
                continue;
            };
            if let Some(of_day) = sums.get_mut(place) {
                of_day.spend[group] += money(2, row);
                of_day.margin[group] += money(3, row);
            }
        }
        Ok(())
    })?;
    Ok(added_up(from, &sums, sizes, facts.costs))
}

/// What those contacted have beyond as many as they, were they like those held back.
fn added_up(from: NaiveDate, sums: &[Sums], sizes: [usize; 2], costs: bool) -> Vec<SoFar> {
    let share = sizes[0] as f64 / sizes[1] as f64;
    let (mut spend, mut margin) = (0.0, 0.0);
    let days = from.iter_days().zip(sums);
    days.map(|(day, of_day)| {
        spend += of_day.spend[0] - share * of_day.spend[1];
        margin += of_day.margin[0] - share * of_day.margin[1];
        SoFar {
            day,
            spend,
            margin: costs.then_some(margin),
        }
    })
    .collect()
}

/// The first day from which on the incremental margin never falls below what the contacts cost.
pub fn paid_back_on(days: &[SoFar], cost: f64) -> Option<NaiveDate> {
    let short = |day: &SoFar| day.margin.is_none_or(|margin| margin < cost);
    let first = days.iter().rposition(short).map_or(0, |last| last + 1);
    days.get(first).map(|day| day.day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2024, 3, number).expect("a day")
    }

    #[test]
    fn those_held_back_count_as_many_times_as_they_are_fewer() {
        let sums = [
            Sums {
                spend: [100.0, 10.0],
                margin: [40.0, 4.0],
            },
            Sums {
                spend: [0.0, 30.0],
                margin: [0.0, 2.0],
            },
        ];
        let so_far = added_up(day(1), &sums, [40, 10], true);
        assert_eq!(
            so_far[0],
            SoFar {
                day: day(1),
                spend: 60.0,
                margin: Some(24.0)
            }
        );
        assert_eq!(
            so_far[1],
            SoFar {
                day: day(2),
                spend: -60.0,
                margin: Some(16.0)
            }
        );
        assert_eq!(added_up(day(1), &sums, [40, 10], false)[0].margin, None);
    }

    #[test]
    fn it_is_paid_back_when_it_stays_so() {
        let days: Vec<SoFar> = [5.0, 20.0, 15.0, 30.0, 31.0]
            .into_iter()
            .zip(1..)
            .map(|(margin, number)| SoFar {
                day: day(number),
                spend: 0.0,
                margin: Some(margin),
            })
            .collect();
        assert_eq!(paid_back_on(&days, 18.0), Some(day(4)));
        assert_eq!(paid_back_on(&days, 5.0), Some(day(1)));
        assert_eq!(paid_back_on(&days, 31.5), None);
        assert_eq!(paid_back_on(&[], 1.0), None);
        let unknown = SoFar {
            margin: None,
            ..days[0].clone()
        };
        assert_eq!(paid_back_on(&[unknown], 0.0), None);
    }
}
