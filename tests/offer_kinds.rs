//! Offers of every kind, what may be offered, and the list for winning back, through the binary.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::targets::sheets;
use crate::util::{Sandbox, columns, date};

const SETTINGS: &str = r#"
[[sources]]
table = "interactions"
path = "lines.csv"
[sources.columns]
customer_id = "customer"
occurred_at = "day"
kind = "kind"
basket_id = "receipt"
product_id = "sku"
amount = "amount"

[[sources]]
table = "products"
path = "products.csv"
[sources.columns]
product_id = "id"
name = "label"
type = "type"
category = "category"

[[sources]]
table = "customers"
path = "customers.csv"
[sources.columns]
customer_id = "id"
consent = "consent"
town = "town"
"#;

const DAYS: u32 = 380;
const TYPES: u32 = 40;
const CUSTOMERS: u32 = 160;

/// The price of a type: those of one category cost 1.00, 1.30, 1.60 and so on.
fn price(of_type: u32) -> f64 {
    1.0 + 0.3 * f64::from(of_type / 8)
}

/// 160 customers and forty types in eight categories, each type in two sizes: two thirds of the
/// customers buy `L`. A customer has a handful of types that come again every ten days, and takes up
/// another type every twenty, so that to the end there is something new to learn from. Of eight
/// customers one stops, the first after 150 days and each later one twelve days after the one before;
/// and one gives up category 0 after 200 days.
fn lines() -> String {
    let mut csv = String::from("customer,day,kind,receipt,sku,amount\n");
    let mut receipt = 0;
    for customer in 0..CUSTOMERS {
        let id = name(customer);
        for day in customer % 5..DAYS {
            if day % 5 != customer % 5 || (customer % 8 == 7 && day > 150 + customer / 8 * 12) {
                continue;
            }
            let visit = day / 5;
            let mut types = BTreeSet::new();
            for n in 0..5 {
                // One after the other they are known, and each is bought every second visit.
                let of_type = (customer * 7 + n * 9 + (customer + n) % 3) % TYPES;
                if day >= n * 40 && visit % 2 == n % 2 {
                    types.insert(of_type);
                }
            }
            types.insert((customer * 3 + visit / 4 * 7) % TYPES);
            if customer % 8 == 5 {
                if day < 200 {
                    types.insert(8 * (visit % 2));
                } else {
                    types.retain(|of_type| of_type % 8 != 0);
                }
            }
            receipt += 1;
            for of_type in types {
                let size = if customer % 3 == 0 { "S" } else { "L" };
                let amount = price(of_type);
                let _ = writeln!(
                    csv,
                    "{id},{},purchase,{receipt},T{of_type}{size},{amount:.2}",
                    date(day)
                );
            }
        }
    }
    csv
}

/// The first customer is called as a formula would be.
fn name(customer: u32) -> String {
    match customer {
        7 => "=7+1".to_owned(),
        customer => format!("K{customer:03}"),
    }
}

fn shop(more: &str) -> Sandbox {
    let mut products = String::from("id,label,type,category\n");
    for of_type in 0..TYPES {
        for size in ["S", "L"] {
            let _ = writeln!(
                products,
                "T{of_type}{size},Thing {of_type} {size},TYPE {of_type},GROUP {}",
                of_type % 8
            );
        }
    }
    let mut customers = String::from("id,consent,town\n");
    for customer in 0..CUSTOMERS {
        let said = if customer % 16 == 15 { "no" } else { "yes" };
        let _ = writeln!(customers, "{},{said},Town {}", name(customer), customer % 3);
    }
    Sandbox::new()
        .file("lines.csv", lines())
        .file("products.csv", products)
        .file("customers.csv", customers)
        .file("regulars.toml", format!("{SETTINGS}{more}"))
}

fn table(sandbox: &Sandbox, name: &str) -> BTreeMap<String, Vec<String>> {
    let csv = sandbox.read(&format!("regulars-out/{name}.csv"));
    columns(csv.trim_start_matches('\u{feff}'))
}

/// What each customer bought on which days, by type.
fn bought() -> BTreeMap<(String, String), Vec<String>> {
    let mut bought: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for line in lines().lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let of_type = format!("TYPE {}", &cells[4][1..cells[4].len() - 1]);
        let days = bought.entry((cells[0].to_owned(), of_type)).or_default();
        days.push(cells[1].to_owned());
    }
    bought
}

