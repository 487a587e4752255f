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

use super::World;
use super::calendar::{CAMPAIGN_DAYS, CAMPAIGN_REACH_DAYS, CHOSEN, Day, TREATED};
use super::life::{Chosen, Life, Trouble, Visit, stirred};
use super::person::Person;
use super::profiles::{Effect, PROFILES, Profile, TYPES};

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

/// Types whose best weight is below the best of all by this factor (logarithm) do not matter.
const NEGLIGIBLE: f64 = 35.0;

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

    fn before(&self, day: Day) -> usize {
        self.visits.partition_point(|visit| visit.day < day)
    }

    fn troubles_before(&self, day: Day) -> Vec<Trouble> {
        let before = |trouble: &&Trouble| trouble.day < day;
        self.troubles.iter().filter(before).copied().collect()
    }
}

fn effect(world: &World, chosen: &[Chosen], profile: usize, day: Day) -> Effect {
    for chosen in chosen.iter().rev() {
        let campaign = &world.calendar.campaigns[chosen.campaign];
        if campaign.starts + CAMPAIGN_DAYS <= day {
            break;
        }
        if chosen.treated && campaign.starts <= day {
            return PROFILES[profile].campaigns[campaign.kind];
        }
    }
    Effect::NONE
}

/// The clock and the hazard of one customer, under the hypothesis of one type, from some day on.
struct Path {
    first: Day,
    /// Usual days passed from the first day up to the end of each day.
    clock: Vec<f64>,
    /// The chance of not leaving from the first day up to the end of each day.
    stays: Vec<f64>,
    regularity: usize,
}

/// `N(u)` so far: the days are those up to some day, and `left + stayed * quiet` is the chance.
#[derive(Clone, Copy)]
struct Silence {
    left: f64,
    stayed: f64,
    quiet: f64,
}

impl Silence {
    /// No visit, whether or not the customer has left.
    fn either(self) -> f64 {
        self.left + self.stayed * self.quiet
    }
}

impl Path {
    /// From the day `first`, on which the customer is still there, to the day before `until`.
    fn new(
        world: &World,
        person: &Person,
        profile: usize,
        troubles: &[Trouble],
        chosen: &[Chosen],
        first: Day,
        until: Day,
    ) -> Self {
        let began = person.began();
        let of = &PROFILES[profile];
        let days = (until - first).max(0) as usize;
        let (mut clock, mut stays) = (Vec::with_capacity(days), Vec::with_capacity(days));
        let (mut passed, mut risk) = (0.0, 0.0_f64);
        for day in first..until {
            let effect = effect(world, chosen, profile, day);
            passed += world.calendar.pace(profile, day, began) * effect.pace;
            risk += world.calendar.leaving(of, day) * stirred(of, troubles, day) * effect.leaving;
            if day == began && person.joined >= 0 {
                risk -= (1.0 - of.leaving_at_once).ln();
            }
            clock.push(passed);
            stays.push((-risk).exp());
        }
        Self {
            first,
            clock,
            stays,
            regularity: of.regularity,
        }
    }

    fn clock(&self, day: Day) -> f64 {
        match day - self.first {
            ..0 => 0.0,
            place => self.clock[place as usize],
        }
    }

    /// The chance of not leaving from the first day up to the end of the day before this one.
    fn stays_before(&self, day: Day) -> f64 {
        match day - self.first {
            ..=0 => 1.0,
            place => self.stays[place as usize - 1],
        }
    }

    /// The chance of a gap that ends on a day times `e^{scale * from}`, when `from` and `to` are
    /// the usual days that had passed at the end of the day before and of that day.
    fn gap(&self, scale: f64, from: f64, to: f64, survival: fn(usize, f64) -> f64) -> f64 {
        let (from, to) = (scale * from, scale * to);
        survival(self.regularity, from) - (from - to).exp() * survival(self.regularity, to)
    }

    /// The silence after a visit on `last`, before any day has passed, relative to having stayed
    /// up to that day.
    const START: Silence = Silence {
        left: 0.0,
        stayed: 1.0,
        quiet: 1.0,
    };

    /// Goes on from the silence up to the day before `from` to that up to the day before `until`.
    fn silent(&self, scale: f64, last: Day, so_far: Silence, from: Day, until: Day) -> Silence {
        let (clock, stays) = (self.clock(last), self.stays_before(last));
        let mut silence = so_far;
        for day in from..until {
            if silence.stayed * silence.quiet < 1e-15 {
                break; // nothing more can come
            }
            let place = (day - self.first) as usize;
            let passed = scale * (self.clock[place] - clock);
            silence.quiet = (-passed).exp() * gap_polynomial(self.regularity, passed);
            let still = self.stays[place] / stays;
            silence.left += (silence.stayed - still) * silence.quiet;
            silence.stayed = still;
        }
        silence
    }
}

