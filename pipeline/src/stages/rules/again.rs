//! Whether what was found held up on the days after.

use serde::{Deserialize, Serialize};

use regulars_models::associations::{
    Baskets, Later, Measures, OnSale, Rule, held_up_share, measure_later_on_sale,
};

/// Later p-values, corrected for the number of what is measured again, up to which one held up.
pub const HELD_UP: f64 = 0.05;

/// In the manifest: the weeks that what is found is held against, where the history has them.
pub const SEASON: &str = "same_weeks_of_the_year_before";

/// Rules on later baskets, and the share of them that held up; they are held against what they were in
/// the same weeks of the year before, where that is known.
pub fn later(
    rules: &[Rule],
    baskets: &Baskets,
    on_sale: &OnSale<'_>,
    year_before: Option<&[Measures]>,
) -> (Vec<Later>, Option<f64>) {
    let later = measure_later_on_sale(rules, baskets, HELD_UP, on_sale, year_before);
    let share = held_up_share(&later);
    (later, share)
}

/// How many held up, how many did not, and of how many there is too little to tell.
pub fn told(answers: impl Iterator<Item = Option<bool>> + Clone) -> Told {
    let count = |answer| answers.clone().filter(|held_up| *held_up == answer).count() as u64;
    Told {
        yes: count(Some(true)),
        no: count(Some(false)),
        too_few: count(None),
    }
}

/// Answers to whether something held up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// They were again more than chance.
    pub yes: u64,
    /// They were not, and would have been noticed.
    pub no: u64,
    /// There was too little later that could have told.
    pub too_few: u64,
}

/// The share that held up of whatever it is known of; none without any.
pub fn share_held_up(held_up: impl Iterator<Item = Option<bool>>) -> Option<f64> {
    let known: Vec<bool> = held_up.flatten().collect();
    let held = known.iter().filter(|held| **held).count();
    (!known.is_empty()).then(|| held as f64 / known.len() as f64)
}
