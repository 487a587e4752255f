//! Quantiles of plain numbers.

/// Quantile of sorted, non-empty values, interpolated linearly (type 7).
pub(crate) fn quantile(sorted: &[f64], q: f64) -> f64 {
    let position = q * (sorted.len() - 1) as f64;
    let below = position.floor();
    let i = below as usize;
    let part = position - below;
    if part == 0.0 {
        sorted[i]
    } else {
        sorted[i] + part * (sorted[i + 1] - sorted[i])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `numpy.quantile([1, 2, 4, 8, 16, 32, 64], [.01, .25, .5, .9, .99])`
    #[test]
    fn quantiles_are_those_of_numpy() {
        let sorted = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
        for (q, want) in [
            (0.01, 1.06),
            (0.25, 3.0),
            (0.5, 8.0),
            (0.9, 44.8),
            (0.99, 62.08),
        ] {
            assert!((quantile(&sorted, q) - want).abs() < 1e-12, "{q}");
        }
    }

    #[test]
    fn quantiles_by_hand() {
        assert_eq!(quantile(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.5), 3.0);
        assert!((quantile(&[1.0, 2.0], 0.975) - 1.975).abs() < 1e-12);
        assert_eq!(quantile(&[4.0], 0.025), 4.0);
    }
}
