//! Clusters are who they were from month to month, and what is wrong with saved ones is said.

use std::collections::{BTreeMap, BTreeSet};

use crate::util::{PRODUCTS, SETTINGS, Sandbox, columns, date, shop, shop_sandbox};

type Table = BTreeMap<String, Vec<String>>;

fn table(sandbox: &Sandbox, out: &str, name: &str) -> Table {
    columns(&sandbox.read(&format!("{out}/{name}.csv")))
}

fn loaded(customers: u32, days: u32) -> Sandbox {
    let sandbox = shop_sandbox(customers, days);
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox
}

/// Features and segments as of a day.
fn segmented(sandbox: &Sandbox, day: u32, more: &[&str]) -> crate::util::Run {
    let day = date(day);
    let features = ["features", "--quiet", "--as-of", &day];
    sandbox.regulars(&features).ended_with(0);
    let mut segment = vec!["segment", "--as-of", &day];
    segment.extend(more);
    sandbox.regulars(&segment)
}

fn metrics(sandbox: &Sandbox) -> serde_json::Value {
    sandbox.manifest("regulars-out")["stages"]["segment"]["metrics"].clone()
}

fn sum(column: &[String]) -> u64 {
    column
        .iter()
        .map(|number| number.parse::<u64>().unwrap())
        .sum()
}

#[test]
fn months_go_by_and_clusters_stay_who_they_are() {
    let sandbox = loaded(400, 420);
    segmented(&sandbox, 200, &[]).ended_with(0);
    assert!(metrics(&sandbox)["identity"].is_null());
    assert!(!sandbox.exists("regulars-out/segmenter_before.json"));
    let first = table(&sandbox, "regulars-out", "segments");
    assert!(first["cluster_change"].iter().all(String::is_empty));
    let of_customer = |table: &Table, column: &str| -> BTreeMap<String, String> {
        let rows = table["customer_id"].iter().zip(&table[column]);
        rows.map(|(id, value)| (id.clone(), value.clone()))
            .collect()
    };
    let mut before = of_customer(&first, "cluster_id");
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for month in 1..=6 {
        segmented(&sandbox, 200 + 28 * month, &[]).ended_with(0);
        let now = table(&sandbox, "regulars-out", "segments");
        // Where a customer was is where the table of the month before had them.
        let said = of_customer(&now, "cluster_id_before");
        for (customer, was) in &said {
            assert_eq!(before.get(customer).map_or("", String::as_str), was);
        }
        let count = |change: &str| {
            now["cluster_change"]
                .iter()
                .filter(|c| *c == change)
                .count()
        };
        let (stayed, moved) = (count("stayed"), count("model moved"));
        assert!(stayed > 100, "month {month}: {stayed}");
        let kept = stayed as f64 / (stayed + moved) as f64;
        assert!(kept >= 0.95, "month {month}: {kept}");
        assert!(
            (metrics(&sandbox)["identity"]["kept_share"]
                .as_f64()
                .unwrap()
                - kept)
                .abs()
                < 1e-9
        );
        // An id has one name for ever.
        for (id, name) in now["cluster_id"].iter().zip(&now["cluster_name"]) {
            assert_eq!(
                names.entry(id.clone()).or_insert_with(|| name.clone()),
                name
            );
        }
        let moves = table(&sandbox, "regulars-out", "cluster_moves");
        assert_eq!(sum(&moves["customers"]), now["customer_id"].len() as u64);
        let parts = ["stayed", "customers_moved", "model_moved", "both_moved"];
        let known: u64 = parts.iter().map(|part| sum(&moves[*part])).sum();
        let new = count("new customer") as u64;
        assert_eq!(known + new, now["customer_id"].len() as u64);
        for row in 0..moves["customers"].len() {
            let same = moves["from_id"][row] == moves["to_id"][row];
            assert_eq!(moves["event"][row] == "kept", same, "{moves:?}");
            if moves["from_id"][row].is_empty() {
                assert_eq!(moves["stayed"][row], "0");
            }
        }
        before = of_customer(&now, "cluster_id");
    }
}

