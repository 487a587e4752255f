//! Spreadsheets: the first row names the columns, and their cells say of which type they are.
//!
//! A sheet is held in memory while it is read, without its blank cells; it has at most 1,048,576
//! rows. How large it would be is looked at before it is unpacked ([`bounds`]).

mod bounds;
mod cells;
mod dense;
mod legacy;
mod tags;

use std::fs::File;
use std::io::{BufReader, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use calamine::{Data, Reader, Sheets as Workbook, open_workbook};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use glob::Pattern;
use sha2::{Digest, Sha256};

use self::cells::{Cells, MOST, Trouble, is_nothing};
use super::typed::{batch, float_text, has_columns, shaped};
use super::{BATCH_ROWS, Malformed, Pieces, RawBatch, SourceFile, Unparsed, distinct_names};
use crate::config::{Format, Sheets, Source, hex};
use crate::failure::{During, Failure, Result, did_you_mean};
use crate::text::count;

/// How a workbook of Excel 97 and earlier begins.
const COMPOUND: [u8; 4] = [0xd0, 0xcf, 0x11, 0xe0];

/// Cells of one batch at most, blank ones included.
const BATCH_CELLS: usize = 4 << 20;

/// In a sheet that is wider, columns without a name and without a cell are none.
const WIDE: usize = 1000;

/// The sheet's columns.
pub fn schema(path: &Path, source: &Source, sheet: Option<&str>) -> Result<SchemaRef> {
    Ok(Sheet::read(path, source, sheet)?.schema)
}

/// Where several sheets are read, each is a file of its own.
///
/// # Errors
/// A name that no spreadsheet has; a spreadsheet that has none of them.
pub fn each(files: Vec<SourceFile>, sheets: &Sheets) -> Result<Vec<SourceFile>> {
    if sheets.0.is_empty() || sheets.only().is_some() {
        return Ok(files);
    }
    let mut each = Vec::new();
    let mut found = vec![false; sheets.0.len()];
    let mut known: Vec<String> = Vec::new();
    let fits = |wanted: &str, name: &str| {
        let pattern = || Pattern::new(wanted).is_ok_and(|pattern| pattern.matches(name));
        wanted == name || Sheets::is_pattern(wanted) && pattern()
    };
    for file in files {
        if file.format != Format::Xlsx {
            each.push(file);
            continue;
        }
        let names = names(file.bytes())?;
        let mut some = false;
        for name in &names {
            let mut wanted = sheets.0.iter().zip(&mut found);
            let Some((_, found)) = wanted.find(|(wanted, _)| fits(wanted, name)) else {
                continue;
            };
            (*found, some) = (true, true);
            if names.len() == 1 {
                each.push(file.clone());
                continue;
            }
            let plain = name.replace(['/', '\\'], "_");
            let content = Sha256::new_with_prefix(format!("{}#{name}", file.sha256));
            each.push(SourceFile {
                path: format!("{}#{plain}", file.path.display()).into(),
                sha256: hex(&content.finalize()),
                sheet: Some(name.clone()),
                local: Some(file.bytes().to_owned()),
                ..file.clone()
            });
        }
        if !some {
            return Err(Failure::settings(format!(
                "{}: it has none of these sheets",
                file.path.display()
            ))
            .hint(format!("its sheets are {}", names.join(", "))));
        }
        known.extend(names);
    }
    let missing = sheets.0.iter().zip(found).find(|(_, found)| !found);
    match missing.filter(|_| !known.is_empty()) {
        None => Ok(each),
        Some((name, _)) => {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let failure = Failure::settings(format!("there is no sheet `{name}`"));
            Err(failure.hint(did_you_mean(name, &known)))
        }
    }
}

/// The other sheets of a spreadsheet of which only one is read without anybody having said which.
pub fn others(path: &Path) -> Result<Vec<String>> {
    Ok(names(path)?.into_iter().skip(1).collect())
}

/// The sheet's rows, with the columns of `schema`; a row is known by its number in the sheet.
pub fn open(
    path: &Path,
    source: &Source,
    sheet: Option<&str>,
    schema: &SchemaRef,
    hashed: bool,
) -> Result<Pieces> {
    let sheet = Sheet::read(path, source, sheet)?;
    has_columns(path, &sheet.schema, schema)?;
    let (sheet, schema) = (Arc::new(sheet), Arc::clone(schema));
    let rows = sheet.cells.height();
    let step = (BATCH_CELLS / sheet.cells.width().max(1)).clamp(1, BATCH_ROWS);
    Ok(Box::new((sheet.first..rows).step_by(step).map(
        move |from| {
            let (sheet, schema) = (Arc::clone(&sheet), Arc::clone(&schema));
            let places = from..rows.min(from + step);
            Ok(Box::new(move || sheet.rows(places, &schema, hashed)) as Unparsed)
        },
    )))
}

struct Sheet {
    path: PathBuf,
    cells: Cells,
    /// The first of the rows with cells that is below the header.
    first: usize,
    schema: SchemaRef,
    /// Where each column of the schema stands among those of the sheet.
    places: Vec<usize>,
}

impl Sheet {
    fn read(path: &Path, source: &Source, sheet: Option<&str>) -> Result<Self> {
        let cells = bounded(path, || cells_of(path, sheet))?;
        let above = cells.first_row().ok_or_else(|| empty(path))?;
        let top = u32::try_from(source.skip_lines)
            .unwrap_or(u32::MAX)
            .max(above);
        let mut first = cells.at_or_below(top);
        let width = cells.width();
        let names: Vec<Option<String>> = if source.header {
            if first == cells.height() {
                return Err(empty(path));
            }
            let (numbers, grid) = cells.rows(first..first + 1);
            // The lines to skip may end before a blank row.
            let named = numbers[0] == top;
            first += usize::from(named);
            let names = grid.row(0).iter().map(|cell| {
                let name = text(cell)?.trim().to_owned();
                (named && !name.is_empty()).then_some(name)
            });
            names.collect()
        } else {
            let given = source.column_names.iter().cloned().map(Some);
            given.chain(std::iter::repeat(None)).take(width).collect()
        };
        let mut types: Vec<ColumnType> = vec![ColumnType::default(); width];
        for (column, cell) in cells.below(first) {
            types[column].add(cell);
        }
        let (mut fields, mut places) = (Vec::new(), Vec::new());
        for (place, (name, column)) in names.into_iter().zip(types).enumerate() {
            if width > WIDE && name.is_none() && column == ColumnType::default() {
                continue;
            }
            let name = name.unwrap_or_else(|| format!("column_{}", place + 1));
            fields.push(Field::new(name, column.ends(), true));
            places.push(place);
        }
        let names: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
        distinct_names(&names, || format!("{}:{}", path.display(), top + 1))?;
        Ok(Self {
            path: path.to_owned(),
            cells,
            first,
            schema: Arc::new(Schema::new(fields)),
            places,
        })
    }

    /// Some of the rows with cells.
    fn rows(
        &self,
        places: std::ops::Range<usize>,
        schema: &SchemaRef,
        hashed: bool,
    ) -> Result<RawBatch> {
        let (numbers, grid) = self.cells.rows(places);
        let mut lines = Vec::with_capacity(numbers.len());
        let mut rows = Vec::with_capacity(numbers.len());
        let mut malformed = Vec::new();
        for (place, number) in numbers.into_iter().enumerate() {
            let row = grid.row(place);
            let line = u64::from(number) + 1;
            let wanted = |column: usize| {
                let name = self.schema.field(column).name();
                schema.field_with_name(name).is_ok()
            };
            let mut cells = self.places.iter().map(|place| row[*place]).enumerate();
            match cells.find(|(column, cell)| matches!(cell, Data::Error(_)) && wanted(*column)) {
                Some((column, cell)) => malformed.push(Malformed {
                    line,
                    value: cell.to_string(),
                    reason: tr!(
                        "has an error in column `{column}`",
                        column = self.schema.field(column).name()
                    ),
                }),
                None => {
                    lines.push(line);
                    rows.push(row);
                }
            }
        }
        let columns = self.schema.fields().iter().zip(&self.places);
        let columns = columns
            .map(|(field, place)| {
                let cells = rows.iter().map(|row| row[*place]);
                values(cells, field.data_type())
            })
            .collect();
        let batch = batch(&self.schema, columns, rows.len()).during(self.path.display())?;
        let raw = shaped(&batch, lines, hashed, schema, &self.path)?;
        malformed.extend(raw.malformed);
        malformed.sort_by_key(|malformed| malformed.line);
        Ok(RawBatch { malformed, ..raw })
    }
}

/// What is found in a spreadsheet, if it can be held in memory.
fn bounded<T>(path: &Path, find: impl FnOnce() -> Result<T>) -> Result<T> {
    bounds::check(path)?;
    // The library may stumble over what is damaged.
    catch_unwind(AssertUnwindSafe(find)).unwrap_or_else(|_| Err(broken(path, &"it is damaged")))
}

/// What its sheets are called, in their order.
fn names(path: &Path) -> Result<Vec<String>> {
    bounded(path, || Ok(workbook(path)?.sheet_names()))
}

/// The cells of the sheet with a name, or of the first.
fn cells_of(path: &Path, sheet: Option<&str>) -> Result<Cells> {
    let mut book = workbook(path)?;
    let names = book.sheet_names();
    let name = match sheet {
        Some(name) if names.iter().any(|known| known == name) => name,
        Some(name) => {
            let known: Vec<&str> = names.iter().map(String::as_str).collect();
            return Err(Failure::settings(format!(
                "{}: there is no sheet `{name}`",
                path.display()
            ))
            .hint(did_you_mean(name, &known)));
        }
        None => names
            .first()
            .map(String::as_str)
            .ok_or_else(|| empty(path))?,
    };
    let damaged = |error: &dyn std::fmt::Display| {
        Failure::data(format!("{}: sheet `{name}`: {error}", path.display()))
            .hint("save it again from the program that made it, or as CSV")
    };
    let too_many = |row: u32| {
        Failure::data(format!(
            "{}:{}: sheet `{name}` has more than {} cells, the limit",
            path.display(),
            u64::from(row) + 1,
            count(MOST as u64)
        ))
        .hint("save it as CSV or Parquet, or cut it into several files")
    };
    match &mut book {
        Workbook::Xlsx(book) => {
            let mut reader = match book.worksheet_cells_reader(name) {
                Ok(reader) => reader,
                Err(calamine::XlsxError::NotAWorksheet(_)) => return Err(empty(path)),
                Err(error) => return Err(damaged(&error)),
            };
            Cells::gather(|| reader.next_cell()).map_err(|trouble| match trouble {
                Trouble::Damaged(error) => damaged(&error),
                Trouble::TooMany { row } => too_many(row),
            })
        }
        Workbook::Xlsb(book) => {
            let mut reader = book
                .worksheet_cells_reader(name)
                .map_err(|error| damaged(&error))?;
            Cells::gather(|| reader.next_cell()).map_err(|trouble| match trouble {
                Trouble::Damaged(error) => damaged(&error),
                Trouble::TooMany { row } => too_many(row),
            })
        }
        book => Ok(Cells::of_range(
            &book
                .worksheet_range(name)
                .map_err(|error| damaged(&error))?,
        )),
    }
}

fn broken(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::data(format!(
        "{}: this is no whole spreadsheet: {error}",
        path.display()
    ))
    .hint("was the file cut short, or is it locked with a password? Save it again, or as CSV")
}

fn workbook(path: &Path) -> Result<Workbook<BufReader<File>>> {
    let mut start = Vec::new();
    File::open(path)
        .and_then(|file| file.take(4).read_to_end(&mut start))
        .during(path.display())?;
    if start == COMPOUND {
        return open_workbook(path)
            .map(Workbook::Xls)
            .map_err(|error: calamine::XlsError| broken(path, &error));
    }
    // The others are archives, which tell what they are by what they hold.
    let first = match open_workbook(path) {
        Ok(book) => return Ok(Workbook::Xlsx(book)),
        Err(error) => broken(path, &(error as calamine::XlsxError)),
    };
    open_workbook(path)
        .map(Workbook::Xlsb)
        .or_else(|_| open_workbook(path).map(Workbook::Ods))
        .map_err(|_| first)
}

fn empty(path: &Path) -> Failure {
    Failure::data(format!("{}: the sheet is empty", path.display()))
        .hint("the first row must name the columns; name another sheet with sheet = \"...\"")
}

/// The type that holds every cell of a column; text holds them all.
#[derive(Clone, Default, PartialEq)]
struct ColumnType(Option<DataType>);

impl ColumnType {
    fn add(&mut self, cell: &Data) {
        let own = match cell {
            Data::Error(_) => return, // such a row is a reject
            cell if is_nothing(cell) => return,
            Data::Bool(_) => DataType::Boolean,
            Data::Int(_) | Data::Float(_) => DataType::Float64,
            cell if time(cell).is_some() => DataType::Timestamp(TimeUnit::Microsecond, None),
            Data::DateTime(_) => DataType::Float64, // a duration
            _ => DataType::Utf8,
        };
        match &self.0 {
            Some(common) if *common == own => {}
            Some(_) => self.0 = Some(DataType::Utf8),
            None => self.0 = Some(own),
        }
    }

    fn ends(self) -> DataType {
        self.0.unwrap_or(DataType::Utf8)
    }
}

fn values<'a>(cells: impl Iterator<Item = &'a Data>, data_type: &DataType) -> ArrayRef {
    match data_type {
        DataType::Boolean => Arc::new(
            cells
                .map(|cell| match cell {
                    Data::Bool(flag) => Some(*flag),
                    _ => None,
                })
                .collect::<BooleanArray>(),
        ),
        DataType::Float64 => Arc::new(cells.map(number).collect::<Float64Array>()),
        DataType::Timestamp(..) => Arc::new(
            cells
                .map(|cell| Some(time(cell)?.and_utc().timestamp_micros()))
                .collect::<TimestampMicrosecondArray>(),
        ),
        _ => Arc::new(cells.map(text).collect::<StringArray>()),
    }
}

