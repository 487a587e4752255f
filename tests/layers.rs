//! Dependencies point one way, and versions stand in one place.

use std::fs;

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
        let dependencies = text.split("dependencies]").skip(1).collect::<String>();
        for line in dependencies.lines().filter(|line| line.contains('=')) {
            assert!(
                line.contains("workspace = true"),
                "{member}/Cargo.toml gives a version of its own: {line}"
            );
        }
    }
}
