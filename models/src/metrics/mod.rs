//! How good a score is: ranking, probabilities, concentration, and lists of suggestions.
//!
//! Labels are `bool`, scores `f64`, one a row; a higher score means "more likely `true`".
//! Everything is `O(n log n)` or less. Rows with equal scores are never told apart by their
//! order: each measure says what it does with them. `NaN` scores are refused with their row.

use ndarray::ArrayView1;
use thiserror::Error;

mod bootstrap;
mod differences;
mod intervals;
pub(crate) mod ndcg;
mod own_value;
mod profit;
mod ranking;
mod reliability;
mod stability;

pub use bootstrap::{Interval, bootstrap};
pub use differences::{ScoreDifferences, score_differences};
pub use intervals::{ScoreIntervals, score_intervals};
pub use ndcg::ndcg;
pub use own_value::{contact_profit, expected_maximum_profit_by_value, maximum_profit_by_value};
pub use profit::{
    CampaignTerms, Profit, ProfitError, expected_maximum_profit, maximum_profit, profit_curve,
};
pub use ranking::{RankingQuality, ranking_quality};
pub use reliability::{
    BrierParts, ReliabilityBin, brier_parts, calibration_error, reliability_bins,
};
pub use stability::{Stability, stability};

/// Why a measure has no value.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum MetricError {
    /// Nothing to measure.
    #[error("there are no rows to measure")]
    NoRows,
    /// Labels and scores differ in number.
    #[error("{labels} labels for {scores} scores; give one score a label")]
    Lengths {
        /// Labels given.
        labels: usize,
        /// Scores given.
        scores: usize,
    },
    /// One label only.
    #[error("all {rows} rows are labelled {label}; this measure needs rows of both labels")]
    OneClass {
        /// The only label.
        label: bool,
        /// Rows given.
        rows: usize,
    },
    /// A score that is not a number, or not a finite one where that is needed.
    #[error("the score of row {row} is NaN or infinite; scores must be numbers")]
    NotANumber {
        /// Row, counted from 0.
        row: usize,
    },
    /// A probability outside 0 to 1.
    #[error("the probability of row {row} is {value}; probabilities lie between 0 and 1")]
    NotAProbability {
        /// Row, counted from 0.
        row: usize,
        /// The value given.
        value: f64,
    },
    /// A share outside 0 (excluded) to 1.
    #[error("share = {0}; choose a share above 0 and at most 1")]
    Share(f64),
    /// A value that cannot be part of a total.
    #[error("the value of row {row} is {value}; concentration needs finite values, 0 or more")]
    NotAnAmount {
        /// Row, counted from 0.
        row: usize,
        /// The value given.
        value: f64,
    },
    /// Values that sum to zero.
    #[error("all values are 0, so no part of them is a share of anything")]
    NoTotal,
    /// A length of list, a number of bins or of resamples of zero.
    #[error("0 places, bins or resamples; at least 1 is needed")]
    NoPlaces,
    /// A row of nobody.
    #[error("the owner of row {row} is not among those counted")]
    Owner {
        /// Row, counted from 0.
        row: usize,
    },
    /// A relevance outside 0 to 30.
    #[error("the relevance of row {row} is {value}; relevances lie between 0 and 30")]
    Relevance {
        /// Row, counted from 0.
        row: usize,
        /// The value given.
        value: f32,
    },
}

/// Rows with one score, taken together.
struct Tie {
    positives: f64,
    rows: f64,
}

/// The rows by falling score, equal scores as one; checked.
fn ties(
    labels: ArrayView1<'_, bool>,
    scores: ArrayView1<'_, f64>,
) -> Result<Vec<Tie>, MetricError> {
    check_lengths(labels, scores)?;
    if let Some(row) = scores.iter().position(|s| s.is_nan()) {
        return Err(MetricError::NotANumber { row });
    }
    let mut order: Vec<(f64, bool)> = scores.iter().copied().zip(labels.iter().copied()).collect();
    order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    // `==` makes one score of -0.0 and 0.0, which are neighbours in the total order.
    Ok(order
        .chunk_by(|a, b| a.0 == b.0)
        .map(|tie| Tie {
            positives: tie.iter().filter(|(_, label)| *label).count() as f64,
            rows: tie.len() as f64,
        })
        .collect())
}

fn check_lengths(
    labels: ArrayView1<'_, bool>,
    scores: ArrayView1<'_, f64>,
) -> Result<(), MetricError> {
    if labels.len() != scores.len() {
        return Err(MetricError::Lengths {
            labels: labels.len(),
            scores: scores.len(),
        });
    }
    if labels.is_empty() {
        return Err(MetricError::NoRows);
    }
    Ok(())
}

