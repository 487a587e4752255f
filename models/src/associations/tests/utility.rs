use super::*;

/// A basket of `(item, utility)` lines.
type Lines<'a> = &'a [(u32, i64)];

fn baskets_with(baskets: &[Vec<(u32, i64)>], n_items: usize) -> UtilityBaskets {
    let mut numbers = Vec::new();
    let mut items = Vec::new();
    let mut utilities = Vec::new();
    for (b, lines) in baskets.iter().enumerate() {
        for &(item, utility) in lines {
            numbers.push(b as u32);
            items.push(item);
            utilities.push(utility);
        }
    }
    UtilityBaskets::from_lines(&numbers, &items, &utilities, baskets.len(), n_items).unwrap()
}

fn owned(baskets: &[Lines]) -> Vec<Vec<(u32, i64)>> {
    baskets.iter().map(|lines| lines.to_vec()).collect()
}

fn fit(baskets: &UtilityBaskets, params: UtilityParams) -> UtilityItemsets {
    params.check().unwrap().fit(baskets).unwrap()
}

fn at_least(amount: i64) -> UtilityParams {
    UtilityParams::new(MinUtility::Absolute(amount))
}

fn listed(itemsets: &UtilityItemsets) -> Vec<(Vec<u32>, i64, u32)> {
    itemsets
        .iter()
        .map(|set| (set.items.to_vec(), set.utility, set.count))
        .collect()
}

/// The sums by definition, from every itemset of the items, ordered as a list is.
fn by_definition(baskets: &[Vec<(u32, i64)>], n_items: u32) -> Vec<(Vec<u32>, i64, u32)> {
    let mut sums: Vec<(Vec<u32>, i64, u32)> = (1..1_u32 << n_items)
        .map(|mask| {
            let with: Vec<_> = baskets
                .iter()
                .filter(|lines| {
                    items_of(mask)
                        .iter()
                        .all(|item| lines.iter().any(|line| line.0 == *item))
                })
                .collect();
            let utility = with
                .iter()
                .flat_map(|lines| lines.iter())
                .filter(|line| mask >> line.0 & 1 == 1)
                .map(|line| line.1)
                .sum();
            (items_of(mask), utility, with.len() as u32)
        })
        .collect();
    sums.sort_by(|(a, u, _), (b, v, _)| {
        (v.cmp(u))
            .then(a.len().cmp(&b.len()))
            .then_with(|| a.cmp(b))
    });
    sums
}

/// Random baskets whose amounts are mostly positive, with some equal baskets and doubled items.
fn random_baskets(random: &mut Xoshiro256PlusPlus, n_items: u32) -> Vec<Vec<(u32, i64)>> {
    let mut below = |n: u32| (random.next_u64() % u64::from(n)) as u32;
    let negative = below(6);
    let spread = 1 + below(40);
    let mut baskets: Vec<Vec<(u32, i64)>> = Vec::new();
    for _ in 0..below(30) {
        if below(5) == 0 && !baskets.is_empty() {
            let again = baskets[below(baskets.len() as u32) as usize].clone();
            baskets.push(again);
            continue;
        }
        let density = 1 + below(9);
        let mut lines = Vec::new();
        for item in 0..n_items {
            let times = u32::from(below(10) < density) * (1 + u32::from(below(10) == 0));
            for _ in 0..times {
                let amount = i64::from(below(spread));
                // Item 0 is a loss leader whenever there are losses.
                let loss = negative > 0 && (item == 0 || below(10) < negative);
                lines.push((item, if loss { -amount } else { amount }));
            }
        }
        baskets.push(lines);
    }
    baskets
}

/// The example of SPMF's documentation of EFIM and FHM (`DB_utility.txt`, minimum utility 30),
/// with the item numbers of the page. PAMI's EFIM gives the same itemsets:
/// `EFIM("DB_utility.txt", 30, sep=" ").mine()`.
#[test]
fn the_example_of_spmf() {
    let baskets = baskets_with(
        &owned(&[
            &[(3, 1), (5, 3), (1, 5), (2, 10), (4, 6), (6, 5)],
            &[(3, 3), (5, 3), (2, 8), (4, 6)],
            &[(3, 1), (1, 5), (4, 2)],
            &[(3, 6), (5, 6), (1, 10), (7, 5)],
            &[(3, 2), (5, 3), (2, 4), (7, 2)],
        ]),
        8,
    );
    let expected: [(&[u32], i64, u32); 8] = [
        (&[2, 3, 4, 5], 40, 2),
        (&[2, 3, 5], 37, 3),
        (&[2, 4, 5], 36, 2),
        (&[2, 3, 4], 34, 2),
        (&[2, 5], 31, 3),
        (&[1, 3, 5], 31, 2),
        (&[2, 4], 30, 2),
        (&[1, 2, 3, 4, 5, 6], 30, 1),
    ];
    let expected = expected.map(|(items, utility, count)| (items.to_vec(), utility, count));
    let itemsets = fit(&baskets, at_least(30));
    assert_eq!(listed(&itemsets), expected);
    assert_eq!(itemsets.total_utility(), 96);
    // 30 of 96 is 31.25 %.
    for share in [0.3125, 0.3022] {
        let params = UtilityParams::new(MinUtility::Share(share));
        assert_eq!(fit(&baskets, params).min_utility(), 30);
    }
    assert_eq!(listed(&fit(&baskets, UtilityParams::top(3))), expected[..3]);
}

