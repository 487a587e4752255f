//! Sources that belong together: joins, conditions, and files and lines that come twice.

use std::fmt::Write as _;

use crate::util::{Sandbox, date, query};

/// Order lines whose customer and time lie in another file.
const LINES: &str = r#"
[[sources]]
name = "lines"
table = "interactions"
path = "lines.csv"
[[sources.join]]
path = "orders.csv"
on = { order_id = "id" }
[sources.columns]
customer_id = "customer"
occurred_at = "placed"
kind = { constant = "purchase" }
basket_id = "order_id"
product_id = "sku"
amount = "paid"
"#;

fn rows(sandbox: &Sandbox, sql: &str) -> Vec<Vec<String>> {
    query(&sandbox.path("regulars-out"), sql)
}

/// What holds, as one line of text.
fn holding(sandbox: &Sandbox, columns: &str) -> String {
    let found = rows(
        sandbox,
        &format!("SELECT {columns} FROM interactions WHERE replaced_at IS NULL"),
    );
    found[0].join(" ")
}

fn ingest(sandbox: &Sandbox) {
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
}

/// The counts of a table in the last load: read, kept, duplicates, rejected, left out, merged.
fn counts(sandbox: &Sandbox, table: &str) -> [u64; 6] {
    let manifest = sandbox.manifest("regulars-out");
    let tables = manifest["stages"]["ingest"]["metrics"]["tables"]
        .as_array()
        .unwrap();
    let found = tables.iter().find(|found| found["table"] == table).unwrap();
    let found = [
        "read",
        "kept",
        "duplicates",
        "rejected",
        "left_out",
        "merged",
    ]
    .map(|name| found[name].as_u64().unwrap());
    assert_eq!(
        found[0],
        found[1..].iter().sum::<u64>(),
        "every row ends somewhere"
    );
    found
}

fn warnings(sandbox: &Sandbox, code: &str) -> Vec<String> {
    let manifest = sandbox.manifest("regulars-out");
    let warnings = manifest["stages"]["ingest"]["warnings"].as_array().unwrap();
    warnings
        .iter()
        .filter(|warning| warning["code"] == code)
        .map(|warning| warning["message"].as_str().unwrap().to_owned())
        .collect()
}

/// So many orders of 50 customers, two lines each.
fn orders_and_lines(orders: u32) -> (String, String) {
    let mut heads = String::from("id,customer,placed,note\n");
    let mut lines = String::from("order_id,sku,paid\n");
    for order in 0..orders {
        let _ = writeln!(
            heads,
            "{order},C{:02},{} 10:00:00,a note that nobody asks for {order}",
            order % 50,
            date(order % 300)
        );
        let _ = writeln!(lines, "{order},bread,2.50\n{order},tea,4.00");
    }
    (heads, lines)
}

