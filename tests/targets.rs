//! Lists that are sent: who is on them, who never is, and what they have earned.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::OnceLock;

use arrow::array::AsArray;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::util::{Sandbox, columns, needs_nothing_from_elsewhere, shop, shop_sandbox};

/// Customers of the shop.
const CUSTOMERS: u32 = 90;

/// What the customers' table maps.
const CUSTOMERS_SOURCE: &str = r#"
[[sources]]
table = "customers"
path = "customers.csv"
[sources.columns]
customer_id = "id"
name = "name"
region = "region"
rate = { column = "rate", type = "number" }
consent = "consent"
consent_email = "email"
"#;

/// A customer as the shop knows them: their number with leading zeros, but one who is a formula.
fn id(customer: u32) -> String {
    match customer {
        5 => "=1+1".to_owned(),
        customer => format!("0{customer:04}"),
    }
}

fn region(customer: u32) -> &'static str {
    match customer % 4 {
        0 => "North",
        _ => "South",
    }
}

/// The table of customers: who has said what, and no row for the last three.
fn customers(consent: &dyn Fn(u32) -> &'static str, email: &dyn Fn(u32) -> &'static str) -> String {
    let mut csv = String::from("id,name,region,rate,consent,email\n");
    for customer in 0..CUSTOMERS - 3 {
        let name = match customer {
            6 => "=HYPERLINK(\"http://x\")".to_owned(),
            customer => format!("Person {customer}"),
        };
        let _ = writeln!(
            csv,
            "{},\"{}\",{},0.{:03},{},{}",
            id(customer),
            name.replace('"', "\"\""),
            region(customer),
            100 + customer,
            consent(customer),
            email(customer)
        );
    }
    csv
}

fn said(customer: u32) -> &'static str {
    match customer {
        10 => "opt-out",
        11 => "拒绝",
        12 => "no",
        13..=19 => "granted",
        _ => "",
    }
}

fn said_of_email(customer: u32) -> &'static str {
    match customer {
        13 => "withdrawn",
        14 => "perhaps",
        15..=30 => "yes",
        _ => "",
    }
}

/// The shop with segments and suggestions, made once.
fn base() -> Sandbox {
    static BASE: OnceLock<Sandbox> = OnceLock::new();
    let base = BASE.get_or_init(|| {
        let sandbox = shop_sandbox(CUSTOMERS, 300);
        let mut lines = shop(CUSTOMERS, 300).replace("\nC", "\n0");
        lines = lines.replace("\n00005,", "\n=1+1,");
        sandbox.write("lines.csv", lines);
        sandbox.write("customers.csv", customers(&said, &said_of_email));
        let settings = sandbox.read("regulars.toml") + CUSTOMERS_SOURCE;
        sandbox.write("regulars.toml", settings);
        for stage in ["ingest", "features", "segment", "offers"] {
            sandbox.regulars(&[stage, "--quiet"]).ended_with(0);
        }
        sandbox
    });
    Sandbox::like(base)
}

/// The same with more settings.
fn shop_with(targets: &str) -> Sandbox {
    let sandbox = base();
    let settings = sandbox.read("regulars.toml") + targets;
    sandbox.write("regulars.toml", settings);
    sandbox
}

/// The customers of a list, as its CSV has them.
fn sent(sandbox: &Sandbox, list: &str) -> Vec<String> {
    let csv = sandbox.read(&format!("regulars-out/targets/{list}.csv"));
    let csv = csv.strip_prefix('\u{feff}').expect("a byte order mark");
    columns(csv).remove("customer_id").expect("the ids")
}

/// Who is in which group, by the ledger.
fn ledger(sandbox: &Sandbox, list: &str) -> BTreeMap<String, String> {
    let folder = sandbox.path("regulars-out/targets/ledger");
    let mut groups = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a ledger").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(&format!("{list}-20")) {
            for (id, group) in pairs(&entry.path()) {
                groups.insert(id, group);
            }
        }
    }
    groups
}

