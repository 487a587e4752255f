//! Purchases of guests: they count in baskets, rules and totals, and are nobody's.

use std::fmt::Write as _;

use crate::util::{Sandbox, columns, date, query};

/// 400 orders of tea; 240 of them of 14 customers, 80 of customer 0 and 80 of the word NULL. Guests
/// buy sugar with their tea, customers milk; each of them in two lines of one order.
fn orders() -> String {
    let mut csv = String::from("customer,when,order,product,paid\n");
    for order in 0..400 {
        let (who, with) = match order % 5 {
            0 => ("0".to_owned(), "sugar"),
            1 => ("NULL".to_owned(), "sugar"),
            _ => (format!("{}", 100 + (order * 3) % 14), "milk"),
        };
        for (product, paid) in [("tea", 3), (with, 1)] {
            // A third of either is bought alone, so that there is something to find.
            if product == with && order % 3 == 0 {
                continue;
            }
            let _ = writeln!(
                csv,
                "{who},{} 10:00:00,{order},{product},{paid}.00",
                date(order * 2)
            );
        }
        if order % 3 == 0 {
            let _ = writeln!(
                csv,
                "{who},{} 10:00:00,x{order},bread,2.00",
                date(order * 2)
            );
        }
    }
    csv
}

const SETTINGS: &str = r#"
[[sources]]
table = "interactions"
path = "orders.csv"
anonymous = ["", "0", "NULL"]
[sources.columns]
customer_id = "customer"
occurred_at = "when"
kind = { constant = "purchase" }
basket_id = "order"
product_id = "product"
amount = "paid"
[rules]
min_support = 0.01
min_lift = 0
min_confidence = 0.1
max_false_share = 1.0
"#;

#[test]
fn guests_count_in_rules_and_totals_and_are_in_no_segment() {
    let sandbox = Sandbox::new()
        .file("orders.csv", orders())
        .file("regulars.toml", SETTINGS);
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    let out = sandbox.path("regulars-out");
    let lines = sandbox.read("orders.csv").lines().count() - 1;
    let found = query(
        &out,
        "SELECT count(*), count(customer_id), count(DISTINCT customer_id) FROM interactions",
    );
    assert_eq!(found[0][0], lines.to_string());
    assert_eq!(found[0][2], "14");
    let guests = lines - found[0][1].parse::<usize>().unwrap();
    assert!(guests > 200);
    let segments = columns(&sandbox.read("regulars-out/segments.csv"));
    assert_eq!(segments["customer_id"].len(), 14);
    assert!(
        segments["customer_id"].iter().all(|id| id.len() == 3),
        "{segments:?}"
    );
    let summary = sandbox.read("regulars-out/summary.txt");
    assert!(
        summary.contains(&format!("{guests} of them without a customer")),
        "{summary}"
    );
    // Only guests buy sugar.
    let itemsets = sandbox.manifest("regulars-out")["stages"]["rules"]["metrics"].clone();
    let rules = sandbox.read("regulars-out/rules.csv");
    assert!(rules.contains("sugar"), "{rules}\n{itemsets}");
    // What nobody bought before cannot be suggested to somebody for what guests did.
    let suggestions = columns(&sandbox.read("regulars-out/suggestions.csv"));
    assert!(suggestions["customer_id"].iter().all(|id| id.len() == 3));

    sandbox.regulars(&["profile", "--quiet"]).ended_with(0);
    let profile: serde_json::Value =
        serde_json::from_str(&sandbox.read("regulars-out/profile.json")).unwrap();
    assert_eq!(profile["customers"]["buyers"], 14);
    let baskets = query(&out, "SELECT count(DISTINCT basket_id) FROM interactions");
    assert_eq!(profile["baskets"]["baskets"].to_string(), baskets[0][0]);
    let interactions: u64 = profile["history"]["months"]
        .as_array()
        .unwrap()
        .iter()
        .map(|month| month["interactions"].as_u64().unwrap())
        .sum();
    assert_eq!(interactions, lines as u64);
}

#[test]
fn an_id_that_stands_for_many_is_pointed_out_and_drafted_as_guests() {
    let sandbox = Sandbox::new().file("orders.csv", orders()).file(
        "regulars.toml",
        SETTINGS.replace("anonymous = [\"\", \"0\", \"NULL\"]\n", ""),
    );
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox.regulars(&["profile", "--quiet"]).ended_with(0);
    let profile: serde_json::Value =
        serde_json::from_str(&sandbox.read("regulars-out/profile.json")).unwrap();
    let said: Vec<&str> = profile["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["code"] == "crowd")
        .map(|finding| finding["text"].as_str().unwrap())
        .collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said.iter()
            .any(|text| text.contains("customer 0 has") && text.contains("anonymous = [\"0\"]")),
        "{said:?}"
    );

    sandbox
        .regulars(&["init", "orders.csv", "--force"])
        .ended_with(0)
        .shows(&["anonymous = [\"0\", \"NULL\"]: Guests: `customer` has `0` in"]);
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    let segments = columns(&sandbox.read("regulars-out/segments.csv"));
    assert_eq!(segments["customer_id"].len(), 14);
}

#[test]
fn guests_without_a_number_of_their_order_are_not_one_basket() {
    let sandbox = Sandbox::new()
        .file(
            "orders.csv",
            "customer,when,order,product,paid\n,2024-01-05,,tea,1.00\n,2024-01-05,,milk,1.00\nA,2024-01-05,,tea,1.00\nA,2024-01-05,,milk,1.00\n",
        )
        .file("regulars.toml", SETTINGS);
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    let found = query(
        &sandbox.path("regulars-out"),
        "SELECT count(*), count(basket_id), count(DISTINCT basket_id) FROM interactions",
    );
    assert_eq!(found[0], ["4", "2", "1"]);
    sandbox.write(
        "regulars.toml",
        "[[sources]]\ntable = \"customers\"\npath = \"orders.csv\"\nanonymous = [\"0\"]\n[sources.columns]\ncustomer_id = \"customer\"\n",
    );
    sandbox.regulars(&["ingest"]).ended_with(2).says(&[
        "anonymous",
        "customers are not made by guests",
        "hint:",
    ]);
}
