//! Lines whose amount is far outside of what is usual. One amount a thousand times too large makes
//! of a customer's spend a single line, and of such customers a cluster of their own: clusters are
//! made as if these lines were not there. Money spent, scores and tiers keep them.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int64Type};
use serde::{Deserialize, Serialize};

use crate::contract::features::identifier;
use crate::failure::Result;
use crate::purchases::fence::fence;
use crate::text::{amount, plural};
use crate::timeline::snapshot::Snapshot;
use crate::warehouse::Warehouse;
use crate::warning::{FAR_OUT_AMOUNTS, Warning};

/// Amounts have four digits after the point; the fence is one of whole numbers.
const STEPS: f64 = 10_000.0;
/// From this share of the customers on a person is warned: a long history has a few such lines.
const MANY: f64 = 0.01;

/// What was left out of clusters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Purchase lines with a larger amount are far out.
    pub above: f64,
    /// How many there are.
    pub lines: u64,
    /// Customers who have any.
    pub customers: u64,
}

/// The lines that are far out, by customer.
#[derive(Default)]
pub struct FarOut {
    /// What they are in all.
    pub left_out: LeftOut,
    /// By the customer's row in the snapshot.
    of: HashMap<usize, Lines>,
}

/// What the lines of a customer add up to.
#[derive(Default)]
struct Lines {
    spend: f64,
    discount: f64,
    /// Spend by the name that a department has in columns.
    departments: BTreeMap<String, f64>,
}

impl FarOut {
    /// Looks for them among the purchases that a snapshot has seen.
    ///
    /// - `above`: the amount beyond which one is far out, where an earlier run has found it.
    pub fn look(warehouse: &Warehouse, snapshot: &Snapshot, above: Option<f64>) -> Result<Self> {
        if !warehouse.has_column("interactions", "amount") {
            return Ok(Self::default());
        }
        let bought = format!(
            "kind = 'purchase' AND amount > 0 AND day < DATE '{}'",
            snapshot.as_of
        );
        let above = match above {
            Some(above) => above,
            None => {
                let amounts = warehouse.scope.query(&format!(
                    "SELECT value, count(*) AS lines FROM (SELECT CAST(amount AS DOUBLE) AS value FROM interactions \
                     WHERE {bought}) GROUP BY value ORDER BY value"
                ))?;
                match usual_end(&amounts) {
                    Some(above) => above,
                    None => return Ok(Self::default()),
                }
            }
        };
        let shelves = warehouse.has_column("products", "department")
            && warehouse.has_column("interactions", "product_id");
        let (department, products) = match shelves {
            true => (
                "p.department",
                "LEFT JOIN products p ON i.product_id = p.product_id",
            ),
            false => ("NULL", ""),
        };
        let discount = match warehouse.has_column("interactions", "discount") {
            true => "coalesce(CAST(sum(i.discount) AS DOUBLE), 0)",
            false => "CAST(0 AS DOUBLE)",
        };
        let mut found = Self::default();
        found.left_out.above = above;
        let lines = warehouse.scope.query(&format!(
            "SELECT i.customer_id, CAST({department} AS VARCHAR) AS department, CAST(sum(i.amount) AS DOUBLE) AS spend, \
             {discount} AS discount, count(*) AS lines FROM (SELECT * FROM interactions WHERE {bought} AND amount > {above}) i {products} \
             GROUP BY 1, 2 ORDER BY 1, 2"
        ))?;
        found.add(&lines, snapshot);
        found.left_out.customers = found.of.len() as u64;
        Ok(found)
    }

    fn add(&mut self, lines: &RecordBatch, snapshot: &Snapshot) {
        if lines.num_rows() == 0 {
            return;
        }
        let places = Places::of(&snapshot.customers);
        let departments = lines.column(1).as_string::<i32>();
        let [spend, discount] = [2, 3].map(|at| lines.column(at).as_primitive::<Float64Type>());
        let counts = lines.column(4).as_primitive::<Int64Type>();
        for row in 0..lines.num_rows() {
            let Some(customer) = places.find(lines.column(0), row) else {
                continue; // a guest
            };
            let of = self.of.entry(customer).or_default();
            of.spend += spend.value(row);
            of.discount += discount.value(row);
            if departments.is_valid(row) {
                let name = identifier(departments.value(row));
                *of.departments.entry(name).or_default() += spend.value(row);
            }
            self.left_out.lines += counts.value(row).unsigned_abs();
        }
    }

    /// A feature as if the lines were not there; NaN for a customer of whom nothing is left.
    ///
    /// - `department`: whose share of the spend it is, as columns name it.
    pub fn without(
        &self,
        snapshot: &Snapshot,
        name: &str,
        department: Option<&str>,
    ) -> Result<Vec<f64>> {
        let mut values = snapshot.vector(name)?;
        if self.of.is_empty() {
            return Ok(values);
        }
        let (baskets, mean) = (
            snapshot.column("frequency")?,
            snapshot.column("mean_basket")?,
        );
        for (&row, lines) in &self.of {
            let spend = baskets[row] * mean[row];
            let left = spend - lines.spend;
            let value = values[row];
            values[row] = match (name, department) {
                // What is left is less than what rounding makes of nothing.
                ("monetary", _) => value - lines.spend,
                ("mean_basket" | "discount_share", _) | (_, Some(_)) if left < 1e-6 * spend => {
                    f64::NAN
                }
                ("mean_basket", _) => left / baskets[row],
                ("discount_share", _) => {
                    // The share is discount / (spend + discount).
                    let discount = spend * value / (1.0 - value) - lines.discount;
                    discount.max(0.0) / (left + discount.max(0.0))
                }
                (_, Some(department)) => {
                    let far_out = lines.departments.get(department).copied().unwrap_or(0.0);
                    ((value * spend - far_out) / left).clamp(0.0, 1.0)
                }
                _ => value,
            };
        }
        Ok(values)
    }

