//! What each customer has bought before a day, and when first and last.

use rayon::prelude::*;

use super::history::History;

/// One item that a customer has bought.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Entry {
    /// Index into [`Owned::codes`].
    pub item: u32,
    pub first: i32,
    pub last: i32,
    /// Baskets of this customer that hold the item.
    pub baskets: u32,
}

/// The state of all customers at the start of a day.
///
/// Items are renumbered `0..n_items()`, keeping their order, so that those nobody bought and
/// those beyond the limit take no room. Memory: 16 bytes for each (customer, item) pair.
#[derive(Debug)]
pub(super) struct Owned {
    pub as_of: i32,
    /// Item codes of the history, ascending.
    pub codes: Vec<u32>,
    /// Items that were bought but are beyond the limit.
    pub left_out: usize,
    /// For each item, the customers who have bought it.
    pub buyers: Vec<u32>,
    /// Customers with at least one purchase, also of an item beyond the limit.
    pub n_active: usize,
    /// The first day of the history; `as_of` when there is none.
    pub first_day: i32,
    offsets: Vec<usize>,
    entries: Vec<Entry>,
}

impl Owned {
    /// Looks at the rows before `as_of` only and keeps the `max_items` items with most
    /// customers, ties to the lower code.
    pub fn at(history: &History<'_>, as_of: i32, max_items: usize) -> Self {
        let per_customer: Vec<Vec<Entry>> = (0..history.n_customers())
            .into_par_iter()
            .map_init(Vec::new, |rows, customer| {
                entries(history, customer, as_of, rows)
            })
            .collect();

        let mut buyers = vec![0u32; history.n_items()];
        let mut first_day = as_of;
        for entry in per_customer.iter().flatten() {
            buyers[entry.item as usize] += 1;
            first_day = first_day.min(entry.first);
        }
        let mut codes: Vec<u32> = (0..history.n_items() as u32)
            .filter(|&i| buyers[i as usize] > 0)
            .collect();
        let left_out = codes.len().saturating_sub(max_items);
        if left_out > 0 {
            codes.sort_unstable_by_key(|&i| (std::cmp::Reverse(buyers[i as usize]), i));
            codes.truncate(max_items);
            codes.sort_unstable();
        }
        let mut index = vec![u32::MAX; history.n_items()];
        for (new, &code) in codes.iter().enumerate() {
            index[code as usize] = new as u32;
        }

        let mut offsets = Vec::with_capacity(per_customer.len() + 1);
        offsets.push(0);
        let mut kept = Vec::with_capacity(per_customer.iter().map(Vec::len).sum());
        let mut n_active = 0;
        for list in &per_customer {
            n_active += usize::from(!list.is_empty());
            kept.extend(list.iter().filter_map(|entry| {
                let item = index[entry.item as usize];
                (item != u32::MAX).then_some(Entry { item, ..*entry })
            }));
            offsets.push(kept.len());
        }
        let buyers = codes.iter().map(|&i| buyers[i as usize]).collect();
        Self {
            as_of,
            codes,
            left_out,
            buyers,
            n_active,
            first_day,
            offsets,
            entries: kept,
        }
    }

    /// The same items and customers, with what was bought on a day or later alone.
    pub fn lately(&self, since: i32) -> Self {
        let mut offsets = vec![0];
        let mut entries = Vec::new();
        let mut buyers = vec![0_u32; self.n_items()];
        let mut n_active = 0;
        for customer in 0..self.n_customers() {
            let late = self.of(customer).iter().filter(|e| e.last >= since);
            entries.extend(late.copied());
            let start = offsets[customer];
            n_active += usize::from(entries.len() > start);
            let new = &entries[start..];
            new.iter()
                .for_each(|e: &Entry| buyers[e.item as usize] += 1);
            offsets.push(entries.len());
        }
        Self {
            as_of: self.as_of,
            codes: self.codes.clone(),
            left_out: self.left_out,
            buyers,
            n_active,
            first_day: self.first_day,
            offsets,
            entries,
        }
    }

    pub fn n_customers(&self) -> usize {
        self.offsets.len() - 1
    }

    pub fn n_items(&self) -> usize {
        self.codes.len()
    }

    /// What a customer has bought, by ascending item.
    pub fn of(&self, customer: usize) -> &[Entry] {
        &self.entries[self.offsets[customer]..self.offsets[customer + 1]]
    }

    /// Of each kept item whether it is left out, from what is said of every item of the history.
    pub fn closed<T>(&self, left_out: &[Option<T>]) -> Vec<bool> {
        let of = |code: &u32| left_out[*code as usize].is_some();
        self.codes.iter().map(of).collect()
    }

    pub fn all(&self) -> &[Entry] {
        &self.entries
    }
}

/// The items one customer has bought before `as_of`, by ascending item code.
fn entries(
    history: &History<'_>,
    customer: usize,
    as_of: i32,
    rows: &mut Vec<(u32, (i32, u32))>,
) -> Vec<Entry> {
    rows.clear();
    rows.extend(
        history
            .rows(customer, i32::MIN, as_of)
            .map(|r| (history.item(r), history.basket(r))),
    );
    rows.sort_unstable();
    rows.dedup();
    rows.chunk_by(|a, b| a.0 == b.0)
        .map(|bought| Entry {
            item: bought[0].0,
            first: bought[0].1.0,
            last: bought[bought.len() - 1].1.0,
            baskets: bought.len() as u32,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_last_and_baskets_are_those_before_the_day() {
        // Item 3 on days 1 (two rows of one basket), 4 (two baskets) and 9 (too late).
        let h = History::new(
            &[0, 0, 6],
            &[1, 1, 4, 4, 4, 9],
            &[5, 5, 6, 7, 7, 8],
            &[3, 3, 3, 3, 8, 3],
            9,
            None,
        )
        .unwrap();
        let owned = Owned::at(&h, 9, 100);
        assert_eq!(owned.codes, [3, 8]);
        assert!(owned.of(0).is_empty());
        assert_eq!(
            owned.of(1),
            [
                Entry {
                    item: 0,
                    first: 1,
                    last: 4,
                    baskets: 3
                },
                Entry {
                    item: 1,
                    first: 4,
                    last: 4,
                    baskets: 1
                },
            ]
        );
        assert_eq!((owned.n_active, owned.first_day, owned.left_out), (1, 1, 0));
    }

    #[test]
    fn beyond_the_limit_the_items_with_most_customers_stay_and_ties_go_to_the_lower_code() {
        // Customers per item: 0 -> 1, 1 -> 2, 2 -> 1, 3 -> 0.
        let h = History::new(&[0, 2, 4], &[1; 4], &[0; 4], &[1, 2, 0, 1], 4, None).unwrap();
        let owned = Owned::at(&h, 5, 2);
        assert_eq!(owned.codes, [0, 1]);
        assert_eq!(owned.buyers, [1, 2]);
        assert_eq!(owned.left_out, 1);
        assert_eq!(owned.of(0).len(), 1);
    }

    #[test]
    fn no_history_gives_no_items() {
        let h = History::new(&[0, 0], &[], &[], &[], 4, None).unwrap();
        let owned = Owned::at(&h, 5, 2);
        assert_eq!(
            (owned.n_items(), owned.n_active, owned.first_day),
            (0, 0, 5)
        );
    }
}
