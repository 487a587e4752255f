//! Settings of preprocessing.

use linfa::ParamGuard;

use super::super::ClassifierError;

/// What stands in for a missing value of a numeric column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Imputation {
    /// The weighted median of the training rows.
    Median,
    /// The weighted mean of the training rows.
    Mean,
    /// This value, in the units of the column.
    Constant(f32),
}

/// How a numeric column is brought to a common scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scaling {
    /// Less its mean, over its standard deviation.
    Standard,
    /// Less its median, over the distance of its quartiles (over its standard deviation where
    /// they are equal), so that a few far values do not decide the scale.
    Robust,
    /// As it is.
    None,
}

/// Checked settings of [`Preprocessing`](super::Preprocessing); made by
/// [`PreprocessingParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct PreprocessingValidParams {
    pub(super) categorical: Vec<usize>,
    pub(super) imputation: Imputation,
    pub(super) missing_indicators: bool,
    pub(super) scaling: Scaling,
    pub(super) skew_limit: Option<f64>,
    pub(super) max_one_hot: usize,
    pub(super) min_category_rows: usize,
    pub(super) prior_rows: f64,
    pub(super) folds: usize,
    pub(super) seed: u64,
}

/// Settings of [`Preprocessing`](super::Preprocessing), not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct PreprocessingParams(PreprocessingValidParams);

impl Default for PreprocessingParams {
    fn default() -> Self {
        Self(PreprocessingValidParams {
            categorical: Vec::new(),
            imputation: Imputation::Median,
            missing_indicators: false,
            scaling: Scaling::Standard,
            skew_limit: Some(1.0),
            max_one_hot: 20,
            min_category_rows: 10,
            prior_rows: 20.0,
            folds: 5,
            seed: 42,
        })
    }
}

impl PreprocessingParams {
    /// Columns that hold numbers of categories, counted from 0. Default none.
    pub fn categorical(mut self, columns: Vec<usize>) -> Self {
        self.0.categorical = columns;
        self
    }

    /// What stands in for a missing value. Default [`Imputation::Median`].
    pub fn imputation(mut self, imputation: Imputation) -> Self {
        self.0.imputation = imputation;
        self
    }

    /// Whether each numeric column of which some training rows lack the value gets a second one
    /// beside it, 1 where it is missing and 0 elsewhere. Default `false`.
    pub fn missing_indicators(mut self, wanted: bool) -> Self {
        self.0.missing_indicators = wanted;
        self
    }

    /// How numeric and target-encoded columns are scaled. Default [`Scaling::Standard`].
    pub fn scaling(mut self, scaling: Scaling) -> Self {
        self.0.scaling = scaling;
        self
    }

    /// Numeric columns more skewed than this (third standardised moment, in size) enter as
    /// `sign(x) ln(1 + |x|)`; `None` takes every column as it is. Default `Some(1.0)`.
    pub fn skew_limit(mut self, limit: Option<f64>) -> Self {
        self.0.skew_limit = limit;
        self
    }

    /// A categorical column becomes one column a category (and one for all rare ones) where
    /// these are at most this many, and is target-encoded otherwise. 0 encodes every categorical
    /// column by target, `usize::MAX` none. Default 20.
    pub fn max_one_hot(mut self, columns: usize) -> Self {
        self.0.max_one_hot = columns;
        self
    }

    /// Categories of fewer training rows than this share one column. Default 10.
    pub fn min_category_rows(mut self, rows: usize) -> Self {
        self.0.min_category_rows = rows;
        self
    }

    /// A category's target encoding counts as many rows of the base rate beside its own.
    /// Default 20.
    pub fn prior_rows(mut self, rows: f64) -> Self {
        self.0.prior_rows = rows;
        self
    }

    /// Folds of the target encoding of training rows, at least 2: a row is encoded by the rows
    /// of the other folds. Default 5.
    pub fn folds(mut self, folds: usize) -> Self {
        self.0.folds = folds;
        self
    }

    /// Decides which training row is in which fold. Default 42.
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }
}

impl ParamGuard for PreprocessingParams {
    type Checked = PreprocessingValidParams;
    type Error = ClassifierError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let p = &self.0;
        if let Imputation::Constant(value) = p.imputation {
            ClassifierError::check(
                "imputation",
                f64::from(value),
                value.is_finite(),
                "a finite number",
            )?;
        }
        for (name, value) in [
            ("skew_limit", p.skew_limit.unwrap_or(0.0)),
            ("prior_rows", p.prior_rows),
        ] {
            ClassifierError::check_amount(name, value)?;
        }
        ClassifierError::check("folds", p.folds as f64, p.folds >= 2, "2 or more")?;
        Ok(p)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}
