//! Scores become probabilities: Platt's sigmoid and isotonic regression.
//!
//! Both learn from scores and labels of rows that the model was *not* fitted on; on its own rows a
//! model looks surer than it is. Platt's sigmoid has two numbers to learn and suits a few hundred
//! rows; isotonic regression takes any rising shape and wants a thousand or more
//! (Niculescu-Mizil and Caruana 2005). Neither changes who is ahead of whom, but for ties that
//! isotonic regression makes.
//!
//! ```
//! use ndarray::array;
//! use regulars_models::calibration::Isotonic;
//!
//! let labels = array![false, false, true, false, true, true];
//! let scores = array![0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
//! let calibrated = Isotonic::fit(labels.view(), scores.view())?;
//! assert_eq!(calibrated.probability(0.35), 0.5); // .3 and .4 are out of order, so one pool
//! assert_eq!(calibrated.probability(9.0), 1.0);
//! # Ok::<(), regulars_models::metrics::MetricError>(())
//! ```

use ndarray::ArrayView1;

use crate::metrics::{MetricError, both_classes, check_scores};

/// The log-odds of a probability, which is first kept `1e-9` away from 0 and 1: the score that
/// Platt's sigmoid suits best where a model gives probabilities. NaN for NaN.
pub fn log_odds(probability: f64) -> f64 {
    let p = probability.clamp(1e-9, 1.0 - 1e-9);
    libm::log(p / (1.0 - p))
}

/// Platt's sigmoid: `1 / (1 + exp(-(slope * score + intercept)))`.
///
/// Fitted by Newton's method with a line search on the targets `(n1 + 1) / (n1 + 2)` and
/// `1 / (n0 + 2)` instead of 1 and 0, which keeps it from being too sure. Source: Platt (1999),
/// "Probabilistic outputs for support vector machines"; the method of Lin, Lin and Weng (2007),
/// "A note on Platt's probabilistic outputs for support vector machines".
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Platt {
    /// How fast the probability rises with the score.
    pub slope: f64,
    /// The logit at score 0.
    pub intercept: f64,
}

impl Platt {
    /// Learns from rows; all scores equal give the smoothed base rate to everyone.
    ///
    /// # Errors
    /// No rows, unequal lengths, a score that is not finite, one label only.
    pub fn fit(
        labels: ArrayView1<'_, bool>,
        scores: ArrayView1<'_, f64>,
    ) -> Result<Self, MetricError> {
        check_scores(labels, scores)?;
        let n = labels.len() as f64;
        let positives = labels.iter().filter(|label| **label).count() as f64;
        let negatives = n - positives;
        both_classes(positives, n)?;
        // Scores of any scale are brought to one, so that the same steps suit all.
        let mean = scores.sum() / n;
        let spread = (scores.fold(0.0, |sum, score| sum + (score - mean).powi(2)) / n).sqrt();
        let scale = if spread > 0.0 { spread } else { 1.0 };
        let (sure, unsure) = (
            (positives + 1.0) / (positives + 2.0),
            1.0 / (negatives + 2.0),
        );
        let rows: Vec<(f64, f64)> = scores
            .iter()
            .zip(labels)
            .map(|(score, label)| ((score - mean) / scale, if *label { sure } else { unsure }))
            .collect();
        let loss = |[slope, intercept]: [f64; 2]| -> f64 {
            rows.iter()
                .map(|(score, target)| {
                    // ln(1 + e^z) - t z, without overflow on either side.
                    let z = slope * score + intercept;
                    z.max(0.0) + libm::log1p(libm::exp(-z.abs())) - target * z
                })
                .sum()
        };
        let mut at = [0.0, libm::log((positives + 1.0) / (negatives + 1.0))];
        let mut value = loss(at);
        for _ in 0..100 {
            let (mut gradient, mut curvature) = ([0.0; 2], [1e-12, 0.0, 1e-12]);
            for (score, target) in &rows {
                let p = 1.0 / (1.0 + libm::exp(-(at[0] * score + at[1])));
                let (off, weight) = (p - target, p * (1.0 - p));
                gradient[0] += off * score;
                gradient[1] += off;
                curvature[0] += weight * score * score;
                curvature[1] += weight * score;
                curvature[2] += weight;
            }
            if gradient.iter().all(|part| part.abs() < 1e-10 * n) {
                break;
            }
            let [a, b, c] = curvature;
            let det = a * c - b * b;
            let step = [
                (c * gradient[0] - b * gradient[1]) / det,
                (a * gradient[1] - b * gradient[0]) / det,
            ];
            let downhill = gradient[0] * step[0] + gradient[1] * step[1];
            let mut share = 1.0;
            let next = loop {
                let next = [at[0] - share * step[0], at[1] - share * step[1]];
                if loss(next) <= value - 1e-4 * share * downhill {
                    break Some(next);
                }
                share /= 2.0;
                if share < 1e-10 {
                    break None; // as low as the digits allow
                }
            };
            let Some(next) = next else { break };
            at = next;
            value = loss(at);
        }
        let slope = at[0] / scale;
        Ok(Self {
            slope,
            intercept: at[1] - slope * mean,
        })
    }

