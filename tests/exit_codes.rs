//! Exit codes mean what the help says.

use std::fs;

use crate::util::{Sandbox, shop_sandbox};

#[test]
fn help_is_the_manual_of_every_command() {
    let sandbox = Sandbox::new();
    let help = sandbox.regulars(&["--help"]).ended_with(0);
    for words in [
        "Exit codes:",
        "0  done",
        "2  wrong use",
        "3  the data",
        "4  a failure of the machine",
    ] {
        assert!(help.stdout.contains(words), "{}", help.stdout);
    }
    for command in [
        "demo", "run", "ingest", "features", "segment", "churn", "value", "classes", "rules",
        "offers", "report",
    ] {
        let help = sandbox.regulars(&[command, "--help"]).ended_with(0);
        for words in ["--out", "--as-of", "--seed", "--threads", "Example:"] {
            assert!(
                help.stdout.contains(words),
                "{command} --help lacks {words}"
            );
        }
    }
    for (command, options) in [
        (
            "generate",
            ["--customers", "--dirty", "--baskets", "--threads"],
        ),
        (
            "compare",
            ["RUN_DIR", "TRUTH_DIR", "comparison.csv", "--threads"],
        ),
    ] {
        let help = sandbox.regulars(&[command, "--help"]).ended_with(0);
        for words in options.iter().chain(&["Example:"]) {
            assert!(
                help.stdout.contains(words),
                "{command} --help lacks {words}"
            );
        }
    }
}

#[test]
fn wrong_use_is_two() {
    let sandbox = Sandbox::new();
    sandbox
        .regulars(&["segmnt"])
        .ended_with(2)
        .says(&["segment"]);
    sandbox
        .regulars(&["run", "--as-of", "yesterday"])
        .ended_with(2)
        .says(&["write it as 2017-12-31"]);
    sandbox.regulars(&["run", "--threads", "0"]).ended_with(2);
    sandbox
        .regulars(&["run"])
        .ended_with(2)
        .says(&["there is no settings file regulars.toml", "hint:"]);
}

#[test]
fn a_stage_says_which_one_must_run_before_it() {
    let sandbox = shop_sandbox(30, 100);
    for (stage, before) in [
        ("features", "ingest"),
        ("segment", "ingest"),
        ("churn", "ingest"),
        ("value", "ingest"),
        ("rules", "ingest"),
        ("offers", "ingest"),
        ("report", "ingest"),
    ] {
        sandbox
            .regulars(&[stage])
            .ended_with(3)
            .says(&["missing", &format!("regulars {before}")]);
    }
    sandbox.regulars(&["ingest"]).ended_with(0);
    sandbox
        .regulars(&["segment"])
        .ended_with(3)
        .says(&["regulars features"]);
}

#[test]
fn warnings_become_failures_when_the_settings_say_so() {
    let sandbox = shop_sandbox(30, 100);
    let mut lines = sandbox.read("lines.csv");
    lines.push_str("C0001,not a date,9,bread,1.00\n");
    sandbox.write("lines.csv", lines);
    sandbox
        .regulars(&["ingest"])
        .ended_with(0)
        .says(&["1 of", "rejected"]);
    let settings = sandbox.read("regulars.toml") + "\n[run]\nfail_on = [\"rejected-rows\"]\n";
    sandbox.write("regulars.toml", settings);
    sandbox
        .regulars(&["ingest"])
        .ended_with(1)
        .says(&["rejected-rows"]);
    let settings = sandbox
        .read("regulars.toml")
        .replace("rejected-rows", "rejected-row");
    sandbox.write("regulars.toml", settings);
    sandbox
        .regulars(&["ingest"])
        .ended_with(2)
        .says(&["did you mean `rejected-rows`"]);
}

#[test]
fn a_place_that_cannot_be_written_is_a_failure_of_the_machine() {
    let sandbox = shop_sandbox(30, 100).file("occupied", "a file, not a folder");
    sandbox
        .regulars(&["ingest", "--out", "occupied/below"])
        .ended_with(4);
    assert_eq!(
        fs::read_to_string(sandbox.path("occupied")).unwrap(),
        "a file, not a folder"
    );
}
