//! How likely it is that two items are together so rarely, or so often, if one has nothing to do
//! with the other.

use super::fisher_upper_tail;
use crate::special::beta_share;

/// Fisher's exact test of avoidance, one-sided: the probability that, of `first` baskets drawn
/// without putting back from `n` baskets of which `second` hold the second item, `both` or fewer
/// hold it (the lower tail of the hypergeometric distribution).
///
/// It is the upper tail for the baskets *without* the second item, and as precise: a tiny
/// p-value keeps about 13 digits.
///
/// Source: Fisher (1935), "The logic of inductive inference".
pub fn fisher_lower_tail(n: u64, first: u64, second: u64, both: u64) -> f64 {
    match first.checked_sub(both) {
        Some(without) => fisher_upper_tail(n, first, n - second, without),
        None => 1.0,
    }
}

/// An item in a stratum: baskets that are compared with each other.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Held {
    /// Number of baskets that hold the item.
    pub(super) baskets: f64,
    /// Number of other items in those baskets.
    pub(super) beside: f64,
}

/// How often two items are together in all strata, and the distribution of that number if they
/// had nothing to do with each other.
///
/// **The mean.** A basket with the first item has places beside it. If the items had nothing to do
/// with each other, each of these places would go to the second one as often as all places go to
/// it that the first does not take. With `places` in all `n` baskets of a stratum, `a` baskets
/// with the first item, `beside` places there, and `b` baskets with the second, that is
///
/// ```text
/// beside * b / (places - a)
/// ```
///
/// seen from the item in more baskets; of equally frequent ones the mean of both views. It keeps
/// the sizes of the baskets and the numbers of the items, as swapping items between baskets at random
/// would (Gionis, Mannila, Mielikäinen and Tsaparas 2007, "Assessing data mining results via
/// swap randomization"). `a b / n`, which takes no notice of places, makes complements of all
/// pairs where sizes differ, and substitutes of all pairs where baskets are small: of two
/// places, the one that the first item takes is not free for the second.
///
/// **The variance** is the hypergeometric one, with that mean (Mantel and Haenszel 1959,
/// "Statistical aspects of the analysis of data from retrospective studies of disease").
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Together {
    /// Number of baskets with both.
    pub(super) observed: f64,
    /// The mean.
    pub(super) expected: f64,
    pub(super) variance: f64,
    /// The fewest there can be.
    pub(super) least: f64,
    /// The most there can be.
    pub(super) most: f64,
}

impl Together {
    /// Adds a stratum of `n` baskets, without what was observed there.
    #[inline]
    pub(super) fn add(&mut self, n: f64, places: f64, first: Held, second: Held) {
        let [a, b] = [first.baskets, second.baskets];
        let least = (a + b - n).max(0.0);
        let most = a.min(b).min(first.beside).min(second.beside);
        self.least += least;
        self.most += most;
        let seen_from =
            |one: Held, other: Held| one.beside * other.baskets / (places - one.baskets);
        let mean = if most <= least {
            least
        } else if a > b {
            seen_from(first, second)
        } else if a < b {
            seen_from(second, first)
        } else {
            0.5 * (seen_from(first, second) + seen_from(second, first))
        };
        self.expected += mean.clamp(least, most.max(least));
        // At its ends the number is certain.
        if least < mean && mean < most {
            self.variance += mean * (n - a) * (n - b) / (n * (n - 1.0));
        }
    }

    /// The probability of so few or fewer.
    pub(super) fn lower_tail(&self) -> f64 {
        let successes = self.most - self.least;
        let mean = self.expected - self.least;
        let k = self.observed - self.least;
        if mean <= successes / 2.0 {
            at_most(k, successes, mean, self.variance)
        } else {
            at_least(successes - k, successes, successes - mean, self.variance)
        }
    }

    /// The probability of so many or more.
    pub(super) fn upper_tail(&self) -> f64 {
        // So many with both are so few with the first without the second.
        let swapped = Self {
            observed: self.least + self.most - self.observed,
            expected: self.least + self.most - self.expected,
            ..*self
        };
        swapped.lower_tail()
    }

