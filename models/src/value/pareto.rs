//! The Pareto/NBD model: customers who may leave at any time.

use super::ValueError;
use super::estimate::{PerRepeats, Slopes};
use super::history::{Cell, History};
use super::quadrature::{discounted_power, powers};
use crate::special::digamma;

/// The Pareto/NBD model.
///
/// While a customer is active, purchases are a Poisson process whose rate differs between
/// customers as `Gamma(r, alpha)`; a customer leaves for good after an exponential time whose rate
/// differs as `Gamma(s, beta)`. `alpha` and `beta` are times.
///
/// The likelihood of having left at some time is taken as an integral over that time. It is what
/// Fader and Hardie write as a difference of two Gauss hypergeometric functions (2005, "A note on
/// deriving the Pareto/NBD model and related expressions"), and holds its digits where that
/// difference cancels or overflows: many purchases, a purchase on the last day.
///
/// Source: Schmittlein, Morrison and Colombo 1987, "Counting your customers: who are they and
/// what will they do next?", Management Science 33(1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParetoNbd {
    /// Shape of the rates of buying.
    pub r: f64,
    /// Inverse scale of the rates of buying, a time.
    pub alpha: f64,
    /// Shape of the rates of leaving.
    pub s: f64,
    /// Inverse scale of the rates of leaving, a time.
    pub beta: f64,
}

impl ParetoNbd {
    /// Refuses parameters that no model can have.
    pub(super) fn check(&self) -> Result<(), ValueError> {
        let &Self { r, alpha, s, beta } = self;
        ValueError::check_parameters(&[("r", r), ("alpha", alpha), ("s", s), ("beta", beta)])
    }

    fn shape(&self, repeats: u32) -> f64 {
        self.r + f64::from(repeats)
    }

    /// What the likelihood has that depends on the number of repeats alone, with its slopes.
    pub(super) fn per_repeats(&self, repeats: u32) -> PerRepeats {
        let &Self { r, alpha, s, beta } = self;
        let n = self.shape(repeats);
        PerRepeats {
            ln: libm::lgamma(n) - libm::lgamma(r) + r * alpha.ln() + s * beta.ln(),
            slopes: [
                digamma(n) - digamma(r) + alpha.ln(),
                r / alpha,
                beta.ln(),
                s / beta,
            ],
        }
    }

    /// Log-likelihood of one customer and its slopes by `r`, `alpha`, `s` and `beta`.
    pub(super) fn slopes(&self, cell: &Cell, shared: &PerRepeats) -> Slopes {
        let (s, history) = (self.s, &cell.history);
        let n = self.shape(history.repeats);
        let (a, b) = (self.alpha + history.age, self.beta + history.age);
        let (ln_a, ln_b) = (a.ln(), b.ln());
        let ln_active = -n * ln_a - s * ln_b;
        let mut slopes = shared.slopes;
        let silent = history.age - history.last;
        if silent <= 0.0 {
            slopes[0] -= ln_a;
            slopes[1] -= n / a;
            slopes[2] -= ln_b;
            slopes[3] -= s / b;
            return (shared.ln + ln_active, slopes);
        }
        let left = powers(
            n,
            s + 1.0,
            self.alpha + history.last,
            self.beta + history.last,
            silent,
        );
        // Against the larger of the two, so that neither over- nor underflows.
        let ln_left = s.ln() + left.ln;
        let larger = ln_active.max(ln_left);
        let both = (ln_active - larger).exp() + (ln_left - larger).exp();
        let ln = larger + both.ln();
        let (alive, gone) = ((ln_active - ln).exp(), (ln_left - ln).exp());
        slopes[0] -= alive * ln_a + gone * left.mean_ln_a;
        slopes[1] -= n * (alive / a + gone * left.mean_inverse_a);
        slopes[2] += gone * (1.0 / s - left.mean_ln_b) - alive * ln_b;
        slopes[3] -= alive * s / b + gone * (s + 1.0) * left.mean_inverse_b;
        (shared.ln + ln, slopes)
    }

    /// The probability of being active.
    pub(super) fn p_alive(&self, history: &History) -> f64 {
        let silent = history.age - history.last;
        if silent <= 0.0 {
            return 1.0;
        }
        let n = self.shape(history.repeats);
        let (a, b) = (self.alpha + history.last, self.beta + history.last);
        let ln_left = self.s.ln() + powers(n, self.s + 1.0, a, b, silent).ln;
        let ln_active =
            -n * (self.alpha + history.age).ln() - self.s * (self.beta + history.age).ln();
        1.0 / (1.0 + (ln_left - ln_active).exp())
    }

    /// Shape and rate of the posterior of the rate of buying, for an active customer.
    pub(super) fn rate_posterior(&self, history: &History) -> (f64, f64) {
        (self.shape(history.repeats), self.alpha + history.age)
    }

    /// Shape and rate of the posterior of the rate of leaving, for an active customer.
    pub(super) fn leaving_posterior(&self, history: &History) -> (f64, f64) {
        (self.s, self.beta + history.age)
    }

    /// Expected purchases within `time`, for an active customer.
    pub(super) fn purchases_if_alive(&self, history: &History, time: f64) -> f64 {
        let (shape, rate) = self.rate_posterior(history);
        let (s, beta) = self.leaving_posterior(history);
        // [1 - e^(-(s - 1) g)] / (s - 1), which is g where s is 1.
        let grown = (time / beta).ln_1p();
        let power = (s - 1.0) * grown;
        let active = match power.abs() < 1e-12 {
            true => grown,
            false => -(-power).exp_m1() / (s - 1.0),
        };
        shape / rate * beta * active
    }

    /// Expected purchases of a customer over all time to come, each discounted at the continuous
    /// `rate`, above 0, in the unit of the histories: `ln(1 + annual) / 52` for weeks. Fader, Hardie
    /// and Lee 2005, "RFM and CLV: using iso-value curves for customer base analysis", Journal of
    /// Marketing Research 42(4), equation 2; their confluent hypergeometric function is taken as
    /// the integral that it stands for.
    ///
    /// # Errors
    /// [`ValueError::Setting`] for a rate that is not above 0, and those of
    /// [`Histories::new`](super::Histories::new) for the history.
    pub fn residual_purchases(&self, history: &History, rate: f64) -> Result<f64, ValueError> {
        self.check()?;
        history.check(0)?;
        ValueError::check_parameters(&[("rate", rate)])?;
        let (shape, inverse) = self.rate_posterior(history);
        let (s, beta) = self.leaving_posterior(history);
        let discounted = shape / inverse * discounted_power(s, beta, rate);
        Ok(self.p_alive(history) * discounted)
    }

    /// The probability that an active customer buys again within `time`, which may be infinite,
    /// and its slope.
    pub(super) fn again_if_alive(&self, history: &History, time: f64) -> (f64, f64) {
        let (shape, rate) = self.rate_posterior(history);
        let (s, beta) = self.leaving_posterior(history);
        let again = powers(shape + 1.0, s, rate, beta, time).ln;
        let ln = shape.ln() + shape * rate.ln() + s * beta.ln() + again;
        let ln_none = -(shape + 1.0) * (time / rate).ln_1p() - s * (time / beta).ln_1p();
        (ln.exp().clamp(0.0, 1.0), shape / rate * ln_none.exp())
    }
}
