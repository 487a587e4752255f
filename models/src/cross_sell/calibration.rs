//! From affinity to probability: a logistic regression learned on the last horizon.
//!
//! What people start to buy moves with the season, and some customers try much more than
//! others. So the state of `horizon` days before the as-of day is rebuilt, its candidates are
//! scored, and what was then bought for the first time teaches how much weight the affinity,
//! the recent rate of new customers of an item, the turn of its season and the habits of the
//! customer deserve.

use rayon::prelude::*;

use super::affinity::{Affinity, evenly};
use super::history::History;
use super::linear::solve_positive;
use super::owned::{Entry, Owned};
use super::params::CrossSellValidParams;
use super::rank::Ranker;
use super::sales::Sales;
use super::season::{turn_of_season, unavailable};

const ITEM_SIGNALS: usize = 3;
const CUSTOMER_SIGNALS: usize = 5;
const SIGNALS: usize = 2 + ITEM_SIGNALS + CUSTOMER_SIGNALS + 1;
/// Where the turn of the season stands among them.
const SEASON: usize = SIGNALS - 1;
/// With the constant.
const WEIGHTS: usize = SIGNALS + 1;
/// Windows of the rate of new customers, in horizons.
const WINDOWS: [i32; ITEM_SIGNALS] = [1, 3, 6];
/// Fewer first purchases than about ten a weight teach noise.
const MIN_FIRST_PURCHASES: usize = 10 * WEIGHTS;
/// Customers to learn from are thinned, evenly, to this many.
const MAX_CUSTOMERS: usize = 5_000;
/// Rows summed together, whatever the number of threads.
const PART: usize = 16_384;
/// Below it the logarithm of the affinity says nothing more.
const FLOOR: f64 = 1e-4;
/// Ridge penalty on the standardised weights, as in scikit-learn's `C = 1`.
const PENALTY: f64 = 1.0;

/// For each item, how fast non-customers of it became customers: the logarithm of the share
/// per horizon, over three windows. The added 0.5 and 10 keep items without any away from
/// minus infinity.
pub(super) fn item_signals(owned: &Owned, horizon: i32) -> Vec<[f64; ITEM_SIGNALS]> {
    let starts = WINDOWS.map(|w| owned.as_of.saturating_sub(w.saturating_mul(horizon)));
    let mut new = vec![[0u32; ITEM_SIGNALS]; owned.n_items()];
    for entry in owned.all() {
        for (count, start) in new[entry.item as usize].iter_mut().zip(starts) {
            *count += u32::from(entry.first >= start);
        }
    }
    new.iter()
        .zip(&owned.buyers)
        .map(|(new, &buyers)| {
            std::array::from_fn(|w| {
                let without = owned.n_active as f64 - f64::from(buyers - new[w]);
                let rate = (f64::from(new[w]) + 0.5) / (without + 10.0);
                libm::log(rate / f64::from(WINDOWS[w]))
            })
        })
        .collect()
}

/// How much a customer tries, buys and has, and how long they have been away.
pub(super) fn customer_signals(
    owned: &[Entry],
    as_of: i32,
    horizon: i32,
) -> [f64; CUSTOMER_SIGNALS] {
    let since = |w: i32| as_of.saturating_sub(w.saturating_mul(horizon));
    let count = |keep: &dyn Fn(&Entry) -> bool| owned.iter().filter(|e| keep(e)).count() as f64;
    let away = owned
        .iter()
        .map(|e| as_of.saturating_sub(e.last))
        .min()
        .unwrap_or(400);
    [
        libm::log1p(count(&|e| e.first >= since(1))),
        libm::log1p(count(&|e| e.first >= since(3))),
        libm::log1p(count(&|e| e.last >= since(1))),
        libm::log1p(owned.len() as f64),
        libm::log1p(f64::from(away.clamp(0, 400))),
    ]
}

/// The weights of the signals, on their own scales.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Calibration {
    constant: f64,
    log_affinity: f64,
    affinity: f64,
    item: [f64; ITEM_SIGNALS],
    customer: [f64; CUSTOMER_SIGNALS],
    season: f64,
}

impl Calibration {
    /// The part of the log-odds that an item brings, with the turn of its season.
    pub fn of_item(&self, signals: &[f64; ITEM_SIGNALS], turn: f64) -> f64 {
        let rates: f64 = self.item.iter().zip(signals).map(|(w, x)| w * x).sum();
        rates + self.season * turn
    }

