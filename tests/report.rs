//! `report`, `show` and `explain`: what a run found, for people.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use regulars::outputs::table::{TableBuilder, numbers, text};
use serde_json::{Value, json};

use crate::util::{
    PRODUCTS, SETTINGS, Sandbox, columns, needs_nothing_from_elsewhere, shop, shop_sandbox,
};

/// Elements that have no end.
const VOID: [&str; 4] = ["meta", "br", "!doctype", "link"];

/// Every tag of a page with its attributes; fails where one is not closed, or closed by another.
fn tags(page: &str) -> Vec<(String, BTreeMap<String, String>)> {
    let (mut found, mut open, mut rest) = (Vec::new(), Vec::new(), page);
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = rest
            .find('>')
            .unwrap_or_else(|| panic!("an open tag: {rest:.60}"));
        let (tag, after) = (&rest[..end], &rest[end + 1..]);
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            let last: Option<String> = open.pop();
            assert_eq!(last.as_deref(), Some(name), "before: {rest:.80}");
            continue;
        }
        let (name, written) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        let name = name.trim_end_matches('/').to_lowercase();
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '!';
        assert!(!name.is_empty() && name.chars().all(letters), "<{tag}>");
        found.push((name.clone(), attributes(written.trim_end_matches('/'))));
        if name == "style" {
            rest = &rest[rest.find("</style>").expect("an end of the style")..];
        }
        if !tag.ends_with('/') && !VOID.contains(&name.as_str()) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "open at the end: {open:?}");
    found
}

/// Attributes by name; fails where a value has no quotes.
fn attributes(written: &str) -> BTreeMap<String, String> {
    let (mut found, mut rest) = (BTreeMap::new(), written.trim());
    while let Some((name, value)) = rest.split_once('=') {
        let value = value
            .strip_prefix('"')
            .unwrap_or_else(|| panic!("no quotes: {written}"));
        let (value, after) = value.split_once('"').expect("an end of the quotes");
        let name = name.rsplit(' ').next().unwrap_or(name);
        assert!(
            found.insert(name.to_owned(), value.to_owned()).is_none(),
            "twice: {written}"
        );
        rest = after.trim_start();
    }
    found
}

/// The page of an output folder, after looking at what holds for every page.
fn page(sandbox: &Sandbox, out: &str) -> String {
    let whole = sandbox.read(&format!("{out}/report.html"));
    assert!(whole.len() < 3 << 20);
    needs_nothing_from_elsewhere(&whole);
    assert!(!whole.contains("javascript:"));
    let (page, rest) = whole
        .split_once("<script>")
        .expect("the script of all pages");
    let page = page.to_owned() + rest.split_once("</script>").expect("its end").1;
    let tags = tags(&page);
    let ids: BTreeSet<&String> = tags.iter().filter_map(|(_, of)| of.get("id")).collect();
    let named = tags.iter().filter(|(_, of)| of.contains_key("id")).count();
    assert_eq!(ids.len(), named, "an id comes twice");
    for (name, of) in &tags {
        for key in of.keys() {
            assert!(!key.starts_with("on") && *key != "src", "{name} {key}");
        }
        let Some(link) = of.get("href") else { continue };
        match link.strip_prefix('#') {
            Some(place) => assert!(ids.contains(&place.to_owned()), "no place {link}"),
            None => {
                let path = link.replace("&#x2f;", "/");
                assert!(sandbox.exists(&format!("{out}/{path}")), "no file {path}");
            }
        }
    }
    page
}

fn figures(sandbox: &Sandbox, out: &str) -> Value {
    serde_json::from_str(&sandbox.read(&format!("{out}/report.json"))).expect("JSON")
}

/// Whether a text holds the id of a customer of [`shop`].
fn names_somebody(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes
        .windows(5)
        .any(|of| of[0] == b'C' && of[1..].iter().all(u8::is_ascii_digit))
}

