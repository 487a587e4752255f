//! A history lived again: the truth at a date that nobody thought of, and a second history of the
//! same law to hold findings against.

use std::collections::HashMap;
use std::ops::Range;

use chrono::NaiveDate;
use rayon::prelude::*;

use super::World;
use super::calendar::Day;
use super::rows::{Kind, Row};
use super::shopping::Together;
use super::truth::{ChurnTruth, churn};

/// A date or a horizon of which the history tells nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the truth at {as_of} over {horizon} days cannot be told: the history goes from {first} to {last}, and is known for {known} days more"
)]
pub struct Beyond {
    as_of: NaiveDate,
    horizon: u32,
    first: NaiveDate,
    last: NaiveDate,
    known: Day,
}

/// What keeps a type of item from being bought in some days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Off {
    /// It is not on sale on any of them.
    Sale,
    /// It is not in season on any of those on which it is on sale.
    Season,
}

impl World {
    /// Why a type of item is hardly bought in some days, which may lie beyond the history; none if
    /// it is.
    pub fn off(&self, of: usize, days: Range<Day>) -> Option<Off> {
        let catalogue = &self.shelves.catalogue;
        let mut sold = days.filter(|day| catalogue.sold(of, *day)).peekable();
        if sold.peek().is_none() {
            return Some(Off::Sale);
        }
        let in_season = |day| catalogue.put_back(of, self.calendar.month(day)) == 0.0;
        (!sold.any(in_season)).then_some(Off::Season)
    }

    /// Whether two types of item were ever on sale on the same one of some days.
    pub fn on_sale_together(&self, items: [usize; 2], mut days: Range<Day>) -> bool {
        days.any(|day| items.iter().all(|of| self.shelves.catalogue.sold(*of, day)))
    }

    /// What is true of every customer at each of some as-of dates, in the order of the customers'
    /// numbers; without those who had not bought anything by the date. Every life is lived once.
    ///
    /// # Errors
    /// A date before the history, or a horizon that ends later than it is lived on.
    pub fn churn_at<const N: usize>(
        &self,
        as_of: [NaiveDate; N],
        horizon: u32,
    ) -> Result<[Vec<ChurnTruth>; N], Beyond> {
        let days = Day::try_from(horizon).unwrap_or(Day::MAX);
        let ends = as_of.map(|date| self.calendar.day(date).saturating_add(days));
        for (as_of, end) in as_of.into_iter().zip(ends) {
            if self.calendar.day(as_of) < 1 || end > self.calendar.until {
                return Err(Beyond {
                    as_of,
                    horizon,
                    first: self.calendar.date(0),
                    last: self.calendar.date(self.calendar.days - 1),
                    known: self.law.days.future,
                });
            }
        }
        let until = ends.into_iter().max().unwrap_or(0);
        let truths: Vec<[Option<ChurnTruth>; N]> = (1..=self.params.customers)
            .into_par_iter()
            .map(|id| {
                let person = self.person(id);
                let life = self.live_until(&person, until, |_| {});
                ends.map(|end| churn(self, &person, &life, end - days, days))
            })
            .collect();
        Ok(std::array::from_fn(|date| {
            truths.iter().filter_map(|truths| truths[date]).collect()
        }))
    }
}

/// Counts how often the types of item of each rule, antecedent and consequent, are together in the
/// baskets of the first `customers` customers. The number of baskets comes first.
///
/// A name that no type has is in no basket.
pub fn count_rules(
    world: &World,
    customers: u64,
    rules: &[(Vec<String>, Vec<String>)],
) -> (u64, Vec<Together>) {
    let mut sets = ItemSets::new(world);
    let places: Vec<[usize; 3]> = rules
        .iter()
        .map(|(antecedent, consequent)| {
            let both = [antecedent.as_slice(), consequent.as_slice()].concat();
            [antecedent, consequent, &both].map(|names| sets.place(names))
        })
        .collect();
    let none = || Counts {
        baskets: 0,
        of_sets: vec![0; sets.sets.len()],
    };
    let counts = (1..=customers.min(world.params.customers))
        .into_par_iter()
        .fold(none, |mut counts, id| {
            sets.count_in(world, id, &mut counts);
            counts
        })
        .reduce(none, Counts::and);
    let of_rule = |[antecedent, consequent, both]: &[usize; 3]| Together {
        antecedent: counts.of_sets[*antecedent],
        consequent: counts.of_sets[*consequent],
        both: counts.of_sets[*both],
    };
    (counts.baskets, places.iter().map(of_rule).collect())
}

/// Baskets, and for each set those that held it.
struct Counts {
    baskets: u64,
    of_sets: Vec<u64>,
}

impl Counts {
    fn and(mut self, other: Self) -> Self {
        self.baskets += other.baskets;
        for (sum, more) in self.of_sets.iter_mut().zip(other.of_sets) {
            *sum += more;
        }
        self
    }
}

/// Different sets of types of item, found by the last type of each: a basket looks only at the
/// sets that end in something that it holds.
struct ItemSets<'a> {
    numbers: HashMap<&'a str, usize>,
    places: HashMap<Vec<usize>, usize>,
    sets: Vec<Vec<usize>>,
    by_last: Vec<Vec<usize>>,
}

impl<'a> ItemSets<'a> {
    fn new(world: &'a World) -> Self {
        let types = &world.shelves.catalogue.types;
        let numbers = types.iter().enumerate();
        Self {
            numbers: numbers
                .map(|(number, of)| (of.name.as_str(), number))
                .collect(),
            places: HashMap::new(),
            sets: Vec::new(),
            by_last: vec![Vec::new(); types.len()],
        }
    }

    /// Counts the baskets of one customer.
    fn count_in(&self, world: &World, id: u64, counts: &mut Counts) {
        let catalogue = &world.shelves.catalogue;
        let mut has = vec![false; catalogue.types.len()];
        let mut basket: Vec<usize> = Vec::new();
        let mut number = None;
        let mut count = |basket: &mut Vec<usize>, has: &mut [bool]| {
            counts.baskets += 1;
            for &set in basket.iter().flat_map(|of| &self.by_last[*of]) {
                counts.of_sets[set] += u64::from(self.sets[set].iter().all(|of| has[*of]));
            }
            for of in basket.drain(..) {
                has[of] = false;
            }
        };
        world.live_until(&world.person(id), world.calendar.days, |row: Row| {
            if row.kind != Kind::Purchase {
                return;
            }
            if number.is_some() && number != row.basket {
                count(&mut basket, &mut has);
            }
            number = row.basket;
            if let Some(of) = row.product.and_then(|id| catalogue.type_of(id))
                && !has[of]
            {
                has[of] = true;
                basket.push(of);
            }
        });
        if number.is_some() {
            count(&mut basket, &mut has);
        }
    }

    /// Where the set of these names is counted.
    fn place(&mut self, names: &[String]) -> usize {
        let known: Option<Vec<usize>> = names
            .iter()
            .map(|name| self.numbers.get(name.as_str()).copied())
            .collect();
        // A set with an unknown name stays without a last type, so no basket ever counts it.
        let mut set = known.unwrap_or_default();
        set.sort_unstable();
        set.dedup();
        if let Some(place) = self.places.get(&set) {
            return *place;
        }
        let place = self.sets.len();
        if let Some(last) = set.last() {
            self.by_last[*last].push(place);
        }
        self.sets.push(set.clone());
        self.places.insert(set, place);
        place
    }
}
