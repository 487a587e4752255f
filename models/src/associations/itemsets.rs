//! Frequent itemsets and their counts.

use std::sync::atomic::{AtomicU32, Ordering};

use rayon::prelude::*;

use super::{Baskets, ItemsetValidParams, miner::OfLength};

/// One itemset and the number of baskets that hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Itemset<'a> {
    /// Item codes, ascending.
    pub items: &'a [u32],
    /// Number of baskets with all of them.
    pub count: u32,
}

/// All frequent itemsets, **ordered by length and then by items** (as words in a dictionary:
/// by the lowest code first).
///
/// Every subset of a frequent itemset is frequent, so with an itemset all its subsets are here,
/// whatever `min_len` leaves out of [`iter`](Self::iter). In this order those itemsets that
/// continue another by one item lie side by side, which makes the list a trie: finding a count
/// takes one binary search per item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Itemsets {
    /// Items of one itemset after the other.
    items: Vec<u32>,
    counts: Vec<u32>,
    /// Itemsets of length `l` are `starts[l - 1]..starts[l]`.
    starts: Vec<usize>,
    /// Where the items of the first itemset of length `l` begin: `item_starts[l - 1]`.
    item_starts: Vec<usize>,
    /// Itemset `i` is continued by the itemsets `children[i]..children[i + 1]`.
    children: Vec<u32>,
    n_baskets: u32,
    asked_count: u32,
    min_count: u32,
    min_len: usize,
    required: Vec<u32>,
    targets: Vec<u32>,
    /// How many keep to `min_len`, `required` and `targets`.
    n_listed: usize,
}

impl Itemsets {
    /// Takes itemsets in their order, those of one length after the other.
    pub(super) fn new(
        of_length: Vec<OfLength>,
        n_baskets: u32,
        params: &ItemsetValidParams,
        asked_count: u32,
        min_count: u32,
    ) -> Self {
        let mut made = Self {
            items: Vec::with_capacity(of_length.iter().map(|part| part.items.len()).sum()),
            counts: Vec::with_capacity(of_length.iter().map(OfLength::len).sum()),
            starts: vec![0],
            item_starts: vec![0],
            children: Vec::new(),
            n_baskets,
            asked_count,
            min_count,
            min_len: params.min_len,
            required: params.required.clone(),
            targets: params.targets.clone(),
            n_listed: 0,
        };
        for part in of_length {
            made.items.extend(part.items);
            made.counts.extend(part.counts);
            made.starts.push(made.counts.len());
            made.item_starts.push(made.items.len());
        }
        made.with_children()
    }

    /// Finds what follows from the itemsets.
    fn with_children(mut self) -> Self {
        self.children = self.find_children();
        self.n_listed = if self.lists_by_length() {
            self.counts.len() - self.starts[(self.min_len - 1).min(self.longest())]
        } else {
            self.iter().count()
        };
        self
    }

    /// The itemsets that `keep` says yes to. With an itemset it must keep all its subsets.
    pub(super) fn retain(&self, keep: impl Fn(&[u32]) -> bool) -> Self {
        let mut made = Self {
            items: Vec::new(),
            counts: Vec::new(),
            starts: vec![0],
            item_starts: vec![0],
            children: Vec::new(),
            required: self.required.clone(),
            targets: self.targets.clone(),
            ..*self
        };
        for len in 1..=self.longest() {
            for i in self.of_length(len) {
                let set = self.set(len, i);
                if keep(set) {
                    made.items.extend_from_slice(set);
                    made.counts.push(self.counts[i]);
                }
            }
            if made.starts.last() == Some(&made.counts.len()) {
                break;
            }
            made.starts.push(made.counts.len());
            made.item_starts.push(made.items.len());
        }
        made.with_children()
    }

    /// Whether only the length decides what is listed.
    fn lists_by_length(&self) -> bool {
        self.required.is_empty() && self.targets.is_empty()
    }

    /// Whether a set of at least `min_len` items is listed. Items that are forbidden are in none.
    fn lists(&self, set: &[u32]) -> bool {
        let holds = |item: &u32| set.binary_search(item).is_ok();
        self.required.iter().all(holds)
            && (self.targets.is_empty() || self.targets.iter().any(holds))
    }

    /// Adds what these baskets, of all those that `counts_again` chooses, count for each itemset.
    pub(super) fn count_again(
        &mut self,
        baskets: &Baskets,
        counts_again: impl Fn(&[u32]) -> bool + Sync,
    ) {
        let more: Vec<AtomicU32> = self.counts.iter().map(|_| AtomicU32::new(0)).collect();
        (0..baskets.n_baskets())
            .into_par_iter()
            .map(|b| baskets.basket(b))
            .filter(|basket| counts_again(basket))
            .for_each(|basket| self.count_below(0, self.of_length(1), basket, &more));
        for (count, more) in self.counts.iter_mut().zip(more) {
            *count += more.into_inner();
        }
    }

