//! Everything that is known at the start of a day, ready to look at one customer after the other.

use super::super::affinity::{Affinity, evenly};
use super::super::history::History;
use super::super::owned::{Entry, Owned};
use super::super::params::CrossSellValidParams;
use super::super::rank::best;
use super::super::sales::Sales;
use super::super::season::{Unavailable, unavailable};
use super::alike::{Alike, Found, REFERENCES};
use super::items::{Items, Windows};
use super::neighbours::{Neighbours, ever};
use super::signals::{AGAIN_WIDTH, FADED, FIT_SIGNALS, Habits, NEW_WIDTH};

/// Customers from whom neighbours are counted.
const MOST_COUNTED: usize = 20_000;
/// Candidates that each way of finding them brings at most.
const EACH_WAY: usize = 40;
/// Of what was bought lately there is less, so there is less to shrink: the share of the penalty.
const LATELY: f64 = 0.25;
/// The same where purchases have weights below 1.
const HABIT: f64 = 0.1;

/// What is known at the start of a day.
#[derive(Debug)]
pub(super) struct State<'a> {
    history: History<'a>,
    pub horizon: i32,
    pub owned: Owned,
    /// For each item of the history its place among those kept, or `u32::MAX`.
    pub index: Vec<u32>,
    /// For each item of the history why nobody gets it.
    pub unavailable: Vec<Option<Unavailable>>,
    /// For each kept item whether nobody gets it.
    pub closed: Vec<bool>,
    items: Items,
    /// Of all that was ever bought, of what was bought in the last three horizons, and of all by how
    /// often and how lately.
    affinities: [Affinity; 3],
    neighbours: [Neighbours; 2],
    alike: Alike,
}

/// Items of one customer with their signals.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// What the customer has not bought, by place among the kept items, ascending.
    pub new: Vec<u32>,
    /// Row by row, [`NEW_WIDTH`] each.
    pub new_rows: Vec<f32>,
    /// What the customer has bought and can be bought still, ascending.
    pub again: Vec<u32>,
    /// Row by row, [`AGAIN_WIDTH`] each.
    pub again_rows: Vec<f32>,
}

/// Buffers from one customer to the next: 24 bytes an item.
pub(super) struct Looker<'a> {
    state: &'a State<'a>,
    habits: Habits,
    found: Found,
    /// By each way of scoring, and last what others begin to buy.
    scores: [Vec<f32>; FIT_SIGNALS + 1],
    taken: Vec<bool>,
    list: Vec<(u32, f32)>,
    pub looked: Looked,
}

impl<'a> State<'a> {
    pub fn at(params: &CrossSellValidParams, history: &History<'a>, as_of: i32) -> Self {
        let horizon = params.horizon_days();
        let owned = Owned::at(history, as_of, params.max_items());
        let windows = Windows::before(as_of, horizon);
        let lately = owned.lately(windows.three);
        let active = |owned: &Owned| -> Vec<usize> {
            let all = 0..owned.n_customers();
            all.filter(|&customer| !owned.of(customer).is_empty())
                .collect()
        };
        let affinity = |owned: &Owned, share: f64| {
            let most = params.max_fit_customers();
            Affinity::fit(
                owned,
                params.rank(),
                params.shrinkage() * share,
                most,
                params.seed(),
            )
        };
        let counted = |owned: &Owned| {
            let customers = evenly(active(owned), MOST_COUNTED);
            Neighbours::of(&ever(owned, &customers), owned.n_items())
        };
        let by_habit = Affinity::fit_by(
            &owned,
            params.rank(),
            params.shrinkage() * HABIT,
            params.max_fit_customers(),
            params.seed(),
            &|entry| habit(entry, as_of, horizon),
        );
        let sales = Sales::new(history, as_of);
        let unavailable = unavailable(history, &sales, as_of, horizon);
        let mut index = vec![u32::MAX; history.n_items()];
        for (place, &code) in owned.codes.iter().enumerate() {
            index[code as usize] = place as u32;
        }
        Self {
            history: *history,
            horizon,
            closed: owned.closed(&unavailable),
            items: Items::of(history, &owned, &sales, horizon),
            affinities: [affinity(&owned, 1.0), affinity(&lately, LATELY), by_habit],
            neighbours: [counted(&owned), counted(&lately)],
            alike: Alike::new(&owned, evenly(active(&owned), REFERENCES), windows.one),
            index,
            unavailable,
            owned,
        }
    }

