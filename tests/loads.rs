//! Loads upon loads: what has been loaded counts once, corrections take the place of what they
//! correct, and nothing is half done.

use std::path::Path;

use crate::util::{PRODUCTS, SETTINGS, Sandbox, copy, query, shop, shop_sandbox};

/// Settings for order lines that have a number, and say when they became known and whether they
/// were cancelled.
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
known_at = "known"
deleted = { sql = "status = 'cancelled'" }
"#;

fn orders() -> Sandbox {
    Sandbox::new().file("regulars.toml", ORDERS).file(
        "orders/1.csv",
        "line,customer,when,paid,known,status\n\
         1,A,2024-03-05,10.00,2024-03-06,ok\n\
         2,A,2024-03-20,20.00,2024-03-21,ok\n\
         3,B,2024-04-02,30.00,2024-04-03,ok\n",
    )
}

fn ingest(sandbox: &Sandbox) {
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
}

fn rows(sandbox: &Sandbox, sql: &str) -> Vec<Vec<String>> {
    query(&sandbox.path("regulars-out"), sql)
}

/// Number and value of the lines that hold.
fn holding(sandbox: &Sandbox) -> (u64, String) {
    let found = rows(
        sandbox,
        "SELECT count(*), sum(amount) FROM interactions WHERE replaced_at IS NULL",
    );
    (found[0][0].parse().unwrap(), found[0][1].clone())
}

fn table(sandbox: &Sandbox, name: &str) -> serde_json::Value {
    let manifest = sandbox.manifest("regulars-out");
    let tables = manifest["stages"]["ingest"]["metrics"]["tables"]
        .as_array()
        .unwrap();
    tables
        .iter()
        .find(|table| table["table"] == name)
        .unwrap()
        .clone()
}

/// Every source row of the last load ended in one place.
fn adds_up(sandbox: &Sandbox) {
    let manifest = sandbox.manifest("regulars-out");
    for table in manifest["stages"]["ingest"]["metrics"]["tables"]
        .as_array()
        .unwrap()
    {
        let count = |name: &str| table[name].as_u64().unwrap();
        assert_eq!(
            count("read"),
            count("kept")
                + count("duplicates")
                + count("rejected")
                + count("left_out")
                + count("merged"),
            "{table}"
        );
    }
}

fn commits(sandbox: &Sandbox, table: &str) -> usize {
    let log = sandbox.path(&format!("regulars-out/warehouse/{table}/_delta_log"));
    std::fs::read_dir(log)
        .unwrap()
        .flatten()
        .filter(|entry| {
            entry
                .path()
                .extension()
                .is_some_and(|extension| extension == "json")
        })
        .count()
}

#[test]
fn a_second_load_of_the_same_files_changes_nothing() {
    let sandbox = shop_sandbox(40, 150);
    ingest(&sandbox);
    let before = holding(&sandbox);
    sandbox.regulars(&["ingest"]).ended_with(0);
    assert_eq!(holding(&sandbox), before);
    assert_eq!(commits(&sandbox, "interactions"), 1);
    assert_eq!(
        sandbox.manifest("regulars-out")["stages"]["ingest"]["metrics"]["files_known"],
        2
    );
}

#[test]
fn a_file_whose_name_sorts_before_the_last_one_is_still_loaded() {
    let sandbox = shop_sandbox(1, 10);
    sandbox.write(
        "regulars.toml",
        SETTINGS.replace("\"lines.csv\"", "\"sales/*.csv\""),
    );
    let header = "customer,when,basket,product,paid\n";
    sandbox.write(
        "sales/2024-02.csv",
        format!("{header}A,2024-02-01 10:00,1,bread,2.00\n"),
    );
    ingest(&sandbox);
    sandbox.write(
        "sales/2024-01.csv",
        format!("{header}A,2024-01-01 10:00,2,bread,3.00\n"),
    );
    ingest(&sandbox);
    assert_eq!(holding(&sandbox), (2, "5.0000".into()));
    let files = rows(
        &sandbox,
        "SELECT load, path FROM loads WHERE \"table\" = 'interactions' ORDER BY load",
    );
    assert_eq!(files.len(), 2);
    assert!(files[1][1].ends_with("2024-01.csv"));
}

