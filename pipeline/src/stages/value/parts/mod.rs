//! Value as texts on customer relationships divide it: what a customer has brought, may bring, brings by
//! others, costs to serve, and risks by paying late or not.

mod influence;
mod room;
mod service;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::datatypes::Float64Type;

use super::history::Buyers;
use super::margin::Margin;
use super::metrics::Sums;
use super::money::amount;
use super::rank::places;
use super::tables::Made;
use super::worth::Worth;
use crate::config::Value;
use crate::failure::Result;
use crate::known::rows_of;
use crate::outputs::table::{TableBuilder, numbers};
use crate::stages::Context;
use crate::text::{begun, round};
use crate::words::said;

/// What each customer's value is made of, one entry a customer; a part that the data do not tell is not
/// there.
pub struct Parts {
    /// Margin so far, or spend.
    present: Vec<f64>,
    /// What similar customers spend more in their categories, within the horizon.
    room: Option<Vec<f64>>,
    /// Who is similar, in words.
    peers: &'static str,
    /// Lifetime value and room.
    potential: Vec<f64>,
    influence: Option<influence::Influence>,
    /// The mean answer to surveys.
    rating: Option<Vec<f64>>,
    /// Money taken off so far.
    discounts: Option<Vec<f64>>,
    /// What returns, contacts, calls and the like have cost.
    service: Option<Vec<f64>>,
    /// The share of payments that came late, or are disputed.
    late: Option<Vec<f64>>,
    disputed: Option<Vec<f64>>,
    risk: Option<Vec<f64>>,
    total: Vec<f64>,
    /// What is not told, and what would tell it.
    untold: Vec<String>,
}

impl Parts {
    /// Of these customers, who are worth so much.
    pub fn of(
        context: &Context<'_>,
        buyers: &Buyers,
        worths: &[Worth],
        margin: &Margin,
    ) -> Result<Self> {
        let mut untold = Vec::new();
        let settings = &context.settings.config.value;
        let room = room::read(context, buyers)?;
        let room = room.map_err(|why| untold.push(why)).ok();
        let peers = room.as_ref().map_or("", |room| room.peers);
        let room = room.map(|room| in_the_horizon(&room.spend, worths, margin, settings));
        let influence = influence::read(context, buyers, worths)?;
        let influence = influence.map_err(|why| untold.push(why)).ok();
        let service = service::read(context, buyers, &mut untold)?;
        let present: Vec<f64> = buyers
            .buyers
            .iter()
            .map(|buyer| match margin.from_costs {
                true => margin.so_far(buyer.whole.spend, buyer.costed, buyer.cost),
                false => margin.share * amount(buyer.whole.spend),
            })
            .collect();
        let lifetime = |row: usize| worths[row].lifetime_value;
        let of = |part: &Option<Vec<f64>>, row: usize| part.as_ref().map_or(0.0, |part| part[row]);
        let rows = 0..present.len();
        let potential: Vec<f64> = rows
            .clone()
            .map(|row| lifetime(row) + of(&room, row))
            .collect();
        let risk: Option<Vec<f64>> = service.disputed.as_ref().map(|disputed| {
            rows.clone()
                .map(|row| disputed[row] * lifetime(row))
                .collect()
        });
        let brought = influence.as_ref().map(|influence| influence.value.clone());
        let total = rows
            .map(|row| {
                present[row] + potential[row] + of(&brought, row)
                    - of(&service.cost, row)
                    - of(&risk, row)
            })
            .collect();
        Ok(Self {
            present,
            room,
            peers,
            potential,
            influence,
            rating: service.rating,
            discounts: service.discounts,
            service: service.cost,
            late: service.late,
            disputed: service.disputed,
            risk,
            total,
            untold,
        })
    }

