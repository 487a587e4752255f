use super::*;

/// All rules of random baskets: counts, improvement and q-values by brute force, measures by
/// the formulas as they are printed.
#[test]
fn brute_force_makes_the_same_rules() {
    let mut random = random_source(2);
    let mut n_rules = 0;
    for case in 0..1500 {
        let n_items = 2 + (random.next_u64() % 7) as u32;
        let masks = random_masks(&mut random, n_items);
        let min_count = 2 + (random.next_u64() % 12) as u32;
        let max_consequent = 1 + (random.next_u64() % 3) as usize;
        let n = masks.len() as f64;
        let count = |mask| count_in(&masks, mask);
        let confidence = |a, c| f64::from(count(a | c)) / f64::from(count(a));

        let mut expected = Vec::new();
        for both in (1..1_u32 << n_items).filter(|&both| count(both) >= min_count) {
            for c in (1..both).filter(|c| c & both == *c) {
                if c.count_ones() as usize <= max_consequent {
                    expected.push((both & !c, c));
                }
            }
        }
        let p_values: Vec<f64> = expected
            .iter()
            .map(|&(a, c)| {
                let [a, c, both] = [a, c, a | c].map(|mask| u64::from(count(mask)));
                p_value(masks.len() as u64, a, c, both)
            })
            .collect();
        let mut sorted = p_values.clone();
        sorted.sort_by(f64::total_cmp);

        let itemsets = mine(&baskets_of_masks(&masks, n_items), min_count);
        let rules = make_rules(&itemsets, every_rule().max_consequent(max_consequent));
        assert_eq!(rules.n_candidates(), expected.len(), "case {case}");
        assert_eq!(rules.as_slice().len(), expected.len(), "case {case}");
        n_rules += expected.len();
        for (&(a, c), p) in expected.iter().zip(&p_values) {
            let rule = rules
                .as_slice()
                .iter()
                .find(|rule| rule.antecedent == items_of(a) && rule.consequent == items_of(c))
                .unwrap_or_else(|| panic!("case {case}: no rule {a:b} => {c:b}"));
            let m = &rule.measures;
            assert_eq!(
                [m.n_baskets, m.antecedent_count, m.consequent_count, m.count],
                [masks.len() as u32, count(a), count(c), count(a | c)].map(u64::from)
            );
            let [p_a, p_c, p_both] = [a, c, a | c].map(|mask| f64::from(count(mask)) / n);
            let conf = p_both / p_a;
            close(m.support, p_both);
            close(m.confidence, conf);
            close(m.lift, p_both / (p_a * p_c));
            close(m.leverage, p_both - p_a * p_c);
            if count(a) == count(a | c) {
                assert_eq!(m.conviction, f64::INFINITY);
            } else {
                close(m.conviction, (1.0 - p_c) / (1.0 - conf));
            }
            let most = f64::max(p_both * (1.0 - p_a), p_a * (p_c - p_both));
            if most > 1e-9 {
                close(m.zhang, (p_both - p_a * p_c) / most);
            }
            close(m.kulczynski, (p_both / p_a + p_both / p_c) / 2.0);
            close(m.imbalance_ratio, (p_a - p_c).abs() / (p_a + p_c - p_both));
            close(m.cosine, p_both / (p_a * p_c).sqrt());
            close(m.jaccard, p_both / (p_a + p_c - p_both));
            close(m.all_confidence, p_both / p_a.max(p_c));
            close(m.max_confidence, p_both / p_a.min(p_c));
            let variance = p_a * (1.0 - p_a) * p_c * (1.0 - p_c);
            if variance > 1e-9 {
                close(m.chi_squared, n * (p_both - p_a * p_c).powi(2) / variance);
                if conf > p_c + 1e-9 {
                    close(m.certainty, (conf - p_c) / (1.0 - p_c));
                } else if conf < p_c - 1e-9 {
                    close(m.certainty, (conf - p_c) / p_c);
                }
            }
            assert_eq!(m.p_value, *p);
            let shorter = (1..a).filter(|b| b & a == *b);
            let best = shorter.map(|b| confidence(b, c)).fold(p_c, f64::max);
            assert_eq!(rule.improvement, m.confidence - best, "case {case}");
            assert!(rule.improvement_lower < rule.improvement);
            // The definition: of all limits that would let this rule pass, the best.
            let q = (sorted.iter().enumerate())
                .filter(|(_, other)| *other >= p)
                .map(|(i, other)| other * sorted.len() as f64 / (i + 1) as f64)
                .fold(1.0, f64::min);
            close(rule.q_value, q);
        }
    }
    assert!(n_rules > 90_000, "only {n_rules} rules");
}

