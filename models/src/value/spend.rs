//! The Gamma-Gamma model of what customers spend at a purchase.

use linfa::ParamGuard;
use rayon::prelude::*;

use super::ValueError;
use super::estimate::{Fitted, estimates, sum};
use super::optimise::{Stopping, minimise};
use crate::special::digamma;

/// What one customer spent at repeat purchases.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spend {
    /// Repeat purchases.
    pub repeats: u32,
    /// Mean amount of a repeat purchase, above 0; not looked at without repeat purchases.
    pub mean: f64,
}

impl Spend {
    fn check(&self, row: usize) -> Result<(), ValueError> {
        let mean = self.mean;
        match self.repeats {
            0 => Ok(()),
            _ if !mean.is_finite() => Err(ValueError::NotFinite {
                row,
                property: "the mean spend",
                value: mean,
            }),
            _ if mean <= 0.0 => Err(ValueError::NoSpend { row, mean }),
            _ => Ok(()),
        }
    }
}

/// Refuses the first spend that the model cannot take.
pub(super) fn check_spends(spends: &[Spend]) -> Result<(), ValueError> {
    let mut rows = spends.iter().enumerate();
    rows.try_for_each(|(row, spend)| spend.check(row))
}

/// The Gamma-Gamma model.
///
/// A customer's purchases are worth `Gamma(p, nu)`, and `nu` differs between customers as
/// `Gamma(q, v)`, `v` in money. What a customer spends is taken to have nothing to do with how
/// often; [`SpendFit::correlation`] says how far that holds.
///
/// **Customers without repeat purchases** are left out of the fit, for the model describes what
/// repeat purchases are worth, and are given the mean of all. **A mean of few purchases** says
/// little, so the expectation of a customer lies between that mean and the mean of all, nearer to
/// the former the more purchases there are; the raw mean would rank by luck.
///
/// Source: Fader and Hardie 2013, "The Gamma-Gamma model of monetary value"; Colombo and Jiang
/// 1999, "A stochastic RFM model", Journal of Interactive Marketing 13(3).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GammaGamma {
    /// Shape of the amounts of one customer: the larger, the more alike.
    pub p: f64,
    /// Shape of the differences between customers; above 1.
    pub q: f64,
    /// Scale of the differences between customers, in money.
    pub v: f64,
}

/// How the fit of a spend model ended.
#[derive(Clone, Debug, PartialEq)]
pub struct SpendFit {
    /// The model, its parameters and what was reached.
    pub fit: Fitted<GammaGamma>,
    /// Correlation of the number of repeat purchases with their mean amount. Above 0.3, or below
    /// -0.3, the model and with it the value of customers is biased: those who buy more often
    /// spend more (or less) than it expects.
    pub correlation: f64,
}

/// Settings of the spend model, not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct SpendParams(SpendValidParams);

/// Checked settings of the spend model; made by [`SpendParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct SpendValidParams {
    stopping: Stopping,
}

impl Default for SpendParams {
    /// At most 300 steps, to a slope of 1e-8.
    fn default() -> Self {
        let (iterations, tolerance) = (300, 1e-8);
        Self(SpendValidParams {
            stopping: Stopping {
                iterations,
                tolerance,
            },
        })
    }
}

impl SpendParams {
    /// The most steps of the search, at least 1. Default 300.
    pub fn iterations(mut self, most: usize) -> Self {
        self.0.stopping.iterations = most;
        self
    }

    /// As [`PurchaseParams::tolerance`](super::PurchaseParams::tolerance). Default 1e-8.
    pub fn tolerance(mut self, slope: f64) -> Self {
        self.0.stopping.tolerance = slope;
        self
    }
}

