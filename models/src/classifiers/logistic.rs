//! Logistic regression by linfa-logistic, with the preparation that it needs.

use linfa::ParamGuard;
use linfa::traits::Fit;
use ndarray::{Array1, ArrayView2};

use super::linear::linear_model;
use super::preprocess::{Preprocessing, PreprocessingParams};
use super::validation::fits;
use super::{ClassifierError, ProbabilityModel};
use crate::tree::Targets;

/// Checked settings of [`LogisticRegression`]; made by [`LogisticRegressionParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct LogisticRegressionValidParams {
    l2: f64,
    preprocessing: PreprocessingParams,
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
            preprocessing: Preprocessing::params(),
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

    /// How features are made ready. Default [`PreprocessingParams::default`].
    pub fn preprocessing(mut self, preprocessing: PreprocessingParams) -> Self {
        self.0.preprocessing = preprocessing;
        self
    }

    /// See [`PreprocessingParams::skew_limit`]. Default `Some(1.0)`.
    pub fn skew_limit(mut self, limit: Option<f64>) -> Self {
        self.0.preprocessing = self.0.preprocessing.skew_limit(limit);
        self
    }

    /// Columns that hold numbers of categories, counted from 0. Default none.
    pub fn categorical(mut self, columns: Vec<usize>) -> Self {
        self.0.preprocessing = self.0.preprocessing.categorical(columns);
        self
    }

    /// Decides the folds of target encoding; see [`PreprocessingParams::seed`]. Default 42.
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.preprocessing = self.0.preprocessing.seed(seed);
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
    type Error = ClassifierError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let p = &self.0;
        ClassifierError::check_amount("l2", p.l2)?;
        ClassifierError::check_share("tolerance", p.tolerance)?;
        ClassifierError::check_count("max_iterations", p.max_iterations as usize)?;
        p.preprocessing.check_ref()?;
        Ok(p)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// A fitted logistic regression. What [`Preprocessing`] learned on the training rows travels
/// with it.
///
/// Constant and all-missing columns get no say.
///
/// # Errors of fitting
/// As for the tree models, and [`ClassifierError::Weights`]: linfa-logistic takes no weights.
#[derive(Clone, Debug, PartialEq)]
pub struct LogisticRegression {
    pub(crate) preprocessing: Preprocessing,
    pub(crate) coefficients: Array1<f64>,
    pub(crate) intercept: f64,
}

fits!(LogisticRegressionValidParams, LogisticRegression, refuses weights of "linfa-logistic");

impl LogisticRegressionValidParams {
    fn fit_rows(
        &self,
        x: ArrayView2<'_, f32>,
        targets: &Targets,
    ) -> Result<LogisticRegression, ClassifierError> {
        let (preprocessing, ready) = self
            .preprocessing
            .check_ref()?
            .learn_and_apply(x, targets)?;
        let ready = linfa::Dataset::new(ready, Array1::from(targets.labels.clone()));
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

linear_model!(LogisticRegression, LogisticRegressionParams);
