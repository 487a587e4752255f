//! What a run was: `manifest.json`, written last, so that what it names is whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::Format;
use crate::failure::{Failure, Result};
use crate::outputs::below::below;
use crate::outputs::interrupt;
use crate::outputs::temporary;
use crate::outputs::{FileEntry, Pending, replace};
use crate::text::{settings_file, shell_word};
use crate::warning::Warning;
use crate::words::Language;

/// The file's name below the output folder.
pub const FILE_NAME: &str = "manifest.json";

/// What the last runs into an output folder did, stage by stage.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Manifest {
    /// Always `regulars`.
    pub program: String,
    /// Its version.
    pub version: String,
    /// The title of the project.
    pub project: String,
    /// Printed behind amounts.
    pub currency: String,
    /// The language of the last run.
    #[serde(default)]
    pub language: Language,
    /// What each stage did when it last ran, by name.
    pub stages: BTreeMap<String, StageEntry>,
    /// Stages that the last whole run left out, and why.
    #[serde(default)]
    pub left_out: Vec<Warning>,
    /// The same by stage: why nothing of it is there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub without: BTreeMap<String, String>,
    /// Every file, whole and in place.
    pub files: Vec<FileEntry>,
}

/// What one stage did.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct StageEntry {
    /// SHA-256 of the settings as written.
    pub settings_sha256: String,
    /// The settings it ran with, defaults filled in.
    pub settings: Value,
    /// The seed it ran with.
    pub seed: u64,
    /// The date asked for with `--as-of`.
    pub as_of_asked: Option<String>,
    /// The date asked for with `--known-at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_at: Option<String>,
    /// The date that its results speak of.
    pub as_of: Option<String>,
    /// Source files, for `ingest`.
    pub inputs: Vec<Input>,
    /// Rows read.
    pub rows_in: u64,
    /// Rows written.
    pub rows_out: u64,
    /// When it began, UTC.
    pub started_at: String,
    /// Wall time.
    pub seconds: f64,
    /// CPU time of the whole process meanwhile; null where the system does not tell.
    pub cpu_seconds: Option<f64>,
    /// The largest memory of the process so far; null where the system does not tell.
    pub peak_memory_bytes: Option<u64>,
    /// Bytes that the process has read meanwhile, from files or from what the system holds of them;
    /// null where the system does not tell.
    #[serde(default)]
    pub bytes_read: Option<u64>,
    /// Bytes that it has written.
    #[serde(default)]
    pub bytes_written: Option<u64>,
    /// The stage's own numbers.
    pub metrics: Value,
    /// What a person should know although it went through.
    pub warnings: Vec<Warning>,
}

/// One file of a source, as it was read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Input {
    /// What it is known and shown by.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the bytes.
    pub sha256: String,
    /// How it is read.
    pub format: Format,
    /// What the store calls this state of the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The largest value of the query's watermark column so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watermark: Option<String>,
}

impl Manifest {
    /// The manifest of an output folder, or a new one.
    pub fn open(root: &Path) -> Result<Self> {
        let path = root.join(FILE_NAME);
        let mut manifest: Self = match std::fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| {
                Failure::data(format!(
                    "{} is no manifest of regulars: {error}",
                    path.display()
                ))
                .hint("remove it, or choose another folder with --out")
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::default(),
            Err(error) => return Err(Failure::from(error).during(path.display())),
        };
        for file in &manifest.files {
            below(root, &file.path, &path)?;
        }
        manifest.program = "regulars".to_owned();
        manifest.version = env!("CARGO_PKG_VERSION").to_owned();
        Ok(manifest)
    }

    /// Puts a stage's files into place: while they are renamed the manifest does not name them. A file
    /// that another stage has written, and this one writes too, is this one's from now on; a stage of
    /// which nothing is left is forgotten.
    pub fn commit(
        &mut self,
        root: &Path,
        stage: &'static str,
        files: Pending,
        entry: StageEntry,
    ) -> Result<()> {
        self.commit_beside(root, stage, files, entry, &|_| false)
    }

    /// The same beside files that the stage has left before and that stay, by their names, unless
    /// they are written anew.
    pub fn commit_beside(
        &mut self,
        root: &Path,
        stage: &'static str,
        files: Pending,
        entry: StageEntry,
        stays: &dyn Fn(&str) -> bool,
    ) -> Result<()> {
        let _whole = interrupt::hold();
        let goes = |file: &FileEntry| {
            let again = files.names().any(|name| name == file.path);
            again || file.stage == stage && !stays(&file.path)
        };
        for file in self.files.iter().filter(|file| goes(file)) {
            temporary::places(&root.join(&file.path));
        }
        let gone: Vec<PathBuf> = self
            .replaced(stage, &files)
            .filter(|file| !stays(&file.path))
            .map(|file| root.join(&file.path))
            .collect();
        let (lost, left): (Vec<FileEntry>, Vec<FileEntry>) =
            std::mem::take(&mut self.files).into_iter().partition(goes);
        self.files = left;
        // A stage of which nothing is left has not run.
        for other in lost.iter().map(|file| &file.stage) {
            if other != stage && !self.files.iter().any(|file| file.stage == *other) {
                self.stages.remove(other);
            }
        }
        self.stages.remove(stage);
        self.write(root)?;
        let written = files.commit()?;
        for path in gone {
            // A file of an earlier run that this one no longer writes would only mislead.
            let _ = std::fs::remove_file(path);
        }
        self.files.extend(written);
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.stages.insert(stage.to_owned(), entry);
        self.write(root)?;
        temporary::settled();
        Ok(())
    }

    /// Files of this stage's earlier run that the new one does not write again.
    fn replaced<'a>(
        &'a self,
        stage: &'a str,
        files: &'a Pending,
    ) -> impl Iterator<Item = &'a FileEntry> {
        self.files
            .iter()
            .filter(move |file| file.stage == stage && !files.names().any(|name| name == file.path))
    }

    /// Takes a stage and its files out, as when it no longer applies to this data.
    pub fn forget(&mut self, root: &Path, stage: &'static str) -> Result<()> {
        if self.stages.contains_key(stage) {
            let nothing = Pending::new(root, stage);
            let entry = StageEntry::default();
            self.commit(root, stage, nothing, entry)?;
            self.stages.remove(stage);
            self.write(root)?;
        }
        Ok(())
    }

    /// Writes the manifest into place.
    pub fn write(&self, root: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Failure::machine(error.to_string()))?;
        replace(&root.join(FILE_NAME), &(text + "\n"))
    }

    /// A stage's own numbers, when it has run.
    pub fn metrics<T: DeserializeOwned>(&self, stage: &str) -> Option<T> {
        serde_json::from_value(self.stages.get(stage)?.metrics.clone()).ok()
    }

    /// The file of an earlier stage that a later one reads.
    ///
    /// # Errors
    /// The stage has not run yet: says which command would.
    pub fn file(&self, root: &Path, stage: &str, name: &str) -> Result<PathBuf> {
        let path = root.join(name);
        if self.stages.contains_key(stage) && path.is_file() {
            return Ok(path);
        }
        Err(missing_stage(root, stage, name))
    }
}

/// What to do when a stage is asked for before the ones that it reads from.
pub fn missing_stage(root: &Path, stage: &str, name: &str) -> Failure {
    Failure::data(format!(
        "{} is missing: the stage `{stage}` has not run into {}",
        name,
        root.display()
    ))
    .hint(format!(
        "run it first: regulars {stage} -c {0} --out {1}; or all of them: regulars run -c {0} --out {1}",
        settings_file(),
        shell_word(&root.to_string_lossy())
    ))
}