#[test]
fn a_run_that_is_repeated_starts_where_it_started() {
    let sandbox = loaded(300, 400);
    segmented(&sandbox, 250, &["--quiet"]).ended_with(0);
    let first = sandbox.results("regulars-out");
    segmented(&sandbox, 280, &["--quiet", "--threads", "1"]).ended_with(0);
    let second = sandbox.results("regulars-out");
    assert_eq!(second["segmenter_before.json"], first["segmenter.json"]);
    segmented(&sandbox, 280, &["--quiet", "--threads", "2"]).ended_with(0);
    assert!(sandbox.results("regulars-out") == second);
    // What was learned later is not known earlier.
    segmented(&sandbox, 250, &["--quiet"]).ended_with(0);
    let again = sandbox.results("regulars-out");
    for name in ["segmenter.json", "segments.parquet", "cluster_guide.csv"] {
        assert!(again[name] == first[name], "{name}");
    }
    assert!(!again.contains_key("segmenter_before.json"));
    assert!(!again.contains_key("cluster_moves.csv"));
}

#[test]
fn a_job_without_an_earlier_folder_is_told_where_to_start() {
    let sandbox = loaded(300, 400);
    segmented(&sandbox, 250, &["--quiet"]).ended_with(0);
    crate::util::copy(&sandbox.path("regulars-out"), &sandbox.path("kept"));
    segmented(&sandbox, 280, &["--quiet"]).ended_with(0);
    let beside = sandbox.results("regulars-out");
    // Somewhere else, from the folder that was kept: the same bytes.
    let day = date(280);
    sandbox.write(
        "regulars.toml",
        format!("{SETTINGS}\n[segment]\nstart_from = \"kept\"\n"),
    );
    sandbox
        .regulars(&["ingest", "--quiet", "--out", "ci"])
        .ended_with(0);
    for stage in ["features", "segment"] {
        let run = [stage, "--quiet", "--as-of", &day, "--out", "ci"];
        sandbox.regulars(&run).ended_with(0);
    }
    let there = sandbox.results("ci");
    for name in [
        "segmenter.json",
        "segments.parquet",
        "cluster_moves.csv",
        "cluster_guide.parquet",
    ] {
        assert!(there[name] == beside[name], "{name}");
    }
    // Of a later date, or nowhere: refused.
    for (day, file, said) in [
        (200, "kept", "what came later must not be known"),
        (280, "nowhere", "there is no file"),
        (280, "lines.csv", "lines.csv"),
    ] {
        sandbox.write(
            "regulars.toml",
            format!("{SETTINGS}\n[segment]\nstart_from = \"{file}\"\n"),
        );
        let code = if file == "lines.csv" { 3 } else { 2 };
        segmented(&sandbox, day, &[]).ended_with(code).says(&[said]);
    }
}

#[test]
fn customers_are_put_into_saved_clusters_without_finding_any_anew() {
    let sandbox = loaded(300, 400);
    segmented(&sandbox, 200, &["--assign"])
        .ended_with(3)
        .says(&[
            "there are no saved segments",
            "regulars segment without --assign",
        ]);
    segmented(&sandbox, 200, &[]).ended_with(0);
    let saved = sandbox.read("regulars-out/segmenter.json");
    let known: BTreeSet<String> = table(&sandbox, "regulars-out", "segments")["cluster_id"]
        .iter()
        .cloned()
        .collect();
    let before = table(&sandbox, "regulars-out", "segments");
    // On the same day everybody is where they are.
    segmented(&sandbox, 200, &["--assign"]).ended_with(0);
    let again = table(&sandbox, "regulars-out", "segments");
    for column in ["cluster", "cluster_id", "cluster_name", "cluster_distance"] {
        assert_eq!(again[column], before[column], "{column}");
    }
    segmented(&sandbox, 330, &["--assign"]).ended_with(0);
    assert_eq!(sandbox.read("regulars-out/segmenter.json"), saved);
    let now = table(&sandbox, "regulars-out", "segments");
    assert!(now["cluster_id"].iter().all(|id| known.contains(id)));
    let changes: BTreeSet<&str> = now["cluster_change"].iter().map(String::as_str).collect();
    assert!(
        changes.contains("stayed") && changes.contains("customer moved"),
        "{changes:?}"
    );
    assert!(!changes.contains("model moved") && !changes.contains("both moved"));
    assert!(!sandbox.exists("regulars-out/cluster_choice.csv"));
    // The next refit goes on from there.
    segmented(&sandbox, 360, &[]).ended_with(0);
    assert!(metrics(&sandbox)["identity"]["kept"].as_u64().unwrap() > 0);
}

