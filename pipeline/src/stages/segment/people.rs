//! Everybody who is known: since when, and on which days they bought for how much.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::concat;
use arrow::datatypes::{Decimal128Type, Int32Type, Int64Type};
use regulars_models::life_cycle::Purchase;

use crate::failure::{Failure, Result};
use crate::warehouse::Warehouse;

/// Since before every day: those of whom nothing says since when they are known.
const ALWAYS: i32 = -1_000_000;
/// Units of the smallest part of money in one.
const MONEY: f64 = 10_000.0;

/// Everybody who is known before the as-of date.
pub struct People {
    /// Ids, ascending.
    pub ids: ArrayRef,
    /// The first day on which each was known.
    pub known_from: Vec<i32>,
    /// Where the purchases of each begin, and where those of the last end.
    starts: Vec<usize>,
    purchases: Vec<Purchase>,
}

impl People {
    /// Reads them, one day of one customer after the other.
    pub fn read(warehouse: &Warehouse) -> Result<Self> {
        let (ids, known_from) = known(warehouse)?;
        let mut reading = Reading {
            starts: vec![0],
            purchases: Vec::new(),
            at: 0,
        };
        warehouse
            .scope
            .for_each(&days(warehouse), |batch| reading.take(&ids, &batch))?;
        reading
            .starts
            .resize(ids.len() + 1, reading.purchases.len());
        Ok(Self {
            ids,
            known_from,
            starts: reading.starts,
            purchases: reading.purchases,
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.known_from.len()
    }

    /// The days on which one bought, rising.
    pub fn purchases(&self, row: usize) -> &[Purchase] {
        &self.purchases[self.starts[row]..self.starts[row + 1]]
    }
}

/// The ids of all, ascending, and since when each is known: by the table of customers from the day
/// on which they joined, or else always; by the interactions from the first of them on.
fn known(warehouse: &Warehouse) -> Result<(ArrayRef, Vec<i32>)> {
    let (scope, end) = (&warehouse.scope, warehouse.end);
    let id = match warehouse.is_whole("interactions", "customer_id") {
        true => "TRY_CAST(customer_id AS BIGINT)",
        false => "CAST(customer_id AS VARCHAR)",
    };
    let seen = format!(
        "SELECT {id} AS id, arrow_cast(min(day), 'Int32') AS known FROM interactions \
         WHERE day < DATE '{end}' GROUP BY 1"
    );
    // Each is folded for itself: columns of the warehouse carry descriptions, and a union of
    // different ones is refused.
    scope.fold("people_seen", &seen)?;
    let mut all = "SELECT id, known FROM people_seen".to_owned();
    if warehouse.has_table("customers") {
        let joined = match warehouse.has_column("customers", "joined_at") {
            true => "arrow_cast(CAST(joined_at AS DATE), 'Int32')",
            false => "NULL",
        };
        let listed = format!(
            "SELECT {id} AS id, coalesce({joined}, arrow_cast({ALWAYS}, 'Int32')) AS known FROM customers"
        );
        scope.fold("people_listed", &listed)?;
        all += " UNION ALL SELECT id, known FROM people_listed";
    }
    let day = end.to_epoch_days();
    let table = scope.query(&format!(
        "SELECT id, CAST(min(known) AS INT) AS known FROM ({all}) WHERE id IS NOT NULL AND known < {day} \
         GROUP BY id ORDER BY id"
    ))?;
    let known = table
        .column(1)
        .as_primitive::<Int32Type>()
        .values()
        .to_vec();
    Ok((concat(&[table.column(0).as_ref()])?, known))
}

/// One row for each customer and day with a purchase or a return, in the order of both.
fn days(warehouse: &Warehouse) -> String {
    let net = match warehouse.has_column("interactions", "amount") {
        true => {
            "coalesce(sum(CASE WHEN kind = 'purchase' THEN amount ELSE 0 - abs(amount) END), 0)"
        }
        false => "0",
    };
    format!(
        "SELECT customer_id, arrow_cast(day, 'Int32') AS d, \
         count(CASE WHEN kind = 'purchase' THEN 1 END) AS lines, CAST({net} AS DECIMAL(38, 4)) AS net \
         FROM interactions WHERE kind IN ('purchase', 'return') AND day < DATE '{}' \
         GROUP BY 1, 2 ORDER BY 1, 2",
        warehouse.end
    )
}

/// Days on their way to their customers.
struct Reading {
    starts: Vec<usize>,
    purchases: Vec<Purchase>,
    /// The customer whose days are being read.
    at: usize,
}

impl Reading {
    fn take(&mut self, ids: &ArrayRef, batch: &RecordBatch) -> Result<()> {
        let days = batch.column(1).as_primitive::<Int32Type>();
        let lines = batch.column(2).as_primitive::<Int64Type>();
        let net = batch.column(3).as_primitive::<Decimal128Type>();
        let of = batch.column(0);
        for row in 0..batch.num_rows() {
            while !same(ids, self.at, of, row)? {
                self.at += 1;
                self.starts.push(self.purchases.len());
                if self.at >= ids.len() {
                    return Err(Failure::machine("a day of a customer whom nobody knows"));
                }
            }
            let spend = (net.value(row) as f64 / MONEY) as f32;
            if lines.value(row) > 0 {
                let day = days.value(row);
                self.purchases.push(Purchase { day, spend });
            } else if self.purchases.len() > self.starts[self.at] {
                // What came back is taken off the purchase before it; before the first there is none.
                if let Some(last) = self.purchases.last_mut() {
                    last.spend += spend;
                }
            }
        }
        Ok(())
    }
}

/// Whether two rows hold one id.
fn same(ids: &ArrayRef, at: usize, others: &ArrayRef, row: usize) -> Result<bool> {
    if let (Some(ids), Some(others)) = (
        ids.as_primitive_opt::<Int64Type>(),
        others.as_primitive_opt::<Int64Type>(),
    ) {
        return Ok(ids.value(at) == others.value(row));
    }
    match (ids.as_string_opt::<i32>(), others.as_string_opt::<i32>()) {
        (Some(ids), Some(others)) => Ok(ids.value(at) == others.value(row)),
        _ => Err(Failure::machine("ids that are neither numbers nor texts")),
    }
}
