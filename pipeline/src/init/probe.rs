//! Files are opened as sources, their columns sampled, and files of one shape put together.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::draft::toml_text;
use super::names;
use super::values::{Notation, Shape, Times, Written, shape};
use crate::config::Settings;
use crate::engine::Engine;
use crate::failure::{Failure, Result};
use crate::sources::{self, Fetch, SourceFile, encoding_of};

/// Pieces at the start of a file that are looked at, one after the other.
const HEAD: usize = 4;
/// Of the pieces after them, one in so many is looked at.
const EVERY: usize = 16;
/// No piece after this one is looked at.
const FURTHEST: usize = 256;
/// Texts of a column that are kept to find out how they are written.
const TEXTS: usize = 4_000;
/// Values whose occurrences are counted.
const LABELS: usize = 40;

/// Files of one shape, to become one source.
pub struct Table {
    /// The files, as they are written in the settings.
    pub paths: Vec<String>,
    /// The name of the first file without folder and ending, to tell what it is about.
    pub stem: String,
    /// The format, when the names of the files do not tell it.
    pub format: Option<&'static str>,
    /// How the text is encoded, when it is not UTF-8.
    pub encoding: Option<&'static str>,
    /// What separates fields, when it is not what would be taken.
    pub delimiter: Option<char>,
    /// Rows looked at.
    pub rows: u64,
    /// Whether these are all rows.
    pub whole: bool,
    /// Rows that are exact copies of others.
    pub copies: u64,
    /// Rows that could not be read.
    pub malformed: u64,
    /// The columns.
    pub columns: Vec<Column>,
    seen: HashSet<u64>,
}

/// One column, as far as it was looked at.
pub struct Column {
    /// Its name.
    pub name: String,
    /// What its values look like.
    pub shape: Shape,
    /// Rows with a value.
    pub filled: u64,
    /// Hashes of its values.
    pub values: HashSet<u64>,
    /// Its first different values.
    pub examples: Vec<String>,
    /// How often each value occurs, when there are few.
    pub labels: Option<HashMap<String, u64>>,
    /// The smallest and the largest of the sampled numbers.
    pub span: Option<(f64, f64)>,
    /// Sampled values below zero.
    pub negative: u64,
    /// Hashes of the values of the first rows, 0 where there is none: which values come together.
    first: Vec<u64>,
    texts: Vec<String>,
    data_type: DataType,
}

impl Column {
    fn new(name: &str, data_type: &DataType) -> Self {
        Self {
            name: name.to_owned(),
            shape: Shape::Empty,
            filled: 0,
            values: HashSet::new(),
            examples: Vec::new(),
            labels: Some(HashMap::new()),
            span: None,
            negative: 0,
            first: Vec::new(),
            texts: Vec::new(),
            data_type: data_type.clone(),
        }
    }

    /// Different values.
    pub fn distinct(&self) -> u64 {
        self.values.len() as u64
    }

    /// Whether no value occurs twice, in enough rows to mean something.
    pub fn unique(&self) -> bool {
        self.filled > 1 && self.distinct() == self.filled
    }

    /// Whether its values can name things: whole numbers and texts.
    pub fn names_things(&self) -> bool {
        // A number with a fraction names nothing, but tools without nullable integers write 13085.0.
        let whole = |notation: Notation| {
            notation == Notation::PLAIN
                && self
                    .texts
                    .iter()
                    .all(|text| text.parse::<f64>().is_ok_and(|n| n.fract() == 0.0))
        };
        match self.shape {
            Shape::Whole | Shape::Text => true,
            Shape::Number(notation) => whole(notation),
            _ => false,
        }
    }

    /// Whether it is text that has to be read before it can be calculated with.
    pub fn is_text(&self) -> bool {
        matches!(
            self.data_type,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
        )
    }

    /// Whether its values can be counted and added up.
    pub fn is_number(&self) -> bool {
        matches!(self.shape, Shape::Whole | Shape::Number(_))
    }

    /// The share of this column's values that another one has too.
    pub fn found_in(&self, other: &Column) -> f64 {
        if self.values.is_empty() {
            return 0.0;
        }
        let common = self
            .values
            .iter()
            .filter(|value| other.values.contains(value))
            .count();
        common as f64 / self.values.len() as f64
    }

    /// With how many different values of another column each value comes, on average.
    pub fn comes_with(&self, other: &Column) -> f64 {
        let pairs = self.first.iter().zip(&other.first);
        let pairs: HashSet<_> = pairs.filter(|(own, _)| **own != 0).collect();
        let own: HashSet<_> = pairs.iter().map(|(own, _)| own).collect();
        pairs.len() as f64 / own.len().max(1) as f64
    }

    fn note(&mut self, value: u64) {
        if self.first.len() < TEXTS {
            self.first.push(value);
        }
    }