#[test]
fn limits_keep_exactly_the_rules_within_them() {
    let itemsets = mine(&complete_journey(), 30);
    let all = make_rules(&itemsets, every_rule().max_consequent(2));
    let kept = make_rules(
        &itemsets,
        RuleParams::new()
            .max_consequent(2)
            .min_confidence(0.4)
            .min_lift(1.5)
            .max_q_value(0.001)
            .min_improvement(0.02)
            .redundancy(Redundancy::Improvement),
    );
    let expected: Vec<Rule> = all
        .as_slice()
        .iter()
        .filter(|rule| {
            rule.measures.confidence >= 0.4
                && rule.measures.lift >= 1.5
                && rule.q_value <= 0.001
                && rule.improvement > 0.02
        })
        .cloned()
        .collect();
    assert!(expected.len() > 100, "only {} rules", expected.len());
    assert_eq!(kept.as_slice(), expected);
    assert_eq!(kept.n_candidates(), all.n_candidates());
}

#[test]
fn a_rule_no_better_than_a_shorter_one_is_dropped() {
    // Item 2 goes with item 0 in 2 of 3 baskets, and beside item 1 in 2 of 3 just the same.
    let lists: [&[u32]; 10] = [
        &[0, 1, 2],
        &[0, 1, 2],
        &[0, 1],
        &[0, 2],
        &[0, 2],
        &[0],
        &[1],
        &[1],
        &[],
        &[],
    ];
    let itemsets = mine(&baskets_of(&lists, 3), 2);
    let params = every_rule().redundancy(Redundancy::Improvement);
    let rules = make_rules(&itemsets, params.clone());
    let with = |a: &[u32], c: &[u32]| {
        (rules.as_slice().iter()).find(|rule| rule.antecedent == a && rule.consequent == c)
    };
    // 4 / 6 against 4 / 10 of all baskets.
    close(with(&[0], &[2]).unwrap().improvement, 2.0 / 3.0 - 0.4);
    assert!(with(&[0, 1], &[2]).is_none(), "2 / 3, as without item 1");
    // 2 / 5 of the baskets with item 1, as of all: no better than to say nothing.
    assert!(with(&[1], &[2]).is_none());
    let all = make_rules(&itemsets, params.redundancy(Redundancy::Keep));
    let redundant = all
        .as_slice()
        .iter()
        .find(|rule| rule.antecedent == [0, 1])
        .unwrap();
    assert_eq!(redundant.improvement, 0.0);
}

#[test]
fn rules_come_in_the_stated_order() {
    let itemsets = mine(&complete_journey(), 30);
    let rules = make_rules(&itemsets, every_rule().max_consequent(2));
    assert!(rules.as_slice().is_sorted_by(|a, b| {
        let key = |rule: &Rule| (rule.antecedent.clone(), rule.consequent.clone());
        (a.improvement_lower > b.improvement_lower)
            || a.improvement_lower == b.improvement_lower
                && (a.measures.count > b.measures.count
                    || a.measures.count == b.measures.count && key(a) < key(b))
    }));
}

#[test]
fn the_sure_improvement_is_wilsons_lower_limit_less_the_best_shorter_rule() {
    // 81 of 263: Wilson's 95 % interval starts at .2553 (Newcombe 1998, "Two-sided confidence
    // intervals for the single proportion", table I). Of all 1,000 baskets 100 hold item 1.
    let mut lists: Vec<&[u32]> = vec![&[0, 1]; 81];
    lists.extend([&[0][..]; 263 - 81]);
    lists.extend([&[1][..]; 100 - 81]);
    lists.resize(1000, &[]);
    let rules = make_rules(&mine(&baskets_of(&lists, 2), 10), RuleParams::new());
    let rule = rules
        .as_slice()
        .iter()
        .find(|rule| rule.antecedent == [0])
        .unwrap();
    assert!((rule.improvement_lower - (0.2553 - 0.1)).abs() < 5e-5);
}

#[test]
fn one_and_two_threads_make_the_same_rules() {
    let itemsets = mine(&complete_journey(), 30);
    let [one, two] =
        on_one_and_two_threads(|| make_rules(&itemsets, every_rule().max_consequent(2)));
    assert!(one.as_slice().len() > 20_000);
    assert_eq!(one, two);
}

/// Baskets of 30 items, each in any basket with a chance of 1 in 5, none with another.
fn chance_baskets(seed: u64) -> Baskets {
    let mut random = random_source(seed);
    let lists: Vec<Vec<u32>> = (0..3000)
        .map(|_| {
            (0..30)
                .filter(|_| random.next_u64().is_multiple_of(5))
                .collect()
        })
        .collect();
    let lists: Vec<&[u32]> = lists.iter().map(|list| &list[..]).collect();
    baskets_of(&lists, 30)
}

