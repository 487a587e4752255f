//! Results that go into a database: all of them or none, and whoever reads never sees half.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::servers::Postgres;
use crate::util::{Sandbox, columns, shop, shop_sandbox};

/// A shop with segments, suggestions and a list, whose customers have numbers with leading zeros.
fn base() -> Sandbox {
    static BASE: OnceLock<Sandbox> = OnceLock::new();
    let base = BASE.get_or_init(|| {
        let sandbox = shop_sandbox(60, 300);
        sandbox.write("lines.csv", shop(60, 300).replace("\nC", "\n0"));
        let settings = sandbox.read("regulars.toml")
            + "[targets.\"spring-24\"]\nwho = \"true\"\ncolumns = [\"segment\", \"monetary\"]\n";
        sandbox.write("regulars.toml", settings);
        for stage in ["ingest", "features", "segment", "offers", "targets"] {
            sandbox.regulars(&[stage, "--quiet"]).ended_with(0);
        }
        sandbox
    });
    Sandbox::like(base)
}

/// The same with a schema of its own in a database.
fn sandbox(server: &Postgres, schema: &str, more: &str) -> Sandbox {
    let sandbox = base();
    let settings = format!(
        "{}[publish]\ndatabase = \"{}\"\nschema = \"{schema}\"\n{more}",
        sandbox.read("regulars.toml"),
        server.address()
    );
    sandbox.write("regulars.toml", settings);
    sandbox
}

const PASSWORD: [(&str, &str); 1] = [("PGPASSWORD", "sesame")];

/// Everybody in a table with their segments, as the CSV has them.
fn segments(sandbox: &Sandbox) -> Vec<String> {
    let table = columns(&sandbox.read("regulars-out/segments.csv"));
    let rows = table["customer_id"].iter().zip(&table["rfm_segment"]);
    rows.map(|(id, segment)| format!("{id}|{segment}"))
        .collect()
}

fn published(server: &Postgres, schema: &str) -> Vec<String> {
    let sql =
        format!("SELECT customer_id, rfm_segment FROM {schema}.segments ORDER BY customer_id");
    server
        .ask("shop", &sql)
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn results_become_tables_that_keep_their_types_and_are_replaced_whole() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let sandbox = sandbox(&server, "results", "");
    let run = sandbox.regulars_with(&PASSWORD, &["publish"]).ended_with(0);
    run.shows(&[
        "PUBLISHED to postgresql://127.0.0.1",
        "schema results",
        "segments",
        "suggestions",
        "targets_spring-24",
    ]);
    assert_eq!(published(&server, "results"), segments(&sandbox));
    let types = "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'results' \
         AND (table_name, column_name) IN (('segments', 'customer_id'), ('targets_spring-24', 'monetary'), \
         ('winback', 'last_purchase'), ('winback', 'rank')) ORDER BY 1, 2";
    assert_eq!(
        server.ask("shop", types),
        "customer_id|text\nlast_purchase|date\nmonetary|double precision\nrank|bigint"
    );
    let comment = "SELECT obj_description('results.segments'::regclass)";
    assert!(
        server
            .ask("shop", comment)
            .starts_with("Written by regulars: ")
    );

    // What others have made of a table stays: a view, a right, a column.
    server.sql(
        "shop",
        "CREATE VIEW results.champions AS SELECT customer_id FROM results.segments WHERE rfm_segment = 'Champions';
         GRANT SELECT ON results.segments TO guest; ALTER TABLE results.segments ADD COLUMN note text",
    );
    let lines = sandbox.read("lines.csv");
    let without: Vec<&str> = lines
        .lines()
        .filter(|line| !line.starts_with("00001,"))
        .collect();
    sandbox.write("lines.csv", without.join("\n") + "\n");
    sandbox
        .regulars(&["ingest", "--rebuild", "--quiet"])
        .ended_with(0);
    for stage in ["features", "segment", "offers"] {
        sandbox.regulars(&[stage, "--quiet"]).ended_with(0);
    }
    sandbox
        .regulars_with(&PASSWORD, &["publish", "--quiet"])
        .ended_with(0);
    let now = published(&server, "results");
    assert_eq!(now, segments(&sandbox));
    assert!(!now.iter().any(|row| row.starts_with("00001|")));
    server.ask("shop", "SELECT * FROM results.champions");
    let manifest = sandbox.read("regulars-out/manifest.json");
    assert!(!manifest.contains("sesame"));
}

#[test]
fn a_database_that_goes_away_in_the_middle_leaves_what_was_there() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let sandbox = sandbox(&server, "gone", "");
    sandbox
        .regulars_with(&PASSWORD, &["publish", "--quiet"])
        .ended_with(0);
    let before = published(&server, "gone");
    // Segments are written before suggestions, at which the connection ends.
    server.sql(
        "shop",
        "CREATE FUNCTION gone.ends() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NULL; END';
         CREATE TRIGGER ends BEFORE INSERT ON gone.suggestions FOR EACH STATEMENT EXECUTE FUNCTION gone.ends()",
    );
    let lines = sandbox.read("lines.csv");
    let fewer: Vec<&str> = lines
        .lines()
        .filter(|line| !line.starts_with("0001"))
        .collect();
    sandbox.write("lines.csv", fewer.join("\n") + "\n");
    sandbox
        .regulars(&["ingest", "--rebuild", "--quiet"])
        .ended_with(0);
    for stage in ["features", "segment", "offers"] {
        sandbox.regulars(&[stage, "--quiet"]).ended_with(0);
    }
    sandbox
        .regulars_with(&PASSWORD, &["publish"])
        .ended_with(4)
        .says(&[
            "postgresql://127.0.0.1",
            "did the server or the network go away?",
        ]);
    assert_eq!(published(&server, "gone"), before);
    server.sql("shop", "DROP TRIGGER ends ON gone.suggestions");
    sandbox
        .regulars_with(&PASSWORD, &["publish", "--quiet"])
        .ended_with(0);
    let after = published(&server, "gone");
    assert!(after.len() < before.len());
    assert_eq!(after, segments(&sandbox));
}

