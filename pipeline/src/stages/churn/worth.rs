//! What each customer is worth, where `value` has told: what leaving costs, and whom to contact.

use std::sync::Arc;

use arrow::array::BooleanArray;
use ndarray::{Array1, ArrayView1};
use regulars_models::metrics::{CampaignTerms, contact_profit};

use crate::outputs::table::{TableBuilder, numbers};

/// Customers of a test date are worth what the same part of today's customers by spend is worth: so
/// many parts, of a size.
const PARTS: usize = 20;

/// What each of the customers who are scored is worth.
pub struct Worth {
    /// Lifetime values; the mean of the others where there is none.
    pub values: Vec<f64>,
    /// Their mean.
    pub mean: f64,
}

/// What leaving and contacts are expected to cost and earn, one for each customer who is scored.
pub struct Stakes {
    /// Probability of leaving times what the customer is worth.
    pub loss: Vec<f64>,
    /// What contacting the customer earns.
    pub profit: Vec<f64>,
}

impl Worth {
    /// Of values that may be NaN; nothing where all are.
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        let known = values.iter().filter(|value| value.is_finite());
        let (sum, count) = (known.clone().sum::<f64>(), known.count());
        let mean = sum / count as f64;
        for value in values.iter_mut().filter(|value| !value.is_finite()) {
            *value = mean;
        }
        (count > 0).then_some(Self { values, mean })
    }

    /// What leaving costs, and what contacts earn.
    pub fn stakes(&self, probabilities: &Array1<f64>, terms: &CampaignTerms) -> Stakes {
        let both = || probabilities.iter().zip(&self.values);
        Stakes {
            loss: both().map(|(p, value)| p * value).collect(),
            profit: both()
                .map(|(p, value)| contact_profit(*p, *value, terms))
                .collect(),
        }
    }
}

/// The mean value of the customers of each part by spend; a part without any has that of the part before
/// it, or of the first that has one.
pub fn by_rank(spent: ArrayView1<'_, f32>, values: &[f64]) -> Vec<f64> {
    let (mut sums, mut counts) = ([0.0; PARTS], [0.0; PARTS]);
    for (part, value) in parts(spent).into_iter().zip(values) {
        sums[part] += value;
        counts[part] += 1.0;
    }
    let first = (0..PARTS).find(|part| counts[*part] > 0.0).unwrap_or(0);
    let mut last = sums[first] / f64::max(counts[first], 1.0);
    let mean = |part: usize| {
        if counts[part] > 0.0 {
            last = sums[part] / counts[part];
        }
        last
    };
    (0..PARTS).map(mean).collect()
}

/// The part that each is in, by the middle rank of those who have spent the same.
pub fn parts(spent: ArrayView1<'_, f32>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..spent.len()).collect();
    order.sort_by(|a, b| spent[*a].total_cmp(&spent[*b]));
    let mut parts = vec![0; order.len()];
    let mut before = 0;
    for same in order.chunk_by(|a, b| spent[*a] == spent[*b]) {
        let part = (2 * before + same.len()) * PARTS / (2 * order.len());
        for row in same {
            parts[*row] = part.min(PARTS - 1);
        }
        before += same.len();
    }
    parts
}

/// What is known of what leaving costs, as columns.
///
/// - `scored`: for each row the place among those who are scored.
pub fn columns(
    table: TableBuilder,
    worth: &Worth,
    stakes: &Stakes,
    scored: &[Option<usize>],
) -> TableBuilder {
    let column = |of: &[f64]| {
        let values = scored
            .iter()
            .map(|place| place.map_or(f64::NAN, |place| of[place]));
        numbers(values, 2)
    };
    let contact: BooleanArray = scored
        .iter()
        .map(|place| place.map(|place| stakes.profit[place] > 0.0))
        .collect();
    table
        .column(
            "customer_value",
            "What the customer is worth: the lifetime value of value.parquet",
            column(&worth.values),
        )
        .column(
            "expected_loss",
            "Probability of leaving times that value",
            column(&stakes.loss),
        )
        .column(
            "contact_profit",
            "What contacting the customer is expected to earn, on the terms of [churn.profit] with the customer's own value",
            column(&stakes.profit),
        )
        .column(
            "contact",
            "Whether contacting the customer is expected to earn more than it costs",
            Arc::new(contact),
        )
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn who_has_no_value_has_the_mean_of_the_others() {
        let worth = Worth::of(vec![10.0, f64::NAN, 30.0]).unwrap();
        assert_eq!((worth.values, worth.mean), (vec![10.0, 20.0, 30.0], 20.0));
        assert!(Worth::of(vec![f64::NAN]).is_none());
    }

    #[test]
    fn ranks_carry_values_to_other_dates() {
        // Forty customers, of whom the one who spent most is worth most.
        let spent = Array1::from_iter((0..40_u16).map(f32::from));
        let values: Vec<f64> = (0..40).map(f64::from).collect();
        let means = by_rank(spent.view(), &values);
        assert_eq!((means[0], means[19]), (0.5, 38.5));
        // At another date people had spent a tenth of it, and ranks are the same.
        let then = spent.mapv(|spent| spent / 10.0);
        assert_eq!(parts(then.view()), parts(spent.view()));
        // All the same are in the middle, and where nobody is stands what is before.
        let same = Array1::from_elem(40, 5.0_f32);
        let means = by_rank(same.view(), &values);
        assert_eq!(parts(same.view())[0], 10);
        assert_eq!((means[0], means[19]), (19.5, 19.5));
    }

    #[test]
    fn loss_and_profit_are_those_of_the_customer() {
        let worth = Worth::of(vec![1000.0, 10.0]).unwrap();
        let terms = CampaignTerms::default();
        let stakes = worth.stakes(&array![0.5, 0.5], &terms);
        assert_eq!(stakes.loss, [500.0, 5.0]);
        // Half of them leave: 0.5 * 0.3 * 990 - 0.5 * 10 - 1.
        assert!((stakes.profit[0] - 142.5).abs() < 1e-9);
        assert!((stakes.profit[1] + 6.0).abs() < 1e-9);
    }
}
