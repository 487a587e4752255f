//! The baskets as seen from one itemset, and how they shrink when an item joins it.

use rayon::prelude::*;

use super::{UtilityBaskets, sink::Limits};

/// Marks an item that can be left out.
const NONE: u32 = u32::MAX;

/// What may follow an itemset, in the baskets that hold it: its conditional database.
///
/// A row stands for the baskets whose items after the itemset are the same, and holds these
/// items, ascending; a cell is an item in a row. Items have numbers of their own here, from 0
/// in the common order.
#[derive(Default)]
pub(super) struct Level {
    /// The rank of each item in the common order.
    ranks: Vec<u32>,
    /// The utility of each item together with the itemset.
    utilities: Vec<i64>,
    /// The number of baskets of each item together with the itemset.
    counts: Vec<u32>,
    /// What no itemset that continues with this item, and after it, can exceed: the sub-tree
    /// utility of EFIM.
    bounds: Vec<i64>,
    /// Row `r` has the cells `ends[r - 1]..ends[r]`.
    ends: Vec<u32>,
    /// The utility of the itemset in the baskets of each row.
    prefixes: Vec<i64>,
    /// The number of baskets of each row.
    weights: Vec<u32>,
    /// The item of each cell.
    cells: Vec<u32>,
    /// The utility of each cell.
    amounts: Vec<i64>,
    /// The cells of item `i`, as row and cell, are `places[starts[i]..starts[i + 1]]`.
    places: Vec<[u32; 2]>,
    starts: Vec<u32>,
    /// The next item to look at.
    pub(super) next: usize,
}

/// Sums over the items that may follow, by the numbers of the level before.
#[derive(Default)]
pub(super) struct Sums {
    bounds: Vec<i64>,
    utilities: Vec<i64>,
    counts: Vec<u32>,
    touched: Vec<u32>,
    numbers: Vec<u32>,
}

impl Sums {
    fn begin(&mut self, n_items: usize) {
        self.touched.clear();
        if self.bounds.len() < n_items {
            self.bounds.resize(n_items, 0);
            self.utilities.resize(n_items, 0);
            self.counts.resize(n_items, 0);
            self.numbers.resize(n_items, NONE);
        }
    }

    #[inline]
    fn add(&mut self, item: u32, bound: i64, utility: i64, weight: u32) {
        let i = item as usize;
        if self.counts[i] == 0 {
            self.touched.push(item);
        }
        self.counts[i] += weight;
        self.bounds[i] += bound;
        self.utilities[i] += utility;
    }

    /// Forgets an item and gives its bound, utility and count.
    fn take(&mut self, item: u32) -> (i64, i64, u32) {
        let i = item as usize;
        (
            std::mem::take(&mut self.bounds[i]),
            std::mem::take(&mut self.utilities[i]),
            std::mem::take(&mut self.counts[i]),
        )
    }
}

/// What the positive amounts of a few items can add: at most their sum, and at most the largest
/// of them as often as items may still join.
#[derive(Clone, Copy, Default)]
struct Reach {
    sum: i64,
    largest: i64,
}

impl Reach {
    #[inline]
    fn add(&mut self, amount: i64) {
        if amount > 0 {
            self.sum += amount;
            self.largest = self.largest.max(amount);
        }
    }

    #[inline]
    fn of(self, n_items: usize) -> i64 {
        let most = self.largest.saturating_mul(n_items.min(1 << 32) as i64);
        self.sum.min(most)
    }
}

