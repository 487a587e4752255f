//! `check --all` and `ingest` judge alike, for files as shops have them: small ones after public bug
//! reports (`fixtures/cases`), with settings that were written for them and with those that `init` drafts.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use crate::check_and_load::{of_check, of_load};
use crate::util::{Sandbox, copy, repository};

/// The folders with files, each one case.
fn cases() -> Vec<PathBuf> {
    let folder = repository().join("tests/fixtures/cases");
    let mut cases: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("the cases")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    cases.sort();
    assert!(cases.len() >= 30, "{} cases", cases.len());
    cases
}

fn name(path: &Path) -> String {
    path.file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned()
}

/// What of a folder ends in `.toml`, and what does not; folders are not settings.
fn parts(folder: &Path) -> (Vec<String>, Vec<String>) {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("a case")
        .flatten()
        .map(|entry| name(&entry.path()))
        .collect();
    names.sort();
    names.into_iter().partition(|name| name.ends_with(".toml"))
}

/// What became of a pair of commands.
#[derive(Default)]
struct Told {
    pairs: u64,
    loaded: u64,
    rejected: u64,
    differ: Vec<String>,
}

/// Holds a load to what `check` said of it.
fn judge(sandbox: &Sandbox, settings: &str, told: &Mutex<Told>) {
    let out = format!("out-{settings}");
    let check = sandbox.regulars(&["check", "--all", "-c", settings]);
    let load = sandbox.regulars(&["ingest", "--quiet", "-c", settings, "--out", &out]);
    let (said, done) = match load.code {
        0 => (of_check(&check.stdout), of_load(&sandbox.path(&out))),
        _ => Default::default(),
    };
    let mut told = told.lock().expect("nobody panicked");
    told.pairs += 1;
    told.loaded += u64::from(load.code == 0);
    told.rejected += done.values().flat_map(|table| table.values()).sum::<u64>();
    if check.code != load.code || said != done {
        told.differ.push(format!(
            "{settings} in {}\n{}\n--- check ended with {}\n{}{}\n--- ingest ended with {}\n{}\n{said:?}\n{done:?}",
            sandbox.path("").display(),
            sandbox.read(settings),
            check.code,
            check.stdout,
            check.stderr,
            load.code,
            load.stderr,
        ));
    }
}

/// Does something for every case, several at once.
fn for_each_case(what: impl Fn(&Path, &Mutex<Told>) + Sync) -> Told {
    let told = Mutex::new(Told::default());
    let cases = Mutex::new(cases());
    let next = || cases.lock().expect("nobody panicked").pop();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(case) = next() {
                    what(&case, &told);
                }
            });
        }
    });
    let told = told.into_inner().expect("nobody panicked");
    assert!(told.differ.is_empty(), "{}", told.differ.join("\n\n"));
    told
}

#[test]
fn what_check_says_of_every_case_is_what_a_load_does() {
    let told = for_each_case(|case, told| {
        let sandbox = Sandbox::new();
        copy(case, &sandbox.path(""));
        let (mut settings, data) = parts(case);
        for folder in data.iter().filter(|name| case.join(name).is_dir()) {
            let (below, _) = parts(&case.join(folder));
            for name in below {
                // Paths are relative to the settings.
                settings.push(format!("{folder}/{name}"));
            }
        }
        for name in settings {
            match name.split_once('/') {
                None => judge(&sandbox, &name, told),
                Some((folder, name)) => {
                    let sandbox = Sandbox::new();
                    copy(&case.join(folder), &sandbox.path(""));
                    judge(&sandbox, name, told);
                }
            }
        }
    });
    assert!(told.pairs >= 90, "{}", told.pairs);
    assert!(told.loaded >= 50, "{} of {}", told.loaded, told.pairs);
    assert!(told.rejected >= 50, "{}", told.rejected);
}

#[test]
fn what_check_says_of_every_draft_is_what_a_load_does() {
    let told = for_each_case(|case, told| {
        let (_, data) = parts(case);
        for file in data {
            let sandbox = Sandbox::new();
            let from = case.join(&file);
            match from.is_dir() {
                true => copy(&from, &sandbox.path(&file)),
                false => sandbox.write(&file, fs::read(&from).expect("a file")),
            }
            let drafted = sandbox.regulars(&["init", &file]);
            assert!(
                [0, 2, 3].contains(&drafted.code),
                "{file}: {}",
                drafted.stderr
            );
            if drafted.code == 0 {
                judge(&sandbox, "regulars.toml", told);
            }
        }
    });
    assert!(told.pairs >= 50, "{}", told.pairs);
    assert!(told.loaded >= 40, "{} of {}", told.loaded, told.pairs);
}
