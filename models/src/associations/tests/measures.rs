use super::*;

#[track_caller]
fn close(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance * expected.abs(),
        "{found:e}, but expected {expected:e}"
    );
}

#[test]
fn every_measure_of_a_published_style_example() {
    // Of 10,000 baskets 4,000 hold A, 3,500 hold C, 2,000 both.
    let m = Measures::from_counts(10_000, 4000, 3500, 2000);
    close(m.support, 0.2, 1e-15);
    close(m.confidence, 0.5, 1e-15);
    close(m.lift, 1.428571, 1e-6); // .2 / (.4 * .35)
    close(m.leverage, 0.06, 1e-15); // .2 - .14
    close(m.conviction, 1.3, 1e-15); // .65 / .5
    close(m.zhang, 0.5, 1e-15); // .06 / max(.2 * .6, .4 * .15)
    close(m.certainty, 0.230769, 2e-6); // .15 / .65
    close(m.kulczynski, 0.535714, 1e-6); // (.5 + .571428) / 2
    close(m.imbalance_ratio, 0.0909091, 1e-6); // .05 / .55
    close(m.cosine, 0.534522, 1e-6); // .2 / sqrt(.14)
    close(m.jaccard, 0.363636, 2e-6); // .2 / .55
    close(m.all_confidence, 0.5, 1e-15);
    close(m.max_confidence, 0.571429, 1e-6); // .2 / .35
    close(m.chi_squared, 659.3407, 1e-7);
    // scipy.stats.chi2.sf(659.3406593406594, 1) / 2
    close(m.p_value, 1.0391874967789282e-145, 1e-10);
}

#[test]
fn a_negative_association_by_hand() {
    // A in 10 of 100, C in 50, both in 2; expected 5.
    let m = Measures::from_counts(100, 10, 50, 2);
    close(m.confidence, 0.2, 1e-15);
    close(m.lift, 0.4, 1e-15);
    close(m.leverage, -0.03, 1e-15);
    close(m.conviction, 0.625, 1e-15); // .5 / .8
    close(m.zhang, -0.03 / 0.048, 1e-14); // max(.02 * .9, .1 * .48)
    close(m.certainty, -0.6, 1e-14); // (.2 - .5) / .5
    close(m.chi_squared, 4.0, 1e-14); // 100 * (-.03)^2 / (.1 * .9 * .5 * .5)
    // Expected counts are 5 and 45, so chi-squared: scipy.stats.norm.sf(-2)
    close(m.p_value, 0.9772498680518208, 1e-14);
}

#[test]
fn independence_is_exactly_neutral() {
    for (n, a, c, both) in [(30, 10, 3, 1), (49, 7, 7, 1), (999_999, 333_333, 3, 1)] {
        let m = Measures::from_counts(n, a, c, both);
        assert_eq!(
            [m.lift, m.leverage, m.zhang, m.certainty, m.chi_squared],
            [1.0, 0.0, 0.0, 0.0, 0.0]
        );
    }
}

#[test]
fn a_rule_that_always_holds_has_infinite_conviction() {
    let m = Measures::from_counts(100, 10, 50, 10);
    assert_eq!((m.confidence, m.conviction), (1.0, f64::INFINITY));
    assert_eq!(m.certainty, 1.0);
    close(m.zhang, 0.05 / 0.09, 1e-15); // max(.1 * .9, .1 * .4)
}

#[test]
fn a_consequent_in_every_basket_teaches_nothing() {
    let m = Measures::from_counts(100, 10, 100, 10);
    assert_eq!((m.confidence, m.conviction), (1.0, f64::INFINITY));
    assert_eq!(
        [
            m.lift,
            m.leverage,
            m.zhang,
            m.certainty,
            m.chi_squared,
            m.p_value
        ],
        [1.0, 0.0, 0.0, 0.0, 0.0, 1.0]
    );
    let m = Measures::from_counts(100, 100, 10, 10);
    assert_eq!(
        [
            m.lift,
            m.leverage,
            m.zhang,
            m.certainty,
            m.chi_squared,
            m.p_value
        ],
        [1.0, 0.0, 0.0, 0.0, 0.0, 1.0]
    );
}

#[test]
fn what_nobody_bought_has_no_confidence_and_no_significance() {
    let m = Measures::from_counts(100, 0, 10, 0);
    assert!(m.confidence.is_nan() && m.lift.is_nan() && m.conviction.is_nan());
    assert_eq!(
        [m.support, m.leverage, m.zhang, m.p_value],
        [0.0, 0.0, 0.0, 1.0]
    );
    let m = Measures::from_counts(100, 10, 0, 0);
    assert_eq!((m.confidence, m.certainty, m.p_value), (0.0, 0.0, 1.0));
    assert!(Measures::from_counts(0, 0, 0, 0).support.is_nan());
}

