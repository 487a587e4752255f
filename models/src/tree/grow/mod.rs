//! Growing one tree from histograms, leaf by leaf or level by level.

mod categories;
mod partition;
mod search;

use std::ops::Range;

use rayon::prelude::*;

use super::BinnedMatrix;
use super::criterion::Criterion;
use super::histogram::{FixedPoint, Histogram, Plan, RowStat, Rows, Scratch, Sums};
use super::node::{CategorySplit, Node, Tree};
use crate::random;

use partition::{CHUNK, partition};

/// In which order leaves are split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Growth {
    /// The leaf that gains most first (Shi 2007, "Best-first decision tree learning").
    #[default]
    LeafWise,
    /// The shallowest leaf first, and of those the one that gains most.
    DepthWise,
}

/// How the score may move with a feature, all others held fixed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Monotone {
    /// Any way.
    #[default]
    Free,
    /// Never falls as the feature rises.
    Increasing,
    /// Never rises as the feature rises.
    Decreasing,
}

/// When to stop, and how.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// The most leaves; `usize::MAX` for no limit.
    pub max_leaves: usize,
    /// The most splits from the root to a leaf.
    pub max_depth: Option<usize>,
    /// The fewest rows of a leaf; a row that is listed twice counts twice.
    pub min_rows_per_leaf: usize,
    /// The least sum of hessians (of weights, for impurities) of a leaf.
    pub min_hessian: f64,
    /// A split must gain more than this.
    pub min_gain: f64,
    pub growth: Growth,
    pub categories: CategoryLimits,
}

impl Default for Limits {
    /// No limits, leaf by leaf, categories as they are best told apart in the training rows.
    fn default() -> Self {
        Self {
            max_leaves: usize::MAX,
            max_depth: None,
            min_rows_per_leaf: 1,
            min_hessian: 0.0,
            min_gain: 0.0,
            growth: Growth::LeafWise,
            categories: CategoryLimits::exact(),
        }
    }
}

/// What keeps splits on categories from fitting chance.
///
/// With at most `one_against_rest` categories at a node (missing counts as one), each is tried
/// alone against the rest. With more, they are put in the order of gradient over hessian and
/// cut in two, which finds the best of all two-sided splits for a convex criterion (Fisher 1958,
/// "On grouping for maximum homogeneity"; Breiman et al. 1984, theorem 4.5); the other settings
/// are of this way only, and as in LightGBM.
#[derive(Clone, Debug)]
pub(crate) struct CategoryLimits {
    /// 0 always takes the ordered way.
    pub one_against_rest: usize,
    /// Added to the hessian of a category when it is put in order.
    pub smoothing: f64,
    /// Added to the hessian of both sides when the gain is worked out, not to the parent's. For
    /// second-order boosting; leave 0 for impurities.
    pub l2: f64,
    /// Categories with fewer rows at a node are not put in order, and go right together.
    pub min_rows: usize,
    /// The most categories on the smaller side of the cut.
    pub max_categories: usize,
}

impl CategoryLimits {
    /// The best two-sided split of the training rows, whatever it rests on.
    pub(crate) fn exact() -> Self {
        Self {
            one_against_rest: 0,
            smoothing: 0.0,
            l2: 0.0,
            min_rows: 1,
            max_categories: usize::MAX,
        }
    }

    /// What suits boosting: LightGBM's defaults (`cat_smooth`, `cat_l2`, `max_cat_threshold`,
    /// `max_cat_to_onehot`), with its `cat_smooth` as the fewest rows of a category too.
    pub(crate) fn boosting() -> Self {
        Self {
            one_against_rest: 4,
            smoothing: 10.0,
            l2: 10.0,
            min_rows: 10,
            max_categories: 32,
        }
    }
}

/// What is left to chance at each node. The numbers are those of (seed, tree, node, feature), so
/// they are the same on any thread.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chance {
    /// How many features are looked at to split a node, drawn anew at each; while none of them
    /// splits it, as many others are drawn (as scikit-learn does). `None`: all.
    pub features_per_node: Option<usize>,
    /// Extra trees (Geurts, Ernst and Wehenkel 2006, "Extremely randomized trees"): each feature
    /// has but one cut at a node, drawn between its least and greatest value there; categories
    /// each go to a side by the flip of a coin.
    pub random_thresholds: bool,
    pub seed: u64,
    /// The number of the tree.
    pub tree: u64,
}

/// What a tree grows from. Start from [`Grower::new`] and change fields.
pub(crate) struct Grower<'a, C> {
    pub data: &'a BinnedMatrix,
    /// Gradient and hessian of every row of `data`, also of rows that are not listed.
    pub stats: &'a [RowStat],
    pub fixed: FixedPoint,
    pub criterion: C,
    pub limits: &'a Limits,
    /// The features that may be split on, ascending.
    pub features: &'a [u32],
    /// One a feature of `data`, or empty. Not looked at for categories.
    pub monotone: &'a [Monotone],
    /// Groups of features that may be met on one path; empty for no limits. Two features may
    /// both be on a path only if a group holds both (as in LightGBM and XGBoost); a feature of
    /// no group may only be met alone.
    pub interactions: &'a [Vec<u32>],
    pub chance: Chance,
    /// Whether the threads share the work of this tree; a forest shares out trees instead. The
    /// tree is the same.
    pub shared: bool,
}

