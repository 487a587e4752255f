//! What of the spend is earned: by costs where the history has them, by the settings otherwise.

use super::history::{Buyer, Buyers};
use super::money::amount;
use crate::config::Value;
use crate::text::percent;

/// Costs of a smaller share of the spend tell little of the rest.
const LEAST_COSTED: f64 = 0.5;

/// The share of spend that is earned.
pub struct Margin {
    /// Above 0 and at most 1.
    pub share: f64,
    /// Whether costs say so.
    pub from_costs: bool,
    /// What a person should know of it, in words.
    pub noticed: Option<String>,
}

impl Margin {
    /// Of all customers together.
    pub fn of(buyers: &Buyers, settings: &Value) -> Self {
        let sum = |of: fn(&Buyer) -> i64| -> f64 {
            let all = buyers.buyers.iter().map(|buyer| i128::from(of(buyer)));
            all.sum::<i128>() as f64
        };
        let as_set = |noticed| Self {
            share: settings.margin,
            from_costs: false,
            noticed,
        };
        if !buyers.has_costs {
            return as_set(None);
        }
        let (spend, costed, cost) = (
            sum(|buyer| buyer.whole.spend),
            sum(|buyer| buyer.costed),
            sum(|buyer| buyer.cost),
        );
        let share = 1.0 - cost / costed;
        if !(costed > 0.0 && share > 0.0 && share <= 1.0) {
            return as_set(Some(tr!(
                "the costs of the history leave no share of the spend that could be a margin, so `margin` under [value] is taken: {margin}",
                margin = settings.margin
            )));
        }
        let known = costed / spend;
        let noticed = (known < LEAST_COSTED).then(|| {
            tr!(
                "costs are known of {known} of the spend alone; the margin of the rest is taken to be the same, {margin}",
                known = percent(known),
                margin = percent(share)
            )
        });
        Self {
            share,
            from_costs: true,
            noticed,
        }
    }

    /// What a customer has earned the company so far: by the costs of their lines, and for lines
    /// without one by the share of all.
    pub fn so_far(&self, spend: i64, costed: i64, cost: i64) -> f64 {
        amount(costed.saturating_sub(cost)) + self.share * amount(spend.saturating_sub(costed))
    }

    /// What values are counted in, as a word: the spend, or what of it is earned.
    pub fn word(&self) -> &'static str {
        match self.from_costs || self.share < 1.0 {
            true => mark!("margin"),
            false => mark!("spend"),
        }
    }
}
