//! What customers will be worth: expected discounted value within a horizon, with an interval.

use linfa::ParamGuard;
use rayon::prelude::*;

use super::draws::Draws;
use super::future::Known;
use super::history::{History, check_all};
use super::model::PurchaseModel;
use super::spend::check_spends;
use super::{GammaGamma, Spend, ValueError};
use crate::quantile::quantile;
use crate::random::draw;

/// Rows that one thread takes at a time.
const PART: usize = 16;

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
    /// and at most 1,000,000. Default 200. Time grows with them and with the periods, not with the
    /// purchases, and they take most of it.
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
        let of_customer = Known::new(model, history);
        let value = |number: u32| {
            let mut draws = Draws::new(self.seed, key, number.into());
            self.future(&mut draws, &of_customer, p_alive, spending, worths)
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
        known: &Known,
        p_alive: f64,
        spending: Option<(&GammaGamma, &Spend)>,
        worths: &[f64],
    ) -> f64 {
        if draws.unit() >= p_alive {
            return 0.0;
        }
        // The customer's own scale of amounts.
        let amounts = spending.map(|(spend_model, spend)| {
            let (shape, rate) = spend_model.posterior(spend);
            (spend_model.p, draws.gamma(shape) / rate)
        });
        let mut value = 0.0;
        (known.draw(draws)).each_period(
            draws,
            self.period,
            worths.len(),
            |draws, period, purchases| {
                value += worths[period]
                    * match amounts {
                        // Amounts of one scale add up to one of so many times the shape.
                        Some((shape, scale)) => draws.gamma(purchases * shape) / scale,
                        None => purchases,
                    };
            },
        );
        self.margin * value
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
                let known = Known::new(&model, &history);
                let count = 40_000;
                let futures: Vec<f64> = (0..count)
                    .map(|i| {
                        let mut draws = Draws::new(1, 2, i);
                        params.future(&mut draws, &known, p_alive, spending, &worths)
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

    /// The same future, purchase by purchase as it happens.
    fn step_by_step(
        params: &LifetimeValidParams,
        draws: &mut Draws,
        model: &PurchaseModel,
        history: &History,
        (amounts, spend): (&GammaGamma, &Spend),
        worths: &[f64],
    ) -> f64 {
        if draws.unit() >= model.p_alive(history) {
            return 0.0;
        }
        let (shape, rate) = amounts.posterior(spend);
        let scale = draws.gamma(shape) / rate;
        let (mut leaving, mut leaves, mut passed, mut stages) = (0.0, f64::INFINITY, 0, 1);
        let rate = match model {
            PurchaseModel::BetaGeometric(model) => {
                stages = model.regularity;
                let mut left = draws.unit();
                let found = model.stages(history).find(|(_, weight)| {
                    left -= weight;
                    left <= 0.0
                });
                passed = found.map_or(stages - 1, |(stage, _)| stage);
                let (shape, rate) = model.rate_posterior(history, passed);
                let (a, b) = model.leaving_posterior(history);
                leaving = draws.beta(a, b);
                draws.gamma(shape) / rate
            }
            PurchaseModel::Pareto(model) => {
                let (shape, rate) = model.rate_posterior(history);
                let (s, beta) = model.leaving_posterior(history);
                leaves = draws.exponential() * beta / draws.gamma(s);
                draws.gamma(shape) / rate
            }
        };
        let (mut time, mut value) = (0.0, 0.0);
        loop {
            let gap: f64 = (passed..stages).map(|_| draws.exponential()).sum();
            passed = 0;
            time += gap / rate;
            let period = (time / params.period) as usize;
            if time >= leaves || period >= worths.len() {
                return params.margin * value;
            }
            value += worths[period] * draws.gamma(amounts.p) / scale;
            if draws.unit() < leaving {
                return params.margin * value;
            }
        }
    }

    /// Futures that are drawn a period at a time are those of one purchase after the other: the
    /// largest distance between the two distributions (Kolmogorov and Smirnov) is that of chance.
    #[test]
    fn futures_by_periods_are_distributed_as_those_step_by_step() {
        let amounts = GammaGamma {
            p: 2.0,
            q: 4.0,
            v: 15.0,
        };
        let beta_geometric = |regularity, alpha| {
            PurchaseModel::BetaGeometric(BetaGeometric {
                r: 1.8,
                alpha,
                a: 0.8,
                b: 6.4,
                regularity,
                leaves_at_start: regularity == 3,
            })
        };
        let pareto = PurchaseModel::Pareto(ParetoNbd {
            r: 1.55,
            alpha: 5.6,
            s: 1.6,
            beta: 31.7,
        });
        let params = LifetimeParams::new(6, 9.0)
            .rate(0.02)
            .draws(0)
            .check()
            .unwrap();
        let worths: Vec<f64> = (1..=6).map(|i| 1.02_f64.powi(-i)).collect();
        let count = 20_000;
        // Rare buyers, and some with far more than ten stages a period.
        for model in [beta_geometric(1, 9.0), beta_geometric(3, 0.5), pareto] {
            for (repeats, last, age) in [(0, 0.0, 20.0), (6, 17.0, 19.0), (70, 38.0, 39.0)] {
                let history = History { repeats, last, age };
                let spend = Spend {
                    repeats,
                    mean: 30.0,
                };
                let p_alive = model.p_alive(&history);
                let known = Known::new(&model, &history);
                let drawn = |of: &dyn Fn(&mut Draws) -> f64, seed: u64| {
                    let mut values: Vec<f64> = (0..count)
                        .map(|i| of(&mut Draws::new(seed, 3, i)))
                        .collect();
                    values.sort_unstable_by(f64::total_cmp);
                    values
                };
                let spending = Some((&amounts, &spend));
                let ours = drawn(
                    &|draws| params.future(draws, &known, p_alive, spending, &worths),
                    1,
                );
                let theirs = drawn(
                    &|draws| {
                        step_by_step(
                            &params,
                            draws,
                            &model,
                            &history,
                            (&amounts, &spend),
                            &worths,
                        )
                    },
                    2,
                );
                let below = |values: &[f64], at: f64| values.partition_point(|v| *v <= at) as f64;
                let distance = (ours.iter().chain(&theirs))
                    .map(|at| (below(&ours, *at) - below(&theirs, *at)).abs() / count as f64)
                    .fold(0.0, f64::max);
                // Exceeded with a chance of 0.0007.
                let most = 2.0 * (2.0 / count as f64).sqrt();
                assert!(distance < most, "{model:?} {history:?}: {distance}");
            }
        }
    }
}
