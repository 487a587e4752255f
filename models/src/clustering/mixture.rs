//! A mixture of Gaussians: clusters of their own widths and directions, from linfa-clustering.
//!
//! The fit is `linfa_clustering::GaussianMixtureModel` (expectation-maximisation from a start by k-means,
//! full covariances). It hands out no densities that survive rows far from everything, and nothing that
//! could be saved, so which cluster a row belongs to is worked out here from weights, means and
//! precisions.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_clustering::GaussianMixtureModel;
use ndarray::{Array2, ArrayView2, Axis};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;

use super::ClusteringError;

/// Added to every variance, in squared standard deviations of a feature, so that a cluster of nearly equal
/// customers does not shrink to a point.
const REGULARISATION: f64 = 1e-2;
/// The mean log-likelihood of a row changes less than this when the fit ends.
const TOLERANCE: f64 = 1e-4;
const ROUNDS: u64 = 500;
/// Rows per unit of work.
const CHUNK: usize = 2048;

/// The shape of each cluster of a mixture around its centre.
#[derive(Clone, Debug, PartialEq)]
pub struct Gaussians {
    /// For each cluster the logarithm of its weight and of the root of the determinant of its
    /// precision, added up.
    pub offsets: Vec<f64>,
    /// For each cluster p x p, lower triangular: the Cholesky factor of its precision.
    pub factors: Vec<Array2<f64>>,
}

impl Gaussians {
    /// For every row the cluster that it most probably belongs to, the lower of two equal ones, and
    /// the squared distance to its centre in standard deviations of the cluster (Mahalanobis).
    pub(super) fn assign(
        &self,
        x: ArrayView2<'_, f64>,
        centres: ArrayView2<'_, f64>,
    ) -> (Vec<u32>, Vec<f64>) {
        x.axis_iter(Axis(0))
            .into_par_iter()
            .with_min_len(CHUNK)
            .map(|row| {
                let mut best = (0, f64::INFINITY, f64::NEG_INFINITY);
                for (cluster, factor) in self.factors.iter().enumerate() {
                    let off = &row - &centres.row(cluster);
                    let turned = factor.t().dot(&off);
                    let square = turned.dot(&turned);
                    let likely = self.offsets[cluster] - square / 2.0;
                    if likely > best.2 {
                        best = (cluster as u32, square, likely);
                    }
                }
                (best.0, best.1)
            })
            .unzip()
    }

    /// Some of the clusters, in this order.
    pub(super) fn select(&self, clusters: &[usize]) -> Self {
        Self {
            offsets: clusters.iter().map(|c| self.offsets[*c]).collect(),
            factors: clusters.iter().map(|c| self.factors[*c].clone()).collect(),
        }
    }
}

/// Fits k clusters to n scaled rows; the means are the centres.
pub(super) fn fit(
    x: ArrayView2<'_, f64>,
    k: usize,
    rng: Xoshiro256PlusPlus,
) -> Result<(Array2<f64>, Gaussians), ClusteringError> {
    let model = GaussianMixtureModel::params_with_rng(k, rng)
        .reg_covariance(REGULARISATION)
        .tolerance(TOLERANCE)
        .max_n_iterations(ROUNDS)
        .n_runs(1)
        .fit(&DatasetBase::from(x))?;
    let (mut offsets, mut factors) = (Vec::with_capacity(k), Vec::with_capacity(k));
    for (cluster, precision) in model.precisions().outer_iter().enumerate() {
        let factor = cholesky(precision).ok_or(ClusteringError::Shape(cluster))?;
        let determinant: f64 = factor.diag().iter().map(|d| libm::log(*d)).sum();
        offsets.push(libm::log(model.weights()[cluster]) + determinant);
        factors.push(factor);
    }
    let centres = model.means().as_standard_layout().into_owned();
    Ok((centres, Gaussians { offsets, factors }))
}

