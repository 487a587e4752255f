//! History that lies in a database.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::Int64Type;
use arrow::util::pretty::pretty_format_batches;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use regulars::config::Settings;
use regulars::engine::Engine;
use regulars::failure::Result;
use regulars::outputs::digest;
use regulars::sources::{self, Fetch, SourceFile};

use crate::servers::{Postgres, python};
use crate::util::{PRODUCTS, SETTINGS, Sandbox, columns, shop, shop_sandbox};

/// Settings of the shop whose lines a database has; `keys` stand in place of the path.
fn settings(keys: &str) -> String {
    SETTINGS.replace("path = \"lines.csv\"", keys)
}

fn sandbox(keys: &str) -> Sandbox {
    Sandbox::new()
        .file("products.csv", PRODUCTS)
        .file("regulars.toml", settings(keys))
}

/// The result of the first source as a load would get it after an earlier one, and its rows.
fn ask(
    folder: &Path,
    keys: &str,
    earlier: Option<&SourceFile>,
) -> Result<(SourceFile, RecordBatch)> {
    let settings = Settings::from_text(
        settings(keys),
        folder.join("regulars.toml"),
        folder.to_owned(),
    )?;
    let engine = Engine::new(folder, 1, 64 << 20)?;
    let earlier: BTreeMap<PathBuf, SourceFile> = earlier
        .iter()
        .map(|file| (file.path.clone(), (*file).clone()))
        .collect();
    let fetch = Fetch {
        engine: &engine,
        spool: &folder.join("spool"),
        earlier: &earlier,
    };
    let file = sources::files(&settings, 0, &settings.config.sources[0], &fetch)?.remove(0);
    let (size, sha256) = digest(file.bytes())?;
    assert_eq!((file.size, &file.sha256), (size, &sha256));
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(File::open(file.bytes()).unwrap()).unwrap();
    let schema = reader.schema().clone();
    let batches: Vec<RecordBatch> = reader
        .build()
        .unwrap()
        .map(|batch| batch.unwrap())
        .collect();
    Ok((file, concat_batches(&schema, &batches).unwrap()))
}

/// Types and values, a line each.
fn shown(rows: &RecordBatch) -> Vec<String> {
    let types = rows
        .schema()
        .fields()
        .iter()
        .map(|field| format!("{} {}", field.name(), field.data_type()))
        .collect::<Vec<_>>()
        .join(", ");
    let table = pretty_format_batches(std::slice::from_ref(rows))
        .unwrap()
        .to_string();
    let rows = table
        .lines()
        .filter(|line| line.starts_with('|'))
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            cells.join("|")
        });
    [types].into_iter().chain(rows).collect()
}

