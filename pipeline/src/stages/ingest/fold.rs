//! Things that many lines speak of, such as the products of order lines: of each the most frequent
//! value of every column is taken, so that a line with a slip or a gap does not name it.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt64Array};
use arrow::compute::{concat_batches, filter_record_batch, take};
use arrow::datatypes::UInt64Type;

use crate::engine::row_hash::hash_columns;
use crate::failure::{Failure, Result};
use crate::warehouse::layout::{Layout, ORIGIN};

/// The rows of a source, as far as they say different things.
#[derive(Default)]
pub struct Fold {
    /// Rows that say something that no row before them said.
    rows: Vec<RecordBatch>,
    /// For each of these by hash how many rows say it, and its place among them.
    said: HashMap<u64, (u64, u64)>,
    next: u64,
}

impl Fold {
    /// Takes in usable rows, in the order of the source.
    pub fn add(&mut self, layout: &Layout, rows: &RecordBatch) -> Result<()> {
        let hashes = hash_columns(&rows.columns()[..layout.content()], rows.num_rows(), 0)?;
        let mut new = vec![false; rows.num_rows()];
        for (row, hash) in hashes.into_iter().enumerate() {
            let (times, _) = self.said.entry(hash).or_insert_with(|| {
                new[row] = true;
                self.next += 1;
                (0, self.next - 1)
            });
            *times += 1;
        }
        if new.contains(&true) {
            self.rows.push(filter_record_batch(rows, &new.into())?);
        }
        Ok(())
    }

    /// One row for each key, in the order in which the keys came; none if there was no row.
    pub fn finish(self, layout: &Layout) -> Result<Option<RecordBatch>> {
        let Some(first) = self.rows.first() else {
            return Ok(None);
        };
        let rows = concat_batches(&first.schema(), &self.rows)?;
        let mut times = vec![0; rows.num_rows()];
        for (count, place) in self.said.into_values() {
            times[place as usize] = count;
        }
        let key = layout
            .table
            .key
            .and_then(|name| layout.position(name))
            .ok_or_else(|| Failure::machine("a table without a key is not folded"))?;
        let keys = hash_columns(&[rows.column(key).clone()], rows.num_rows(), 0)?;
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut of_key: HashMap<u64, usize> = HashMap::new();
        for (row, key) in keys.into_iter().enumerate() {
            let group = *of_key.entry(key).or_insert_with(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
            groups[group].push(row);
        }
        let columns = rows.columns().iter().enumerate().map(|(place, column)| {
            // What a load adds is that of the first row.
            let chosen: Vec<usize> = match place < layout.content() {
                true => {
                    let hashes = hash_columns(std::slice::from_ref(column), column.len(), 0)?;
                    let of = |group: &Vec<usize>| most_frequent(column, &hashes, group, &times);
                    groups.iter().map(of).collect()
                }
                false => groups.iter().map(|group| group[0]).collect(),
            };
            let chosen = UInt64Array::from_iter_values(chosen.into_iter().map(|row| row as u64));
            Ok(take(column, &chosen, None)?)
        });
        let columns: Vec<ArrayRef> = columns.collect::<Result<_>>()?;
        Ok(Some(RecordBatch::try_new(rows.schema(), columns)?))
    }
}

/// The row of a group with its most frequent value; of several the first. What is empty counts
/// only where nothing else is there.
fn most_frequent(column: &ArrayRef, hashes: &[u64], group: &[usize], times: &[u64]) -> usize {
    let texts = column.as_string_opt::<i32>();
    let is_empty = |row: usize| {
        column.is_null(row) || texts.is_some_and(|texts| texts.value(row).trim().is_empty())
    };
    let mut counts: Vec<(u64, u64, usize)> = Vec::new();
    for &row in group.iter().filter(|row| !is_empty(**row)) {
        match counts.iter_mut().find(|(hash, ..)| *hash == hashes[row]) {
            Some((_, count, _)) => *count += times[row],
            None => counts.push((hashes[row], times[row], row)),
        }
    }
    let most = counts.iter().map(|(_, count, _)| *count).max();
    let first = counts.iter().find(|(_, count, _)| Some(*count) == most);
    first.map_or(group[0], |(_, _, row)| *row)
}

/// The origins of rows, as [`crate::warehouse::layout::Origin`] packs them.
pub fn origins(rows: &RecordBatch) -> Vec<u64> {
    let column = rows.column_by_name(ORIGIN);
    column.map_or(Vec::new(), |column| {
        column.as_primitive::<UInt64Type>().values().to_vec()
    })
}
