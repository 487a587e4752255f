//! Attributes of the customers beside their history: models learn from them as they were known at each
//! date.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::servers::{lacking, python};
use crate::util::{PRODUCTS, SETTINGS, Sandbox, columns, date, repository, shop};

const CUSTOMERS: &str = r#"
[[sources]]
table = "customers"
path = "customers*.csv"
[sources.columns]
customer_id = "id"
joined_at = "since"
plan = "plan"
points = { column = "points", type = "number" }
email = "email"
"#;

const DAYS: u32 = 240;

/// Most of those who stop coming were on trial; the rest of a line says nothing of it.
fn customers() -> String {
    let mut csv = "id,since,plan,points,email\n".to_owned();
    for number in 0..240_u32 {
        let drawn = number.wrapping_mul(2_654_435_761) >> 16;
        let trial = (number % 3 == 0) == (drawn % 8 != 0);
        let plan = match (trial, drawn % 3) {
            (true, _) => "trial",
            (false, 0) => "gold",
            (false, _) => "basic",
        };
        let _ = writeln!(
            csv,
            "C{number:04},2022-0{}-01 00:00:00,{plan},{},c{number}@example.org",
            1 + drawn % 9,
            drawn % 50
        );
    }
    csv
}

fn settings(more: &str) -> String {
    format!("{SETTINGS}{CUSTOMERS}\n[churn]\n{more}\n")
}

const QUICK: &str = "models = [\"single-feature\", \"boosting\"]\nchosen = \"boosting\"\n";

fn sandbox(more: &str) -> Sandbox {
    Sandbox::new()
        .file("lines.csv", shop(240, DAYS))
        .file("products.csv", PRODUCTS)
        .file("customers.csv", customers())
        .file("regulars.toml", settings(more))
}

fn features_of(sandbox: &Sandbox, file: &str) -> Vec<(String, String)> {
    let model: Value = serde_json::from_str(&sandbox.read(file)).expect("JSON");
    let features = model["features"].as_array().expect("features").iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    features
        .map(|one| (text(&one["name"]), text(&one["kind"])))
        .collect()
}

#[test]
fn attributes_take_part_from_training_to_scores_and_exports() {
    let taken = format!("{QUICK}attributes = [\"plan\", \"points\", \"joined_at\"]\n");
    let sandbox = sandbox(&taken);
    for stage in ["ingest", "features", "churn"] {
        sandbox.regulars(&[stage, "--quiet"]).ended_with(0);
    }
    let by_churn = sandbox.read("regulars-out/churn.csv");
    assert!(
        by_churn.contains("plan is trial"),
        "no reason says the plan"
    );
    sandbox.regulars(&["train"]).ended_with(0).says(&[
        "as if they had been then what they were on that day",
        "map known_at in the source of the customers",
    ]);
    sandbox.regulars(&["models", "promote", "1"]).ended_with(0);
    let features = features_of(&sandbox, "regulars-out/models/churn/0001/model.json");
    for wanted in [
        ("plan", "categorical"),
        ("points", "numeric"),
        ("days_since_joined", "numeric"),
    ] {
        let (name, kind) = wanted;
        assert!(
            features.contains(&(name.to_owned(), kind.to_owned())),
            "{wanted:?}: {features:?}"
        );
    }
    let card = sandbox.read("regulars-out/models/churn/0001/card.md");
    assert!(card.contains("| `plan` |"), "{card}");
    sandbox.regulars(&["score", "--quiet"]).ended_with(0);
    assert_eq!(sandbox.read("regulars-out/churn.csv"), by_churn);
    sandbox.regulars(&["drift"]).ended_with(0);
    exported(&sandbox);
}

