use super::{super::adjusted::avoidance, *};

fn every_pair() -> PairParams {
    PairParams::new(MinSupport::Count(1))
        .min_expected(0.0)
        .max_q_value(0.5)
}

fn find(baskets: &Baskets, customers: Option<&[u32]>, params: PairParams) -> Pairs {
    params.check().unwrap().fit(baskets, customers).unwrap()
}

fn baskets_from(lists: &[Vec<u32>], n_items: usize) -> Baskets {
    let slices: Vec<&[u32]> = lists.iter().map(Vec::as_slice).collect();
    baskets_of(&slices, n_items)
}

fn items(pairs: &[Pair]) -> Vec<[u32; 2]> {
    pairs.iter().map(|pair| pair.items).collect()
}

/// 100 customers with a basket on each of 8 days: cola 0 and 1 in turn, bread 2 or milk 3, and napkins
/// 4 on the first four days, bunting 5 on the others.
#[test]
fn what_was_never_on_sale_at_the_same_time_replaces_nothing() {
    let baskets = 0..800_u32;
    let lists: Vec<Vec<u32>> = baskets
        .clone()
        .map(|b| vec![b % 2, 2 + b / 2 % 2, 4 + u32::from(b % 8 >= 4)])
        .collect();
    let customers: Vec<u32> = baskets.clone().map(|b| b / 8).collect();
    let days: Vec<i32> = baskets.map(|b| (b % 8) as i32).collect();
    let baskets = baskets_from(&lists, 6);
    let params = PairParams::new(MinSupport::Share(0.05)).check().unwrap();
    let fit = |items: &[[i32; 2]]| {
        let on_sale = OnSale {
            days: &days,
            items,
            places: None,
        };
        params
            .fit_on_sale(&baskets, Some(&customers), &on_sale)
            .unwrap()
    };
    let plain = params.fit(&baskets, Some(&customers)).unwrap();
    let all = fit(&[[0, 8]; 6]);
    assert_eq!(all, plain);
    assert!(items(&plain.substitutes).contains(&[4, 5]), "the fault");
    let mut windows = [[0, 8]; 6];
    windows[4] = [0, 4];
    windows[5] = [4, 8];
    let found = fit(&windows);
    let pairs = items(&found.substitutes);
    assert!(
        pairs.contains(&[0, 1]) && !pairs.contains(&[4, 5]),
        "{pairs:?}"
    );
    // The colas of four days: 400 baskets, 200 with each.
    windows[0] = [2, 6];
    windows[1] = [0, 6];
    let found = fit(&windows);
    let colas = found
        .substitutes
        .iter()
        .find(|pair| pair.items == [0, 1])
        .unwrap();
    assert_eq!((colas.counts, colas.expected), ([200, 200], 100.0));
    // On the one common day nobody bought the first.
    windows[0] = [5, 6];
    let few = params.fit_on_sale(
        &baskets,
        None,
        &OnSale {
            places: None,
            days: &days[1..],
            items: &windows,
        },
    );
    assert_eq!(
        few.unwrap_err(),
        PairError::UnequalDays {
            baskets: 800,
            days: 799
        }
    );
    assert!(!items(&fit(&windows).substitutes).contains(&[0, 1]));
}

