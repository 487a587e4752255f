//! The BG/NBD model and its kin: customers who may leave after each purchase.

use super::ValueError;
use super::estimate::{PerRepeats, Slopes};
use super::history::{Cell, History};
use crate::special::digamma;

/// Most stages of a regular purchase: with more, purchases are all but a clock.
pub const MOST_REGULAR: u32 = 20;

/// The sum over stages has as many terms as a customer could pass; this bounds them.
const LONGEST: f64 = 1e6;

/// The BG/NBD model, and with other settings the MBG/NBD, BG/CNBD-k and MBG/CNBD-k models.
///
/// While a customer is active, the time from one purchase to the next is the sum of
/// [`regularity`](Self::regularity) exponential stages of one rate (of one stage, purchases are a
/// Poisson process). Rates differ between customers as `Gamma(r, alpha)`, `alpha` in units of
/// time. After each purchase a customer leaves for good with a probability that differs between
/// customers as `Beta(a, b)`; with [`leaves_at_start`](Self::leaves_at_start) also after the
/// first, so that somebody who has bought once may be gone.
///
/// Sources: Fader, Hardie and Lee 2005, "Counting your customers the easy way", Marketing Science
/// 24(2) (BG/NBD); Batislam, Denizel and Filiztekin 2007, "Empirical validation and comparison of
/// models for customer base analysis", IJRM 24(3) (MBG/NBD); Platzer and Reutterer 2016, "Ticking
/// away the moments", Marketing Science 35(5), and Reutterer, Platzer and Schröder 2021,
/// "Leveraging purchase regularity for predicting customer behavior the easy way", IJRM 38(1)
/// ((M)BG/CNBD-k).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BetaGeometric {
    /// Shape of the rates.
    pub r: f64,
    /// Inverse scale of the rates, a time.
    pub alpha: f64,
    /// Leaving: the larger, the likelier.
    pub a: f64,
    /// Staying: the larger, the likelier.
    pub b: f64,
    /// Stages of the time between two purchases, `k`; 1 for the plain models.
    pub regularity: u32,
    /// Whether a customer may leave at the first purchase (the models with an M).
    pub leaves_at_start: bool,
}

/// What a history says of being active, and the slopes of its likelihood.
struct Standing {
    /// Logarithms of the likelihoods of having left and of being active, over `(alpha + T)^-n`.
    ln_left: f64,
    ln_active: f64,
    /// Slopes of `ln_active` by `n` and, over `-1 / (alpha + T)`, by `alpha`.
    active_by_n: f64,
    active_by_alpha: f64,
}

impl BetaGeometric {
    /// Refuses parameters that no model can have.
    pub(super) fn check(&self) -> Result<(), ValueError> {
        let &Self { r, alpha, a, b, .. } = self;
        ValueError::check_parameters(&[("r", r), ("alpha", alpha), ("a", a), ("b", b)])?;
        let good = (1..=MOST_REGULAR).contains(&self.regularity);
        ValueError::check("regularity", self.regularity.into(), good, "1 to 20")
    }

    /// Shape of the posterior of the rate where the last purchase starts the present stage.
    fn shape(&self, repeats: u32) -> f64 {
        self.r + f64::from(self.regularity) * f64::from(repeats)
    }

    /// Second parameter of the posterior of the probability of leaving, for an active customer.
    fn stayed(&self, repeats: u32) -> f64 {
        self.b + f64::from(repeats) + if self.leaves_at_start { 1.0 } else { 0.0 }
    }

    fn standing(&self, history: &History) -> Standing {
        let n = self.shape(history.repeats);
        let whole = self.alpha + history.age;
        let silent = (history.age - history.last) / whole;
        let (mut term, mut sum) = (1.0, 1.0);
        let (mut harmonic, mut by_n, mut by_alpha) = (0.0, 0.0, 0.0);
        for stage in 1..self.regularity {
            let (j, at) = (f64::from(stage), n + f64::from(stage) - 1.0);
            term *= at * silent / j;
            harmonic += 1.0 / at;
            sum += term;
            by_n += term * harmonic;
            by_alpha += term * j;
        }
        let may_have_left = self.leaves_at_start || history.repeats > 0;
        let ln_left = match may_have_left {
            true => {
                let gone = (self.a / (self.stayed(history.repeats) - 1.0)).ln();
                gone + n * ((history.age - history.last) / (self.alpha + history.last)).ln_1p()
            }
            false => f64::NEG_INFINITY,
        };
        Standing {
            ln_left,
            ln_active: sum.ln(),
            active_by_n: by_n / sum,
            active_by_alpha: by_alpha / sum,
        }
    }

