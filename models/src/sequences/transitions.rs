//! From one basket to the next: the simplest model of what comes next.

use rayon::prelude::*;

use super::Histories;

/// Which steps count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransitionParams {
    /// Whether the step from an item to itself counts. Default true. Without it, the other
    /// counts stay the same.
    pub self_transitions: bool,
    /// The most days from a basket to the next one; a later one is not seen as a step. Default:
    /// no limit.
    pub max_gap: Option<u32>,
}

impl Default for TransitionParams {
    fn default() -> Self {
        Self {
            self_transitions: true,
            max_gap: None,
        }
    }
}

impl TransitionParams {
    /// Counts the steps of these histories.
    ///
    /// **A step** is a basket of a customer and his next basket, whatever is in it. Every item of
    /// the first and every item of the second make a pair; a step of 3 items and 2 counts in 6
    /// pairs, once in each. Any history can be counted, none too; items in two giant baskets that
    /// follow each other take time and memory for all their pairs. The result is the same on any
    /// number of threads.
    pub fn fit(&self, histories: &Histories) -> Transitions {
        Transitions::new(histories, *self)
    }

    /// The baskets from which a step leads to the next one.
    pub(super) fn steps(self, histories: &Histories) -> impl Iterator<Item = usize> {
        (0..histories.n_customers()).flat_map(move |c| {
            let baskets = histories.baskets_of(c);
            let followed = baskets.start..baskets.end.saturating_sub(1).max(baskets.start);
            followed.filter(move |&b| {
                (self.max_gap).is_none_or(|days| histories.days_between(b, b + 1) <= days)
            })
        })
    }
}

/// First-order transitions between items: how often one is in a customer's next basket after
/// another. Only the pairs that occur are kept.
///
/// Two questions look alike and differ where baskets hold several items:
///
/// - [`confidence`](Transition::confidence): of the steps from a basket with A, the share whose
///   next basket holds B. A row adds up to the mean size of the next basket.
/// - [`probability`](Transition::probability): of all pairs from A, the share that lead to B. A
///   row adds up to 1: the matrix of a Markov chain.
///
/// The steps of one customer are no independent draws, so there is no p-value here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transitions {
    pub(super) params: TransitionParams,
    n_steps: u64,
    /// For each item, the steps from a basket with it, and those to a basket with it.
    from_counts: Vec<u64>,
    to_counts: Vec<u64>,
    /// Item `a` has the pairs `starts[a]..starts[a + 1]`.
    starts: Vec<usize>,
    /// Item and count of each pair, items ascending.
    pairs: Vec<(u32, u64)>,
    /// For each item, the sum of the counts of its pairs.
    totals: Vec<u64>,
}

/// One pair of items, `from` in a basket and `to` in the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition {
    /// Item of the first basket.
    pub from: u32,
    /// Item of the next basket.
    pub to: u32,
    /// Number of steps with this pair.
    pub count: u64,
    /// Number of steps from a basket with `from`.
    pub from_count: u64,
    /// Number of steps to a basket with `to`.
    pub to_count: u64,
    /// The steps that all this is counted among: all of them, or those in which both items could be
    /// bought ([`measured_on_sale`](Transitions::measured_on_sale)).
    pub n_steps: u64,
    /// `count / from_count`: the share of the next baskets that hold `to`. NaN if there is no
    /// step from `from`.
    pub confidence: f64,
    /// `count` over all pairs from `from`. NaN if there are none.
    pub probability: f64,
    /// `from_count * to_count / n_steps`: the count if the next basket did not depend on this
    /// one. NaN without steps.
    pub expected: f64,
    /// `count / expected`, which is the confidence over the base rate `to_count / n_steps`. NaN
    /// if nothing is expected.
    pub lift: f64,
}

