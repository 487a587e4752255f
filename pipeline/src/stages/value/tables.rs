//! The tables that the stage writes.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, RecordBatch, UInt8Array, UInt32Array,
};
use chrono::NaiveDate;

use super::board::ModelRow;
use super::history::{Buyer, Buyers};
use super::margin::Margin;
use super::money::amount;
use super::rank::{ranks, tenth};
use super::trial::Figures;
use super::worth::{AHEAD, Worth};
use crate::config::Value;
use crate::failure::Result;
use crate::outputs::table::{TableBuilder, numbers, text};
use crate::text::percent;
use crate::words::said;

/// A next purchase that is further away is not told by its day: ten years.
const FARTHEST: f64 = 3653.0;

/// What the values were made with.
pub struct Made<'a> {
    /// The settings.
    pub settings: &'a Value,
    /// Of spend.
    pub margin: &'a Margin,
    /// The currency of the project; may be empty.
    pub currency: &'a str,
    /// The date that the values speak of.
    pub as_of: NaiveDate,
    /// What values the customers, in words.
    pub by: &'a str,
    /// What says who is active and when they buy next, where trees say the rest.
    pub timed_by: Option<&'a str>,
}

impl Made<'_> {
    /// The same in words.
    pub fn words(&self) -> String {
        let counted = match self.margin.word() {
            "spend" => tr!("spend"),
            word => tr!(
                "{counted} ({share} of spend)",
                counted = said(word),
                share = percent(self.margin.share)
            ),
        };
        let counted = match self.currency {
            "" => counted,
            currency => tr!(
                "{counted} in {currency}",
                counted = counted,
                currency = currency
            ),
        };
        tr!(
            "as of {date}, {counted}, {days} days ahead, discounted by {rate} a year",
            date = self.as_of,
            counted = counted,
            days = self.settings.horizon_days,
            rate = percent(self.settings.rate)
        )
    }
}

/// Every customer with what they are worth.
pub fn value(buyers: &Buyers, worths: &[Worth], made: &Made<'_>) -> Result<RecordBatch> {
    let table = TableBuilder::new()
        .fact("as_of", made.as_of.to_string())
        .fact("horizon_days", made.settings.horizon_days.to_string())
        .fact("rate", made.settings.rate.to_string())
        .fact("margin", made.margin.share.to_string())
        .fact("counted_in", made.margin.word())
        .fact("interval", made.settings.interval.to_string())
        .fact("currency", made.currency)
        .fact("valued_by", made.by)
        .fact("timed_by", made.timed_by.unwrap_or(made.by))
        .column("customer_id", "Who", buyers.ids.clone());
    let table = until_now(table, buyers, made.margin);
    let table = purchases(table, worths, made);
    ranked(money(table, worths, made), worths).build()
}

/// What each has done so far.
fn until_now(table: TableBuilder, buyers: &Buyers, margin: &Margin) -> TableBuilder {
    let all = &buyers.buyers;
    let number = |of: fn(&Buyer) -> f64| numbers(all.iter().map(of), 2);
    let days = |of: fn(&Buyer) -> i32| -> ArrayRef {
        Arc::new(
            all.iter()
                .map(|buyer| Some(of(buyer)))
                .collect::<Date32Array>(),
        )
    };
    let purchases: UInt32Array = all.iter().map(|buyer| buyer.whole.purchases).collect();
    let table = table
        .column("purchases", "Days with a purchase", Arc::new(purchases))
        .column(
            "spend",
            "Money spent, returns taken off",
            number(|buyer| amount(buyer.whole.spend)),
        )
        .column(
            "mean_spend",
            "Money spent, returns taken off, a day with a purchase",
            number(|buyer| amount(buyer.whole.spend) / f64::from(buyer.whole.purchases)),
        )
        .column(
            "first_purchase",
            "Day of the first purchase",
            days(|buyer| buyer.first),
        )
        .column(
            "last_purchase",
            "Day of the last purchase",
            days(|buyer| buyer.whole.last),
        );
    if !margin.from_costs {
        return table;
    }
    let so_far = all
        .iter()
        .map(|buyer| margin.so_far(buyer.whole.spend, buyer.costed, buyer.cost));
    table.column(
        "margin",
        "Money earned so far: spend less costs; lines without a cost count by the margin of all",
        numbers(so_far, 2),
    )
}

