//! Rows whose category nobody had in training, or that lack one where no training row did.
//!
//! At a split they go with the majority of the training rows. Where that side holds one category
//! alone, they would be taken for that category, of which nothing is known. There the split gets a
//! third side of its own: a leaf without training rows that predicts what its parent does.
//!
//! In the tree that is a split before the split: all categories that were met to the left, to the
//! split itself, and what is unknown to the right. To a reader the two are one node with three ways.

use ndarray::ArrayView2;

use super::super::Label;
use super::super::node::{CategorySet, CategorySplit, Node, Tree};
use super::ReadableTree;

/// A way that leads on from a node as it is shown: to which node, and at which node it is decided,
/// to the left or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    pub to: usize,
    pub at: usize,
    pub left: bool,
}

impl Node {
    /// Whether a node is a split before a split: to the right lies what is unknown, and no training
    /// row.
    pub(crate) fn sets_unknown_apart(&self, nodes: &[Node]) -> bool {
        let apart = |split: &CategorySplit| split.right.iter().next().is_none();
        !self.is_leaf()
            && !self.missing_left
            && self.categories.as_deref().is_some_and(apart)
            && nodes
                .get(self.right as usize)
                .is_some_and(|right| right.is_leaf() && right.rows == 0)
    }
}

/// Gives every split that needs it a side of its own for what is unknown.
///
/// - `x`: the training rows.
pub(super) fn set_apart(tree: Tree, x: ArrayView2<'_, f32>) -> Tree {
    let splits = tree.nodes.iter().any(|node| node.categories.is_some());
    if !splits {
        return tree;
    }
    let alone = taken_for_one(&tree, &lacked(&tree, x));
    if !alone.contains(&true) {
        return tree;
    }
    // Where each node comes to stand; one that is set before a split stands where that stood.
    let mut places = Vec::with_capacity(tree.nodes.len());
    let mut next = 0;
    for alone in &alone {
        places.push(next);
        next += if *alone { 3 } else { 1 };
    }
    let mut nodes = Vec::with_capacity(next as usize);
    for (node, (place, alone)) in tree.nodes.iter().zip(places.iter().zip(&alone)) {
        let mut split = node.clone();
        if !node.is_leaf() {
            split.left = places[node.left as usize];
            split.right = places[node.right as usize];
        }
        if *alone {
            nodes.push(before(&split, *place));
            nodes.push(split);
            nodes.push(of_nobody(node));
        } else {
            nodes.push(split);
        }
    }
    Tree { nodes }
}

/// For each node whether a training row there had no category that the split tells apart: its way
/// has been learned then.
fn lacked(tree: &Tree, x: ArrayView2<'_, f32>) -> Vec<bool> {
    let mut lacked = vec![false; tree.nodes.len()];
    for row in x.rows() {
        let mut index = 0;
        loop {
            let node = &tree.nodes[index];
            if node.is_leaf() {
                break;
            }
            let value = row[node.feature as usize];
            let known = |split: &CategorySplit| split.goes_left(value).is_some();
            lacked[index] |= !node.categories.as_deref().is_none_or(known);
            index = match node.goes_left(value) {
                true => node.left as usize,
                false => node.right as usize,
            };
        }
    }
    lacked
}

/// For each node whether what is unknown comes there, and is taken for one category.
fn taken_for_one(tree: &Tree, lacked: &[bool]) -> Vec<bool> {
    let mut parents = vec![0; tree.nodes.len()];
    let mut alone = vec![false; tree.nodes.len()];
    for (index, node) in tree.nodes.iter().enumerate() {
        if node.is_leaf() {
            continue;
        }
        for child in [node.left, node.right] {
            parents[child as usize] = index;
        }
        let Some(split) = node.categories.as_deref() else {
            continue;
        };
        let side = if node.missing_left {
            &split.left
        } else {
            &split.right
        };
        let one = side.iter().count() == 1;
        alone[index] =
            one && !lacked[index] && comes(tree, &parents, &alone, (index, node.feature));
    }
    alone
}

