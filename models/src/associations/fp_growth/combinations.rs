//! Counting all combinations of a few items in a table.

/// Up to so many items are counted in a table. Each item doubles the table, but a tree for so
/// few items costs more to build and to walk: with 6, mining of supermarket baskets took a tenth
/// longer, with 8 about as long.
pub(super) const MAX_ITEMS: usize = 10;

/// A counter for every combination of up to [`MAX_ITEMS`] items.
#[derive(Default)]
pub(super) struct Combinations {
    /// Bit `i` of the index says whether item `i` is there.
    counts: Vec<u32>,
}

impl Combinations {
    /// Starts afresh with so many items.
    pub(super) fn clear(&mut self, n_items: usize) {
        self.counts.clear();
        self.counts.resize(1 << n_items, 0);
    }

    /// Adds baskets that hold exactly the items of the mask.
    #[inline]
    pub(super) fn add(&mut self, mask: u64, weight: u32) {
        self.counts[mask as usize] += weight;
    }

    /// Calls `visit` with each combination of 2 up to `max_items` items that is in enough
    /// baskets, and with its count. `codes` names the items.
    pub(super) fn frequent(
        &mut self,
        min_count: u32,
        max_items: usize,
        codes: &[u32],
        mut visit: impl FnMut(&[u32], u32),
    ) {
        // From "exactly these items" to "at least these items": for each item in turn, what was
        // counted with the item is added to the same combination without it.
        for item in 0..codes.len() {
            for pair in self.counts.chunks_exact_mut(2 << item) {
                let (without, with) = pair.split_at_mut(1 << item);
                for (a, b) in without.iter_mut().zip(with) {
                    *a += *b;
                }
            }
        }
        let mut chosen = [0_u32; MAX_ITEMS];
        for (mask, &count) in self.counts.iter().enumerate() {
            let len = mask.count_ones() as usize;
            if count < min_count || len < 2 || len > max_items {
                continue;
            }
            let mut rest = mask;
            for place in &mut chosen[..len] {
                *place = codes[rest.trailing_zeros() as usize];
                rest &= rest - 1;
            }
            visit(&chosen[..len], count);
        }
    }
}
