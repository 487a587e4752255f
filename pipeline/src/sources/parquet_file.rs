//! Parquet files: typed columns, rows numbered from 1.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::{BATCH_ROWS, Pieces, RawBatch, Unparsed, missing_column};
use crate::failure::{During, Failure, Result};

fn builder(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>> {
    let file = File::open(path).during(path.display())?;
    ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| {
        Failure::data(format!("{}: this is no whole Parquet file: {error}", path.display()))
            .hint("was the file cut short while copying? Copy it again, or name its format in the settings")
    })
}

/// The file's columns; nested ones are left out, since nothing can be mapped from them yet.
pub fn schema(path: &Path) -> Result<SchemaRef> {
    let schema = builder(path)?.schema().clone();
    let flat: Vec<_> = schema
        .fields()
        .iter()
        .filter(|field| is_flat(field.data_type()))
        .cloned()
        .collect();
    Ok(Arc::new(Schema::new(flat)))
}

fn is_flat(data_type: &DataType) -> bool {
    !data_type.is_nested() || matches!(data_type, DataType::Dictionary(_, _))
}

/// The file's rows, with the columns of `schema`.
pub fn open(path: &Path, schema: &SchemaRef) -> Result<Pieces> {
    let builder = builder(path)?;
    let own = builder.schema().clone();
    let known: Vec<&str> = own
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    let mut roots = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        roots.push(
            own.index_of(field.name())
                .map_err(|_| missing_column(path, field.name(), &known))?,
        );
    }
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
    let reader = builder
        .with_projection(mask)
        .with_batch_size(BATCH_ROWS)
        .build()
        .during(path.display())?;
    Ok(Box::new(Rows {
        reader,
        schema: schema.clone(),
        path: path.to_owned(),
        next: 1,
    }))
}

struct Rows {
    reader: ParquetRecordBatchReader,
    schema: SchemaRef,
    path: std::path::PathBuf,
    next: u64,
}

impl Iterator for Rows {
    type Item = Result<Unparsed>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.reader.next()?;
        Some(
            self.shape(batch)
                .map(|batch| Box::new(|| Ok(batch)) as Unparsed),
        )
    }
}

impl Rows {
    /// Puts the columns into the order and types of the source's first file.
    fn shape(
        &mut self,
        batch: std::result::Result<RecordBatch, arrow::error::ArrowError>,
    ) -> Result<RawBatch> {
        let batch = batch.during(format!(
            "{}, after row {}",
            self.path.display(),
            self.next - 1
        ))?;
        let mut columns = Vec::with_capacity(self.schema.fields().len());
        for field in self.schema.fields() {
            let column = batch
                .column_by_name(field.name())
                .ok_or_else(|| missing_column(&self.path, field.name(), &[]))?;
            columns.push(if column.data_type() == field.data_type() {
                column.clone()
            } else {
                cast(column, field.data_type()).during(format!(
                    "{}: column `{}`",
                    self.path.display(),
                    field.name()
                ))?
            });
        }
        let rows =
            RecordBatch::try_new(self.schema.clone(), columns).during(self.path.display())?;
        let lines = (self.next..self.next + rows.num_rows() as u64).collect();
        self.next += rows.num_rows() as u64;
        Ok(RawBatch {
            rows,
            lines,
            malformed: Vec::new(),
        })
    }
}
