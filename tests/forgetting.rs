//! A customer who is forgotten is nowhere below the output folder, byte for byte, and does not come
//! back.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::util::{Sandbox, query, shop, shop_sandbox};

/// The customer, as a number that nothing else is.
const CUSTOMER: &str = "90210007";

/// Settings under which every model runs, the one of neighbours is chosen, and gates find something.
const MORE: &str = r#"
[churn]
models = ["all"]
chosen = "neighbours"
[[gates]]
table = "interactions"
column = "customer_id"
range = { max = 1 }
level = "warn"
[[gates]]
table = "interactions"
holds = "customer_id < 5"
level = "warn"
"#;

/// A history whose customers are whole numbers.
fn numbered() -> Sandbox {
    let sandbox = shop_sandbox(90, 300);
    let lines = shop(90, 300).replace("\nC0", "\n90210");
    sandbox.write(
        "lines.csv",
        lines + "90210007,2023-02-30,9002,bread,1.00\n90210007,2023-03-03,9007,bread\n",
    );
    let whole = "customer_id = { column = \"customer\", type = \"integer\" }";
    let settings = sandbox.read("regulars.toml");
    let settings = settings.replace("customer_id = \"customer\"", whole) + MORE;
    sandbox.write("regulars.toml", settings);
    sandbox
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(files(&entry.path())),
            false => found.push(entry.path()),
        }
    }
    found.sort();
    found
}

/// What a file holds, as it lies there and unpacked.
fn unpacked(path: &Path) -> String {
    let bytes = fs::read(path).unwrap();
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    if bytes.starts_with(b"PAR1") {
        let file = fs::File::open(path).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let options = FormatOptions::default();
        for batch in reader.build().unwrap() {
            for column in batch.unwrap().columns() {
                let shown = ArrayFormatter::try_new(column.as_ref(), &options).unwrap();
                for row in 0..column.len() {
                    text += &format!("{}\n", shown.value(row));
                }
            }
        }
    }
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut more = String::new();
        let mut reader = flate2::read::GzDecoder::new(bytes.as_slice());
        reader.read_to_string(&mut more).unwrap();
        text += &more;
    }
    if bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        text += &String::from_utf8_lossy(&zstd::decode_all(bytes.as_slice()).unwrap());
    }
    text
}

/// Files below a folder that hold the customer.
fn mentions(folder: &Path) -> Vec<String> {
    files(folder)
        .into_iter()
        .filter(|path| unpacked(path).contains(CUSTOMER))
        .map(|path| path.display().to_string())
        .collect()
}

#[test]
fn a_forgotten_customer_leaves_no_byte() {
    let sandbox = numbered();
    sandbox
        .regulars(&[
            "run",
            "--quiet",
            "--junit",
            "regulars-out/reports/gates.xml",
        ])
        .ended_with(0);
    sandbox.regulars(&["profile", "--quiet"]).ended_with(0);
    let out = sandbox.path("regulars-out");
    let model = sandbox.read("regulars-out/churn_model.json");
    assert!(
        model.contains("\"kind\": \"neighbours\""),
        "the model that holds rows"
    );
    assert!(
        sandbox
            .read("regulars-out/manifest.json")
            .contains("the row of")
    );
    assert!(
        !sandbox
            .read("regulars-out/reports/gates.xml")
            .contains("90210"),
        "no ids in reports"
    );
    // What no run has written, or one that was cut off.
    let note = format!("call {CUSTOMER} back\n");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(note.as_bytes()).unwrap();
    sandbox.write("regulars-out/old/notes.txt.gz", packed.finish().unwrap());
    sandbox.write(
        "regulars-out/notes.json.zst",
        zstd::encode_all(note.as_bytes(), 1).unwrap(),
    );
    sandbox.write(
        "regulars-out/till.csv",
        format!("who,spent\n1,2\n{CUSTOMER},3\n"),
    );
    let copy = |from: &str, to: &str| fs::copy(out.join(from), out.join(to)).unwrap();
    copy("segments.parquet", "old/segments of May.parquet");
    copy("segments.csv", ".segments.csv.writing");
    let rows = files(&out.join("warehouse/interactions"));
    let rows = rows
        .iter()
        .find(|path| path.extension().is_some_and(|end| end == "parquet"));
    let rows = rows.unwrap();
    fs::copy(rows, rows.with_file_name("part-left.parquet")).unwrap();

    assert!(mentions(&out).len() > 10);
    sandbox
        .regulars(&["forget", CUSTOMER])
        .ended_with(0)
        .shows(&[
            "segments.parquet: 1 row",
            "profile.html: removed",
            "churn_model.json: removed, since this model holds the rows",
            "examples of the quality gates",
            "old/notes.txt.gz: removed",
            "till.csv: 1 row",
            "old/segments of May.parquet: 1 row",
            ".segments.csv.writing: removed",
            "key of the list",
        ]);
    assert_eq!(mentions(&out), Vec::<String>::new());
    assert_eq!(sandbox.read("regulars-out/till.csv"), "who,spent\n1,2\n");
    // What the manifest names is there, and is what it says.
    for file in sandbox.manifest("regulars-out")["files"]
        .as_array()
        .unwrap()
    {
        let path = out.join(file["path"].as_str().unwrap());
        assert_eq!(
            fs::metadata(&path).unwrap().len(),
            file["size"],
            "{}",
            path.display()
        );
    }
    sandbox
        .regulars(&["ingest", "--rebuild", "--quiet"])
        .ended_with(0);
    assert_eq!(mentions(&out), Vec::<String>::new());
}

