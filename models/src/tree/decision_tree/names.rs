//! What to call columns and categories when a tree is printed.

/// The name of a column, and of its categories where it has them. Text is a name; a column of
/// categories is a [`CategoryNames`].
pub trait ColumnName {
    /// The name of the column.
    fn name(&self) -> &str;

    /// The name of a category; nothing where it has none and its number must do.
    fn category(&self, number: u16) -> Option<&str>;
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
