//! Itemsets in a list, without their subsets.

use super::{Itemset, miner::OfLength};

/// Itemsets of some kind and their counts, **in order by length and then by items**, or as
/// [`top_k`](super::ItemsetValidParams::top_k) orders them.
///
/// Useful to show what goes together. Not useful for rules, which need the counts of all subsets:
/// those are in [`Itemsets`](super::Itemsets).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemsetList {
    /// Itemset `i` is `items[offsets[i]..offsets[i + 1]]`.
    items: Vec<u32>,
    offsets: Vec<usize>,
    counts: Vec<u32>,
    n_baskets: u32,
    asked_count: u32,
    min_count: u32,
}

impl ItemsetList {
    pub(super) fn new(
        of_length: Vec<OfLength>,
        n_baskets: u32,
        asked_count: u32,
        min_count: u32,
    ) -> Self {
        let mut made = Self {
            items: Vec::new(),
            offsets: vec![0],
            counts: Vec::new(),
            n_baskets,
            asked_count,
            min_count,
        };
        for (len, part) in (1..).zip(of_length) {
            let start = made.items.len();
            made.offsets
                .extend((1..=part.len()).map(|i| start + i * len));
            made.items.extend(part.items);
            made.counts.extend(part.counts);
        }
        made
    }

    /// Keeps the `k` with the highest counts, those first; the order decides among equal ones.
    pub(super) fn keep_top(&mut self, k: usize) {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(self.counts[i]));
        order.truncate(k);
        let mut items = Vec::new();
        let mut offsets = vec![0];
        for set in order.iter().filter_map(|&i| self.get(i)) {
            items.extend_from_slice(set.items);
            offsets.push(items.len());
        }
        self.counts = order.iter().map(|&i| self.counts[i]).collect();
        (self.items, self.offsets) = (items, offsets);
    }

    /// Number of itemsets.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Itemset number `i`.
    pub fn get(&self, i: usize) -> Option<Itemset<'_>> {
        Some(Itemset {
            count: *self.counts.get(i)?,
            items: &self.items[self.offsets[i]..self.offsets[i + 1]],
        })
    }

    /// The itemsets in order.
    pub fn iter(&self) -> impl Iterator<Item = Itemset<'_>> {
        (0..self.len()).filter_map(|i| self.get(i))
    }

    /// Number of baskets that were mined.
    pub fn n_baskets(&self) -> u32 {
        self.n_baskets
    }

    /// The support at which these are all there are: the minimum support that was asked for, or a
    /// higher one if that would have gone beyond a limit; for the top `k` the lowest count that
    /// the `k`-th can have.
    pub fn min_count(&self) -> u32 {
        self.min_count
    }

    /// The minimum support that was asked for, as a number of baskets.
    pub fn asked_count(&self) -> u32 {
        self.asked_count
    }
}
