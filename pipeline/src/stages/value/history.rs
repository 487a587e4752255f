//! Who bought on which days and for how much, one customer after the other, seen at two dates: at
//! the end of the history, and where the period that is held out begins.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringBuilder};
use arrow::datatypes::{Decimal128Type, Int32Type, Int64Type};
use regulars_models::value::{History, Spend};

use super::cohorts::Cohorts;
use super::money::amount;
use super::snapshot::Snapshot;
use super::split::Split;
use crate::failure::{Failure, Result};
use crate::warehouse::Warehouse;

/// What is known of a customer's purchases at a date. A purchase is a day with one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seen {
    /// Days with a purchase.
    pub purchases: u32,
    /// The last of them, counted from 1970.
    pub last: i32,
    /// Money spent, returns taken off, in ten-thousandths.
    pub spend: i64,
    /// The same without the first purchase; what is returned comes off the purchase before it.
    pub repeat_spend: i64,
}

/// A customer who has bought.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Buyer {
    /// The day of the first purchase, counted from 1970.
    pub first: i32,
    /// At the end of the history.
    pub whole: Seen,
    /// Where the period that is held out begins; no purchases where the first one came later.
    pub before: Seen,
    /// In the period of the same length before that.
    pub recent: Stretch,
    /// In the period that is held out.
    pub held_out: Stretch,
    /// Money of the lines whose cost is known, returns taken off, and what they cost.
    pub costed: i64,
    /// See `costed`.
    pub cost: i64,
}

/// Purchases in a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stretch {
    /// Days with a purchase.
    pub purchases: u32,
    /// Money spent, returns taken off, in ten-thousandths.
    pub spend: i64,
    /// The day of the first one, where there is one.
    pub first: i32,
}

impl Seen {
    /// What a purchase model is told, in days; the history ends with the day before `end`.
    pub fn history(&self, first: i32, end: i32) -> History {
        History {
            repeats: self.purchases.saturating_sub(1),
            last: f64::from(self.last - first),
            age: age(first, end),
        }
    }

    /// What a spend model is told. Repeat purchases that net to nothing, or to less, count as next
    /// to nothing.
    pub fn spending(&self) -> Spend {
        let repeats = self.purchases.saturating_sub(1);
        let mean = match repeats {
            0 => 1.0,
            _ => amount(self.repeat_spend.max(1)) / f64::from(repeats),
        };
        Spend { repeats, mean }
    }

    /// Whether there are repeat purchases that net to nothing or less.
    pub fn nets_to_nothing(&self) -> bool {
        self.purchases > 1 && self.repeat_spend <= 0
    }

    fn add(&mut self, day: &Day) {
        if day.bought {
            self.purchases += 1;
            self.last = day.day;
        }
        self.spend = self.spend.saturating_add(day.net);
        if self.purchases > 1 {
            self.repeat_spend = self.repeat_spend.saturating_add(day.net);
        }
    }
}

impl Stretch {
    fn add(&mut self, day: &Day) {
        if day.bought {
            if self.purchases == 0 {
                self.first = day.day;
            }
            self.purchases += 1;
        }
        self.spend = self.spend.saturating_add(day.net);
    }
}

/// Days on which a customer might have bought again, from the one after the first purchase to the
/// last before `end`: what is bought again on a day is the same purchase.
pub fn age(first: i32, end: i32) -> f64 {
    f64::from(end - first - 1)
}

/// Every customer who has bought, in the order of their ids.
pub struct Buyers {
    /// Ids, ascending.
    pub ids: ArrayRef,
    /// One for each of them.
    pub buyers: Vec<Buyer>,
    /// Sum of the logarithms of the days between purchases: at the end, and where the period that
    /// is held out begins.
    pub log_gaps: [f64; 2],
    /// Whether costs are known of any line.
    pub has_costs: bool,
    /// What became of those who came in the same month.
    pub cohorts: Cohorts,
    /// Everybody as trees see them.
    pub snapshots: Snapshots,
    /// Customer days that were read.
    pub days: u64,
}

