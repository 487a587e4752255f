//! Two commands at once, and commands that are stopped: one waits or says who is there, and nothing
//! is left half done.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::util::{Sandbox, query, shop_sandbox};

fn start(sandbox: &Sandbox, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_regulars"))
        .args(arguments)
        .current_dir(sandbox.path(""))
        .env("XDG_CONFIG_HOME", sandbox.path(".config"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Waits until a command holds the lock, and says what it wrote there.
fn holder(sandbox: &Sandbox, out: &str) -> String {
    let patience = Instant::now() + Duration::from_secs(60);
    while Instant::now() < patience {
        let words = fs::read_to_string(sandbox.path(out).join(".lock")).unwrap_or_default();
        if words.ends_with('\n') {
            return words;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("nobody took the lock");
}

/// Every file and folder below a folder.
fn below(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        for entry in fs::read_dir(&current).into_iter().flatten().flatten() {
            let path = entry.path();
            found.insert(
                path.strip_prefix(folder)
                    .unwrap()
                    .to_string_lossy()
                    .into_owned(),
            );
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    found
}

/// The manifest names what is there, with its hash.
fn whole(sandbox: &Sandbox, out: &str) {
    use sha2::{Digest, Sha256};
    let manifest = sandbox.manifest(out);
    for file in manifest["files"].as_array().unwrap() {
        let path = sandbox.path(out).join(file["path"].as_str().unwrap());
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let hash: String = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(file["sha256"], hash.as_str(), "{}", path.display());
    }
    let left: Vec<String> = below(&sandbox.path(out))
        .into_iter()
        .filter(|name| {
            let last = name.rsplit('/').next().unwrap_or_default();
            (last.starts_with('.') && name != ".lock")
                || last.ends_with(".writing")
                || last.contains('#')
        })
        .collect();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(fs::read(sandbox.path(out).join(".lock")).unwrap(), b"");
}

#[test]
fn who_comes_second_is_told_who_is_there_or_waits() {
    let sandbox = shop_sandbox(300, 500);
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    let mut first = start(&sandbox, &["run", "--quiet"]);
    let words = holder(&sandbox, "regulars-out");
    assert!(words.starts_with("regulars run, process "), "{words}");
    let process = first.id().to_string();
    for second in [
        &["run"][..],
        &["ingest"],
        &["features"],
        &["profile"],
        &["profile", "--table", "customers"],
        &["forget", "C0001"],
        &["rules", "--estimate"],
        &["demo"],
    ] {
        sandbox.regulars(second).ended_with(3).says(&[
            "in use by",
            "regulars run",
            &process,
            "since 20",
            "--wait",
        ]);
    }
    assert_eq!(first.try_wait().unwrap(), None, "it went on meanwhile");
    let waited = sandbox
        .regulars(&["features", "--wait", "300"])
        .ended_with(0);
    assert!(waited.stderr.contains("waiting"), "{}", waited.stderr);
    let first = first.wait_with_output().unwrap();
    assert!(first.status.success(), "{}", said(&first));
    whole(&sandbox, "regulars-out");
    // Held here, so that it is held for longer than the next one waits.
    let held = fs::File::options()
        .append(true)
        .open(sandbox.path("regulars-out/.lock"))
        .unwrap();
    held.lock().unwrap();
    sandbox
        .regulars(&["features", "--quiet", "--wait", "1"])
        .says(&["still after 1 s"])
        .ended_with(3);
    drop(held);
}

#[test]
fn commands_that_start_at_the_same_time_are_as_good_as_one_after_the_other() {
    let sandbox = shop_sandbox(60, 250);
    sandbox
        .regulars(&["run", "--quiet", "--out", "alone"])
        .ended_with(0);
    let expected = sandbox.results("alone");
    for out in ["first", "second", "third"] {
        let commands = [
            vec!["run", "--quiet", "--wait", "300", "--out", out],
            vec!["run", "--quiet", "--wait", "300", "--out", out],
            vec!["ingest", "--quiet", "--wait", "300", "--out", out],
        ];
        let running: Vec<Child> = commands
            .iter()
            .map(|command| start(&sandbox, command))
            .collect();
        for child in running {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", said(&output));
        }
        whole(&sandbox, out);
        assert!(sandbox.results(out) == expected, "the same bytes");
    }
}

#[test]
fn forgetting_beside_a_run_forgets() {
    let sandbox = shop_sandbox(60, 250);
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    let run = start(&sandbox, &["run", "--quiet", "--wait", "300"]);
    let forget = start(&sandbox, &["forget", "C0004", "--wait", "300"]);
    for child in [forget, run] {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    }
    whole(&sandbox, "regulars-out");
    for (name, bytes) in sandbox.data_files("regulars-out") {
        let there = bytes.windows(5).any(|word| word == b"C0004");
        assert!(!there || name.ends_with(".parquet"), "{name}");
    }
    let rows = query(
        &sandbox.path("regulars-out"),
        "SELECT count(*) FROM interactions WHERE customer_id = 'C0004'",
    );
    assert_eq!(rows, [["0"]]);
}

#[test]
fn a_command_that_was_killed_is_noticed_and_cleared_away() {
    let sandbox = shop_sandbox(300, 500);
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    let mine = [
        ".mine.writing",
        "features/mine.parquet",
        "rejects/.notes.writing",
        "warehouse/mine.txt",
    ];
    for name in mine {
        sandbox.write(&format!("regulars-out/{name}"), "mine");
    }
    let mut killed = start(&sandbox, &["run", "--quiet"]);
    let words = holder(&sandbox, "regulars-out");
    std::thread::sleep(Duration::from_millis(150));
    killed.kill().unwrap();
    killed.wait().unwrap();
    sandbox
        .regulars(&["run"])
        .ended_with(0)
        .says(&["did not end by itself", words.trim()]);
    for name in mine {
        assert_eq!(sandbox.read(&format!("regulars-out/{name}")), "mine");
        fs::remove_file(sandbox.path("regulars-out").join(name)).unwrap();
    }
    whole(&sandbox, "regulars-out");
}

#[test]
fn links_and_paths_that_lead_elsewhere_are_not_followed() {
    let sandbox = shop_sandbox(10, 40);
    sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
    sandbox.write("precious/file.txt", "mine");
    for note in [
        "- ../precious/file.txt",
        "= ../precious/file.txt",
        "- /etc/hosts",
    ] {
        sandbox.write("regulars-out/.unfinished", format!("{note}\n"));
        sandbox
            .regulars(&["ingest"])
            .ended_with(3)
            .says(&["is no file below"]);
    }
    fs::remove_file(sandbox.path("regulars-out/.unfinished")).unwrap();
    sandbox.write(
        "regulars-out/warehouse/.committing",
        "../../precious/file.txt\n",
    );
    sandbox
        .regulars(&["ingest"])
        .ended_with(3)
        .says(&["`../../precious/file.txt` is no file below"]);
    fs::remove_file(sandbox.path("regulars-out/warehouse/.committing")).unwrap();
    #[cfg(unix)]
    {
        let linked = |name: &str| {
            let link = sandbox.path("regulars-out").join(name);
            std::os::unix::fs::symlink(sandbox.path("precious"), &link).unwrap();
            link
        };
        let spill = linked(".spill");
        sandbox
            .regulars(&["ingest"])
            .ended_with(3)
            .says(&[".spill is a link"]);
        fs::remove_file(spill).unwrap();
        let loading = linked("warehouse/.loading");
        sandbox.regulars(&["ingest", "--quiet"]).ended_with(0);
        assert!(fs::symlink_metadata(&loading).is_err(), "the link is gone");
    }
    assert_eq!(sandbox.read("precious/file.txt"), "mine");
}

#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    let done = Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
        .status()
        .unwrap();
    assert!(done.success());
}

#[cfg(unix)]
#[test]
fn a_signal_ends_every_command_in_good_order() {
    let sandbox = shop_sandbox(300, 330);
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    sandbox.regulars(&["churn", "--quiet"]).ended_with(0);
    let before = below(&sandbox.path("regulars-out"));
    for (number, command) in [
        &["ingest", "--rebuild"][..],
        &["run"],
        &["features"],
        &["segment"],
        &["churn"],
        &["value"],
        &["rules"],
        &["offers"],
        &["report"],
        &["profile"],
        &["forget", "nobody"],
    ]
    .iter()
    .enumerate()
    {
        let (name, code, by) = match number % 2 {
            0 => ("INT", 130, "stopped by Ctrl-C"),
            _ => ("TERM", 143, "stopped by SIGTERM"),
        };
        let child = start(&sandbox, command);
        holder(&sandbox, "regulars-out");
        std::thread::sleep(Duration::from_millis(20 + 15 * number as u64));
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        let words = said(&output);
        // It may have been done by then.
        if output.status.code() != Some(0) {
            assert_eq!(output.status.code(), Some(code), "{command:?}: {words}");
            let last: Vec<&str> = words
                .lines()
                .filter(|line| line.contains("stopped by"))
                .collect();
            assert_eq!(last.len(), 1, "{words}");
            assert!(last[0].starts_with(&format!("regulars: {by}; ")), "{words}");
            assert!(
                last[0].contains(&format!("To go on: regulars {}", command.join(" "))),
                "{words}"
            );
        }
        let after = below(&sandbox.path("regulars-out"));
        let hidden: Vec<&String> = after
            .difference(&before)
            .filter(|name| {
                name.rsplit('/')
                    .next()
                    .is_some_and(|last| last.starts_with('.') || last.ends_with(".writing"))
            })
            .collect();
        assert!(hidden.is_empty(), "{command:?} left {hidden:?}");
        sandbox.regulars(command).ended_with(0);
        whole(&sandbox, "regulars-out");
    }
}

#[cfg(unix)]
#[test]
fn a_signal_during_a_first_load_leaves_nothing() {
    let sandbox = shop_sandbox(400, 600);
    let mut stopped = 0;
    for wait in [5, 20, 40, 60, 90, 120, 200] {
        let child = start(&sandbox, &["ingest", "--out", "fresh"]);
        holder(&sandbox, "fresh");
        std::thread::sleep(Duration::from_millis(wait));
        signal(&child, "TERM");
        let output = child.wait_with_output().unwrap();
        if output.status.code() == Some(143) && !sandbox.exists("fresh/manifest.json") {
            stopped += 1;
            assert!(said(&output).contains("; nothing "), "{}", said(&output));
            let left = below(&sandbox.path("fresh"));
            assert_eq!(left, BTreeSet::from([".lock".to_owned()]));
        }
        let _ = fs::remove_dir_all(sandbox.path("fresh"));
    }
    assert!(stopped > 0, "none was stopped in time");
}

#[cfg(unix)]
#[test]
fn generating_that_is_stopped_leaves_nothing() {
    let sandbox = Sandbox::new();
    let child = start(
        &sandbox,
        &["generate", "--customers", "200000", "--out", "shop"],
    );
    let patience = Instant::now() + Duration::from_secs(30);
    while below(&sandbox.path("")).is_empty() && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(100));
    signal(&child, "INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert!(
        said(&output).contains("nothing was written"),
        "{}",
        said(&output)
    );
    assert_eq!(below(&sandbox.path("")), BTreeSet::new());
}

#[cfg(unix)]
#[test]
fn a_second_signal_ends_at_once() {
    let sandbox = shop_sandbox(400, 600);
    let child = start(&sandbox, &["run", "--quiet"]);
    holder(&sandbox, "regulars-out");
    std::thread::sleep(Duration::from_millis(50));
    let clock = Instant::now();
    signal(&child, "INT");
    signal(&child, "INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert!(clock.elapsed() < Duration::from_secs(20));
    sandbox.regulars(&["run", "--quiet"]).ended_with(0);
    whole(&sandbox, "regulars-out");
}
