//! A search made ready: which baskets are read, for which sets, and by all threads.

use std::{
    borrow::Cow,
    ops::Range,
    sync::atomic::{AtomicUsize, Ordering},
};

use rayon::prelude::*;

use super::{
    super::{Baskets, ItemsetError, ItemsetValidParams, Kind},
    closed::Closed,
    control::Control,
    ranked::Ranked,
    search::Search,
    sinks::Sink,
    thinning::Thinning,
};

/// Which sets a search is for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Scope {
    /// Those that keep to the constraints.
    Listed,
    /// All subsets of those, and some more.
    Subsets,
}

/// What the constraints leave of the baskets, numbered by frequency.
pub(super) struct Job {
    pub(super) ranked: Ranked,
    pub(super) max_len: usize,
    /// Items that every set begins with, as places in the list of codes.
    pub(super) start: Vec<u32>,
    /// Number of baskets that hold the start.
    start_count: u32,
    start_is_listed: bool,
    /// The ranks of last items whose sets are looked for.
    pub(super) last_items: Range<usize>,
}

impl ItemsetValidParams {
    /// Whether a basket can hold a listed itemset.
    pub(super) fn is_read(&self, basket: &[u32]) -> bool {
        let holds = |item: &u32| basket.binary_search(item).is_ok();
        let allowed = |item: &u32| self.forbidden.binary_search(item).is_err();
        self.required.iter().all(holds)
            && (self.targets.is_empty()
                || self.targets.iter().any(|item| holds(item) && allowed(item)))
    }

    /// Whether every basket is read.
    pub(super) fn reads_all(&self) -> bool {
        self.required.is_empty() && self.targets.is_empty()
    }

    /// Checks the items of the constraints.
    pub(super) fn check_items(&self, n_items: usize) -> Result<(), ItemsetError> {
        let constraints = [
            ("required", &self.required),
            ("forbidden", &self.forbidden),
            ("target", &self.targets),
        ];
        for (constraint, items) in constraints {
            if let Some(&item) = items.iter().find(|&&item| item as usize >= n_items) {
                return Err(ItemsetError::UnknownItem {
                    constraint,
                    item,
                    n_items,
                });
            }
        }
        Ok(())
    }
}

impl Job {
    pub(super) fn new(
        params: &ItemsetValidParams,
        baskets: &Baskets,
        min_count: u32,
        scope: Scope,
    ) -> Self {
        let start = match scope {
            Scope::Listed => &params.required[..],
            Scope::Subsets => &[],
        };
        let targets = match scope {
            Scope::Listed if !params.targets.iter().any(|item| start.contains(item)) => {
                &params.targets[..]
            }
            _ => &[],
        };
        let read = if params.reads_all() && params.forbidden.is_empty() {
            Cow::Borrowed(baskets)
        } else {
            Cow::Owned(baskets.select(
                |basket| params.is_read(basket),
                |item| params.forbidden.binary_search(&item).is_err(),
            ))
        };
        let is_target = |item| targets.binary_search(&item).is_ok();
        let ranked = Ranked::new(&read, min_count, start, is_target);
        let places = |item| ranked.codes().binary_search(item).map(|place| place as u32);
        let n_items = ranked.n_items();
        Self {
            start: start.iter().flat_map(places).collect(),
            start_count: read.n_baskets() as u32,
            start_is_listed: !start.is_empty() && targets.is_empty(),
            last_items: match targets {
                [] => 0..n_items,
                _ => ranked.first_last()..n_items,
            },
            max_len: params.max_len,
            ranked,
        }
    }

    /// Searches on all threads; gives their sinks.
    ///
    /// Which thread takes which last item makes no difference to what is found by all.
    pub(super) fn run<S: Sink>(
        &self,
        kind: Kind,
        control: &Control,
        sink: impl Fn() -> S + Sync,
    ) -> Vec<S> {
        // The last items with most to read go first, so that no thread is left with a long one at
        // the end.
        let mut order: Vec<usize> = self.last_items.clone().collect();
        order.sort_by_key(|&rank| std::cmp::Reverse(self.ranked.work(rank)));
        let next = AtomicUsize::new(0);
        let take = || order.get(next.fetch_add(1, Ordering::Relaxed)).copied();
        (0..rayon::current_num_threads())
            .into_par_iter()
            .with_max_len(1)
            .map(|thread| {
                let mut sink = sink();
                if thread == 0 && self.lists_start(kind, control.min_count()) {
                    sink.found(&self.start, &[], self.start_count);
                }
                match kind {
                    Kind::All => {
                        let mut search = self.search(control, sink, Thinning::off());
                        while take().is_some_and(|rank| !search.last_item(&self.ranked, rank)) {}
                        search.sink
                    }
                    Kind::Closed | Kind::Maximal => {
                        let maximal = kind == Kind::Maximal;
                        let (ranked, start) = (&self.ranked, &self.start);
                        let mut search =
                            Closed::new(ranked, control, maximal, self.max_len, start, sink);
                        while take().is_some_and(|rank| !search.last_item(rank)) {}
                        search.sink
                    }
                }
            })
            .collect()
    }

    pub(super) fn search<'a, S: Sink>(
        &'a self,
        control: &'a Control,
        sink: S,
        thinning: Thinning,
    ) -> Search<'a, S> {
        let n_items = self.ranked.n_items();
        Search::new(n_items, control, self.max_len, &self.start, sink, thinning)
    }

    /// Whether the required items alone are listed.
    fn lists_start(&self, kind: Kind, min_count: u32) -> bool {
        let in_all = |rank| self.ranked.rows.places(rank).len() == self.start_count as usize;
        self.start_is_listed
            && self.start_count >= min_count
            && self.start.len() <= self.max_len
            && match kind {
                Kind::All => true,
                Kind::Closed => !(0..self.ranked.n_items()).any(in_all),
                Kind::Maximal => self.ranked.n_items() == 0,
            }
    }
}
