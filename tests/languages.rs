//! Other languages than English: every text has its message, and a run says all of it.

mod messages;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::Path;
use std::sync::LazyLock;

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use regex::Regex;

use self::messages::{files, in_po, of_the_program, to_mend};
use crate::util::{Sandbox, columns, repository, shop_sandbox};

/// The messages of Chinese, below the repository.
const CHINESE: &str = "pipeline/messages/zh";

/// Every PO file of Chinese: its name below the repository, and its text.
fn of_chinese() -> Vec<(String, String)> {
    let paths = files(&repository().join(CHINESE), ".po").into_iter();
    paths
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy();
            let text = fs::read_to_string(&path).expect("a file of messages");
            (format!("{CHINESE}/{name}"), text)
        })
        .collect()
}

#[test]
fn every_text_has_its_message_and_every_message_its_text() {
    let messages = of_chinese();
    let messages: Vec<_> = messages
        .iter()
        .flat_map(|(name, text)| in_po(text, name))
        .collect();
    let marked = of_the_program(&repository());
    assert!(marked.len() > 300, "only {} texts are found", marked.len());
    let wrong = to_mend(&marked, &messages);
    assert!(
        wrong.is_empty(),
        "{} of the messages are to be mended:\n  {}",
        wrong.len(),
        wrong.join("\n  ")
    );
}

#[test]
fn the_reader_of_the_program_reads_the_same_messages() {
    let options = polib::po_file::POParseOptions::default();
    for (name, text) in of_chinese() {
        let catalogue = polib::po_file::parse_from_reader_with_option(text.as_bytes(), &options)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let read: BTreeMap<String, String> = catalogue
            .messages()
            .map(|message| {
                let said = message.msgstr().unwrap_or_default().to_owned();
                (message.msgid().to_owned(), said)
            })
            .filter(|(text, _)| !text.is_empty())
            .collect();
        let here = in_po(&text, &name).into_iter();
        let here: BTreeMap<String, String> = here.map(|one| (one.text, one.said)).collect();
        assert_eq!(here, read, "{name}");
    }
}

/// Columns whose values others join by or write in conditions: the same in every language.
const CODES: [&str; 11] = [
    "rfm_segment",
    "life_cycle",
    "band",
    "tier",
    "cluster_name",
    "life_cycle_before",
    "value_band",
    "kind",
    "model",
    "feature",
    "class",
];

/// What JSON documents hold that is no sentence of ours: settings, and a code that reads like one.
const SILENT: [&str; 2] = ["settings", "verdict"];

