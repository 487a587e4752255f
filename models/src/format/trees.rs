//! Trees as columns of their nodes, and the models made of them.

use std::marker::PhantomData;

use ndarray::Array1;

use super::error::{FormatError, Within, must};
use super::feature::Feature;
use super::fields::{Fields, Object, Stored, check_column, check_columns, check_number, wrong};
use super::json::Json;
use super::numbers::{PROBABILITY, is_probability};
use crate::tree::node::{CategorySet, CategorySplit, Node, Tree};
use crate::tree::{Forest, Label, OutOfBag, ReadableTree};

/// The most splits from the root to a leaf. What walks down a tree by recursion (its text, its
/// Shapley values) needs a bound, and no tree that was fitted for use comes near it.
pub const MAX_DEPTH: usize = 1000;

impl Stored for Tree {
    fn write(&self, out: &mut Object) {
        let nodes = &self.nodes;
        out.column("feature", nodes.iter().map(|node| node.feature));
        out.column("threshold", nodes.iter().map(|node| node.threshold));
        out.column("bin", nodes.iter().map(|node| node.bin));
        out.column("missing_left", nodes.iter().map(|node| node.missing_left));
        out.column("left", nodes.iter().map(|node| node.left));
        out.column("right", nodes.iter().map(|node| node.right));
        out.column("value", nodes.iter().map(|node| node.value));
        out.column("gain", nodes.iter().map(|node| node.gain));
        out.column("rows", nodes.iter().map(|node| node.rows));
        out.column("gradient", nodes.iter().map(|node| node.gradient));
        out.column("hessian", nodes.iter().map(|node| node.hessian));
        let splits: Vec<Json> = nodes
            .iter()
            .enumerate()
            .filter_map(|(i, node)| Some((i, node.categories.as_deref()?)))
            .map(|(i, split)| {
                let mut object = Object::default();
                object.count("node", i);
                object.column("left", split.left.iter());
                object.column("right", split.right.iter());
                object.into_json()
            })
            .collect();
        if !splits.is_empty() {
            out.put("categories", Json::List(splits));
        }
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        let feature: Vec<u32> = fields.column("feature")?;
        let n = feature.len();
        let threshold = fields.column_of("threshold", n, "nodes")?;
        let bin = fields.column_of("bin", n, "nodes")?;
        let missing_left = fields.column_of("missing_left", n, "nodes")?;
        let left = fields.column_of("left", n, "nodes")?;
        let right = fields.column_of("right", n, "nodes")?;
        let value = fields.column_of("value", n, "nodes")?;
        let gain = fields.column_of("gain", n, "nodes")?;
        let rows = fields.column_of("rows", n, "nodes")?;
        let gradient = fields.column_of("gradient", n, "nodes")?;
        let hessian = fields.column_of("hessian", n, "nodes")?;
        let mut nodes: Vec<Node> = (0..n)
            .map(|i| Node {
                feature: feature[i],
                threshold: threshold[i],
                bin: bin[i],
                categories: None,
                missing_left: missing_left[i],
                left: left[i],
                right: right[i],
                gain: gain[i],
                rows: rows[i],
                gradient: gradient[i],
                hessian: hessian[i],
                value: value[i],
            })
            .collect();
        if let Some(json) = fields.optional("categories") {
            read_categories(json, &mut nodes).within("categories")?;
        }
        Ok(Self { nodes })
    }

    fn check(&self, features: &[Feature]) -> Result<(), FormatError> {
        check_shape(&self.nodes)?;
        for (i, node) in self.nodes.iter().enumerate() {
            for (name, number) in [
                ("value", node.value),
                ("gain", node.gain),
                ("gradient", node.gradient),
                ("hessian", node.hessian),
            ] {
                check_number(number, "finite", f64::is_finite)
                    .at(i)
                    .within(name)?;
            }
            must(!node.threshold.is_nan(), || "NaN splits nothing".into())
                .at(i)
                .within("threshold")?;
            must(
                node.is_leaf() || (node.feature as usize) < features.len(),
                || {
                    format!(
                        "there are {} features, counted from 0, and no feature {}",
                        features.len(),
                        node.feature
                    )
                },
            )
            .at(i)
            .within("feature")?;
        }
        check_categories(&self.nodes, features)
    }
}

