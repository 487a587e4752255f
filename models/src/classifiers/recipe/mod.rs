//! All classifiers under one type: settings in, a fitted model out.

pub(crate) mod ensemble;

use linfa::DatasetBase;
use linfa::traits::Fit;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use self::ensemble::{Ensemble, EnsembleParams};
use super::table::{Facts, by_reasons, classifiers, facts_of, when};
use super::validation::read_validation;
use super::{
    ClassifierError, ElasticNet, ElasticNetParams, LinfaForest, LinfaForestParams, LinfaTree,
    LinfaTreeParams, LogisticRegression, LogisticRegressionParams, NaiveBayes, NaiveBayesParams,
    Neighbours, NeighboursParams, Network, NetworkParams, ProbabilityModel, SingleFeature,
    SingleFeatureParams,
};
use crate::explain::{TreeModel, contributions_of};
use crate::tree::{
    DecisionTree, DecisionTreeParams, GradientBoosting, GradientBoostingParams, RandomForest,
    RandomForestParams, TreeError,
};

macro_rules! recipes {
    ($($variant:ident($model:ident, $params:ident) = $default:expr, {
        name: $name:literal, title: $title:literal, kind: $kind:literal, own_type: $own_type:ident,
        missing: $missing:literal, categories: $told:ident $categories:literal, weights: $weights:ident,
        seed: $seed:ident, validation: $validation:ident, reasons: $reasons:ident, slow: $slow:ident,
        row_order: $row_order:literal,
    })*) => {
        /// The settings of one classifier, whichever it is.
        ///
        /// ```
        /// use ndarray::Array2;
        /// use regulars_models::classifiers::{ProbabilityModel, Recipe};
        ///
        /// let x = Array2::from_shape_fn((400, 2), |(row, column)| ((row * (7 + column)) % 100) as f32);
        /// let labels: Vec<bool> = x.column(0).iter().map(|value| *value > 60.0).collect();
        /// let recipe = Recipe::from_name("tree").unwrap().with_seed(7);
        /// let model = recipe.fit(x.view(), &labels, None, None).unwrap();
        /// assert_eq!(model.name(), "tree");
        /// assert!(model.predict_probability(x.view())[99] > 0.9);
        /// ```
        #[derive(Clone, Debug, PartialEq)]
        pub enum Recipe {
            $(#[doc = concat!("For ", $title, ".")] $variant($params),)*
        }

        impl Recipe {
            /// Every classifier with its default settings, the simpler first. [`SingleFeature`]
            /// looks at column 0; give it the column that a person would look at.
            pub fn all() -> Vec<Self> {
                vec![$(Self::$variant($default)),*]
            }

            /// The classifier of a name with its default settings; see [`name`](Self::name).
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant($default)),)*
                    _ => None,
                }
            }

            /// The name of the classifier in settings and files; it does not change between
            /// versions.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)*
                }
            }

            /// The same recipe with another seed, where it draws anything.
            pub fn with_seed(self, seed: u64) -> Self {
                match self {
                    $(Self::$variant(params) => {
                        Self::$variant(when!($seed, params.seed(seed), params))
                    })*
                }
            }

            /// The same recipe told which columns hold numbers of categories, counted from 0 (see
            /// [`MAX_CATEGORY`](crate::tree::MAX_CATEGORY)). A single feature takes the numbers
            /// for amounts.
            pub fn with_categorical(self, columns: &[usize]) -> Self {
                match self {
                    $(Self::$variant(params) => {
                        Self::$variant(when!($told, params.categorical(columns.to_vec()), params))
                    })*
                }
            }

            fn fit_rows(
                &self,
                train: &View<'_, '_>,
                validation: Option<&View<'_, '_>>,
            ) -> Result<Classifier, ClassifierError> {
                Ok(match self {
                    $(Self::$variant(params) => Classifier::$variant(when!(
                        $validation,
                        match validation {
                            Some(validation) => params.fit_with_validation(train, validation)?,
                            None => params.fit(train)?,
                        },
                        params.fit(train)?
                    )),)*
                })
            }
        }

        /// A fitted model of any [`Recipe`].
        #[derive(Clone, Debug, PartialEq)]
        pub enum Classifier {
            $(#[doc = concat!("A fitted model: ", $title, ".")] $variant($model),)*
        }

        impl Classifier {
            /// The name of its recipe.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)*
                }
            }

            /// Number of feature columns.
            pub fn feature_count(&self) -> usize {
                match self {
                    $(Self::$variant(model) => model.feature_count(),)*
                }
            }

            /// What each feature adds to each row's score, where the model says so exactly: to the
            /// log-odds of `true`, or to the probability itself for the tree and the forests,
            /// which add up probabilities.
            ///
            /// Returns `n_rows x (n_features + 1)`; the last column is the base value, and each
            /// row sums to its score. For trees these are Shapley values (see
            /// [`explain`](crate::explain)).
            ///
            /// # Panics
            /// When `x` has another number of columns than the model was fitted on.
            pub fn contributions(&self, x: ArrayView2<'_, f32>) -> Option<Array2<f64>> {
                match self {
                    $(Self::$variant(_model) => by_reasons!(
                        $reasons,
                        Some(contributions_of(&_model.tree_sum(), x)),
                        Some(_model.contributions(x)),
                        None
                    ),)*
                }
            }

            /// How much the model leans on each feature, one a feature, 0 or more: the total gain
            /// of its splits, or for a model that adds up the standard deviation over the training
            /// rows of what it adds to the log-odds. Comparable within a model only.
            pub fn importance(&self) -> Option<Array1<f64>> {
                match self {
                    $(Self::$variant(_model) => by_reasons!(
                        $reasons,
                        Some(_model.gain_importance()),
                        Some(_model.importance()),
                        None
                    ),)*
                }
            }
        }

        impl ProbabilityModel for Classifier {
            fn predict_probability(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
                match self {
                    $(Self::$variant(model) => model.predict_probability(x),)*
                }
            }
        }
    };
}
classifiers!(recipes);

