//! How values are spread: exact while the different ones are few, in fine bins beyond that, so
//! that memory stays flat. Neither depends on the order in which values come.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use serde_json::Value;

use crate::purchases::fence::fence;

/// Up to this many different values everything is exact.
const EXACT: usize = 1 << 20;
/// Beyond it, values whose first 11 binary digits agree share a bin: it is off by 0.1 % at most.
const BINARY_DIGITS: u32 = 11;
/// So few different values each have a bar of their own.
const SINGLE: usize = 24;
/// The steps of a histogram are at least this part of the range between its percentiles.
const STEPS: i128 = 36;

/// What a whole number of a distribution stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number with this many digits after the point.
    Number(u32),
    /// Days since 1970-01-01.
    Day,
}

impl Unit {
    /// The value for JSON: a number, or a date as text.
    pub fn json(self, value: i128) -> Value {
        match self {
            Unit::Number(0) => {
                i64::try_from(value).map_or_else(|_| Value::from(value as f64), Value::from)
            }
            Unit::Number(_) => Value::from(self.number(value)),
            Unit::Day => day(value).map_or(Value::Null, |day| Value::from(day.to_string())),
        }
    }

    /// The value as a floating point number.
    pub fn number(self, value: i128) -> f64 {
        value as f64 / self.one()
    }

    /// The whole number that stands for 1.
    pub fn one(self) -> f64 {
        match self {
            Unit::Number(digits) => 10f64.powi(digits as i32),
            Unit::Day => 1.0,
        }
    }
}

/// The day of this number.
pub fn day(number: i128) -> Option<NaiveDate> {
    NaiveDate::from_epoch_days(i32::try_from(number).ok()?)
}

/// A value, or the values that share a bin.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    /// The value; the mean of those that share a bin.
    value: i128,
    rows: u64,
    sum: i128,
}

/// One bar of a histogram: values from `from` up to but not `to`; of the value `from` alone where
/// both are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bin {
    /// The least value.
    pub from: i128,
    /// The end.
    pub to: i128,
    /// Rows in between.
    pub rows: u64,
}

/// Takes each different value once, in any order.
#[derive(Default)]
pub struct Collector {
    points: Vec<(i128, u64)>,
    bins: Option<BTreeMap<i128, (u64, i128)>>,
    ends: Option<(i128, i128)>,
}

impl Collector {
    /// Takes a value that so many rows have.
    pub fn add(&mut self, value: i128, rows: u64) {
        let (least, most) = self.ends.unwrap_or((value, value));
        self.ends = Some((least.min(value), most.max(value)));
        match &mut self.bins {
            Some(bins) => put(bins, value, rows),
            None => self.points.push((value, rows)),
        }
        if self.points.len() > EXACT {
            let mut bins = BTreeMap::new();
            for (value, rows) in std::mem::take(&mut self.points) {
                put(&mut bins, value, rows);
            }
            self.bins = Some(bins);
        }
    }

    /// The distribution of what was taken; none of nothing.
    pub fn finish(mut self) -> Option<Distribution> {
        let (min, max) = self.ends?;
        let exact = self.bins.is_none();
        let points: Vec<Point> = match self.bins {
            Some(bins) => bins
                .into_values()
                .map(|(rows, sum)| Point {
                    value: sum.div_euclid(i128::from(rows.max(1))),
                    rows,
                    sum,
                })
                .collect(),
            None => {
                self.points.sort_unstable();
                let point = |&(value, rows): &(i128, u64)| Point {
                    value,
                    rows,
                    sum: value.saturating_mul(rows.into()),
                };
                self.points.iter().map(point).collect()
            }
        };
        Some(Distribution {
            rows: points.iter().map(|point| point.rows).sum(),
            sum: points
                .iter()
                .fold(0, |sum: i128, point| sum.saturating_add(point.sum)),
            points,
            exact,
            min,
            max,
        })
    }
}

fn put(bins: &mut BTreeMap<i128, (u64, i128)>, value: i128, rows: u64) {
    let size = value.unsigned_abs();
    let shift = (u128::BITS - size.leading_zeros()).saturating_sub(BINARY_DIGITS);
    let start = (size >> shift << shift) as i128;
    let bin = bins.entry(start * value.signum()).or_default();
    bin.0 += rows;
    bin.1 = bin.1.saturating_add(value.saturating_mul(rows.into()));
}

/// The spread of at least one value.
#[derive(Clone, Debug)]
pub struct Distribution {
    points: Vec<Point>,
    /// Whether every value is known as it is, rather than within 0.1 %.
    pub exact: bool,
    /// Rows with a value.
    pub rows: u64,
    /// Their sum, always exact.
    pub sum: i128,
    /// The least value, always exact.
    pub min: i128,
    /// The greatest value, always exact.
    pub max: i128,
}

