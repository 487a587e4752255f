//! The models that stand beside each other.

use regulars_models::classifiers::{Classifier, Ensemble, Recipe, SingleFeature};
use regulars_models::tree::{GradientBoosting, GradientBoostingParams, Monotone};

use crate::failure::{Failure, Result};
use crate::learning::rows::{Columns, Part};
use crate::learning::task::Terms;

/// What one column alone can do: what every model has to beat.
pub const BASELINE: &str = "single-feature";

/// Several of the other models as one: no model of its own, but made of them once they are learned.
pub const ENSEMBLE: &str = "ensemble";

/// The most rows that models whose libraries are slow learn from.
const SLOW_ROWS: usize = 100_000;

/// Trees when nothing is held out to choose their number on.
const DEFAULT_TREES: usize = 80;

/// A model that takes part.
#[derive(Clone, Debug)]
pub struct Entrant {
    /// How it is learned.
    pub recipe: Recipe,
    /// What people call it.
    pub title: String,
    /// The same, bound to move with each column as is known beforehand, where it can be and
    /// anything is known.
    bound: Option<Recipe>,
    /// Whether it is.
    pub is_bound: bool,
    /// It learns from at most so many rows: a slow model would take most of the time of a run
    /// beyond them.
    most_rows: usize,
}

/// The models that the terms name, in their order; the baseline only where there is a column for
/// it.
pub fn lineup(columns: &Columns, terms: &Terms) -> Vec<Entrant> {
    let baseline = columns.baseline.as_ref();
    let categorical = columns.categorical();
    let entrant = |name: &&str| {
        let recipe = match *name {
            BASELINE => Recipe::SingleFeature(SingleFeature::params(baseline?.column)),
            "boosting" => Recipe::Boosting(boosting()),
            ENSEMBLE => return None,
            name => Recipe::from_name(name)?,
        };
        let title = match (*name, baseline) {
            (BASELINE, Some(baseline)) => &baseline.title,
            _ => recipe.title(),
        };
        let ready = |recipe: Recipe| {
            let recipe = recipe.with_seed(terms.seed);
            recipe.with_categorical(&categorical)
        };
        let known = columns.monotone.iter().any(|way| *way != Monotone::Free);
        let bound = match &recipe {
            Recipe::Boosting(params) if known => {
                let params = params.clone().monotone(columns.monotone.clone());
                Some(ready(Recipe::Boosting(params)))
            }
            _ => None,
        };
        Some(Entrant {
            title: title.to_owned(),
            bound,
            is_bound: false,
            most_rows: if recipe.facts().slow {
                SLOW_ROWS
            } else {
                usize::MAX
            },
            recipe: ready(recipe),
        })
    };
    terms.models.iter().filter_map(entrant).collect()
}

/// Steps twice as long as the engine's own, and at most two thirds as many, because a run boosts
/// three times. It costs little: on the full Complete Journey data ROC AUC 0.8564 instead of
/// 0.8566 and Brier score 0.0906 instead of 0.0902 on the test date, for a third of the trees.
fn boosting() -> GradientBoostingParams {
    GradientBoosting::params()
        .learning_rate(0.06)
        .n_trees(200)
        .early_stopping_rounds(Some(25))
}

impl Entrant {
    /// Several as one, each with its weight.
    pub fn ensemble(members: &[(&Self, f64)]) -> Self {
        let weights = members.iter().map(|(_, weight)| *weight).collect();
        let recipes = members.iter().map(|(member, _)| member.recipe.clone());
        let params = Ensemble::params().members(recipes.collect());
        let recipe = Recipe::Ensemble(params.weights(Some(weights)));
        Self {
            title: recipe.title().to_owned(),
            recipe,
            bound: None,
            is_bound: members.iter().all(|(member, _)| member.is_bound),
            most_rows: usize::MAX,
        }
    }

    /// Whether it can be one of several: it says why, is no baseline and learns from all rows.
    pub fn can_join(&self) -> bool {
        self.recipe.explains() && self.name() != BASELINE && !self.recipe.facts().slow
    }

