use super::*;

/// `n` copies of each list.
fn repeated(lists: &[(usize, &[u32])], n_items: usize) -> Baskets {
    let lists: Vec<&[u32]> = (lists.iter())
        .flat_map(|&(n, list)| std::iter::repeat_n(list, n))
        .collect();
    baskets_of(&lists, n_items)
}

#[test]
fn a_pair_in_baskets_of_two_by_hand() {
    // 100 baskets of two: 20 with item 0, 20 with item 1, 4 with both. Taking one of two places,
    // an item leaves half the places to the other, so chance gives an odds ratio of 1/2:
    // m (60 + m) = (20 - m)^2 / 2, so m = sqrt(6800) - 80.
    let pairs: [(usize, &[u32]); 4] = [(4, &[0, 1]), (16, &[0, 2]), (16, &[1, 2]), (64, &[2, 3])];
    // Baskets of one, in which no two items can be, and empty ones change nothing.
    let more: [(usize, &[u32]); 4] = [(30, &[0]), (30, &[1]), (500, &[2]), (200, &[])];
    for lists in [pairs.to_vec(), [pairs, more].concat()] {
        let baskets = repeated(&lists, 4);
        let rule = rule_of(&[0], &[1], &baskets);
        let found = adjust(&[rule], &baskets, &Strata::by_size(&baskets), 1.0, 10)[0];
        let expected = 6800_f64.sqrt() - 80.0;
        close(found.expected, expected);
        close(found.lift, 4.0 / expected);
        close(found.odds_ratio, 2.0); // 4 * 64 against 16 * 16 / 2
        // Expected below 5, so Poisson: scipy.stats.poisson.sf(3, 2.4621125123532116)
        close(found.p_value, 0.23435646245652104);
        close(found.q_value, (10.0 * found.p_value).min(1.0));
    }
}

/// Every sum again from the baskets, each stratum by bisection, tails term by term.
#[test]
fn brute_force_adjusts_the_same() {
    let mut random = random_source(41);
    let [mut n_rules, mut n_small, mut n_long] = [0; 3];
    for case in 0..200 {
        let n_items = 3 + (random.next_u64() % 6) as u32;
        // Several kinds of baskets together, so that sizes make items go together.
        let n_kinds = 1 + random.next_u64() % 12;
        let masks: Vec<u32> = (0..n_kinds)
            .flat_map(|_| random_masks(&mut random, n_items))
            .collect();
        let baskets = baskets_of_masks(&masks, n_items);
        let groups: Vec<u32> = (masks.iter())
            .map(|_| (random.next_u64() % 2) as u32 * 7)
            .collect();
        let by_group = case % 2 == 1;
        let strata = match by_group {
            true => Strata::by_size_and_group(&baskets, &groups).unwrap(),
            false => Strata::by_size(&baskets),
        };
        let key = |b: usize| (masks[b].count_ones(), groups[b] * u32::from(by_group));
        let mut keys: Vec<_> = (0..masks.len()).map(key).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(strata.len(), keys.len());
        let odds = [1.0, 1.5][case / 2 % 2];
        let rules = make_rules(&mine(&baskets, 3), every_rule().max_consequent(2));
        let found = adjust(
            rules.as_slice(),
            &baskets,
            &strata,
            odds,
            rules.n_candidates(),
        );

        // Sums of both, mean and variance over the strata of the baskets with all of `held`.
        let sums = |held: u32, a: u32, c: u32, odds: f64| {
            let [mut both, mut mean, mut variance] = [0.0; 3];
            for stratum in &keys {
                let count = |mask: u32| {
                    let has = |&b: &usize| key(b) == *stratum && masks[b] & mask == mask;
                    (0..masks.len()).filter(has).count() as f64
                };
                let [n, of_a, of_c, of_both] = [held, a, held | c, a | c].map(count);
                let places = stratum.0.saturating_sub(held.count_ones());
                let choose = |n: u32, k: u32| -> f64 {
                    (0..k)
                        .map(|i| (f64::from(n) - f64::from(i)).max(0.0) / f64::from(i + 1))
                        .product()
                };
                let of_places = choose(places, c.count_ones());
                let r = (a & !held).count_ones();
                let psi = match of_places > 0.0 && places >= r {
                    true => choose(places - r, c.count_ones()) / of_places,
                    false => 0.0,
                };
                let [mut low, mut high] = [(of_a + of_c - n).max(0.0), of_a.min(of_c)];
                for _ in 0..200 {
                    let m = (low + high) / 2.0;
                    let more = odds * psi * (of_a - m) * (of_c - m) - m * (n - of_a - of_c + m);
                    if more > 0.0 { low = m } else { high = m }
                }
                let cells = [low, of_a - low, of_c - low, n - of_a - of_c + low];
                both += of_both;
                mean += low;
                if cells.iter().all(|cell| *cell > 1e-9) {
                    variance += n / (n - 1.0) / cells.iter().map(|cell| 1.0 / cell).sum::<f64>();
                }
            }
            [both, mean, variance]
        };
        let p_value = |[both, mean, variance]: [f64; 3]| {
            if both <= mean + 1e-9 {
                1.0
            } else if mean.min(variance) < 5.0 {
                let mut term = (-mean).exp();
                let mut below = 0.0;
                for k in 0..both as u32 {
                    below += term;
                    term *= mean / f64::from(k + 1);
                }
                1.0 - below
            } else {
                libm::erfc((both - mean - 0.5) / (2.0 * variance).sqrt()) / 2.0
            }
        };
        let near = |found: f64, expected: f64, what: &str| {
            assert!(
                found == expected || (found - expected).abs() <= 1e-6 * expected.abs().max(1e-3),
                "case {case}: {what} {found}, but expected {expected}"
            );
        };
        let mask_of = |items: &[u32]| items.iter().fold(0, |mask, item| mask | 1_u32 << item);
        for (rule, found) in rules.as_slice().iter().zip(&found).step_by(17) {
            let [a, c] = [&rule.antecedent, &rule.consequent].map(|side| mask_of(side));
            let neutral = sums(0, a, c, 1.0);
            near(found.expected, neutral[1], "expected");
            if neutral[1] > 1e-6 {
                near(found.lift, neutral[0] / neutral[1], "lift");
            }
            let asked = sums(0, a, c, odds);
            let mut p = p_value(asked);
            if rule.antecedent.len() > 1 {
                n_long += 1;
                for item in &rule.antecedent {
                    p = p.max(p_value(sums(a & !(1 << item), a, c, 1.0)));
                }
            }
            near(found.p_value, p, "p-value");
            n_small += usize::from(asked[1].min(asked[2]) < 5.0);
            n_rules += 1;
        }
    }
    let seen = [n_rules, n_small, n_rules - n_small, n_long];
    assert!(seen.iter().all(|n| *n > 100), "{seen:?}");
}

