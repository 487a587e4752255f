//! New rows wait here, by partition, until all of a load has been read: in memory while there is
//! room, else on disk.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::SchemaRef;
use arrow::ipc::CompressionType;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};

use crate::failure::{During, Result};
use crate::outputs::temporary::make_folder;
use crate::warehouse::partition::Partition;

/// Bytes of rows that may wait in memory.
const ROOM: usize = 512 << 20;

/// The rows of one table that wait.
pub struct Staging {
    folder: PathBuf,
    schema: SchemaRef,
    room: usize,
    held: usize,
    parts: BTreeMap<Partition, Part>,
}

#[derive(Default)]
struct Part {
    rows: usize,
    batches: Vec<RecordBatch>,
    bytes: usize,
    disk: Option<(PathBuf, StreamWriter<BufWriter<File>>)>,
}

/// The rows of one partition, all there.
pub struct Waiting {
    /// How many rows.
    pub rows: usize,
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    disk: Option<PathBuf>,
}

impl Staging {
    /// Nothing waits yet; what goes to disk goes below `folder`.
    pub fn new(folder: &Path, schema: SchemaRef) -> Self {
        Self::with_room(folder, schema, ROOM)
    }

    fn with_room(folder: &Path, schema: SchemaRef, room: usize) -> Self {
        Self {
            folder: folder.to_owned(),
            schema,
            room,
            held: 0,
            parts: BTreeMap::new(),
        }
    }

    /// Adds rows to a partition.
    pub fn push(&mut self, partition: Partition, rows: RecordBatch) -> Result<()> {
        let part = self.parts.entry(partition).or_default();
        let bytes = rows.get_array_memory_size();
        part.rows += rows.num_rows();
        part.bytes += bytes;
        part.batches.push(rows);
        self.held += bytes;
        while self.held > self.room {
            self.make_room()?;
        }
        Ok(())
    }

    /// Writes what the largest part holds in memory to its file.
    fn make_room(&mut self) -> Result<()> {
        let Some((partition, part)) = self.parts.iter_mut().max_by_key(|(_, part)| part.bytes)
        else {
            return Ok(());
        };
        if part.disk.is_none() {
            make_folder(&self.folder)?;
            let path = self.folder.join(format!("{partition}.arrows"));
            part.disk = Some((path.clone(), writer(&path, &self.schema)?));
        }
        if let Some((path, writer)) = &mut part.disk {
            // As one, since a history in the order of its customers comes in crumbs of every month.
            let rows = concat_batches(&self.schema, &part.batches)?;
            part.batches.clear();
            writer.write(&rows).during(path.display())?;
        }
        self.held -= part.bytes;
        part.bytes = 0;
        Ok(())
    }

    /// Ends the waiting: every partition with its rows.
    pub fn finish(self) -> Result<BTreeMap<Partition, Waiting>> {
        let schema = self.schema;
        self.parts
            .into_iter()
            .map(|(partition, part)| {
                let disk = part
                    .disk
                    .map(|(path, writer)| close(path, writer))
                    .transpose()?;
                let waiting = Waiting {
                    rows: part.rows,
                    schema: schema.clone(),
                    batches: part.batches,
                    disk,
                };
                Ok((partition, waiting))
            })
            .collect()
    }
}

impl Waiting {
    /// Hands out the rows, batch by batch, and removes them from the disk.
    pub fn each(self, mut take: impl FnMut(RecordBatch) -> Result<()>) -> Result<()> {
        if let Some(path) = &self.disk {
            let file = File::open(path).during(path.display())?;
            for batch in StreamReader::try_new(BufReader::new(file), None).during(path.display())? {
                take(batch.during(path.display())?)?;
            }
            fs::remove_file(path).during(path.display())?;
        }
        self.batches.into_iter().try_for_each(take)
    }

    /// All rows in memory.
    pub fn collect(self) -> Result<Vec<RecordBatch>> {
        let mut batches = Vec::new();
        self.each(|batch| {
            batches.push(batch);
            Ok(())
        })?;
        Ok(batches)
    }

