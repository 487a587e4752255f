//! What a person reads of who is leaving: everybody has a row, reasons make sense, the tree's rules
//! are met as they are printed, and dates that do not suit are told of.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Date32Type, Float64Type};
use serde_json::Value;

use crate::util::{PRODUCTS, SETTINGS, Sandbox, columns, shop};

/// A shop of eight months that calls its baskets orders; a third of the customers stop coming, and
/// one has come but once, lately.
fn history() -> Sandbox {
    let mut lines = shop(240, 240);
    lines += "N0001,2023-08-20 10:30:00,999999,tea,4.50\n";
    Sandbox::new()
        .file("lines.csv", lines)
        .file("products.csv", PRODUCTS)
        .file("regulars.toml", settings(""))
}

fn settings(more: &str) -> String {
    let settings = SETTINGS.replace("[project]", "[project]\nbasket = \"order\"");
    format!("{settings}\n{more}")
}

/// One run that tests look at.
fn run() -> &'static Sandbox {
    static RUN: OnceLock<Sandbox> = OnceLock::new();
    RUN.get_or_init(|| {
        let sandbox = history();
        sandbox.regulars(&["run", "--quiet"]).ended_with(0);
        sandbox
    })
}

type Table = BTreeMap<String, Vec<String>>;

fn scores() -> Table {
    columns(&run().read("regulars-out/churn.csv"))
}

fn metrics() -> Value {
    run().manifest("regulars-out")["stages"]["churn"]["metrics"].clone()
}

fn snapshot() -> arrow::array::RecordBatch {
    let date = metrics()["score_date"].as_str().unwrap().to_owned();
    let path = run().path(&format!("regulars-out/features/{date}.parquet"));
    regulars::outputs::read_parquet(&path).unwrap()
}

fn number(table: &arrow::array::RecordBatch, column: &str, row: usize) -> f64 {
    let column = table.column_by_name(column).expect(column);
    let numbers = column.as_primitive::<Float64Type>();
    if numbers.is_valid(row) {
        numbers.value(row)
    } else {
        f64::NAN
    }
}

#[test]
fn everybody_who_ever_bought_has_a_row_and_a_reason() {
    let (scores, snapshot) = (scores(), snapshot());
    assert_eq!(scores["customer_id"].len(), 241);
    let ids = snapshot.column(0).as_string::<i32>();
    let score_date: chrono::NaiveDate = metrics()["score_date"].as_str().unwrap().parse().unwrap();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let customers = 0..241;
    for row in customers {
        assert_eq!(scores["customer_id"][row], ids.value(row));
        let band = scores["band"][row].as_str();
        *counts.entry(band).or_default() += 1;
        let (away, baskets) = (
            number(&snapshot, "recency_days", row),
            number(&snapshot, "frequency", row),
        );
        let wanted = match (away > 56.0, baskets < 2.0) {
            (true, _) => Some("lapsed"),
            (false, true) => Some("new"),
            (false, false) => None,
        };
        let reason = &scores["reason_1"][row];
        match wanted {
            Some(wanted) => assert_eq!((band, &*scores["churn_probability"][row]), (wanted, "")),
            None => assert!(["high", "medium", "low"].contains(&band)),
        }
        if band == "lapsed" {
            let want = format!(
                "no purchase for {away} days, longer than the 56 days within which a customer counts as active"
            );
            assert_eq!(*reason, want);
        }
        assert!(!reason.is_empty());
        assert_eq!(scores["days_away"][row], away.to_string());
        let last = score_date - chrono::Days::new(away as u64);
        assert_eq!(scores["last_purchase"][row], last.to_string());
        let spend: f64 = scores["spend"][row].parse().unwrap();
        assert!((spend - number(&snapshot, "monetary", row)).abs() < 0.005);
    }
    assert!(counts["lapsed"] > 10 && counts["new"] == 1, "{counts:?}");
    let new = ids.iter().position(|id| id == Some("N0001")).unwrap();
    assert_eq!(
        scores["reason_1"][new],
        "1 order so far, and a score needs 2"
    );
    // Those without a score stand behind, the lapsed by what they were worth.
    let mut order: Vec<usize> = (0..241).collect();
    order.sort_by_key(|row| scores["rank"][*row].parse::<u32>().unwrap());
    let scored = 241 - counts["lapsed"] - 1;
    assert!(
        order[..scored]
            .iter()
            .all(|row| !scores["churn_probability"][*row].is_empty())
    );
    assert_eq!(scores["band"][order[scored]], "new");
    let worth: Vec<f64> = order[scored + 1..]
        .iter()
        .map(|row| scores["spend"][*row].parse().unwrap())
        .collect();
    assert!(worth.is_sorted_by(|a, b| a >= b), "{worth:?}");
    // Summary, page and manifest count them.
    let summary = run().read("regulars-out/summary.txt");
    let lapsed = format!(
        "{} lapsed and not scored: no purchase for more than 56 days",
        counts["lapsed"]
    );
    assert!(summary.contains(&lapsed), "{summary}");
    let page = run().read("regulars-out/churn.html");
    assert!(page.contains("lapsed, not scored"));
    let entry = &run().manifest("regulars-out")["stages"]["churn"];
    assert_eq!(entry["rows_out"], 241);
    assert_eq!(entry["metrics"]["scored"], scored);
    // In Parquet an unknown probability is null and a day is a date.
    let table = regulars::outputs::read_parquet(&run().path("regulars-out/churn.parquet")).unwrap();
    let probabilities = table.column_by_name("churn_probability").unwrap();
    assert_eq!(probabilities.null_count(), 241 - scored);
    let days = table.column_by_name("last_purchase").unwrap();
    assert_eq!(days.as_primitive::<Date32Type>().null_count(), 0);
}

