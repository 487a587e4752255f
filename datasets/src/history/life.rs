//! When a customer comes, what happens then, and when the customer leaves for good.
//!
//! A buy-till-you-die process on days. Visits are a renewal process with Erlang gaps in a time
//! that runs as fast as season, weekday, fading and campaigns make it; leaving has a hazard that
//! depends on the type and on what happened. Everything that moves the hazard can be seen in the
//! files: complaints with their rating, bad deliveries, contacts, the day of the price rise. What
//! else happens (returns, calls, surveys, payments, visits without a purchase) follows a purchase
//! after some days whether or not the customer has left by then, so it tells nothing of that.

use super::World;
use super::calendar::{CAMPAIGN_DAYS, CAMPAIGN_REACH_DAYS, CHOSEN, Day, TREATED, TROUBLE_DAYS};
use super::law::Law;
use super::person::Person;
use super::profiles::{ByType, Effect, Profile};
use super::random::{Choice, Purpose, Stream, chance_of};
use super::rows::{Channel, Kind, Row};
use super::shopping::{BasketCounts, Shopper, Trip};

/// The chance of a bad delivery of an online order.
const BAD_DELIVERY: f64 = 0.05;
/// A bad delivery makes a complaint more likely by this.
const COMPLAINS_OF_DELIVERY: f64 = 0.3;
/// Shares of the ratings 1 to 5 of a complaint.
const RATINGS: [f64; 5] = [0.25, 0.25, 0.20, 0.15, 0.15];
/// How much of the type's unforgivingness a complaint of each rating stirs: whoever is content with
/// the answer has all but forgotten it.
const COMPLAINT_WEIGHTS: [f64; 5] = [1.0, 1.0, 0.6, 0.1, 0.1];
/// The same of a bad delivery.
const BAD_DELIVERY_WEIGHT: f64 = 0.6;
/// What a call costs the company, in hundredths.
const CALL_CENTS: i64 = 600;
/// The chance that a contacted customer who comes redeems the campaign's coupon.
const REDEEMS: f64 = 0.35;
/// The largest number of baskets of one customer.
pub const BASKETS_OF_ONE: i64 = 100_000;
/// An order is cancelled within so many days.
const CANCELLED_WITHIN: i32 = 10;

/// A complaint or a bad delivery.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trouble {
    /// When.
    pub day: Day,
    /// How much of the type's unforgivingness it stirs: 0 none, 1 all.
    pub weight: f64,
}

/// Being chosen for a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Index of the campaign in the calendar.
    pub campaign: usize,
    /// Whether the customer was contacted; otherwise part of the control group.
    pub treated: bool,
}

/// A day with a purchase.
#[derive(Clone, Copy, Debug)]
pub struct Visit {
    /// Which day.
    pub day: Day,
    /// Baskets on that day.
    pub baskets: u32,
    /// What everything up to this day tells of the type: logarithms, up to a constant.
    pub evidence: ByType,
}

/// What happened to a customer.
#[derive(Clone, Debug, Default)]
pub struct Life {
    /// Days with a purchase.
    pub visits: Vec<Visit>,
    /// Complaints and bad deliveries.
    pub troubles: Vec<Trouble>,
    /// Campaigns that the customer was chosen for.
    pub chosen: Vec<Chosen>,
    /// The first day on which the customer is one no more; none while still there.
    pub left: Option<Day>,
    /// The day from which the customer is no longer contacted.
    pub opted_out: Option<Day>,
    /// Orders that were cancelled within the history.
    pub cancelled: u32,
    /// Counts of the baskets within the history.
    pub counts: BasketCounts,
}

/// The hour of a visit, by type.
#[derive(Clone, Debug)]
pub struct Hours {
    choices: Vec<Choice>,
    chances: [ByType; 24],
}

impl Hours {
    /// Three peaks, at 9, 13 and 18 o'clock, in the proportions of each type; open from 7 to 22.
    pub fn new(law: &Law) -> Self {
        let weight = |profile: &Profile, hour: usize| -> f64 {
            if !(7..22).contains(&hour) {
                return 0.0;
            }
            let peak = |at: f64, width: f64| {
                let away = (hour as f64 - at) / width;
                (-away * away / 2.0).exp() / width
            };
            0.01 + profile.peaks[0] * peak(9.5, 1.7)
                + profile.peaks[1] * peak(13.0, 1.7)
                + profile.peaks[2] * peak(18.2, 2.0)
        };
        let weights: Vec<Vec<f64>> = law
            .profiles
            .iter()
            .map(|profile| (0..24).map(|hour| weight(profile, hour)).collect())
            .collect();
        let chances = std::array::from_fn(|hour| {
            std::array::from_fn(|profile| {
                weights[profile][hour] / weights[profile].iter().sum::<f64>()
            })
        });
        Self {
            choices: weights.iter().map(|weights| Choice::new(weights)).collect(),
            chances,
        }
    }
}

