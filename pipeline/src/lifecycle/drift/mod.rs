//! Whether customers are still as they were when a version was learned, and what it says of them.

mod junit;
mod page;
mod said;
mod table;

use std::path::Path;

use chrono::NaiveDate;
use ndarray::{Array1, Array2, ArrayView1};
use regulars_models::format::SavedModel;
use regulars_models::metrics::{Stability, stability};
use serde::{Deserialize, Serialize};

use crate::failure::{Cause, Failure, Result};
use crate::learning::figures::{Figures, ranges};
use crate::learning::score::score as give;
use crate::lifecycle::evidence::{Spoken, evidence};
use crate::lifecycle::score::population;
use crate::lifecycle::season;
use crate::outputs::replace;
use crate::registry::{Bins, Column, Figure, Reference, Shape, Version, single};
use crate::stages::churn::Population;
use crate::stages::{Context, Report};
use crate::text::{count, plural};
use crate::warning::{DRIFT, Warning};
use crate::words::in_english;

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
    /// The same in words.
    #[serde(default)]
    pub drifted_in_words: Vec<String>,
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
    /// What it is, in words.
    words: String,
    about: String,
    importance: f64,
    /// Its share of what moves the scores of today: of the mean sizes of all Shapley values.
    moves: f64,
    found: Stability,
    missing: [f64; 2],
    /// Share of customers with a category that the model has not met.
    strange: f64,
    drifted: bool,
    /// Each bin or category with the share of customers, then and now; the last without a value.
    bins: Vec<Bin>,
}

/// A bin or category of a feature.
struct Bin {
    label: String,
    shares: [f64; 2],
}

