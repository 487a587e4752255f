//! Settings of the ensemble.

use linfa::ParamGuard;

use crate::classifiers::ClassifierError;
use crate::classifiers::elastic_net::ElasticNet;
use crate::classifiers::recipe::Recipe;
use crate::tree::{GradientBoosting, RandomForest};

/// Checked settings of [`Ensemble`](super::Ensemble); made by [`EnsembleParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct EnsembleValidParams {
    pub(super) members: Vec<Recipe>,
    pub(super) weights: Option<Vec<f64>>,
}

/// Settings of [`Ensemble`](super::Ensemble), not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct EnsembleParams(EnsembleValidParams);

impl Default for EnsembleParams {
    fn default() -> Self {
        Self(EnsembleValidParams {
            members: vec![
                Recipe::ElasticNet(ElasticNet::params()),
                Recipe::Boosting(GradientBoosting::params()),
                Recipe::ExtraTrees(RandomForest::extra_trees()),
            ],
            weights: None,
        })
    }
}

impl EnsembleParams {
    /// The models, at least one, each of which says why it scores as it does; none is an ensemble.
    /// Default the elastic net, boosting and extra trees.
    pub fn members(mut self, members: Vec<Recipe>) -> Self {
        self.0.members = members;
        self
    }

    /// What each member counts: none below 0, 1 together. Default learned from validation rows, or
    /// all alike without any.
    pub fn weights(mut self, weights: Option<Vec<f64>>) -> Self {
        self.0.weights = weights;
        self
    }

    /// Columns that hold numbers of categories, counted from 0, for all members.
    pub fn categorical(mut self, columns: Vec<usize>) -> Self {
        self.0.members = self
            .0
            .members
            .into_iter()
            .map(|member| member.with_categorical(&columns))
            .collect();
        self
    }

    /// The seed of all members.
    pub fn seed(mut self, seed: u64) -> Self {
        let members = self.0.members.into_iter();
        self.0.members = members.map(|member| member.with_seed(seed)).collect();
        self
    }
}

impl ParamGuard for EnsembleParams {
    type Checked = EnsembleValidParams;
    type Error = ClassifierError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let EnsembleValidParams { members, weights } = &self.0;
        ClassifierError::check_count("members", members.len())?;
        for member in members {
            if matches!(member, Recipe::Ensemble(_)) || !member.explains() {
                return Err(ClassifierError::Member(member.title()));
            }
        }
        if let Some(weights) = weights {
            let (count, sum) = (weights.len(), weights.iter().sum::<f64>());
            let one_each = count == members.len();
            ClassifierError::check("weights", count as f64, one_each, "one a member")?;
            for weight in weights {
                ClassifierError::check_amount("weight", *weight)?;
            }
            let whole = (sum - 1.0).abs() < 1e-6;
            ClassifierError::check("weights together", sum, whole, "weights that sum to 1")?;
        }
        Ok(&self.0)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}
