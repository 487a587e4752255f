//! What all text formats have in common: unpacked, decoded and cut here, parsed elsewhere.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use arrow::array::{ArrayRef, StringArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field as ColumnField, Schema, SchemaRef};
use memchr::memchr;

use super::bytes::{self, Input};
use super::cut::{Broken, Cut, Cutter, LONGEST, Piece, Syntax};
use super::decode::{TextOf, decoded, likely, mended, text_of};
use super::line_ends::{squeezed, unified};
use super::records::{Field, Record, Records};
use super::typed::{batch, fitted, validity};
use super::{Malformed, Pieces, RawBatch, Unparsed};
use crate::config::{Encoding, Source};
use crate::engine::row_hash::hash_bytes;
use crate::failure::{Failure, Result};
use crate::words::said;

/// Bytes that most values have at most.
const SHORT: usize = 16;
/// Characters of a bad record that are shown.
const SHOWN: usize = 200;

/// A text file that is being read.
pub struct Text {
    /// Where it lies.
    pub path: PathBuf,
    /// Its lines and records.
    pub cutter: Cutter<Input>,
    /// How it is, or was, encoded.
    pub encoding: Encoding,
    /// The byte that ends its lines.
    pub end: u8,
    /// What to do about lines that are no text.
    pub advice: Arc<Advice>,
}

/// What to do about lines of a file that are no text in its encoding; found out when there is one,
/// from the file as a whole, so that every line gets the same advice.
pub struct Advice {
    path: PathBuf,
    encoding: Encoding,
    words: OnceLock<String>,
}

impl Advice {
    fn reason(&self) -> String {
        let find = || {
            if !self.encoding.is_utf8() {
                return tr!("is not {encoding} text", encoding = self.encoding);
            }
            match text_of(&self.path) {
                Ok(TextOf::Utf8Except(Some(name), _)) => tr!(
                    "is not UTF-8 text, as other lines are; it looks like {name}: set fallback_encoding = \"{name}\" for its source",
                    name = name
                ),
                Ok(TextOf::Other(name)) => tr!(
                    "is not UTF-8 text; it looks like {name}: set encoding = \"{name}\" for its source",
                    name = name
                ),
                _ => tr!(
                    "is not UTF-8 text; set the encoding of its source, or its fallback_encoding"
                ),
            }
        };
        self.words.get_or_init(find).clone()
    }
}

impl Text {
    /// Opens a file and passes over the lines that the settings skip.
    pub fn open(path: &Path, source: &Source) -> Result<Self> {
        Self::open_through(path, source, Ok)
    }

    /// The same with something between the decoded text and its lines.
    pub fn open_through(
        path: &Path,
        source: &Source,
        through: fn(Input) -> std::io::Result<Input>,
    ) -> Result<Self> {
        let (input, encoding) = bytes::open(path)
            .and_then(|input| decoded(input, source.encoding))
            .map_err(|error| cannot_read(path, error))?;
        let input = match source.fallback_encoding {
            Some(fallback) if encoding.is_utf8() => mended(input, fallback),
            _ => input,
        };
        let input = unified(input);
        let input = match source.delimiter {
            Some(' ') => squeezed(input, source.quote.0.map(|mark| mark as u8)),
            _ => input,
        };
        let input = through(input).map_err(|error| cannot_read(path, error))?;
        let end = b'\n';
        let mut text = Cutter::new(input);
        text.set_syntax(Syntax {
            end,
            ..Syntax::LINES
        });
        let mut text = Self {
            path: path.to_owned(),
            cutter: text,
            encoding,
            end,
            advice: Arc::new(Advice {
                path: path.to_owned(),
                encoding,
                words: OnceLock::new(),
            }),
        };
        for _ in 0..source.skip_lines {
            text.line()?;
        }
        Ok(text)
    }

