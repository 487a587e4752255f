//! What settings and their files say of RFM.

use regulars_models::rfm::{AhpWeights, EightClassMap, Scoring, SegmentMap};

use super::map_files::{self, Words};
use crate::config::{ScoredBy, Settings};
use crate::failure::Result;

/// How customers are scored and named.
pub struct RfmRules {
    /// The names of the 25 cells.
    pub map: SegmentMap,
    /// What the user's own file says of segments.
    pub words: Vec<Words>,
    /// The names of the eight classes.
    pub eight: EightClassMap,
    /// How values become scores.
    pub scoring: Scoring,
    /// How much recency, frequency and money count; none where `rfm_score` is not asked for.
    pub weights: Option<AhpWeights>,
    /// A customer whose first purchase is older is never called new.
    pub new_within_days: u32,
}

impl RfmRules {
    /// Reads them.
    ///
    /// # Errors
    /// A file that is not there, a map with a hole or an overlap: each with its place.
    pub fn of(settings: &Settings) -> Result<Self> {
        let segment = &settings.config.segment;
        let rfm = &segment.rfm;
        let (map, words) = match &rfm.map_file {
            Some(path) => map_files::map(settings, path)?,
            None => {
                let cells = segment.cells();
                let wrong = |problem| settings.wrong(&["segment", "map"], problem);
                (cells.map_err(wrong)?, Vec::new())
            }
        };
        let eight = match &rfm.eight_file {
            Some(path) => map_files::eight(settings, path)?,
            None => EightClassMap::default(),
        };
        let scoring = match (rfm.scores, &rfm.reference) {
            (ScoredBy::Frozen, Some(path)) => Scoring::Cuts(map_files::cuts(settings, path)?),
            _ => settings.rfm_scoring()?,
        };
        Ok(Self {
            map,
            words,
            eight,
            scoring,
            weights: settings.rfm_weights()?,
            new_within_days: segment.new_within_days,
        })
    }
}
