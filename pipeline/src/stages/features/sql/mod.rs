//! The features as SQL: the history is folded once into small tables, from which every as-of
//! date is answered by conditions on days.
//!
//! Sums are taken over exact decimals and whole numbers and become floating point only at the
//! end, so that they do not depend on the order in which threads meet the rows.

use std::fmt::Write as _;

use arrow::array::AsArray;

use crate::config::Features;
use crate::engine::Engine;
use crate::failure::Result;
use crate::warehouse::Warehouse;

/// Days that spend and trips are summed over.
const WINDOWS: [u32; 4] = [28, 56, 84, 168];

/// What stands for an amount where the sources have none.
const NO_AMOUNT: &str = "CAST(0 AS DECIMAL(18, 4))";

/// Which optional columns the interactions have.
struct Has {
    amount: bool,
    discount: bool,
    location: bool,
    returns: bool,
}

/// One feature: its name, what it means, and its expression over a customer's days.
struct Feature {
    name: String,
    about: String,
    sql: String,
}

/// What can be computed from this warehouse.
pub struct Plan {
    /// Queries that fold the history, in order: name and SQL.
    folds: Vec<(&'static str, String)>,
    features: Vec<Feature>,
    /// `LEFT JOIN ...` for features that do not come from a customer's days.
    joins: String,
}

impl Plan {
    /// Looks at what was loaded and decides what can be computed.
    pub fn new(warehouse: &Warehouse, settings: &Features) -> Result<Self> {
        let mut plan = Plan {
            folds: Vec::new(),
            features: Vec::new(),
            joins: String::new(),
        };
        let has = |column: &str| warehouse.has_column("interactions", column);
        let kinds = other_kinds(warehouse)?;
        let departments = departments(warehouse, settings.departments)?;
        let has = Has {
            amount: has("amount"),
            discount: has("discount"),
            location: has("location_id"),
            returns: kinds.iter().any(|kind| kind == "return"),
        };
        plan.fold_days(&departments, &has, settings.evening_from);
        plan.describe_days(has.discount);
        for (number, name) in departments.iter().enumerate() {
            plan.add(
                &format!("share_{}", identifier(name)),
                &format!("Share of spend in {name}"),
                &format!("CAST(sum(department_{number}) AS DOUBLE) / nullif(CAST(sum(spend) AS DOUBLE), 0)"),
            );
        }
        if warehouse.has_column("interactions", "product_id") {
            plan.count_first_seen(
                "products",
                "distinct_products",
                "Different products bought",
                &seen_products(),
            );
            if warehouse.has_column("products", "category") {
                let fold = "SELECT p.customer_id, c.category AS thing, min(p.first_day) AS first_day \
                     FROM products_seen p JOIN products c ON p.thing = c.product_id \
                     WHERE c.category IS NOT NULL GROUP BY 1, 2";
                plan.count_first_seen(
                    "categories",
                    "distinct_categories",
                    "Different categories bought",
                    fold,
                );
            }
        }
        if has.location {
            let fold = "SELECT customer_id, location AS thing, min(d) AS first_day FROM baskets \
                 WHERE location IS NOT NULL GROUP BY 1, 2";
            plan.count_first_seen(
                "locations",
                "locations",
                "Different locations bought at",
                fold,
            );
        }
        plan.events(&kinds);
        Ok(plan)
    }

    fn add(&mut self, name: &str, about: &str, sql: &str) {
        debug_assert!(
            !self.features.iter().any(|feature| feature.name == name),
            "{name} twice"
        );
        self.features.push(Feature {
            name: name.to_owned(),
            about: about.to_owned(),
            sql: sql.to_owned(),
        });
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
            let name = name.replace('\'', "''");
            let _ = write!(shelves, " WHEN '{name}' THEN {number}");
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

    /// Counts of different things seen so far, from the day on which each was first seen.
    fn count_first_seen(&mut self, table: &'static str, name: &str, about: &str, fold: &str) {
        let seen: &'static str = match table {
            "products" => "products_seen",
            "categories" => "categories_seen",
            _ => "locations_seen",
        };
        self.folds.push((seen, fold.to_owned()));
        let _ = write!(
            self.joins,
            " LEFT JOIN (SELECT a.as_of, s.customer_id, count(*) AS things FROM {seen} s JOIN as_of_dates a \
             ON s.first_day < a.as_of GROUP BY 1, 2) {table} ON {table}.as_of = f.as_of AND {table}.customer_id = f.customer_id"
        );
        self.add(
            name,
            about,
            &format!("#CAST(coalesce({table}.things, 0) AS DOUBLE)"),
        );
    }

