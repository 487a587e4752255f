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
