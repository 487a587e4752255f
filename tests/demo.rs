//! The main job on the sample that is built in.

use std::sync::OnceLock;

use serde_json::Value;

use crate::util::{Run, Sandbox, columns, copy};

/// One demo for all tests that only look at it.
fn demo() -> &'static (Sandbox, Run) {
    static DEMO: OnceLock<(Sandbox, Run)> = OnceLock::new();
    DEMO.get_or_init(|| {
        let sandbox = Sandbox::new();
        let run = sandbox.regulars(&["demo", "--threads", "2"]);
        (sandbox, run)
    })
}

#[test]
fn the_demo_ends_well_and_says_what_marketing_wants_to_know() {
    let (_, run) = demo();
    assert_eq!(run.code, 0, "{}", run.stderr);
    for words in [
        "The Complete Journey: 1,666 customers",
        "WHO THEY ARE",
        "Champions",
        "by behaviour",
        "WHO IS LEAVING",
        "which no model had seen",
        "WHAT GOES TOGETHER",
        "times chance",
        "WHAT EACH WOULD BUY NEXT",
        "FILES in regulars-out",
        "segments.csv",
        "NEXT",
        "run -c regulars.toml",
    ] {
        assert!(
            run.stdout.contains(words),
            "the summary lacks `{words}`:\n{}",
            run.stdout
        );
    }
}

#[test]
fn every_source_row_ends_as_kept_duplicate_or_rejected() {
    let (sandbox, _) = demo();
    let manifest = sandbox.manifest("regulars-out");
    let tables = manifest["stages"]["ingest"]["metrics"]["tables"]
        .as_array()
        .unwrap();
    assert_eq!(tables.len(), 4);
    for table in tables {
        let count = |name: &str| table[name].as_u64().unwrap();
        assert_eq!(
            count("read"),
            count("kept") + count("duplicates") + count("rejected"),
            "{table}"
        );
        assert!(count("kept") > 0, "{table}");
    }
}

