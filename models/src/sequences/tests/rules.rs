use std::collections::BTreeMap;

use super::{
    brute_force::{all_patterns, contains},
    *,
};
use crate::associations::{benjamini_hochberg, p_value};

fn every_rule() -> SequenceRuleParams {
    SequenceRuleParams::new()
        .min_confidence(0.0)
        .min_lift(0.0)
        .max_q_value(1.0)
        .keep_redundant(true)
}

fn make(sequences: &Sequences, histories: &Histories, params: SequenceRuleParams) -> SequenceRules {
    params.check().unwrap().fit(sequences, histories)
}

/// Every occurrence of the elements as baskets of the customer.
fn occurrences(customer: &Customer, elements: &[Vec<u32>], time: TimeLimits) -> Vec<Vec<usize>> {
    let mut found: Vec<Vec<usize>> = vec![vec![]];
    for element in elements {
        let mut longer = Vec::new();
        for occurrence in &found {
            let from = occurrence.last().map_or(0, |last| last + 1);
            for b in from..customer.len() {
                let day = customer[b].0;
                let in_time = occurrence.first().is_none_or(|&first| {
                    let gap = day - customer[occurrence[occurrence.len() - 1]].0;
                    let span = day - customer[first].0;
                    gap as u32 >= time.min_gap
                        && time.max_gap.is_none_or(|days| gap as u32 <= days)
                        && time.max_span.is_none_or(|days| span as u32 <= days)
                });
                if in_time && element.iter().all(|item| customer[b].1.contains(item)) {
                    longer.push([&occurrence[..], &[b]].concat());
                }
            }
        }
        found = longer;
    }
    found
}

/// By linear interpolation between the sorted values around `quarters / 4 * (n - 1)`.
fn quantile(sorted: &[i32], quarters: usize) -> f64 {
    let at = (sorted.len() - 1) as f64 * quarters as f64 / 4.0;
    let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    f64::from(low) + f64::from(high - low) * at.fract()
}

#[test]
fn rules_of_thousands_of_tiny_histories_are_counted_by_brute_force() {
    let mut random = Random::new(21);
    let mut compared = 0;
    for case in 0..2000 {
        let n_items = 1 + random.below(4);
        let customers = random.customers(n_items, 5);
        let time = TimeLimits {
            min_gap: random.below(2),
            max_gap: (random.below(2) == 0).then(|| 2 + random.below(4)),
            max_span: (random.below(2) == 0).then(|| 2 + random.below(6)),
        };
        let histories = histories_of(&customers, n_items as usize);
        let min_count = 1 + random.below(3);
        let sequences = mine(&histories, at_least(min_count).time(time).max_items(5));
        let rules = make(&sequences, &histories, every_rule());
        let counts = all_patterns(&customers, time);
        let longer = sequences.iter().filter(|s| s.n_elements() > 1).count();
        assert_eq!(
            (rules.as_slice().len(), rules.n_candidates()),
            (longer, longer)
        );
        let confidences: BTreeMap<(Vec<u32>, Vec<Vec<u32>>), f64> = rules
            .as_slice()
            .iter()
            .map(|rule| {
                (
                    (rule.next.clone(), rule.prefix.clone()),
                    rule.measures.confidence,
                )
            })
            .collect();
        for rule in rules.as_slice() {
            let n = customers.len() as u64;
            let all = [&rule.prefix[..], std::slice::from_ref(&rule.next)].concat();
            let prefix_count = u64::from(counts[&rule.prefix]);
            let count = u64::from(counts[&all]);
            let next_count = u64::from(counts[&vec![rule.next.clone()]]);
            let measures = rule.measures;
            assert_eq!(
                [
                    measures.n_customers,
                    measures.prefix_count,
                    measures.next_count,
                    measures.count
                ],
                [n, prefix_count, next_count, count],
                "case {case}: {customers:?} {time:?} {all:?}"
            );
            let confidence = count as f64 / prefix_count as f64;
            let base = next_count as f64 / n as f64;
            assert_eq!(measures.support, count as f64 / n as f64);
            assert_eq!(measures.confidence, confidence);
            assert!((measures.lift - confidence / base).abs() < 1e-12);
            assert_eq!(
                measures.p_value,
                p_value(n, prefix_count, next_count, count)
            );
            assert!((0.0..=1.0).contains(&measures.p_value));

            let mut lags: Vec<i32> = customers
                .iter()
                .filter_map(|customer| {
                    let ends = occurrences(customer, &all, time)
                        .into_iter()
                        .map(|found| (found[found.len() - 2], found[found.len() - 1]));
                    ends.min().map(|(a, b)| customer[b].0 - customer[a].0)
                })
                .collect();
            lags.sort_unstable();
            assert_eq!(lags.len() as u64, count);
            let lag = measures.lag.unwrap();
            assert_eq!(
                [lag.first_quartile, lag.median, lag.third_quartile],
                [1, 2, 3].map(|quarters| quantile(&lags, quarters))
            );

            let best = confidences
                .iter()
                .filter(|((next, prefix), _)| {
                    *next == rule.next && *prefix != rule.prefix && contains(&rule.prefix, prefix)
                })
                .map(|(_, confidence)| *confidence)
                .fold(base, f64::max);
            assert_eq!(rule.improvement, confidence - best);
            compared += 1;
        }
        let [one, two] =
            on_one_and_two_threads(|| remeasure(rules.as_slice(), sequences.time(), &histories));
        let own: Vec<SequenceMeasures> = rules.as_slice().iter().map(|r| r.measures).collect();
        assert_eq!(one, own);
        assert_eq!(two, own);
    }
    assert!(compared > 20_000, "only {compared} rules were compared");
}

