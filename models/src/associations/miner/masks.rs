//! The search among up to 64 items, where a row is a mask of 64 bits.

use super::{combinations, search::Search, sinks::Sink};

/// The most items of a mask.
pub(super) const MAX_ITEMS: usize = 64;

/// Rows that are met again are looked for in a table of so many places.
const MEETING_BITS: u32 = 12;

/// The masks of the first `n` items.
pub(super) fn first(n: usize) -> u64 {
    u64::MAX >> (64 - n)
}

/// Rows at each depth of the search, and the names of the bits.
#[derive(Default)]
pub(super) struct Masks {
    codes: Vec<u32>,
    levels: Vec<Option<Box<MaskRows>>>,
}

/// Weighted rows of up to 64 items.
pub(super) struct MaskRows {
    masks: Vec<u64>,
    weights: Vec<u32>,
    /// Where a mask may lie: see [`add`](Self::add).
    meetings: Vec<u32>,
    /// For each item: in how many baskets it is beside the chosen set.
    counts: [u32; 64],
    /// For each pair of items: in how many baskets, at `[higher][lower]`.
    pairs: Box<[[u32; 64]; 64]>,
}

impl Default for MaskRows {
    fn default() -> Self {
        Self {
            masks: Vec::new(),
            weights: Vec::new(),
            meetings: vec![0; 1 << MEETING_BITS],
            counts: [0; 64],
            pairs: Box::new([[0; 64]; 64]),
        }
    }
}

impl MaskRows {
    fn clear(&mut self) {
        self.masks.clear();
        self.weights.clear();
    }

    /// Adds a row. Most equal rows become one: a mask has one place in a small table where the
    /// last row with such a place is remembered, so two rows that share it may drive each other
    /// out and stand more than once, which does no harm.
    ///
    /// What the table says is checked against the rows, so it need not be cleared.
    #[inline]
    pub(super) fn add(&mut self, mask: u64, weight: u32) {
        // A row of a single item has nothing to tell about items together.
        if mask & mask.wrapping_sub(1) == 0 {
            return;
        }
        let hash = mask.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - MEETING_BITS);
        let meeting = &mut self.meetings[hash as usize];
        match self.masks.get(*meeting as usize) {
            Some(&other) if other == mask => self.weights[*meeting as usize] += weight,
            _ => {
                *meeting = self.masks.len() as u32;
                self.masks.push(mask);
                self.weights.push(weight);
            }
        }
    }

    /// Counts all pairs of these items.
    fn count_pairs(&mut self, items: u64) -> usize {
        for item in bits(items) {
            self.pairs[item][..item].fill(0);
        }
        let mut work = 0;
        let mut row = [0_u8; 64];
        for (&mask, &weight) in self.masks.iter().zip(&self.weights) {
            let mut n = 0;
            for item in bits(mask) {
                row[n & 63] = item as u8;
                let pairs = &mut self.pairs[item & 63];
                for &lower in &row[..n & 63] {
                    pairs[usize::from(lower & 63)] += weight;
                }
                n += 1;
            }
            work += n * n / 2;
        }
        work
    }
}

/// The positions of the bits that are set, ascending.
#[inline]
pub(super) fn bits(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        if mask == 0 {
            return None;
        }
        let bit = mask.trailing_zeros() as usize;
        mask &= mask - 1;
        Some(bit)
    })
}

impl Masks {
    /// The rows to start from, without any yet.
    pub(super) fn root(&mut self) -> &mut MaskRows {
        let root = self.level(0);
        root.clear();
        root
    }

    fn level(&mut self, depth: usize) -> &mut MaskRows {
        if self.levels.len() <= depth {
            self.levels.resize_with(depth + 1, || None);
        }
        self.levels[depth].get_or_insert_default()
    }

    /// Lends the rows of a depth while the search is below; [`put_back`](Self::put_back) ends it.
    fn lend(&mut self, depth: usize) -> Box<MaskRows> {
        self.level(depth);
        self.levels[depth].take().unwrap_or_default()
    }

    fn put_back(&mut self, depth: usize, level: Box<MaskRows>) {
        self.levels[depth] = Some(level);
    }

    /// Says what the bits stand for, and in how many baskets each is beside the chosen set.
    pub(super) fn name(&mut self, codes: &[u32], counts: &[u32]) {
        self.codes.clear();
        self.codes.extend_from_slice(codes);
        self.level(0).counts[..counts.len()].copy_from_slice(counts);
    }
}

impl<S: Sink> Search<'_, S> {
    /// Finds the chosen set with what is among these items, whose rows are those at this depth.
    pub(super) fn grow_masks(&mut self, depth: usize, items: u64) {
        let n = items.count_ones() as usize;
        let mut level = self.masks.lend(depth);
        if combinations::fits(n, level.masks.len()) {
            self.combine_masks(&level, items);
        } else {
            let work = level.count_pairs(items);
            self.worked(work);
            self.masks.level(depth + 1);
            let mut turn = self.thinning.turn();
            for item in bits(items) {
                if !self.goes_on() {
                    break;
                }
                let (code, count) = (self.masks.codes[item], level.counts[item]);
                if count >= self.control.min_count() {
                    self.sampled(&mut turn, code, count, |search| {
                        search.extend_masks(depth, &level, items, item);
                    });
                }
            }
        }
        self.masks.put_back(depth, level);
    }

    /// Finds the chosen set with this item, and all that follows from it among the lower ones.
    fn extend_masks(&mut self, depth: usize, level: &MaskRows, items: u64, item: usize) {
        let count = level.counts[item];
        let n_free = self.free.len();
        let min_count = self.control.min_count();
        self.set.push(self.masks.codes[item]);
        let mut tail = 0_u64;
        if self.set.len() < self.max_len {
            let codes = &self.masks.codes;
            let next = self.masks.levels[depth + 1].get_or_insert_default();
            for lower in bits(items & ((1 << item) - 1)) {
                let both = level.pairs[item][lower];
                if both == count {
                    self.free.push(codes[lower]);
                } else if both >= min_count {
                    tail |= 1 << lower;
                    next.counts[lower] = both;
                }
            }
        }
        self.sink.found(&self.set, &self.free, count);
        if tail.count_ones() < 2 || self.set.len() + 1 == self.max_len {
            for lower in bits(tail) {
                self.found_with(self.masks.codes[lower], level.pairs[item][lower]);
            }
        } else {
            let next = self.masks.level(depth + 1);
            next.clear();
            for (&mask, &weight) in level.masks.iter().zip(&level.weights) {
                if mask >> item & 1 == 1 {
                    next.add(mask & tail, weight);
                }
            }
            self.grow_masks(depth + 1, tail);
        }
        self.free.truncate(n_free);
        self.set.pop();
    }

    /// Counts all combinations of few items.
    fn combine_masks(&mut self, level: &MaskRows, items: u64) {
        let mut codes = [0; combinations::MAX_ITEMS];
        let mut indices = [0_u32; 64];
        let n = items.count_ones() as usize;
        for (number, item) in bits(items).enumerate() {
            codes[number] = self.masks.codes[item];
            indices[item] = 1 << number;
            self.found_with(codes[number], level.counts[item]);
        }
        self.combinations.clear(n);
        for (&mask, &weight) in level.masks.iter().zip(&level.weights) {
            let mut index = 0;
            for item in bits(mask) {
                index |= indices[item & 63];
            }
            self.combinations.add(u64::from(index), weight);
        }
        self.combine(&codes[..n]);
    }
}
