//! Whether customers are still as they were when a version was learned, and what it says of them.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use chrono::NaiveDate;
use ndarray::{Array1, ArrayView1, ArrayView2};
use regulars_models::format::SavedModel;
use regulars_models::metrics::{Stability, stability};
use serde::{Deserialize, Serialize};

use crate::failure::{Cause, Failure, Result};
use crate::learning::figures::{Figures, ranges};
use crate::learning::score::score as give;
use crate::lifecycle::evidence::{Spoken, evidence};
use crate::lifecycle::score::population;
use crate::outputs::table::{TableBuilder, numbers, text};
use crate::registry::{Column, Figure, Reference, Shape, Version, single};
use crate::stages::churn::Population;
use crate::stages::{Context, Report};
use crate::text::{count, percent, plural};
use crate::warning::{DRIFT, Warning};

/// The command's one name, and its own in the manifest.
pub const NAME: &str = "drift";

/// What the table calls the scores, among the features.
const SCORE: &str = "churn_probability";

/// As many features are named in a message.
const NAMED: usize = 5;

/// What it leaves in the manifest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Metrics {
    /// The version.
    pub version: u32,
    /// The date of its reference; none with a label.
    pub then: Option<NaiveDate>,
    /// The date that it is held against.
    pub now: Option<NaiveDate>,
    /// Customers then and now.
    pub customers: [u64; 2],
    /// The mean probability then and now.
    pub mean_score: [f64; 2],
    /// The features that have drifted, in the order of the table.
    pub drifted: Vec<String>,
    /// Whether the scores have.
    pub scores_drifted: bool,
    /// How good the version is on outcomes that it has not seen.
    pub since: Since,
}

/// What has become of customers since a version was learned.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Since {
    /// Nothing that is known yet, and why.
    Nothing(String),
    /// Outcomes of these dates.
    Outcomes {
        /// The dates.
        dates: Vec<NaiveDate>,
        /// Customers at all of them together.
        customers: u64,
        /// The share that left.
        left: f64,
        /// The mean probability that the version gave them.
        said: f64,
        /// Log loss.
        log_loss: Figure,
        /// Area under the ROC curve.
        roc_auc: Figure,
        /// Expected calibration error.
        calibration_error: f64,
    },
}

/// One feature, or the scores, then and now.
struct Row {
    name: String,
    about: String,
    importance: f64,
    found: Stability,
    missing: [f64; 2],
    drifted: bool,
}

/// Holds the customers of now against those that a version was learned with.
///
/// # Errors
/// The version is of other settings or features, or its files are not what was stored.
pub fn drift(context: &Context<'_>, version: &Version) -> Result<Report> {
    let reference = version.reference()?;
    let population = population(context, version)?;
    let model = version.model()?;
    let scores = give(&model, population.features.view())?.probabilities;
    if scores.is_empty() || reference.customers == 0 {
        return Err(Failure::data(format!(
            "there are {} now and were {} when version {} was learned, and nothing to hold against each other",
            plural(scores.len() as u64, "customer"),
            count(reference.customers),
            version.number()
        ))
        .hint("look at min_baskets and active_days under [churn]"));
    }
    let most = context.settings.config.models.max_psi;
    let rows = rows((&reference, &model), &population, &scores, most)?;
    let since = since(context, version)?;
    let means = [reference.mean_score, scores.mean().unwrap_or_default()];
    let metrics = Metrics {
        version: version.number(),
        then: reference.as_of,
        now: population.as_of,
        customers: [reference.customers, scores.len() as u64],
        mean_score: means,
        drifted: rows[1..]
            .iter()
            .filter(|row| row.drifted)
            .map(|row| row.name.clone())
            .collect(),
        scores_drifted: rows[0].drifted,
        since,
    };
    let mut files = context.files(NAME);
    let about = "Features and scores when a kept model was learned, and now";
    files.parquet_and_csv(NAME, about, &table(&rows)?)?;
    let mut warnings = population.warnings.clone();
    warnings.extend(warning(&metrics, &rows));
    Ok(Report {
        as_of: population.as_of,
        rows_in: population.rows_in,
        rows_out: rows.len() as u64,
        warnings,
        ..Report::new(files, &metrics)?
    })
}

/// The scores, and below them the features, those that have moved most first.
fn rows(
    (reference, model): (&Reference, &SavedModel),
    population: &Population,
    scores: &Array1<f64>,
    most: f64,
) -> Result<Vec<Row>> {
    let importance = model.model().classifier().and_then(|one| one.importance());
    let total = importance.as_ref().map_or(0.0, |shares| shares.sum());
    let share = |place: usize| match &importance {
        Some(shares) if total > 0.0 => shares[place] / total,
        _ => f64::NAN,
    };
    let of_score = compared(
        &reference.scores.customers,
        &reference.scores.count(&single(scores.view())),
    )?;
    let mut rows = vec![Row {
        name: SCORE.to_owned(),
        about: "The scores of the version".to_owned(),
        importance: f64::NAN,
        missing: [0.0; 2],
        drifted: drifted(&of_score, most),
        found: of_score,
    }];
    rows.extend(features(
        (columns(reference, model)?, reference.customers),
        population.features.view(),
        &population.words.features,
        share,
        most,
    )?);
    Ok(rows)
}