#[test]
fn a_rule_by_hand() {
    // 0 then 1 after 3, 5 and 10 days; one customer has 0 only, one has 1 before 0, one nothing.
    let customers: [Customer; 6] = [
        vec![(0, vec![0]), (3, vec![1]), (4, vec![1])],
        vec![(0, vec![0]), (2, vec![0]), (5, vec![1])],
        vec![(0, vec![0]), (10, vec![1])],
        vec![(0, vec![0])],
        vec![(0, vec![1]), (1, vec![0])],
        vec![],
    ];
    let histories = histories_of(&customers, 2);
    let sequences = mine(&histories, at_least(2).max_elements(2));
    let rules = make(&sequences, &histories, every_rule());
    let rule = rules
        .as_slice()
        .iter()
        .find(|r| (&r.prefix[..], &r.next[..]) == (&[vec![0]], &[1]));
    let measures = rule.unwrap().measures;
    assert_eq!(
        (measures.prefix_count, measures.next_count, measures.count),
        (5, 4, 3)
    );
    assert_eq!((measures.support, measures.confidence), (0.5, 0.6));
    assert!((measures.lift - 0.9).abs() < 1e-12);
    let lag = measures.lag.unwrap();
    assert_eq!(
        (lag.first_quartile, lag.median, lag.third_quartile),
        (4.0, 5.0, 7.5)
    );
}