#[test]
fn order_lines_find_who_and_when_in_another_file() {
    let sandbox = Sandbox::new()
        .file("regulars.toml", LINES)
        .file(
            "orders.csv",
            "id,customer,placed\n1,ANN,2024-01-05 09:00\n2,BOB,2024-02-06 10:00\n\
             3,EVE,2024-03-07 11:00\n3,EVA,2024-03-07 11:00\n4,,2024-03-08 11:00\nx\n",
        )
        .file(
            "lines.csv",
            "order_id,sku,paid\n1,bread,2.50\n1,tea,4.00\n2,tea,4.00\n\
             3,tea,1.00\n9,tea,1.00\n,tea,1.00\n4,tea,1.00\n",
        );
    sandbox.write(
        "regulars.toml",
        LINES.to_owned() + "[ingest]\nmax_reject_share = 0.6\n",
    );
    sandbox.regulars(&["check"]).ended_with(0).shows(&[
        "joined with orders.csv on `order_id` = `id`",
        "order_id has no row in orders.csv",
        "order_id has several rows in orders.csv, which say different things",
    ]);
    ingest(&sandbox);
    assert_eq!(
        holding(
            &sandbox,
            "count(*), sum(amount), count(DISTINCT customer_id), min(day), max(day)"
        ),
        "3 10.5000 2 2024-01-05 2024-02-06"
    );
    assert_eq!(counts(&sandbox, "interactions"), [7, 3, 0, 4, 0, 0]);
    let rejects = sandbox.read("regulars-out/rejects/interactions.csv");
    for line in [
        "lines.csv,5,order_id,3,\"has several rows in orders.csv, which say different things\"",
        "lines.csv,6,order_id,9,has no row in orders.csv",
        "lines.csv,7,order_id,,\"is empty, so no row of orders.csv belongs to it\"",
        "lines.csv,8,customer_id,,is empty",
        "orders.csv,7,,x,",
    ] {
        assert!(
            rejects.contains(line),
            "the rejects lack `{line}`:\n{rejects}"
        );
    }
    // A rejected line is given with what the join has, so that it can be mended.
    let rows = sandbox.read("regulars-out/rejects/rows/interactions-1.csv");
    assert!(
        rows.starts_with("__source,order_id,sku,paid,customer,placed\n"),
        "{rows}"
    );
    let mended = rows.replace(
        "lines,9,tea,1.00,,",
        "lines,9,tea,1.00,ANN,2024-04-01 12:00",
    );
    let mended: Vec<&str> = mended
        .lines()
        .filter(|line| line.starts_with("__source") || line.contains("ANN"))
        .collect();
    sandbox.write("mended.csv", mended.join("\n"));
    sandbox
        .regulars(&["ingest", "--quiet", "--mended", "mended.csv"])
        .ended_with(0);
    assert_eq!(
        holding(&sandbox, "count(*), sum(amount), max(day)"),
        "4 11.5000 2024-04-01"
    );
}

#[test]
fn an_order_that_is_corrected_corrects_its_lines() {
    let (orders, lines) = orders_and_lines(60);
    let sandbox = Sandbox::new()
        .file("regulars.toml", LINES)
        .file("orders.csv", &orders)
        .file("lines.csv", lines);
    ingest(&sandbox);
    let before = holding(
        &sandbox,
        "count(*), sum(amount), count(DISTINCT customer_id)",
    );
    assert_eq!(before, "120 390.0000 50");
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    let metrics = &sandbox.manifest("regulars-out")["stages"]["ingest"]["metrics"];
    assert_eq!(metrics["files_read"], 0, "nothing is new");
    sandbox.write("orders.csv", orders.replace("\n7,C07,", "\n7,C08,"));
    ingest(&sandbox);
    assert_eq!(
        holding(
            &sandbox,
            "count(*), sum(amount), sum(CASE WHEN customer_id = 'C08' THEN 1 ELSE 0 END)"
        ),
        "120 390.0000 6"
    );
    assert_eq!(counts(&sandbox, "interactions"), [120, 2, 118, 0, 0, 0]);
    // What nobody asks for changes nothing.
    let noted = sandbox
        .read("orders.csv")
        .replace("asks for 9\n", "reads 9\n");
    sandbox.write("orders.csv", noted);
    ingest(&sandbox);
    assert_eq!(counts(&sandbox, "interactions"), [120, 0, 120, 0, 0, 0]);
}

#[test]
fn a_row_of_a_join_that_cannot_be_read_is_listed_once_for_all_files_of_the_source() {
    let lines = |order: u32| format!("order_id,sku,paid\n{order},bread,2.50\n");
    let sandbox = Sandbox::new()
        .file("regulars.toml", LINES.replace("lines.csv", "lines"))
        .file("lines/1.csv", lines(1))
        .file("lines/2.csv", lines(2))
        .file("lines/3.csv", lines(3))
        .file(
            "orders.csv",
            "id,customer,placed\n1,ANN,2024-01-05 09:00\nx\n2,BOB,2024-02-06 10:00\n\
             3,EVE,2024-03-07 11:00\n",
        );
    ingest(&sandbox);
    assert_eq!(counts(&sandbox, "interactions"), [3, 3, 0, 0, 0, 0]);
    let listed = sandbox.read("regulars-out/rejects/interactions.csv");
    assert_eq!(listed.matches("orders.csv,3,,x,").count(), 1, "{listed}");
}

