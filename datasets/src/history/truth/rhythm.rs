//! The rhythm of a shop by its law: within how many days customers who come again come.

use rayon::prelude::*;

use super::silence::gap_polynomial;
use crate::history::World;

/// Customers looked at; more change the days by less than one.
const CUSTOMERS: u64 = 4_000;

/// The days within which this share of the purchases comes that come again, when every customer
/// with two days of purchases in the history weighs the same.
///
/// It is a quantile of the mixture of the customers' own Erlang distributions. The gaps in a history
/// are somewhat shorter, because one that does not end in it is not seen. None where nobody came
/// twice.
pub fn within(world: &World, share: f64) -> Option<u32> {
    let end = world.calendar.days;
    // Stages of a gap, and how many of them pass in a day.
    let gaps: Vec<(usize, f64)> = (1..=world.params.customers.min(CUSTOMERS))
        .into_par_iter()
        .filter_map(|id| {
            let person = world.person(id);
            let life = world.live_until(&person, end, |_| {});
            let pace = world.calendar.mean_pace(person.profile);
            let stages = person.profile().regularity;
            (life.visits.len() >= 2).then(|| (stages, person.scale() * pace))
        })
        .collect();
    let came = |days: f64| {
        let late = |&(stages, scale): &(usize, f64)| {
            let passed = scale * days;
            (-passed).exp() * gap_polynomial(stages, passed)
        };
        1.0 - gaps.iter().map(late).sum::<f64>() / gaps.len() as f64
    };
    let mut days = 1..=36_500_u32;
    (!gaps.is_empty()).then(|| days.find(|days| came(f64::from(*days)) >= share))?
}
