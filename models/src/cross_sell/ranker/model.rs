//! The ranker, fitted: what each customer would buy next, new to them or again.

use super::super::evidence::Counts;
use super::super::history::History;
use super::super::model::Suggestion;
use super::super::params::CrossSellValidParams;
use super::super::season::Unavailable;
use super::board::{DayTested, Gain, OfferTest, test};
use super::learn::{LESSONS, Lesson, Side, Sides, by_chance};
use super::signals::usual_gap;
use super::state::{Looker, State};

/// What the trees have learned of each kind, and how good they were on days that they had not seen.
///
/// Made by [`CrossSellValidParams::learn_to_rank`].
#[derive(Debug)]
pub struct Ranking {
    sides: Sides,
    /// Every way on every day, the earliest day first.
    pub tests: Vec<OfferTest>,
    /// On each tested day, the earliest first: the day, and how much better the trees were than
    /// [`Way::Affinity`](super::Way::Affinity) on what was new.
    pub new_gains: Vec<(i32, Gain)>,
    /// The same against [`Way::FadedFrequency`](super::Way::FadedFrequency) on what was bought
    /// again.
    pub again_gains: Vec<(i32, Gain)>,
}

impl CrossSellValidParams {
    /// Learns to rank from what was bought in the horizons before `as_of_day`, and tests it beside
    /// simpler ways on the last `n_tests` of those horizons: each time learning from earlier ones
    /// alone. `None` where the history is too short for even one test.
    ///
    /// Probabilities come from boosted trees with log loss over signals of the customer, the item,
    /// the two together and the season. Candidates are the best 40 by each of: three ridge regressions
    /// ([`CrossSell`](super::super::CrossSell)) over all purchases, those of the last three horizons
    /// and by how often and lately they were made, item-to-item neighbours over both, customers who are alike, and what most begin to
    /// buy; besides all that the customer has.
    ///
    /// Time: each day takes about the time of a fit. At most 3,000 customers teach on a day, so that
    /// the rows to learn from are bounded, whatever the number of customers.
    pub fn learn_to_rank(
        &self,
        history: &History<'_>,
        as_of_day: i32,
        n_tests: usize,
    ) -> Option<Ranking> {
        let (horizon, history) = (self.horizon_days(), history.judged());
        let first = (0..history.n_customers())
            .filter_map(|customer| Some(history.basket(history.first_row(customer)?).0))
            .min()?;
        let day = |back: usize| {
            let days = i64::from(horizon) * (back as i64 + 1);
            i32::try_from(i64::from(as_of_day) - days).ok()
        };
        // A day teaches that has a horizon of history before it.
        let teaches = |day: &i32| day.checked_sub(horizon).is_some_and(|d| d >= first);
        let days: Vec<i32> = (0..n_tests + LESSONS)
            .map_while(day)
            .take_while(teaches)
            .collect();
        if days.len() < 2 || n_tests == 0 {
            return None;
        }
        let mut lessons = Vec::with_capacity(days.len());
        let mut tested: Vec<(i32, DayTested)> = Vec::new();
        for (back, &day) in days.iter().enumerate().rev() {
            let state = State::at(self, &history, day);
            if back < n_tests && !lessons.is_empty() {
                let sides = Sides::learn(&lessons, day, horizon, self.seed());
                tested.push((day, test(self, &history, &state, &sides)));
            }
            lessons.push(Lesson::of(&state, self.seed()));
        }
        let gains = |of: fn(&DayTested) -> Option<Gain>| {
            let gain = |(day, tested): &(i32, DayTested)| Some((*day, of(tested)?));
            tested.iter().filter_map(gain).collect()
        };
        Some(Ranking {
            sides: Sides::learn(&lessons, as_of_day, horizon, self.seed()),
            new_gains: gains(|tested| tested.new),
            again_gains: gains(|tested| tested.again),
            tests: tested.into_iter().flat_map(|(_, day)| day.tests).collect(),
        })
    }
}

/// Something that a customer has bought and is likely to buy again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Again {
    /// Item code.
    pub item: u32,
    /// The probability of buying it within the horizon.
    pub probability: f64,
    /// Baskets of the customer with it.
    pub times: u32,
    /// The last day on which they bought it.
    pub last: i32,
    /// The mean days between two purchases; none where it was bought once.
    pub every: Option<f32>,
}