/// Lets Python's module run SQL on a SQLite file.
fn sqlite(file: &Path, sql: &str) {
    let script = file.with_extension("sql");
    std::fs::write(&script, sql).expect("the script is written");
    let run = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.executescript(open(sys.argv[2]).read()); db.commit()";
    let output = Command::new(python())
        .args(["-c", run])
        .args([file, &script])
        .output()
        .expect("python starts");
    std::fs::remove_file(&script).expect("the script is removed");
    assert!(
        output.status.success(),
        "{sql}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// SQL that makes a table of the shop's lines.
fn shop_table(name: &str) -> String {
    let lines = shop(60, 200);
    let rows: Vec<String> = lines
        .lines()
        .skip(1)
        .map(|line| format!("('{}')", line.replace(',', "','")))
        .collect();
    format!(
        "CREATE TABLE {name} (customer text, \"when\" timestamp, basket bigint, product text, paid numeric(10,2));
         INSERT INTO {name} VALUES {};",
        rows.join(",")
    )
}

#[test]
fn a_query_of_postgres_gives_what_the_same_rows_give_as_a_file() {
    let Some(server) = Postgres::start() else {
        return;
    };
    server.sql("shop", &shop_table("lines_of_shop"));
    let local = shop_sandbox(60, 200);
    let asked = sandbox(&format!(
        "database = \"{}\"\nquery = '''SELECT customer, \"when\", basket, product, paid\nFROM lines_of_shop; '''",
        server.address()
    ));
    let whole = sandbox(&format!(
        "database = \"{}\"\nrelation = \"public.lines_of_shop\"",
        server.address()
    ));
    let variables = [("PGPASSWORD", "sesame"), ("PGSSLMODE", "require")];
    let segments = |sandbox: &Sandbox| {
        for stage in ["ingest", "features", "segment"] {
            sandbox
                .regulars_with(&variables, &[stage, "--quiet"])
                .ended_with(0);
        }
        columns(&sandbox.read("regulars-out/segments.csv"))
    };
    let expected = segments(&local);
    assert_eq!(segments(&asked), expected);
    assert_eq!(segments(&whole), expected);
    let manifest = whole.manifest("regulars-out");
    let inputs = manifest["stages"]["ingest"]["inputs"].as_array().unwrap();
    let known = format!(
        "postgresql://127.0.0.1:{}/shop#public.lines_of_shop",
        server.port
    );
    assert!(
        inputs.iter().any(|input| input["path"] == known.as_str()),
        "{inputs:?}"
    );
    let recorded = whole.read("regulars-out/manifest.json");
    assert!(!recorded.contains("sesame"));
    assert!(!whole.exists("regulars-out/.spill"), "the spool is gone");
}

#[test]
fn every_type_of_postgres_keeps_its_meaning() {
    let Some(server) = Postgres::start() else {
        return;
    };
    server.sql(
        "shop",
        "CREATE TYPE mood AS ENUM ('glad', 'cross');
         CREATE DOMAIN cents AS bigint;
         CREATE TABLE kinds (
             a smallint, b bigint, c cents, d numeric(20,4), e numeric, f real, g double precision,
             h boolean, i date, j timestamp, k timestamptz, l text, m char(6), n uuid, o mood, p jsonb, q int[]);
         SET timezone = 'Asia/Kolkata';
         INSERT INTO kinds VALUES
             (1, 9223372036854775807, 5, 1234567890123456.7891, 0.1, 1.1, 0.1, true, '2024-02-29',
              '1969-12-31 23:59:59.5', '2024-03-01 00:30:00.123456', E'tab\\tline\\nback\\\\slash', 'ab',
              'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'cross', '{\"x\": 1}', '{1,2}'),
             (NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
             (-1, 0, 0, -0.0001, 3.3333333333333333, -2.5, 1e300, false, '9999-12-31',
              '9999-12-31 00:00:00', '9999-12-31 00:00:00+00', '', '', NULL, 'glad', NULL, '{}');",
    );
    let folder = tempfile::tempdir().unwrap();
    let address = server.open_address();
    let keys = format!(
        "database = \"{address}\"\nquery = \"SELECT a,b,c,d,e,f,g,h,i,j,k,m,n,o,p,q FROM kinds\""
    );
    let (_, rows) = ask(folder.path(), &keys, None).unwrap();
    assert_eq!(
        shown(&rows),
        [
            "a Int64, b Int64, c Int64, d Decimal128(38, 4), e Decimal128(38, 20), f Float64, g Float64, h Boolean, i Date32, j Timestamp(µs), k Timestamp(µs, \"UTC\"), m Utf8, n Utf8, o Utf8, p Utf8, q Utf8",
            "1|9223372036854775807|5|1234567890123456.7891|0.10000000000000000000|1.1|0.1|true|2024-02-29|1969-12-31T23:59:59.500|2024-02-29T19:00:00.123456Z|ab|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|cross|{\"x\": 1}|{1,2}",
            "|||||||||||||||",
            "-1|0|0|-0.0001|3.33333333333333330000|-2.5|1e300|false|9999-12-31|9999-12-31T00:00:00|9999-12-31T00:00:00Z|||glad||{}",
        ]
    );
    let keys = format!("database = \"{address}\"\nquery = \"SELECT l FROM kinds\"");
    let (_, rows) = ask(folder.path(), &keys, None).unwrap();
    let texts = rows.column(0).as_string::<i32>();
    let texts: Vec<Option<&str>> = texts.iter().collect();
    assert_eq!(texts, [Some("tab\tline\nback\\slash"), None, Some("")]);
}

#[test]
fn rows_come_in_the_order_of_the_query_and_in_many_batches() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let keys = format!(
        "database = \"{}\"\nquery = \"SELECT n, 'row ' || n AS t FROM generate_series(1, 100000) n ORDER BY n DESC\"",
        server.open_address()
    );
    let (_, rows) = ask(folder.path(), &keys, None).unwrap();
    let numbers = rows.column(0).as_primitive::<Int64Type>();
    assert!(numbers.values().iter().copied().eq((1..=100_000).rev()));
    assert_eq!(rows.column(1).as_string::<i32>().value(99_999), "row 1");
}

#[test]
fn only_rows_above_the_watermark_are_asked_for_again() {
    let Some(server) = Postgres::start() else {
        return;
    };
    server.sql(
        "shop",
        "CREATE TABLE changes (id int, note text, updated timestamptz, code text);
         INSERT INTO changes VALUES (1, NULL, '2024-01-01 10:00:00.000001+00', 'B'), (2, 'x', NULL, 'a')",
    );
    let folder = tempfile::tempdir().unwrap();
    for (watermark, first, second) in [
        (
            "updated",
            "2024-01-01T10:00:00.000001Z",
            "2024-01-02T00:00:00Z",
        ),
        ("id", "2", "3"),
        ("code", "a", "ab"), // in the order of bytes, whatever the language
    ] {
        let keys = format!(
            "database = \"{}\"\nrelation = \"changes\"\nwatermark = \"{watermark}\"",
            server.open_address()
        );
        let (file, rows) = ask(folder.path(), &keys, None).unwrap();
        assert_eq!(rows.num_rows(), 2);
        assert_eq!(file.watermark.as_deref(), Some(first));
        let shown = file.path.display().to_string();
        assert!(
            shown.ends_with(&format!("/shop#changes by {watermark}")),
            "{shown}"
        );

        let (again, nothing) = ask(folder.path(), &keys, Some(&file)).unwrap();
        assert_eq!(nothing.num_rows(), 0);
        assert_eq!(nothing.schema(), rows.schema());
        assert_eq!(again.watermark, file.watermark);

        server.sql(
            "shop",
            "INSERT INTO changes VALUES (3, 'y', '2024-01-02 00:00:00+00', 'ab')",
        );
        let (later, new) = ask(folder.path(), &keys, Some(&again)).unwrap();
        assert_eq!(new.num_rows(), 1);
        assert_eq!(later.watermark.as_deref(), Some(second));
        server.sql("shop", "DELETE FROM changes WHERE id = 3");
    }
}

#[test]
fn what_postgres_refuses_is_said_in_its_words_with_the_place() {
    let Some(server) = Postgres::start() else {
        return;
    };
    server.sql(
        "shop",
        "CREATE TABLE orders (id int, total numeric, valid_to timestamp);
         INSERT INTO orders VALUES (1, 1.5, 'infinity'), (2, 'NaN', NULL);
         CREATE TABLE secrets (id int);
         CREATE ROLE bob LOGIN PASSWORD 'sesame'",
    );
    let address = server.address();
    let elsewhere = |from: &str, to: &str| {
        format!(
            "database = \"{}\"\nrelation = \"orders\"",
            address.replace(from, to)
        )
    };
    let query = |sql: &str| format!("database = \"{address}\"\nquery = '''{sql}'''");
    let relation = |rest: &str| format!("database = \"{address}\"\nrelation = \"{rest}\"");
    let cases: Vec<(String, i32, &[&str])> = vec![
        (
            query("SELECT id,\n  totl FROM orders"),
            2,
            &[
                "regulars.toml:10: source 1 (interactions) query: ",
                "column \"totl\" does not exist, at line 2, character 3 of the query",
                "hint: Perhaps you meant to reference the column \"orders.total\"",
            ],
        ),
        (
            query("SELEC 1"),
            2,
            &["syntax error at or near \"SELEC\", at line 1, character 1"],
        ),
        (query("SELECT 1; SELECT 2"), 2, &["PostgreSQL says: "]),
        (
            query("SELECT id, id FROM orders"),
            2,
            &["two columns of the result are called `id`"],
        ),
        (
            query("DELETE FROM orders RETURNING *"),
            2,
            &["regulars.toml:10:", "may only read"],
        ),
        (
            query("SELECT 1 / (id - 1) AS x FROM orders"),
            2,
            &["division by zero"],
        ),
        (
            query("SELECT total FROM orders ORDER BY id"),
            3,
            &[
                "#query ",
                "row 2: column `total` (numeric): `NaN` is no finite number",
                "hint: change it in the query",
            ],
        ),
        (
            relation("orders"),
            3,
            &["shop#orders: row 1: column `valid_to` (timestamp): `infinity`"],
        ),
        (
            relation("ordrs"),
            2,
            &["regulars.toml:10:", "relation \"ordrs\" does not exist"],
        ),
        (
            relation("orders\"\nwatermark = \"totl"),
            2,
            &["the result has no column `totl`", "did you mean `total`?"],
        ),
        (
            elsewhere("/shop", "/shp"),
            2,
            &[
                "regulars.toml:9: source 1 (interactions) database: ",
                "database \"shp\" does not exist",
                "psql -l",
            ],
        ),
        (
            elsewhere("ann@", "bob@"),
            2,
            &["permission denied for table orders"],
        ),
        (
            elsewhere("127.0.0.1", "127.0.0.2"),
            4,
            &["no server answers at 127.0.0.2", "hint: is it up"],
        ),
    ];
    for (keys, code, words) in cases {
        let sandbox = sandbox(&keys);
        let run = sandbox.regulars_with(&[("PGPASSWORD", "sesame")], &["run"]);
        let run = run.ended_with(code).says(words).says(&["hint: "]);
        assert_eq!(
            run.stderr.matches("regulars: ").count(),
            1,
            "one message: {}",
            run.stderr
        );
        assert!(
            !sandbox.exists("regulars-out/manifest.json"),
            "nothing was written"
        );
    }
}

#[test]
fn whoever_has_no_password_learns_where_it_belongs() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let sandbox = sandbox(&format!(
        "database = \"{}\"\nrelation = \"x\"",
        server.address()
    ));
    let nothing = ("PGPASSFILE", "/nowhere");
    let run = |variables: &[(&str, &str)]| sandbox.regulars_with(variables, &["run"]);
    run(&[nothing]).ended_with(4).says(&[
        "password",
        "set PGPASSWORD for the user ann",
        "~/.pgpass",
    ]);
    let wrong = run(&[nothing, ("PGPASSWORD", "guess")])
        .ended_with(4)
        .says(&[
            "password authentication failed for user \"ann\"",
            "PGPASSWORD",
        ]);
    assert!(!wrong.stderr.contains("guess"));
    // A certificate that nobody has signed is good enough unless somebody asks who signed it.
    run(&[("PGPASSWORD", "sesame"), ("PGSSLMODE", "verify-full")])
        .ended_with(4)
        .says(&["certificate", "PGSSLMODE"]);
    // With the password, from a file or a service, the missing table is all that is wrong.
    let missing = ["\"x\" does not exist"];
    let file = sandbox.path("pgpass").display().to_string();
    sandbox.write(
        "pgpass",
        format!("127.0.0.1:{}:shop:ann:sesame\n", server.port),
    );
    let private = Command::new("chmod").args(["600", &file]).status();
    assert!(private.unwrap().success());
    run(&[("PGPASSFILE", &file)]).ended_with(2).says(&missing);
    let keys = "database = \"postgresql:///shop?service=till\"\nrelation = \"x\"";
    sandbox.write("regulars.toml", settings(keys));
    let service = format!(
        "[till]\nhost=127.0.0.1\nport={}\nuser=ann\npassword=sesame\n",
        server.port
    );
    sandbox.write("services", service);
    let file = sandbox.path("services").display().to_string();
    run(&[("PGSERVICEFILE", &file)])
        .ended_with(2)
        .says(&missing);
}

/// `sslmode` and `sslrootcert` as libpq has them, before a server whose certificate is its own root
/// and whose name is its common name alone, as servers that were set up by hand have it.
#[test]
fn who_answers_is_checked_as_sslmode_says() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let sandbox = sandbox("");
    let root = server.path("server.crt");
    let other = sandbox.path("other.crt").display().to_string();
    let made = Command::new("openssl")
        .args([
            "req",
            "-new",
            "-x509",
            "-days",
            "30",
            "-nodes",
            "-subj",
            "/CN=localhost",
        ])
        .args(["-keyout", "/dev/null", "-out", &other])
        .output();
    assert!(made.unwrap().status.success());
    let nothing = sandbox.path("nothing.crt").display().to_string();
    sandbox.write("nothing.crt", "");
    let entered = "\"x\" does not exist";
    for (host, sslmode, root, code, says) in [
        ("127.0.0.1", "disable", &other, 2, entered),
        ("127.0.0.1", "prefer", &other, 2, entered),
        ("127.0.0.1", "require", &root, 2, entered),
        ("127.0.0.1", "require", &other, 4, "certificate"),
        ("127.0.0.1", "verify-ca", &root, 2, entered),
        ("127.0.0.1", "verify-ca", &other, 4, "certificate"),
        ("127.0.0.1", "verify-full", &root, 4, "certificate"),
        ("localhost", "verify-full", &root, 2, entered),
        ("localhost", "verify-full", &other, 4, "certificate"),
        (
            "localhost",
            "verify-ca",
            &nothing,
            2,
            "holds no certificate",
        ),
    ] {
        let address = format!("postgresql://ann@{host}:{}/shop", server.port);
        let keys = format!("database = \"{address}\"\nrelation = \"x\"");
        sandbox.write("regulars.toml", settings(&keys));
        let variables = [
            ("PGPASSWORD", "sesame"),
            ("PGSSLMODE", sslmode),
            ("PGSSLROOTCERT", root.as_str()),
        ];
        sandbox
            .regulars_with(&variables, &["run"])
            .ended_with(code)
            .says(&[says]);
    }
}

#[test]
fn a_database_has_settings_of_its_own() {
    let sqlite = "database = \"sqlite:shop.db\"";
    let cases = [
        (String::new(), ["path: it says neither", "add path ="]),
        (
            "path = []".to_owned(),
            ["path: it says neither", "add path ="],
        ),
        (
            sqlite.to_owned(),
            ["what to ask it is missing", "add query ="],
        ),
        (
            format!("{sqlite}\nquery = \" \""),
            ["query: it is empty", "hint: "],
        ),
        (
            format!("{sqlite}\nquery = \"a\"\nrelation = \"b\""),
            ["already", "keep one"],
        ),
        (
            format!("{sqlite}\nrelation = \"a\"\npath = \"x.csv\""),
            ["two sources", "hint: "],
        ),
        (
            format!("{sqlite}\nrelation = \"a\"\nformat = \"csv\""),
            ["no format", "hint: "],
        ),
        (
            format!("{sqlite}\nrelation = \"a\""),
            ["there is no file", "relative to the folder"],
        ),
        (
            "path = \"lines.csv\"\nquery = \"SELECT 1\"".to_owned(),
            ["no database to ask", "add database ="],
        ),
        (
            "database = \"mysql://host/shop\"\nrelation = \"a\"".to_owned(),
            ["names no database", "sqlite:shop.db"],
        ),
        (
            "database = \"postgresql://ann:sesame@host/shop\"\nrelation = \"a\"".to_owned(),
            ["a password does not belong", "PGPASSWORD"],
        ),
    ];
    for (keys, words) in cases {
        let run = sandbox(&keys).regulars(&["run"]).ended_with(2);
        let run = run.says(&words).says(&["regulars.toml:"]);
        assert!(!run.stderr.contains("sesame"), "{}", run.stderr);
    }
    if cfg!(not(feature = "odbc")) {
        let keys = "database = \"odbc:DSN=shop\"\nrelation = \"a\"";
        let run = sandbox(keys).regulars(&["run"]).ended_with(2);
        run.says(&["without ODBC", "--features odbc"]);
    }
}

#[test]
fn a_query_of_sqlite_gives_what_the_same_rows_give_as_a_file() {
    let local = shop_sandbox(60, 200);
    let asked = sandbox("database = \"sqlite:data/shop.db\"\nrelation = \"lines\"");
    std::fs::create_dir(asked.path("data")).unwrap();
    sqlite(&asked.path("data/shop.db"), &shop_table("lines"));
    let before = std::fs::read(asked.path("data/shop.db")).unwrap();
    let segments = |sandbox: &Sandbox| {
        for stage in ["ingest", "features", "segment"] {
            sandbox.regulars(&[stage, "--quiet"]).ended_with(0);
        }
        columns(&sandbox.read("regulars-out/segments.csv"))
    };
    assert_eq!(segments(&asked), segments(&local));
    let after = std::fs::read(asked.path("data/shop.db")).unwrap();
    assert!(before == after, "the database is as it was");
    let beside = std::fs::read_dir(asked.path("data")).unwrap().count();
    assert_eq!(beside, 1, "nothing is left beside it");
}

#[test]
fn values_of_sqlite_decide_what_a_column_holds() {
    let folder = tempfile::tempdir().unwrap();
    sqlite(
        &folder.path().join("a.db"),
        "CREATE TABLE t (a, b, c, d, e, f, g);
         INSERT INTO t VALUES (1, 2, '007', NULL, x'00ff', x'01', 9223372036854775807);
         INSERT INTO t VALUES (NULL, 2.5, 8, NULL, NULL, 'x', -1);
         INSERT INTO t VALUES (3, NULL, 0.5, NULL, x'', NULL, 0);",
    );
    let keys = "database = \"sqlite:a.db\"\nquery = \"SELECT a, b, c, d, e, g FROM t;\"";
    let (file, rows) = ask(folder.path(), keys, None).unwrap();
    assert_eq!(
        shown(&rows),
        [
            "a Int64, b Float64, c Utf8, d Utf8, e Binary, g Int64",
            "1|2.0|007||00ff|9223372036854775807",
            "|2.5|8|||-1",
            "3||0.5|||0",
        ]
    );
    let known = file.path.display().to_string();
    let start = format!("sqlite:{}/a.db#query ", folder.path().display());
    assert!(known.starts_with(&start), "{known}");
    let failure = ask(
        folder.path(),
        "database = \"sqlite:a.db\"\nrelation = \"t\"",
        None,
    );
    let failure = failure.unwrap_err().to_string();
    assert!(
        failure.contains("the column `f` holds bytes and other values"),
        "{failure}"
    );
}

#[test]
fn a_watermark_of_sqlite_is_a_text_or_a_number() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("a.db");
    sqlite(
        &db,
        "CREATE TABLE t (id, updated); INSERT INTO t VALUES (9, '2024-01-01'), (10, '2024-02-01')",
    );
    for (watermark, first) in [("id", "10"), ("updated", "2024-02-01")] {
        let keys =
            format!("database = \"sqlite:a.db\"\nrelation = \"t\"\nwatermark = \"{watermark}\"");
        let (file, rows) = ask(folder.path(), &keys, None).unwrap();
        assert_eq!(file.watermark.as_deref(), Some(first));
        let (again, nothing) = ask(folder.path(), &keys, Some(&file)).unwrap();
        assert_eq!((nothing.num_rows(), nothing.schema()), (0, rows.schema()));
        assert_eq!(again.watermark.as_deref(), Some(first));
        sqlite(&db, "INSERT INTO t VALUES (11, '2024-03-01')");
        let (_, new) = ask(folder.path(), &keys, Some(&again)).unwrap();
        assert_eq!(shown(&new)[1..], ["11|2024-03-01"]);
        sqlite(&db, "DELETE FROM t WHERE id = 11");
    }
}

#[test]
fn what_sqlite_refuses_is_said_in_its_words() {
    let folder = tempfile::tempdir().unwrap();
    sqlite(&folder.path().join("a.db"), "CREATE TABLE t (id)");
    let text = "a text, and no database at all\n".repeat(100);
    std::fs::write(folder.path().join("b.db"), text).unwrap();
    for (keys, words) in [
        (
            "a.db\"\nquery = \"SELECT * FORM t",
            ["regulars.toml:10:", "near \"FORM\": syntax error"],
        ),
        ("a.db\"\nrelation = \"tt", ["no such table: tt", ".tables"]),
        (
            "a.db\"\nquery = \"DELETE FROM t",
            ["regulars.toml:10:", "gives no columns"],
        ),
        (
            "b.db\"\nrelation = \"t",
            ["not a database", "is this the file that you mean?"],
        ),
    ] {
        let failure = ask(
            folder.path(),
            &format!("database = \"sqlite:{keys}\""),
            None,
        )
        .unwrap_err();
        for word in words {
            assert!(failure.to_string().contains(word), "{failure}");
        }
    }
}

/// Needs unixODBC and its driver for SQLite: `apt-get install unixodbc libsqliteodbc`.
#[cfg(feature = "odbc")]
#[test]
fn a_driver_of_odbc_is_asked_like_any_database() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("a.db");
    sqlite(
        &db,
        "CREATE TABLE t (id integer, name varchar(20), paid decimal(10,2), at timestamp, day date, share double);
         INSERT INTO t VALUES (9, 'ann', 12.5, '2024-01-01 10:00:00.250', '2024-02-29', 0.1);
         INSERT INTO t VALUES (10, NULL, NULL, NULL, NULL, NULL);",
    );
    let keys = format!(
        "database = \"odbc:Driver=SQLite3;Database={}\"\nrelation = \"t\"\nwatermark = \"id\"",
        db.display()
    );
    let (file, rows) = ask(folder.path(), &keys, None).unwrap();
    assert_eq!(rows.num_rows(), 2);
    assert_eq!(shown(&rows)[1].split('|').next(), Some("9"));
    assert_eq!(file.watermark.as_deref(), Some("10"));
    let (again, nothing) = ask(folder.path(), &keys, Some(&file)).unwrap();
    assert_eq!(
        (nothing.num_rows(), again.watermark.as_deref()),
        (0, Some("10"))
    );
    sqlite(&db, "INSERT INTO t (id) VALUES (11)");
    assert_eq!(
        ask(folder.path(), &keys, Some(&again))
            .unwrap()
            .1
            .num_rows(),
        1
    );
    let failure = ask(folder.path(), &keys.replace("\"t\"", "\"tt\""), None).unwrap_err();
    assert!(failure.to_string().contains("no such table"), "{failure}");
}
