//! Fitting: one tree after another on the gradients of the log loss.

use linfa::dataset::AsSingleTargets;
use linfa::traits::Fit;
use linfa::{DatasetBase, ParamGuard};
use ndarray::{ArrayBase, ArrayView2, Data, Ix2};
use rayon::prelude::*;

use super::super::criterion::Newton;
use super::super::grow::{Grower, Grown, Limits, Workspace};
use super::super::histogram::{FixedPoint, RowStat};
use super::super::input::{Targets, check_features};
use super::super::node::{Tree, row_major};
use super::super::{BinnedMatrix, TreeError, random};
use super::{GradientBoosting, GradientBoostingParams, GradientBoostingValidParams, sigmoid};

/// Rows are worked on in chunks of this many.
const CHUNK: usize = 4096;

impl<D, T> Fit<ArrayBase<D, Ix2>, T, TreeError> for GradientBoostingValidParams
where
    D: Data<Elem = f32>,
    T: AsSingleTargets<Elem = bool>,
{
    type Object = GradientBoosting;

    fn fit(
        &self,
        train: &DatasetBase<ArrayBase<D, Ix2>, T>,
    ) -> Result<GradientBoosting, TreeError> {
        let targets = Targets::read_checked(train)?;
        self.boost(train.records().view(), targets, None)
    }
}

impl GradientBoostingParams {
    /// Checks the settings, then see
    /// [`GradientBoostingValidParams::fit_with_validation`].
    pub fn fit_with_validation<D, T, D2, T2>(
        &self,
        train: &DatasetBase<ArrayBase<D, Ix2>, T>,
        validation: &DatasetBase<ArrayBase<D2, Ix2>, T2>,
    ) -> Result<GradientBoosting, TreeError>
    where
        D: Data<Elem = f32>,
        T: AsSingleTargets<Elem = bool>,
        D2: Data<Elem = f32>,
        T2: AsSingleTargets<Elem = bool>,
    {
        self.check_ref()?.fit_with_validation(train, validation)
    }
}

impl GradientBoostingValidParams {
    /// Fits on `train` and keeps as many trees as give `validation` its lowest log loss (the
    /// fewest of equals), growing no further once it has not fallen for the set number of trees.
    ///
    /// # Errors
    /// As for fitting, for either set; and [`TreeError::ColumnCount`].
    pub fn fit_with_validation<D, T, D2, T2>(
        &self,
        train: &DatasetBase<ArrayBase<D, Ix2>, T>,
        validation: &DatasetBase<ArrayBase<D2, Ix2>, T2>,
    ) -> Result<GradientBoosting, TreeError>
    where
        D: Data<Elem = f32>,
        T: AsSingleTargets<Elem = bool>,
        D2: Data<Elem = f32>,
        T2: AsSingleTargets<Elem = bool>,
    {
        let x = validation.records().view();
        check_features(x)?;
        if x.ncols() != train.records().ncols() {
            return Err(TreeError::ColumnCount {
                expected: train.records().ncols(),
                found: x.ncols(),
            });
        }
        let targets = Targets::read(validation)?;
        let rows = row_major(x).into_owned();
        let validation = Validation::new(self, rows, x.ncols(), targets);
        let targets = Targets::read_checked(train)?;
        self.boost(train.records().view(), targets, Some(validation))
    }

    fn boost(
        &self,
        x: ArrayView2<'_, f32>,
        targets: Targets,
        validation: Option<Validation>,
    ) -> Result<GradientBoosting, TreeError> {
        if !self.monotone.is_empty() && self.monotone.len() != x.ncols() {
            return Err(TreeError::MonotoneCount {
                constraints: self.monotone.len(),
                columns: x.ncols(),
            });
        }
        let data = BinnedMatrix::new(x, self.max_bins)?;
        // Within the pool: from outside, each of thousands of small parallel steps would have
        // to be handed over and waited for.
        Ok(rayon::scope(|_| {
            self.boost_binned(&data, &targets, validation)
        }))
    }

    fn boost_binned(
        &self,
        data: &BinnedMatrix,
        targets: &Targets,
        mut validation: Option<Validation>,
    ) -> GradientBoosting {
        let base = targets.base_rate();
        let start = libm::log(base / (1.0 - base));
        let fixed = FixedPoint::for_largest(targets.largest_weight());
        let limits = self.limits();
        let constrained = self.monotone.iter().any(|m| *m != super::Monotone::Free);
        let mut scores = vec![start; data.rows()];
        let mut stats = vec![RowStat::default(); data.rows()];
        let mut work = Workspace::default();
        let mut trees = Vec::new();
        if let Some(validation) = &mut validation {
            validation.scores.fill(start);
        }

        for number in 0..self.n_trees {
            gradients(targets, &scores, fixed, &mut stats);
            let features = self.features_of_tree(number, data.features().len());
            let grower = Grower {
                data,
                stats: &stats,
                fixed,
                criterion: Newton { l2: self.l2 },
                limits: &limits,
                features: &features,
                monotone: if constrained { &self.monotone } else { &[] },
            };
            let mut grown = grower.grow(self.rows_of_tree(number, data.rows()), &mut work);
            // A tree that finds nothing to split adds nothing: its one value would only be the
            // chance by which the rows it drew differ from all.
            let rate = if grown.leaves.len() > 1 {
                self.learning_rate
            } else {
                0.0
            };
            for node in &mut grown.tree.nodes {
                node.value *= rate;
            }
            add_to_scores(data, &grown, &mut scores);
            if let Some(validation) = &mut validation {
                validation.add(&grown.tree);
            }
            trees.push(grown.tree);
            if validation.as_ref().is_some_and(Validation::has_stalled) {
                break;
            }
        }
        let mut validation_losses = Vec::new();
        if let Some(validation) = validation {
            trees.truncate(validation.best + 1);
            validation_losses = validation.losses;
        }
        GradientBoosting {
            features: data.features().len(),
            start,
            trees,
            validation_losses,
        }
    }

