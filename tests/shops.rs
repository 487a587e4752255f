//! Shops of every kind: generated, loaded, run, and set beside their truth.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::util::{Sandbox, columns};

const KINDS: [&str; 5] = [
    "grocery",
    "mail-order",
    "subscription",
    "restaurant",
    "wholesale",
];

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

fn generate(sandbox: &Sandbox, kind: &str, customers: &str, months: &str, more: &[&str]) {
    let words = [
        "generate",
        "--kind",
        kind,
        "--customers",
        customers,
        "--months",
        months,
    ];
    sandbox.regulars(&[&words[..], more].concat()).ended_with(0);
}

#[test]
fn the_help_says_what_each_kind_is() {
    let run = Sandbox::new()
        .regulars(&["generate", "--help"])
        .ended_with(0);
    // Lines are broken anywhere.
    let help: Vec<&str> = run.stdout.split_whitespace().collect();
    let help = help.join(" ");
    for kind in KINDS {
        assert!(help.contains(&format!("- {kind}:")), "{kind}: {help}");
    }
    for words in [
        "Christmas goods",
        "half a year",
        "closed on Mondays",
        "in bulk",
    ] {
        assert!(help.contains(words), "{words}: {help}");
    }
}

#[test]
fn every_kind_has_the_same_bytes_on_any_number_of_threads() {
    let sandbox = Sandbox::new();
    for kind in KINDS {
        for threads in ["1", "3"] {
            let out = format!("{kind}-{threads}");
            // More than one part, so that threads share the work.
            generate(
                &sandbox,
                kind,
                "900",
                "24",
                &["--threads", threads, "--out", &out, "--dirty"],
            );
        }
        let one = all_files(&sandbox.path(&format!("{kind}-1")));
        assert!(one.len() > 10, "{kind}: {:?}", one.keys());
        assert!(
            one == all_files(&sandbox.path(&format!("{kind}-3"))),
            "{kind}"
        );
        for file in ["truth/items.csv", "truth/orders.parquet"] {
            assert_eq!(one.contains_key(file), kind != "grocery", "{file}");
        }
    }
    generate(&sandbox, "grocery", "300", "6", &["--out", "named"]);
    sandbox
        .regulars(&[
            "generate",
            "--customers",
            "300",
            "--months",
            "6",
            "--out",
            "unnamed",
        ])
        .ended_with(0);
    assert!(all_files(&sandbox.path("named")) == all_files(&sandbox.path("unnamed")));
}

#[test]
fn a_mail_order_shop_runs_as_it_is_and_is_judged_by_its_seasons() {
    let sandbox = Sandbox::new();
    sandbox
        .regulars(&[
            "generate",
            "--kind",
            "mail-order",
            "--customers",
            "1200",
            "--months",
            "24",
            "--out",
            "shop",
        ])
        .ended_with(0)
        .shows(&["mail-order:", "of guests", "cancelled"]);
    sandbox
        .regulars(&["run", "-c", "shop/regulars.toml", "--out", "results"])
        .ended_with(0);
    let compared = sandbox
        .regulars(&["compare", "results", "shop/truth"])
        .ended_with(0);
    for words in [
        "OFFERS",
        "out of season",
        "horizon proposed",
        "never on sale together",
    ] {
        assert!(
            compared.stdout.contains(words),
            "{words}: {}",
            compared.stdout
        );
    }
    let figures = comparison(&sandbox, "results");
    let (read, truth) = figures["interactions read"];
    assert_eq!(Some(read), truth);
    assert_eq!(figures["clean rows rejected or dropped"].0, 0.0);
    // Which orders are of guests and which were cancelled, one by one.
    for which in [
        "orders of guests that are nobody's",
        "cancelled orders that came back",
    ] {
        let (right, all) = figures[which];
        assert!(right > 100.0, "{which}: {right}");
        assert_eq!(Some(right), all, "{which}");
    }
    assert!(!compared.stdout.contains("more that are not"));
    let (tested, truth) = figures["test date, customers"];
    assert_eq!(
        Some(tested),
        truth,
        "who is eligible is the same on both sides"
    );
    let (rows, all) = figures["customers with a row"];
    assert_eq!(Some(rows), all);
    assert_eq!(figures["suggestions to customers who said no"].0, 0.0);
    assert_eq!(
        figures["substitutes that were never on sale together"].0,
        0.0
    );
    // The history ends with December: without its seasons a fifth of what sold last is of Christmas.
    assert!(figures["share of suggestions off sale or out of season"].0 < 0.02);
    let (horizon, law) = figures["horizon proposed, days"];
    let law = law.unwrap();
    assert!(
        horizon > 0.6 * law && horizon < 1.2 * law + 7.0,
        "{horizon} days proposed, {law} by the law"
    );
}