    /// Its name in settings and files.
    pub fn name(&self) -> &'static str {
        self.recipe.name()
    }

    /// The same, bound to move with each column as is known beforehand.
    pub fn bound(&self) -> Option<Self> {
        let recipe = self.bound.clone()?;
        Some(Self {
            recipe,
            bound: None,
            is_bound: true,
            ..self.clone()
        })
    }

    /// Learns, and looks at other rows to know where to stop, where it can.
    pub fn fit(&self, learn: Part<'_>, check: Option<Part<'_>>) -> Result<Classifier> {
        let learn = learn.thinned(self.most_rows);
        let check = check.as_ref().map(|check| check.thinned(self.most_rows));
        let labels = learn.labels.to_vec();
        let check = check.map(|check| (check.features, check.labels.to_vec()));
        let validation = check
            .as_ref()
            .map(|(features, labels)| (features.view(), labels.as_slice()));
        self.recipe
            .fit(learn.features, &labels, None, validation)
            .map_err(|error| Failure::data(format!("{}: {error}", self.title)))
    }

    /// The same with what looking at other rows has found, so that it can learn from all of
    /// them: the number of trees, the penalty, the number of neighbours.
    pub fn settled(&self, found: Option<&Classifier>) -> Self {
        let recipe = match (&self.recipe, found) {
            (Recipe::Boosting(params), Some(Classifier::Boosting(model))) => {
                Recipe::Boosting(params.clone().n_trees(model.tree_count().max(1)))
            }
            (Recipe::Boosting(params), None) => {
                Recipe::Boosting(params.clone().n_trees(DEFAULT_TREES))
            }
            (Recipe::ElasticNet(params), Some(Classifier::ElasticNet(model))) => {
                Recipe::ElasticNet(params.clone().penalty(Some(model.penalty())))
            }
            (Recipe::Neighbours(params), Some(Classifier::Neighbours(model))) => {
                Recipe::Neighbours(params.clone().k(model.k()))
            }
            (recipe, _) => recipe.clone(),
        };
        Self {
            recipe,
            ..self.clone()
        }
    }
}

/// Trees, for boosting.
pub fn trees(model: &Classifier) -> Option<u64> {
    match model {
        Classifier::Boosting(model) => Some(model.tree_count() as u64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use regulars_models::format::Feature;
    use regulars_models::metrics::CampaignTerms;

    use super::*;
    use crate::learning::calibration::Method;
    use crate::learning::rows::Baseline;

    #[test]
    fn an_ensemble_is_learned_of_its_members_alone() {
        let [one, two] = ["tree", "elastic-net"].map(|name| {
            let recipe = Recipe::from_name(name).unwrap();
            Entrant {
                title: recipe.title().to_owned(),
                recipe,
                bound: None,
                is_bound: false,
                most_rows: usize::MAX,
            }
        });
        assert!(one.can_join() && two.can_join());
        let both = Entrant::ensemble(&[(&one, 0.25), (&two, 0.75)]);
        assert_eq!(both.name(), ENSEMBLE);
        let features = ndarray::Array2::from_shape_fn((200, 1), |(row, _)| row as f32);
        let labels = ndarray::Array1::from_shape_fn(200, |row| row % 7 < row / 40);
        let rows = Part {
            features: features.view(),
            labels: labels.view(),
            worth: None,
        };
        let Classifier::Ensemble(model) = both.fit(rows, None).unwrap() else {
            panic!("no ensemble");
        };
        let members: Vec<_> = model.members().map(|(m, w)| (m.name(), w)).collect();
        assert_eq!(members, [("tree", 0.25), ("elastic-net", 0.75)]);
    }

    #[test]
    fn the_baseline_takes_part_where_there_is_a_column_for_it() {
        let columns = |baseline| Columns {
            features: vec![Feature::numeric("age")],
            monotone: vec![Monotone::Increasing],
            baseline,
        };
        let terms = Terms {
            models: vec![BASELINE, "tree", "boosting"],
            chosen: None,
            calibration: Method::None,
            campaign: CampaignTerms::default(),
            seed: 1,
        };
        let age = Baseline {
            column: 0,
            title: "age alone".to_owned(),
        };
        let with = lineup(&columns(Some(age)), &terms);
        assert_eq!(with[0].title, "age alone");
        assert_eq!(with.len(), 3);
        let can_be_bound = |entrant: &Entrant| entrant.bound().is_some_and(|it| it.is_bound);
        let bound: Vec<bool> = with.iter().map(can_be_bound).collect();
        assert_eq!(bound, [false, false, true]);
        assert_eq!(lineup(&columns(None), &terms).len(), 2);
    }
}
