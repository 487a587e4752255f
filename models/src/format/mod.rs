//! Saved models: a JSON file of our own that reads back to the same bits.
//!
//! `docs/model-files.md` describes every field. A file holds data and never code; what can be done
//! with a model that was read is what could be done with the fitted one.
//!
//! - **Exact.** Numbers that matter to the last bit stand as text, with the fewest digits that
//!   Rust's own parser reads back to the same bits. The same model gives the same bytes.
//! - **Whole.** The names and kinds of the features travel along, so that a table is put in order
//!   by [`SavedModel::column_order`] and a category turned into its number by
//!   [`Feature::category_numbers`].
//! - **Distrustful.** A file may come from anywhere. [`SavedModel::from_json`] checks everything
//!   that scoring, explaining and printing rely on, and says what is wrong and where
//!   (`model.trees[3].left[7]: ...`). It takes time proportional to the text (times the logarithm
//!   of the number of its fields), and memory of at most 300 bytes for each byte of text, a bound
//!   that only sets of far-apart categories come near; a file of ordinary trees takes about its
//!   own size.
//!
//! ```
//! use linfa::prelude::*;
//! use ndarray::array;
//! use regulars_models::format::{Feature, SavedModel};
//! use regulars_models::tree::DecisionTree;
//!
//! let x = array![[3.0_f32, 0.0], [4.0, 1.0], [40.0, 0.0], [50.0, 1.0]];
//! let tree = DecisionTree::params()
//!     .min_rows_per_leaf(1)
//!     .fit(&Dataset::new(x, array![false, false, true, true]))?;
//!
//! let features = vec![
//!     Feature::numeric("recency_days"),
//!     Feature::categorical("contract", ["monthly", "two years"]),
//! ];
//! let text = SavedModel::new(tree, features)?.with_outcome("churned").to_json();
//!
//! let saved = SavedModel::from_json(&text)?;
//! let order = saved.column_order(&["customer", "contract", "recency_days"])?;
//! assert_eq!(order, [2, 1]); // the matrix takes column 2 of the table first, then column 1
//! let contract = saved.features()[1].category_numbers();
//! let p = saved.predict_probability(array![[60.0, contract["monthly"]]].view()).unwrap();
//! assert!(p[0] > 0.5);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Segments have files of their own, in the same manner: [`SavedSegmenter`].
//!
//! **A further model** joins by implementing `Stored` (what it writes, what it reads, what must
//! hold) and with one line in the list of `model.rs`, or in that of all classifiers.

mod boosting;
mod calibrators;
mod ensemble;
mod error;
mod feature;
mod fields;
mod json;
mod linear;
mod linfa_models;
mod model;
mod naive_bayes;
mod names;
mod neighbours;
mod network;
mod numbers;
mod preprocessing;
mod segmenter;
mod single_feature;
mod stored_feature;
mod trees;
mod uplift;

use std::collections::BTreeMap;

use ndarray::{Array1, ArrayView2};

pub use calibrators::Calibration;
pub use error::{ColumnError, FormatError};
pub use feature::{Feature, FeatureKind};
pub use model::Model;
pub use segmenter::{DrawnShare, SavedSegmenter};
pub use trees::MAX_DEPTH;

use error::{Within, must};
use feature::distinct;
use fields::{Fields, Object, Stored, check_all, wrong};
use json::Json;

/// The version of the format that is written. Every earlier one can be read.
pub const VERSION: u64 = 1;

/// What every model file holds under `format`.
const FORMAT: &str = "regulars-model";

/// A fitted model with what is needed to use it later: its features, and what is worth knowing.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedModel {
    features: Vec<Feature>,
    model: Model,
    calibration: Option<Calibration>,
    outcome: String,
    facts: BTreeMap<String, String>,
}

impl SavedModel {
    /// A model and the columns that it was fitted on, in their order.
    ///
    /// # Errors
    /// [`FormatError::Invalid`] where the features are not as many as the columns of the model,
    /// two share a name, a column that the model splits by categories is not categorical or has
    /// fewer names than categories, or a tree is deeper than [`MAX_DEPTH`].
    pub fn new(model: impl Into<Model>, features: Vec<Feature>) -> Result<Self, FormatError> {
        let saved = Self {
            features,
            model: model.into(),
            calibration: None,
            outcome: String::new(),
            facts: BTreeMap::new(),
        };
        saved.check()?;
        Ok(saved)
    }

    /// What a row labelled `true` did, such as `churned`. Default empty.
    pub fn with_outcome(mut self, outcome: impl Into<String>) -> Self {
        self.outcome = outcome.into();
        self
    }

    /// Something worth knowing about the model, such as `rows` or the date it was trained for. A
    /// later value takes the place of an earlier one of the same name.
    pub fn with_fact(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.facts.insert(name.into(), value.to_string());
        self
    }

