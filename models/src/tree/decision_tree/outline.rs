//! The tree as a list of steps, to be drawn by whoever has the room.

use super::DecisionTree;
use super::mean;
use super::names::ColumnName;

/// A node of a [`DecisionTree`] as it is told: what leads there from its parent, and what became
/// of its rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Splits above it; 0 is the root.
    pub depth: usize,
    /// The condition that leads there from its parent; nothing for the root.
    pub condition: Option<String>,
    /// Training rows that came here.
    pub rows: usize,
    /// Their share of all training rows, 0 to 1.
    pub coverage: f64,
    /// The weighted share of them labelled `true`, 0 to 1.
    pub rate: f64,
    /// The number of the leaf, as in [`LeafRule::leaf`](super::LeafRule::leaf), and what it predicts.
    pub leaf: Option<(usize, f64)>,
}

impl DecisionTree {
    /// Every node, each before its children, the left child first: the order of
    /// [`to_text`](Self::to_text).
    ///
    /// - `names`: what to call each column, as for [`to_text`](Self::to_text).
    ///
    /// # Panics
    /// When there are not as many names as columns.
    pub fn outline<N: ColumnName>(&self, names: &[N]) -> Vec<Step> {
        self.check_names(names.len());
        let order = self.leaf_order();
        let closed = self.closed();
        let nodes = &self.tree.nodes;
        let mut steps = Vec::with_capacity(nodes.len());
        let mut stack = vec![(0, 0, None)];
        while let Some((index, depth, condition)) = stack.pop() {
            let node = &nodes[index];
            steps.push(Step {
                depth,
                condition,
                rows: node.rows,
                coverage: self.coverage(node),
                rate: mean(node),
                leaf: node.is_leaf().then(|| (order[index], node.value)),
            });
            if !node.is_leaf() {
                for way in self.ways(index).into_iter().rev() {
                    let words = self.condition(way, &closed).to_text(names);
                    stack.push((way.to, depth + 1, Some(words)));
                }
            }
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use linfa::Dataset;
    use linfa::traits::Fit;
    use ndarray::{Array1, Array2};

    use super::*;

    #[test]
    fn every_node_comes_before_its_children_and_leaves_keep_their_numbers() {
        // Leaves where the first is above 4, and where it is not and the second is above 2.
        let x = Array2::from_shape_fn((400, 2), |(row, column)| match column {
            0 => (row % 10) as f32,
            _ => (row / 10 % 5) as f32,
        });
        let labels: Array1<bool> = x
            .rows()
            .into_iter()
            .map(|r| r[0] > 4.0 || r[1] > 2.0)
            .collect();
        let tree = DecisionTree::params()
            .prior_rows(0.0)
            .min_rows_per_leaf(5)
            .fit(&Dataset::new(x, labels))
            .expect("a tree");
        let names = ["days", "visits"];
        let steps = tree.outline(&names);
        assert_eq!(
            (steps[0].depth, &steps[0].condition, steps[0].rows),
            (0, &None, 400)
        );
        assert_eq!(steps[0].rate, 0.7, "200 of 400, and 80 of the others");
        let leaves: Vec<_> = steps.iter().filter_map(|step| step.leaf).collect();
        let rules = tree.rules();
        let told: Vec<_> = rules
            .iter()
            .map(|rule| (rule.leaf, rule.probability))
            .collect();
        assert_eq!(leaves, told);
        // What stands in a line of the text stands in a step, in the same order.
        let text = tree.to_text(&names, "left");
        for (line, step) in text.lines().zip(&steps) {
            let words = step.condition.as_deref().unwrap_or("all rows");
            assert!(line.contains(words), "{words} is not in: {line}");
            assert!(line.contains(&format!("{} rows", step.rows)), "{line}");
        }
        assert_eq!(text.lines().count(), steps.len());
    }
}