fn pairs(path: &Path) -> Vec<(String, String)> {
    let file = fs::File::open(path).expect("a file of the ledger");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
    let mut pairs = Vec::new();
    for batch in reader.build().expect("rows") {
        let batch = batch.expect("a batch");
        let text = |name: &str| {
            let column = batch.column_by_name(name).expect("a column");
            column
                .as_string::<i32>()
                .iter()
                .flatten()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        pairs.extend(text("customer_id").into_iter().zip(text("group")));
    }
    pairs
}

fn group(groups: &BTreeMap<String, String>, name: &str) -> BTreeSet<String> {
    let of = groups.iter().filter(|(_, group)| *group == name);
    of.map(|(id, _)| id.clone()).collect()
}

/// Every file that leaves the building as text, unpacked: the lists, and not the ledger.
fn files_of_lists(sandbox: &Sandbox) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(sandbox.path("regulars-out/targets"))
        .expect("lists")
        .flatten()
    {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let text = match path.extension().and_then(|ending| ending.to_str()) {
            None => continue,
            Some("parquet") => cells(&path),
            Some("xlsx") => sheets(&path),
            Some(_) => fs::read_to_string(&path).expect("text"),
        };
        files.push((name, text));
    }
    files
}

fn cells(path: &Path) -> String {
    let file = fs::File::open(path).expect("a file");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
    let mut text = String::new();
    for batch in reader.build().expect("rows") {
        let batch = batch.expect("a batch");
        let options = arrow::util::display::FormatOptions::default();
        for column in batch.columns() {
            let shown = arrow::util::display::ArrayFormatter::try_new(column.as_ref(), &options);
            let shown = shown.expect("shown");
            for row in 0..column.len() {
                let _ = writeln!(text, "{}", shown.value(row));
            }
        }
    }
    text
}

pub fn sheets(path: &Path) -> String {
    let mut archive = zip::ZipArchive::new(fs::File::open(path).expect("a file")).expect("a zip");
    let mut text = String::new();
    for number in 0..archive.len() {
        archive
            .by_index(number)
            .expect("a part")
            .read_to_string(&mut text)
            .expect("XML");
    }
    text
}

/// Whether a text names a customer, not as part of another word.
fn names(text: &str, id: &str) -> bool {
    let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric());
    text.match_indices(id).any(|(at, _)| {
        !part(text[..at].chars().next_back()) && !part(text[at + id.len()..].chars().next())
    })
}

const SPRING: &str = r#"
[targets]
personal = ["name"]
[targets.spring]
who = "region = 'South'"
offer = "Dear {name}, {suggestion} for {monetary}: {{10}} % off"
channel = "email"
response_rate = "rate"
value = "monetary"
contact_cost = 0.5
budget = 10
control = 0.2
columns = ["region", "name", "rate"]
"#;

#[test]
fn a_list_has_the_best_of_those_who_may_be_contacted_in_files_that_open() {
    let sandbox = shop_with(SPRING);
    let run = sandbox.regulars(&["targets"]).ended_with(0);
    let run = run.shows(&[
        "20 customers to contact, 5 held back (20.0 % of the list)",
        "said no to being contacted",
    ]);
    run.says(&["consent or consent_email has values that are neither yes nor no and count as no: `perhaps` (1)"]);
    let ids = sent(&sandbox, "spring");
    assert_eq!(ids.len(), 20);
    assert!(
        ids.iter().all(|id| id.starts_with('0') || id == "'=1+1"),
        "{ids:?}"
    );
    let groups = ledger(&sandbox, "spring");
    let contacted = group(&groups, "sent");
    assert_eq!(
        contacted,
        ids.iter()
            .map(|id| id.trim_start_matches('\'').to_owned())
            .collect()
    );
    let control = group(&groups, "control");
    assert_eq!(control.len(), 5);
    for (name, text) in files_of_lists(&sandbox) {
        for id in &control {
            assert!(!names(&text, id), "{name} has {id}, who is held back");
        }
    }
    let spring = sandbox.read("regulars-out/targets/spring.csv");
    let offers = columns(spring.trim_start_matches('\u{feff}'))
        .remove("offer")
        .expect("offers");
    assert!(
        offers
            .iter()
            .all(|offer| offer.starts_with("Dear ") && offer.ends_with(": {10} % off"))
    );
    let book = sheets(&sandbox.path("regulars-out/targets/spring.xlsx"));
    for word in ["<f>", "<f "] {
        assert!(!book.contains(word), "a formula in the spreadsheet");
    }
    for word in [
        "<pane ",
        "<autoFilter ",
        ">List<",
        "name=\"Columns\"",
        "name=\"Counts\"",
        "held back",
    ] {
        assert!(
            book.contains(word) || word == ">List<",
            "the spreadsheet lacks {word}"
        );
    }
    assert!(names(&book, &ids[0]), "ids keep their zeros");
}

