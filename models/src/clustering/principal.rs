//! Principal components: the plane on which points that lie in many dimensions are furthest apart.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::ClusteringError;

/// Sweeps of rotations after which a matrix of any size met here is diagonal; six to ten do.
const SWEEPS: usize = 60;

/// The directions in which rows differ most.
#[derive(Clone, Debug, PartialEq)]
pub struct PrincipalComponents {
    mean: Array1<f64>,
    /// Components by columns, each of length 1.
    axes: Array2<f64>,
    /// Of each component, its share of the variance of all columns together.
    shares: Vec<f64>,
}

impl PrincipalComponents {
    /// Finds the first `components` of rows (n x p, finite), or as many as there are columns.
    ///
    /// An axis has no sign of its own: the largest entry of each is positive, and of equal ones the
    /// first, so that the same rows give the same picture. Takes `n p^2` steps and those of turning
    /// a p x p matrix. Source: Jolliffe 2002, "Principal component analysis"; the matrix is made
    /// diagonal by Jacobi's rotations (Golub and Van Loan 2013, section 8.5).
    ///
    /// # Errors
    /// [`ClusteringError::NotFinite`]; [`ClusteringError::NothingVaries`] for no rows, no columns,
    /// or columns of one value.
    pub fn of(x: ArrayView2<'_, f64>, components: usize) -> Result<Self, ClusteringError> {
        if let Some(((row, column), value)) = x.indexed_iter().find(|(_, v)| !v.is_finite()) {
            return Err(ClusteringError::NotFinite {
                row,
                column,
                value: *value,
            });
        }
        let Some(mean) = x.mean_axis(Axis(0)) else {
            return Err(ClusteringError::NothingVaries(x.ncols()));
        };
        let centred = &x - &mean;
        let covariance = centred.t().dot(&centred) / x.nrows() as f64;
        let (values, vectors) = eigen(covariance);
        let total: f64 = values.iter().sum();
        if total <= 0.0 {
            return Err(ClusteringError::NothingVaries(x.ncols()));
        }
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|a, b| values[*b].total_cmp(&values[*a]).then(a.cmp(b)));
        order.truncate(components);
        let mut axes = Array2::zeros((order.len(), x.ncols()));
        for (mut axis, from) in axes.rows_mut().into_iter().zip(&order) {
            axis.assign(&vectors.column(*from));
            let largest =
                axis.iter()
                    .copied()
                    .reduce(|most, value| match value.abs() > most.abs() + 1e-9 {
                        true => value,
                        false => most,
                    });
            if largest.is_some_and(|value| value < 0.0) {
                axis.mapv_inplace(|value| -value);
            }
        }
        Ok(Self {
            mean,
            axes,
            shares: order
                .iter()
                .map(|at| values[*at].max(0.0) / total)
                .collect(),
        })
    }

    /// Where rows of the same columns lie: n x components.
    pub fn place(&self, x: ArrayView2<'_, f64>) -> Array2<f64> {
        (&x - &self.mean).dot(&self.axes.t())
    }

    /// Components by columns: how much each column weighs in each.
    pub fn axes(&self) -> ArrayView2<'_, f64> {
        self.axes.view()
    }

    /// Of each component, its share of the variance of all columns, the largest first.
    pub fn shares(&self) -> &[f64] {
        &self.shares
    }
}

/// Eigenvalues and eigenvectors (as columns) of a symmetric matrix.
fn eigen(mut a: Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    let n = a.nrows();
    let mut vectors = Array2::eye(n);
    let scale: f64 = a.iter().map(|value| value * value).sum();
    for _ in 0..SWEEPS {
        let off: f64 = (0..n)
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .map(|at| a[at] * a[at])
            .sum();
        if off <= 1e-28 * scale {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, &mut vectors, p, q);
            }
        }
    }
    (a.diag().to_vec(), vectors)
}

/// Turns two axes so that nothing couples them.
fn rotate(a: &mut Array2<f64>, vectors: &mut Array2<f64>, p: usize, q: usize) {
    if a[[p, q]] == 0.0 {
        return;
    }
    let theta = (a[[q, q]] - a[[p, p]]) / (2.0 * a[[p, q]]);
    let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let c = 1.0 / t.hypot(1.0);
    let s = t * c;
    for k in 0..a.nrows() {
        let (left, right) = (a[[k, p]], a[[k, q]]);
        a[[k, p]] = c * left - s * right;
        a[[k, q]] = s * left + c * right;
    }
    for k in 0..a.nrows() {
        let (left, right) = (a[[p, k]], a[[q, k]]);
        a[[p, k]] = c * left - s * right;
        a[[q, k]] = s * left + c * right;
        let (left, right) = (vectors[[k, p]], vectors[[k, q]]);
        vectors[[k, p]] = c * left - s * right;
        vectors[[k, q]] = s * left + c * right;
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::random;

    #[test]
    fn a_matrix_worked_out_by_hand() {
        // Eigenvalues 3 and 1, along (1, 1) and (1, -1).
        let (values, vectors) = eigen(array![[2.0, 1.0], [1.0, 2.0]]);
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        assert!((sorted[0] - 1.0).abs() < 1e-12 && (sorted[1] - 3.0).abs() < 1e-12);
        for column in vectors.columns() {
            assert!((column[0].abs() - 0.5_f64.sqrt()).abs() < 1e-12);
        }
    }

    #[test]
    fn the_first_axis_is_the_longest_and_says_its_share() {
        // Four points: variance 4 along x, 1 along y; the third column never changes.
        let x = array![
            [2.0, 1.0, 7.0],
            [-2.0, 1.0, 7.0],
            [2.0, -1.0, 7.0],
            [-2.0, -1.0, 7.0]
        ];
        let found = PrincipalComponents::of(x.view(), 2).expect("components");
        assert_eq!(found.shares(), [0.8, 0.2]);
        assert_eq!(found.axes(), array![[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]);
        assert_eq!(found.place(x.view()).row(1), array![-2.0, 1.0]);
    }

    #[test]
    fn axes_rebuild_the_covariance_and_are_at_right_angles() {
        let n = 300;
        let x = Array2::from_shape_fn((n, 6), |(row, column)| {
            let unit = |of: u64| random::unit(5, of, row as u64);
            unit(column as u64) + 2.0 * unit(99) * (column as f64)
        });
        let found = PrincipalComponents::of(x.view(), 6).expect("components");
        let product = found.axes().dot(&found.axes().t());
        for ((i, j), value) in product.indexed_iter() {
            assert!((value - f64::from(u8::from(i == j))).abs() < 1e-10);
        }
        assert!((found.shares().iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(found.shares().windows(2).all(|pair| pair[0] >= pair[1]));
        // Places have the variances that the shares say, and do not hang together.
        let placed = found.place(x.view());
        let covariance = placed.t().dot(&placed) / n as f64;
        let total: f64 = covariance.diag().sum();
        for ((i, j), value) in covariance.indexed_iter() {
            let want = if i == j {
                found.shares()[i] * total
            } else {
                0.0
            };
            assert!((value - want).abs() < 1e-9 * total);
        }
    }

    #[test]
    fn what_has_no_direction_is_refused() {
        let of = |x: Array2<f64>| {
            PrincipalComponents::of(x.view(), 2)
                .unwrap_err()
                .to_string()
        };
        assert!(of(array![[1.0, 2.0], [1.0, 2.0]]).starts_with("none of the 2 features varies"));
        assert!(of(Array2::zeros((0, 3))).starts_with("none of the 3 features varies"));
        assert!(of(array![[1.0, f64::NAN]]).contains("NaN"));
    }
}