impl Level {
    /// The baskets as seen from the empty itemset, and the code of each rank.
    ///
    /// Items are ranked by their bound, the lowest first, so that the search meets small
    /// projections first; those that bring nothing anywhere come after all others (Lin and
    /// others 2016, FHN), because nothing can be hoped for behind them.
    pub(super) fn whole(baskets: &UtilityBaskets, limits: &Limits) -> (Self, Vec<u32>) {
        let n_items = baskets.baskets().n_items();
        let mut sums = Sums::default();
        sums.begin(n_items);
        let mut brings = vec![false; n_items];
        for (items, amounts) in baskets.iter() {
            let mut reach = Reach::default();
            amounts.iter().for_each(|&amount| reach.add(amount));
            let most = reach.of(limits.max_len);
            for (&item, &amount) in items.iter().zip(amounts) {
                brings[item as usize] |= amount > 0;
                sums.add(item, (most + amount.min(0)).max(0), amount, 1);
            }
        }
        let mut kept = Vec::new();
        for item in std::mem::take(&mut sums.touched) {
            let (bound, _, count) = sums.take(item);
            if bound >= limits.min_utility && count >= limits.min_count {
                kept.push((!brings[item as usize], bound, item));
            }
        }
        kept.sort_unstable();
        let codes: Vec<u32> = kept.iter().map(|&(_, _, item)| item).collect();
        let mut rank_of = vec![NONE; n_items];
        for (rank, &code) in codes.iter().enumerate() {
            rank_of[code as usize] = rank as u32;
        }

        let mut cells: Vec<(u32, i64)> = Vec::with_capacity(baskets.baskets().n_lines());
        let mut ends = Vec::with_capacity(baskets.baskets().n_baskets());
        for (items, amounts) in baskets.iter() {
            let start = cells.len();
            let ranks = items.iter().map(|&item| rank_of[item as usize]);
            cells.extend(ranks.zip(amounts.iter().copied()).filter(|c| c.0 != NONE));
            cells[start..].sort_unstable_by_key(|cell| cell.0);
            if cells.len() > start {
                ends.push((start, cells.len()));
            }
        }
        // Rows that end alike lie side by side, here and on every level below, so that equal
        // ones can be merged by looking at the row before (EFIM's order of transactions).
        ends.par_sort_by(|a, b| {
            let from_the_end = |&(start, end): &(usize, usize)| {
                let row = &cells[start..end];
                row.iter().rev().map(|cell| cell.0)
            };
            from_the_end(a).cmp(from_the_end(b))
        });
        let mut level = Self::default();
        level.ranks.extend(0..codes.len() as u32);
        for (start, end) in ends {
            for &(rank, amount) in &cells[start..end] {
                level.cells.push(rank);
                level.amounts.push(amount);
            }
            level.end_row(0, 1);
        }
        drop(cells);
        level.finish(limits.max_len, limits.min_utility);
        (level, codes)
    }

    /// Makes this level what `parent` is when its item joins the itemset, with room for
    /// `n_more >= 2` items after that. Whether anything may follow.
    ///
    /// Items whose local utility, an upper bound of all itemsets that hold them from here on,
    /// is below the limit, are left out of the rows for good.
    pub(super) fn project(
        &mut self,
        parent: &Level,
        item: usize,
        n_more: usize,
        limits: &Limits,
        sums: &mut Sums,
    ) -> bool {
        self.clear();
        sums.begin(parent.ranks.len());
        for &[row, cell] in parent.places(item) {
            let (items, amounts) = parent.after(row, cell);
            let prefix = parent.prefixes[row as usize] + parent.amounts[cell as usize];
            let mut reach = Reach::default();
            amounts.iter().for_each(|&amount| reach.add(amount));
            let most = prefix + reach.of(n_more);
            let weight = parent.weights[row as usize];
            for (&item, &amount) in items.iter().zip(amounts) {
                sums.add(item, (most + amount.min(0)).max(0), 0, weight);
            }
        }
        sums.touched.sort_unstable();
        for i in 0..sums.touched.len() {
            let item = sums.touched[i];
            let (bound, _, count) = sums.take(item);
            let keep = bound >= limits.min_utility && count >= limits.min_count;
            sums.numbers[item as usize] = match keep {
                true => self.ranks.len() as u32,
                false => NONE,
            };
            if keep {
                self.ranks.push(parent.ranks[item as usize]);
            }
        }
        if self.ranks.is_empty() {
            return false;
        }
        for &[row, cell] in parent.places(item) {
            let (items, amounts) = parent.after(row, cell);
            let start = self.cells.len();
            for (&item, &amount) in items.iter().zip(amounts) {
                let number = sums.numbers[item as usize];
                if number != NONE {
                    self.cells.push(number);
                    self.amounts.push(amount);
                }
            }
            if self.cells.len() > start {
                let prefix = parent.prefixes[row as usize] + parent.amounts[cell as usize];
                self.end_row(prefix, parent.weights[row as usize]);
            }
        }
        self.finish(n_more, limits.min_utility);
        true
    }

    /// Calls `visit` with the rank, the utility and the count of every item that can be the
    /// last of all after `item` of this level.
    pub(super) fn last_items(
        &self,
        item: usize,
        sums: &mut Sums,
        mut visit: impl FnMut(u32, i64, u32),
    ) {
        sums.begin(self.ranks.len());
        for &[row, cell] in self.places(item) {
            let (items, amounts) = self.after(row, cell);
            let prefix = self.prefixes[row as usize] + self.amounts[cell as usize];
            let weight = self.weights[row as usize];
            for (&item, &amount) in items.iter().zip(amounts) {
                sums.add(item, 0, prefix + amount, weight);
            }
        }
        for i in 0..sums.touched.len() {
            let item = sums.touched[i];
            let (_, utility, count) = sums.take(item);
            visit(self.ranks[item as usize], utility, count);
        }
    }