const CUSTOMERS: &str = r#"
[[sources]]
table = "customers"
path = "customers.csv"
[sources.columns]
customer_id = "id"
region = "region"
age = { column = "age", type = "number" }
note = "note"
"#;

/// The shop with customers who have attributes.
fn with_attributes(segment: &str) -> Sandbox {
    let mut customers = String::from("id,region,age,note\n");
    for customer in 0..300 {
        let region = if customer % 10 == 9 {
            ""
        } else {
            ["North", "South"][customer % 2]
        };
        let age = if customer % 7 == 3 {
            String::new()
        } else {
            (20 + customer % 50).to_string()
        };
        customers += &format!("C{customer:04},{region},{age},note {customer}\n");
    }
    let sandbox = Sandbox::new()
        .file("lines.csv", shop(300, 400))
        .file("products.csv", PRODUCTS)
        .file("customers.csv", customers)
        .file(
            "regulars.toml",
            format!("{SETTINGS}{CUSTOMERS}\n[segment]\n{segment}\n"),
        );
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox
}

fn settings(sandbox: &Sandbox, segment: &str) {
    sandbox.write(
        "regulars.toml",
        format!("{SETTINGS}{CUSTOMERS}\n[segment]\n{segment}\n"),
    );
}

#[test]
fn attributes_take_part_and_saved_clusters_of_others_are_refused() {
    let sandbox = with_attributes("attributes = [\"region\", \"age\"]");
    segmented(&sandbox, 250, &[]).ended_with(0);
    let clusters = table(&sandbox, "regulars-out", "clusters");
    for feature in ["region = North", "region = South", "age"] {
        assert!(
            clusters["feature"].iter().any(|name| name == feature),
            "{feature}"
        );
    }
    let guide = table(&sandbox, "regulars-out", "cluster_guide");
    let ids = guide["cluster_id"].len();
    segmented(&sandbox, 280, &[]).ended_with(0);
    settings(&sandbox, "attributes = [\"region\"]");
    segmented(&sandbox, 310, &[]).ended_with(3).says(&[
        "are made of other features than there are now: they also need age",
        "start_from = \"nothing\"",
    ]);
    settings(
        &sandbox,
        "attributes = [\"region\"]\nstart_from = \"nothing\"",
    );
    segmented(&sandbox, 310, &[]).ended_with(0);
    assert!(metrics(&sandbox)["identity"].is_null());
    assert!(ids >= 3);
    for (wrong, code, said) in [
        (
            "attributes = [\"regoin\"]",
            2,
            "no attribute `regoin`; they have age, note, region",
        ),
        ("attributes = [\"age\", \"age\"]", 2, "`age` is there twice"),
        (
            "attributes = [\"customer_id\"]",
            2,
            "tells every customer apart",
        ),
        (
            "attributes = [\"note\"]\nstart_from = \"nothing\"",
            3,
            "no value of the attribute `note` is that of 2 %",
        ),
        ("method = \"k-medians\"", 2, "k-means"),
        ("min_agreement = 2", 2, "min_agreement"),
    ] {
        settings(&sandbox, wrong);
        sandbox
            .regulars(&["segment", "--as-of", &date(310)])
            .ended_with(code)
            .says(&[said]);
    }
}

