//! Gates asked of small tables in memory, and the report that CI servers get.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use chrono::Days;

use crate::config::Config;
use crate::engine::Engine;
use crate::stages::ingest::gates::*;

/// Days since 1970 of 2024-03-01.
const MARCH: i32 = 19_783;

fn day(number: i32) -> NaiveDate {
    NaiveDate::from_epoch_days(number).unwrap()
}

/// Eight lines: amounts in ten-thousandths, a product that is not known, a channel that is missing.
fn interactions() -> RecordBatch {
    let money = |values: Vec<i128>| -> ArrayRef {
        Arc::new(
            Decimal128Array::from(values)
                .with_precision_and_scale(18, 4)
                .unwrap(),
        )
    };
    let days: Vec<i32> = (0..8).map(|row| MARCH + row).collect();
    let moments: Vec<i64> = days
        .iter()
        .map(|day| i64::from(*day) * 86_400_000_000)
        .collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "customer_id",
            Arc::new(Int64Array::from(vec![1, 1, 2, 2, 3, 3, 4, 4])),
        ),
        (
            "occurred_at",
            Arc::new(TimestampMicrosecondArray::from(moments).with_timezone("UTC")),
        ),
        (
            "kind",
            Arc::new(StringArray::from(vec![
                "purchase", "purchase", "return", "purchase", "purchase", "return", "visit",
                "purchase",
            ])),
        ),
        (
            "channel",
            Arc::new(StringArray::from(vec![
                Some("web"),
                Some("shop"),
                None,
                Some("web"),
                Some("fax"),
                Some("web"),
                Some("web"),
                Some("web"),
            ])),
        ),
        (
            "product_id",
            Arc::new(StringArray::from(vec![
                Some("A1"),
                Some("A2"),
                Some("A1"),
                Some("B9"),
                Some("B9"),
                Some("A2"),
                None,
                Some("A1"),
            ])),
        ),
        (
            "amount",
            money(vec![
                10_000, 25_000, -10_000, 30_000, 9_000_000, -5_000, 0, 40_000,
            ]),
        ),
        ("day", Arc::new(Date32Array::from(days))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn products() -> RecordBatch {
    let ids: ArrayRef = Arc::new(StringArray::from(vec!["A1", "A2", "A3", "A3"]));
    let names: ArrayRef = Arc::new(StringArray::from(vec!["Tea", "Milk", "Salt", "Salt"]));
    RecordBatch::try_from_iter([("product_id", ids), ("name", names)]).unwrap()
}

fn gates(text: &str) -> Vec<Gate> {
    let config: Config = toml::from_str(text).unwrap();
    config.gates
}

fn load() -> LoadCounts {
    let tables = [
        (
            "interactions".to_owned(),
            TableCounts {
                read: 10,
                kept: 8,
                duplicates: 0,
                rejected: 2,
                rows_before: Some(10),
                rows_after: 8,
            },
        ),
        (
            "products".to_owned(),
            TableCounts {
                read: 4,
                kept: 4,
                rows_after: 4,
                ..TableCounts::default()
            },
        ),
    ];
    LoadCounts {
        today: day(MARCH + 7) + Days::new(3),
        tables: tables.into(),
    }
}

fn checked(text: &str) -> Vec<GateResult> {
    let folder = tempfile::tempdir().unwrap();
    let engine = Arc::new(Engine::new(folder.path(), 2, 1 << 26).unwrap());
    let scope = engine.scope();
    scope.batch("next_lines", interactions()).unwrap();
    scope.batch("next_products", products()).unwrap();
    let view = |table: &str| match table {
        "interactions" => Some("next_lines".to_owned()),
        "products" => Some("next_products".to_owned()),
        _ => None,
    };
    check(&scope, &gates(text), &view, &load()).unwrap()
}

/// One gate on the interactions: whether it is passed, the failing rows, and what it says.
#[track_caller]
fn holds(gate: &str, passed: bool, failing: u64, says: &str) {
    let text = format!("[[gates]]\ntable = \"interactions\"\n{gate}\n");
    let result = checked(&text).remove(0);
    assert_eq!(
        (result.passed, result.failing_rows),
        (passed, failing),
        "{result:?}"
    );
    let sentence = result.sentence();
    assert!(sentence.contains(says), "`{says}` is not in: {sentence}");
}

#[test]
fn values_that_are_missing() {
    holds(
        "column = \"channel\"\nnot_null = true",
        false,
        1,
        "1 of 8 rows (12.5 %) failing; for example the row of 2 at 2024-03-03",
    );
    holds(
        "column = \"channel\"\nnot_null = true\nmax_share = 0.2",
        true,
        1,
        "20.0 % of the rows may fail",
    );
    holds(
        "column = \"channel\"\nnot_null = true\nwhere = \"kind = 'purchase' -- the lines\"",
        true,
        0,
        "5 rows, none fails",
    );
}

#[test]
fn values_that_occur_twice() {
    holds(
        "column = \"customer_id\"\nunique = true",
        false,
        4,
        "for example 1 (2 rows), 2 (2 rows)",
    );
    holds(
        "column = \"occurred_at\"\nunique = true",
        true,
        0,
        "none fails",
    );
    let results =
        checked("[[gates]]\ntable = \"products\"\ncolumn = \"product_id\"\nunique = true\n");
    assert_eq!(results[0].examples, ["A3 (2 rows)"]);
    assert_eq!(results[0].failing_rows, 1);
}

#[test]
fn numbers_and_days_that_lie_outside() {
    holds(
        "column = \"amount\"\nrange = { min = 0, max = 100.5 }",
        false,
        3,
        "for example -1.0000, -0.5000, 900.0000",
    );
    holds(
        "column = \"amount\"\nrange = { min = 0 }\nwhere = \"kind = 'purchase'\"",
        true,
        0,
        "expected at least 0",
    );
    holds(
        "column = \"occurred_at\"\nrange = { min = 2024-03-02 }",
        false,
        1,
        "expected at least 2024-03-02",
    );
    holds(
        "column = \"day\"\nrange = { max = \"2024-03-31\" }",
        true,
        0,
        "at most 2024-03-31",
    );
    holds(
        "column = \"kind\"\nrange = { min = 1 }",
        false,
        0,
        "kind is Utf8, which cannot be compared with 1",
    );
}

#[test]
fn values_that_are_not_in_a_list_or_not_of_a_form() {
    holds(
        "column = \"channel\"\none_of = [\"web\", \"shop\"]",
        false,
        1,
        "for example fax",
    );
    holds(
        "column = \"customer_id\"\none_of = [1, 2, 3]",
        false,
        2,
        "for example 4 (2 rows)",
    );
    holds(
        "column = \"amount\"\none_of = [1, 2.5, -1, 3, 900, -0.5, 0, 4]",
        true,
        0,
        "none fails",
    );
    holds(
        "column = \"product_id\"\nmatches = '^A\\d$'",
        false,
        2,
        "for example B9 (2 rows)",
    );
    holds(
        "column = \"customer_id\"\nmatches = '^[1-4]$'",
        true,
        0,
        "matches ^[1-4]$",
    );
}

#[test]
fn values_that_another_table_does_not_know() {
    holds(
        "column = \"product_id\"\nknown_in = \"products\"",
        false,
        2,
        "2 of 7 rows (28.6 %) failing; for example B9 (2 rows)",
    );
    holds(
        "column = \"product_id\"\nknown_in = \"products\"\nwhere = \"kind = 'return'\"",
        true,
        0,
        "2 rows, none fails",
    );
    holds(
        "column = \"customer_id\"\nknown_in = \"customers\"",
        false,
        0,
        "there is no table customers",
    );
}

#[test]
fn expressions_that_are_false() {
    holds(
        "holds = \"amount > 0 OR kind <> 'purchase'\"",
        true,
        0,
        "8 rows, none fails",
    );
    holds(
        "holds = \"kind = 'purchase' OR amount < 0\"",
        false,
        1,
        "the row of 4 at 2024-03-07",
    );
    holds(
        "holds = \"nothing > 0\"",
        false,
        0,
        "a question that cannot be asked",
    );
}

#[test]
fn a_mistake_in_one_gate_leaves_the_others_alone() {
    let results = checked(
        "[[gates]]\ntable = \"interactions\"\nholds = \"nothing > 0\"\n\
         [[gates]]\ntable = \"interactions\"\ncolumn = \"amount\"\nnot_null = true\n\
         [[gates]]\ntable = \"interactions\"\ncolumn = \"gone\"\nnot_null = true\n",
    );
    let passed: Vec<bool> = results.iter().map(|result| result.passed).collect();
    assert_eq!(passed, [false, true, false]);
    assert!(
        results[2].observed.contains("no column `gone`"),
        "{results:?}"
    );
}

#[test]
fn numbers_of_rows_and_the_last_load() {
    holds(
        "rows = { min = 8, max = 8 }",
        true,
        0,
        "expected from 8 to 8 rows; found 8 rows",
    );
    holds("rows = { min = 9 }", false, 0, "at least 9 rows");
    holds(
        "rows = { min_ratio_to_last = 0.9 }",
        false,
        0,
        "found 8 rows; the last load left 10",
    );
    holds(
        "rows = { min_ratio_to_last = 0.8, max_ratio_to_last = 2 }",
        true,
        0,
        "from 0.8 times to 2 times the rows of the last load",
    );
    holds(
        "rows = { min = 6 }\nwhere = \"kind = 'purchase'\"",
        false,
        0,
        "found 5 rows",
    );
    let first = checked("[[gates]]\ntable = \"products\"\nrows = { min_ratio_to_last = 0.9 }\n");
    assert!(
        first[0].passed,
        "a first load has nothing to be held against: {first:?}"
    );
}

#[test]
fn days_that_are_too_long_ago() {
    holds("fresh_within_days = 3", true, 0, "newest day 2024-03-08");
    holds(
        "fresh_within_days = 2",
        false,
        0,
        "expected newest day 2024-03-09 or later, 2 days before 2024-03-11",
    );
    holds(
        "fresh_within_days = 4\nwhere = \"kind = 'return'\"",
        false,
        0,
        "found newest day 2024-03-06",
    );
}

#[test]
fn too_many_rejected_rows() {
    holds(
        "max_reject_share = 0.2",
        true,
        2,
        "2 of 10 rows (20.0 %) rejected",
    );
    holds(
        "max_reject_share = 0.1",
        false,
        2,
        "at most 10.0 % of the rows rejected",
    );
}

#[test]
fn a_verdict_stops_for_failures_and_warns_of_the_rest() {
    let warn = "[[gates]]\nname = \"Lines are plausible\"\ntable = \"interactions\"\ncolumn = \"amount\"\nrange = { min = 0 }\nlevel = \"warn\"\n";
    let warnings = verdict(&checked(warn)).unwrap();
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0]
            .message
            .starts_with("gate Lines are plausible: expected at least 0; found 2 of 8 rows"),
        "{warnings:?}"
    );
    let failure = verdict(&checked(&warn.replace("warn", "fail"))).unwrap_err();
    assert!(
        failure
            .message
            .starts_with("1 of 1 gate not passed; nothing was committed"),
        "{failure}"
    );
    assert_eq!(failure.cause.exit_code(), 3);
}

