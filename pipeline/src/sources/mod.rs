//! Where history comes from: files found, opened, and read in order with their line numbers.
//!
//! A reader knows nothing of the canonical tables; it hands out the source's own columns.

mod csv_file;
mod database;
mod parquet_file;
pub mod remote;
mod spool;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use sha2::{Digest, Sha256};

use crate::config::{Format, Settings, Source};
use crate::engine::Engine;
use crate::failure::{Failure, Result, nearest};

/// Rows in one batch of a source.
pub const BATCH_ROWS: usize = 16_384;

/// One file of a source, known by its content. An object of a store, or the result of a query, is
/// a file too: it is fetched into the spool before it is read.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The largest value of the query's watermark column so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watermark: Option<String>,
    /// Where its bytes lie when that is not `path`.
    #[serde(skip)]
    pub local: Option<PathBuf>,
}

impl SourceFile {
    /// Where its bytes lie.
    pub fn bytes(&self) -> &Path {
        self.local.as_deref().unwrap_or(&self.path)
    }
}

/// What finding the files of a source may use.
pub struct Fetch<'a> {
    /// Runs what is asynchronous: downloads and queries.
    pub engine: &'a Engine,
    /// A folder for what has to be fetched; emptied when the load is over.
    pub spool: &'a Path,
    /// What earlier loads know, by [`SourceFile::path`].
    pub earlier: &'a BTreeMap<PathBuf, SourceFile>,
}

/// A row that could not even be read as a row.
#[derive(Clone, Debug)]
pub struct Malformed {
    /// Line in the file.
    pub line: u64,
    /// What was there.
    pub value: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Some rows of a file, in the order of the file.
pub struct RawBatch {
    /// The source's own columns.
    pub rows: RecordBatch,
    /// For each row: its line in a CSV (the header is line 1), its row number in a Parquet file.
    pub lines: Vec<u64>,
    /// Rows between these that could not be read.
    pub malformed: Vec<Malformed>,
}

/// Some rows of a file that are not parsed yet; any thread can do that, in any order.
pub type Unparsed = Box<dyn FnOnce() -> Result<RawBatch> + Send>;

/// The rows of one file in the order of the file, piece by piece; cutting a file into pieces is
/// cheap and sequential, parsing a piece is the work.
pub type Pieces = Box<dyn Iterator<Item = Result<Unparsed>> + Send>;

/// The files that a source's paths name, in the order of their names.
///
/// # Errors
/// A path that names nothing, or names a folder, with the nearest name that is there.
pub fn files(
    settings: &Settings,
    number: usize,
    source: &Source,
    fetch: &Fetch<'_>,
) -> Result<Vec<SourceFile>> {
    if let Some(database) = &source.database {
        return Ok(vec![database::fetch(
            settings, number, source, database, fetch,
        )?]);
    }
    let number = number.to_string();
    let at = ["sources", number.as_str(), "path"];
    let mut files = Vec::new();
    for written in &source.path.0 {
        if remote::is_url(written) {
            let format = |path: &Path| format_of(settings, &at, source, path);
            let found = remote::files(written, fetch, format);
            files.extend(found.map_err(|failure| settings.place(&at, failure))?);
            continue;
        }
        let path = settings.base.join(written);
        let found = expand(&path).map_err(|problem| settings.wrong(&at, problem))?;
        if found.is_empty() {
            let failure = settings.wrong(&at, format!("there is no file {}", path.display()));
            return Err(match nearest_file(&path) {
                Some(name) => failure.hint(format!("did you mean `{name}`?")),
                None => failure.hint("paths are relative to the folder of the settings file"),
            });
        }
        for path in found {
            if path.is_dir() {
                return Err(settings
                    .wrong(&at, format!("{} is a folder", path.display()))
                    .hint(format!(
                        "name its files, for example \"{written}/*.parquet\""
                    )));
            }
            let format = format_of(settings, &at, source, &path)?;
            let (size, sha256) = digest(&path).map_err(|failure| failure.during(path.display()))?;
            files.push(SourceFile {
                path,
                size,
                sha256,
                format,
                etag: None,
                watermark: None,
                local: None,
            });
        }
    }
    Ok(files)
}

/// How a file is read: as the settings say, or as its name tells.
fn format_of(settings: &Settings, at: &[&str], source: &Source, path: &Path) -> Result<Format> {
    let guessed = || guess_format(path);
    source.format.or_else(guessed).ok_or_else(|| {
        let problem = format!("the name of {} does not tell its format", path.display());
        settings
            .wrong(at, problem)
            .hint("add format = \"csv\" or format = \"parquet\" to this source")
    })
}

fn expand(path: &Path) -> Result<Vec<PathBuf>, String> {
    if path.exists() {
        return Ok(vec![path.to_owned()]);
    }
    let pattern = path
        .to_str()
        .ok_or_else(|| format!("{} is not UTF-8", path.display()))?;
    let matches =
        glob::glob(pattern).map_err(|error| format!("`{pattern}` is no glob: {}", error.msg))?;
    let mut found = matches
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| error.to_string())?;
    found.retain(|path| path.is_file());
    found.sort();
    Ok(found)
}

fn nearest_file(path: &Path) -> Option<String> {
    let written = path.file_name()?.to_str()?;
    let folder = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    nearest(written, names.iter().map(String::as_str)).map(str::to_owned)
}

fn guess_format(path: &Path) -> Option<Format> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let name = name.trim_end_matches(".gz").trim_end_matches(".zst");
    match name.rsplit_once('.')?.1 {
        "parquet" | "pq" => Some(Format::Parquet),
        "csv" | "tsv" | "txt" => Some(Format::Csv),
        _ => None,
    }
}

/// Size and SHA-256 of a file.
pub fn digest(path: &Path) -> Result<(u64, String)> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    let mut size = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((size, crate::config::hex(&hasher.finalize())));
        }
        size += read as u64;
        hasher.update(&buffer[..read]);
    }
}

/// The columns of a file, without reading its rows.
pub fn schema(file: &SourceFile, source: &Source) -> Result<SchemaRef> {
    match file.format {
        Format::Parquet => parquet_file::schema(file.bytes()),
        Format::Csv => csv_file::schema(file.bytes(), source),
    }
}

/// Opens a file whose columns must be those of `schema`, by name, in any order.
///
/// # Errors
/// A column of `schema` that the file lacks, or a file that cannot be read.
pub fn open(file: &SourceFile, source: &Source, schema: &SchemaRef) -> Result<Pieces> {
    match file.format {
        Format::Parquet => parquet_file::open(file.bytes(), schema),
        Format::Csv => csv_file::open(file.bytes(), source, schema),
    }
}

/// For files of one source that do not have the same columns.
fn missing_column(path: &Path, name: &str, known: &[&str]) -> Failure {
    Failure::data(format!(
        "{}: there is no column `{name}`, which the first file of this source has",
        path.display()
    ))
    .hint(crate::failure::did_you_mean(name, known))
}
