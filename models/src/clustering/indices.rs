//! How good a partition is, and how alike two partitions are.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use super::ClusteringError;

/// Rows per unit of work, fixed so that sums are added in one order.
const CHUNK: usize = 2048;

/// Mean silhouette with Euclidean distances, -1 to 1, more is better. Exact, O(n^2 p).
///
/// For every row `s = (b - a) / max(a, b)`, where `a` is the mean distance to the other
/// members of its cluster and `b` the least mean distance to the members of another. A row
/// alone in its cluster has 0, and so has one with `a = b = 0`.
///
/// - `x`: n x p, scaled. `labels`: n cluster numbers; numbers without members are ignored.
///
/// # Errors
/// [`ClusteringError::Rows`] if the lengths differ, [`ClusteringError::Undefined`] unless there
/// are 2 to n - 1 clusters with members.
///
/// Source: Rousseeuw, "Silhouettes", *J. Comput. Appl. Math.* 20, 1987.
pub fn silhouette(x: ArrayView2<'_, f64>, labels: &[usize]) -> Result<f64, ClusteringError> {
    let groups = Groups::new("silhouette", x, labels)?;
    Ok(groups.mean_silhouette(|i, own, mean| {
        for (j, &c) in groups.labels.iter().enumerate() {
            mean[c] += squared_distance(x, i, x, j).sqrt();
        }
        for (c, value) in mean.iter_mut().enumerate() {
            // Never 0: rows alone in their cluster are passed over.
            *value /= (groups.sizes[c] - usize::from(c == own)) as f64;
        }
    }))
}

/// Mean silhouette with **squared** Euclidean distances, -1 to 1, more is better. Exact for
/// that distance and O(n k p), so it can be had for millions of rows.
///
/// The mean squared distance from a row to a cluster is its squared distance to the cluster's
/// mean plus the cluster's mean squared distance to its mean, so pairs are not needed. Squares
/// spread the figures: expect higher values than [`silhouette`] gives. Conventions and errors
/// are the same.
///
/// It is the form used by Spark MLlib's `ClusteringEvaluator`.
pub fn silhouette_squared(
    x: ArrayView2<'_, f64>,
    labels: &[usize],
) -> Result<f64, ClusteringError> {
    let groups = Groups::new("silhouette", x, labels)?;
    let within = groups.within(x);
    Ok(groups.mean_silhouette(|i, own, mean| {
        for (c, value) in mean.iter_mut().enumerate() {
            let size = groups.sizes[c] as f64;
            *value = squared_distance(x, i, groups.means.view(), c) + within[c] / size;
            if c == own {
                // The row itself is among the members, at distance 0.
                *value *= size / (size - 1.0);
            }
        }
    }))
}

/// Calinski-Harabasz index, `[B / (k - 1)] / [W / (n - k)]` with B and W the sums of squares
/// between and within clusters; above 0, more is better. Infinity if W is 0.
///
/// Arguments and errors as in [`silhouette`].
///
/// Source: Calinski and Harabasz, "A dendrite method for cluster analysis", *Communications in
/// Statistics* 3(1), 1974.
pub fn calinski_harabasz(x: ArrayView2<'_, f64>, labels: &[usize]) -> Result<f64, ClusteringError> {
    let groups = Groups::new("Calinski-Harabasz", x, labels)?;
    let (n, k) = (x.nrows() as f64, groups.sizes.len() as f64);
    let within: f64 = groups.within(x).iter().sum();
    let all = x.mean_axis(Axis(0)).expect("rows");
    let all = all.insert_axis(Axis(0));
    let between: f64 = (0..groups.sizes.len())
        .map(|c| groups.sizes[c] as f64 * squared_distance(groups.means.view(), c, all.view(), 0))
        .sum();
    Ok((between / (k - 1.0)) / (within / (n - k)))
}

