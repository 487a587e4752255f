//! Rows that are scored by the model and by its export.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema};
use ndarray::{Array1, Array2};
use regulars_models::export::{Dialect, telling_rows, to_sql};
use regulars_models::format::{FeatureKind, SavedModel};

use super::{refused, table};
use crate::cli::ExportModel;
use crate::config::Config;
use crate::failure::{Failure, Result};
use crate::workbench::Aside;

/// As many rows are scored both ways.
const ROWS: usize = 1_000;

/// The most by which two probabilities may differ.
pub const MOST: f64 = 1e-6;

/// A category that no model knows: nobody calls one so.
const NEVER_SEEN: &str = "\u{fffd} never seen \u{fffd}";

/// What the table is called here.
const TABLE: &str = "features";

/// How deep SQL may nest: deep trees do.
const NESTED: &str = "SET datafusion.sql_parser.recursion_limit = 5000";

/// Rows, and what the model says of them.
pub struct Check<'a> {
    args: &'a ExportModel,
    /// In double precision; NaN for missing values and for categories that the model does not know.
    rows: Array2<f64>,
    /// The columns, as a table holds them.
    columns: Vec<(String, ArrayRef)>,
    wanted: Array1<f64>,
}

impl<'a> Check<'a> {
    /// The rows on which a model is hardest to follow.
    pub fn of(model: &SavedModel, args: &'a ExportModel) -> Result<Self> {
        let rows = telling_rows(model, ROWS).map_err(refused)?;
        let single = rows.mapv(|value| value as f32);
        let wanted = model.predict_probability(single.view());
        let wanted = wanted.ok_or_else(|| Failure::machine("the model gives no probability"))?;
        let mut columns: Vec<(String, ArrayRef)> = Vec::new();
        for (feature, values) in model.features().iter().zip(rows.columns()) {
            let cell = |(row, value): (usize, &f64)| match (value.is_nan(), row % 2 == 0) {
                (false, _) => Some(*value),
                (true, true) => None,
                // Missing in the other way.
                (true, false) => Some(f64::NAN),
            };
            let values = values.iter().enumerate().map(cell);
            let column: ArrayRef = match &feature.kind {
                FeatureKind::Numeric => Arc::new(values.collect::<Float64Array>()),
                FeatureKind::Categorical(names) => {
                    let name = |value: f64| match value.is_nan() {
                        true => NEVER_SEEN,
                        false => names.get(value as usize).map_or(NEVER_SEEN, String::as_str),
                    };
                    let values = values.map(|value| value.map(name));
                    Arc::new(values.collect::<StringArray>())
                }
            };
            columns.push((feature.name.clone(), column));
        }
        Ok(Self {
            args,
            rows,
            columns,
            wanted,
        })
    }

    /// How many there are.
    pub fn rows(&self) -> u64 {
        self.rows.nrows() as u64
    }

    /// The largest difference to what DataFusion makes of the statement.
    ///
    /// # Errors
    /// It cannot run the statement, or leaves rows out.
    pub fn by_datafusion(&self, model: &SavedModel) -> Result<f64> {
        let table = table(TABLE, self.args);
        let sql = to_sql(model, Dialect::DataFusion, &table).map_err(refused)?;
        let aside = Aside::open(Config::default().engine.memory_limit.0)?;
        let scope = aside.engine.scope();
        let mut fields = vec![Field::new(table.id, DataType::Int64, false)];
        let mut columns: Vec<ArrayRef> =
            vec![Arc::new((0..self.rows() as i64).collect::<Int64Array>())];
        for (name, column) in &self.columns {
            fields.push(Field::new(name, column.data_type().clone(), true));
            columns.push(Arc::clone(column));
        }
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
        scope.batch(TABLE, batch)?;
        scope.frame(NESTED)?;
        let found = scope.query(&sql)?;
        let ids = found.column(0).as_primitive::<Int64Type>();
        let scores = found.column(1).as_primitive::<Float64Type>();
        let scores = scores.iter().map(|score| score.unwrap_or(f64::NAN));
        let said: HashMap<i64, f64> = ids.values().iter().copied().zip(scores).collect();
        if said.len() != self.rows.nrows() {
            return Err(Failure::machine(format!(
                "the SQL scores {} rows of {}",
                said.len(),
                self.rows.nrows()
            )));
        }
        let apart = self.wanted.iter().enumerate().map(|(row, wanted)| {
            let said = said.get(&(row as i64)).copied().unwrap_or(f64::NAN);
            (wanted - said).abs()
        });
        // NaN is no difference that may be passed over.
        Ok(apart.fold(0.0, |most, apart| match apart.is_nan() {
            true => f64::NAN,
            false if most > apart || f64::is_nan(most) => most,
            false => apart,
        }))
    }

    /// The rows as CSV, with what the model says of each.
    pub fn text(&self) -> String {
        let cell = |text: &str| match text.contains([',', '"', '\n', '\r']) {
            true => format!("\"{}\"", text.replace('"', "\"\"")),
            false => text.to_owned(),
        };
        let mut text = cell(&self.args.id);
        for (name, _) in &self.columns {
            let _ = write!(text, ",{}", cell(name));
        }
        let _ = writeln!(text, ",expected");
        for row in 0..self.rows.nrows() {
            let _ = write!(text, "{row}");
            for (place, (_, column)) in self.columns.iter().enumerate() {
                let value = self.rows[[row, place]];
                let written = match column.data_type() {
                    DataType::Float64 if value.is_nan() => String::new(),
                    DataType::Float64 => format!("{value:e}"),
                    _ => {
                        let texts = column.as_string::<i32>();
                        texts
                            .iter()
                            .nth(row)
                            .flatten()
                            .map(cell)
                            .unwrap_or_default()
                    }
                };
                let _ = write!(text, ",{written}");
            }
            let _ = writeln!(text, ",{:e}", self.wanted[row]);
        }
        text
    }
}
