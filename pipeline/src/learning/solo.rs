//! What one column tells of the outcome all by itself, and which columns tell too much of it.

use ndarray::{Array1, Array2, ArrayView1};
use regulars_models::classifiers::{ProbabilityModel, SingleFeature};
use regulars_models::format::FeatureKind;
use regulars_models::linfa::Dataset;
use regulars_models::linfa::traits::Fit;
use regulars_models::metrics::roc_auc;

use crate::learning::rows::Part;
use crate::learning::task::Task;

/// As many rows are looked at; the figure is known to a few thousandths then.
const MOST_ROWS: usize = 50_000;

/// With fewer rows of an outcome, a column tells it by chance.
const LEAST_OF_EACH: usize = 20;

/// A column that tells too much of the outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Telltale {
    /// Its place.
    pub column: usize,
    /// Its name.
    pub name: String,
    /// The area under the ROC curve that it reaches alone.
    pub roc_auc: f64,
}

/// The columns that reach an area under the ROC curve of `from` or more alone, in the rows of the
/// task: more often than not they hold what is known only once the outcome is.
pub fn telltales(task: &Task, from: f64) -> Vec<Telltale> {
    let rows: Part<'_> = task.rows.whole();
    let rows = rows.thinned(MOST_ROWS);
    let yes = rows.yes();
    if yes < LEAST_OF_EACH || rows.rows() - yes < LEAST_OF_EACH {
        return Vec::new();
    }
    let labels = rows.labels.to_vec();
    let features = task.columns.features.iter().enumerate();
    let tells = features.filter_map(|(column, feature)| {
        let values = rows.features.column(column).to_vec();
        let roc_auc = alone(&values, &feature.kind, &labels)?;
        (roc_auc >= from).then(|| Telltale {
            column,
            name: feature.name.clone(),
            roc_auc,
        })
    });
    tells.collect()
}

/// How well one column alone tells a yes from a no: the ROC AUC of its own rates; nothing where that
/// cannot be told.
///
/// Of a number the rates rise or fall with it, missing values have their own; of categories each has
/// its own, or where they are too many for that, whether there is any.
pub fn alone(values: &[f32], kind: &FeatureKind, labels: &[bool]) -> Option<f64> {
    let rates: Vec<f64> = match kind {
        FeatureKind::Numeric => {
            let column = Array2::from_shape_vec((values.len(), 1), values.to_vec()).ok()?;
            let data = Dataset::new(column.clone(), Array1::from(labels.to_vec()));
            let model = SingleFeature::params(0).fit(&data).ok()?;
            model.predict_probability(column.view()).to_vec()
        }
        FeatureKind::Categorical(names) => {
            // With few rows for each, rates fit whatever they are made of.
            let few = names.len() * 20 > values.len();
            let place = |value: f32| match (value.is_nan(), few) {
                (true, _) => names.len(),
                (false, true) => 0,
                (false, false) => value as usize,
            };
            let mut counts = vec![(0u32, 0u32); names.len() + 1];
            for (value, yes) in values.iter().zip(labels) {
                let (all, gone) = &mut counts[place(*value)];
                *all += 1;
                *gone += u32::from(*yes);
            }
            let rate = |(all, gone): (u32, u32)| f64::from(gone) / f64::from(all.max(1));
            values
                .iter()
                .map(|value| rate(counts[place(*value)]))
                .collect()
        }
    };
    roc_auc(ArrayView1::from(labels), ArrayView1::from(&rates)).ok()
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
        // Of more reasons than can have rates of their own it is told whether there is one.
        let many: Vec<f32> = (0..200)
            .map(|row| if row % 4 == 0 { row as f32 } else { f32::NAN })
            .collect();
        let kind = FeatureKind::Categorical((0..200).map(|row| row.to_string()).collect());
        assert_eq!(alone(&many, &kind, &churned), Some(1.0));
        let nothing: Vec<f32> = (0..200).map(|row| (row % 5) as f32).collect();
        assert!(alone(&nothing, &FeatureKind::Numeric, &churned).unwrap() < 0.7);
    }
}
