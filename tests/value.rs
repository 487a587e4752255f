//! What customers are worth: the columns that others rely on, the leaderboard, cohorts, and histories
//! that carry no model.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::OnceLock;

use regulars::outputs::parquet_schema;

use crate::util::{
    PRODUCTS, Run, SETTINGS, Sandbox, columns, date, needs_nothing_from_elsewhere, shop,
};

type Table = BTreeMap<String, Vec<String>>;

/// Settings for lines of customer, when, kind, paid and cost.
const PLAIN: &str = r#"
[project]
name = "Plain"
currency = "EUR"

[[sources]]
table = "interactions"
path = "lines.csv"
[sources.columns]
customer_id = "customer"
occurred_at = "when"
kind = "kind"
amount = "paid"
"#;

/// A shop of eight months, a third of whose customers stop coming, valued.
fn valued() -> &'static Sandbox {
    static RUN: OnceLock<Sandbox> = OnceLock::new();
    RUN.get_or_init(|| {
        let sandbox = Sandbox::new()
            .file("lines.csv", shop(240, 240))
            .file("products.csv", PRODUCTS)
            .file("regulars.toml", SETTINGS);
        sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
        sandbox.regulars(&["value"]).ended_with(0);
        sandbox
    })
}

/// Lines of a customer, a day, what happened, and how much was paid.
fn lines(rows: &[(&str, u32, &str, f64)]) -> String {
    let mut csv = String::from("customer,when,kind,paid\n");
    for (number, (customer, day, kind, paid)) in rows.iter().enumerate() {
        let _ = writeln!(
            csv,
            "{customer},{} {:02}:{:02}:00,{kind},{paid}",
            date(*day),
            8 + number % 12,
            number % 60
        );
    }
    csv
}

/// A history of these lines, loaded, with more settings.
fn loaded(csv: &str, settings: &str) -> Sandbox {
    let sandbox = Sandbox::new()
        .file("lines.csv", csv)
        .file("regulars.toml", format!("{PLAIN}\n{settings}"));
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox
}

fn value(rows: &[(&str, u32, &str, f64)]) -> (Sandbox, Run) {
    let sandbox = loaded(&lines(rows), "");
    let run = sandbox.regulars(&["value"]).ended_with(0);
    (sandbox, run)
}

fn table(sandbox: &Sandbox, name: &str) -> Table {
    columns(&sandbox.read(&format!("regulars-out/{name}.csv")))
}

fn numbers(table: &Table, column: &str) -> Vec<f64> {
    let values = table
        .get(column)
        .unwrap_or_else(|| panic!("there is no column {column}: {:?}", table.keys()));
    values
        .iter()
        .map(|value| value.parse().unwrap_or(f64::NAN))
        .collect()
}

/// The row of a customer, as numbers and days.
fn of<'a>(table: &'a Table, customer: &str, column: &str) -> &'a str {
    let row = table["customer_id"].iter().position(|id| id == customer);
    &table[column][row.expect("the customer is there")]
}

#[test]
fn every_customer_has_one_row_and_what_was_paid_adds_up() {
    let value = table(valued(), "value");
    let ids = &value["customer_id"];
    assert_eq!(ids.len(), 240);
    assert!(ids.is_sorted_by(|a, b| a < b));
    let paid: f64 = shop(240, 240)
        .lines()
        .skip(1)
        .filter_map(|line| line.rsplit(',').next()?.parse::<f64>().ok())
        .sum();
    let spend: f64 = numbers(&value, "spend").iter().sum();
    assert!((spend - paid).abs() < 0.01, "{spend} of {paid}");
    for column in [
        "lifetime_value",
        "expected_value",
        "probability_alive",
        "expected_spend",
    ] {
        let values = numbers(&value, column);
        assert!(values.iter().all(|value| *value >= 0.0), "{column}");
    }
    let alive = numbers(&value, "probability_alive");
    assert!(alive.iter().all(|share| *share <= 1.0));
    let [few, some, many] =
        ["30", "90", "365"].map(|days| numbers(&value, &format!("expected_purchases_{days}")));
    for row in 0..ids.len() {
        assert!(
            few[row] <= some[row] && some[row] <= many[row],
            "{}",
            ids[row]
        );
        let [from, on, until] =
            ["from", "on", "until"].map(|end| &value[&format!("next_purchase_{end}")][row]);
        assert!(
            until.is_empty() || (from <= on && on <= until),
            "{from} {on} {until}"
        );
        let (low, high) = (
            numbers(&value, "lifetime_value_low")[row],
            numbers(&value, "lifetime_value_high")[row],
        );
        assert!(low <= high);
    }
    assert!(!value.contains_key("margin"), "no costs are known");
}

