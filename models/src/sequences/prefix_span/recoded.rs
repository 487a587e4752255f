//! The part of the histories that can matter, laid out for the search.

use super::super::{Histories, SequenceValidParams};

/// Marks an item that is left out, and nothing in place of something.
pub(super) const NONE: u32 = u32::MAX;

/// Where a pattern may end in one customer's history: the baskets `ends[from..to]` of some list.
#[derive(Clone, Copy, Default)]
pub(super) struct Group {
    pub(super) customer: u32,
    pub(super) from: u32,
    pub(super) to: u32,
}

/// Histories of frequent items only, as ranks: rank 0 is the item of fewest customers, so that
/// the search joins frequent items to rare ones and not the other way round.
pub(super) struct Recoded {
    /// Customer `c` has the baskets `customer_starts[c]..customer_starts[c + 1]`.
    customer_starts: Vec<u32>,
    /// Days since the first day of all, ascending for each customer.
    days: Vec<u32>,
    /// Basket `b` is `items[basket_starts[b]..basket_starts[b + 1]]`, ranks ascending.
    basket_starts: Vec<u32>,
    items: Vec<u32>,
    /// Customer `c` has the pairs `pair_starts[c]..pair_starts[c + 1]`.
    pair_starts: Vec<u32>,
    /// For each customer the items he has, each once, by the last basket that holds it: the
    /// latest first. What he has after some basket is then the beginning of his list.
    pair_items: Vec<u32>,
    /// For each basket, how long that beginning is.
    n_after: Vec<u32>,
    /// The item of pair `p` is in the baskets `occurrences[occurrence_starts[p]..][..]` up to
    /// the start of the next pair, ascending.
    occurrence_starts: Vec<u32>,
    occurrences: Vec<u32>,
    /// For each occurrence, where in `items` the items of higher rank in the same basket begin;
    /// [`NONE`] if there are none. They are asked for at every step of the search, and finding
    /// them by way of the basket is a walk all over the memory.
    tails: Vec<u32>,
    /// For each rank its customers and their baskets, as places in `occurrences`: those of rank
    /// `r` are `firsts[first_starts[r]..first_starts[r + 1]]`, by customer.
    firsts: Vec<Group>,
    first_starts: Vec<usize>,
    /// The code of each rank.
    codes: Vec<u32>,
    /// The ranks that every pattern must hold; `None` if one of them is not frequent.
    required: Option<Vec<u32>>,
}

impl Recoded {
    pub(super) fn new(histories: &Histories, params: &SequenceValidParams, min_count: u32) -> Self {
        let allowed = allowed(histories.n_items(), &params.forbidden);
        let kept = customers_with(histories, &params.required);
        let counts = customer_counts(histories, &kept);
        let mut codes: Vec<u32> = (0..histories.n_items() as u32)
            .filter(|&item| allowed[item as usize] && counts[item as usize] >= min_count)
            .collect();
        // The sort is stable: among equally frequent items the lower code comes first.
        codes.sort_by_key(|&code| counts[code as usize]);
        let mut rank_of = vec![NONE; histories.n_items()];
        for (rank, &code) in codes.iter().enumerate() {
            rank_of[code as usize] = rank as u32;
        }
        let rank = |&code: &u32| match rank_of.get(code as usize) {
            Some(&rank) if rank != NONE => Some(rank),
            _ => None,
        };
        let mut made = Self {
            customer_starts: vec![0],
            days: Vec::new(),
            basket_starts: vec![0],
            items: Vec::new(),
            pair_starts: vec![0],
            pair_items: Vec::new(),
            n_after: Vec::new(),
            occurrence_starts: Vec::new(),
            occurrences: Vec::new(),
            tails: Vec::new(),
            firsts: Vec::new(),
            first_starts: Vec::new(),
            required: params.required.iter().map(rank).collect(),
            codes,
        };
        let first_day = histories.days().iter().copied().min().unwrap_or(0);
        for c in kept {
            for b in histories.baskets_of(c as usize) {
                let first = made.items.len();
                made.items
                    .extend(histories.basket(b).iter().filter_map(rank));
                if made.items.len() > first {
                    made.items[first..].sort_unstable();
                    made.basket_starts.push(made.items.len() as u32);
                    // The difference of any two days fits into 32 bits without a sign.
                    let day = histories.days()[b].wrapping_sub(first_day) as u32;
                    made.days.push(day);
                }
            }
            if made.days.len() > made.customer_starts[made.n_customers()] as usize {
                made.customer_starts.push(made.days.len() as u32);
            }
        }
        made.find_pairs();
        made.find_firsts();
        made
    }

