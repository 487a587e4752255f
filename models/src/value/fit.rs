//! How a purchase model is fitted.

use linfa::ParamGuard;

use super::estimate::{Fitted, estimates};
use super::history::Histories;
use super::model::{PurchaseKind, PurchaseModel};
use super::optimise::{Minimum, Stopping, minimise};
use super::{BetaGeometric, MOST_REGULAR, ParetoNbd, ValueError};

/// Settings of a purchase model, not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct PurchaseParams(PurchaseValidParams);

/// Checked settings of a purchase model; made by [`PurchaseParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct PurchaseValidParams {
    kind: PurchaseKind,
    regularity: Option<u32>,
    stopping: Stopping,
}

impl PurchaseParams {
    /// The settings of a model, with their defaults.
    pub fn new(kind: PurchaseKind) -> Self {
        Self(PurchaseValidParams {
            kind,
            regularity: None,
            stopping: Stopping {
                iterations: 200,
                tolerance: 1e-8,
            },
        })
    }

    /// The stages of the time between two purchases, `k`, of the models with a regularity, 1 to
    /// [`MOST_REGULAR`]. Nothing, the default, tries 1, 2 and so on until the likelihood falls.
    pub fn regularity(mut self, stages: Option<u32>) -> Self {
        self.0.regularity = stages;
        self
    }

    /// The most steps of the search, at least 1. Default 200.
    pub fn iterations(mut self, most: usize) -> Self {
        self.0.stopping.iterations = most;
        self
    }

    /// The search has settled where no slope of the mean log-likelihood, by the logarithm of a
    /// parameter and relative to that mean, is above this; above 0 and at most 0.001. Default
    /// 1e-8.
    pub fn tolerance(mut self, slope: f64) -> Self {
        self.0.stopping.tolerance = slope;
        self
    }
}

