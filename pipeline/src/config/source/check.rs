//! What the types of a source cannot say: names that must exist, keys that belong together.

use super::{Address, Mapping, Source, join, written};
use crate::config::Settings;
use crate::contract::{self, ABOUT_ROWS, Content, DERIVED, OWN, Table};
use crate::failure::{Failure, Result, did_you_mean};

/// Checks every source; the first wrong one is reported.
pub fn check(settings: &Settings) -> Result<()> {
    let tables: Vec<&str> = contract::TABLES.iter().map(|table| table.name).collect();
    for (number, source) in settings.config.sources.iter().enumerate() {
        let place = number.to_string();
        let table = contract::table(&source.table).ok_or_else(|| {
            let problem = format!("`{}` is no canonical table", source.table);
            let failure = settings.wrong(&["sources", &place, "table"], problem);
            failure.hint(did_you_mean(&source.table, &tables))
        })?;
        let checked = Checked {
            settings,
            number,
            place,
            source,
            table,
        };
        checked.name()?;
        checked.held_to(&["sources", &checked.place], source)?;
        let held_to = |at: &[&str], source: &Source| checked.held_to(at, source);
        join::check(settings, &checked.place, source, held_to)?;
        checked.condition()?;
        checked.column_names()?;
        checked.mappings()?;
        checked.options()?;
        checked.required()?;
        checked.kind()?;
    }
    Ok(())
}

/// A source that is being checked.
struct Checked<'a> {
    settings: &'a Settings,
    number: usize,
    /// The same number, as it names a place of the settings.
    place: String,
    source: &'a Source,
    table: &'static Table,
}

impl Checked<'_> {
    fn wrong(&self, key: &str, problem: impl std::fmt::Display) -> Failure {
        self.settings.wrong(&["sources", &self.place, key], problem)
    }

    fn wrong_column(&self, name: &str, problem: impl std::fmt::Display) -> Failure {
        self.settings
            .wrong(&["sources", &self.place, "columns", name], problem)
    }

    /// No source before it has its name.
    fn name(&self) -> Result<()> {
        let name = self.source.name();
        let before = &self.settings.config.sources[..self.number];
        let same = |other: &Source| other.table == self.source.table && other.name() == name;
        if before.iter().any(same) {
            return Err(self
                .wrong(
                    "name",
                    format!("another source of {} is called `{name}` too", self.table.name),
                )
                .hint("give one of them a name of its own, by which its files are known from load to load: name = \"...\""));
        }
        Ok(())
    }

    /// What any source is held to, and a join too, at its place of the settings.
    fn held_to(&self, at: &[&str], source: &Source) -> Result<()> {
        origin(self.settings, at, source)?;
        written::check(self.settings, at, source)
    }

    fn condition(&self) -> Result<()> {
        match &self.source.condition {
            Some(sql) if sql.trim().is_empty() => Err(self
                .wrong("where", "it is empty")
                .hint("write a condition over the source's columns, such as \"status <> 'cancelled'\", or leave it out")),
            _ => Ok(()),
        }
    }

    /// Every column is one of the table, or an attribute that has a name of its own.
    fn column_names(&self) -> Result<()> {
        let table = self.table;
        let known: Vec<&str> = table
            .columns
            .iter()
            .chain(ABOUT_ROWS)
            .map(|column| column.name)
            .collect();
        for name in self.source.columns.keys() {
            if table.column(name).is_none() && !table.attributes {
                return Err(self
                    .wrong_column(name, format!("`{name}` is no column of {}", table.name))
                    .hint(did_you_mean(name, &known)));
            }
            let own = DERIVED.contains(&name.as_str()) || OWN.contains(&name.as_str());
            let about_rows = ABOUT_ROWS.iter().any(|column| column.name == name);
            if own && !about_rows || name.starts_with("__") {
                let problem = format!("`{name}` is a name that regulars keeps for itself");
                return Err(self.wrong_column(name, problem));
            }
        }
        Ok(())
    }

    /// What is calculated fits what the column holds.
    fn mappings(&self) -> Result<()> {
        for (name, mapping) in &self.source.columns {
            let column = self.table.column(name);
            let is = |content| column.is_some_and(|column| column.content == content);
            let problem = match mapping {
                Mapping::Product(_) if !is(Content::Decimal) => {
                    "a product is a number, and this holds none"
                }
                Mapping::BySign(_) if !is(Content::Kind) => {
                    "the sign of a number tells the kind of an interaction and nothing else"
                }
                Mapping::First(_) if !is(Content::Time) && !is(Content::Date) => {
                    "the first of several columns is for times; of others write coalesce(...) in sql"
                }
                Mapping::Column(column)
                    if column.has_times() && !is(Content::Time) && !is(Content::Date) =>
                {
                    "`time_format` and `timezone` are for times, and this holds none"
                }
                _ => continue,
            };
            return Err(self
                .wrong_column(name, problem)
                .hint(format!("map a column: {name} = \"the source's column\"")));
        }
        Ok(())
    }

    /// Settings that only some tables know.
    fn options(&self) -> Result<()> {
        let (source, table) = (self.source, self.table);
        if !source.key.is_empty() && table.key.is_some() {
            return Err(self
                .wrong("key", format!("{} have a key of their own", table.name))
                .hint("leave it out; sources of interactions may state one"));
        }
        let of_each = ["known_at", "deleted"]
            .into_iter()
            .find(|name| source.columns.contains_key(*name));
        if source.most_frequent && (table.key.is_none() || of_each.is_some()) {
            let problem = match of_each {
                Some(name) => {
                    format!("rows that are taken together cannot say each for itself `{name}`")
                }
                None => format!("{} are not told by many rows", table.name),
            };
            return Err(self.wrong("most_frequent", problem).hint(
                "leave it out; it is for products, customers and campaigns that are read from lines",
            ));
        }
        if !source.anonymous.is_empty() && table.name != "interactions" {
            return Err(self
                .wrong(
                    "anonymous",
                    format!("{} are not made by guests", table.name),
                )
                .hint(
                    "leave it out; sources of interactions may name values that stand for nobody",
                ));
        }
        if source.key.is_empty() && table.key.is_none() && source.columns.contains_key("deleted") {
            return Err(self
                .wrong_column("deleted", "without a key it is not known which row is gone")
                .hint("add the columns that name a row: key = [\"...\"]"));
        }
        Ok(())
    }

    /// What every row must have is mapped.
    fn required(&self) -> Result<()> {
        let mut required = self.table.columns.iter().filter(|column| column.required);
        let Some(column) = required.find(|column| !self.source.columns.contains_key(column.name))
        else {
            return Ok(());
        };
        let failure = self.wrong("columns", format!("`{}` is not mapped", column.name));
        Err(failure.hint(if column.name == "kind" {
            "for a file of purchases add: kind = { constant = \"purchase\" }".to_owned()
        } else {
            format!("add: {} = \"the source's column\"", column.name)
        }))
    }

    /// A kind that is the same in every row is one that is known.
    fn kind(&self) -> Result<()> {
        match self.source.columns.get("kind") {
            Some(Mapping::Constant(super::Constant::Text(kind)))
                if self.table.name == "interactions"
                    && !contract::KINDS.contains(&kind.as_str()) =>
            {
                Err(self
                    .wrong_column("kind", format!("`{kind}` is no kind of interaction"))
                    .hint(did_you_mean(kind, contract::KINDS)))
            }
            _ => Ok(()),
        }
    }
}

