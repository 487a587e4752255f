//! The search: count what extends a pattern, go on with each extension that is frequent.

use std::ops::Range;

use super::{
    super::{SequenceValidParams, TimeLimits, patterns::List},
    closure::{Closure, Rights},
    pattern::{Kind, Pattern},
    recoded::{Group, NONE, Recoded},
    steps::Steps,
};

/// Extensions of one pattern are laid out up to so many ends at a time, 12 to 20 bytes each.
/// More would let the memory grow with the number of frequent items.
const BATCH: usize = 1 << 22;

/// Where a pattern ends: for each customer who has it, every basket that may be its last one.
///
/// The first of them is enough to find what may come after, if any later basket may. With a
/// longest gap it is not: what is too far from the first end may be near a later one. And an
/// item joins the last element in any of these baskets.
#[derive(Clone, Copy)]
struct Ends<'a> {
    groups: &'a [Group],
    ends: &'a [u32],
    /// For each end the latest basket the pattern may start with; empty where no span is asked.
    starts: &'a [u32],
    /// For each end where the items of higher rank in its basket begin, as
    /// [`Recoded::tails`] has it; empty where that is not known.
    tails: &'a [u32],
}

impl Ends<'_> {
    fn n_ends(&self) -> usize {
        let sizes = self.groups.iter().map(|group| group.to - group.from);
        sizes.map(|size| size as usize).sum()
    }
}

/// A frequent extension: its item, how many customers have it, and how many ends it has.
#[derive(Clone, Copy)]
struct Child {
    item: u32,
    n_groups: u32,
    n_ends: u32,
}

/// The extensions of one pattern, kept while the search goes on with each of them.
#[derive(Default)]
struct Level {
    /// The kind of extension that is taken in turn now: first the items that join the last
    /// element, then new elements.
    kind: Kind,
    /// Whether new elements are to come.
    then_next: bool,
    children: Vec<Child>,
    /// The next of the children, and the end of those that are laid out.
    next: usize,
    laid_out: usize,
    /// Where the groups of the child lie that the search goes on with now.
    at: Range<usize>,
    groups: Vec<Group>,
    ends: Vec<u32>,
    starts: Vec<u32>,
}

/// Counters for each item.
#[derive(Default)]
struct Tally {
    /// Customers and ends of each item; see [`Child`].
    n_groups: Vec<u32>,
    n_ends: Vec<u32>,
    /// When the item was last counted, so that a customer counts once.
    stamps: Vec<u64>,
    clock: u64,
    /// Which of the extensions at hand the item is, or `NONE`.
    slots: Vec<u32>,
    /// For each extension at hand, where its next group and its next end go.
    next: Vec<[u32; 2]>,
}

/// Finds the patterns of one first item at a time; a thread has one of these.
pub(super) struct Search<'a, Report> {
    data: &'a Recoded,
    params: &'a SequenceValidParams,
    required: &'a [u32],
    min_count: u32,
    /// What follows an item, where that has been counted already.
    pub(super) steps: Option<&'a Steps>,
    tally: Tally,
    levels: Vec<Level>,
    pattern: Pattern,
    closure: Option<Closure>,
    found: List,
    report: Report,
    /// What was found since the last report.
    unreported: usize,
    stopped: bool,
}

impl<'a, Report: FnMut(usize) -> bool> Search<'a, Report> {
    /// `report` is told now and then how many patterns were found since, as [`cost`](super::cost)
    /// counts them; it says whether to stop.
    pub(super) fn new(
        data: &'a Recoded,
        params: &'a SequenceValidParams,
        required: &'a [u32],
        min_count: u32,
        report: Report,
    ) -> Self {
        let n = data.n_items();
        // With a window, patterns that are not closed are left out when all have been found.
        let closed = params.closed && !params.time.has_window();
        Self {
            data,
            params,
            required,
            min_count,
            steps: None,
            tally: Tally {
                n_groups: vec![0; n],
                n_ends: vec![0; n],
                stamps: vec![0; n],
                clock: 0,
                slots: vec![NONE; n],
                next: Vec::new(),
            },
            levels: Vec::new(),
            pattern: Pattern::default(),
            closure: closed.then(|| Closure::new(n)),
            found: List::default(),
            report,
            unreported: 0,
            stopped: false,
        }
    }

