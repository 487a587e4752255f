//! What a run takes: said afterwards by `run --timings`, and beforehand by `run --estimate`.

use std::fmt::Write as _;

use crate::util::{PRODUCTS, SETTINGS, Sandbox, date, shop, shop_sandbox};

const STAGES: [&str; 9] = [
    "ingest", "features", "segment", "churn", "value", "classes", "rules", "offers", "report",
];

/// The words of the line of a table that begins with this one.
#[track_caller]
fn line<'a>(text: &'a str, first: &str) -> Vec<&'a str> {
    let mut lines = text.lines().map(|line| line.split_whitespace().collect());
    lines
        .find(|words: &Vec<&str>| words.first() == Some(&first))
        .unwrap_or_else(|| panic!("no line {first} in:\n{text}"))
}

#[track_caller]
fn number(text: &str, stage: &str, place: usize) -> f64 {
    let word = line(text, stage)[place].replace(',', "");
    word.parse()
        .unwrap_or_else(|_| panic!("{word} in:\n{text}"))
}

#[test]
fn timings_are_what_the_manifest_says_and_estimates_come_before_them() {
    let sandbox = shop_sandbox(120, 240);
    let before = sandbox.regulars(&["run", "--estimate"]).ended_with(0);
    assert!(before.stdout.contains("nothing has been written"));
    assert!(
        !sandbox.exists("regulars-out"),
        "an estimate writes nothing"
    );
    for stage in STAGES {
        assert!(number(&before.stdout, stage, 2) >= 0.0, "{}", before.stdout);
    }
    assert!(number(&before.stdout, "all", 2) > 0.0, "{}", before.stdout);

    let run = sandbox
        .regulars(&["run", "--quiet", "--timings"])
        .ended_with(0);
    let manifest = sandbox.manifest("regulars-out");
    let mut cpu = 0.0;
    for stage in STAGES {
        let Some(entry) = manifest["stages"].get(stage) else {
            continue;
        };
        let said = number(&run.stdout, stage, 1);
        assert!((said - entry["seconds"].as_f64().unwrap()).abs() < 0.006);
        if let Some(seconds) = entry["cpu_seconds"].as_f64() {
            cpu += seconds;
            assert!((number(&run.stdout, stage, 2) - seconds).abs() < 0.006);
        }
        if let Some(bytes) = entry["bytes_written"].as_u64() {
            assert!(bytes > 100, "{stage} has written {bytes} bytes");
        }
    }
    if cpu > 0.0 {
        assert!((number(&run.stdout, "all", 2) - cpu).abs() < 0.01);
    }
    // Whoever asks for none gets none.
    let quiet = sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    assert_eq!(quiet.stdout, "");

    // The estimate goes by what that run took, and twice the history takes longer.
    let known = sandbox.regulars(&["run", "--estimate"]).ended_with(0);
    assert!(
        known.stdout.contains("by what the last run into"),
        "{}",
        known.stdout
    );
    sandbox.write("lines.csv", shop(240, 240));
    let more = sandbox.regulars(&["run", "--estimate"]).ended_with(0);
    let all = |text: &str| number(text, "all", 2);
    assert!(all(&more.stdout) >= all(&known.stdout), "{}", more.stdout);
}

#[test]
fn a_second_run_reads_nothing_new_and_its_time_is_no_estimate_of_a_load() {
    let sandbox = shop_sandbox(60, 120);
    let by_rates = sandbox.regulars(&["run", "--estimate"]).ended_with(0);
    for _ in 0..2 {
        sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    }
    let again = sandbox.regulars(&["run", "--estimate"]).ended_with(0);
    assert!(again.stdout.contains("by what the last run into"));
    assert_eq!(
        line(&again.stdout, "ingest"),
        line(&by_rates.stdout, "ingest")
    );
}

#[test]
fn an_estimate_says_what_keeps_a_run_from_beginning() {
    let sandbox = Sandbox::new()
        .file("products.csv", PRODUCTS)
        .file("regulars.toml", SETTINGS);
    let missing = sandbox.regulars(&["run", "--estimate"]).ended_with(2);
    missing.says(&["lines.csv"]);
    let sandbox = shop_sandbox(20, 60);
    sandbox
        .regulars(&["run", "--estimate", "--timings"])
        .ended_with(2)
        .says(&["cannot be used with"]);
    sandbox
        .regulars(&["run", "--estimate", "--rebuild"])
        .ended_with(2)
        .says(&["cannot be used with"]);
    sandbox.write("regulars-out/manifest.json", "{ not json");
    sandbox
        .regulars(&["run", "--estimate"])
        .ended_with(3)
        .says(&["manifest.json", "no manifest of regulars"]);
}

#[test]
fn a_history_without_products_or_customers_is_reckoned_as_far_as_it_goes() {
    let mut csv = String::from("customer,when,kind,paid\n");
    for row in 0..600 {
        let _ = writeln!(csv, "c{},{} 10:00:00,purchase,5", row % 20, date(row / 20));
    }
    let settings = r#"
[project]
name = "Plain"
currency = "EUR"

[[sources]]
table = "interactions"
path = "lines.csv"
[sources.columns]
customer_id = "customer"
occurred_at = "when"
kind = "kind"
amount = "paid"
"#;
    let sandbox = Sandbox::new()
        .file("lines.csv", csv)
        .file("regulars.toml", settings);
    let said = sandbox.regulars(&["run", "--estimate"]).ended_with(0);
    let text = &said.stdout;
    assert!(text.contains("reckoned from the interactions"), "{text}");
    assert!(text.contains("neither rules nor offers"), "{text}");
    assert!(text.contains("interactions in 1 file of"), "{text}");
    assert!(
        !text.lines().any(|line| line.starts_with("rules")),
        "{text}"
    );
}
