//! The baskets that two sides are judged among, and the test.

use crate::associations::Strata;
use crate::associations::significance::{normal_upper_tail, poisson_upper_tail};

/// Baskets alike in what is beside the consequent are what is compared, unless they tell less
/// than this share of what all baskets together would tell.
const LEAST_TOLD: f64 = 0.1;

/// When two baskets are alike; see [`adjust`](super::adjust).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alike {
    /// As many items beside those of the consequent.
    Others,
    /// As many items beside those of both sides.
    Neither,
    /// As many items, where a side takes places from the other.
    Size,
}

/// Counts in each stratum, by how many items of the consequent a basket holds.
pub(super) struct Table<'a> {
    strata: &'a Strata,
    /// For each number of items of the consequent, and each stratum: baskets looked at.
    looked_at: Vec<Vec<f64>>,
    /// Those of them with the antecedent.
    with: Vec<Vec<f64>>,
    /// Number of items that all baskets looked at hold, and of the antecedent beyond those.
    held: usize,
    antecedent: usize,
}

/// One comparison: what is compared, and how strong the sides go together there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Judged {
    pub(super) p_value: f64,
    pub(super) observed: f64,
    pub(super) expected: f64,
    pub(super) odds_ratio: f64,
}

impl<'a> Table<'a> {
    /// `looked_at` and `with` have a count in each stratum for every part of the consequent, which
    /// is in the baskets whatever else of it is: at the place whose bits say what is in the part.
    pub(super) fn new(
        strata: &'a Strata,
        [looked_at, with]: [&[&[u32]]; 2],
        held: usize,
        antecedent: usize,
    ) -> Self {
        Self {
            strata,
            looked_at: exactly(looked_at),
            with: exactly(with),
            held,
            antecedent,
        }
    }

    /// Number of items of the consequent.
    fn consequent(&self) -> usize {
        self.looked_at.len() - 1
    }

    /// Judges whether the sides go together with odds more than `odds_ratio` times those of chance.
    pub(super) fn judge(&self, odds_ratio: f64) -> Judged {
        let judge = |comparison: &Comparison| comparison.judge(odds_ratio);
        match self.comparison() {
            Ok(others) => judge(&others),
            Err(both) => {
                let [size, neither] = both.each_ref().map(judge);
                let better = match neither.p_value < size.p_value {
                    true => neither,
                    false => size,
                };
                // The better one of two chances.
                Judged {
                    p_value: (2.0 * better.p_value).min(1.0),
                    ..better
                }
            }
        }
    }

    /// The chance of being together so rarely or more rarely, if the sides had nothing to do with
    /// each other.
    pub(super) fn avoidance(&self) -> f64 {
        let p_value = |comparison: &Comparison| comparison.test(1.0).lower_p_value();
        match self.comparison() {
            Ok(others) => p_value(&others),
            // Each of them alone may take for avoidance what it does not know.
            Err(both) => {
                let [size, neither] = both.each_ref().map(p_value);
                size.max(neither)
            }
        }
    }

    /// Baskets alike in the others; where those tell too little, those of one size and those alike
    /// in what is beside both sides.
    fn comparison(&self) -> Result<Comparison, [Comparison; 2]> {
        let others = self.alike(Alike::Others);
        let everything = Comparison(vec![(1.0, self.total())]);
        if others.information() >= LEAST_TOLD * everything.information() {
            Ok(others)
        } else {
            Err([Alike::Size, Alike::Neither].map(|alike| self.alike(alike)))
        }
    }

    /// All baskets that are looked at.
    fn total(&self) -> [f64; 4] {
        let sum = |of: &[Vec<f64>]| of.iter().flatten().sum::<f64>();
        let all = |of: &[Vec<f64>]| of[self.consequent()].iter().sum::<f64>();
        [
            sum(&self.looked_at),
            sum(&self.with),
            all(&self.looked_at),
            all(&self.with),
        ]
    }