/// How many times as likely leaving is on a day, for a type, because of what has happened.
pub fn stirred(profile: &Profile, troubles: &[Trouble], day: Day) -> f64 {
    let weight = troubles
        .iter()
        .filter(|trouble| (trouble.day..trouble.day + TROUBLE_DAYS).contains(&day))
        .map(|trouble| trouble.weight)
        .fold(0.0, f64::max);
    1.0 + (profile.unforgiving - 1.0) * weight
}

/// Rows that happen some days after what they follow.
#[derive(Default)]
struct Later {
    rows: Vec<Row>,
    next: Option<Day>,
}

impl Later {
    fn add(&mut self, row: Row) {
        self.next = Some(self.next.map_or(row.day, |next| next.min(row.day)));
        self.rows.push(row);
    }

    fn due(&mut self, day: Day, emit: &mut impl FnMut(Row)) {
        if self.next.is_none_or(|next| next > day) {
            return;
        }
        self.rows.retain(|row| {
            let due = row.day <= day;
            if due {
                emit(*row);
            }
            !due
        });
        self.next = self.rows.iter().map(|row| row.day).min();
    }
}

/// Lives a customer's life up to the day before `until` and hands every row to `emit`, by day.
pub fn live(world: &World, person: &Person, until: Day, emit: impl FnMut(Row)) -> Life {
    let mut living = Living::new(world, person, emit);
    for day in person.began()..until {
        living.later.due(day, &mut living.emit);
        living.campaign(day);
        let effect = living.life.effect(world, person.profile, day);
        if living.life.left.is_none() {
            living.perhaps_comes(day, effect);
            living.perhaps_leaves(day, effect);
        }
    }
    living.life.counts = living.shopper.counts;
    living.life
}

/// A customer in the middle of life.
struct Living<'a, F> {
    world: &'a World,
    person: &'a Person,
    profile: &'static Profile,
    draw: Stream,
    shopper: Shopper,
    life: Life,
    evidence: ByType,
    later: Later,
    /// Baskets so far.
    baskets: i64,
    /// Whether contacts are still allowed.
    consent: bool,
    /// The campaign whose coupon is at hand.
    coupon: Option<usize>,
    /// Usual days since the last visit, and after how many the next one comes.
    since: f64,
    gap: f64,
    /// How much hazard the customer still endures.
    endurance: f64,
    emit: F,
}

/// What all baskets of one visit have in common.
#[derive(Clone, Copy)]
struct Occasion {
    day: Day,
    hour: i32,
    online: bool,
    /// The delivery goes wrong.
    bad: bool,
    complains: bool,
    redeems: bool,
}

impl<'a, F: FnMut(Row)> Living<'a, F> {
    fn new(world: &'a World, person: &'a Person, emit: F) -> Self {
        let profile = person.profile();
        let mut draw = Stream::new(world.params.seed, person.id, Purpose::Life);
        let shop = Stream::new(world.params.seed, person.id, Purpose::Shopping);
        let gap = if person.joined < 0 {
            // A renewal process that runs since long ago: what is left of the gap is an Erlang
            // time with an evenly drawn number of stages.
            let stages = draw.between(1, profile.regularity as i32) as usize;
            draw.erlang(stages) / person.scale()
        } else {
            0.0 // joins with the first purchase
        };
        Self {
            world,
            person,
            profile,
            shopper: world.shelves.shopper(shop, person.began()),
            life: Life::default(),
            evidence: person.evidence,
            later: Later::default(),
            baskets: 0,
            consent: person.consent,
            coupon: None,
            since: 0.0,
            gap,
            endurance: draw.exponential(),
            draw,
            emit,
        }
    }

