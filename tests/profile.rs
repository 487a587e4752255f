//! `profile`: what lies in the warehouse, on histories whose every figure is known.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::util::{SETTINGS, Sandbox, needs_nothing_from_elsewhere, shop_sandbox};

const KNOWN: &str = r#"
[project]
name = "Lädchen & Söhne"
timezone = "Europe/Berlin"
currency = "EUR"

[[sources]]
table = "interactions"
path = "lines.csv"
[sources.columns]
customer_id = "customer"
occurred_at = "when"
kind = "kind"
basket_id = "basket"
product_id = "product"
quantity = "pieces"
amount = "paid"

[[sources]]
table = "customers"
path = "customers.csv"
[sources.columns]
customer_id = "id"
joined_at = "since"
city = "city"
"größe" = { sql = "try_cast(size AS DOUBLE)" }

[[sources]]
table = "products"
path = "products.csv"
[sources.columns]
product_id = "id"
name = "label"
"#;

/// The day of this number, from Monday, 2024-01-01 on.
fn day(number: u64) -> String {
    let first = chrono::NaiveDate::from_ymd_opt(2024, 1, 1).expect("a date");
    (first + chrono::Days::new(number)).to_string()
}

/// Five customers buy one piece for 2.00 on each of 120 days; then one thing of each kind that a
/// profile should see.
fn known() -> Sandbox {
    let mut lines = String::from("customer,when,kind,basket,product,pieces,paid\n");
    for number in (0..120).filter(|number| !(50..=53).contains(number)) {
        for customer in 0..5 {
            let _ = writeln!(
                lines,
                "C{customer},{} 1{customer}:00,purchase,b{number}-{customer},P1,1,2.00",
                day(number)
            );
        }
    }
    for second in 10..50 {
        let _ = writeln!(
            lines,
            "C0,{} 12:00:{second},purchase,giant,P1,1,2.00",
            day(10)
        );
    }
    let _ = writeln!(lines, "C1,{} 12:00,purchase,outlier,P2,1,5000.00", day(20));
    let _ = writeln!(lines, "C2,{} 12:00,purchase,minus,P2,1,-3.00", day(21));
    let _ = writeln!(lines, "C3,{} 12:00,purchase,nothing,P2,1,0", day(22));
    let _ = writeln!(lines, "C3,{} 12:00,return,back,P1,1,-2.00", day(25));
    let _ = writeln!(lines, "X9,{} 00:10,purchase,x1,P1,1,2.00", day(30));
    let _ = writeln!(lines, "X9,{} 00:20,purchase,x2,P1,1,2.00", day(30));
    let _ = writeln!(lines, "C1,{} 12:00,purchase,p9,P9,1,2.00", day(31));
    // Left out: no number, no customer, and a copy of a line above.
    let _ = writeln!(
        lines,
        "C1,{} 12:00,purchase,bad,P1,1,2024-02-10 abc",
        day(40)
    );
    let _ = writeln!(lines, ",{} 12:00,purchase,bad,P1,1,2.00", day(41));
    let _ = writeln!(lines, "C1,{} 12:00,purchase,p9,P9,1,2.00", day(31));
    Sandbox::new()
        .file("lines.csv", lines)
        .file(
            "customers.csv",
            "id,since,city,size\nC0,2024-01-01,Köln,1.5\nC1,2024-01-01,Köln,2.5\nC2,2024-01-01,Köln,2.5\n\
             C3,2024-01-01,Köln,\nC4,2024-01-04,Köln,4\nC5,2024-02-01,Köln,5\n",
        )
        .file("products.csv", "id,label\nP1,苹果\nP2,<script>alert(1)</script>\n")
        .file("regulars.toml", KNOWN)
}

fn profiled(sandbox: &Sandbox) -> Value {
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox.regulars(&["profile", "--quiet"]).ended_with(0);
    read(sandbox)
}

fn read(sandbox: &Sandbox) -> Value {
    serde_json::from_str(&sandbox.read("regulars-out/profile.json")).expect("JSON")
}

fn codes(profile: &Value) -> Vec<&str> {
    let findings = profile["findings"].as_array().expect("a list");
    findings
        .iter()
        .filter_map(|finding| finding["code"].as_str())
        .collect()
}

