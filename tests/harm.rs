//! Input that means harm: files that unpack to gigabytes, texts that spreadsheets run, paths that lead
//! elsewhere, SQL without bounds. Each is refused in words, and nothing outside is touched.

use std::fs;
use std::io::{Cursor, Write};
use std::time::{Duration, Instant};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::util::{PRODUCTS, SETTINGS, Sandbox, shop, shop_sandbox};

/// Writes what a file of an archive holds.
type Content<'a> = &'a dyn Fn(&mut dyn Write);

/// An archive of files that are packed as small as can be.
fn packed(files: &[(&str, Content<'_>)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, write) in files {
        // The first file of OpenDocument tells what it is as it lies there.
        let method = match *name {
            "mimetype" => CompressionMethod::Stored,
            _ => CompressionMethod::Deflated,
        };
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .large_file(true);
        archive.start_file(*name, options).unwrap();
        write(&mut archive);
    }
    archive.finish().unwrap().into_inner()
}

/// A workbook of one sheet whose rows, and whose texts, are these.
fn workbook(rows: &str, texts: &dyn Fn(&mut dyn Write)) -> Vec<u8> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let offices = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let packages = "http://schemas.openxmlformats.org/package/2006";
    let text = |text: String| move |to: &mut dyn Write| to.write_all(text.as_bytes()).unwrap();
    let types = text(format!("<Types xmlns=\"{packages}/content-types\"/>"));
    let first = text(format!(
        "<Relationships xmlns=\"{packages}/relationships\"><Relationship Id=\"rId1\" Type=\"{offices}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
    ));
    let book = text(format!(
        "<workbook xmlns=\"{main}\" xmlns:r=\"{offices}\"><sheets><sheet name=\"A\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
    ));
    let parts = text(format!(
        "<Relationships xmlns=\"{packages}/relationships\"><Relationship Id=\"rId1\" Type=\"{offices}/worksheet\" Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"rId2\" Type=\"{offices}/sharedStrings\" Target=\"sharedStrings.xml\"/></Relationships>"
    ));
    let sheet = text(format!(
        "<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>"
    ));
    packed(&[
        ("[Content_Types].xml", &types),
        ("_rels/.rels", &first),
        ("xl/workbook.xml", &book),
        ("xl/_rels/workbook.xml.rels", &parts),
        ("xl/sharedStrings.xml", texts),
        ("xl/worksheets/sheet1.xml", &sheet),
    ])
}

fn no_texts(to: &mut dyn Write) {
    to.write_all(b"<sst uniqueCount=\"0\"></sst>").unwrap();
}

/// Three lines of a till, and more cells.
fn lines(more: &str) -> String {
    let cell = |place: &str, text: &str| {
        format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
    };
    let mut rows = String::new();
    for (number, row) in [
        ["customer", "when", "product", "paid"],
        ["1", "2023-03-01 10:00", "bread", "1.50"],
        ["2", "2023-03-02 10:00", "milk", "2.50"],
    ]
    .iter()
    .enumerate()
    {
        let cells = ["A", "B", "C", "D"].iter().zip(row);
        let cells = cells.map(|(column, text)| cell(&format!("{column}{}", number + 1), text));
        rows += &format!(
            "<row r=\"{}\">{}</row>",
            number + 1,
            cells.collect::<String>()
        );
    }
    rows + more
}

const OF_SHEETS: &str = "[[sources]]\ntable = \"interactions\"\npath = \"NAME\"\n[sources.columns]\n\
    customer_id = \"customer\"\noccurred_at = \"when\"\nkind = { constant = \"purchase\" }\namount = \"paid\"\n";

fn of_sheet(name: &str, bytes: Vec<u8>) -> Sandbox {
    Sandbox::new()
        .file(name, bytes)
        .file("regulars.toml", OF_SHEETS.replace("NAME", name))
}

#[test]
fn a_stray_blank_cell_takes_no_memory() {
    let far = "<row r=\"1048576\"><c r=\"XFD1048576\" t=\"inlineStr\"><is><t> </t></is></c></row>";
    let sandbox = of_sheet("a.xlsx", workbook(&lines(far), &no_texts));
    sandbox
        .regulars(&["check"])
        .ended_with(0)
        .shows(&["2 rows can be used"]);
    sandbox.regulars(&["ingest"]).ended_with(0);
    let stage = &sandbox.manifest("regulars-out")["stages"]["ingest"];
    assert_eq!(stage["rows_out"], 2);
    if let Some(peak) = stage["peak_memory_bytes"].as_u64() {
        assert!(peak < 1 << 30, "{peak} bytes for two rows");
    }
    // One that holds something is a column, and still no block of 17 thousand million cells.
    let far = far.replace("<t> </t>", "<t>x</t>");
    let sandbox = of_sheet("a.xlsx", workbook(&lines(&far), &no_texts));
    sandbox
        .regulars(&["check"])
        .ended_with(3)
        .shows(&["1 (33.3 %) cannot be used", "a.xlsx:1048576"]);
}

