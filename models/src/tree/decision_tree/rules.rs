//! The tree in words: as an indented text, and as one rule a leaf.

use std::fmt::Write;

use ndarray::{Array1, ArrayView2};

use super::super::node::Node;
use super::{DecisionTree, rate};

/// What a condition says of rows whose value is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// They do not meet it.
    Excluded,
    /// They meet it, as do the values within its bounds.
    Included,
    /// They alone meet it.
    Only,
}

/// What a leaf asks of one feature: `above < value <= at_most`, and what of missing values.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Column of the feature, counted from 0.
    pub feature: usize,
    /// Values must be larger than this.
    pub above: Option<f32>,
    /// Values must be at most this.
    pub at_most: Option<f32>,
    /// Whether missing values pass.
    pub missing: Missing,
    /// Whether a training row lacked the value. If none did, the way of missing values is that
    /// of most rows rather than learned, and [`Condition::to_text`] does not speak of it.
    pub missing_was_seen: bool,
}

/// One leaf: what leads there, how many training rows did, and what became of them.
#[derive(Clone, Debug, PartialEq)]
pub struct LeafRule {
    /// Number of the leaf, counted from 1 in the order of [`DecisionTree::to_text`], which is
    /// the order of the rules too.
    pub leaf: usize,
    /// All must hold; one a feature, in the order in which the tree asks first.
    pub conditions: Vec<Condition>,
    /// Training rows in the leaf.
    pub rows: usize,
    /// Their share of all training rows, 0 to 1.
    pub coverage: f64,
    /// The weighted share of them labelled `true`, 0 to 1.
    pub rate: f64,
    /// What the tree predicts here: the rate, drawn towards the base rate.
    pub probability: f64,
    /// The rate over the base rate: 2 means twice as likely as a row at large.
    pub lift: f64,
}

impl DecisionTree {
    /// One rule a leaf, in the order of the text. Every row meets exactly one of them.
    pub fn rules(&self) -> Vec<LeafRule> {
        let mut rules = Vec::new();
        self.collect_rules(0, &mut Vec::new(), &mut rules);
        rules
    }

    /// The number of the leaf that each row of `x` falls into, as in [`LeafRule::leaf`].
    ///
    /// # Panics
    /// When `x` has another number of columns than the tree was fitted on.
    pub fn leaf_numbers(&self, x: ArrayView2<'_, f32>) -> Array1<usize> {
        let order = self.leaf_order();
        self.leaves_of(x, |leaf| order[leaf])
    }

    /// The whole tree as text, one line a node, children indented below their parent.
    ///
    /// - `names`: what to call each column.
    /// - `outcome`: what a row labelled `true` did, such as `churned`.
    ///
    /// Missing values are spoken of where a training row lacked the value. Rates are those of
    /// the training rows; `=>` gives the probability that the leaf predicts.
    ///
    /// # Panics
    /// When there are not as many names as columns.
    pub fn to_text<S: AsRef<str>>(&self, names: &[S], outcome: &str) -> String {
        self.check_names(names.len());
        let mut text = format!("all rows: {}\n", self.facts(0, outcome));
        self.write_children(0, "", names, outcome, &self.leaf_order(), &mut text);
        text
    }

    fn check_names(&self, names: usize) {
        assert_eq!(
            names,
            self.feature_count(),
            "the tree was fitted on {} feature columns and is given {names} names",
            self.feature_count(),
        );
    }

    fn facts(&self, index: usize, outcome: &str) -> String {
        let node = &self.tree.nodes[index];
        format!(
            "{} rows, {:.1} % {outcome}",
            grouped(node.rows),
            100.0 * rate(node)
        )
    }

    fn write_children<S: AsRef<str>>(
        &self,
        index: usize,
        indent: &str,
        names: &[S],
        outcome: &str,
        order: &[usize],
        text: &mut String,
    ) {
        let node = &self.tree.nodes[index];
        if node.is_leaf() {
            return;
        }
        for (child, left) in [(node.left as usize, true), (node.right as usize, false)] {
            let condition = self.condition(node, left).to_text(names);
            let facts = self.facts(child, outcome);
            let (branch, below) = if left { ("|- ", "|  ") } else { ("`- ", "   ") };
            let _ = write!(text, "{indent}{branch}{condition}: {facts}");
            if self.tree.nodes[child].is_leaf() {
                let p = self.probability(&self.tree.nodes[child]);
                let _ = write!(text, " => leaf {}, {p:.3}", order[child]);
            }
            text.push('\n');
            let indent = format!("{indent}{below}");
            self.write_children(child, &indent, names, outcome, order, text);
        }
    }

