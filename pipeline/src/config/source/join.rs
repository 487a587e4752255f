//! `[[sources.join]]`: another file or relation whose columns belong to the rows of a source.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::{Encoding, FixedField, Format, Paths, Quote, Sheets, Source};
use crate::config::Settings;
use crate::failure::Result;

/// `[[sources.join]]`: what says more about the rows of a source, found by a key that both have.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// What stands before the names of its columns that the source has too, as in
    /// `"orders.status"`; by default the name of its first file without ending.
    #[serde(default)]
    pub name: Option<String>,
    /// A path, a URL, a glob, a folder, or a list of them; paths are relative to the settings file.
    #[serde(default)]
    pub path: Paths,
    /// The columns whose values say which of its rows belongs to a row of the source.
    pub on: JoinKeys,
    /// What happens to a row of the source to which no row belongs.
    #[serde(default)]
    pub unmatched: Unmatched,
    /// A database to ask instead of reading files.
    #[serde(default)]
    pub database: Option<String>,
    /// What the database is asked, in its own SQL.
    #[serde(default)]
    pub query: Option<String>,
    /// The table or view of the database that is read whole, instead of a query.
    #[serde(default)]
    pub relation: Option<String>,
    /// By default the ending of each file's name tells, failing this its first bytes.
    #[serde(default)]
    pub format: Option<Format>,
    /// What separates the fields of a CSV; by default its first line tells.
    #[serde(default)]
    pub delimiter: Option<char>,
    /// What stands around fields of a CSV that hold delimiters or line breaks.
    #[serde(default)]
    pub quote: Quote,
    /// Whether the first line of a CSV, or the first row of a sheet, names the columns.
    #[serde(default = "super::yes")]
    pub header: bool,
    /// The names of the columns where there is no header.
    #[serde(default)]
    pub column_names: Vec<String>,
    /// Lines of text, or rows of a sheet, before the header that are not looked at.
    #[serde(default)]
    pub skip_lines: usize,
    /// Lines of text that begin with this are not looked at.
    #[serde(default)]
    pub comment: Option<char>,
    /// Text that stands for "no value", besides nothing at all.
    #[serde(default)]
    pub null_values: Vec<String>,
    /// Where the columns of fixed-width text stand.
    #[serde(default)]
    pub fields: Vec<FixedField>,
    /// The sheet of a spreadsheet, or several; by default the first.
    #[serde(default)]
    pub sheet: Sheets,
    /// How text is encoded; by default a byte order mark tells, and without one it is UTF-8.
    #[serde(default)]
    pub encoding: Option<Encoding>,
}

/// What happens to a row of a source to which no row of a join belongs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unmatched {
    /// It is rejected.
    #[default]
    Reject,
    /// It stays, without the values of the join.
    Keep,
}

/// The columns by which rows are found: the source's, and what the join calls them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinKeys(pub Vec<(String, String)>);

impl Join {
    /// One by a column of the source and what the join calls it, which still lacks its files.
    pub fn on(own: &str, other: &str) -> Self {
        let read = Source::default();
        Self {
            name: None,
            path: read.path,
            on: JoinKeys(vec![(own.to_owned(), other.to_owned())]),
            unmatched: Unmatched::default(),
            database: None,
            query: None,
            relation: None,
            format: None,
            delimiter: None,
            quote: read.quote,
            header: read.header,
            column_names: Vec::new(),
            skip_lines: 0,
            comment: None,
            null_values: Vec::new(),
            fields: Vec::new(),
            sheet: read.sheet,
            encoding: None,
        }
    }

    /// It is read as a source is.
    pub fn as_source(&self) -> Source {
        Source {
            name: self.name.clone(),
            path: self.path.clone(),
            database: self.database.clone(),
            query: self.query.clone(),
            relation: self.relation.clone(),
            format: self.format,
            delimiter: self.delimiter,
            quote: self.quote,
            header: self.header,
            column_names: self.column_names.clone(),
            skip_lines: self.skip_lines,
            comment: self.comment,
            null_values: self.null_values.clone(),
            fields: self.fields.clone(),
            sheet: self.sheet.clone(),
            encoding: self.encoding,
            ..Source::default()
        }
    }

    /// What it is called.
    pub fn name(&self) -> String {
        let first = || {
            let written = self.relation.as_deref();
            let written = written.or_else(|| self.path.0.first().map(String::as_str));
            let last = written.unwrap_or("joined").trim_end_matches('/');
            let last = last.rsplit(['/', '\\']).next().unwrap_or(last);
            match &self.relation {
                // The relation of a schema is called by its own name.
                Some(_) => last.rsplit('.').next().unwrap_or(last).to_owned(),
                None => last.split('.').next().unwrap_or(last).to_owned(),
            }
        };
        self.name.clone().unwrap_or_else(first)
    }
}

/// Checks the joins of a source; `origin` and `formats` are what any source is held to.
pub fn check(
    settings: &Settings,
    number: &str,
    source: &Source,
    held_to: impl Fn(&[&str], &Source) -> Result<()>,
) -> Result<()> {
    let mut names = BTreeSet::new();
    for (place, join) in source.join.iter().enumerate() {
        let place = place.to_string();
        let at = ["sources", number, "join", place.as_str()];
        held_to(&at, &join.as_source())?;
        let wrong = |key: &'static str, problem: String| {
            settings.wrong(&[at[0], at[1], at[2], at[3], key], problem)
        };
        if join.on.0.is_empty() {
            return Err(wrong("on", "no column says which rows belong together".into())
                .hint("name one that both have: on = \"order_id\"; or, where their names differ: on = { order_id = \"id\" }"));
        }
        let name = join.name();
        if !names.insert(name.clone()) {
            return Err(wrong("name", format!("two joins are called `{name}`"))
                .hint("give each a name of its own: name = \"...\""));
        }
    }
    if !source.join.is_empty() && source.watermark.is_some() {
        return Err(settings
            .wrong(
                &["sources", number, "watermark"],
                "a source that is read in portions cannot join: what a later portion joins may be in an earlier one",
            )
            .hint("write the join in the query, or leave watermark out"));
    }
    Ok(())
}

impl<'de> Deserialize<'de> for JoinKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = JoinKeys;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a column that both have, a list of them, or { column = \"its name in the join\" }")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> std::result::Result<JoinKeys, E> {
                Ok(JoinKeys(vec![(name.to_owned(), name.to_owned())]))
            }

            fn visit_seq<A: SeqAccess<'de>>(
                self,
                mut seq: A,
            ) -> std::result::Result<JoinKeys, A::Error> {
                let mut keys = Vec::new();
                while let Some(name) = seq.next_element::<String>()? {
                    keys.push((name.clone(), name));
                }
                Ok(JoinKeys(keys))
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<JoinKeys, A::Error> {
                let mut keys = Vec::new();
                while let Some(pair) = map.next_entry::<String, String>()? {
                    keys.push(pair);
                }
                Ok(JoinKeys(keys))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl Serialize for JoinKeys {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(own, other)| (own, other)))
    }
}
