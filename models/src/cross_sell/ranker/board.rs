//! Ways to suggest, tested on later days than they have learned from, one beside the other.

use rayon::prelude::*;

use super::super::history::History;
use super::super::model::{ScoreKind, Scorer};
use super::super::params::CrossSellValidParams;
use super::learn::{Sides, by_chance};
use super::state::{Looker, State};
use crate::metrics::{RankingQuality, ranking_quality};

/// What a list of suggestions is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OfferKind {
    /// What the customer has not bought before.
    New,
    /// What they have.
    Again,
    /// Both together.
    All,
}

/// A way to make suggestions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// What most customers bought in the horizon before.
    PopularLately,
    /// What most customers have ever bought.
    PopularEver,
    /// Item-to-item neighbours by cosine, 200 of each item.
    ItemCosine,
    /// The customer's own baskets of each item; what is left by popularity.
    Frequency,
    /// The same, a basket counting less the longer ago it is.
    FadedFrequency,
    /// Affinity and a logistic regression: [`CrossSell`](super::super::CrossSell).
    Affinity,
    /// Boosted trees over the candidates of all ways: [`Ranker`](super::Ranker).
    Trees,
}

/// How good a way was on one day.
#[derive(Clone, Debug, PartialEq)]
pub struct OfferTest {
    /// The day from which on nothing was known.
    pub day: i32,
    /// What was suggested.
    pub kind: OfferKind,
    /// How.
    pub way: Way,
    /// Over the customers who then bought something of the kind.
    pub quality: RankingQuality,
    /// The share of what could be suggested that was suggested to anybody.
    pub catalogue: f64,
    /// The mean difference between what the scores said and what happened, over ten parts of the
    /// suggestions by score; none where scores are no probabilities.
    pub calibration_error: Option<f64>,
}

/// One way less another over the same customers, on one day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gain {
    /// The mean difference of the NDCG.
    pub mean: f64,
    /// Its standard error.
    pub error: f64,
}

impl Gain {
    /// Whether the difference is larger than twice its standard error.
    pub fn beyond_noise(&self) -> bool {
        self.mean > 2.0 * self.error
    }
}

/// What the tests of one day say.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DayTested {
    pub tests: Vec<OfferTest>,
    /// The trees against the affinity, on what is new.
    pub new: Option<Gain>,
    /// The trees against faded frequency, on what was bought before.
    pub again: Option<Gain>,
}

const NEW: [Way; 5] = [
    Way::PopularLately,
    Way::PopularEver,
    Way::ItemCosine,
    Way::Affinity,
    Way::Trees,
];
const AGAIN: [Way; 3] = [Way::Frequency, Way::FadedFrequency, Way::Trees];

/// The lists of one customer by kind and way, best first, and what was then bought.
struct Lists {
    lists: Vec<Vec<u32>>,
    /// The scores of the lists that are probabilities.
    scores: Vec<Vec<f64>>,
    truths: [Vec<u32>; 3],
}

/// Every (kind, way) that is tested.
fn tested() -> Vec<(OfferKind, Way)> {
    let new = NEW.map(|way| (OfferKind::New, way));
    let again = AGAIN.map(|way| (OfferKind::Again, way));
    let all = AGAIN.map(|way| (OfferKind::All, way));
    new.into_iter().chain(again).chain(all).collect()
}

