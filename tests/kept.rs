//! Nothing that nobody uses: what is public in `models` is reached, or kept for a reason.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::imports::{sources, words};
use crate::util::repository;

/// The texts of the files below a folder.
fn texts(folder: &str) -> String {
    let mut text = String::new();
    let mut folders: Vec<PathBuf> = vec![repository().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                text += &fs::read_to_string(path).expect("a text");
            }
        }
    }
    text
}

/// What the signatures, fields and variants of public items name.
fn named_by_signatures(text: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    let mut lines = text.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        let function = ["pub fn ", "pub const fn "]
            .iter()
            .find_map(|start| line.strip_prefix(start));
        if let Some(line) = function {
            let mut signature = line.to_owned();
            while !signature.contains(['{', ';']) {
                let Some(next) = lines.next() else { break };
                signature += next;
            }
            // Its own name does not count.
            let rest = signature
                .split_once(['(', '<'])
                .map_or("", |(_, rest)| rest);
            named.extend(words(rest));
        } else if line.starts_with("pub type ") || line.starts_with("type ") {
            named.extend(
                line.split_once('=')
                    .into_iter()
                    .flat_map(|(_, of)| words(of)),
            );
        } else if line.starts_with("fits") && line.contains("!(") {
            let mut made = line.to_owned();
            while !made.contains(';') {
                let Some(next) = lines.next() else { break };
                made += next;
            }
            named.extend(words(&made));
        } else if let Some(field) = line.strip_suffix(',') {
            let variant = field.ends_with(')') && field.starts_with(char::is_uppercase);
            let of = match field.split_once(if variant { '(' } else { ':' }) {
                Some((_, of)) => of,
                None => continue,
            };
            named.extend(words(of));
        }
    }
    // Types and traits, that is: functions and constants are no part of a signature.
    named.retain(|name| name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase));
    named
}

#[test]
fn what_is_public_in_models_is_reached_or_kept_for_a_reason() {
    let models = sources(&repository().join("models/src"));
    let public = models.public_names();
    assert!(public.len() > 200, "only {} public names", public.len());
    let own: String = models.texts().collect::<Vec<_>>().join("\n");
    let outside = [texts("pipeline/src"), texts("models/examples")].concat();
    let mut reached: BTreeSet<String> = words(&outside).collect();
    reached.extend(named_by_signatures(&own));

    let help = fs::read_to_string(repository().join("models/src/lib.rs")).expect("a text");
    let list = help
        .split_once("# Kept for library users")
        .expect("the list of what is kept")
        .1;
    let rows = list.lines().filter_map(|line| line.strip_prefix("//! | `"));
    let kept: BTreeSet<String> = rows
        .map(|row| row.split(" | ").next().unwrap_or_default())
        .flat_map(words)
        .collect();
    assert!(
        !kept.is_empty(),
        "{}",
        Path::new("models/src/lib.rs").display()
    );

    let unused: Vec<&String> = public
        .iter()
        .filter(|name| !reached.contains(*name) && !kept.contains(*name))
        .collect();
    assert!(
        unused.is_empty(),
        "nobody reaches {unused:?}; make them pub(crate), remove them, or say in models/src/lib.rs \
         why they are kept"
    );
    let gone: Vec<&String> = kept.difference(&public).collect();
    assert!(
        gone.is_empty(),
        "models/src/lib.rs keeps {gone:?}, which are not public"
    );
    let now_used: Vec<&String> = kept.intersection(&reached).collect();
    assert!(
        now_used.is_empty(),
        "{now_used:?} are reached now; take them out of the list in models/src/lib.rs"
    );
}
