//! Interactions beyond purchases: several sources, one table, and what each kind adds.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float64Type, Schema};
use regulars::contract::KINDS;
use regulars::outputs::{parquet_schema, read_parquet};

use crate::util::{PRODUCTS, SETTINGS, Sandbox, columns, date, repository, shop};

/// Each source of the history: its file, its content, and how it is mapped.
///
/// The last purchase is on 30 June 2024, so scores are made on 1 July and models tested on 3 June.
/// 84 days before 1 July is 8 April, 56 days 6 May, 28 days 3 June.
const SOURCES: &[(&str, &str, &str)] = &[
    (
        "till.csv",
        "who,at,basket,product,paid,off,shop,through\n\
         A,2024-05-01 10:00,1,tea,10.00,,1,store\n\
         A,2024-06-20 11:00,2,milk,30.00,1.00,,Online\n\
         B,2024-03-01 10:00,3,tea,40.00,,1,store\n\
         B,2024-06-30 12:00,4,bread,20.00,,2,store\n\
         C,2024-06-02 13:00,5,bread,5.00,,,online\n\
         D,2024-02-01 10:00,6,milk,50.00,,1,store\n\
         E,2024-05-05 10:00,7,tea,7.00,,1,store\n\
         E,2024-06-10 10:00,8,tea,13.00,,1,store\n",
        "kind = { constant = \"purchase\" }\nbasket_id = \"basket\"\nproduct_id = \"product\"\namount = \"paid\"\n\
         discount = \"off\"\nlocation_id = \"shop\"\nchannel = \"through\"\n",
    ),
    (
        "returns.csv",
        "who,at,product,paid\nA,2024-06-22 10:00,milk,-6.00\n",
        "kind = { constant = \"return\" }\nproduct_id = \"product\"\namount = \"paid\"\n",
    ),
    (
        "complaints.csv",
        "who,at,state,content\n\
         A,2024-04-01 09:00,open,\nA,2024-04-10 09:00,closed,2\nA,2024-06-25 09:00,Open,\n\
         B,2024-06-01 09:00,resolved,4\n",
        "kind = { constant = \"complaint\" }\nstatus = \"state\"\nrating = \"content\"\n",
    ),
    (
        "surveys.csv",
        "who,at,stars\n\
         A,2024-05-02 09:00,8\nA,2024-06-21 09:00,3\nA,2024-06-21 10:00,4\nC,2024-06-03 09:00,9\n",
        "kind = { constant = \"survey\" }\nrating = \"stars\"\n",
    ),
    (
        "mailings.csv",
        "who,at,what,action\n\
         A,2024-05-01,contact,1\nA,2024-05-20,contact,2\nA,2024-05-25,response,1\nA,2024-06-10,contact,3\n\
         B,2024-05-01,contact,1\nB,2024-05-30,response,1\n\
         C,2024-06-20,contact,4\n\
         E,2024-05-01,contact,1\nE,2024-05-10,response,\n",
        "kind = \"what\"\ncampaign_id = \"action\"\nchannel = { constant = \"mail\" }\n",
    ),
    (
        "bills.csv",
        "who,at,state,due,money\n\
         A,2024-04-01,due,2024-04-15,100\nA,2024-04-20,paid,2024-04-15,100\n\
         A,2024-05-01,due,2024-05-15,50\nA,2024-05-10,paid,2024-05-15,50\n\
         A,2024-06-01,due,2024-06-15,70\nA,2024-06-05,disputed,2024-06-15,70\n\
         B,2024-06-10,late,,20\n",
        "kind = { constant = \"payment\" }\nstatus = \"state\"\ndue_on = \"due\"\namount = \"money\"\n",
    ),
    (
        "clicks.csv",
        "who,at,what,where,seconds,company\n\
         A,2024-05-10 08:00,web_event,web,,\nA,2024-06-05 08:00,web_event,web,120,\n\
         A,2024-06-06 08:00,web_event,web,60,\nA,2024-06-07 08:00,web_event,web,,\n\
         B,2024-05-10 08:00,app_event,app,,\nB,2024-05-10 08:05,app_event,app,,\n\
         C,2024-06-03 08:00,service_call,phone,90,\n\
         E,2024-05-10 08:00,visit,store,600,ACME\n",
        "kind = \"what\"\nchannel = \"where\"\nduration_seconds = \"seconds\"\naccount_id = \"company\"\n",
    ),
];

