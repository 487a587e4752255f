//! Purchase lines whose amount or quantity is far outside, or below zero.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::commands::profile::baskets::{LISTED, rows};
use crate::commands::profile::columns::share;
use crate::commands::profile::spread::{Spread, distribution};
use crate::failure::Result;
use crate::outputs::table::round;
use crate::warehouse::Warehouse;

/// A column of the purchase lines that is measured.
#[derive(Clone, Debug, Serialize)]
pub struct Measure {
    /// `amount` or `quantity`.
    pub column: &'static str,
    /// Its spread over purchase lines with a value above 0.
    pub positive: Spread,
    /// A value above this is an outlier.
    pub outlier_above: f64,
    /// Purchase lines above it.
    pub outliers: u64,
    /// The share of the sum of all values above 0 that they hold.
    pub outliers_share_of_sum: f64,
    /// The largest of them, with the columns that say what they are.
    pub largest: Vec<Map<String, Value>>,
    /// The lines furthest below 0.
    pub lowest: Vec<Map<String, Value>>,
}

/// Looks at the amounts and the quantities of purchases.
pub fn read(warehouse: &Warehouse) -> Result<Vec<Measure>> {
    let mut measures = Vec::new();
    for column in ["amount", "quantity"] {
        if warehouse.has_column("interactions", column) {
            measures.extend(measure(warehouse, column)?);
        }
    }
    Ok(measures)
}

fn measure(warehouse: &Warehouse, column: &'static str) -> Result<Option<Measure>> {
    let scope = &warehouse.scope;
    let source = "interactions WHERE kind = 'purchase'";
    let Some((unit, all)) = distribution(scope, column, source)? else {
        return Ok(None);
    };
    let Some(positive) = all.positive() else {
        return Ok(None);
    };
    let fence = positive.fence();
    let (outliers, sum) = positive.above(fence);
    let wanted = [
        "customer_id",
        "day",
        "basket_id",
        "product_id",
        "quantity",
        "amount",
    ];
    let columns: Vec<&str> = wanted
        .into_iter()
        .filter(|name| warehouse.has_column("interactions", name))
        .collect();
    let columns = columns.join(", ");
    let list = |condition: &str, order: &str| {
        let sql = format!(
            "SELECT {columns} FROM interactions WHERE kind = 'purchase' AND {column} {condition} \
             ORDER BY {column} {order}, {columns} LIMIT {LISTED}"
        );
        rows(&scope.query(&sql)?)
    };
    // Lines without a single outlier need no second look at all of them.
    let largest = match outliers {
        0 => Vec::new(),
        _ => list(&format!("> {}", unit.number(fence)), "DESC")?,
    };
    let lowest = match all.min < 0 {
        true => list("< 0", "ASC")?,
        false => Vec::new(),
    };
    Ok(Some(Measure {
        column,
        outlier_above: unit.number(fence),
        outliers,
        outliers_share_of_sum: round(sum as f64 / positive.sum as f64, 6),
        positive: Spread::of(&positive, unit),
        largest,
        lowest,
    }))
}

impl Measure {
    /// The share of the purchase lines that are outliers.
    pub fn outlier_share(&self, lines: u64) -> f64 {
        share(self.outliers, lines)
    }
}
