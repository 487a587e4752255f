//! What a contact changes: who is held back so that it can be seen, how many that has to be, and
//! the difference between those who were contacted and those who were not.

mod overlap;

use std::collections::BTreeMap;

pub use overlap::Overlap;

use crate::special::normal_quantile;

/// How many standard errors lie on each side of an estimate in a 95 % interval.
const SIDE: f64 = 1.959_963_984_540_054;

/// Who is held back: in each stratum those with the smallest keys, `number` of them in all.
///
/// - `keys`: one for each candidate, no two alike; keyed hashes make the choice random and stable.
/// - `strata`: the stratum of each; all alike for one choice among all.
///
/// Each stratum gives its share of `number`, rounded so that they add up: largest remainder first,
/// ties by the stratum.
pub fn hold_back<K: Ord>(keys: &[K], strata: &[u32], number: usize) -> Vec<bool> {
    let mut members: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (candidate, stratum) in strata.iter().enumerate() {
        members.entry(*stratum).or_default().push(candidate);
    }
    let all = keys.len().max(1) as u128;
    let number = number.min(keys.len());
    // Shares in whole numbers: what a stratum is due, and what is left of it.
    let due = |size: usize| {
        let product = size as u128 * number as u128;
        ((product / all) as usize, product % all)
    };
    let mut take: Vec<(u32, usize, u128)> = members
        .iter()
        .map(|(stratum, of)| (*stratum, due(of.len()).0, due(of.len()).1))
        .collect();
    take.sort_by(|a, b| b.2.cmp(&a.2).then(a.0.cmp(&b.0)));
    let missing = number - take.iter().map(|(_, whole, _)| whole).sum::<usize>();
    for (_, whole, _) in take.iter_mut().take(missing) {
        *whole += 1;
    }
    let mut held = vec![false; keys.len()];
    for (stratum, whole, _) in take {
        let Some(of) = members.get_mut(&stratum) else {
            continue;
        };
        of.sort_by(|&a, &b| keys[a].cmp(&keys[b]));
        of.iter().take(whole).for_each(|&one| held[one] = true);
    }
    held
}

/// How many customers each of two groups needs so that a difference between two shares is seen.
///
/// `n = (z(1-α/2) + z(power))² (p q + p' q') / (p - p')²`, two-sided, with the variances of the
/// shares themselves (Fleiss, Levin and Paik 2003, section 4.2, without continuity correction).
/// With the pooled variance under the null, as some packages have it, about 0.1 % more.
///
/// None where no number would do: equal shares, or what is no probability.
pub fn group_size(share: f64, other: f64, significance: f64, power: f64) -> Option<f64> {
    let probability = |p: f64| (0.0..=1.0).contains(&p);
    let inside = |p: f64| p > 0.0 && p < 1.0;
    if !(probability(share) && probability(other) && inside(significance) && inside(power)) {
        return None;
    }
    let z = normal_quantile(1.0 - significance / 2.0) + normal_quantile(power);
    let variance = share * (1.0 - share) + other * (1.0 - other);
    let size = z * z * variance / (share - other).powi(2);
    size.is_finite().then_some(size)
}

/// A difference between two groups with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The estimate.
    pub estimate: f64,
    /// Where the interval begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
}

impl Difference {
    fn around(estimate: f64, variance: f64) -> Self {
        let side = SIDE * variance.sqrt();
        Self {
            estimate,
            low: estimate - side,
            high: estimate + side,
        }
    }
}

/// Numbers of a group: how many, their mean, and their variance.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Group {
    /// How many.
    pub size: f64,
    /// Their mean; the share of yes where they are yes or no.
    pub mean: f64,
    /// Their variance; that of the group itself for yes or no, of the population it was drawn from
    /// for amounts.
    pub variance: f64,
}

impl Group {
    /// A group of which some said yes.
    pub fn of_yes(yes: u64, size: u64) -> Self {
        let mean = yes as f64 / size as f64;
        Self {
            size: size as f64,
            mean,
            variance: mean * (1.0 - mean),
        }
    }

    /// A group of amounts.
    pub fn of(amounts: &[f64]) -> Self {
        let size = amounts.len() as f64;
        let mean = amounts.iter().sum::<f64>() / size;
        let squares: f64 = amounts.iter().map(|amount| (amount - mean).powi(2)).sum();
        Self {
            size,
            mean,
            variance: squares / (size - 1.0),
        }
    }