#[test]
fn a_risk_is_explained_by_what_makes_it_in_the_words_of_the_shop() {
    let scores = scores();
    let (mut high, mut low) = (0, 0);
    let customers = 0..scores["band"].len();
    for row in customers {
        let reasons = ["reason_1", "reason_2", "reason_3"].map(|name| scores[name][row].as_str());
        for reason in reasons {
            match scores["band"][row].as_str() {
                "high" => assert!(!reason.contains("lowers the risk"), "{reason}"),
                "low" => assert!(!reason.contains("raises the risk"), "{reason}"),
                _ => {}
            }
            for (words, effect) in [("rising", "raises"), ("falling", "lowers")] {
                let against = reason.contains(words) && reason.contains(effect);
                assert!(!against, "{reason}");
            }
            assert!(
                !reason.contains("basket") && !reason.contains("visit"),
                "{reason}"
            );
            assert!(!format!(" {reason}").contains(" 1 days"), "{reason}");
        }
        high += usize::from(scores["band"][row] == "high");
        low += usize::from(scores["band"][row] == "low");
    }
    assert!(high > 0 && low > 0, "{high} at high risk, {low} at low");
    let said = ["reason_1", "reason_2", "reason_3"].map(|name| scores[name].join("\n"));
    assert!(said.iter().any(|reasons| reasons.contains(" order")));
}

#[test]
fn the_campaign_says_whom_how_many_and_how_much() {
    // Without the stage `value` one value stands for all.
    let sandbox = history();
    for stage in ["ingest", "features", "churn"] {
        sandbox.regulars(&[stage, "--quiet"]).ended_with(0);
    }
    let metrics = sandbox.manifest("regulars-out")["stages"]["churn"]["metrics"].clone();
    let campaign = &metrics["campaign"];
    let words = campaign["words"].as_str().unwrap();
    let customers = campaign["customers"].as_u64().unwrap();
    assert!(customers > 0, "{campaign}");
    for part in [
        "campaign to keep customers".to_owned(),
        format!("contacting the {customers} of {} scored", metrics["scored"]),
        " EUR in all".to_owned(),
        "200 EUR for a customer who stays".to_owned(),
        "put your own there".to_owned(),
    ] {
        assert!(words.contains(&part), "{part} is not in: {words}");
    }
    let scores = columns(&sandbox.read("regulars-out/churn.csv"));
    let from = campaign["from"].as_f64().unwrap();
    let at_least = scores["churn_probability"].iter().filter(|probability| {
        let probability: f64 = probability.parse().unwrap_or(0.0);
        probability >= from - 1e-6
    });
    assert!(at_least.count() as u64 >= customers);
}

#[test]
fn where_no_contact_pays_by_own_values_the_campaign_says_so() {
    let summary = run().read("regulars-out/summary.txt");
    let campaign = metrics()["campaign"].clone();
    assert_eq!(campaign["customers"], 0, "{campaign}");
    assert_eq!(campaign["earns"].to_string(), "0.0");
    for part in [
        "Leaving is expected to cost",
        "No contact is expected to earn more",
    ] {
        assert!(summary.contains(part), "{part} is not in: {summary}");
    }
}

/// Whether a condition as it is printed is met; nothing where the value is as near to a threshold
/// as thresholds are rounded.
fn met(condition: &str, snapshot: &arrow::array::RecordBatch, row: usize) -> Option<bool> {
    let bare = condition.trim_start_matches('(').trim_end_matches(')');
    let (bare, missing) = match bare.strip_suffix(" or missing") {
        Some(bare) => (bare, true),
        None => (bare, false),
    };
    let words: Vec<&str> = bare.split(' ').collect();
    let name = words
        .iter()
        .find(|word| snapshot.column_by_name(word).is_some());
    let value = number(snapshot, name.expect("a column"), row);
    let test = |word: &str, bound: &str| -> Option<bool> {
        let bound: f64 = bound.parse().expect("a number");
        if (value - bound).abs() <= 1e-3 * bound.abs() {
            return None;
        }
        Some(match word {
            ">" | "above" => value > bound,
            _ => value <= bound,
        })
    };
    if value.is_nan() {
        return Some(missing || bare.ends_with(" is missing"));
    }
    match words[..] {
        [_, "is", "missing"] => Some(false),
        [_, "is", "not", "missing"] => Some(true),
        [_, sign, bound] => test(sign, bound),
        [above, "<", _, "<=", at_most] => Some(test("above", above)? && test("<=", at_most)?),
        _ => panic!("{condition} is no condition"),
    }
}

