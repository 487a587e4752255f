//! Pairs of frequent items: what can go wrong with them, and both ways to look at baskets.
//!
//! Pairs are counted a row of the triangle at a time: for one item, all its baskets are read and
//! the items after it are counted in an array that fits into the processor's cache. Counting
//! basket by basket into the whole triangle reads less, but each pair waits for main memory. All
//! 12.5 million pairs of 5,000 items in a million baskets of 10 take about one processor second and
//! 210 MB beside the baskets, 50 of them the counts.

use thiserror::Error;

use super::{Baskets, MinSupport};

/// Why pairs could not be counted or compared.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum PairError {
    /// A count of 0 would take in items that are in no basket.
    #[error("the minimum support is 0 baskets; choose at least 1")]
    ZeroCount,
    /// The share is not a number above 0 and at most 1.
    #[error("the minimum support is a share of {0}; choose a number above 0 and at most 1")]
    Share(f64),
    /// The number of strata is 0 or too large.
    #[error("size_strata = {0}; choose between 1 and 32")]
    SizeStrata(usize),
    /// The expected count is not a number of at least 0.
    #[error("min_expected = {0}; choose a number of at least 0")]
    MinExpected(f64),
    /// The q-value is not above 0, or so high that chance decides.
    #[error("max_q_value = {0}; choose a number above 0 and at most 0.5")]
    MaxQValue(f64),
    /// The limit on pairs that are kept is 0.
    #[error("max_pairs = 0; choose at least 1")]
    ZeroMaxPairs,
    /// More pairs stand out than the limit allows.
    #[error(
        "more than {0} pairs stand out; raise the minimum support, lower max_q_value, or raise \
         max_pairs if memory allows"
    )]
    TooManyFound(usize),
    /// There is not one customer for each basket.
    #[error("{baskets} baskets, but {customers} customers; give one customer with each basket")]
    UnequalLengths {
        /// Number of baskets.
        baskets: usize,
        /// Number of customers.
        customers: usize,
    },
    /// There is not one day for each basket.
    #[error("{baskets} baskets, but {days} days; give one day with each basket")]
    UnequalDays {
        /// Number of baskets.
        baskets: usize,
        /// Number of days.
        days: usize,
    },
}

/// Refuses what is no minimum support.
pub(super) fn check_support(min_support: MinSupport) -> Result<(), PairError> {
    match min_support {
        MinSupport::Count(0) => Err(PairError::ZeroCount),
        // Written so that it refuses what is not a number, too.
        MinSupport::Share(share) if !(share > 0.0 && share <= 1.0) => Err(PairError::Share(share)),
        _ => Ok(()),
    }
}

/// The items that are in enough baskets, numbered in the order of their codes.
pub(super) struct FrequentItems {
    pub(super) codes: Vec<u32>,
    /// The number of baskets of each.
    pub(super) counts: Vec<u32>,
    /// The number of each code, or [`NONE`](Self::NONE).
    numbers: Vec<u32>,
}

impl FrequentItems {
    const NONE: u32 = u32::MAX;

    pub(super) fn new(baskets: &Baskets, min_count: u32) -> Self {
        Self::chosen(baskets, |_, count| count >= min_count)
    }

    /// These two items, ascending, whatever their counts.
    pub(super) fn pair(baskets: &Baskets, items: [u32; 2]) -> Self {
        Self::chosen(baskets, |item, _| items.contains(&item))
    }

    fn chosen(baskets: &Baskets, choose: impl Fn(u32, u32) -> bool) -> Self {
        let mut all = vec![0_u32; baskets.n_items()];
        for &item in baskets.lines() {
            all[item as usize] += 1;
        }
        let mut frequent = Self {
            codes: Vec::new(),
            counts: Vec::new(),
            numbers: vec![Self::NONE; all.len()],
        };
        for (item, count) in all.into_iter().enumerate() {
            if choose(item as u32, count) {
                frequent.numbers[item] = frequent.codes.len() as u32;
                frequent.codes.push(item as u32);
                frequent.counts.push(count);
            }
        }
        frequent
    }

    /// The number of a code, if it is frequent.
    #[inline]
    pub(super) fn number(&self, item: u32) -> Option<usize> {
        let number = self.numbers[item as usize];
        (number != Self::NONE).then_some(number as usize)
    }
}

/// Baskets, or customers, by frequent items both ways: the items of each row, and the rows of
/// each item.
pub(super) struct Crossed {
    /// The numbers of the items, ascending, row after row.
    cells: Vec<u32>,
    /// The places of item `i` are `places[starts[i]..starts[i + 1]]`, by row.
    places: Vec<Place>,
    starts: Vec<usize>,
}

/// Where an item stands.
#[derive(Clone, Copy, Default)]
pub(super) struct Place {
    pub(super) row: u32,
    /// The cell of the item.
    pub(super) cell: u32,
    /// The end of its row.
    pub(super) end: u32,
}

impl Crossed {
    /// `counts` has the number of rows of each frequent item.
    pub(super) fn new(rows: &Baskets, frequent: &FrequentItems, counts: &[u32]) -> Self {
        let mut starts = Vec::with_capacity(counts.len() + 1);
        let mut n_cells = 0;
        for &count in counts {
            starts.push(n_cells);
            n_cells += count as usize;
        }
        starts.push(n_cells);
        let mut ends = starts.clone();
        let mut cells: Vec<u32> = Vec::with_capacity(n_cells);
        let mut places = vec![Place::default(); n_cells];
        for (row, items) in rows.iter().enumerate() {
            let start = cells.len();
            let numbers = items.iter().filter_map(|&item| frequent.number(item));
            cells.extend(numbers.map(|number| number as u32));
            for (cell, &item) in cells.iter().enumerate().skip(start) {
                places[ends[item as usize]] = Place {
                    row: row as u32,
                    cell: cell as u32,
                    end: cells.len() as u32,
                };
                ends[item as usize] += 1;
            }
        }
        Self {
            cells,
            places,
            starts,
        }
    }

    /// Number of items.
    pub(super) fn n_items(&self) -> usize {
        self.starts.len() - 1
    }

    /// The places of an item, by row.
    pub(super) fn places(&self, item: usize) -> &[Place] {
        &self.places[self.starts[item]..self.starts[item + 1]]
    }

    /// The items that follow in the row.
    #[inline]
    pub(super) fn after(&self, place: &Place) -> &[u32] {
        &self.cells[place.cell as usize + 1..place.end as usize]
    }
}
