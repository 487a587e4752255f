//! The recommender as a whole, on histories small enough to check by hand or brute force and on
//! generated ones whose truth is known.

use std::collections::{BTreeMap, BTreeSet};

use linfa::ParamGuard;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

use super::*;

/// A history that owns its arrays; rows are (customer, day, basket, item).
struct Rows {
    offsets: Vec<usize>,
    days: Vec<i32>,
    baskets: Vec<u32>,
    items: Vec<u32>,
    n_items: usize,
    groups: Option<Vec<u32>>,
}

impl Rows {
    fn new(n_customers: usize, n_items: usize, mut rows: Vec<(usize, i32, u32, u32)>) -> Self {
        rows.sort_unstable();
        let offsets = (0..=n_customers)
            .map(|c| rows.partition_point(|row| row.0 < c))
            .collect();
        Self {
            offsets,
            days: rows.iter().map(|r| r.1).collect(),
            baskets: rows.iter().map(|r| r.2).collect(),
            items: rows.iter().map(|r| r.3).collect(),
            n_items,
            groups: None,
        }
    }

    /// One basket for each customer, all on day 0.
    fn baskets(n_items: usize, baskets: &[&[u32]]) -> Self {
        let rows = (0..)
            .zip(baskets)
            .flat_map(|(c, b)| b.iter().map(move |&i| (c, 0, 0, i)));
        Self::new(baskets.len(), n_items, rows.collect())
    }

    fn history(&self) -> History<'_> {
        History::new(
            &self.offsets,
            &self.days,
            &self.baskets,
            &self.items,
            self.n_items,
            self.groups.as_deref(),
        )
        .unwrap()
    }

    fn n_customers(&self) -> usize {
        self.offsets.len() - 1
    }

    fn rows_of(&self, customer: usize) -> std::ops::Range<usize> {
        self.offsets[customer]..self.offsets[customer + 1]
    }
}

/// Three tastes of `size` items each; `pick` turns a uniform number into a place in the taste.
/// A customer shops every seventh day with probability 0.7 and takes three items, nine in ten of
/// their own taste.
/// Whoever takes item 0 takes the last item, of another taste, with probability 0.6. Ten items
/// are a group.
fn tastes(size: u32, pick: fn(f64) -> f64, n_customers: usize, days: i32, seed: u64) -> Rows {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut unit = move || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    let mut rows = vec![];
    let mut basket = 0;
    for customer in 0..n_customers {
        for day in (0..days).filter(|d| d % 7 == customer as i32 % 7) {
            if unit() > 0.7 {
                continue;
            }
            basket += 1;
            for _ in 0..3 {
                let taste = if unit() < 0.9 {
                    customer % 3
                } else {
                    (unit() * 3.0) as usize
                };
                let item = taste as u32 * size + (f64::from(size) * pick(unit())) as u32;
                rows.push((customer, day, basket, item));
                if item == 0 && unit() < 0.6 {
                    rows.push((customer, day, basket, 3 * size - 1));
                }
            }
        }
    }
    let n_items = 3 * size;
    let mut rows = Rows::new(n_customers, n_items as usize, rows);
    rows.groups = Some((0..n_items).map(|item| 1000 + item / 10).collect());
    rows
}

/// Few items, of which the first of a taste are bought most.
fn three_tastes(n_customers: usize, days: i32, seed: u64) -> Rows {
    tastes(50, |u| u * u, n_customers, days, seed)
}

fn params() -> CrossSellParams {
    CrossSellParams::new().candidates(50)
}

fn suggest(rows: &Rows, params: CrossSellParams, as_of: i32) -> Vec<Suggestion> {
    params
        .check()
        .unwrap()
        .fit(&rows.history(), as_of)
        .suggest()
}

