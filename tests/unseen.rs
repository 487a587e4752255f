//! Customers with a plan that nobody had when a model learned, or with none: every model scores them
//! between those whose plans it knows, and the readable tree says by which rule.

use std::collections::BTreeMap;

use crate::util::{Sandbox, columns, copy, repository};

type Columns = BTreeMap<String, Vec<String>>;

/// Of 1,500 labelled customers a tenth leaves with plan A, three with B, half with C; NEW0 to NEW7 have
/// no label: A, B, C, an unknown D, none, D without a region, D without usage, and an unknown plan and
/// region.
fn case() -> Sandbox {
    let sandbox = Sandbox::new();
    let from = repository().join("tests/fixtures/cases/unseen-category");
    copy(&from, &sandbox.path(""));
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox
}

/// The settings of the case with other models.
fn choose(sandbox: &Sandbox, models: &str, chosen: &str) {
    let settings = sandbox.read("regulars.toml");
    let (before, _) = settings.split_once("models=").unwrap_or((&settings, ""));
    let churn = format!("models=[{models}]\nchosen=\"{chosen}\"\n");
    sandbox.write("regulars.toml", format!("{before}{churn}"));
}

fn scores(sandbox: &Sandbox) -> Columns {
    columns(&sandbox.read("regulars-out/churn.csv"))
}

/// The probability of NEW0 to NEW7.
fn of_new(scores: &Columns) -> [f64; 8] {
    std::array::from_fn(|number| {
        let id = format!("NEW{number}");
        let row = scores["customer_id"].iter().position(|other| *other == id);
        let p = &scores["churn_probability"][row.expect("everybody has a row")];
        p.parse().expect("a number")
    })
}

/// What a customer of the table is asked by a rule.
struct Customer<'a> {
    plan: &'a str,
    region: &'a str,
    usage: Option<f64>,
}

impl Customer<'_> {
    /// Whether a printed condition holds, by nothing but its text.
    fn meets(&self, condition: &str) -> bool {
        let condition = condition.trim_start_matches('(').trim_end_matches(')');
        let (bare, or_unknown) = match condition.strip_suffix(" or unknown") {
            Some(bare) => (bare, true),
            None => (condition, false),
        };
        for (name, value, known) in [
            ("plan", self.plan, &["A", "B", "C"][..]),
            ("region", self.region, &["N", "S"][..]),
        ] {
            if !bare.starts_with(&format!("{name} ")) {
                continue;
            }
            let is_known = known.contains(&value);
            let among = |list: &str| list.split(", ").any(|one| one == value);
            let rest = &bare[name.len() + 1..];
            return match rest {
                "is known" => is_known,
                "is unknown" => !is_known,
                _ if !is_known => or_unknown,
                _ => {
                    let list = rest.trim_end_matches('}');
                    if let Some(list) = list.strip_prefix("= ") {
                        among(list)
                    } else if let Some(list) = list.strip_prefix("in {") {
                        among(list)
                    } else if let Some(list) = list.strip_prefix("not in {") {
                        !among(list)
                    } else {
                        !among(list.strip_prefix("is not ").expect("a test of a category"))
                    }
                }
            };
        }
        let (bare, or_missing) = match bare.strip_suffix(" or missing") {
            Some(bare) => (bare, true),
            None => (bare, false),
        };
        let number = |text: &str| text.parse::<f64>().expect("a number");
        let Some(usage) = self.usage else {
            return or_missing || bare == "usage is missing";
        };
        if let Some(above) = bare.strip_prefix("usage > ") {
            usage > number(above)
        } else if let Some(up_to) = bare.strip_prefix("usage <= ") {
            usage <= number(up_to)
        } else if let Some((above, up_to)) = bare.split_once(" < usage <= ") {
            usage > number(above) && usage <= number(up_to)
        } else {
            assert_eq!(bare, "usage is not missing");
            true
        }
    }
}