/// A source is either files, or a database and what it is asked.
fn origin(settings: &Settings, at: &[&str], source: &Source) -> Result<()> {
    let wrong = |key: &str, problem: &str| settings.wrong(&[at, &[key]].concat(), problem);
    let Some(database) = &source.database else {
        let keys = [
            ("query", &source.query),
            ("relation", &source.relation),
            ("watermark", &source.watermark),
        ];
        if let Some((key, _)) = keys.iter().find(|(_, value)| value.is_some()) {
            return Err(wrong(key, "there is no database to ask").hint(
                "add database = \"postgresql://user@host:5432/name\" or \"sqlite:shop.db\"",
            ));
        }
        if source.path.0.is_empty() {
            return Err(wrong(
                "path",
                "it says neither which files to read nor which database to ask",
            )
            .hint("add path = \"history.csv\", or database and query"));
        }
        return Ok(());
    };
    Address::parse(database).map_err(|(problem, hint)| wrong("database", &problem).hint(hint))?;
    if !source.path.0.is_empty() {
        return Err(wrong("path", "files and a database are two sources")
            .hint("give each a [[sources]] of its own"));
    }
    if source.format.is_some() {
        return Err(wrong("format", "the result of a query has no format")
            .hint("leave it out: a database tells its types"));
    }
    match (&source.query, &source.relation) {
        (Some(text), None) if text.trim().is_empty() => Err(wrong("query", "it is empty")
            .hint("write what you would type in the database's own client")),
        (None, Some(name)) if name.trim().is_empty() => Err(wrong("relation", "it is empty")
            .hint("name a table or a view, such as \"public.orders\"")),
        (Some(_), None) | (None, Some(_)) => Ok(()),
        (Some(_), Some(_)) => Err(wrong("relation", "a query says already what to read")
            .hint("keep one of query and relation")),
        (None, None) => Err(wrong("database", "what to ask it is missing")
            .hint("add query = \"SELECT ...\" or relation = \"schema.table\"")),
    }
}