/// What each will do.
fn purchases(table: TableBuilder, worths: &[Worth], made: &Made<'_>) -> TableBuilder {
    let column = |of: fn(&Worth) -> f64, digits| numbers(worths.iter().map(of), digits);
    let day = |place: usize| -> ArrayRef {
        let days = worths
            .iter()
            .map(|worth| date(made.as_of, worth.next[place]));
        Arc::new(days.collect::<Date32Array>())
    };
    let mut table = table.column(
        "probability_alive",
        "Probability of being active still: of not having left by the as-of date",
        column(|worth| worth.p_alive, 6),
    );
    for (place, days) in AHEAD.into_iter().enumerate() {
        let expected = worths.iter().map(|worth| worth.purchases[place]);
        table = table.column(
            &format!("expected_purchases_{days}"),
            &tr!(
                "Purchases expected in {days} days; being gone counts as none",
                days = days
            ),
            numbers(expected, 4),
        );
    }
    let share = percent(made.settings.interval);
    table
        .column(
            "next_purchase_probability",
            "Probability that there is a next purchase at all",
            column(|worth| worth.p_next, 6),
        )
        .column(
            "next_purchase_on",
            "If there is a next purchase: the day by which it has come as likely as not; empty beyond ten years",
            day(0),
        )
        .column(
            "next_purchase_from",
            &tr!(
                "If there is a next purchase: the first day of the interval that holds it with {share}",
                share = share
            ),
            day(1),
        )
        .column(
            "next_purchase_until",
            &tr!(
                "If there is a next purchase: the last day of the interval that holds it with {share}; empty beyond ten years",
                share = share
            ),
            day(2),
        )
}

/// The day that is so many days after another; none where it is not known or too far.
fn date(as_of: NaiveDate, days: f64) -> Option<i32> {
    (days <= FARTHEST).then(|| as_of.to_epoch_days() + days.floor() as i32)
}

/// What each will bring.
fn money(table: TableBuilder, worths: &[Worth], made: &Made<'_>) -> TableBuilder {
    let column = |of: fn(&Worth) -> f64| numbers(worths.iter().map(of), 2);
    let (days, word) = (made.settings.horizon_days, said(made.margin.word()));
    let share = percent(made.settings.interval);
    table
        .column(
            "expected_spend",
            "Money that a purchase is expected to bring",
            column(|worth| worth.per_purchase),
        )
        .column(
            "expected_value",
            &tr!(
                "Expected {counted} of the next {days} days",
                counted = word,
                days = days
            ),
            column(|worth| worth.value),
        )
        .column(
            "lifetime_value",
            &tr!(
                "Expected {counted} of the next {days} days, discounted",
                counted = word,
                days = days
            ),
            column(|worth| worth.lifetime_value),
        )
        .column(
            "lifetime_value_low",
            &tr!(
                "Low end of the interval that holds, with {share}, what the discounted {counted} will turn out to be",
                share = share,
                counted = word
            ),
            column(|worth| worth.interval[0]),
        )
        .column(
            "lifetime_value_high",
            "High end of that interval",
            column(|worth| worth.interval[1]),
        )
}

/// Who is worth most.
fn ranked(table: TableBuilder, worths: &[Worth]) -> TableBuilder {
    let ranks = ranks(worths);
    let all = ranks.iter().flatten().count();
    let tenths = ranks.iter().map(|rank| rank.map(|rank| tenth(rank, all)));
    let tenths: UInt8Array = tenths.collect();
    let ranks: UInt32Array = ranks.into_iter().collect();
    table
        .column(
            "value_rank",
            "Place by lifetime value, 1 for the highest; of equal ones the first id is before",
            Arc::new(ranks),
        )
        .column(
            "value_decile",
            "The tenth of the customers by lifetime value, 1 for the highest",
            Arc::new(tenths),
        )
}

