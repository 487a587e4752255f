//! How many of some values fit, and how many have to.

/// The share of the values that must fit before a column is called something.
pub const MOST: f64 = 0.95;
/// The same for a column whose name says that it holds numbers: what does not fit is rejected, and
/// that is better than leaving the whole column out.
pub const HALF: f64 = 0.5;

/// The share of some values that are good.
pub fn share<T>(values: &[T], good: impl Fn(&T) -> bool) -> f64 {
    let count = values.iter().filter(|value| good(value)).count();
    count as f64 / values.len().max(1) as f64
}

/// A part of all as a share.
pub fn share_of(part: usize, all: usize) -> f64 {
    part as f64 / all.max(1) as f64
}
