//! The exact weighted quantile, by selection.

/// The number `v` below and above which `pairs` of value and weight lie as `quantile` and
/// `1 - quantile`: it minimises the pinball loss. Where the weights part exactly between two
/// values, every number between them does, and the middle is returned. 0 for no pairs.
///
/// Weights must be above 0. Puts `pairs` in another order; time is linear on average.
pub(crate) fn weighted_quantile(pairs: &mut [(f64, f64)], quantile: f64) -> f64 {
    let mut wanted = quantile * weight(pairs);
    let mut rest = pairs;
    // The wanted weight lies within `rest`; whatever was cut off lies wholly to one side.
    let mut above = f64::INFINITY;
    while rest.len() > 1 {
        let middle = rest.len() / 2;
        let (_, value, _) = rest.select_nth_unstable_by(middle, |a, b| a.0.total_cmp(&b.0));
        let value = value.0;
        let (lower, upper) = rest.split_at_mut(middle);
        let of_lower = weight(lower);
        if wanted <= of_lower {
            above = value;
            rest = lower;
        } else {
            wanted -= of_lower;
            rest = upper;
        }
    }
    match rest.first() {
        None => 0.0,
        Some((value, weight)) if wanted >= *weight && above.is_finite() => (value + above) / 2.0,
        Some((value, _)) => *value,
    }
}

fn weight(pairs: &[(f64, f64)]) -> f64 {
    pairs.iter().map(|pair| pair.1).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    #[track_caller]
    fn check(pairs: &[(f64, f64)], quantile: f64, expected: f64) {
        assert_eq!(weighted_quantile(&mut pairs.to_vec(), quantile), expected);
    }

    #[test]
    fn quantiles_worked_by_hand() {
        let ones = [(3.0, 1.0), (1.0, 1.0), (2.0, 1.0), (4.0, 1.0)];
        check(&ones, 0.5, 2.5);
        check(&ones, 0.25, 1.5);
        check(&ones, 0.3, 2.0);
        check(&ones, 0.9, 4.0);
        check(&[(5.0, 2.0)], 0.1, 5.0);
        check(&[], 0.5, 0.0);
        // 1 weighs as much as 2 and 9 together.
        check(&[(9.0, 1.0), (1.0, 3.0), (2.0, 2.0)], 0.5, 1.5);
        check(&[(9.0, 1.0), (1.0, 2.0), (2.0, 2.0)], 0.5, 2.0);
    }

    #[test]
    fn no_value_has_a_lower_pinball_loss() {
        for seed in 0..200 {
            let draw = |i: u64| random::bits(seed, 7, i) % 12;
            let n = 1 + draw(0) as usize * 2;
            let mut pairs: Vec<(f64, f64)> = (0..n as u64)
                .map(|i| (draw(100 + i) as f64, (1 + draw(200 + i) % 4) as f64))
                .collect();
            let quantile = [0.1, 0.25, 0.5, 0.75, 0.9][seed as usize % 5];
            let loss = |v: f64, pairs: &[(f64, f64)]| -> f64 {
                let of =
                    |(y, w): &(f64, f64)| w * (quantile * (y - v)).max((quantile - 1.0) * (y - v));
                pairs.iter().map(of).sum()
            };
            let found = weighted_quantile(&mut pairs.clone(), quantile);
            let lowest = pairs
                .iter()
                .map(|p| loss(p.0, &pairs))
                .fold(f64::INFINITY, f64::min);
            assert!(loss(found, &pairs) <= lowest + 1e-9, "seed {seed}: {found}");
            // Copies count like weights.
            let mut copies: Vec<(f64, f64)> = pairs
                .iter()
                .flat_map(|(y, w)| vec![(*y, 1.0); *w as usize])
                .collect();
            assert_eq!(
                weighted_quantile(&mut copies, quantile),
                found,
                "seed {seed}"
            );
            pairs.reverse();
            assert_eq!(
                weighted_quantile(&mut pairs, quantile),
                found,
                "seed {seed}"
            );
        }
    }
}
