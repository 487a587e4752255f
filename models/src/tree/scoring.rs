//! Trees laid out for scoring many rows.
//!
//! Nodes are 12 bytes, so that those of a tree of 31 leaves fill a dozen cache lines; the two
//! children of a node lie side by side, and a leaf is a node whose way leads back to itself.
//! Eight rows go down a tree together, without a branch on which way they go: while one waits
//! for its node or its value, the others move on. Blocks of rows stay in the innermost cache
//! while all trees pass over them.

use rayon::prelude::*;

use super::node::{Node, Tree};

/// Rows that go down a tree together.
const TOGETHER: usize = 8;

/// Rows that all trees pass over before the next.
const BLOCK: usize = 128;

const MISSING_LEFT: u32 = 1 << 31;

#[derive(Clone, Copy)]
struct Compact {
    threshold: f32,
    /// The feature, and [`MISSING_LEFT`].
    feature: u32,
    /// The left child; the right one is next to it.
    left: u32,
}

impl Compact {
    fn next(self, value: f32) -> u32 {
        let missing_left = self.feature & MISSING_LEFT != 0;
        let goes_left = (value <= self.threshold) | (missing_left & value.is_nan());
        self.left + u32::from(!goes_left)
    }
}

enum Layout<'t> {
    Compact(Vec<Compact>),
    /// A tree with splits on categories is gone down as it is.
    Plain(&'t Tree),
}

/// Some trees, ready to score.
pub(crate) struct Scorer<'t> {
    trees: Vec<(Layout<'t>, Vec<f64>)>,
}

impl<'t> Scorer<'t> {
    /// For trees on fewer than 2^31 features.
    pub(crate) fn new(trees: impl IntoIterator<Item = &'t Tree>) -> Self {
        let trees = trees.into_iter().map(|tree| {
            let values = tree.nodes.iter().map(|node| node.value).collect();
            let adjacent = |node: &Node| node.is_leaf() || node.right == node.left + 1;
            let plain = |node: &Node| node.categories.is_none() && adjacent(node);
            if tree.nodes.iter().all(plain) {
                (Layout::Compact(compact(tree)), values)
            } else {
                (Layout::Plain(tree), values)
            }
        });
        Self {
            trees: trees.collect(),
        }
    }

    /// Adds the values of the leaves that each row falls into to its score, tree after tree.
    /// `rows` are `scores.len()` rows of `columns` values; worked on by all threads.
    pub(crate) fn add_to(&self, rows: &[f32], columns: usize, scores: &mut [f64]) {
        scores
            .par_chunks_mut(BLOCK)
            .zip(rows.par_chunks(BLOCK * columns))
            .for_each(|(scores, rows)| {
                for (layout, values) in &self.trees {
                    match layout {
                        Layout::Compact(nodes) => {
                            add_compact(nodes, values, rows, columns, scores);
                        }
                        Layout::Plain(tree) => {
                            for (score, row) in scores.iter_mut().zip(rows.chunks_exact(columns)) {
                                *score += tree.leaf(row).value;
                            }
                        }
                    }
                }
            });
    }
}

fn compact(tree: &Tree) -> Vec<Compact> {
    let compact = |(place, node): (usize, &Node)| {
        if node.is_leaf() {
            // Everything goes left, which is here.
            Compact {
                threshold: f32::INFINITY,
                feature: MISSING_LEFT,
                left: place as u32,
            }
        } else {
            let missing_left = if node.missing_left { MISSING_LEFT } else { 0 };
            Compact {
                threshold: node.threshold,
                feature: node.feature | missing_left,
                left: node.left,
            }
        }
    };
    tree.nodes.iter().enumerate().map(compact).collect()
}

fn add_compact(
    nodes: &[Compact],
    values: &[f64],
    rows: &[f32],
    columns: usize,
    scores: &mut [f64],
) {
    let go = |node: &mut usize, row: &[f32]| {
        let at = nodes[*node];
        let next = at.next(row[(at.feature & !MISSING_LEFT) as usize]) as usize;
        let moved = next != *node;
        *node = next;
        moved
    };
    let together = scores.chunks_mut(TOGETHER);
    for (scores, rows) in together.zip(rows.chunks(TOGETHER * columns)) {
        let mut at = [0; TOGETHER];
        let mut of = [&rows[..columns]; TOGETHER];
        for (of, row) in of.iter_mut().zip(rows.chunks_exact(columns)) {
            *of = row;
        }
        let mut moved = true;
        while moved {
            moved = false;
            for (at, row) in at.iter_mut().zip(of) {
                moved |= go(at, row);
            }
        }
        for (score, at) in scores.iter_mut().zip(at) {
            *score += values[at];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;
    use crate::tree::node::CategorySplit;

    fn node(feature: u32, threshold: f32, missing_left: bool, left: u32, value: f64) -> Node {
        Node {
            feature,
            threshold,
            bin: 0,
            categories: None,
            missing_left,
            left,
            right: if left == 0 { 0 } else { left + 1 },
            gain: 0.0,
            rows: 1,
            gradient: 0.0,
            hessian: 1.0,
            value,
        }
    }

    #[test]
    fn rows_score_as_if_each_went_down_alone() {
        let trees: Vec<Tree> = (0..40)
            .map(|number| {
                let draw = |index: u64, n: u64| random::bits(3, number, index) % n;
                let mut nodes = vec![node(0, 0.0, false, 0, 0.5)];
                for step in 0..draw(0, 30) {
                    let leaf = draw(100 + step, nodes.len() as u64) as usize;
                    if nodes[leaf].is_leaf() {
                        let left = nodes.len() as u32;
                        nodes[leaf].left = left;
                        nodes[leaf].right = left + 1;
                        nodes[leaf].feature = draw(200 + step, 3) as u32;
                        nodes[leaf].threshold = draw(300 + step, 10) as f32 / 2.0;
                        nodes[leaf].missing_left = draw(400 + step, 2) == 0;
                        nodes.push(node(0, 0.0, false, 0, step as f64 / 7.0));
                        nodes.push(node(0, 0.0, false, 0, -1.0 / (1.0 + step as f64)));
                        if draw(500 + step, 20) == 0 {
                            nodes[leaf].categories = Some(Box::new(CategorySplit {
                                left: [0, 2].into_iter().collect(),
                                right: [1].into_iter().collect(),
                            }));
                        }
                    }
                }
                Tree { nodes }
            })
            .collect();
        assert!(
            trees
                .iter()
                .any(|t| t.nodes.iter().any(|n| n.categories.is_some()))
        );
        let value = |i: u64| match random::bits(1, 1, i) % 12 {
            10 => f32::NAN,
            11 => f32::INFINITY,
            n => n as f32 / 2.0,
        };
        let scorer = Scorer::new(&trees);
        for n in [1, 7, 8, 300] {
            let rows: Vec<f32> = (0..3 * n).map(value).collect();
            let mut scores = vec![1.0; n as usize];
            scorer.add_to(&rows, 3, &mut scores);
            for (row, score) in rows.chunks_exact(3).zip(scores) {
                let alone = trees
                    .iter()
                    .fold(1.0, |sum, tree| sum + tree.leaf(row).value);
                assert_eq!(score, alone);
            }
        }
    }
}