impl Distribution {
    /// The mean, in the units of the values.
    pub fn mean(&self) -> f64 {
        self.sum as f64 / self.rows as f64
    }

    /// The least value that at least so many thousandths of the rows do not exceed.
    pub fn quantile(&self, thousandths: u64) -> i128 {
        let rank = (u128::from(self.rows) * u128::from(thousandths)).div_ceil(1000);
        let rank = u64::try_from(rank).unwrap_or(u64::MAX).max(1);
        let mut below = 0;
        for point in &self.points {
            below += point.rows;
            if below >= rank {
                return point.value;
            }
        }
        self.max
    }

    /// Values above 0 alone.
    pub fn positive(&self) -> Option<Distribution> {
        let mut points = self.points.clone();
        points.retain(|point| point.value > 0);
        Some(Distribution {
            min: points.first()?.value.max(self.min),
            rows: points.iter().map(|point| point.rows).sum(),
            sum: points
                .iter()
                .fold(0, |sum: i128, point| sum.saturating_add(point.sum)),
            exact: self.exact,
            max: self.max,
            points,
        })
    }

    /// Rows whose value is above this one, and the sum of their values.
    pub fn above(&self, value: i128) -> (u64, i128) {
        let over = self.points.iter().filter(|point| point.value > value);
        over.fold((0, 0i128), |(rows, sum), point| {
            (rows + point.rows, sum.saturating_add(point.sum))
        })
    }

    /// The value beyond which one is far outside, for values above 0; see [`fence`].
    pub fn fence(&self) -> i128 {
        fence([250, 500, 750, 990].map(|thousandths| self.quantile(thousandths) as f64)) as i128
    }

    /// The share of the sum that the greatest rows have, this share of all rows of them.
    pub fn top_share(&self, share: f64) -> f64 {
        let mut left = (self.rows as f64 * share).ceil() as u64;
        let mut sum = 0i128;
        for point in self.points.iter().rev() {
            if point.rows <= left {
                sum += point.sum;
                left -= point.rows;
            } else {
                sum += point.value.saturating_mul(left.into());
                break;
            }
        }
        sum as f64 / self.sum as f64
    }

    /// The Gini coefficient: 0 when all have the same, near 1 when one has everything.
    pub fn gini(&self) -> f64 {
        let rows = self.rows as f64;
        let (mut before, mut ranked) = (0f64, 0f64);
        for point in &self.points {
            let here = point.rows as f64;
            let mean_rank = before + (here + 1.0) / 2.0;
            ranked += mean_rank * point.sum as f64;
            before += here;
        }
        2.0 * ranked / (rows * self.sum as f64) - (rows + 1.0) / rows
    }

    /// The Lorenz curve: the shares of the sum that the least 0 %, 5 %, ... 100 % of the rows have.
    pub fn lorenz(&self) -> Vec<f64> {
        let share = |twentieths: u32| match twentieths {
            0 => 0.0,
            _ => 1.0 - self.top_share(f64::from(20 - twentieths) / 20.0),
        };
        (0..=20).map(share).collect()
    }

    /// Bars over the values: each value its own where they are few; else equal steps from the
    /// 1st to the 99th percentile, with a bar for all that is below and one for all above.
    pub fn histogram(&self, unit: Unit) -> Vec<Bin> {
        let edges = match unit {
            Unit::Day => self.calendar(),
            Unit::Number(_) if self.points.len() <= SINGLE => {
                let single = |point: &Point| Bin {
                    from: point.value,
                    to: point.value,
                    rows: point.rows,
                };
                return self.points.iter().map(single).collect();
            }
            Unit::Number(_) => self.steps(),
        };
        let mut bins: Vec<Bin> = edges
            .windows(2)
            .map(|pair| Bin {
                from: pair[0],
                to: pair[1],
                rows: 0,
            })
            .collect();
        let mut place = 0;
        for point in &self.points {
            while place + 1 < bins.len() && point.value >= bins[place].to {
                place += 1;
            }
            if let Some(bin) = bins.get_mut(place) {
                bin.rows += point.rows;
            }
        }
        bins
    }

    /// Edges in steps of 1, 2 or 5 times a power of ten.
    fn steps(&self) -> Vec<i128> {
        let (low, high) = (self.quantile(10), self.quantile(990));
        let wanted = (high - low).max(1).div_euclid(STEPS).max(1);
        let mut power = 1i128;
        while power.saturating_mul(5) < wanted {
            power = power.saturating_mul(10);
        }
        let step = [1, 2, 5, 10]
            .map(|times| power.saturating_mul(times))
            .into_iter()
            .find(|step| *step >= wanted)
            .unwrap_or(power);
        let (from, to) = (low.div_euclid(step), high.div_euclid(step) + 1);
        let mut edges: Vec<i128> = (from..=to).map(|number| number * step).collect();
        if edges.first().is_some_and(|first| self.min < *first) {
            edges.insert(0, self.min);
        }
        if edges.last().is_some_and(|last| self.max >= *last) {
            edges.push(self.max.saturating_add(1));
        }
        edges
    }

