//! Fitting and suggesting.

use rayon::prelude::*;

use super::affinity::Affinity;
use super::calibration::{Calibration, customer_signals, item_signals, sigmoid};
use super::evidence::{Counts, Evidence};
use super::history::History;
use super::owned::Owned;
use super::params::CrossSellValidParams;
use super::rank::{Ranker, best};
use super::sales::Sales;
use super::season::{Unavailable, turn_of_season, unavailable};

/// What a score means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScoreKind {
    /// The probability that the customer buys the item for the first time within the horizon,
    /// if first purchases go on as in the horizon before the as-of day.
    Probability,
    /// The history was too short to learn probabilities from: the predicted 0/1 ownership of
    /// the ridge regression, cut to `[0, 1]`. It ranks, and says no more.
    Affinity,
}

/// One item for one customer.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggestion {
    /// Index of the customer in the history.
    pub customer: u32,
    /// 1 is best.
    pub rank: u32,
    /// Item code.
    pub item: u32,
    /// In `[0, 1]`, never rising with the rank; what it means is [`CrossSell::score_kind`].
    pub score: f64,
    /// Why, in counts.
    pub evidence: Evidence,
}

/// A fitted recommender; made by [`CrossSellValidParams::fit`].
#[derive(Debug)]
pub struct CrossSell {
    scorer: Scorer,
    counts: Counts,
}

impl CrossSellValidParams {
    /// Learns from the rows with `day < as_of_day`; later rows are not looked at.
    ///
    /// An empty history gives a model that suggests nothing.
    ///
    /// Time grows with the (customer, item) pairs times the rank, and with the sum of the
    /// squared sizes of the baskets. Memory: 16 bytes for each (customer, item) pair twice over,
    /// `4 x n_items^2` bytes for the pairs of items (`n_items` at most `max_items`) and 8 bytes
    /// a row, which the days of the sales need before; nothing is kept for each customer and item not bought.
    pub fn fit(&self, history: &History<'_>, as_of_day: i32) -> CrossSell {
        let scorer = Scorer::fit(self, history, as_of_day);
        let counts = Counts::new(history, &scorer.owned, self.min_support());
        CrossSell { scorer, counts }
    }
}

impl CrossSell {
    /// Suggestions for every customer, by customer and then rank.
    ///
    /// Never an item that the customer has bought, nor one beyond `max_items`, nor one that
    /// nobody has bought, nor one of [`unavailable`](CrossSell::unavailable); fewer than asked for
    /// only when nothing else is left. A customer
    /// without purchases gets the items that the largest share of customers bought within the
    /// last horizon, and that share as the score. Items equal in everything go by the lower code.
    pub fn suggest(&self) -> Vec<Suggestion> {
        let owned = &self.scorer.owned;
        let per_customer: Vec<Vec<Suggestion>> = (0..owned.n_customers())
            .into_par_iter()
            .map_init(
                || self.scorer.ranker(),
                |ranker, customer| {
                    let has = owned.of(customer);
                    (1..)
                        .zip(self.scorer.best(ranker, customer))
                        .map(|(rank, (item, score))| Suggestion {
                            customer: customer as u32,
                            rank,
                            item: owned.codes[item as usize],
                            score,
                            evidence: self.counts.explain(owned, has, item),
                        })
                        .collect()
                },
            )
            .collect();
        per_customer.into_iter().flatten().collect()
    }

    /// Whether scores are probabilities.
    pub fn score_kind(&self) -> ScoreKind {
        self.scorer.kind()
    }

    /// Items looked at.
    pub fn n_items(&self) -> usize {
        self.scorer.owned.n_items()
    }

    /// Items that were bought but are beyond `max_items`, and so are neither suggested nor
    /// named in a reason.
    pub fn n_items_left_out(&self) -> usize {
        self.scorer.owned.left_out
    }

    /// The items that were bought and are suggested to nobody, by item code, with the reason: they
    /// are no longer sold, or out of season in the horizon.
    pub fn unavailable(&self) -> Vec<(u32, Unavailable)> {
        let of = |&code: &u32| Some((code, self.scorer.unavailable[code as usize]?));
        self.scorer.owned.codes.iter().filter_map(of).collect()
    }

    /// Customers with at least one purchase before the as-of day.
    pub fn n_active_customers(&self) -> usize {
        self.scorer.owned.n_active
    }
}