#[test]
#[should_panic(expected = "11 of 100 baskets with both cannot be")]
fn counts_that_cannot_be_are_refused() {
    Measures::from_counts(100, 10, 50, 11);
}

/// Exact fractions of whole numbers, by
/// `sum(comb(c, x) * comb(n - c, a - x) for x in range(k, min(a, c) + 1)) / comb(n, a)`
/// with Python's `fractions.Fraction`, written with 17 digits.
#[test]
fn fisher_agrees_with_exact_fractions_also_in_tiny_tails() {
    for (n, a, c, k, p) in [
        (20, 10, 10, 9, 5.466_669_553_356_86e-4),
        (100, 10, 10, 3, 6.001_858_177_500_578e-2),
        (100, 10, 10, 1, 6.695_237_889_132_748e-1),
        (155_848, 300, 400, 1, 5.377_790_655_600_421e-1),
        (155_848, 400, 1500, 4, 5.377_225_572_461_369e-1),
        (155_848, 300, 400, 12, 3.169_628_732_400_653_5e-11),
        (155_848, 50, 60_000, 50, 1.849_462_713_108_410_2e-21),
        (10_000_000, 1000, 2000, 30, 1.742_656_984_295_556e-54),
        (155_848, 300, 400, 120, 4.959_263_290_986_134_3e-234),
        (1_000_000, 3, 900_000, 3, 7.289_997_569_996_13e-1),
        (155_848, 155_840, 300, 300, 9.847_033_925_427_101e-1),
    ] {
        close(fisher_upper_tail(n, a, c, k), p, 1e-12);
        close(fisher_upper_tail(n, c, a, k), p, 1e-12);
    }
    // 1.07e-582 is below what a double can hold.
    assert_eq!(fisher_upper_tail(155_848, 200, 300, 200), 0.0);
}

#[test]
fn fisher_agrees_with_counting_all_draws() {
    let choose = |n: u64, k: u64| -> u128 {
        (0..k).fold(1, |product, i| {
            product * u128::from(n - i) / u128::from(i + 1)
        })
    };
    for n in [1_u64, 2, 7, 16, 17, 40] {
        for a in 0..=n {
            for c in 0..=n {
                for k in (a + c).saturating_sub(n)..=a.min(c) {
                    let ways: u128 = (k..=a.min(c))
                        .filter(|x| a - x <= n - c)
                        .map(|x| choose(c, x) * choose(n - c, a - x))
                        .sum();
                    close(
                        fisher_upper_tail(n, a, c, k),
                        ways as f64 / choose(n, a) as f64,
                        1e-12,
                    );
                }
                assert_eq!(fisher_upper_tail(n, a, c, a.min(c) + 1), 0.0);
            }
        }
    }
}

#[test]
fn the_test_is_exact_below_five_expected_baskets_and_chi_squared_from_five_on() {
    // 10 * 50 / 100 = 5 expected.
    close(p_value(100, 10, 50, 8), 0.022_750_131_948_179_2, 1e-12); // norm.sf(2)
    // 10 * 49 / 100 = 4.9 expected.
    assert_eq!(p_value(100, 10, 49, 8), fisher_upper_tail(100, 10, 49, 8));
    // The smallest expected count may be that of baskets with neither.
    assert_eq!(p_value(100, 90, 51, 50), fisher_upper_tail(100, 90, 51, 50));
    // scipy.stats.chi2.sf(15.625, 1) / 2, and 1 less that when the association is negative
    close(
        p_value(1000, 100, 200, 35),
        3.861_339_775_271_702_5e-5,
        1e-12,
    );
    close(p_value(1000, 100, 200, 5), 0.999_961_386_602_247_3, 1e-12);
}

/// `scipy.stats.false_discovery_control([0.01, 0.04, 0.03, 0.005, 0.8, 0.03])`
#[test]
fn q_values_agree_with_scipy() {
    let q = benjamini_hochberg(&[0.01, 0.04, 0.03, 0.005, 0.8, 0.03]);
    for (found, expected) in q.iter().zip([0.03, 0.048, 0.045, 0.03, 0.8, 0.045]) {
        close(*found, expected, 1e-15);
    }
    assert!(benjamini_hochberg(&[]).is_empty());
    assert_eq!(benjamini_hochberg(&[0.2]), [0.2]);
    assert_eq!(benjamini_hochberg(&[1.0, 0.9]), [1.0, 1.0]);
    let [none, q] = benjamini_hochberg(&[f64::NAN, 0.01])[..] else {
        panic!("two tests, two q-values");
    };
    assert!(none.is_nan());
    assert_eq!(q, 0.02);
}