/// DuckDB makes the same of the warehouse's files, attributes among them.
fn exported(sandbox: &Sandbox) {
    sandbox
        .regulars(&["models", "export", "--to", "sql", "--features"])
        .ended_with(0);
    sandbox
        .regulars(&["models", "export", "--to", "sql"])
        .ended_with(0);
    sandbox
        .regulars(&["models", "export", "--to", "onnx"])
        .ended_with(0);
    let there = Command::new(python())
        .args(["-c", "import duckdb"])
        .output();
    if !there.is_ok_and(|output| output.status.success()) {
        lacking("Python with duckdb");
        return;
    }
    let folder = fs::read_dir(sandbox.path("regulars-out/features")).expect("features");
    let newest = folder
        .flatten()
        .map(|entry| entry.path())
        .max()
        .expect("a date");
    let output = Command::new(python())
        .arg(repository().join("tests/run_exports.py"))
        .args([
            "features",
            "churn-1.features.duckdb.sql",
            "churn-1.duckdb.sql",
        ])
        .arg(newest)
        .arg("regulars-out/churn.csv")
        .current_dir(sandbox.path(""))
        .output()
        .expect("python starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{wrong}");
    assert!(said.contains("and 3 attributes of"), "{said}");
}

#[test]
fn without_being_named_attributes_change_nothing() {
    let (with, without) = (sandbox(QUICK), sandbox(QUICK));
    let table = customers().replace("trial", "gold");
    without.write("customers.csv", table);
    for sandbox in [&with, &without] {
        for stage in ["ingest", "features", "churn"] {
            sandbox.regulars(&[stage, "--quiet"]).ended_with(0);
        }
    }
    let scores = "regulars-out/churn.csv";
    assert_eq!(with.read(scores), without.read(scores));
}

#[test]
fn all_leaves_out_what_is_personal_or_ignored_and_says_so() {
    let all = format!("{QUICK}attributes = [\"all\"]\nignore = [\"points\"]\n");
    let sandbox = sandbox(&all);
    for stage in ["ingest", "features"] {
        sandbox.regulars(&[stage, "--quiet"]).ended_with(0);
    }
    sandbox
        .regulars(&["churn"])
        .ended_with(0)
        .says(&["nothing is learned from 1 attribute: email (it tells who somebody is)"]);
    let features = features_of(&sandbox, "regulars-out/churn_model.json");
    let there = |name: &str| features.iter().any(|(known, _)| known == name);
    assert!(there("plan") && there("days_since_joined"));
    assert!(!there("email") && !there("points"));
    // A text that nearly everybody has alone is left out though it is named.
    let named = format!("{QUICK}attributes = [\"email\", \"plan\"]\n");
    sandbox.write("regulars.toml", settings(&named));
    sandbox
        .regulars(&["churn"])
        .ended_with(0)
        .says(&["email (240 different texts in 240 rows"]);
}

/// Who stopped coming is marked 60 days later. Known from then on, the mark tells nothing of those who
/// may still leave; without a day, it tells who will.
#[test]
fn what_is_known_later_is_not_known_before() {
    let mut lines = "customer,when,basket,product,paid\n".to_owned();
    let header = "id,known,state\n".to_owned();
    // As they are now; as they were at first, and who was marked later.
    let (mut now, mut first, mut later) = (header.clone(), header.clone(), header);
    for number in 0..400_u32 {
        let drawn = number.wrapping_mul(2_654_435_761) >> 12;
        let leaves = number % 3 == 0;
        let last = if leaves { 60 + drawn % 130 } else { DAYS };
        let mut day = drawn % 9;
        while day < last {
            let _ = writeln!(
                lines,
                "C{number},{} 12:00:00,{number}-{day},bread,2.50",
                date(day)
            );
            day += 3 + (drawn >> (day % 7)) % 20;
        }
        let _ = writeln!(first, "C{number},2022-12-01 00:00:00,open");
        let mark = if leaves { "closed" } else { "open" };
        let _ = writeln!(now, "C{number},,{mark}");
        if leaves {
            let _ = writeln!(later, "C{number},{} 00:00:00,closed", date(last + 60));
        }
    }
    let source = "\n[[sources]]\ntable = \"customers\"\npath = \"marks*.csv\"\n[sources.columns]\ncustomer_id = \"id\"\nstate = \"state\"\n";
    let more = format!("\n[churn]\n{QUICK}attributes = [\"state\"]\nimplausible_auc = 0.75\n");
    let undated = format!("{SETTINGS}{source}{more}");
    let dated = format!("{SETTINGS}{source}known_at = \"known\"\n{more}");
    let sandbox = |settings: &str, marks: &str| {
        Sandbox::new()
            .file("lines.csv", &lines)
            .file("products.csv", PRODUCTS)
            .file("marks.csv", marks)
            .file("regulars.toml", settings)
    };
    let leaky = sandbox(&undated, &now);
    leaky.regulars(&["run"]).ended_with(3).says(&[
        "all but tells by itself who left",
        "state (ROC AUC 0.",
        "add it to ignore",
    ]);
    let dated = dated.replace("implausible_auc", "leaks = \"warn\"\nimplausible_auc");
    let warned = sandbox(&dated, &first);
    warned.regulars(&["ingest", "--quiet"]).ended_with(0);
    warned.write("marks-2.csv", &later);
    let run = warned.regulars(&["run"]).ended_with(0);
    let said = format!("{}{}", run.stdout, run.stderr);
    assert!(!said.contains("state (ROC AUC"), "{said}");
    assert!(!said.contains("as if they had been then"), "{said}");
    // The mark is there, and whoever can still be scored has none.
    let features = features_of(&warned, "regulars-out/churn_model.json");
    assert!(features.iter().any(|(name, _)| name == "state"));
}