    /// Lists what each customer has and where.
    fn find_pairs(&mut self) {
        let mut lines: Vec<[u32; 3]> = Vec::new();
        let mut order: Vec<(u32, std::ops::Range<u32>)> = Vec::new();
        self.occurrences.reserve_exact(self.items.len());
        self.tails.reserve_exact(self.items.len());
        for c in 0..self.n_customers() {
            lines.clear();
            for b in self.baskets_of(c as u32) {
                let end = self.basket_starts[b as usize + 1];
                let places = self.basket_starts[b as usize]..end;
                lines.extend(places.zip(self.basket(b)).map(|(place, &item)| {
                    let tail = if place + 1 < end { place + 1 } else { NONE };
                    [item, b, tail]
                }));
            }
            lines.sort_unstable();
            order.clear();
            let mut start = 0;
            for chunk in lines.chunk_by(|a, b| a[0] == b[0]) {
                let end = start + chunk.len() as u32;
                order.push((chunk[chunk.len() - 1][1], start..end));
                start = end;
            }
            order.sort_unstable_by_key(|(last, range)| (std::cmp::Reverse(*last), range.start));
            let n_last_after = |b| order.partition_point(|(last, _)| *last > b) as u32;
            let baskets = self.customer_starts[c]..self.customer_starts[c + 1];
            self.n_after.extend(baskets.map(n_last_after));
            for (_, range) in &order {
                let chunk = &lines[range.start as usize..range.end as usize];
                self.pair_items.push(chunk[0][0]);
                self.occurrence_starts.push(self.occurrences.len() as u32);
                self.occurrences.extend(chunk.iter().map(|line| line[1]));
                self.tails.extend(chunk.iter().map(|line| line[2]));
            }
            self.pair_starts.push(self.pair_items.len() as u32);
        }
        self.occurrence_starts.push(self.occurrences.len() as u32);
    }

    /// Groups the pairs by item.
    fn find_firsts(&mut self) {
        let mut starts = vec![0_usize; self.codes.len() + 1];
        for &item in &self.pair_items {
            starts[item as usize + 1] += 1;
        }
        for rank in 0..self.codes.len() {
            starts[rank + 1] += starts[rank];
        }
        let mut next = starts.clone();
        self.firsts = vec![Group::default(); self.pair_items.len()];
        for c in 0..self.n_customers() as u32 {
            for pair in self.pair_starts[c as usize]..self.pair_starts[c as usize + 1] {
                let pair = pair as usize;
                let place = &mut next[self.pair_items[pair] as usize];
                self.firsts[*place] = Group {
                    customer: c,
                    from: self.occurrence_starts[pair],
                    to: self.occurrence_starts[pair + 1],
                };
                *place += 1;
            }
        }
        self.first_starts = starts;
    }

    /// Number of customers with a basket.
    pub(super) fn n_customers(&self) -> usize {
        self.customer_starts.len() - 1
    }

    /// The items of a customer, each with the baskets that hold it, ascending.
    pub(super) fn pairs_of(&self, customer: u32) -> impl Iterator<Item = (u32, &[u32])> {
        let c = customer as usize;
        let pairs = self.pair_starts[c] as usize..self.pair_starts[c + 1] as usize;
        pairs.map(|pair| {
            let places = self.occurrence_starts[pair]..self.occurrence_starts[pair + 1];
            let occurrences = &self.occurrences[places.start as usize..places.end as usize];
            (self.pair_items[pair], occurrences)
        })
    }

    /// Number of frequent items.
    pub(super) fn n_items(&self) -> usize {
        self.codes.len()
    }

    pub(super) fn codes(&self) -> &[u32] {
        &self.codes
    }

    pub(super) fn required(&self) -> Option<&[u32]> {
        self.required.as_deref()
    }

    /// Who has the item of this rank, and in which of the [`occurrences`](Self::occurrences).
    pub(super) fn firsts(&self, rank: u32) -> &[Group] {
        &self.firsts[self.first_starts[rank as usize]..self.first_starts[rank as usize + 1]]
    }