    fn alike(&self, alike: Alike) -> Comparison {
        let cells = (0..self.strata.ends.len()).map(|k| match alike {
            Alike::Others if self.strata.is_exact(k) => (1.0, self.beside_consequent(k)),
            Alike::Neither if self.strata.is_exact(k) => (1.0, self.beside_both(k)),
            _ => (self.odds_of_places(k), self.of_size(k)),
        });
        Comparison(cells.collect())
    }

    fn of_size(&self, k: usize) -> [f64; 4] {
        let sum = |of: &[Vec<f64>]| of.iter().map(|counts| counts[k]).sum();
        let all = self.consequent();
        [
            sum(&self.looked_at),
            sum(&self.with),
            self.looked_at[all][k],
            self.with[all][k],
        ]
    }

    /// The baskets that are of the size of stratum `k` without their items of the consequent.
    fn beside_consequent(&self, k: usize) -> [f64; 4] {
        let all = self.consequent();
        let at = |of: &[Vec<f64>], held: usize| {
            let larger = self.strata.larger(k, held);
            larger.map_or(0.0, |place| of[held][place])
        };
        let sum = |of: &[Vec<f64>]| (0..=all).map(|held| at(of, held)).sum();
        [
            sum(&self.looked_at),
            sum(&self.with),
            at(&self.looked_at, all),
            at(&self.with, all),
        ]
    }

    /// The baskets that are of the size of stratum `k` without the sides that they hold whole.
    fn beside_both(&self, k: usize) -> [f64; 4] {
        let (r, s) = (self.antecedent, self.consequent());
        let at = |items: usize, count: &dyn Fn(usize) -> f64| {
            self.strata.larger(k, items).map_or(0.0, count)
        };
        let part =
            |of: &[Vec<f64>], place: usize| of[..s].iter().map(|counts| counts[place]).sum::<f64>();
        let neither = at(0, &|place| {
            part(&self.looked_at, place) - part(&self.with, place)
        });
        let antecedent = at(r, &|place| part(&self.with, place));
        let consequent = at(s, &|place| self.looked_at[s][place] - self.with[s][place]);
        let both = at(r + s, &|place| self.with[s][place]);
        [
            neither + antecedent + consequent + both,
            antecedent + both,
            consequent + both,
            both,
        ]
    }

    /// The odds ratio of the sides where baskets of one size are filled by chance.
    fn odds_of_places(&self, k: usize) -> f64 {
        let places = self.strata.sizes[k] - self.held as f64;
        let antecedent = self.antecedent as f64;
        (0..self.consequent())
            .map(|taken| match places - taken as f64 {
                left if left > antecedent => (left - antecedent) / left,
                _ => 0.0,
            })
            .product()
    }
}

/// For each number of items, none to all, the baskets in each stratum that hold exactly so many;
/// `parts` are those that hold a part of the items, whatever else of them they hold.
fn exactly(parts: &[&[u32]]) -> Vec<Vec<f64>> {
    let items = parts.len().trailing_zeros() as usize;
    let strata = parts[0].len();
    let mut exactly = vec![vec![0.0; strata]; items + 1];
    for (part, counts) in parts.iter().enumerate() {
        let size = part.count_ones() as usize;
        let mut choices = 1.0;
        // Baskets with more than `held` items are in several parts of that size.
        for held in (0..=size).rev() {
            let sign = if (size - held).is_multiple_of(2) {
                1.0
            } else {
                -1.0
            };
            for (sum, count) in exactly[held].iter_mut().zip(counts.iter()) {
                *sum += sign * choices * f64::from(*count);
            }
            choices *= held as f64 / (size - held + 1) as f64;
        }
    }
    exactly
}

/// For each stratum the odds ratio that chance gives, and the baskets: all, those with the
/// antecedent, with the consequent, and with both.
struct Comparison(Vec<(f64, [f64; 4])>);

impl Comparison {
    fn judge(&self, odds_ratio: f64) -> Judged {
        let neutral = self.test(1.0);
        let p_value = match odds_ratio == 1.0 {
            true => neutral.upper_p_value(),
            false => self.test(odds_ratio).upper_p_value(),
        };
        Judged {
            p_value,
            observed: neutral.observed,
            expected: neutral.mean,
            odds_ratio: self.odds_ratio(),
        }
    }