/// Reads which categories turn where, nodes ascending.
fn read_categories(json: Json<'_>, nodes: &mut [Node]) -> Result<(), FormatError> {
    let Json::List(list) = json else {
        return Err(wrong(&json, "a list"));
    };
    let mut next = 0;
    for (i, json) in list.into_iter().enumerate() {
        let read = || {
            let mut fields = Fields::of(json)?;
            let index = fields.count("node")?;
            must(next <= index && index < nodes.len(), || {
                format!("{index} is no later node of the {} there are", nodes.len())
            })
            .within("node")?;
            let mut set = |name| -> Result<CategorySet, FormatError> {
                Ok(fields.column::<u16>(name)?.into_iter().collect())
            };
            let split = CategorySplit {
                left: set("left")?,
                right: set("right")?,
            };
            fields.finish()?;
            nodes[index].categories = Some(Box::new(split));
            next = index + 1;
            Ok(())
        };
        read().at(i)?;
    }
    Ok(())
}

/// Every node but the root is the child of one earlier node, no way down is too long, and the
/// rows of a node are those of its children, of which only a leaf for what is unknown has none.
fn check_shape(nodes: &[Node]) -> Result<(), FormatError> {
    must(!nodes.is_empty(), || "a tree has at least one node".into()).within("feature")?;
    let mut depth: Vec<Option<usize>> = vec![None; nodes.len()];
    depth[0] = Some(0);
    for (i, node) in nodes.iter().enumerate() {
        let Some(here) = depth[i] else {
            return Err(FormatError::invalid("no earlier node has this child")
                .at(i)
                .within("left"));
        };
        for (name, child) in [("left", node.left), ("right", node.right)] {
            let child = child as usize;
            let fits = if node.is_leaf() {
                child == 0
            } else {
                i < child && child < nodes.len()
            };
            must(fits, || match node.is_leaf() {
                true => format!("{child} beside no left child; a leaf has 0 for both"),
                false => format!("{child} is no later node of the {} there are", nodes.len()),
            })
            .at(i)
            .within(name)?;
            if !node.is_leaf() {
                must(depth[child].is_none(), || {
                    format!("node {child} has another parent")
                })
                .at(i)
                .within(name)?;
                must(here < MAX_DEPTH, || {
                    format!("more than {MAX_DEPTH} splits from the root; limit the depth of trees")
                })
                .at(i)
                .within(name)?;
                depth[child] = Some(here + 1);
            }
        }
        let rows = |child: u32| nodes[child as usize].rows;
        must(
            node.is_leaf()
                || rows(node.left) > 0
                    && (rows(node.right) > 0 || node.sets_unknown_apart(nodes))
                    && rows(node.left).checked_add(rows(node.right)) == Some(node.rows),
            || {
                format!(
                    "{} rows are not the {} and {} of both children, each at least 1",
                    node.rows,
                    rows(node.left),
                    rows(node.right)
                )
            },
        )
        .at(i)
        .within("rows")?;
    }
    Ok(())
}

/// Splits on categories are of categorical features, and no category is on both sides.
fn check_categories(nodes: &[Node], features: &[Feature]) -> Result<(), FormatError> {
    let splits = nodes
        .iter()
        .enumerate()
        .filter_map(|(i, node)| Some((i, node, node.categories.as_deref()?)));
    for (place, (i, node, split)) in splits.enumerate() {
        let wrong =
            |problem: String| Err(FormatError::invalid(problem).at(place).within("categories"));
        if node.is_leaf() {
            return wrong(format!("node {i} is a leaf"));
        }
        let feature = &features[node.feature as usize];
        let Some(limit) = feature.category_limit() else {
            return wrong(format!("feature {} is numeric", node.feature));
        };
        let mut all = split.left.iter().chain(split.right.iter());
        if let Some(category) = all.find(|category| usize::from(*category) >= limit) {
            return wrong(format!(
                "feature {} has {limit} categories, counted from 0, and no category {category}",
                node.feature
            ));
        }
        if let Some(category) = split.left.iter().find(|c| split.right.contains(*c)) {
            return wrong(format!("category {category} is on both sides"));
        }
    }
    Ok(())
}

/// The sums of all values (beside those that come before the trees) and of all gains are finite,
/// so that no score and no importance is infinite or NaN.
pub(super) fn check_sums(start: f64, trees: &[Tree]) -> Result<(), FormatError> {
    let (mut values, mut gains) = (start, 0.0);
    for node in trees.iter().flat_map(|tree| &tree.nodes) {
        values += node.value.abs();
        gains += node.gain.abs();
    }
    for (name, sum) in [("values", values), ("gains", gains)] {
        must(sum.is_finite(), || {
            format!("the {name} of the nodes add up to more than a number can hold")
        })?;
    }
    Ok(())
}

