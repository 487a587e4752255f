//! What customers will be worth: expected discounted value within a horizon, with an interval.

use linfa::ParamGuard;
use rayon::prelude::*;

use super::draws::Draws;
use super::history::{History, check_all};
use super::model::PurchaseModel;
use super::spend::check_spends;
use super::{GammaGamma, Spend, ValueError};
use crate::quantile::quantile;
use crate::random::draw;

/// Rows that one thread takes at a time.
const PART: usize = 16;

/// Nobody is drawn to buy more often than this within the horizon.
const MOST_PURCHASES: usize = 100_000;

/// How customers are valued. Nothing is checked yet; see [`LifetimeValidParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct LifetimeParams(LifetimeValidParams);

/// Checked settings; made by [`LifetimeParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct LifetimeValidParams {
    periods: u32,
    period: f64,
    rate: f64,
    margin: f64,
    level: f64,
    draws: u32,
    seed: u64,
}

impl LifetimeParams {
    /// A horizon of so many periods of this length, in the unit of the histories. No discount,
    /// a margin of 1 (value is sales), an interval of level 0.9 from 200 draws, seed 42.
    pub fn new(periods: u32, period: f64) -> Self {
        Self(LifetimeValidParams {
            periods,
            period,
            rate: 0.0,
            margin: 1.0,
            level: 0.9,
            draws: 200,
            seed: 42,
        })
    }

    /// Discount rate a period, 0 or more: `(1 + annual)^(1 / periods a year) - 1`. What is bought
    /// in period `i`, counted from 1, is worth `(1 + rate)^-i` of its amount. Default 0.
    pub fn rate(mut self, rate: f64) -> Self {
        self.0.rate = rate;
        self
    }

    /// Share of sales that is earned, above 0 and at most 1. Default 1.
    pub fn margin(mut self, share: f64) -> Self {
        self.0.margin = share;
        self
    }

    /// Share of values within their interval, above 0 and below 1. Default 0.9.
    pub fn level(mut self, share: f64) -> Self {
        self.0.level = share;
        self
    }

    /// Futures drawn for each customer, which the interval is taken from; 0 leaves intervals out,
    /// and at most 1,000,000. Default 200. Time grows with them, and they take most of it.
    pub fn draws(mut self, futures: u32) -> Self {
        self.0.draws = futures;
        self
    }

    /// Decides the futures. Default 42.
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }
}

impl ParamGuard for LifetimeParams {
    type Checked = LifetimeValidParams;
    type Error = ValueError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let p = &self.0;
        let good = (1..=10_000).contains(&p.periods);
        ValueError::check("periods", p.periods.into(), good, "1 to 10,000")?;
        let good = p.period.is_finite() && p.period > 0.0;
        ValueError::check("period", p.period, good, "a finite time above 0")?;
        let good = p.rate.is_finite() && p.rate >= 0.0;
        ValueError::check("rate", p.rate, good, "a finite number of at least 0")?;
        let good = p.margin > 0.0 && p.margin <= 1.0;
        ValueError::check("margin", p.margin, good, "a share above 0 and at most 1")?;
        let good = p.level > 0.0 && p.level < 1.0;
        ValueError::check("level", p.level, good, "a share between 0 and 1")?;
        let good = p.draws <= 1_000_000;
        ValueError::check("draws", p.draws.into(), good, "at most 1,000,000")?;
        Ok(p)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// What one customer will be worth within the horizon.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LifetimeValue {
    /// Expected purchases.
    pub purchases: f64,
    /// Expected purchases, each discounted.
    pub discounted_purchases: f64,
    /// Expected amount of a purchase; 1 without a spend model.
    pub spend: f64,
    /// Expected discounted value: margin times amount times discounted purchases.
    pub value: f64,
    /// The interval that the value will lie in, and nothing without draws. It is wide, for it is
    /// about one customer: it holds what the customer may do, not only what is not known of the
    /// customer. Parameters count as known.
    pub interval: Option<(f64, f64)>,
}

