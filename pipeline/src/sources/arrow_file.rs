//! Arrow IPC, as a file (also called Feather) or as a stream: typed columns, rows numbered from 1.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::reader::{FileReader, StreamReader};

use super::typed::{flat, has_columns, is_flat, numbered, shaped};
use super::{Pieces, Unparsed};
use crate::failure::{During, Failure, Result};

type Batches = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>;

/// The columns of a file, and its batches.
fn read(path: &Path) -> Result<(SchemaRef, Batches)> {
    let broken = |error| no_whole_file(path, &error);
    let mut start = Vec::new();
    File::open(path)
        .and_then(|file| file.take(6).read_to_end(&mut start))
        .during(path.display())?;
    let file = BufReader::with_capacity(1 << 18, File::open(path).during(path.display())?);
    if start == b"ARROW1" {
        let reader = FileReader::try_new(file, None).map_err(broken)?;
        Ok((reader.schema(), Box::new(reader)))
    } else {
        let reader = StreamReader::try_new(file, None).map_err(broken)?;
        Ok((reader.schema(), Box::new(reader)))
    }
}

fn no_whole_file(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::data(format!(
        "{}: this is no whole Arrow file: {error}",
        path.display()
    ))
    .hint("was the file cut short while copying? Copy it again, or name its format in the settings")
}

/// The file's columns; nested ones are left out, since nothing can be mapped from them yet.
pub fn schema(path: &Path) -> Result<SchemaRef> {
    Ok(flat(&read(path)?.0))
}

/// The file's rows, with the columns of `schema`.
pub fn open(path: &Path, schema: &SchemaRef, hashed: bool) -> Result<Pieces> {
    let (own, batches) = read(path)?;
    has_columns(path, &own, schema)?;
    let flat: Vec<usize> = (0..own.fields().len())
        .filter(|&number| is_flat(own.field(number).data_type()))
        .collect();
    let schema = Arc::clone(schema);
    let path = path.to_owned();
    let mut next = 1;
    Ok(Box::new(batches.map(move |batch| {
        let batch = batch
            .and_then(|batch| batch.project(&flat))
            .map_err(|error| no_whole_file(&path, &error))?;
        let lines = numbered(next, batch.num_rows());
        next += batch.num_rows() as u64;
        let (schema, path) = (Arc::clone(&schema), path.clone());
        Ok(Box::new(move || shaped(&batch, lines, hashed, &schema, &path)) as Unparsed)
    })))
}
