//! Suggestions through the binary: what is left out, who is left out, and what they are held against.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use crate::util::{Sandbox, columns, date};

const LINES: &str = r#"
[[sources]]
table = "interactions"
path = "lines.csv"
[sources.columns]
customer_id = "customer"
occurred_at = "day"
kind = { constant = "purchase" }
basket_id = "receipt"
product_id = "sku"
amount = "amount"
"#;

const PRODUCTS: &str = r#"
[[sources]]
table = "products"
path = "products.csv"
[sources.columns]
product_id = "id"
name = "label"
"#;

const CUSTOMERS: &str = r#"
[[sources]]
table = "customers"
path = "customers.csv"
[sources.columns]
customer_id = "id"
consent = "consent"
"#;

/// A history of purchase lines, a basket a visit: customer `C0`, `C1`, ... come every few days and
/// `buys` says what of.
fn lines(customers: u32, days: u32, buys: impl Fn(u32, u32, u32) -> Vec<String>) -> String {
    let mut csv = String::from("customer,day,receipt,sku,amount\n");
    let mut receipt = 0;
    for customer in 0..customers {
        let mut day = customer % 7;
        for visit in 0.. {
            if day >= days {
                break;
            }
            receipt += 1;
            let mut things = buys(customer, visit, day);
            things.sort();
            things.dedup();
            for thing in things {
                let _ = writeln!(csv, "C{customer},{},{receipt},{thing},2.50", date(day));
            }
            day += 4 + (customer + visit) % 6;
        }
    }
    csv
}

/// Something of the everyday range: each customer has tried about half of it in two years.
fn everyday(customer: u32, visit: u32) -> String {
    format!("E{}", (customer * 5 + visit / 9 + visit % 3) % 24)
}

struct Offers {
    sandbox: Sandbox,
}

impl Offers {
    fn of(lines: &str, settings: &str) -> Self {
        let sandbox = Sandbox::new()
            .file("lines.csv", lines)
            .file("regulars.toml", settings);
        Self { sandbox }
    }

    fn file(self, name: &str, content: &str) -> Self {
        self.sandbox.write(name, content);
        self
    }

    fn made(self, arguments: &[&str]) -> Self {
        self.sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
        self.again(arguments)
    }

    fn again(self, arguments: &[&str]) -> Self {
        let arguments = [&["offers", "--quiet"], arguments].concat();
        self.sandbox.regulars(&arguments).ended_with(0);
        self
    }

    fn table(&self, name: &str) -> BTreeMap<String, Vec<String>> {
        columns(&self.sandbox.read(&format!("regulars-out/{name}.csv")))
    }

    /// What each customer is offered, best first.
    fn offered(&self) -> BTreeMap<String, Vec<String>> {
        let table = self.table("suggestions");
        // Everything costs the same; what was not sold of late has no price.
        let price = |text: &String| text.is_empty() || text.parse::<f64>() == Ok(2.5);
        assert!(table["price"].iter().all(price));
        let mut offered: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (customer, item) in table["customer_id"].iter().zip(&table["item"]) {
            offered
                .entry(customer.clone())
                .or_default()
                .push(item.clone());
        }
        offered
    }

    fn all_items(&self) -> BTreeSet<String> {
        self.offered().into_values().flatten().collect()
    }

    /// Items that are left out, with the reason's code.
    fn left_out(&self) -> BTreeMap<String, String> {
        let table = self.table("items_left_out");
        table["item"]
            .iter()
            .cloned()
            .zip(table["why"].iter().cloned())
            .collect()
    }

    fn metrics(&self) -> Value {
        self.sandbox.manifest("regulars-out")["stages"]["offers"]["metrics"].clone()
    }

    /// What was held against the suggestions, in the order of the manifest.
    fn baselines(&self) -> Vec<Value> {
        let test = self.metrics()["test"].clone();
        let others = test["other_baselines"].as_array().expect("a list");
        [&test["popularity"]]
            .into_iter()
            .chain(others)
            .cloned()
            .collect()
    }

