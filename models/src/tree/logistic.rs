//! Exponential and logistic function of many numbers at once.
//!
//! Plain multiplications and additions in a stated order, without a branch or a table: the
//! compiler works on two numbers at a time, and every platform gives the same bits.

/// 1.5 * 2^52: added to a number of less than 51 bits it leaves the nearest whole number in the
/// low bits.
const TO_WHOLE: f64 = 6_755_399_441_055_744.0;

/// The natural logarithm of 2 in two parts; multiples of the first up to 2^11 are exact.
const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// One over the factorials of 12, 11, ..., 0.
const TAYLOR: [f64; 13] = [
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
    1.0,
    1.0,
];

/// `e` to the power of `x`, within 1e-15 of it; beyond -700 and 700 that of -700 and 700.
///
/// Writes `x` as `k ln 2 + r` with whole `k`, so that `|r| <= 0.35`, and takes the Taylor series
/// of `r`, whose next term is below 2e-16 (the usual way; Muller 2016, "Elementary functions",
/// section 5.2).
#[inline]
pub(crate) fn exp(x: f64) -> f64 {
    let x = if x < -700.0 { -700.0 } else { x };
    let x = if x > 700.0 { 700.0 } else { x };
    let shifted = x * std::f64::consts::LOG2_E + TO_WHOLE;
    let k = shifted - TO_WHOLE;
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    let mut series = TAYLOR[0];
    for term in &TAYLOR[1..] {
        series = series * r + term;
    }
    // The low bits of `shifted` are those of `k`; shifted up they are the exponent of 2^k.
    let power = f64::from_bits((shifted.to_bits().wrapping_add(1023)) << 52);
    series * power
}

/// The probability at log-odds `score`.
#[inline]
pub(crate) fn sigmoid(score: f64) -> f64 {
    1.0 / (1.0 + exp(-score))
}

/// The log loss at log-odds `score`: `ln(1 + exp(-margin))`, which cannot overflow to infinity for
/// a margin that a model can reach.
pub(crate) fn log_loss_of_score(score: f64, label: bool) -> f64 {
    let margin = if label { score } else { -score };
    if margin > 0.0 {
        libm::log1p(libm::exp(-margin))
    } else {
        libm::log1p(libm::exp(margin)) - margin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_that_of_the_mathematical_library() {
        for i in -140_000..=140_000 {
            let x = f64::from(i) / 200.0 + f64::from(i % 97) * 1e-5;
            let (got, want) = (exp(x), libm::exp(x.clamp(-700.0, 700.0)));
            assert!(
                (got - want).abs() <= 1e-15 * want,
                "exp({x}) = {got}, not {want}"
            );
        }
        assert_eq!(exp(0.0), 1.0);
    }

    #[test]
    fn probabilities_lie_in_their_range_and_mirror_each_other() {
        assert_eq!(sigmoid(0.0), 0.5);
        for x in [1e-9, 0.3, 2.0, 30.0, 800.0, f64::INFINITY] {
            let (p, q) = (sigmoid(x), sigmoid(-x));
            assert!((0.0..=1.0).contains(&p) && (0.0..=1.0).contains(&q));
            assert!((p + q - 1.0).abs() < 1e-15);
        }
    }
}
