//! Where history comes from: files found, opened, and read in order with their line numbers.
//!
//! A reader knows nothing of the canonical tables; it hands out the source's own columns.

mod arrow_file;
mod bytes;
mod csv_file;
mod cut;
mod database;
mod decode;
mod find;
mod fixed_width;
mod guess;
mod hashes;
mod join;
mod json_lines;
mod lake;
mod line_ends;
mod parquet_file;
mod partitions;
mod records;
pub mod remote;
mod sheet;
mod spool;
mod stamp;
mod text;
mod typed;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Schema, SchemaRef};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

pub use self::decode::{TextOf, text_of};
use self::find::Found;
pub use self::join::{Broken, Joins};
use self::partitions::Partitions;
pub use self::stamp::Stamp;
pub use self::typed::float_text;
use crate::config::{Format, Mapping, Settings, Source};
use crate::engine::Engine;
use crate::failure::{During, Failure, Result};

/// Rows in one piece of a spreadsheet. Pieces of text have about a MiB, those of Parquet at most
/// 65,536 rows, those of Arrow files the rows of a batch.
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
    /// The sheet of a spreadsheet that it is, where several are read.
    #[serde(skip)]
    pub sheet: Option<String>,
    /// Where its bytes lie when that is not `path`.
    #[serde(skip)]
    pub local: Option<PathBuf>,
    /// What its bytes were like on the disk before they were hashed, and their SHA-256, which a
    /// sheet and a file that is joined with others are not known by; none for what is spooled.
    #[serde(skip)]
    pub stamp: Option<(Stamp, String)>,
}

impl SourceFile {
    /// A local file, by its content.
    pub fn read(path: PathBuf, format: Format) -> Result<Self> {
        let stamp = Stamp::of(&path).during(path.display())?;
        let (size, sha256) = digest(&path).during(path.display())?;
        Ok(Self {
            path,
            size,
            stamp: Some((stamp, sha256.clone())),
            sha256,
            format,
            etag: None,
            watermark: None,
            sheet: None,
            local: None,
        })
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
    /// For each row: its line in a text file (the header is line 1), its row in a spreadsheet, its
    /// row number in a Parquet or Arrow file.
    pub lines: Vec<u64>,
    /// For each row: a hash of the whole row as it stands in the source, so that exact copies of
    /// earlier rows can be found, whatever columns are wanted. In text it is that of the record's
    /// bytes (decoded, without the line end); in files with types, that of the values of all
    /// columns that are not nested. The folders `name=value` on the way to the file count too.
    /// Empty if the file was opened without hashes.
    pub hashes: Vec<u64>,
    /// Rows between these that could not be read.
    pub malformed: Vec<Malformed>,
    /// What is wrong with some of these rows, though they could be read; in their order.
    pub flaws: Vec<Flaw>,
}

/// What is wrong with a row that could be read.
#[derive(Clone, Debug)]
pub struct Flaw {
    /// Its place among the rows.
    pub row: usize,
    /// The source's column.
    pub column: String,
    /// What stands there.
    pub value: String,
    /// What is wrong with it.
    pub reason: String,
}

impl RawBatch {
    /// Whether something is wrong with a row that could be read.
    pub fn is_flawed(&self, row: usize) -> bool {
        self.flaws
            .binary_search_by_key(&row, |flaw| flaw.row)
            .is_ok()
    }

    /// With more of what is wrong with its rows; of a row that has a flaw already that one stays.
    pub fn with_flaws(mut self, flaws: impl Iterator<Item = Flaw>) -> Self {
        let new: Vec<Flaw> = flaws.filter(|flaw| !self.is_flawed(flaw.row)).collect();
        self.flaws.extend(new);
        self.flaws.sort_by_key(|flaw| flaw.row);
        self
    }

