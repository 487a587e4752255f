//! A feature's value on its way into a sentence.

use crate::text::{decimal, money, percent, plural, round};
use crate::words::{fill, said};

/// What a shop calls things, by its settings.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shop<'a> {
    /// Printed behind amounts.
    pub currency: &'a str,
    /// A basket: `order`, `visit`.
    pub basket: &'a str,
}

/// What shops call a basket, beside the word of the settings that nobody set.
const _: [&str; 5] = [
    mark!("order"),
    mark!("receipt"),
    mark!("{n} order"),
    mark!("{n} receipt"),
    mark!("{n} basket"),
];

/// A value of a customer, and what it is of.
pub struct Said<'a> {
    /// The value; never NaN.
    pub value: f64,
    /// What the family goes over, in words.
    pub of: &'a str,
    /// The same as an English noun, to be counted.
    pub noun: &'a str,
    /// What the shop calls things.
    pub shop: Shop<'a>,
}

impl Said<'_> {
    /// `1 day`, `28 days`.
    pub(super) fn days(&self) -> String {
        self.several("day")
    }

    /// `1,234 USD`.
    pub(super) fn money(&self) -> String {
        money(self.value, self.shop.currency)
    }

    /// `12.3 %`.
    pub(super) fn percent(&self) -> String {
        percent(self.value)
    }

    /// Up to two digits after the point.
    pub(super) fn rounded(&self) -> f64 {
        round(self.value, 2)
    }

    /// A number of baskets, as the shop calls them: `1 order`, `2 orders`.
    pub(super) fn baskets(&self) -> String {
        self.several(self.shop.basket)
    }

    /// A number of things, with one digit after the point: `1 day`, `2.5 days`.
    pub(super) fn about(&self, thing: &str) -> String {
        decimal(round(self.value, 1), thing)
    }

    /// A number of things: `1 complaint`, `2 complaints`.
    pub(super) fn several(&self, thing: &str) -> String {
        plural(self.value.round() as u64, thing)
    }

    /// What the shop calls a basket.
    pub(super) fn basket(&self) -> &str {
        said(self.shop.basket)
    }

    /// A number and the noun for it, by one of two texts with an `{n}`: `1 person`, `2 people`.
    pub(super) fn one_or_more(&self, one: &str, more: &str) -> String {
        let text = if self.value == 1.0 { one } else { more };
        fill(text, &[("n", &format!("{:.0}", self.value))])
    }

    /// Where a trend goes.
    pub(super) fn direction(&self) -> String {
        match self.value {
            value if value > 0.1 => tr!("rising"),
            value if value < -0.1 => tr!("falling"),
            _ => tr!("steady"),
        }
    }
}
