//! What models that think in distances and sums need done to features. It is learned on the
//! training rows and travels with the model, so that a saved model takes raw features.
//!
//! | column | training | a missing value | a value not met in training |
//! |---|---|---|---|
//! | numeric | filled, logged where skewed, scaled | median, mean or constant; said by a column beside it, if wanted | as any; infinity is drawn back to the training range |
//! | few categories | one column each, rare ones together | a category of its own | all zeros |
//! | many categories | the smoothed rate of the label (Micci-Barreca 2001, "A preprocessing scheme for high-cardinality categorical attributes", equation 3 with a weight of `n / (n + m)`) | the rate of rows that lack it | the base rate |
//!
//! A rate that a row has itself been counted in tells a model the row's label; training rows
//! are therefore encoded out of fold: each by the rows of the other folds, which are drawn by
//! a counter-based number from seed and row number.

pub(crate) mod categories;
pub(crate) mod numeric;
mod params;

use linfa::dataset::AsSingleTargets;
use linfa::traits::Fit;
use linfa::{DatasetBase, ParamGuard};
use ndarray::{Array1, Array2, ArrayBase, ArrayView1, ArrayView2, Data, Ix2};
use rayon::prelude::*;

pub use params::{Imputation, PreprocessingParams, PreprocessingValidParams, Scaling};

use super::{ClassifierError, check_columns};
use crate::tree::{Targets, TreeError, category, check_features};
use categories::{OneHot, TargetEncoding};
use numeric::{Moments, Numeric};

/// Rows are made ready in chunks of this many.
const CHUNK: usize = 1024;

/// How each column is made ready; see the [module](self). Weights are honoured: medians, means,
/// scales and rates are of weights. Except for the folds of target encoding, the order of the
/// training rows does not matter.
///
/// # Errors of fitting
/// As for the classifiers, [`TreeError::NoSuchColumn`] and [`TreeError::Category`].
#[derive(Clone, Debug, PartialEq)]
pub struct Preprocessing {
    pub(crate) columns: Vec<Column>,
    /// The feature that each output is made of.
    pub(crate) sources: Vec<usize>,
    /// Mean and standard deviation of each output over the training rows.
    pub(crate) means: Vec<f64>,
    pub(crate) deviations: Vec<f64>,
}

/// One column, of amounts or of categories.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Column {
    Numeric(Numeric),
    OneHot(OneHot),
    Target(TargetEncoding),
}

impl<D, T> Fit<ArrayBase<D, Ix2>, T, ClassifierError> for PreprocessingValidParams
where
    D: Data<Elem = f32>,
    T: AsSingleTargets<Elem = bool>,
{
    type Object = Preprocessing;

    fn fit(
        &self,
        train: &DatasetBase<ArrayBase<D, Ix2>, T>,
    ) -> Result<Preprocessing, ClassifierError> {
        let targets = Targets::read_checked(train)?;
        self.learn(train.records().view(), &targets)
    }
}

impl PreprocessingParams {
    /// Checks the settings, then see [`PreprocessingValidParams::fit_transform`].
    pub fn fit_transform<D, T>(
        &self,
        train: &DatasetBase<ArrayBase<D, Ix2>, T>,
    ) -> Result<(Preprocessing, Array2<f64>), ClassifierError>
    where
        D: Data<Elem = f32>,
        T: AsSingleTargets<Elem = bool>,
    {
        self.check_ref()?.fit_transform(train)
    }
}

impl PreprocessingValidParams {
    /// Learns on the training rows and makes them ready (`n_rows x n_outputs`), target
    /// encodings out of fold. These are the rows to fit a model on;
    /// [`Preprocessing::transform`] is for all others.
    ///
    /// # Errors
    /// As for fitting.
    pub fn fit_transform<D, T>(
        &self,
        train: &DatasetBase<ArrayBase<D, Ix2>, T>,
    ) -> Result<(Preprocessing, Array2<f64>), ClassifierError>
    where
        D: Data<Elem = f32>,
        T: AsSingleTargets<Elem = bool>,
    {
        let targets = Targets::read_checked(train)?;
        self.learn_and_apply(train.records().view(), &targets)
    }

    /// As [`fit_transform`](Self::fit_transform), on rows that have been checked.
    pub(super) fn learn_and_apply(
        &self,
        x: ArrayView2<'_, f32>,
        targets: &Targets,
    ) -> Result<(Preprocessing, Array2<f64>), ClassifierError> {
        let learned = self.learn(x, targets)?;
        let mut ready = learned.transform(x);
        for (output, source) in learned.sources.iter().enumerate() {
            if let Column::Target(column) = &learned.columns[*source] {
                let encoded = column.out_of_fold(x.column(*source), targets, self);
                ready.column_mut(output).assign(&ArrayView1::from(&encoded));
            }
        }
        Ok((learned, ready))
    }

