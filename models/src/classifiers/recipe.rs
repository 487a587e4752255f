//! All classifiers under one type: settings in, a fitted model out.

use linfa::DatasetBase;
use linfa::traits::Fit;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use super::{
    ClassifierError, ElasticNet, ElasticNetParams, LinfaForest, LinfaForestParams, LinfaTree,
    LinfaTreeParams, LogisticRegression, LogisticRegressionParams, NaiveBayes, NaiveBayesParams,
    Neighbours, NeighboursParams, Network, NetworkParams, ProbabilityModel, SingleFeature,
    SingleFeatureParams, check_columns,
};
use crate::explain::{TreeModel, TreeSum};
use crate::tree::{
    DecisionTree, DecisionTreeParams, GradientBoosting, GradientBoostingParams, RandomForest,
    RandomForestParams, Targets, TreeError, check_features,
};

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
    /// Gradient boosting.
    Boosting(GradientBoostingParams),
    /// One tree that a person reads.
    Tree(DecisionTreeParams),
    /// A random forest.
    Forest(RandomForestParams),
    /// Extra trees: a forest of cuts by chance.
    ExtraTrees(RandomForestParams),
    /// Logistic regression by linfa-logistic.
    Logistic(LogisticRegressionParams),
    /// Logistic regression with the elastic net.
    ElasticNet(ElasticNetParams),
    /// Naive Bayes.
    NaiveBayes(NaiveBayesParams),
    /// The nearest rows.
    Neighbours(NeighboursParams),
    /// A small neural network.
    Network(NetworkParams),
    /// The decision tree of linfa-trees.
    LinfaTree(LinfaTreeParams),
    /// The random forest of linfa-ensemble.
    LinfaForest(LinfaForestParams),
    /// What one column alone can do.
    SingleFeature(SingleFeatureParams),
}

/// Names of the recipes, for machines and for people, in the order in which equals are
/// preferred: the simpler first.
const NAMES: [(&str, &str); 12] = [
    ("single-feature", "one feature alone"),
    ("tree", "readable tree"),
    ("elastic-net", "logistic regression (elastic net)"),
    ("logistic", "logistic regression (linfa)"),
    ("naive-bayes", "naive Bayes"),
    ("linfa-tree", "decision tree (linfa)"),
    ("boosting", "boosted trees"),
    ("forest", "random forest"),
    ("extra-trees", "extra trees"),
    ("linfa-forest", "random forest (linfa)"),
    ("neighbours", "nearest neighbours"),
    ("network", "neural network"),
];

impl Recipe {
    /// Every classifier with its default settings, the simpler first. [`SingleFeature`] looks at
    /// column 0; give it the column that a person would look at.
    pub fn all() -> Vec<Self> {
        NAMES
            .iter()
            .filter_map(|(name, _)| Self::from_name(name))
            .collect()
    }

