//! Tables of data lakes: folders in which a log says which files hold the rows of now. Read as
//! plain files they would give rows that were deleted or updated since.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::prelude::{SessionConfig, SessionContext};
use deltalake::DeltaTable;
use futures::StreamExt;
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
    let name = match kind {
        Kind::Delta => return read(folder, folder, fetch, true),
        Kind::Iceberg => "an Iceberg",
        Kind::Hudi => "a Hudi",
    };
    Err(Failure::settings(format!(
        "{} is {name} table: its files hold rows that it no longer has, and its log cannot be read",
        folder.display()
    ))
    .hint("let its own engine write the rows of now as Parquet files, or as a Delta table"))
}

/// Reads a table that [`file`] found unchanged, after all.
pub fn fetch(file: &mut SourceFile, fetch: &Fetch<'_>) -> Result<()> {
    let path = file.path.clone();
    *file = read(&path, &path, fetch, false)?;
    Ok(())
}

/// The table in a folder, known by another path where the folder is a copy.
fn read(folder: &Path, path: &Path, fetch: &Fetch<'_>, lazy: bool) -> Result<SourceFile> {
    let real = folder.canonicalize().during(folder.display())?;
    let url = Url::from_directory_path(&real)
        .map_err(|()| Failure::settings(format!("{} is no usable path", real.display())))?;
    let read = async {
        let table = DeltaTable::try_from_url(url).await?;
        let version = table.version().unwrap_or_default();
        let etag = format!("{} {version}", table.snapshot()?.metadata().id());
        let earlier = fetch.earlier.get(path);
        if let Some(earlier) =
            earlier.filter(|earlier| lazy && earlier.etag.as_ref() == Some(&etag))
        {
            return Ok(SourceFile {
                local: None,
                ..earlier.clone()
            });
        }
        // One partition, so that the rows come in the same order whenever they are read.
        let config = SessionConfig::new().with_target_partitions(1);
        let session = SessionContext::new_with_config(config);
        let live = LiveFiles::of(&table, &real).await?;
        let rows = session.read_table(Arc::new(live))?;
        let nothing = RecordBatch::new_empty(Arc::new(rows.schema().as_arrow().clone()));
        let mut answer = Answer::begin(fetch.spool, plain_text(&nothing)?.schema(), None)?;
        let mut stream = rows.execute_stream().await?;
        while let Some(batch) = stream.next().await {
            answer.write(&plain_text(&batch?)?)?;
        }
        let spooled = answer.finish()?.spooled;
        Ok::<_, Failure>(SourceFile {
            etag: Some(etag),
            ..SourceFile::spooled(path.to_owned(), Format::Parquet, spooled)
        })
    };
    fetch
        .engine
        .wait(read)
        .during(format!("reading the Delta table {}", path.display()))
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