impl ParamGuard for SpendParams {
    type Checked = SpendValidParams;
    type Error = ValueError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        self.0.stopping.check()?;
        Ok(&self.0)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// A customer with repeat purchases, in the unit of the search.
struct Row {
    repeats: f64,
    mean: f64,
    ln_mean: f64,
    /// Place among the distinct numbers of repeat purchases.
    group: usize,
}

/// What the likelihood has that depends on the number of repeat purchases alone: there are few such numbers and
/// many customers, and the gamma functions are what takes long.
struct PerRepeats {
    /// `p x` and `ln x`.
    px: f64,
    ln_x: f64,
    /// Parts of the logarithm, and of its slopes by `p` and by `q`.
    ln: f64,
    by_p: f64,
    by_q: f64,
}

impl PerRepeats {
    fn new(model: &GammaGamma, repeats: f64) -> Self {
        let &GammaGamma { p, q, v } = model;
        let px = p * repeats;
        let both = digamma(px + q);
        Self {
            px,
            ln_x: repeats.ln(),
            ln: libm::lgamma(px + q) - libm::lgamma(px) - libm::lgamma(q) + q * v.ln(),
            by_p: both - digamma(px),
            by_q: both - digamma(q) + v.ln(),
        }
    }
}

impl SpendValidParams {
    /// Finds the most likely parameters, from customers with repeat purchases.
    ///
    /// # Errors
    /// [`ValueError::NotFinite`] and [`NoSpend`](ValueError::NoSpend) with the row,
    /// [`TooFew`](ValueError::TooFew) for less than two customers with repeat purchases,
    /// [`AllEqual`](ValueError::AllEqual) where all means are the same,
    /// [`NotSettled`](ValueError::NotSettled) and [`InfiniteMean`](ValueError::InfiniteMean).
    pub fn fit(&self, spends: &[Spend]) -> Result<SpendFit, ValueError> {
        check_spends(spends)?;
        let mut used: Vec<Spend> = spends.iter().filter(|s| s.repeats > 0).copied().collect();
        // The order in which customers are given decides nothing.
        used.sort_unstable_by(|a, b| a.repeats.cmp(&b.repeats).then(a.mean.total_cmp(&b.mean)));
        if used.len() < 2 {
            return Err(ValueError::TooFew {
                customers: used.len() as u64,
                property: "a repeat purchase",
            });
        }
        if used.iter().all(|spend| spend.mean == used[0].mean) {
            return Err(ValueError::AllEqual {
                property: "mean spend",
            });
        }
        // Amounts are measured by their mean while the search goes on.
        let scale = used.iter().map(|spend| spend.mean).sum::<f64>() / used.len() as f64;
        let mut distinct: Vec<u32> = used.iter().map(|spend| spend.repeats).collect();
        distinct.dedup();
        let row = |spend: &Spend| Row {
            repeats: spend.repeats.into(),
            mean: spend.mean / scale,
            ln_mean: (spend.mean / scale).ln(),
            group: distinct.partition_point(|repeats| *repeats < spend.repeats),
        };
        let rows: Vec<Row> = used.iter().map(row).collect();
        let count = rows.len() as f64;
        let function = |at: &[f64; 3]| {
            let [p, q, v] = at.map(f64::exp);
            let model = GammaGamma { p, q, v };
            let shared = |repeats: &u32| PerRepeats::new(&model, f64::from(*repeats));
            let shared: Vec<PerRepeats> = distinct.iter().map(shared).collect();
            let (ln, slopes) = sum(&rows, |row| {
                let (ln, slopes) = slopes(&model, row, &shared[row.group]);
                (1.0, ln, slopes)
            });
            let by_log = [p * slopes[0], q * slopes[1], v * slopes[2]];
            (-ln / count, by_log.map(|slope| -slope / count))
        };
        let minimum = minimise(function, [2.0_f64.ln(), 3.0_f64.ln(), 0.0], self.stopping);
        if !minimum.settled {
            return Err(ValueError::NotSettled {
                model: "gamma-gamma",
                iterations: minimum.iterations,
                slope: minimum.slope,
            });
        }
        let [p, q, v] = minimum.at.map(f64::exp);
        let model = GammaGamma { p, q, v: v * scale };
        model.check()?;
        let names = ["p", "q", "v"];
        Ok(SpendFit {
            correlation: correlation(&rows),
            fit: Fitted {
                model,
                parameters: estimates(&minimum, names, [p, q, model.v], used.len() as u64),
                log_likelihood: -minimum.value * count - count * scale.ln(),
                customers: used.len() as u64,
                iterations: minimum.iterations,
                slope: minimum.slope,
            },
        })
    }
}

/// Log-likelihood of the mean of one customer and its slopes by `p`, `q` and `v`.
fn slopes(model: &GammaGamma, row: &Row, shared: &PerRepeats) -> (f64, [f64; 3]) {
    let &GammaGamma { q, v, .. } = model;
    let &PerRepeats { px, ln_x, .. } = shared;
    let (x, mean) = (row.repeats, row.mean);
    let all = v + x * mean;
    let ln_all = all.ln();
    let ln = shared.ln + (px - 1.0) * row.ln_mean + px * ln_x - (px + q) * ln_all;
    let slopes = [
        x * (shared.by_p + row.ln_mean + ln_x - ln_all),
        shared.by_q - ln_all,
        q / v - (px + q) / all,
    ];
    (ln, slopes)
}

/// Pearson's correlation of repeats and mean amounts; 0 where all have as many repeats.
fn correlation(rows: &[Row]) -> f64 {
    let count = rows.len() as f64;
    let repeats = rows.iter().map(|row| row.repeats).sum::<f64>() / count;
    let mean = rows.iter().map(|row| row.mean).sum::<f64>() / count;
    let mut moments = [0.0; 3];
    for row in rows {
        let (x, y) = (row.repeats - repeats, row.mean - mean);
        moments[0] += x * x;
        moments[1] += x * y;
        moments[2] += y * y;
    }
    let spread = (moments[0] * moments[2]).sqrt();
    if spread > 0.0 {
        moments[1] / spread
    } else {
        0.0
    }
}

impl GammaGamma {
    /// Refuses parameters that no model can have, and those without a mean.
    pub(super) fn check(&self) -> Result<(), ValueError> {
        let &Self { p, q, v } = self;
        ValueError::check_parameters(&[("p", p), ("q", q), ("v", v)])?;
        match q > 1.0 {
            true => Ok(()),
            false => Err(ValueError::InfiniteMean { q }),
        }
    }

    /// Expected amount of a purchase of a customer of whom nothing is known.
    pub fn mean(&self) -> f64 {
        self.p * self.v / (self.q - 1.0)
    }

    /// Shape and rate of the posterior of a customer's `nu`.
    pub(super) fn posterior(&self, spend: &Spend) -> (f64, f64) {
        match spend.repeats {
            0 => (self.q, self.v),
            repeats => {
                let x = f64::from(repeats);
                (self.p * x + self.q, self.v + x * spend.mean)
            }
        }
    }

    /// Expected amount of a purchase of this customer, from one that can be had (see [`Spend`]).
    pub fn expected(&self, spend: &Spend) -> f64 {
        let (shape, rate) = self.posterior(spend);
        self.p * rate / (shape - 1.0)
    }

    /// Expected amount of a purchase of each customer, in the order given.
    ///
    /// # Errors
    /// As [`SpendValidParams::fit`] for a row that the model cannot take, and for parameters that
    /// no model can have.
    pub fn predict(&self, spends: &[Spend]) -> Result<Vec<f64>, ValueError> {
        self.check()?;
        check_spends(spends)?;
        Ok(spends
            .par_iter()
            .map(|spend| self.expected(spend))
            .collect())
    }
}
