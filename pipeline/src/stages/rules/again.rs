//! Whether what was found held up on the days after.

use regulars_models::associations::{Baskets, Later, Rule, held_up_share, measure_later};

/// Later p-values, corrected for the number of what is measured again, up to which one held up.
pub const HELD_UP: f64 = 0.05;

/// Rules on later baskets, and the share of them that held up.
pub fn later(rules: &[Rule], baskets: &Baskets) -> (Vec<Later>, Option<f64>) {
    let later = measure_later(rules, baskets, HELD_UP);
    let share = held_up_share(&later);
    (later, share)
}

/// The share that held up of whatever it is known of; none without any.
pub fn share_held_up(held_up: impl Iterator<Item = Option<bool>>) -> Option<f64> {
    let known: Vec<bool> = held_up.flatten().collect();
    let held = known.iter().filter(|held| **held).count();
    (!known.is_empty()).then(|| held as f64 / known.len() as f64)
}
