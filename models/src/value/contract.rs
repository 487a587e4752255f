//! The shifted beta-geometric model of customers under contract.

use linfa::ParamGuard;

use super::ValueError;
use super::estimate::{Fitted, estimates, sum};
use super::optimise::{Stopping, minimise};
use crate::special::digamma;

/// Contracts that ended, or still run, after the same number of periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContractCell {
    /// Renewals that were due: `t` where the contract was not renewed at the `t`-th of them, or
    /// has been renewed at all `t` so far.
    pub periods: u32,
    /// Whether it ended at the last of them.
    pub ended: bool,
    /// Customers.
    pub customers: u64,
}

/// The shifted beta-geometric model: at the end of each period a customer leaves with a
/// probability that differs between customers as `Beta(a, b)` and does not change with time.
/// That those who stay seem ever more loyal follows from who is left.
///
/// Sources: Fader and Hardie 2007, "How to project customer retention", Journal of Interactive
/// Marketing 21(1); 2010, "Customer-base valuation in a contractual setting: the perils of
/// ignoring heterogeneity", Marketing Science 29(1) (the residual lifetime).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShiftedBetaGeometric {
    /// Leaving: the larger, the likelier.
    pub a: f64,
    /// Staying: the larger, the likelier.
    pub b: f64,
}

/// Settings of the contract model, not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct ContractParams(ContractValidParams);

/// Checked settings of the contract model; made by [`ContractParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct ContractValidParams {
    stopping: Stopping,
}

impl Default for ContractParams {
    /// At most 200 steps, to a slope of 1e-8.
    fn default() -> Self {
        let (iterations, tolerance) = (200, 1e-8);
        Self(ContractValidParams {
            stopping: Stopping {
                iterations,
                tolerance,
            },
        })
    }
}

impl ContractParams {
    /// The most steps of the search, at least 1. Default 200.
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

impl ParamGuard for ContractParams {
    type Checked = ContractValidParams;
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

impl ContractValidParams {
    /// Finds the most likely parameters. Contracts for which no renewal has been due say nothing
    /// and are left out.
    ///
    /// # Errors
    /// [`ValueError::TooFew`] for less than two customers, [`OneSided`](ValueError::OneSided)
    /// where nobody left or nobody renewed, [`NotSettled`](ValueError::NotSettled).
    pub fn fit(&self, cells: &[ContractCell]) -> Result<Fitted<ShiftedBetaGeometric>, ValueError> {
        let mut cells: Vec<ContractCell> = cells
            .iter()
            .filter(|cell| cell.customers > 0 && cell.periods > 0)
            .copied()
            .collect();
        cells.sort_unstable_by_key(|cell| (cell.periods, cell.ended, cell.customers));
        let customers: u64 = cells.iter().map(|cell| cell.customers).sum();
        if customers < 2 {
            return Err(ValueError::TooFew {
                customers,
                property: "a renewal that was due",
            });
        }
        if cells.iter().all(|cell| !cell.ended) {
            return Err(ValueError::OneSided {
                property: "ended a contract",
            });
        }
        if cells.iter().all(|cell| cell.ended && cell.periods == 1) {
            return Err(ValueError::OneSided {
                property: "renewed a contract",
            });
        }
        let function = |at: &[f64; 2]| {
            let [a, b] = at.map(f64::exp);
            let model = ShiftedBetaGeometric { a, b };
            let (ln, slopes) = sum(&cells, |cell| {
                let (ln, slopes) = model.slopes(cell);
                (cell.customers as f64, ln, slopes)
            });
            let by_log = [-a * slopes[0], -b * slopes[1]];
            let count = customers as f64;
            (-ln / count, by_log.map(|slope| slope / count))
        };
        let minimum = minimise(function, [0.0, 1.0], self.stopping);
        if !minimum.settled {
            return Err(ValueError::NotSettled {
                model: "shifted beta-geometric",
                iterations: minimum.iterations,
                slope: minimum.slope,
            });
        }
        let [a, b] = minimum.at.map(f64::exp);
        Ok(Fitted {
            model: ShiftedBetaGeometric { a, b },
            parameters: estimates(&minimum, ["a", "b"], [a, b], customers),
            log_likelihood: -minimum.value * customers as f64,
            customers,
            iterations: minimum.iterations,
            slope: minimum.slope,
        })
    }
}

impl ShiftedBetaGeometric {
    /// Refuses parameters that no model can have.
    pub(super) fn check(&self) -> Result<(), ValueError> {
        ValueError::check_parameters(&[("a", self.a), ("b", self.b)])
    }

    /// Log-likelihood of one customer of a cell and its slopes by `a` and `b`.
    fn slopes(&self, cell: &ContractCell) -> (f64, [f64; 2]) {
        let &Self { a, b } = self;
        let t = f64::from(cell.periods);
        // Renewals made, and then one that was not, or none.
        let stayed = if cell.ended { t - 1.0 } else { t };
        let lgamma = libm::lgamma;
        let ln = lgamma(a + b) - lgamma(b) + lgamma(b + stayed) - lgamma(a + b + stayed);
        let all = digamma(a + b) - digamma(a + b + stayed);
        let by_b = digamma(b + stayed) - digamma(b);
        match cell.ended {
            false => (ln, [all, all + by_b]),
            true => {
                let share = a + b + stayed;
                let leaving = (a / share).ln();
                let slopes = [all + 1.0 / a - 1.0 / share, all + by_b - 1.0 / share];
                (ln + leaving, slopes)
            }
        }
    }

    /// Share of customers who are still there after `periods` renewals.
    pub fn survival(&self, periods: u32) -> f64 {
        self.slopes(&ContractCell {
            periods,
            ended: false,
            customers: 1,
        })
        .0
        .exp()
    }

    /// Share of those who stayed for `periods - 1` renewals that stays at the next one too; from
    /// 1 on.
    pub fn retention(&self, periods: u32) -> f64 {
        let before = f64::from(periods.max(1)) - 1.0;
        (self.b + before) / (self.a + self.b + before)
    }

    /// Expected discounted payments that are still to come from a customer who has renewed
    /// `renewals` times, one a period: the next is due at once, if the contract is renewed, and
    /// later ones are worth `1 / (1 + rate)` of it a period. The sum of Fader and Hardie 2010,
    /// equation 6, term by term; `b + renewals` stands where they count the periods of a contract.
    ///
    /// # Errors
    /// [`ValueError::Setting`] for a rate below 1e-6 (a sum of very many terms, and without any
    /// discount at all infinite) or that is no number, and for parameters that no model can have.
    pub fn residual_lifetime(&self, renewals: u32, rate: f64) -> Result<f64, ValueError> {
        self.check()?;
        let good = rate.is_finite() && rate >= 1e-6;
        ValueError::check(
            "rate",
            rate,
            good,
            "a finite rate of at least 0.000001 a period",
        )?;
        let worth = 1.0 / (1.0 + rate);
        let (mut term, mut sum) = (1.0, 0.0);
        let mut renewed = f64::from(renewals);
        loop {
            term *= (self.b + renewed) / (self.a + self.b + renewed);
            sum += term;
            term *= worth;
            renewed += 1.0;
            // Retention is below 1, so the rest is below a geometric series.
            if term / (1.0 - worth) <= 1e-15 * sum {
                return Ok(sum);
            }
        }
    }
}
