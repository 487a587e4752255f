//! The models that stand beside each other.

use regulars_models::classifiers::{Classifier, Recipe, SingleFeature};
use regulars_models::tree::{GradientBoosting, GradientBoostingParams};

use super::sets::{Columns, Part};
use crate::config::Churn;
use crate::failure::{Failure, Result};

/// What one column alone can do: what every model has to beat.
pub const BASELINE: &str = "single-feature";

/// The most customers that models whose libraries are slow learn from.
const SLOW_ROWS: usize = 100_000;

/// Trees when there is no later date to choose their number on.
const DEFAULT_TREES: usize = 80;

/// A model that takes part.
#[derive(Clone, Debug)]
pub struct Entrant {
    /// How it is learned.
    pub recipe: Recipe,
    /// What people call it.
    pub title: String,
    /// It learns from at most so many customers: a slow model would take most of the time of a run
    /// beyond them.
    most_rows: usize,
}

/// The models that the settings name, the simplest first; the baseline only where there is a
/// column for it.
pub fn lineup(columns: &Columns, settings: &Churn, seed: u64) -> Vec<Entrant> {
    let recipe = |name: &&str| match *name {
        BASELINE => {
            let column = columns.baseline?;
            Some(Recipe::SingleFeature(SingleFeature::params(column)))
        }
        "boosting" => Some(Recipe::Boosting(boosting())),
        name => Recipe::from_name(name),
    };
    let categorical = columns.categorical();
    let running = settings.running();
    let recipes = running.iter().filter_map(recipe);
    recipes
        .map(|recipe| {
            let recipe = recipe.with_seed(seed).with_categorical(&categorical);
            Entrant {
                title: title(&recipe, columns),
                most_rows: if recipe.facts().slow {
                    SLOW_ROWS
                } else {
                    usize::MAX
                },
                recipe,
            }
        })
        .collect()
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

fn title(recipe: &Recipe, columns: &Columns) -> String {
    let column = columns
        .baseline
        .and_then(|column| columns.names.get(column));
    match (recipe.name(), column.map(String::as_str)) {
        (BASELINE, Some("recency_days")) => "recency alone".to_owned(),
        (BASELINE, Some(name)) => format!("{name} alone"),
        _ => recipe.title().to_owned(),
    }
}

impl Entrant {
    /// Its name in settings and files.
    pub fn name(&self) -> &'static str {
        self.recipe.name()
    }

    /// Learns, and looks at other customers to know where to stop, where it can.
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

    /// The same with what looking at other customers has found, so that it can learn from all of
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
    use regulars_models::classifiers::FACTS;

    use super::*;
    use crate::config::churn::{DEFAULT_MODELS, MODELS};
    use crate::stages::churn::sets::Kind;

    #[test]
    fn the_docs_have_every_model() {
        assert!(DEFAULT_MODELS.iter().all(|name| MODELS.contains(name)));
        let docs = include_str!("../../../../docs/churn.md");
        let rows = docs.lines().filter_map(|line| line.strip_prefix("| `"));
        // The first table of models is the one of what they are.
        let rows: Vec<Vec<&str>> = rows
            .take(FACTS.len())
            .map(|row| row.split('|').map(str::trim).collect())
            .collect();
        let yes = |yes: bool| if yes { "yes" } else { "" };
        for (facts, row) in FACTS.iter().zip(rows) {
            let runs = yes(DEFAULT_MODELS.contains(&facts.name));
            assert_eq!(row[0].trim_end_matches('`'), facts.name, "{row:?}");
            assert_eq!(row[2..4], [runs, yes(facts.explains)], "{}", facts.name);
        }
    }

    #[test]
    fn the_baseline_takes_part_where_there_is_a_column_for_it() {
        let columns = |baseline| Columns {
            names: vec!["age".to_owned()],
            kinds: vec![Kind::Number],
            baseline,
        };
        let settings = Churn::default();
        let with = lineup(&columns(Some(0)), &settings, 1);
        assert_eq!(with[0].title, "age alone");
        assert_eq!(with.len(), DEFAULT_MODELS.len());
        assert_eq!(lineup(&columns(None), &settings, 1).len(), with.len() - 1);
    }
}