#[test]
fn every_model_scores_an_unknown_plan_between_those_that_it_knows() {
    let sandbox = case();
    // All at once first: none of them may fail beside the others.
    choose(&sandbox, "\"all\"", "tree");
    sandbox.regulars(&["churn", "--quiet"]).ended_with(0);
    let ran = columns(&sandbox.read("regulars-out/churn_models.csv"));
    for model in &ran["model"] {
        // An ensemble is made of others.
        match model.as_str() {
            "ensemble" => choose(&sandbox, "\"all\"", model),
            model => choose(&sandbox, &format!("\"{model}\""), model),
        }
        sandbox.regulars(&["churn", "--quiet"]).ended_with(0);
        let scores = scores(&sandbox);
        assert_eq!(scores["customer_id"].len(), 1_508, "{model}");
        let new = of_new(&scores);
        assert!(
            new.iter().all(|p| (0.0..=1.0).contains(p)),
            "{model}: {new:?}"
        );
        for (row, id) in scores["customer_id"].iter().enumerate() {
            for reason in ["reason_1", "reason_2", "reason_3"].map(|name| &scores[name][row]) {
                let wrong = match id.as_str() {
                    "NEW3" | "NEW4" | "NEW5" | "NEW6" | "NEW7" => ["A", "B", "C"]
                        .iter()
                        .any(|plan| *reason == format!("plan is {plan}")),
                    _ => false,
                };
                assert!(!wrong, "{model}: {id} is told {reason}");
            }
        }
        // One column alone is that which tells the most: it may be another than the plan.
        if model == "single-feature" {
            continue;
        }
        for (p, wanted) in new[..3].iter().zip([0.1, 0.3, 0.5]) {
            assert!((p - wanted).abs() < 0.2, "{model}: {new:?}");
        }
        for p in &new[3..] {
            let (low, high) = (new[0] - 0.02, new[2] + 0.02);
            assert!((low..=high).contains(p), "{model}: {new:?}");
        }
    }
    assert!(ran["model"].len() >= 12, "{:?}", ran["model"]);
}

#[test]
fn the_readable_tree_has_a_rule_for_an_unknown_plan_and_everybody_meets_one() {
    let sandbox = case();
    choose(&sandbox, "\"tree\"", "tree");
    sandbox.regulars(&["churn", "--quiet"]).ended_with(0);
    let new = of_new(&scores(&sandbox));
    // Nobody knows of these plans: what is said of all who come that far, and not of one plan.
    for p in &new[3..] {
        assert!((0.2..0.45).contains(p), "{new:?}");
    }
    let rules = columns(&sandbox.read("regulars-out/churn_tree_rules.csv"));
    let table = columns(&sandbox.read("c.csv"));
    let mut met = vec![0; rules["rule"].len()];
    for (row, id) in table["customer_id"].iter().enumerate() {
        let customer = Customer {
            plan: &table["plan"][row],
            region: &table["region"][row],
            usage: table["usage"][row].parse().ok(),
        };
        let meets = |rule: &&String| rule.split(" and ").all(|one| customer.meets(one));
        let all: Vec<&String> = rules["rule"].iter().filter(meets).collect();
        assert_eq!(all.len(), 1, "{id} meets {all:?}");
        let place = rules["rule"]
            .iter()
            .position(|rule| rule == all[0])
            .unwrap();
        met[place] += u32::from(!id.starts_with("NEW"));
        if let Some(number) = id.strip_prefix("NEW") {
            let said: f64 = rules["probability"][place].parse().unwrap();
            let scored = new[number.parse::<usize>().unwrap()];
            assert!((said - scored).abs() < 1e-3, "{id}: {said} and {scored}");
        }
    }
    for (place, met) in met.iter().enumerate() {
        let customers: u32 = rules["customers"][place].parse().unwrap();
        assert_eq!(customers, *met, "{}", rules["rule"][place]);
        let alone = ["A", "B", "C"].map(|plan| format!("plan = {plan} or unknown"));
        let rule = &rules["rule"][place];
        assert!(!alone.iter().any(|alone| rule.contains(alone)), "{rule}");
    }
    // Text, picture and page say the same.
    let of_nobody = |name: &str| {
        let said = sandbox.read(&format!("regulars-out/{name}"));
        assert!(said.contains("plan is unknown"), "{name}: {said}");
        assert!(said.contains("no customers yet"), "{name}: {said}");
    };
    of_nobody("churn_tree.txt");
    of_nobody("churn_tree.svg");
    of_nobody("churn.html");
}

#[test]
fn a_kept_tree_and_its_sql_know_where_unknown_plans_go() {
    let sandbox = case();
    sandbox.regulars(&["churn", "--quiet"]).ended_with(0);
    let by_churn = of_new(&scores(&sandbox));
    sandbox.regulars(&["train", "--quiet"]).ended_with(0);
    sandbox
        .regulars(&["models", "promote", "1", "--force", "--why", "a test"])
        .ended_with(0);
    // A plan of which the model has not heard at all.
    let table = sandbox.read("c.csv").replace("NEW3,D,", "NEW3,Q,");
    sandbox.write("c.csv", table);
    sandbox
        .regulars(&["ingest", "--rebuild", "--quiet"])
        .ended_with(0);
    sandbox.regulars(&["score", "--quiet"]).ended_with(0);
    let by_score = of_new(&scores(&sandbox));
    for (a, b) in by_churn.iter().zip(&by_score) {
        assert!((a - b).abs() < 1e-9, "{by_churn:?} and {by_score:?}");
    }
    for to in ["sql", "onnx"] {
        let file = format!("tree.{to}");
        sandbox
            .regulars(&["models", "export", "1", "--to", to, "--file", &file])
            .ended_with(0);
    }
    assert!(sandbox.read("tree.sql").contains("IN ("));
}
