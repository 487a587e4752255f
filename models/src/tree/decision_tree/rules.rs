//! The tree in words: as an indented text, and as one rule a leaf.

use std::fmt::Write;

use ndarray::{Array1, ArrayView2};

use super::super::Label;
use super::super::limits::category;
use super::super::node::{CategorySplit, Node};
use super::names::{ColumnName, Phrases, Wording, put};
use super::numbers::{grouped, number};
use super::unknown::Way;
use super::{DecisionTree, ReadableTree, RegressionTree, mean};

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

/// What a leaf asks of one feature: `above < value <= at_most`, or which categories pass, and what
/// of missing values.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Column of the feature, counted from 0.
    pub feature: usize,
    /// Values must be larger than this.
    pub above: Option<f32>,
    /// Values must be at most this.
    pub at_most: Option<f32>,
    /// For a column of categories, which of them pass.
    pub categories: Option<CategoryTest>,
    /// Whether missing values pass. Categories that the tree has not met fare as they do.
    pub missing: Missing,
    /// Whether a training row lacked the value. If none did, the way of missing values is that
    /// of most rows rather than learned.
    pub missing_was_seen: bool,
}

/// Which categories pass, of those that training rows had on the way here; ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CategoryTest {
    /// The categories that pass.
    pub passing: Vec<u16>,
    /// The categories that do not.
    pub refused: Vec<u16>,
}

/// One leaf of a [`DecisionTree`]: what leads there, how many training rows did, and what became
/// of them.
#[derive(Clone, Debug, PartialEq)]
pub struct LeafRule {
    /// Number of the leaf, counted from 1 in the order of [`DecisionTree::to_text`], which is
    /// the order of the rules too.
    pub leaf: usize,
    /// All must hold; one a feature, in the order in which the tree asks first.
    pub conditions: Vec<Condition>,
    /// Training rows in the leaf; none where it is of unknown categories.
    pub rows: usize,
    /// Their share of all training rows, 0 to 1.
    pub coverage: f64,
    /// The weighted share of them labelled `true`, 0 to 1; without rows that of the rows above.
    pub rate: f64,
    /// What the tree predicts here: the rate, drawn towards its parent's or the base rate.
    pub probability: f64,
    /// The rate over the base rate: 2 means twice as likely as a row at large.
    pub lift: f64,
}

/// One leaf of a [`RegressionTree`]: what leads there, how many training rows did, and their mean.
#[derive(Clone, Debug, PartialEq)]
pub struct MeanRule {
    /// Number of the leaf, counted from 1 in the order of [`RegressionTree::to_text`], which is
    /// the order of the rules too.
    pub leaf: usize,
    /// All must hold; one a feature, in the order in which the tree asks first.
    pub conditions: Vec<Condition>,
    /// Training rows in the leaf; none where it is of unknown categories.
    pub rows: usize,
    /// Their share of all training rows, 0 to 1.
    pub coverage: f64,
    /// The weighted mean of their labels; without rows that of the rows above.
    pub mean: f64,
    /// What the tree predicts here: the mean, drawn towards its parent's or that of all rows.
    pub prediction: f64,
}

impl DecisionTree {
    /// One rule a leaf, in the order of the text. Every row meets exactly one of them.
    pub fn rules(&self) -> Vec<LeafRule> {
        let paths = self.paths().into_iter().enumerate();
        paths
            .map(|(i, (conditions, node))| LeafRule {
                leaf: i + 1,
                conditions,
                rows: node.rows,
                coverage: self.coverage(node),
                rate: mean(node),
                probability: node.value,
                lift: mean(node) / self.base_rate(),
            })
            .collect()
    }

    /// The whole tree as text, one line a node, children indented below their parent.
    ///
    /// - `names`: what to call each column, as text or [`CategoryNames`](super::CategoryNames).
    /// - `wording`: what a row labelled `true` did, such as `churned`, and what rows are called.
    ///
    /// It says where rows without a value go, as [`Condition::to_text`] does. Rates are those of
    /// the training rows; `=>` gives the probability that the leaf predicts.
    ///
    /// # Panics
    /// When there are not as many names as columns.
    pub fn to_text<'a, N: ColumnName>(
        &self,
        names: &[N],
        wording: impl Into<Wording<'a>>,
    ) -> String {
        let wording = wording.into();
        self.text(names, wording, &|node| wording.rate(mean(node)), &|p| {
            format!("{p:.3}")
        })
    }
}

