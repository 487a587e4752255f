//! What the products say of the items: the category of each, what it costs, what it earns, and
//! which product to offer of it.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Float64Type;

use crate::contract::LEVELS;
use crate::failure::Result;
use crate::purchases::Purchases;
use crate::warehouse::Warehouse;

/// What is known of the items, one entry an item.
pub struct Shelf {
    /// The number of the category, the next broader level that the products have.
    pub groups: Vec<u32>,
    /// Whether the products say which category an item is of; without, each is one of its own.
    pub grouped: bool,
    /// The names of the categories, by number.
    pub group_names: Vec<String>,
    /// Every name of the taxonomy that an item has, its own included.
    pub names: Vec<Vec<String>>,
    /// What one has cost of late, on average; none where nothing is known.
    pub prices: Vec<Option<f64>>,
    /// The share of its price that it earns; none without costs.
    pub margins: Vec<Option<f64>>,
}

impl Shelf {
    /// Reads what the products and the last `days` of sales say.
    pub fn read(warehouse: &Warehouse, purchases: &Purchases, days: u32) -> Result<Self> {
        let items = &purchases.items;
        let place: BTreeMap<&str, usize> = (0..items.len())
            .map(|item| (items.ids[item].as_str(), item))
            .collect();
        let mut shelf = Self {
            groups: vec![0; items.len()],
            grouped: false,
            group_names: vec![String::new()],
            names: (0..items.len())
                .map(|item| vec![items.names[item].clone(), items.ids[item].clone()])
                .collect(),
            prices: vec![None; items.len()],
            margins: vec![None; items.len()],
        };
        shelf.read_names(warehouse, &purchases.ask.level, &place)?;
        let sold = Sold::at(warehouse, &purchases.ask.level);
        shelf.read_money(warehouse, &sold, &place, days)?;
        Ok(shelf)
    }

    /// The names of broader levels: of several the one that most products of the item have.
    fn read_names(
        &mut self,
        warehouse: &Warehouse,
        own: &str,
        place: &BTreeMap<&str, usize>,
    ) -> Result<()> {
        let at = LEVELS.iter().position(|level| *level == own);
        let own = if own == "product" { "product_id" } else { own };
        let broader = LEVELS.iter().skip(at.map_or(0, |at| at + 1));
        let broader = broader.filter(|level| **level != "brand");
        for level in broader.filter(|level| warehouse.has_column("products", level)) {
            let said = warehouse.scope.query(&format!(
                "SELECT CAST(\"{own}\" AS VARCHAR) AS item, CAST(\"{level}\" AS VARCHAR) AS above \
                 FROM products \
                 WHERE \"{own}\" IS NOT NULL AND \"{level}\" IS NOT NULL \
                 GROUP BY \"{own}\", \"{level}\" ORDER BY count(*), \"{level}\" DESC"
            ))?;
            let (ids, names) = (
                said.column(0).as_string::<i32>(),
                said.column(1).as_string::<i32>(),
            );
            let mut of: Vec<Option<&str>> = vec![None; self.groups.len()];
            for row in 0..said.num_rows() {
                if let Some(&item) = place.get(ids.value(row)) {
                    // The last is the one that most products have.
                    of[item] = Some(names.value(row));
                }
            }
            if !self.grouped {
                self.group(&of);
                self.grouped = true;
            }
            for (names, name) in self.names.iter_mut().zip(of) {
                names.extend(name.map(str::to_owned));
            }
        }
        if !self.grouped {
            // Every item is a category of its own.
            self.groups = (0..self.groups.len() as u32).collect();
            self.group_names = self.names.iter().map(|names| names[0].clone()).collect();
        }
        Ok(())
    }

    fn group(&mut self, of: &[Option<&str>]) {
        let mut numbers: BTreeMap<&str, u32> =
            of.iter().map(|name| (name.unwrap_or(""), 0)).collect();
        numbers
            .values_mut()
            .zip(0..)
            .for_each(|(number, next)| *number = next);
        self.groups = of.iter().map(|name| numbers[name.unwrap_or("")]).collect();
        self.group_names = numbers.keys().map(|name| (*name).to_owned()).collect();
    }

    fn read_money(
        &mut self,
        warehouse: &Warehouse,
        sold: &Sold,
        place: &BTreeMap<&str, usize>,
        days: u32,
    ) -> Result<()> {
        if !warehouse.has_column("interactions", "amount") {
            return Ok(());
        }
        let pieces = pieces(warehouse);
        let cost = match warehouse.has_column("interactions", "cost") {
            true => {
                "CAST(sum(i.cost) AS DOUBLE) AS cost, CAST(sum(CASE WHEN i.cost IS NOT NULL THEN i.amount END) AS DOUBLE) AS costed"
            }
            false => "CAST(NULL AS DOUBLE) AS cost, CAST(NULL AS DOUBLE) AS costed",
        };
        let (end, Sold { from, item, .. }) = (warehouse.end, sold);
        let said = warehouse.scope.query(&format!(
            "SELECT {item} AS item, CAST(sum(i.amount) AS DOUBLE) AS amount, \
             CAST(sum({pieces}) AS DOUBLE) AS pieces, {cost} \
             FROM {from} WHERE i.kind = 'purchase' AND i.amount > 0 AND {item} IS NOT NULL \
             AND i.day >= DATE '{end}' - INTERVAL '{days} days' GROUP BY {item}"
        ))?;
        let ids = said.column(0).as_string::<i32>();
        let number = |column: usize, row: usize| {
            let values = said.column(column).as_primitive::<Float64Type>();
            values.is_valid(row).then(|| values.value(row))
        };
        for row in 0..said.num_rows() {
            let Some(&item) = place.get(ids.value(row)) else {
                continue;
            };
            let money = number(1, row).zip(number(2, row));
            self.prices[item] = money.map(|(amount, pieces)| amount / pieces);
            let costed = number(3, row).zip(number(4, row));
            self.margins[item] = costed
                .filter(|(_, amount)| *amount > 0.0)
                .map(|(cost, amount)| 1.0 - cost / amount);
        }
        Ok(())
    }
}

/// The interactions with the item of each, in SQL: where they are from, and the item.
pub struct Sold {
    /// What stands after FROM; the interactions are `i`.
    pub from: String,
    /// The id of the item.
    pub item: String,
}

impl Sold {
    /// The interactions at a level.
    pub fn at(warehouse: &Warehouse, level: &str) -> Self {
        let products = warehouse.has_column("products", "product_id");
        // A product that nobody has described is one all the same.
        let (join, item) = match level {
            "product" => ("LEFT JOIN", "CAST(i.product_id AS VARCHAR)".to_owned()),
            level => ("JOIN", format!("CAST(p.\"{level}\" AS VARCHAR)")),
        };
        let from = match products {
            true => format!("interactions i {join} products p ON p.product_id = i.product_id"),
            false => "interactions i".to_owned(),
        };
        Self { from, item }
    }
}

/// How many pieces a line is.
pub fn pieces(warehouse: &Warehouse) -> &'static str {
    match warehouse.has_column("interactions", "quantity") {
        true => "CASE WHEN i.quantity > 0 THEN i.quantity ELSE 1 END",
        false => "1",
    }
}
