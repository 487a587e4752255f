use super::*;

#[test]
fn on_the_same_baskets_rules_measure_the_same() {
    let baskets = complete_journey();
    let rules = make_rules(&mine(&baskets, 30), every_rule().max_consequent(2));
    let measured = remeasure(rules.as_slice(), &baskets);
    assert_eq!(measured.len(), rules.as_slice().len());
    for (rule, measures) in rules.as_slice().iter().zip(&measured) {
        assert_eq!(rule.measures, *measures);
    }
}

#[test]
fn on_other_baskets_rules_are_counted_by_brute_force() {
    let all = complete_journey();
    let lists: Vec<&[u32]> = all.iter().collect();
    let (early, late) = lists.split_at(1500);
    let rules = make_rules(
        &mine(&baskets_of(early, all.n_items()), 20),
        RuleParams::new().max_consequent(2),
    );
    assert!(rules.as_slice().len() > 500);
    let late_baskets = baskets_of(late, all.n_items());
    let [one, two] = on_one_and_two_threads(|| remeasure(rules.as_slice(), &late_baskets));
    assert_eq!(one, two);
    for (rule, measures) in rules.as_slice().iter().zip(&one).step_by(7) {
        let holds = |items: &[u32]| {
            let has = |list: &&&[u32]| items.iter().all(|item| list.contains(item));
            late.iter().filter(has).count() as u64
        };
        let both = [&rule.antecedent[..], &rule.consequent[..]].concat();
        let expected = Measures::from_counts(
            late.len() as u64,
            holds(&rule.antecedent),
            holds(&rule.consequent),
            holds(&both),
        );
        assert_eq!(*measures, expected);
    }
}

#[test]
fn items_and_baskets_that_are_not_there_count_nothing() {
    let rules = make_rules(
        &mine(&baskets_of(&[&[0, 1], &[0, 1], &[]], 2), 2),
        every_rule(),
    );
    assert_eq!(rules.as_slice().len(), 2);
    let counts = |baskets: &Baskets| {
        let measures = remeasure(rules.as_slice(), baskets)[0];
        assert_eq!(rules.as_slice()[0].antecedent, [0]);
        [
            measures.n_baskets,
            measures.antecedent_count,
            measures.consequent_count,
            measures.count,
        ]
    };
    assert_eq!(counts(&baskets_of(&[&[0], &[], &[0]], 1)), [3, 2, 0, 0]);
    assert_eq!(counts(&baskets_of(&[], 2)), [0, 0, 0, 0]);
    assert_eq!(remeasure(&[], &baskets_of(&[&[0]], 1)), []);
}

#[test]
fn intervals_of_a_share_are_wilsons() {
    // Newcombe (1998), table I; all digits: statsmodels proportion_confint(method="wilson").
    let [low, high] = wilson_interval(81, 263);
    close(low, 0.2552885198782742);
    close(high, 0.36620957698280004);
    let [low, high] = wilson_interval(0, 20);
    assert!(low.abs() < 1e-15);
    close(high, 0.1611251580528194);
    assert!(wilson_interval(0, 0)[0].is_nan());
}

#[test]
fn an_interval_of_lift_by_hand() {
    // Lift 2.5; s^2 = 1/50 - 1/100 - 1/200 + 2 * 50 / 20000 - 1/1000 = .009. Two million samples
    // of these shares had a standard deviation of .0964 about it.
    let [low, high] = lift_interval(&Measures::from_counts(1000, 100, 200, 50));
    close(low, 2.5 / (1.959963984540054 * 0.009_f64.sqrt()).exp());
    close(high, 2.5 * (1.959963984540054 * 0.009_f64.sqrt()).exp());
    // A consequent in every basket: lift is 1, surely.
    let certain = lift_interval(&Measures::from_counts(100, 10, 100, 10));
    assert!(certain.iter().all(|end| (end - 1.0).abs() < 1e-7));
    // Never together: up to Wilson's limit of 0 of 20, over P(C) = 1/2.
    let [low, high] = lift_interval(&Measures::from_counts(100, 20, 50, 0));
    assert_eq!(low, 0.0);
    close(high, 2.0 * 0.1611251580528194);
    assert!(lift_interval(&Measures::from_counts(100, 0, 50, 0))[1].is_nan());
}

