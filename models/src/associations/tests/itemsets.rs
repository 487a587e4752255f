use super::*;

fn listed(itemsets: &Itemsets) -> Vec<(Vec<u32>, u32)> {
    itemsets
        .iter()
        .map(|set| (set.items.to_vec(), set.count))
        .collect()
}

#[test]
fn a_small_shop_by_hand() {
    // bread 0, milk 1, beer 2, nappies 3
    let baskets = baskets_of(
        &[
            &[0, 1],
            &[0, 2, 3],
            &[1, 2, 3],
            &[0, 1, 2, 3],
            &[0, 1, 3],
            &[],
        ],
        4,
    );
    let itemsets = mine(&baskets, 3);
    let expected: [(&[u32], u32); 7] = [
        (&[0], 4),
        (&[1], 4),
        (&[2], 3),
        (&[3], 4),
        (&[0, 1], 3),
        (&[0, 3], 3),
        (&[1, 3], 3),
    ];
    let mut expected: Vec<_> = expected.map(|(items, n)| (items.to_vec(), n)).to_vec();
    expected.push((vec![2, 3], 3));
    assert_eq!(listed(&itemsets), expected);
    assert_eq!(itemsets.n_baskets(), 6, "the empty basket counts");
    assert_eq!(itemsets.longest(), 2);
    assert_eq!(itemsets.count_of(&[2, 3]), Some(3));
    assert_eq!(itemsets.count_of(&[]), Some(6));
    assert_eq!(itemsets.count_of(&[0, 2]), None, "not frequent");
    assert_eq!(itemsets.count_of(&[3, 2]), None, "not ascending");
    assert_eq!(itemsets.count_of(&[3, 3]), None, "an item twice");
    assert_eq!(itemsets.count_of(&[9]), None, "no such item");
}

/// All itemsets and counts of thousands of random baskets, also with more items than are
/// counted in one table, with every length limit.
#[test]
fn brute_force_finds_the_same_itemsets() {
    let mut random = random_source(1);
    for case in 0..3000 {
        let n_items = 1 + (random.next_u64() % 13) as u32;
        let masks = random_masks(&mut random, n_items);
        let min_count = 1 + (random.next_u64() % 12) as u32;
        let min_len = 1 + (random.next_u64() % 3) as usize;
        let max_len = match random.next_u64() % 2 {
            0 => usize::MAX,
            _ => min_len + (random.next_u64() % 4) as usize,
        };
        let mut expected: Vec<(Vec<u32>, u32)> = (1..1 << n_items)
            .map(|mask| (items_of(mask), count_in(&masks, mask)))
            .filter(|(items, count)| {
                *count >= min_count && (min_len..=max_len).contains(&items.len())
            })
            .collect();
        expected.sort_by(|(a, _), (b, _)| a.len().cmp(&b.len()).then(a.cmp(b)));
        let params = ItemsetParams::new(MinSupport::Count(min_count))
            .min_len(min_len)
            .max_len(max_len)
            .check()
            .unwrap();
        let itemsets = params.fit(&baskets_of_masks(&masks, n_items)).unwrap();
        assert_eq!(itemsets.len(), expected.len(), "case {case}");
        assert_eq!(listed(&itemsets), expected, "case {case}");
        for mask in 1..1 << n_items {
            let items = items_of(mask);
            let count = count_in(&masks, mask);
            let known = count >= min_count && items.len() <= max_len;
            assert_eq!(
                itemsets.count_of(&items),
                known.then_some(count),
                "case {case}"
            );
        }
    }
}

/// Figures of pyfim 6.28; the fixture's script says how they were made.
#[test]
fn borgelts_fpgrowth_finds_the_same_itemsets_in_real_baskets() {
    let text = include_str!("../../../tests/fixtures/complete_journey_itemsets.txt");
    let expected: Vec<(Vec<u32>, u32)> = text
        .lines()
        .map(|line| {
            let mut numbers = line.split(' ').map(|number| number.parse::<u32>().unwrap());
            let count = numbers.next().unwrap();
            (numbers.collect(), count)
        })
        .collect();
    let itemsets = mine(&complete_journey(), 50);
    assert_eq!(listed(&itemsets), expected);
}