/// Cola 0 and lemonade 1, of baskets of two items: 10 with both, 200 with each and bread 2, 100 of
/// other things. Each drink is in 210 of 510 baskets; of 1020 places, one drink takes 210, and of
/// the others 210 of 810 go to the other one.
#[test]
fn two_drinks_by_hand() {
    let mut lists = vec![vec![0, 1]; 10];
    lists.extend(vec![vec![0, 2]; 200]);
    lists.extend(vec![vec![1, 2]; 200]);
    lists.extend(vec![vec![3, 4]; 100]);
    // Those that hold one item, or none, say nothing.
    lists.extend(vec![vec![0]; 30]);
    lists.extend(vec![vec![]; 60]);
    let found = find(&baskets_from(&lists, 5), None, every_pair());
    let pair = found
        .substitutes
        .iter()
        .find(|pair| pair.items == [0, 1])
        .unwrap();
    assert_eq!(pair.counts, [240, 210]);
    assert_eq!(pair.together, 10);
    assert_eq!(pair.expected, 240.0 * 210.0 / 600.0);
    assert_eq!(pair.lift, 10.0 / 84.0);
    assert_eq!(pair.fisher, fisher_lower_tail(600, 240, 210, 10));
    assert_eq!(pair.given_size.together, 10);
    let expected = 210.0 * 210.0 / 810.0;
    assert_eq!(pair.given_size.expected, expected);
    assert_eq!(pair.given_size.ratio(), 10.0 / expected);
    // The variance is 54.44 * 300 * 300 / (510 * 509) = 18.88: 10.2 standard deviations.
    assert!(pair.given_size.p_value < 1e-20);
    // Beside one other thing than lemonade, 30 baskets hold no lemonade and 210 do, 40 of them all
    // cola: 35 with both are expected, and a Poisson variable of that mean is rarely 10.
    assert!((1e-8..1e-5).contains(&pair.p_value), "{}", pair.p_value);
    assert_eq!(found.n_tested_complements, 10);
    assert!(pair.q_value >= pair.p_value);
    // Byar's upper end of 10 is 18.39.
    assert!(
        (pair.score - (1.0 - 18.39 / expected)).abs() < 1e-3,
        "{}",
        pair.score
    );
    assert_eq!(items(&found.complements)[..1], [[3, 4]]);
}

/// What every pair should be, computed from its definition.
#[test]
fn brute_force_compares_the_same() {
    let mut random = random_source(31);
    let mut n_pairs = 0;
    let mut n_with_customers = 0;
    for case in 0..1500 {
        let n_items = 2 + (random.next_u64() % 9) as u32;
        let mut masks = Vec::new();
        for _ in 0..10 {
            masks.extend(random_masks(&mut random, n_items));
        }
        // Some pairs avoid each other.
        for mask in &mut masks {
            if *mask & 3 == 3 && !random.next_u64().is_multiple_of(4) {
                *mask &= !(1 << (random.next_u64() % 2));
            }
        }
        let customers: Vec<u32> = (masks.iter())
            .map(|_| match (random.next_u64() % 6) as u32 {
                0 => u32::MAX,
                customer => customer * 1000,
            })
            .collect();
        let lists: Vec<Vec<u32>> = masks.iter().map(|&mask| items_of(mask)).collect();
        let baskets = baskets_from(&lists, n_items as usize);
        let strata = 1 + (random.next_u64() % 8) as usize;
        let with_customers = random.next_u64().is_multiple_of(2);
        let known = with_customers.then_some(&customers[..]);
        let found = find(&baskets, known, every_pair().size_strata(strata));
        for (pairs, lower) in [(&found.substitutes, true), (&found.complements, false)] {
            for pair in pairs {
                n_pairs += 1;
                let both = pair.items.iter().fold(0, |mask, item| mask | 1 << item);
                let holding = |m: u32| masks.iter().filter(|&&mask| mask & m == m).count() as u32;
                assert_eq!(pair.together, holding(both), "case {case}");
                assert_eq!(pair.counts, pair.items.map(|item| holding(1 << item)));
                let [together, expected] = by_size(&masks, pair.items, strata);
                assert_eq!(f64::from(pair.given_size.together), together, "case {case}");
                assert!(
                    (pair.given_size.expected - expected).abs() < 1e-9,
                    "case {case}"
                );
                assert_eq!(together < expected, lower);
                assert!(pair.score > if lower { 0.0 } else { 1.0 });
                assert!(pair.p_value <= pair.q_value && pair.q_value <= 0.5);
                assert_eq!(pair.customers.is_some(), with_customers);
                // Substitutes avoid each other beside the same others, too.
                let beside_others = match lower {
                    true => avoidance(&[pair.items], &baskets)[0],
                    false => 0.0,
                };
                let Some(said) = &pair.customers else {
                    assert_eq!(pair.p_value, pair.given_size.p_value.max(beside_others));
                    continue;
                };
                n_with_customers += 1;
                let p_values = [pair.given_size.p_value, said.given_customer.p_value];
                let highest = p_values[0].max(p_values[1]).max(beside_others);
                assert_eq!(pair.p_value, highest);
                let mut ever = std::collections::BTreeMap::<u32, u32>::new();
                let mut within = [0.0; 2];
                for (&mask, &customer) in masks.iter().zip(&customers) {
                    if customer != u32::MAX {
                        *ever.entry(customer).or_default() |= mask;
                        within[0] += f64::from(u8::from(mask & both == both));
                    }
                }
                let ever_masks: Vec<u32> = ever.values().copied().collect();
                let buyers = |m: u32| ever_masks.iter().filter(|&&mask| mask & m == m).count();
                assert_eq!(said.n_customers as usize, ever.len());
                assert_eq!(said.both as usize, buyers(both));
                assert_eq!(
                    said.counts.map(|count| count as usize),
                    pair.items.map(|item| buyers(1 << item))
                );
                for &customer in ever.keys() {
                    let of_one = masks
                        .iter()
                        .zip(&customers)
                        .filter(|(_, c)| **c == customer);
                    let of_one: Vec<u32> = of_one.map(|(&mask, _)| mask).collect();
                    within[1] += by_places(&of_one, pair.items)[1];
                }
                assert_eq!(f64::from(said.given_customer.together), within[0]);
                assert!((said.given_customer.expected - within[1]).abs() < 1e-9);
                let [together, expected] = by_size(&ever_masks, pair.items, strata);
                assert_eq!(f64::from(said.given_breadth.together), together);
                assert!((said.given_breadth.expected - expected).abs() < 1e-9);
            }
        }
    }
    assert!(n_pairs > 500, "{n_pairs}");
    assert!(n_with_customers > 20, "{n_with_customers}");
}

