//! The truth about leaving and about campaigns: probabilities, computed from the law of the
//! generator rather than estimated.
//!
//! Of a customer with visits on the days `v_1 .. v_n` before an as-of date `T`, the files show
//! the visits, what was bought, complaints, bad deliveries, contacts, and the attributes. They
//! do not show the type `z`, the rate `λ`, or whether the customer has left. With
//!
//! - `C_z(d)`: usual days that passed up to day `d`, as weekday, season, fading and contacts make
//!   them for type `z`,
//! - `H_z(d)`: the hazard of leaving summed over the days before `d`,
//! - `S(x)`: the chance that an Erlang gap with `k_z` stages of rate `k_z λ` is longer than `x`,
//!
//! the chance of no visit after `v_n` and before `u` is a sum over the day of leaving,
//!
//! `N(u) = Σ_{d = v_n}^{u-1} [e^{-H(d)} - e^{-H(d+1)}] S(C(d) - C(v_n)) + e^{-H(u)} S(C(u-1) - C(v_n))`,
//!
//! and the chance of churning in `[T, T + h)` given `z` and `λ` is `N(T + h) / N(T)`. Given what
//! can be observed it is the mean of that over the posterior of `z` and `λ`, whose weights are
//! prior times attributes and baskets times gaps times `N(T)`: that is Pareto/NBD's argument
//! (Schmittlein, Morrison, Colombo, Management Science 33(1), 1987) with Erlang gaps, days, and a
//! hazard that moves. `λ` is integrated by the trapezoid rule over its logarithm, around the peak,
//! to four digits.

mod hypothesis;
mod rhythm;
mod silence;

use self::hypothesis::{Hypothesis, Seen};
pub use self::rhythm::within;
use self::silence::{Path, effect, given_still_there};
use super::World;
use super::calendar::{CAMPAIGN_DAYS, Day};
use super::life::{Chosen, Life, Trouble};
use super::person::Person;
use super::profiles::{Effect, TYPES};

/// The grid over the logarithm of the rate: the width of a step, in standard deviations around the
/// peak, and the steps below and above it. Lower rates reach further, because who has been silent
/// for long is more likely to be slow.
const GRID: Grid = Grid {
    step: 0.8,
    below: 13,
    above: 9,
};

/// A grid over the logarithm of the rate.
#[derive(Clone, Copy)]
struct Grid {
    step: f64,
    below: i32,
    above: i32,
}

/// What is true of one customer at one as-of date.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChurnTruth {
    /// Who.
    pub customer: u64,
    /// Index of the type.
    pub profile: usize,
    /// Baskets before the date.
    pub baskets: u32,
    /// Days since the last purchase.
    pub recency: Day,
    /// Whether there was no purchase in the horizon.
    pub churned: bool,
    /// The probability of that given everything that the files show before the date.
    pub observed: f64,
    /// The probability of that given also the type, the rate and whether the customer has left.
    pub everything: f64,
}

/// What is true of one customer in one campaign.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UpliftTruth {
    /// Who.
    pub customer: u64,
    /// Index of the campaign.
    pub campaign: usize,
    /// Whether the customer was contacted.
    pub treated: bool,
    /// Whether the customer bought while the campaign lasted.
    pub bought: bool,
    /// The probability of buying while the campaign lasts if contacted.
    pub if_contacted: f64,
    /// The same if not contacted.
    pub if_not: f64,
}

impl Life {
    /// The effect on a day of the contact that is fresh then, on a customer of a type.
    pub fn effect(&self, world: &World, profile: usize, day: Day) -> Effect {
        effect(world, &self.chosen, profile, day)
    }

    /// How many visits there were before a day.
    fn before(&self, day: Day) -> usize {
        self.visits.partition_point(|visit| visit.day < day)
    }

    fn troubles_before(&self, day: Day) -> Vec<Trouble> {
        let before = |trouble: &&Trouble| trouble.day < day;
        self.troubles.iter().filter(before).copied().collect()
    }
}

/// What is true of a customer at an as-of date; none before the first purchase.
///
/// The life must have been lived up to `as_of + horizon` at least.
pub fn churn(
    world: &World,
    person: &Person,
    life: &Life,
    as_of: Day,
    horizon: Day,
) -> Option<ChurnTruth> {
    let until = as_of + horizon;
    let seen = Seen::new(world, person, life, as_of, until)?;
    let everything = if life.left.is_some_and(|left| left <= as_of) {
        1.0
    } else {
        let (now, then) = Hypothesis::new(&seen, person.profile).silences(person.rate);
        given_still_there(now, then)
    };
    let next = life.visits.get(seen.visits.len());
    Some(ChurnTruth {
        customer: person.id,
        profile: person.profile,
        baskets: seen.visits.iter().map(|visit| visit.baskets).sum(),
        recency: as_of - seen.last.day,
        churned: next.is_none_or(|visit| visit.day >= until),
        observed: given_observed(&seen, GRID),
        everything,
    })
}

