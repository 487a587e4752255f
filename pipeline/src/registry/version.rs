//! One version: a folder whose files are read against their checksums.

use std::path::{Path, PathBuf};

use regulars_models::format::SavedModel;
use sha2::{Digest, Sha256};

use super::features::{self, KeptFeatures};
use super::record::{self, FileSum, Record};
use super::reference::{self, Reference};
use crate::config::hex;
use crate::failure::{Failure, Result};
use crate::outputs::below::below;

/// What the version is.
pub const RECORD: &str = "version.json";
/// The model, learned from every known outcome, with its calibration.
pub const MODEL: &str = "model.json";
/// The same model as it was tested: without the newest outcomes.
pub const TESTED: &str = "tested.json";
/// What each feature is.
pub const FEATURES: &str = "features.json";
/// How features and scores were distributed then.
pub const REFERENCE: &str = "reference.json";
/// The model in plain words.
pub const CARD: &str = "card.md";

/// A version that is not stored yet.
pub struct Candidate {
    /// What it is; its number and its files are filled in when it is stored.
    pub record: Record,
    /// The other files: name and content.
    pub files: Vec<(&'static str, String)>,
}

/// A version that is stored.
#[derive(Clone, Debug)]
pub struct Version {
    /// Its folder.
    pub folder: PathBuf,
    /// What it is.
    pub record: Record,
}

impl Version {
    /// Reads what a folder says of itself.
    ///
    /// # Errors
    /// It says nothing that can be read, or is another version than its name says.
    pub(super) fn open(folder: PathBuf, number: u32) -> Result<Self> {
        let path = folder.join(RECORD);
        let place = path.display().to_string();
        let text = text(&path)?;
        let record: Record = record::read(&text, record::FORMAT, &place)?;
        if record.number != number {
            return Err(Failure::data(format!(
                "{place} is of version {}, and its folder is called {number}",
                record.number
            ))
            .hint("give the folder the name that it had"));
        }
        Ok(Self { folder, record })
    }

    /// Its number.
    pub fn number(&self) -> u32 {
        self.record.number
    }

    /// What people call it: `version 3 (boosted trees)`.
    pub fn title(&self) -> String {
        format!("version {} ({})", self.number(), self.record.model.title)
    }

    /// A file of the version, as it was stored.
    ///
    /// # Errors
    /// It is gone, cut short or changed.
    pub fn text(&self, name: &str) -> Result<String> {
        let Some(sum) = self.record.files.get(name) else {
            let place = self.folder.join(RECORD);
            return Err(damaged(format!("{} names no {name}", place.display())));
        };
        let path = below(&self.folder, name, &self.folder.join(RECORD))?;
        let bytes = std::fs::read(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => damaged(format!("{} is gone", path.display())),
            _ => Failure::from(error).during(path.display()),
        })?;
        if FileSum::of(&bytes) != *sum {
            let found = match bytes.len() as u64 {
                size if size == sum.size => "its bytes have changed".to_owned(),
                size => format!("it has {size} bytes, not {}", sum.size),
            };
            return Err(damaged(format!(
                "{} is not what was stored: {found}",
                path.display()
            )));
        }
        String::from_utf8(bytes).map_err(|_| damaged(format!("{} is no text", path.display())))
    }

    /// Every file of it that is not as it was stored, in words.
    pub fn faults(&self) -> Vec<String> {
        let names = self.record.files.keys();
        names
            .filter_map(|name| self.text(name).err())
            .map(|failure| failure.message)
            .collect()
    }

    /// The model.
    pub fn model(&self) -> Result<SavedModel> {
        self.saved(MODEL)
    }

    /// The model as it was tested.
    pub fn tested(&self) -> Result<SavedModel> {
        self.saved(TESTED)
    }

    fn saved(&self, name: &str) -> Result<SavedModel> {
        let text = self.text(name)?;
        SavedModel::from_json(&text)
            .map_err(|error| damaged(format!("{}: {error}", self.folder.join(name).display())))
    }

    /// What its features are.
    pub fn features(&self) -> Result<KeptFeatures> {
        self.read(FEATURES, features::FORMAT)
    }

    /// How they were distributed.
    pub fn reference(&self) -> Result<Reference> {
        self.read(REFERENCE, reference::FORMAT)
    }

    fn read<T: serde::de::DeserializeOwned>(&self, name: &str, format: &str) -> Result<T> {
        let place = self.folder.join(name).display().to_string();
        record::read(&self.text(name)?, format, &place)
    }
}

impl FileSum {
    /// Of a file's bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self {
            size: bytes.len() as u64,
            sha256: hex(&Sha256::digest(bytes)),
        }
    }
}

fn damaged(message: String) -> Failure {
    Failure::data(message).hint(
        "bring it back from a backup, or use another version: regulars models list shows them",
    )
}

fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => damaged(format!("{} is gone", path.display())),
        std::io::ErrorKind::InvalidData => damaged(format!("{} is no text", path.display())),
        _ => Failure::from(error).during(path.display()),
    })
}
