//! Bad input gives one message (what, where, what would mend it) or a counted reject; never a
//! panic, a backtrace or a half-written file.

use std::sync::Arc;

use arrow::array::{Float64Array, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};

use crate::util::{PRODUCTS, Run, SETTINGS, Sandbox, columns, shop, shop_sandbox};

/// A shop whose settings are changed by replacing a text.
fn with_settings(from: &str, to: &str) -> Sandbox {
    let sandbox = shop_sandbox(40, 150);
    assert!(SETTINGS.contains(from), "the settings have no `{from}`");
    sandbox.write("regulars.toml", SETTINGS.replace(from, to));
    sandbox
}

/// The run fails before anything is written, with one message.
#[track_caller]
fn refused(sandbox: &Sandbox, code: i32, words: &[&str]) -> Run {
    let run = sandbox.regulars(&["run"]).ended_with(code).says(words);
    assert_eq!(
        run.stderr.matches("regulars: ").count(),
        1,
        "one message: {}",
        run.stderr
    );
    assert!(
        run.stderr.contains("hint: "),
        "it says what would mend it: {}",
        run.stderr
    );
    assert!(
        !sandbox.exists("regulars-out/manifest.json"),
        "nothing was written"
    );
    assert!(
        !sandbox.exists("regulars-out/warehouse/interactions/_delta_log/00000000000000000000.json")
    );
    assert!(
        sandbox.unfinished().is_empty(),
        "{:?}",
        sandbox.unfinished()
    );
    run
}

#[test]
fn a_missing_file() {
    let sandbox = with_settings("\"lines.csv\"", "\"line.csv\"");
    refused(
        &sandbox,
        2,
        &[
            "regulars.toml:9:",
            "source 1 (interactions)",
            "there is no file",
            "did you mean `lines.csv`?",
        ],
    );
}

#[test]
fn a_folder_without_any_file_that_can_be_read() {
    let sandbox = with_settings("\"lines.csv\"", "\"somewhere\"").file("somewhere/x", "");
    refused(
        &sandbox,
        2,
        &[
            "the folder ./somewhere has no file that can be read",
            ".csv",
        ],
    );
}

#[test]
fn an_unknown_column() {
    let sandbox = with_settings("amount = \"paid\"", "amount = \"payed\"");
    refused(
        &sandbox,
        2,
        &[
            "regulars.toml:16:",
            "lines.csv has no column `payed`",
            "did you mean `paid`?",
        ],
    );
}

#[test]
fn an_unknown_column_in_sql() {
    let sandbox = with_settings(
        "amount = \"paid\"",
        "amount = { sql = \"try_cast(payed AS DOUBLE)\" }",
    );
    refused(&sandbox, 2, &["regulars.toml:16:", "payed", "`paid`"]);
}

#[test]
fn sql_that_calculates_with_text() {
    let sandbox = with_settings("amount = \"paid\"", "amount = { sql = \"paid * 2.0\" }");
    let run = sandbox.regulars(&["run"]);
    // Either the engine reads the text as a number, or it says how to.
    if run.code != 0 {
        run.ended_with(2).says(&["try_cast"]);
    }
}

#[test]
fn an_unknown_key() {
    let sandbox = with_settings("currency = ", "curency = ");
    refused(
        &sandbox,
        2,
        &[
            "regulars.toml:5:",
            "unknown key `curency`",
            "did you mean `currency`?",
        ],
    );
}

#[test]
fn an_unknown_section() {
    let sandbox = with_settings("[project]", "[chrun]\nhorizon_days = 3\n[project]");
    refused(
        &sandbox,
        2,
        &["unknown key `chrun`", "did you mean `churn`?"],
    );
}

#[test]
fn an_unknown_canonical_column() {
    let sandbox = with_settings("amount = ", "ammount = ");
    refused(
        &sandbox,
        2,
        &[
            "`ammount` is no column of interactions",
            "did you mean `amount`?",
        ],
    );
}

#[test]
fn an_unknown_table_and_an_unknown_kind() {
    refused(
        &with_settings("table = \"interactions\"", "table = \"interaction\""),
        2,
        &["did you mean `interactions`?"],
    );
    refused(
        &with_settings("constant = \"purchase\"", "constant = \"purchases\""),
        2,
        &["did you mean `purchase`?"],
    );
}

#[test]
fn a_required_column_that_is_not_mapped() {
    refused(
        &with_settings("occurred_at = \"when\"\n", ""),
        2,
        &["`occurred_at` is not mapped"],
    );
    refused(
        &with_settings("kind = { constant = \"purchase\" }\n", ""),
        2,
        &["`kind` is not mapped", "constant"],
    );
}