#[test]
fn spreadsheets_that_unpack_without_end_stop_at_a_stated_limit() {
    let bomb = |to: &mut dyn Write| {
        to.write_all(b"<sst uniqueCount=\"1\"><si><t>").unwrap();
        let blank = vec![b' '; 1 << 20];
        (0..520).for_each(|_| to.write_all(&blank).unwrap());
        to.write_all(b"</t></si></sst>").unwrap();
    };
    let bytes = workbook(&lines(""), &bomb);
    assert!(bytes.len() < 2 << 20, "{}", bytes.len());
    let liar = |to: &mut dyn Write| {
        to.write_all(b"<sst uniqueCount=\"99999999999999\"><si><t>x</t></si></sst>")
            .unwrap();
    };
    let text =
        |text: &'static str| move |to: &mut dyn Write| to.write_all(text.as_bytes()).unwrap();
    let (kind, manifest) = (
        text("application/vnd.oasis.opendocument.spreadsheet"),
        text("<manifest:manifest/>"),
    );
    let content = text(
        "<office:document-content><office:body><office:spreadsheet><table:table table:name=\"A\">\
         <table:table-row table:number-rows-repeated=\"1048576\"><table:table-cell \
         table:number-columns-repeated=\"16384\" office:value-type=\"float\" office:value=\"1\"/>\
         </table:table-row></table:table></office:spreadsheet></office:body></office:document-content>",
    );
    let open = packed(&[
        ("mimetype", &kind),
        ("META-INF/manifest.xml", &manifest),
        ("content.xml", &content),
    ]);
    for (name, bytes, words) in [
        (
            "a.xlsx",
            bytes,
            "xl/sharedStrings.xml is larger than 512 MiB, the limit",
        ),
        (
            "a.xlsx",
            workbook(&lines(""), &liar),
            "it says that it has 99,999,999,999,999 texts",
        ),
        ("a.ods", open, "more than 16,777,216 cells"),
    ] {
        let sandbox = of_sheet(name, bytes);
        for command in ["check", "ingest"] {
            sandbox
                .regulars(&[command])
                .ended_with(3)
                .says(&[words, name, "hint: "]);
        }
        assert!(!sandbox.exists("regulars-out/manifest.json"));
    }
}

/// Whether a spreadsheet would run a text.
fn runs(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])
}

#[test]
fn no_spreadsheet_runs_what_a_source_says() {
    let formula = "=HYPERLINK(\"\"http://x\"\";1)";
    let text = shop(90, 300)
        .replace("C0001,", "=1+1,")
        .replace("C0002,", "@SUM(A1),")
        .replace(",bread,", ",+bread,");
    let products = PRODUCTS
        .replace("bread,Bread", &format!("+bread,\"{formula}\""))
        .replace("Loaves", "=Loaves")
        .replace("Bakery", "-Bakery")
        .replace("Dairy", "\"\tDairy\"");
    let settings = format!("{SETTINGS}\n[ingest]\nmax_reject_share = 0.5\n");
    let sandbox = Sandbox::new()
        .file("lines.csv", text + "=1+1,-not a date,1,+bread,-x\n")
        .file("products.csv", products)
        .file("regulars.toml", &settings);
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    let is_id = |name: &str| name.ends_with("_id") || name.ends_with("_ids");
    // What could be run in the columns of ids, and in all others.
    let looked_at = || {
        let (mut ids, mut texts, mut seen) = (0, Vec::new(), 0);
        for (name, bytes) in sandbox.data_files("regulars-out") {
            if !name.ends_with(".csv") || name.starts_with("rejects/rows/") {
                continue;
            }
            let mut reader = csv::Reader::from_reader(bytes.as_slice());
            let header = reader.headers().unwrap().clone();
            for row in reader.records() {
                for (column, value) in header.iter().zip(row.unwrap().iter()) {
                    seen += usize::from(value.starts_with('\''));
                    match runs(value) && value.parse::<f64>().is_err() {
                        true if is_id(column) => ids += 1,
                        true => texts.push(format!("{name}: {column}: {value}")),
                        false => {}
                    }
                }
            }
        }
        (ids, texts, seen)
    };
    let (ids, texts, seen) = looked_at();
    assert_eq!((ids, texts), (0, Vec::new()));
    assert!(seen > 10, "there are such texts");
    // Whole rows are as they were, to be mended, and Parquet is no spreadsheet.
    let rows = sandbox.read("regulars-out/rejects/rows/interactions-1.csv");
    assert!(rows.contains(",=1+1,-not a date,"), "{rows}");
    let found = crate::util::query(
        &sandbox.path("regulars-out"),
        "SELECT count(*) FROM products WHERE name LIKE '=HYPERLINK%'",
    );
    assert_eq!(found[0][0], "1");
    sandbox.write(
        "regulars.toml",
        settings.replace("[project]", "[project]\ncsv_ids = \"as they are\""),
    );
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    let (ids, texts, _) = looked_at();
    assert!(ids > 0, "ids are as they are");
    assert_eq!(texts, Vec::<String>::new());
}

