//! Closed, maximal and top itemsets, streams, spectra, constraints and limits against brute force.

use std::{collections::BTreeMap, ops::ControlFlow, time::Duration};

use super::*;

type Sets = BTreeMap<Vec<u32>, u32>;

/// Every frequent itemset, by going through the items one after the other. Not fast, and nothing
/// like the code it is held against.
fn every_frequent(lists: &[Vec<u32>], min_count: u32) -> Sets {
    fn go_on(
        set: &mut Vec<u32>,
        holders: &[&Vec<bool>],
        from: usize,
        min_count: u32,
        all: &mut Sets,
    ) {
        for item in from..holders.first().map_or(0, |holder| holder.len()) {
            let with: Vec<&Vec<bool>> = holders
                .iter()
                .copied()
                .filter(|holder| holder[item])
                .collect();
            if with.len() as u32 >= min_count {
                set.push(item as u32);
                all.insert(set.clone(), with.len() as u32);
                go_on(set, &with, item + 1, min_count, all);
                set.pop();
            }
        }
    }
    let n_items = lists.iter().flatten().max().map_or(0, |&item| item + 1);
    let holds: Vec<Vec<bool>> = lists
        .iter()
        .map(|list| (0..n_items).map(|item| list.contains(&item)).collect())
        .collect();
    let mut all = Sets::new();
    let holders: Vec<&Vec<bool>> = holds.iter().collect();
    go_on(&mut Vec::new(), &holders, 0, min_count, &mut all);
    all
}

fn is_part(part: &[u32], whole: &[u32]) -> bool {
    part.iter().all(|item| whole.contains(item))
}

/// Those of a kind, by looking at all sets with one item more.
fn of_kind(all: &Sets, kind: Kind) -> Sets {
    let items: Vec<u32> = all
        .keys()
        .filter(|set| set.len() == 1)
        .map(|set| set[0])
        .collect();
    let keeps = |set: &Vec<u32>, count: u32| {
        !items
            .iter()
            .filter(|item| !set.contains(item))
            .any(|&item| {
                let mut more = set.clone();
                more.push(item);
                more.sort_unstable();
                match (kind, all.get(&more)) {
                    (Kind::All, _) | (_, None) => false,
                    (Kind::Closed, Some(&of_more)) => of_more == count,
                    (Kind::Maximal, Some(_)) => true,
                }
            })
    };
    let kept = all.iter().filter(|(set, count)| keeps(set, **count));
    kept.map(|(set, &count)| (set.clone(), count)).collect()
}

fn by_length(sets: impl IntoIterator<Item = (Vec<u32>, u32)>) -> Vec<(Vec<u32>, u32)> {
    let mut sets: Vec<_> = sets.into_iter().collect();
    sets.sort_by(|(a, _), (b, _)| a.len().cmp(&b.len()).then(a.cmp(b)));
    sets
}

fn listed<'a>(sets: impl Iterator<Item = Itemset<'a>>) -> Vec<(Vec<u32>, u32)> {
    sets.map(|set| (set.items.to_vec(), set.count)).collect()
}

fn lists_of(masks: &[u32]) -> Vec<Vec<u32>> {
    masks.iter().map(|&mask| items_of(mask)).collect()
}

fn baskets_from(lists: &[Vec<u32>], n_items: usize) -> Baskets {
    let lists: Vec<&[u32]> = lists.iter().map(|list| &list[..]).collect();
    baskets_of(&lists, n_items)
}

fn checked(params: &ItemsetParams) -> ItemsetValidParams {
    params.clone().check().unwrap()
}

/// What a stream passes on, in order.
fn streamed(params: &ItemsetValidParams, baskets: &Baskets, kind: Kind) -> Vec<(Vec<u32>, u32)> {
    struct Keep(Vec<(Vec<u32>, u32)>);
    impl Visitor for Keep {
        fn visit(&mut self, items: &[u32], count: u32) -> ControlFlow<()> {
            self.0.push((items.to_vec(), count));
            ControlFlow::Continue(())
        }
    }
    let kept = params.stream(baskets, kind, || Keep(Vec::new())).unwrap();
    by_length(kept.into_iter().flat_map(|keep| keep.0))
}

fn lengths_of(sets: &[(Vec<u32>, u32)]) -> Vec<u64> {
    let mut lengths = Vec::new();
    for (set, _) in sets {
        lengths.resize(lengths.len().max(set.len() + 1), 0);
        lengths[set.len()] += 1;
    }
    lengths
}