/// Tests all ways on the day of `state`.
pub(super) fn test(
    params: &CrossSellValidParams,
    history: &History<'_>,
    state: &State<'_>,
    sides: &Sides,
) -> DayTested {
    let scorer = Scorer::fit(params, &history.judged(), state.owned.as_of);
    let popular = Popular::of(state);
    let k = params.suggestions();
    let all: Vec<Lists> = (0..state.owned.n_customers())
        .into_par_iter()
        .map_init(
            || (state.looker(), scorer.ranker()),
            |(looker, ranker), customer| {
                let has = state.owned.of(customer);
                if has.is_empty() {
                    return None;
                }
                // Both know the same items, under the same numbers, of the same day.
                let code = |place: u32| state.owned.codes[place as usize];
                let affinity = scorer.best(ranker, customer).into_iter();
                let affinity = affinity.map(|(place, score)| (code(place), score));
                let mut lists = Lists::of(looker, customer, sides, &popular, k);
                for list in &mut lists.lists {
                    list.iter_mut().for_each(|place| *place = code(*place));
                }
                let place = NEW.iter().position(|way| *way == Way::Affinity)?;
                (lists.lists[place], lists.scores[place]) = affinity.unzip();
                if scorer.kind() != ScoreKind::Probability {
                    lists.scores[place].clear();
                }
                lists.truths = truths(history, state, customer);
                Some(lists)
            },
        )
        .collect::<Vec<_>>()
        .into_iter()
        .flatten()
        .collect();
    judged(state, &all, k)
}

/// What a customer bought in the horizon from the day: new to them, again, and both.
fn truths(history: &History<'_>, state: &State<'_>, customer: usize) -> [Vec<u32>; 3] {
    let sorted = |rows: std::ops::Range<usize>| {
        let mut items: Vec<u32> = rows.map(|row| history.item(row)).collect();
        items.sort_unstable();
        items.dedup();
        items
    };
    let day = state.owned.as_of;
    let had = sorted(history.rows(customer, i32::MIN, day));
    let all = sorted(history.rows(customer, day, day.saturating_add(state.horizon)));
    let again = |item: &u32| had.binary_search(item).is_ok();
    let (again, new) = all.iter().copied().partition(again);
    [new, again, all]
}

/// The measures of every way.
fn judged(state: &State<'_>, all: &[Lists], k: usize) -> DayTested {
    let open = state.closed.iter().filter(|closed| !**closed).count();
    let mut tests = Vec::new();
    for (place, (kind, way)) in tested().into_iter().enumerate() {
        let pairs = all.iter().map(|l| (&l.lists[place][..], l.truth(kind)));
        let Ok(quality) = ranking_quality(k, pairs) else {
            continue;
        };
        let mut suggested: Vec<u32> = all.iter().flat_map(|l| l.lists[place].clone()).collect();
        suggested.sort_unstable();
        suggested.dedup();
        tests.push(OfferTest {
            day: state.owned.as_of,
            kind,
            way,
            quality,
            catalogue: suggested.len() as f64 / open.max(1) as f64,
            calibration_error: calibration_error(all, place, kind),
        });
    }
    let place = |kind, way| tested().iter().position(|one| *one == (kind, way));
    let gain = |kind, simple| {
        let (trees, simple) = (place(kind, Way::Trees)?, place(kind, simple)?);
        gain(all, kind, trees, simple, k)
    };
    DayTested {
        new: gain(OfferKind::New, Way::Affinity),
        again: gain(OfferKind::Again, Way::FadedFrequency),
        tests,
    }
}

/// How much better one way is than another, customer by customer.
fn gain(all: &[Lists], kind: OfferKind, a: usize, b: usize, k: usize) -> Option<Gain> {
    let of = |lists: &Lists, place: usize| {
        let one = [(&lists.lists[place][..], lists.truth(kind))];
        ranking_quality(k, one).ok().map(|quality| quality.ndcg)
    };
    let differences: Vec<f64> = all
        .iter()
        .filter_map(|lists| Some(of(lists, a)? - of(lists, b)?))
        .collect();
    let n = differences.len() as f64;
    if n < 2.0 {
        return None;
    }
    let mean = differences.iter().sum::<f64>() / n;
    let squares: f64 = differences.iter().map(|d| (d - mean).powi(2)).sum();
    Some(Gain {
        mean,
        error: (squares / (n - 1.0) / n).sqrt(),
    })
}

