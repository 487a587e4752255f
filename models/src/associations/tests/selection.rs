use std::collections::BTreeSet;

use super::*;

/// The walk again, with sets of baskets.
#[test]
fn brute_force_chooses_the_same_rules() {
    let mut random = random_source(51);
    let [mut n_chosen, mut n_other, mut n_covered] = [0; 3];
    for case in 0..800 {
        let n_items = 3 + (random.next_u64() % 5) as u32;
        let masks = random_masks(&mut random, n_items);
        let baskets = baskets_of_masks(&masks, n_items);
        let params = every_rule().max_consequent(2).min_confidence(0.2);
        let rules = make_rules(&mine(&baskets, 3), params);
        let strata = Strata::by_size(&baskets);
        let both_directions = case % 2 == 0;
        let min_new_share = [0.0, 0.25, 0.5, 1.0][case % 4];
        let max_q_value = [0.5, 1.0][case / 4 % 2];
        let params = SelectionParams::new()
            .min_odds_ratio(1.0)
            .max_q_value(max_q_value)
            .both_directions(both_directions)
            .min_new_share(min_new_share);
        let found = params.check().unwrap().fit(&rules, &baskets, &strata);

        let adjusted = adjust(
            rules.as_slice(),
            &baskets,
            &strata,
            1.0,
            rules.n_candidates(),
        );
        let mut chosen: Vec<(usize, BTreeSet<usize>, usize)> = Vec::new();
        let [mut not_beyond, mut other, mut covered] = [0; 3];
        let items = |rule: &Rule| -> BTreeSet<u32> {
            (rule.antecedent.iter().chain(&rule.consequent))
                .copied()
                .collect()
        };
        for (i, rule) in rules.as_slice().iter().enumerate() {
            if adjusted[i].q_value > max_q_value {
                not_beyond += 1;
                continue;
            }
            let mask = items(rule)
                .iter()
                .fold(0, |mask, item| mask | 1_u32 << item);
            let explains: BTreeSet<usize> = (0..masks.len())
                .filter(|&b| masks[b] & mask == mask)
                .collect();
            let earlier = |j: usize| &rules.as_slice()[j];
            if !both_directions
                && chosen
                    .iter()
                    .any(|(j, ..)| items(earlier(*j)) == items(rule))
            {
                other += 1;
                continue;
            }
            let before: BTreeSet<usize> = chosen
                .iter()
                .filter(|(j, ..)| earlier(*j).consequent == rule.consequent)
                .flat_map(|(_, explains, _)| explains.iter().copied())
                .collect();
            let new = explains.difference(&before).count();
            if (new as f64) < min_new_share * explains.len() as f64 {
                covered += 1;
                continue;
            }
            chosen.push((i, explains, new));
        }
        let expected: Vec<Selected> = chosen
            .iter()
            .map(|&(i, _, new)| Selected {
                rule: rules.as_slice()[i].clone(),
                adjusted: adjusted[i],
                new_count: new as u64,
                customers: None,
            })
            .collect();
        // Compared as text, because a lift may be NaN.
        assert_eq!(
            format!("{:?}", found.selected),
            format!("{expected:?}"),
            "case {case}"
        );
        assert_eq!(
            [found.not_beyond_size, found.other_direction, found.covered],
            [not_beyond, other, covered]
        );
        n_chosen += chosen.len();
        n_other += other;
        n_covered += covered;
    }
    assert!(n_chosen > 5000 && n_other > 500 && n_covered > 500);
}

#[test]
fn limits_of_the_choice_are_checked() {
    let refused = |params: SelectionParams, message: &str| {
        assert_eq!(params.check().unwrap_err().to_string(), message);
    };
    refused(
        SelectionParams::new().min_odds_ratio(0.9),
        "min_odds_ratio = 0.9; choose a number from 1 up, 1 for any association",
    );
    refused(
        SelectionParams::new().max_q_value(0.0),
        "max_q_value = 0; choose a number above 0 and at most 1, where 1 keeps every rule",
    );
    refused(
        SelectionParams::new().min_new_share(f64::NAN),
        "min_new_share = NaN; choose a number from 0 to 1, where 0 keeps every rule",
    );
}
