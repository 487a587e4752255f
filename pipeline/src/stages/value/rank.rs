//! Who is worth most, and how much of everything a few hold.

use regulars_models::rfm::concentration;

use super::metrics::Shares;
use super::worth::Worth;
use crate::failure::{Failure, Result};

/// The place of each customer by lifetime value, 1 for the highest; of equal ones the first is
/// before. Nothing where nothing is known of the value.
pub fn ranks(worths: &[Worth]) -> Vec<Option<u32>> {
    let values: Vec<f64> = worths.iter().map(|worth| worth.lifetime_value).collect();
    places(&values)
}

/// The place of each of some values, in the same way.
pub fn places(values: &[f64]) -> Vec<Option<u32>> {
    let mut order: Vec<u32> = (0..values.len() as u32).collect();
    order.retain(|row| !values[*row as usize].is_nan());
    let value = |row: &u32| values[*row as usize];
    order.sort_by(|a, b| value(b).total_cmp(&value(a)));
    let mut ranks = vec![None; values.len()];
    for (place, row) in order.iter().enumerate() {
        ranks[*row as usize] = Some(place as u32 + 1);
    }
    ranks
}

/// The tenth that a rank is in, 1 for the highest, of so many that have one.
pub fn tenth(rank: u32, all: usize) -> u8 {
    let place = 10 * (u64::from(rank) - 1) / all.max(1) as u64;
    place as u8 + 1
}

/// How unequal values are; nothing where nobody has any.
pub fn shares(worths: &[Worth]) -> Result<Option<Shares>> {
    let values: Vec<f64> = worths
        .iter()
        .map(|worth| worth.lifetime_value)
        .filter(|value| !value.is_nan())
        .collect();
    let found = concentration(&values).map_err(|error| Failure::machine(error.to_string()))?;
    Ok(found.map(|found| Shares {
        gini: found.gini,
        top_tenth: found.top_decile_share,
        top_fifth: top_fifth(values),
    }))
}

/// The share of the fifth with the highest values; a part of a customer counts in part.
fn top_fifth(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(|a, b| b.total_cmp(a));
    let (whole, part) = (values.len() / 5, (values.len() % 5) as f64 / 5.0);
    let top: f64 = values.iter().take(whole).sum();
    let edge = values.get(whole).map_or(0.0, |value| part * value);
    (top + edge) / values.iter().sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worths(values: &[f64]) -> Vec<Worth> {
        let worth = |value: &f64| Worth {
            p_alive: 1.0,
            purchases: [1.0; 3],
            looked_ahead: f64::NAN,
            p_next: 1.0,
            next: [1.0; 3],
            per_purchase: 1.0,
            value: *value,
            lifetime_value: *value,
            interval: [0.0, 1.0],
        };
        values.iter().map(worth).collect()
    }

    #[test]
    fn the_highest_is_first_and_equal_ones_stay_in_their_order() {
        let ranks = ranks(&worths(&[2.0, 5.0, 2.0, f64::NAN, 9.0]));
        assert_eq!(ranks, [Some(3), Some(2), Some(4), None, Some(1)]);
        let tenths: Vec<u8> = (1..=20).map(|rank| tenth(rank, 20)).collect();
        assert_eq!(tenths[..5], [1, 1, 2, 2, 3]);
        assert_eq!(tenths[19], 10);
        assert_eq!([tenth(1, 3), tenth(2, 3), tenth(3, 3)], [1, 4, 7]);
    }

    #[test]
    fn a_fifth_of_seven_is_one_and_two_fifths_of_the_next() {
        let shares = shares(&worths(&[10.0, 5.0, 1.0, 1.0, 1.0, 1.0, 1.0]));
        let shares = shares.unwrap().unwrap();
        assert!((shares.top_fifth - 12.0 / 20.0).abs() < 1e-12, "{shares:?}");
        // Seven tenths of the first.
        assert!((shares.top_tenth - 7.0 / 20.0).abs() < 1e-12, "{shares:?}");
    }
}
