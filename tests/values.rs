//! One way to read a value, whatever file it comes from: ids, times, numbers, currencies, encodings and
//! the shapes of text tables. `init`, `check` and `ingest` agree on each.

use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{Field, Schema};
use parquet::arrow::ArrowWriter;

use crate::util::{Run, Sandbox, columns, date, query, repository};

/// A Parquet file with these columns.
fn parquet(columns: &[(&str, ArrayRef)]) -> Vec<u8> {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, values)| Field::new(*name, values.data_type().clone(), true))
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let values = columns
        .iter()
        .map(|(_, values)| Arc::clone(values))
        .collect();
    let batch = RecordBatch::try_new(Arc::clone(&schema), values).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

/// These columns of every row of the interactions in the warehouse, sorted.
fn loaded(sandbox: &Sandbox, wanted: &[&str]) -> Vec<String> {
    let sql = format!(
        "SELECT {} FROM interactions WHERE replaced_at IS NULL",
        wanted.join(", ")
    );
    let rows = query(&sandbox.path("regulars-out"), &sql);
    let mut rows: Vec<String> = rows.iter().map(|cells| cells.join(" ")).collect();
    rows.sort();
    rows
}

/// The sum of the amounts in the warehouse, in ten-thousandths.
fn total(sandbox: &Sandbox) -> i64 {
    let amounts = loaded(sandbox, &["amount"]);
    let parse = |amount: &String| amount.replace('.', "").parse::<i64>().unwrap_or(0);
    amounts.iter().map(parse).sum()
}

/// Lines and reasons of what was rejected.
fn rejects(sandbox: &Sandbox) -> Vec<String> {
    if !sandbox.exists("regulars-out/rejects/interactions.csv") {
        return Vec::new();
    }
    let table = columns(&sandbox.read("regulars-out/rejects/interactions.csv"));
    let rows = table["line"]
        .iter()
        .zip(&table["column"])
        .zip(&table["reason"]);
    rows.map(|((line, column), reason)| format!("{line} {column} {reason}"))
        .collect()
}

/// Settings of interactions from some files; `more` stands before the columns, `columns` are those
/// beside customer, day and kind.
fn settings(paths: &str, more: &str, columns: &str) -> String {
    format!(
        "[project]\ntimezone = \"Europe/Berlin\"\n[ingest]\nmax_reject_share = 0.9\n\
         [[sources]]\ntable = \"interactions\"\npath = {paths}\n{more}\n[sources.columns]\n\
         customer_id = \"customer\"\noccurred_at = \"day\"\nkind = {{ constant = \"purchase\" }}\n{columns}\n"
    )
}

fn ingest(sandbox: &Sandbox) -> Run {
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0)
}

/// Lets `init` look at files, and gives back the draft.
#[track_caller]
fn draft(sandbox: &Sandbox, files: &[&str]) -> String {
    let mut arguments = vec!["init"];
    arguments.extend(files);
    sandbox.regulars(&arguments).ended_with(0);
    sandbox.read("regulars.toml")
}

#[track_caller]
fn says(draft: &str, lines: &[&str]) {
    for line in lines {
        assert!(draft.contains(line), "the draft lacks `{line}`:\n{draft}");
    }
}

// Ids

#[test]
fn the_text_of_an_id_depends_on_nothing_but_its_value() {
    let rows = 40;
    let days: ArrayRef = Arc::new(StringArray::from_iter_values((0..rows).map(date)));
    let ids = |odd: Option<f64>| -> ArrayRef {
        let value = |row: u32| match (row, odd) {
            (7, Some(odd)) => odd,
            _ => f64::from(17850 + row % 5),
        };
        Arc::new(Float64Array::from_iter_values((0..rows).map(value)))
    };
    let text: ArrayRef = Arc::new(StringArray::from_iter_values(
        (0..rows).map(|row| format!("A{}", row % 3)),
    ));
    let csv = "customer,day,item\n17850,2024-02-01,A0\n17851.0,2024-02-02,A1\n";
    for odd in [
        None,
        Some(f64::NAN),
        Some(12.5),
        Some(1e22),
        Some(9_007_199_254_740_994.0),
    ] {
        // Beside text, and alone, where the ids are whole numbers in the warehouse.
        for paths in ["[\"a.csv\", \"b.parquet\"]", "[\"b.parquet\"]"] {
            let file = parquet(&[
                ("customer", ids(odd)),
                ("day", Arc::clone(&days)),
                ("item", Arc::clone(&text)),
            ]);
            let first = settings(paths, "", "product_id = \"item\"");
            let sandbox = Sandbox::new()
                .file("a.csv", csv)
                .file("b.parquet", file)
                .file("regulars.toml", first);
            ingest(&sandbox);
            let mut ids = loaded(&sandbox, &["customer_id"]);
            ids.dedup();
            let own = ["17850", "17851", "17852", "17853", "17854"];
            if odd == Some(12.5) && paths.contains("a.csv") {
                // A text may well be 12.5.
                assert_eq!(ids.len(), 6, "{ids:?}");
                continue;
            }
            assert_eq!(ids, own, "{odd:?} {paths}");
            assert_eq!(
                rejects(&sandbox).len(),
                usize::from(odd.is_some()),
                "{odd:?}"
            );
        }
    }
}