/// Four words of Latin letters or more in a row.
static SENTENCE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[A-Za-z]{2,}(?:[ ,;:'’-]+[A-Za-z]+){3,}").expect("a pattern"));

/// Names of the shop of these tests, which stay as they are.
const NAMES: [&str; 20] = [
    "hot drinks",
    "corner shop",
    "bread",
    "butter",
    "milk",
    "tea",
    "honey",
    "apples",
    "bakery",
    "dairy",
    "grocery",
    "produce",
    "loaves",
    "spreads",
    "drinks",
    "sweet",
    "fruit",
    "lines.csv",
    "products.csv",
    "regulars-out",
];

/// The English sentences of a text, but for what stands in the shop's own names.
fn sentences(text: &str) -> Vec<String> {
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for name in NAMES {
        while let Some(at) = text.to_ascii_lowercase().find(name) {
            text.replace_range(at..at + name.len(), "·");
        }
    }
    let found = SENTENCE.find_iter(&text);
    found.map(|found| found.as_str().to_owned()).collect()
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

/// What a page says to people: its texts, titles and labels, but for code, style and script.
fn spoken(page: &str) -> Vec<String> {
    let (mut said, mut silent) = (Vec::new(), None::<String>);
    let label =
        Regex::new(r#"(?s)\s(?:title|aria-label|alt|placeholder)="([^"]*)""#).expect("a pattern");
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        if silent.is_none() {
            said.push(rest[..at].to_owned());
        }
        let end = rest[at..].find('>').map_or(rest.len(), |end| at + end);
        let tag = &rest[at + 1..end];
        let name: String = tag.chars().take_while(|c| !c.is_whitespace()).collect();
        match (&silent, name.as_str()) {
            (None, "code" | "pre" | "script" | "style" | "kbd") => {
                silent = Some(format!("/{name}"))
            }
            (Some(until), name) if until == name => silent = None,
            _ => {}
        }
        said.extend(label.captures_iter(tag).map(|label| label[1].to_owned()));
        rest = rest.get(end + 1..).unwrap_or("");
    }
    said.push(rest.to_owned());
    said
}

#[test]
fn sentences_are_found_on_pages_and_names_are_none() {
    let page = "<style>a b c d e</style><p title=\"what the bars are of\">有 <code>one two three four</code> 个</p>\
                <p>Bread, Butter, Milk and Hot drinks</p><p>this is still in English</p>";
    let found: Vec<String> = spoken(page)
        .iter()
        .flat_map(|text| sentences(text))
        .collect();
    assert_eq!(found, ["what the bars are of", "this is still in English"]);
}

/// The rows of a Parquet file as one batch, with the schema that the file has.
fn parquet(path: &Path) -> RecordBatch {
    let file = File::open(path).expect("a file");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("a Parquet file");
    let schema = reader.schema().clone();
    let batches: Vec<RecordBatch> = reader
        .build()
        .expect("a reader")
        .map(|batch| batch.expect("rows"))
        .collect();
    arrow::compute::concat_batches(&schema, &batches).expect("one batch")
}

fn values(table: &RecordBatch, column: usize) -> Vec<String> {
    let options = FormatOptions::default();
    let values = ArrayFormatter::try_new(table.column(column).as_ref(), &options).expect("values");
    let values = (0..table.num_rows()).map(|row| values.value(row).to_string());
    values.collect()
}

/// What is not as it should be in a table of a Chinese run, beside that of the English run.
fn of_table(name: &str, english: &RecordBatch, chinese: &RecordBatch, wrong: &mut Vec<String>) {
    let schema = chinese.schema();
    for (place, field) in schema.fields().iter().enumerate() {
        let column = field.name();
        let about = field.metadata().get("description");
        let about = about.map(String::as_str).unwrap_or_default();
        if !is_chinese(about) {
            wrong.push(format!("{name}: the description of {column}: {about}"));
        }
        let now = values(chinese, place);
        // `in_words` and `rule_in_words` are sentences of their own, in every language.
        let of_codes = column
            .strip_suffix("_words")
            .filter(|code| *code != "in" && !code.ends_with("_in"));
        if let Some(code) = of_codes {
            let beside = place.checked_sub(1).map(|place| schema.field(place).name());
            if beside.map(String::as_str) != Some(code) {
                wrong.push(format!(
                    "{name}: {column} does not stand right beside {code}"
                ));
            }
            if english.schema().column_with_name(column).is_some() {
                wrong.push(format!("{name}: {column} is there in English, too"));
            }
            continue;
        }
        let Some((before, _)) = english.schema().column_with_name(column) else {
            wrong.push(format!("{name}: there is no {column} in English"));
            continue;
        };
        let before = values(english, before);
        let differ = before.iter().zip(&now).find(|(before, now)| before != now);
        if let Some((before, now)) = differ {
            let is_code = CODES.contains(&column.as_str());
            if is_code || !is_chinese(now) {
                wrong.push(format!(
                    "{name}: {column} is {before:?} in English and {now:?}"
                ));
            }
        } else if schema
            .column_with_name(&format!("{column}_words"))
            .is_some()
        {
            // A code, whose words stand beside it.
        } else if let Some(text) = now.iter().find(|text| !sentences(text).is_empty()) {
            wrong.push(format!("{name}: {column} says {text:?}"));
        }
    }
    if english.num_rows() != chinese.num_rows() {
        let (before, now) = (english.num_rows(), chinese.num_rows());
        wrong.push(format!("{name}: {before} rows in English and {now}"));
    }
}

/// Sentences in the texts of a JSON document, each with where it stands.
fn of_json(value: &serde_json::Value, at: &str, wrong: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, value) in map
                .iter()
                .filter(|(key, _)| !SILENT.contains(&key.as_str()))
            {
                of_json(value, &format!("{at}.{key}"), wrong);
            }
        }
        serde_json::Value::Array(list) => {
            list.iter().for_each(|value| of_json(value, at, wrong));
        }
        serde_json::Value::String(text) => {
            let found = sentences(text).into_iter();
            wrong.extend(found.map(|sentence| format!("{at}: {sentence}")));
        }
        _ => {}
    }
}

