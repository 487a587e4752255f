//! `[segment]`: RFM and clusters.

use regulars_models::rfm::{SegmentMap, SegmentRange};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{LifeCycle, RfmSettings, Settings};
use crate::failure::Result;

/// `[segment]`: RFM and clusters.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Segment {
    /// A customer whose first purchase is older than this is never called new.
    pub new_within_days: u32,
    /// The smallest number of clusters that is tried.
    pub min_clusters: usize,
    /// The largest number of clusters that is tried.
    pub max_clusters: usize,
    /// A clustering whose smallest cluster holds less than this share loses.
    pub min_cluster_share: f64,
    /// How clusters are found.
    pub method: ClusterMethod,
    /// Attributes of the customers that take part in clusters beside their behaviour.
    pub attributes: Vec<String>,
    /// Where the earlier segments lie that clusters go on from: a `segmenter.json`, the output folder of an
    /// earlier run, or "nothing"; by default those of an earlier date in the output folder.
    pub start_from: Option<String>,
    /// Whether clusters are found anew; if not, customers are put into the saved ones.
    pub refit: bool,
    /// What becomes of a cluster with less than min_cluster_share, where no number of clusters is without.
    pub small_clusters: SmallClusters,
    /// The share of the customers who are listed as outliers; 0 looks for none.
    pub outlier_share: f64,
    /// Below this adjusted Rand index of the earlier clusters with those of today a run warns.
    pub min_agreement: f64,
    /// Five rows (recency 5 to 1) of five names (FM 1 to 5); by default the map of the manual.
    pub map: Option<Vec<Vec<String>>>,
    /// How recency, frequency and money become scores and segments.
    pub rfm: RfmSettings,
    /// When a customer is new, at risk, gone and back.
    pub life_cycle: LifeCycle,
}

/// How clusters are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum ClusterMethod {
    /// k-means of regulars.
    #[serde(rename = "k-means")]
    KMeans,
    /// k-means of linfa-clustering.
    #[serde(rename = "linfa k-means")]
    LinfaKMeans,
    /// A mixture of Gaussians of linfa-clustering: clusters of their own widths and directions.
    #[serde(rename = "gaussian mixture")]
    GaussianMixture,
    /// k-prototypes: numbers by their means, categories of attributes by the most frequent one.
    #[serde(rename = "k-prototypes")]
    KPrototypes,
    /// Kohonen's self-organising map: clusters on a grid, of which neighbours are alike.
    #[serde(rename = "self-organising map")]
    SelfOrganisingMap,
}

/// What becomes of a cluster that is too small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SmallClusters {
    /// It stays, and a warning names it.
    Flag,
    /// Its customers go to the nearest other cluster.
    Merge,
}

impl Default for Segment {
    fn default() -> Self {
        Self {
            new_within_days: 56,
            min_clusters: 3,
            max_clusters: 8,
            min_cluster_share: 0.02,
            method: ClusterMethod::KMeans,
            attributes: Vec::new(),
            start_from: None,
            refit: true,
            small_clusters: SmallClusters::Flag,
            outlier_share: 0.0,
            min_agreement: 0.8,
            map: None,
            rfm: RfmSettings::default(),
            life_cycle: LifeCycle::default(),
        }
    }
}

impl Segment {
    /// The names of RFM cells: the user's own, or the usual ones.
    ///
    /// # Errors
    /// In words what is wrong with the user's map.
    pub fn cells(&self) -> std::result::Result<SegmentMap, String> {
        let Some(rows) = &self.map else {
            return Ok(SegmentMap::default());
        };
        if rows.len() != 5 || rows.iter().any(|row| row.len() != 5) {
            return Err(
                "the map needs five rows, for recency 5 to 1, of five names each, for FM 1 to 5"
                    .to_owned(),
            );
        }
        let mut ranges = Vec::new();
        for (row, names) in rows.iter().enumerate() {
            for (column, name) in names.iter().enumerate() {
                let (r, fm) = (5 - row, column + 1);
                ranges.push(SegmentRange::new(name, (r, r), (fm, fm)));
            }
        }
        let map = SegmentMap::from_ranges(5, &ranges).map_err(|error| error.to_string())?;
        // A map of the user's own has its own idea of who is new.
        Ok(map.without_new_customer_rule())
    }
}

/// Numbers and the map, as far as the types cannot check them.
pub(super) fn check(settings: &Settings) -> Result<()> {
    let segment = &settings.config.segment;
    settings.share(&["segment", "min_cluster_share"], segment.min_cluster_share)?;
    settings.at_least(&["segment", "min_clusters"], segment.min_clusters, 2)?;
    settings.at_least(
        &["segment", "max_clusters"],
        segment.max_clusters,
        segment.min_clusters,
    )?;
    settings.share(&["segment", "min_agreement"], segment.min_agreement)?;
    settings.share(&["segment", "outlier_share"], segment.outlier_share)?;
    check_attributes(settings)?;
    settings.days(&["segment", "new_within_days"], segment.new_within_days)?;
    let cells = segment.cells();
    cells.map_err(|problem| settings.wrong(&["segment", "map"], problem))?;
    Ok(())
}

/// Each attribute once; what is no attribute of a customer cannot be one here.
fn check_attributes(settings: &Settings) -> Result<()> {
    let attributes = &settings.config.segment.attributes;
    for (place, name) in attributes.iter().enumerate() {
        let at = place.to_string();
        let wrong = |problem: &str| {
            let keys = ["segment", "attributes", &at];
            Err(settings.wrong(&keys, format!("`{name}` {problem}")))
        };
        if attributes[..place].contains(name) {
            return wrong("is there twice");
        }
        if name == "customer_id" {
            return wrong("tells every customer apart, and so makes no clusters");
        }
    }
    Ok(())
}
