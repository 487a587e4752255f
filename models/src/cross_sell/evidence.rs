//! The reason beside a suggestion: an association that anyone can count again.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::history::History;
use super::owned::{Entry, Owned};

/// Standard deviations by which an association must stand above chance. Each customer brings
/// hundreds of items, of which the best is shown, so the usual two would let chance through.
const DEVIATIONS: f64 = 3.0;

/// Why an item is suggested. All counts are of the history before the as-of day.
#[derive(Clone, Debug, PartialEq)]
pub enum Evidence {
    /// Among all baskets, the item is met with something this customer buys.
    ///
    /// "Bought with pasta sauce in 31 % of baskets, 4.2 times chance": the antecedent is pasta
    /// sauce, [`confidence`](Evidence::confidence) 0.31, [`lift`](Evidence::lift) 4.2.
    Basket {
        /// Item code of what the customer buys.
        antecedent: u32,
        /// Baskets of this customer that held the antecedent.
        times: u32,
        /// All baskets.
        n: u32,
        /// Baskets with the antecedent.
        with_antecedent: u32,
        /// Baskets with the suggested item.
        with_item: u32,
        /// Baskets with both.
        with_both: u32,
    },
    /// Among all customers, those who buy other items of its group buy this one more often, and
    /// this customer does.
    Group {
        /// Group code of the item.
        group: u32,
        /// Items of the group that this customer has bought.
        bought: u32,
        /// Customers with at least one purchase.
        n: u32,
        /// Customers who have bought another item of the group.
        with_antecedent: u32,
        /// Customers who have bought the suggested item.
        with_item: u32,
        /// Customers who have done both.
        with_both: u32,
    },
    /// Nothing that the customer has bought points to it: it is popular.
    Popularity {
        /// Customers with at least one purchase.
        n: u32,
        /// Customers who have bought the suggested item.
        with_item: u32,
    },
}

impl Evidence {
    /// The share with the item among those with the antecedent; `None` for popularity.
    pub fn confidence(&self) -> Option<f64> {
        match *self {
            Self::Basket {
                with_antecedent,
                with_both,
                ..
            }
            | Self::Group {
                with_antecedent,
                with_both,
                ..
            } => Some(f64::from(with_both) / f64::from(with_antecedent)),
            Self::Popularity { .. } => None,
        }
    }

    /// The share with the item among all.
    pub fn base_rate(&self) -> f64 {
        match *self {
            Self::Basket { n, with_item, .. }
            | Self::Group { n, with_item, .. }
            | Self::Popularity { n, with_item } => f64::from(with_item) / f64::from(n),
        }
    }

    /// [`confidence`](Evidence::confidence) over [`base_rate`](Evidence::base_rate): how many
    /// times chance; above 1 whenever it is given, and `None` for popularity.
    pub fn lift(&self) -> Option<f64> {
        self.confidence()
            .map(|confidence| confidence / self.base_rate())
    }
}

/// The counts from which reasons are read. Memory: `4 x n_items^2` bytes, and while it is
/// counted 8 bytes a row of the history.
#[derive(Debug)]
pub(super) struct Counts {
    min_support: u32,
    n_items: usize,
    n_baskets: u32,
    /// Baskets that hold each item.
    singles: Vec<u32>,
    /// Baskets that hold both items, row by row; the diagonal repeats `singles`.
    pairs: Vec<u32>,
    groups: Option<Groups>,
}

/// Counts of customers by group.
#[derive(Debug)]
struct Groups {
    codes: Vec<u32>,
    /// For each item, its place in `codes`.
    of: Vec<u32>,
    /// For each item, the customers who have bought another item of its group.
    with_other: Vec<u32>,
    /// Those of them who have bought the item too.
    with_both: Vec<u32>,
}

impl Counts {
    pub fn new(history: &History<'_>, owned: &Owned, min_support: u32) -> Self {
        let baskets = Baskets::new(history, owned);
        let m = owned.n_items();
        let by_item = baskets.by_item(m);
        let mut pairs = vec![0u32; m * m];
        // Each item fills its own row, so no two threads write to one place.
        pairs
            .par_chunks_mut(m.max(1))
            .zip(&by_item)
            .for_each(|(row, list)| {
                for &basket in list {
                    for &other in baskets.items(basket as usize) {
                        row[other as usize] += 1;
                    }
                }
            });
        let groups = history.groups().map(|groups| Groups::new(groups, owned));
        Self {
            min_support,
            n_items: m,
            n_baskets: baskets.n,
            singles: by_item.iter().map(|list| list.len() as u32).collect(),
            pairs,
            groups,
        }
    }

