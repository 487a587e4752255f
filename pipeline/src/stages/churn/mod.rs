//! `churn`: who is leaving, learned from past dates whose outcome is known.

mod label_table;
mod models;
mod reasons;
mod rows;

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::take;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use self::models::{BOOSTED, Fitted, ModelRow};
use self::rows::{Labelled, eligible};
use super::{Context, Report};
use crate::config::Bands;
use crate::failure::{Failure, Result};
use crate::outputs::Pending;
use crate::snapshot::{Snapshot, features_metrics};
use crate::table::{TableBuilder, numbers, text};
use crate::warning::{WEAK_CHURN_MODEL, Warning};

pub use self::models::RECENCY;

/// The stage's one name.
pub const NAME: &str = "churn";

/// Fewer labelled customers than this teach a model nothing that holds.
const LEAST_ROWS: usize = 50;
/// Reasons beside each score.
const REASONS: usize = 3;

/// What was learned, how good it is, and who was scored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Metrics {
    /// A customer who buys nothing in this many days has churned.
    pub horizon_days: u32,
    /// Where scores are made.
    pub score_date: NaiveDate,
    /// Where models are tested; none of them has seen anything on or after it.
    pub test_date: NaiveDate,
    /// Where models learn.
    pub train_dates: Vec<NaiveDate>,
    /// Customers at all training dates together.
    pub train_rows: u64,
    /// Those of them who churned.
    pub train_churned: u64,
    /// Customers at the test date.
    pub test_rows: u64,
    /// Those of them who churned.
    pub test_churned: u64,
    /// Every model on the test date.
    pub models: Vec<ModelRow>,
    /// The model behind the scores.
    pub chosen: String,
    /// Customers scored.
    pub scored: u64,
    /// How many in each risk band, highest first.
    pub bands: Vec<BandRow>,
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
    /// The figures of one model on the test date.
    pub fn model(&self, name: &str) -> Option<&ModelRow> {
        self.models.iter().find(|model| model.model == name)
    }
}