/// Davies-Bouldin index, the mean over clusters i of `max_{j != i} (S_i + S_j) / M_ij`, where
/// S is the mean distance of members to the cluster's mean and M the distance between means;
/// 0 or more, **less** is better. Infinity if two means coincide.
///
/// Arguments and errors as in [`silhouette`].
///
/// Source: Davies and Bouldin, "A cluster separation measure", *IEEE Trans. PAMI* 1(2), 1979.
pub fn davies_bouldin(x: ArrayView2<'_, f64>, labels: &[usize]) -> Result<f64, ClusteringError> {
    let groups = Groups::new("Davies-Bouldin", x, labels)?;
    let k = groups.sizes.len();
    let mut spread = vec![0.0; k];
    for (i, &c) in groups.labels.iter().enumerate() {
        spread[c] += squared_distance(x, i, groups.means.view(), c).sqrt();
    }
    for (s, &size) in spread.iter_mut().zip(&groups.sizes) {
        *s /= size as f64;
    }
    let means = groups.means.view();
    let worst = |i: usize| {
        (0..k)
            .filter(|&j| j != i)
            .map(|j| {
                let apart = squared_distance(means, i, means, j).sqrt();
                if apart == 0.0 {
                    f64::INFINITY
                } else {
                    (spread[i] + spread[j]) / apart
                }
            })
            .fold(0.0, f64::max)
    };
    Ok((0..k).map(worst).sum::<f64>() / k as f64)
}

/// Adjusted Rand index of two partitions of the same rows: 1 when they agree, about 0 when
/// they agree as much as chance would have it, never above 1.
///
/// Cluster numbers may differ between the two: only who is with whom counts. Two partitions
/// that both leave everybody together, or both everybody alone, agree (1). Fewer than two rows
/// give 1.
///
/// # Errors
/// [`ClusteringError::Rows`] if the lengths differ.
///
/// Source: Hubert and Arabie, "Comparing partitions", *J. of Classification* 2, 1985.
pub fn adjusted_rand(a: &[usize], b: &[usize]) -> Result<f64, ClusteringError> {
    if a.len() != b.len() {
        return Err(ClusteringError::Rows {
            what: "the second partition",
            found: b.len(),
            expected: a.len(),
        });
    }
    let pairs = |n: usize| n as f64 * (n as f64 - 1.0) / 2.0;
    // Sorting instead of a table, so that large cluster numbers cost nothing.
    let runs = |mut keys: Vec<(usize, usize)>| -> f64 {
        keys.sort_unstable();
        keys.chunk_by(|x, y| x == y)
            .map(|run| pairs(run.len()))
            .sum()
    };
    let both = runs(a.iter().copied().zip(b.iter().copied()).collect());
    let in_a = runs(a.iter().map(|&c| (c, 0)).collect());
    let in_b = runs(b.iter().map(|&c| (c, 0)).collect());
    let all = pairs(a.len());
    if a.len() < 2 {
        return Ok(1.0);
    }
    let expected = in_a * in_b / all;
    let most = (in_a + in_b) / 2.0;
    if most == expected {
        // Both trivial, and in the same way: 0/0.
        return Ok(1.0);
    }
    Ok((both - expected) / (most - expected))
}

/// Rows by cluster, numbered without gaps, with sizes and means.
struct Groups {
    labels: Vec<usize>,
    sizes: Vec<usize>,
    means: Array2<f64>,
}

impl Groups {
    fn new(
        index: &'static str,
        x: ArrayView2<'_, f64>,
        labels: &[usize],
    ) -> Result<Self, ClusteringError> {
        if labels.len() != x.nrows() {
            return Err(ClusteringError::Rows {
                what: "the list of labels",
                found: labels.len(),
                expected: x.nrows(),
            });
        }
        let mut numbers = labels.to_vec();
        numbers.sort_unstable();
        numbers.dedup();
        let k = numbers.len();
        if k < 2 || k >= labels.len() {
            return Err(ClusteringError::Undefined {
                index,
                clusters: k,
                rows: labels.len(),
            });
        }
        let labels: Vec<usize> = labels
            .iter()
            .map(|label| numbers.binary_search(label).expect("listed above"))
            .collect();
        let mut sizes = vec![0; k];
        let mut means = Array2::zeros((k, x.ncols()));
        for (row, &c) in x.axis_iter(Axis(0)).zip(&labels) {
            sizes[c] += 1;
            let mut mean = means.row_mut(c);
            mean += &row;
        }
        for (mut mean, &size) in means.axis_iter_mut(Axis(0)).zip(&sizes) {
            mean /= size as f64;
        }
        Ok(Self {
            labels,
            sizes,
            means,
        })
    }

