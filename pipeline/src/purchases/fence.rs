//! From where on a value is far outside of what is usual.

/// The value beyond which one is far outside, for values above 0, from their lower quartile,
/// median, upper quartile and 99th percentile: on a log scale, the nearer of three interquartile
/// ranges above the upper quartile (Tukey's outer fence) and as far above the 99th percentile as
/// that is above the median.
///
/// A clean log-normal column has two or three values in a million beyond it. The first alone
/// is too far out where most are close to the maximum, the second where one in a hundred is
/// wrong. A ratio never counts as less than 2 (quartiles) or 4 (percentiles), so that columns
/// with few different values have room.
pub fn fence([lower, middle, upper, high]: [f64; 4]) -> f64 {
    let ratio = |over: f64, under: f64, least: f64| (over / under.max(1.0)).max(least);
    let quartiles = upper * ratio(upper, lower, 2.0).powi(3);
    let percentiles = high * ratio(high, middle, 4.0);
    quartiles.min(percentiles).ceil()
}

/// The [`fence`] of whole numbers, which are sorted for it; 0 of none.
pub fn fence_of(values: &mut [u32]) -> u32 {
    values.sort_unstable();
    // The least value that at least so many thousandths do not exceed.
    let at = |thousandths: usize| {
        let place = (values.len() * thousandths).div_ceil(1000).max(1) - 1;
        values.get(place).copied().map_or(0.0, f64::from)
    };
    fence([250, 500, 750, 990].map(at)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_usual_lies_within_and_a_giant_beyond() {
        // Quartiles 3 and 8: 8 * (8/3)^3 = 151.7; 99th percentile 10: 10 * 4 = 40.
        let mut sizes: Vec<u32> = (0..1000).map(|i| 1 + i % 10).collect();
        sizes.push(5000);
        assert_eq!(fence_of(&mut sizes), 40);
        assert_eq!(fence_of(&mut []), 0);
        assert_eq!(fence_of(&mut [1]), 4);
    }
}
