//! Thresholds of single precision, asked of values of double precision.

/// Where the values end that become a threshold or less once they are rounded to `f32`.
///
/// A value halfway between two neighbours becomes the one whose last bit is 0 (IEEE 754, round to
/// nearest, ties to even), so that the end belongs to those values or not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Edge {
    /// The end.
    pub at: f64,
    /// Whether it belongs to them: `value <= at`, else `value < at`.
    pub included: bool,
}

/// From here on a value of double precision becomes infinity.
pub(super) const INFINITE: f64 = 340_282_356_779_733_661_637_539_395_458_142_568_448.0;

/// Up to here it becomes 0: half of the smallest number of single precision.
pub(super) const NOTHING: f64 = 7.006_492_321_624_085e-46;

/// The edge of a threshold that is not `+inf` (up to which every value goes) nor NaN.
pub(super) fn edge(threshold: f32) -> Edge {
    let included = threshold.to_bits() & 1 == 0;
    let at = match (threshold.next_up(), threshold == f32::NEG_INFINITY) {
        (_, true) => -INFINITE,
        (next, _) if next.is_infinite() => INFINITE,
        (next, _) => f64::midpoint(f64::from(threshold), f64::from(next)),
    };
    Edge { at, included }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    fn holds(edge: Edge, value: f64) -> bool {
        match edge.included {
            true => value <= edge.at,
            false => value < edge.at,
        }
    }

    #[test]
    fn the_edge_asks_of_doubles_what_the_threshold_asks_of_singles() {
        let drawn = (0..20_000).map(|i| f32::from_bits(random::bits(5, 0, i) as u32));
        let known = [
            0.0,
            -0.0,
            1.0,
            14.5,
            0.1,
            f32::MAX,
            f32::MIN,
            f32::MIN_POSITIVE,
            f32::from_bits(1),
            -f32::from_bits(1),
            f32::NEG_INFINITY,
        ];
        let mut asked = 0;
        for threshold in drawn
            .filter(|t| !t.is_nan() && *t != f32::INFINITY)
            .chain(known)
        {
            let edge = edge(threshold);
            let exact = f64::from(threshold);
            let mut values = vec![exact, 0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY];
            for near in [edge.at, exact, INFINITE, NOTHING, -NOTHING] {
                values.extend([near.next_up(), near, near.next_down()]);
            }
            for value in values {
                assert_eq!(
                    holds(edge, value),
                    value as f32 <= threshold,
                    "{value:e} and {threshold:e}: {edge:?}"
                );
                asked += 1;
            }
        }
        assert!(asked > 300_000);
    }

    #[test]
    fn beyond_these_a_double_is_no_single() {
        assert_eq!(INFINITE as f32, f32::INFINITY);
        assert_eq!(INFINITE.next_down() as f32, f32::MAX);
        assert_eq!(NOTHING as f32, 0.0);
        assert!(NOTHING.next_up() as f32 > 0.0);
    }
}
