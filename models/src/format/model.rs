//! Which models can be saved, and under which name.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::error::{FormatError, Within};
use super::feature::{Feature, nearest};
use super::fields::{Fields, Object, Stored};
use super::json::Json;
use super::numbers::short;
use crate::classifiers::{
    Classifier, ElasticNet, LinfaForest, LinfaTree, LogisticRegression, NaiveBayes, Neighbours,
    Network, ProbabilityModel, SingleFeature,
};
use crate::tree::{
    BoostedRegressor, DecisionTree, GradientBoosting, LambdaRank, MultiClassBoosting, RandomForest,
    RegressionForest, RegressionTree,
};

/// Lists every kind of model once: its name in the file, its variant and its type.
macro_rules! kinds {
    (
        classifiers { $($kind:literal => $name:ident($type:ty),)* }
        others { $($(#[$doc:meta])* $other_kind:literal => $other:ident($other_type:ty),)* }
    ) => {
        /// A fitted model that can be saved.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Model {
            /// A model that gives the probability of `true`.
            Classifier(Classifier),
            $($(#[$doc])* $other($other_type),)*
        }

        $(impl From<$other_type> for Model {
            fn from(model: $other_type) -> Self {
                Self::$other(model)
            }
        })*

        /// The names of all kinds.
        const KINDS: &[&str] = &[$($kind,)* $($other_kind,)*];

        impl Model {
            /// Its name in model files, such as `gradient-boosting`.
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Self::Classifier(Classifier::$name(_)) => $kind,)*
                    $(Self::$other(_) => $other_kind,)*
                }
            }

            pub(super) fn write(&self) -> Json<'static> {
                match self {
                    $(Self::Classifier(Classifier::$name(model)) => Object::of(model),)*
                    $(Self::$other(model) => Object::of(model),)*
                }
            }

            pub(super) fn read(kind: &str, json: Json<'_>) -> Result<Self, FormatError> {
                match kind {
                    $($kind => Fields::read::<$type>(json).within("model").map(Classifier::$name).map(Self::Classifier),)*
                    $($other_kind => Fields::read::<$other_type>(json).within("model").map(Self::from),)*
                    _ => Err(unknown(kind)),
                }
            }

            pub(super) fn check(&self, features: &[Feature]) -> Result<(), FormatError> {
                match self {
                    $(Self::Classifier(Classifier::$name(model)) => model.check(features),)*
                    $(Self::$other(model) => model.check(features),)*
                }
            }
        }
    };
}

kinds! {
    classifiers {
        "gradient-boosting" => Boosting(GradientBoosting),
        "decision-tree" => Tree(DecisionTree),
        "random-forest" => Forest(RandomForest),
        "extra-trees" => ExtraTrees(RandomForest),
        "logistic-regression" => Logistic(LogisticRegression),
        "elastic-net" => ElasticNet(ElasticNet),
        "naive-bayes" => NaiveBayes(NaiveBayes),
        "neighbours" => Neighbours(Neighbours),
        "network" => Network(Network),
        "linfa-tree" => LinfaTree(LinfaTree),
        "linfa-forest" => LinfaForest(LinfaForest),
        "single-feature" => SingleFeature(SingleFeature),
    }
    others {
        /// A readable tree for amounts.
        "regression-tree" => RegressionTree(RegressionTree),
        /// A random forest, or extra trees, for amounts.
        "regression-forest" => RegressionForest(RegressionForest),
        /// Boosted trees for amounts, counts and quantiles.
        "boosted-regressor" => BoostedRegressor(BoostedRegressor),
        /// Boosted trees for one of several classes.
        "multi-class-boosting" => MultiClassBoosting(MultiClassBoosting),
        /// Boosted trees that put rows in order.
        "lambda-rank" => LambdaRank(LambdaRank),
    }
}

/// The classifiers by their own types, each of one variant.
macro_rules! from_classifiers {
    ($($name:ident($type:ty),)*) => {$(
        impl From<$type> for Model {
            fn from(model: $type) -> Self {
                Self::Classifier(Classifier::$name(model))
            }
        }
    )*};
}

from_classifiers! {
    Boosting(GradientBoosting),
    Tree(DecisionTree),
    Forest(RandomForest),
    Logistic(LogisticRegression),
    ElasticNet(ElasticNet),
    NaiveBayes(NaiveBayes),
    Neighbours(Neighbours),
    Network(Network),
    LinfaTree(LinfaTree),
    LinfaForest(LinfaForest),
    SingleFeature(SingleFeature),
}

impl From<Classifier> for Model {
    fn from(classifier: Classifier) -> Self {
        Self::Classifier(classifier)
    }
}

impl Model {
    /// The classifier; nothing where it is another kind of model.
    pub fn classifier(&self) -> Option<&Classifier> {
        match self {
            Self::Classifier(classifier) => Some(classifier),
            _ => None,
        }
    }

    /// The probability of `true`, one a row of `x` (`n_rows x n_features`, `NaN` where missing);
    /// nothing for a model that gives no such probability.
    ///
    /// # Panics
    /// When `x` has another number of columns than the model was fitted on.
    pub fn predict_probability(&self, x: ArrayView2<'_, f32>) -> Option<Array1<f64>> {
        self.classifier().map(|model| model.predict_probability(x))
    }

    /// What the model says of each row of `x`: `n_rows x 1` with the probability of `true`, the
    /// value or the score, or `n_rows x n_classes` with the probability of each class.
    ///
    /// # Panics
    /// When `x` has another number of columns than the model was fitted on.
    pub fn predict(&self, x: ArrayView2<'_, f32>) -> Array2<f64> {
        let one = |says: Array1<f64>| says.insert_axis(Axis(1));
        match self {
            Self::Classifier(model) => one(model.predict_probability(x)),
            Self::RegressionTree(model) => one(model.predict_mean(x)),
            Self::RegressionForest(model) => one(model.predict_mean(x)),
            Self::BoostedRegressor(model) => one(model.predict_value(x)),
            Self::MultiClassBoosting(model) => model.predict_probabilities(x),
            Self::LambdaRank(model) => one(model.predict_score(x)),
        }
    }
}

fn unknown(kind: &str) -> FormatError {
    let hint = match nearest(kind, KINDS.iter().copied()) {
        Some(known) => format!("did you mean {known:?}?"),
        None => format!("this version knows {}", KINDS.join(", ")),
    };
    let kind = short(kind);
    FormatError::invalid(format!("{kind:?} is no kind of model; {hint}")).within("kind")
}