#[test]
fn joins_go_on_from_joins_and_keep_what_has_no_row_where_they_are_told() {
    let settings = r#"
[[sources]]
table = "interactions"
path = "items.csv"
[[sources.join]]
path = "orders.csv"
on = "order_id"
[[sources.join]]
path = "people.csv"
on = "customer_id"
[[sources.join]]
database = "sqlite:shop.db"
relation = "shelves"
on = ["sku", "shop"]
unmatched = "keep"
[sources.columns]
customer_id = "person"
occurred_at = "placed"
kind = { sql = "CASE WHEN \"orders.status\" = 'returned' THEN 'return' ELSE 'purchase' END" }
basket_id = "order_id"
product_id = "sku"
amount = "price"
channel = "shelf"
"#;
    let sandbox = Sandbox::new()
        .file("regulars.toml", settings)
        .file(
            "items.csv",
            "order_id,sku,shop,price,status\no1,a,1,2.00,packed\no1,b,1,3.00,packed\no2,a,2,4.00,packed\n",
        )
        .file(
            "orders.csv",
            "order_id,customer_id,placed,status\no1,k1,2024-01-05,done\no2,k2,2024-02-06,returned\n",
        )
        .file("people.csv", "customer_id,person\nk1,ANN\nk2,ANN\n");
    let shop = rusqlite::Connection::open(sandbox.path("shop.db")).unwrap();
    shop.execute_batch(
        "CREATE TABLE shelves (sku TEXT, shop INTEGER, shelf TEXT);
         INSERT INTO shelves VALUES ('a', 1, 'left'), ('a', 2, 'right');",
    )
    .unwrap();
    drop(shop);
    ingest(&sandbox);
    assert_eq!(
        rows(
            &sandbox,
            "SELECT customer_id, kind, product_id, amount, channel FROM interactions ORDER BY amount"
        ),
        [
            ["ANN", "purchase", "a", "2.0000", "left"],
            ["ANN", "purchase", "b", "3.0000", ""],
            ["ANN", "return", "a", "4.0000", "right"],
        ]
    );
}

#[test]
fn a_join_that_is_larger_than_its_memory_gives_the_same_rows() {
    // The text of each order is held too, so that a few thousand take more than a share of 64 MiB.
    let (orders, lines) = orders_and_lines(8_000);
    let long = "x".repeat(8_000);
    let orders = orders.replace("a note that nobody asks for", &long);
    let settings = |limit: &str| {
        LINES.replace(
            "amount = \"paid\"",
            "amount = \"paid\"\nchannel = { sql = \"left(note, 3)\" }",
        ) + &format!("[engine]\nmemory_limit = \"{limit}\"\n")
    };
    let sandbox = Sandbox::new()
        .file("regulars.toml", settings("1 GiB"))
        .file("orders.csv", orders)
        .file("lines.csv", lines + "9999999,tea,4.00\nbroken\n");
    ingest(&sandbox);
    let shown = "count(*), sum(amount), count(DISTINCT customer_id), count(DISTINCT basket_id), sum(row_key % 1000003), min(channel)";
    let (whole, listed) = (
        holding(&sandbox, shown),
        sandbox.read("regulars-out/rejects/interactions.csv"),
    );
    assert_eq!(whole.split(' ').next(), Some("16000"));
    sandbox.write("regulars.toml", settings("64 MiB"));
    sandbox
        .regulars(&["ingest", "--quiet", "--rebuild"])
        .ended_with(0);
    assert_eq!(holding(&sandbox, shown), whole);
    assert_eq!(
        counts(&sandbox, "interactions"),
        [16_002, 16_000, 0, 2, 0, 0]
    );
    let mut again: Vec<String> = sandbox
        .read("regulars-out/rejects/interactions.csv")
        .lines()
        .map(str::to_owned)
        .collect();
    let mut listed: Vec<&str> = listed.lines().collect();
    again.sort();
    listed.sort_unstable();
    assert_eq!(again, listed);
}

