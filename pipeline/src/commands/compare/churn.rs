//! Churn scores against the probabilities that nobody can improve on.

use std::collections::HashMap;
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::DataType;
use ndarray::Array1;
use regulars_datasets::history::truth::ChurnTruth;
use regulars_models::metrics::{brier, calibration_error, log_loss, roc_auc};

use crate::commands::compare::truth::Truth;
use crate::commands::compare::{Finding, column, numbers, ran, whole_numbers};
use crate::failure::{Failure, Result};
use crate::outputs::manifest::Manifest;
use crate::outputs::read_parquet;
use crate::stages::churn::{Metrics, NAME};
use crate::text::percent;
use crate::words::said;

/// Bins of the calibration error, as the run has them.
const BINS: usize = 10;

/// ROC AUC, Brier score and log loss of the run's models at the test date, and of the delivered
/// scores on what happened after the end of the history.
pub fn findings(run: &Path, manifest: &Manifest, truth: &Truth) -> Result<Vec<Finding>> {
    let Some((metrics, settings)) = ran::<Metrics>(manifest, NAME)? else {
        return Ok(Vec::new());
    };
    let Some(dates) = &metrics.dates else {
        return Ok(Vec::new()); // learned from a label, of which the truth knows nothing
    };
    let [at_test, at_score] = truth
        .world
        .churn_at([dates.test_date, dates.score_date], dates.horizon_days)
        .map_err(|error| Failure::data(error.to_string()))?;
    let eligible = |truth: &ChurnTruth| {
        truth.baskets >= settings.churn.min_baskets
            && truth.recency <= settings.churn.active_days as i32
    };
    let tested: Vec<ChurnTruth> = at_test.into_iter().filter(eligible).collect();
    let scores = read_parquet(&manifest.file(run, NAME, "churn.parquet")?)?;
    let mut findings = of_models(&metrics, &tested, &dates.test_date.to_string())?;
    findings.extend(of_scores(&scores, at_score, &dates.score_date.to_string())?);
    Ok(findings)
}

/// The models at the test date.
fn of_models(metrics: &Metrics, tested: &[ChurnTruth], date: &str) -> Result<Vec<Finding>> {
    let best = Best::new(tested)?;
    let mut findings = Vec::new();
    for model in &metrics.models {
        let name = match model.model == metrics.chosen {
            true => tr!(
                "test date, ROC AUC, {model} (chosen)",
                model = said(&model.title)
            ),
            false => tr!("test date, ROC AUC, {model}", model = said(&model.title)),
        };
        let note = if findings.is_empty() {
            best.note(date)
        } else {
            String::new()
        };
        let finding = Finding::new(NAME, name, model.figures.roc_auc);
        findings.push(finding.best(best.observed.auc).note(note));
    }
    let delivered = &metrics.delivered;
    let customers = Finding::count(NAME, tr!("test date, customers"), metrics.test_rows);
    findings.extend([
        Finding::new(NAME, tr!("test date, Brier score"), delivered.brier)
            .best(best.observed.brier),
        Finding::new(NAME, tr!("test date, log loss"), delivered.log_loss)
            .best(best.observed.log_loss),
        Finding::new(
            NAME,
            tr!("test date, calibration error"),
            delivered.calibration_error,
        )
        .best(best.observed.calibration_error),
        customers.best(tested.len() as f64),
    ]);
    Ok(findings)
}

