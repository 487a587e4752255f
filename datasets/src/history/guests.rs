//! Orders of people without an account: in the files they are customer 0.
//!
//! A guest comes once and is nobody afterwards. Guests have the tastes of the types of customer,
//! so the same patterns are planted in their baskets; no truth about leaving speaks of them.

use super::calendar::Day;
use super::life::BASKETS_OF_ONE;
use super::random::{Purpose, Stream};
use super::rows::{Channel, Kind, Row};
use super::shopping::{BasketCounts, Trip};
use super::{MOST_CUSTOMERS, World};

/// Who a guest is in the files.
pub const NOBODY: i64 = 0;
/// Guests are drawn like customers of numbers from here on, which no customer has.
const FROM: u64 = 2 * MOST_CUSTOMERS;
/// The busiest day is not more than so many usual ones.
const BUSIEST: f64 = 4.0;
/// How often a day is drawn before the guest stays at home.
const TRIES: usize = 200;

impl World {
    /// The orders of the guests that are counted with a customer: hands on their lines, and counts
    /// their baskets.
    pub fn guests(&self, id: u64, mut emit: impl FnMut(Row)) -> BasketCounts {
        let mut counts = BasketCounts::default();
        let mean = self.law.habits.guests * f64::from(self.params.months);
        if mean == 0.0 {
            return counts;
        }
        let mut draw = Stream::new(self.params.seed, FROM + id, Purpose::Life);
        let orders = (mean + draw.uniform()).floor() as i64;
        let mut days: Vec<Day> = (0..orders)
            .filter_map(|_| self.open_day(&mut draw))
            .collect();
        days.sort_unstable();
        for (order, day) in days.into_iter().enumerate() {
            // Every guest is somebody else.
            let who = FROM + id + order as u64 * MOST_CUSTOMERS;
            let number = who as i64 * BASKETS_OF_ONE;
            counts.add(&self.guest(who, number, day, &mut draw, &mut emit));
        }
        counts
    }

    /// A day, the busier the likelier.
    fn open_day(&self, draw: &mut Stream) -> Option<Day> {
        (0..TRIES).find_map(|_| {
            let day = draw.between(0, self.calendar.days - 1);
            draw.chance(self.calendar.pace(0, day, day) / BUSIEST)
                .then_some(day)
        })
    }

    fn guest(
        &self,
        who: u64,
        number: i64,
        day: Day,
        draw: &mut Stream,
        emit: &mut impl FnMut(Row),
    ) -> BasketCounts {
        let person = self.person(who);
        let stream = Stream::new(self.params.seed, who, Purpose::Shopping);
        let mut shopper = self.shelves.shopper(stream, day);
        let trip = Trip {
            person: &person,
            calendar: &self.calendar,
            day,
            coupon: false,
        };
        let mut evidence = person.evidence;
        self.shelves.basket(&trip, &mut shopper, &mut evidence);
        let online = draw.chance(person.profile().online);
        let products = &self.shelves.catalogue.products;
        let second = draw.between(9 * 3600, 19 * 3600);
        for line in &shopper.lines {
            emit(Row {
                customer: Some(NOBODY),
                channel: Some(if online {
                    Channel::Online
                } else {
                    Channel::Store
                }),
                location: (!online).then_some(person.store),
                basket: Some(number),
                product: Some(products[line.product].id),
                quantity: Some(line.quantity),
                amount: Some(line.amount),
                discount: Some(line.discount),
                cost: Some(line.cost),
                ..Row::new(who, day, second, Kind::Purchase)
            });
        }
        shopper.counts
    }
}