#[test]
fn joins_that_cannot_be_are_refused_with_their_place() {
    let sandbox = Sandbox::new()
        .file("orders.csv", "id,customer,placed\n1,A,2024-01-05\n")
        .file("lines.csv", "order_id,sku,paid\n1,bread,2.50\n");
    for (was, wrong, words) in [
        (
            "orders.csv",
            "order.csv",
            &["there is no file", "did you mean `orders.csv`?"][..],
        ),
        (
            "{ order_id = \"id\" }",
            "\"order_id\"",
            &["orders.csv has no column `order_id`", "hint:"],
        ),
        (
            "{ order_id = \"id\" }",
            "{ order = \"id\" }",
            &["the source has no column `order`", "known: `order_id`"],
        ),
        (
            "{ order_id = \"id\" }",
            "[]",
            &["no column says which rows belong together"],
        ),
        ("{ order_id = \"id\" }", "7", &["a column that both have"]),
        (
            "customer_id = \"customer\"",
            "customer_id = \"custmer\"",
            &["has no column `custmer`", "did you mean `customer`?"],
        ),
        (
            "on = {",
            "unmatched = \"drop\"\non = {",
            &["unknown value `drop`", "`reject`, `keep`"],
        ),
    ] {
        sandbox.write("regulars.toml", LINES.replace(was, wrong));
        sandbox
            .regulars(&["ingest"])
            .ended_with(2)
            .says(&["regulars.toml:"])
            .says(words);
    }
}

#[test]
fn where_leaves_rows_out_and_counts_them() {
    let settings = r#"
[[sources]]
table = "interactions"
path = "lines.csv"
where = "status IN ('paid', 'sent') AND try_cast(paid AS DOUBLE) > 9"
[sources.columns]
customer_id = "customer"
occurred_at = "when"
kind = { constant = "purchase" }
amount = "paid"
"#;
    let sandbox = Sandbox::new().file("regulars.toml", settings).file(
        "lines.csv",
        "customer,when,paid,status\nA,2024-01-05,10.00,paid\nA,2024-01-06,10.00,open\n\
         B,2024-01-07,100.00,sent\nB,2024-01-08,9.00,sent\nB,2024-01-09,20.00,\nA,2024-01-05,10.00,paid\n",
    );
    sandbox.regulars(&["check", "--all"]).ended_with(0).shows(&[
        "where leaves out 3 rows, beside the following",
        "all 3 rows can be used",
    ]);
    ingest(&sandbox);
    assert_eq!(counts(&sandbox, "interactions"), [6, 2, 1, 0, 3, 0]);
    assert_eq!(holding(&sandbox, "sum(amount)"), "110.0000");
    let found = rows(&sandbox, "SELECT rows_left_out FROM loads");
    assert_eq!(found, [["3"]]);
    // Another condition is another reading.
    sandbox.write("regulars.toml", settings.replace("> 9", "> 8"));
    ingest(&sandbox);
    assert_eq!(holding(&sandbox, "sum(amount)"), "119.0000");
    let long = vec!["status = 'paid'"; 299].join(" OR ");
    for (wrong, words) in [
        (
            "paid > 9",
            &["`paid` is text here", "try_cast(paid AS DOUBLE)"][..],
        ),
        ("state = 'paid'", &["No field named state"]),
        ("upper(status)", &["no yes or no"]),
        (
            "random() > 0.5",
            &["random() says something else each time"],
        ),
        (&long, &["operators lie 300 deep", "250 is the limit"]),
        ("", &["it is empty"]),
    ] {
        let start = settings.find("where = ").unwrap();
        let end = start + settings[start..].find('\n').unwrap();
        let wrongly = settings.replace(&settings[start..end], &format!("where = \"{wrong}\""));
        sandbox.write("regulars.toml", wrongly);
        sandbox
            .regulars(&["ingest"])
            .ended_with(2)
            .says(&["regulars.toml:", "where"])
            .says(words);
    }
    sandbox.write("regulars.toml", settings.replace("> 9", "> 900"));
    sandbox
        .regulars(&["ingest", "--rebuild"])
        .ended_with(3)
        .says(&["the condition (where) of the sources leaves out 6 rows"]);
}

#[test]
fn a_row_for_which_where_cannot_be_calculated_is_a_reject_and_stops_nothing() {
    let settings = source("shop", "lines.csv").replace(
        "[sources.columns]",
        "where = \"CAST(size AS DOUBLE) > 9\"\n[sources.columns]",
    ) + "[ingest]\nmax_reject_share = 0.5\n";
    let sandbox = Sandbox::new().file("regulars.toml", settings).file(
        "lines.csv",
        "customer,when,paid,size\nA,2024-01-05,10.00,11\nB,2024-01-06,20.00,much\n\
         B,2024-01-07,40.00,3\nA,2024-01-08,80.00,\n",
    );
    sandbox
        .regulars(&["check", "--all"])
        .ended_with(0)
        .shows(&["where cannot be calculated"]);
    ingest(&sandbox);
    assert_eq!(counts(&sandbox, "interactions"), [4, 1, 0, 1, 2, 0]);
    assert_eq!(holding(&sandbox, "sum(amount)"), "10.0000");
    let listed = sandbox.read("regulars-out/rejects/interactions.csv");
    assert!(listed.contains("lines.csv,3,where,much,cannot be calculated: "));
    assert_eq!(listed.lines().count(), 2);
}

