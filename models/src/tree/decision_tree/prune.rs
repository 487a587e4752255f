//! Cost-complexity pruning: the tree cut back to what held-out rows bear out.

use linfa::DatasetBase;
use linfa::ParamGuard;
use linfa::dataset::AsSingleTargets;
use ndarray::{Array1, ArrayBase, Axis, Data, Ix2};

use super::super::labels::Labels;
use super::super::node::{Node, Tree};
use super::super::{Label, TreeError};
use super::unknown::close;
use super::{ReadableTree, TreeParams, TreeValidParams};
use crate::random;

/// Which tree of a pruning path cross-validation takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The tree with the least loss.
    Least,
    /// The smallest tree whose loss is within one standard error of the least (Breiman et al.
    /// 1984, section 3.4.3): steadier, and easier to read.
    WithinOneStandardError,
}

impl<L: Label> ReadableTree<L> {
    /// Cuts the tree back while that does not raise the squared error on `held_out` (for
    /// probabilities that is the Brier score).
    ///
    /// The candidates are those of [`pruning_path`](Self::pruning_path); of equal scores the
    /// tree with fewer leaves is taken. Values stay those of the training rows. Hold out later
    /// rows rather than random ones where the model will be used on later ones still.
    ///
    /// # Errors
    /// [`TreeError::ColumnCount`], [`TreeError::Infinite`], and for labels and weights as in
    /// fitting.
    pub fn pruned_on<D, T>(
        &self,
        held_out: &DatasetBase<ArrayBase<D, Ix2>, T>,
    ) -> Result<Self, TreeError>
    where
        D: Data<Elem = f32>,
        T: AsSingleTargets<Elem = L>,
    {
        let x = held_out.records().view();
        if x.ncols() != self.feature_count() {
            return Err(TreeError::ColumnCount {
                expected: self.feature_count(),
                found: x.ncols(),
            });
        }
        let labels = L::read(held_out)?;
        let mut best = (f64::INFINITY, self.clone());
        for (_, candidate) in self.pruning_path() {
            let values = candidate.predict_value(x);
            let loss: f64 = (0..x.nrows())
                .map(|row| labels.weight(row) * (values[row] - labels.value(row)).powi(2))
                .sum();
            if loss <= best.0 {
                best = (loss, candidate);
            }
        }
        Ok(best.1)
    }

    /// The nested trees from this one down to its root, each with the price of a leaf from
    /// which it is the cheapest (the `alpha` of Breiman et al. 1984, section 3.3; the price is
    /// in impurity, each leaf counted by its share of the rows, as in scikit-learn).
    ///
    /// At each step the inner node whose subtree gains least for each leaf it adds becomes a
    /// leaf; of equals, all.
    pub fn pruning_path(&self) -> Vec<(f64, Self)> {
        let mut path = vec![(0.0, self.clone())];
        let mut nodes = self.tree.nodes.clone();
        while !nodes[0].is_leaf() {
            let total = nodes[0].hessian;
            let prices = prices(&nodes);
            let least = prices
                .iter()
                .flatten()
                .copied()
                .fold(f64::INFINITY, f64::min);
            for (node, price) in nodes.iter_mut().zip(prices) {
                if price.is_some_and(|price| price <= least) {
                    node.cut();
                }
            }
            close(&mut nodes);
            let tree = reachable(&nodes);
            nodes = tree.nodes.clone();
            let pruned = Self {
                tree,
                ..self.clone()
            };
            path.push((least / total, pruned));
        }
        path
    }

    /// The smallest tree of the path whose price is at most `alpha`.
    fn pruned_at(path: &[(f64, Self)], alpha: f64) -> &Self {
        let within = path.iter().take_while(|(price, _)| *price <= alpha).count();
        &path[within.max(1) - 1].1
    }
}

impl<L: Label> TreeParams<L> {
    /// Checks the settings, then see [`TreeValidParams::fit_cross_validated`].
    pub fn fit_cross_validated<D, T>(
        &self,
        train: &DatasetBase<ArrayBase<D, Ix2>, T>,
        parts: &[usize],
        choice: Choice,
    ) -> Result<ReadableTree<L>, TreeError>
    where
        D: Data<Elem = f32>,
        T: AsSingleTargets<Elem = L>,
    {
        self.check_ref()?.fit_cross_validated(train, parts, choice)
    }
}