/// Whether what is unknown of a feature comes to a node: every split above on the feature lets it
/// through.
fn comes(tree: &Tree, parents: &[usize], alone: &[bool], (node, feature): (usize, u32)) -> bool {
    let mut below = node;
    while below > 0 {
        let above = parents[below];
        let split = &tree.nodes[above];
        let left = split.left as usize == below;
        if split.feature == feature && (alone[above] || left != split.missing_left) {
            return false;
        }
        below = above;
    }
    true
}

/// The split that is set before another, which stands right behind it.
fn before(split: &Node, place: u32) -> Node {
    let met = |sides: &CategorySplit| sides.left.iter().chain(sides.right.iter()).collect();
    Node {
        categories: Some(Box::new(CategorySplit {
            left: split.categories.as_deref().map(met).unwrap_or_default(),
            right: CategorySet::default(),
        })),
        missing_left: false,
        left: place + 1,
        right: place + 2,
        gain: 0.0,
        ..split.clone()
    }
}

/// The leaf of what is unknown at a split. It has no rows, and the sums of those before the split, so
/// that its mean is theirs.
fn of_nobody(split: &Node) -> Node {
    Node {
        feature: 0,
        threshold: 0.0,
        bin: 0,
        categories: None,
        missing_left: false,
        left: 0,
        right: 0,
        gain: 0.0,
        rows: 0,
        gradient: split.gradient,
        hessian: split.hessian,
        value: split.value,
    }
}

/// Makes leaves of splits that are set before what has become a leaf; a later one may stand before
/// an earlier one no more than once, so one way through is enough.
pub(super) fn close(nodes: &mut [Node]) {
    for index in (0..nodes.len()).rev() {
        let apart = nodes[index].sets_unknown_apart(nodes);
        if apart && nodes[nodes[index].left as usize].is_leaf() {
            nodes[index].cut();
        }
    }
}

impl<L: Label> ReadableTree<L> {
    /// The ways that lead on from a node, as they are shown: two, or three where what is unknown
    /// has one of its own; none from a leaf.
    pub(super) fn ways(&self, index: usize) -> Vec<Way> {
        let nodes = &self.tree.nodes;
        let node = &nodes[index];
        let both = |at: usize| {
            let [left, right] = [nodes[at].left as usize, nodes[at].right as usize];
            [(left, true), (right, false)].map(|(to, left)| Way { to, at, left })
        };
        if node.is_leaf() {
            return Vec::new();
        }
        if !node.sets_unknown_apart(nodes) {
            return both(index).to_vec();
        }
        let split = node.left as usize;
        let [.., unknown] = both(index);
        [both(split).to_vec(), vec![unknown]].concat()
    }

    /// The nodes that are shown, in their order: all but splits that another is set before.
    pub(super) fn shown(&self) -> Vec<usize> {
        let nodes = &self.tree.nodes;
        let mut hidden = vec![false; nodes.len()];
        for node in nodes.iter().filter(|node| node.sets_unknown_apart(nodes)) {
            hidden[node.left as usize] = true;
        }
        (0..nodes.len()).filter(|index| !hidden[*index]).collect()
    }

    /// For each node whether what is unknown of its feature was set apart above, so that none of it
    /// comes there.
    pub(super) fn closed(&self) -> Vec<bool> {
        let nodes = &self.tree.nodes;
        let mut closed = vec![false; nodes.len()];
        // For each node the features of which nothing unknown comes there.
        let mut apart: Vec<Vec<u32>> = vec![Vec::new(); nodes.len()];
        for (index, node) in nodes.iter().enumerate() {
            if node.is_leaf() {
                continue;
            }
            closed[index] = apart[index].contains(&node.feature);
            let mut known = std::mem::take(&mut apart[index]);
            apart[node.right as usize].clone_from(&known);
            if node.sets_unknown_apart(nodes) {
                known.push(node.feature);
            }
            apart[node.left as usize] = known;
        }
        closed
    }
}
