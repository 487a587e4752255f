//! Growing one tree, leaf by leaf, from histograms.

use std::ops::Range;

use rayon::prelude::*;

use super::BinnedMatrix;
use super::boosting::Monotone;
use super::criterion::Criterion;
use super::histogram::{
    FeatureHistogram, FixedPoint, Histogram, RowStat, Sums, accumulate, new_histogram, subtract,
};
use super::node::{Node, Tree};

/// Rows are partitioned in chunks of this many, on however many threads there are.
const CHUNK: usize = 16_384;

/// Work on fewer histogram entries than this is not worth waking another thread for.
const WORTH_SHARING: usize = 100_000;

/// What looking through a feature's bins costs, in histogram entries.
const PER_FEATURE: usize = 512;

/// A gain must be more than this share of the parent's worth: less is rounding.
const ROUNDING: f64 = 1e-12;

/// When to stop.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub max_leaves: usize,
    pub max_depth: Option<usize>,
    pub min_rows_per_leaf: usize,
    pub min_hessian: f64,
    pub min_gain: f64,
}

/// What a tree grows from.
pub(crate) struct Grower<'a, C> {
    pub data: &'a BinnedMatrix,
    /// Gradient and hessian of every row of `data`.
    pub stats: &'a [RowStat],
    pub fixed: FixedPoint,
    pub criterion: C,
    pub limits: &'a Limits,
    /// The features that may be split on, ascending.
    pub features: &'a [u32],
    /// One a feature of `data`, or empty.
    pub monotone: &'a [Monotone],
}

/// A grown tree and where its training rows went.
pub(crate) struct Grown {
    pub tree: Tree,
    /// The training rows, those of a leaf side by side.
    pub rows: Vec<u32>,
    /// For each leaf its node and its part of `rows`.
    pub leaves: Vec<(u32, Range<usize>)>,
}

/// Memory that one tree leaves to the next.
#[derive(Default)]
pub(crate) struct Workspace {
    free: Vec<Histogram>,
    gathered: Vec<RowStat>,
    scratch: Vec<u32>,
}

impl Workspace {
    fn histogram(&mut self, features: usize) -> Histogram {
        self.free.pop().unwrap_or_else(|| new_histogram(features))
    }
}

/// The best split found of one leaf.
#[derive(Clone, Copy, Debug)]
struct Split {
    gain: f64,
    feature: u32,
    bin: u8,
    missing_left: bool,
    left: Sums,
}

/// A leaf that may still be split.
struct Leaf {
    node: u32,
    rows: Range<usize>,
    depth: usize,
    sums: Sums,
    /// What its value may be, under monotone constraints.
    bounds: (f64, f64),
    histogram: Option<Histogram>,
    split: Option<Split>,
}

