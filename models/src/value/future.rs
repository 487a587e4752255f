//! One future of a customer: how often they buy in each of the periods to come.

use super::draws::{Draws, Poisson};
use super::history::History;
use super::model::PurchaseModel;

/// Nobody is drawn to pass more stages than this in a period.
const MOST: f64 = 1e6;

/// What is known of an active customer, from which futures are drawn.
pub(super) enum Known {
    /// Who may leave after a purchase.
    BetaGeometric {
        /// Of the rate of stages, where the present gap has passed none.
        shape: f64,
        rate: f64,
        /// Of the probability of leaving.
        leaving: (f64, f64),
        /// The probabilities that the present gap has passed 0, 1 and so on of its stages.
        stages: Vec<f64>,
    },
    /// Who may leave at any time.
    Pareto {
        /// Of the rate of purchases.
        shape: f64,
        rate: f64,
        /// Of the rate of leaving.
        s: f64,
        beta: f64,
    },
}

impl Known {
    pub(super) fn new(model: &PurchaseModel, history: &History) -> Self {
        match model {
            PurchaseModel::BetaGeometric(model) => {
                let (shape, rate) = model.rate_posterior(history, 0);
                Self::BetaGeometric {
                    shape,
                    rate,
                    leaving: model.leaving_posterior(history),
                    stages: model.stages(history).map(|(_, weight)| weight).collect(),
                }
            }
            PurchaseModel::Pareto(model) => {
                let (shape, rate) = model.rate_posterior(history);
                let (s, beta) = model.leaving_posterior(history);
                Self::Pareto {
                    shape,
                    rate,
                    s,
                    beta,
                }
            }
        }
    }

    pub(super) fn draw(&self, draws: &mut Draws) -> Future {
        match self {
            Self::BetaGeometric {
                shape,
                rate,
                leaving: (a, b),
                stages,
            } => {
                let mut left = draws.unit();
                let passed = stages.iter().position(|weight| {
                    left -= weight;
                    left <= 0.0
                });
                let passed = passed.unwrap_or(stages.len() - 1) as f64;
                let rate = draws.gamma(shape + passed) / rate;
                let leaving = draws.beta(*a, *b);
                Future {
                    rate,
                    stages: stages.len() as f64,
                    passed,
                    purchases: draws.geometric(leaving),
                    leaves: f64::INFINITY,
                }
            }
            Self::Pareto {
                shape,
                rate,
                s,
                beta,
            } => Future {
                rate: draws.gamma(*shape) / rate,
                stages: 1.0,
                passed: 0.0,
                purchases: f64::INFINITY,
                leaves: draws.exponential() * beta / draws.gamma(*s),
            },
        }
    }
}

/// The nature of an active customer, as drawn from what is known.
pub(super) struct Future {
    /// Stages a unit of time.
    rate: f64,
    /// Stages that a purchase takes, and those of the next one that have been passed.
    stages: f64,
    passed: f64,
    /// Purchases after the last of which the customer leaves, and the time of leaving.
    purchases: f64,
    leaves: f64,
}

impl Future {
    /// Calls `visit` with each of the periods, counted from 0, in which the customer buys, and with
    /// how often.
    ///
    /// While the rate stays what it is, the stages passed within a period are Poisson, whatever
    /// was passed before, and every so many of them make a purchase. So a period takes one number,
    /// however often the customer buys.
    pub(super) fn each_period(
        &self,
        draws: &mut Draws,
        period: f64,
        periods: usize,
        mut visit: impl FnMut(&mut Draws, usize, f64),
    ) {
        let whole = Poisson::new((self.rate * period).min(MOST));
        let (mut stages, mut bought) = (self.passed, 0.0);
        for number in 0..periods {
            let rest = self.leaves - period * number as f64;
            if rest <= 0.0 || bought >= self.purchases {
                return;
            }
            stages += match rest < period {
                true => Poisson::new((self.rate * rest).min(MOST)).draw(draws),
                false => whole.draw(draws),
            };
            let by_then = (stages / self.stages).floor().min(self.purchases);
            if by_then > bought {
                visit(draws, number, by_then - bought);
                bought = by_then;
            }
        }
    }
}
