//! How the results came to be: whether they hang together, by which settings, and where the files are.

use serde::Serialize;

use super::left::Left;
use super::{Context, NAME, index};
use crate::config::Config;
use crate::outputs::FileEntry;
use crate::stages::STAGES;

/// Digits of a hash that tell settings apart.
const HASH: usize = 12;

/// How the results came to be.
#[derive(Serialize)]
pub struct Made {
    /// The version of the program.
    pub version: String,
    /// A customer who buys nothing in so many days is called lost by the scores.
    pub horizon_days: u32,
    /// What ran, in the order of a run.
    pub stages: Vec<StageLine>,
    /// Every file, those of one table or folder in one line.
    pub files: Vec<FileLine>,
}

/// A stage that has run.
#[derive(Serialize)]
pub struct StageLine {
    /// Its name.
    pub name: String,
    /// The date that its results speak of.
    pub as_of: Option<String>,
    /// The beginning of the hash of its settings.
    pub settings: String,
    /// The seed of everything random.
    pub seed: u64,
}

/// A table, a page, or a folder of tables.
#[derive(Serialize)]
pub struct FileLine {
    /// Where it lies, relative to the page: one place for each format.
    pub paths: Vec<String>,
    /// How many files there are, where it is a folder.
    pub files: Option<u64>,
    /// Rows, for tables.
    pub rows: Option<u64>,
    /// What it holds.
    pub about: String,
}

/// How the results came to be.
pub fn look(context: &Context<'_>, left: &Left<'_>) -> Made {
    let ran = STAGES.iter().filter(|stage| stage.name != NAME);
    let line = |name: &str| {
        let entry = left.entry(name)?;
        Some(StageLine {
            name: name.to_owned(),
            as_of: entry.as_of.clone(),
            settings: entry.settings_sha256.chars().take(HASH).collect(),
            seed: entry.seed,
        })
    };
    Made {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        horizon_days: context.settings.config.churn.horizon_days,
        stages: ran.filter_map(|stage| line(stage.name)).collect(),
        files: files(&left.manifest.files),
    }
}

/// The files by table and folder. The summary, and the way to all pages, are written after the page and are not
/// among them.
fn files(all: &[FileEntry]) -> Vec<FileLine> {
    let mut lines: Vec<(String, FileLine)> = Vec::new();
    for file in all
        .iter()
        .filter(|file| ![NAME, index::OWNER, "summary"].contains(&&*file.stage))
    {
        let (key, path, in_folder) = match file.path.split_once('/') {
            Some((folder, _)) => (format!("{folder}/"), format!("{folder}/"), true),
            None => {
                let stem = file
                    .path
                    .strip_suffix(".parquet")
                    .or(file.path.strip_suffix(".csv"));
                (
                    stem.unwrap_or(&file.path).to_owned(),
                    file.path.clone(),
                    false,
                )
            }
        };
        match lines.iter_mut().find(|(known, _)| *known == key) {
            Some((_, line)) if in_folder => line.add(file),
            Some((_, line)) => line.paths.push(path),
            None => lines.push((key, FileLine::new(path, file, in_folder))),
        }
    }
    lines.into_iter().map(|(_, line)| line).collect()
}

impl FileLine {
    fn new(path: String, file: &FileEntry, in_folder: bool) -> Self {
        Self {
            about: match path.as_str() {
                "features/" => tr!("Features of every customer at each date"),
                "rejects/" => {
                    tr!("Rows that could not be used, with line, column, value and reason")
                }
                _ => file.about.clone(),
            },
            paths: vec![path],
            files: in_folder.then_some(1),
            rows: file.rows,
        }
    }

    fn add(&mut self, file: &FileEntry) {
        self.files = self.files.map(|files| files + 1);
        self.rows = self.rows.zip(file.rows).map(|(all, rows)| all + rows);
    }
}

/// What makes the results hang together badly, worst first; empty after a run that went through.
pub fn troubles(left: &Left<'_>, config: &Config) -> Vec<String> {
    let mut troubles = Vec::new();
    let missing = missing(left);
    if !missing.is_empty() {
        troubles.push(tr!(
            "The last run did not go through, or not every stage has run: there is nothing of {stages}.",
            stages = missing.join(&tr!(", "))
        ));
    }
    for stage in STAGES.iter().filter(|stage| stage.name != NAME) {
        let Some(entry) = left.entry(stage.name) else {
            continue;
        };
        let older = |earlier: &&str| {
            let earlier = left.entry(earlier);
            earlier.is_some_and(|earlier| earlier.started_at > entry.started_at)
        };
        if let Some(earlier) = stage.needs(config).find(older) {
            troubles.push(tr!(
                "{stage} is of an earlier run: {earlier}, which it reads, has run since then.",
                stage = stage.name,
                earlier = earlier
            ));
        } else if let (Some(date), Some(all)) = (&entry.as_of, left.date())
            && *date != all
        {
            troubles.push(tr!(
                "{stage} speaks of {date}, and not of {all}.",
                stage = stage.name,
                date = date,
                all = all
            ));
        }
    }
    troubles
}

/// Stages that have not run although nothing says why.
fn missing(left: &Left<'_>) -> Vec<&'static str> {
    let said = |name: &str| left.manifest.without.contains_key(name);
    let missing = STAGES
        .iter()
        .map(|stage| stage.name)
        .filter(|name| *name != NAME && left.entry(name).is_none() && !said(name));
    missing.collect()
}