#[test]
fn a_file_loaded_twice_under_two_names_counts_once() {
    let sandbox = shop_sandbox(30, 100);
    sandbox.write(
        "regulars.toml",
        SETTINGS.replace("\"lines.csv\"", "\"*lines.csv\""),
    );
    ingest(&sandbox);
    let before = holding(&sandbox);
    sandbox.write("again-lines.csv", sandbox.read("lines.csv"));
    ingest(&sandbox);
    assert_eq!(holding(&sandbox), before);
}

#[test]
fn a_load_that_overlaps_an_earlier_one_adds_only_what_is_new() {
    let sandbox = shop_sandbox(30, 100);
    sandbox.write(
        "regulars.toml",
        SETTINGS.replace("\"lines.csv\"", "\"*lines.csv\""),
    );
    let whole = shop(30, 100);
    let lines: Vec<&str> = whole.lines().collect();
    let half = lines.len() / 2;
    sandbox.write("lines.csv", lines[..half + 50].join("\n") + "\n");
    ingest(&sandbox);
    let second = [&lines[..1], &lines[half..]].concat();
    sandbox.write("b-lines.csv", second.join("\n") + "\n");
    ingest(&sandbox);
    adds_up(&sandbox);
    assert_eq!(table(&sandbox, "interactions")["duplicates"], 50);

    let at_once = shop_sandbox(30, 100);
    at_once.write("lines.csv", whole);
    ingest(&at_once);
    assert_eq!(holding(&sandbox), holding(&at_once));
}

#[test]
fn a_changed_file_gives_its_rows_anew_or_stops_the_load() {
    let sandbox = shop_sandbox(1, 10);
    let header = "customer,when,basket,product,paid\n";
    sandbox.write(
        "lines.csv",
        format!("{header}A,2024-01-01 10:00,1,bread,2.00\nA,2024-02-01 10:00,2,bread,3.00\nB,2024-02-02,3,tea,4.00\n"),
    );
    sandbox
        .regulars(&["ingest", "--quiet", "--loaded-at", "2024-03-01"])
        .ended_with(0);
    // One line stays, one is gone, one is corrected, one is new.
    sandbox.write(
        "lines.csv",
        format!("{header}A,2024-01-01 10:00,1,bread,2.00\nB,2024-02-02,3,tea,4.50\nB,2024-03-02,4,tea,5.00\n"),
    );
    let strict = SETTINGS.to_owned() + "\n[ingest]\nchanged_files = \"fail\"\n";
    sandbox.write("regulars.toml", strict);
    sandbox.regulars(&["ingest"]).ended_with(3).says(&[
        "lines.csv has another content than when it was loaded",
        "2024-03-01",
        "changed_files",
    ]);
    assert_eq!(holding(&sandbox), (3, "9.0000".into()));

    sandbox.write("regulars.toml", SETTINGS);
    ingest(&sandbox);
    adds_up(&sandbox);
    assert_eq!(holding(&sandbox), (3, "11.5000".into()));
    assert_eq!(table(&sandbox, "interactions")["ended"], 2);
    assert_eq!(table(&sandbox, "interactions")["duplicates"], 1);
    let then = rows(
        &sandbox,
        "SELECT sum(amount) FROM interactions WHERE known_at <= '2024-03-01T00:00:00Z'",
    );
    assert_eq!(then[0][0], "9.0000", "what was known before stays readable");
}

#[test]
fn other_settings_read_the_same_file_again() {
    let sandbox = shop_sandbox(1, 10);
    sandbox.write(
        "lines.csv",
        "customer,when,basket,product,paid\nA,2024-01-01 10:00,1,bread,2.00\n",
    );
    ingest(&sandbox);
    sandbox.write(
        "regulars.toml",
        SETTINGS.replace(
            "amount = \"paid\"",
            "amount = { sql = \"try_cast(paid AS DOUBLE) * 2\" }",
        ),
    );
    ingest(&sandbox);
    let found = rows(&sandbox, "SELECT count(*), sum(amount) FROM interactions");
    assert_eq!(
        found[0],
        ["1", "4.0000"],
        "nothing is left of the first reading"
    );
}

