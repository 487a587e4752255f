//! Keys that sources state may lie in several months: the versions of such a row are found here,
//! whatever the size of the warehouse.
//!
//! Rows are sorted into buckets by their key, the new ones all, those that are there if a new one
//! may have their key; each bucket is then decided in memory.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, UInt32Array, UInt64Array,
};
use arrow::datatypes::{
    DataType, Field, Int32Type, Int64Type, Schema, SchemaRef, TimestampMicrosecondType, UInt32Type,
    UInt64Type,
};

use crate::engine::row_hash::hash_columns;
use crate::failure::Result;
use crate::warehouse::layout::{
    KNOWN_AT, Layout, ORIGIN, REPLACED_AT, ROW_KEY, SOURCE_FILE, WAITING_DELETED,
};
use crate::warehouse::merge::Decided;
use crate::warehouse::partition::Partition;
use crate::warehouse::staging::{Staging, spread};
use crate::warehouse::store::{StoredFile, read_stored};
use crate::warehouse::versions::{Entry, Outcome, Terms, versions};

/// Buckets: each holds a 64th of the keys of a load.
const BUCKETS: u64 = 64;
/// Bits that remember which keys are new, 16 MiB: enough to pass over most rows of a large
/// warehouse when a small load comes.
const BITS: u64 = 1 << 27;

/// The rows with keys of a load, and those of the warehouse that may share them.
pub struct Index {
    buckets: Staging,
    schema: SchemaRef,
    seen: Vec<u64>,
}

impl Index {
    /// Nothing in it yet.
    pub fn new(folder: &Path) -> Self {
        let field = |name: &str, data_type: DataType| Field::new(name, data_type, true);
        let schema = Arc::new(Schema::new(vec![
            field("key", DataType::Int64),
            field("known_at", DataType::Int64),
            field("replaced_at", DataType::Int64),
            field("content", DataType::UInt64),
            field("file", DataType::Int32),
            field("origin", DataType::UInt64),
            field("deleted", DataType::Boolean),
            field("partition", DataType::UInt32),
        ]));
        Self {
            buckets: Staging::new(folder, Arc::clone(&schema)),
            schema,
            seen: vec![0; (BITS / 64) as usize],
        }
    }

    /// Adds new rows of a partition.
    pub fn add_new(
        &mut self,
        layout: &Layout,
        partition: Partition,
        rows: &RecordBatch,
    ) -> Result<()> {
        for key in column::<Int64Type>(rows, ROW_KEY).iter().flatten() {
            let bit = key as u64 % BITS;
            self.seen[(bit / 64) as usize] |= 1 << (bit % 64);
        }
        self.push(layout, partition, rows)
    }

    /// Adds the rows of a file of the warehouse that may share a key with a new one, and all of
    /// `always`.
    pub fn add_stored(
        &mut self,
        layout: &Layout,
        file: &StoredFile,
        leave_out: impl Fn(i32) -> bool,
        always: impl Fn(i32) -> bool,
    ) -> Result<()> {
        read_stored(&file.path, &layout.stored, |batch| {
            let keys = column::<Int64Type>(&batch, ROW_KEY);
            let files = column::<Int32Type>(&batch, SOURCE_FILE);
            let wanted: BooleanArray = (0..batch.num_rows())
                .map(|row| {
                    let bit = keys.value(row) as u64 % BITS;
                    let seen = self.seen[(bit / 64) as usize] >> (bit % 64) & 1 == 1;
                    let number = files.value(row);
                    Some((seen || always(number)) && !leave_out(number))
                })
                .collect();
            if wanted.true_count() == 0 {
                return Ok(());
            }
            let rows = arrow::compute::filter_record_batch(&batch, &wanted)?;
            self.push(layout, file.partition, &rows)
        })
    }

