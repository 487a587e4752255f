//! On which days each item was sold, and all of them together.

use rayon::prelude::*;

use super::history::History;

/// Days after which the calendar repeats: 52 weeks, so that weekdays stay what they are.
pub(super) const YEAR: i32 = 364;

/// The sales before a day. Memory: 4 bytes a row of the history, twice while they are counted.
#[derive(Debug)]
pub(super) struct Sales {
    /// Where the days of each item begin, and one more.
    offsets: Vec<usize>,
    /// The day of every row, by item, ascending.
    days: Vec<i32>,
    /// The days of all rows, each once, ascending.
    open: Vec<i32>,
    /// Rows before each of these days, and those of all.
    before: Vec<u64>,
}

impl Sales {
    /// Looks at the rows before `until` alone.
    pub fn new(history: &History<'_>, until: i32) -> Self {
        let rows = || {
            (0..history.n_customers())
                .flat_map(|customer| history.rows(customer, i32::MIN, until))
                .map(|row| (history.item(row) as usize, history.basket(row).0))
        };
        let mut offsets = vec![0; history.n_items() + 1];
        rows().for_each(|(item, _)| offsets[item + 1] += 1);
        for item in 0..history.n_items() {
            offsets[item + 1] += offsets[item];
        }
        let mut next = offsets.clone();
        let mut days = vec![0; offsets[history.n_items()]];
        for (item, day) in rows() {
            days[next[item]] = day;
            next[item] += 1;
        }
        let mut open = days.clone();
        open.par_sort_unstable();
        let mut before = Vec::new();
        open.iter().enumerate().for_each(|(place, day)| {
            if place == 0 || open[place - 1] != *day {
                before.push(place as u64);
            }
        });
        before.push(open.len() as u64);
        open.dedup();
        let mut parts: Vec<&mut [i32]> = Vec::with_capacity(history.n_items());
        let mut rest = days.as_mut_slice();
        for item in offsets.windows(2) {
            let (part, after) = std::mem::take(&mut rest).split_at_mut(item[1] - item[0]);
            parts.push(part);
            rest = after;
        }
        parts.into_par_iter().for_each(<[i32]>::sort_unstable);
        Self {
            offsets,
            days,
            open,
            before,
        }
    }

    /// Items, sold or not.
    pub fn n_items(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The days on which an item was sold before `until`, as often as there are rows.
    pub fn of(&self, item: usize, until: i32) -> &[i32] {
        let days = &self.days[self.offsets[item]..self.offsets[item + 1]];
        &days[..days.partition_point(|day| *day < until)]
    }

    /// Rows of an item with `from <= day < until`.
    pub fn count(&self, item: usize, from: i32, until: i32) -> f64 {
        let days = self.of(item, until);
        (days.len() - days.partition_point(|day| *day < from)) as f64
    }

    /// Rows of all items with `from <= day < until`.
    pub fn all(&self, from: i32, until: i32) -> f64 {
        let until_then = |day: i32| self.before[self.open.partition_point(|open| *open < day)];
        until_then(until).saturating_sub(until_then(from)) as f64
    }

    /// The first day with any sale.
    pub fn first_day(&self) -> Option<i32> {
        self.open.first().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sales_are_counted_by_item_and_for_all_within_days() {
        let h = History::new(
            &[0, 3, 5],
            &[1, 4, 9, 4, 5],
            &[0; 5],
            &[2, 0, 2, 2, 0],
            3,
            None,
        )
        .unwrap();
        let sales = Sales::new(&h, 9);
        assert_eq!(sales.of(2, 9), [1, 4]);
        assert_eq!(sales.of(2, 4), [1]);
        assert!(sales.of(1, 9).is_empty());
        assert_eq!(sales.count(0, 4, 5), 1.0);
        assert_eq!(
            (sales.all(1, 5), sales.all(2, 4), sales.all(5, 99)),
            (3.0, 0.0, 1.0)
        );
        assert_eq!(sales.first_day(), Some(1));
    }
}
