//! Rows in blocks, copied so that columns of the copy can be changed before a model sees it.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;

use super::ExplainError;

/// Rows in a block: enough to keep a model busy, few enough to stay in the cache.
const BLOCK: usize = 1024;

/// The blocks of `x` with the number of the first row of each.
pub(super) fn blocks<'a>(
    x: &'a ArrayView2<'_, f32>,
) -> impl ExactSizeIterator<Item = (usize, ArrayView2<'a, f32>)> {
    let starts = (0..x.nrows()).step_by(BLOCK);
    starts.zip(x.axis_chunks_iter(Axis(0), BLOCK))
}

/// What `of` makes of a copy of each block and its first row, in the order of the blocks.
pub(super) fn for_blocks<R: Send>(
    x: ArrayView2<'_, f32>,
    of: impl Fn(Array2<f32>, usize) -> Result<R, ExplainError> + Sync,
) -> Result<Vec<R>, ExplainError> {
    let all: Vec<_> = blocks(&x).collect();
    all.into_par_iter()
        .map(|(first, block)| of(block.to_owned(), first))
        .collect()
}

/// Asks the model, and checks that it answers for every row.
pub(super) fn ask(
    predict: &impl Fn(ArrayView2<'_, f32>) -> Array1<f64>,
    rows: ArrayView2<'_, f32>,
) -> Result<Array1<f64>, ExplainError> {
    let predicted = predict(rows);
    if predicted.len() != rows.nrows() {
        return Err(ExplainError::PredictionCount {
            expected: rows.nrows(),
            found: predicted.len(),
        });
    }
    Ok(predicted)
}

/// How much each row counts.
pub(super) struct Weights<'a>(Option<ArrayView1<'a, f32>>);

impl<'a> Weights<'a> {
    pub fn new(weights: Option<ArrayView1<'a, f32>>, rows: usize) -> Result<Self, ExplainError> {
        let Some(given) = weights else {
            return Ok(Self(None));
        };
        if given.len() != rows {
            let weights = given.len();
            return Err(ExplainError::WeightCount { rows, weights });
        }
        let fine = |weight: &f32| weight.is_finite() && *weight >= 0.0;
        if let Some(row) = given.iter().position(|weight| !fine(weight)) {
            let value = given[row];
            return Err(ExplainError::Weight { row, value });
        }
        if rows > 0 && given.iter().all(|weight| *weight == 0.0) {
            return Err(ExplainError::NoWeight);
        }
        Ok(Self(Some(given)))
    }

    pub fn of(&self, row: usize) -> f64 {
        match &self.0 {
            Some(weights) => f64::from(weights[row]),
            None => 1.0,
        }
    }

    pub fn total(&self, rows: usize) -> f64 {
        (0..rows).map(|row| self.of(row)).sum()
    }
}