impl<L: Predicts> Stored for ReadableTree<L> {
    fn write(&self, out: &mut Object) {
        out.column("had_missing", self.had_missing.iter().copied());
        out.object("tree", &self.tree);
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        Ok(Self {
            had_missing: fields.column("had_missing")?,
            tree: fields.object("tree")?,
            label: PhantomData,
        })
    }

    fn check(&self, features: &[Feature]) -> Result<(), FormatError> {
        check_columns(self.had_missing.len(), features).within("had_missing")?;
        let checked = self.tree.check(features);
        checked
            .and_then(|()| check_labelled::<L>(&self.tree))
            .within("tree")?;
        check_sums(0.0, std::slice::from_ref(&self.tree)).within("tree")
    }
}

/// What the leaves of trees and forests hold, by the kind of label.
pub(super) trait Predicts: Label {
    /// What the value of a node, and the gradient over the hessian, must be, for messages.
    const WHAT: &'static str;

    fn fits(value: f64) -> bool;
}

impl Predicts for bool {
    const WHAT: &'static str = PROBABILITY;

    fn fits(value: f64) -> bool {
        is_probability(value)
    }
}

impl Predicts for f32 {
    const WHAT: &'static str = "finite";

    fn fits(value: f64) -> bool {
        value.is_finite()
    }
}

/// Values are what labels can be, and the root has weight.
fn check_labelled<L: Predicts>(tree: &Tree) -> Result<(), FormatError> {
    for (i, node) in tree.nodes.iter().enumerate() {
        check_number(node.value, L::WHAT, L::fits)
            .at(i)
            .within("value")?;
        check_number(node.hessian, "the weight of rows", |weight| {
            weight > 0.0 || i > 0 && weight == 0.0
        })
        .at(i)
        .within("hessian")?;
        must(
            node.hessian == 0.0 || L::fits(node.gradient / node.hessian),
            || format!("divided by the hessian this is not {}", L::WHAT),
        )
        .at(i)
        .within("gradient")?;
    }
    Ok(())
}

impl<L: Predicts> Stored for Forest<L> {
    fn write(&self, out: &mut Object) {
        out.count("columns", self.feature_count);
        out.objects("trees", &self.trees);
        if let Some(estimate) = &self.out_of_bag {
            out.object("out_of_bag", estimate);
        }
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        let out_of_bag = match fields.optional("out_of_bag") {
            None => None,
            Some(json) => Some(Fields::read(json).within("out_of_bag")?),
        };
        Ok(Self {
            feature_count: fields.count("columns")?,
            trees: fields.objects("trees")?,
            out_of_bag,
            label: PhantomData,
        })
    }

    fn check(&self, features: &[Feature]) -> Result<(), FormatError> {
        check_columns(self.feature_count, features).within("columns")?;
        must(!self.trees.is_empty(), || {
            "a forest has at least one".into()
        })
        .within("trees")?;
        for (i, tree) in self.trees.iter().enumerate() {
            let checked = tree.check(features);
            checked
                .and_then(|()| check_labelled::<L>(tree))
                .at(i)
                .within("trees")?;
        }
        check_sums(0.0, &self.trees).within("trees")?;
        if let Some(estimate) = &self.out_of_bag {
            estimate.check(features).within("out_of_bag")?;
            let known = estimate.predictions.iter().copied();
            check_column("predictions", known, L::WHAT, |p: f64| {
                p.is_nan() || L::fits(p)
            })
            .within("out_of_bag")?;
        }
        Ok(())
    }
}

impl Stored for OutOfBag {
    fn write(&self, out: &mut Object) {
        out.count("rows", self.rows);
        out.number("squared_error", self.squared_error);
        out.column("roc_auc", self.roc_auc);
        out.column("predictions", self.predictions.iter().copied());
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, FormatError> {
        let roc_auc: Vec<f64> = fields.column("roc_auc")?;
        must(roc_auc.len() <= 1, || "more than one number".into()).within("roc_auc")?;
        Ok(Self {
            rows: fields.count("rows")?,
            squared_error: fields.number("squared_error")?,
            roc_auc: roc_auc.first().copied(),
            predictions: Array1::from(fields.column::<f64>("predictions")?),
        })
    }

    fn check(&self, _: &[Feature]) -> Result<(), FormatError> {
        let known = self.predictions.iter().filter(|p| !p.is_nan()).count();
        must(self.rows == known, || {
            format!("{} rows, and {known} predictions", self.rows)
        })
        .within("rows")
    }
}
