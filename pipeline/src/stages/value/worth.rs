//! What each customer is expected to be worth.

use rayon::prelude::*;
use regulars_models::ParamGuard;
use regulars_models::value::{
    History, LifetimeParams, LifetimeValue, Outlook, PurchaseModel, Spend, ValueError,
};

use super::baselines::{Rates, counts_and_ages};
use super::distinct::Distinct;
use super::history::{Buyer, Buyers, Seen};
use super::margin::Margin;
use super::spend::SpendModel;
use super::trees::{Ahead, Spread};
use crate::config::Value;
use crate::failure::{Failure, Result};

/// Stretches of time ahead for which purchases are expected, in days.
pub const AHEAD: [u32; 3] = [30, 90, 365];

/// Stretches of the horizon; what is bought in one is discounted to its end.
const PERIODS: u32 = 12;

/// Days of a year of the rate.
pub const YEAR: f64 = 365.25;

/// Futures that are drawn for a customer, and for all of them together: intervals of many customers
/// are told by fewer, which depends on the data alone.
const MOST_FUTURES: u64 = 200;
const FEWEST_FUTURES: u64 = 40;
const ALL_FUTURES: u64 = 20_000_000;

/// What is expected of a customer; NaN where nothing tells.
#[derive(Clone, Copy, Debug)]
pub struct Worth {
    /// Probability of being active.
    pub p_alive: f64,
    /// Purchases within each of [`AHEAD`].
    pub purchases: [f64; 3],
    /// Purchases within as many days as trees look ahead; NaN where there are no trees.
    pub looked_ahead: f64,
    /// Probability that there is a next purchase at all.
    pub p_next: f64,
    /// Days from the as-of date to the next purchase, if there is one: as likely sooner as later,
    /// and the ends of its interval.
    pub next: [f64; 3],
    /// What a purchase brings.
    pub per_purchase: f64,
    /// Money within the horizon, as margin.
    pub value: f64,
    /// The same discounted.
    pub lifetime_value: f64,
    /// The ends of its interval.
    pub interval: [f64; 2],
}

/// How customers are valued.
pub struct Terms<'a> {
    /// The settings.
    pub settings: &'a Value,
    /// Of spend.
    pub margin: &'a Margin,
    /// Decides the futures that are drawn.
    pub seed: u64,
    /// How many days trees look ahead, where they value the customers.
    pub looks_ahead: Option<u32>,
    /// The day after the history, counted from 1970.
    pub end: i32,
}

impl Terms<'_> {
    /// Discount rate of one stretch of the horizon.
    fn period_rate(&self) -> f64 {
        (self.period() / YEAR * self.settings.rate.ln_1p()).exp_m1()
    }

    /// Days of one stretch of the horizon.
    fn period(&self) -> f64 {
        f64::from(self.settings.horizon_days) / f64::from(PERIODS)
    }
}

/// What is known of each customer at the end of the history, and what a purchase brings.
struct Known {
    histories: Vec<History>,
    spends: Vec<Spend>,
    per_purchase: Vec<f64>,
    /// Customers of whom the same is known.
    distinct: Distinct,
}

impl Known {
    fn of(buyers: &Buyers, spend: &SpendModel, end: i32) -> Self {
        let all = &buyers.buyers;
        let key = |buyer: &Buyer| {
            let seen = buyer.whole;
            let repeat_spend = if seen.purchases > 1 {
                seen.repeat_spend
            } else {
                0
            };
            (
                seen.purchases,
                seen.last - buyer.first,
                buyer.first,
                repeat_spend,
            )
        };
        let distinct = Distinct::new(&all.iter().map(key).collect::<Vec<_>>());
        let kinds = || distinct.rows.iter().map(|row| &all[*row]);
        let history = |buyer: &Buyer| buyer.whole.history(buyer.first, end);
        let spends: Vec<Spend> = kinds().map(|buyer| buyer.whole.spending()).collect();
        Self {
            histories: kinds().map(history).collect(),
            per_purchase: spend.expected(&spends),
            spends,
            distinct,
        }
    }
}

/// What is expected of each customer under a model, in the order of the customers.
pub fn by_model(
    model: &PurchaseModel,
    spend: &SpendModel,
    buyers: &Buyers,
    terms: &Terms<'_>,
) -> Result<Vec<Worth>> {
    let known = Known::of(buyers, spend, terms.end);
    let settings = terms.settings;
    let outlooks = model
        .predict(&known.histories, f64::from(AHEAD[0]), settings.interval)
        .map_err(refused)?;
    let values = lifetime(model, spend, &known, buyers.len() as u64, terms)?;
    // Where the spend model does not fit, values are told in purchases.
    let money = |row: usize| match spend.model() {
        Some(_) => 1.0,
        None => known.per_purchase[row],
    };
    let worth = |row: usize| {
        let (history, outlook, value) = (&known.histories[row], &outlooks[row], &values[row]);
        let ahead = |days: u32| model.expected_purchases(history, days.into());
        let per_purchase = known.per_purchase[row];
        let (low, high) = value.interval.unwrap_or((f64::NAN, f64::NAN));
        Worth {
            p_alive: outlook.p_alive,
            purchases: [outlook.purchases, ahead(AHEAD[1]), ahead(AHEAD[2])],
            looked_ahead: terms.looks_ahead.map_or(f64::NAN, ahead),
            p_next: outlook.next.probability,
            next: next(outlook),
            per_purchase,
            value: terms.margin.share * per_purchase * value.purchases,
            lifetime_value: value.value * money(row),
            interval: [low, high].map(|end| end * money(row)),
        }
    };
    let rows = 0..known.histories.len();
    let worths: Vec<Worth> = rows.into_par_iter().with_min_len(64).map(worth).collect();
    Ok(known.distinct.spread(&worths))
}