    /// Is chosen for the campaign that begins on this day, or not.
    fn campaign(&mut self, day: Day) {
        let Some(campaign) = self.world.calendar.campaign_on(day) else {
            return;
        };
        let last = self.life.visits.last();
        let within = last.is_some_and(|visit| day - visit.day <= CAMPAIGN_REACH_DAYS);
        if !(self.consent && within && self.draw.chance(CHOSEN)) {
            return;
        }
        let treated = self.draw.chance(TREATED);
        self.life.chosen.push(Chosen { campaign, treated });
        if !treated {
            return;
        }
        let second = 8 * 3600 + self.draw.between(0, 3599);
        let row = contact(self.world, self.person, day, second, campaign);
        (self.emit)(row);
        self.coupon = Some(campaign);
        if self.draw.chance(self.world.law.habits.opts_out) {
            self.consent = false;
            self.life.opted_out = Some(day + 1);
            (self.emit)(Row {
                kind: Kind::ServiceCall,
                second: second + 3600,
                channel: Some(Channel::OptOut),
                cost: None,
                ..row
            });
        }
    }

    fn perhaps_comes(&mut self, day: Day, effect: Effect) {
        let (world, person, profile) = (self.world, self.person, self.profile);
        let calendar = &world.calendar;
        self.since += calendar.pace(person.profile, day, person.began()) * effect.pace;
        if self.since < self.gap {
            return;
        }
        self.since = 0.0;
        self.gap = self.draw.erlang(profile.regularity) / person.scale();
        let hour = self.draw.pick(&world.hours.choices[person.profile]);
        let online = self.draw.chance(profile.online);
        let bad = online && self.draw.chance(BAD_DELIVERY);
        let extra = if bad { COMPLAINS_OF_DELIVERY } else { 0.0 };
        let complains = self.draw.chance(profile.complains + extra);
        let types = world.law.profiles.iter().zip(&world.hours.chances[hour]);
        for (evidence, (profile, chance)) in self.evidence.iter_mut().zip(types) {
            let online = chance_of(online, profile.online);
            *evidence += (chance * online * chance_of(complains, profile.complains + extra)).ln();
        }
        let baskets = 1 + u32::from(self.draw.chance(world.law.habits.second_basket));
        let fresh = self.coupon.is_some_and(|campaign| {
            (0..CAMPAIGN_DAYS).contains(&(day - calendar.campaigns[campaign].starts))
        });
        let occasion = Occasion {
            day,
            hour: hour as i32,
            online,
            bad,
            complains,
            redeems: fresh && self.draw.chance(REDEEMS),
        };
        self.basket(occasion);
        if baskets == 2 {
            self.basket(Occasion {
                hour: (occasion.hour + 2).min(22),
                bad: false,
                complains: false,
                redeems: false,
                ..occasion
            });
        }
        self.life.visits.push(Visit {
            day,
            baskets,
            evidence: self.evidence,
        });
        if day == person.began() && person.joined >= 0 {
            self.endurance += (1.0 - profile.leaving_at_once).ln();
        }
    }

    fn basket(&mut self, occasion: Occasion) {
        let Occasion { day, online, .. } = occasion;
        let (world, person) = (self.world, self.person);
        let second = occasion.hour * 3600 + self.draw.between(0, 3599);
        let trip = Trip {
            person,
            calendar: &world.calendar,
            day,
            coupon: occasion.redeems,
        };
        let (shopper, evidence) = (&mut self.shopper, &mut self.evidence);
        world.shelves.basket(&trip, shopper, evidence);
        let mut about = Row::new(person.id, day, second, Kind::Purchase);
        about.basket = Some(person.id as i64 * BASKETS_OF_ONE + self.baskets);
        self.baskets += 1;
        about.channel = Some(if online {
            Channel::Online
        } else {
            Channel::Store
        });
        about.location = (!online).then_some(person.store);
        self.lines(&about);
        about.location = None;
        self.reactions(occasion, &about);
        let paid = self.shopper.lines.iter().map(|line| line.amount).sum();
        follow_up(person, &about, paid, &mut self.draw, &mut self.later);
    }