    /// Sum of squared distances of the members of each cluster to its mean.
    fn within(&self, x: ArrayView2<'_, f64>) -> Vec<f64> {
        let mut within = vec![0.0; self.sizes.len()];
        for (i, &c) in self.labels.iter().enumerate() {
            within[c] += squared_distance(x, i, self.means.view(), c);
        }
        within
    }

    /// The mean of (b - a) / max(a, b), where `distances` fills the mean distance of a row to
    /// every cluster, itself left out.
    fn mean_silhouette(&self, distances: impl Fn(usize, usize, &mut [f64]) + Sync) -> f64 {
        let n = self.labels.len();
        let sums: Vec<f64> = (0..n.div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| {
                let mut sum = 0.0;
                let mut mean = vec![0.0; self.sizes.len()];
                for i in chunk * CHUNK..((chunk + 1) * CHUNK).min(n) {
                    let own = self.labels[i];
                    if self.sizes[own] == 1 {
                        continue;
                    }
                    mean.fill(0.0);
                    distances(i, own, &mut mean);
                    let a = mean[own];
                    mean[own] = f64::INFINITY;
                    let b = mean.iter().copied().fold(f64::INFINITY, f64::min);
                    let most = a.max(b);
                    if most > 0.0 {
                        sum += (b - a) / most;
                    }
                }
                sum
            })
            .collect();
        sums.iter().sum::<f64>() / n as f64
    }
}

