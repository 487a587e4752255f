//! Who bought which item in which basket, as arrays: what rules and offers learn from.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray};
use arrow::datatypes::{DataType, Date32Type, Int64Type};
use chrono::NaiveDate;
use datafusion::common::hash_utils::RandomState;
use rayon::prelude::*;

use crate::config::Settings;
use crate::failure::{Result, did_you_mean};
use crate::warehouse::Warehouse;

/// A hash map that is fast on numbers; its order is never looked at.
type FastMap<K, V> = HashMap<K, V, RandomState>;

/// Every purchase of a named item, each item once a basket.
///
/// Customers and items are coded by the order of their ids and names; lines are sorted by
/// customer, day, basket and item.
pub struct Purchases {
    /// The level of the taxonomy that the items are of.
    pub level: String,
    /// Ids of the customers, ascending: `Int64` or text.
    pub customers: ArrayRef,
    /// Names of the items, ascending.
    pub items: Vec<String>,
    /// Where each customer's lines begin, and one more.
    pub offsets: Vec<usize>,
    /// For each line the day, as days since 1970-01-01.
    pub days: Vec<i32>,
    /// For each line its basket, numbered from 0 in the order of the lines.
    pub baskets: Vec<u32>,
    /// For each line its item.
    pub line_items: Vec<u32>,
    /// For each basket its day.
    pub basket_days: Vec<i32>,
}

impl Purchases {
    /// Reads the purchases at a level of the taxonomy, without the items of `exclude`.
    ///
    /// # Errors
    /// A name in `exclude` that is no item of this level: says which is nearest.
    pub fn read(
        warehouse: &Warehouse,
        settings: &Settings,
        section: &str,
        level: &str,
        exclude: &[String],
    ) -> Result<Self> {
        let shelf = Shelf::read(warehouse, level)?;
        let mut excluded = vec![false; shelf.names.len()];
        for (place, name) in exclude.iter().enumerate() {
            match shelf.names.binary_search(name) {
                Ok(item) => excluded[item] = true,
                Err(_) => {
                    let known: Vec<&str> = shelf.names.iter().map(String::as_str).collect();
                    let near = crate::failure::nearest(name, known.iter().copied());
                    let place = place.to_string();
                    let problem = format!("there is no {level} `{name}`");
                    return Err(settings.wrong(&[section, "exclude", &place], problem).hint(
                        match near {
                            Some(near) => format!("did you mean `{near}`?"),
                            None => format!(
                                "the first ones are {}",
                                did_you_mean("", &known[..known.len().min(5)])
                            ),
                        },
                    ));
                }
            }
        }
        let mut customers = Keys::default();
        let mut baskets = Keys::default();
        let mut lines: Vec<Line> = Vec::new();
        let sql = "SELECT customer_id, basket_id, day, product_id FROM interactions \
             WHERE kind = 'purchase' AND product_id IS NOT NULL AND basket_id IS NOT NULL";
        warehouse.engine.for_each(sql, |batch| {
            let customer_codes = customers.codes(batch.column(0));
            let basket_codes = baskets.codes(batch.column(1));
            let days = batch.column(2).as_primitive::<Date32Type>();
            let items = shelf.items(batch.column(3));
            for (row, item) in items.into_iter().enumerate() {
                if let Some(item) = item.filter(|&item| !excluded[item as usize]) {
                    let day = days.value(row);
                    lines.push(Line {
                        customer: customer_codes[row],
                        basket: basket_codes[row],
                        day,
                        item,
                    });
                }
            }
            Ok(())
        })?;
        let (customers, customer_ranks) = customers.sorted();
        let (_, basket_ranks) = baskets.sorted();
        for line in &mut lines {
            line.customer = customer_ranks[line.customer as usize];
            line.basket = basket_ranks[line.basket as usize];
        }
        lines.par_sort_unstable();
        lines.dedup();
        Ok(Self::from_lines(level, customers, shelf.names, lines))
    }