    fn clear(&mut self) {
        self.ranks.clear();
        self.ends.clear();
        self.prefixes.clear();
        self.weights.clear();
        self.cells.clear();
        self.amounts.clear();
        self.places.clear();
        self.next = 0;
    }

    /// Ends the row whose cells are the last ones, or adds it to the one before if that holds
    /// the same items.
    fn end_row(&mut self, prefix: i64, weight: u32) {
        let start = self.ends.last().map_or(0, |&end| end as usize);
        let len = self.cells.len() - start;
        if let Some(before) = self.ends.len().checked_sub(1) {
            let before_start = match before {
                0 => 0,
                _ => self.ends[before - 1] as usize,
            };
            if start - before_start == len && self.cells[before_start..start] == self.cells[start..]
            {
                let (into, from) = self.amounts.split_at_mut(start);
                for (into, from) in into[before_start..].iter_mut().zip(from) {
                    *into += *from;
                }
                self.prefixes[before] += prefix;
                self.weights[before] += weight;
                self.cells.truncate(start);
                self.amounts.truncate(start);
                return;
            }
        }
        self.ends.push(self.cells.len() as u32);
        self.prefixes.push(prefix);
        self.weights.push(weight);
    }

    /// Sums up utilities and bounds from the rows, with room for `n_more` items, and finds the
    /// cells of those items that are worth following.
    fn finish(&mut self, n_more: usize, min_utility: i64) {
        let n_items = self.ranks.len();
        for sums in [&mut self.utilities, &mut self.bounds] {
            sums.clear();
            sums.resize(n_items, 0);
        }
        self.counts.clear();
        self.counts.resize(n_items, 0);
        self.starts.clear();
        self.starts.resize(n_items + 1, 0);
        let mut end = self.cells.len();
        for row in (0..self.ends.len()).rev() {
            let start = match row {
                0 => 0,
                _ => self.ends[row - 1] as usize,
            };
            let mut reach = Reach::default();
            for cell in (start..end).rev() {
                let item = self.cells[cell] as usize;
                let amount = self.amounts[cell];
                let with = self.prefixes[row] + amount;
                self.utilities[item] += with;
                self.bounds[item] += (with + reach.of(n_more - 1)).max(0);
                self.counts[item] += self.weights[row];
                self.starts[item] += 1;
                reach.add(amount);
            }
            end = start;
        }
        let mut total = 0;
        for (start, &bound) in self.starts.iter_mut().zip(&self.bounds) {
            let len = *start;
            *start = total;
            if bound >= min_utility {
                total += len;
            }
        }
        self.starts[n_items] = total;
        self.places.resize(total as usize, [0; 2]);
        let mut cell = 0;
        for (row, &end) in self.ends.iter().enumerate() {
            while cell < end {
                let item = self.cells[cell as usize] as usize;
                if self.bounds[item] >= min_utility {
                    self.places[self.starts[item] as usize] = [row as u32, cell];
                    self.starts[item] += 1;
                }
                cell += 1;
            }
        }
        // Every start has moved to the next one.
        for item in (1..=n_items).rev() {
            self.starts[item] = self.starts[item - 1];
        }
        self.starts[0] = 0;
    }

    /// Number of items that may follow.
    pub(super) fn n_items(&self) -> usize {
        self.ranks.len()
    }

    /// The rank, the utility and the count of an item together with the itemset.
    pub(super) fn item(&self, item: usize) -> (u32, i64, u32) {
        (self.ranks[item], self.utilities[item], self.counts[item])
    }

    /// What no itemset that continues with this item can exceed.
    pub(super) fn bound(&self, item: usize) -> i64 {
        self.bounds[item]
    }

    /// How much there is to read when this item joins.
    pub(super) fn work(&self, item: usize) -> u64 {
        self.places(item)
            .iter()
            .map(|&[row, cell]| u64::from(self.ends[row as usize] - cell))
            .sum()
    }

    fn places(&self, item: usize) -> &[[u32; 2]] {
        &self.places[self.starts[item] as usize..self.starts[item + 1] as usize]
    }

    /// The items and amounts after a cell of a row.
    fn after(&self, row: u32, cell: u32) -> (&[u32], &[i64]) {
        let range = cell as usize + 1..self.ends[row as usize] as usize;
        (&self.cells[range.clone()], &self.amounts[range])
    }
}
