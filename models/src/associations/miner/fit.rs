//! Itemsets that are kept: all of them with their subsets, the closed, the maximal, the top.

use std::time::Instant;

use super::{
    super::{Baskets, ItemsetError, ItemsetList, ItemsetValidParams, Itemsets, Kind, OnLimit},
    collect::{Found, OfLength, in_order},
    control::Control,
    job::{Job, Scope},
    rising::{Limits, lowest_support},
    sinks::Lengths,
};

/// Why a support was not done.
enum Stopped {
    Time,
    Limit(ItemsetError),
}

impl ItemsetValidParams {
    /// Finds every itemset that is in enough baskets.
    ///
    /// The result is the same on any number of threads, but for a limit on time. No baskets, or
    /// no frequent item, give no itemsets; an item that is in every basket is an item like any
    /// other.
    ///
    /// Time grows with the itemsets found and with the squared size of the baskets; one basket
    /// of thousands of items is fine, its subsets are only looked at while they are frequent.
    ///
    /// With `required` items or `targets` the itemsets that keep to them are listed, and
    /// [`Itemsets::count_of`] knows the counts of all their subsets.
    ///
    /// # Errors
    /// [`ItemsetError::TooManyItemsets`] or [`ItemsetError::TooMuchMemory`] as soon as more is
    /// found than a limit allows, unless the support is to be raised then;
    /// [`ItemsetError::UnknownItem`] for an item of a constraint that there is not.
    pub fn fit(&self, baskets: &Baskets) -> Result<Itemsets, ItemsetError> {
        let asked = self.asked(baskets)?;
        let (found, min_count, codes) = self.within_limits(baskets, Kind::All, Scope::Subsets)?;
        let found = in_order(found, &codes);
        let mut itemsets = Itemsets::new(found, baskets.n_baskets() as u32, self, asked, min_count);
        if !self.reads_all() {
            itemsets.count_again(baskets, |basket| !self.is_read(basket));
        }
        Ok(itemsets)
    }

    /// Finds the itemsets of a kind that keep to the constraints, and keeps those alone, in order
    /// by length and then by items.
    ///
    /// Whether an itemset is closed or maximal is judged among all items that are not forbidden
    /// and all lengths, whatever `max_len`, `required` and `targets` leave out of the list.
    ///
    /// # Errors
    /// As for [`fit`](Self::fit).
    pub fn list(&self, baskets: &Baskets, kind: Kind) -> Result<ItemsetList, ItemsetError> {
        let asked = self.asked(baskets)?;
        let (found, min_count, codes) = self.within_limits(baskets, kind, Scope::Listed)?;
        let found = in_order(found, &codes);
        let n_baskets = baskets.n_baskets() as u32;
        Ok(ItemsetList::new(found, n_baskets, asked, min_count))
    }

    /// Finds the `k` itemsets that are in most baskets, of those that have at least `min_len`
    /// items, keep to the constraints and are in at least `min_support` baskets; fewer if there
    /// are no more.
    ///
    /// They are in order by count, the highest first; of equal counts the shorter come first, and
    /// of equal lengths those with lower items. That order decides which of several itemsets
    /// with the same count are among the `k`, too.
    ///
    /// # Errors
    /// [`ItemsetError::TooManyItemsets`] if so many have the same count that those up to the
    /// length that decides are more than `max_itemsets`; [`ItemsetError::UnknownItem`].
    pub fn top_k(&self, baskets: &Baskets, k: usize) -> Result<ItemsetList, ItemsetError> {
        let asked = self.asked(baskets)?;
        let mut job = Job::new(self, baskets, asked, Scope::Listed);
        let limits = Limits {
            sets: k.saturating_sub(1) as u128,
            bytes: u128::MAX,
        };
        let above = lowest_support(&job, Kind::All, asked, self.min_len, limits);
        // Fewer than k are in at least `above` baskets, so the k-th has one basket less.
        let min_count = (above - 1).max(asked);
        let count_of_lengths = |job: &Job, min_count| {
            let control = Control::new(min_count);
            Lengths::sum(job.run(Kind::All, &control, || Lengths::new(job.max_len)))
        };
        let certain = if above > asked {
            count_of_lengths(&job, above)
        } else {
            Vec::new()
        };
        // Of those with the lowest count the shortest are taken, so longer ones than are needed
        // for k, or are there with a higher count, need not be looked for.
        // Below the second item beside the required ones there may be gaps in the lengths.
        let shortest = self.min_len.max(job.start.len() + 1);
        let mut max_len = shortest.max(certain.len().saturating_sub(1));
        loop {
            job.max_len = max_len.min(self.max_len);
            let lengths = count_of_lengths(&job, min_count);
            let found = lengths.iter().skip(self.min_len);
            let found = found.fold(0_u64, |sum, &n| sum.saturating_add(n));
            if found >= k as u64 || max_len >= self.max_len || lengths.len() <= max_len {
                break;
            }
            max_len += 1;
        }
        let control = Control::with_limits(min_count, self.max_itemsets, usize::MAX, None);
        let found = job.run(Kind::All, &control, || {
            Found::new(self.min_len, job.max_len, self.max_itemsets, usize::MAX)
        });
        if control.stopped() {
            return Err(self.too_many(min_count));
        }
        let found = in_order(found, job.ranked.codes());
        let mut list = ItemsetList::new(found, baskets.n_baskets() as u32, asked, min_count);
        list.keep_top(k);
        Ok(list)
    }