    /// The lines of a basket, some of which are brought back, or cancelled.
    fn lines(&mut self, about: &Row) {
        let habits = &self.world.law.habits;
        let order_cancelled = (habits.cancelled > 0.0 && self.draw.chance(habits.cancelled))
            .then(|| about.day + self.draw.between(1, CANCELLED_WITHIN));
        self.life.cancelled +=
            u32::from(order_cancelled.is_some_and(|day| day < self.world.calendar.days));
        let in_parts = order_cancelled.is_some() && habits.cancelled_line < 1.0;
        // One at least is cancelled.
        let for_certain = match in_parts {
            true => self
                .draw
                .between(0, self.shopper.lines.len().saturating_sub(1) as i32)
                as usize,
            false => 0,
        };
        let products = &self.world.shelves.catalogue.products;
        for (place, line) in self.shopper.lines.iter().enumerate() {
            let cancelled = order_cancelled.filter(|_| {
                !in_parts || place == for_certain || self.draw.chance(habits.cancelled_line)
            });
            let row = Row {
                product: Some(products[line.product].id),
                quantity: Some(line.quantity),
                amount: Some(line.amount),
                discount: Some(line.discount),
                cost: Some(line.cost),
                ..*about
            };
            (self.emit)(row);
            let returned = match cancelled {
                Some(day) => Some(day),
                None => (self.draw.chance(habits.returned))
                    .then(|| about.day + self.draw.between(2, 14)),
            };
            if let Some(day) = returned {
                self.later.add(Row {
                    kind: Kind::Return,
                    cancelled: cancelled.is_some(),
                    day,
                    quantity: Some(-line.quantity),
                    amount: Some(-line.amount),
                    discount: None,
                    cost: Some(-line.cost),
                    ..row
                });
            }
        }
    }

    /// What comes with a basket at once: a coupon, a delivery that goes wrong, a complaint.
    fn reactions(&mut self, occasion: Occasion, about: &Row) {
        let (world, day) = (self.world, occasion.day);
        if occasion.redeems {
            let campaign = self.coupon.take();
            (self.emit)(Row {
                kind: Kind::Response,
                campaign: campaign.map(|campaign| world.calendar.campaigns[campaign].id),
                ..*about
            });
        }
        if occasion.bad {
            (self.emit)(Row {
                kind: Kind::ServiceCall,
                second: (about.second + 1800).min(86_399),
                channel: Some(Channel::Delivery),
                cost: Some(CALL_CENTS),
                ..*about
            });
            let weight = BAD_DELIVERY_WEIGHT;
            self.life.troubles.push(Trouble { day, weight });
        }
        if occasion.complains {
            let rating = self.draw.pick(&world.ratings);
            (self.emit)(Row {
                kind: Kind::Complaint,
                second: (about.second + 3600).min(86_399),
                channel: Some(Channel::Phone),
                rating: Some(1 + rating as i64),
                ..*about
            });
            let weight = COMPLAINT_WEIGHTS[rating];
            self.life.troubles.push(Trouble { day, weight });
        }
    }

    fn perhaps_leaves(&mut self, day: Day, effect: Effect) {
        self.endurance -= self.world.calendar.leaving(self.profile, day)
            * stirred(self.profile, &self.life.troubles, day)
            * effect.leaving;
        if self.endurance <= 0.0 {
            self.life.left = Some(day + 1);
        }
    }
}

fn contact(world: &World, person: &Person, day: Day, second: i32, campaign: usize) -> Row {
    let campaign = &world.calendar.campaigns[campaign];
    let sort = campaign.sort();
    let mut row = Row::new(person.id, day, second, Kind::Contact);
    row.channel = Some(sort.channel);
    row.campaign = Some(campaign.id);
    row.cost = Some(sort.cost_cents);
    row
}

/// What may follow a basket in the days after it, whatever becomes of the customer.
fn follow_up(person: &Person, about: &Row, paid: i64, draw: &mut Stream, later: &mut Later) {
    let at = |draw: &mut Stream, kind: Kind, from: Day, to: Day| Row {
        kind,
        day: about.day + draw.between(from, to),
        second: draw.between(8 * 3600, 21 * 3600),
        ..*about
    };
    if draw.chance(0.10) {
        let row = at(draw, Kind::Visit, 1, 3);
        later.add(Row {
            channel: Some(Channel::Online),
            ..row
        });
    }
    if draw.chance(0.008) {
        let row = at(draw, Kind::ServiceCall, 1, 5);
        later.add(Row {
            channel: Some(Channel::Phone),
            cost: Some(CALL_CENTS),
            ..row
        });
    }
    if draw.chance(0.015) {
        let row = at(draw, Kind::Survey, 1, 2);
        let score = 7.6 + 2.0 * draw.normal();
        later.add(Row {
            channel: Some(Channel::Email),
            rating: Some(score.round().clamp(0.0, 10.0) as i64),
            ..row
        });
    }
    if person.invoice {
        let late = draw.chance(0.12);
        let (from, to) = if late { (31, 60) } else { (5, 14) };
        let row = at(draw, Kind::Payment, from, to);
        later.add(Row {
            channel: None,
            amount: Some(paid),
            ..row
        });
    }
}

/// Shares of the ratings of a complaint.
pub fn ratings() -> Choice {
    Choice::new(&RATINGS)
}