#[test]
fn a_workbook_and_what_a_script_wrote_have_the_same_ids() {
    let folder = repository().join("tests/fixtures/values");
    let bytes = |name: &str| fs::read(folder.join(name)).unwrap();
    for order in [["a.xlsx", "b.csv"], ["b.csv", "a.xlsx"]] {
        let sandbox = Sandbox::new()
            .file("a.xlsx", bytes("float-ids.xlsx"))
            .file("b.csv", bytes("float-ids.csv"));
        let draft = draft(&sandbox, &order);
        says(&draft, &["customer_id = \"Customer ID\""]);
        sandbox.regulars(&["check"]).ended_with(0);
        ingest(&sandbox);
        let rows = loaded(&sandbox, &["customer_id", "product_id"]);
        assert_eq!(rows.len(), 60);
        let mut customers = loaded(&sandbox, &["customer_id"]);
        // Those without an id are guests, as the draft says.
        says(&draft, &["anonymous = [\"\"]"]);
        customers.retain(|customer| !customer.is_empty());
        assert_eq!(customers.len(), 50);
        customers.dedup();
        assert_eq!(customers, ["17850", "17851", "17852", "17853", "17854"]);
        let mut products = loaded(&sandbox, &["product_id"]);
        products.dedup();
        assert_eq!(products, ["22728", "71053", "85123A"]);
        // SQL calculates with what the first file says are numbers.
        if order[0] == "a.xlsx" {
            let product = "{ product = [\"Quantity\", \"Price\"] }";
            let sql = draft.replace(product, "{ sql = '\"Quantity\" * \"Price\"' }");
            assert_ne!(sql, draft);
            sandbox.write("regulars.toml", sql);
            sandbox.regulars(&["check"]).ended_with(0);
        }
    }
}

#[test]
fn numbers_of_64_bits_are_exact_or_rejected_as_ids() {
    let accounts: ArrayRef = Arc::new(UInt64Array::from(vec![7, 18_446_744_073_709_551_600]));
    let file = parquet(&[
        (
            "customer",
            Arc::new(Float64Array::from(vec![1e15 + 3.0, 1e15 + 4.0])),
        ),
        (
            "day",
            Arc::new(StringArray::from(vec!["2024-01-01", "2024-01-02"])),
        ),
        ("account", accounts),
    ]);
    let sandbox = Sandbox::new().file("a.parquet", file).file(
        "regulars.toml",
        settings("\"a.parquet\"", "", "account_id = \"account\""),
    );
    ingest(&sandbox);
    assert_eq!(
        loaded(&sandbox, &["customer_id", "account_id"]),
        ["1000000000000003 7"]
    );
    assert!(rejects(&sandbox)[0].contains("too large"));
}

#[test]
fn what_keeps_a_spreadsheet_from_making_numbers_is_taken_off() {
    let sandbox = Sandbox::new()
        .file(
            "a.csv",
            "customer,day,paid\n=\"00001\",2024-01-01,'-5.50\n=\"00002\",2024-01-02,1.00\n",
        )
        .file(
            "regulars.toml",
            settings("\"a.csv\"", "", "amount = \"paid\""),
        );
    ingest(&sandbox);
    assert_eq!(
        loaded(&sandbox, &["customer_id", "amount"]),
        ["00001 -5.5000", "00002 1.0000"]
    );
}

#[test]
fn ids_that_look_alike_are_warned_of() {
    let csv = "customer,day,paid\nann@x.org,2024-01-01,1\nAnn@X.org,2024-01-02,1\n007,2024-01-03,1\n7,2024-01-04,1\nbo,2024-01-05,1\n";
    let sandbox = Sandbox::new().file("a.csv", csv).file(
        "regulars.toml",
        settings("\"a.csv\"", "", "amount = \"paid\""),
    );
    sandbox.regulars(&["ingest"]).ended_with(0);
    let warnings = sandbox.manifest("regulars-out")["stages"]["ingest"]["warnings"].to_string();
    for words in [
        "alike-ids",
        "2 ids",
        "`007` and `7`",
        "`Ann@X.org` and `ann@x.org`",
    ] {
        assert!(warnings.contains(words), "{words}: {warnings}");
    }
    // Whole numbers cannot look alike.
    let whole = sandbox.read("regulars.toml").replace(
        "customer_id = \"customer\"",
        "customer_id = { column = \"customer\", type = \"integer\" }",
    );
    sandbox.write("regulars.toml", whole);
    sandbox.regulars(&["ingest", "--rebuild"]).ended_with(0);
    assert_eq!(loaded(&sandbox, &["customer_id"]), ["7", "7"]);
    let warnings = sandbox.manifest("regulars-out")["stages"]["ingest"]["warnings"].to_string();
    assert!(!warnings.contains("alike-ids"), "{warnings}");
}

#[test]
fn shortened_numbers_and_rows_of_totals_are_warned_of() {
    let mut csv = String::from("customer,day,order,paid\n");
    for row in 0..20 {
        let order = ["1.23457E+11", "123456789012"][row as usize % 2];
        let _ = writeln!(csv, "Totally {},{},{order},1", row % 4, date(row));
    }
    csv.push_str("Total (20 rows),2023-02-01,1,20\n");
    let more = "basket_id = \"order\"\namount = \"paid\"";
    let sandbox = Sandbox::new()
        .file("a.csv", csv)
        .file("regulars.toml", settings("\"a.csv\"", "", more));
    ingest(&sandbox);
    let warnings = sandbox.manifest("regulars-out")["stages"]["ingest"]["warnings"].to_string();
    for words in [
        "shortened-ids",
        "basket_id: 10 rows",
        "1.23457E+11",
        "customer_id: `Total (20 rows)` looks like",
    ] {
        assert!(warnings.contains(words), "{words}: {warnings}");
    }
    assert!(!warnings.contains("Totally"), "{warnings}");
}

#[test]
fn whole_numbers_take_effect_in_a_warehouse_whose_ids_are_text() {
    let sandbox = Sandbox::new()
        .file("a.csv", "customer,day\n007,2024-01-01\n7,2024-01-02\n")
        .file("regulars.toml", settings("\"a.csv\"", "", ""));
    ingest(&sandbox);
    let whole = sandbox.read("regulars.toml").replace(
        "customer_id = \"customer\"",
        "customer_id = { column = \"customer\", type = \"integer\" }",
    );
    sandbox.write("regulars.toml", whole);
    ingest(&sandbox);
    assert_eq!(loaded(&sandbox, &["customer_id"]), ["7", "7"]);
}

// Times

