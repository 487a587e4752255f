//! The best of several starts, in the way of each algorithm.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_clustering::{KMeans, KMeansInit};
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use super::lloyd::{Solution, assign, descend, descend_to, generator, plus_plus};
use super::map::map;
use super::mixture;
use super::prototypes::Categories;
use super::{Algorithm, ClusteringError};

/// How a search descends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search<'a> {
    pub(super) algorithm: Algorithm,
    /// For k-prototypes, the attributes of which a centre has one category each.
    pub(super) attributes: &'a [Categories],
    pub(super) starts: usize,
    pub(super) tolerance: f64,
    pub(super) max_iterations: usize,
}

impl Search<'_> {
    /// The best of several starts: least inertia, the earlier start where two are equal.
    ///
    /// `x` has at least k different rows, in row-major layout. `stream` tells searches with
    /// one seed apart.
    pub(super) fn best(
        &self,
        x: ArrayView2<'_, f64>,
        k: usize,
        seed: u64,
        stream: u64,
    ) -> Result<Solution, ClusteringError> {
        match self.algorithm {
            Algorithm::Lloyd | Algorithm::Prototypes => Ok(self.best_of_ours(x, k, seed, stream)),
            Algorithm::Map => Ok(map(x, k, None)),
            Algorithm::Mixture => {
                let rng = generator(seed, [k as u64, stream, 0]);
                let (centres, gaussians) = mixture::fit(x, k, rng)?;
                let found = Solution {
                    centres,
                    inertia: 0.0,
                    converged: true,
                    gaussians: Some(gaussians),
                };
                Ok(found.over(x))
            }
            Algorithm::Linfa => {
                let rng = generator(seed, [k as u64, stream, 0]);
                let model = KMeans::params_with_rng(k, rng)
                    .init_method(KMeansInit::KMeansPlusPlus)
                    .n_runs(self.starts)
                    .max_n_iterations(self.max_iterations as u64)
                    // linfa wants it above 0.
                    .tolerance(self.tolerance.max(f64::MIN_POSITIVE))
                    .fit(&DatasetBase::from(x))?;
                // linfa counts the old centre as one more member, so its centres are not the
                // means of their members; the descent makes them so.
                let centres = model.centroids().as_standard_layout().into_owned();
                Ok(descend(x, centres, self.tolerance, self.max_iterations))
            }
        }
    }

    /// Goes on from given centres, each in the way of the algorithm.
    pub(super) fn descend(
        &self,
        x: ArrayView2<'_, f64>,
        centres: Array2<f64>,
        tolerance: f64,
    ) -> Solution {
        descend_to(x, centres, tolerance, self.max_iterations, self.attributes)
    }

    fn best_of_ours(&self, x: ArrayView2<'_, f64>, k: usize, seed: u64, stream: u64) -> Solution {
        let solutions: Vec<Solution> = (0..self.starts as u64)
            .into_par_iter()
            .map(|start| {
                let centres = plus_plus(x, k, &mut generator(seed, [k as u64, stream, start]));
                self.descend(x, centres, self.tolerance)
            })
            .collect();
        let better = |best: Solution, next: Solution| {
            if next.inertia < best.inertia {
                next
            } else {
                best
            }
        };
        solutions
            .into_iter()
            .reduce(better)
            .expect("at least one start")
    }
}

/// k-means from given centres alone.
#[derive(Clone, Debug, PartialEq)]
pub struct KMeansRun {
    /// k x p, the means of their members when it has converged.
    pub centres: Array2<f64>,
    /// The nearest centre of every row.
    pub labels: Vec<u32>,
    /// Sum of squared distances to it.
    pub inertia: f64,
    /// Whether the last iteration changed no label.
    pub converged: bool,
}

