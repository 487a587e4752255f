//! How files come to be: written beside, renamed into place, and only then named in the manifest.
//!
//! A reader of the output folder therefore never meets half a file, and whatever the manifest
//! names is whole, even after a crash.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterVersion};
use serde::{Deserialize, Serialize};

use crate::failure::{During, Result};
use crate::sources::digest;
use crate::temporary;

/// One file of a run, as the manifest names it.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct FileEntry {
    /// Relative to the output folder, with `/` between its parts.
    pub path: String,
    /// The stage that wrote it.
    pub stage: String,
    /// Rows, for tables.
    pub rows: Option<u64>,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the bytes.
    pub sha256: String,
    /// What it holds.
    pub about: String,
}

/// Files of one stage that are written but not yet in place.
///
/// Dropping it without [`Pending::commit`] removes what was written.
pub struct Pending {
    root: PathBuf,
    stage: &'static str,
    files: Vec<PendingFile>,
    stays: bool,
}

/// A file that is whole and waits for its name, as a load notes it before it commits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Waiting {
    /// Where it lies now, relative to the output folder.
    pub beside: String,
    /// What it will be.
    pub file: FileEntry,
}

struct PendingFile {
    name: String,
    temporary: PathBuf,
    rows: Option<u64>,
    about: String,
}

impl Pending {
    /// No files yet, for one stage, below one output folder.
    pub fn new(root: &Path, stage: &'static str) -> Self {
        Self {
            root: root.to_owned(),
            stage,
            files: Vec::new(),
            stays: false,
        }
    }

    /// A place to write the file `name` to; it gets its name when the stage is committed.
    pub fn place(&mut self, name: &str, rows: Option<u64>, about: &str) -> Result<PathBuf> {
        let target = self.root.join(name);
        let folder = target.parent().unwrap_or(&self.root);
        temporary::make_folder(folder)?;
        let file_name = target
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let temporary = folder.join(format!(".{file_name}.writing"));
        temporary::begins(&temporary);
        self.files.push(PendingFile {
            name: name.to_owned(),
            temporary: temporary.clone(),
            rows,
            about: about.to_owned(),
        });
        Ok(temporary)
    }

    /// Sets the rows of a file whose place was given before they were known.
    pub fn set_rows(&mut self, name: &str, rows: u64) {
        for file in self.files.iter_mut().filter(|file| file.name == name) {
            file.rows = Some(rows);
        }
    }

    /// A table as Parquet.
    pub fn parquet(&mut self, name: &str, about: &str, table: &RecordBatch) -> Result<()> {
        let path = self.place(name, Some(table.num_rows() as u64), about)?;
        write_parquet(&path, table, about).during(self.root.join(name).display())
    }

    /// A table as Parquet and as CSV, for files that people open too.
    pub fn parquet_and_csv(&mut self, stem: &str, about: &str, table: &RecordBatch) -> Result<()> {
        self.parquet(&format!("{stem}.parquet"), about, table)?;
        let name = format!("{stem}.csv");
        let path = self.place(&name, Some(table.num_rows() as u64), about)?;
        write_csv(&path, table).during(self.root.join(&name).display())
    }

    /// Text as it is.
    pub fn text(&mut self, name: &str, about: &str, content: &str) -> Result<()> {
        let path = self.place(name, None, about)?;
        let mut file = File::create(&path).during(path.display())?;
        file.write_all(content.as_bytes())
            .and_then(|()| file.sync_all())
            .during(path.display())
    }

