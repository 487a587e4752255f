//! How much each of several models counts: the weights that give others' rows the lowest log loss.

use ndarray::{Array1, ArrayView1};

use crate::calibration::log_odds;
use crate::random;
use crate::tree::sigmoid;

/// A model that counts less than this is left out: it costs as much to learn, to store and to
/// score as any other.
const LEAST: f64 = 0.05;

/// As many rows are looked at: a handful of weights is known well long before.
const MOST_ROWS: usize = 50_000;

/// Parts that [`cross_pooled`] is made in.
const PARTS: u64 = 5;

/// Steps of Newton's method at most; it takes about five.
const STEPS: usize = 50;

/// A stream of its own among the random numbers of a seed.
const STREAM: u64 = 0x706f_6f6c;

/// The weights of several models, none below 0 and 1 together, with which the weighted mean of
/// their log-odds has the lowest log loss on rows that none of them was fitted on.
///
/// The loss is convex in the weights, so that they are the best there are (to about 1e-9), found by
/// Newton's method on the simplex. The model that counts least is then left out, as long as it
/// counts less than 0.05, and the others are weighed again. Of more than 50,000 rows every so
/// many-th is looked at.
///
/// - `labels`: one a row.
/// - `models`: the probabilities that each model gives, one a row.
/// - Returns a weight a model, 0 for those that are left out.
///
/// Source: Breiman (1996), "Stacked regressions", for weights that are bound; Satopaa et al.
/// (2014), "Combining multiple probability predictions using a simple logit model", for log-odds.
pub fn pool_weights(labels: ArrayView1<'_, bool>, models: &[ArrayView1<'_, f64>]) -> Vec<f64> {
    let step = labels.len().div_ceil(MOST_ROWS).max(1);
    let labels: Vec<bool> = labels.iter().copied().step_by(step).collect();
    let odds: Vec<Vec<f64>> = models
        .iter()
        .map(|model| model.iter().step_by(step).map(|p| log_odds(*p)).collect())
        .collect();
    let mut kept: Vec<usize> = (0..models.len()).collect();
    loop {
        let columns: Vec<&[f64]> = kept.iter().map(|place| odds[*place].as_slice()).collect();
        let weights = Simplex::new(&labels, &columns).solve();
        let least = (0..kept.len()).min_by(|a, b| weights[*a].total_cmp(&weights[*b]));
        match least {
            Some(least) if kept.len() > 1 && weights[least] < LEAST => {
                kept.remove(least);
            }
            _ => {
                let mut all = vec![0.0; models.len()];
                for (place, weight) in kept.iter().zip(weights) {
                    all[*place] = weight;
                }
                return all;
            }
        }
    }
}

/// The probability at the weighted mean of the log-odds of several models, one a row.
///
/// - `models`: the probabilities that each model gives, one a row, as many for each.
/// - `weights`: one a model.
pub fn pooled(models: &[ArrayView1<'_, f64>], weights: &[f64]) -> Array1<f64> {
    let rows = models.first().map_or(0, |model| model.len());
    let mut sum = Array1::zeros(rows);
    for (model, weight) in models
        .iter()
        .zip(weights)
        .filter(|(_, weight)| **weight > 0.0)
    {
        sum.zip_mut_with(model, |sum, p| *sum += weight * log_odds(*p));
    }
    sum.mapv_into(sigmoid)
}

/// What [`pooled`] gives rows that did not weigh: the rows are cut into five parts by seed and row
/// number, and each is pooled with the [`pool_weights`] of the others. So an ensemble stands beside
/// its members without having seen more than they have.
pub fn cross_pooled(
    labels: ArrayView1<'_, bool>,
    models: &[ArrayView1<'_, f64>],
    seed: u64,
) -> Array1<f64> {
    let part_of = |row: usize| random::bits(seed, STREAM, row as u64) % PARTS;
    let mut all = Array1::zeros(labels.len());
    for part in 0..PARTS {
        let (own, others): (Vec<usize>, Vec<usize>) =
            (0..labels.len()).partition(|row| part_of(*row) == part);
        let of = |rows: &[usize]| -> Vec<Array1<f64>> {
            let select = |model: &ArrayView1<'_, f64>| rows.iter().map(|row| model[*row]).collect();
            models.iter().map(select).collect()
        };
        let (theirs, ours) = (of(&others), of(&own));
        let known: Array1<bool> = others.iter().map(|row| labels[*row]).collect();
        let weights = pool_weights(known.view(), &views(&theirs));
        let ours = pooled(&views(&ours), &weights);
        for (row, p) in own.iter().zip(ours) {
            all[*row] = p;
        }
    }
    all
}

fn views(columns: &[Array1<f64>]) -> Vec<ArrayView1<'_, f64>> {
    columns.iter().map(|column| column.view()).collect()
}

/// The log loss of a weighted mean of log-odds, as a function of weights on the simplex.
struct Simplex<'a> {
    labels: &'a [bool],
    odds: &'a [&'a [f64]],
}

