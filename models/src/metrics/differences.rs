//! How two models differ on the same rows: a paired bootstrap over those to whom the rows belong.

use ndarray::ArrayView1;
use rayon::prelude::*;

use super::intervals::Sorted;
use super::{Interval, MetricError, both_classes};
use crate::quantile::quantile;
use crate::random;

/// What the second of two models reaches less what the first does, with 95 % intervals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreDifferences {
    /// Of the area under the ROC curve; above 0 the second is better.
    pub roc_auc: Interval,
    /// Of the average precision; above 0 the second is better.
    pub average_precision: Interval,
    /// Of the log loss; below 0 the second is better.
    pub log_loss: Interval,
}

/// ROC AUC, average precision and log loss of the second model less those of the first, each with
/// its 95 % percentile interval from `resamples` draws with putting back.
///
/// - `owners`: for each row whose it is, a number below `owner_count`.
///
/// Owners are drawn and not rows, as many as there are, each with all rows of theirs: rows of one
/// customer at several dates are no independent evidence (the cluster bootstrap; Field and Welsh
/// 2007). Both models are measured on every draw, so that what is hard for both takes nothing
/// from what sets them apart. A draw in which all rows have one label says nothing and is left
/// out. The draws depend on `seed` alone: the result is the same on any number of threads. A draw
/// costs `O(rows)` for each model.
///
/// # Errors
/// [`MetricError::NoPlaces`] for 0 resamples; [`MetricError::Owner`] for a number that is none;
/// [`MetricError::OneClass`] where the rows, or those of every draw, have one label only;
/// [`MetricError::NotAProbability`], [`MetricError::NoRows`], [`MetricError::Lengths`].
pub fn score_differences(
    labels: ArrayView1<'_, bool>,
    models: [ArrayView1<'_, f64>; 2],
    (owners, owner_count): (&[u32], usize),
    resamples: usize,
    seed: u64,
) -> Result<ScoreDifferences, MetricError> {
    if resamples == 0 {
        return Err(MetricError::NoPlaces);
    }
    check_owners(labels, owners, owner_count)?;
    let first = Sorted::new(labels, models[0])?;
    let second = Sorted::new(labels, models[1])?;
    let positives = labels.iter().filter(|label| **label).count();
    both_classes(positives as f64, labels.len() as f64)?;
    let difference = |times: &[u32]| -> Option<[f64; 3]> {
        let count = |wanted: bool| -> f64 {
            let rows = labels.iter().zip(times);
            rows.filter(|(label, _)| **label == wanted)
                .map(|(_, count)| f64::from(*count))
                .sum()
        };
        let (n1, n0) = (count(true), count(false));
        if n1 == 0.0 || n0 == 0.0 {
            return None;
        }
        let [a, b] = [&first, &second].map(|model| model.measure(times, labels, n1, n0));
        Some([b[0] - a[0], b[1] - a[1], b[2] - a[2]])
    };
    let drawn: Vec<[f64; 3]> = (0..resamples)
        .into_par_iter()
        .filter_map(|resample| difference(&draw(owners, owner_count, resample as u64, seed)))
        .collect();
    let whole = difference(&vec![1; labels.len()]);
    let (Some(whole), false) = (whole, drawn.is_empty()) else {
        return Err(MetricError::OneClass {
            label: positives * 2 > labels.len(),
            rows: labels.len(),
        });
    };
    let interval = |measure: usize| {
        let mut values: Vec<f64> = drawn.iter().map(|draw| draw[measure]).collect();
        values.sort_unstable_by(f64::total_cmp);
        Interval {
            value: whole[measure],
            low: quantile(&values, 0.025),
            high: quantile(&values, 0.975),
        }
    };
    Ok(ScoreDifferences {
        roc_auc: interval(0),
        average_precision: interval(1),
        log_loss: interval(2),
    })
}

/// Refuses owners that are not one a row, or not among those counted.
fn check_owners(
    labels: ArrayView1<'_, bool>,
    owners: &[u32],
    owner_count: usize,
) -> Result<(), MetricError> {
    if owners.len() != labels.len() {
        return Err(MetricError::Lengths {
            labels: labels.len(),
            scores: owners.len(),
        });
    }
    match owners.iter().position(|of| *of as usize >= owner_count) {
        Some(row) => Err(MetricError::Owner { row }),
        None => Ok(()),
    }
}

/// How often each row counts in a draw of owners.
fn draw(owners: &[u32], owner_count: usize, resample: u64, seed: u64) -> Vec<u32> {
    let mut times = vec![0_u32; owner_count];
    for place in 0..owner_count {
        let unit = random::unit(seed, resample, place as u64);
        times[((unit * owner_count as f64) as usize).min(owner_count - 1)] += 1;
    }
    owners.iter().map(|owner| times[*owner as usize]).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{average_precision, log_loss, roc_auc};
    use super::*;
    use ndarray::Array1;

    /// 90 owners with two rows each; the second model knows more than the first.
    fn rows() -> (Array1<bool>, [Array1<f64>; 2], Vec<u32>) {
        let labels: Array1<bool> = (0..180).map(|row| row % 3 == 0).collect();
        let scores = |stream: u64, told: f64| -> Array1<f64> {
            let rows = labels.iter().enumerate();
            rows.map(|(row, label)| {
                let drawn = 0.8 * random::unit(stream, 1, row as u64);
                ((drawn + if *label { told } else { 0.0 }) * 30.0).round() / 30.0
            })
            .collect()
        };
        let models = [scores(1, 0.0), scores(2, 0.2)];
        (labels, models, (0..180).map(|row| row / 2).collect())
    }

    #[test]
    fn they_are_those_of_rows_that_are_written_out_as_often_as_they_are_drawn() {
        let (labels, [first, second], owners) = rows();
        let got = score_differences(
            labels.view(),
            [first.view(), second.view()],
            (&owners, 90),
            40,
            7,
        )
        .unwrap();
        type Measure = fn(ArrayView1<'_, bool>, ArrayView1<'_, f64>) -> Result<f64, MetricError>;
        let cases: [(Measure, Interval); 3] = [
            (roc_auc, got.roc_auc),
            (average_precision, got.average_precision),
            (log_loss, got.log_loss),
        ];
        for (measure, got) in cases {
            let mut values: Vec<f64> = (0..40)
                .map(|resample| {
                    let times = draw(&owners, 90, resample, 7);
                    let rows: Vec<usize> = (0..180)
                        .flat_map(|row| std::iter::repeat_n(row, times[row] as usize))
                        .collect();
                    let labels: Array1<bool> = rows.iter().map(|row| labels[*row]).collect();
                    let of = |scores: &Array1<f64>| {
                        let scores: Array1<f64> = rows.iter().map(|row| scores[*row]).collect();
                        measure(labels.view(), scores.view()).unwrap()
                    };
                    of(&second) - of(&first)
                })
                .collect();
            values.sort_unstable_by(f64::total_cmp);
            assert!((got.low - quantile(&values, 0.025)).abs() < 1e-12);
            assert!((got.high - quantile(&values, 0.975)).abs() < 1e-12);
            let whole = measure(labels.view(), second.view()).unwrap()
                - measure(labels.view(), first.view()).unwrap();
            assert!((got.value - whole).abs() < 1e-12, "{got:?} {whole}");
        }
    }

    #[test]
    fn a_model_does_not_differ_from_itself_and_a_better_one_does() {
        let (labels, [first, second], owners) = rows();
        let of = |a: &Array1<f64>, b: &Array1<f64>| {
            let models = [a.view(), b.view()];
            score_differences(labels.view(), models, (&owners, 90), 200, 3).unwrap()
        };
        let same = of(&first, &first);
        let nothing = Interval {
            value: 0.0,
            low: 0.0,
            high: 0.0,
        };
        assert_eq!(same.log_loss, nothing);
        assert_eq!(same.roc_auc, nothing);
        assert!(of(&first, &second).roc_auc.low > 0.0);
    }

    #[test]
    fn the_same_seed_gives_the_same_bits_on_any_number_of_threads() {
        let (labels, [first, second], owners) = rows();
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let models = [first.view(), second.view()];
            let draw = || score_differences(labels.view(), models, (&owners, 90), 50, 7).unwrap();
            pool.unwrap().install(draw)
        };
        assert_eq!(on(1), on(3));
    }

    #[test]
    fn what_cannot_be_measured_is_said() {
        let (labels, [first, second], owners) = rows();
        let models = [first.view(), second.view()];
        let of = |owners: &[u32], count: usize, resamples: usize| {
            score_differences(labels.view(), models, (owners, count), resamples, 1)
        };
        assert_eq!(of(&owners, 90, 0), Err(MetricError::NoPlaces));
        assert_eq!(of(&owners, 89, 9), Err(MetricError::Owner { row: 178 }));
        assert!(matches!(
            of(&owners[1..], 90, 9),
            Err(MetricError::Lengths { .. })
        ));
        let all = Array1::from_elem(180, true);
        let one = score_differences(all.view(), models, (&owners, 90), 9, 1);
        assert!(matches!(one, Err(MetricError::OneClass { .. })));
    }
}