/// Lloyd's iterations from k given centres over n rows that are scaled already, until no label changes or
/// `max_iterations` are done: what runs inside of [`KMeansSegmenter`](super::KMeansSegmenter), for
/// comparison with other libraries from the same start.
///
/// # Errors
/// [`ClusteringError::Columns`] where the centres have another number of columns than the rows,
/// [`ClusteringError::TooFewRows`] for fewer rows than centres, or no centre.
pub fn k_means_from(
    x: ArrayView2<'_, f64>,
    centres: Array2<f64>,
    max_iterations: usize,
) -> Result<KMeansRun, ClusteringError> {
    let (k, columns) = centres.dim();
    if columns != x.ncols() {
        return Err(ClusteringError::Columns {
            what: "the matrix of centres",
            found: columns,
            expected: x.ncols(),
        });
    }
    if k == 0 || k > x.nrows() {
        return Err(ClusteringError::TooFewRows {
            clusters: k,
            distinct: x.nrows(),
            rows: x.nrows(),
            most: x.nrows(),
        });
    }
    let x = x.as_standard_layout();
    let found = descend(x.view(), centres, 0.0, max_iterations);
    let (labels, _) = assign(x.view(), found.centres.view());
    Ok(KMeansRun {
        centres: found.centres,
        labels,
        inertia: found.inertia,
        converged: found.converged,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clustering::lloyd::uniform;

    /// ```text
    /// import numpy as np; from sklearn.cluster import KMeans
    /// i = np.arange(60); x = np.c_[i*i % 17, i*7 % 13 / 2, i % 5]
    /// for k in (2, 4, 6): print(KMeans(k, n_init=200, tol=0, random_state=0).fit(x).inertia_)
    /// ```
    #[test]
    fn inertia_is_that_of_scikit_learn() {
        let x = Array2::from_shape_fn((60, 3), |(i, j)| match j {
            0 => (i * i % 17) as f64,
            1 => (i * 7 % 13) as f64 / 2.0,
            _ => (i % 5) as f64,
        });
        for (k, want) in [
            (2, 731.1828571428571),
            (4, 330.9297619047619),
            (6, 230.42803030303025),
        ] {
            for algorithm in [Algorithm::Lloyd, Algorithm::Linfa] {
                let search = Search {
                    attributes: &[],
                    algorithm,
                    starts: 200,
                    tolerance: 0.0,
                    max_iterations: 300,
                };
                let got = search.best(x.view(), k, 42, 0).unwrap().inertia;
                assert!((got - want).abs() < 1e-9, "k = {k}, {algorithm:?}: {got}");
            }
        }
    }

    #[test]
    fn starts_nearly_always_find_the_best_of_all_partitions() {
        // All ways to put 7 rows into 3 clusters, by brute force. Few rows are the hard case:
        // the best partition may lie beyond every start from three of the rows.
        let mut rng = generator(5, [0; 3]);
        let mut hits = [0; 2];
        for _ in 0..40 {
            let x = Array2::from_shape_fn((7, 2), |_| uniform(&mut rng));
            let mut least = f64::INFINITY;
            for code in 0..3usize.pow(7) {
                let members = |c: usize| (0..7).filter(move |&i| code / 3usize.pow(i) % 3 == c);
                let mut inertia = 0.0;
                for c in 0..3 {
                    for j in 0..2 {
                        let values = || members(c).map(|i| x[[i as usize, j]]);
                        let mean = values().sum::<f64>() / members(c).count() as f64;
                        inertia += values().map(|v| (v - mean).powi(2)).sum::<f64>();
                    }
                }
                least = least.min(inertia);
            }
            for (hits, algorithm) in hits.iter_mut().zip([Algorithm::Lloyd, Algorithm::Linfa]) {
                let search = Search {
                    attributes: &[],
                    algorithm,
                    starts: 30,
                    tolerance: 0.0,
                    max_iterations: 300,
                };
                let got = search.best(x.view(), 3, 1, 0).unwrap();
                assert!(got.converged && got.inertia > least - 1e-12);
                *hits += usize::from(got.inertia < least + 1e-12);
            }
        }
        assert!(hits[0] >= 36 && hits[1] >= 36, "{hits:?} of 40");
    }
}