    /// What the likelihood has that depends on the number of repeats alone, with its slopes by
    /// `r`, `a` and `b`.
    pub(super) fn per_repeats(&self, repeats: u32) -> PerRepeats {
        let &Self { r, alpha, a, b, .. } = self;
        let (n, stayed) = (self.shape(repeats), self.stayed(repeats));
        let lgamma = libm::lgamma;
        PerRepeats {
            ln: lgamma(n) - lgamma(r) + r * alpha.ln() + lgamma(stayed) + lgamma(a + b)
                - lgamma(b)
                - lgamma(a + stayed),
            slopes: [
                digamma(n) - digamma(r) + alpha.ln(),
                r / alpha,
                digamma(a + b) - digamma(a + stayed),
                digamma(stayed) - digamma(b) + digamma(a + b) - digamma(a + stayed),
            ],
        }
    }

    /// Log-likelihood of one customer and its slopes by `r`, `alpha`, `a` and `b`; without the
    /// part of the gaps, which no parameter moves.
    pub(super) fn slopes(&self, cell: &Cell, shared: &PerRepeats) -> Slopes {
        let history = &cell.history;
        let (n, stayed) = (self.shape(history.repeats), self.stayed(history.repeats));
        let (whole, until_last) = (self.alpha + history.age, self.alpha + history.last);
        let standing = self.standing(history);
        let more = (standing.ln_left - standing.ln_active).exp();
        let (left, active) = match more.is_finite() {
            true => (more / (1.0 + more), 1.0 / (1.0 + more)),
            false => (1.0, 0.0),
        };
        let ln = match more.is_finite() {
            true => standing.ln_active + more.ln_1p(),
            false => standing.ln_left,
        };
        let ln_whole = whole.ln();
        let mut slopes = shared.slopes;
        slopes[0] += active * standing.active_by_n - ln_whole;
        slopes[1] -= (n + active * standing.active_by_alpha) / whole;
        if left > 0.0 {
            slopes[0] += left * ((history.age - history.last) / until_last).ln_1p();
            slopes[1] += left * n * (1.0 / whole - 1.0 / until_last);
            slopes[2] += left / self.a;
            slopes[3] -= left / (stayed - 1.0);
        }
        (shared.ln + ln - n * ln_whole, slopes)
    }

    /// The probability of being active.
    pub(super) fn p_alive(&self, history: &History) -> f64 {
        let standing = self.standing(history);
        1.0 / (1.0 + (standing.ln_left - standing.ln_active).exp())
    }

    /// Probabilities of the stages that the present gap may have passed, for an active customer.
    pub(super) fn stages(&self, history: &History) -> impl Iterator<Item = (u32, f64)> {
        let n = self.shape(history.repeats);
        let silent = (history.age - history.last) / (self.alpha + history.age);
        let ln_sum = self.standing(history).ln_active;
        let mut term = (-ln_sum).exp();
        (0..self.regularity).map(move |stage| {
            if stage > 0 {
                term *= (n + f64::from(stage) - 1.0) * silent / f64::from(stage);
            }
            (stage, term)
        })
    }

    /// Shape and rate of the posterior of the rate of stages, given the present one.
    pub(super) fn rate_posterior(&self, history: &History, stage: u32) -> (f64, f64) {
        let shape = self.shape(history.repeats) + f64::from(stage);
        (shape, self.alpha + history.age)
    }

    /// The posterior of the probability of leaving at a purchase, for an active customer.
    pub(super) fn leaving_posterior(&self, history: &History) -> (f64, f64) {
        (self.a, self.stayed(history.repeats))
    }

