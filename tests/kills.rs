//! A load and a run, killed at every system call that changes the disk: what is there is one load or
//! the one before it, its rejects and numbers belong to it, and the next command clears away what was
//! left and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::servers::lacking;
use crate::util::{SETTINGS, Sandbox, query, shop, shop_sandbox};

/// Calls that change the disk, by what they do; a kill comes before the call does anything.
const CALLS: [&str; 6] = [
    "rename,renameat,renameat2",
    "link,linkat",
    "fsync,fdatasync",
    "unlink,unlinkat,rmdir",
    "mkdir,mkdirat",
    "ftruncate",
];

/// Runs a command and kills it at one call of one of its threads; false when it never came to that.
fn killed(sandbox: &Sandbox, arguments: &[&str], calls: &str, number: u32) -> bool {
    let inject = format!("inject={calls}:signal=SIGKILL:when={number}");
    let ended = Command::new("strace")
        .args([
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            &format!("trace={calls}"),
            "-e",
            &inject,
        ])
        .arg(env!("CARGO_BIN_EXE_regulars"))
        .args(arguments)
        .current_dir(sandbox.path(""))
        .env("XDG_CONFIG_HOME", sandbox.path(".config"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    !ended.success()
}

/// Whether processes can be watched here.
fn watching() -> bool {
    let done = Command::new("strace")
        .args([
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            "inject=getppid:signal=SIGKILL",
            "true",
        ])
        .stderr(Stdio::null())
        .status();
    let there = done.is_ok_and(|status| status.success());
    if !there {
        lacking("strace, with the right to watch processes,");
    }
    there
}

/// Kills at the first call of each kind, then at the second, and so on, until there is no more or
/// the time is over; says how often.
fn at_every_call(limit: Duration, mut kill: impl FnMut(&str, u32) -> bool) -> u32 {
    let clock = Instant::now();
    let mut left: Vec<&str> = CALLS.to_vec();
    let mut kills = 0;
    for number in 1.. {
        left.retain(|calls| {
            let goes_on = clock.elapsed() < limit && kill(calls, number);
            kills += u32::from(goes_on);
            goes_on
        });
        if left.is_empty() {
            break;
        }
    }
    kills
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn again(sandbox: &Sandbox, from: &str, to: &str) {
    let _ = fs::remove_dir_all(sandbox.path(to));
    if sandbox.exists(from) {
        copy(&sandbox.path(from), &sandbox.path(to));
    }
}

/// Files below an output folder that neither the manifest nor a log names.
fn unnamed(sandbox: &Sandbox, out: &str) -> Vec<String> {
    let manifest = sandbox.manifest(out);
    let named: Vec<&str> = manifest["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["path"].as_str().unwrap())
        .collect();
    let mut found = Vec::new();
    let mut folders = vec![sandbox.path(out)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            let below = path.strip_prefix(sandbox.path(out)).unwrap();
            let name = below.to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let log = name.contains("/_delta_log/") && !name.contains('#');
            let rows = name.starts_with("warehouse/") && name.contains("/part-");
            // Each is whole or not there, and known by its bytes.
            let rows = rows || name.starts_with("warehouse/folds/");
            let ours = ["manifest.json", ".lock", "warehouse/state.json"].contains(&name.as_str());
            if !log && !rows && !ours && !named.contains(&name.as_str()) {
                found.push(name);
            }
        }
    }
    found.sort();
    found
}

/// Parts of the tables on the disk that no version of a log has ever named.
fn strays(sandbox: &Sandbox, out: &str) -> Vec<String> {
    let mut found = Vec::new();
    for table in fs::read_dir(sandbox.path(out).join("warehouse"))
        .unwrap()
        .flatten()
    {
        let mut log = String::new();
        let mut parts = Vec::new();
        let mut folders = vec![table.path()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                if entry.path().is_dir() {
                    folders.push(entry.path());
                } else if name.ends_with(".json") {
                    log += &fs::read_to_string(entry.path()).unwrap();
                } else if name.starts_with("part-") {
                    parts.push(name);
                }
            }
        }
        parts.retain(|part| !log.contains(part.as_str()));
        found.extend(parts);
    }
    found
}

fn holding(sandbox: &Sandbox, out: &str) -> Vec<Vec<String>> {
    if !sandbox
        .path(out)
        .join("warehouse/interactions/_delta_log/00000000000000000000.json")
        .is_file()
    {
        return Vec::new();
    }
    query(
        &sandbox.path(out),
        "SELECT count(*), sum(amount) FROM interactions WHERE replaced_at IS NULL",
    )
}

/// A warehouse of one delivery, and a second one that corrects products and has bad rows.
fn two_deliveries() -> Sandbox {
    let sandbox = shop_sandbox(25, 120);
    sandbox.write(
        "regulars.toml",
        SETTINGS.replace("\"lines.csv\"", "\"sales/*.csv\"")
            + "\n[ingest]\nkeep_days = 0\nmax_reject_share = 1.0\n",
    );
    sandbox.write("sales/1.csv", shop(25, 120));
    sandbox
        .regulars(&["ingest", "--quiet", "--out", "one"])
        .ended_with(0);
    sandbox.write(
        "sales/2.csv",
        "customer,when,basket,product,paid\nC0001,2023-02-02 10:00,99998,tea,1.00\n\
         C0001,not a day,99999,tea,1.00\nC0002,2023-13-01,99997,tea,1.00\n",
    );
    let products = sandbox.read("products.csv").replace("Bread", "Sourdough");
    sandbox.write("products.csv", products);
    sandbox
}

#[test]
fn a_load_killed_at_any_change_of_the_disk_is_there_or_not_with_its_rejects() {
    if !watching() {
        return;
    }
    let sandbox = two_deliveries();
    again(&sandbox, "one", "both");
    sandbox
        .regulars(&["ingest", "--quiet", "--out", "both"])
        .ended_with(0);
    let (before, after) = (holding(&sandbox, "one"), holding(&sandbox, "both"));
    let rejects = sandbox.read("both/rejects/interactions.csv");
    let strict = sandbox.read("regulars.toml") + "\n[run]\nfail_on = [\"rejected-rows\"]\n";
    sandbox.write("strict.toml", strict);
    let mine = [
        "mine.writing",
        "rejects/.mine.writing",
        "warehouse/customers/mine.txt",
    ];
    let mut committed = 0;
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    let kills = at_every_call(Duration::from_secs(60), |calls, number| {
        again(&sandbox, "one", "killed");
        for name in mine {
            sandbox.write(&format!("killed/{name}"), "mine");
        }
        if !killed(
            &sandbox,
            &["ingest", "--quiet", "--out", "killed"],
            calls,
            number,
        ) {
            return false;
        }
        let what = format!("killed at {calls} {number}");
        let found = holding(&sandbox, "killed");
        let there = found == after;
        assert!(there || found == before, "{what}: {found:?}");
        committed += u32::from(there);
        *seen
            .entry(if there { "after" } else { "before" })
            .or_default() += 1;
        // Any command clears away what was left, not only a load.
        if number % 2 == 0 {
            sandbox
                .regulars(&["profile", "--quiet", "--out", "killed"])
                .ended_with(0);
            assert_eq!(strays(&sandbox, "killed"), Vec::<String>::new(), "{what}");
            let hidden = [
                "warehouse/.committing",
                "warehouse/.loaded.json",
                ".unfinished",
            ];
            for name in hidden {
                assert!(!sandbox.exists(&format!("killed/{name}")), "{what}: {name}");
            }
        }
        // Whether it was committed or has to be loaded again: somebody is told of its rejects.
        let next = sandbox.regulars(&["ingest", "-c", "strict.toml", "--out", "killed"]);
        assert_eq!(next.code, 1, "{what}: {}", next.stderr);
        assert!(
            next.stderr.contains("2 of 3 rows rejected"),
            "{what}: {}",
            next.stderr
        );
        assert_eq!(holding(&sandbox, "killed"), after, "{what}");
        assert_eq!(
            sandbox.read("killed/rejects/interactions.csv"),
            rejects,
            "{what}"
        );
        let manifest = sandbox.manifest("killed");
        let tables = manifest["stages"]["ingest"]["metrics"]["tables"]
            .as_array()
            .unwrap()
            .clone();
        let lines = tables
            .iter()
            .find(|table| table["table"] == "interactions")
            .unwrap();
        assert_eq!(
            (&lines["read"], &lines["kept"], &lines["rejected"]),
            (&3.into(), &1.into(), &2.into()),
            "{what}"
        );
        for name in mine {
            assert_eq!(sandbox.read(&format!("killed/{name}")), "mine", "{what}");
            fs::remove_file(sandbox.path("killed").join(name)).unwrap();
        }
        assert_eq!(unnamed(&sandbox, "killed"), Vec::<String>::new(), "{what}");
        assert_eq!(strays(&sandbox, "killed"), Vec::<String>::new(), "{what}");
        sandbox
            .regulars(&["features", "--quiet", "--out", "killed"])
            .ended_with(0);
        true
    });
    assert!(kills >= 12 && committed >= 1, "{kills} kills, {seen:?}");
}

#[test]
fn a_first_load_killed_at_any_change_of_the_disk_can_be_done_again() {
    if !watching() {
        return;
    }
    let sandbox = two_deliveries();
    sandbox
        .regulars(&["ingest", "--quiet", "--out", "both"])
        .ended_with(0);
    let after = holding(&sandbox, "both");
    let kills = at_every_call(Duration::from_secs(30), |calls, number| {
        again(&sandbox, "nothing", "killed");
        if !killed(
            &sandbox,
            &["ingest", "--quiet", "--out", "killed"],
            calls,
            number,
        ) {
            return false;
        }
        let what = format!("killed at {calls} {number}");
        sandbox
            .regulars(&["ingest", "--quiet", "--out", "killed"])
            .ended_with(0);
        assert_eq!(holding(&sandbox, "killed"), after, "{what}");
        assert_eq!(unnamed(&sandbox, "killed"), Vec::<String>::new(), "{what}");
        assert_eq!(strays(&sandbox, "killed"), Vec::<String>::new(), "{what}");
        true
    });
    assert!(kills >= 8, "{kills} kills");
}

#[test]
fn a_run_killed_at_any_change_of_the_disk_leaves_what_the_manifest_says() {
    if !watching() {
        return;
    }
    let sandbox = two_deliveries();
    again(&sandbox, "one", "base");
    sandbox
        .regulars(&["run", "--quiet", "--out", "base"])
        .ended_with(0);
    // Other dates and another setting: files of the run before go, and new ones come.
    fs::remove_file(sandbox.path("sales/2.csv")).unwrap();
    sandbox.write(
        "sales/3.csv",
        "customer,when,basket,product,paid\nC0001,2023-05-20 10:00,99990,tea,1.00\n",
    );
    again(&sandbox, "base", "whole");
    sandbox
        .regulars(&["run", "--quiet", "--out", "whole"])
        .ended_with(0);
    let expected = sandbox.results("whole");
    let kills = at_every_call(Duration::from_secs(60), |calls, number| {
        again(&sandbox, "base", "killed");
        sandbox.write("killed/features/mine.parquet", "mine");
        if !killed(
            &sandbox,
            &["run", "--quiet", "--out", "killed"],
            calls,
            number,
        ) {
            return false;
        }
        let what = format!("killed at {calls} {number}");
        // Whatever the manifest names is whole.
        let manifest = sandbox.manifest("killed");
        for file in manifest["files"].as_array().unwrap() {
            let path = sandbox.path("killed").join(file["path"].as_str().unwrap());
            let there = fs::metadata(&path).map_or(0, |there| there.len());
            assert_eq!(file["size"], there, "{what}: {}", path.display());
        }
        sandbox
            .regulars(&["run", "--quiet", "--out", "killed"])
            .ended_with(0);
        assert!(sandbox.results("killed") == expected, "{what}");
        assert_eq!(
            unnamed(&sandbox, "killed"),
            ["features/mine.parquet"],
            "{what}"
        );
        true
    });
    assert!(kills >= 8, "{kills} kills");
}

#[test]
fn rejects_that_nobody_has_seen_stay_when_the_next_load_has_its_own() {
    if !watching() {
        return;
    }
    let sandbox = two_deliveries();
    again(&sandbox, "one", "both");
    sandbox
        .regulars(&["ingest", "--quiet", "--out", "both"])
        .ended_with(0);
    let (after, rejects) = (
        holding(&sandbox, "both"),
        sandbox.read("both/rejects/interactions.csv"),
    );
    // Killed between the commit and the manifest.
    let at = (1..60).find(|number| {
        again(&sandbox, "one", "killed");
        let load = ["ingest", "--quiet", "--out", "killed"];
        killed(&sandbox, &load, "fsync,fdatasync", *number)
            && holding(&sandbox, "killed") == after
            && sandbox.exists("killed/warehouse/.loaded.json")
    });
    assert!(at.is_some(), "no moment between them");
    sandbox.write(
        "sales/3.csv",
        "customer,when,basket,product,paid\nC0009,2023-02-30,99990,tea,1.00\n",
    );
    sandbox
        .regulars(&["ingest", "--out", "killed"])
        .ended_with(0)
        .says(&[
            "2 of 3 rows rejected",
            "1 of 1 rows rejected",
            "load 2 was cut off after it had been committed",
        ]);
    assert_eq!(
        sandbox.read("killed/rejects/load-2/interactions.csv"),
        rejects
    );
    let own = sandbox.read("killed/rejects/interactions.csv");
    assert!(own.contains("sales/3.csv") && !own.contains("sales/2.csv"));
    assert_eq!(unnamed(&sandbox, "killed"), Vec::<String>::new());
    // Another command than a load would have done as well.
    sandbox
        .regulars(&["ingest", "--quiet", "--out", "killed"])
        .ended_with(0);
}

#[test]
fn damaged_bytes_bring_a_message_or_nothing() {
    let sandbox = two_deliveries();
    again(&sandbox, "one", "base");
    sandbox
        .regulars(&["ingest", "--quiet", "--out", "base"])
        .ended_with(0);
    let mut files = Vec::new();
    let mut folders = vec![sandbox.path("base")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path if entry.metadata().unwrap().len() > 0 => files.push(path),
                _ => {}
            }
        }
    }
    files.sort();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut dice = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let clock = Instant::now();
    let mut tries = 0;
    while clock.elapsed() < Duration::from_secs(40) {
        again(&sandbox, "base", "damaged");
        let file = &files[dice(files.len())];
        let below = file.strip_prefix(sandbox.path("base")).unwrap();
        let mut bytes = fs::read(file).unwrap();
        for _ in 0..1 + 7 * dice(2) {
            let at = dice(bytes.len());
            bytes[at] ^= 1 << dice(8);
        }
        fs::write(sandbox.path("damaged").join(below), bytes).unwrap();
        for command in ["ingest", "features", "profile"] {
            let run = sandbox.regulars(&[command, "--quiet", "--out", "damaged"]);
            let shown = format!("{command} with {}: {}", below.display(), run.stderr);
            assert!([0, 2, 3, 4].contains(&run.code), "{}: {shown}", run.code);
            assert!(!run.stderr.contains("fault of regulars"), "{shown}");
        }
        tries += 1;
    }
    assert!(tries > 5, "{tries}");
}
