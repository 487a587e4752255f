//! One table, written as Parquet or CSV from the same record batches.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal64Type, Float64Type, Int8Type, Int64Type, SchemaRef,
    TimestampMicrosecondType,
};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::error::WriteError;

/// The format of the sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// Text with one row a line, and a header.
    Csv,
}

impl Format {
    /// How the names of files end.
    pub fn ending(self) -> &'static str {
        match self {
            Format::Parquet => "parquet",
            Format::Csv => "csv",
        }
    }
}

/// The most rows in a row group: what is buffered for each thread stays small.
const ROW_GROUP: usize = 262_144;

/// Writes one table.
pub struct TableWriter {
    path: PathBuf,
    sink: Sink,
}

enum Sink {
    Parquet(Box<ArrowWriter<File>>),
    Csv(Box<csv::Writer<BufWriter<File>>>),
}

impl TableWriter {
    /// A new file; the folder must be there.
    pub fn new(path: PathBuf, format: Format, schema: SchemaRef) -> Result<Self, WriteError> {
        let file = File::create(&path).map_err(|error| WriteError::io(&path, error))?;
        let sink = match format {
            Format::Parquet => {
                let properties = WriterProperties::builder()
                    .set_compression(Compression::SNAPPY)
                    .set_max_row_group_row_count(Some(ROW_GROUP))
                    .build();
                // Without the Arrow schema every reader sees plain Parquet types: decimals of the
                // usual width, text without dictionaries.
                let options = ArrowWriterOptions::new()
                    .with_properties(properties)
                    .with_skip_arrow_metadata(true);
                let writer = ArrowWriter::try_new_with_options(file, schema, options)
                    .map_err(|error| WriteError::parquet(&path, error))?;
                Sink::Parquet(Box::new(writer))
            }
            Format::Csv => {
                let mut writer = csv::WriterBuilder::new()
                    .buffer_capacity(1 << 18)
                    .from_writer(BufWriter::new(file));
                let names = schema.fields().iter().map(|field| field.name());
                writer
                    .write_record(names)
                    .map_err(|error| WriteError::csv(&path, error))?;
                Sink::Csv(Box::new(writer))
            }
        };
        Ok(Self { path, sink })
    }

    /// Adds rows.
    pub fn write(&mut self, rows: &RecordBatch) -> Result<(), WriteError> {
        match &mut self.sink {
            Sink::Parquet(writer) => writer
                .write(rows)
                .map_err(|error| WriteError::parquet(&self.path, error)),
            Sink::Csv(writer) => write_csv(writer, rows, &self.path),
        }
    }

    /// Ends the file.
    pub fn close(self) -> Result<(), WriteError> {
        match self.sink {
            Sink::Parquet(writer) => {
                writer
                    .close()
                    .map_err(|error| WriteError::parquet(&self.path, error))?;
                Ok(())
            }
            Sink::Csv(mut writer) => writer
                .flush()
                .map_err(|error| WriteError::io(&self.path, error)),
        }
    }
}

/// Writes a table that is there as a whole.
pub fn write_table(path: PathBuf, format: Format, rows: &RecordBatch) -> Result<(), WriteError> {
    let mut writer = TableWriter::new(path, format, rows.schema())?;
    writer.write(rows)?;
    writer.close()
}

fn write_csv(
    writer: &mut csv::Writer<BufWriter<File>>,
    rows: &RecordBatch,
    path: &Path,
) -> Result<(), WriteError> {
    let mut cell = Vec::with_capacity(64);
    for row in 0..rows.num_rows() {
        for column in rows.columns() {
            cell.clear();
            if column.is_valid(row) {
                write_cell(&mut cell, column.as_ref(), row)
                    .map_err(|error| WriteError::io(path, error))?;
            }
            writer
                .write_field(&cell)
                .map_err(|error| WriteError::csv(path, error))?;
        }
        writer
            .write_record(None::<&[u8]>)
            .map_err(|error| WriteError::csv(path, error))?;
    }
    Ok(())
}

/// A value as text: plain digits, two decimals for money, ISO 8601 for days and times. Bytes are
/// written as they are, so that a cell can hold text in another encoding.
fn write_cell(cell: &mut Vec<u8>, column: &dyn Array, row: usize) -> std::io::Result<()> {
    match column.data_type() {
        DataType::Int64 => write!(cell, "{}", column.as_primitive::<Int64Type>().value(row)),
        DataType::Float64 => write!(cell, "{}", column.as_primitive::<Float64Type>().value(row)),
        DataType::Boolean => write!(cell, "{}", column.as_boolean().value(row)),
        DataType::Utf8 => cell.write_all(column.as_string::<i32>().value(row).as_bytes()),
        DataType::Binary => cell.write_all(column.as_binary::<i32>().value(row)),
        DataType::Dictionary(..) => {
            let words = column.as_dictionary::<Int8Type>();
            let key = words.keys().value(row);
            write_cell(cell, words.values().as_ref(), key as usize)
        }
        DataType::Decimal64(..) => {
            let cents = column.as_primitive::<Decimal64Type>().value(row);
            let sign = if cents < 0 { "-" } else { "" };
            let cents = cents.unsigned_abs();
            write!(cell, "{sign}{}.{:02}", cents / 100, cents % 100)
        }
        DataType::Date32 => {
            let day = column.as_primitive::<Date32Type>().value_as_date(row);
            write!(cell, "{}", day.unwrap_or_default())
        }
        _ => {
            let times = column.as_primitive::<TimestampMicrosecondType>();
            let time = times.value_as_datetime(row).unwrap_or_default();
            write!(cell, "{}", time.format("%Y-%m-%d %H:%M:%S"))
        }
    }
}
