//! What the files show of a customer, and how probable that is if the customer is of one type.

use super::silence::{Path, Silence};
use crate::history::World;
use crate::history::calendar::{CAMPAIGN_REACH_DAYS, CHOSEN, Day, TREATED};
use crate::history::life::{Chosen, Life, Trouble, Visit};
use crate::history::person::Person;
use crate::history::profiles::Profile;

/// Types whose best weight is below the best of all by this factor (logarithm) do not matter.
const NEGLIGIBLE: f64 = 35.0;

/// What the files show of a customer before an as-of date, and the horizon after it.
pub struct Seen<'a> {
    world: &'a World,
    person: &'a Person,
    pub visits: &'a [Visit],
    pub last: &'a Visit,
    troubles: Vec<Trouble>,
    /// Every way in which the campaigns of the horizon may treat the customer: what the customer
    /// was chosen for by then, and with which chance.
    scenarios: Vec<(Vec<Chosen>, f64)>,
    as_of: Day,
    until: Day,
}

impl<'a> Seen<'a> {
    /// None before the first purchase.
    pub fn new(
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
pub struct Hypothesis<'a> {
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
    pub fn new(seen: &'a Seen<'a>, profile: usize) -> Self {
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
            of: &seen.world.law.profiles[profile],
            log_rest: path.stays_before(last.day).ln() + last.evidence[profile],
            paths,
            gaps,
        }
    }

    /// The logarithm of the chance of all that is seen and of this rate, per step of the rate's
    /// logarithm, except for the silence since the last visit.
    pub fn log_weight(&self, rate: f64) -> f64 {
        let path = &self.paths[0].0;
        let scale = self.of.scale(rate);
        let mut product = Logs::default();
        let mut waited = 0.0;
        // Who was there before the history came once within a gap that nobody saw begin.
        let mut seen_begin = self.seen.person.joined >= 0;
        for &(from, to) in &self.gaps {
            product.times(match seen_begin {
                true => path.gap(scale, from, to),
                false => path.rest_of_gap(scale, from, to),
            });
            waited += from;
            seen_begin = true;
        }
        let prior = log_gamma_density(rate, self.of.rate_shape, self.of.rate) + rate.ln();
        product.total() - scale * waited + prior + self.log_rest
    }

    /// The logarithm of the rate at which [`Self::log_weight`] is largest, and the standard
    /// deviation of the normal distribution that fits there: Newton's method from the rate that
    /// the mean gap suggests.
    ///
    /// None where the weight is so far below `best` that the type cannot matter.
    pub fn peak(&self, best: f64) -> Option<(f64, f64)> {
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
            if curvature >= 0.0 || curvature.is_nan() {
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
    pub fn silences(&self, rate: f64) -> (Silence, f64) {
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
        // Gaps of many stages make large factors at rates that are far too high.
        if !(1e-90..1e200).contains(&self.product) {
            self.sum += self.product.ln();
            self.product = 1.0;
        }
    }

    fn total(&self) -> f64 {
        self.sum + self.product.ln()
    }
}
