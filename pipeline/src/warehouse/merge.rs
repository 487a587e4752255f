//! New rows of a partition meet the rows that are there, and become the partition's next files.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, RecordBatch, TimestampMicrosecondArray, UInt32Array,
    UInt64Array, new_null_array,
};
use arrow::compute::{cast, concat_batches, filter_record_batch, take};
use arrow::datatypes::{
    DataType, Field, Int32Type, Int64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType,
    UInt64Type,
};

use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::engine::row_hash::hash_columns;
use crate::failure::Result;
use crate::warehouse::layout::{
    KNOWN_AT, Layout, ORIGIN, REPLACED_AT, ROW_KEY, SOURCE_FILE, WAITING_DELETED, narrow,
};
use crate::warehouse::partition::Partition;
use crate::warehouse::staging::{Staging, Waiting};
use crate::warehouse::store::{NewFile, StoredFile, read_stored, write_stored};
use crate::warehouse::versions::{Entry, Outcome, Terms, copies, versions};

/// Rows that are sorted in memory at once; a partition with more becomes several files.
const ROWS_AT_ONCE: usize = 1 << 20;
/// Rows that are handed to the writer at once.
const ROWS_TO_WRITE: usize = 1 << 16;

/// One partition before a load.
pub struct Before {
    /// Which one.
    pub partition: Partition,
    /// Its files.
    pub files: Vec<StoredFile>,
    /// What the load brings.
    pub waiting: Option<Waiting>,
}

/// What merging a partition gave.
#[derive(Default)]
pub struct Merged {
    /// Which one.
    pub partition: Partition,
    /// Whether it is another than before.
    pub changes: bool,
    /// Its new files, in place of all that it had; none when nothing changes.
    pub files: Option<Vec<NewFile>>,
    /// New rows in the table.
    pub added: u64,
    /// New rows that say that others are gone.
    pub applied: u64,
    /// Rows that hold no longer.
    pub ended: u64,
    /// Rows that held before.
    pub held_before: u64,
    /// Rows that hold now.
    pub held_after: u64,
    /// Origins of new rows that were there already.
    pub duplicates: Vec<u64>,
    /// New rows that contradict others.
    pub rejected: Vec<Contradiction>,
}

/// A new row that contradicts another.
pub struct Contradiction {
    /// Its origin.
    pub origin: u64,
    /// Why.
    pub reason: &'static str,
    /// The key of its table; empty for tables without.
    pub key: String,
}

/// What was decided about the rows of one partition that share keys with others elsewhere.
#[derive(Default)]
pub struct Decided {
    /// By origin.
    pub new: HashMap<u64, Outcome>,
    /// Ends of rows that are there, by key and when they became known.
    pub there: HashMap<(i64, i64), Option<i64>>,
}

/// How a table is merged.
pub struct Merger<'a> {
    /// Its columns.
    pub layout: &'a Layout,
    /// What holds for the load.
    pub terms: Terms<'a>,
    /// Files that are read again under other settings: what they gave before is dropped.
    pub read_again: &'a (dyn Fn(i32) -> bool + Sync),
    /// Files whose rows have a key of their own.
    pub keyed: &'a (dyn Fn(i32) -> bool + Sync),
    /// For keys that may lie in several partitions: what was decided about them.
    pub decided: Option<&'a HashMap<Partition, Decided>>,
    /// Where files are written before they are committed.
    pub folder: &'a Path,
}

