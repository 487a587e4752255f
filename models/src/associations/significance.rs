//! How surprising a rule is: p-values of one rule, and q-values of many.

use std::f64::consts::{PI, SQRT_2};

use rayon::prelude::*;

/// The probability of seeing antecedent and consequent together as often as this or more often,
/// if they had nothing to do with each other (one-sided: only a positive association is
/// surprising).
///
/// - `n` baskets, `antecedent` of them with the antecedent, `consequent` with the consequent,
///   `both` with both.
/// - If one of the four expected counts is below 5: [`fisher_upper_tail`], which is exact.
/// - Otherwise the chi-squared test with one degree of freedom and no continuity correction,
///   one-sided: half its p-value if the association is positive, 1 less half if it is negative.
///   It is `erfc(z / sqrt(2)) / 2` with `z` the signed root of chi-squared, and falls to 0
///   where doubles end, at `z` of about 38.
/// - 1 if antecedent or consequent is in no basket or in every one: nothing can be learned.
pub fn p_value(n: u64, antecedent: u64, consequent: u64, both: u64) -> f64 {
    let not_a = n - antecedent;
    let not_c = n - consequent;
    if antecedent == 0 || consequent == 0 || not_a == 0 || not_c == 0 {
        return 1.0;
    }
    let smallest = antecedent.min(not_a) as f64 * consequent.min(not_c) as f64 / n as f64;
    if smallest < 5.0 {
        fisher_upper_tail(n, antecedent, consequent, both)
    } else {
        normal_upper_tail(signed_chi(n, antecedent, consequent, both))
    }
}

/// The probability that a standard normal variable is `z` or more.
pub(super) fn normal_upper_tail(z: f64) -> f64 {
    0.5 * libm::erfc(z / SQRT_2)
}

/// The root of chi-squared, negative where the association is: `sqrt(n)` times the correlation
/// phi. 0 if antecedent or consequent is in no basket or in every one.
pub(super) fn signed_chi(n: u64, antecedent: u64, consequent: u64, both: u64) -> f64 {
    let [n_, a, c] = [n, antecedent, consequent].map(|count| count as f64);
    let spread = a * (n_ - a) * c * (n_ - c);
    if spread > 0.0 {
        n_.sqrt() * excess(n, antecedent, consequent, both) / spread.sqrt()
    } else {
        0.0
    }
}

/// `n * both - antecedent * consequent`: zero exactly when the two are independent.
pub(super) fn excess(n: u64, antecedent: u64, consequent: u64, both: u64) -> f64 {
    // Computed in whole numbers, because the difference of two nearly equal products of counts
    // is the one place where a double could turn independence into association.
    let together = i128::from(n) * i128::from(both);
    let apart = i128::from(antecedent) * i128::from(consequent);
    (together - apart) as f64
}

/// Fisher's exact test, one-sided: the probability that, of `antecedent` baskets drawn without
/// putting back from `n` baskets of which `consequent` hold the consequent, `both` or more hold
/// it (the upper tail of the hypergeometric distribution).
///
/// Tails are summed term by term from the first one on, so a tiny p-value is as precise as a
/// large one (about 13 digits). The first term follows Loader (2000), "Fast and accurate
/// computation of binomial probabilities", so large counts do not cancel.
///
/// Source: Fisher (1935), "The logic of inductive inference".
pub fn fisher_upper_tail(n: u64, antecedent: u64, consequent: u64, both: u64) -> f64 {
    let least = (antecedent + consequent).saturating_sub(n);
    let most = antecedent.min(consequent);
    if both <= least {
        return 1.0;
    }
    if both > most {
        return 0.0;
    }
    let [n_, a, c, k] = [n, antecedent, consequent, both].map(|count| count as f64);
    // The probability of k + 1 over that of k.
    let up = |k: f64| (a - k) * (c - k) / ((k + 1.0) * (n_ - a - c + k + 1.0));
    if k > a * c / n_ {
        // Above the mean the terms only fall.
        let mut sum = 1.0;
        let mut term = 1.0;
        let mut at = k;
        while at < most as f64 && term > sum * 1e-17 {
            term *= up(at);
            sum += term;
            at += 1.0;
        }
        (sum * hypergeometric(n, antecedent, consequent, both)).min(1.0)
    } else {
        // Below it the other tail is the short one, and what is left of 1 is not small.
        let mut sum = 1.0;
        let mut term = 1.0;
        let mut at = k - 1.0;
        while at > least as f64 && term > sum * 1e-17 {
            term /= up(at - 1.0);
            sum += term;
            at -= 1.0;
        }
        (1.0 - sum * hypergeometric(n, antecedent, consequent, both - 1)).max(0.0)
    }
}

