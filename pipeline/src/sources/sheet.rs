//! Spreadsheets: the first row names the columns, and their cells say of which type they are.
//!
//! A sheet is held in memory while it is read; it has at most 1,048,576 rows.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use calamine::{Data, Range, Reader, Sheets as Workbook, open_workbook};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use glob::Pattern;
use sha2::{Digest, Sha256};

use super::typed::{batch, float_text, has_columns, shaped};
use super::{BATCH_ROWS, Malformed, Pieces, RawBatch, SourceFile, Unparsed, distinct_names};
use crate::config::{Format, Sheets, Source, hex};
use crate::failure::{During, Failure, Result, did_you_mean};

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
        let names = workbook(file.bytes())?.sheet_names();
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
            let shown = name.replace(['/', '\\'], "_");
            let content = Sha256::new_with_prefix(format!("{}#{name}", file.sha256));
            each.push(SourceFile {
                path: format!("{}#{shown}", file.path.display()).into(),
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
    Ok(workbook(path)?.sheet_names().into_iter().skip(1).collect())
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
    let rows = sheet.range.height();
    Ok(Box::new((sheet.first..rows).step_by(BATCH_ROWS).map(
        move |from| {
            let (sheet, schema) = (Arc::clone(&sheet), Arc::clone(&schema));
            Ok(Box::new(move || sheet.rows(from, &schema, hashed)) as Unparsed)
        },
    )))
}

struct Sheet {
    path: PathBuf,
    range: Range<Data>,
    /// The first row of the range below the header.
    first: usize,
    schema: SchemaRef,
}

impl Sheet {
    fn read(path: &Path, source: &Source, sheet: Option<&str>) -> Result<Self> {
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
        let range = book.worksheet_range(name).map_err(|error| {
            Failure::data(format!("{}: sheet `{name}`: {error}", path.display()))
                .hint("save it again from the program that made it, or as CSV")
        })?;
        let (above, _) = range.start().ok_or_else(|| empty(path))?;
        let mut first = source.skip_lines.saturating_sub(above as usize);
        let width = range.width();
        let names: Vec<String> = if source.header {
            let header = range.rows().nth(first).ok_or_else(|| empty(path))?;
            let line = above as usize + first + 1;
            first += 1;
            let names = header.iter().enumerate().map(|(number, cell)| {
                match text(cell).as_deref().map(str::trim) {
                    None | Some("") => format!("column_{}", number + 1),
                    Some(name) => name.to_owned(),
                }
            });
            let names = names.collect::<Vec<_>>();
            distinct_names(&names, || format!("{}:{line}", path.display()))?;
            names
        } else {
            let given = source.column_names.iter().cloned();
            let more = (given.len()..width).map(|number| format!("column_{}", number + 1));
            given.chain(more).take(width).collect()
        };
        let fields: Vec<Field> = names
            .into_iter()
            .enumerate()
            .map(|(column, name)| {
                let cells = range.rows().skip(first).map(|row| &row[column]);
                Field::new(name, column_type(cells), true)
            })
            .collect();
        Ok(Self {
            path: path.to_owned(),
            range,
            first,
            schema: Arc::new(Schema::new(fields)),
        })
    }

    /// Some rows from this one of the range on; those without any cell are none.
    fn rows(&self, from: usize, schema: &SchemaRef, hashed: bool) -> Result<RawBatch> {
        let above = self.range.start().map_or(0, |(row, _)| u64::from(row));
        let mut lines = Vec::with_capacity(BATCH_ROWS);
        let mut rows = Vec::with_capacity(BATCH_ROWS);
        let mut malformed = Vec::new();
        let numbered = self.range.rows().enumerate().skip(from).take(BATCH_ROWS);
        for (number, row) in numbered {
            let line = above + number as u64 + 1;
            if row.iter().all(is_nothing) {
                continue;
            }
            let wanted = |column: usize| {
                let name = self.schema.field(column).name();
                schema.field_with_name(name).is_ok()
            };
            let mut cells = row.iter().enumerate();
            match cells.position(|(column, cell)| matches!(cell, Data::Error(_)) && wanted(column))
            {
                Some(column) => malformed.push(Malformed {
                    line,
                    value: row[column].to_string(),
                    reason: format!(
                        "has an error in column `{}`",
                        self.schema.field(column).name()
                    ),
                }),
                None => {
                    lines.push(line);
                    rows.push(row);
                }
            }
        }
        let columns = self.schema.fields().iter().enumerate();
        let columns = columns
            .map(|(column, field)| {
                let cells = rows.iter().map(|row| &row[column]);
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

fn workbook(path: &Path) -> Result<Workbook<BufReader<File>>> {
    let mut start = Vec::new();
    File::open(path)
        .and_then(|file| file.take(4).read_to_end(&mut start))
        .during(path.display())?;
    let broken = |error: &dyn std::fmt::Display| {
        Failure::data(format!(
            "{}: this is no whole spreadsheet: {error}",
            path.display()
        ))
        .hint("was the file cut short, or is it locked with a password? Save it again, or as CSV")
    };
    if start == [0xd0, 0xcf, 0x11, 0xe0] {
        return open_workbook(path)
            .map(Workbook::Xls)
            .map_err(|error: calamine::XlsError| broken(&error));
    }
    // The others are archives, which tell what they are by what they hold.
    let first = match open_workbook(path) {
        Ok(book) => return Ok(Workbook::Xlsx(book)),
        Err(error) => broken(&(error as calamine::XlsxError)),
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

fn is_nothing(cell: &Data) -> bool {
    match cell {
        Data::Empty => true,
        Data::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// The type that holds every cell of a column; text holds them all.
fn column_type<'a>(cells: impl Iterator<Item = &'a Data>) -> DataType {
    let mut common = None;
    for cell in cells.filter(|cell| !is_nothing(cell)) {
        let own = match cell {
            Data::Error(_) => continue, // such a row is a reject
            Data::Bool(_) => DataType::Boolean,
            Data::Int(_) | Data::Float(_) => DataType::Float64,
            cell if time(cell).is_some() => DataType::Timestamp(TimeUnit::Microsecond, None),
            Data::DateTime(_) => DataType::Float64, // a duration
            _ => return DataType::Utf8,
        };
        if common.get_or_insert_with(|| own.clone()) != &own {
            return DataType::Utf8;
        }
    }
    common.unwrap_or(DataType::Utf8)
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
            assert_eq!(column_type(cells.iter()), expected, "{cells:?}");
        }
        assert_eq!(text(&float(7.0)).as_deref(), Some("7"));
        assert_eq!(text(&float(7.25)).as_deref(), Some("7.25"));
    }
}