#[test]
fn a_category_never_seen_and_an_attribute_that_is_gone_are_told() {
    let taken = format!("{QUICK}attributes = [\"plan\"]\n");
    let sandbox = sandbox(&taken);
    for stage in ["ingest", "features", "train"] {
        sandbox.regulars(&[stage, "--quiet"]).ended_with(0);
    }
    sandbox.regulars(&["models", "promote", "1"]).ended_with(0);
    sandbox.write(
        "customers-2.csv",
        "id,since,plan,points,email\nC0001,2022-01-01 00:00:00,platinum,1,x@example.org\n",
    );
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox
        .regulars(&["score"])
        .ended_with(0)
        .says(&["the model has not met, and takes for missing: `platinum` as plan (1 customer)"]);
    let scores = columns(&sandbox.read("regulars-out/churn.csv"));
    assert!(scores["customer_id"].contains(&"C0001".to_owned()));
    let gone = Sandbox::new()
        .file("lines.csv", shop(240, DAYS))
        .file("products.csv", PRODUCTS)
        .file("customers.csv", customers())
        .file(
            "regulars.toml",
            settings(QUICK).replace("plan = \"plan\"\n", ""),
        );
    gone.regulars(&["ingest", "--quiet"]).ended_with(0);
    let models = sandbox.path("regulars-out/models").display().to_string();
    gone.regulars(&["score", "--registry", &models])
        .ended_with(3)
        .says(&[
            "version 1 looks at `plan`",
            "which this history does not have",
        ]);
}

#[test]
fn attributes_that_cannot_be_taken_say_why() {
    for (line, code, words) in [
        (
            "attributes = [\"plan\", \"plan\"]",
            2,
            "`plan` is there twice",
        ),
        (
            "attributes = [\"all\", \"plan\"]",
            2,
            "`all` is every attribute",
        ),
        (
            "attributes = [\"customer_id\"]",
            2,
            "tells who a customer is",
        ),
        (
            "attributes = [\"plan\"]\nignore = [\"plan\"]",
            2,
            "`plan` is ignored, too",
        ),
        ("attributes = [\"plans\"]", 2, "no attribute `plans`"),
        (
            "attributes = [\"email\"]\n[targets]\npersonal = [\"email\"]",
            2,
            "`email` is personal",
        ),
    ] {
        let sandbox = sandbox(&format!("{QUICK}{line}\n"));
        sandbox
            .regulars(&["run", "--quiet"])
            .ended_with(code)
            .says(&[words]);
    }
    let clash = sandbox(&format!("{QUICK}attributes = [\"frequency\"]\n"));
    let named = clash
        .read("regulars.toml")
        .replace("plan = \"plan\"", "frequency = \"plan\"");
    clash.write("regulars.toml", named);
    clash
        .regulars(&["run", "--quiet"])
        .ended_with(2)
        .says(&["`frequency` is called as a feature of the history is"]);
}