    /// How far it lies above another: the difference of the means, with the interval of Wald, which
    /// is what an unpooled two-proportion comparison and Welch's for large groups have in common.
    ///
    /// None where a group is too small to say how much its members differ.
    pub fn above(&self, other: &Self) -> Option<Difference> {
        let variance = self.variance / self.size + other.variance / other.size;
        let estimate = self.mean - other.mean;
        (variance.is_finite() && estimate.is_finite())
            .then(|| Difference::around(estimate, variance))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::unit;

    #[test]
    fn sizes_are_those_of_statsmodels() {
        // statsmodels 0.14, normal_sample_size_one_tail(difference, power, significance / 2,
        // std_null=s, std_alternative=s) with s² the sum of both variances.
        for (share, other, significance, power, expected) in [
            (0.05, 0.07, 0.05, 0.8, 2_209.459_645_219_269_5),
            (0.3, 0.33, 0.05, 0.9, 5_033.055_646_430_06),
            (0.01, 0.015, 0.1, 0.8, 6_102.183_988_003_515),
        ] {
            let size = group_size(share, other, significance, power).unwrap();
            assert!(
                (size / expected - 1.0).abs() < 1e-9,
                "{size} is not {expected}"
            );
            let swapped = group_size(other, share, significance, power).unwrap();
            assert_eq!(size, swapped);
        }
        assert_eq!(group_size(0.1, 0.1, 0.05, 0.8), None);
        assert_eq!(group_size(0.1, 1.2, 0.05, 0.8), None);
    }

    #[test]
    fn intervals_are_those_of_statsmodels() {
        // confint_proportions_2indep(yes, n, yes, n, method="wald", compare="diff").
        for (treated, control, low, high) in [
            (
                (120, 1000),
                (40, 500),
                0.008_837_188_992_783_792,
                0.071_162_811_007_216_19,
            ),
            (
                (7, 90),
                (3, 30),
                -0.142_994_531_295_099_8,
                0.098_550_086_850_655_53,
            ),
        ] {
            let group = |(yes, size)| Group::of_yes(yes, size);
            let found = group(treated).above(&group(control)).unwrap();
            assert!((found.low - low).abs() < 1e-12, "{found:?}");
            assert!((found.high - high).abs() < 1e-12, "{found:?}");
        }
        assert_eq!(Group::of(&[1.0]).above(&Group::of(&[1.0, 2.0])), None);
        assert_eq!(Group::of_yes(0, 0).above(&Group::of_yes(1, 2)), None);
    }

    #[test]
    fn intervals_hold_the_truth_in_ninety_five_of_a_hundred_campaigns() {
        // Twenty times two hundred campaigns, each with its own base, uplift and spend.
        let (mut shares, mut amounts) = (Vec::new(), Vec::new());
        for campaign in 0..4000_u64 {
            let chance = |of: u64| unit(20, campaign, of);
            let (base, uplift) = (0.05 + 0.3 * chance(0), 0.06 * chance(1));
            // One seed for each campaign and group, one number for each customer.
            let group = |seed: u64, size: u64, share: f64| {
                let buys = move |row: u64| unit(seed, campaign, row) < share;
                // Baskets of those who buy are exponential with the mean 30.
                let spent = move |row: u64| -30.0 * (1.0 - unit(seed + 1, campaign, row)).ln();
                let yes = (0..size).filter(|&row| buys(row)).count() as u64;
                let spend: Vec<f64> = (0..size)
                    .map(|row| if buys(row) { spent(row) } else { 0.0 })
                    .collect();
                (Group::of_yes(yes, size), Group::of(&spend))
            };
            let (treated, treated_spend) = group(1, 1800, base + uplift);
            let (control, control_spend) = group(3, 600, base);
            let holds = |found: Difference, truth: f64| found.low <= truth && truth <= found.high;
            shares.push(holds(treated.above(&control).unwrap(), uplift));
            let spend = treated_spend.above(&control_spend).unwrap();
            amounts.push(holds(spend, 30.0 * uplift));
        }
        for held in [shares, amounts] {
            let share =
                |of: &[bool]| of.iter().filter(|held| **held).count() as f64 / of.len() as f64;
            assert!(
                (0.93..=0.97).contains(&share(&held[..200])),
                "{}",
                share(&held[..200])
            );
            // The standard error of a share of 95 % among 4000 is 0.0034.
            assert!((share(&held) - 0.95).abs() < 0.0105, "{}", share(&held));
        }
    }

    #[test]
    fn every_stratum_gives_its_share_and_the_choice_depends_on_keys_alone() {
        let keys: Vec<u64> = (0..100).map(|row| crate::random::draw(7, row)).collect();
        let strata: Vec<u32> = (0..100).map(|row| u32::from(row % 10 == 0)).collect();
        let held = hold_back(&keys, &strata, 25);
        let of = |stratum| {
            (0..100)
                .filter(|&row| held[row] && strata[row] == stratum)
                .count()
        };
        // 22.5 and 2.5: the remainders are alike, and the first stratum comes first.
        assert_eq!((of(0), of(1)), (23, 2));
        let (largest_held, smallest_sent) = (0..100).filter(|&row| strata[row] == 0).fold(
            (0, u64::MAX),
            |(held_most, sent_least), row| match held[row] {
                true => (held_most.max(keys[row]), sent_least),
                false => (held_most, sent_least.min(keys[row])),
            },
        );
        assert!(largest_held < smallest_sent);
        assert_eq!(hold_back(&keys, &strata, 900), vec![true; 100]);
        assert_eq!(hold_back::<u64>(&[], &[], 3), Vec::<bool>::new());
    }
}