const CUSTOMERS: &str = "who,company\nA,ACME\nB,ACME\nC,\nD,Beta\nE,Beta\n";

pub fn rich() -> Sandbox {
    let mut settings = String::from(
        "[[sources]]\ntable = \"customers\"\npath = \"customers.csv\"\n[sources.columns]\n\
         customer_id = \"who\"\naccount_id = \"company\"\n\
         [[sources]]\ntable = \"products\"\npath = \"products.csv\"\n[sources.columns]\n\
         product_id = \"id\"\ndepartment = \"shelf\"\ncategory = \"kind\"\n",
    );
    let mut sandbox = Sandbox::new()
        .file("customers.csv", CUSTOMERS)
        .file("products.csv", PRODUCTS);
    for (name, content, columns) in SOURCES {
        settings += &format!(
            "[[sources]]\ntable = \"interactions\"\npath = \"{name}\"\n[sources.columns]\n\
             customer_id = \"who\"\noccurred_at = \"at\"\n{columns}"
        );
        sandbox = sandbox.file(name, content);
    }
    sandbox.file("regulars.toml", settings)
}

fn features(sandbox: &Sandbox, out: &str, arguments: &[&str]) {
    for stage in ["ingest", "features"] {
        let arguments = [&[stage, "--quiet", "--out", out], arguments].concat();
        sandbox.regulars(&arguments).ended_with(0);
    }
}

/// The features of a date: for each name a value for each customer.
fn snapshot(
    sandbox: &Sandbox,
    out: &str,
    date: &str,
) -> BTreeMap<String, BTreeMap<String, Option<f64>>> {
    let table = read_parquet(&sandbox.path(&format!("{out}/features/{date}.parquet"))).unwrap();
    let customers = table.column(0).as_string::<i32>();
    let schema = table.schema();
    let fields = schema.fields().iter().zip(table.columns()).skip(1);
    fields
        .map(|(field, column)| {
            let values = column.as_primitive::<Float64Type>();
            let values = (0..values.len()).map(|row| {
                let value = values.is_valid(row).then(|| values.value(row));
                (customers.value(row).to_owned(), value)
            });
            (field.name().clone(), values.collect())
        })
        .collect()
}

fn schema(sandbox: &Sandbox, date: &str) -> Schema {
    let path = sandbox.path(&format!("regulars-out/features/{date}.parquet"));
    parquet_schema(&path).unwrap().as_ref().clone()
}

