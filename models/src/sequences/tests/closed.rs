use super::{published::running_example, *};

/// The running example by post-processing: what is in no longer pattern of the same support.
#[test]
fn the_closed_patterns_of_the_paper() {
    let all = mine(&running_example(), at_least(2));
    let closed = mine(&running_example(), at_least(2).closed(true));
    let expected: Vec<(Vec<Vec<u32>>, u32)> = all
        .iter()
        .filter(|short| {
            !all.iter().any(|long| {
                long.count == short.count && long.n_items() > short.n_items() && short.is_in(&long)
            })
        })
        .map(|sequence| (sequence.to_vec(), sequence.count))
        .collect();
    assert_eq!(listed(&closed), expected);
    assert_eq!(closed.count_of(&[&[1], &[3], &[3]]), Some(3));
    assert_eq!(
        closed.count_of(&[&[2]]),
        None,
        "whoever has b has a before it"
    );
}

/// What is inserted may come before everything, between, behind, or into any element.
#[test]
fn every_place_of_an_insertion_is_seen() {
    for longer in [
        [&[9][..], &[0], &[1], &[]],
        [&[0], &[9], &[1], &[]],
        [&[0], &[1], &[9], &[]],
        [&[0, 9], &[1], &[], &[]],
        [&[0], &[1, 9], &[], &[]],
    ] {
        let histories = daily(&[&longer, &longer, &[&[0], &[8]]], 10);
        let closed = mine(&histories, at_least(2).closed(true));
        assert_eq!(closed.count_of(&[&[0], &[1]]), None, "{longer:?}");
        let longest: Vec<&[u32]> = longer.into_iter().filter(|e| !e.is_empty()).collect();
        assert_eq!(closed.count_of(&longest), Some(2));
        assert_eq!(closed.count_of(&[&[0]]), Some(3));
        assert_eq!(closed.len(), 2);
    }
}

/// Under a longest gap the part may have less support than the whole; it is closed then.
#[test]
fn a_part_with_less_support_is_closed() {
    let near: Customer = vec![(0, vec![0]), (1, vec![2])];
    let bridged: Customer = vec![(0, vec![0]), (5, vec![1]), (10, vec![2])];
    let histories = histories_of(&[near, bridged.clone(), bridged], 3);
    let closed = mine(&histories, at_least(1).max_gap(5).closed(true));
    assert_eq!(closed.count_of(&[&[0], &[1], &[2]]), Some(2));
    assert_eq!(closed.count_of(&[&[0], &[2]]), Some(1));
    assert_eq!(closed.count_of(&[&[0], &[1]]), None);
}
