//! A file of a source, known by its content.

use std::path::{Path, PathBuf};

use super::spool::Spooled;
use super::stamp::Stamp;
use crate::config::Format;
use crate::failure::{During, Failure, Result};
use crate::outputs::digest;
use crate::outputs::manifest::Input;

/// One file of a source, known by its content. An object of a store, or the result of a query, is
/// a file too: it is fetched into the spool before it is read.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// What it is known and shown by: its path as the settings give it, joined to their folder, or
    /// its URL without anything secret.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the bytes.
    pub sha256: String,
    /// How it is read.
    pub format: Format,
    /// What the store calls this state of the object, so that an unchanged one is not fetched again.
    pub etag: Option<String>,
    /// The largest value of the query's watermark column so far.
    pub watermark: Option<String>,
    /// The sheet of a spreadsheet that it is, where several are read.
    pub sheet: Option<String>,
    /// Where its bytes lie when that is not `path`.
    pub local: Option<PathBuf>,
    /// What its bytes were like on the disk before they were hashed, and their SHA-256, which a
    /// sheet and a file that is joined with others are not known by; none for what is spooled.
    pub stamp: Option<(Stamp, String)>,
}

impl SourceFile {
    /// A local file, by its content.
    pub fn read(path: PathBuf, format: Format) -> Result<Self> {
        let stamp = Stamp::of(&path).during(path.display())?;
        let (size, sha256) = digest(&path).during(path.display())?;
        Ok(Self {
            stamp: Some((stamp, sha256.clone())),
            local: None,
            ..Self::spooled(path.clone(), format, Spooled { path, size, sha256 })
        })
    }

    /// What has been fetched into the spool, under the name that it is known by.
    pub fn spooled(path: PathBuf, format: Format, spooled: Spooled) -> Self {
        Self {
            path,
            size: spooled.size,
            sha256: spooled.sha256,
            format,
            etag: None,
            watermark: None,
            sheet: None,
            local: Some(spooled.path),
            stamp: None,
        }
    }

    /// What a manifest says of it.
    pub fn recorded(&self) -> Input {
        Input {
            path: self.path.clone(),
            size: self.size,
            sha256: self.sha256.clone(),
            format: self.format,
            etag: self.etag.clone(),
            watermark: self.watermark.clone(),
        }
    }

    /// Makes sure that what was read since the file was hashed is what was hashed.
    ///
    /// # Errors
    /// It is another one now, or was touched in between.
    pub fn is_as_hashed(&self) -> Result<()> {
        let Some((stamp, hash)) = &self.stamp else {
            return Ok(());
        };
        let now = Stamp::of(self.bytes());
        let same = match now.as_ref().map(|now| stamp.tells(now)) {
            Ok(Some(same)) => same,
            // Only the bytes can tell.
            Ok(None) => digest(self.bytes()).is_ok_and(|(_, sha256)| sha256 == *hash),
            Err(_) => false,
        };
        if same {
            return Ok(());
        }
        Err(Failure::data(format!(
            "{} changed while it was being loaded; nothing was loaded",
            self.path.display()
        ))
        .hint("load again when whoever writes it has ended; a file that is written under another name and renamed is never met half way"))
    }

    /// Where its bytes lie.
    pub fn bytes(&self) -> &Path {
        self.local.as_deref().unwrap_or(&self.path)
    }
}
