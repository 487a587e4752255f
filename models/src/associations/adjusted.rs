//! Whether a rule says more than that large baskets hold more of everything.

use std::iter;

use rayon::prelude::*;

use super::{
    Baskets, Rule, Strata,
    index::ItemIndex,
    significance::{FalseDiscovery, normal_upper_tail, poisson_upper_tail},
};

/// Counts of one chunk of rules: at 4 bytes each, 64 MiB.
const MAX_COUNTS: usize = 1 << 24;

/// A rule judged among baskets of one stratum; see [`adjust`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adjusted {
    /// Baskets that would hold both sides if they had nothing to do with each other, with the
    /// sizes (and groups) of baskets as they are.
    pub expected: f64,
    /// Baskets with both over those expected. Neutral: 1. NaN if none is expected.
    pub lift: f64,
    /// By how many times the odds of the consequent are higher with the antecedent than
    /// without, in baskets of one stratum (the Mantel-Haenszel estimate). Neutral: 1. Infinite
    /// if the consequent never goes without the antecedent, NaN if nothing can be learned.
    pub odds_ratio: f64,
    /// The chance of being together so often or more often, if the odds ratio were no higher
    /// than the one that was asked for; for two items or more in the antecedent also of being
    /// better, by any odds ratio, than with one item less.
    pub p_value: f64,
    /// `p_value` corrected for all tests, by Benjamini and Hochberg.
    pub q_value: f64,
}

/// Judges rules against the chance that takes the size of baskets into account, and whatever
/// else the strata tell apart.
///
/// - `baskets` are those that `strata` were made from.
/// - `min_odds_ratio` is what the odds ratio has to exceed *significantly*; 1 asks for any
///   association. In a large history next to everything is significant, and a rule that is not
///   surely 1.2 or 1.5 times as good as chance is of no use.
/// - `n_tests` is how many rules were candidates; those that are not among `rules` count as
///   tests that failed. It is never taken as lower than the number of rules.
///
/// In stratum `k` there are `n` baskets, `a` with the antecedent, `c` with the consequent and
/// `x` with both. The null hypothesis says that a basket of given size was filled by chance,
/// each item as popular as it is in that stratum. Filled so, baskets with the antecedent have
/// the fewer places for the consequent: with `r` and `s` items of the two sides and baskets of
/// size `m` the odds ratio is not 1, but `psi = C(m - r, s) / C(m, s)`, such as 1/2 for two items
/// and baskets of two (the conditional odds ratio of a Rasch model given the total, where the
/// assortment is wide beside a basket; in a narrow one it is lower still, so that the test asks
/// for too much rather than too little). Given the margins, `x` is then hypergeometric with
/// that odds ratio, and the test adds up strata as Mantel and Haenszel do:
///
/// `z = (sum x - sum E(x) - 1/2) / sqrt(sum V(x))`, one-sided,
///
/// with Cornfield's mean, where `E (n - a - c + E) = psi (a - E) (c - E)`, and the variance
/// `n / (n - 1) / (1/E + 1/(a - E) + 1/(c - E) + 1/(n - a - c + E))`. With `psi = 1` this is the
/// Mantel-Haenszel test as published. Where the sum of means or of variances is below 5, the upper
/// tail of a Poisson variable of that mean takes its place; a sum of hypergeometric variables is
/// one of independent trials, whose tail is never heavier.
///
/// For an antecedent of several items the same test is made against each antecedent with one
/// item less, among the baskets that hold it, and the largest p-value counts (Webb 2007).
///
/// The results are in the order of the rules and the same on any number of threads; sums are
/// taken over the strata in their order. A rule takes about 40 microseconds on one thread with
/// 130,000 baskets, more with more of them.
///
/// Sources: Mantel and Haenszel (1959), "Statistical aspects of the analysis of data from
/// retrospective studies of disease"; Cornfield (1956), "A statistical problem arising from
/// retrospective studies"; Breslow and Day (1980), "Statistical methods in cancer research",
/// volume 1, section 4.4; Rasch (1960), "Probabilistic models for some intelligence and
/// attainment tests"; Hoeffding (1956), "On the distribution of the number of successes in
/// independent trials".
///
/// # Panics
/// If `strata` are of other baskets (their number differs).
pub fn adjust(
    rules: &[Rule],
    baskets: &Baskets,
    strata: &Strata,
    min_odds_ratio: f64,
    n_tests: usize,
) -> Vec<Adjusted> {
    let index = ItemIndex::in_strata(rules, baskets, strata);
    adjust_by(rules, &index, strata, min_odds_ratio, n_tests)
}

