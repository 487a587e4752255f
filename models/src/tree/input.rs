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

/// Refuses rows to score that `what` was not fitted for.
///
/// # Panics
/// When `x` has another number of columns.
pub(crate) fn check_columns(what: &str, expected: usize, x: ArrayView2<'_, f32>) {
    assert_eq!(
        x.ncols(),
        expected,
        "the {what} was fitted on {expected} feature columns and is given {}",
        x.ncols()
    );
}

/// Refuses weights that are not one a row, finite and at least 0.
fn check_weights(weights: &[f32], rows: usize) -> Result<(), TreeError> {
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

/// The labels of a dataset, one a row.
pub(crate) fn read_labels<L, D, T>(
    data: &DatasetBase<ArrayBase<D, Ix2>, T>,
) -> Result<Vec<L>, TreeError>
where
    L: Copy,
    D: Data<Elem = f32>,
    T: AsSingleTargets<Elem = L>,
{
    let rows = data.records().nrows();
    let labels: Vec<L> = data.targets().as_single_targets().iter().copied().collect();
    if labels.len() == rows {
        Ok(labels)
    } else {
        Err(TreeError::LabelCount {
            rows,
            labels: labels.len(),
        })
    }
}

/// The weights of a dataset, if it has any: one a row, finite and at least 0.
pub(crate) fn read_weights<D, T>(
    data: &DatasetBase<ArrayBase<D, Ix2>, T>,
) -> Result<Option<Vec<f32>>, TreeError>
where
    D: Data<Elem = f32>,
    T: AsSingleTargets,
{
    let weights = data.weights().map(<[f32]>::to_vec);
    if let Some(weights) = &weights {
        check_weights(weights, data.records().nrows())?;
    }
    Ok(weights)
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
        let labels = read_labels(data)?;
        if rows == 0 {
            return Err(TreeError::NoRows);
        }
        let targets = Self::of(labels, read_weights(data)?);
        for label in [true, false] {
            if !targets.has(!label) {
                let rows = (0..rows).filter(|row| targets.weight(*row) > 0.0).count();
                return Err(TreeError::OneClass { label, rows });
            }
        }
        Ok(targets)
    }

    fn of(labels: Vec<bool>, weights: Option<Vec<f32>>) -> Self {
        let mut targets = Self {
            labels,
            weights,
            total: 0.0,
            positive: 0.0,
        };
        let rows = || 0..targets.labels.len();
        let total = rows().map(|row| targets.weight(row)).sum();
        let positive = rows().filter(|row| targets.labels[*row]);
        let positive = positive.map(|row| targets.weight(row)).sum();
        (targets.total, targets.positive) = (total, positive);
        targets
    }

    /// Whether a row that counts has this label.
    fn has(&self, label: bool) -> bool {
        let mut rows = self.labels.iter().enumerate();
        rows.any(|(row, other)| *other == label && self.weight(row) > 0.0)
    }

    /// Those of some rows; nothing where one label is missing among them.
    pub(crate) fn of_rows(&self, rows: &[usize]) -> Option<Self> {
        let labels = rows.iter().map(|row| self.labels[*row]).collect();
        let weights = self.weights.as_ref();
        let weights = weights.map(|weights| rows.iter().map(|row| weights[*row]).collect());
        let targets = Self::of(labels, weights);
        (targets.has(true) && targets.has(false)).then_some(targets)
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
