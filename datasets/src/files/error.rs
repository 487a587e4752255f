//! What can go wrong while generated data are written.

use std::io;
use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The folder holds something already, or is no folder.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// The disk refuses.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The library that writes Parquet refuses.
    #[error("{}: {message}", .path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the library says.
        message: String,
    },
}

impl WriteError {
    /// The disk refuses a file.
    pub fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    /// The library that writes CSV refuses a file.
    pub fn csv(path: &Path, error: csv::Error) -> Self {
        let source = match error.into_kind() {
            // Unwrapped, so that a full disk is still known as one.
            csv::ErrorKind::Io(source) => source,
            other => io::Error::other(format!("{other:?}")),
        };
        Self::io(path, source)
    }

    /// A full disk must be told as such, however deep the library wraps it.
    pub(super) fn parquet(path: &Path, error: ParquetError) -> Self {
        match error {
            ParquetError::External(inner) => match inner.downcast::<io::Error>() {
                Ok(source) => Self::io(path, *source),
                Err(other) => Self::Parquet {
                    path: path.to_owned(),
                    message: other.to_string(),
                },
            },
            other => Self::Parquet {
                path: path.to_owned(),
                message: other.to_string(),
            },
        }
    }
}