    /// The rows that are chosen; what could not be read stays.
    pub fn chosen(self, chosen: &BooleanArray) -> Result<Self> {
        if chosen.true_count() == self.lines.len() {
            return Ok(self);
        }
        let kept: Vec<usize> = (0..self.lines.len())
            .filter(|row| chosen.is_valid(*row) && chosen.value(*row))
            .collect();
        let flaws = self.flaws.into_iter().filter_map(|flaw| {
            let row = kept.binary_search(&flaw.row).ok()?;
            Some(Flaw { row, ..flaw })
        });
        Ok(Self {
            rows: filter_record_batch(&self.rows, chosen)?,
            flaws: flaws.collect(),
            lines: kept.iter().map(|row| self.lines[*row]).collect(),
            hashes: match self.hashes.as_slice() {
                [] => Vec::new(),
                hashes => kept.iter().map(|row| hashes[*row]).collect(),
            },
            malformed: self.malformed,
        })
    }

    /// No row but one that could not be read.
    fn of_malformed(schema: &SchemaRef, malformed: Malformed) -> Self {
        Self {
            rows: RecordBatch::new_empty(schema.clone()),
            lines: Vec::new(),
            hashes: Vec::new(),
            malformed: vec![malformed],
            flaws: Vec::new(),
        }
    }
}

/// Some rows of a file that are not parsed yet; any thread can do that, in any order.
pub type Unparsed = Box<dyn FnOnce() -> Result<RawBatch> + Send>;

/// The rows of one file in the order of the file, piece by piece; cutting a file into pieces is
/// cheap and sequential, parsing a piece is the work.
pub type Pieces = Box<dyn Iterator<Item = Result<Unparsed>> + Send>;

/// The files that a source's paths name: for each path in the order of their names, each file once.
///
/// # Errors
/// A path that names nothing, with the nearest name that is there; a folder without any file that
/// can be read; a file outside the folders that the settings allow.
pub fn files(
    settings: &Settings,
    number: usize,
    source: &Source,
    fetch: &Fetch<'_>,
) -> Result<Vec<SourceFile>> {
    files_at(settings, &["sources", &number.to_string()], source, fetch)
}

/// The same for whatever is read as a source is, at a place of the settings.
fn files_at(
    settings: &Settings,
    at: &[&str],
    source: &Source,
    fetch: &Fetch<'_>,
) -> Result<Vec<SourceFile>> {
    if let Some(database) = &source.database {
        return Ok(vec![database::fetch(
            settings, at, source, database, fetch,
        )?]);
    }
    let at = [at, &["path"]].concat();
    let mut found = Found::new(settings)?;
    let mut files = Vec::new();
    for written in &source.path.0 {
        if remote::is_url(written) {
            let format = |path: &Path| format_of(settings, &at, source, path);
            let found = remote::files(written, fetch, format);
            files.extend(found.map_err(|failure| settings.place(&at, failure))?);
            continue;
        }
        let found = found.paths(settings, &at, written, source)?;
        // What is known of a file is known by its name too, and written down as text.
        if let Some(odd) = found.iter().find(|path| path.to_str().is_none()) {
            let problem = format!("the name of {} is not UTF-8", odd.display());
            return Err(settings.wrong(&at, problem).hint("rename it"));
        }
        let (tables, paths): (Vec<_>, Vec<_>) = found.into_iter().partition(|path| path.is_dir());
        for table in tables {
            let kind = lake::kind(&table).unwrap_or(lake::Kind::Delta);
            let read = lake::file(&table, kind, fetch);
            files.push(read.map_err(|failure| settings.place(&at, failure))?);
        }
        let formats = paths.into_iter().map(|path| {
            let format = match guess::by_name(&path) {
                None if source.format.is_none() => guess::by_first_bytes(&path)
                    .ok_or_else(|| unknown_format(settings, &at, &path))?,
                _ => format_of(settings, &at, source, &path)?,
            };
            Ok((path, format))
        });
        let formats: Vec<(PathBuf, Format)> = formats.collect::<Result<_>>()?;
        // Hashing takes a core as long as reading takes the disk.
        let read = formats
            .into_par_iter()
            .map(|(path, format)| SourceFile::read(path, format));
        files.extend(read.collect::<Result<Vec<_>>>()?);
    }
    let at: Vec<&str> = at[..at.len() - 1]
        .iter()
        .copied()
        .chain(["sheet"])
        .collect();
    sheet::each(files, &source.sheet).map_err(|failure| settings.place(&at, failure))
}

/// Makes sure that the bytes of a file are at hand.
pub fn fetch(file: &mut SourceFile, fetch: &Fetch<'_>) -> Result<()> {
    if file.local.is_some() {
        return Ok(());
    }
    match remote::is_url(&file.path.to_string_lossy()) {
        true => remote::fetch(file, fetch),
        false if file.path.is_dir() => lake::fetch(file, fetch),
        false => Ok(()),
    }
}

/// How a file is read: as the settings say, or as its name tells.
fn format_of(settings: &Settings, at: &[&str], source: &Source, path: &Path) -> Result<Format> {
    let guessed = || guess_format(path);
    source
        .format
        .or_else(guessed)
        .ok_or_else(|| unknown_format(settings, at, path))
}

fn unknown_format(settings: &Settings, at: &[&str], path: &Path) -> Failure {
    let problem = format!(
        "neither the name of {} nor its first bytes tell its format",
        path.display()
    );
    settings
        .wrong(at, problem)
        .hint("add format = \"csv\" or format = \"parquet\" to this source")
}

/// The format that the ending of a name tells.
fn guess_format(path: &Path) -> Option<Format> {
    guess::by_name(path)
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

/// The columns of a file, without reading its rows; folders `name=value` on the way to it give
/// columns of text.
pub fn schema(file: &SourceFile, source: &Source) -> Result<SchemaRef> {
    let own = own_schema(file, source)?;
    Ok(Partitions::of(&file.path).added_to(&own))
}

/// The columns of the first of some files, each of a type that holds what all of them have there.
pub fn common_schema<'a>(
    files: impl IntoIterator<Item = &'a SourceFile>,
    source: &Source,
) -> Result<SchemaRef> {
    let mut files = files.into_iter();
    let Some(first) = files.next() else {
        return Ok(Schema::empty().into());
    };
    let mut common = schema(first, source)?;
    // What SQL calculates with has to stay a number, or the SQL would not fit.
    let in_sql = |name: &str| {
        let mut mappings = source.columns.values();
        mappings.any(|mapping| matches!(mapping, Mapping::Sql(sql) if sql.contains(name)))
    };
    let mut untyped = first.format.is_untyped();
    for file in files {
        if untyped && file.format.is_untyped() {
            continue; // text is text
        }
        untyped &= file.format.is_untyped();
        let own = schema(file, source)?;
        let fields = common.fields().iter().map(|field| {
            match own.field_with_name(field.name()) {
                Ok(other) if other.data_type() != field.data_type() => {
                    let wide = typed::wider(field.data_type(), other.data_type());
                    match field.data_type().is_numeric()
                        && !wide.is_numeric()
                        && in_sql(field.name())
                    {
                        true => Arc::clone(field),
                        false => Arc::new(field.as_ref().clone().with_data_type(wide)),
                    }
                }
                // A column that is not there is found when the file is opened.
                _ => Arc::clone(field),
            }
        });
        common = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    }
    Ok(common)
}

fn own_schema(file: &SourceFile, source: &Source) -> Result<SchemaRef> {
    let path = file.bytes();
    match file.format {
        Format::Csv | Format::Tsv => csv_file::schema(path, file.format, source),
        Format::FixedWidth => Ok(fixed_width::schema(source)),
        Format::JsonLines => json_lines::schema(path, source),
        Format::Parquet => parquet_file::schema(path),
        Format::Arrow => arrow_file::schema(path),
        Format::Xlsx => sheet::schema(path, source, sheet_of(file, source)),
    }
}

/// The first lines of a file of text, decoded, without their ends.
pub fn first_lines(file: &SourceFile, source: &Source, most: usize) -> Result<Vec<String>> {
    let mut text = text::Text::open(file.bytes(), source)?;
    let mut lines = Vec::new();
    while lines.len() < most {
        let Some(line) = text.line()? else { break };
        let line = String::from_utf8_lossy(&line.bytes);
        lines.push(line.trim_end_matches(['\n', '\r']).to_owned());
    }
    Ok(lines)
}

/// What separates the fields of a file of text, if anything does.
pub fn delimiter(file: &SourceFile, source: &Source) -> Result<Option<char>> {
    match file.format {
        Format::Csv | Format::Tsv => {
            csv_file::delimiter(file.bytes(), file.format, source).map(Some)
        }
        _ => Ok(None),
    }
}

/// Opens a file to read the columns of `schema`, by name and in that order; no others are made.
/// Unless its rows are `hashed`, a file with types reads no other column either, and
/// [`RawBatch::hashes`] may be empty.
///
/// # Errors
/// A column of `schema` that the file lacks, or a file that cannot be read.
pub fn open(
    file: &SourceFile,
    source: &Source,
    schema: &SchemaRef,
    hashed: bool,
) -> Result<Pieces> {
    let schema = &typed::flat(schema);
    let partitions = Partitions::of(&file.path);
    if partitions.is_empty() {
        return read_own(file, source, schema, hashed);
    }
    let own = own_schema(file, source)?;
    let pieces = read_own(file, source, &partitions.taken_off(schema, &own), hashed)?;
    Ok(partitions.added_to_pieces(pieces, schema))
}

fn read_own(
    file: &SourceFile,
    source: &Source,
    schema: &SchemaRef,
    hashed: bool,
) -> Result<Pieces> {
    let path = file.bytes();
    match file.format {
        Format::Csv | Format::Tsv => csv_file::open(path, file.format, source, schema),
        Format::FixedWidth => fixed_width::open(path, source, schema),
        Format::JsonLines => json_lines::open(path, source, schema),
        Format::Parquet => parquet_file::open(path, schema, hashed),
        Format::Arrow => arrow_file::open(path, schema, hashed),
        Format::Xlsx => sheet::open(path, source, sheet_of(file, source), schema, hashed),
    }
}

/// The sheets of a spreadsheet beside the first, where nobody said which of them is meant.
///
/// # Errors
/// A file that is no spreadsheet.
pub fn other_sheets(file: &SourceFile, source: &Source) -> Result<Vec<String>> {
    match file.format == Format::Xlsx && source.sheet.0.is_empty() {
        true => sheet::others(file.bytes()),
        false => Ok(Vec::new()),
    }
}

/// The sheet that a file is, if it is not the first of its spreadsheet.
fn sheet_of<'a>(file: &'a SourceFile, source: &'a Source) -> Option<&'a str> {
    file.sheet.as_deref().or_else(|| source.sheet.only())
}

/// For files of one source that do not have the same columns.
fn missing_column(path: &Path, name: &str, known: &[&str]) -> Failure {
    Failure::data(format!(
        "{}: there is no column `{name}`, which the first file of this source has",
        path.display()
    ))
    .hint(crate::failure::did_you_mean(name, known))
}

/// Fails if a header, which stands at this place, gives two columns one name.
fn distinct_names(names: &[String], place: impl Fn() -> String) -> Result<()> {
    let mut seen = BTreeSet::new();
    match names.iter().find(|name| !seen.insert(name.as_str())) {
        None => Ok(()),
        Some(name) => Err(
            Failure::data(format!("{}: two columns are called `{name}`", place())).hint(
                "give every column a name of its own, here or with header = false, skip_lines = 1 and column_names = [...]",
            ),
        ),
    }
}
