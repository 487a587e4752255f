use super::{
    super::pair_significance::{Held, Together},
    *,
};

#[test]
fn the_lower_tail_by_hand() {
    let tails = [0, 1, 2, 3, 4].map(|k| fisher_lower_tail(8, 4, 4, k) * 70.0);
    for (tail, of_70) in tails.into_iter().zip([1.0, 17.0, 53.0, 69.0, 70.0]) {
        assert!((tail - of_70).abs() < 1e-12);
    }
    // 90 of 100 and 80 of 100 share at least 70: fewer is impossible, 70 is all 10 without
    // the second among those with the first.
    assert_eq!(fisher_lower_tail(100, 90, 80, 69), 0.0);
    let least = fisher_lower_tail(100, 90, 80, 70);
    let by_hand: f64 = (0..10)
        .map(|i| f64::from(80 - i) / f64::from(100 - i))
        .product();
    assert!((least / by_hand - 1.0).abs() < 1e-12);
}

#[test]
fn both_tails_and_the_middle_are_all() {
    for n in [5, 23, 60] {
        for a in 0..=n {
            for b in 0..=n {
                for k in 0..=a.min(b) {
                    let sum = fisher_lower_tail(n, a, b, k) + fisher_upper_tail(n, a, b, k + 1);
                    assert!((sum - 1.0).abs() < 1e-12, "{n} {a} {b} {k}: {sum}");
                }
            }
        }
    }
}

/// The distribution of the number with both over all strata, by adding up.
fn distribution(strata: &[[u64; 3]]) -> Vec<f64> {
    let mut sum = vec![1.0];
    for &[n, a, b] in strata {
        let one: Vec<f64> = (0..=a.min(b))
            .map(|k| {
                // P(k) = C(b, k) C(n - b, a - k) / C(n, a), term by term.
                if a - k > n - b {
                    return 0.0;
                }
                let choose = |n: u64, k: u64| -> f64 {
                    (0..k).map(|i| ((n - i) as f64 / (k - i) as f64).ln()).sum()
                };
                (choose(b, k) + choose(n - b, a - k) - choose(n, a)).exp()
            })
            .collect();
        let mut next = vec![0.0; sum.len() + one.len() - 1];
        for (i, p) in sum.iter().enumerate() {
            for (j, q) in one.iter().enumerate() {
                next[i + j] += p * q;
            }
        }
        sum = next;
    }
    sum
}

fn together(strata: &[[u64; 3]], observed: usize) -> Together {
    let mut together = Together {
        observed: observed as f64,
        ..Together::default()
    };
    for stratum in strata {
        let [n, a, b] = stratum.map(|count| count as f64);
        // With so many places that `a b / n` of them go to both.
        let places = 1e6;
        let beside = |other: f64| (places - other) / n;
        let [first, second] = [[a, b], [b, a]].map(|[own, _]| Held {
            baskets: own,
            beside: own * beside(own),
        });
        together.add(n, places, first, second);
    }
    together
}

/// How near the matched binomial comes to the exact distribution: for items in up to a tenth of
/// the baskets a few hundredths where p-values decide.
#[test]
fn tails_over_strata_are_near_the_exact_ones() {
    let mut random = random_source(22);
    let mut n_compared = 0;
    for _ in 0..400 {
        let mut below = |n: u64| random.next_u64() % n;
        let strata: Vec<[u64; 3]> = (0..2 + below(6))
            .map(|_| {
                let n = 50 + below(2000);
                [n, 1 + below(n / 10), 1 + below(n / 10)]
            })
            .collect();
        let exact = distribution(&strata);
        let mut lower = 0.0;
        for k in 0..exact.len() {
            let together = together(&strata, k);
            let upper: f64 = exact[k..].iter().sum();
            lower += exact[k];
            for (tail, exact) in [
                (together.lower_tail(), lower),
                (together.upper_tail(), upper),
            ] {
                let slack = match exact {
                    p if p > 0.5 => continue,
                    p if p > 1e-2 => 1.04,
                    p if p > 1e-4 => 1.3,
                    p if p > 1e-8 => 6.0,
                    _ => continue,
                };
                n_compared += 1;
                assert!(
                    (1.0 / slack..slack).contains(&(tail / exact)),
                    "{tail} {exact} {strata:?}"
                );
            }
        }
    }
    assert!(n_compared > 10_000);
}

#[test]
fn tails_at_their_ends() {
    let strata = [[10, 4, 3], [20, 5, 5]];
    assert_eq!(together(&strata, 8).lower_tail(), 1.0);
    assert_eq!(together(&strata, 0).upper_tail(), 1.0);
    // Nothing can be learned from an item that is in every basket, or in none.
    for stratum in [[10, 10, 4], [10, 0, 4], [1, 1, 1], [1, 1, 0]] {
        let both = if stratum[0] == stratum[1] {
            stratum[2]
        } else {
            0
        };
        let together = together(&[stratum], both as usize);
        assert_eq!((together.lower_tail(), together.upper_tail()), (1.0, 1.0));
    }
    // Nearly every basket holds both: the mean is far from 0 and from half.
    let exact = distribution(&[[40, 38, 37], [30, 29, 28]]);
    let lower: f64 = exact[..=63].iter().sum();
    let tail = together(&[[40, 38, 37], [30, 29, 28]], 63).lower_tail();
    assert!((tail / lower - 1.0).abs() < 0.1, "{tail} {lower}");
}

/// 8 of 16 expected: Byar's interval of 8 is 3.445 to 15.76 (Breslow and Day 1987 give 3.45 and
/// 15.76 for the exact one).
#[test]
fn the_interval_of_a_ratio() {
    let together = Together {
        observed: 8.0,
        expected: 16.0,
        ..Together::default()
    };
    let [lower, upper] = together.ratio_interval().map(|ratio| ratio * 16.0);
    assert!((lower - 3.445).abs() < 0.01, "{lower}");
    assert!((upper - 15.76).abs() < 0.01, "{upper}");
    let none = Together {
        observed: 0.0,
        ..together
    };
    // The exact upper end for none is -ln(0.025) = 3.689.
    let [lower, upper] = none.ratio_interval().map(|ratio| ratio * 16.0);
    assert_eq!(lower, 0.0);
    assert!((upper - 3.689).abs() < 0.05, "{upper}");
}
