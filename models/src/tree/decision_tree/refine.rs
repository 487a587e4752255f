//! Thresholds placed by the values themselves.
//!
//! A tree that grows from bins cuts only at their edges. With more distinct values than bins, an
//! edge can miss the best cut by up to a bin of rows, and a rule that holds without exception is
//! learned with some. So once the tree has grown, each threshold is moved to where it gains most
//! among the values of the two bins beside it, from the root down; rows and sums below follow. A
//! split below that has lost its gain, or leaves too few rows, is taken back.
//!
//! Where each value has its own bin nothing changes. The `bin` of a node stays that of the edge it
//! had; rows go by the threshold. Time is `O(n_rows)` a level of the tree, and
//! a sort of two bins a split.

use std::ops::Range;

use ndarray::ArrayView2;

use super::super::FeatureBins;
use super::super::binning::halfway;
use super::super::criterion::Criterion;
use super::super::grow::Limits;
use super::super::histogram::{FixedPoint, RowStat, Sums};
use super::super::node::{Node, Tree};

/// A gain must be more than this share of the parent's worth: less is rounding.
const ROUNDING: f64 = 1e-12;

/// What a tree has grown from.
pub(super) struct Refiner<'a, C> {
    pub x: ArrayView2<'a, f32>,
    pub features: &'a [FeatureBins],
    pub stats: &'a [RowStat],
    pub fixed: FixedPoint,
    pub criterion: &'a C,
    pub limits: &'a Limits,
}

impl<C: Criterion> Refiner<'_, C> {
    /// Moves the thresholds of a tree that has grown on all rows. Nodes that are taken back stay
    /// in the list, unreachable.
    pub(super) fn refine(&self, tree: &mut Tree) {
        let mut rows: Vec<u32> = (0..self.x.nrows() as u32).collect();
        let mut scratch = Vec::with_capacity(rows.len());
        let all = self.sum(&rows);
        let mut stack: Vec<(usize, Range<usize>, Sums)> = vec![(0, 0..rows.len(), all)];
        while let Some((index, range, sums)) = stack.pop() {
            let node = &mut tree.nodes[index];
            self.fill(node, sums);
            if node.is_leaf() {
                continue;
            }
            let rows = &mut rows[range.clone()];
            self.move_threshold(node, rows, sums);
            let column = self.x.column(node.feature as usize);
            scratch.clear();
            let mut lefts = 0;
            for i in 0..rows.len() {
                let row = rows[i];
                if node.goes_left(column[row as usize]) {
                    rows[lefts] = row;
                    lefts += 1;
                } else {
                    scratch.push(row);
                }
            }
            rows[lefts..].copy_from_slice(&scratch);
            let left = self.sum(&rows[..lefts]);
            let right = sums.minus(left);
            let parent = self.score(sums);
            let least = self.limits.min_gain.max(parent.abs() * ROUNDING);
            match self.worth(left, right).map(|worth| worth - parent) {
                Some(gain) if gain > least => {
                    node.gain = gain;
                    let middle = range.start + lefts;
                    stack.push((node.right as usize, middle..range.end, right));
                    stack.push((node.left as usize, range.start..middle, left));
                }
                _ => node.cut(),
            }
        }
    }

    /// Moves the threshold of a split on numbers to the best cut among the values of the bin
    /// below it and of the next bin above it that a row is in; of equals, the lowest.
    fn move_threshold(&self, node: &mut Node, rows: &[u32], sums: Sums) {
        if node.categories.is_some() || node.threshold == f32::INFINITY {
            return;
        }
        let column = self.x.column(node.feature as usize);
        let bins = &self.features[node.feature as usize];
        let edge = bins.upper_edge(node.bin);
        let next = rows
            .iter()
            .map(|row| column[*row as usize])
            .filter(|value| *value > edge)
            .fold(f32::INFINITY, f32::min);
        let high = bins.upper_edge(bins.bin(next));
        let low = match node.bin {
            0 => f32::NEG_INFINITY,
            bin => bins.upper_edge(bin - 1),
        };
        // The rows that go left whatever the cut, and those of the two bins.
        let mut left = Sums::default();
        let mut near: Vec<(f32, u32)> = Vec::new();
        for row in rows {
            let value = column[*row as usize];
            if value.is_nan() {
                if node.missing_left {
                    left = left.plus(self.of(*row));
                }
            } else if value <= low {
                left = left.plus(self.of(*row));
            } else if value <= high {
                near.push((value, *row));
            }
        }
        near.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let distinct = near.windows(2).filter(|pair| pair[0].0 < pair[1].0).count() + 1;
        if distinct <= 2 {
            return;
        }
        let mut best: Option<(f64, f32)> = None;
        for pair in near.windows(2) {
            left = left.plus(self.of(pair[0].1));
            if pair[0].0 < pair[1].0
                && let Some(worth) = self.worth(left, sums.minus(left))
                && best.is_none_or(|(most, _)| worth > most)
            {
                best = Some((worth, halfway(pair[0].0, pair[1].0)));
            }
        }
        if let Some((_, threshold)) = best {
            node.threshold = threshold;
        }
    }

    fn of(&self, row: u32) -> Sums {
        let stat = self.stats[row as usize];
        Sums {
            gradient: stat.gradient.into(),
            hessian: stat.hessian.into(),
            rows: 1,
        }
    }

    fn sum(&self, rows: &[u32]) -> Sums {
        rows.iter()
            .fold(Sums::default(), |sums, row| sums.plus(self.of(*row)))
    }

    fn fill(&self, node: &mut Node, sums: Sums) {
        node.rows = sums.rows as usize;
        node.gradient = self.fixed.real(sums.gradient);
        node.hessian = self.fixed.real(sums.hessian);
    }

    fn score(&self, sums: Sums) -> f64 {
        let (gradient, hessian) = (
            self.fixed.real(sums.gradient),
            self.fixed.real(sums.hessian),
        );
        self.criterion.score(gradient, hessian)
    }

    /// `score(left) + score(right)`; nothing where a side has too few rows or no weight.
    fn worth(&self, left: Sums, right: Sums) -> Option<f64> {
        let few = left.rows.min(right.rows) as usize;
        (few >= self.limits.min_rows_per_leaf.max(1) && left.hessian.min(right.hessian) > 0)
            .then(|| self.score(left) + self.score(right))
    }
}
