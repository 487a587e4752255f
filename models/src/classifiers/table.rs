//! The one list of classifiers: whatever goes by classifier is made from it.
//!
//! [`Recipe`](super::Recipe) and [`Classifier`](super::Classifier), the kinds of model files, the
//! models that settings may name, and the table in the [module's help](super), which a test holds
//! to this one. A further classifier is a line here, beside its own file and what it saves.

/// What is known of a classifier before it is fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its name in settings and files; it does not change between versions.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// The type of the fitted model.
    pub model: &'static str,
    /// What its model files say under `kind`.
    pub kind: &'static str,
    /// What becomes of missing values.
    pub missing: &'static str,
    /// What becomes of numbers of categories.
    pub categories: &'static str,
    /// Whether row weights are taken; where they are not, they are refused.
    pub weights: bool,
    /// Whether it looks at validation rows, to stop or to choose a setting by.
    pub validation: bool,
    /// Whether the fitted model says what each feature adds to each row's score.
    pub explains: bool,
    /// Whether it takes so long on many rows that it is better given some of them: it uses one
    /// thread, or many passes.
    pub slow: bool,
    /// Whether the order of the training rows matters.
    pub row_order: &'static str,
}

/// Hands the list to a macro, in the order in which equals are preferred: the simpler first.
///
/// A line is the variant with the types of the fitted model and of its settings, the default
/// settings, and the facts. `own_type` is `no` where another line has the same type of model; `reasons` are `shapley` values of its trees, what is `added` up, or
/// `none`; `seed` is `no` where nothing is drawn.
macro_rules! classifiers {
    ($use:ident) => {
        $use! {
            SingleFeature(SingleFeature, SingleFeatureParams) = SingleFeature::params(0), {
                name: "single-feature", title: "one feature alone", kind: "single-feature", own_type: yes,
                missing: "a rate of their own", categories: no "no", weights: yes,
                seed: no, validation: no, reasons: none, slow: no,
                row_order: "does not matter, to 1e-12",
            }
            Tree(DecisionTree, DecisionTreeParams) = DecisionTree::params(), {
                name: "tree", title: "readable tree", kind: "decision-tree", own_type: yes,
                missing: "learned", categories: yes "sets", weights: yes,
                seed: no, validation: no, reasons: shapley, slow: no,
                row_order: "does not matter",
            }
            ElasticNet(ElasticNet, ElasticNetParams) = ElasticNet::params(), {
                name: "elastic-net", title: "logistic regression (elastic net)", kind: "elastic-net", own_type: yes,
                missing: "median, said beside", categories: yes "one-hot, target", weights: yes,
                seed: yes, validation: yes, reasons: added, slow: no,
                row_order: "matters where it holds rows out",
            }
            Logistic(LogisticRegression, LogisticRegressionParams) = LogisticRegression::params(), {
                name: "logistic", title: "logistic regression (linfa)", kind: "logistic-regression", own_type: yes,
                missing: "median", categories: yes "one-hot, target", weights: no,
                seed: yes, validation: no, reasons: added, slow: yes,
                row_order: "does not matter, to 1e-6",
            }
            NaiveBayes(NaiveBayes, NaiveBayesParams) = NaiveBayes::params(), {
                name: "naive-bayes", title: "naive Bayes", kind: "naive-bayes", own_type: yes,
                missing: "say nothing", categories: yes "counted", weights: yes,
                seed: no, validation: no, reasons: added, slow: no,
                row_order: "does not matter, to 1e-12",
            }
            LinfaTree(LinfaTree, LinfaTreeParams) = LinfaTree::params(), {
                name: "linfa-tree", title: "decision tree (linfa)", kind: "linfa-tree", own_type: yes,
                missing: "median", categories: yes "one-hot, target", weights: no,
                seed: yes, validation: no, reasons: none, slow: yes,
                row_order: "may matter: sums in single precision",
            }
            Boosting(GradientBoosting, GradientBoostingParams) = GradientBoosting::params(), {
                name: "boosting", title: "boosted trees", kind: "gradient-boosting", own_type: yes,
                missing: "learned", categories: yes "sets", weights: yes,
                seed: yes, validation: yes, reasons: shapley, slow: no,
                row_order: "matters: rows are drawn",
            }
            Forest(RandomForest, RandomForestParams) = RandomForest::params(), {
                name: "forest", title: "random forest", kind: "random-forest", own_type: yes,
                missing: "learned", categories: yes "sets", weights: yes,
                seed: yes, validation: no, reasons: shapley, slow: no,
                row_order: "matters: rows are drawn",
            }
            ExtraTrees(RandomForest, RandomForestParams) = RandomForest::extra_trees(), {
                name: "extra-trees", title: "extra trees", kind: "extra-trees", own_type: no,
                missing: "learned", categories: yes "sets", weights: yes,
                seed: yes, validation: no, reasons: shapley, slow: no,
                row_order: "may matter: cuts are drawn",
            }
            LinfaForest(LinfaForest, LinfaForestParams) = LinfaForest::params(), {
                name: "linfa-forest", title: "random forest (linfa)", kind: "linfa-forest", own_type: yes,
                missing: "median", categories: yes "one-hot, target", weights: no,
                seed: yes, validation: no, reasons: none, slow: yes,
                row_order: "matters: rows are drawn",
            }
            Neighbours(Neighbours, NeighboursParams) = Neighbours::params(), {
                name: "neighbours", title: "nearest neighbours", kind: "neighbours", own_type: yes,
                missing: "median", categories: yes "one-hot, target", weights: yes,
                seed: yes, validation: yes, reasons: none, slow: no,
                row_order: "does not matter, unless rows are sampled",
            }
            Network(Network, NetworkParams) = Network::params(), {
                name: "network", title: "neural network", kind: "network", own_type: yes,
                missing: "median, said beside", categories: yes "one-hot, target", weights: yes,
                seed: yes, validation: yes, reasons: none, slow: yes,
                row_order: "matters: rows are drawn",
            }
            Ensemble(Ensemble, EnsembleParams) = Ensemble::params(), {
                name: "ensemble", title: "weighted ensemble", kind: "ensemble", own_type: yes,
                missing: "as its members", categories: yes "as its members", weights: yes,
                seed: yes, validation: yes, reasons: added, slow: no,
                row_order: "matters: rows are drawn",
            }
        }
    };
}
pub(crate) use classifiers;