/// `e^x` times the chance that an Erlang time with `stages` stages of rate 1 is longer than `x`.
fn gap_polynomial(stages: usize, x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for stage in 1..stages {
        term *= x / stage as f64;
        sum += term;
    }
    sum
}

/// The same for what is left of such a time when one looks at a random moment: an Erlang time
/// with an evenly drawn number of stages.
fn rest_polynomial(stages: usize, x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for stage in 1..stages {
        term *= x / stage as f64;
        sum += term * (stages - stage) as f64 / stages as f64;
    }
    sum
}

/// What the files show of a customer before an as-of date, and the horizon after it.
struct Seen<'a> {
    world: &'a World,
    person: &'a Person,
    visits: &'a [Visit],
    last: &'a Visit,
    troubles: Vec<Trouble>,
    /// Every way in which the campaigns of the horizon may treat the customer: what the customer
    /// was chosen for by then, and with which chance.
    scenarios: Vec<(Vec<Chosen>, f64)>,
    as_of: Day,
    until: Day,
}

impl<'a> Seen<'a> {
    /// None before the first purchase.
    fn new(
        world: &'a World,
        person: &'a Person,
        life: &'a Life,
        as_of: Day,
        until: Day,
    ) -> Option<Self> {
        let visits = &life.visits[..life.before(as_of)];
        let last = visits.last()?;
        Some(Self {
            world,
            person,
            visits,
            last,
            troubles: life.troubles_before(as_of),
            scenarios: scenarios(world, person, life, last.day, as_of, until),
            as_of,
            until,
        })
    }
}

/// Every way in which the campaigns that begin in `[from, to)` may treat a customer whose last
/// visit was on `last`.
fn scenarios(
    world: &World,
    person: &Person,
    life: &Life,
    last: Day,
    from: Day,
    to: Day,
) -> Vec<(Vec<Chosen>, f64)> {
    let starts = |chosen: &&Chosen| world.calendar.campaigns[chosen.campaign].starts < from;
    let known: Vec<Chosen> = life.chosen.iter().filter(starts).copied().collect();
    let mut scenarios = vec![(known, 1.0)];
    if !person.consent || life.opted_out.is_some_and(|day| day <= from) {
        return scenarios;
    }
    for (campaign, at) in world.calendar.campaigns.iter().enumerate() {
        if (from..to).contains(&at.starts) && at.starts - last <= CAMPAIGN_REACH_DAYS {
            let mut contacted = scenarios.clone();
            for (chosen, chance) in &mut contacted {
                chosen.push(Chosen {
                    campaign,
                    treated: true,
                });
                *chance *= CHOSEN * TREATED;
            }
            for (_, chance) in &mut scenarios {
                *chance *= 1.0 - CHOSEN * TREATED;
            }
            scenarios.extend(contacted);
        }
    }
    scenarios
}

/// That a customer is of one type.
struct Hypothesis<'a> {
    seen: &'a Seen<'a>,
    of: &'static Profile,
    /// For each scenario its path and its chance. The first path goes back to the first day, for
    /// the gaps; the others begin with the last visit.
    paths: Vec<(Path, f64)>,
    /// The usual days that had passed the day before each visit and on it, since the visit before;
    /// without the one by which the customer joined, before which there is no gap.
    gaps: Vec<(f64, f64)>,
    /// The logarithm of the chance of the type, of what it shows beside its visits, and of having
    /// stayed up to the last visit.
    log_rest: f64,
}

impl<'a> Hypothesis<'a> {
    fn new(seen: &'a Seen<'a>, profile: usize) -> Self {
        let Seen { person, last, .. } = seen;
        let mut first = person.began();
        let mut paths = Vec::with_capacity(seen.scenarios.len());
        for (chosen, chance) in &seen.scenarios {
            let troubles = &seen.troubles;
            let path = Path::new(
                seen.world, person, profile, troubles, chosen, first, seen.until,
            );
            paths.push((path, *chance));
            first = last.day;
        }
        let path = &paths[0].0;
        let mut gaps = Vec::with_capacity(seen.visits.len());
        let mut before = 0.0;
        for visit in seen.visits {
            let (start, end) = (path.clock(visit.day - 1), path.clock(visit.day));
            gaps.push((start - before, end - before));
            before = end;
        }
        if person.joined >= 0 {
            gaps.remove(0);
        }
        Self {
            seen,
            of: &PROFILES[profile],
            log_rest: path.stays_before(last.day).ln() + last.evidence[profile],
            paths,
            gaps,
        }
    }