#[test]
fn customers_are_ranked_by_lifetime_value_which_is_discounted() {
    let value = table(valued(), "value");
    let (worth, plain) = (
        numbers(&value, "lifetime_value"),
        numbers(&value, "expected_value"),
    );
    let ranks = numbers(&value, "value_rank");
    let mut order: Vec<usize> = (0..ranks.len()).collect();
    order.sort_by(|a, b| ranks[*a].total_cmp(&ranks[*b]));
    assert!(order.is_sorted_by(|a, b| worth[*a] >= worth[*b]));
    let tenths = numbers(&value, "value_decile");
    assert_eq!((tenths[order[23]], tenths[order[24]]), (1.0, 2.0));
    for row in 0..worth.len() {
        // A year at 10 %, bought through the year: some 5 % less.
        let share = worth[row] / plain[row];
        assert!(
            plain[row] < 10.0 || (0.9..0.993).contains(&share),
            "{} of {}",
            worth[row],
            plain[row]
        );
    }
    // A third stopped coming, and the other two thirds come on.
    let alive = numbers(&value, "probability_alive");
    let mean = |stopped: bool| {
        let of = alive.iter().enumerate();
        let of: Vec<f64> = of
            .filter(|(row, _)| (row % 3 == 0) == stopped)
            .map(|(_, share)| *share)
            .collect();
        of.iter().sum::<f64>() / of.len() as f64
    };
    assert!(
        mean(true) + 0.2 < mean(false),
        "{} {}",
        mean(true),
        mean(false)
    );
}

#[test]
fn the_leaderboard_says_who_is_chosen_and_why_the_others_are_not() {
    let models = table(valued(), "value_models");
    let names = ["bg-nbd", "mbg-nbd", "bg-cnbd-k", "mbg-cnbd-k", "pareto-nbd"];
    let baselines = ["period-before", "rfm-cell", "own-rate", "mean"];
    for name in names.iter().chain(&baselines) {
        assert!(models["model"].iter().any(|model| model == name), "{name}");
    }
    let rows = 0..models["model"].len();
    let chosen: Vec<usize> = rows
        .clone()
        .filter(|row| models["chosen"][*row] == "true")
        .collect();
    assert_eq!(chosen, [0]);
    assert!(models["why"].iter().all(|why| !why.is_empty()));
    let error = numbers(&models, "mean_absolute_error");
    let off: Vec<bool> = numbers(&models, "total_error")
        .iter()
        .map(|error| error.abs() > 0.25)
        .collect();
    for row in rows.filter(|row| models["baseline"][*row] == "false") {
        let behind = error[0] <= error[row] || (!off[0] && off[row]);
        assert!(behind || error[row].is_nan(), "{}", models["model"][row]);
    }
    let observed = numbers(&models, "observed");
    let told = observed.iter().filter(|came| !came.is_nan());
    assert!(told.clone().count() >= names.len() + baselines.len());
    assert!(told.clone().all(|came| *came == observed[0] && *came > 0.0));
    let (predicted, bias) = (numbers(&models, "predicted"), numbers(&models, "bias"));
    let tried = &valued().manifest("regulars-out")["stages"]["value"]["metrics"];
    let customers = tried["tried_on"].as_f64().unwrap();
    assert!((bias[0] * customers - (predicted[0] - observed[0])).abs() < 1e-2);
    assert_eq!(tried["holdout_days"], 80);
    assert!(numbers(&models, "interval_coverage")[0] > 0.5);
    let page = valued().read("regulars-out/value.html");
    needs_nothing_from_elsewhere(&page);
    for section in ["models", "predicted", "parts", "shares", "cohorts"] {
        assert!(
            page.contains(&format!("<section id=\"{section}\">")),
            "{section}"
        );
    }
}

#[test]
fn the_file_says_what_its_values_were_made_with() {
    let schema = parquet_schema(&valued().path("regulars-out/value.parquet")).unwrap();
    let fact = |name: &str| schema.metadata().get(name).cloned().unwrap_or_default();
    let last = table(valued(), "value")["last_purchase"]
        .iter()
        .max()
        .cloned();
    let as_of: chrono::NaiveDate = fact("as_of").parse().unwrap();
    assert_eq!(as_of.pred_opt().map(|day| day.to_string()), last);
    for (name, value) in [
        ("horizon_days", "365"),
        ("rate", "0.1"),
        ("margin", "1"),
        ("counted_in", "spend"),
        ("currency", "EUR"),
    ] {
        assert_eq!(fact(name), value, "{name}");
    }
    let about = schema.field_with_name("lifetime_value").unwrap();
    assert!(about.metadata()["description"].contains("spend of the next 365 days"));
}

#[test]
fn cohorts_have_every_customer_and_all_that_was_paid() {
    let (cohorts, value) = (table(valued(), "cohorts"), table(valued(), "value"));
    let first: Vec<usize> = (0..cohorts["cohort"].len())
        .filter(|row| cohorts["months_since"][*row] == "0")
        .collect();
    let customers: f64 = first
        .iter()
        .map(|row| numbers(&cohorts, "customers")[*row])
        .sum();
    assert_eq!(customers, 240.0);
    for row in first {
        assert_eq!(cohorts["retention"][row], "1.0");
    }
    let (revenue, spend) = (numbers(&cohorts, "revenue"), numbers(&value, "spend"));
    assert!((revenue.iter().sum::<f64>() - spend.iter().sum::<f64>()).abs() < 0.1);
}