#[test]
fn an_owned_item_is_never_suggested_and_each_list_is_in_order() {
    let rows = three_tastes(90, 150, 1);
    let list = suggest(&rows, params(), 140);
    for customer in 0..rows.n_customers() {
        let had: BTreeSet<u32> = rows
            .rows_of(customer)
            .filter(|&r| rows.days[r] < 140)
            .map(|r| rows.items[r])
            .collect();
        let own: Vec<&Suggestion> = list
            .iter()
            .filter(|s| s.customer as usize == customer)
            .collect();
        assert_eq!(own.len(), 10);
        let items: BTreeSet<u32> = own.iter().map(|s| s.item).collect();
        assert_eq!(items.len(), 10);
        assert!(items.is_disjoint(&had));
        assert!(own.iter().zip(1..).all(|(s, rank)| s.rank == rank));
        assert!(own.iter().all(|s| (0.0..=1.0).contains(&s.score)));
        assert!(own.windows(2).all(|w| w[0].score >= w[1].score));
    }
    assert!(list.is_sorted_by_key(|s| (s.customer, s.rank)));
}

#[test]
fn rows_on_or_after_the_as_of_day_change_nothing() {
    let all = three_tastes(90, 150, 1);
    let early: Vec<_> = (0..all.n_customers())
        .flat_map(|c| all.rows_of(c).map(move |r| (c, r)))
        .filter(|&(_, r)| all.days[r] < 110)
        .map(|(c, r)| (c, all.days[r], all.baskets[r], all.items[r]))
        .collect();
    let mut early = Rows::new(all.n_customers(), all.n_items, early);
    early.groups = all.groups.clone();
    assert_eq!(suggest(&all, params(), 110), suggest(&early, params(), 110));
}

#[test]
fn one_and_two_threads_give_the_same_bits() {
    let rows = three_tastes(300, 150, 2);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let params = params().check().unwrap();
            let model = params.fit(&rows.history(), 150);
            assert_eq!(model.score_kind(), ScoreKind::Probability);
            let bits: Vec<_> = model
                .suggest()
                .into_iter()
                .map(|s| (s.customer, s.item, s.score.to_bits(), s.evidence))
                .collect();
            (bits, params.evaluate(&rows.history(), 122).unwrap())
        })
    };
    assert!(run(1) == run(2));
}

#[test]
fn tastes_are_found_and_beat_popularity() {
    let rows = three_tastes(600, 150, 3);
    let found = params()
        .check()
        .unwrap()
        .evaluate(&rows.history(), 122)
        .unwrap();
    assert_eq!(found.k, 10);
    assert!(found.n_customers > 500);
    for Baseline { quality, .. } in &found.baselines {
        assert!(found.model.ndcg > 1.3 * quality.ndcg, "{found:?}");
        assert!(found.model.recall > 1.3 * quality.recall, "{found:?}");
        assert!(found.model.hit_rate > quality.hit_rate, "{found:?}");
    }
}

#[test]
fn probabilities_are_met_on_later_data() {
    // So many items, bought alike, that nobody runs out and new ones come at the same pace.
    let rows = tastes(400, |u| u, 3000, 180, 4);
    let found = params()
        .check()
        .unwrap()
        .evaluate(&rows.history(), 152)
        .unwrap();
    assert_eq!(found.score_kind, ScoreKind::Probability);
    let ratio = found.expected_hits / found.observed_hits as f64;
    assert!(
        found.observed_hits > 300 && (0.85..1.15).contains(&ratio),
        "{found:?}"
    );
}

