//! The ranker against a shop whose rhythm is known, brute-force counts, and itself on fewer rows.

use linfa::ParamGuard;
use rayon::ThreadPoolBuilder;

use super::super::{CrossSellParams, CrossSellValidParams, Evidence, History};
use super::signals::{AGAIN_WIDTH, NEW_WIDTH};
use super::state::State;
use super::{OfferKind, Ranking, Way};
use crate::random::draw;

const ITEMS: u32 = 40;
const DAYS: i32 = 210;
const HORIZON: i32 = 14;

/// Rows of a shop, customer by customer in the order of days, a basket a day.
struct Shop {
    offsets: Vec<usize>,
    days: Vec<i32>,
    items: Vec<u32>,
    groups: Vec<u32>,
}

impl Shop {
    /// Each customer likes one of four groups of ten items, and begins to buy another of it now and
    /// then. An even item is bought every twelve days once it is known; an odd one when chance will.
    fn with_rhythm(customers: u64) -> Self {
        let mut shop = Self {
            offsets: vec![0],
            days: Vec::new(),
            items: Vec::new(),
            groups: (0..ITEMS).map(|item| item / 10).collect(),
        };
        for customer in 0..customers {
            let mut known: Vec<(u32, i32)> = Vec::new();
            let liked = (customer % 4) as u32;
            for day in 0..DAYS {
                let chance = |n: u64, of: u64| draw(customer * 7919 + n, day as u64) % of;
                if chance(1, 18) == 0 {
                    let far = chance(2, 8) == 0;
                    let group = if far { chance(3, 4) as u32 } else { liked };
                    let item = group * 10 + chance(4, 10) as u32;
                    if known.iter().all(|(other, _)| *other != item) {
                        known.push((item, day));
                    }
                }
                let mut basket: Vec<u32> = known
                    .iter()
                    .filter(|(item, since)| match item % 2 {
                        0 => (day - since) % 12 == 0,
                        _ => day == *since || chance(100 + u64::from(*item), 12) == 0,
                    })
                    .map(|(item, _)| *item)
                    .collect();
                basket.sort_unstable();
                shop.days.extend(basket.iter().map(|_| day));
                shop.items.extend(basket);
            }
            shop.offsets.push(shop.days.len());
        }
        shop
    }

    /// The same without the rows from a day on.
    fn before(&self, day: i32) -> Self {
        let mut cut = Self {
            offsets: vec![0],
            days: Vec::new(),
            items: Vec::new(),
            groups: self.groups.clone(),
        };
        for rows in self.offsets.windows(2) {
            for row in (rows[0]..rows[1]).filter(|row| self.days[*row] < day) {
                cut.days.push(self.days[row]);
                cut.items.push(self.items[row]);
            }
            cut.offsets.push(cut.days.len());
        }
        cut
    }

