//! The miner against hand-worked numbers, brute force, and another implementation.

mod adjusted;
mod baskets;
mod contrast;
mod itemsets;
mod kinds;
mod later_baskets;
mod measures;
mod on_sale;
mod pairs;
mod rules;
mod selection;
mod sides;
mod small_baskets;
mod substitutes;
mod taxonomy;
mod utility;

use linfa::ParamGuard;
use rand_xoshiro::{
    Xoshiro256PlusPlus,
    rand_core::{RngCore, SeedableRng},
};

use super::*;

#[track_caller]
fn close(found: f64, expected: f64) {
    assert!(
        found == expected || (found - expected).abs() <= 1e-9 * expected.abs().max(1e-3),
        "{found}, but expected {expected}"
    );
}

/// Baskets from lists of items; the number of items is one more than the highest.
fn baskets_of(lists: &[&[u32]], n_items: usize) -> Baskets {
    let mut offsets = vec![0];
    let mut items = Vec::new();
    for list in lists {
        items.extend_from_slice(list);
        offsets.push(items.len());
    }
    Baskets::from_csr(offsets, items, n_items).unwrap()
}

/// Itemsets in at least so many baskets.
fn mine(baskets: &Baskets, min_count: u32) -> Itemsets {
    let params = ItemsetParams::new(MinSupport::Count(min_count));
    params.check().unwrap().fit(baskets).unwrap()
}

/// Parameters that keep every candidate as a rule.
fn every_rule() -> RuleParams {
    RuleParams::new()
        .min_confidence(0.0)
        .min_lift(0.0)
        .max_q_value(1.0)
        .redundancy(Redundancy::Keep)
}

/// A rule of these items, with its measures on these baskets.
fn rule_of(antecedent: &[u32], consequent: &[u32], baskets: &Baskets) -> Rule {
    let mut rule = Rule {
        antecedent: antecedent.to_vec(),
        consequent: consequent.to_vec(),
        measures: Measures::from_counts(1, 1, 1, 1),
        improvement: 0.0,
        improvement_lower: 0.0,
        q_value: 0.0,
    };
    rule.measures = remeasure(std::slice::from_ref(&rule), baskets)[0];
    rule
}

fn make_rules(itemsets: &Itemsets, params: RuleParams) -> Rules {
    params.check().unwrap().fit(itemsets)
}

/// What `f` gives on one thread and on two.
fn on_one_and_two_threads<T: Send>(f: impl Fn() -> T + Sync) -> [T; 2] {
    [1, 2].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(&f)
    })
}

/// Random baskets as bit masks: items differ in how frequent they are, and some go together.
fn random_masks(random: &mut Xoshiro256PlusPlus, n_items: u32) -> Vec<u32> {
    let mut below = |n: u32| (random.next_u64() % u64::from(n)) as u32;
    let n_baskets = below(60);
    let density = 1 + below(9);
    (0..n_baskets)
        .map(|_| {
            let mut mask = 0;
            for item in 0..n_items {
                let together = mask >> (item / 2) & 1;
                let chance = (density + 3 * together) * (item + 3) / (n_items + 3) + 1;
                mask |= u32::from(below(10) < chance) << item;
            }
            mask
        })
        .collect()
}

fn random_source(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

fn items_of(mask: u32) -> Vec<u32> {
    (0..32).filter(|item| mask >> item & 1 == 1).collect()
}

fn baskets_of_masks(masks: &[u32], n_items: u32) -> Baskets {
    let lists: Vec<Vec<u32>> = masks.iter().map(|&mask| items_of(mask)).collect();
    let lists: Vec<&[u32]> = lists.iter().map(|list| &list[..]).collect();
    baskets_of(&lists, n_items as usize)
}

/// Number of masks with all bits of `mask`.
fn count_in(masks: &[u32], mask: u32) -> u32 {
    masks
        .iter()
        .filter(|&&basket| basket & mask == mask)
        .count() as u32
}

fn complete_journey() -> Baskets {
    let text = include_str!("../../../tests/fixtures/complete_journey_baskets.txt");
    let mut offsets = vec![0];
    let mut items = Vec::new();
    for line in text.lines() {
        items.extend(line.split(' ').map(|code| code.parse::<u32>().unwrap()));
        offsets.push(items.len());
    }
    let n_items = items
        .iter()
        .max()
        .map_or(0, |&highest| highest as usize + 1);
    Baskets::from_csr(offsets, items, n_items).unwrap()
}
