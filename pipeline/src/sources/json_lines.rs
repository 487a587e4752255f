//! JSON: an object a line, or an array of objects. The columns are the names of the objects; an
//! object within an object gives columns such as `customer.id`; arrays within one are left out.

use std::collections::{BTreeMap, HashMap};
use std::io::{Cursor, Read, Result as IoResult};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use memchr::memchr_iter;
use serde_json::{Map, Value};

use super::bytes::Input;
use super::cut::{Cut, Piece, Syntax};
use super::records::Records;
use super::text::{Advice, Faults, Text, cannot_read, excerpt};
use super::typed::{batch, float_text, has_columns};
use super::{Malformed, Pieces, RawBatch};
use crate::config::Source;
use crate::engine::row_hash::hash_bytes;
use crate::failure::{Failure, Result};

/// Bytes that are looked at to learn the columns and their types.
const LOOKED_AT: usize = 8 << 20;

/// The columns of the first lines; where their types differ, text.
pub fn schema(path: &Path, source: &Source) -> Result<SchemaRef> {
    let mut text = open_text(path, source)?;
    let mut columns: BTreeMap<String, (usize, Option<DataType>)> = BTreeMap::new();
    let (mut seen, mut objects) = (0, 0);
    while seen < LOOKED_AT {
        let cut = text.cutter.next_piece();
        let piece = match cut.map_err(|error| cannot_read(path, error))? {
            None => break,
            Some(Cut::Broken(_)) => continue,
            Some(Cut::Whole(piece)) => piece,
        };
        seen += piece.bytes.len();
        for line in piece.bytes.split(|&byte| byte == text.end) {
            let Ok(Value::Object(object)) = serde_json::from_slice(line) else {
                continue;
            };
            objects += 1;
            each_value(&object, "", &mut |name, value| {
                let next = columns.len();
                let (_, known) = columns.entry(name.to_owned()).or_insert((next, None));
                if let Some(own) = type_of(value) {
                    *known = Some(match known.take() {
                        None => own,
                        Some(known) => common(known, own),
                    });
                }
            });
        }
    }
    if objects == 0 {
        let failure = Failure::data(format!("{}: there is no JSON object", path.display()));
        return Err(match seen {
            0 => failure.hint("the file is empty"),
            _ => failure.hint(
                "write one object a line, such as {\"customer\": 7, \"when\": \"2024-12-31\"}",
            ),
        });
    }
    let mut columns: Vec<_> = columns.into_iter().collect();
    columns.sort_by_key(|(_, (first_seen, _))| *first_seen);
    let fields = columns
        .into_iter()
        .map(|(name, (_, own))| Field::new(name, own.unwrap_or(DataType::Utf8), true));
    Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
}

/// The file's rows, with the columns of `schema`; in an array, a line is an element.
pub fn open(path: &Path, source: &Source, schema: &SchemaRef) -> Result<Pieces> {
    let own = self::schema(path, source)?;
    has_columns(path, &own, schema)?;
    let text = open_text(path, source)?;
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| match field.data_type() {
            DataType::Int64 | DataType::Float64 | DataType::Boolean => field.as_ref().clone(),
            _ => Field::new(field.name(), DataType::Utf8, true),
        })
        .collect();
    let shape = Shape {
        end: text.end,
        advice: Arc::clone(&text.advice),
        places: fields
            .iter()
            .enumerate()
            .map(|(place, field)| (field.name().clone(), place))
            .collect(),
        schema: Arc::new(Schema::new(fields)),
    };
    Ok(text.pieces(schema, move |piece| shape.parse(piece)))
}

fn open_text(path: &Path, source: &Source) -> Result<Text> {
    Text::open_through(path, source, elements_as_lines)
}

/// Calls for every value that is no object or array, with the names on the way to it.
fn each_value<'a>(
    object: &'a Map<String, Value>,
    above: &str,
    each: &mut dyn FnMut(&str, &'a Value),
) {
    for (name, value) in object {
        let joined;
        let name = if above.is_empty() {
            name
        } else {
            joined = format!("{above}.{name}");
            &joined
        };
        match value {
            Value::Object(inner) => each_value(inner, name, each),
            Value::Array(_) => {}
            value => each(name, value),
        }
    }
}

fn type_of(value: &Value) -> Option<DataType> {
    match value {
        Value::Bool(_) => Some(DataType::Boolean),
        Value::Number(number) if number.is_i64() => Some(DataType::Int64),
        Value::Number(number) if number.is_f64() => Some(DataType::Float64),
        Value::Number(_) | Value::String(_) => Some(DataType::Utf8),
        _ => None,
    }
}

fn common(one: DataType, other: DataType) -> DataType {
    match (&one, &other) {
        _ if one == other => one,
        (DataType::Int64, DataType::Float64) | (DataType::Float64, DataType::Int64) => {
            DataType::Float64
        }
        _ => DataType::Utf8,
    }
}