#[test]
fn a_row_that_comes_again_takes_the_place_of_the_one_with_its_key() {
    let sandbox = orders();
    ingest(&sandbox);
    assert_eq!(holding(&sandbox), (3, "60.0000".into()));
    // Line 2 was wrong, and happened in another month; line 3 was cancelled; line 1 says the same.
    sandbox.write(
        "orders/2.csv",
        "line,customer,when,paid,known,status\n\
         1,A,2024-03-05,10.00,2024-05-01,ok\n\
         2,A,2024-02-20,25.00,2024-05-02,ok\n\
         3,,,,2024-05-03,cancelled\n",
    );
    ingest(&sandbox);
    adds_up(&sandbox);
    assert_eq!(holding(&sandbox), (2, "35.0000".into()));
    let counts = table(&sandbox, "interactions");
    assert_eq!(
        (&counts["duplicates"], &counts["ended"]),
        (&1.into(), &2.into())
    );
    let versions = rows(
        &sandbox,
        "SELECT amount, known_at, replaced_at FROM interactions ORDER BY amount",
    );
    assert_eq!(versions.len(), 4);
    assert_eq!(
        versions[1],
        ["20.0000", "2024-03-21T00:00:00Z", "2024-05-02T00:00:00Z"]
    );
}

#[test]
fn the_order_in_which_files_come_does_not_matter() {
    let texts = [
        "line,customer,when,paid,known,status\n1,A,2024-03-05,10.00,2024-03-06,ok\n2,B,2024-03-05,1.00,2024-03-06,ok\n",
        "line,customer,when,paid,known,status\n1,A,2024-03-05,11.00,2024-03-08,ok\n",
        "line,customer,when,paid,known,status\n1,A,2024-03-05,12.00,2024-03-07,ok\n2,B,2024-04-01,2.00,2024-03-09,ok\n",
    ];
    let mut seen = Vec::new();
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let sandbox = Sandbox::new().file("regulars.toml", ORDERS);
        for file in order {
            sandbox.write(&format!("orders/{file}.csv"), texts[file]);
            ingest(&sandbox);
        }
        seen.push(rows(
            &sandbox,
            "SELECT customer_id, amount, known_at, replaced_at FROM interactions ORDER BY 1, 3",
        ));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
    assert_eq!(seen[0].len(), 5);
}

#[test]
fn a_correction_does_not_leak_into_what_was_known_before_it() {
    let sandbox = orders();
    let more: String = (4..40)
        .map(|line| {
            format!(
                "{line},C,2024-0{}-{:02},5.00,2024-04-10,ok\n",
                1 + line % 3,
                1 + line % 25
            )
        })
        .collect();
    sandbox.write("orders/1.csv", sandbox.read("orders/1.csv") + &more);
    ingest(&sandbox);
    sandbox
        .regulars(&["features", "--quiet", "--as-of", "2024-05-01"])
        .ended_with(0);
    let before = sandbox.data_files("regulars-out");
    sandbox.write(
        "orders/2.csv",
        "line,customer,when,paid,known,status\n2,A,2024-03-20,99.00,2024-05-02,ok\n3,,,,2024-05-03,cancelled\n",
    );
    ingest(&sandbox);
    let known_then = [
        "features",
        "--quiet",
        "--as-of",
        "2024-05-01",
        "--known-at",
        "2024-05-01",
    ];
    sandbox.regulars(&known_then).ended_with(0);
    let features = |files: &std::collections::BTreeMap<String, Vec<u8>>| -> Vec<(String, Vec<u8>)> {
        files
            .iter()
            .filter(|(name, _)| name.starts_with("features/"))
            .map(|(n, b)| (n.clone(), b.clone()))
            .collect()
    };
    assert!(
        features(&before) == features(&sandbox.data_files("regulars-out")),
        "the same bytes"
    );
    sandbox
        .regulars(&["features", "--quiet", "--as-of", "2024-05-01"])
        .ended_with(0);
    assert!(
        features(&before) != features(&sandbox.data_files("regulars-out")),
        "the correction counts now"
    );
}

