//! Interactions that name a customer, product or campaign whose table does not have it.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::commands::profile::baskets::rows;
use crate::commands::profile::cells::{count_of, counts, texts};
use crate::commands::profile::columns::share;
use crate::commands::profile::folds::{VISITS, month};
use crate::commands::profile::history::History;
use crate::engine::Scope;
use crate::failure::Result;
use crate::warehouse::Warehouse;

/// So many unknown keys are listed.
const LISTED: usize = 5;

/// A column of the interactions that names rows of another table.
#[derive(Clone, Debug, Serialize)]
pub struct Reference {
    /// The column.
    pub column: &'static str,
    /// The table that should have its values.
    pub table: &'static str,
    /// Interactions with a value.
    pub rows: u64,
    /// Those of them whose value the table does not have.
    pub unknown_rows: u64,
    /// Their share.
    pub unknown_share: f64,
    /// Different values that the table does not have.
    pub unknown_keys: u64,
    /// Those of them with the most rows.
    pub examples: Vec<Map<String, Value>>,
}

/// What refers to what.
const REFERENCES: [(&str, &str); 3] = [
    ("customer_id", "customers"),
    ("product_id", "products"),
    ("campaign_id", "campaigns"),
];

/// The small table that says how often each product or campaign is named in each month.
pub fn usage(column: &str) -> Option<&'static str> {
    match column {
        "customer_id" => Some("profile_usage_customer"),
        "product_id" => Some("profile_usage_product"),
        "campaign_id" => Some("profile_usage_campaign"),
        _ => None,
    }
}

/// Looks up every reference, and tells the months how many rows hang in the air.
pub fn read(warehouse: &Warehouse, history: &mut History) -> Result<Vec<Reference>> {
    let mut references = Vec::new();
    for (column, table) in REFERENCES {
        if warehouse.has_table(table) && warehouse.has_column("interactions", column) {
            references.push(look_up(warehouse, history, column, table)?);
        }
    }
    Ok(references)
}

fn look_up(
    warehouse: &Warehouse,
    history: &mut History,
    column: &'static str,
    table: &'static str,
) -> Result<Reference> {
    let scope = &warehouse.scope;
    let used = usage(column).unwrap_or(column);
    let fold = match column {
        "customer_id" => format!(
            "SELECT customer_id AS key, {} AS month, sum(lines) AS n FROM {VISITS} \
             WHERE customer_id IS NOT NULL GROUP BY 1, 2",
            month("day")
        ),
        _ => format!(
            "SELECT {column} AS key, month, count(*) AS n FROM interactions \
             WHERE {column} IS NOT NULL GROUP BY 1, 2"
        ),
    };
    scope.fold(used, &fold)?;
    // Below each other and grouped, since a sum can go to disk and a join cannot; what is left
    // are the unknown keys, of which there are few.
    let unknown = format!("{used}_unknown");
    scope.fold(
        &unknown,
        &format!(
            "SELECT key, sum(n) AS n FROM (SELECT key, n, 0 AS known FROM {used} \
             UNION ALL SELECT {column}, 0, 1 FROM {table}) GROUP BY key HAVING max(known) = 0"
        ),
    )?;
    let found = rows_by_month(scope, used, &unknown)?;
    for month in &mut history.months {
        let here = found.iter().find(|(name, _)| *name == month.month);
        let rows = Some(here.map_or(0, |(_, rows)| *rows));
        match column {
            "customer_id" => month.unknown_customers = rows,
            "product_id" => month.unknown_products = rows,
            _ => {}
        }
    }
    let rows_with_value = count_of(
        scope,
        &format!("SELECT coalesce(sum(n), 0) AS n FROM {used}"),
    )?;
    let unknown_rows = found.iter().map(|(_, rows)| rows).sum();
    let examples = scope.query(&format!(
        "SELECT key, n AS rows FROM {unknown} ORDER BY n DESC, key LIMIT {LISTED}"
    ))?;
    Ok(Reference {
        column,
        table,
        rows: rows_with_value,
        unknown_rows,
        unknown_share: share(unknown_rows, rows_with_value),
        unknown_keys: count_of(scope, &format!("SELECT count(*) AS n FROM {unknown}"))?,
        examples: rows(&examples)?,
    })
}

/// The rows with unknown keys, by the months in which they are used.
fn rows_by_month(scope: &Scope, used: &str, unknown: &str) -> Result<Vec<(String, u64)>> {
    let months = scope.query(&format!(
        "SELECT u.month AS month, sum(u.n) AS n FROM {unknown} k JOIN {used} u ON k.key = u.key GROUP BY 1"
    ))?;
    let names = texts(&months, "month")?.into_iter();
    Ok(names.zip(counts(&months, "n")?).collect())
}