#[test]
fn chance_alone_makes_no_rules() {
    // Chance puts 24 baskets under every three items; a limit of 5 selects nothing.
    let params = ItemsetParams::new(MinSupport::Count(5)).max_len(3);
    let itemsets = params.check().unwrap().fit(&chance_baskets(3)).unwrap();
    let rules = make_rules(&itemsets, RuleParams::new());
    assert_eq!(rules.n_candidates(), 2 * 435 + 3 * 4060);
    assert_eq!(rules.as_slice(), []);
    let untested = make_rules(&itemsets, RuleParams::new().max_q_value(1.0));
    assert!(untested.as_slice().len() > 1000);
}

#[test]
fn a_limit_that_selects_by_chance_lets_rules_through_that_later_baskets_refute() {
    // Chance puts 4.8 baskets under every four items; those with 15 are there by luck, and
    // being frequent is what their p-values are surprised by.
    let itemsets = mine(&chance_baskets(3), 15);
    let params = RuleParams::new().redundancy(Redundancy::Improvement);
    let rules = make_rules(&itemsets, params);
    assert!(!rules.as_slice().is_empty());
    let later = remeasure(rules.as_slice(), &chance_baskets(4));
    let p_values: Vec<f64> = later.iter().map(|measures| measures.p_value).collect();
    assert!(benjamini_hochberg(&p_values).iter().all(|&q| q > 0.05));
    // Having to be better than every shorter rule, too, is harder to pass by luck.
    assert_eq!(make_rules(&itemsets, RuleParams::new()).as_slice(), []);
}

#[track_caller]
fn refused(params: RuleParams, message: &str) {
    assert_eq!(params.check_ref().unwrap_err().to_string(), message);
    assert_eq!(params.check().unwrap_err().to_string(), message);
}

#[test]
fn confidence_must_be_a_share() {
    for value in [-0.1, 1.1, f64::NAN] {
        refused(
            RuleParams::new().min_confidence(value),
            &format!("min_confidence = {value}; choose a number from 0 to 1"),
        );
    }
}

#[test]
fn lift_must_be_a_number_from_zero_up() {
    for value in [-1.0, f64::INFINITY, f64::NAN] {
        refused(
            RuleParams::new().min_lift(value),
            &format!(
                "min_lift = {value}; choose a number from 0 up, 1 for rules better than chance"
            ),
        );
    }
}

#[test]
fn a_consequent_has_at_least_one_item() {
    refused(
        RuleParams::new().max_consequent(0),
        "max_consequent = 0; choose at least 1",
    );
}

#[test]
fn a_q_value_of_zero_would_keep_nothing() {
    for value in [0.0, 1.5, f64::NAN] {
        refused(
            RuleParams::new().max_q_value(value),
            &format!(
                "max_q_value = {value}; choose a number above 0 and at most 1, where 1 keeps \
                 every rule"
            ),
        );
    }
}

#[test]
fn improvement_must_be_possible() {
    for value in [-0.1, 1.0, f64::NAN] {
        refused(
            RuleParams::new().min_improvement(value),
            &format!(
                "min_improvement = {value}; choose a number from 0 and below 1, or keep what is \
                 redundant to keep rules that are no better than shorter ones"
            ),
        );
    }
}