#[test]
fn snapshots_know_what_was_known_at_their_dates_when_the_settings_say_so() {
    let settings = SETTINGS.replace(
        "[sources.columns]\ncustomer_id = \"customer\"",
        "key = [\"basket\", \"product\"]\n[sources.columns]\ncustomer_id = \"customer\"",
    );
    assert_ne!(settings, SETTINGS);
    let sandbox = shop_sandbox(60, 200).file(
        "regulars.toml",
        // Which departments are features is decided for all dates at once, so there are none here.
        settings
            .replace("\"lines.csv\"", "\"*lines.csv\"")
            .replace("department = \"shelf\"\n", "")
            + "\n[features]\nknown = \"then\"\n",
    );
    let load = |at: &str| {
        sandbox
            .regulars(&["ingest", "--quiet", "--loaded-at", at])
            .ended_with(0);
        sandbox.regulars(&["features", "--quiet"]).ended_with(0);
        let mut files = sandbox.data_files("regulars-out");
        files.retain(|name, _| name.starts_with("features/"));
        files
    };
    let before = load("2023-07-20");
    // What was bought in January turns out, long after, to have cost twice as much.
    let text = sandbox.read("lines.csv");
    let january: Vec<String> = text
        .lines()
        .filter(|line| line.contains(",2023-01-"))
        .map(|line| line.replace(".50", "5.00"))
        .collect();
    assert!(january.len() > 20);
    sandbox.write(
        "corrected-lines.csv",
        format!(
            "customer,when,basket,product,paid\n{}\n",
            january.join("\n")
        ),
    );
    let after = load("2023-08-20");
    assert!(before.len() > 3 && before.keys().eq(after.keys()));
    let last = before.keys().next_back().unwrap();
    for (name, bytes) in &before {
        assert_eq!(*bytes == after[name], name != last, "{name}");
    }
    sandbox.write(
        "regulars.toml",
        sandbox.read("regulars.toml").replace("\"then\"", "\"now\""),
    );
    sandbox.regulars(&["features", "--quiet"]).ended_with(0);
    let now = sandbox.data_files("regulars-out");
    assert!(
        before.iter().all(|(name, bytes)| *bytes != now[name]),
        "now the past knows better"
    );
}

#[test]
fn customers_and_products_are_corrected_by_their_keys() {
    let sandbox = shop_sandbox(20, 100);
    ingest(&sandbox);
    sandbox.write(
        "products.csv",
        PRODUCTS.replace("bread,Bread,Bakery,Loaves", "bread,Sourdough,Bakery,Loaves")
            + "jam,Jam,Grocery,Sweet\n",
    );
    ingest(&sandbox);
    let names = rows(
        &sandbox,
        "SELECT name FROM products WHERE replaced_at IS NULL ORDER BY name",
    );
    let names: Vec<&str> = names.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(
        names,
        [
            "Apples",
            "Butter",
            "Honey",
            "Jam",
            "Milk",
            "Sourdough",
            "Tea"
        ]
    );
    assert_eq!(
        commits(&sandbox, "interactions"),
        2,
        "one load, one commit of the interactions"
    );
}

#[test]
fn ids_that_become_text_are_text_in_every_row() {
    let sandbox = Sandbox::new().file(
        "regulars.toml",
        ORDERS
            .replace("orders/*.csv", "orders/*.parquet")
            .replace("key = [\"line\"]\n", "")
            .replace(
                "known_at = \"known\"\ndeleted = { sql = \"status = 'cancelled'\" }\n",
                "",
            ),
    );
    let parquet = |name: &str, ids: arrow::array::ArrayRef| {
        use std::sync::Arc;
        let when: arrow::array::ArrayRef = Arc::new(arrow::array::StringArray::from(vec![
            "2024-01-05",
            "2024-02-05",
        ]));
        let paid: arrow::array::ArrayRef =
            Arc::new(arrow::array::Float64Array::from(vec![1.0, 2.0]));
        let batch = arrow::array::RecordBatch::try_from_iter([
            ("customer", ids),
            ("when", when),
            ("paid", paid),
        ])
        .unwrap();
        let mut bytes = Vec::new();
        let mut writer =
            parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        sandbox.write(name, bytes);
    };
    parquet(
        "orders/1.parquet",
        std::sync::Arc::new(arrow::array::Int64Array::from(vec![7, 8])),
    );
    ingest(&sandbox);
    std::fs::remove_file(sandbox.path("orders/1.parquet")).unwrap();
    parquet(
        "orders/2.parquet",
        std::sync::Arc::new(arrow::array::StringArray::from(vec!["A7", "8"])),
    );
    ingest(&sandbox);
    let found = rows(
        &sandbox,
        "SELECT DISTINCT customer_id FROM interactions ORDER BY 1",
    );
    assert_eq!(found, [["7"], ["8"], ["A7"]]);
}

