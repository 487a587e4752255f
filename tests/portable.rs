//! Kept models as SQL and ONNX: databases and onnxruntime say what the model says.

use std::fs;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::servers::{Postgres, lacking, python};
use crate::util::{PRODUCTS, SETTINGS, Sandbox, copy, repository, shop};

/// Four versions: boosted trees with steps, the elastic net with a sigmoid, a readable tree, and an
/// ensemble of these.
fn trained() -> Sandbox {
    static TRAINED: OnceLock<Sandbox> = OnceLock::new();
    Sandbox::like(TRAINED.get_or_init(|| {
        let sandbox = Sandbox::new()
            .file("lines.csv", shop(240, 240))
            .file("products.csv", PRODUCTS)
            .file("regulars.toml", settings("boosting", "isotonic"));
        for stage in ["ingest", "features", "train"] {
            sandbox.regulars(&[stage, "--quiet"]).ended_with(0);
        }
        for (model, calibration) in [("elastic-net", "platt"), ("tree", "none")] {
            sandbox.write("regulars.toml", settings(model, calibration));
            sandbox.regulars(&["train", "--quiet"]).ended_with(0);
        }
        sandbox.write("regulars.toml", ensemble());
        sandbox.regulars(&["train", "--quiet"]).ended_with(0);
        sandbox.regulars(&["models", "promote", "1"]).ended_with(0);
        sandbox
    }))
}

fn settings(model: &str, calibration: &str) -> String {
    format!(
        "{SETTINGS}\n[churn]\nmodels = [\"single-feature\", \"{model}\"]\nchosen = \"{model}\"\ncalibration = \"{calibration}\"\n"
    )
}

fn ensemble() -> String {
    format!(
        "{SETTINGS}\n[churn]\nmodels = [\"single-feature\", \"tree\", \"elastic-net\", \"boosting\", \"ensemble\"]\nchosen = \"ensemble\"\ncalibration = \"platt\"\n"
    )
}

/// Lets the script run an export; nothing where its packages are not there.
fn run(sandbox: &Sandbox, arguments: &[&str]) -> Option<String> {
    let there = Command::new(python())
        .args(["-c", "import duckdb, onnxruntime"])
        .output();
    if !there.is_ok_and(|output| output.status.success()) {
        lacking("Python with duckdb and onnxruntime");
        return None;
    }
    let output = Command::new(python())
        .arg(repository().join("tests/run_exports.py"))
        .args(arguments)
        .current_dir(sandbox.path(""))
        .output()
        .expect("python starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}{wrong}");
    Some(said)
}

#[test]
fn duckdb_and_onnxruntime_score_as_the_model() {
    let sandbox = trained();
    for version in ["1", "2", "3", "4"] {
        let sql = format!("score-{version}.sql");
        let onnx = format!("score-{version}.onnx");
        sandbox
            .regulars(&["models", "export", version, "--to", "sql", "--file", &sql])
            .ended_with(0)
            .shows(&["1,000 rows scored both ways", "differ by at most"]);
        sandbox
            .regulars(&["models", "export", version, "--to", "onnx", "--file", &onnx])
            .ended_with(0)
            .shows(&[".onnx.rows.csv"]);
        let beside: Value =
            serde_json::from_str(&sandbox.read(&format!("{sql}.check.json"))).expect("JSON");
        assert!(beside["largest_difference"].as_f64().expect("a number") <= 1e-9);
        assert_eq!(beside["rows"], 1_000);
        assert_eq!(beside["dialect"], "duckdb");
        let Some(said) = run(&sandbox, &["sql", &sql]) else {
            return;
        };
        assert!(said.starts_with("1000 rows"), "{said}");
        run(&sandbox, &["onnx", &onnx]);
    }
}

#[test]
fn postgresql_scores_as_the_model() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let sandbox = trained();
    for version in ["1", "2", "3", "4"] {
        let schema = format!("crm_{version}");
        let table = format!("{schema}.features");
        let file = format!("score-{version}.sql");
        sandbox
            .regulars(&[
                "models",
                "export",
                version,
                "--to",
                "sql",
                "--dialect",
                "postgresql",
                "--table",
                &table,
                "--file",
                &file,
            ])
            .ended_with(0);
        let rows = sandbox.read(&format!("{file}.rows.csv"));
        let header = rows.lines().next().expect("a header");
        let columns: Vec<String> = header
            .split(',')
            .map(|name| format!("\"{name}\" double precision"))
            .collect();
        // psql reads the rows itself, as its own user.
        let data: Vec<String> = rows
            .lines()
            .skip(1)
            .map(|line| {
                line.split(',')
                    .map(|cell| if cell.is_empty() { "\\N" } else { cell })
                    .collect::<Vec<_>>()
                    .join("\t")
            })
            .collect();
        let statement = sandbox.read(&file);
        server.sql(
            "shop",
            &format!(
                "CREATE SCHEMA {schema};\nCREATE TABLE {table} ({});\nCOPY {table} FROM stdin;\n{}\n\\.\n\
                 CREATE TABLE {schema}.scored AS\n{statement};\n\
                 DO $$ DECLARE worst float8; n bigint; BEGIN\n\
                 SELECT max(abs(s.churn_probability - f.expected)), count(s.churn_probability) INTO worst, n \
                 FROM {schema}.scored s JOIN {table} f USING (customer_id);\n\
                 IF n <> 1000 OR worst > 1e-6 THEN RAISE EXCEPTION '% rows, % apart', n, worst; END IF;\n\
                 END $$;",
                columns.join(", "),
                data.join("\n")
            ),
        );
    }
}