#[test]
fn threads_change_no_byte() {
    let other = Sandbox::like(valued());
    other
        .regulars(&["value", "--quiet", "--threads", "1"])
        .ended_with(0);
    let first = other.results("regulars-out");
    other
        .regulars(&["value", "--quiet", "--threads", "2"])
        .ended_with(0);
    for (name, bytes) in other.results("regulars-out") {
        assert!(bytes == first[&name], "{name} differs");
    }
}

/// Whatever comes on or after the date, the files are those of a history that ends before it.
#[test]
fn a_past_date_knows_nothing_of_what_came_after() {
    let all = shop(120, 240);
    let cut = date(150);
    let (header, rows) = all.split_once('\n').unwrap();
    let before = |line: &&str| {
        line.split(',')
            .nth(1)
            .is_some_and(|when| when < cut.as_str())
    };
    let kept: Vec<&str> = rows.lines().filter(before).collect();
    assert!(kept.len() < rows.lines().count());
    let sandbox = |lines: &str| {
        let sandbox = Sandbox::new()
            .file("lines.csv", lines)
            .file("products.csv", PRODUCTS)
            .file("regulars.toml", SETTINGS);
        sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
        sandbox
    };
    let (whole, past) = (
        sandbox(&all),
        sandbox(&format!("{header}\n{}\n", kept.join("\n"))),
    );
    whole
        .regulars(&["value", "--quiet", "--as-of", &cut])
        .ended_with(0);
    past.regulars(&["value", "--quiet"]).ended_with(0);
    let past = past.results("regulars-out");
    let mut compared = 0;
    for (name, bytes) in whole.results("regulars-out") {
        if name.starts_with("value") || name.starts_with("cohorts") {
            assert!(bytes == past[&name], "{name} differs");
            compared += 1;
        }
    }
    assert_eq!(compared, 10);
}

#[test]
fn one_customer_goes_on_at_their_own_rate() {
    let rows: Vec<_> = (0..11).map(|i| ("A", 10 * i, "purchase", 20.0)).collect();
    let (sandbox, run) = value(&rows);
    run.says(&["no model of when customers buy fits", "are too few"]);
    let value = table(&sandbox, "value");
    assert_eq!(value["customer_id"], ["A"]);
    // Ten repeat purchases on the hundred days after the first one.
    let expected = numbers(&value, "expected_purchases_90")[0];
    assert!((expected - 90.0 * 10.0 / 100.0).abs() < 1e-3, "{expected}");
    assert_eq!(value["expected_spend"], ["20.0"]);
    assert_eq!(value["probability_alive"], [""]);
    assert_eq!(value["next_purchase_on"], [""]);
    assert_eq!(value["value_rank"], ["1"]);
    let models = table(&sandbox, "value_models");
    let chosen = models["chosen"].iter().position(|chosen| chosen == "true");
    assert_eq!(models["model"][chosen.unwrap()], "own-rate");
    assert!(!sandbox.exists("regulars-out/value_model.json"));
}

#[test]
fn customers_who_are_all_the_same_get_the_same() {
    let names: Vec<String> = (0..20).map(|i| format!("C{i:02}")).collect();
    let mut rows = Vec::new();
    for name in &names {
        rows.extend((0..8).map(|i| (name.as_str(), 12 * i, "purchase", 15.0)));
    }
    let (sandbox, run) = value(&rows);
    run.says(&[
        "all customers are the same",
        "each goes on at a rate of their own",
    ]);
    let value = table(&sandbox, "value");
    let worth = numbers(&value, "lifetime_value");
    assert!(worth[0] > 0.0 && worth.iter().all(|other| *other == worth[0]));
}

#[test]
fn without_a_repeat_buyer_what_is_expected_is_empty() {
    let names: Vec<String> = (0..40).map(|i| format!("C{i:02}")).collect();
    let rows: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(i, name)| (name.as_str(), 3 * i as u32, "purchase", 10.0 + i as f64))
        .collect();
    let (sandbox, run) = value(&rows);
    run.says(&["nobody has bought a second time"]);
    let value = table(&sandbox, "value");
    assert_eq!(value["customer_id"].len(), 40);
    assert_eq!(of(&value, "C07", "spend"), "17.0");
    for column in ["expected_purchases_365", "lifetime_value", "value_rank"] {
        assert!(value[column].iter().all(String::is_empty), "{column}");
    }
    let manifest = sandbox.manifest("regulars-out");
    let warnings = manifest["stages"]["value"]["warnings"].to_string();
    assert!(warnings.contains("no-value-model"), "{warnings}");
}

/// Customers who come back after gaps that are all but exponential, each at a pace of their own, and
/// who leave one after the other: models fit them.
fn fitting(customers: u32, until: u32) -> Vec<(String, u32, &'static str, f64)> {
    let mut rows = Vec::new();
    for i in 0..customers {
        let (name, pace, leaves) = (format!("C{i:03}"), 5 + i * 7 % 23, 1 + i % 4);
        let mut day = i * 13 % 40;
        for purchase in 0.. {
            if day >= until {
                break;
            }
            let paid = 5.0 + f64::from(i * 11 % 17) + f64::from((i + purchase) % 5);
            rows.push((name.clone(), day, "purchase", paid));
            if (i * 31 + purchase * 17) % 11 < leaves {
                break;
            }
            let chance = (f64::from((i * 7919 + purchase * 5347) % 1000) + 0.5) / 1000.0;
            day += (-chance.ln() * f64::from(pace)).ceil() as u32;
        }
    }
    rows
}