    /// The next line, whatever it holds; none at the end or if it is too long.
    pub fn line(&mut self) -> Result<Option<Piece>> {
        match self.cutter.next_line() {
            Ok(Some(Cut::Whole(line))) => Ok(Some(line)),
            Ok(_) => Ok(None),
            Err(error) => Err(cannot_read(&self.path, error)),
        }
    }

    /// What comes next, without taking it.
    pub fn ahead(&mut self) -> Result<&[u8]> {
        self.cutter
            .ahead()
            .map_err(|error| cannot_read(&self.path, error))
    }

    /// The rest of the file, each piece to be parsed by `parse`.
    pub fn pieces<P>(mut self, schema: &SchemaRef, parse: P) -> Pieces
    where
        P: Fn(&Piece) -> Result<RawBatch> + Send + Sync + 'static,
    {
        let parse = Arc::new(parse);
        let schema = Arc::clone(schema);
        let mut done = false;
        Box::new(std::iter::from_fn(move || {
            if done {
                return None;
            }
            let schema = Arc::clone(&schema);
            let unparsed: Unparsed = match self.cutter.next_piece() {
                Ok(None) => return None,
                Ok(Some(Cut::Whole(piece))) => {
                    let parse = Arc::clone(&parse);
                    let path = self.path.clone();
                    Box::new(move || fitted(parse(&piece)?, &schema, &path))
                }
                Ok(Some(Cut::Broken(broken))) => {
                    Box::new(move || Ok(RawBatch::of_malformed(&schema, given_up(&broken))))
                }
                Err(error) => {
                    done = true;
                    return Some(Err(cannot_read(&self.path, error)));
                }
            };
            Some(Ok(unparsed))
        }))
    }

    /// A failure about the first line of the file that is no text in its encoding.
    pub fn not_text(&self, line: u64, bytes: &[u8]) -> Failure {
        let place = format!("{}:{line}", self.path.display());
        if !self.encoding.is_utf8() {
            return Failure::data(format!("{place}: the header is not {} text", self.encoding))
                .hint("is another encoding meant?");
        }
        let failure = Failure::data(format!("{place}: the header is not UTF-8"));
        let as_a_whole = match text_of(&self.path) {
            Ok(TextOf::Utf8Except(Some(name), _)) => {
                return failure.hint(format!(
                    "other lines are; it looks like {name}: add fallback_encoding = \"{name}\" to this source, or save the file as UTF-8"
                ));
            }
            Ok(TextOf::Other(name)) => Some(name),
            _ => likely(bytes),
        };
        match as_a_whole {
            Some(name) => failure.hint(format!(
                "it looks like {name}: add encoding = \"{name}\" to this source, or save the file as UTF-8"
            )),
            None => failure.hint("save it as UTF-8, or name its encoding in the settings, such as encoding = \"gbk\""),
        }
    }
}

/// The reason of a record that has no end.
pub fn given_up(broken: &Broken) -> Malformed {
    let reason = match broken.quote {
        Some(line) if line == broken.line => tr!("has a quote that is never closed"),
        Some(line) => tr!(
            "has a quote on line {line} that is never closed",
            line = line
        ),
        None => tr!("is longer than {size} MiB", size = LONGEST >> 20),
    };
    Malformed {
        line: broken.line,
        value: excerpt(&broken.excerpt),
        reason,
    }
}

/// A failure to read on; a file that ends early reads like this.
pub fn cannot_read(path: &Path, error: std::io::Error) -> Failure {
    if error.raw_os_error().is_some() {
        return Failure::from(error).during(path.display());
    }
    Failure::data(format!("{}: {error}", path.display()))
        .hint("is the file whole? A compressed file that was cut short reads like this")
}

/// The beginning of a record, to be shown.
pub fn excerpt(record: &[u8]) -> String {
    String::from_utf8_lossy(&record[..record.len().min(4 * SHOWN)])
        .chars()
        .take(SHOWN)
        .collect()
}