/// Random constraints on random baskets: every kind as list, stream and spectrum.
#[test]
fn brute_force_finds_the_same_of_every_kind_under_all_constraints() {
    let mut random = random_source(11);
    let mut below = |n: u64| random.next_u64() % n;
    let mut source = random_source(12);
    for case in 0..2500 {
        let n_items = 1 + below(11) as u32;
        let masks = random_masks(&mut source, n_items);
        let min_count = 1 + below(8) as u32;
        let min_len = 1 + below(3) as usize;
        let max_len = match below(2) {
            0 => usize::MAX,
            _ => min_len + below(4) as usize,
        };
        let mut some = |chance| -> Vec<u32> {
            let n = match below(chance) {
                0 => 1 + below(3),
                _ => 0,
            };
            (0..n).map(|_| below(u64::from(n_items)) as u32).collect()
        };
        let (forbidden, targets, mut required) = (some(3), some(3), some(4));
        required.retain(|item| !forbidden.contains(item));
        let mut lists = lists_of(&masks);
        let baskets = baskets_from(&lists, n_items as usize);
        for list in &mut lists {
            list.retain(|item| !forbidden.contains(item));
        }
        let all = every_frequent(&lists, min_count);
        let is_listed = |set: &[u32]| {
            (min_len..=max_len).contains(&set.len())
                && is_part(&required, set)
                && (targets.is_empty() || targets.iter().any(|item| set.contains(item)))
        };
        let params = checked(
            &ItemsetParams::new(MinSupport::Count(min_count))
                .min_len(min_len)
                .max_len(max_len)
                .required(required.clone())
                .forbidden(forbidden.clone())
                .targets(targets.clone()),
        );
        let context = format!(
            "case {case}: {masks:?} from {min_count}, required {required:?}, forbidden \
             {forbidden:?}, targets {targets:?}, {min_len} to {max_len}"
        );
        for kind in [Kind::All, Kind::Closed, Kind::Maximal] {
            let expected = of_kind(&all, kind).into_iter();
            let expected = by_length(expected.filter(|(set, _)| is_listed(set)));
            let list = params.list(&baskets, kind).unwrap();
            assert_eq!(listed(list.iter()), expected, "{kind:?}, {context}");
            assert_eq!(
                streamed(&params, &baskets, kind),
                expected,
                "{kind:?}, {context}"
            );
            let spectrum = params.spectrum(&baskets, kind).unwrap();
            assert_eq!(spectrum, lengths_of(&expected), "{kind:?}, {context}");
            if kind == Kind::All {
                let itemsets = params.fit(&baskets).unwrap();
                assert_eq!(listed(itemsets.iter()), expected, "{context}");
                assert_eq!(itemsets.len(), expected.len(), "{context}");
                for (set, _) in &expected {
                    for mask in 1_u32..1 << set.len() {
                        let chosen = (0..set.len()).filter(|k| mask >> k & 1 == 1);
                        let part: Vec<u32> = chosen.map(|k| set[k]).collect();
                        assert_eq!(itemsets.count_of(&part), Some(all[&part]), "{context}");
                    }
                }
                // Rules can be made of whatever is kept.
                make_rules(&itemsets, every_rule());
            }
        }
        let k = 1 + below(40) as usize;
        let mut expected: Vec<_> = all.into_iter().filter(|(set, _)| is_listed(set)).collect();
        expected.sort_by_key(|(set, count)| (u32::MAX - count, set.len(), set.clone()));
        expected.truncate(k);
        let top = params.top_k(&baskets, k).unwrap();
        assert_eq!(listed(top.iter()), expected, "top {k}, {context}");
    }
}

/// Baskets of more than 64 frequent items, some of them nearly always together: lists, masks and
/// tables all have to take part.
fn wide_baskets(seed: u64) -> (Vec<Vec<u32>>, Baskets) {
    let mut random = random_source(seed);
    let mut below = |n: u64| random.next_u64() % n;
    let n_items = 80 + below(40);
    let lists: Vec<Vec<u32>> = (0..220)
        .map(|_| {
            let mut list: Vec<u32> = (0..5 + below(40)).map(|_| below(n_items) as u32).collect();
            let first = 8 * below(5) as u32;
            if below(3) > 0 {
                list.extend((first..first + 7 + below(3) as u32).filter(|_| below(12) > 0));
            }
            list.sort_unstable();
            list.dedup();
            list
        })
        .collect();
    let baskets = baskets_from(&lists, 200);
    (lists, baskets)
}