#[test]
fn a_rebuild_starts_from_the_files_that_are_there() {
    let sandbox = orders();
    ingest(&sandbox);
    sandbox.write(
        "orders/1.csv",
        "line,customer,when,paid,known,status\n9,Z,2024-03-05,1.00,2024-03-06,ok\n",
    );
    sandbox
        .regulars(&["ingest", "--quiet", "--rebuild"])
        .ended_with(0);
    let found = rows(&sandbox, "SELECT customer_id FROM interactions");
    assert_eq!(found, [["Z"]]);
    assert_eq!(rows(&sandbox, "SELECT count(*) FROM loads")[0][0], "1");
}

#[test]
fn a_deletion_without_a_key_and_a_key_for_customers_are_refused() {
    let sandbox = orders();
    sandbox.write("regulars.toml", ORDERS.replace("key = [\"line\"]\n", ""));
    sandbox
        .regulars(&["ingest"])
        .ended_with(2)
        .says(&["without a key it is not known which row is gone", "key = ["]);
    sandbox.write(
        "regulars.toml",
        ORDERS.replace("key = [\"line\"]", "key = [\"lin\"]"),
    );
    sandbox
        .regulars(&["ingest"])
        .ended_with(2)
        .says(&["has no column `lin`", "did you mean `line`?"]);
}

#[test]
fn one_load_at_a_time() {
    let sandbox = orders();
    std::fs::create_dir_all(sandbox.path("regulars-out")).unwrap();
    let lock = std::fs::File::create(sandbox.path("regulars-out/.lock")).unwrap();
    lock.lock().unwrap();
    sandbox.regulars(&["ingest"]).ended_with(3).says(&[
        "in use by another command",
        "hint: try again",
        "--wait",
    ]);
    drop(lock);
    ingest(&sandbox);
}

/// Something that goes on beside a test until it is dropped.
struct Beside {
    over: std::sync::Arc<std::sync::atomic::AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Beside {
    fn again_and_again(mut what: impl FnMut() + Send + 'static) -> Self {
        let over = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let until = std::sync::Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            while !until.load(std::sync::atomic::Ordering::Relaxed) {
                what();
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
        });
        Self {
            over,
            thread: Some(thread),
        }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.over.store(true, std::sync::atomic::Ordering::Relaxed);
        let _ = self.thread.take().map(std::thread::JoinHandle::join);
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_stops_the_load() {
    use std::io::Write;
    let sandbox = shop_sandbox(60, 200);
    let path = sandbox.path("lines.csv");
    let grows = Beside::again_and_again(move || {
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap();
        file.write_all(b"C0001,2023-05-05 10:30:00,9,tea,1.00\n")
            .unwrap();
    });
    sandbox.regulars(&["ingest"]).ended_with(3).says(&[
        "lines.csv changed while it was being loaded; nothing was loaded",
        "hint: load again",
    ]);
    drop(grows);
    assert!(!sandbox.exists("regulars-out/warehouse/interactions"));

    // Another file of the same size takes its place, again and again.
    let (path, text) = (sandbox.path("lines.csv"), sandbox.read("lines.csv"));
    let (one, other) = (text.clone(), text.replace("apples", "cherry"));
    let mut turn = false;
    let replaced = Beside::again_and_again(move || {
        turn = !turn;
        let beside = path.with_extension("new");
        std::fs::write(&beside, if turn { &other } else { &one }).unwrap();
        std::fs::rename(&beside, &path).unwrap();
    });
    sandbox
        .regulars(&["ingest"])
        .ended_with(3)
        .says(&["changed while it was being loaded"]);
    drop(replaced);
    ingest(&sandbox);
    let lines = sandbox.read("lines.csv").lines().count() as u64 - 1;
    let counts = table(&sandbox, "interactions");
    assert_eq!(counts["read"], lines, "all of what was hashed was read");
    assert_eq!(sandbox.regulars(&["ingest"]).code, 0);
    assert_eq!(
        sandbox.manifest("regulars-out")["stages"]["ingest"]["metrics"]["files_read"],
        0,
        "and it is known again"
    );
}

/// Whatever lies below the warehouse belongs to it.
fn nothing_left_over(out: &Path) {
    let hidden: Vec<_> = std::fs::read_dir(out.join("warehouse"))
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with('.') && name != ".lock")
        .collect();
    assert!(hidden.is_empty(), "{hidden:?}");
}

#[test]
fn killed_at_any_moment_a_load_is_there_or_not_and_the_next_one_goes_on() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let sandbox = shop_sandbox(400, 700);
    sandbox.write(
        "regulars.toml",
        SETTINGS.replace("\"lines.csv\"", "\"*lines.csv\""),
    );
    let whole = sandbox.read("lines.csv");
    let lines: Vec<&str> = whole.lines().collect();
    let (first, second) = lines.split_at(lines.len() / 3);
    sandbox.write("lines.csv", first.join("\n") + "\n");
    ingest(&sandbox);
    let before = holding(&sandbox);
    sandbox.write(
        "more-lines.csv",
        lines[0].to_owned() + "\n" + &second.join("\n") + "\n",
    );