/// The lower triangular L with L Lᵀ the matrix; none where that is not positive definite.
fn cholesky(matrix: ArrayView2<'_, f64>) -> Option<Array2<f64>> {
    let p = matrix.nrows();
    let mut lower = Array2::<f64>::zeros((p, p));
    for i in 0..p {
        for j in 0..=i {
            let before: f64 = (0..j).map(|m| lower[[i, m]] * lower[[j, m]]).sum();
            let rest = matrix[[i, j]] - before;
            lower[[i, j]] = match i == j {
                true if rest > 0.0 => rest.sqrt(),
                true => return None,
                false => rest / lower[[j, j]],
            };
        }
    }
    Some(lower)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clustering::lloyd::generator;

    /// A narrow cluster and a wide one that reaches into it.
    fn rows() -> Array2<f64> {
        let u = |i: usize, a: usize, b: usize| ((i * a + b) % 601) as f64 / 601.0;
        Array2::from_shape_fn((600, 2), |(i, column)| {
            let (a, b) = if column == 0 { (97, 5) } else { (201, 3) };
            let noise = u(i, a, b) + u(i, a + 114, b + 4) + u(i, a + 250, b + 9) - 1.5;
            match (i % 2, column) {
                (0, _) => 0.4 * noise,
                (_, 0) => 4.0 + 4.0 * noise,
                _ => 4.0 * noise,
            }
        })
    }

    /// ```text
    /// import numpy as np; from sklearn.mixture import GaussianMixture
    /// i = np.arange(600); g = i % 2
    /// def u(a, b): return ((i * a + b) % 601) / 601
    /// n = lambda a, b: u(a, b) + u(a + 114, b + 4) + u(a + 250, b + 9) - 1.5
    /// x = np.c_[np.where(g == 0, .4 * n(97, 5), 4 + 4 * n(97, 5)),
    ///           np.where(g == 0, .4 * n(201, 3), 4 * n(201, 3))]
    /// m = GaussianMixture(2, reg_covar=1e-2, tol=1e-10, max_iter=2000, n_init=5, random_state=0).fit(x)
    /// o = m.means_[:, 0].argsort(); print(m.weights_[o], m.means_[o], m.covariances_[o])
    /// l = m.predict(x); print((o.argsort()[l] == g).mean())   # 0.99667; of k-means 0.89
    /// d = x - m.means_[l]; print(np.einsum("ni,nij,nj->n", d, m.precisions_[l], d).mean())   # 1.79948422
    /// ```
    #[test]
    fn a_mixture_is_that_of_scikit_learn() {
        let x = rows();
        let (centres, shapes) = fit(x.view(), 2, generator(1, [2, 1, 0])).unwrap();
        let narrow = usize::from(centres[[0, 0]] > centres[[1, 0]]);
        for (cluster, want) in [
            (narrow, [0.00193, -0.04893]),
            (1 - narrow, [3.97287, 0.46359]),
        ] {
            for (got, want) in centres.row(cluster).iter().zip(want) {
                assert!((got - want).abs() < 0.02, "{centres}");
            }
        }
        let (labels, squares) = shapes.assign(x.view(), centres.view());
        let right = labels.iter().enumerate().filter(|(row, label)| {
            let truly = if row % 2 == 0 { narrow } else { 1 - narrow };
            **label as usize == truly
        });
        assert!(right.count() >= 596);
        // Below two, the number of columns, because the regularisation widens the narrow cluster.
        let mean = squares.iter().sum::<f64>() / 600.0;
        assert!((mean - 1.799_484_22).abs() < 1e-4, "{mean}");
    }

    #[test]
    fn the_factor_gives_the_matrix_back() {
        let matrix = ndarray::array![[4.0, 2.0, 0.4], [2.0, 3.0, 0.1], [0.4, 0.1, 2.0]];
        let lower = cholesky(matrix.view()).unwrap();
        assert!((&lower.dot(&lower.t()) - &matrix).mapv(f64::abs).sum() < 1e-12);
        assert!(cholesky(ndarray::array![[1.0, 2.0], [2.0, 1.0]].view()).is_none());
    }
}