#[test]
fn a_flood_of_rejects_stops_early() {
    let header = "customer,when,basket,product,paid\n";
    let rubbish = "C0001,2023-99-99,1,bread,a\n".repeat(1_000_000);
    let sandbox = shop_sandbox(1, 10).file("lines.csv", format!("{header}{rubbish}"));
    sandbox.regulars(&["ingest"]).ended_with(3).says(&[
        "cannot be used; the rest was not read",
        "nothing was loaded",
        "most are: ",
    ]);
    let size = |name: &str| fs::metadata(sandbox.path(name)).unwrap().len();
    let listed = size("regulars-out/rejects/interactions.csv")
        + size("regulars-out/rejects/rows/interactions-1.csv");
    assert!(listed < 60 << 20, "{listed} bytes for {}", rubbish.len());

    // Rows that could not even be read are nowhere else, so that too many of them stop a load that
    // the settings would allow.
    let settings = format!("{SETTINGS}\n[ingest]\nmax_reject_share = 1.0\n");
    let sandbox = shop_sandbox(1, 10)
        .file("regulars.toml", settings)
        .file("lines.csv", format!("{header}{}", "x\n".repeat(1_200_000)));
    sandbox.regulars(&["ingest"]).ended_with(3).says(&[
        "lines.csv:1000002: more than 1,000,000 rows cannot be read: 1 field",
        "The first rows are in",
    ]);
    let listed = sandbox.read("regulars-out/rejects/interactions.csv");
    assert_eq!(listed.lines().count(), 1_000_001);

    // Where the settings allow it the load ends, and the list is bounded.
    let settings = format!("{SETTINGS}\n[ingest]\nmax_reject_share = 1.0\n");
    let good = "C0001,2023-03-03,1,bread,1\n";
    let bad = "C0001,2023-99-99,1,bread,1\n".repeat(250_000);
    let sandbox = shop_sandbox(1, 10)
        .file("regulars.toml", settings)
        .file("lines.csv", format!("{header}{good}{bad}"));
    sandbox
        .regulars(&["ingest"])
        .ended_with(0)
        .says(&["250,000 of 250,001 rows rejected"]);
    let lines = |name: &str| sandbox.read(name).lines().count() - 1;
    assert!(lines("regulars-out/rejects/interactions.csv") <= 100_000);
    assert_eq!(
        lines("regulars-out/rejects/rows/interactions-1.csv"),
        250_000
    );
}

#[test]
fn sql_of_the_settings_has_bounds_and_says_the_same_every_time() {
    let with_amount = |sql: &str| {
        let amount = format!("amount = {{ sql = '''{sql}''' }}");
        SETTINGS.replace("amount = \"paid\"", &amount)
    };
    let ands = vec!["paid = '1'"; 20_000].join(" AND ");
    let ors = vec!["paid = '1'"; 8_000].join(" OR ");
    let sum = vec!["1"; 900].join(" + ");
    let sandbox = shop_sandbox(5, 60);
    for (sql, code, words) in [
        (ands.as_str(), 2, "the limit"),
        (ors.as_str(), 2, "the limit"),
        (sum.as_str(), 2, "250 is the limit"),
        ("random()", 2, "random() says something else each time"),
        ("CAST(now() AS BIGINT)", 2, "now() says something else"),
        ("length(uuid())", 2, "uuid() says something else"),
        (
            "array_length(range(1, 1000000000))",
            2,
            "range() makes lists",
        ),
        ("length(repeat(paid, 1000000000))", 4, "memory of queries"),
        ("length(lpad(paid, 2000000000))", 4, "memory of queries"),
        ("(SELECT 1)", 2, "SELECT"),
    ] {
        sandbox.write("regulars.toml", with_amount(sql));
        let clock = Instant::now();
        sandbox
            .regulars(&["ingest"])
            .ended_with(code)
            .says(&[words, "hint: "]);
        assert!(clock.elapsed() < Duration::from_secs(20), "{words}");
    }
    let gate = format!("{SETTINGS}[[gates]]\ntable = \"interactions\"\n");
    for (key, sql, words) in [
        ("holds", ors.as_str(), "the limit"),
        ("where", "random() > 0.5", "random()"),
        (
            "holds",
            "amount IN (SELECT value FROM generate_series(1, 9))",
            "SELECT",
        ),
    ] {
        let more = if key == "where" {
            "\ncolumn = \"amount\"\nnot_null = true"
        } else {
            ""
        };
        sandbox.write(
            "regulars.toml",
            format!("{gate}{key} = '''{sql}'''{more}\n"),
        );
        sandbox
            .regulars(&["ingest"])
            .ended_with(2)
            .says(&["gate 1", words]);
    }
    sandbox.write("regulars.toml", SETTINGS);
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    for sql in [ors.as_str(), "random() > 0.5"] {
        sandbox
            .regulars(&["rules", "--where", sql])
            .ended_with(2)
            .says(&["--where"]);
    }
    // The longest that is allowed is calculated, on threads with small stacks.
    let longest = vec!["try_cast(paid AS DOUBLE)"; 249].join(" + ");
    sandbox.write("regulars.toml", with_amount(&longest));
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
}

