//! Whether one more item fits into a pattern for every customer who has it.
//!
//! Wang and Han (2004), "BIDE: efficient mining of frequent closed sequences", for sequences of
//! single items; here an item may also join an element.

use super::{
    super::{SequenceValidParams, histories::holds},
    pattern::Pattern,
    recoded::{Group, Recoded},
};

/// How far to the right the elements behind an insertion may lie.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Rights {
    /// As far as the history goes: something fits in there if the pattern is **not closed**.
    Last,
    /// As far as the first occurrence of the pattern goes: what fits in there, before the last
    /// element, fits into everything that begins with this pattern, so that **none of it is
    /// closed** (BackScan).
    LastInFirst,
}

/// Working memory of the check; nothing in it outlives the check.
pub(super) struct Closure {
    lefts: Vec<u32>,
    rights: Vec<u32>,
    /// For each place where an item may be inserted, the items that fit there for all customers
    /// so far.
    fitting: Vec<Vec<u32>>,
    /// The places that are left, which are those with something that fits.
    places: Vec<usize>,
    marks: Vec<u64>,
    clock: u64,
}

impl Closure {
    pub(super) fn new(n_items: usize) -> Self {
        Self {
            lefts: Vec::new(),
            rights: Vec::new(),
            fitting: Vec::new(),
            places: Vec::new(),
            marks: vec![0; n_items],
            clock: 0,
        }
    }

    /// Whether some item fits at the same place of the pattern for all these customers, who all
    /// have it; within the limits on lengths.
    pub(super) fn can_insert(
        &mut self,
        data: &Recoded,
        params: &SequenceValidParams,
        pattern: &Pattern,
        groups: &[Group],
        rights: Rights,
    ) -> bool {
        if pattern.items.len() >= params.max_items {
            return false;
        }
        let k = pattern.ends.len();
        // Place g < k is before element g as a new element, place k behind all of them; place
        // k + 1 + j is in element j. What comes behind the last element or joins it does not stay
        // there when the pattern grows.
        let in_all = rights == Rights::Last;
        self.places.clear();
        if k < params.max_elements {
            self.places.extend(0..k + usize::from(in_all));
        }
        self.places.extend(k + 1..2 * k + usize::from(in_all));
        if self.fitting.len() < 2 * k + 1 {
            self.fitting.resize(2 * k + 1, Vec::new());
        }
        for (i, group) in groups.iter().enumerate() {
            let customer = group.customer;
            self.find_lefts(data, pattern, customer, params.time.min_gap);
            self.find_rights(data, pattern, customer, params.time.min_gap, rights);
            let mut places = std::mem::take(&mut self.places);
            places.retain(|&place| {
                self.clock += 1;
                self.mark(data, pattern, customer, params.time.min_gap, place);
                let (marks, clock) = (&self.marks, self.clock);
                let fitting = &mut self.fitting[place];
                if i == 0 {
                    fitting.clear();
                    let marked = |item: &u32| marks[*item as usize] == clock;
                    fitting.extend((0..marks.len() as u32).filter(marked));
                } else {
                    fitting.retain(|&item| marks[item as usize] == clock);
                }
                !fitting.is_empty()
            });
            self.places = places;
            if self.places.is_empty() {
                return false;
            }
        }
        true
    }

    /// Marks what fits at this place for one customer.
    fn mark(
        &mut self,
        data: &Recoded,
        pattern: &Pattern,
        customer: u32,
        min_gap: u32,
        place: usize,
    ) {
        let k = pattern.ends.len();
        let element = place.checked_sub(k + 1);
        let baskets = data.baskets_of(customer);
        // The elements before and behind the place.
        let before = element.unwrap_or(place).checked_sub(1);
        let behind = element.map_or(place, |j| j + 1);
        let from = match before {
            Some(j) => data.next(customer, self.lefts[j], min_gap),
            None => baskets.start,
        };
        let to = match self.rights.get(behind) {
            Some(&right) => data
                .previous(customer, right, min_gap)
                .map_or(baskets.start, |last| last + 1),
            None => baskets.end,
        };
        for b in from..to {
            let basket = data.basket(b);
            match element.map(|j| pattern.element(j)) {
                None => {
                    for &item in basket {
                        self.marks[item as usize] = self.clock;
                    }
                }
                Some(items) if holds(basket, items) => {
                    for &item in basket.iter().filter(|item| !items.contains(item)) {
                        self.marks[item as usize] = self.clock;
                    }
                }
                Some(_) => {}
            }
        }
    }

    /// The baskets of the customer's first occurrence, each as early as can be.
    fn find_lefts(&mut self, data: &Recoded, pattern: &Pattern, customer: u32, min_gap: u32) {
        let baskets = data.baskets_of(customer);
        self.lefts.clear();
        let mut from = baskets.start;
        for j in 0..pattern.ends.len() {
            let element = pattern.element(j);
            if let Some(b) = (from..baskets.end).find(|&b| holds(data.basket(b), element)) {
                self.lefts.push(b);
                from = data.next(customer, b, min_gap);
            }
        }
    }

    /// The baskets of the customer's last occurrence, each as late as can be, or of the last one
    /// that ends where the first does.
    fn find_rights(
        &mut self,
        data: &Recoded,
        pattern: &Pattern,
        customer: u32,
        min_gap: u32,
        rights: Rights,
    ) {
        let baskets = data.baskets_of(customer);
        let k = pattern.ends.len();
        let mut to = match rights {
            Rights::Last => baskets.end,
            Rights::LastInFirst => self.lefts[k - 1] + 1,
        };
        self.rights.clear();
        for j in (0..k).rev() {
            let element = pattern.element(j);
            let mut earlier = (baskets.start..to).rev();
            if let Some(b) = earlier.find(|&b| holds(data.basket(b), element)) {
                self.rights.push(b);
                to = (data.previous(customer, b, min_gap)).map_or(baskets.start, |last| last + 1);
            }
        }
        self.rights.reverse();
    }
}