/// Learns, tests and scores.
pub fn run(context: &Context<'_>) -> Result<Report> {
    let settings = &context.settings.config.churn;
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
    let snapshots = labelled_dates
        .iter()
        .map(|date| Snapshot::read(context, *date))
        .collect::<Result<Vec<_>>>()?;
    let labels = rows::labels(warehouse, &snapshots, settings)?;
    let labelled: Vec<Labelled> = snapshots
        .iter()
        .zip(labels)
        .map(|(snapshot, churned)| Labelled::new(snapshot, &churned, settings))
        .collect::<Result<_>>()?;
    let (train, test) = labelled.split_at(labelled.len() - 1);
    let (train, test) = (Labelled::stack(train), &test[0]);
    for (what, set) in [("training dates", &train), ("test date", test)] {
        set.check(what, LEAST_ROWS)?;
    }
    let scored = Snapshot::read(context, dates.score_date)?;
    let rows = eligible(&scored, settings)?;
    let names = scored.names.clone();

    context
        .progress
        .step(&format!("learning from {} customers", train.labels.len()));
    let tested = Fitted::fit(&train, &names, context.seed)?;
    let models = tested.measure(test)?;
    // The scores of today come from everything that is known by today.
    context
        .progress
        .step("learning again from every known outcome");
    let whole = Labelled::stack(&labelled);
    let fitted = Fitted::fit_scoring(&whole, tested.trees(), context.seed)?;
    let features = scored.rows(&rows);
    let probabilities = fitted.boosted.predict_probability(features.view());
    let contributions = fitted.boosted.contributions(features.view());

    let bands: Vec<&str> = probabilities
        .iter()
        .map(|p| band(*p, &settings.bands))
        .collect();
    let reasons = reasons::reasons(
        &names,
        features.view(),
        contributions.view(),
        &context.settings.config.project.currency,
        REASONS,
    );
    let mut files = Pending::new(context.out, NAME);
    let about = format!(
        "Who is leaving: the probability of buying nothing in the next {} days, and why",
        settings.horizon_days
    );
    let table = score_table(
        &scored,
        &rows,
        probabilities.as_slice().unwrap_or_default(),
        &bands,
        &reasons,
    )?;
    files.parquet_and_csv("churn", &about, &table)?;
    files.parquet_and_csv(
        "churn_models",
        "Every model on the date that none had seen",
        &models::table(&models)?,
    )?;
    let importance = fitted.boosted.gain_importance().to_vec();
    files.parquet_and_csv(
        "churn_features",
        "What the scores look at, most important first",
        &importance_table(
            &features_about(context, dates.score_date, &names)?,
            &names,
            &importance,
        )?,
    )?;
    let outcome = format!("bought nothing for {} days", settings.horizon_days);
    let tree = format!(
        "Who {outcome}, learned at {} dates up to {test_date} and read from the top down.\n\n{}",
        labelled_dates.len(),
        fitted.tree.to_text(&names, "left")
    );
    files.text(
        "churn_tree.txt",
        "A tree that a person can read and follow by hand",
        &tree,
    )?;

    let mut warnings = warehouse.warnings.clone();
    let auc = |name: &str| {
        models
            .iter()
            .find(|model| model.model == name)
            .map_or(f64::NAN, |model| model.roc_auc)
    };
    if auc(BOOSTED) < auc(RECENCY) {
        let message = format!(
            "on {test_date} the churn model (ROC AUC {:.3}) was worse than recency alone ({:.3}); do not act on its scores",
            auc(BOOSTED),
            auc(RECENCY)
        );
        warnings.push(Warning::new(WEAK_CHURN_MODEL, message));
    }
    let count = |name: &str| bands.iter().filter(|band| **band == name).count() as u64;
    let metrics = Metrics {
        horizon_days: settings.horizon_days,
        score_date: dates.score_date,
        test_date,
        train_dates: dates.train_dates,
        train_rows: train.labels.len() as u64,
        train_churned: train.churned() as u64,
        test_rows: test.labels.len() as u64,
        test_churned: test.churned() as u64,
        models,
        chosen: BOOSTED.to_owned(),
        scored: rows.len() as u64,
        bands: ["high", "medium", "low"]
            .map(|name| BandRow {
                band: name.to_owned(),
                customers: count(name),
            })
            .to_vec(),
    };
    Ok(Report {
        as_of: Some(scored.as_of),
        rows_in: whole.labels.len() as u64,
        rows_out: rows.len() as u64,
        warnings,
        ..Report::new(files, &metrics)?
    })
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

fn score_table(
    scored: &Snapshot,
    rows: &[usize],
    probabilities: &[f64],
    bands: &[&str],
    reasons: &[Vec<String>],
) -> Result<RecordBatch> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|a, b| {
        probabilities[*b]
            .total_cmp(&probabilities[*a])
            .then(a.cmp(b))
    });
    let mut ranks = vec![0u32; rows.len()];
    for (rank, row) in order.iter().enumerate() {
        ranks[*row] = rank as u32 + 1;
    }
    let chosen: UInt32Array = rows.iter().map(|row| *row as u32).collect();
    let ranks: ArrayRef = Arc::new(UInt32Array::from(ranks));
    let mut table = TableBuilder::new()
        .column(
            "customer_id",
            "Who",
            take(&scored.customers, &chosen, None)?,
        )
        .column(
            "churn_probability",
            "Probability of buying nothing in the horizon",
            numbers(probabilities.iter().copied(), 6),
        )
        .column("band", "Risk band", text(bands))
        .column("rank", "1 is the customer most likely to leave", ranks);
    for place in 0..REASONS {
        let nth = reasons
            .iter()
            .map(|reasons| reasons.get(place).map_or("", String::as_str));
        let about = format!("What weighs most in the score, number {}", place + 1);
        table = table.column(&format!("reason_{}", place + 1), &about, text(nth));
    }
    table.build()
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

fn importance_table(about: &[String], names: &[String], importance: &[f64]) -> Result<RecordBatch> {
    let total: f64 = importance.iter().sum();
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by(|a, b| importance[*b].total_cmp(&importance[*a]).then(a.cmp(b)));
    let share = |place: &usize| {
        if total > 0.0 {
            importance[*place] / total
        } else {
            0.0
        }
    };
    TableBuilder::new()
        .column(
            "feature",
            "The feature",
            text(order.iter().map(|place| &names[*place])),
        )
        .column(
            "importance",
            "Share of what the boosted trees gained by splitting on it",
            numbers(order.iter().map(share), 6),
        )
        .column(
            "meaning",
            "What it is",
            text(order.iter().map(|place| &about[*place])),
        )
        .build()
}
