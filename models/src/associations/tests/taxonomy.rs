use super::*;

/// Clothes 3 above outerwear 2 above jackets 0 and ski trousers 1; footwear 5 above shoes 4.
fn clothes() -> Taxonomy {
    Taxonomy::new(6, &[&[(0, 2), (1, 2), (2, 3), (4, 5)]]).unwrap()
}

#[test]
fn ancestors_of_all_hierarchies_are_known() {
    let taxonomy = clothes();
    assert_eq!(taxonomy.ancestors(0), [2, 3]);
    assert!(taxonomy.ancestors(3).is_empty());
    assert!(taxonomy.ancestors(99).is_empty());
    assert!(taxonomy.mixes(&[0, 3]) && taxonomy.mixes(&[0, 2, 4]));
    assert!(!taxonomy.mixes(&[0, 1, 4]) && !taxonomy.mixes(&[]));
    // A brand, 6, beside the category; the same pair twice is one.
    let both = Taxonomy::new(7, &[&[(0, 2), (0, 2), (2, 3)], &[(0, 6)]]).unwrap();
    assert_eq!(both.ancestors(0), [2, 3, 6]);
}

#[test]
fn a_product_with_two_parents_is_an_error_with_its_place() {
    let error = Taxonomy::new(4, &[&[], &[(0, 2), (1, 2), (0, 3)]]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "pair 2 of hierarchy 1 puts item 0 below 3, but pair 0 puts it below 2; give each item \
         one parent in a hierarchy"
    );
}

#[test]
fn a_circle_is_an_error_that_names_it() {
    let message = |n, pairs: &[&[(u32, u32)]]| Taxonomy::new(n, pairs).unwrap_err().to_string();
    assert_eq!(
        message(5, &[&[(4, 2), (2, 3), (3, 1), (1, 2)]]),
        "items lie below one another in a circle: 1 below 2 below 3 below 1"
    );
    assert_eq!(
        message(1, &[&[(0, 0)]]),
        "items lie below one another in a circle: 0 below 0"
    );
    // Each hierarchy is fine; together they are not.
    assert_eq!(
        message(2, &[&[(0, 1)], &[(1, 0)]]),
        "items lie below one another in a circle: 0 below 1 below 0"
    );
}

#[test]
fn items_that_are_not_there_are_refused() {
    assert_eq!(
        Taxonomy::new(2, &[&[(0, 1), (0, 2)]])
            .unwrap_err()
            .to_string(),
        "pair 1 of hierarchy 0 names item 2, but items are numbered from 0 and there are 2"
    );
    assert_eq!(
        clothes()
            .extend(&baskets_of(&[&[7]], 8))
            .unwrap_err()
            .to_string(),
        "there are 8 items, but the taxonomy knows 6; make it with all of them"
    );
}

#[test]
fn a_chain_of_two_thousand_levels_is_fine() {
    let pairs: Vec<(u32, u32)> = (0..2000).map(|i| (i, i + 1)).collect();
    let taxonomy = Taxonomy::new(2001, &[&pairs]).unwrap();
    assert_eq!(taxonomy.ancestors(0).len(), 2000);
}

/// A random forest over leaves and categories: a parent always has a higher code.
fn random_parents(random: &mut Xoshiro256PlusPlus, n_items: u32) -> Vec<(u32, u32)> {
    (0..n_items - 1)
        .filter_map(|item| {
            let above = u64::from(n_items - item - 1);
            let parent = item + 1 + (random.next_u64() % above) as u32;
            (!random.next_u64().is_multiple_of(4)).then_some((item, parent))
        })
        .collect()
}

/// Itemsets over all levels, by brute force: a basket holds a category if it holds something
/// below it, and no itemset holds an item and something above it.
#[test]
fn brute_force_finds_the_same_itemsets_over_levels() {
    let mut random = random_source(31);
    let mut n_sets = 0;
    for case in 0..1000 {
        let n_items = 3 + (random.next_u64() % 7) as u32;
        let pairs = random_parents(&mut random, n_items);
        let taxonomy = Taxonomy::new(n_items as usize, &[&pairs]).unwrap();
        let mut above = vec![0_u32; n_items as usize];
        for &(item, parent) in pairs.iter().rev() {
            above[item as usize] = 1 << parent | above[parent as usize];
        }
        let masks = random_masks(&mut random, n_items);
        let extended: Vec<u32> = (masks.iter())
            .map(|&mask| {
                (items_of(mask).iter()).fold(mask, |all, &item| all | above[item as usize])
            })
            .collect();
        let baskets = taxonomy.extend(&baskets_of_masks(&masks, n_items)).unwrap();
        assert_eq!(baskets, baskets_of_masks(&extended, n_items), "case {case}");
        let mut expected: Vec<(Vec<u32>, u32)> = (1..1_u32 << n_items)
            .filter(|&set| {
                items_of(set)
                    .iter()
                    .all(|&item| above[item as usize] & set == 0)
            })
            .map(|set| (items_of(set), count_in(&extended, set)))
            .filter(|(_, count)| *count >= 3)
            .collect();
        expected.sort_by(|a, b| a.0.len().cmp(&b.0.len()).then_with(|| a.0.cmp(&b.0)));
        let pruned = taxonomy.prune(&mine(&baskets, 3));
        let found: Vec<(Vec<u32>, u32)> = pruned
            .iter()
            .map(|set| (set.items.to_vec(), set.count))
            .collect();
        assert_eq!(found, expected, "case {case}");
        // What is left is whole: rules can be made, and never mix levels of one item.
        for rule in make_rules(&pruned, every_rule().max_consequent(2)).as_slice() {
            let mut items = [&rule.antecedent[..], &rule.consequent].concat();
            items.sort_unstable();
            assert!(!taxonomy.mixes(&items));
        }
        n_sets += found.len();
    }
    assert!(n_sets > 10_000, "only {n_sets} itemsets");
}