#[test]
fn names_that_are_formulas_do_nothing() {
    let sandbox = shop_with(
        "[targets.all]\nwho = \"customer_id IN ('=1+1', '00006')\"\ncolumns = [\"name\"]\n",
    );
    sandbox.regulars(&["targets"]).ended_with(0);
    let csv = sandbox.read("regulars-out/targets/all.csv");
    assert!(
        csv.contains("'=1+1,") && csv.contains("\"'=HYPERLINK"),
        "{csv}"
    );
    let book = sheets(&sandbox.path("regulars-out/targets/all.xlsx"));
    assert!(book.contains(">=1+1<") && book.contains("=HYPERLINK(") && !book.contains("<f>"));
}

#[test]
fn whoever_may_not_be_contacted_is_in_no_file_of_the_list() {
    let targets = r#"
[targets]
suppress = ["stop.csv", { path = "dead.csv", id = "no" }]
cap = { contacts = 1, days = 28 }
[targets.first]
who = "region = 'South'"
channel = "email"
control = 0.3
[targets.second]
who = "true"
channel = "post"
"#;
    let sandbox = shop_with(targets);
    sandbox.write("stop.csv", "\u{feff}customer_id\n00021\n'=1+1\n");
    sandbox.write("dead.csv", "name;no\nx;00022\ny;00023\n");
    sandbox.regulars(&["targets"]).ended_with(0).shows(&[
        "said no to being contacted",
        "are on stop.csv",
        "are on dead.csv",
        "are in the control group of first of 2023-10-28, which runs until 2023-11-25",
        "have had 1 contact in 28 days by other lists",
        "have not said whether they may be contacted; they may be",
    ]);
    let never = [10, 11, 12, 5, 21, 22, 23].map(id);
    // By email also those who have taken it back, or said something that is no yes.
    let not_by_email = [13, 14].map(id);
    let first = ledger(&sandbox, "first");
    let control = group(&first, "control");
    assert!(control.len() > 10);
    for (name, text) in files_of_lists(&sandbox) {
        let of_first = name.starts_with("first");
        let barred = never
            .iter()
            .chain(&control)
            .chain(not_by_email.iter().filter(|_| of_first));
        for id in barred {
            assert!(!names(&text, id), "{name} has {id}");
        }
    }
    for id in never.iter().chain(&not_by_email) {
        assert!(!first.contains_key(id), "the control group has {id}");
    }
    let contacted = group(&first, "sent");
    let second: BTreeSet<String> = sent(&sandbox, "second").into_iter().collect();
    assert!(contacted.is_disjoint(&second), "the cap holds over lists");
    assert!(second.contains("00013"), "no to email is not no to post");
    assert!(
        second.contains(&id(CUSTOMERS - 1)),
        "who has no row has not said no"
    );
}

#[test]
fn only_yes_leaves_out_who_was_not_asked() {
    let sandbox = shop_with("[targets.all]\nwho = \"true\"\n");
    let settings = sandbox.read("regulars.toml");
    let settings = settings.replace("[project]", "[project]\nconsent = \"only yes\"");
    sandbox.write("regulars.toml", settings);
    sandbox
        .regulars(&["targets"])
        .ended_with(0)
        .shows(&["have not said that they may be contacted"]);
    let ids = sent(&sandbox, "all");
    assert_eq!(ids, (13..=19).map(id).collect::<Vec<_>>());
}

#[test]
fn consent_that_is_withdrawn_between_two_loads_counts_at_once() {
    let sandbox = shop_with("[targets.all]\nwho = \"true\"\ncontrol = 0.1\n");
    sandbox.regulars(&["targets"]).ended_with(0);
    let before = sent(&sandbox, "all");
    let leaves = before.first().expect("somebody").clone();
    let number: u32 = leaves.parse().expect("a number");
    let later = move |customer: u32| match customer == number {
        true => "withdrawn",
        false => said(customer),
    };
    sandbox.write("customers.csv", customers(&later, &said_of_email));
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    // Not even by asking for an earlier state of the warehouse.
    for more in [&[][..], &["--known-at", "2020-01-01"][..]] {
        let arguments = [&["targets"][..], more].concat();
        sandbox.regulars(&arguments).ended_with(0);
        for (name, text) in files_of_lists(&sandbox) {
            assert!(!names(&text, &leaves), "{name} has {leaves}");
        }
        assert!(!ledger(&sandbox, "all").contains_key(&leaves));
    }
    sandbox.regulars(&["targets"]).ended_with(0);
    assert_eq!(sent(&sandbox, "all").len() + 1, before.len());
}

