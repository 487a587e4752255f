//! `[publish]`: the PostgreSQL database that results are written to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Address, Settings};
use crate::failure::{Failure, Result, did_you_mean};

/// The results that can be written: each is a table of its name, and `targets` stands for every list,
/// which is `targets_NAME`.
pub const PUBLISHED: &[&str] = &[
    "segments",
    "churn",
    "value",
    "classes",
    "accounts",
    "rules",
    "suggestions",
    "offers",
    "winback",
    "targets",
];

/// `[publish]`: the PostgreSQL database that `publish` and `run --publish` write results to.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Publish {
    /// The database, `"postgresql://user@host:5432/name"`; a password has no place here.
    pub database: Option<String>,
    /// The schema that the tables are in; made where it is not there.
    pub schema: String,
    /// Which results are written; by default all that are there.
    pub tables: Option<Vec<String>>,
}

impl Default for Publish {
    fn default() -> Self {
        Self {
            database: None,
            schema: "regulars".to_owned(),
            tables: None,
        }
    }
}

/// Bytes of a name in PostgreSQL; it cuts longer ones.
pub const LONGEST_NAME: usize = 63;

/// The address, the schema and the names of tables.
pub(super) fn check(settings: &Settings) -> Result<()> {
    let publish = &settings.config.publish;
    if let Some(database) = &publish.database {
        let at = |(problem, hint): (String, String)| {
            settings.wrong(&["publish", "database"], problem).hint(hint)
        };
        if !matches!(Address::parse(database).map_err(at)?, Address::Postgres(_)) {
            return Err(settings
                .wrong(&["publish", "database"], "this is no PostgreSQL")
                .hint("write \"postgresql://user@host:5432/name\""));
        }
    }
    let schema = &publish.schema;
    if schema.is_empty() || schema.len() > LONGEST_NAME || schema.starts_with("pg_") {
        return Err(settings
            .wrong(
                &["publish", "schema"],
                format!("`{schema}` cannot be the name of a schema"),
            )
            .hint(format!(
                "give a name of {LONGEST_NAME} bytes at most that does not begin with pg_"
            )));
    }
    let mut asked = publish.tables.iter().flatten().enumerate();
    match asked.find(|(_, name)| !PUBLISHED.contains(&name.as_str())) {
        None => Ok(()),
        Some((place, name)) => {
            let failure: Failure = settings.wrong(
                &["publish", "tables", &place.to_string()],
                format!("`{name}` is no result that can be written"),
            );
            Err(failure.hint(did_you_mean(name, PUBLISHED)))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn what_cannot_be_is_said_with_its_place() {
        for (text, words) in [
            ("database = \"sqlite:a.db\"", "this is no PostgreSQL"),
            (
                "database = \"postgresql://ann:sesame@host/shop\"",
                "a password does not belong in the settings",
            ),
            ("schema = \"\"", "cannot be the name of a schema"),
            ("schema = \"pg_temp\"", "cannot be the name of a schema"),
            ("tables = [\"segmets\"]", "did you mean `segments`?"),
            ("databse = \"x\"", "unknown key `databse`"),
        ] {
            let text = format!("[publish]\n{text}\n");
            let read = Settings::from_text(text.clone(), PathBuf::from("x.toml"), PathBuf::new());
            let message = read.expect_err(&text).to_string();
            assert!(message.contains(words), "{text}: {message}");
            assert!(message.contains("x.toml:2") && !message.contains("sesame"));
        }
    }
}
