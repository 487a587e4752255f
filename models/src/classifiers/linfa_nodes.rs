//! A tree of linfa-trees, copied, whose leaves are given rates.

use linfa_trees::TreeNode;
use ndarray::{Array2, ArrayView1, Axis};

use crate::tree::Targets;

/// The nodes, the root first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LinfaNodes {
    pub nodes: Vec<LinfaNode>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LinfaNode {
    /// Values below the threshold go left, as linfa-trees predicts.
    Split {
        column: usize,
        threshold: f64,
        left: usize,
        right: usize,
    },
    Leaf {
        probability: f64,
    },
}

impl LinfaNodes {
    /// Copies a tree that was fitted on the given columns.
    pub(super) fn of(root: &TreeNode<f64, bool>, columns: &[usize]) -> Self {
        let mut copy = Self::default();
        copy.add(root, columns);
        copy
    }

    fn add(&mut self, node: &TreeNode<f64, bool>, columns: &[usize]) -> usize {
        let index = self.nodes.len();
        self.nodes.push(LinfaNode::Leaf { probability: 0.0 });
        let children = node.children();
        if !node.is_leaf()
            && let [Some(left), Some(right)] = children.as_slice()
        {
            let (feature, threshold, _) = node.split();
            let (left, right) = (self.add(left, columns), self.add(right, columns));
            self.nodes[index] = LinfaNode::Split {
                column: columns[feature],
                threshold,
                left,
                right,
            };
        }
        index
    }

    /// Gives each leaf the rate of the training rows that fall there, drawn towards the base
    /// rate by the prior rows.
    pub(super) fn set_rates(&mut self, ready: &Array2<f64>, targets: &Targets, prior_rows: f64) {
        let mut counts = vec![(0.0, 0.0); self.nodes.len()];
        for (row, label) in ready.axis_iter(Axis(0)).zip(&targets.labels) {
            let (positives, rows) = &mut counts[self.leaf(row).0];
            *positives += if *label { 1.0 } else { 0.0 };
            *rows += 1.0;
        }
        let (base, m) = (targets.base_rate(), prior_rows);
        for (node, (positives, rows)) in self.nodes.iter_mut().zip(counts) {
            if let LinfaNode::Leaf { probability } = node {
                // A leaf that no training row reaches says the base rate.
                *probability = if rows + m > 0.0 {
                    (positives + m * base) / (rows + m)
                } else {
                    base
                };
            }
        }
    }

    /// The leaf of a row and its rate.
    pub(super) fn leaf(&self, row: ArrayView1<'_, f64>) -> (usize, f64) {
        let mut index = 0;
        loop {
            match &self.nodes[index] {
                LinfaNode::Leaf { probability } => return (index, *probability),
                LinfaNode::Split {
                    column,
                    threshold,
                    left,
                    right,
                } => {
                    index = if row[*column] < *threshold {
                        *left
                    } else {
                        *right
                    }
                }
            }
        }
    }

    pub(super) fn leaf_count(&self) -> usize {
        let leaves = self.nodes.iter();
        leaves
            .filter(|node| matches!(node, LinfaNode::Leaf { .. }))
            .count()
    }
}
