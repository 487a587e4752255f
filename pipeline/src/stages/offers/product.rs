//! Which product to offer where an item is a type of products: the one that most customers of the
//! same segment bought of late, among those that can be bought now.

use std::collections::BTreeMap;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::Float64Type;

use super::beside::{Beside, words};
use super::shelf::{Sold, pieces};
use crate::failure::Result;
use crate::known::rows_of;
use crate::purchases::Purchases;
use crate::warehouse::Warehouse;

/// A product.
#[derive(Clone, Debug, Default)]
pub struct Product {
    /// Its id.
    pub id: String,
    /// Its name; the id where it has none.
    pub name: String,
    /// What one has cost of late, on average.
    pub price: Option<f64>,
}

/// The best sellers of each item, by segment and of all.
pub struct Products {
    best: BTreeMap<(u32, Option<u32>), Product>,
}

impl Products {
    /// Counts the customers of each product in the last `days`.
    pub fn read(
        warehouse: &Warehouse,
        purchases: &Purchases,
        beside: &Beside,
        days: u32,
    ) -> Result<Self> {
        let items = &purchases.items;
        let Sold { from, item, .. } = Sold::at(warehouse, &purchases.ask.level);
        let name = match warehouse.has_column("products", "name") {
            true => "coalesce(CAST(p.name AS VARCHAR), CAST(i.product_id AS VARCHAR))",
            false => "CAST(i.product_id AS VARCHAR)",
        };
        let active = match warehouse.has_column("products", "active") {
            true => "AND (p.active IS NULL OR p.active)",
            false => "",
        };
        let end = warehouse.end;
        let sold = warehouse.scope.query(&format!(
            "SELECT DISTINCT i.customer_id, {item} AS item, \
             CAST(i.product_id AS VARCHAR) AS product, {name} AS name \
             FROM {from} WHERE i.kind = 'purchase' AND {item} IS NOT NULL {active} \
             AND i.customer_id IS NOT NULL \
             AND i.day >= DATE '{end}' - INTERVAL '{days} days' ORDER BY i.customer_id"
        ))?;
        let ids: &ArrayRef = sold.column(0);
        let place: BTreeMap<&str, u32> = items.ids.iter().map(String::as_str).zip(0..).collect();
        let (of, product, name) = (words(&sold, 1)?, words(&sold, 2)?, words(&sold, 3)?);
        let customers = rows_of(&purchases.customers, ids);
        let mut counts: BTreeMap<(u32, Option<u32>), BTreeMap<usize, u64>> = BTreeMap::new();
        // Each product by the first row that names it.
        let mut first: BTreeMap<&str, usize> = BTreeMap::new();
        for row in 0..sold.num_rows() {
            let Some(&item) = place.get(of[row].as_str()) else {
                continue;
            };
            let known = *first.entry(product[row].as_str()).or_insert(row);
            let segment = customers[row].and_then(|customer| beside.segments[customer]);
            *counts
                .entry((item, None))
                .or_default()
                .entry(known)
                .or_default() += 1;
            if segment.is_some() {
                *counts
                    .entry((item, segment))
                    .or_default()
                    .entry(known)
                    .or_default() += 1;
            }
        }
        let prices = prices(warehouse, days)?;
        let best = counts.into_iter().filter_map(|(key, counts)| {
            let better = |(row, n): &(usize, u64)| (*n, std::cmp::Reverse(product[*row].clone()));
            let (row, _) = counts.into_iter().max_by_key(better)?;
            let product = Product {
                id: product[row].clone(),
                name: name[row].clone(),
                price: prices.get(&product[row]).copied(),
            };
            Some((key, product))
        });
        Ok(Self {
            best: best.collect(),
        })
    }

    /// What to offer of an item to a customer of a segment.
    pub fn of(&self, item: u32, segment: Option<u32>) -> Option<&Product> {
        let own = segment.and_then(|_| self.best.get(&(item, segment)));
        own.or_else(|| self.best.get(&(item, None)))
    }
}

/// What one of each product has cost in the last days, on average.
fn prices(warehouse: &Warehouse, days: u32) -> Result<BTreeMap<String, f64>> {
    if !warehouse.has_column("interactions", "amount") {
        return Ok(BTreeMap::new());
    }
    let pieces = pieces(warehouse);
    let end = warehouse.end;
    let said = warehouse.scope.query(&format!(
        "SELECT CAST(i.product_id AS VARCHAR) AS product, CAST(sum(i.amount) AS DOUBLE) AS amount, \
         CAST(sum({pieces}) AS DOUBLE) AS pieces FROM interactions i \
         WHERE i.kind = 'purchase' AND i.amount > 0 AND i.product_id IS NOT NULL \
         AND i.day >= DATE '{end}' - INTERVAL '{days} days' GROUP BY i.product_id"
    ))?;
    let number =
        |column: usize, row: usize| said.column(column).as_primitive::<Float64Type>().value(row);
    let ids = words(&said, 0)?.into_iter().enumerate();
    Ok(ids
        .map(|(row, id)| (id, number(1, row) / number(2, row)))
        .collect())
}

/// What customers returned within the last days, as (customer, item) ascending.
pub fn returned(
    warehouse: &Warehouse,
    purchases: &Purchases,
    days: u32,
) -> Result<Vec<(u32, u32)>> {
    if days == 0 || !warehouse.has_column("interactions", "product_id") {
        return Ok(Vec::new());
    }
    let Sold { from, item, .. } = Sold::at(warehouse, &purchases.ask.level);
    let end = warehouse.end;
    let said = warehouse.scope.query(&format!(
        "SELECT DISTINCT i.customer_id, {item} AS item FROM {from} \
         WHERE i.kind = 'return' AND {item} IS NOT NULL AND i.customer_id IS NOT NULL \
         AND i.day >= DATE '{end}' - INTERVAL '{days} days' ORDER BY i.customer_id"
    ))?;
    let place: BTreeMap<&str, u32> = purchases
        .items
        .ids
        .iter()
        .map(String::as_str)
        .zip(0..)
        .collect();
    let customers = rows_of(&purchases.customers, said.column(0));
    let names = words(&said, 1)?;
    let pair = |(customer, name): (Option<usize>, String)| {
        Some((customer? as u32, *place.get(name.as_str())?))
    };
    let mut pairs: Vec<(u32, u32)> = customers.into_iter().zip(names).filter_map(pair).collect();
    pairs.sort_unstable();
    Ok(pairs)
}
