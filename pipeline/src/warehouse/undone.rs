//! Purchases that were cancelled later: a line that takes a purchase back is paired with that
//! purchase, one with one, and from its day on neither counts.
//!
//! Pairs are found when the warehouse is opened and stand nowhere in it. So the order of loads does
//! not matter, a cancellation may come in whichever load, and a warehouse that was loaded before
//! there were pairs has them too.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, Date32Array, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Field, Int64Type, Schema, SchemaRef};
use chrono::NaiveDate;

use crate::engine::Scope;
use crate::failure::{During, Failure, Result};

/// Keys of rows that were undone, or of which a copy was, as [`Undone::name`] names them.
const KEYS: &str = "undone_keys";
/// Which copies of them were, and since when.
const MARKS: &str = "undone_marks";
/// The rows with these keys, with the day on which each was undone.
const MARKED: &str = "interactions_marked";

/// What was found of purchases that were cancelled later.
#[derive(Debug)]
pub struct Undone {
    /// Lines that take a purchase back and were paired with it.
    pub matched: u64,
    /// Lines that take something back to which no earlier purchase fits.
    pub unmatched: u64,
    /// The days of each purchase and of its cancellation.
    spans: Vec<(i32, i32)>,
    /// For every row that was undone its key, which of the copies with that key it is, from 1, and
    /// since when.
    marks: RecordBatch,
}

impl Undone {
    /// Pairs the rows of a query over interactions, which holds every column that `schema` has;
    /// none where no row takes anything back.
    pub fn find(scope: &Scope, rows: &str, schema: &Schema) -> Result<Option<Self>> {
        let lines = lines(rows, schema);
        let backs = scope
            .query(&format!("SELECT count(*) FROM ({lines}) WHERE back"))
            .during("looking for cancelled purchases")?;
        let backs = backs.column(0).as_primitive::<Int64Type>().value(0);
        if backs == 0 {
            return Ok(None);
        }
        let mut pairing = Pairing::default();
        // A query that ends in ORDER BY hands out its batches in that order.
        scope
            .for_each(&in_order(&lines), |batch| pairing.take(&batch))
            .during("pairing cancelled purchases")?;
        pairing.done(backs.unsigned_abs()).map(Some)
    }

    /// Whether a purchase from before a day was cancelled on that day or later, so that it stood by
    /// then.
    pub fn straddles(&self, date: NaiveDate) -> bool {
        let date = date.to_epoch_days();
        let mut spans = self.spans.iter();
        spans.any(|&(bought, undone)| bought < date && date <= undone)
    }

    /// Names the rows of a query that were undone, for [`standing`].
    pub fn name(&self, scope: &Scope, rows: &str) -> Result<()> {
        scope.batch(MARKS, self.marks.clone())?;
        let keys = format!("SELECT DISTINCT undone_key FROM {MARKS}");
        scope.view(KEYS, scope.frame(&keys)?)?;
        scope.fold(
            MARKED,
            &format!(
                "SELECT found.*, {MARKS}.undone_on FROM (SELECT held.*, row_number() OVER \
                 (PARTITION BY held.row_key ORDER BY held.source_file, held.known_at) AS nth_copy \
                 FROM ({rows}) held LEFT SEMI JOIN {KEYS} ON held.row_key = {KEYS}.undone_key) found \
                 LEFT JOIN {MARKS} ON found.row_key = {MARKS}.undone_key AND found.nth_copy = {MARKS}.nth"
            ),
        )
    }
}

/// The rows of a query that count by now, given that what was undone among them has its names: those
/// that were not undone. With a date, what had not been undone by then counts for the days before it.
pub fn standing(columns: &str, rows: &str, date: Option<NaiveDate>) -> String {
    let then = date.map_or_else(String::new, |date| {
        format!(" OR (day < DATE '{date}' AND undone_on >= DATE '{date}')")
    });
    format!(
        "SELECT {columns} FROM ({rows}) held LEFT ANTI JOIN {KEYS} ON held.row_key = {KEYS}.undone_key \
         UNION ALL SELECT {columns} FROM {MARKED} WHERE (undone_on IS NULL{then})"
    )
}