impl Again {
    /// The day on which it is due: the last purchase and the usual days after it; none where it was
    /// bought once. Before the as-of day where it is overdue.
    pub fn due(&self) -> Option<i32> {
        let every = self.every?;
        Some(self.last.saturating_add(libm::roundf(every) as i32))
    }
}

/// What one customer would buy next.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Next {
    /// What is new to them, best first.
    pub new: Vec<Suggestion>,
    /// What they have bought, most likely first.
    pub again: Vec<Again>,
}

/// A ranker on the day that it is used; made by [`Ranking::at`].
#[derive(Debug)]
pub struct Ranker<'a> {
    state: State<'a>,
    sides: &'a Sides,
    counts: Counts,
}

impl Ranking {
    /// Looks at the history before `as_of_day`, to suggest for the horizon from it. What
    /// [`History::with_active`] says is heeded.
    pub fn at<'a>(
        &'a self,
        params: &CrossSellValidParams,
        history: &History<'a>,
        as_of_day: i32,
    ) -> Ranker<'a> {
        let state = State::at(params, history, as_of_day);
        let counts = Counts::new(history, &state.owned, params.min_support());
        Ranker {
            state,
            sides: &self.sides,
            counts,
        }
    }

    /// Whether enough was bought to learn what is new to a customer, and what is bought again.
    pub fn has_learned(&self) -> (bool, bool) {
        (self.sides.new.is_some(), self.sides.again.is_some())
    }
}

/// Looks at one customer after the other; a thread has one of its own.
pub struct RankerScratch<'a>(Looker<'a>);

impl Ranker<'_> {
    /// Buffers for [`next`](Ranker::next): 30 bytes an item.
    pub fn scratch(&self) -> RankerScratch<'_> {
        RankerScratch(self.state.looker())
    }

    /// Customers of the history.
    pub fn n_customers(&self) -> usize {
        self.state.owned.n_customers()
    }

    /// What one customer would buy next: at most so many of each kind, of those items that
    /// `allowed` says yes to. Nothing for who has bought nothing.
    pub fn next(
        &self,
        scratch: &mut RankerScratch<'_>,
        customer: usize,
        most: [usize; 2],
        allowed: &dyn Fn(u32) -> bool,
    ) -> Next {
        let owned = &self.state.owned;
        let has = owned.of(customer);
        if has.is_empty() {
            return Next::default();
        }
        let looked = scratch.0.look(customer);
        let code = |place: u32| owned.codes[place as usize];
        let chosen = |side: &Option<Side>, items: &[u32], rows: &[f32], most: usize| {
            if most == 0 {
                return Vec::new();
            }
            let mut all = self.sides.probabilities(side, items, rows);
            all.retain(|(place, _)| allowed(code(*place)));
            by_chance(all, most)
        };
        let new = chosen(&self.sides.new, &looked.new, &looked.new_rows, most[0]);
        let again = chosen(
            &self.sides.again,
            &looked.again,
            &looked.again_rows,
            most[1],
        );
        let suggestion = |(rank, (place, score)): (u32, (u32, f64))| Suggestion {
            customer: customer as u32,
            rank,
            item: code(place),
            score,
            evidence: self.counts.explain(owned, has, place),
        };
        let bought = |(place, probability): (u32, f64)| {
            let at = has.binary_search_by_key(&place, |entry| entry.item).ok()?;
            let entry = &has[at];
            Some(Again {
                item: code(place),
                probability,
                times: entry.baskets,
                last: entry.last,
                every: usual_gap(entry),
            })
        };
        Next {
            new: (1..).zip(new).map(suggestion).collect(),
            again: again.into_iter().filter_map(bought).collect(),
        }
    }

    /// The items that are suggested to nobody, by item code, with the reason.
    pub fn unavailable(&self) -> Vec<(u32, Unavailable)> {
        let state = &self.state;
        let of = |&code: &u32| Some((code, state.unavailable[code as usize]?));
        state.owned.codes.iter().filter_map(of).collect()
    }
}
