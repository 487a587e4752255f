//! Tables of data lakes: folders in which a log says which files hold the rows of now. Read as
//! plain files they would give rows that were deleted or updated since.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::prelude::{SessionConfig, SessionContext};
use deltalake::DeltaTable;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path as Location;
use url::Url;

use super::database::answer::Answer;
use super::{Fetch, SourceFile};
use crate::config::Format;
use crate::engine::delta::LiveFiles;
use crate::failure::{During, Failure, Result};
use crate::outputs::table::plain_text;

/// Who keeps the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Delta Lake: `_delta_log/`.
    Delta,
    /// Apache Iceberg: `metadata/*.metadata.json`.
    Iceberg,
    /// Apache Hudi: `.hoodie/`.
    Hudi,
}

/// What a folder is, if it is a table.
pub fn kind(folder: &Path) -> Option<Kind> {
    let metadata = || {
        let entries = folder.join("metadata").read_dir().ok()?;
        let mut names = entries.flatten().map(|entry| entry.file_name());
        names.find(|name| name.to_string_lossy().ends_with(".metadata.json"))
    };
    if folder.join("_delta_log").is_dir() {
        Some(Kind::Delta)
    } else if folder.join(".hoodie").is_dir() {
        Some(Kind::Hudi)
    } else {
        metadata().map(|_| Kind::Iceberg)
    }
}

/// The rows of a table as it is now, as a file of the spool; nothing is read of one that is as it
/// was.
///
/// # Errors
/// A table that is no Delta table, or one with features whose rows are not those of its files.
pub fn file(folder: &Path, kind: Kind, fetch: &Fetch<'_>) -> Result<SourceFile> {
    if kind != Kind::Delta {
        return Err(refused(&folder.display().to_string(), kind));
    }
    fetch.engine.wait(read(folder, fetch, true))
}

/// A table whose log is not read.
pub fn refused(shown: &str, kind: Kind) -> Failure {
    let name = match kind {
        Kind::Delta => "a Delta",
        Kind::Iceberg => "an Iceberg",
        Kind::Hudi => "a Hudi",
    };
    Failure::settings(format!(
        "{shown} is {name} table: its files hold rows that it no longer has, and its log cannot be read",
    ))
    .hint("let its own engine write the rows of now as Parquet files, or as a Delta table")
}

/// Whether this is a state of a table, and not what a store calls one of an object: it has a blank.
pub fn is_state(etag: Option<&str>) -> bool {
    etag.is_some_and(|etag| etag.contains(' '))
}

/// Reads a table that [`file`] found unchanged, after all.
pub fn fetch(file: &mut SourceFile, fetch: &Fetch<'_>) -> Result<()> {
    let path = file.path.clone();
    *file = fetch.engine.wait(read(&path, fetch, false))?;
    Ok(())
}

/// The table in a folder.
async fn read(folder: &Path, fetch: &Fetch<'_>, lazy: bool) -> Result<SourceFile> {
    let read = async {
        let table = Table::open(folder).await?;
        let earlier = fetch.earlier.get(folder).filter(|_| lazy);
        match table.unchanged(earlier) {
            Some(earlier) => Ok(earlier),
            None => table.rows(folder, fetch).await,
        }
    };
    read.await
        .during(format!("reading the Delta table {}", folder.display()))
}

/// A Delta table as it is now.
pub struct Table {
    table: DeltaTable,
    folder: PathBuf,
    /// Its name for itself, and its version.
    etag: String,
}

impl Table {
    /// The table in a folder, of which only the log has to be there.
    pub async fn open(folder: &Path) -> Result<Self> {
        let real = folder.canonicalize().during(folder.display())?;
        let url = Url::from_directory_path(&real)
            .map_err(|()| Failure::settings(format!("{} is no usable path", real.display())))?;
        let table = DeltaTable::try_from_url(url).await?;
        let version = table.version().unwrap_or_default();
        let etag = format!("{} {version}", table.snapshot()?.metadata().id());
        Ok(Self {
            table,
            folder: real,
            etag,
        })
    }

    /// What an earlier load met, if it is still that.
    pub fn unchanged(&self, earlier: Option<&SourceFile>) -> Option<SourceFile> {
        let earlier = earlier.filter(|earlier| earlier.etag.as_ref() == Some(&self.etag))?;
        Some(SourceFile {
            local: None,
            ..earlier.clone()
        })
    }

    /// The files that hold its rows, below its folder.
    pub async fn files(&self) -> Result<Vec<Location>> {
        let snapshot = self.table.snapshot()?.snapshot().clone();
        let store = self.table.log_store();
        let views: Vec<_> = snapshot.file_views(&store, None).try_collect().await?;
        Ok(views.iter().map(|view| view.object_store_path()).collect())
    }

    /// Its rows, as a file of the spool that is known by `path`.
    pub async fn rows(&self, path: &Path, fetch: &Fetch<'_>) -> Result<SourceFile> {
        // One partition, so that the rows come in the same order whenever they are read.
        let config = SessionConfig::new().with_target_partitions(1);
        let session = SessionContext::new_with_config(config);
        let live = LiveFiles::of(&self.table, &self.folder).await?;
        let rows = session.read_table(Arc::new(live))?;
        let nothing = RecordBatch::new_empty(Arc::new(rows.schema().as_arrow().clone()));
        let mut answer = Answer::begin(fetch.spool, plain_text(&nothing)?.schema(), None)?;
        let mut stream = rows.execute_stream().await?;
        while let Some(batch) = stream.next().await {
            answer.write(&plain_text(&batch?)?)?;
        }
        let spooled = answer.finish()?.spooled;
        Ok(SourceFile {
            etag: Some(self.etag.clone()),
            ..SourceFile::spooled(path.to_owned(), Format::Parquet, spooled)
        })
    }
}

/// The table that a file lies in, looking no further up than `top`.
pub fn around(file: &Path, top: &Path) -> Option<(PathBuf, Kind)> {
    let mut folder = file.parent();
    while let Some(there) = folder.filter(|there| there.starts_with(top)) {
        if let Some(kind) = kind(there) {
            return Some((there.to_owned(), kind));
        }
        folder = there.parent();
    }
    None
}
