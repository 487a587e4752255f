//! Parquet files: typed columns, rows numbered from 1, decoded where the pieces are parsed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Type as PhysicalType;

use super::typed::{flat, has_columns, is_flat, numbered, shaped};
use super::{Pieces, RawBatch, Unparsed};
use crate::failure::{During, Failure, Result};

/// Rows in a piece, if its row group has more: enough that looking for the first of them is little
/// beside decoding them.
const PIECE_ROWS: usize = 1 << 16;

fn metadata(path: &Path) -> Result<ArrowReaderMetadata> {
    let file = File::open(path).during(path.display())?;
    let broken = |error| {
        Failure::data(format!("{}: this is no whole Parquet file: {error}", path.display()))
            .hint("was the file cut short while copying? Copy it again, or name its format in the settings")
    };
    let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(broken)?;
    let old = old_times(&metadata);
    if old.is_empty() {
        return Ok(metadata);
    }
    let fields = metadata.schema().fields().iter().map(|field| {
        let is_old = old.contains(field.name()) && field.data_type().is_temporal();
        match is_old {
            true => Arc::new(field.as_ref().clone().with_data_type(MICROSECONDS)),
            false => Arc::clone(field),
        }
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let options = ArrowReaderOptions::new().with_schema(schema);
    ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options).map_err(broken)
}

const MICROSECONDS: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// Columns of the old type INT96, which would be read as nanoseconds since 1970, and these end in
/// 2262: the year 9999 would be another one.
fn old_times(metadata: &ArrowReaderMetadata) -> Vec<String> {
    let columns = metadata.parquet_schema().columns().iter();
    columns
        .filter(|column| column.physical_type() == PhysicalType::INT96)
        .filter(|column| column.path().parts().len() == 1)
        .map(|column| column.name().to_owned())
        .collect()
}

/// The file's columns; nested ones are left out, since nothing can be mapped from them yet.
pub fn schema(path: &Path) -> Result<SchemaRef> {
    Ok(flat(metadata(path)?.schema()))
}

/// How many rows the file says that it has.
pub fn rows(path: &Path) -> Result<u64> {
    let rows = metadata(path)?.metadata().file_metadata().num_rows();
    Ok(u64::try_from(rows).unwrap_or(0))
}

/// The file's rows, with the columns of `schema`; the others are read for the hashes alone.
pub fn open(path: &Path, schema: &SchemaRef, hashed: bool) -> Result<Pieces> {
    let metadata = metadata(path)?;
    let own = metadata.schema();
    has_columns(path, own, schema)?;
    let read = own.fields().iter().enumerate().filter(|(_, field)| {
        is_flat(field.data_type()) && (hashed || schema.field_with_name(field.name()).is_ok())
    });
    let roots: Vec<usize> = read.map(|(number, _)| number).collect();
    let file = Arc::new(Rows {
        path: path.to_owned(),
        mask: ProjectionMask::roots(metadata.parquet_schema(), roots),
        metadata,
        schema: Arc::clone(schema),
        hashed,
    });
    let mut parts = Vec::new();
    let mut first = 1;
    for (group, about) in file.metadata.metadata().row_groups().iter().enumerate() {
        let rows = usize::try_from(about.num_rows()).unwrap_or_default();
        for offset in (0..rows).step_by(PIECE_ROWS) {
            parts.push(Part {
                group,
                offset,
                first: first + offset as u64,
            });
        }
        first += rows as u64;
    }
    Ok(Box::new(parts.into_iter().map(move |part| {
        let file = Arc::clone(&file);
        Ok(Box::new(move || file.decode(&part)) as Unparsed)
    })))
}

/// Some rows of a row group.
struct Part {
    group: usize,
    offset: usize,
    /// The number of the first of them in the file.
    first: u64,
}

/// What the parts of a file have in common.
struct Rows {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
    mask: ProjectionMask,
    schema: SchemaRef,
    hashed: bool,
}

impl Rows {
    fn decode(&self, part: &Part) -> Result<RawBatch> {
        let place = || format!("{}, from row {} on", self.path.display(), part.first);
        let file = File::open(&self.path).during(self.path.display())?;
        let reader =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
                .with_row_groups(vec![part.group])
                .with_projection(self.mask.clone())
                .with_batch_size(PIECE_ROWS)
                .with_offset(part.offset)
                .with_limit(PIECE_ROWS)
                .build()
                .map_err(|error| broken(&place(), &error))?;
        let own = arrow::array::RecordBatchReader::schema(&reader);
        let mut batches: Vec<RecordBatch> = Vec::with_capacity(1);
        for batch in reader {
            batches.push(batch.map_err(|error| broken(&place(), &error))?);
        }
        let rows = match batches.as_slice() {
            [rows] => rows.clone(),
            _ => concat_batches(&own, &batches).during(place())?,
        };
        let lines = numbered(part.first, rows.num_rows());
        shaped(&rows, lines, self.hashed, &self.schema, &self.path)
    }
}

fn broken(place: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::data(format!("{place}: these rows cannot be read: {error}")).hint(
        "is the file whole? Copy it again; a compression that is not supported is named above",
    )
}