#[test]
fn a_row_for_which_sql_cannot_be_calculated_is_a_reject_with_its_place() {
    let settings = SETTINGS.replace(
        "amount = \"paid\"",
        "amount = { sql = \"CAST(paid AS DOUBLE) / 2\" }",
    );
    let sandbox = shop_sandbox(20, 100).file("regulars.toml", &settings);
    let text = shop(20, 100);
    let number = text.lines().count() + 1;
    sandbox.write("lines.csv", text + "C0001,2023-03-03,9001,bread,much\n");
    sandbox
        .regulars(&["ingest"])
        .ended_with(0)
        .says(&["1 of", "amount cannot be calculated"]);
    let rejects = crate::util::columns(&sandbox.read("regulars-out/rejects/interactions.csv"));
    assert_eq!(rejects["line"], [number.to_string()]);
    assert_eq!(rejects["value"], ["much"]);
    let gates = format!(
        "{SETTINGS}[[gates]]\ntable = \"interactions\"\nholds = \"CAST(product_id AS BIGINT) > 0\"\n\
         [[gates]]\ntable = \"interactions\"\ncolumn = \"amount\"\nnot_null = true\n"
    );
    sandbox.write("regulars.toml", gates);
    sandbox
        .regulars(&["ingest", "--rebuild"])
        .ended_with(3)
        .says(&[
            "1 of 2 gates",
            "interactions holds",
            "a row that it cannot be asked of",
        ]);
}

#[cfg(unix)]
#[test]
fn what_lies_outside_the_output_folder_is_never_touched() {
    use std::os::unix::fs::symlink;
    let sandbox = shop_sandbox(30, 100)
        .file("victim.csv", "mine")
        .file("out.d/victim.csv", "mine");
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    let out = |name: &str| sandbox.path("regulars-out").join(name);
    let untouched = || {
        assert_eq!(sandbox.read("victim.csv"), "mine");
        assert_eq!(sandbox.read("out.d/victim.csv"), "mine");
    };
    let manifest = sandbox.read("regulars-out/manifest.json");
    symlink(sandbox.path("out.d"), out("link")).unwrap();
    let absolute = sandbox.path("victim.csv").display().to_string();
    for name in [
        "../victim.csv",
        &absolute,
        "link/victim.csv",
        "features/../../victim.csv",
    ] {
        let mut told = sandbox.manifest("regulars-out");
        let mut entry = told["files"][0].clone();
        if entry.is_null() {
            entry = serde_json::json!({ "rows": 1, "size": 4, "sha256": "", "about": "" });
        }
        entry["path"] = name.into();
        entry["stage"] = "ingest".into();
        told["files"].as_array_mut().unwrap().push(entry);
        sandbox.write("regulars-out/manifest.json", told.to_string());
        for arguments in [
            &["ingest"][..],
            &["ingest", "--rebuild"],
            &["run"],
            &["forget", "C0001"],
        ] {
            sandbox
                .regulars(arguments)
                .ended_with(3)
                .says(&["manifest.json: `", "hint: "]);
            untouched();
        }
        sandbox.write("regulars-out/manifest.json", &manifest);
    }
    for name in [
        "../../victim.csv",
        &absolute,
        "interactions/link/victim.csv",
    ] {
        if name.contains("link") {
            symlink(sandbox.path("out.d"), out("warehouse/interactions/link")).unwrap();
        }
        sandbox.write("regulars-out/warehouse/.committing", format!("{name}\n"));
        sandbox
            .regulars(&["ingest"])
            .ended_with(3)
            .says(&[".committing: `", "hint: "]);
        untouched();
    }
    fs::remove_file(out("warehouse/.committing")).unwrap();
    fs::remove_file(out("warehouse/interactions/link")).unwrap();
    // What is written beside its place may be prepared as a link, and so may the place of spilled data.
    for name in ["manifest.writing", ".summary.txt.writing"] {
        symlink(sandbox.path("victim.csv"), out(name)).unwrap();
    }
    symlink(sandbox.path("out.d"), out(".spill")).unwrap();
    sandbox
        .regulars(&["run"])
        .ended_with(3)
        .says(&[".spill is a link"]);
    untouched();
    fs::remove_file(out(".spill")).unwrap();
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    untouched();
}

