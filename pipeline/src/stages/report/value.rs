//! Value: how lifetime value is spread, and which segments hold it.

use serde::{Deserialize, Serialize};

use super::left::{Left, Section, share, total};
use super::small::{Group, LEAST, OTHERS, merged};
use crate::failure::Result;
use crate::outputs::table::round;

/// Bars of the distribution.
const BARS: usize = 20;
/// The share of customers up to whose value bars go; the last one holds all above.
const REACH: f64 = 0.98;

/// What customers are worth.
#[derive(Serialize)]
pub struct Value {
    /// Customers with a value.
    pub customers: u64,
    /// The sum of the values.
    pub total: f64,
    /// The mean value.
    pub mean: f64,
    /// The value that half of the customers do not exceed.
    pub median: f64,
    /// Share of the value that the best tenth holds; none with few customers.
    pub top_tenth: Option<f64>,
    /// How many customers have which value.
    pub bars: Vec<Bar>,
    /// By segment; none without segments.
    pub segments: Vec<Worth>,
}

/// Customers of similar value.
#[derive(Serialize)]
pub struct Bar {
    /// The values, in words.
    pub values: String,
    /// How many; none where they are too few to be told.
    pub customers: Option<u64>,
}

/// The value of a group.
#[derive(Deserialize, Serialize)]
pub struct Worth {
    /// Its name.
    pub name: String,
    /// Customers in it.
    pub customers: u64,
    /// The sum of their values.
    pub worth: f64,
    /// The sum of the probabilities that they are active.
    pub alive: Option<f64>,
    /// Of all value.
    #[serde(default)]
    pub share: f64,
}

impl Group for Worth {
    fn customers(&self) -> u64 {
        self.customers
    }

    fn lose_name(&mut self) {
        OTHERS.clone_into(&mut self.name);
    }

    fn take_in(&mut self, other: Self) {
        self.customers += other.customers;
        self.worth += other.worth;
        self.alive = self.alive.zip(other.alive).map(|(a, b)| a + b);
    }
}

/// Reads the values.
pub fn look(left: &Left<'_>) -> Result<Section<Value>> {
    if !left.has("value") {
        return Ok(Section::missing(left.why("value")));
    }
    let mut values = left.numbers("value", "lifetime_value")?;
    values.sort_unstable_by(f64::total_cmp);
    let enough = values.len() >= LEAST as usize;
    let Some(found) = spread(&values).filter(|_| enough) else {
        let why = tr!("fewer than {n} customers have a lifetime value", n = LEAST);
        return Ok(Section::missing(why));
    };
    let found = Value {
        segments: segments(left)?,
        ..found
    };
    Ok(Section::found(
        left.as_of("value").or_else(|| left.date()),
        found,
    ))
}

/// How values, ascending, are spread.
fn spread(values: &[f64]) -> Option<Value> {
    let customers = values.len();
    let total: f64 = values.iter().sum();
    let median = *values.get(customers.saturating_sub(1) / 2)?;
    let best = values.iter().rev().take(customers / 10);
    let enough = customers >= 10 * LEAST as usize;
    Some(Value {
        customers: customers as u64,
        total: round(total, 2),
        mean: round(total / customers as f64, 2),
        median: round(median, 2),
        top_tenth: enough.then(|| round(share(best.sum(), total), 4)),
        bars: bars(values),
        segments: Vec::new(),
    })
}

fn bars(values: &[f64]) -> Vec<Bar> {
    let reach = (values.len() as f64 * REACH) as usize;
    let high = values.get(reach.min(values.len().saturating_sub(1)));
    let step = high.map_or(1.0, |high| wide(high / BARS as f64));
    let mut counts = [0_u64; BARS + 1];
    for value in values {
        counts[((value / step).max(0.0) as usize).min(BARS)] += 1;
    }
    let last = counts.iter().rposition(|count| *count > 0).unwrap_or(0);
    let bar = |(place, customers): (usize, &u64)| Bar {
        values: match place {
            BARS => tr!("{low} and more", low = step * BARS as f64),
            place => tr!(
                "{low} to {high}",
                low = step * place as f64,
                high = step * (place + 1) as f64
            ),
        },
        customers: Some(*customers).filter(|customers| *customers == 0 || *customers >= LEAST),
    };
    counts[..=last].iter().enumerate().map(bar).collect()
}

/// The next 1, 2 or 5 times a power of ten, so that bars begin at numbers that can be read.
fn wide(step: f64) -> f64 {
    if step <= 0.0 {
        return 1.0;
    }
    let power = 10f64.powf(step.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|times| times * power);
    let wide = steps.into_iter().find(|wide| *wide >= step * (1.0 - 1e-9));
    round(wide.unwrap_or(step), 6)
}

fn segments(left: &Left<'_>) -> Result<Vec<Worth>> {
    if !left.has("segments") {
        return Ok(Vec::new());
    }
    let found: Vec<Worth> = left.ask(&format!(
        "SELECT s.rfm_segment AS name, count(*) AS customers, {} AS worth, {} AS alive \
         FROM value v JOIN segments s ON v.customer_id = s.customer_id \
         WHERE v.lifetime_value IS NOT NULL GROUP BY 1 ORDER BY 3 DESC, 1",
        total("v.lifetime_value", 4),
        total("v.probability_alive", 6)
    ))?;
    let mut found = merged(found);
    let all: f64 = found.iter().map(|group| group.worth).sum();
    for group in &mut found {
        group.share = round(share(group.worth, all), 6);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_wide_enough_to_read_and_hold_everyone() {
        assert_eq!([0.7, 3.0, 10.0, 420.0].map(wide), [1.0, 5.0, 10.0, 500.0]);
        let values: Vec<f64> = (0..1000).map(f64::from).collect();
        let found = spread(&values).unwrap();
        assert_eq!((found.median, found.mean), (499.0, 499.5));
        let told: u64 = found.bars.iter().filter_map(|bar| bar.customers).sum();
        assert_eq!(told, 1000);
        assert_eq!(found.bars[0].values, "0 to 50");
        // 900 to 999 of 499,500.
        assert_eq!(found.top_tenth, Some(0.1901));
        assert!(spread(&[]).is_none());
    }

    #[test]
    fn few_customers_of_a_value_are_not_told() {
        let mut values = vec![1.0; 30];
        values.push(5.0);
        let bars = spread(&values).unwrap().bars;
        assert!(bars.iter().any(|bar| bar.customers.is_none()));
    }
}