#[test]
fn a_file_that_feeds_two_tables_is_read_once_for_each() {
    let settings = r#"
[[sources]]
table = "interactions"
path = "lines.csv"
[sources.columns]
customer_id = "customer"
occurred_at = "when"
kind = { constant = "purchase" }
amount = "paid"

[[sources]]
table = "customers"
path = "lines.csv"
[sources.columns]
customer_id = "customer"
"#;
    let sandbox = Sandbox::new().file("regulars.toml", settings).file(
        "lines.csv",
        "customer,when,paid\nA,2024-01-05,10.00\nB,2024-01-06,10.00\n",
    );
    ingest(&sandbox);
    ingest(&sandbox);
    let metrics = &sandbox.manifest("regulars-out")["stages"]["ingest"]["metrics"];
    assert_eq!(
        (&metrics["load"], &metrics["files_known"]),
        (&1.into(), &2.into())
    );
}

/// A shop of one source, by name and path.
fn source(name: &str, path: &str) -> String {
    format!(
        "[[sources]]\nname = \"{name}\"\ntable = \"interactions\"\npath = \"{path}\"\n[sources.columns]\n\
         customer_id = \"customer\"\noccurred_at = \"when\"\nkind = {{ constant = \"purchase\" }}\namount = \"paid\"\n"
    )
}

#[test]
fn a_source_may_be_renamed_and_its_files_moved() {
    let sandbox = Sandbox::new()
        .file("regulars.toml", source("tills", "lines.csv"))
        .file(
            "lines.csv",
            "customer,when,paid\nA,2024-01-05,10.00\nB,2024-01-06,10.00\n",
        );
    ingest(&sandbox);
    std::fs::rename(sandbox.path("lines.csv"), sandbox.path("moved.csv")).unwrap();
    sandbox.write("regulars.toml", source("shop", "moved.csv"));
    ingest(&sandbox);
    assert_eq!(holding(&sandbox, "count(*), sum(amount)"), "2 20.0000");
    assert!(warnings(&sandbox, "unnamed-source").is_empty());
    // A later file that overlaps is recognised under the new name.
    sandbox.write(
        "more.csv",
        "customer,when,paid\nB,2024-01-06,10.00\nC,2024-01-07,1.00\n",
    );
    sandbox.write(
        "regulars.toml",
        source("shop", "moved.csv").replace("\"moved.csv\"", "[\"moved.csv\", \"more.csv\"]"),
    );
    ingest(&sandbox);
    assert_eq!(holding(&sandbox, "count(*), sum(amount)"), "3 21.0000");
}

#[test]
fn content_that_another_source_gives_already_is_not_loaded_twice_unless_told() {
    let sandbox = Sandbox::new()
        .file(
            "lines.csv",
            "customer,when,paid\nA,2024-01-05,10.00\nB,2024-01-06,10.00\n",
        )
        .file("regulars.toml", source("tills", "lines.csv"));
    sandbox.write("copy.csv", sandbox.read("lines.csv"));
    let both = source("tills", "lines.csv") + &source("shop", "copy.csv");
    sandbox.write("regulars.toml", &both);
    for _ in 0..2 {
        ingest(&sandbox);
        assert_eq!(holding(&sandbox, "count(*), sum(amount)"), "2 20.0000");
        let said = warnings(&sandbox, "same-content");
        assert!(
            said.len() == 1
                && said[0].contains("copy.csv has the content of a file of the source `tills`"),
            "{said:?}"
        );
    }
    sandbox.write(
        "regulars.toml",
        format!("{both}[ingest]\nsame_content = \"load\"\n"),
    );
    ingest(&sandbox);
    assert_eq!(holding(&sandbox, "count(*), sum(amount)"), "4 40.0000");
    // Two sources of one name could not be told apart from load to load.
    sandbox.write(
        "regulars.toml",
        source("tills", "lines.csv") + &source("tills", "copy.csv"),
    );
    sandbox.regulars(&["ingest"]).ended_with(2).says(&[
        "another source of interactions is called `tills` too",
        "hint:",
    ]);
}