/// The part that ranks; the hold-out test needs no more.
#[derive(Debug)]
pub(super) struct Scorer {
    pub owned: Owned,
    affinity: Affinity,
    calibration: Option<Calibration>,
    /// What each item adds to the log-odds.
    item_parts: Vec<f64>,
    /// For each item of the history why nobody gets it.
    unavailable: Vec<Option<Unavailable>>,
    /// For each kept item whether nobody gets it.
    closed: Vec<bool>,
    /// For customers without purchases: the best items and their share of customers.
    first_items: Vec<(u32, f64)>,
    suggestions: usize,
    candidates: usize,
    horizon: i32,
}

impl Scorer {
    pub fn fit(params: &CrossSellValidParams, history: &History<'_>, as_of: i32) -> Self {
        let owned = Owned::at(history, as_of, params.max_items());
        let affinity = Affinity::fit(
            &owned,
            params.rank(),
            params.shrinkage(),
            params.max_fit_customers(),
            params.seed(),
        );
        let sales = Sales::new(history, as_of);
        let calibration = Calibration::learn(history, &sales, params, as_of);
        let horizon = params.horizon_days();
        let item_parts = match &calibration {
            Some(c) => {
                let turns = turn_of_season(&sales, as_of, horizon);
                let turns = owned.codes.iter().map(|&code| turns[code as usize]);
                let signals = item_signals(&owned, horizon);
                let items = signals.iter().zip(turns);
                items.map(|(rates, turn)| c.of_item(rates, turn)).collect()
            }
            None => Vec::new(),
        };
        let unavailable = unavailable(history, &sales, as_of, horizon);
        let closed = owned.closed(&unavailable);
        let first_items = first_items(&owned, &closed, horizon, params.suggestions());
        Self {
            owned,
            affinity,
            calibration,
            item_parts,
            unavailable,
            closed,
            first_items,
            suggestions: params.suggestions(),
            candidates: params.candidates(),
            horizon,
        }
    }

    pub fn ranker(&self) -> Ranker<'_> {
        Ranker::new(&self.affinity, &self.closed, self.candidates)
    }

    pub fn kind(&self) -> ScoreKind {
        match self.calibration {
            Some(_) => ScoreKind::Probability,
            None => ScoreKind::Affinity,
        }
    }

    /// The best items (by their place in [`Owned::codes`]) with their scores, best first.
    pub fn best(&self, ranker: &mut Ranker<'_>, customer: usize) -> Vec<(u32, f64)> {
        let has = self.owned.of(customer);
        if has.is_empty() {
            return self.first_items.clone();
        }
        let candidates = ranker.candidates(has);
        let Some(calibration) = &self.calibration else {
            let mut list = candidates
                .iter()
                .map(|&(item, a)| (item, f64::from(a)))
                .collect();
            best(&mut list, self.suggestions);
            list.iter_mut()
                .for_each(|(_, score)| *score = score.clamp(0.0, 1.0));
            return list;
        };
        let habits = customer_signals(has, self.owned.as_of, self.horizon);
        let own = calibration.of_customer(&habits);
        let odds = |&(item, affinity): &(u32, f32)| {
            (
                item,
                own + self.item_parts[item as usize] + calibration.of_affinity(affinity),
            )
        };
        let mut list = candidates.iter().map(odds).collect();
        best(&mut list, self.suggestions);
        list.iter_mut()
            .for_each(|(_, score)| *score = sigmoid(*score));
        list
    }
}

/// The items bought by most customers within the last horizon, with their share of customers;
/// without those that are `closed`.
fn first_items(
    owned: &Owned,
    closed: &[bool],
    horizon: i32,
    suggestions: usize,
) -> Vec<(u32, f64)> {
    let start = owned.as_of.saturating_sub(horizon);
    let mut recent = vec![0u32; owned.n_items()];
    for entry in owned.all().iter().filter(|e| e.last >= start) {
        recent[entry.item as usize] += 1;
    }
    let mut order: Vec<u32> = (0..owned.n_items() as u32)
        .filter(|&item| !closed[item as usize])
        .collect();
    order.sort_by_key(|&i| {
        (
            std::cmp::Reverse((recent[i as usize], owned.buyers[i as usize])),
            i,
        )
    });
    order.truncate(suggestions);
    let n = owned.n_active as f64;
    order
        .into_iter()
        .map(|i| (i, f64::from(recent[i as usize]) / n))
        .collect()
}
