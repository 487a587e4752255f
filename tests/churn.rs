//! Who is leaving: the models side by side, how one is chosen, and what is written of them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Float64Type;
use ndarray::Array2;
use regulars_models::format::SavedModel;
use serde_json::Value;

use crate::util::{PRODUCTS, Run, SETTINGS, Sandbox, columns, needs_nothing_from_elsewhere, shop};

/// A shop of eight months, a third of whose customers stop coming, with more settings.
fn shop_with(settings: &str) -> Sandbox {
    static LOADED: OnceLock<Sandbox> = OnceLock::new();
    let sandbox = Sandbox::like(LOADED.get_or_init(|| {
        let sandbox = shop_of(240, 240, "");
        sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
        sandbox
    }));
    sandbox.write("regulars.toml", format!("{SETTINGS}\n{settings}"));
    sandbox
}

fn shop_of(customers: u32, days: u32, settings: &str) -> Sandbox {
    Sandbox::new()
        .file("lines.csv", shop(customers, days))
        .file("products.csv", PRODUCTS)
        .file("regulars.toml", format!("{SETTINGS}\n{settings}"))
}

/// Runs what churn needs, and churn.
fn scored(sandbox: Sandbox) -> Sandbox {
    let run = churn(&sandbox);
    run.ended_with(0);
    sandbox
}

fn churn(sandbox: &Sandbox) -> Run {
    for stage in ["ingest", "features"] {
        sandbox.regulars(&[stage, "--quiet"]).ended_with(0);
    }
    sandbox.regulars(&["churn"])
}

/// One run with the defaults for all tests that only look at it.
fn defaults() -> &'static Sandbox {
    static RUN: OnceLock<Sandbox> = OnceLock::new();
    RUN.get_or_init(|| scored(shop_with("")))
}

type Table = BTreeMap<String, Vec<String>>;

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

fn metrics(sandbox: &Sandbox) -> Value {
    sandbox.manifest("regulars-out")["stages"]["churn"]["metrics"].clone()
}

#[test]
fn the_leaderboard_is_sorted_by_log_loss_and_says_how_sure_it_is() {
    let models = table(defaults(), "churn_models");
    let losses = numbers(&models, "log_loss");
    assert!(losses.is_sorted(), "{losses:?}");
    let ranks: Vec<f64> = (1..=losses.len()).map(|rank| rank as f64).collect();
    assert_eq!(numbers(&models, "rank"), ranks);
    for name in ["boosting", "elastic-net", "tree", "single-feature"] {
        assert!(models["model"].iter().any(|model| model == name), "{name}");
    }
    for figure in ["log_loss", "roc_auc", "average_precision"] {
        let value = numbers(&models, figure);
        let (low, high) = (
            numbers(&models, &format!("{figure}_low")),
            numbers(&models, &format!("{figure}_high")),
        );
        for row in 0..value.len() {
            assert!(
                low[row] <= value[row] && value[row] <= high[row],
                "{figure}: {} in {} to {}",
                value[row],
                low[row],
                high[row]
            );
        }
        // One test date: the mean over the dates is that date.
        assert_eq!(value, numbers(&models, &format!("mean_{figure}")));
    }
    let brier = numbers(&models, "brier");
    let part = |name: &str| numbers(&models, &format!("brier_{name}"));
    let (reliability, resolution) = (part("reliability"), part("resolution"));
    let (uncertainty, within) = (part("uncertainty"), part("within"));
    for row in 0..brier.len() {
        let sum = reliability[row] - resolution[row] + uncertainty[row] + within[row];
        assert!((brier[row] - sum).abs() < 1e-5, "{} and {sum}", brier[row]);
    }
    for (column, most) in [
        ("calibration_error", 1.0),
        ("kolmogorov_smirnov", 1.0),
        ("expected_maximum_profit_share", 1.0),
        ("maximum_profit_share", 1.0),
        ("expected_maximum_profit", 200.0),
    ] {
        let values = numbers(&models, column);
        assert!(
            values.iter().all(|value| (0.0..=most).contains(value)),
            "{column}: {values:?}"
        );
    }
}

