//! The models of a test as one: nothing is learned again, what they said is weighed.

use ndarray::{Array1, ArrayView1};
use regulars_models::classifiers::{cross_pooled, pool_weights, pooled};

use crate::learning::lineup::Entrant;

/// A model that was learned, and what it said of two sets of rows.
pub struct Member<'a> {
    /// It, with what the validation rows have told.
    pub entrant: &'a Entrant,
    /// What the model that had not seen the validation rows said of them; empty without any.
    pub checked: &'a Array1<f64>,
    /// What it said of the test rows.
    pub tested: &'a Array1<f64>,
}

/// Several models as one.
pub struct Together {
    /// How it is learned: its members with their weights.
    pub entrant: Entrant,
    /// The places of its members, and their weights.
    pub weights: Vec<(usize, f64)>,
    /// What it says of the validation rows.
    pub checked: Array1<f64>,
    /// The same where no row has weighed the members that it is scored by: what it is chosen by.
    pub unseen: Option<Array1<f64>>,
    /// What it says of the test rows.
    pub tested: Array1<f64>,
}

/// Weighs models by the validation rows; without any all count alike. Nothing of no models.
pub fn together(
    members: &[Member<'_>],
    labels: Option<ArrayView1<'_, bool>>,
    seed: u64,
) -> Option<Together> {
    if members.is_empty() {
        return None;
    }
    let checked: Vec<_> = members.iter().map(|member| member.checked.view()).collect();
    let tested: Vec<_> = members.iter().map(|member| member.tested.view()).collect();
    let weights = match labels {
        Some(labels) => pool_weights(labels, &checked),
        None => vec![1.0 / members.len() as f64; members.len()],
    };
    let weighed = weights.iter().copied().enumerate();
    let weighed: Vec<(usize, f64)> = weighed.filter(|(_, weight)| *weight > 0.0).collect();
    let entrants = weighed.iter();
    let entrants: Vec<_> = entrants
        .map(|(place, weight)| (members[*place].entrant, *weight))
        .collect();
    Some(Together {
        entrant: Entrant::ensemble(&entrants),
        checked: pooled(&checked, &weights),
        unseen: labels.map(|labels| cross_pooled(labels, &checked, seed)),
        tested: pooled(&tested, &weights),
        weights: weighed,
    })
}
