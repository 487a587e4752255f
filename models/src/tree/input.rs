//! Checks that every tree model makes of what it is given.

use linfa::DatasetBase;
use linfa::dataset::AsSingleTargets;
use ndarray::{ArrayBase, ArrayView2, Data, Ix2};
use rayon::prelude::*;

use super::TreeError;

/// Rows are looked through in chunks of this many.
const CHUNK: usize = 1024;

/// Refuses empty matrices and infinite values, and names the first one in reading order.
pub(crate) fn check_features(x: ArrayView2<'_, f32>) -> Result<(), TreeError> {
    if x.nrows() == 0 {
        return Err(TreeError::NoRows);
    }
    if x.ncols() == 0 {
        return Err(TreeError::NoColumns);
    }
    if u32::try_from(x.nrows()).is_err() {
        return Err(TreeError::TooManyRows(x.nrows()));
    }
    // Chunks of rows in reading order: the first that holds an infinite value has the place.
    let infinite = |row: usize| x.row(row).iter().any(|value| value.is_infinite());
    let first = (0..x.nrows().div_ceil(CHUNK))
        .into_par_iter()
        .find_map_first(|chunk| {
            let rows = chunk * CHUNK..((chunk + 1) * CHUNK).min(x.nrows());
            // Without leaving at the first, so that the compiler takes several at once.
            let any = rows.clone().fold(false, |any, row| {
                let here = |any: bool, value: &f32| any | value.is_infinite();
                any | x.row(row).iter().fold(false, here)
            });
            if !any {
                return None;
            }
            let row = rows.into_iter().find(|row| infinite(*row))?;
            let column = x.row(row).iter().position(|value| value.is_infinite())?;
            Some((row, column))
        });
    match first {
        Some((row, column)) => Err(TreeError::Infinite {
            row,
            column,
            value: x[[row, column]],
        }),
        None => Ok(()),
    }
}

/// Refuses weights that are not one a row, finite and at least 0.
pub(crate) fn check_weights(weights: &[f32], rows: usize) -> Result<(), TreeError> {
    if weights.len() != rows {
        return Err(TreeError::WeightCount {
            rows,
            weights: weights.len(),
        });
    }
    match weights.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
        Some(row) => Err(TreeError::Weight {
            row,
            value: weights[row],
        }),
        None => Ok(()),
    }
}

/// Labels and weights of a dataset, checked against its rows.
pub(crate) struct Targets {
    pub labels: Vec<bool>,
    /// `None`: every row counts 1.
    pub weights: Option<Vec<f32>>,
    /// Weight of all rows, and of the rows labelled `true`.
    pub total: f64,
    pub positive: f64,
}

impl Targets {
    /// Checks the features first, so that of several faults theirs is named.
    pub(crate) fn read_checked<D, T>(
        data: &DatasetBase<ArrayBase<D, Ix2>, T>,
    ) -> Result<Self, TreeError>
    where
        D: Data<Elem = f32>,
        T: AsSingleTargets<Elem = bool>,
    {
        check_features(data.records().view())?;
        Self::read(data)
    }

    pub(crate) fn read<D, T>(data: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<Self, TreeError>
    where
        D: Data<Elem = f32>,
        T: AsSingleTargets<Elem = bool>,
    {
        let rows = data.records().nrows();
        let labels: Vec<bool> = data.targets().as_single_targets().iter().copied().collect();
        if labels.len() != rows {
            return Err(TreeError::LabelCount {
                rows,
                labels: labels.len(),
            });
        }
        if rows == 0 {
            return Err(TreeError::NoRows);
        }
        let weights = data.weights().map(<[f32]>::to_vec);
        if let Some(weights) = &weights {
            check_weights(weights, rows)?;
        }
        let weight = |row: usize| weights.as_ref().map_or(1.0, |w| f64::from(w[row]));
        let total: f64 = (0..rows).map(weight).sum();
        let positive: f64 = (0..rows).filter(|row| labels[*row]).map(weight).sum();
        let counts = |label: bool| (0..rows).any(|row| labels[row] == label && weight(row) > 0.0);
        for label in [true, false] {
            if !counts(!label) {
                let rows = (0..rows).filter(|row| weight(*row) > 0.0).count();
                return Err(TreeError::OneClass { label, rows });
            }
        }
        Ok(Self {
            labels,
            weights,
            total,
            positive,
        })
    }

    /// The weight of a row.
    pub(crate) fn weight(&self, row: usize) -> f64 {
        self.weights
            .as_ref()
            .map_or(1.0, |weights| f64::from(weights[row]))
    }

    /// The weighted share of rows labelled `true`; above 0 and below 1.
    pub(crate) fn base_rate(&self) -> f64 {
        self.positive / self.total
    }
}