impl ParamGuard for PurchaseParams {
    type Checked = PurchaseValidParams;
    type Error = ValueError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let params = &self.0;
        if let Some(stages) = params.regularity {
            let good = (1..=MOST_REGULAR).contains(&stages);
            let good = good && (params.kind.is_regular() || stages == 1);
            let must = "1 to 20, and 1 for a model without regularity";
            ValueError::check("regularity", stages.into(), good, must)?;
        }
        params.stopping.check()?;
        Ok(params)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

impl PurchaseValidParams {
    /// Finds the most likely parameters.
    ///
    /// Time grows with the distinct histories; for the Pareto/NBD about fifteen times that of
    /// the others.
    ///
    /// # Errors
    /// [`ValueError::TooFew`] for less than two customers, [`NoRepeat`](ValueError::NoRepeat),
    /// [`AllEqual`](ValueError::AllEqual), [`NoGaps`](ValueError::NoGaps) for a regularity above
    /// 1 without the sum of the logarithms of gaps, [`NotSettled`](ValueError::NotSettled).
    pub fn fit(&self, histories: &Histories) -> Result<Fitted<PurchaseModel>, ValueError> {
        histories.check_fit()?;
        if self.kind == PurchaseKind::ParetoNbd {
            return self.fit_pareto(histories);
        }
        let of = |stages: u32| self.fit_beta_geometric(histories, stages);
        if !self.kind.is_regular() {
            return of(1);
        }
        if self.regularity != Some(1) && histories.log_gaps.is_none() {
            return Err(ValueError::NoGaps);
        }
        if let Some(stages) = self.regularity {
            return of(stages);
        }
        let mut best = of(1)?;
        for stages in 2..=MOST_REGULAR {
            match of(stages) {
                Ok(fit) if fit.log_likelihood > best.log_likelihood => best = fit,
                Ok(_) | Err(ValueError::NotSettled { .. }) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(best)
    }

    fn fit_beta_geometric(
        &self,
        histories: &Histories,
        regularity: u32,
    ) -> Result<Fitted<PurchaseModel>, ValueError> {
        let scale = histories.mean_age();
        let model = |at: &[f64; 4]| BetaGeometric {
            r: at[0].exp(),
            alpha: scale * at[1].exp(),
            a: at[2].exp(),
            b: at[3].exp(),
            regularity,
            leaves_at_start: self.kind.leaves_at_start(),
        };
        let rate = f64::from(regularity) * histories.purchases / histories.customers as f64;
        let starts = [[1.0, 1.0, 1.5], [0.3, 0.5, 2.0], [3.0, 0.2, 0.8]]
            .map(|[r, a, b]: [f64; 3]| [r.ln(), (r / rate).ln(), a.ln(), b.ln()]);
        let function = |at: &[f64; 4]| {
            let model = PurchaseModel::BetaGeometric(model(at));
            mean_loss(&model, histories, at.map(f64::exp), scale)
        };
        let minimum = self.search(function, starts)?;
        let model = model(&minimum.at);
        let values = [model.r, model.alpha, model.a, model.b];
        let names = ["r", "alpha", "a", "b"];
        Ok(self.told(
            PurchaseModel::BetaGeometric(model),
            &minimum,
            names,
            values,
            histories,
        ))
    }

    fn fit_pareto(&self, histories: &Histories) -> Result<Fitted<PurchaseModel>, ValueError> {
        let scale = histories.mean_age();
        let model = |at: &[f64; 4]| ParetoNbd {
            r: at[0].exp(),
            alpha: scale * at[1].exp(),
            s: at[2].exp(),
            beta: scale * at[3].exp(),
        };
        let rate = histories.purchases / histories.customers as f64;
        let starts = [[1.0, 0.5, 0.5], [0.3, 1.0, 1.0], [3.0, 0.3, 2.0]]
            .map(|[r, s, beta]: [f64; 3]| [r.ln(), (r / rate).ln(), s.ln(), beta.ln()]);
        let function = |at: &[f64; 4]| {
            let model = PurchaseModel::Pareto(model(at));
            mean_loss(&model, histories, at.map(f64::exp), scale)
        };
        let minimum = self.search(function, starts)?;
        let model = model(&minimum.at);
        let values = [model.r, model.alpha, model.s, model.beta];
        let names = ["r", "alpha", "s", "beta"];
        Ok(self.told(
            PurchaseModel::Pareto(model),
            &minimum,
            names,
            values,
            histories,
        ))
    }

    /// The first start from which the search settles with no parameter at a limit; or else the
    /// likeliest of those where it settled.
    fn search(
        &self,
        function: impl Fn(&[f64; 4]) -> (f64, [f64; 4]),
        starts: [[f64; 4]; 3],
    ) -> Result<Minimum<4>, ValueError> {
        let mut best: Option<Minimum<4>> = None;
        let mut unsettled = (0, f64::INFINITY);
        for start in starts {
            let minimum = minimise(&function, start, self.stopping);
            let settled = minimum.settled;
            if settled && minimum.at_limit == [false; 4] {
                return Ok(minimum);
            }
            if !settled {
                unsettled = (minimum.iterations, minimum.slope.min(unsettled.1));
            } else if best.as_ref().is_none_or(|best| minimum.value < best.value) {
                best = Some(minimum);
            }
        }
        best.ok_or(ValueError::NotSettled {
            model: self.kind.name(),
            iterations: unsettled.0,
            slope: unsettled.1,
        })
    }

    fn told(
        &self,
        model: PurchaseModel,
        minimum: &Minimum<4>,
        names: [&'static str; 4],
        values: [f64; 4],
        histories: &Histories,
    ) -> Fitted<PurchaseModel> {
        Fitted {
            model,
            parameters: estimates(minimum, names, values, histories.customers),
            log_likelihood: model.log_likelihood(histories),
            customers: histories.customers,
            iterations: minimum.iterations,
            slope: minimum.slope,
        }
    }
}

/// The mean negative log-likelihood of a customer, and its slopes by the logarithms of the
/// parameters, whose values relative to the unit of the search are given.
fn mean_loss(
    model: &PurchaseModel,
    histories: &Histories,
    values: [f64; 4],
    scale: f64,
) -> (f64, [f64; 4]) {
    let (ln, slopes) = model.summed(histories);
    let customers = histories.customers as f64;
    // alpha, and beta of the Pareto/NBD, are times.
    let times = match model {
        PurchaseModel::BetaGeometric(_) => [1.0, scale, 1.0, 1.0],
        PurchaseModel::Pareto(_) => [1.0, scale, 1.0, scale],
    };
    let by_log = std::array::from_fn(|i| -slopes[i] * values[i] * times[i] / customers);
    (-ln / customers, by_log)
}
