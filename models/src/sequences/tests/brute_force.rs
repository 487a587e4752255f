//! Every pattern of tiny histories, found by trying everything.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

type Elements = Vec<Vec<u32>>;

/// Whether days so far apart from the last element and the first are allowed.
fn allowed(time: TimeLimits, gap: i32, span: i32) -> bool {
    gap as u32 >= time.min_gap
        && time.max_gap.is_none_or(|days| gap as u32 <= days)
        && time.max_span.is_none_or(|days| span as u32 <= days)
}

/// Adds all patterns that begin with `pattern`, which the customer has from day `first` to day
/// `last`, his next basket being `next`.
fn extend(
    customer: &Customer,
    time: TimeLimits,
    pattern: &Elements,
    days: Option<(i32, i32)>,
    next: usize,
    found: &mut BTreeSet<Elements>,
) {
    for (b, (day, basket)) in customer.iter().enumerate().skip(next) {
        if days.is_some_and(|(first, last)| !allowed(time, day - last, day - first)) {
            continue;
        }
        for mask in 1_u32..1 << basket.len() {
            let chosen = (0..basket.len()).filter(|i| mask >> i & 1 == 1);
            let mut longer = pattern.clone();
            longer.push(chosen.map(|i| basket[i]).collect());
            let first = days.map_or(*day, |(first, _)| first);
            // Another occurrence of the same pattern may end elsewhere, so go on all the same.
            found.insert(longer.clone());
            extend(customer, time, &longer, Some((first, *day)), b + 1, found);
        }
    }
}

/// All patterns and how many customers have each.
pub(super) fn all_patterns(customers: &[Customer], time: TimeLimits) -> BTreeMap<Elements, u32> {
    let mut counts = BTreeMap::new();
    for customer in customers {
        let mut found = BTreeSet::new();
        extend(customer, time, &vec![], None, 0, &mut found);
        for pattern in found {
            *counts.entry(pattern).or_insert(0) += 1;
        }
    }
    counts
}

pub(super) fn contains(long: &Elements, short: &Elements) -> bool {
    let mut rest = long.iter();
    short
        .iter()
        .all(|element| rest.any(|larger| element.iter().all(|item| larger.contains(item))))
}

fn n_items(pattern: &Elements) -> usize {
    pattern.iter().map(Vec::len).sum()
}

/// In the order that is promised.
pub(super) fn in_order(mut patterns: Vec<(Elements, u32)>) -> Vec<(Elements, u32)> {
    patterns.sort_by(|(a, _), (b, _)| n_items(a).cmp(&n_items(b)).then_with(|| a.cmp(b)));
    patterns
}

/// What the parameters should find.
fn expected(
    customers: &[Customer],
    params: &SequenceValidParams,
    min_count: u32,
) -> Vec<(Elements, u32)> {
    let without_forbidden: Vec<Customer> = customers
        .iter()
        .map(|customer| {
            let keep = |item: &&u32| !params.forbidden().contains(item);
            customer
                .iter()
                .map(|(day, basket)| (*day, basket.iter().filter(keep).copied().collect()))
                .collect()
        })
        .collect();
    let patterns: Vec<(Elements, u32)> = all_patterns(&without_forbidden, params.time())
        .into_iter()
        .filter(|(pattern, count)| {
            let has = |item: &u32| pattern.iter().any(|element| element.contains(item));
            *count >= min_count
                && pattern.len() <= params.max_elements()
                && n_items(pattern) <= params.max_items()
                && params.required().iter().all(has)
        })
        .collect();
    let mut by_count: BTreeMap<u32, Vec<&Elements>> = BTreeMap::new();
    for (pattern, count) in &patterns {
        by_count.entry(*count).or_default().push(pattern);
    }
    let is_closed = |(pattern, count): &&(Elements, u32)| {
        let mut others = by_count[count].iter().filter(|other| **other != pattern);
        !others.any(|other| contains(other, pattern))
    };
    let listed = match params.closed() {
        true => patterns.iter().filter(is_closed).cloned().collect(),
        false => patterns,
    };
    in_order(listed)
}