fn borrowed<'a>(
    rows: &'a [(String, u32, &'static str, f64)],
    more: &[(&'a str, u32, &'static str, f64)],
) -> Vec<(&'a str, u32, &'static str, f64)> {
    let rows = rows
        .iter()
        .map(|(name, day, kind, paid)| (name.as_str(), *day, *kind, *paid));
    rows.chain(more.iter().copied()).collect()
}

#[test]
fn refunds_come_off_and_make_nobody_a_customer() {
    let rows = fitting(150, 150);
    let more = [
        // A refund as the first row, of something bought before the history.
        ("early", 1, "return", 8.0),
        ("early", 20, "purchase", 30.0),
        ("early", 45, "purchase", 30.0),
        // Nothing but a refund.
        ("only", 9, "return", 5.0),
        // More comes back than was bought.
        ("minus", 10, "purchase", 20.0),
        ("minus", 40, "purchase", 20.0),
        ("minus", 50, "return", 90.0),
        // A refund that the source calls a purchase.
        ("sign", 12, "purchase", 25.0),
        ("sign", 30, "purchase", -5.0),
    ];
    let (sandbox, run) = value(&borrowed(&rows, &more));
    run.says(&["of 1 customer the repeat purchases net to nothing or less"]);
    let value = table(&sandbox, "value");
    assert_eq!(of(&value, "early", "first_purchase"), date(20));
    assert_eq!(of(&value, "early", "purchases"), "2");
    assert_eq!(of(&value, "early", "spend"), "52.0");
    assert!(!value["customer_id"].contains(&"only".to_owned()));
    assert_eq!(of(&value, "minus", "spend"), "-50.0");
    assert!(
        of(&value, "minus", "lifetime_value")
            .parse::<f64>()
            .unwrap()
            >= 0.0
    );
    assert_eq!(of(&value, "sign", "purchases"), "1");
    assert_eq!(of(&value, "sign", "spend"), "20.0");
}

#[test]
fn purchases_of_one_instant_are_one() {
    let rows = fitting(150, 150);
    let mut csv = lines(&borrowed(&rows, &[]));
    for paid in ["4.00", "5.00", "6.00"] {
        let _ = writeln!(csv, "burst,{} 12:00:00,purchase,{paid}", date(30));
    }
    let sandbox = loaded(&csv, "");
    sandbox.regulars(&["value"]).ended_with(0);
    let value = table(&sandbox, "value");
    assert_eq!(of(&value, "burst", "purchases"), "1");
    assert_eq!(of(&value, "burst", "mean_spend"), "15.0");
}

#[test]
fn days_held_out_without_purchases_leave_the_choice_to_the_likelihood() {
    let rows = fitting(150, 120);
    let (sandbox, run) = value(&borrowed(&rows, &[("late", 300, "purchase", 9.0)]));
    run.says(&["none of the 150 customers who had bought before bought anything"]);
    let models = table(&sandbox, "value_models");
    let chosen = models["chosen"].iter().position(|chosen| chosen == "true");
    let chosen = chosen.expect("a model is chosen");
    let (aic, why) = (numbers(&models, "aic"), &models["why"]);
    assert!(why[chosen].contains("lowest AIC"), "{why:?}");
    let fits = |row: &usize| !why[*row].contains("does not fit") && !aic[*row].is_nan();
    let mut others = (0..aic.len()).filter(fits);
    assert!(others.all(|other| aic[other] >= aic[chosen]), "{aic:?}");
    assert!(models["total_error"].iter().all(String::is_empty));
}

#[test]
fn a_few_weeks_hold_nothing_out_and_say_so() {
    let rows = fitting(60, 18);
    let (sandbox, run) = value(&borrowed(&rows, &[]));
    run.says(&["is too short to hold a part of it out"]);
    let models = table(&sandbox, "value_models");
    assert!(models["mean_absolute_error"].iter().all(String::is_empty));
}

#[test]
fn with_costs_values_are_margins() {
    let rows = fitting(150, 150);
    let csv = lines(&borrowed(&rows, &[]));
    let mut with_costs = String::new();
    for (number, line) in csv.lines().enumerate() {
        let paid = line.rsplit(',').next().unwrap().parse::<f64>();
        // Of two lines one has no cost.
        let cost = match paid {
            Ok(paid) if number % 2 == 0 => format!("{:.4}", 0.6 * paid),
            Ok(_) => String::new(),
            Err(_) => "cost".to_owned(),
        };
        let _ = writeln!(with_costs, "{line},{cost}");
    }
    let sandbox = loaded(&with_costs, "cost = \"cost\"\n[value]\nmargin = 0.9\n");
    sandbox.regulars(&["value"]).ended_with(0);
    let schema = parquet_schema(&sandbox.path("regulars-out/value.parquet")).unwrap();
    let share: f64 = schema.metadata()["margin"].parse().unwrap();
    assert!((share - 0.4).abs() < 1e-4, "{share}");
    assert_eq!(schema.metadata()["counted_in"], "margin");
    let value = table(&sandbox, "value");
    let (spend, margin) = (numbers(&value, "spend"), numbers(&value, "margin"));
    for (spend, margin) in spend.iter().zip(&margin) {
        assert!((margin - 0.4 * spend).abs() < 0.02, "{margin} of {spend}");
    }
}