#[test]
fn every_reason_can_be_counted_again() {
    let rows = three_tastes(300, 120, 5);
    let as_of = 100;
    let (mut planted, mut kinds) = (0, [0; 3]);

    // Brute force: the set of items of each basket and of each customer.
    let mut baskets: BTreeMap<(usize, i32, u32), BTreeSet<u32>> = BTreeMap::new();
    let mut customers = vec![BTreeSet::new(); rows.n_customers()];
    for (customer, has) in customers.iter_mut().enumerate() {
        for r in rows.rows_of(customer).filter(|&r| rows.days[r] < as_of) {
            let key = (customer, rows.days[r], rows.baskets[r]);
            baskets.entry(key).or_default().insert(rows.items[r]);
            has.insert(rows.items[r]);
        }
    }
    let count = |items: &[u32]| {
        baskets
            .values()
            .filter(|b| items.iter().all(|i| b.contains(i)))
            .count() as u32
    };
    let singles: Vec<u32> = (0..150).map(|i| count(&[i])).collect();
    let mut pairs = BTreeMap::new();
    let n = baskets.len() as u32;
    // The lower end is the smaller root of (hits/n - p)^2 = z^2 p (1 - p) / n.
    let low = |hits: u32, n: u32| {
        let (share, z2) = (f64::from(hits) / f64::from(n), 9.0 / f64::from(n));
        let (a, b, c) = (1.0 + z2, -(2.0 * share + z2), share * share);
        (-b - (b * b - 4.0 * a * c).max(0.0).sqrt()) / (2.0 * a)
    };
    let active = customers.iter().filter(|c| !c.is_empty()).count() as u32;

    for s in suggest(&rows, params(), as_of) {
        let has = &customers[s.customer as usize];
        let times = |item: u32| {
            let own = baskets.range((s.customer as usize, i32::MIN, 0)..);
            own.take_while(|(key, _)| key.0 == s.customer as usize)
                .filter(|(_, b)| b.contains(&item))
                .count() as u32
        };
        let mut best: Option<(bool, f64, u32)> = None;
        for &a in has {
            let both = *pairs
                .entry((a, s.item))
                .or_insert_with(|| count(&[a, s.item]));
            let sure = low(both, singles[a as usize]);
            let strong = both >= 10 && sure > f64::from(singles[s.item as usize]) / f64::from(n);
            let rank = (times(a) >= 2, sure);
            if strong && best.is_none_or(|(habit, top, _)| rank > (habit, top + 1e-12)) {
                best = Some((rank.0, rank.1, a));
            }
        }
        let owners = customers.iter().filter(|c| c.contains(&s.item)).count() as u32;
        let group = |item: u32| item / 10;
        let other = |c: &BTreeSet<u32>| c.iter().any(|&i| i != s.item && group(i) == group(s.item));
        match s.evidence {
            Evidence::Basket { antecedent, .. } => {
                kinds[0] += 1;
                planted += u32::from(s.item == 149 && antecedent == 0);
                assert_eq!(Some(antecedent), best.map(|b| b.2));
                let want = Evidence::Basket {
                    antecedent,
                    times: times(antecedent),
                    n,
                    with_antecedent: singles[antecedent as usize],
                    with_item: singles[s.item as usize],
                    with_both: pairs[&(antecedent, s.item)],
                };
                assert_eq!(s.evidence, want);
                assert!(s.evidence.lift().unwrap() > 1.0);
            }
            Evidence::Group { .. } => {
                kinds[1] += 1;
                assert_eq!(best, None);
                let want = Evidence::Group {
                    group: 1000 + group(s.item),
                    bought: has.iter().filter(|&&i| group(i) == group(s.item)).count() as u32,
                    n: active,
                    with_antecedent: customers.iter().filter(|c| other(c)).count() as u32,
                    with_item: owners,
                    with_both: customers
                        .iter()
                        .filter(|c| other(c) && c.contains(&s.item))
                        .count() as u32,
                };
                assert_eq!(s.evidence, want);
                assert!(s.evidence.lift().unwrap() > 1.0);
            }
            Evidence::Popularity { .. } => {
                kinds[2] += 1;
                assert_eq!(best, None);
                assert_eq!(
                    s.evidence,
                    Evidence::Popularity {
                        n: active,
                        with_item: owners
                    }
                );
                assert_eq!(s.evidence.lift(), None);
            }
        }
    }
    assert!(planted > 0, "the planted pair is never the reason");
    assert!(kinds.iter().all(|&k| k > 0), "{kinds:?}");
}

