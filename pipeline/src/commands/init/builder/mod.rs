//! One file, known to be a certain canonical table, becomes a source: which column is what.

mod customers;
mod interactions;
mod kind;
mod no_products;
mod numbers;
mod times;

use crate::commands::init::column::Column;
use crate::commands::init::names::{self, Role, fit};
use crate::commands::init::roles::{SURE, best};
use crate::commands::init::source::{Pick, Source, Value, evidence};
use crate::commands::init::table::Table;
use crate::commands::init::values::{Marks, Shape};

/// A source that is being put together.
pub struct Builder<'a> {
    file: &'a Table,
    key: Option<usize>,
    source: Source,
}

impl<'a> Builder<'a> {
    /// Nothing is known yet but the table; `key` is the column that other files refer to.
    pub fn new(file: &'a Table, number: usize, table: &'static str, key: Option<usize>) -> Self {
        Self {
            file,
            key,
            source: Source {
                file: number,
                table,
                picks: Vec::new(),
                time_format: None,
                marks: Marks::PLAIN,
                currency_column: None,
                currencies: Vec::new(),
                unsure: Vec::new(),
                notes: Vec::new(),
                guests: None,
                no_products: None,
                utc: false,
                most_frequent: false,
                missing: Vec::new(),
                used: Vec::new(),
                name: None,
                only: None,
            },
        }
    }

    /// The whole source.
    pub fn build(mut self) -> Source {
        let written = self.file.columns.iter().filter(|column| column.is_text());
        self.source.marks = Marks::of(written.filter_map(|column| match column.shape {
            Shape::Number(notation) => Some((notation, &column.texts[..])),
            _ => None,
        }));
        match self.source.table {
            "interactions" => self.interactions(),
            "customers" => self.customers(),
            "products" => self.products(),
            _ => self.campaigns(),
        }
        self.money();
        self.source
    }

    fn best(&self, role: &Role, good: impl Fn(&Column) -> bool) -> Option<(usize, f64)> {
        best(self.file, role, &self.source.used, good)
    }

    fn products(&mut self) {
        self.key("product_id", &names::PRODUCT);
        let keys = Column::names_things;
        self.optional("name", &names::NAME, |column| column.shape == Shape::Text);
        let groups = |column: &Column| column.names_things() && !column.unique();
        self.optional("department", &names::DEPARTMENT, groups);
        self.optional("category", &names::CATEGORY, groups);
        self.optional("type", &names::TYPE, groups);
        self.optional("brand", &names::BRAND, keys);
        self.optional_number("unit_cost", &names::UNIT_COST);
        self.optional("active", &names::ACTIVE, |column| column.labels.is_some());
    }

    fn campaigns(&mut self) {
        let key = self
            .best(&names::CAMPAIGN, Column::unique)
            .map(|found| found.0)
            .or(self.key);
        let key = key.or_else(|| self.file.columns.iter().position(Column::unique));
        match key {
            Some(column) => self.pick("campaign_id", &names::CAMPAIGN, column),
            None => self.missing("campaign_id", "no column has each value once"),
        }
        match self.best(&names::NAME, |column| column.shape == Shape::Text) {
            Some((column, _)) => self.pick("name", &names::NAME, column),
            None => {
                let value = match key {
                    Some(column) => Value::Column(self.file.columns[column].name.clone()),
                    None => Value::Constant("campaign"),
                };
                self.source.picks.push(Pick {
                    name: "name".into(),
                    value,
                    evidence: "there is no name, so the number stands for it".into(),
                });
            }
        }
        self.optional("kind", &names::CAMPAIGN_KIND, |column| {
            column.labels.is_some()
        });
        self.time("starts_on", &names::STARTS, true);
        self.time("ends_on", &names::ENDS, true);
        self.optional_number("cost", &names::CAMPAIGN_COST);
    }

    fn has(&self, name: &str) -> bool {
        self.source.picks.iter().any(|pick| pick.name == name)
    }

    /// The column that names a row: by its name, or because other files refer to it.
    fn key(&mut self, name: &'static str, role: &Role) {
        let column = self
            .key
            .or_else(|| self.best(role, Column::names_things).map(|found| found.0));
        match column {
            Some(column) => self.pick(name, role, column),
            None => self.missing(name, "no column names the rows"),
        }
    }

    fn missing(&mut self, name: &'static str, why: &str) {
        self.source.missing.push((name, why.to_owned()));
    }

    fn optional(&mut self, name: &str, role: &Role, good: impl Fn(&Column) -> bool) {
        if let Some((column, fitness)) = self.best(role, good)
            && fitness >= SURE
        {
            self.pick(name, role, column);
        }
    }

    fn optional_number(&mut self, name: &str, role: &Role) {
        if let Some((column, fitness)) = self.best(role, Column::is_number)
            && fitness >= SURE
        {
            self.number(name, role, column);
        }
    }

    /// Takes a column for what its name says, with what else it could have been.
    fn pick(&mut self, name: &str, role: &Role, column: usize) {
        let value = Value::Column(self.file.columns[column].name.clone());
        let evidence = self.evidence(role, column);
        self.add(name, value, evidence, column);
    }

    fn number(&mut self, name: &str, role: &Role, column: usize) {
        let value = self.number_of(column);
        let evidence = self.evidence(role, column);
        self.add(name, value, evidence, column);
    }

    fn add(&mut self, name: &str, value: Value, evidence: String, column: usize) {
        self.source.used.push(column);
        self.source.picks.push(Pick {
            name: name.to_owned(),
            value,
            evidence,
        });
    }

    fn evidence(&self, role: &Role, column: usize) -> String {
        let chosen = &self.file.columns[column];
        let mut text = evidence(chosen);
        if fit(role, chosen.known_as()) < SURE {
            text.push_str(". A guess: its name does not say so, its values look like it");
        }
        let others: Vec<String> = self
            .file
            .columns
            .iter()
            .enumerate()
            .filter(|(place, other)| {
                *place != column
                    && !self.source.used.contains(place)
                    && other.filled > 0
                    && !other.is_link
                    && fit(role, other.known_as()) >= SURE
                    && std::mem::discriminant(&other.shape) == std::mem::discriminant(&chosen.shape)
            })
            .map(|(_, other)| format!("`{}`", other.name))
            .collect();
        if !others.is_empty() {
            text.push_str(&format!(". Or is it {}?", others.join(" or ")));
        }
        text
    }
}

/// A column's name in SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
