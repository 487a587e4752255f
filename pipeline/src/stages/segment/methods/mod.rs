//! Ways to find groups among customers, behind one interface.

mod kmeans;

use std::ops::RangeInclusive;

use ndarray::ArrayView2;
use regulars_models::clustering::{ClusteringError, Feature, KFigures, KMeansSegmenter};

use super::TriedRow;
use crate::config::ClusterMethod;

/// Every way, by its setting. Another one is a file beside `kmeans`, and a line here.
const METHODS: &[(ClusterMethod, Method)] = &[
    (ClusterMethod::KMeans, kmeans::OURS),
    (ClusterMethod::LinfaKMeans, kmeans::LINFA),
    (ClusterMethod::GaussianMixture, kmeans::MIXTURE),
    (ClusterMethod::KPrototypes, kmeans::PROTOTYPES),
    (ClusterMethod::SelfOrganisingMap, kmeans::MAP),
];

/// A way to find groups.
pub struct Method {
    /// What it is called in words.
    pub name: &'static str,
    /// What segments that it found are called in their file.
    pub kind: &'static str,
    /// Looks for groups.
    pub fit: fn(&Search<'_>) -> Result<KMeansSegmenter, ClusteringError>,
}

/// The way of a setting.
pub fn method(setting: ClusterMethod) -> &'static Method {
    let found = METHODS.iter().find(|(known, _)| *known == setting);
    &found.unwrap_or(&METHODS[0]).1
}

/// What is looked for, and where.
pub struct Search<'a> {
    /// Customers by behaviours.
    pub customers: ArrayView2<'a, f64>,
    /// How each behaviour is taken.
    pub features: Vec<Feature>,
    /// For each behaviour the attribute that it is a category of, by number, if it is one.
    pub categories: Vec<Option<usize>>,
    /// Quantiles at which values are cut before, so that one giant customer does not become a
    /// group.
    pub winsor: (f64, f64),
    /// The numbers of groups that are tried.
    pub groups: RangeInclusive<usize>,
    /// Groups with a smaller one than this share lose.
    pub min_share: f64,
    /// Whether a group that is too small goes into its neighbours.
    pub merge: bool,
    /// Groups of an earlier time, found in the same way and made of the same behaviours.
    pub earlier: Option<&'a KMeansSegmenter>,
    /// The seed of everything random.
    pub seed: u64,
}

/// What was measured for every number of groups.
pub fn tried(figures: &[KFigures]) -> Vec<TriedRow> {
    let row = |figures: &KFigures| TriedRow {
        k: figures.clusters,
        stability: figures.stability,
        silhouette: figures.silhouette,
        calinski_harabasz: Some(figures.calinski_harabasz),
        davies_bouldin: Some(figures.davies_bouldin),
        gap: figures.gap.map(|gap| gap.gap),
        gap_error: figures.gap.map(|gap| gap.error),
        smallest_share: figures.smallest_share(),
        large_enough: figures.large_enough,
        chosen: figures.chosen,
        jaccard: figures.jaccard.clone(),
    };
    figures.iter().map(row).collect()
}
