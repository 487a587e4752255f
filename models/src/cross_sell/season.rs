//! What is still sold, and in season, in the days that suggestions are for.
//!
//! An item is left out when its sales say that hardly anybody will buy it: it has been silent for
//! far longer than it usually is, or in the same weeks of the year before it had all but stopped.
//! How its share of the sales then changed from the weeks before to the weeks after is also a
//! signal that the probabilities learn from.

use super::history::History;
use super::sales::{Sales, YEAR};

/// Days by which the same weeks of the year before are widened on both sides: Easter moves, and
/// so do deliveries.
const MARGIN: i32 = 14;
/// Days before a day that hold the season which may be ending: a quarter of a year.
const SEASON: i32 = YEAR / 4;
/// Less than this share of what is usual for the item is next to nothing.
const QUIET: f64 = 0.25;
/// Chance that an item which sells evenly has so few sales in the weeks looked at.
const BY_CHANCE: f64 = 0.01;
/// A silence of this many times the longest usual gap. Of an item that is bought at random with a
/// steady rate one gap in ten is longer than 2.3 times the mean, and one in a thousand than 6.9.
const SILENCE: i64 = 3;
/// A gap that is longer than all but one in ten is no longer usual.
const USUAL: usize = 10;
/// Nothing shorter is a silence: deliveries are late, and shops close for holidays.
const SHORTEST_SILENCE: i32 = 28;
/// Sales that are added on both sides of a change, so that a few sales say little.
const SHRINKAGE: f64 = 5.0;

/// Why an item is suggested to nobody.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unavailable {
    /// The caller says that it cannot be bought any more; see [`History::with_active`].
    Inactive,
    /// It was last sold on this day, and its usual gaps between two sales are this long at most:
    /// it is no longer sold.
    Gone {
        /// The last day with a sale.
        last: i32,
        /// Nine gaps of ten are no longer, in days.
        usual_gap: i32,
    },
    /// In the weeks a year before those to come, the margin included unless its season has run its
    /// course, it was sold this often, where an even share of its sales of a year would have been so many.
    OutOfSeason {
        /// Its sales in those weeks.
        sold: u32,
        /// Those of an item that has no season.
        even: f64,
    },
}

/// For each item of the history why it is not to be suggested on `as_of` for the `horizon` days
/// from then on; `None` for what can be.
pub(super) fn unavailable(
    history: &History<'_>,
    sales: &Sales,
    as_of: i32,
    horizon: i32,
) -> Vec<Option<Unavailable>> {
    (0..sales.n_items())
        .map(|item| match history.active(item) {
            Some(true) => None,
            Some(false) => Some(Unavailable::Inactive),
            None => judged(sales, item, as_of, horizon),
        })
        .collect()
}

/// Why the sales of an item say that it will hardly be bought.
///
/// What is silent far longer than usual is gone, unless it was as silent in the same days of the
/// year before: then the weeks to come, as they were a year before, decide.
fn judged(sales: &Sales, item: usize, as_of: i32, horizon: i32) -> Option<Unavailable> {
    let then = YearBefore::of(sales, item, as_of, horizon);
    let off_season = then.as_ref().and_then(|then| {
        let off_season = then.off_season();
        off_season.or_else(|| then.over(sales, item, as_of, horizon))
    });
    let known = off_season.is_some() || then.is_some_and(|then| then.in_season());
    match silent(sales, item, as_of) {
        Some(gone) if !(known && was_silent(sales, item, as_of)) => Some(gone),
        _ => off_season,
    }
}