    /// The classifier of a name with its default settings; see [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "boosting" => Self::Boosting(GradientBoosting::params()),
            "tree" => Self::Tree(DecisionTree::params()),
            "forest" => Self::Forest(RandomForest::params()),
            "extra-trees" => Self::ExtraTrees(RandomForest::extra_trees()),
            "logistic" => Self::Logistic(LogisticRegression::params()),
            "elastic-net" => Self::ElasticNet(ElasticNet::params()),
            "naive-bayes" => Self::NaiveBayes(NaiveBayes::params()),
            "neighbours" => Self::Neighbours(Neighbours::params()),
            "network" => Self::Network(Network::params()),
            "linfa-tree" => Self::LinfaTree(LinfaTree::params()),
            "linfa-forest" => Self::LinfaForest(LinfaForest::params()),
            "single-feature" => Self::SingleFeature(SingleFeature::params(0)),
            _ => return None,
        })
    }

    /// The name of the classifier in settings and files; it does not change between versions.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Boosting(_) => "boosting",
            Self::Tree(_) => "tree",
            Self::Forest(_) => "forest",
            Self::ExtraTrees(_) => "extra-trees",
            Self::Logistic(_) => "logistic",
            Self::ElasticNet(_) => "elastic-net",
            Self::NaiveBayes(_) => "naive-bayes",
            Self::Neighbours(_) => "neighbours",
            Self::Network(_) => "network",
            Self::LinfaTree(_) => "linfa-tree",
            Self::LinfaForest(_) => "linfa-forest",
            Self::SingleFeature(_) => "single-feature",
        }
    }

    /// What people call the classifier.
    pub fn title(&self) -> &'static str {
        title(self.name())
    }

    /// The same recipe with another seed, where it draws anything.
    pub fn with_seed(self, seed: u64) -> Self {
        match self {
            Self::Boosting(params) => Self::Boosting(params.seed(seed)),
            Self::Forest(params) => Self::Forest(params.seed(seed)),
            Self::ExtraTrees(params) => Self::ExtraTrees(params.seed(seed)),
            Self::Logistic(params) => Self::Logistic(params.seed(seed)),
            Self::ElasticNet(params) => Self::ElasticNet(params.seed(seed)),
            Self::Neighbours(params) => Self::Neighbours(params.seed(seed)),
            Self::Network(params) => Self::Network(params.seed(seed)),
            Self::LinfaTree(params) => Self::LinfaTree(params.seed(seed)),
            Self::LinfaForest(params) => Self::LinfaForest(params.seed(seed)),
            Self::Tree(_) | Self::NaiveBayes(_) | Self::SingleFeature(_) => self,
        }
    }

    /// The same recipe told which columns hold numbers of categories, counted from 0 (see
    /// [`MAX_CATEGORY`](crate::tree::MAX_CATEGORY)). A single feature takes the numbers for
    /// amounts.
    pub fn with_categorical(self, columns: &[usize]) -> Self {
        let columns = columns.to_vec();
        match self {
            Self::Boosting(params) => Self::Boosting(params.categorical(columns)),
            Self::Tree(params) => Self::Tree(params.categorical(columns)),
            Self::Forest(params) => Self::Forest(params.categorical(columns)),
            Self::ExtraTrees(params) => Self::ExtraTrees(params.categorical(columns)),
            Self::Logistic(params) => Self::Logistic(params.categorical(columns)),
            Self::ElasticNet(params) => Self::ElasticNet(params.categorical(columns)),
            Self::NaiveBayes(params) => Self::NaiveBayes(params.categorical(columns)),
            Self::Neighbours(params) => Self::Neighbours(params.categorical(columns)),
            Self::Network(params) => Self::Network(params.categorical(columns)),
            Self::LinfaTree(params) => Self::LinfaTree(params.categorical(columns)),
            Self::LinfaForest(params) => Self::LinfaForest(params.categorical(columns)),
            Self::SingleFeature(_) => self,
        }
    }

    /// Whether row weights are taken; a recipe that does not refuses them.
    pub fn honours_weights(&self) -> bool {
        !matches!(
            self,
            Self::Logistic(_) | Self::LinfaTree(_) | Self::LinfaForest(_)
        )
    }

    /// Whether the fitted model says what each feature adds to each row's score; see
    /// [`Classifier::contributions`].
    pub fn explains(&self) -> bool {
        matches!(
            self,
            Self::Boosting(_)
                | Self::Tree(_)
                | Self::Forest(_)
                | Self::ExtraTrees(_)
                | Self::Logistic(_)
                | Self::ElasticNet(_)
                | Self::NaiveBayes(_)
        )
    }

    /// Fits on `x` (`n_rows x n_features`, `NaN` where missing) with one label a row and, if
    /// given, one weight a row. A recipe that stops early or chooses a setting does so on the
    /// validation rows, if given; the others ignore them.
    ///
    /// # Errors
    /// Of the training rows: no rows or columns, an infinite feature, labels or weights that do
    /// not match the rows, rows of one label only, weights where none are taken, a column of
    /// categories that is not there ([`TreeError::NoSuchColumn`]) or holds something else
    /// ([`TreeError::Category`]). Of the
    /// validation rows: the same, and [`TreeError::ColumnCount`]. Settings out of range.
    pub fn fit(
        &self,
        x: ArrayView2<'_, f32>,
        labels: &[bool],
        weights: Option<&[f32]>,
        validation: Option<(ArrayView2<'_, f32>, &[bool])>,
    ) -> Result<Classifier, ClassifierError> {
        let train = dataset(x, labels, weights)?;
        let validation = match validation {
            Some((rows, labels)) => Some(checked_validation(x.ncols(), rows, labels)?),
            None => None,
        };
        Ok(match self {
            Self::Boosting(params) => Classifier::Boosting(match &validation {
                Some(validation) => params.fit_with_validation(&train, validation)?,
                None => params.fit(&train)?,
            }),
            Self::Tree(params) => Classifier::Tree(params.fit(&train)?),
            Self::Forest(params) => Classifier::Forest(params.fit(&train)?),
            Self::ExtraTrees(params) => Classifier::ExtraTrees(params.fit(&train)?),
            Self::Logistic(params) => Classifier::Logistic(params.fit(&train)?),
            Self::ElasticNet(params) => Classifier::ElasticNet(match &validation {
                Some(validation) => params.fit_with_validation(&train, validation)?,
                None => params.fit(&train)?,
            }),
            Self::NaiveBayes(params) => Classifier::NaiveBayes(params.fit(&train)?),
            Self::Neighbours(params) => Classifier::Neighbours(match &validation {
                Some(validation) => params.fit_with_validation(&train, validation)?,
                None => params.fit(&train)?,
            }),
            Self::Network(params) => Classifier::Network(match &validation {
                Some(validation) => params.fit_with_validation(&train, validation)?,
                None => params.fit(&train)?,
            }),
            Self::LinfaTree(params) => Classifier::LinfaTree(params.fit(&train)?),
            Self::LinfaForest(params) => Classifier::LinfaForest(params.fit(&train)?),
            Self::SingleFeature(params) => Classifier::SingleFeature(params.fit(&train)?),
        })
    }
}