impl Merger<'_> {
    /// Merges one partition.
    pub fn merge(&self, before: Before) -> Result<Merged> {
        let there: usize = before.files.iter().map(|file| file.rows).sum();
        let rows = there + before.waiting.as_ref().map_or(0, |waiting| waiting.rows);
        if rows > ROWS_AT_ONCE {
            return self.merge_in_parts(before, rows.div_ceil(ROWS_AT_ONCE));
        }
        let mut stored = Vec::new();
        for file in &before.files {
            read_stored(&file.path, &self.layout.stored, |batch| {
                stored.push(batch);
                Ok(())
            })?;
        }
        let waiting = before.waiting.map(Waiting::collect).transpose()?;
        self.merge_part(before.partition, 0, stored, waiting.unwrap_or_default())
    }

    /// Splits the rows by a hash of whom they belong to, so that each part fits into memory.
    fn merge_in_parts(&self, before: Before, parts: usize) -> Result<Merged> {
        let scratch = self.folder.join(format!("split-{}", before.partition));
        let mut there = Staging::new(&scratch.join("all"), Arc::clone(&self.layout.stored));
        for file in &before.files {
            read_stored(&file.path, &self.layout.stored, |batch| {
                there.push(0, batch)
            })?;
        }
        let which = |batch: &RecordBatch| -> Result<Vec<u32>> {
            let hashes = hash_columns(&[owner(self.layout, batch)], batch.num_rows(), 0)?;
            Ok(hashes
                .iter()
                .map(|hash| (hash % parts as u64) as u32)
                .collect())
        };
        let split = |waiting: Option<Waiting>, name: &str| -> Result<Vec<Waiting>> {
            let waiting = waiting.map(|waiting| waiting.split(parts, &scratch.join(name), which));
            Ok(waiting.transpose()?.unwrap_or_default())
        };
        let mut there = split(there.finish()?.remove(&0), "there")?.into_iter();
        let mut new = split(before.waiting, "new")?.into_iter();
        let mut all = Merged {
            partition: before.partition,
            ..Merged::default()
        };
        for number in 0..parts {
            let collect = |waiting: Option<Waiting>| waiting.map(Waiting::collect).transpose();
            let stored = collect(there.next())?.unwrap_or_default();
            let waiting = collect(new.next())?.unwrap_or_default();
            all.add(self.merge_part(before.partition, number, stored, waiting)?);
        }
        let _ = std::fs::remove_dir_all(&scratch);
        Ok(all)
    }

    fn merge_part(
        &self,
        partition: Partition,
        number: usize,
        stored: Vec<RecordBatch>,
        waiting: Vec<RecordBatch>,
    ) -> Result<Merged> {
        // Where nothing is there yet, the new rows need no other columns than their own.
        let schema = match stored.is_empty() {
            true => Arc::clone(&self.layout.waiting),
            false => self.working_schema(),
        };
        let mut batches = Vec::with_capacity(stored.len() + waiting.len());
        let (mut dropped, mut held_before) = (false, 0);
        for batch in &stored {
            let batch = align(batch, &schema)?;
            let files = file_numbers(&batch);
            held_before += batch
                .column_by_name(REPLACED_AT)
                .map_or(0, |ends| ends.null_count() as u64);
            let stays: BooleanArray = files
                .iter()
                .map(|&file| Some(!(self.read_again)(file)))
                .collect();
            if stays.true_count() == batch.num_rows() {
                batches.push(batch);
            } else {
                dropped = true;
                batches.push(filter_record_batch(&batch, &stays)?);
            }
        }
        for batch in &waiting {
            batches.push(align(batch, &schema)?);
        }
        drop((stored, waiting));
        let rows = concat_batches(&schema, &batches)?;
        drop(batches);

        let working = Working::new(self.layout, &rows)?;
        let order = working.sorted();
        let mut merged = Merged {
            partition,
            changes: dropped,
            held_before,
            ..Merged::default()
        };
        let mut kept = Vec::with_capacity(order.len());
        let mut ends: Vec<Option<i64>> = Vec::with_capacity(order.len());
        let (mut group, mut outcomes) = (Vec::new(), Vec::new());
        for same in order.chunk_by(|&a, &b| working.key(a) == working.key(b)) {
            group.clear();
            group.extend(same.iter().map(|&row| working.entry(row)));
            self.outcomes(partition, &group, &mut outcomes);
            for ((&row, entry), &outcome) in same.iter().zip(&group).zip(&outcomes) {
                match (outcome, entry.origin) {
                    (Outcome::Kept { replaced_at }, origin) => {
                        kept.push(row);
                        ends.push(replaced_at);
                        merged.held_after += u64::from(replaced_at.is_none());
                        if origin.is_some() {
                            merged.added += 1;
                        } else if entry.replaced_at.is_none() && replaced_at.is_some() {
                            merged.ended += 1;
                        }
                        merged.changes |= origin.is_some() || replaced_at != entry.replaced_at;
                    }
                    (Outcome::Applied, _) => merged.applied += 1,
                    (Outcome::Duplicate, Some(origin)) => merged.duplicates.push(origin),
                    (Outcome::Rejected(reason), Some(origin)) => {
                        merged.rejected.push(Contradiction {
                            origin,
                            reason,
                            key: self.key_text(&rows, row),
                        });
                    }
                    (Outcome::Duplicate | Outcome::Rejected(_), None) => {}
                }
            }
        }
        if !merged.changes {
            return Ok(merged);
        }
        merged.files = Some(Vec::new());
        if !kept.is_empty() {
            let path = self.folder.join(format!("{partition}-{number}.parquet"));
            let file = self.write(&path, &rows, &kept, ends)?;
            merged.files = Some(vec![file]);
        }
        Ok(merged)
    }

    /// The key of a row's table, for people.
    fn key_text(&self, rows: &RecordBatch, row: u32) -> String {
        let key = self
            .layout
            .table
            .key
            .and_then(|name| rows.column_by_name(name));
        let options = FormatOptions::default();
        key.and_then(|key| ArrayFormatter::try_new(key.as_ref(), &options).ok())
            .map(|key| key.value(row as usize).to_string())
            .unwrap_or_default()
    }

    /// What becomes of the rows that share a key.
    fn outcomes(&self, partition: Partition, group: &[Entry], outcomes: &mut Vec<Outcome>) {
        outcomes.clear();
        let keyed = group.iter().any(|entry| (self.keyed)(entry.file));
        match self.decided {
            Some(decided) if keyed => {
                let decided = decided.get(&partition);
                outcomes.extend(group.iter().map(|entry| {
                    let outcome = decided.and_then(|decided| match entry.origin {
                        Some(origin) => decided.new.get(&origin).copied(),
                        None => decided
                            .there
                            .get(&(entry.key, entry.known_at))
                            .map(|&replaced_at| Outcome::Kept { replaced_at }),
                    });
                    outcome.unwrap_or(Outcome::Kept {
                        replaced_at: entry.replaced_at,
                    })
                }));
            }
            _ if keyed => outcomes.extend(versions(group, &self.terms)),
            _ => match group {
                // Nearly every row is the only one of its kind.
                [alone] if alone.origin.is_some() => {
                    outcomes.push(Outcome::Kept { replaced_at: None });
                }
                _ => outcomes.extend(copies(group, &self.terms)),
            },
        }
    }

    fn write(
        &self,
        path: &Path,
        rows: &RecordBatch,
        kept: &[u32],
        ends: Vec<Option<i64>>,
    ) -> Result<NewFile> {
        let ends = TimestampMicrosecondArray::from(ends).with_timezone("UTC");
        let mut start = 0;
        let batches = kept.chunks(ROWS_TO_WRITE).map(|chunk| {
            let taken = UInt32Array::from(chunk.to_vec());
            let mut columns = Vec::with_capacity(self.layout.stored.fields().len());
            for field in self.layout.stored.fields() {
                columns.push(
                    match (field.name().as_str(), rows.column_by_name(field.name())) {
                        (REPLACED_AT, _) => Arc::new(ends.slice(start, chunk.len())) as ArrayRef,
                        (_, Some(values)) => {
                            widened(take(values, &taken, None)?, field.data_type())?
                        }
                        (_, None) => new_null_array(field.data_type(), chunk.len()),
                    },
                );
            }
            start += chunk.len();
            Ok(RecordBatch::try_new(
                Arc::clone(&self.layout.stored),
                columns,
            )?)
        });
        write_stored(path, &self.layout.stored, batches)
    }

    /// Stored columns, and what waiting rows have beside them.
    fn working_schema(&self) -> SchemaRef {
        let mut fields: Vec<Field> = self
            .layout
            .stored
            .fields()
            .iter()
            .map(|field| {
                let narrow = narrow(field.data_type());
                field.as_ref().clone().with_data_type(narrow)
            })
            .collect();
        fields.push(Field::new(ORIGIN, DataType::UInt64, true));
        fields.push(Field::new(WAITING_DELETED, DataType::Boolean, true));
        Arc::new(Schema::new(fields))
    }
}

