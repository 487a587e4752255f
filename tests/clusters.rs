//! Clusters: their figures are those of the customers, and amounts that are far out do not make any.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Float64Type;
use regulars_models::clustering::adjusted_rand;

use crate::util::{PRODUCTS, SETTINGS, Sandbox, columns, shop};

type Table = BTreeMap<String, Vec<String>>;

/// Runs what segments need, and segments.
fn segmented(lines: String) -> Sandbox {
    let sandbox = Sandbox::new()
        .file("lines.csv", lines)
        .file("products.csv", PRODUCTS)
        .file("regulars.toml", SETTINGS);
    for stage in ["ingest", "features", "segment"] {
        sandbox.regulars(&[stage, "--quiet"]).ended_with(0);
    }
    sandbox
}

fn table(sandbox: &Sandbox, name: &str) -> Table {
    columns(&sandbox.read(&format!("regulars-out/{name}.csv")))
}

#[test]
fn means_and_medians_of_clusters_are_those_of_their_customers() {
    let sandbox = segmented(shop(240, 240));
    let (clusters, segments) = (table(&sandbox, "clusters"), table(&sandbox, "segments"));
    let entry = sandbox.manifest("regulars-out")["stages"]["segment"].clone();
    let date = entry["as_of"].as_str().unwrap().to_owned();
    let path = sandbox.path(&format!("regulars-out/features/{date}.parquet"));
    let features = regulars::outputs::read_parquet(&path).unwrap();
    let (mut checked, mut shares) = (0, 0);
    let rows = 0..clusters["cluster"].len();
    for row in rows {
        let name = &clusters["feature"][row];
        let column = features.column_by_name(name).unwrap();
        let column = column.as_primitive::<Float64Type>();
        let members = (0..features.num_rows())
            .filter(|at| segments["cluster"][*at] == clusters["cluster"][row])
            .filter(|at| column.is_valid(*at));
        let mut values: Vec<f64> = members.map(|at| column.value(at)).collect();
        values.sort_by(f64::total_cmp);
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let middle = values.len() / 2;
        let median = match values.len() % 2 {
            0 => (values[middle - 1] + values[middle]) / 2.0,
            _ => values[middle],
        };
        for (said, true_one) in [("mean", mean), ("median", median)] {
            let said: f64 = clusters[said][row].parse().unwrap();
            assert!(
                (said - true_one).abs() < 1e-3,
                "{name}: {said} for {true_one}"
            );
        }
        checked += 1;
        shares += usize::from(name.starts_with("share_"));
    }
    assert!(
        checked > 10 && shares > 0,
        "{checked} figures, {shares} of shares"
    );
}

#[test]
fn an_amount_far_out_does_not_move_a_customer_into_a_cluster_of_dirt() {
    let clean = segmented(shop(240, 240));
    // One line of one customer in eight, early on, is a thousand times too large.
    let mut lines = String::new();
    let mut dirty: Vec<String> = Vec::new();
    for line in shop(240, 240).lines() {
        let customer = line.split(',').next().unwrap().to_owned();
        let number: Option<u32> = customer.strip_prefix('C').and_then(|n| n.parse().ok());
        let first = number.is_some_and(|n| n % 8 == 3) && !dirty.contains(&customer);
        match (first, line.rsplit_once(',')) {
            (true, Some((before, amount))) => {
                let amount: f64 = amount.parse().unwrap();
                lines += &format!("{before},{:.2}\n", 1000.0 * amount);
                dirty.push(customer);
            }
            _ => lines += &format!("{line}\n"),
        }
    }
    assert_eq!(dirty.len(), 30);
    let dirty = segmented(lines);
    let (before, after) = (table(&clean, "segments"), table(&dirty, "segments"));
    let groups = |table: &Table| -> Vec<usize> {
        let number = |name: &String| table["cluster_name"].iter().position(|other| other == name);
        table["cluster_name"].iter().filter_map(number).collect()
    };
    let alike = adjusted_rand(&groups(&before), &groups(&after)).unwrap();
    assert!(
        alike > 0.8,
        "adjusted Rand index {alike} with the clusters without dirt"
    );
    // Money spent is what was spent, and a warning says what clusters are made without.
    assert_ne!(before["monetary"], after["monetary"]);
    let entry = dirty.manifest("regulars-out")["stages"]["segment"].clone();
    let left_out = &entry["metrics"]["far_out"];
    assert_eq!(
        (&left_out["lines"], &left_out["customers"]),
        (&30.into(), &30.into())
    );
    let warnings = entry["warnings"].as_array().unwrap();
    let warning = warnings
        .iter()
        .find(|warning| warning["code"] == "far-out-amounts");
    let message = warning.expect("a warning")["message"].as_str().unwrap();
    assert!(
        message.contains("30 purchase lines of 30 customers"),
        "{message}"
    );
    assert!(message.contains(" EUR"), "{message}");
    let entry = clean.manifest("regulars-out")["stages"]["segment"].clone();
    assert_eq!(entry["warnings"], serde_json::json!([]));
}