impl RegressionTree {
    /// One rule a leaf, in the order of the text. Every row meets exactly one of them.
    pub fn rules(&self) -> Vec<MeanRule> {
        let paths = self.paths().into_iter().enumerate();
        paths
            .map(|(i, (conditions, node))| MeanRule {
                leaf: i + 1,
                conditions,
                rows: node.rows,
                coverage: self.coverage(node),
                mean: mean(node),
                prediction: node.value,
            })
            .collect()
    }

    /// The whole tree as text, one line a node, children indented below their parent.
    ///
    /// - `names`: what to call each column, as text or [`CategoryNames`](super::CategoryNames).
    /// - `wording`: what the label is, such as `spend`, and what rows are called.
    ///
    /// It says where rows without a value go, as [`Condition::to_text`] does. Means are those of
    /// the training rows; `=>` gives what the leaf predicts.
    ///
    /// # Panics
    /// When there are not as many names as columns.
    pub fn to_text<'a, N: ColumnName>(
        &self,
        names: &[N],
        wording: impl Into<Wording<'a>>,
    ) -> String {
        let wording = wording.into();
        let outcome = wording.outcome;
        self.text(
            names,
            wording,
            &|node| format!("mean {outcome} {}", number(mean(node))),
            &number,
        )
    }
}

impl<L: Label> ReadableTree<L> {
    /// The number of the leaf that each row of `x` falls into, as in [`LeafRule::leaf`].
    ///
    /// # Panics
    /// When `x` has another number of columns than the tree was fitted on.
    pub fn leaf_numbers(&self, x: ArrayView2<'_, f32>) -> Array1<usize> {
        let order = self.leaf_order();
        self.leaves_of(x, |leaf| order[leaf])
    }

    /// For each leaf from left to right, what leads there.
    fn paths(&self) -> Vec<(Vec<Condition>, &Node)> {
        let closed = self.closed();
        let mut paths = Vec::new();
        let mut stack = vec![(0, Vec::new())];
        while let Some((index, path)) = stack.pop() {
            let node = &self.tree.nodes[index];
            if node.is_leaf() {
                paths.push((path, node));
                continue;
            }
            for way in self.ways(index).into_iter().rev() {
                let mut longer: Vec<Condition> = path.clone();
                let condition = self.condition(way, &closed);
                match longer.iter_mut().find(|c| c.feature == condition.feature) {
                    Some(earlier) => earlier.narrow(&condition),
                    None => longer.push(condition),
                }
                stack.push((way.to, longer));
            }
        }
        paths
    }

    /// The share of the training rows that came to a node.
    pub(super) fn coverage(&self, node: &Node) -> f64 {
        node.rows as f64 / self.tree.nodes[0].rows as f64
    }

    pub(super) fn check_names(&self, names: usize) {
        assert_eq!(
            names,
            self.feature_count(),
            "the tree was fitted on {} feature columns and is given {names} names",
            self.feature_count(),
        );
    }

    /// `fact` says what became of the rows of a node, `value` writes what a leaf predicts.
    fn text<N: ColumnName>(
        &self,
        names: &[N],
        wording: Wording<'_>,
        fact: &dyn Fn(&Node) -> String,
        value: &dyn Fn(f64) -> String,
    ) -> String {
        self.check_names(names.len());
        let (order, closed) = (self.leaf_order(), self.closed());
        let phrases = wording.phrases;
        let line = |condition: &str, facts: &str| {
            put(phrases.line, &[("condition", condition), ("facts", facts)])
        };
        let root = told(&self.tree.nodes[0], wording, fact);
        let mut text = line(&put(phrases.all, &[("rows", wording.rows)]), &root) + "\n";
        // Ways to write, the next one last, each with the indent of its line.
        let mut stack = Vec::new();
        self.push_ways(0, "", &mut stack);
        while let Some((way, last, indent)) = stack.pop() {
            let node = &self.tree.nodes[way.to];
            let condition = self.condition(way, &closed).to_text(names);
            let (branch, below) = if last { ("`- ", "   ") } else { ("|- ", "|  ") };
            let facts = told(node, wording, fact);
            let _ = write!(text, "{indent}{branch}{}", line(&condition, &facts));
            if node.is_leaf() {
                let leaf = [
                    ("leaf", &*order[way.to].to_string()),
                    ("value", &value(node.value)),
                ];
                text += &put(phrases.leaf, &leaf);
            }
            text.push('\n');
            self.push_ways(way.to, &format!("{indent}{below}"), &mut stack);
        }
        text
    }

