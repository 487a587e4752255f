//! What sets each cluster apart: means, medians, indices, standardised differences.

use ndarray::{ArrayView2, Axis};
use rayon::prelude::*;

use super::{ClusteringError, Feature, FeatureScaler};
use crate::quantile::quantile;

/// One cluster against all customers, feature by feature.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterProfile {
    /// Members.
    pub size: usize,
    /// Members as a share of all rows.
    pub share: f64,
    /// One entry for each column.
    pub features: Vec<FeatureProfile>,
}

/// One feature in one cluster.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FeatureProfile {
    /// Members whose value is not missing. The other figures are of these.
    pub known: usize,
    /// Mean of the raw values; NaN if all are missing.
    pub mean: f64,
    /// Median of the raw values; NaN if all are missing.
    pub median: f64,
    /// 100 * mean / mean of all customers: 250 is two and a half times the average. `None` if
    /// that says nothing, because the mean of all customers is 0 or below or all values of
    /// the cluster are missing.
    pub index: Option<f64>,
    /// (cluster mean - overall mean) / overall standard deviation on the transformed,
    /// winsorised scale, missing values left out. About 0.2 is slight, 0.5 plain, above 0.8
    /// large. 0 for a feature that does not vary or is missing throughout.
    pub difference: f64,
}

/// Profiles of `clusters` clusters.
///
/// - `x`: n x p raw features, NaN for missing. They need not be those that the clusters were
///   made of: age or store may describe clusters of buying behaviour.
/// - `labels`: n cluster numbers below `clusters`.
/// - `features`: p entries; the transform decides the scale of the differences, as in
///   [`FeatureScaler`]. A log scale for money keeps one big spender from deciding them. Weights
///   do not matter here.
/// - `winsor`: quantiles of [`FeatureScaler`]; (0.01, 0.99) is usual.
///
/// A cluster without members has size 0, means of NaN and differences of 0.
///
/// # Errors
/// Those of [`FeatureScaler::fit`]; [`ClusteringError::Rows`] if the lengths differ,
/// [`ClusteringError::Label`] for a label that is not below `clusters`.
pub fn profile_clusters(
    x: ArrayView2<'_, f64>,
    labels: &[usize],
    clusters: usize,
    features: &[Feature],
    winsor: (f64, f64),
) -> Result<Vec<ClusterProfile>, ClusteringError> {
    if labels.len() != x.nrows() {
        return Err(ClusteringError::Rows {
            what: "the list of labels",
            found: labels.len(),
            expected: x.nrows(),
        });
    }
    if let Some(row) = labels.iter().position(|&label| label >= clusters) {
        return Err(ClusteringError::Label {
            row,
            label: labels[row],
            max: clusters.saturating_sub(1),
        });
    }
    let unweighted: Vec<Feature> = features.iter().map(|f| f.weight(1.0)).collect();
    let scaler = FeatureScaler::fit(x, &unweighted, winsor)?;
    let scaled = scaler.transform(x)?;
    let by_feature: Vec<Vec<FeatureProfile>> = (0..x.ncols())
        .into_par_iter()
        .map(|j| {
            let position = scaler.columns().iter().position(|c| c.column == j);
            let raw = x.index_axis(Axis(1), j);
            let mut members: Vec<Vec<f64>> = vec![Vec::new(); clusters];
            for (value, &label) in raw.iter().zip(labels) {
                if !value.is_nan() {
                    members[label].push(*value);
                }
            }
            let mut sums = vec![0.0; clusters];
            if let Some(position) = position {
                let column = scaled.index_axis(Axis(1), position);
                for ((z, value), &label) in column.iter().zip(raw).zip(labels) {
                    if !value.is_nan() {
                        sums[label] += z;
                    }
                }
                // Overall mean and deviation of the same values.
                let known: usize = members.iter().map(Vec::len).sum();
                let mean = sums.iter().sum::<f64>() / known as f64;
                let square = |(z, value): (&f64, &f64)| {
                    if value.is_nan() {
                        0.0
                    } else {
                        (z - mean).powi(2)
                    }
                };
                let squares: f64 = column.iter().zip(raw).map(square).sum();
                let deviation = (squares / known as f64).sqrt();
                for (sum, members) in sums.iter_mut().zip(&members) {
                    if !members.is_empty() {
                        *sum = (*sum / members.len() as f64 - mean) / deviation;
                    }
                }
            }
            let known: usize = members.iter().map(Vec::len).sum();
            let overall = members.iter().flatten().sum::<f64>() / known as f64;
            members
                .into_iter()
                .zip(sums)
                .map(|(values, difference)| describe(values, overall, difference))
                .collect()
        })
        .collect();
    let mut sizes = vec![0; clusters];
    labels.iter().for_each(|&label| sizes[label] += 1);
    let profile = |c: usize| ClusterProfile {
        size: sizes[c],
        share: if labels.is_empty() {
            0.0
        } else {
            sizes[c] as f64 / labels.len() as f64
        },
        features: by_feature.iter().map(|clusters| clusters[c]).collect(),
    };
    Ok((0..clusters).map(profile).collect())
}