#[test]
fn a_load_of_a_dirty_shop_of_any_kind_is_held_to_every_row() {
    let sandbox = Sandbox::new();
    for (kind, format) in [
        ("mail-order", "csv"),
        ("subscription", "parquet"),
        ("restaurant", "csv"),
        ("wholesale", "parquet"),
    ] {
        let results = format!("{kind}-results");
        let more = ["--dirty", "--format", format, "--out", kind];
        generate(&sandbox, kind, "700", "12", &more);
        let settings = format!("{kind}/regulars.toml");
        sandbox
            .regulars(&["ingest", "-c", &settings, "--out", &results])
            .ended_with(0);
        sandbox.regulars(&["compare", &results, kind]).ended_with(0);
        let figures = comparison(&sandbox, &results);
        let (read, truth) = figures["interactions read"];
        assert_eq!(Some(read), truth, "{kind}");
        assert_eq!(figures["clean rows rejected or dropped"].0, 0.0, "{kind}");
        for problem in ["duplicate", "no customer", "late row"] {
            let (right, all) = figures[&format!("{problem}, as wanted")];
            assert_eq!(Some(right), all, "{kind}: {problem}");
            assert!(right > 0.0, "{kind}: no row is a {problem}");
        }
    }
}

#[test]
fn what_no_kind_can_be_is_said_in_clear_words() {
    let sandbox = Sandbox::new();
    let generate = |options: &[&str]| sandbox.regulars(&[&["generate"], options].concat());
    generate(&["--kind", "mailorder"])
        .ended_with(2)
        .says(&["mailorder", "similar", "mail-order"]);
    generate(&["--kind", "bank"])
        .ended_with(2)
        .says(&["bank", "subscription", "wholesale"]);
    generate(&["--kind", ""]).ended_with(2);
    generate(&["--kind", "mail-order", "--months", "6"])
        .ended_with(2)
        .says(&["months = 6", "from 12 to 120"]);
    generate(&["--kind", "restaurant", "--customers", "0"])
        .ended_with(2)
        .says(&["customers = 0"]);
    generate(&["--kind", "wholesale", "--baskets", "T10I4D1K"]).ended_with(2);
    generate(&["--kind", "wholesale", "--kind", "grocery"]).ended_with(2);
    assert!(!sandbox.exists("generated"), "nothing is left behind");
    // A year shows no season twice, and that is said.
    generate(&[
        "--kind",
        "mail-order",
        "--months",
        "12",
        "--customers",
        "30",
    ])
    .ended_with(0)
    .shows(&["note:", "--months 24"]);
    for (kind, out) in [("subscription", "one"), ("restaurant", "two")] {
        let options = [
            "--kind",
            kind,
            "--customers",
            "1",
            "--months",
            "9",
            "--out",
            out,
        ];
        generate(&options).ended_with(0);
        let settings = format!("{out}/regulars.toml");
        let results = format!("{out}-results");
        sandbox
            .regulars(&["ingest", "-c", &settings, "--out", &results])
            .ended_with(0);
    }
}

#[test]
fn a_truth_of_another_kind_is_told_by_its_name() {
    let sandbox = Sandbox::new();
    generate(&sandbox, "restaurant", "40", "6", &["--out", "shop"]);
    sandbox
        .regulars(&["ingest", "-c", "shop/regulars.toml", "--out", "results"])
        .ended_with(0);
    let about = sandbox.read("shop/truth/generator.json");
    assert!(about.contains("\"kind\": \"restaurant\"") && about.contains("guest_baskets"));
    fs::write(
        sandbox.path("shop/truth/generator.json"),
        about.replace("restaurant", "restaurnat"),
    )
    .unwrap();
    sandbox
        .regulars(&["compare", "results", "shop/truth"])
        .ended_with(3)
        .says(&["restaurnat", "restaurant"]);
}