    /// What the files will be called.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.name.as_str())
    }

    /// Renames every file into place and says what they are.
    pub fn commit(mut self) -> Result<Vec<FileEntry>> {
        let entries = self.entries()?;
        for file in &self.files {
            temporary::places(&self.root.join(&file.name));
        }
        for file in std::mem::take(&mut self.files) {
            let target = self.root.join(&file.name);
            fs::rename(&file.temporary, &target).during(target.display())?;
            temporary::ended(&file.temporary);
        }
        Ok(entries)
    }

    fn entries(&self) -> Result<Vec<FileEntry>> {
        let entry = |file: &PendingFile| {
            let (size, sha256) = digest(&file.temporary).during(file.temporary.display())?;
            Ok(FileEntry {
                path: file.name.clone(),
                stage: self.stage.to_owned(),
                rows: file.rows,
                size,
                sha256,
                about: file.about.clone(),
            })
        };
        self.files.iter().map(entry).collect()
    }

    /// Writes the files through to the disk and says what they are, so that they can be given their
    /// names by whoever reads that. They stay where they are until [`Pending::commit`], whatever
    /// happens, or until [`Pending::lets_go`].
    pub fn secure(&mut self) -> Result<Vec<Waiting>> {
        let entries = self.entries()?;
        for file in &self.files {
            let written = File::open(&file.temporary).and_then(|file| file.sync_all());
            written.during(file.temporary.display())?;
        }
        self.stays = true;
        let beside = |file: &PendingFile| {
            temporary::ended(&file.temporary);
            let below = file.temporary.strip_prefix(&self.root);
            let below = below.unwrap_or(&file.temporary);
            below.to_string_lossy().into_owned()
        };
        let waiting = self
            .files
            .iter()
            .zip(entries)
            .map(|(pending, file)| Waiting {
                beside: beside(pending),
                file,
            });
        Ok(waiting.collect())
    }

    /// They may go again.
    pub fn lets_go(&mut self) {
        self.stays = false;
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        for file in self.files.iter().filter(|_| !self.stays) {
            // What cannot be removed is hidden by its name and noted for the next run.
            if fs::remove_file(&file.temporary).is_ok() {
                temporary::ended(&file.temporary);
            }
        }
    }
}

/// Writes a file beside its place and renames it.
pub fn replace(path: &Path, content: &str) -> Result<()> {
    let temporary = path.with_extension("writing");
    temporary::begins(&temporary);
    let written = File::create(&temporary)
        .and_then(|mut file| {
            file.write_all(content.as_bytes())?;
            file.sync_all()
        })
        .during(temporary.display())
        .and_then(|()| fs::rename(&temporary, path).during(path.display()));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    temporary::ended(&temporary);
    written
}

/// Writes a table in place of a file of the output folder, and says what the file is now.
pub fn rewrite(root: &Path, entry: &FileEntry, table: &RecordBatch) -> Result<FileEntry> {
    let path = root.join(&entry.path);
    let temporary = path.with_extension("writing");
    temporary::begins(&temporary);
    if entry.path.ends_with(".csv") {
        write_csv(&temporary, table).during(path.display())?;
    } else {
        write_parquet(&temporary, table, &entry.about).during(path.display())?;
    }
    let (size, sha256) = digest(&temporary).during(temporary.display())?;
    fs::rename(&temporary, &path).during(path.display())?;
    temporary::ended(&temporary);
    Ok(FileEntry {
        rows: Some(table.num_rows() as u64),
        size,
        sha256,
        ..entry.clone()
    })
}

fn write_parquet(path: &Path, table: &RecordBatch, about: &str) -> Result<()> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_created_by(format!("regulars {}", env!("CARGO_PKG_VERSION")))
        .set_key_value_metadata(Some(vec![parquet::file::metadata::KeyValue::new(
            "description".to_owned(),
            about.to_owned(),
        )]))
        .build();
    let file = File::create(path)?;
    let mut writer = ArrowWriter::try_new(file, table.schema(), Some(properties))?;
    writer.write(table)?;
    let file = writer.into_inner()?;
    file.sync_all()?;
    Ok(())
}

fn write_csv(path: &Path, table: &RecordBatch) -> Result<()> {
    let mut writer = arrow::csv::WriterBuilder::new()
        .with_header(true)
        .build(BufWriter::new(File::create(path)?));
    writer.write(table)?;
    let file = writer
        .into_inner()
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(())
}

/// Reads a Parquet file that an earlier stage wrote, whole.
pub fn read_parquet(path: &Path) -> Result<RecordBatch> {
    let file = File::open(path).during(path.display())?;
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file)
        .during(path.display())?;
    let schema: SchemaRef = Arc::clone(reader.schema());
    let batches = reader
        .build()
        .during(path.display())?
        .collect::<std::result::Result<Vec<_>, _>>()
        .during(path.display())?;
    Ok(arrow::compute::concat_batches(&schema, &batches)?)
}

impl Pending {
    /// Takes over the files of another set of the same stage.
    pub fn absorb(&mut self, mut other: Pending) {
        self.files.append(&mut other.files);
    }
}

/// The columns of a Parquet file that an earlier stage wrote, with their descriptions.
pub fn parquet_schema(path: &Path) -> Result<SchemaRef> {
    let file = File::open(path).during(path.display())?;
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file)
        .during(path.display())?;
    Ok(Arc::clone(reader.schema()))
}