/// [`Unavailable::Gone`] if an item is silent for far longer than usual.
fn silent(sales: &Sales, item: usize, as_of: i32) -> Option<Unavailable> {
    let days = sales.of(item, as_of);
    let last = *days.last()?;
    let silence = as_of.saturating_sub(last);
    if silence < SHORTEST_SILENCE {
        return None;
    }
    let mut gaps: Vec<i32> = days
        .windows(2)
        .map(|pair| pair[1].saturating_sub(pair[0]))
        .filter(|gap| *gap > 0)
        .collect();
    gaps.sort_unstable();
    // The gap that at most one in ten is longer than; of fewer than ten the longest.
    let usual_gap = gaps[gaps.len().checked_sub(gaps.len() / USUAL + 1)?];
    let silent = i64::from(silence) > i64::from(usual_gap) * SILENCE;
    silent.then_some(Unavailable::Gone { last, usual_gap })
}

/// Whether an item was all but unsold a year before the days in which it is silent now, as far as
/// the history reaches back.
fn was_silent(sales: &Sales, item: usize, as_of: i32) -> bool {
    let Some((&last, first_day)) = sales.of(item, as_of).last().zip(sales.first_day()) else {
        return false;
    };
    let until = as_of.saturating_sub(YEAR + MARGIN);
    let from = last.saturating_sub(YEAR - MARGIN).max(first_day);
    if until.saturating_sub(from) < MARGIN {
        return false;
    }
    let even = even(sales, item, [from, until], [from, as_of]);
    even > 0.0 && sales.count(item, from, until) < QUIET * even
}

/// The sales of an item in a window if it had the same share of all sales there as in a longer
/// time.
fn even(sales: &Sales, item: usize, window: [i32; 2], time: [i32; 2]) -> f64 {
    let all = sales.all(time[0], time[1]);
    if all == 0.0 {
        return 0.0;
    }
    sales.count(item, time[0], time[1]) * sales.all(window[0], window[1]) / all
}

/// How an item sold a year before the weeks to come, the margin included.
#[derive(Clone, Copy)]
struct YearBefore {
    sold: u32,
    /// Its sales if they were spread evenly over all sales since then.
    even: f64,
    /// Whether it had been sold before those weeks: else it was only coming.
    existed: bool,
    /// Whether it sells now and hardly did a year before: it has grown, and what was then says
    /// nothing.
    grown: bool,
}

impl YearBefore {
    /// None where the history does not reach back so far; nor for a horizon of most of a year, in
    /// which everything is in season at some time.
    fn of(sales: &Sales, item: usize, as_of: i32, horizon: i32) -> Option<Self> {
        let from = as_of.checked_sub(YEAR + MARGIN)?;
        let until = from.saturating_add(horizon).saturating_add(2 * MARGIN);
        let known = sales.first_day().is_some_and(|day| day <= from);
        let even = |window| even(sales, item, window, [from, as_of]);
        let sells = |until: i32| {
            let window = [until.saturating_sub(horizon), until];
            let sold = sales.count(item, window[0], window[1]);
            sold > 0.0 && sold >= QUIET * even(window)
        };
        (known && until < as_of - YEAR / 2).then(|| Self {
            sold: sales.count(item, from, until) as u32,
            even: even([from, until]),
            existed: !sales.of(item, from).is_empty(),
            grown: sells(as_of) && !sells(as_of - YEAR),
        })
    }