/// A gate that warns, and rules and lists that are not there without being asked for.
const MORE: &str = "\n[value]\n[offers]\n\n[[gates]]\nname = \"few\"\ntable = \"interactions\"\nrows = { max = 10 }\nlevel = \"warn\"\n";

/// A shop with a row that cannot be used and one that is there twice.
fn sandbox() -> Sandbox {
    let sandbox = shop_sandbox(150, 400);
    let lines = sandbox.read("lines.csv") + "C0001,soon,99999,tea,4.50\n";
    let twice = lines.lines().nth(1).expect("a line").to_owned();
    sandbox.write("lines.csv", lines + &twice + "\n");
    sandbox.write("regulars.toml", sandbox.read("regulars.toml") + MORE);
    sandbox
}

/// The sandbox with a gate whose examples are amounts.
fn with_examples() -> Sandbox {
    let sandbox = sandbox();
    let gate = "\n[[gates]]\nname = \"cheap\"\ntable = \"interactions\"\ncolumn = \"amount\"\nrange = { max = 1 }\nlevel = \"warn\"\n";
    sandbox.write("regulars.toml", sandbox.read("regulars.toml") + gate);
    sandbox
}

fn warnings(sandbox: &Sandbox) -> Vec<String> {
    let manifest = sandbox.manifest("regulars-out");
    let warnings = manifest["stages"]["ingest"]["warnings"]
        .as_array()
        .expect("warnings");
    let words = warnings
        .iter()
        .map(|warning| warning["message"].as_str().expect("words"));
    words.map(str::to_owned).collect()
}

#[test]
fn what_a_load_says_in_chinese_is_known_to_commands_in_english() {
    let sandbox = with_examples();
    sandbox
        .regulars(&["ingest", "--lang", "zh", "--quiet"])
        .ended_with(0);
    let rejects = columns(&sandbox.read("regulars-out/rejects/interactions.csv"));
    let reasons = &rejects["reason"];
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(
        reasons
            .iter()
            .any(|reason| reason == "与之前的某一行完全相同"),
        "{reasons:?}"
    );
    assert!(
        reasons.iter().any(|reason| reason.starts_with("不是时间")),
        "{reasons:?}"
    );
    let said = warnings(&sandbox);
    assert!(said.iter().all(|words| is_chinese(words)), "{said:?}");
    let cheap = |words: &String| words.starts_with("质量门禁 cheap：要求：不高于 1；实际：");
    assert!(
        said.iter()
            .any(|words| cheap(words) && words.contains("；例如 ")),
        "{said:?}"
    );

    // The copy is no bad row, in whatever language the load has said so.
    let profile = sandbox
        .regulars(&["profile", "--json"])
        .ended_with(0)
        .stdout;
    let profile: serde_json::Value = serde_json::from_str(&profile).expect("JSON");
    let findings = profile["findings"].as_array().expect("findings");
    let rejected = findings
        .iter()
        .find(|finding| finding["code"] == "rejected-rows");
    let text = rejected.expect("a finding")["text"]
        .as_str()
        .expect("a text");
    assert!(
        text.contains("could not be used, mostly: occurred_at 不是时间"),
        "{text}"
    );

    // Values of rows go from a sentence in any language.
    sandbox.regulars(&["forget", "C0001"]).ended_with(0);
    let said = warnings(&sandbox);
    assert!(said.iter().any(cheap), "{said:?}");
    assert!(!said.iter().any(|words| words.contains("例如")), "{said:?}");
}

#[test]
fn a_profile_says_words_and_keeps_its_codes() {
    let sandbox = sandbox();
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    let profile = |language: &str| -> serde_json::Value {
        let run = sandbox
            .regulars(&["profile", "--json", "--lang", language])
            .ended_with(0);
        serde_json::from_str(&run.stdout).expect("JSON")
    };
    let (english, chinese) = (profile("en"), profile("zh"));
    let codes = |profile: &serde_json::Value, key: &str| -> Vec<String> {
        let findings = profile["findings"].as_array().expect("findings");
        findings
            .iter()
            .map(|finding| finding[key].to_string())
            .collect()
    };
    assert_eq!(codes(&english, "code"), codes(&chinese, "code"));
    assert!(codes(&chinese, "text").iter().all(|text| is_chinese(text)));
    let kind = |profile: &serde_json::Value| profile["tables"][0]["columns"][1]["type"].clone();
    assert_eq!(kind(&english), kind(&chinese));
    let page = sandbox.read("regulars-out/profile.html");
    assert!(page.contains("<html lang=\"zh-CN\">"));
    for words in [
        "值得关注",
        "按星期与时段的购买明细行数",
        "<text x=\"0\" y=\"23\">周一</text>",
        "位客户有购买",
    ] {
        assert!(page.contains(words), "the page lacks {words}");
    }
    let shown = sandbox.regulars(&["profile", "--lang", "zh"]).ended_with(0);
    shown.shows(&["值得关注\n", "客户与购物篮\n", "个购物篮，其中一半不超过"]);
}

