//! The nearest rows: customers like this one.

mod params;
pub(crate) mod points;
mod scan;

use linfa::ParamGuard;
use ndarray::{Array1, ArrayView1, ArrayView2};

pub use params::{NeighbourIndex, NeighboursParams, NeighboursValidParams};

use super::preprocess::Preprocessing;
use super::validation::fits_with_validation;
use super::{ClassifierError, ProbabilityModel};
use crate::metrics::log_loss;
use crate::tree::Targets;
use points::{Points, Votes};

/// A fitted vote of the nearest training rows (Fix and Hodges 1951; Hastie, Tibshirani and
/// Friedman 2009, "The elements of statistical learning", section 13.3), found by the k-d tree of
/// linfa-nn, or with many columns by looking at all of them. Features are made ready and standardised by [`Preprocessing`]; distances are Euclidean.
///
/// The probability is the share of `true` among the `k` nearest rows, each counted by its weight
/// and, if wanted, by one over its distance, drawn towards the base rate by the prior rows. Rows
/// at the distance of the `k`-th share the places that are left, so that neither their order nor
/// a hash decides. Training rows that are the same once made ready are kept once, with their
/// number; this is what a k-d tree of few-valued columns needs, and it makes the model the same
/// whatever the order of the rows (unless rows are sampled or target-encoded, which goes by row
/// number).
///
/// linfa-nn's look at all rows puts every row on a heap for every row that is scored; ours is
/// given eight at a time and keeps the distances alone. Its ball tree is not offered: where more
/// than half of the rows share the least value of the widest column, as zeros do, it splits off
/// one row at a time and recurses as deep as there are rows.
///
/// Fitting copies the rows; every call of prediction first builds the index (20,000 rows of 40
/// columns: some tens of milliseconds), so score many rows in one call. Memory is
/// `8 * rows * columns` bytes, twice that in scoring.
///
/// # Errors of fitting
/// As for [`Preprocessing`]; with validation rows also
/// [`ColumnCount`](crate::tree::TreeError::ColumnCount).
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbours {
    pub(crate) preprocessing: Preprocessing,
    pub(crate) points: Points,
    pub(crate) votes: Votes,
}

fits_with_validation!(
    NeighboursParams,
    NeighboursValidParams,
    Neighbours,
    "Fits on `train` and chooses the number of neighbours on `validation`."
);

impl NeighboursValidParams {
    fn fit_rows(
        &self,
        x: ArrayView2<'_, f32>,
        targets: &Targets,
        validation: Option<(ArrayView2<'_, f32>, &Targets)>,
    ) -> Result<Neighbours, ClassifierError> {
        let mut model = self.fit_all(x, targets)?;
        let largest = self.candidates.iter().copied().max();
        if let (Some(largest), Some((x, held))) = (largest, validation) {
            let ready = model.preprocessing.transform(x);
            let labels = ArrayView1::from(&held.labels);
            let votes: Vec<Votes> = self
                .candidates
                .iter()
                .map(|k| Votes {
                    k: *k,
                    ..model.votes.clone()
                })
                .collect();
            let found = model.points.probabilities(&ready, largest, &votes);
            let mut best = f64::INFINITY;
            for (votes, probabilities) in votes.into_iter().zip(found) {
                let probabilities = Array1::from(probabilities);
                // The validation rows have been checked, and votes are probabilities.
                let loss = log_loss(labels, probabilities.view()).unwrap_or(f64::INFINITY);
                if loss < best {
                    best = loss;
                    model.votes = votes;
                }
            }
        }
        Ok(model)
    }

    fn fit_all(
        &self,
        x: ArrayView2<'_, f32>,
        targets: &Targets,
    ) -> Result<Neighbours, ClassifierError> {
        let (preprocessing, z) = self
            .preprocessing
            .check_ref()?
            .learn_and_apply(x, targets)?;
        Ok(Neighbours {
            points: Points::collect(&z, targets, self.max_rows, self.seed, self.index),
            preprocessing,
            votes: Votes {
                k: self.k,
                distance_weights: self.distance_weights,
                prior_rows: self.prior_rows,
                base: targets.base_rate(),
            },
        })
    }
}

impl Neighbours {
    /// The default settings, to be changed and then fitted.
    pub fn params() -> NeighboursParams {
        NeighboursParams::default()
    }

    /// Number of feature columns.
    pub fn feature_count(&self) -> usize {
        self.preprocessing.feature_count()
    }

    /// Number of neighbours, given or chosen.
    pub fn k(&self) -> usize {
        self.votes.k
    }

    /// Training rows that were kept, those that are the same once made ready counted once.
    pub fn point_count(&self) -> usize {
        self.points.len()
    }
}

impl ProbabilityModel for Neighbours {
    fn predict_probability(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        let ready = self.preprocessing.transform(x);
        let votes = std::slice::from_ref(&self.votes);
        let mut found = self.points.probabilities(&ready, self.votes.k, votes);
        Array1::from(found.pop().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