    /// Numbers the baskets in the order of customers and days.
    fn from_lines(
        level: &str,
        customers: ArrayRef,
        items: Vec<String>,
        mut lines: Vec<Line>,
    ) -> Self {
        // A basket that goes past midnight belongs to the day on which it began.
        let mut start = 0;
        while start < lines.len() {
            let same = |line: &Line| {
                (line.customer, line.basket) == (lines[start].customer, lines[start].basket)
            };
            let length = lines[start..].iter().take_while(|line| same(line)).count();
            let basket = &mut lines[start..start + length];
            let first = basket.iter().map(|line| line.day).min().unwrap_or_default();
            basket.iter_mut().for_each(|line| line.day = first);
            start += length;
        }
        lines.par_sort_unstable_by_key(|line| (line.customer, line.day, line.basket, line.item));
        lines.dedup();
        let mut purchases = Self {
            level: level.to_owned(),
            items,
            offsets: vec![0; customers.len() + 1],
            days: Vec::with_capacity(lines.len()),
            baskets: Vec::with_capacity(lines.len()),
            line_items: Vec::with_capacity(lines.len()),
            basket_days: Vec::new(),
            customers,
        };
        let mut last = None;
        for line in &lines {
            if last != Some((line.customer, line.basket)) {
                last = Some((line.customer, line.basket));
                purchases.basket_days.push(line.day);
            }
            purchases.offsets[line.customer as usize + 1] += 1;
            purchases.days.push(line.day);
            purchases
                .baskets
                .push(purchases.basket_days.len() as u32 - 1);
            purchases.line_items.push(line.item);
        }
        for customer in 0..purchases.customers.len() {
            purchases.offsets[customer + 1] += purchases.offsets[customer];
        }
        purchases
    }

    /// Lines whose basket lies on these days, as basket numbers counted from 0 and items, and
    /// how many baskets there are.
    pub fn baskets_on(&self, days: std::ops::Range<i32>) -> (Vec<u32>, Vec<u32>, usize) {
        let mut numbers = vec![u32::MAX; self.basket_days.len()];
        let mut count = 0;
        for (number, day) in numbers.iter_mut().zip(&self.basket_days) {
            if days.contains(day) {
                *number = count;
                count += 1;
            }
        }
        let mut baskets = Vec::new();
        let mut items = Vec::new();
        for (&basket, &item) in self.baskets.iter().zip(&self.line_items) {
            if numbers[basket as usize] != u32::MAX {
                baskets.push(numbers[basket as usize]);
                items.push(item);
            }
        }
        (baskets, items, count as usize)
    }
}

/// The day as a number since 1970-01-01.
pub fn day_number(date: NaiveDate) -> i32 {
    date.to_epoch_days()
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    customer: u32,
    basket: u32,
    item: u32,
    day: i32,
}

/// Codes for keys, first by arrival, then by their order.
#[derive(Default)]
struct Keys {
    numbers: FastMap<i64, u32>,
    texts: FastMap<String, u32>,
}

impl Keys {
    fn codes(&mut self, values: &ArrayRef) -> Vec<u32> {
        match values.as_primitive_opt::<Int64Type>() {
            Some(numbers) => numbers
                .values()
                .iter()
                .map(|number| {
                    let next = self.numbers.len() as u32;
                    *self.numbers.entry(*number).or_insert(next)
                })
                .collect(),
            None => values
                .as_string::<i32>()
                .iter()
                .map(|text| {
                    let text = text.unwrap_or_default();
                    if let Some(&code) = self.texts.get(text) {
                        return code;
                    }
                    let next = self.texts.len() as u32;
                    self.texts.insert(text.to_owned(), next);
                    next
                })
                .collect(),
        }
    }

    /// The keys in ascending order, and for each code of arrival its place in that order.
    fn sorted(self) -> (ArrayRef, Vec<u32>) {
        fn rank<K: Ord>(map: FastMap<K, u32>) -> (Vec<K>, Vec<u32>) {
            let mut pairs: Vec<(K, u32)> = map.into_iter().collect();
            pairs.sort_unstable();
            let mut ranks = vec![0; pairs.len()];
            for (rank, pair) in pairs.iter().enumerate() {
                ranks[pair.1 as usize] = rank as u32;
            }
            (pairs.into_iter().map(|pair| pair.0).collect(), ranks)
        }
        if self.texts.is_empty() {
            let (keys, ranks) = rank(self.numbers);
            (Arc::new(Int64Array::from(keys)), ranks)
        } else {
            let (keys, ranks) = rank(self.texts);
            (Arc::new(StringArray::from(keys)), ranks)
        }
    }
}

