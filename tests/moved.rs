//! What moved between two runs, and whether a run comes to the same bytes again.

use std::collections::BTreeMap;
use std::fs;
use std::sync::OnceLock;

use serde_json::Value;

use crate::util::{PRODUCTS, SETTINGS, Sandbox, columns, date, shop};

const MODELS: &str = "[churn]\nmodels = [\"single-feature\", \"elastic-net\"]\n";
const BEFORE: &str = "before";
const AFTER: &str = "after";

/// A shop some of whose customers stay away for weeks around the day of the first run and come back:
/// without them nobody's risk changes, as whoever leaves the shop is gone for good.
fn history() -> String {
    let (from, until) = (date(216), date(245));
    let away = |line: &str| {
        let customer = line.get(1..5).and_then(|number| number.parse::<u32>().ok());
        customer.is_some_and(|number| number % 12 == 1)
            && line
                .get(6..16)
                .is_some_and(|day| (from.as_str()..until.as_str()).contains(&day))
    };
    let lines = shop(240, 300);
    let there = lines.lines().filter(|line| !away(line));
    there.map(|line| format!("{line}\n")).collect()
}

/// Two runs on one history: as of a day two months before its end, and as of its end.
fn two_runs() -> Sandbox {
    static RUNS: OnceLock<Sandbox> = OnceLock::new();
    Sandbox::like(RUNS.get_or_init(|| {
        let sandbox = Sandbox::new()
            .file("lines.csv", history())
            .file("products.csv", PRODUCTS)
            .file("regulars.toml", format!("{SETTINGS}\n{MODELS}"));
        sandbox
            .regulars(&["run", "--quiet", "--out", BEFORE, "--as-of", &date(240)])
            .ended_with(0);
        sandbox
            .regulars(&["run", "--quiet", "--out", AFTER])
            .ended_with(0);
        sandbox
    }))
}

fn diff(sandbox: &Sandbox, arguments: &[&str]) -> crate::util::Run {
    sandbox.regulars(&[&["diff"], arguments].concat())
}

