//! `index.html`: the way to every page that is there, with a sentence and the date of each.

use std::path::Path;

use minijinja::Value;
use serde::Serialize;

use crate::failure::Result;
use crate::outputs::Pending;
use crate::outputs::manifest::Manifest;
use crate::pages;
use crate::words::said;

/// The file's name below the output folder.
pub const FILE_NAME: &str = "index.html";
/// Its owner in the manifest; no stage, since pages of several lie beside it.
pub const OWNER: &str = "index";
/// The template.
const TEMPLATE: &str = include_str!("index.html");

/// Pages in the order in which they are named, with their titles. Others come behind, by their paths.
const TITLES: [(&str, &str); 8] = [
    ("report.html", mark!("The report")),
    ("life_cycle.html", mark!("Life cycle")),
    ("churn.html", mark!("Churn")),
    ("value.html", mark!("Value")),
    ("rules.html", mark!("What goes together")),
    ("profile.html", mark!("What the warehouse holds")),
    ("churn_rhythm.html", mark!("When somebody has left")),
    ("drift.html", mark!("What has drifted")),
];

/// A page, as the way to it shows it.
#[derive(Debug, PartialEq, Serialize)]
struct Page {
    path: String,
    title: String,
    about: String,
    as_of: Option<String>,
}

/// Writes the page, and names it in the manifest.
///
/// # Errors
/// A disk that is full.
pub fn write(manifest: &mut Manifest, out: &Path) -> Result<()> {
    let mut files = Pending::new(out, OWNER);
    let about = tr!("Leads to every page that is there");
    files.text(FILE_NAME, &about, &render(manifest)?)?;
    // As with every file: the manifest names it once it is whole.
    manifest.files.retain(|file| file.stage != OWNER);
    manifest.write(out)?;
    manifest.files.extend(files.commit()?);
    manifest.files.sort_by(|a, b| a.path.cmp(&b.path));
    manifest.write(out)
}

/// Writes it again where it is, after a page beside it has come or changed.
///
/// # Errors
/// A disk that is full.
pub fn refresh(manifest: &mut Manifest, out: &Path) -> Result<()> {
    match manifest.files.iter().any(|file| file.stage == OWNER) {
        true => write(manifest, out),
        false => Ok(()),
    }
}

fn render(manifest: &Manifest) -> Result<String> {
    let context = Value::from_pairs([
        ("project", Value::from(manifest.project.as_str())),
        ("version", Value::from(env!("CARGO_PKG_VERSION"))),
        ("pages", pages::value_of(&listed(manifest))?),
    ]);
    pages::render(&pages::environment()?, FILE_NAME, TEMPLATE, context)
}

/// The pages that the manifest names.
fn listed(manifest: &Manifest) -> Vec<Page> {
    let place = |path: &str| {
        let known = TITLES.iter().position(|(known, _)| *known == path);
        known.unwrap_or(TITLES.len())
    };
    let pages = manifest
        .files
        .iter()
        .filter(|file| file.path.ends_with(".html") && file.stage != OWNER);
    let mut pages: Vec<Page> = pages
        .map(|file| Page {
            title: match TITLES.get(place(&file.path)) {
                Some((_, title)) => said(title).to_owned(),
                None => file.path.trim_end_matches(".html").to_owned(),
            },
            path: file.path.clone(),
            about: file.about.clone(),
            as_of: manifest
                .stages
                .get(&file.stage)
                .and_then(|entry| entry.as_of.clone()),
        })
        .collect();
    pages.sort_by(|a, b| (place(&a.path), &a.path).cmp(&(place(&b.path), &b.path)));
    pages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outputs::FileEntry;
    use crate::outputs::manifest::StageEntry;

    #[test]
    fn pages_stand_in_the_order_of_reading_and_others_behind_them() {
        let file = |path: &str, stage: &str| FileEntry {
            path: path.to_owned(),
            stage: stage.to_owned(),
            rows: None,
            size: 0,
            sha256: String::new(),
            about: format!("of {stage}"),
        };
        let mut manifest = Manifest {
            files: vec![
                file("campaigns/spring.html", "campaign"),
                file("churn.csv", "churn"),
                file("churn.html", "churn"),
                file("index.html", OWNER),
                file("report.html", "report"),
            ],
            ..Manifest::default()
        };
        let entry = StageEntry {
            as_of: Some("2024-03-01".to_owned()),
            ..StageEntry::default()
        };
        manifest.stages.insert("churn".to_owned(), entry);
        let pages = listed(&manifest);
        let told: Vec<(&str, Option<&str>)> = pages
            .iter()
            .map(|page| (page.title.as_str(), page.as_of.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                ("The report", None),
                ("Churn", Some("2024-03-01")),
                ("campaigns/spring", None)
            ]
        );
        assert_eq!(pages[1].about, "of churn");
    }
}
