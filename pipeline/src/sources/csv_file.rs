//! CSV and TSV files: every field is text until the mapping says otherwise, so `007` stays `007`.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use memchr::memchr;

use super::cut::{Cut, Piece, Syntax};
use super::records::{Field, Records};
use super::text::{Faults, Text, TextRows, cannot_read, given_up, text_columns};
use super::{Pieces, RawBatch, distinct_names, missing_column};
use crate::config::{Encoding, Format, Source};
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
    } = Opened::new(path, format, source)?;
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut places = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let place = names.iter().position(|name| name == field.name());
        places.push(place.ok_or_else(|| missing_column(path, field.name(), &known))?);
    }
    let shape = Shape {
        syntax,
        encoding: text.encoding,
        width: names.len(),
        header: source.header,
        places,
        schema: text_columns(schema.fields().iter().map(|field| field.name().as_str())),
        null_values: source.null_values.clone().into(),
    };
    Ok(text.pieces(schema, move |piece| shape.parse(piece)))
}

/// A file whose header has been read.
struct Opened {
    text: Text,
    syntax: Syntax,
    names: Vec<String>,
}

impl Opened {
    fn new(path: &Path, format: Format, source: &Source) -> Result<Self> {
        let mut text = Text::open(path, source)?;
        let byte = |mark: char| mark as u8; // the check of the settings has made sure of ASCII
        let mut delimiter = source.delimiter.map(byte);
        if delimiter.is_none() {
            delimiter = spreadsheet_delimiter(text.ahead()?);
            if delimiter.is_some() {
                text.line()?;
            }
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
        let names = if source.header {
            header(&mut text, syntax)?
        } else {
            names_without_header(&mut text, syntax, &source.column_names)?
        };
        Ok(Self {
            text,
            syntax,
            names,
        })
    }
}

/// Spreadsheets may write `sep=;` above the header.
fn spreadsheet_delimiter(ahead: &[u8]) -> Option<u8> {
    match ahead {
        [b's', b'e', b'p', b'=', delimiter, b'\n' | b'\r', ..]
            if delimiter.is_ascii_graphic() || *delimiter == b'\t' =>
        {
            Some(*delimiter)
        }
        _ => None,
    }
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

fn header(text: &mut Text, syntax: Syntax) -> Result<Vec<String>> {
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
        let names = fields.iter().enumerate().map(|(number, field)| {
            let name = field.of(&piece.bytes, &syntax);
            match String::from_utf8_lossy(&name).trim() {
                "" => format!("column_{}", number + 1),
                name => name.to_owned(),
            }
        });
        let names: Vec<String> = names.collect();
        distinct_names(&names, || {
            format!("{}:{}", text.path.display(), record.line)
        })?;
        return Ok(names);
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

/// What the records of a file have in common.
struct Shape {
    syntax: Syntax,
    encoding: Encoding,
    /// Fields of every record.
    width: usize,
    /// Whether a header has so many.
    header: bool,
    /// For each wanted column, its place in a record.
    places: Vec<usize>,
    schema: SchemaRef,
    null_values: Arc<[String]>,
}

impl Shape {
    fn parse(&self, piece: &Piece) -> Result<RawBatch> {
        let bytes = piece.bytes.as_slice();
        let faults = Faults::of(bytes, self.encoding, self.syntax.end);
        let mut rows = TextRows::new(&self.schema, &self.null_values, bytes.len());
        let mut records = Records::new(bytes, piece.line, self.syntax);
        let mut fields: Vec<Field> = Vec::with_capacity(self.width);
        while let Some(record) = records.next(&mut fields) {
            let raw = &bytes[record.start..record.end];
            if let Some(reason) = faults.of_record(raw) {
                rows.malformed(record.line, raw, reason);
            } else if fields.len() != self.width {
                rows.malformed(record.line, raw, self.wrong_width(fields.len()));
            } else {
                rows.row(record.line, raw);
                for (column, &place) in self.places.iter().enumerate() {
                    match fields[place].place() {
                        Some(place) => rows.part(column, bytes, place),
                        None => rows.value(column, &fields[place].of(bytes, &self.syntax)),
                    }
                }
            }
        }
        rows.finish()
    }

    fn wrong_width(&self, fields: usize) -> String {
        let fields = match fields {
            1 => "1 field".to_owned(),
            _ => format!("{fields} fields"),
        };
        let whose = if self.header {
            "the header has"
        } else {
            "there are columns for"
        };
        format!("{fields} where {whose} {}", self.width)
    }
}
