//! Churn seen in the history: who bought nothing for a while after a date.

use arrow::array::UInt32Array;
use arrow::compute::take;
use regulars_models::format::Feature;

use super::metrics::Dates;
use super::population::{LEARNING, LEAST_ROWS, Population, Words};
use super::rows::{eligible, labelled};
use super::trials::trials;
use crate::contract::features::Column;
use crate::failure::{Failure, Result};
use crate::learning::rows::{Baseline, Columns, Labelled};
use crate::learning::task::{Task, Trial};
use crate::stages::Context;
use crate::timeline::FEATURES;
use crate::timeline::dates::SnapshotDates;
use crate::timeline::horizon::Bought;
use crate::timeline::snapshot::Snapshot;

/// The customers of past dates teach, those of the last one are scored.
pub fn population(context: &Context<'_>) -> Result<Population> {
    let mut dates = dates(context)?;
    let (rows, trials) = taught(context, &dates)?;
    dates.test_dates = trials.iter().map(|trial| trial.name.clone()).collect();
    let left = context.left_by(FEATURES)?;
    let snapshot = Snapshot::read(left, context.out, dates.score_date)?;
    let scored = eligible(&snapshot, &context.settings.config.churn)?;
    let places: UInt32Array = scored.iter().map(|row| *row as u32).collect();
    Ok(Population {
        customers: take(&snapshot.customers, &places, None)?,
        features: snapshot.rows(&scored),
        known: None,
        words: words(context, &dates, snapshot.about.clone()),
        as_of: Some(snapshot.as_of),
        rows_in: rows.labels.len() as u64,
        warnings: context.warehouse()?.warnings.clone(),
        task: Task {
            rows,
            columns: Columns {
                baseline: snapshot.index("recency_days").map(|column| Baseline {
                    column,
                    title: "recency alone".to_owned(),
                }),
                features: snapshot.names.into_iter().map(Feature::numeric).collect(),
            },
            least_rows: LEAST_ROWS,
            words: LEARNING,
            trials,
        },
        dates: Some(dates),
    })
}

/// The dates on which models learn, the last one on which they are tested, and that of the scores.
fn dates(context: &Context<'_>) -> Result<Dates> {
    let churn = &context.settings.config.churn;
    let left = context.left_by(FEATURES)?;
    let found = SnapshotDates::taken(left, context.out, context.as_of)?;
    let Some(test_date) = found.test.filter(|_| !found.train.is_empty()) else {
        let warehouse = context.warehouse()?;
        return Err(Failure::data(format!(
            "the history from {} to {} is too short to learn from: a training date needs {} days before it and two horizons of {} days after it",
            warehouse.first_day, warehouse.end, churn.min_history_days, churn.horizon_days
        ))
        .hint("load a longer history, or set a smaller horizon_days or min_history_days under [churn]"));
    };
    Ok(Dates {
        horizon_days: churn.horizon_days,
        score_date: found.score,
        test_date,
        test_dates: Vec::new(),
        train_dates: found.train,
    })
}

/// The customers of every date whose outcome is known, in the order of time, and the tests.
fn taught(context: &Context<'_>, dates: &Dates) -> Result<(Labelled, Vec<Trial>)> {
    let settings = &context.settings.config.churn;
    let labelled_dates = dates.labelled();
    context
        .progress
        .step(&format!("labels at {} dates", labelled_dates.len()));
    let left = context.left_by(FEATURES)?;
    let bought = Bought::read(context.warehouse()?, labelled_dates[0])?;
    // One snapshot after the other: their numbers take twice the memory of what models see.
    let sets = labelled_dates
        .iter()
        .map(|date| {
            labelled(
                &Snapshot::read(left, context.out, *date)?,
                &bought,
                settings,
            )
        })
        .collect::<Result<Vec<Labelled>>>()?;
    drop(bought);
    let ends: Vec<usize> = sets
        .iter()
        .scan(0, |end, set| {
            *end += set.labels.len();
            Some(*end)
        })
        .collect();
    let rows = Labelled::stack(&sets);
    let horizon = settings.horizon_days;
    let trials = trials(&labelled_dates, &ends, horizon, settings.test_dates)?;
    Ok((rows, trials))
}

fn words(context: &Context<'_>, dates: &Dates, features: Vec<String>) -> Words {
    let days = dates.horizon_days;
    Words {
        project: context.settings.config.project.name.clone(),
        scores: format!(
            "Who is leaving: the probability of buying nothing in the next {days} days, and why"
        ),
        churns: format!("buys nothing in the next {days} days"),
        churned: format!("bought nothing for {days} days"),
        learned: format!(
            "learned at {} dates up to {}",
            dates.train_dates.len() + 1,
            dates.test_date
        ),
        tested: format!("on {}, which none had seen", dates.test_date),
        features,
        theme: |feature| Column::named(&feature.name).theme(),
        phrase: |feature, value, currency| Column::named(&feature.name).phrase(value, currency),
    }
}