/// [`adjust`] by an index of the baskets, stratum after stratum.
pub(super) fn adjust_by(
    rules: &[Rule],
    index: &ItemIndex,
    strata: &Strata,
    min_odds_ratio: f64,
    n_tests: usize,
) -> Vec<Adjusted> {
    let of_all = strata.count(None);
    let mut adjusted: Vec<Adjusted> = Vec::with_capacity(rules.len());
    // A rule of three items needs up to seven sets; longer ones share most of theirs.
    for chunk in rules.chunks((MAX_COUNTS / 7 / strata.len().max(1)).max(1)) {
        let sets = Sets::new(chunk, index, strata);
        adjusted.par_extend(chunk.par_iter().enumerate().map(|(i, rule)| {
            let [r, s] = [&rule.antecedent, &rule.consequent].map(Vec::len);
            let [a, c, both] = [0, 1, 2].map(|which| sets.counts(i, which));
            let table = Table {
                sizes: &strata.sizes,
                counts: [&of_all, a, c, both],
                sides: [0, r, s],
            };
            let mut p_value = table.test(min_odds_ratio).p_value();
            // With one item there is only the empty part, whose test was just made.
            for shorter in 0..if r > 1 { r } else { 0 } {
                let [part, with_c] = [3, 4].map(|which| sets.counts(i, which + 2 * shorter));
                let table = Table {
                    sizes: &strata.sizes,
                    counts: [part, a, with_c, both],
                    sides: [r - 1, 1, s],
                };
                p_value = p_value.max(table.test(1.0).p_value());
            }
            let neutral = table.test(1.0);
            Adjusted {
                expected: neutral.mean,
                lift: neutral.observed as f64 / neutral.mean,
                odds_ratio: table.odds_ratio(),
                p_value,
                q_value: f64::NAN,
            }
        }));
    }
    let p_values = adjusted.iter().map(|rule| rule.p_value).collect();
    let discovery = FalseDiscovery::new(p_values, n_tests.max(rules.len()));
    for rule in &mut adjusted {
        rule.q_value = discovery.q_value(rule.p_value);
    }
    adjusted
}

/// The sets of items that rules need counted, and their counts in each stratum.
struct Sets {
    /// For rule `i`, `of_rule[i]` says which sets are the antecedent, the consequent, both, and
    /// for each item of an antecedent of several: the antecedent without it, and that with the
    /// consequent.
    of_rule: Vec<Vec<usize>>,
    counts: Vec<Vec<u32>>,
}

impl Sets {
    fn new(rules: &[Rule], index: &ItemIndex, strata: &Strata) -> Self {
        let of_rule: Vec<Vec<Vec<u32>>> = rules
            .par_iter()
            .map(|rule| {
                let Rule {
                    antecedent,
                    consequent,
                    ..
                } = rule;
                let parts = (0..antecedent.len())
                    .filter(|_| antecedent.len() > 1)
                    .flat_map(|k| {
                        let mut part = antecedent.clone();
                        part.remove(k);
                        let with = [&part[..], consequent].concat();
                        [part, with]
                    });
                let both = [&antecedent[..], consequent].concat();
                [antecedent.clone(), consequent.clone(), both]
                    .into_iter()
                    .chain(parts)
                    .map(|items| index.slots_of(&items))
                    .collect()
            })
            .collect();
        let mut sets = of_rule.concat();
        sets.par_sort_unstable();
        sets.dedup();
        let place = |set: &Vec<u32>| sets.partition_point(|other| other < set);
        Self {
            of_rule: of_rule
                .par_iter()
                .map(|of_rule| of_rule.iter().map(place).collect())
                .collect(),
            counts: index.map_hits(&sets, |hits| strata.count(hits)),
        }
    }

    fn counts(&self, rule: usize, which: usize) -> &[u32] {
        &self.counts[self.of_rule[rule][which]]
    }
}

/// Counts in each stratum: of the baskets looked at, and of those with the antecedent, with the
/// consequent and with both.
struct Table<'a> {
    sizes: &'a [f64],
    counts: [&'a [u32]; 4],
    /// Number of items that all baskets looked at hold, and of the antecedent beyond those, and
    /// of the consequent.
    sides: [usize; 3],
}

