//! Logistic regression by linfa-logistic, with the preparation that it needs.

use linfa::dataset::AsSingleTargets;
use linfa::traits::Fit;
use linfa::{DatasetBase, ParamGuard};
use ndarray::{Array1, Array2, ArrayBase, ArrayView2, Axis, Data, Ix2};

use super::preprocess::{Preprocessing, PreprocessingParams};
use super::{ClassifierError, ProbabilityModel};
use crate::tree::{Targets, check_features, sigmoid};

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
        let (preprocessing, ready) = self
            .preprocessing
            .check_ref()?
            .learn_and_apply(x, &targets)?;
        let ready = linfa::Dataset::new(ready, Array1::from(targets.labels));
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

    /// Number of feature columns.
    pub fn feature_count(&self) -> usize {
        self.preprocessing.feature_count()
    }

    /// What each column that [`Preprocessing`] makes adds to the log-odds of `true`, a unit: for
    /// a numeric feature one standard deviation (after the logarithm, where taken).
    pub fn coefficients(&self) -> &Array1<f64> {
        &self.coefficients
    }

    /// The log-odds where every column that [`Preprocessing`] makes is 0: numeric features at
    /// their training means, no category.
    pub fn intercept(&self) -> f64 {
        self.intercept
    }

    /// The standard deviation over the training rows of what each feature adds to the log-odds.
    pub fn importance(&self) -> Array1<f64> {
        self.preprocessing
            .linear_importance(self.coefficients.view())
    }

    /// What each feature adds to the log-odds of each row, against a row at the training means.
    ///
    /// Returns `n_rows x (n_features + 1)`; the last column is the log-odds at the means, and
    /// each row sums to its log-odds.
    ///
    /// # Panics
    /// When `x` has another number of columns than the model was fitted on.
    pub fn contributions(&self, x: ArrayView2<'_, f32>) -> Array2<f64> {
        self.preprocessing
            .linear_contributions(x, self.coefficients.view(), self.intercept)
    }
}

impl ProbabilityModel for LogisticRegression {
    fn predict_probability(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        self.contributions(x).sum_axis(Axis(1)).mapv_into(sigmoid)
    }
}
