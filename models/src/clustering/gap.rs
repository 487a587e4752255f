//! The gap statistic: is a partition tighter than one of rows without groups would be?

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use super::lloyd::{Solution, generator, uniform};
use super::search::Search;
use super::stability::{RESAMPLE_ROWS, RESAMPLE_STARTS};
use super::{ClusteringError, KMeansSegmenterValidParams};

/// The gap of a number of clusters: the mean over references of `ln W*` less `ln W`, where W is
/// the sum of squared distances to the centres, and a reference has as many rows, uniform over the
/// range of each scaled column.
///
/// The smallest number k is preferred whose gap is at least that of k + 1 less the error of k + 1.
///
/// Source: Tibshirani, Walther and Hastie, "Estimating the number of clusters in a data set via
/// the gap statistic", *J. R. Statist. Soc. B* 63(2), 2001 (references of their kind a).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gap {
    /// The gap.
    pub gap: f64,
    /// Standard deviation of `ln W*` times the root of 1 + 1 / references.
    pub error: f64,
}

/// The gap of a partition that was found, on at most [`RESAMPLE_ROWS`] of the rows, evenly spaced in
/// their order. Its own W is that of its centres: few new starts can all end far above it.
pub(super) fn gap(
    params: &KMeansSegmenterValidParams,
    search: Search<'_>,
    x: ArrayView2<'_, f64>,
    found: &Solution,
) -> Result<Option<Gap>, ClusteringError> {
    if params.references == 0 {
        return Ok(None);
    }
    let search = Search {
        starts: search.starts.min(RESAMPLE_STARTS),
        ..search
    };
    let rows = x.nrows().min(RESAMPLE_ROWS);
    let spaced: Vec<usize> = (0..rows).map(|i| i * x.nrows() / rows).collect();
    let x = x.select(Axis(0), &spaced);
    let ends: Vec<(f64, f64)> = x
        .columns()
        .into_iter()
        .map(|column| {
            let fold = column.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
                (low.min(*v), high.max(*v))
            });
            (fold.0, fold.1)
        })
        .collect();
    let logarithm = |found: &Solution| libm::log(found.inertia.max(f64::MIN_POSITIVE));
    let k = found.centres.nrows();
    // Streams of their own, beyond those of the bootstrap samples.
    let first = 1_u64 << 32;
    let references: Vec<f64> = (0..params.references as u64)
        .into_par_iter()
        .map(|b| {
            let mut rng = generator(params.seed, [b, first, u64::MAX]);
            let uniform = Array2::from_shape_fn(x.dim(), |(_, column)| {
                let (low, high) = ends[column];
                low + (high - low) * uniform(&mut rng)
            });
            let found = search.best(uniform.view(), k, params.seed, first + 1 + b)?;
            Ok(logarithm(&found))
        })
        .collect::<Result<_, ClusteringError>>()?;
    let own = logarithm(&found.clone().over(x.view()));
    Ok(Some(of_logarithms(own, &references)))
}

fn of_logarithms(own: f64, references: &[f64]) -> Gap {
    let number = references.len() as f64;
    let mean = references.iter().sum::<f64>() / number;
    let squares: f64 = references.iter().map(|log| (log - mean).powi(2)).sum();
    Gap {
        gap: mean - own,
        error: (squares / number * (1.0 + 1.0 / number)).sqrt(),
    }
}

/// The place of the number of clusters that the gaps prefer: the first whose gap is at least the
/// next one less its error, the last one if there is none. `None` where one has no gap.
pub fn preferred_by_gap(gaps: impl IntoIterator<Item = Option<Gap>>) -> Option<usize> {
    let gaps: Vec<Gap> = gaps.into_iter().collect::<Option<_>>()?;
    let enough = |pair: &[Gap]| pair[0].gap >= pair[1].gap - pair[1].error;
    let first = gaps.windows(2).position(enough);
    first.or(gaps.len().checked_sub(1))
}

#[cfg(test)]
mod tests {
    use linfa::{DatasetBase, ParamGuard, traits::Fit};

    use super::*;
    use crate::clustering::{Feature, KMeansSegmenter};

    #[test]
    fn gap_and_error_by_hand() {
        // Mean 2, deviation (population) 1, one and a half under the root.
        let found = of_logarithms(0.5, &[1.0, 3.0]);
        assert_eq!(found.gap, 1.5);
        assert!((found.error - 1.5_f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn the_first_gap_that_the_next_does_not_beat_is_preferred() {
        let gaps = |gaps: &[f64]| {
            let gap = |gap: &f64| {
                Some(Gap {
                    gap: *gap,
                    error: 0.1,
                })
            };
            preferred_by_gap(gaps.iter().map(gap))
        };
        assert_eq!(gaps(&[0.1, 0.9, 0.95, 1.2]), Some(1));
        assert_eq!(gaps(&[0.1, 0.9, 1.3]), Some(2));
        assert_eq!(gaps(&[]), None);
        assert_eq!(preferred_by_gap([None]), None);
    }

    #[test]
    fn planted_groups_are_preferred_and_rows_without_groups_have_no_gap() {
        let mut rng = generator(3, [1, 1, 1]);
        let mut made = |centres: usize, edge: f64| {
            Array2::from_shape_fn((400, 2), |(row, column)| {
                let at = match column {
                    0 => row % centres % 2,
                    _ => row % centres / 2,
                };
                at as f64 * 5.0 + edge * uniform(&mut rng)
            })
        };
        let (grouped, plain) = (made(4, 1.0), made(1, 1.0));
        let figures = |x: &Array2<f64>| {
            let params = KMeansSegmenter::params(vec![Feature::default(); 2])
                .clusters(2..=6)
                .resamples(2)
                .winsor(0.0, 1.0)
                .references(10);
            let checked = params.check().unwrap();
            let fitted = checked.fit(&DatasetBase::from(x.view())).unwrap();
            fitted.figures().to_vec()
        };
        let grouped = figures(&grouped);
        let place = preferred_by_gap(grouped.iter().map(|f| f.gap)).unwrap();
        assert_eq!(grouped[place].clusters, 4);
        assert!(grouped[place].gap.unwrap().gap > 1.0);
        for figures in figures(&plain) {
            // With 50 starts of scikit-learn's k-means they are -0.006, 0.028, -0.038, -0.045, -0.054.
            assert!(figures.gap.unwrap().gap.abs() < 0.07, "{figures:?}");
        }
    }
}