/// The lines of [`shop`] as customer and day.
fn bought(sandbox: &Sandbox) -> Vec<(String, String)> {
    let lines = sandbox.read("lines.csv");
    let cells = lines
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect::<Vec<_>>());
    cells
        .map(|cells| (cells[0].to_owned(), cells[1][..10].to_owned()))
        .collect()
}

#[test]
fn a_run_ends_with_a_page_whose_figures_are_those_of_the_files() {
    let sandbox = shop_sandbox(150, 400);
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    let page = page(&sandbox, "regulars-out");
    let found = figures(&sandbox, "regulars-out");
    assert!(!names_somebody(&page) && !names_somebody(&found.to_string()));
    for words in [
        "Corner shop",
        "Summary",
        "do this week",
        "The business",
        "RFM segments as of 2024-",
        "Clusters of behaviour",
        "Bands of risk",
        "What the scores look at",
        "What goes together",
        "What each would buy next",
        "Persistency",
        "calibration error",
        "manifest.json",
        "How the probability moves with them",
        "What a campaign would have earned",
        "The clusters on a map",
        "first bought",
    ] {
        assert!(page.contains(words), "the page lacks {words}");
    }
    assert_eq!(found["troubles"], json!([]));
    // Words, and no names of columns.
    let told = page.split("<section>").collect::<Vec<_>>();
    for section in told.iter().filter(|section| {
        ["segments", "churn"]
            .iter()
            .any(|id| section.contains(&format!("<h2 id=\"{id}\"")))
    }) {
        for name in ["recency_days", "gap_sd", "mean_basket", "or missing"] {
            assert!(!section.contains(name), "{name}");
        }
    }
    // The map has the points, and the file of figures has not.
    let map = &found["segments"]["found"]["map"];
    assert!(
        map["places"].is_null() && map["points"].as_u64().unwrap() == 150,
        "{map}"
    );
    let cohorts = columns(&sandbox.read("regulars-out/cohorts.csv"));
    for cohort in found["life"]["found"]["cohorts"].as_array().unwrap() {
        let rows: Vec<usize> = (0..cohorts["cohort"].len())
            .filter(|row| cohorts["cohort"][*row] == cohort["month"].as_str().unwrap())
            .collect();
        assert!(cohort["customers"].as_u64().unwrap() >= 10, "{cohort}");
        for (month, row) in cohort["months"].as_array().unwrap().iter().zip(rows) {
            let Some(told) = month["retention"].as_f64() else {
                let active: u64 = cohorts["active_customers"][row].parse().unwrap();
                assert!((1..10).contains(&active), "{active}");
                continue;
            };
            let want: f64 = cohorts["retention"][row].parse().unwrap();
            assert!((told - want).abs() < 1e-4, "{cohort}");
        }
    }

    // Months, counted here from the lines.
    let lines = bought(&sandbox);
    let mut by_month: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (customer, day) in &lines {
        by_month
            .entry(day[..7].to_owned())
            .or_default()
            .insert(customer);
    }
    let months = found["business"]["found"]["months"].as_array().unwrap();
    assert_eq!(months.len(), by_month.len());
    let nobody = BTreeSet::new();
    let (mut before, mut ever) = (&nobody, BTreeSet::new());
    for (month, (name, active)) in months.iter().zip(&by_month) {
        let kept = active.intersection(before).count();
        let new = active.difference(&ever).count();
        assert_eq!(month["month"], json!(name));
        assert_eq!(month["active"], json!(active.len()), "{name}");
        assert_eq!(month["new"], json!(new), "{name}");
        assert_eq!(month["kept"], json!(kept), "{name}");
        assert_eq!(
            month["returning"],
            json!(active.len() - new - kept),
            "{name}"
        );
        if month["whole"] == true {
            assert_eq!(
                month["lost"],
                json!(before.difference(active).count()),
                "{name}"
            );
        }
        before = active;
        ever.extend(active.iter().copied());
    }

    // The best tenth, bands and segments, from their files.
    let segments = columns(&sandbox.read("regulars-out/segments.csv"));
    let mut spend: Vec<f64> = segments["monetary"]
        .iter()
        .map(|of| of.parse().unwrap())
        .collect();
    spend.sort_by(|a, b| b.total_cmp(a));
    let best = spend[..15].iter().sum::<f64>() / spend.iter().sum::<f64>();
    let tenth = found["business"]["found"]["concentration"]["top_tenth"]
        .as_f64()
        .unwrap();
    assert!((tenth - best).abs() < 1e-4, "{tenth} {best}");
    let churn = columns(&sandbox.read("regulars-out/churn.csv"));
    let bands = found["churn"]["found"]["bands"].as_array().unwrap();
    let told: u64 = bands
        .iter()
        .filter_map(|band| band["customers"].as_u64())
        .sum();
    assert_eq!(told as usize, churn["band"].len());
    let grid = found["segments"]["found"]["grid"].as_array().unwrap();
    assert_eq!(grid.len(), 5);
    for row in grid {
        for cell in row["cells"].as_array().unwrap() {
            let customers = cell["customers"].as_u64();
            assert!(customers.is_none_or(|of| of == 0 || of >= 10), "{cell}");
        }
    }
    for (section, list) in [
        ("segments", "segments"),
        ("segments", "clusters"),
        ("churn", "bands"),
    ] {
        for group in found[section]["found"][list].as_array().unwrap() {
            assert!(
                group["customers"].as_u64().unwrap() >= 10,
                "{section}: {group}"
            );
        }
    }
}

