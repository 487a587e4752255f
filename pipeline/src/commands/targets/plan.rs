//! A list as the settings describe it, with its SQL read and its columns known.

use std::collections::BTreeSet;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use datafusion::logical_expr::Expr;

use super::offer::Offer;
use crate::config::Settings;
use crate::config::targets::{Amount, ID, Target};
use crate::failure::{Failure, Result};
use crate::known::Customers;

/// Stands for every attribute of the customers that is not personal.
const ATTRIBUTES: &str = "attributes";
/// What belongs to a first suggestion.
const SUGGESTION: [&str; 2] = ["suggestion", "suggestion_reason"];

/// A list as it is to be made.
pub struct Plan<'a> {
    /// Its name.
    pub name: &'a str,
    /// What the settings say.
    pub list: &'a Target,
    /// Whom it is for.
    pub who: Expr,
    /// How probable a response is.
    pub response_rate: Option<Worth>,
    /// What a response is worth.
    pub value: Option<Worth>,
    /// By everybody in the order of their ids, how much more probable a contact makes a purchase;
    /// NaN where it is not known. Only where the list chooses by that.
    pub changes: Option<Vec<f64>>,
    /// The text of the offer.
    pub offer: Option<Offer>,
    /// The columns that leave the building, beside the id.
    pub columns: Vec<String>,
    settings: &'a Settings,
    customers: &'a Customers,
}

/// A number for all, or one for each.
pub enum Worth {
    /// For all.
    Number(f64),
    /// For each.
    Sql(Expr),
}

impl<'a> Plan<'a> {
    /// Reads what the settings say of a list.
    ///
    /// # Errors
    /// SQL that does not fit, and columns that are not there.
    pub fn new(
        settings: &'a Settings,
        customers: &'a Customers,
        name: &'a str,
        list: &'a Target,
        pseudonymise: bool,
    ) -> Result<Self> {
        let keys = |key| ["targets", name, key];
        let worth = |key, amount: &Option<Amount>| {
            let amount = amount.as_ref().map(|amount| match amount {
                Amount::Number(number) => Ok(Worth::Number(*number)),
                Amount::Sql(sql) => customers.parse(settings, &keys(key), sql).map(Worth::Sql),
            });
            amount.transpose()
        };
        let offer = list.offer.as_deref().map(Offer::parse).transpose();
        let offer = offer.map_err(|problem| settings.wrong(&keys("offer"), problem))?;
        for field in offer
            .iter()
            .flat_map(Offer::fields)
            .filter(|field| *field != ID)
        {
            customers.need(settings, &keys("offer"), field)?;
        }
        if list.suggestion && customers.known("suggestion").is_none() {
            return Err(settings
                .wrong(&keys("suggestion"), "there are no suggestions")
                .hint("make them first: regulars offers, or the whole job: regulars run"));
        }
        if let Some(column) = &list.stratify {
            customers.need(settings, &keys("stratify"), column)?;
        }
        for column in list.quota.keys() {
            customers.need(settings, &["targets", name, "quota", column], column)?;
        }
        let plan = Self {
            name,
            list,
            who: customers.parse(settings, &keys("who"), &list.who)?,
            response_rate: worth("response_rate", &list.response_rate)?,
            value: worth("value", &list.value)?,
            changes: None,
            columns: columns(settings, customers, name, list)?,
            offer,
            settings,
            customers,
        };
        plan.hide(pseudonymise)?;
        Ok(plan)
    }

    /// A failure at a place in the settings of this list.
    pub fn wrong(&self, keys: &[&str], problem: impl std::fmt::Display) -> Failure {
        self.settings
            .wrong(&[&["targets", self.name], keys].concat(), problem)
    }

    /// Refuses to name somebody whose id is hidden.
    fn hide(&self, pseudonymise: bool) -> Result<()> {
        let personal = &self.settings.config.targets.personal;
        if !pseudonymise {
            return match personal.iter().any(|name| name == ID) {
                true => Err(self
                    .settings
                    .wrong(&["targets", "personal"], format!("the files need {ID}"))
                    .hint("put keyed hashes in its place: --pseudonymise")),
                false => Ok(()),
            };
        }
        let offered = self.offer.iter().flat_map(Offer::fields);
        let mut leaving = offered.chain(self.columns.iter().map(String::as_str));
        match leaving.find(|name| *name == ID || personal.iter().any(|other| other == name)) {
            None => Ok(()),
            Some(name) => Err(self
                .wrong(
                    &[],
                    format!("--pseudonymise hides who they are, and the list has `{name}`"),
                )
                .hint("take it out of columns and offer, or leave --pseudonymise away")),
        }
    }

