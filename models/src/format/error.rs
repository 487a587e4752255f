//! Why a model file is refused, and why columns do not fit a model.

use thiserror::Error;

use super::VERSION;

/// Why a text is no model file that can be used, or a model nothing that can be saved.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FormatError {
    /// The text is not JSON.
    #[error(
        "this is not JSON: {problem}; a file that was cut short or edited cannot be read, save the model again"
    )]
    Syntax {
        /// What is wrong, with line and column.
        problem: String,
    },
    /// JSON, but of something else.
    #[error("this is not a model file: {problem}; give a file that holds \"format\": \"{format}\"")]
    NotAModel {
        /// What gave it away.
        problem: String,
        /// What a file has to hold.
        format: &'static str,
    },
    /// Written by a later version.
    #[error(
        "the model file has version {found} and this program reads up to {VERSION}; update regulars, or save the model with this version"
    )]
    Newer {
        /// The version of the file.
        found: u64,
    },
    /// A version that was never written.
    #[error(
        "the model file has version {found}; versions are counted from 1, so the file was not written by regulars"
    )]
    Older {
        /// The version of the file.
        found: u64,
    },
    /// Something in the file, or in the model, is not as it must be.
    #[error("{place}: {problem}")]
    Invalid {
        /// Where, such as `model.trees[3].left[7]`.
        place: String,
        /// What is found there and what is expected.
        problem: String,
    },
}

impl FormatError {
    /// Something wrong right here; callers say where that is by [`Within`].
    pub(crate) fn invalid(problem: impl Into<String>) -> Self {
        Self::Invalid {
            place: String::new(),
            problem: problem.into(),
        }
    }
}

/// Says where an error happened, from the inside outwards.
pub(crate) trait Within {
    /// Below the field `name`.
    fn within(self, name: &str) -> Self;
    /// Below entry `index` of a list.
    fn at(self, index: usize) -> Self;
}

impl Within for FormatError {
    fn within(self, name: &str) -> Self {
        match self {
            Self::Invalid { place, problem } => {
                let place = match place.chars().next() {
                    None => name.to_string(),
                    Some('[') => format!("{name}{place}"),
                    Some(_) => format!("{name}.{place}"),
                };
                Self::Invalid { place, problem }
            }
            other => other,
        }
    }

    fn at(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }
}

impl<T> Within for Result<T, FormatError> {
    fn within(self, name: &str) -> Self {
        self.map_err(|error| error.within(name))
    }

    fn at(self, index: usize) -> Self {
        self.map_err(|error| error.at(index))
    }
}

/// A condition of the format: `problem` says what is wrong where it does not hold.
pub(crate) fn must(holds: bool, problem: impl FnOnce() -> String) -> Result<(), FormatError> {
    if holds {
        Ok(())
    } else {
        Err(FormatError::invalid(problem()))
    }
}

/// Why the columns of a table are not those of a model.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ColumnError {
    /// A column that the model needs is not there.
    #[error("the model needs a column `{name}`, which is not there{}", hint(.nearest))]
    Missing {
        /// The feature.
        name: String,
        /// The column with the most similar name, if one is similar.
        nearest: Option<String>,
    },
    /// A column that the model needs is there more than once.
    #[error(
        "the column `{name}` is there more than once, so the model cannot tell which to take; rename or drop one"
    )]
    Twice {
        /// The feature.
        name: String,
    },
}

fn hint(nearest: &Option<String>) -> String {
    match nearest {
        Some(nearest) => format!("; did you mean `{nearest}`?"),
        None => "; give all columns that it was fitted on".to_string(),
    }
}