#[test]
fn every_customer_meets_exactly_one_rule_as_it_is_printed() {
    let rules = columns(&run().read("regulars-out/churn_tree_rules.csv"));
    let snapshot = snapshot();
    let mut looked_at = 0;
    for row in 0..snapshot.num_rows() {
        let meets = |rule: &String| -> Option<bool> {
            let conditions: Option<Vec<bool>> = rule
                .split(" and ")
                .map(|condition| met(condition, &snapshot, row))
                .collect();
            Some(conditions?.iter().all(|met| *met))
        };
        let all: Option<Vec<bool>> = rules["rule"].iter().map(meets).collect();
        let Some(all) = all else {
            continue;
        };
        looked_at += 1;
        let rules = all.iter().filter(|met| **met).count();
        assert_eq!(rules, 1, "the customer of row {row}");
    }
    assert!(looked_at > 120, "{looked_at} customers");
    assert!(rules["rule"].len() > 1);
}

#[test]
fn dates_that_suit_are_proposed_as_lines_for_the_settings() {
    let said = Sandbox::like(run())
        .regulars(&["churn", "--suggest"])
        .ended_with(0);
    let settings: toml::Table = said.stdout.parse().unwrap();
    let churn = settings["churn"].as_table().unwrap();
    let days = |key: &str| churn[key].as_integer().unwrap();
    // Customers come every 4 to 14 days.
    assert!((7..=21).contains(&days("horizon_days")), "{churn:?}");
    assert!(days("active_days") >= days("horizon_days"));
    assert!(said.stdout.contains("customers bought on two days or more"));
    // They are taken, and the run does not warn. In the last weeks nobody leaves this shop.
    let sandbox = Sandbox::like(run());
    sandbox.write("regulars.toml", settings_of(&said.stdout));
    for stage in ["features", "churn"] {
        sandbox
            .regulars(&[stage, "--quiet", "--as-of", "2023-07-10"])
            .ended_with(0);
    }
    assert!(!warned(&sandbox, "unsuitable-dates"));
}

fn settings_of(lines: &str) -> String {
    settings(lines)
}

fn warned(sandbox: &Sandbox, code: &str) -> bool {
    let entry = sandbox.manifest("regulars-out")["stages"]["churn"].clone();
    let warnings = entry["warnings"].as_array().unwrap();
    warnings.iter().any(|warning| warning["code"] == code)
}

#[test]
fn dates_that_do_not_suit_are_told_of_with_what_would() {
    assert!(!warned(run(), "unsuitable-dates"));
    let sandbox = Sandbox::like(run());
    let narrow = "[churn]\nhorizon_days = 5\nactive_days = 5\n";
    sandbox.write("regulars.toml", settings(narrow));
    sandbox.regulars(&["features", "--quiet"]).ended_with(0);
    sandbox.regulars(&["churn"]).ended_with(0).says(&[
        "horizon_days = 5 and active_days = 5 do not suit",
        "of 241 customers",
        "would suit",
        "regulars churn --suggest",
    ]);
    assert!(warned(&sandbox, "unsuitable-dates"));
}

#[test]
fn dates_are_not_proposed_where_there_is_nothing_to_see() {
    history()
        .regulars(&["churn", "--suggest"])
        .ended_with(3)
        .says(&["ingest"]);
    let label = Sandbox::new()
        .file("people.csv", "id,plan,gone\n1,a,yes\n2,b,no\n")
        .file(
            "regulars.toml",
            "[[sources]]\ntable = \"customers\"\npath = \"people.csv\"\n[sources.columns]\ncustomer_id = \"id\"\n\
             plan = \"plan\"\ngone = \"gone\"\n[churn]\nlabel = \"gone\"\n",
        );
    label
        .regulars(&["churn", "--suggest"])
        .ended_with(2)
        .says(&["label `gone`", "no dates"]);
}

#[test]
fn a_basket_is_called_by_a_word() {
    let sandbox = history();
    let settings = SETTINGS.replace("[project]", "[project]\nbasket = \" \"");
    sandbox.write("regulars.toml", settings);
    sandbox
        .regulars(&["churn"])
        .ended_with(2)
        .says(&["[project] basket", "is no word"]);
}
