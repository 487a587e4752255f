//! The lowest support that keeps a limit.

use std::{collections::BTreeMap, sync::Mutex};

use super::{
    super::{ItemsetValidParams, Kind},
    control::Control,
    job::Job,
    sinks::{Sink, choices},
};

/// The most sets, and the most bytes that they take.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) sets: u128,
    pub(super) bytes: u128,
}

/// Bytes that a set of so many items takes until all are in order: its items and its count as
/// found and in the result, its place in the trie, and its place while sorting.
pub(super) fn bytes_of(len: usize) -> usize {
    8 * len + 28
}

/// How many sets have each count, for counts that are still frequent.
#[derive(Default)]
struct Histogram {
    of_count: BTreeMap<u32, (u128, u128)>,
    sets: u128,
    bytes: u128,
}

/// Takes sets of one thread; the support rises as soon as there are too many.
struct Rising<'a> {
    histogram: &'a Mutex<Histogram>,
    limits: Limits,
    min_len: usize,
    max_len: usize,
    /// Count, sets and bytes of what is not in the histogram yet.
    waiting: Vec<(u32, u128, u128)>,
}

impl Sink for Rising<'_> {
    fn found(&mut self, set: &[u32], free: &[u32], count: u32) {
        let (mut sets, mut bytes) = (0, 0);
        for (len, n) in choices(set.len(), free.len(), self.max_len) {
            if len >= self.min_len {
                sets += u128::from(n);
                bytes += u128::from(n) * bytes_of(len) as u128;
            }
        }
        self.waiting.push((count, sets, bytes));
    }

    fn tell(&mut self, control: &Control) {
        // Nothing panics while it holds the lock, so the histogram is whole even then.
        let mut histogram = match self.histogram.lock() {
            Ok(histogram) => histogram,
            Err(poisoned) => poisoned.into_inner(),
        };
        for (count, sets, bytes) in self.waiting.drain(..) {
            if count >= control.min_count() {
                let place = histogram.of_count.entry(count).or_default();
                place.0 += sets;
                place.1 += bytes;
                histogram.sets += sets;
                histogram.bytes += bytes;
            }
        }
        while histogram.sets > self.limits.sets || histogram.bytes > self.limits.bytes {
            let Some((count, (sets, bytes))) = histogram.of_count.pop_first() else {
                break;
            };
            histogram.sets -= sets;
            histogram.bytes -= bytes;
            control.raise(count + 1);
        }
    }
}

/// The lowest support, from the given one upwards, at which no more sets of at least `min_len`
/// items are found than the limits allow.
///
/// A set that is met when the support has risen above its count is too many for certain, because
/// what was met until then already is; so the result does not depend on the order of the search.
/// `kind` must be one whose sets at a higher support are among those at a lower one.
pub(super) fn lowest_support(
    job: &Job,
    kind: Kind,
    min_count: u32,
    min_len: usize,
    limits: Limits,
) -> u32 {
    let control = Control::new(min_count);
    let histogram = Mutex::new(Histogram::default());
    job.run(kind, &control, || Rising {
        histogram: &histogram,
        limits,
        min_len,
        max_len: job.max_len,
        waiting: Vec::new(),
    });
    control.min_count()
}

impl ItemsetValidParams {
    pub(super) fn limits(&self) -> Limits {
        Limits {
            sets: self.max_itemsets as u128,
            bytes: self.max_memory as u128,
        }
    }
}