#[test]
fn a_damaged_file_of_clusters_is_refused_with_what_to_do() {
    let sandbox = loaded(300, 400);
    segmented(&sandbox, 250, &[]).ended_with(0);
    let whole = sandbox.read("regulars-out/segmenter.json");
    let without_date = whole.replacen("\"as_of\"", "\"as_off\"", 1);
    for (damaged, said) in [
        (
            "{\"format\": \"something else\"}",
            "this is not a model file",
        ),
        (&whole[..whole.len() / 2], "segmenter.json: "),
        (without_date.as_str(), "does not say for which date"),
    ] {
        sandbox.write("regulars-out/segmenter.json", damaged);
        segmented(&sandbox, 280, &[])
            .ended_with(3)
            .says(&[said, "remove it, and clusters are found anew"]);
    }
    std::fs::remove_file(sandbox.path("regulars-out/segmenter.json")).unwrap();
    segmented(&sandbox, 280, &[]).ended_with(0);
}

#[test]
fn every_cluster_has_words_a_rule_and_typical_customers() {
    let sandbox = loaded(400, 420);
    segmented(&sandbox, 400, &[]).ended_with(0);
    let guide = table(&sandbox, "regulars-out", "cluster_guide");
    let segments = table(&sandbox, "regulars-out", "segments");
    let rows = guide["cluster_id"].len();
    assert!(rows >= 3);
    let names: BTreeSet<&String> = guide["cluster_name"].iter().collect();
    assert_eq!(names.len(), rows);
    let number = |column: &str, row: usize| guide[column][row].parse::<f64>().unwrap();
    let shares: f64 = (0..rows).map(|row| number("spend_share", row)).sum();
    assert!((shares - 1.0).abs() < 1e-4, "{shares}");
    for row in 0..rows {
        assert!(
            guide["in_words"][row].contains("last purchase"),
            "{:?}",
            guide["in_words"]
        );
        assert!(!guide["action"][row].is_empty());
        assert!(guide["margin_share"][row].is_empty());
        assert!(number("rule_fidelity", row) > 0.7);
        let (rule, words) = (&guide["rule"][row], &guide["rule_in_words"][row]);
        assert_eq!(rule.is_empty(), words.is_empty());
        assert!(!words.contains('_') && !words.contains("<="), "{words}");
        assert!(
            words.is_empty() || words.contains(": ") || words.contains(" is "),
            "{words}"
        );
        let stability = number("stability", row);
        assert!((0.0..=1.0).contains(&stability));
    }
    // On the map stand as many customers as there are, without ids, each in its cluster.
    let map = table(&sandbox, "regulars-out", "cluster_map");
    assert_eq!(map.len(), 5, "no column beside these: {:?}", map.keys());
    assert_eq!(map["across"].len(), segments["customer_id"].len());
    let of = |column: &[String], cluster: usize| {
        column.iter().filter(|c| **c == cluster.to_string()).count()
    };
    for row in 0..rows {
        assert_eq!(
            of(&map["cluster"], row + 1),
            of(&segments["cluster"], row + 1)
        );
    }
    let told = metrics(&sandbox)["map"].clone();
    let shares = [0, 1].map(|axis| told["shares"][axis].as_f64().unwrap());
    assert!(
        shares[0] >= shares[1] && shares[0] + shares[1] <= 1.0 + 1e-9,
        "{shares:?}"
    );
    let spread = |column: &str| -> f64 {
        map[column]
            .iter()
            .map(|place| place.parse::<f64>().unwrap().powi(2))
            .sum()
    };
    // Places have the variances that are told of them.
    let ratio = spread("across") / spread("up");
    assert!(
        (ratio - shares[0] / shares[1]).abs() < 0.02 * ratio,
        "{ratio} {shares:?}"
    );
    // Typical customers are those nearest to the centre.
    let typical = table(&sandbox, "regulars-out", "cluster_typical");
    assert_eq!(typical["customer_id"].len(), 3 * rows);
    for (row, rank) in typical["rank"].iter().enumerate() {
        if rank != "1" {
            continue;
        }
        let of = |at: usize| segments["cluster_distance"][at].parse::<f64>().unwrap();
        let members = (0..segments["cluster"].len())
            .filter(|at| segments["cluster"][*at] == typical["cluster"][row]);
        let least = members.map(of).fold(f64::INFINITY, f64::min);
        let said: f64 = typical["cluster_distance"][row].parse().unwrap();
        assert_eq!(said, least);
    }
    let choice = table(&sandbox, "regulars-out", "cluster_choice");
    let chosen: Vec<usize> = (0..choice["clusters"].len())
        .filter(|row| choice["chosen"][*row] == "yes")
        .collect();
    assert_eq!(chosen.len(), 1);
    assert_eq!(choice["clusters"][chosen[0]], rows.to_string());
    for measure in [
        "stability",
        "silhouette",
        "calinski_harabasz",
        "davies_bouldin",
        "gap",
    ] {
        assert!(
            choice[measure]
                .iter()
                .all(|figure| figure.parse::<f64>().is_ok()),
            "{measure}"
        );
    }
    assert!(choice["why"].iter().all(|why| !why.is_empty()));
    // A customer who is forgotten is nobody's example any more; the segments stay.
    let who = typical["customer_id"][0].clone();
    sandbox.regulars(&["forget", &who]).ended_with(0);
    let typical = table(&sandbox, "regulars-out", "cluster_typical");
    assert!(!typical["customer_id"].contains(&who));
    assert!(sandbox.exists("regulars-out/segmenter.json"));
}

