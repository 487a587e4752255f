//! The number of clusters: every number of a range is tried and measured, one is chosen.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use super::lloyd::{Search, assign, descend, generator, index_below};
use super::{
    ClusteringError, Criterion, KMeansSegmenterValidParams, adjusted_rand, calinski_harabasz,
    davies_bouldin, silhouette_squared,
};

/// Starts of each fit to a bootstrap sample. Fewer than for the result, because an optimum that
/// is hard to find is also one that the next month's run will miss, and should count as such.
const RESAMPLE_STARTS: usize = 3;

/// Most rows of a bootstrap sample.
const RESAMPLE_ROWS: usize = 5_000;

/// One number of clusters, and how good its best partition is. All indices are of the scaled
/// rows.
#[derive(Clone, Debug, PartialEq)]
pub struct KFigures {
    /// The number of clusters.
    pub clusters: usize,
    /// Sum of squared distances to the centres.
    pub inertia: f64,
    /// Mean silhouette with squared distances, see [`silhouette_squared`].
    pub silhouette: f64,
    /// See [`calinski_harabasz`].
    pub calinski_harabasz: f64,
    /// See [`davies_bouldin`].
    pub davies_bouldin: f64,
    /// Mean adjusted Rand index between fits to bootstrap samples, see
    /// [`Criterion::Stability`]; `None` without resamples.
    pub stability: Option<f64>,
    /// Members of every cluster, largest first.
    pub sizes: Vec<usize>,
    /// Whether the smallest cluster has the share that was asked for.
    pub large_enough: bool,
    /// Whether the iterations ended because no label changed any more.
    pub converged: bool,
    /// Whether this number was chosen.
    pub chosen: bool,
}

impl KFigures {
    /// Size of the smallest cluster as a share of all rows.
    pub fn smallest_share(&self) -> f64 {
        let rows: usize = self.sizes.iter().sum();
        self.sizes
            .last()
            .map_or(0.0, |&least| least as f64 / rows as f64)
    }
}

/// Tries every number of clusters, and returns the figures of all and the centres of the
/// chosen one, numbered by size.
///
/// `x` holds the scaled rows in their canonical order.
pub(super) fn search(
    params: &KMeansSegmenterValidParams,
    x: ArrayView2<'_, f64>,
    most: usize,
) -> Result<(Vec<KFigures>, Array2<f64>), ClusteringError> {
    let sample = sample(x, params.search_rows, params.seed);
    let sampled = sample.as_ref().map_or_else(|| x.view(), |s| s.view());
    let mut tried = Vec::new();
    for k in params.min_clusters..=params.max_clusters.min(most) {
        tried.push(try_number(params, x, sampled, k)?);
    }
    let chosen = choose(tried.iter().map(|(f, _)| f), params.criterion);
    let (mut figures, mut centres): (Vec<_>, Vec<_>) = tried.into_iter().unzip();
    figures[chosen].chosen = true;
    Ok((figures, centres.swap_remove(chosen)))
}

/// A random sample of the rows, without replacement and in their order, if there are more than
/// `rows`.
fn sample(x: ArrayView2<'_, f64>, rows: usize, seed: u64) -> Option<Array2<f64>> {
    if x.nrows() <= rows {
        return None;
    }
    let mut rng = generator(seed, [0, 0, 0]);
    let mut order: Vec<usize> = (0..x.nrows()).collect();
    for i in 0..rows {
        let j = i + index_below(&mut rng, order.len() - i);
        order.swap(i, j);
    }
    order.truncate(rows);
    order.sort_unstable();
    Some(x.select(Axis(0), &order))
}

