//! `truth/orders.parquet`: which orders are of guests, and which were cancelled, wholly or in part.

use std::collections::BTreeMap;

use crate::history::calendar::Day;
use crate::history::guests::NOBODY;
use crate::history::rows::{Kind, Row};

/// An order of a guest, or one that was cancelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderTruth {
    /// Its number, as in the files.
    pub basket: i64,
    /// Whether it is nobody's.
    pub guest: bool,
    /// Its lines.
    pub lines: u32,
    /// The day on which the cancellation came, if one did.
    pub cancelled_on: Option<Day>,
    /// The lines that it took back.
    pub cancelled_lines: u32,
}

/// The orders among some rows that are of guests or were cancelled, by number. Every row of such an
/// order is among them.
pub fn orders(rows: &[Row]) -> Vec<OrderTruth> {
    let mut orders: BTreeMap<i64, OrderTruth> = BTreeMap::new();
    for row in rows {
        let Some(basket) = row.basket else {
            continue;
        };
        let order = orders.entry(basket).or_insert(OrderTruth {
            basket,
            ..OrderTruth::default()
        });
        if row.kind == Kind::Purchase {
            order.guest |= row.customer == Some(NOBODY);
            order.lines += 1;
        } else if row.kind == Kind::Return && row.cancelled {
            order.cancelled_on = Some(row.day);
            order.cancelled_lines += 1;
        }
    }
    let told = |order: &OrderTruth| order.guest || order.cancelled_on.is_some();
    orders.into_values().filter(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_orders_of_guests_and_cancelled_ones_are_told() {
        let row = |customer: i64, basket: i64, day: Day, cancelled: bool| Row {
            customer: Some(customer),
            basket: Some(basket),
            cancelled,
            ..Row::new(
                1,
                day,
                0,
                if cancelled {
                    Kind::Return
                } else {
                    Kind::Purchase
                },
            )
        };
        let rows = [
            row(7, 70, 3, false),
            row(7, 70, 3, false),
            row(7, 71, 4, false),
            row(7, 70, 9, true),
            row(NOBODY, 90, 5, false),
        ];
        let cancelled = OrderTruth {
            basket: 70,
            guest: false,
            lines: 2,
            cancelled_on: Some(9),
            cancelled_lines: 1,
        };
        let guest = OrderTruth {
            basket: 90,
            guest: true,
            lines: 1,
            cancelled_on: None,
            cancelled_lines: 0,
        };
        assert_eq!(orders(&rows), [cancelled, guest]);
    }
}