#[test]
fn settings_out_of_range() {
    refused(
        &with_settings("[project]", "[rules]\nmin_support = 0\n[project]"),
        2,
        &["regulars.toml:3:", "[rules] min_support"],
    );
    refused(
        &with_settings("[project]", "[segment]\nmax_clusters = 1\n[project]"),
        2,
        &["[segment] max_clusters"],
    );
    refused(
        &with_settings(
            "[project]",
            "[churn]\nhorizon_days = \"four weeks\"\n[project]",
        ),
        2,
        &["regulars.toml:3:"],
    );
    refused(
        &with_settings("Europe/Berlin", "Europe/Atlantis"),
        2,
        &["regulars.toml:4:", "Atlantis"],
    );
    refused(
        &with_settings("[project]", "[engine]\nmemory_limit = \"much\"\n[project]"),
        2,
        &["512 MiB"],
    );
}

#[test]
fn an_item_to_exclude_that_does_not_exist() {
    let sandbox = with_settings("[project]", "[rules]\nexclude = [\"Lofes\"]\n[project]");
    sandbox.regulars(&["run"]).ended_with(2).says(&[
        "regulars.toml:3:",
        "Lofes",
        "did you mean `Loaves`?",
    ]);
    assert!(!sandbox.exists("regulars-out/rules.csv"));
    assert!(sandbox.unfinished().is_empty());
}

#[test]
fn settings_that_are_no_toml() {
    let sandbox = shop_sandbox(40, 150).file("regulars.toml", "[project\nname = 1");
    sandbox
        .regulars(&["run"])
        .ended_with(2)
        .says(&["regulars.toml:1:"]);
}

#[test]
fn an_empty_file_and_a_header_alone() {
    let sandbox = shop_sandbox(40, 150).file("lines.csv", "");
    sandbox
        .regulars(&["run"])
        .ended_with(3)
        .says(&["lines.csv: the file is empty"]);
    let sandbox = shop_sandbox(40, 150).file("lines.csv", "customer,when,basket,product,paid\n");
    refused(
        &sandbox,
        3,
        &["none of the 0 source rows of interactions can be used"],
    );
}

#[test]
fn one_customer() {
    let sandbox = shop_sandbox(1, 300);
    sandbox.write(
        "lines.csv",
        shop(2, 300)
            .lines()
            .filter(|line| !line.starts_with("C0000"))
            .collect::<Vec<_>>()
            .join("\n")
            + "\n",
    );
    sandbox
        .regulars(&["run"])
        .ended_with(0)
        .shows(&["1 customer "])
        .says(&["churn was left out"]);
    assert_eq!(
        columns(&sandbox.read("regulars-out/segments.csv"))["customer_id"],
        ["C0001"]
    );
    sandbox.regulars(&["churn"]).ended_with(3);
}

#[test]
fn one_line() {
    let sandbox = shop_sandbox(1, 300).file(
        "lines.csv",
        "customer,when,basket,product,paid\nC1,2023-05-05,1,bread,1.00\n",
    );
    sandbox
        .regulars(&["run"])
        .ended_with(0)
        .shows(&["1 customer and 1 interaction until 2023-05-05"]);
}

#[test]
fn no_products() {
    let cut = SETTINGS.rfind("[[sources]]").unwrap();
    let sandbox = shop_sandbox(80, 300).file("regulars.toml", &SETTINGS[..cut]);
    sandbox
        .regulars(&["run"])
        .ended_with(0)
        .says(&["no source feeds the products"]);
    let rules = columns(&sandbox.read("regulars-out/rules.csv"));
    assert!(
        rules["antecedent"].contains(&"butter".to_owned()),
        "rules work on product ids: {rules:?}"
    );
}

/// A shop with some lines added.
fn with_lines(lines: &[&str]) -> Sandbox {
    let sandbox = shop_sandbox(40, 150);
    sandbox.write("lines.csv", shop(40, 150) + &lines.join("\n") + "\n");
    sandbox
}

#[track_caller]
fn counts(sandbox: &Sandbox) -> [u64; 4] {
    let manifest = sandbox.manifest("regulars-out");
    let tables = manifest["stages"]["ingest"]["metrics"]["tables"]
        .as_array()
        .unwrap();
    let table = tables
        .iter()
        .find(|table| table["table"] == "interactions")
        .unwrap();
    ["read", "kept", "duplicates", "rejected"].map(|name| table[name].as_u64().unwrap())
}