/// The probability of silence in the horizon given what is seen: the mean over types and rates.
fn given_observed(seen: &Seen<'_>, grid: Grid) -> f64 {
    let evidence = &seen.last.evidence;
    let mut likely_first: Vec<usize> = (0..TYPES).collect();
    likely_first.sort_by(|a, b| evidence[*b].total_cmp(&evidence[*a]).then(a.cmp(b)));
    let mut weighed: Vec<(f64, f64, f64)> = Vec::new(); // log weight, now, then
    let mut best = f64::NEG_INFINITY;
    for profile in likely_first {
        if evidence[profile] == f64::NEG_INFINITY {
            continue;
        }
        let hypothesis = Hypothesis::new(seen, profile);
        let Some((peak, deviation)) = hypothesis.peak(best) else {
            continue;
        };
        let step = grid.step * deviation;
        for number in -grid.below..=grid.above {
            let rate = (peak + step * f64::from(number)).exp();
            let weight = hypothesis.log_weight(rate) + step.ln();
            let (now, then) = hypothesis.silences(rate);
            best = best.max(weight);
            weighed.push((weight, now.either(), then));
        }
    }
    let (mut below, mut above) = (0.0, 0.0);
    for (weight, now, then) in weighed {
        let weight = (weight - best).exp();
        below += weight * now;
        above += weight * then;
    }
    (above / below).clamp(0.0, 1.0)
}

/// What is true of a customer in every campaign that they were chosen for and that ends by
/// `until`, given everything: the type, the rate, and whether they have left.
pub fn uplift(world: &World, person: &Person, life: &Life, until: Day) -> Vec<UpliftTruth> {
    let mut truths = Vec::with_capacity(life.chosen.len());
    for (number, chosen) in life.chosen.iter().enumerate() {
        let starts = world.calendar.campaigns[chosen.campaign].starts;
        let ends = starts + CAMPAIGN_DAYS;
        let seen = life.before(starts);
        let (Some(last), true) = (life.visits[..seen].last(), ends <= until) else {
            continue;
        };
        let gone = life.left.is_some_and(|left| left <= starts);
        let buys = |treated: bool| -> f64 {
            if gone {
                return 0.0;
            }
            let mut so_far = life.chosen[..number].to_vec();
            so_far.push(Chosen {
                campaign: chosen.campaign,
                treated,
            });
            let path = Path::new(
                world,
                person,
                person.profile,
                &life.troubles_before(starts),
                &so_far,
                last.day,
                ends,
            );
            let scale = person.scale();
            let now = path.silent(scale, last.day, Path::START, last.day, starts);
            let then = path.silent(scale, last.day, now, starts, ends);
            1.0 - given_still_there(now, then.either())
        };
        let (if_contacted, if_not) = (buys(true), buys(false));
        truths.push(UpliftTruth {
            customer: person.id,
            campaign: chosen.campaign,
            treated: chosen.treated,
            bought: life.visits.get(seen).is_some_and(|visit| visit.day < ends),
            if_contacted,
            if_not,
        });
    }
    truths
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Params, Shop};

    /// The mean over types and rates does not depend on how finely it is taken: neither for those
    /// who come daily, whose rate is known to a few percent, nor for those who came once.
    #[test]
    fn a_grid_that_is_finer_and_wider_gives_the_same_probabilities() {
        let world = World::new(Params {
            shop: Shop::Grocery,
            customers: 600,
            months: 24,
            seed: 42,
        })
        .unwrap();
        let end = world.calendar.days;
        let finer = Grid {
            step: 0.1,
            below: 160,
            above: 120,
        };
        let (mut most_baskets, mut checked) = (0, 0);
        for id in 1..=world.params.customers {
            let person = world.person(id);
            let life = world.live(&person, |_| {});
            let Some(seen) = Seen::new(&world, &person, &life, end - 28, end) else {
                continue;
            };
            let away = given_observed(&seen, GRID) - given_observed(&seen, finer);
            assert!(away.abs() < 5e-5, "customer {id}: {away:e}");
            most_baskets = most_baskets.max(seen.visits.len());
            checked += 1;
        }
        assert!(
            checked > 500 && most_baskets > 300,
            "{checked} {most_baskets}"
        );
    }
}
