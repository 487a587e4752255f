//! How many different things a customer has bought or been at.

use super::{Beside, Each, Empty, Family, Feature, History, Over, Risk, Sql};

pub(super) const FAMILIES: &[Family] = &[Family {
    each: Each::One,
    features: &[
        Feature {
            name: "distinct_products",
            about: "Different products bought",
            unit: "products",
            theme: "variety",
            risk: Risk::Falls(Beside::Median),
            needs: products,
            sql: |_| seen("products_seen", PRODUCTS),
            empty: Empty::Never,
            phrase: |it| it.several("different product"),
            clusters: None,
        },
        Feature {
            name: "distinct_categories",
            about: "Different categories bought",
            unit: "categories",
            theme: "variety",
            risk: Risk::Falls(Beside::Median),
            needs: |history| products(history) && history.has("products", "category"),
            sql: |_| seen("categories_seen", CATEGORIES),
            empty: Empty::Never,
            phrase: |it| {
                it.one_or_more(
                    mark!("{n} different category"),
                    mark!("{n} different categories"),
                )
            },
            clusters: None,
        },
        Feature {
            name: "locations",
            about: "Different locations bought at",
            unit: "locations",
            theme: "locations",
            risk: Risk::Open,
            needs: |history| history.tells("location_id"),
            sql: |_| seen("locations_seen", LOCATIONS),
            empty: Empty::Never,
            phrase: |it| {
                tr!(
                    "buys at {locations}",
                    locations = it.one_or_more(mark!("{n} location"), mark!("{n} locations"))
                )
            },
            clusters: None,
        },
    ],
}];

const PRODUCTS: &str = "SELECT customer_id, product_id AS thing, arrow_cast(min(day), 'Int32') AS d \
     FROM interactions WHERE kind = 'purchase' AND product_id IS NOT NULL GROUP BY 1, 2";

const CATEGORIES: &str = "SELECT p.customer_id, c.category AS thing, min(p.d) AS d \
     FROM products_seen p JOIN products c ON p.thing = c.product_id \
     WHERE c.category IS NOT NULL GROUP BY 1, 2";

const LOCATIONS: &str = "SELECT customer_id, location AS thing, min(d) AS d FROM baskets \
     WHERE location IS NOT NULL GROUP BY 1, 2";

fn products(history: &History) -> bool {
    history.tells("product_id")
}

/// Counts of different things seen so far, from the day on which each was first seen.
fn seen(table: &'static str, fold: &'static str) -> Sql {
    let things = format!("{table}_count");
    Sql::over(
        Over::FirstSeen { table, fold },
        format!("CAST(coalesce({things}, 0) AS DOUBLE)"),
    )
    .then(&things, "count(*)")
}