    /// A calibrator that was fitted on the probabilities of this model.
    ///
    /// # Errors
    /// [`FormatError::Invalid`] where it holds numbers that no fit gives, or the model gives no
    /// probability of `true`.
    pub fn with_calibration(
        mut self,
        calibration: impl Into<Calibration>,
    ) -> Result<Self, FormatError> {
        self.calibration = Some(calibration.into());
        self.check()?;
        Ok(self)
    }

    /// The columns that the model takes, in their order.
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// The model itself.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The calibrator, if there is one.
    pub fn calibration(&self) -> Option<&Calibration> {
        self.calibration.as_ref()
    }

    /// What a row labelled `true` did; may be empty.
    pub fn outcome(&self) -> &str {
        &self.outcome
    }

    /// What else was noted when the model was saved.
    pub fn facts(&self) -> &BTreeMap<String, String> {
        &self.facts
    }

    /// For each feature its place among the columns of a table, found by name.
    ///
    /// # Errors
    /// [`ColumnError`] for a feature that is not among them, with the nearest name, or there twice.
    pub fn column_order<S: AsRef<str>>(&self, columns: &[S]) -> Result<Vec<usize>, ColumnError> {
        feature::column_order(&self.features, columns)
    }

    /// The probability of `true`, calibrated where a calibrator came along, one a row of `x`
    /// (`n_rows x n_features` in the order of [`features`](Self::features), `NaN` where missing);
    /// nothing for a model that gives no such probability.
    ///
    /// # Panics
    /// When `x` has another number of columns than there are features.
    pub fn predict_probability(&self, x: ArrayView2<'_, f32>) -> Option<Array1<f64>> {
        let probabilities = self.model.predict_probability(x)?;
        Some(match &self.calibration {
            None => probabilities,
            Some(calibration) => probabilities.mapv_into(|p| calibration.probability(p)),
        })
    }

    /// The model file. The same model gives the same bytes.
    pub fn to_json(&self) -> String {
        let mut facts = Object::default();
        for (name, value) in &self.facts {
            facts.text(name, value);
        }
        let mut file = Object::default();
        file.text("format", FORMAT);
        file.put("version", Json::Count(VERSION));
        file.text("kind", self.model.kind());
        file.text("outcome", &self.outcome);
        file.put("trained", facts.into_json());
        file.objects("features", &self.features);
        file.put("model", self.model.write());
        if let Some(calibration) = &self.calibration {
            file.object("calibration", calibration);
        }
        file.into_json().write()
    }

    /// Reads a model file of this version or an earlier one.
    ///
    /// # Errors
    /// [`FormatError`] for whatever is not as it must be; there is no text for which it panics.
    pub fn from_json(text: &str) -> Result<Self, FormatError> {
        let mut file = header(Json::parse(text)?, FORMAT)?;
        let kind = file.text("kind")?;
        let calibration = match file.optional("calibration") {
            None => None,
            Some(json) => Some(Fields::read(json).within("calibration")?),
        };
        let saved = Self {
            outcome: file.text("outcome")?.into_owned(),
            facts: read_facts(file.take("trained")?).within("trained")?,
            features: file.objects("features")?,
            model: Model::read(&kind, file.take("model")?)?,
            calibration,
        };
        file.finish()?;
        saved.check()?;
        Ok(saved)
    }

    fn check(&self) -> Result<(), FormatError> {
        let features = &self.features;
        must(!features.is_empty(), || "at least one is needed".into()).within("features")?;
        check_all("features", features, features)?;
        distinct(features.iter().map(|f| f.name.as_str())).within("features")?;
        self.model.check(features).within("model")?;
        match &self.calibration {
            None => Ok(()),
            Some(calibration) => {
                must(self.model.classifier().is_some(), || {
                    "only the probability of a classifier can be calibrated".into()
                })
                .within("calibration")?;
                calibration.check(features).within("calibration")
            }
        }
    }
}

/// The fields of a file of this format whose version can be read.
fn header<'t>(json: Json<'t>, format: &'static str) -> Result<Fields<'t>, FormatError> {
    let other = |problem: &str| FormatError::NotAModel {
        problem: problem.to_string(),
        format,
    };
    let mut file = Fields::of(json).map_err(|_| other("it is no JSON object"))?;
    match file.optional("format") {
        Some(Json::Text(text)) if text == format => {}
        Some(_) => return Err(other("it is of another format")),
        None => return Err(other("it does not say its format")),
    }
    match file.take("version")? {
        Json::Count(VERSION) => Ok(file),
        Json::Count(0) => Err(FormatError::Older { found: 0 }),
        Json::Count(found) => Err(FormatError::Newer { found }),
        other => Err(wrong(&other, "a whole number").within("version")),
    }
}

fn read_facts(json: Json<'_>) -> Result<BTreeMap<String, String>, FormatError> {
    let Json::Object(facts) = json else {
        return Err(wrong(&json, "an object"));
    };
    let fact = |(name, value): (String, Json<'_>)| match value {
        Json::Text(value) => Ok((name, value.into_owned())),
        other => Err(wrong(&other, "a text").within(&numbers::short(&name))),
    };
    facts.into_iter().map(fact).collect()
}

#[cfg(test)]
mod tests;