/// Holds the customers of now against those that a version was learned with.
///
/// - `junit`: where a JUnit report goes, if one is wanted.
///
/// # Errors
/// The version is of other settings or features, or its files are not what was stored.
pub fn drift(context: &Context<'_>, version: &Version, junit: Option<&Path>) -> Result<Report> {
    let reference = version.reference()?;
    let population = population(context, version)?;
    let model = version.model()?;
    let mut given = give(&model, population.features.view())?;
    // As they are delivered, and as the reference has them.
    season::correct(context, version, &population, &mut given)?;
    let scores = given.probabilities;
    if scores.is_empty() || reference.customers == 0 {
        return Err(Failure::data(format!(
            "there are {} now and were {} when version {} was learned, and nothing to hold against each other",
            in_english(|| plural(scores.len() as u64, "customer")),
            count(reference.customers),
            version.number()
        ))
        .hint("look at min_baskets and active_days under [churn]"));
    }
    let most = context.settings.config.models.max_psi;
    let moves = moves(given.contributions.as_ref());
    let rows = rows((&reference, &model), &population, (&scores, &moves), most)?;
    let since = since(context, version)?;
    let means = [reference.mean_score, scores.mean().unwrap_or_default()];
    let metrics = Metrics {
        version: version.number(),
        then: reference.as_of,
        now: population.as_of,
        customers: [reference.customers, scores.len() as u64],
        mean_score: means,
        drifted: drifted_rows(&rows).map(|row| row.name.clone()).collect(),
        drifted_in_words: drifted_rows(&rows).map(|row| row.words.clone()).collect(),
        scores_drifted: rows[0].drifted,
        since,
    };
    let mut files = context.files(NAME);
    let about = tr!("Features and scores when a kept model was learned, and now");
    files.parquet_and_csv(NAME, &about, &table::table(&rows)?)?;
    let project = &context.settings.config.project.name;
    let page = page::render(project, &metrics, &rows, most)?;
    files.text(
        "drift.html",
        &tr!("How customers differ from those that a model was learned with"),
        &page,
    )?;
    if let Some(path) = junit {
        replace(path, &junit::report(project, &metrics, &rows, most))?;
    }
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

/// The features that have drifted.
fn drifted_rows(rows: &[Row]) -> impl Iterator<Item = &Row> {
    rows.iter().skip(1).filter(|row| row.drifted)
}

/// The scores, and below them the features, those that have moved most first.
fn rows(
    (reference, model): (&Reference, &SavedModel),
    population: &Population,
    (scores, moves): (&Array1<f64>, &[f64]),
    most: f64,
) -> Result<Vec<Row>> {
    let importance = model.model().classifier().and_then(|one| one.importance());
    let total = importance.as_ref().map_or(0.0, |shares| shares.sum());
    let share = |place: usize| match &importance {
        Some(shares) if total > 0.0 => shares[place] / total,
        _ => f64::NAN,
    };
    let scores_now = reference.scores.count(&single(scores.view()));
    let of_score = compared(&reference.scores.customers, &scores_now)?;
    let mut rows = vec![Row {
        name: SCORE.to_owned(),
        words: tr!("the probability of leaving"),
        about: tr!("The scores of the version"),
        importance: f64::NAN,
        moves: f64::NAN,
        missing: [0.0; 2],
        strange: 0.0,
        drifted: drifted(&of_score, most),
        bins: bins(
            numeric_labels(&reference.scores),
            &reference.scores.customers,
            &scores_now,
        ),
        found: of_score,
    }];
    rows.extend(features(
        (columns(reference, model)?, reference.customers),
        population,
        (&share, moves),
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
    population: &Population,
    (share, moves): (&dyn Fn(usize) -> f64, &[f64]),
    most: f64,
) -> Result<Vec<Row>> {
    let values = population.features.view();
    let of_now = values.nrows() as f64;
    let titles = population.titles();
    let strange = |name: &str| {
        let of_it = (population.strange.iter()).filter(|one| one.feature == name);
        of_it.map(|one| one.customers).sum::<u64>() as f64 / of_now
    };
    let row = |(place, column): (usize, &Column)| {
        let (then, now) = (
            counts_then(column),
            counts_now(column, values.column(place)),
        );
        let missing = now.last().copied().unwrap_or(0);
        let found = compared(&then, &now)?;
        let mut labels = match &column.shape {
            Shape::Numeric(bins) => numeric_labels(bins),
            Shape::Categorical { categories } => {
                categories.iter().map(|one| one.name.clone()).collect()
            }
        };
        labels.push(tr!("no value"));
        Ok(Row {
            name: column.name.clone(),
            words: titles[place].clone(),
            about: population.words.features[place].clone(),
            importance: share(place),
            moves: moves.get(place).copied().unwrap_or(f64::NAN),
            strange: strange(&column.name),
            bins: bins(labels, &then, &now),
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

/// For each feature its share of the mean sizes of all Shapley values; nothing where the model does not
/// tell.
fn moves(contributions: Option<&Array2<f64>>) -> Vec<f64> {
    let Some(contributions) = contributions else {
        return Vec::new();
    };
    // The last column is what every score begins with.
    let features = contributions.ncols().saturating_sub(1);
    let sizes: Vec<f64> = (0..features)
        .map(|feature| {
            contributions
                .column(feature)
                .iter()
                .map(|one| one.abs())
                .sum()
        })
        .collect();
    let all: f64 = sizes.iter().sum();
    match all > 0.0 {
        true => sizes.into_iter().map(|size| size / all).collect(),
        false => Vec::new(),
    }
}

/// What the bins of numbers are called.
fn numeric_labels(bins: &Bins) -> Vec<String> {
    let cuts = &bins.cuts;
    let label = |bin: usize| match (bin.checked_sub(1).map(|at| cuts[at]), cuts.get(bin)) {
        (None, None) => tr!("all"),
        (None, Some(end)) => tr!("up to {at_most}", at_most = end),
        (Some(begin), None) => tr!("above {above}", above = begin),
        (Some(begin), Some(end)) => tr!("above {begin}, up to {end}", begin = begin, end = end),
    };
    (0..=cuts.len()).map(label).collect()
}

fn bins(labels: Vec<String>, then: &[u64], now: &[u64]) -> Vec<Bin> {
    let total = [then, now].map(|counts| counts.iter().sum::<u64>().max(1) as f64);
    let counts = then.iter().zip(now);
    let bins = labels.into_iter().zip(counts);
    bins.map(|(label, (then, now))| Bin {
        label,
        shares: [*then as f64 / total[0], *now as f64 / total[1]],
    })
    .collect()
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

/// A warning where features or scores have drifted.
fn warning(metrics: &Metrics, rows: &[Row]) -> Option<Warning> {
    let moved: Vec<String> = rows
        .iter()
        .filter(|row| row.drifted)
        .take(NAMED)
        .map(|row| {
            tr!(
                "{feature} (PSI {psi})",
                feature = row.words,
                psi = format!("{:.2}", row.found.psi)
            )
        })
        .collect();
    if moved.is_empty() {
        return None;
    }
    let all = metrics.drifted.len() + usize::from(metrics.scores_drifted);
    let more = match all - moved.len() {
        0 => String::new(),
        rest => tr!(" and {others}", others = plural(rest as u64, "other")),
    };
    Some(Warning::new(
        DRIFT,
        tr!(
            "customers are not as they were when version {version} was learned: {features}{more}; see drift.csv",
            version = metrics.version,
            features = moved.join(&tr!("; ")),
            more = more
        ),
    ))
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
            p_value: 0.5,
        };
        assert!(drifted(&found(0.3, 0.1), 0.25));
        assert!(!drifted(&found(0.3, 0.4), 0.25));
        assert!(!drifted(&found(0.2, 0.1), 0.25));
    }
}
