//! Groups that are too small to be told of people: they become one.

use crate::text::count;

/// Groups of fewer customers than this are merged, and their money is not shown.
pub const LEAST: u64 = 10;
/// What the merged ones are called.
pub const OTHERS: &str = mark!("others");

/// A group of customers.
pub trait Group: Sized {
    /// How many there are.
    fn customers(&self) -> u64;
    /// Is called [`OTHERS`] from now on.
    fn lose_name(&mut self);
    /// Takes another one in.
    fn take_in(&mut self, other: Self);
}

/// The groups in their order, with those that are too small merged into a last one. Where these are
/// few even together, the next larger group joins them, so that nobody can take the others off.
pub fn merged<G: Group>(groups: Vec<G>) -> Vec<G> {
    let mut by_size: Vec<usize> = (0..groups.len()).collect();
    by_size.sort_by_key(|place| groups[*place].customers());
    let (mut small, mut people) = (vec![false; groups.len()], 0);
    for place in by_size {
        let size = groups[place].customers();
        if size >= LEAST && (people == 0 || people >= LEAST) {
            break;
        }
        small[place] = true;
        people += size;
    }
    let mut kept = Vec::new();
    let mut others: Option<G> = None;
    for (group, small) in groups.into_iter().zip(small) {
        match (small, &mut others) {
            (false, _) => kept.push(group),
            (true, Some(others)) => others.take_in(group),
            (true, None) => {
                let mut group = group;
                group.lose_name();
                others = Some(group);
            }
        }
    }
    kept.extend(others);
    kept
}

/// How many of so many groups are told: one that is merged alone is still told by its size.
pub fn words(customers: u64) -> String {
    match customers < LEAST {
        true => tr!("fewer than {n}", n = LEAST),
        false => count(customers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Named(&'static str, u64);

    impl Group for Named {
        fn customers(&self) -> u64 {
            self.1
        }

        fn lose_name(&mut self) {
            self.0 = OTHERS;
        }

        fn take_in(&mut self, other: Self) {
            self.1 += other.1;
        }
    }

    #[test]
    fn small_groups_become_one_that_is_large_enough() {
        let groups = vec![Named("a", 50), Named("b", 4), Named("c", 20), Named("d", 7)];
        assert_eq!(
            merged(groups),
            [Named("a", 50), Named("c", 20), Named(OTHERS, 11)]
        );
        // Four people alone could be told by taking the others from all: the next group joins them.
        let groups = vec![Named("a", 50), Named("b", 4), Named("c", 20)];
        assert_eq!(merged(groups), [Named("a", 50), Named(OTHERS, 24)]);
        let large = vec![Named("a", 10), Named("b", 11)];
        assert_eq!(merged(large.clone()), large);
        assert_eq!(merged(vec![Named("a", 3)]), [Named(OTHERS, 3)]);
    }
}