    /// Baskets of items; see [`firsts`](Self::firsts).
    pub(super) fn occurrences(&self) -> &[u32] {
        &self.occurrences
    }

    /// For each of the [`occurrences`](Self::occurrences), where [`tail`](Self::tail) begins, or
    /// [`NONE`].
    pub(super) fn tails(&self) -> &[u32] {
        &self.tails
    }

    /// The items of a basket from this place on.
    #[inline]
    pub(super) fn tail(&self, b: u32, place: u32) -> &[u32] {
        &self.items[place as usize..self.basket_starts[b as usize + 1] as usize]
    }

    /// The baskets of a customer.
    #[inline]
    pub(super) fn baskets_of(&self, customer: u32) -> std::ops::Range<u32> {
        let c = customer as usize;
        self.customer_starts[c]..self.customer_starts[c + 1]
    }

    /// The items of a basket, ascending.
    #[inline]
    pub(super) fn basket(&self, b: u32) -> &[u32] {
        let b = b as usize;
        &self.items[self.basket_starts[b] as usize..self.basket_starts[b + 1] as usize]
    }

    /// Days from basket `a` to basket `b`, which is not before it in time.
    #[inline]
    pub(super) fn days_between(&self, a: u32, b: u32) -> u32 {
        self.days[b as usize] - self.days[a as usize]
    }

    /// The first basket of the customer after basket `b` that lies at least so many days later;
    /// the end of his baskets if there is none.
    #[inline]
    pub(super) fn next(&self, customer: u32, b: u32, min_gap: u32) -> u32 {
        let mut next = b + 1;
        if min_gap > 0 {
            let end = self.baskets_of(customer).end;
            while next < end && self.days_between(b, next) < min_gap {
                next += 1;
            }
        }
        next
    }

    /// The last basket of the customer before basket `b` that lies at least so many days
    /// earlier.
    pub(super) fn previous(&self, customer: u32, b: u32, min_gap: u32) -> Option<u32> {
        (self.baskets_of(customer).start..b)
            .rev()
            .find(|&earlier| self.days_between(earlier, b) >= min_gap)
    }

    /// The items that the customer has from basket `b` on, each once, and the number of the pair
    /// of the first. `b` is a basket after one of his, or the end of his baskets.
    #[inline]
    pub(super) fn items_from(&self, customer: u32, b: u32) -> (&[u32], usize) {
        let first = self.pair_starts[customer as usize] as usize;
        let n_items = self.n_after[b as usize - 1] as usize;
        (&self.pair_items[first..first + n_items], first)
    }

    /// The baskets from `b` on that hold the item of a pair, as places in
    /// [`occurrences`](Self::occurrences). There is at least one.
    #[inline]
    pub(super) fn group_from(&self, customer: u32, pair: usize, b: u32) -> Group {
        let mut from = self.occurrence_starts[pair];
        while self.occurrences[from as usize] < b {
            from += 1;
        }
        Group {
            customer,
            from,
            to: self.occurrence_starts[pair + 1],
        }
    }
}

/// For each item code, whether patterns may hold it.
fn allowed(n_items: usize, forbidden: &[u32]) -> Vec<bool> {
    let mut allowed = vec![true; n_items];
    for &item in forbidden {
        if let Some(allowed) = allowed.get_mut(item as usize) {
            *allowed = false;
        }
    }
    allowed
}

/// The customers who have all required items: nobody else has any pattern that is wanted.
fn customers_with(histories: &Histories, required: &[u32]) -> Vec<u32> {
    let has = |c: u32, item: &u32| {
        let mut baskets = histories.baskets(c as usize);
        baskets.any(|basket| basket.items.binary_search(item).is_ok())
    };
    (0..histories.n_customers() as u32)
        .filter(|&c| required.iter().all(|item| has(c, item)))
        .collect()
}

/// For each item code, how many of these customers have it.
fn customer_counts(histories: &Histories, customers: &[u32]) -> Vec<u32> {
    let mut counts = vec![0_u32; histories.n_items()];
    let mut seen = vec![NONE; histories.n_items()];
    for &c in customers {
        for basket in histories.baskets(c as usize) {
            for &item in basket.items {
                if seen[item as usize] != c {
                    seen[item as usize] = c;
                    counts[item as usize] += 1;
                }
            }
        }
    }
    counts
}
