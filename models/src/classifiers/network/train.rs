//! Training: Adam on small batches, stopped by rows that it does not see.

use ndarray::{Array2, Axis};
use rayon::prelude::*;

use super::NetworkValidParams;
use super::layers::Layers;
use crate::random;
use crate::tree::{Targets, log_loss_of_score, sigmoid};

/// The rows of a batch are worked on in chunks of this many, whose slopes are added up in order.
const CHUNK: usize = 32;
/// Rows are scored in chunks of this many.
const SCORED: usize = 1024;
/// The streams of the orders of the rows, one a pass.
const ORDERS: u64 = 0x6f72_6465_7200_0000;

/// Decay of Adam's averages of slopes and of their squares, and what keeps it from dividing by
/// nothing (Kingma and Ba 2015, "Adam: a method for stochastic optimization", algorithm 1).
const DECAY: (f64, f64) = (0.9, 0.999);
const EPSILON: f64 = 1e-8;

/// Rows made ready, with labels and weights.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub z: &'a Array2<f64>,
    pub targets: &'a Targets,
}

/// Trains from `layers` on; returns the losses of the rows of `judge`, one a pass. The layers
/// are those of the lowest.
pub(super) fn train(
    params: &NetworkValidParams,
    layers: &mut Layers,
    rows: Rows<'_>,
    judge: Rows<'_>,
) -> Vec<f64> {
    let is_weight = layers.is_weight();
    let mut adam = Adam::new(layers.weights.len(), params.learning_rate);
    let mut losses: Vec<f64> = Vec::new();
    let mut best = (f64::INFINITY, layers.clone(), 0);
    for epoch in 0..params.max_epochs {
        let order = order(rows.z.nrows(), params.seed, epoch);
        for batch in order.chunks(params.batch_rows) {
            let mut slopes = gradient(layers, rows, batch);
            for ((slope, weight), is) in slopes.iter_mut().zip(&layers.weights).zip(&is_weight) {
                *slope += if *is { params.l2 * weight } else { 0.0 };
            }
            adam.step(&mut layers.weights, &slopes);
        }
        let loss = log_loss(layers, judge);
        losses.push(loss);
        if loss < best.0 {
            best = (loss, layers.clone(), epoch);
        } else if epoch >= best.2 + params.patience {
            break;
        }
    }
    *layers = best.1;
    losses
}

/// The rows in the order of a pass.
fn order(rows: usize, seed: u64, epoch: usize) -> Vec<u32> {
    let stream = ORDERS + epoch as u64;
    let mut keyed: Vec<(u64, u32)> = (0..rows as u32)
        .map(|row| (random::bits(seed, stream, u64::from(row)), row))
        .collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, row)| row).collect()
}

/// The mean slopes of the log loss over a batch, a row counting by its weight over the mean
/// weight of all rows.
fn gradient(layers: &Layers, rows: Rows<'_>, batch: &[u32]) -> Vec<f64> {
    let targets = rows.targets;
    let mean_weight = targets.total / targets.labels.len() as f64;
    let parts: Vec<Vec<f64>> = batch
        .par_chunks(CHUNK)
        .map(|chunk| {
            let mut scratch = layers.scratch();
            let mut part = vec![0.0; layers.weights.len()];
            for row in chunk {
                let row = *row as usize;
                let weight = targets.weight(row) / (mean_weight * batch.len() as f64);
                if weight > 0.0 {
                    let values = rows.z.index_axis(Axis(0), row);
                    let values = values.to_slice().expect("rows are whole");
                    let p = sigmoid(layers.score(values, &mut scratch));
                    let label = if targets.labels[row] { 1.0 } else { 0.0 };
                    layers.add_gradient(weight * (p - label), &mut scratch, &mut part);
                }
            }
            part
        })
        .collect();
    let mut parts = parts.into_iter();
    let mut total = parts.next().unwrap_or_default();
    for part in parts {
        total.iter_mut().zip(part).for_each(|(sum, p)| *sum += p);
    }
    total
}

/// The log-odds of rows made ready.
pub(super) fn scores(layers: &Layers, z: &Array2<f64>) -> Vec<f64> {
    let mut scores = vec![0.0; z.nrows()];
    scores
        .par_chunks_mut(SCORED)
        .enumerate()
        .for_each(|(chunk, scores)| {
            let mut scratch = layers.scratch();
            for (i, score) in scores.iter_mut().enumerate() {
                let values = z.index_axis(Axis(0), chunk * SCORED + i);
                let values = values.to_slice().expect("rows are whole");
                *score = layers.score(values, &mut scratch);
            }
        });
    scores
}

/// The weighted mean log loss.
fn log_loss(layers: &Layers, rows: Rows<'_>) -> f64 {
    let sum: f64 = scores(layers, rows.z)
        .into_iter()
        .enumerate()
        .map(|(row, score)| {
            let label = rows.targets.labels[row];
            rows.targets.weight(row) * log_loss_of_score(score, label)
        })
        .sum();
    sum / rows.targets.total
}

/// Adam's averages.
struct Adam {
    rate: f64,
    slopes: Vec<f64>,
    squares: Vec<f64>,
    /// The decays to the power of the number of steps.
    powers: (f64, f64),
}

impl Adam {
    fn new(weights: usize, rate: f64) -> Self {
        Self {
            rate,
            slopes: vec![0.0; weights],
            squares: vec![0.0; weights],
            powers: (1.0, 1.0),
        }
    }

    fn step(&mut self, weights: &mut [f64], slopes: &[f64]) {
        self.powers.0 *= DECAY.0;
        self.powers.1 *= DECAY.1;
        let (unbias, unbias_squares) = (1.0 - self.powers.0, 1.0 - self.powers.1);
        let averages = self.slopes.iter_mut().zip(&mut self.squares);
        for ((weight, slope), (mean, square)) in weights.iter_mut().zip(slopes).zip(averages) {
            *mean = DECAY.0 * *mean + (1.0 - DECAY.0) * slope;
            *square = DECAY.1 * *square + (1.0 - DECAY.1) * slope * slope;
            let size = (*square / unbias_squares).sqrt() + EPSILON;
            *weight -= self.rate * (*mean / unbias) / size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adam_by_hand() {
        // The first step is the rate, whatever the slope; the second, of the opposite slope:
        // mean 0.9 * 0.1 * 4 - 0.1 * 4 = -0.04, over 1 - 0.81; square 16 (both), root 4.
        let mut adam = Adam::new(1, 0.1);
        let mut weights = [1.0];
        adam.step(&mut weights, &[4.0]);
        assert!((weights[0] - 0.9).abs() < 1e-8);
        adam.step(&mut weights, &[-4.0]);
        assert!((weights[0] - (0.9 + 0.1 * (0.04 / 0.19) / 4.0)).abs() < 1e-8);
    }

    #[test]
    fn every_pass_has_its_own_order_of_all_rows() {
        let (first, second) = (order(50, 1, 0), order(50, 1, 1));
        assert_ne!(first, second);
        assert_eq!(first, order(50, 1, 0));
        let mut sorted = second;
        sorted.sort_unstable();
        assert_eq!(sorted, (0..50).collect::<Vec<u32>>());
    }
}
