//! What to call columns, categories and rows when a tree is printed.

use super::numbers::number;

/// The name of a column, and of its categories where it has them. Text is a name; a column of
/// categories is a [`CategoryNames`].
pub trait ColumnName {
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
}

impl<'a> From<&'a str> for Wording<'a> {
    fn from(outcome: &'a str) -> Self {
        Self {
            outcome,
            rows: "rows",
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