/// Baskets of very different sizes, in which items have nothing else to do with each other
/// (Rasch): an item is in a basket with odds of its popularity times the basket's appetite.
fn of_many_sizes(seed: u64, n: usize, n_items: u32) -> Vec<Vec<u32>> {
    let mut random = random_source(seed);
    let mut uniform = move || (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    (0..n)
        .map(|_| {
            // From a tenth of a common appetite to three times it.
            let appetite = 0.1 * 30_f64.powf(uniform());
            (0..n_items)
                .filter(|&item| {
                    let odds = appetite * (0.05 + 0.4 * f64::from(item) / f64::from(n_items));
                    uniform() < odds / (1.0 + odds)
                })
                .collect()
        })
        .collect()
}

fn as_baskets(lists: &[Vec<u32>], n_items: usize) -> Baskets {
    let lists: Vec<&[u32]> = lists.iter().map(|list| &list[..]).collect();
    baskets_of(&lists, n_items)
}

#[test]
fn what_only_basket_sizes_explain_is_explained() {
    let baskets = as_baskets(&of_many_sizes(42, 8000, 60), 60);
    let itemsets = ItemsetParams::new(MinSupport::Count(5)).max_len(3);
    let itemsets = itemsets.check().unwrap().fit(&baskets).unwrap();
    let params = every_rule().max_antecedent(1);
    let pairs = make_rules(&itemsets, params).into_vec();
    assert!(pairs.len() > 3000);
    let lifts: f64 = pairs.iter().map(|rule| rule.measures.lift).sum();
    assert!(lifts / pairs.len() as f64 > 1.4, "sizes make lift");
    let strata = Strata::by_size(&baskets);
    let adjusted = adjust(&pairs, &baskets, &strata, 1.0, pairs.len());
    let both: f64 = pairs.iter().map(|rule| rule.measures.count as f64).sum();
    let expected: f64 = adjusted.iter().map(|rule| rule.expected).sum();
    assert!(
        (0.95..1.01).contains(&(both / expected)),
        "{}",
        both / expected
    );
    let surprising = adjusted.iter().filter(|rule| rule.p_value <= 0.05).count();
    assert!(
        surprising * 100 <= 5 * pairs.len(),
        "{surprising} of {}",
        pairs.len()
    );
    assert!(adjusted.iter().all(|rule| rule.q_value > 0.05));
    // Three items: nearly every rule has a lift, and none has more than sizes give.
    let all = make_rules(&itemsets, RuleParams::new().min_confidence(0.0));
    assert!(all.as_slice().len() > 1000);
    let adjusted = adjust(all.as_slice(), &baskets, &strata, 1.0, all.n_candidates());
    let left = adjusted.iter().filter(|rule| rule.q_value <= 0.05).count();
    assert!(left * 200 <= all.as_slice().len(), "{left} rules are left");
}

#[test]
fn only_the_planted_rule_is_chosen() {
    let mut lists = of_many_sizes(43, 8000, 40);
    let mut random = random_source(44);
    for list in &mut lists {
        if list.contains(&30) && !random.next_u64().is_multiple_of(3) {
            list.push(2);
        }
    }
    let baskets = as_baskets(&lists, 40);
    let params = ItemsetParams::new(MinSupport::Share(0.005)).max_len(3);
    let itemsets = params.check().unwrap().fit(&baskets).unwrap();
    let rules = make_rules(&itemsets, RuleParams::new().min_lift(1.2));
    assert!(rules.as_slice().len() > 1000, "{}", rules.as_slice().len());
    let strata = Strata::by_size(&baskets);
    let choose = |params: SelectionParams| {
        let valid = params.check().unwrap();
        let [one, two] = on_one_and_two_threads(|| valid.fit(&rules, &baskets, &strata));
        assert_eq!(one, two);
        one
    };
    let sides = |selection: &Selection| -> Vec<(Vec<u32>, Vec<u32>)> {
        let mut sides: Vec<_> = (selection.selected.iter())
            .map(|chosen| {
                (
                    chosen.rule.antecedent.clone(),
                    chosen.rule.consequent.clone(),
                )
            })
            .collect();
        sides.sort();
        sides
    };
    let selection = choose(SelectionParams::new());
    let chosen = sides(&selection);
    assert_eq!(chosen.len(), 1, "{chosen:?}");
    assert_eq!(selection.other_direction, 1);
    let selection = choose(SelectionParams::new().both_directions(true));
    assert_eq!(
        sides(&selection),
        [(vec![2], vec![30]), (vec![30], vec![2])]
    );
}

#[test]
fn tastes_are_explained_by_groups() {
    // Two kinds of customers, who like the first and the last twenty of forty items.
    let mut random = random_source(45);
    let mut groups = Vec::new();
    let lists: Vec<Vec<u32>> = (0..6000)
        .map(|_| {
            let group = (random.next_u64() % 2) as u32;
            groups.push(group);
            (0..40)
                .filter(|item| {
                    let liked = item / 20 == group;
                    random.next_u64() % 20 < if liked { 4 } else { 1 }
                })
                .collect()
        })
        .collect();
    let baskets = as_baskets(&lists, 40);
    let itemsets = ItemsetParams::new(MinSupport::Count(5)).max_len(2);
    let itemsets = itemsets.check().unwrap().fit(&baskets).unwrap();
    let rules = make_rules(&itemsets, RuleParams::new().min_confidence(0.0));
    let valid = SelectionParams::new().min_odds_ratio(1.2).check().unwrap();
    let sizes_only = valid.fit(&rules, &baskets, &Strata::by_size(&baskets));
    assert!(sizes_only.selected.len() > 50);
    let strata = Strata::by_size_and_group(&baskets, &groups).unwrap();
    assert_eq!(valid.fit(&rules, &baskets, &strata).selected, []);
}

#[test]
fn giant_baskets_empty_ones_and_no_baskets_are_fine() {
    let giant: Vec<u32> = (0..5000).chain(0..5000).collect();
    let mut lists: Vec<&[u32]> = vec![&giant];
    lists.extend([&[0, 1, 2][..]; 20]);
    lists.extend([&[0][..]; 100]);
    lists.extend([&[][..]; 50]);
    let baskets = baskets_of(&lists, 5000);
    let strata = Strata::by_size(&baskets);
    assert_eq!(strata.len(), 4);
    // Item 0 in all baskets but the empty ones; a rule of everything in the giant one.
    let rules = [
        rule_of(&[1], &[2], &baskets),
        rule_of(&[0], &[1], &baskets),
        rule_of(&[4998], &[4999], &baskets),
        rule_of(&[1, 7000], &[2], &baskets),
    ];
    let found = adjust(&rules, &baskets, &strata, 1.0, 4);
    // Within a size items 0, 1 and 2 are always or never there: nothing can be learned.
    assert!(found.iter().all(|rule| rule.p_value == 1.0), "{found:?}");

    let none = baskets_of(&[], 3);
    let strata = Strata::by_size(&none);
    assert!(strata.is_empty());
    let found = adjust(&[rule_of(&[0], &[1], &none)], &none, &strata, 1.0, 0);
    assert_eq!((found[0].p_value, found[0].expected), (1.0, 0.0));
    assert!(found[0].lift.is_nan() && found[0].odds_ratio.is_nan());
    assert_eq!(adjust(&[], &none, &strata, 1.0, 0), []);
}

#[test]
fn every_basket_has_a_group() {
    let baskets = baskets_of(&[&[0], &[1]], 2);
    let error = Strata::by_size_and_group(&baskets, &[1]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "1 groups, but 2 baskets; give the group of each basket"
    );
}
