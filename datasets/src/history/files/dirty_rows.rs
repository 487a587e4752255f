//! `truth/dirty_rows.csv`, and the counts for `truth/dirt.csv`.

use std::fs::File;
use std::path::Path;

use super::dirt::{DirtyRow, PROBLEMS};
use super::tables;
use crate::files::{WriteError, write_text};

/// Notes every dirty row, where there are to be any.
pub struct DirtyRows<'a> {
    truth: &'a Path,
    writer: Option<csv::Writer<File>>,
    counts: [u64; PROBLEMS.len()],
}

impl<'a> DirtyRows<'a> {
    pub fn new(dirty: bool, truth: &'a Path) -> Result<Self, WriteError> {
        let writer = if dirty {
            let path = truth.join("dirty_rows.csv");
            let mut writer =
                csv::Writer::from_path(&path).map_err(|error| WriteError::csv(&path, error))?;
            writer
                .write_record(["file", "row", "problem"])
                .map_err(|error| WriteError::csv(&path, error))?;
            Some(writer)
        } else {
            None
        };
        Ok(Self {
            truth,
            writer,
            counts: [0; PROBLEMS.len()],
        })
    }

    pub fn add(&mut self, rows: &[DirtyRow]) -> Result<(), WriteError> {
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        for row in rows {
            self.counts[row.problem as usize] += 1;
            let name = PROBLEMS[row.problem as usize].name;
            writer
                .write_record([&row.file, &row.row.to_string(), name])
                .map_err(|error| WriteError::csv(self.truth, error))?;
        }
        Ok(())
    }

    pub fn close(self) -> Result<[u64; PROBLEMS.len()], WriteError> {
        if let Some(mut writer) = self.writer {
            writer
                .flush()
                .map_err(|error| WriteError::io(self.truth, error))?;
            write_text(&self.truth.join("dirt.csv"), &tables::dirt(&self.counts))?;
        }
        Ok(self.counts)
    }
}
