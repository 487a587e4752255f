use super::*;

/// Baskets where `a` of `n` hold item 0, `c` item 1 and `both` both.
fn with_counts(n: usize, a: usize, c: usize, both: usize) -> Baskets {
    let mut lists: Vec<&[u32]> = vec![&[0, 1]; both];
    lists.resize(a, &[0]);
    lists.resize(a + c - both, &[1]);
    lists.resize(n, &[]);
    baskets_of(&lists, 2)
}

/// Every basket of a customer of its own.
fn contrast_of(rules: &[Rule], group: &Baskets, rest: &Baskets) -> Vec<Contrast> {
    let [of_group, of_rest] =
        [group, rest].map(|baskets| (0..baskets.n_baskets() as u32).collect::<Vec<_>>());
    let side = |baskets, customers| Shopped { baskets, customers };
    contrast(rules, side(group, &of_group), side(rest, &of_rest))
}

fn compare(group: &Baskets, rest: &Baskets) -> Contrast {
    contrast_of(&[rule_of(&[0], &[1], rest)], group, rest)[0]
}

#[test]
fn baskets_of_one_customer_are_one_witness() {
    // Every basket of the group ten times, all ten by one customer: no more is known than from one
    // of each; the customers of the rest come once.
    let few = with_counts(500, 80, 120, 40);
    let lists: Vec<&[u32]> = (0..5000).map(|i| few.basket(i / 10)).collect();
    let many = baskets_of(&lists, 2);
    let of_many: Vec<u32> = (0..5000).map(|i| i / 10).collect();
    let rest = with_counts(2000, 300, 450, 90);
    let of_rest: Vec<u32> = (0..2000).collect();
    let rule = [rule_of(&[0], &[1], &rest)];
    let side = |baskets, customers| Shopped { baskets, customers };
    let once = compare(&few, &rest);
    let ten = contrast(&rule, side(&many, &of_many), side(&rest, &of_rest))[0];
    let alone = compare(&many, &rest);
    assert!(alone.association_p_value < once.association_p_value / 20.0);
    // But for the 1/2 of each cell and the number of customers the variance is that of one of each.
    let z = |p: f64| normal_upper_tail_inverse(p / 2.0);
    let ratio = z(ten.association_p_value) / z(once.association_p_value);
    assert!((ratio - 1.0).abs() < 0.02, "{ratio}");
}

/// The point beyond which a standard normal value lies with this chance, by halving.
fn normal_upper_tail_inverse(chance: f64) -> f64 {
    let (mut low, mut high) = (0.0, 40.0);
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        match significance::normal_upper_tail(middle) > chance {
            true => low = middle,
            false => high = middle,
        }
    }
    low
}

#[test]
fn equal_groups_whose_customers_have_habits_are_rarely_told_apart() {
    // Two groups of one law: a customer has 20 baskets and either the habit of buying both or not.
    let mut random = random_source(7);
    let (mut told, mut told_by_baskets) = (0, 0);
    for _ in 0..200 {
        let mut half = || {
            let mut masks = Vec::new();
            for _ in 0..60 {
                let habit = random.next_u64().is_multiple_of(4);
                for _ in 0..20 {
                    let chance = random.next_u64() % 100;
                    masks.push(match (habit, chance) {
                        (true, 0..50) => 0b11,
                        (_, 50..60) => 0b01,
                        (_, 60..75) => 0b10,
                        _ => 0b00,
                    });
                }
            }
            baskets_of_masks(&masks, 2)
        };
        let (group, rest) = (half(), half());
        let customers: Vec<u32> = (0..1200).map(|i| i / 20).collect();
        let side = |baskets| Shopped {
            baskets,
            customers: &customers,
        };
        let rule = [rule_of(&[0], &[1], &rest)];
        let found = contrast(&rule, side(&group), side(&rest))[0];
        told += u32::from(found.association_p_value < 0.05);
        let found = compare(&group, &rest);
        told_by_baskets += u32::from(found.association_p_value < 0.05);
    }
    // 5 % of 200 are 10, and 18 lie within the interval of 99 % about them.
    assert!(told <= 19, "{told} of 200");
    assert!(
        told_by_baskets > 25,
        "{told_by_baskets} of 200 where baskets count"
    );
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
        let [there, two] = on_one_and_two_threads(|| contrast_of(rules.as_slice(), &group, &rest));
        assert_eq!(format!("{there:?}"), format!("{two:?}"));
        let back = contrast_of(rules.as_slice(), &rest, &group);
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
        contrast_of(&[], &with_counts(1, 1, 1, 1), &with_counts(1, 1, 1, 1)),
        []
    );
}

#[test]
fn a_difference_held_up_did_not_or_nobody_can_tell() {
    /// Baskets of two items: with both, with the first, with the second, with neither; each of another
    /// customer.
    fn shopped(counts: [usize; 4]) -> (Baskets, Vec<u32>) {
        let kinds: [&[u32]; 4] = [&[0, 1], &[0], &[1], &[2]];
        let lists = kinds.iter().zip(counts);
        let lists: Vec<&[u32]> = lists.flat_map(|(list, n)| vec![*list; n]).collect();
        let customers = (0..lists.len() as u32).collect();
        (baskets_of(&lists, 3), customers)
    }
    let compare = |group: [usize; 4], rest: [usize; 4]| {
        let (group, rest) = (shopped(group), shopped(rest));
        let rules = [rule_of(&[0], &[1], &group.0)];
        let of = |side: &'_ (Baskets, Vec<u32>)| (side.0.clone(), side.1.clone());
        let (group, rest) = (of(&group), of(&rest));
        contrast(
            &rules,
            Shopped {
                baskets: &group.0,
                customers: &group.1,
            },
            Shopped {
                baskets: &rest.0,
                customers: &rest.1,
            },
        )[0]
    };
    let strong = compare([60, 40, 40, 260], [30, 120, 120, 480]);
    let even = compare([30, 120, 120, 480], [30, 120, 120, 480]);
    let few = compare([1, 2, 2, 5], [2, 8, 8, 32]);
    let none = compare([0, 0, 2, 5], [2, 8, 8, 32]);
    assert!(strong.odds_ratio_ratio > 4.0 && (even.odds_ratio_ratio - 1.0).abs() < 1e-9);
    assert_eq!(strong.held_up(true, &strong, None), Some(true));
    assert_eq!(even.held_up(false, &strong, None), Some(false));
    assert_eq!(few.held_up(false, &strong, None), None);
    assert_eq!(none.held_up(false, &strong, None), None);
    // In the same weeks of the year before there was no difference; or nothing is known of them.
    assert_eq!(even.held_up(false, &strong, Some(&even)), None);
    assert_eq!(even.held_up(false, &strong, Some(&none)), Some(false));
    // Significant the other way round is no holding up.
    let against = compare([30, 120, 120, 480], [60, 40, 40, 260]);
    assert_eq!(against.held_up(true, &strong, None), Some(false));
}
