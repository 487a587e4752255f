//! The search among up to 64 items, where a row is a mask of 64 bits.

use super::{
    super::{
        combinations,
        masks::{MaskRows, bits},
        sinks::Sink,
    },
    Search,
};

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