fn column<'a>(profile: &'a Value, table: &str, name: &str) -> &'a Value {
    let named = |list: &'a Value, name: &str| {
        let list = list.as_array().expect("a list").iter();
        list.clone()
            .find(|of| of["name"] == name)
            .unwrap_or_else(|| panic!("no {name}"))
    };
    named(&named(&profile["tables"], table)["columns"], name)
}

#[test]
fn everything_odd_in_a_known_history_is_told_with_its_number() {
    let sandbox = known();
    let profile = profiled(&sandbox);

    assert_eq!(
        profile["history"]["kinds"],
        json!({ "purchase": 626, "return": 1 })
    );
    assert_eq!(profile["spend"], 6243.0);
    assert_eq!(profile["returned"], 2.0);
    assert_eq!(profile["history"]["days"], 120);
    assert_eq!(profile["history"]["days_with_purchases"], 116);
    assert_eq!(profile["history"]["unexpected_empty_days"], 4);
    assert_eq!(
        profile["history"]["gaps"],
        json!([{ "from": "2024-02-20", "to": "2024-02-23", "days": 4 }])
    );
    let january = &profile["history"]["months"][0];
    assert_eq!(january["month"], "2024-01");
    // 31 days of 5 lines, the giant basket, three odd lines, two of an unknown customer, a return.
    assert_eq!(january["interactions"], 31 * 5 + 40 + 3 + 2 + 1);
    assert_eq!(january["lines"], 31 * 5 + 40 + 3 + 2);
    assert_eq!(january["baskets"], 31 * 5 + 1 + 3 + 2);
    assert_eq!(
        (&january["buyers"], &january["new_buyers"]),
        (&json!(6), &json!(6))
    );
    assert_eq!(january["spend"], 195.0 * 2.0 + 5000.0 - 3.0 + 4.0);
    assert_eq!(january["unknown_customers"], 2);
    assert_eq!(january["unknown_products"], 0);
    assert_eq!(profile["history"]["months"][1]["unknown_products"], 1);
    assert_eq!(profile["history"]["months"][1]["new_buyers"], 0);
    // 00:10 in Berlin is the day before in UTC, but a Wednesday's first hour in the shop.
    assert_eq!(profile["history"]["hours"][2][0], 2);

    assert_eq!(profile["baskets"]["baskets"], 587);
    assert_eq!(profile["baskets"]["giants"], 1);
    let giant = json!({ "customer_id": "C0", "basket_id": "giant", "day": "2024-01-11", "lines": 40, "amount": 80.0 });
    assert_eq!(profile["baskets"]["largest"], json!([giant]));
    assert_eq!(profile["baskets"]["lines"]["quantiles"]["p99"], 1);

    let amounts = &profile["measures"][0];
    assert_eq!(
        (&amounts["column"], &amounts["outliers"]),
        (&json!("amount"), &json!(1))
    );
    assert_eq!(amounts["outlier_above"], 8.0);
    assert_eq!(amounts["largest"][0]["amount"], 5000.0);
    assert_eq!(amounts["lowest"][0]["basket_id"], "minus");
    assert_eq!(profile["signs"]["purchases"]["amount zero"], 1);
    assert_eq!(profile["signs"]["purchases"]["amount negative"], 1);

    let customers = &profile["customers"];
    assert_eq!(
        (&customers["buyers"], &customers["listed"]),
        (&json!(6), &json!(6))
    );
    assert_eq!(customers["without_purchase"], 1);
    assert_eq!(customers["one_time_buyers"], 0);
    // C4 joined on the fourth day, in the shop's zone.
    assert_eq!(
        customers["before_joining"],
        json!({ "rows": 3, "customers": 1 })
    );
    assert_eq!(customers["heaviest"][0]["customer_id"], "C1");

    let unknown = |place: usize| {
        let reference = &profile["references"][place];
        (
            reference["unknown_rows"].clone(),
            reference["examples"].clone(),
        )
    };
    assert_eq!(unknown(0), (json!(2), json!([{ "key": "X9", "rows": 2 }])));
    assert_eq!(unknown(1), (json!(1), json!([{ "key": "P9", "rows": 1 }])));

    let rejects = profile["rejects"].as_array().unwrap();
    let lines = rejects
        .iter()
        .find(|table| table["table"] == "interactions")
        .unwrap();
    assert_eq!(
        (&lines["read"], &lines["rejected"], &lines["duplicates"]),
        (&json!(630), &json!(2), &json!(1))
    );
    assert_eq!(lines["months"], json!([{ "name": "2024-02", "count": 1 }]));
    let reasons: Vec<_> = lines["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["column"].clone())
        .collect();
    assert!(
        reasons.contains(&json!("amount")) && reasons.contains(&json!("customer_id")),
        "{reasons:?}"
    );

    assert_eq!(
        codes(&profile),
        [
            "amount-outliers",
            "giant-baskets",
            "rejected-rows",
            "empty-days",
            "negative-amounts",
            "duplicate-rows",
            "unknown-customers",
            "unknown-products",
            "zero-amounts",
            "before-joining",
            "constant-column",
        ]
    );
}

#[test]
fn columns_are_told_with_what_they_hold() {
    let profile = profiled(&known());
    let amount = column(&profile, "interactions", "amount");
    assert_eq!(
        (&amount["min"], &amount["max"]),
        (&json!(-3.0), &json!(5000.0))
    );
    assert_eq!(amount["quantiles"]["p50"], 2.0);
    assert_eq!(
        (&amount["distinct"], &amount["nulls"]),
        (&json!(5), &json!(0))
    );
    assert_eq!(
        amount["top"][0],
        json!({ "value": 2.0, "rows": 623, "share": round(623.0 / 627.0) })
    );
    assert_eq!(amount["note"], "dominated");
    let size = column(&profile, "customers", "größe");
    assert_eq!(
        (&size["nulls"], &size["distinct"], &size["mean"]),
        (&json!(1), &json!(4), &json!(3.1))
    );
    assert_eq!(size["top"][0]["value"], 2.5);
    let since = column(&profile, "customers", "joined_at");
    assert_eq!(
        (&since["min"], &since["max"]),
        (&json!("2024-01-01"), &json!("2024-02-01"))
    );
    let id = column(&profile, "customers", "customer_id");
    assert_eq!(
        (&id["note"], &id["distinct"]),
        (&json!("unique"), &json!(6))
    );
    let values: Vec<_> = id["top"]
        .as_array()
        .unwrap()
        .iter()
        .map(|top| &top["value"])
        .collect();
    assert_eq!(values, ["C0", "C1", "C2"]);
    assert_eq!(column(&profile, "customers", "city")["note"], "constant");
    let name = column(&profile, "products", "name");
    assert_eq!(
        name["lengths"],
        json!({ "min": 2, "mean": 13.5, "max": 25 })
    );
    let when = column(&profile, "interactions", "occurred_at");
    assert_eq!(
        (&when["min"], &when["max"]),
        (&json!("2024-01-01"), &json!("2024-04-29"))
    );
    assert_eq!(when["distinct_exact"], false);
}

fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[test]
fn the_page_stands_alone_and_escapes_what_comes_from_the_data() {
    let sandbox = known();
    profiled(&sandbox);
    let page = sandbox.read("regulars-out/profile.html");
    assert!(
        page.contains("&lt;script&gt;alert(1)"),
        "the product's name is shown as text"
    );
    needs_nothing_from_elsewhere(&page);
    assert!(!page.contains("<img"));
    for word in [
        "Lädchen &amp; Söhne",
        "größe",
        "苹果",
        "<svg",
        "worth a look",
        "2024-02-20 to 2024-02-23",
    ] {
        assert!(page.contains(word), "the page lacks {word}");
    }
}

#[test]
fn the_same_bytes_on_one_thread_and_on_two() {
    let sandbox = known();
    profiled(&sandbox);
    let names = ["regulars-out/profile.json", "regulars-out/profile.html"];
    let before = names.map(|name| sandbox.read(name));
    for threads in ["1", "2"] {
        sandbox
            .regulars(&["profile", "--quiet", "--threads", threads])
            .ended_with(0);
        assert!(
            before == names.map(|name| sandbox.read(name)),
            "{threads} threads"
        );
    }
    assert!(sandbox.unfinished().is_empty());
}

#[test]
fn words_and_json_go_to_standard_output_and_files_into_the_manifest() {
    let sandbox = known();
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox.regulars(&["profile"]).ended_with(0).shows(&[
        "Lädchen & Söhne: 627 interactions from 2024-01-01 to 2024-04-29",
        "TO LOOK AT",
        "1 basket holds more than 4 lines; the largest 40",
        "2 interactions (0.3 %) name 1 customer that the table of customers does not have",
        "4 days without any purchase on weekdays that usually have some; the longest gap is 2024-02-20 to 2024-02-23 (4 days)",
        "1 purchase line (0.2 %) has an amount above 8 EUR; the largest is 5,000 EUR",
        "(rejects/interactions.csv)",
        "2024-01",
        "6 customers bought",
    ]);
    let printed = sandbox
        .regulars(&["profile", "--quiet", "--json"])
        .ended_with(0)
        .stdout;
    assert_eq!(printed, sandbox.read("regulars-out/profile.json"));
    let files = sandbox.data_files("regulars-out");
    assert!(files.contains_key("profile.html") && files.contains_key("profile.json"));
    assert!(sandbox.manifest("regulars-out")["stages"]["profile"].is_object());
    assert!(!sandbox.exists("regulars-out/.spill"));
}

#[test]
fn one_table_is_looked_at_alone_and_nothing_is_written() {
    let sandbox = known();
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox
        .regulars(&["profile", "--table", "customers"])
        .ended_with(0)
        .shows(&[
            "customers: 6 rows",
            "größe (number)",
            "1 without a value (16.7 %), 4 different values",
            "Köln",
        ]);
    assert!(!sandbox.exists("regulars-out/profile.json"));
    let json = sandbox
        .regulars(&["profile", "--table", "products", "--json"])
        .ended_with(0)
        .stdout;
    let table: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&table["name"], &table["rows"]),
        (&json!("products"), &json!(2))
    );
    sandbox
        .regulars(&["profile", "--table", "customer"])
        .ended_with(2)
        .says(&["there is no table `customer`", "did you mean `customers`?"]);
    sandbox
        .regulars(&["profile", "--table", "campaigns"])
        .ended_with(3)
        .says(&["the warehouse has no table campaigns", "[[sources]]"]);
}

