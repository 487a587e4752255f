//! The little dense linear algebra that the recommender needs.

/// Makes the columns of a row-major `rows x width` matrix orthonormal by modified Gram-Schmidt,
/// each column twice. A column that lies in the space of those before it becomes zero.
pub(super) fn orthonormalise(matrix: &mut [f64], rows: usize, width: usize) {
    let mut done: Vec<Vec<f64>> = Vec::with_capacity(width);
    for c in 0..width {
        let mut column: Vec<f64> = (0..rows).map(|r| matrix[r * width + c]).collect();
        let before = norm(&column);
        for _ in 0..2 {
            for other in &done {
                let along: f64 = column.iter().zip(other).map(|(a, b)| a * b).sum();
                column
                    .iter_mut()
                    .zip(other)
                    .for_each(|(a, b)| *a -= along * b);
            }
        }
        let after = norm(&column);
        // What is left of a dependent column is rounding, f32 products included.
        let scale = if after > 1e-6 * before {
            1.0 / after
        } else {
            0.0
        };
        column.iter_mut().for_each(|a| *a *= scale);
        (0..rows).for_each(|r| matrix[r * width + c] = column[r]);
        done.push(column);
    }
}

fn norm(v: &[f64]) -> f64 {
    v.iter().map(|a| a * a).sum::<f64>().sqrt()
}

/// Eigenvalues, falling, and eigenvectors (the columns of a row-major matrix) of a symmetric
/// `n x n` matrix, by cyclic Jacobi rotations (Golub and Van Loan, section 8.5).
pub(super) fn eigen_symmetric(mut a: Vec<f64>, n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut v = vec![0.0; n * n];
    (0..n).for_each(|i| v[i * n + i] = 1.0);
    let total: f64 = a.iter().map(|x| x * x).sum();
    for _sweep in 0..60 {
        let off: f64 = (0..n)
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .map(|(i, j)| a[i * n + j].powi(2))
            .sum();
        if off <= 1e-26 * total {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                let apq = a[p * n + q];
                if apq == 0.0 {
                    continue;
                }
                let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * apq);
                let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                for k in 0..n {
                    let (kp, kq) = (a[k * n + p], a[k * n + q]);
                    a[k * n + p] = c * kp - s * kq;
                    a[k * n + q] = s * kp + c * kq;
                }
                for k in 0..n {
                    let (pk, qk) = (a[p * n + k], a[q * n + k]);
                    a[p * n + k] = c * pk - s * qk;
                    a[q * n + k] = s * pk + c * qk;
                }
                for k in 0..n {
                    let (kp, kq) = (v[k * n + p], v[k * n + q]);
                    v[k * n + p] = c * kp - s * kq;
                    v[k * n + q] = s * kp + c * kq;
                }
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| a[j * n + j].total_cmp(&a[i * n + i]).then(i.cmp(&j)));
    let values = order.iter().map(|&i| a[i * n + i]).collect();
    let vectors = (0..n)
        .flat_map(|r| order.iter().map(move |&i| (r, i)))
        .map(|(r, i)| v[r * n + i]);
    (values, vectors.collect())
}

/// Solves `A x = b` for a symmetric positive definite `A` (row-major) by Cholesky; `None` when
/// it is not positive definite.
pub(super) fn solve_positive(mut a: Vec<f64>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let n = b.len();
    for j in 0..n {
        for i in j..n {
            let sum: f64 = (0..j).map(|k| a[i * n + k] * a[j * n + k]).sum();
            let rest = a[i * n + j] - sum;
            if i == j {
                if !(rest > 0.0 && rest.is_finite()) {
                    return None;
                }
                a[j * n + j] = rest.sqrt();
            } else {
                a[i * n + j] = rest / a[j * n + j];
            }
        }
    }
    for i in 0..n {
        let sum: f64 = (0..i).map(|k| a[i * n + k] * b[k]).sum();
        b[i] = (b[i] - sum) / a[i * n + i];
    }
    for i in (0..n).rev() {
        let sum: f64 = (i + 1..n).map(|k| a[k * n + i] * b[k]).sum();
        b[i] = (b[i] - sum) / a[i * n + i];
    }
    Some(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_become_orthonormal_and_a_repeated_one_zero() {
        // Columns (3, 4, 0), twice that, and (0, 5, 12).
        let mut m = vec![3.0, 6.0, 0.0, 4.0, 8.0, 5.0, 0.0, 0.0, 12.0];
        orthonormalise(&mut m, 3, 3);
        assert!((m[0] - 0.6).abs() < 1e-15 && (m[3] - 0.8).abs() < 1e-15);
        assert_eq!([m[1], m[4], m[7]], [0.0; 3]);
        let (length, along) = (
            m[2] * m[2] + m[5] * m[5] + m[8] * m[8],
            m[0] * m[2] + m[3] * m[5] + m[6] * m[8],
        );
        assert!((length - 1.0).abs() < 1e-15 && along.abs() < 1e-15);
    }

    #[test]
    fn eigenvalues_of_a_known_matrix() {
        // [[2, 1, 0], [1, 2, 1], [0, 1, 2]] has 2 + sqrt 2, 2, 2 - sqrt 2.
        let a = vec![2.0, 1.0, 0.0, 1.0, 2.0, 1.0, 0.0, 1.0, 2.0];
        let (values, v) = eigen_symmetric(a.clone(), 3);
        let root = 2f64.sqrt();
        for (got, want) in values.iter().zip([2.0 + root, 2.0, 2.0 - root]) {
            assert!((got - want).abs() < 1e-12, "{values:?}");
        }
        for (k, value) in values.iter().enumerate() {
            for i in 0..3 {
                let image: f64 = (0..3).map(|j| a[i * 3 + j] * v[j * 3 + k]).sum();
                assert!((image - value * v[i * 3 + k]).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn cholesky_solves_and_refuses() {
        // [[4, 2], [2, 3]] x = [10, 9] has x = [1.5, 2].
        let x = solve_positive(vec![4.0, 2.0, 2.0, 3.0], vec![10.0, 9.0]).unwrap();
        assert!((x[0] - 1.5).abs() < 1e-12 && (x[1] - 2.0).abs() < 1e-12);
        assert!(solve_positive(vec![1.0, 2.0, 2.0, 1.0], vec![1.0, 1.0]).is_none());
    }
}