#[test]
fn rows_of_a_source_that_is_not_named_any_more_are_pointed_out() {
    let sandbox = Sandbox::new()
        .file(
            "lines.csv",
            "customer,when,paid\nA,2024-01-05,10.00\nB,2024-01-06,10.00\n",
        )
        .file("old.csv", "customer,when,paid\nA,2023-01-05,1.00\n")
        .file(
            "regulars.toml",
            source("shop", "lines.csv") + &source("old", "old.csv"),
        );
    ingest(&sandbox);
    assert!(warnings(&sandbox, "unnamed-source").is_empty());
    sandbox.write("regulars.toml", source("shop", "lines.csv"));
    sandbox.regulars(&["ingest"]).ended_with(0);
    let said = warnings(&sandbox, "unnamed-source");
    assert!(
        said.len() == 1
            && said[0].contains("holds 1 row of the source `old`")
            && said[0].contains("regulars ingest --rebuild -c regulars.toml"),
        "{said:?}"
    );
    sandbox
        .regulars(&["ingest", "--quiet", "--rebuild"])
        .ended_with(0);
    assert!(warnings(&sandbox, "unnamed-source").is_empty());
    assert_eq!(holding(&sandbox, "count(*)"), "2");
}

#[test]
fn products_are_what_most_lines_say_of_them() {
    let settings = r#"
[[sources]]
table = "interactions"
path = "*.csv"
[sources.columns]
customer_id = "customer"
occurred_at = "when"
kind = { constant = "purchase" }
product_id = "code"
amount = "paid"

[[sources]]
table = "products"
path = "*.csv"
most_frequent = true
[sources.columns]
product_id = "code"
name = "text"
"#;
    let sandbox = Sandbox::new()
        .file("regulars.toml", settings)
        .file(
            "1.csv",
            "customer,when,code,text,paid\nA,2024-01-01,22,MAILOUT,1\nA,2024-01-02,22,RED BAG,1\nA,2024-01-03,22,,1\n\
             A,2024-01-04,22,,1\nA,2024-01-05,7,,1\nA,2024-01-06,,POSTAGE,1\n",
        )
        .file("2.csv", "customer,when,code,text,paid\nB,2024-01-01,22,RED BAG,1\nB,2024-01-02,22,,1\n");
    ingest(&sandbox);
    let products = |sandbox: &Sandbox| {
        rows(
            sandbox,
            "SELECT product_id, name FROM products WHERE replaced_at IS NULL ORDER BY 1",
        )
    };
    assert_eq!(products(&sandbox), [["22", "RED BAG"], ["7", ""]]);
    // What the lines say again is neither a copy nor a bad row.
    assert_eq!(counts(&sandbox, "products"), [8, 2, 0, 0, 1, 5]);
    assert!(warnings(&sandbox, "duplicate-rows").is_empty());
    assert!(warnings(&sandbox, "rejected-rows").is_empty());
    assert!(!sandbox.exists("regulars-out/rejects/products.csv"));
    sandbox.write(
        "3.csv",
        "customer,when,code,text,paid\nB,2024-03-01,22,RED BAG,1\nB,2024-03-02,7,TEA,1\n",
    );
    ingest(&sandbox);
    assert_eq!(products(&sandbox), [["22", "RED BAG"], ["7", "TEA"]]);
    assert_eq!(counts(&sandbox, "products"), [2, 1, 0, 0, 0, 1]);
    sandbox.write(
        "regulars.toml",
        settings.replace(
            "path = \"*.csv\"\n[",
            "path = \"*.csv\"\nmost_frequent = true\n[",
        ),
    );
    sandbox
        .regulars(&["ingest"])
        .ended_with(2)
        .says(&["most_frequent", "interactions are not told by many rows"]);
}

