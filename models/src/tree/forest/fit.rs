//! Growing the trees of a forest side by side.

use std::marker::PhantomData;

use linfa::DatasetBase;
use linfa::dataset::AsSingleTargets;
use linfa::traits::Fit;
use ndarray::{Array1, ArrayBase, Data, Ix2};
use rayon::prelude::*;

use super::super::criterion::{Criterion, Entropy, Gini};
use super::super::decision_tree::SquaredError;
use super::super::labels::Labels;
use super::super::node::{Tree, row_major};
use super::super::{BinnedMatrix, ClassWeights, Impurity, Label, TreeError};
use super::cell::{Cell, Counts, Weighted};
use super::grow::{Columns, Grower, Workspace};
use super::search::{Bins, Rules};
use super::{Forest, ForestValidParams, OutOfBag};
use crate::random;

/// Sets the numbers that draw rows, and those that draw features and cuts, apart.
const ROWS: u64 = 0x726f_7773_0000_0000;
const TREES: u64 = 0x7472_6565_7300_0000;

/// Rows are scored in chunks of this many.
const CHUNK: usize = 256;

impl<L, D, T> Fit<ArrayBase<D, Ix2>, T, TreeError> for ForestValidParams<L>
where
    L: Label,
    D: Data<Elem = f32>,
    T: AsSingleTargets<Elem = L>,
{
    type Object = Forest<L>;

    fn fit(&self, train: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<Forest<L>, TreeError> {
        let labels = L::read(train)?;
        let x = train.records().view();
        let weights = match self.class_weights {
            // Worked out for each tree.
            ClassWeights::BalancedPerTree => ClassWeights::Equal,
            weights => weights,
        };
        let labels = labels.reweighted(weights, |_| 1.0);
        let data = BinnedMatrix::with_categories(x, self.max_bins, &self.categorical)?;
        let columns = Columns {
            columns: (0..x.ncols())
                .into_par_iter()
                .map(|feature| data.column(feature))
                .collect(),
            features: data.features().to_vec(),
            bins: data
                .features()
                .iter()
                .map(|bins| Bins {
                    count: bins.missing_bin(),
                    has_missing: bins.has_missing(),
                    categorical: bins.is_categorical(),
                })
                .collect(),
        };
        drop(data);
        let grown = match self.impurity {
            _ if !labels.classes => self.grow_all(&columns, &labels, &SquaredError),
            Impurity::Gini => self.grow_all(&columns, &labels, &Gini),
            Impurity::Entropy => self.grow_all(&columns, &labels, &Entropy),
        };
        let (trees, out): (Vec<Tree>, Vec<Vec<u64>>) = grown.into_iter().unzip();
        let mut forest = Forest {
            trees,
            feature_count: x.ncols(),
            out_of_bag: None,
            label: PhantomData,
        };
        if self.out_of_bag {
            forest.out_of_bag = Some(forest.estimate(&row_major(x), &out, &labels));
        }
        Ok(forest)
    }
}

impl<L: Label> ForestValidParams<L> {
    /// Grows every tree, with the rows that it has not drawn, as bits.
    fn grow_all<K: Criterion>(
        &self,
        data: &Columns,
        labels: &Labels,
        criterion: &K,
    ) -> Vec<(Tree, Vec<u64>)> {
        let features = data.columns.len();
        let stats = labels.stats();
        let plain = labels.classes
            && labels.weights.is_none()
            && labels.values.len() <= Counts::MOST
            && self.class_weights != ClassWeights::BalancedPerTree;
        let grower = |number| Grower {
            data,
            rules: Rules {
                criterion,
                min_rows: u32::try_from(self.min_rows_per_leaf).unwrap_or(u32::MAX),
                max_features: self.max_features.of(features),
                random_cuts: self.random_cuts,
                classes: labels.classes,
            },
            max_depth: self.max_depth,
            max_leaves: self.max_leaves,
            seed: random::bits(self.seed, TREES, number as u64),
        };
        let trees = (0..self.n_trees).into_par_iter();
        if plain {
            let workspace = || (Workspace::new(features), Vec::new());
            let grow = |(work, times): &mut (Workspace<Counts>, Vec<u32>), number| {
                let out = self.draw(number, labels, times);
                fill(work, times, |row, times| {
                    Counts::of(labels.values[row] > 0.5, times)
                });
                let mut tree = grower(number).grow(work);
                for node in &mut tree.nodes {
                    node.value = node.gradient / node.hessian;
                }
                (tree, out)
            };
            trees.map_init(workspace, grow).collect()
        } else {
            let workspace = || (Workspace::new(features), Vec::new());
            let grow = |(work, times): &mut (Workspace<Weighted>, Vec<u32>), number| {
                let out = self.draw(number, labels, times);
                let balanced;
                let stats = match self.class_weights {
                    ClassWeights::BalancedPerTree => {
                        let weights = ClassWeights::BalancedPerTree;
                        let labels = labels.clone();
                        let count = |row: usize| f64::from(times[row]);
                        balanced = labels.reweighted(weights, count).stats();
                        &balanced
                    }
                    _ => &stats,
                };
                fill(work, times, |row, times| {
                    Weighted::of(stats.rows[row], times)
                });
                let mut tree = grower(number).grow(work);
                let unit = stats.fixed.real(1);
                for node in &mut tree.nodes {
                    node.gradient *= unit;
                    node.hessian *= unit;
                    node.gain *= unit;
                    stats.restore(node);
                }
                (tree, out)
            };
            trees.map_init(workspace, grow).collect()
        }
    }

    /// Draws the rows of a tree: `times` gets how often each counts. Returns those that were not
    /// drawn, as bits.
    ///
    /// Rows that weigh nothing count for nothing. A draw of nothing but such rows is replaced by
    /// all rows, for a tree needs some.
    fn draw(&self, number: usize, labels: &Labels, times: &mut Vec<u32>) -> Vec<u64> {
        let rows = labels.values.len();
        let wanted = ((rows as f64 * self.row_fraction).round() as usize).clamp(1, rows);
        let stream = ROWS ^ number as u64;
        times.clear();
        if self.bootstrap {
            times.resize(rows, 0);
            for i in 0..wanted {
                let random = random::bits(self.seed, stream, i as u64) >> 32;
                times[((random * rows as u64) >> 32) as usize] += 1;
            }
        } else if wanted < rows {
            // Selection sampling (Knuth, volume 2, algorithm 3.4.2S): `wanted` rows exactly.
            let mut left = wanted;
            times.extend((0..rows).map(|row| {
                let random = random::unit(self.seed, stream, row as u64);
                let taken = random * ((rows - row) as f64) < left as f64;
                left -= usize::from(taken);
                u32::from(taken)
            }));
        } else {
            times.resize(rows, 1);
        }
        let mut out = Vec::new();
        if self.out_of_bag {
            out.resize(rows.div_ceil(64), 0);
            for (row, _) in times.iter().enumerate().filter(|(_, times)| **times == 0) {
                out[row / 64] |= 1 << (row % 64);
            }
        }
        if labels.weights.is_some() {
            for (row, times) in times.iter_mut().enumerate() {
                if labels.weight(row) == 0.0 {
                    *times = 0;
                }
            }
            if times.iter().all(|times| *times == 0) {
                for (row, times) in times.iter_mut().enumerate() {
                    *times = u32::from(labels.weight(row) > 0.0);
                }
            }
        }
        out
    }
}

fn fill<C: Cell>(work: &mut Workspace<C>, times: &[u32], cell: impl Fn(usize, u32) -> C) {
    work.rows.clear();
    work.cells.clear();
    for (row, times) in times.iter().enumerate().filter(|(_, times)| **times > 0) {
        work.rows.push(row as u32);
        work.cells.push(cell(row, *times));
    }
}

impl<L: Label> Forest<L> {
    /// The estimates of every row by the trees that have not drawn it, and how good they are.
    fn estimate(&self, rows: &[f32], out: &[Vec<u64>], labels: &Labels) -> OutOfBag {
        let predictions: Vec<f64> = rows
            .par_chunks(self.feature_count * CHUNK)
            .enumerate()
            .flat_map_iter(|(chunk, rows)| {
                let first = chunk * CHUNK;
                let count = rows.len() / self.feature_count;
                let mut sums = vec![(0.0, 0_u32); count];
                for (tree, out) in self.trees.iter().zip(out) {
                    for (i, row) in rows.chunks_exact(self.feature_count).enumerate() {
                        if out[(first + i) / 64] >> ((first + i) % 64) & 1 == 1 {
                            sums[i].0 += tree.leaf(row).value;
                            sums[i].1 += 1;
                        }
                    }
                }
                // 0 / 0 is the NaN of a row that every tree has drawn.
                sums.into_iter().map(|(sum, trees)| sum / f64::from(trees))
            })
            .collect();
        OutOfBag::new(Array1::from(predictions), labels)
    }
}