/// With significance asked for, by brute force: the largest p-value of the rule and of Fisher's
/// tests against every proper part of the antecedent, corrected over all candidates; and each
/// candidate that is no rule counts under the first limit it fails.
#[test]
fn brute_force_keeps_the_same_significant_rules_and_drops_the_rest_for_the_same_reasons() {
    let mut random = random_source(12);
    let mut seen = Dropped::default();
    let mut n_kept = 0;
    for case in 0..1500 {
        let n_items = 2 + (random.next_u64() % 6) as u32;
        let masks = random_masks(&mut random, n_items);
        let min_count = 2 + (random.next_u64() % 8) as u32;
        let params = RuleParams::new()
            .max_consequent(2)
            .min_confidence(0.2)
            .min_lift(1.1)
            .min_improvement(0.01)
            .max_q_value([0.05, 0.3, 0.6, 1.0][case % 4]);
        let valid = params.clone().check().unwrap();
        let count = |mask| u64::from(count_in(&masks, mask));
        let n = masks.len() as u64;
        let mut candidates = Vec::new();
        for both in (1..1_u32 << n_items).filter(|&both| count(both) >= min_count.into()) {
            for c in (1..both).filter(|c| c & both == *c && c.count_ones() <= 2) {
                candidates.push((both & !c, c));
            }
        }
        let alone = |&(a, c): &(u32, u32)| p_value(n, count(a), count(c), count(a | c));
        let p_values: Vec<f64> = candidates
            .iter()
            .map(|&(a, c)| {
                (1..a)
                    .filter(|b| b & a == *b)
                    .map(|b| fisher_upper_tail(count(b), count(a), count(b | c), count(a | c)))
                    .fold(alone(&(a, c)), f64::max)
            })
            .collect();
        let q_values = benjamini_hochberg(&p_values);
        // The p-value up to which tests pass.
        let passing = (p_values.iter().zip(&q_values))
            .filter(|(_, q)| **q <= valid.max_q_value())
            .fold(f64::NEG_INFINITY, |most, (p, _)| most.max(*p));
        let mut dropped = Dropped::default();
        let mut kept = Vec::new();
        for (i, &(a, c)) in candidates.iter().enumerate() {
            let confidence = |a: u32| count(a | c) as f64 / count(a) as f64;
            let best = (1..a)
                .filter(|b| b & a == *b)
                .map(confidence)
                .fold(count(c) as f64 / n as f64, f64::max);
            let lift = n as f64 * count(a | c) as f64 / (count(a) as f64 * count(c) as f64);
            if confidence(a) < 0.2 {
                dropped.confidence += 1;
            } else if lift < 1.1 {
                dropped.lift += 1;
            } else if confidence(a) - best <= 0.01 {
                dropped.no_better += 1;
            } else if alone(&(a, c)) > passing {
                dropped.chance += 1;
            } else if q_values[i] > valid.max_q_value() {
                dropped.not_significantly_better += 1;
            } else {
                kept.push((items_of(a), items_of(c), q_values[i]));
            }
        }
        let rules = make_rules(&mine(&baskets_of_masks(&masks, n_items), min_count), params);
        assert_eq!(rules.n_candidates(), candidates.len());
        assert_eq!(rules.as_slice().len(), kept.len(), "case {case}");
        for (a, c, q) in &kept {
            let mut found = rules.as_slice().iter();
            let rule = found
                .find(|rule| rule.antecedent == *a && rule.consequent == *c)
                .unwrap();
            close(rule.q_value, *q);
        }
        assert_eq!(rules.dropped(), dropped, "case {case}");
        assert_eq!(rules.dropped().total() + kept.len(), candidates.len());
        n_kept += kept.len();
        seen.confidence += dropped.confidence;
        seen.lift += dropped.lift;
        seen.no_better += dropped.no_better;
        seen.chance += dropped.chance;
        seen.not_significantly_better += dropped.not_significantly_better;
    }
    let reasons = [
        seen.confidence,
        seen.lift,
        seen.no_better,
        seen.chance,
        seen.not_significantly_better,
        n_kept,
    ];
    assert!(reasons.iter().all(|n| *n > 100), "{reasons:?}");
}

#[test]
fn an_item_that_adds_nothing_surely_is_left_out_of_a_rule() {
    // Item 0 alone: 40 of 80 with item 2. With item 1: 12 of 20, which is better by luck,
    // Fisher's tail of (80, 20, 40, 12) being .22.
    let mut lists: Vec<&[u32]> = vec![&[0, 1, 2]; 12];
    lists.extend([&[0, 1][..]; 8]);
    lists.extend([&[0, 2][..]; 28]);
    lists.extend([&[0][..]; 32]);
    lists.extend([&[1][..]; 60]);
    lists.resize(1000, &[]);
    let itemsets = mine(&baskets_of(&lists, 3), 5);
    let longer = |redundancy| {
        let rules = make_rules(&itemsets, RuleParams::new().redundancy(redundancy));
        (rules.as_slice().iter()).any(|rule| rule.antecedent == [0, 1] && rule.consequent == [2])
    };
    assert!(longer(Redundancy::Improvement));
    assert!(!longer(Redundancy::Significance));
}