#[test]
fn the_scores_are_those_of_the_model_that_did_best_before_the_test_date() {
    let models = table(defaults(), "churn_models");
    let count = models["model"].len();
    let chosen: Vec<usize> = (0..count)
        .filter(|row| models["chosen"][*row] == "true")
        .collect();
    let [chosen] = chosen[..] else {
        panic!("one is chosen: {models:?}")
    };
    let losses = numbers(&models, "validation_log_loss");
    let explains = |row: &usize| {
        models["explains"][*row] == "true" && models["model"][*row] != "single-feature"
    };
    assert!(explains(&chosen));
    let lowest = (0..count)
        .filter(explains)
        .map(|row| losses[row])
        .fold(f64::INFINITY, f64::min);
    assert!(losses[chosen] <= lowest + 1e-4, "{models:?}");
    let metrics = metrics(defaults());
    assert_eq!(metrics["chosen"], models["model"][chosen].as_str());
    assert_eq!(
        metrics["validation"],
        *metrics["train_dates"].as_array().unwrap().last().unwrap()
    );
    assert_ne!(metrics["validation"], metrics["test_date"]);
    for model in metrics["models"].as_array().unwrap() {
        assert!(model["fit_seconds"].as_f64().unwrap() > 0.0, "{model}");
        assert!(model["score_seconds"].as_f64().unwrap() >= 0.0, "{model}");
        if cfg!(target_os = "linux") {
            assert!(
                model["peak_memory_bytes"].as_u64().unwrap() > 1 << 20,
                "{model}"
            );
        }
    }
    let scores = table(defaults(), "churn");
    assert!(scores["reason_1"].iter().all(|reason| !reason.is_empty()));
}

#[test]
fn the_readable_tree_is_there_as_rules_and_as_text() {
    let rules = table(defaults(), "churn_tree_rules");
    let coverage: f64 = numbers(&rules, "coverage").iter().sum();
    assert!((coverage - 1.0).abs() < 1e-4, "{coverage}");
    let rates = numbers(&rules, "rate");
    assert!(rates.is_sorted_by(|a, b| a >= b), "{rates:?}");
    let picture = defaults().read("regulars-out/churn_tree.svg");
    assert!(picture.starts_with("<svg") && !picture.contains("<script"));
    let text = defaults().read("regulars-out/churn_tree.txt");
    for leaf in &rules["leaf"] {
        assert!(text.contains(&format!("=> leaf {leaf},")), "{text}");
    }
    let rows: f64 = numbers(&rules, "customer_dates").iter().sum();
    let metrics = metrics(defaults());
    let all = metrics["train_rows"].as_f64().unwrap() + metrics["test_rows"].as_f64().unwrap();
    assert_eq!(rows, all, "the tree learns from every known outcome");
    // A customer of several dates is one customer of a rule.
    let (people, rows) = (
        numbers(&rules, "customers"),
        numbers(&rules, "customer_dates"),
    );
    assert!((0..rows.len()).all(|rule| people[rule] >= 1.0 && people[rule] <= rows[rule]));
    assert!((0..rows.len()).any(|rule| people[rule] < rows[rule]));
    assert!(people.iter().all(|people| *people <= 240.0), "{people:?}");
    assert!(
        text.contains(&format!("customer-dates of {} customers.", 240)),
        "{text}"
    );
    // Words and units, and no names of columns.
    for name in ["recency_days", "gap_sd_days", "trips_", "spend_"] {
        assert!(!picture.contains(name) && !text.contains(name), "{name}");
    }
    assert!(!picture.contains('\u{2026}'), "nothing is cut");
}