#[test]
fn a_clean_history_gives_nothing_to_look_at() {
    let sandbox = shop_sandbox(150, 400);
    let profile = profiled(&sandbox);
    assert_eq!(profile["findings"], json!([]));
    sandbox
        .regulars(&["profile"])
        .ended_with(0)
        .shows(&["nothing that a profile looks for"]);
}

#[test]
fn without_products_amounts_or_customers_the_rest_is_told() {
    let sandbox = shop_sandbox(30, 100);
    sandbox.write(
        "regulars.toml",
        "[[sources]]\ntable = \"interactions\"\npath = \"lines.csv\"\n[sources.columns]\n\
         customer_id = \"customer\"\noccurred_at = \"when\"\nkind = { constant = \"purchase\" }\n",
    );
    let profile = profiled(&sandbox);
    assert_eq!(
        (&profile["measures"], &profile["references"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(profile["customers"]["buyers"], 30);
    assert_eq!(profile["customers"]["spend"], Value::Null);
    assert_eq!(profile["history"]["months"][0]["spend"], Value::Null);
    assert_eq!(profile["tables"].as_array().unwrap().len(), 1);
}

#[test]
fn histories_of_one_row_and_without_purchases_are_profiled() {
    let header = "customer,when,basket,product,paid\n";
    let row = "C1,2023-03-01 09:00,1,bread,1.00\n";
    let one = shop_sandbox(1, 10).file("lines.csv", format!("{header}{row}"));
    let profile = profiled(&one);
    assert_eq!(profile["baskets"]["baskets"], 1);
    assert_eq!(profile["customers"]["spend"]["gini"], 0.0);
    assert_eq!(codes(&profile), Vec::<&str>::new());

    let visits = shop_sandbox(1, 10)
        .file("lines.csv", format!("{header}{row}"))
        .file(
            "regulars.toml",
            SETTINGS.replace("constant = \"purchase\"", "constant = \"visit\""),
        );
    let profile = profiled(&visits);
    assert_eq!(profile["history"]["kinds"], json!({ "visit": 1 }));
    assert_eq!(
        (&profile["baskets"], &profile["customers"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(codes(&profile)[0], "no-purchases");
}

#[test]
fn before_a_load_it_says_what_to_run() {
    shop_sandbox(1, 10)
        .regulars(&["profile"])
        .ended_with(3)
        .says(&["warehouse/interactions is missing", "regulars ingest"]);
}