#[test]
fn roots_hold_for_databases_in_files() {
    let settings = "[ingest]\nroots = [\"in\"]\n[[sources]]\ntable = \"interactions\"\n\
        database = \"sqlite:out/shop.db\"\nrelation = \"lines\"\n[sources.columns]\n\
        customer_id = \"c\"\noccurred_at = \"w\"\nkind = { constant = \"purchase\" }\n";
    let sandbox = Sandbox::new()
        .file("in/x.csv", "")
        .file("out/shop.db", "")
        .file("regulars.toml", settings);
    for command in ["check", "ingest"] {
        sandbox
            .regulars(&[command])
            .ended_with(2)
            .says(&["database", "lies outside the allowed folders"]);
    }
}

#[test]
fn control_characters_never_reach_a_terminal() {
    let evil = "no\u{1b}[31mte\u{9b}2J\u{202e}";
    let text = shop(30, 100)
        .replacen("paid\n", &format!("paid,{evil}\n"), 1)
        .replace(".50\n", &format!(".50,{evil}\n"));
    let sandbox = shop_sandbox(30, 100);
    sandbox.write(
        "lines.csv",
        text.clone() + &format!("{evil},{evil},1,bread,{evil},x\n"),
    );
    let settings = sandbox
        .read("regulars.toml")
        .replace("Corner shop", "Corner\\u001b[2J shop");
    sandbox.write("regulars.toml", &settings);
    let mut shown = String::new();
    for arguments in [
        &["check", "--all"][..],
        &["run"],
        &["summary"],
        &["profile"],
        &["profile", "--json"],
        &["rules", "--where", "\u{1b}[2J = 1"],
        &["ingest", "-c", "no\u{1b}[2J.toml"],
        &["init", "lines.csv", "--out", "new.toml"],
        &["forget", "C0001\u{1b}[2J"],
    ] {
        let run = sandbox.regulars(arguments);
        shown += &run.stdout;
        shown += &run.stderr;
    }
    let harms = |c: char| c.is_control() && !matches!(c, '\n' | '\t') || c == '\u{202e}';
    assert!(!shown.contains(harms), "{shown:?}");
    assert!(
        shown.contains("\\u001b[31m"),
        "they are there, as text: {shown}"
    );
}

#[test]
fn init_does_not_repeat_a_password() {
    let sandbox = Sandbox::new();
    for url in [
        "https://ann:sesame@example.org/lines.csv",
        "https://example.org/lines.csv?token=sesame",
        "postgresql://ann:ses/ame@host/shop",
        "odbc:DSN=shop;Pwd=sesame",
    ] {
        let run = sandbox
            .regulars(&["init", url])
            .ended_with(2)
            .says(&["init looks at", "hint: "]);
        assert!(!run.stderr.contains("sesame"), "{}", run.stderr);
        assert!(!run.stderr.contains("/ame"), "{}", run.stderr);
    }
}

#[test]
fn settings_out_of_range_are_found_before_any_work() {
    let sandbox = shop_sandbox(5, 60);
    for (key, value) in [
        ("per_customer", "0"),
        ("per_customer", "201"),
        ("per_customer", "1000000000"),
        ("holdout_days", "0"),
        ("holdout_days", "3651"),
        ("holdout_days", "4000000000"),
    ] {
        sandbox.write(
            "regulars.toml",
            format!("{SETTINGS}[offers]\n{key} = {value}\n"),
        );
        sandbox.regulars(&["run"]).ended_with(2).says(&[
            &format!("[offers] {key}"),
            "regulars.toml:",
            "hint: give at ",
        ]);
        assert!(!sandbox.exists("regulars-out"));
    }
}