#[test]
fn a_list_that_changes_is_said_to_and_the_same_list_is_the_same_bytes() {
    let sandbox = shop_with(SPRING);
    sandbox
        .regulars(&["targets", "--threads", "1"])
        .ended_with(0);
    let first = sandbox.data_files("regulars-out");
    let again = sandbox
        .regulars(&["targets", "--threads", "2"])
        .ended_with(0);
    assert!(!again.stderr.contains("made anew"), "{}", again.stderr);
    let second = sandbox.data_files("regulars-out");
    let names: Vec<_> = first
        .keys()
        .filter(|name| name.starts_with("targets/"))
        .collect();
    assert_eq!(names.len(), 4, "{names:?}");
    for name in names {
        assert!(first[name] == second[name], "{name} differs");
    }
    let settings = sandbox
        .read("regulars.toml")
        .replace("budget = 10", "budget = 9");
    sandbox.write("regulars.toml", settings);
    sandbox
        .regulars(&["targets"])
        .ended_with(0)
        .says(&["spring of 2023-10-28 was made before and is made anew in the ledger too"]);
    assert_eq!(sent(&sandbox, "spring").len(), 18);
}

#[test]
fn lists_that_are_not_asked_for_stay_and_those_without_settings_go() {
    let lists = "[targets.a]\nwho = \"true\"\n[targets.b]\nwho = \"true\"\n";
    let sandbox = shop_with(lists);
    sandbox.regulars(&["targets"]).ended_with(0);
    sandbox.regulars(&["targets", "b"]).ended_with(0);
    assert!(sandbox.exists("regulars-out/targets/a.xlsx"));
    let settings = sandbox
        .read("regulars.toml")
        .replace("[targets.a]\nwho = \"true\"\n", "");
    sandbox.write("regulars.toml", settings);
    sandbox.regulars(&["targets"]).ended_with(0);
    assert!(!sandbox.exists("regulars-out/targets/a.csv"));
    assert!(
        !ledger(&sandbox, "a").is_empty(),
        "what was sent stays in the ledger"
    );
    sandbox
        .regulars(&["targets", "c"])
        .ended_with(2)
        .says(&["there is no list `c`", "`b`"]);
}

#[test]
fn quotas_are_kept_and_those_that_cannot_be_met_are_named() {
    let list = |quota: &str| {
        format!(
            "[targets.few]\nwho = \"true\"\nresponse_rate = 0.1\nvalue = \"monetary\"\nmost = 30\n{quota}\n"
        )
    };
    let sandbox = shop_with(&list("quota.region = { North = 4, South = 0.5 }"));
    sandbox.regulars(&["targets"]).ended_with(0);
    let settings = sandbox
        .read("regulars.toml")
        .replace("most = 30", "most = 30\ncolumns = [\"region\"]");
    sandbox.write("regulars.toml", &settings);
    sandbox.regulars(&["targets"]).ended_with(0);
    let csv = sandbox.read("regulars-out/targets/few.csv");
    let regions = columns(csv.trim_start_matches('\u{feff}'))
        .remove("region")
        .expect("regions");
    let of = |name: &str| regions.iter().filter(|region| *region == name).count();
    assert_eq!(
        (of("North"), of("South"), of("")),
        (4, 15, 3),
        "three customers have no row"
    );
    let quota = "North = 4, South = 0.5";
    let sandbox = shop_with(&list("quota.region = { North = 25, Sout = 5 }"));
    sandbox.regulars(&["targets"]).ended_with(0).says(&[
        "few: the quota of 25 for North is not met,",
        "of it could be chosen",
        "few: the quota of 5 for Sout is not met, 0 are chosen: there is nobody of it; is `South` meant?",
    ]);
    let more = settings.replace(quota, "North = 20, South = 0.5");
    sandbox.write("regulars.toml", more);
    sandbox.regulars(&["targets"]).ended_with(2).says(&[
        "together the quotas want 35 customers (North 20, South 50.0 %), and the list has room for 30",
    ]);
}

/// A list as its CSV has it.
fn list(sandbox: &Sandbox, name: &str) -> BTreeMap<String, Vec<String>> {
    let csv = sandbox.read(&format!("regulars-out/targets/{name}.csv"));
    columns(csv.trim_start_matches('\u{feff}'))
}

