//! Growing one deep tree on one thread.
//!
//! A forest's trees are deep, look at few features a node, and grow side by side, so they need
//! other things than the readable tree and boosting: rows are drawn with repeats, histograms are
//! made anew for the features of each node, and no thread waits for another. Nodes are worked on
//! depth first. Once a node has few rows, their bins are copied side by side: all that happens
//! below it then happens within the nearest cache.

use std::collections::BinaryHeap;
use std::ops::Range;

use super::super::FeatureBins;
use super::super::criterion::Criterion;
use super::super::node::{CategorySet, CategorySplit, Node, Tree};
use super::cell::Cell;
use super::search::{Bins, Rules, Search, Split, Turn, holds};
use crate::random;

/// The bins of a node are copied when they fit into so many bytes.
const BLOCK: usize = 1 << 18;

/// The bins of all rows, column by column, as every tree reads them.
pub(super) struct Columns {
    pub columns: Vec<Vec<u8>>,
    pub features: Vec<FeatureBins>,
    pub bins: Vec<Bins>,
}

/// Memory that one tree leaves to the next on the same thread.
pub(super) struct Workspace<C> {
    /// The rows of the tree, those of a node side by side; within a block, places in the block.
    pub rows: Vec<u32>,
    pub cells: Vec<C>,
    scratch_rows: Vec<u32>,
    scratch_cells: Vec<C>,
    block: Vec<u8>,
    search: Search<C>,
}

impl<C: Cell> Workspace<C> {
    pub(super) fn new(features: usize) -> Self {
        Self {
            rows: Vec::new(),
            cells: Vec::new(),
            scratch_rows: Vec::new(),
            scratch_cells: Vec::new(),
            block: Vec::new(),
            search: Search::new(features),
        }
    }
}

/// How one tree is grown.
pub(super) struct Grower<'a, K> {
    pub data: &'a Columns,
    pub rules: Rules<'a, K>,
    pub max_depth: Option<usize>,
    pub max_leaves: Option<usize>,
    /// The seed of this tree.
    pub seed: u64,
}

/// A node whose rows are still together.
struct Open {
    node: usize,
    rows: Range<usize>,
    depth: usize,
}

/// A node with its split, to be made when its turn comes: the one that gains most first, of
/// equals the one made first.
struct Ranked<C> {
    open: Open,
    split: Split<C>,
}

impl<C> PartialEq for Ranked<C> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<C> Eq for Ranked<C> {}

impl<C> PartialOrd for Ranked<C> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<C> Ord for Ranked<C> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let gains = self.split.gain.total_cmp(&other.split.gain);
        gains.then(other.open.node.cmp(&self.open.node))
    }
}

