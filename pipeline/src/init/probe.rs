//! Files are opened as sources, their columns sampled, and files of one shape put together.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::draft::toml_text;
use super::headless;
use super::pairs::Joined;
use super::structure::Structure;
use super::values::{Hints, Notation, Shape, Times, Written, shape};
use crate::config::{Format, Settings};
use crate::engine::Engine;
use crate::failure::{Failure, Result};
use crate::sources::{self, Fetch, SourceFile, TextOf, float_text, text_of};

/// Pieces at the start of a file that are looked at, one after the other.
const HEAD: usize = 4;
/// Of the pieces after them, one in so many is looked at.
const EVERY: usize = 16;
/// No piece after this one is looked at.
const FURTHEST: usize = 256;
/// Texts of a column that are kept to find out how they are written.
const TEXTS: usize = 4_000;
/// Ids that stand for guests, for the till or for nothing.
const NOBODY: &[&str] = &[
    "0",
    "00",
    "0000",
    "-1",
    "null",
    "none",
    "nan",
    "n/a",
    "na",
    "-",
    "guest",
    "gast",
    "anonymous",
    "anonym",
    "unknown",
    "unbekannt",
    "walk-in",
    "walkin",
    "walk-in customer",
    "cash",
    "游客",
    "散客",
];
/// Values whose occurrences are counted.
const LABELS: usize = 40;
/// Lines that are looked at to learn how a file is laid out.
const LINES: usize = 400;

/// Files of one shape, to become one source.
pub struct Table {
    /// The files, as they are written in the settings.
    pub paths: Vec<String>,
    /// The name of the first file without folder and ending, to tell what it is about.
    pub stem: String,
    /// Which sheets of spreadsheets it is, where these have several.
    pub sheets: Vec<String>,
    /// The format, when the names of the files do not tell it.
    pub format: Option<&'static str>,
    /// How the text is encoded, when it is not UTF-8.
    pub encoding: Option<&'static str>,
    /// Lines that are no UTF-8 in a file that is, and how they seem to be encoded.
    pub not_utf8: Option<(u64, Option<&'static str>)>,
    /// How it is laid out, when that is not what would be taken.
    pub structure: Structure,
    /// Names for its columns, where it has none.
    pub column_names: Vec<String>,
    /// Rows looked at.
    pub rows: u64,
    /// Whether these are all rows.
    pub whole: bool,
    /// Rows that are exact copies of others.
    pub copies: u64,
    /// Rows that could not be read.
    pub malformed: u64,
    /// The columns, also those of the files that its rows are joined with.
    pub columns: Vec<Column>,
    /// Files that its rows are joined with.
    pub joins: Vec<Joined>,
    /// What a person should know about it.
    pub notes: Vec<String>,
    /// Which of its rows are wanted, in SQL, and why.
    pub condition: Option<(String, String)>,
    seen: HashSet<u64>,
}

/// One column, as far as it was looked at.
#[derive(Clone)]
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
    /// Whether each row of the file that it was brought from has a value of its own.
    pub once_each: bool,
    /// Whether it names rows of another file alone, or is said once for several rows: nobody's
    /// and nothing's number.
    pub is_link: bool,
    /// By what name it is known, where its own does not say what it holds.
    pub alias: Option<String>,
    /// Values that stand for nobody in many systems, and how often.
    pub nobody: BTreeMap<String, u64>,
    /// Hashes of the values of the first rows, 0 where there is none: which values come together.
    first: Vec<u64>,
    /// Values of some rows.
    pub texts: Vec<String>,
    /// The type that the file gives it.
    pub data_type: DataType,
    /// What separates the fields of its file.
    delimiter: Option<char>,
}

impl Column {
    fn new(name: &str, data_type: &DataType, delimiter: Option<char>) -> Self {
        Self {
            name: name.to_owned(),
            delimiter,
            shape: Shape::Empty,
            filled: 0,
            values: HashSet::new(),
            examples: Vec::new(),
            labels: Some(HashMap::new()),
            span: None,
            negative: 0,
            once_each: false,
            is_link: false,
            alias: None,
            nobody: BTreeMap::new(),
            first: Vec::new(),
            texts: Vec::new(),
            data_type: data_type.clone(),
        }
    }

    /// The same for the rows of another file, of which so many have a value.
    pub fn brought(&self, name: String, filled: u64) -> Self {
        Self {
            name,
            filled,
            once_each: self.unique(),
            alias: Some(self.known_as().to_owned()),
            ..self.clone()
        }
    }

