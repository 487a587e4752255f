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

/// Codes of a table with the words that stand for them: one for each, and no two alike.
fn words(table: &Table, column: &str) -> BTreeMap<String, String> {
    let pairs = table[column].iter().zip(&table[&format!("{column}_words")]);
    let words: BTreeMap<String, String> =
        pairs.clone().map(|(a, b)| (a.clone(), b.clone())).collect();
    for (code, word) in pairs {
        assert_eq!(words[code], *word, "{column}");
    }
    let mut all: Vec<&String> = words.values().collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), words.len(), "{words:?}");
    words
}

fn is_chinese(text: &str) -> bool {
    text.chars()
        .any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter))
}

#[test]
fn clusters_are_told_in_chinese_and_kept_in_english() {
    let english = segmented(shop(240, 240));
    let chinese = Sandbox::like(&english);
    chinese
        .regulars(&["segment", "--quiet", "--lang", "zh"])
        .ended_with(0);
    let kept = "regulars-out/segmenter.json";
    assert_eq!(english.read(kept), chinese.read(kept));
    let (before, after) = (table(&english, "segments"), table(&chinese, "segments"));
    assert!(!before.keys().any(|name| name.ends_with("_words")));
    for (name, values) in &before {
        assert_eq!(values, &after[name], "{name}");
    }
    let names = words(&after, "cluster_name");
    assert!(
        names.len() > 1 && names.values().all(|name| is_chinese(name)),
        "{names:?}"
    );
    for table in [
        "clusters",
        "cluster_guide",
        "cluster_typical",
        "cluster_map",
    ] {
        let said = words(&self::table(&chinese, table), "cluster_name");
        assert!(
            said.iter().all(|(code, word)| names[code] == *word),
            "{table}: {said:?}"
        );
    }
    let (told, code) = (
        table(&chinese, "cluster_guide"),
        table(&english, "cluster_guide"),
    );
    for column in ["in_words", "action", "rule_in_words", "verdict_words"] {
        for text in told[column].iter().filter(|text| !text.is_empty()) {
            assert!(is_chinese(text), "{column}: {text}");
        }
    }
    for column in ["rule", "verdict", "status", "cluster_name"] {
        assert_eq!(told[column], code[column], "{column}");
    }
    let choice = table(&chinese, "cluster_choice");
    assert!(choice["why"].iter().all(|why| is_chinese(why)));
    assert_eq!(
        choice["chosen"],
        table(&english, "cluster_choice")["chosen"]
    );
    let summary = &chinese.manifest("regulars-out")["stages"]["segment"]["metrics"]["clusters"];
    let first = &summary[0];
    let (name, word) = (
        first["name"].as_str().unwrap(),
        first["name_words"].as_str().unwrap(),
    );
    assert_eq!(names[name], word);
}