fn try_number(
    params: &KMeansSegmenterValidParams,
    x: ArrayView2<'_, f64>,
    sampled: ArrayView2<'_, f64>,
    k: usize,
) -> Result<(KFigures, Array2<f64>), ClusteringError> {
    let search = Search {
        algorithm: params.algorithm,
        starts: params.starts,
        tolerance: params.tolerance,
        max_iterations: params.max_iterations,
    };
    let best = search.best(sampled, k, params.seed, 1)?;
    let best = descend(x, best.centres, 0.0, params.max_iterations);
    let (centres, labels) = number_by_size(x, best.centres);
    let labels: Vec<usize> = labels.into_iter().map(|label| label as usize).collect();
    let mut sizes = vec![0; k];
    labels.iter().for_each(|&label| sizes[label] += 1);
    let least = sizes.iter().copied().min().unwrap_or(0);
    let figures = KFigures {
        clusters: k,
        inertia: best.inertia,
        silhouette: silhouette_squared(x, &labels)?,
        calinski_harabasz: calinski_harabasz(x, &labels)?,
        davies_bouldin: davies_bouldin(x, &labels)?,
        stability: stability(params, search, sampled, k)?,
        large_enough: least as f64 >= params.min_share * x.nrows() as f64,
        sizes,
        converged: best.converged,
        chosen: false,
    };
    Ok((figures, centres))
}

/// Reorders centres so that the largest cluster is number 0; of two equal ones, the one whose
/// first member comes first in the canonical order of rows.
fn number_by_size(x: ArrayView2<'_, f64>, mut centres: Array2<f64>) -> (Array2<f64>, Vec<u32>) {
    let k = centres.nrows();
    let (mut labels, _) = assign(x, centres.view());
    // A row exactly between two centres goes to the lower number, so a new order can move it
    // and, in theory, change which cluster is larger. Few rounds settle that.
    for _ in 0..10 {
        let mut size_and_first = vec![(0usize, usize::MAX); k];
        for (row, &label) in labels.iter().enumerate() {
            let (size, first) = &mut size_and_first[label as usize];
            *size += 1;
            *first = row.min(*first);
        }
        let mut order: Vec<usize> = (0..k).collect();
        order.sort_by_key(|&c| (std::cmp::Reverse(size_and_first[c].0), size_and_first[c].1));
        if order.is_sorted() {
            break;
        }
        centres = centres.select(Axis(0), &order);
        labels = assign(x, centres.view()).0;
    }
    (centres, labels)
}

/// Mean adjusted Rand index of the partitions that two bootstrap samples lead to.
fn stability(
    params: &KMeansSegmenterValidParams,
    search: Search,
    x: ArrayView2<'_, f64>,
    k: usize,
) -> Result<Option<f64>, ClusteringError> {
    if params.resamples == 0 {
        return Ok(None);
    }
    let search = Search {
        starts: search.starts.min(RESAMPLE_STARTS),
        ..search
    };
    let rows = x.nrows().min(RESAMPLE_ROWS);
    let partition = |stream: u64| -> Result<Vec<usize>, ClusteringError> {
        let mut rng = generator(params.seed, [k as u64, stream, u64::MAX]);
        let mut drawn: Vec<usize> = (0..rows)
            .map(|_| index_below(&mut rng, x.nrows()))
            .collect();
        drawn.sort_unstable();
        let resample = x.select(Axis(0), &drawn);
        let found = search.best(resample.view(), k, params.seed, stream)?;
        let (labels, _) = assign(x, found.centres.view());
        Ok(labels.into_iter().map(|label| label as usize).collect())
    };
    let agreements: Vec<f64> = (0..params.resamples as u64)
        .into_par_iter()
        // Stream 1 is the search itself.
        .map(|b| adjusted_rand(&partition(2 * b + 2)?, &partition(2 * b + 3)?))
        .collect::<Result<_, _>>()?;
    Ok(Some(
        agreements.iter().sum::<f64>() / agreements.len() as f64,
    ))
}

