//! CSV and TSV files: every field is text until the mapping says otherwise, so `007` stays `007`.

use std::path::Path;

use arrow::datatypes::SchemaRef;
use memchr::{memchr, memchr2};

use super::cut::{Cut, Piece, Syntax};
use super::records::{Field, Records};
use super::text::{Form, Text, cannot_read, given_up, text_columns};
use super::{Pieces, RawBatch, distinct_names, missing_column};
use crate::config::{Format, Source};
use crate::failure::{Failure, Result};

/// What the first line may separate its fields with when the settings do not say; the first of
/// those that are there most often.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The file's columns, all of them text.
pub fn schema(path: &Path, format: Format, source: &Source) -> Result<SchemaRef> {
    let opened = Opened::new(path, format, source)?;
    Ok(text_columns(opened.names.iter().map(String::as_str)))
}

/// The file's rows, with the columns of `schema`.
pub fn open(path: &Path, format: Format, source: &Source, schema: &SchemaRef) -> Result<Pieces> {
    let Opened {
        text,
        syntax,
        names,
        named,
    } = Opened::new(path, format, source)?;
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut places = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let place = names.iter().position(|name| name == field.name());
        places.push(place.ok_or_else(|| missing_column(path, field.name(), &known))?);
    }
    let shape = Shape {
        form: Form::new(&text, syntax, source, schema),
        syntax,
        width: names.len(),
        named,
        header: source.header,
        places,
    };
    Ok(text.pieces(schema, move |piece| shape.parse(piece)))
}

/// What separates the fields of the file.
pub fn delimiter(path: &Path, format: Format, source: &Source) -> Result<char> {
    Ok(char::from(
        Opened::new(path, format, source)?.syntax.delimiter,
    ))
}

/// A file whose header has been read.
struct Opened {
    text: Text,
    syntax: Syntax,
    names: Vec<String>,
    /// Columns up to the last one that the header names; behind it stand delimiters alone.
    named: usize,
}

impl Opened {
    fn new(path: &Path, format: Format, source: &Source) -> Result<Self> {
        let mut text = Text::open(path, source)?;
        let byte = |mark: char| mark as u8; // the check of the settings has made sure of ASCII
        let mut delimiter = source.delimiter.map(byte);
        if let Some(first_line) = spreadsheet_delimiter(text.ahead()?) {
            delimiter = delimiter.or(Some(first_line));
            text.line()?;
        }
        let mut syntax = Syntax {
            delimiter: b',',
            quote: source.quote.0.map(byte),
            comment: source.comment.map(byte),
            end: text.end,
        };
        syntax.delimiter = match delimiter {
            Some(delimiter) => delimiter,
            None if format == Format::Tsv => b'\t',
            None => likely_delimiter(text.ahead()?, syntax),
        };
        text.cutter.set_syntax(syntax);
        let (names, named) = if source.header {
            header(&mut text, syntax)?
        } else {
            let names = names_without_header(&mut text, syntax, &source.column_names)?;
            let named = names.len();
            (names, named)
        };
        Ok(Self {
            text,
            syntax,
            names,
            named,
        })
    }
}

/// Spreadsheets may write `sep=;` above the header, and those who save such a file again quotes
/// around it or delimiters behind it.
fn spreadsheet_delimiter(ahead: &[u8]) -> Option<u8> {
    let end = memchr2(b'\n', b'\r', &ahead[..ahead.len().min(64)])?;
    let line = ahead[..end].trim_ascii_start();
    let (line, quoted) = match line.strip_prefix(b"\"") {
        Some(line) => (line, true),
        None => (line, false),
    };
    let (word, rest) = line.split_at_checked(3)?;
    if !word.eq_ignore_ascii_case(b"sep") {
        return None;
    }
    let rest = match rest {
        [b'=', rest @ ..] => rest,
        _ => rest.trim_ascii_start().strip_prefix(b"=")?,
    };
    let rest = match rest.trim_ascii_start() {
        [] => rest,
        other => other,
    };
    let is_delimiter = |byte: u8| byte.is_ascii_punctuation() || matches!(byte, b'\t' | b' ');
    let (delimiter, behind) = match rest {
        b"\\t" | b"\\t\"" => (b'\t', &[][..]),
        [first, behind @ ..] if is_delimiter(*first) && !(quoted && *first == b'"') => {
            (*first, behind)
        }
        _ => return None,
    };
    let alone = behind
        .iter()
        .all(|&byte| byte == delimiter || byte == b'"' || is_delimiter(byte));
    alone.then_some(delimiter)
}

fn likely_delimiter(ahead: &[u8], syntax: Syntax) -> u8 {
    let fields = |delimiter: u8| {
        let mut fields = Vec::new();
        Records::new(
            ahead,
            1,
            Syntax {
                delimiter,
                ..syntax
            },
        )
        .next(&mut fields);
        fields.len()
    };
    DELIMITERS
        .into_iter()
        .rev() // the last of equals wins
        .filter(|delimiter| syntax.quote != Some(*delimiter) && syntax.comment != Some(*delimiter))
        .max_by_key(|&delimiter| fields(delimiter))
        .unwrap_or(b',')
}

