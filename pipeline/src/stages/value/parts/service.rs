//! What customers cost to serve, how they pay, and what they answer to surveys, as far as the history
//! tells.

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Float64Type;

use super::super::history::Buyers;
use super::column_for;
use crate::config::PRICED;
use crate::failure::Result;
use crate::stages::Context;
use crate::warehouse::Warehouse;

/// A customer's own share of payments counts as much as that of all after so many payments.
const PRIOR: f64 = 4.0;

/// What was found; a part that the history does not tell is not there.
pub struct Service {
    /// Money that it has cost.
    pub cost: Option<Vec<f64>>,
    /// Money taken off.
    pub discounts: Option<Vec<f64>>,
    /// The mean answer to surveys; NaN where there was none.
    pub rating: Option<Vec<f64>>,
    /// The share of payments that came late.
    pub late: Option<Vec<f64>>,
    /// The share of payments that are disputed.
    pub disputed: Option<Vec<f64>>,
}

/// Reads all of it; what cannot be told is added to `untold`.
pub fn read(context: &Context<'_>, buyers: &Buyers, untold: &mut Vec<String>) -> Result<Service> {
    let warehouse = context.warehouse()?;
    let table = warehouse.scope.query(&counts(warehouse))?;
    let sum = |name: &str| total(&table, name);
    let column = |name: &str| -> Vec<f64> {
        let place = table.schema().index_of(name).unwrap_or(0);
        let values = column_for(buyers, &table, place);
        values
            .into_iter()
            .map(|value| if value.is_nan() { 0.0 } else { value })
            .collect()
    };
    let prices = &context.settings.config.value.cost_of;
    let cost = (!prices.is_empty()).then(|| {
        let mut cost = vec![0.0; buyers.len()];
        for (name, price) in prices {
            for (cost, count) in cost.iter_mut().zip(column(name)) {
                *cost += price * count;
            }
        }
        cost
    });
    if cost.is_none() {
        let there: Vec<&str> = PRICED.into_iter().filter(|name| sum(name) > 0.0).collect();
        untold.push(match there.is_empty() {
            true => tr!(
                "the cost to serve: returns, contacts, service calls, complaints or late payments in the history, and their prices in `cost_of` under [value], would tell it"
            ),
            false => tr!(
                "the cost to serve: prices of {kinds} in `cost_of` under [value] would tell it",
                kinds = there.join(", ").replace('_', " ")
            ),
        });
    }
    let payments = column("payments");
    let share = |name: &str| -> Vec<f64> {
        let all = sum(name) / sum("payments");
        let each = column(name).into_iter().zip(&payments);
        each.map(|(bad, payments)| (bad + PRIOR * all) / (payments + PRIOR))
            .collect()
    };
    let pays = sum("payments") > 0.0;
    let has = |name: &str| warehouse.has_column("interactions", name);
    let late = (pays && (has("status") || has("due_on"))).then(|| share("late_payment"));
    let disputed = (pays && has("status")).then(|| share("disputed"));
    if disputed.is_none() {
        untold.push(tr!(
            "the payment risk: payments with a `status` of paid, late or disputed would tell it"
        ));
    }
    let rating = has("rating").then(|| {
        let (answers, sums) = (column("surveys"), column("ratings"));
        answers.iter().zip(sums).map(|(n, sum)| sum / n).collect()
    });
    Ok(Service {
        cost,
        discounts: (sum("discounts") != 0.0).then(|| column("discounts")),
        rating: rating.filter(|_| sum("surveys") > 0.0),
        late,
        disputed,
    })
}

fn total(table: &RecordBatch, name: &str) -> f64 {
    let column = table.column_by_name(name);
    let values = column.map(|column| column.as_primitive::<Float64Type>());
    values.map_or(0.0, |values| values.iter().flatten().sum())
}

/// How often each customer has done what costs something, as numbers.
fn counts(warehouse: &Warehouse) -> String {
    let has = |name: &str| warehouse.has_column("interactions", name);
    let status = |words: &str| match has("status") {
        true => format!("lower(coalesce(status, '')) IN ({words})"),
        false => "false".to_owned(),
    };
    let after_due = if has("due_on") {
        "due_on < day"
    } else {
        "false"
    };
    let open = status("'due'");
    let disputed = status("'disputed'");
    let late = format!(
        "(NOT {open} AND NOT {disputed} AND ({} OR {after_due}))",
        status("'late'")
    );
    let count =
        |condition: &str| format!("CAST(count(CASE WHEN {condition} THEN 1 END) AS DOUBLE)");
    let sum = |kind: &str, column: &str| match has(column) {
        true => {
            format!("CAST(coalesce(sum(CASE WHEN kind = '{kind}' THEN {column} END), 0) AS DOUBLE)")
        }
        false => "CAST(0 AS DOUBLE)".to_owned(),
    };
    let rated = if has("rating") {
        "rating IS NOT NULL"
    } else {
        "false"
    };
    let columns = [
        (count("kind = 'return'"), "\"return\""),
        (count("kind = 'contact'"), "contact"),
        (count("kind = 'service_call'"), "service_call"),
        (count("kind = 'complaint'"), "complaint"),
        (
            count(&format!("kind = 'payment' AND {late}")),
            "late_payment",
        ),
        (
            count(&format!("kind = 'payment' AND {disputed}")),
            "disputed",
        ),
        (
            count(&format!("kind = 'payment' AND NOT {open}")),
            "payments",
        ),
        (count(&format!("kind = 'survey' AND {rated}")), "surveys"),
        (sum("survey", "rating"), "ratings"),
        (sum("purchase", "discount"), "discounts"),
    ];
    let columns = columns
        .map(|(sql, name)| format!("{sql} AS {name}"))
        .join(", ");
    format!("SELECT customer_id, {columns} FROM interactions GROUP BY 1 ORDER BY 1")
}