    /// The probability of `true` at a score.
    pub fn probability(&self, score: f64) -> f64 {
        1.0 / (1.0 + libm::exp(-(self.slope * score + self.intercept)))
    }
}

/// Isotonic regression: the rising step function with the least squared error, straight between
/// its steps, level beyond the first and the last.
///
/// Rows of one score are one point with their mean. Neighbours out of order are pooled until
/// the means rise (pool adjacent violators). Source: Ayer et al. (1955); Zadrozny and Elkan
/// (2002), "Transforming classifier scores into accurate multiclass probability estimates".
#[derive(Clone, Debug, PartialEq)]
pub struct Isotonic {
    /// First and last score of every pool, with its mean; the scores rise.
    pub(crate) points: Vec<(f64, f64)>,
}

/// Pools neighbours until each two that are left are in order (pool adjacent violators, Ayer et
/// al. 1955); `join` adds to a pool the one before it.
pub(crate) fn pool_violators<P>(
    points: impl IntoIterator<Item = P>,
    in_order: impl Fn(&P, &P) -> bool,
    join: impl Fn(&mut P, P),
) -> Vec<P> {
    let mut pools: Vec<P> = Vec::new();
    for mut pool in points {
        while let Some(before) = pools.pop_if(|before| !in_order(before, &pool)) {
            join(&mut pool, before);
        }
        pools.push(pool);
    }
    pools
}

struct Pool {
    rows: f64,
    positives: f64,
    first: f64,
    last: f64,
}

impl Isotonic {
    /// Learns from rows.
    ///
    /// # Errors
    /// No rows, unequal lengths, a score that is not finite. One label alone is fine: it gives
    /// everyone 0 or 1.
    pub fn fit(
        labels: ArrayView1<'_, bool>,
        scores: ArrayView1<'_, f64>,
    ) -> Result<Self, MetricError> {
        check_scores(labels, scores)?;
        let mut rows: Vec<(f64, bool)> =
            scores.iter().copied().zip(labels.iter().copied()).collect();
        rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        // `==` makes one score of -0.0 and 0.0.
        let ties = rows.chunk_by(|a, b| a.0 == b.0).map(|tie| Pool {
            rows: tie.len() as f64,
            positives: tie.iter().filter(|row| row.1).count() as f64,
            first: tie[0].0,
            last: tie[0].0,
        });
        let pools = pool_violators(
            ties,
            // Whole numbers, so equal means are seen as equal.
            |before, pool| before.positives * pool.rows < pool.positives * before.rows,
            |pool, before| {
                pool.rows += before.rows;
                pool.positives += before.positives;
                pool.first = before.first;
            },
        );
        let mut points = Vec::with_capacity(2 * pools.len());
        for pool in &pools {
            let mean = pool.positives / pool.rows;
            points.push((pool.first, mean));
            if pool.last != pool.first {
                points.push((pool.last, mean));
            }
        }
        Ok(Self { points })
    }