    pub fn looker(&'a self) -> Looker<'a> {
        let n = self.owned.n_items();
        Looker {
            state: self,
            habits: Habits::default(),
            found: Found::default(),
            scores: std::array::from_fn(|_| vec![0.0; n]),
            taken: vec![false; n],
            list: Vec::with_capacity(n),
            looked: Looked::default(),
        }
    }

    /// The kept items that a customer bought in the horizon from this day on, ascending.
    pub fn outcome(&self, customer: usize) -> Vec<u32> {
        let end = self.owned.as_of.saturating_add(self.horizon);
        let rows = self.history.rows(customer, self.owned.as_of, end);
        let places = rows.map(|row| self.index[self.history.item(row) as usize]);
        let mut bought: Vec<u32> = places.filter(|&place| place != u32::MAX).collect();
        bought.sort_unstable();
        bought.dedup();
        bought
    }
}

impl Looker<'_> {
    /// Gathers the candidates of a customer and what is known of each.
    pub fn look(&mut self, customer: usize) -> &Looked {
        let state = self.state;
        let owned = &state.owned;
        let has = owned.of(customer);
        let since = Windows::before(owned.as_of, state.horizon).three;
        self.habits.look(
            &state.history,
            owned,
            &state.index,
            &state.items,
            customer,
            state.horizon,
        );
        let lately = || has.iter().filter(|e| e.last >= since).map(|e| e.item);
        let all = || has.iter().map(|entry| entry.item);
        state.affinities[0].score(all(), &mut self.scores[0]);
        state.affinities[1].score(lately(), &mut self.scores[1]);
        // Where nobody bought anything of late, nothing fits.
        self.scores[1].resize(owned.n_items(), 0.0);
        let habits = has
            .iter()
            .map(|entry| (entry.item, habit(entry, owned.as_of, state.horizon)));
        state.affinities[2].score_by(habits, &mut self.scores[5]);
        self.scores[2].fill(0.0);
        state.neighbours[0].add_to(all(), &mut self.scores[2]);
        self.scores[3].fill(0.0);
        state.neighbours[1].add_to(lately(), &mut self.scores[3]);
        state
            .alike
            .score(customer, has, &mut self.found, &mut self.scores[4]);
        self.gather(has);
        let looked = &mut self.looked;
        for &item in &looked.new {
            let fit = std::array::from_fn(|place| self.scores[place][item as usize]);
            self.habits.write(
                &state.items,
                owned.as_of,
                item,
                fit,
                None,
                &mut looked.new_rows,
            );
        }
        for (place, entry) in has.iter().enumerate() {
            if state.closed[entry.item as usize] {
                continue;
            }
            looked.again.push(entry.item);
            let fit = std::array::from_fn(|score| self.scores[score][entry.item as usize]);
            let own = Some((place, entry));
            let rows = &mut looked.again_rows;
            self.habits
                .write(&state.items, owned.as_of, entry.item, fit, own, rows);
        }
        looked
    }

    /// Finds what the customer has not bought and might: the best by each way of scoring, and what
    /// most others begin to buy.
    fn gather(&mut self, has: &[Entry]) {
        let state = self.state;
        let looked = &mut self.looked;
        looked.new.clear();
        looked.new_rows.clear();
        looked.again.clear();
        looked.again_rows.clear();
        self.taken.copy_from_slice(&state.closed);
        for entry in has {
            self.taken[entry.item as usize] = true;
        }
        let tried = (0..state.owned.n_items() as u32).map(|item| state.items.tried(item));
        self.scores[FIT_SIGNALS].clear();
        self.scores[FIT_SIGNALS].extend(tried);
        let better = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        for scores in &self.scores {
            let list = &mut self.list;
            list.clear();
            let open = scores.iter().zip(&self.taken).zip(0..);
            list.extend(open.filter_map(|((&score, taken), item)| {
                (!taken && score > 0.0).then_some((item, score))
            }));
            if list.len() > EACH_WAY {
                list.select_nth_unstable_by(EACH_WAY, better);
                list.truncate(EACH_WAY);
            }
            looked.new.extend(list.iter().map(|(item, _)| *item));
        }
        looked.new.sort_unstable();
        looked.new.dedup();
    }

    /// Whether a customer has bought an item.
    pub fn has(&self, customer: usize, item: u32) -> bool {
        let has = self.state.owned.of(customer);
        has.binary_search_by_key(&item, |entry| entry.item).is_ok()
    }

    /// What the neighbours of all items of the customer who was looked at last say, without what
    /// they have.
    pub fn by_cosine(&self, customer: usize, most: usize) -> Vec<u32> {
        let scores = self.scores[2].iter().zip(&self.taken).zip(0..);
        let mut list: Vec<(u32, f64)> = scores
            .filter(|((_, taken), item)| !**taken && !self.has(customer, *item))
            .map(|((&score, _), item)| (item, f64::from(score)))
            .collect();
        best(&mut list, most);
        list.into_iter().map(|(item, _)| item).collect()
    }

    /// The items that the customer who was looked at last can buy again: with their baskets, and
    /// with baskets that fade.
    pub fn own_frequency(&self) -> [Vec<(u32, f64)>; 2] {
        let looked = &self.looked;
        [0, FADED].map(|column| {
            let rows = looked.again_rows.chunks_exact(AGAIN_WIDTH);
            let of = |(&item, row): (&u32, &[f32])| (item, f64::from(row[NEW_WIDTH + column]));
            looked.again.iter().zip(rows).map(of).collect()
        })
    }
}

/// How much an item is a habit: the logarithm of how often it was bought, less the longer ago.
fn habit(entry: &Entry, as_of: i32, horizon: i32) -> f32 {
    let ago = f64::from(as_of.saturating_sub(entry.last)) / (2.0 * f64::from(horizon));
    libm::log1p(f64::from(entry.baskets) * libm::exp(-ago)) as f32
}
