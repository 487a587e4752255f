//! Quality gates hold a load to what the settings ask for.

use crate::util::{Sandbox, shop_sandbox};

/// A shop whose settings have these gates.
fn shop(gates: &str) -> Sandbox {
    let sandbox = shop_sandbox(40, 150);
    let settings = sandbox.read("regulars.toml") + gates;
    sandbox.write("regulars.toml", settings);
    sandbox
}

#[test]
fn a_wrong_gate_is_found_before_anything_is_read() {
    let sandbox =
        shop("\n[[gates]]\ntable = \"interactions\"\ncolumn = \"amuont\"\nnot_null = true\n");
    sandbox.regulars(&["ingest"]).ended_with(2).says(&[
        "regulars.toml:29: gate 1 (interactions) column: interactions has no column `amuont`",
        "did you mean `amount`?",
    ]);
    assert!(!sandbox.exists("regulars-out/warehouse"));
}

#[test]
fn check_reads_gates_too() {
    shop("\n[[gates]]\ntable = \"interactions\"\nrows = { min = 1 }\n")
        .regulars(&["check"])
        .ended_with(0)
        .shows(&["2 sources, 1 gate"]);
}

#[test]
fn a_gate_that_is_not_passed_stops_the_load() {
    let sandbox = shop(
        "\n[[gates]]\ntable = \"interactions\"\ncolumn = \"amount\"\nrange = { max = 3 }\n\
         [[gates]]\ntable = \"products\"\ncolumn = \"product_id\"\nunique = true\n",
    );
    sandbox
        .regulars(&["ingest", "--junit", "reports/gates.xml"])
        .ended_with(3)
        .says(&[
            "1 of 2 gates not passed; nothing was committed",
            "interactions.amount range: expected at most 3; found",
        ]);
    assert!(!sandbox.exists("regulars-out/manifest.json"));
    let report = sandbox.read("reports/gates.xml");
    assert!(
        report.contains("tests=\"2\" skipped=\"0\" failures=\"1\""),
        "{report}"
    );
}

#[test]
fn a_dry_run_asks_the_gates_and_commits_nothing() {
    let gate = "\n[[gates]]\ntable = \"interactions\"\ncolumn = \"amount\"\nrange = { max = 3 }\nlevel = \"warn\"\n";
    let sandbox = shop(gate);
    sandbox
        .regulars(&["ingest", "--dry-run", "--junit", "gates.xml"])
        .ended_with(0)
        .says(&["nothing committed", "interactions.amount range"]);
    assert!(sandbox.read("gates.xml").contains("tests=\"1\""));
    assert!(!sandbox.exists("regulars-out/manifest.json"));
    assert!(!sandbox.exists("regulars-out/warehouse/interactions"));
    assert!(!sandbox.exists("regulars-out/rejects"));
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    let before = sandbox.read("regulars-out/manifest.json");
    let more = sandbox.read("lines.csv") + "C0001,2023-03-03 10:00:00,9003,tea,1.00\n";
    sandbox.write("lines.csv", more);
    sandbox
        .regulars(&["ingest", "--dry-run"])
        .ended_with(0)
        .says(&["1 out, nothing committed"]);
    assert_eq!(sandbox.read("regulars-out/manifest.json"), before);
    sandbox
        .regulars(&["run", "--dry-run"])
        .ended_with(2)
        .says(&["regulars ingest --dry-run"]);
}

#[test]
fn a_gate_of_the_level_warn_lets_the_load_through() {
    let sandbox = shop(
        "\n[[gates]]\nname = \"Small change\"\ntable = \"interactions\"\ncolumn = \"amount\"\nrange = { max = 3 }\nlevel = \"warn\"\n",
    );
    sandbox
        .regulars(&["ingest", "--junit", "gates.xml"])
        .ended_with(0)
        .says(&["gate Small change: expected at most 3"]);
    assert!(
        sandbox
            .read("gates.xml")
            .contains("<skipped message=\"warning: ")
    );
    let manifest = sandbox.manifest("regulars-out");
    let gate = &manifest["stages"]["ingest"]["metrics"]["gates"][0];
    assert_eq!(gate["name"], "Small change");
    assert_eq!(gate["passed"], false);
}

#[test]
fn a_load_that_lost_rows_is_noticed() {
    let sandbox =
        shop("\n[[gates]]\ntable = \"interactions\"\nrows = { min_ratio_to_last = 0.9 }\n");
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    let lines = sandbox.read("lines.csv");
    let half: Vec<&str> = lines.lines().take(lines.lines().count() / 2).collect();
    sandbox.write("lines.csv", half.join("\n") + "\n");
    sandbox
        .regulars(&["ingest", "--quiet"])
        .ended_with(3)
        .says(&["at least 0.9 times the rows of the last load"]);
}