#[test]
fn curves_say_how_the_probability_moves_with_what_the_scores_look_at() {
    let points = table(defaults(), "churn_dependence");
    let features = table(defaults(), "churn_features");
    let mut order: Vec<&String> = points["feature"].iter().collect();
    order.dedup();
    assert_eq!(
        order,
        features["feature"][..order.len()]
            .iter()
            .collect::<Vec<_>>()
    );
    assert!((3..=6).contains(&order.len()), "{order:?}");
    let scored = metrics(defaults())["scored"].as_f64().unwrap();
    assert!(
        numbers(&points, "customers")
            .iter()
            .all(|of| *of == scored.min(500.0))
    );
    let mean = numbers(&points, "probability");
    let (low, high) = (
        numbers(&points, "probability_low"),
        numbers(&points, "probability_high"),
    );
    for row in 0..mean.len() {
        assert!(low[row] <= high[row] && (0.0..=1.0).contains(&mean[row]));
        assert!(!points["value_in_words"][row].is_empty());
    }
    // Values ascend, those of nobody last; and something moves.
    let values = numbers(&points, "value");
    for feature in order {
        let own: Vec<usize> = (0..mean.len())
            .filter(|row| points["feature"][*row] == *feature)
            .collect();
        let known: Vec<f64> = own
            .iter()
            .map(|row| values[*row])
            .filter(|v| !v.is_nan())
            .collect();
        assert!(
            known.is_sorted() && known.len() <= 20,
            "{feature}: {known:?}"
        );
    }
    let spread = |values: &[f64]| {
        values.iter().copied().fold(0.0, f64::max) - values.iter().copied().fold(1.0, f64::min)
    };
    assert!(spread(&mean) > 0.02, "{mean:?}");
}

#[test]
fn the_profit_of_every_share_contacted_begins_at_nothing_and_holds_the_best() {
    let curve = table(defaults(), "churn_profit");
    let (share, earns) = (
        numbers(&curve, "share"),
        numbers(&curve, "earns_per_customer"),
    );
    assert_eq!((share[0], earns[0]), (0.0, 0.0));
    assert!(
        share.is_sorted_by(|a, b| a < b) && share[share.len() - 1] == 1.0,
        "{share:?}"
    );
    let random = numbers(&curve, "earns_at_random");
    assert!((random[share.len() - 1] - earns[share.len() - 1]).abs() < 1e-5);
    // The best of them is the maximum profit of the model behind the scores.
    let best = earns.iter().copied().fold(0.0, f64::max);
    let delivered = metrics(defaults())["delivered"]["maximum_profit"]
        .as_f64()
        .unwrap();
    assert!((best - delivered).abs() < 1e-5, "{best} {delivered}");
    let contacted = numbers(&curve, "contacted");
    let tested = metrics(defaults())["test_rows"].as_f64().unwrap();
    assert_eq!(contacted[share.len() - 1], tested);
}

#[test]
fn bins_of_what_was_said_hold_every_customer_of_the_test_date() {
    let bins = table(defaults(), "churn_calibration");
    assert!(bins["scores"].iter().all(|scores| scores == "as learned"));
    let metrics = metrics(defaults());
    let sum = |column: &str| numbers(&bins, column).iter().sum::<f64>();
    assert_eq!(sum("customers"), metrics["test_rows"].as_f64().unwrap());
    assert_eq!(sum("left"), metrics["test_churned"].as_f64().unwrap());
    let said = numbers(&bins, "said");
    assert!(said.is_sorted(), "{said:?}");
    let (low, high) = (
        numbers(&bins, "happened_low"),
        numbers(&bins, "happened_high"),
    );
    for (row, happened) in numbers(&bins, "happened").into_iter().enumerate() {
        assert!(low[row] <= happened + 1e-6 && happened <= high[row] + 1e-6);
    }
    assert!(!defaults().exists("regulars-out/churn_dates.csv"));
}

#[test]
fn the_page_needs_nothing_from_elsewhere_and_shows_every_model() {
    let page = defaults().read("regulars-out/churn.html");
    needs_nothing_from_elsewhere(&page);
    for words in [
        "Corner shop: who is leaving",
        "boosted trees",
        "recency alone",
        "(scores)",
    ] {
        assert!(page.contains(words), "the page lacks `{words}`");
    }
    let rules = table(defaults(), "churn_tree_rules");
    assert!(
        page.contains(
            &rules["rule_in_words"][0]
                .replace('<', "&lt;")
                .replace('>', "&gt;")
        )
    );
    // The tree is there line by line, as wide as whatever shows it, and names no column.
    let leaves = page.matches("<li class=\"leaf").count();
    assert_eq!(leaves, rules["leaf"].len());
    for name in ["recency_days", "gap_sd_days", "trips_28", "<svg xmlns"] {
        assert!(!page.contains(name), "{name}");
    }
}