#[test]
fn what_cannot_be_valued_ends_with_a_reason() {
    let rows = fitting(20, 60);
    let csv = lines(&borrowed(&rows, &[]));
    let sandbox = loaded(&csv, "[value]\nholdout_days = 400\n");
    sandbox
        .regulars(&["value"])
        .ended_with(3)
        .says(&["400 of them are to be held out", "smaller holdout_days"]);
    let without = Sandbox::new()
        .file("lines.csv", &csv)
        .file("regulars.toml", PLAIN.replace("amount = \"paid\"\n", ""));
    without.regulars(&["ingest", "--quiet"]).ended_with(0);
    without
        .regulars(&["value"])
        .ended_with(3)
        .says(&["the interactions have no amounts", "map amount"]);
}

#[test]
fn wrong_settings_are_named_with_what_would_be_right() {
    for (setting, words) in [
        ("margin = 0", ["0 is no share of spend", "such as 0.3"]),
        ("rate = 10", ["10 is no share", "from 0 to 1"]),
        ("interval = 1.0", ["[value] interval", "such as 0.8"]),
        (
            "models = [\"bgnbd\"]",
            ["`bgnbd` is no model", "did you mean `bg-nbd`?"],
        ),
        (
            "models = [\"boosted-tree\"]",
            [
                "`boosted-tree` is no model",
                "did you mean `boosted-trees`?",
            ],
        ),
        ("horizon_days = 0", ["[value] horizon_days", "at least 1"]),
        ("holdout = 5", ["unknown key `holdout`", "holdout_days"]),
    ] {
        let sandbox = Sandbox::new()
            .file("lines.csv", "customer,when,kind,paid\n")
            .file("regulars.toml", format!("{PLAIN}\n[value]\n{setting}\n"));
        sandbox.regulars(&["value"]).ended_with(2).says(&words);
    }
}

/// Customers at one of two paces, of whom a part left: with a year and a half there is enough to learn
/// from in the days held out and in as many before.
fn two_paces(customers: u32) -> Vec<(String, u32, &'static str, f64)> {
    let mut rows = Vec::new();
    for i in 0..customers {
        let (pace, leaves) = if i % 2 == 0 {
            (7, 540)
        } else {
            (40, 60 + i * 37 % 600)
        };
        let mut day = i * 13 % 40;
        while day < leaves.min(540) {
            rows.push((
                format!("C{i:04}"),
                day,
                "purchase",
                f64::from(10 + i % 2 * 30),
            ));
            day += pace + (i * 7919 + day * 5347) % 5;
        }
    }
    rows
}

#[test]
fn trees_that_are_named_alone_value_everybody_and_say_what_they_do_not_tell() {
    let rows = two_paces(400);
    let sandbox = loaded(
        &lines(&borrowed(&rows, &[])),
        "[value]\nmodels = [\"boosted-trees\", \"pareto-nbd\"]\nholdout_days = 120\n",
    );
    sandbox.regulars(&["value"]).ended_with(0);
    let models = table(&sandbox, "value_models");
    let place = |name: &str| {
        models["model"]
            .iter()
            .position(|model| model == name)
            .unwrap()
    };
    let (trees, cell) = (place("boosted-trees"), place("rfm-cell"));
    let errors = numbers(&models, "mean_absolute_error");
    // A pace that is even as a clock's is no law of these models, and trees see it.
    assert_eq!(models["chosen"][trees], "true", "{models:?}");
    assert!(errors[trees] < errors[place("pareto-nbd")], "{models:?}");
    assert_eq!(models["baseline"][cell], "true");
    assert!(
        errors[cell] > 0.0 && errors[cell] < errors[place("mean")],
        "{models:?}"
    );
    assert!(
        models["why"][place("pareto-nbd")]
            .ends_with("it says who is active, and when they buy next")
    );
    let page = sandbox.read("regulars-out/value.html");
    assert!(page.contains("valued by <b>boosted trees</b>"));
    assert!(page.contains("when they buy next is told by Pareto&#x2f;NBD"));

    let value = table(&sandbox, "value");
    let (purchases, spend) = (
        numbers(&value, "expected_purchases_90"),
        numbers(&value, "expected_spend"),
    );
    let row = |id: &str| {
        value["customer_id"]
            .iter()
            .position(|other| other == id)
            .unwrap()
    };
    // One comes every nine days and spends 10, the other left long ago, or spends 40 now and then.
    let (often, seldom) = (row("C0000"), row("C0001"));
    assert!(
        purchases[often] > 7.0 && purchases[often] < 13.0,
        "{}",
        purchases[often]
    );
    assert!(purchases[seldom] < 3.0, "{}", purchases[seldom]);
    assert!((spend[often] - 10.0).abs() < 3.0, "{}", spend[often]);
    assert!(!value["probability_alive"][often].is_empty());
    let (low, high) = (
        numbers(&value, "lifetime_value_low"),
        numbers(&value, "lifetime_value_high"),
    );
    assert!(low.iter().zip(&high).all(|(low, high)| low <= high));
    let lifetime = numbers(&value, "lifetime_value");
    assert!((0.8..1.25).contains(&(high[often] / lifetime[often])));
    let path = sandbox.path("regulars-out/value.parquet");
    let schema = parquet_schema(&path).unwrap();
    let fact = |name: &str| schema.metadata()[name].clone();
    assert_eq!(
        (fact("valued_by"), fact("timed_by")),
        ("boosted trees".into(), "Pareto/NBD".into())
    );
    for part in ["buys", "purchases", "spend"] {
        let saved = sandbox.read(&format!("regulars-out/value_trees_{part}.json"));
        let saved = regulars_models::format::SavedModel::from_json(&saved).unwrap();
        assert_eq!(saved.facts()["days"], "120");
        assert_eq!(saved.features().len(), 18);
    }
}

