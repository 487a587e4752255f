//! Purchases: when a customer comes, what is spent and on what.

use std::fmt::Write as _;

use arrow::array::AsArray;

use super::{NO_AMOUNT, Plan, distinct_columns, identifier, quoted};
use crate::config::Features;
use crate::failure::Result;
use crate::warehouse::Warehouse;

/// Days that spend and trips are summed over.
const WINDOWS: [u32; 4] = [28, 56, 84, 168];

/// Which optional columns the interactions have.
struct Has {
    amount: bool,
    discount: bool,
    location: bool,
    returns: bool,
}

impl Plan {
    /// What can be said of every customer, because everybody has bought something.
    pub(super) fn purchases(
        &mut self,
        warehouse: &Warehouse,
        settings: &Features,
        returns: bool,
    ) -> Result<()> {
        let has = |column: &str| warehouse.has_column("interactions", column);
        let has = Has {
            amount: has("amount"),
            discount: has("discount"),
            location: has("location_id"),
            returns,
        };
        let departments = departments(warehouse, settings.departments)?;
        self.fold_days(&departments, &has, settings.evening_from);
        self.describe_days(has.discount);
        for (number, name) in departments.iter().enumerate() {
            self.add(
                &format!("share_{}", identifier(name)),
                &format!("Share of spend in {name}"),
                &format!("CAST(sum(department_{number}) AS DOUBLE) / nullif(CAST(sum(spend) AS DOUBLE), 0)"),
            );
        }
        Ok(())
    }