#[test]
fn wide_baskets_have_the_same_itemsets_of_every_kind_on_any_number_of_threads() {
    for seed in 0..8 {
        let (lists, baskets) = wide_baskets(seed);
        let min_count = 9 + (seed % 4) as u32;
        let all = every_frequent(&lists, min_count);
        let params = checked(&ItemsetParams::new(MinSupport::Count(min_count)));
        let fitted = on_one_and_two_threads(|| params.fit(&baskets).unwrap());
        assert_eq!(
            listed(fitted[0].iter()),
            by_length(all.clone()),
            "seed {seed}"
        );
        assert_eq!(fitted[0], fitted[1]);
        let closed = of_kind(&all, Kind::Closed);
        let maximal = of_kind(&all, Kind::Maximal);
        for (kind, expected) in [
            (Kind::All, all),
            (Kind::Closed, closed),
            (Kind::Maximal, maximal),
        ] {
            let expected = by_length(expected);
            let found = on_one_and_two_threads(|| {
                (
                    params.list(&baskets, kind).unwrap(),
                    streamed(&params, &baskets, kind),
                    params.spectrum(&baskets, kind).unwrap(),
                )
            });
            assert_eq!(found[0], found[1], "seed {seed}, {kind:?}");
            let [(list, stream, spectrum), _] = found;
            assert_eq!(listed(list.iter()), expected, "seed {seed}, {kind:?}");
            assert_eq!(stream, expected, "seed {seed}, {kind:?}");
            assert_eq!(spectrum, lengths_of(&expected), "seed {seed}, {kind:?}");
        }
    }
}

/// Numbers of itemsets by kind, length and count, of pyfim 6.28; the fixture's script says how they
/// were made.
#[test]
fn borgelts_fpgrowth_finds_as_many_closed_and_maximal_itemsets_of_each_length_and_count() {
    let text = include_str!("../../../tests/fixtures/complete_journey_spectra.txt");
    let baskets = complete_journey();
    let params = checked(&ItemsetParams::new(MinSupport::Count(25)));
    for (letter, kind) in [("s", Kind::All), ("c", Kind::Closed), ("m", Kind::Maximal)] {
        let expected: BTreeMap<(usize, u32), u32> = text
            .lines()
            .filter_map(|line| line.strip_prefix(letter))
            .map(|line| {
                let numbers: Vec<u32> = line
                    .split_whitespace()
                    .map(|number| number.parse().unwrap())
                    .collect();
                ((numbers[0] as usize, numbers[1]), numbers[2])
            })
            .collect();
        let mut found = BTreeMap::new();
        for set in params.list(&baskets, kind).unwrap().iter() {
            *found.entry((set.items.len(), set.count)).or_default() += 1;
        }
        assert_eq!(found, expected, "{kind:?}");
    }
}

#[test]
fn the_support_is_raised_to_the_lowest_that_keeps_the_limits() {
    let mut random = random_source(21);
    for case in 0..400 {
        let n_items = 2 + (random.next_u64() % 9) as u32;
        let masks = random_masks(&mut random, n_items);
        let baskets = baskets_of_masks(&masks, n_items);
        let all = every_frequent(&lists_of(&masks), 1);
        let limit = 1 + (random.next_u64() % 60) as usize;
        let params = ItemsetParams::new(MinSupport::Count(1))
            .max_itemsets(limit)
            .on_limit(OnLimit::RaiseSupport);
        let params = checked(&params);
        let fits = |min: &u32| all.values().filter(|&count| count >= min).count() <= limit;
        let lowest = (1..).find(fits).unwrap();
        let [one, two] = on_one_and_two_threads(|| params.fit(&baskets).unwrap());
        assert_eq!(one, two, "case {case}");
        assert_eq!(one.min_count(), lowest, "case {case}");
        assert_eq!(one.asked_count(), 1);
        let expected = all
            .clone()
            .into_iter()
            .filter(|(_, count)| *count >= lowest);
        assert_eq!(listed(one.iter()), by_length(expected), "case {case}");
        for kind in [Kind::Closed, Kind::Maximal] {
            let list = params.list(&baskets, kind).unwrap();
            assert!(list.len() <= limit);
            let lists = lists_of(&masks);
            let expected = of_kind(&every_frequent(&lists, list.min_count()), kind);
            assert_eq!(
                listed(list.iter()),
                by_length(expected),
                "case {case}, {kind:?}"
            );
        }
    }
}

