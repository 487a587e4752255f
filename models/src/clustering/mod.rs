//! Segments by clustering: scaling, k-means, the number of clusters, profiles and names.
//!
//! - `scaling`: raw features become comparable ([`FeatureScaler`]): missing values filled,
//!   money and counts on a log scale, extremes pulled in, constant columns dropped.
//! - `params`, `fit`: the segmenter ([`KMeansSegmenter`]) and what a user may set.
//! - `lloyd`: k-means itself: starts, iterations, empty clusters.
//! - `prototypes`, `map`: k-prototypes, and Kohonen's self-organising map.
//! - `mixture`: clusters of their own widths and directions ([`Gaussians`]).
//! - `select`: the number of clusters, with the figures of every number tried ([`KFigures`]).
//! - `indices`: how good a partition is ([`silhouette`], [`calinski_harabasz`],
//!   [`davies_bouldin`], [`adjusted_rand`]).
//! - `gap`, `stability`: whether there are groups at all ([`Gap`]), and whether they are found
//!   again in bootstrap samples.
//! - `identity`: which new cluster is which old one ([`Continuity`]).
//! - `principal`: two directions for a map of many ([`PrincipalComponents`]).
//! - `density`: HDBSCAN, for who belongs to no group ([`DensityGroups`]).
//! - `profile`, `naming`: what sets each cluster apart ([`profile_clusters`]), and a short
//!   name made of it ([`NamingValidParams::name`]).
//!
//! Raw features go in, because a scaling that the caller forgets puts nearly everybody in one
//! cluster: one column of money has a thousand times the spread of a share.

mod density;
mod fit;
mod gap;
mod identity;
mod indices;
mod lloyd;
mod map;
mod mixture;
mod naming;
mod params;
mod principal;
mod profile;
mod prototypes;
mod scaling;
mod search;
mod select;
mod stability;

pub use density::{DensityGroups, MOST_DENSITY_ROWS};
pub use fit::{Assignment, KMeansSegmenter};
pub use gap::{Gap, preferred_by_gap};
pub use identity::{Became, Continuity, SAME};
pub use indices::{
    adjusted_rand, calinski_harabasz, davies_bouldin, silhouette, silhouette_squared,
};
pub use mixture::Gaussians;
pub use naming::{ClusterName, FeatureWords, NamePart, NamingParams, NamingValidParams};
pub use params::{Algorithm, Criterion, KMeansSegmenterParams, KMeansSegmenterValidParams};
pub use principal::PrincipalComponents;
pub use profile::{ClusterProfile, FeatureProfile, profile_clusters};
pub use scaling::{
    DropReason, DroppedColumn, Feature, FeatureScaler, ScaledColumn, Spread, Transform,
};
pub use search::{KMeansRun, k_means_from};
pub use select::KFigures;

