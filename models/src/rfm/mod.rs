//! Recency, frequency, monetary value: scores, named segments, value tiers.
//!
//! - `scores`: a number becomes a score from 1 to 5 by its mid-rank, equal numbers always the
//!   same score ([`midrank_scores`]).
//! - `segments`: the pair (R, FM) becomes a named segment by an exclusive and complete map
//!   ([`SegmentMap`]), with one line of description and a suggested action for each name
//!   ([`SEGMENT_GUIDES`]).
//! - `fit`: both together, for a whole table of customers ([`RfmParams`]).
//! - `tiers`: A, B and C customers by cumulative share of spend ([`value_tiers`]), and how
//!   unequal the spend is ([`concentration`]).
//!
//! Customers without a purchase are not scored: the caller leaves them out and treats them as
//! a class of their own. A person who never bought is not a bad customer, and giving them
//! score 1 would push every real customer up.
//!
//! Source: Hughes, *Strategic Database Marketing*; Bult and Wansbeek, "Optimal Selection for
//! Direct Mail", *Marketing Science* 14(4), 1995. The mid-rank rule and the default map are
//! ours: published maps overlap in most cells, and quantile cuts split equal customers.

mod fit;
mod scores;
mod segments;
mod tiers;

pub use fit::{Rfm, RfmCustomer, RfmParams, RfmValidParams};
pub use scores::{Direction, Scores, midrank_scores};
pub use segments::{
    NewCustomerRule, SEGMENT_GUIDES, SegmentGuide, SegmentMap, SegmentRange, segment_guide,
};
pub use tiers::{Concentration, concentration, value_tiers};

/// What can be wrong with parameters or input of this module.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RfmError {
    /// A value that is not a finite number.
    #[error(
        "{column} is {value} at row {row} (counted from 0); leave customers without a known {column} out"
    )]
    NotFinite {
        /// Which input.
        column: &'static str,
        /// Row, counted from 0.
        row: usize,
        /// The value as given.
        value: f64,
    },
    /// Input columns of different lengths.
    #[error(
        "{column} has {found} rows, but recency has {expected}; give one value for every customer"
    )]
    Length {
        /// Which input.
        column: &'static str,
        /// Its length.
        found: usize,
        /// The length of recency.
        expected: usize,
    },
    /// A customer without a purchase.
    #[error(
        "frequency is {value} at row {row} (counted from 0); customers without a purchase are not scored, leave them out"
    )]
    NoPurchase {
        /// Row, counted from 0.
        row: usize,
        /// The frequency as given.
        value: f64,
    },
    /// A purchase on or after the as-of date.
    #[error(
        "recency is {value} days at row {row} (counted from 0), so a purchase lies after the as-of date; use only interactions before it"
    )]
    AfterAsOf {
        /// Row, counted from 0.
        row: usize,
        /// The recency as given.
        value: f64,
    },
    /// A first purchase later than the last one.
    #[error(
        "tenure is {tenure} days and recency {recency} days at row {row} (counted from 0), so the first purchase lies after the last; tenure counts from the first purchase to the as-of date"
    )]
    FirstAfterLast {
        /// Row, counted from 0.
        row: usize,
        /// Days since the first purchase.
        tenure: f64,
        /// Days since the last purchase.
        recency: f64,
    },
    /// A number of bins that makes no scale.
    #[error("bins = {0}, but it must lie between 2 and 100; 5 is usual")]
    Bins(usize),
    /// The map and the scores have different scales.
    #[error(
        "the segment map has scores from 1 to {map}, but bins = {bins}; give a map of {bins} x {bins} cells"
    )]
    MapBins {
        /// Scale of the map.
        map: usize,
        /// Scale of the scores.
        bins: usize,
    },
    /// The limit of days for new customers.
    #[error("new_within_days = {0}, but it must be a number of days, 0 or more")]
    NewWithinDays(f64),
    /// Cells that no segment covers.
    #[error("no segment covers {}; name every cell exactly once", list_cells(.cells, *.count))]
    MissingCells {
        /// The first missing cells as (R, FM), at most five.
        cells: Vec<(usize, usize)>,
        /// How many are missing.
        count: usize,
    },
    /// A cell that two segments claim.
    #[error(
        "the cell R = {r}, FM = {fm} is claimed by `{first}` and again by `{second}`; name every cell exactly once"
    )]
    DoubledCell {
        /// R score.
        r: usize,
        /// FM score.
        fm: usize,
        /// The segment that was named first.
        first: String,
        /// The segment that was named again.
        second: String,
    },
    /// A range of cells outside the map or upside down.
    #[error(
        "segment `{name}` covers {axis} = {low} to {high}, but scores run from 1 to {bins}, the lower bound first"
    )]
    CellRange {
        /// The segment.
        name: String,
        /// `R` or `FM`.
        axis: &'static str,
        /// Lower bound as given.
        low: usize,
        /// Upper bound as given.
        high: usize,
        /// Scale of the map.
        bins: usize,
    },
    /// A segment without a name.
    #[error("a segment of the map has an empty name; give every segment a name")]
    EmptyName,
    /// The rule for new customers names a segment that the map does not have.
    #[error("the rule for new customers names `{name}`, but the map has only {known}")]
    UnknownSegment {
        /// The name as given.
        name: String,
        /// The names of the map.
        known: String,
    },
    /// Limits of value tiers that do not rise to 1.
    #[error(
        "value tier limits are {given:?}, but they must rise from above 0 and end at 1, as in 0.8, 0.95, 1"
    )]
    TierLimits {
        /// The limits as given.
        given: Vec<f64>,
    },
}

fn list_cells(cells: &[(usize, usize)], count: usize) -> String {
    let mut text = cells
        .iter()
        .map(|(r, fm)| format!("R = {r}, FM = {fm}"))
        .collect::<Vec<_>>()
        .join("; ");
    if count > cells.len() {
        text.push_str(&format!(" and {} more cells", count - cells.len()));
    }
    text
}

/// Refuses the first value that is not finite, saying where it stands.
fn check_finite(column: &'static str, values: &[f64]) -> Result<(), RfmError> {
    match values.iter().position(|v| !v.is_finite()) {
        Some(row) => Err(RfmError::NotFinite {
            column,
            row,
            value: values[row],
        }),
        None => Ok(()),
    }
}