#[test]
fn one_and_two_threads_find_the_same_in_the_same_order() {
    let baskets = complete_journey();
    let [one, two] = on_one_and_two_threads(|| mine(&baskets, 20));
    assert!(one.len() > 30_000, "only {} itemsets", one.len());
    assert_eq!(one, two);
}

#[test]
fn the_order_of_baskets_makes_no_difference() {
    let baskets = complete_journey();
    let mut lists: Vec<&[u32]> = baskets.iter().collect();
    lists.reverse();
    let reversed = baskets_of(&lists, baskets.n_items());
    assert_eq!(mine(&baskets, 40), mine(&reversed, 40));
}

#[test]
fn an_item_in_every_basket_is_an_item_like_any_other() {
    let itemsets = mine(&baskets_of(&[&[0, 1], &[0], &[0, 1]], 2), 2);
    assert_eq!(
        listed(&itemsets),
        [(vec![0], 3), (vec![1], 2), (vec![0, 1], 2)]
    );
}

#[test]
fn one_giant_basket_is_mined_up_to_the_length_asked_for() {
    let giant: Vec<u32> = (0..5000).collect();
    let baskets = baskets_of(&[&giant, &[17, 4711], &[17, 4711, 4999], &[4999]], 5000);
    let pairs = ItemsetParams::new(MinSupport::Count(1)).max_len(2);
    let pairs = pairs.check().unwrap().fit(&baskets).unwrap();
    assert_eq!(pairs.len(), 5000 + 5000 * 4999 / 2);
    assert_eq!(pairs.count_of(&[17, 4711]), Some(3));
    assert_eq!(pairs.count_of(&[4998, 4999]), Some(1));
    assert_eq!(pairs.count_of(&[17, 18, 19]), None);
    // What is frequent beside it is found without any limit.
    assert_eq!(
        listed(&mine(&baskets, 2)),
        [
            (vec![17], 3),
            (vec![4711], 3),
            (vec![4999], 3),
            (vec![17, 4711], 3),
            (vec![17, 4999], 2),
            (vec![4711, 4999], 2),
            (vec![17, 4711, 4999], 2),
        ]
    );
}

#[test]
fn a_deep_single_path_has_all_its_subsets() {
    let path: Vec<u32> = (0..16).collect();
    let itemsets = mine(&baskets_of(&[&path, &path, &[3]], 16), 2);
    assert_eq!(itemsets.len(), (1 << 16) - 1);
    assert_eq!(itemsets.count_of(&path), Some(2));
    assert_eq!(itemsets.count_of(&[3]), Some(3));
}

#[test]
fn a_basket_of_one_item_has_one_itemset() {
    assert_eq!(listed(&mine(&baskets_of(&[&[0]], 1), 1)), [(vec![0], 1)]);
}

#[test]
fn no_frequent_item_or_no_baskets_give_no_itemsets() {
    for baskets in [
        baskets_of(&[&[0], &[1]], 2),
        baskets_of(&[], 2),
        baskets_of(&[], 0),
        baskets_of(&[&[], &[]], 2),
    ] {
        let itemsets = mine(&baskets, 2);
        assert!(itemsets.is_empty());
        assert_eq!(itemsets.iter().count(), 0);
        assert_eq!(itemsets.longest(), 0);
        assert_eq!(itemsets.count_of(&[0]), None);
        assert_eq!(itemsets.count_of(&[]), Some(baskets.n_baskets() as u32));
        assert!(make_rules(&itemsets, every_rule()).as_slice().is_empty());
        let share = ItemsetParams::new(MinSupport::Share(0.9)).min_len(2);
        assert!(share.check().unwrap().fit(&baskets).unwrap().is_empty());
    }
}

