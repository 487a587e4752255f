//! Trees as nested `CASE`.

use std::fmt::Write as _;

use super::Writer;
use crate::explain::TreeSum;
use crate::export::edge::edge;
use crate::format::Feature;
use crate::tree::{CategorySplit, Node, Tree};

/// As many trees are added up before their sum is added: parsers and optimisers go down a long sum as
/// down a stair, and some have a lowest step.
const TOGETHER: usize = 25;

impl Writer<'_> {
    /// `start + scale * sum of the leaves`.
    pub(super) fn trees(&self, sum: &TreeSum<'_>) -> String {
        let mut text = String::new();
        let alone = sum.trees.len() == 1;
        for (place, trees) in sum.trees.chunks(TOGETHER).enumerate() {
            let all: Vec<String> = trees
                .iter()
                .map(|tree| {
                    let mut case = String::new();
                    self.case(tree, 0, alone.then_some(2), &mut case);
                    case
                })
                .collect();
            let plus = if place == 0 { "" } else { "\n    + " };
            let _ = match all.as_slice() {
                [one] => write!(text, "{plus}{one}"),
                several => write!(text, "{plus}({})", several.join("\n     + ")),
            };
        }
        if sum.scale != 1.0 {
            text = format!("{} * ({text})", self.number(sum.scale));
        }
        match (sum.start == 0.0, text.is_empty()) {
            (true, false) => text,
            (_, true) => self.number(sum.start),
            (false, false) => format!("{}\n    + {text}", self.number(sum.start)),
        }
    }

    /// A node and what is below it; on lines of their own, so far in, where it is to be read.
    fn case(&self, tree: &Tree, node: usize, indent: Option<usize>, out: &mut String) {
        let node = &tree.nodes[node];
        if node.is_leaf() {
            out.push_str(&self.number(node.value));
            return;
        }
        let new_line = |out: &mut String, deeper: usize| match indent {
            Some(indent) => {
                let _ = write!(out, "\n{:width$}", "", width = 2 * (indent + deeper));
            }
            None => out.push(' '),
        };
        let deeper = indent.map(|indent| indent + 1);
        let _ = write!(out, "CASE WHEN {} THEN", self.goes_left(node));
        new_line(out, 1);
        self.case(tree, node.left as usize, deeper, out);
        new_line(out, 0);
        out.push_str("ELSE");
        new_line(out, 1);
        self.case(tree, node.right as usize, deeper, out);
        new_line(out, 0);
        out.push_str("END");
    }

    /// Whether a row goes left; `NULL`, which `CASE` takes for no, may stand for no.
    fn goes_left(&self, node: &Node) -> String {
        let feature = node.feature as usize;
        let column = &self.columns[feature];
        let or_missing = match node.missing_left {
            true => format!(" OR {column} IS NULL"),
            false => String::new(),
        };
        if let Some(split) = &node.categories {
            return self.category_left(&self.features[feature], column, split, node.missing_left);
        }
        if node.threshold == f32::INFINITY {
            return match node.missing_left {
                true => "1 = 1".to_owned(),
                false => format!("{column} IS NOT NULL"),
            };
        }
        let edge = edge(node.threshold);
        let sign = if edge.included { "<=" } else { "<" };
        let value = self.amount(feature);
        format!("{value} {sign} {}{or_missing}", self.number(edge.at))
    }

    /// A category on neither side goes the way of missing values.
    fn category_left(
        &self,
        feature: &Feature,
        column: &str,
        split: &CategorySplit,
        missing_left: bool,
    ) -> String {
        let set = if missing_left {
            &split.right
        } else {
            &split.left
        };
        let names = set.iter().map(usize::from);
        let list = self.names(names.map(|number| feature.categories()[number].as_str()));
        match (list.is_empty(), missing_left) {
            (true, true) => "1 = 1".to_owned(),
            (true, false) => "1 = 0".to_owned(),
            (false, true) => format!("{column} IS NULL OR {column} NOT IN ({list})"),
            (false, false) => format!("{column} IN ({list})"),
        }
    }
}
