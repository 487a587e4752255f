//! The grown tree: nodes in one array, the root first, children after their parent.

use std::borrow::Cow;

use ndarray::ArrayView2;

use super::BinnedMatrix;

/// One node. A leaf has `left == 0`, for the root is nobody's child.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub feature: u32,
    /// Values up to this go left.
    pub threshold: f32,
    /// The bin whose upper edge the threshold is.
    pub bin: u8,
    pub missing_left: bool,
    pub left: u32,
    pub right: u32,
    /// What the split gained; 0 for a leaf.
    pub gain: f64,
    /// Training rows that came here.
    pub rows: usize,
    /// Sums of the criterion over those rows.
    pub gradient: f64,
    pub hessian: f64,
    /// The value of the node as a leaf; kept for inner nodes too.
    pub value: f64,
}

impl Node {
    pub(crate) fn is_leaf(&self) -> bool {
        self.left == 0
    }

    fn child(&self, value: f32) -> u32 {
        let left = if value.is_nan() {
            self.missing_left
        } else {
            value <= self.threshold
        };
        if left { self.left } else { self.right }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tree {
    pub nodes: Vec<Node>,
}

impl Tree {
    /// The index of the leaf that a row of feature values falls into.
    pub(crate) fn leaf_index(&self, row: &[f32]) -> usize {
        let mut index = 0;
        loop {
            let node = &self.nodes[index];
            if node.is_leaf() {
                return index;
            }
            index = node.child(row[node.feature as usize]) as usize;
        }
    }

    /// The leaf that a row of feature values falls into.
    pub(crate) fn leaf(&self, row: &[f32]) -> &Node {
        &self.nodes[self.leaf_index(row)]
    }

    /// The leaf that a row of the binned matrix falls into.
    pub(crate) fn leaf_binned(&self, data: &BinnedMatrix, row: usize) -> &Node {
        let mut node = &self.nodes[0];
        while !node.is_leaf() {
            let feature = node.feature as usize;
            let bin = data.column(feature)[row];
            let missing = bin == data.features()[feature].missing_bin();
            let left = if missing {
                node.missing_left
            } else {
                bin <= node.bin
            };
            node = &self.nodes[if left { node.left } else { node.right } as usize];
        }
        node
    }

    pub(crate) fn leaf_count(&self) -> usize {
        self.nodes.iter().filter(|node| node.is_leaf()).count()
    }

    /// The longest way from the root to a leaf, in splits.
    pub(crate) fn depth(&self) -> usize {
        let mut depth = vec![0; self.nodes.len()];
        for (i, node) in self.nodes.iter().enumerate() {
            if !node.is_leaf() {
                depth[node.left as usize] = depth[i] + 1;
                depth[node.right as usize] = depth[i] + 1;
            }
        }
        depth.into_iter().max().unwrap_or(0)
    }
}

/// The rows of `x` as one slice in row-major order, copied only where it lies otherwise.
pub(crate) fn row_major(x: ArrayView2<'_, f32>) -> Cow<'_, [f32]> {
    match x.to_slice() {
        Some(slice) => Cow::Borrowed(slice),
        None => Cow::Owned(x.iter().copied().collect()),
    }
}