    /// Whether it is known what a contact brings.
    pub fn says_what_it_brings(&self) -> bool {
        self.response_rate.is_some() || self.changes.is_some()
    }

    /// The columns that have to be read.
    pub fn needed(&self) -> BTreeSet<String> {
        let sql = [&self.response_rate, &self.value].into_iter().flatten();
        let sql = sql.filter_map(|worth| match worth {
            Worth::Sql(sql) => Some(sql),
            Worth::Number(_) => None,
        });
        let mut needed: BTreeSet<String> = std::iter::once(&self.who)
            .chain(sql)
            .flat_map(Expr::column_refs)
            .map(|column| column.name.clone())
            .collect();
        let named = self.columns.iter().chain(&self.list.stratify);
        needed.extend(named.chain(self.list.quota.keys()).cloned());
        needed.extend(self.offer.iter().flat_map(Offer::fields).map(str::to_owned));
        if self.list.suggestion {
            needed.extend(SUGGESTION.map(str::to_owned));
        }
        needed
    }

    /// An expression of this list, calculated for everybody.
    pub fn evaluate(&self, key: &str, sql: &Expr, rows: &RecordBatch) -> Result<ArrayRef> {
        let keys = ["targets", self.name, key];
        self.customers
            .evaluate(self.settings, &keys, sql.clone(), rows)
    }

    /// A number for each; NaN where there is none.
    pub fn amounts(&self, key: &str, worth: &Worth, rows: &RecordBatch) -> Result<Vec<f64>> {
        match worth {
            Worth::Number(number) => Ok(vec![*number; rows.num_rows()]),
            Worth::Sql(sql) => {
                let column = self.evaluate(key, sql, rows)?;
                if !column.data_type().is_numeric() {
                    let problem = format!("this is no number, but {}", column.data_type());
                    return Err(self.wrong(&[key], problem));
                }
                numbers(&column)
            }
        }
    }

    /// A column that was read.
    pub fn values(&self, rows: &RecordBatch, name: &str) -> Result<ArrayRef> {
        let column = rows.column_by_name(name).cloned();
        column.ok_or_else(|| Failure::machine(format!("the column {name} was not read")))
    }
}

/// A column of numbers; NaN where it is empty.
fn numbers(column: &ArrayRef) -> Result<Vec<f64>> {
    let column = cast(column, &DataType::Float64)?;
    let column = column.as_primitive::<Float64Type>();
    Ok(column
        .iter()
        .map(|value| value.unwrap_or(f64::NAN))
        .collect())
}

/// The columns that a list asks for; by default the segment.
fn columns(
    settings: &Settings,
    customers: &Customers,
    name: &str,
    list: &Target,
) -> Result<Vec<String>> {
    let personal = &settings.config.targets.personal;
    for column in personal.iter().filter(|column| *column != ID) {
        customers.need(settings, &["targets", "personal"], column)?;
    }
    let mut columns: Vec<String> = Vec::new();
    let mut add = |column: &str| {
        if column != ID && !columns.iter().any(|other| other == column) {
            columns.push(column.to_owned());
        }
    };
    match &list.columns {
        None => {
            let segment = Some("rfm_segment").filter(|name| customers.known(name).is_some());
            segment.into_iter().for_each(&mut add);
        }
        Some(asked) => {
            for column in asked {
                if column == ATTRIBUTES && customers.known(ATTRIBUTES).is_none() {
                    let others = customers.attributes.iter();
                    others
                        .filter(|name| !personal.contains(name))
                        .for_each(|name| add(name));
                } else if column != ID {
                    customers.need(settings, &["targets", name, "columns"], column)?;
                    add(column);
                }
            }
        }
    }
    if list.suggestion {
        SUGGESTION.into_iter().for_each(add);
    }
    Ok(columns)
}
