//! Names of baskets: letters, each with a number.

use super::letters::Problem;
use super::{Baskets, Dense, Quest};
use std::fmt;
use std::str::FromStr;

/// Why a name was refused, and what a right one looks like.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "no baskets are called {given:?}: {problem}\n  hint: \
     T10I4D100K is 100,000 baskets of 10 items on average from itemsets of 4 (and N1K items, \
     L2K itemsets); C23N119D8K is 8,000 rows of 23 columns with 119 items in all"
)]
pub struct NameError {
    /// The name as it was given.
    pub given: String,
    /// What is wrong with it.
    pub problem: Problem,
}

impl FromStr for Baskets {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        let read = if name.contains(['C', 'c']) {
            Dense::read(name).map(Baskets::Dense)
        } else {
            Quest::read(name).map(Baskets::Quest)
        };
        read.map_err(|problem| NameError {
            given: name.to_owned(),
            problem,
        })
    }
}

impl fmt::Display for Baskets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Baskets::Quest(quest) => quest.fmt(f),
            Baskets::Dense(dense) => dense.fmt(f),
        }
    }
}