#[test]
fn the_best_rules_come_first_and_each_limit_leaves_some_out() {
    let mut random = Random::new(22);
    // Whoever buys 0 buys 1 some days later, mostly; the rest is noise.
    let customers: Vec<Customer> = (0..300)
        .map(|_| {
            let mut customer: Customer = (0..5)
                .map(|i| (10 * i, vec![2 + random.below(6)]))
                .collect();
            if random.below(3) == 0 {
                customer[1].1.push(0);
                if random.below(10) < 8 {
                    customer[3].1.push(1);
                }
            }
            customer
        })
        .collect();
    let histories = histories_of(&customers, 8);
    let sequences = mine(&histories, at_least(6));
    let all = make(&sequences, &histories, every_rule());
    let few = make(&sequences, &histories, SequenceRuleParams::new());
    assert!(all.as_slice().len() > 10 * few.as_slice().len());
    assert_eq!(all.n_candidates(), few.n_candidates());
    let best = &few.as_slice()[0];
    assert_eq!(
        (&best.prefix[..], &best.next[..]),
        (&[vec![0]][..], &[1][..])
    );
    assert_eq!(best.measures.lag.unwrap().median, 20.0);
    let sorted = |rules: &SequenceRules| {
        rules
            .as_slice()
            .is_sorted_by(|a, b| a.improvement_lower >= b.improvement_lower)
    };
    assert!(sorted(&all) && sorted(&few));
    for rule in few.as_slice() {
        assert!(rule.measures.confidence >= 0.1 && rule.measures.lift >= 1.0);
        assert!(rule.q_value <= 0.05 && rule.improvement > 0.0);
    }
    let p_values: Vec<f64> = all.as_slice().iter().map(|r| r.measures.p_value).collect();
    let q_values: Vec<f64> = all.as_slice().iter().map(|r| r.q_value).collect();
    assert_eq!(benjamini_hochberg(&p_values), q_values);
    let [one, two] =
        on_one_and_two_threads(|| make(&sequences, &histories, SequenceRuleParams::new()));
    assert_eq!(one, two);
}

#[test]
fn items_and_customers_that_are_not_there_count_nothing() {
    let histories = daily(&[&[&[0], &[1]], &[&[0], &[1]], &[]], 2);
    let sequences = mine(&histories, at_least(2));
    let rules = make(&sequences, &histories, every_rule());
    assert_eq!(rules.as_slice().len(), 1);
    let counts = |histories: &Histories| {
        let measures = remeasure(rules.as_slice(), TimeLimits::default(), histories)[0];
        assert_eq!(measures.lag, None);
        [
            measures.n_customers,
            measures.prefix_count,
            measures.next_count,
            measures.count,
        ]
    };
    assert_eq!(counts(&daily(&[&[&[0]], &[], &[&[0]]], 1)), [3, 2, 0, 0]);
    assert_eq!(counts(&daily(&[&[&[1], &[0]]], 2)), [1, 1, 1, 0]);
    assert_eq!(counts(&daily(&[], 2)), [0, 0, 0, 0]);
    assert_eq!(remeasure(&[], TimeLimits::default(), &histories), []);
}

#[test]
fn a_sequence_held_up_did_not_or_nobody_can_tell() {
    let measured = |prefix: u64, next: u64, count: u64| SequenceMeasures {
        n_customers: 1000,
        prefix_count: prefix,
        next_count: next,
        count,
        support: count as f64 / 1000.0,
        confidence: count as f64 / prefix as f64,
        lift: 1000.0 * count as f64 / (prefix * next) as f64,
        p_value: p_value(1000, prefix, next, count),
        lag: None,
    };
    // Lift 3 when it was found.
    let rule = SequenceRule {
        prefix: vec![vec![0]],
        next: vec![1],
        measures: measured(200, 200, 120),
        improvement: 0.4,
        improvement_lower: 0.3,
        q_value: 0.0,
    };
    let told = |later: SequenceMeasures, before: Option<SequenceMeasures>| {
        let before = before.map(|before| [before]);
        let rules = std::slice::from_ref(&rule);
        held_up(rules, &[later], before.as_ref().map(|b| &b[..]), 0.05)[0]
    };
    assert_eq!(told(measured(100, 100, 40), None), Some(true));
    // 100 with the prefix: 30 would be as found, 10 are chance.
    assert_eq!(told(measured(100, 100, 10), None), Some(false));
    // Four with the prefix, and nobody.
    assert_eq!(told(measured(4, 20, 0), None), None);
    assert_eq!(told(measured(0, 20, 0), None), None);
    // In the same weeks of the year before it was hardly more than chance, or not known.
    assert_eq!(
        told(measured(100, 100, 10), Some(measured(100, 100, 15))),
        None
    );
    assert_eq!(
        told(measured(100, 100, 10), Some(measured(100, 100, 40))),
        Some(false)
    );
    assert_eq!(
        told(measured(100, 100, 10), Some(measured(0, 100, 0))),
        Some(false)
    );
}