#[test]
fn a_rule_holds_up_if_it_is_more_than_chance_again() {
    let mut lists: Vec<&[u32]> = vec![&[0, 1]; 30];
    lists.extend([&[2, 6][..]; 100]);
    // Of 195 baskets of two 35 hold item 3, 35 item 4; chance gives about four with both.
    lists.extend([&[3, 4][..]; 5]);
    lists.extend([&[3, 6][..]; 30]);
    lists.extend([&[4, 6][..]; 30]);
    let baskets = baskets_of(&lists, 7);
    // When it was found, all baskets with item 3 held item 4.
    let mut found: Vec<&[u32]> = vec![&[3, 4]; 30];
    found.extend([&[2, 6][..]; 100]);
    let found = baskets_of(&found, 7);
    let rules = [
        rule_of(&[0], &[1], &baskets),
        rule_of(&[3], &[4], &found),
        rule_of(&[5], &[0], &baskets),
    ];
    let later = measure_later(&rules, &baskets, 0.05);
    let held: Vec<_> = later.iter().map(|rule| rule.held_up).collect();
    // Nobody took item 5, so nothing can be told of its rule.
    assert_eq!(held, [Some(true), Some(false), None]);
    close(held_up_share(&later).unwrap(), 0.5);
    for ((later, measures), adjusted) in later.iter().zip(remeasure(&rules, &baskets)).zip(adjust(
        &rules,
        &baskets,
        &Strata::by_size(&baskets),
        1.0,
        3,
    )) {
        // As text, because what nobody took has a confidence of NaN.
        assert_eq!(format!("{:?}", later.measures), format!("{measures:?}"));
        assert_eq!(format!("{:?}", later.adjusted), format!("{adjusted:?}"));
    }
    assert_eq!(later[0].confidence_interval, wilson_interval(30, 30));
    assert_eq!(later[1].lift_interval, lift_interval(&later[1].measures));

    // If baskets are told apart by whether they hold item 1, it goes with nothing.
    let groups: Vec<u32> = baskets.iter().map(|b| u32::from(b.contains(&1))).collect();
    let strata = Strata::by_size_and_group(&baskets, &groups).unwrap();
    let apart = measure_later_in(&rules, &baskets, &strata, 0.05);
    assert_eq!(apart[0].held_up, None);

    let none = baskets_of(&[], 7);
    let unknown = measure_later(&rules, &none, 0.05);
    assert!(unknown.iter().all(|rule| rule.held_up.is_none()));
    assert_eq!((held_up_share(&unknown), held_up_share(&[])), (None, None));
}

/// So many baskets of one to four other things; the first ones hold item 0, of these the first ones
/// item 1 as well, and so do as many of the others as `alone` says.
fn shop(n: u32, first: u32, both: u32, alone: u32) -> Baskets {
    let lists: Vec<Vec<u32>> = (0..n)
        .map(|b| {
            let mut items: Vec<u32> = (2..=2 + b % 4).collect();
            items.extend((b < first).then_some(0));
            items.extend((b < both || (first..first + alone).contains(&b)).then_some(1));
            items
        })
        .collect();
    let slices: Vec<&[u32]> = lists.iter().map(Vec::as_slice).collect();
    baskets_of(&slices, 6)
}

#[test]
fn a_rule_without_enough_later_baskets_has_neither_held_up_nor_fallen() {
    let found = shop(10_000, 400, 60, 400);
    let rule = rule_of(&[0], &[1], &found);
    close(rule.measures.confidence, 0.15);
    let verdict = |later: &Baskets| {
        let rules = std::slice::from_ref(&rule);
        measure_later(rules, later, 0.05)[0].held_up
    };
    assert_eq!(verdict(&found), Some(true));
    // As often as chance has it, in as many baskets: it fell.
    assert_eq!(verdict(&shop(10_000, 400, 16, 400)), Some(false));
    // Of three baskets with item 0, one of seven is expected to hold item 1: none says nothing.
    assert_eq!(verdict(&shop(1000, 3, 0, 40)), None);
    // Never bought again, and never sold.
    assert_eq!(verdict(&shop(1000, 0, 0, 40)), None);
    assert_eq!(verdict(&baskets_of(&[], 6)), None);
}