#[test]
fn a_limit_on_memory_raises_the_support_or_is_an_error() {
    let baskets = complete_journey();
    let params = ItemsetParams::new(MinSupport::Count(20)).max_memory(1_000_000);
    assert_eq!(
        checked(&params).fit(&baskets).unwrap_err().to_string(),
        "the itemsets in at least 20 baskets take more than 1000000 bytes; raise the minimum \
         support, or set a lower max_len, or raise max_memory"
    );
    let params = checked(&params.on_limit(OnLimit::RaiseSupport));
    let [one, two] = on_one_and_two_threads(|| params.fit(&baskets).unwrap());
    assert_eq!(one, two);
    let bytes = |sets: &Itemsets| {
        sets.iter()
            .map(|set| 8 * set.items.len() + 28)
            .sum::<usize>()
    };
    assert!(bytes(&one) <= 1_000_000);
    assert!(bytes(&mine(&baskets, one.min_count() - 1)) > 1_000_000);
    assert_eq!(
        one.iter().collect::<Vec<_>>(),
        mine(&baskets, one.min_count()).iter().collect::<Vec<_>>()
    );
}

#[test]
fn a_limit_on_time_gives_what_some_higher_support_gives() {
    let baskets = complete_journey();
    let params = ItemsetParams::new(MinSupport::Count(20));
    let at_once = checked(&params.clone().max_time(Duration::ZERO));
    let itemsets = at_once.fit(&baskets).unwrap();
    assert!(itemsets.min_count() > 20);
    assert_eq!(itemsets.asked_count(), 20);
    let same = mine(&baskets, itemsets.min_count());
    assert_eq!(listed(itemsets.iter()), listed(same.iter()));
    let plenty = checked(&params.max_time(Duration::from_secs(3600)));
    let itemsets = plenty.fit(&baskets).unwrap();
    assert_eq!(listed(itemsets.iter()), listed(mine(&baskets, 20).iter()));
}

#[test]
fn forty_items_that_always_go_together_are_one_closed_set_and_a_number() {
    let path: Vec<u32> = (0..40).collect();
    let baskets = baskets_of(&[&path, &path, &path], 40);
    let params = checked(&ItemsetParams::new(MinSupport::Count(2)));
    for kind in [Kind::Closed, Kind::Maximal] {
        let list = params.list(&baskets, kind).unwrap();
        assert_eq!(listed(list.iter()), [(path.clone(), 3)]);
    }
    let spectrum = params.spectrum(&baskets, Kind::All).unwrap();
    assert_eq!(spectrum.iter().sum::<u64>(), (1 << 40) - 1);
    assert_eq!((spectrum[1], spectrum[2], spectrum[40]), (40, 780, 1));
    let short = checked(&ItemsetParams::new(MinSupport::Count(2)).max_len(3));
    assert_eq!(
        short.spectrum(&baskets, Kind::All).unwrap(),
        [0, 40, 780, 9880]
    );
    // All have the same count, so the shortest and first are the top.
    let top = listed(params.top_k(&baskets, 42).unwrap().iter());
    assert_eq!(top.len(), 42);
    assert_eq!(top[39..], [(vec![39], 3), (vec![0, 1], 3), (vec![0, 2], 3)]);
    let estimate = params.estimate(&baskets, 1).unwrap();
    assert_eq!(estimate.itemsets, ((1_u64 << 40) - 1) as f64);
}

#[test]
fn what_is_beyond_64_bits_stays_at_the_highest_number() {
    let path: Vec<u32> = (0..200).collect();
    let baskets = baskets_of(&[&path], 200);
    let params = checked(&ItemsetParams::new(MinSupport::Count(1)));
    let spectrum = params.spectrum(&baskets, Kind::All).unwrap();
    assert_eq!(
        (spectrum[2], spectrum[100], spectrum[200]),
        (19_900, u64::MAX, 1)
    );
    let estimate = params.estimate(&baskets, 1).unwrap();
    assert!(estimate.itemsets > 1e19 && estimate.itemsets.is_finite());
}