#[test]
fn the_same_bytes_again_and_in_another_folder() {
    let sandbox = shop_sandbox(120, 330);
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    let files = |out: &str| {
        ["report.html", "report.json"].map(|name| sandbox.read(&format!("{out}/{name}")))
    };
    let first = files("regulars-out");
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    assert!(files("regulars-out") == first, "a second run");
    sandbox
        .regulars(&["report", "--quiet", "--threads", "1"])
        .ended_with(0);
    assert!(files("regulars-out") == first, "the stage alone");
    sandbox
        .regulars(&["run", "--quiet", "--threads", "1", "--out", "elsewhere"])
        .ended_with(0);
    assert!(files("elsewhere") == first, "another folder");
}

#[test]
fn names_cannot_leave_their_place() {
    let products = PRODUCTS
        .replace("Loaves", "<script>alert('x')</script>")
        .replace("Drinks", "A & \"B\"");
    let settings = SETTINGS.replace("Corner shop", "<b>Shop</b> & 'sons'");
    let sandbox = Sandbox::new()
        .file("lines.csv", shop(120, 400))
        .file("products.csv", products)
        .file("regulars.toml", settings);
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    let page = page(&sandbox, "regulars-out");
    assert!(page.contains("&lt;b&gt;Shop"), "the project is named");
    assert!(page.contains("&lt;script&gt;"), "the item is named");
}

#[test]
fn what_changed_since_the_run_of_an_earlier_date_is_told() {
    let sandbox = shop_sandbox(120, 400);
    sandbox
        .regulars(&["run", "--quiet", "--as-of", "2023-12-01"])
        .ended_with(0);
    assert!(!page(&sandbox, "regulars-out").contains("What changed"));
    let before = figures(&sandbox, "regulars-out");
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    let now = figures(&sandbox, "regulars-out");
    assert_eq!(now["before"], before["headline"]);
    let page = page(&sandbox, "regulars-out");
    for words in ["What changed", "as of 2023-12-01", "of it since then"] {
        assert!(page.contains(words), "the page lacks {words}");
    }
    // Back at the earlier date there is nothing before it to be compared with.
    sandbox
        .regulars(&["run", "--quiet", "--as-of", "2023-12-01"])
        .ended_with(0);
    assert_eq!(figures(&sandbox, "regulars-out")["before"], Value::Null);
}