#[test]
fn a_pair_that_is_always_bought_together_is_the_reason_in_exact_counts() {
    // Ten baskets of {0, 1}, ten of {2}, ten of {3}, and one customer with two baskets of {0}.
    let mut rows: Vec<(usize, i32, u32, u32)> = vec![];
    for c in 0..10 {
        rows.extend([
            (c, 1, 0, 0),
            (c, 1, 0, 1),
            (10 + c, 1, 0, 2),
            (20 + c, 1, 0, 3),
        ]);
    }
    rows.extend([(30, 1, 0, 0), (30, 2, 0, 0)]);
    let rows = Rows::new(31, 4, rows);
    let first = suggest(&rows, params(), 5)
        .into_iter()
        .find(|s| s.customer == 30)
        .unwrap();
    assert_eq!(first.item, 1);
    let want = Evidence::Basket {
        antecedent: 0,
        times: 2,
        n: 32,
        with_antecedent: 12,
        with_item: 10,
        with_both: 10,
    };
    assert_eq!(first.evidence, want);
    assert!((first.evidence.confidence().unwrap() - 10.0 / 12.0).abs() < 1e-15);
    assert!((first.evidence.lift().unwrap() - (10.0 / 12.0) / (10.0 / 32.0)).abs() < 1e-15);

    // With more support asked for than the pair has, popularity is all that can be said.
    let first = suggest(&rows, params().min_support(11), 5);
    let first = first
        .into_iter()
        .find(|s| s.customer == 30 && s.item == 1)
        .unwrap();
    assert_eq!(
        first.evidence,
        Evidence::Popularity {
            n: 31,
            with_item: 10
        }
    );
    assert!((first.evidence.base_rate() - 10.0 / 31.0).abs() < 1e-15);
}