    /// [`Unavailable::OutOfSeason`] if what the margin holds is the end of a season that has run its
    /// course this year, too.
    ///
    /// The weeks themselves had next to nothing a year before, nor do the days after them begin the next
    /// season, and up to now the item has had as large a share of all sales as up to the same day of the
    /// year before: whose feast is later this year has most of it yet to come. Where an earlier year had
    /// sales in these weeks, the feast is one that moves, and the margin stays.
    fn over(&self, sales: &Sales, item: usize, as_of: i32, horizon: i32) -> Option<Unavailable> {
        let weeks = |years: i32| {
            let from = as_of.saturating_sub(years.saturating_mul(YEAR));
            [from, from.saturating_add(horizon)]
        };
        let time = [as_of - YEAR - MARGIN, as_of];
        let [from, until] = weeks(1);
        let core = Self {
            sold: sales.count(item, from, until) as u32,
            even: even(sales, item, [from, until], time),
            ..*self
        };
        let few = |window: [i32; 2], time| {
            sales.count(item, window[0], window[1]) < QUIET * even(sales, item, window, time)
        };
        let after = [until, until + MARGIN];
        let begins = sales.count(item, after[0], after[1]) > 0.0 && !few(after, time);
        let first_day = sales.first_day()?;
        let moves = (2..)
            .map(|years| (weeks(years), weeks(years - 1)[0]))
            .take_while(|(window, _)| first_day <= window[0])
            .any(|(window, next)| {
                sales.count(item, window[0], window[1]) > 0.0 && !few(window, [window[0], next])
            });
        let share = |until: i32| {
            let from = until.saturating_sub(SEASON);
            let all = sales.all(from, until);
            if all > 0.0 {
                sales.count(item, from, until) / all
            } else {
                0.0
            }
        };
        let run = share(as_of) >= (1.0 - QUIET) * share(from);
        core.off_season().filter(|_| !begins && !moves && run)
    }

    fn in_season(&self) -> bool {
        self.sold > 0 && f64::from(self.sold) >= QUIET * self.even
    }

    fn off_season(&self) -> Option<Unavailable> {
        let few = f64::from(self.sold) < QUIET * self.even;
        let quiet = few && poisson_up_to(self.sold, self.even) < BY_CHANCE;
        (self.existed && quiet && !self.grown).then_some(Unavailable::OutOfSeason {
            sold: self.sold,
            even: self.even,
        })
    }
}

/// The chance of at most `count` events where `mean` are expected.
fn poisson_up_to(count: u32, mean: f64) -> f64 {
    let mut term = libm::exp(-mean);
    let mut sum = term;
    for k in 1..=count {
        term *= mean / f64::from(k);
        sum += term;
    }
    sum
}

