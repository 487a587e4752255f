//! A user's own history: CSV, other names, other zones, other formats.

use std::io::Write;

use crate::util::{PRODUCTS, SETTINGS, Sandbox, columns, shop, shop_sandbox};

#[test]
fn a_history_in_csv_gives_segments_scores_and_suggestions() {
    let sandbox = shop_sandbox(150, 400);
    sandbox.regulars(&["run"]).ended_with(0).shows(&[
        "Corner shop: 150 customers",
        "WHO THEY ARE",
        "WHO IS LEAVING",
        "WHAT GOES TOGETHER",
        "spreads",
        "EUR",
    ]);
    let rules = columns(&sandbox.read("regulars-out/rules.csv"));
    let planted = (0..rules["antecedent"].len())
        .any(|row| rules["antecedent"][row] == "Spreads" && rules["consequent"][row] == "Loaves");
    assert!(
        planted,
        "butter comes with bread alone, but the rules are {rules:?}"
    );
    let ids = columns(&sandbox.read("regulars-out/segments.csv"))["customer_id"].clone();
    assert!(
        ids.contains(&"C0007".to_owned()),
        "text ids stay text: {:?}",
        &ids[..5]
    );
}

#[test]
fn one_stage_after_the_other_gives_the_same_files_as_a_run() {
    let (whole, single) = (shop_sandbox(120, 400), shop_sandbox(120, 400));
    whole.regulars(&["run", "--quiet"]).ended_with(0);
    for stage in [
        "ingest", "features", "segment", "value", "churn", "classes", "rules", "offers", "report",
    ] {
        single.regulars(&[stage, "--quiet"]).ended_with(0);
    }
    let mut whole = whole.data_files("regulars-out");
    whole.remove("summary.txt");
    let single = single.data_files("regulars-out");
    assert_eq!(
        whole.keys().collect::<Vec<_>>(),
        single.keys().collect::<Vec<_>>()
    );
    for (name, bytes) in whole {
        assert!(bytes == single[&name], "{name} differs");
    }
}

#[test]
fn gzip_zstd_globs_and_a_byte_order_mark_are_read_alike() {
    let lines = shop(60, 200);
    let plain = Sandbox::new()
        .file("lines.csv", &lines)
        .file("products.csv", PRODUCTS)
        .file("regulars.toml", SETTINGS);
    plain.regulars(&["ingest", "--quiet"]).ended_with(0);
    plain.regulars(&["features", "--quiet"]).ended_with(0);

    // The same lines in three files: gzip, zstd, and plain with a byte order mark.
    let packed = Sandbox::new().file("products.csv", format!("\u{feff}{PRODUCTS}"));
    let (header, rows) = lines.split_once('\n').unwrap();
    let rows: Vec<&str> = rows.lines().collect();
    let part = |range: std::ops::Range<usize>| format!("{header}\n{}\n", rows[range].join("\n"));
    let third = rows.len() / 3;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(part(0..third).as_bytes()).unwrap();
    packed.write("in/a.csv.gz", gzip.finish().unwrap());
    packed.write(
        "in/b.csv.zst",
        zstd::encode_all(part(third..2 * third).as_bytes(), 3).unwrap(),
    );
    packed.write(
        "in/c.csv",
        format!("\u{feff}{}", part(2 * third..rows.len())),
    );
    packed.write(
        "regulars.toml",
        SETTINGS.replace("\"lines.csv\"", "\"in/*.csv*\""),
    );
    packed.regulars(&["ingest", "--quiet"]).ended_with(0);
    packed.regulars(&["features", "--quiet"]).ended_with(0);
    assert!(plain.data_files("regulars-out") == packed.data_files("regulars-out"));
}

#[test]
fn expressions_constants_formats_and_delimiters_map_other_files() {
    let sandbox = Sandbox::new()
        .file("till.txt", "Kunde;Zeit;Bon;Artikel;Menge;Einzelpreis\n007;31.12.2022 23:30;1;A;2;1.25\n007;05.01.2023 10:00;2;B;1;3\n8;05.01.2023 10:00;3;A;4;0.5\n")
        .file(
            "regulars.toml",
            r#"
[project]
timezone = "Europe/Berlin"
[[sources]]
table = "interactions"
path = "till.txt"
format = "csv"
delimiter = ";"
time_format = "%d.%m.%Y %H:%M"
[sources.columns]
customer_id = "Kunde"
occurred_at = "Zeit"
kind = { constant = "purchase" }
basket_id = "Bon"
product_id = "Artikel"
quantity = "Menge"
amount = { sql = "try_cast(Menge AS DOUBLE) * try_cast(Einzelpreis AS DOUBLE)" }
"#,
        );
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox.regulars(&["features", "--quiet"]).ended_with(0);
    sandbox.regulars(&["segment", "--quiet"]).ended_with(0);
    let segments = columns(&sandbox.read("regulars-out/segments.csv"));
    assert_eq!(segments["customer_id"], ["007", "8"]);
    assert_eq!(segments["monetary"], ["5.5", "2.0"]);
    assert_eq!(segments["recency_days"], ["1.0", "1.0"]);
}

#[test]
fn a_source_of_purchases_alone_runs_without_products_or_amounts() {
    let sandbox = shop_sandbox(80, 300);
    sandbox.write(
        "regulars.toml",
        "[[sources]]\ntable = \"interactions\"\npath = \"lines.csv\"\n[sources.columns]\n\
         customer_id = \"customer\"\noccurred_at = \"when\"\nkind = { constant = \"purchase\" }\n",
    );
    sandbox
        .regulars(&["run"])
        .ended_with(0)
        .shows(&["80 customers", "WHO IS LEAVING", "rules was left out"])
        .says(&["rules was left out"]);
    assert!(!sandbox.exists("regulars-out/rules.csv"));
}

#[test]
fn as_of_is_as_if_nothing_later_had_been_loaded() {
    let all = shop_sandbox(120, 400);
    all.regulars(&["run", "--quiet", "--as-of", "2023-11-20"])
        .ended_with(0);

    let lines = all.read("lines.csv");
    let earlier: Vec<&str> = lines
        .lines()
        .filter(|line| {
            line.starts_with("customer,") || line.split(',').nth(1).unwrap() < "2023-11-20"
        })
        .collect();
    assert!(earlier.len() < lines.lines().count());
    let cut = Sandbox::new()
        .file("lines.csv", earlier.join("\n") + "\n")
        .file("products.csv", PRODUCTS)
        .file("regulars.toml", SETTINGS);
    cut.regulars(&["run", "--quiet"]).ended_with(0);

    let (all, cut) = (
        all.data_files("regulars-out"),
        cut.data_files("regulars-out"),
    );
    assert_eq!(
        all.keys().collect::<Vec<_>>(),
        cut.keys().collect::<Vec<_>>()
    );
    for (name, bytes) in &all {
        assert!(
            *bytes == cut[name],
            "{name} saw something on or after the as-of date"
        );
    }
}

#[test]
fn what_to_type_next_names_the_settings_that_were_given() {
    let sandbox = shop_sandbox(60, 400);
    let settings = sandbox.read("regulars.toml");
    sandbox.write("my shop.toml", settings);
    sandbox
        .regulars(&["rules", "-c", "my shop.toml", "--out", "re sults"])
        .ended_with(3)
        .says(&["regulars ingest -c 'my shop.toml' --out 're sults'"]);
    sandbox
        .regulars(&["run", "-c", "my shop.toml"])
        .ended_with(0)
        .shows(&["run -c 'my shop.toml' --as-of"]);
}