    /// The parts as a table.
    pub fn table(&self, buyers: &Buyers, worths: &[Worth], made: &Made<'_>) -> Result<RecordBatch> {
        let (word, days) = (said(made.margin.word()), made.settings.horizon_days);
        let lifetime: Vec<f64> = worths.iter().map(|worth| worth.lifetime_value).collect();
        let money = |values: &[f64]| numbers(values.iter().copied(), 2);
        let mut table = TableBuilder::new()
            .fact("as_of", made.as_of.to_string())
            .fact("currency", made.currency)
            .column("customer_id", "Who", buyers.ids.clone())
            .column(
                "present_value",
                &tr!(
                    "Present value: {counted} so far, returns taken off",
                    counted = word
                ),
                money(&self.present),
            )
            .column(
                "lifetime_value",
                &tr!(
                    "Expected {counted} of the next {days} days, discounted",
                    counted = word,
                    days = days
                ),
                money(&lifetime),
            );
        if let Some(room) = &self.room {
            let about = tr!(
                "{counted} more in the next {days} days, if the customer spent in each category what {peers} spend there on average, times the probability of being active",
                counted = begun(word),
                days = days,
                peers = said(self.peers)
            );
            table = table.column("category_room", &about, money(room));
        }
        table = table.column(
            "potential_value",
            match self.room {
                Some(_) => mark!("Potential value: lifetime value and room in categories"),
                None => mark!("Potential value: lifetime value"),
            },
            money(&self.potential),
        );
        if let Some(influence) = &self.influence {
            let referrals: UInt32Array = influence.referrals.iter().map(|n| Some(*n)).collect();
            let about = mark!(
                "Lifetime value of the customers whom this one brought; it is theirs as well"
            );
            table = table
                .column(
                    "referrals",
                    "Customers whom this one brought",
                    Arc::new(referrals),
                )
                .column("influence_value", about, money(&influence.value));
        }
        let plain = [
            (
                "survey_rating",
                mark!("Mean answer to surveys"),
                &self.rating,
                4,
            ),
            (
                "discounts",
                mark!(
                    "Money taken off what was bought so far; spend is without it, so the total does not count it again"
                ),
                &self.discounts,
                2,
            ),
            (
                "cost_to_serve",
                mark!(
                    "What returns, contacts, calls, complaints and late payments have cost so far, by cost_of under [value]"
                ),
                &self.service,
                2,
            ),
            (
                "late_payment_share",
                mark!("Share of payments that came late, drawn towards that of all"),
                &self.late,
                6,
            ),
            (
                "disputed_payment_share",
                mark!("Share of payments that are disputed, drawn towards that of all"),
                &self.disputed,
                6,
            ),
            (
                "payment_risk",
                mark!("Lifetime value times the share of disputed payments"),
                &self.risk,
                2,
            ),
        ];
        for (name, about, values, digits) in plain {
            if let Some(values) = values {
                table = table.column(name, about, numbers(values.iter().copied(), digits));
            }
        }
        let ranks: ArrayRef = Arc::new(places(&self.total).into_iter().collect::<UInt32Array>());
        table
            .column(
                "total_value",
                "Present and potential value and influence, less the cost to serve and the payment risk, as far as they are there",
                money(&self.total),
            )
            .column(
                "total_rank",
                "Place by the total, 1 for the highest; of equal ones the first id is before",
                ranks,
            )
            .build()
    }

    /// What the manifest says.
    pub fn sums(&self) -> Sums {
        let influence = self.influence.as_ref().map(|influence| &influence.value);
        let parts = [
            ("present_value", Some(&self.present)),
            ("category_room", self.room.as_ref()),
            ("potential_value", Some(&self.potential)),
            ("influence_value", influence),
            ("cost_to_serve", self.service.as_ref()),
            ("payment_risk", self.risk.as_ref()),
            ("total_value", Some(&self.total)),
        ];
        let sum = |(name, values): (&str, Option<&Vec<f64>>)| {
            let sum: f64 = values?.iter().sum();
            sum.is_finite().then(|| (name.to_owned(), round(sum, 2)))
        };
        Sums {
            told: parts.into_iter().filter_map(sum).collect(),
            untold: self.untold.clone(),
        }
    }
}

/// Spend of a year more as what is earned by it in the horizon, while the customer is active.
fn in_the_horizon(spent: &[f64], worths: &[Worth], margin: &Margin, settings: &Value) -> Vec<f64> {
    let share = margin.share * f64::from(settings.horizon_days) / f64::from(room::DAYS);
    let active = |worth: &Worth| match worth.p_alive.is_nan() {
        true => 1.0,
        false => worth.p_alive,
    };
    let both = spent.iter().zip(worths);
    both.map(|(spent, worth)| share * active(worth) * spent)
        .collect()
}

/// A column of a table of customers for each of `buyers`, NaN for who is not in it; the first column are
/// ids that ascend.
fn column_for(buyers: &Buyers, table: &RecordBatch, column: usize) -> Vec<f64> {
    let values = table.column(column).as_primitive::<Float64Type>();
    let rows = rows_of(table.column(0), &buyers.ids);
    let of = |row: Option<usize>| match row {
        Some(row) if values.is_valid(row) => values.value(row),
        _ => f64::NAN,
    };
    rows.into_iter().map(of).collect()
}