#[test]
fn what_is_not_there_is_left_out_with_a_reason() {
    // Too short to test a model of leaving, without products, and one customer.
    let lines = shop(1, 60);
    let settings = &SETTINGS[..SETTINGS.rfind("[[sources]]").unwrap()];
    let sandbox = Sandbox::new().file("lines.csv", lines).file(
        "regulars.toml",
        settings.replace("product_id = \"product\"\n", ""),
    );
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    let one = page(&sandbox, "regulars-out");
    assert!(!names_somebody(&one));
    let found = figures(&sandbox, "regulars-out");
    for section in ["churn", "cross_sell"] {
        let why = found[section]["missing"].as_str().unwrap();
        assert!(!why.is_empty() && one.contains("Left out: "), "{section}");
    }
    assert_eq!(found["business"]["found"]["customers"], 1);
    assert_eq!(found["business"]["found"]["concentration"], Value::Null);
    let months = found["business"]["found"]["months"].as_array().unwrap();
    assert!(
        months.iter().all(|month| month["spend"].is_null()),
        "what one customer spent"
    );
    assert!(one.contains("One customer bought before"));
    assert!(
        !found["summary"].to_string().contains("EUR"),
        "{}",
        found["summary"]
    );
    assert_eq!(found["summary"]["to_do"], json!([]));
}

#[test]
fn a_run_that_did_not_go_through_says_so_on_top() {
    let sandbox = shop_sandbox(120, 330);
    sandbox
        .regulars(&["report"])
        .ended_with(3)
        .says(&["regulars ingest"]);
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox.regulars(&["features", "--quiet"]).ended_with(0);
    sandbox.regulars(&["report", "--quiet"]).ended_with(0);
    let half = page(&sandbox, "regulars-out");
    let top = &half[..half.find("<main>").unwrap()];
    assert!(
        top.contains("did not go through") && top.contains("segment, value"),
        "{top}"
    );
    assert!(half.contains("segment has not run into this folder"));

    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    assert!(!page(&sandbox, "regulars-out").contains("did not go through"));
    std::thread::sleep(std::time::Duration::from_millis(1100));
    sandbox.regulars(&["features", "--quiet"]).ended_with(0);
    sandbox.regulars(&["report", "--quiet"]).ended_with(0);
    assert!(page(&sandbox, "regulars-out").contains("segment is of an earlier run: features"));
    sandbox
        .regulars(&["report", "--as-of", "2023-09-01"])
        .ended_with(3)
        .says(&["not of --as-of 2023-09-01"]);
}

/// Writes a table into an output folder and names it in the manifest, as its stage would.
fn put(sandbox: &Sandbox, table: &str, stage: &str, batch: &RecordBatch) {
    let name = format!("{table}.parquet");
    let file = File::create(sandbox.path(&format!("regulars-out/{name}"))).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    let mut manifest = sandbox.manifest("regulars-out");
    let files = manifest["files"].as_array_mut().unwrap();
    files.retain(|file| {
        file["path"] != json!(name) && file["path"] != json!(format!("{table}.csv"))
    });
    files.push(json!({ "path": name, "stage": stage, "rows": batch.num_rows(), "size": 0, "sha256": "", "about": table }));
    sandbox.write("regulars-out/manifest.json", manifest.to_string());
    sandbox.write(&format!("regulars-out/{table}.csv"), "");
}

