//! What one attribute tells of the label all by itself.

use regulars_models::format::{Feature, FeatureKind};

use crate::learning::rows::{Baseline, Part};
use crate::learning::solo::alone;

/// The number that tells most by itself about the customers that models learn from, as a stick to
/// measure models by.
pub fn baseline(features: &[Feature], learn: Part<'_>) -> Option<Baseline> {
    let labels = learn.labels.to_vec();
    let auc = |column: usize| {
        let values = learn.features.column(column).to_vec();
        alone(&values, &features[column].kind, &labels)
    };
    (0..features.len())
        .filter(|column| features[*column].kind == FeatureKind::Numeric)
        .filter_map(|column| Some((column, auc(column)?)))
        .reduce(|a, b| if b.1 > a.1 { b } else { a })
        .map(|(column, _)| Baseline {
            column,
            title: format!("{} alone", features[column].name),
        })
}
