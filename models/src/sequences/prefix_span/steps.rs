//! Patterns of two elements of an item each, all of them at once.
//!
//! Where patterns have two items at most, nobody asks where the longer ones end, and what comes
//! within a window after an item can be told from sets of baskets: those in which a customer has one
//! item, and those that may follow one in which the other is. A customer's pair of items is then a
//! comparison of a few words, however often both were bought; the search reads every line in the
//! window of an item, and again for every other item of the same baskets.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::super::SequenceValidParams;
use super::recoded::Recoded;

/// With more items the counts of all pairs would take more than 16 MiB a thread.
const MOST_ITEMS: usize = 2048;

/// Customers that a thread takes at a time.
const CHUNK: usize = 64;

/// For each item and each other one, how many customers have the other after the one.
pub(super) struct Steps {
    n_items: usize,
    counts: Vec<u32>,
}

impl Steps {
    /// Counts them; nothing where they are not all that is asked for.
    pub(super) fn count(data: &Recoded, params: &SequenceValidParams) -> Option<Self> {
        let n_items = data.n_items();
        let are_all = params.max_items == 2 && params.max_elements >= 2;
        if !are_all || !params.time.has_window() || n_items > MOST_ITEMS {
            return None;
        }
        let limits = [params.time.max_gap, params.time.max_span];
        let limit = limits.into_iter().flatten().min()?;
        let next = AtomicUsize::new(0);
        let count = |_| {
            let mut counts = vec![0; n_items * n_items];
            let mut room = Room::default();
            loop {
                let first = next.fetch_add(CHUNK, Ordering::Relaxed);
                if first >= data.n_customers() {
                    return counts;
                }
                for customer in first..data.n_customers().min(first + CHUNK) {
                    room.add(
                        data,
                        customer as u32,
                        params.time.min_gap,
                        limit,
                        &mut counts,
                    );
                }
            }
        };
        let counts = (0..rayon::current_num_threads())
            .into_par_iter()
            .with_max_len(1)
            .map(count)
            .reduce_with(|mut sums, counts| {
                sums.iter_mut()
                    .zip(counts)
                    .for_each(|(sum, count)| *sum += count);
                sums
            })?;
        Some(Self { n_items, counts })
    }

    /// For each item, how many customers have it after this one.
    pub(super) fn after(&self, item: u32) -> &[u32] {
        &self.counts[item as usize * self.n_items..][..self.n_items]
    }
}

/// Sets of one customer's baskets, a bit each.
#[derive(Default)]
struct Room {
    /// For each basket, the first that may follow it and the one after the last.
    follow: Vec<[usize; 2]>,
    items: Vec<u32>,
    /// For each item in turn, the baskets that hold it, and those that may follow one of them.
    held: Vec<u64>,
    after: Vec<u64>,
}

impl Room {
    fn add(&mut self, data: &Recoded, customer: u32, min_gap: u32, limit: u32, counts: &mut [u32]) {
        let baskets = data.baskets_of(customer);
        let words = baskets.len().div_ceil(64);
        self.find_follow(data, customer, min_gap, limit);
        self.items.clear();
        self.held.clear();
        self.after.clear();
        for (item, occurrences) in data.pairs_of(customer) {
            let first = self.held.len();
            self.items.push(item);
            self.held.resize(first + words, 0);
            self.after.resize(first + words, 0);
            for &b in occurrences {
                let place = (b - baskets.start) as usize;
                self.held[first + place / 64] |= 1 << (place % 64);
                set_range(&mut self.after[first..], self.follow[place]);
            }
        }
        let n_items = data.n_items();
        let rows = self.items.iter().zip(self.after.chunks_exact(words));
        for (&item, after) in rows {
            if after.iter().all(|word| *word == 0) {
                continue;
            }
            let counts = &mut counts[item as usize * n_items..][..n_items];
            match after {
                [after] => {
                    for (&other, held) in self.items.iter().zip(&self.held) {
                        counts[other as usize] += u32::from(after & held != 0);
                    }
                }
                after => {
                    let others = self.items.iter().zip(self.held.chunks_exact(words));
                    for (&other, held) in others {
                        let mut both = after.iter().zip(held);
                        let any = both.any(|(after, held)| after & held != 0);
                        counts[other as usize] += u32::from(any);
                    }
                }
            }
        }
    }

    /// Baskets lie in order of time, so what may follow one of them lies side by side.
    fn find_follow(&mut self, data: &Recoded, customer: u32, min_gap: u32, limit: u32) {
        let baskets = data.baskets_of(customer);
        self.follow.clear();
        let (mut first, mut end) = (baskets.start, baskets.start);
        for b in baskets.clone() {
            first = first.max(b + 1);
            while first < baskets.end && data.days_between(b, first) < min_gap {
                first += 1;
            }
            end = end.max(first);
            while end < baskets.end && data.days_between(b, end) <= limit {
                end += 1;
            }
            self.follow
                .push([first, end].map(|place| (place - baskets.start) as usize));
        }
    }
}

/// Sets the bits from one place up to another.
fn set_range(words: &mut [u64], [from, to]: [usize; 2]) {
    let mut at = from;
    while at < to {
        let (word, bit) = (at / 64, at % 64);
        let count = (to - at).min(64 - bit);
        words[word] |= (u64::MAX >> (64 - count)) << bit;
        at += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_bits_are_set_across_words() {
        for (from, to) in [
            (0, 0),
            (3, 3),
            (0, 64),
            (5, 9),
            (60, 70),
            (63, 64),
            (10, 190),
        ] {
            let mut words = [0_u64; 3];
            set_range(&mut words, [from, to]);
            for place in 0..192 {
                let is_set = words[place / 64] >> (place % 64) & 1 == 1;
                assert_eq!(is_set, (from..to).contains(&place), "{from}..{to}: {place}");
            }
        }
    }
}
