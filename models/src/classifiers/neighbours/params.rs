//! Settings of the nearest neighbours.

use linfa::ParamGuard;

use super::super::ClassifierError;
use super::super::preprocess::{Preprocessing, PreprocessingParams};

/// How the nearest rows are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeighbourIndex {
    /// By k-d tree up to 20 columns made ready, else by looking at all rows.
    Auto,
    /// linfa-nn's k-d tree.
    KdTree,
    /// By looking at all rows.
    Scan,
}

/// Checked settings of [`Neighbours`](super::Neighbours); made by [`NeighboursParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct NeighboursValidParams {
    pub(super) k: usize,
    pub(super) candidates: Vec<usize>,
    pub(super) distance_weights: bool,
    pub(super) prior_rows: f64,
    pub(super) max_rows: usize,
    pub(super) index: NeighbourIndex,
    pub(super) preprocessing: PreprocessingParams,
    pub(super) seed: u64,
}

/// Settings of [`Neighbours`](super::Neighbours), not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct NeighboursParams(NeighboursValidParams);

impl Default for NeighboursParams {
    fn default() -> Self {
        Self(NeighboursValidParams {
            k: 50,
            candidates: vec![10, 20, 50, 100, 200, 400],
            distance_weights: true,
            prior_rows: 1.0,
            max_rows: 20_000,
            index: NeighbourIndex::Auto,
            preprocessing: Preprocessing::params(),
            seed: 42,
        })
    }
}

impl NeighboursParams {
    /// Number of neighbours, at least 1. Default 50.
    pub fn k(mut self, k: usize) -> Self {
        self.0.k = k;
        self
    }

    /// With a validation set: the number of neighbours is the one of these, each at least 1,
    /// that gives it the lowest log loss (the first of equals). Empty to keep
    /// [`k`](Self::k). Default 10, 20, 50, 100, 200 and 400.
    pub fn candidates(mut self, ks: Vec<usize>) -> Self {
        self.0.candidates = ks;
        self
    }

    /// Whether a neighbour counts by one over its distance (where some lie at no distance, only
    /// those count), or all alike. Default `true`.
    pub fn distance_weights(mut self, wanted: bool) -> Self {
        self.0.distance_weights = wanted;
        self
    }

    /// A probability counts as many neighbours of the base rate beside the `k`. Default 1,
    /// which keeps it from 0 and 1.
    pub fn prior_rows(mut self, rows: f64) -> Self {
        self.0.prior_rows = rows;
        self
    }

    /// Of more training rows than this, at least 1, only so many are kept, drawn by seed and
    /// row number. Default 20,000.
    pub fn max_rows(mut self, rows: usize) -> Self {
        self.0.max_rows = rows;
        self
    }

    /// How the nearest rows are found. Default [`NeighbourIndex::Auto`].
    pub fn index(mut self, index: NeighbourIndex) -> Self {
        self.0.index = index;
        self
    }

    /// How features are made ready. Default [`PreprocessingParams::default`].
    pub fn preprocessing(mut self, preprocessing: PreprocessingParams) -> Self {
        self.0.preprocessing = preprocessing;
        self
    }

    /// Columns that hold numbers of categories, counted from 0. Default none.
    pub fn categorical(mut self, columns: Vec<usize>) -> Self {
        self.0.preprocessing = self.0.preprocessing.categorical(columns);
        self
    }

    /// Decides which rows are kept, and the folds of target encoding. Default 42.
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self.0.preprocessing = self.0.preprocessing.seed(seed);
        self
    }
}

impl ParamGuard for NeighboursParams {
    type Checked = NeighboursValidParams;
    type Error = ClassifierError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let p = &self.0;
        ClassifierError::check_count("k", p.k)?;
        for k in &p.candidates {
            ClassifierError::check_count("candidate k", *k)?;
        }
        ClassifierError::check_amount("prior_rows", p.prior_rows)?;
        ClassifierError::check_count("max_rows", p.max_rows)?;
        p.preprocessing.check_ref()?;
        Ok(p)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}