    /// What a whole run says.
    fn summary(&self, arguments: &[&str]) -> String {
        let arguments = [&["run", "--quiet"], arguments].concat();
        self.sandbox.regulars(&arguments).ended_with(0);
        self.sandbox.read("regulars-out/summary.txt")
    }
}

#[test]
fn what_has_not_been_sold_for_long_is_offered_to_nobody() {
    // `OLD` is the best seller of the first 60 of 300 days. `ALL` has bought everything, `ONCE` one
    // thing on the last day.
    let mut csv = lines(40, 300, |customer, visit, day| {
        let mut things = vec![everyday(customer, visit)];
        if day < 60 && customer % 4 != 0 {
            things.push("OLD".to_owned());
        }
        things
    });
    for item in 0..24 {
        let _ = writeln!(csv, "ALL,{},A{item},E{item},2.50", date(100 + item));
    }
    let _ = writeln!(
        csv,
        "ALL,{},A99,OLD,2.50\nONCE,{},B1,E3,2.50",
        date(20),
        date(299)
    );
    let offers = Offers::of(&csv, LINES).made(&[]);
    assert_eq!(
        offers.left_out(),
        BTreeMap::from([("OLD".into(), "gone".into())])
    );
    let table = offers.table("items_left_out");
    assert!(table["last_sold"][0] < date(60), "{table:?}");
    assert!(
        table["reason"][0].contains("not sold any more"),
        "{table:?}"
    );
    let offered = offers.offered();
    assert!(!offers.all_items().contains("OLD"));
    assert!(!offered.contains_key("ALL"));
    assert_eq!(offered["ONCE"].len(), 10);
    let bought: BTreeSet<(&str, &str)> = csv
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            (cells[0], cells[3])
        })
        .collect();
    for (customer, items) in &offered {
        for item in items {
            assert!(!bought.contains(&(customer.as_str(), item.as_str())));
        }
    }
    let metrics = offers.metrics();
    assert_eq!(metrics["left_out"]["gone"], 1);
    assert_eq!(metrics["without"]["nothing_left"], 1);
    let summary = offers.summary(&[]);
    assert!(
        summary.contains("1 item left out: no longer sold: items_left_out.csv"),
        "{summary}"
    );
    assert!(
        summary.contains("1 customer with nothing left to offer"),
        "{summary}"
    );
}

/// Two years and a month of a shop with six Christmas goods, sold from November to the 23rd of
/// December; the first day is the 1st of January 2023.
fn christmas_shop() -> String {
    lines(80, 2 * 365 + 40, |customer, visit, day| {
        let mut things = vec![everyday(customer, visit)];
        if (304..358).contains(&(day % 365)) && (customer + day / 365) % 3 != 0 {
            things.push(format!("X{}", (customer / 3 + visit) % 6));
        }
        things
    })
}

#[test]
fn out_of_season_is_offered_to_nobody_and_comes_back_with_the_season() {
    let offers = Offers::of(&christmas_shop(), LINES).made(&[]);
    // It is February, and so it was a year before in the weeks to come.
    let of_season = |why: &str| -> BTreeMap<String, String> {
        (0..6).map(|n| (format!("X{n}"), why.to_owned())).collect()
    };
    assert_eq!(offers.left_out(), of_season("out_of_season"));
    assert!(offers.all_items().iter().all(|item| item.starts_with('E')));
    assert_eq!(offers.metrics()["left_out"]["out_of_season"], 6);
    let summary = offers.summary(&[]);
    assert!(
        summary.contains("6 items left out: out of season in the coming 28 days"),
        "{summary}"
    );
    // In the first February nobody knows of a second season; in October it is near.
    let offers = offers.again(&["--as-of", "2024-02-09"]);
    assert_eq!(offers.left_out(), of_season("gone"));
    let offers = offers.again(&["--as-of", "2024-10-20"]);
    assert_eq!(offers.left_out(), BTreeMap::new());
    // In the season it is what customers are offered.
    let offers = offers.again(&["--as-of", "2024-11-20"]);
    assert!(offers.all_items().iter().any(|item| item.starts_with('X')));
}

