//! Groups by k-means and its kin, their number chosen by how stable they are.

use regulars_models::clustering::{Algorithm, ClusteringError, KMeansSegmenter};
use regulars_models::linfa::DatasetBase;
use regulars_models::linfa::traits::Fit;

use super::{Method, Search};

/// With our own starts and iterations.
pub const OURS: Method = Method {
    name: "k-means",
    kind: "k-means",
    fit: |search| fit(search, Algorithm::Lloyd),
};

/// With those of linfa-clustering.
pub const LINFA: Method = Method {
    name: mark!("linfa's k-means"),
    kind: "k-means",
    fit: |search| fit(search, Algorithm::Linfa),
};

/// A mixture of Gaussians of linfa-clustering.
pub const MIXTURE: Method = Method {
    name: mark!("a Gaussian mixture"),
    kind: "gaussian mixture",
    fit: |search| fit(search, Algorithm::Mixture),
};

/// Numbers by their means, categories by the most frequent one.
pub const PROTOTYPES: Method = Method {
    name: "k-prototypes",
    kind: "k-prototypes",
    fit: |search| fit(search, Algorithm::Prototypes),
};

/// Kohonen's map.
pub const MAP: Method = Method {
    name: mark!("a self-organising map"),
    kind: "self-organising map",
    fit: |search| fit(search, Algorithm::Map),
};

/// Bootstrap samples that the stability of each number of groups is measured on.
pub const RESAMPLES: usize = 6;
/// References of the gap statistic.
pub const REFERENCES: usize = 6;

fn fit(search: &Search<'_>, algorithm: Algorithm) -> Result<KMeansSegmenter, ClusteringError> {
    // A mixture takes many times as long, and the gap is of another measure than its own.
    let (resamples, references) = match algorithm {
        Algorithm::Mixture => (RESAMPLES / 2, 0),
        _ => (RESAMPLES, REFERENCES),
    };
    KMeansSegmenter::params(search.features.clone())
        .algorithm(algorithm)
        .categories(search.categories.clone())
        .clusters(search.groups.clone())
        .min_share(search.min_share)
        .merge_small(search.merge)
        .winsor(search.winsor.0, search.winsor.1)
        .resamples(resamples)
        .references(references)
        .earlier(
            search
                .earlier
                .map(|then| (then.scaler().clone(), then.centres().to_owned())),
        )
        .seed(search.seed)
        .fit(&DatasetBase::from(search.customers))
}
