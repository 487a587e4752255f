//! How a customer may stay silent: the clock and the hazard of one type over days, and `N(u)`.

use crate::history::World;
use crate::history::calendar::{CAMPAIGN_DAYS, Day};
use crate::history::life::{Chosen, Trouble, stirred};
use crate::history::person::Person;
use crate::history::profiles::Effect;

/// The effect on a day of the contact that is fresh then, on a customer of a type.
pub fn effect(world: &World, chosen: &[Chosen], profile: usize, day: Day) -> Effect {
    for chosen in chosen.iter().rev() {
        let campaign = &world.calendar.campaigns[chosen.campaign];
        if campaign.starts + CAMPAIGN_DAYS <= day {
            break;
        }
        if chosen.treated && campaign.starts <= day {
            return world.law.profiles[profile].campaigns[campaign.kind];
        }
    }
    Effect::NONE
}

/// The clock and the hazard of one customer, under the hypothesis of one type, from some day on.
pub struct Path {
    first: Day,
    /// Usual days passed from the first day up to the end of each day.
    clock: Vec<f64>,
    /// The chance of not leaving from the first day up to the end of each day.
    stays: Vec<f64>,
    regularity: usize,
}

/// `N(u)` so far: the days are those up to some day, and `left + stayed * quiet` is the chance.
#[derive(Clone, Copy)]
pub struct Silence {
    left: f64,
    stayed: f64,
    quiet: f64,
}

impl Silence {
    /// No visit, whether or not the customer has left.
    pub fn either(self) -> f64 {
        self.left + self.stayed * self.quiet
    }
}

impl Path {
    /// From the day `first`, on which the customer is still there, to the day before `until`.
    pub fn new(
        world: &World,
        person: &Person,
        profile: usize,
        troubles: &[Trouble],
        chosen: &[Chosen],
        first: Day,
        until: Day,
    ) -> Self {
        let began = person.began();
        let of = &world.law.profiles[profile];
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

    pub fn clock(&self, day: Day) -> f64 {
        match day - self.first {
            ..0 => 0.0,
            place => self.clock[place as usize],
        }
    }

    /// The chance of not leaving from the first day up to the end of the day before this one.
    pub fn stays_before(&self, day: Day) -> f64 {
        match day - self.first {
            ..=0 => 1.0,
            place => self.stays[place as usize - 1],
        }
    }

    /// The chance of a gap that ends on a day times `e^{scale * from}`, when `from` and `to` are
    /// the usual days that had passed at the end of the day before and of that day.
    pub fn gap(&self, scale: f64, from: f64, to: f64) -> f64 {
        let (from, to) = (scale * from, scale * to);
        let stages = self.regularity;
        if stages > FEW_STAGES && to < stages as f64 {
            // Of many stages hardly any gap ends so early: the difference of what is left is lost in
            // rounding, that of what has ended is not.
            return (from - to).exp() * ended(stages, to) - ended(stages, from);
        }
        gap_polynomial(stages, from) - (from - to).exp() * gap_polynomial(stages, to)
    }

    /// The same for what is left of a gap that nobody saw begin.
    pub fn rest_of_gap(&self, scale: f64, from: f64, to: f64) -> f64 {
        let (from, to) = (scale * from, scale * to);
        let stages = self.regularity;
        rest_polynomial(stages, from) - (from - to).exp() * rest_polynomial(stages, to)
    }

    /// The silence after a visit on `last`, before any day has passed, relative to having stayed
    /// up to that day.
    pub const START: Silence = Silence {
        left: 0.0,
        stayed: 1.0,
        quiet: 1.0,
    };

    /// Goes on from the silence up to the day before `from` to that up to the day before `until`.
    pub fn silent(&self, scale: f64, last: Day, so_far: Silence, from: Day, until: Day) -> Silence {
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

/// Up to so many stages differences of [`gap_polynomial`] are exact enough.
const FEW_STAGES: usize = 4;

/// `e^x` times the chance that an Erlang time with `stages` stages of rate 1 is at most `x`, which is
/// less than the number of stages.
fn ended(stages: usize, x: f64) -> f64 {
    let mut term = (1..=stages).fold(1.0, |term, stage| term * x / stage as f64);
    let (mut sum, mut stage) = (0.0, stages);
    while term > 1e-17 * sum {
        sum += term;
        stage += 1;
        term *= x / stage as f64;
    }
    sum
}

/// `e^x` times the chance that an Erlang time with `stages` stages of rate 1 is longer than `x`.
pub fn gap_polynomial(stages: usize, x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for stage in 1..stages {
        term *= x / stage as f64;
        sum += term;
    }
    sum
}

/// The same for what is left of such a time when one looks at a random moment: an Erlang time
/// with an evenly drawn number of stages.
pub fn rest_polynomial(stages: usize, x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for stage in 1..stages {
        term *= x / stage as f64;
        sum += term * (stages - stage) as f64 / stages as f64;
    }
    sum
}

/// The chance of silence up to a later day, given silence up to now and not having left by now:
/// of the later silence, the part in which the customer has left before now does not belong to it.
pub fn given_still_there(now: Silence, then: f64) -> f64 {
    ((then - now.left) / (now.stayed * now.quiet)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against what is left, where the two are of one size; against the upper tail of a Poisson
    /// distribution where one is tiny.
    #[test]
    fn what_has_ended_and_what_is_left_make_a_whole() {
        for (stages, x) in [(5, 4.5), (8, 6.0), (16, 12.0), (16, 15.9)] {
            let whole = ended(stages, x) + gap_polynomial(stages, x);
            assert!((whole / f64::exp(x) - 1.0).abs() < 1e-12, "{stages} {x}");
        }
        let mut tail = 0.0;
        let mut term = f64::exp(-2.0);
        for n in 0..60 {
            if n >= 16 {
                tail += term;
            }
            term *= 2.0 / f64::from(n + 1);
        }
        assert!((ended(16, 2.0) * f64::exp(-2.0) / tail - 1.0).abs() < 1e-12);
        assert_eq!(ended(16, 0.0), 0.0);
    }
}