fn json(run: &crate::util::Run) -> Value {
    serde_json::from_str(&run.stdout).expect("JSON")
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

/// A column of a result by customer.
fn by_customer(sandbox: &Sandbox, file: &str, column: &str) -> BTreeMap<String, String> {
    let table = columns(&sandbox.read(file));
    let ids = table["customer_id"].iter().cloned();
    ids.zip(table[column].iter().cloned()).collect()
}

#[test]
fn what_moved_is_what_the_files_say() {
    let sandbox = two_runs();
    let run = diff(&sandbox, &[BEFORE, AFTER, "--json"]).ended_with(0);
    let found = json(&run);
    // Counted again from the CSV files.
    for grouping in found["segments"].as_array().expect("groupings") {
        let column = grouping["column"].as_str().expect("a column");
        let [then, now] = [BEFORE, AFTER]
            .map(|out| by_customer(&sandbox, &format!("{out}/segments.csv"), column));
        let moved = then
            .iter()
            .filter(|(id, group)| now.get(*id).is_some_and(|other| other != *group))
            .count();
        assert_eq!(number(&grouping["moved"]), moved as f64, "{column}");
        let parts = ["acted", "waited", "borders"].map(|part| number(&grouping[part]));
        assert_eq!(parts.iter().sum::<f64>(), moved as f64, "{column}");
        let sizes = grouping["sizes"].as_array().expect("sizes").iter();
        let after: f64 = sizes.map(|size| number(&size["customers"][1])).sum();
        assert_eq!(after, now.len() as f64, "{column}");
    }
    let scores = &found["scores"];
    let [then, now] = [BEFORE, AFTER].map(|out| {
        let file = format!("{out}/churn.csv");
        let scored = by_customer(&sandbox, &file, "churn_probability");
        let bands = by_customer(&sandbox, &file, "band").into_iter();
        let scored = |id: &String| !scored[id].is_empty();
        bands
            .filter(|(id, _)| scored(id))
            .collect::<BTreeMap<_, _>>()
    });
    let both = then.iter().filter(|(id, _)| now.contains_key(*id));
    let moved = both.clone().filter(|(id, band)| now[*id] != **band).count();
    assert_eq!(number(&scores["both"]), both.count() as f64);
    assert_eq!(number(&scores["moved"]), moved as f64);
    assert!(moved > 0);
    assert_eq!(
        number(&scores["by_drift"]) + number(&scores["by_model"]),
        moved as f64
    );
    let change = ["mix", "drift", "model"].map(|part| number(&scores["change"][part]));
    let whole = number(&scores["mean"][1]) - number(&scores["mean"][0]);
    assert!(
        (change.iter().sum::<f64>() - whole).abs() < 1e-9,
        "{change:?}"
    );
    let settings = found["settings"].as_array().expect("settings");
    let asked = settings.iter().find(|one| one["what"] == "--as-of");
    assert_eq!(asked.expect("the date")["before"], date(240));
    let rules = &found["rules"];
    assert_eq!(
        number(&rules["stayed"]) + number(&rules["came"]),
        number(&rules["runs"][1])
    );
}

#[test]
fn a_run_beside_itself_has_not_moved() {
    let sandbox = two_runs();
    let run = diff(&sandbox, &[AFTER, AFTER, "--json"]).ended_with(0);
    let found = json(&run);
    assert_eq!(found["settings"], serde_json::json!([]));
    assert_eq!(found["data"], serde_json::json!([]));
    for grouping in found["segments"].as_array().expect("groupings") {
        assert_eq!(grouping["moved"], 0);
    }
    let scores = &found["scores"];
    assert_eq!(scores["moved"], 0);
    assert_eq!(scores["by_mix"], 0);
    // The scores of the file have six digits, those of the model all.
    for part in ["mix", "drift", "model"] {
        assert!(number(&scores["change"][part]).abs() < 1e-6, "{part}");
    }
    assert_eq!(found["rules"]["came"], 0);
    assert_eq!(found["rules"]["went"], 0);
    assert_eq!(found["suggestions"]["first"][1], 0);
}

#[test]
fn limits_fail_a_job_and_pages_of_ci_servers_show_why() {
    let sandbox = two_runs();
    let limits = ["--limit", "bands-moved=0", "--limit", "customers-gone=1"];
    let run = diff(
        &sandbox,
        &[&[BEFORE, AFTER, "--markdown"], &limits[..]].concat(),
    )
    .ended_with(1);
    for words in [
        "# What moved between two runs\n",
        "## Limits\n",
        "1 thing moved beyond the limit",
        "| bands-moved |",
        "## RFM segments\n",
        "## Who is leaving\n",
        "|---|---:|",
    ] {
        assert!(run.stdout.contains(words), "{words}\n{}", run.stdout);
    }
    diff(&sandbox, &[BEFORE, AFTER, "--limit", "bands-moved=1"])
        .ended_with(0)
        .shows(&[
            "nothing moved beyond its limit",
            "WHO IS LEAVING",
            "other customers",
        ]);
    diff(&sandbox, &[BEFORE, AFTER, "--limit", "band-moved=0.1"])
        .ended_with(2)
        .says(&["there is no limit `band-moved`", "bands-moved"]);
    diff(&sandbox, &[BEFORE, AFTER, "--limit", "bands-moved=a lot"])
        .ended_with(2)
        .says(&["`a lot` is no number from 0 to 1"]);
}

#[test]
fn folders_that_cannot_be_compared_are_said() {
    let sandbox = two_runs();
    fs::create_dir(sandbox.path("empty")).expect("a folder");
    diff(&sandbox, &[BEFORE, "empty"])
        .ended_with(3)
        .says(&["manifest.json is not there"]);
    diff(&sandbox, &["nowhere", AFTER])
        .ended_with(3)
        .says(&["nowhere"]);
    sandbox.write("broken/manifest.json", "{");
    diff(&sandbox, &["broken", AFTER])
        .ended_with(3)
        .says(&["is no manifest of regulars"]);
    // Another program, whose runs can be read all the same.
    let manifest = format!("{BEFORE}/manifest.json");
    let text = sandbox.read(&manifest);
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(text.contains(&version));
    sandbox.write(&manifest, text.replace(&version, "\"version\": \"0.0.1\""));
    diff(&sandbox, &[BEFORE, AFTER])
        .ended_with(0)
        .shows(&["regulars 0.0.1", "may be the program's doing"]);
    // Other customers.
    let lines = shop(120, 240).replace("\nC0", "\nX0");
    let other = Sandbox::new()
        .file("lines.csv", lines)
        .file("products.csv", PRODUCTS)
        .file("regulars.toml", SETTINGS);
    for stage in ["ingest", "features", "segment"] {
        other.regulars(&[stage, "--quiet"]).ended_with(0);
    }
    let theirs = other.path("regulars-out").display().to_string();
    diff(&sandbox, &[AFTER, &theirs])
        .ended_with(3)
        .says(&["no customer of", "`C0", "`X0"]);
}

#[test]
fn a_run_comes_to_the_same_bytes_again_whatever_was_loaded_since() {
    let sandbox = two_runs();
    sandbox
        .regulars(&["verify", BEFORE, "--again"])
        .ended_with(0)
        .shows(&["as written", "again from load 1", "with the same bytes"]);
    // A later load changes the warehouse, and not what the run was made from.
    let more = shop(240, 320);
    let fresh: Vec<&str> = more
        .lines()
        .filter(|line| line.contains(",2023-11-"))
        .collect();
    let header = "customer,when,basket,product,paid";
    sandbox.write("lines.csv", format!("{header}\n{}\n", fresh.join("\n")));
    sandbox
        .regulars(&["ingest", "--quiet", "--out", AFTER])
        .ended_with(0);
    sandbox
        .regulars(&["verify", AFTER, "--again"])
        .ended_with(0)
        .shows(&["again from load 1"]);
}

#[test]
fn a_run_that_does_not_come_to_the_same_bytes_is_told_by_its_files() {
    let sandbox = two_runs();
    // Somebody has changed a file, and the manifest with it.
    let path = format!("{AFTER}/segments.csv");
    let text = sandbox.read(&path).replacen('0', "1", 1);
    sandbox.write(&path, &text);
    let mut manifest = sandbox.manifest(AFTER);
    for file in manifest["files"].as_array_mut().expect("files") {
        if file["path"] == "segments.csv" {
            let (hash, size) = (sha256(text.as_bytes()), text.len());
            (file["sha256"], file["size"]) = (hash.into(), size.into());
        }
    }
    let changed = serde_json::to_string_pretty(&manifest).expect("JSON");
    sandbox.write(&format!("{AFTER}/manifest.json"), changed + "\n");
    sandbox.regulars(&["verify", AFTER]).ended_with(0);
    sandbox
        .regulars(&["verify", AFTER, "--again"])
        .ended_with(3)
        .says(&["segments.csv", "written by segment"]);
    // Other settings than those of the run.
    sandbox.write("other.toml", format!("{SETTINGS}\n{MODELS}# another\n"));
    sandbox
        .regulars(&["verify", AFTER, "--again", "-c", "other.toml"])
        .ended_with(2)
        .says(&["other.toml is not the file that"]);
    // A warehouse that is gone.
    fs::remove_dir_all(sandbox.path(&format!("{BEFORE}/warehouse"))).expect("it goes");
    sandbox
        .regulars(&["verify", BEFORE, "--again"])
        .ended_with(3)
        .says(&["the state of the warehouse after load 1 cannot be read any more"]);
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn what_moved_is_said_in_chinese() {
    let sandbox = two_runs();
    let run = diff(&sandbox, &[BEFORE, AFTER, "--markdown", "--lang", "zh"]).ended_with(0);
    for words in [
        "# 两次运行之间的变化\n",
        "## RFM 分层\n",
        "## 谁在流失\n",
        "| 之前 | 之后 |",
        "平均概率：之前 ",
    ] {
        assert!(run.stdout.contains(words), "{words}\n{}", run.stdout);
    }
}
