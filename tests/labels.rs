//! A customer table with a label and no history: churn is learned from the table alone.

use std::fmt::Write as _;

use crate::util::{Sandbox, columns};

/// A number from 0 to 1 that depends on both arguments and looks drawn.
fn drawn(customer: u64, purpose: u64) -> f64 {
    let mut z = customer
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(purpose.wrapping_mul(0xbf58_476d_1ce4_e5b9));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// A customer of a telephone company: what the table says, and the true probability of leaving.
struct Subscriber {
    line: String,
    leaves: bool,
}

fn subscriber(number: u64) -> Subscriber {
    let pick =
        |purpose, of: &[&'static str]| of[(drawn(number, purpose) * of.len() as f64) as usize];
    let contract = pick(
        1,
        &[
            "Month-to-month",
            "Month-to-month",
            "Month-to-month",
            "One year",
            "Two year",
        ],
    );
    let internet = pick(2, &["DSL", "Fiber optic", "No"]);
    let payment = pick(
        3,
        &[
            "Electronic check",
            "Mailed check",
            "Bank transfer",
            "Credit card",
        ],
    );
    let tenure = (drawn(number, 4) * 73.0) as u32;
    let monthly = match internet {
        "No" => 20.0,
        "DSL" => 55.0,
        _ => 85.0,
    } + drawn(number, 5) * 15.0;
    let total = if tenure == 0 {
        String::new()
    } else {
        format!("{:.2}", monthly * f64::from(tenure))
    };
    let score =
        -1.4 + match contract {
            "Month-to-month" => 1.2,
            "One year" => -0.6,
            _ => -1.8,
        } - 0.04 * f64::from(tenure)
            + if internet == "Fiber optic" { 1.0 } else { 0.0 }
            + if payment == "Electronic check" {
                0.5
            } else {
                0.0
            };
    let leaves = drawn(number, 6) < 1.0 / (1.0 + (-score).exp());
    Subscriber {
        line: format!(
            "{:04}-TELCO,{},{},{tenure},{contract},{internet},{payment},{monthly:.2},{total}",
            number,
            pick(7, &["Female", "Male"]),
            u8::from(drawn(number, 8) < 0.16),
        ),
        leaves,
    }
}

const HEADER: &str = "customerID,gender,SeniorCitizen,tenure,Contract,InternetService,PaymentMethod,MonthlyCharges,TotalCharges,Churn";

/// A table of so many subscribers; of every `open`-th the outcome is not known yet.
fn telco(customers: u64, open: u64) -> String {
    let mut csv = format!("{HEADER}\n");
    for number in 0..customers {
        let Subscriber { line, leaves } = subscriber(number);
        let churn = match (number % open == open - 1, leaves) {
            (true, _) => "",
            (false, true) => "Yes",
            (false, false) => "No",
        };
        let _ = writeln!(csv, "{line},{churn}");
    }
    csv
}

fn sandbox(csv: &str) -> Sandbox {
    let sandbox = Sandbox::new().file("telco.csv", csv);
    sandbox
        .regulars(&["init", "telco.csv"])
        .ended_with(0)
        .shows(&["[churn] label = \"churn\": churn is learned from it"]);
    sandbox
}

#[test]
fn a_telephone_company_gets_scores_from_its_table_alone() {
    let sandbox = sandbox(&telco(2_000, 10));
    sandbox.regulars(&["check"]).ended_with(0);
    sandbox.regulars(&["run"]).ended_with(0).shows(&[
        "WHO IS LEAVING",
        "2,000 customers scored",
        "no source tells what customers did",
    ]);
    let scores = columns(&sandbox.read("regulars-out/churn.csv"));
    assert_eq!(scores["customer_id"].len(), 2_000);
    // Whoever is known to have left scores higher than who is not, although no model that
    // scored a customer had seen that customer's outcome.
    let auc = true_auc(&scores);
    assert!((0.75..0.95).contains(&auc), "ROC AUC {auc}");
    let reasons = &scores["reason_1"];
    let speaks = |of: &str| reasons.iter().any(|reason| reason.starts_with(of));
    assert!(speaks("contract is Month-to-month"), "{:?}", &reasons[..20]);
    let tree = sandbox.read("regulars-out/churn_tree.txt");
    assert!(tree.contains("contract"), "{tree}");
    assert!(tree.contains("Month-to-month"), "{tree}");
    let models = columns(&sandbox.read("regulars-out/churn_models.csv"));
    assert!(models["model"].len() >= 3);
}

/// How often the score puts one who left above one who stayed.
fn true_auc(scores: &std::collections::BTreeMap<String, Vec<String>>) -> f64 {
    let rows: Vec<(f64, bool)> = scores["customer_id"]
        .iter()
        .zip(&scores["churn_probability"])
        .map(|(id, probability)| {
            let number: u64 = id[..4].parse().expect("a number");
            (
                probability.parse().expect("a probability"),
                subscriber(number).leaves,
            )
        })
        .collect();
    let (mut right, mut pairs) = (0.0, 0.0);
    for (a, _) in rows.iter().filter(|(_, left)| *left) {
        for (b, _) in rows.iter().filter(|(_, left)| !*left) {
            pairs += 1.0;
            right += if a > b {
                1.0
            } else if a == b {
                0.5
            } else {
                0.0
            };
        }
    }
    right / pairs
}

#[test]
fn the_same_scores_on_one_thread_and_on_two() {
    let sandbox = sandbox(&telco(600, 1_000));
    for (threads, out) in [("1", "one"), ("2", "two")] {
        sandbox
            .regulars(&["run", "--quiet", "--threads", threads, "--out", out])
            .ended_with(0);
    }
    assert_eq!(sandbox.data_files("one"), sandbox.data_files("two"));
}

#[test]
fn a_column_that_is_known_only_afterwards_is_pointed_out_and_can_be_ignored() {
    let mut csv = format!("{HEADER},Churn Reason\n");
    for number in 0..800 {
        let Subscriber { line, leaves } = subscriber(number);
        let (churn, reason) = if leaves { ("Yes", "Price") } else { ("No", "") };
        let _ = writeln!(csv, "{line},{churn},{reason}");
    }
    // `init` sees by its name that it is akin to the label.
    let sandbox = sandbox(&csv);
    let draft = sandbox.read("regulars.toml");
    assert!(
        !draft.contains("churn_reason") || draft.contains("ignore = [\"churn_reason\"]"),
        "{draft}"
    );

    let settings = "[project]\nname = \"telco\"\ntimezone = \"UTC\"\n[[sources]]\ntable = \"customers\"\npath = \"telco.csv\"\n\
        [sources.columns]\ncustomer_id = \"customerID\"\ntenure = { column = \"tenure\", type = \"number\" }\ncontract = \"Contract\"\nwhy = \"Churn Reason\"\nchurn = \"Churn\"\n\
        [churn]\nlabel = \"churn\"\n";
    sandbox.write("regulars.toml", settings);
    for command in ["run", "churn", "train"] {
        sandbox.regulars(&[command]).ended_with(3).says(&[
            "all but tells by itself who left, as only what is known afterwards can: why (ROC AUC 1.000)",
            "add it to ignore if it is known only afterwards",
        ]);
    }
    assert!(!sandbox.exists("regulars-out/churn.csv"));
    assert!(!sandbox.exists("regulars-out/models/churn"));
    let warned = format!("{settings}leaks = \"warn\"\n");
    sandbox.write("regulars.toml", warned);
    sandbox.regulars(&["run"]).ended_with(0).shows(&[
        "all but tells by itself who left, as only what is known afterwards can: why",
        "add it to ignore under [churn]",
    ]);
    sandbox.write("regulars.toml", format!("{settings}ignore = [\"why\"]\n"));
    let run = sandbox.regulars(&["run"]).ended_with(0);
    assert!(!run.stdout.contains("all but tells"), "{}", run.stdout);
}

/// What tells nearly everything and not all of it is learned from, unless the settings find less
/// implausible.
#[test]
fn a_strong_attribute_that_is_honest_is_no_leak() {
    let mut csv = "customerID,tenure,calls,Churn\n".to_owned();
    for number in 0..1_000 {
        let leaves = drawn(number, 1) < 0.3;
        let calls = 4.0 * drawn(number, 2) + if leaves { 3.0 } else { 0.0 };
        let churn = if leaves { "Yes" } else { "No" };
        let tenure = (drawn(number, 3) * 72.0) as u32;
        let _ = writeln!(csv, "C{number},{tenure},{calls:.3},{churn}");
    }
    let settings = "[project]\nname = \"telco\"\ntimezone = \"UTC\"\n[[sources]]\ntable = \"customers\"\npath = \"telco.csv\"\n\
        [sources.columns]\ncustomer_id = \"customerID\"\ntenure = { column = \"tenure\", type = \"number\" }\ncalls = { column = \"calls\", type = \"number\" }\nchurn = \"Churn\"\n\
        [churn]\nlabel = \"churn\"\n";
    let sandbox = Sandbox::new()
        .file("telco.csv", csv)
        .file("regulars.toml", settings);
    let run = sandbox.regulars(&["run"]).ended_with(0);
    assert!(!run.stdout.contains("all but tells"), "{}", run.stdout);
    let strict = format!("{settings}implausible_auc = 0.9\n");
    sandbox.write("regulars.toml", strict);
    sandbox
        .regulars(&["run"])
        .ended_with(3)
        .says(&["can: calls (ROC AUC 0.9", "set implausible_auc above 0.9"]);
    for (line, words) in [
        ("implausible_auc = 0.5", "0.5 is no area under a ROC curve"),
        ("implausible_auc = 1.2", "1.2 is no area under a ROC curve"),
        ("leaks = \"ignore\"", "unknown value `ignore`"),
    ] {
        sandbox.write("regulars.toml", format!("{settings}{line}\n"));
        sandbox.regulars(&["run"]).ended_with(2).says(&[words]);
    }
}

#[test]
fn labels_that_cannot_be_read_say_what_would_mend_them() {
    let csv = telco(200, 1_000)
        .replace(",Yes\n", ",2\n")
        .replace(",No\n", ",1\n");
    let sandbox = Sandbox::new().file("telco.csv", csv);
    let settings = |churn: &str| {
        format!(
            "[project]\nname = \"telco\"\ntimezone = \"UTC\"\n[[sources]]\ntable = \"customers\"\npath = \"telco.csv\"\n\
             [sources.columns]\ncustomer_id = \"customerID\"\ncontract = \"Contract\"\nchurned = \"Churn\"\n[churn]\n{churn}\n"
        )
    };
    let ends = |churn: &str, code: i32, says: &[&str]| {
        sandbox.write("regulars.toml", settings(churn));
        sandbox
            .regulars(&["run", "--quiet"])
            .ended_with(code)
            .says(says);
    };
    ends(
        "label = \"chuned\"",
        2,
        &[
            "[churn] label",
            "the customers have no attribute `chuned`",
            "did you mean `churned`?",
        ],
    );
    ends(
        "label = \"churned\"",
        2,
        &[
            "[churn] label",
            "`2` as churned may mean that a customer left, or not",
            "positive = [\"...\"]",
        ],
    );
    ends(
        "label = \"churned\"\npositive = [\"3\"]",
        2,
        &[
            "[churn] positive",
            "no customer has `3` as churned",
            "`1` (",
        ],
    );
    ends(
        "positive = [\"2\"]",
        2,
        &[
            "[churn] positive",
            "it speaks of a label, and there is none",
        ],
    );
    ends(
        "label = \"churned\"\nignore = [\"contrakt\"]",
        2,
        &["[churn] ignore", "did you mean `contract`?"],
    );
    ends(
        "label = \"churned\"\npositive = [\"1\", \"2\"]",
        3,
        &["everybody left"],
    );
    ends(
        "label = \"churned\"\ntest_dates = 3",
        2,
        &["[churn] test_dates", "a label in a table has no dates"],
    );
    ends("label = \"churned\"\npositive = [\"2\"]", 0, &[]);
    sandbox
        .regulars(&["run", "--as-of", "2025-01-01"])
        .ended_with(2)
        .says(&["--as-of", "label"]);
}

#[test]
fn a_few_customers_are_not_learned_from() {
    let sandbox = sandbox(&telco(30, 1_000));
    sandbox.regulars(&["churn"]).ended_with(3);
    sandbox.regulars(&["ingest"]).ended_with(0);
    sandbox
        .regulars(&["churn"])
        .ended_with(3)
        .says(&["only 30 customers"]);
}