    /// Counts a basket for the itemsets of the range, which differ in their last item, and for
    /// all that continue them.
    fn count_below(
        &self,
        len: usize,
        mut range: std::ops::Range<usize>,
        basket: &[u32],
        more: &[AtomicU32],
    ) {
        let last = |i: usize| self.set(len + 1, i)[len];
        for (k, &item) in basket.iter().enumerate() {
            range.start += partition_point(range.len(), |i| last(range.start + i) < item);
            if range.is_empty() {
                return;
            }
            if last(range.start) == item {
                more[range.start].fetch_add(1, Ordering::Relaxed);
                let children = self.children(range.start);
                if !children.is_empty() {
                    self.count_below(len + 1, children, &basket[k + 1..], more);
                }
            }
        }
    }

    fn find_children(&self) -> Vec<u32> {
        let n = self.counts.len();
        let mut children = Vec::with_capacity(n + 1);
        for len in 1..self.starts.len() {
            let next = self.starts[len]..self.starts.get(len + 1).copied().unwrap_or(n);
            let mut child = next.start;
            for i in self.starts[len - 1]..self.starts[len] {
                children.push(child as u32);
                let set = self.set(len, i);
                while child < next.end && &self.set(len + 1, child)[..len] == set {
                    child += 1;
                }
            }
        }
        children.push(n as u32);
        children
    }

    /// Itemset `i`, which has this length.
    pub(super) fn set(&self, len: usize, i: usize) -> &[u32] {
        &self.items[self.item_starts[len - 1] + (i - self.starts[len - 1]) * len..][..len]
    }

    /// The numbers of the itemsets of this length.
    pub(super) fn of_length(&self, len: usize) -> std::ops::Range<usize> {
        match len {
            0 => 0..0,
            _ if len < self.starts.len() => self.starts[len - 1]..self.starts[len],
            _ => self.counts.len()..self.counts.len(),
        }
    }

    /// The number of the itemset that continues itemset `i` of length `len` by `item`; length 0
    /// is the empty itemset.
    pub(super) fn child(&self, len: usize, i: usize, item: u32) -> Option<usize> {
        let range = match len {
            0 => self.of_length(1),
            _ => self.children[i] as usize..self.children[i + 1] as usize,
        };
        if range.is_empty() {
            return None;
        }
        let last = |i: usize| self.set(len + 1, i)[len];
        let found = range.start + partition_point(range.len(), |i| last(range.start + i) < item);
        (found < range.end && last(found) == item).then_some(found)
    }

    /// The numbers of the itemsets that continue itemset `i`, which has at least one item.
    pub(super) fn children(&self, i: usize) -> std::ops::Range<usize> {
        self.children[i] as usize..self.children[i + 1] as usize
    }

    /// The count of itemset `i`.
    pub(super) fn count(&self, i: usize) -> u32 {
        self.counts[i]
    }

    /// The most items of an itemset; 0 if there is none.
    pub fn longest(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of baskets that were mined.
    pub fn n_baskets(&self) -> u32 {
        self.n_baskets
    }

    /// The fewest baskets that make an itemset of these frequent: the minimum support that was
    /// asked for, or a higher one if that would have gone beyond a limit.
    pub fn min_count(&self) -> u32 {
        self.min_count
    }

    /// The minimum support that was asked for, as a number of baskets.
    pub fn asked_count(&self) -> u32 {
        self.asked_count
    }

    /// Number of itemsets that [`iter`](Self::iter) lists.
    pub fn len(&self) -> usize {
        self.n_listed
    }

    /// Whether [`iter`](Self::iter) lists nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The itemsets of at least `min_len` items that hold the required items and a target,
    /// ordered by length and then by items.
    pub fn iter(&self) -> impl Iterator<Item = Itemset<'_>> {
        (self.min_len..=self.longest())
            .flat_map(move |len| {
                self.of_length(len).map(move |i| Itemset {
                    items: self.set(len, i),
                    count: self.counts[i],
                })
            })
            .filter(move |set| self.lists_by_length() || self.lists(set.items))
    }

    /// The number of baskets with all these items, if that is frequent.
    ///
    /// `items` are ascending, each once. The empty set is in every basket. Knows every subset of
    /// a listed itemset, below `min_len` and without required items and targets too. `None` for a
    /// set that is not frequent, is longer than `max_len`, holds a forbidden item, or is not
    /// ascending; with required items or targets also for one that is part of no listed itemset.
    pub fn count_of(&self, items: &[u32]) -> Option<u32> {
        if items.is_empty() {
            return Some(self.n_baskets);
        }
        let mut i = 0;
        for (len, &item) in items.iter().enumerate() {
            i = self.child(len, i, item)?;
        }
        Some(self.counts[i])
    }
}

/// The first of `0..n` for which `is_before` does not hold, if it holds for none after that.
fn partition_point(n: usize, is_before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, n);
    while low < high {
        let middle = low.midpoint(high);
        if is_before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
