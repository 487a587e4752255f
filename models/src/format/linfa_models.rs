//! Trees and forests of linfa.

use super::error::{FormatError, Within, must};
use super::feature::Feature;
use super::fields::{Fields, Object, Stored, check_number};
use super::numbers::{PROBABILITY, is_probability};
use crate::classifiers::linfa_nodes::{LinfaNode, LinfaNodes};
use crate::classifiers::{LinfaForest, LinfaTree};

impl Stored for LinfaNodes {
    fn write(&self, out: &mut Object) {
        let split = |read: fn(usize, usize, usize) -> usize| {
            self.nodes.iter().map(move |node| match node {
                LinfaNode::Split {
                    column,
                    left,
                    right,
                    ..
                } => read(*column, *left, *right),
                LinfaNode::Leaf { .. } => 0,
            })
        };
        let thresholds = self.nodes.iter().map(|node| match node {
            LinfaNode::Split { threshold, .. } => *threshold,
            LinfaNode::Leaf { .. } => 0.0,
        });
        let probabilities = self.nodes.iter().map(|node| match node {
            LinfaNode::Split { .. } => 0.0,
            LinfaNode::Leaf { probability } => *probability,
        });
        out.column("output", split(|output, _, _| output));
        out.column("threshold", thresholds);
        // The root is nobody's child, so 0 is a leaf.
        out.column("left", split(|_, left, _| left));
        out.column("right", split(|_, _, right| right));
        out.column("probability", probabilities);
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        let column: Vec<usize> = fields.column("output")?;
        let n = column.len();
        let threshold = fields.column_of("threshold", n, "nodes")?;
        let left: Vec<usize> = fields.column_of("left", n, "nodes")?;
        let right = fields.column_of("right", n, "nodes")?;
        let probability = fields.column_of("probability", n, "nodes")?;
        let node = |i: usize| match left[i] {
            0 => LinfaNode::Leaf {
                probability: probability[i],
            },
            left => LinfaNode::Split {
                column: column[i],
                threshold: threshold[i],
                left,
                right: right[i],
            },
        };
        Ok(Self {
            nodes: (0..n).map(node).collect(),
        })
    }

    fn check(&self, _: &[Feature]) -> Result<(), FormatError> {
        let n = self.nodes.len();
        must(n > 0, || "a tree has at least one node".into()).within("output")?;
        for (i, node) in self.nodes.iter().enumerate() {
            match node {
                LinfaNode::Leaf { probability } => {
                    check_number(*probability, PROBABILITY, is_probability)
                        .at(i)
                        .within("probability")?;
                }
                LinfaNode::Split {
                    threshold,
                    left,
                    right,
                    ..
                } => {
                    check_number(*threshold, "finite", f64::is_finite)
                        .at(i)
                        .within("threshold")?;
                    for (name, child) in [("left", *left), ("right", *right)] {
                        check_number(child, "a later node", |child| i < child && child < n)
                            .at(i)
                            .within(name)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Splits are on columns that the preprocessing makes.
fn check_outputs(nodes: &LinfaNodes, outputs: usize) -> Result<(), FormatError> {
    for (i, node) in nodes.nodes.iter().enumerate() {
        if let LinfaNode::Split { column, .. } = node {
            check_number(*column, "one of the outputs", |column| column < outputs)
                .at(i)
                .within("output")?;
        }
    }
    Ok(())
}

impl Stored for LinfaTree {
    fn write(&self, out: &mut Object) {
        out.object("preprocessing", &self.preprocessing);
        out.object("tree", &self.tree);
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        Ok(Self {
            preprocessing: fields.object("preprocessing")?,
            tree: fields.object("tree")?,
        })
    }

    fn check(&self, features: &[Feature]) -> Result<(), FormatError> {
        self.preprocessing.check(features).within("preprocessing")?;
        self.tree.check(features).within("tree")?;
        check_outputs(&self.tree, self.preprocessing.sources.len()).within("tree")
    }
}

impl Stored for LinfaForest {
    fn write(&self, out: &mut Object) {
        out.object("preprocessing", &self.preprocessing);
        out.objects("trees", &self.trees);
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        Ok(Self {
            preprocessing: fields.object("preprocessing")?,
            trees: fields.objects("trees")?,
        })
    }

    fn check(&self, features: &[Feature]) -> Result<(), FormatError> {
        self.preprocessing.check(features).within("preprocessing")?;
        must(!self.trees.is_empty(), || {
            "a forest has at least one".into()
        })
        .within("trees")?;
        let outputs = self.preprocessing.sources.len();
        for (i, tree) in self.trees.iter().enumerate() {
            let checked = tree.check(features);
            checked
                .and_then(|()| check_outputs(tree, outputs))
                .at(i)
                .within("trees")?;
        }
        Ok(())
    }
}