/// The columns of a reference, which are those of the model.
fn columns<'a>(reference: &'a Reference, model: &SavedModel) -> Result<&'a [Column]> {
    let names = |column: &Column| column.name.clone();
    let of_model: Vec<String> = model
        .features()
        .iter()
        .map(|one| one.name.clone())
        .collect();
    let of_reference: Vec<String> = reference.features.iter().map(names).collect();
    if of_model == of_reference {
        return Ok(&reference.features);
    }
    Err(Failure::data(
        "the reference of the version speaks of other features than its model",
    ))
}

/// More than the settings allow, and more than chance explains.
fn drifted(found: &Stability, most: f64) -> bool {
    found.psi > most && found.psi > found.critical
}

fn compared(then: &[u64], now: &[u64]) -> Result<Stability> {
    stability(then, now).map_err(|error| Failure::data(format!("drift: {error}")))
}

/// The features, those that have moved most first.
fn features(
    (columns, customers): (&[Column], u64),
    values: ArrayView2<'_, f32>,
    meanings: &[String],
    share: impl Fn(usize) -> f64,
    most: f64,
) -> Result<Vec<Row>> {
    let of_now = values.nrows() as f64;
    let row = |(place, column): (usize, &Column)| {
        let now = counts_now(column, values.column(place));
        let missing = now.last().copied().unwrap_or(0);
        let found = compared(&counts_then(column), &now)?;
        Ok(Row {
            name: column.name.clone(),
            about: meanings[place].clone(),
            importance: share(place),
            missing: [
                column.missing as f64 / customers as f64,
                missing as f64 / of_now,
            ],
            drifted: drifted(&found, most),
            found,
        })
    };
    let mut rows: Vec<Row> = columns.iter().enumerate().map(row).collect::<Result<_>>()?;
    rows.sort_by(|a, b| {
        let psi = |row: &Row| row.found.psi;
        psi(b).total_cmp(&psi(a)).then(a.name.cmp(&b.name))
    });
    Ok(rows)
}

/// Customers in each bin or category, and those without a value, when the version was learned.
fn counts_then(column: &Column) -> Vec<u64> {
    let known: Vec<u64> = match &column.shape {
        Shape::Numeric(bins) => bins.customers.clone(),
        Shape::Categorical { categories } => categories
            .iter()
            .map(|category| category.customers)
            .collect(),
    };
    known.into_iter().chain([column.missing]).collect()
}

/// The same of now, in the bins of then.
fn counts_now(column: &Column, values: ArrayView1<'_, f32>) -> Vec<u64> {
    let known: Vec<f32> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    let missing = (values.len() - known.len()) as u64;
    let counts = match &column.shape {
        Shape::Numeric(bins) => bins.count(&known),
        Shape::Categorical { categories } => {
            let mut counts = vec![0; categories.len()];
            for value in &known {
                if let Some(count) = counts.get_mut(*value as usize) {
                    *count += 1;
                }
            }
            counts
        }
    };
    counts.into_iter().chain([missing]).collect()
}

/// How good the version is on dates whose outcomes have become known since it was learned.
fn since(context: &Context<'_>, version: &Version) -> Result<Since> {
    let found = match evidence(context, &[version], Spoken::WholeAlone) {
        Ok(found) => found,
        Err(failure) if failure.cause == Cause::Data => return Ok(Since::Nothing(failure.message)),
        Err(failure) => return Err(failure),
    };
    let (labels, scores) = (found.labels.view(), &found.scores[0]);
    let terms = (&context.settings.config.churn.profit).into();
    let figures = match Figures::measure(labels, scores.view(), &terms) {
        Ok(figures) => figures,
        Err(error) => return Ok(Since::Nothing(error.to_string())),
    };
    let Some(ranges) = ranges(labels, &[scores], context.seed)?.pop() else {
        return Err(Failure::machine("a model has no intervals"));
    };
    let left = labels.iter().filter(|left| **left).count();
    Ok(Since::Outcomes {
        dates: found.dates.iter().map(|on| on.date).collect(),
        customers: found.customers as u64,
        left: left as f64 / labels.len() as f64,
        said: scores.mean().unwrap_or_default(),
        log_loss: Figure {
            value: figures.log_loss,
            low: ranges.log_loss_range.low,
            high: ranges.log_loss_range.high,
        },
        roc_auc: Figure {
            value: figures.roc_auc,
            low: ranges.roc_auc_range.low,
            high: ranges.roc_auc_range.high,
        },
        calibration_error: figures.calibration_error,
    })
}

