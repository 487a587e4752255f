//! From what the threads found to itemsets in order.

use std::ops::ControlFlow;

use rayon::prelude::*;

use super::{
    control::Control,
    rising::bytes_of,
    sinks::{Sink, each_choice},
};

/// Itemsets of one length: so many items each, and a count each.
#[derive(Default)]
pub(in super::super) struct OfLength {
    pub(in super::super) items: Vec<u32>,
    pub(in super::super) counts: Vec<u32>,
}

/// What one thread found, by length, in the order of its search.
pub(super) struct Found {
    min_len: usize,
    max_len: usize,
    /// Keep hardly more than so many, and so many bytes.
    max_sets: usize,
    max_bytes: usize,
    lengths: Vec<OfLength>,
    len: usize,
    bytes: usize,
    told: (usize, usize),
    set: Vec<u32>,
}

impl Found {
    pub(super) fn new(min_len: usize, max_len: usize, max_sets: usize, max_bytes: usize) -> Self {
        Self {
            min_len,
            max_len,
            max_sets,
            max_bytes,
            lengths: Vec::new(),
            len: 0,
            bytes: 0,
            told: (0, 0),
            set: Vec::new(),
        }
    }

    #[inline]
    fn push(&mut self, set: &[u32], count: u32) {
        if set.len() < self.min_len {
            return;
        }
        while self.lengths.len() < set.len() {
            self.lengths.push(OfLength::default());
        }
        let of_length = &mut self.lengths[set.len() - 1];
        of_length.items.extend_from_slice(set);
        of_length.counts.push(count);
        self.len += 1;
        self.bytes += bytes_of(set.len());
    }
}

impl Sink for Found {
    #[inline]
    fn found(&mut self, set: &[u32], free: &[u32], count: u32) {
        if free.is_empty() {
            return self.push(set, count);
        }
        let mut chosen = std::mem::take(&mut self.set);
        chosen.clear();
        chosen.extend_from_slice(set);
        // Forty items that go together have more subsets than there is memory.
        let max_len = self.max_len;
        let _ = each_choice(&mut chosen, free, max_len, &mut |set| {
            self.push(set, count);
            if self.len > self.max_sets || self.bytes > self.max_bytes {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        self.set = chosen;
    }

    fn tell(&mut self, control: &Control) {
        control.add(self.len - self.told.0, self.bytes - self.told.1);
        self.told = (self.len, self.bytes);
        control.look_at_the_clock();
    }
}

/// Puts what was found in order by length, then by items, and gives the items their codes.
pub(super) fn in_order(mut found: Vec<Found>, codes: &[u32]) -> Vec<OfLength> {
    let max_len = found.iter().map(|f| f.lengths.len()).max().unwrap_or(0);
    (1..=max_len)
        .map(|len| {
            let parts = found
                .iter_mut()
                .filter_map(|part| part.lengths.get_mut(len - 1).map(std::mem::take));
            sorted(len, parts, codes)
        })
        .collect()
}

/// Joins parts of one length and sorts them.
fn sorted(len: usize, parts: impl Iterator<Item = OfLength>, codes: &[u32]) -> OfLength {
    let mut all = OfLength::default();
    for mut part in parts {
        all.items.append(&mut part.items);
        all.counts.append(&mut part.counts);
    }
    all.items
        .par_chunks_exact_mut(len)
        .for_each(<[u32]>::sort_unstable);
    let set = |i: u32| &all.items[i as usize * len..][..len];
    // The first items stand in the key, so that most comparisons need not look further.
    let mut order: Vec<(u64, u32)> = (0..all.counts.len() as u32)
        .into_par_iter()
        .map(|i| {
            let set = set(i);
            let second = set.get(1).copied().unwrap_or(0);
            (u64::from(set[0]) << 32 | u64::from(second), i)
        })
        .collect();
    order.par_sort_unstable_by(|&(key_a, a), &(key_b, b)| {
        key_a.cmp(&key_b).then_with(|| set(a).cmp(set(b)))
    });
    let mut items = vec![0; all.items.len()];
    items
        .par_chunks_exact_mut(len)
        .zip(&order)
        .for_each(|(place, &(_, i))| {
            for (to, &from) in place.iter_mut().zip(set(i)) {
                *to = codes[from as usize];
            }
        });
    let counts = order
        .par_iter()
        .map(|&(_, i)| all.counts[i as usize])
        .collect();
    OfLength { items, counts }
}
