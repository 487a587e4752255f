//! Comparing baskets of like size.
//!
//! A large basket holds more of everything, so any two items are together more often than their
//! numbers of baskets say. Baskets are sorted into groups by size; within a group, [`Together`]
//! takes the places of the baskets into account. On made-up baskets of very different sizes, whose
//! items have nothing to do with each other, 1,500 of 1,770 pairs have a lift above 1.3; over 16
//! groups their mean ratio is 0.99, and the deviations from what is expected have a standard
//! deviation of 1.03 where 1 is right. Comparing baskets with the same number of *other* items, as
//! questionnaires are by rest score, was tried: what is left over of the differences of baskets
//! made complements of hundreds of the pairs.
//!
//! [`Strata`](super::Strata), by which rules are judged, are finer: they keep the counts of every size
//! for every set of items of a rule, which is too much for every pair of items. What is found here is
//! held against those afterwards.

use super::{
    pair_significance::{Held, Together},
    pairs::{Crossed, Place},
};

/// The most groups there may be.
pub(super) const MAX_GROUPS: usize = 32;

/// Rows by size, and what they hold of each item.
pub(super) struct SizeStrata {
    /// For each row its group; rows of fewer than two items, which hold no pair, are in none and
    /// have a number that is no group.
    group_of_row: Vec<u8>,
    groups: Vec<Group>,
    /// For each item, and each group: `held[item * n_groups..][..n_groups]`.
    held: Vec<Held>,
}

#[derive(Clone, Copy, Default)]
struct Group {
    rows: f64,
    /// Number of items in all rows.
    places: f64,
}

impl SizeStrata {
    /// Sorts rows into up to `max_groups` groups by the number of their items, so that the groups
    /// hold about equally many items.
    ///
    /// - `sizes`: of each row.
    pub(super) fn new(sizes: &[usize], crossed: &Crossed, max_groups: usize) -> Self {
        let largest = sizes.iter().copied().max().unwrap_or(0);
        let mut places = vec![0_u64; largest + 1];
        for &size in sizes.iter().filter(|size| **size > 1) {
            places[size] += size as u64;
        }
        let (group_of_size, n_groups) = groups_by_size(&places, max_groups);
        let mut groups = vec![Group::default(); n_groups];
        let mut group_of_row = Vec::with_capacity(sizes.len());
        for &size in sizes {
            let group = group_of_size[size];
            if let Some(group) = groups.get_mut(group as usize) {
                group.rows += 1.0;
                group.places += size as f64;
            }
            group_of_row.push(group);
        }
        let mut held = vec![Held::default(); n_groups * crossed.n_items()];
        for item in 0..crossed.n_items() {
            let of_item = &mut held[item * n_groups..][..n_groups];
            for place in crossed.places(item) {
                let row = place.row as usize;
                if let Some(held) = of_item.get_mut(group_of_row[row] as usize) {
                    held.baskets += 1.0;
                    held.beside += sizes[row].saturating_sub(1) as f64;
                }
            }
        }
        Self {
            group_of_row,
            groups,
            held,
        }
    }

    /// Number of counters that a pair needs.
    pub(super) fn n_groups(&self) -> usize {
        self.groups.len()
    }

    /// Which counter the pairs of a row belong to.
    #[inline]
    pub(super) fn group_of(&self, place: &Place) -> usize {
        self.group_of_row[place.row as usize] as usize
    }

    /// Compares two items whose rows together are `both`, one counter a group.
    pub(super) fn compare(&self, first: usize, second: usize, both: &[u32]) -> Together {
        let held = |item: usize| &self.held[item * self.n_groups()..][..self.n_groups()];
        let mut together = Together::default();
        let helds = held(first).iter().zip(held(second));
        for ((group, (&first, &second)), &both) in self.groups.iter().zip(helds).zip(both) {
            together.observed += f64::from(both);
            together.add(group.rows, group.places, first, second);
        }
        together
    }
}

/// The group of each size, and how many groups there are; sizes without places are in none.
fn groups_by_size(places: &[u64], max_groups: usize) -> (Vec<u8>, usize) {
    let total: u64 = places.iter().sum();
    let mut before = 0;
    let mut n_groups = 0;
    let mut last = None;
    let mut groups = vec![u8::MAX; places.len()];
    for (group, &places) in groups.iter_mut().zip(places) {
        if places > 0 {
            let wanted = before * max_groups as u64 / total;
            if last != Some(wanted) {
                n_groups += 1;
            }
            last = Some(wanted);
            *group = n_groups as u8 - 1;
            before += places;
        }
    }
    (groups, n_groups)
}
