//! How files come to be: written beside, renamed into place, and only then named in the manifest.
//!
//! A reader of the output folder therefore never meets half a file, and whatever the manifest
//! names is whole, even after a crash.

pub mod below;
mod digest;
pub mod interrupt;
pub mod lock;
pub mod manifest;
pub mod system;
pub mod table;
pub mod temporary;
pub mod workbook;

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterVersion};
use serde::{Deserialize, Serialize};

pub use self::digest::digest;
use crate::config::CsvIds;
use crate::failure::{During, Result};
use crate::outputs::below::no_link;
use crate::words::said;

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
    csv_ids: CsvIds,
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
            csv_ids: CsvIds::default(),
            files: Vec::new(),
            stays: false,
        }
    }

    /// The same, with ids written to CSV as the settings want them.
    pub fn with_ids(mut self, csv_ids: CsvIds) -> Self {
        self.csv_ids = csv_ids;
        self
    }

    /// A place to write the file `name` to; it gets its name when the stage is committed. `about` says what it
    /// holds, in the language of the command.
    pub fn place(&mut self, name: &str, rows: Option<u64>, about: &str) -> Result<PathBuf> {
        let target = self.root.join(name);
        let folder = target.parent().unwrap_or(&self.root);
        let within = |above: &&Path| *above != self.root;
        for above in target.ancestors().skip(1).take_while(within) {
            no_link(above)?;
        }
        temporary::make_folder(folder)?;
        let file_name = target
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let temporary = folder.join(format!(".{file_name}.writing"));
        free(&temporary)?;
        temporary::begins(&temporary);
        self.files.push(PendingFile {
            name: name.to_owned(),
            temporary: temporary.clone(),
            rows,
            about: said(about).to_owned(),
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
        write_parquet(&path, table, said(about)).during(self.root.join(name).display())
    }

    /// A table as Parquet and as CSV, for files that people open too.
    pub fn parquet_and_csv(&mut self, stem: &str, about: &str, table: &RecordBatch) -> Result<()> {
        self.parquet(&format!("{stem}.parquet"), about, table)?;
        let name = format!("{stem}.csv");
        let path = self.place(&name, Some(table.num_rows() as u64), about)?;
        write_csv(&path, &neutral_table(table, self.csv_ids)?, false)
            .during(self.root.join(&name).display())
    }

    /// A table as CSV that a spreadsheet opens as it is meant: with a byte order mark, so that it
    /// knows the letters.
    pub fn csv_to_open(&mut self, name: &str, about: &str, table: &RecordBatch) -> Result<()> {
        let path = self.place(name, Some(table.num_rows() as u64), about)?;
        write_csv(&path, &neutral_table(table, self.csv_ids)?, true)
            .during(self.root.join(name).display())
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

/// Removes what is left where a file is about to be written, be it a link to somewhere else.
fn free(temporary: &Path) -> Result<()> {
    match fs::remove_file(temporary) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).during(temporary.display())
        }
        _ => Ok(()),
    }
}

/// Writes a file beside its place and renames it.
pub fn replace(path: &Path, content: &str) -> Result<()> {
    replace_bytes(path, content.as_bytes())
}

/// The same for what is no text.
pub fn replace_bytes(path: &Path, content: &[u8]) -> Result<()> {
    write_beside(path, content, &mut File::options())
}

/// The same for a file that is nobody else's business.
pub fn replace_private(path: &Path, content: &str) -> Result<()> {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    write_beside(path, content.as_bytes(), &mut options)
}