/// A grown tree and where its training rows went.
pub(crate) struct Grown {
    pub tree: Tree,
    /// The training rows, those of a leaf side by side, in each leaf ascending.
    pub rows: Vec<u32>,
    /// For each leaf its node and its part of `rows`.
    pub leaves: Vec<(u32, Range<usize>)>,
}

impl Grown {
    /// Adds the values of the leaves to the scores of all rows of `data`, those included that
    /// the tree did not grow on.
    pub(crate) fn add_to_scores(&self, data: &BinnedMatrix, scores: &mut [f64]) {
        let leaves: Vec<(f64, &[u32])> = self
            .leaves
            .iter()
            .map(|(node, rows)| {
                let value = self.tree.nodes[*node as usize].value;
                (value, &self.rows[rows.clone()])
            })
            .collect();
        let all = self.rows.len() == scores.len();
        let chunks = scores.par_chunks_mut(CHUNK).enumerate();
        chunks.for_each(|(chunk, scores)| {
            let start = chunk * CHUNK;
            let mut seen = vec![false; if all { 0 } else { scores.len() }];
            // The rows of a leaf ascend, so those of the chunk lie side by side in it.
            for (value, rows) in &leaves {
                let first = rows.partition_point(|row| (*row as usize) < start);
                for row in &rows[first..] {
                    let row = *row as usize - start;
                    let Some(score) = scores.get_mut(row) else {
                        break;
                    };
                    *score += value;
                    if let Some(seen) = seen.get_mut(row) {
                        *seen = true;
                    }
                }
            }
            for (i, seen) in seen.into_iter().enumerate() {
                if !seen {
                    scores[i] += self.tree.leaf_binned(data, start + i).value;
                }
            }
        });
    }
}

/// Memory that one tree leaves to the next.
#[derive(Default)]
pub(crate) struct Workspace {
    free: Vec<Histogram>,
    scratch: Vec<Scratch>,
    moved: Vec<u32>,
}

impl Workspace {
    /// A histogram of zeros.
    fn histogram(&mut self, bins: usize) -> Histogram {
        let mut histogram = self.free.pop().unwrap_or_default();
        histogram.clear();
        histogram.resize(bins, Sums::default());
        histogram
    }
}

/// A set of bins of one feature, that of missing values included.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct BinSet([u64; 4]);

impl BinSet {
    fn insert(&mut self, bin: usize) {
        self.0[bin / 64] |= 1 << (bin % 64);
    }

    fn contains(&self, bin: u8) -> bool {
        self.0[usize::from(bin) / 64] >> (bin % 64) & 1 == 1
    }
}

/// The best split found of one leaf.
#[derive(Clone, Copy, Debug)]
struct Split {
    gain: f64,
    feature: u32,
    bin: u8,
    /// For categories, the bins that go left and those that go right.
    sides: Option<[BinSet; 2]>,
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
    /// The features on its path, under limits on interactions.
    path: Vec<u32>,
    histogram: Option<Histogram>,
    split: Option<Split>,
}

impl<'a, C: Criterion> Grower<'a, C> {
    /// A grower that may split on `features`, without constraints or chance, on all threads.
    pub(crate) fn new(
        data: &'a BinnedMatrix,
        stats: &'a [RowStat],
        fixed: FixedPoint,
        criterion: C,
        limits: &'a Limits,
        features: &'a [u32],
    ) -> Self {
        Self {
            data,
            stats,
            fixed,
            criterion,
            limits,
            features,
            monotone: &[],
            interactions: &[],
            chance: Chance::default(),
            shared: true,
        }
    }

