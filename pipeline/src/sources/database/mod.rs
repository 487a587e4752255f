//! Databases: the result of a query is streamed into a Parquet file of the spool, and is read from
//! there like any file. Nothing is ever written to the database of a source.

pub(super) mod answer;
mod column;
#[cfg(feature = "odbc")]
mod odbc;
mod postgres;
mod sqlite;

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use self::answer::Answered;
pub use self::postgres::{Server, refused};
use super::{Fetch, SourceFile, find};
use crate::config::{Address, Format, Settings, Source, hex};
use crate::failure::{Cause, Failure, Result};

/// What a database is asked.
struct Question {
    /// The query that the settings give, or one that reads the whole relation.
    sql: String,
    /// Whether the settings give the query, so that a place in it means something.
    written: bool,
    /// The column of the result whose largest value is remembered.
    watermark: Option<String>,
    /// Only rows whose watermark is greater are wanted.
    since: Option<String>,
}

/// Asks the database of a source, and hands out the result as a file of the spool.
///
/// # Errors
/// A database that cannot be reached or entered; SQL that it refuses, in its own words; a value or
/// a column that cannot be kept as it is.
pub fn fetch(
    settings: &Settings,
    at: &[&str],
    source: &Source,
    database: &str,
    fetch: &Fetch<'_>,
) -> Result<SourceFile> {
    let at = |key: &'static str| [at, &[key]].concat();
    let found = Database::find(settings, database);
    let found = found.map_err(|failure| settings.place(&at("database"), failure))?;
    if let Database::Sqlite(file) = &found {
        find::allowed(settings, &at("database"), file)?;
    }
    let (key, sql) = match (&source.query, &source.relation) {
        (Some(query), _) => (
            "query",
            query.trim().trim_end_matches([';', ' ', '\n']).to_owned(),
        ),
        (None, relation) => {
            let relation = relation.as_deref().unwrap_or_default();
            ("relation", format!("SELECT * FROM {relation}"))
        }
    };
    let path = PathBuf::from(format!("{}#{}", found.address(), what(source, &sql)));
    let earlier = fetch.earlier.get(&path);
    let question = Question {
        sql,
        written: key == "query",
        watermark: source.watermark.clone(),
        since: earlier.and_then(|earlier| earlier.watermark.clone()),
    };
    let asked = match &found {
        Database::Postgres(server) => fetch.engine.wait(async {
            let entered = server.connect().await;
            let client = entered.map_err(|failure| settings.place(&at("database"), failure))?;
            postgres::ask(&client, &question, fetch.spool).await
        }),
        Database::Sqlite(file) => sqlite::ask(file, &question, fetch.spool),
        #[cfg(feature = "odbc")]
        Database::Odbc(connection) => odbc::ask(connection, &question, fetch.spool),
    };
    let answered = asked.map_err(|failure| match failure.cause {
        Cause::Settings => settings.place(&at(key), failure),
        _ => failure.during(path.display()),
    })?;
    Ok(file(path, answered, earlier))
}

/// The PostgreSQL server that a setting names.
///
/// # Errors
/// It names another database, or what completes the address does not fit.
pub fn server(settings: &Settings, keys: &[&str], database: &str) -> Result<Server> {
    match Database::find(settings, database) {
        Ok(Database::Postgres(server)) => Ok(server),
        Ok(_) => Err(settings.wrong(keys, "this is no PostgreSQL")),
        Err(failure) => Err(settings.place(keys, failure)),
    }
}

/// A database whose place is known.
enum Database {
    Postgres(Server),
    Sqlite(PathBuf),
    #[cfg(feature = "odbc")]
    Odbc(String),
}

impl Database {
    fn find(settings: &Settings, database: &str) -> Result<Self> {
        let address = Address::parse(database);
        match address.map_err(|(problem, hint)| Failure::settings(problem).hint(hint))? {
            Address::Postgres(url) => {
                let environment = |name: &str| std::env::var(name).ok();
                Ok(Self::Postgres(Server::resolve(&url, &environment)?))
            }
            Address::Sqlite(file) => {
                let file = settings.base.join(file);
                if file.is_file() {
                    return Ok(Self::Sqlite(file));
                }
                Err(
                    Failure::settings(format!("there is no file {}", file.display()))
                        .hint("paths are relative to the folder of the settings file"),
                )
            }
            #[cfg(feature = "odbc")]
            Address::Odbc(connection) => Ok(Self::Odbc(connection)),
            #[cfg(not(feature = "odbc"))]
            Address::Odbc(_) => Err(Failure::settings("this regulars was built without ODBC")
                .hint("build it with: cargo build --release --features odbc")),
        }
    }

    /// What it is known and shown by.
    fn address(&self) -> String {
        match self {
            Self::Postgres(server) => server.address(),
            Self::Sqlite(file) => format!("sqlite:{}", file.display()),
            #[cfg(feature = "odbc")]
            Self::Odbc(connection) => format!("odbc:{connection}"),
        }
    }
}

fn file(path: PathBuf, answered: Answered, earlier: Option<&SourceFile>) -> SourceFile {
    let before = || earlier.and_then(|earlier| earlier.watermark.clone());
    SourceFile {
        watermark: answered.largest.or_else(before),
        ..SourceFile::spooled(path, Format::Parquet, answered.spooled)
    }
}

/// What of a database is read, as part of the name of its result: another query, or another
/// watermark, is another file.
fn what(source: &Source, sql: &str) -> String {
    let what = match &source.relation {
        Some(relation) => relation.clone(),
        None => format!("query {}", &hex(&Sha256::digest(sql.as_bytes()))[..8]),
    };
    match &source.watermark {
        Some(column) => format!("{what} by {column}"),
        None => what,
    }
}

impl Question {
    /// The SQL for the rows that are wanted; `newer` writes the condition on the watermark.
    fn wanted(&self, newer: impl Fn(&str, &str) -> String) -> String {
        match (&self.watermark, &self.since) {
            (Some(column), Some(since)) => format!(
                "SELECT * FROM (\n{}\n) wanted WHERE {}",
                self.sql,
                newer(&format!("wanted.{}", quoted(column, '"')), since)
            ),
            _ => self.sql.clone(),
        }
    }
}

/// A name or a text as SQL writes it.
fn quoted(text: &str, quote: char) -> String {
    format!(
        "{quote}{}{quote}",
        text.replace(quote, &format!("{quote}{quote}"))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_newer_rows_are_asked_for_when_an_earlier_load_left_a_watermark() {
        let mut question = Question {
            sql: "SELECT * FROM orders -- all".to_owned(),
            written: true,
            watermark: Some("up\"dated".to_owned()),
            since: None,
        };
        let newer = |column: &str, since: &str| format!("{column} > {}", quoted(since, '\''));
        assert_eq!(question.wanted(newer), "SELECT * FROM orders -- all");
        question.since = Some("it's".to_owned());
        assert_eq!(
            question.wanted(newer),
            "SELECT * FROM (\nSELECT * FROM orders -- all\n) wanted WHERE wanted.\"up\"\"dated\" > 'it''s'"
        );
    }
}
