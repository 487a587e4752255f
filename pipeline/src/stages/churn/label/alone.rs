//! What one attribute tells of the label all by itself.

use ndarray::{Array1, Array2, ArrayView1};
use regulars_models::classifiers::{ProbabilityModel, SingleFeature};
use regulars_models::format::{Feature, FeatureKind};
use regulars_models::linfa::Dataset;
use regulars_models::linfa::traits::Fit;
use regulars_models::metrics::roc_auc;

use super::table::LabelTable;
use crate::learning::rows::{Baseline, Part};
use crate::warning::{TELLTALE_ATTRIBUTE, Warning};

/// A single attribute that tells leavers from others this well is suspicious.
const TELLTALE: f64 = 0.99;

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

/// Attributes that all but tell the label by themselves: more often than not they are written down
/// once somebody has churned.
pub fn telltales(table: &LabelTable) -> Option<Warning> {
    let known: Vec<usize> = (0..table.labels.len())
        .filter(|row| table.labels[*row].is_some())
        .collect();
    let churned: Vec<bool> = known.iter().filter_map(|row| table.labels[*row]).collect();
    let tell = |column: usize| {
        let values: Vec<f32> = known
            .iter()
            .map(|row| table.values[[*row, column]])
            .collect();
        let feature = &table.features[column];
        let auc = alone(&values, &feature.kind, &churned)?;
        (auc >= TELLTALE).then(|| format!("{} (ROC AUC {auc:.3})", feature.name))
    };
    let found: Vec<String> = (0..table.features.len()).filter_map(tell).collect();
    if found.is_empty() {
        return None;
    }
    Some(Warning::new(
        TELLTALE_ATTRIBUTE,
        format!(
            "all but tells by itself who left: {}; if it is known only afterwards, add it to ignore under [churn]",
            found.join(", ")
        ),
    ))
}

/// How well one column alone tells who churned: the ROC AUC of its own rates.
fn alone(values: &[f32], kind: &FeatureKind, churned: &[bool]) -> Option<f64> {
    let rates: Vec<f64> = match kind {
        FeatureKind::Numeric => {
            let column = Array2::from_shape_vec((values.len(), 1), values.to_vec()).ok()?;
            let data = Dataset::new(column.clone(), Array1::from(churned.to_vec()));
            let model = SingleFeature::params(0).fit(&data).ok()?;
            model.predict_probability(column.view()).to_vec()
        }
        FeatureKind::Categorical(names) => {
            // With few customers for each, rates fit whatever they are made of.
            if names.len() * 20 > values.len() {
                return None;
            }
            let place = |value: f32| {
                if value.is_nan() {
                    names.len()
                } else {
                    value as usize
                }
            };
            let mut counts = vec![(0u32, 0u32); names.len() + 1];
            for (value, churned) in values.iter().zip(churned) {
                let (all, gone) = &mut counts[place(*value)];
                *all += 1;
                *gone += u32::from(*churned);
            }
            let rate = |(all, gone): (u32, u32)| f64::from(gone) / f64::from(all.max(1));
            values
                .iter()
                .map(|value| rate(counts[place(*value)]))
                .collect()
        }
    };
    roc_auc(ArrayView1::from(churned), ArrayView1::from(&rates)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_down_once_somebody_left_gives_itself_away() {
        let churned: Vec<bool> = (0..200).map(|row| row % 4 == 0).collect();
        let reason: Vec<f32> = churned
            .iter()
            .map(|churned| if *churned { 0.0 } else { f32::NAN })
            .collect();
        let kind = FeatureKind::Categorical(vec!["price".to_owned()]);
        assert_eq!(alone(&reason, &kind, &churned), Some(1.0));
        // A number that is lower for leavers tells as much as one that is higher.
        let days: Vec<f32> = churned
            .iter()
            .map(|churned| if *churned { 1.0 } else { 9.0 })
            .collect();
        assert_eq!(alone(&days, &FeatureKind::Numeric, &churned), Some(1.0));
        let nothing: Vec<f32> = (0..200).map(|row| (row % 5) as f32).collect();
        assert!(alone(&nothing, &FeatureKind::Numeric, &churned).unwrap() < 0.7);
    }
}
