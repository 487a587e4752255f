//! `churn`: who is leaving, learned from past dates whose outcome is known.

mod by_label;
mod calibrated;
mod choice;
mod contest;
mod figures;
mod files;
mod label_table;
mod lineup;
mod page;
mod reasons;
mod rows;
mod sets;
mod tables;
mod trials;
mod watch;

use arrow::array::UInt32Array;
use arrow::compute::take;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use self::contest::{Contest, Outcome};
use self::figures::Figures;
use self::rows::{Bought, eligible, labelled};
use self::sets::{Columns, Kind, Labelled};
use self::trials::{Trial, trials};
use super::{Context, Report};
use crate::config::Bands;
use crate::failure::{Failure, Result};
use crate::snapshot::{Snapshot, features_metrics};
use crate::warning::{WEAK_CHURN_MODEL, Warning};

pub use self::contest::{Calibration, ModelRow};
pub use self::label_table::meaning as label_meaning;
pub use self::lineup::BASELINE;

/// The stage's one name.
pub const NAME: &str = "churn";

/// Fewer labelled customers than this teach a model nothing that holds.
const LEAST_ROWS: usize = 50;
/// Reasons beside each score.
const REASONS: usize = 3;

/// What was learned, how good it is, and who was scored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Metrics {
    /// Whose probability the scores are, in words: a customer who does this.
    pub outcome: String,
    /// When everything is, where the outcome is seen in the history.
    #[serde(flatten)]
    pub dates: Option<Dates>,
    /// What the models are tested on, in words: a date, or customers held out.
    pub tested_on: String,
    /// Customers at all training dates together.
    pub train_rows: u64,
    /// Those of them who churned.
    pub train_churned: u64,
    /// Customers at the test date.
    pub test_rows: u64,
    /// Those of them who churned.
    pub test_churned: u64,
    /// Every model on the test date, best first.
    pub models: Vec<ModelRow>,
    /// The name of the model behind the scores.
    pub chosen: String,
    /// Why it was chosen.
    pub why: String,
    /// What the choice was made on; none where too few customers are there to hold any out.
    pub validation: Option<String>,
    /// What calibration does on the test date.
    pub calibration: Calibration,
    /// Figures of the delivered probabilities on the test date.
    pub delivered: Figures,
    /// Customers scored.
    pub scored: u64,
    /// How many in each risk band, highest first.
    pub bands: Vec<BandRow>,
}

/// The dates of a churn that is seen in the history.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Dates {
    /// A customer who buys nothing in this many days has churned.
    pub horizon_days: u32,
    /// Where scores are made.
    pub score_date: NaiveDate,
    /// Where models are tested; none of them has seen anything on or after it.
    pub test_date: NaiveDate,
    /// Every date on which models are tested, the last one being `test_date`.
    pub test_dates: Vec<String>,
    /// Where models learn.
    pub train_dates: Vec<NaiveDate>,
}

/// One risk band.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BandRow {
    /// high, medium or low.
    pub band: String,
    /// Customers in it.
    pub customers: u64,
}

impl Metrics {
    /// What a contest and the bands of its scores say.
    fn new(
        outcome: Outcome,
        said: String,
        dates: Option<Dates>,
        (set, test): (&Labelled, &Trial),
        bands: &[&str],
    ) -> Self {
        let [train, tested] = [&test.train, &test.test].map(|rows| set.part(rows.clone()));
        Self {
            outcome: said,
            dates,
            tested_on: test.name.clone(),
            train_rows: train.rows() as u64,
            train_churned: train.churned() as u64,
            test_rows: tested.rows() as u64,
            test_churned: tested.churned() as u64,
            chosen: outcome.model.name().to_owned(),
            models: outcome.models,
            why: outcome.why,
            validation: outcome.validation,
            calibration: outcome.calibration,
            delivered: outcome.delivered,
            scored: bands.len() as u64,
            bands: banded(bands),
        }
    }

    /// The figures of one model on the test date.
    pub fn model(&self, name: &str) -> Option<&ModelRow> {
        self.models.iter().find(|model| model.model == name)
    }
}

