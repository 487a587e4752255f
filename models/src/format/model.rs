//! Which models can be saved, and under which name.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::error::{FormatError, Within};
use super::feature::Feature;
use super::fields::{Fields, Object, Stored};
use super::json::Json;
use super::names::nearest;
use super::numbers::short;
use crate::classifiers::{
    Classifier, ElasticNet, Ensemble, LinfaForest, LinfaTree, LogisticRegression, NaiveBayes,
    Neighbours, Network, ProbabilityModel, SingleFeature, classifiers,
};
use crate::tree::{
    BoostedRegressor, DecisionTree, GradientBoosting, LambdaRank, MultiClassBoosting, RandomForest,
    RegressionForest, RegressionTree,
};
use crate::uplift::UpliftModel;

/// Classifiers, of the one list of them.
macro_rules! classifier_kinds {
    ($($variant:ident($model:ident, $params:ident) = $default:expr, {
        name: $name:literal, title: $title:literal, kind: $kind:literal, own_type: $own_type:ident,
        $($facts:tt)*
    })*) => {
        const CLASSIFIERS: &[&str] = &[$($kind),*];

        pub(super) fn write_classifier(classifier: &Classifier) -> Json<'static> {
            match classifier {
                $(Classifier::$variant(model) => Object::of(model),)*
            }
        }

        pub(super) fn read_classifier(kind: &str, json: Json<'_>) -> Result<Classifier, FormatError> {
            match kind {
                $($kind => Fields::read::<$model>(json)
                    .within("model")
                    .map(Classifier::$variant),)*
                _ => Err(unknown(kind)),
            }
        }

        pub(super) fn check_classifier(
            classifier: &Classifier,
            features: &[Feature],
        ) -> Result<(), FormatError> {
            match classifier {
                $(Classifier::$variant(model) => model.check(features),)*
            }
        }

        $(from_own_type!($own_type, $variant, $model);)*
    };
}

/// A model by its own type, where that is of one classifier.
macro_rules! from_own_type {
    (yes, $variant:ident, $model:ident) => {
        impl From<$model> for Model {
            fn from(model: $model) -> Self {
                Self::Classifier(Classifier::$variant(model))
            }
        }
    };
    (no, $variant:ident, $model:ident) => {};
}

classifiers!(classifier_kinds);

/// Lists every other kind of model once: its name in the file, its variant and its type.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:literal => $variant:ident($model:ty),)*) => {
        /// A fitted model that can be saved.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Model {
            /// A model that gives the probability of `true`.
            Classifier(Classifier),
            $($(#[$doc])* $variant($model),)*
        }

        $(impl From<$model> for Model {
            fn from(model: $model) -> Self {
                Self::$variant(model)
            }
        })*

        /// The names of the other kinds.
        const OTHERS: &[&str] = &[$($kind),*];

        impl Model {
            /// Its name in model files, such as `gradient-boosting`.
            pub fn kind(&self) -> &'static str {
                match self {
                    Self::Classifier(classifier) => classifier.kind(),
                    $(Self::$variant(_) => $kind,)*
                }
            }

            pub(super) fn write(&self) -> Json<'static> {
                match self {
                    Self::Classifier(classifier) => write_classifier(classifier),
                    $(Self::$variant(model) => Object::of(model),)*
                }
            }

            pub(super) fn read(kind: &str, json: Json<'_>) -> Result<Self, FormatError> {
                match kind {
                    $($kind => Fields::read::<$model>(json).within("model").map(Self::from),)*
                    _ => read_classifier(kind, json).map(Self::Classifier),
                }
            }

            pub(super) fn check(&self, features: &[Feature]) -> Result<(), FormatError> {
                match self {
                    Self::Classifier(classifier) => check_classifier(classifier, features),
                    $(Self::$variant(model) => model.check(features),)*
                }
            }
        }
    };
}

kinds! {
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
    /// What a contact changes.
    "uplift" => Uplift(UpliftModel),
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
            Self::Uplift(model) => one(model.predict(x)),
        }
    }
}

fn unknown(kind: &str) -> FormatError {
    let known = [CLASSIFIERS, OTHERS].concat();
    let hint = match nearest(kind, known.iter().copied()) {
        Some(known) => format!("did you mean {known:?}?"),
        None => format!("this version knows {}", known.join(", ")),
    };
    let kind = short(kind);
    FormatError::invalid(format!("{kind:?} is no kind of model; {hint}")).within("kind")
}
