//! CSV files: every field is text until the mapping says otherwise, so `007` stays `007`.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use csv::{ByteRecord, Reader, ReaderBuilder};

use super::{BATCH_ROWS, Malformed, Pieces, RawBatch, Unparsed, missing_column};
use crate::config::Source;
use crate::failure::{During, Failure, Result};

type Input = Box<dyn Read + Send>;

/// Opens the file, through gzip or zstd when its first bytes say so, past a byte order mark.
fn input(path: &Path) -> Result<Input> {
    let mut file = BufReader::with_capacity(1 << 18, File::open(path).during(path.display())?);
    let magic = peek(&mut file, 4).during(path.display())?;
    let mut plain: Input = match magic.as_slice() {
        [0x1f, 0x8b, ..] => Box::new(flate2::read::MultiGzDecoder::new(file)),
        [0x28, 0xb5, 0x2f, 0xfd] => {
            Box::new(zstd::stream::Decoder::new(file).during(path.display())?)
        }
        _ => Box::new(file),
    };
    let mut start = Vec::with_capacity(3);
    (&mut plain)
        .take(3)
        .read_to_end(&mut start)
        .during(path.display())?;
    match start.as_slice() {
        [0xef, 0xbb, 0xbf] => Ok(plain),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Err(Failure::data(format!(
            "{}: this text is UTF-16",
            path.display()
        ))
        .hint("save it as UTF-8")),
        _ => Ok(Box::new(std::io::Cursor::new(start).chain(plain))),
    }
}

fn peek(file: &mut BufReader<File>, bytes: usize) -> std::io::Result<Vec<u8>> {
    use std::io::BufRead;
    let buffer = file.fill_buf()?;
    Ok(buffer[..bytes.min(buffer.len())].to_vec())
}

fn reader(path: &Path, source: &Source) -> Result<Reader<Input>> {
    Ok(ReaderBuilder::new()
        .delimiter(delimiter(path, source))
        .flexible(true) // a row with too few or too many fields is a reject, not the end of the load
        .from_reader(input(path)?))
}

/// A `.tsv` file is split at tabs unless the settings name another delimiter.
fn delimiter(path: &Path, source: &Source) -> u8 {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
        .to_ascii_lowercase();
    let name = name.trim_end_matches(".gz").trim_end_matches(".zst");
    match source.delimiter {
        ',' if name.ends_with(".tsv") => b'\t',
        other => other as u8,
    }
}

fn header(reader: &mut Reader<Input>, path: &Path) -> Result<Vec<String>> {
    let record = reader
        .byte_headers()
        .map_err(|error| broken(path, &error))?;
    let mut names = Vec::with_capacity(record.len());
    for name in record {
        let name = std::str::from_utf8(name)
            .map_err(|_| {
                Failure::data(format!("{}:1: the header is not UTF-8", path.display()))
                    .hint("save it as UTF-8")
            })?
            .trim();
        if names.iter().any(|known| known == name) {
            return Err(Failure::data(format!(
                "{}:1: two columns are called `{name}`",
                path.display()
            ))
            .hint("give every column a name of its own"));
        }
        names.push(name.to_owned());
    }
    if names.is_empty() || names == [""] {
        return Err(
            Failure::data(format!("{}: the file is empty", path.display()))
                .hint("the first line of a CSV must name its columns"),
        );
    }
    Ok(names)
}

fn broken(path: &Path, error: &csv::Error) -> Failure {
    match error.kind() {
        csv::ErrorKind::Io(io) => Failure::data(format!("{}: {io}", path.display()))
            .hint("is the file whole? A compressed file that was cut short reads like this"),
        _ => Failure::data(format!("{}: {error}", path.display())),
    }
}

/// The header, every column as text.
pub fn schema(path: &Path, source: &Source) -> Result<SchemaRef> {
    let names = header(&mut reader(path, source)?, path)?;
    Ok(Arc::new(Schema::new(
        names
            .into_iter()
            .map(|name| Field::new(name, DataType::Utf8, true))
            .collect::<Vec<_>>(),
    )))
}

/// The file's rows, with the columns of `schema`; an empty field is null.
pub fn open(path: &Path, source: &Source, schema: &SchemaRef) -> Result<Pieces> {
    let mut reader = reader(path, source)?;
    let names = header(&mut reader, path)?;
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut order = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let position = names.iter().position(|name| name == field.name());
        order.push(position.ok_or_else(|| missing_column(path, field.name(), &known))?);
    }
    Ok(Box::new(Rows {
        reader,
        width: names.len(),
        order,
        schema: schema.clone(),
        path: path.to_owned(),
        record: ByteRecord::new(),
        done: false,
    }))
}

struct Rows {
    reader: Reader<Input>,
    /// Fields of the header.
    width: usize,
    /// For each column of the schema, its place in the file.
    order: Vec<usize>,
    schema: SchemaRef,
    path: PathBuf,
    record: ByteRecord,
    done: bool,
}

impl Iterator for Rows {
    type Item = Result<Unparsed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let batch = self.batch();
        match &batch {
            Ok(batch) if batch.lines.is_empty() && batch.malformed.is_empty() => return None,
            Err(_) => self.done = true,
            Ok(_) => {}
        }
        Some(batch.map(|batch| Box::new(|| Ok(batch)) as Unparsed))
    }
}

impl Rows {
    fn batch(&mut self) -> Result<RawBatch> {
        let mut builders: Vec<StringBuilder> =
            self.order.iter().map(|_| StringBuilder::new()).collect();
        let mut lines = Vec::with_capacity(BATCH_ROWS);
        let mut malformed = Vec::new();
        while lines.len() < BATCH_ROWS && malformed.len() < BATCH_ROWS {
            let more = self
                .reader
                .read_byte_record(&mut self.record)
                .map_err(|error| broken(&self.path, &error))?;
            if !more {
                self.done = true;
                break;
            }
            let line = self.record.position().map_or(0, csv::Position::line);
            if let Err(reason) = self.whole() {
                let value = String::from_utf8_lossy(self.record.as_slice())
                    .chars()
                    .take(200)
                    .collect();
                malformed.push(Malformed {
                    line,
                    value,
                    reason,
                });
                continue;
            }
            for (builder, &place) in builders.iter_mut().zip(&self.order) {
                // `whole` has made sure that every field is there and is UTF-8.
                match std::str::from_utf8(&self.record[place])
                    .unwrap_or_default()
                    .trim()
                {
                    "" => builder.append_null(),
                    text => builder.append_value(text),
                }
            }
            lines.push(line);
        }
        let columns: Vec<ArrayRef> = builders
            .iter_mut()
            .map(|builder| Arc::new(builder.finish()) as ArrayRef)
            .collect();
        let rows =
            RecordBatch::try_new(self.schema.clone(), columns).during(self.path.display())?;
        Ok(RawBatch {
            rows,
            lines,
            malformed,
        })
    }

    /// Whether the record has the header's number of fields, all of them text.
    fn whole(&self) -> Result<(), String> {
        if self.record.len() != self.width {
            return Err(format!(
                "{} fields where the header has {}",
                self.record.len(),
                self.width
            ));
        }
        if self
            .record
            .iter()
            .all(|field| std::str::from_utf8(field).is_ok())
        {
            Ok(())
        } else {
            Err("not UTF-8 text".to_owned())
        }
    }
}
