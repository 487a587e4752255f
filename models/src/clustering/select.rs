//! The number of clusters: every number of a range is tried and measured, one is chosen.

use ndarray::{Array2, ArrayView2, Axis};

use super::gap::{Gap, gap};
use super::lloyd::{Solution, generator, index_below};
use super::map::map;
use super::prototypes::Categories;
use super::search::Search;
use super::stability::Resampled;
use super::{
    Algorithm, ClusteringError, Criterion, KMeansSegmenterValidParams, calinski_harabasz,
    davies_bouldin, silhouette_squared,
};

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
    /// For each cluster how surely bootstrap samples find it again: the mean, over the samples, of
    /// its largest Jaccard index with a cluster of theirs. From 0.85 on a cluster is very stable,
    /// from 0.75 on it can be relied on, below 0.6 it should not be used (Hennig,
    /// "Cluster-wise assessment of cluster stability", *Computational Statistics & Data Analysis*
    /// 52, 2007). Empty without resamples.
    pub jaccard: Vec<f64>,
    /// How far the partition is from what rows without groups would have, see [`Gap`]; `None`
    /// without references.
    pub gap: Option<Gap>,
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
/// `x` holds the scaled rows in their canonical order. `start` holds centres to go on from: their
/// number is chosen if it is among those tried and leaves no tiny cluster.
pub(super) fn search(
    params: &KMeansSegmenterValidParams,
    x: ArrayView2<'_, f64>,
    most: usize,
    start: Option<Array2<f64>>,
    attributes: &[Categories],
) -> Result<(Vec<KFigures>, Solution), ClusteringError> {
    let sample = sample(x, params.search_rows, params.seed);
    let sampled = sample.as_ref().map_or_else(|| x.view(), |s| s.view());
    let search = Search {
        algorithm: params.algorithm,
        attributes,
        starts: params.starts,
        tolerance: params.tolerance,
        max_iterations: params.max_iterations,
    };
    let mut tried = Vec::new();
    for k in params.min_clusters..=params.max_clusters.min(most) {
        let start = start.as_ref().filter(|start| start.nrows() == k);
        tried.push(try_number(
            params,
            search,
            [x.view(), sampled.view()],
            k,
            start,
        )?);
    }
    let goes_on = |(figures, _): &(KFigures, Solution)| {
        let same = start.as_ref().map(Array2::nrows) == Some(figures.clusters);
        same && figures.large_enough
    };
    let chosen = match tried.iter().position(goes_on) {
        Some(chosen) => chosen,
        None => choose(tried.iter().map(|(f, _)| f), params.criterion),
    };
    let (mut figures, mut found): (Vec<_>, Vec<_>) = tried.into_iter().unzip();
    figures[chosen].chosen = true;
    let mut found = found.swap_remove(chosen);
    if params.merge_small && !figures[chosen].large_enough {
        found = merge_small(params, search, x, found);
    }
    Ok((figures, found))
}

/// Gives up the smallest cluster as long as it is too small and more than two are left.
fn merge_small(
    params: &KMeansSegmenterValidParams,
    search: Search<'_>,
    x: ArrayView2<'_, f64>,
    mut found: Solution,
) -> Solution {
    while found.centres.nrows() > 2 {
        let (ordered, labels) = number_by_size(x, found);
        found = ordered;
        let last = found.centres.nrows() - 1;
        let least = labels
            .iter()
            .filter(|label| **label as usize == last)
            .count();
        if least as f64 >= params.min_share * x.nrows() as f64 {
            break;
        }
        let others: Vec<usize> = (0..last).collect();
        found = found.select(&others);
        if !matches!(search.algorithm, Algorithm::Map | Algorithm::Mixture) {
            found = search.descend(x, found.centres, 0.0);
        }
    }
    number_by_size(x, found).0
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
    search: Search<'_>,
    [x, sampled]: [ArrayView2<'_, f64>; 2],
    k: usize,
    start: Option<&Array2<f64>>,
) -> Result<(KFigures, Solution), ClusteringError> {
    let best: Solution = match (search.algorithm, start) {
        // A map is what its training leaves; k-means would undo it.
        (Algorithm::Map, start) => map(sampled, k, start.cloned()).over(x),
        (Algorithm::Mixture, _) => search.best(sampled, k, params.seed, 1)?.over(x),
        (_, Some(centres)) => search.descend(x, centres.clone(), 0.0),
        (_, None) => {
            let found = search.best(sampled, k, params.seed, 1)?;
            search.descend(x, found.centres, 0.0)
        }
    };
    let (best, labels) = number_by_size(x, best);
    let labels: Vec<usize> = labels.into_iter().map(|label| label as usize).collect();
    let mut sizes = vec![0; k];
    labels.iter().for_each(|&label| sizes[label] += 1);
    let least = sizes.iter().copied().min().unwrap_or(0);
    let resampled = Resampled::draw(params, search, sampled, k)?;
    let own = || best.assign(sampled).0;
    let figures = KFigures {
        clusters: k,
        inertia: best.inertia,
        silhouette: silhouette_squared(x, &labels)?,
        calinski_harabasz: calinski_harabasz(x, &labels)?,
        davies_bouldin: davies_bouldin(x, &labels)?,
        stability: resampled.stability()?,
        jaccard: resampled.jaccard(own, k),
        gap: gap(params, search, sampled, &best)?,
        large_enough: least as f64 >= params.min_share * x.nrows() as f64,
        sizes,
        converged: best.converged,
        chosen: false,
    };
    Ok((figures, best))
}

/// Reorders centres so that the largest cluster is number 0; of two equal ones, the one whose
/// first member comes first in the canonical order of rows.
fn number_by_size(x: ArrayView2<'_, f64>, mut found: Solution) -> (Solution, Vec<u32>) {
    let k = found.centres.nrows();
    let (mut labels, _) = found.assign(x);
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
        found = found.select(&order);
        labels = found.assign(x).0;
    }
    (found, labels)
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
                jaccard: Vec::new(),
                gap: None,
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
        let found = Solution {
            centres: array![[20.0], [9.1], [5.0]],
            inertia: 0.0,
            converged: true,
            gaussians: None,
        };
        let (found, labels) = number_by_size(x.view(), found);
        assert_eq!(found.centres, array![[9.1], [5.0], [20.0]]);
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