impl Merged {
    fn add(&mut self, part: Merged) {
        self.changes = true;
        self.files
            .get_or_insert_default()
            .extend(part.files.into_iter().flatten());
        self.added += part.added;
        self.applied += part.applied;
        self.ended += part.ended;
        self.held_before += part.held_before;
        self.held_after += part.held_after;
        self.duplicates.extend(part.duplicates);
        self.rejected.extend(part.rejected);
    }
}

/// The column that says whom or what a row belongs to.
fn owner(layout: &Layout, batch: &RecordBatch) -> ArrayRef {
    batch
        .column_by_name(layout.sorted_by())
        .cloned()
        .unwrap_or_else(|| new_null_array(&DataType::Utf8, batch.num_rows()))
}

fn file_numbers(batch: &RecordBatch) -> Vec<i32> {
    match batch.column_by_name(SOURCE_FILE) {
        Some(files) => files.as_primitive::<Int32Type>().values().to_vec(),
        None => Vec::new(),
    }
}

/// The batch with the columns of `schema`; those that it lacks are empty.
fn align(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = schema
        .fields()
        .iter()
        .map(|field| match batch.column_by_name(field.name()) {
            Some(values) => widened(Arc::clone(values), field.data_type()),
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
        })
        .collect::<Result<_>>()?;
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// The values in the type of a file, or in the narrow one.
fn widened(values: ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    match values.data_type() == data_type {
        true => Ok(values),
        false => Ok(cast(&values, data_type)?),
    }
}

/// The columns by which rows are sorted and recognised.
struct Working {
    owners: Vec<i64>,
    times: Option<TimestampMicrosecondArray>,
    keys: Vec<i64>,
    known: Vec<i64>,
    ends: TimestampMicrosecondArray,
    files: Vec<i32>,
    origins: UInt64Array,
    deleted: BooleanArray,
    contents: Vec<u64>,
}

impl Working {
    fn new(layout: &Layout, rows: &RecordBatch) -> Result<Self> {
        let column = |name: &str, data_type: DataType| {
            rows.column_by_name(name)
                .cloned()
                .unwrap_or_else(|| new_null_array(&data_type, rows.num_rows()))
        };
        let moments = |name: &str| {
            let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
            column(name, utc)
                .as_primitive::<TimestampMicrosecondType>()
                .clone()
        };
        let contents = if layout.table.key.is_some() {
            hash_columns(&rows.columns()[..layout.content()], rows.num_rows(), 0)?
        } else {
            Vec::new()
        };
        Ok(Self {
            owners: ranks(&owner(layout, rows)),
            times: layout.by_month().then(|| moments("occurred_at")),
            keys: column(ROW_KEY, DataType::Int64)
                .as_primitive::<Int64Type>()
                .values()
                .to_vec(),
            known: moments(KNOWN_AT).values().to_vec(),
            ends: moments(REPLACED_AT),
            files: file_numbers(rows),
            origins: column(ORIGIN, DataType::UInt64)
                .as_primitive::<UInt64Type>()
                .clone(),
            deleted: column(WAITING_DELETED, DataType::Boolean)
                .as_boolean()
                .clone(),
            contents,
        })
    }

    fn key(&self, row: u32) -> i64 {
        self.keys[row as usize]
    }

    /// The rows by whom they belong to, time, key, and age.
    fn sorted(&self) -> Vec<u32> {
        let time = |row| self.times.as_ref().map_or(0, |times| times.value(row));
        let mut rows: Vec<(i64, i64, u32)> = (0..self.keys.len())
            .map(|row| (self.owners[row], time(row), row as u32))
            .collect();
        // Not the unstable sort: what comes in order, whole or in pieces, takes a single pass.
        rows.sort_by_key(|&(owner, time, _)| (owner, time));
        for basket in rows.chunk_by_mut(|a, b| (a.0, a.1) == (b.0, b.1)) {
            basket.sort_unstable_by_key(|&(_, _, row)| {
                let place = row as usize;
                let origin = self.origins.is_valid(place);
                let origin = origin.then(|| self.origins.value(place));
                (self.keys[place], self.known[place], origin, row)
            });
        }
        rows.into_iter().map(|(_, _, row)| row).collect()
    }

    fn entry(&self, row: u32) -> Entry {
        let row = row as usize;
        Entry {
            key: self.keys[row],
            known_at: self.known[row],
            replaced_at: self.ends.is_valid(row).then(|| self.ends.value(row)),
            content: self.contents.get(row).copied().unwrap_or(0),
            file: self.files[row],
            origin: self.origins.is_valid(row).then(|| self.origins.value(row)),
            deleted: self.deleted.is_valid(row) && self.deleted.value(row),
        }
    }
}

/// Numbers in the order of the values: whole numbers themselves, places in the alphabet for text.
fn ranks(values: &ArrayRef) -> Vec<i64> {
    if let Some(numbers) = values.as_primitive_opt::<Int64Type>() {
        return (0..numbers.len())
            .map(|row| {
                if numbers.is_valid(row) {
                    numbers.value(row)
                } else {
                    i64::MIN
                }
            })
            .collect();
    }
    let texts = values.as_string::<i32>();
    let text = |row: usize| {
        if texts.is_valid(row) {
            texts.value(row)
        } else {
            ""
        }
    };
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    let mut distinct: Vec<&str> = Vec::new();
    let places: Vec<u32> = (0..texts.len())
        .map(|row| {
            *numbers.entry(text(row)).or_insert_with(|| {
                distinct.push(text(row));
                distinct.len() as u32 - 1
            })
        })
        .collect();
    let mut by_text: Vec<u32> = (0..distinct.len() as u32).collect();
    by_text.sort_unstable_by_key(|&place| distinct[place as usize]);
    let mut rank = vec![0; distinct.len()];
    for (number, place) in by_text.into_iter().enumerate() {
        rank[place as usize] = number as i64;
    }
    places
        .into_iter()
        .map(|place| rank[place as usize])
        .collect()
}