#[test]
fn duckdb_makes_the_features_from_the_warehouse_and_scores_alone() {
    let sandbox = trained();
    sandbox.write("regulars.toml", settings("boosting", "isotonic"));
    sandbox.regulars(&["score", "--quiet"]).ended_with(0);
    duckdb_makes_features(&sandbox, "regulars-out/churn.csv");
}

/// From two years on there are features of the season.
#[test]
fn duckdb_makes_the_features_of_two_years_too() {
    let sandbox = Sandbox::new();
    let words = [
        "generate",
        "--customers",
        "200",
        "--months",
        "26",
        "--out",
        "shop",
    ];
    sandbox.regulars(&words).ended_with(0);
    copy(&sandbox.path("shop"), &sandbox.path(""));
    for stage in ["ingest", "features", "train"] {
        sandbox.regulars(&[stage, "--quiet"]).ended_with(0);
    }
    sandbox.regulars(&["models", "promote", "1"]).ended_with(0);
    // Scores are corrected for the season, and SQL gives what the model gives.
    duckdb_makes_features(&sandbox, "-");
    let sql = sandbox.read("churn-1.features.duckdb.sql");
    assert!(sql.contains("shop_week"), "no season: {sql}");
}

fn duckdb_makes_features(sandbox: &Sandbox, scores: &str) {
    sandbox
        .regulars(&["models", "export", "--to", "sql", "--features"])
        .ended_with(0)
        .shows(&["features of version 1", "churn-1.features.duckdb.sql"]);
    sandbox
        .regulars(&["models", "export", "--to", "sql"])
        .ended_with(0)
        .shows(&["churn-1.duckdb.sql"]);
    let mut dates: Vec<_> = fs::read_dir(sandbox.path("regulars-out/features"))
        .expect("features")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    dates.sort();
    let newest = dates.last().expect("a date").display().to_string();
    let arguments = [
        "features",
        "churn-1.features.duckdb.sql",
        "churn-1.duckdb.sql",
        &newest,
        scores,
    ];
    if let Some(said) = run(sandbox, &arguments) {
        assert!(said.contains("customers"), "{said}");
    }
}

#[test]
fn what_cannot_be_exported_is_said_and_nothing_is_written() {
    let sandbox = trained();
    let export =
        |arguments: &[&str]| sandbox.regulars(&[&["models", "export"], arguments].concat());
    export(&["--to", "onnx", "--dialect", "ansi"])
        .ended_with(2)
        .says(&["--dialect is whose SQL is written"]);
    export(&["--to", "sql", "--features", "--dialect", "postgresql"])
        .ended_with(2)
        .says(&["SQL of DuckDB", "postgresql"]);
    export(&["9", "--to", "sql"]).ended_with(3).says(&["9"]);
    export(&["--to", "sql", "--id", "recency_days"])
        .ended_with(3)
        .says(&["a feature is called `recency_days`"]);
    export(&["--to", "sql", "--file", "no/such/folder/score.sql"]).says(&["no/such/folder"]);
    // A name that could end the statement is a name.
    export(&["--to", "ansi"]).ended_with(2);
    export(&[
        "--to",
        "sql",
        "--table",
        "t\"; DROP TABLE x; --",
        "--file",
        "odd.sql",
    ])
    .ended_with(0);
    assert!(
        sandbox
            .read("odd.sql")
            .contains("FROM \"t\"\"; DROP TABLE x; --\"")
    );
    let cut = "regulars-out/models/churn/0001/model.json";
    let text = sandbox.read(cut);
    sandbox.write(cut, &text[..text.len() / 2]);
    export(&["--to", "sql", "--file", "cut.sql"])
        .ended_with(3)
        .says(&["model.json", "not what was stored"]);
    assert!(!sandbox.exists("cut.sql"));
    let none = Sandbox::new();
    none.regulars(&["models", "export", "--to", "sql"])
        .ended_with(3)
        .says(&["holds no model yet"]);
}