/// What can be wrong with parameters or input of this module.
#[derive(Debug, thiserror::Error)]
pub enum ClusteringError {
    /// A range of cluster numbers that cannot be tried.
    #[error(
        "clusters = {min} to {max}, but the range must start at 2 or more, not fall, and end at 1000 at most; 3 to 8 is usual"
    )]
    Clusters {
        /// Smallest number as given.
        min: usize,
        /// Largest number as given.
        max: usize,
    },
    /// No start.
    #[error("starts = {0}, but at least 1 is needed; 10 is usual")]
    Starts(usize),
    /// A tolerance that is no distance.
    #[error("tolerance = {0}, but it must be a finite number, 0 or more")]
    Tolerance(f64),
    /// No iteration.
    #[error("max_iterations = {0}, but at least 1 is needed; 300 is usual")]
    MaxIterations(usize),
    /// A smallest share that no partition can meet.
    #[error(
        "min_share = {min_share}, but with {clusters} clusters it must be at least 0 and below 1/{clusters}"
    )]
    MinShare {
        /// The share as given.
        min_share: f64,
        /// The smallest number of clusters to be tried.
        clusters: usize,
    },
    /// Quantiles that cut away the middle.
    #[error(
        "winsorising quantiles are {low} and {high}, but they must satisfy 0 <= low < 0.5 < high <= 1"
    )]
    Winsor {
        /// Lower quantile as given.
        low: f64,
        /// Upper quantile as given.
        high: f64,
    },
    /// A distance from the highest stability that means nothing.
    #[error("stability within {0} of the highest, but it must be 0 or more and below 1")]
    StabilityWithin(f64),
    /// The criterion needs resamples.
    #[error(
        "resamples = 0, but the criterion is stability; set at least 1 (20 is usual) or another criterion"
    )]
    NoResamples,
    /// Too few rows to search on.
    #[error(
        "search_rows = {search_rows}, but at least 100 are needed for each of {clusters} clusters"
    )]
    SearchRows {
        /// The number as given.
        search_rows: usize,
        /// The largest number of clusters to be tried.
        clusters: usize,
    },
    /// A weight that is not above 0.
    #[error(
        "the weight of feature {column} is {weight}, but it must be a finite number above 0; leave the feature out to ignore it"
    )]
    Weight {
        /// Column, counted from 0.
        column: usize,
        /// The weight as given.
        weight: f64,
    },
    /// Density cannot be looked at.
    #[error(
        "groups of {min_size} rows or more and the {min_samples} nearest of {rows} rows, but groups need 2 rows or more, neighbours 1 or more, both fewer than there are rows, and of these at most {most}"
    )]
    Density {
        /// Rows.
        rows: usize,
        /// Rows of the smallest group as given.
        min_size: usize,
        /// Neighbours as given.
        min_samples: usize,
        /// The most rows that are looked at.
        most: usize,
    },
    /// A parameter of naming outside its range.
    #[error("{name} = {value}, but it must be {range}")]
    Naming {
        /// Which parameter.
        name: &'static str,
        /// The value as given.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// A different number of columns than expected.
    #[error("{what} has {found} columns, but {expected} are expected")]
    Columns {
        /// Which input.
        what: &'static str,
        /// Its columns.
        found: usize,
        /// What was expected.
        expected: usize,
    },
    /// Inputs with different numbers of rows.
    #[error("{what} has {found} rows, but {expected} are expected")]
    Rows {
        /// Which input.
        what: &'static str,
        /// Its rows.
        found: usize,
        /// What was expected.
        expected: usize,
    },
    /// Infinity in the features.
    #[error(
        "the value at row {row}, column {column} (counted from 0) is {value}; give a finite number, or NaN if it is missing"
    )]
    NotFinite {
        /// Row, counted from 0.
        row: usize,
        /// Column, counted from 0.
        column: usize,
        /// The value as given.
        value: f64,
    },
    /// A label of no cluster.
    #[error("the label at row {row} (counted from 0) is {label}, but labels run from 0 to {max}")]
    Label {
        /// Row, counted from 0.
        row: usize,
        /// The label as given.
        label: usize,
        /// The largest label allowed.
        max: usize,
    },
    /// A partition on which an index is not defined.
    #[error("{index} is not defined for {clusters} non-empty clusters of {rows} rows; it needs 2 to {} clusters", .rows.saturating_sub(1))]
    Undefined {
        /// Which index.
        index: &'static str,
        /// Number of clusters that have members.
        clusters: usize,
        /// Number of rows.
        rows: usize,
    },
    /// No feature tells customers apart.
    #[error(
        "none of the {0} features varies among these customers, so there is nothing to cluster by; look at the dropped columns"
    )]
    NothingVaries(usize),
    /// Fewer different customers than clusters.
    #[error(
        "at least {clusters} clusters were asked for, but {rows} customers, of whom {distinct} differ, allow {most} at most"
    )]
    TooFewRows {
        /// Smallest number of clusters to be tried.
        clusters: usize,
        /// Customers that differ from each other.
        distinct: usize,
        /// All customers.
        rows: usize,
        /// Largest number of clusters possible: no more than differ, and fewer than rows.
        most: usize,
    },
    /// An error of linfa's k-means, which is used only when it is asked for.
    #[error("linfa's k-means failed: {0}")]
    KMeans(#[from] linfa_clustering::KMeansError),
    /// An error of linfa's Gaussian mixture.
    #[error("the Gaussian mixture failed: {0}")]
    Mixture(#[from] linfa_clustering::GmmError),
    /// A cluster of a mixture without a width in some direction.
    #[error("cluster {0} of the mixture has no width in some direction; try fewer clusters")]
    Shape(usize),
    /// An error of linfa's dataset or traits.
    #[error(transparent)]
    Linfa(#[from] linfa::Error),
}