#[test]
fn quotas_of_several_columns_are_kept_together_or_named() {
    let of = |quotas: &str| {
        format!(
            "[targets.few]\nwho = \"region IS NOT NULL\"\nresponse_rate = 0.1\nvalue = \"monetary\"\nmost = 30\n\
             columns = [\"region\", \"segment\"]\n{quotas}\n"
        )
    };
    let sandbox = shop_with(&of(
        "quota.region = { North = { least = 12 } }\nquota.segment = { Champions = 6, \"At Risk\" = { most = 3 } }",
    ));
    let run = sandbox.regulars(&["targets"]).ended_with(0);
    assert!(
        run.stdout.contains("the best possible"),
        "the loss is said: {}",
        run.stdout
    );
    let table = list(&sandbox, "few");
    let count = |name: &str, value: &str| table[name].iter().filter(|v| *v == value).count();
    assert_eq!(table["region"].len(), 30);
    assert!(count("region", "North") >= 12);
    assert!(count("segment", "Champions") <= 6 && count("segment", "At Risk") <= 3);
    let manifest = sandbox.manifest("regulars-out");
    let loss = &manifest["stages"]["targets"]["metrics"]["lists"][0]["loss"];
    assert!(loss.as_f64().expect("a loss") < 0.1, "{loss}");

    // Everybody is in the North or the South, and the list has room for 30.
    let none = of("quota.region = { North = { least = 15 } }\nquota.name = { x = 1 }").replace(
        "quota.name = { x = 1 }",
        "quota.consent_email = { yes = { least = 16 } }",
    );
    let sandbox = shop_with(&none.replace("most = 30", "most = 16"));
    sandbox.regulars(&["targets"]).ended_with(3).says(&[
        "[targets] few quota: the quotas cannot be met together",
        "at least 15 for region North",
        "for consent_email yes",
        "the 16 places of the list",
    ]);
    let sandbox = shop_with(&of("quota.region = { North = { least = 200 } }"));
    sandbox
        .regulars(&["targets"])
        .ended_with(2)
        .says(&["together the quotas want 200 customers (North 200)"]);
    let sandbox = shop_with(&of("quota.region = { North = { least = 28 } }"));
    sandbox.regulars(&["targets"]).ended_with(0).says(&[
        "few: the quota of at least 28 for North is not met,",
        "of it could be chosen",
    ]);
}

#[test]
fn lists_that_share_a_budget_keep_to_it_and_to_the_cap_together() {
    let lists = r#"
[targets]
budget = 30
cap = { contacts = 1, days = 28 }
[targets.mail]
who = "true"
response_rate = 0.1
value = "monetary"
contact_cost = 0.5
control = 0.2
[targets.letter]
who = "region = 'South'"
response_rate = 0.35
value = "monetary"
contact_cost = 2
"#;
    let sandbox = shop_with(lists);
    let run = sandbox.regulars(&["targets"]).ended_with(0);
    run.shows(&[
        "Contacts cost",
        "of the 30 EUR that the lists share",
        "What they bring together is",
        "are on another list that shares the budget",
    ]);
    let (mail, letter) = (ledger(&sandbox, "mail"), ledger(&sandbox, "letter"));
    let cost = 0.5 * group(&mail, "sent").len() as f64 + 2.0 * group(&letter, "sent").len() as f64;
    assert!(cost <= 30.0 && cost > 27.0, "{cost}");
    assert!(!mail.is_empty() && !letter.is_empty());
    assert!(
        mail.keys().all(|id| !letter.contains_key(id)),
        "one contact each"
    );
    assert!(!group(&mail, "control").is_empty());
    // Each by itself leaves the other what it has spent.
    sandbox.regulars(&["targets", "letter"]).ended_with(0);
    let again = ledger(&sandbox, "letter");
    let mail_cost = 0.5 * group(&mail, "sent").len() as f64;
    assert!(mail_cost + 2.0 * group(&again, "sent").len() as f64 <= 30.0);
    for (change, words) in [
        (
            ("budget = 30", "budget = 0.2"),
            "0.2 does not pay for one contact, which costs 0.5 or more",
        ),
        (("budget = 30", "budget = -1"), "-1 is no budget"),
        (
            ("value = \"monetary\"\ncontact_cost = 2", "contact_cost = 2"),
            "it is not said what a response is worth",
        ),
    ] {
        let sandbox = shop_with(&lists.replace(change.0, change.1));
        sandbox.regulars(&["targets"]).ended_with(2).says(&[words]);
    }
}

