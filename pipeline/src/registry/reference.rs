//! `reference.json`: how features and scores were distributed when a model was learned, for whoever
//! asks later whether customers are still like that.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use ndarray::{ArrayView1, ArrayView2};
use regulars_models::format::{Feature, FeatureKind};
use serde::{Deserialize, Serialize};

/// What `reference.json` holds under `format`.
pub const FORMAT: &str = "regulars-model-reference";

/// Bins of about equal numbers of customers.
const BINS: usize = 10;

/// How customers were when a model was learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// Always `FORMAT`.
    pub format: String,
    /// The layout.
    pub layout: u32,
    /// The date of the features; none where they have none.
    pub as_of: Option<NaiveDate>,
    /// How many customers.
    pub customers: u64,
    /// The features, in the order of the model's columns.
    pub features: Vec<Column>,
    /// The probabilities that the model gave them.
    pub scores: Bins,
    /// Their mean.
    pub mean_score: f64,
}

/// One feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Customers without a value.
    pub missing: u64,
    /// How the values of the others lie.
    #[serde(flatten)]
    pub shape: Shape,
}

/// How values lie.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Shape {
    /// Numbers.
    Numeric(Bins),
    /// Categories, in the order of the model's.
    Categorical {
        /// How many customers have each.
        categories: Vec<CategoryCount>,
    },
}

/// One category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryCount {
    /// What it is called.
    pub name: String,
    /// How many customers have it.
    pub customers: u64,
}

/// Numbers in bins: the first up to the first cut, each next one above one cut up to the next, the
/// last above the last cut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bins {
    /// Where a bin ends, itself included: the deciles, each once, ascending. In single precision, as
    /// models see features: its text reads back to the same bits.
    pub cuts: Vec<f32>,
    /// Customers in each bin, one more than there are cuts.
    pub customers: Vec<u64>,
}

impl Bins {
    /// Bins at the deciles of numbers; one for all where they are one and the same.
    pub fn of(values: &[f32]) -> Self {
        let mut sorted: Vec<f32> = values.to_vec();
        sorted.sort_unstable_by(f32::total_cmp);
        let decile = |number: usize| {
            let place = (number * sorted.len()).div_ceil(BINS);
            sorted.get(place.saturating_sub(1)).copied()
        };
        let mut cuts: Vec<f32> = (1..BINS).filter_map(decile).collect();
        cuts.dedup();
        // Above the largest number there is nobody.
        cuts.pop_if(|last| sorted.last().is_some_and(|largest| *largest <= *last));
        let mut bins = Self {
            customers: Vec::new(),
            cuts,
        };
        bins.customers = bins.count(values);
        bins
    }

    /// How many of other numbers lie in each bin.
    pub fn count(&self, values: &[f32]) -> Vec<u64> {
        let mut counts = vec![0; self.cuts.len() + 1];
        for value in values {
            counts[self.cuts.partition_point(|cut| cut < value)] += 1;
        }
        counts
    }
}

impl Reference {
    /// How these customers are.
    ///
    /// - `values`: customers by features, NaN where missing, a category by its number.
    /// - `scores`: the probability that the model gives each.
    pub fn of(
        as_of: Option<NaiveDate>,
        features: &[Feature],
        values: ArrayView2<'_, f32>,
        scores: ArrayView1<'_, f64>,
    ) -> Self {
        let columns = features.iter().zip(values.columns());
        let mean = scores.mean().unwrap_or_default();
        Self {
            format: FORMAT.to_owned(),
            layout: super::record::LAYOUT,
            as_of,
            customers: scores.len() as u64,
            features: columns
                .map(|(feature, values)| Column::of(feature, values))
                .collect(),
            scores: Bins::of(&single(scores)),
            mean_score: mean,
        }
    }
}

impl Column {
    /// How the values of a feature lie.
    pub fn of(feature: &Feature, values: ArrayView1<'_, f32>) -> Self {
        let values_known = values.iter().copied().filter(|value| !value.is_nan());
        let known: Vec<f32> = values_known.collect();
        let shape = match &feature.kind {
            FeatureKind::Numeric => Shape::Numeric(Bins::of(&known)),
            FeatureKind::Categorical(names) => {
                let mut counts: BTreeMap<usize, u64> = BTreeMap::new();
                for value in &known {
                    *counts.entry(*value as usize).or_default() += 1;
                }
                let count = |place| counts.get(&place).copied().unwrap_or(0);
                let categories = names.iter().enumerate();
                Shape::Categorical {
                    categories: categories
                        .map(|(place, name)| CategoryCount {
                            name: name.clone(),
                            customers: count(place),
                        })
                        .collect(),
                }
            }
        };
        Self {
            name: feature.name.clone(),
            missing: (values.len() - known.len()) as u64,
            shape,
        }
    }
}

/// Scores in single precision.
pub fn single(scores: ArrayView1<'_, f64>) -> Vec<f32> {
    scores.iter().map(|score| *score as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn deciles_cut_and_ties_stay_together() {
        let values: Vec<f32> = (1_u16..=100).map(f32::from).collect();
        let bins = Bins::of(&values);
        assert_eq!(bins.cuts, [10., 20., 30., 40., 50., 60., 70., 80., 90.]);
        assert_eq!(bins.customers, [10; 10]);
        assert_eq!(bins.count(&[0.0, 10.0, 10.5, 1e9])[..2], [2, 1]);
        // Three quarters have nothing.
        let tied: Vec<f32> = (0_i16..100).map(|i| f32::from((i - 74).max(0))).collect();
        let bins = Bins::of(&tied);
        assert_eq!(bins.cuts, [0.0, 5.0, 15.0]);
        assert_eq!(bins.customers, [75, 5, 10, 10]);
        let one = Bins::of(&[3.0; 7]);
        assert_eq!((one.cuts.len(), one.customers.as_slice()), (0, &[7][..]));
        assert_eq!(Bins::of(&[]).customers, [0]);
    }

    #[test]
    fn missing_values_and_categories_are_counted() {
        let features = [
            Feature::numeric("spend"),
            Feature::categorical("plan", ["basic", "gold"]),
        ];
        let values = array![[1.0_f32, 1.0], [f32::NAN, 1.0], [2.0, f32::NAN]];
        let scores = array![0.125, 0.25, 0.75];
        let found = Reference::of(None, &features, values.view(), scores.view());
        assert_eq!(found.customers, 3);
        assert_eq!([0, 1].map(|at| found.features[at].missing), [1, 1]);
        let Shape::Categorical { categories } = &found.features[1].shape else {
            panic!("{found:?}");
        };
        let counts: Vec<u64> = categories.iter().map(|one| one.customers).collect();
        assert_eq!(counts, [0, 2]);
        let text = serde_json::to_string(&found).unwrap();
        assert_eq!(serde_json::from_str::<Reference>(&text).unwrap(), found);
    }
}