#[test]
fn trees_that_cannot_learn_say_why_on_the_leaderboard() {
    let sandbox = loaded(&lines(&borrowed(&fitting(60, 150), &[])), "");
    sandbox.regulars(&["value"]).ended_with(0);
    let models = table(&sandbox, "value_models");
    let trees = models["model"]
        .iter()
        .position(|model| model == "boosted-trees")
        .unwrap();
    assert!(
        models["why"][trees].contains("trees need 50 who did and 50 who did not"),
        "{models:?}"
    );
    assert_eq!(models["chosen"][trees], "false");
    assert!(!sandbox.exists("regulars-out/value_trees_buys.json"));
}

/// Customers who bought in two categories, with calls, payments, surveys and who brought them.
fn divided(settings: &str) -> Sandbox {
    let mut csv = String::from("customer,when,kind,paid,product,off,answer,state\n");
    for i in 0..60_u32 {
        for visit in 0..4 + i % 3 {
            let day = i % 30 + visit * 41;
            let _ = writeln!(
                csv,
                "C{i:02},{} 10:00:00,purchase,{},1,1.5,,",
                date(day),
                10 + i % 7
            );
            if i != 0 {
                let _ = writeln!(csv, "C{i:02},{} 10:01:00,purchase,20,2,,,", date(day));
            }
        }
        let paid = if i == 1 { "disputed" } else { "paid" };
        let _ = writeln!(
            csv,
            "C{i:02},{} 11:00:00,payment,30,,,,{paid}",
            date(50 + i)
        );
    }
    let _ = writeln!(csv, "C02,{} 09:00:00,service_call,,,,,", date(60));
    let _ = writeln!(csv, "C02,{} 09:00:00,return,5,1,,,", date(61));
    let _ = writeln!(csv, "C03,{} 09:00:00,survey,,,,9,", date(62));
    let people: String = (0..60)
        .map(|i| format!("C{i:02},{}\n", if i == 5 || i == 6 { "C04" } else { "" }))
        .collect();
    let sources = r#"
product_id = "product"
discount = "off"
rating = "answer"
status = "state"
[[sources]]
table = "products"
path = "products.csv"
[sources.columns]
product_id = "id"
category = "category"
[[sources]]
table = "customers"
path = "people.csv"
[sources.columns]
customer_id = "customer"
invited_by = "by"
"#;
    let sandbox = Sandbox::new()
        .file("lines.csv", csv)
        .file("products.csv", "id,category\n1,Bread\n2,Wine\n")
        .file("people.csv", format!("customer,by\n{people}"))
        .file("regulars.toml", format!("{PLAIN}{sources}\n{settings}"));
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox
}

