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
    // 100 baskets of two: 20 with item 0, 20 with item 1, 4 with both. Baskets with one item beside
    // item 1 all hold it, and baskets with two never do, so they teach nothing, nor do those with
    // so many beside both. Taking one of two places, an item leaves half the places to the other,
    // so chance gives an odds ratio of 1/2: m (60 + m) = (20 - m)^2 / 2, so m = sqrt(6800) - 80.
    let pairs: [(usize, &[u32]); 4] = [(4, &[0, 1]), (16, &[0, 2]), (16, &[1, 2]), (64, &[2, 3])];
    let baskets = repeated(&pairs, 4);
    let rule = rule_of(&[0], &[1], &baskets);
    let found = adjust(&[rule], &baskets, &Strata::by_size(&baskets), 1.0, 10)[0];
    let expected = 6800_f64.sqrt() - 80.0;
    close(found.expected, expected);
    close(found.lift, 4.0 / expected);
    close(found.odds_ratio, 2.0); // 4 * 64 against 16 * 16 / 2
    // Expected below 5, so Poisson: scipy.stats.poisson.sf(3, 2.4621125123532116), of two tests.
    close(found.p_value, 2.0 * 0.23435646245652104);
    close(found.q_value, (20.0 * 0.23435646245652104_f64).min(1.0));
}

#[test]
fn baskets_with_as_many_other_items_by_hand() {
    // With one item beside item 1: 60 with item 0, 30 of them with item 1; 200 with item 2, 20 of
    // them with item 1. Baskets of nothing else, and empty ones, have no say.
    let lists: [(usize, &[u32]); 6] = [
        (30, &[0, 1]),
        (30, &[0]),
        (20, &[1, 2]),
        (180, &[2]),
        (40, &[1]),
        (500, &[]),
    ];
    let baskets = repeated(&lists, 3);
    let rule = rule_of(&[0], &[1], &baskets);
    let found = adjust(&[rule], &baskets, &Strata::by_size(&baskets), 1.0, 1)[0];
    let (n, a, c) = (260.0, 60.0, 50.0);
    close(found.expected, a * c / n);
    close(found.odds_ratio, 9.0); // 30 * 180 against 30 * 20
    // statsmodels' StratifiedTable([[[30, 30], [20, 180]]]).test_null_odds(correction=True), one
    // side of it: z = (30 - 11.5385 - 0.5) / sqrt(7.1955).
    let variance = a * c * (n - a) * (n - c) / (n * n * (n - 1.0));
    let z: f64 = (30.0 - a * c / n - 0.5) / f64::sqrt(variance);
    close(found.p_value, libm::erfc(z / 2_f64.sqrt()) / 2.0);
}

#[test]
fn one_thing_and_what_goes_with_it() {
    // Each basket holds one of five teas; item 0 is beside it in 300 of 1000, item 1 in 210 of
    // those and in 35 of the others. No basket without item 0 has as many others as one with it, so
    // they are compared by what is beside both, which is one tea: an odds ratio of 44.
    let mut lists: Vec<Vec<u32>> = Vec::new();
    for basket in 0..1000_u32 {
        let first = basket < 300;
        let second = if first { basket < 210 } else { basket < 335 };
        let extra = [(first, 0), (second, 1)];
        let extra = extra.into_iter().filter(|(is, _)| *is);
        lists.push(
            extra
                .map(|(_, item)| item)
                .chain([2 + basket % 5])
                .collect(),
        );
    }
    let baskets = as_baskets(&lists, 7);
    let rules = [rule_of(&[0], &[1], &baskets), rule_of(&[1], &[0], &baskets)];
    for found in adjust(&rules, &baskets, &Strata::by_size(&baskets), 1.5, 2) {
        close(found.odds_ratio, 210.0 * 665.0 / (90.0 * 35.0));
        close(found.expected, 300.0 * 245.0 / 1000.0);
        assert!(found.q_value < 1e-20, "{found:?}");
    }
}