    /// The part of the log-odds that a customer brings.
    pub fn of_customer(&self, signals: &[f64; CUSTOMER_SIGNALS]) -> f64 {
        self.constant
            + self
                .customer
                .iter()
                .zip(signals)
                .map(|(w, x)| w * x)
                .sum::<f64>()
    }

    /// The part of the log-odds that the affinity brings.
    pub fn of_affinity(&self, affinity: f32) -> f64 {
        let affinity = f64::from(affinity);
        self.affinity * affinity + self.log_affinity * log_floor(affinity)
    }

    /// Learns on the horizon before `as_of`; `None` when there is less than one horizon of
    /// history before it, or too few first purchases in it.
    pub fn learn(
        history: &History<'_>,
        sales: &Sales,
        params: &CrossSellValidParams,
        as_of: i32,
    ) -> Option<Self> {
        let horizon = params.horizon_days();
        let cut = as_of.checked_sub(horizon)?;
        let owned = Owned::at(history, cut, params.max_items());
        if owned.first_day > cut.checked_sub(horizon)? {
            return None;
        }
        let customers = evenly(
            (0..owned.n_customers())
                .filter(|&c| !owned.of(c).is_empty())
                .collect(),
            MAX_CUSTOMERS,
        );
        let affinity = Affinity::fit(
            &owned,
            params.rank(),
            params.shrinkage(),
            params.max_fit_customers(),
            params.seed(),
        );
        let items = item_signals(&owned, horizon);
        let turns = turn_of_season(sales, cut, horizon);
        let closed = owned.closed(&unavailable(&history.judged(), sales, cut, horizon));
        let habits: Vec<_> = customers
            .iter()
            .map(|&c| customer_signals(owned.of(c), cut, horizon))
            .collect();
        let rows: Vec<Vec<Row>> = customers
            .par_iter()
            .enumerate()
            .map_init(
                || Ranker::new(&affinity, &closed, params.candidates()),
                |ranker, (index, &customer)| {
                    let mut bought: Vec<u32> = history
                        .rows(customer, cut, as_of)
                        .filter_map(|r| owned.codes.binary_search(&history.item(r)).ok())
                        .map(|item| item as u32)
                        .collect();
                    bought.sort_unstable();
                    ranker
                        .candidates(owned.of(customer))
                        .iter()
                        .map(|&(item, affinity)| Row {
                            customer: index as u32,
                            item,
                            affinity,
                            log_affinity: log_floor(f64::from(affinity)),
                            bought: bought.binary_search(&item).is_ok(),
                        })
                        .collect()
                },
            )
            .collect();
        let rows = rows.concat();
        let positives = rows.iter().filter(|row| row.bought).count();
        if positives < MIN_FIRST_PURCHASES || rows.len() - positives < MIN_FIRST_PURCHASES {
            return None;
        }
        let signals = |row: &Row| -> [f64; SIGNALS] {
            let mut x = [0.0; SIGNALS];
            x[0] = row.log_affinity;
            x[1] = f64::from(row.affinity);
            x[2..2 + ITEM_SIGNALS].copy_from_slice(&items[row.item as usize]);
            x[2 + ITEM_SIGNALS..SEASON].copy_from_slice(&habits[row.customer as usize]);
            x[SEASON] = turns[owned.codes[row.item as usize] as usize];
            x
        };
        let (constant, w) = logistic(&rows, signals, |row| row.bought)?;
        let (direct, rest) = w.split_at(2);
        let (item, rest) = rest.split_at(ITEM_SIGNALS);
        let (customer, season) = rest.split_at(CUSTOMER_SIGNALS);
        Some(Self {
            constant,
            log_affinity: direct[0],
            affinity: direct[1],
            item: item.try_into().ok()?,
            customer: customer.try_into().ok()?,
            season: season[0],
        })
    }
}

#[derive(Clone, Copy)]
struct Row {
    customer: u32,
    item: u32,
    affinity: f32,
    log_affinity: f64,
    bought: bool,
}

fn log_floor(affinity: f64) -> f64 {
    libm::log(affinity.max(FLOOR))
}

