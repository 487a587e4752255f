use std::collections::BTreeMap;

use super::*;
use crate::associations::Places;

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

/// Pairs among the steps in which both items could have been bought, counted one by one.
#[test]
fn what_is_expected_is_counted_while_both_were_on_sale() {
    let mut random = Random::new(37);
    let (mut fewer, mut all) = (0, 0);
    for _ in 0..400 {
        let n_items = 1 + random.below(5);
        let items: Vec<[i32; 2]> = (0..n_items)
            .map(|_| match random.below(2) {
                0 => [i32::MIN, i32::MAX],
                _ => {
                    let from = random.below(8) as i32 - 2;
                    [from, from + 1 + random.below(8) as i32]
                }
            })
            .collect();
        let never: Vec<Vec<u32>> = (0..n_items)
            .map(|_| (0..3).filter(|_| random.below(5) == 0).collect())
            .collect();
        let customers = random.customers(n_items, 6);
        // Baskets are where and when their items are sold.
        let mut places = Vec::new();
        let sold = |item: u32, day: i32, place: u32| {
            let [from, until] = items[item as usize];
            from <= day && day < until && !never[item as usize].contains(&place)
        };
        let customers: Vec<Customer> = customers
            .into_iter()
            .map(|baskets| {
                let mut kept = Vec::new();
                for (day, mut basket) in baskets {
                    let place = [0, 1, 2, u32::MAX][random.below(4) as usize];
                    basket.retain(|&item| sold(item, day, place));
                    if !basket.is_empty() {
                        places.push(place);
                        kept.push((day, basket));
                    }
                }
                kept
            })
            .collect();
        let histories = histories_of(&customers, n_items as usize);
        let found = TransitionParams::default().fit(&histories);
        let pairs: Vec<_> = found.iter().collect();
        let of_shop = Places {
            baskets: &places,
            never: &never,
        };
        let [measured, again] = on_one_and_two_threads(|| {
            found.measured_on_sale(&pairs, &histories, &items, Some(of_shop))
        });
        assert_eq!(measured, again);
        let mut steps = Vec::new();
        let mut number = 0;
        for customer in &customers {
            for (at, now) in customer.iter().enumerate() {
                if let Some(next) = customer.get(at + 1) {
                    steps.push((now, places[number], next, places[number + 1]));
                }
                number += 1;
            }
        }
        for (pair, plain) in measured.iter().zip(&pairs) {
            let (from, to) = (pair.from, pair.to);
            let among = steps.iter().filter(|(now, here, next, there)| {
                sold(from, now.0, *here) && sold(to, next.0, *there)
            });
            let among: Vec<_> = among.collect();
            assert_eq!(
                (pair.count, pair.probability),
                (plain.count, plain.probability)
            );
            if among.len() as f64 >= 0.95 * steps.len() as f64 {
                assert_eq!(pair, plain);
                all += 1;
                continue;
            }
            fewer += 1;
            let with = |end: bool| {
                let holds = among.iter().filter(|(now, _, next, _)| match end {
                    false => now.1.contains(&from),
                    true => next.1.contains(&to),
                });
                holds.count() as u64
            };
            assert_eq!(
                (pair.n_steps, pair.from_count, pair.to_count),
                (among.len() as u64, with(false), with(true))
            );
            let expected = (pair.from_count * pair.to_count) as f64 / pair.n_steps as f64;
            assert_eq!(pair.expected, expected);
            assert_eq!(pair.confidence, pair.count as f64 / pair.from_count as f64);
        }
    }
    assert!(fewer > 300 && all > 300, "{fewer} {all}");
}