fn describe(mut values: Vec<f64>, overall: f64, difference: f64) -> FeatureProfile {
    if values.is_empty() {
        return FeatureProfile {
            known: 0,
            mean: f64::NAN,
            median: f64::NAN,
            index: None,
            difference: 0.0,
        };
    }
    values.sort_unstable_by(f64::total_cmp);
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    FeatureProfile {
        known: values.len(),
        mean,
        median: quantile(&values, 0.5),
        index: (overall > 0.0).then(|| 100.0 * mean / overall),
        difference,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    const OFF: (f64, f64) = (0.0, 1.0);

    #[test]
    fn two_clusters_by_hand() {
        // Overall mean 4, deviation sqrt((9 + 1 + 1 + 9) / 4) = sqrt 5.
        let x = array![[1.0], [3.0], [5.0], [7.0]];
        let got = profile_clusters(x.view(), &[0, 0, 1, 1], 2, &[Feature::default()], OFF).unwrap();
        let low = got[0].features[0];
        assert_eq!((got[0].size, got[0].share), (2, 0.5));
        assert_eq!((low.mean, low.median, low.index), (2.0, 2.0, Some(50.0)));
        assert!((low.difference + 2.0 / 5f64.sqrt()).abs() < 1e-12);
        let high = got[1].features[0];
        assert_eq!(high.index, Some(150.0));
        assert!((high.difference - 2.0 / 5f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn missing_values_are_left_out() {
        let x = array![[1.0], [f64::NAN], [3.0], [5.0], [7.0], [f64::NAN]];
        let labels = [0, 0, 0, 1, 1, 2];
        let got = profile_clusters(x.view(), &labels, 3, &[Feature::default()], OFF).unwrap();
        let first = got[0].features[0];
        assert_eq!((first.known, first.mean, got[0].size), (2, 2.0, 3));
        assert!((first.difference + 2.0 / 5f64.sqrt()).abs() < 1e-12);
        let all_missing = got[2].features[0];
        assert!(all_missing.mean.is_nan() && all_missing.median.is_nan());
        assert_eq!((all_missing.index, all_missing.difference), (None, 0.0));
    }

    #[test]
    fn a_constant_feature_makes_no_difference() {
        let x = array![[2.0, 0.0], [2.0, 1.0], [2.0, 4.0]];
        let features = [Feature::default(); 2];
        let got = profile_clusters(x.view(), &[0, 0, 1], 2, &features, OFF).unwrap();
        assert_eq!(got[0].features[0].difference, 0.0);
        assert_eq!(got[0].features[0].index, Some(100.0));
    }

    #[test]
    fn an_index_needs_a_mean_above_zero() {
        let x = array![[-1.0], [0.0], [1.0]];
        let got = profile_clusters(x.view(), &[0, 0, 1], 2, &[Feature::default()], OFF).unwrap();
        assert_eq!(got[0].features[0].index, None);
    }

    #[test]
    fn differences_do_not_depend_on_unit_or_weight() {
        let x = Array2::from_shape_fn((40, 1), |(i, _)| ((i * 7) % 11) as f64);
        let labels: Vec<usize> = (0..40).map(|i| usize::from(i % 11 > 4)).collect();
        let difference = |x: &Array2<f64>, weight| {
            let features = [Feature::default().weight(weight)];
            let got = profile_clusters(x.view(), &labels, 2, &features, OFF).unwrap();
            got[0].features[0].difference
        };
        let plain = difference(&x, 1.0);
        assert!((difference(&(&x * 100.0), 4.0) - plain).abs() < 1e-12);
    }

    #[test]
    fn an_empty_cluster_has_no_figures() {
        let x = array![[1.0], [2.0], [3.0]];
        let got = profile_clusters(x.view(), &[0, 0, 0], 2, &[Feature::default()], OFF).unwrap();
        assert_eq!((got[1].size, got[1].share), (0, 0.0));
        assert_eq!(got[1].features[0].difference, 0.0);
    }

    #[test]
    fn labels_are_checked() {
        let x = array![[1.0], [2.0]];
        let profile = |labels: &[usize]| {
            profile_clusters(x.view(), labels, 2, &[Feature::default()], OFF)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            profile(&[0, 2]),
            "the label at row 1 (counted from 0) is 2, but labels run from 0 to 1"
        );
        assert!(profile(&[0]).starts_with("the list of labels has 1 rows"));
    }
}
