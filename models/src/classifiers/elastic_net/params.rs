//! Settings of logistic regression with the elastic net.

use linfa::ParamGuard;

use super::super::ClassifierError;
use super::super::preprocess::{Preprocessing, PreprocessingParams};

/// Checked settings of [`ElasticNet`](super::ElasticNet); made by [`ElasticNetParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct ElasticNetValidParams {
    pub(super) penalty: Option<f64>,
    pub(super) l1_ratio: f64,
    pub(super) path_length: usize,
    pub(super) path_end: f64,
    pub(super) patience: usize,
    pub(super) sample_rows: usize,
    pub(super) max_iterations: usize,
    pub(super) tolerance: f64,
    pub(super) preprocessing: PreprocessingParams,
    pub(super) seed: u64,
}

/// Settings of [`ElasticNet`](super::ElasticNet), not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct ElasticNetParams(ElasticNetValidParams);

impl Default for ElasticNetParams {
    fn default() -> Self {
        Self(ElasticNetValidParams {
            penalty: None,
            l1_ratio: 0.5,
            path_length: 30,
            path_end: 1e-4,
            patience: 5,
            sample_rows: 50_000,
            max_iterations: 200,
            tolerance: 1e-7,
            preprocessing: Preprocessing::params().missing_indicators(true),
            seed: 42,
        })
    }
}

impl ElasticNetParams {
    /// The weight of the penalty beside the mean log loss, above 0 (glmnet's lambda;
    /// scikit-learn's `1 / (C * n_rows)`). `None`, the default, chooses it along a path, on the
    /// validation rows if there are any, else on a fifth of the training rows.
    pub fn penalty(mut self, penalty: Option<f64>) -> Self {
        self.0.penalty = penalty;
        self
    }

    /// The share of the penalty that is on the sizes of the coefficients (L1), 0 to 1; the rest
    /// is on half their squares (L2). Default 0.5.
    pub fn l1_ratio(mut self, share: f64) -> Self {
        self.0.l1_ratio = share;
        self
    }

    /// Penalties on the path, at least 2. Default 30.
    pub fn path_length(mut self, penalties: usize) -> Self {
        self.0.path_length = penalties;
        self
    }

    /// The path runs, in equal factors, from the least penalty that leaves no coefficient down
    /// to this share of it, above 0 and below 1. Default 1e-4.
    pub fn path_end(mut self, share: f64) -> Self {
        self.0.path_end = share;
        self
    }

    /// The path ends early where the log loss has not fallen for this many penalties, at least
    /// 1. Default 5.
    pub fn patience(mut self, penalties: usize) -> Self {
        self.0.patience = penalties;
        self
    }

    /// Of more training rows than this, about so many choose the penalty, and the fit on all begins
    /// at what they came to; at least 1. Default 50,000.
    pub fn sample_rows(mut self, rows: usize) -> Self {
        self.0.sample_rows = rows;
        self
    }

    /// The most Newton steps for one penalty, at least 1. Default 200.
    pub fn max_iterations(mut self, iterations: usize) -> Self {
        self.0.max_iterations = iterations;
        self
    }

    /// A solution is taken where no optimality condition is broken by more than this; see
    /// [`ElasticNet`](super::ElasticNet). Above 0 and at most 1. Default 1e-7.
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.0.tolerance = tolerance;
        self
    }

    /// How features are made ready. Default [`PreprocessingParams::default`] with columns that
    /// say what is missing.
    pub fn preprocessing(mut self, preprocessing: PreprocessingParams) -> Self {
        self.0.preprocessing = preprocessing;
        self
    }

    /// Columns that hold numbers of categories, counted from 0. Default none.
    pub fn categorical(mut self, columns: Vec<usize>) -> Self {
        self.0.preprocessing = self.0.preprocessing.categorical(columns);
        self
    }

    /// Decides which training rows are held out and the folds of target encoding. Default 42.
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self.0.preprocessing = self.0.preprocessing.seed(seed);
        self
    }
}

impl ParamGuard for ElasticNetParams {
    type Checked = ElasticNetValidParams;
    type Error = ClassifierError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let p = &self.0;
        if let Some(penalty) = p.penalty {
            let good = penalty.is_finite() && penalty > 0.0;
            ClassifierError::check("penalty", penalty, good, "a finite number above 0")?;
        }
        let good = (0.0..=1.0).contains(&p.l1_ratio);
        ClassifierError::check("l1_ratio", p.l1_ratio, good, "a share from 0 to 1")?;
        let length = p.path_length;
        ClassifierError::check("path_length", length as f64, length >= 2, "at least 2")?;
        let good = p.path_end > 0.0 && p.path_end < 1.0;
        ClassifierError::check("path_end", p.path_end, good, "a share between 0 and 1")?;
        ClassifierError::check_count("patience", p.patience)?;
        ClassifierError::check_count("sample_rows", p.sample_rows)?;
        ClassifierError::check_count("max_iterations", p.max_iterations)?;
        ClassifierError::check_share("tolerance", p.tolerance)?;
        p.preprocessing.check_ref()?;
        Ok(p)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}