#[test]
fn every_kind_brings_its_features_with_exactly_these_values() {
    let sandbox = rich();
    features(&sandbox, "regulars-out", &[]);
    let found = snapshot(&sandbox, "regulars-out", "2024-07-01");
    let none = None::<f64>;
    // For each feature the customers A to E.
    let expected: &[(&str, [Option<f64>; 5])] = &[
        // A's closing is no complaint of its own; B's was never opened here.
        ("complaints", [2.0, 0.0, 0.0, 0.0, 0.0].map(Some)),
        ("complaints_84", [1.0, 0.0, 0.0, 0.0, 0.0].map(Some)),
        ("days_since_complaint", [Some(6.0), none, none, none, none]),
        ("open_complaints", [1.0, 0.0, 0.0, 0.0, 0.0].map(Some)),
        (
            "complaint_rating_last",
            [Some(2.0), Some(4.0), none, none, none],
        ),
        ("surveys", [3.0, 0.0, 1.0, 0.0, 0.0].map(Some)),
        // 8, then 3 and 4 on one day.
        (
            "survey_rating_mean",
            [Some(5.0), none, Some(9.0), none, none],
        ),
        (
            "survey_rating_last",
            [Some(3.5), none, Some(9.0), none, none],
        ),
        (
            "survey_rating_change",
            [Some(-1.5), none, Some(0.0), none, none],
        ),
        ("contacts", [3.0, 1.0, 1.0, 0.0, 1.0].map(Some)),
        (
            "contacts_since_response",
            [1.0, 0.0, 1.0, 0.0, 0.0].map(Some),
        ),
        // A answered one of two in time; B answered on day 29; C's is too young to tell; E's
        // response names no campaign.
        (
            "unanswered_share",
            [Some(0.5), Some(1.0), none, none, Some(0.0)],
        ),
        ("payments", [2.0, 1.0, 0.0, 0.0, 0.0].map(Some)),
        (
            "days_since_payment",
            [Some(52.0), Some(21.0), none, none, none],
        ),
        (
            "late_payment_share",
            [Some(0.5), Some(1.0), none, none, none],
        ),
        ("mean_days_late", [Some(2.5), none, none, none, none]),
        ("disputed_payments", [1.0, 0.0, 0.0, 0.0, 0.0].map(Some)),
        ("open_amount", [70.0, 0.0, 0.0, 0.0, 0.0].map(Some)),
        ("web_events", [4.0, 0.0, 0.0, 0.0, 0.0].map(Some)),
        ("web_events_trend_28", [0.5, 0.0, 0.0, 0.0, 0.0].map(Some)),
        ("app_events_trend_28", [0.0, -1.0, 0.0, 0.0, 0.0].map(Some)),
        ("visits_trend_28", [0.0, 0.0, 0.0, 0.0, -1.0].map(Some)),
        ("web_event_minutes", [Some(1.5), none, none, none, none]),
        ("service_call_minutes", [none, none, Some(1.5), none, none]),
        ("visit_minutes", [none, none, none, none, Some(10.0)]),
        // Two app events on one day are one use; a contact is what the company chose, and a
        // response by mail is not.
        ("channels", [4.0, 3.0, 2.0, 1.0, 2.0].map(Some)),
        (
            "channel_share_web",
            [4.0 / 7.0, 0.0, 0.0, 0.0, 0.0].map(Some),
        ),
        (
            "channel_share_store",
            [1.0 / 7.0, 0.5, 0.0, 1.0, 0.75].map(Some),
        ),
        (
            "channel_share_online",
            [1.0 / 7.0, 0.0, 0.5, 0.0, 0.0].map(Some),
        ),
        ("returned_share", [0.15, 0.0, 0.0, 0.0, 0.0].map(Some)),
        // E bought 7 for Beta, and 13 after a visit for ACME. ACME: 34 + 60 + 13, Beta: 50 + 7.
        (
            "account_people_84",
            [Some(3.0), Some(3.0), none, Some(1.0), Some(3.0)],
        ),
        (
            "account_recency_days",
            [Some(1.0), Some(1.0), none, Some(57.0), Some(1.0)],
        ),
        (
            "account_spend_84",
            [Some(67.0), Some(67.0), none, Some(7.0), Some(67.0)],
        ),
        (
            "account_spend_share",
            [
                Some(34.0 / 107.0),
                Some(60.0 / 107.0),
                none,
                Some(50.0 / 57.0),
                Some(13.0 / 107.0),
            ],
        ),
    ];
    for (feature, values) in expected {
        let found = found
            .get(*feature)
            .unwrap_or_else(|| panic!("no {feature}: {:?}", found.keys()));
        for (customer, value) in ["A", "B", "C", "D", "E"].iter().zip(values) {
            assert_eq!(found[*customer], *value, "{feature} of {customer}");
        }
    }
}

/// The snapshot of a date before others happened, and a run that has never seen those.
#[test]
fn what_comes_later_changes_no_feature() {
    let sandbox = rich();
    features(&sandbox, "all", &[]);
    features(&sandbox, "then", &["--as-of", "2024-06-03"]);
    let all = snapshot(&sandbox, "all", "2024-06-03");
    let then = snapshot(&sandbox, "then", "2024-06-03");
    assert!(then.len() > 70, "{}", then.len());
    for (feature, values) in then {
        assert_eq!(all[&feature], values, "{feature} has seen what came later");
    }
}