    /// The logarithm of the chance of all that is seen and of this rate, per step of the rate's
    /// logarithm, except for the silence since the last visit.
    fn log_weight(&self, rate: f64) -> f64 {
        let path = &self.paths[0].0;
        let scale = self.of.scale(rate);
        let mut product = Logs::default();
        let mut waited = 0.0;
        // Who was there before the history came once within a gap that nobody saw begin.
        let mut survival: fn(usize, f64) -> f64 = match self.seen.person.joined {
            ..0 => rest_polynomial,
            _ => gap_polynomial,
        };
        for &(from, to) in &self.gaps {
            product.times(path.gap(scale, from, to, survival));
            waited += from;
            survival = gap_polynomial;
        }
        let prior = log_gamma_density(rate, self.of.rate_shape, self.of.rate) + rate.ln();
        product.total() - scale * waited + prior + self.log_rest
    }

    /// The logarithm of the rate at which [`Self::log_weight`] is largest, and the standard
    /// deviation of the normal distribution that fits there: Newton's method from the rate that
    /// the mean gap suggests.
    ///
    /// None where the weight is so far below `best` that the type cannot matter.
    fn peak(&self, best: f64) -> Option<(f64, f64)> {
        let stages = self.of.regularity as f64;
        // A gap ends somewhere within the day of the visit.
        let passed: f64 = self.gaps.iter().map(|gap| (gap.0 + gap.1) / 2.0).sum();
        let shape = self.of.rate_shape + self.gaps.len() as f64 * stages;
        let rate = shape / (self.of.rate_shape / self.of.rate + stages * passed);
        // The guess is near the peak: what is far below here is below there too.
        if self.log_weight(rate) < best - 2.0 * NEGLIGIBLE {
            return None;
        }
        let (mut at, mut deviation) = (rate.ln(), 1.0 / shape.sqrt());
        for _ in 0..20 {
            let h = deviation / 2.0;
            let [low, here, high] = [at - h, at, at + h].map(|at| self.log_weight(at.exp()));
            let curvature = (low - 2.0 * here + high) / (h * h);
            if curvature >= 0.0 {
                break; // the weight is log-concave, so this is rounding
            }
            deviation = 1.0 / (-curvature).sqrt();
            let step = (high - low) / (2.0 * h) / -curvature;
            at += step.clamp(-3.0 * deviation, 3.0 * deviation);
            if step.abs() < deviation / 10.0 {
                break;
            }
        }
        Some((at, deviation)).filter(|(at, _)| self.log_weight(at.exp()) >= best - NEGLIGIBLE)
    }

    /// The silence up to the as-of date, and the chance of silence up to the end of the horizon.
    fn silences(&self, rate: f64) -> (Silence, f64) {
        let Seen {
            last, as_of, until, ..
        } = self.seen;
        let scale = self.of.scale(rate);
        let now = self.paths[0]
            .0
            .silent(scale, last.day, Path::START, last.day, *as_of);
        let then = self.paths.iter().map(|(path, chance)| {
            chance * path.silent(scale, last.day, now, *as_of, *until).either()
        });
        (now, then.sum())
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

/// The chance of silence up to a later day, given silence up to now and not having left by now:
/// of the later silence, the part in which the customer has left before now does not belong to it.
fn given_still_there(now: Silence, then: f64) -> f64 {
    ((then - now.left) / (now.stayed * now.quiet)).clamp(0.0, 1.0)
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

/// The logarithm of the density of a gamma distribution with this shape and mean.
fn log_gamma_density(x: f64, shape: f64, mean: f64) -> f64 {
    let rate = shape / mean;
    (shape - 1.0) * x.ln() - rate * x + shape * rate.ln() - libm::lgamma(shape)
}

/// The logarithm of a product of many small numbers, with few logarithms taken.
struct Logs {
    product: f64,
    sum: f64,
}

impl Default for Logs {
    fn default() -> Self {
        Self {
            product: 1.0,
            sum: 0.0,
        }
    }
}

impl Logs {
    fn times(&mut self, factor: f64) {
        self.product *= factor.max(1e-200);
        if self.product < 1e-90 {
            self.sum += self.product.ln();
            self.product = 1.0;
        }
    }

    fn total(&self) -> f64 {
        self.sum + self.product.ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Params;

    /// The mean over types and rates does not depend on how finely it is taken: neither for those
    /// who come daily, whose rate is known to a few percent, nor for those who came once.
    #[test]
    fn a_grid_that_is_finer_and_wider_gives_the_same_probabilities() {
        let world = World::new(Params {
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
