//! Baskets: how many lines and how much money they hold, and those that hold far too much.

use arrow::array::RecordBatch;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::commands::profile::cells::{counts, json, texts};
use crate::commands::profile::columns::share;
use crate::commands::profile::folds::{BASKETS, BUYERS, month};
use crate::commands::profile::history::History;
use crate::commands::profile::spread::{Spread, distribution};
use crate::failure::Result;
use crate::outputs::table::round;
use crate::warehouse::Warehouse;

/// So many extremes are listed.
pub const LISTED: usize = 10;

/// The baskets of the history.
#[derive(Clone, Debug, Serialize)]
pub struct Baskets {
    /// How many.
    pub baskets: u64,
    /// Purchase lines of a basket.
    pub lines: Spread,
    /// Money of a basket, when there are amounts.
    pub spend: Option<Spread>,
    /// A basket with more lines than this is a giant one.
    pub giant_above: i64,
    /// Giant baskets.
    pub giants: u64,
    /// The share of all purchase lines that they hold.
    pub giants_share_of_lines: f64,
    /// The largest of them.
    pub largest: Vec<Map<String, Value>>,
}

/// Looks at the baskets, and tells the months what they hold.
pub fn read(warehouse: &Warehouse, history: &mut History) -> Result<Option<Baskets>> {
    let scope = &warehouse.scope;
    let Some((unit, lines)) = distribution(scope, "lines", BASKETS)? else {
        return Ok(None);
    };
    let fill = |history: &mut History,
                sql: &str,
                set: fn(&mut crate::commands::profile::history::Month, u64)| {
        let batch = scope.query(sql)?;
        for (name, rows) in texts(&batch, "month")?.iter().zip(counts(&batch, "n")?) {
            if let Some(month) = history.month(name) {
                set(month, rows);
            }
        }
        Ok::<_, crate::failure::Failure>(())
    };
    let (begins, first) = (month("day"), month("first_day"));
    let baskets = format!("SELECT {begins} AS month, count(*) AS n FROM {BASKETS} GROUP BY 1");
    fill(history, &baskets, |month, rows| month.baskets = rows)?;
    let buyers = format!(
        "SELECT month, count(*) AS n FROM (SELECT {begins} AS month, customer_id FROM {BASKETS} \
         WHERE customer_id IS NOT NULL GROUP BY 1, 2) GROUP BY 1"
    );
    fill(history, &buyers, |month, rows| month.buyers = rows)?;
    let new = format!("SELECT {first} AS month, count(*) AS n FROM {BUYERS} GROUP BY 1");
    fill(history, &new, |month, rows| month.new_buyers = rows)?;
    for month in history.months.iter_mut().filter(|month| month.baskets > 0) {
        month.lines_per_basket = Some(round(month.lines as f64 / month.baskets as f64, 4));
    }

    let has_amount = warehouse.has_column("interactions", "amount");
    let spend = match has_amount {
        true => distribution(scope, "amount", BASKETS)?,
        false => None,
    };
    let fence = lines.fence();
    let (giants, of_lines) = lines.above(fence);
    let amount = if has_amount { ", amount" } else { "" };
    let largest = scope.query(&format!(
        "SELECT customer_id, basket_id, day, lines{amount} FROM {BASKETS} WHERE lines > {fence} \
         ORDER BY lines DESC, day, customer_id, basket_id LIMIT {LISTED}"
    ))?;
    Ok(Some(Baskets {
        baskets: lines.rows,
        giant_above: i64::try_from(fence).unwrap_or(i64::MAX),
        giants,
        giants_share_of_lines: share(
            u64::try_from(of_lines).unwrap_or_default(),
            u64::try_from(lines.sum).unwrap_or_default(),
        ),
        lines: Spread::of(&lines, unit),
        spend: spend.map(|(unit, spend)| Spread::of(&spend, unit)),
        largest: rows(&largest)?,
    }))
}

/// The rows of a small table, each by the names of its columns.
pub fn rows(batch: &RecordBatch) -> Result<Vec<Map<String, Value>>> {
    let schema = batch.schema();
    let row = |row: usize| {
        let cells = schema.fields().iter().zip(batch.columns());
        cells
            .map(|(field, values)| Ok((field.name().clone(), json(values, row)?)))
            .collect()
    };
    (0..batch.num_rows()).map(row).collect()
}