#[test]
fn a_time_that_names_its_zone_is_that_moment() {
    let times = [
        ("2024-06-30 22:30:00 UTC", true),
        ("2024-06-30 22:30:00 GMT", true),
        ("2024-06-30 22:30:00.000 UTC", true),
        ("2024-06-30T22:30:00UTC", true),
        ("2024-06-30T22:30:00+0000", true),
        ("2024-06-30 23:30:00 Europe/London", true),
        ("2024-06-30 18:30:00 America/New_York", true),
        ("2024-06-30 18:30:00 EDT", true),
        ("2024-07-01 00:30:00 CEST", true),
        ("2024-07-01T00:30:00+02:00[Europe/Berlin]", true),
        ("2024-07-01 00:30", true),
        ("2024-07-01 04:00:00 IST", false),
        ("2024-07-01 00:30:00 Europe/Nowhere", false),
    ];
    let mut csv = String::from("customer,day\n");
    for (row, (time, _)) in times.iter().enumerate() {
        let _ = writeln!(csv, "C{row:02},{time}");
    }
    let sandbox = Sandbox::new()
        .file("a.csv", csv)
        .file("regulars.toml", settings("\"a.csv\"", "", ""));
    ingest(&sandbox);
    let got = loaded(&sandbox, &["customer_id", "day", "hour"]);
    let expected: Vec<String> = times
        .iter()
        .enumerate()
        .filter(|(_, (_, good))| *good)
        .map(|(row, _)| format!("C{row:02} 2024-07-01 0"))
        .collect();
    assert_eq!(got, expected);
    assert!(rejects(&sandbox)[0].contains("no single time zone"));
}

#[test]
fn a_year_of_two_digits_is_never_one_of_the_first_century() {
    let mut csv = String::from("customer,day\n");
    for row in 1..=28 {
        let year = if row % 2 == 0 { "2024" } else { "24" };
        let _ = writeln!(csv, "C{},{row:02}.02.{year}", row % 4);
    }
    let formats = "time_format = [\"%d.%m.%Y\", \"%d.%m.%y\"]";
    let sandbox = Sandbox::new()
        .file("a.csv", &csv)
        .file("regulars.toml", settings("\"a.csv\"", formats, ""));
    ingest(&sandbox);
    let days = loaded(&sandbox, &["day"]);
    assert_eq!(
        (days.len(), days[0].as_str(), days[27].as_str()),
        (28, "2024-02-01", "2024-02-28")
    );

    let one = "time_format = \"%d.%m.%Y\"";
    sandbox.write("regulars.toml", settings("\"a.csv\"", one, ""));
    sandbox
        .regulars(&["ingest", "--quiet", "--rebuild"])
        .ended_with(0);
    assert_eq!(rejects(&sandbox).len(), 14);
    assert!(rejects(&sandbox)[0].contains("%y"));
}