#[test]
fn a_value_is_divided_into_what_the_data_tell() {
    let sandbox = divided(
        "[value]\nmargin = 0.5\nreferred_by = \"invited_by\"\ncost_of = { service_call = 6, return = 4 }\n",
    );
    // A run says it in its summary.
    let run = sandbox.regulars(&["run"]).ended_with(0);
    run.shows(&[
        "Beside the lifetime value: present value",
        "cost to serve 10 EUR",
    ]);
    let (value, parts) = (table(&sandbox, "value"), table(&sandbox, "value_parts"));
    assert_eq!(value["customer_id"], parts["customer_id"]);
    let number = |id: &str, column: &str| -> f64 { of(&parts, id, column).parse().unwrap() };
    let spend: f64 = of(&value, "C02", "spend").parse().unwrap();
    assert!((number("C02", "present_value") - 0.5 * spend).abs() < 0.01);
    // One call and one return; nobody else had any.
    assert_eq!(number("C02", "cost_to_serve"), 10.0);
    assert_eq!(number("C03", "cost_to_serve"), 0.0);
    // All but one buy wine.
    let room = numbers(&parts, "category_room");
    assert!(
        room[0] > 20.0 && room[1..].iter().all(|other| *other < 10.0),
        "{room:?}"
    );
    assert_eq!(number("C04", "referrals"), 2.0);
    let brought = ["C05", "C06"].map(|id| of(&value, id, "lifetime_value").parse::<f64>().unwrap());
    assert!((number("C04", "influence_value") - brought[0] - brought[1]).abs() < 0.02);
    assert_eq!(of(&parts, "C03", "survey_rating"), "9.0");
    assert_eq!(number("C01", "discounts"), 1.5 * 5.0);
    assert!(
        number("C01", "disputed_payment_share") > 2.0 * number("C02", "disputed_payment_share")
    );
    let total = numbers(&parts, "total_value");
    for (row, total) in total.iter().enumerate() {
        let part = |name: &str| numbers(&parts, name)[row];
        let sum = part("present_value") + part("potential_value") + part("influence_value")
            - part("cost_to_serve")
            - part("payment_risk");
        assert!((sum - total).abs() < 0.05, "{row}: {sum} for {total}");
    }
    let ranks = numbers(&parts, "total_rank");
    let first = ranks.iter().position(|rank| *rank == 1.0).unwrap();
    assert!(total.iter().all(|other| *other <= total[first]));
}