#[test]
fn lapsed_customers_and_lifetime_values_are_told() {
    let sandbox = shop_sandbox(120, 330);
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    let ids: Vec<String> = (0..40).map(|number| format!("C{number:04}")).collect();
    let lapsed = |place: usize| place >= 25;
    let probabilities = (0..40).map(|place| if lapsed(place) { f64::NAN } else { 0.9 });
    let ranks = (0..40).map(|place| (!lapsed(place)).then_some(place as u32 + 1));
    let ranks: ArrayRef = Arc::new(ranks.collect::<UInt32Array>());
    let band = (0..40).map(|place| if lapsed(place) { "lapsed" } else { "high" });
    let reasons = (0..40).map(|place| if lapsed(place) { "" } else { "long away" });
    let churn = TableBuilder::new()
        .column("customer_id", "", text(&ids))
        .column("churn_probability", "", numbers(probabilities, 6))
        .column("band", "", text(band))
        .column("rank", "", ranks)
        .column("reason_1", "", text(reasons));
    put(&sandbox, "churn", "churn", &churn.build().unwrap());
    let whole = |from: f64| numbers((0..40).map(|place| from + f64::from(place)), 2);
    let value = TableBuilder::new()
        .column("customer_id", "", text(&ids))
        .column("lifetime_value", "", whole(100.0))
        .column("expected_value", "", whole(10.0))
        .column("probability_alive", "", numbers((0..40).map(|_| 0.75), 2))
        .column("next_purchase_on", "", text((0..40).map(|_| "2024-02-03")));
    put(&sandbox, "value", "value", &value.build().unwrap());
    sandbox.regulars(&["report", "--quiet"]).ended_with(0);
    let page = page(&sandbox, "regulars-out");
    assert!(page.contains("Customers by lifetime value"));
    let found = figures(&sandbox, "regulars-out");
    let churn = &found["churn"]["found"];
    assert_eq!(churn["scored"], 25);
    let bands = churn["bands"].as_array().unwrap();
    let told: Vec<_> = bands
        .iter()
        .map(|band| (&band["name"], &band["customers"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!("high"), &json!(25)),
            (&json!("without a score"), &json!(15))
        ]
    );
    // 100 to 124, and 125 to 139.
    assert_eq!(
        (&bands[0]["worth"], &bands[1]["worth"]),
        (&json!(2800.0), &json!(1980.0))
    );
    let value = &found["value"]["found"];
    assert_eq!(
        (&value["total"], &value["median"]),
        (&json!(4780.0), &json!(119.0))
    );
    let by_segment = value["segments"].as_array().unwrap();
    let worth: f64 = by_segment
        .iter()
        .filter_map(|group| group["worth"].as_f64())
        .sum();
    assert!((worth - 4780.0).abs() < 1e-6);
    sandbox
        .regulars(&["show", "value", "--top", "2"])
        .ended_with(0)
        .shows(&["C0039", "139", "75.0 %", "2024-02-03", "38 more rows"]);
    sandbox
        .regulars(&["explain", "C0030"])
        .ended_with(0)
        .shows(&[
            "lapsed: without a probability",
            "lifetime value 130 EUR",
            "next purchase expected on 2024-02-03",
        ]);
}

#[test]
fn tables_are_shown_as_wide_as_the_terminal() {
    let sandbox = shop_sandbox(120, 400);
    sandbox
        .regulars(&["show", "churn"])
        .ended_with(3)
        .says(&["regulars ingest"]);
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    // Segments and clusters are a table each.
    for (table, words, tables) in [
        ("segments", ["segment", "cluster", "of the spend"], 2),
        ("churn", ["customer", "leaves", "band"], 1),
        ("rules", ["rule", "confidence", "lift"], 1),
        ("suggestions", ["customer", "item", "score"], 1),
    ] {
        let shown = sandbox.regulars_with(&[("COLUMNS", "70")], &["show", table, "--top", "7"]);
        let shown = shown.ended_with(0).shows(&words);
        let rows = shown
            .stdout
            .lines()
            .filter(|line| !line.starts_with('(') && !line.contains("more row"))
            .filter(|line| !line.is_empty());
        assert_eq!(shown.stdout.matches("\n\n").count(), tables - 1);
        let count = rows.clone().count();
        assert!(
            (2 * tables..=8 * tables).contains(&count),
            "{}",
            shown.stdout
        );
        assert!(
            rows.clone().all(|row| row.chars().count() <= 70),
            "{}",
            shown.stdout
        );
    }
    // The likeliest to leave come first, as in the file.
    let churn = columns(&sandbox.read("regulars-out/churn.csv"));
    let first = churn["rank"].iter().position(|rank| rank == "1").unwrap();
    let shown = sandbox
        .regulars(&["show", "churn", "--top", "1"])
        .ended_with(0);
    assert!(
        shown.stdout.contains(&churn["customer_id"][first]),
        "{}",
        shown.stdout
    );
    let suggestions = columns(&sandbox.read("regulars-out/suggestions.csv"));
    let (somebody, all) = (&suggestions["customer_id"][0], &churn["customer_id"]);
    let one = sandbox
        .regulars(&["show", "suggestions", somebody])
        .ended_with(0);
    let mut rows = one.stdout.lines().skip(1);
    assert!(
        rows.all(|row| row.starts_with(somebody.as_str())),
        "{}",
        one.stdout
    );
    // Who has bought everything is known all the same.
    let suggested = |id: &&String| suggestions["customer_id"].contains(id);
    let nothing = all
        .iter()
        .find(|id| !suggested(id))
        .expect("one without suggestions");
    sandbox
        .regulars(&["show", "suggestions", nothing])
        .ended_with(3)
        .says(&["has nothing of the customer", "regulars explain"]);
    sandbox
        .regulars(&["show", "segments", "C0O02"])
        .ended_with(3)
        .says(&["no customer `C0O02`", "nearest ids", "`C0002`"]);
    sandbox
        .regulars(&["show", "rules", "C0002"])
        .ended_with(2)
        .says(&["show suggestions"]);
    sandbox.regulars(&["show", "weather"]).ended_with(2);
}