/// The example of SPMF's documentation of FHN (`DB_NegativeUtility.txt`, minimum utility 30):
/// item 2 and item 3 lose money. The sums are worked out from the ten baskets.
#[test]
fn loss_leaders_are_counted_with_their_sign() {
    let baskets = baskets_with(
        &owned(&[
            &[(1, 5), (4, 12), (5, 10)],
            &[(2, -3), (3, -4), (4, 36)],
            &[(1, 15), (4, 30)],
            &[(1, 5), (5, 10)],
            &[(2, -3), (3, -4), (4, 36)],
            &[(2, -3), (3, -2), (5, 20)],
            &[(1, 10)],
            &[(1, 15), (4, 6)],
            &[(2, -3), (3, -2), (4, 24)],
            &[(1, 5), (5, 10)],
        ]),
        6,
    );
    let expected: [(&[u32], i64, u32); 9] = [
        (&[4], 144, 6),      // 12 + 36 + 30 + 36 + 6 + 24
        (&[2, 4], 87, 3),    // 96 - 9
        (&[3, 4], 86, 3),    // 96 - 10
        (&[1, 4], 83, 3),    // 17 + 45 + 21
        (&[2, 3, 4], 77, 3), // 96 - 9 - 10
        (&[1], 55, 6),       // 5 + 15 + 5 + 10 + 15 + 5
        (&[5], 50, 4),       // 10 + 10 + 20 + 10
        (&[1, 5], 45, 3),    // 15 + 15 + 15
        (&[1, 4, 5], 27, 1), // below the limit
    ];
    let expected: Vec<_> = expected
        .iter()
        .map(|&(items, utility, count)| (items.to_vec(), utility, count))
        .collect();
    assert_eq!(listed(&fit(&baskets, at_least(30))), expected[..8]);
    assert_eq!(listed(&fit(&baskets, at_least(27))), expected);
}

/// An itemset may be worth more than all its parts, and more than any that is listed above a
/// limit in between: item 0 loses money everywhere but beside item 1.
#[test]
fn amounts_of_one_item_may_differ_in_sign() {
    let baskets = baskets_with(
        &owned(&[
            &[(0, -50), (2, 1)],
            &[(0, 30), (1, -5)],
            &[(0, 30), (1, -5)],
            &[(1, -40)],
        ]),
        3,
    );
    let itemsets = fit(&baskets, at_least(11));
    assert_eq!(listed(&itemsets), [(vec![0, 1], 50, 2)]);
}

#[test]
fn brute_force_finds_the_same_utilities() {
    let mut random = random_source(11);
    for case in 0..4000 {
        let n_items = 1 + (random.next_u64() % 8) as u32;
        let lines = random_baskets(&mut random, n_items);
        let baskets = baskets_with(&lines, n_items as usize);
        let limit = 1 + (random.next_u64() % 120) as i64;
        let min_count = 1 + (random.next_u64() % 4) as u32;
        let min_len = 1 + (random.next_u64() % 3) as usize;
        let max_len = match random.next_u64() % 2 {
            0 => usize::MAX,
            _ => min_len + (random.next_u64() % 4) as usize,
        };
        let mut expected = by_definition(&lines, n_items);
        expected.retain(|(items, utility, count)| {
            *utility >= limit && *count >= min_count && (min_len..=max_len).contains(&items.len())
        });
        let limited = |params: UtilityParams| {
            let params = params.min_utility(MinUtility::Absolute(limit));
            params
                .min_count(min_count)
                .min_len(min_len)
                .max_len(max_len)
        };
        let all = fit(&baskets, limited(at_least(1)));
        assert_eq!(listed(&all), expected, "case {case}");
        let n = 1 + (random.next_u64() % 12) as usize;
        let best = fit(&baskets, limited(UtilityParams::top(n)));
        expected.truncate(n);
        assert_eq!(listed(&best), expected, "case {case}, the top {n}");
    }
}

#[test]
fn one_thread_and_two_list_the_same() {
    let mut random = random_source(12);
    let lines: Vec<Vec<(u32, i64)>> = (0..4000)
        .map(|_| {
            (0..1 + random.next_u64() % 9)
                .map(|_| {
                    let item = (random.next_u64() % 60 * (random.next_u64() % 60) / 60) as u32;
                    // Few different amounts, so that there are ties at the limit of the top.
                    (item, (random.next_u64() % 5) as i64 - 1)
                })
                .collect()
        })
        .collect();
    let baskets = baskets_with(&lines, 60);
    for params in [
        at_least(150),
        UtilityParams::top(200),
        UtilityParams::top(37).min_len(3),
    ] {
        let [one, two] = on_one_and_two_threads(|| fit(&baskets, params.clone()));
        assert!(one.len() > 30);
        assert_eq!(one, two);
    }
}

