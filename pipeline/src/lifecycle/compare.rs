//! Two versions side by side, on customers whom neither has seen.

use std::fmt::Write as _;

use ndarray::{Array1, ArrayView1};
use regulars_models::metrics::{
    Interval, MetricError, ScoreDifferences, average_precision, log_loss, roc_auc,
    score_differences,
};
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Result};
use crate::lifecycle::evidence::{OnDate, Spoken, Which, evidence};
use crate::registry::{Figure, Version};
use crate::stages::Context;
use crate::stages::churn;
use crate::text::{begun, count, plural};
use crate::words::listed;

/// Draws of customers for the interval of a difference.
const RESAMPLES: usize = 500;

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Comparison {
    /// The first version: the champion, or A.
    pub first: Side,
    /// The second one: the challenger, or B.
    pub second: Side,
    /// The dates.
    pub dates: Vec<OnDate>,
    /// Customers, each once.
    pub customers: u64,
    /// Log loss of the second less that of the first; below 0 the second is better.
    pub log_loss: Figure,
    /// ROC AUC of the second less that of the first; above 0 the second is better.
    pub roc_auc: Figure,
    /// Average precision of the second less that of the first; above 0 the second is better.
    pub average_precision: Figure,
    /// What that comes to.
    pub verdict: Verdict,
}

/// One of the two.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Side {
    /// Its number.
    pub version: u32,
    /// What people call its model.
    pub title: String,
    /// Its log loss.
    pub log_loss: f64,
    /// Its area under the ROC curve.
    pub roc_auc: f64,
    /// Its average precision.
    pub average_precision: f64,
}

/// What a comparison comes to, by log loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The interval of the difference lies below 0: the second is better.
    SecondIsBetter,
    /// It lies above 0: the first is better.
    FirstIsBetter,
    /// It holds 0: chance alone may have made the difference.
    NoDifference,
}

/// Holds a second version against a first one.
///
/// # Errors
/// There is no date that neither has seen; what happened there cannot be measured.
pub fn compare(context: &Context<'_>, first: &Version, second: &Version) -> Result<Comparison> {
    let found = evidence(context, &[first, second], Spoken::Either)?;
    let unmeasured = |error: MetricError| {
        Failure::data(format!("the versions cannot be compared: {error}"))
            .hint("load a longer history, with more dates whose outcomes are known")
    };
    let labels = found.labels.view();
    let [a, b] = [0, 1].map(|place| found.scores[place].view());
    let owners = (found.owners.as_slice(), found.customers);
    context.progress.step("drawing customers again and again");
    let ScoreDifferences {
        roc_auc,
        average_precision,
        log_loss,
    } = score_differences(labels, [a, b], owners, RESAMPLES, context.seed).map_err(unmeasured)?;
    let log_loss = figure(log_loss);
    Ok(Comparison {
        first: side(first, labels, &found.scores[0]).map_err(unmeasured)?,
        second: side(second, labels, &found.scores[1]).map_err(unmeasured)?,
        dates: found.dates,
        customers: found.customers as u64,
        roc_auc: figure(roc_auc),
        average_precision: figure(average_precision),
        verdict: verdict(log_loss),
        log_loss,
    })
}

fn figure(Interval { value, low, high }: Interval) -> Figure {
    Figure { value, low, high }
}

fn verdict(log_loss: Figure) -> Verdict {
    if log_loss.high < 0.0 {
        Verdict::SecondIsBetter
    } else if log_loss.low > 0.0 {
        Verdict::FirstIsBetter
    } else {
        Verdict::NoDifference
    }
}

fn side(
    version: &Version,
    labels: ArrayView1<'_, bool>,
    scores: &Array1<f64>,
) -> Result<Side, MetricError> {
    Ok(Side {
        version: version.number(),
        title: version.record.model.title.clone(),
        log_loss: log_loss(labels, scores.view())?,
        roc_auc: roc_auc(labels, scores.view())?,
        average_precision: average_precision(labels, scores.view())?,
    })
}