#[test]
fn an_antecedent_bought_twice_comes_before_a_stronger_one_bought_once() {
    // Item 2 goes with 0 in 30 of 30 baskets and with 1 in 30 of 40; 90 baskets of 3 alone.
    let mut rows = vec![];
    for c in 0..30 {
        rows.extend([
            (c, 1, 0, 0),
            (c, 1, 0, 2),
            (30 + c, 1, 0, 1),
            (30 + c, 1, 0, 2),
        ]);
    }
    rows.extend((60..70).map(|c| (c, 1, 0, 1)));
    rows.extend((70..160).map(|c| (c, 1, 0, 3)));
    rows.extend([(160, 1, 0, 0), (160, 1, 1, 1)]);
    let reason = |rows: &[(usize, i32, u32, u32)]| {
        let list = suggest(&Rows::new(161, 4, rows.to_vec()), params(), 5);
        match list
            .into_iter()
            .find(|s| s.customer == 160 && s.item == 2)
            .unwrap()
            .evidence
        {
            Evidence::Basket {
                antecedent, times, ..
            } => (antecedent, times),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(reason(&rows), (0, 1));
    rows.push((160, 2, 2, 1));
    assert_eq!(reason(&rows), (1, 2));
}

#[test]
fn equal_scores_go_by_the_lower_item_code() {
    // Items 1 and 2 are bought by the same customers, so nothing tells them apart.
    let rows = Rows::baskets(3, &[&[0, 1, 2], &[0, 1, 2], &[0], &[0, 1, 2]]);
    let items: Vec<(u32, u32)> = suggest(&rows, params(), 1)
        .iter()
        .map(|s| (s.customer, s.item))
        .collect();
    assert_eq!(items, [(2, 1), (2, 2)]);
}

#[test]
fn a_customer_who_has_everything_gets_nothing() {
    let rows = Rows::baskets(3, &[&[0, 1, 2], &[0, 1]]);
    let list = suggest(&rows, params(), 1);
    assert_eq!(list.len(), 1);
    assert_eq!((list[0].customer, list[0].item), (1, 2));
}

#[test]
fn an_empty_history_suggests_nothing() {
    assert!(suggest(&Rows::baskets(0, &[]), params(), 0).is_empty());
    assert!(suggest(&Rows::baskets(5, &[&[], &[]]), params(), 0).is_empty());
    // All rows on the as-of day or after it.
    assert!(suggest(&Rows::baskets(5, &[&[1], &[2]]), params(), 0).is_empty());
}

#[test]
fn one_customer_or_one_item_has_nothing_left_to_suggest() {
    assert!(suggest(&Rows::baskets(9, &[&[3, 4]]), params(), 1).is_empty());
    assert!(suggest(&Rows::baskets(1, &[&[0], &[0]]), params(), 1).is_empty());
}

#[test]
fn a_customer_without_purchases_gets_what_most_bought_in_the_last_horizon() {
    // Item 0 was bought by three long ago; of the last 28 days, item 2 by two, item 1 by one.
    let rows = Rows::new(
        4,
        3,
        vec![
            (0, 0, 0, 0),
            (1, 0, 0, 0),
            (2, 0, 0, 0),
            (0, 90, 1, 2),
            (1, 90, 1, 2),
            (2, 90, 1, 1),
        ],
    );
    let list: Vec<_> = suggest(&rows, params(), 100)
        .into_iter()
        .filter(|s| s.customer == 3)
        .map(|s| (s.rank, s.item, s.score, s.evidence))
        .collect();
    let popular = |with_item| Evidence::Popularity { n: 3, with_item };
    let want = [
        (1, 2, 2.0 / 3.0, popular(2)),
        (2, 1, 1.0 / 3.0, popular(1)),
        (3, 0, 0.0, popular(3)),
    ];
    assert_eq!(list, want);
}

#[test]
fn items_beyond_the_limit_are_counted_and_not_suggested() {
    let rows = Rows::baskets(4, &[&[0, 1], &[0, 1], &[0, 2], &[0], &[3]]);
    let model = params()
        .max_items(2)
        .check()
        .unwrap()
        .fit(&rows.history(), 1);
    assert_eq!((model.n_items(), model.n_items_left_out()), (2, 2));
    assert_eq!(model.n_active_customers(), 5);
    let pairs: Vec<_> = model
        .suggest()
        .iter()
        .map(|s| (s.customer, s.item))
        .collect();
    // Customer 4 has bought only an item beyond the limit, so both kept ones are new to them.
    assert_eq!(pairs, [(2, 1), (3, 1), (4, 0), (4, 1)]);
}

#[test]
fn a_short_history_is_ranked_without_probabilities() {
    let rows = three_tastes(60, 50, 6);
    let model = params().check().unwrap().fit(&rows.history(), 50);
    assert_eq!(model.score_kind(), ScoreKind::Affinity);
    let list = model.suggest();
    assert_eq!(list.len(), 600);
    assert!(list.iter().all(|s| (0.0..=1.0).contains(&s.score)));
}

#[test]
fn the_hold_out_test_by_hand() {
    // Before day 10: customer 0 has {0}, 1 has {0, 1}, 2 has {0, 1, 2}, 3 has {3}.
    // From it: 0 first buys 1 and, new to the company, 4; 1 buys 0 again; 3 buys 1, too late.
    let rows = Rows::new(
        4,
        5,
        vec![
            (0, 1, 0, 0),
            (1, 1, 0, 0),
            (1, 1, 0, 1),
            (2, 1, 0, 0),
            (2, 1, 0, 1),
            (2, 1, 0, 2),
            (3, 1, 0, 3),
            (0, 12, 1, 1),
            (0, 12, 1, 4),
            (1, 12, 1, 0),
            (3, 17, 1, 1),
        ],
    );
    let found = params()
        .suggestions(2)
        .horizon_days(7)
        .check()
        .unwrap()
        .evaluate(&rows.history(), 10)
        .unwrap();
    assert_eq!(
        (found.k, found.n_customers, found.n_first_purchases),
        (2, 1, 2)
    );
    // Popularity offers customer 0 first item 1 (two customers), then 2: a hit of 2 purchases.
    let ndcg = 1.0 / (1.0 + 1.0 / 3f64.log2());
    let kinds: Vec<BaselineKind> = found.baselines.iter().map(|b| b.kind).collect();
    assert_eq!(kinds, [BaselineKind::Recent, BaselineKind::Ever]);
    for Baseline { quality, .. } in &found.baselines {
        assert_eq!((quality.hit_rate, quality.recall), (1.0, 0.5));
        assert!((quality.ndcg - ndcg).abs() < 1e-15);
        assert_eq!(found.model, *quality);
    }
    assert_eq!(found.observed_hits, 1);
    assert_eq!(found.score_kind, ScoreKind::Affinity);
}

#[test]
fn the_baselines_are_what_was_popular_lately_a_year_before_and_ever() {
    // Item 0 was bought by most, long ago; item 1 lately; item 2 by few in the weeks a year before.
    // Customer 9 has bought item 3 alone, and buys item 2 next.
    let cut = 400;
    let mut rows: Vec<(usize, i32, u32, u32)> = (0..8).map(|c| (c, 100, 0, 0)).collect();
    rows.extend((0..4).map(|c| (c, 390, 1, 1)));
    rows.extend((4..6).map(|c| (c, 36 + c as i32, 0, 2)));
    rows.extend([(8, 1, 0, 3), (9, 1, 0, 3), (9, 401, 1, 2)]);
    let rows = Rows::new(10, 4, rows);
    let test = |cut| {
        let params = params().suggestions(1).candidates(4).horizon_days(7);
        params
            .check()
            .unwrap()
            .evaluate(&rows.history(), cut)
            .unwrap()
    };
    let hits = |found: &Evaluation| -> Vec<(BaselineKind, f64)> {
        let hit = |b: &Baseline| (b.kind, b.quality.hit_rate);
        found.baselines.iter().map(hit).collect()
    };
    assert_eq!(
        hits(&test(cut)),
        [
            (BaselineKind::YearBefore, 1.0),
            (BaselineKind::Recent, 0.0),
            (BaselineKind::Ever, 0.0)
        ]
    );
    // Of the day on which four buy item 1: nothing is 52 weeks old but item 3, which only two have.
    let found = test(386);
    assert_eq!(found.n_customers, 4);
    assert!(found.baselines.iter().all(|b| b.quality.hit_rate == 0.0));
}

#[test]
fn nothing_is_suggested_that_is_no_longer_sold() {
    // Item 0 is bought daily by all until day 60, item 1 seldom, to the end.
    let mut rows: Vec<(usize, i32, u32, u32)> = (0..60).map(|d| (d as usize, d, 0, 0)).collect();
    rows.extend((0..30).map(|n| (60 + n, 10 * n as i32, 0, 1)));
    rows.push((90, 299, 0, 2));
    let rows = Rows::new(91, 3, rows);
    let suggest = |active: Option<&[Option<bool>]>| {
        let mut history = rows.history();
        if let Some(active) = active {
            history = history.with_active(active).unwrap();
        }
        let model = params().check().unwrap().fit(&history, 300);
        let items: BTreeSet<u32> = model.suggest().iter().map(|s| s.item).collect();
        (items, model.unavailable())
    };
    let gone = Unavailable::Gone {
        last: 59,
        usual_gap: 1,
    };
    assert_eq!(suggest(None), (BTreeSet::from([1, 2]), vec![(0, gone)]));
    let active = [Some(true), Some(false), None];
    let without = vec![(1, Unavailable::Inactive)];
    assert_eq!(suggest(Some(&active)), (BTreeSet::from([0, 2]), without));
}

#[test]
fn a_hold_out_test_without_first_purchases_says_what_would_mend_it() {
    let rows = Rows::baskets(2, &[&[0], &[1]]);
    let error = params()
        .check()
        .unwrap()
        .evaluate(&rows.history(), 5)
        .unwrap_err();
    assert_eq!(
        error,
        EvaluateError::NothingNew {
            cut: 5,
            horizon: 28
        }
    );
    assert!(error.to_string().contains("choose an earlier cut"));
}

#[test]
fn the_seed_hardly_moves_the_suggestions() {
    let rows = three_tastes(200, 150, 7);
    let pairs = |seed| -> BTreeSet<(u32, u32)> {
        let list = suggest(&rows, params().seed(seed), 150);
        list.iter().map(|s| (s.customer, s.item)).collect()
    };
    let (a, b) = (pairs(1), pairs(2));
    let shared = a.intersection(&b).count();
    assert!(shared * 10 >= a.len() * 9, "{shared} of {}", a.len());
}
