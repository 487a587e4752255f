//! Whether probabilities are what they say.

use ndarray::ArrayView1;

use super::{MetricError, brier, check_probabilities};

/// What a Brier score is made of; see [`brier_parts`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BrierParts {
    /// The score itself: `reliability - resolution + uncertainty + within`.
    pub brier: f64,
    /// How far the mean probability of a bin is from what happened there; 0 is best.
    pub reliability: f64,
    /// How far what happened in a bin is from what happens at large; higher is better.
    pub resolution: f64,
    /// `b (1 - b)` for the base rate `b`: what the labels alone make of it.
    pub uncertainty: f64,
    /// What probabilities that differ within a bin add or take away.
    pub within: f64,
}

/// The Brier score taken apart, over `bins` bins of rows.
///
/// Rows are put in the order of their probability and cut into bins of equal numbers; rows of one
/// probability stay in one bin, so there may be fewer. With a bin for every different probability
/// `within` is 0 and it is Murphy's decomposition (1973); with fewer bins the two terms of
/// Stephenson, Coelho and Jolliffe (2008), variance within bins less twice the covariance with
/// the labels, make up `within`.
///
/// # Errors
/// [`MetricError::NoPlaces`] for 0 bins; otherwise as [`brier`].
pub fn brier_parts(
    labels: ArrayView1<'_, bool>,
    probabilities: ArrayView1<'_, f64>,
    bins: usize,
) -> Result<BrierParts, MetricError> {
    let score = brier(labels, probabilities)?;
    let bins = Bins::new(labels, probabilities, bins)?;
    let n = labels.len() as f64;
    let base = labels.iter().filter(|label| **label).count() as f64 / n;
    let mut parts = BrierParts {
        brier: score,
        reliability: 0.0,
        resolution: 0.0,
        uncertainty: base * (1.0 - base),
        within: 0.0,
    };
    for bin in bins.each() {
        let rows = bin.len() as f64;
        let (said, happened) = means(bin);
        parts.reliability += rows / n * (said - happened).powi(2);
        parts.resolution += rows / n * (happened - base).powi(2);
        for &(probability, label) in bin {
            let off = probability - said;
            let more = f64::from(u8::from(label)) - happened;
            parts.within += (off * off - 2.0 * off * more) / n;
        }
    }
    Ok(parts)
}

/// The expected calibration error: the mean distance between the mean probability of a bin and the
/// share of its rows that are `true`, weighed by rows. 0 is best.
///
/// Bins as in [`brier_parts`], of equal numbers of rows, because bins of equal width are nearly
/// empty where probabilities are rare. Source: Naeini, Cooper and Hauskrecht (2015), "Obtaining
/// well calibrated probabilities using Bayesian binning"; equal-mass bins: Nguyen and O'Connor
/// (2015).
///
/// # Errors
/// As [`brier_parts`].
pub fn calibration_error(
    labels: ArrayView1<'_, bool>,
    probabilities: ArrayView1<'_, f64>,
    bins: usize,
) -> Result<f64, MetricError> {
    let rows = labels.len() as f64;
    let bins = Bins::new(labels, probabilities, bins)?;
    let error = |bin: &[(f64, bool)]| {
        let (said, happened) = means(bin);
        bin.len() as f64 / rows * (said - happened).abs()
    };
    Ok(bins.each().map(error).sum())
}

/// Rows whose probabilities are neighbours, for a plot of what was said beside what happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReliabilityBin {
    /// Rows.
    pub rows: usize,
    /// Those of them labelled `true`.
    pub positives: usize,
    /// The lowest probability.
    pub lowest: f64,
    /// The highest probability.
    pub highest: f64,
    /// The mean probability.
    pub mean: f64,
}

/// The bins of a reliability diagram, of equal numbers of rows as in [`brier_parts`], by rising
/// probability (Murphy and Winkler 1977).
///
/// # Errors
/// As [`brier_parts`].
pub fn reliability_bins(
    labels: ArrayView1<'_, bool>,
    probabilities: ArrayView1<'_, f64>,
    bins: usize,
) -> Result<Vec<ReliabilityBin>, MetricError> {
    let bins = Bins::new(labels, probabilities, bins)?;
    let bin = |bin: &[(f64, bool)]| ReliabilityBin {
        rows: bin.len(),
        positives: bin.iter().filter(|row| row.1).count(),
        lowest: bin[0].0,
        highest: bin[bin.len() - 1].0,
        mean: means(bin).0,
    };
    Ok(bins.each().map(bin).collect())
}

/// Rows by their probability, and where each bin ends.
struct Bins {
    rows: Vec<(f64, bool)>,
    ends: Vec<usize>,
}