/// What the lines of a file have in common.
struct Shape {
    end: u8,
    advice: Arc<Advice>,
    /// For each wanted column, its place.
    places: HashMap<String, usize>,
    /// Whole numbers, numbers, flags and text.
    schema: SchemaRef,
}

impl Shape {
    fn parse(&self, piece: &Piece) -> Result<RawBatch> {
        let bytes = piece.bytes.as_slice();
        let faults = Faults::of(bytes, &self.advice);
        let syntax = Syntax {
            delimiter: self.end,
            end: self.end,
            ..Syntax::LINES
        };
        let lines = memchr_iter(self.end, bytes).count();
        let mut columns: Vec<Column> = self
            .schema
            .fields()
            .iter()
            .map(|field| Column::new(field.data_type(), lines))
            .collect();
        let (mut lines, mut line_hashes) = (Vec::with_capacity(lines), Vec::with_capacity(lines));
        let mut malformed = Vec::new();
        let mut records = Records::new(bytes, piece.line, syntax);
        let mut none = Vec::new();
        while let Some(record) = records.next(&mut none) {
            let raw = &bytes[record.start..record.end];
            if raw.trim_ascii().is_empty() {
                continue;
            }
            let row = match faults.of_record(raw) {
                Some(reason) => Err(reason.to_owned()),
                None => self.row(raw),
            };
            match row {
                Ok(cells) => {
                    lines.push(record.line);
                    line_hashes.push(hash_bytes(0, raw));
                    for (column, cell) in columns.iter_mut().zip(cells) {
                        column.push(cell);
                    }
                }
                Err(reason) => malformed.push(Malformed {
                    line: record.line,
                    value: excerpt(raw),
                    reason,
                }),
            }
        }
        let columns = columns.into_iter().map(Column::finish).collect();
        Ok(RawBatch {
            rows: batch(&self.schema, columns, lines.len())?,
            lines,
            hashes: line_hashes,
            malformed,
            flaws: Vec::new(),
        })
    }

    /// The cells of a line, each of its column's type.
    fn row(&self, line: &[u8]) -> Result<Vec<Cell>, String> {
        let object = match serde_json::from_slice(line) {
            Ok(Value::Object(object)) => object,
            Ok(_) => return Err(tr!("is no JSON object")),
            Err(error) => return Err(tr!("is no JSON: {error}", error = without_place(&error))),
        };
        let mut cells: Vec<Cell> = self.schema.fields().iter().map(|_| Cell::Null).collect();
        let mut problem = None;
        each_value(&object, "", &mut |name, value| {
            if let Some(&place) = self.places.get(name) {
                match cell(value, self.schema.field(place).data_type()) {
                    Some(cell) => cells[place] = cell,
                    None => problem = Some(place),
                }
            }
        });
        match problem {
            None => Ok(cells),
            Some(place) => {
                let field = self.schema.field(place);
                let name = field.name();
                Err(match field.data_type() {
                    DataType::Int64 => tr!(
                        "`{name}` is no whole number, which it is in the first lines",
                        name = name
                    ),
                    DataType::Float64 => tr!(
                        "`{name}` is no number, which it is in the first lines",
                        name = name
                    ),
                    _ => tr!(
                        "`{name}` is no true or false, which it is in the first lines",
                        name = name
                    ),
                })
            }
        }
    }
}

/// The line is known already, and columns would make a reason of every place.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ")
        .next()
        .unwrap_or_default()
        .to_owned()
}

enum Cell {
    Null,
    Whole(i64),
    Number(f64),
    Flag(bool),
    Text(String),
}

/// A value as one of the column's type, if that holds it as it is.
fn cell(value: &Value, data_type: &DataType) -> Option<Cell> {
    Some(match (data_type, value) {
        (_, Value::Null) => Cell::Null,
        (DataType::Int64, Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Cell::Whole(whole),
            (None, Some(value)) if value.fract() == 0.0 && value.abs() < 9.0e15 => {
                Cell::Whole(value as i64)
            }
            _ => return None,
        },
        (DataType::Int64, Value::String(text)) => {
            let whole: i64 = text.parse().ok()?;
            (whole.to_string() == *text).then_some(Cell::Whole(whole))?
        }
        (DataType::Float64, Value::Number(number)) => Cell::Number(number.as_f64()?),
        (DataType::Float64, Value::String(text)) => Cell::Number(text.trim().parse().ok()?),
        (DataType::Boolean, Value::Bool(flag)) => Cell::Flag(*flag),
        (DataType::Int64 | DataType::Float64 | DataType::Boolean, _) => return None,
        (_, Value::String(text)) if text.trim().is_empty() => Cell::Null,
        (_, Value::String(text)) => Cell::Text(text.trim().to_owned()),
        (_, Value::Number(number)) if number.is_f64() => {
            Cell::Text(float_text(number.as_f64().unwrap_or_default()))
        }
        (_, other) => Cell::Text(other.to_string()),
    })
}

