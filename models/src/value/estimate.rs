//! Sums over customers, and what is told of an estimate.

use rayon::prelude::*;

use super::optimise::{Minimum, inverse, without};

/// A log-likelihood and its slopes by the parameters.
pub(super) type Slopes = (f64, [f64; 4]);

/// The part of a likelihood that all customers with one number of repeats share.
pub(super) struct PerRepeats {
    pub ln: f64,
    pub slopes: [f64; 4],
}

/// Rows that one thread sums; sums of parts are added in their order, so the bits are the same on
/// any number of threads.
const PART: usize = 256;

/// The sum over rows of a value and its slopes, each times the weight of the row.
pub(super) fn sum<T: Sync, const N: usize>(
    rows: &[T],
    of: impl Fn(&T) -> (f64, f64, [f64; N]) + Sync,
) -> (f64, [f64; N]) {
    let part = |rows: &[T]| {
        let mut total = (0.0, [0.0; N]);
        for row in rows {
            let (weight, value, slopes) = of(row);
            total.0 += weight * value;
            for (sum, slope) in total.1.iter_mut().zip(slopes) {
                *sum += weight * slope;
            }
        }
        total
    };
    let parts: Vec<(f64, [f64; N])> = rows.par_chunks(PART).map(part).collect();
    let add = |mut total: (f64, [f64; N]), part: (f64, [f64; N])| {
        total.0 += part.0;
        for (sum, slope) in total.1.iter_mut().zip(part.1) {
            *sum += slope;
        }
        total
    };
    parts.into_iter().fold((0.0, [0.0; N]), add)
}

/// One fitted parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// Its name in the model.
    pub name: &'static str,
    /// The most likely value.
    pub value: f64,
    /// Standard error of its logarithm, from the observed information: the value times
    /// `e^(-1.96 x)` to the value times `e^(1.96 x)` is the usual interval. Nothing where the data
    /// do not bound the parameter.
    pub log_error: Option<f64>,
    /// Whether the likelihood goes on growing towards 0 or infinity; the value is where the
    /// search ended.
    pub at_limit: bool,
}

impl Estimate {
    /// Standard error of the value itself (to first order).
    pub fn standard_error(&self) -> Option<f64> {
        self.log_error.map(|error| error * self.value)
    }
}

/// How a fit ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted<M> {
    /// The model.
    pub model: M,
    /// Its parameters with their errors.
    pub parameters: Vec<Estimate>,
    /// Natural logarithm of the likelihood of the data.
    pub log_likelihood: f64,
    /// Customers that it was fitted to.
    pub customers: u64,
    /// Steps of the search.
    pub iterations: usize,
    /// Largest slope of the mean log-likelihood by the logarithm of a parameter that is left, over
    /// that mean (or over 1, if it is less).
    pub slope: f64,
}

impl<M> Fitted<M> {
    /// The information criterion of Akaike: the lower, the better.
    pub fn aic(&self) -> f64 {
        2.0 * self.parameters.len() as f64 - 2.0 * self.log_likelihood
    }
}

/// The parameters at a minimum of the mean negative log-likelihood of `customers`; `values` are
/// what the logarithms stand for.
pub(super) fn estimates<const N: usize>(
    minimum: &Minimum<N>,
    names: [&'static str; N],
    values: [f64; N],
    customers: u64,
) -> Vec<Estimate> {
    // Parameters at their limit count as known.
    let information = without(&minimum.hessian, |i| minimum.at_limit[i]);
    let covariance = inverse(&information);
    let estimate = |i: usize| Estimate {
        name: names[i],
        value: values[i],
        log_error: covariance
            .filter(|_| !minimum.at_limit[i])
            .map(|covariance| (covariance[i][i] / customers as f64).sqrt()),
        at_limit: minimum.at_limit[i],
    };
    (0..N).map(estimate).collect()
}
