//! What to call columns, categories and rows when a tree is printed.

use super::numbers::number;

/// The name of a column, and of its categories where it has them. Text is a name; a column of
/// categories is a [`CategoryNames`].
pub trait ColumnName {
    /// The words between names, numbers and categories.
    fn phrases(&self) -> &Phrases {
        &Phrases::ENGLISH
    }

    /// The name of the column.
    fn name(&self) -> &str;

    /// The name of a category; nothing where it has none and its number must do.
    fn category(&self, number: u16) -> Option<&str>;

    /// Whether every row there can be has a value, so that nothing is said of rows without one.
    fn never_missing(&self) -> bool {
        false
    }

    /// A condition on numbers, `above < value <= at_most`, with at least one of the bounds.
    fn between(&self, above: Option<f32>, at_most: Option<f32>) -> String {
        let name = self.name();
        let bound = |value: f32| number(value.into());
        match (above, at_most) {
            (Some(above), Some(at_most)) => {
                format!("{} < {name} <= {}", bound(above), bound(at_most))
            }
            (Some(above), None) => format!("{name} > {}", bound(above)),
            (None, Some(at_most)) => format!("{name} <= {}", bound(at_most)),
            (None, None) => name.to_string(),
        }
    }

    /// What is said, behind `or`, where rows without a value pass as well.
    fn missing(&self) -> String {
        "missing".to_string()
    }

    /// What is said where every row with a value passes, and no other.
    fn is_there(&self) -> String {
        format!("{} is not missing", self.name())
    }

    /// What is said where they alone pass.
    fn is_missing(&self) -> String {
        format!("{} is missing", self.name())
    }
}

/// What is said of the rows of a tree. Text is the outcome, and rows are called rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wording<'a> {
    /// What a row labelled `true` did, such as `churned`; of a regression tree what the label is.
    pub outcome: &'a str,
    /// What several rows are called.
    pub rows: &'a str,
    /// The words between them and the numbers.
    pub phrases: &'a Phrases,
}

/// The sentences of trees and their conditions, with places such as `{rows}` for what is said in them. Each
/// language has its own; a place that a sentence leaves out is not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phrases {
    /// `{rows}`: the root.
    pub all: &'static str,
    /// A rule without conditions.
    pub all_rows: &'static str,
    /// `{condition}`, `{facts}`: a line of the text.
    pub line: &'static str,
    /// `{count}`, `{rows}`, `{fact}`: what became of the rows of a node.
    pub told: &'static str,
    /// `{rows}`, `{fact}`: of a node that no row came to.
    pub nobody: &'static str,
    /// `{percent}`, `{outcome}`: the fact.
    pub rate: &'static str,
    /// `{leaf}`, `{value}`: behind the line of a leaf.
    pub leaf: &'static str,
    /// `{leaf}`, `{value}`: the same in a box.
    pub leaf_in_box: &'static str,
    /// `{leaves}`, `{outcome}`, `{percent}`, `{rows}`: above the picture.
    pub picture: &'static str,
    /// `{name}`, `{list}`: one category passes.
    pub is: &'static str,
    /// `{name}`, `{list}`: one of several passes.
    pub is_one_of: &'static str,
    /// `{name}`, `{list}`: all but one pass, and what is unknown.
    pub is_not: &'static str,
    /// `{name}`, `{list}`: all but a few pass, and what is unknown.
    pub is_none_of: &'static str,
    /// `{name}`: only what is unknown passes.
    pub is_unknown: &'static str,
    /// `{name}`: all but what is unknown passes.
    pub is_known: &'static str,
    /// `{condition}`: what is unknown passes as well.
    pub or_unknown: &'static str,
    /// `{condition}`, `{missing}`: so does what is missing.
    pub or: &'static str,
    /// `{condition}`: one of several that says `or`.
    pub brackets: &'static str,
    /// Between categories.
    pub comma: &'static str,
    /// Between conditions.
    pub and: &'static str,
}

impl Phrases {
    /// In English.
    pub const ENGLISH: Self = Self {
        all: "all {rows}",
        all_rows: "all rows",
        line: "{condition}: {facts}",
        told: "{count} {rows}, {fact}",
        nobody: "no {rows} yet; as above, {fact}",
        rate: "{percent} % {outcome}",
        leaf: " => leaf {leaf}, {value}",
        leaf_in_box: " (leaf {leaf}: {value})",
        picture: "{leaves} leaves; bars show the share that {outcome}, ticks mark {percent} % of all {rows}",
        is: "{name} = {list}",
        is_one_of: "{name} in {{list}}",
        is_not: "{name} is not {list} or unknown",
        is_none_of: "{name} not in {{list}} or unknown",
        is_unknown: "{name} is unknown",
        is_known: "{name} is known",
        or_unknown: "{condition} or unknown",
        or: "{condition} or {missing}",
        brackets: "({condition})",
        comma: ", ",
        and: " and ",
    };
}

/// A sentence with what is said in its places.
pub(super) fn put(sentence: &str, given: &[(&str, &str)]) -> String {
    let mut rest = sentence;
    let mut text = String::with_capacity(sentence.len() + 32);
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let place = after.split_once('}').and_then(|(name, after)| {
            let (_, value) = given.iter().find(|(given, _)| *given == name)?;
            Some((*value, after))
        });
        rest = match place {
            Some((value, after)) => {
                text.push_str(value);
                after
            }
            None => {
                text.push('{');
                after
            }
        };
    }
    text.push_str(rest);
    text
}

impl<'a> From<&'a str> for Wording<'a> {
    fn from(outcome: &'a str) -> Self {
        Self {
            outcome,
            rows: "rows",
            phrases: &Phrases::ENGLISH,
        }
    }
}

impl<S: AsRef<str>> ColumnName for S {
    fn name(&self) -> &str {
        self.as_ref()
    }

    fn category(&self, _: u16) -> Option<&str> {
        None
    }
}

/// The name of a column and of its categories, numbered from 0 as in the feature matrix. For a
/// column of numbers there are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryNames {
    /// The name of the column.
    pub column: String,
    /// The names of its categories.
    pub categories: Vec<String>,
}

impl ColumnName for CategoryNames {
    fn name(&self) -> &str {
        &self.column
    }

    fn category(&self, number: u16) -> Option<&str> {
        self.categories.get(usize::from(number)).map(String::as_str)
    }
}
