//! Interaction history whose truth is known, at any size.
//!
//! Real data cannot tell whether a churn model, a segmentation, a rule or an uplift estimate is
//! right, because nobody knows the answer. Here the answer is the law by which the history is
//! made ([`law`], one for each kind of shop in [`shops`]): latent types of customer ([`profiles`]), a buy-till-you-die process ([`life`]), baskets
//! with planted patterns ([`catalogue`], [`shopping`]), and campaigns with control groups.
//! [`truth`] computes from that law how probable it is that a customer churns, and what a contact
//! does to whom; no model can do better than these probabilities.
//!
//! Every customer depends on the seed and the customer's number alone, so a history has the same
//! bytes on any number of threads, and a customer can be lived again at any time: the truth at a
//! date that nobody thought of is only a matter of asking.

pub mod again;
pub mod calendar;
pub mod catalogue;
mod error;
pub mod files;
pub mod guests;
mod holidays;
pub mod law;
pub mod life;
mod params;
pub mod patterns;
pub mod person;
pub mod profiles;
mod random;
pub mod rows;
pub mod shopping;
pub mod shops;
pub mod truth;

pub use error::HistoryError;
pub use params::{MOST_CUSTOMERS, MOST_MONTHS, Params, ParamsError};
pub use shops::Shop;

use calendar::{Calendar, Day};
use law::Law;
use life::{Hours, Life};
use person::{People, Person};
use random::Choice;
use rows::Row;
use shopping::Shelves;

/// Everything that is the same for all customers of one history.
#[derive(Clone, Debug)]
pub struct World {
    /// What was asked for.
    pub params: Params,
    /// The law of the kind of shop.
    pub law: &'static Law,
    /// The days.
    pub calendar: Calendar,
    /// What can be bought.
    pub shelves: Shelves,
    people: People,
    hours: Hours,
    ratings: Choice,
}

impl World {
    /// The world of these parameters.
    ///
    /// # Errors
    /// Parameters that make no history.
    pub fn new(params: Params) -> Result<Self, ParamsError> {
        let (start, end) = params.check()?;
        let law = params.shop.law();
        let calendar = Calendar::new(law, start, end);
        Ok(Self {
            params,
            law,
            shelves: Shelves::new(law, params.seed, calendar.days),
            people: People::new(law, params.seed, &calendar),
            hours: Hours::new(law),
            ratings: life::ratings(),
            calendar,
        })
    }

    /// The customer of a number, from 1 to the number of customers.
    pub fn person(&self, id: u64) -> Person {
        self.people.person(id)
    }

    /// Lives a customer's life, to the end of the days after the history, and hands on every row
    /// of the history itself.
    pub fn live(&self, person: &Person, mut emit: impl FnMut(Row)) -> Life {
        self.live_until(person, self.calendar.until, &mut emit)
    }

    fn live_until(&self, person: &Person, until: Day, mut emit: impl FnMut(Row)) -> Life {
        let end = self.calendar.days;
        life::live(self, person, until, |row| {
            if row.day < end {
                emit(row);
            }
        })
    }
}
