//! Gradient boosting for a yes-or-no label, with log loss.

mod fit;
mod params;

use linfa::dataset::Pr;
use linfa::traits::PredictInplace;
use ndarray::{Array1, Array2, ArrayBase, ArrayView2, Data, Ix2};
use rayon::prelude::*;

pub use params::{GradientBoostingParams, GradientBoostingValidParams, Monotone};

use super::node::{Tree, row_major};
use super::shapley::LeafGames;

/// Rows are scored in chunks of this many.
const CHUNK: usize = 1024;

/// A fitted sum of trees whose value is the log-odds of the label being `true`.
///
/// Source: Friedman 2001, "Greedy function approximation: a gradient boosting machine",
/// algorithm 5, with the second-order leaf values and gains of Chen and Guestrin 2016.
///
/// Fit it through linfa; labels are `bool`, features `f32` with `NaN` for missing, weights are
/// honoured:
///
/// ```
/// use linfa::prelude::*;
/// use ndarray::{Array1, Array2};
/// use regulars_models::tree::GradientBoosting;
///
/// let x = Array2::from_shape_fn((400, 2), |(row, column)| ((row * (7 + column)) % 100) as f32);
/// let y = Array1::from_shape_fn(400, |row| x[[row, 0]] > 60.0);
/// let model = GradientBoosting::params().feature_fraction(1.0).fit(&Dataset::new(x.clone(), y)).unwrap();
/// let p = model.predict_probability(x.view());
/// assert!(p[0] < 0.1 && p[99] > 0.9);
/// ```
///
/// # Errors of fitting
/// See [`TreeError`](super::TreeError): settings out of range, no rows or columns, an infinite
/// feature, labels or weights that do not match the rows, rows of one label only.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientBoosting {
    pub(crate) features: usize,
    /// The log-odds before any tree.
    pub(crate) start: f64,
    pub(crate) trees: Vec<Tree>,
    pub(crate) validation_losses: Vec<f64>,
}

impl GradientBoosting {
    /// The default settings, to be changed and then fitted.
    pub fn params() -> GradientBoostingParams {
        GradientBoostingParams::default()
    }

    /// Number of feature columns.
    pub fn feature_count(&self) -> usize {
        self.features
    }

    /// Number of trees.
    pub fn tree_count(&self) -> usize {
        self.trees.len()
    }

    /// The mean log loss of the validation rows after 1, 2, ... trees, including those grown
    /// past the lowest and dropped again; empty when fitted without validation rows.
    pub fn validation_losses(&self) -> &[f64] {
        &self.validation_losses
    }

    /// The log-odds of `true`, one a row of `x` (`n_rows x n_features`, `NaN` where missing).
    ///
    /// An infinite value lies beyond every threshold. Rows are scored in parallel.
    ///
    /// # Panics
    /// When `x` has another number of columns than the model was fitted on.
    pub fn predict_score(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        self.check_columns(x);
        let rows = row_major(x);
        let mut scores = vec![self.start; x.nrows()];
        scores
            .par_chunks_mut(CHUNK)
            .zip(rows.par_chunks(CHUNK * self.features))
            .for_each(|(scores, rows)| {
                for tree in &self.trees {
                    for (score, row) in scores.iter_mut().zip(rows.chunks_exact(self.features)) {
                        *score += tree.leaf(row).value;
                    }
                }
            });
        Array1::from(scores)
    }

    /// The probability of `true`, one a row of `x`; see [`predict_score`](Self::predict_score).
    pub fn predict_probability(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        self.predict_score(x).mapv_into(sigmoid)
    }

    /// What each feature adds to the log-odds of each row, as Shapley values.
    ///
    /// Returns `n_rows x (n_features + 1)`; the last column is the base value, the expected
    /// score of a training row, and each row sums to its [`predict_score`](Self::predict_score).
    /// Features that no tree uses have 0.
    ///
    /// These are the exact path-dependent values of Lundberg, Erion and Lee 2018, "Consistent
    /// individualized feature attribution for tree ensembles" (the game of their algorithm 1): a
    /// feature that is not known is averaged over both sides of a split by the training rows
    /// there. Time for a row is `O(leaves x depth)` where a path has at most six features, and
    /// `O(leaves x depth^2)` otherwise.
    ///
    /// # Panics
    /// When `x` has another number of columns than the model was fitted on.
    pub fn contributions(&self, x: ArrayView2<'_, f32>) -> Array2<f64> {
        self.check_columns(x);
        let games: Vec<LeafGames> = self.trees.par_iter().map(LeafGames::of).collect();
        let base = self.start + games.iter().map(LeafGames::expected).sum::<f64>();
        let width = self.features + 1;
        let rows = row_major(x);
        let mut out = vec![0.0; x.nrows() * width];
        out.par_chunks_mut(CHUNK * width)
            .zip(rows.par_chunks(CHUNK * self.features))
            .for_each(|(out, rows)| {
                for game in &games {
                    let pairs = out
                        .chunks_exact_mut(width)
                        .zip(rows.chunks_exact(self.features));
                    for (out, row) in pairs {
                        game.add_contributions(row, out);
                    }
                }
                out.iter_mut()
                    .skip(self.features)
                    .step_by(width)
                    .for_each(|last| *last = base);
            });
        Array2::from_shape_vec((x.nrows(), width), out).expect("length is rows times width")
    }

    /// The total gain of the splits on each feature, one a feature; 0 where it is never used.
    /// Divide by the sum for shares. Favours features with many values; for reasons use
    /// [`contributions`](Self::contributions).
    pub fn gain_importance(&self) -> Array1<f64> {
        let mut importance = Array1::zeros(self.features);
        for node in self
            .trees
            .iter()
            .flat_map(|tree| &tree.nodes)
            .filter(|n| !n.is_leaf())
        {
            importance[node.feature as usize] += node.gain;
        }
        importance
    }

    fn check_columns(&self, x: ArrayView2<'_, f32>) {
        assert_eq!(
            x.ncols(),
            self.features,
            "the model was fitted on {} feature columns and is given {}",
            self.features,
            x.ncols()
        );
    }
}

/// linfa's `predict`: probabilities as [`Pr`], for linfa's own metrics.
impl<D: Data<Elem = f32>> PredictInplace<ArrayBase<D, Ix2>, Array1<Pr>> for GradientBoosting {
    fn predict_inplace<'a>(&'a self, x: &'a ArrayBase<D, Ix2>, y: &mut Array1<Pr>) {
        y.assign(
            &self
                .predict_probability(x.view())
                .mapv(|p| Pr::new(p as f32)),
        );
    }

    fn default_target(&self, x: &ArrayBase<D, Ix2>) -> Array1<Pr> {
        Array1::default(x.nrows())
    }
}

/// The probability at log-odds `score`. From `libm`, so that every platform agrees.
pub(crate) fn sigmoid(score: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-score))
}

#[cfg(test)]
mod tests;
