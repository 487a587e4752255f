//! Standard error for machines: `--log-format json`.

use serde_json::Value;

use crate::util::shop_sandbox;

/// Every line of what a command said, each an object.
fn events(said: &str) -> Vec<Value> {
    let lines = said.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect()
}

fn named<'a>(events: &'a [Value], event: &str) -> Vec<&'a Value> {
    events
        .iter()
        .filter(|line| line["event"] == event)
        .collect()
}

#[test]
fn every_stage_has_a_line_with_rows_and_seconds() {
    let sandbox = shop_sandbox(120, 200);
    let run = sandbox
        .regulars(&["run", "--log-format", "json"])
        .ended_with(0);
    let said = events(&run.stderr);
    for line in &said {
        let at = line["at"].as_str().expect("when");
        assert!(at.len() == 24 && at.ends_with('Z'), "{at}");
    }
    let done = named(&said, "stage-done");
    let stages: Vec<&str> = done
        .iter()
        .filter_map(|line| line["stage"].as_str())
        .collect();
    assert_eq!(stages[..2], ["ingest", "features"]);
    let manifest = sandbox.manifest("regulars-out");
    for line in done {
        let entry = &manifest["stages"][line["stage"].as_str().unwrap()];
        assert_eq!(line["rows_in"], entry["rows_in"]);
        assert_eq!(line["rows_out"], entry["rows_out"]);
        assert!(line["seconds"].as_f64().unwrap() >= 0.0);
    }
    assert_eq!(named(&said, "stage-started").len(), stages.len());
    assert!(!named(&said, "step").is_empty());
    let codes = named(&said, "warning");
    assert!(codes.iter().all(|line| line["code"].is_string()));
    // What was found is still said to people, on standard output.
    assert!(run.stdout.contains("SEGMENTS") || run.stdout.contains("segments"));
}

#[test]
fn a_failure_is_a_line_with_its_exit_code_also_when_all_else_is_quiet() {
    let sandbox = shop_sandbox(20, 60);
    let run = sandbox
        .regulars(&["--log-format", "json", "segment", "--quiet"])
        .ended_with(3);
    let said = events(&run.stderr);
    assert_eq!(said.len(), 1);
    assert_eq!(said[0]["event"], "failed");
    assert_eq!(said[0]["exit_code"], 3);
    assert!(said[0]["message"].as_str().unwrap().contains("ingest"));
}

#[test]
fn an_unknown_format_is_refused_with_those_that_there_are() {
    let sandbox = shop_sandbox(20, 60);
    sandbox
        .regulars(&["run", "--log-format", "yaml"])
        .ended_with(2)
        .says(&["text", "json"]);
}
