//! Gauss-Legendre quadrature, which turns Shapley's weighing of sets into a short sum.

/// Points strictly between 0 and 1, and weights, that integrate polynomials of degree `2 n - 1`
/// exactly.
///
/// The points are the roots of the Legendre polynomial of degree `n`, by Newton's method from
/// the usual cosine guess (Press et al., "Numerical Recipes", section 4.6).
pub(super) fn gauss_legendre(n: usize) -> Vec<(f64, f64)> {
    (0..n)
        .map(|i| {
            let mut x = libm::cos(std::f64::consts::PI * (i as f64 + 0.75) / (n as f64 + 0.5));
            let mut slope = 1.0;
            for _ in 0..100 {
                let (mut p, mut before) = (1.0, 0.0);
                for degree in 1..=n {
                    let d = degree as f64;
                    (p, before) = (((2.0 * d - 1.0) * x * p - (d - 1.0) * before) / d, p);
                }
                slope = n as f64 * (x * p - before) / (x * x - 1.0);
                let step = p / slope;
                x -= step;
                if step.abs() < 1e-15 {
                    break;
                }
            }
            ((1.0 + x) / 2.0, 1.0 / ((1.0 - x * x) * slope * slope))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quadrature_is_exact_up_to_its_degree() {
        for n in 1..=16 {
            let points = gauss_legendre(n);
            for degree in 0..2 * n {
                let sum: f64 = points.iter().map(|(t, w)| w * t.powi(degree as i32)).sum();
                let want = 1.0 / (degree as f64 + 1.0);
                assert!(
                    (sum - want).abs() < 1e-13,
                    "{n} points, degree {degree}: {sum} for {want}"
                );
            }
        }
    }
}