    /// Counts of everything that is no purchase, for the kinds that the history has.
    fn events(&mut self, kinds: &[String]) {
        if kinds.is_empty() {
            return;
        }
        self.folds.push((
            "event_days",
            "SELECT customer_id, kind, arrow_cast(day, 'Int32') AS d, count(*) AS events FROM interactions \
             WHERE kind <> 'purchase' GROUP BY 1, 2, 3"
                .to_owned(),
        ));
        let mut sums = String::new();
        for kind in kinds {
            let _ = write!(
                sums,
                ", sum(CASE WHEN kind = '{kind}' THEN events END) AS {kind}_all\
                 , sum(CASE WHEN kind = '{kind}' AND d >= as_of - 84 THEN events END) AS {kind}_84\
                 , max(CASE WHEN kind = '{kind}' THEN d END) AS {kind}_last"
            );
        }
        let _ = write!(
            self.joins,
            " LEFT JOIN (SELECT a.as_of, e.customer_id{sums} FROM event_days e JOIN as_of_dates a ON e.d < a.as_of \
             GROUP BY 1, 2) events ON events.as_of = f.as_of AND events.customer_id = f.customer_id"
        );
        for kind in kinds {
            let words = kind.replace('_', " ");
            let plural = format!("{kind}s");
            self.add(
                &plural,
                &format!("Number of {words}s"),
                &format!("#CAST(coalesce({kind}_all, 0) AS DOUBLE)"),
            );
            let about = format!("Number of {words}s in the last 84 days");
            self.add(
                &format!("{plural}_84"),
                &about,
                &format!("#CAST(coalesce({kind}_84, 0) AS DOUBLE)"),
            );
            let about = format!("Days since the last {words}; empty when there was none");
            self.add(
                &format!("days_since_{kind}"),
                &about,
                &format!("#CAST(f.as_of - {kind}_last AS DOUBLE)"),
            );
        }
        let has = |kind: &str| kinds.iter().any(|known| known == kind);
        if has("contact") && has("response") {
            self.add(
                "response_rate",
                "Responses over contacts; empty when there was no contact",
                "#CAST(coalesce(response_all, 0) AS DOUBLE) / nullif(CAST(contact_all AS DOUBLE), 0)",
            );
        }
        if has("response") {
            self.add(
                "coupon_use",
                "Responses, such as redeemed coupons, over baskets",
                "#CAST(coalesce(response_all, 0) AS DOUBLE) / nullif(frequency, 0)",
            );
        }
        if has("return") {
            self.add(
                "returned_share",
                "Money returned over money spent",
                "CAST(sum(returned) AS DOUBLE) / nullif(CAST(sum(spend) AS DOUBLE), 0)",
            );
        }
    }

    /// Folds the history.
    pub fn prepare(&self, engine: &Engine) -> Result<()> {
        for (name, sql) in &self.folds {
            engine.fold(name, sql)?;
        }
        Ok(())
    }

    /// One row for each as-of date in the table `as_of_dates` and customer, sorted by both.
    pub fn snapshots(&self) -> String {
        let mut inner = String::new();
        let mut outer = String::new();
        for Feature { name, sql, .. } in &self.features {
            match sql.strip_prefix('#') {
                // Comes from another table than the customer's days.
                Some(joined) => {
                    let _ = write!(outer, ", {joined} AS {name}");
                }
                None => {
                    let _ = write!(inner, ", {} AS {name}", sql);
                    let _ = write!(outer, ", f.{name}");
                }
            }
        }
        format!(
            "SELECT f.as_of, f.customer_id{outer} FROM (SELECT as_of, customer_id{inner} FROM customer_days \
             JOIN as_of_dates ON d < as_of GROUP BY as_of, customer_id HAVING count(bought_on) > 0) f{} \
             ORDER BY f.as_of, f.customer_id",
            self.joins
        )
    }

    /// What each feature means.
    pub fn descriptions(&self) -> impl Iterator<Item = (&str, &str)> {
        self.features
            .iter()
            .map(|feature| (feature.name.as_str(), feature.about.as_str()))
    }
}

fn seen_products() -> String {
    "SELECT customer_id, product_id AS thing, arrow_cast(min(day), 'Int32') AS first_day FROM interactions \
     WHERE kind = 'purchase' AND product_id IS NOT NULL GROUP BY 1, 2"
        .to_owned()
}

/// The kinds of interaction beside purchases that the history has.
fn other_kinds(warehouse: &Warehouse) -> Result<Vec<String>> {
    let kinds = warehouse.engine.query(
        "SELECT kind FROM interactions WHERE kind <> 'purchase' GROUP BY kind ORDER BY kind",
    )?;
    Ok(kinds
        .column(0)
        .as_string::<i32>()
        .iter()
        .flatten()
        .map(str::to_owned)
        .collect())
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
    let mut names: Vec<String> = Vec::new();
    for name in largest.column(0).as_string::<i32>().iter().flatten() {
        // Two departments whose names differ in punctuation alone would share a column.
        if !names
            .iter()
            .any(|known| identifier(known) == identifier(name))
        {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// A name that can be a column without quotes.
fn identifier(name: &str) -> String {
    let mut identifier = String::new();
    for part in name
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|part| !part.is_empty())
    {
        if !identifier.is_empty() {
            identifier.push('_');
        }
        identifier.push_str(part);
    }
    if identifier.is_empty() {
        "unnamed".to_owned()
    } else {
        identifier
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_departments_become_names_of_columns() {
        assert_eq!(identifier("MEAT-PCKGD"), "meat_pckgd");
        assert_eq!(identifier("  Drug / GM "), "drug_gm");
        assert_eq!(identifier("--"), "unnamed");
    }
}
