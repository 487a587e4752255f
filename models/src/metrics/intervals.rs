//! Intervals of several models at once: one set of resamples for all.

use ndarray::{Array1, ArrayView1};
use rayon::prelude::*;

use super::{
    Interval, LOG_LOSS_CLIP, MetricError, average_precision, both_classes, check_probabilities,
    log_loss, roc_auc,
};
use crate::quantile::quantile;
use crate::random;

/// What one model's probabilities reach, with 95 % intervals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreIntervals {
    /// See [`roc_auc`].
    pub roc_auc: Interval,
    /// See [`average_precision`].
    pub average_precision: Interval,
    /// See [`log_loss`].
    pub log_loss: Interval,
}

/// ROC AUC, average precision and log loss of several models on the same rows, each with its
/// 95 % percentile interval from `resamples` draws with putting back.
///
/// The draws are those of [`bootstrap`](super::bootstrap()) under the same seed, and the same for
/// every model, so that models are set beside each other on equal terms. Rows are sorted once a
/// model and not once a resample: a resample costs `O(rows)` for each model. Memory: 4 bytes a
/// row for each thread and 13 bytes a row for each model.
///
/// # Errors
/// [`MetricError::NoPlaces`] for 0 resamples; [`MetricError::OneClass`] where rows have one label
/// only; [`MetricError::NotAProbability`], [`MetricError::NoRows`], [`MetricError::Lengths`].
pub fn score_intervals(
    labels: ArrayView1<'_, bool>,
    models: &[ArrayView1<'_, f64>],
    resamples: usize,
    seed: u64,
) -> Result<Vec<ScoreIntervals>, MetricError> {
    if resamples == 0 {
        return Err(MetricError::NoPlaces);
    }
    let of = |wanted: bool| -> Vec<u32> {
        let rows = labels.iter().enumerate();
        rows.filter(|(_, label)| **label == wanted)
            .map(|(row, _)| row as u32)
            .collect()
    };
    let (positives, negatives) = (of(true), of(false));
    if !labels.is_empty() {
        both_classes(positives.len() as f64, labels.len() as f64)?;
    }
    let sorted = models
        .iter()
        .map(|scores| Sorted::new(labels, *scores))
        .collect::<Result<Vec<_>, _>>()?;
    let drawn: Vec<Vec<[f64; 3]>> = (0..resamples)
        .into_par_iter()
        .map(|resample| {
            let mut times = vec![0_u32; labels.len()];
            for place in 0..labels.len() {
                let from = if place < positives.len() {
                    &positives
                } else {
                    &negatives
                };
                let unit = random::unit(seed, resample as u64, place as u64);
                let row = from[((unit * from.len() as f64) as usize).min(from.len() - 1)];
                times[row as usize] += 1;
            }
            let (n1, n0) = (positives.len() as f64, negatives.len() as f64);
            let measure = |model: &Sorted| model.measure(&times, labels, n1, n0);
            sorted.iter().map(measure).collect()
        })
        .collect();
    models
        .iter()
        .enumerate()
        .map(|(model, scores)| {
            let value = [
                roc_auc(labels, *scores)?,
                average_precision(labels, *scores)?,
                log_loss(labels, *scores)?,
            ];
            let interval = |measure: usize| {
                let mut values: Vec<f64> = drawn.iter().map(|draw| draw[model][measure]).collect();
                values.sort_unstable_by(f64::total_cmp);
                Interval {
                    value: value[measure],
                    low: quantile(&values, 0.025),
                    high: quantile(&values, 0.975),
                }
            };
            Ok(ScoreIntervals {
                roc_auc: interval(0),
                average_precision: interval(1),
                log_loss: interval(2),
            })
        })
        .collect()
}

/// The rows of one model by falling score.
pub(super) struct Sorted {
    rows: Vec<u32>,
    /// Whether the row at this place has the score of the one before it.
    tied: Vec<bool>,
    /// What each row, in its own order, costs.
    losses: Array1<f64>,
}

impl Sorted {
    pub(super) fn new(
        labels: ArrayView1<'_, bool>,
        scores: ArrayView1<'_, f64>,
    ) -> Result<Self, MetricError> {
        check_probabilities(labels, scores)?;
        let mut rows: Vec<u32> = (0..scores.len() as u32).collect();
        rows.sort_unstable_by(|a, b| {
            let score = |row: &u32| scores[*row as usize];
            score(b).total_cmp(&score(a)).then(a.cmp(b))
        });
        let mut tied = vec![false; rows.len()];
        for (place, pair) in rows.windows(2).enumerate() {
            tied[place + 1] = scores[pair[0] as usize] == scores[pair[1] as usize];
        }
        let losses = labels.iter().zip(scores).map(|(label, p)| {
            let p = p.clamp(LOG_LOSS_CLIP, 1.0 - LOG_LOSS_CLIP);
            -libm::log(if *label { p } else { 1.0 - p })
        });
        Ok(Self {
            rows,
            tied,
            losses: losses.collect(),
        })
    }

    /// ROC AUC, average precision and log loss where each row counts so many times.
    pub(super) fn measure(
        &self,
        times: &[u32],
        labels: ArrayView1<'_, bool>,
        n1: f64,
        n0: f64,
    ) -> [f64; 3] {
        let (mut wins, mut precision) = (0.0, 0.0);
        let (mut found, mut seen, mut below) = (0.0, 0.0, n0);
        let mut place = 0;
        while place < self.rows.len() {
            let (mut positives, mut all) = (0.0, 0.0);
            loop {
                let row = self.rows[place] as usize;
                let count = f64::from(times[row]);
                all += count;
                if labels[row] {
                    positives += count;
                }
                place += 1;
                if !self.tied.get(place).copied().unwrap_or(false) {
                    break;
                }
            }
            let negatives = all - positives;
            below -= negatives;
            wins += positives * (below + negatives / 2.0);
            found += positives;
            seen += all;
            if positives > 0.0 {
                precision += positives * found / seen;
            }
        }
        let losses = self.losses.iter().zip(times);
        let loss: f64 = losses.map(|(loss, count)| loss * f64::from(*count)).sum();
        [wins / (n1 * n0), precision / n1, loss / (n1 + n0)]
    }
}

#[cfg(test)]
mod tests {
    use super::super::bootstrap;
    use super::*;

    /// Labels and scores with ties, from counters.
    fn rows(seed: u64) -> (Array1<bool>, Array1<f64>) {
        let labels: Array1<bool> = (0..240).map(|i| i % 4 == 0).collect();
        let scores = labels.iter().enumerate().map(|(i, label)| {
            let told = if *label { 0.2 } else { 0.0 };
            ((random::unit(seed, 3, i as u64) * 0.7 + told) * 40.0).round() / 40.0
        });
        let scores = scores.collect();
        (labels, scores)
    }

    #[test]
    fn they_are_those_of_the_plain_bootstrap() {
        let (labels, first) = rows(1);
        let (_, second) = rows(2);
        let got = score_intervals(labels.view(), &[first.view(), second.view()], 60, 9).unwrap();
        for (scores, got) in [first, second].iter().zip(got) {
            type Measure =
                fn(ArrayView1<'_, bool>, ArrayView1<'_, f64>) -> Result<f64, MetricError>;
            let cases: [(Measure, Interval); 3] = [
                (roc_auc, got.roc_auc),
                (average_precision, got.average_precision),
                (log_loss, got.log_loss),
            ];
            for (measure, got) in cases {
                let want = bootstrap(labels.view(), scores.view(), 60, 9, measure).unwrap();
                assert_eq!(got.value, want.value);
                assert!((got.low - want.low).abs() < 1e-12, "{got:?} {want:?}");
                assert!((got.high - want.high).abs() < 1e-12, "{got:?} {want:?}");
            }
        }
    }

    #[test]
    fn what_cannot_be_measured_is_said() {
        let (labels, scores) = rows(1);
        let none = score_intervals(labels.view(), &[scores.view()], 0, 1);
        assert_eq!(none, Err(MetricError::NoPlaces));
        let all = Array1::from_elem(240, true);
        let one = score_intervals(all.view(), &[scores.view()], 9, 1);
        assert!(matches!(one, Err(MetricError::OneClass { .. })));
        let large = scores.mapv(|p| p + 1.0);
        let wrong = score_intervals(labels.view(), &[large.view()], 9, 1);
        assert!(matches!(wrong, Err(MetricError::NotAProbability { .. })));
        let empty = score_intervals(Array1::default(0).view(), &[Array1::zeros(0).view()], 9, 1);
        assert_eq!(empty, Err(MetricError::NoRows));
        assert_eq!(score_intervals(labels.view(), &[], 9, 1), Ok(Vec::new()));
    }

    #[test]
    fn the_same_seed_gives_the_same_bits_on_any_number_of_threads() {
        let (labels, scores) = rows(4);
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let draw = || score_intervals(labels.view(), &[scores.view()], 50, 7).unwrap();
            pool.unwrap().install(draw)
        };
        assert_eq!(on(1), on(3));
    }
}
