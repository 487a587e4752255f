//! What a model computes, as little as can be said of it: the same for SQL and ONNX.

use super::ExportError;
use crate::classifiers::Classifier;
use crate::classifiers::preprocess::{Column, Preprocessing};
use crate::explain::{TreeModel, TreeSum};
use crate::format::{Feature, FeatureKind, SavedModel};

/// How a probability comes about.
pub(super) enum Score<'a> {
    /// `start + scale * sum of the leaves`: log-odds where `odds`, else the probability.
    Trees {
        /// The trees.
        sum: TreeSum<'a>,
        /// Whether they add up log-odds.
        odds: bool,
    },
    /// Log-odds: the intercept and what each feature adds.
    Linear {
        /// What features add.
        terms: Vec<Term>,
        /// Without any.
        intercept: f64,
    },
    /// The probability runs straight between points of one feature.
    Points {
        /// The feature.
        feature: usize,
        /// Values, rising, and probabilities.
        points: &'a [(f64, f64)],
        /// For missing values.
        missing: f64,
    },
    /// Log-odds: the weighted mean of those of several, each kept within [`MOST_ODDS`].
    Mean {
        /// Weights, and what is weighed.
        members: Vec<(f64, Score<'a>)>,
    },
}

/// The least probability that is not taken for none where log-odds are taken, as in
/// [`log_odds`](crate::calibration::log_odds).
pub(super) const LEAST: f64 = 1e-9;

/// The log-odds of 1 less [`LEAST`].
pub(super) const MOST_ODDS: f64 = 20.723_265_835_946_414;

/// What a feature adds to log-odds.
pub(super) struct Term {
    /// The feature.
    pub feature: usize,
    /// How much.
    pub adds: Adds,
}

/// How a feature adds to log-odds.
pub(super) enum Adds {
    /// `(value - centre) * slope`, of the logarithm where `log`.
    Amount(Amount),
    /// A number for each category.
    Category {
        /// In the order of the feature's categories.
        each: Vec<f64>,
        /// For missing values and categories that are none of the feature's.
        missing: f64,
    },
}

/// What a number adds.
#[derive(Clone, Copy)]
pub(super) struct Amount {
    /// Stands in for missing values.
    pub fill: f32,
    /// Infinite values become the end of it.
    pub range: (f32, f32),
    /// Whether `sign(x) ln(1 + |x|)` is taken first.
    pub log: bool,
    /// Taken off then.
    pub centre: f64,
    /// Multiplied with then.
    pub slope: f64,
    /// Added where the value is missing.
    pub if_missing: f64,
}

/// What a saved model computes.
pub(super) fn shape(saved: &SavedModel) -> Result<Score<'_>, ExportError> {
    for feature in saved.features() {
        if matches!(&feature.kind, FeatureKind::Categorical(names) if names.is_empty()) {
            let feature = feature.name.clone();
            return Err(ExportError::Nameless { feature });
        }
    }
    let Some(classifier) = saved.model().classifier() else {
        let title = saved.model().kind().to_owned();
        return Err(ExportError::Kind { title });
    };
    of(classifier, saved.features())
}

fn of<'a>(classifier: &'a Classifier, features: &[Feature]) -> Result<Score<'a>, ExportError> {
    let trees = |sum, odds| Ok(Score::Trees { sum, odds });
    match classifier {
        Classifier::Tree(model) => trees(model.tree_sum(), false),
        Classifier::Forest(model) | Classifier::ExtraTrees(model) => trees(model.tree_sum(), false),
        Classifier::Boosting(model) => trees(model.tree_sum(), true),
        Classifier::ElasticNet(model) => Ok(linear(
            &model.preprocessing,
            model.coefficients.as_slice().unwrap_or_default(),
            model.intercept,
            features,
        )),
        Classifier::Logistic(model) => Ok(linear(
            &model.preprocessing,
            model.coefficients.as_slice().unwrap_or_default(),
            model.intercept,
            features,
        )),
        Classifier::SingleFeature(model) => Ok(Score::Points {
            feature: model.column,
            points: &model.points,
            missing: model.missing,
        }),
        Classifier::Ensemble(model) => {
            let members = model.members();
            let members = members
                .map(|(member, weight)| Ok((weight, of(member, features)?)))
                .collect::<Result<Vec<_>, ExportError>>()?;
            Ok(Score::Mean { members })
        }
        other => Err(ExportError::Kind {
            title: other.title().to_owned(),
        }),
    }
}

fn linear<'a>(
    preprocessing: &Preprocessing,
    mut coefficients: &[f64],
    intercept: f64,
    features: &[Feature],
) -> Score<'a> {
    let mut terms = Vec::new();
    for (feature, column) in preprocessing.columns.iter().enumerate() {
        let (own, rest) = coefficients.split_at(column.width());
        coefficients = rest;
        let names = features[feature].categories().len();
        let adds = adds(column, own, names);
        if adds.anything() {
            terms.push(Term { feature, adds });
        }
    }
    Score::Linear { terms, intercept }
}

/// What the outputs of a column add, with their coefficients.
fn adds(column: &Column, coefficients: &[f64], names: usize) -> Adds {
    match column {
        Column::Numeric(column) => Adds::Amount(Amount {
            fill: column.fill,
            range: column.range,
            log: column.log,
            centre: column.centre,
            slope: column.scale * coefficients[0],
            if_missing: coefficients.get(1).copied().unwrap_or(0.0),
        }),
        Column::OneHot(column) => {
            let mut each = vec![0.0; names];
            for (category, output) in column.categories.iter().zip(&column.outputs) {
                each[usize::from(*category)] = coefficients[*output];
            }
            Adds::Category {
                each,
                missing: column.missing.map_or(0.0, |output| coefficients[output]),
            }
        }
        Column::Target(column) => {
            let of = |rate: f64| (rate - column.centre) * column.scale * coefficients[0];
            let mut each = vec![of(column.base); names];
            for (category, rate) in column.categories.iter().zip(&column.rates) {
                each[usize::from(*category)] = of(*rate);
            }
            Adds::Category {
                each,
                missing: of(column.missing),
            }
        }
    }
}

impl Adds {
    /// Whether it ever is anything but 0.
    fn anything(&self) -> bool {
        match self {
            Self::Amount(amount) => amount.slope != 0.0 || amount.if_missing != 0.0,
            Self::Category { each, missing } => {
                *missing != 0.0 || each.iter().any(|adds| *adds != 0.0)
            }
        }
    }
}

impl Score<'_> {
    /// Whether it is in log-odds.
    pub(super) fn is_odds(&self) -> bool {
        match self {
            Self::Trees { odds, .. } => *odds,
            Self::Linear { .. } | Self::Mean { .. } => true,
            Self::Points { .. } => false,
        }
    }

    /// The features that it looks at, ascending.
    pub(super) fn features(&self) -> Vec<usize> {
        let mut features: Vec<usize> = match self {
            Self::Trees { sum, .. } => {
                let nodes = sum.trees.iter().flat_map(|tree| &tree.nodes);
                let inner = nodes.filter(|node| !node.is_leaf());
                inner.map(|node| node.feature as usize).collect()
            }
            Self::Linear { terms, .. } => terms.iter().map(|term| term.feature).collect(),
            Self::Points { feature, .. } => vec![*feature],
            Self::Mean { members } => {
                let of = |(_, member): &(f64, Score<'_>)| member.features();
                members.iter().flat_map(of).collect()
            }
        };
        features.sort_unstable();
        features.dedup();
        features
    }
}
