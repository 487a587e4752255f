//! Rows of up to 64 items as masks of 64 bits.

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
    pub(super) codes: Vec<u32>,
    pub(super) levels: Vec<Option<Box<MaskRows>>>,
}

/// Weighted rows of up to 64 items.
pub(super) struct MaskRows {
    pub(super) masks: Vec<u64>,
    pub(super) weights: Vec<u32>,
    /// Where a mask may lie: see [`add`](Self::add).
    meetings: Vec<u32>,
    /// For each item: in how many baskets it is beside the chosen set.
    pub(super) counts: [u32; 64],
    /// For each pair of items: in how many baskets, at `[higher][lower]`.
    pub(super) pairs: Box<[[u32; 64]; 64]>,
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
    pub(super) fn clear(&mut self) {
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
    pub(super) fn count_pairs(&mut self, items: u64) -> usize {
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

    pub(super) fn level(&mut self, depth: usize) -> &mut MaskRows {
        if self.levels.len() <= depth {
            self.levels.resize_with(depth + 1, || None);
        }
        self.levels[depth].get_or_insert_default()
    }

    /// Lends the rows of a depth while the search is below; [`put_back`](Self::put_back) ends it.
    pub(super) fn lend(&mut self, depth: usize) -> Box<MaskRows> {
        self.level(depth);
        self.levels[depth].take().unwrap_or_default()
    }

    pub(super) fn put_back(&mut self, depth: usize, level: Box<MaskRows>) {
        self.levels[depth] = Some(level);
    }

    /// Says what the bits stand for, and in how many baskets each is beside the chosen set.
    pub(super) fn name(&mut self, codes: &[u32], counts: &[u32]) {
        self.codes.clear();
        self.codes.extend_from_slice(codes);
        self.level(0).counts[..counts.len()].copy_from_slice(counts);
    }
}
