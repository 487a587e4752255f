//! Orders that were cancelled later: the purchase and what cancels it are paired, and from that day on
//! neither counts, if the settings say so.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use arrow::array::AsArray;
use arrow::datatypes::Float64Type;

use crate::util::{Sandbox, columns, date};

const HEADER: &str =
    "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n";

/// A line as Online Retail II has it.
#[derive(Clone)]
struct Line {
    day: u32,
    invoice: String,
    product: u32,
    quantity: i32,
    customer: u32,
    /// Which purchase it takes back, by its place; of that purchase, that it is taken back.
    pair: bool,
}

impl Line {
    fn csv(&self) -> String {
        format!(
            "{},{},Thing {},{},{} 10:{:02}:00,{}.50,{},United Kingdom\n",
            self.invoice,
            20_000 + self.product,
            self.product,
            self.quantity,
            date(self.day),
            self.customer % 60,
            2 + self.product,
            self.customer
        )
    }
}

/// 50 customers who come every nine to thirteen days for 300 days; each seventh order is cancelled
/// four to 37 days later. Customer 99999 has one order, cancelled after 20 days; two more lines take
/// back what nobody bought, early enough that returns are there at every date. 13000 buys every day.
fn history() -> Vec<Line> {
    let mut lines = Vec::new();
    for customer in 0..50_u32 {
        let mut day = customer % 9;
        let mut visit = 0;
        while day < 300 && !(customer % 3 == 0 && day > 180) {
            let order = customer * 100 + visit;
            let cancelled = order % 7 == 3;
            let back = day + 4 + order % 34;
            for line in 0..2 + order % 2 {
                let purchase = Line {
                    day,
                    invoice: (500_000 + order).to_string(),
                    product: (customer + visit * 3 + line * 2) % 11,
                    quantity: 1 + (order % 5 + line) as i32,
                    customer: 12_000 + customer,
                    pair: cancelled && back < 300,
                };
                if purchase.pair {
                    lines.push(Line {
                        day: back,
                        invoice: format!("C{}", 600_000 + order),
                        quantity: -purchase.quantity,
                        ..purchase.clone()
                    });
                }
                lines.push(purchase);
            }
            day += 9 + (customer + visit) % 5;
            visit += 1;
        }
    }
    let big = Line {
        day: 100,
        invoice: "581483".into(),
        product: 3,
        quantity: 80_995,
        customer: 99_999,
        pair: true,
    };
    lines.push(big.clone());
    lines.push(Line {
        day: 120,
        invoice: "C581484".into(),
        quantity: -80_995,
        ..big.clone()
    });
    for (customer, quantity) in [(12_001, -777), (88_888, -1)] {
        lines.push(Line {
            day: 3,
            invoice: format!("C7{customer}"),
            quantity,
            customer,
            pair: false,
            ..big.clone()
        });
    }
    lines.extend((0..300).map(|day| Line {
        day,
        invoice: (900_000 + day).to_string(),
        product: 0,
        quantity: 40,
        customer: 13_000,
        pair: false,
    }));
    lines.sort_by_key(|line| line.day);
    lines
}

fn csv<'a>(lines: impl IntoIterator<Item = &'a Line>) -> String {
    let mut text = HEADER.to_owned();
    for line in lines {
        let _ = write!(text, "{}", line.csv());
    }
    text
}

fn settings(cancelled: &str) -> String {
    format!(
        r#"
[ingest]
cancelled = "{cancelled}"
[[sources]]
table = "interactions"
name = "shop"
path = "*.csv"
[sources.columns]
customer_id = "Customer ID"
occurred_at = "InvoiceDate"
kind = {{ by_sign = "Quantity" }}
basket_id = "Invoice"
product_id = "StockCode"
quantity = "Quantity"
amount = {{ product = ["Quantity", "Price"] }}
[churn]
horizon_days = 28
step_days = 14
min_history_days = 60
[rules]
min_support = 0.01
min_lift = 0
"#
    )
}

fn shop(lines: &str, cancelled: &str) -> Sandbox {
    Sandbox::new()
        .file("lines.csv", lines)
        .file("regulars.toml", settings(cancelled))
}

