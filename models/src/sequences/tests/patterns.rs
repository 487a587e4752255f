use super::*;

fn big(seed: u64) -> Histories {
    let mut random = Random::new(seed);
    let (mut customers, mut days, mut items) = (Vec::new(), Vec::new(), Vec::new());
    for c in 0..400 {
        for _ in 0..30 {
            customers.push(c);
            days.push(random.below(200) as i32);
            // Some items are more frequent than others.
            items.push(random.below(30).min(random.below(30)));
        }
    }
    Histories::from_columns(&customers, &days, &items, 400, 30).unwrap()
}

#[test]
fn one_and_two_threads_find_the_same_in_the_same_order() {
    let histories = big(1);
    for params in [
        at_least(40),
        at_least(30).max_gap(40),
        at_least(60).closed(true),
        at_least(30).max_span(60).closed(true),
    ] {
        let params = params.check().unwrap();
        let [one, two] = on_one_and_two_threads(|| params.fit(&histories).unwrap());
        assert!(one.len() > 500, "only {} patterns", one.len());
        assert_eq!(one, two);
    }
}

/// A window that is wider than any history is none: both ways of searching find the same.
#[test]
fn a_window_that_holds_everything_changes_nothing() {
    let histories = big(2);
    for closed in [false, true] {
        let params = at_least(50).min_gap(2).closed(closed);
        let free = mine(&histories, params.clone());
        assert!(free.len() > 500, "only {} patterns", free.len());
        for wide in [
            params.clone().max_gap(u32::MAX),
            params.clone().max_span(1000),
            params.max_gap(1000).max_span(u32::MAX),
        ] {
            assert_eq!(listed(&mine(&histories, wide)), listed(&free));
        }
    }
}

#[test]
fn closed_patterns_say_all_that_the_others_say() {
    let histories = big(3);
    let all = mine(&histories, at_least(60));
    let closed = mine(&histories, at_least(60).closed(true));
    assert!(closed.len() <= all.len());
    for sequence in all.iter().step_by(7) {
        let largest = closed
            .iter()
            .filter(|other| sequence.is_in(other))
            .map(|other| other.count);
        assert_eq!(largest.max(), Some(sequence.count));
    }
}

/// b is the bridge: from a to c it is too far.
#[test]
fn a_longest_gap_may_be_bridged() {
    let customer: Customer = vec![(0, vec![0]), (5, vec![1]), (10, vec![2])];
    let found = mine(&histories_of(&[customer], 3), at_least(1).max_gap(5));
    assert_eq!(found.count_of(&[&[0], &[1], &[2]]), Some(1));
    assert_eq!(found.count_of(&[&[0], &[2]]), None);
}

/// The first a is too far from b, the second is not.
#[test]
fn a_later_match_of_the_prefix_counts() {
    let customer: Customer = vec![(0, vec![0]), (20, vec![0]), (23, vec![1])];
    let histories = histories_of(&[customer], 2);
    for params in [at_least(1).max_gap(5), at_least(1).max_span(5)] {
        assert_eq!(mine(&histories, params).count_of(&[&[0], &[1]]), Some(1));
    }
}

#[test]
fn baskets_of_one_day_follow_each_other_unless_a_gap_is_asked() {
    let customer: Customer = vec![(7, vec![0]), (7, vec![1])];
    let histories = histories_of(&[customer], 2);
    let found = mine(&histories, at_least(1).max_gap(0));
    assert_eq!(found.count_of(&[&[0], &[1]]), Some(1));
    assert_eq!(found.count_of(&[&[1], &[0]]), None, "in the order given");
    assert_eq!(found.count_of(&[&[0, 1]]), None, "two elements");
    assert_eq!(mine(&histories, at_least(1).min_gap(1)).len(), 2);
    // As lines they are one basket.
    let merged = Histories::from_columns(&[0, 0], &[7, 7], &[0, 1], 1, 2).unwrap();
    let found = mine(&merged, at_least(1));
    assert_eq!(found.count_of(&[&[0, 1]]), Some(1));
    assert_eq!(found.len(), 3);
}

#[test]
fn an_item_in_every_basket_follows_itself() {
    let histories = daily(&[&[&[0, 1], &[0], &[0]], &[&[0], &[0, 1]]], 2);
    let found = mine(&histories, at_least(2));
    assert_eq!(
        listed(&found),
        [
            (vec![vec![0]], 2),
            (vec![vec![1]], 2),
            (vec![vec![0], vec![0]], 2),
            (vec![vec![0, 1]], 2),
        ]
    );
}

#[test]
fn a_customer_counts_once_however_often_a_pattern_occurs() {
    let histories = daily(&[&[&[0], &[1], &[0], &[1], &[0], &[1]], &[&[1]]], 2);
    let found = mine(&histories, at_least(1).max_items(2));
    assert_eq!(found.count_of(&[&[0], &[1]]), Some(1));
    assert_eq!(found.count_of(&[&[1]]), Some(2));
    assert_eq!((found.n_customers(), found.min_count()), (2, 1));
}