impl Transitions {
    fn new(histories: &Histories, params: TransitionParams) -> Self {
        let n_items = histories.n_items();
        // The steps from each item's baskets: item after item, by the number of the basket.
        let mut from_counts = vec![0_u64; n_items];
        let mut to_counts = vec![0_u64; n_items];
        let steps = || params.steps(histories);
        let mut n_steps = 0;
        for b in steps() {
            n_steps += 1;
            for &item in histories.basket(b) {
                from_counts[item as usize] += 1;
            }
            for &item in histories.basket(b + 1) {
                to_counts[item as usize] += 1;
            }
        }
        let mut step_starts = vec![0_usize; n_items + 1];
        for item in 0..n_items {
            step_starts[item + 1] = step_starts[item] + from_counts[item] as usize;
        }
        let mut next = step_starts.clone();
        let mut step_baskets = vec![0_u32; step_starts[n_items]];
        for b in steps() {
            for &item in histories.basket(b) {
                let place = &mut next[item as usize];
                step_baskets[*place] = b as u32;
                *place += 1;
            }
        }
        let rows: Vec<Vec<(u32, u64)>> = (0..n_items)
            .into_par_iter()
            .map_init(
                || vec![0_u64; n_items],
                |counts, from| {
                    let mut touched: Vec<u32> = Vec::new();
                    for &b in &step_baskets[step_starts[from]..step_starts[from + 1]] {
                        for &to in histories.basket(b as usize + 1) {
                            let count = &mut counts[to as usize];
                            if *count == 0 {
                                touched.push(to);
                            }
                            *count += 1;
                        }
                    }
                    touched.sort_unstable();
                    let mut row = Vec::with_capacity(touched.len());
                    for to in touched {
                        let count = std::mem::take(&mut counts[to as usize]);
                        if params.self_transitions || to as usize != from {
                            row.push((to, count));
                        }
                    }
                    row
                },
            )
            .collect();
        let mut starts = vec![0];
        for row in &rows {
            starts.push(starts[starts.len() - 1] + row.len());
        }
        Self {
            params,
            n_steps,
            from_counts,
            to_counts,
            starts,
            totals: rows
                .iter()
                .map(|row| row.iter().map(|(_, count)| count).sum())
                .collect(),
            pairs: rows.concat(),
        }
    }

    /// Number of steps.
    pub fn n_steps(&self) -> u64 {
        self.n_steps
    }

    /// Number of item codes.
    pub fn n_items(&self) -> usize {
        self.totals.len()
    }

    /// Number of different pairs that occur.
    pub fn n_pairs(&self) -> usize {
        self.pairs.len()
    }

    /// The pair of these two items, also if it never occurs.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn get(&self, from: u32, to: u32) -> Transition {
        let row = self.row(from);
        let count = match row.binary_search_by_key(&to, |(item, _)| *item) {
            Ok(place) => row[place].1,
            Err(_) => 0,
        };
        self.transition(from, to, count)
    }

    /// The pairs from this item that occur, by `to`.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn from(&self, item: u32) -> impl ExactSizeIterator<Item = Transition> {
        self.row(item)
            .iter()
            .map(move |&(to, count)| self.transition(item, to, count))
    }

    /// All pairs that occur, by `from` and then by `to`.
    pub fn iter(&self) -> impl Iterator<Item = Transition> {
        (0..self.n_items() as u32).flat_map(|item| self.from(item))
    }

    fn row(&self, item: u32) -> &[(u32, u64)] {
        &self.pairs[self.starts[item as usize]..self.starts[item as usize + 1]]
    }

    fn transition(&self, from: u32, to: u32, count: u64) -> Transition {
        let [from_count, to_count, total] = [
            self.from_counts[from as usize],
            self.to_counts[to as usize],
            self.totals[from as usize],
        ];
        Transition {
            from,
            to,
            count,
            from_count,
            to_count,
            n_steps: self.n_steps,
            confidence: f64::NAN,
            probability: count as f64 / total as f64,
            expected: f64::NAN,
            lift: f64::NAN,
        }
        .among(self.n_steps, from_count, to_count)
    }
}

impl Transition {
    /// The same pair, counted among so many steps, of which so many begin and end with its items.
    pub(super) fn among(self, n_steps: u64, from_count: u64, to_count: u64) -> Self {
        let [n, a, b, both] = [n_steps, from_count, to_count, self.count].map(|count| count as f64);
        Self {
            from_count,
            to_count,
            n_steps,
            confidence: both / a,
            expected: a * b / n,
            lift: n * both / (a * b),
            ..self
        }
    }
}