    fn limits(&self) -> Limits {
        Limits {
            max_leaves: self.max_leaves,
            max_depth: self.max_depth,
            min_rows_per_leaf: self.min_rows_per_leaf,
            min_hessian: self.min_hessian,
            min_gain: self.min_gain,
        }
    }

    /// The rows that tree `number` sees; all of them, should chance leave none.
    fn rows_of_tree(&self, number: usize, rows: usize) -> Vec<u32> {
        let all = 0..rows as u32;
        if self.row_fraction < 1.0 {
            let seen = |row: &u32| {
                random::unit(self.seed, 2 * number as u64, u64::from(*row)) < self.row_fraction
            };
            // An indexed parallel filter keeps the order.
            let chosen: Vec<u32> = all.clone().into_par_iter().filter(seen).collect();
            if !chosen.is_empty() {
                return chosen;
            }
        }
        all.collect()
    }

    /// The features that tree `number` may use, ascending.
    fn features_of_tree(&self, number: usize, features: usize) -> Vec<u32> {
        let wanted = ((features as f64 * self.feature_fraction).round() as usize).max(1);
        let mut chosen: Vec<u32> = (0..features as u32).collect();
        if wanted < features {
            chosen.sort_by_key(|f| random::bits(self.seed, 2 * number as u64 + 1, u64::from(*f)));
            chosen.truncate(wanted);
            chosen.sort_unstable();
        }
        chosen
    }
}

/// Gradient `w (p - y)` and hessian `w p (1 - p)` of the log loss at each row's score.
fn gradients(targets: &Targets, scores: &[f64], fixed: FixedPoint, stats: &mut [RowStat]) {
    stats
        .par_chunks_mut(CHUNK)
        .enumerate()
        .for_each(|(chunk, stats)| {
            for (i, stat) in stats.iter_mut().enumerate() {
                let row = chunk * CHUNK + i;
                let p = sigmoid(scores[row]);
                let y = f64::from(u8::from(targets.labels[row]));
                let w = targets.weight(row);
                *stat = fixed.row(w * (p - y), w * p * (1.0 - p));
            }
        });
}

fn add_to_scores(data: &BinnedMatrix, grown: &Grown, scores: &mut [f64]) {
    if grown.rows.len() == scores.len() {
        for (node, rows) in &grown.leaves {
            let value = grown.tree.nodes[*node as usize].value;
            for row in &grown.rows[rows.clone()] {
                scores[*row as usize] += value;
            }
        }
    } else {
        scores
            .par_chunks_mut(CHUNK)
            .enumerate()
            .for_each(|(chunk, scores)| {
                for (i, score) in scores.iter_mut().enumerate() {
                    *score += grown.tree.leaf_binned(data, chunk * CHUNK + i).value;
                }
            });
    }
}

/// Rows held out, and how the model does on them tree by tree.
struct Validation {
    rows: Vec<f32>,
    columns: usize,
    targets: Targets,
    scores: Vec<f64>,
    losses: Vec<f64>,
    best: usize,
    patience: Option<usize>,
}

impl Validation {
    fn new(
        params: &GradientBoostingValidParams,
        rows: Vec<f32>,
        columns: usize,
        targets: Targets,
    ) -> Self {
        let scores = vec![0.0; targets.labels.len()];
        let patience = params.early_stopping_rounds;
        Self {
            rows,
            columns,
            targets,
            scores,
            losses: Vec::new(),
            best: 0,
            patience,
        }
    }

    fn add(&mut self, tree: &Tree) {
        self.scores
            .par_iter_mut()
            .zip(self.rows.par_chunks_exact(self.columns))
            .for_each(|(score, row)| {
                *score += tree.leaf(row).value;
            });
        // Log loss from the score: log(1 + exp(-margin)), which cannot overflow to infinity
        // for a margin that a tree can reach. Summed in the order of the rows.
        let terms: Vec<f64> = self
            .scores
            .par_iter()
            .enumerate()
            .map(|(row, score)| {
                let margin = if self.targets.labels[row] {
                    *score
                } else {
                    -*score
                };
                let loss = if margin > 0.0 {
                    libm::log1p(libm::exp(-margin))
                } else {
                    libm::log1p(libm::exp(margin)) - margin
                };
                self.targets.weight(row) * loss
            })
            .collect();
        let loss = terms.iter().sum::<f64>() / self.targets.total;
        if self.losses.is_empty() || loss < self.losses[self.best] {
            self.best = self.losses.len();
        }
        self.losses.push(loss);
    }

    fn has_stalled(&self) -> bool {
        self.patience
            .is_some_and(|patience| self.losses.len() > self.best + patience)
    }
}
