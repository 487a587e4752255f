//! A folder of its own for each test, the binary run in it, and a history small enough to read.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// A temporary folder in which regulars is run.
pub struct Sandbox {
    folder: tempfile::TempDir,
}

/// What a run of the binary left behind.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    shown: String,
}

impl Sandbox {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// A folder of its own with all that another holds: for a history that many tests begin with,
    /// loaded once and changed by none.
    pub fn like(other: &Self) -> Self {
        let sandbox = Self::new();
        copy(other.folder.path(), sandbox.folder.path());
        sandbox
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file; folders on the way are made.
    pub fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.write(name, content);
        self
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
        fs::write(path, content).expect("the file is written");
    }

    /// Runs the binary in the folder.
    pub fn regulars(&self, arguments: &[&str]) -> Run {
        self.regulars_in("", arguments)
    }

    /// Runs the binary in a folder below.
    pub fn regulars_in(&self, folder: &str, arguments: &[&str]) -> Run {
        self.run(folder, arguments, &[])
    }

    /// Runs the binary in the folder, with these environment variables.
    pub fn regulars_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Run {
        self.run("", arguments, variables)
    }

    fn run(&self, folder: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_regulars"))
            .args(arguments)
            .current_dir(self.path(folder))
            .env_remove("RUST_BACKTRACE")
            // Where keys are kept: each test has its own.
            .env("XDG_CONFIG_HOME", self.path(".config"))
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .output()
            .expect("the binary starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        let code = output.status.code().unwrap_or(-1);
        let shown = format!(
            "regulars {}\nin {}\nexit code {code}\n--- standard output\n{stdout}\n--- standard error\n{stderr}",
            arguments.join(" "),
            self.path(folder).display(),
        );
        let run = Run {
            code,
            stdout,
            stderr,
            shown,
        };
        run.never_panics();
        run
    }

    pub fn manifest(&self, out: &str) -> Value {
        let text =
            fs::read_to_string(self.path(out).join("manifest.json")).expect("there is a manifest");
        serde_json::from_str(&text).expect("the manifest is JSON")
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// The data files below a folder by name, each with its bytes.
    pub fn data_files(&self, out: &str) -> BTreeMap<String, Vec<u8>> {
        let manifest = self.manifest(out);
        let files = manifest["files"].as_array().expect("a list of files");
        files
            .iter()
            .map(|file| {
                let name = file["path"].as_str().expect("a path").to_owned();
                let bytes = fs::read(self.path(out).join(&name)).expect("the file is there");
                (name, bytes)
            })
            .collect()
    }

    /// The same without the summary, which says where they lie, and the report, which tells what has
    /// changed since the run before.
    pub fn results(&self, out: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.data_files(out);
        for name in ["summary.txt", "report.html", "report.json", "index.html"] {
            files.remove(name);
        }
        files
    }

    /// Names of files that are half written.
    pub fn unfinished(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)
                .expect("the folder can be read")
                .flatten()
            {
                let name = entry.file_name().to_string_lossy().into_owned();
                if entry.path().is_dir() {
                    folders.push(entry.path());
                } else if name.ends_with(".writing") {
                    found.push(entry.path().display().to_string());
                }
            }
        }
        found
    }
}

impl Run {
    /// No panic and no backtrace ever reaches a user.
    fn never_panics(&self) {
        for word in ["panicked at", "RUST_BACKTRACE", "stack backtrace"] {
            assert!(
                !self.stderr.contains(word),
                "a panic reached the user\n{}",
                self.shown
            );
        }
    }

    #[track_caller]
    pub fn ended_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "exit code\n{}", self.shown);
        self
    }

    #[track_caller]
    pub fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(
                self.stderr.contains(word),
                "standard error lacks `{word}`\n{}",
                self.shown
            );
        }
        self
    }

    #[track_caller]
    pub fn shows(self, words: &[&str]) -> Self {
        for word in words {
            assert!(
                self.stdout.contains(word),
                "standard output lacks `{word}`\n{}",
                self.shown
            );
        }
        self
    }
}

/// The columns of a CSV file by name.
pub fn columns(csv: &str) -> BTreeMap<String, Vec<String>> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let names: Vec<String> = reader
        .headers()
        .expect("a header")
        .iter()
        .map(str::to_owned)
        .collect();
    let mut columns: BTreeMap<String, Vec<String>> = names
        .iter()
        .map(|name| (name.clone(), Vec::new()))
        .collect();
    for record in reader.records() {
        let record = record.expect("a row");
        for (name, value) in names.iter().zip(record.iter()) {
            columns
                .get_mut(name)
                .expect("a known column")
                .push(value.to_owned());
        }
    }
    columns
}