impl<K: Criterion> Grower<'_, K> {
    /// Grows a tree on the rows and cells of `work`, of which there must be one at least. Sums and
    /// gains of nodes are in units of the cells; values are left to the caller.
    pub(super) fn grow<C: Cell>(&self, work: &mut Workspace<C>) -> Tree {
        work.search.reset();
        let all = work.cells.iter().fold(C::default(), |a, b| a.plus(*b));
        let mut nodes = vec![leaf(all)];
        let mut totals = vec![all];
        let root = Open {
            node: 0,
            rows: 0..work.rows.len(),
            depth: 0,
        };
        match self.max_leaves {
            None => self.depth_first(root, &mut nodes, &mut totals, work),
            Some(max) => self.best_first(max, root, &mut nodes, &mut totals, work),
        }
        nodes.shrink_to_fit();
        Tree { nodes }
    }

    fn depth_first<C: Cell>(
        &self,
        root: Open,
        nodes: &mut Vec<Node>,
        totals: &mut Vec<C>,
        work: &mut Workspace<C>,
    ) {
        let features = self.data.columns.len();
        let block_rows = (BLOCK / features).max(64);
        // The rows whose bins lie in the block, and how far its columns are apart.
        let mut block: Option<(Range<usize>, usize)> = None;
        let mut stack = vec![root];
        while let Some(open) = stack.pop() {
            if !self.may_split(&open, totals[open.node]) {
                continue;
            }
            let inside = |block: &(Range<usize>, usize)| {
                block.0.start <= open.rows.start && open.rows.end <= block.0.end
            };
            if !block.as_ref().is_some_and(inside) {
                block = None;
                if open.rows.len() <= block_rows {
                    self.fill_block(open.rows.clone(), work);
                    block = Some((open.rows.clone(), open.rows.len()));
                }
            }
            let bins = std::mem::take(&mut work.block);
            let children = match &block {
                Some((_, apart)) => {
                    let column = |f: usize| &bins[f * apart..(f + 1) * apart];
                    let split = self.search(&open, totals[open.node], column, work);
                    split.map(|split| self.split(&open, split, column, nodes, totals, work))
                }
                None => {
                    let column = |f: usize| self.data.columns[f].as_slice();
                    let split = self.search(&open, totals[open.node], column, work);
                    split.map(|split| self.split(&open, split, column, nodes, totals, work))
                }
            };
            work.block = bins;
            if let Some((left, right)) = children {
                stack.push(right);
                stack.push(left);
            }
        }
    }

    fn best_first<C: Cell>(
        &self,
        max_leaves: usize,
        root: Open,
        nodes: &mut Vec<Node>,
        totals: &mut Vec<C>,
        work: &mut Workspace<C>,
    ) {
        let column = |f: usize| self.data.columns[f].as_slice();
        let mut heap = BinaryHeap::new();
        let push = |open: Open, totals: &[C], work: &mut Workspace<C>, heap: &mut BinaryHeap<_>| {
            let total = totals[open.node];
            if self.may_split(&open, total)
                && let Some(split) = self.search(&open, total, column, work)
            {
                heap.push(Ranked { open, split });
            }
        };
        push(root, totals, work, &mut heap);
        let mut leaves = 1;
        while leaves < max_leaves
            && let Some(Ranked { open, split }) = heap.pop()
        {
            let (left, right) = self.split(&open, split, column, nodes, totals, work);
            push(left, totals, work, &mut heap);
            push(right, totals, work, &mut heap);
            leaves += 1;
        }
    }

    /// Copies the bins of a node's rows side by side; the rows become places in the copy.
    fn fill_block<C>(&self, range: Range<usize>, work: &mut Workspace<C>) {
        let rows = &mut work.rows[range];
        work.block.clear();
        for column in &self.data.columns {
            work.block
                .extend(rows.iter().map(|row| column[*row as usize]));
        }
        for (place, row) in rows.iter_mut().enumerate() {
            *row = place as u32;
        }
    }

    fn may_split<C: Cell>(&self, open: &Open, total: C) -> bool {
        let (sum, weight) = total.sums();
        self.max_depth.is_none_or(|max| open.depth < max)
            && u64::from(total.rows()) >= 2 * u64::from(self.rules.min_rows)
            && !(self.rules.classes && (sum == 0 || sum == weight))
    }

    fn search<'a, C: Cell>(
        &self,
        open: &Open,
        total: C,
        column: impl Fn(usize) -> &'a [u8],
        work: &mut Workspace<C>,
    ) -> Option<Split<C>> {
        let rows = (
            &work.rows[open.rows.clone()],
            &work.cells[open.rows.clone()],
            total,
        );
        let node = open.node as u64;
        work.search
            .best(&self.rules, &self.data.bins, column, rows, |i| {
                random::bits(self.seed, node, i)
            })
    }

    /// Makes two nodes of the rows of one.
    #[allow(clippy::too_many_arguments)]
    fn split<'a, C: Cell>(
        &self,
        open: &Open,
        split: Split<C>,
        column: impl Fn(usize) -> &'a [u8],
        nodes: &mut Vec<Node>,
        totals: &mut Vec<C>,
        work: &mut Workspace<C>,
    ) -> (Open, Open) {
        let feature = split.feature as usize;
        let (bins, names) = (self.data.bins[feature], &self.data.features[feature]);
        let column = column(feature);
        let middle = match split.turn {
            Turn::UpTo(cut) => {
                let missing = if split.missing_left { bins.count } else { cut };
                partition(open.rows.clone(), work, |place| {
                    let bin = column[place as usize];
                    bin <= cut || bin == missing
                })
            }
            Turn::Sets(left, _) => partition(open.rows.clone(), work, |place| {
                let bin = column[place as usize];
                if bin == bins.count {
                    split.missing_left
                } else {
                    holds(&left, bin)
                }
            }),
        };
        let total = totals[open.node];
        let right = total.minus(split.left);
        let first = nodes.len();
        nodes.push(leaf(split.left));
        nodes.push(leaf(right));
        totals.push(split.left);
        totals.push(right);
        let node = &mut nodes[open.node];
        node.feature = split.feature;
        node.missing_left = split.missing_left;
        node.left = first as u32;
        node.right = first as u32 + 1;
        node.gain = split.gain;
        match split.turn {
            Turn::UpTo(cut) => {
                node.bin = cut;
                node.threshold = names.upper_edge(cut);
            }
            Turn::Sets(left, right) => {
                node.categories = Some(Box::new(CategorySplit {
                    left: categories(names, &left),
                    right: categories(names, &right),
                }));
            }
        }
        let middle = open.rows.start + middle;
        let child = |node, rows| Open {
            node,
            rows,
            depth: open.depth + 1,
        };
        (
            child(first, open.rows.start..middle),
            child(first + 1, middle..open.rows.end),
        )
    }
}

/// The categories of the bins of a set.
fn categories(names: &FeatureBins, set: &[u64; 4]) -> CategorySet {
    let bins = (0..names.missing_bin()).filter(|bin| holds(set, *bin));
    bins.flat_map(|bin| names.categories(bin))
        .copied()
        .collect()
}

fn leaf(total: impl Cell) -> Node {
    let (sum, weight) = total.sums();
    Node {
        feature: 0,
        threshold: 0.0,
        bin: 0,
        categories: None,
        missing_left: false,
        left: 0,
        right: 0,
        gain: 0.0,
        rows: total.rows() as usize,
        gradient: sum as f64,
        hessian: weight as f64,
        value: 0.0,
    }
}

/// Moves the rows that go left before those that go right, each side in its order, and returns
/// how many go left. Which way a row goes cannot be guessed, so there is no branch on it: every
/// row is written to the next place of both sides, and stays on the side that moves on.
fn partition<C: Cell>(
    range: Range<usize>,
    work: &mut Workspace<C>,
    goes_left: impl Fn(u32) -> bool,
) -> usize {
    let rows = &mut work.rows[range.clone()];
    let cells = &mut work.cells[range];
    let n = rows.len();
    if work.scratch_rows.len() < n {
        work.scratch_rows.resize(n, 0);
        work.scratch_cells.resize(n, C::default());
    }
    let (right_rows, right_cells) = (&mut work.scratch_rows[..n], &mut work.scratch_cells[..n]);
    let (mut left, mut right) = (0, 0);
    for i in 0..n {
        let (row, cell) = (rows[i], cells[i]);
        let went_left = usize::from(goes_left(row));
        rows[left] = row;
        cells[left] = cell;
        right_rows[right] = row;
        right_cells[right] = cell;
        left += went_left;
        right += 1 - went_left;
    }
    rows[left..].copy_from_slice(&right_rows[..right]);
    cells[left..].copy_from_slice(&right_cells[..right]);
    left
}
