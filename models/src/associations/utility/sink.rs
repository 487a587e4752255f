//! What is kept of what is found, and the limit that follows from it.

use std::{
    collections::BinaryHeap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
};

use super::itemsets::{Flat, UtilityItemset};

/// What every itemset has to keep to.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// At least 1.
    pub(super) min_utility: i64,
    pub(super) min_count: u32,
    pub(super) min_len: usize,
    pub(super) max_len: usize,
}

/// Takes itemsets from all threads: every one of them, or the best.
pub(super) struct Sink {
    limits: Limits,
    /// The limit as it is now; with `best` it rises.
    min_utility: AtomicI64,
    best: Option<Best>,
    n_found: AtomicUsize,
    max_itemsets: usize,
}

/// The best so many itemsets, whatever the order in which they are found.
struct Best {
    n: usize,
    /// The worst on top.
    heap: Mutex<BinaryHeap<Ranked>>,
}

/// An itemset on its own, the greater the worse.
#[derive(PartialEq, Eq)]
struct Ranked {
    items: Box<[u32]>,
    utility: i64,
    count: u32,
}

impl Ranked {
    fn set(&self) -> UtilityItemset<'_> {
        UtilityItemset {
            items: &self.items,
            utility: self.utility,
            count: self.count,
        }
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.set().best_first(&other.set())
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Sink {
    pub(super) fn new(limits: Limits, best: Option<usize>, max_itemsets: usize) -> Self {
        Self {
            limits,
            min_utility: AtomicI64::new(limits.min_utility),
            best: best.map(|n| Best {
                n,
                heap: Mutex::new(BinaryHeap::new()),
            }),
            n_found: AtomicUsize::new(0),
            max_itemsets,
        }
    }

    /// The limits as they are now.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            min_utility: self.min_utility.load(Ordering::Relaxed),
            ..self.limits
        }
    }

    /// Whether there are more itemsets than the limit allows.
    pub(super) fn overflows(&self) -> bool {
        self.n_found.load(Ordering::Relaxed) > self.max_itemsets
    }

    /// Takes an itemset that keeps to the limits; `set` puts its items in order.
    pub(super) fn take<'a>(
        &self,
        len: usize,
        utility: i64,
        count: u32,
        found: &mut Flat,
        set: impl FnOnce() -> &'a [u32],
    ) {
        let limits = self.limits();
        if utility < limits.min_utility || count < limits.min_count || len < limits.min_len {
            return;
        }
        let set = UtilityItemset {
            items: set(),
            utility,
            count,
        };
        match &self.best {
            None => {
                self.n_found.fetch_add(1, Ordering::Relaxed);
                found.push(set);
            }
            Some(best) => {
                let mut heap = lock(&best.heap);
                if heap.len() == best.n {
                    if heap
                        .peek()
                        .is_none_or(|worst| set.best_first(&worst.set()).is_ge())
                    {
                        return;
                    }
                    heap.pop();
                }
                heap.push(Ranked {
                    items: set.items.into(),
                    utility,
                    count,
                });
                // An itemset that is as good as the worst may still take its place, by its
                // items; so the limit is this utility and not one more.
                if let (true, Some(worst)) = (heap.len() == best.n, heap.peek()) {
                    self.min_utility.store(worst.utility, Ordering::Relaxed);
                }
            }
        }
    }

    /// The best of them, the best first; without a number of best ones what the threads found.
    pub(super) fn finish(self, found: Vec<Flat>) -> Flat {
        let mut list = Flat::default();
        match self.best {
            Some(best) => {
                let heap = best
                    .heap
                    .into_inner()
                    .unwrap_or_else(PoisonError::into_inner);
                for ranked in heap.into_sorted_vec() {
                    list.push(ranked.set());
                }
            }
            None => {
                let mut order: Vec<(usize, usize)> = found
                    .iter()
                    .enumerate()
                    .flat_map(|(part, flat)| (0..flat.len()).map(move |i| (part, i)))
                    .collect();
                order.sort_unstable_by(|&(a, i), &(b, j)| {
                    found[a].get(i).best_first(&found[b].get(j))
                });
                for (part, i) in order {
                    list.push(found[part].get(i));
                }
            }
        }
        list
    }
}

/// A thread that panicked left the heap whole: nothing in between can fail.
fn lock(heap: &Mutex<BinaryHeap<Ranked>>) -> MutexGuard<'_, BinaryHeap<Ranked>> {
    heap.lock().unwrap_or_else(PoisonError::into_inner)
}