#[test]
fn a_report_for_ci_servers() {
    let results = checked(
        "[[gates]]\ntable = \"interactions\"\ncolumn = \"amount\"\nrange = { min = 0 }\n\
         [[gates]]\ntable = \"products\"\ncolumn = \"product_id\"\nunique = true\nlevel = \"warn\"\nname = \"<one> & each\"\n\
         [[gates]]\ntable = \"interactions\"\nrows = { min = 1 }\n",
    );
    let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="Corner shop" tests="3" skipped="1" failures="1" errors="0">
    <testsuite name="gates.interactions" tests="2" skipped="0" failures="1" errors="0">
        <testcase name="interactions.amount range" classname="gates.interactions">
            <failure message="expected at least 0; found 2 of 8 rows (25.0 %) failing" type="range">-1.0000
-0.5000</failure>
        </testcase>
        <testcase name="interactions rows" classname="gates.interactions">
            <system-out>expected at least 1 rows; found 8 rows</system-out>
        </testcase>
    </testsuite>
    <testsuite name="gates.products" tests="1" skipped="1" failures="0" errors="0">
        <testcase name="&lt;one&gt; &amp; each" classname="gates.products">
            <skipped message="warning: expected every value once; found 1 of 4 rows (25.0 %) failing" type="unique">A3 (2 rows)</skipped>
        </testcase>
    </testsuite>
</testsuites>
"#;
    assert_eq!(junit(&results, "Corner shop"), expected);
    let odd = junit(&results, "A\u{7}\u{ffff}<B> 'n' \"C\"");
    assert!(odd.contains("name=\"A\\u{7}\u{fffd}&lt;B&gt; &apos;n&apos; &quot;C&quot;\""));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reports/gates.xml");
    write_junit(&path, &results, "Corner shop").unwrap();
    assert_eq!(std::fs::read_to_string(path).unwrap(), expected);
    assert_eq!(
        serde_json::to_value(&results[2]).unwrap(),
        serde_json::json!({
            "name": "interactions rows", "table": "interactions", "column": null, "check": "rows",
            "level": "fail", "passed": true, "expected": "at least 1 rows", "observed": "8 rows",
            "failing_rows": 0, "examples": []
        })
    );
}
