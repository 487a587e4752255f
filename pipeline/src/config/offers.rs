//! `[offers]`: suggestions of what a customer has not bought before.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Settings;
use crate::failure::Result;

/// Suggestions for one customer at most: the best are chosen from so many candidates.
const MOST_SUGGESTIONS: usize = 200;

/// Days of suggestions that are held out at most.
const MOST_HELD_OUT: usize = 3650;

/// Days that ways to suggest are tested on at most.
const MOST_TESTS: usize = 12;

/// What is offered to a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What they have not bought before.
    New,
    /// A dearer item of a category that they buy.
    Better,
    /// What they have bought and are due to buy again.
    Again,
    /// What they used to buy of a category that they have left.
    Back,
}

/// How suggestions are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The trees where they are better than the affinity beyond noise, on an earlier date.
    Best,
    /// The affinity: no time is spent on trees, unless other kinds than new are asked for.
    #[default]
    Affinity,
    /// The trees wherever they have learned.
    Trees,
}

/// `[offers]`: suggestions of what a customer has not bought before.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Offers {
    /// The level of the taxonomy; by default that of the rules.
    #[schemars(extend("enum" = crate::contract::LEVELS))]
    pub level: Option<String>,
    /// Suggestions for each customer.
    pub per_customer: usize,
    /// The last days of the history, held out to test the suggestions.
    pub holdout_days: u32,
    /// Items that are never suggested.
    pub exclude: Vec<String>,
    /// What is offered; all but new suggestions stand in `offers`.
    pub kinds: Vec<Kind>,
    /// How suggestions are made.
    pub model: By,
    /// Days that the ways to suggest are tested on, each `holdout_days` before the next; the last
    /// is reported, those before it decide.
    pub test_dates: usize,
    /// Items, categories and other names of the taxonomy that are offered to nobody, though they
    /// are learned from.
    pub never: Vec<String>,
    /// Offers of one category to a customer, at most.
    pub per_category: Option<usize>,
    /// Nothing that earns a smaller share of its price; needs costs.
    pub min_margin: Option<f64>,
    /// Nothing that costs less.
    pub min_price: Option<f64>,
    /// Nothing that costs more.
    pub max_price: Option<f64>,
    /// Nothing that the customer has bought within so many days.
    pub not_bought_days: u32,
    /// Nothing that the customer has returned within so many days.
    pub not_returned_days: u32,
    /// For a segment of `segments` the names of the taxonomy that it is offered, and no others.
    pub catalogues: BTreeMap<String, Vec<String>>,
    /// Columns of the customers that are in `winback`; by default none but the id.
    pub winback_columns: Vec<String>,
}

impl Default for Offers {
    fn default() -> Self {
        Self {
            level: None,
            per_customer: 10,
            holdout_days: 28,
            exclude: Vec::new(),
            kinds: vec![Kind::New],
            model: By::Affinity,
            test_dates: 2,
            never: Vec::new(),
            per_category: None,
            min_margin: None,
            min_price: None,
            max_price: None,
            not_bought_days: 0,
            not_returned_days: 365,
            catalogues: BTreeMap::new(),
            winback_columns: Vec::new(),
        }
    }
}

/// Numbers and names that the types cannot check.
pub(super) fn check(settings: &Settings) -> Result<()> {
    let offers = &settings.config.offers;
    for (key, number, most) in [
        ("per_customer", offers.per_customer, MOST_SUGGESTIONS),
        ("holdout_days", offers.holdout_days as usize, MOST_HELD_OUT),
        ("test_dates", offers.test_dates, MOST_TESTS),
        (
            "per_category",
            offers.per_category.unwrap_or(1),
            MOST_SUGGESTIONS,
        ),
    ] {
        settings.at_least(&["offers", key], number, 1)?;
        settings.at_most(&["offers", key], number, most)?;
    }
    check_money(settings)?;
    settings.level(&["offers", "level"], offers.level.as_deref())
}

/// Prices and margins that are numbers, and in order.
fn check_money(settings: &Settings) -> Result<()> {
    let offers = &settings.config.offers;
    for (key, value) in [
        ("min_price", offers.min_price),
        ("max_price", offers.max_price),
    ] {
        if value.is_some_and(|price| !(price.is_finite() && price >= 0.0)) {
            let message = format!("{key} must be 0 or more");
            return Err(settings.wrong(&["offers", key], message));
        }
    }
    if let (Some(least), Some(most)) = (offers.min_price, offers.max_price)
        && least > most
    {
        let message = format!("no price is at least {least} and at most {most}");
        return Err(settings.wrong(&["offers", "max_price"], message));
    }
    if offers
        .min_margin
        .is_some_and(|share| !(-1.0..=1.0).contains(&share))
    {
        let message = "min_margin is a share of the price, such as 0.25";
        return Err(settings.wrong(&["offers", "min_margin"], message));
    }
    Ok(())
}