fn title(name: &str) -> &'static str {
    NAMES
        .iter()
        .find(|(other, _)| *other == name)
        .map_or("", |(_, title)| title)
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

fn checked_validation<'x, 'y>(
    columns: usize,
    x: ArrayView2<'x, f32>,
    labels: &'y [bool],
) -> Result<View<'x, 'y>, TreeError> {
    if x.ncols() != columns {
        return Err(TreeError::ColumnCount {
            expected: columns,
            found: x.ncols(),
        });
    }
    check_features(x)?;
    let data = dataset(x, labels, None)?;
    Targets::read(&data)?;
    Ok(data)
}

/// A fitted model of any [`Recipe`].
#[derive(Clone, Debug, PartialEq)]
pub enum Classifier {
    /// Gradient boosting.
    Boosting(GradientBoosting),
    /// One tree that a person reads.
    Tree(DecisionTree),
    /// A random forest.
    Forest(RandomForest),
    /// Extra trees: a forest of cuts by chance.
    ExtraTrees(RandomForest),
    /// Logistic regression by linfa-logistic.
    Logistic(LogisticRegression),
    /// Logistic regression with the elastic net.
    ElasticNet(ElasticNet),
    /// Naive Bayes.
    NaiveBayes(NaiveBayes),
    /// The nearest rows.
    Neighbours(Neighbours),
    /// A small neural network.
    Network(Network),
    /// The decision tree of linfa-trees.
    LinfaTree(LinfaTree),
    /// The random forest of linfa-ensemble.
    LinfaForest(LinfaForest),
    /// What one column alone can do.
    SingleFeature(SingleFeature),
}

