//! Trees as one `TreeEnsemble` node (ai.onnx.ml, version 5), in double precision.

use super::graph::{Graph, ML, Tensor, Told};
use super::{Inputs, table};
use crate::explain::TreeSum;
use crate::format::Feature;
use crate::tree::{Node, Tree};

/// `value <= split`.
const UP_TO: u8 = 0;

/// The trees, node by node, as the operator wants them.
#[derive(Default)]
struct Columns {
    features: Vec<i64>,
    splits: Vec<f64>,
    true_nodes: Vec<i64>,
    true_leaves: Vec<i64>,
    false_nodes: Vec<i64>,
    false_leaves: Vec<i64>,
    missing_true: Vec<i64>,
    leaves: Vec<f64>,
    roots: Vec<i64>,
}

/// What the trees look at: numbers that are given, and columns made of categories.
struct Looked<'a> {
    inputs: &'a Inputs,
    features: &'a [Feature],
    /// For each column made of categories its feature and a number for each category, the last for
    /// none of them.
    made: Vec<(usize, Vec<f64>)>,
}

/// `start + scale * sum of the leaves`, `rows x 1`.
pub(super) fn trees(
    graph: &mut Graph,
    inputs: &Inputs,
    features: &[Feature],
    sum: &TreeSum<'_>,
) -> String {
    let mut looked = Looked {
        inputs,
        features,
        made: Vec::new(),
    };
    let mut columns = Columns::default();
    // A tree without a split is a number.
    let mut constant = 0.0;
    for tree in &sum.trees {
        match tree.nodes[0].is_leaf() {
            true => constant += tree.nodes[0].value,
            false => {
                let (root, _) = columns.add(tree, 0, &mut looked);
                columns.roots.push(root);
            }
        }
    }
    let start = graph.row(&[sum.start + sum.scale * constant]);
    if columns.roots.is_empty() {
        // Something to say how many rows there are.
        let zeros = inputs.zeros(graph);
        return graph.node("Add", &[&zeros, &start], &[]);
    }
    let mut parts: Vec<String> = inputs.doubles.iter().cloned().collect();
    for feature in 0..features.len() {
        let of = looked.made.iter().filter(|(of, _)| *of == feature);
        let rows: Vec<&[f64]> = of.map(|(_, values)| values.as_slice()).collect();
        if !rows.is_empty() {
            parts.push(table(graph, inputs, feature, &rows));
        }
    }
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let matrix = graph.node("Concat", &parts, &[("axis", Told::Int(1))]);
    columns.order(&looked);
    let summed = columns.node(graph, &matrix);
    let summed = match sum.scale == 1.0 {
        true => summed,
        false => {
            let scale = graph.row(&[sum.scale]);
            graph.node("Mul", &[&summed, &scale], &[])
        }
    };
    graph.node("Add", &[&start, &summed], &[])
}

impl Looked<'_> {
    /// The place of a column made of a feature's categories, behind the numbers that are given.
    fn made(&mut self, feature: usize, values: Vec<f64>) -> usize {
        let column = (feature, values);
        // Bits, for a missing value is NaN.
        let same = |other: &(usize, Vec<f64>)| {
            let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            other.0 == column.0 && bits(&other.1) == bits(&column.1)
        };
        let place = match self.made.iter().position(same) {
            Some(place) => place,
            None => {
                self.made.push(column);
                self.made.len() - 1
            }
        };
        self.inputs.numbers.len() + place
    }

    /// The column and the split of a node; to the left is what lies up to it.
    fn asks(&mut self, node: &Node) -> (usize, f64) {
        let feature = node.feature as usize;
        let categories = self.features[feature].categories().len();
        let numeric = self.inputs.numbers.iter().position(|of| *of == feature);
        let split = f64::from(node.threshold);
        match (&node.categories, numeric) {
            (None, Some(place)) => (place, split),
            // A category by its number.
            (None, None) => {
                let numbers = (0..categories).map(|number| number as f64);
                (
                    self.made(feature, numbers.chain([f64::NAN]).collect()),
                    split,
                )
            }
            (Some(sides), _) => {
                let left = |number: usize| sides.goes_left(number as f32);
                let side = |left: Option<bool>| match left.unwrap_or(node.missing_left) {
                    true => 0.0,
                    false => 1.0,
                };
                let values = (0..categories).map(|number| side(left(number)));
                (
                    self.made(feature, values.chain([side(None)]).collect()),
                    0.5,
                )
            }
        }
    }
}

impl Columns {
    /// Adds a node and what is below it; its place, and whether that is among the leaves.
    fn add(&mut self, tree: &Tree, at: usize, looked: &mut Looked<'_>) -> (i64, i64) {
        let node = &tree.nodes[at];
        if node.is_leaf() {
            self.leaves.push(node.value);
            return (self.leaves.len() as i64 - 1, 1);
        }
        let (column, split) = looked.asks(node);
        let place = self.features.len();
        self.features.push(column as i64);
        self.splits.push(split);
        self.missing_true.push(i64::from(node.missing_left));
        for ends in [
            &mut self.true_nodes,
            &mut self.true_leaves,
            &mut self.false_nodes,
            &mut self.false_leaves,
        ] {
            ends.push(0);
        }
        (self.true_nodes[place], self.true_leaves[place]) =
            self.add(tree, node.left as usize, looked);
        (self.false_nodes[place], self.false_leaves[place]) =
            self.add(tree, node.right as usize, looked);
        (place as i64, 0)
    }

    /// Columns made of categories lie feature by feature in the matrix, not as they were asked for.
    fn order(&mut self, looked: &Looked<'_>) {
        let numbers = looked.inputs.numbers.len();
        let mut order: Vec<usize> = (0..looked.made.len()).collect();
        order.sort_by_key(|place| looked.made[*place].0);
        for column in &mut self.features {
            if let Some(place) = (*column as usize).checked_sub(numbers) {
                let lies = order.iter().position(|other| *other == place);
                *column = (numbers + lies.unwrap_or(place)) as i64;
            }
        }
    }

    fn node(self, graph: &mut Graph, matrix: &str) -> String {
        let doubles =
            |values: &[f64]| Told::Tensor(Tensor::doubles(&[values.len() as i64], values));
        let told = [
            ("aggregate_function", Told::Int(1)),
            ("leaf_targetids", Told::Ints(vec![0; self.leaves.len()])),
            ("leaf_weights", doubles(&self.leaves)),
            ("n_targets", Told::Int(1)),
            ("nodes_falseleafs", Told::Ints(self.false_leaves)),
            ("nodes_falsenodeids", Told::Ints(self.false_nodes)),
            (
                "nodes_missing_value_tracks_true",
                Told::Ints(self.missing_true),
            ),
            (
                "nodes_modes",
                Told::Tensor(Tensor::bytes(&vec![UP_TO; self.features.len()])),
            ),
            ("nodes_featureids", Told::Ints(self.features)),
            ("nodes_splits", doubles(&self.splits)),
            ("nodes_trueleafs", Told::Ints(self.true_leaves)),
            ("nodes_truenodeids", Told::Ints(self.true_nodes)),
            ("post_transform", Told::Int(0)),
            ("tree_roots", Told::Ints(self.roots)),
        ];
        let output = graph.fresh("trees");
        graph.named((ML, "TreeEnsemble"), &[matrix], &told, &output);
        output
    }
}
