//! Whether numbers are distributed as they were: the population stability index.

use super::MetricError;
use crate::special::gamma_share;

/// The chance of a value above the critical one where nothing has changed.
const LEVEL: f64 = 0.99;

/// How far two distributions over the same bins lie apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stability {
    /// The population stability index: 0 where the shares are the same.
    pub psi: f64,
    /// What 99 of 100 samples of these sizes stay below where nothing has changed.
    pub critical: f64,
    /// The largest distance of the shares up to the end of a bin, in the order of the bins.
    pub distance: f64,
    /// The chance of shares that differ so much where nothing has changed: Pearson's chi-squared test of
    /// two samples, as many degrees of freedom as there are bins less one.
    pub p_value: f64,
}

/// Holds the counts of one sample against those of another, bin by bin.
///
/// With the shares `e` and `a` of the bins, `PSI = Σ (a - e) ln(a / e)`. Half a row is added to
/// every bin of both, so that an empty one makes it large and not infinite. Cut-offs such as 0.1
/// and 0.25 say nothing of chance: where nothing has changed, PSI is about `(1/n + 1/m)` times a
/// chi-squared number with one degree of freedom less than there are bins, of which
/// [`Stability::critical`] is the 99 % point (Yurdakul and Naranjo 2020, "Statistical properties
/// of the population stability index"). Bins that are empty in both samples count for nothing.
///
/// # Errors
/// [`MetricError::Lengths`] where the bins are not as many; [`MetricError::NoRows`] for a sample
/// without rows.
pub fn stability(before: &[u64], after: &[u64]) -> Result<Stability, MetricError> {
    if before.len() != after.len() {
        return Err(MetricError::Lengths {
            labels: before.len(),
            scores: after.len(),
        });
    }
    let bins: Vec<[u64; 2]> = before
        .iter()
        .zip(after)
        .map(|(before, after)| [*before, *after])
        .filter(|counts| *counts != [0, 0])
        .collect();
    let total = |of: usize| bins.iter().map(|counts| counts[of] as f64).sum::<f64>();
    let (n, m) = (total(0), total(1));
    if n == 0.0 || m == 0.0 {
        return Err(MetricError::NoRows);
    }
    let half = bins.len() as f64 / 2.0;
    let (mut psi, mut distance, mut so_far, mut squares) = (0.0, 0.0_f64, 0.0, 0.0);
    for [before, after] in &bins {
        let both = (*before + *after) as f64;
        for (count, all) in [(*before, n), (*after, m)] {
            let expected = both * all / (n + m);
            squares += (count as f64 - expected).powi(2) / expected;
        }
        let expected = (*before as f64 + 0.5) / (n + half);
        let actual = (*after as f64 + 0.5) / (m + half);
        psi += (actual - expected) * libm::log(actual / expected);
        so_far += *after as f64 / m - *before as f64 / n;
        distance = distance.max(so_far.abs());
    }
    Ok(Stability {
        psi,
        critical: (1.0 / n + 1.0 / m) * chi_squared_quantile(LEVEL, bins.len() - 1),
        distance,
        p_value: match bins.len() {
            1 => 1.0,
            several => 1.0 - gamma_share((several - 1) as f64 / 2.0, squares / 2.0),
        },
    })
}

/// The quantile of the chi-squared distribution; 0 for no degree of freedom.
fn chi_squared_quantile(share: f64, degrees: usize) -> f64 {
    if degrees == 0 {
        return 0.0;
    }
    let half = degrees as f64 / 2.0;
    let (mut low, mut high) = (0.0, 1.0);
    while gamma_share(half, high) < share {
        (low, high) = (high, 2.0 * high);
    }
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        match gamma_share(half, middle) < share {
            true => low = middle,
            false => high = middle,
        }
    }
    low + high
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    #[test]
    fn the_index_of_four_bins_is_what_it_is_by_hand() {
        // .1 ln 2 + .1 ln(4/3)
        let of = |shares: [u64; 4]| shares.map(|share| share * 1_000_000);
        let found = stability(&of([1, 2, 3, 4]), &of([2, 2, 3, 3])).unwrap();
        assert!((found.psi - 0.098_083).abs() < 1e-6, "{found:?}");
        assert!((found.distance - 0.1).abs() < 1e-12, "{found:?}");
        let same = stability(&[5, 0, 7], &[5, 0, 7]).unwrap();
        assert_eq!((same.psi, same.distance), (0.0, 0.0));
        // An empty bin makes it large.
        let gone = stability(&[500, 500], &[1_000, 0]).unwrap();
        assert!(gone.psi > 3.0 && gone.psi.is_finite(), "{gone:?}");
    }

    /// `scipy.stats.chi2_contingency([before, after], correction=False).pvalue`
    #[test]
    fn the_chance_of_other_shares_is_scipys() {
        let p = |before: &[u64], after: &[u64]| stability(before, after).unwrap().p_value;
        assert!((p(&[10, 20], &[20, 10]) - 0.009_823_274_507_519).abs() < 1e-10);
        assert!((p(&[30, 40, 30], &[50, 80, 70]) - 0.569_782_824_730_923).abs() < 1e-10);
        assert_eq!(p(&[5, 0, 7], &[5, 0, 7]), 1.0);
        assert_eq!(p(&[4, 0], &[9, 0]), 1.0);
    }

    /// `scipy.stats.chi2.ppf(.99, df)`
    #[test]
    fn quantiles_of_the_chi_squared_distribution_are_scipys() {
        for (degrees, want) in [
            (1, 6.634_896_601_021_213),
            (3, 11.344_866_730_144_373),
            (9, 21.665_994_333_461_924),
            (30, 50.892_181_311_517_09),
        ] {
            let found = chi_squared_quantile(0.99, degrees);
            assert!((found - want).abs() < 1e-9, "{degrees}: {found}");
        }
        assert_eq!(chi_squared_quantile(0.99, 0), 0.0);
    }

    #[test]
    fn one_in_a_hundred_samples_of_the_same_lies_above_the_critical_value() {
        let sample = |stream: u64, rows: u64| {
            let mut counts = [0_u64; 10];
            for row in 0..rows {
                let bin = (random::unit(11, stream, row) * 10.0) as usize;
                counts[bin.min(9)] += 1;
            }
            counts
        };
        let above = (0..1_000)
            .filter(|round| {
                let (before, after) = (sample(2 * round, 800), sample(2 * round + 1, 400));
                let found = stability(&before, &after).unwrap();
                found.psi > found.critical
            })
            .count();
        assert!((2..=25).contains(&above), "{above} of 1,000");
    }

    #[test]
    fn what_cannot_be_compared_is_said() {
        assert_eq!(stability(&[1], &[0]), Err(MetricError::NoRows));
        assert!(matches!(
            stability(&[1, 2], &[1]),
            Err(MetricError::Lengths { .. })
        ));
    }
}