#[test]
fn one_customer_is_explained_on_a_screen() {
    let customers = "id,since,town\nC0002,2022-05-01,Köln\nC0003,2022-05-01,<Bonn>\n";
    let settings = format!(
        "{SETTINGS}\n[[sources]]\ntable = \"customers\"\npath = \"customers.csv\"\n[sources.columns]\n\
         customer_id = \"id\"\njoined_at = \"since\"\ntown = \"town\"\n"
    );
    let sandbox = shop_sandbox(120, 400)
        .file("customers.csv", customers)
        .file("regulars.toml", settings);
    sandbox
        .regulars(&["explain", "C0002"])
        .ended_with(3)
        .says(&["regulars ingest"]);
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    let lines = bought(&sandbox);
    let mut days: Vec<&String> = lines
        .iter()
        .filter(|of| of.0 == "C0002")
        .map(|of| &of.1)
        .collect();
    days.sort();
    let told = format!("first on {}, last on {}", days[0], days[days.len() - 1]);
    let row = columns(&sandbox.read("regulars-out/segments.csv"));
    let at = row["customer_id"]
        .iter()
        .position(|id| id == "C0002")
        .unwrap();
    let shown = sandbox
        .regulars(&["explain", "C0002"])
        .ended_with(0)
        .shows(&[
            "C0002, as of 2024-",
            "Köln",
            &told,
            &row["rfm_segment"][at],
            "WHETHER THEY LEAVE",
            "the risk)",
            "THE LAST INTERACTIONS",
            "Apples",
        ]);
    assert!(shown.stdout.lines().count() < 60, "{}", shown.stdout);
    sandbox.regulars(&["explain", "C002"]).ended_with(3).says(&[
        "no customer `C002`",
        "nearest ids",
        "C0002",
    ]);
    sandbox
        .regulars(&["explain", "x' OR 1=1 --"])
        .ended_with(3)
        .says(&["no customer"]);
    let suggestions = columns(&sandbox.read("regulars-out/suggestions.csv"));
    sandbox
        .regulars(&["explain", &suggestions["customer_id"][0]])
        .ended_with(0)
        .shows(&["WHAT TO OFFER", "  1. ", &suggestions["item"][0]]);
    // What speaks of another date says so.
    sandbox
        .regulars(&["value", "--quiet", "--as-of", "2023-10-01"])
        .ended_with(0);
    sandbox
        .regulars(&["explain", "C0002"])
        .ended_with(0)
        .shows(&["WHAT THEY ARE WORTH, as of 2023-", "WHETHER THEY LEAVE\n"]);
    // With the warehouse alone.
    sandbox
        .regulars(&["ingest", "--quiet", "--out", "loaded"])
        .ended_with(0);
    sandbox
        .regulars(&["explain", "C0003", "--out", "loaded"])
        .ended_with(0)
        .shows(&["purchase line", "<Bonn>"]);
}

