//! Groups by k-means, their number chosen by how stable they are.

use ndarray::ArrayView2;
use regulars_models::clustering::{Assignment, ClusteringError, KMeansSegmenter};
use regulars_models::linfa::DatasetBase;
use regulars_models::linfa::traits::Fit;

use super::super::TriedRow;
use super::{Found, Method, Search, Segmenter};

pub const METHOD: Method = Method {
    name: "k-means",
    fit,
};

/// Bootstrap samples that the stability of each number of groups is measured on.
const RESAMPLES: usize = 6;

fn fit(search: &Search<'_>) -> Result<Found, ClusteringError> {
    let fitted = KMeansSegmenter::params(search.features.clone())
        .clusters(search.groups.clone())
        .min_share(search.min_share)
        .winsor(search.winsor.0, search.winsor.1)
        .resamples(RESAMPLES)
        .seed(search.seed)
        .fit(&DatasetBase::from(search.customers))?;
    let tried = fitted
        .figures()
        .iter()
        .map(|figures| TriedRow {
            k: figures.clusters,
            stability: figures.stability,
            silhouette: figures.silhouette,
            smallest_share: figures.smallest_share(),
        })
        .collect();
    Ok(Found {
        segmenter: Box::new(fitted),
        tried,
    })
}

impl Segmenter for KMeansSegmenter {
    fn groups(&self) -> usize {
        self.clusters()
    }

    fn assign(&self, customers: ArrayView2<'_, f64>) -> Result<Assignment, ClusteringError> {
        KMeansSegmenter::assign(self, customers)
    }
}