#[test]
fn a_share_is_rounded_up_to_whole_baskets() {
    for (share, n_baskets, count) in [
        (0.001, 155_848, 156), // 155.848
        (0.07, 100, 7),        // 7.000000000000001 in doubles
        (0.29, 100, 29),       // 28.999999999999996
        (0.1, 30, 3),
        (0.3, 10, 3),
        (1.0 / 3.0, 3, 1),
        (0.34, 3, 2),
        (1.0, 3, 3),
        (1e-300, 3, 1),
        (0.5, 0, 1),
        (1.0, u32::MAX - 1, u32::MAX - 1),
    ] {
        let found = MinSupport::Share(share).count_of(n_baskets);
        assert_eq!(found, count, "{share} of {n_baskets}");
    }
}

#[test]
fn a_low_min_len_is_no_limit_on_counts_and_rules() {
    let baskets = baskets_of(&[&[0, 1, 2], &[0, 1, 2], &[0, 1], &[2]], 3);
    let params = ItemsetParams::new(MinSupport::Count(2));
    let triples = params.clone().min_len(3).check().unwrap().fit(&baskets);
    let triples = triples.unwrap();
    assert_eq!(listed(&triples), [(vec![0, 1, 2], 2)]);
    assert_eq!(triples.count_of(&[0, 1]), Some(3));
    let all = params.check().unwrap().fit(&baskets).unwrap();
    assert_eq!(
        make_rules(&triples, every_rule()),
        make_rules(&all, every_rule())
    );
    let none = ItemsetParams::new(MinSupport::Count(2)).min_len(4);
    assert!(none.check().unwrap().fit(&baskets).unwrap().is_empty());
}

#[test]
fn more_itemsets_than_allowed_are_an_error_on_any_number_of_threads() {
    let path: Vec<u32> = (0..40).collect();
    let baskets = baskets_of(&[&path, &path], 40);
    let params = ItemsetParams::new(MinSupport::Count(2));
    let limited = params.clone().max_itemsets(100_000).check().unwrap();
    for result in on_one_and_two_threads(|| limited.fit(&baskets)) {
        assert_eq!(
            result.unwrap_err().to_string(),
            "more than 100000 itemsets are in at least 2 baskets; raise the minimum support, or \
             set a lower max_len, or raise max_itemsets if memory allows"
        );
    }
    // The limit itself is allowed: 40 items and 780 pairs.
    let pairs = params.max_len(2).max_itemsets(820);
    assert_eq!(
        pairs.clone().check().unwrap().fit(&baskets).unwrap().len(),
        820
    );
    assert!(
        pairs
            .max_itemsets(819)
            .check()
            .unwrap()
            .fit(&baskets)
            .is_err()
    );
}

#[track_caller]
fn refused(params: ItemsetParams, message: &str) {
    assert_eq!(params.check_ref().unwrap_err().to_string(), message);
    assert_eq!(params.check().unwrap_err().to_string(), message);
}

#[test]
fn min_support_cannot_be_zero() {
    refused(
        ItemsetParams::new(MinSupport::Count(0)),
        "the minimum support is 0 baskets; choose at least 1",
    );
    refused(
        ItemsetParams::new(MinSupport::Share(0.0)),
        "the minimum support is a share of 0; choose a number above 0 and at most 1",
    );
}

#[test]
fn a_share_above_one_below_zero_or_not_a_number_is_refused() {
    for share in [1.01, -0.1, f64::NAN, f64::INFINITY] {
        refused(
            ItemsetParams::new(MinSupport::Share(share)),
            &format!(
                "the minimum support is a share of {share}; choose a number above 0 and at most 1"
            ),
        );
    }
}

#[test]
fn lengths_must_leave_something_to_find() {
    let params = ItemsetParams::new(MinSupport::Count(1));
    refused(
        params.clone().min_len(0),
        "min_len = 0, but the empty itemset is in every basket; choose at least 1",
    );
    refused(
        params.clone().min_len(3).max_len(2),
        "max_len = 2 is below min_len = 3; choose at least 3",
    );
    refused(
        params.max_len(0),
        "max_len = 0 is below min_len = 1; choose at least 1",
    );
}

#[test]
fn the_limit_on_itemsets_must_be_a_number_of_32_bits() {
    for limit in [0, u32::MAX as usize] {
        refused(
            ItemsetParams::new(MinSupport::Count(1)).max_itemsets(limit),
            &format!("max_itemsets = {limit}; choose between 1 and 4,294,967,294"),
        );
    }
}
