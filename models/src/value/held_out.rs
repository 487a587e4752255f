//! How well purchases were predicted, on a time that the model has not seen.

use super::ValueError;

/// Errors of predicted numbers of purchases. Models of one history are compared by them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeldOut {
    /// Customers.
    pub customers: usize,
    /// Mean absolute error of a customer, in purchases.
    pub mean_absolute_error: f64,
    /// Root of the mean squared error of a customer, in purchases; the expectation, which is what
    /// models predict, is what makes it least.
    pub root_mean_squared_error: f64,
    /// Mean of predicted less actual purchases of a customer.
    pub bias: f64,
    /// Correlation of predicted with actual purchases; nothing where either is the same for all.
    pub correlation: Option<f64>,
    /// Purchases predicted in all.
    pub predicted: f64,
    /// Purchases made in all.
    pub actual: f64,
    /// Predicted less actual purchases in all, over the actual; nothing where there were none.
    pub total_error: Option<f64>,
}

/// Compares predicted purchases with those that were made in the same time, one a customer. Sums
/// are taken in the order of the customers.
///
/// # Errors
/// [`ValueError::TooFew`] for no customers, [`Length`](ValueError::Length),
/// [`NotFinite`](ValueError::NotFinite) and [`Negative`](ValueError::Negative) with the row.
pub fn held_out(predicted: &[f64], actual: &[f64]) -> Result<HeldOut, ValueError> {
    let customers = predicted.len();
    if actual.len() != customers {
        return Err(ValueError::Length {
            property: "the actual purchases",
            found: actual.len(),
            expected: customers,
        });
    }
    if customers == 0 {
        return Err(ValueError::TooFew {
            customers: 0,
            property: "a prediction",
        });
    }
    let (mut absolute, mut squared) = (0.0, 0.0);
    for (row, (&expected, &made)) in predicted.iter().zip(actual).enumerate() {
        ValueError::check_amount(row, "the predicted number of purchases", expected)?;
        ValueError::check_amount(row, "the actual number of purchases", made)?;
        absolute += (expected - made).abs();
        squared += (expected - made).powi(2);
    }
    let count = customers as f64;
    let (all, made): (f64, f64) = (predicted.iter().sum(), actual.iter().sum());
    Ok(HeldOut {
        customers,
        mean_absolute_error: absolute / count,
        root_mean_squared_error: (squared / count).sqrt(),
        bias: (all - made) / count,
        correlation: correlation(predicted, actual),
        predicted: all,
        actual: made,
        total_error: (made > 0.0).then(|| (all - made) / made),
    })
}

/// Correlation of Pearson; nothing where either column is constant.
fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let differ = |values: &[f64]| values.iter().any(|value| *value != values[0]);
    if !(differ(a) && differ(b)) {
        return None;
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut together, mut by_a, mut by_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        together += (a - mean_a) * (b - mean_b);
        by_a += (a - mean_a).powi(2);
        by_b += (b - mean_b).powi(2);
    }
    let spread = (by_a * by_b).sqrt();
    (spread > 0.0).then(|| together / spread)
}