/// Fisher's exact test of two shares, two-sided: twice the smaller tail, at most 1.
///
/// Of `n` things `antecedent` are in the group, `consequent` have the property, `both` are and
/// have. Source: Fisher (1935), p. 50; doubling is the convention that keeps the test as strict
/// on either side.
pub(super) fn fisher_two_sided(n: u64, antecedent: u64, consequent: u64, both: u64) -> f64 {
    let upper = fisher_upper_tail(n, antecedent, consequent, both);
    // As many without the property or more is as few with it or fewer.
    let lower = fisher_upper_tail(n, antecedent, n - consequent, antecedent - both);
    (2.0 * upper.min(lower)).min(1.0)
}

/// The probability that a Poisson variable of this mean is `count` or more. Terms are summed
/// from `count` on, so small probabilities are as precise as large ones.
pub(super) fn poisson_upper_tail(mean: f64, count: u64) -> f64 {
    if count == 0 {
        return 1.0;
    }
    if mean <= 0.0 {
        return 0.0;
    }
    let k = count as f64;
    // The probability of exactly `x` (Loader 2000).
    let exactly = |x: u64| match x {
        0 => (-mean).exp(),
        _ => {
            let x_ = x as f64;
            (-stirling_error(x) - deviance(x_, mean)).exp() / (2.0 * PI * x_).sqrt()
        }
    };
    let mut sum = 1.0;
    let mut term = 1.0;
    if k > mean {
        let mut at = k;
        while term > sum * 1e-17 {
            at += 1.0;
            term *= mean / at;
            sum += term;
        }
        (sum * exactly(count)).min(1.0)
    } else {
        let mut at = k - 1.0;
        while at > 0.0 && term > sum * 1e-17 {
            term *= at / mean;
            sum += term;
            at -= 1.0;
        }
        (1.0 - sum * exactly(count - 1)).max(0.0)
    }
}

/// The probability of exactly `both`: three binomial probabilities with the same `p`, which
/// cancels.
fn hypergeometric(n: u64, antecedent: u64, consequent: u64, both: u64) -> f64 {
    let chances = [antecedent, n - antecedent].map(|count| count as f64 / n as f64);
    let log = log_binomial(both, consequent, chances)
        + log_binomial(antecedent - both, n - consequent, chances)
        - log_binomial(antecedent, n, chances);
    log.exp()
}

/// The logarithm of the probability of `x` successes in `n` trials; `p` and `q` are the
/// chances of success and failure, both above 0.
fn log_binomial(x: u64, n: u64, [p, q]: [f64; 2]) -> f64 {
    // The logarithm of a chance near 1 is only precise by way of the other chance.
    let log = |chance: f64, other: f64| match chance {
        small if small < 0.5 => small.ln(),
        _ => libm::log1p(-other),
    };
    if x == 0 {
        return n as f64 * log(q, p);
    }
    if x == n {
        return n as f64 * log(p, q);
    }
    let [x_, n_] = [x, n].map(|count| count as f64);
    let log_density = stirling_error(n)
        - stirling_error(x)
        - stirling_error(n - x)
        - deviance(x_, n_ * p)
        - deviance(n_ - x_, n_ * q);
    log_density + 0.5 * (n_ / (2.0 * PI * x_ * (n_ - x_))).ln()
}

