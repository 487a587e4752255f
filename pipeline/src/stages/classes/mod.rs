//! `classes`: tiers by what customers and accounts are worth, key accounts, and the shop's own
//! segments.

mod accounts;
mod own;
mod summary;
mod tables;
mod tiers;

use std::collections::BTreeSet;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, Float64Type};
use serde::{Deserialize, Serialize};

use self::accounts::Accounts;
use self::own::Own;
use self::tiers::{Shares, Tiers, Worths};
use super::{Context, Reads, Report, Stage};
use crate::config::WorthBy;
use crate::failure::{Failure, Result};
use crate::known::Customers;
use crate::warning::{EMPTY_CLASS, Warning};

/// The stage's one name.
pub const NAME: &str = "classes";

/// The stages whose files tell of customers.
const KNOWN: [&str; 3] = ["segment", "churn", "value"];

/// The stage.
pub const STAGE: Stage = Stage {
    name: NAME,
    reads: |_| {
        &[
            Reads::Needed("ingest"),
            Reads::Needed("features"),
            Reads::Needed("segment"),
            Reads::IfThere("churn"),
            Reads::IfThere("value"),
        ]
    },
    needs_history: |_| true,
    optional: true,
    run,
    summary: summary::paragraph,
};

/// The classes that were found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Metrics {
    /// Everybody who is known.
    pub customers: u64,
    /// What they are ranked by: `lifetime value` or `spend`.
    pub ranked_by: String,
    /// How unequal that is; none where nobody has any.
    pub concentration: Option<Shares>,
    /// The same among accounts.
    pub account_concentration: Option<Shares>,
    /// Accounts; none where no interaction and no customer names one.
    pub accounts: Option<u64>,
    /// Classes with their customers, kind by kind.
    pub classes: Vec<ClassRow>,
}

/// A class.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClassRow {
    /// What sort of class: `pyramid`, `ABC`, `key account`, `own segment`.
    pub kind: String,
    /// Whether it holds customers or accounts.
    pub of: String,
    /// Its name.
    pub name: String,
    /// How many are in it.
    pub members: u64,
    /// Of all.
    pub share: f64,
    /// Of all that they are ranked by.
    pub value_share: f64,
}

/// What is known of everybody, for classes.
struct Everybody<'a> {
    customers: &'a Customers,
    /// One row each, in the order of the ids, with every column that is asked for.
    rows: RecordBatch,
}

/// Puts customers and accounts into classes.
pub fn run(context: &Context<'_>) -> Result<Report> {
    let settings = context.settings;
    let asked = &settings.config.classes;
    let (warehouse, manifest) = (context.warehouse()?, context.left_by("segment")?);
    let customers = Customers::open(
        warehouse,
        settings,
        manifest,
        context.out,
        context.as_of,
        &KNOWN,
    )?;
    let own = Own::parse(settings, &customers)?;
    context.progress.step("looking at everybody");
    let everybody = Everybody::read(&customers, own.needed())?;
    let own = own.decide(settings, &customers, &everybody.rows)?;

    let worths = everybody.worths(context, asked.by)?;
    let tiers = Tiers::of(&worths, asked)?;
    let accounts = Accounts::of(warehouse, everybody.rows.column(0), &worths, asked)?;

    let of_accounts = accounts.as_ref();
    let of_accounts = of_accounts.map(|accounts| (&accounts.worths, &accounts.tiers));
    let classes = tables::class_rows(&worths, &tiers, &own, of_accounts);
    let mut warnings = Vec::new();
    for name in own.empty() {
        let message = tr!(
            "the own segment `{name}` takes nobody: nobody fits it whom no segment before it has taken",
            name = name
        );
        warnings.push(Warning::new(EMPTY_CLASS, message));
    }
    let metrics = Metrics {
        customers: everybody.rows.num_rows() as u64,
        ranked_by: worths.ranked_by.to_owned(),
        concentration: Shares::of(&worths.value)?,
        account_concentration: match &accounts {
            Some(accounts) => Shares::of(&accounts.worths.value)?,
            None => None,
        },
        accounts: accounts.as_ref().map(|accounts| accounts.len() as u64),
        classes,
    };
    let mut files = context.files(NAME);
    files.parquet_and_csv(
        "classes",
        &tr!("Everybody who is known with their own segment, tiers and key account class"),
        &tables::customers(everybody.rows.column(0), &worths, &tiers, &own)?,
    )?;
    files.parquet_and_csv(
        "class_sizes",
        &tr!("Every class of customers and accounts with its size"),
        &tables::sizes(&metrics.classes, settings)?,
    )?;
    if let Some(accounts) = &accounts {
        let about =
            tr!("Every account with its people, what it is worth, tiers and key account class");
        files.parquet_and_csv("accounts", &about, &accounts.table()?)?;
    }
    Ok(Report {
        as_of: Some(customers.date),
        rows_in: everybody.rows.num_rows() as u64,
        rows_out: everybody.rows.num_rows() as u64,
        warnings,
        ..Report::new(files, &metrics)?
    })
}

