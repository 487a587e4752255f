//! Histories whose truth is known: generated, run, and set beside their truth.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::util::{Sandbox, columns};

/// Every file below a folder with its bytes.
fn all_files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// The figures of `comparison.csv` by measure: of the run, and the best or true one.
fn comparison(sandbox: &Sandbox, out: &str) -> BTreeMap<String, (f64, Option<f64>)> {
    let table = columns(&sandbox.read(&format!("{out}/comparison.csv")));
    let rows = table["measure"]
        .iter()
        .zip(&table["run"])
        .zip(&table["best"]);
    rows.map(|((measure, run), best)| (measure.clone(), (run.parse().unwrap(), best.parse().ok())))
        .collect()
}

#[test]
fn a_generated_history_runs_as_it_is_and_is_set_beside_its_truth() {
    let sandbox = Sandbox::new();
    sandbox
        .regulars(&[
            "generate",
            "--customers",
            "1500",
            "--months",
            "9",
            "--out",
            "shop",
        ])
        .ended_with(0)
        .shows(&["interactions in shop", "regulars run -c shop/regulars.toml"]);
    sandbox
        .regulars(&["run", "-c", "shop/regulars.toml", "--out", "results"])
        .ended_with(0);
    sandbox
        .regulars(&["compare", "results", "shop/truth"])
        .ended_with(0)
        .shows(&["CHURN", "adjusted Rand index", "planted associations found"]);
    let figures = comparison(&sandbox, "results");
    let (read, truth) = figures["interactions read"];
    assert_eq!(Some(read), truth);
    assert_eq!(figures["clean rows rejected or dropped"].0, 0.0);
    let (tested, truth) = figures["test date, customers"];
    assert_eq!(
        Some(tested),
        truth,
        "who is eligible is the same on both sides"
    );
    let chosen = figures.keys().find(|name| name.ends_with("(chosen)"));
    let (auc, best) = figures[chosen.expect("one model is chosen")];
    let best = best.unwrap();
    // About 1,000 customers: the standard error of the difference is near 0.01.
    assert!(
        auc < best + 0.02 && auc > best - 0.10,
        "{auc} against {best}"
    );
    let (brier, best) = figures["scores, Brier score on what came next"];
    assert!(brier > best.unwrap() - 0.01, "{brier} against {best:?}");
    assert!(figures["share of planted associations found"].0 >= 0.75);
    assert!(figures["share of rules that are real"].0 > 0.9);
    assert!(figures["adjusted Rand index of clusters with types"].0 > 0.2);
}

#[test]
fn the_same_options_make_the_same_bytes_on_any_number_of_threads() {
    let sandbox = Sandbox::new();
    for (threads, out) in [("1", "one"), ("2", "two"), ("5", "five")] {
        sandbox
            .regulars(&[
                "generate",
                "--customers",
                "9000",
                "--months",
                "3",
                "--dirty",
                "--threads",
                threads,
                "--out",
                out,
            ])
            .ended_with(0);
    }
    let one = all_files(&sandbox.path("one"));
    assert!(one.len() > 12, "{:?}", one.keys());
    assert!(one == all_files(&sandbox.path("two")), "two threads");
    assert!(one == all_files(&sandbox.path("five")), "five threads");
    sandbox
        .regulars(&[
            "generate",
            "--customers",
            "9000",
            "--months",
            "3",
            "--dirty",
            "--seed",
            "7",
            "--out",
            "other",
        ])
        .ended_with(0);
    assert!(one != all_files(&sandbox.path("other")), "another seed");
}

#[test]
fn a_load_is_held_to_every_dirty_row() {
    let sandbox = Sandbox::new();
    for format in ["csv", "parquet"] {
        let (shop, results) = (format!("{format}-shop"), format!("{format}-results"));
        sandbox
            .regulars(&[
                "generate",
                "--customers",
                "3000",
                "--months",
                "3",
                "--dirty",
                "--format",
                format,
                "--out",
                &shop,
            ])
            .ended_with(0)
            .shows(&["DIRTY ON PURPOSE", "duplicate", "giant basket"]);
        let settings = format!("{shop}/regulars.toml");
        sandbox
            .regulars(&["ingest", "-c", &settings, "--out", &results])
            .ended_with(0);
        sandbox
            .regulars(&["compare", &results, &shop])
            .ended_with(0)
            .shows(&["duplicate, as wanted"]);
        let figures = comparison(&sandbox, &results);
        let (read, truth) = figures["interactions read"];
        assert_eq!(Some(read), truth, "{format}");
        assert_eq!(figures["clean rows rejected or dropped"].0, 0.0, "{format}");
        let mut rows = vec![
            "duplicate",
            "no customer",
            "late row",
            "unknown product",
            "outlier",
            "giant basket",
            "customer twice",
            "customer conflict",
        ];
        if format == "csv" {
            rows.extend(["GBK text", "day-first date", "compact date"]);
        }
        for problem in rows {
            let (right, all) = figures[&format!("{problem}, as wanted")];
            assert_eq!(Some(right), all, "{format}: {problem}");
            assert!(right > 0.0, "{format}: no row is a {problem}");
        }
        // The counts that the truth states are those of its rows.
        let counts = columns(&sandbox.read(&format!("{shop}/truth/dirt.csv")));
        let rows = columns(&sandbox.read(&format!("{shop}/truth/dirty_rows.csv")));
        for (problem, count) in counts["problem"].iter().zip(&counts["rows"]) {
            let listed = rows["problem"]
                .iter()
                .filter(|name| *name == problem)
                .count();
            assert_eq!(listed.to_string(), *count, "{format}: {problem}");
        }
    }
}