    /// The strongest association for each item of `wanted`, for a customer who has `has`.
    pub fn explain(&self, owned: &Owned, has: &[Entry], wanted: u32) -> Evidence {
        self.basket(owned, has, wanted)
            .or_else(|| self.group(owned, has, wanted))
            .unwrap_or(Evidence::Popularity {
                n: owned.n_active as u32,
                with_item: owned.buyers[wanted as usize],
            })
    }

    /// The antecedent whose confidence is surely highest: by the lower end of its Wilson
    /// interval, which must lie above the item's share of all baskets. Antecedents that the
    /// customer had in two baskets or more come before those bought once; ties go to the lower
    /// item code.
    fn basket(&self, owned: &Owned, has: &[Entry], wanted: u32) -> Option<Evidence> {
        let met = &self.pairs[wanted as usize * self.n_items..][..self.n_items];
        let with_item = self.singles[wanted as usize];
        let share = f64::from(with_item) / f64::from(self.n_baskets);
        let mut best: Option<((bool, f64), &Entry)> = None;
        for entry in has {
            let both = met[entry.item as usize];
            if both < self.min_support {
                continue;
            }
            let often = entry.baskets >= 2;
            let least = match best {
                Some(((true, _), _)) if !often => continue,
                Some(((top, sure), _)) if top == often => sure.max(share),
                _ => share,
            };
            // The lower end lies below the confidence itself, which needs no root.
            let with_antecedent = self.singles[entry.item as usize];
            if f64::from(both) <= least * f64::from(with_antecedent) {
                continue;
            }
            let sure = wilson_low(both, with_antecedent);
            if sure > least {
                best = Some(((often, sure), entry));
            }
        }
        best.map(|(_, entry)| Evidence::Basket {
            antecedent: owned.codes[entry.item as usize],
            times: entry.baskets,
            n: self.n_baskets,
            with_antecedent: self.singles[entry.item as usize],
            with_item,
            with_both: met[entry.item as usize],
        })
    }

    fn group(&self, owned: &Owned, has: &[Entry], wanted: u32) -> Option<Evidence> {
        let groups = self.groups.as_ref()?;
        let w = wanted as usize;
        let group = groups.of[w];
        let bought = has
            .iter()
            .filter(|e| groups.of[e.item as usize] == group)
            .count() as u32;
        if bought == 0 {
            return None;
        }
        let n = owned.n_active as u32;
        let share = f64::from(owned.buyers[w]) / f64::from(n);
        (wilson_low(groups.with_both[w], groups.with_other[w]) > share).then(|| Evidence::Group {
            group: groups.codes[group as usize],
            bought,
            n,
            with_antecedent: groups.with_other[w],
            with_item: owned.buyers[w],
            with_both: groups.with_both[w],
        })
    }
}

/// The lower end of the Wilson score interval of `hits / n` (Wilson 1927), 0 for `n = 0`.
fn wilson_low(hits: u32, n: u32) -> f64 {
    if n == 0 {
        return 0.0;
    }
    let (n, z) = (f64::from(n), DEVIATIONS);
    let p = f64::from(hits) / n;
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    (p + z * z / (2.0 * n) - half) / (1.0 + z * z / n)
}

/// The items of each basket, as one list with offsets.
struct Baskets {
    /// Baskets, also those that hold none of the kept items.
    n: u32,
    offsets: Vec<usize>,
    items: Vec<u32>,
}

impl Baskets {
    fn new(history: &History<'_>, owned: &Owned) -> Self {
        let mut index = vec![u32::MAX; history.n_items()];
        for (new, &code) in owned.codes.iter().enumerate() {
            index[code as usize] = new as u32;
        }
        let mut baskets = Self {
            n: 0,
            offsets: vec![0],
            items: Vec::new(),
        };
        for customer in 0..history.n_customers() {
            let rows = history.rows(customer, i32::MIN, owned.as_of);
            let mut at = rows.start;
            while at < rows.end {
                let basket = history.basket(at);
                let start = baskets.items.len();
                while at < rows.end && history.basket(at) == basket {
                    let item = index[history.item(at) as usize];
                    if item != u32::MAX {
                        baskets.items.push(item);
                    }
                    at += 1;
                }
                baskets.n += 1;
                baskets.close(start);
            }
        }
        baskets
    }