pub(super) fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + libm::exp(-x))
    } else {
        let e = libm::exp(x);
        e / (1.0 + e)
    }
}

/// Sums over rows, in fixed parts added in their order.
fn sum_parts<R: Sync, const N: usize>(
    rows: &[R],
    add: impl Fn(&mut [f64; N], &R) + Sync,
) -> [f64; N] {
    let parts: Vec<[f64; N]> = rows
        .par_chunks(PART)
        .map(|part| {
            let mut sum = [0.0; N];
            part.iter().for_each(|row| add(&mut sum, row));
            sum
        })
        .collect();
    let mut total = [0.0; N];
    for part in parts {
        total.iter_mut().zip(part).for_each(|(t, p)| *t += p);
    }
    total
}

const TRIANGLE: usize = WEIGHTS * (WEIGHTS + 1) / 2;
/// Gradient, then the upper triangle of the curvature.
const SUMS: usize = WEIGHTS + TRIANGLE;
/// The first steps look at every so many-th row.
const THINNING: usize = 8;
/// The longest step of one weight, which keeps Newton's method from overshooting.
const LONGEST: f64 = 2.0;

/// Ridge logistic regression by Newton's method on standardised signals; the constant is not
/// penalised. Returns the constant and the weights on the signals' own scales; a constant
/// signal gets the weight 0. `None` if a signal is not finite or nothing settles.
fn logistic<R: Copy + Sync>(
    rows: &[R],
    signals: impl Fn(&R) -> [f64; SIGNALS] + Sync,
    positive: impl Fn(&R) -> bool + Sync,
) -> Option<(f64, [f64; SIGNALS])> {
    let n = rows.len() as f64;
    let sums = sum_parts::<R, { 2 * SIGNALS + 1 }>(rows, |sum, row| {
        let x = signals(row);
        for j in 0..SIGNALS {
            sum[j] += x[j];
            sum[SIGNALS + j] += x[j] * x[j];
        }
        sum[2 * SIGNALS] += f64::from(u8::from(positive(row)));
    });
    let mean: [f64; SIGNALS] = std::array::from_fn(|j| sums[j] / n);
    let scale: [f64; SIGNALS] = std::array::from_fn(|j| {
        let variance = sums[SIGNALS + j] / n - mean[j] * mean[j];
        if variance > 1e-12 * (1.0 + mean[j] * mean[j]) {
            1.0 / variance.sqrt()
        } else {
            0.0
        }
    });
    let rate = sums[2 * SIGNALS] / n;

    let mut w = [0.0; WEIGHTS];
    w[SIGNALS] = libm::log(rate / (1.0 - rate));
    // Most steps are made on few rows; the full sum then needs two or three.
    let standardised = |row: &R| -> [f64; WEIGHTS] {
        let raw = signals(row);
        let mut x = [1.0; WEIGHTS];
        for j in 0..SIGNALS {
            x[j] = (raw[j] - mean[j]) * scale[j];
        }
        x
    };
    let few: Vec<R> = rows.iter().step_by(THINNING).copied().collect();
    w = newton(&few, standardised, &positive, w).unwrap_or(w);
    w = newton(rows, standardised, &positive, w)?;
    let weights: [f64; SIGNALS] = std::array::from_fn(|j| w[j] * scale[j]);
    let shift: f64 = weights.iter().zip(&mean).map(|(w, m)| w * m).sum();
    Some((w[SIGNALS] - shift, weights))
}