#[test]
fn several_test_dates_have_a_table_of_their_own_and_a_mean() {
    let sandbox = scored(shop_with("[churn]\ntest_dates = 3\n"));
    let (models, dates) = (
        table(&sandbox, "churn_models"),
        table(&sandbox, "churn_dates"),
    );
    let names = metrics(&sandbox)["test_dates"].clone();
    let names: Vec<&str> = names
        .as_array()
        .unwrap()
        .iter()
        .map(|date| date.as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 3);
    assert_eq!(dates["model"].len(), 3 * models["model"].len());
    let learned = numbers(&dates, "learned_from");
    let losses = numbers(&dates, "log_loss");
    for (place, model) in models["model"].iter().enumerate() {
        let rows: Vec<usize> = (0..dates["model"].len())
            .filter(|row| dates["model"][*row] == *model)
            .collect();
        let tested: Vec<&str> = rows
            .iter()
            .map(|row| dates["test_date"][*row].as_str())
            .collect();
        assert_eq!(tested, names, "each model on each date");
        assert!(
            rows.windows(2)
                .all(|pair| learned[pair[0]] < learned[pair[1]])
        );
        let mean = rows.iter().map(|row| losses[*row]).sum::<f64>() / 3.0;
        assert!((mean - numbers(&models, "mean_log_loss")[place]).abs() < 2e-6);
        // The last date is the one of the leaderboard.
        assert_eq!(losses[rows[2]], numbers(&models, "log_loss")[place]);
    }
    // The last date is tested as if it were the only one.
    assert_eq!(
        numbers(&models, "log_loss"),
        numbers(&table(defaults(), "churn_models"), "log_loss")
    );
}

#[test]
fn more_test_dates_than_the_history_allows_are_refused() {
    let sandbox = shop_with("[churn]\ntest_dates = 30\n");
    churn(&sandbox)
        .ended_with(3)
        .says(&["30 test dates", "only 5 of the dates", "test_dates = 5"]);
}

#[test]
fn named_models_run_and_a_named_one_gives_the_scores() {
    let sandbox = scored(shop_with(
        "[churn]\nmodels = [\"tree\", \"linfa-tree\"]\nchosen = \"linfa-tree\"\n",
    ));
    let models = table(&sandbox, "churn_models");
    assert_eq!(models["model"].len(), 2);
    let metrics = metrics(&sandbox);
    assert_eq!(metrics["chosen"], "linfa-tree");
    assert_eq!(metrics["why"], "the settings name it");
    // It cannot say why, so there are scores without reasons.
    let scores = table(&sandbox, "churn");
    let reasons = scores["reason_1"].iter().zip(&scores["churn_probability"]);
    assert!(
        reasons
            .clone()
            .any(|(_, probability)| !probability.is_empty())
    );
    for (reason, probability) in reasons {
        assert_eq!(reason.is_empty(), !probability.is_empty());
    }
    let features = sandbox.read("regulars-out/churn_features.csv");
    assert_eq!(features.lines().count(), 1, "{features}");
}

#[test]
fn the_baseline_gives_scores_only_when_asked_and_says_so() {
    let sandbox = shop_with("[churn]\nmodels = [\"single-feature\"]\n");
    churn(&sandbox)
        .ended_with(0)
        .says(&["the scores are those of recency alone"]);
    let entry = &sandbox.manifest("regulars-out")["stages"]["churn"];
    assert_eq!(entry["warnings"][0]["code"], "weak-churn-model");
}

#[test]
fn calibrated_scores_are_delivered_and_measured_beside_the_others() {
    for method in ["platt", "isotonic"] {
        let sandbox = scored(shop_with(&format!(
            "[churn]\nmodels = [\"boosting\"]\ncalibration = \"{method}\"\n"
        )));
        let metrics = metrics(&sandbox);
        assert_eq!(metrics["calibration"]["method"], method);
        let figure = |when: &str| metrics["calibration"][when]["log_loss"].as_f64().unwrap();
        assert_ne!(figure("before"), figure("after"));
        assert_eq!(
            metrics["delivered"]["log_loss"].as_f64().unwrap(),
            figure("after")
        );
        // The leaderboard has the models as they are.
        let models = table(&sandbox, "churn_models");
        assert!((numbers(&models, "log_loss")[0] - figure("before")).abs() < 1e-6);
        let bins = table(&sandbox, "churn_calibration");
        for scores in ["as learned", "calibrated"] {
            let rows = (0..bins["scores"].len()).filter(|row| bins["scores"][*row] == scores);
            let customers: f64 = rows.map(|row| numbers(&bins, "customers")[row]).sum();
            assert_eq!(customers, metrics["test_rows"].as_f64().unwrap());
        }
        let scores = table(&sandbox, "churn");
        let probabilities = numbers(&scores, "churn_probability");
        let known: Vec<&f64> = probabilities.iter().filter(|p| !p.is_nan()).collect();
        assert!(!known.is_empty() && known.iter().all(|p| (0.0..=1.0).contains(*p)));
        assert!(scores["reason_1"].iter().all(|reason| !reason.is_empty()));
    }
}

