//! How generated data are put on a disk: whole or not at all, as Parquet or CSV.

mod error;
mod table;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

pub use error::WriteError;
pub use table::{Format, TableWriter, write_table};

/// Name of the folder with the truth.
pub const TRUTH: &str = "truth";

/// A folder that grows beside its place and is renamed into it when it is whole.
pub struct Beside(tempfile::TempDir);

impl Beside {
    /// A folder that will be `out`, which is not there yet, or is empty.
    pub fn new(out: &Path) -> Result<Self, WriteError> {
        match fs::read_dir(out) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    return Err(WriteError::Exists(out.to_owned()));
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(_) => return Err(WriteError::Exists(out.to_owned())),
        }
        let (parent, prefix) = growing(out);
        fs::create_dir_all(&parent).map_err(|error| WriteError::io(&parent, error))?;
        let folder = tempfile::Builder::new()
            .prefix(&prefix)
            .tempdir_in(&parent)
            // Without the name of a folder that nobody asked for.
            .map_err(|error| WriteError::io(&parent, error.kind().into()))?;
        Ok(Self(folder))
    }

    /// Where it is now.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Puts it into place.
    pub fn into_place(self, out: &Path) -> Result<(), WriteError> {
        let io = |error| WriteError::io(out, error);
        if out.is_dir() {
            fs::remove_dir(out).map_err(io)?; // it is empty, or this fails
        }
        fs::rename(self.path(), out).map_err(io)?;
        // It is in its place now; there is nothing to clean up.
        let _ = self.0.keep();
        open_to_readers(out);
        Ok(())
    }
}

/// Where a folder grows that will be `out`, and how its name begins: as that of no other process's.
pub fn growing(out: &Path) -> (PathBuf, String) {
    let parent = match out.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let prefix = format!(".regulars-generating-{}-", std::process::id());
    (parent.to_owned(), prefix)
}

/// A folder made for temporary files is closed to others; this one is for everybody who may read.
fn open_to_readers(folder: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o755));
    }
    #[cfg(not(unix))]
    let _ = folder;
}

/// Writes a small file.
pub fn write_text(path: &Path, text: &str) -> Result<(), WriteError> {
    let mut file = File::create(path).map_err(|error| WriteError::io(path, error))?;
    file.write_all(text.as_bytes())
        .map_err(|error| WriteError::io(path, error))
}