    // An undisturbed load of both, and how long it takes.
    let other = sandbox.path("undisturbed");
    copy(&sandbox.path("regulars-out"), &other);
    let clock = Instant::now();
    sandbox
        .regulars(&["ingest", "--quiet", "--out", "undisturbed"])
        .ended_with(0);
    let takes = clock.elapsed();
    let after = query(
        &other,
        "SELECT count(*), sum(amount) FROM interactions WHERE replaced_at IS NULL",
    );
    let after: (u64, String) = (after[0][0].parse().unwrap(), after[0][1].clone());
    assert_ne!(before, after);

    let (mut cut_off, mut done) = (0, 0);
    let mut moment = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..50 {
        let out = sandbox.path("killed");
        let _ = std::fs::remove_dir_all(&out);
        copy(&sandbox.path("regulars-out"), &out);
        let mut child = Command::new(env!("CARGO_BIN_EXE_regulars"))
            .args(["ingest", "--quiet", "--out", "killed"])
            .current_dir(sandbox.path(""))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        moment ^= moment << 13;
        moment ^= moment >> 7;
        moment ^= moment << 17;
        std::thread::sleep(Duration::from_nanos(moment % takes.as_nanos() as u64));
        let _ = child.kill(); // SIGKILL; fails if it has ended, which is a moment too
        child.wait().unwrap();
        let found = query(
            &out,
            "SELECT count(*), sum(amount) FROM interactions WHERE replaced_at IS NULL",
        );
        let found: (u64, String) = (found[0][0].parse().unwrap(), found[0][1].clone());
        if found == before {
            cut_off += 1;
        } else {
            assert_eq!(found, after, "neither before nor after");
            done += 1;
        }
        sandbox
            .regulars(&["ingest", "--quiet", "--out", "killed"])
            .ended_with(0);
        let found = query(
            &out,
            "SELECT count(*), sum(amount) FROM interactions WHERE replaced_at IS NULL",
        );
        assert_eq!(
            (found[0][0].parse::<u64>().unwrap(), found[0][1].clone()),
            after
        );
        nothing_left_over(&out);
    }
    assert!(
        cut_off >= 10,
        "{cut_off} loads were cut off and {done} were not"
    );
}

#[test]
fn rejected_rows_can_be_mended_and_loaded_again() {
    let sandbox = shop_sandbox(40, 150);
    let good = shop(40, 150);
    let lines = good.lines().count() as u64 - 1;
    sandbox.write(
        "lines.csv",
        good + "C0001,2023-02-30,9002,bread,1.00\nC0002,2023-03-03,9005,\"bread, white\",cheap\n",
    );
    ingest(&sandbox);
    assert_eq!(holding(&sandbox).0, lines);
    let rejected = sandbox.read("regulars-out/rejects/rows/interactions-1.csv");
    assert_eq!(rejected.lines().count(), 3, "{rejected}");
    let mended = rejected
        .replace("2023-02-30", "2023-02-28")
        .replace("cheap", "0.99");
    sandbox.write("mended.csv", mended);
    for _ in 0..2 {
        sandbox
            .regulars(&["ingest", "--quiet", "--mended", "mended.csv"])
            .ended_with(0);
        assert_eq!(holding(&sandbox).0, lines + 2);
    }
    let found = rows(
        &sandbox,
        "SELECT product_id, amount FROM interactions WHERE basket_id = '9005'",
    );
    assert_eq!(found, [["bread, white", "0.9900"]]);
    sandbox.write("other.csv", "a,b\n1,2\n");
    sandbox
        .regulars(&["ingest", "--mended", "other.csv"])
        .ended_with(2)
        .says(&["it has no column __source", "rejects/rows/"]);
}