/// For each item the logarithm of how its share of all sales changed a year before from the
/// `horizon` days before this day to those after it; 0 throughout without a whole year and a
/// horizon before it. A few sales move it little.
pub(super) fn turn_of_season(sales: &Sales, as_of: i32, horizon: i32) -> Vec<f64> {
    let none = || vec![0.0; sales.n_items()];
    let then = as_of.saturating_sub(YEAR);
    let (start, end) = (then.saturating_sub(horizon), then.saturating_add(horizon));
    if horizon > YEAR / 2 || sales.first_day().is_none_or(|day| day > start) {
        return none();
    }
    let (before, after) = (sales.all(start, then), sales.all(then, end));
    if before == 0.0 || after == 0.0 {
        return none();
    }
    (0..sales.n_items())
        .map(|item| {
            let expected = sales.count(item, start, then) * after / before;
            let came = sales.count(item, then, end);
            libm::log((came + SHRINKAGE) / (expected + SHRINKAGE))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sales of items on days, one customer a sale.
    struct Shop(Vec<(i32, u32)>);

    impl Shop {
        fn judge(&self, active: Option<&[Option<bool>]>, as_of: i32) -> Vec<Option<Unavailable>> {
            let (days, items): (Vec<i32>, Vec<u32>) = self.0.iter().copied().unzip();
            let n = items.iter().max().map_or(0, |item| *item as usize + 1);
            let offsets: Vec<usize> = (0..=days.len()).collect();
            let baskets = vec![0; days.len()];
            let mut history = History::new(&offsets, &days, &baskets, &items, n, None).unwrap();
            if let Some(active) = active {
                history = history.with_active(active).unwrap();
            }
            unavailable(&history, &Sales::new(&history, as_of), as_of, 28)
        }
    }

    #[test]
    fn silence_is_measured_by_the_gaps_of_the_item_itself() {
        // Item 0 daily until day 60, item 1 every 60 days, item 2 once, item 3 to the end.
        let mut sales: Vec<(i32, u32)> = (0..60).map(|day| (day, 0)).collect();
        sales.extend((0..5).map(|n| (60 * n, 1)));
        sales.push((3, 2));
        sales.extend((0..300).map(|day| (day, 3)));
        let found = Shop(sales).judge(None, 300);
        assert_eq!(
            found,
            [
                Some(Unavailable::Gone {
                    last: 59,
                    usual_gap: 1
                }),
                None,
                None,
                None
            ]
        );
    }

    #[test]
    fn a_short_silence_is_none() {
        let mut sales: Vec<(i32, u32)> = (0..60).map(|day| (day, 0)).collect();
        sales.extend((0..87).map(|day| (day, 1)));
        assert_eq!(Shop(sales.clone()).judge(None, 86)[0], None);
        assert!(Shop(sales).judge(None, 88)[0].is_some());
    }

    #[test]
    fn what_the_caller_knows_decides() {
        let mut sales: Vec<(i32, u32)> = (0..60).map(|day| (day, 0)).collect();
        sales.extend((0..300).map(|day| (day, 1)));
        let found = Shop(sales).judge(Some(&[Some(true), Some(false)]), 300);
        assert_eq!(found, [None, Some(Unavailable::Inactive)]);
    }

    /// Two years of a steady item 0, item 1 from October to December and item 2 in the other
    /// months; day 0 is the 1st of January.
    fn two_years() -> Shop {
        let season = |day: i32| (273..357).contains(&(day % YEAR));
        Shop(
            (0..2 * YEAR)
                .flat_map(|day| [(day, 0), (day, 1 + u32::from(!season(day)))])
                .collect(),
        )
    }

    #[test]
    fn out_of_season_is_what_the_same_weeks_of_the_year_before_hardly_had() {
        // After its first season nobody knows whether item 1 will be back.
        let found = two_years().judge(None, YEAR + 33);
        assert!(matches!(
            found[1],
            Some(Unavailable::Gone { last: 356, .. })
        ));
        assert_eq!((found[0], found[2]), (None, None));
        // At the end of the second year its season is over, as it was on the same day a year before.
        let found = two_years().judge(None, 2 * YEAR);
        assert!(
            matches!(found[1], Some(Unavailable::OutOfSeason { sold: 0, .. })),
            "{found:?}"
        );
        assert_eq!((found[0], found[2]), (None, None));
        // Three weeks earlier there is a week of it left, and two weeks before it begins it is near.
        assert_eq!(two_years().judge(None, 2 * YEAR - 14), [None; 3]);
        assert_eq!(two_years().judge(None, YEAR + 245), [None; 3]);
        // In February of the third it is as silent as a year before: it will be back.
        let mut third = two_years();
        third
            .0
            .extend((2 * YEAR..2 * YEAR + 40).flat_map(|day| [(day, 0), (day, 2)]));
        let found = third.judge(None, 2 * YEAR + 40);
        assert!(
            matches!(found[1], Some(Unavailable::OutOfSeason { sold: 0, .. })),
            "{found:?}"
        );
        // In September the silence is long, and the season is near.
        third
            .0
            .extend((2 * YEAR + 40..2 * YEAR + 265).flat_map(|day| [(day, 0), (day, 2)]));
        assert_eq!(third.judge(None, 2 * YEAR + 265)[1], None);
    }

    /// Item 0 every day, and item 1, four times a day, in the four weeks up to a feast on these days of each year.
    fn feasts(days: &[i32], until: i32) -> Shop {
        let sold = |day: i32| {
            let feast = days.get((day / YEAR) as usize);
            feast.is_some_and(|feast| (feast - 28..*feast).contains(&(day % YEAR)))
        };
        Shop(
            (0..until)
                .flat_map(|day| {
                    let feast = if sold(day) { 4 } else { 0 };
                    [(day, 0), (day, 0)]
                        .into_iter()
                        .chain(std::iter::repeat_n((day, 1), feast))
                })
                .collect(),
        )
    }

    #[test]
    fn a_season_that_ended_is_over_and_one_whose_feast_is_later_is_not() {
        let judge = |feasts_of: &[i32], day: i32| {
            let as_of = (feasts_of.len() as i32 - 1) * YEAR + day;
            feasts(feasts_of, as_of).judge(None, as_of)[1]
        };
        let out = |found| matches!(found, Some(Unavailable::OutOfSeason { .. }));
        // A feast on one day of every year: in season up to it, and over from the day on.
        assert_eq!(judge(&[100, 100, 100], 95), None);
        assert!(out(judge(&[100, 100, 100], 100)));
        assert!(out(judge(&[100, 100], 101)));
        // It was on day 84 last year and is on day 104 of this one: on day 90 half of it is to come.
        assert_eq!(judge(&[84, 104], 90), None);
        assert_eq!(judge(&[104, 84, 104], 90), None);
        assert!(out(judge(&[84, 104], 105)));
        // As much was sold by day 86 as in all of last year's, but three years ago it was after that: with
        // a feast that moves nobody knows.
        assert_eq!(judge(&[108, 84, 84], 86), None);
        assert!(out(judge(&[84, 84, 84], 86)));
    }

    #[test]
    fn the_second_season_of_an_item_is_no_silence_any_more() {
        // It is October of the second year: item 1 was first sold a year ago, in its only season.
        let mut shop = two_years();
        shop.0.retain(|(day, _)| *day < YEAR + 260);
        assert_eq!(shop.judge(None, YEAR + 260), [None; 3]);
    }

    #[test]
    fn what_has_grown_is_not_out_of_season() {
        // Item 1 sold every second week of the first year, and every day of the second.
        let sales = (0..2 * YEAR).flat_map(|day| {
            let sold = day >= YEAR + 50 || day % 14 == 0;
            [(day, 0), (day, u32::from(sold))]
        });
        assert_eq!(Shop(sales.collect()).judge(None, 2 * YEAR), [None; 2]);
    }

    #[test]
    fn what_did_not_come_back_is_gone() {
        // Item 1 has no second season: at its end it is no longer sold, whatever the year before says.
        let mut shop = two_years();
        shop.0.retain(|(day, item)| *item != 1 || *day < YEAR);
        let found = shop.judge(None, YEAR + 350);
        assert!(
            matches!(found[1], Some(Unavailable::Gone { last: 356, .. })),
            "{found:?}"
        );
    }

    #[test]
    fn the_turn_of_a_season_is_the_change_of_the_share_a_year_before() {
        let (days, items): (Vec<i32>, Vec<u32>) = two_years().0.into_iter().unzip();
        let offsets: Vec<usize> = (0..=days.len()).collect();
        let baskets = vec![0; days.len()];
        let h = History::new(&offsets, &days, &baskets, &items, 3, None).unwrap();
        let sales = Sales::new(&h, 2 * YEAR);
        // The season begins on this day: 28 sales of item 1 after none, and the other way round.
        let turn = turn_of_season(&sales, YEAR + 273, 28);
        let log = |after: f64, before: f64| ((after + SHRINKAGE) / (before + SHRINKAGE)).ln();
        assert!((turn[0] - 0.0).abs() < 1e-12);
        assert!((turn[1] - log(28.0, 0.0)).abs() < 1e-12);
        assert!((turn[2] - log(0.0, 28.0)).abs() < 1e-12);
        // Without a year there is nothing to compare.
        assert_eq!(turn_of_season(&sales, YEAR + 20, 28), [0.0; 3]);
    }

    #[test]
    fn the_tail_of_the_poisson_distribution() {
        // By hand: exp(-3) (1 + 3 + 4.5).
        assert!((poisson_up_to(2, 3.0) - 8.5 * (-3f64).exp()).abs() < 1e-15);
    }
}
