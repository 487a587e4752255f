//! The features as SQL: the history is folded once into small tables, from which every as-of
//! date is answered by conditions on days.
//!
//! Sums are taken over exact decimals and whole numbers and become floating point only at the
//! end, so that they do not depend on the order in which threads meet the rows.

mod accounts;
mod channels;
mod contacts;
mod events;
mod first_seen;
mod kinds;
mod purchases;

use std::fmt::Write as _;

use self::kinds::Kinds;
use crate::config::Features;
use crate::engine::Engine;
use crate::failure::Result;
use crate::warehouse::Warehouse;

/// What stands for an amount where the sources have none.
const NO_AMOUNT: &str = "CAST(0 AS DECIMAL(18, 4))";

/// One feature: its name, what it means, and its expression.
struct Feature {
    name: String,
    about: String,
    sql: String,
    /// Whether the expression is over a joined table rather than over a customer's days.
    joined: bool,
}

/// What can be computed from this warehouse.
pub struct Plan {
    /// Queries that fold the history, in order: name and SQL.
    folds: Vec<(&'static str, String)>,
    features: Vec<Feature>,
    /// `LEFT JOIN ...` for features that do not come from a customer's days.
    joins: String,
}

impl Plan {
    /// Looks at what was loaded and decides what can be computed.
    pub fn new(warehouse: &Warehouse, settings: &Features) -> Result<Self> {
        let mut plan = Plan {
            folds: Vec::new(),
            features: Vec::new(),
            joins: String::new(),
        };
        let kinds = Kinds::new(warehouse)?;
        plan.purchases(warehouse, settings, kinds.has("return"))?;
        plan.first_seen(warehouse);
        plan.events(&kinds);
        plan.contacts(warehouse, &kinds);
        plan.channels(warehouse)?;
        plan.accounts(warehouse)?;
        Ok(plan)
    }

    /// A feature over the days of a customer before the as-of date.
    fn add(&mut self, name: &str, about: &str, sql: &str) {
        self.push(name, about, sql, false);
    }

    /// A feature over a table of [`Self::join`], the days' features `f` and their names.
    fn add_joined(&mut self, name: &str, about: &str, sql: &str) {
        self.push(name, about, sql, true);
    }

    fn push(&mut self, name: &str, about: &str, sql: &str, joined: bool) {
        debug_assert!(
            !self.features.iter().any(|feature| feature.name == name),
            "{name} twice"
        );
        self.features.push(Feature {
            name: name.to_owned(),
            about: about.to_owned(),
            sql: sql.to_owned(),
            joined,
        });
    }

    /// Joins a query with one row at most for each `as_of` and `customer_id`, under a name.
    fn join(&mut self, name: &str, query: &str) {
        let _ = write!(
            self.joins,
            " LEFT JOIN ({query}) {name} ON {name}.as_of = f.as_of AND {name}.customer_id = f.customer_id"
        );
    }

    /// Folds the history.
    pub fn prepare(&self, engine: &Engine) -> Result<()> {
        for (name, sql) in &self.folds {
            engine.fold(name, sql)?;
        }
        Ok(())
    }

    /// One row for each as-of date in the table `as_of_dates` and customer, sorted by both.
    pub fn snapshots(&self) -> String {
        let mut inner = String::new();
        let mut outer = String::new();
        for feature in &self.features {
            let Feature { name, sql, .. } = feature;
            if feature.joined {
                let _ = write!(outer, ", {sql} AS {name}");
            } else {
                let _ = write!(inner, ", {sql} AS {name}");
                let _ = write!(outer, ", f.{name}");
            }
        }
        format!(
            "SELECT f.as_of, f.customer_id{outer} FROM (SELECT as_of, customer_id{inner} FROM customer_days \
             JOIN as_of_dates ON d < as_of GROUP BY as_of, customer_id HAVING count(bought_on) > 0) f{} \
             ORDER BY f.as_of, f.customer_id",
            self.joins
        )
    }

    /// What each feature means.
    pub fn descriptions(&self) -> impl Iterator<Item = (&str, &str)> {
        self.features
            .iter()
            .map(|feature| (feature.name.as_str(), feature.about.as_str()))
    }
}

/// A text as SQL writes it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Names without those that would share a column because they differ in punctuation alone.
fn distinct_columns<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut distinct: Vec<String> = Vec::new();
    for name in names {
        if !distinct
            .iter()
            .any(|known| identifier(known) == identifier(name))
        {
            distinct.push(name.to_owned());
        }
    }
    distinct
}

/// A name that can be a column without quotes.
fn identifier(name: &str) -> String {
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
        let names = ["Drug GM", "DRUG-GM", "Drug"].into_iter();
        assert_eq!(distinct_columns(names), ["Drug GM", "Drug"]);
    }
}
