//! History is not lost, whatever is done to the tables in between: old files are cleared, logs are
//! cleaned up, and other programs compact what lies there.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::servers::{lacking, python};
use crate::util::{SETTINGS, Sandbox, copy, query, repository, shop, shop_sandbox};

fn holding(sandbox: &Sandbox) -> (u64, String) {
    let found = query(
        &sandbox.path("regulars-out"),
        "SELECT count(*), sum(amount) FROM interactions WHERE replaced_at IS NULL",
    );
    (found[0][0].parse().unwrap(), found[0][1].clone())
}

fn ingest(sandbox: &Sandbox) {
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
}

const HEADER: &str = "customer,when,basket,product,paid\n";

/// A warehouse of an old delivery that is gone, and a new one of one row.
fn with_one_more_row() -> (Sandbox, (u64, String)) {
    let sandbox = shop_sandbox(60, 200);
    sandbox.write(
        "regulars.toml",
        SETTINGS.replace("\"lines.csv\"", "\"sales/*.csv\""),
    );
    sandbox.write("sales/old.csv", shop(60, 200));
    ingest(&sandbox);
    let before = holding(&sandbox);
    fs::remove_file(sandbox.path("sales/old.csv")).unwrap();
    sandbox.write(
        "sales/new.csv",
        format!("{HEADER}C0001,2023-07-30 10:00,99999,tea,1.00\n"),
    );
    (sandbox, before)
}

#[test]
fn after_forgetting_the_next_load_goes_on_from_what_is_there() {
    let (sandbox, before) = with_one_more_row();
    sandbox
        .regulars(&["forget", "C0002", "--out", "regulars-out"])
        .ended_with(0);
    let left = holding(&sandbox).0;
    assert!(left < before.0);
    sandbox.regulars(&["features", "--quiet"]).ended_with(0);
    sandbox.regulars(&["rules", "--quiet"]).ended_with(0);
    sandbox.regulars(&["profile", "--quiet"]).ended_with(0);
    sandbox
        .regulars(&["forget", "C0003", "--out", "regulars-out"])
        .ended_with(0);
    let left = holding(&sandbox).0;
    ingest(&sandbox);
    assert_eq!(holding(&sandbox).0, left + 1);
    let loads = query(
        &sandbox.path("regulars-out"),
        "SELECT load FROM loads ORDER BY 1",
    );
    assert_eq!(loads.len(), 3, "two deliveries and the products");
}

#[test]
fn without_keeping_old_states_the_next_load_goes_on_too() {
    let (sandbox, before) = with_one_more_row();
    let settings = sandbox.read("regulars.toml") + "\n[ingest]\nkeep_days = 0\n";
    sandbox.write("regulars.toml", settings);
    ingest(&sandbox);
    assert_eq!(holding(&sandbox).0, before.0 + 1);
    // Old files were cleared after that load.
    for number in 2..5 {
        sandbox.write(
            "sales/new.csv",
            format!("{HEADER}C0001,2023-07-30 10:00,99999,tea,{number}.00\n"),
        );
        ingest(&sandbox);
        assert_eq!(holding(&sandbox).0, before.0 + 1);
        sandbox.regulars(&["features", "--quiet"]).ended_with(0);
    }
}

#[test]
fn a_warehouse_whose_record_cannot_be_read_stops_everything() {
    let (sandbox, before) = with_one_more_row();
    let log = sandbox.path("regulars-out/warehouse/interactions/_delta_log");
    let first = log.join("00000000000000000000.json");
    let text = fs::read_to_string(&first).unwrap();
    let refused = |words: &[&str]| {
        for command in [
            &["ingest"][..],
            &["run"],
            &["features"],
            &["profile"],
            &["forget", "C0001"],
        ] {
            let run = sandbox
                .regulars(command)
                .ended_with(3)
                .says(&["warehouse/interactions"]);
            assert!(run.stderr.contains("hint:"), "{}", run.stderr);
            let _ = run.says(words);
        }
    };
    // Somebody else made the table: nothing of ours is in it.
    let stranger = text
        .replace("regulars.load", "other.load")
        .replace("\"regulars\"", "\"other\"");
    assert_ne!(stranger, text);
    fs::write(&first, &stranger).unwrap();
    refused(&["nothing says which load its rows belong to", "--rebuild"]);
    // The record is damaged.
    let damaged = text.replace("\\\"timezone\\\"", "\\\"timezon\\\"");
    assert_ne!(damaged, text);
    fs::write(&first, &damaged).unwrap();
    refused(&["is not what a load wrote"]);
    // The log is gone, the rows are there.
    fs::rename(&first, sandbox.path("kept.json")).unwrap();
    refused(&["no log that could be read", "backup"]);
    sandbox
        .regulars(&["ingest", "--rebuild"])
        .ended_with(3)
        .says(&["no log that could be read"]);
    fs::rename(sandbox.path("kept.json"), &first).unwrap();
    fs::write(&first, &text).unwrap();
    ingest(&sandbox);
    assert_eq!(holding(&sandbox).0, before.0 + 1);
}