    /// Grows a tree on `rows`, which must be ascending and not empty. A row that is listed
    /// several times counts as often (a bootstrap sample).
    pub(crate) fn grow(&self, rows: Vec<u32>, work: &mut Workspace) -> Grown {
        let mut rows = rows;
        let mut nodes = Vec::new();
        let plan = match self.chance.features_per_node {
            Some(wanted) if wanted < self.features.len() => None,
            _ => Some(Plan::new(self.data, self.features)),
        };
        let sums = self.sum(&rows);
        let bounds = (f64::NEG_INFINITY, f64::INFINITY);
        nodes.push(self.node(sums, bounds));
        let mut root = Leaf {
            node: 0,
            rows: 0..rows.len(),
            depth: 0,
            sums,
            bounds,
            path: Vec::new(),
            histogram: None,
            split: None,
        };
        if self.limits.max_leaves > 1 {
            match &plan {
                Some(plan) => self.search_root(plan, &mut root, &rows, work),
                None => self.search_drawn(&mut root, &rows, work),
            }
        }
        let mut leaves = vec![root];

        while leaves.len() < self.limits.max_leaves {
            let Some((index, split)) = self.next_leaf(&leaves) else {
                break;
            };
            let last = leaves.len() + 1 == self.limits.max_leaves;
            let parent = &mut leaves[index];
            let (mut left, mut right) = self.split(parent, split, &mut nodes, &mut rows, work);
            let histogram = parent.histogram.take();
            match (&plan, histogram) {
                (_, histogram) if last => work.free.extend(histogram),
                (Some(plan), Some(histogram)) => {
                    self.search_children(plan, histogram, &mut left, &mut right, &rows, work);
                }
                _ => {
                    self.search_drawn(&mut left, &rows, work);
                    self.search_drawn(&mut right, &rows, work);
                }
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

    /// The leaf to be split next; of equals the one that was made first.
    fn next_leaf(&self, leaves: &[Leaf]) -> Option<(usize, Split)> {
        let depth_wise = self.limits.growth == Growth::DepthWise;
        leaves
            .iter()
            .enumerate()
            .filter_map(|(index, leaf)| {
                let depth = if depth_wise { leaf.depth } else { 0 };
                Some((index, leaf.split?, leaf.node, depth))
            })
            .max_by(|(_, a, a_node, a_depth), (_, b, b_node, b_depth)| {
                b_depth
                    .cmp(a_depth)
                    .then(a.gain.total_cmp(&b.gain))
                    .then(b_node.cmp(a_node))
            })
            .map(|(index, split, ..)| (index, split))
    }

    fn may_split(&self, leaf: &Leaf) -> bool {
        self.limits.max_depth.is_none_or(|max| leaf.depth < max)
            && leaf.sums.rows as usize / 2 >= self.limits.min_rows_per_leaf
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
        let right = parent.sums.minus(split.left);
        let (left_bounds, right_bounds) = self.child_bounds(parent, split, right);
        let first = nodes.len() as u32;
        nodes.push(self.node(split.left, left_bounds));
        nodes.push(self.node(right, right_bounds));
        let node = &mut nodes[parent.node as usize];
        node.feature = split.feature;
        node.missing_left = split.missing_left;
        node.gain = split.gain;
        node.left = first;
        node.right = first + 1;
        match split.sides {
            None => {
                node.bin = split.bin;
                node.threshold = bins.upper_edge(split.bin);
            }
            Some(sides) => {
                let [left, right] = sides.map(|side| {
                    (0..bins.missing_bin())
                        .filter(|bin| side.contains(*bin))
                        .flat_map(|bin| bins.categories(bin))
                        .copied()
                        .collect()
                });
                node.categories = Some(Box::new(CategorySplit { left, right }));
            }
        }

        let bytes = self.data.bytes_of(feature, |bin| {
            if bin == bins.missing_bin() {
                split.missing_left
            } else {
                match split.sides {
                    None => bin <= split.bin,
                    Some([left, _]) => left.contains(bin),
                }
            }
        });
        let middle = match self.data.place(feature) {
            None => 0,
            Some(place) => {
                let group = &self.data.groups()[place.group];
                let goes_left = |row: u32| bytes[usize::from(group[row as usize][place.lane])];
                let rows = &mut rows[parent.rows.clone()];
                partition(rows, &mut work.moved, self.shared, goes_left)
            }
        };
        debug_assert_eq!(middle, split.left.rows as usize);
        let middle = parent.rows.start + middle;

        let mut path = Vec::new();
        if !self.interactions.is_empty() {
            path.clone_from(&parent.path);
            if let Err(place) = path.binary_search(&split.feature) {
                path.insert(place, split.feature);
            }
        }
        let leaf = |node, rows, sums, bounds| Leaf {
            node,
            rows,
            depth: parent.depth + 1,
            sums,
            bounds,
            path: path.clone(),
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
        if self.data.features()[feature as usize].is_categorical() {
            return Monotone::Free;
        }
        self.monotone
            .get(feature as usize)
            .copied()
            .unwrap_or(Monotone::Free)
    }

    /// Whether limits on interactions let the leaf be split on a feature.
    fn allowed(&self, leaf: &Leaf, feature: u32) -> bool {
        let with_path = |group: &Vec<u32>| leaf.path.iter().all(|f| group.contains(f));
        self.interactions.is_empty()
            || leaf.path.is_empty()
            || leaf.path.contains(&feature)
            || self
                .interactions
                .iter()
                .any(|group| group.contains(&feature) && with_path(group))
    }

    /// A random number of this tree, of a node, of a use and of a feature.
    fn draw(&self, leaf: &Leaf, stream: u64, feature: u32) -> u64 {
        let tree = random::bits(self.chance.seed, 0x7265_6573, self.chance.tree);
        let node = random::bits(tree, stream, u64::from(leaf.node));
        random::bits(node, 0, u64::from(feature))
    }
}

#[cfg(test)]
mod tests;