/// The same table with everything from a day on scrambled: other customers, other times, and the values
/// of every other column dealt out anew among these rows, some of which go and some come twice.
fn scrambled(content: &str, from: &str, seed: u64) -> String {
    let mut state = seed;
    let mut draw = move |below: usize| {
        // Knuth's linear congruential generator (The Art of Computer Programming, section 3.3.4).
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut lines = content.lines();
    let header = lines.next().expect("a header");
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    // The last purchase stays: it says when the history ends.
    let stays = |row: &Vec<&str>| row[1] < from || row[1] == "2024-06-30 12:00";
    let later: Vec<&Vec<&str>> = rows.iter().filter(|row| !stays(row)).collect();
    let mut text = format!("{header}\n");
    for row in rows.iter().filter(|row| stays(row)) {
        text += &(row.join(",") + "\n");
    }
    for _ in 0..later.len() * 2 {
        if draw(4) == 0 {
            continue;
        }
        let who = ["A", "B", "C", "D", "E"][draw(5)];
        let (day, hour) = (3 + draw(28), draw(24));
        text += &format!("{who},2024-06-{day:02}");
        if later[0][1].contains(' ') {
            text += &format!(" {hour:02}:{:02}", draw(60));
        }
        let columns = 2..header.split(',').count();
        for column in columns {
            text += &format!(",{}", later[draw(later.len())][column]);
        }
        text.push('\n');
    }
    text
}

/// Whatever happens from a date on, no feature of that date changes.
#[test]
fn no_feature_sees_what_comes_after_its_date_however_it_is_scrambled() {
    const DATE: &str = "2024-06-03";
    let plain = rich();
    features(&plain, "regulars-out", &[]);
    let wanted = snapshot(&plain, "regulars-out", DATE);
    let newest = snapshot(&plain, "regulars-out", "2024-07-01");
    for seed in 1..=6 {
        let sandbox = rich();
        for (name, content, _) in SOURCES {
            sandbox.write(name, scrambled(content, DATE, seed));
        }
        features(&sandbox, "regulars-out", &[]);
        let found = snapshot(&sandbox, "regulars-out", DATE);
        let both: Vec<&String> = wanted
            .keys()
            .filter(|name| found.contains_key(*name))
            .collect();
        assert!(both.len() > 70, "{}", both.len());
        for name in both {
            assert_eq!(
                found[name], wanted[name],
                "{name} saw what came later, seed {seed}"
            );
        }
        // The scrambling is one: features of a later date do change.
        let later = snapshot(&sandbox, "regulars-out", "2024-07-01");
        let changed = newest
            .iter()
            .filter(|(name, values)| later.get(*name) != Some(values));
        assert!(changed.count() > 20, "seed {seed}");
    }
}

#[test]
fn an_event_on_the_as_of_date_changes_nothing() {
    let (before, after) = (rich(), rich());
    for (file, line) in [
        ("complaints.csv", "A,2024-07-01 00:00,closed,5\n"),
        ("surveys.csv", "C,2024-07-01 00:00,1\n"),
        ("mailings.csv", "A,2024-07-01 00:00,response,3\n"),
        ("bills.csv", "A,2024-07-01 00:00,paid,2024-06-15,70\n"),
        ("clicks.csv", "D,2024-07-01 00:00,web_event,web,30,ACME\n"),
        ("returns.csv", "B,2024-07-01 00:00,bread,-20.00\n"),
    ] {
        after.write(file, after.read(file) + line);
    }
    features(&before, "regulars-out", &[]);
    features(&after, "regulars-out", &[]);
    let file = "features/2024-07-01.parquet";
    assert!(before.data_files("regulars-out")[file] == after.data_files("regulars-out")[file]);
}

#[test]
fn a_history_of_purchases_alone_has_features_of_purchases_alone() {
    let sandbox = Sandbox::new()
        .file("lines.csv", shop(20, 200))
        .file("products.csv", PRODUCTS)
        .file("regulars.toml", SETTINGS);
    features(&sandbox, "regulars-out", &[]);
    let metrics = &sandbox.manifest("regulars-out")["stages"]["features"]["metrics"];
    let names: Vec<&str> = metrics["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    let expected = [
        "recency_days",
        "frequency",
        "monetary",
        "tenure_days",
        "purchase_days",
        "mean_basket",
        "lines_per_basket",
        "gap_mean_days",
        "gap_sd_days",
        "gap_max_days",
        "recency_over_gap",
        "spend_28",
        "spend_56",
        "spend_84",
        "spend_168",
        "trips_28",
        "trips_56",
        "trips_84",
        "trips_168",
        "spend_trend_28",
        "trips_trend_28",
        "spend_trend_84",
        "trips_trend_84",
        "weekend_share",
        "evening_share",
        "share_produce",
        "share_bakery",
        "share_grocery",
        "share_dairy",
        "distinct_products",
        "distinct_categories",
    ];
    let mut sorted = names.clone();
    sorted.sort_unstable();
    let mut wanted = expected;
    wanted.sort_unstable();
    assert_eq!(sorted, wanted);
    assert_eq!(names[..25], expected[..25]);
}

/// A column that is mapped and always empty is as if it were not there, and no fault.
#[test]
fn columns_without_any_value_bring_no_features() {
    let sandbox = Sandbox::new()
        .file(
            "lines.csv",
            "who,at,shop,through,company\nA,2024-05-01,,,\nA,2024-06-01,,,\nB,2024-06-02,,,\n",
        )
        .file(
            "regulars.toml",
            "[[sources]]\ntable = \"interactions\"\npath = \"lines.csv\"\n[sources.columns]\n\
             customer_id = \"who\"\noccurred_at = \"at\"\nkind = { constant = \"purchase\" }\n\
             location_id = \"shop\"\nchannel = \"through\"\naccount_id = \"company\"\n",
        );
    features(&sandbox, "regulars-out", &[]);
    let found = snapshot(&sandbox, "regulars-out", "2024-06-03");
    assert_eq!(found["locations"]["A"], Some(0.0));
    for name in found.keys() {
        assert!(!name.starts_with("account_") && !name.starts_with("channel"));
    }
}

#[test]
fn every_feature_is_in_the_table_of_the_documentation_and_says_what_it_means() {
    let sandbox = rich();
    features(&sandbox, "regulars-out", &[]);
    let schema = schema(&sandbox, "2024-07-01");
    let page = std::fs::read_to_string(repository().join("docs/features.md")).unwrap();
    // A history of two years is looked at in tests/figures.rs.
    let documented: Vec<&str> = page
        .lines()
        .filter(|line| !line.contains("two years of history"))
        .filter_map(|line| line.strip_prefix("| `"))
        .flat_map(|row| row.split('|').next().unwrap_or_default().split('`'))
        .map(|name| name.trim_matches([',', ' ']))
        .filter(|name| !name.is_empty())
        .collect();
    for field in schema.fields().iter().skip(1) {
        let about = field.metadata().get("description");
        assert!(
            about.is_some_and(|about| about.len() > 8 && about != "Who"),
            "{} does not say what it means",
            field.name()
        );
        assert!(
            documented.iter().any(|name| stands_for(name, field.name())),
            "docs/features.md lacks {}",
            field.name()
        );
    }
    for name in documented {
        assert!(
            schema
                .fields()
                .iter()
                .any(|field| stands_for(name, field.name())),
            "docs/features.md has {name}, which a rich history does not have"
        );
    }
}

/// Whether a documented name, which may hold a word that stands for others, is that of a column.
fn stands_for(documented: &str, column: &str) -> bool {
    let Some(from) = documented.find(|c: char| c.is_ascii_uppercase()) else {
        return documented == column;
    };
    let (before, rest) = documented.split_at(from);
    let after = rest.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let middle = column
        .strip_prefix(before)
        .and_then(|column| column.strip_suffix(after));
    middle.is_some_and(|middle| {
        !middle.is_empty() && (!rest.starts_with("KIND") || KINDS.contains(&middle))
    })
}

#[test]
fn the_reasons_of_a_score_speak_of_the_kinds_in_words() {
    // Who complains stops coming.
    let mut complaints = String::from("customer,when\n");
    for customer in (0..150_u32).step_by(3) {
        let last = 400 / 3 + (customer * 7) % 200;
        complaints += &format!("C{customer:04},{} 09:00:00\n", date(last));
    }
    let sandbox = Sandbox::new()
        .file("lines.csv", shop(150, 400))
        .file("products.csv", PRODUCTS)
        .file("complaints.csv", complaints)
        .file(
            "regulars.toml",
            format!(
                "{SETTINGS}[[sources]]\ntable = \"interactions\"\npath = \"complaints.csv\"\n[sources.columns]\n\
                 customer_id = \"customer\"\noccurred_at = \"when\"\nkind = {{ constant = \"complaint\" }}\n"
            ),
        );
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    let features = columns(&sandbox.read("regulars-out/churn_features.csv"));
    assert!(features["feature"].contains(&"days_since_complaint".to_owned()));
    let scores = columns(&sandbox.read("regulars-out/churn.csv"));
    let reasons = ["reason_1", "reason_2", "reason_3"].map(|name| &scores[name]);
    for row in 0..reasons[0].len() {
        let of_complaints = reasons
            .iter()
            .filter(|reasons| reasons[row].contains("complaint"));
        assert!(
            of_complaints.count() <= 1,
            "row {row} has two reasons of one theme: {reasons:?}"
        );
    }
}