#[test]
fn bad_cells_become_rejects_with_file_line_column_value_and_reason() {
    let good = shop(40, 150).lines().count() as u64 - 1;
    let sandbox = with_lines(&[
        "C0001,2999-01-01,9001,bread,1.00",
        "C0001,2023-02-30,9002,bread,1.00",
        "C0001,2023-03-03,9003,bread,NaN",
        "C0001,2023-03-03,9004,bread,\"1,50\"",
        "C0001,2023-03-03,9005,bread,cheap",
        ",2023-03-03,9006,bread,1.00",
        "C0001,2023-03-03,9007,bread",
        "C0001,2023-03-03,9008,bread,1.00,and more",
    ]);
    sandbox
        .regulars(&["ingest"])
        .ended_with(0)
        .says(&["8 of", "rejected"]);
    assert_eq!(counts(&sandbox), [good + 8, good, 0, 8]);
    let rejects = columns(&sandbox.read("regulars-out/rejects/interactions.csv"));
    let line = |n: u64| (good + 1 + n).to_string();
    let expected: [(&str, &str, &str); 8] = [
        (
            "occurred_at",
            "2998-12-31 23:00:00 UTC",
            "lies in the future",
        ),
        ("occurred_at", "2023-02-30", "is no time"),
        ("amount", "NaN", "is not a finite number"),
        ("amount", "1,50", "write a point for the decimals"),
        ("amount", "cheap", "is no number"),
        ("customer_id", "", "is empty"),
        (
            "",
            "C0001,2023-03-03,9007,bread",
            "4 fields where the header has 5",
        ),
        (
            "",
            "C0001,2023-03-03,9008,bread,1.00,and more",
            "6 fields where the header has 5",
        ),
    ];
    for (number, (column, value, reason)) in expected.into_iter().enumerate() {
        let row = rejects["line"]
            .iter()
            .position(|l| *l == line(number as u64 + 1))
            .unwrap_or_else(|| {
                panic!(
                    "no reject for line {}: {rejects:?}",
                    line(number as u64 + 1)
                )
            });
        assert_eq!(rejects["column"][row], column);
        assert_eq!(rejects["value"][row], value);
        assert!(
            rejects["reason"][row].contains(reason),
            "{} lacks {reason}",
            rejects["reason"][row]
        );
        assert!(rejects["file"][row].ends_with("lines.csv"));
    }
}

#[test]
fn duplicate_lines_are_counted_and_left_out_or_kept_as_the_settings_say() {
    let text = shop(40, 150);
    let good = text.lines().count() as u64 - 1;
    let again: Vec<&str> = text.lines().skip(1).take(3).collect();
    let sandbox = with_lines(&again);
    sandbox
        .regulars(&["ingest"])
        .ended_with(0)
        .says(&["3 rows left out that were there already"]);
    assert_eq!(counts(&sandbox), [good + 3, good, 3, 0]);
    assert_eq!(
        columns(&sandbox.read("regulars-out/rejects/interactions.csv"))["line"].len(),
        3
    );
    sandbox.write(
        "regulars.toml",
        SETTINGS.to_owned() + "\n[ingest]\nduplicates = \"keep\"\n",
    );
    sandbox.regulars(&["ingest"]).ended_with(0);
    assert_eq!(counts(&sandbox), [good + 3, good + 3, 0, 0]);
    assert!(
        !sandbox.exists("regulars-out/rejects/interactions.csv"),
        "rejects of an earlier load are gone"
    );
}

#[test]
fn a_load_with_too_many_rejects_fails_before_anything_is_committed() {
    let sandbox = shop_sandbox(40, 150);
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    let before = sandbox.data_files("regulars-out");
    let bad = sandbox.read("lines.csv").replace(".50", " euros");
    sandbox.write("lines.csv", bad);
    sandbox.regulars(&["run"]).ended_with(3).says(&[
        "cannot be used, more than the 5.0 % that the settings allow; nothing was loaded",
        "rejects/interactions.csv",
        "max_reject_share",
    ]);
    sandbox.regulars(&["features", "--quiet"]).ended_with(0);
    assert!(
        before == sandbox.data_files("regulars-out"),
        "the earlier load is still the one that is read"
    );
}