impl<'a> Everybody<'a> {
    /// Reads them; the table of customers may know some of later days, whom the segments do not.
    fn read(customers: &'a Customers, mut needed: BTreeSet<String>) -> Result<Self> {
        let named = [
            ("segments", "life_cycle"),
            ("segments", "monetary"),
            ("value", "lifetime_value"),
            ("value", "margin"),
        ];
        for (side, column) in named {
            needed.extend(customers.name_of(side, column).map(str::to_owned));
        }
        let all = customers.read(&needed)?;
        let mut everybody = Self {
            customers,
            rows: all,
        };
        let known = everybody.told("segments", "life_cycle").ok_or_else(|| {
            Failure::data("segments.parquet is of an earlier version").hint("run segment again")
        })?;
        let known: BooleanArray = (0..known.len())
            .map(|row| Some(known.is_valid(row)))
            .collect();
        everybody.rows = filter_record_batch(&everybody.rows, &known)?;
        Ok(everybody)
    }

    fn told(&self, side: &str, column: &str) -> Option<&ArrayRef> {
        self.rows
            .column_by_name(self.customers.name_of(side, column)?)
    }

    /// Numbers; NaN where there is none.
    fn numbers(&self, side: &str, column: &str) -> Result<Option<Vec<f64>>> {
        let Some(column) = self.told(side, column) else {
            return Ok(None);
        };
        let column = cast(column, &DataType::Float64)?;
        let numbers = column.as_primitive::<Float64Type>().iter();
        Ok(Some(
            numbers.map(|number| number.unwrap_or(f64::NAN)).collect(),
        ))
    }

    /// What everybody is worth.
    fn worths(&self, context: &Context<'_>, by: WorthBy) -> Result<Worths> {
        let none = || vec![f64::NAN; self.rows.num_rows()];
        let spend = self.numbers("segments", "monetary")?.unwrap_or_else(none);
        let lifetime = self.numbers("value", "lifetime_value")?;
        let has_lifetime = lifetime
            .as_ref()
            .is_some_and(|all| all.iter().any(|v| !v.is_nan()));
        if by == WorthBy::LifetimeValue && !has_lifetime {
            return Err(context
                .settings
                .wrong(&["classes", "by"], "there are no lifetime values")
                .hint("run value before, or leave by away"));
        }
        let ranked_by = match (by, has_lifetime) {
            (WorthBy::Spend, _) | (_, false) => mark!("spend"),
            _ => mark!("lifetime value"),
        };
        let potential = lifetime.unwrap_or_else(none);
        let present = self.numbers("value", "margin")?;
        let zero = |values: &[f64]| {
            values
                .iter()
                .map(|v| if v.is_nan() { 0.0 } else { *v })
                .collect()
        };
        Ok(Worths {
            value: match ranked_by {
                "spend" => spend.clone(),
                _ => potential.clone(),
            },
            ranked_by,
            present: zero(present.as_ref().unwrap_or(&spend)),
            present_is_margin: present.is_some(),
            spend: zero(&spend),
            potential,
        })
    }
}