#[test]
fn the_manifest_names_every_file_with_its_rows_and_hash() {
    let (sandbox, _) = demo();
    let manifest = sandbox.manifest("regulars-out");
    let names: Vec<&str> = manifest["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["path"].as_str().unwrap())
        .collect();
    for name in [
        "segments.parquet",
        "segments.csv",
        "clusters.csv",
        "churn.parquet",
        "churn.csv",
        "churn_models.csv",
        "churn_calibration.csv",
        "churn.html",
        "churn_tree.txt",
        "churn_tree_rules.csv",
        "value.parquet",
        "value.csv",
        "value_models.csv",
        "value.html",
        "cohorts.csv",
        "itemsets.parquet",
        "rules.parquet",
        "rules.csv",
        "suggestions.parquet",
        "suggestions.csv",
        "summary.txt",
        "features/2018-01-01.parquet",
    ] {
        assert!(
            names.contains(&name),
            "the manifest lacks {name}: {names:?}"
        );
    }
    for file in manifest["files"].as_array().unwrap() {
        let path = sandbox
            .path("regulars-out")
            .join(file["path"].as_str().unwrap());
        let (size, sha256) = regulars::outputs::digest(&path).unwrap();
        assert_eq!(file["size"], Value::from(size), "{file}");
        assert_eq!(file["sha256"], Value::from(sha256), "{file}");
    }
    for stage in [
        "ingest", "features", "segment", "churn", "value", "classes", "rules", "offers", "report",
    ] {
        let entry = &manifest["stages"][stage];
        assert!(entry["rows_in"].as_u64().unwrap() > 0, "{stage}: {entry}");
        assert!(entry["seconds"].as_f64().unwrap() >= 0.0);
        assert_eq!(entry["settings_sha256"].as_str().unwrap().len(), 64);
    }
    assert!(
        sandbox.unfinished().is_empty(),
        "{:?}",
        sandbox.unfinished()
    );
}

#[test]
fn every_customer_is_in_exactly_one_segment_and_one_cluster() {
    let (sandbox, _) = demo();
    let segments = columns(&sandbox.read("regulars-out/segments.csv"));
    let mut customers = segments["customer_id"].clone();
    assert_eq!(customers.len(), 1666);
    customers.sort();
    customers.dedup();
    assert_eq!(customers.len(), 1666);
    assert!(segments["rfm_segment"].iter().all(|name| !name.is_empty()));
    assert!(segments["cluster_name"].iter().all(|name| !name.is_empty()));
}

#[test]
fn churn_is_scored_better_than_by_recency_alone() {
    let (sandbox, _) = demo();
    let models = columns(&sandbox.read("regulars-out/churn_models.csv"));
    let auc = |name: &str| -> f64 {
        let row = models["model"]
            .iter()
            .position(|model| model == name)
            .unwrap_or_else(|| panic!("no {name}"));
        models["roc_auc"][row].parse().unwrap()
    };
    assert!(auc("boosting") > auc("single-feature") + 0.03, "{models:?}");
    assert!(auc("tree") > auc("single-feature"), "{models:?}");
    let scores = columns(&sandbox.read("regulars-out/churn.csv"));
    for (probability, reason) in scores["churn_probability"].iter().zip(&scores["reason_1"]) {
        // Who has lapsed has no probability, and a reason all the same.
        if !probability.is_empty() {
            let probability: f64 = probability.parse().unwrap();
            assert!((0.0..=1.0).contains(&probability));
        }
        assert!(!reason.is_empty());
    }
}

#[test]
fn nobody_is_offered_what_they_have_bought() {
    let (sandbox, _) = demo();
    let suggestions = columns(&sandbox.read("regulars-out/suggestions.csv"));
    let priced = |text: &&String| text.parse::<f64>().is_ok_and(|price| price > 0.0);
    let with_price = suggestions["price"].iter().filter(priced).count();
    assert!(
        10 * with_price > 9 * suggestions["price"].len(),
        "{with_price}"
    );
    let customers: std::collections::BTreeSet<&String> =
        suggestions["customer_id"].iter().collect();
    assert!(customers.len() > 1500);
    assert!(
        suggestions["reason"]
            .iter()
            .all(|reason| !reason.is_empty())
    );
    // The itemsets and the history are read back through the sample's own files.
    let first = suggestions["customer_id"][0].parse::<i64>().unwrap();
    let bought = bought_types(&sandbox.path("regulars-out/demo"), first);
    assert!(bought.len() > 5);
    for (customer, item) in suggestions["customer_id"].iter().zip(&suggestions["item"]) {
        if customer.parse::<i64>().unwrap() == first {
            assert!(!bought.contains(item), "customer {first} has bought {item}");
        }
    }
}

/// The product types that a household of the sample bought, by other means than the pipeline's.
fn bought_types(folder: &std::path::Path, household: i64) -> std::collections::BTreeSet<String> {
    use arrow::array::{Array, AsArray};
    use arrow::compute::cast;
    use arrow::datatypes::{DataType, Int64Type};
    let whole = |batch: &arrow::array::RecordBatch, name: &str| {
        cast(batch.column_by_name(name).unwrap(), &DataType::Int64)
            .unwrap()
            .as_primitive::<Int64Type>()
            .clone()
    };
    let products = regulars::outputs::read_parquet(&folder.join("products.parquet")).unwrap();
    let ids = whole(&products, "product_id");
    let types = cast(
        products.column_by_name("product_type").unwrap(),
        &DataType::Utf8,
    )
    .unwrap();
    let types = types.as_string::<i32>();
    let names: std::collections::HashMap<i64, String> = (0..types.len())
        .filter(|&row| types.is_valid(row))
        .map(|row| (ids.value(row), types.value(row).to_owned()))
        .collect();
    let lines = regulars::outputs::read_parquet(&folder.join("transactions.parquet")).unwrap();
    let (households, bought) = (whole(&lines, "household_id"), whole(&lines, "product_id"));
    (0..lines.num_rows())
        .filter(|&row| households.value(row) == household)
        .filter_map(|row| names.get(&bought.value(row)).cloned())
        .collect()
}

/// One demo on one thread that prints nothing, into a folder elsewhere.
fn quiet_demo() -> &'static (Sandbox, Run) {
    static DEMO: OnceLock<(Sandbox, Run)> = OnceLock::new();
    DEMO.get_or_init(|| {
        let sandbox = Sandbox::new();
        let run = sandbox.regulars(&[
            "demo",
            "--quiet",
            "--threads",
            "1",
            "--out",
            "somewhere/deep",
        ]);
        (sandbox, run)
    })
}

#[test]
fn the_same_bytes_with_one_thread_and_with_two_and_from_run_to_run() {
    let two = demo().0.data_files("regulars-out");
    let (sandbox, run) = quiet_demo();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let one = sandbox.data_files("somewhere/deep");
    let other = Sandbox::new();
    copy(
        &sandbox.path("somewhere/deep"),
        &other.path("somewhere/deep"),
    );
    other
        .regulars(&[
            "demo",
            "--threads",
            "1",
            "--quiet",
            "--out",
            "somewhere/deep",
        ])
        .ended_with(0); // over an earlier run
    let again = other.data_files("somewhere/deep");
    for (named, files) in [("one thread", &one), ("a second run", &again)] {
        assert_eq!(
            files.keys().collect::<Vec<_>>(),
            two.keys().collect::<Vec<_>>(),
            "{named}"
        );
        for (name, bytes) in files {
            assert!(
                *bytes == two[name],
                "{name} differs between {named} and two threads"
            );
        }
    }
}

#[test]
fn quiet_is_quiet() {
    let (sandbox, run) = quiet_demo();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    assert!(sandbox.exists("somewhere/deep/manifest.json"));
}
