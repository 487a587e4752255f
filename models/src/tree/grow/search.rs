//! Looking for the best split of a leaf: summing its histograms and going through their bins.

use rayon::prelude::*;

use super::super::criterion::Criterion;
use super::super::histogram::{accumulate, subtract};
use super::*;

/// Work on fewer histogram entries than this is not worth waking another thread for.
const WORTH_SHARING: usize = 60_000;

/// What looking at one bin costs, in histogram entries.
const PER_BIN: usize = 8;

/// A gain must be more than this share of the parent's worth: less is rounding.
pub(super) const ROUNDING: f64 = 1e-12;

impl<C: Criterion> Grower<'_, C> {
    pub(super) fn search_root(
        &self,
        plan: &Plan,
        root: &mut Leaf,
        rows: &[u32],
        work: &mut Workspace,
    ) {
        if !self.may_split(root) {
            return;
        }
        let all = rows.len() == self.stats.len()
            && rows.iter().enumerate().all(|(i, row)| i == *row as usize);
        let rows = if all {
            Rows::Range(0, rows.len())
        } else {
            Rows::Listed(rows)
        };
        let histogram = self.histogram(plan, rows, work);
        let search = |feature: usize| {
            let bins = plan.of(feature, &histogram);
            self.best_split(root, plan.features[feature], bins)
        };
        root.split = if self.worth_sharing(plan.bins() * PER_BIN) {
            let features = 0..plan.features.len();
            first_best(features.into_par_iter().map(search).collect::<Vec<_>>())
        } else {
            first_best((0..plan.features.len()).map(search))
        };
        root.histogram = Some(histogram);
    }

    /// Finds the best split of both children of a leaf whose histogram is `parent`.
    ///
    /// The smaller child's histogram is summed from its rows, the larger one's is what is left
    /// of the parent's.
    pub(super) fn search_children(
        &self,
        plan: &Plan,
        mut parent: Histogram,
        left: &mut Leaf,
        right: &mut Leaf,
        rows: &[u32],
        work: &mut Workspace,
    ) {
        let left_is_small = left.sums.rows <= right.sums.rows;
        let (small, large) = if left_is_small {
            (left, right)
        } else {
            (right, left)
        };
        let (split_small, split_large) = (self.may_split(small), self.may_split(large));
        if !split_small && !split_large {
            work.free.push(parent);
            return;
        }
        let mut child = self.histogram(plan, Rows::Listed(&rows[small.rows.clone()]), work);
        let search = |((parent, child), feature): ((&mut [Sums], &mut [Sums]), &u32)| {
            let of_small = if split_small {
                self.best_split(small, *feature, child)
            } else {
                None
            };
            let of_large = if split_large {
                subtract(parent, child);
                self.best_split(large, *feature, parent)
            } else {
                None
            };
            (of_small, of_large)
        };
        let (parents, children) = (plan.parts(&mut parent), plan.parts(&mut child));
        let (small_splits, large_splits): (Vec<_>, Vec<_>) =
            if self.worth_sharing(2 * plan.bins() * PER_BIN) {
                let both = parents.into_par_iter().zip(children);
                both.zip(&plan.features).map(search).unzip()
            } else {
                let both = parents.into_iter().zip(children);
                both.zip(&plan.features).map(search).unzip()
            };
        small.split = first_best(small_splits);
        large.split = first_best(large_splits);
        for (leaf, histogram) in [(small, child), (large, parent)] {
            if leaf.split.is_some() {
                leaf.histogram = Some(histogram);
            } else {
                work.free.push(histogram);
            }
        }
    }

    /// Finds the best split of a leaf on some features drawn for it; on others, while none of
    /// them can be split on.
    pub(super) fn search_drawn(&self, leaf: &mut Leaf, rows: &[u32], work: &mut Workspace) {
        if !self.may_split(leaf) {
            return;
        }
        let wanted = self.chance.features_per_node.unwrap_or(usize::MAX).max(1);
        let mut order: Vec<u32> = self
            .features
            .iter()
            .copied()
            .filter(|feature| self.allowed(leaf, *feature))
            .filter(|feature| self.data.place(*feature as usize).is_some())
            .collect();
        order.sort_by_cached_key(|feature| self.draw(leaf, 1, *feature));
        for drawn in order.chunks_mut(wanted) {
            drawn.sort_unstable();
            let plan = Plan::new(self.data, drawn);
            let listed = Rows::Listed(&rows[leaf.rows.clone()]);
            let histogram = self.histogram(&plan, listed, work);
            let splits = plan
                .features
                .iter()
                .enumerate()
                .map(|(i, feature)| self.best_split(leaf, *feature, plan.of(i, &histogram)));
            leaf.split = first_best(splits);
            work.free.push(histogram);
            if leaf.split.is_some() {
                break;
            }
        }
    }

    fn worth_sharing(&self, work: usize) -> bool {
        self.shared && work >= WORTH_SHARING
    }

    /// Sums the histogram of some rows, each thread those of a stretch.
    fn histogram(&self, plan: &Plan, rows: Rows<'_>, work: &mut Workspace) -> Histogram {
        let threads = if self.worth_sharing(rows.len() * plan.bytes()) {
            rayon::current_num_threads()
        } else {
            1
        };
        let mut parts: Vec<Histogram> = (0..threads).map(|_| work.histogram(plan.bins())).collect();
        if work.scratch.len() < threads {
            work.scratch.resize_with(threads, Scratch::default);
        }
        let stretch = rows.len().div_ceil(threads);
        let sum = |(part, (out, scratch)): (usize, (&mut Histogram, &mut Scratch))| {
            let start = (part * stretch).min(rows.len());
            let rows = rows.part(start, stretch.min(rows.len() - start));
            accumulate(self.data, plan, rows, self.stats, scratch, out);
        };
        let both = parts.iter_mut().zip(&mut work.scratch).enumerate();
        if threads == 1 {
            both.for_each(sum);
        } else {
            both.collect::<Vec<_>>().into_par_iter().for_each(sum);
        }
        let mut histogram = parts.swap_remove(0);
        for part in parts {
            for (sum, part) in histogram.iter_mut().zip(&part) {
                *sum = sum.plus(*part);
            }
            work.free.push(part);
        }
        histogram
    }

    /// The best split of a leaf on one feature, whose sums by bin are given.
    fn best_split(&self, leaf: &Leaf, feature: u32, histogram: &[Sums]) -> Option<Split> {
        if !self.allowed(leaf, feature) {
            return None;
        }
        let parent = self.score(leaf, leaf.sums, 0.0);
        let least = self.limits.min_gain.max(parent.abs() * ROUNDING);
        let mut search = Search {
            leaf,
            feature,
            parent,
            missing: histogram[histogram.len() - 1],
            least,
            best: None,
        };
        let bins = &self.data.features()[feature as usize];
        match (bins.is_categorical(), self.chance.random_thresholds) {
            (false, false) => self.best_cut(&mut search, histogram),
            (false, true) => self.random_cut(&mut search, histogram),
            (true, false) => self.best_sides(&mut search, histogram),
            (true, true) => self.random_sides(&mut search, histogram),
        }
        search.best
    }

    /// All cuts between bins: the first of those that gain most, by bin, and at a bin with
    /// missing values to the left before to the right.
    fn best_cut(&self, search: &mut Search<'_>, histogram: &[Sums]) {
        let bins = histogram.len() - 1;
        let missing = search.missing;
        let total = search.leaf.sums.rows;
        let mut left = Sums::default();
        for (bin, sums) in histogram[..bins].iter().enumerate() {
            // An empty bin parts the rows as the bin before it did, which is preferred.
            if sums.rows == 0 {
                continue;
            }
            left = left.plus(*sums);
            if left.rows + missing.rows == total {
                // Every value that is not missing lies to the left.
                if missing.rows > 0 {
                    self.consider_cut(search, bins - 1, false, left);
                }
                break;
            }
            if missing.rows > 0 {
                self.consider_cut(search, bin, true, left.plus(missing));
            }
            self.consider_cut(search, bin, false, left);
        }
    }

    /// One cut, at a value drawn between the least and the greatest of the leaf.
    fn random_cut(&self, search: &mut Search<'_>, histogram: &[Sums]) {
        let bins = histogram.len() - 1;
        let missing = search.missing;
        let used = |bin: &usize| histogram[*bin].rows > 0;
        let (Some(first), Some(last)) = ((0..bins).find(used), (0..bins).rev().find(used)) else {
            return;
        };
        if first == last {
            if missing.rows > 0 {
                let left = search.leaf.sums.minus(missing);
                self.consider_cut(search, bins - 1, false, left);
            }
            return;
        }
        let features = &self.data.features()[search.feature as usize];
        let (low, high) = (features.middle(first as u8), features.middle(last as u8));
        let share = random::unit(self.draw(search.leaf, 2, search.feature), 0, 0);
        let at = low + share * (high - low);
        // The greatest bin whose middle is not above the draw; never the last.
        let cut = (first..last)
            .rev()
            .find(|bin| features.middle(*bin as u8) <= at)
            .unwrap_or(first);
        let left = histogram[first..=cut]
            .iter()
            .fold(Sums::default(), |sum, bin| sum.plus(*bin));
        if missing.rows > 0 {
            self.consider_cut(search, cut, true, left.plus(missing));
        }
        self.consider_cut(search, cut, false, left);
    }

    fn consider_cut(&self, search: &mut Search<'_>, bin: usize, missing_left: bool, left: Sums) {
        if let Some(gain) = self.gain(search, left, 0.0) {
            search.least = gain;
            search.best = Some(Split {
                gain,
                feature: search.feature,
                bin: bin as u8,
                sides: None,
                missing_left: search.missing_goes_left(missing_left, left),
                left,
            });
        }
    }

    /// What a split gains, where that is more than any before and no limit or constraint
    /// forbids it. `extra` is added to the hessian of both sides.
    #[inline(always)]
    pub(super) fn gain(&self, search: &Search<'_>, left: Sums, extra: f64) -> Option<f64> {
        let limits = self.limits;
        let right = search.leaf.sums.minus(left);
        if (left.rows.min(right.rows) as usize) < limits.min_rows_per_leaf {
            return None;
        }
        let (left_gradient, left_hessian) = self.real(left);
        let (right_gradient, right_hessian) = self.real(right);
        // `<=` also keeps out sides whose rows all weigh nothing.
        let smallest = left_hessian.min(right_hessian);
        if smallest <= 0.0 || smallest < limits.min_hessian {
            return None;
        }
        if !self.monotone.is_empty() {
            return self.constrained_gain(search, left, right, extra);
        }
        let worth = self.criterion.score(left_gradient, left_hessian + extra)
            + self.criterion.score(right_gradient, right_hessian + extra);
        let gain = worth - search.parent;
        (gain > search.least).then_some(gain)
    }

    fn constrained_gain(
        &self,
        search: &Search<'_>,
        left: Sums,
        right: Sums,
        extra: f64,
    ) -> Option<f64> {
        let leaf = search.leaf;
        let (low, high) = match self.direction(search.feature) {
            Monotone::Free | Monotone::Increasing => (left, right),
            Monotone::Decreasing => (right, left),
        };
        let rises = self.value(low, leaf.bounds) <= self.value(high, leaf.bounds);
        if !rises && self.direction(search.feature) != Monotone::Free {
            return None;
        }
        let worth = self.score(leaf, left, extra) + self.score(leaf, right, extra);
        let gain = worth - search.parent;
        (gain > search.least).then_some(gain)
    }

    /// What a set of rows of the leaf is worth; under constraints, with the value it may have.
    #[inline]
    fn score(&self, leaf: &Leaf, sums: Sums, extra: f64) -> f64 {
        let (gradient, hessian) = self.real(sums);
        let hessian = hessian + extra;
        if self.monotone.is_empty() {
            return self.criterion.score(gradient, hessian);
        }
        let value = self.criterion.value(gradient, hessian);
        let value = value.clamp(leaf.bounds.0, leaf.bounds.1);
        self.criterion.score_at(gradient, hessian, value)
    }
}

/// The search for the best split of one leaf on one feature.
pub(super) struct Search<'a> {
    pub leaf: &'a Leaf,
    pub feature: u32,
    /// What the leaf is worth unsplit.
    pub parent: f64,
    /// The sums of the rows whose value is missing.
    pub missing: Sums,
    /// What must be gained more than: the best so far.
    pub least: f64,
    pub best: Option<Split>,
}

impl Search<'_> {
    /// With nothing missing the way of later missing values is the larger side's.
    pub(super) fn missing_goes_left(&self, missing_left: bool, left: Sums) -> bool {
        if self.missing.rows == 0 {
            left.rows >= self.leaf.sums.minus(left).rows
        } else {
            missing_left
        }
    }
}

/// The split that gains most, the first of equals.
fn first_best(splits: impl IntoIterator<Item = Option<Split>>) -> Option<Split> {
    splits
        .into_iter()
        .flatten()
        .fold(None, |best: Option<Split>, split| match best {
            Some(b) if b.gain >= split.gain => Some(b),
            _ => Some(split),
        })
}