#[test]
fn suggestions_are_held_against_what_was_popular_lately_and_a_year_before() {
    let offers = Offers::of(&christmas_shop(), LINES).made(&["--as-of", "2024-11-28"]);
    let baselines = offers.baselines();
    let times: BTreeSet<&str> = baselines
        .iter()
        .map(|one| one["time"].as_str().unwrap())
        .collect();
    assert_eq!(
        times,
        BTreeSet::from(["last_28_days", "whole_history", "year_before"])
    );
    let rates: Vec<f64> = baselines
        .iter()
        .map(|one| one["hit_rate"].as_f64().unwrap())
        .collect();
    assert!(
        rates.is_sorted_by(|a, b| a >= b),
        "the better first: {rates:?}"
    );
    // The season began on the first day held out: the year before knows, the last days do not.
    assert_eq!(baselines[0]["time"], "year_before", "{baselines:?}");
    let summary = offers.summary(&["--as-of", "2024-11-28"]);
    assert!(
        summary.contains("(what most customers bought in the same weeks of the year before: "),
        "{summary}"
    );
    let offers = offers.again(&["--as-of", "2023-09-20"]);
    let baselines = offers.baselines();
    let times: BTreeSet<&str> = baselines
        .iter()
        .map(|one| one["time"].as_str().unwrap())
        .collect();
    assert_eq!(times, BTreeSet::from(["last_28_days", "whole_history"]));
}

/// The everyday range with a table of products.
fn range(more: &str) -> String {
    let mut csv = String::from("id,label,sold\n");
    for item in 0..24 {
        let _ = writeln!(csv, "E{item},Thing {item},");
    }
    csv + more
}

fn everyday_shop() -> String {
    lines(30, 200, |customer, visit, _| {
        vec![everyday(customer, visit)]
    })
}

#[test]
fn products_that_are_not_active_are_offered_to_nobody() {
    let settings = format!("{LINES}{PRODUCTS}active = \"sold\"\n");
    let csv = range("")
        .replace("Thing 3,", "Thing 3,no")
        .replace("Thing 4,", "Thing 4,yes");
    let offers = Offers::of(&everyday_shop(), &settings)
        .file("products.csv", &csv)
        .made(&[]);
    assert_eq!(
        offers.left_out(),
        BTreeMap::from([("Thing 3".into(), "inactive".into())])
    );
    assert!(!offers.all_items().contains("Thing 3"));
    assert!(offers.all_items().contains("Thing 5"));
    assert!(
        offers
            .summary(&[])
            .contains("1 item left out: not active, as the products say")
    );
}

#[test]
fn what_is_sold_again_under_another_code_counts_as_bought() {
    // Customer C1 bought `Thing 2` under its old code; the new one has the name in other letters.
    let csv = everyday_shop();
    let newest = date(199);
    let csv = csv + &format!("C3,{newest},N1,NEW2,2.50\nC4,{newest},N2,NEW2,2.50\n");
    let products = range("NEW2, THING  2 ,\n");
    let had: BTreeSet<String> = csv
        .lines()
        .filter(|line| line.contains(",E2,") || line.contains(",NEW2,"))
        .map(|line| line.split(',').next().unwrap_or_default().to_owned())
        .collect();
    let offers = Offers::of(&csv, &format!("{LINES}{PRODUCTS}"))
        .file("products.csv", &products)
        .made(&[]);
    let offered = offers.offered();
    let gets_it: Vec<&String> = offered
        .iter()
        .filter(|(_, items)| {
            items
                .iter()
                .any(|item| item.to_lowercase().contains("thing  2") || item == "Thing 2")
        })
        .map(|(customer, _)| customer)
        .collect();
    assert!(
        !gets_it.is_empty(),
        "the name is offered to somebody: {offered:?}"
    );
    assert!(
        gets_it.iter().all(|customer| !had.contains(*customer)),
        "{gets_it:?} {had:?}"
    );
    assert_eq!(offers.metrics()["twins"], 1);
    assert!(
        offers
            .summary(&[])
            .contains("1 item has the name of another one")
    );
}