#[test]
fn the_same_line_in_two_sources_is_found_and_dropped_where_it_is_asked_for() {
    let lines = |days: std::ops::Range<u32>| {
        let mut csv = String::from("customer,when,paid\n");
        for day in days {
            let _ = writeln!(csv, "C{},{},{}.00", day % 7, date(day), 1 + day % 5);
        }
        csv
    };
    let both = source("old till", "old.csv") + &source("new till", "new.csv");
    let sandbox = Sandbox::new()
        .file("old.csv", lines(0..60))
        .file("new.csv", lines(50..120))
        .file("regulars.toml", &both);
    ingest(&sandbox);
    assert_eq!(holding(&sandbox, "count(*)"), "130");
    sandbox.regulars(&["profile", "--quiet"]).ended_with(0);
    let profile: serde_json::Value =
        serde_json::from_str(&sandbox.read("regulars-out/profile.json")).unwrap();
    let said = profile["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["code"] == "same-lines")
        .expect("a finding");
    let said = said["text"].as_str().unwrap();
    for words in [
        "10 interactions",
        "new till and old till",
        "from 2023-02-20 to 2023-03-01",
        "same_lines = \"drop\"",
    ] {
        assert!(said.contains(words), "{said}");
    }
    assert_eq!(profile["in_two_sources"]["lines"], 10);
    sandbox.write(
        "regulars.toml",
        format!("{both}[ingest]\nsame_lines = \"drop\"\n"),
    );
    ingest(&sandbox);
    assert_eq!(holding(&sandbox, "count(*)"), "120");
    assert_eq!(counts(&sandbox, "interactions"), [130, 120, 10, 0, 0, 0]);
}

#[test]
fn what_is_rejected_for_one_reason_is_listed_so_often_and_then_counted() {
    let mut csv = String::from("customer,when,paid\n");
    for row in 0..20_050 {
        let _ = writeln!(csv, "C{},2024-02-30,{}.00", row % 7, row % 90);
    }
    let _ = writeln!(csv, "C1,2024-02-03,1.00");
    let sandbox = Sandbox::new().file("lines.csv", csv).file(
        "regulars.toml",
        source("shop", "lines.csv") + "[ingest]\nmax_reject_share = 1.0\n",
    );
    ingest(&sandbox);
    assert_eq!(
        counts(&sandbox, "interactions"),
        [20_051, 1, 0, 20_050, 0, 0]
    );
    let listed = sandbox.read("regulars-out/rejects/interactions.csv");
    assert_eq!(listed.lines().count(), 20_002);
    assert!(listed.contains("(and 50 more, which are not listed)"));
    sandbox.regulars(&["profile", "--quiet"]).ended_with(0);
    let profile: serde_json::Value =
        serde_json::from_str(&sandbox.read("regulars-out/profile.json")).unwrap();
    assert_eq!(profile["rejects"][0]["reasons"][0]["count"], 20_050);
}

#[test]
fn files_of_one_source_may_have_types_that_hold_more() {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, Decimal128Array, Int32Array, Int64Array, RecordBatch, StringArray,
    };
    let sandbox = Sandbox::new();
    let write = |name: &str, ids: ArrayRef, amounts: Decimal128Array| {
        let days: ArrayRef = Arc::new(StringArray::from(vec!["2024-01-05"; ids.len()]));
        let columns = [
            ("customer", ids),
            ("when", days),
            ("paid", Arc::new(amounts) as ArrayRef),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let file = std::fs::File::create(sandbox.path(name)).unwrap();
        let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    };
    let decimals = |values: Vec<i128>, precision, scale| {
        Decimal128Array::from(values)
            .with_precision_and_scale(precision, scale)
            .unwrap()
    };
    write(
        "1.parquet",
        Arc::new(Int32Array::from(vec![1, 2])),
        decimals(vec![110, 110], 10, 2),
    );
    write(
        "2.parquet",
        Arc::new(Int64Array::from(vec![3, 3_000_000_005])),
        decimals(vec![22_222, 22_222], 18, 4),
    );
    sandbox.write("regulars.toml", source("shop", "*.parquet"));
    ingest(&sandbox);
    assert_eq!(counts(&sandbox, "interactions"), [4, 4, 0, 0, 0, 0]);
    assert_eq!(
        holding(&sandbox, "sum(amount), max(customer_id)"),
        "6.6444 3000000005"
    );
}