    fn push_ways(&self, index: usize, indent: &str, stack: &mut Vec<(Way, bool, String)>) {
        let ways = self.ways(index).into_iter().rev();
        stack.extend(
            ways.enumerate()
                .map(|(from_last, way)| (way, from_last == 0, indent.to_string())),
        );
    }

    /// For each node that is a leaf its number, counted from 1 from left to right.
    pub(super) fn leaf_order(&self) -> Vec<usize> {
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

    /// What a row must meet to take a way.
    ///
    /// - `closed`: see [`closed`](Self::closed).
    pub(super) fn condition(&self, way: Way, closed: &[bool]) -> Condition {
        let Way { at, left, .. } = way;
        let node = &self.tree.nodes[at];
        let feature = node.feature as usize;
        let missing_passes = node.missing_left == left && !closed[at];
        let missing = if missing_passes {
            Missing::Included
        } else {
            Missing::Excluded
        };
        let mut condition = Condition {
            feature,
            above: None,
            at_most: None,
            categories: None,
            missing,
            missing_was_seen: self.had_missing[feature],
        };
        match &node.categories {
            Some(split) => {
                let test = CategoryTest::of(split, left);
                if missing_passes && test.passing.is_empty() {
                    condition.missing = Missing::Only;
                }
                condition.categories = Some(test);
            }
            None if node.threshold == f32::INFINITY => {
                if !left {
                    condition.missing = Missing::Only;
                }
            }
            None if left => condition.at_most = Some(node.threshold),
            None => condition.above = Some(node.threshold),
        }
        condition
    }
}

/// What is said of the rows of a node. `fact` says what became of them; where nobody came in
/// training, what is expected is that of all rows above.
pub(super) fn told(node: &Node, wording: Wording<'_>, fact: &dyn Fn(&Node) -> String) -> String {
    let Wording { rows, phrases, .. } = wording;
    let (fact, count) = (fact(node), grouped(node.rows));
    let given = [("rows", rows), ("fact", &*fact), ("count", &*count)];
    match node.rows {
        0 => put(phrases.nobody, &given),
        _ => put(phrases.told, &given),
    }
}

impl Wording<'_> {
    /// What became of the rows of a node, by the share of those labelled `true`.
    pub(super) fn rate(&self, share: f64) -> String {
        let percent = format!("{:.1}", 100.0 * share);
        let given = [("percent", &*percent), ("outcome", self.outcome)];
        put(self.phrases.rate, &given)
    }
}

impl CategoryTest {
    fn of(split: &CategorySplit, left: bool) -> Self {
        let (passing, refused) = if left {
            (&split.left, &split.right)
        } else {
            (&split.right, &split.left)
        };
        Self {
            passing: passing.iter().collect(),
            refused: refused.iter().collect(),
        }
    }

    /// Whether a value passes; nothing where its category was not met.
    fn holds(&self, value: f32) -> Option<bool> {
        let category = category(value)?;
        if self.passing.binary_search(&category).is_ok() {
            Some(true)
        } else if self.refused.binary_search(&category).is_ok() {
            Some(false)
        } else {
            None
        }
    }
}

impl Condition {
    /// Lets through only what `later` lets through as well.
    fn narrow(&mut self, later: &Self) {
        if let (Some(a), Some(b)) = (&self.categories, &later.categories) {
            let mut known: Vec<u16> = [&a.passing, &a.refused, &b.passing, &b.refused]
                .into_iter()
                .flatten()
                .copied()
                .collect();
            known.sort_unstable();
            known.dedup();
            let (passing, refused) = known
                .into_iter()
                .partition(|c| self.holds(f32::from(*c)) && later.holds(f32::from(*c)));
            self.categories = Some(CategoryTest { passing, refused });
        }
        self.above = match (self.above, later.above) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        };
        self.at_most = match (self.at_most, later.at_most) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.missing = match (self.missing, later.missing) {
            (Missing::Excluded, _) | (_, Missing::Excluded) => Missing::Excluded,
            (Missing::Only, _) | (_, Missing::Only) => Missing::Only,
            (Missing::Included, Missing::Included) => Missing::Included,
        };
    }

    /// Whether a value passes; `NaN` is missing.
    pub fn holds(&self, value: f32) -> bool {
        if value.is_nan() {
            return self.missing != Missing::Excluded;
        }
        if let Some(test) = &self.categories {
            return test
                .holds(value)
                .unwrap_or(self.missing != Missing::Excluded);
        }
        self.missing != Missing::Only
            && self.above.is_none_or(|above| value > above)
            && self.at_most.is_none_or(|at_most| value <= at_most)
    }

    /// The condition in words, such as `recency_days > 14.5 or missing` or `contract in
    /// {month-to-month, two years}`.
    ///
    /// Of the turns at a split exactly one says that rows without a value take it, whether a
    /// training row was one or not; none where they were set apart above. Of categories it says `unknown`: missing, or one that no
    /// training row had here. Where these pass and fewer categories are refused than pass, the
    /// refused ones are named: `contract is not one year or unknown`; where they do not, those that
    /// pass are, because an unknown one is none of the refused either.
    ///
    /// # Panics
    /// When there are too few names.
    pub fn to_text<N: ColumnName>(&self, names: &[N]) -> String {
        let column = &names[self.feature];
        if let Some(test) = &self.categories {
            return test.to_text(column, self.missing != Missing::Excluded);
        }
        let text = match (self.missing, self.above, self.at_most) {
            (Missing::Only, _, _) => return column.is_missing(),
            (_, None, None) => column.is_there(),
            (_, above, at_most) => column.between(above, at_most),
        };
        match self.missing == Missing::Included && !column.never_missing() {
            true => put(
                column.phrases().or,
                &[("condition", &text), ("missing", &column.missing())],
            ),
            false => text,
        }
    }
}