impl Comparison {
    /// What it comes to, in a sentence.
    pub fn sentence(&self) -> String {
        let (a, b) = (self.first.version, self.second.version);
        let Figure { value, low, high } = self.log_loss;
        let by = tr!(
            "log loss {value}, 95 % of draws {low} to {high}",
            value = format!("{value:+.4}"),
            low = format!("{low:+.4}"),
            high = format!("{high:+.4}")
        );
        match self.verdict {
            Verdict::SecondIsBetter => tr!(
                "version {b} is better than version {a} ({by})",
                a = a,
                b = b,
                by = by
            ),
            Verdict::FirstIsBetter => tr!(
                "version {b} is worse than version {a} ({by})",
                a = a,
                b = b,
                by = by
            ),
            Verdict::NoDifference => tr!(
                "version {b} is not better than version {a} beyond chance ({by})",
                a = a,
                b = b,
                by = by
            ),
        }
    }

    /// The two side by side, for a terminal.
    pub fn table(&self) -> String {
        let (a, b) = (&self.first, &self.second);
        let mut text = String::new();
        let _ = writeln!(
            text,
            "{}\n{}\n",
            tr!(
                "A: version {version} ({model})",
                version = a.version,
                model = churn::title(&a.title)
            ),
            tr!(
                "B: version {version} ({model})",
                version = b.version,
                model = churn::title(&b.title)
            )
        );
        let (first, second) = ("A", "B");
        let _ = writeln!(
            text,
            "{:20} {first:>8} {second:>8} {:>9}  {}",
            "",
            "B - A",
            tr!("95 % of draws")
        );
        for (name, a, b, difference) in [
            (
                tr!("log loss (lower)"),
                a.log_loss,
                b.log_loss,
                self.log_loss,
            ),
            (tr!("ROC AUC"), a.roc_auc, b.roc_auc, self.roc_auc),
            (
                tr!("average precision"),
                a.average_precision,
                b.average_precision,
                self.average_precision,
            ),
        ] {
            let Figure { value, low, high } = difference;
            let _ = writeln!(
                text,
                "{name:20} {a:8.4} {b:8.4} {value:+9.4}  {}",
                tr!(
                    "{low} to {high}",
                    low = format!("{low:+.4}"),
                    high = format!("{high:+.4}")
                )
            );
        }
        text + &self.customers_and_verdict()
    }

    fn customers_and_verdict(&self) -> String {
        let mut text = String::new();
        let customers = plural(self.customers, "customer");
        let _ = writeln!(text, "\n{}", tr!("On {customers}:", customers = customers));
        for on in &self.dates {
            let _ = writeln!(
                text,
                "  {}",
                tr!(
                    "{day}: {left} of {customers} left{tested}",
                    day = on.date,
                    left = count(on.left),
                    customers = count(on.customers),
                    tested = tested(&on.by)
                )
            );
        }
        let sentence = self.sentence();
        let _ = writeln!(text, "\n{}", tr!("{words}.", words = begun(&sentence)));
        text
    }
}

/// Which versions have spoken as they were tested at a date, in words.
fn tested(by: &[Which]) -> String {
    let letters = ["A", "B"].into_iter().zip(by);
    let tested: Vec<&str> = letters
        .filter(|(_, which)| **which == Which::AsTested)
        .map(|(letter, _)| letter)
        .collect();
    match tested.as_slice() {
        [] => String::new(),
        some => tr!(
            " ({versions} as tested, without the outcomes of this date)",
            versions = listed(some)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn better_is_what_lies_beyond_the_interval() {
        let of = |low: f64, high: f64| {
            verdict(Figure {
                value: f64::midpoint(low, high),
                low,
                high,
            })
        };
        assert_eq!(of(-0.03, -0.01), Verdict::SecondIsBetter);
        assert_eq!(of(-0.03, 0.01), Verdict::NoDifference);
        assert_eq!(of(0.01, 0.03), Verdict::FirstIsBetter);
        assert_eq!(of(0.0, 0.0), Verdict::NoDifference);
    }
}