/// Customers at the dates from which trees look ahead, as many days as are held out; empty where none
/// are.
#[derive(Default)]
pub struct Snapshots {
    /// Where the period before the one that is held out begins, if the history reaches back so far.
    pub recent: Snapshot,
    /// Where the period that is held out begins.
    pub cut: Snapshot,
    /// At the end.
    pub end: Snapshot,
}

/// What a customer did on a day.
#[derive(Clone, Copy, Debug, Default)]
struct Day {
    day: i32,
    bought: bool,
    net: i64,
    costed: i64,
    cost: i64,
}

impl Buyers {
    /// Reads the days of all customers, sorted, and folds them one customer at a time.
    ///
    /// # Errors
    /// The interactions have no amounts.
    pub fn read(warehouse: &Warehouse, split: &Split) -> Result<Self> {
        if !warehouse.has_column("interactions", "amount") {
            return Err(Failure::data(
                "the interactions have no amounts, so nobody's value can be told",
            )
            .hint("map amount to a column of the source, and run ingest again"));
        }
        let cost = cost(warehouse);
        let mut folding = Folding::new(split, warehouse.is_whole("interactions", "customer_id"));
        // A query that ends in ORDER BY hands out its batches in that order.
        warehouse
            .scope
            .for_each(&days(cost), |batch| folding.take(&batch))?;
        Ok(folding.done(cost.is_some()))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.buyers.len()
    }
}

/// What a line cost, where anything tells: SQL over interactions `i` and products `p`.
fn cost(warehouse: &Warehouse) -> Option<&'static str> {
    let has = |column: &str| warehouse.has_column("interactions", column);
    let of_product =
        has("quantity") && has("product_id") && warehouse.has_column("products", "unit_cost");
    match (has("cost"), of_product) {
        (true, true) => Some("coalesce(i.cost, CAST(i.quantity * p.unit_cost AS DECIMAL(18, 4)))"),
        (true, false) => Some("i.cost"),
        (false, true) => Some("CAST(i.quantity * p.unit_cost AS DECIMAL(18, 4))"),
        (false, false) => None,
    }
}

/// One row for each customer and day with a purchase or a return, in the order of both.
///
/// A purchase of less than nothing is a return that the source calls otherwise: it takes off money,
/// and nobody has bought by it.
fn days(cost: Option<&str>) -> String {
    let products = match cost {
        Some(cost) if cost.contains("p.") => {
            "LEFT JOIN (SELECT product_id, unit_cost FROM products) p ON i.product_id = p.product_id"
        }
        _ => "",
    };
    let signed = |value: &str| {
        format!("CASE WHEN i.kind = 'purchase' THEN {value} ELSE 0 - abs({value}) END")
    };
    let sum = |value: &str| format!("CAST(coalesce(sum({value}), 0) AS DECIMAL(38, 4))");
    let costs = match cost {
        Some(cost) => {
            let known = format!(
                "CASE WHEN {cost} IS NOT NULL THEN {} END",
                signed("i.amount")
            );
            format!(
                ", {} AS costed, {} AS cost",
                sum(&known),
                sum(&signed(cost))
            )
        }
        None => String::new(),
    };
    format!(
        "SELECT i.customer_id, arrow_cast(i.day, 'Int32') AS d, \
         count(CASE WHEN i.kind = 'purchase' AND coalesce(i.amount, 0) >= 0 THEN 1 END) AS lines, \
         {} AS net{costs} FROM interactions i {products} WHERE i.kind IN ('purchase', 'return') \
         GROUP BY 1, 2 ORDER BY 1, 2",
        sum(&signed("i.amount"))
    )
}

/// Ids as they come, ascending.
enum Ids {
    Whole(Vec<i64>),
    Text(StringBuilder),
}

/// Customers on their way, one after the other.
struct Folding {
    /// Days since 1970 at which the recent period, the one that is held out, and what comes after
    /// the history begin.
    recent: i32,
    cut: i32,
    end: i32,
    /// The first day of the history, and how many days are held out.
    start: i32,
    ahead: i32,
    has_recent: bool,
    ids: Ids,
    buyers: Vec<Buyer>,
    log_gaps: [f64; 2],
    cohorts: Cohorts,
    snapshots: Snapshots,
    days: u64,
    /// The customer whose days are being read: their id, and what they did until now.
    id: Option<Id>,
    buyer: Buyer,
    months: Vec<(i32, bool, i64)>,
}