    /// For each node that is a leaf its number, counted from 1 from left to right.
    fn leaf_order(&self) -> Vec<usize> {
        let nodes = &self.tree.nodes;
        let mut order = vec![0; nodes.len()];
        let (mut stack, mut next) = (vec![0], 0);
        while let Some(index) = stack.pop() {
            let node: &Node = &nodes[index];
            if node.is_leaf() {
                next += 1;
                order[index] = next;
            } else {
                stack.extend([node.right as usize, node.left as usize]);
            }
        }
        order
    }

    /// What a row must meet to turn left or right at a node.
    fn condition(&self, node: &Node, left: bool) -> Condition {
        let feature = node.feature as usize;
        let missing_only = node.threshold == f32::INFINITY && !left;
        let bound = (node.threshold < f32::INFINITY).then_some(node.threshold);
        Condition {
            feature,
            above: if left { None } else { bound },
            at_most: if left { bound } else { None },
            missing: match (missing_only, node.missing_left == left) {
                (true, _) => Missing::Only,
                (false, true) => Missing::Included,
                (false, false) => Missing::Excluded,
            },
            missing_was_seen: self.had_missing[feature],
        }
    }

    fn collect_rules(&self, index: usize, path: &mut Vec<Condition>, rules: &mut Vec<LeafRule>) {
        let node = &self.tree.nodes[index];
        if node.is_leaf() {
            let mut conditions: Vec<Condition> = Vec::new();
            for condition in path.iter() {
                match conditions
                    .iter_mut()
                    .find(|c| c.feature == condition.feature)
                {
                    Some(earlier) => earlier.narrow(condition),
                    None => conditions.push(condition.clone()),
                }
            }
            rules.push(LeafRule {
                leaf: rules.len() + 1,
                conditions,
                rows: node.rows,
                coverage: node.rows as f64 / self.tree.nodes[0].rows as f64,
                rate: rate(node),
                probability: self.probability(node),
                lift: rate(node) / self.base_rate(),
            });
            return;
        }
        for (child, left) in [(node.left, true), (node.right, false)] {
            path.push(self.condition(node, left));
            self.collect_rules(child as usize, path, rules);
            path.pop();
        }
    }
}

impl Condition {
    /// Lets through only what `later` lets through as well.
    fn narrow(&mut self, later: &Condition) {
        self.above = match (self.above, later.above) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        };
        self.at_most = match (self.at_most, later.at_most) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.missing = match (self.missing, later.missing) {
            (Missing::Only, _) | (_, Missing::Only) => Missing::Only,
            (Missing::Included, Missing::Included) => Missing::Included,
            _ => Missing::Excluded,
        };
    }

    /// Whether a value passes; `NaN` is missing.
    pub fn holds(&self, value: f32) -> bool {
        if value.is_nan() {
            return self.missing != Missing::Excluded;
        }
        self.missing != Missing::Only
            && self.above.is_none_or(|above| value > above)
            && self.at_most.is_none_or(|at_most| value <= at_most)
    }

    /// The condition in words, such as `recency_days > 14.5 or missing`.
    ///
    /// # Panics
    /// When there are too few names.
    pub fn to_text<S: AsRef<str>>(&self, names: &[S]) -> String {
        let name = names[self.feature].as_ref();
        let mut text = match (self.above, self.at_most) {
            _ if self.missing == Missing::Only => return format!("{name} is missing"),
            (None, None) => return format!("{name} is not missing"),
            (Some(above), None) => format!("{name} > {}", number(above)),
            (None, Some(at_most)) => format!("{name} <= {}", number(at_most)),
            (Some(above), Some(at_most)) => {
                format!("{} < {name} <= {}", number(above), number(at_most))
            }
        };
        if self.missing == Missing::Included && self.missing_was_seen {
            text.push_str(" or missing");
        }
        text
    }
}

impl LeafRule {
    /// The conditions in words, joined by `and`; `all rows` for a tree of one leaf.
    ///
    /// # Panics
    /// When there are too few names.
    pub fn to_text<S: AsRef<str>>(&self, names: &[S]) -> String {
        if self.conditions.is_empty() {
            return "all rows".to_string();
        }
        let conditions: Vec<String> = self.conditions.iter().map(|c| c.to_text(names)).collect();
        conditions.join(" and ")
    }
}

/// A threshold with four significant digits, and more only where it is a whole number.
///
/// Text is for reading; [`Condition`] has the exact threshold.
fn number(value: f32) -> String {
    let value = f64::from(value);
    let size = value.abs();
    if value == value.trunc() && size < 1e15 {
        return format!("{value:.0}");
    }
    if !(1e-4..1e15).contains(&size) {
        return format!("{value:.3e}");
    }
    let decimals = (3 - libm::floor(libm::log10(size)) as i32).max(0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    } else {
        text
    }
}

/// A whole number with commas between thousands.
fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
