//! Settings of the neural network.

use linfa::ParamGuard;

use super::super::ClassifierError;
use super::super::preprocess::{Preprocessing, PreprocessingParams};

/// The most units of a hidden layer.
const MAX_UNITS: usize = 1024;

/// Checked settings of [`Network`](super::Network); made by [`NetworkParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkValidParams {
    pub(super) hidden: Vec<usize>,
    pub(super) l2: f64,
    pub(super) learning_rate: f64,
    pub(super) batch_rows: usize,
    pub(super) max_epochs: usize,
    pub(super) patience: usize,
    pub(super) preprocessing: PreprocessingParams,
    pub(super) seed: u64,
}

/// Settings of [`Network`](super::Network), not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkParams(NetworkValidParams);

impl Default for NetworkParams {
    fn default() -> Self {
        Self(NetworkValidParams {
            hidden: vec![32],
            l2: 1e-3,
            learning_rate: 1e-3,
            batch_rows: 256,
            max_epochs: 200,
            patience: 10,
            preprocessing: Preprocessing::params().missing_indicators(true),
            seed: 42,
        })
    }
}

impl NetworkParams {
    /// Units of the one or two hidden layers, 1 to 1024 each. Default `[32]`.
    pub fn hidden(mut self, units: Vec<usize>) -> Self {
        self.0.hidden = units;
        self
    }

    /// The weight of half the sum of squared weights (not biases) beside the mean log loss.
    /// Default 1e-3.
    pub fn l2(mut self, l2: f64) -> Self {
        self.0.l2 = l2;
        self
    }

    /// Adam's step size, above 0 and at most 1. Default 1e-3.
    pub fn learning_rate(mut self, rate: f64) -> Self {
        self.0.learning_rate = rate;
        self
    }

    /// Rows of a step, at least 1. Default 256.
    pub fn batch_rows(mut self, rows: usize) -> Self {
        self.0.batch_rows = rows;
        self
    }

    /// The most passes over the rows, at least 1. Default 200.
    pub fn max_epochs(mut self, epochs: usize) -> Self {
        self.0.max_epochs = epochs;
        self
    }

    /// Stop when the log loss of the rows held out has not fallen for this many passes, at least
    /// 1. Default 10.
    pub fn patience(mut self, epochs: usize) -> Self {
        self.0.patience = epochs;
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

    /// Decides where the weights start, the order of the rows, which are held out, and the folds
    /// of target encoding. Default 42.
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self.0.preprocessing = self.0.preprocessing.seed(seed);
        self
    }
}

impl ParamGuard for NetworkParams {
    type Checked = NetworkValidParams;
    type Error = ClassifierError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let p = &self.0;
        let layers = p.hidden.len();
        let good = (1..=2).contains(&layers);
        ClassifierError::check("hidden layers", layers as f64, good, "1 or 2")?;
        for units in &p.hidden {
            let good = (1..=MAX_UNITS).contains(units);
            ClassifierError::check("hidden units", *units as f64, good, "between 1 and 1024")?;
        }
        ClassifierError::check_amount("l2", p.l2)?;
        ClassifierError::check_share("learning_rate", p.learning_rate)?;
        ClassifierError::check_count("batch_rows", p.batch_rows)?;
        ClassifierError::check_count("max_epochs", p.max_epochs)?;
        ClassifierError::check_count("patience", p.patience)?;
        p.preprocessing.check_ref()?;
        Ok(p)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}
