//! How far it is, on a real terminal: a moving line there, and nothing that moves anywhere else.

use std::process::Command;

use serde_json::Value;

use crate::util::{Sandbox, repository, shop_sandbox};

/// What a command wrote on a terminal of its own; nothing on systems without Python or terminals.
fn on_a_terminal(
    sandbox: &Sandbox,
    variables: &[(&str, &str)],
    arguments: &[&str],
) -> Option<String> {
    let python = std::env::var("REGULARS_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let known = Command::new(&python).args(["-c", "import pty"]).output();
    if !known.is_ok_and(|known| known.status.success()) {
        eprintln!("not tested: {python} with the module pty is not there");
        return None;
    }
    let run = Command::new(python)
        .arg(repository().join("tests/terminal.py"))
        .arg(env!("CARGO_BIN_EXE_regulars"))
        .args(arguments)
        .current_dir(sandbox.path("."))
        .env("TERM", "xterm-256color")
        .env_remove("NO_COLOR")
        .envs(variables.iter().copied())
        .output()
        .expect("a terminal");
    let said: Value = serde_json::from_slice(&run.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(&run.stderr));
    });
    assert_eq!(said["code"], 0, "{said}");
    said["written"].as_str().map(str::to_owned)
}

/// Whether colours are set.
fn colours(written: &str) -> bool {
    let mut codes = written.split("\u{1b}[").skip(1);
    codes.any(|code| {
        let end = code.find(|letter: char| letter.is_ascii_alphabetic());
        end.is_some_and(|end| code[end..].starts_with('m') && !matches!(&code[..end], "" | "0"))
    })
}

#[test]
fn a_watched_command_says_how_fast_it_is_and_how_long_it_will_take() {
    let sandbox = Sandbox::new();
    // Long enough to see the rate from two seconds on, on any machine.
    let arguments = [
        "generate",
        "--customers",
        "20000",
        "--months",
        "24",
        "--out",
        "large",
    ];
    let Some(written) = on_a_terminal(&sandbox, &[], &arguments) else {
        return;
    };
    assert!(written.contains(" of 20,000 customers"), "{written}");
    assert!(written.contains(" customers a second, about "), "{written}");
    assert!(written.contains(" s left"), "{written}");
    assert!(
        written.contains('\r') || written.contains("\u{1b}["),
        "it moves: {written}"
    );
}

#[test]
fn the_terminal_has_no_colours_where_none_are_wanted_and_files_hold_nothing_that_moves() {
    let sandbox = shop_sandbox(120, 200);
    let Some(written) = on_a_terminal(&sandbox, &[("NO_COLOR", "1")], &["run"]) else {
        return;
    };
    assert!(!colours(&written), "{written}");
    assert!(written.contains("features"), "{written}");
    // The next run is told by what this one took; whatever it says ends with whole lines.
    let again = on_a_terminal(&sandbox, &[("NO_COLOR", "1")], &["run"]).expect("a terminal");
    assert!(!colours(&again) && again.contains("ingest"), "{again}");
    let run = sandbox.regulars(&["run"]).ended_with(0);
    assert!(
        !run.stderr.contains('\u{1b}') && !run.stderr.contains('\r'),
        "{}",
        run.stderr
    );
    let quiet = on_a_terminal(&sandbox, &[], &["run", "--quiet"]).expect("a terminal");
    assert_eq!(quiet, "", "quiet on a terminal too");
    // Lines for machines are whole lines of JSON on a terminal as well.
    let log =
        on_a_terminal(&sandbox, &[], &["features", "--log-format", "json"]).expect("a terminal");
    let lines = log.lines().filter(|line| !line.trim().is_empty());
    for line in lines {
        let line: Value =
            serde_json::from_str(line.trim()).unwrap_or_else(|_| panic!("no JSON: {line}"));
        assert!(line["event"].is_string());
    }
}