fn next(outlook: &Outlook) -> [f64; 3] {
    [outlook.next.median, outlook.next.low, outlook.next.high]
}

fn lifetime(
    model: &PurchaseModel,
    spend: &SpendModel,
    known: &Known,
    customers: u64,
    terms: &Terms<'_>,
) -> Result<Vec<LifetimeValue>> {
    let futures = (ALL_FUTURES / customers.max(1)).clamp(FEWEST_FUTURES, MOST_FUTURES);
    let spending = spend.model().map(|model| (model, known.spends.as_slice()));
    LifetimeParams::new(PERIODS, terms.period())
        .rate(terms.period_rate())
        .margin(terms.margin.share)
        .level(terms.settings.interval)
        .draws(u32::try_from(futures).unwrap_or(u32::MAX))
        .seed(terms.seed)
        .check()
        .and_then(|params| params.value(model, &known.histories, spending))
        .map_err(refused)
}

/// What is expected of each customer who goes on at a rate of their own, drawn towards that of all;
/// nothing where nobody has bought again.
pub fn by_own_rate(spend: &SpendModel, buyers: &Buyers, terms: &Terms<'_>) -> Vec<Worth> {
    let all: Vec<&Buyer> = buyers.buyers.iter().collect();
    let (counts, ages) = counts_and_ages(&all, |buyer| &buyer.whole, terms.end);
    let rates = Rates::of(&counts, &ages);
    let spends: Vec<Spend> = all.iter().map(|buyer| buyer.whole.spending()).collect();
    let per_purchase = spend.expected(&spends);
    let period_rate = terms.period_rate();
    let worths = (1..=PERIODS).map(|i| (-f64::from(i) * period_rate.ln_1p()).exp());
    let discounted = terms.period() * worths.sum::<f64>();
    let worth = |row: usize| {
        let rate = match rates.mean > 0.0 {
            true => rates.own(counts[row], ages[row]),
            false => f64::NAN,
        };
        let money = terms.margin.share * per_purchase[row] * rate;
        Worth {
            p_alive: f64::NAN,
            purchases: AHEAD.map(|days| rate * f64::from(days)),
            looked_ahead: terms
                .looks_ahead
                .map_or(f64::NAN, |days| rate * f64::from(days)),
            p_next: f64::NAN,
            next: [f64::NAN; 3],
            per_purchase: per_purchase[row],
            value: money * f64::from(terms.settings.horizon_days),
            lifetime_value: money * discounted,
            interval: [f64::NAN; 2],
        }
    };
    (0..all.len()).map(worth).collect()
}

/// What is expected of each customer by trees.
///
/// Trees say how much comes in the days that they look ahead. How that grows over fewer and more days, and
/// is discounted, is told by `worths`, as is who is active and when the next purchase comes. The interval
/// is how far trees were off when they had not seen what came.
pub fn by_trees(worths: Vec<Worth>, ahead: &Ahead, spread: Option<&Spread>) -> Vec<Worth> {
    let both = ahead.purchases.iter().zip(&ahead.spend);
    let worth = |(worth, (purchases, spend)): (Worth, (&f64, &f64))| {
        let more = purchases / worth.looked_ahead;
        let per_purchase = spend / purchases;
        let dearer = per_purchase / worth.per_purchase;
        // Nobody is expected to buy without end, whatever is divided.
        let times = |value: f64, by: f64| match (value * by).is_finite() {
            true => value * by,
            false => f64::NAN,
        };
        let lifetime_value = times(worth.lifetime_value, more * dearer);
        let interval = match spread {
            Some(spread) => spread.ends(*spend).map(|end| end * lifetime_value),
            None => [f64::NAN; 2],
        };
        Worth {
            purchases: worth.purchases.map(|each| times(each, more)),
            looked_ahead: *purchases,
            per_purchase,
            value: times(worth.value, more * dearer),
            lifetime_value,
            interval,
            ..worth
        }
    };
    worths.into_iter().zip(both).map(worth).collect()
}

/// What customers have spent, for the spend model.
pub fn seen(buyers: &Buyers) -> Vec<Seen> {
    buyers.buyers.iter().map(|buyer| buyer.whole).collect()
}

/// Everything that models refuse is checked before.
pub fn refused(error: ValueError) -> Failure {
    Failure::machine(format!(
        "this is a fault of regulars, please report it: {error}"
    ))
}
