//! Which baskets hold an item, for rules that are counted on baskets they were not mined from.

use rayon::prelude::*;

use super::{Baskets, Rule, Strata};

/// Marks an item without a slot.
const NONE: u32 = u32::MAX;

/// The baskets of each item that is in a rule. Those items are numbered as slots, the rarest
/// first, so that the first item of a set in slot order has the shortest list of baskets.
pub(super) struct ItemIndex {
    /// For each item code its slot, or `NONE`.
    slots: Vec<u32>,
    /// Slot `s` is in the baskets `baskets[starts[s]..starts[s + 1]]`, ascending.
    starts: Vec<usize>,
    baskets: Vec<u32>,
    /// For slots in many baskets, one bit a basket; empty for the others.
    bits: Vec<Vec<u64>>,
    pub(super) n_baskets: u64,
}

impl ItemIndex {
    /// Of the items in these rules; baskets are numbered as they come.
    pub(super) fn new(rules: &[Rule], baskets: &Baskets) -> Self {
        let order: Vec<u32> = (0..baskets.n_baskets() as u32).collect();
        Self::in_order(items_of(rules), baskets, &order)
    }

    /// As `new`, but stratum after stratum.
    ///
    /// # Panics
    /// If `strata` are of other baskets (their number differs).
    pub(super) fn in_strata(rules: &[Rule], baskets: &Baskets, strata: &Strata) -> Self {
        assert_eq!(
            strata.order.len(),
            baskets.n_baskets(),
            "the strata are of other baskets"
        );
        Self::in_order(items_of(rules), baskets, &strata.order)
    }

    /// Of these items; basket `order[i]` has the number `i`.
    pub(super) fn in_order(
        items: impl Iterator<Item = u32>,
        baskets: &Baskets,
        order: &[u32],
    ) -> Self {
        let mut slots = vec![NONE; baskets.n_items()];
        for item in items {
            if let Some(slot) = slots.get_mut(item as usize) {
                *slot = 0;
            }
        }
        let mut counts = vec![0_usize; baskets.n_items()];
        for &item in baskets.lines() {
            counts[item as usize] += 1;
        }
        let mut used: Vec<usize> = (0..slots.len()).filter(|&i| slots[i] != NONE).collect();
        used.sort_by_key(|&item| counts[item]);
        let mut starts = vec![0];
        for (slot, &item) in used.iter().enumerate() {
            slots[item] = slot as u32;
            starts.push(starts[slot] + counts[item]);
        }
        let mut ends = starts.clone();
        let mut lists = vec![0_u32; starts[used.len()]];
        for (number, &basket) in order.iter().enumerate() {
            for &item in baskets.basket(basket as usize) {
                let slot = slots[item as usize];
                if slot != NONE {
                    let end = &mut ends[slot as usize];
                    lists[*end] = number as u32;
                    *end += 1;
                }
            }
        }
        let bits = (0..used.len())
            .into_par_iter()
            .map(|slot| {
                let list = &lists[starts[slot]..starts[slot + 1]];
                // From here on the bits take no more room than the list does.
                if list.len() * 32 < baskets.n_baskets() {
                    return Vec::new();
                }
                let mut words = vec![0_u64; baskets.n_baskets().div_ceil(64)];
                for &basket in list {
                    words[basket as usize / 64] |= 1 << (basket % 64);
                }
                words
            })
            .collect();
        Self {
            slots,
            starts,
            baskets: lists,
            bits,
            n_baskets: baskets.n_baskets() as u64,
        }
    }

    /// The slots of these items, ascending; an item without one comes last, as `NONE`.
    pub(super) fn slots_of(&self, items: &[u32]) -> Vec<u32> {
        let slot_of = |&item: &u32| self.slots.get(item as usize).copied().unwrap_or(NONE);
        let mut slots: Vec<u32> = items.iter().map(slot_of).collect();
        slots.sort_unstable();
        slots
    }

    /// The baskets with all these slots, ascending; none for the empty set.
    pub(super) fn hits_of(&self, set: &[u32]) -> Vec<u32> {
        let mut hits: Option<Vec<u32>> = None;
        for &slot in set {
            let mut fewer = Vec::new();
            self.narrow(hits.as_deref(), slot, &mut fewer);
            hits = Some(fewer);
        }
        hits.unwrap_or_default()
    }

