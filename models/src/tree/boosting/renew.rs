//! Leaf values by the loss itself, where a step of Newton is not the best one.

use super::super::grow::{Grown, Monotone};

/// Gives every node the value that `best` finds for its training rows.
///
/// Under monotone constraints the two sides of a split are parted at the middle of their
/// values, as in growing; where the values themselves stand in the wrong order both sides get
/// the middle.
pub(crate) fn renew(grown: &mut Grown, monotone: &[Monotone], best: impl Fn(&[u32]) -> f64) {
    // The rows of a node lie side by side: from those of its first leaf to those of its last.
    let nodes = &mut grown.tree.nodes;
    let mut spans = vec![None; nodes.len()];
    for (leaf, rows) in &grown.leaves {
        spans[*leaf as usize] = Some(rows.clone());
    }
    for index in (0..nodes.len()).rev() {
        if !nodes[index].is_leaf() {
            let (left, right) = (nodes[index].left as usize, nodes[index].right as usize);
            if let (Some(left), Some(right)) = (&spans[left], &spans[right]) {
                spans[index] = Some(left.start..right.end);
            }
        }
    }
    for (node, span) in nodes.iter_mut().zip(spans) {
        node.value = span.map_or(0.0, |span| best(&grown.rows[span]));
    }
    if monotone.is_empty() {
        return;
    }
    let mut bounds = vec![(f64::NEG_INFINITY, f64::INFINITY); nodes.len()];
    for index in 0..nodes.len() {
        let (low, high) = bounds[index];
        nodes[index].value = nodes[index].value.clamp(low, high);
        if nodes[index].is_leaf() {
            continue;
        }
        let (left, right) = (nodes[index].left as usize, nodes[index].right as usize);
        let value = |child: usize| nodes[child].value.clamp(low, high);
        let middle = (value(left) + value(right)) / 2.0;
        (bounds[left], bounds[right]) = match monotone[nodes[index].feature as usize] {
            Monotone::Free => ((low, high), (low, high)),
            Monotone::Increasing => ((low, middle), (middle, high)),
            Monotone::Decreasing => ((middle, high), (low, middle)),
        };
    }
}