    /// What the strata hold and what they would with this odds ratio beyond that of chance.
    fn test(&self, odds_ratio: f64) -> Test {
        let mut test = Test::default();
        for (psi, [n, a, c, both]) in &self.0 {
            let mean = cornfield_mean(odds_ratio * psi, [*n, *a, *c]);
            let cells = [mean, a - mean, c - mean, n - a - c + mean];
            test.observed += both;
            test.mean += mean;
            if cells.iter().all(|cell| *cell > 0.0) && *n > 1.0 {
                let spread: f64 = cells.iter().map(|cell| 1.0 / cell).sum();
                test.variance += n / (n - 1.0) / spread;
            }
        }
        test
    }

    /// Mantel and Haenszel's estimate of the odds ratio beyond that of chance.
    fn odds_ratio(&self) -> f64 {
        let [mut up, mut down] = [0.0; 2];
        for (psi, [n, a, c, both]) in self.0.iter().filter(|(_, [n, ..])| *n > 0.0) {
            up += both * (n - a - c + both) / n;
            down += psi * (a - both) * (c - both) / n;
        }
        up / down
    }

    /// How much can be learned: the variance of the number with both, had the sides nothing to do
    /// with each other; 0 where all baskets or none have a side.
    fn information(&self) -> f64 {
        let of = |(_, [n, a, c, _]): &(f64, [f64; 4])| match *n {
            n if n > 0.0 => (a / n) * (c / n) * (n - a) * (1.0 - c / n),
            _ => 0.0,
        };
        self.0.iter().map(of).sum()
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
    observed: f64,
    mean: f64,
    variance: f64,
}

impl Test {
    /// The chance of so many or more.
    fn upper_p_value(&self) -> f64 {
        let beyond = self.observed - self.mean;
        if beyond <= 0.0 {
            // Not more than expected; how much less does not matter to anyone.
            1.0
        } else if self.mean.min(self.variance) < 5.0 {
            poisson_upper_tail(self.mean, self.observed as u64)
        } else {
            normal_upper_tail((beyond - 0.5) / self.variance.sqrt())
        }
    }

    /// The chance of so few or fewer.
    fn lower_p_value(&self) -> f64 {
        let short = self.mean - self.observed;
        if short <= 0.0 {
            1.0
        } else if self.mean.min(self.variance) < 5.0 {
            1.0 - poisson_upper_tail(self.mean, self.observed as u64 + 1)
        } else {
            normal_upper_tail((short - 0.5) / self.variance.sqrt())
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
        let [n, a, c, both] = [
            [100.0, 50.0, 200.0],
            [30.0, 20.0, 15.0],
            [40.0, 10.0, 60.0],
            [18.0, 6.0, 9.0],
        ];
        let strata = (0..3).map(|k| (1.0, [n[k], a[k], c[k], both[k]]));
        let table = Comparison(strata.collect());
        let test = table.test(1.0);
        assert_eq!(test.mean, 20.5);
        assert!((test.variance - 9.978484724177473).abs() < 1e-12);
        assert!((test.upper_p_value() / 7.269272004387133e-05 - 1.0).abs() < 1e-10);
        assert!((table.odds_ratio() - 3.362948960302458).abs() < 1e-12);
    }

    #[test]
    fn baskets_are_told_apart_by_how_many_items_they_hold() {
        // Of two items: 100 baskets, 30 with the first, 20 with the second, 7 with both.
        let held = exactly(&[&[100], &[30], &[20], &[7]]);
        assert_eq!(held, [[57.0], [36.0], [7.0]]);
        // Of three, one basket for each part of them: 1, 3, 3 and 1 that hold so many.
        let of_part = |part: u32| [1 << (3 - part.count_ones())];
        let counts: Vec<[u32; 1]> = (0..8).map(of_part).collect();
        let parts: Vec<&[u32]> = counts.iter().map(|count| &count[..]).collect();
        assert_eq!(exactly(&parts), [[1.0], [3.0], [3.0], [1.0]]);
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