    fn add(&mut self, text: &str, keep: bool) {
        self.filled += 1;
        let value = hash(&text);
        self.note(value);
        if self.values.insert(value) && self.examples.len() < 3 {
            self.examples.push(text.to_owned());
        }
        if let Some(labels) = &mut self.labels {
            *labels.entry(text.to_owned()).or_default() += 1;
            if labels.len() > LABELS {
                self.labels = None;
            }
        }
        if keep && self.texts.len() < TEXTS {
            self.texts.push(text.to_owned());
        }
    }

    /// Looks at what was sampled.
    fn finish(&mut self) {
        self.shape = match &self.data_type {
            _ if self.filled == 0 => Shape::Empty,
            DataType::Boolean => Shape::Flag,
            data_type if data_type.is_temporal() => Shape::Time(Times {
                written: Written::Iso,
                clock: !matches!(data_type, DataType::Date32 | DataType::Date64),
                order: None,
            }),
            data_type if data_type.is_integer() => {
                match shape(&self.texts, names::is_timely(&self.name)) {
                    // A typed number is a time only when it counts from 1970.
                    time @ Shape::Time(Times {
                        written: Written::Seconds | Written::Milliseconds,
                        ..
                    }) => time,
                    _ => Shape::Whole,
                }
            }
            data_type if data_type.is_numeric() => Shape::Number(Notation::PLAIN),
            _ => shape(&self.texts, names::is_timely(&self.name)),
        };
        let notation = match self.shape {
            Shape::Whole => Notation::PLAIN,
            Shape::Number(notation) => notation,
            _ => return,
        };
        for value in self.texts.iter().filter_map(|text| notation.read(text)) {
            let (least, most) = self.span.unwrap_or((value, value));
            self.span = Some((least.min(value), most.max(value)));
            self.negative += u64::from(value < 0.0);
        }
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Opens files and samples them; files with the same columns become one table.
pub struct Probe<'a> {
    /// Fetches what does not lie here.
    pub engine: &'a Engine,
    /// A folder for it.
    pub spool: &'a Path,
}

impl Probe<'_> {
    /// Looks at every file.
    ///
    /// # Errors
    /// A file that is not there, or cannot be read as any source.
    pub fn tables(&self, files: &[PathBuf], settings: &Path) -> Result<Vec<Table>> {
        let mut tables: Vec<Table> = Vec::new();
        for file in files {
            if !file.exists() {
                return Err(
                    Failure::settings(format!("there is no file {}", file.display()))
                        .hint("paths are relative to the folder that you are in"),
                );
            }
            let opened = self.open(file)?;
            let path = relative(file, settings)?;
            let place = match tables.iter().position(|table| opened.continues(table)) {
                Some(place) => {
                    tables[place].paths.push(path);
                    place
                }
                None => {
                    tables.push(opened.table(file, path));
                    tables.len() - 1
                }
            };
            opened.sample(&mut tables[place])?;
        }
        for column in tables.iter_mut().flat_map(|table| &mut table.columns) {
            column.finish();
        }
        Ok(tables)
    }

    /// A file's way of being read, and its columns: the separator that gives the most columns
    /// without breaking rows.
    fn open(&self, file: &Path) -> Result<Opened> {
        let mut first_failure = None;
        // A second round is for files whose name does not tell what they are.
        for format in [None, Some("csv")] {
            let mut best: Option<(f64, Opened)> = None;
            let found = match self.files(file, format) {
                Ok(found) => found,
                Err(failure) => {
                    first_failure.get_or_insert(failure);
                    continue;
                }
            };
            let text = found.first().filter(|first| first.format.is_text());
            // What cannot be read fails below, with its reason.
            let encoding = text.and_then(|text| encoding_of(&text.path).ok().flatten());
            for delimiter in [None, Some(';'), Some('\t'), Some('|')] {
                let form = Form {
                    format,
                    encoding,
                    delimiter,
                };
                match Opened::new(file, form, &found) {
                    Ok((opened, broken)) => {
                        let fit = opened.schema.fields().len() as f64 * (1.0 - broken);
                        if best.as_ref().is_none_or(|(most, _)| fit > *most) {
                            best = Some((fit, opened));
                        }
                    }
                    Err(failure) => {
                        first_failure.get_or_insert(failure);
                    }
                }
            }
            if let Some((_, opened)) = best {
                return Ok(opened);
            }
        }
        Err(first_failure
            .unwrap_or_else(|| Failure::data(format!("{} cannot be read", file.display()))))
    }

    /// Finds what a path names, once for all ways of reading it: every byte is hashed for that.
    fn files(&self, file: &Path, format: Option<&'static str>) -> Result<Vec<SourceFile>> {
        let form = Form {
            format,
            ..Form::default()
        };
        let settings = settings(file, form)?;
        let fetch = Fetch {
            engine: self.engine,
            spool: self.spool,
            earlier: &BTreeMap::new(),
        };
        sources::files(&settings, 0, &settings.config.sources[0], &fetch)
    }
}

/// How a file is written, as far as settings have to say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Form {
    format: Option<&'static str>,
    encoding: Option<&'static str>,
    delimiter: Option<char>,
}

/// A file that can be read in a certain way.
struct Opened {
    form: Form,
    settings: Settings,
    files: Vec<SourceFile>,
    schema: SchemaRef,
}

