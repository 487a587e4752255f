//! How often two items are together, for every pair of frequent items.
//!
//! Pairs are counted a row of the triangle at a time: for one item, all its baskets are read and
//! the items after it are counted in an array that fits into the processor's cache. Counting
//! basket by basket into the whole triangle reads less, but each pair waits for main memory. All
//! 12.5 million pairs of 5,000 items in a million baskets of 10 take about one processor second and
//! 210 MB beside the baskets, 50 of them the counts.

use rayon::prelude::*;
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
    /// There are more pairs of frequent items than the limit allows.
    #[error(
        "{n_items} items are in at least {min_count} baskets, which makes {n_pairs} pairs, and at \
         most {max_pairs} are allowed; raise the minimum support, or the limit if memory allows"
    )]
    TooManyPairs {
        /// Number of frequent items.
        n_items: usize,
        /// The minimum support as a number of baskets.
        min_count: u32,
        /// Number of their pairs.
        n_pairs: usize,
        /// The limit.
        max_pairs: usize,
    },
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

/// How many baskets hold both items of each pair of frequent items; 0 is a count, too.
///
/// What itemsets cannot tell: two items that are each frequent and never together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairCounts {
    items: Vec<u32>,
    counts: Vec<u32>,
    /// For each item, the counts with the items after it.
    together: Vec<u32>,
    n_baskets: u32,
}

impl PairCounts {
    /// Counts all pairs of items that are each in enough baskets.
    ///
    /// Memory: 4 bytes a pair, 16 bytes a line of frequent items while counting, and for each
    /// thread nothing else. The result is the same on any number of threads.
    ///
    /// # Errors
    /// A minimum support that is none, or [`PairError::TooManyPairs`] if there are more than
    /// `max_pairs`.
    pub fn new(
        baskets: &Baskets,
        min_support: MinSupport,
        max_pairs: usize,
    ) -> Result<Self, PairError> {
        check_support(min_support)?;
        let n_baskets = baskets.n_baskets() as u32;
        let min_count = min_support.count_of(n_baskets);
        let frequent = FrequentItems::new(baskets, min_count);
        let m = frequent.codes.len();
        let n_pairs = m.saturating_mul(m.saturating_sub(1)) / 2;
        if n_pairs > max_pairs {
            return Err(PairError::TooManyPairs {
                n_items: m,
                min_count,
                n_pairs,
                max_pairs,
            });
        }
        let crossed = Crossed::new(baskets, &frequent, &frequent.counts);
        let mut together = vec![0; n_pairs];
        let mut rows = Vec::with_capacity(m);
        let mut rest = &mut together[..];
        for item in 0..m {
            let (row, after) = rest.split_at_mut(m - 1 - item);
            rows.push(row);
            rest = after;
        }
        rows.into_par_iter().enumerate().for_each(|(item, row)| {
            for place in crossed.places(item) {
                for &other in crossed.after(place) {
                    row[other as usize - item - 1] += 1;
                }
            }
        });
        Ok(Self {
            items: frequent.codes,
            counts: frequent.counts,
            together,
            n_baskets,
        })
    }

    /// Number of baskets that were counted.
    pub fn n_baskets(&self) -> u32 {
        self.n_baskets
    }

    /// The codes of the frequent items, ascending.
    pub fn items(&self) -> &[u32] {
        &self.items
    }

    /// For each of [`items`](Self::items), the number of baskets that hold it.
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// The number of baskets with both items, if both are frequent and not the same.
    pub fn together(&self, first: u32, second: u32) -> Option<u32> {
        let a = self.items.binary_search(&first.min(second)).ok()?;
        let b = self.items.binary_search(&first.max(second)).ok()?;
        let m = self.items.len();
        // Row `a` begins after rows of m - 1, m - 2, ... pairs.
        (a < b).then(|| self.together[a * (2 * m - a - 1) / 2 + b - a - 1])
    }

    /// All pairs, by the lower code and then by the higher one, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = ([u32; 2], u32)> {
        let pairs = self.items.iter().enumerate();
        let pairs = pairs.flat_map(|(i, &a)| self.items[i + 1..].iter().map(move |&b| [a, b]));
        pairs.zip(self.together.iter().copied())
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
            if count >= min_count {
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