#[test]
fn the_saved_model_gives_the_scores_that_were_written() {
    for calibration in ["none", "platt", "isotonic"] {
        let sandbox = scored(shop_with(&format!(
            "[churn]\nmodels = [\"boosting\"]\ncalibration = \"{calibration}\"\n"
        )));
        let model = SavedModel::from_json(&sandbox.read("regulars-out/churn_model.json")).unwrap();
        assert_eq!(model.outcome(), "bought nothing for 28 days");
        let metrics = metrics(&sandbox);
        let date = metrics["score_date"].as_str().unwrap();
        let path = sandbox.path(&format!("regulars-out/features/{date}.parquet"));
        let snapshot = regulars::outputs::read_parquet(&path).unwrap();
        let names: Vec<String> = snapshot
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        let order = model.column_order(&names).unwrap();
        let ids = snapshot.column(0).as_string::<i32>();
        let value = |(row, column): (usize, usize)| {
            let column = snapshot.column(order[column]).as_primitive::<Float64Type>();
            if column.is_valid(row) {
                column.value(row) as f32
            } else {
                f32::NAN
            }
        };
        let x = Array2::from_shape_fn((snapshot.num_rows(), order.len()), value);
        let said = model.predict_probability(x.view()).unwrap();
        let scores = table(&sandbox, "churn");
        let written = numbers(&scores, "churn_probability");
        let written = scores["customer_id"].iter().zip(written);
        let written: Vec<(&String, f64)> = written.filter(|(_, p)| !p.is_nan()).collect();
        assert!(!written.is_empty());
        for (id, written) in written {
            let row = (0..ids.len()).find(|row| ids.value(*row) == id).unwrap();
            assert!(
                (said[row] - written).abs() < 1e-6,
                "{id}: {} in the file, {written} in the table",
                said[row]
            );
        }
    }
}

#[test]
fn one_training_date_holds_out_a_third_of_its_customers() {
    let sandbox = scored(shop_of(400, 130, ""));
    let metrics = metrics(&sandbox);
    assert_eq!(metrics["train_dates"].as_array().unwrap().len(), 1);
    assert_eq!(metrics["validation"], "a third of the customers, held out");
    let models = table(&sandbox, "churn_models");
    assert!(
        numbers(&models, "validation_log_loss")
            .iter()
            .all(|loss| loss.is_finite())
    );
}

#[test]
fn dates_at_which_nobody_left_are_named() {
    // Whoever left did so long before the test date, and is not scored there.
    let sandbox = shop_with("[churn]\nactive_days = 10\nmin_history_days = 100\n");
    churn(&sandbox)
        .ended_with(3)
        .says(&["test date 2023-08", "nobody left", "horizon_days"]);
}

#[test]
fn too_few_customers_are_counted() {
    let sandbox = shop_of(15, 240, "");
    churn(&sandbox)
        .ended_with(3)
        .says(&["there are only", "fewer than 50"]);
}

#[test]
fn a_campaign_of_other_terms_earns_other_money() {
    let sandbox = scored(shop_with(
        "[churn]\nmodels = [\"elastic-net\"]\n[churn.profit]\nlifetime_value = 2000.0\noffer_cost = 10.0\n",
    ));
    let of = |sandbox: &Sandbox| {
        let models = table(sandbox, "churn_models");
        let row = models["model"]
            .iter()
            .position(|model| model == "elastic-net")
            .unwrap();
        (
            numbers(&models, "log_loss")[row],
            numbers(&models, "expected_maximum_profit")[row],
        )
    };
    let ((loss, dear), (same, cheap)) = (of(&sandbox), of(defaults()));
    assert_eq!(loss, same);
    assert!(dear > 5.0 * cheap, "{dear} and {cheap}");
}