#[test]
fn bad_lists_are_refused_with_their_place() {
    for (list, code, words) in [
        (
            "[targets.\"a/b\"]\nwho = \"true\"\n",
            2,
            "`a/b` cannot be the name of a list",
        ),
        (
            "[targets.x]\nwho = \"segmnt = 'Champions'\"\n",
            2,
            "did you mean `segment`?",
        ),
        (
            "[targets.x]\nwho = \"monetary\"\n",
            2,
            "this is no condition",
        ),
        (
            "[targets.x]\nwho = \"monetary >\"\n",
            2,
            "[targets] x who: this SQL does not fit",
        ),
        (
            "[targets.x]\nwho = \"true\"\noffer = \"{nmae}\"\n",
            2,
            "did you mean `name`?",
        ),
        (
            "[targets.x]\nwho = \"true\"\ncolumns = [\"regoin\"]\n",
            2,
            "did you mean `region`?",
        ),
        (
            "[targets.x]\nwho = \"true\"\nbudget = 0.5\ncontact_cost = 0.8\nresponse_rate = 1\nvalue = 1\n",
            2,
            "0.5 does not pay for one contact, which costs 0.8",
        ),
        (
            "[targets]\npersonal = [\"nam\"]\n[targets.x]\nwho = \"true\"\n",
            2,
            "did you mean `name`?",
        ),
        (
            "[targets]\nsuppress = [\"none.csv\"]\n[targets.x]\nwho = \"true\"\n",
            2,
            "there is no file",
        ),
        (
            "[targets]\nsuppress = [\"lines.csv\"]\n[targets.x]\nwho = \"true\"\n",
            2,
            "has no column `customer_id`",
        ),
        (
            "[targets.x]\nwho = \"true\"\nresponse_rate = \"region\"\nvalue = 1\n",
            2,
            "this is no number",
        ),
        (
            "[targets.x]\nwho = \"true\"\ncontrol = { effect = 0.02, base = 0.1 }\n",
            3,
            "have to be held back and as many contacted",
        ),
        ("", 2, "there is no list"),
    ] {
        let sandbox = shop_with(list);
        sandbox
            .regulars(&["targets"])
            .ended_with(code)
            .says(&[words]);
        assert!(!sandbox.exists("regulars-out/targets/x.csv"), "{list}");
    }
}

#[test]
fn nobody_on_a_list_and_nobody_on_a_file_are_warned_of() {
    let sandbox = shop_with(
        "[targets]\nsuppress = [\"stop.csv\"]\n[targets.x]\nwho = \"region = 'Sauth'\"\ncontrol = 0.1\n\
         [run]\nfail_on = [\"empty-list\"]\n",
    );
    sandbox.write("stop.csv", "customer_id\n21\n22\n");
    sandbox.regulars(&["targets"]).ended_with(1).says(&[
        "x: nobody is on it, since nobody fits who = region = 'Sauth'",
        "none of the 2 ids on stop.csv is a customer; is the id column right?",
    ]);
    assert_eq!(sent(&sandbox, "x"), Vec::<String>::new());
    assert!(sandbox.exists("regulars-out/targets/x.xlsx"));
    // An empty list of the ledger is read again.
    sandbox.regulars(&["targets"]).ended_with(1);
}

#[test]
fn a_condition_is_counted_before_there_are_settings() {
    let sandbox = base();
    sandbox
        .regulars(&["targets", "--count", "region = 'South'"])
        .ended_with(0)
        .shows(&[
            "may be contacted",
            "all ",
            "65",
            "said no to being contacted",
        ]);
    sandbox
        .regulars(&["targets", "--count", "regoin = 'South'"])
        .ended_with(2)
        .says(&[
            "--count: there is no column `regoin`",
            "did you mean `region`?",
        ]);
    assert!(!sandbox.exists("regulars-out/targets"));
}