fn write_beside(path: &Path, content: &[u8], options: &mut fs::OpenOptions) -> Result<()> {
    let temporary = path.with_extension("writing");
    free(&temporary)?;
    temporary::begins(&temporary);
    let opened = options.write(true).create_new(true).open(&temporary);
    let written = opened
        .and_then(|mut file| {
            file.write_all(content)?;
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

/// Writes a table in place of a file of the output folder, and says what the file is now. A table
/// for CSV is written as it is: it is one that was read from there.
pub fn rewrite(root: &Path, entry: &FileEntry, table: &RecordBatch) -> Result<FileEntry> {
    let path = root.join(&entry.path);
    let temporary = path.with_extension("writing");
    free(&temporary)?;
    temporary::begins(&temporary);
    if entry.path.ends_with(".csv") {
        let marked = begins_with_mark(&path).during(path.display())?;
        write_csv(&temporary, table, marked).during(path.display())?;
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

/// The byte order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Whether a file begins with a byte order mark.
fn begins_with_mark(path: &Path) -> std::io::Result<bool> {
    let mut start = Vec::new();
    File::open(path)?
        .take(MARK.len() as u64)
        .read_to_end(&mut start)?;
    Ok(start == MARK)
}

fn write_csv(path: &Path, table: &RecordBatch, marked: bool) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    if marked {
        file.write_all(MARK)?;
    }
    let mut writer = arrow::csv::WriterBuilder::new()
        .with_header(true)
        .build(file);
    writer.write(table)?;
    let file = writer
        .into_inner()
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(())
}

/// A text as it may stand in a CSV that a person opens: what a spreadsheet would take for a formula
/// has an apostrophe before it. [`plain`] takes it away again.
///
/// A formula begins with `=`, `+`, `-` or `@`, also in their full-width forms, and a tab or a line
/// break before one is passed over.
pub fn neutral(text: &str) -> Cow<'_, str> {
    match is_formula(text.trim_start_matches('\'')) {
        true => Cow::Owned(format!("'{text}")),
        false => Cow::Borrowed(text),
    }
}

/// What [`neutral`] was given.
pub fn plain(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if is_formula(rest.trim_start_matches('\'')) => rest,
        _ => text,
    }
}

fn is_formula(text: &str) -> bool {
    const FIRST: [char; 11] = [
        '=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ];
    text.starts_with(FIRST)
}

/// A table whose names and texts are [`neutral`]; numbers stay numbers, and ids are as asked for.
fn neutral_table(table: &RecordBatch, ids: CsvIds) -> Result<RecordBatch> {
    let schema = table.schema();
    let is_id = |name: &str| name.ends_with("_id") || name.ends_with("_ids");
    let mut fields = Vec::with_capacity(table.num_columns());
    let mut columns = Vec::with_capacity(table.num_columns());
    for (field, values) in schema.fields().iter().zip(table.columns()) {
        let name = neutral(field.name());
        fields.push(Field::new(
            name,
            field.data_type().clone(),
            field.is_nullable(),
        ));
        let kept = ids == CsvIds::AsTheyAre && is_id(field.name());
        columns.push(match field.data_type() {
            DataType::Utf8 if !kept => {
                let texts = values.as_string::<i32>();
                let neutral = texts.iter().map(|text| text.map(neutral));
                Arc::new(neutral.collect::<StringArray>()) as ArrayRef
            }
            _ => Arc::clone(values),
        });
    }
    Ok(RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        columns,
    )?)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_neutral_and_come_back_as_they_were() {
        for (text, expected) in [
            ("=1+1", "'=1+1"),
            ("+49 30 1", "'+49 30 1"),
            ("-x", "'-x"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("'=1", "''=1"),
            ("a=1", "a=1"),
            ("'quoted'", "'quoted'"),
            ("", ""),
        ] {
            assert_eq!(neutral(text), expected);
            assert_eq!(plain(&neutral(text)), text);
        }
    }

    #[test]
    fn numbers_stay_numbers_and_ids_are_as_asked_for() {
        let column = |texts: &[&str]| Arc::new(StringArray::from(texts.to_vec())) as ArrayRef;
        let numbers = Arc::new(arrow::array::Int64Array::from(vec![-5])) as ArrayRef;
        let table = RecordBatch::try_from_iter([
            ("customer_id", column(&["=1"])),
            ("name", column(&["=1"])),
            ("change", numbers),
        ])
        .unwrap();
        let first = |ids| {
            let table = neutral_table(&table, ids).unwrap();
            assert_eq!(table.column(2).data_type(), &DataType::Int64);
            let text = |column: usize| table.column(column).as_string::<i32>().value(0).to_owned();
            [text(0), text(1)]
        };
        assert_eq!(first(CsvIds::Neutral), ["'=1", "'=1"]);
        assert_eq!(first(CsvIds::AsTheyAre), ["=1", "'=1"]);
    }
}