#[test]
fn every_model_and_option_gives_the_same_bytes_with_one_thread_and_with_two() {
    let settings = "[churn]\nmodels = [\"all\"]\ntest_dates = 2\ncalibration = \"isotonic\"\n";
    let run = |threads: &str| {
        let sandbox = shop_with(settings);
        for stage in ["ingest", "features", "churn"] {
            sandbox
                .regulars(&[stage, "--quiet", "--threads", threads])
                .ended_with(0);
        }
        sandbox.data_files("regulars-out")
    };
    let (one, two) = (run("1"), run("2"));
    assert!(one.contains_key("churn_dates.parquet"));
    for (name, bytes) in &one {
        assert!(*bytes == two[name], "{name} differs");
    }
}

#[test]
fn wrong_settings_are_refused_with_their_place_and_the_nearest_name() {
    let cases: &[(&str, &[&str])] = &[
        (
            "[churn]\nmodels = [\"boosting\", \"logistics\"]\n",
            &[
                "regulars.toml:28",
                "`logistics` is no model",
                "did you mean `logistic`?",
            ],
        ),
        ("[churn]\nmodels = []\n", &["no model is named", "`all`"]),
        (
            "[churn]\nmodels = [\"tree\", \"tree\"]\n",
            &["`tree` is named twice"],
        ),
        (
            "[churn]\nmodels = [\"tree\"]\nchosen = \"boosting\"\n",
            &[
                "`boosting` is not among the models that run",
                "add it to models",
            ],
        ),
        (
            "[churn]\nchosen = \"bosting\"\n",
            &["`bosting` is no model", "did you mean `boosting`?"],
        ),
        ("[churn]\ntest_dates = 0\n", &["0 dates test nothing"]),
        ("[churn]\ncalibration = \"plat\"\n", &["plat", "platt"]),
        (
            "[churn.profit]\nlifetime_value = 0.0\n",
            &["with 0 no campaign makes sense", "above 0"],
        ),
        (
            "[churn.profit]\noffer_cost = 300.0\n",
            &["with 300 no campaign makes sense", "below lifetime_value"],
        ),
        (
            "[churn.profit]\nacceptance = [0.0, 1.0]\n",
            &["with 0 no campaign makes sense", "[6, 14]"],
        ),
    ];
    for (settings, words) in cases {
        shop_of(3, 20, settings)
            .regulars(&["churn"])
            .ended_with(2)
            .says(words);
    }
}