impl Bins {
    fn new(
        labels: ArrayView1<'_, bool>,
        probabilities: ArrayView1<'_, f64>,
        bins: usize,
    ) -> Result<Self, MetricError> {
        check_probabilities(labels, probabilities)?;
        if bins == 0 {
            return Err(MetricError::NoPlaces);
        }
        let pairs = probabilities.iter().copied().zip(labels.iter().copied());
        let mut rows: Vec<(f64, bool)> = pairs.collect();
        rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut ends = Vec::with_capacity(bins.min(rows.len()));
        for bin in 1..=bins as u128 {
            // A bin that would end within rows of one probability goes on to the last of them.
            let mut end = (bin * rows.len() as u128 / bins as u128) as usize;
            while end > 0 && end < rows.len() && rows[end].0 == rows[end - 1].0 {
                end += 1;
            }
            if end > ends.last().copied().unwrap_or(0) {
                ends.push(end);
            }
            if end == rows.len() {
                break;
            }
        }
        Ok(Self { rows, ends })
    }

    fn each(&self) -> impl Iterator<Item = &[(f64, bool)]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .map(|(start, &end)| &self.rows[start..end])
    }
}

/// The mean probability of some rows, and the share of them that are `true`.
fn means(rows: &[(f64, bool)]) -> (f64, f64) {
    let n = rows.len() as f64;
    let said: f64 = rows.iter().map(|row| row.0).sum();
    let happened = rows.iter().filter(|row| row.1).count() as f64;
    (said / n, happened / n)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bins_of_a_diagram_by_hand() {
        let labels = array![true, false, true, false, true, true];
        let said = array![0.9, 0.1, 0.2, 0.2, 0.6, 0.5];
        let bins = reliability_bins(labels.view(), said.view(), 3).unwrap();
        // The second row with 0.2 stays with the first: bins of 3, 1 and 2 rows.
        let facts: Vec<_> = bins.iter().map(|bin| (bin.rows, bin.positives)).collect();
        assert_eq!(facts, [(3, 1), (1, 1), (2, 2)]);
        assert_eq!((bins[0].lowest, bins[0].highest), (0.1, 0.2));
        assert!((bins[0].mean - 0.5 / 3.0).abs() < 1e-15);
        assert!((bins[2].mean - 0.75).abs() < 1e-15);
        let none = reliability_bins(labels.view(), said.view(), 0);
        assert_eq!(none, Err(MetricError::NoPlaces));
    }

    #[test]
    fn parts_by_hand() {
        // Probability .2 for four rows of which one happens, .8 for four of which three do.
        let probabilities = array![0.2, 0.2, 0.2, 0.2, 0.8, 0.8, 0.8, 0.8];
        let labels = array![true, false, false, false, true, true, true, false];
        let parts = brier_parts(labels.view(), probabilities.view(), 8).unwrap();
        let near = |got: f64, want: f64| assert!((got - want).abs() < 1e-15, "{got} for {want}");
        near(parts.reliability, 0.05_f64.powi(2));
        near(parts.resolution, 0.25_f64.powi(2));
        near(parts.uncertainty, 0.25);
        near(parts.within, 0.0);
        near(parts.brier, (2.0 * (0.64 + 3.0 * 0.04)) / 8.0);
        near(
            calibration_error(labels.view(), probabilities.view(), 10).unwrap(),
            0.05,
        );
        // In one bin the two errors cancel each other.
        near(
            calibration_error(labels.view(), probabilities.view(), 1).unwrap(),
            0.0,
        );
        assert_eq!(
            calibration_error(labels.view(), probabilities.view(), 0),
            Err(MetricError::NoPlaces)
        );
    }

    proptest! {
        #[test]
        fn the_parts_add_up_in_any_bins(
            rows in proptest::collection::vec((any::<bool>(), 0u8..=20), 1..60),
            bins in 1usize..70,
        ) {
            let labels: Array1<bool> = rows.iter().map(|row| row.0).collect();
            let probabilities: Array1<f64> = rows.iter().map(|row| f64::from(row.1) / 20.0).collect();
            let parts = brier_parts(labels.view(), probabilities.view(), bins).unwrap();
            let sum = parts.reliability - parts.resolution + parts.uncertainty + parts.within;
            prop_assert!((sum - parts.brier).abs() < 1e-12, "{parts:?}");
            let made = Bins::new(labels.view(), probabilities.view(), bins).unwrap();
            prop_assert_eq!(made.each().map(<[_]>::len).sum::<usize>(), rows.len());
            prop_assert!(made.each().count() <= bins);
            for pair in made.each().collect::<Vec<_>>().windows(2) {
                prop_assert!(pair[0].last().unwrap().0 < pair[1][0].0);
            }
        }

        #[test]
        fn the_order_of_rows_does_not_matter(
            rows in proptest::collection::vec((any::<bool>(), 0u8..=20), 1..40),
        ) {
            let measure = |rows: &[(bool, u8)]| {
                let labels: Array1<bool> = rows.iter().map(|row| row.0).collect();
                let probabilities: Array1<f64> = rows.iter().map(|row| f64::from(row.1) / 20.0).collect();
                calibration_error(labels.view(), probabilities.view(), 5).unwrap()
            };
            let mut reversed = rows.clone();
            reversed.reverse();
            prop_assert_eq!(measure(&rows), measure(&reversed));
        }
    }
}
