//! When and where each item was on sale, as the purchases show it.

use std::ops::Range;

use rayon::prelude::*;
use regulars_models::associations::{OnSale, Places};

use super::choice::Part;
use crate::purchases::{Purchases, SOMEWHERE};

/// A location where so many purchases of an item would be expected and none is has it not on its
/// shelves: chance alone leaves it without one in less than one case of a hundred.
const WOULD_BE_NOTICED: f64 = 5.0;

/// When and where each item was on sale.
pub struct Sold {
    /// For each item the first day, and the day after the last.
    pub days: Vec<[i32; 2]>,
    /// For each item the locations that never sell it, ascending; nothing where no location is known.
    never: Option<Vec<Vec<u32>>>,
}

/// The baskets of a part, as models want to know of them.
pub struct Baskets<'a> {
    sold: &'a Sold,
    days: Vec<i32>,
    locations: Vec<u32>,
}

impl Sold {
    /// As the purchases of some days show it.
    ///
    /// An item was on sale from its first sale to its last, on both sides as much longer as nine of ten
    /// of its gaps between two days with a sale are; a broader one when any of its items was. A location
    /// does not have what it never sold although others sell so much of it that it would have.
    pub fn new(purchases: &Purchases, looked_at: &Range<i32>) -> Self {
        let shelf = Shelf::new(purchases, looked_at);
        let days: Vec<[i32; 2]> = (0..purchases.items.len())
            .into_par_iter()
            .map(|item| span(&shelf.days_of(item)))
            .collect();
        let located = !purchases.basket_locations.is_empty();
        let never = located.then(|| never(purchases, looked_at, &shelf, &days));
        Self { days, never }
    }

    /// The baskets of a part beside it.
    pub fn of<'a>(&'a self, part: &Part, purchases: &Purchases) -> Baskets<'a> {
        let day = |&basket: &u32| purchases.basket_days[basket as usize];
        let locations = match purchases.basket_locations.as_slice() {
            [] => Vec::new(),
            all => part
                .numbers
                .iter()
                .map(|&basket| all[basket as usize])
                .collect(),
        };
        Baskets {
            sold: self,
            days: part.numbers.iter().map(day).collect(),
            locations,
        }
    }

    /// For each item where it is never sold, and for baskets where they are from.
    pub fn places<'a>(&'a self, baskets: &'a [u32]) -> Option<Places<'a>> {
        let never = self.never.as_deref()?;
        Some(Places { baskets, never })
    }
}

impl Baskets<'_> {
    /// As models take it.
    pub fn on_sale(&self) -> OnSale<'_> {
        OnSale {
            days: &self.days,
            items: &self.sold.days,
            places: self.sold.places(&self.locations),
        }
    }
}

/// On which days each item was sold, those of broader levels included, at which locations, and in how
/// many baskets. A bit for each day and location: there are far fewer of both than lines.
struct Shelf {
    first: i32,
    words: usize,
    days: Vec<u64>,
    location_words: usize,
    locations: Vec<u64>,
    baskets: Vec<u64>,
}

impl Shelf {
    fn new(purchases: &Purchases, looked_at: &Range<i32>) -> Self {
        let seen = purchases.basket_days.iter().copied();
        let seen = seen.filter(|day| looked_at.contains(day));
        let (first, last) = seen.fold((i32::MAX, i32::MIN), |(first, last), day| {
            (first.min(day), last.max(day))
        });
        let span = last.saturating_sub(first).max(0) as usize + 1;
        let n_locations = n_locations(purchases);
        let n_items = purchases.items.len();
        let mut shelf = Self {
            first,
            words: span.div_ceil(64),
            days: vec![0; n_items * span.div_ceil(64)],
            location_words: n_locations.div_ceil(64),
            locations: vec![0; n_items * n_locations.div_ceil(64)],
            baskets: vec![0; n_items],
        };
        let lines = purchases.line_items.iter().zip(&purchases.days);
        for ((&item, &day), &basket) in lines.zip(&purchases.baskets) {
            if !looked_at.contains(&day) {
                continue;
            }
            let location = purchases.basket_locations.get(basket as usize);
            let location = location.copied().unwrap_or(SOMEWHERE);
            let mut above = Some(item);
            while let Some(item) = above {
                shelf.put(item as usize, (day - first) as usize, location);
                above = purchases.items.parents[item as usize];
            }
        }
        shelf
    }