#[test]
fn a_rebuild_starts_from_the_sources_though_the_record_cannot_be_read() {
    let (sandbox, _) = with_one_more_row();
    let log = sandbox.path("regulars-out/warehouse/interactions/_delta_log");
    let first = log.join("00000000000000000000.json");
    let text = fs::read_to_string(&first).unwrap();
    fs::write(
        &first,
        text.replace("regulars.load", "other.load")
            .replace("\"regulars\"", "\"other\""),
    )
    .unwrap();
    sandbox
        .regulars(&["ingest", "--quiet", "--rebuild"])
        .ended_with(0);
    assert_eq!(holding(&sandbox), (1, "1.0000".into()));
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    assert_eq!(holding(&sandbox).0, 1);
}

/// Another Delta program does its housekeeping in every table; false where it is not installed.
fn housekeeping(sandbox: &Sandbox, what: &str) -> bool {
    let script = format!(
        "import sys, glob\ntry:\n    from deltalake import DeltaTable\nexcept ImportError:\n    sys.exit(9)\n\
         for path in sorted(glob.glob('regulars-out/warehouse/*/_delta_log')):\n    \
         table = DeltaTable(path[:-len('/_delta_log')])\n{}",
        what.lines()
            .map(|line| format!("    {line}\n"))
            .collect::<String>()
    );
    let done = Command::new(python())
        .args(["-c", &script])
        .current_dir(sandbox.path(""))
        .output();
    match done {
        Ok(done) if done.status.success() => true,
        Ok(done) if done.status.code() == Some(9) => {
            lacking("deltalake, a package of Python,");
            false
        }
        Ok(done) => panic!("{}", String::from_utf8_lossy(&done.stderr)),
        Err(_) => {
            lacking("Python");
            false
        }
    }
}

const COMPACT_AND_CLEAR: &str = "table.optimize.compact()
table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
table.create_checkpoint()";

