//! Reading `regulars.toml`, and checking what the types of the settings cannot say.

use std::path::{Path, PathBuf};

use super::settings::line_of;
use super::{
    Config, Settings, churn, classes, features, gate, ingest, life_cycle, models, offers, project,
    publish, rfm, rules, run, segment, source, targets, value,
};
use crate::failure::{Failure, Result, nearest};
use crate::text::note_settings_file;
use crate::words;

impl Settings {
    /// Reads and checks a settings file.
    ///
    /// # Errors
    /// A missing file, a syntax error, an unknown key or a value that cannot be, each with its
    /// line and what would mend it.
    pub fn read(path: &Path) -> Result<Self> {
        note_settings_file(path);
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
        words::speak(settings.config.project.language);
        check(&settings)?;
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
        check(&self)?;
        Ok(self)
    }
}

/// Checks every setting; the first wrong one is reported.
fn check(settings: &Settings) -> Result<()> {
    project::check(settings)?;
    source::check(settings)?;
    ingest::check(settings)?;
    features::check(settings)?;
    segment::check(settings)?;
    rfm::check(settings)?;
    life_cycle::check(settings)?;
    churn::check(settings)?;
    models::check(settings)?;
    value::check(settings)?;
    classes::check(settings)?;
    rules::check(settings)?;
    offers::check(settings)?;
    targets::check(settings)?;
    publish::check(settings)?;
    run::check(settings)?;
    gate::check(settings)
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