#[test]
fn a_rule_that_its_parent_predicts_is_not_interesting() {
    // The example of Srikant and Agrawal (1995), section 2.1, ten times over: items clothes 50,
    // outerwear 20, jackets 10; with footwear 10, 8 and 4.
    let taxonomy = clothes();
    let mut lists: Vec<&[u32]> = vec![&[0, 4]; 4];
    lists.extend([&[1, 4][..]; 4]);
    lists.extend([&[0][..]; 6]);
    lists.extend([&[1][..]; 6]);
    lists.extend([&[3, 4][..]; 2]);
    lists.extend([&[3][..]; 28]);
    lists.extend([&[4][..]; 10]);
    lists.resize(500, &[]);
    let baskets = taxonomy.extend(&baskets_of(&lists, 6)).unwrap();
    let itemsets = taxonomy.prune(&mine(&baskets, 1));
    let counts = [3, 2, 0].map(|item| itemsets.count_of(&[item]));
    assert_eq!(counts, [Some(50), Some(20), Some(10)]);
    let rules = [3, 2, 0].map(|item| rule_of(&[item], &[5], &baskets));
    assert_eq!(rules.each_ref().map(|rule| rule.measures.count), [10, 8, 4]);

    let interest = taxonomy.interest(&rules, &itemsets, 1.9).unwrap();
    let verdicts: Vec<_> = (interest.iter())
        .map(|found| (found.interesting, found.ancestor))
        .collect();
    // Outerwear is in 20 of 50 baskets with clothes, so 10 of those with footwear lead one to
    // expect 4; there are 8. Of these the half that jackets are of outerwear is 4, as it is.
    assert_eq!(verdicts, [(true, None), (true, Some(0)), (false, Some(1))]);
    close(interest[1].support_ratio, 2.0);
    close(interest[1].confidence_ratio, 2.0); // 8 / 20 against 10 / 50
    close(interest[2].support_ratio, 1.0);
    // Where outerwear is not shown, jackets are compared with clothes: 4 against 10 * 10 / 50.
    let without = [rules[0].clone(), rules[2].clone()];
    let interest = taxonomy.interest(&without, &itemsets, 1.9).unwrap();
    assert_eq!(
        (interest[1].interesting, interest[1].ancestor),
        (true, Some(0))
    );
    close(interest[1].support_ratio, 2.0);
    // Nor is outerwear interesting if it has to be more than 2.1 times what clothes predict; then
    // jackets are compared with clothes again.
    let interest = taxonomy.interest(&rules, &itemsets, 2.1).unwrap();
    assert!(!interest[1].interesting && !interest[2].interesting);
    assert_eq!(interest[2].ancestor, Some(0));
}