#[test]
fn pseudonyms_hide_who_they_are_and_forgetting_finds_them() {
    let sandbox = shop_with(
        "[targets]\npersonal = [\"name\"]\n[targets.all]\nwho = \"true\"\ncolumns = [\"attributes\"]\n",
    );
    sandbox
        .regulars(&["targets", "--pseudonymise"])
        .ended_with(0);
    let hashes = sent(&sandbox, "all");
    assert!(hashes.iter().all(|hash| hash.len() == 64), "{hashes:?}");
    for (name, text) in files_of_lists(&sandbox) {
        for customer in [20, 40, 80] {
            assert!(!names(&text, &id(customer)), "{name} has an id");
            assert!(!text.contains("Person"), "{name} has a personal column");
        }
    }
    let before = hashes.len();
    sandbox
        .regulars(&["forget", &id(40)])
        .ended_with(0)
        .shows(&["targets/all.csv: 1 row"]);
    assert_eq!(sent(&sandbox, "all").len() + 1, before);
    assert!(!ledger(&sandbox, "all").contains_key(&id(40)));
    assert!(
        !sandbox.exists("regulars-out/targets/all.xlsx"),
        "it cannot be written without them"
    );
    sandbox.regulars(&["targets"]).ended_with(0);
    sandbox.regulars(&["forget", &id(41)]).ended_with(0);
    assert!(
        !sent(&sandbox, "all").contains(&id(41)),
        "the byte order mark is no part of a name"
    );
    let named = sandbox
        .read("regulars.toml")
        .replace("\"attributes\"", "\"name\"");
    sandbox.write("regulars.toml", named);
    sandbox
        .regulars(&["targets", "--pseudonymise"])
        .ended_with(2)
        .says(&["the list has `name`"]);
}

/// What each customer spent from a day on, by the lines of the shop, up to another.
fn spent(sandbox: &Sandbox, from: &str, until: &str) -> BTreeMap<String, f64> {
    let mut lines = columns(&sandbox.read("lines.csv"));
    let [customers, days, paid] =
        ["customer", "when", "paid"].map(|name| lines.remove(name).expect("a column"));
    let mut spent = BTreeMap::new();
    for ((customer, day), paid) in customers.into_iter().zip(days).zip(paid) {
        if (from..until).contains(&&day[..10]) {
            *spent.entry(customer).or_insert(0.0) += paid.parse::<f64>().expect("money");
        }
    }
    spent
}

#[test]
fn a_campaign_is_read_from_what_was_bought_since() {
    let sandbox = shop_with("[targets.trial]\nwho = \"true\"\ncontrol = 0.4\ncontact_cost = 2\n");
    sandbox
        .regulars(&["campaign", "read", "trial"])
        .ended_with(3)
        .says(&["no list `trial` was sent"]);
    let past = ["--as-of", "2023-09-01", "--quiet"];
    for stage in ["features", "segment", "offers", "targets"] {
        sandbox
            .regulars(&[&[stage][..], &past].concat())
            .ended_with(0);
    }
    let run = sandbox
        .regulars(&["campaign", "read", "trial"])
        .ended_with(0);
    run.shows(&[
        "TRIAL of 2023-09-01, until 2023-09-29",
        "Uplift:",
        "No return is stated",
    ]);
    let read = columns(&sandbox.read("regulars-out/campaigns/trial.csv"));
    let number = |name: &str, row: usize| read[name][row].parse::<f64>().expect("a number");
    let groups = ledger(&sandbox, "trial");
    let spent = spent(&sandbox, "2023-09-01", "2023-09-29");
    let mut shares = Vec::new();
    for (row, name) in ["sent", "control"].into_iter().enumerate() {
        let members = group(&groups, name);
        let bought = members.iter().filter(|id| spent.contains_key(*id)).count() as f64;
        let sum: f64 = members.iter().filter_map(|id| spent.get(id)).sum();
        assert_eq!(number("customers", row), members.len() as f64);
        assert_eq!(number("buyers", row), bought);
        assert!((number("spend", row) - sum).abs() < 1e-6);
        let share = bought / members.len() as f64;
        shares.push((share, share * (1.0 - share) / members.len() as f64));
    }
    let uplift = shares[0].0 - shares[1].0;
    let side = 1.959_963_985 * (shares[0].1 + shares[1].1).sqrt();
    assert!((number("uplift", 0) - uplift).abs() < 1e-9);
    assert!((number("uplift_low", 0) - (uplift - side)).abs() < 1e-8);
    assert_eq!(number("cost", 0), 2.0 * number("customers", 0));
    let page = sandbox.read("regulars-out/campaigns/trial.html");
    needs_nothing_from_elsewhere(&page);
    for words in [
        "what trial has earned",
        "held back",
        "Day by day",
        "not margin",
    ] {
        assert!(page.contains(words), "the page lacks `{words}`");
    }
    assert!(!page.contains("C00"), "the page names nobody");
    sandbox
        .regulars(&["campaign", "read", "trial", "--days", "300"])
        .ended_with(0)
        .says(&["are not over: what is read is not all"]);
    sandbox
        .regulars(&["campaign", "read", "trial", "--of", "2023-09-02"])
        .ended_with(3)
        .says(&["was not sent on 2023-09-02", "it was sent on 2023-09-01"]);
}