/// Results that rest on the score date alone.
const OF_NOW: [&str; 4] = ["segments.csv", "rules.csv", "suggestions.csv", "items.csv"];

fn of_now(sandbox: &Sandbox) -> Vec<(String, Vec<u8>)> {
    let results = sandbox.results("regulars-out");
    let last = results
        .keys()
        .filter(|name| name.starts_with("features/"))
        .max()
        .expect("a snapshot")
        .clone();
    let wanted = |name: &String| OF_NOW.contains(&name.as_str()) || *name == last;
    results
        .into_iter()
        .filter(|(name, _)| wanted(name))
        .collect()
}

#[track_caller]
fn same(a: &[(String, Vec<u8>)], b: &[(String, Vec<u8>)]) {
    let names = |files: &[(String, Vec<u8>)]| -> Vec<String> {
        files.iter().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(names(a), names(b));
    assert!(a.len() >= 4, "{:?}", names(a));
    for ((name, one), (_, other)) in a.iter().zip(b) {
        assert!(one == other, "{name} differs");
    }
}

#[test]
fn cancelled_orders_are_drafted_undone_and_counted() {
    let lines = history();
    let sandbox = Sandbox::new().file("online_retail.csv", csv(&lines));
    sandbox
        .regulars(&["init", "online_retail.csv"])
        .ended_with(0)
        .shows(&["cancelled = \"undo\": `Invoice` has", "such as C"]);
    let draft = sandbox.read("regulars.toml");
    assert!(draft.contains("\ncancelled = \"undo\"\n"), "{draft}");
    let pairs = lines
        .iter()
        .filter(|line| line.pair && line.quantity < 0)
        .count();
    assert!(pairs > 100, "{pairs}");
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    let manifest = sandbox.manifest("regulars-out");
    let counted = &manifest["stages"]["ingest"]["metrics"]["cancelled"];
    assert_eq!(counted["matched"], pairs);
    assert_eq!(counted["unmatched"], 2);
    let summary = sandbox.read("regulars-out/summary.txt");
    assert!(
        summary.contains(&format!(
            "without {pairs} purchases that were cancelled later"
        )),
        "{summary}"
    );
    assert!(summary.contains("2 fit none and stay returns"), "{summary}");
    let segments = columns(&sandbox.read("regulars-out/segments.csv"));
    let scored = segments["r"].iter().filter(|score| !score.is_empty());
    assert_eq!(scored.count(), 51);
    // Whoever only brought back what nobody had bought is known, and has never bought.
    let never: Vec<&String> = (segments["customer_id"].iter().zip(&segments["rfm_segment"]))
        .filter(|(_, segment)| *segment == "Never Bought")
        .map(|(id, _)| id)
        .collect();
    assert_eq!(never, ["88888"]);
    assert_eq!(segments["customer_id"].len(), 52);
    assert!(!segments["customer_id"].contains(&"99999".to_owned()));
    let value = columns(&sandbox.read("regulars-out/value.csv"));
    assert_eq!(value["customer_id"].len(), 51);

    sandbox.regulars(&["profile", "--quiet"]).ended_with(0);
    let profile: serde_json::Value =
        serde_json::from_str(&sandbox.read("regulars-out/profile.json")).unwrap();
    assert_eq!(profile["taken_back"]["matched"], pairs);
    assert_eq!(profile["taken_back"]["left_with_nothing"], 1);
    let found = |code: &str| {
        let findings = profile["findings"].as_array().unwrap().iter();
        let mut findings = findings.filter(|finding| finding["code"] == code);
        findings
            .next()
            .map(|f| f["text"].as_str().unwrap().to_owned())
    };
    assert!(found("cancelled-lines").unwrap().contains("2 fit none"));
    let text = found("only-cancelled").unwrap();
    assert!(
        text.starts_with("1 customer (1.9 %) cancelled all"),
        "{text}"
    );
}

#[test]
fn by_default_what_was_bought_counts_and_the_profile_says_whom_it_makes_a_customer() {
    let sandbox = Sandbox::new().file("lines.csv", csv(&history())).file(
        "regulars.toml",
        settings("keep").replace("cancelled = \"keep\"\n", ""),
    );
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    let segments = columns(&sandbox.read("regulars-out/segments.csv"));
    assert!(segments["customer_id"].contains(&"99999".to_owned()));
    let metrics = &sandbox.manifest("regulars-out")["stages"]["ingest"]["metrics"];
    assert!(metrics["cancelled"].is_null());
    sandbox.regulars(&["profile"]).ended_with(0).shows(&[
        "1 customer (1.9 %) cancelled all that they bought",
        "cancelled = \"undo\"",
    ]);
    // The setting needs no new load.
    sandbox.write("regulars.toml", settings("undo"));
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    let segments = columns(&sandbox.read("regulars-out/segments.csv"));
    assert!(!segments["customer_id"].contains(&"99999".to_owned()));
    let metrics = &sandbox.manifest("regulars-out")["stages"]["ingest"]["metrics"];
    assert_eq!(
        (&metrics["load"], &metrics["files_read"]),
        (&1.into(), &0.into())
    );
    assert_eq!(metrics["cancelled"]["unmatched"], 2);
}

#[test]
fn what_was_cancelled_counts_as_if_neither_line_had_been() {
    let lines = history();
    let all = shop(&csv(&lines), "undo");
    let without = shop(&csv(lines.iter().filter(|line| !line.pair)), "keep");
    for sandbox in [&all, &without] {
        sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    }
    same(&of_now(&all), &of_now(&without));
    let kept = shop(&csv(&lines), "keep");
    kept.regulars(&["run", "--quiet"]).ended_with(0);
    assert_ne!(of_now(&kept), of_now(&all));
}

#[test]
fn a_purchase_stands_at_every_date_before_it_was_cancelled() {
    let lines = history();
    let all = shop(&csv(&lines), "undo");
    all.regulars(&["run", "--quiet"]).ended_with(0);
    let results = all.results("regulars-out");
    let dates: Vec<&str> = results
        .keys()
        .filter_map(|name| name.strip_prefix("features/")?.strip_suffix(".parquet"))
        .collect();
    assert!(dates.len() > 5, "{dates:?}");
    let mut straddled = 0;
    for day in &dates[..dates.len() - 1] {
        // What a shop could know on that morning.
        let known = lines.iter().filter(|line| date(line.day).as_str() < *day);
        let then = shop(&csv(known), "undo");
        then.regulars(&["ingest", "--quiet"]).ended_with(0);
        then.regulars(&["features", "--quiet"]).ended_with(0);
        let name = format!("features/{day}.parquet");
        let snapshot = then.results("regulars-out");
        assert!(
            snapshot[&name] == results[&name],
            "{name} knew of later cancellations"
        );
        let backs = lines.iter().filter(|line| line.quantity < 0 && line.pair);
        straddled += backs
            .filter(|back| date(back.day).as_str() >= *day && date(back.day - 37).as_str() < *day)
            .count();
    }
    assert!(straddled > 50, "{straddled}");
    // The big order stood for twenty days.
    for (day, stands) in [(110, true), (120, true), (121, false)] {
        let as_of = date(day);
        let past = Sandbox::like(&all);
        past.regulars(&["features", "--quiet", "--as-of", &as_of])
            .ended_with(0);
        past.regulars(&["segment", "--quiet", "--as-of", &as_of])
            .ended_with(0);
        let segments = columns(&past.read("regulars-out/segments.csv"));
        let there = segments["customer_id"].contains(&"99999".to_owned());
        assert_eq!(there, stands, "{as_of}");
    }
}

#[test]
fn the_shop_was_open_for_everybody_whatever_was_cancelled_later() {
    let line = |day: u32, invoice: String, quantity: i32, customer: u32| Line {
        day,
        invoice,
        product: 0,
        quantity,
        customer,
        pair: false,
    };
    // More than two years. One buys every day but in one week, in which the shop is closed; the other has
    // an order that stands on day 772, from which the last 28 days are tested on.
    let open = (0..800_u32).filter(|day| !(750..757_u32).contains(day));
    let mut lines: Vec<Line> = open
        .map(|day| line(day, (900_000 + day).to_string(), 1, 13_000))
        .collect();
    lines.push(line(700, "500700".into(), 2, 12_000));
    lines.push(line(765, "500765".into(), 3, 12_000));
    lines.push(line(780, "C600780".into(), -3, 12_000));
    let sandbox = shop(&csv(&lines), "undo");
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox.regulars(&["features", "--quiet"]).ended_with(0);
    let name = format!("regulars-out/features/{}.parquet", date(772));
    let snapshot = regulars::outputs::read_parquet(&sandbox.path(&name)).unwrap();
    let values = |column: &str| -> Vec<f64> {
        let values = snapshot.column_by_name(column).expect(column);
        values.as_primitive::<Float64Type>().values().to_vec()
    };
    // It stood by then, and the shop was closed for a week for both.
    assert_eq!(values("recency_days"), [7.0, 1.0]);
    assert_eq!(values("closed_days_28"), [7.0, 7.0]);
}

#[test]
fn loads_may_come_in_any_order_and_pieces() {
    let lines = history();
    let months: BTreeSet<u32> = lines.iter().map(|line| line.day / 60).collect();
    let whole = shop(&csv(&lines), "undo");
    whole.regulars(&["run", "--quiet"]).ended_with(0);
    let pieces = Sandbox::new().file("regulars.toml", settings("undo"));
    // The last months first, so that cancellations are there before what they cancel.
    for month in months.iter().rev() {
        let piece = csv(lines.iter().filter(|line| line.day / 60 == *month));
        pieces.write(&format!("{month}.csv"), piece);
        pieces.regulars(&["ingest", "--quiet"]).ended_with(0);
    }
    pieces
        .regulars(&["run", "--quiet", "--threads", "1"])
        .ended_with(0);
    same(&of_now(&whole), &of_now(&pieces));
    let counted = |sandbox: &Sandbox| {
        sandbox.manifest("regulars-out")["stages"]["ingest"]["metrics"]["cancelled"].clone()
    };
    assert_eq!(counted(&whole), counted(&pieces));
}

#[test]
fn a_status_and_a_refund_of_the_same_amount_cancel_too() {
    let orders = "order,line,customer,when,product,paid,status\n\
        1,1,A,2024-01-05,tea,4.00,paid\n2,1,A,2024-01-09,tea,4.00,paid\n1,1,A,2024-01-12,tea,4.00,cancelled\n\
        3,1,B,2024-01-05,tea,4.00,paid\n4,1,B,2024-01-20,tea,-3.00,refund\n\
        5,1,C,2024-01-05,tea,4.00,paid\n6,1,C,2024-01-20,tea,-4.00,refund\n\
        7,1,D,2024-01-05,tea,4.00,paid\n7,1,D,2024-01-05,milk,1.00,paid\n8,1,,2024-02-05,tea,-4.00,refund\n";
    let sandbox = Sandbox::new().file("orders.csv", orders).file(
        "regulars.toml",
        r#"
[ingest]
cancelled = "undo"
[[sources]]
table = "interactions"
path = "orders.csv"
anonymous = [""]
[sources.columns]
customer_id = "customer"
occurred_at = "when"
kind = { sql = "CASE status WHEN 'paid' THEN 'purchase' ELSE 'return' END" }
basket_id = "order"
product_id = "product"
amount = "paid"
"#,
    );
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    let metrics = &sandbox.manifest("regulars-out")["stages"]["ingest"]["metrics"];
    assert_eq!(
        metrics["cancelled"]["matched"], 2,
        "A's first order and C's"
    );
    assert_eq!(
        metrics["cancelled"]["unmatched"], 1,
        "a part of B's; guests are nobody"
    );
    sandbox.regulars(&["features", "--quiet"]).ended_with(0);
    let found = sandbox.manifest("regulars-out")["stages"]["features"]["metrics"].clone();
    assert_eq!(found["customers"], 3);
    // C has bought nothing; of A's orders the second is left.
    sandbox.regulars(&["segment", "--quiet"]).ended_with(0);
    let segments = columns(&sandbox.read("regulars-out/segments.csv"));
    assert_eq!(segments["customer_id"], ["A", "B", "D"]);
    // Whom the shop has on file is known all the same, as somebody who never bought.
    sandbox.write("people.csv", "who\nA\nC\n");
    let settings = sandbox.read("regulars.toml");
    let people = "[[sources]]\ntable = \"customers\"\npath = \"people.csv\"\n[sources.columns]\ncustomer_id = \"who\"\n";
    sandbox.write("regulars.toml", settings + people);
    for stage in ["ingest", "features", "segment"] {
        sandbox.regulars(&[stage, "--quiet"]).ended_with(0);
    }
    let segments = columns(&sandbox.read("regulars-out/segments.csv"));
    assert_eq!(segments["customer_id"], ["A", "B", "C", "D"]);
    assert_eq!(segments["rfm_segment"][2], "Never Bought");
    let found = sandbox.manifest("regulars-out")["stages"]["features"]["metrics"].clone();
    assert_eq!(found["customers"], 3);
}

#[test]
fn words_that_are_no_setting_and_a_history_that_is_all_cancelled() {
    let sandbox = shop(&csv(&history()), "yes");
    sandbox
        .regulars(&["ingest"])
        .ended_with(2)
        .says(&["regulars.toml:3", "`keep`", "`undo`"]);
    let only = [
        Line {
            day: 1,
            invoice: "1".into(),
            product: 1,
            quantity: 2,
            customer: 1,
            pair: true,
        },
        Line {
            day: 2,
            invoice: "C1".into(),
            product: 1,
            quantity: -2,
            customer: 1,
            pair: true,
        },
    ];
    let sandbox = shop(&csv(&only), "undo");
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox
        .regulars(&["features"])
        .ended_with(3)
        .says(&["cancelled"]);
    sandbox.regulars(&["profile", "--quiet"]).ended_with(0);
}

#[test]
fn a_customer_is_explained_without_what_was_cancelled_and_it_is_marked() {
    let lines = history();
    let sandbox = shop(&csv(&lines), "undo");
    for stage in ["ingest", "features", "segment"] {
        sandbox.regulars(&[stage, "--quiet"]).ended_with(0);
    }
    // One order, taken back: nothing counts, and both lines are told.
    let shown = sandbox
        .regulars(&["explain", "99999"])
        .ended_with(0)
        .shows(&[
            "1 purchase line cancelled later, with what cancelled it: in none of these sums",
            &format!("cancelled on {}", date(120)),
            "cancels a purchase",
        ]);
    assert!(!shown.stdout.contains("in 1 basket"), "{}", shown.stdout);
    // Somebody else: the sums are those of the orders that stand.
    let customer = lines
        .iter()
        .find(|line| line.pair)
        .map(|line| line.customer)
        .expect("somebody who cancelled");
    let own = || {
        lines
            .iter()
            .filter(move |line| line.customer == customer && line.quantity > 0)
    };
    let stand: Vec<&Line> = own().filter(|line| !line.pair).collect();
    let baskets: BTreeSet<&String> = stand.iter().map(|line| &line.invoice).collect();
    let cancelled = own().count() - stand.len();
    let told = format!(
        "{} purchase lines in {} baskets",
        stand.len(),
        baskets.len()
    );
    sandbox
        .regulars(&["explain", &customer.to_string()])
        .ended_with(0)
        .shows(&[
            &told,
            &format!("{cancelled} purchase lines cancelled later"),
        ]);
    // Where they count all the same, nothing is marked.
    let sandbox = shop(&csv(&lines), "keep");
    for stage in ["ingest", "features", "segment"] {
        sandbox.regulars(&[stage, "--quiet"]).ended_with(0);
    }
    let shown = sandbox.regulars(&["explain", "99999"]).ended_with(0);
    let shown = shown.shows(&["1 purchase line in 1 basket"]);
    assert!(!shown.stdout.contains("cancel"), "{}", shown.stdout);
}