impl Recipe {
    /// What is known of the classifier before it is fitted.
    pub fn facts(&self) -> &'static Facts {
        facts_of(self.name()).expect("every name has its line")
    }

    /// What people call the classifier.
    pub fn title(&self) -> &'static str {
        self.facts().title
    }

    /// Whether row weights are taken; a recipe that does not refuses them.
    pub fn honours_weights(&self) -> bool {
        self.facts().weights
    }

    /// Whether the fitted model says what each feature adds to each row's score; see
    /// [`Classifier::contributions`].
    pub fn explains(&self) -> bool {
        self.facts().explains
    }

    /// Fits on `x` (`n_rows x n_features`, `NaN` where missing) with one label a row and, if
    /// given, one weight a row. A recipe that stops early or chooses a setting does so on the
    /// validation rows, if given; the others ignore them.
    ///
    /// # Errors
    /// Of the training rows: no rows or columns, an infinite feature, labels or weights that do
    /// not match the rows, rows of one label only, weights where none are taken, a column of
    /// categories that is not there ([`TreeError::NoSuchColumn`]) or holds something else
    /// ([`TreeError::Category`]). Of the validation rows: the same, and
    /// [`TreeError::ColumnCount`]. Settings out of range.
    pub fn fit(
        &self,
        x: ArrayView2<'_, f32>,
        labels: &[bool],
        weights: Option<&[f32]>,
        validation: Option<(ArrayView2<'_, f32>, &[bool])>,
    ) -> Result<Classifier, ClassifierError> {
        let train = dataset(x, labels, weights)?;
        let validation = match validation {
            Some((rows, labels)) => {
                let rows = dataset(rows, labels, None)?;
                read_validation(x.ncols(), &rows)?;
                Some(rows)
            }
            None => None,
        };
        self.fit_rows(&train, validation.as_ref())
    }
}

impl Classifier {
    /// What its model files say under `kind`.
    pub(crate) fn kind(&self) -> &'static str {
        facts_of(self.name()).map_or("", |facts| facts.kind)
    }

    /// What people call it.
    pub fn title(&self) -> &'static str {
        facts_of(self.name()).map_or("", |facts| facts.title)
    }

    /// Whether it says what each feature adds to each row's score; see
    /// [`contributions`](Self::contributions).
    pub fn explains(&self) -> bool {
        facts_of(self.name()).is_some_and(|facts| facts.explains)
    }
}

type View<'x, 'y> = DatasetBase<ArrayView2<'x, f32>, ArrayView1<'y, bool>>;

/// A dataset over borrowed rows. linfa takes an empty list of weights for none, so the number of
/// weights is looked at here.
fn dataset<'x, 'y>(
    x: ArrayView2<'x, f32>,
    labels: &'y [bool],
    weights: Option<&[f32]>,
) -> Result<View<'x, 'y>, TreeError> {
    let data = DatasetBase::new(x, ArrayView1::from(labels));
    match weights {
        None => Ok(data),
        Some([]) if x.nrows() > 0 => Err(TreeError::WeightCount {
            rows: x.nrows(),
            weights: 0,
        }),
        Some(weights) => Ok(data.with_weights(Array1::from(weights.to_vec()))),
    }
}