    /// The probability of `true` at a score; NaN for NaN.
    pub fn probability(&self, score: f64) -> f64 {
        if score.is_nan() {
            return f64::NAN;
        }
        let after = self.points.partition_point(|point| point.0 < score);
        match (after.checked_sub(1), self.points.get(after)) {
            (None, Some(first)) => first.1,
            (Some(last), None) => self.points[last].1,
            (Some(before), Some(&(x1, y1))) => {
                let (x0, y0) = self.points[before];
                y0 + (y1 - y0) * ((score - x0) / (x1 - x0))
            }
            (None, None) => f64::NAN, // a fit has at least one row
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};
    use proptest::prelude::*;

    use super::*;

    const SLOPE: f64 = 3.766_828_631_739_565;
    const INTERCEPT: f64 = -2.349_958_599_610_703;
    const STEPS: [f64; 12] = [
        0.0,
        0.0,
        0.0,
        0.0,
        1.0 / 6.0,
        1.0 / 3.0,
        1.0 / 3.0,
        0.5,
        0.5,
        0.75,
        1.0,
        1.0,
    ];

    fn example() -> (Array1<bool>, Array1<f64>) {
        let labels = [1, 1, 0, 1, 0, 0, 1, 0, 0, 0].map(|label| label == 1);
        let scores = array![0.9, 0.8, 0.7, 0.6, 0.55, 0.5, 0.4, 0.3, 0.2, 0.1];
        (Array1::from(labels.to_vec()), scores)
    }

    #[test]
    fn the_sigmoid_is_scikit_learns() {
        // sklearn.calibration._SigmoidCalibration().fit(scores, labels) of scikit-learn 1.9.1: -a_, -b_
        let (labels, scores) = example();
        let fitted = Platt::fit(labels.view(), scores.view()).unwrap();
        assert!((fitted.slope - SLOPE).abs() < 1e-4, "{fitted:?}");
        assert!((fitted.intercept - INTERCEPT).abs() < 1e-4, "{fitted:?}");
        // Any scale of the scores gives the same probabilities.
        let large = scores.mapv(|score| 1e9 * score - 3e8);
        let again = Platt::fit(labels.view(), large.view()).unwrap();
        let (one, other) = (fitted.probability(0.7), again.probability(0.4e9));
        assert!((one - other).abs() < 1e-9, "{one} {other}");
    }

    #[test]
    fn the_steps_are_scikit_learns() {
        // sklearn.isotonic.IsotonicRegression(out_of_bounds="clip")
        let (labels, scores) = example();
        let fitted = Isotonic::fit(labels.view(), scores.view()).unwrap();
        let at = [
            0.0, 0.1, 0.25, 0.3, 0.35, 0.4, 0.45, 0.6, 0.65, 0.75, 0.8, 1.0,
        ];
        for (score, want) in at.into_iter().zip(STEPS) {
            let got = fitted.probability(score);
            assert!((got - want).abs() < 1e-12, "{got} for {want} at {score}");
        }
        assert!(fitted.probability(f64::NAN).is_nan());
    }

    #[test]
    fn what_cannot_be_learned_from_is_said_and_what_can_is_learned() {
        let (labels, scores) = example();
        let all = Array1::from_elem(10, true);
        let one_class = Platt::fit(all.view(), scores.view());
        assert!(matches!(one_class, Err(MetricError::OneClass { .. })));
        let sure = Isotonic::fit(all.view(), scores.view()).unwrap();
        assert_eq!(sure.probability(0.0), 1.0);
        let mut wrong = scores.clone();
        wrong[3] = f64::INFINITY;
        let infinite = Isotonic::fit(labels.view(), wrong.view());
        assert_eq!(infinite, Err(MetricError::NotANumber { row: 3 }));
        let same = Platt::fit(labels.view(), Array1::ones(10).view()).unwrap();
        // Four of ten, on the targets 5/6 and 1/8: (4 * 5/6 + 6 * 1/8) / 10.
        let base = (4.0 * 5.0 / 6.0 + 6.0 / 8.0) / 10.0;
        assert!((same.probability(1.0) - base).abs() < 1e-9, "{same:?}");
        // Labels that a cut-off tells apart perfectly have no end of a slope without the targets.
        let apart = Array1::from_iter((0..10).map(|i| i >= 5));
        let rising = Array1::from_iter((0..10).map(f64::from));
        let fitted = Platt::fit(apart.view(), rising.view()).unwrap();
        assert!(fitted.slope.is_finite() && fitted.slope > 0.0);
        assert!((0.5..1.0).contains(&fitted.probability(9.0)));
    }

    proptest! {
        /// Barlow and others (1972): the fit is the max over starts of the min over ends of means.
        #[test]
        fn pooling_gives_the_max_min_of_means(
            rows in proptest::collection::vec((any::<bool>(), 0u8..12), 1..25),
        ) {
            let labels: Array1<bool> = rows.iter().map(|row| row.0).collect();
            let scores: Array1<f64> = rows.iter().map(|row| f64::from(row.1)).collect();
            let fitted = Isotonic::fit(labels.view(), scores.view()).unwrap();
            let mean = |low: u8, high: u8| {
                let within: Vec<bool> = rows.iter().filter(|row| (low..=high).contains(&row.1)).map(|row| row.0).collect();
                within.iter().filter(|label| **label).count() as f64 / within.len() as f64
            };
            let mut levels: Vec<u8> = rows.iter().map(|row| row.1).collect();
            levels.sort_unstable();
            levels.dedup();
            for &at in &levels {
                let want = levels.iter().filter(|low| **low <= at).map(|&low| {
                    levels.iter().filter(|high| **high >= at).map(|&high| mean(low, high)).fold(f64::INFINITY, f64::min)
                }).fold(0.0, f64::max);
                prop_assert!((fitted.probability(f64::from(at)) - want).abs() < 1e-12);
            }
            // Probabilities never fall with the score.
            let path: Vec<f64> = (0..120).map(|step| fitted.probability(f64::from(step) / 10.0)).collect();
            prop_assert!(path.windows(2).all(|pair| pair[0] <= pair[1] + 1e-15));
        }

        #[test]
        fn a_sigmoid_meets_its_targets_on_average(
            rows in proptest::collection::vec((any::<bool>(), -50i16..50), 4..40),
        ) {
            let labels: Array1<bool> = rows.iter().map(|row| row.0).collect();
            let n1 = labels.iter().filter(|label| **label).count() as f64;
            let n0 = labels.len() as f64 - n1;
            prop_assume!(n1 > 0.0 && n0 > 0.0);
            let scores: Array1<f64> = rows.iter().map(|row| f64::from(row.1)).collect();
            let fitted = Platt::fit(labels.view(), scores.view()).unwrap();
            let said: f64 = scores.iter().map(|score| fitted.probability(*score)).sum();
            let wanted = n1 * (n1 + 1.0) / (n1 + 2.0) + n0 / (n0 + 2.0);
            prop_assert!((said - wanted).abs() < 1e-6 * labels.len() as f64, "{said} {wanted}");
        }
    }
}