#[test]
fn days_before_the_earliest_and_after_the_latest_are_rejected_with_their_true_year() {
    let csv = "customer,day\nA,0001-01-01\nB,1969-12-31\nC,1970-01-01\nD,2024-05-05\nE,9999-12-31\nF,0000-00-00\n";
    let sandbox = Sandbox::new()
        .file("a.csv", csv)
        .file("regulars.toml", settings("\"a.csv\"", "", ""));
    ingest(&sandbox);
    assert_eq!(loaded(&sandbox, &["customer_id"]), ["C", "D"]);
    let said = rejects(&sandbox).join("\n");
    for words in [
        "2 occurred_at lies before 1970-01-01",
        "3 occurred_at lies before",
        "6 occurred_at lies in the future",
        "7 occurred_at is empty",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let later =
        settings("\"a.csv\"", "", "").replace("[ingest]", "[ingest]\nearliest = 2000-01-01");
    sandbox.write("regulars.toml", later);
    sandbox
        .regulars(&["ingest", "--quiet", "--rebuild"])
        .ended_with(0);
    assert_eq!(loaded(&sandbox, &["customer_id"]), ["D"]);
    sandbox.regulars(&["check", "--all"]).ended_with(0).shows(&[
        "of all 6 rows, 5 (",
        "3 x occurred_at lies before 2000-01-01",
    ]);

    let file = fs::read(repository().join("tests/fixtures/values/int96-9999.parquet")).unwrap();
    let own = settings("\"b.parquet\"", "", "").replace("\"day\"", "\"at\"");
    let sandbox = Sandbox::new()
        .file("b.parquet", file)
        .file("regulars.toml", own);
    ingest(&sandbox);
    assert_eq!(loaded(&sandbox, &["customer_id"]).len(), 37);
    let rejects = sandbox.read("regulars-out/rejects/interactions.csv");
    assert!(rejects.contains("9999-12-31"), "{rejects}");
}

#[test]
fn days_as_spreadsheets_count_them_are_found_and_read() {
    let folder = repository().join("tests/fixtures/values");
    let mut csv = String::from("order_id,customer_id,order_date,amount\n");
    for row in 0..30 {
        let _ = writeln!(
            csv,
            "O{row},C{},{},{}.50",
            row % 7,
            45292 + 3 * row,
            10 + row
        );
    }
    let sandbox = Sandbox::new().file("orders.csv", csv).file(
        "orders.xlsx",
        fs::read(folder.join("serial-dates.xlsx")).unwrap(),
    );
    for file in ["orders.csv", "orders.xlsx"] {
        sandbox.regulars(&["init", file, "--force"]).ended_with(0);
        says(&sandbox.read("regulars.toml"), &["time_format = \"excel\""]);
        sandbox
            .regulars(&["ingest", "--quiet", "--rebuild"])
            .ended_with(0);
        let days = loaded(&sandbox, &["day"]);
        assert_eq!(
            (days.len(), days[0].as_str(), days[29].as_str()),
            (30, "2024-01-01", "2024-03-28")
        );
    }
    sandbox.write(
        "regulars.toml",
        settings("\"orders.csv\"", "", "")
            .replace("\"customer\"", "\"customer_id\"")
            .replace("\"day\"", "\"order_date\""),
    );
    sandbox
        .regulars(&["check"])
        .ended_with(3)
        .shows(&["time_format = \"excel\""]);
}

#[test]
fn init_finds_every_time_that_a_load_reads() {
    for (written, format) in [
        (
            ["1/2/2024, 12:33 PM", "1/13/2024, 9:05 AM"],
            Some("\"%m/%d/%Y, %I:%M %p\""),
        ),
        (
            ["2024-01-03 09:50:26 +0100", "2024-01-13 09:50:26 +0100"],
            None,
        ),
        (["2024-01-03 09:50:26 UTC", "2024-01-13 09:50:26 UTC"], None),
        (
            [
                "Wed, 03 Jan 2024 09:50:26 +0000",
                "Sat, 13 Jan 2024 09:50:26 +0000",
            ],
            Some("\"%a, %d %b %Y %H:%M:%S %z\""),
        ),
        (["2024-01-03", "0000-00-00"], None),
        (
            ["2024-01-03", "01/13/2024"],
            Some("[\"%m/%d/%Y\", \"%Y-%m-%d\"]"),
        ),
    ] {
        let mut csv = String::from("customer,date,amount\n");
        for row in 0..60 {
            let _ = writeln!(csv, "C{},\"{}\",{}.50", row % 6, written[row % 2], row);
        }
        let sandbox = Sandbox::new().file("a.csv", csv);
        let draft = draft(&sandbox, &["a.csv"]);
        says(&draft, &["occurred_at = \"date\""]);
        match format {
            Some(format) => says(&draft, &[&format!("time_format = {format}")]),
            None => assert!(!draft.contains("time_format"), "{draft}"),
        }
        let rows = if written[1].starts_with("0000") {
            30
        } else {
            60
        };
        if rows == 60 {
            ingest(&sandbox);
            assert_eq!(loaded(&sandbox, &["day"]).len(), rows);
        }
    }
}

#[test]
fn a_day_and_a_time_of_day_in_two_cells_are_one_moment() {
    let folder = repository().join("tests/fixtures/values");
    let mut csv = String::from("Customer,Date,Time,Amount\n");
    for row in 0..30 {
        let (hour, minute) = ((570 + row) / 60, (570 + row) % 60);
        let _ = writeln!(
            csv,
            "C{},{},{hour}:{minute:02},{row}.50",
            row % 5,
            date(365 + row)
        );
    }
    let sandbox = Sandbox::new().file("a.csv", csv).file(
        "a.xlsx",
        fs::read(folder.join("day-and-clock.xlsx")).unwrap(),
    );
    for file in ["a.csv", "a.xlsx"] {
        sandbox.regulars(&["init", file, "--force"]).ended_with(0);
        sandbox
            .regulars(&["ingest", "--quiet", "--rebuild"])
            .ended_with(0);
        let times = loaded(&sandbox, &["occurred_at"]);
        assert_eq!(times.len(), 30, "{file}");
        assert_eq!(times[0], "2024-01-01T09:30:00Z", "{file}");
        assert_eq!(times[29], "2024-01-30T09:59:00Z", "{file}");
    }
}

// Numbers

#[test]
fn a_product_of_two_columns_is_read_as_numbers_are_or_rejected() {
    for (odd, each) in [
        ("($3.00)", Some(-30_000)),
        ("−$3.00", Some(-30_000)),
        ("$3.00-", Some(-30_000)),
        ("$3.00 CR", Some(-30_000)),
        ("'-3.00", Some(-30_000)),
        ("(3.00) USD", Some(-30_000)),
        ("n/a", None),
    ] {
        let mut csv = String::from("Order,Customer,Date,Item,Qty,Unit Price\n");
        for row in 0..120u32 {
            let price = match row % 30 {
                20 => odd.to_owned(),
                _ => format!("${}.00", 1 + row % 9),
            };
            let _ = writeln!(
                csv,
                "{row},C{},{},P{},{},\"{price}\"",
                row % 6,
                date(row),
                row % 4,
                1 + row % 2
            );
        }
        let sandbox = Sandbox::new().file("a.csv", csv);
        let draft = draft(&sandbox, &["a.csv"]);
        says(
            &draft,
            &[
                "amount = { product = [\"Qty\", \"Unit Price\"] }",
                "currency = \"USD\"",
            ],
        );
        assert!(!draft.contains("try_cast"), "{draft}");
        sandbox.regulars(&["check"]).ended_with(0);
        ingest(&sandbox);
        let others: i64 = (0..120)
            .filter(|row| row % 30 != 20)
            .map(|row| (1 + row % 9) * (1 + row % 2) * 10_000)
            .sum();
        assert_eq!(total(&sandbox), others + 4 * each.unwrap_or(0), "{odd}");
        let bad = sandbox.regulars(&["check", "--all"]).ended_with(0).stdout;
        assert_eq!(
            bad.contains("4 x amount cannot be calculated: `Unit Price` is no number"),
            each.is_none()
        );
    }
}

#[test]
fn returns_are_told_by_the_sign_of_a_number_however_it_is_written() {
    let mut csv = String::from("customer;day;menge;betrag\n");
    for row in 0..60 {
        let count = if row % 10 == 3 { "2-" } else { "1,5" };
        let _ = writeln!(csv, "C{};{};{count};{},50", row % 6, date(row), row);
    }
    let sandbox = Sandbox::new().file("a.csv", csv);
    says(
        &draft(&sandbox, &["a.csv"]),
        &["kind = { by_sign = \"menge\" }", "decimal = \",\""],
    );
    ingest(&sandbox);
    let kinds = loaded(&sandbox, &["kind"]);
    assert_eq!(kinds.iter().filter(|kind| *kind == "return").count(), 6);
}

#[test]
fn columns_with_marks_of_their_own_are_read_by_them() {
    let mut csv = String::from("customer,day,qty,price,weight\n");
    for row in 0..60 {
        let _ = writeln!(
            csv,
            "C{},{},\"2,5\",\"1,0{:02}.50\",1",
            row % 6,
            date(row),
            row
        );
    }
    let sandbox = Sandbox::new().file("a.csv", csv);
    let draft = draft(&sandbox, &["a.csv"]);
    says(&draft, &["{ product = ["]);
    assert!(!draft.contains("try_cast"), "{draft}");
    ingest(&sandbox);
    let expected: i64 = (0..60).map(|row| (10_005_000 + row * 10_000) * 5 / 2).sum();
    assert_eq!(total(&sandbox), expected);
    for (wrong, words) in [
        ("amount = { product = [\"qty\"] }", "two columns"),
        (
            "customer_id = { product = [\"qty\", \"price\"] }",
            "a product is a number",
        ),
        (
            "amount = { by_sign = \"qty\" }",
            "the kind of an interaction",
        ),
        (
            "amount = { product = [\"qty\", \"prize\"] }",
            "did you mean `price`?",
        ),
        (
            "amount = { column = \"qty\", decimal = \";\" }",
            "no decimal mark",
        ),
        (
            "amount = { sql = \"1\", decimal = \",\" }",
            "belong to a `column`",
        ),
    ] {
        let name = wrong.split(' ').next().unwrap();
        let text: String = settings("\"a.csv\"", "", "amount = \"price\"")
            .lines()
            .map(|line| match line.split(' ').next() == Some(name) {
                true => format!("{wrong}\n"),
                false => format!("{line}\n"),
            })
            .collect();
        sandbox.write("regulars.toml", text);
        sandbox.regulars(&["check"]).ended_with(2).says(&[words]);
    }
}

#[test]
fn thousands_or_decimals_are_decided_by_the_column_or_said() {
    let file = |delimiter: char, amounts: &[&str]| {
        let mut csv = format!("customer{delimiter}day{delimiter}order{delimiter}amount\n");
        for row in 0..40 {
            let amount = amounts[row % amounts.len()];
            let _ = writeln!(
                csv,
                "C{}{delimiter}{}{delimiter}{row}{delimiter}\"{amount}\"",
                row % 6,
                date(row as u32)
            );
        }
        csv
    };
    for (delimiter, amounts, unsure, sum) in [
        (
            ';',
            &["950", "1.500"][..],
            true,
            Some(20 * 9_500_000 + 20 * 15_000_000),
        ),
        (
            ',',
            &["950", "1,500"],
            true,
            Some(20 * 9_500_000 + 20 * 15_000_000),
        ),
        (
            ',',
            &["1.234", "0.875"],
            false,
            Some(20 * 12_340 + 20 * 8750),
        ),
        (
            ',',
            &["1,23,456.00", "999.50"],
            false,
            Some(20 * 1_234_560_000 + 20 * 9_995_000),
        ),
        (',', &["1,234.50", "1,234.50", "12,50"], true, None),
    ] {
        let sandbox = Sandbox::new().file("a.csv", file(delimiter, amounts));
        let run = sandbox.regulars(&["init", "a.csv"]).ended_with(0);
        let said = run.stdout.contains("AMBIGUOUS")
            || run.stdout.contains("are no numbers, such as 12,50");
        assert_eq!(said, unsure, "{amounts:?}: {}", run.stdout);
        let wide = sandbox.read("regulars.toml").replace(
            "[[sources]]",
            "[ingest]\nmax_reject_share = 0.5\n[[sources]]",
        );
        sandbox.write("regulars.toml", wide);
        ingest(&sandbox);
        match sum {
            Some(sum) => assert_eq!(total(&sandbox), sum, "{amounts:?}"),
            None => assert_eq!(loaded(&sandbox, &["amount"]).len(), 27, "12,50 is a reject"),
        }
    }
}

// Currencies

#[test]
fn amounts_of_several_currencies_are_never_added_up_in_silence() {
    let mut cells = String::from("customer,day,paid\n");
    let mut column = String::from("customer,day,paid,currency\n");
    for row in 0..30 {
        let code = ["USD", "EUR", "JPY"][row as usize % 3];
        let _ = writeln!(cells, "C{},{},{}.00 {code}", row % 6, date(row), 10 + row);
        let _ = writeln!(column, "C{},{},{}.00,{code}", row % 6, date(row), 10 + row);
    }
    for (csv, more) in [(&cells, ""), (&column, "currency_column = \"currency\"")] {
        let sandbox = Sandbox::new().file("a.csv", csv);
        let run = sandbox.regulars(&["init", "a.csv"]).ended_with(0);
        assert!(
            run.stdout.contains("several currencies, EUR, JPY, USD"),
            "{}",
            run.stdout
        );
        assert_eq!(
            sandbox
                .read("regulars.toml")
                .contains("currency_column = \"currency\""),
            !more.is_empty()
        );
        for command in [&["check"][..], &["ingest", "--quiet"]] {
            sandbox.regulars(command).ended_with(3).says(&[
                "amounts are in several currencies (EUR 33.3 %, JPY 33.3 %, USD 33.3 %)",
                "rates = {",
            ]);
        }
        assert!(!sandbox.exists("regulars-out/warehouse/interactions/_delta_log"));
        let own = settings("\"a.csv\"", more, "amount = \"paid\"");
        let rated = own
            .replace("[project]", "[project]\ncurrency = \"EUR\"")
            .replace(
                "[ingest]",
                "[ingest]\nrates = { USD = 0.5, \"JPY\" = 0.01 }",
            );
        sandbox.write("regulars.toml", &rated);
        ingest(&sandbox);
        let expected: i64 = (0..30i64)
            .map(|row| (10 + row) * [5000, 10_000, 100][row as usize % 3])
            .sum();
        assert_eq!(total(&sandbox), expected);
        sandbox.write("regulars.toml", rated.replace(", \"JPY\" = 0.01", ""));
        ingest(&sandbox);
        let said = rejects(&sandbox);
        assert_eq!(said.len(), 10);
        assert!(
            said[0].contains("amount is in JPY, for which [ingest] rates has no rate"),
            "{said:?}"
        );
    }
    // One currency is none too many.
    let sandbox = Sandbox::new().file("a.csv", cells.replace("EUR", "USD").replace("JPY", "USD"));
    says(&draft(&sandbox, &["a.csv"]), &["currency = \"USD\""]);
    ingest(&sandbox);
}

#[test]
fn amounts_of_several_loads_are_in_one_currency() {
    let day = |number: u32, code: &str| {
        let mut csv = String::from("customer,day,paid\n");
        for row in 0..6 {
            let _ = writeln!(
                csv,
                "C{row},{},{}.00{code}",
                date(10 * number + row),
                10 + row
            );
        }
        csv
    };
    let euros = settings("\"days/*.csv\"", "", "amount = \"paid\"")
        .replace("[project]", "[project]\ncurrency = \"EUR\"");
    let sandbox = Sandbox::new()
        .file("days/1.csv", day(1, ""))
        .file("regulars.toml", &euros);
    ingest(&sandbox);
    sandbox.write("days/2.csv", day(2, " EUR"));
    ingest(&sandbox);
    let held = total(&sandbox);
    sandbox.write("days/3.csv", day(3, " USD"));
    sandbox
        .regulars(&["ingest", "--quiet"])
        .ended_with(3)
        .says(&[
            "interactions: the amounts are in USD, and those of earlier loads are in EUR",
            "--rebuild",
        ]);
    assert_eq!(total(&sandbox), held, "nothing was loaded");
    sandbox.write(
        "regulars.toml",
        euros.replace("[ingest]", "[ingest]\nrates = { USD = 0.5 }"),
    );
    sandbox
        .regulars(&["ingest", "--rebuild", "--quiet"])
        .ended_with(0);
    assert_eq!(total(&sandbox), held + held / 4);
    // Settings that give bare amounts another name change no amount.
    let bare = Sandbox::new()
        .file("days/1.csv", day(1, ""))
        .file("regulars.toml", &euros);
    ingest(&bare);
    bare.write("regulars.toml", euros.replace("\"EUR\"", "\"USD\""));
    bare.write("days/2.csv", day(2, ""));
    ingest(&bare);
}

// Encodings

#[test]
fn a_file_that_is_utf8_but_for_a_few_lines_is_utf8() {
    let mut bytes = b"customer,day,item,paid\r\n".to_vec();
    for row in 0..60 {
        let line = format!("C{},{},Café £5 {},1.50\r\n", row % 6, date(row), row % 3);
        match row % 20 {
            7 => bytes.extend(encoding_rs::WINDOWS_1252.encode(&line).0.iter()),
            _ => bytes.extend(line.as_bytes()),
        }
    }
    let sandbox = Sandbox::new().file("a.csv", &bytes);
    let run = sandbox.regulars(&["init", "a.csv"]).ended_with(0);
    assert!(
        run.stdout.contains("3 lines looked at are no UTF-8"),
        "{}",
        run.stdout
    );
    let draft = sandbox.read("regulars.toml");
    says(
        &draft,
        &[
            "# fallback_encoding = \"windows-1252\"",
            "such as Café £5 0 |",
        ],
    );
    assert!(!draft.contains("\nencoding"), "{draft}");
    let advice = "set fallback_encoding = \"windows-1252\"";
    sandbox
        .regulars(&["check"])
        .ended_with(0)
        .shows(&["3 x is not UTF-8 text, as other lines are", advice]);
    ingest(&sandbox);
    let said = rejects(&sandbox);
    assert_eq!(said.len(), 3);
    for (reject, line) in said.iter().zip(["9 ", "29 ", "49 "]) {
        assert!(
            reject.starts_with(line) && reject.contains(advice),
            "{reject}"
        );
    }
    sandbox.write(
        "regulars.toml",
        draft.replace("# fallback_encoding", "fallback_encoding"),
    );
    ingest(&sandbox);
    sandbox
        .regulars(&["check", "--all"])
        .ended_with(0)
        .shows(&["all 60 rows can be used"]);
    let mut items = loaded(&sandbox, &["product_id"]);
    items.dedup();
    assert_eq!(items, ["Café £5 0", "Café £5 1", "Café £5 2"]);
}

// Text tables

#[test]
fn columns_set_apart_by_blanks_are_found() {
    let mut text = String::new();
    for row in 0..90u32 {
        let day = date(row * 3).replace('-', "");
        let _ = writeln!(
            text,
            " {:05} {day} {:2} {:7}.77",
            1 + row % 30,
            1 + row % 4,
            10 + row
        );
    }
    let sandbox = Sandbox::new().file("CDNOW_master.txt", text);
    let draft = draft(&sandbox, &["CDNOW_master.txt"]);
    says(
        &draft,
        &[
            "delimiter = \" \"\nheader = false\ncolumn_names = [\"customer\", \"date\", \"quantity\", \"amount\"]",
            "time_format = \"%Y%m%d\"",
            "customer_id = \"customer\"",
            "amount = \"amount\"",
        ],
    );
    sandbox.regulars(&["check"]).ended_with(0);
    ingest(&sandbox);
    assert_eq!(
        total(&sandbox),
        (0..90).map(|row| (10 + row) * 10_000 + 7700).sum::<i64>()
    );
    let mut customers = loaded(&sandbox, &["customer_id"]);
    customers.dedup();
    assert_eq!((customers.len(), customers[0].as_str()), (30, "00001"));
}

#[test]
fn columns_at_fixed_places_are_found() {
    let mut text = String::from("KUNDE   DATUM       ARTIKEL          BETRAG\n");
    for row in 0..60u32 {
        let item = ["Brot klein", "Käse", "Milch 1 Liter"][row as usize % 3];
        let _ = writeln!(
            text,
            "C{:<6} {}  {item:<14} {:>8}.50",
            row % 12,
            date(row),
            row
        );
    }
    let sandbox = Sandbox::new().file("kasse.txt", text);
    let draft = draft(&sandbox, &["kasse.txt"]);
    says(
        &draft,
        &[
            "format = \"fixed_width\"",
            "skip_lines = 1",
            "name = \"KUNDE\", start = 1",
        ],
    );
    ingest(&sandbox);
    assert_eq!(
        total(&sandbox),
        (0..60).map(|row| row * 10_000 + 5000).sum::<i64>()
    );
    let mut items = loaded(&sandbox, &["product_id"]);
    items.dedup();
    assert_eq!(items, ["Brot klein", "Käse", "Milch 1 Liter"]);
}

#[test]
fn titles_above_a_header_are_passed_over() {
    let mut csv =
        String::from("Sales report,,,\nPeriod: 2024,,,\n,,,\nCustomer,Date,Order No,Amount\n");
    for row in 0..40 {
        let _ = writeln!(csv, "C{},{},N{row},{row}.50", 1000 + row % 8, date(row));
    }
    let folder = repository().join("tests/fixtures/values");
    let sandbox = Sandbox::new()
        .file("report.csv", &csv)
        .file("alone.csv", csv.replace(",,,\n", "\n"))
        .file(
            "report.xlsx",
            fs::read(folder.join("title-lines.xlsx")).unwrap(),
        );
    for file in ["report.csv", "alone.csv", "report.xlsx"] {
        sandbox.regulars(&["init", file, "--force"]).ended_with(0);
        says(
            &sandbox.read("regulars.toml"),
            &["skip_lines = 3", "customer_id = \"Customer\""],
        );
        sandbox
            .regulars(&["ingest", "--quiet", "--rebuild"])
            .ended_with(0);
        assert_eq!(total(&sandbox), 8_000_000, "{file}");
    }
}

#[test]
fn sep_is_understood_however_it_is_written() {
    for first in [
        "sep=;",
        "SEP=;",
        "\"sep=;\"",
        "sep = ;",
        "sep=;;;;",
        "sep=;,,",
    ] {
        for more in ["", "delimiter = \";\""] {
            let csv = format!("{first}\r\ncustomer;day;paid\r\nA;2024-01-01;1,50\r\n");
            let sandbox = Sandbox::new().file("a.csv", csv).file(
                "regulars.toml",
                settings(
                    "\"a.csv\"",
                    &format!("{more}\ndecimal = \",\""),
                    "amount = \"paid\"",
                ),
            );
            ingest(&sandbox);
            assert_eq!(
                loaded(&sandbox, &["customer_id", "amount"]),
                ["A 1.5000"],
                "{first} {more}"
            );
        }
    }
}

#[test]
fn delimiters_without_anything_between_them_are_neither_rows_nor_fields() {
    for csv in [
        "customer,day,paid,\nA,2024-01-01,1,\nB,2024-01-02,2\n",
        "customer,day,paid\nA,2024-01-01,1,\nB,2024-01-02,2,,\n",
        "customer,day,paid\n,,\nA,2024-01-01,1\n , ,\nB,2024-01-02,2\n,,,,\n",
    ] {
        let sandbox = Sandbox::new().file("a.csv", csv).file(
            "regulars.toml",
            settings("\"a.csv\"", "", "amount = \"paid\""),
        );
        ingest(&sandbox);
        assert_eq!(
            loaded(&sandbox, &["customer_id", "amount"]),
            ["A 1.0000", "B 2.0000"],
            "{csv}"
        );
        sandbox
            .regulars(&["check"])
            .ended_with(0)
            .shows(&["all 2 rows can be used"]);
    }
    // What is not empty is no delimiter at the end.
    let sandbox = Sandbox::new()
        .file(
            "a.csv",
            "customer,day,paid\nA,2024-01-01,1,5\nB,2024-01-02\nC,2024-01-03,3\n",
        )
        .file(
            "regulars.toml",
            settings("\"a.csv\"", "", "amount = \"paid\""),
        );
    ingest(&sandbox);
    assert_eq!(rejects(&sandbox).len(), 2);
}

#[test]
fn lines_may_end_in_several_ways() {
    let mut csv = String::from("customer,day,paid\n");
    for row in 0..40 {
        let end = ["\n", "\r", "\r\n"][row as usize % 3];
        let _ = write!(csv, "C{},{},1.00{end}", row % 4, date(row));
    }
    let sandbox = Sandbox::new().file("a.csv", csv).file(
        "regulars.toml",
        settings("\"a.csv\"", "", "amount = \"paid\""),
    );
    ingest(&sandbox);
    assert_eq!(loaded(&sandbox, &["customer_id"]).len(), 40);
    assert_eq!(total(&sandbox), 400_000);
}

// `init` and `check` tell the truth

#[test]
fn a_file_with_two_columns_of_one_name_is_called_broken() {
    let sandbox = Sandbox::new().file(
        "a.csv",
        "customer,date,amount,amount\nA,2024-01-01,1,2\nB,2024-01-02,1,2\n",
    );
    sandbox
        .regulars(&["init", "a.csv"])
        .ended_with(3)
        .says(&["a.csv:1: two columns are called `amount`"]);
    assert!(!sandbox.exists("regulars.toml"));
}

#[test]
fn a_row_counts_once_in_what_the_draft_tolerates() {
    let lines = |bad: u32| {
        let mut csv = String::from("customer,date,amount\n");
        for row in 0..100 {
            match row < bad {
                true => csv.push_str(",,5.00\n"),
                false => {
                    let _ = writeln!(csv, "C{},{},5.00", row % 9, date(row));
                }
            }
        }
        csv
    };
    let sandbox = Sandbox::new().file("a.csv", lines(10));
    says(
        &draft(&sandbox, &["a.csv"]),
        &["# 10.0 % of the rows looked at", "max_reject_share = 0.13"],
    );
    let sandbox = Sandbox::new().file("a.csv", lines(60));
    let run = sandbox.regulars(&["init", "a.csv"]).ended_with(0);
    assert!(
        run.stdout.contains("60.0 % of the rows looked at"),
        "{}",
        run.stdout
    );
    assert!(!sandbox.read("regulars.toml").contains("\nmax_reject_share"));
    sandbox
        .regulars(&["check"])
        .ended_with(3)
        .says(&["60 of 100 rows (60.0 %)"]);
}

#[test]
fn a_bad_beginning_does_not_speak_for_the_whole_file() {
    let mut csv = String::from("customer,day\n");
    for row in 0..600 {
        let _ = writeln!(
            csv,
            "C{},{}",
            row % 9,
            if row < 60 {
                "soon".to_owned()
            } else {
                date(row)
            }
        );
    }
    let own = settings("\"a.csv\"", "", "").replace("0.9", "0.15");
    let sandbox = Sandbox::new().file("a.csv", csv).file("regulars.toml", own);
    sandbox
        .regulars(&["check", "--rows", "100"])
        .ended_with(0)
        .shows(&["of all 600 rows, 60 (10.0 %)"]);
    ingest(&sandbox);
}

/// Reasons and how often each is given, as `check --all` prints them and as a load lists them.
fn reasons(sandbox: &Sandbox) -> (Vec<String>, Vec<String>) {
    let checked = sandbox.regulars(&["check", "--all"]).stdout;
    let mut of_check: Vec<String> = checked
        .lines()
        .filter_map(|line| line.trim().split_once(" x "))
        .filter(|(count, _)| {
            count
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b',')
        })
        .map(|(count, rest)| {
            let reason = rest
                .rsplit_once(", first ")
                .map_or(rest, |(reason, _)| reason);
            format!("{reason}: {count}")
        })
        .collect();
    of_check.sort();
    sandbox.regulars(&["ingest", "--quiet"]);
    let table = columns(&sandbox.read("regulars-out/rejects/interactions.csv"));
    let mut counts = std::collections::BTreeMap::<String, u64>::new();
    for (column, reason) in table["column"].iter().zip(&table["reason"]) {
        if reason.contains("copy") {
            continue;
        }
        let reason = match column.as_str() {
            "" => reason.clone(),
            column => format!("{column} {reason}"),
        };
        *counts.entry(reason).or_default() += 1;
    }
    let of_load = counts
        .iter()
        .map(|(reason, count)| format!("{reason}: {count}"));
    let mut of_load: Vec<String> = of_load.collect();
    of_load.sort();
    (of_check, of_load)
}