    /// `customer_days`: one row for each customer and day with a purchase or return.
    fn fold_days(&mut self, departments: &[String], has: &Has, evening_from: u8) {
        // Without amounts every line is worth nothing, and what counts money is 0 throughout.
        let amount = if has.amount { "i.amount" } else { NO_AMOUNT };
        // Most histories have no returns; then no row needs to be asked what it is.
        let bought = |value: &str| match has.returns {
            true => format!("CASE WHEN i.kind = 'purchase' THEN {value} END"),
            false => value.to_owned(),
        };
        let returned = match has.returns {
            true => format!("sum(CASE WHEN i.kind = 'return' THEN abs({amount}) END)"),
            false => NO_AMOUNT.to_owned(),
        };
        let kinds = if has.returns {
            "('purchase', 'return')"
        } else {
            "('purchase')"
        };
        let discounts = match has.discount {
            true => format!(
                "sum({}) AS discount, count({}) AS discounted_lines",
                bought("i.discount"),
                bought("CASE WHEN i.discount > 0 THEN 1 END")
            ),
            false => format!("{NO_AMOUNT} AS discount, 0 AS discounted_lines"),
        };
        let mut shelves = String::new();
        let mut shares = String::new();
        let (mut named, mut nothing, mut sums) = (String::new(), String::new(), String::new());
        for (number, name) in departments.iter().enumerate() {
            let _ = write!(shelves, " WHEN {} THEN {number}", quoted(name));
            let spend = bought(&format!("CASE WHEN p.shelf = {number} THEN {amount} END"));
            let _ = write!(shares, ", sum({spend}) AS department_{number}");
            let _ = write!(named, ", department_{number}");
            let _ = write!(nothing, ", NULL");
            let _ = write!(sums, ", sum(department_{number}) AS department_{number}");
        }
        let products = match departments {
            [] => String::new(),
            _ => format!(
                "LEFT JOIN (SELECT product_id, CASE department{shelves} END AS shelf FROM products) p \
                 ON i.product_id = p.product_id"
            ),
        };
        let lines = bought("1");
        self.folds.push((
            "money_days",
            format!(
                "SELECT i.customer_id, arrow_cast(i.day, 'Int32') AS d, count({lines}) AS lines, \
                 coalesce(sum({}), 0) AS spend, coalesce({returned}, 0) AS returned, {discounts}{shares} \
                 FROM interactions i {products} WHERE i.kind IN {kinds} GROUP BY 1, 2",
                bought(amount)
            ),
        ));
        // A basket counts once, on the day on which it begins, also when it goes past midnight:
        // so an as-of date never sees more of it than there was.
        let location = if has.location {
            "min(location_id)"
        } else {
            "NULL"
        };
        self.folds.push((
            "baskets",
            format!(
                "SELECT customer_id, location, begins, begins / 24 AS d FROM (SELECT customer_id, {location} AS location, \
                 min(arrow_cast(day, 'Int32') * 24 + hour) AS begins FROM interactions WHERE kind = 'purchase' \
                 GROUP BY customer_id, basket_id)"
            ),
        ));
        // Baskets and money of a day are put below each other and added up rather than joined: a
        // sum can go to disk when a history is larger than memory, a hash join cannot.
        self.folds.push((
            "customer_days",
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
            ),
        ));
    }

    /// Recency, frequency, monetary value, rhythm, windows, trends and shares.
    fn describe_days(&mut self, discount: bool) {
        let since = |days: u32| format!("d >= as_of - {days}");
        let spend = |days: u32| {
            format!(
                "CAST(coalesce(sum(spend - returned) FILTER (WHERE {}), 0) AS DOUBLE)",
                since(days)
            )
        };
        let trips = |days: u32| {
            format!(
                "CAST(coalesce(sum(baskets) FILTER (WHERE {}), 0) AS DOUBLE)",
                since(days)
            )
        };
        let trend = |of: &dyn Fn(u32) -> String, days: u32| {
            let (new, both) = (of(days), of(2 * days));
            format!("coalesce((2 * {new} - {both}) / nullif(abs({both}), 0), 0)")
        };
        let gap_mean = "CAST(sum(gap) AS DOUBLE) / nullif(count(gap), 0)";
        let gaps = "CAST(count(gap) AS DOUBLE)";

        self.add(
            "recency_days",
            "Days since the last purchase",
            "CAST(as_of - max(bought_on) AS DOUBLE)",
        );
        self.add(
            "frequency",
            "Baskets bought",
            "CAST(sum(baskets) AS DOUBLE)",
        );
        self.add(
            "monetary",
            "Money spent, returns taken off",
            "CAST(sum(spend - returned) AS DOUBLE)",
        );
        self.add(
            "tenure_days",
            "Days since the first purchase",
            "CAST(as_of - min(bought_on) AS DOUBLE)",
        );
        self.add(
            "purchase_days",
            "Different days with a purchase",
            "CAST(count(bought_on) AS DOUBLE)",
        );
        self.add(
            "mean_basket",
            "Money spent in a basket, on average",
            "CAST(sum(spend) AS DOUBLE) / nullif(CAST(sum(baskets) AS DOUBLE), 0)",
        );
        self.add(
            "lines_per_basket",
            "Lines in a basket, on average",
            "CAST(sum(lines) AS DOUBLE) / nullif(CAST(sum(baskets) AS DOUBLE), 0)",
        );
        self.add(
            "gap_mean_days",
            "Days between two days with a purchase, on average",
            gap_mean,
        );
        self.add(
            "gap_sd_days",
            "Standard deviation of the days between two days with a purchase",
            &format!(
                "CASE WHEN count(gap) > 1 THEN sqrt(greatest(0.0, (CAST(sum(gap * gap) AS DOUBLE) \
                 - CAST(sum(gap) AS DOUBLE) * CAST(sum(gap) AS DOUBLE) / {gaps}) / ({gaps} - 1.0))) END"
            ),
        );
        self.add(
            "gap_max_days",
            "The longest time between two days with a purchase",
            "CAST(max(gap) AS DOUBLE)",
        );
        self.add(
            "recency_over_gap",
            "Days since the last purchase over the usual days between two",
            &format!("CAST(as_of - max(bought_on) AS DOUBLE) / nullif({gap_mean}, 0)"),
        );
        for days in WINDOWS {
            self.add(
                &format!("spend_{days}"),
                &format!("Money spent in the last {days} days"),
                &spend(days),
            );
        }
        for days in WINDOWS {
            self.add(
                &format!("trips_{days}"),
                &format!("Baskets bought in the last {days} days"),
                &trips(days),
            );
        }
        for days in [28, 84] {
            let about = format!(
                "Change of spend from the {days} days before to the last {days} days, -1 to 1"
            );
            self.add(&format!("spend_trend_{days}"), &about, &trend(&spend, days));
            let about = format!(
                "Change of baskets from the {days} days before to the last {days} days, -1 to 1"
            );
            self.add(&format!("trips_trend_{days}"), &about, &trend(&trips, days));
        }
        if discount {
            self.add(
                "discount_share",
                "Discounts over what would have been paid without them",
                "coalesce(CAST(sum(discount) AS DOUBLE) / nullif(CAST(sum(spend + discount) AS DOUBLE), 0), 0)",
            );
            self.add(
                "discounted_line_share",
                "Share of lines with a discount",
                "CAST(sum(discounted_lines) AS DOUBLE) / nullif(CAST(sum(lines) AS DOUBLE), 0)",
            );
        }
        let share = |column: &str| {
            format!("CAST(sum({column}) AS DOUBLE) / nullif(CAST(sum(baskets) AS DOUBLE), 0)")
        };
        self.add(
            "weekend_share",
            "Share of baskets on Saturday and Sunday",
            &share("weekend_baskets"),
        );
        self.add(
            "evening_share",
            "Share of baskets in the evening",
            &share("evening_baskets"),
        );
    }
}

/// The departments with the largest spend, the largest first.
fn departments(warehouse: &Warehouse, most: usize) -> Result<Vec<String>> {
    if !warehouse.has_column("products", "department")
        || !warehouse.has_column("interactions", "product_id")
    {
        return Ok(Vec::new());
    }
    let amount = if warehouse.has_column("interactions", "amount") {
        "amount"
    } else {
        NO_AMOUNT
    };
    let largest = warehouse.engine.query(&format!(
        "SELECT p.department, sum(s.amount) AS amount FROM (SELECT product_id, sum({amount}) AS amount FROM interactions \
         WHERE kind = 'purchase' GROUP BY product_id) s JOIN products p ON s.product_id = p.product_id \
         WHERE p.department IS NOT NULL GROUP BY p.department ORDER BY amount DESC NULLS LAST, p.department LIMIT {most}"
    ))?;
    Ok(distinct_columns(
        largest.column(0).as_string::<i32>().iter().flatten(),
    ))
}