    /// Edges at days, months or years, by how long it is.
    fn calendar(&self) -> Vec<i128> {
        let (Some(first), Some(last)) = (day(self.min), day(self.max)) else {
            return vec![self.min, self.max.saturating_add(1)];
        };
        let days = self.max - self.min;
        if days < 62 {
            return (self.min..=self.max + 1).collect();
        }
        let months_in_step = if days < 366 * 10 { 1 } else { 12 };
        let begin = |date: NaiveDate| match months_in_step {
            1 => date.with_day(1),
            _ => NaiveDate::from_ymd_opt(date.year(), 1, 1),
        };
        let mut edges = Vec::new();
        let mut edge = begin(first);
        while let Some(date) = edge {
            edges.push(i128::from(date.to_epoch_days()));
            if date > last {
                break;
            }
            edge = date.checked_add_months(chrono::Months::new(months_in_step));
        }
        edges
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl IntoIterator<Item = (i128, u64)>) -> Distribution {
        let mut collector = Collector::default();
        for (value, rows) in values {
            collector.add(value, rows);
        }
        collector.finish().unwrap()
    }

    #[test]
    fn quantiles_are_values_that_there_are() {
        let numbers = of((1..=100).map(|value| (value, 1)));
        assert_eq!(
            [10, 250, 500, 990, 1000].map(|q| numbers.quantile(q)),
            [1, 25, 50, 99, 100]
        );
        assert_eq!(of([(7, 3)]).quantile(1), 7);
        assert_eq!(numbers.mean(), 50.5);
    }

    #[test]
    fn many_values_are_binned_within_a_thousandth_whatever_their_order() {
        let count = EXACT as i128 + 5;
        let forth = of((0..count).map(|value| (value * 7 - 1000, 1)));
        let back = of((0..count).rev().map(|value| (value * 7 - 1000, 1)));
        assert!(!forth.exact);
        assert_eq!(forth.points, back.points);
        assert_eq!((forth.min, forth.max), (-1000, (count - 1) * 7 - 1000));
        assert_eq!(forth.sum, 7 * count * (count - 1) / 2 - 1000 * count);
        for thousandths in [10, 250, 500, 990] {
            let truth = (count * i128::from(thousandths) / 1000) as f64 * 7.0 - 1000.0;
            let off = (forth.quantile(thousandths) as f64 / truth - 1.0).abs();
            assert!(off < 0.001, "{thousandths}: off by {off}");
        }
    }

    #[test]
    fn equal_shares_have_no_gini_and_one_owner_nearly_all() {
        let equal = of([(5, 10)]);
        assert_eq!(equal.gini(), 0.0);
        assert_eq!(equal.top_share(0.2), 0.2);
        let owner = of([(0, 9), (100, 1)]);
        assert!((owner.gini() - 0.9).abs() < 1e-12);
        assert_eq!(owner.top_share(0.1), 1.0);
        // By hand: 1, 2, 3, 4: 2 * (1 + 4 + 9 + 16) / (4 * 10) - 5 / 4 = 0.25.
        let four = of((1..=4).map(|value| (value, 1)));
        assert!((four.gini() - 0.25).abs() < 1e-12);
        assert!((four.lorenz()[10] - 0.3).abs() < 1e-12);
    }

    #[test]
    fn the_fence_is_far_from_what_is_usual_and_near_enough_for_what_is_not() {
        // Quartiles 100 and 200, so 200 * 2^3.
        let wide = of([(100, 30), (150, 30), (200, 39), (20_000, 1)]);
        assert_eq!(wide.fence(), 800);
        assert_eq!(wide.above(wide.fence()), (1, 20_000));
        assert_eq!(of([(1, 1000)]).fence(), 4);
    }

    #[test]
    fn histograms_lose_no_row_and_have_round_edges() {
        let spread = of((0..10_000).map(|value| (value, 1)).chain([(1_000_000, 2)]));
        let bins = spread.histogram(Unit::Number(2));
        assert_eq!(bins.iter().map(|bin| bin.rows).sum::<u64>(), 10_002);
        assert!(bins.len() < 40, "{bins:?}");
        assert_eq!(bins[1].to - bins[1].from, 500);
        assert_eq!(bins.last().unwrap().to, 1_000_001);
        let few = of([(1, 5), (3, 2)]).histogram(Unit::Number(0));
        assert_eq!(few.len(), 2);
        let year = of((19_000..19_365).map(|day| (day, 2))).histogram(Unit::Day);
        assert_eq!(year.iter().map(|bin| bin.rows).sum::<u64>(), 730);
        assert_eq!(year.len(), 13);
    }
}