fn squared_distance(a: ArrayView2<'_, f64>, i: usize, b: ArrayView2<'_, f64>, j: usize) -> f64 {
    let pairs = a.row(i).into_iter().zip(b.row(j));
    pairs.map(|(x, y)| (x - y) * (x - y)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clustering::lloyd::{generator, index_below, uniform};
    use ndarray::array;

    fn close(got: f64, want: f64) {
        assert!((got - want).abs() < 1e-12, "got {got}, want {want}");
    }

    /// Two pairs on a line.
    fn line() -> (Array2<f64>, [usize; 4]) {
        (array![[0.0], [2.0], [10.0], [12.0]], [0, 0, 1, 1])
    }

    #[test]
    fn silhouette_by_hand() {
        // Rows 0 and 3: a = 2, b = (10 + 12) / 2 = 11, s = 9/11. Rows 1 and 2: b = 9, s = 7/9.
        let (x, labels) = line();
        close(
            silhouette(x.view(), &labels).unwrap(),
            (9.0 / 11.0 + 7.0 / 9.0) / 2.0,
        );
        // Squares: a = 4; b = (100 + 144) / 2 = 122 and (64 + 100) / 2 = 82.
        close(
            silhouette_squared(x.view(), &labels).unwrap(),
            (118.0 / 122.0 + 78.0 / 82.0) / 2.0,
        );
    }

    #[test]
    fn calinski_harabasz_by_hand() {
        // Means 1 and 11, overall 6: B = 2*25 + 2*25 = 100, W = 4, k = 2, n = 4.
        let (x, labels) = line();
        close(calinski_harabasz(x.view(), &labels).unwrap(), 50.0);
    }

    #[test]
    fn davies_bouldin_by_hand() {
        // S = 1 and 1, M = 10.
        let (x, labels) = line();
        close(davies_bouldin(x.view(), &labels).unwrap(), 0.2);
    }

    #[test]
    fn adjusted_rand_by_hand() {
        // Table [[2, 1], [0, 3]]: both 1 + 3 = 4, in a 3 + 3 = 6, in b 1 + 6 = 7, all 15.
        // Expected 42/15 = 2.8, most 6.5: (4 - 2.8) / (6.5 - 2.8).
        let got = adjusted_rand(&[0, 0, 0, 1, 1, 1], &[0, 0, 1, 1, 1, 1]).unwrap();
        close(got, 1.2 / 3.7);
        close(adjusted_rand(&[0, 0, 1, 1], &[7, 7, 3, 3]).unwrap(), 1.0);
        // Crossed partitions agree less than chance: both 0, expected 2*2/6, most 2.
        close(
            adjusted_rand(&[0, 0, 1, 1], &[0, 1, 0, 1]).unwrap(),
            -(2.0 / 3.0) / (2.0 - 2.0 / 3.0),
        );
        close(adjusted_rand(&[0, 0, 0], &[4, 4, 4]).unwrap(), 1.0);
        close(adjusted_rand(&[0, 1, 2], &[2, 0, 1]).unwrap(), 1.0);
        close(adjusted_rand(&[0, 0, 0], &[0, 1, 2]).unwrap(), 0.0);
        close(adjusted_rand(&[], &[]).unwrap(), 1.0);
        assert!(adjusted_rand(&[0], &[0, 1]).is_err());
    }

    /// ```text
    /// import numpy as np; from sklearn.metrics import *
    /// i = np.arange(60); x = np.c_[i*i % 17, i*7 % 13 / 2, i % 5]; l = i*i % 17 // 6
    /// print(silhouette_score(x, l), silhouette_score(x, l, metric='sqeuclidean'),
    ///       calinski_harabasz_score(x, l), davies_bouldin_score(x, l),
    ///       adjusted_rand_score(l, i % 4))
    /// ```
    #[test]
    fn all_indices_are_those_of_scikit_learn() {
        let x = Array2::from_shape_fn((60, 3), |(i, j)| match j {
            0 => (i * i % 17) as f64,
            1 => (i * 7 % 13) as f64 / 2.0,
            _ => (i % 5) as f64,
        });
        let labels: Vec<usize> = (0..60).map(|i| i * i % 17 / 6).collect();
        let other: Vec<usize> = (0..60).map(|i| i % 4).collect();
        close(silhouette(x.view(), &labels).unwrap(), SKLEARN[0]);
        close(silhouette_squared(x.view(), &labels).unwrap(), SKLEARN[1]);
        close(calinski_harabasz(x.view(), &labels).unwrap(), SKLEARN[2]);
        close(davies_bouldin(x.view(), &labels).unwrap(), SKLEARN[3]);
        close(adjusted_rand(&labels, &other).unwrap(), SKLEARN[4]);
    }

    /// Printed by the lines above, scikit-learn 1.x.
    const SKLEARN: [f64; 5] = [
        0.4970661347447967,
        0.707206191394861,
        131.64661922212358,
        0.7453443678122391,
        -0.031558821496855634,
    ];

    /// Every pair, one by one.
    #[test]
    fn the_fast_squared_silhouette_is_the_slow_one() {
        let mut rng = generator(11, [0; 3]);
        for _ in 0..50 {
            let n = 5 + index_below(&mut rng, 30);
            let x = Array2::from_shape_fn((n, 2), |_| (uniform(&mut rng) * 6.0).floor());
            let labels: Vec<usize> = (0..n)
                .map(|i| if i < 2 { i } else { index_below(&mut rng, 4) })
                .collect();
            let mut sum = 0.0;
            for i in 0..n {
                let mean = |c: usize| {
                    let members: Vec<usize> =
                        (0..n).filter(|&j| j != i && labels[j] == c).collect();
                    let total: f64 = members
                        .iter()
                        .map(|&j| squared_distance(x.view(), i, x.view(), j))
                        .sum();
                    (!members.is_empty()).then(|| total / members.len() as f64)
                };
                if let Some(a) = mean(labels[i]) {
                    let b = (0..4)
                        .filter(|&c| c != labels[i])
                        .filter_map(mean)
                        .fold(f64::INFINITY, f64::min);
                    if a.max(b) > 0.0 {
                        sum += (b - a) / a.max(b);
                    }
                }
            }
            close(
                silhouette_squared(x.view(), &labels).unwrap(),
                sum / n as f64,
            );
        }
    }

    #[test]
    fn a_row_alone_counts_as_zero() {
        // Row 2 is alone; rows 0 and 1 have a = 1, b = 9 and 8.
        let x = array![[0.0], [1.0], [9.0]];
        let want = (8.0 / 9.0 + 7.0 / 8.0) / 3.0;
        close(silhouette(x.view(), &[0, 0, 1]).unwrap(), want);
    }

    #[test]
    fn one_cluster_or_only_singletons_have_no_index() {
        let (x, _) = line();
        for labels in [[0; 4], [0, 1, 2, 3]] {
            let error = silhouette_squared(x.view(), &labels)
                .unwrap_err()
                .to_string();
            assert!(error.contains("it needs 2 to 3 clusters"), "{error}");
            assert!(calinski_harabasz(x.view(), &labels).is_err());
            assert!(davies_bouldin(x.view(), &labels).is_err());
        }
        assert!(silhouette(x.view(), &[0, 1]).is_err());
    }
}
