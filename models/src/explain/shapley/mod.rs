//! Exact Shapley values of sums of trees: what each feature adds to each prediction.
//!
//! Two games, which differ in what stands for a feature that is not known:
//!
//! - **path-dependent** ([`TreeSum::shap`]): at its splits both sides, weighed by the training
//!   rows that went there (Lundberg, Erion and Lee 2018, "Consistent individualized feature
//!   attribution for tree ensembles", algorithm 1). Needs nothing but the model. The time of a
//!   row is `O(nodes x depth)`.
//! - **interventional** ([`TreeSum::shap_against`]): the values of background rows, the mean over
//!   them (Lundberg et al. 2020, "From local explanations to global understanding with
//!   explainable AI for trees"). Says what the model does with its columns however they hang
//!   together; a column that the model does not use gets 0, and so it does in the other game.
//!
//! Both are exact, treat missing values and categories as the model does, and give the same bits
//! on any number of threads and however rows are put together in calls.
//!
//! # Cost
//! `benches/explain.py` sets it beside other programs. Instructions a row and tree by callgrind,
//! 100 trees of 31 leaves on 40 columns, 5.7 features on a way in the mean and 12 at most:
//!
//! | step | path-dependent | against 100 rows |
//! |---|---:|---:|
//! | a table of all cases for leaves with up to 6 features, quadrature leaf by leaf for others | 20,400 | |
//! | up and down the tree at quadrature points; a table a leaf | 4,600 | 5,800 |
//! | sums of arrays instead of loops over points; pass bits gathered by place | 4,100 | 4,900 |
//! | children that are leaves taken in at their parent | 3,760 | |
//!
//! Making those trees ready takes 0.1 million instructions a tree for the former; for the latter it
//! took 5.7 million with tables filled pattern by pattern, and takes 4.0 player by player.

mod interactions;
mod interventional;
mod linear;
mod pairs;
mod paths;
mod quadrature;
mod tables;

use ndarray::{Array2, Array3, ArrayView2};
use rayon::prelude::*;

use self::interactions::Interactions;
use self::interventional::{Against, against};
use self::linear::{Explain, Work, explain};
use self::pairs::Walker;
use super::{ExplainError, TreeSum};
use crate::tree::row_major;

/// Rows are explained in chunks of this many.
const CHUNK: usize = 256;

/// A sum of trees made ready to be explained; see [`TreeSum::shap`] and
/// [`TreeSum::shap_against`].
pub struct TreeShap {
    features: usize,
    base: f64,
    game: Game,
}

enum Game {
    PathDependent(Vec<Box<dyn Explain>>),
    Interventional {
        trees: Vec<Against>,
        background: Vec<f32>,
        scale: f64,
    },
}

impl TreeSum<'_> {
    /// Makes the trees ready for the path-dependent game.
    ///
    /// Takes about 0.8 KiB a split where the ways from root to leaf have 5 to 8 features; the size
    /// grows with the most features on a way.
    pub fn shap(&self) -> TreeShap {
        let trees: Vec<_> = self
            .trees
            .par_iter()
            .map(|tree| explain(tree, self.scale))
            .collect();
        TreeShap {
            features: self.features,
            base: self.start + trees.iter().map(|tree| tree.expected()).sum::<f64>(),
            game: Game::PathDependent(trees),
        }
    }

    /// Makes the trees ready for the interventional game against `background`
    /// (`n x n_features`, `NaN` where missing): 100 to 1000 rows that are typical of those the
    /// model is to be explained among.
    ///
    /// Leaves with at most 12 features on their way get a table, as long as all tables together
    /// stay within 128 MiB; a table is filled in `O(2^m m^2)` for `m` features, and after that a
    /// row takes `O(leaves x depth)`, whatever the size of the background. For the other leaves
    /// (deep trees) the row is held against each background row, which takes as long as
    /// `n` walks down the tree that branch wherever the two rows part.
    ///
    /// # Errors
    /// [`ExplainError::NoBackground`], [`ExplainError::ColumnCount`].
    pub fn shap_against(&self, background: ArrayView2<'_, f32>) -> Result<TreeShap, ExplainError> {
        self.check_columns(background)?;
        if background.nrows() == 0 {
            return Err(ExplainError::NoBackground);
        }
        let background = row_major(background).into_owned();
        let trees = against(&self.trees, self.scale, self.features, &background);
        Ok(TreeShap {
            features: self.features,
            base: self.start + trees.iter().map(Against::expected).sum::<f64>(),
            game: Game::Interventional {
                trees,
                background,
                scale: self.scale,
            },
        })
    }

    /// Path-dependent interaction values: `n_rows x n_features x n_features`, symmetric.
    ///
    /// Off the diagonal stands half of what a pair of features adds together beyond what each
    /// adds alone, on it what is left of the feature's own; a row of a matrix sums to the
    /// feature's path-dependent contribution, all of it to the prediction less the base value.
    /// Takes `O(leaves x depth^3)` a row, and `8 n_features^2` bytes.
    ///
    /// # Errors
    /// [`ExplainError::ColumnCount`].
    pub fn interactions(&self, x: ArrayView2<'_, f32>) -> Result<Array3<f64>, ExplainError> {
        self.check_columns(x)?;
        let features = self.features;
        let trees: Vec<Interactions> = self
            .trees
            .par_iter()
            .map(|tree| Interactions::of(tree, self.scale))
            .collect();
        let rows = row_major(x);
        let mut out = Array3::zeros((x.nrows(), features, features));
        out.as_slice_mut()
            .expect("a new array lies in row-major order")
            .par_chunks_mut(features * features)
            .zip(rows.par_chunks(features))
            .for_each_init(Vec::new, |states, (out, row)| {
                for tree in &trees {
                    tree.add(row, states, out);
                }
            });
        Ok(out)
    }
}