    /// Expected purchases within `time`, for an active customer.
    ///
    /// The stages passed within `time` are negative binomial, and of `n` chances to buy
    /// `sum E[(1 - p)^(i - 1)]` are taken; this is the sum over both. For one stage it is the
    /// expression with the Gauss hypergeometric function of the paper, which has no value at
    /// `a = 1`; the sum has. A time beyond a million times `alpha + T` counts as that one.
    pub(super) fn purchases_if_alive(&self, history: &History, time: f64) -> f64 {
        if time <= 0.0 {
            return 0.0;
        }
        let (leaving, stayed) = self.leaving_posterior(history);
        let by_stage = self.stages(history).map(|(stage, weight)| {
            let (shape, rate) = self.rate_posterior(history, stage);
            let time = time.min(LONGEST * rate);
            let ratio = time / (rate + time);
            weight * purchases_in_stages(shape, ratio, stage, self.regularity, leaving, stayed)
        });
        by_stage.sum()
    }

    /// The probability that an active customer buys again within `time`, and its slope.
    pub(super) fn again_if_alive(&self, history: &History, time: f64) -> (f64, f64) {
        let (mut probability, mut slope) = (0.0, 0.0);
        for (stage, weight) in self.stages(history) {
            let (shape, rate) = self.rate_posterior(history, stage);
            let ln_none = -shape * (time / rate).ln_1p();
            let share = time / (rate + time);
            // Some of the stages that are left, but not all of them.
            let (mut term, mut fewer) = (1.0, 0.0);
            let left = self.regularity - stage;
            for passed in 1..left {
                let i = f64::from(passed);
                term *= (shape + i - 1.0) * share / i;
                fewer += term;
            }
            let none = ln_none.exp();
            probability += weight * (-ln_none.exp_m1() - none * fewer);
            // All but one, and then that one.
            let pace = (shape + f64::from(left) - 1.0) / (rate + time);
            slope += weight * none * term * pace;
        }
        (probability.clamp(0.0, 1.0), slope)
    }
}

/// Expected purchases when the number of stages passed is negative binomial with this shape and
/// ratio, `passed` have been already, and each purchase takes `regularity` of them.
fn purchases_in_stages(
    shape: f64,
    ratio: f64,
    passed: u32,
    regularity: u32,
    leaving: f64,
    stayed: f64,
) -> f64 {
    let ln_none = shape * (-ratio).ln_1p();
    let mean = shape * ratio / (1.0 - ratio);
    // Where none at all is too rare to be counted from, the sum starts 12 deviations below the
    // mean; what lies below is of no weight.
    let start = match ln_none > -600.0 {
        true => 0.0,
        false => (mean - 12.0 * (mean / (1.0 - ratio)).sqrt())
            .max(0.0)
            .floor(),
    };
    let ln_start = match start > 0.0 {
        true => {
            let ways =
                libm::lgamma(shape + start) - libm::lgamma(shape) - libm::lgamma(start + 1.0);
            ways + ln_none + start * ratio.ln()
        }
        false => ln_none,
    };
    let (passed, regularity) = (f64::from(passed), f64::from(regularity));
    // How many of the chances so far are taken, and the probability of being there for the next.
    let (mut taken, mut there, mut chances) = (0.0, 1.0, 0.0);
    let (mut events, mut probability, mut sum) = (start, ln_start.exp(), 0.0);
    loop {
        while (chances + 1.0) * regularity <= events + passed {
            taken += there;
            there *= (stayed + chances) / (leaving + stayed + chances);
            chances += 1.0;
        }
        sum += probability * taken;
        let next = ratio * (shape + events) / (events + 1.0);
        events += 1.0;
        probability *= next;
        // From here on the ratio of neighbours is at most `limit`, and nobody buys more often
        // than there are chances.
        let limit = ratio.max(next);
        let left = probability * (taken + there / (1.0 - limit)) / (1.0 - limit);
        if events > mean && limit < 1.0 && left <= 1e-15 * sum {
            return sum;
        }
    }
}