    /// Splits a partition that is too large to be sorted in memory, by a number that `which` gives
    /// to every row, below `parts`.
    pub fn split(
        self,
        parts: usize,
        folder: &Path,
        which: impl Fn(&RecordBatch) -> Result<Vec<u32>>,
    ) -> Result<Vec<Waiting>> {
        make_folder(folder)?;
        let schema = self.schema.clone();
        let mut writers = Vec::with_capacity(parts);
        for number in 0..parts {
            let path = folder.join(format!("{number}.arrows"));
            writers.push((writer(&path, &schema)?, path, 0));
        }
        self.each(|batch| {
            for (number, rows) in spread(&batch, &which(&batch)?)? {
                if let Some((writer, path, count)) = writers.get_mut(number as usize) {
                    *count += rows.num_rows();
                    writer.write(&rows).during(path.display())?;
                }
            }
            Ok(())
        })?;
        writers
            .into_iter()
            .map(|(writer, path, rows)| {
                Ok(Waiting {
                    rows,
                    schema: schema.clone(),
                    batches: Vec::new(),
                    disk: Some(close(path, writer)?),
                })
            })
            .collect()
    }
}

/// The rows of a batch by the number that each has, in their order.
pub fn spread(batch: &RecordBatch, numbers: &[u32]) -> Result<Vec<(u32, RecordBatch)>> {
    if let Some(first) = numbers.first()
        && numbers.iter().all(|number| number == first)
    {
        return Ok(vec![(*first, batch.clone())]);
    }
    let mut rows: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (row, number) in numbers.iter().enumerate() {
        rows.entry(*number).or_default().push(row as u32);
    }
    rows.into_iter()
        .map(|(number, rows)| Ok((number, take_record_batch(batch, &UInt32Array::from(rows))?)))
        .collect()
}

fn writer(path: &Path, schema: &SchemaRef) -> Result<StreamWriter<BufWriter<File>>> {
    // Halves what goes to disk at a tenth of the time that writing takes.
    let options =
        IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME))?;
    let file = BufWriter::with_capacity(1 << 18, File::create(path).during(path.display())?);
    StreamWriter::try_new_with_options(file, schema, options).during(path.display())
}

fn close(path: PathBuf, mut writer: StreamWriter<BufWriter<File>>) -> Result<PathBuf> {
    writer.finish().during(path.display())?;
    let buffer = writer.into_inner().during(path.display())?;
    buffer
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error)
        .during(path.display())?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, AsArray, Int64Array};
    use arrow::datatypes::{DataType, Field, Int64Type, Schema};

    use super::*;

    fn batch(values: impl IntoIterator<Item = i64>) -> RecordBatch {
        let values: ArrayRef = Arc::new(values.into_iter().collect::<Int64Array>());
        RecordBatch::try_from_iter([("n", values)]).unwrap()
    }

    fn values(batches: &[RecordBatch]) -> Vec<i64> {
        batches
            .iter()
            .flat_map(|batch| {
                batch
                    .column(0)
                    .as_primitive::<Int64Type>()
                    .values()
                    .to_vec()
            })
            .collect()
    }

    #[test]
    fn rows_come_back_in_their_order_from_memory_and_from_disk() {
        let folder = tempfile::tempdir().unwrap();
        let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]));
        for room in [0, 5_000, usize::MAX] {
            let mut staging = Staging::with_room(folder.path(), schema.clone(), room);
            for start in 0..50 {
                let rows = batch(start * 100..start * 100 + 100);
                let months: Vec<u32> = (0..rows.num_rows() as u32).map(|row| row % 3).collect();
                for (month, rows) in spread(&rows, &months).unwrap() {
                    staging.push(month, rows).unwrap();
                }
            }
            let parts = staging.finish().unwrap();
            assert_eq!(parts.len(), 3);
            for (month, part) in parts {
                let expected: Vec<i64> = (0..5_000)
                    .filter(|n| n % 100 % 3 == i64::from(month))
                    .collect();
                assert_eq!(part.rows, expected.len());
                assert_eq!(values(&part.collect().unwrap()), expected);
            }
        }
    }

    #[test]
    fn a_large_partition_is_split_without_losing_a_row() {
        let folder = tempfile::tempdir().unwrap();
        let rows = batch(0..1000);
        let mut staging = Staging::new(folder.path(), rows.schema());
        staging.push(7, rows).unwrap();
        let part = staging.finish().unwrap().remove(&7).unwrap();
        let by_remainder = |batch: &RecordBatch| {
            let numbers = batch.column(0).as_primitive::<Int64Type>();
            Ok(numbers.values().iter().map(|n| (n % 4) as u32).collect())
        };
        let split = part
            .split(4, &folder.path().join("split"), by_remainder)
            .unwrap();
        let mut all = Vec::new();
        for (number, part) in split.into_iter().enumerate() {
            let found = values(&part.collect().unwrap());
            assert!(found.iter().all(|n| n % 4 == number as i64));
            all.extend(found);
        }
        all.sort_unstable();
        assert_eq!(all, (0..1000).collect::<Vec<_>>());
    }
}