#[test]
fn whoever_reads_meanwhile_sees_all_of_before_or_all_of_now() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let sandbox = sandbox(
        &server,
        "meanwhile",
        "tables = [\"segments\", \"suggestions\"]\n",
    );
    sandbox
        .regulars_with(&PASSWORD, &["publish", "--quiet"])
        .ended_with(0);
    server.sql(
        "shop",
        "CREATE FUNCTION meanwhile.slow() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN PERFORM pg_sleep(1); RETURN NULL; END';
         CREATE TRIGGER slow AFTER INSERT ON meanwhile.segments FOR EACH STATEMENT EXECUTE FUNCTION meanwhile.slow();
         UPDATE meanwhile.segments SET rfm_segment = 'before'; UPDATE meanwhile.suggestions SET reason = 'before'",
    );
    let counted = "SELECT (SELECT count(*) FROM meanwhile.segments), (SELECT count(*) FROM meanwhile.segments WHERE rfm_segment = 'before'), \
         (SELECT count(*) FROM meanwhile.suggestions), (SELECT count(*) FROM meanwhile.suggestions WHERE reason = 'before')";
    let over = AtomicBool::new(false);
    let mut seen = [0, 0];
    thread::scope(|scope| {
        scope.spawn(|| {
            sandbox
                .regulars_with(&PASSWORD, &["publish", "--quiet"])
                .ended_with(0);
            over.store(true, Ordering::Relaxed);
        });
        loop {
            let last = over.load(Ordering::Relaxed);
            let answer = server.ask("shop", counted);
            let numbers: Vec<u32> = answer
                .split('|')
                .map(|n| n.parse().expect("a number"))
                .collect();
            let [all, before, offers, offers_before] = numbers[..] else {
                panic!("{answer}");
            };
            assert!(all > 0 && offers > 0, "{answer}");
            match (before == all, offers_before == offers) {
                (true, true) => seen[0] += 1,
                (false, false) if before + offers_before == 0 => seen[1] += 1,
                _ => panic!("half of it is seen: {answer}"),
            }
            if last {
                break;
            }
        }
    });
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
}

#[test]
fn what_cannot_be_written_is_said_and_changes_nothing() {
    let Some(server) = Postgres::start() else {
        return;
    };
    server.sql(
        "shop",
        "CREATE SCHEMA theirs; CREATE TABLE theirs.segments (customer_id text); INSERT INTO theirs.segments VALUES ('me');
         CREATE SCHEMA other; CREATE TABLE other.segments (customer_id bigint); COMMENT ON TABLE other.segments IS 'Written by regulars: x'",
    );
    for (schema, more, code, words) in [
        (
            "theirs",
            "",
            2,
            "\"theirs\".\"segments\" is there, and regulars has not made it",
        ),
        (
            "other",
            "",
            2,
            "the column customer_id of \"other\".\"segments\" is bigint, and would be text now",
        ),
        (
            "some",
            "tables = [\"churn\"]\n",
            3,
            "regulars-out has no churn to write",
        ),
        ("some", "tables = [\"chrn\"]\n", 2, "did you mean `churn`?"),
    ] {
        let sandbox = sandbox(&server, schema, more);
        sandbox
            .regulars_with(&PASSWORD, &["publish"])
            .ended_with(code)
            .says(&[words]);
    }
    assert_eq!(
        server.ask("shop", "SELECT customer_id FROM theirs.segments"),
        "me"
    );
    let there = "SELECT count(*) FROM pg_namespace WHERE nspname = 'some'";
    assert_eq!(server.ask("shop", there), "0");

    // A user who may not, a database that is not there, and none that is named.
    let sandbox = sandbox(&server, "some", "");
    let settings = sandbox.read("regulars.toml");
    sandbox.write("regulars.toml", settings.replace("ann@", "guest@"));
    sandbox
        .regulars(&["publish"])
        .ended_with(2)
        .says(&["[publish] database: PostgreSQL says: permission denied"]);
    sandbox.write("regulars.toml", settings.replace("127.0.0.1", "127.0.0.2"));
    sandbox
        .regulars_with(&PASSWORD, &["publish"])
        .ended_with(4)
        .says(&["no server answers at 127.0.0.2"]);
    sandbox.write(
        "regulars.toml",
        settings.split("[publish]").next().unwrap_or_default(),
    );
    for arguments in [&["publish"][..], &["run", "--publish"][..]] {
        sandbox
            .regulars(arguments)
            .ended_with(2)
            .says(&["it is not said which database results go to"]);
    }
}

#[test]
fn a_run_ends_in_the_database_unless_a_warning_counts_as_failure() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let sandbox = sandbox(&server, "whole", "");
    sandbox
        .regulars_with(&PASSWORD, &["run", "--publish"])
        .ended_with(0)
        .shows(&["PUBLISHED to", "churn", "value"]);
    assert_eq!(published(&server, "whole"), segments(&sandbox));
    let settings = sandbox.read("regulars.toml") + "[run]\nfail_on = [\"all\"]\n";
    sandbox.write("regulars.toml", settings);
    server.sql("shop", "DELETE FROM whole.segments");
    let run = sandbox.regulars_with(&PASSWORD, &["run", "--publish", "--quiet"]);
    assert!([0, 1].contains(&run.code), "{}", run.stderr);
    assert_eq!(published(&server, "whole").is_empty(), run.code == 1);
}
