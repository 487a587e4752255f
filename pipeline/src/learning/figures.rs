//! How good probabilities are on rows that the model had not seen.

use ndarray::{Array1, ArrayView1};
use regulars_models::associations::wilson_interval;
use regulars_models::metrics::{
    self, CampaignTerms, Interval, MetricError, ProfitError, average_precision, brier_parts,
    calibration_error, expected_maximum_profit, expected_maximum_profit_by_value,
    kolmogorov_smirnov, lift_at, log_loss, maximum_profit, maximum_profit_by_value, roc_auc,
    score_intervals,
};
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Result};

/// The share of rows whose lift is reported.
const DEPTH: f64 = 0.1;
/// Bins of the calibration error, the parts of the Brier score and the reliability diagram.
pub const BINS: usize = 10;
/// Resamples of rows for an interval.
const RESAMPLES: usize = 200;

/// In the table of the calibration: probabilities as the model gives them.
pub const AS_LEARNED: &str = mark!("as learned");
/// In the table of the calibration: the delivered ones.
pub const CALIBRATED: &str = mark!("calibrated");

/// In the table of the calibration: the delivered ones where they are corrected for the season.
pub const FOR_THE_SEASON: &str = mark!("corrected for the season");

/// What a model reaches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Area under the ROC curve.
    pub roc_auc: f64,
    /// Average precision.
    pub average_precision: f64,
    /// Yeses in the top tenth over those in a tenth drawn at random.
    pub lift_top_tenth: f64,
    /// Brier score.
    pub brier: f64,
    /// How far the probabilities in a bin are from what happened there.
    pub brier_reliability: f64,
    /// How far what happened in a bin is from what happens at large.
    pub brier_resolution: f64,
    /// What the outcomes alone make of it.
    pub brier_uncertainty: f64,
    /// What probabilities that differ within a bin add.
    pub brier_within: f64,
    /// Log loss.
    pub log_loss: f64,
    /// Expected calibration error.
    pub calibration_error: f64,
    /// Kolmogorov-Smirnov distance.
    pub kolmogorov_smirnov: f64,
    /// Expected maximum profit of a campaign for each row.
    pub expected_maximum_profit: f64,
    /// The share of rows to contact for it.
    pub expected_maximum_profit_share: f64,
    /// Maximum profit of a campaign for each row, with the mean acceptance.
    pub maximum_profit: f64,
    /// The share of rows to contact for it.
    pub maximum_profit_share: f64,
}

impl Figures {
    /// Measures probabilities against what happened.
    pub fn measure(
        labels: ArrayView1<'_, bool>,
        probabilities: ArrayView1<'_, f64>,
        terms: &CampaignTerms,
    ) -> Result<Self, ProfitError> {
        let parts = brier_parts(labels, probabilities, BINS)?;
        let expected = expected_maximum_profit(labels, probabilities, terms)?;
        let best = maximum_profit(labels, probabilities, terms)?;
        Ok(Self {
            roc_auc: roc_auc(labels, probabilities)?,
            average_precision: average_precision(labels, probabilities)?,
            lift_top_tenth: lift_at(labels, probabilities, DEPTH)?,
            brier: parts.brier,
            brier_reliability: parts.reliability,
            brier_resolution: parts.resolution,
            brier_uncertainty: parts.uncertainty,
            brier_within: parts.within,
            log_loss: log_loss(labels, probabilities)?,
            calibration_error: calibration_error(labels, probabilities, BINS)?,
            kolmogorov_smirnov: kolmogorov_smirnov(labels, probabilities)?,
            expected_maximum_profit: expected.per_customer,
            expected_maximum_profit_share: expected.share,
            maximum_profit: best.per_customer,
            maximum_profit_share: best.share,
        })
    }
}

impl Figures {
    /// The same with the profits of campaigns among customers who are worth so much each.
    pub fn by_worth(
        self,
        labels: ArrayView1<'_, bool>,
        probabilities: ArrayView1<'_, f64>,
        worth: ArrayView1<'_, f64>,
        terms: &CampaignTerms,
    ) -> Result<Self, ProfitError> {
        let expected = expected_maximum_profit_by_value(labels, probabilities, worth, terms)?;
        let best = maximum_profit_by_value(labels, probabilities, worth, terms)?;
        Ok(Self {
            expected_maximum_profit: expected.per_customer,
            expected_maximum_profit_share: expected.share,
            maximum_profit: best.per_customer,
            maximum_profit_share: best.share,
            ..self
        })
    }
}

/// In which range a figure lies for 95 of 100 resamples of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl From<Interval> for Range {
    fn from(interval: Interval) -> Self {
        let Interval { low, high, .. } = interval;
        Self { low, high }
    }
}

/// Ranges of the three figures by which models are set beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranges {
    /// Of the area under the ROC curve.
    pub roc_auc_range: Range,
    /// Of the average precision.
    pub average_precision_range: Range,
    /// Of the log loss.
    pub log_loss_range: Range,
}

/// The ranges of several models on the same rows, by the same resamples.
pub fn ranges(
    labels: ArrayView1<'_, bool>,
    models: &[&Array1<f64>],
    seed: u64,
) -> Result<Vec<Ranges>> {
    let models: Vec<_> = models.iter().map(|scores| scores.view()).collect();
    let intervals = score_intervals(labels, &models, RESAMPLES, seed).map_err(unmeasured)?;
    let ranges = intervals.into_iter().map(|interval| Ranges {
        roc_auc_range: interval.roc_auc.into(),
        average_precision_range: interval.average_precision.into(),
        log_loss_range: interval.log_loss.into(),
    });
    Ok(ranges.collect())
}

/// A bin of probabilities, and what happened there.
#[derive(Clone, Debug, PartialEq)]
pub struct ReliabilityRow {
    /// Which probabilities: those of the model, or the delivered ones.
    pub scores: String,
    /// Rows in the bin.
    pub rows: u64,
    /// Those of them that are a yes.
    pub yes: u64,
    /// The lowest probability in it.
    pub from: f64,
    /// The highest probability in it.
    pub to: f64,
    /// The mean probability in it.
    pub mean: f64,
}

impl ReliabilityRow {
    /// The share of the bin's rows that are a yes.
    pub fn happened(&self) -> f64 {
        self.yes as f64 / self.rows as f64
    }

    /// The ends of the 95 % interval of that share (Wilson).
    pub fn interval(&self) -> [f64; 2] {
        wilson_interval(self.yes, self.rows)
    }
}

/// Probabilities beside what happened, in bins of about equal numbers of rows.
pub fn reliability(
    scores: &str,
    labels: ArrayView1<'_, bool>,
    probabilities: ArrayView1<'_, f64>,
) -> Result<Vec<ReliabilityRow>> {
    let bins = metrics::reliability_bins(labels, probabilities, BINS).map_err(unmeasured)?;
    let rows = bins.into_iter().map(|bin| ReliabilityRow {
        scores: scores.to_owned(),
        rows: bin.rows as u64,
        yes: bin.positives as u64,
        from: bin.lowest,
        to: bin.highest,
        mean: bin.mean,
    });
    Ok(rows.collect())
}

fn unmeasured(error: MetricError) -> Failure {
    Failure::data(format!("the models cannot be measured: {error}"))
}
