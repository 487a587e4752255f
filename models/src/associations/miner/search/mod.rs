//! The search: count what stands beside an item, keep what stays frequent, go on inside that.

mod by_masks;

use super::{
    combinations::{self, Combinations},
    control::Control,
    masks::{self, Masks},
    ranked::Ranked,
    rows::{NONE, Rows},
    sinks::Sink,
    thinning::{Thinning, Turn},
};

/// One thread's search. Every set is found once, from its last item (the one in fewest baskets) to
/// its first.
pub(super) struct Search<'a, S> {
    pub(super) control: &'a Control,
    pub(super) max_len: usize,
    /// The items chosen so far.
    pub(super) set: Vec<u32>,
    /// Items that are in every basket of the chosen set: each found set stands for itself with
    /// any choice of them.
    pub(super) free: Vec<u32>,
    pub(super) sink: S,
    pub(super) thinning: Thinning,
    pub(super) combinations: Combinations,
    pub(super) masks: Masks,
    /// For each item: its count beside the chosen set, while that is counted.
    tally: Vec<u32>,
    /// For each item: its number in the projection, while that is built.
    local: Vec<u32>,
    /// Projections from the first item down to where the search is.
    levels: Vec<Level>,
    /// How much the whole search reads, and how much was read, in cells of rows.
    pub(super) work: f64,
    pub(super) read: f64,
    /// Sets between two looks at the other threads' totals.
    since_told: u32,
}

/// What stays frequent beside the chosen set, and the rows of it.
#[derive(Default)]
struct Level {
    /// Items of the parent's rows, ascending, and their counts.
    tail: Vec<u32>,
    counts: Vec<u32>,
    codes: Vec<u32>,
    rows: Rows,
}

impl<'a, S: Sink> Search<'a, S> {
    pub(super) fn new(
        n_items: usize,
        control: &'a Control,
        max_len: usize,
        start: &[u32],
        sink: S,
        thinning: Thinning,
    ) -> Self {
        Self {
            control,
            max_len,
            set: start.to_vec(),
            free: Vec::new(),
            sink,
            thinning,
            combinations: Combinations::default(),
            masks: Masks::default(),
            tally: vec![0; n_items],
            local: vec![NONE; n_items],
            levels: Vec::new(),
            work: 0.0,
            read: 0.0,
            since_told: 0,
        }
    }

    /// Finds all sets whose last item is item `item` of the rows; true if told to stop.
    pub(super) fn last_item(&mut self, ranked: &Ranked, item: usize) -> bool {
        let (rows, codes) = (&ranked.rows, ranked.code_places());
        let count = rows.places(item).len() as u32;
        if count >= self.control.min_count() && self.set.len() < self.max_len {
            self.extend(0, rows, codes, item, count);
        }
        self.tell();
        self.control.stopped()
    }

    #[inline]
    pub(super) fn worked(&mut self, cells: usize) {
        self.read += cells as f64;
        self.work += cells as f64 * self.thinning.scale();
    }

    /// Tells the others how many sets were found, now and then.
    pub(super) fn tell(&mut self) {
        self.since_told = 0;
        self.sink.tell(self.control);
    }

    /// Whether to go on; looks at the other threads' findings now and then.
    #[inline]
    pub(super) fn goes_on(&mut self) -> bool {
        self.since_told += 1;
        if self.since_told >= 1024 {
            self.tell();
        }
        !self.control.stopped()
    }

    /// Finds the chosen set with this item, which is in `count` baskets, and all that the set and
    /// the item can be continued by.
    fn extend(&mut self, depth: usize, rows: &Rows, codes: &[u32], item: usize, count: u32) {
        self.set.push(codes[item]);
        let n_free = self.free.len();
        let mut level = match self.levels.len() {
            len if len <= depth => Level::default(),
            _ => std::mem::take(&mut self.levels[depth]),
        };
        if self.set.len() < self.max_len {
            let n_cells = self.find_tail(rows, codes, item, count, &mut level);
            self.worked(n_cells);
        } else {
            level.tail.clear();
        }
        self.sink.found(&self.set, &self.free, count);
        if !level.tail.is_empty() {
            self.grow(depth, rows, item, &mut level);
        }
        if self.levels.len() <= depth {
            self.levels.resize_with(depth + 1, Level::default);
        }
        self.levels[depth] = level;
        self.free.truncate(n_free);
        self.set.pop();
    }