/// The names of the columns, and how many of them the header says.
fn header(text: &mut Text, syntax: Syntax) -> Result<(Vec<String>, usize)> {
    loop {
        let record = text
            .cutter
            .next_record()
            .map_err(|error| cannot_read(&text.path, error))?;
        let piece = match record {
            Some(Cut::Whole(piece)) => piece,
            Some(Cut::Broken(broken)) => {
                let problem = given_up(&broken);
                return Err(Failure::data(format!(
                    "{}:{}: the header {}",
                    text.path.display(),
                    problem.line,
                    problem.reason
                ))
                .hint("the first line of a CSV must name its columns; skip_lines passes over what stands before it"));
            }
            None => return Err(empty(&text.path)),
        };
        let mut fields = Vec::new();
        let Some(record) = Records::new(&piece.bytes, piece.line, syntax).next(&mut fields) else {
            continue; // an empty line or a comment
        };
        let bytes = &piece.bytes[record.start..record.end];
        if std::str::from_utf8(bytes).is_err() || memchr(0, bytes).is_some() {
            let mut sample = piece.bytes.clone();
            sample.extend_from_slice(text.ahead()?);
            return Err(text.not_text(record.line, &sample));
        }
        let mut named = 0;
        let names = fields.iter().enumerate().map(|(number, field)| {
            let name = field.of(&piece.bytes, &syntax);
            match String::from_utf8_lossy(&name).trim() {
                "" => format!("column_{}", number + 1),
                name => {
                    named = number + 1;
                    name.to_owned()
                }
            }
        });
        let names: Vec<String> = names.collect();
        distinct_names(&names, || {
            format!("{}:{}", text.path.display(), record.line)
        })?;
        return Ok((names, named));
    }
}

fn names_without_header(text: &mut Text, syntax: Syntax, given: &[String]) -> Result<Vec<String>> {
    if !given.is_empty() {
        return Ok(given.to_vec());
    }
    let mut fields = Vec::new();
    Records::new(text.ahead()?, 1, syntax)
        .next(&mut fields)
        .ok_or_else(|| empty(&text.path))?;
    Ok((1..=fields.len())
        .map(|number| format!("column_{number}"))
        .collect())
}

fn empty(path: &Path) -> Failure {
    Failure::data(format!("{}: the file is empty", path.display()))
        .hint("the first line of a CSV must name its columns")
}

/// Whether a record of several fields holds nothing in any of them.
fn has_nothing(fields: &[Field], bytes: &[u8], syntax: &Syntax) -> bool {
    let is_empty = |field: &Field| match field.place() {
        Some(place) => bytes[place].trim_ascii().is_empty(),
        None => field.of(bytes, syntax).trim_ascii().is_empty(),
    };
    fields.len() > 1 && fields.iter().all(is_empty)
}

/// Where the fields of a record stand, and how many there have to be.
struct Shape {
    form: Form,
    syntax: Syntax,
    /// Fields of every record.
    width: usize,
    /// Of these, up to the last one with a name of its own.
    named: usize,
    /// Whether a header has so many.
    header: bool,
    /// For each wanted column, its place in a record.
    places: Vec<usize>,
}

impl Shape {
    fn parse(&self, piece: &Piece) -> Result<RawBatch> {
        let bytes = piece.bytes.as_slice();
        self.form.rows(piece, |rows, record, fields| {
            let raw = &bytes[record.start..record.end];
            if has_nothing(fields, bytes, &self.syntax) {
                return; // delimiters alone
            }
            if fields.len() != self.width && !self.fits(fields, bytes) {
                rows.malformed(record.line, raw, self.wrong_width(fields.len()));
                return;
            }
            rows.row(record.line, raw);
            for (column, &place) in self.places.iter().enumerate() {
                match fields.get(place).map(|field| (field, field.place())) {
                    Some((_, Some(place))) => rows.part(column, bytes, place),
                    Some((field, None)) => rows.value(column, &field.of(bytes, &self.syntax)),
                    None => rows.value(column, b""),
                }
            }
        })
    }

    /// Whether only delimiters at the end of the line make a record wider than the header, or the
    /// header wider than the record.
    fn fits(&self, fields: &[Field], bytes: &[u8]) -> bool {
        fields.len() >= self.named
            && fields
                .iter()
                .skip(self.width)
                .all(|field| field.of(bytes, &self.syntax).trim_ascii().is_empty())
    }

    fn wrong_width(&self, fields: usize) -> String {
        let fields = match fields {
            1 => tr!("1 field"),
            many => tr!("{n} fields", n = many),
        };
        match self.header {
            true => tr!(
                "{fields} where the header has {width}",
                fields = fields,
                width = self.width
            ),
            false => tr!(
                "{fields} where there are columns for {width}",
                fields = fields,
                width = self.width
            ),
        }
    }
}
