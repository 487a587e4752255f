//! `check` says what a load would do, and writes nothing; the schema of the settings is current.

use std::fs;

use crate::util::{SETTINGS, repository, shop_sandbox};

#[test]
fn settings_and_data_are_described_and_nothing_is_written() {
    let sandbox = shop_sandbox(40, 150);
    sandbox.regulars(&["check"]).ended_with(0).shows(&[
        "regulars.toml: 2 sources, 0 gates, time zone Europe/Berlin",
        "PRODUCTS\n  source 2: ./products.csv",
        "INTERACTIONS\n  source 1: ./lines.csv",
        "occurred_at  moment, UTC    column `when`      such as 2023-01-01T10:30:00Z",
        "kind         text           always purchase",
        "all 6 rows can be used",
    ]);
    assert!(!sandbox.exists("regulars-out"));
    assert!(sandbox.unfinished().is_empty());
}

#[test]
fn rows_that_would_be_rejected_are_counted_with_their_reasons() {
    let sandbox = shop_sandbox(40, 150);
    let mut lines = sandbox.read("lines.csv");
    lines.push_str("C0001,yesterday,9,bread,1.00\n,2023-02-01,9,bread,1.00\nC1,2023-02-01\n");
    sandbox.write("lines.csv", &lines);
    let rows = lines.lines().count() - 1;
    sandbox.regulars(&["check"]).ended_with(0).shows(&[
        &format!("of all {} rows, 3 (", regulars_count(rows)),
        "1 x occurred_at is no time",
        "`yesterday`",
        "1 x customer_id is empty, first ./lines.csv:",
        "1 x 2 fields where the header has 5",
    ]);
    sandbox
        .regulars(&["check", "--rows", "10"])
        .ended_with(0)
        .shows(&["the first 10 rows can be used"]);
    let strict = sandbox.read("regulars.toml") + "\n[ingest]\nmax_reject_share = 0\n";
    sandbox.write("regulars.toml", strict);
    sandbox
        .regulars(&["check", "--all"])
        .ended_with(3)
        .says(&["interactions: 3 of", "max_reject_share"]);
}

/// A count as it is printed.
fn regulars_count(number: usize) -> String {
    if number < 1000 {
        return number.to_string();
    }
    format!("{},{:03}", number / 1000, number % 1000)
}

#[test]
fn a_wrong_setting_is_what_a_load_would_say() {
    let sandbox = shop_sandbox(40, 150);
    sandbox.write("regulars.toml", SETTINGS.replace("\"paid\"", "\"payed\""));
    sandbox
        .regulars(&["check"])
        .ended_with(2)
        .says(&["lines.csv has no column `payed`", "did you mean `paid`?"]);
    sandbox.write(
        "regulars.toml",
        SETTINGS.replace("\"interactions\"", "\"interactoins\""),
    );
    sandbox
        .regulars(&["check"])
        .ended_with(2)
        .says(&["did you mean `interactions`?"]);
}

#[test]
fn the_last_load_stands_beside_it() {
    let sandbox = shop_sandbox(40, 150);
    sandbox
        .regulars(&["check", "--out", "regulars-out"])
        .ended_with(0)
        .shows(&["not loaded yet"]);
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox
        .regulars(&["check", "--out", "regulars-out"])
        .ended_with(0)
        .shows(&["the warehouse holds 6 rows"]);
}

#[test]
fn columns_that_nothing_is_made_of_are_named() {
    let sandbox = shop_sandbox(40, 150);
    sandbox.write("regulars.toml", SETTINGS.replace("amount = \"paid\"", ""));
    sandbox
        .regulars(&["check"])
        .ended_with(0)
        .shows(&["not used: paid"]);
}

#[test]
fn the_schema_of_the_settings_is_current() {
    let sandbox = shop_sandbox(1, 10);
    let printed = sandbox.regulars(&["settings-schema"]).ended_with(0).stdout;
    let path = repository().join("docs/regulars.schema.json");
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == printed,
        "docs/regulars.schema.json is not what the settings are; make it again:\n  \
         cargo run --release -- settings-schema > docs/regulars.schema.json"
    );
    let schema: serde_json::Value = serde_json::from_str(&printed).expect("JSON");
    let properties = &schema["properties"];
    for section in ["project", "sources", "ingest", "churn", "rules", "gates"] {
        assert!(
            properties[section].is_object(),
            "{section} is not described"
        );
    }
    for null in ["\"null\"", ": null"] {
        assert!(!printed.contains(null), "TOML has no null");
    }
    let undescribed: Vec<String> = without_description(&schema["definitions"]);
    assert!(
        undescribed.is_empty(),
        "settings without a description: {undescribed:?}"
    );
}

/// Properties of the settings' types that say nothing about themselves.
fn without_description(definitions: &serde_json::Value) -> Vec<String> {
    let mut found = Vec::new();
    for (name, definition) in definitions.as_object().expect("definitions") {
        for (key, property) in definition["properties"].as_object().into_iter().flatten() {
            if property["description"].as_str().is_none_or(str::is_empty) {
                found.push(format!("{name}.{key}"));
            }
        }
    }
    found
}
