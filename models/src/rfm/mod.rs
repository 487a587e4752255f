//! Recency, frequency, monetary value: scores, named segments, value tiers.
//!
//! - `scores`: a number becomes a score from 1 to 5 by its mid-rank, equal numbers always the
//!   same score ([`midrank_scores`]).
//! - `segments`: the pair (R, FM) becomes a named segment by an exclusive and complete map
//!   ([`SegmentMap`]), with one line of description and a suggested action for each name
//!   ([`SEGMENT_GUIDES`]).
//! - `fit`: both together, for a whole table of customers ([`RfmParams`]).
//! - `cuts`: other ways to a score: fixed cut points, those of a reference, and quintiles within
//!   quintiles ([`Scoring`]).
//! - `ahp`: weights from comparisons in pairs ([`ahp_weights`]).
//! - `eight`: eight classes by high and low against the mean ([`EightClassMap`]).
//! - `pyramid`: VIP, major, ordinary and small customers ([`pyramid_tiers`]), and key accounts
//!   ([`key_accounts`]).
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

mod ahp;
mod cuts;
mod eight;
mod fit;
mod pyramid;
mod scores;
mod segments;
mod tiers;

pub use ahp::{AhpWeights, ahp_weights};
pub use cuts::{Cuts, Scoring};
pub use eight::{EightClassMap, HighLow};
pub use fit::{Rfm, RfmCustomer, RfmParams, RfmValidParams};
pub use pyramid::{KeyAccount, KeyAccountLimits, Pyramid, key_accounts, pyramid_tiers};
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
    /// Cut points that do not go towards the better side.
    #[error(
        "the cut points of {column} are {given:?}, but they must be numbers that {order}, from score 2 to the best"
    )]
    Cuts {
        /// Which input.
        column: &'static str,
        /// The points as given.
        given: Vec<f64>,
        /// Which way they have to go.
        order: &'static str,
    },
    /// Another number of cut points than there are scores.
    #[error(
        "{points} cut points make {} scores, but bins = {bins}; give {} of them",
        .points + 1,
        .bins - 1
    )]
    CutBins {
        /// How many were given.
        points: usize,
        /// Scale of the scores.
        bins: usize,
    },
    /// Comparisons in pairs that make no matrix of judgements.
    #[error("{problem}; give how many times as important each is as each other")]
    Judgements {
        /// What is wrong, and where.
        problem: String,
    },
    /// Comparisons in pairs that contradict each other.
    #[error(
        "the judgements contradict each other: their consistency ratio is {ratio:.3}, and above 0.1 weights mean nothing; compare again, beginning with the pair that is furthest from what the others say"
    )]
    Inconsistent {
        /// The consistency ratio.
        ratio: f64,
    },
    /// A cell of the eight-class map that nothing covers.
    #[error("no class covers {cell}; name every combination of high and low exactly once")]
    MissingClass {
        /// The first such cell, in words.
        cell: String,
    },
    /// A cell of the eight-class map that two rows claim.
    #[error(
        "the cell {cell} is claimed by `{first}` and again by `{second}`; name every combination of high and low exactly once"
    )]
    DoubledClass {
        /// The cell, in words.
        cell: String,
        /// The class that was named first.
        first: String,
        /// The class that was named again.
        second: String,
    },
    /// Shares of the pyramid that do not rise to 1.
    #[error(
        "the steps of the pyramid are {given:?}, but these shares of the customers must be above 0 and below 1 together, as in 0.01, 0.04, 0.15"
    )]
    Pyramid {
        /// As given.
        given: Vec<f64>,
    },
    /// Limits of key accounts that are no shares.
    #[error("{name} = {value}, but it is a share of the customers, above 0 and below 1")]
    KeyAccounts {
        /// Which limit.
        name: &'static str,
        /// As given.
        value: f64,
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