/// Refuses scores that are not finite.
pub(crate) fn check_scores(
    labels: ArrayView1<'_, bool>,
    scores: ArrayView1<'_, f64>,
) -> Result<(), MetricError> {
    check_lengths(labels, scores)?;
    match scores.iter().position(|score| !score.is_finite()) {
        Some(row) => Err(MetricError::NotANumber { row }),
        None => Ok(()),
    }
}

/// Positives and rows in all.
fn totals(ties: &[Tie]) -> (f64, f64) {
    ties.iter()
        .fold((0.0, 0.0), |(p, n), tie| (p + tie.positives, n + tie.rows))
}

pub(crate) fn both_classes(positives: f64, rows: f64) -> Result<(), MetricError> {
    if positives == 0.0 || positives == rows {
        return Err(MetricError::OneClass {
            label: positives > 0.0,
            rows: rows as usize,
        });
    }
    Ok(())
}

/// The area under the ROC curve: the chance that a row labelled `true` scores higher than one
/// labelled `false`, equal scores counted half (the Mann-Whitney statistic with mid-ranks;
/// Hanley and McNeil 1982).
///
/// # Errors
/// [`MetricError::OneClass`], [`MetricError::NoRows`], [`MetricError::Lengths`],
/// [`MetricError::NotANumber`].
pub fn roc_auc(
    labels: ArrayView1<'_, bool>,
    scores: ArrayView1<'_, f64>,
) -> Result<f64, MetricError> {
    let ties = ties(labels, scores)?;
    let (positives, rows) = totals(&ties);
    both_classes(positives, rows)?;
    let mut below = rows - positives;
    let mut wins = 0.0;
    for tie in &ties {
        let negatives = tie.rows - tie.positives;
        below -= negatives;
        wins += tie.positives * (below + negatives / 2.0);
    }
    Ok(wins / (positives * (rows - positives)))
}

/// The Kolmogorov-Smirnov distance: how far the scores of the two labels are apart at the cut-off
/// where they are furthest, from 0 to 1. Equal scores are on one side of every cut-off.
///
/// # Errors
/// As [`roc_auc`].
pub fn kolmogorov_smirnov(
    labels: ArrayView1<'_, bool>,
    scores: ArrayView1<'_, f64>,
) -> Result<f64, MetricError> {
    let ties = ties(labels, scores)?;
    let (positives, rows) = totals(&ties);
    both_classes(positives, rows)?;
    let (mut found, mut seen, mut furthest) = (0.0, 0.0, 0.0_f64);
    for tie in &ties {
        found += tie.positives;
        seen += tie.rows;
        let apart: f64 = found / positives - (seen - found) / (rows - positives);
        furthest = furthest.max(apart.abs());
    }
    Ok(furthest)
}

/// Average precision: the precision at each threshold, weighed by the recall it adds, without
/// interpolation; equal scores are one threshold (scikit-learn's definition).
///
/// # Errors
/// [`MetricError::OneClass`] when no row is labelled `true`; otherwise as [`roc_auc`]. When all
/// rows are, it is 1.
pub fn average_precision(
    labels: ArrayView1<'_, bool>,
    scores: ArrayView1<'_, f64>,
) -> Result<f64, MetricError> {
    let ties = ties(labels, scores)?;
    let (positives, rows) = totals(&ties);
    if positives == 0.0 {
        return Err(MetricError::OneClass {
            label: false,
            rows: rows as usize,
        });
    }
    let (mut found, mut seen, mut sum) = (0.0, 0.0, 0.0);
    for tie in &ties {
        found += tie.positives;
        seen += tie.rows;
        sum += tie.positives * found / seen;
    }
    Ok(sum / positives)
}

/// How many times more often a row is `true` among the `share` of rows with the highest scores
/// than among all rows.
///
/// `share` is above 0 and at most 1. The cut may fall within a row, which then counts in part,
/// and within rows of one score, which then count by expectation: as if drawn by lot.
///
/// # Errors
/// [`MetricError::Share`]; [`MetricError::OneClass`] when no row is labelled `true`; otherwise
/// as [`roc_auc`].
pub fn lift_at(
    labels: ArrayView1<'_, bool>,
    scores: ArrayView1<'_, f64>,
    share: f64,
) -> Result<f64, MetricError> {
    if !(share > 0.0 && share <= 1.0) {
        return Err(MetricError::Share(share));
    }
    let ties = ties(labels, scores)?;
    let (positives, rows) = totals(&ties);
    if positives == 0.0 {
        return Err(MetricError::OneClass {
            label: false,
            rows: rows as usize,
        });
    }
    let top = share * rows;
    let (mut left, mut found) = (top, 0.0);
    for tie in &ties {
        let taken = tie.rows.min(left);
        found += tie.positives * taken / tie.rows;
        left -= taken;
        if left <= 0.0 {
            break;
        }
    }
    Ok(found / top / (positives / rows))
}