/// The rows of a query that belong to customers with a row that was undone, each with the day on which
/// it was, if it was; given that what was undone among them has its names.
pub fn of_cancellers(columns: &str, rows: &str) -> String {
    format!(
        "SELECT * FROM ({}) every LEFT SEMI JOIN \
         (SELECT DISTINCT customer_id AS canceller FROM {MARKED} WHERE undone_on IS NOT NULL) cancellers \
         ON every.customer_id = cancellers.canceller",
        every(columns, rows)
    )
}

/// Every row of a query with the day on which it was undone, if it was; given that what was undone among
/// them has its names.
pub fn every(columns: &str, rows: &str) -> String {
    format!(
        "SELECT {columns}, CAST(NULL AS DATE) AS undone_on FROM ({rows}) held \
         LEFT ANTI JOIN {KEYS} ON held.row_key = {KEYS}.undone_key \
         UNION ALL SELECT {columns}, undone_on FROM {MARKED}"
    )
}

/// The customers with a purchase from before a day that was cancelled on it or later.
pub fn straddlers(date: NaiveDate) -> String {
    format!(
        "SELECT DISTINCT customer_id FROM {MARKED} WHERE customer_id IS NOT NULL \
         AND day < DATE '{date}' AND undone_on >= DATE '{date}'"
    )
}

/// How many customers have bought, and whose purchases were all undone; `now` is the name of what
/// counts. Only after [`Undone::name`].
pub fn left_with_nothing(scope: &Scope, now: &str) -> Result<u64> {
    let found = scope.query(&format!(
        "SELECT count(*) FROM (SELECT DISTINCT customer_id FROM {MARKED} \
         WHERE kind = 'purchase' AND undone_on IS NOT NULL AND customer_id IS NOT NULL) gone LEFT ANTI JOIN \
         (SELECT DISTINCT customer_id FROM {now} WHERE kind = 'purchase') here \
         ON gone.customer_id = here.customer_id"
    ))?;
    let found = found.column(0).as_primitive::<Int64Type>().value(0);
    Ok(found.unsigned_abs())
}

/// Purchases and what takes them back, of customers who are known.
fn lines(rows: &str, schema: &Schema) -> String {
    let has = |name: &str| schema.field_with_name(name).is_ok();
    let or = |name: &'static str, otherwise: &'static str| match has(name) {
        true => name,
        false => otherwise,
    };
    let below_zero: Vec<&str> = [("quantity", "quantity < 0"), ("amount", "amount < 0")]
        .into_iter()
        .filter(|(name, _)| has(name))
        .map(|(_, condition)| condition)
        .collect();
    let back = match below_zero.is_empty() {
        true => "kind = 'return'".to_owned(),
        false => format!(
            "kind = 'return' OR coalesce({}, false)",
            below_zero.join(" OR ")
        ),
    };
    format!(
        "SELECT customer_id, {} AS product_id, {} AS quantity, {} AS amount, {} AS basket_id, occurred_at, day, \
         row_key, ({back}) AS back FROM ({rows}) WHERE customer_id IS NOT NULL AND kind IN ('purchase', 'return')",
        or("product_id", "CAST(NULL AS VARCHAR)"),
        or("quantity", "CAST(NULL AS DECIMAL(18, 4))"),
        or("amount", "CAST(NULL AS DECIMAL(18, 4))"),
        or("basket_id", "CAST(NULL AS VARCHAR)"),
    )
}

/// The lines of customers and products of which something was taken back, in the order in which they
/// happened: at one moment purchases come first, and lines by the number of their order.
fn in_order(lines: &str) -> String {
    format!(
        "SELECT CAST(customer_id AS VARCHAR) AS customer, CAST(product_id AS VARCHAR) AS product, quantity, amount, \
         CAST(basket_id AS VARCHAR) AS basket, day, row_key, back, occurred_at FROM ({lines}) lines \
         LEFT SEMI JOIN (SELECT DISTINCT customer_id AS buyer, product_id AS thing FROM ({lines}) WHERE back) backs \
         ON lines.customer_id = backs.buyer AND lines.product_id IS NOT DISTINCT FROM backs.thing \
         ORDER BY customer, product, occurred_at, back, basket, row_key"
    )
}

/// A purchase, or what takes one back; money and quantities in ten-thousandths.
#[derive(Clone, Debug, PartialEq)]
struct Line {
    back: bool,
    quantity: Option<i128>,
    amount: Option<i128>,
    basket: Option<String>,
    day: i32,
    key: i64,
}