/// Every sum again from the baskets, basket by basket, each stratum by bisection, tails term by term.
#[test]
fn brute_force_adjusts_the_same() {
    let mut random = random_source(41);
    let [mut n_rules, mut n_small, mut n_long, mut n_by_others] = [0; 4];
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
        let group = |b: usize| groups[b] * u32::from(by_group);
        let mut keys: Vec<_> = (0..masks.len())
            .map(|b| (masks[b].count_ones(), group(b)))
            .collect();
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

        let choose = |n: u32, k: u32| -> f64 {
            (0..k)
                .map(|i| (f64::from(n) - f64::from(i)).max(0.0) / f64::from(i + 1))
                .product()
        };
        // The strata of the baskets with all of `held`, by what their size is taken to be: the odds
        // of chance and all baskets, those with the antecedent, with the consequent, with both.
        let tables = |held: u32, a: u32, c: u32, size: &dyn Fn(u32) -> u32, places: bool| {
            let mut tables = std::collections::BTreeMap::<(u32, u32), [f64; 4]>::new();
            for (b, mask) in masks.iter().enumerate().filter(|(_, m)| *m & held == held) {
                let table = tables.entry((size(*mask), group(b))).or_default();
                table[0] += 1.0;
                table[1] += f64::from(u8::from(mask & a == a));
                table[2] += f64::from(u8::from(mask & c == c));
                table[3] += f64::from(u8::from(mask & (a | c) == a | c));
            }
            let r = (a & !held).count_ones();
            let with_odds = tables.into_iter().map(|((size, _), table)| {
                let left = size.saturating_sub(held.count_ones());
                let psi = match choose(left, c.count_ones()) {
                    _ if !places => 1.0,
                    all if all > 0.0 && left >= r => choose(left - r, c.count_ones()) / all,
                    _ => 0.0,
                };
                (psi, table)
            });
            with_odds.collect::<Vec<_>>()
        };
        let information = |tables: &[(f64, [f64; 4])]| -> f64 {
            let told = tables.iter().map(|(_, [n, a, c, _])| match *n {
                0.0 => 0.0,
                n => a * c * (n - a) * (n - c) / n / n / n,
            });
            told.sum()
        };
        // Sums of both, mean and variance, and the odds ratio.
        let sums = |tables: &[(f64, [f64; 4])], odds: f64| {
            let [mut both, mut mean, mut variance, mut up, mut down] = [0.0; 5];
            for (psi, [n, of_a, of_c, of_both]) in tables {
                let [mut low, mut high] = [(of_a + of_c - n).max(0.0), of_a.min(*of_c)];
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
                up += of_both * (n - of_a - of_c + of_both) / n;
                down += psi * (of_a - of_both) * (of_c - of_both) / n;
            }
            ([both, mean, variance], up / down)
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
        // The p-value, the sums for the neutral odds ratio and the odds ratio, and whether baskets
        // alike in the others were compared.
        let judge = |held: u32, a: u32, c: u32, odds: f64| {
            let of = |tables: &[(f64, [f64; 4])]| {
                let (neutral, ratio) = sums(tables, 1.0);
                (p_value(sums(tables, odds).0), neutral, ratio)
            };
            let others = tables(held, a, c, &|mask| (mask & !c).count_ones(), false);
            let everything = tables(held, a, c, &|_| 0, false);
            let everything = everything.iter().fold([0.0; 4], |sum, (_, table)| {
                [0, 1, 2, 3].map(|i| sum[i] + table[i])
            });
            let enough = 0.1 * information(&[(1.0, everything)]);
            if information(&others) >= enough {
                return (of(&others), true);
            }
            let size = of(&tables(held, a, c, &u32::count_ones, true));
            let beside_both = |mask: u32| {
                let of_a = if mask & a == a {
                    (a & !held).count_ones()
                } else {
                    0
                };
                let of_c = if mask & c == c { c.count_ones() } else { 0 };
                mask.count_ones() - of_a - of_c
            };
            let neither = of(&tables(held, a, c, &beside_both, false));
            let better = if neither.0 < size.0 { neither } else { size };
            (((2.0 * better.0).min(1.0), better.1, better.2), false)
        };
        let near = |found: f64, expected: f64, what: &str| {
            assert!(
                found == expected
                    || (found.is_nan() && expected.is_nan())
                    || (found - expected).abs() <= 1e-6 * expected.abs().max(1e-3),
                "case {case}: {what} {found}, but expected {expected}"
            );
        };
        let mask_of = |items: &[u32]| items.iter().fold(0, |mask, item| mask | 1_u32 << item);
        for (rule, found) in rules.as_slice().iter().zip(&found).step_by(17) {
            let [a, c] = [&rule.antecedent, &rule.consequent].map(|side| mask_of(side));
            let ((mut p, neutral, odds_ratio), by_others) = judge(0, a, c, odds);
            near(found.expected, neutral[1], "expected");
            if neutral[1] > 1e-6 {
                near(found.lift, neutral[0] / neutral[1], "lift");
            }
            near(found.odds_ratio, odds_ratio, "odds ratio");
            if rule.antecedent.len() > 1 {
                n_long += 1;
                for item in &rule.antecedent {
                    p = p.max(judge(a & !(1 << item), a, c, 1.0).0.0);
                }
            }
            near(found.p_value, p, "p-value");
            n_small += usize::from(neutral[1].min(neutral[2]) < 5.0);
            n_by_others += usize::from(by_others);
            n_rules += 1;
        }
    }
    let seen = [
        n_rules,
        n_small,
        n_rules - n_small,
        n_long,
        n_by_others,
        n_rules - n_by_others,
    ];
    assert!(seen.iter().all(|n| *n > 30), "{seen:?}");
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
    // Beside item 0 alone, 1 and 2 are both there or neither; that is all that can be learned.
    assert!(found[0].p_value < 1e-6 && found[0].odds_ratio.is_infinite());
    assert!(
        found[1..].iter().all(|rule| rule.p_value == 1.0),
        "{found:?}"
    );

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