    /// Finds all patterns whose first item is this one. Says whether to stop.
    ///
    /// The levels are a stack of our own: patterns may be as long as a giant basket is wide, and
    /// a thread's stack is not.
    pub(super) fn first_item(&mut self, rank: u32) -> bool {
        self.pattern.push(rank, Kind::Next);
        let mut depth = usize::from(self.enter(0));
        while depth > 0 && !self.stopped {
            let level = depth - 1;
            if self.take_child(level) {
                if self.enter(depth) {
                    depth += 1;
                } else {
                    self.pattern.pop(self.levels[level].kind);
                }
            } else if std::mem::take(&mut self.levels[level].then_next) {
                self.find_next(level);
            } else {
                depth -= 1;
                if depth > 0 {
                    self.pattern.pop(self.levels[depth - 1].kind);
                }
            }
        }
        self.pattern.clear();
        self.tell();
        self.stopped
    }

    pub(super) fn finish(self) -> List {
        self.found
    }

    fn tell(&mut self) {
        self.stopped |= (self.report)(std::mem::take(&mut self.unreported));
    }

    /// Lists the pattern at hand, if it is wanted, and begins with its extensions. Says whether
    /// there may be any.
    fn enter(&mut self, depth: usize) -> bool {
        let params = self.params;
        let n_items = self.pattern.items.len();
        let missing = self.missing();
        if n_items + missing > params.max_items || self.is_hopeless(depth) {
            return false;
        }
        if self.levels.len() == depth {
            self.levels.push(Level::default());
        }
        let may_grow = n_items < params.max_items;
        if may_grow && !self.find_same(depth) {
            return false;
        }
        if missing == 0 && self.is_closed(depth) {
            self.list(self.ends_at(depth).groups.len() as u32);
        }
        may_grow
    }