impl Line {
    /// Of things, so and so many; nothing where only money is told.
    fn size(&self) -> Option<i128> {
        self.quantity.map(i128::abs)
    }

    /// Whether it says that things came back, and not only money: a part of the price may be given
    /// back without the goods.
    fn is_of_goods(&self) -> bool {
        self.quantity.is_some_and(|quantity| quantity < 0)
            || self.quantity.is_some() && self.amount.is_none()
    }

    /// The numbers of the order that it may take back: its own, and that without letters before it,
    /// as `C536379` takes back `536379`.
    fn orders(&self) -> impl Iterator<Item = &str> {
        let own = self.basket.as_deref();
        let plain = own.map(|own| own.trim_start_matches(|c: char| !c.is_ascii_digit()));
        let plain = plain.filter(|plain| !plain.is_empty() && own != Some(plain));
        own.into_iter().chain(plain)
    }
}

/// By what a purchase is found: its size, and its amount and order where these are asked for.
type Found = (Option<i128>, Option<i128>, Option<String>);

/// Purchases of a product by a customer that were not taken back yet, the latest on top.
#[derive(Default)]
struct Open {
    purchases: Vec<Line>,
    taken: Vec<bool>,
    stacks: HashMap<Found, Vec<usize>>,
}

impl Open {
    fn add(&mut self, line: Line) {
        let place = self.purchases.len();
        let size = line.size();
        let amount = line.amount.map(i128::abs);
        let mut keys: Vec<Found> = vec![(size, None, None)];
        keys.extend(amount.map(|amount| (size, Some(amount), None)));
        if let Some(basket) = &line.basket {
            keys.push((size, None, Some(basket.clone())));
            keys.extend(amount.map(|amount| (size, Some(amount), Some(basket.clone()))));
        }
        for key in keys {
            self.stacks.entry(key).or_default().push(place);
        }
        self.purchases.push(line);
        self.taken.push(false);
    }

    /// The latest purchase that is found by this and was not taken back.
    fn latest(&mut self, found: &Found) -> Option<usize> {
        let stack = self.stacks.get_mut(found)?;
        while let Some(&place) = stack.last() {
            if !self.taken[place] {
                return Some(place);
            }
            stack.pop();
        }
        None
    }

    /// The purchase that a line takes back: of the same quantity, and if only money came back of the
    /// same amount; of these one of the same order, else one of the same amount, else the latest.
    fn take(&mut self, back: &Line) -> Option<&Line> {
        let size = back.size();
        let amount = back.amount.map(i128::abs).filter(|amount| *amount > 0);
        let orders: Vec<Option<String>> =
            back.orders().map(|order| Some(order.to_owned())).collect();
        let mut tries: Vec<Found> = Vec::new();
        if amount.is_some() {
            tries.extend(orders.iter().map(|order| (size, amount, order.clone())));
        }
        if back.is_of_goods() {
            tries.extend(orders.into_iter().map(|order| (size, None, order)));
        }
        if amount.is_some() {
            tries.push((size, amount, None));
        }
        if back.is_of_goods() {
            tries.push((size, None, None));
        }
        let place = tries.iter().find_map(|found| self.latest(found))?;
        self.taken[place] = true;
        Some(&self.purchases[place])
    }
}

/// Lines on their way, one customer and product after the other.
#[derive(Default)]
struct Pairing {
    of: Option<(String, Option<String>)>,
    open: Open,
    /// The keys of rows that were undone, and the days.
    undone: Vec<(i64, i32)>,
    spans: Vec<(i32, i32)>,
}

