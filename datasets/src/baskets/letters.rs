//! The letters of a name and their numbers.

use std::fmt;

/// What is wrong with a name. A name with a `C` is read as [`Dense`](super::Dense), any other as [`Quest`](super::Quest).
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    /// A character where one of the kind's letters should stand.
    #[error("found {found:?}, but expected one of the letters {expected}, with a number after it")]
    Letter {
        /// The character.
        found: char,
        /// The letters of this kind of baskets.
        expected: &'static str,
    },
    /// A letter without a number.
    #[error("{0} has no number after it")]
    NoNumber(char),
    /// A number beyond 64 bits.
    #[error("the number after {0} is too large")]
    Overflow(char),
    /// A letter given a second time.
    #[error("{0} is there twice")]
    Twice(char),
    /// A letter that the name cannot do without.
    #[error("{letter} is missing, the {meaning}")]
    Missing {
        /// The letter.
        letter: char,
        /// What it stands for.
        meaning: &'static str,
    },
    /// A zero.
    #[error("{0} = 0, but it must be at least 1")]
    Zero(char),
    /// More than is made here.
    #[error("{letter} = {value}, but it must be at most {most}")]
    TooMany {
        /// The letter.
        letter: char,
        /// Its value.
        value: u64,
        /// The largest value that is accepted.
        most: u64,
    },
    /// Baskets or itemsets longer than there are items.
    #[error("{letter} = {value}, but there are only N = {items} items")]
    LongerThanItems {
        /// `T` or `I`.
        letter: char,
        /// Its value.
        value: u64,
        /// The number of items.
        items: u64,
    },
    /// Itemsets that would fill the memory.
    #[error("L = {patterns} itemsets of I = {length} items are more than {most} items in all")]
    PatternItems {
        /// The number of itemsets.
        patterns: u64,
        /// Their mean length.
        length: u64,
        /// The largest product that is accepted.
        most: u64,
    },
    /// A column that could hold one value only.
    #[error("N = {items} items are too few for C = {columns} columns of at least 2 items each")]
    FewItems {
        /// The number of items.
        items: u64,
        /// The number of columns.
        columns: u64,
    },
}

/// The numbers of a name, by letter.
pub(super) struct Letters {
    found: Vec<(char, u64)>,
}

impl Letters {
    /// Splits a name into letters, each one of `expected` and there once, and their numbers.
    pub fn read(name: &str, expected: &'static str) -> Result<Self, Problem> {
        let mut found: Vec<(char, u64)> = Vec::new();
        let mut rest = name.chars().peekable();
        while let Some(given) = rest.next() {
            let letter = given.to_ascii_uppercase();
            if !letter.is_ascii_uppercase() || !expected.contains(letter) {
                return Err(Problem::Letter {
                    found: given,
                    expected,
                });
            }
            if found.iter().any(|&(earlier, _)| earlier == letter) {
                return Err(Problem::Twice(letter));
            }
            let mut value = None;
            while let Some(digit) = rest.peek().and_then(|next| next.to_digit(10)) {
                rest.next();
                value = value
                    .unwrap_or(0_u64)
                    .checked_mul(10)
                    .and_then(|tens| tens.checked_add(u64::from(digit)))
                    .ok_or(Problem::Overflow(letter))?
                    .into();
            }
            let value = value.ok_or(Problem::NoNumber(letter))?;
            let unit = match rest.peek().map(char::to_ascii_uppercase) {
                Some('K') => 1_000,
                Some('M') => 1_000_000,
                _ => 1,
            };
            if unit > 1 {
                rest.next();
            }
            let value = value.checked_mul(unit).ok_or(Problem::Overflow(letter))?;
            found.push((letter, value));
        }
        Ok(Letters { found })
    }

    /// The number of a letter that must be there, between 1 and `most`.
    pub fn need(&self, letter: char, meaning: &'static str, most: u64) -> Result<u64, Problem> {
        self.find(letter, most)?
            .ok_or(Problem::Missing { letter, meaning })
    }

    /// The number of a letter that may be left out, between 1 and `most`.
    pub fn find(&self, letter: char, most: u64) -> Result<Option<u64>, Problem> {
        let Some(&(_, value)) = self.found.iter().find(|&&(found, _)| found == letter) else {
            return Ok(None);
        };
        if value == 0 {
            return Err(Problem::Zero(letter));
        }
        if value > most {
            return Err(Problem::TooMany {
                letter,
                value,
                most,
            });
        }
        Ok(Some(value))
    }
}

/// A number as names write it: 100000 is `100K`, 8124 is `8124`.
pub(super) struct Short(pub u64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            n if n > 0 && n.is_multiple_of(1_000_000) => write!(f, "{}M", n / 1_000_000),
            n if n > 0 && n.is_multiple_of(1_000) => write!(f, "{}K", n / 1_000),
            n => write!(f, "{n}"),
        }
    }
}