#[test]
fn generated_baskets_are_mined() {
    let sandbox = Sandbox::new();
    for (asked, name, baskets) in [
        ("t10i4d5k", "T10I4D5K", 5000),
        ("C23N119D8K", "C23N119D8K", 8000),
    ] {
        sandbox
            .regulars(&["generate", "--baskets", asked, "--out", name])
            .ended_with(0)
            .shows(&[format!("{name} in {name}").as_str()]);
        let flat = sandbox.read(&format!("{name}/{name}.dat"));
        assert_eq!(flat.lines().count(), baskets);
        let (settings, out) = (format!("{name}/regulars.toml"), format!("{name}/results"));
        for stage in ["ingest", "rules"] {
            sandbox
                .regulars(&[stage, "-c", &settings, "--out", &out])
                .ended_with(0);
        }
        let rules = &sandbox.manifest(&out)["stages"]["rules"]["metrics"];
        assert_eq!(rules["baskets"].as_u64(), Some(baskets as u64));
        assert!(rules["rules"].as_u64().unwrap() > 10, "{rules}");
    }
}

#[test]
fn what_cannot_be_generated_is_said_in_clear_words() {
    let sandbox = Sandbox::new().file("taken/notes.txt", "mine");
    let generate = |options: &[&str]| sandbox.regulars(&[&["generate"], options].concat());
    generate(&["--customers", "0"])
        .ended_with(2)
        .says(&["customers = 0", "from 1 to"]);
    generate(&["--customers", "99999999999"])
        .ended_with(2)
        .says(&["customers = 99999999999"]);
    generate(&["--months", "1"])
        .ended_with(2)
        .says(&["months = 1", "from 3 to 120"]);
    generate(&["--months", "-3"]).ended_with(2);
    generate(&["--customers", "many"]).ended_with(2);
    generate(&["--format", "xlsx"])
        .ended_with(2)
        .says(&["parquet"]);
    generate(&["--out", "taken"])
        .ended_with(2)
        .says(&["taken is there already", "--out"]);
    generate(&["--out", "taken/notes.txt"]).ended_with(2);
    assert_eq!(sandbox.read("taken/notes.txt"), "mine");
    generate(&[
        "--truth-at",
        "1999-01-01",
        "--months",
        "3",
        "--customers",
        "5",
    ])
    .ended_with(2)
    .says(&["1999-01-01", "as-of dates from 2025-10-02 to 2026-01-01"]);
    for name in [
        "T10",
        "mushroom",
        "T0I4D1K",
        "T10I4D1K9999999999999999999999K",
        "C1N1D0",
    ] {
        generate(&["--baskets", name])
            .ended_with(2)
            .says(&["--baskets", "hint:"]);
    }
    generate(&["--baskets", "T10I4D1K", "--dirty"]).ended_with(2);
    assert!(!sandbox.exists("generated"), "nothing is left behind");
}

#[test]
fn compare_says_what_it_misses() {
    let sandbox = Sandbox::new();
    sandbox
        .regulars(&[
            "generate",
            "--customers",
            "40",
            "--months",
            "3",
            "--out",
            "shop",
        ])
        .ended_with(0);
    sandbox
        .regulars(&["compare", "results", "shop/truth"])
        .ended_with(3)
        .says(&["results", "hint:"]);
    sandbox
        .regulars(&["ingest", "-c", "shop/regulars.toml", "--out", "results"])
        .ended_with(0);
    sandbox
        .regulars(&["compare", "results", "elsewhere"])
        .ended_with(2)
        .says(&["elsewhere holds no truth", "truth/"]);
    // What has not run is not compared.
    let compared = sandbox
        .regulars(&["compare", "results", "shop/truth"])
        .ended_with(0);
    assert!(compared.stdout.contains("INGEST") && !compared.stdout.contains("CHURN"));
}