#[derive(PartialEq)]
enum Id {
    Whole(i64),
    Text(String),
}

impl Folding {
    fn new(split: &Split, whole: bool) -> Self {
        Self {
            recent: split.recent(),
            cut: split.cut(),
            end: split.end(),
            start: split.start(),
            ahead: split.end() - split.cut(),
            has_recent: split.has_recent(),
            ids: match whole {
                true => Ids::Whole(Vec::new()),
                false => Ids::Text(StringBuilder::new()),
            },
            buyers: Vec::new(),
            log_gaps: [0.0; 2],
            cohorts: Cohorts::new(split.end_date()),
            snapshots: Snapshots::default(),
            days: 0,
            id: None,
            buyer: Buyer::default(),
            months: Vec::new(),
        }
    }

    fn take(&mut self, batch: &RecordBatch) -> Result<()> {
        let ids = batch.column(0);
        let (whole, text) = (
            ids.as_primitive_opt::<Int64Type>(),
            ids.as_string_opt::<i32>(),
        );
        let days = batch.column(1).as_primitive::<Int32Type>();
        let lines = batch.column(2).as_primitive::<Int64Type>();
        let net = money(batch, 3)?;
        let costs = match batch.num_columns() {
            6 => Some((money(batch, 4)?, money(batch, 5)?)),
            _ => None,
        };
        for row in 0..batch.num_rows() {
            let same = match (&self.id, whole, text) {
                (Some(Id::Whole(id)), Some(ids), _) => *id == ids.value(row),
                (Some(Id::Text(id)), _, Some(ids)) => id == ids.value(row),
                _ => false,
            };
            if !same {
                self.close();
                self.id = match (whole, text) {
                    (Some(ids), _) => Some(Id::Whole(ids.value(row))),
                    (_, Some(ids)) => Some(Id::Text(ids.value(row).to_owned())),
                    _ => return Err(Failure::machine("ids that are neither numbers nor texts")),
                };
            }
            let (costed, cost) = costs
                .as_ref()
                .map_or((0, 0), |(costed, cost)| (costed[row], cost[row]));
            self.day(&Day {
                day: days.value(row),
                bought: lines.value(row) > 0,
                net: net[row],
                costed,
                cost,
            });
        }
        self.days += batch.num_rows() as u64;
        Ok(())
    }

    /// Adds a day, later than those before it, to the customer.
    fn day(&mut self, day: &Day) {
        let buyer = &mut self.buyer;
        if day.bought && buyer.whole.purchases == 0 {
            buyer.first = day.day;
        } else if day.bought {
            let gap = f64::from(day.day - buyer.whole.last).ln();
            self.log_gaps[0] += gap;
            if day.day < self.cut {
                self.log_gaps[1] += gap;
            }
        }
        buyer.whole.add(day);
        if day.day >= self.cut {
            buyer.held_out.add(day);
        } else {
            buyer.before.add(day);
            if day.day >= self.recent {
                buyer.recent.add(day);
            }
        }
        buyer.costed = buyer.costed.saturating_add(day.costed);
        buyer.cost = buyer.cost.saturating_add(day.cost);
        self.months.push((day.day, day.bought, day.net));
    }

    /// Notes the customer, who has no more days; one who never bought is none.
    fn close(&mut self) {
        let buyer = std::mem::take(&mut self.buyer);
        if let Some(id) = self.id.take()
            && buyer.whole.purchases > 0
        {
            match (&mut self.ids, id) {
                (Ids::Whole(ids), Id::Whole(id)) => ids.push(id),
                (Ids::Text(ids), Id::Text(id)) => ids.append_value(id),
                (Ids::Text(ids), Id::Whole(id)) => ids.append_value(id.to_string()),
                // Whole ids are whole in every batch.
                (Ids::Whole(_), Id::Text(_)) => {}
            }
            self.cohorts.add(buyer.first, &self.months);
            self.look_ahead();
            self.buyers.push(buyer);
        }
        self.months.clear();
    }

