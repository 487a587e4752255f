//! Whom to choose when there is room for some: the best of those who fit under a total and under
//! limits of groups.
//!
//! [`choose`] is exact, where groups are disjoint; [`choose_together`] is for limits that overlap, and
//! says how much it may have lost.

mod prices;
mod together;

use std::cmp::Ordering;

pub use together::{Conflict, Limit, Lists, Together, choose_together};

/// The candidates that bring most in all, best first, ties by their number.
///
/// - `profits`: what each candidate brings, finite; those at or below 0 are not chosen.
/// - `groups`: the group of each, none for those who are under no limit but the total.
/// - `limits`: by group, how many of it may be chosen.
/// - `most`: how many may be chosen in all.
///
/// Taking the best that still fits is optimal here, not a heuristic. Groups are disjoint and each
/// choice takes one place, so the limits of the groups and the one of all are a laminar family:
/// what fits is the independent sets of a laminar matroid, over which greedy maximises any sum of
/// weights (Edmonds 1971, "Matroids and the greedy algorithm"). With costs that differ between
/// candidates, or groups that overlap, it would not be.
///
/// # Panics
/// Where `groups` is shorter than `profits`, or names a group without a limit.
pub fn choose(
    profits: &[f64],
    groups: &[Option<usize>],
    limits: &[usize],
    most: usize,
) -> Vec<usize> {
    let mut order: Vec<usize> = (0..profits.len())
        .filter(|&candidate| profits[candidate] > 0.0)
        .collect();
    order.sort_by(|&a, &b| {
        let by_profit = profits[b].partial_cmp(&profits[a]);
        by_profit.unwrap_or(Ordering::Equal).then(a.cmp(&b))
    });
    let mut left = limits.to_vec();
    let mut chosen = Vec::new();
    for candidate in order {
        if chosen.len() == most {
            break;
        }
        match groups[candidate] {
            Some(group) if left[group] == 0 => continue,
            Some(group) => left[group] -= 1,
            None => {}
        }
        chosen.push(candidate);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_full_group_makes_room_for_the_next_best_of_others() {
        let profits = [5.0, 9.0, 7.0, 7.0, -1.0, 6.0, 0.0];
        let groups = [None, Some(0), Some(0), Some(0), None, Some(1), None];
        assert_eq!(choose(&profits, &groups, &[2, 1], 3), [1, 2, 5]);
        assert_eq!(choose(&profits, &groups, &[2, 0], 9), [1, 2, 0]);
        assert_eq!(choose(&profits, &groups, &[9, 9], 0), Vec::<usize>::new());
    }

    proptest! {
        #[test]
        fn no_other_choice_brings_more(
            rows in prop::collection::vec((-3_i8..20, 0_usize..4), 0..11),
            limits in prop::collection::vec(0_usize..4, 3),
            most in 0_usize..8,
        ) {
            let profits: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
            let groups: Vec<_> = rows.iter().map(|row| (row.1 < 3).then_some(row.1)).collect();
            let fits = |set: u32| {
                let members = || (0..rows.len()).filter(move |row| set >> row & 1 == 1);
                let of = |group| members().filter(|&row| groups[row] == Some(group)).count();
                members().count() <= most && (0..3).all(|group| of(group) <= limits[group])
            };
            let worth = |set: u32| -> f64 {
                (0..rows.len()).filter(|row| set >> row & 1 == 1).map(|row| profits[row]).sum()
            };
            let best = (0..1_u32 << rows.len()).filter(|&set| fits(set)).map(worth).fold(0.0, f64::max);
            let chosen = choose(&profits, &groups, &limits, most);
            let set = chosen.iter().fold(0, |set, row| set | 1 << row);
            prop_assert!(fits(set));
            prop_assert_eq!(worth(set), best);
        }
    }
}