/// A file system of a few megabytes, where the system lets us make one.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn new(at: std::path::PathBuf, size: &str) -> Option<Self> {
        std::fs::create_dir_all(&at).unwrap();
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(&at)
            .status()
            .is_ok_and(|status| status.success());
        assert!(
            mounted || std::env::var_os("CI").is_none(),
            "the tests of CI run as root, to mount a small file system"
        );
        mounted.then_some(Self(at))
    }
}

impl SmallDisk {
    fn remount(&self, how: &str) {
        let done = std::process::Command::new("mount")
            .args(["-o", &format!("remount,{how}")])
            .arg(&self.0)
            .status();
        assert!(done.is_ok_and(|status| status.success()));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_stops_a_load_and_leaves_the_warehouse_as_it_was() {
    let sandbox = shop_sandbox(400, 700);
    sandbox.write(
        "regulars.toml",
        SETTINGS.replace("\"lines.csv\"", "\"*lines.csv\""),
    );
    let Some(_disk) = SmallDisk::new(sandbox.path("disk"), "1m") else {
        return;
    };
    let whole = sandbox.read("lines.csv");
    let lines: Vec<&str> = whole.lines().collect();
    sandbox.write("lines.csv", lines[..2000].join("\n") + "\n");
    sandbox
        .regulars(&["ingest", "--quiet", "--out", "disk/out"])
        .ended_with(0);
    let out = sandbox.path("disk/out");
    let before = query(&out, "SELECT count(*), sum(amount) FROM interactions");
    sandbox.write("more-lines.csv", &whole);
    sandbox
        .regulars(&["ingest", "--out", "disk/out"])
        .ended_with(4)
        .says(&["No space left on device", "hint: free some disk space"]);
    assert_eq!(
        query(&out, "SELECT count(*), sum(amount) FROM interactions"),
        before
    );
    nothing_left_over(&out);
    // Once there is room the next load goes on.
    let room = sandbox.path("room");
    copy(&out, &room);
    sandbox
        .regulars(&["ingest", "--quiet", "--out", "room"])
        .ended_with(0);
    let found = query(&room, "SELECT count(*) FROM interactions");
    assert_eq!(found[0][0].parse::<usize>().unwrap(), lines.len() - 1);
}

#[test]
fn a_disk_that_can_only_be_read_is_said_and_the_next_load_goes_on() {
    let sandbox = orders();
    let Some(disk) = SmallDisk::new(sandbox.path("disk"), "4m") else {
        return;
    };
    let ingest = || sandbox.regulars(&["ingest", "--out", "disk/out"]);
    let held = || {
        query(
            &sandbox.path("disk/out"),
            "SELECT count(*) FROM interactions",
        )
    };
    disk.remount("ro");
    ingest()
        .ended_with(4)
        .says(&["disk/out", "Read-only file system"]);
    disk.remount("rw");
    ingest().ended_with(0);
    assert_eq!(held(), [["3"]]);
    sandbox.write(
        "orders/2.csv",
        "line,customer,when,paid,known,status\n4,C,2024-04-09,4.00,2024-04-10,ok\n",
    );
    disk.remount("ro");
    ingest().ended_with(4).says(&["Read-only file system"]);
    assert_eq!(held(), [["3"]]);
    disk.remount("rw");
    ingest().ended_with(0);
    assert_eq!(held(), [["4"]]);
}

#[test]
fn a_folder_that_cannot_be_written_is_said_and_nothing_is_changed() {
    let sandbox = orders().file("regulars-out", "a file where the folder should be");
    sandbox
        .regulars(&["ingest"])
        .ended_with(4)
        .says(&["regulars-out"]);
}

#[test]
fn a_forgotten_customer_is_nowhere_and_does_not_come_back() {
    let sandbox = shop_sandbox(120, 300);
    sandbox.write(
        "lines.csv",
        shop(120, 300) + "C0007,2023-02-30,9002,bread,1.00\nC0007,2023-03-03,9007,bread\n",
    );
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    let more = sandbox.read("lines.csv") + "C0007,2023-03-03 10:00:00,9003,tea,1.00\n";
    sandbox.write("lines.csv", more);
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    assert!(!mentions(&sandbox.path("regulars-out"), "C0007").is_empty());
    sandbox
        .regulars(&["forget", "C0007"])
        .ended_with(0)
        .shows(&[
            "warehouse/interactions",
            "segments.parquet: 1 row",
            "segments.csv: 1 row",
            "features/",
        ]);
    assert_eq!(
        mentions(&sandbox.path("regulars-out"), "C0007"),
        Vec::<String>::new()
    );
    // The other customers are all there, and the files are what the manifest says.
    let found = rows(
        &sandbox,
        "SELECT count(DISTINCT customer_id) FROM interactions WHERE replaced_at IS NULL",
    );
    assert_eq!(found[0][0], "119");
    sandbox.data_files("regulars-out");
    // Neither a changed file nor a new start brings the customer back.
    sandbox
        .regulars(&["ingest", "--quiet", "--rebuild"])
        .ended_with(0);
    assert_eq!(
        mentions(&sandbox.path("regulars-out"), "C0007"),
        Vec::<String>::new()
    );
    let manifest = sandbox.manifest("regulars-out");
    assert!(
        manifest["stages"]["ingest"]["warnings"]
            .to_string()
            .contains("was forgotten")
    );
}

/// Files below a folder whose bytes, as they are or unpacked, hold a word.
fn mentions(folder: &Path, word: &str) -> Vec<String> {
    use arrow::util::pretty::pretty_format_batches;
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(&at).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let mut hit = bytes
                .windows(word.len())
                .any(|window| window == word.as_bytes());
            if path
                .extension()
                .is_some_and(|extension| extension == "parquet")
            {
                let file = std::fs::File::open(&path).unwrap();
                let reader =
                    parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file)
                        .unwrap()
                        .build()
                        .unwrap();
                let batches: Vec<_> = reader.map(Result::unwrap).collect();
                hit |= pretty_format_batches(&batches)
                    .unwrap()
                    .to_string()
                    .contains(word);
            }
            if hit {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

#[test]
fn every_row_of_any_source_ends_in_exactly_one_place() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for keep in [false, true] {
        let settings = SETTINGS.replace("\"lines.csv\"", "\"sales/*.csv\"")
            + "\n[ingest]\nmax_reject_share = 1.0\n"
            + if keep { "duplicates = \"keep\"\n" } else { "" };
        let sandbox = shop_sandbox(1, 10).file("regulars.toml", settings);
        let mut total = 0;
        for load in 0..12 {
            let mut text = String::from("customer,when,basket,product,paid\n");
            for _ in 0..dice.below(60) + 1 {
                let row = dice.below(25);
                let line = match dice.below(12) {
                    0 => format!("C{row},2024-02-30,{row},bread,1.00"),
                    1 => format!("C{row},2024-02-03,{row},bread"),
                    2 => format!("C{row},2024-02-03,{row},bread,1.00,more"),
                    3 => format!(",2024-02-03,{row},bread,1.00"),
                    4 => format!("C{row},2024-02-03,{row},\"br\"\"ead,\n\",1.0e2"),
                    5 => format!("C{row},2999-01-01,{row},bread,1.00"),
                    // Whole lines come again, within a file and in others.
                    _ => format!("C{row},2024-0{}-03 10:00,{row},milk,{row}.25", 1 + row % 6),
                };
                text.push_str(&line);
                text.push('\n');
            }
            // A new file, or another content for one that was loaded.
            let name = dice.below(load + 1);
            sandbox.write(&format!("sales/{name}.csv"), text);
            ingest(&sandbox);
            adds_up(&sandbox);
            let counts = table(&sandbox, "interactions");
            let count = |name: &str| counts[name].as_u64().unwrap();
            total += count("kept");
            let there = rows(&sandbox, "SELECT count(*) FROM interactions");
            assert_eq!(there[0][0], total.to_string(), "what was kept is there");
            assert_eq!(
                count("rows"),
                holding(&sandbox).0,
                "rows of changed files hold no longer"
            );
            let path = sandbox.path("regulars-out/rejects/interactions.csv");
            let listed = std::fs::read_to_string(path).unwrap_or_default();
            let mut reader = csv::Reader::from_reader(listed.as_bytes());
            let shown = listed.clone();
            let mut lines: Vec<String> = reader
                .records()
                .map(|row| row.unwrap().get(1).unwrap().to_owned())
                .collect();
            lines.sort();
            lines.dedup();
            assert_eq!(
                lines.len() as u64,
                count("duplicates") + count("rejected"),
                "each line that was left out is listed: {shown}"
            );
        }
    }
}
