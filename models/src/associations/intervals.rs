//! How far counts can be trusted: 95 % intervals of a confidence and of a lift.

use super::Measures;

/// The 97.5 % point of the standard normal distribution.
pub(super) const Z: f64 = 1.959963984540054;

/// The 95 % interval of a share, `count` of `n`; NaN for 0 of 0.
///
/// Source: Wilson (1927), "Probable inference, the law of succession, and statistical
/// inference".
pub fn wilson_interval(count: u64, n: u64) -> [f64; 2] {
    let p = count as f64 / n as f64;
    let n = n as f64;
    let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let middle = p + Z * Z / (2.0 * n);
    [-spread, spread].map(|spread| (middle + spread) / (1.0 + Z * Z / n))
}

/// The 95 % interval of the lift of a rule: the lift times `exp(± 1.96 s)`, where `s` is the
/// standard error of its logarithm by the delta method on the four cells (multinomial), which
/// allows for not knowing P(A) and P(C) exactly:
///
/// `s² = (1 / P(AC) - 1 / P(A) - 1 / P(C) + 2 P(AC) / (P(A) P(C)) - 1) / n`
///
/// Without a basket that holds both sides there is no logarithm; then it reaches from 0 to the
/// upper end of [`wilson_interval`] of the confidence over P(C). NaN where the lift is.
///
/// Source: Agresti (2013), "Categorical Data Analysis", section 16.1 (delta method for a
/// function of multinomial shares).
pub fn lift_interval(measures: &Measures) -> [f64; 2] {
    let [n, a, c, both] = [
        measures.n_baskets,
        measures.antecedent_count,
        measures.consequent_count,
        measures.count,
    ]
    .map(|count| count as f64);
    if measures.lift.is_nan() {
        return [f64::NAN; 2];
    }
    if measures.count == 0 {
        let [_, upper] = wilson_interval(0, measures.antecedent_count);
        return [0.0, upper * n / c];
    }
    let variance = 1.0 / both - 1.0 / a - 1.0 / c + 2.0 * both / (a * c) - 1.0 / n;
    // Exactly 0 where one side is in every basket; rounding must not take it below.
    let s = variance.max(0.0).sqrt();
    [-Z, Z].map(|z| measures.lift * (z * s).exp())
}