/// The rows with both items of a pair, and the mean if they had nothing to do with each other, among
/// rows of a group of sizes. The groups hold about equal shares of all items of rows of two or
/// more.
fn by_size(masks: &[u32], pair: [u32; 2], max_groups: usize) -> [f64; 2] {
    let places_below = |size: u32| -> u32 {
        let sizes = masks.iter().map(|mask| mask.count_ones());
        sizes.filter(|&other| 1 < other && other < size).sum()
    };
    let all = places_below(u32::MAX);
    let mut groups = std::collections::BTreeMap::<u32, Vec<u32>>::new();
    for &mask in masks.iter().filter(|mask| mask.count_ones() > 1) {
        let group = places_below(mask.count_ones()) * max_groups as u32 / all;
        groups.entry(group).or_default().push(mask);
    }
    let mut sums = [0.0; 2];
    for masks in groups.into_values() {
        let [both, expected] = by_places(&masks, pair);
        sums[0] += both;
        sums[1] += expected;
    }
    sums
}

/// The same among rows that are compared with each other.
fn by_places(masks: &[u32], pair: [u32; 2]) -> [f64; 2] {
    let masks: Vec<u32> = masks
        .iter()
        .copied()
        .filter(|mask| mask.count_ones() > 1)
        .collect();
    let sum = |of: &dyn Fn(u32) -> bool, what: &dyn Fn(u32) -> u32| -> f64 {
        masks
            .iter()
            .filter(|mask| of(**mask))
            .map(|mask| f64::from(what(*mask)))
            .sum()
    };
    let held = pair.map(|item| sum(&|mask| mask >> item & 1 == 1, &|_| 1));
    let beside = pair.map(|item| sum(&|mask| mask >> item & 1 == 1, &|m| m.count_ones() - 1));
    let places = sum(&|_| true, &u32::count_ones);
    let both_items = 1 << pair[0] | 1 << pair[1];
    let both = sum(&|mask| mask & both_items == both_items, &|_| 1);
    let least = (held[0] + held[1] - masks.len() as f64).max(0.0);
    let most = held[0].min(held[1]);
    if most == 0.0 {
        return [both, 0.0];
    }
    let views = [
        beside[0] * held[1] / (places - held[0]),
        beside[1] * held[0] / (places - held[1]),
    ];
    let expected = match held[0].total_cmp(&held[1]) {
        std::cmp::Ordering::Greater => views[0],
        std::cmp::Ordering::Less => views[1],
        std::cmp::Ordering::Equal => (views[0] + views[1]) / 2.0,
    };
    [both, expected.clamp(least, most)]
}

