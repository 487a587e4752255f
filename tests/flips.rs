//! Bytes that have changed on their way: a damaged file is read as what it says now, or refused in
//! words; nothing panics, and nothing takes longer than it should.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;

use crate::formats::workbook;
use crate::util::{Sandbox, shop_sandbox};

/// How long one kind of file is tried.
const TIME: Duration = Duration::from_secs(50);

fn settings(name: &str) -> String {
    format!(
        "[ingest]\nmax_reject_share = 1.0\n[[sources]]\ntable = \"interactions\"\npath = {name:?}\n{}\
         [sources.columns]\ncustomer_id = \"customer\"\noccurred_at = \"when\"\n\
         kind = {{ constant = \"purchase\" }}\nproduct_id = \"product\"\namount = \"paid\"\n",
        if name.ends_with("xlsx") {
            "sheet = \"Sales\"\n"
        } else {
            ""
        }
    )
}

/// Tries a file with single bits and bytes changed, cut off and doubled, at places that are spread
/// over it.
fn tried(name: &str, whole: &[u8]) {
    let sandbox = Sandbox::new()
        .file(name, whole)
        .file("regulars.toml", settings(name));
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    let clock = Instant::now();
    let (mut tries, mut refused) = (0, 0);
    while tries < 120 && clock.elapsed() < TIME {
        // Golden steps meet every part of the file, whatever its length.
        let place = (tries * 1_640_531 + 17) % whole.len();
        let mut bytes = whole.to_vec();
        match tries % 4 {
            0 => bytes[place] ^= 1 << (tries / 4 % 8),
            1 => bytes[place] = 0xff,
            2 => bytes.truncate(place),
            _ => bytes
                .splice(place..place, whole[..place.min(64)].to_vec())
                .for_each(drop),
        }
        sandbox.write(name, bytes);
        let one = Instant::now();
        let run = sandbox.regulars(&["check", "--all"]);
        assert!(
            matches!(run.code, 0 | 2 | 3),
            "try {tries}, byte {place}: exit code {}\n{}",
            run.code,
            run.stderr
        );
        assert!(
            one.elapsed() < Duration::from_secs(20),
            "try {tries}, byte {place}"
        );
        refused += usize::from(run.code != 0);
        tries += 1;
    }
    assert!(tries >= 20, "only {tries} tries in {TIME:?}");
    assert!(refused > tries / 10, "{refused} of {tries} were noticed");
}

#[test]
fn parquet_with_changed_bytes_is_read_or_refused_in_words() {
    let text = |texts: Vec<String>| Arc::new(StringArray::from(texts)) as ArrayRef;
    let rows = 0..400;
    let batch = RecordBatch::try_from_iter([
        (
            "customer",
            text(rows.clone().map(|row| format!("C{}", row % 40)).collect()),
        ),
        (
            "when",
            text(
                rows.clone()
                    .map(|row| format!("2023-03-{:02}", 1 + row % 30))
                    .collect(),
            ),
        ),
        (
            "product",
            text(rows.clone().map(|row| format!("P{}", row % 7)).collect()),
        ),
        (
            "paid",
            Arc::new(rows.map(f64::from).collect::<Float64Array>()) as ArrayRef,
        ),
    ])
    .unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    tried("a.parquet", &bytes);
}

#[test]
fn spreadsheets_with_changed_bytes_are_read_or_refused_in_words() {
    tried("a.xlsx", &workbook());
}

#[test]
fn a_damaged_name_in_the_log_of_a_table_loses_no_column() {
    let sandbox = shop_sandbox(20, 60);
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    let log = "regulars-out/warehouse/interactions/_delta_log/00000000000000000000.json";
    let whole = sandbox.read(log);
    for name in ["amount", "day"] {
        let named = |name: &str| format!("\\\"name\\\":\\\"{name}\\\"");
        let damaged = whole.replace(&named(name), &named(&format!("{name}u")));
        assert_ne!(damaged, whole);
        sandbox.write(log, damaged);
        for command in ["profile", "features"] {
            sandbox
                .regulars(&[command, "--quiet"])
                .ended_with(3)
                .says(&[
                    &format!("`{name}u` that no file has"),
                    &format!("`{name}` that the log does not name"),
                    "--rebuild",
                ]);
        }
    }
    sandbox.write(log, whole);
    sandbox.regulars(&["profile", "--quiet"]).ended_with(0);
}
