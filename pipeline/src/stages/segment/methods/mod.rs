//! Ways to find groups among customers, behind one interface.

mod kmeans;

use std::ops::RangeInclusive;

use ndarray::ArrayView2;
use regulars_models::clustering::{Assignment, ClusteringError, Feature};

use super::TriedRow;

/// The way that is in use. Another one is a file beside `kmeans`, and this line.
pub const METHOD: Method = kmeans::METHOD;

/// A way to find groups.
pub struct Method {
    /// What it is called.
    pub name: &'static str,
    /// Looks for groups.
    pub fit: fn(&Search<'_>) -> Result<Found, ClusteringError>,
}

/// What is looked for, and where.
pub struct Search<'a> {
    /// Customers by behaviours.
    pub customers: ArrayView2<'a, f64>,
    /// How each behaviour is taken.
    pub features: Vec<Feature>,
    /// Quantiles at which values are cut before, so that one giant customer does not become a
    /// group.
    pub winsor: (f64, f64),
    /// The numbers of groups that are tried.
    pub groups: RangeInclusive<usize>,
    /// Groups with a smaller one than this share lose.
    pub min_share: f64,
    /// The seed of everything random.
    pub seed: u64,
}

/// What was found.
pub struct Found {
    /// The groups.
    pub segmenter: Box<dyn Segmenter>,
    /// What was measured for every number of groups.
    pub tried: Vec<TriedRow>,
}

/// Groups that were found, numbered by size, the largest first.
pub trait Segmenter {
    /// How many there are.
    fn groups(&self) -> usize;

    /// The group of each customer, by the same behaviours, and how far it is.
    fn assign(&self, customers: ArrayView2<'_, f64>) -> Result<Assignment, ClusteringError>;
}
