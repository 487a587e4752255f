use super::*;

#[track_caller]
fn close(found: f64, expected: f64) {
    assert!(
        found == expected || (found - expected).abs() <= 1e-9 * expected.abs().max(1e-3),
        "{found}, but expected {expected}"
    );
}

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
            .min_improvement(0.02),
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
    let params = every_rule().keep_redundant(false);
    let rules = make_rules(&itemsets, params.clone());
    let with = |a: &[u32], c: &[u32]| {
        (rules.as_slice().iter()).find(|rule| rule.antecedent == a && rule.consequent == c)
    };
    // 4 / 6 against 4 / 10 of all baskets.
    close(with(&[0], &[2]).unwrap().improvement, 2.0 / 3.0 - 0.4);
    assert!(with(&[0, 1], &[2]).is_none(), "2 / 3, as without item 1");
    // 2 / 5 of the baskets with item 1, as of all: no better than to say nothing.
    assert!(with(&[1], &[2]).is_none());
    let all = make_rules(&itemsets, params.keep_redundant(true));
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
    let rules = make_rules(&itemsets, RuleParams::new());
    assert!(!rules.as_slice().is_empty());
    let later = remeasure(rules.as_slice(), &chance_baskets(4));
    let p_values: Vec<f64> = later.iter().map(|measures| measures.p_value).collect();
    assert!(benjamini_hochberg(&p_values).iter().all(|&q| q > 0.05));
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
                "min_improvement = {value}; choose a number from 0 and below 1, or set \
                 keep_redundant to keep rules that are no better than shorter ones"
            ),
        );
    }
}