/// A history of purchase lines as CSV: customers come every few days, each at a pace of their
/// own, a third of them stops coming, and `bread` brings `butter` along.
pub fn shop(customers: u32, days: u32) -> String {
    let mut csv = String::from("customer,when,basket,product,paid\n");
    let mut basket = 0;
    for customer in 0..customers {
        let pace = 3 + customer % 11;
        let last = if customer % 3 == 0 {
            days / 3 + (customer * 7) % (days / 2)
        } else {
            days
        };
        let mut day = customer % pace;
        while day < last {
            basket += 1;
            let when = date(day);
            let mut line = |product: &str, price: u32| {
                let _ = writeln!(
                    csv,
                    "C{customer:04},{when} 1{}:30:00,{basket},{product},{price}.50",
                    basket % 10
                );
            };
            if basket % 2 == 0 {
                line("bread", 2);
                if basket % 4 == 0 || basket % 6 == 0 {
                    line("butter", 3);
                }
            }
            if basket % 3 == 0 {
                line("milk", 1);
            }
            if basket % 5 == 0 {
                line("tea", 4);
            }
            if basket % 7 == 0 && day > days / 2 {
                line("honey", 6);
            }
            line("apples", 2 + customer % 5);
            day += pace + (basket + customer) % 3;
        }
    }
    csv
}

/// The day of this number, from 2023-01-01 on.
pub fn date(day: u32) -> String {
    let first = chrono::NaiveDate::from_ymd_opt(2023, 1, 1).expect("a date");
    (first + chrono::Days::new(day.into())).to_string()
}

/// Products of [`shop`].
pub const PRODUCTS: &str = "id,label,shelf,kind\n\
    bread,Bread,Bakery,Loaves\nbutter,Butter,Dairy,Spreads\nmilk,Milk,Dairy,Drinks\n\
    tea,Tea,Grocery,Hot drinks\nhoney,Honey,Grocery,Sweet\napples,Apples,Produce,Fruit\n";

/// Settings for `lines.csv` as [`shop`] writes it, and for `products.csv`.
pub const SETTINGS: &str = r#"
[project]
name = "Corner shop"
timezone = "Europe/Berlin"
currency = "EUR"

[[sources]]
table = "interactions"
path = "lines.csv"
[sources.columns]
customer_id = "customer"
occurred_at = "when"
kind = { constant = "purchase" }
basket_id = "basket"
product_id = "product"
amount = "paid"

[[sources]]
table = "products"
path = "products.csv"
[sources.columns]
product_id = "id"
name = "label"
department = "shelf"
category = "kind"
"#;

/// A folder with a history of its own, ready to run.
pub fn shop_sandbox(customers: u32, days: u32) -> Sandbox {
    Sandbox::new()
        .file("lines.csv", shop(customers, days))
        .file("products.csv", PRODUCTS)
        .file("regulars.toml", SETTINGS)
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("copied");
    for entry in fs::read_dir(from).expect("copied").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// Whether a path is below a folder that the repository ignores.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What a query over the tables of a warehouse says: every table under its name as its log has it
/// now, with the columns that `ingest` adds.
pub fn query(out: &Path, sql: &str) -> Vec<Vec<String>> {
    use arrow::util::display::{ArrayFormatter, FormatOptions};
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(8 << 20)
        .enable_all()
        .build()
        .expect("a runtime");
    let batches = runtime.block_on(async {
        let session = datafusion::prelude::SessionContext::new();
        for entry in fs::read_dir(out.join("warehouse"))
            .expect("a warehouse")
            .flatten()
        {
            if !entry.path().join("_delta_log").is_dir() {
                continue;
            }
            let url = url::Url::from_directory_path(entry.path().canonicalize().expect("a path"))
                .expect("a URL");
            let table = deltalake::DeltaTable::try_from_url(url)
                .await
                .expect("a table");
            if table.version().is_none() {
                continue;
            }
            let folder = entry.path().canonicalize().expect("a path");
            let provider = regulars::engine::delta::LiveFiles::of(&table, &folder)
                .await
                .expect("its files");
            let name = entry.file_name().to_string_lossy().into_owned();
            session
                .register_table(name.as_str(), std::sync::Arc::new(provider))
                .expect("registered");
        }
        session
            .sql(sql)
            .await
            .expect("a plan")
            .collect()
            .await
            .expect("an answer")
    });
    let options = FormatOptions::default();
    let mut rows = Vec::new();
    for batch in &batches {
        let columns: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| {
                ArrayFormatter::try_new(column.as_ref(), &options)
                    .expect("a column that can be shown")
            })
            .collect();
        for row in 0..batch.num_rows() {
            rows.push(
                columns
                    .iter()
                    .map(|column| column.value(row).to_string())
                    .collect(),
            );
        }
    }
    rows
}

/// A page goes nowhere and runs nothing but the one script of all pages, which its head names by hash.
pub fn needs_nothing_from_elsewhere(page: &str) {
    // The name of the language of pictures is no address that anybody goes to.
    let page = page.replace("http://www.w3.org/2000/svg", "");
    for outside in [
        "http://",
        "https://",
        "@import",
        "url(",
        "<link",
        " onload=",
        " onclick=",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert_eq!(page.matches("<script").count(), 1);
    assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-"));
}