impl Pairing {
    fn take(&mut self, batch: &RecordBatch) -> Result<()> {
        let wrong = || Failure::machine("lines of cancelled purchases of another type");
        let text = |column: usize| {
            batch
                .column(column)
                .as_string_opt::<i32>()
                .ok_or_else(wrong)
        };
        let money = |column: usize| {
            let values = batch.column(column).as_primitive_opt::<Decimal128Type>();
            values.ok_or_else(wrong)
        };
        let (customers, products, baskets) = (text(0)?, text(1)?, text(4)?);
        let (quantities, amounts) = (money(2)?, money(3)?);
        let days = batch.column(5).as_primitive::<Date32Type>();
        let keys = batch.column(6).as_primitive::<Int64Type>();
        let backs = batch.column(7).as_boolean();
        for row in 0..batch.num_rows() {
            let product = products.is_valid(row).then(|| products.value(row));
            let same = self.of.as_ref().is_some_and(|(customer, of)| {
                customer == customers.value(row) && of.as_deref() == product
            });
            if !same {
                self.of = Some((customers.value(row).to_owned(), product.map(str::to_owned)));
                self.open = Open::default();
            }
            self.add(Line {
                back: backs.value(row),
                quantity: quantities.is_valid(row).then(|| quantities.value(row)),
                amount: amounts.is_valid(row).then(|| amounts.value(row)),
                basket: baskets.is_valid(row).then(|| baskets.value(row).to_owned()),
                day: days.value(row),
                key: keys.value(row),
            });
        }
        Ok(())
    }

    fn add(&mut self, line: Line) {
        if !line.back {
            self.open.add(line);
        } else if let Some(bought) = self.open.take(&line) {
            self.undone.push((bought.key, line.day));
            self.undone.push((line.key, line.day));
            self.spans.push((bought.day, line.day));
        }
    }

    fn done(mut self, backs: u64) -> Result<Undone> {
        self.undone.sort_unstable();
        let mut nth = 0;
        let mut before = None;
        let copies = self.undone.iter().map(|(key, _)| {
            nth = if before == Some(*key) { nth + 1 } else { 1 };
            before = Some(*key);
            nth
        });
        let copies: Int64Array = copies.collect::<Vec<i64>>().into();
        let keys = Int64Array::from_iter_values(self.undone.iter().map(|(key, _)| *key));
        let days = Date32Array::from_iter_values(self.undone.iter().map(|(_, day)| *day));
        let marks = RecordBatch::try_new(
            marks_schema(),
            vec![Arc::new(keys), Arc::new(copies), Arc::new(days)],
        )?;
        let matched = self.spans.len() as u64;
        Ok(Undone {
            matched,
            unmatched: backs.saturating_sub(matched),
            spans: self.spans,
            marks,
        })
    }
}