fn table(rows: &[Row]) -> Result<RecordBatch> {
    let number = |of: &dyn Fn(&Row) -> f64| numbers(rows.iter().map(of), 6);
    let drifted: ArrayRef = Arc::new(
        rows.iter()
            .map(|row| Some(row.drifted))
            .collect::<BooleanArray>(),
    );
    TableBuilder::new()
        .column(
            "feature",
            "The feature; the first row is of the scores",
            text(rows.iter().map(|row| &row.name)),
        )
        .column(
            "psi",
            "Population stability index over the deciles of then; 0 where nothing has moved",
            number(&|row| row.found.psi),
        )
        .column(
            "psi_critical",
            "What chance alone stays below in 99 of 100 cases with so many customers",
            number(&|row| row.found.critical),
        )
        .column(
            "distance",
            "Kolmogorov-Smirnov distance at the deciles of then, those without a value last",
            number(&|row| row.found.distance),
        )
        .column(
            "missing_then",
            "Share of customers without a value when the version was learned",
            number(&|row| row.missing[0]),
        )
        .column("missing_now", "The same now", number(&|row| row.missing[1]))
        .column(
            "importance",
            "Its share of what the model leans on; empty where the model does not tell",
            number(&|row| row.importance),
        )
        .column(
            "drifted",
            "Whether psi is above max_psi and above psi_critical",
            drifted,
        )
        .column(
            "meaning",
            "What it is",
            text(rows.iter().map(|row| &row.about)),
        )
        .build()
}

/// A warning where features or scores have drifted.
fn warning(metrics: &Metrics, rows: &[Row]) -> Option<Warning> {
    let moved: Vec<String> = rows
        .iter()
        .filter(|row| row.drifted)
        .take(NAMED)
        .map(|row| format!("{} (PSI {:.2})", row.name, row.found.psi))
        .collect();
    if moved.is_empty() {
        return None;
    }
    let all = metrics.drifted.len() + usize::from(metrics.scores_drifted);
    let more = match all - moved.len() {
        0 => String::new(),
        rest => format!(" and {}", plural(rest as u64, "other")),
    };
    Some(Warning::new(
        DRIFT,
        format!(
            "customers are not as they were when version {} was learned: {}{more}; see drift.csv",
            metrics.version,
            moved.join(", ")
        ),
    ))
}

impl Metrics {
    /// What was found, for a terminal.
    pub fn words(&self) -> String {
        let date = |date: Option<NaiveDate>| {
            date.map_or_else(|| "the table".to_owned(), |date| date.to_string())
        };
        let [then, now] = self.mean_score;
        let mut words = format!(
            "version {}, {} of {} beside {} of {}\n  mean probability {} then, {} now{}\n",
            self.version,
            plural(self.customers[1], "customer"),
            date(self.now),
            count(self.customers[0]),
            date(self.then),
            percent(then),
            percent(now),
            match self.scores_drifted {
                true => ", and differently distributed",
                false => "",
            }
        );
        let _ = match self.drifted.as_slice() {
            [] => writeln!(words, "  no feature has drifted"),
            some => writeln!(words, "  drifted: {}", some.join(", ")),
        };
        match &self.since {
            Since::Nothing(why) => {
                let _ = writeln!(words, "  no outcomes since: {why}");
            }
            Since::Outcomes {
                dates,
                left,
                said,
                log_loss,
                roc_auc,
                ..
            } => {
                let dates: Vec<String> = dates.iter().map(NaiveDate::to_string).collect();
                let _ = writeln!(
                    words,
                    "  outcomes since, of {}: it said {}, and {} left; log loss {:.4} ({:.4} to {:.4}), ROC AUC {:.4} ({:.4} to {:.4})",
                    dates.join(", "),
                    percent(*said),
                    percent(*left),
                    log_loss.value,
                    log_loss.low,
                    log_loss.high,
                    roc_auc.value,
                    roc_auc.low,
                    roc_auc.high
                );
            }
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use regulars_models::format::Feature;

    #[test]
    fn what_is_missing_now_and_was_not_is_a_bin_of_its_own() {
        let values = array![1.0_f32, 2.0, 3.0, 4.0];
        let column = Column::of(&Feature::numeric("spend"), values.view());
        let then = counts_then(&column);
        assert_eq!(then.iter().sum::<u64>(), 4);
        let now = counts_now(&column, array![1.0_f32, f32::NAN, f32::NAN, 9.0].view());
        assert_eq!(now.len(), then.len());
        assert_eq!((now[0], now.last()), (1, Some(&2)));
    }

    #[test]
    fn drift_is_beyond_the_limit_and_beyond_chance() {
        let found = |psi, critical| Stability {
            psi,
            critical,
            distance: 0.0,
        };
        assert!(drifted(&found(0.3, 0.1), 0.25));
        assert!(!drifted(&found(0.3, 0.4), 0.25));
        assert!(!drifted(&found(0.2, 0.1), 0.25));
    }
}
