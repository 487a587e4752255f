//! Dependencies point one way, and versions stand in one place.

use std::fs;
use std::path::Path;

use crate::imports::{Import, circles, imports};
use crate::util::repository;

fn manifest(of: &str) -> String {
    fs::read_to_string(repository().join(of).join("Cargo.toml")).expect("a Cargo.toml")
}

#[test]
fn models_know_neither_files_nor_tables_nor_the_command_line() {
    let models = manifest("models");
    for word in [
        "clap",
        "arrow",
        "parquet",
        "datafusion",
        "deltalake",
        "regulars-datasets",
        "csv",
        "tokio",
    ] {
        assert!(
            !models.lines().any(|line| line.starts_with(word)),
            "models/Cargo.toml names {word}: models must stay usable on their own"
        );
    }
}

#[test]
fn datasets_know_neither_models_nor_pipeline() {
    let datasets = manifest("datasets");
    for word in ["regulars-models", "regulars =", "datafusion", "clap"] {
        assert!(!datasets.contains(word), "datasets/Cargo.toml names {word}");
    }
}

#[test]
fn versions_of_dependencies_stand_in_the_workspace_alone() {
    for member in ["pipeline", "models", "datasets"] {
        let text = manifest(member);
        // Each section ends where the next one begins.
        let dependencies: String = text
            .split("dependencies]")
            .skip(1)
            .filter_map(|section| section.split("\n[").next())
            .collect();
        for line in dependencies.lines().filter(|line| line.contains('=')) {
            assert!(
                line.contains("workspace = true"),
                "{member}/Cargo.toml gives a version of its own: {line}"
            );
        }
    }
}

/// A table of allowed directions: for each part of a crate what it may import beside itself.
fn directions(of: &str) -> Vec<(String, Vec<String>)> {
    let path = repository().join(format!("tests/directions/{of}.txt"));
    let text = fs::read_to_string(path).expect("the table of directions");
    let rows = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.map(|line| {
        // A part may be a path with `::` in it.
        let (part, may) = format!("{line} ")
            .split_once(": ")
            .map(|(part, may)| (part.to_owned(), may.to_owned()))
            .expect("a part and what it may import");
        let may = may.split_whitespace().map(str::to_owned).collect();
        (part, may)
    })
    .collect()
}

/// The same table as ARCHITECTURE.md shows it.
fn shown(of: &str, directions: &[(String, Vec<String>)]) -> String {
    let mut table = format!("| part of `{of}/src` | may import |\n|---|---|\n");
    for (part, may) in directions {
        let may: Vec<String> = may.iter().map(|part| format!("`{part}`")).collect();
        let may = match may.is_empty() {
            true => "nothing".to_owned(),
            false => may.join(", "),
        };
        table += &format!("| `{part}` | {may} |\n");
    }
    table
}

/// The part that a module belongs to, and what the table calls it: `stages::churn` is one of
/// `stages::*`.
fn part_of(directions: &[(String, Vec<String>)], module: &[String]) -> (String, String) {
    if let [folder, part, ..] = module {
        let each = format!("{folder}::*");
        if directions.iter().any(|(part, _)| *part == each) {
            return (format!("{folder}::{part}"), each);
        }
    }
    (module[0].clone(), module[0].clone())
}

/// Holds the imports of a crate to its table, to the map, and to having no circles.
fn hold_to_directions(of: &str) {
    let directions = directions(of);
    let mut above: Vec<&str> = Vec::new();
    for (part, may) in &directions {
        for other in may {
            assert!(
                above.contains(&other.as_str()),
                "tests/directions/{of}.txt: `{part}` may import `{other}`, which has to stand \
                 above it, so that nothing goes in a circle"
            );
        }
        above.push(part);
    }
    let map = fs::read_to_string(repository().join("ARCHITECTURE.md")).expect("the map");
    let table = shown(of, &directions);
    assert!(
        map.contains(&table),
        "ARCHITECTURE.md has to show\n\n{table}"
    );

    let imports = imports(&repository().join(of).join("src"));
    assert!(!imports.is_empty(), "{of} imports nothing");
    let line = |import: &Import| {
        let file = Path::new(of).join("src").join(&import.file);
        format!("{}:{}: {}", file.display(), import.line, import.written)
    };
    let mut broken = Vec::new();
    for import in &imports {
        if import.from.is_empty() || import.to.is_empty() {
            continue;
        }
        let (from, from_row) = part_of(&directions, &import.from);
        let (to, to_row) = part_of(&directions, &import.to);
        // The list of parts, as `stages` is, names what is in it.
        let within = to.starts_with(&format!("{from}::"));
        let row = directions.iter().find(|(part, _)| *part == from_row);
        let allowed = row.is_some_and(|(_, may)| from == to || within || may.contains(&to_row));
        if !allowed {
            broken.push(format!("{}: `{from}` may not import `{to}`", line(import)));
        }
    }
    assert!(
        broken.is_empty(),
        "tests/directions/{of}.txt does not allow\n{}",
        broken.join("\n")
    );
    let circle: Vec<String> = circles(&imports).into_iter().map(line).collect();
    assert!(
        circle.is_empty(),
        "files of {of} import each other in a circle:\n{}",
        circle.join("\n")
    );
}

#[test]
fn models_import_one_another_in_one_direction() {
    hold_to_directions("models");
}

#[test]
fn the_pipeline_imports_in_one_direction() {
    hold_to_directions("pipeline");
}

#[test]
fn datasets_import_one_another_in_one_direction() {
    hold_to_directions("datasets");
}
