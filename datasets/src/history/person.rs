//! Who a customer is: the latent type and rate, and the attributes that tell of it or do not.

use super::calendar::{Calendar, Day};
use super::law::Law;
use super::profiles::{AGES, ByType, Profile, TYPES};
use super::random::{Choice, Purpose, Stream, chance_of, opinion};

/// Customers of one company are found among this many with neighbouring numbers.
const ACCOUNT_BLOCK: u64 = 64;
/// Those were customers for up to this many days before.
const DAYS_BEFORE: Day = 1095;
/// Standard deviation of the logarithm of the income within a type.
const INCOME_SPREAD: f64 = 0.5;
/// Regions, which say nothing.
const REGIONS: [&str; 6] = [
    "north",
    "north-east",
    "south-east",
    "south",
    "west",
    "centre",
];

/// One customer, as drawn.
#[derive(Clone, Debug)]
pub struct Person {
    /// The number in the files, from 1.
    pub id: u64,
    /// Index into the profiles of the shop; not in the files.
    pub profile: usize,
    /// What that type is like.
    of: &'static Profile,
    /// Days with a purchase in a usual day; not in the files.
    pub rate: f64,
    /// The day of joining; below 0 for who was there before the history.
    pub joined: Day,
    /// Whether contacts were allowed at the start.
    pub consent: bool,
    /// The account that the customer belongs to.
    pub account: Option<u64>,
    /// Whether the customer pays by invoice.
    pub invoice: bool,
    /// The store of the customer.
    pub store: i64,
    /// Age band; tells of the type, missing in a quarter.
    pub age: Option<&'static str>,
    /// People in the household; tells of the type, missing in a tenth.
    pub household: Option<i64>,
    /// Yearly income; tells of the type with much noise, missing in two fifths.
    pub income: Option<i64>,
    /// Where the customer lives; tells nothing.
    pub region: &'static str,
    /// Shoe size; tells nothing, missing in half.
    pub shoe_size: Option<i64>,
    /// For each type, the logarithm of the chance of being it and having these attributes, up to
    /// a constant.
    pub evidence: ByType,
}

/// Draws customers.
#[derive(Clone, Debug)]
pub struct People {
    seed: u64,
    law: &'static Law,
    /// For each day the one on which a customer who would join then joins: the shop may be closed.
    joins: Vec<Day>,
    at_start: Choice,
    later: Choice,
    /// For each type, the age band and the people in the household.
    ages: [Choice; TYPES],
    household: [Choice; TYPES],
}

impl People {
    /// The people of a seed over a calendar.
    pub fn new(law: &'static Law, seed: u64, calendar: &Calendar) -> Self {
        let profiles = law.profiles.each_ref();
        let choice = |share: fn(&Profile) -> f64| Choice::new(&profiles.map(share));
        Self {
            seed,
            law,
            joins: (0..calendar.days)
                .map(|day| calendar.open_day(day))
                .collect(),
            at_start: choice(|profile| profile.share_at_start),
            later: choice(|profile| profile.share_later),
            ages: profiles.map(|of| Choice::new(&of.ages)),
            household: profiles.map(|of| Choice::new(&of.household)),
        }
    }

    /// The customer of a number, from 1.
    pub fn person(&self, id: u64) -> Person {
        let mut draw = Stream::new(self.seed, id, Purpose::Person);
        let before = draw.chance(self.law.habits.there_at_start);
        let profile = draw.pick(if before { &self.at_start } else { &self.later });
        let of = &self.law.profiles[profile];
        let joined = if before {
            draw.between(-DAYS_BEFORE, -1)
        } else {
            self.joins[draw.between(0, self.joins.len() as Day - 1) as usize]
        };
        let rate = draw.gamma(of.rate_shape, of.rate);
        let invoice = draw.chance(of.invoice);
        let belongs = draw.chance(of.account);
        let age = draw.pick(&self.ages[profile]);
        let age = (!draw.chance(0.25)).then_some(age);
        let household = draw.pick(&self.household[profile]);
        let household = (!draw.chance(0.10)).then_some(household);
        let log_income = of.log_income + INCOME_SPREAD * draw.normal();
        let log_income = (!draw.chance(0.40)).then_some(log_income);
        let signs = Signs {
            before,
            invoice,
            belongs,
            age,
            household,
            log_income,
        };
        Person {
            id,
            profile,
            of,
            rate,
            joined,
            consent: draw.chance(0.85),
            account: belongs.then_some((id - 1) / ACCOUNT_BLOCK + 1),
            invoice,
            store: 1 + (opinion(self.seed, id, 0) * 25.0) as i64,
            age: age.map(|age| AGES[age]),
            household: household.map(|people| people as i64 + 1),
            income: log_income.map(|log| (log.exp() / 100.0).round() as i64 * 100),
            region: REGIONS[draw.between(0, REGIONS.len() as i32 - 1) as usize],
            shoe_size: (!draw.chance(0.5)).then(|| draw.between(36, 47).into()),
            evidence: self
                .law
                .profiles
                .each_ref()
                .map(|profile| signs.evidence(profile)),
        }
    }
}

/// What a customer shows that tells of the type, beside visits.
struct Signs {
    /// Whether the customer was there before the history begins.
    before: bool,
    invoice: bool,
    belongs: bool,
    age: Option<usize>,
    household: Option<usize>,
    log_income: Option<f64>,
}

impl Signs {
    /// The logarithm of the chance of being of a type and showing this, up to a constant.
    fn evidence(&self, profile: &Profile) -> f64 {
        let share = match self.before {
            true => profile.share_at_start,
            false => profile.share_later,
        };
        let mut evidence = share.ln();
        evidence += chance_of(self.invoice, profile.invoice).ln();
        evidence += chance_of(self.belongs, profile.account).ln();
        if let Some(age) = self.age {
            evidence += profile.ages[age].ln();
        }
        if let Some(household) = self.household {
            evidence += profile.household[household].ln();
        }
        if let Some(log_income) = self.log_income {
            let away = (log_income - profile.log_income) / INCOME_SPREAD;
            evidence += (-away * away / 2.0).exp().ln();
        }
        evidence
    }
}

impl Person {
    /// What the customer's type is like.
    pub fn profile(&self) -> &'static Profile {
        self.of
    }

    /// Stages of the customer's gaps in a usual day.
    pub fn scale(&self) -> f64 {
        self.profile().scale(self.rate)
    }

    /// The day from which the customer is followed: joining, or the first day of the history.
    pub fn began(&self) -> Day {
        self.joined.max(0)
    }
}
