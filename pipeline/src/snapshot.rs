//! A snapshot on its way from the features' file to a model: customers by features.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type};
use chrono::NaiveDate;
use ndarray::{Array1, Array2, ArrayView1};

use crate::failure::{Failure, Result};
use crate::outputs::read_parquet;
use crate::stages::{Context, features};

/// The features of every customer at one as-of date.
pub struct Snapshot {
    /// Only what happened strictly before this day is in it.
    pub as_of: NaiveDate,
    /// Ids, ascending.
    pub customers: ArrayRef,
    /// Names of the features, in the order of the columns of `values`.
    pub names: Vec<String>,
    /// Customers by features; NaN where a feature is empty.
    pub values: Array2<f64>,
}

/// What the features stage left.
///
/// # Errors
/// It has not run, or speaks of another date than the one asked for.
pub fn features_metrics(context: &Context<'_>) -> Result<features::Metrics> {
    let metrics: features::Metrics = context
        .manifest
        .metrics(features::NAME)
        .ok_or_else(|| crate::manifest::missing_stage(context.out, features::NAME, "features/"))?;
    let entry = context.manifest.stages.get(features::NAME);
    let asked = entry.and_then(|entry| entry.as_of_asked.clone());
    let wanted = context.as_of.map(|day| day.to_string());
    if asked != wanted {
        let words = |date: &Option<String>| {
            date.clone()
                .map_or("the end of the history".to_owned(), |date| {
                    format!("--as-of {date}")
                })
        };
        return Err(Failure::data(format!(
            "the features below {} are of {}, not of {}",
            context.out.display(),
            words(&asked),
            words(&wanted)
        ))
        .hint("run features again with the same --as-of, or the whole job: regulars run"));
    }
    Ok(metrics)
}

impl Snapshot {
    /// Reads the snapshot of a date that the features stage wrote.
    pub fn read(context: &Context<'_>, as_of: NaiveDate) -> Result<Self> {
        let name = features::file_name(as_of);
        let table = read_parquet(&context.manifest.file(context.out, features::NAME, &name)?)?;
        let mut names = Vec::new();
        let mut values = Array2::from_elem((table.num_rows(), table.num_columns() - 1), f64::NAN);
        for (place, field) in table.schema().fields().iter().enumerate().skip(1) {
            if *field.data_type() != DataType::Float64 {
                return Err(Failure::data(format!(
                    "{name}: column `{}` is no number",
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
        }
        Ok(Self {
            as_of,
            customers: table.column(0).clone(),
            names,
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