/// See [`OfferTest::calibration_error`].
fn calibration_error(all: &[Lists], place: usize, kind: OfferKind) -> Option<f64> {
    let mut pairs: Vec<(f64, bool)> = Vec::new();
    for lists in all {
        let truth = lists.truth(kind);
        let bought = |item: &u32| truth.binary_search(item).is_ok();
        let hits = lists.lists[place].iter().map(bought);
        pairs.extend(lists.scores[place].iter().copied().zip(hits));
    }
    if pairs.is_empty() {
        return None;
    }
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let apart = pairs.chunks(pairs.len().div_ceil(10)).map(|part| {
        let said: f64 = part.iter().map(|pair| pair.0).sum();
        let happened = part.iter().filter(|pair| pair.1).count() as f64;
        (said - happened).abs()
    });
    Some(apart.sum::<f64>() / pairs.len() as f64)
}

/// The kept items that can be suggested, by how many bought them.
struct Popular {
    lately: Vec<u32>,
    ever: Vec<u32>,
}

impl Popular {
    fn of(state: &State<'_>) -> Self {
        let owned = &state.owned;
        let since = owned.as_of.saturating_sub(state.horizon);
        let mut late = vec![0_u32; owned.n_items()];
        for entry in owned.all().iter().filter(|entry| entry.last >= since) {
            late[entry.item as usize] += 1;
        }
        let ordered = |first: &[u32]| {
            let mut order: Vec<u32> = (0..owned.n_items() as u32)
                .filter(|&item| !state.closed[item as usize])
                .collect();
            order.sort_by_key(|&item| {
                let at = item as usize;
                (std::cmp::Reverse((first[at], owned.buyers[at])), item)
            });
            order
        };
        Self {
            lately: ordered(&late),
            ever: ordered(&owned.buyers),
        }
    }
}

impl Lists {
    fn truth(&self, kind: OfferKind) -> &[u32] {
        &self.truths[kind as usize]
    }

    /// The lists of a customer, by places among the kept items; that of the affinity is left empty.
    fn of(
        looker: &mut Looker<'_>,
        customer: usize,
        sides: &Sides,
        popular: &Popular,
        k: usize,
    ) -> Self {
        looker.look(customer);
        let looked = &looker.looked;
        let fresh = |order: &[u32]| -> Vec<u32> {
            let owned = |item: &&u32| !looker.has(customer, **item);
            order.iter().filter(owned).take(k).copied().collect()
        };
        let new = sides.probabilities(&sides.new, &looked.new, &looked.new_rows);
        let again = sides.probabilities(&sides.again, &looked.again, &looked.again_rows);
        let cosine = looker.by_cosine(customer, k);
        let both: Vec<(u32, f64)> = new.iter().chain(&again).copied().collect();
        let [times, faded] = looker.own_frequency();
        let filled = |own: &[(u32, f64)]| -> Vec<u32> {
            let mut list = by_chance(own.to_vec(), k);
            let more = fresh(&popular.lately).into_iter().map(|item| (item, 0.0));
            list.extend(more);
            list.truncate(k);
            list.into_iter().map(|(item, _)| item).collect()
        };
        let own = |own: &[(u32, f64)]| -> Vec<u32> {
            let list = by_chance(own.to_vec(), k).into_iter();
            list.map(|(item, _)| item).collect()
        };
        let trees = [new, again, both].map(|list| by_chance(list, k));
        let [new, again, both] = trees.map(|l| -> (Vec<u32>, Vec<f64>) { l.into_iter().unzip() });
        let lists = vec![
            fresh(&popular.lately),
            fresh(&popular.ever),
            cosine,
            Vec::new(),
            new.0,
            own(&times),
            own(&faded),
            again.0,
            filled(&times),
            filled(&faded),
            both.0,
        ];
        let mut scores = vec![Vec::new(); lists.len()];
        (scores[4], scores[7], scores[10]) = (new.1, again.1, both.1);
        Self {
            lists,
            scores,
            truths: Default::default(),
        }
    }
}
