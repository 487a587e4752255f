//! Where found sets go.

use std::ops::ControlFlow;

use super::control::Control;

/// Takes what one thread finds. Items are places in the ascending list of frequent codes.
pub(super) trait Sink: Send {
    /// A set together with each choice of the items `free`, the empty choice among them; all are
    /// in `count` baskets.
    fn found(&mut self, set: &[u32], free: &[u32], count: u32);

    /// The set, with `free` as above, joined with each combination of 2 up to `room` items that
    /// is in enough baskets: `counts` has a count for each mask of `codes`.
    fn found_combinations(
        &mut self,
        set: &mut Vec<u32>,
        free: &[u32],
        codes: &[u32],
        counts: &[u32],
        min_count: u32,
        room: usize,
    ) {
        let chosen = set.len();
        for (mask, &count) in counts.iter().enumerate() {
            if count < min_count {
                continue;
            }
            let len = mask.count_ones() as usize;
            if len < 2 || len > room {
                continue;
            }
            let mut rest = mask;
            while rest != 0 {
                set.push(codes[rest.trailing_zeros() as usize]);
                rest &= rest - 1;
            }
            self.found(set, free, count);
            set.truncate(chosen);
        }
    }

    /// Tells the other threads what there is to tell; called now and then, and at the end.
    fn tell(&mut self, _control: &Control) {}

    /// From now on each set stands for so many.
    fn scale(&mut self, _scale: f64) {}
}

/// Calls `visit` with the set and each choice of the free items, up to `max_len` items in all,
/// until it says to stop.
pub(super) fn each_choice(
    set: &mut Vec<u32>,
    free: &[u32],
    max_len: usize,
    visit: &mut impl FnMut(&[u32]) -> ControlFlow<()>,
) -> ControlFlow<()> {
    visit(set)?;
    if set.len() < max_len {
        for (k, &item) in free.iter().enumerate() {
            set.push(item);
            let flow = each_choice(set, &free[k + 1..], max_len, visit);
            set.pop();
            flow?;
        }
    }
    ControlFlow::Continue(())
}

/// How many sets of each length a set with `free` items makes, up to `max_len` items in all; a
/// number beyond 64 bits stays at the highest.
pub(super) fn choices(
    len: usize,
    free: usize,
    max_len: usize,
) -> impl Iterator<Item = (usize, u64)> {
    let most = free.min(max_len.saturating_sub(len));
    (0..=most).map(move |chosen| (len + chosen, binomial(free, chosen)))
}

/// The number of choices of `k` out of `n`; a number beyond 64 bits is the highest.
fn binomial(n: usize, k: usize) -> u64 {
    let mut choices = 1_u64;
    for i in 0..k.min(n - k) {
        let product = u128::from(choices) * (n - i) as u128 / (i as u128 + 1);
        match u64::try_from(product) {
            Ok(more) => choices = more,
            Err(_) => return u64::MAX,
        }
    }
    choices
}

/// Counts sets by length; a count beyond 64 bits stays at the highest.
pub(super) struct Lengths {
    max_len: usize,
    /// How many of each length.
    pub(super) counts: Vec<u64>,
}

impl Lengths {
    pub(super) fn new(max_len: usize) -> Self {
        Self {
            max_len,
            counts: Vec::new(),
        }
    }

    /// So many sets of this length, each with any choice of `free` more items.
    #[inline]
    fn add(&mut self, len: usize, free: usize, n: u64) {
        if self.counts.len() <= len + free {
            self.counts.resize(len + free + 1, 0);
        }
        if free == 0 {
            self.counts[len] = self.counts[len].saturating_add(n);
            return;
        }
        for (len, choices) in choices(len, free, self.max_len) {
            let place = &mut self.counts[len];
            *place = place.saturating_add(choices.saturating_mul(n));
        }
    }
}

impl Sink for Lengths {
    #[inline]
    fn found(&mut self, set: &[u32], free: &[u32], _count: u32) {
        self.add(set.len(), free.len(), 1);
    }

    fn found_combinations(
        &mut self,
        set: &mut Vec<u32>,
        free: &[u32],
        codes: &[u32],
        counts: &[u32],
        min_count: u32,
        room: usize,
    ) {
        let mut of_length = [0_u64; 32];
        for (mask, &count) in counts.iter().enumerate() {
            of_length[mask.count_ones() as usize & 31] += u64::from(count >= min_count);
        }
        for (len, &n) in of_length.iter().enumerate().take(codes.len() + 1).skip(2) {
            if n > 0 && len <= room {
                self.add(set.len() + len, free.len(), n);
            }
        }
    }
}