/// Position of the chosen number. The figures are not empty and rise in `clusters`.
fn choose<'a>(figures: impl Iterator<Item = &'a KFigures>, criterion: Criterion) -> usize {
    let all: Vec<&KFigures> = figures.collect();
    let eligible: Vec<usize> = (0..all.len()).filter(|&i| all[i].large_enough).collect();
    // The first of equals, so the smaller number of clusters.
    let first_best = |among: &[usize], value: &dyn Fn(&KFigures) -> f64| {
        let better = |best: usize, next: usize| {
            if value(all[next]) > value(all[best]) {
                next
            } else {
                best
            }
        };
        among.iter().copied().reduce(better).expect("not empty")
    };
    if eligible.is_empty() {
        let every: Vec<usize> = (0..all.len()).collect();
        return first_best(&every, &KFigures::smallest_share);
    }
    let stability = |f: &KFigures| f.stability.unwrap_or(0.0);
    match criterion {
        Criterion::Stability { within } => {
            let highest = stability(all[first_best(&eligible, &stability)]);
            let near = |&&i: &&usize| stability(all[i]) >= highest - within;
            *eligible
                .iter()
                .rev()
                .find(near)
                .expect("the highest is near itself")
        }
        Criterion::Silhouette => first_best(&eligible, &|f| f.silhouette),
        Criterion::CalinskiHarabasz => first_best(&eligible, &|f| f.calinski_harabasz),
        Criterion::DaviesBouldin => first_best(&eligible, &|f| -f.davies_bouldin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// Figures of 3, 4, ... clusters: silhouette, stability, smallest cluster of 100.
    fn figures(rows: &[(f64, f64, usize)]) -> Vec<KFigures> {
        let with_number =
            |(i, &(silhouette, stability, least)): (usize, &(f64, f64, usize))| KFigures {
                clusters: i + 3,
                inertia: 1.0,
                silhouette,
                calinski_harabasz: 10.0 * silhouette,
                davies_bouldin: 1.0 - silhouette,
                stability: Some(stability),
                sizes: vec![100 - least, least],
                large_enough: least >= 2,
                converged: true,
                chosen: false,
            };
        rows.iter().enumerate().map(with_number).collect()
    }

    fn chosen(rows: &[(f64, f64, usize)], criterion: Criterion) -> usize {
        let figures = figures(rows);
        figures[choose(figures.iter(), criterion)].clusters
    }

    const STABLE: Criterion = Criterion::Stability { within: 0.05 };

    #[test]
    fn the_largest_of_the_nearly_most_stable_numbers_wins() {
        let rows = [
            (0.4, 0.90, 9),
            (0.3, 0.70, 9),
            (0.2, 0.86, 9),
            (0.1, 0.84, 9),
        ];
        assert_eq!(chosen(&rows, STABLE), 5);
        assert_eq!(chosen(&rows, Criterion::Stability { within: 0.0 }), 3);
        assert_eq!(chosen(&rows, Criterion::Stability { within: 0.1 }), 6);
    }

    #[test]
    fn indices_choose_their_best_and_the_smaller_of_two_equals() {
        let rows = [(0.2, 0.9, 9), (0.4, 0.1, 9), (0.4, 0.1, 9)];
        for criterion in [
            Criterion::Silhouette,
            Criterion::CalinskiHarabasz,
            Criterion::DaviesBouldin,
        ] {
            assert_eq!(chosen(&rows, criterion), 4);
        }
    }

    #[test]
    fn a_number_with_a_tiny_cluster_loses() {
        let rows = [(0.9, 0.9, 1), (0.4, 0.8, 2)];
        assert_eq!(chosen(&rows, STABLE), 4);
        assert_eq!(chosen(&rows, Criterion::Silhouette), 4);
        // If all do, the least bad of them.
        assert_eq!(chosen(&[(0.9, 0.9, 0), (0.4, 0.8, 1)], STABLE), 4);
    }

    #[test]
    fn clusters_are_numbered_by_size_then_by_first_row() {
        let x = array![[5.0], [9.0], [9.1], [9.2], [20.0]];
        let (centres, labels) = number_by_size(x.view(), array![[20.0], [9.1], [5.0]]);
        assert_eq!(centres, array![[9.1], [5.0], [20.0]]);
        assert_eq!(labels, [1, 0, 0, 0, 2]);
    }

    #[test]
    fn a_sample_has_different_rows_in_their_order() {
        let x = Array2::from_shape_fn((1000, 1), |(i, _)| i as f64);
        assert!(sample(x.view(), 1000, 1).is_none());
        let rows = sample(x.view(), 300, 1).unwrap();
        assert_eq!(rows.nrows(), 300);
        assert!(rows.column(0).to_vec().windows(2).all(|w| w[0] < w[1]));
        let mean = rows.mean().unwrap();
        assert!((mean - 499.5).abs() < 60.0, "{mean}");
        assert_ne!(rows, sample(x.view(), 300, 2).unwrap());
    }
}
