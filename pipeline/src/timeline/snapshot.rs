//! A snapshot on its way from the features' file to a model: customers by features.

use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type};
use chrono::NaiveDate;
use ndarray::{Array1, Array2, ArrayView1};

use super::FEATURES;
use crate::failure::{Failure, Result};
use crate::outputs::manifest::Manifest;
use crate::outputs::read_parquet;

/// Under what a column's description in English stands in its metadata, where the other is in another language.
pub const ENGLISH: &str = "description_in_english";

/// The features of every customer at one as-of date.
pub struct Snapshot {
    /// Only what happened strictly before this day is in it.
    pub as_of: NaiveDate,
    /// Ids, ascending.
    pub customers: ArrayRef,
    /// Names of the features, in the order of the columns of `values`.
    pub names: Vec<String>,
    /// What each of them means.
    pub about: Vec<String>,
    /// The same in English.
    pub english: Vec<String>,
    /// Customers by features; NaN where a feature is empty.
    pub values: Array2<f64>,
}

/// The name of a snapshot's file.
pub fn file_name(as_of: NaiveDate) -> String {
    format!("features/{as_of}.parquet")
}

impl Snapshot {
    /// Reads the snapshot of a date from an output folder.
    ///
    /// # Errors
    /// It was not taken, or holds something else than numbers.
    pub fn read(manifest: &Manifest, out: &Path, as_of: NaiveDate) -> Result<Self> {
        let name = file_name(as_of);
        Self::of(&read_parquet(&manifest.file(out, FEATURES, &name)?)?, as_of)
    }

    /// The snapshot of a date from its table: the customers, then their features.
    ///
    /// # Errors
    /// It holds something else than numbers.
    pub fn of(table: &RecordBatch, as_of: NaiveDate) -> Result<Self> {
        let (mut names, mut about, mut english) = (Vec::new(), Vec::new(), Vec::new());
        let mut values = Array2::from_elem((table.num_rows(), table.num_columns() - 1), f64::NAN);
        for (place, field) in table.schema().fields().iter().enumerate().skip(1) {
            if *field.data_type() != DataType::Float64 {
                return Err(Failure::data(format!(
                    "{}: column `{}` is no number",
                    file_name(as_of),
                    field.name()
                ))
                .hint("run features again"));
            }
            let column = table.column(place).as_primitive::<Float64Type>();
            let mut target = values.column_mut(place - 1);
            for (row, value) in column.iter().enumerate() {
                if let Some(value) = value {
                    target[row] = value;
                }
            }
            names.push(field.name().clone());
            let said = field.metadata().get("description");
            let said = said.cloned().unwrap_or_default();
            let plain = field.metadata().get(ENGLISH);
            english.push(plain.cloned().unwrap_or_else(|| said.clone()));
            about.push(said);
        }
        Ok(Self {
            as_of,
            customers: table.column(0).clone(),
            names,
            about,
            english,
            values,
        })
    }

    /// How many customers there are.
    pub fn len(&self) -> usize {
        self.customers.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The place of a feature.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// A feature that every snapshot has.
    ///
    /// # Errors
    /// The snapshot was written by another version.
    pub fn column(&self, name: &str) -> Result<ArrayView1<'_, f64>> {
        let place = self.index(name).ok_or_else(|| {
            Failure::data(format!("the features at {} lack `{name}`", self.as_of))
                .hint("run features again")
        })?;
        Ok(self.values.column(place))
    }

    /// A feature as a vector of its own.
    pub fn vector(&self, name: &str) -> Result<Vec<f64>> {
        Ok(self.column(name)?.to_vec())
    }

    /// Some customers' features, in single precision, for trees.
    pub fn rows(&self, rows: &[usize]) -> Array2<f32> {
        let mut chosen = Array2::zeros((rows.len(), self.names.len()));
        for (target, &row) in rows.iter().enumerate() {
            let source: Array1<f32> = self.values.row(row).mapv(|value| value as f32);
            chosen.row_mut(target).assign(&source);
        }
        chosen
    }
}
