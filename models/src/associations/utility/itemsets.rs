//! Itemsets and what they brought in.

use std::{cmp::Ordering, ops::Range};

/// One itemset with its utility and the number of baskets that hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UtilityItemset<'a> {
    /// Item codes, ascending.
    pub items: &'a [u32],
    /// What these items brought in, in the baskets that hold all of them.
    pub utility: i64,
    /// Number of baskets with all of them.
    pub count: u32,
}

impl UtilityItemset<'_> {
    /// The order of a list: by utility, the highest first, then the shorter, then by items (as
    /// words in a dictionary).
    pub(super) fn best_first(&self, other: &Self) -> Ordering {
        (other.utility.cmp(&self.utility))
            .then_with(|| self.items.len().cmp(&other.items.len()))
            .then_with(|| self.items.cmp(other.items))
    }
}

/// Itemsets of high utility, **ordered by utility, the highest first**; of equal ones the
/// shorter comes first, then the one whose items come first as words in a dictionary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UtilityItemsets {
    list: Flat,
    min_utility: i64,
    total_utility: i64,
    n_baskets: u32,
}

impl UtilityItemsets {
    pub(super) fn new(list: Flat, min_utility: i64, total_utility: i64, n_baskets: u32) -> Self {
        Self {
            list,
            min_utility,
            total_utility,
            n_baskets,
        }
    }

    /// The itemsets, best first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = UtilityItemset<'_>> {
        (0..self.len()).map(|i| self.list.get(i))
    }

    /// Number of itemsets.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The minimum utility as an amount.
    pub fn min_utility(&self) -> i64 {
        self.min_utility
    }

    /// The sum of all utilities of all baskets, the negative ones included.
    ///
    /// The utilities of itemsets do not add up to it: a basket counts for each itemset that it
    /// holds.
    pub fn total_utility(&self) -> i64 {
        self.total_utility
    }

    /// Number of baskets that were mined.
    pub fn n_baskets(&self) -> u32 {
        self.n_baskets
    }
}

/// Itemsets one after the other, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Flat {
    items: Vec<u32>,
    /// Where the items of each itemset end.
    ends: Vec<usize>,
    utilities: Vec<i64>,
    counts: Vec<u32>,
}

impl Flat {
    pub(super) fn push(&mut self, set: UtilityItemset) {
        self.items.extend_from_slice(set.items);
        self.ends.push(self.items.len());
        self.utilities.push(set.utility);
        self.counts.push(set.count);
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, i: usize) -> UtilityItemset<'_> {
        let range: Range<usize> = match i {
            0 => 0..self.ends[0],
            _ => self.ends[i - 1]..self.ends[i],
        };
        UtilityItemset {
            items: &self.items[range],
            utility: self.utilities[i],
            count: self.counts[i],
        }
    }
}