    /// Counts the items before `item` in its rows; the frequent ones are the tail. Gives the
    /// number of cells that were read.
    fn find_tail(
        &mut self,
        rows: &Rows,
        codes: &[u32],
        item: usize,
        count: u32,
        level: &mut Level,
    ) -> usize {
        let min_count = self.control.min_count();
        let tally = &mut self.tally[..item];
        tally.fill(0);
        let mut n_cells = 0;
        for row in rows.before(item) {
            n_cells += row.len();
            for &other in row {
                tally[other as usize] += 1;
            }
        }
        level.tail.clear();
        level.counts.clear();
        level.codes.clear();
        for (other, &both) in tally.iter().enumerate() {
            if both < min_count {
                continue;
            }
            if both == count {
                self.free.push(codes[other]);
            } else {
                level.tail.push(other as u32);
                level.counts.push(both);
                level.codes.push(codes[other]);
            }
        }
        n_cells
    }

    /// Finds the chosen set with what is in the tail.
    fn grow(&mut self, depth: usize, rows: &Rows, item: usize, level: &mut Level) {
        let n = level.tail.len();
        if n == 1 || self.set.len() + 1 == self.max_len {
            for (&code, &count) in level.codes.iter().zip(&level.counts) {
                self.found_with(code, count);
            }
            return;
        }
        let n_rows = rows.places(item).len();
        if combinations::fits(n, n_rows) {
            self.number(level);
            let local = &self.local;
            self.combinations.clear(n);
            for row in rows.before(item) {
                let mut mask = 0;
                // `NONE` shifts to nothing, so items that are out need no branch.
                for &other in row {
                    mask |= 1_u64.checked_shl(local[other as usize]).unwrap_or(0);
                }
                self.combinations.add(mask, 1);
            }
            self.forget(level);
            for (&code, &count) in level.codes.iter().zip(&level.counts) {
                self.found_with(code, count);
            }
            self.combine(&level.codes);
        } else if n <= masks::MAX_ITEMS {
            self.number(level);
            let local = &self.local;
            let root = self.masks.root();
            for row in rows.before(item) {
                let mut mask = 0;
                for &other in row {
                    mask |= 1_u64.checked_shl(local[other as usize]).unwrap_or(0);
                }
                root.add(mask, 1);
            }
            self.forget(level);
            self.masks.name(&level.codes, &level.counts);
            self.grow_masks(0, masks::first(n));
        } else {
            self.number(level);
            level.rows.project(rows, item, &self.local, &level.counts);
            self.forget(level);
            let mut turn = self.thinning.turn();
            for other in 0..n {
                if !self.goes_on() {
                    break;
                }
                let (code, count) = (level.codes[other], level.counts[other]);
                if count < self.control.min_count() {
                    continue;
                }
                self.sampled(&mut turn, code, count, |search| {
                    search.extend(depth + 1, &level.rows, &level.codes, other, count);
                });
            }
        }
    }

    /// Searches below the chosen set and one more item; of a sample only now and then, with more
    /// weight for those that are.
    #[inline]
    pub(super) fn sampled(
        &mut self,
        turn: &mut Turn,
        code: u32,
        count: u32,
        search: impl FnOnce(&mut Self),
    ) {
        if self.thinning.is_off() {
            return search(self);
        }
        let before = self.thinning.scale();
        if !turn.comes() {
            return self.found_with(code, count);
        }
        let now = self.thinning.deeper();
        // The set itself is known whether or not it is searched, so it weighs as before.
        self.sink.scale(before - now);
        self.found_with(code, count);
        self.sink.scale(now);
        search(self);
        self.sink.scale(before);
        self.thinning.back_to(before);
    }

    /// Numbers the items of the tail.
    fn number(&mut self, level: &Level) {
        for (number, &other) in level.tail.iter().enumerate() {
            self.local[other as usize] = number as u32;
        }
    }

    fn forget(&mut self, level: &Level) {
        for &other in &level.tail {
            self.local[other as usize] = NONE;
        }
    }

    /// The chosen set with one more item, and nothing to follow.
    #[inline]
    pub(super) fn found_with(&mut self, code: u32, count: u32) {
        self.set.push(code);
        self.sink.found(&self.set, &self.free, count);
        self.set.pop();
    }

    /// The chosen set with each frequent combination of two or more items of the table.
    pub(super) fn combine(&mut self, codes: &[u32]) {
        let room = self.max_len - self.set.len();
        let min_count = self.control.min_count();
        self.combinations.sum_up();
        let n_entries = self.combinations.counts().len();
        self.worked(n_entries);
        // Many sets at once are told of sooner.
        self.since_told += n_entries as u32 / 16;
        self.sink.found_combinations(
            &mut self.set,
            &self.free,
            codes,
            self.combinations.counts(),
            min_count,
            room,
        );
    }
}