fn marks_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("undone_key", DataType::Int64, false),
        Field::new("nth", DataType::Int64, false),
        Field::new("undone_on", DataType::Date32, false),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bought(day: i32, quantity: i128, amount: i128, basket: &str) -> Line {
        Line {
            back: false,
            quantity: Some(quantity),
            amount: Some(amount),
            basket: Some(basket.to_owned()),
            day,
            key: i64::from(day),
        }
    }

    fn back(day: i32, quantity: i128, amount: i128, basket: &str) -> Line {
        Line {
            back: true,
            ..bought(day, quantity, amount, basket)
        }
    }

    /// The days of purchases and of what took them back.
    fn pairs(lines: &[Line]) -> Vec<(i32, i32)> {
        let mut pairing = Pairing::default();
        for line in lines {
            pairing.add(line.clone());
        }
        pairing.spans
    }

    #[test]
    fn the_latest_purchase_of_the_same_quantity_is_taken_back_once() {
        let lines = [
            bought(1, 6, 60, "a"),
            bought(2, 6, 60, "b"),
            bought(3, 12, 120, "c"),
            back(4, -6, -60, "C1"),
            back(5, -6, -60, "C2"),
            back(6, -6, -60, "C3"),
            bought(7, 6, 60, "d"),
            back(8, -5, -50, "C4"),
        ];
        assert_eq!(pairs(&lines), [(2, 4), (1, 5)]);
    }

    #[test]
    fn the_same_order_comes_first_then_the_same_amount() {
        let three = [
            bought(1, 6, 60, "536379"),
            bought(2, 6, 55, "536400"),
            bought(3, 6, 50, "536500"),
        ];
        let with = |last: Line| pairs(&[&three[..], &[last]].concat());
        assert_eq!(with(back(9, -6, -50, "C536379")), [(1, 9)]);
        assert_eq!(with(back(9, -6, -55, "C999999")), [(2, 9)]);
        assert_eq!(with(back(9, -6, -58, "C999999")), [(3, 9)]);
        assert_eq!(with(back(9, -6, -58, "536400")), [(2, 9)]);
    }

    #[test]
    fn a_part_of_the_price_that_comes_back_takes_no_purchase_back() {
        let bought_first = |last: Line| pairs(&[bought(1, 1, 200, "a"), last]);
        assert_eq!(bought_first(back(2, 1, -20, "a")), []);
        assert_eq!(bought_first(back(2, 1, -200, "x")), [(1, 2)]);
        let money = |amount| Line {
            quantity: None,
            ..back(2, 0, amount, "x")
        };
        assert_eq!(bought_first(money(-200)), [], "how many is not told");
        let without = Line {
            quantity: None,
            ..bought(1, 0, 200, "a")
        };
        assert_eq!(pairs(&[without.clone(), money(200)]), [(1, 2)]);
        assert_eq!(pairs(&[without, money(199)]), []);
        let nothing = Line {
            quantity: None,
            ..bought(1, 0, 0, "a")
        };
        assert_eq!(pairs(&[nothing, money(0)]), []);
    }

    /// What `Open::take` promises, looked up in all purchases one after the other.
    fn by_brute_force(lines: &[Line]) -> Vec<(i32, i32)> {
        let mut taken = vec![false; lines.len()];
        let mut pairs = Vec::new();
        for (now, line) in lines.iter().enumerate().filter(|(_, line)| line.back) {
            let orders: Vec<&str> = line.orders().collect();
            let rank = |bought: &Line| {
                let money = line.amount.is_some_and(|amount| amount != 0)
                    && bought.amount.map(i128::abs) == line.amount.map(i128::abs);
                let order = orders
                    .iter()
                    .position(|order| bought.basket.as_deref() == Some(order));
                let fits = bought.size() == line.size() && (money || line.is_of_goods());
                let order = order.map_or(0, |place| orders.len() - place);
                fits.then_some(match (order > 0, money) {
                    (true, true) => (3, order),
                    (true, false) => (2, order),
                    (false, true) => (1, 0),
                    (false, false) => (0, 0),
                })
            };
            let best = (0..now)
                .filter(|&place| !lines[place].back && !taken[place])
                .filter_map(|place| Some((rank(&lines[place])?, place)))
                .max();
            if let Some((_, place)) = best {
                taken[place] = true;
                pairs.push((lines[place].day, line.day));
            }
        }
        pairs
    }

    #[test]
    fn pairs_are_those_of_brute_force() {
        let mut state = 7_u64;
        let mut draw = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % below
        };
        let mut found = 0;
        for _ in 0..300 {
            let lines: Vec<Line> = (0..40)
                .map(|day| {
                    let (size, price) = (1 + draw(3) as i128, 1 + draw(2) as i128);
                    let order = 100 + draw(12);
                    match draw(5) {
                        0 => back(day, -size, -size * price, &format!("C{order}")),
                        1 => back(day, size, size * price, &order.to_string()),
                        _ => bought(day, size, size * price, &order.to_string()),
                    }
                })
                .collect();
            let pairs = pairs(&lines);
            found += pairs.len();
            assert_eq!(pairs, by_brute_force(&lines), "{lines:#?}");
        }
        assert!(found > 2000, "{found}");
    }

    #[test]
    fn what_is_known_later_changes_no_earlier_pair() {
        let lines = [
            bought(1, 2, 20, "a"),
            back(2, -2, -20, "b"),
            bought(3, 2, 20, "c"),
            bought(4, 2, 20, "d"),
            back(5, -2, -20, "e"),
        ];
        let all = pairs(&lines);
        for until in 0..lines.len() {
            let then = pairs(&lines[..until]);
            assert_eq!(then, all[..then.len()]);
        }
    }

    #[test]
    fn a_purchase_stands_until_the_day_on_which_it_was_cancelled() {
        let mut pairing = Pairing::default();
        pairing.add(bought(10, 1, 5, "a"));
        pairing.add(back(20, -1, -5, "b"));
        pairing.add(back(21, -1, -5, "b"));
        let undone = pairing.done(2).unwrap();
        let day = |day: i32| NaiveDate::from_epoch_days(day).unwrap();
        let straddled: Vec<i32> = (5..25).filter(|d| undone.straddles(day(*d))).collect();
        assert_eq!(straddled, (11..=20).collect::<Vec<_>>());
        assert_eq!((undone.matched, undone.unmatched), (1, 1));
    }
}
