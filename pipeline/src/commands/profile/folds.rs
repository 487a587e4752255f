//! The history folded once into tables that are small enough to ask often: what one customer did
//! on one day, baskets, and those who bought. They lie beside spilled data while the profile is
//! made.

use crate::failure::Result;
use crate::warehouse::Warehouse;

/// One row for each customer, basket, kind and day: `lines`, `amount`, `last_at`.
pub const VISITS: &str = "profile_visits";
/// One row for each basket: `customer_id`, `basket_id`, `day` on which it begins, `lines`, `amount`.
pub const BASKETS: &str = "profile_baskets";
/// One row for each customer who bought: `baskets`, `lines`, `spend`, `first_day`.
pub const BUYERS: &str = "profile_buyers";

/// The month of a day, as the warehouse writes it.
pub fn month(day: &str) -> String {
    format!("substr(CAST({day} AS VARCHAR), 1, 7)")
}

/// Folds the interactions, reading them once.
pub fn fold(warehouse: &Warehouse) -> Result<()> {
    let amount = match warehouse.has_column("interactions", "amount") {
        true => "sum(amount)",
        false => "CAST(0 AS DECIMAL(18, 4))",
    };
    let scope = &warehouse.scope;
    scope.fold(
        VISITS,
        &format!(
            "SELECT customer_id, basket_id, kind, day, count(*) AS lines, {amount} AS amount, \
             max(occurred_at) AS last_at FROM interactions GROUP BY customer_id, basket_id, kind, day"
        ),
    )?;
    // A basket that goes past midnight belongs to the day on which it begins.
    scope.fold(
        BASKETS,
        &format!(
            "SELECT customer_id, basket_id, min(day) AS day, sum(lines) AS lines, sum(amount) AS amount \
             FROM {VISITS} WHERE kind = 'purchase' AND (customer_id IS NOT NULL OR basket_id IS NOT NULL) \
             GROUP BY customer_id, basket_id"
        ),
    )?;
    scope.fold(
        BUYERS,
        &format!(
            "SELECT customer_id, count(*) AS baskets, sum(lines) AS lines, sum(amount) AS spend, \
             min(day) AS first_day FROM {BASKETS} WHERE customer_id IS NOT NULL GROUP BY customer_id"
        ),
    )
}