enum Column {
    Whole(Vec<Option<i64>>),
    Number(Vec<Option<f64>>),
    Flag(Vec<Option<bool>>),
    Text(Vec<Option<String>>),
}

impl Column {
    fn new(data_type: &DataType, rows: usize) -> Self {
        match data_type {
            DataType::Int64 => Self::Whole(Vec::with_capacity(rows)),
            DataType::Float64 => Self::Number(Vec::with_capacity(rows)),
            DataType::Boolean => Self::Flag(Vec::with_capacity(rows)),
            _ => Self::Text(Vec::with_capacity(rows)),
        }
    }

    /// Adds a cell, which `cell` has made of this column's type.
    fn push(&mut self, cell: Cell) {
        match (self, cell) {
            (Self::Whole(column), Cell::Whole(value)) => column.push(Some(value)),
            (Self::Number(column), Cell::Number(value)) => column.push(Some(value)),
            (Self::Flag(column), Cell::Flag(value)) => column.push(Some(value)),
            (Self::Text(column), Cell::Text(value)) => column.push(Some(value)),
            (Self::Whole(column), _) => column.push(None),
            (Self::Number(column), _) => column.push(None),
            (Self::Flag(column), _) => column.push(None),
            (Self::Text(column), _) => column.push(None),
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Whole(column) => Arc::new(Int64Array::from(column)),
            Self::Number(column) => Arc::new(Float64Array::from(column)),
            Self::Flag(column) => Arc::new(BooleanArray::from(column)),
            Self::Text(column) => Arc::new(StringArray::from(column)),
        }
    }
}

/// A text that is an array becomes one with an element a line; any other stays as it is.
fn elements_as_lines(mut input: Input) -> IoResult<Input> {
    let mut start = Vec::new();
    let mut byte = [0];
    while input.read(&mut byte)? == 1 {
        start.push(byte[0]);
        if !byte[0].is_ascii_whitespace() {
            break;
        }
    }
    if start.last() == Some(&b'[') {
        return Ok(Box::new(Elements {
            input,
            depth: 0,
            in_text: false,
            escaped: false,
        }));
    }
    Ok(Box::new(Cursor::new(start).chain(input)))
}

/// The elements of an array whose opening bracket has been read. Every byte stays one byte: commas
/// between elements become line ends, and line ends within them become blanks.
struct Elements {
    input: Input,
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl Elements {
    fn byte(&mut self, byte: u8) -> u8 {
        if self.in_text {
            self.in_text = self.escaped || byte != b'"';
            self.escaped = byte == b'\\' && !self.escaped;
        } else {
            match byte {
                b'"' => self.in_text = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth > 0 => self.depth -= 1,
                b',' | b']' if self.depth == 0 => return b'\n',
                _ => {}
            }
        }
        match byte {
            b'\n' | b'\r' => b' ',
            other => other,
        }
    }
}

impl Read for Elements {
    fn read(&mut self, out: &mut [u8]) -> IoResult<usize> {
        let read = self.input.read(out)?;
        for byte in &mut out[..read] {
            *byte = self.byte(*byte);
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let mut input = elements_as_lines(Box::new(Cursor::new(text.as_bytes().to_vec()))).unwrap();
        let mut lines = String::new();
        input.read_to_string(&mut lines).unwrap();
        lines.lines().map(|line| line.trim().to_owned()).collect()
    }

    #[test]
    fn the_elements_of_an_array_become_lines_whatever_their_texts_hold() {
        let array = " [\n {\"a\": \"],\\\"\",\n \"b\": [1, 2]},\n{\"c\": {\"d\": 1}}\n]\n";
        assert_eq!(
            lines(array),
            [
                "{\"a\": \"],\\\"\",  \"b\": [1, 2]}",
                "{\"c\": {\"d\": 1}}",
                ""
            ]
        );
        assert_eq!(lines("{\"a\":\n1}"), ["{\"a\":", "1}"]);
    }

    #[test]
    fn a_value_is_cast_only_if_nothing_is_lost() {
        let of = |value: Value, data_type: &DataType| cell(&value, data_type).is_some();
        assert!(of(7.into(), &DataType::Int64));
        assert!(of("7".into(), &DataType::Int64));
        assert!(!of("007".into(), &DataType::Int64));
        assert!(!of(7.5.into(), &DataType::Int64));
        assert!(of("7.50".into(), &DataType::Float64));
        assert!(!of("much".into(), &DataType::Float64));
        assert!(!of(1.into(), &DataType::Boolean));
        assert!(of(1.into(), &DataType::Utf8));
    }
}