#[test]
fn a_giant_basket_is_mined_up_to_the_length_asked_for() {
    let giant: Vec<u32> = (0..5000).collect();
    let histories = daily(
        &[
            &[&[17], &giant, &[4711]],
            &[&[17], &[4711]],
            &[&[17, 4711, 4999]],
        ],
        5000,
    );
    let found = mine(&histories, at_least(2));
    assert_eq!(
        listed(&found),
        [
            (vec![vec![17]], 3),
            (vec![vec![4711]], 3),
            (vec![vec![4999]], 2),
            (vec![vec![17], vec![4711]], 2),
            (vec![vec![17, 4711]], 2),
            (vec![vec![17, 4999]], 2),
            (vec![vec![4711, 4999]], 2),
            (vec![vec![17, 4711, 4999]], 2),
        ]
    );
    let singles = mine(&histories, at_least(1).max_items(1));
    assert_eq!(singles.len(), 5000);
    let limited = at_least(1).max_patterns(1_000_000).check().unwrap();
    assert!(limited.fit(&histories).is_err());
}

#[test]
fn a_pattern_may_be_as_long_as_a_basket_is_wide() {
    let wide: Vec<u32> = (0..2000).collect();
    let histories = daily(&[&[&[17], &wide, &[1711]], &[&[17], &[1711]]], 2000);
    let closed = mine(&histories, at_least(1).closed(true));
    assert_eq!(
        listed(&closed),
        [
            (vec![vec![17], vec![1711]], 2),
            (vec![vec![17], wide, vec![1711]], 1),
        ]
    );
}

#[test]
fn nobody_and_nothing_frequent_give_no_patterns() {
    for histories in [
        daily(&[], 0),
        daily(&[], 3),
        daily(&[&[]], 3),
        daily(&[&[&[]], &[]], 3),
        daily(&[&[&[0], &[1]], &[&[2]]], 3),
    ] {
        for params in [
            at_least(2),
            at_least(2).closed(true),
            at_least(2).max_gap(3),
        ] {
            let found = mine(&histories, params);
            assert!(found.is_empty());
            assert_eq!(found.iter().count(), 0);
            assert_eq!(found.count_of(&[&[0]]), None);
            let rules = SequenceRuleParams::new().check().unwrap();
            assert!(rules.fit(&found, &histories).as_slice().is_empty());
        }
        let share = SequenceParams::new(MinSupport::Share(0.9));
        assert!(mine(&histories, share).is_empty());
    }
}

#[test]
fn one_customer_and_customers_without_baskets() {
    let histories = daily(&[&[], &[&[1], &[0]], &[]], 2);
    let found = mine(
        &histories,
        SequenceParams::new(MinSupport::Share(1.0 / 3.0)),
    );
    assert_eq!(
        listed(&found),
        [
            (vec![vec![0]], 1),
            (vec![vec![1]], 1),
            (vec![vec![1], vec![0]], 1)
        ]
    );
    let half = SequenceParams::new(MinSupport::Share(0.5));
    assert!(mine(&histories, half).is_empty(), "two of three");
}

#[test]
fn days_as_far_apart_as_can_be() {
    let customer: Customer = vec![(i32::MIN, vec![0]), (i32::MAX, vec![1])];
    let histories = histories_of(&[customer], 2);
    assert_eq!(mine(&histories, at_least(1).min_gap(u32::MAX)).len(), 3);
    assert_eq!(mine(&histories, at_least(1).max_gap(u32::MAX - 1)).len(), 2);
}

#[test]
fn more_patterns_than_allowed_are_an_error_on_any_number_of_threads() {
    let long: Vec<Vec<u32>> = (0..40).map(|item| vec![item]).collect();
    let long: Vec<&[u32]> = long.iter().map(|basket| &basket[..]).collect();
    let histories = daily(&[&long, &long], 40);
    let limited = at_least(2).max_patterns(100_000).check().unwrap();
    for result in on_one_and_two_threads(|| limited.fit(&histories)) {
        assert_eq!(
            result.unwrap_err().to_string(),
            "more than 100000 sequences are in the histories of at least 2 customers; raise the \
             minimum support, or set a lower max_items, max_elements, max_gap or max_span, or \
             raise max_patterns if memory allows"
        );
    }
    // The limit itself is allowed: 40 items and 780 pairs.
    let pairs = at_least(2).max_items(2);
    assert_eq!(mine(&histories, pairs.clone().max_patterns(820)).len(), 820);
    let one_less = pairs.max_patterns(819).check().unwrap();
    assert!(one_less.fit(&histories).is_err());
    // What is closed is one.
    assert_eq!(mine(&histories, at_least(2).closed(true)).len(), 1);
}