/// 5,000 items in one basket: every part of it is an itemset of one basket.
#[test]
fn a_giant_basket() {
    let giant: Vec<(u32, i64)> = (0..5000).map(|item| (item, 1)).collect();
    let mut lines = vec![giant];
    for _ in 0..3 {
        lines.push(vec![(7, 1000), (4990, 2000)]);
    }
    let baskets = baskets_with(&lines, 5000);
    let itemsets = fit(&baskets, at_least(5001));
    assert_eq!(
        listed(&itemsets),
        [(vec![7, 4990], 9002, 4), (vec![4990], 6001, 4)]
    );
    let whole = fit(&baskets_with(&lines[..1], 5000), at_least(5000));
    assert_eq!(listed(&whole), [((0..5000).collect(), 5000, 1)]);
    assert_eq!(
        at_least(4000)
            .max_itemsets(1000)
            .check()
            .unwrap()
            .fit(&baskets_with(&lines[..1], 5000)),
        Err(UtilityError::TooManyItemsets {
            max_itemsets: 1000,
            min_utility: 4000
        })
    );
}

#[test]
fn few_baskets_and_items() {
    let none = baskets_with(&[], 3);
    assert!(fit(&none, at_least(1)).is_empty());
    assert!(fit(&none, UtilityParams::new(MinUtility::Share(0.5))).is_empty());
    let empty = baskets_with(&[vec![], vec![]], 0);
    assert!(fit(&empty, at_least(1)).is_empty());
    // An item in every basket, bought twice in one of them, and one that was brought back.
    let lines = [vec![(1, 2), (1, 3), (0, 4), (0, -4)], vec![(1, 1)]];
    let baskets = baskets_with(&lines, 2);
    let first: Vec<_> = baskets.iter().next().into_iter().collect();
    assert_eq!(first, [(&[0, 1][..], &[0, 5][..])]);
    let itemsets = fit(&baskets, at_least(5));
    assert_eq!(
        listed(&itemsets),
        [(vec![1], 6, 2), (vec![0, 1], 5, 1)],
        "with the utility of both lines"
    );
    assert_eq!(itemsets.n_baskets(), 2);
    assert!(fit(&baskets, at_least(7)).is_empty());
    let same = UtilityBaskets::from_csr(vec![0, 4, 5], vec![1, 1, 0, 0, 1], &[2, 3, 4, -4, 1], 2);
    assert_eq!(same, Ok(baskets));
}

#[test]
fn amounts_up_to_the_limit_of_64_bits() {
    let half = i64::MAX / 2;
    let baskets = baskets_with(&[vec![(0, half), (1, half)], vec![(0, 1)]], 2);
    let itemsets = fit(&baskets, at_least(half));
    assert_eq!(itemsets.len(), 3);
    assert_eq!(
        itemsets.iter().next().map(|set| set.utility),
        Some(i64::MAX - 1)
    );
    assert_eq!(
        UtilityBaskets::from_lines(&[0, 0, 1], &[0, 1, 0], &[half, -half, -2], 2, 2),
        Err(UtilityBasketsError::TooLarge { line: 2 })
    );
    assert_eq!(
        UtilityBaskets::from_lines(&[0], &[0], &[i64::MIN], 1, 1),
        Err(UtilityBasketsError::TooLarge { line: 0 })
    );
}

#[test]
fn bad_settings_and_lines_are_refused() {
    let error = |params: UtilityParams| params.check().unwrap_err();
    assert_eq!(error(at_least(0)), UtilityError::MinUtility(0));
    for share in [0.0, -0.1, 1.1] {
        let params = UtilityParams::new(MinUtility::Share(share));
        assert_eq!(error(params), UtilityError::Share(share));
    }
    let not_a_number = UtilityParams::new(MinUtility::Share(f64::NAN));
    assert!(matches!(error(not_a_number), UtilityError::Share(_)));
    assert_eq!(error(UtilityParams::top(0)), UtilityError::ZeroTop);
    assert_eq!(error(at_least(1).min_count(0)), UtilityError::ZeroMinCount);
    assert_eq!(error(at_least(1).min_len(0)), UtilityError::ZeroMinLen);
    assert_eq!(
        error(at_least(1).min_len(3).max_len(2)),
        UtilityError::MaxLen {
            min_len: 3,
            max_len: 2
        }
    );
    assert_eq!(
        error(at_least(1).max_itemsets(0)),
        UtilityError::ZeroMaxItemsets
    );

    let loss = baskets_with(&[vec![(0, 3), (1, -4)]], 2);
    let share = UtilityParams::new(MinUtility::Share(0.1)).check().unwrap();
    assert_eq!(share.fit(&loss), Err(UtilityError::NoTotal { total: -1 }));
    assert_eq!(
        UtilityBaskets::from_lines(&[0], &[0], &[], 1, 1),
        Err(UtilityBasketsError::UnequalLengths {
            items: 1,
            utilities: 0
        })
    );
    assert!(matches!(
        UtilityBaskets::from_lines(&[0], &[5], &[1], 1, 1),
        Err(UtilityBasketsError::Baskets(BasketsError::ItemOutOfRange {
            item: 5,
            ..
        }))
    ));
}