/// Columns of text under these names.
pub fn text_columns<'a>(names: impl IntoIterator<Item = &'a str>) -> SchemaRef {
    let fields = names
        .into_iter()
        .map(|name| ColumnField::new(name, DataType::Utf8, true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// What a piece holds that no text may hold, looked for once for all of its records.
pub struct Faults {
    not_text: Option<String>,
    has_nul: bool,
}

impl Faults {
    /// Looks through a piece.
    pub fn of(piece: &[u8], advice: &Advice) -> Self {
        Self {
            not_text: std::str::from_utf8(piece).is_err().then(|| advice.reason()),
            has_nul: memchr(0, piece).is_some(),
        }
    }

    /// What is wrong with a record of the piece, if anything.
    pub fn of_record(&self, record: &[u8]) -> Option<&str> {
        if let Some(reason) = &self.not_text
            && std::str::from_utf8(record).is_err()
        {
            return Some(reason);
        }
        (self.has_nul && memchr(0, record).is_some()).then_some(said(mark!("holds a NUL byte")))
    }
}

/// A value without what keeps a spreadsheet from making a number or a formula of it: `="007"` is
/// `007`, and `'-5` is `-5`.
fn unmarked(value: &[u8]) -> &[u8] {
    let wrapped = value
        .strip_prefix(b"=\"")
        .and_then(|rest| rest.strip_suffix(b"\""));
    if let Some(inner) = wrapped
        && memchr(b'"', inner).is_none()
    {
        return inner.trim_ascii();
    }
    let numeric = |byte: &u8| byte.is_ascii_digit() || b"+-.,".contains(byte);
    match value {
        [b'\'', rest @ ..] if !rest.is_empty() && rest.iter().all(numeric) => rest,
        value => value,
    }
}

/// What the records of a file have in common, wherever their fields stand.
pub struct Form {
    syntax: Syntax,
    advice: Arc<Advice>,
    /// The columns that are wanted, all of them text.
    schema: SchemaRef,
    null_values: Arc<[String]>,
}

impl Form {
    /// That of a text whose records are cut by this syntax.
    pub fn new(text: &Text, syntax: Syntax, source: &Source, schema: &SchemaRef) -> Self {
        Self {
            syntax,
            advice: Arc::clone(&text.advice),
            schema: text_columns(schema.fields().iter().map(|field| field.name().as_str())),
            null_values: source.null_values.clone().into(),
        }
    }

    /// The rows of a piece; `add` is given every record that is text, to make a row of it.
    pub fn rows(
        &self,
        piece: &Piece,
        mut add: impl FnMut(&mut TextRows, Record, &[Field]),
    ) -> Result<RawBatch> {
        let bytes = piece.bytes.as_slice();
        let faults = Faults::of(bytes, &self.advice);
        let mut rows = TextRows::new(&self.schema, &self.null_values, bytes.len());
        let mut records = Records::new(bytes, piece.line, self.syntax);
        let mut fields = Vec::new();
        while let Some(record) = records.next(&mut fields) {
            let raw = &bytes[record.start..record.end];
            match faults.of_record(raw) {
                Some(reason) => rows.malformed(record.line, raw, reason),
                None => add(&mut rows, record, &fields),
            }
        }
        rows.finish()
    }
}

/// Rows of text that become a batch.
pub struct TextRows {
    schema: SchemaRef,
    columns: Vec<Texts>,
    null_values: Arc<[String]>,
    lines: Vec<u64>,
    hashes: Vec<u64>,
    malformed: Vec<Malformed>,
}

/// A column of text in Arrow's layout; filled by hand, because a builder takes half as long again.
struct Texts {
    bytes: Vec<u8>,
    /// Where each text ends in `bytes`; a piece is far smaller than 2 GiB.
    ends: Vec<i32>,
    /// Rows without a text.
    nulls: Vec<usize>,
}

impl TextRows {
    /// For the records of a piece of so many bytes.
    pub fn new(schema: &SchemaRef, null_values: &Arc<[String]>, bytes: usize) -> Self {
        let columns = schema.fields().len();
        let rows = bytes / (16 * columns.max(1));
        Self {
            schema: Arc::clone(schema),
            columns: (0..columns)
                .map(|_| {
                    let mut ends = Vec::with_capacity(rows + 1);
                    ends.push(0);
                    Texts {
                        bytes: Vec::with_capacity(bytes / (columns + 1)),
                        ends,
                        nulls: Vec::new(),
                    }
                })
                .collect(),
            null_values: Arc::clone(null_values),
            lines: Vec::with_capacity(rows),
            hashes: Vec::with_capacity(rows),
            malformed: Vec::new(),
        }
    }

    /// Adds a row that stood as `record`; its values come next, by [`TextRows::value`].
    pub fn row(&mut self, line: u64, record: &[u8]) {
        self.lines.push(line);
        self.hashes.push(hash_bytes(0, record));
    }

    /// Adds the value of a column to the last row, which stands in a piece of text.
    #[inline]
    pub fn part(&mut self, column: usize, piece: &[u8], place: Range<usize>) {
        let value = &piece[place.clone()];
        let visible = |byte: Option<&u8>| matches!(byte, Some(b'!'..=b'~'));
        let is_null = || self.null_values.iter().any(|null| null.as_bytes() == value);
        let marked = || matches!(value.first(), Some(b'=' | b'\''));
        let simple = visible(value.first()) && visible(value.last()) && !is_null() && !marked();
        let short = piece.get(place.start..place.start + SHORT);
        match short.map(<&[u8; SHORT]>::try_from) {
            Some(Ok(short)) if simple && value.len() <= SHORT => {
                let column = &mut self.columns[column];
                let end = column.bytes.len() + value.len();
                // So many bytes at once take less time than just those that are wanted.
                column.bytes.extend_from_slice(short);
                column.bytes.truncate(end);
                column.ends.push(end as i32);
            }
            _ => self.value(column, value),
        }
    }

    /// Adds the value of a column to the last row; nothing, or what stands for it, is null.
    pub fn value(&mut self, column: usize, value: &[u8]) {
        let value = match (value.first(), value.last()) {
            (None, _) | (Some(b'!'..=b'~'), Some(b'!'..=b'~')) => value,
            // Whoever calls has made sure that the record is text.
            _ => std::str::from_utf8(value)
                .unwrap_or_default()
                .trim()
                .as_bytes(),
        };
        let value = unmarked(value);
        let column = &mut self.columns[column];
        if value.is_empty() || self.null_values.iter().any(|null| null.as_bytes() == value) {
            column.nulls.push(column.ends.len() - 1);
        } else {
            column.bytes.extend_from_slice(value);
        }
        column.ends.push(column.bytes.len() as i32);
    }

    /// Adds a record that is no row.
    pub fn malformed(&mut self, line: u64, record: &[u8], reason: impl Into<String>) {
        self.malformed.push(Malformed {
            line,
            value: excerpt(record),
            reason: reason.into(),
        });
    }

    /// All of them.
    pub fn finish(self) -> Result<RawBatch> {
        let mut columns = Vec::with_capacity(self.columns.len());
        for column in self.columns {
            columns.push(column.finish()?);
        }
        Ok(RawBatch {
            rows: batch(&self.schema, columns, self.lines.len())?,
            lines: self.lines,
            hashes: self.hashes,
            malformed: self.malformed,
            flaws: Vec::new(),
        })
    }
}

impl Texts {
    fn finish(self) -> Result<ArrayRef> {
        let nulls = validity(self.ends.len() - 1, &self.nulls);
        let offsets = OffsetBuffer::new(self.ends.into());
        Ok(Arc::new(StringArray::try_new(
            offsets,
            self.bytes.into(),
            nulls,
        )?))
    }
}
