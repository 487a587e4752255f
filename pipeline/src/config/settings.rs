//! The settings with the file that they were read from, and where in it something is wrong.

use std::ops::Range;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::Config;
use crate::failure::{Cause, Failure};

/// A place in the settings file.
#[derive(Clone, Debug)]
pub struct Location {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.path.display(), self.line)
    }
}

/// Checked settings, with the file they were read from.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The settings themselves.
    pub config: Config,
    /// The file.
    pub path: PathBuf,
    /// The folder that the sources' paths are relative to.
    pub base: PathBuf,
    /// The file's text, to find lines in.
    pub(super) text: String,
    /// Options of the command line that took the place of settings: section, key, value.
    pub(super) typed: Vec<(&'static str, &'static str, String)>,
}

impl Settings {
    /// Where the value at this path of keys stands; list members are named by their number.
    pub fn location(&self, keys: &[&str]) -> Location {
        let line = self
            .span(keys)
            .map_or(1, |span| line_of(&self.text, span.start));
        Location {
            path: self.path.clone(),
            line,
        }
    }

    fn span(&self, keys: &[&str]) -> Option<Range<usize>> {
        use toml::de::{DeTable, DeValue};
        let table = DeTable::parse(&self.text).ok()?;
        let mut span = None;
        let mut value = DeValue::Table(table.into_inner());
        for key in keys {
            let next = match &value {
                DeValue::Table(table) => {
                    let (name, inner) = table
                        .iter()
                        .find(|(name, _)| name.get_ref().as_ref() == *key)?;
                    // A table's own span is its header; a key's span is where it was typed.
                    span = Some(if matches!(inner.get_ref(), DeValue::Array(_)) {
                        inner.span()
                    } else {
                        name.span()
                    });
                    inner.get_ref().clone()
                }
                DeValue::Array(list) => {
                    let inner = list.get(key.parse::<usize>().ok()?)?;
                    span = Some(inner.span());
                    inner.get_ref().clone()
                }
                _ => return span,
            };
            value = next;
        }
        span
    }

    /// A failure at a place in the settings: `file:line: [section] key: problem`.
    ///
    /// What came from the command line is called by the name of its option instead.
    pub fn wrong(&self, keys: &[&str], problem: impl std::fmt::Display) -> Failure {
        if let [section, key, ..] = keys
            && let Some((_, key, _)) = self
                .typed
                .iter()
                .find(|typed| (typed.0, typed.1) == (*section, *key))
        {
            return Failure::settings(format!("--{}: {problem}", key.replace('_', "-")));
        }
        let number = |number: &str| number.parse::<usize>().unwrap_or(0);
        let (section, rest) = match keys {
            ["sources", place, rest @ ..] => {
                let place = number(place);
                let source = self.config.sources.get(place);
                let table = source.map_or("?", |source| source.table.as_str());
                (format!("source {} ({table})", place + 1), rest)
            }
            ["gates", place, rest @ ..] => {
                let place = number(place);
                let gate = self.config.gates.get(place);
                let table = gate.map_or("?", |gate| gate.table.as_str());
                (format!("gate {} ({table})", place + 1), rest)
            }
            [section, rest @ ..] => (format!("[{section}]"), rest),
            [] => (String::new(), keys),
        };
        let keys_below: String = rest.iter().map(|key| format!(" {key}")).collect();
        Failure::settings(format!(
            "{}: {section}{keys_below}: {problem}",
            self.location(keys)
        ))
    }

    /// Says where in the settings a failure of theirs has its reason; other failures stay as they are.
    pub fn place(&self, keys: &[&str], failure: Failure) -> Failure {
        // One that already begins with a place keeps it.
        let placed = failure
            .message
            .starts_with(&self.path.display().to_string());
        if failure.cause != Cause::Settings || placed {
            return failure;
        }
        Failure {
            hint: failure.hint,
            ..self.wrong(keys, failure.message)
        }
    }

    /// SHA-256 of the settings as written, with what the command line put in their place: two runs
    /// with one hash were asked the same.
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new_with_prefix(self.text.as_bytes());
        for (section, key, value) in &self.typed {
            hash.update(format!("\0{section}.{key}={value}"));
        }
        hex(&hash.finalize())
    }
}

/// Bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The line that a byte of a text stands in, counted from 1.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())]
        .iter()
        .filter(|&&byte| byte == b'\n')
        .count()
        + 1
}