/// The models and baselines side by side.
pub fn models(rows: &[ModelRow]) -> Result<RecordBatch> {
    let words = |of: fn(&ModelRow) -> &str| text(rows.iter().map(of));
    let flags = |of: fn(&ModelRow) -> bool| -> ArrayRef {
        let flags: BooleanArray = rows.iter().map(|row| Some(of(row))).collect();
        debug_assert_eq!(flags.null_count(), 0);
        Arc::new(flags)
    };
    let mut table = TableBuilder::new()
        .column("model", "Its name in the settings", words(|row| &row.model))
        .column("title", "Its name in words", words(|row| &row.title))
        .column(
            "baseline",
            "Whether it is no model but what models are set beside",
            flags(|row| row.baseline),
        )
        .column(
            "chosen",
            "Whether it values the customers",
            flags(|row| row.chosen),
        );
    for (name, about, of) in FIGURES {
        let figure = |row: &ModelRow| row.figures.as_ref().map_or(f64::NAN, of);
        table = table.column(name, about, numbers(rows.iter().map(figure), 6));
    }
    let fitted = |of: fn(&ModelRow) -> Option<f64>| {
        numbers(rows.iter().map(|row| of(row).unwrap_or(f64::NAN)), 4)
    };
    table
        .column(
            "log_likelihood",
            "Natural logarithm of the likelihood of what was known before",
            fitted(|row| row.log_likelihood),
        )
        .column(
            "aic",
            "Information criterion of Akaike of the same; lower is better",
            fitted(|row| row.aic),
        )
        .column(
            "parameters",
            "Parameters fitted to what was known before, times in days",
            words(|row| &row.parameters),
        )
        .column(
            "why",
            "Why it was chosen or not, or what keeps it from fitting",
            words(|row| &row.why),
        )
        .build()
}

/// A figure as a column: its name, what it is, and where it lies.
type FigureColumn = (&'static str, &'static str, fn(&Figures) -> f64);

const FIGURES: [FigureColumn; 9] = [
    (
        "mean_absolute_error",
        mark!("Mean of how far the predicted purchases of a customer are from those that came"),
        |figures| figures.mean_absolute_error,
    ),
    (
        "root_mean_squared_error",
        mark!("Root of the mean square of the same"),
        |figures| figures.root_mean_squared_error,
    ),
    (
        "bias",
        mark!("Mean of predicted less observed purchases of a customer"),
        |figures| figures.bias,
    ),
    (
        "correlation",
        mark!("Correlation of predicted with observed purchases"),
        |figures| figures.correlation.unwrap_or(f64::NAN),
    ),
    (
        "predicted",
        mark!("Purchases predicted in all"),
        |figures| figures.predicted,
    ),
    ("observed", mark!("Purchases that came"), |figures| {
        figures.observed
    }),
    (
        "total_error",
        mark!("Predicted less observed purchases, over the observed"),
        |figures| figures.total_error.unwrap_or(f64::NAN),
    ),
    (
        "spend_mean_absolute_error",
        mark!("Mean of how far the predicted spend of a customer is from what was spent"),
        |figures| figures.spend_mean_absolute_error,
    ),
    (
        "interval_coverage",
        mark!("Of the customers who bought, the share whose next purchase came in its interval"),
        |figures| figures.interval_coverage.unwrap_or(f64::NAN),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purchase_within_the_first_day_is_on_the_as_of_date() {
        let as_of: NaiveDate = "2024-03-01".parse().unwrap();
        let first = as_of.to_epoch_days();
        let dates = [0.4, 1.0, 29.9, 4000.0, f64::NAN, f64::INFINITY];
        let dates = dates.map(|days| date(as_of, days));
        assert_eq!(
            dates,
            [
                Some(first),
                Some(first + 1),
                Some(first + 29),
                None,
                None,
                None
            ]
        );
    }
}
