//! What each customer has brought beyond what it cost, where lines or products say so.

use arrow::array::{Array, AsArray};
use arrow::datatypes::Float64Type;

use super::super::far_out::Places;
use crate::failure::Result;
use crate::timeline::snapshot::Snapshot;
use crate::warehouse::Warehouse;

/// For each customer of a snapshot, over the lines whose cost is known; none where no cost is.
pub fn of_customers(warehouse: &Warehouse, snapshot: &Snapshot) -> Result<Option<Vec<f64>>> {
    let has = |column| warehouse.has_column("interactions", column);
    let of_product =
        has("quantity") && has("product_id") && warehouse.has_column("products", "unit_cost");
    let unit = "i.quantity * p.unit_cost";
    let cost = match (has("amount"), has("cost"), of_product) {
        (true, true, true) => format!("coalesce(i.cost, {unit})"),
        (true, true, false) => "i.cost".to_owned(),
        (true, false, true) => unit.to_owned(),
        _ => return Ok(None),
    };
    let products = match of_product {
        true => "LEFT JOIN products p ON i.product_id = p.product_id",
        false => "",
    };
    // A return takes back both, whatever its sign is.
    let signed = |value: &str| {
        format!("CASE WHEN i.kind = 'purchase' THEN {value} ELSE 0 - abs({value}) END")
    };
    let (amount, cost_of_line) = (signed("i.amount"), signed(&cost));
    let found = warehouse.scope.query(&format!(
        "SELECT i.customer_id, CAST(sum(CASE WHEN {cost} IS NOT NULL THEN {amount} - {cost_of_line} END) AS DOUBLE) AS margin \
         FROM (SELECT * FROM interactions WHERE kind IN ('purchase', 'return') AND day < DATE '{}') i {products} \
         GROUP BY 1 ORDER BY 1",
        snapshot.as_of
    ))?;
    let places = Places::of(&snapshot.customers);
    let margins = found.column(1).as_primitive::<Float64Type>();
    let mut of = vec![0.0; snapshot.len()];
    let mut any = false;
    for row in 0..found.num_rows() {
        if let (Some(place), true) = (places.find(found.column(0), row), margins.is_valid(row)) {
            of[place] = margins.value(row);
            any = true;
        }
    }
    Ok(any.then_some(of))
}