/// Learns, chooses, tests and scores.
pub fn run(context: &Context<'_>) -> Result<Report> {
    let settings = &context.settings.config.churn;
    if let Some(label) = &settings.label {
        return by_label::run(context, label);
    }
    let dates = features_metrics(context)?;
    let warehouse = context.warehouse()?;
    let Some(test_date) = dates.test_date.filter(|_| !dates.train_dates.is_empty()) else {
        return Err(Failure::data(format!(
            "the history from {} to {} is too short to learn from: a training date needs {} days before it and two horizons of {} days after it",
            warehouse.first_day, warehouse.end, settings.min_history_days, settings.horizon_days
        ))
        .hint("load a longer history, or set a smaller horizon_days or min_history_days under [churn]"));
    };
    context
        .progress
        .step(&format!("labels at {} dates", dates.train_dates.len() + 1));
    let labelled_dates: Vec<NaiveDate> = dates
        .train_dates
        .iter()
        .copied()
        .chain([test_date])
        .collect();
    let bought = Bought::read(warehouse, labelled_dates[0])?;
    // One snapshot after the other: their numbers take twice the memory of what models see.
    let sets = labelled_dates
        .iter()
        .map(|date| labelled(&Snapshot::read(context, *date)?, &bought, settings))
        .collect::<Result<Vec<Labelled>>>()?;
    drop(bought);
    let ends: Vec<usize> = sets
        .iter()
        .scan(0, |end, set| {
            *end += set.labels.len();
            Some(*end)
        })
        .collect();
    let set = Labelled::stack(&sets);
    drop(sets);
    let trials = trials(
        &labelled_dates,
        &ends,
        settings.horizon_days,
        settings.test_dates,
    )?;

    let scored = Snapshot::read(context, dates.score_date)?;
    let rows = eligible(&scored, settings)?;
    let features = scored.rows(&rows);
    let places: UInt32Array = rows.iter().map(|row| *row as u32).collect();
    let customers = take(&scored.customers, &places, None)?;
    let columns = Columns {
        kinds: vec![Kind::Number; scored.names.len()],
        baseline: scored.index("recency_days"),
        names: scored.names,
    };
    let contest = Contest {
        columns: &columns,
        settings,
        seed: context.seed,
        progress: context.progress,
        least_rows: LEAST_ROWS,
    };
    let outcome = contest.run(&set, &trials)?;
    let probabilities = outcome.probabilities(features.view());
    let bands: Vec<&str> = probabilities
        .iter()
        .map(|p| band(*p, &settings.bands))
        .collect();
    let reasons = match outcome.model.contributions(features.view()) {
        Some(contributions) => reasons::reasons(
            features.view(),
            contributions.view(),
            REASONS,
            |column| reasons::theme(&columns.names[column]),
            |column, value| {
                let currency = &context.settings.config.project.currency;
                reasons::phrase(&columns.names[column], value, currency)
            },
        ),
        None => vec![Vec::new(); rows.len()],
    };

    let mut files = context.files(NAME);
    let about = format!(
        "Who is leaving: the probability of buying nothing in the next {} days, and why",
        settings.horizon_days
    );
    let table = tables::scores(
        customers,
        probabilities.as_slice().unwrap_or_default(),
        &bands,
        &reasons,
        REASONS,
        None,
    )?;
    files.parquet_and_csv("churn", &about, &table)?;
    let words = files::Words {
        project: context.settings.config.project.name.clone(),
        bands: banded(&bands),
        outcome: format!("bought nothing for {} days", settings.horizon_days),
        learned: format!(
            "learned at {} dates up to {test_date}",
            labelled_dates.len()
        ),
        tested: format!("on {test_date}, which none had seen"),
        about: features_about(context, dates.score_date, &columns.names)?,
    };
    files::write(&mut files, &outcome, &columns, &words)?;

    let mut warnings = warehouse.warnings.clone();
    warnings.extend(outcome.warnings.iter().cloned());
    warnings.extend(weak(&outcome.models, &test_date.to_string()));
    let Some(last) = trials.last() else {
        return Err(Failure::machine("the contest had no test"));
    };
    let said = format!("buys nothing in the next {} days", settings.horizon_days);
    let when = Dates {
        horizon_days: settings.horizon_days,
        score_date: dates.score_date,
        test_date,
        test_dates: trials.iter().map(|trial| trial.name.clone()).collect(),
        train_dates: dates.train_dates,
    };
    let metrics = Metrics::new(outcome, said, Some(when), (&set, last), &bands);
    Ok(Report {
        as_of: Some(scored.as_of),
        rows_in: set.labels.len() as u64,
        rows_out: rows.len() as u64,
        warnings,
        ..Report::new(files, &metrics)?
    })
}

/// A warning where the chosen model does not beat what one column alone can do.
fn weak(models: &[ModelRow], test: &str) -> Option<Warning> {
    let chosen = models.iter().find(|row| row.chosen)?;
    let baseline = models.iter().find(|row| row.model == BASELINE)?;
    let name = |row: &ModelRow| row.title.clone();
    if chosen.model == BASELINE {
        let message = format!(
            "the scores are those of {} and of no model beside it",
            name(baseline)
        );
        return Some(Warning::new(WEAK_CHURN_MODEL, message));
    }
    if chosen.figures.roc_auc < baseline.figures.roc_auc {
        let message = format!(
            "on {test} {} (ROC AUC {:.3}) was worse than {} ({:.3}); do not act on its scores",
            name(chosen),
            chosen.figures.roc_auc,
            name(baseline),
            baseline.figures.roc_auc
        );
        return Some(Warning::new(WEAK_CHURN_MODEL, message));
    }
    let (ours, theirs) = chosen
        .validation_log_loss
        .zip(baseline.validation_log_loss)?;
    (theirs < ours).then(|| {
        let message = format!(
            "when the model was chosen, {} (log loss {theirs:.4}) was ahead of {} ({ours:.4}); look at churn_models.csv before acting on the scores",
            name(baseline),
            name(chosen)
        );
        Warning::new(WEAK_CHURN_MODEL, message)
    })
}

/// How many customers are in each risk band, highest first.
fn banded(bands: &[&str]) -> Vec<BandRow> {
    let count = |name: &str| bands.iter().filter(|band| **band == name).count() as u64;
    let row = |name: &str| BandRow {
        band: name.to_owned(),
        customers: count(name),
    };
    ["high", "medium", "low"].map(row).to_vec()
}

fn band(probability: f64, bands: &Bands) -> &'static str {
    if probability >= bands.high {
        "high"
    } else if probability >= bands.medium {
        "medium"
    } else {
        "low"
    }
}

/// What each feature means, from the snapshot's own column descriptions.
fn features_about(
    context: &Context<'_>,
    snapshot: NaiveDate,
    names: &[String],
) -> Result<Vec<String>> {
    let path = context.manifest.file(
        context.out,
        super::features::NAME,
        &super::features::file_name(snapshot),
    )?;
    let schema = crate::outputs::parquet_schema(&path)?;
    Ok(names
        .iter()
        .map(|name| {
            let field = schema.field_with_name(name).ok();
            field
                .and_then(|field| field.metadata().get("description").cloned())
                .unwrap_or_default()
        })
        .collect())
}
