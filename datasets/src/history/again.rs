//! A history lived again: the truth at a date that nobody thought of, and a second history of the
//! same law to hold findings against.

use std::collections::HashMap;

use chrono::NaiveDate;
use rayon::prelude::*;

use super::World;
use super::calendar::{Day, FUTURE_DAYS};
use super::rows::{Kind, Row};
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

impl World {
    /// What is true of every customer at an as-of date, in the order of their numbers; without
    /// those who had not bought anything by then.
    ///
    /// # Errors
    /// A date before the history, or a horizon that ends later than [`FUTURE_DAYS`] after it.
    pub fn churn_at(&self, as_of: NaiveDate, horizon: u32) -> Result<Vec<ChurnTruth>, Beyond> {
        let day = self.calendar.day(as_of);
        let days = Day::try_from(horizon).unwrap_or(Day::MAX);
        if day < 1 || day.saturating_add(days) > self.calendar.until {
            return Err(Beyond {
                as_of,
                horizon,
                first: self.calendar.date(0),
                last: self.calendar.date(self.calendar.days - 1),
                known: FUTURE_DAYS,
            });
        }
        let truths = (1..=self.params.customers).into_par_iter().map(|id| {
            let person = self.person(id);
            let life = self.live_until(&person, day + days, |_| {});
            churn(self, &person, &life, day, days)
        });
        Ok(truths.flatten().collect())
    }
}

/// Baskets with the items of one rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleCounts {
    /// With the antecedent.
    pub antecedent: u64,
    /// With the consequent.
    pub consequent: u64,
    /// With both.
    pub both: u64,
}

impl RuleCounts {
    /// The lift among so many baskets; not a number where either side is in none.
    pub fn lift(&self, baskets: u64) -> f64 {
        self.both as f64 * baskets as f64 / (self.antecedent as f64 * self.consequent as f64)
    }

    /// Pearson's chi-squared with one degree of freedom, signed: below 0 where the two are
    /// together less often than by chance.
    pub fn signed_chi_squared(&self, baskets: u64) -> f64 {
        let n = baskets as f64;
        let [a, c, both] = [self.antecedent, self.consequent, self.both].map(|x| x as f64 / n);
        let away = both - a * c;
        let spread = a * (1.0 - a) * c * (1.0 - c);
        if spread > 0.0 {
            n * away * away.abs() / spread
        } else {
            0.0
        }
    }
}

/// Words of a set of types of item: one bit each.
type Bits = Vec<u64>;

/// Counts how often the types of item of each rule, antecedent and consequent, are together in the
/// baskets of the first `customers` customers. The number of baskets comes first.
///
/// A name that no type has is in no basket.
pub fn count_rules(
    world: &World,
    customers: u64,
    rules: &[(Vec<String>, Vec<String>)],
) -> (u64, Vec<RuleCounts>) {
    let catalogue = &world.shelves.catalogue;
    let numbers: HashMap<&str, usize> = catalogue
        .types
        .iter()
        .enumerate()
        .map(|(number, of)| (of.name.as_str(), number))
        .collect();
    let words = (catalogue.types.len() + 1).div_ceil(64);
    let unknown = catalogue.types.len(); // a bit that no basket has
    let bits = |names: &[String]| -> Bits {
        let mut bits = vec![0; words];
        for name in names {
            let number = numbers.get(name.as_str()).copied().unwrap_or(unknown);
            bits[number / 64] |= 1 << (number % 64);
        }
        bits
    };
    let rules: Vec<(Bits, Bits)> = rules
        .iter()
        .map(|(antecedent, consequent)| (bits(antecedent), bits(consequent)))
        .collect();
    let none = || (0, vec![RuleCounts::default(); rules.len()]);
    (1..=customers.min(world.params.customers))
        .into_par_iter()
        .fold(none, |mut counts, id| {
            let mut basket: Bits = vec![0; words];
            let mut number = None;
            let mut count = |basket: &mut Bits| {
                counts.0 += 1;
                for ((antecedent, consequent), counts) in rules.iter().zip(&mut counts.1) {
                    let has = |items: &Bits| {
                        items
                            .iter()
                            .zip(&*basket)
                            .all(|(items, has)| items & !has == 0)
                    };
                    let (antecedent, consequent) = (has(antecedent), has(consequent));
                    counts.antecedent += u64::from(antecedent);
                    counts.consequent += u64::from(consequent);
                    counts.both += u64::from(antecedent && consequent);
                }
                basket.fill(0);
            };
            let end = world.calendar.days;
            world.live_until(&world.person(id), end, |row: Row| {
                if row.kind != Kind::Purchase {
                    return;
                }
                if number.is_some() && number != row.basket {
                    count(&mut basket);
                }
                number = row.basket;
                if let Some(of) = row.product.and_then(|id| catalogue.type_of(id)) {
                    basket[of / 64] |= 1 << (of % 64);
                }
            });
            if number.is_some() {
                count(&mut basket);
            }
            counts
        })
        .reduce(none, |mut one, other| {
            one.0 += other.0;
            for (sum, more) in one.1.iter_mut().zip(&other.1) {
                sum.antecedent += more.antecedent;
                sum.consequent += more.consequent;
                sum.both += more.both;
            }
            one
        })
}