/// `ln(n!)` less Stirling's formula for it.
fn stirling_error(n: u64) -> f64 {
    let n_ = n as f64;
    if n < 16 {
        return libm::lgamma(n_ + 1.0) - (n_ + 0.5) * n_.ln() + n_ - 0.5 * (2.0 * PI).ln();
    }
    let square = n_ * n_;
    (1.0 / 12.0
        - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square) / square)
            / square)
        / n_
}

/// `x ln(x / mean) + mean - x` without the cancellation where the two are close.
fn deviance(x: f64, mean: f64) -> f64 {
    let difference = x - mean;
    if difference.abs() < 0.1 * (x + mean) {
        let v = difference / (x + mean);
        let mut sum = difference * v;
        let mut term = 2.0 * x * v;
        let mut odd = 1.0;
        loop {
            term *= v * v;
            odd += 2.0;
            let next = sum + term / odd;
            if next == sum {
                return sum;
            }
            sum = next;
        }
    }
    x * (x / mean).ln() - difference
}

/// Turns the p-values of all tests that were made into q-values: a test is kept at `q <= 0.05`
/// when, among those kept, at most one in twenty is expected to be chance.
///
/// `q` of the i-th smallest of `m` p-values is the smallest `p_(j) * m / j` over `j >= i`, at
/// most 1. Equal p-values have equal q-values. The order of the input is kept; an empty input
/// gives an empty output.
///
/// **Every test counts**, those whose results are not shown too: leave some out and the
/// promise does not hold. p-values that are not numbers sort last and stay what they are.
///
/// Source: Benjamini and Hochberg (1995), "Controlling the false discovery rate".
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let scale = FalseDiscovery::new(p_values.to_vec(), p_values.len());
    p_values.iter().map(|&p| scale.q_value(p)).collect()
}

/// The q-value that belongs to each of the p-values of many tests.
pub(super) struct FalseDiscovery {
    /// Ascending.
    p_values: Vec<f64>,
    q_values: Vec<f64>,
}

impl FalseDiscovery {
    /// From the p-values of tests, in any order, out of `n_tests` that were made.
    ///
    /// Those left out have p-values above a limit that those given do not pass. The q-values
    /// up to that limit are the same as with all of them, because `p * m / j` is never below
    /// `p`; where higher ones are left out, a higher q-value is an upper bound.
    pub(super) fn new(mut p_values: Vec<f64>, n_tests: usize) -> Self {
        p_values.par_sort_unstable_by(f64::total_cmp);
        let m = n_tests as f64;
        let mut q_values = p_values.clone();
        let mut least = 1.0_f64;
        for (i, q) in q_values.iter_mut().enumerate().rev() {
            if !q.is_nan() {
                least = least.min(*q * m / (i + 1) as f64);
                *q = least;
            }
        }
        Self { p_values, q_values }
    }

    /// The q-value of a test with this p-value, or of the next higher one that was given; 1
    /// above all of them. What is not a number stays so.
    pub(super) fn q_value(&self, p: f64) -> f64 {
        if p.is_nan() {
            return p;
        }
        let place = self.p_values.partition_point(|other| *other < p);
        self.q_values.get(place).copied().unwrap_or(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn poisson_tails_agree_with_scipy() {
        // scipy.stats.poisson.sf(count - 1, mean)
        for (mean, count, expected) in [
            (0.5, 3, 0.014387677966970684),
            (4.2, 20, 2.2415989851938598e-08),
            (4.2, 3, 0.7897620129769025),
            (100.0, 150, 1.8842104660386844e-06),
            (3.0, 1, 0.950212931632136),
        ] {
            let found = poisson_upper_tail(mean, count);
            assert!(
                (found / expected - 1.0).abs() < 1e-11,
                "{found}, not {expected}"
            );
        }
        assert_eq!(poisson_upper_tail(0.0, 0), 1.0);
        assert_eq!(poisson_upper_tail(0.0, 1), 0.0);
    }
}
