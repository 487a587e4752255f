//! Two groups that nobody has drawn by lot, made alike in what is known of them: a comparison of those
//! who could have been in either.

use super::Difference;

/// How much each row counts so that both groups are alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlap {
    /// By row, 0 for those who could only have been in their own group.
    pub weights: Vec<f64>,
    /// As how many rows that count alike those contacted count, and the others: `(Σw)² / Σw²`.
    pub effective: [f64; 2],
}

impl Overlap {
    /// Overlap weights (Li, Morgan and Zaslavsky 2018, "Balancing covariates via propensity score
    /// weighting", JASA 113): each row counts by the probability of having been in the other group.
    /// Whoever was all but certain to be contacted, or not to be, counts next to nothing, and no weight
    /// is above 1.
    ///
    /// - `propensities`: the probability of having been contacted, from 0 to 1.
    /// - `treated`: who was.
    ///
    /// # Panics
    /// Where the two differ in length.
    pub fn of(propensities: &[f64], treated: &[bool]) -> Self {
        assert_eq!(propensities.len(), treated.len(), "one of each a row");
        let weights: Vec<f64> = propensities
            .iter()
            .zip(treated)
            .map(|(p, treated)| if *treated { 1.0 - p } else { *p })
            .collect();
        let effective = |group: bool| {
            let of_group = weights.iter().zip(treated).filter(|(_, t)| **t == group);
            let (sum, squares) = of_group.fold((0.0, 0.0), |(sum, squares), (weight, _)| {
                (sum + weight, squares + weight * weight)
            });
            if squares > 0.0 {
                sum * sum / squares
            } else {
                0.0
            }
        };
        Self {
            effective: [effective(true), effective(false)],
            weights,
        }
    }

    /// How far apart those contacted and the others lie with these weights, with its 95 % interval, as
    /// if the weights were known and not estimated, which makes it wider rather than narrower (Lunceford
    /// and Davidian 2004). None where a group counts nothing.
    ///
    /// # Panics
    /// Where `values` or `treated` are not as many as the weights.
    pub fn difference(&self, values: &[f64], treated: &[bool]) -> Option<Difference> {
        let (sent, of_sent) = weighted(values, treated, &self.weights, true);
        let (other, of_other) = weighted(values, treated, &self.weights, false);
        let variance = of_sent + of_other;
        (variance.is_finite() && sent.is_finite() && other.is_finite())
            .then(|| Difference::around(sent - other, variance))
    }

    /// The weighted mean of those contacted, and of the others.
    ///
    /// # Panics
    /// As [`difference`](Self::difference).
    pub fn means(&self, values: &[f64], treated: &[bool]) -> [f64; 2] {
        [true, false].map(|group| weighted(values, treated, &self.weights, group).0)
    }

    /// By how many standard deviations those contacted lie above the others, as they are and with the
    /// weights (Austin 2009: below 0.1 is called balanced). The deviation is the root of the mean of both
    /// groups' variances, without weights. Rows without a value are left out; 0 where all are alike.
    ///
    /// # Panics
    /// As [`difference`](Self::difference).
    pub fn imbalance(&self, values: &[f64], treated: &[bool]) -> [f64; 2] {
        let alike = vec![1.0; values.len()];
        let known = |weights: &[f64]| -> Vec<f64> {
            let weights = weights.iter().zip(values);
            weights
                .map(|(w, v)| if v.is_nan() { 0.0 } else { *w })
                .collect()
        };
        let plain: Vec<f64> = values
            .iter()
            .map(|v| if v.is_nan() { 0.0 } else { *v })
            .collect();
        let (before, after) = (known(&alike), known(&self.weights));
        let apart = |weights: &[f64]| {
            let of = |group| weighted(&plain, treated, weights, group).0;
            of(true) - of(false)
        };
        let spread = [true, false].map(|group| {
            let mean = weighted(&plain, treated, &before, group).0;
            let rows = plain.iter().zip(treated).zip(&before);
            let of_group = rows.filter(|((_, t), w)| **t == group && **w > 0.0);
            let (sum, n) = of_group.fold((0.0, 0.0), |(sum, n), ((value, _), _)| {
                (sum + (value - mean) * (value - mean), n + 1.0)
            });
            if n > 1.0 { sum / (n - 1.0) } else { 0.0 }
        });
        let deviation = f64::midpoint(spread[0], spread[1]).sqrt();
        [before, after].map(|weights| {
            let apart = apart(&weights);
            if apart.is_finite() && deviation > 0.0 {
                apart / deviation
            } else {
                0.0
            }
        })
    }
}