#[test]
fn a_draft_in_chinese_makes_later_commands_speak_it() {
    let sandbox = shop_sandbox(20, 60);
    for (language, out) in [("en", "en.toml"), ("zh", "zh.toml")] {
        let init = [
            "init",
            "lines.csv",
            "products.csv",
            "--out",
            out,
            "--lang",
            language,
        ];
        sandbox.regulars(&init).ended_with(0);
    }
    let (english, chinese) = (sandbox.read("en.toml"), sandbox.read("zh.toml"));
    assert!(!english.contains("language"));
    assert!(chinese.contains("\n# The language of what people read"));
    let parsed = |text: &str| text.parse::<toml::Table>().expect("TOML");
    let mut settings = parsed(&chinese);
    let project = settings["project"].as_table_mut().expect("a table");
    let language = project.remove("language");
    assert_eq!(language, Some(toml::Value::from("zh")));
    assert_eq!(
        settings,
        parsed(&english),
        "nothing but the language is another"
    );

    let check = sandbox.regulars(&["check", "-c", "zh.toml"]).ended_with(0);
    check.shows(&["个数据源", "均可使用"]);
    let check = sandbox
        .regulars(&["check", "-c", "zh.toml", "--lang", "en"])
        .ended_with(0);
    check.shows(&["2 sources", "can be used"]);
}

#[test]
fn a_run_in_chinese_leaves_no_english_and_the_same_codes() {
    let sandbox = sandbox();
    for (language, out) in [("en", "english"), ("zh", "chinese")] {
        let run = ["run", "--out", out, "--lang", language, "--quiet"];
        sandbox.regulars(&run).ended_with(0);
        let profile = ["profile", "--out", out, "--lang", language, "--quiet"];
        sandbox.regulars(&profile).ended_with(0);
    }
    let mut wrong = Vec::new();
    let written = sandbox.data_files("chinese");
    let kinds: BTreeSet<&str> = written
        .keys()
        .filter_map(|name| name.rsplit('.').next())
        .collect();
    for kind in ["html", "parquet", "txt"] {
        assert!(kinds.contains(kind), "a run writes no {kind}: {kinds:?}");
    }
    for (name, bytes) in &written {
        let text = || String::from_utf8_lossy(bytes).into_owned();
        let mut look_for = |texts: Vec<String>| {
            let found = texts.iter().flat_map(|text| sentences(text));
            let found: BTreeSet<String> = found.collect();
            wrong.extend(found.into_iter().map(|text| format!("{name}: {text}")));
        };
        match name.rsplit('.').next() {
            Some("html") => look_for(spoken(&text())),
            Some("txt" | "md") => look_for(text().lines().map(str::to_owned).collect()),
            Some("parquet") => of_table(
                name,
                &parquet(&sandbox.path("english").join(name)),
                &parquet(&sandbox.path("chinese").join(name)),
                &mut wrong,
            ),
            _ => {}
        }
    }
    for name in ["report.json", "profile.json"] {
        let text = sandbox.read(&format!("chinese/{name}"));
        let json = serde_json::from_str(&text).expect("JSON");
        of_json(&json, name, &mut wrong);
    }
    for (stage, entry) in sandbox.manifest("chinese")["stages"]
        .as_object()
        .expect("stages")
    {
        of_json(
            &entry["warnings"],
            &format!("warnings of {stage}"),
            &mut wrong,
        );
    }
    let segments = parquet(&sandbox.path("chinese/segments.parquet"));
    for words in ["rfm_segment_words", "life_cycle_words"] {
        if segments.schema().column_with_name(words).is_none() {
            wrong.push(format!("segments.parquet: there is no {words}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} are left:\n  {}",
        wrong.len(),
        wrong.join("\n  ")
    );
}