fn day(text: &str) -> i64 {
    let day: chrono::NaiveDate = text.parse().unwrap();
    i64::from(day.to_epoch_days())
}

fn group(of_type: &str) -> u32 {
    of_type["TYPE ".len()..].parse::<u32>().unwrap() % 8
}

#[test]
fn every_kind_keeps_its_promise_and_the_settings_are_obeyed() {
    let sandbox = shop(
        "[offers]\nmodel = \"best\"\nkinds = [\"new\", \"better\", \"again\", \"back\"]\nnever = [\"GROUP 3\", \"TYPE 1\"]\nper_category = 1\n",
    );
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox.regulars(&["offers", "--quiet"]).ended_with(0);
    let (offers, bought) = (table(&sandbox, "offers"), bought());
    let mut of_kind: BTreeMap<&str, usize> = BTreeMap::new();
    let mut categories = BTreeSet::new();
    let rows = 0..offers["kind"].len();
    for row in rows {
        let of = |column: &str| offers[column][row].as_str();
        let (kind, item) = (of("kind"), of("item"));
        *of_kind.entry(kind).or_default() += 1;
        let customer = of("customer_id").trim_start_matches('\'');
        let had = bought.get(&(customer.to_owned(), item.to_owned()));
        assert!(group(item) != 3 && item != "TYPE 1", "{item}");
        assert!(
            categories.insert((customer.to_owned(), kind, group(item))),
            "{customer} {item}"
        );
        assert_eq!(of("product"), format!("Thing {} L", &item[5..]));
        let number: u32 = item[5..].parse().unwrap();
        let paid: f64 = of("price").parse().unwrap();
        assert!((paid - price(number)).abs() < 0.006, "{item} {paid}");
        let chance: f64 = of("probability").parse().unwrap();
        assert!((0.0..=1.0).contains(&chance));
        match kind {
            "new" | "better" => assert!(had.is_none(), "{customer} has {item}"),
            _ => assert!(had.is_some(), "{customer} has no {item}"),
        }
        if kind == "again" {
            let days: Vec<i64> = had.unwrap().iter().map(|text| day(text)).collect();
            let last = days[days.len() - 1];
            let every = (last - days[0]) as f64 / (days.len() - 1) as f64;
            let off = day(of("due_on")) as f64 - last as f64 - every;
            assert!(
                days.len() > 1 && off.abs() <= 0.51,
                "{customer} {item} {off}"
            );
            assert!(
                of("reason").contains(&format!("bought {} times", days.len())),
                "{}",
                of("reason")
            );
        }
        if kind == "back" {
            assert!(of("reason").contains("used to buy"), "{}", of("reason"));
        }
        if kind == "better" {
            // What is said to cost more is the very product that is offered.
            let reason = of("reason");
            let (dearer, usual) = reason.split_once(" in place of ").unwrap();
            assert!(reason.starts_with("a step up from"), "{reason}");
            assert!(dearer.ends_with(&format!(": {paid:.2}")), "{reason} {paid}");
            assert!(paid > usual.parse::<f64>().unwrap(), "{reason}");
        }
    }
    let kinds: Vec<&str> = of_kind.keys().copied().collect();
    assert_eq!(kinds, ["again", "back", "better", "new"], "{of_kind:?}");
    // Who gave up a category is asked back to it.
    let back = |row: &usize| {
        let customer = offers["customer_id"][*row].trim_start_matches('\'');
        let number: u32 = customer.trim_start_matches('K').parse().unwrap_or(7);
        offers["kind"][*row] == "back" && number % 8 == 5 && group(&offers["item"][*row]) == 0
    };
    assert!((0..offers["kind"].len()).filter(back).count() >= 10);
    // `suggestions` obey the same settings.
    let suggested = table(&sandbox, "suggestions");
    assert!(
        suggested["item"]
            .iter()
            .all(|item| group(item) != 3 && item != "TYPE 1")
    );
    let models = table(&sandbox, "offer_models");
    let ways: BTreeSet<&str> = models["way"].iter().map(String::as_str).collect();
    assert!(ways.contains("trees") && ways.contains("affinity") && ways.contains("popular_lately"));
    let dates: BTreeSet<&String> = models["test_date"].iter().collect();
    assert_eq!(dates.len(), 2);
    // Nobody who said no is offered anything.
    for name_of in ["K015", "K031"] {
        assert!(
            !offers["customer_id"]
                .iter()
                .any(|customer| customer == name_of)
        );
    }
}