/// Parameters with some of all limits.
fn random_params(random: &mut Random, n_items: u32, min_count: u32) -> SequenceParams {
    let mut params = at_least(min_count);
    if random.below(3) == 0 {
        params = params.min_gap(random.below(3));
    }
    if random.below(3) == 0 {
        params = params.max_gap(2 + random.below(4));
    }
    if random.below(3) == 0 {
        params = params.max_span(2 + random.below(7));
    }
    if random.below(4) == 0 {
        params = params.max_elements(1 + random.below(4) as usize);
    }
    if random.below(4) == 0 {
        params = params.max_items(2 + random.below(4) as usize);
    }
    match random.below(8) {
        0 => params.required(&[random.below(n_items + 1)]),
        1 => params.required(&[0, random.below(n_items)]),
        2 | 3 => params.forbidden(&[random.below(n_items + 1)]),
        _ => params,
    }
}

#[track_caller]
fn check(customers: &[Customer], n_items: u32, params: SequenceParams, min_count: u32) -> usize {
    let params = params.check().unwrap();
    let histories = histories_of(customers, n_items as usize);
    let found = params.fit(&histories).unwrap();
    let expected = expected(customers, &params, min_count);
    assert_eq!(listed(&found), expected, "{customers:?} {params:?}");
    for (pattern, count) in &expected {
        let elements: Vec<&[u32]> = pattern.iter().map(|element| &element[..]).collect();
        assert_eq!(found.count_of(&elements), Some(*count));
    }
    expected.len()
}

#[test]
fn all_patterns_of_thousands_of_tiny_histories_under_all_limits() {
    let mut random = Random::new(11);
    let mut found = 0;
    for _ in 0..4000 {
        let n_items = 1 + random.below(4);
        let customers = random.customers(n_items, 5);
        let min_count = 1 + random.below(4);
        let params = random_params(&mut random, n_items, min_count);
        found += check(&customers, n_items, params, min_count);
    }
    assert!(found > 50_000, "only {found} patterns were compared");
}

#[test]
fn closed_patterns_of_thousands_of_tiny_histories_without_limits() {
    let mut random = Random::new(12);
    let mut found = 0;
    for _ in 0..5000 {
        let n_items = 1 + random.below(4);
        let customers = random.customers(n_items, if n_items < 3 { 5 } else { 3 });
        let min_count = 1 + random.below(4);
        let mut params = at_least(min_count).closed(true);
        if random.below(3) == 0 {
            params = params.min_gap(random.below(3));
        }
        found += check(&customers, n_items, params, min_count);
    }
    assert!(found > 2_000, "only {found} patterns were compared");
}

#[test]
fn closed_patterns_of_thousands_of_tiny_histories_under_all_limits() {
    let mut random = Random::new(13);
    let mut found = 0;
    for _ in 0..5000 {
        let n_items = 1 + random.below(4);
        let customers = random.customers(n_items, if n_items < 3 { 5 } else { 3 });
        let min_count = 1 + random.below(3);
        let params = random_params(&mut random, n_items, min_count).closed(true);
        found += check(&customers, n_items, params, min_count);
    }
    assert!(found > 2_000, "only {found} patterns were compared");
}

/// Customers of many baskets: patterns of two items, which are counted all at once, are those of
/// the search that may go on to three.
#[test]
fn pairs_of_long_histories_are_those_of_the_search_for_longer_patterns() {
    let mut random = Random::new(14);
    let mut compared = 0;
    for case in 0..12 {
        let items = 6;
        let customers: Vec<Customer> = (0..8)
            .map(|_| {
                let mut day = 0;
                (0..1 + random.below(200))
                    .map(|_| {
                        day += random.below(4) as i32;
                        let mut basket = vec![random.below(items), random.below(items)];
                        basket.sort_unstable();
                        basket.dedup();
                        (day, basket)
                    })
                    .collect()
            })
            .collect();
        let histories = histories_of(&customers, items as usize);
        let mut params = at_least(1 + random.below(8)).min_gap(random.below(3));
        params = match case % 3 {
            0 => params.max_gap(3 + random.below(20)),
            1 => params.max_span(3 + random.below(20)),
            _ => params.max_gap(30).max_span(3 + random.below(4)),
        };
        let longer = mine(&histories, params.clone().max_items(3));
        let two: Vec<(Elements, u32)> = listed(&longer)
            .into_iter()
            .filter(|(pattern, _)| n_items(pattern) <= 2)
            .collect();
        compared += two.len();
        let [one, other] = on_one_and_two_threads(|| mine(&histories, params.clone().max_items(2)));
        assert_eq!(listed(&one), two);
        assert_eq!(listed(&other), two);
    }
    assert!(compared > 200, "only {compared} patterns were compared");
}