#[test]
fn by_each_customers_own_value_whom_to_contact_and_what_leaving_costs() {
    let sandbox = shop_with("[churn.profit]\noffer_cost = 0.5\ncontact_cost = 0.05\n");
    sandbox.regulars(&["features", "--quiet"]).ended_with(0);
    sandbox.regulars(&["churn", "--quiet"]).ended_with(0);
    let before = table(&sandbox, "churn");
    assert!(!before.contains_key("expected_loss"), "value has not run");
    let one_for_all = metrics(&sandbox)["delivered"]["expected_maximum_profit"].clone();

    sandbox.regulars(&["value", "--quiet"]).ended_with(0);
    sandbox.regulars(&["churn"]).ended_with(0);
    let page = sandbox.read("regulars-out/churn.html");
    for part in [
        "Leaving is expected to cost",
        "<code>contact</code> in churn.csv",
        "own value (",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let (churn, value) = (table(&sandbox, "churn"), table(&sandbox, "value"));
    assert_eq!(churn["churn_probability"], before["churn_probability"]);
    let lifetime = numbers(&value, "lifetime_value");
    let row = |id: &String| {
        value["customer_id"]
            .iter()
            .position(|other| other == id)
            .unwrap()
    };
    let [worth, probability, loss, profit] = [
        "customer_value",
        "churn_probability",
        "expected_loss",
        "contact_profit",
    ]
    .map(|name| numbers(&churn, name));
    let (mut scored, mut contacted) = (0, 0);
    for (place, id) in churn["customer_id"].iter().enumerate() {
        let p = probability[place];
        if p.is_nan() {
            assert!(loss[place].is_nan() && churn["contact"][place].is_empty());
            continue;
        }
        scored += 1;
        let v = lifetime[row(id)];
        assert!((worth[place] - v).abs() < 0.01, "{id}");
        assert!((loss[place] - p * v).abs() < 0.02, "{id}");
        // Three tenths accept.
        let expected = p * (0.3 * (v - 0.5) - 0.05) - (1.0 - p) * 0.55;
        assert!(
            (profit[place] - expected).abs() < 0.02,
            "{id}: {} for {expected}",
            profit[place]
        );
        let contact = churn["contact"][place] == "true";
        // To the cent.
        assert!(
            contact == (profit[place] > 0.0) || profit[place] == 0.0,
            "{id}"
        );
        contacted += usize::from(contact);
    }
    assert!(contacted > 0, "of {scored}");
    let found = metrics(&sandbox);
    assert_eq!(found["campaign"]["customers"], contacted);
    assert_eq!(found["campaign"]["scored"], scored);
    assert_ne!(found["delivered"]["expected_maximum_profit"], one_for_all);

    // Values of another day are not taken, and it is said.
    sandbox
        .regulars(&["value", "--quiet", "--as-of", "2023-06-01"])
        .ended_with(0);
    sandbox.regulars(&["churn"]).ended_with(0);
    let words = metrics(&sandbox)["campaign"]["words"].to_string();
    assert!(
        words.contains("One value for all, because value.parquet speaks of 2023-06-01"),
        "{words}"
    );
    assert!(!table(&sandbox, "churn").contains_key("expected_loss"));
}

/// Whether a text has Chinese in it.
fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

#[test]
fn in_chinese_people_read_chinese_and_codes_stay() {
    let sandbox = shop_with("[churn]\nmodels = [\"single-feature\", \"tree\", \"boosting\"]");
    for stage in ["features", "churn"] {
        sandbox
            .regulars(&[stage, "--quiet", "--lang", "zh"])
            .ended_with(0);
    }
    let scores = table(&sandbox, "churn");
    assert!(!table(defaults(), "churn").contains_key("band_words"));
    for (code, words) in scores["band"].iter().zip(&scores["band_words"]) {
        let want = match code.as_str() {
            "high" => "高",
            "medium" => "中",
            "low" => "低",
            "lapsed" => "已沉默",
            "new" => "新客户",
            other => panic!("{other} is no code"),
        };
        assert_eq!(words, want);
    }
    for reason in &scores["reason_1"] {
        assert!(is_chinese(reason), "{reason}");
    }
    let reasons = scores["reason_1"].join("\n");
    assert!(reasons.contains("（风险升高）"), "{reasons}");
    let models = table(&sandbox, "churn_models");
    assert!(models["model"].contains(&"boosting".to_owned()));
    assert!(models["title"].contains(&"提升树".to_owned()));
    let features = table(&sandbox, "churn_features");
    assert!(features["meaning"].contains(&"距上次购买天数".to_owned()));
    let tree = sandbox.read("regulars-out/churn_tree.txt");
    assert!(tree.starts_with("哪些客户连续 28 天没有购买"), "{tree}");
    assert!(tree.contains("流失 => 叶 "), "{tree}");
    let page = sandbox.read("regulars-out/churn.html");
    for words in ["谁在流失", "位客户已评分", "评分来自<b>", "整棵树"] {
        assert!(page.contains(words), "{words}");
    }
    needs_nothing_from_elsewhere(&page);
    // What is kept does not depend on it.
    let of = |sandbox: &Sandbox| -> Value {
        serde_json::from_str(&sandbox.read("regulars-out/churn_model.json")).expect("JSON")
    };
    let [chinese, english] = [of(&sandbox), of(defaults())];
    assert_eq!(chinese["outcome"], english["outcome"]);
    assert_eq!(chinese["facts"]["learned"], english["facts"]["learned"]);
}

#[test]
fn the_rhythm_of_the_customers_is_said_in_chinese() {
    let sandbox = shop_with("");
    let suggested = sandbox
        .regulars(&["churn", "--suggest", "--quiet", "--lang", "zh"])
        .ended_with(0);
    let lines: toml::Table = suggested.stdout.parse().expect("settings");
    assert!(lines["churn"]["horizon_days"].is_integer());
    assert!(is_chinese(&suggested.stdout), "{}", suggested.stdout);
    let page = sandbox.read("regulars-out/churn_rhythm.html");
    assert!(page.contains("客户何时再次光顾"), "{page}");
}