/// What was delivered, on what happened next.
fn of_scores(scores: &RecordBatch, truths: Vec<ChurnTruth>, date: &str) -> Result<Vec<Finding>> {
    let ids = whole_numbers(scores, "customer_id")?;
    let probabilities = numbers(scores, "churn_probability")?;
    let everybody = truths.len() as f64;
    let truths: HashMap<i64, ChurnTruth> = truths
        .into_iter()
        .map(|truth| (truth.customer as i64, truth))
        .collect();
    let reasons = column(scores, "reason_1", &DataType::Utf8)?;
    let of_truth: Vec<usize> = (0..ids.len())
        .filter(|row| truths.contains_key(&ids[*row]))
        .collect();
    let rows = of_truth.len() as u64;
    let reason =
        |row: usize| reasons.is_valid(row) && !reasons.as_string::<i32>().value(row).is_empty();
    let with_reason = of_truth.iter().filter(|row| reason(**row)).count() as u64;
    let (known, probabilities): (Vec<ChurnTruth>, Vec<f64>) = ids
        .iter()
        .zip(probabilities)
        // Who has lapsed has a row and no probability.
        .filter(|(_, probability)| !probability.is_nan())
        .filter_map(|(id, probability)| Some((*truths.get(id)?, probability)))
        .unzip();
    let best = Best::new(&known)?;
    let expected = probabilities.iter().sum::<f64>() / probabilities.len() as f64;
    let ours = Figures::new(&known, probabilities)?;
    let finding = |figure: &str, of: fn(&Figures) -> f64| {
        let measure = tr!("scores, {figure} on what came next", figure = said(figure));
        Finding::new(NAME, measure, of(&ours)).best(of(&best.observed))
    };
    Ok(vec![
        finding(mark!("ROC AUC"), |figures| figures.auc).note(best.note(date)),
        finding(mark!("Brier score"), |figures| figures.brier),
        finding(mark!("log loss"), |figures| figures.log_loss),
        finding(mark!("calibration error"), |figures| {
            figures.calibration_error
        }),
        Finding::new(NAME, tr!("scores, share said to leave"), expected)
            .best(best.churned)
            .note(tr!("{date}, and the share that left", date = date)),
        Finding::new(
            NAME,
            tr!("scores, share said to leave by the law"),
            best.expected,
        )
        .best(best.churned),
        Finding::count(NAME, tr!("customers with a row"), rows)
            .best(everybody)
            .note(tr!("everybody who had bought by then")),
        Finding::count(NAME, tr!("customers with a row and a reason"), with_reason).best(everybody),
    ])
}

struct Figures {
    auc: f64,
    brier: f64,
    log_loss: f64,
    calibration_error: f64,
}

impl Figures {
    fn new(truths: &[ChurnTruth], probabilities: Vec<f64>) -> Result<Self> {
        let labels: Array1<bool> = truths.iter().map(|truth| truth.churned).collect();
        let scores = Array1::from(probabilities);
        let figure = |value: Result<f64, _>| {
            value.map_err(|error: regulars_models::metrics::MetricError| {
                Failure::data(format!("the truth about churn: {error}"))
                    .hint("generate more customers")
            })
        };
        Ok(Self {
            auc: figure(roc_auc(labels.view(), scores.view()))?,
            brier: figure(brier(labels.view(), scores.view()))?,
            log_loss: figure(log_loss(labels.view(), scores.view()))?,
            calibration_error: figure(calibration_error(labels.view(), scores.view(), BINS))?,
        })
    }
}

/// The figures of the true probabilities.
struct Best {
    observed: Figures,
    everything: Figures,
    churned: f64,
    /// The mean of the true probabilities, given what the files show.
    expected: f64,
}

impl Best {
    fn new(truths: &[ChurnTruth]) -> Result<Self> {
        let churned = truths.iter().filter(|truth| truth.churned).count();
        Ok(Self {
            observed: Figures::new(truths, truths.iter().map(|t| t.observed).collect())?,
            everything: Figures::new(truths, truths.iter().map(|t| t.everything).collect())?,
            churned: churned as f64 / truths.len() as f64,
            expected: truths.iter().map(|t| t.observed).sum::<f64>() / truths.len() as f64,
        })
    }

    fn note(&self, date: &str) -> String {
        tr!(
            "{date}, {share} leave; who knew type, rate and who had left: {auc}",
            date = date,
            share = percent(self.churned),
            auc = format!("{:.4}", self.everything.auc)
        )
    }
}
