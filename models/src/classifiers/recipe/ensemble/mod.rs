//! Several models as one.

mod params;
mod weights;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use super::Classifier;
use crate::calibration::log_odds;
use crate::classifiers::validation::fits_with_validation;
use crate::classifiers::{ClassifierError, ProbabilityModel};
use crate::tree::Targets;

pub use params::{EnsembleParams, EnsembleValidParams};
pub use weights::{cross_pooled, pool_weights, pooled};

/// The weighted mean of what several models say in log-odds, which is the probability that it gives.
///
/// Weights are none below 0 and 1 together; with validation rows they are learned there by
/// [`pool_weights`], else all members count alike, unless weights were set. A member's probability
/// is first kept 1e-9 away from 0 and 1.
///
/// Reasons are the weighted sum of those of the members, as Shapley values of a sum are the sums of
/// Shapley values. Those of a member that adds up probabilities (the tree, the forests) are
/// stretched, all of a row alike, so that they add up to its log-odds; the others' already do.
///
/// # Errors of fitting
/// Those of its members, the first that has any.
#[derive(Clone, Debug, PartialEq)]
pub struct Ensemble {
    pub(crate) members: Vec<Classifier>,
    /// One a member.
    pub(crate) weights: Vec<f64>,
}

fits_with_validation!(
    EnsembleParams,
    EnsembleValidParams,
    Ensemble,
    "Fits the members on `train`, each with the validation rows where it uses any, and the weights on these."
);

impl EnsembleValidParams {
    fn fit_rows(
        &self,
        x: ArrayView2<'_, f32>,
        targets: &Targets,
        held: Option<(ArrayView2<'_, f32>, &Targets)>,
    ) -> Result<Ensemble, ClassifierError> {
        let validation = held.map(|(rows, judged)| (rows, judged.labels.as_slice()));
        let weights = targets.weights.as_deref();
        let members = self
            .members
            .iter()
            .map(|member| member.fit(x, &targets.labels, weights, validation))
            .collect::<Result<Vec<Classifier>, _>>()?;
        let weights = match (&self.weights, validation) {
            (Some(weights), _) => weights.clone(),
            (None, Some((rows, labels))) => {
                let say = |member: &Classifier| member.predict_probability(rows);
                let said: Vec<Array1<f64>> = members.iter().map(say).collect();
                let said: Vec<_> = said.iter().map(|p| p.view()).collect();
                pool_weights(ArrayView1::from(labels), &said)
            }
            (None, None) => vec![1.0 / members.len() as f64; members.len()],
        };
        let (members, weights) = members
            .into_iter()
            .zip(weights)
            .filter(|(_, weight)| *weight > 0.0)
            .unzip();
        Ok(Ensemble { members, weights })
    }
}

impl Ensemble {
    /// The default settings, to be changed and then fitted.
    pub fn params() -> EnsembleParams {
        EnsembleParams::default()
    }

    /// The members and what each counts.
    pub fn members(&self) -> impl Iterator<Item = (&Classifier, f64)> {
        self.members.iter().zip(self.weights.iter().copied())
    }

    /// Number of feature columns.
    pub fn feature_count(&self) -> usize {
        self.members[0].feature_count()
    }

    /// What each feature adds to the log-odds of each row: `n_rows x (n_features + 1)`, the last
    /// column the base value, each row summing to its log-odds.
    ///
    /// # Panics
    /// When `x` has another number of columns than the members were fitted on.
    pub fn contributions(&self, x: ArrayView2<'_, f32>) -> Array2<f64> {
        let mut sum = Array2::zeros((x.nrows(), self.feature_count() + 1));
        for (member, weight) in self.members() {
            let Some(mut added) = member.contributions(x) else {
                unreachable!("a member says why");
            };
            if adds_probabilities(member) {
                added.rows_mut().into_iter().for_each(in_log_odds);
            }
            sum.scaled_add(weight, &added);
        }
        sum
    }

    /// The weighted mean of how much each member leans on each feature, as a share of all: one a
    /// feature.
    pub fn importance(&self) -> Array1<f64> {
        let mut sum = Array1::zeros(self.feature_count());
        for (member, weight) in self.members() {
            if let Some(leans) = member.importance() {
                let all = leans.sum();
                if all > 0.0 {
                    sum.scaled_add(weight / all, &leans);
                }
            }
        }
        sum
    }
}

impl ProbabilityModel for Ensemble {
    fn predict_probability(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        let said: Vec<Array1<f64>> = self
            .members
            .iter()
            .map(|member| member.predict_probability(x))
            .collect();
        let said: Vec<_> = said.iter().map(|p| p.view()).collect();
        pooled(&said, &self.weights)
    }
}

/// Whether the reasons of a model add up to the probability, not to the log-odds.
pub(crate) fn adds_probabilities(model: &Classifier) -> bool {
    matches!(
        model,
        Classifier::Tree(_) | Classifier::Forest(_) | Classifier::ExtraTrees(_)
    )
}

/// Makes what adds up to a probability add up to its log-odds: all parts but the base value, the last,
/// are stretched alike.
fn in_log_odds(mut parts: ndarray::ArrayViewMut1<'_, f64>) {
    let (base, p) = (parts[parts.len() - 1], parts.sum());
    let apart = p - base;
    let stretch = match apart.abs() > 1e-9 {
        true => (log_odds(p) - log_odds(base)) / apart,
        // The limit, where parts cancel out.
        false => {
            let p = p.clamp(1e-9, 1.0 - 1e-9);
            1.0 / (p * (1.0 - p))
        }
    };
    parts *= stretch;
    let last = parts.len() - 1;
    parts[last] = log_odds(base);
}

#[cfg(test)]
mod tests;