#[test]
fn what_is_new_is_offered_as_it_is_suggested_also_without_trees() {
    let sandbox = shop("[offers]\nkinds = [\"again\", \"new\"]\n");
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox.regulars(&["offers", "--quiet"]).ended_with(0);
    let (offers, suggested) = (table(&sandbox, "offers"), table(&sandbox, "suggestions"));
    let columns = |table: &BTreeMap<String, Vec<String>>, score: &str, row: usize| {
        ["customer_id", "rank", "item", score, "reason"].map(|name| table[name][row].clone())
    };
    let new: Vec<[String; 5]> = (0..offers["kind"].len())
        .filter(|row| offers["kind"][*row] == "new")
        .map(|row| columns(&offers, "probability", row))
        .collect();
    let said: Vec<[String; 5]> = (0..suggested["item"].len())
        .map(|row| columns(&suggested, "score", row))
        .collect();
    assert!(said.len() > 500, "{} suggestions", said.len());
    assert_eq!(new, said);
    assert!(offers["kind"].iter().any(|kind| kind == "again"));
    let models = table(&sandbox, "offer_models");
    let rows = 0..models["way"].len();
    for row in rows {
        if models["kind"][row] == "new" {
            let affinity = models["way"][row] == "affinity";
            assert_eq!(models["used"][row], affinity.to_string());
        }
    }
}

#[test]
fn winback_is_there_without_settings_and_keeps_to_consent() {
    let sandbox = shop("");
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    let csv = sandbox.read("regulars-out/winback.csv");
    assert!(
        csv.starts_with('\u{feff}'),
        "opens in a spreadsheet as it is"
    );
    let winback = table(&sandbox, "winback");
    let churn = table(&sandbox, "churn");
    let on: BTreeSet<&str> = winback["customer_id"].iter().map(String::as_str).collect();
    let mut wanted = BTreeSet::new();
    for (customer, band) in churn["customer_id"].iter().zip(&churn["band"]) {
        let number: u32 = customer.trim_start_matches('K').parse().unwrap_or(7);
        if matches!(band.as_str(), "high" | "lapsed") && number % 16 != 15 {
            wanted.insert(customer.as_str());
        }
    }
    assert_eq!(on, wanted);
    assert!(
        on.contains("'=7+1"),
        "what a spreadsheet would calculate is text: {on:?}"
    );
    assert!(!on.contains("K015") && on.contains("K023"));
    assert!(!winback.contains_key("town"));
    let rows = 0..on.len();
    for row in rows {
        let things: BTreeSet<u32> = (1..=3)
            .map(|place| group(&winback[&format!("offer_{place}")][row]))
            .collect();
        assert_eq!(things.len(), 3, "three categories");
        for place in 1..=3 {
            assert!(
                winback[&format!("price_{place}")][row]
                    .parse::<f64>()
                    .unwrap()
                    >= 1.0
            );
        }
        assert!(winback["value"][row].parse::<f64>().is_ok());
        assert!(!winback["reason"][row].is_empty());
    }
    let away: Vec<u32> = winback["days_away"]
        .iter()
        .map(|days| days.parse().unwrap())
        .collect();
    assert!(
        away.iter().any(|days| *days > 100),
        "those who have lapsed are on it: {away:?}"
    );
    // A spreadsheet of the same, without formulas, that says who was left out.
    let book = sheets(&sandbox.path("regulars-out/winback.xlsx"));
    for words in [
        "name=\"Columns\"",
        "name=\"Counts\"",
        "<pane ",
        "<autoFilter ",
        "said no to being contacted",
        ">=7+1<",
    ] {
        assert!(book.contains(words), "the spreadsheet lacks {words}");
    }
    assert!(!book.contains("<f>") && !book.contains("K015"));
    // Columns of the customers come where they are asked for.
    let with_town = format!("{SETTINGS}[offers]\nwinback_columns = [\"town\"]\n");
    sandbox.write("regulars.toml", with_town);
    sandbox.regulars(&["offers", "--quiet"]).ended_with(0);
    let winback = table(&sandbox, "winback");
    for (customer, town) in winback["customer_id"].iter().zip(&winback["town"]) {
        let number: u32 = customer.trim_start_matches('K').parse().unwrap_or(7);
        assert_eq!(*town, format!("Town {}", number % 3));
    }
    // Who is on a suppression file is not written to, and what winback says makes lists.
    let suppressed = format!(
        "{SETTINGS}[targets]\nsuppress = [\"stop.csv\"]\n[targets.back]\nwho = \"offer_1 IS NOT NULL\"\n\
         offer = \"{{offer_1}} or {{offer_2}}\"\nresponse_rate = 1\nvalue = \"price_1\"\nmost = 5\n"
    );
    sandbox.write("regulars.toml", suppressed);
    sandbox.write("stop.csv", "customer_id\nK023\n");
    sandbox.regulars(&["offers", "--quiet"]).ended_with(0);
    let without = table(&sandbox, "winback");
    assert_eq!(
        without["customer_id"].len() + 1,
        winback["customer_id"].len()
    );
    assert!(!without["customer_id"].contains(&"K023".to_owned()));
    let book = sheets(&sandbox.path("regulars-out/winback.xlsx"));
    assert!(book.contains("are on stop.csv"));
    sandbox.regulars(&["targets", "--quiet"]).ended_with(0);
    let back = table(&sandbox, "targets/back");
    assert_eq!(back["customer_id"].len(), 5);
    assert!(back["offer"].iter().all(|offer| offer.contains(" or ")));
    sandbox.write("stop.csv", "number\nK023\n");
    sandbox
        .regulars(&["offers", "--quiet"])
        .ended_with(2)
        .says(&["stop.csv has no column `customer_id`"]);
}