#[test]
fn a_second_row_for_one_product_is_a_reject() {
    let sandbox = shop_sandbox(40, 150).file(
        "products.csv",
        format!("{PRODUCTS}bread,Toast,Bakery,Loaves\n"),
    );
    sandbox.write(
        "regulars.toml",
        SETTINGS.to_owned() + "\n[ingest]\nmax_reject_share = 0.5\n",
    );
    sandbox
        .regulars(&["ingest"])
        .ended_with(0)
        .says(&["products: 1 of 7 rows rejected"]);
    let rejects = columns(&sandbox.read("regulars-out/rejects/products.csv"));
    assert_eq!(
        (rejects["value"][0].as_str(), rejects["reason"][0].as_str()),
        ("bread", "has a row already")
    );
}

#[test]
fn lines_of_products_that_nobody_knows_are_kept_and_counted() {
    let sandbox = with_lines(&["C0001,2023-03-03,9001,mystery,1.00"]);
    sandbox
        .regulars(&["ingest"])
        .ended_with(0)
        .says(&["1 rows name products that the products table does not have"]);
}

/// A Parquet file of three lines, the second without an amount.
fn parquet_lines(path: &std::path::Path, when: RecordBatch) {
    let file = std::fs::File::create(path).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, when.schema(), None).unwrap();
    writer.write(&when).unwrap();
    writer.close().unwrap();
}

const PARQUET_SETTINGS: &str = "[[sources]]\ntable = \"interactions\"\npath = \"lines.parquet\"\n[sources.columns]\n\
     customer_id = \"customer\"\noccurred_at = \"when\"\nkind = { constant = \"purchase\" }\namount = \"paid\"\n\
     [ingest]\nmax_reject_share = 0.5\n";

#[test]
fn a_nan_amount_in_parquet_is_a_reject_and_a_wrong_type_says_so() {
    let lines = |when: DataType| {
        let moments = TimestampMicrosecondArray::from(vec![1_700_000_000_000_000; 3]);
        let when_column: arrow::array::ArrayRef = match when {
            DataType::Int64 => Arc::new(Int64Array::from(vec![1, 2, 3])),
            _ => Arc::new(moments),
        };
        let schema = Schema::new(vec![
            Field::new("customer", DataType::Int64, true),
            Field::new("when", when, true),
            Field::new("paid", DataType::Float64, true),
        ]);
        let customers = Int64Array::from(vec![1, 2, 3]);
        let paid = Float64Array::from(vec![Some(1.0), Some(f64::NAN), Some(2.0)]);
        RecordBatch::try_new(
            Arc::new(schema),
            vec![Arc::new(customers), when_column, Arc::new(paid)],
        )
        .unwrap()
    };
    let sandbox = Sandbox::new().file("regulars.toml", PARQUET_SETTINGS);
    parquet_lines(
        &sandbox.path("lines.parquet"),
        lines(DataType::Timestamp(TimeUnit::Microsecond, None)),
    );
    sandbox.regulars(&["ingest"]).ended_with(0);
    assert_eq!(counts(&sandbox), [3, 2, 0, 1]);
    let rejects = columns(&sandbox.read("regulars-out/rejects/interactions.csv"));
    assert_eq!(
        (rejects["line"][0].as_str(), rejects["column"][0].as_str()),
        ("2", "amount")
    );

    parquet_lines(&sandbox.path("lines.parquet"), lines(DataType::Int64));
    sandbox
        .regulars(&["ingest"])
        .ended_with(3)
        .says(&["is Int64, not a time", "to_timestamp"]);
}

#[test]
fn a_parquet_file_that_was_cut_short() {
    let sandbox = Sandbox::new()
        .file("regulars.toml", PARQUET_SETTINGS)
        .file("lines.parquet", b"PAR1 and then nothing more");
    refused(&sandbox, 3, &["lines.parquet", "no whole Parquet file"]);
}

#[test]
fn text_that_is_not_utf8() {
    let mut lines = shop(40, 150).into_bytes();
    lines.extend(b"C0001,2023-03-03,9001,K\xe4se,1.00\n");
    let sandbox = shop_sandbox(40, 150).file("lines.csv", lines);
    sandbox
        .regulars(&["ingest"])
        .ended_with(0)
        .says(&["1 of", "not UTF-8 text"]);
}

#[test]
fn a_history_that_ends_before_the_as_of_date_begins() {
    let sandbox = shop_sandbox(40, 150);
    sandbox
        .regulars(&["run", "--as-of", "2020-01-01"])
        .ended_with(3)
        .says(&["there is no purchase before 2020-01-01"]);
}

#[test]
fn an_as_of_date_long_after_the_history_counts_from_its_end() {
    let sandbox = shop_sandbox(40, 150);
    sandbox
        .regulars(&["run", "--as-of", "2025-01-01"])
        .ended_with(0)
        .says(&["nobody bought anything from 2023-05-31 until 2025-01-01"]);
}