impl LifetimeValidParams {
    /// Values each customer, in the order given: without a spend model in purchases, with one in
    /// money, from one [`Spend`] a customer.
    ///
    /// Expectations are exact under the models. Intervals are quantiles of drawn futures; the
    /// numbers depend on the seed and on what is known of the customer alone, so equal customers
    /// have equal intervals, in whatever order and on any number of threads.
    ///
    /// # Errors
    /// [`ValueError::Length`] where there is not one spend a customer, and the errors of
    /// [`Histories::new`](super::Histories::new) and
    /// [`GammaGamma::predict`](super::GammaGamma::predict) for rows and parameters.
    pub fn value(
        &self,
        model: &PurchaseModel,
        histories: &[History],
        spending: Option<(&GammaGamma, &[Spend])>,
    ) -> Result<Vec<LifetimeValue>, ValueError> {
        model.check()?;
        check_all(histories)?;
        if let Some((spend_model, spends)) = spending {
            spend_model.check()?;
            check_spends(spends)?;
            if spends.len() != histories.len() {
                return Err(ValueError::Length {
                    property: "the spend",
                    found: spends.len(),
                    expected: histories.len(),
                });
            }
        }
        let worths: Vec<f64> = (1..=self.periods)
            .map(|i| (-f64::from(i) * self.rate.ln_1p()).exp())
            .collect();
        let value = |(row, history): (usize, &History)| {
            let spending = spending.map(|(spend_model, spends)| (spend_model, &spends[row]));
            self.value_of(model, history, spending, &worths)
        };
        let rows = histories.par_iter().enumerate().with_min_len(PART);
        Ok(rows.map(value).collect())
    }

    fn value_of(
        &self,
        model: &PurchaseModel,
        history: &History,
        spending: Option<(&GammaGamma, &Spend)>,
        worths: &[f64],
    ) -> LifetimeValue {
        let (mut purchases, mut discounted) = (0.0, 0.0);
        for (i, worth) in worths.iter().enumerate() {
            let until = self.period * (i + 1) as f64;
            let by_then = model.expected_purchases(history, until);
            discounted += worth * (by_then - purchases);
            purchases = by_then;
        }
        let spend = spending.map_or(1.0, |(spend_model, spend)| spend_model.expected(spend));
        LifetimeValue {
            purchases,
            discounted_purchases: discounted,
            spend,
            value: self.margin * spend * discounted,
            interval: self.interval(model, history, spending, worths),
        }
    }

    fn interval(
        &self,
        model: &PurchaseModel,
        history: &History,
        spending: Option<(&GammaGamma, &Spend)>,
        worths: &[f64],
    ) -> Option<(f64, f64)> {
        if self.draws == 0 {
            return None;
        }
        let p_alive = model.p_alive(history);
        let known = [
            history.repeats.into(),
            history.last.to_bits(),
            history.age.to_bits(),
            spending.map_or(0, |(_, spend)| spend.repeats.into()),
            spending.map_or(0, |(_, spend)| spend.mean.to_bits()),
        ];
        let key = known.into_iter().fold(0, draw);
        let value = |number: u32| {
            let mut draws = Draws::new(self.seed, key, number.into());
            self.future(&mut draws, model, history, p_alive, spending, worths)
        };
        let mut values: Vec<f64> = (0..self.draws).map(value).collect();
        values.sort_unstable_by(f64::total_cmp);
        let at = |share| quantile(&values, share);
        Some((at(0.5 - 0.5 * self.level), at(0.5 + 0.5 * self.level)))
    }

    /// The value of one future of a customer.
    fn future(
        &self,
        draws: &mut Draws,
        model: &PurchaseModel,
        history: &History,
        p_alive: f64,
        spending: Option<(&GammaGamma, &Spend)>,
        worths: &[f64],
    ) -> f64 {
        if draws.unit() >= p_alive {
            return 0.0;
        }
        let end = self.period * worths.len() as f64;
        // The customer's own scale of amounts.
        let amounts = spending.map(|(spend_model, spend)| {
            let (shape, rate) = spend_model.posterior(spend);
            (spend_model.p, draws.gamma(shape) / rate)
        });
        let mut future = Future::draw(draws, model, history);
        let (mut time, mut value) = (0.0, 0.0);
        for _ in 0..MOST_PURCHASES {
            time += future.gap(draws);
            if time >= end.min(future.leaves) {
                break;
            }
            let period = ((time / self.period) as usize).min(worths.len() - 1);
            value += worths[period]
                * match amounts {
                    Some((shape, scale)) => draws.gamma(shape) / scale,
                    None => 1.0,
                };
            if future.leaving > 0.0 && draws.unit() < future.leaving {
                break;
            }
        }
        self.margin * value
    }
}