#[test]
fn check_finds_what_a_load_refuses_and_nothing_else() {
    let dirt = [
        ["C1", "2024-01-01", "1", "1.00", "purchase"],
        ["NaN", "2024-13-01", "x", "1,5", "sale"],
        ["", "9999-01-01", "-1", "(2.00) €", "Return"],
        ["17850.0", "1812-01-01", "1e3", "50 %", ""],
        [" c1 ", "2024-06-30 22:00 IST", "", "$", "visit"],
        ["=\"007\"", "0000-00-00", "1e30", "abc", "purchase"],
        [
            "9007199254740994.0",
            "2024-02-30",
            "1 000",
            "−3",
            "PURCHASE",
        ],
    ];
    let mut state = 3u64;
    let mut next = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % below
    };
    for round in 0..12 {
        let mut csv = String::from("customer,day,qty,price,what,known\n");
        for row in 0..60 {
            let known = if row % 7 == 0 { "never" } else { "2024-03-01" };
            let cells: Vec<String> = (0..5)
                .map(|column| {
                    let cell = dirt[next(dirt.len()) * next(2)][column];
                    cell.replace('"', if round % 2 == 0 { "\"" } else { "" })
                })
                .map(|cell| {
                    if cell.contains(',') {
                        format!("\"{cell}\"")
                    } else {
                        cell
                    }
                })
                .collect();
            let _ = match next(15) {
                0 => writeln!(csv, "{}", cells[..next(5)].join(",")),
                1 => writeln!(csv, "{},{known},more", cells.join(",")),
                2 => writeln!(csv, ",,,,,"),
                _ => writeln!(csv, "{},{known}", cells.join(",")),
            };
        }
        let mapped = "quantity = \"qty\"\namount = { product = [\"qty\", \"price\"] }\nkind = \"what\"\nknown_at = \"known\"";
        let own = settings("\"a.csv\"", "", mapped)
            .replace("kind = { constant = \"purchase\" }\n", "")
            .replace("0.9", "1.0");
        let sandbox = Sandbox::new().file("a.csv", csv).file("regulars.toml", own);
        let (of_check, of_load) = reasons(&sandbox);
        assert!(!of_load.is_empty());
        assert_eq!(
            of_check,
            of_load,
            "round {round}\n{}",
            sandbox.read("a.csv")
        );
    }
}