#[test]
fn who_said_no_gets_no_suggestion_and_the_unknown_are_up_to_the_settings() {
    // C0 and C3 said no, C1 yes, C2 nothing, and C4 is not in the table.
    let customers = "id,consent\nC0,no\nC1,yes\nC2,\nC3,false\n";
    let buyers = |offers: &Offers| -> Vec<String> {
        let offered = offers.offered();
        (0..5)
            .map(|n| format!("C{n}"))
            .filter(|customer| offered.contains_key(customer))
            .collect()
    };
    let settings = format!("{LINES}{CUSTOMERS}");
    let offers = Offers::of(&everyday_shop(), &settings)
        .file("customers.csv", customers)
        .made(&[]);
    assert_eq!(buyers(&offers), ["C1", "C2", "C4"]);
    let without = &offers.metrics()["without"];
    assert_eq!(
        (&without["said_no"], &without["unasked"]),
        (&2.into(), &0.into())
    );
    assert_eq!(offers.metrics()["customers"], 28);
    assert!(
        offers
            .summary(&[])
            .contains("Without suggestions: 2 customers who said no (consent).")
    );

    let strict = format!("[project]\nconsent = \"only yes\"\n{settings}");
    offers.sandbox.write("regulars.toml", strict);
    let offers = offers.again(&[]);
    assert_eq!(buyers(&offers), ["C1"]);
    let without = &offers.metrics()["without"];
    assert_eq!(
        (&without["said_no"], &without["unasked"]),
        (&2.into(), &27.into())
    );
    let summary = offers.summary(&[]);
    assert!(
        summary.contains(
            "2 customers who said no (consent), 27 customers of whom no answer is known (consent)"
        ),
        "{summary}"
    );
}

#[test]
fn without_a_column_of_consent_the_settings_decide_too() {
    let settings = format!("[project]\nconsent = \"only yes\"\n{LINES}");
    let offers = Offers::of(&everyday_shop(), &settings).made(&[]);
    assert_eq!(offers.metrics()["suggestions"], 0);
    assert_eq!(offers.metrics()["without"]["unasked"], 30);
    assert!(
        offers
            .summary(&[])
            .contains("30 customers of whom no answer is known (consent)")
    );
    let wrong = format!("[project]\nconsent = \"perhaps\"\n{LINES}");
    offers.sandbox.write("regulars.toml", wrong);
    offers
        .sandbox
        .regulars(&["offers", "--quiet"])
        .ended_with(2)
        .says(&["perhaps", "only yes"]);
}

/// Numbered goods; beside them postage in a quarter of the baskets, lines entered by hand and an
/// oddment, at any price each, and a code in letters with one price.
fn mail_order() -> String {
    let mut csv = String::from("customer,day,receipt,sku,pieces,amount\n");
    for visit in 0..600_u32 {
        let (customer, day) = (visit % 40, date(visit / 4));
        let mut line = |sku: &str, amount: f64| {
            let _ = writeln!(csv, "C{customer},{day},R{visit},{sku},1,{amount}");
        };
        line(&format!("{}", 20_000 + (visit * 7 + visit / 9) % 60), 3.5);
        line(&format!("{}", 20_060 + (visit * 3 + visit / 7) % 50), 4.5);
        if visit % 3 == 0 && visit % 4 != 0 {
            line("POST", f64::from(1 + visit % 200));
        }
        if visit % 20 == 0 {
            line("M", f64::from(1 + visit * 3));
        }
        if visit % 25 == 0 {
            line("PADS", 0.5);
        }
        if visit % 30 == 0 {
            line("ODDMENT", f64::from(1 + visit));
        }
    }
    csv
}