impl Condition {
    /// Whether its words let something else pass besides.
    fn says_or<N: ColumnName>(&self, column: &N, text: &str) -> bool {
        let phrases = column.phrases();
        let marks = [phrases.or, phrases.or_unknown].map(|sentence| {
            let (_, after) = sentence.split_once("{condition}").unwrap_or_default();
            after.split('{').next().unwrap_or_default()
        });
        let spoken = marks.iter().any(|or| !or.is_empty() && text.contains(or));
        self.missing == Missing::Included && spoken
    }
}

impl CategoryTest {
    /// - `unknown`: whether missing values pass, and categories that were not met.
    fn to_text<N: ColumnName>(&self, column: &N, unknown: bool) -> String {
        let (name, phrases) = (column.name(), column.phrases());
        let list = |categories: &[u16]| {
            let names: Vec<String> = categories
                .iter()
                .map(|c| {
                    column
                        .category(*c)
                        .map_or_else(|| c.to_string(), str::to_string)
                })
                .collect();
            names.join(phrases.comma)
        };
        let say = |sentence: &str, categories: &[u16]| {
            put(sentence, &[("name", name), ("list", &list(categories))])
        };
        let passing = match self.passing.as_slice() {
            [one] => say(phrases.is, &[*one]),
            many => say(phrases.is_one_of, many),
        };
        match (self.passing.as_slice(), self.refused.as_slice()) {
            ([], _) if unknown => say(phrases.is_unknown, &[]),
            (_, []) if !unknown => say(phrases.is_known, &[]),
            (most, [one]) if unknown && most.len() > 1 => say(phrases.is_not, &[*one]),
            (most, few) if unknown && most.len() > few.len() && !few.is_empty() => {
                say(phrases.is_none_of, few)
            }
            _ if unknown => put(phrases.or_unknown, &[("condition", &passing)]),
            _ => passing,
        }
    }
}

impl LeafRule {
    /// The conditions in words, joined by `and`; `all rows` for a tree of one leaf.
    ///
    /// # Panics
    /// When there are too few names.
    pub fn to_text<N: ColumnName>(&self, names: &[N]) -> String {
        sentence(&self.conditions, names)
    }
}

impl MeanRule {
    /// The conditions in words, joined by `and`; `all rows` for a tree of one leaf.
    ///
    /// # Panics
    /// When there are too few names.
    pub fn to_text<N: ColumnName>(&self, names: &[N]) -> String {
        sentence(&self.conditions, names)
    }
}

fn sentence<N: ColumnName>(conditions: &[Condition], names: &[N]) -> String {
    let phrases = names.first().map_or(&Phrases::ENGLISH, N::phrases);
    if conditions.is_empty() {
        return phrases.all_rows.to_string();
    }
    // Of several conditions one that holds an `or` stands in brackets.
    let text = |condition: &Condition| {
        let text = condition.to_text(names);
        match conditions.len() > 1 && condition.says_or(&names[condition.feature], &text) {
            true => put(phrases.brackets, &[("condition", &text)]),
            false => text,
        }
    };
    let conditions: Vec<String> = conditions.iter().map(text).collect();
    conditions.join(phrases.and)
}