#[test]
fn a_run_in_chinese_speaks_chinese_and_keeps_the_codes() {
    let sandbox = shop_sandbox(150, 400);
    let english = Sandbox::like(&sandbox);
    english.regulars(&["run", "--quiet"]).ended_with(0);
    sandbox
        .regulars(&["run", "--lang", "zh"])
        .ended_with(0)
        .shows(&["150 位客户", "regulars-out 中的文件", "下一步"]);
    let (page, found) = (
        page(&sandbox, "regulars-out"),
        figures(&sandbox, "regulars-out"),
    );
    for words in [
        "lang=\"zh-CN\"",
        "本周要做",
        "RFM 分层，截至 2024-",
        "data-filter=\"筛选\"",
        "高流失风险",
        "贡献前 80% 消费额的客户",
        "每位客户的分层见 <a href=\"segments.csv\">segments.csv</a>",
    ] {
        assert!(page.contains(words), "the page lacks {words}");
    }
    for words in [
        "Left out",
        "Bands of risk",
        "What each would buy next",
        "Filter",
    ] {
        assert!(!page.contains(words), "the page has {words}");
    }
    // Codes, dates and figures are those of the run in English; sentences are not.
    let other = figures(&english, "regulars-out");
    for path in [
        "/segments/found/segments/0/name",
        "/segments/found/segments/0/customers",
        "/churn/found/bands",
        "/data/kinds/0/kind",
        "/business/found/months",
        "/headline",
    ] {
        let (here, there) = (found.pointer(path), other.pointer(path));
        assert!(
            here.is_some() && here == there,
            "{path}: {here:?} {there:?}"
        );
    }
    assert_ne!(
        found["summary"]["sentences"][0],
        other["summary"]["sentences"][0]
    );
    let codes = |of: &Sandbox| {
        let columns = columns(&of.read("regulars-out/segments.csv"));
        ["customer_id", "rfm_segment", "life_cycle"].map(|name| columns[name].clone())
    };
    assert_eq!(codes(&sandbox), codes(&english));
    // Whoever looks afterwards need not say it again, and can ask for the other one.
    sandbox
        .regulars(&["show", "churn", "--top", "2"])
        .ended_with(0)
        .shows(&["流失概率", "风险等级", "另有 148 行"]);
    sandbox
        .regulars(&["explain", "C0001"])
        .ended_with(0)
        .shows(&["交互情况", "购买明细", "满分 5 分"]);
    sandbox
        .regulars(&["explain", "C0001", "--lang", "en"])
        .ended_with(0)
        .shows(&["WHAT HAPPENED", "purchase lines in", "of 5 ("]);
    sandbox
        .regulars(&["run", "--timings", "--lang", "zh"])
        .ended_with(0)
        .shows(&["用时", "内存峰值"]);
}

#[test]
fn the_index_leads_to_every_page_that_is_there() {
    let sandbox = shop_sandbox(150, 400);
    sandbox
        .regulars(&["run"])
        .ended_with(0)
        .shows(&["index.html", "Leads to every page"]);
    let index = sandbox.read("regulars-out/index.html");
    needs_nothing_from_elsewhere(&index);
    let pages: Vec<String> = sandbox
        .data_files("regulars-out")
        .into_keys()
        .filter(|name| name.ends_with(".html") && name != "index.html")
        .collect();
    assert!(pages.len() >= 5, "{pages:?}");
    for name in pages {
        assert!(index.contains(&format!("<a href=\"{name}\">")), "{name}");
    }
    let churn = index.split("churn.html").nth(1).expect("the page of churn");
    let churn = churn.split("</li>").next().expect("its end");
    assert!(
        churn.contains("as of 2024-") || churn.contains("as of 2025-"),
        "{churn}"
    );
    let files = sandbox.manifest("regulars-out")["files"].clone();
    let named = files.as_array().expect("files").iter();
    assert_eq!(named.filter(|file| file["path"] == "index.html").count(), 1);
    assert!(
        sandbox
            .read("regulars-out/report.html")
            .contains("<a href=\"index.html\">")
    );
}