    /// The lower and the upper end of the 95 % interval of what was observed, as a multiple of
    /// what was expected.
    ///
    /// The count is taken as Poisson, by Byar's approximation (Breslow and Day 1987, "Statistical
    /// methods in cancer research", volume II, equation 2.13). That is wider than need be where
    /// the items are in many baskets.
    pub(super) fn ratio_interval(&self) -> [f64; 2] {
        const Z: f64 = 1.959963984540054;
        let end = |count: f64, z: f64| {
            count * (1.0 - 1.0 / (9.0 * count) + z / (3.0 * count.sqrt())).powi(3)
        };
        let lower = match self.observed {
            none if none <= 0.0 => 0.0,
            count => end(count, -Z).max(0.0),
        };
        [lower, end(self.observed + 1.0, Z)].map(|count| count / self.expected)
    }
}

/// The probability of at most `k` successes in up to `n` independent trials of unequal chances,
/// which have this mean, at most `n / 2`, and this variance.
///
/// A sum of hypergeometric numbers is such a number of successes (Vatutin and Mikhailov 1982,
/// "Limit theorems for the number of empty cells in an equiprobable scheme for group
/// allocation"). It is taken as binomial with the same mean and variance, which needs a number of
/// trials that is not whole. Held against the exact distribution for items in up to a tenth of the
/// baskets, p-values down to 1e-4 are right within a few hundredths (the upper tail below 1e-2
/// within a fifth), and those near 1e-8 within a factor of 6; a normal distribution is wrong by a
/// factor of 50 at 15 where 5 are expected.
fn at_most(k: f64, n: f64, mean: f64, variance: f64) -> f64 {
    if k >= n || variance <= 0.0 {
        return 1.0;
    }
    let (trials, chance) = matched(n, mean, variance);
    if k >= trials {
        return 1.0;
    }
    fewer_than(k + 1.0, trials, chance)
        .unwrap_or_else(|| beta_share(trials - k, k + 1.0, 1.0 - chance, chance))
}

/// The probability of at least `k` successes, as [`at_most`].
///
/// Where `k` is more than all trials of the matched binomial, those of equal chances with the same
/// mean take its place, whose tail is never below (Hoeffding 1956, "On the distribution of the
/// number of successes in independent trials").
fn at_least(k: f64, n: f64, mean: f64, variance: f64) -> f64 {
    if k <= 0.0 || variance <= 0.0 {
        return 1.0;
    }
    let (mut trials, mut chance) = matched(n, mean, variance);
    if k > trials - 1.0 {
        (trials, chance) = (n, mean / n);
    }
    if k > trials {
        return 0.0;
    }
    match fewer_than(k, trials, chance) {
        // What is left of 1 is precise as long as it is not small.
        Some(fewer) if fewer < 0.9 => return 1.0 - fewer,
        _ => {}
    }
    beta_share(k, trials - k + 1.0, chance, 1.0 - chance)
}

/// The probability that a binomial number is below `k`, which is at most `trials + 1`, added up
/// where that takes few terms. It is what most pairs need, and takes a tenth of the time.
fn fewer_than(k: f64, trials: f64, chance: f64) -> Option<f64> {
    if k > 32.0 || trials * chance > 600.0 || chance > 0.9 {
        return None;
    }
    let odds = chance / (1.0 - chance);
    let mut term = (trials * libm::log1p(-chance)).exp();
    let mut sum = 0.0;
    let mut successes = 0.0;
    while successes < k {
        sum += term;
        term *= (trials - successes) / (successes + 1.0) * odds;
        successes += 1.0;
    }
    Some(sum)
}

/// Trials and chance of the binomial with this mean and variance, with at most `n` trials.
fn matched(n: f64, mean: f64, variance: f64) -> (f64, f64) {
    let trials = (mean * mean / (mean - variance)).clamp(mean, n);
    // Rounding can take the variance to the mean, where the trials have no limit but `n`.
    let trials = if trials.is_nan() { n } else { trials };
    (trials, mean / trials)
}
