//! What a family of features goes over: kinds, departments, channels, stretches of days.

use super::History;
use super::history::Kind;
use crate::contract::KINDS;
use crate::words::said;

/// What the word in capitals of a family's names stands for.
pub enum Each {
    /// Nothing: each feature is there once.
    One,
    /// `DAYS`: each of these numbers.
    Days(&'static [u32]),
    /// `KIND`: each kind beside purchases that the history has and that meets this.
    Kind(fn(&Kind) -> bool),
    /// `DEPARTMENT`: each of the largest departments.
    Department,
    /// `CHANNEL`: each of the channels that are used most.
    Channel,
}

/// One of what a family goes over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The word in capitals; empty where there is none.
    word: &'static str,
    /// As it stands in names of columns.
    name: String,
    /// As it stands in sentences.
    pub words: String,
    /// Its number, `NUMBER` in SQL.
    number: usize,
}

impl Each {
    /// The word in capitals.
    pub(super) fn word(&self) -> Option<&'static str> {
        match self {
            Self::One => None,
            Self::Days(_) => Some("DAYS"),
            Self::Kind(_) => Some("KIND"),
            Self::Department => Some("DEPARTMENT"),
            Self::Channel => Some("CHANNEL"),
        }
    }

    /// Those that a history has.
    pub(super) fn places(&self, history: &History) -> Vec<Place> {
        let Some(word) = self.word() else {
            return vec![Place::default()];
        };
        let texts: Vec<(String, String)> = match self {
            Self::One => Vec::new(),
            Self::Days(days) => days.iter().map(|days| named(&days.to_string())).collect(),
            Self::Kind(meets) => {
                let kinds = history.kinds.iter().filter(|kind| meets(kind));
                kinds.map(|kind| named(&kind.name)).collect()
            }
            Self::Department => history.departments.iter().map(|d| called(d)).collect(),
            Self::Channel => history.channels.iter().map(|c| called(c)).collect(),
        };
        let place = |(number, (name, words))| Place {
            word,
            name,
            words,
            number,
        };
        texts.into_iter().enumerate().map(place).collect()
    }

    /// What stands in a column's name for the word in capitals, if it is a name of this pattern.
    pub(super) fn find<'a>(&self, pattern: &str, name: &'a str) -> Option<&'a str> {
        let Some(word) = self.word() else {
            return (pattern == name).then_some("");
        };
        let (before, after) = pattern.split_once(word)?;
        let found = name.strip_prefix(before)?.strip_suffix(after)?;
        let fits = match self {
            Self::One => false,
            Self::Days(days) => found.parse().is_ok_and(|found| days.contains(&found)),
            Self::Kind(_) => KINDS.contains(&found),
            Self::Department | Self::Channel => !found.is_empty(),
        };
        fits.then_some(found)
    }

    /// The place that a part of a column's name tells of.
    pub(super) fn place(&self, found: &str) -> Place {
        let (name, words) = named(found);
        Place {
            word: self.word().unwrap_or_default(),
            name,
            words,
            number: 0,
        }
    }
}

impl Place {
    /// A name or a condition with the name of the place in it.
    pub(super) fn in_name(&self, text: &str) -> String {
        self.put(text, &self.name)
    }

    /// A sentence with the words for the place in it.
    pub fn in_words(&self, text: &str) -> String {
        self.put(text, self.said())
    }

    /// The same of one of our sentences in English, in the language of the command.
    pub(super) fn say(&self, text: &str) -> String {
        self.in_words(said(text))
    }

    /// The words for it: a kind in the language of the command, anything else as the sources call it.
    pub(super) fn said(&self) -> &str {
        match self.word {
            "KIND" => said(&self.words),
            _ => &self.words,
        }
    }

    /// The same, but called as a text has it that was made of a pattern, where the sources give the names: a name
    /// of a column does not keep their case and signs.
    pub(super) fn told_as(mut self, pattern: &str, text: &str) -> Self {
        if !matches!(self.word, "DEPARTMENT" | "CHANNEL") {
            return self;
        }
        let between = pattern
            .split_once(self.word)
            .and_then(|(before, after)| text.strip_prefix(before)?.strip_suffix(after));
        if let Some(words) = between {
            words.clone_into(&mut self.words);
        }
        self
    }

    /// SQL with the name and the number of the place in it.
    pub(super) fn in_sql(&self, sql: &str) -> String {
        self.in_name(sql)
            .replace("NUMBER", &self.number.to_string())
    }

    /// Whether it stands for this word in capitals.
    pub(super) fn stands_for(&self, word: &str) -> bool {
        !word.is_empty() && self.word == word
    }

    /// The department that it is, as columns name it.
    pub fn department(&self) -> Option<&str> {
        (self.word == "DEPARTMENT").then_some(self.name.as_str())
    }

    /// Whether it is called so in names of columns.
    pub fn is(&self, name: &str) -> bool {
        self.name == name
    }

    fn put(&self, text: &str, by: &str) -> String {
        match self.word {
            "" => text.to_owned(),
            word => text.replace(word, by),
        }
    }
}

/// Names of columns, as sentences say them.
fn named(name: &str) -> (String, String) {
    (name.to_owned(), name.replace('_', " "))
}

/// Names that the sources give, as columns are called by them.
fn called(name: &str) -> (String, String) {
    (identifier(name), name.to_owned())
}

/// A name that can be a column without quotes.
pub fn identifier(name: &str) -> String {
    let mut identifier = String::new();
    for part in name
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|part| !part.is_empty())
    {
        if !identifier.is_empty() {
            identifier.push('_');
        }
        identifier.push_str(part);
    }
    if identifier.is_empty() {
        "unnamed".to_owned()
    } else {
        identifier
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_departments_become_names_of_columns() {
        assert_eq!(identifier("MEAT-PCKGD"), "meat_pckgd");
        assert_eq!(identifier("  Drug / GM "), "drug_gm");
        assert_eq!(identifier("--"), "unnamed");
    }
}
