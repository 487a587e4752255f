//! Cost-complexity pruning: the tree cut back to what held-out rows bear out.

use linfa::DatasetBase;
use linfa::dataset::AsSingleTargets;
use ndarray::{ArrayBase, Data, Ix2};

use super::super::TreeError;
use super::super::input::{Targets, check_features};
use super::super::node::{Node, Tree};
use super::DecisionTree;

impl DecisionTree {
    /// Cuts the tree back while that does not raise the Brier score of `held_out`.
    ///
    /// The candidates are those of [`pruning_path`](Self::pruning_path); of equal scores the
    /// tree with fewer leaves is taken. Rates stay those of the training rows. Hold out later
    /// rows rather than random ones where the model will be used on later ones still.
    ///
    /// # Errors
    /// [`TreeError::ColumnCount`], [`TreeError::Infinite`], and for labels and weights as in
    /// fitting.
    pub fn pruned_on<D, T>(
        &self,
        held_out: &DatasetBase<ArrayBase<D, Ix2>, T>,
    ) -> Result<DecisionTree, TreeError>
    where
        D: Data<Elem = f32>,
        T: AsSingleTargets<Elem = bool>,
    {
        let x = held_out.records().view();
        check_features(x)?;
        if x.ncols() != self.feature_count() {
            return Err(TreeError::ColumnCount {
                expected: self.feature_count(),
                found: x.ncols(),
            });
        }
        let targets = Targets::read(held_out)?;
        let mut best: Option<(f64, DecisionTree)> = None;
        for (_, candidate) in self.pruning_path() {
            let probabilities = candidate.predict_probability(x);
            let loss: f64 = probabilities
                .iter()
                .enumerate()
                .map(|(row, p)| {
                    let y = if targets.labels[row] { 1.0 } else { 0.0 };
                    targets.weight(row) * (p - y) * (p - y)
                })
                .sum();
            if best.as_ref().is_none_or(|(least, _)| loss <= *least) {
                best = Some((loss, candidate));
            }
        }
        Ok(best.expect("the path starts with the tree itself").1)
    }

    /// The nested trees from this one down to its root, each with the price of a leaf from
    /// which it is the cheapest (the `alpha` of Breiman et al. 1984, section 3.3; the price is
    /// in impurity, each leaf counted by its share of the rows, as in scikit-learn).
    ///
    /// At each step the inner node whose subtree gains least for each leaf it adds becomes a
    /// leaf; of equals, all.
    pub fn pruning_path(&self) -> Vec<(f64, DecisionTree)> {
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
                    node.left = 0;
                    node.right = 0;
                    node.gain = 0.0;
                }
            }
            let tree = reachable(&nodes);
            nodes = tree.nodes.clone();
            path.push((
                least / total,
                DecisionTree {
                    tree,
                    ..self.clone()
                },
            ));
        }
        path
    }
}

/// For each inner node, the gain of its subtree for each leaf beyond the first.
fn prices(nodes: &[Node]) -> Vec<Option<f64>> {
    // Children come after their parent, so going backwards meets them first.
    let mut below = vec![(0.0, 1.0); nodes.len()];
    let mut prices = vec![None; nodes.len()];
    for (i, node) in nodes.iter().enumerate().rev() {
        if !node.is_leaf() {
            let (left, right) = (below[node.left as usize], below[node.right as usize]);
            below[i] = (node.gain + left.0 + right.0, left.1 + right.1);
            prices[i] = Some(below[i].0 / (below[i].1 - 1.0));
        }
    }
    prices
}

/// The nodes that can still be reached, in the same order and numbered anew.
fn reachable(nodes: &[Node]) -> Tree {
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