fn check_probabilities(
    labels: ArrayView1<'_, bool>,
    probabilities: ArrayView1<'_, f64>,
) -> Result<(), MetricError> {
    check_lengths(labels, probabilities)?;
    match probabilities.iter().position(|p| !(0.0..=1.0).contains(p)) {
        Some(row) => Err(MetricError::NotAProbability {
            row,
            value: probabilities[row],
        }),
        None => Ok(()),
    }
}

/// The Brier score: the mean squared difference of probability and outcome (Brier 1950, in the
/// form for two outcomes). 0 is perfect; always saying the base rate `b` scores `b (1 - b)`.
///
/// # Errors
/// [`MetricError::NotAProbability`], [`MetricError::NoRows`], [`MetricError::Lengths`].
pub fn brier(
    labels: ArrayView1<'_, bool>,
    probabilities: ArrayView1<'_, f64>,
) -> Result<f64, MetricError> {
    check_probabilities(labels, probabilities)?;
    let sum: f64 = labels
        .iter()
        .zip(probabilities)
        .map(|(label, p)| {
            let off = p - if *label { 1.0 } else { 0.0 };
            off * off
        })
        .sum();
    Ok(sum / labels.len() as f64)
}

/// Probabilities are kept this far from 0 and 1 by [`log_loss`].
pub const LOG_LOSS_CLIP: f64 = 1e-15;

/// The mean log loss, `-ln` of the probability given to what happened. Probabilities are first
/// clipped to `1e-15..=1 - 1e-15`, so that one sure mistake costs 34.5 rather than infinity.
///
/// # Errors
/// [`MetricError::NotAProbability`], [`MetricError::NoRows`], [`MetricError::Lengths`].
pub fn log_loss(
    labels: ArrayView1<'_, bool>,
    probabilities: ArrayView1<'_, f64>,
) -> Result<f64, MetricError> {
    check_probabilities(labels, probabilities)?;
    let sum: f64 = labels
        .iter()
        .zip(probabilities)
        .map(|(label, p)| {
            let p = p.clamp(LOG_LOSS_CLIP, 1.0 - LOG_LOSS_CLIP);
            -libm::log(if *label { p } else { 1.0 - p })
        })
        .sum();
    Ok(sum / labels.len() as f64)
}

/// The values in falling order and their total; checked.
fn amounts(values: ArrayView1<'_, f64>) -> Result<(Vec<f64>, f64), MetricError> {
    if values.is_empty() {
        return Err(MetricError::NoRows);
    }
    if let Some(row) = values.iter().position(|v| !(v.is_finite() && *v >= 0.0)) {
        return Err(MetricError::NotAnAmount {
            row,
            value: values[row],
        });
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let total: f64 = sorted.iter().sum();
    if total == 0.0 {
        return Err(MetricError::NoTotal);
    }
    Ok((sorted, total))
}

/// The Gini coefficient of values such as spend a customer: 0 when all are equal, towards 1
/// when one has everything (`1 - 1/n` for `n` values). Half the mean absolute difference of two
/// values drawn with replacement, over the mean.
///
/// # Errors
/// [`MetricError::NotAnAmount`], [`MetricError::NoRows`], [`MetricError::NoTotal`].
pub fn gini(values: ArrayView1<'_, f64>) -> Result<f64, MetricError> {
    let (sorted, total) = amounts(values)?;
    let n = sorted.len() as f64;
    // With values falling, x_i (counted from 1) is in (n - i) pairs the smaller's larger one.
    let sum: f64 = sorted
        .iter()
        .enumerate()
        .map(|(i, v)| (n - 1.0 - 2.0 * i as f64) * v)
        .sum();
    Ok(sum / (n * total))
}

/// The part of the total that the `share` of rows with the highest values have; a row at the
/// cut counts in part.
///
/// # Errors
/// [`MetricError::Share`], and as [`gini`].
pub fn top_share(values: ArrayView1<'_, f64>, share: f64) -> Result<f64, MetricError> {
    if !(share > 0.0 && share <= 1.0) {
        return Err(MetricError::Share(share));
    }
    let (sorted, total) = amounts(values)?;
    let top = share * sorted.len() as f64;
    let sum: f64 = sorted
        .iter()
        .enumerate()
        .map(|(i, v)| v * (top - i as f64).clamp(0.0, 1.0))
        .sum();
    Ok(sum / total)
}

#[cfg(test)]
mod tests;