/// Of two expressions the one that the `yes` or `no` of a line asks for.
macro_rules! when {
    (yes, $then:expr, $otherwise:expr) => {
        $then
    };
    (no, $then:expr, $otherwise:expr) => {
        $otherwise
    };
}
pub(super) use when;

/// Of three expressions the one for the `reasons` of a line.
macro_rules! by_reasons {
    (shapley, $shapley:expr, $added:expr, $none:expr) => {
        $shapley
    };
    (added, $shapley:expr, $added:expr, $none:expr) => {
        $added
    };
    (none, $shapley:expr, $added:expr, $none:expr) => {
        $none
    };
}
pub(super) use by_reasons;

macro_rules! facts {
    ($($variant:ident($model:ident, $params:ident) = $default:expr, {
        name: $name:literal, title: $title:literal, kind: $kind:literal, own_type: $own_type:ident,
        missing: $missing:literal, categories: $told:ident $categories:literal, weights: $weights:ident,
        seed: $seed:ident, validation: $validation:ident, reasons: $reasons:ident, slow: $slow:ident,
        row_order: $row_order:literal,
    })*) => {
        /// Every classifier, in the order in which equals are preferred: the simpler first.
        pub const FACTS: &[Facts] = &[$(Facts {
            name: $name,
            title: $title,
            model: stringify!($model),
            kind: $kind,
            missing: $missing,
            categories: $categories,
            weights: when!($weights, true, false),
            validation: when!($validation, true, false),
            explains: by_reasons!($reasons, true, true, false),
            slow: when!($slow, true, false),
            row_order: $row_order,
        }),*];

        /// The names of [`FACTS`].
        pub const NAMES: &[&str] = &[$($name),*];
    };
}
classifiers!(facts);

/// What is known of the classifier of a name.
pub(super) fn facts_of(name: &str) -> Option<&'static Facts> {
    FACTS.iter().find(|facts| facts.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::classifiers::Recipe;

    /// The table of the module's help, as it has to be.
    fn table() -> String {
        let yes = |yes: bool| if yes { "yes" } else { "no" };
        let line = |facts: &Facts| {
            let Facts {
                name,
                title,
                model,
                missing,
                categories,
                row_order,
                ..
            } = facts;
            let (weights, explains) = (yes(facts.weights), yes(facts.explains));
            format!(
                "//! | `{name}` | {title} | [`{model}`] | {missing} | {categories} | {weights} | {explains} | {row_order} |\n"
            )
        };
        let head = "//! | name | what | model | missing values | categories | weights | says why | order of the rows |\n\
                    //! |---|---|---|---|---|---|---|---|\n";
        FACTS
            .iter()
            .map(line)
            .fold(head.to_owned(), |table, line| table + &line)
    }

    #[test]
    fn the_help_has_this_table() {
        let table = table();
        assert!(
            include_str!("mod.rs").contains(&table),
            "classifiers/mod.rs has to say\n{table}"
        );
    }

    #[test]
    fn names_and_kinds_are_told_apart() {
        let distinct =
            |of: fn(&Facts) -> &'static str| FACTS.iter().map(of).collect::<BTreeSet<_>>();
        assert_eq!(distinct(|facts| facts.name).len(), FACTS.len());
        assert_eq!(distinct(|facts| facts.kind).len(), FACTS.len());
    }

    #[test]
    fn recipes_stand_in_this_order_under_these_names() {
        let names: Vec<&str> = Recipe::all().iter().map(Recipe::name).collect();
        assert_eq!(names, NAMES);
        for name in NAMES {
            let recipe = Recipe::from_name(name).unwrap();
            assert_eq!(Some(recipe.facts()), facts_of(name));
        }
        assert_eq!(Recipe::from_name("bosting"), None);
    }
}
