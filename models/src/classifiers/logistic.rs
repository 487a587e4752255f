//! Logistic regression by linfa-logistic, with the preparation that it needs.

use linfa::dataset::AsSingleTargets;
use linfa::traits::Fit;
use linfa::{DatasetBase, ParamGuard};
use ndarray::{Array1, Array2, ArrayBase, ArrayView2, Axis, Data, Ix2};

use super::preprocess::Preprocessing;
use super::{ClassifierError, ProbabilityModel, check_columns};
use crate::tree::{Targets, TreeParamError, check_features, sigmoid};

/// Checked settings of [`LogisticRegression`]; made by [`LogisticRegressionParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct LogisticRegressionValidParams {
    l2: f64,
    skew_limit: Option<f64>,
    max_iterations: u64,
    tolerance: f64,
}

/// Settings of [`LogisticRegression`], not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct LogisticRegressionParams(LogisticRegressionValidParams);

impl Default for LogisticRegressionParams {
    fn default() -> Self {
        Self(LogisticRegressionValidParams {
            l2: 50.0,
            skew_limit: Some(1.0),
            max_iterations: 500,
            tolerance: 1e-5,
        })
    }
}

impl LogisticRegressionParams {
    /// The weight of half the squared length of the coefficients beside the summed log loss
    /// (scikit-learn's `1 / C`; the intercept is free). Default 50.
    pub fn l2(mut self, l2: f64) -> Self {
        self.0.l2 = l2;
        self
    }

    /// Columns more skewed than this (third standardised moment, in size) enter as
    /// `sign(x) ln(1 + |x|)`; `None` takes every column as it is. Default `Some(1.0)`.
    pub fn skew_limit(mut self, limit: Option<f64>) -> Self {
        self.0.skew_limit = limit;
        self
    }

    /// The most steps of the solver (L-BFGS), at least 1. Default 500.
    pub fn max_iterations(mut self, iterations: u64) -> Self {
        self.0.max_iterations = iterations;
        self
    }

    /// The solver stops where the length of the gradient, divided by the number of rows, is at
    /// most this; above 0. Default 1e-5.
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.0.tolerance = tolerance;
        self
    }
}

impl ParamGuard for LogisticRegressionParams {
    type Checked = LogisticRegressionValidParams;
    type Error = TreeParamError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let p = &self.0;
        for (name, value) in [("l2", p.l2), ("skew_limit", p.skew_limit.unwrap_or(0.0))] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(TreeParamError::Negative { name, value });
            }
        }
        if !(p.tolerance > 0.0 && p.tolerance <= 1.0) {
            return Err(TreeParamError::Share {
                name: "tolerance",
                value: p.tolerance,
            });
        }
        if p.max_iterations == 0 {
            return Err(TreeParamError::Zero {
                name: "max_iterations",
            });
        }
        Ok(p)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// A fitted logistic regression. Medians, logarithms and scales were learned on the training
/// rows and travel with it.
///
/// Missing values become the median of their column; constant and all-missing columns get no
/// say; infinite values met in scoring are drawn back to the range of the training rows.
///
/// # Errors of fitting
/// As for the tree models, and [`ClassifierError::Weights`]: linfa-logistic takes no weights.
#[derive(Clone, Debug, PartialEq)]
pub struct LogisticRegression {
    preprocessing: Preprocessing,
    coefficients: Array1<f64>,
    intercept: f64,
}

impl<D, T> Fit<ArrayBase<D, Ix2>, T, ClassifierError> for LogisticRegressionValidParams
where
    D: Data<Elem = f32>,
    T: AsSingleTargets<Elem = bool>,
{
    type Object = LogisticRegression;

    fn fit(
        &self,
        train: &DatasetBase<ArrayBase<D, Ix2>, T>,
    ) -> Result<LogisticRegression, ClassifierError> {
        let x = train.records().view();
        check_features(x)?;
        if train.weights().is_some() {
            return Err(ClassifierError::Weights("linfa-logistic"));
        }
        let targets = Targets::read(train)?;
        let preprocessing = Preprocessing::learn(x, self.skew_limit);
        let ready = linfa::Dataset::new(preprocessing.standardise(x), Array1::from(targets.labels));
        let fitted = linfa_logistic::LogisticRegression::default()
            .alpha(self.l2)
            .max_iterations(self.max_iterations)
            // linfa-logistic's is of the gradient summed over the rows.
            .gradient_tolerance(self.tolerance * x.nrows() as f64)
            .fit(&ready)?;
        // linfa-logistic models whichever label is the more frequent one.
        let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
        Ok(LogisticRegression {
            preprocessing,
            coefficients: fitted.params().mapv(|w| sign * w),
            intercept: sign * fitted.intercept(),
        })
    }
}

impl LogisticRegression {
    /// The default settings, to be changed and then fitted.
    pub fn params() -> LogisticRegressionParams {
        LogisticRegressionParams::default()
    }

    /// What one standard deviation of each feature (after the logarithm, where taken) adds to
    /// the log-odds of `true`.
    pub fn coefficients(&self) -> &Array1<f64> {
        &self.coefficients
    }

    /// The log-odds where every feature is at its training mean.
    pub fn intercept(&self) -> f64 {
        self.intercept
    }

    /// What each feature adds to the log-odds of each row, against a row at the training means.
    ///
    /// Returns `n_rows x (n_features + 1)`; the last column is the intercept, and each row sums
    /// to its log-odds.
    ///
    /// # Panics
    /// When `x` has another number of columns than the model was fitted on.
    pub fn contributions(&self, x: ArrayView2<'_, f32>) -> Array2<f64> {
        check_columns(self.preprocessing.columns(), x);
        let mut out = self.preprocessing.standardise(x) * &self.coefficients;
        out.push_column(Array1::from_elem(x.nrows(), self.intercept).view())
            .expect("one intercept a row");
        out
    }
}

impl ProbabilityModel for LogisticRegression {
    fn predict_probability(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        self.contributions(x).sum_axis(Axis(1)).mapv_into(sigmoid)
    }
}