/// Baskets of very different sizes whose items have nothing to do with each other: all pairs are
/// together more often than their counts say, and none stands out among baskets of a size.
#[test]
fn large_baskets_make_no_complements() {
    let mut random = random_source(32);
    let mut chance = || (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    let lists: Vec<Vec<u32>> = (0..30_000)
        .map(|_| {
            // The odds of each item are those of the item times those of the basket.
            let hunger = [0.2, 0.6, 2.0, 6.0][(chance() * 4.0) as usize];
            (0..60)
                .filter(|item| {
                    let odds = hunger * 0.02 * f64::from(1 + item % 5);
                    chance() < odds / (1.0 + odds)
                })
                .collect()
        })
        .filter(|list: &Vec<u32>| !list.is_empty())
        .collect();
    let baskets = baskets_from(&lists, 60);
    let with = |items: &[u32]| {
        let hold = |list: &&Vec<u32>| items.iter().all(|item| list.contains(item));
        lists.iter().filter(hold).count() as f64
    };
    let lifted = (0..60)
        .flat_map(|b| (0..b).map(move |a| [a, b]))
        .filter(|&[a, b]| with(&[a, b]) * with(&[]) > 1.3 * with(&[a]) * with(&[b]));
    assert!(lifted.count() > 1500, "of 1,770 pairs");
    let found = find(&baskets, None, PairParams::new(MinSupport::Count(10)));
    assert_eq!(found.n_tested_complements, 1770);
    assert!(found.n_tested_substitutes > 1700);
    assert!(found.complements.len() <= 3, "{}", found.complements.len());
    assert!(found.substitutes.len() <= 3, "{}", found.substitutes.len());
}

/// Made so that the truth is known. Items 0 and 1 are two brands of one thing: who needs it takes
/// either. 2 and 3 go together. 4 is for some people, 5 for others; both buy as they like. 6 to 25
/// are everything else.
fn planted(seed: u64) -> (Baskets, Vec<u32>) {
    let mut random = random_source(seed);
    let mut chance = move |p: f64| (random.next_u64() >> 11) as f64 / ((1_u64 << 53) as f64) < p;
    let mut lists = Vec::new();
    let mut customers = Vec::new();
    for customer in 0..1500 {
        let taste = chance(0.5);
        let likes_first = chance(0.5);
        for _ in 0..12 {
            let mut list = Vec::new();
            if chance(0.3) {
                list.push(u32::from(chance(if likes_first { 0.4 } else { 0.6 })));
            }
            match (chance(0.08), chance(0.6)) {
                (true, true) => list.extend([2, 3]),
                (true, false) => list.push(2),
                (false, _) if chance(0.05) => list.push(3),
                _ => {}
            }
            if chance(0.25) {
                list.push(if taste { 4 } else { 5 });
            }
            list.extend((6..26).filter(|_| chance(0.15)));
            lists.push(list);
            customers.push(customer);
        }
    }
    (baskets_from(&lists, 26), customers)
}

#[test]
fn two_brands_are_substitutes_and_two_tastes_are_not() {
    let (baskets, customers) = planted(33);
    let params = PairParams::new(MinSupport::Share(0.01));
    let alone = find(&baskets, None, params.clone());
    assert_eq!(items(&alone.substitutes)[..2], [[0, 1], [4, 5]]);
    assert_eq!(items(&alone.complements)[..1], [[2, 3]]);
    let both = find(&baskets, Some(&customers), params);
    assert_eq!(items(&both.substitutes), [[0, 1]]);
    assert_eq!(items(&both.complements), [[2, 3]]);
    let brands = &both.substitutes[0];
    assert_eq!(brands.together, 0);
    let said = brands.customers.as_ref().unwrap();
    assert!(said.overlap() > 0.7, "{said:?}");
    assert!(brands.score > 0.7 && brands.score <= said.overlap());
    assert!(said.given_customer.expected > 300.0);
    let complements = &both.complements[0];
    assert!(complements.score > 3.0 && complements.given_size.ratio() > complements.score);
}

#[test]
fn one_thread_and_two_find_the_same() {
    let (baskets, customers) = planted(34);
    let params = every_pair().max_q_value(0.5);
    let [one, two] = on_one_and_two_threads(|| find(&baskets, Some(&customers), params.clone()));
    assert!(one.substitutes.len() + one.complements.len() > 1);
    assert_eq!(one, two);
}

#[test]
fn few_and_giant_baskets() {
    for lists in [
        vec![],
        vec![vec![0, 1, 2]],
        vec![vec![]; 3],
        vec![vec![0, 0]; 5],
    ] {
        let customers = vec![7; lists.len()];
        for customers in [
            None,
            Some(&customers[..]),
            Some(&vec![u32::MAX; lists.len()]),
        ] {
            let found = find(&baskets_from(&lists, 3), customers, every_pair());
            assert!(found.substitutes.is_empty() && found.complements.is_empty());
        }
    }
    // Item 0 is in every basket: nothing can be said of it, and others are as they were.
    let mut lists = vec![(0..5000).collect::<Vec<u32>>()];
    for i in 0..400 {
        let [x, y, z] = [0, 13, 27].map(|step| 10 + (i + step) % 40);
        lists.push(match i % 4 {
            0 => vec![0, 1, 2, x],
            1 => vec![0, 3, x, y],
            2 => vec![y, 4, x, 0, 0],
            _ => vec![0, x, y, z],
        });
    }
    let params = PairParams::new(MinSupport::Count(50));
    let found = find(&baskets_from(&lists, 5000), None, params);
    assert_eq!(found.n_items, 5);
    assert_eq!(items(&found.complements), [[1, 2]]);
    let mut avoiding = items(&found.substitutes);
    avoiding.sort_unstable();
    assert_eq!(avoiding, [[1, 3], [1, 4], [2, 3], [2, 4], [3, 4]]);
}

#[test]
fn bad_settings_are_refused() {
    let error = |params: PairParams| params.check().unwrap_err();
    assert_eq!(
        error(every_pair().min_support(MinSupport::Count(0))),
        PairError::ZeroCount
    );
    assert_eq!(
        error(every_pair().min_support(MinSupport::Share(2.0))),
        PairError::Share(2.0)
    );
    assert_eq!(error(every_pair().size_strata(0)), PairError::SizeStrata(0));
    assert_eq!(
        error(every_pair().size_strata(33)),
        PairError::SizeStrata(33)
    );
    assert_eq!(
        error(every_pair().min_expected(-1.0)),
        PairError::MinExpected(-1.0)
    );
    for q_value in [0.0, 0.6] {
        assert_eq!(
            error(every_pair().max_q_value(q_value)),
            PairError::MaxQValue(q_value)
        );
    }
    let not_a_number = every_pair().max_q_value(f64::NAN);
    assert!(matches!(error(not_a_number), PairError::MaxQValue(_)));
    assert_eq!(error(every_pair().max_pairs(0)), PairError::ZeroMaxPairs);

    let (baskets, customers) = planted(35);
    let params = every_pair().check().unwrap();
    assert_eq!(
        params.fit(&baskets, Some(&customers[1..])),
        Err(PairError::UnequalLengths {
            baskets: 18_000,
            customers: 17_999
        })
    );
    let few = every_pair().max_pairs(1).check().unwrap();
    assert_eq!(few.fit(&baskets, None), Err(PairError::TooManyFound(1)));
}
