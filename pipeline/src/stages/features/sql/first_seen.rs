//! How many different things a customer has bought or been at, by the day of the first time.

use super::Plan;
use crate::warehouse::Warehouse;

impl Plan {
    /// Different products, categories and locations.
    pub(super) fn first_seen(&mut self, warehouse: &Warehouse) {
        if warehouse.has_column("interactions", "product_id") {
            let fold = "SELECT customer_id, product_id AS thing, arrow_cast(min(day), 'Int32') AS first_day \
                 FROM interactions WHERE kind = 'purchase' AND product_id IS NOT NULL GROUP BY 1, 2";
            self.count_first_seen(
                "products_seen",
                "distinct_products",
                "Different products bought",
                fold,
            );
            if warehouse.has_column("products", "category") {
                let fold = "SELECT p.customer_id, c.category AS thing, min(p.first_day) AS first_day \
                     FROM products_seen p JOIN products c ON p.thing = c.product_id \
                     WHERE c.category IS NOT NULL GROUP BY 1, 2";
                self.count_first_seen(
                    "categories_seen",
                    "distinct_categories",
                    "Different categories bought",
                    fold,
                );
            }
        }
        if warehouse.has_column("interactions", "location_id") {
            let fold = "SELECT customer_id, location AS thing, min(d) AS first_day FROM baskets \
                 WHERE location IS NOT NULL GROUP BY 1, 2";
            self.count_first_seen(
                "locations_seen",
                "locations",
                "Different locations bought at",
                fold,
            );
        }
    }

    /// Counts of different things seen so far, from the day on which each was first seen.
    fn count_first_seen(&mut self, seen: &'static str, name: &str, about: &str, fold: &str) {
        self.folds.push((seen, fold.to_owned()));
        let query = format!(
            "SELECT a.as_of, s.customer_id, count(*) AS things FROM {seen} s JOIN as_of_dates a \
             ON s.first_day < a.as_of GROUP BY 1, 2"
        );
        // A name of its own: the fold has that of the table.
        let joined = format!("{seen}_by_then");
        self.join(&joined, &query);
        self.add_joined(
            name,
            about,
            &format!("CAST(coalesce({joined}.things, 0) AS DOUBLE)"),
        );
    }
}
