//! Results held against what other people's programs gave.

use std::collections::BTreeMap;

use crate::util::Sandbox;

/// Counts of Borgelt's miner (pyfim) on the bundled sample; `fixtures/pyfim_sample_itemsets.py`
/// is the command that made them.
const PYFIM: &str = include_str!("fixtures/pyfim_sample_itemsets.csv");

#[test]
fn itemsets_of_the_sample_have_the_counts_that_pyfim_gives() {
    let (first, csv) = PYFIM.split_once('\n').unwrap();
    let numbers: Vec<u64> = first
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let [baskets, least] = numbers[..] else {
        panic!("two numbers in `{first}`")
    };
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let expected: BTreeMap<String, u64> = reader
        .records()
        .map(|row| row.unwrap())
        .map(|row| (row[0].to_owned(), row[1].parse().unwrap()))
        .collect();
    assert!(expected.len() > 1000);

    let sandbox = Sandbox::new();
    let settings = format!(
        "{}\n[rules]\nlevel = \"type\"\nmin_support = {}\nmax_length = 4\nlater_days = 0\n",
        regulars_datasets::complete_journey::SETTINGS,
        // The share that rounds up to the same count.
        (least as f64 - 0.5) / baskets as f64,
    );
    for (name, bytes) in regulars_datasets::complete_journey::FILES {
        sandbox.write(name, bytes);
    }
    sandbox.write("regulars.toml", settings);
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox.regulars(&["rules", "--quiet"]).ended_with(0);

    let itemsets =
        regulars::outputs::read_parquet(&sandbox.path("regulars-out/itemsets.parquet")).unwrap();
    use arrow::array::AsArray;
    let items = itemsets.column_by_name("items").unwrap().as_string::<i32>();
    let counts = itemsets
        .column_by_name("count")
        .unwrap()
        .as_primitive::<arrow::datatypes::UInt64Type>();
    let found: BTreeMap<String, u64> = (0..itemsets.num_rows())
        .map(|row| (items.value(row).to_owned(), counts.value(row)))
        .collect();
    for (items, count) in &expected {
        assert_eq!(found.get(items), Some(count), "{items}");
    }
    assert_eq!(found.len(), expected.len());
}