    fn push(&mut self, layout: &Layout, partition: Partition, rows: &RecordBatch) -> Result<()> {
        let count = rows.num_rows();
        let keys = column::<Int64Type>(rows, ROW_KEY);
        let known = column::<TimestampMicrosecondType>(rows, KNOWN_AT);
        let ends: Int64Array = match rows.column_by_name(REPLACED_AT) {
            Some(ends) => ends
                .as_primitive::<TimestampMicrosecondType>()
                .iter()
                .collect(),
            None => Int64Array::new_null(count),
        };
        let origins: ArrayRef = match rows.column_by_name(ORIGIN) {
            Some(origins) => Arc::clone(origins),
            None => Arc::new(UInt64Array::new_null(count)),
        };
        let deleted: ArrayRef = match rows.column_by_name(WAITING_DELETED) {
            Some(deleted) => Arc::clone(deleted),
            None => Arc::new(BooleanArray::from(vec![false; count])),
        };
        let contents = hash_columns(&rows.columns()[..layout.content()], count, 0)?;
        let buckets: Vec<u32> = keys
            .values()
            .iter()
            .map(|&key| (key as u64 % BUCKETS) as u32)
            .collect();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(keys),
            Arc::new(known.iter().collect::<Int64Array>()),
            Arc::new(ends),
            Arc::new(UInt64Array::from(contents)),
            Arc::new(column::<Int32Type>(rows, SOURCE_FILE)),
            origins,
            deleted,
            Arc::new(UInt32Array::from(vec![partition; count])),
        ];
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        for (bucket, rows) in spread(&batch, &buckets)? {
            self.buckets.push(bucket, rows)?;
        }
        Ok(())
    }

    /// Decides about every row that shares its key with another or belongs to a changed file.
    pub fn decide(self, terms: &Terms<'_>) -> Result<HashMap<Partition, Decided>> {
        let mut decided: HashMap<Partition, Decided> = HashMap::new();
        for (_, bucket) in self.buckets.finish()? {
            let mut rows: Vec<(Entry, Partition)> = Vec::with_capacity(bucket.rows);
            bucket.each(|batch| {
                entries(&batch, &mut rows);
                Ok(())
            })?;
            rows.sort_unstable_by_key(|(entry, _)| entry.order());
            for group in rows.chunk_by(|(a, _), (b, _)| a.key == b.key) {
                let (first, _) = group[0];
                let plain = first.origin.is_some() && !first.deleted;
                if group.len() == 1 && plain {
                    continue; // new, and the only one
                }
                let entries: Vec<Entry> = group.iter().map(|(entry, _)| *entry).collect();
                for ((entry, partition), outcome) in group.iter().zip(versions(&entries, terms)) {
                    let decided = decided.entry(*partition).or_default();
                    match (entry.origin, outcome) {
                        (Some(origin), outcome) => {
                            decided.new.insert(origin, outcome);
                        }
                        (None, Outcome::Kept { replaced_at })
                            if replaced_at != entry.replaced_at =>
                        {
                            decided
                                .there
                                .insert((entry.key, entry.known_at), replaced_at);
                        }
                        (None, _) => {}
                    }
                }
            }
        }
        Ok(decided)
    }
}

fn entries(batch: &RecordBatch, rows: &mut Vec<(Entry, Partition)>) {
    let known = column::<Int64Type>(batch, "known_at");
    let ends = column::<Int64Type>(batch, "replaced_at");
    let contents = column::<UInt64Type>(batch, "content");
    let files = column::<Int32Type>(batch, "file");
    let origins = column::<UInt64Type>(batch, "origin");
    let partitions = column::<UInt32Type>(batch, "partition");
    let keys = column::<Int64Type>(batch, "key");
    let deleted = batch
        .column_by_name("deleted")
        .map(|flags| flags.as_boolean().clone());
    rows.extend((0..batch.num_rows()).map(|row| {
        let entry = Entry {
            key: keys.value(row),
            known_at: known.value(row),
            replaced_at: ends.is_valid(row).then(|| ends.value(row)),
            content: contents.value(row),
            file: files.value(row),
            origin: origins.is_valid(row).then(|| origins.value(row)),
            deleted: deleted
                .as_ref()
                .is_some_and(|flags| flags.is_valid(row) && flags.value(row)),
        };
        (entry, partitions.value(row))
    }));
}

fn column<T: arrow::datatypes::ArrowPrimitiveType>(
    rows: &RecordBatch,
    name: &str,
) -> arrow::array::PrimitiveArray<T> {
    rows.column_by_name(name)
        .and_then(|values| values.as_primitive_opt::<T>())
        .cloned()
        .unwrap_or_else(|| arrow::array::PrimitiveArray::new_null(rows.num_rows()))
}
