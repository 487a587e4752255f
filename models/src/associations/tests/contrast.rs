use super::*;

/// Baskets where `a` of `n` hold item 0, `c` item 1 and `both` both.
fn with_counts(n: usize, a: usize, c: usize, both: usize) -> Baskets {
    let mut lists: Vec<&[u32]> = vec![&[0, 1]; both];
    lists.resize(a, &[0]);
    lists.resize(a + c - both, &[1]);
    lists.resize(n, &[]);
    baskets_of(&lists, 2)
}

fn compare(group: &Baskets, rest: &Baskets) -> Contrast {
    contrast(&[rule_of(&[0], &[1], rest)], group, rest)[0]
}

#[test]
fn a_rule_in_a_group_and_in_the_rest_by_scipy() {
    let found = compare(
        &with_counts(500, 80, 120, 40),
        &with_counts(2000, 300, 450, 90),
    );
    close(found.confidence_difference, 0.2); // 40 / 80 - 90 / 300
    close(found.confidence_ratio, 5.0 / 3.0);
    close(found.lift_ratio, (0.5 / 0.24) / (0.3 / 0.225));
    close(found.lift_difference, 0.5 / 0.24 - 0.3 / 0.225);
    // scipy.stats.chi2_contingency([[40, 40], [90, 210]], correction=False)
    close(found.confidence_p_value, 0.0008071950066895078);
    // Logarithms of (40.5 * 340.5) / (40.5 * 80.5) and of (90.5 * 1340.5) / (210.5 * 360.5), and
    // 2 * scipy.stats.norm.sf of their difference over its standard error. The Breslow-Day test of
    // statsmodels gives .00067.
    close(found.odds_ratio_ratio, 2.6458377441525642);
    close(found.association_p_value, 0.0007911143776127388);
    assert_eq!(found.confidence_q_value, found.confidence_p_value);
}

#[test]
fn a_consequent_that_is_only_more_liked_is_no_stronger_association() {
    // Confidence .2 and .4, and odds ratios of 1 in both.
    let found = compare(
        &with_counts(1000, 500, 400, 200),
        &with_counts(1000, 500, 200, 100),
    );
    assert!(found.confidence_p_value < 1e-9);
    assert!(found.association_p_value > 0.9);
}

#[test]
fn few_baskets_are_compared_exactly() {
    // 6 of 12 against 3 of 18: of 30, 12 are in the group, 9 took it.
    // d = scipy.stats.hypergeom(30, 12, 9); 2 * min(d.cdf(6), d.sf(5))
    let found = compare(&with_counts(40, 12, 20, 6), &with_counts(40, 18, 20, 3));
    close(found.confidence_p_value, 0.12361511551916347);
    let found = compare(&with_counts(40, 12, 20, 1), &with_counts(40, 18, 20, 8));
    close(found.confidence_p_value, 0.08019990004997503);
    // A tail that holds the middle is more than half.
    let found = compare(&with_counts(40, 10, 20, 5), &with_counts(40, 10, 20, 5));
    assert_eq!(found.confidence_p_value, 1.0);
    assert_eq!(found.association_p_value, 1.0);
}

#[test]
fn groups_change_places_with_the_sign() {
    let mut random = random_source(61);
    for case in 0..300 {
        let n_items = 3 + (random.next_u64() % 4) as u32;
        let [group, rest] = [0, 1].map(|_| {
            let masks = random_masks(&mut random, n_items);
            baskets_of_masks(&masks, n_items)
        });
        let rules = make_rules(&mine(&rest, 2), every_rule());
        let [there, two] = on_one_and_two_threads(|| contrast(rules.as_slice(), &group, &rest));
        assert_eq!(format!("{there:?}"), format!("{two:?}"));
        let back = contrast(rules.as_slice(), &rest, &group);
        let q_values =
            |p: fn(&Contrast) -> f64| benjamini_hochberg(&there.iter().map(p).collect::<Vec<_>>());
        let of_confidence = q_values(|contrast| contrast.confidence_p_value);
        let of_association = q_values(|contrast| contrast.association_p_value);
        for (i, (there, back)) in there.iter().zip(&back).enumerate() {
            close(there.confidence_p_value, back.confidence_p_value);
            close(there.association_p_value, back.association_p_value);
            close(there.odds_ratio_ratio, 1.0 / back.odds_ratio_ratio);
            assert_eq!(there.confidence_q_value, of_confidence[i], "case {case}");
            assert_eq!(there.association_q_value, of_association[i]);
            assert!((0.0..=1.0).contains(&there.confidence_p_value));
            assert!((0.0..=1.0).contains(&there.association_p_value));
        }
    }
}

#[test]
fn a_side_without_baskets_teaches_nothing() {
    for (group, rest) in [
        (with_counts(0, 0, 0, 0), with_counts(100, 50, 50, 30)),
        (with_counts(100, 0, 50, 0), with_counts(100, 50, 50, 30)),
        (with_counts(100, 100, 100, 100), with_counts(100, 0, 0, 0)),
    ] {
        for found in [compare(&group, &rest), compare(&rest, &group)] {
            assert_eq!(found.confidence_p_value, 1.0);
            assert_eq!(found.association_p_value, 1.0);
            assert!(found.confidence_ratio.is_nan());
        }
    }
    assert_eq!(
        contrast(&[], &with_counts(1, 1, 1, 1), &with_counts(1, 1, 1, 1)),
        []
    );
}