impl Opened {
    /// Reads a file in this way; also the share of its first rows that are broken.
    fn new(file: &Path, form: Form, found: &[SourceFile]) -> Result<(Self, f64)> {
        let settings = settings(file, form)?;
        let source = &settings.config.sources[0];
        let first = found
            .first()
            .ok_or_else(|| Failure::data(format!("{} is no file", file.display())))?;
        let schema = sources::schema(first, source)?;
        let piece = sources::open(first, source, &schema, false)?.next();
        let broken = match piece.transpose()? {
            Some(piece) => {
                let batch = piece()?;
                let broken = batch.malformed.len() as f64;
                broken / (broken + batch.lines.len() as f64).max(1.0)
            }
            None => 0.0,
        };
        let opened = Self {
            form,
            files: found.to_vec(),
            schema,
            settings,
        };
        Ok((opened, broken))
    }

    /// Whether a table has the same columns, read in the same way.
    fn continues(&self, table: &Table) -> bool {
        let names = self.schema.fields().iter().map(|field| field.name());
        names.eq(table.columns.iter().map(|column| &column.name))
            && self.form
                == Form {
                    format: table.format,
                    encoding: table.encoding,
                    delimiter: table.delimiter,
                }
    }

    /// A table of this file's columns, without rows yet.
    fn table(&self, file: &Path, path: String) -> Table {
        let name = file.file_name().unwrap_or_default();
        let name = name.to_string_lossy().to_lowercase();
        let fields = self.schema.fields().iter();
        Table {
            paths: vec![path],
            stem: name.split('.').next().unwrap_or_default().to_owned(),
            format: self.form.format,
            encoding: self.form.encoding,
            delimiter: self.form.delimiter,
            rows: 0,
            whole: true,
            copies: 0,
            malformed: 0,
            columns: fields
                .map(|field| Column::new(field.name(), field.data_type()))
                .collect(),
            seen: HashSet::new(),
        }
    }

    /// Adds the first rows of the file, and some later ones, to a table.
    fn sample(&self, table: &mut Table) -> Result<()> {
        let source = &self.settings.config.sources[0];
        for file in &self.files {
            for (number, piece) in sources::open(file, source, &self.schema, false)?.enumerate() {
                let piece = piece?;
                if number >= FURTHEST {
                    table.whole = false;
                    break;
                }
                if number >= HEAD && number % EVERY != 0 {
                    table.whole = false;
                    continue;
                }
                let batch = piece()?;
                table.malformed += batch.malformed.len() as u64;
                table.add(&batch.rows)?;
            }
        }
        Ok(())
    }
}

impl Table {
    fn add(&mut self, rows: &RecordBatch) -> Result<()> {
        let options = FormatOptions::default();
        let mut whole_rows = vec![DefaultHasher::new(); rows.num_rows()];
        for (column, values) in self.columns.iter_mut().zip(rows.columns()) {
            let shown = ArrayFormatter::try_new(values.as_ref(), &options)?;
            for (row, hasher) in whole_rows.iter_mut().enumerate() {
                if values.is_null(row) {
                    hasher.write_u8(0);
                    column.note(0);
                    continue;
                }
                let text = shown.value(row).to_string();
                text.hash(hasher);
                // Rows in a row for the order of times, then some from further on.
                let keep = self.rows == 0 && row < 2_000 || row % 160 == 0;
                column.add(text.trim(), keep);
            }
        }
        for hasher in whole_rows {
            self.copies += u64::from(!self.seen.insert(hasher.finish()));
        }
        self.rows += rows.num_rows() as u64;
        Ok(())
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// The least settings with which a file can be read.
fn settings(file: &Path, form: Form) -> Result<Settings> {
    let mut text = String::from("[[sources]]\ntable = \"customers\"\n");
    text.push_str(&format!("path = {}\n", toml_text(&file.to_string_lossy())));
    if let Some(format) = form.format {
        text.push_str(&format!("format = \"{format}\"\n"));
    }
    if let Some(encoding) = form.encoding {
        text.push_str(&format!("encoding = \"{encoding}\"\n"));
    }
    if let Some(delimiter) = form.delimiter {
        let delimiter = toml_text(&delimiter.to_string());
        text.push_str(&format!("delimiter = {delimiter}\n"));
    }
    text.push_str("[sources.columns]\ncustomer_id = \"any\"\n");
    Settings::from_text(text, file.to_owned(), PathBuf::from("."))
}

/// How a file is called in settings that lie elsewhere.
fn relative(file: &Path, settings: &Path) -> Result<String> {
    let folder = settings
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let path = match folder {
        None => file.to_owned(),
        Some(folder) => match file.strip_prefix(folder) {
            Ok(below) => below.to_owned(),
            Err(_) => std::path::absolute(file)?,
        },
    };
    let text = path.to_str().ok_or_else(|| {
        Failure::settings(format!("the name of {} is not UTF-8", path.display()))
            .hint("give the file a name that settings can hold")
    })?;
    Ok(text.to_owned())
}
