//! Accounts: what the people of each are worth together.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt64Array};
use arrow::datatypes::{Float64Type, Int64Type};

use super::tables::tier_columns;
use super::tiers::{Tiers, Worths};
use crate::config::Classes;
use crate::failure::Result;
use crate::outputs::table::{TableBuilder, exact_numbers, numbers};
use crate::warehouse::Warehouse;

/// The accounts of the customers.
pub struct Accounts {
    ids: ArrayRef,
    people: Vec<u64>,
    /// What they are worth.
    pub worths: Worths,
    /// Their tiers.
    pub tiers: Tiers,
}

impl Accounts {
    /// Adds up the people of each account; nothing where nothing names one.
    ///
    /// A customer belongs to the account that the latest interaction names; where none does, to that
    /// of the table of customers.
    pub fn of(
        warehouse: &Warehouse,
        ids: &ArrayRef,
        of: &Worths,
        asked: &Classes,
    ) -> Result<Option<Self>> {
        let Some(belongs) = belongs(warehouse)? else {
            return Ok(None);
        };
        let scope = warehouse.scope.within()?;
        let column = |values: &[f64]| exact_numbers(values.iter().copied());
        let people = RecordBatch::try_from_iter([
            ("id", ids.clone()),
            ("value", column(&of.value)),
            ("present", column(&of.present)),
            ("spend", column(&of.spend)),
            ("potential", column(&of.potential)),
        ])?;
        scope.batch("classified", people)?;
        // Sums over decimals do not depend on the order of the rows.
        let sum = |column: &str| {
            format!("CAST(sum(CAST(c.{column} AS DECIMAL(38, 4))) AS DOUBLE) AS {column}")
        };
        let table = scope.query(&format!(
            "SELECT a.account, count(*) AS people, {}, {}, {}, {} FROM classified c \
             JOIN ({belongs}) a ON CAST(c.id AS VARCHAR) = a.id GROUP BY a.account ORDER BY a.account",
            sum("value"),
            sum("present"),
            sum("spend"),
            sum("potential")
        ))?;
        if table.num_rows() == 0 {
            return Ok(None);
        }
        let number = |column: usize| -> Vec<f64> {
            let column = table.column(column).as_primitive::<Float64Type>().iter();
            column.map(|number| number.unwrap_or(f64::NAN)).collect()
        };
        let people = table.column(1).as_primitive::<Int64Type>().values().iter();
        let worths = Worths {
            value: number(2),
            ranked_by: of.ranked_by,
            present: number(3),
            present_is_margin: of.present_is_margin,
            spend: number(4),
            potential: number(5),
        };
        Ok(Some(Self {
            ids: table.column(0).clone(),
            people: people.map(|people| people.unsigned_abs()).collect(),
            tiers: Tiers::of(&worths, asked)?,
            worths,
        }))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// One row for each.
    pub fn table(&self) -> Result<RecordBatch> {
        let people: UInt64Array = self.people.iter().copied().collect();
        let spend = numbers(self.worths.spend.iter().copied(), 2);
        let table = TableBuilder::new()
            .column("account_id", "Which account", self.ids.clone())
            .column("people", "Customers who belong to it", Arc::new(people))
            .column("spend", "Money that they spent", spend);
        tier_columns(table, &self.worths, &self.tiers).build()
    }
}

/// SQL for the account of each customer; nothing where nothing names one.
fn belongs(warehouse: &Warehouse) -> Result<Option<String>> {
    let has = |table: &str| warehouse.has_column(table, "account_id");
    let scope = &warehouse.scope;
    // Each is folded for itself: columns of the warehouse carry descriptions.
    let mut named = Vec::new();
    if has("interactions") {
        scope.fold(
            "accounts_acted_for",
            &format!(
                "SELECT id, account, 1 AS turn FROM (SELECT CAST(customer_id AS VARCHAR) AS id, \
                 CAST(account_id AS VARCHAR) AS account, row_number() OVER (PARTITION BY customer_id \
                 ORDER BY occurred_at DESC, account_id DESC) AS place FROM interactions \
                 WHERE account_id IS NOT NULL AND day < DATE '{}') WHERE place = 1",
                warehouse.end
            ),
        )?;
        named.push("SELECT id, account, turn FROM accounts_acted_for");
    }
    if has("customers") {
        scope.fold(
            "accounts_belonged_to",
            "SELECT CAST(customer_id AS VARCHAR) AS id, CAST(account_id AS VARCHAR) AS account, 2 AS turn \
             FROM customers WHERE account_id IS NOT NULL",
        )?;
        named.push("SELECT id, account, turn FROM accounts_belonged_to");
    }
    if named.is_empty() {
        return Ok(None);
    }
    Ok(Some(format!(
        "SELECT id, account FROM (SELECT id, account, row_number() OVER (PARTITION BY id ORDER BY turn) AS place \
         FROM ({})) WHERE place = 1",
        named.join(" UNION ALL ")
    )))
}
