//! Checks that every tree model makes of what it is given.

use linfa::DatasetBase;
use linfa::dataset::AsSingleTargets;
use ndarray::{ArrayBase, ArrayView2, Data, Ix2};
use rayon::prelude::*;

use super::TreeError;

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
    let first = (0..x.ncols())
        .into_par_iter()
        .filter_map(|column| {
            let row = x.column(column).iter().position(|v| v.is_infinite())?;
            Some((row, column))
        })
        .min();
    match first {
        Some((row, column)) => Err(TreeError::Infinite {
            row,
            column,
            value: x[[row, column]],
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
            if weights.len() != rows {
                return Err(TreeError::WeightCount {
                    rows,
                    weights: weights.len(),
                });
            }
            if let Some(row) = weights.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
                return Err(TreeError::Weight {
                    row,
                    value: weights[row],
                });
            }
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

    /// The largest weight.
    pub(crate) fn largest_weight(&self) -> f64 {
        self.weights
            .as_ref()
            .map_or(1.0, |w| f64::from(w.iter().copied().fold(0.0, f32::max)))
    }

    /// The weighted share of rows labelled `true`; above 0 and below 1.
    pub(crate) fn base_rate(&self) -> f64 {
        self.positive / self.total
    }
}