impl TreeShap {
    /// The prediction with no feature known, which contributions add to: the expected score of a
    /// training row, or the mean score of the background.
    pub fn base(&self) -> f64 {
        self.base
    }

    /// What each feature adds to the score of each row of `x` (`n_rows x n_features`, `NaN`
    /// where missing).
    ///
    /// Returns `n_rows x (n_features + 1)`; the last column is [`base`](Self::base), and each
    /// row sums to the model's score. Features that no tree uses have 0. An infinite value lies
    /// beyond every threshold. Rows are explained in parallel.
    ///
    /// # Errors
    /// [`ExplainError::ColumnCount`].
    pub fn contributions(&self, x: ArrayView2<'_, f32>) -> Result<Array2<f64>, ExplainError> {
        super::check_columns(self.features, x)?;
        let width = self.features + 1;
        let rows = row_major(x);
        let mut out = Array2::zeros((x.nrows(), width));
        out.as_slice_mut()
            .expect("a new array lies in row-major order")
            .par_chunks_mut(CHUNK * width)
            .zip(rows.par_chunks(CHUNK * self.features))
            .for_each(|(out, rows)| {
                self.explain_chunk(rows, out);
                for last in out.iter_mut().skip(self.features).step_by(width) {
                    *last = self.base;
                }
            });
        Ok(out)
    }

    /// The mean absolute contribution of each feature over the rows of `x`: how much the model
    /// leans on it, in units of the score.
    ///
    /// # Errors
    /// [`ExplainError::ColumnCount`], [`ExplainError::NoRows`].
    pub fn mean_absolute(&self, x: ArrayView2<'_, f32>) -> Result<Vec<f64>, ExplainError> {
        if x.nrows() == 0 {
            return Err(ExplainError::NoRows);
        }
        let contributions = self.contributions(x)?;
        let columns = contributions.columns().into_iter().take(self.features);
        let mean = |column: ndarray::ArrayView1<'_, f64>| {
            column.iter().map(|value| value.abs()).sum::<f64>() / x.nrows() as f64
        };
        Ok(columns.map(mean).collect())
    }

    /// One tree after another, so that what belongs to it stays in the cache.
    fn explain_chunk(&self, rows: &[f32], out: &mut [f64]) {
        let width = self.features + 1;
        let pairs = |out: &mut [f64], act: &mut dyn FnMut(&[f32], &mut [f64])| {
            let rows = rows.chunks_exact(self.features);
            for (row, out) in rows.zip(out.chunks_exact_mut(width)) {
                act(row, out);
            }
        };
        match &self.game {
            Game::PathDependent(trees) => {
                let mut work = Work::default();
                for tree in trees {
                    pairs(out, &mut |row, out| tree.add(row, &mut work, out));
                }
            }
            Game::Interventional {
                trees,
                background,
                scale,
            } => {
                let mut work = interventional::Work::default();
                let mut walker = Walker::new(self.features);
                for tree in trees {
                    pairs(out, &mut |row, out| {
                        tree.add(row, background, *scale, &mut work, &mut walker, out);
                    });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
