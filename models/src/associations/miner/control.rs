//! What the threads of one search tell each other.

use std::{
    sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::Relaxed},
    time::Instant,
};

/// The minimum support, how much was found so far, and whether to stop.
pub(super) struct Control {
    min_count: AtomicU32,
    stop: AtomicBool,
    sets: AtomicUsize,
    bytes: AtomicUsize,
    max_sets: usize,
    max_bytes: usize,
    deadline: Option<Instant>,
}

impl Control {
    /// Without any limit.
    pub(super) fn new(min_count: u32) -> Self {
        Self::with_limits(min_count, usize::MAX, usize::MAX, None)
    }

    pub(super) fn with_limits(
        min_count: u32,
        max_sets: usize,
        max_bytes: usize,
        deadline: Option<Instant>,
    ) -> Self {
        Self {
            min_count: AtomicU32::new(min_count),
            stop: AtomicBool::new(false),
            sets: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            max_sets,
            max_bytes,
            deadline,
        }
    }

    /// The fewest baskets that make a set frequent; may rise while the search goes on.
    #[inline]
    pub(super) fn min_count(&self) -> u32 {
        self.min_count.load(Relaxed)
    }

    pub(super) fn raise(&self, min_count: u32) {
        self.min_count.fetch_max(min_count, Relaxed);
    }

    /// Adds what one thread found since it last told; more than the limits end the search.
    pub(super) fn add(&self, sets: usize, bytes: usize) {
        self.sets.fetch_add(sets, Relaxed);
        self.bytes.fetch_add(bytes, Relaxed);
        if self.too_many_sets() || self.too_many_bytes() {
            self.stop();
        }
    }

    pub(super) fn too_many_sets(&self) -> bool {
        self.sets.load(Relaxed) > self.max_sets
    }

    pub(super) fn too_many_bytes(&self) -> bool {
        self.bytes.load(Relaxed) > self.max_bytes
    }

    pub(super) fn stop(&self) {
        self.stop.store(true, Relaxed);
    }

    #[inline]
    pub(super) fn stopped(&self) -> bool {
        self.stop.load(Relaxed)
    }

    /// Stops when time is up; called now and then.
    pub(super) fn look_at_the_clock(&self) {
        if self
            .deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
        {
            self.stop();
        }
    }
}
