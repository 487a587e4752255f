//! From what the threads found to itemsets in order.

use rayon::prelude::*;

use super::super::Itemsets;

/// Itemsets of one length: so many items each, and a count each.
#[derive(Default)]
struct OfLength {
    items: Vec<u32>,
    counts: Vec<u32>,
}

/// What one thread found, by length, in the order of its search.
#[derive(Default)]
pub(super) struct Found {
    lengths: Vec<OfLength>,
    len: usize,
}

impl Found {
    #[inline]
    pub(super) fn push(&mut self, set: &[u32], count: u32) {
        while self.lengths.len() < set.len() {
            self.lengths.push(OfLength::default());
        }
        let of_length = &mut self.lengths[set.len() - 1];
        of_length.items.extend_from_slice(set);
        of_length.counts.push(count);
        self.len += 1;
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }
}

/// Puts itemsets in order by length, then by items, and gives them their codes.
pub(super) fn into_itemsets(
    mut found: Vec<Found>,
    codes: &[u32],
    n_baskets: u32,
    min_len: usize,
) -> Itemsets {
    let max_len = found.iter().map(|f| f.lengths.len()).max().unwrap_or(0);
    let mut items = Vec::new();
    let mut counts = Vec::new();
    let mut starts = vec![0];
    for len in 1..=max_len {
        let mut all = OfLength::default();
        for part in &mut found {
            if let Some(of_length) = part.lengths.get_mut(len - 1) {
                all.items.append(&mut of_length.items);
                all.counts.append(&mut of_length.counts);
            }
        }
        all.items
            .par_chunks_exact_mut(len)
            .for_each(<[u32]>::sort_unstable);
        let set = |i: u32| &all.items[i as usize * len..][..len];
        let mut order: Vec<u32> = (0..all.counts.len() as u32).collect();
        order.par_sort_unstable_by(|&a, &b| set(a).cmp(set(b)));
        for &i in &order {
            items.extend(set(i).iter().map(|&place| codes[place as usize]));
            counts.push(all.counts[i as usize]);
        }
        starts.push(counts.len());
    }
    Itemsets::new(items, counts, starts, n_baskets, min_len)
}