    /// A warning where many customers have such lines.
    pub fn warning(&self, customers: usize, currency: &str) -> Option<Warning> {
        let LeftOut {
            above,
            lines,
            customers: with,
        } = self.left_out;
        (with as f64 > MANY * customers as f64).then(|| {
            let message = tr!(
                "{lines} of {customers} have an amount above {amount}, far beyond what is usual: clusters are made as if these lines were not there; scores, tiers and money spent count them",
                lines = plural(lines, "purchase line"),
                customers = plural(with, "customer"),
                amount = amount(above, currency)
            );
            Warning::new(FAR_OUT_AMOUNTS, message)
        })
    }
}

/// The amount beyond which one is far out.
///
/// - `amounts`: each once, ascending, with its lines.
fn usual_end(amounts: &RecordBatch) -> Option<f64> {
    let values = amounts.column(0).as_primitive::<Float64Type>();
    let counts = amounts.column(1).as_primitive::<Int64Type>();
    let all: i64 = counts.values().iter().sum();
    // The least amount that at least so many thousandths do not exceed.
    let at = |thousandths: i64| -> Option<f64> {
        let wanted = (all * thousandths + 999) / 1000;
        let mut below = 0;
        let place = counts.values().iter().position(|count| {
            below += count;
            below >= wanted.max(1)
        });
        place.map(|place| values.value(place) * STEPS)
    };
    let quantiles = [at(250)?, at(500)?, at(750)?, at(990)?];
    Some(fence(quantiles) / STEPS)
}

/// Where customers stand in a snapshot.
pub enum Places<'a> {
    /// Ids that are numbers.
    Numbers(HashMap<i64, usize>),
    /// Ids that are texts.
    Texts(HashMap<&'a str, usize>),
}

impl<'a> Places<'a> {
    /// Of these ids.
    pub fn of(customers: &'a ArrayRef) -> Self {
        match customers.as_primitive_opt::<Int64Type>() {
            Some(ids) => {
                let places = ids.values().iter().enumerate();
                Self::Numbers(places.map(|(place, id)| (*id, place)).collect())
            }
            None => {
                let ids = customers.as_string::<i32>();
                let places = (0..ids.len()).map(|place| (ids.value(place), place));
                Self::Texts(places.collect())
            }
        }
    }

    /// The place of the id in a row of a column.
    pub fn find(&self, ids: &ArrayRef, row: usize) -> Option<usize> {
        if ids.is_null(row) {
            return None;
        }
        match self {
            Self::Numbers(places) => {
                let ids = ids.as_primitive_opt::<Int64Type>()?;
                places.get(&ids.value(row)).copied()
            }
            Self::Texts(places) => {
                let ids = ids.as_string_opt::<i32>()?;
                places.get(ids.value(row)).copied()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::Int64Array;
    use chrono::NaiveDate;
    use ndarray::array;

    use super::*;

    #[test]
    fn a_customer_without_the_line_is_who_they_are() {
        // Ten baskets of 20, half of it meat, a fifth off by discounts; then a line of meat of 3000.
        let (spend, discount) = (200.0 + 3000.0, 50.0);
        let snapshot = Snapshot {
            as_of: NaiveDate::from_ymd_opt(2024, 3, 1).unwrap(),
            customers: Arc::new(Int64Array::from_iter_values(1..=2)),
            names: [
                "frequency",
                "mean_basket",
                "monetary",
                "share_meat",
                "discount_share",
                "recency_days",
            ]
            .map(str::to_owned)
            .to_vec(),
            about: vec![String::new(); 6],
            english: vec![String::new(); 6],
            values: array![
                [
                    10.0,
                    spend / 10.0,
                    spend - 7.0,
                    3100.0 / spend,
                    discount / (spend + discount),
                    9.0
                ],
                [1.0, 900.0, 900.0, 0.0, 0.0, 3.0],
            ],
        };
        let lines = |spend: f64, departments: &[(&str, f64)]| Lines {
            spend,
            discount: 0.0,
            departments: departments
                .iter()
                .map(|(name, spend)| ((*name).to_owned(), *spend))
                .collect(),
        };
        let far_out = FarOut {
            left_out: LeftOut::default(),
            of: HashMap::from([
                (0, lines(3000.0, &[("meat", 3000.0)])),
                (1, lines(900.0, &[])),
            ]),
        };
        let of = |name: &str, department| far_out.without(&snapshot, name, department).unwrap();
        let near = |got: f64, want: f64| assert!((got - want).abs() < 1e-9, "{got} for {want}");
        near(of("mean_basket", None)[0], 20.0);
        near(of("monetary", None)[0], 193.0);
        near(of("share_meat", Some("meat"))[0], 0.5);
        near(of("discount_share", None)[0], 0.2);
        near(of("recency_days", None)[0], 9.0);
        // Nothing is left of the second one.
        assert!(of("mean_basket", None)[1].is_nan());
        assert!(of("share_meat", Some("meat"))[1].is_nan());
        near(of("monetary", None)[1], 0.0);
    }
}
