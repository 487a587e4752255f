//! Folders that are tables of data lakes: the log says which files hold the rows of now.

use std::fs::File;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;

use crate::util::{Sandbox, query};

/// Writes a file of a table: customer, day, amount.
pub fn part(sandbox: &Sandbox, name: &str, rows: &[(&str, &str, f64)]) {
    let text = |of: &dyn Fn(&(&str, &str, f64)) -> String| -> ArrayRef {
        Arc::new(
            rows.iter()
                .map(|row| Some(of(row)))
                .collect::<StringArray>(),
        )
    };
    let columns = [
        ("customer", text(&|row| row.0.to_owned())),
        ("day", text(&|row| row.1.to_owned())),
        (
            "paid",
            Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row.2))) as ArrayRef,
        ),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    sandbox.write(name, "");
    let file = File::create(sandbox.path(name)).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

pub fn add(sandbox: &Sandbox, table: &str, name: &str) -> String {
    let size = std::fs::metadata(sandbox.path(&format!("{table}/{name}")))
        .unwrap()
        .len();
    format!(
        "{{\"add\":{{\"path\":\"{name}\",\"partitionValues\":{{}},\"size\":{size},\"modificationTime\":1700000000000,\"dataChange\":true}}}}\n"
    )
}

pub fn remove(name: &str) -> String {
    format!(
        "{{\"remove\":{{\"path\":\"{name}\",\"deletionTimestamp\":1700000001000,\"dataChange\":true}}}}\n"
    )
}

pub fn commit(sandbox: &Sandbox, table: &str, version: u32, actions: &str) {
    let head = match version {
        0 => {
            let field = |name: &str, kind: &str| {
                format!(
                    "{{\\\"name\\\":\\\"{name}\\\",\\\"type\\\":\\\"{kind}\\\",\\\"nullable\\\":true,\\\"metadata\\\":{{}}}}"
                )
            };
            format!(
                "{{\"protocol\":{{\"minReaderVersion\":1,\"minWriterVersion\":2}}}}\n{{\"metaData\":{{\"id\":\"7f2d2c58-0000-4000-8000-000000000001\",\"format\":{{\"provider\":\"parquet\",\"options\":{{}}}},\"schemaString\":\"{{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{},{},{}]}}\",\"partitionColumns\":[],\"configuration\":{{}},\"createdTime\":1700000000000}}}}\n",
                field("customer", "string"),
                field("day", "string"),
                field("paid", "double"),
            )
        }
        _ => String::new(),
    };
    sandbox.write(
        &format!("{table}/_delta_log/{version:020}.json"),
        head + actions,
    );
}

pub fn settings(path: &str) -> String {
    format!(
        "[[sources]]\ntable = \"interactions\"\nname = \"lake\"\npath = {path}\n[sources.columns]\ncustomer_id = \"customer\"\n\
         occurred_at = \"day\"\nkind = {{ constant = \"purchase\" }}\namount = \"paid\"\n"
    )
}

pub fn holding(sandbox: &Sandbox) -> Vec<String> {
    query(
        &sandbox.path("regulars-out"),
        "SELECT count(*), sum(amount), sum(CASE WHEN customer_id = 'GONE' THEN 1 ELSE 0 END) \
         FROM interactions WHERE replaced_at IS NULL",
    )
    .remove(0)
}

#[test]
fn a_delta_table_is_read_as_it_is_now_however_its_path_is_written() {
    let sandbox = Sandbox::new();
    part(
        &sandbox,
        "lake/sales/1.parquet",
        &[("A", "2024-01-05", 5.0), ("GONE", "2024-01-06", 5.0)],
    );
    part(
        &sandbox,
        "lake/sales/2.parquet",
        &[("B", "2024-02-05", 5.0)],
    );
    let first =
        add(&sandbox, "lake/sales", "1.parquet") + &add(&sandbox, "lake/sales", "2.parquet");
    commit(&sandbox, "lake/sales", 0, &first);
    sandbox.write("regulars.toml", settings("\"lake/sales\""));
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    assert_eq!(holding(&sandbox), ["3", "15.0000", "1"]);
    // The customer is deleted, and an amount corrected; the old file lies there until it is cleaned up.
    part(
        &sandbox,
        "lake/sales/3.parquet",
        &[("A", "2024-01-05", 7.0)],
    );
    let then = add(&sandbox, "lake/sales", "3.parquet") + &remove("1.parquet");
    commit(&sandbox, "lake/sales", 1, &then);
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    assert_eq!(holding(&sandbox), ["2", "12.0000", "0"]);
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    let metrics = &sandbox.manifest("regulars-out")["stages"]["ingest"]["metrics"];
    assert_eq!(metrics["files_read"], 0, "nothing has changed");
    for path in [
        "\"lake/sales/\"",
        "\"lake\"",
        "\"lake/*\"",
        "\"lake/sales/*.parquet\"",
        "\"lake/**/*.parquet\"",
        "[\"lake/sales\", \"lake/sales/*.parquet\"]",
    ] {
        sandbox.write("regulars.toml", settings(path));
        sandbox
            .regulars(&["ingest", "--quiet", "--rebuild"])
            .ended_with(0);
        assert_eq!(holding(&sandbox), ["2", "12.0000", "0"], "{path}");
    }
    sandbox
        .regulars(&["init", "lake/sales", "--force"])
        .ended_with(0);
    assert!(
        sandbox
            .read("regulars.toml")
            .contains("2 rows looked at, which are all")
    );
}

#[test]
fn tables_whose_log_is_not_read_are_refused() {
    let sandbox = Sandbox::new();
    part(&sandbox, "ice/data/1.parquet", &[("A", "2024-01-05", 5.0)]);
    sandbox.write("ice/metadata/v1.metadata.json", "{}");
    part(&sandbox, "hudi/1.parquet", &[("A", "2024-01-05", 5.0)]);
    sandbox.write("hudi/.hoodie/hoodie.properties", "");
    part(&sandbox, "broken/1.parquet", &[("A", "2024-01-05", 5.0)]);
    sandbox.write("broken/_delta_log/00000000000000000000.json", "no log");
    for (path, code, words) in [
        ("\"ice\"", 2, "ice is an Iceberg table"),
        ("\"ice/data/*.parquet\"", 2, "ice is an Iceberg table"),
        ("\"hudi/*.parquet\"", 2, "hudi is a Hudi table"),
        ("\"broken\"", 3, "reading the Delta table ./broken"),
    ] {
        sandbox.write("regulars.toml", settings(path));
        sandbox
            .regulars(&["ingest"])
            .ended_with(code)
            .says(&[words]);
    }
}