#[test]
fn few_equal_or_lonely_customers_have_no_clusters_and_a_reason() {
    let line = |customer: u32, day: u32| {
        format!(
            "C{customer},{} 10:00:00,{customer}{day},bread,2.50\n",
            date(day)
        )
    };
    let header = "customer,when,basket,product,paid\n";
    let alone: String = (0..40).map(|day| line(1, 3 * day)).collect();
    let equal: String = (0..60)
        .flat_map(|customer| (0..5).map(move |day| line(customer, 20 * day)))
        .collect();
    let few: String = (0..12)
        .flat_map(|customer| (0..9).map(move |day| line(customer, day * (3 + customer))))
        .collect();
    for (lines, said) in [
        (
            alone,
            "there are no clusters: they need at least 30 customers, and the history has 1 customer",
        ),
        (few, "the history has 12 customers"),
        (equal, "there is nothing to cluster by"),
    ] {
        let sandbox = Sandbox::new()
            .file("lines.csv", format!("{header}{lines}"))
            .file("products.csv", PRODUCTS)
            .file("regulars.toml", SETTINGS);
        for stage in ["ingest", "features"] {
            sandbox.regulars(&[stage, "--quiet"]).ended_with(0);
        }
        sandbox.regulars(&["segment"]).ended_with(0).says(&[said]);
        let segments = table(&sandbox, "regulars-out", "segments");
        assert!(segments["cluster_id"].iter().all(String::is_empty));
        assert!(!sandbox.exists("regulars-out/segmenter.json"));
    }
}

#[test]
fn a_column_of_one_value_decides_nothing_and_more_clusters_than_customers_are_refused_with_words() {
    let customers: String = (0..300).map(|n| format!("C{n:04},here,40,\n")).collect();
    let sandbox = Sandbox::new()
        .file("lines.csv", shop(300, 400))
        .file("products.csv", PRODUCTS)
        .file("customers.csv", format!("id,region,age,note\n{customers}"))
        .file("regulars.toml", String::new());
    settings(&sandbox, "attributes = [\"region\", \"age\"]");
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    segmented(&sandbox, 310, &[]).ended_with(0);
    let clusters = table(&sandbox, "regulars-out", "clusters");
    let differences = clusters["feature"].iter().zip(&clusters["difference"]);
    for (feature, difference) in differences {
        let same = feature.starts_with("region") || feature == "age";
        let difference = difference.parse().unwrap_or(0.0_f64);
        assert!(!same || difference == 0.0, "{feature}: {difference}");
    }
    assert!(clusters["cluster"].iter().any(|cluster| cluster == "2"));
    settings(
        &sandbox,
        "min_clusters = 60\nmax_clusters = 90\nstart_from = \"nothing\"",
    );
    let run = segmented(&sandbox, 320, &[]).ended_with(0);
    run.says(&["there are no clusters: they need at least 600 customers, and the history has 300"]);
}