    /// Where the pattern at hand ends, of which `depth` extensions have been made.
    fn ends_at(&self, depth: usize) -> Ends<'_> {
        let Some(above) = depth.checked_sub(1).map(|above| &self.levels[above]) else {
            return Ends {
                groups: self.data.firsts(self.pattern.items[0]),
                ends: self.data.occurrences(),
                starts: self.data.occurrences(),
                tails: self.data.tails(),
            };
        };
        let groups = &above.groups[above.at.clone()];
        if above.kind == Kind::Next && !self.params.time.has_window() {
            Ends {
                groups,
                ends: self.data.occurrences(),
                starts: &[],
                tails: self.data.tails(),
            }
        } else {
            Ends {
                groups,
                ends: &above.ends,
                starts: &above.starts,
                tails: &[],
            }
        }
    }

    fn extensions(&self, depth: usize, kind: Kind) -> Extensions<'_> {
        Extensions {
            data: self.data,
            time: self.params.time,
            kind,
            above: self.pattern.items.last().map_or(0, |last| last + 1),
            at: self.ends_at(depth),
        }
    }

    /// Lists the frequent items that join the last element. Says no if no closed pattern begins
    /// with the one at hand.
    ///
    /// An item that is in **every** basket in which the pattern may end can join its last element
    /// whatever else joins it and whatever follows. So where only closed patterns are wanted, what
    /// grows without that item is not. An item of lower rank never joins any more, and one of
    /// higher rank has to join before those above it and before new elements.
    fn find_same(&mut self, depth: usize) -> bool {
        let prunes = self.prunes();
        let mut tally = std::mem::take(&mut self.tally);
        let mut extensions = self.extensions(depth, Kind::Same);
        let above = extensions.above;
        let n_ends = extensions.at.n_ends();
        if prunes {
            extensions.above = 0;
            extensions.at.tails = &[];
        }
        extensions.count(&mut tally);
        self.tally = tally;
        self.keep_frequent(depth, Kind::Same, above);
        let level = &mut self.levels[depth];
        level.then_next = self.pattern.ends.len() < self.params.max_elements;
        if prunes {
            let last_element = self.pattern.element(self.pattern.ends.len() - 1);
            let mut in_every_end =
                (0..above).filter(|&item| self.tally.n_ends[item as usize] as usize == n_ends);
            if in_every_end.any(|item| !last_element.contains(&item)) {
                return false;
            }
            let joins_all = |child: &Child| child.n_ends as usize == n_ends;
            if let Some(place) = level.children.iter().position(joins_all) {
                level.children.truncate(place + 1);
                level.then_next = false;
            }
        }
        true
    }

    /// Lists the frequent items that make a new element.
    fn find_next(&mut self, depth: usize) {
        if let Some(steps) = self.steps {
            let after = steps.after(self.pattern.items[0]);
            self.tally.n_groups.copy_from_slice(after);
        } else {
            let mut tally = std::mem::take(&mut self.tally);
            self.extensions(depth, Kind::Next).count(&mut tally);
            self.tally = tally;
        }
        self.keep_frequent(depth, Kind::Next, 0);
        if self.misses_for_good() {
            self.levels[depth].children.clear();
        }
    }

    /// Takes the frequent ones of the items from rank `above` on as children. Where patterns may
    /// grow no further, they are listed at once: nobody asks where they end.
    fn keep_frequent(&mut self, depth: usize, kind: Kind, above: u32) {
        let mut level = std::mem::take(&mut self.levels[depth]);
        level.kind = kind;
        level.children.clear();
        (level.next, level.laid_out) = (0, 0);
        let is_last = self.pattern.items.len() + 1 == self.params.max_items;
        for item in above as usize..self.tally.n_groups.len() {
            let n_groups = self.tally.n_groups[item];
            if n_groups < self.min_count {
                continue;
            }
            if is_last {
                self.pattern.push(item as u32, kind);
                if self.missing() == 0 {
                    self.list(n_groups);
                }
                self.pattern.pop(kind);
            } else {
                level.children.push(Child {
                    item: item as u32,
                    n_groups,
                    n_ends: self.tally.n_ends[item],
                });
            }
        }
        self.levels[depth] = level;
    }

    /// Lists the pattern at hand.
    fn list(&mut self, count: u32) {
        let Pattern { items, ends } = &self.pattern;
        self.found.push_parts(items, ends, count);
        self.unreported += super::cost(items.len());
        if self.unreported > 4096 {
            self.tell();
        }
    }

    /// Extends the pattern at hand by the next of its extensions, if one is left.
    fn take_child(&mut self, depth: usize) -> bool {
        let mut level = std::mem::take(&mut self.levels[depth]);
        let is_left = level.next < level.children.len();
        if is_left {
            if level.next == level.laid_out {
                let batch = level.next..level.next + level.batch();
                let mut tally = std::mem::take(&mut self.tally);
                let extensions = self.extensions(depth, level.kind);
                extensions.lay_out(&mut tally, &mut level, batch.clone());
                self.tally = tally;
                level.laid_out = batch.end;
                level.at = 0..0;
            }
            let child = level.children[level.next];
            level.next += 1;
            level.at = level.at.end..level.at.end + child.n_groups as usize;
            self.pattern.push(child.item, level.kind);
        }
        self.levels[depth] = level;
        is_left
    }

    /// Number of required items that the pattern does not hold yet.
    fn missing(&self) -> usize {
        let missing = |item: &&u32| !self.pattern.items.contains(item);
        self.required.iter().filter(missing).count()
    }

    /// Whether no closed pattern begins with the one at hand.
    fn is_hopeless(&mut self, depth: usize) -> bool {
        self.prunes() && self.can_insert(depth, Rights::LastInFirst)
    }

    /// Whether all that begins with a pattern may be left out because none of it is closed. A
    /// limit on lengths makes patterns closed that no longer one is allowed to replace.
    fn prunes(&self) -> bool {
        self.closure.is_some()
            && self.params.max_items == usize::MAX
            && self.params.max_elements == usize::MAX
    }

    fn is_closed(&mut self, depth: usize) -> bool {
        !self.can_insert(depth, Rights::Last)
    }

    /// See [`Closure::can_insert`]; no if all patterns are wanted.
    fn can_insert(&mut self, depth: usize, rights: Rights) -> bool {
        let mut closure = self.closure.take();
        let can = closure.as_mut().is_some_and(|closure| {
            let groups = self.ends_at(depth).groups;
            closure.can_insert(self.data, self.params, &self.pattern, groups, rights)
        });
        self.closure = closure;
        can
    }

    /// Whether a required item that is missing does not come often enough after the pattern, so
    /// that no new element leads to it. What is frequent now and then is so at once, unless
    /// elements between are needed to bridge a gap.
    fn misses_for_good(&self) -> bool {
        self.params.time.max_gap.is_none()
            && self.required.iter().any(|&item| {
                !self.pattern.items.contains(&item)
                    && self.tally.n_groups[item as usize] < self.min_count
            })
    }
}

