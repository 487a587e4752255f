//! Where history comes from: files found, opened, and read in order with their line numbers.
//!
//! A reader knows nothing of the canonical tables; it hands out the source's own columns.

mod arrow_file;
mod bytes;
mod csv_file;
mod cut;
pub mod database;
mod decode;
mod file;
mod fill_down;
mod find;
mod fixed_width;
mod guess;
mod join;
mod json_lines;
mod lake;
mod line_ends;
mod parquet_file;
mod partitions;
mod raw;
mod records;
pub mod remote;
mod sheet;
mod spool;
mod stamp;
mod text;
mod typed;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use rayon::prelude::*;

pub use self::decode::{TextOf, text_of};
pub use self::file::SourceFile;
use self::find::Found;
pub use self::join::{Broken, Joins};
use self::partitions::Partitions;
pub use self::raw::{Flaw, Malformed, RawBatch};
pub use self::typed::{float_text, validity};
use crate::config::{Format, Mapping, Settings, Source};
use crate::engine::Engine;
use crate::failure::{Failure, Result};

/// Rows in one piece of a spreadsheet. Pieces of text have about a MiB, those of Parquet at most
/// 65,536 rows, those of Arrow files the rows of a batch.
pub const BATCH_ROWS: usize = 16_384;

/// What finding the files of a source may use.
pub struct Fetch<'a> {
    /// Runs what is asynchronous: downloads and queries.
    pub engine: &'a Engine,
    /// A folder for what has to be fetched; emptied when the load is over.
    pub spool: &'a Path,
    /// What earlier loads know, by [`SourceFile::path`].
    pub earlier: &'a BTreeMap<PathBuf, SourceFile>,
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
    source
        .format
        .or_else(|| guess::by_name(path))
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
    let pieces = match partitions.is_empty() {
        true => read_own(file, source, schema, hashed)?,
        false => {
            let own = own_schema(file, source)?;
            let pieces = read_own(file, source, &partitions.taken_off(schema, &own), hashed)?;
            partitions.added_to_pieces(pieces, schema)
        }
    };
    Ok(match source.fill_down.is_empty() {
        true => pieces,
        false => fill_down::filled(pieces, &source.fill_down),
    })
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

/// About how many rows a file has: as many as a Parquet file says; elsewhere its pieces are cut, and
/// all but the last, which is taken for half a one, are as large as the first.
///
/// # Errors
/// A file that cannot be read.
pub fn rows_about(file: &SourceFile, source: &Source) -> Result<u64> {
    if file.format == Format::Parquet {
        return parquet_file::rows(file.bytes());
    }
    let mut pieces = read_own(file, source, &own_schema(file, source)?, false)?;
    let Some(first) = pieces.next() else {
        return Ok(0);
    };
    let first = first?()?.rows.num_rows() as u64;
    let mut others = 0;
    for piece in pieces {
        drop(piece?);
        others += 1;
    }
    Ok(first * (1 + others) - first * others.min(1) / 2)
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
