//! Lists that choose by what a contact changes, learned from lists before: campaigns whose effect on
//! every customer is planted, played through the binary as a shop would.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use arrow::array::AsArray;
use arrow::datatypes::Float64Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::util::{PRODUCTS, SETTINGS, Sandbox, columns, date};

/// Customers, and how many of them are in the list that teaches; the others are in that which tests.
const CUSTOMERS: u32 = 9000;
const TAUGHT: u32 = 8000;
/// The first day of the list that teaches, and how long lists run.
const FIRST: u32 = 180;
const DAYS: u32 = 28;

/// An even number between 0 and 1 for what is to be drawn of a customer.
fn unit(customer: u32, what: u32) -> f64 {
    let mut z = (u64::from(customer) << 32 | u64::from(what)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for shift in [30, 27, 31] {
        z = (z ^ (z >> shift)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    (z >> 11) as f64 / (1_u64 << 53) as f64
}

/// Days between purchases, and how many of 28-day periods have one whatever is sent.
fn kind(customer: u32) -> (u32, f64) {
    [(9, 0.6), (60, 0.1), (25, 0.35)][customer as usize % 3]
}

/// What a contact does to those who buy often, seldom, and now and then: the first are sleeping dogs.
fn planted(customer: u32) -> f64 {
    [-0.25, 0.3, 0.0][customer as usize % 3]
}

fn line(csv: &mut String, customer: u32, day: u32) {
    let product = ["bread", "milk", "tea"][(customer + day) as usize % 3];
    let _ = writeln!(
        csv,
        "C{customer:04},{} 10:00:00,{customer}-{day},{product},{}.50",
        date(day),
        2 + customer % 4
    );
}

/// The shop up to the first list.
fn sandbox(targets: &str) -> Sandbox {
    let mut csv = String::from("customer,when,basket,product,paid\n");
    for customer in 0..CUSTOMERS {
        let (pace, _) = kind(customer);
        let mut day = (unit(customer, 0) * f64::from(pace)) as u32;
        while day < FIRST {
            line(&mut csv, customer, day);
            day += 1 + (2.0 * f64::from(pace) * unit(customer, day + 1)) as u32;
        }
    }
    line(&mut csv, 0, FIRST - 1);
    let sandbox = Sandbox::new()
        .file("lines.csv", csv)
        .file("products.csv", PRODUCTS)
        .file("regulars.toml", format!("{SETTINGS}{targets}"));
    for stage in ["ingest", "features"] {
        sandbox.regulars(&[stage, "--quiet"]).ended_with(0);
    }
    sandbox
}

/// A column of the ledger of a list, by customer.
struct Row {
    sent: bool,
    expected: f64,
}

fn ledger(sandbox: &Sandbox, list: &str) -> BTreeMap<u32, Row> {
    let folder = sandbox.path("regulars-out/targets/ledger");
    let mut rows = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a ledger").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with(&format!("{list}-20")) {
            continue;
        }
        let file = fs::File::open(entry.path()).expect("a file");
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
        for batch in reader.build().expect("rows") {
            let batch = batch.expect("a batch");
            let ids = batch.column(0).as_string::<i32>();
            let groups = batch.column_by_name("group").expect("groups");
            let groups = groups.as_string::<i32>();
            let expected = batch.column_by_name("expected_uplift");
            for row in 0..batch.num_rows() {
                let expected = expected.map(|e| e.as_primitive::<Float64Type>().value(row));
                let row_of = Row {
                    sent: groups.value(row) == "sent",
                    expected: expected.unwrap_or(f64::NAN),
                };
                rows.insert(ids.value(row)[1..].parse().expect("a number"), row_of);
            }
        }
    }
    rows
}

/// What customers did in the days after a list, `scale` times what is planted; and loads it.
fn play(sandbox: &Sandbox, list: &str, from: u32, scale: f64) {
    let sent = ledger(sandbox, list);
    let mut csv = sandbox.read("lines.csv");
    for customer in 0..CUSTOMERS {
        let contacted = sent.get(&customer).is_some_and(|row| row.sent);
        let change = if contacted {
            scale * planted(customer)
        } else {
            0.0
        };
        if unit(customer, 10_000 + from) < kind(customer).1 + change {
            let day = from + (f64::from(DAYS) * unit(customer, 20_000 + from)) as u32;
            line(&mut csv, customer, day);
        }
    }
    line(&mut csv, 0, from + DAYS - 1);
    sandbox.write("lines.csv", csv);
    for stage in ["ingest", "features"] {
        sandbox.regulars(&[stage, "--quiet"]).ended_with(0);
    }
}

const LISTS: &str = r#"
[targets.trial]
who = "customer_id < 'C8000'"
control = 0.4
contact_cost = 0.1
[targets.next]
who = "customer_id >= 'C8000'"
choose = "uplift"
uplift_of = "trial"
value = 20
control = 0.3
"#;

/// The area between the curve of what an order changes and the straight line to its end; those of
/// one score are taken together. In expectation, by what is planted: no chance in it.
fn qini(order: &[(f64, u32)]) -> f64 {
    let mut order = order.to_vec();
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    let all = order.len() as f64;
    let (mut area, mut gain) = (0.0, 0.0);
    for equal in order.chunk_by(|a, b| a.0 == b.0) {
        let more: f64 = equal.iter().map(|(_, customer)| planted(*customer)).sum();
        area += (gain + more / 2.0) * equal.len() as f64 / all;
        gain += more;
    }
    area - gain / 2.0
}

#[test]
fn the_next_list_takes_whom_a_contact_changes_and_leaves_sleeping_dogs() {
    let sandbox = sandbox(LISTS);
    sandbox.regulars(&["targets", "next"]).ended_with(2).says(&[
        "[targets] next choose: it has not been learned yet whom a contact of trial changes",
    ]);
    sandbox.regulars(&["targets", "trial"]).ended_with(0);
    sandbox
        .regulars(&["campaign", "learn", "trial"])
        .ended_with(3)
        .says(&["nothing can be learned from trial", "runs until"]);
    play(&sandbox, "trial", FIRST, 1.0);
    sandbox
        .regulars(&["campaign", "learn", "trail"])
        .ended_with(3)
        .says(&["no list `trail` was sent", "did you mean `trial`?"]);
    let learned = sandbox
        .regulars(&["campaign", "learn", "trial"])
        .ended_with(0);
    learned.shows(&[
        "WHOM A CONTACT OF TRIAL CHANGES",
        "4,800 contacted",
        "chosen",
    ]);
    let table = columns(&sandbox.read("regulars-out/campaigns/uplift/trial.csv"));
    assert_eq!(
        table["learner"],
        ["two-models", "transformed-outcome", "x-learner"]
    );
    let number = |name: &str, row: usize| table[name][row].parse::<f64>().expect("a number");
    let chosen = table["chosen"]
        .iter()
        .position(|c| c == "true")
        .expect("one");
    for row in 0..3 {
        assert!(number("qini", row) <= number("qini", chosen));
    }
    assert!(number("qini_low", chosen) > 0.0);

    let made = sandbox.regulars(&["targets", "next"]).ended_with(0);
    made.shows(&[
        "would be less likely to buy if they were contacted (sleeping dogs)",
        "more buyers than without a contact",
    ]);
    let on_it = ledger(&sandbox, "next");
    let others = TAUGHT..CUSTOMERS;
    let of_kind = |kind: u32| {
        let all = others.clone().filter(|customer| customer % 3 == kind);
        let on: Vec<bool> = all.map(|customer| on_it.contains_key(&customer)).collect();
        on.iter().filter(|on| **on).count() as f64 / on.len() as f64
    };
    assert!(
        of_kind(0) < 0.06,
        "sleeping dogs on the list: {}",
        of_kind(0)
    );
    assert!(
        of_kind(1) > 0.95,
        "of those whom it changes: {}",
        of_kind(1)
    );

    // Among customers who taught nothing, beside the best that can be.
    let score = |customer: u32| on_it.get(&customer).map_or(-1.0, |row| row.expected);
    let found: Vec<(f64, u32)> = others.clone().map(|c| (score(c), c)).collect();
    let best: Vec<(f64, u32)> = others.map(|c| (planted(c), c)).collect();
    let share = qini(&found) / qini(&best);
    eprintln!("Qini: {share:.3} of the best possible");
    assert!(share > 0.9, "{share} of the best possible");

    // What was expected of the list is held against what came of it.
    play(&sandbox, "next", FIRST + DAYS, 1.0);
    let read = sandbox
        .regulars(&["campaign", "read", "next"])
        .ended_with(0);
    read.shows(&["Expected when the list was made: +"]);
    let learned = sandbox
        .regulars(&["campaign", "learn", "next", "--also", "trial"])
        .ended_with(0);
    learned.shows(&["trial of 2023-06-30, next of 2023-07-28"]);
}

#[test]
fn an_earlier_list_does_not_know_what_was_learned_later() {
    let sandbox = sandbox(LISTS);
    sandbox.regulars(&["targets", "trial"]).ended_with(0);
    play(&sandbox, "trial", FIRST, 1.0);
    sandbox
        .regulars(&["campaign", "learn", "trial", "--quiet"])
        .ended_with(0);
    let day = date(FIRST + 10);
    sandbox
        .regulars(&["features", "--as-of", &day, "--quiet"])
        .ended_with(0);
    sandbox
        .regulars(&["targets", "next", "--as-of", &day])
        .ended_with(2)
        .says(&["was learned from days before 2023-07-28, and the list is of 2023-07-10"]);
    sandbox
        .regulars(&["campaign", "learn", "trial", "--as-of", &day])
        .ended_with(3)
        .says(&["runs until 2023-07-28"]);
}

#[test]
fn campaigns_that_carry_too_little_are_refused_with_words() {
    let lists = r#"
[targets.none]
who = "customer_id < 'C1000'"
[targets.few]
who = "customer_id < 'C0100'"
control = 0.4
[targets.idle]
who = "true"
control = 0.5
[targets.next]
who = "true"
choose = "uplift"
uplift_of = "idle"
value = 20
"#;
    let sandbox = sandbox(lists);
    for list in ["none", "few", "idle"] {
        sandbox.regulars(&["targets", list]).ended_with(0);
    }
    // A contact that changes nothing.
    play(&sandbox, "idle", FIRST, 0.0);
    sandbox
        .regulars(&["campaign", "learn", "none"])
        .ended_with(3)
        .says(&["nothing can be learned from none", "has no control group"]);
    sandbox
        .regulars(&["campaign", "learn", "few"])
        .ended_with(3)
        .says(&[
            "few carries too little to learn whom a contact changes",
            "it takes 50 of each group",
        ]);
    sandbox
        .regulars(&["campaign", "learn", "idle"])
        .ended_with(0)
        .says(&["no way to learn it told on other customers whom a contact changes"]);
    assert!(sandbox.exists("regulars-out/campaigns/uplift/idle.csv"));
    assert!(!sandbox.exists("regulars-out/campaigns/uplift/idle.json"));
    sandbox
        .regulars(&["targets", "next"])
        .ended_with(2)
        .says(&["what was sent by idle does not tell whom a contact changes"]);
}