impl Table<'_> {
    /// For each stratum the odds ratio that chance gives, and the four counts.
    fn strata(&self) -> impl Iterator<Item = (f64, [f64; 4])> {
        let [held, r, s] = self.sides.map(|items| items as f64);
        self.sizes.iter().enumerate().map(move |(k, size)| {
            let places = size - held;
            let psi = iter::successors(Some(0.0), |i| Some(i + 1.0))
                .take(s as usize)
                .map(|i| match places - i {
                    left if left > r => (left - r) / left,
                    _ => 0.0,
                })
                .product();
            (psi, self.counts.map(|counts| f64::from(counts[k])))
        })
    }

    /// What the strata hold and what they would with this odds ratio beyond that of chance.
    fn test(&self, odds_ratio: f64) -> Test {
        let mut test = Test::default();
        for (psi, [n, a, c, both]) in self.strata() {
            let mean = cornfield_mean(odds_ratio * psi, [n, a, c]);
            let cells = [mean, a - mean, c - mean, n - a - c + mean];
            test.observed += both as u64;
            test.mean += mean;
            if cells.iter().all(|cell| *cell > 0.0) && n > 1.0 {
                let spread: f64 = cells.iter().map(|cell| 1.0 / cell).sum();
                test.variance += n / (n - 1.0) / spread;
            }
        }
        test
    }

    /// Mantel and Haenszel's estimate of the odds ratio beyond that of chance.
    fn odds_ratio(&self) -> f64 {
        let [mut up, mut down] = [0.0; 2];
        for (psi, [n, a, c, both]) in self.strata().filter(|(_, [n, ..])| *n > 0.0) {
            up += both * (n - a - c + both) / n;
            down += psi * (a - both) * (c - both) / n;
        }
        up / down
    }
}

/// The mean number of baskets with both sides, given the margins and the odds ratio: the root of
/// `mean (n - a - c + mean) = odds_ratio (a - mean) (c - mean)` that counts can be.
fn cornfield_mean(odds_ratio: f64, [n, a, c]: [f64; 3]) -> f64 {
    if n == 0.0 {
        return 0.0;
    }
    if odds_ratio == 1.0 {
        return a * c / n;
    }
    let linear = n - a - c + odds_ratio * (a + c);
    let product = odds_ratio * a * c;
    let root = (linear * linear + 4.0 * (1.0 - odds_ratio) * product)
        .max(0.0)
        .sqrt();
    // Each form where it does not subtract two nearly equal numbers.
    let mean = if linear > 0.0 {
        2.0 * product / (linear + root)
    } else {
        (root - linear) / (2.0 * (1.0 - odds_ratio))
    };
    mean.clamp((a + c - n).max(0.0), a.min(c))
}

#[derive(Default)]
struct Test {
    observed: u64,
    mean: f64,
    variance: f64,
}

impl Test {
    fn p_value(&self) -> f64 {
        let beyond = self.observed as f64 - self.mean;
        if beyond <= 0.0 {
            // Not more than expected; how much less does not matter to anyone.
            1.0
        } else if self.mean.min(self.variance) < 5.0 {
            poisson_upper_tail(self.mean, self.observed)
        } else {
            normal_upper_tail((beyond - 0.5) / self.variance.sqrt())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_sizes_it_is_the_test_of_mantel_and_haenszel() {
        // r = statsmodels.stats.contingency_tables.StratifiedTable(tables); the p-value is one
        // side of r.test_null_odds(correction=True), the odds ratio r.oddsratio_pooled.
        let table = Table {
            sizes: &[1.0; 3],
            counts: [&[100, 50, 200], &[30, 20, 15], &[40, 10, 60], &[18, 6, 9]],
            sides: [0, 0, 1],
        };
        let test = table.test(1.0);
        assert_eq!(test.mean, 20.5);
        assert!((test.variance - 9.978484724177473).abs() < 1e-12);
        assert!((test.p_value() / 7.269272004387133e-05 - 1.0).abs() < 1e-10);
        assert!((table.odds_ratio() - 3.362948960302458).abs() < 1e-12);
    }

    #[test]
    fn cornfields_mean_is_close_to_the_exact_one() {
        // scipy.stats.nchypergeom_fisher(n, a, c, odds).mean()
        for (n, a, c, odds, exact) in [
            (100.0, 30.0, 40.0, 0.5, 8.62350780130971),
            (1000.0, 50.0, 80.0, 3.0, 9.683748349083757),
            (1000.0, 50.0, 80.0, 0.9, 3.6457427445915753),
            (60.0, 50.0, 55.0, 0.5, 45.47019482204696),
        ] {
            let mean = cornfield_mean(odds, [n, a, c]);
            assert!((mean / exact - 1.0).abs() < 0.01, "{mean}, exactly {exact}");
        }
    }

    #[test]
    fn an_odds_ratio_of_zero_or_of_everything_gives_a_mean_that_can_be() {
        assert_eq!(cornfield_mean(0.0, [10.0, 4.0, 3.0]), 0.0);
        assert_eq!(cornfield_mean(0.0, [10.0, 8.0, 7.0]), 5.0);
        assert_eq!(cornfield_mean(2.0, [10.0, 10.0, 7.0]), 7.0);
        assert_eq!(cornfield_mean(2.0, [10.0, 0.0, 7.0]), 0.0);
        assert_eq!(cornfield_mean(2.0, [0.0; 3]), 0.0);
    }
}
