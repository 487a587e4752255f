//! The tree for Graphviz.

use std::fmt::Write;

use super::super::Label;
use super::super::node::Node;
use super::names::{ColumnName, Wording};
use super::numbers::{grouped, number};
use super::{DecisionTree, ReadableTree, RegressionTree, mean};

impl DecisionTree {
    /// The tree in the language of Graphviz, for `dot -Tsvg` and its like: a box a node with its
    /// rows, rate and (for leaves) number and probability, a labelled edge a turn.
    ///
    /// `names` and `wording` are those of [`to_text`](Self::to_text).
    ///
    /// # Panics
    /// When there are not as many names as columns.
    pub fn to_dot<'a, N: ColumnName>(
        &self,
        names: &[N],
        wording: impl Into<Wording<'a>>,
    ) -> String {
        let Wording { outcome, rows, .. } = wording.into();
        self.dot(
            names,
            rows,
            &|node| format!("{:.1} % {outcome}", 100.0 * mean(node)),
            &|p| format!("{p:.3}"),
        )
    }
}

impl RegressionTree {
    /// The tree in the language of Graphviz, for `dot -Tsvg` and its like: a box a node with its
    /// rows, mean and (for leaves) number and prediction, a labelled edge a turn.
    ///
    /// `names` and `wording` are those of [`to_text`](Self::to_text).
    ///
    /// # Panics
    /// When there are not as many names as columns.
    pub fn to_dot<'a, N: ColumnName>(
        &self,
        names: &[N],
        wording: impl Into<Wording<'a>>,
    ) -> String {
        let Wording { outcome, rows, .. } = wording.into();
        self.dot(
            names,
            rows,
            &|node| format!("mean {outcome} {}", number(mean(node))),
            &number,
        )
    }
}

impl<L: Label> ReadableTree<L> {
    fn dot<N: ColumnName>(
        &self,
        names: &[N],
        rows: &str,
        fact: &dyn Fn(&Node) -> String,
        value: &dyn Fn(f64) -> String,
    ) -> String {
        self.check_names(names.len());
        let (order, closed) = (self.leaf_order(), self.closed());
        let shown = self.shown();
        let mut text = String::from(
            "digraph tree {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\"];\n",
        );
        let nodes = || shown.iter().map(|index| (*index, &self.tree.nodes[*index]));
        for (index, node) in nodes() {
            let mut label = match node.rows {
                0 => format!("no {rows} yet\nas above, {}", fact(node)),
                some => format!("{} {rows}\n{}", grouped(some), fact(node)),
            };
            if node.is_leaf() {
                let _ = write!(label, "\nleaf {}: {}", order[index], value(node.value));
            }
            let style = if node.is_leaf() {
                ", style=rounded"
            } else {
                ""
            };
            let _ = writeln!(text, "  n{index} [label={}{style}];", quoted(&label));
        }
        for (index, _) in nodes() {
            for way in self.ways(index) {
                let label = quoted(&self.condition(way, &closed).to_text(names));
                let _ = writeln!(text, "  n{index} -> n{} [label={label}];", way.to);
            }
        }
        text.push_str("}\n");
        text
    }
}

/// A string of the language: quotes and backslashes are escaped, lines broken by `\n`.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => quoted.push(' '),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