impl<'a> Simplex<'a> {
    fn new(labels: &'a [bool], odds: &'a [&'a [f64]]) -> Self {
        Self { labels, odds }
    }

    fn solve(&self) -> Vec<f64> {
        let n = self.odds.len();
        let mut weights = vec![1.0 / n as f64; n];
        if n < 2 || self.labels.is_empty() {
            return weights;
        }
        let mut loss = self.loss(&weights);
        for _ in 0..STEPS {
            let best = self.best_of_parabola(&weights);
            let Some((next, lower)) = self.lower_along(&weights, &best, loss) else {
                break;
            };
            let gained = loss - lower;
            (weights, loss) = (next, lower);
            if gained < 1e-13 {
                break;
            }
        }
        weights
    }

    /// The first point on the way from here, halved again and again, whose loss is lower.
    fn lower_along(&self, from: &[f64], to: &[f64], loss: f64) -> Option<(Vec<f64>, f64)> {
        let mut share = 1.0;
        for _ in 0..30 {
            let along = |(from, to): (&f64, &f64)| from + share * (to - from);
            let next: Vec<f64> = from.iter().zip(to).map(along).collect();
            let lower = self.loss(&next);
            if lower < loss {
                return Some((next, lower));
            }
            share /= 2.0;
        }
        None
    }

    fn score(&self, weights: &[f64], row: usize) -> f64 {
        let parts = self.odds.iter().zip(weights);
        parts.map(|(odds, weight)| weight * odds[row]).sum()
    }

    fn loss(&self, weights: &[f64]) -> f64 {
        let of = |row: usize| {
            let score = self.score(weights, row);
            let margin = if self.labels[row] { score } else { -score };
            // `ln(1 + exp(-margin))`; log-odds are kept within 21 of 0.
            libm::log1p(libm::exp(-margin))
        };
        (0..self.labels.len()).map(of).sum::<f64>() / self.labels.len() as f64
    }

    /// First and second derivatives of the loss.
    fn derivatives(&self, weights: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let n = weights.len();
        let rows = self.labels.len() as f64;
        let mut first = vec![0.0; n];
        let mut second = vec![vec![0.0; n]; n];
        let mut own = vec![0.0; n];
        for (row, label) in self.labels.iter().enumerate() {
            let p = sigmoid(self.score(weights, row));
            let off = p - f64::from(u8::from(*label));
            for (own, odds) in own.iter_mut().zip(self.odds) {
                *own = odds[row];
            }
            for (a, (first, second)) in first.iter_mut().zip(&mut second).enumerate() {
                *first += off * own[a] / rows;
                for (second, b) in second.iter_mut().zip(&own) {
                    *second += p * (1.0 - p) * own[a] * b / rows;
                }
            }
        }
        (first, second)
    }

    /// Where on the simplex the parabola is lowest that touches the loss here: weight is moved from
    /// one model to another until no move gains anything.
    fn best_of_parabola(&self, weights: &[f64]) -> Vec<f64> {
        let n = weights.len();
        let (mut slope, curve) = self.derivatives(weights);
        let mut best = weights.to_vec();
        let pairs: Vec<(usize, usize)> = (0..n).flat_map(|a| (0..a).map(move |b| (a, b))).collect();
        for _ in 0..200 {
            let mut moved = 0.0_f64;
            for (a, b) in pairs.iter().copied() {
                let bend = curve[a][a] + curve[b][b] - 2.0 * curve[a][b];
                // Two models that say the same: no move gains anything.
                if bend <= 1e-15 {
                    continue;
                }
                let step = ((slope[b] - slope[a]) / bend).clamp(-best[a], best[b]);
                best[a] += step;
                best[b] -= step;
                for (c, slope) in slope.iter_mut().enumerate() {
                    *slope += step * (curve[c][a] - curve[c][b]);
                }
                moved = moved.max(step.abs());
            }
            if moved < 1e-12 {
                break;
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::log_loss;

    fn unit(stream: u64, row: usize) -> f64 {
        random::unit(5, stream, row as u64)
    }

    /// Labels whose true log-odds are the mean of what two models say; a third says nothing.
    fn rows(n: usize) -> (Array1<bool>, Vec<Array1<f64>>) {
        let odds = |stream: u64| Array1::from_shape_fn(n, |row| 6.0 * unit(stream, row) - 3.5);
        let (one, two, noise) = (odds(1), odds(2), odds(3));
        let labels = Array1::from_shape_fn(n, |row| {
            unit(9, row) < sigmoid(0.7 * one[row] + 0.3 * two[row])
        });
        (
            labels,
            [one, two, noise].map(|odds| odds.mapv(sigmoid)).into(),
        )
    }

    #[test]
    fn weights_are_those_that_made_the_labels_and_noise_has_none() {
        let (labels, models) = rows(30_000);
        let models: Vec<_> = models.iter().map(|model| model.view()).collect();
        let weights = pool_weights(labels.view(), &models);
        assert!((weights[0] - 0.7).abs() < 0.02, "{weights:?}");
        assert!((weights[0] + weights[1] - 1.0).abs() < 1e-12, "{weights:?}");
        assert_eq!(weights[2], 0.0);
    }

    /// Against a fine grid, on rows so few that the best weights lie anywhere.
    #[test]
    fn no_weights_of_a_grid_are_better() {
        for n in [12, 40, 200] {
            let (labels, models) = rows(n);
            let models: Vec<_> = models.iter().map(|model| model.view()).collect();
            let odds: Vec<Vec<f64>> = models
                .iter()
                .map(|model| model.iter().map(|p| log_odds(*p)).collect())
                .collect();
            let columns: Vec<&[f64]> = odds.iter().map(Vec::as_slice).collect();
            let labels: Vec<bool> = labels.to_vec();
            let simplex = Simplex::new(&labels, &columns);
            let found = simplex.solve();
            assert!(found.iter().all(|weight| *weight >= 0.0), "{found:?}");
            let loss = simplex.loss(&found);
            for a in 0..=100 {
                for b in 0..=100 - a {
                    let [a, b] = [a, b].map(|part: i32| f64::from(part) / 100.0);
                    let other = simplex.loss(&[a, b, 1.0 - a - b]);
                    assert!(
                        loss <= other + 1e-9,
                        "{n}: {found:?} {loss}, {a} {b} {other}"
                    );
                }
            }
        }
    }

    #[test]
    fn models_that_say_the_same_share_and_one_alone_has_all() {
        let (labels, models) = rows(500);
        let one = models[0].view();
        assert_eq!(pool_weights(labels.view(), &[one]), [1.0]);
        assert_eq!(pool_weights(labels.view(), &[one, one]), [0.5, 0.5]);
        let same = pooled(&[one, one], &[0.5, 0.5]);
        for (p, q) in same.iter().zip(one) {
            assert!((p - q).abs() < 1e-12);
        }
    }

    /// A noise model that is fitted to the rows gains on them and loses on others; pooled across
    /// parts it does not gain.
    #[test]
    fn rows_that_did_not_weigh_are_not_flattered() {
        let (labels, models) = rows(60);
        let models: Vec<_> = models.iter().map(|model| model.view()).collect();
        let loss = |p: &Array1<f64>| log_loss(labels.view(), p.view()).unwrap();
        let own = loss(&pooled(&models, &pool_weights(labels.view(), &models)));
        let across = loss(&cross_pooled(labels.view(), &models, 3));
        assert!(own < across, "{own}, {across}");
    }
}