#[test]
fn settings_that_cannot_be_met_say_what_would_mend_them() {
    let sandbox = shop("");
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    for (settings, words) in [
        ("never = [\"GROP 3\"]", ["GROP 3", "did you mean `GROUP 3`"]),
        ("min_margin = 0.2", ["min_margin", "cost"]),
        ("min_margin = 20", ["min_margin", "0.25"]),
        ("min_price = 3\nmax_price = 2", ["max_price", "no price"]),
        ("max_price = -1", ["max_price", "0 or more"]),
        ("kinds = [\"newer\"]", ["newer", "again"]),
        (
            "winback_columns = [\"twon\"]",
            ["twon", "did you mean `town`"],
        ),
        ("per_category = 0", ["per_category", "0"]),
        ("test_dates = 0", ["test_dates", "0"]),
        (
            "catalogues = { Champions = [\"TYPE 1\"] }",
            ["Champions", "regulars segment"],
        ),
    ] {
        sandbox.write("regulars.toml", format!("{SETTINGS}[offers]\n{settings}\n"));
        let run = sandbox.regulars(&["offers", "--quiet"]);
        run.ended_with(2).says(&words);
    }
}

#[test]
fn reasons_and_kinds_are_said_in_chinese_beside_their_codes() {
    let sandbox = shop("[offers]\nkinds = [\"new\", \"again\", \"back\"]\n");
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox
        .regulars(&["offers", "--quiet", "--lang", "zh"])
        .ended_with(0);
    let offers = table(&sandbox, "offers");
    let words: BTreeMap<&str, (&str, &str)> = BTreeMap::from([
        ("new", ("从未买过", "")),
        ("again", ("该再买了", "买过")),
        ("back", ("回到已不再光顾的品类", "未买")),
    ]);
    let kinds: BTreeSet<&str> = offers["kind"].iter().map(String::as_str).collect();
    assert_eq!(kinds, words.keys().copied().collect());
    for (row, kind) in offers["kind"].iter().enumerate() {
        let (said, reason) = words[kind.as_str()];
        assert_eq!(offers["kind_words"][row], said);
        let found = &offers["reason"][row];
        assert!(found.contains(reason), "{found}");
        assert!(
            !found.contains("bought") && !found.contains("day"),
            "{found}"
        );
    }
    let winback = table(&sandbox, "winback");
    assert!(
        winback["band"].iter().all(|band| band == "lapsed")
            && winback["band_words"].iter().all(|band| band == "已沉默")
    );
    let book = sheets(&sandbox.path("regulars-out/winback.xlsx"));
    assert!(book.contains("name=\"名单\"") && book.contains("列入名单的原因"));
}