/// Which item each product is.
struct Shelf {
    names: Vec<String>,
    numbers: FastMap<i64, u32>,
    texts: FastMap<String, u32>,
}

impl Shelf {
    fn read(warehouse: &Warehouse, level: &str) -> Result<Self> {
        let sql = match level {
            // A product is called by its name where that is one product's alone.
            "product" if warehouse.has_column("products", "name") => {
                "SELECT product_id, CASE WHEN name IS NULL THEN CAST(product_id AS VARCHAR) \
                 WHEN count(*) OVER (PARTITION BY name) = 1 THEN name \
                 ELSE concat(name, ' (', product_id, ')') END AS item FROM products"
                    .to_owned()
            }
            "product" => {
                "SELECT DISTINCT product_id, CAST(product_id AS VARCHAR) AS item FROM interactions \
                 WHERE kind = 'purchase' AND product_id IS NOT NULL"
                    .to_owned()
            }
            level => format!(
                "SELECT product_id, \"{level}\" FROM products WHERE \"{level}\" IS NOT NULL"
            ),
        };
        let table = warehouse.engine.query(&sql)?;
        let labels = table.column(1).as_string::<i32>();
        let mut names: Vec<String> = labels.iter().flatten().map(str::to_owned).collect();
        names.sort_unstable();
        names.dedup();
        let mut shelf = Self {
            names,
            numbers: FastMap::default(),
            texts: FastMap::default(),
        };
        let code = |row: usize| {
            shelf
                .names
                .binary_search_by(|name| name.as_str().cmp(labels.value(row)))
                .ok()
        };
        let codes: Vec<Option<usize>> = (0..table.num_rows()).map(code).collect();
        let ids = table.column(0);
        for (row, code) in codes.into_iter().enumerate() {
            let Some(code) = code else { continue };
            match ids.data_type() {
                DataType::Int64 => {
                    shelf
                        .numbers
                        .insert(ids.as_primitive::<Int64Type>().value(row), code as u32);
                }
                _ => {
                    shelf
                        .texts
                        .insert(ids.as_string::<i32>().value(row).to_owned(), code as u32);
                }
            }
        }
        Ok(shelf)
    }

    fn items(&self, products: &ArrayRef) -> Vec<Option<u32>> {
        match products.as_primitive_opt::<Int64Type>() {
            Some(numbers) => numbers
                .values()
                .iter()
                .map(|number| self.numbers.get(number).copied())
                .collect(),
            None => products
                .as_string::<i32>()
                .iter()
                .map(|text| self.texts.get(text?).copied())
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_basket_past_midnight_is_one_basket_of_the_day_it_began_on() {
        let line = |customer, basket, day, item| Line {
            customer,
            basket,
            item,
            day,
        };
        let customers: ArrayRef = Arc::new(Int64Array::from(vec![7, 9]));
        let items = vec!["a".to_owned(), "b".to_owned()];
        let lines = vec![
            line(0, 5, 11, 0),
            line(0, 5, 12, 1),
            line(0, 6, 10, 0),
            line(1, 5, 10, 1),
        ];
        let mut lines = lines;
        lines.sort_unstable();
        let purchases = Purchases::from_lines("type", customers, items, lines);
        assert_eq!(purchases.basket_days, [10, 11, 10]);
        assert_eq!(purchases.offsets, [0, 3, 4]);
        assert_eq!(purchases.baskets, [0, 1, 1, 2]);
        assert_eq!(purchases.line_items, [0, 0, 1, 1]);
        let (baskets, items, count) = purchases.baskets_on(10..11);
        assert_eq!((baskets, items, count), (vec![0, 1], vec![0, 1], 2));
    }
}
