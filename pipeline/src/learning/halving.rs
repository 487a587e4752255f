//! Which settings of boosting suit the rows: many are tried with few trees, the better half with twice
//! as many, and so on.

use regulars_models::classifiers::{ProbabilityModel, Recipe};
use regulars_models::metrics::log_loss;
use regulars_models::tree::GradientBoostingParams;

use crate::failure::{Failure, Result};
use crate::learning::rows::Part;

/// What is tried, the settings that are used without a search first.
const LEAVES: [usize; 3] = [8, 4, 16];
const MIN_ROWS: [usize; 2] = [50, 20];
const FEATURE_FRACTION: [f64; 2] = [0.3, 0.6];

/// How often the better half goes on: of 12 settings, 6 and 3, of which the best is taken.
const ROUNDS: usize = 3;

/// One of the settings that are tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tuned {
    leaves: usize,
    min_rows: usize,
    feature_fraction: f64,
}

impl Tuned {
    /// Every one of the grid.
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for leaves in LEAVES {
            for min_rows in MIN_ROWS {
                for feature_fraction in FEATURE_FRACTION {
                    all.push(Self {
                        leaves,
                        min_rows,
                        feature_fraction,
                    });
                }
            }
        }
        all
    }

    /// These settings in the place of others.
    pub fn put(&self, params: GradientBoostingParams) -> GradientBoostingParams {
        params
            .max_leaves(self.leaves)
            .min_rows_per_leaf(self.min_rows)
            .feature_fraction(self.feature_fraction)
    }

    /// In words.
    pub fn words(&self) -> String {
        format!(
            "{} leaves, {} rows in a leaf at least, a share of {} of the features for a tree",
            self.leaves, self.min_rows, self.feature_fraction
        )
    }
}

/// The settings that do best, by successive halving (Jamieson and Talwalkar 2016): two thirds of the
/// rows teach and a third says how well; of `budget` trees every round grows as many, shared by those
/// that are still there. Counted in trees and not in seconds, so that it finds the same on every
/// machine. The first of equals is taken.
///
/// # Errors
/// A model cannot be learned from these rows.
pub fn search(
    params: &GradientBoostingParams,
    rows: Part<'_>,
    (budget, seed): (usize, u64),
) -> Result<Option<Tuned>> {
    let [learn, check] = rows.thirds(seed);
    let (learn, check) = (learn.whole(), check.whole());
    if !learn.has_both() || !check.has_both() {
        return Ok(None);
    }
    let labels = learn.labels.to_vec();
    let mut left = Tuned::all();
    for _ in 0..ROUNDS {
        let trees = (budget / ROUNDS / left.len()).max(1);
        let mut losses = Vec::with_capacity(left.len());
        for tuned in &left {
            let params = tuned.put(params.clone()).n_trees(trees);
            let recipe = Recipe::Boosting(params.early_stopping_rounds(None));
            let fault =
                |error: &dyn std::fmt::Display| Failure::data(format!("boosted trees: {error}"));
            let model = recipe.fit(learn.features, &labels, None, None);
            let model = model.map_err(|error| fault(&error))?;
            let scores = model.predict_probability(check.features);
            let loss = log_loss(check.labels, scores.view()).map_err(|error| fault(&error))?;
            losses.push((loss, *tuned));
        }
        // What was first among equals stays so: the sort is stable.
        losses.sort_by(|a, b| a.0.total_cmp(&b.0));
        let half = losses.len().div_ceil(2);
        left = losses
            .into_iter()
            .map(|(_, tuned)| tuned)
            .take(half)
            .collect();
    }
    Ok(left.first().copied())
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2};
    use regulars_models::random::draw;
    use regulars_models::tree::GradientBoosting;

    use super::*;

    #[test]
    fn the_same_settings_are_found_again_and_more_leaves_where_features_act_together() {
        let drawn = |row: usize, stream: u64| draw(stream, row as u64) as f64 / u64::MAX as f64;
        let features =
            Array2::from_shape_fn((3_000, 6), |(row, column)| drawn(row, column as u64) as f32);
        // Three features act only together.
        let labels = Array1::from_shape_fn(3_000, |row| {
            let high = (0..3).filter(|column| drawn(row, *column) > 0.5).count();
            drawn(row, 9) < if high % 2 == 1 { 0.9 } else { 0.1 }
        });
        let rows = Part {
            features: features.view(),
            labels: labels.view(),
            worth: None,
        };
        let params = GradientBoosting::params().learning_rate(0.06).seed(3);
        let found = search(&params, rows, (900, 3)).unwrap().unwrap();
        assert_eq!(search(&params, rows, (900, 3)).unwrap(), Some(found));
        assert_ne!(found.leaves, 4, "{found:?}");
        assert_eq!(found.feature_fraction, 0.6, "{found:?}");
        assert!(found.words().contains("leaves"));
    }

    #[test]
    fn without_a_yes_nothing_is_searched() {
        let (features, labels) = (Array2::zeros((90, 1)), Array1::from_elem(90, false));
        let rows = Part {
            features: features.view(),
            labels: labels.view(),
            worth: None,
        };
        let params = GradientBoosting::params();
        assert_eq!(search(&params, rows, (900, 3)).unwrap(), None);
    }
}