    /// Notes the customer, whose place is the next, at the dates from which trees look ahead.
    fn look_ahead(&mut self) {
        if self.ahead == 0 {
            return;
        }
        let (place, all) = (self.buyers.len(), &mut self.snapshots);
        let take = |snapshot: &mut Snapshot, date| {
            snapshot.take(place, &self.months, date, self.ahead, self.start);
        };
        if self.has_recent {
            take(&mut all.recent, self.recent);
        }
        take(&mut all.cut, self.cut);
        take(&mut all.end, self.end);
    }

    fn done(mut self, has_costs: bool) -> Buyers {
        self.close();
        debug_assert!(self.buyers.iter().all(|buyer| buyer.whole.last < self.end));
        Buyers {
            ids: match self.ids {
                Ids::Whole(ids) => Arc::new(Int64Array::from(ids)),
                Ids::Text(mut ids) => Arc::new(ids.finish()),
            },
            buyers: self.buyers,
            log_gaps: self.log_gaps,
            has_costs,
            cohorts: self.cohorts,
            snapshots: self.snapshots,
            days: self.days,
        }
    }
}

/// A column of money in ten-thousandths; sums that no account holds stop at the largest.
fn money(batch: &RecordBatch, column: usize) -> Result<Vec<i64>> {
    let values = batch.column(column);
    let values = values
        .as_primitive_opt::<Decimal128Type>()
        .ok_or_else(|| Failure::machine("a sum of money that is no decimal"))?;
    let whole =
        |value: i128| i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX });
    Ok((0..values.len())
        .map(|row| match values.is_null(row) {
            true => 0,
            false => whole(values.value(row)),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(split: &Split, days: &[(i32, bool, i64)]) -> Folding {
        let mut folding = Folding::new(split, true);
        folding.id = Some(Id::Whole(1));
        for &(day, bought, net) in days {
            folding.day(&Day {
                day,
                bought,
                net,
                ..Day::default()
            });
        }
        folding.close();
        folding
    }

    /// Days 0 to 99, of which the last 30 are held out.
    fn split() -> Split {
        let day = |number| chrono::NaiveDate::from_epoch_days(number).unwrap();
        Split::new(day(0), day(100), Some(30)).unwrap()
    }

    #[test]
    fn a_customer_is_seen_at_both_dates() {
        let days = [
            (10, true, 500_000),
            (30, true, 200_000),
            (31, false, -50_000),
            (75, true, 100_000),
        ];
        let folding = folded(&split(), &days);
        let buyer = folding.buyers[0];
        assert_eq!((buyer.whole.purchases, buyer.before.purchases), (3, 2));
        assert_eq!((buyer.whole.last, buyer.before.last), (75, 30));
        assert_eq!(buyer.before.repeat_spend, 150_000, "what came back is off");
        assert_eq!(buyer.whole.spend, 750_000);
        let held_out = Stretch {
            purchases: 1,
            spend: 100_000,
            first: 75,
        };
        assert_eq!(buyer.held_out, held_out);
        // The period before begins on day 40.
        assert_eq!(buyer.recent, Stretch::default());
        let history = buyer.before.history(buyer.first, 70);
        assert_eq!(
            (history.repeats, history.last, history.age),
            (1, 20.0, 59.0)
        );
        assert_eq!(buyer.before.spending().mean, 15.0);
        let gaps = [20.0_f64.ln() + 45.0_f64.ln(), 20.0_f64.ln()];
        assert_eq!(folding.log_gaps, gaps);
    }

    #[test]
    fn a_refund_comes_first_and_makes_no_customer_by_itself() {
        let buyer = folded(&split(), &[(5, false, -10_000), (6, true, 40_000)]).buyers[0];
        assert_eq!((buyer.first, buyer.whole.purchases), (6, 1));
        assert_eq!((buyer.whole.spend, buyer.whole.repeat_spend), (30_000, 0));
        assert!(folded(&split(), &[(5, false, -10_000)]).buyers.is_empty());
        let lost = [(5, true, 10_000), (9, true, 10_000), (12, false, -30_000)];
        let lost = folded(&split(), &lost).buyers[0].whole;
        assert!(lost.nets_to_nothing());
        assert_eq!(lost.spending().mean, 0.0001);
    }
}
