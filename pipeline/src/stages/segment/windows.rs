//! What recency, frequency and money are counted over: all of the history, or its last days.

use arrow::array::AsArray;
use arrow::datatypes::{Decimal128Type, Int64Type};

use crate::config::{Refunds, RfmSettings};
use crate::failure::{Failure, Result};
use crate::text::plural;
use crate::timeline::snapshot::Snapshot;
use crate::warehouse::Warehouse;

/// What customers are scored by.
pub struct Inputs {
    /// Days since the last purchase.
    pub recency: Vec<f64>,
    /// Baskets.
    pub frequency: Vec<f64>,
    /// Money.
    pub monetary: Vec<f64>,
    /// Days since the first purchase.
    pub tenure: Vec<f64>,
    /// Money that came back, where it is not taken off.
    pub refunded: Option<Vec<f64>>,
    /// What frequency and money are, in words.
    pub words: [String; 2],
    /// Whether frequency counts a window.
    pub windowed: bool,
}

impl Inputs {
    /// Those of a snapshot, or of the last days that the settings name.
    pub fn of(warehouse: &Warehouse, snapshot: &Snapshot, asked: &RfmSettings) -> Result<Self> {
        let mut inputs = Self {
            recency: snapshot.vector("recency_days")?,
            frequency: snapshot.vector("frequency")?,
            monetary: snapshot.vector("monetary")?,
            tenure: snapshot.vector("tenure_days")?,
            refunded: None,
            words: words(asked),
            windowed: asked.frequency_days.is_some(),
        };
        if !(inputs.windowed || asked.money_days.is_some() || asked.refunds == Refunds::Apart) {
            return Ok(inputs);
        }
        let table = warehouse.scope.query(&sql(warehouse, asked))?;
        if table.num_rows() != snapshot.len() {
            return Err(
                Failure::data("the features know other customers than the warehouse")
                    .hint("run features again, or the whole job: regulars run"),
            );
        }
        if inputs.windowed {
            let baskets = table.column(1).as_primitive::<Int64Type>().values().iter();
            inputs.frequency = baskets.map(|baskets| *baskets as f64).collect();
        }
        if asked.money_days.is_some() || asked.refunds == Refunds::Apart {
            let money = |column: usize| -> Vec<f64> {
                let values = table
                    .column(column)
                    .as_primitive::<Decimal128Type>()
                    .values();
                values
                    .iter()
                    .map(|value| *value as f64 / 10_000.0)
                    .collect()
            };
            let (bought, returned) = (money(2), money(3));
            match asked.refunds {
                Refunds::Net => {
                    let net = bought
                        .iter()
                        .zip(&returned)
                        .map(|(bought, back)| bought - back);
                    inputs.monetary = net.collect();
                }
                Refunds::Apart => (inputs.monetary, inputs.refunded) = (bought, Some(returned)),
            }
        }
        Ok(inputs)
    }
}

fn words(asked: &RfmSettings) -> [String; 2] {
    let days = |days: u32| plural(days.into(), "day");
    let baskets = match asked.frequency_days {
        Some(last) => tr!("Baskets bought in the last {days}", days = days(last)),
        None => tr!("Baskets bought"),
    };
    let money = match (asked.money_days, asked.refunds) {
        (Some(last), Refunds::Net) => {
            tr!(
                "Money spent in the last {days}, returns taken off",
                days = days(last)
            )
        }
        (Some(last), Refunds::Apart) => {
            tr!(
                "Money spent in the last {days}, returns not taken off",
                days = days(last)
            )
        }
        (None, Refunds::Net) => tr!("Money spent, returns taken off"),
        (None, Refunds::Apart) => tr!("Money spent, returns not taken off"),
    };
    [baskets, money]
}

/// Baskets, and what was bought and returned, of everybody who has bought, in the order of the ids.
fn sql(warehouse: &Warehouse, asked: &RfmSettings) -> String {
    let since = |days: Option<u32>| {
        let first = days.and_then(|days| {
            warehouse
                .end
                .checked_sub_days(chrono::Days::new(days.into()))
        });
        first.map_or_else(String::new, |day| format!(" AND day >= DATE '{day}'"))
    };
    let (counted, paid) = (since(asked.frequency_days), since(asked.money_days));
    let amount = match warehouse.has_column("interactions", "amount") {
        true => "amount",
        false => "CAST(0 AS DECIMAL(18, 4))",
    };
    let sum = |kind: &str, value: &str| {
        format!(
            "CAST(coalesce(sum(CASE WHEN kind = '{kind}'{paid} THEN {value} END), 0) AS DECIMAL(38, 4))"
        )
    };
    format!(
        "SELECT customer_id, count(DISTINCT CASE WHEN kind = 'purchase'{counted} THEN basket_id END) AS baskets, \
         {} AS bought, {} AS returned FROM interactions \
         WHERE kind IN ('purchase', 'return') AND day < DATE '{}' GROUP BY customer_id \
         HAVING count(CASE WHEN kind = 'purchase' THEN 1 END) > 0 ORDER BY customer_id",
        sum("purchase", amount),
        sum("return", &format!("abs({amount})")),
        warehouse.end
    )
}
