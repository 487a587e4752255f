//! The features of the catalogue as queries: the history is folded once into small tables, from
//! which every as-of date is answered by conditions on days.

mod accounts;
mod channels;
mod contacts;
mod days;
mod definition;
mod events;
mod shop;

use std::fmt::Write as _;

pub use self::channels::CHOSEN;
use crate::contract::features::{History, Made, Named, Over, columns};
use crate::engine::Scope;
use crate::failure::Result;
use crate::warehouse::folds::{ByMonth, Folds};

/// What stands for an amount where the sources have none.
pub const NO_AMOUNT: &str = "CAST(0 AS DECIMAL(18, 4))";

/// A table that the history is folded into.
struct Fold {
    name: &'static str,
    /// Its query over the whole history.
    sql: String,
    /// The same a month at a time, where it goes over the interactions.
    by_month: Option<ByMonth>,
}

impl Fold {
    /// Over tables that were folded before.
    fn over_folds(name: &'static str, sql: String) -> Self {
        Self {
            name,
            sql,
            by_month: None,
        }
    }

    /// Over the interactions: days of customers, whose rows come from one month each, so `sql` does
    /// for one month as for all.
    fn of_days(name: &'static str, sql: String, reads: &'static [&'static str]) -> Self {
        let by_month = ByMonth {
            fold: sql.clone(),
            reads,
            then: None,
        };
        Self {
            name,
            sql,
            by_month: Some(by_month),
        }
    }

    /// Over days of customers, as `then` goes over `{days}`.
    fn along_days(name: &'static str, days: String, then: &str) -> Self {
        Self {
            name,
            sql: then.replace("{days}", &format!("({days})")),
            by_month: Some(ByMonth {
                fold: days,
                reads: &[],
                then: Some(then.replace("{days}", "{months}")),
            }),
        }
    }
}

/// What is computed from a history.
pub struct Plan {
    /// In order: a later one may read from an earlier one.
    folds: Vec<Fold>,
    columns: Vec<Made>,
    /// `LEFT JOIN ...` for features that do not come from a customer's days.
    joins: String,
}

impl Plan {
    /// Every feature that can be made from a history; from an hour on a basket is an evening one.
    pub fn new(history: &History, evening_from: u8) -> Self {
        let columns = columns(history);
        let mut plan = Plan {
            folds: days::folds(history, evening_from).into(),
            columns,
            joins: String::new(),
        };
        let mut tables: Vec<Over> = Vec::new();
        for column in &plan.columns {
            if !tables.contains(&column.sql.over) {
                tables.push(column.sql.over);
            }
        }
        for over in tables {
            plan.add(history, over);
        }
        plan
    }

    /// Folds the history into a table, and joins what features ask of it.
    fn add(&mut self, history: &History, over: Over) {
        let asked = |part: fn(&Made) -> &[Named]| once(&self.columns, over, part);
        let by_then = asked(|column| &column.sql.by_then);
        let (name, query) = match over {
            Over::Days => return,
            Over::FirstSeen { table, fold } => {
                self.folds.push(Fold::over_folds(table, fold.to_owned()));
                // A name of its own: the fold has that of the table.
                let name = format!("{table}_by_then");
                (name, added_up(table, &by_then))
            }
            Over::Events => {
                let by_day = asked(|column| &column.sql.by_day);
                let along = asked(|column| &column.sql.along);
                self.folds.push(events::fold(history, &by_day, &along));
                ("events".to_owned(), added_up("event_days", &by_then))
            }
            Over::Contacts => {
                self.folds
                    .push(contacts::fold(history.tells("campaign_id")));
                ("contacts".to_owned(), added_up("contact_days", &by_then))
            }
            Over::Channels => {
                self.folds.push(channels::fold(&history.channels));
                ("channels".to_owned(), added_up("channel_days", &by_then))
            }
            Over::Shop => {
                self.folds.push(shop::fold());
                let _ = write!(
                    self.joins,
                    " LEFT JOIN ({}) shop ON shop.as_of = f.as_of",
                    shop::query()
                );
                return;
            }
            Over::Accounts => {
                self.folds.extend(accounts::folds(&history.accounts));
                ("accounts".to_owned(), accounts::query())
            }
        };
        let _ = write!(
            self.joins,
            " LEFT JOIN ({query}) {name} ON {name}.as_of = f.as_of AND {name}.customer_id = f.customer_id"
        );
    }

