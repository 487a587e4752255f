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
    /// Five rows (recency 5 to 1) of five names (FM 1 to 5); by default the map of the manual.
    pub map: Option<Vec<Vec<String>>>,
    /// How recency, frequency and money become scores and segments.
    pub rfm: RfmSettings,
    /// When a customer is new, at risk, gone and back.
    pub life_cycle: LifeCycle,
}

impl Default for Segment {
    fn default() -> Self {
        Self {
            new_within_days: 56,
            min_clusters: 3,
            max_clusters: 8,
            min_cluster_share: 0.02,
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
    settings.days(&["segment", "new_within_days"], segment.new_within_days)?;
    let cells = segment.cells();
    cells.map_err(|problem| settings.wrong(&["segment", "map"], problem))?;
    Ok(())
}