#[test]
fn lines_that_are_no_products_are_found_and_proposed_to_be_left_out() {
    let sandbox = Sandbox::new().file("lines.csv", mail_order());
    sandbox
        .regulars(&["init", "lines.csv"])
        .ended_with(0)
        .shows(&[
            "exclude under [rules] and [offers]",
            "`POST` (postage) in 150 rows",
        ]);
    let draft = sandbox.read("regulars.toml");
    assert_eq!(
        draft.matches("exclude = [\"M\", \"POST\"]").count(),
        2,
        "{draft}"
    );
    // Without the proposal the profile says the same, and more by how things are sold.
    let plain: String = draft
        .split("\n[rules]")
        .next()
        .unwrap_or_default()
        .to_owned();
    sandbox.write("plain.toml", &plain);
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox
        .regulars(&["profile", "-c", "plain.toml"])
        .ended_with(0)
        .shows(&[
            "no product, it seems",
            "exclude = [\"M\", \"ODDMENT\", \"POST\"]",
        ]);
    let profile: Value =
        serde_json::from_str(&sandbox.read("regulars-out/profile.json")).expect("JSON");
    let found = profile["no_products"].as_array().unwrap();
    let reason = |code: &str| {
        let one = found.iter().find(|one| one["product_id"] == code).unwrap();
        one["reason"].as_str().unwrap().to_owned()
    };
    assert!(reason("POST").contains("the code says postage, and prices run from 2 to 200"));
    assert!(reason("ODDMENT").contains("no digit, as nearly all others have"));
    assert_eq!(found.len(), 3, "{found:?}");
    let post = found
        .iter()
        .find(|one| one["product_id"] == "POST")
        .unwrap();
    assert!((post["basket_share"].as_f64().unwrap() - 0.25).abs() < 1e-9);
    // The draft runs, without the lines of M and POST.
    let lines = || sandbox.manifest("regulars-out")["stages"]["offers"]["rows_in"].as_u64();
    sandbox.regulars(&["offers", "--quiet"]).ended_with(0);
    let items = columns(&sandbox.read("regulars-out/suggestions.csv"))["item"].clone();
    assert!(!items.is_empty() && !items.contains(&"POST".to_owned()));
    assert_eq!(lines(), Some(1424 - 30 - 150));
    sandbox
        .regulars(&["offers", "--quiet", "-c", "plain.toml"])
        .ended_with(0);
    assert_eq!(lines(), Some(1424));
}

#[test]
fn a_product_is_left_out_by_its_id_at_any_level_and_a_wrong_name_is_pointed_out() {
    let sandbox = Sandbox::new().file("lines.csv", mail_order());
    let mut products = String::from("id,label,type\nPOST,Postage,Extras\nM,Manual,Extras\n");
    for item in 20_000..20_110 {
        let _ = writeln!(products, "{item},Thing {item},Kind {}", item % 20);
    }
    sandbox.write("products.csv", products);
    let settings = |exclude: &str| {
        let kinds = PRODUCTS.replace("name = \"label\"", "name = \"label\"\ntype = \"type\"");
        format!("{LINES}{kinds}[offers]\nexclude = [{exclude}]\n")
    };
    // An item of the level, a product, one that nobody sells here, and one that means nothing.
    sandbox.write(
        "regulars.toml",
        settings("\"Kind 3\", \"POST\", \"Versandkosten\""),
    );
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox.regulars(&["offers", "--quiet"]).ended_with(0);
    let items = columns(&sandbox.read("regulars-out/suggestions.csv"))["item"].clone();
    assert!(items.contains(&"Kind 4".to_owned()) && !items.contains(&"Kind 3".to_owned()));
    sandbox.write("regulars.toml", settings("\"Kind 33\""));
    sandbox
        .regulars(&["offers", "--quiet"])
        .ended_with(2)
        .says(&["there is no type `Kind 33`", "did you mean `Kind"]);
}
