use std::collections::BTreeMap;

use super::*;

#[test]
fn two_customers_by_hand() {
    // Customer 0: {0, 1}, then {1}, then {0}; customer 1: {1}, then {0, 2}.
    let histories = daily(&[&[&[0, 1], &[1], &[0]], &[&[1], &[0, 2]], &[&[2]]], 4);
    let transitions = TransitionParams::default().fit(&histories);
    assert_eq!(transitions.n_steps(), 3);
    let pairs: Vec<(u32, u32, u64)> = transitions
        .iter()
        .map(|t| (t.from, t.to, t.count))
        .collect();
    assert_eq!(pairs, [(0, 1, 1), (1, 0, 2), (1, 1, 1), (1, 2, 1)]);
    assert_eq!((transitions.n_items(), transitions.n_pairs()), (4, 4));
    let pair = transitions.get(1, 0);
    assert_eq!((pair.from_count, pair.to_count), (3, 2));
    assert_eq!((pair.confidence, pair.probability), (2.0 / 3.0, 0.5));
    assert_eq!((pair.expected, pair.lift), (2.0, 1.0));
    let never = transitions.get(0, 2);
    assert_eq!((never.count, never.confidence, never.lift), (0, 0.0, 0.0));
    assert!(transitions.get(3, 0).confidence.is_nan());
    assert!(transitions.get(3, 0).probability.is_nan());
}

#[test]
fn counts_of_thousands_of_tiny_histories() {
    let mut random = Random::new(31);
    for _ in 0..2000 {
        let n_items = 1 + random.below(5);
        let customers = random.customers(n_items, 5);
        let params = TransitionParams {
            self_transitions: random.below(2) == 0,
            max_gap: (random.below(2) == 0).then(|| random.below(4)),
        };
        let mut counts: BTreeMap<(u32, u32), u64> = BTreeMap::new();
        let (mut from, mut to) = (vec![0; 6], vec![0; 6]);
        let mut n_steps = 0;
        for customer in &customers {
            let baskets: Vec<_> = customer
                .iter()
                .filter(|(_, items)| !items.is_empty())
                .collect();
            for pair in baskets.windows(2) {
                let [(day, now), (next_day, next)] = pair else {
                    continue;
                };
                if params
                    .max_gap
                    .is_some_and(|days| (next_day - day) as u32 > days)
                {
                    continue;
                }
                n_steps += 1;
                now.iter().for_each(|&a| from[a as usize] += 1);
                next.iter().for_each(|&b| to[b as usize] += 1);
                for &a in now {
                    for &b in next.iter().filter(|&&b| params.self_transitions || a != b) {
                        *counts.entry((a, b)).or_default() += 1;
                    }
                }
            }
        }
        let histories = histories_of(&customers, n_items as usize);
        let [one, two] = on_one_and_two_threads(|| params.fit(&histories));
        assert_eq!(one, two);
        assert_eq!(one.n_steps(), n_steps);
        let found: Vec<_> = one.iter().map(|t| ((t.from, t.to), t.count)).collect();
        assert_eq!(found, counts.into_iter().collect::<Vec<_>>());
        for t in one.iter() {
            assert_eq!(
                (t.from_count, t.to_count),
                (from[t.from as usize], to[t.to as usize])
            );
            assert!((t.lift - t.count as f64 / t.expected).abs() < 1e-12);
        }
        for item in 0..n_items {
            let row: f64 = one.from(item).map(|t| t.probability).sum();
            assert!(row == 0.0 || (row - 1.0).abs() < 1e-12);
        }
    }
}

#[test]
fn without_self_transitions_the_other_counts_stay() {
    let histories = daily(&[&[&[0], &[0, 1], &[0]]], 2);
    let fit = |self_transitions| {
        TransitionParams {
            self_transitions,
            max_gap: None,
        }
        .fit(&histories)
    };
    let (with, without) = (fit(true), fit(false));
    assert_eq!(with.get(0, 0).count, 2);
    assert_eq!(without.get(0, 0).count, 0);
    assert_eq!(without.get(0, 1).confidence, with.get(0, 1).confidence);
    assert_eq!(
        (with.get(0, 1).probability, without.get(0, 1).probability),
        (1.0 / 3.0, 1.0)
    );
}

#[test]
fn nobody_a_single_basket_and_giant_baskets() {
    for histories in [daily(&[], 0), daily(&[], 2), daily(&[&[&[0, 1]]], 2)] {
        let transitions = TransitionParams::default().fit(&histories);
        assert_eq!((transitions.n_steps(), transitions.n_pairs()), (0, 0));
    }
    let giant: Vec<u32> = (0..5000).collect();
    let transitions = TransitionParams::default().fit(&daily(&[&[&[7], &giant, &[7]]], 5000));
    assert_eq!(transitions.n_pairs(), 9999);
    assert_eq!(transitions.get(7, 4999).count, 1);
    assert_eq!(transitions.get(7, 7).count, 2);
}
