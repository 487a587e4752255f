//! What is kept of the months of a history: features are the same with it and without, whatever has
//! changed since.

use std::collections::BTreeMap;
use std::fs;

use crate::kinds::rich;
use crate::util::{Sandbox, shop, shop_sandbox};

/// The snapshots below an output folder, byte for byte.
fn snapshots(sandbox: &Sandbox, out: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files = sandbox.data_files(out);
    files.retain(|name, _| name.starts_with("features/"));
    assert!(!files.is_empty());
    files
}

/// The files that are kept, by the name of the fold and their own.
fn kept(sandbox: &Sandbox, out: &str) -> BTreeMap<String, Vec<u8>> {
    let folder = sandbox.path(&format!("{out}/warehouse/folds"));
    let mut files = BTreeMap::new();
    for fold in fs::read_dir(&folder).into_iter().flatten().flatten() {
        for file in fs::read_dir(fold.path()).unwrap().flatten() {
            let name = format!(
                "{}/{}",
                fold.file_name().display(),
                file.file_name().display()
            );
            files.insert(name, fs::read(file.path()).unwrap());
        }
    }
    files
}

/// Takes the snapshots once more over what is kept, and once in a folder that has nothing; both the
/// same, and so many kept files new.
fn same_as_from_nothing(sandbox: &Sandbox, arguments: &[&str]) -> usize {
    let before = kept(sandbox, "kept");
    let features = [&["features", "--quiet", "--out", "kept"], arguments].concat();
    sandbox.regulars(&features).ended_with(0);
    let _ = fs::remove_dir_all(sandbox.path("anew"));
    for stage in ["ingest", "features"] {
        let ours = if stage == "features" { arguments } else { &[] };
        let words = [&[stage, "--quiet", "--out", "anew"], ours].concat();
        sandbox.regulars(&words).ended_with(0);
    }
    let (ours, anew) = (snapshots(sandbox, "kept"), snapshots(sandbox, "anew"));
    assert_eq!(
        ours.keys().collect::<Vec<_>>(),
        anew.keys().collect::<Vec<_>>()
    );
    for (name, bytes) in &ours {
        assert!(*bytes == anew[name], "{name} differs");
    }
    let after = kept(sandbox, "kept");
    after
        .keys()
        .filter(|name| !before.contains_key(*name))
        .count()
}

fn ingest(sandbox: &Sandbox) {
    sandbox
        .regulars(&["ingest", "--quiet", "--out", "kept"])
        .ended_with(0);
}

#[test]
fn every_kind_of_interaction_is_the_same_by_month_and_whole() {
    let sandbox = rich();
    ingest(&sandbox);
    assert!(
        same_as_from_nothing(&sandbox, &[]) > 12,
        "several folds of several months"
    );
    // The whole history at once is what a warehouse as it was known earlier is folded from.
    let (ours, words) = (snapshots(&sandbox, "kept"), ["--known-at", "2099-01-01"]);
    let features = [&["features", "--quiet", "--out", "anew"][..], &words].concat();
    sandbox.regulars(&features).ended_with(0);
    assert!(ours == snapshots(&sandbox, "anew"));
    assert_eq!(same_as_from_nothing(&sandbox, &[]), 0, "nothing is new");
}

#[test]
fn a_month_that_no_load_has_touched_is_not_folded_again() {
    let sandbox = shop_sandbox(60, 300);
    ingest(&sandbox);
    same_as_from_nothing(&sandbox, &[]);
    let first = kept(&sandbox, "kept");
    // A basket that goes on past the end of a month, and one line that comes late.
    let more = "C0007,2023-01-31 23:50,90001,bread,2.00\nC0007,2023-02-01 00:10,90001,milk,3.00\n";
    sandbox.write("lines.csv", shop(60, 300) + more);
    ingest(&sandbox);
    same_as_from_nothing(&sandbox, &[]);
    let second = kept(&sandbox, "kept");
    let stayed = |month: &str| {
        let of_month = |files: &BTreeMap<String, Vec<u8>>| {
            let names = files.keys().filter(|name| name.contains(month));
            names.cloned().collect::<Vec<_>>()
        };
        of_month(&first) == of_month(&second)
    };
    assert!(stayed("/2023-05-"), "{first:?}");
    assert!(!stayed("/2023-01-") && !stayed("/2023-02-"));
}

#[test]
fn a_month_of_which_a_part_is_seen_is_not_kept() {
    let sandbox = shop_sandbox(60, 300);
    ingest(&sandbox);
    same_as_from_nothing(&sandbox, &["--as-of", "2023-07-15"]);
    let kept_then = kept(&sandbox, "kept");
    assert!(kept_then.keys().any(|name| name.contains("/2023-06-")));
    assert!(!kept_then.keys().any(|name| name.contains("/2023-07-")));
    same_as_from_nothing(&sandbox, &[]);
}

#[test]
fn settings_and_products_that_change_make_other_folds() {
    let sandbox = rich();
    ingest(&sandbox);
    same_as_from_nothing(&sandbox, &[]);
    let settings = sandbox.read("regulars.toml");
    sandbox.write(
        "regulars.toml",
        format!("{settings}[features]\ndepartments = 1\nevening_from = 11\n"),
    );
    assert!(same_as_from_nothing(&sandbox, &[]) > 0, "another query");
    let products = sandbox.read("products.csv");
    let (head, rest) = products.split_once('\n').unwrap();
    let moved: String = rest
        .lines()
        .map(|line| {
            let mut cells: Vec<&str> = line.split(',').collect();
            cells[2] = "moved";
            cells.join(",") + "\n"
        })
        .collect();
    sandbox.write("products.csv", format!("{head}\n{moved}"));
    ingest(&sandbox);
    assert!(same_as_from_nothing(&sandbox, &[]) > 0, "other departments");
}

#[test]
fn what_was_damaged_is_folded_again() {
    let sandbox = shop_sandbox(60, 300);
    ingest(&sandbox);
    same_as_from_nothing(&sandbox, &[]);
    for name in kept(&sandbox, "kept").keys() {
        let path = sandbox.path(&format!("kept/warehouse/folds/{name}"));
        let mut bytes = fs::read(&path).unwrap();
        match bytes.len() {
            0 => bytes.push(1),
            length => bytes[length / 2] ^= 1,
        }
        fs::write(&path, bytes).unwrap();
    }
    same_as_from_nothing(&sandbox, &[]);
}

#[test]
fn what_no_month_needs_any_more_goes() {
    let sandbox = shop_sandbox(60, 300);
    ingest(&sandbox);
    for evening in 12..20 {
        let settings = shop_sandbox(60, 300).read("regulars.toml");
        sandbox.write(
            "regulars.toml",
            format!("{settings}[features]\nevening_from = {evening}\n"),
        );
        same_as_from_nothing(&sandbox, &[]);
    }
    let stray = sandbox.path("kept/warehouse/folds/baskets/mine.txt");
    fs::write(&stray, "of somebody else").unwrap();
    sandbox.write("lines.csv", shop(60, 301));
    ingest(&sandbox);
    same_as_from_nothing(&sandbox, &[]);
    let names: Vec<String> = kept(&sandbox, "kept").into_keys().collect();
    let of_month = |month: &str| {
        names
            .iter()
            .filter(|name| name.starts_with("baskets/") && name.contains(month))
            .count()
    };
    assert_eq!(of_month("2023-03-"), 1, "{names:?}");
    assert!(stray.exists(), "nothing is removed that is not ours");
}