    /// Learns on rows that have been checked.
    pub(super) fn learn(
        &self,
        x: ArrayView2<'_, f32>,
        targets: &Targets,
    ) -> Result<Preprocessing, ClassifierError> {
        check_features(x)?;
        check_categories(x, &self.categorical)?;
        let learned: Vec<(Column, Vec<Moments>)> = (0..x.ncols())
            .into_par_iter()
            .map(|column| {
                let values = x.column(column);
                if !self.categorical.contains(&column) {
                    let (column, moments) = Numeric::learn(values, targets, self);
                    (Column::Numeric(column), moments)
                } else if let Some((column, moments)) = OneHot::learn(values, targets, self) {
                    (Column::OneHot(column), moments)
                } else {
                    let (column, moments) = TargetEncoding::learn(values, targets, self);
                    (Column::Target(column), moments)
                }
            })
            .collect();
        let mut out = Preprocessing {
            columns: Vec::new(),
            sources: Vec::new(),
            means: Vec::new(),
            deviations: Vec::new(),
        };
        for (source, (column, moments)) in learned.into_iter().enumerate() {
            out.columns.push(column);
            for (mean, deviation) in moments {
                out.sources.push(source);
                out.means.push(mean);
                out.deviations.push(deviation);
            }
        }
        Ok(out)
    }
}

/// Refuses columns that are not there and values that are no category, as the tree models do.
pub(super) fn check_categories(
    x: ArrayView2<'_, f32>,
    categorical: &[usize],
) -> Result<(), TreeError> {
    let columns = x.ncols();
    if let Some(column) = categorical.iter().find(|column| **column >= columns) {
        return Err(TreeError::NoSuchColumn {
            column: *column,
            columns,
        });
    }
    for &column in categorical {
        let wrong = |value: &f32| !value.is_nan() && category(*value).is_none();
        if let Some(row) = x.column(column).iter().position(wrong) {
            return Err(TreeError::Category {
                row,
                column,
                value: x[[row, column]],
            });
        }
    }
    Ok(())
}

impl Preprocessing {
    /// The default settings, to be changed and then fitted.
    pub fn params() -> PreprocessingParams {
        PreprocessingParams::default()
    }

    /// Number of feature columns that go in.
    pub fn feature_count(&self) -> usize {
        self.columns.len()
    }

    /// For each column that comes out, the feature column that it is made of.
    pub fn sources(&self) -> &[usize] {
        &self.sources
    }

    /// Makes rows ready: `n_rows x n_features` to `n_rows x n_outputs`, all finite. Rows are
    /// worked on in parallel.
    ///
    /// # Panics
    /// When `x` has another number of columns than the training rows.
    pub fn transform(&self, x: ArrayView2<'_, f32>) -> Array2<f64> {
        check_columns(self.columns.len(), x);
        let width = self.sources.len();
        let mut out = vec![0.0; x.nrows() * width];
        out.par_chunks_mut(CHUNK * width)
            .enumerate()
            .for_each(|(chunk, out)| {
                for (row, out) in out.chunks_exact_mut(width).enumerate() {
                    self.write(x.row(chunk * CHUNK + row), out);
                }
            });
        Array2::from_shape_vec((x.nrows(), width), out).expect("length is rows times width")
    }

    fn write(&self, row: ArrayView1<'_, f32>, out: &mut [f64]) {
        let mut start = 0;
        for (column, value) in self.columns.iter().zip(row) {
            let width = column.width();
            let out = &mut out[start..start + width];
            match column {
                Column::Numeric(column) => column.write(*value, out),
                Column::OneHot(column) => column.write(*value, out),
                Column::Target(column) => column.write(*value, out),
            }
            start += width;
        }
    }

    /// What each feature adds to a linear score, against a row whose outputs are at their
    /// training means: `n_rows x (n_features + 1)`, the last column the score of that row.
    pub(super) fn linear_contributions(
        &self,
        x: ArrayView2<'_, f32>,
        coefficients: ArrayView1<'_, f64>,
        intercept: f64,
    ) -> Array2<f64> {
        let ready = self.transform(x);
        let features = self.feature_count();
        let at_means: f64 = self
            .means
            .iter()
            .zip(coefficients)
            .map(|(m, c)| m * c)
            .sum();
        let mut out = Array2::zeros((x.nrows(), features + 1));
        for (ready, mut out) in ready.rows().into_iter().zip(out.rows_mut()) {
            for (output, source) in self.sources.iter().enumerate() {
                out[*source] += (ready[output] - self.means[output]) * coefficients[output];
            }
            out[features] = intercept + at_means;
        }
        out
    }

    /// For each feature the standard deviations over the training rows of what its outputs add
    /// to a linear score, summed.
    pub(super) fn linear_importance(&self, coefficients: ArrayView1<'_, f64>) -> Array1<f64> {
        let mut importance = Array1::zeros(self.feature_count());
        for (output, source) in self.sources.iter().enumerate() {
            importance[*source] += coefficients[output].abs() * self.deviations[output];
        }
        importance
    }
}

impl Column {
    pub(crate) fn width(&self) -> usize {
        match self {
            Self::Numeric(column) => column.width(),
            Self::OneHot(column) => column.width,
            Self::Target(_) => 1,
        }
    }
}

#[cfg(test)]
mod tests;
