//! How far a measure can be trusted: the bootstrap.

use ndarray::{Array1, ArrayView1};
use rayon::prelude::*;

use super::{MetricError, check_lengths};
use crate::quantile::quantile;
use crate::random;

/// A measure, and the interval in which 95 of 100 resamples have it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// On the rows as they are.
    pub value: f64,
    /// The 2.5 % quantile of the resamples.
    pub low: f64,
    /// Their 97.5 % quantile.
    pub high: f64,
}

/// A measure with its 95 % percentile interval, from `resamples` draws of as many rows with
/// putting back.
///
/// Rows labelled `true` and rows labelled `false` are drawn apart, as many of each as there are,
/// so that every resample has both and the interval speaks of the scores and not of the base
/// rate. The draws depend on `seed` alone: the result is the same on any number of threads.
/// Source: Efron (1979); quantiles of type 7 (Hyndman and Fan 1996).
///
/// # Errors
/// [`MetricError::NoPlaces`] for 0 resamples; whatever `measure` says of the rows or a resample.
pub fn bootstrap<F>(
    labels: ArrayView1<'_, bool>,
    scores: ArrayView1<'_, f64>,
    resamples: usize,
    seed: u64,
    measure: F,
) -> Result<Interval, MetricError>
where
    F: Fn(ArrayView1<'_, bool>, ArrayView1<'_, f64>) -> Result<f64, MetricError> + Sync,
{
    check_lengths(labels, scores)?;
    if resamples == 0 {
        return Err(MetricError::NoPlaces);
    }
    let value = measure(labels, scores)?;
    let (positives, negatives): (Vec<f64>, Vec<f64>) = {
        let of = |wanted: bool| {
            let rows = labels.iter().zip(scores);
            rows.filter(move |(label, _)| **label == wanted)
                .map(|(_, score)| *score)
                .collect()
        };
        (of(true), of(false))
    };
    let drawn_labels: Array1<bool> = (0..labels.len()).map(|i| i < positives.len()).collect();
    let mut values = (0..resamples)
        .into_par_iter()
        .map(|resample| {
            let draw = |place: usize, from: &[f64]| {
                let unit = random::unit(seed, resample as u64, place as u64);
                from[((unit * from.len() as f64) as usize).min(from.len() - 1)]
            };
            let drawn: Array1<f64> = (0..labels.len())
                .map(|place| match place < positives.len() {
                    true => draw(place, &positives),
                    false => draw(place, &negatives),
                })
                .collect();
            measure(drawn_labels.view(), drawn.view())
        })
        .collect::<Result<Vec<f64>, MetricError>>()?;
    values.sort_unstable_by(f64::total_cmp);
    Ok(Interval {
        value,
        low: quantile(&values, 0.025),
        high: quantile(&values, 0.975),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{brier, roc_auc};
    use super::*;

    /// Scores of 300 rows that tell something, from counters.
    fn rows(seed: u64) -> (Array1<bool>, Array1<f64>) {
        let labels: Array1<bool> = (0..300).map(|i| i % 3 == 0).collect();
        let scores = labels
            .iter()
            .enumerate()
            .map(|(i, label)| {
                0.7 * random::unit(seed, 1, i as u64) + if *label { 0.3 } else { 0.0 }
            })
            .collect();
        (labels, scores)
    }

    #[test]
    fn the_interval_covers_the_truth_about_as_often_as_it_says() {
        // The true area: P(0.7 U + 0.3 > 0.7 V) = 1 - (4/7)² / 2.
        let truth = 1.0 - (4.0_f64 / 7.0).powi(2) / 2.0;
        let covered = (0..200)
            .filter(|&seed| {
                let (labels, scores) = rows(seed);
                let area = bootstrap(labels.view(), scores.view(), 200, seed, roc_auc).unwrap();
                assert!(area.low <= area.value && area.value <= area.high);
                (area.low..=area.high).contains(&truth)
            })
            .count();
        assert!((180..=199).contains(&covered), "{covered} of 200");
    }

    #[test]
    fn the_same_seed_gives_the_same_bits_on_any_number_of_threads() {
        let (labels, scores) = rows(5);
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap()
                .install(|| bootstrap(labels.view(), scores.view(), 99, 7, brier).unwrap())
        };
        assert_eq!(on(1), on(3));
        assert_ne!(
            on(1),
            bootstrap(labels.view(), scores.view(), 99, 8, brier).unwrap()
        );
    }

    #[test]
    fn what_cannot_be_measured_is_said() {
        let (labels, scores) = rows(5);
        let none = bootstrap(labels.view(), scores.view(), 0, 1, roc_auc);
        assert_eq!(none, Err(MetricError::NoPlaces));
        let all = Array1::from_elem(300, true);
        let one = bootstrap(all.view(), scores.view(), 9, 1, roc_auc);
        assert!(matches!(one, Err(MetricError::OneClass { .. })));
    }
}