#[test]
fn responses_of_customers_who_were_never_contacted_are_said() {
    let sandbox = shop_with(
        "[targets.trial]\nwho = \"region = 'North'\"\ncontrol = 0.3\n\
         [[sources]]\ntable = \"interactions\"\npath = \"responses.csv\"\n[sources.columns]\ncustomer_id = \"who\"\n\
         occurred_at = \"when\"\nkind = { constant = \"response\" }\ncampaign_id = \"campaign\"\n",
    );
    // Customers whose number four divides live in the North.
    sandbox.write(
        "responses.csv",
        format!(
            "who,when,campaign\n{},2023-09-05,trial\n{},2023-09-06,trial\n{},2023-09-06,other\n",
            id(21),
            id(22),
            id(23)
        ),
    );
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    for stage in ["features", "segment", "offers", "targets"] {
        sandbox
            .regulars(&[stage, "--as-of", "2023-09-01", "--quiet"])
            .ended_with(0);
    }
    sandbox
        .regulars(&["campaign", "read", "trial"])
        .ended_with(0)
        .says(&["trial: 2 customers responded who were not on the list"]);
    let read = columns(&sandbox.read("regulars-out/campaigns/trial.csv"));
    assert_eq!(read["responders"], ["0", "0"]);
}

#[test]
fn a_spreadsheet_that_cannot_be_replaced_is_named_and_the_list_is_made_once_it_can() {
    let sandbox = shop_with("[targets.all]\nwho = \"true\"\n");
    // Where a file is locked nothing can take its name; a folder does the same everywhere.
    fs::create_dir_all(sandbox.path("regulars-out/targets/all.xlsx/open")).expect("a folder");
    let run = sandbox.regulars(&["targets"]).ended_with(4);
    run.says(&["all.xlsx"]);
    fs::remove_dir_all(sandbox.path("regulars-out/targets/all.xlsx")).expect("it goes");
    sandbox.regulars(&["targets"]).ended_with(0);
    assert!(!sent(&sandbox, "all").is_empty());
    assert!(sandbox.path("regulars-out/targets/all.xlsx").is_file());
}

#[test]
fn lists_and_read_outs_in_chinese_keep_their_codes() {
    let sandbox =
        shop_with("[targets.trial]\nwho = \"region = 'South'\"\ncontrol = 0.4\ncontact_cost = 2\n");
    let chinese = ["--as-of", "2023-09-01", "--quiet", "--lang", "zh"];
    for stage in ["features", "segment", "offers"] {
        sandbox
            .regulars(&[&[stage][..], &chinese].concat())
            .ended_with(0);
    }
    sandbox
        .regulars(&["targets", "--as-of", "2023-09-01", "--lang", "zh"])
        .ended_with(0)
        .shows(&["对照组", "名单的 40.0%", "拒绝被联系"]);
    let book = sheets(&sandbox.path("regulars-out/targets/trial.xlsx"));
    for words in ["name=\"列说明\"", "name=\"数量统计\"", "拒绝被联系"] {
        assert!(book.contains(words), "the spreadsheet lacks {words}");
    }
    let groups = ledger(&sandbox, "trial");
    assert!(!group(&groups, "control").is_empty() && !group(&groups, "sent").is_empty());
    sandbox
        .regulars(&["campaign", "read", "trial", "--lang", "zh"])
        .ended_with(0)
        .shows(&["增量提升：", "不给出回报率"]);
    let read = columns(&sandbox.read("regulars-out/campaigns/trial.csv"));
    assert_eq!(read["group"], ["sent", "control"]);
    assert_eq!(read["group_words"], ["已触达", "对照组"]);
    let page = sandbox.read("regulars-out/campaigns/trial.html");
    for words in ["trial 的收益", "已触达与对照组", "逐日情况"] {
        assert!(page.contains(words), "the page lacks {words}");
    }
    assert!(!page.contains("held back"));
}