/// By the definitions, over all pairs of rules, without a shortcut.
#[test]
fn brute_force_finds_the_same_rules_interesting() {
    let mut random = random_source(32);
    let mut n_dull = 0;
    for case in 0..400 {
        let n_items = 4 + (random.next_u64() % 4) as u32;
        let pairs = random_parents(&mut random, n_items);
        let taxonomy = Taxonomy::new(n_items as usize, &[&pairs]).unwrap();
        let masks = random_masks(&mut random, n_items);
        let baskets = taxonomy.extend(&baskets_of_masks(&masks, n_items)).unwrap();
        let itemsets = taxonomy.prune(&mine(&baskets, 3));
        let all = make_rules(&itemsets, RuleParams::new().max_q_value(1.0));
        let rules = all.as_slice();
        let found = taxonomy.interest(rules, &itemsets, 1.1).unwrap();

        // Ways to reach each item of `below` from a different item of `above`.
        let matches = |above: &[u32], below: &[u32]| -> Vec<Vec<(u32, u32)>> {
            let fits = |a: u32, b: u32| a == b || taxonomy.ancestors(b).contains(&a);
            match (above, below) {
                (&[a], &[b]) if fits(a, b) => vec![vec![(a, b)]],
                (&[a, x], &[b, y]) => [[(a, b), (x, y)], [(a, y), (x, b)]]
                    .into_iter()
                    .filter(|pairs| pairs.iter().all(|&(a, b)| fits(a, b)))
                    .map(|pairs| pairs.to_vec())
                    .collect(),
                _ => Vec::new(),
            }
        };
        let is_above = |i: usize, j: usize| {
            i != j
                && !matches(&rules[i].antecedent, &rules[j].antecedent).is_empty()
                && !matches(&rules[i].consequent, &rules[j].consequent).is_empty()
        };
        if rules.iter().any(|rule| rule.antecedent.len() > 2) {
            continue;
        }
        let share = |&(above, item): &(u32, u32)| {
            f64::from(itemsets.count_of(&[item]).unwrap())
                / f64::from(itemsets.count_of(&[above]).unwrap())
        };
        for i in 0..rules.len() {
            let above: Vec<usize> = (0..rules.len())
                .filter(|&j| is_above(j, i) && found[j].interesting)
                .collect();
            let close = above
                .iter()
                .filter(|&&j| !above.iter().any(|&between| is_above(j, between)));
            let expected = close.clone().all(|&j| {
                let of_a = matches(&rules[j].antecedent, &rules[i].antecedent);
                let of_c = matches(&rules[j].consequent, &rules[i].consequent);
                (of_a.iter()).all(|a| {
                    let of_consequent: f64 = of_c[0].iter().map(share).product();
                    let of_both = a.iter().map(share).product::<f64>() * of_consequent;
                    let [rule, parent] = [i, j].map(|k| &rules[k].measures);
                    rule.support > 1.1 * parent.support * of_both
                        || rule.confidence > 1.1 * parent.confidence * of_consequent
                })
            });
            // Products taken in another order may differ where a ratio is 1.1 exactly.
            let ratio = found[i].support_ratio.max(found[i].confidence_ratio);
            if (ratio - 1.1).abs() > 1e-9 {
                assert_eq!(
                    found[i].interesting, expected,
                    "case {case}, {:?}",
                    rules[i]
                );
            }
            n_dull += usize::from(!expected);
        }
    }
    assert!(n_dull > 100, "only {n_dull} rules are dull");
}

#[test]
fn a_factor_of_interest_is_a_number_above_zero() {
    let itemsets = mine(&complete_journey(), 50);
    for factor in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(
            clothes()
                .interest(&[], &itemsets, factor)
                .unwrap_err()
                .to_string(),
            format!("the factor of interest is {factor}; choose a number above 0, such as 1.1")
        );
    }
}

#[test]
fn every_line_is_counted_in_exactly_one_category() {
    let taxonomy = clothes();
    // Outerwear and footwear; an item may be a category itself.
    let counts = taxonomy.reconcile(&[0, 1, 4, 0, 5, 2], &[5, 2]).unwrap();
    assert_eq!(counts, [2, 4]);
    assert_eq!(taxonomy.reconcile(&[], &[5]), Ok(vec![0]));
    assert_eq!(
        taxonomy
            .reconcile(&[0, 4, 3], &[2, 5])
            .unwrap_err()
            .to_string(),
        "line 2 holds item 3, which is in no category of this level"
    );
    assert_eq!(
        taxonomy
            .reconcile(&[4, 1], &[5, 2, 3])
            .unwrap_err()
            .to_string(),
        "line 1 holds item 1, which is in two categories of this level, 2 and 3"
    );
    assert_eq!(
        taxonomy.reconcile(&[9], &[5]),
        Err(TaxonomyError::NoCategory { line: 0, item: 9 })
    );
}

#[test]
fn how_many_more_itemsets_are_mined_than_kept() {
    let mut random = random_source(33);
    // 400 products in 80 types in 16 categories in 4 departments; the first are bought most.
    let pairs: Vec<(u32, u32)> = (0..400)
        .map(|i| (i, 400 + i / 5))
        .chain((0..80).map(|i| (400 + i, 480 + i / 5)))
        .chain((0..16).map(|i| (480 + i, 496 + i / 4)))
        .collect();
    let taxonomy = Taxonomy::new(500, &[&pairs]).unwrap();
    let lists: Vec<Vec<u32>> = (0..3000)
        .map(|_| {
            (0..8)
                .map(|_| (random.next_u64() % 20 * (random.next_u64() % 20)) as u32)
                .collect()
        })
        .collect();
    let lists: Vec<&[u32]> = lists.iter().map(|list| &list[..]).collect();
    let baskets = taxonomy.extend(&baskets_of(&lists, 400)).unwrap();
    let params = ItemsetParams::new(MinSupport::Share(0.01)).max_len(3);
    let mined = params.check().unwrap().fit(&baskets).unwrap();
    let kept = taxonomy.prune(&mined);
    assert_eq!([mined.len(), kept.len()], [33_754, 17_079]);
}