    /// What `f` says of the baskets with each set of slots, ascending, in the order of the sets.
    /// It gets `None` for the empty set, which is in every basket.
    ///
    /// The sets are visited in dictionary order, so that sets with the same beginning share the
    /// work of finding the baskets with that beginning.
    pub(super) fn map_hits<T: Clone + Default + Send>(
        &self,
        sets: &[Vec<u32>],
        f: impl Fn(Option<&[u32]>) -> T + Sync,
    ) -> Vec<T> {
        let mut order: Vec<usize> = (0..sets.len()).collect();
        order.par_sort_unstable_by(|&a, &b| sets[a].cmp(&sets[b]).then(a.cmp(&b)));
        let in_order: Vec<T> = order
            .par_chunks(1024)
            .flat_map_iter(|chunk| {
                let mut done: &[u32] = &[];
                // `hits[l]` are the baskets with the first `l + 1` slots of `done`.
                let mut hits: Vec<Vec<u32>> = Vec::new();
                let mut found = Vec::with_capacity(chunk.len());
                for &i in chunk {
                    let set = &sets[i][..];
                    let shared = done.iter().zip(set).take_while(|(a, b)| a == b).count();
                    for (len, &slot) in set.iter().enumerate().skip(shared) {
                        if hits.len() == len {
                            hits.push(Vec::new());
                        }
                        let (before, after) = hits.split_at_mut(len);
                        self.narrow(before.last().map(|hits| &hits[..]), slot, &mut after[0]);
                    }
                    found.push(f(set.len().checked_sub(1).map(|last| &hits[last][..])));
                    done = set;
                }
                found
            })
            .collect();
        let mut found = vec![T::default(); sets.len()];
        for (&i, of_set) in order.iter().zip(in_order) {
            found[i] = of_set;
        }
        found
    }

    /// Writes the baskets that hold a slot, out of those `among` or of all.
    fn narrow(&self, among: Option<&[u32]>, slot: u32, hits: &mut Vec<u32>) {
        hits.clear();
        if slot == NONE {
            return;
        }
        let slot = slot as usize;
        let list = &self.baskets[self.starts[slot]..self.starts[slot + 1]];
        match among {
            None => hits.extend_from_slice(list),
            Some(among) if self.bits[slot].is_empty() => intersect(among, list, hits),
            Some(among) => {
                let words = &self.bits[slot];
                hits.resize(among.len(), 0);
                let mut len = 0;
                // Written whether it is a hit or not: cheaper than a branch that is guessed.
                for &basket in among {
                    hits[len] = basket;
                    len += (words[basket as usize / 64] >> (basket % 64) & 1) as usize;
                }
                hits.truncate(len);
            }
        }
    }
}

fn items_of(rules: &[Rule]) -> impl Iterator<Item = u32> {
    let sides = rules
        .iter()
        .flat_map(|rule| [&rule.antecedent, &rule.consequent]);
    sides.flatten().copied()
}

/// Writes what is in both lists, which ascend. Steps that double in length skip what lies
/// between in a `long` list that is much longer.
pub(super) fn intersect(short: &[u32], long: &[u32], hits: &mut Vec<u32>) {
    let mut rest = long;
    for &wanted in short {
        let mut step = 1;
        while step < rest.len() && rest[step] < wanted {
            step *= 2;
        }
        let within = &rest[step / 2..rest.len().min(step + 1)];
        let place = step / 2 + within.partition_point(|&found| found < wanted);
        rest = &rest[place..];
        if rest.first() == Some(&wanted) {
            hits.push(wanted);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::intersect;

    #[test]
    fn galloping_finds_what_is_in_both_lists() {
        let long: Vec<u32> = (0..1000).filter(|i| i % 7 != 3).collect();
        for stride in [1, 2, 3, 10, 100, 999] {
            let short: Vec<u32> = (0..1200).step_by(stride).collect();
            let expected: Vec<u32> = (short.iter().copied())
                .filter(|i| i % 7 != 3 && *i < 1000)
                .collect();
            let mut hits = Vec::new();
            intersect(&short, &long, &mut hits);
            assert_eq!(hits, expected, "stride {stride}");
        }
        let mut hits = Vec::new();
        intersect(&[1, 2], &[], &mut hits);
        assert!(hits.is_empty());
    }
}