impl Classifier {
    /// The name of its recipe.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Boosting(_) => "boosting",
            Self::Tree(_) => "tree",
            Self::Forest(_) => "forest",
            Self::ExtraTrees(_) => "extra-trees",
            Self::Logistic(_) => "logistic",
            Self::ElasticNet(_) => "elastic-net",
            Self::NaiveBayes(_) => "naive-bayes",
            Self::Neighbours(_) => "neighbours",
            Self::Network(_) => "network",
            Self::LinfaTree(_) => "linfa-tree",
            Self::LinfaForest(_) => "linfa-forest",
            Self::SingleFeature(_) => "single-feature",
        }
    }

    /// What people call it.
    pub fn title(&self) -> &'static str {
        title(self.name())
    }

    /// Number of feature columns.
    pub fn feature_count(&self) -> usize {
        match self {
            Self::Boosting(model) => model.feature_count(),
            Self::Tree(model) => model.feature_count(),
            Self::Forest(model) => model.feature_count(),
            Self::ExtraTrees(model) => model.feature_count(),
            Self::Logistic(model) => model.feature_count(),
            Self::ElasticNet(model) => model.feature_count(),
            Self::NaiveBayes(model) => model.feature_count(),
            Self::Neighbours(model) => model.feature_count(),
            Self::Network(model) => model.feature_count(),
            Self::LinfaTree(model) => model.feature_count(),
            Self::LinfaForest(model) => model.feature_count(),
            Self::SingleFeature(model) => model.feature_count(),
        }
    }

    /// What each feature adds to each row's score, where the model says so exactly: to the
    /// log-odds of `true`, or to the probability itself for the tree and the forests, which add
    /// up probabilities.
    ///
    /// Returns `n_rows x (n_features + 1)`; the last column is the base value, and each row sums
    /// to its score. For trees these are Shapley values (see [`explain`](crate::explain)).
    ///
    /// # Panics
    /// When `x` has another number of columns than the model was fitted on.
    pub fn contributions(&self, x: ArrayView2<'_, f32>) -> Option<Array2<f64>> {
        match self {
            Self::Boosting(model) => Some(model.contributions(x)),
            Self::Logistic(model) => Some(model.contributions(x)),
            Self::ElasticNet(model) => Some(model.contributions(x)),
            Self::NaiveBayes(model) => Some(model.contributions(x)),
            Self::Tree(model) => Some(shapley_values(&model.tree_sum(), x)),
            Self::Forest(model) | Self::ExtraTrees(model) => {
                Some(shapley_values(&model.tree_sum(), x))
            }
            Self::Neighbours(_)
            | Self::Network(_)
            | Self::LinfaTree(_)
            | Self::LinfaForest(_)
            | Self::SingleFeature(_) => None,
        }
    }

    /// How much the model leans on each feature, one a feature, 0 or more: the total gain of its
    /// splits, or for a model that adds up the standard deviation over the training rows of what it
    /// adds to the log-odds. Comparable within a model only.
    pub fn importance(&self) -> Option<Array1<f64>> {
        match self {
            Self::Boosting(model) => Some(model.gain_importance()),
            Self::Tree(model) => Some(model.gain_importance()),
            Self::Forest(model) | Self::ExtraTrees(model) => Some(model.gain_importance()),
            Self::Logistic(model) => Some(model.importance()),
            Self::ElasticNet(model) => Some(model.importance()),
            Self::NaiveBayes(model) => Some(model.importance()),
            Self::Neighbours(_)
            | Self::Network(_)
            | Self::LinfaTree(_)
            | Self::LinfaForest(_)
            | Self::SingleFeature(_) => None,
        }
    }
}

fn shapley_values(trees: &TreeSum<'_>, x: ArrayView2<'_, f32>) -> Array2<f64> {
    check_columns(trees.feature_count(), x);
    let values = trees.shap().contributions(x);
    values.expect("the rows have as many columns as the trees")
}

impl ProbabilityModel for Classifier {
    fn predict_probability(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        match self {
            Self::Boosting(model) => model.predict_probability(x),
            Self::Tree(model) => model.predict_probability(x),
            Self::Forest(model) => model.predict_probability(x),
            Self::ExtraTrees(model) => model.predict_probability(x),
            Self::Logistic(model) => model.predict_probability(x),
            Self::ElasticNet(model) => model.predict_probability(x),
            Self::NaiveBayes(model) => model.predict_probability(x),
            Self::Neighbours(model) => model.predict_probability(x),
            Self::Network(model) => model.predict_probability(x),
            Self::LinfaTree(model) => model.predict_probability(x),
            Self::LinfaForest(model) => model.predict_probability(x),
            Self::SingleFeature(model) => model.predict_probability(x),
        }
    }
}