impl<C: Criterion> Grower<'_, C> {
    /// Grows a tree on `rows`, which must be ascending, without repeats, and not empty.
    pub(crate) fn grow(&self, rows: Vec<u32>, work: &mut Workspace) -> Grown {
        let mut rows = rows;
        let mut nodes = Vec::new();
        let sums = self.sum(&rows);
        let bounds = (f64::NEG_INFINITY, f64::INFINITY);
        nodes.push(self.node(sums, bounds));
        let mut root = Leaf {
            node: 0,
            rows: 0..rows.len(),
            depth: 0,
            sums,
            bounds,
            histogram: None,
            split: None,
        };
        if self.may_split(&root) && self.limits.max_leaves > 1 {
            self.search_root(&mut root, &rows, work);
        }
        let mut leaves = vec![root];

        while leaves.len() < self.limits.max_leaves {
            let Some((index, split)) = best_leaf(&leaves) else {
                break;
            };
            let last = leaves.len() + 1 == self.limits.max_leaves;
            let parent = &mut leaves[index];
            let (mut left, mut right) = self.split(parent, split, &mut nodes, &mut rows, work);
            let histogram = parent.histogram.take();
            match histogram {
                Some(histogram) if !last => {
                    self.search_children(histogram, &mut left, &mut right, &rows, work);
                }
                Some(histogram) => work.free.push(histogram),
                None => {}
            }
            leaves[index] = left;
            leaves.push(right);
        }

        let leaves = leaves
            .into_iter()
            .map(|leaf| {
                work.free.extend(leaf.histogram);
                (leaf.node, leaf.rows)
            })
            .collect();
        Grown {
            tree: Tree { nodes },
            rows,
            leaves,
        }
    }

    fn sum(&self, rows: &[u32]) -> Sums {
        rows.iter().fold(Sums::default(), |sums, row| {
            let stat = self.stats[*row as usize];
            sums.plus(Sums {
                gradient: i64::from(stat.gradient),
                hessian: i64::from(stat.hessian),
                rows: 1,
            })
        })
    }

    fn real(&self, sums: Sums) -> (f64, f64) {
        (
            self.fixed.real(sums.gradient),
            self.fixed.real(sums.hessian),
        )
    }

    fn value(&self, sums: Sums, bounds: (f64, f64)) -> f64 {
        let (gradient, hessian) = self.real(sums);
        self.criterion
            .value(gradient, hessian)
            .clamp(bounds.0, bounds.1)
    }

    fn node(&self, sums: Sums, bounds: (f64, f64)) -> Node {
        let (gradient, hessian) = self.real(sums);
        Node {
            feature: 0,
            threshold: 0.0,
            bin: 0,
            categories: None,
            missing_left: false,
            left: 0,
            right: 0,
            gain: 0.0,
            rows: sums.rows as usize,
            gradient,
            hessian,
            value: self.value(sums, bounds),
        }
    }

    fn may_split(&self, leaf: &Leaf) -> bool {
        self.limits.max_depth.is_none_or(|max| leaf.depth < max)
            && leaf.sums.rows as usize >= 2 * self.limits.min_rows_per_leaf
            && self.fixed.real(leaf.sums.hessian) >= 2.0 * self.limits.min_hessian
    }

    /// Makes two leaves of one: adds their nodes and sorts the rows to their sides.
    fn split(
        &self,
        parent: &Leaf,
        split: Split,
        nodes: &mut Vec<Node>,
        rows: &mut [u32],
        work: &mut Workspace,
    ) -> (Leaf, Leaf) {
        let feature = split.feature as usize;
        let bins = &self.data.features()[feature];
        let column = self.data.column(feature);
        let goes_left = |row: u32| {
            let bin = column[row as usize];
            if bin == bins.missing_bin() {
                split.missing_left
            } else {
                bin <= split.bin
            }
        };
        let middle = partition(&mut rows[parent.rows.clone()], &mut work.scratch, goes_left);
        debug_assert_eq!(middle, split.left.rows as usize);

        let right = parent.sums.minus(split.left);
        let (left_bounds, right_bounds) = self.child_bounds(parent, split, right);
        let first = nodes.len() as u32;
        nodes.push(self.node(split.left, left_bounds));
        nodes.push(self.node(right, right_bounds));
        let node = &mut nodes[parent.node as usize];
        node.feature = split.feature;
        node.bin = split.bin;
        node.threshold = bins.upper_edge(split.bin);
        node.missing_left = split.missing_left;
        node.gain = split.gain;
        node.left = first;
        node.right = first + 1;

        let middle = parent.rows.start + middle;
        let leaf = |node, rows, sums, bounds| Leaf {
            node,
            rows,
            depth: parent.depth + 1,
            sums,
            bounds,
            histogram: None,
            split: None,
        };
        (
            leaf(first, parent.rows.start..middle, split.left, left_bounds),
            leaf(first + 1, middle..parent.rows.end, right, right_bounds),
        )
    }

    /// A split on a constrained feature parts the values of its sides at the middle of the two,
    /// so that later splits below cannot cross over.
    fn child_bounds(&self, parent: &Leaf, split: Split, right: Sums) -> ((f64, f64), (f64, f64)) {
        let (low, high) = parent.bounds;
        let middle =
            (self.value(split.left, parent.bounds) + self.value(right, parent.bounds)) / 2.0;
        match self.direction(split.feature) {
            Monotone::Free => (parent.bounds, parent.bounds),
            Monotone::Increasing => ((low, middle), (middle, high)),
            Monotone::Decreasing => ((middle, high), (low, middle)),
        }
    }

    fn direction(&self, feature: u32) -> Monotone {
        self.monotone
            .get(feature as usize)
            .copied()
            .unwrap_or(Monotone::Free)
    }

    fn search_root(&self, root: &mut Leaf, rows: &[u32], work: &mut Workspace) {
        let mut histogram = work.histogram(self.features.len());
        gather(self.stats, rows, &mut work.gathered);
        let splits: Vec<Option<Split>> = histogram
            .par_iter_mut()
            .zip(self.features)
            .map(|(out, feature)| {
                accumulate(self.data, *feature as usize, rows, &work.gathered, out);
                self.best_split(root, *feature, out)
            })
            .collect();
        root.split = first_best(splits);
        root.histogram = Some(histogram);
    }

    /// Finds the best split of both children of a leaf whose histogram is `parent`.
    ///
    /// The smaller child's histogram is summed from its rows, the larger one's is what is left
    /// of the parent's.
    fn search_children(
        &self,
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
        let mut child = work.histogram(self.features.len());
        let small_rows = &rows[small.rows.clone()];
        gather(self.stats, small_rows, &mut work.gathered);
        let gathered = &work.gathered;
        let search = |((parent, child), feature): ((&mut _, &mut _), &u32)| {
            accumulate(self.data, *feature as usize, small_rows, gathered, child);
            let of_small = if split_small {
                self.best_split(small, *feature, child)
            } else {
                None
            };
            let of_large = if split_large {
                let bins = self.data.features()[*feature as usize].bins();
                subtract(parent, child, bins);
                self.best_split(large, *feature, parent)
            } else {
                None
            };
            (of_small, of_large)
        };
        let (small_splits, large_splits): (Vec<_>, Vec<_>) =
            if (small_rows.len() + PER_FEATURE) * self.features.len() < WORTH_SHARING {
                let both = parent.iter_mut().zip(child.iter_mut());
                both.zip(self.features).map(search).unzip()
            } else {
                let both = parent.par_iter_mut().zip(child.par_iter_mut());
                both.zip(self.features).map(search).unzip()
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

    /// The best split of a leaf on one feature: the first of those that gain most, by bin, and
    /// at a bin with missing values to the left before to the right.
    fn best_split(&self, leaf: &Leaf, feature: u32, histogram: &FeatureHistogram) -> Option<Split> {
        let bins = self.data.features()[feature as usize].bins();
        let missing = histogram[bins];
        let (gradient, hessian) = self.real(leaf.sums);
        let parent = if self.monotone.is_empty() {
            self.criterion.score(gradient, hessian)
        } else {
            self.criterion
                .score_at(gradient, hessian, self.value(leaf.sums, leaf.bounds))
        };
        let mut least = self.limits.min_gain.max(parent.abs() * ROUNDING);
        let mut best = None;
        let mut consider = |bin: usize, missing_left: bool, left: Sums| {
            let right = leaf.sums.minus(left);
            if let Some(worth) = self.worth(leaf, feature, left, right) {
                let gain = worth - parent;
                if gain > least {
                    least = gain;
                    // With nothing missing the way of later missing values is the larger side's.
                    let missing_left = if missing.rows == 0 {
                        left.rows >= right.rows
                    } else {
                        missing_left
                    };
                    best = Some(Split {
                        gain,
                        feature,
                        bin: bin as u8,
                        missing_left,
                        left,
                    });
                }
            }
        };
        let mut left = Sums::default();
        for (bin, sums) in histogram[..bins].iter().enumerate() {
            // An empty bin parts the rows as the bin before it did, which is preferred.
            if sums.rows == 0 {
                continue;
            }
            left = left.plus(*sums);
            if left.rows + missing.rows == leaf.sums.rows {
                // Every value that is not missing lies to the left.
                if missing.rows > 0 {
                    consider(bins - 1, false, left);
                }
                break;
            }
            if missing.rows > 0 {
                consider(bin, true, left.plus(missing));
            }
            consider(bin, false, left);
        }
        best
    }

    /// `score(left) + score(right)`, or nothing where a limit or a constraint forbids the split.
    fn worth(&self, leaf: &Leaf, feature: u32, left: Sums, right: Sums) -> Option<f64> {
        let limits = self.limits;
        if (left.rows.min(right.rows) as usize) < limits.min_rows_per_leaf {
            return None;
        }
        let ((lg, lh), (rg, rh)) = (self.real(left), self.real(right));
        // `<=` also keeps out sides whose rows all weigh nothing.
        let smallest = lh.min(rh);
        if smallest <= 0.0 || smallest < limits.min_hessian {
            return None;
        }
        if self.monotone.is_empty() {
            return Some(self.criterion.score(lg, lh) + self.criterion.score(rg, rh));
        }
        let (lv, rv) = (
            self.value(left, leaf.bounds),
            self.value(right, leaf.bounds),
        );
        let allowed = match self.direction(feature) {
            Monotone::Free => true,
            Monotone::Increasing => lv <= rv,
            Monotone::Decreasing => lv >= rv,
        };
        allowed.then(|| self.criterion.score_at(lg, lh, lv) + self.criterion.score_at(rg, rh, rv))
    }
}

/// The leaf that gains most, of equals the one that was made first.
fn best_leaf(leaves: &[Leaf]) -> Option<(usize, Split)> {
    leaves
        .iter()
        .enumerate()
        .filter_map(|(index, leaf)| Some((index, leaf.split?, leaf.node)))
        .max_by(|(_, a, a_node), (_, b, b_node)| a.gain.total_cmp(&b.gain).then(b_node.cmp(a_node)))
        .map(|(index, split, _)| (index, split))
}

/// The split that gains most, the first of equals.
fn first_best(splits: Vec<Option<Split>>) -> Option<Split> {
    splits
        .into_iter()
        .flatten()
        .fold(None, |best: Option<Split>, split| match best {
            Some(b) if b.gain >= split.gain => Some(b),
            _ => Some(split),
        })
}

/// Copies the statistics of `rows` side by side, so that each feature reads them in order.
fn gather(stats: &[RowStat], rows: &[u32], out: &mut Vec<RowStat>) {
    out.clear();
    if rows.len() == stats.len() {
        out.extend_from_slice(stats);
    } else {
        out.par_extend(
            rows.par_iter()
                .with_min_len(CHUNK)
                .map(|row| stats[*row as usize]),
        );
    }
}

/// Moves the rows that go left before those that go right, each side in its order, and returns
/// how many go left. Works in chunks of a fixed size, each writing to a place of its own.
fn partition(
    rows: &mut [u32],
    scratch: &mut Vec<u32>,
    goes_left: impl Fn(u32) -> bool + Sync,
) -> usize {
    let n = rows.len();
    let counts: Vec<usize> = rows
        .par_chunks(CHUNK)
        .map(|chunk| chunk.iter().filter(|row| goes_left(**row)).count())
        .collect();
    let lefts: usize = counts.iter().sum();
    scratch.clear();
    scratch.resize(n, 0);
    let (mut left, mut right) = scratch.split_at_mut(lefts);
    let mut places = Vec::with_capacity(counts.len());
    for (chunk, count) in rows.chunks(CHUNK).zip(counts) {
        let (left_here, left_rest) = left.split_at_mut(count);
        let (right_here, right_rest) = right.split_at_mut(chunk.len() - count);
        places.push((chunk, left_here, right_here));
        (left, right) = (left_rest, right_rest);
    }
    places.into_par_iter().for_each(|(chunk, left, right)| {
        // Which way a row goes cannot be guessed, so there is no branch on it: every row is
        // written to the next free place of both sides, and stays on the side that moves on.
        let (mut l, mut r) = (0, 0);
        for row in chunk {
            if let Some(place) = left.get_mut(l) {
                *place = *row;
            }
            if let Some(place) = right.get_mut(r) {
                *place = *row;
            }
            let went_left = usize::from(goes_left(*row));
            l += went_left;
            r += 1 - went_left;
        }
    });
    rows.copy_from_slice(scratch);
    lefts
}

#[cfg(test)]
mod tests;