/// The weighted mean of a group, and the variance of that mean.
fn weighted(values: &[f64], treated: &[bool], weights: &[f64], group: bool) -> (f64, f64) {
    assert!(
        values.len() == weights.len() && treated.len() == weights.len(),
        "one of each a row"
    );
    let rows = || {
        let rows = values.iter().zip(weights).zip(treated);
        rows.filter(|(_, t)| **t == group).map(|(row, _)| row)
    };
    let sum: f64 = rows().map(|(_, weight)| weight).sum();
    let mean = rows().map(|(value, weight)| value * weight).sum::<f64>() / sum;
    let squares: f64 = rows()
        .map(|(value, weight)| (weight * (value - mean)).powi(2))
        .sum();
    (mean, squares / (sum * sum))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::unit;

    #[test]
    fn weights_means_and_intervals_by_hand() {
        let treated = [true, true, false, false, false];
        let found = Overlap::of(&[0.8, 0.5, 0.5, 0.2, 0.2], &treated);
        for (weight, by_hand) in found.weights.iter().zip([0.2, 0.5, 0.5, 0.2, 0.2]) {
            assert!((weight - by_hand).abs() < 1e-12);
        }
        // 0.7² / 0.29 and 0.9² / 0.33.
        assert!((found.effective[0] - 0.49 / 0.29).abs() < 1e-12);
        assert!((found.effective[1] - 0.81 / 0.33).abs() < 1e-12);
        let values = [1.0, 0.0, 0.0, 1.0, 0.0];
        let difference = found.difference(&values, &treated).unwrap();
        // 0.2 / 0.7 - 0.2 / 0.9.
        assert!((difference.estimate - (2.0 / 7.0 - 2.0 / 9.0)).abs() < 1e-12);
        let of_sent = (0.2 * 5.0 / 7.0_f64).powi(2) + (0.5 * 2.0 / 7.0_f64).powi(2);
        let of_other = (0.5 * 2.0 / 9.0_f64).powi(2)
            + (0.2 * 7.0 / 9.0_f64).powi(2)
            + (0.2 * 2.0 / 9.0_f64).powi(2);
        let side = 1.959_963_984_540_054 * (of_sent / 0.49 + of_other / 0.81).sqrt();
        assert!((difference.high - difference.estimate - side).abs() < 1e-12);
        assert_eq!(
            Overlap::of(&[0.5], &[true]).difference(&[1.0], &[true]),
            None
        );
    }

    #[test]
    fn imbalance_is_in_deviations_and_leaves_out_what_is_not_known() {
        let treated = [true, true, false, false, true];
        let even = Overlap {
            weights: vec![0.5; 5],
            effective: [3.0, 2.0],
        };
        let values = [3.0, 5.0, 1.0, 3.0, f64::NAN];
        // Means 4 and 2, both variances 2.
        let [before, after] = even.imbalance(&values, &treated);
        assert!((before - 2.0_f64.sqrt()).abs() < 1e-12 && (after - before).abs() < 1e-12);
        assert_eq!(even.imbalance(&[7.0; 5], &treated), [0.0, 0.0]);
    }

    /// Who buys much anyway is contacted more often: plainly compared, the contact seems to do twice as
    /// much as it does.
    #[test]
    fn what_a_contact_does_is_found_among_those_who_could_have_been_in_either() {
        let mut within = 0;
        for campaign in 0..200 {
            let n = 2_000;
            let drawn = |stream: u64, row: usize| unit(campaign, stream, row as u64);
            let liking: Vec<f64> = (0..n).map(|row| drawn(0, row)).collect();
            let propensities: Vec<f64> = liking.iter().map(|l| 0.1 + 0.7 * l).collect();
            let treated: Vec<bool> = (0..n)
                .map(|row| drawn(1, row) < propensities[row])
                .collect();
            let bought = |row: usize| {
                let chance = 0.1 + 0.4 * liking[row] + if treated[row] { 0.1 } else { 0.0 };
                f64::from(u8::from(drawn(2, row) < chance))
            };
            let bought: Vec<f64> = (0..n).map(bought).collect();
            let overlap = Overlap::of(&propensities, &treated);
            let found = overlap.difference(&bought, &treated).unwrap();
            within += usize::from(found.low <= 0.1 && 0.1 <= found.high);
            let [before, after] = overlap.imbalance(&liking, &treated);
            assert!(before > 0.5 && after.abs() < 0.15, "{before} {after}");
        }
        assert!((186..=200).contains(&within), "{within} of 200");
    }
}