fn number(cell: &Data) -> Option<f64> {
    match cell {
        Data::Int(value) => Some(*value as f64),
        Data::Float(value) => Some(*value),
        Data::DateTime(value) => Some(value.as_f64()),
        _ => None,
    }
}

/// A date, or a date with a time of day; a sheet knows no time zones.
fn time(cell: &Data) -> Option<NaiveDateTime> {
    match cell {
        Data::DateTime(value) if value.is_datetime() => value.as_datetime(),
        Data::DateTimeIso(text) => NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f")
            .ok()
            .or_else(|| {
                let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
                Some(date.and_time(NaiveTime::MIN))
            }),
        _ => None,
    }
}

fn text(cell: &Data) -> Option<String> {
    match cell {
        Data::String(text) if text.trim().is_empty() => None,
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => {
            Some(text.clone())
        }
        Data::Int(value) => Some(value.to_string()),
        Data::Float(value) => Some(float_text(*value)),
        Data::Bool(value) => Some(value.to_string()),
        Data::DateTime(value) => Some(match time(cell) {
            Some(time) => time.to_string(),
            None => value.as_f64().to_string(),
        }),
        Data::Error(error) => Some(error.to_string()),
        Data::Empty => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_decide_the_type_of_their_column_and_text_holds_all() {
        let float = Data::Float;
        let word = |text: &str| Data::String(text.to_owned());
        let cases: [(&[Data], DataType); 5] = [
            (&[float(1.0), Data::Empty, Data::Int(2)], DataType::Float64),
            (&[float(1.0), word("x")], DataType::Utf8),
            (&[Data::Bool(true), word(" ")], DataType::Boolean),
            (
                &[Data::DateTimeIso("2023-01-05".to_owned())],
                DataType::Timestamp(TimeUnit::Microsecond, None),
            ),
            (&[], DataType::Utf8),
        ];
        for (cells, expected) in cases {
            let mut column = ColumnType::default();
            cells.iter().for_each(|cell| column.add(cell));
            assert_eq!(column.ends(), expected, "{cells:?}");
        }
        assert_eq!(text(&float(7.0)).as_deref(), Some("7"));
        assert_eq!(text(&float(7.25)).as_deref(), Some("7.25"));
    }
}