/// Newton's method from `w`, on standardised signals with the constant last.
fn newton<R: Sync>(
    rows: &[R],
    standardised: impl Fn(&R) -> [f64; WEIGHTS] + Sync,
    positive: impl Fn(&R) -> bool + Sync,
    mut w: [f64; WEIGHTS],
) -> Option<[f64; WEIGHTS]> {
    for _step in 0..50 {
        let sums = sum_parts::<R, SUMS>(rows, |sum, row| {
            let x = standardised(row);
            let p = sigmoid(x.iter().zip(&w).map(|(x, w)| x * w).sum());
            let error = p - f64::from(u8::from(positive(row)));
            let curvature = p * (1.0 - p);
            let mut at = WEIGHTS;
            for a in 0..WEIGHTS {
                sum[a] += error * x[a];
                let xa = curvature * x[a];
                for xb in &x[a..] {
                    sum[at] += xa * xb;
                    at += 1;
                }
            }
        });
        let mut gradient = sums[..WEIGHTS].to_vec();
        let mut hessian = vec![0.0; WEIGHTS * WEIGHTS];
        let mut at = WEIGHTS;
        for a in 0..WEIGHTS {
            for b in a..WEIGHTS {
                hessian[a * WEIGHTS + b] = sums[at];
                hessian[b * WEIGHTS + a] = sums[at];
                at += 1;
            }
        }
        for j in 0..SIGNALS {
            gradient[j] += PENALTY * w[j];
            hessian[j * WEIGHTS + j] += PENALTY;
        }
        let step = solve_positive(hessian, gradient)?;
        let longest = step.iter().fold(0.0f64, |most, s| most.max(s.abs()));
        let part = (LONGEST / longest).min(1.0);
        (0..WEIGHTS).for_each(|j| w[j] -= part * step[j]);
        // Newton's error is squared by each step: this one leaves about 1e-8.
        if longest < 1e-4 {
            return Some(w);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_xoshiro::Xoshiro256PlusPlus;
    use rand_xoshiro::rand_core::{RngCore, SeedableRng};

    #[test]
    fn the_weights_make_the_gradient_zero() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
        let mut unit = move || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        // Two signals that matter, one constant one, the rest noise.
        let rows: Vec<([f64; SIGNALS], bool)> = (0..3000)
            .map(|_| {
                let mut x: [f64; SIGNALS] = std::array::from_fn(|_| unit() * 4.0 - 2.0);
                x[3] = 7.0;
                let p = sigmoid(1.5 * x[0] - 0.7 * x[1] - 1.0);
                (x, unit() < p)
            })
            .collect();
        let (constant, w) = logistic(&rows, |r| r.0, |r| r.1).unwrap();
        assert!(
            (w[0] - 1.5).abs() < 0.15 && (w[1] + 0.7).abs() < 0.12,
            "{w:?}"
        );
        assert_eq!(w[3], 0.0);
        // d/dw_j of the loss on the signals' own scales: sum (p - y) x_j + penalty w_j var_j = 0.
        for j in 0..=SIGNALS {
            let column = |r: &[f64; SIGNALS]| if j < SIGNALS { r[j] } else { 1.0 };
            let sum: f64 = rows
                .iter()
                .map(|(x, y)| {
                    let odds = constant + w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>();
                    (sigmoid(odds) - f64::from(u8::from(*y))) * column(x)
                })
                .sum();
            let mean = rows.iter().map(|r| column(&r.0)).sum::<f64>() / 3000.0;
            let variance = rows
                .iter()
                .map(|r| (column(&r.0) - mean).powi(2))
                .sum::<f64>()
                / 3000.0;
            let pull = if j < SIGNALS {
                PENALTY * w[j] * variance
            } else {
                0.0
            };
            assert!((sum + pull).abs() < 1e-4, "{j}: {sum} {pull}");
        }
    }

    #[test]
    fn the_rate_of_new_customers_counts_only_those_who_had_not_bought_before() {
        // Item 0: bought first on days 2, 95 and 99; four customers; as of day 100, horizon 10.
        let h = History::new(
            &[0, 1, 2, 3, 4],
            &[2, 95, 99, 1],
            &[0; 4],
            &[0, 0, 0, 1],
            2,
            None,
        )
        .unwrap();
        let owned = Owned::at(&h, 100, 10);
        let signals = item_signals(&owned, 10);
        // Windows of 10, 30 and 60 days: 2 new of the 3 without it.
        for (got, window) in signals[0].iter().zip([1.0, 3.0, 6.0]) {
            assert!((got - (2.5f64 / 13.0 / window).ln()).abs() < 1e-12);
        }
    }

    #[test]
    fn habits_of_a_customer_are_counted_in_windows() {
        let entry = |first, last| Entry {
            item: 0,
            first,
            last,
            baskets: 1,
        };
        let got = customer_signals(&[entry(1, 2), entry(75, 96), entry(92, 92)], 100, 10);
        let want = [1.0, 2.0, 2.0, 3.0, 4.0].map(|x: f64| x.ln_1p());
        got.iter()
            .zip(want)
            .for_each(|(g, w)| assert!((g - w).abs() < 1e-12, "{got:?}"));
    }
}