    fn put(&mut self, item: usize, day: usize, location: u32) {
        self.days[item * self.words + day / 64] |= 1 << (day % 64);
        self.baskets[item] += 1;
        if location != SOMEWHERE {
            let location = location as usize;
            self.locations[item * self.location_words + location / 64] |= 1 << (location % 64);
        }
    }

    /// The days on which an item was sold, ascending.
    fn days_of(&self, item: usize) -> Vec<i32> {
        let words = self.days[item * self.words..][..self.words].iter();
        let bits = words.enumerate().flat_map(|(place, word)| {
            let bits = (0..64).filter(move |bit| word >> bit & 1 == 1);
            bits.map(move |bit| 64 * place as i32 + bit)
        });
        bits.map(|day| self.first + day).collect()
    }

    fn was_at(&self, item: usize, location: usize) -> bool {
        let word = self.locations[item * self.location_words + location / 64];
        word >> (location % 64) & 1 == 1
    }
}

/// How many locations there are.
fn n_locations(purchases: &Purchases) -> usize {
    let known = purchases.basket_locations.iter();
    let known = known.filter(|place| **place != SOMEWHERE);
    known.max().map_or(0, |last| *last as usize + 1)
}

/// The time around these days, ascending, in which something was on sale.
fn span(days: &[i32]) -> [i32; 2] {
    let (Some(&first), Some(&last)) = (days.first(), days.last()) else {
        return [0, 0];
    };
    let mut gaps: Vec<i32> = days.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_unstable();
    // The gap that at most one in ten is longer than.
    let place = gaps.len().checked_sub(gaps.len() / 10 + 1);
    let margin = place.map_or(0, |place| gaps[place]);
    [
        first.saturating_sub(margin),
        last.saturating_add(margin).saturating_add(1),
    ]
}

/// For each item the locations that would have sold it if they had it.
fn never(
    purchases: &Purchases,
    looked_at: &Range<i32>,
    shelf: &Shelf,
    on_sale: &[[i32; 2]],
) -> Vec<Vec<u32>> {
    let locations = &purchases.basket_locations;
    let n_locations = n_locations(purchases);
    // The days of the baskets, of all and of each location.
    let mut days: Vec<i32> = Vec::new();
    let mut of_location: Vec<Vec<i32>> = vec![Vec::new(); n_locations];
    for (&day, &location) in purchases.basket_days.iter().zip(locations) {
        if looked_at.contains(&day) {
            days.push(day);
            if let Some(of) = of_location.get_mut(location as usize) {
                of.push(day);
            }
        }
    }
    days.par_sort_unstable();
    of_location
        .par_iter_mut()
        .for_each(|days| days.sort_unstable());
    let within = |days: &[i32], [from, until]: [i32; 2]| {
        let place = |day| days.partition_point(|other| *other < day);
        place(until).saturating_sub(place(from)) as f64
    };
    let of_item = |(item, &span): (usize, &[i32; 2])| {
        let share = shelf.baskets[item] as f64 / within(&days, span).max(1.0);
        let absent = |location: &usize| {
            !shelf.was_at(item, *location)
                && share * within(&of_location[*location], span) >= WOULD_BE_NOTICED
        };
        let absent = (0..n_locations).filter(absent);
        absent.map(|location| location as u32).collect()
    };
    on_sale.par_iter().enumerate().map(of_item).collect()
}