impl<L: Label> TreeValidParams<L> {
    /// Fits on all of `train` and cuts the tree back as far as cross-validation bears out
    /// (Breiman et al. 1984, section 3.4): for every part a tree is grown on the other parts and
    /// its pruning path scored on the part, at the geometric mean of neighbouring prices of the
    /// whole tree's path; the loss is squared error (for probabilities the Brier score).
    ///
    /// - `parts`: the part of each row, such as [`random_parts`] gives; rows that belong together
    ///   (a customer at several dates) should be in one.
    ///
    /// Grow a large tree to prune: few rows in a leaf, many leaves. Costs a tree for each part.
    ///
    /// # Errors
    /// As for fitting, on all rows or on those beside a part; [`TreeError::Folds`].
    pub fn fit_cross_validated<D, T>(
        &self,
        train: &DatasetBase<ArrayBase<D, Ix2>, T>,
        parts: &[usize],
        choice: Choice,
    ) -> Result<ReadableTree<L>, TreeError>
    where
        D: Data<Elem = f32>,
        T: AsSingleTargets<Elem = L>,
    {
        let x = train.records().view();
        let labels = L::read(train)?;
        let mut distinct = parts.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        if parts.len() != x.nrows() || distinct.len() < 2 {
            return Err(TreeError::Folds {
                rows: x.nrows(),
                parts: parts.len(),
                distinct: distinct.len(),
            });
        }
        let path = self.fit_labels(x, labels.clone())?.pruning_path();
        let alphas: Vec<f64> = (0..path.len())
            .map(|i| match path.get(i + 1) {
                Some((next, _)) => (path[i].0 * next).sqrt(),
                None => f64::INFINITY,
            })
            .collect();
        // For each price, the squared error of every row by the tree that did not see it.
        let mut losses = vec![vec![0.0; x.nrows()]; alphas.len()];
        for part in distinct {
            let held_out: Vec<usize> = (0..parts.len()).filter(|i| parts[*i] == part).collect();
            let others: Vec<usize> = (0..parts.len()).filter(|i| parts[*i] != part).collect();
            let others_path = self
                .fit_labels(x.select(Axis(0), &others).view(), select(&labels, &others)?)?
                .pruning_path();
            let x = x.select(Axis(0), &held_out);
            for (alpha, losses) in alphas.iter().zip(&mut losses) {
                let values = ReadableTree::pruned_at(&others_path, *alpha).predict_value(x.view());
                for (row, value) in held_out.iter().zip(values) {
                    losses[*row] = (value - labels.value(*row)).powi(2);
                }
            }
        }
        let scored: Vec<(f64, f64)> = losses.iter().map(|l| mean_and_error(l, &labels)).collect();
        let least = scored
            .iter()
            .fold((f64::INFINITY, 0.0), |a, b| if b.0 < a.0 { *b } else { a });
        let limit = match choice {
            Choice::Least => least.0,
            Choice::WithinOneStandardError => least.0 + least.1,
        };
        let taken = scored.iter().rposition(|(mean, _)| *mean <= limit);
        Ok(path[taken.unwrap_or(0)].1.clone())
    }
}

/// Sorts `rows` rows into `parts` parts at random, the same for the same seed: for
/// [`TreeParams::fit_cross_validated`]. Parts are as large as one another, or one row larger.
pub fn random_parts(rows: usize, parts: usize, seed: u64) -> Vec<usize> {
    /// Sets these numbers apart from others that are drawn with the seed.
    const STREAM: u64 = 0x7061_7274_7300_0001;
    let mut order: Vec<usize> = (0..rows).collect();
    order.sort_by_cached_key(|row| (random::bits(seed, STREAM, *row as u64), *row));
    let mut part = vec![0; rows];
    for (place, row) in order.into_iter().enumerate() {
        part[row] = place % parts.max(1);
    }
    part
}

/// The labels of some rows; they too must hold what can be learned from.
fn select(labels: &Labels, rows: &[usize]) -> Result<Labels, TreeError> {
    let mut some = Labels {
        values: rows.iter().map(|row| labels.values[*row]).collect(),
        weights: labels
            .weights
            .as_ref()
            .map(|weights| rows.iter().map(|row| weights[*row]).collect()),
        total: 0.0,
        classes: labels.classes,
    };
    some.total = (0..rows.len()).map(|row| some.weight(row)).sum();
    if some.total <= 0.0 {
        return Err(TreeError::NoWeight);
    }
    Ok(some)
}

/// The weighted mean of the rows' losses and its standard error.
fn mean_and_error(losses: &[f64], labels: &Labels) -> (f64, f64) {
    let weights: Array1<f64> = (0..losses.len()).map(|row| labels.weight(row)).collect();
    let total = weights.sum();
    let mean = losses.iter().zip(&weights).map(|(l, w)| l * w).sum::<f64>() / total;
    let squares: f64 = losses
        .iter()
        .zip(&weights)
        .map(|(l, w)| (w * (l - mean)).powi(2))
        .sum();
    (mean, squares.sqrt() / total)
}

/// For each inner node, the gain of its subtree for each leaf beyond the first. What sets unknown
/// categories apart has no price of its own: it goes with the split that it stands before.
fn prices(nodes: &[Node]) -> Vec<Option<f64>> {
    // Children come after their parent, so going backwards meets them first.
    let mut below = vec![(0.0, 1.0); nodes.len()];
    let mut prices = vec![None; nodes.len()];
    for (i, node) in nodes.iter().enumerate().rev() {
        if node.sets_unknown_apart(nodes) {
            below[i] = below[node.left as usize];
        } else if !node.is_leaf() {
            let (left, right) = (below[node.left as usize], below[node.right as usize]);
            below[i] = (node.gain + left.0 + right.0, left.1 + right.1);
            prices[i] = Some(below[i].0 / (below[i].1 - 1.0));
        }
    }
    prices
}

/// The nodes that can still be reached, in the same order and numbered anew.
pub(super) fn reachable(nodes: &[Node]) -> Tree {
    let mut kept = vec![false; nodes.len()];
    kept[0] = true;
    for (i, node) in nodes.iter().enumerate() {
        if kept[i] && !node.is_leaf() {
            kept[node.left as usize] = true;
            kept[node.right as usize] = true;
        }
    }
    let mut number = vec![0; nodes.len()];
    let mut next = 0;
    for (number, kept) in number.iter_mut().zip(&kept) {
        *number = next;
        next += u32::from(*kept);
    }
    let nodes = nodes
        .iter()
        .zip(&kept)
        .filter(|(_, kept)| **kept)
        .map(|(node, _)| {
            let mut node = node.clone();
            if !node.is_leaf() {
                node.left = number[node.left as usize];
                node.right = number[node.right as usize];
            }
            node
        });
    Tree {
        nodes: nodes.collect(),
    }
}
