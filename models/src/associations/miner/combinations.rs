//! Counting all combinations of a few items in a table.

/// The most items that are counted in a table; each one doubles the table.
pub(super) const MAX_ITEMS: usize = 12;

/// Whether a table is the way to count all combinations of so many items of so many rows.
///
/// Reading a table costs a few instructions an entry, reading a row some dozens; but where rows
/// are few, few of the combinations will be frequent.
#[inline]
pub(super) fn fits(n_items: usize, n_rows: usize) -> bool {
    n_items <= 5 || n_items <= MAX_ITEMS && 1 << n_items <= 128 * n_rows
}

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

    /// From "exactly these items" to "at least these items": for each item in turn, what was
    /// counted with the item is added to the same combination without it.
    ///
    /// A count of fewer than two items is not of use: rows of a single item may be left out.
    pub(super) fn sum_up(&mut self) {
        let mut half = 1;
        while half < self.counts.len() {
            for pair in self.counts.chunks_exact_mut(2 * half) {
                let (without, with) = pair.split_at_mut(half);
                for (a, b) in without.iter_mut().zip(with) {
                    *a += *b;
                }
            }
            half *= 2;
        }
    }

    pub(super) fn counts(&self) -> &[u32] {
        &self.counts
    }
}
