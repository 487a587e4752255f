//! What the products say of themselves: whether they can be bought now.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;

use crate::failure::Result;
use crate::purchases::Purchases;
use crate::warehouse::Warehouse;

/// For each item whether it is active: an item of several products is when one of them is, and is
/// not when none is. Nothing is known where the products do not say.
pub fn active(warehouse: &Warehouse, purchases: &Purchases) -> Result<Vec<Option<bool>>> {
    let items = &purchases.items;
    if !warehouse.has_column("products", "active") {
        return Ok(vec![None; items.len()]);
    }
    let level = match purchases.ask.level.as_str() {
        "product" => "product_id",
        level => level,
    };
    let said = warehouse.scope.query(&format!(
        "SELECT CAST(\"{level}\" AS VARCHAR) AS item, \
         max(CASE WHEN active THEN 2 WHEN active IS NULL THEN 1 ELSE 0 END) AS said \
         FROM products WHERE \"{level}\" IS NOT NULL GROUP BY \"{level}\""
    ))?;
    let names = said.column(0).as_string::<i32>();
    let said = said.column(1).as_primitive::<Int64Type>();
    let known: BTreeMap<&str, i64> = (0..names.len())
        .map(|row| (names.value(row), said.value(row)))
        .collect();
    let of = |id: &String| match known.get(id.as_str()) {
        Some(2) => Some(true),
        Some(0) => Some(false),
        _ => None,
    };
    Ok(items.ids.iter().map(of).collect())
}