/// A load that is killed between its tables leaves a new state of some of them; who then clears away
/// what only earlier states name, takes away what the load before is read from.
#[test]
fn files_that_another_program_cleared_away_after_a_killed_load_are_missed_in_words() {
    let sandbox = shop_sandbox(25, 120);
    ingest(&sandbox);
    let before = sandbox.path("before");
    copy(&sandbox.path("regulars-out"), &before);
    let products = sandbox.read("products.csv").replace("Bread", "Sourdough");
    sandbox.write("products.csv", products);
    ingest(&sandbox);
    for left in ["warehouse/interactions", "warehouse/state.json"] {
        let (from, to) = (before.join(left), sandbox.path("regulars-out").join(left));
        if to.is_dir() {
            fs::remove_dir_all(&to).unwrap();
            copy(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
    sandbox.regulars(&["features", "--quiet"]).ended_with(0);
    let clear = "table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)";
    if !housekeeping(&sandbox, clear) {
        return;
    }
    for command in ["features", "ingest", "profile"] {
        sandbox
            .regulars(&[command, "--quiet"])
            .ended_with(3)
            .says(&[
                "warehouse/products",
                "1 missing",
                "has another program cleared old files away?",
                "--rebuild",
            ]);
    }
    sandbox
        .regulars(&["ingest", "--quiet", "--rebuild"])
        .ended_with(0);
    sandbox.regulars(&["features", "--quiet"]).ended_with(0);
    let names = query(
        &sandbox.path("regulars-out"),
        "SELECT name FROM products WHERE product_id = 'bread' AND replaced_at IS NULL",
    );
    assert_eq!(names, [["Sourdough"]]);
}

/// Settings for orders that are corrected by their keys.
const ORDERS: &str = r#"
[[sources]]
name = "orders"
table = "interactions"
path = "orders/*.csv"
key = ["line"]
[sources.columns]
customer_id = "customer"
occurred_at = "when"
kind = { constant = "purchase" }
amount = "paid"
"#;

#[test]
fn compacting_and_clearing_by_another_program_loses_nothing() {
    let sandbox = shop_sandbox(60, 200);
    sandbox.write(
        "regulars.toml",
        SETTINGS.replace("\"lines.csv\"", "\"sales/*.csv\"") + ORDERS,
    );
    let undisturbed = shop_sandbox(60, 200);
    undisturbed.write("regulars.toml", sandbox.read("regulars.toml"));
    let text = shop(60, 200);
    let lines: Vec<&str> = text.lines().skip(1).collect();
    let parts: Vec<String> = lines
        .chunks(lines.len().div_ceil(4))
        .map(|part| HEADER.to_owned() + &part.join("\n") + "\n")
        .collect();
    for (number, part) in parts.iter().enumerate() {
        for into in [&sandbox, &undisturbed] {
            into.write(&format!("sales/{number}.csv"), part);
            // Line 1 is corrected with every delivery, and moves to another month.
            into.write(
                &format!("orders/{number}.csv"),
                format!(
                    "line,customer,when,paid\n1,O1,2023-0{}-05,{number}.00\n{},O2,2023-03-07,2.00\n",
                    number + 1,
                    number + 10,
                ),
            );
            into.regulars(&["ingest", "--quiet"]).ended_with(0);
        }
        // Of an earlier delivery nothing is there any more but what was loaded.
        fs::remove_file(sandbox.path(&format!("sales/{number}.csv"))).unwrap();
        if !housekeeping(&sandbox, COMPACT_AND_CLEAR) {
            return;
        }
        let sql = "SELECT customer_id, occurred_at, product_id, amount, replaced_at IS NULL FROM interactions ORDER BY 1, 2, 3, 4, 5";
        assert_eq!(
            query(&sandbox.path("regulars-out"), sql),
            query(&undisturbed.path("regulars-out"), sql),
        );
        sandbox.regulars(&["features", "--quiet"]).ended_with(0);
    }
    let features = |sandbox: &Sandbox| {
        sandbox.regulars(&["features", "--quiet"]).ended_with(0);
        let mut files = sandbox.data_files("regulars-out");
        files.retain(|name, _| name.starts_with("features/"));
        files
    };
    assert!(
        features(&sandbox) == features(&undisturbed),
        "the same bytes from other files"
    );
    for into in [&sandbox, &undisturbed] {
        into.regulars(&["forget", "C0007"]).ended_with(0);
    }
    assert!(housekeeping(&sandbox, COMPACT_AND_CLEAR));
    sandbox.write(
        "sales/9.csv",
        format!("{HEADER}C0001,2023-02-02 10:00,99999,tea,1.00\n"),
    );
    let before = holding(&sandbox).0;
    ingest(&sandbox);
    assert_eq!(holding(&sandbox).0, before + 1);
    assert_eq!(holding(&undisturbed).0, before);
}

#[test]
fn cleaning_up_logs_loses_no_record() {
    let sandbox = shop_sandbox(10, 40);
    sandbox.write(
        "regulars.toml",
        SETTINGS.replace("\"lines.csv\"", "\"sales/*.csv\""),
    );
    let delivery = |number: u32| {
        sandbox.write(
            "sales/new.csv",
            format!(
                "{HEADER}C{number},2024-01-0{} 10:00,{number},tea,1.00\n",
                1 + number % 9
            ),
        );
        // Known by its content, so a new name for each keeps the earlier ones.
        fs::rename(
            sandbox.path("sales/new.csv"),
            sandbox.path(&format!("sales/{number}.csv")),
        )
        .unwrap();
        ingest(&sandbox);
        fs::remove_file(sandbox.path(&format!("sales/{number}.csv"))).unwrap();
    };
    delivery(0);
    let settings = "table.alter.set_table_properties({'delta.logRetentionDuration': 'interval 0 days', 'delta.checkpointInterval': '4', 'delta.enableExpiredLogCleanup': 'true'})";
    if !housekeeping(&sandbox, settings) {
        return;
    }
    let loads = 200;
    for number in 1..loads {
        delivery(number);
        if number % 20 == 0 {
            assert!(housekeeping(
                &sandbox,
                "table.create_checkpoint()\ntable.cleanup_metadata()"
            ));
        }
    }
    let log = sandbox.path("regulars-out/warehouse/interactions/_delta_log");
    assert!(
        !log.join("00000000000000000001.json").exists(),
        "the log was cleaned up"
    );
    assert_eq!(holding(&sandbox).0, u64::from(loads));
    let files = query(
        &sandbox.path("regulars-out"),
        "SELECT count(*) FROM loads WHERE \"table\" = 'interactions'",
    );
    assert_eq!(files[0][0], loads.to_string());
    sandbox.regulars(&["features", "--quiet"]).ended_with(0);
}

/// The first block of a language below a heading of a page.
fn example(page: &str, heading: &str, language: &str) -> String {
    let text = fs::read_to_string(repository().join("docs").join(page)).unwrap();
    let (_, below) = text.split_once(heading).expect("the heading");
    let (_, block) = below
        .split_once(&format!("```{language}\n"))
        .expect("an example");
    block.split("```").next().expect("its end").to_owned()
}

#[test]
fn the_versions_of_one_load_are_read_as_the_docs_say() {
    let sandbox = shop_sandbox(40, 150);
    ingest(&sandbox);
    let state = |name: &str| -> u64 {
        let text = sandbox.read("regulars-out/warehouse/state.json");
        let state: serde_json::Value = serde_json::from_str(&text).unwrap();
        state["tables"][name]["version"].as_u64().unwrap()
    };
    let before = (state("interactions"), state("products"));
    // A load that was killed between two tables: its products are there, its lines are not.
    let whole = sandbox.path("whole");
    copy(&sandbox.path("regulars-out"), &whole);
    let products = sandbox.read("products.csv").replace("Bread", "Sourdough");
    sandbox.write("products.csv", products);
    sandbox.write("lines.csv", shop(41, 150));
    ingest(&sandbox);
    assert!(state("interactions") > before.0 && state("products") > before.1);
    copy(
        &sandbox.path("regulars-out/warehouse/products"),
        &whole.join("warehouse/products"),
    );
    let script = example("files.md", "## Reading the tables of one load", "python")
        + "\nprint(history.height, rows, table('products').filter(pl.col('product_id') == 'bread')['name'][0])\n";
    let check = "try:\n    import duckdb, polars, deltalake\nexcept ImportError:\n    raise SystemExit(9)\n";
    for (folder, name) in [("regulars-out", "Sourdough"), ("whole", "Bread")] {
        let script =
            check.to_owned() + &script.replace("\"regulars-out\"", &format!("\"{folder}\""));
        let read = Command::new(python())
            .args(["-c", &script])
            .current_dir(sandbox.path(""))
            .output()
            .unwrap();
        if read.status.code() == Some(9) {
            return lacking("polars, DuckDB or deltalake");
        }
        let said = String::from_utf8_lossy(&read.stdout).trim().to_owned();
        let there = query_folder(&sandbox.path(folder));
        assert_eq!(
            said,
            format!("{there} {there} {name}"),
            "{}",
            String::from_utf8_lossy(&read.stderr)
        );
    }
    // Whoever works there next reads the state of the last whole load too.
    let run = sandbox.regulars(&["rules", "--quiet", "--out", "whole"]);
    assert!(run.code == 0 || run.code == 3, "{}", run.stderr);
    sandbox
        .regulars(&["ingest", "--quiet", "--out", "whole"])
        .ended_with(0);
    let names = query(
        &whole,
        "SELECT name FROM products WHERE product_id = 'bread' AND replaced_at IS NULL",
    );
    assert_eq!(names, [["Sourdough"]]);
}

fn query_folder(out: &Path) -> String {
    query(
        out,
        "SELECT count(*) FROM interactions WHERE replaced_at IS NULL",
    )[0][0]
        .clone()
}