#[test]
fn a_friend_who_is_forgotten_is_named_by_nobody() {
    let sandbox = Sandbox::new()
        .file(
            "people.csv",
            "who,friend,town\nC-90210,,Ulm\nC-1,C-90210,Ulm\nC-2,C-1,C-90210x\n",
        )
        .file(
            "lines.csv",
            "who,when,paid\nC-1,2024-01-01,1\nC-2,2024-01-02,2\nC-90210,2024-01-03,3\n",
        )
        .file(
            "regulars.toml",
            "[[sources]]\ntable = \"interactions\"\npath = \"lines.csv\"\n[sources.columns]\n\
             customer_id = \"who\"\noccurred_at = \"when\"\namount = \"paid\"\n\
             kind = { constant = \"purchase\" }\n[[sources]]\ntable = \"customers\"\n\
             path = \"people.csv\"\n[sources.columns]\ncustomer_id = \"who\"\n\
             friend = \"friend\"\ntown = \"town\"\n",
        );
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox
        .regulars(&["forget", "C-90210"])
        .ended_with(0)
        .shows(&["warehouse/customers: 1 row and 1 attribute of others that named them in 1 file"]);
    let rows = query(
        &sandbox.path("regulars-out"),
        "SELECT customer_id, friend, town FROM customers ORDER BY 1",
    );
    assert_eq!(rows, [["C-1", "", "Ulm"], ["C-2", "C-1", "C-90210x"]]);
}

#[cfg(unix)]
#[test]
fn the_list_of_the_forgotten_tells_nobody_who_they_are() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = numbered();
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox.regulars(&["forget", CUSTOMER]).ended_with(0);
    let list = sandbox.path("regulars-out/warehouse/forgotten.json");
    let key = sandbox.path(".config/regulars/forget.key");
    for path in [&list, &key] {
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
    let secret = fs::read_to_string(&key).unwrap();
    let beside = files(&sandbox.path("regulars-out"));
    assert!(
        beside
            .iter()
            .all(|path| !unpacked(path).contains(secret.trim()))
    );
    // Without the key nothing is loaded, since they would come back.
    let elsewhere = sandbox.path("safe.key");
    fs::rename(&key, &elsewhere).unwrap();
    let rebuild = ["ingest", "--quiet", "--rebuild"];
    sandbox
        .regulars(&rebuild)
        .ended_with(4)
        .says(&["the key of the list", "REGULARS_FORGET_KEY"]);
    sandbox.write("other.key", "0".repeat(64));
    let with = |name: &str| {
        let path = sandbox.path(name).display().to_string();
        sandbox.regulars_with(&[("REGULARS_FORGET_KEY", &path)], &rebuild)
    };
    with("other.key")
        .ended_with(4)
        .says(&["the key of the list"]);
    sandbox.write("broken.key", "not a key");
    with("broken.key").ended_with(3).says(&["is no key"]);
    with("safe.key").ended_with(0);
    assert_eq!(
        mentions(&sandbox.path("regulars-out")),
        Vec::<String>::new()
    );
}

#[test]
fn a_forget_that_was_killed_can_be_repeated() {
    let sandbox = numbered();
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    let (out, kept) = (sandbox.path("regulars-out"), sandbox.path("kept"));
    let copy = |from: &Path, to: &Path| {
        let _ = fs::remove_dir_all(to);
        let done = Command::new("cp").arg("-a").args([from, to]).status();
        assert!(done.unwrap().success());
    };
    copy(&out, &kept);
    for wait in [5, 20, 40, 60, 90, 130, 180, 250] {
        copy(&kept, &out);
        let mut forget = Command::new(env!("CARGO_BIN_EXE_regulars"))
            .args(["forget", CUSTOMER])
            .current_dir(sandbox.path(""))
            .env("XDG_CONFIG_HOME", sandbox.path(".config"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        let _ = forget.kill();
        let _ = forget.wait();
        sandbox.regulars(&["forget", CUSTOMER]).ended_with(0);
        assert_eq!(
            mentions(&out),
            Vec::<String>::new(),
            "killed after {wait} ms"
        );
        for file in sandbox.manifest("regulars-out")["files"]
            .as_array()
            .unwrap()
        {
            let path = out.join(file["path"].as_str().unwrap());
            assert_eq!(
                fs::metadata(&path).unwrap().len(),
                file["size"],
                "{}",
                path.display()
            );
        }
    }
}
