//! Random numbers by counter: the number for (seed, stream, index) does not depend on which
//! others were drawn before, so it is the same on any thread and in any order.

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014): a bijection that mixes every bit.
pub(crate) fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// 64 random bits for `index` under `seed`.
pub fn draw(seed: u64, index: u64) -> u64 {
    mix(mix(seed) ^ index)
}

/// 64 random bits for `index` of `stream` under `seed`.
pub(crate) fn bits(seed: u64, stream: u64, index: u64) -> u64 {
    mix(draw(seed, stream) ^ index)
}

/// A number in `0.0..1.0`, uniform over multiples of 2^-53.
pub(crate) fn unit(seed: u64, stream: u64, index: u64) -> f64 {
    (bits(seed, stream, index) >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_uniform_and_differ_between_neighbouring_counters() {
        let n = 100_000;
        for (seed, stream) in [(0, 0), (0, 1), (1, 0), (42, 7)] {
            let mean = (0..n).map(|i| unit(seed, stream, i)).sum::<f64>() / n as f64;
            // The standard error of the mean is 0.2887 / sqrt(100,000) = 0.0009.
            assert!(
                (mean - 0.5).abs() < 0.004,
                "mean {mean} for seed {seed}, stream {stream}"
            );
        }
        let correlation = (0..n)
            .map(|i| (unit(1, 0, i) - 0.5) * (unit(1, 1, i) - 0.5) * 12.0)
            .sum::<f64>()
            / n as f64;
        assert!(
            correlation.abs() < 0.013,
            "streams 0 and 1 correlate: {correlation}"
        );
    }
}