#[test]
fn check_finds_keys_that_occur_twice_as_a_load_does() {
    let csv = "line,customer,day,paid\n1,A,2024-01-01,1\n1,A,2024-01-01,2\n2,B,2024-01-02,3\n2,B,2024-01-02,3\n";
    let sandbox = Sandbox::new().file("a.csv", csv).file(
        "regulars.toml",
        settings("\"a.csv\"", "key = [\"line\"]", "amount = \"paid\"")
            + "[[sources]]\ntable = \"customers\"\npath = \"c.csv\"\n\
               [sources.columns]\ncustomer_id = \"id\"\ntown = \"town\"\n",
    );
    sandbox.write("c.csv", "id,town\nA,Ulm\nA,Bonn\nB,Kiel\n");
    let checked = sandbox.regulars(&["check", "--all"]).ended_with(0).stdout;
    for words in [
        "1 x has a row already, first ./a.csv:3",
        "1 x customer_id has a row already, first ./c.csv:3",
    ] {
        assert!(checked.contains(words), "{words}: {checked}");
    }
    ingest(&sandbox);
    assert_eq!(
        rejects(&sandbox).len(),
        2,
        "one contradicts, one says the same"
    );
    let customers = sandbox.read("regulars-out/rejects/customers.csv");
    assert!(customers.contains("has a row already"), "{customers}");
}

#[test]
fn whole_numbers_of_a_parquet_file_stay_what_they_are() {
    let file = parquet(&[
        ("customer", Arc::new(Int32Array::from(vec![7, 8]))),
        (
            "day",
            Arc::new(StringArray::from(vec!["2024-01-01", "2024-01-02"])),
        ),
    ]);
    let sandbox = Sandbox::new()
        .file("a.parquet", file)
        .file("regulars.toml", settings("\"a.parquet\"", "", ""));
    ingest(&sandbox);
    assert_eq!(loaded(&sandbox, &["customer_id"]), ["7", "8"]);
}