    /// How many itemsets of a kind keep to the constraints, by their number of items: `[2]` is
    /// the number of pairs; below `min_len` there are none.
    ///
    /// Nothing is kept, so memory is that of the baskets. A number beyond 64 bits stays at
    /// [`u64::MAX`]. The limits on itemsets, memory and time are not looked at.
    ///
    /// # Errors
    /// [`ItemsetError::UnknownItem`].
    pub fn spectrum(&self, baskets: &Baskets, kind: Kind) -> Result<Vec<u64>, ItemsetError> {
        let min_count = self.asked(baskets)?;
        let job = Job::new(self, baskets, min_count, Scope::Listed);
        let control = Control::new(min_count);
        let mut sum = Lengths::sum(job.run(kind, &control, || Lengths::new(self.max_len)));
        for short in sum.iter_mut().take(self.min_len) {
            *short = 0;
        }
        while sum.last() == Some(&0) {
            sum.pop();
        }
        Ok(sum)
    }

    /// The minimum support as a number of baskets, once the items of the constraints are known.
    pub(super) fn asked(&self, baskets: &Baskets) -> Result<u32, ItemsetError> {
        self.check_items(baskets.n_items())?;
        Ok(self.min_support.count_of(baskets.n_baskets() as u32))
    }

    fn too_many(&self, min_count: u32) -> ItemsetError {
        ItemsetError::TooManyItemsets {
            max_itemsets: self.max_itemsets,
            min_count,
        }
    }

    /// What the threads find, the support at which they do, and the codes of the items.
    fn within_limits(
        &self,
        baskets: &Baskets,
        kind: Kind,
        scope: Scope,
    ) -> Result<(Vec<Found>, u32, Vec<u32>), ItemsetError> {
        let asked = self.asked(baskets)?;
        let job = Job::new(self, baskets, asked, scope);
        let (found, min_count) = match self.max_time {
            None => self.at_most(&job, kind, scope, asked),
            Some(max_time) => self.in_time(&job, kind, scope, asked, Instant::now() + max_time),
        }?;
        Ok((found, min_count, job.ranked.codes().to_vec()))
    }

    /// Lowers the support by half at a time while there is time.
    fn in_time(
        &self,
        job: &Job,
        kind: Kind,
        scope: Scope,
        asked: u32,
        deadline: Instant,
    ) -> Result<(Vec<Found>, u32), ItemsetError> {
        let highest = job.ranked.highest_count();
        let mut steps = vec![asked];
        while let Some(next) = steps.last().and_then(|step| step.checked_mul(2)) {
            if next > highest {
                break;
            }
            steps.push(next);
        }
        let mut done = None;
        for (number, &min_count) in steps.iter().rev().enumerate() {
            let until = (number > 0).then_some(deadline);
            match self.once(job, kind, scope, min_count, until) {
                Ok(found) => done = Some((found, min_count)),
                Err(Stopped::Time) => break,
                Err(Stopped::Limit(_)) => {
                    return self.at_most(job, kind, scope, min_count);
                }
            }
        }
        match done {
            Some(done) => Ok(done),
            None => self.at_most(job, kind, scope, asked),
        }
    }

    /// Finds what the limits allow, from this support upwards.
    fn at_most(
        &self,
        job: &Job,
        kind: Kind,
        scope: Scope,
        min_count: u32,
    ) -> Result<(Vec<Found>, u32), ItemsetError> {
        let error = match self.once(job, kind, scope, min_count, None) {
            Ok(found) => return Ok((found, min_count)),
            Err(Stopped::Limit(error)) => error,
            // There is no deadline here.
            Err(Stopped::Time) => self.too_many(min_count),
        };
        if self.on_limit == OnLimit::Fail {
            return Err(error);
        }
        let mut raised = match kind {
            Kind::All | Kind::Closed => {
                let min_len = self.min_len_kept(scope);
                lowest_support(job, kind, min_count, min_len, self.limits())
            }
            // A higher support can make more of them, so it is tried out.
            Kind::Maximal => min_count + 1 + min_count / 4,
        };
        loop {
            match self.once(job, kind, scope, raised, None) {
                Ok(found) => return Ok((found, raised)),
                Err(_) => raised = raised.saturating_add(1 + raised / 4),
            }
        }
    }

    fn min_len_kept(&self, scope: Scope) -> usize {
        match scope {
            Scope::Listed => self.min_len,
            Scope::Subsets => 1,
        }
    }

    /// Finds all at one support, or says why not.
    fn once(
        &self,
        job: &Job,
        kind: Kind,
        scope: Scope,
        min_count: u32,
        deadline: Option<Instant>,
    ) -> Result<Vec<Found>, Stopped> {
        let (sets, bytes) = (self.max_itemsets, self.max_memory);
        let control = Control::with_limits(min_count, sets, bytes, deadline);
        let found = job.run(kind, &control, || {
            Found::new(self.min_len_kept(scope), self.max_len, sets, bytes)
        });
        if control.too_many_sets() {
            return Err(Stopped::Limit(self.too_many(min_count)));
        }
        if control.too_many_bytes() {
            return Err(Stopped::Limit(ItemsetError::TooMuchMemory {
                max_memory: self.max_memory,
                min_count,
            }));
        }
        match control.stopped() {
            true => Err(Stopped::Time),
            false => Ok(found),
        }
    }
}

impl Lengths {
    /// What all threads counted, by length.
    pub(super) fn sum(parts: Vec<Self>) -> Vec<u64> {
        let mut sum = Vec::new();
        for part in parts {
            if sum.len() < part.counts.len() {
                sum.resize(part.counts.len(), 0_u64);
            }
            for (place, n) in sum.iter_mut().zip(part.counts) {
                *place = place.saturating_add(n);
            }
        }
        sum
    }
}

impl OfLength {
    /// Number of sets.
    pub(in super::super) fn len(&self) -> usize {
        self.counts.len()
    }
}
