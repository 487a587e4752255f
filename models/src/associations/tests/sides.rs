use super::*;

fn random_items(random: &mut Xoshiro256PlusPlus, n_items: u32, chance: u64) -> Vec<u32> {
    (0..n_items)
        .filter(|_| random.next_u64() % 100 < chance)
        .collect()
}

/// Whatever is asked of both sides: the rules are those of all candidates that are like that,
/// with the same supports, and only those are counted as tests.
#[test]
fn limits_on_both_sides_choose_among_the_same_candidates() {
    let mut random = random_source(21);
    let mut n_rules = 0;
    for case in 0..2000 {
        let n_items = 3 + (random.next_u64() % 5) as u32;
        let masks = random_masks(&mut random, n_items);
        let itemsets = mine(&baskets_of_masks(&masks, n_items), 2);
        let [antecedent, consequent] = [0, 1].map(|_| SideItems {
            allowed: (random.next_u64().is_multiple_of(2))
                .then(|| random_items(&mut random, n_items, 80)),
            required: random_items(&mut random, n_items, 8),
            forbidden: random_items(&mut random, n_items, 15),
        });
        let min_antecedent = 1 + (random.next_u64() % 2) as usize;
        let max_antecedent = min_antecedent + (random.next_u64() % 3) as usize;
        let min_consequent = 1 + (random.next_u64() % 2) as usize;
        let max_consequent = min_consequent + (random.next_u64() % 2) as usize;
        let admits = |limits: &SideItems, side: &[u32]| {
            side.iter().all(|item| {
                limits
                    .allowed
                    .as_ref()
                    .is_none_or(|list| list.contains(item))
                    && !limits.forbidden.contains(item)
            }) && limits.required.iter().all(|item| side.contains(item))
        };
        let all = make_rules(&itemsets, every_rule().max_consequent(3));
        let expected: Vec<&Rule> = all
            .as_slice()
            .iter()
            .filter(|rule| {
                (min_antecedent..=max_antecedent).contains(&rule.antecedent.len())
                    && (min_consequent..=max_consequent).contains(&rule.consequent.len())
                    && admits(&antecedent, &rule.antecedent)
                    && admits(&consequent, &rule.consequent)
            })
            .collect();
        let params = every_rule()
            .min_antecedent(min_antecedent)
            .max_antecedent(max_antecedent)
            .min_consequent(min_consequent)
            .max_consequent(max_consequent)
            .antecedent(antecedent)
            .consequent(consequent);
        let Ok(valid) = params.check() else {
            assert!(
                expected.is_empty(),
                "case {case}: refused, but rules are like that"
            );
            continue;
        };
        let rules = valid.fit(&itemsets);
        assert_eq!(rules.n_candidates(), expected.len(), "case {case}");
        let p_values: Vec<f64> = expected.iter().map(|rule| rule.measures.p_value).collect();
        let q_values = benjamini_hochberg(&p_values);
        for ((found, expected), q_value) in rules.as_slice().iter().zip(&expected).zip(q_values) {
            let expected = Rule {
                q_value,
                ..(*expected).clone()
            };
            assert_eq!(*found, expected, "case {case}");
        }
        n_rules += expected.len();
    }
    assert!(n_rules > 10_000, "only {n_rules} rules");
}

#[test]
fn what_leads_to_a_product_needs_less_evidence_than_everything() {
    let itemsets = mine(&complete_journey(), 30);
    let everything = make_rules(&itemsets, RuleParams::new());
    let params = RuleParams::new().consequent(SideItems::only([13]));
    let target = make_rules(&itemsets, params);
    assert!(target.as_slice().iter().all(|rule| rule.consequent == [13]));
    assert!(target.n_candidates() < everything.n_candidates() / 10);
    let found: Vec<&Rule> = everything
        .as_slice()
        .iter()
        .filter(|rule| rule.consequent == [13])
        .collect();
    assert!(!found.is_empty());
    for rule in found {
        let same = target
            .as_slice()
            .iter()
            .find(|other| other.antecedent == rule.antecedent);
        assert!(same.is_none_or(|same| same.measures == rule.measures));
    }
}

#[test]
fn nothing_is_like_an_empty_list_of_allowed_items() {
    let itemsets = mine(&complete_journey(), 50);
    let rules = make_rules(&itemsets, every_rule().antecedent(SideItems::only([])));
    assert_eq!((rules.as_slice(), rules.n_candidates()), (&[][..], 0));
}

#[track_caller]
fn refused(params: RuleParams, message: &str) {
    assert_eq!(params.check_ref().unwrap_err().to_string(), message);
}

#[test]
fn both_sides_have_an_item_and_room_for_it() {
    refused(
        RuleParams::new().min_antecedent(0),
        "min_antecedent = 0, but both sides of a rule have an item; choose at least 1",
    );
    refused(
        RuleParams::new().min_antecedent(3).max_antecedent(2),
        "max_antecedent = 2 is below min_antecedent = 3; choose at least 3",
    );
    refused(
        RuleParams::new().min_consequent(2),
        "max_consequent = 1 is below min_consequent = 2; choose at least 2",
    );
}

#[test]
fn a_side_that_no_rule_can_have_is_refused() {
    let with = SideItems::with([4]);
    refused(
        RuleParams::new().antecedent(SideItems {
            forbidden: vec![4],
            ..with.clone()
        }),
        "item 4 is required in the antecedent, and forbidden there too; no rule can be like that",
    );
    refused(
        RuleParams::new().consequent(SideItems {
            allowed: Some(vec![5]),
            ..with.clone()
        }),
        "item 4 is required in the consequent, and not among the items allowed there; no rule can \
         be like that",
    );
    refused(
        RuleParams::new().antecedent(with.clone()).consequent(with),
        "item 4 is required in the antecedent, and required on the other side too; no rule can \
         be like that",
    );
}
