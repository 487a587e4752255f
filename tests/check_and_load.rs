//! `check --all` and `ingest` judge alike: the same exit code, and for each table the same rejects with
//! the same reasons, whatever dirt is in the sources.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::util::{Sandbox, columns, shop};

/// How long dirt is made.
const TIME: Duration = Duration::from_secs(50);

/// What may stand in a cell, whatever the column.
const DIRT: [&str; 36] = [
    "",
    " ",
    "NULL",
    "n/a",
    "-",
    "0",
    "-1",
    "1.5",
    "1e3",
    "1e22",
    "NaN",
    "inf",
    "1.234,50",
    "1,234.50",
    "(12.00)",
    "12.00-",
    "€ 5.00",
    "5.00 USD",
    "00017",
    "17.0",
    "99999999999999999999",
    "2023-02-29",
    "2023-03-26 02:30:00",
    "2023-01-02T03:04:05Z",
    "2023-01-02 03:04:05 America/New_York",
    "01/02/2023",
    "45292",
    "2999-01-01",
    "0000-00-00",
    "1900-01-01 10:00:00",
    "yes",
    "true",
    "purchase",
    "C0001",
    "\"a, \"\"quoted\"\" one\"",
    "=1+1",
];

const SETTINGS: &str = r#"
[project]
timezone = "Europe/Berlin"
[ingest]
max_reject_share = 1.0
DUPLICATES
[[sources]]
table = "interactions"
path = "lines.csv"
KEY
[sources.columns]
customer_id = "customer"
occurred_at = "when"
kind = { constant = "purchase" }
basket_id = "basket"
product_id = "product"
amount = "paid"

[[sources]]
table = "customers"
path = "customers.csv"
[sources.columns]
customer_id = "id"
joined_at = "joined"
consent = "consent"
size = { column = "size", type = "number" }
"#;

struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

/// A table with cells, fields and lines that are not as they should be.
fn dirty(csv: &str, chance: &mut Chance) -> String {
    let mut lines: Vec<String> = csv.lines().map(str::to_owned).collect();
    for _ in 0..1 + chance.below(25) {
        let at = 1 + chance.below(lines.len() - 1);
        let line = lines[at].clone();
        let mut fields: Vec<&str> = line.split(',').collect();
        let field = chance.below(fields.len());
        let dirt = DIRT[chance.below(DIRT.len())];
        match chance.below(12) {
            0 => lines.insert(at, line.clone()),
            1 => drop(fields.remove(field)),
            2 => fields.insert(field, dirt),
            3 => lines.insert(at, String::new()),
            4 => lines.insert(at, ",".repeat(fields.len() - 1)),
            _ => fields[field] = dirt,
        }
        let changed = fields.join(",");
        if changed != line {
            lines[at] = changed;
        }
    }
    lines.join("\n") + "\n"
}

/// How often each reason was given, by table.
pub type Reasons = BTreeMap<String, BTreeMap<String, u64>>;

/// What `check` has printed of them.
pub fn of_check(stdout: &str) -> Reasons {
    let mut found = Reasons::new();
    let mut table = String::new();
    for line in stdout.lines() {
        if !line.is_empty() && line.chars().all(|c| c.is_ascii_uppercase()) {
            table = line.to_lowercase();
        }
        let Some((times, rest)) = line.trim_start().split_once(" x ") else {
            continue;
        };
        let (Ok(times), Some((reason, _))) = (
            times.replace(',', "").parse::<u64>(),
            rest.rsplit_once(", first "),
        ) else {
            continue;
        };
        *found
            .entry(table.clone())
            .or_default()
            .entry(reason.to_owned())
            .or_default() += times;
    }
    found
}

/// What a load has listed, but for lines that were there already, of which only a load knows.
pub fn of_load(out: &Path) -> Reasons {
    let mut found = Reasons::new();
    for table in ["interactions", "customers", "products", "campaigns"] {
        let Ok(csv) = fs::read_to_string(out.join(format!("rejects/{table}.csv"))) else {
            continue;
        };
        let cells = columns(&csv);
        for (column, reason) in cells["column"].iter().zip(&cells["reason"]) {
            let known = [
                "is an exact copy of an earlier line",
                "says what the row with its key says already",
            ];
            if known.contains(&reason.as_str()) {
                continue;
            }
            let what = match column.as_str() {
                "" => reason.clone(),
                column => format!("{column} {reason}"),
            };
            *found
                .entry(table.to_owned())
                .or_default()
                .entry(what)
                .or_default() += 1;
        }
    }
    found
}

#[test]
fn what_check_counts_is_what_a_load_rejects() {
    let clock = Instant::now();
    let lines = shop(6, 40);
    let mut customers = String::from("id,joined,consent,size\n");
    for customer in 0..6 {
        customers += &format!(
            "C{customer:04},2022-0{}-01,yes,{customer}.5\n",
            1 + customer
        );
    }
    let (mut tries, mut refused, mut rejected) = (0, 0, 0);
    while clock.elapsed() < TIME && tries < 150 {
        let mut chance = Chance(tries * 7919 + 1);
        let key = ["", "key = [\"customer\", \"when\", \"product\"]"][chance.below(2)];
        let duplicates = ["", "duplicates = \"keep\""][chance.below(2)];
        let settings = SETTINGS
            .replace("KEY", key)
            .replace("DUPLICATES", duplicates);
        let sandbox = Sandbox::new()
            .file("lines.csv", dirty(&lines, &mut chance))
            .file("customers.csv", dirty(&customers, &mut chance))
            .file("regulars.toml", settings);
        let check = sandbox.regulars(&["check", "--all"]);
        let load = sandbox.regulars(&["ingest", "--quiet"]);
        let shown = format!(
            "try {tries}\n{}\n{}\n--- check\n{}{}\n--- ingest\n{}",
            sandbox.read("lines.csv"),
            sandbox.read("customers.csv"),
            check.stdout,
            check.stderr,
            load.stderr
        );
        assert_eq!(check.code, load.code, "{shown}");
        tries += 1;
        if load.code != 0 {
            refused += 1;
            continue;
        }
        let (said, done) = (
            of_check(&check.stdout),
            of_load(&sandbox.path("regulars-out")),
        );
        rejected += done.values().flat_map(BTreeMap::values).sum::<u64>();
        assert_eq!(said, done, "{shown}");
    }
    assert!(tries >= 10, "only {tries} tries in {TIME:?}");
    assert!(
        refused * 2 < tries,
        "{refused} of {tries} were refused as a whole"
    );
    assert!(rejected > tries, "{rejected} rejects in {tries} tries");
}
