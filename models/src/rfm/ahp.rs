//! Weights from comparisons in pairs: the analytic hierarchy process.

use super::RfmError;

/// Mean consistency index of random matrices of 1 to 10 rows (Saaty).
const RANDOM: [f64; 10] = [0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49];
/// Judgements whose consistency ratio is above this contradict each other.
const LIMIT: f64 = 0.1;

/// Weights, and how well the judgements behind them agree.
#[derive(Clone, Debug, PartialEq)]
pub struct AhpWeights {
    /// One for each thing that was compared; they add up to 1.
    pub weights: Vec<f64>,
    /// The largest eigenvalue of the matrix.
    pub eigenvalue: f64,
    /// Consistency ratio: 0 where no judgement contradicts another.
    pub consistency_ratio: f64,
}

/// Weights of 2 to 10 things that were compared in pairs.
///
/// - `judgements`: `judgements[i][j]` says how many times as important `i` is as `j`, 1 alike, 9
///   far more; `judgements[j][i]` is its reciprocal, to a hundredth.
/// - The weights are the principal eigenvector; with the largest eigenvalue `l` of `n` rows,
///   `CI = (l - n) / (n - 1)` and `CR = CI / RI`, `RI` being the mean of random matrices.
///
/// # Errors
/// [`RfmError::Judgements`] for a matrix that is not square, of another size, or not reciprocal,
/// with the place; [`RfmError::Inconsistent`] above a ratio of 0.1.
///
/// Source: Saaty, *The Analytic Hierarchy Process*, 1980.
///
/// # Example
/// ```
/// use regulars_models::rfm::ahp_weights;
/// let third = 1.0 / 3.0;
/// let found = ahp_weights(&[
///     vec![1.0, 3.0, 5.0],
///     vec![third, 1.0, 2.0],
///     vec![0.2, 0.5, 1.0],
/// ])?;
/// assert!((found.weights[0] - 0.6483).abs() < 5e-5);
/// # Ok::<(), regulars_models::rfm::RfmError>(())
/// ```
pub fn ahp_weights(judgements: &[Vec<f64>]) -> Result<AhpWeights, RfmError> {
    let n = judgements.len();
    let wrong = |problem: String| Err(RfmError::Judgements { problem });
    if !(2..=RANDOM.len()).contains(&n) || judgements.iter().any(|row| row.len() != n) {
        return wrong(format!("{n} rows do not make a square of 2 to 10 rows"));
    }
    for (i, row) in judgements.iter().enumerate() {
        for (j, other) in judgements.iter().enumerate().take(i + 1) {
            let (there, back) = (row[j], other[i]);
            if !(there > 0.0 && there.is_finite() && back > 0.0 && back.is_finite()) {
                return wrong(format!(
                    "row {} holds {there} or row {} {back}, and judgements are above 0",
                    i + 1,
                    j + 1
                ));
            }
            if (there * back - 1.0).abs() > 0.01 {
                return wrong(format!(
                    "row {}, column {} is {back}, so row {}, column {} has to be {:.4}, not {there}",
                    j + 1,
                    i + 1,
                    i + 1,
                    j + 1,
                    1.0 / back
                ));
            }
        }
    }
    let mut weights = vec![1.0 / n as f64; n];
    let mut eigenvalue = n as f64;
    for _ in 0..10_000 {
        let next: Vec<f64> = judgements
            .iter()
            .map(|row| row.iter().zip(&weights).map(|(a, w)| a * w).sum())
            .collect();
        let sum: f64 = next.iter().sum();
        let moved = next.iter().zip(&weights).map(|(a, w)| (a / sum - w).abs());
        let still = moved.fold(0.0, f64::max) < 1e-14;
        weights = next.iter().map(|a| a / sum).collect();
        eigenvalue = sum;
        if still {
            break;
        }
    }
    let index = (eigenvalue - n as f64) / (n as f64 - 1.0);
    let ratio = match RANDOM[n - 1] {
        0.0 => 0.0,
        random => (index / random).max(0.0),
    };
    if ratio > LIMIT {
        return Err(RfmError::Inconsistent { ratio });
    }
    Ok(AhpWeights {
        weights,
        eigenvalue,
        consistency_ratio: ratio,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(upper: [f64; 3]) -> Vec<Vec<f64>> {
        let [a, b, c] = upper;
        vec![
            vec![1.0, a, b],
            vec![1.0 / a, 1.0, c],
            vec![1.0 / b, 1.0 / c, 1.0],
        ]
    }

    /// The check numbers that the project has from a reference implementation.
    #[test]
    fn weights_eigenvalue_and_ratio_are_the_published_ones() {
        let found = ahp_weights(&matrix([3.0, 5.0, 2.0])).unwrap();
        for (weight, want) in found.weights.iter().zip([0.6483, 0.2297, 0.1220]) {
            assert!((weight - want).abs() < 5e-5, "{found:?}");
        }
        assert!((found.eigenvalue - 3.003695).abs() < 5e-7, "{found:?}");
        assert!(
            (found.consistency_ratio - 0.00318).abs() < 1e-5,
            "{found:?}"
        );
    }

    #[test]
    fn judgements_without_contradiction_give_back_their_weights() {
        let weights = [0.5, 0.3, 0.2];
        let judged: Vec<Vec<f64>> = weights
            .iter()
            .map(|a| weights.iter().map(|b| a / b).collect())
            .collect();
        let found = ahp_weights(&judged).unwrap();
        for (weight, want) in found.weights.iter().zip(weights) {
            assert!((weight - want).abs() < 1e-12);
        }
        assert!(found.consistency_ratio < 1e-12);
        let two = ahp_weights(&[vec![1.0, 4.0], vec![0.25, 1.0]]).unwrap();
        assert!((two.weights[0] - 0.8).abs() < 1e-12 && two.consistency_ratio == 0.0);
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        // Recency far before frequency, frequency far before money, and money before recency.
        let error = ahp_weights(&matrix([9.0, 1.0 / 9.0, 9.0])).unwrap_err();
        assert!(matches!(error, RfmError::Inconsistent { ratio } if ratio > 1.0));
        assert!(error.to_string().contains("contradict"), "{error}");
    }

    #[test]
    fn a_matrix_that_is_none_is_refused_with_the_place() {
        let refused = |judged: &[Vec<f64>]| ahp_weights(judged).unwrap_err().to_string();
        assert!(refused(&[vec![1.0]]).contains("1 rows"));
        assert!(refused(&[vec![1.0, 2.0], vec![0.5]]).contains("square"));
        let message = refused(&[vec![1.0, 2.0], vec![0.6, 1.0]]);
        assert!(
            message.contains("row 2, column 1 has to be 0.5000, not 0.6"),
            "{message}"
        );
        assert!(refused(&[vec![1.0, -2.0], vec![-0.5, 1.0]]).contains("above 0"));
        assert!(refused(&[vec![2.0, 1.0], vec![1.0, 1.0]]).contains("row 1, column 1"));
    }
}
