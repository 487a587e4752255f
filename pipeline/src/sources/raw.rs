//! Rows as a reader hands them out: the source's own columns, with what is wrong with some of them.

use arrow::array::{Array, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;

use crate::failure::Result;

/// A row that could not even be read as a row.
#[derive(Clone, Debug)]
pub struct Malformed {
    /// Line in the file.
    pub line: u64,
    /// What was there.
    pub value: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Some rows of a file, in the order of the file.
pub struct RawBatch {
    /// The source's own columns.
    pub rows: RecordBatch,
    /// For each row: its line in a text file (the header is line 1), its row in a spreadsheet, its
    /// row number in a Parquet or Arrow file.
    pub lines: Vec<u64>,
    /// For each row: a hash of the whole row as it stands in the source, so that exact copies of
    /// earlier rows can be found, whatever columns are wanted. In text it is that of the record's
    /// bytes (decoded, without the line end); in files with types, that of the values of all
    /// columns that are not nested. The folders `name=value` on the way to the file count too.
    /// Empty if the file was opened without hashes.
    pub hashes: Vec<u64>,
    /// Rows between these that could not be read.
    pub malformed: Vec<Malformed>,
    /// What is wrong with some of these rows, though they could be read; in their order.
    pub flaws: Vec<Flaw>,
}

/// What is wrong with a row that could be read.
#[derive(Clone, Debug)]
pub struct Flaw {
    /// Its place among the rows.
    pub row: usize,
    /// The source's column.
    pub column: String,
    /// What stands there.
    pub value: String,
    /// What is wrong with it.
    pub reason: String,
}

impl RawBatch {
    /// Whether something is wrong with a row that could be read.
    pub fn is_flawed(&self, row: usize) -> bool {
        self.flaws
            .binary_search_by_key(&row, |flaw| flaw.row)
            .is_ok()
    }

    /// With more of what is wrong with its rows; of a row that has a flaw already that one stays.
    pub fn with_flaws(mut self, flaws: impl Iterator<Item = Flaw>) -> Self {
        let new: Vec<Flaw> = flaws.filter(|flaw| !self.is_flawed(flaw.row)).collect();
        self.flaws.extend(new);
        self.flaws.sort_by_key(|flaw| flaw.row);
        self
    }

    /// The rows that are chosen; what could not be read stays.
    pub fn chosen(self, chosen: &BooleanArray) -> Result<Self> {
        if chosen.true_count() == self.lines.len() {
            return Ok(self);
        }
        let kept: Vec<usize> = (0..self.lines.len())
            .filter(|row| chosen.is_valid(*row) && chosen.value(*row))
            .collect();
        let flaws = self.flaws.into_iter().filter_map(|flaw| {
            let row = kept.binary_search(&flaw.row).ok()?;
            Some(Flaw { row, ..flaw })
        });
        Ok(Self {
            rows: filter_record_batch(&self.rows, chosen)?,
            flaws: flaws.collect(),
            lines: kept.iter().map(|row| self.lines[*row]).collect(),
            hashes: match self.hashes.as_slice() {
                [] => Vec::new(),
                hashes => kept.iter().map(|row| hashes[*row]).collect(),
            },
            malformed: self.malformed,
        })
    }

    /// No row but one that could not be read.
    pub(super) fn of_malformed(schema: &SchemaRef, malformed: Malformed) -> Self {
        Self {
            rows: RecordBatch::new_empty(schema.clone()),
            lines: Vec::new(),
            hashes: Vec::new(),
            malformed: vec![malformed],
            flaws: Vec::new(),
        }
    }
}