    /// What its role is told by.
    pub fn known_as(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.name)
    }

    /// Whether what it says stands in one row of those with the same key, and is left out in the
    /// others: of rows without a value nearly all have a row with one beside them.
    pub fn is_said_once(&self, key: &Column) -> bool {
        let pairs = || {
            self.first
                .iter()
                .zip(&key.first)
                .filter(|(_, key)| **key != 0)
        };
        let said: HashSet<u64> = pairs()
            .filter(|(own, _)| **own != 0)
            .map(|(_, key)| *key)
            .collect();
        let blank: Vec<u64> = pairs()
            .filter(|(own, _)| **own == 0)
            .map(|(_, key)| *key)
            .collect();
        let beside = blank.iter().filter(|key| said.contains(key)).count();
        beside >= 2 && beside * 10 >= blank.len() * 9
    }

    /// Whether rows with the same key say the same, of keys that enough rows have; nothing where
    /// there are too few such keys to tell.
    pub fn repeats_within(&self, key: &Column) -> Option<bool> {
        let mut of_key: HashMap<u64, (u64, u64, bool)> = HashMap::new();
        for (own, key) in self
            .first
            .iter()
            .zip(&key.first)
            .filter(|(_, key)| **key != 0)
        {
            let (first, rows, same) = of_key.entry(*key).or_insert((*own, 0, true));
            *rows += 1;
            *same &= first == own;
        }
        let several: Vec<bool> = of_key
            .into_values()
            .filter(|(_, rows, _)| *rows > 1)
            .map(|(.., same)| same)
            .collect();
        let same = several.iter().filter(|same| **same).count();
        (several.len() >= 10).then_some(same * 20 >= several.len() * 19)
    }

    /// Different values.
    pub fn distinct(&self) -> u64 {
        self.values.len() as u64
    }

    /// Whether no value occurs twice, in enough rows to mean something.
    pub fn unique(&self) -> bool {
        self.filled > 1 && self.distinct() == self.filled
    }

    /// Whether its values name rows rather than tell of them. That they all differ is not enough: so
    /// do balances. What counts the rows names them, what is measured with a fraction does not.
    pub fn names_rows(&self) -> bool {
        if !self.unique() {
            return false;
        }
        match (&self.shape, self.span) {
            (Shape::Whole, Some((least, most))) => most - least < 2.0 * self.filled as f64,
            (Shape::Number(_), Some((least, most))) => {
                self.names_things() && most - least < 2.0 * self.filled as f64
            }
            _ => true,
        }
    }

    /// Which share of its values has such a shape for itself, and a few of the others.
    pub fn share_like(&self, good: impl Fn(&Shape) -> bool) -> (f64, Vec<String>) {
        let hints = Hints::of(&self.name, self.delimiter);
        let looked: Vec<&String> = self.texts.iter().take(400).collect();
        let mut others: Vec<String> = Vec::new();
        let mut fitting = 0;
        for text in &looked {
            if good(&shape(std::slice::from_ref(*text), hints)) {
                fitting += 1;
            } else if others.len() < 3 && !others.contains(text) {
                others.push((*text).clone());
            }
        }
        (f64::from(fitting) / looked.len().max(1) as f64, others)
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
            _ if self.is_link => false,
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
        !self.is_link && matches!(self.shape, Shape::Whole | Shape::Number(_))
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

    /// Whether the row of this number, among the first, has a value.
    pub fn has(&self, row: usize) -> bool {
        self.first.get(row).is_some_and(|value| *value != 0)
    }

    /// The number of first rows of which is known whether they have a value.
    pub fn known_rows(&self) -> usize {
        self.first.len()
    }

    fn add(&mut self, text: &str, keep: bool) {
        self.filled += 1;
        if NOBODY.iter().any(|known| known.eq_ignore_ascii_case(text)) {
            *self.nobody.entry(text.to_owned()).or_default() += 1;
        }
        // Files with types and without have the same keys, also when those have been floats.
        let whole = |text: &&str| {
            let digits = text.strip_prefix('-').unwrap_or(text);
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        let key = text.strip_suffix(".0").filter(whole).unwrap_or(text);
        let value = hash(&key);
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
        let hints = Hints::of(&self.name, self.delimiter);
        let days = ["1899-12-3", "1900-01-0"];
        // A cell with a time of day and no day lies at the beginning of a spreadsheet's calendar.
        let dayless = |text: &String| days.iter().any(|day| text.starts_with(day));
        self.shape = match &self.data_type {
            _ if self.filled == 0 => Shape::Empty,
            DataType::Boolean => Shape::Flag,
            DataType::Time32(_) | DataType::Time64(_) => Shape::Clock,
            data_type
                if data_type.is_temporal()
                    && !self.texts.is_empty()
                    && self.texts.iter().all(dayless) =>
            {
                Shape::Clock
            }
            data_type if data_type.is_temporal() => Shape::Time(Times {
                written: Written::Iso,
                // Spreadsheets give every day a time; at midnight it says nothing.
                clock: !matches!(data_type, DataType::Date32 | DataType::Date64)
                    && !self.texts.iter().all(|text| text.contains("00:00:00")),
                order: None,
            }),
            _ if hints.timely && self.are_parts_of_a_day() => Shape::Clock,
            data_type if data_type.is_numeric() => {
                let number = match data_type.is_integer() {
                    true => Shape::Whole,
                    false => Shape::Number(Notation::PLAIN),
                };
                match shape(&self.texts, hints) {
                    // A typed number is a time only when it counts from some day.
                    time @ Shape::Time(_) if hints.timely && self.counts_from_a_day(&time) => time,
                    _ => number,
                }
            }
            _ => shape(&self.texts, hints),
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

impl Column {
    /// Whether the values are times of day as spreadsheets keep them: 0.75 is 18:00.
    fn are_parts_of_a_day(&self) -> bool {
        let part = |text: &String| {
            let value = text.parse::<f64>();
            value.is_ok_and(|value| (0.0..1.0).contains(&value))
        };
        let long = |text: &String| text.len() > 5;
        !self.texts.is_empty() && self.texts.iter().all(part) && self.texts.iter().any(long)
    }

    /// Whether times are counted and not written as digits of a calendar.
    fn counts_from_a_day(&self, shape: &Shape) -> bool {
        match shape {
            Shape::Time(Times {
                written: Written::Formats(formats),
                ..
            }) => formats.iter().all(|format| !format.contains('%')),
            _ => false,
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
                let shown = file.to_string_lossy();
                // The rest may hold a password.
                if let Some((scheme, _)) = shown.split_once("://") {
                    return Err(Failure::settings(format!(
                        "{scheme}://... lies elsewhere, and init looks at files that are here"
                    ))
                    .hint("fetch some of it first; in the settings that init writes, path may then be the URL"));
                }
                if shown.starts_with("odbc:") {
                    return Err(Failure::settings("init looks at files, not at databases")
                        .hint("docs/settings.md shows a source of a database"));
                }
                return Err(
                    Failure::settings(format!("there is no file {}", file.display()))
                        .hint("paths are relative to the folder that you are in"),
                );
            }
            let path = relative(file, settings)?;
            let (opened, remarks) = self.open(file)?;
            let first = tables.len();
            for opened in opened {
                let place = match tables.iter().position(|table| opened.continues(table)) {
                    Some(place) => place,
                    None => {
                        tables.push(opened.table(file));
                        tables.len() - 1
                    }
                };
                let table = &mut tables[place];
                if !table.paths.contains(&path) {
                    table.paths.push(path.clone());
                }
                for sheet in opened.files.iter().filter_map(|file| file.sheet.as_ref()) {
                    if !table.sheets.contains(sheet) {
                        table.sheets.push(sheet.clone());
                    }
                }
                opened.sample(table)?;
            }
            if let Some(table) = tables.get_mut(first) {
                table.notes.extend(remarks);
            }
        }
        for table in &mut tables {
            table.columns.iter_mut().for_each(Column::finish);
            if table.structure.headless {
                headless::name_columns(table);
            }
        }
        Ok(tables)
    }

    /// A file's way of being read, and its columns; each sheet of a spreadsheet is looked at for
    /// itself, and those that cannot be read are remarked.
    fn open(&self, file: &Path) -> Result<(Vec<Opened>, Vec<String>)> {
        let found = self.files(file, None);
        let sheets = found.iter().flatten().filter(|file| file.sheet.is_some());
        let sheets: Vec<&SourceFile> = sheets.collect();
        if sheets.is_empty() {
            return Ok((vec![self.open_one(file, None)?], Vec::new()));
        }
        let (mut opened, mut remarks, mut failed) = (Vec::new(), Vec::new(), None);
        for sheet in sheets {
            match self.open_one(file, Some(sheet)) {
                Ok(one) => opened.push(one),
                Err(failure) => {
                    let name = sheet.sheet.as_deref().unwrap_or_default();
                    remarks.push(format!("Sheet `{name}` is not used: {}.", failure.message));
                    failed.get_or_insert(failure);
                }
            }
        }
        match failed {
            Some(failure) if opened.is_empty() => Err(failure),
            _ => Ok((opened, remarks)),
        }
    }

    /// One file's way of being read, or one sheet's. A file that is broken is said to be, and not read
    /// in another way until something fits.
    fn open_one(&self, file: &Path, sheet: Option<&SourceFile>) -> Result<Opened> {
        // A second round is for files whose name does not tell what they are.
        let found = match sheet.map_or_else(|| self.files(file, None), |one| Ok(vec![one.clone()]))
        {
            Ok(found) => Ok((found, None)),
            Err(failure) => match self.files(file, Some("csv")) {
                Ok(found) => Ok((found, Some("csv"))),
                Err(_) => Err(failure),
            },
        };
        let (found, format) = found?;
        let first = found
            .first()
            .ok_or_else(|| Failure::data(format!("{} is no file", file.display())))?;
        let mut form = Form {
            format,
            ..Form::default()
        };
        if first.format.is_text() {
            // What cannot be read fails below, with its reason.
            match text_of(first.bytes()).unwrap_or(TextOf::Unknown) {
                TextOf::Other(name) => form.encoding = Some(name),
                TextOf::Utf8Except(name, lines) => form.not_utf8 = Some((lines, name)),
                TextOf::Known | TextOf::Unknown => {}
            }
        }
        let plain = settings(file, &form)?;
        let source = &plain.config.sources[0];
        form.structure = match first.format {
            Format::Csv | Format::Tsv => {
                let lines = sources::first_lines(first, source, LINES)?;
                let taken = sources::delimiter(first, source).ok().flatten();
                Structure::of_text(&lines, taken.unwrap_or(','))
            }
            Format::Xlsx => Structure::of_rows(&sheet_rows(file, &form, first)?),
            _ => Structure::default(),
        };
        if !form.structure.fields.is_empty() {
            form.format = Some("fixed_width");
        }
        let fixed = form.format == Some("fixed_width");
        let as_read = found.iter().cloned().map(|found| match fixed {
            true => SourceFile {
                format: Format::FixedWidth,
                ..found
            },
            false => found,
        });
        let found: Vec<SourceFile> = as_read.collect();
        Opened::new(file, form, &found)
    }

    /// Finds what a path names, once for all ways of reading it: every byte is hashed for that.
    fn files(&self, file: &Path, format: Option<&'static str>) -> Result<Vec<SourceFile>> {
        let form = Form {
            format,
            ..Form::default()
        };
        let settings = settings(file, &form)?;
        let fetch = Fetch {
            engine: self.engine,
            spool: self.spool,
            earlier: &BTreeMap::new(),
        };
        sources::files(&settings, 0, &settings.config.sources[0], &fetch)
    }
}

/// How a file is written, as far as settings have to say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Form {
    format: Option<&'static str>,
    encoding: Option<&'static str>,
    not_utf8: Option<(u64, Option<&'static str>)>,
    structure: Structure,
}

/// The first rows of a sheet, whatever stands in them.
fn sheet_rows(file: &Path, form: &Form, sheet: &SourceFile) -> Result<Vec<(usize, Vec<String>)>> {
    let headless = Form {
        structure: Structure {
            headless: true,
            ..Structure::default()
        },
        ..form.clone()
    };
    let settings = settings(file, &headless)?;
    let source = &settings.config.sources[0];
    let schema = sources::schema(sheet, source)?;
    let Some(piece) = sources::open(sheet, source, &schema, false)?.next() else {
        return Ok(Vec::new());
    };
    let batch = piece?()?;
    let mut rows = Vec::new();
    for (row, &line) in batch.lines.iter().take(LINES).enumerate() {
        let cells = batch.rows.columns().iter().map(|values| {
            let shown = ArrayFormatter::try_new(values.as_ref(), &FormatOptions::default())?;
            Ok(shown.value(row).to_string().trim().to_owned())
        });
        rows.push((line as usize - 1, cells.collect::<Result<Vec<String>>>()?));
    }
    Ok(rows)
}

/// A file that can be read in a certain way.
struct Opened {
    form: Form,
    settings: Settings,
    files: Vec<SourceFile>,
    schema: SchemaRef,
    delimiter: Option<char>,
}

impl Opened {
    /// Reads a file in this way.
    fn new(file: &Path, form: Form, found: &[SourceFile]) -> Result<Self> {
        let settings = settings(file, &form)?;
        let source = &settings.config.sources[0];
        let first = found
            .first()
            .ok_or_else(|| Failure::data(format!("{} is no file", file.display())))?;
        Ok(Self {
            schema: sources::schema(first, source)?,
            delimiter: sources::delimiter(first, source)?,
            files: found.to_vec(),
            form,
            settings,
        })
    }

    /// Whether a table has the same columns, read in the same way.
    fn continues(&self, table: &Table) -> bool {
        let names = self.schema.fields().iter().map(|field| field.name());
        names.eq(table.columns.iter().map(|column| &column.name))
            && self.form.format == table.format
            && self.form.encoding == table.encoding
            && self.form.structure == table.structure
    }

    /// A table of this file's columns, without rows yet.
    fn table(&self, file: &Path) -> Table {
        let name = file.file_name().unwrap_or_default();
        let name = name.to_string_lossy().to_lowercase();
        let fields = self.schema.fields().iter();
        Table {
            paths: Vec::new(),
            sheets: Vec::new(),
            stem: name.split('.').next().unwrap_or_default().to_owned(),
            format: self.form.format,
            encoding: self.form.encoding,
            not_utf8: self.form.not_utf8,
            structure: self.form.structure.clone(),
            column_names: Vec::new(),
            rows: 0,
            whole: true,
            copies: 0,
            malformed: 0,
            columns: fields
                .map(|field| Column::new(field.name(), field.data_type(), self.delimiter))
                .collect(),
            joins: Vec::new(),
            notes: Vec::new(),
            condition: None,
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
            let floats = values.as_primitive_opt::<Float64Type>();
            for (row, hasher) in whole_rows.iter_mut().enumerate() {
                if values.is_null(row) {
                    hasher.write_u8(0);
                    column.note(0);
                    continue;
                }
                let text = match floats {
                    Some(floats) => float_text(floats.value(row)),
                    None => shown.value(row).to_string(),
                };
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

    /// Where it lies, in words.
    pub fn shown(&self) -> String {
        let sheets: Vec<String> = self.sheets.iter().map(|name| format!("`{name}`")).collect();
        let noun = if sheets.len() == 1 { "sheet" } else { "sheets" };
        match sheets.is_empty() {
            true => self.paths.join(", "),
            false => format!("{}, {noun} {}", self.paths.join(", "), sheets.join(" and ")),
        }
    }

    /// Stands where a table was that has become part of another.
    pub fn gone() -> Self {
        Self {
            paths: Vec::new(),
            sheets: Vec::new(),
            stem: String::new(),
            format: None,
            encoding: None,
            not_utf8: None,
            structure: Structure::default(),
            column_names: Vec::new(),
            rows: 0,
            whole: true,
            copies: 0,
            malformed: 0,
            columns: Vec::new(),
            joins: Vec::new(),
            notes: Vec::new(),
            condition: None,
            seen: HashSet::new(),
        }
    }

    /// Whether it has become part of another.
    pub fn is_gone(&self) -> bool {
        self.paths.is_empty()
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// The least settings with which a file can be read.
fn settings(file: &Path, form: &Form) -> Result<Settings> {
    let mut text = String::from("[[sources]]\ntable = \"customers\"\n");
    text.push_str(&format!("path = {}\n", toml_text(&file.to_string_lossy())));
    if let Some(format) = form.format {
        text.push_str(&format!("format = \"{format}\"\n"));
    }
    if let Some(encoding) = form.encoding {
        text.push_str(&format!("encoding = \"{encoding}\"\n"));
    }
    text.push_str(&laid_out(&form.structure, &[]));
    text.push_str("sheet = \"*\"\n[sources.columns]\ncustomer_id = \"any\"\n");
    Settings::from_text(text, file.to_owned(), PathBuf::from("."))
}

/// The settings that say how a file is laid out.
pub fn laid_out(structure: &Structure, column_names: &[String]) -> String {
    let mut text = String::new();
    if let Some(delimiter) = structure.delimiter {
        let delimiter = toml_text(&delimiter.to_string());
        text.push_str(&format!("delimiter = {delimiter}\n"));
    }
    if structure.skip_lines > 0 {
        text.push_str(&format!("skip_lines = {}\n", structure.skip_lines));
    }
    if !structure.fields.is_empty() {
        let fields = structure.fields.iter().enumerate();
        let fields = fields.map(|(place, (name, start, width))| {
            let name = toml_text(column_names.get(place).unwrap_or(name));
            format!("    {{ name = {name}, start = {start}, width = {width} }},\n")
        });
        text.push_str(&format!("fields = [\n{}]\n", fields.collect::<String>()));
    } else if structure.headless {
        text.push_str("header = false\n");
        if !column_names.is_empty() {
            let names: Vec<String> = column_names.iter().map(|name| toml_text(name)).collect();
            text.push_str(&format!("column_names = [{}]\n", names.join(", ")));
        }
    }
    text
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