/// Figures of mlxtend 0.25.0; the fixture's script says how they were made.
#[test]
fn mlxtend_makes_the_same_rules_with_the_same_measures() {
    let text = include_str!("../../../tests/fixtures/complete_journey_rules.txt");
    let itemsets = mine(&complete_journey(), 50);
    let params = every_rule().max_consequent(9).min_confidence(0.8);
    let rules = make_rules(&itemsets, params);
    assert_eq!(rules.as_slice().len(), text.lines().count());
    for line in text.lines() {
        let columns: Vec<&str> = line.split(' ').collect();
        let side = |text: &str| -> Vec<u32> {
            text.split(',').map(|code| code.parse().unwrap()).collect()
        };
        let rule = rules
            .as_slice()
            .iter()
            .find(|rule| rule.antecedent == side(columns[0]) && rule.consequent == side(columns[1]))
            .unwrap_or_else(|| panic!("no rule for {line}"));
        let m = &rule.measures;
        let ours = [
            m.support,
            m.confidence,
            m.lift,
            m.leverage,
            m.conviction,
            m.zhang,
            m.jaccard,
            m.certainty,
            m.kulczynski,
        ];
        for (ours, theirs) in ours.iter().zip(&columns[2..]) {
            let theirs: f64 = theirs.parse().unwrap();
            assert!(
                (ours - theirs).abs() <= 1e-8 * theirs.abs(),
                "{line}: {ours}"
            );
        }
    }
}

#[test]
fn the_first_by_lift_are_those_of_a_full_sort() {
    let itemsets = mine(&complete_journey(), 30);
    let params = every_rule().max_consequent(2);
    let mut all = make_rules(&itemsets, params.clone()).into_vec();
    all.sort_by(|a, b| {
        (b.measures.lift.total_cmp(&a.measures.lift))
            .then(b.measures.count.cmp(&a.measures.count))
            .then_with(|| (&a.antecedent, &a.consequent).cmp(&(&b.antecedent, &b.consequent)))
    });
    // Confidence, lift and significance do not matter here.
    let valid = RuleParams::new().max_consequent(2).check().unwrap();
    for n in [0, 1, 10, 1000, all.len(), 1_000_000] {
        let [one, two] = on_one_and_two_threads(|| valid.top_by_lift(&itemsets, n));
        let sides = |rules: &[Rule]| -> Vec<_> {
            (rules.iter())
                .map(|rule| {
                    (
                        rule.antecedent.clone(),
                        rule.consequent.clone(),
                        rule.measures,
                    )
                })
                .collect()
        };
        assert_eq!(sides(&one), sides(&all[..n.min(all.len())]), "first {n}");
        assert_eq!(sides(&one), sides(&two));
    }
}

#[test]
fn one_item_nothing_frequent_doubles_and_a_giant_basket_are_fine() {
    let giant: Vec<u32> = (0..5000).rev().chain(0..5000).collect();
    let lists: [&[u32]; 5] = [&giant, &[7, 7, 9], &[9, 7], &[7], &[]];
    let baskets = baskets_of(&lists, 5000);
    // Nothing is in all five baskets; item 7 alone is in four of them.
    for min_count in [5, 4] {
        let itemsets = mine(&baskets, min_count);
        let rules = make_rules(&itemsets, every_rule());
        assert_eq!((rules.as_slice(), rules.n_candidates()), (&[][..], 0));
        assert_eq!(rules.dropped().total(), 0);
        let valid = RuleParams::new().check().unwrap();
        assert_eq!(valid.top_by_lift(&itemsets, 10), []);
    }
    let rules = make_rules(&mine(&baskets, 3), every_rule());
    let found: Vec<_> = rules
        .as_slice()
        .iter()
        .map(|rule| {
            (
                rule.antecedent[0],
                rule.measures.count,
                rule.measures.confidence,
            )
        })
        .collect();
    // The lower ends of both confidences, .30 and .44, less P(C), .6 and .8.
    assert_eq!(found, [(7, 3, 0.75), (9, 3, 1.0)]);
    // Pairs of the giant basket: each 1 of 1 with the other, and none surely more than chance.
    let pairs = ItemsetParams::new(MinSupport::Count(1))
        .max_len(2)
        .max_itemsets(20_000_000);
    let few: Vec<u32> = (0..300).collect();
    let baskets = baskets_of(&[&few, &[0, 0], &[0], &[0]], 300);
    let itemsets = pairs.check().unwrap().fit(&baskets).unwrap();
    let rules = make_rules(&itemsets, RuleParams::new());
    assert_eq!(rules.n_candidates(), 300 * 299);
    assert_eq!(rules.as_slice(), []);
    // Item 0 is in all baskets: it says nothing, whatever its confidence.
    let valid = SelectionParams::new().max_q_value(1.0).check().unwrap();
    let all = make_rules(&itemsets, every_rule());
    let selection = valid.fit(&all, &baskets, &Strata::by_size(&baskets));
    let with_0 = selection
        .selected
        .iter()
        .find(|chosen| chosen.rule.consequent == [0]);
    assert!(with_0.is_none_or(|chosen| chosen.adjusted.p_value == 1.0));
}