    fn asked<T>(&self, ask: impl FnOnce(&History<'_>) -> T) -> T {
        let baskets = vec![0; self.days.len()];
        let history = History::new(
            &self.offsets,
            &self.days,
            &baskets,
            &self.items,
            ITEMS as usize,
            Some(&self.groups),
        )
        .unwrap();
        ask(&history)
    }
}

fn params() -> CrossSellValidParams {
    CrossSellParams::new()
        .suggestions(5)
        .horizon_days(HORIZON)
        .check()
        .unwrap()
}

fn ranking(shop: &Shop, as_of: i32, tests: usize) -> Ranking {
    shop.asked(|history| params().learn_to_rank(history, as_of, tests))
        .unwrap()
}

fn ndcg(ranking: &Ranking, kind: OfferKind, way: Way) -> f64 {
    let of = ranking.tests.iter().rev();
    let found = of.clone().find(|test| (test.kind, test.way) == (kind, way));
    found.unwrap().quality.ndcg
}

#[test]
fn a_rhythm_is_learned_that_frequency_cannot_see() {
    let ranking = ranking(&Shop::with_rhythm(600), DAYS, 1);
    assert_eq!(ranking.has_learned(), (true, true));
    let trees = ndcg(&ranking, OfferKind::Again, Way::Trees);
    let faded = ndcg(&ranking, OfferKind::Again, Way::FadedFrequency);
    assert!(trees > faded + 0.02, "{trees} {faded}");
    let (_, gain) = ranking.again_gains[0];
    assert!((gain.mean - (trees - faded)).abs() < 1e-9);
    assert!(gain.beyond_noise());
    // What is liked is found among what is new, which popularity cannot tell.
    let trees = ndcg(&ranking, OfferKind::New, Way::Trees);
    let popular = ndcg(&ranking, OfferKind::New, Way::PopularLately);
    assert!(trees > popular + 0.1, "{trees} {popular}");
    // Probabilities are what they say.
    for test in &ranking.tests {
        assert!(
            test.calibration_error.is_none_or(|error| error < 0.06),
            "{test:?}"
        );
        assert_eq!(test.day, DAYS - HORIZON);
    }
}

#[test]
fn what_happens_on_the_as_of_day_and_later_changes_nothing() {
    let shop = Shop::with_rhythm(200);
    let as_of = DAYS - 30;
    let (all, cut) = (
        ranking(&shop, as_of, 2),
        ranking(&shop.before(as_of), as_of, 2),
    );
    assert_eq!(all.tests, cut.tests);
    assert_eq!(
        all.tests.first().map(|test| test.day),
        Some(as_of - 2 * HORIZON)
    );
    let next = |shop: &Shop, ranking: &Ranking| {
        shop.asked(|history| {
            let ranker = ranking.at(&params(), history, as_of);
            let mut scratch = ranker.scratch();
            let customers = 0..ranker.n_customers();
            let next = |customer| ranker.next(&mut scratch, customer, [5, 9], &|_| true);
            customers.map(next).collect::<Vec<_>>()
        })
    };
    assert_eq!(next(&shop, &all), next(&shop.before(as_of), &cut));
}

#[test]
fn offers_keep_to_what_is_allowed_and_reasons_to_what_was_bought() {
    let shop = Shop::with_rhythm(300);
    let ranking = ranking(&shop, DAYS, 1);
    shop.asked(|history| {
        let ranker = ranking.at(&params(), history, DAYS);
        let mut scratch = ranker.scratch();
        let (mut new, mut again) = (0, 0);
        for customer in 0..ranker.n_customers() {
            let rows = shop.offsets[customer]..shop.offsets[customer + 1];
            let had = &shop.items[rows.clone()];
            let next = ranker.next(&mut scratch, customer, [5, 9], &|item| item % 10 != 3);
            new += next.new.len();
            again += next.again.len();
            for one in &next.new {
                assert!(!had.contains(&one.item) && one.item % 10 != 3);
                assert!((0.0..=1.0).contains(&one.score));
                if let Evidence::Basket { antecedent, .. } = one.evidence {
                    assert!(had.contains(&antecedent));
                }
            }
            for one in &next.again {
                let days: Vec<i32> = rows
                    .clone()
                    .filter(|row| shop.items[*row] == one.item)
                    .map(|row| shop.days[row])
                    .collect();
                assert_eq!(
                    (one.times as usize, Some(&one.last)),
                    (days.len(), days.last())
                );
                let every = (days[days.len() - 1] - days[0]) as f32 / (days.len() - 1) as f32;
                assert_eq!(one.every, (days.len() > 1).then_some(every));
                assert!(one.item % 10 != 3);
                if one.item % 2 == 0 && one.times > 1 {
                    assert_eq!(one.due(), Some(one.last + 12));
                }
            }
            assert!(next.new.is_sorted_by(|a, b| a.score >= b.score));
            assert!(
                next.again
                    .is_sorted_by(|a, b| a.probability >= b.probability)
            );
        }
        assert!(new > 1000 && again > 1000, "{new} {again}");
    });
}

#[test]
fn signals_are_what_counting_by_hand_gives() {
    let shop = Shop::with_rhythm(60);
    let as_of = DAYS - 21;
    shop.asked(|history| {
        let state = State::at(&params(), history, as_of);
        let mut looker = state.looker();
        for customer in 0..60 {
            let looked = looker.look(customer);
            let rows = shop.offsets[customer]..shop.offsets[customer + 1];
            let mine: Vec<(i32, u32)> = rows
                .map(|row| (shop.days[row], shop.items[row]))
                .filter(|(day, _)| *day < as_of)
                .collect();
            let rows = looked.again_rows.chunks_exact(AGAIN_WIDTH);
            for (&place, row) in looked.again.iter().zip(rows) {
                let item = state.owned.codes[place as usize];
                let since = |days: i32| {
                    let of = |(day, one): &&(i32, u32)| *one == item && *day >= as_of - days;
                    mine.iter().filter(of).count() as f32
                };
                let own = &row[NEW_WIDTH..];
                let counted = [since(999), since(7), since(14), since(28), since(42)];
                assert_eq!(own[..5], counted);
                let last = mine
                    .iter()
                    .filter(|(_, one)| *one == item)
                    .map(|one| one.0)
                    .max();
                assert_eq!(own[8], (as_of - last.unwrap()) as f32);
                // The group of the item: its items, and its baskets in one horizon.
                let group = item / 10;
                let mut items: Vec<u32> = mine.iter().map(|one| one.1).collect();
                items.sort_unstable();
                items.dedup();
                let of_group = items.iter().filter(|one| *one / 10 == group).count() as f32;
                assert_eq!(row[super::signals::FIT_SIGNALS], of_group);
            }
            let had: Vec<u32> = mine.iter().map(|one| one.1).collect();
            for &place in &looked.new {
                assert!(!had.contains(&state.owned.codes[place as usize]));
            }
        }
    });
}

#[test]
fn the_same_on_any_number_of_threads() {
    let shop = Shop::with_rhythm(200);
    let on = |threads: usize| {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| ranking(&shop, DAYS, 1).tests)
    };
    assert_eq!(on(1), on(4));
}

#[test]
fn too_short_a_history_teaches_nothing() {
    let shop = Shop::with_rhythm(50).before(2 * HORIZON);
    let found = shop.asked(|history| params().learn_to_rank(history, 2 * HORIZON, 2).is_none());
    assert!(found);
    let nobody = Shop::with_rhythm(0);
    assert!(nobody.asked(|history| params().learn_to_rank(history, 9, 2).is_none()));
    // Long enough, but too little was bought.
    let few = ranking(&Shop::with_rhythm(4), DAYS, 1);
    assert_eq!(few.has_learned(), (false, false));
}