    /// Ends the basket whose items begin at `start`: each item once, ascending.
    fn close(&mut self, start: usize) {
        let list = &mut self.items[start..];
        list.sort_unstable();
        let mut kept = 0;
        for i in 0..list.len() {
            if i == 0 || list[i] != list[kept - 1] {
                list[kept] = list[i];
                kept += 1;
            }
        }
        self.items.truncate(start + kept);
        self.offsets.push(self.items.len());
    }

    fn items(&self, basket: usize) -> &[u32] {
        &self.items[self.offsets[basket]..self.offsets[basket + 1]]
    }

    fn by_item(&self, n_items: usize) -> Vec<Vec<u32>> {
        let mut counts = vec![0usize; n_items];
        self.items.iter().for_each(|&i| counts[i as usize] += 1);
        let mut lists: Vec<Vec<u32>> = counts.into_iter().map(Vec::with_capacity).collect();
        for basket in 0..self.offsets.len() - 1 {
            for &item in self.items(basket) {
                lists[item as usize].push(basket as u32);
            }
        }
        lists
    }
}

impl Groups {
    fn new(codes_of_items: &[u32], owned: &Owned) -> Self {
        let mut dense: BTreeMap<u32, u32> = BTreeMap::new();
        for &code in &owned.codes {
            dense.insert(codes_of_items[code as usize], 0);
        }
        dense
            .values_mut()
            .zip(0..)
            .for_each(|(place, next)| *place = next);
        let of: Vec<u32> = owned
            .codes
            .iter()
            .map(|&code| dense[&codes_of_items[code as usize]])
            .collect();

        let mut customers = vec![0u32; dense.len()];
        // Customers for whom the item is the only one of its group.
        let mut only = vec![0u32; of.len()];
        let mut bought = vec![0u32; dense.len()];
        for customer in 0..owned.n_customers() {
            let has = owned.of(customer);
            has.iter()
                .for_each(|e| bought[of[e.item as usize] as usize] += 1);
            for entry in has {
                let group = of[entry.item as usize] as usize;
                if bought[group] == 1 {
                    only[entry.item as usize] += 1;
                }
            }
            for entry in has {
                let group = of[entry.item as usize] as usize;
                customers[group] += u32::from(bought[group] > 0);
                bought[group] = 0;
            }
        }
        let with_other = of
            .iter()
            .zip(&only)
            .map(|(&g, only)| customers[g as usize] - only);
        let with_both = owned
            .buyers
            .iter()
            .zip(&only)
            .map(|(buyers, only)| buyers - only);
        Self {
            with_other: with_other.collect(),
            with_both: with_both.collect(),
            codes: dense.into_keys().collect(),
            of,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lower_end_of_the_wilson_interval() {
        // 8 of 10 at three deviations, by hand: centre (0.8 + 0.45) / 1.9, half
        // 3 sqrt(0.016 + 0.0225) / 1.9.
        let want = (1.25 - 3.0 * 0.0385f64.sqrt()) / 1.9;
        assert!((wilson_low(8, 10) - want).abs() < 1e-15);
        assert_eq!(wilson_low(0, 0), 0.0);
        assert!(wilson_low(0, 10).abs() < 1e-12);
    }

    #[test]
    fn groups_count_customers_with_another_item_of_the_group() {
        // Items 0, 1 in group 9, item 2 in group 4. Customers: {0}, {0, 1}, {1}, {2}, {0, 2}.
        let h = History::new(
            &[0, 1, 3, 4, 5, 7],
            &[0; 7],
            &[0; 7],
            &[0, 0, 1, 1, 2, 0, 2],
            3,
            Some(&[9, 9, 4]),
        )
        .unwrap();
        let owned = Owned::at(&h, 1, 10);
        let groups = Groups::new(&[9, 9, 4], &owned);
        assert_eq!(groups.codes, [4, 9]);
        assert_eq!(groups.of, [1, 1, 0]);
        // Another of group 9 than item 0 is item 1: two customers, one of whom has item 0 too.
        assert_eq!((groups.with_other[0], groups.with_both[0]), (2, 1));
        assert_eq!((groups.with_other[1], groups.with_both[1]), (3, 1));
        assert_eq!((groups.with_other[2], groups.with_both[2]), (0, 0));
    }
}