/// The nature of an active customer, as drawn from what is known.
struct Future {
    rate: f64,
    /// Stages until the next purchase, and between later ones.
    next_stages: u32,
    stages: u32,
    /// Probability of leaving after a purchase, and the time of leaving.
    leaving: f64,
    leaves: f64,
}

impl Future {
    fn draw(draws: &mut Draws, model: &PurchaseModel, history: &History) -> Self {
        match model {
            PurchaseModel::BetaGeometric(model) => {
                let mut left = draws.unit();
                let passed = model.stages(history).find_map(|(stage, weight)| {
                    left -= weight;
                    (left <= 0.0).then_some(stage)
                });
                let passed = passed.unwrap_or(model.regularity - 1);
                let (shape, rate) = model.rate_posterior(history, passed);
                let (a, b) = model.leaving_posterior(history);
                Self {
                    rate: draws.gamma(shape) / rate,
                    next_stages: model.regularity - passed,
                    stages: model.regularity,
                    leaving: draws.beta(a, b),
                    leaves: f64::INFINITY,
                }
            }
            PurchaseModel::Pareto(model) => {
                let (shape, rate) = model.rate_posterior(history);
                let (s, beta) = model.leaving_posterior(history);
                Self {
                    rate: draws.gamma(shape) / rate,
                    next_stages: 1,
                    stages: 1,
                    leaving: 0.0,
                    leaves: draws.exponential() * beta / draws.gamma(s),
                }
            }
        }
    }

    /// The time until the next purchase.
    fn gap(&mut self, draws: &mut Draws) -> f64 {
        let stages: f64 = (0..self.next_stages).map(|_| draws.exponential()).sum();
        self.next_stages = self.stages;
        stages / self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{BetaGeometric, ParetoNbd};

    /// The mean of many futures is the expectation, which is not taken from them.
    #[test]
    fn futures_are_on_average_what_is_expected() {
        let beta_geometric = |regularity, leaves_at_start| {
            PurchaseModel::BetaGeometric(BetaGeometric {
                r: 0.8,
                alpha: 5.0,
                a: 0.8,
                b: 2.4,
                regularity,
                leaves_at_start,
            })
        };
        let pareto = PurchaseModel::Pareto(ParetoNbd {
            r: 0.55,
            alpha: 10.6,
            s: 0.6,
            beta: 11.7,
        });
        let amounts = GammaGamma {
            p: 6.0,
            q: 5.0,
            v: 15.0,
        };
        let histories = [(0, 0.0, 30.0), (2, 30.4, 38.9), (9, 20.0, 26.0)];
        for model in [beta_geometric(1, false), beta_geometric(3, true), pareto] {
            for (repeats, last, age) in histories {
                let history = History { repeats, last, age };
                let spend = Spend {
                    repeats,
                    mean: 30.0,
                };
                let spending = Some((&amounts, &spend));
                let params = LifetimeParams::new(4, 13.0).rate(0.05).margin(0.3).draws(0);
                let params = params.check().unwrap();
                let spends = [spend];
                let said = params
                    .value(&model, &[history], Some((&amounts, &spends)))
                    .unwrap()[0];
                assert_eq!(said.interval, None);
                assert!(said.discounted_purchases < said.purchases);
                let worths: Vec<f64> = (1..=4).map(|i| 1.05_f64.powi(-i)).collect();
                let p_alive = model.p_alive(&history);
                let count = 40_000;
                let futures: Vec<f64> = (0..count)
                    .map(|i| {
                        let mut draws = Draws::new(1, 2, i);
                        params.future(&mut draws, &model, &history, p_alive, spending, &worths)
                    })
                    .collect();
                let mean = futures.iter().sum::<f64>() / count as f64;
                let square = futures
                    .iter()
                    .map(|value| (value - mean).powi(2))
                    .sum::<f64>();
                let error = (square / count as f64 / count as f64).sqrt();
                let off = (mean - said.value) / error;
                assert!(
                    off.abs() < 3.5,
                    "{model:?} {history:?}: {mean} for {said:?}"
                );
            }
        }
    }
}