impl Level {
    /// How many of the children that are left are laid out at once: at least one.
    fn batch(&self) -> usize {
        let mut size = 0;
        let fits = |child: &&Child| {
            size += child.n_groups.max(child.n_ends) as usize;
            size <= BATCH
        };
        (self.children[self.next..].iter())
            .take_while(fits)
            .count()
            .max(1)
    }
}

/// All ways to extend the pattern at hand by one item.
struct Extensions<'a> {
    data: &'a Recoded,
    time: TimeLimits,
    kind: Kind,
    /// What joins the last element has this rank or a higher one.
    above: u32,
    at: Ends<'a>,
}

impl Extensions<'_> {
    /// Whether an extension may end in any basket that holds its item and is late enough. Its
    /// ends are then the rest of a list that is there already.
    fn keeps_all_later(&self) -> bool {
        self.kind == Kind::Next && !self.time.has_window()
    }

    /// The first basket that may follow the pattern.
    #[inline]
    fn first_next(&self, group: &Group) -> u32 {
        let first_end = self.at.ends[group.from as usize];
        self.data.next(group.customer, first_end, self.time.min_gap)
    }

    /// Counts customers and ends of every extension.
    fn count(&self, tally: &mut Tally) {
        tally.n_groups.fill(0);
        if self.keeps_all_later() {
            for group in self.at.groups {
                let first = self.first_next(group);
                for &item in self.data.items_from(group.customer, first).0 {
                    tally.n_groups[item as usize] += 1;
                }
            }
            return;
        }
        tally.n_ends.fill(0);
        for group in self.at.groups {
            tally.clock += 1;
            self.visit(group, |item, _, _| {
                let item = item as usize;
                tally.n_groups[item] += u32::from(tally.stamps[item] != tally.clock);
                tally.stamps[item] = tally.clock;
                tally.n_ends[item] += 1;
            });
        }
    }

    /// Lays out where the extensions of a batch end, one extension after the other.
    fn lay_out(&self, tally: &mut Tally, level: &mut Level, batch: Range<usize>) {
        let children = &level.children[batch];
        let (mut n_groups, mut n_ends) = (0, 0);
        tally.next.clear();
        for (slot, child) in children.iter().enumerate() {
            tally.slots[child.item as usize] = slot as u32;
            tally.next.push([n_groups, n_ends]);
            n_groups += child.n_groups;
            n_ends += child.n_ends;
        }
        level.groups.resize(n_groups as usize, Group::default());
        if self.keeps_all_later() {
            for group in self.at.groups {
                let first = self.first_next(group);
                let (items, first_pair) = self.data.items_from(group.customer, first);
                for (pair, &item) in (first_pair..).zip(items) {
                    let slot = tally.slots[item as usize];
                    if slot != NONE {
                        let next = &mut tally.next[slot as usize][0];
                        level.groups[*next as usize] =
                            self.data.group_from(group.customer, pair, first);
                        *next += 1;
                    }
                }
            }
        } else {
            let with_starts = self.time.max_span.is_some();
            level.ends.resize(n_ends as usize, 0);
            level
                .starts
                .resize(if with_starts { n_ends as usize } else { 0 }, 0);
            for group in self.at.groups {
                tally.clock += 1;
                self.visit(group, |item, end, start| {
                    let slot = tally.slots[item as usize];
                    if slot == NONE {
                        return;
                    }
                    let [next_group, next_end] = &mut tally.next[slot as usize];
                    if tally.stamps[item as usize] != tally.clock {
                        tally.stamps[item as usize] = tally.clock;
                        level.groups[*next_group as usize] = Group {
                            customer: group.customer,
                            from: *next_end,
                            to: *next_end,
                        };
                        *next_group += 1;
                    }
                    level.groups[*next_group as usize - 1].to += 1;
                    level.ends[*next_end as usize] = end;
                    if with_starts {
                        level.starts[*next_end as usize] = start;
                    }
                    *next_end += 1;
                });
            }
        }
        for child in children {
            tally.slots[child.item as usize] = NONE;
        }
    }

    /// Calls `visit` with every item that extends the pattern in one customer's history, the
    /// basket where it does, and the latest basket the pattern may then start with. Baskets come
    /// in order of time.
    #[inline]
    fn visit(&self, group: &Group, mut visit: impl FnMut(u32, u32, u32)) {
        let range = group.from as usize..group.to as usize;
        let ends = &self.at.ends[range.clone()];
        let starts = match self.at.starts {
            [] => ends,
            starts => &starts[range],
        };
        match self.kind {
            Kind::Same if !self.at.tails.is_empty() => {
                let tails = &self.at.tails[group.from as usize..group.to as usize];
                for ((&end, &start), &tail) in ends.iter().zip(starts).zip(tails) {
                    if tail != NONE {
                        for &item in self.data.tail(end, tail) {
                            visit(item, end, start);
                        }
                    }
                }
            }
            Kind::Same => {
                for (&end, &start) in ends.iter().zip(starts) {
                    let items = self.data.basket(end).iter().rev();
                    for &item in items.take_while(|item| **item >= self.above) {
                        visit(item, end, start);
                    }
                }
            }
            Kind::Next => self.visit_windows(group.customer, ends, starts, |end, start| {
                for &item in self.data.basket(end) {
                    visit(item, end, start);
                }
            }),
        }
    }

    /// Calls `visit` with every basket that may follow the pattern.
    ///
    /// Of all ends that a basket may follow, the latest is the nearest, and the pattern that ends
    /// there starts latest: if a basket is too late for that one, it is too late for all.
    #[inline]
    fn visit_windows(
        &self,
        customer: u32,
        ends: &[u32],
        starts: &[u32],
        mut visit: impl FnMut(u32, u32),
    ) {
        let TimeLimits {
            min_gap,
            max_gap,
            max_span,
        } = self.time;
        let may_follow = |end: u32, b: u32| b > end && self.data.days_between(end, b) >= min_gap;
        let mut latest = 0;
        let mut b = self.data.next(customer, ends[0], min_gap);
        let n_baskets = self.data.baskets_of(customer).end;
        while b < n_baskets {
            while latest + 1 < ends.len() && may_follow(ends[latest + 1], b) {
                latest += 1;
            }
            let (end, start) = (ends[latest], starts[latest]);
            if max_gap.is_none_or(|days| self.data.days_between(end, b) <= days)
                && max_span.is_none_or(|days| self.data.days_between(start, b) <= days)
            {
                visit(b, start);
                b += 1;
            } else if latest + 1 < ends.len() {
                // Nothing may follow until the next end lets it.
                b = (b + 1).max(self.data.next(customer, ends[latest + 1], min_gap));
            } else {
                return;
            }
        }
    }
}
