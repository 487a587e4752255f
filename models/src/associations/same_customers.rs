//! Whether the same customers buy both of two items, and how they spread them over their baskets.

use super::{
    Baskets,
    comparison::Comparison,
    pair_significance::{Held, Together},
    pairs::{Crossed, FrequentItems},
    size_strata::SizeStrata,
};

/// What customers say about two items.
#[derive(Clone, Debug, PartialEq)]
pub struct SameCustomers {
    /// Number of customers that are known.
    pub n_customers: u32,
    /// Number of customers who bought each.
    pub counts: [u32; 2],
    /// Number of customers who bought both, at once or not.
    pub both: u32,
    /// That number, among customers who bought about as many different items; the p-value is that
    /// of so many or more. Who tries much has bought nearly any two things.
    pub given_breadth: Comparison,
    /// The number of baskets with both, each customer's baskets compared with the others of the
    /// same customer.
    pub given_customer: Comparison,
}

impl SameCustomers {
    /// The share of the customers of one item who bought the other, too; of the item with fewer
    /// customers. From 0 (nobody buys both) to 1.
    pub fn overlap(&self) -> f64 {
        f64::from(self.both) / f64::from(self.counts[0].min(self.counts[1]).max(1))
    }
}

/// Customers by frequent items, and what their baskets hold of each item.
pub(super) struct ByCustomer {
    /// Customers as rows of the items that they ever bought.
    crossed: Crossed,
    strata: SizeStrata,
    /// For each cell of `crossed`, the customer's baskets of at least two items with the item.
    held: Vec<Held>,
    /// For each customer, the baskets of at least two items and the items in them.
    baskets: Vec<[f64; 2]>,
    /// For each item, the number of customers.
    counts: Vec<u32>,
    /// For each basket, whether its customer is known.
    known: Vec<bool>,
}

/// What a thread counts in, for one item with each other.
#[derive(Default)]
pub(super) struct Counters {
    /// For each item and group of sizes, the customers with both.
    both: Vec<u32>,
    /// For each item, the baskets of each customer compared.
    within: Vec<Together>,
}

/// What the strata say about one pair.
pub(super) struct Said {
    pub(super) n_customers: u32,
    pub(super) counts: [u32; 2],
    pub(super) both: u32,
    pub(super) given_breadth: Together,
    pub(super) given_customer: Together,
}

/// The items of one customer after the other, and what the baskets hold of each.
struct Assortment {
    items: Vec<(u32, Held)>,
    /// For each item its place among those, or [`NEW`](Self::NEW).
    places: Vec<u32>,
}

impl Assortment {
    const NEW: u32 = u32::MAX;

    fn new(n_items: usize) -> Self {
        Self {
            items: Vec::new(),
            places: vec![Self::NEW; n_items],
        }
    }

    /// Adds a basket of the customer.
    fn add(&mut self, basket: &[u32]) {
        let beside = basket.len().saturating_sub(1);
        for &item in basket {
            let place = &mut self.places[item as usize];
            if *place == Self::NEW {
                *place = self.items.len() as u32;
                self.items.push((item, Held::default()));
            }
            if beside > 0 {
                let held = &mut self.items[*place as usize].1;
                held.baskets += 1.0;
                held.beside += beside as f64;
            }
        }
    }

    /// The chosen items, ascending, and makes room for the next customer.
    fn take(&mut self, choose: impl Fn(u32) -> bool) -> impl Iterator<Item = (u32, Held)> {
        for (item, _) in &self.items {
            self.places[*item as usize] = Self::NEW;
        }
        self.items.retain(|(item, _)| choose(*item));
        self.items.sort_unstable_by_key(|(item, _)| *item);
        self.items.drain(..)
    }
}

impl ByCustomer {
    /// `customers` has one for each basket, `u32::MAX` if it is not known.
    pub(super) fn new(
        baskets: &Baskets,
        customers: &[u32],
        frequent: &FrequentItems,
        max_groups: usize,
    ) -> Self {
        let known: Vec<bool> = customers.iter().map(|&c| c != u32::MAX).collect();
        let mut order: Vec<u32> = (0..customers.len() as u32)
            .filter(|&basket| known[basket as usize])
            .collect();
        order.sort_by_key(|&basket| customers[basket as usize]);
        // The frequent items of each customer; of the others it is known how many there are.
        let mut items: Vec<u32> = Vec::new();
        let mut offsets = vec![0];
        let mut breadths = Vec::new();
        let mut held = Vec::new();
        let mut of_customers = Vec::new();
        let mut assortment = Assortment::new(baskets.n_items());
        for of_one in order.chunk_by(|&a, &b| customers[a as usize] == customers[b as usize]) {
            let mut sums = [0.0; 2];
            for &basket in of_one {
                let basket = baskets.basket(basket as usize);
                assortment.add(basket);
                if basket.len() > 1 {
                    sums[0] += 1.0;
                    sums[1] += basket.len() as f64;
                }
            }
            of_customers.push(sums);
            breadths.push(assortment.items.len());
            for (item, of_item) in assortment.take(|item| frequent.number(item).is_some()) {
                items.push(item);
                held.push(of_item);
            }
            offsets.push(items.len());
        }
        let rows = Baskets::from_csr(offsets, items, baskets.n_items())
            .expect("no more lines than the baskets have");
        let mut counts = vec![0; frequent.codes.len()];
        for &item in rows.lines() {
            if let Some(number) = frequent.number(item) {
                counts[number] += 1;
            }
        }
        let crossed = Crossed::new(&rows, frequent, &counts);
        Self {
            strata: SizeStrata::new(&breadths, &crossed, max_groups),
            crossed,
            held,
            baskets: of_customers,
            counts,
            known,
        }
    }

    /// Counts an item with each after it. `baskets` are those of all customers.
    pub(super) fn count(&self, baskets: &Crossed, first: usize, counters: &mut Counters) {
        let m = baskets.n_items();
        let n_groups = self.strata.n_groups();
        counters.both.clear();
        counters.both.resize(m * n_groups, 0);
        counters.within.clear();
        counters.within.resize(m, Together::default());
        for place in baskets.places(first) {
            if self.known[place.row as usize] {
                for &other in baskets.after(place) {
                    counters.within[other as usize].observed += 1.0;
                }
            }
        }
        for place in self.crossed.places(first) {
            let group = self.strata.group_of(place);
            let [n, places] = self.baskets[place.row as usize];
            let with_first = self.held[place.cell as usize];
            let others = place.cell as usize + 1..place.end as usize;
            let with_others = &self.held[others];
            for (&other, &with_other) in self.crossed.after(place).iter().zip(with_others) {
                counters.both[other as usize * n_groups + group] += 1;
                counters.within[other as usize].add(n, places, with_first, with_other);
            }
        }
    }

    /// Compares a pair whose first item was counted.
    pub(super) fn compare(&self, [first, second]: [usize; 2], counters: &Counters) -> Said {
        let n_groups = self.strata.n_groups();
        let both = &counters.both[second * n_groups..][..n_groups];
        Said {
            n_customers: self.baskets.len() as u32,
            counts: [self.counts[first], self.counts[second]],
            both: both.iter().sum(),
            given_breadth: self.strata.compare(first, second, both),
            given_customer: counters.within[second],
        }
    }
}