    /// The tables that the history is folded into, in order, with their queries.
    pub fn folds(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.folds.iter().map(|fold| (fold.name, fold.sql.as_str()))
    }

    /// Folds the history; where months are kept, those of them that have changed.
    pub fn prepare(&self, scope: &Scope, kept: Option<&Folds>) -> Result<()> {
        for fold in &self.folds {
            match (kept, &fold.by_month) {
                (Some(kept), Some(by_month)) => kept.name(scope, fold.name, by_month)?,
                _ => scope.fold(fold.name, &fold.sql)?,
            }
        }
        Ok(())
    }

    /// One row for each as-of date in the table `as_of_dates` and customer, sorted by both.
    pub fn snapshots(&self) -> String {
        let mut inner = String::new();
        let mut outer = String::new();
        for Made { name, sql, .. } in &self.columns {
            if sql.over == Over::Days {
                let _ = write!(inner, ", {} AS {name}", sql.value);
                let _ = write!(outer, ", f.{name}");
            } else {
                let _ = write!(outer, ", {} AS {name}", sql.value);
            }
        }
        format!(
            "SELECT f.as_of, f.customer_id{outer} FROM (SELECT as_of, customer_id{inner} FROM customer_days \
             JOIN as_of_dates ON d < as_of GROUP BY as_of, customer_id HAVING count(bought_on) > 0) f{} \
             ORDER BY f.as_of, f.customer_id",
            self.joins
        )
    }

    /// Whether a customer's features tell of what others did: people of the same account, or anybody, by
    /// whom the shop is known to have been open.
    pub fn tells_of_others(&self) -> bool {
        let mut columns = self.columns.iter();
        columns.any(|column| matches!(column.sql.over, Over::Accounts | Over::Shop))
    }

    /// What each feature is in full, by its name: two with one definition are the same.
    pub fn definitions(&self, history: &History, evening_from: u8) -> Vec<Named> {
        let columns = self.columns.iter();
        columns
            .map(|made| {
                let definition = definition::definition(made, history, evening_from);
                (made.name.clone(), definition)
            })
            .collect()
    }

    /// What each feature means.
    pub fn descriptions(&self) -> impl Iterator<Item = (&str, &str)> {
        self.columns
            .iter()
            .map(|column| (column.name.as_str(), column.about.as_str()))
    }
}

/// What the features over a table ask of it, each once.
fn once(columns: &[Made], over: Over, part: fn(&Made) -> &[Named]) -> Vec<Named> {
    let mut asked: Vec<Named> = Vec::new();
    for column in columns.iter().filter(|column| column.sql.over == over) {
        for (name, sql) in part(column) {
            match asked.iter().find(|(known, _)| known == name) {
                Some((_, known)) => debug_assert_eq!(known, sql, "{name} is two things"),
                None => asked.push((name.clone(), sql.clone())),
            }
        }
    }
    asked
}

/// Sums over the days of a table before each date, one row for a date and customer at most.
fn added_up(table: &str, by_then: &[Named]) -> String {
    format!(
        "SELECT as_of, customer_id{} FROM {table} JOIN as_of_dates ON d < as_of GROUP BY 1, 2",
        listed(by_then)
    )
}

/// Columns as a query lists them.
fn listed(columns: &[Named]) -> String {
    let mut list = String::new();
    for (name, sql) in columns {
        let _ = write!(list, ", {sql} AS {name}");
    }
    list
}

/// A text as SQL writes it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
