//! Choosing the best few of many without sorting all; ties go to the lower item.

use std::cmp::Ordering;

use super::affinity::Affinity;
use super::owned::Entry;

/// The `most` best of a list, best first: highest score, then lowest item.
pub(super) fn best(list: &mut Vec<(u32, f64)>, most: usize) {
    let better = |a: &(u32, f64), b: &(u32, f64)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    if list.len() > most {
        list.select_nth_unstable_by(most, better);
        list.truncate(most);
    }
    list.sort_unstable_by(better);
}

/// Highest affinity first, then lowest item.
fn closer(a: &(u32, f32), b: &(u32, f32)) -> Ordering {
    b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
}

/// Buffers reused from one customer to the next: 13 bytes an item.
pub(super) struct Ranker<'a> {
    affinity: &'a Affinity,
    most: usize,
    scores: Vec<f32>,
    /// Items that nobody gets.
    closed: &'a [bool],
    taken: Vec<bool>,
    list: Vec<(u32, f32)>,
}

impl<'a> Ranker<'a> {
    /// `closed` tells of each item whether it is left out.
    pub fn new(affinity: &'a Affinity, closed: &'a [bool], most: usize) -> Self {
        Self {
            affinity,
            most,
            scores: Vec::new(),
            closed,
            taken: closed.to_vec(),
            list: Vec::new(),
        }
    }

    /// The items that the customer does not have, that are not left out, and that fit best, with their affinity, in no
    /// order that means anything.
    pub fn candidates(&mut self, owned: &[Entry]) -> &[(u32, f32)] {
        self.affinity
            .score(owned.iter().map(|e| e.item), &mut self.scores);
        owned
            .iter()
            .for_each(|e| self.taken[e.item as usize] = true);
        self.list.clear();
        self.list.extend(
            self.scores
                .iter()
                .enumerate()
                .filter(|(item, _)| !self.taken[*item])
                .map(|(item, &score)| (item as u32, score)),
        );
        owned
            .iter()
            .for_each(|e| self.taken[e.item as usize] = self.closed[e.item as usize]);
        if self.list.len() > self.most {
            self.list.select_nth_unstable_by(self.most, closer);
            self.list.truncate(self.most);
        }
        &self.list
    }
}
