//! Reading `regulars.toml`, and saying where in it something is wrong.

use std::ops::Range;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Config;
use crate::failure::{Cause, Failure, Result, nearest};

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
    text: String,
    /// Options of the command line that took the place of settings: section, key, value.
    typed: Vec<(&'static str, &'static str, String)>,
}

impl Settings {
    /// Reads and checks a settings file.
    ///
    /// # Errors
    /// A missing file, a syntax error, an unknown key or a value that cannot be, each with its
    /// line and what would mend it.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Failure::settings(format!("there is no settings file {}", path.display()))
                .hint("name one with -c, or let a first one be written for your files: regulars init FILE..."),
            std::io::ErrorKind::InvalidData => Failure::settings(format!("{} is not UTF-8 text", path.display())),
            _ => Failure::settings(format!("{} cannot be read: {error}", path.display())),
        })?;
        let base = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        Self::from_text(text, path.to_owned(), base)
    }

    /// Checks settings that are at hand as text; paths in them are relative to `base`.
    pub fn from_text(text: String, path: PathBuf, base: PathBuf) -> Result<Self> {
        let config: Config =
            toml::from_str(&text).map_err(|error| explain(&error, &text, &path))?;
        let settings = Self {
            config,
            path,
            base,
            text,
            typed: Vec::new(),
        };
        super::check::check(&settings)?;
        Ok(settings)
    }

    /// The same settings, but where an option was given on the command line, that.
    ///
    /// `typed` lists the options that were given: the section, the key that is the option's name
    /// with `_` for `-`, and the value as it was typed; `change` puts them in their places.
    ///
    /// # Errors
    /// A value that cannot be, under the name of its option.
    pub fn with(
        mut self,
        typed: Vec<(&'static str, &'static str, String)>,
        change: impl FnOnce(&mut Config),
    ) -> Result<Self> {
        change(&mut self.config);
        self.typed = typed;
        super::check::check(&self)?;
        Ok(self)
    }

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
        let section = match keys {
            ["sources", number, rest @ ..] => {
                let number: usize = number.parse().unwrap_or(0);
                let table = self
                    .config
                    .sources
                    .get(number)
                    .map_or("?", |source| source.table.as_str());
                format!(
                    "source {} ({table}){}",
                    number + 1,
                    rest.iter().map(|key| format!(" {key}")).collect::<String>()
                )
            }
            ["gates", number, rest @ ..] => {
                let number: usize = number.parse().unwrap_or(0);
                let gates = &self.config.gates;
                let table = gates.get(number).map_or("?", |gate| gate.table.as_str());
                format!(
                    "gate {} ({table}){}",
                    number + 1,
                    rest.iter().map(|key| format!(" {key}")).collect::<String>()
                )
            }
            [section, rest @ ..] => {
                format!(
                    "[{section}]{}",
                    rest.iter().map(|key| format!(" {key}")).collect::<String>()
                )
            }
            [] => String::new(),
        };
        Failure::settings(format!("{}: {section}: {problem}", self.location(keys)))
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

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())]
        .iter()
        .filter(|&&byte| byte == b'\n')
        .count()
        + 1
}

/// Turns a syntax or type error of the TOML reader into one message with line and hint.
fn explain(error: &toml::de::Error, text: &str, path: &Path) -> Failure {
    let line = error.span().map_or(1, |span| line_of(text, span.start));
    let message = error.message().lines().collect::<Vec<_>>().join("; ");
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let place = format!("{}:{line}", path.display());
    for (start, what) in [("unknown field", "key"), ("unknown variant", "value")] {
        if let (true, [written, known @ ..]) = (message.starts_with(start), names.as_slice()) {
            let list = known
                .iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", ");
            let hint = match nearest(written, known.iter().copied()) {
                Some(name) => format!("did you mean `{name}`? Known here: {list}"),
                None => format!("known here: {list}"),
            };
            return Failure::settings(format!("{place}: unknown {what} `{written}`")).hint(hint);
        }
    }
    Failure::settings(format!("{place}: {message}"))
        .hint("docs/settings.md says what each key takes")
}