#[test]
fn what_the_data_do_not_tell_is_said_with_what_would() {
    let sandbox = loaded(&lines(&borrowed(&fitting(150, 150), &[])), "");
    sandbox.regulars(&["value"]).ended_with(0);
    let page = sandbox.read("regulars-out/value.html");
    for part in [
        "the room in categories: a `category`",
        "the influence: an attribute",
        "the cost to serve: returns, contacts",
        "the payment risk: payments with a `status`",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let parts = table(&sandbox, "value_parts");
    for absent in [
        "category_room",
        "influence_value",
        "cost_to_serve",
        "payment_risk",
        "discounts",
    ] {
        assert!(!parts.contains_key(absent), "{absent}");
    }
    let value = table(&sandbox, "value");
    assert_eq!(parts["present_value"], value["spend"]);
    assert_eq!(parts["potential_value"], value["lifetime_value"]);
}

#[test]
fn wrong_costs_and_attributes_are_named() {
    let sandbox = divided("");
    let settings = sandbox.read("regulars.toml");
    for (setting, words) in [
        (
            "cost_of = { retrun = 3 }",
            ["cost of `retrun`", "did you mean `return`?"],
        ),
        ("cost_of = { return = -3 }", ["-3 is no cost", "0 or more"]),
        (
            "referred_by = \"invited\"",
            ["no attribute `invited`", "did you mean `invited_by`?"],
        ),
    ] {
        sandbox.write("regulars.toml", format!("{settings}\n[value]\n{setting}\n"));
        sandbox.regulars(&["value"]).ended_with(2).says(&words);
    }
}

/// Customers who pay 20 every 30 days, of whom a fifth leaves at each of the first renewals, and fewer later.
fn subscribers() -> String {
    let mut rows = Vec::new();
    for i in 0..500_u32 {
        let stays = match i % 10 {
            0 | 1 => 1,
            2 | 3 => 2 + i % 2,
            4 => 5,
            _ => 99,
        };
        for payment in 0..stays.min(11) {
            rows.push((format!("S{i:03}"), i % 25 + 30 * payment, "purchase", 20.0));
        }
    }
    lines(&borrowed(&rows, &[]))
}

#[test]
fn contracts_have_a_retention_curve_and_a_residual_value() {
    let sandbox = loaded(&subscribers(), "[value.contract]\nperiod_days = 30\n");
    sandbox.regulars(&["value"]).ended_with(0);
    let curve = table(&sandbox, "contract_retention");
    let (due, renewed) = (numbers(&curve, "due"), numbers(&curve, "renewed"));
    assert_eq!((due[0], renewed[0]), (500.0, 400.0));
    let (seen, model) = (
        numbers(&curve, "survival"),
        numbers(&curve, "model_survival"),
    );
    assert!(seen.is_sorted_by(|a, b| a >= b) && model.is_sorted_by(|a, b| a > b));
    assert!(
        seen.iter()
            .zip(&model)
            .all(|(seen, model)| (seen - model).abs() < 0.12),
        "{seen:?} {model:?}"
    );
    let contracts = table(&sandbox, "contracts");
    assert_eq!(
        contracts["ended"]
            .iter()
            .filter(|ended| *ended == "true")
            .count(),
        250
    );
    assert_eq!(of(&contracts, "S000", "next_renewal_probability"), "0.0");
    assert_eq!(of(&contracts, "S000", "residual_value"), "0.0");
    let number = |column: &str| of(&contracts, "S005", column).parse::<f64>().unwrap();
    assert!(number("next_renewal_probability") > 0.9);
    assert!(number("expected_renewals") > 9.0 && number("expected_renewals") < 12.0);
    assert_eq!(number("payment"), 20.0);
    let value = 20.0 * number("residual_lifetime");
    assert!((number("residual_value") - value).abs() < 0.02);
    let page = sandbox.read("regulars-out/value.html");
    assert!(page.contains("<section id=\"contracts\">"));
    assert!(page.contains("500 customers under contract, of whom 250 have ended"));
    let saved = sandbox.read("regulars-out/value_model.json");
    let saved = regulars_models::value::SavedValue::from_json(&saved).unwrap();
    assert!(saved.contract.is_some());
}

#[test]
fn contracts_that_nobody_ends_or_renews_are_no_model_and_say_so() {
    let rows: Vec<_> = (0..60)
        .flat_map(|i| (0..5).map(move |n| (format!("S{i:02}"), i % 20 + 30 * n, "purchase", 20.0)))
        .collect();
    let sandbox = loaded(
        &lines(&borrowed(&rows, &[])),
        "[value.contract]\nperiod_days = 30\n",
    );
    let run = sandbox.regulars(&["value"]).ended_with(0);
    run.says(&[
        "the model of contracts does not fit",
        "no customer has ended a contract",
    ]);
    assert!(!sandbox.exists("regulars-out/contracts.csv"));
    for (setting, words) in [
        (
            "period_days = 0",
            ["[value] contract period_days", "at least 1"],
        ),
        (
            "lapse_periods = 0.5",
            ["0.5 periods are no silence", "such as 1.5"],
        ),
        (
            "ended = \"gone_on\"",
            ["no attribute `gone_on`", "name one that is mapped"],
        ),
    ] {
        sandbox.write(
            "regulars.toml",
            format!("{PLAIN}\n[value.contract]\n{setting}\n"),
        );
        sandbox.regulars(&["value"]).ended_with(2).says(&words);
    }
}

#[test]
fn a_customer_older_than_the_history_counts_from_the_first_purchase_in_it() {
    let rows = fitting(150, 150);
    let people: String = (0..150).map(|i| format!("C{i:03},1999-05-01\n")).collect();
    let customers = "[[sources]]\ntable = \"customers\"\npath = \"people.csv\"\n[sources.columns]\n\
                     customer_id = \"who\"\njoined_at = \"since\"\n";
    let sandbox = Sandbox::new()
        .file("lines.csv", lines(&borrowed(&rows, &[])))
        .file("people.csv", format!("who,since\n{people}"))
        .file("regulars.toml", format!("{PLAIN}\n{customers}"));
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox.regulars(&["value"]).ended_with(0);
    let older = table(&sandbox, "value");
    assert_eq!(of(&older, "C001", "first_purchase"), date(13));
    // When they joined says nothing of when they buy.
    let unknown = loaded(&lines(&borrowed(&rows, &[])), "");
    unknown.regulars(&["value"]).ended_with(0);
    assert_eq!(older, table(&unknown, "value"));
    // A contract that began with them has been renewed ever since.
    sandbox.write(
        "regulars.toml",
        format!("{PLAIN}\n{customers}\n[value.contract]\nperiod_days = 365\nlapse_periods = 1\n"),
    );
    sandbox.regulars(&["value"]).ended_with(0);
}

#[test]
fn values_are_told_in_chinese_beside_their_codes() {
    let english = valued();
    let chinese = Sandbox::like(english);
    chinese
        .regulars(&["run", "--quiet", "--lang", "zh"])
        .ended_with(0);
    let summary = chinese.read("regulars-out/summary.txt");
    for text in [
        "客户构成",
        "按行为（k-means，k = ",
        "按生命周期，以各自的购买节奏判断",
        "客户价值（未来 365 天的消费额",
        "位客户至今消费",
        "客户等级（按客户终身价值）",
    ] {
        assert!(summary.contains(text), "{text}: {summary}");
    }
    for name in ["value", "cohorts"] {
        assert_eq!(
            english.read(&format!("regulars-out/{name}.csv")),
            chinese.read(&format!("regulars-out/{name}.csv"))
        );
    }
    let (before, after) = (
        table(english, "value_models"),
        table(&chinese, "value_models"),
    );
    for column in ["model", "chosen", "mean_absolute_error"] {
        assert_eq!(before[column], after[column]);
    }
    let is_chinese = |text: &String| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    assert!(after["why"].iter().all(is_chinese), "{:?}", after["why"]);
    assert!(after["title"].contains(&"与上一时期相同".to_owned()));
    let page = chinese.read("regulars-out/value.html");
    for text in [
        "预测与实际",
        "同期群",
        "每百位客户中当月购买的人数",
        "价值分布",
    ] {
        assert!(page.contains(text), "{text}");
    }
    let path = chinese.path("regulars-out/value.parquet");
    let values = regulars::outputs::read_parquet(&path).unwrap();
    let about = |name: &str| {
        values.schema().field_with_name(name).unwrap().metadata()["description"].clone()
    };
    assert_eq!(about("lifetime_value"), "未来 365 天的预期消费额，已折现");
    assert_eq!(values.schema().metadata()["counted_in"], "spend");
}