#[test]
fn a_stream_ends_when_its_visitor_says_so() {
    let baskets = complete_journey();
    let params = checked(&ItemsetParams::new(MinSupport::Count(20)).min_len(2));
    let numbers = params.stream(&baskets, Kind::All, || {
        let mut seen = 0;
        move |_: &[u32], _: u32| {
            seen += 1;
            assert!(seen <= 10, "no more after the end");
            if seen == 10 {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        }
    });
    assert!(!numbers.unwrap().is_empty());
}

#[test]
fn nothing_frequent_gives_nothing_of_any_kind() {
    for lists in [vec![], vec![vec![]], vec![vec![0], vec![1, 2]]] {
        let baskets = baskets_from(&lists, 3);
        let params = checked(&ItemsetParams::new(MinSupport::Count(2)));
        for kind in [Kind::All, Kind::Closed, Kind::Maximal] {
            assert!(params.list(&baskets, kind).unwrap().is_empty());
            assert!(params.spectrum(&baskets, kind).unwrap().is_empty());
            assert!(streamed(&params, &baskets, kind).is_empty());
        }
        assert!(params.top_k(&baskets, 5).unwrap().is_empty());
        assert_eq!(params.estimate(&baskets, 1).unwrap().itemsets, 0.0);
    }
}

#[test]
fn a_giant_basket_beside_small_ones_has_closed_sets_and_a_top() {
    let giant: Vec<u32> = (0..5000).collect();
    let baskets = baskets_of(&[&giant, &[17, 4711], &[17, 4711, 4999], &[4999]], 5000);
    let params = checked(&ItemsetParams::new(MinSupport::Count(1)));
    let closed = [
        (vec![4999], 3),
        (vec![17, 4711], 3),
        (vec![17, 4711, 4999], 2),
        (giant.clone(), 1),
    ];
    assert_eq!(
        listed(params.list(&baskets, Kind::Closed).unwrap().iter()),
        closed
    );
    assert_eq!(
        listed(params.list(&baskets, Kind::Maximal).unwrap().iter()),
        [(giant, 1)]
    );
    let top = params.top_k(&baskets, 5).unwrap();
    assert_eq!(
        listed(top.iter()),
        [
            (vec![17], 3),
            (vec![4711], 3),
            (vec![4999], 3),
            (vec![17, 4711], 3),
            (vec![17, 4999], 2),
        ]
    );
}

#[test]
fn an_estimate_is_exact_where_all_can_be_read_and_within_a_factor_of_two_elsewhere() {
    let small = complete_journey();
    let params = checked(&ItemsetParams::new(MinSupport::Count(50)));
    let estimate = params.estimate(&small, 3).unwrap();
    assert_eq!(estimate.itemsets, params.fit(&small).unwrap().len() as f64);
    assert_eq!(estimate.relative_error, 0.0);
    // Dense rows of 30 out of 60 items in clumps: too much to read.
    let mut random = random_source(31);
    let lists: Vec<Vec<u32>> = (0..3000)
        .map(|_| {
            let clumps = random.next_u64();
            let noise = random.next_u64() & random.next_u64() & random.next_u64();
            let holds = |item: u32| (clumps >> (item / 6) & 1) ^ (noise >> item & 1) == 1;
            (0..60).filter(|&item| holds(item)).collect()
        })
        .collect();
    let dense = baskets_from(&lists, 60);
    for min_count in [300, 450] {
        let params = checked(&ItemsetParams::new(MinSupport::Count(min_count)));
        let exact: u64 = params.spectrum(&dense, Kind::All).unwrap().iter().sum();
        for seed in 0..3 {
            let [one, two] = on_one_and_two_threads(|| params.estimate(&dense, seed).unwrap());
            assert_eq!(one.of_length, two.of_length);
            let ratio = one.itemsets / exact as f64;
            assert!(
                (0.5..2.0).contains(&ratio),
                "{ratio} at {min_count}, {one:?}"
            );
        }
    }
}

#[track_caller]
fn refused(params: ItemsetParams, message: &str) {
    let baskets = baskets_of(&[&[0, 1]], 2);
    let error = match params.check() {
        Ok(params) => params.fit(&baskets).unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(error.to_string(), message);
}

#[test]
fn constraints_name_items_that_there_are() {
    let params = ItemsetParams::new(MinSupport::Count(1));
    refused(
        params.clone().required([0, 2]),
        "the required item 2 is unknown: items are numbered from 0 and there are 2",
    );
    refused(
        params.clone().forbidden([7]),
        "the forbidden item 7 is unknown: items are numbered from 0 and there are 2",
    );
    refused(
        params.clone().targets([9]),
        "the target item 9 is unknown: items are numbered from 0 and there are 2",
    );
    refused(
        params.clone().required([1]).forbidden([1, 0]),
        "item 1 is required and forbidden; choose one of them",
    );
    refused(
        params.max_memory(10),
        "max_memory = 10 bytes; choose at least 1,000,000",
    );
}
