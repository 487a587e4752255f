//! Purchases by day: `customer_days`.

use std::fmt::Write as _;

use super::{Fold, NO_AMOUNT, quoted};
use crate::contract::features::{History, Named};
use crate::warehouse::folds::ByMonth;

/// One row for each customer and day with a purchase or return, by way of the money and the
/// baskets of each day.
pub(super) fn folds(history: &History, evening_from: u8) -> [Fold; 3] {
    let departments = history.departments.len();
    [
        Fold::of_days("money_days", money(history), &["products"]),
        baskets(history.tells("location_id")),
        Fold::over_folds("customer_days", days(departments, evening_from)),
    ]
}

/// Columns of `customer_days` that do not mean the same for every history and setting, with what
/// they mean for these. Returns that nobody has brought yet are no other meaning.
pub(super) fn meanings(history: &History, evening_from: u8) -> Vec<Named> {
    let amount = amount(history);
    let mut meanings = vec![
        ("spend".to_owned(), format!("{amount} of purchases")),
        ("returned".to_owned(), format!("{amount} of returns")),
        (
            "evening_baskets".to_owned(),
            format!("baskets from {evening_from} o'clock on"),
        ),
    ];
    for (number, name) in history.departments.iter().enumerate() {
        let meaning = format!("{amount} of purchases in {}", quoted(name));
        meanings.push((format!("department_{number}"), meaning));
    }
    meanings
}

/// The amount of a line: without amounts every line is worth nothing, and what counts money is 0
/// throughout.
fn amount(history: &History) -> &'static str {
    match history.tells("amount") {
        true => "i.amount",
        false => NO_AMOUNT,
    }
}

/// What was spent, returned and taken off on a day, in all and by department.
fn money(history: &History) -> String {
    let returns = history.happened("return");
    let amount = amount(history);
    // Most histories have no returns; then no row needs to be asked what it is.
    let bought = |value: &str| match returns {
        true => format!("CASE WHEN i.kind = 'purchase' THEN {value} END"),
        false => value.to_owned(),
    };
    let (kinds, returned) = match returns {
        true => (
            "('purchase', 'return')",
            format!("sum(CASE WHEN i.kind = 'return' THEN abs({amount}) END)"),
        ),
        false => ("('purchase')", NO_AMOUNT.to_owned()),
    };
    let discounts = match history.tells("discount") {
        true => format!(
            "sum({}) AS discount, count({}) AS discounted_lines",
            bought("i.discount"),
            bought("CASE WHEN i.discount > 0 THEN 1 END")
        ),
        false => format!("{NO_AMOUNT} AS discount, 0 AS discounted_lines"),
    };
    let (mut shelves, mut shares) = (String::new(), String::new());
    for (number, name) in history.departments.iter().enumerate() {
        let _ = write!(shelves, " WHEN {} THEN {number}", quoted(name));
        let spend = bought(&format!("CASE WHEN p.shelf = {number} THEN {amount} END"));
        let _ = write!(shares, ", sum({spend}) AS department_{number}");
    }
    let products = match shelves.as_str() {
        "" => String::new(),
        _ => format!(
            "LEFT JOIN (SELECT product_id, CASE department{shelves} END AS shelf FROM products) p \
             ON i.product_id = p.product_id"
        ),
    };
    format!(
        "SELECT i.customer_id, arrow_cast(i.day, 'Int32') AS d, count({}) AS lines, \
         coalesce(sum({}), 0) AS spend, coalesce({returned}, 0) AS returned, {discounts}{shares} \
         FROM interactions i {products} WHERE i.kind IN {kinds} GROUP BY 1, 2",
        bought("1"),
        bought(amount)
    )
}

/// A basket counts once, on the day on which it begins, also when it goes past midnight: so an
/// as-of date never sees more of it than there was.
fn baskets(locations: bool) -> Fold {
    let location = if locations {
        "min(location_id)"
    } else {
        "NULL"
    };
    let begins = "min(arrow_cast(day, 'Int32') * 24 + hour)";
    let purchases = "FROM interactions WHERE kind = 'purchase' GROUP BY customer_id, basket_id";
    let baskets = "SELECT customer_id, location, begins, begins / 24 AS d FROM";
    // One that goes on into the next month is found in both, and begins in the first.
    let by_month = ByMonth {
        fold: format!(
            "SELECT *, begins / 24 AS d FROM (SELECT customer_id, basket_id, {location} AS location, {begins} AS begins \
             {purchases}, date_trunc('month', day))"
        ),
        reads: &[],
        then: Some(format!(
            "{baskets} (SELECT customer_id, min(location) AS location, min(begins) AS begins \
             FROM {{months}} GROUP BY customer_id, basket_id)"
        )),
    };
    Fold {
        name: "baskets",
        sql: format!(
            "{baskets} (SELECT customer_id, {location} AS location, {begins} AS begins {purchases})"
        ),
        by_month: Some(by_month),
    }
}

/// Baskets and money of a day are put below each other and added up rather than joined: a sum can
/// go to disk when a history is larger than memory, a hash join cannot.
fn days(departments: usize, evening_from: u8) -> String {
    let (mut named, mut nothing, mut sums) = (String::new(), String::new(), String::new());
    for number in 0..departments {
        let _ = write!(named, ", department_{number}");
        let _ = write!(nothing, ", NULL");
        let _ = write!(sums, ", sum(department_{number}) AS department_{number}");
    }
    format!(
        "SELECT customer_id, d, CASE WHEN lines > 0 THEN d END AS bought_on, \
         CASE WHEN lines > 0 THEN d - max(CASE WHEN lines > 0 THEN d END) OVER (PARTITION BY customer_id ORDER BY d \
         ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) END AS gap, \
         baskets, lines, spend, returned, discount, discounted_lines, evening_baskets, \
         CASE WHEN (d + 3) % 7 >= 5 THEN baskets ELSE 0 END AS weekend_baskets{named} \
         FROM (SELECT customer_id, d, sum(baskets) AS baskets, sum(evening) AS evening_baskets, sum(lines) AS lines, \
         sum(spend) AS spend, sum(returned) AS returned, sum(discount) AS discount, \
         sum(discounted_lines) AS discounted_lines{sums} FROM (\
         SELECT customer_id, d, 0 AS baskets, 0 AS evening, lines, spend, returned, discount, discounted_lines{named} \
         FROM money_days UNION ALL \
         SELECT customer_id, d, 1, CASE WHEN begins % 24 >= {evening_from} THEN 1 ELSE 0 END, 0, 0, 0, 0, 0{nothing} \
         FROM baskets) GROUP BY customer_id, d)"
    )
}
