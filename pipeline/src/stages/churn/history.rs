//! Churn seen in the history: who bought nothing for a while after a date.

use arrow::array::UInt32Array;
use arrow::compute::take;
use regulars_models::format::Feature;
use regulars_models::tree::Monotone;

use super::beside::Beside;
use super::everyone::Everyone;
use super::label::phrase;
use super::metrics::Dates;
use super::people::People;
use super::population::{LEARNING, LEAST_ROWS, Population, Words};
use super::rows::{eligible, labelled};
use super::spoken::of_catalogue;
use super::suitable;
use super::trials::trials;
use crate::contract::features::{Column, Risk};
use crate::failure::{Failure, Result};
use crate::learning::rows::{Baseline, Columns, Labelled};
use crate::learning::task::{Task, Trial};
use crate::stages::Context;
use crate::text::plural;
use crate::timeline::FEATURES;
use crate::timeline::dates::SnapshotDates;
use crate::timeline::horizon::Bought;
use crate::timeline::snapshot::Snapshot;
use crate::words::in_english;

/// The customers of past dates teach, those of the last one are scored.
pub fn population(context: &Context<'_>) -> Result<Population> {
    let mut dates = dates(context)?;
    let beside = Beside::chosen(context)?;
    let (rows, trials, people) = taught(context, &dates, &beside)?;
    dates.test_dates = trials.iter().map(|trial| trial.name.clone()).collect();
    let left = context.left_by(FEATURES)?;
    let snapshot = Snapshot::read(left, context.out, dates.score_date)?;
    let config = &context.settings.config;
    let scored = eligible(&snapshot, &config.churn)?;
    let everyone = Everyone::of(&snapshot, &config.churn, &config.project.basket)?;
    let warehouse = context.warehouse()?;
    let mut warnings = warehouse.warnings.clone();
    warnings.extend(beside.warnings.iter().cloned());
    let unsuitable = suitable::dates(&snapshot, &config.churn, scored.len(), warehouse)?;
    warnings.extend(unsuitable);
    let features = (scored.as_slice(), snapshot.rows(&scored));
    let (features, _) = beside.join(context, &snapshot, features, false)?;
    let names = snapshot.names.iter().map(String::as_str);
    let names = names.chain(beside.features().map(|feature| feature.name.as_str()));
    let about = |known: &[String]| known.iter().cloned().chain(beside.about()).collect();
    let places: UInt32Array = scored.iter().map(|row| *row as u32).collect();
    Ok(Population {
        people: Some(people),
        customers: take(&snapshot.customers, &places, None)?,
        features,
        everyone: Some(everyone),
        worth: None,
        known: None,
        strange: Vec::new(),
        words: words(context, &dates, about(&snapshot.about)),
        english: in_english(|| words(context, &dates, about(&snapshot.english))),
        as_of: Some(snapshot.as_of),
        rows_in: rows.labels.len() as u64,
        warnings,
        base_rate: rows.whole().rate(),
        task: Task {
            rows,
            columns: Columns {
                monotone: names.map(way).collect(),
                baseline: snapshot.index("recency_days").map(|column| Baseline {
                    column,
                    title: mark!("recency alone").to_owned(),
                }),
                features: (snapshot.names.iter().map(Feature::numeric))
                    .chain(beside.features().cloned())
                    .collect(),
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

/// The customers of every date whose outcome is known, in the order of time, the tests, and whose
/// each row is.
fn taught(
    context: &Context<'_>,
    dates: &Dates,
    beside: &Beside,
) -> Result<(Labelled, Vec<Trial>, People)> {
    let settings = &context.settings.config.churn;
    let labelled_dates = dates.labelled();
    context.progress.step(&format!(
        "labels at {}",
        in_english(|| plural(labelled_dates.len() as u64, "date"))
    ));
    let left = context.left_by(FEATURES)?;
    let bought = Bought::read(context.warehouse()?, labelled_dates[0])?;
    let mut people = People::default();
    // One snapshot after the other: their numbers take twice the memory of what models see.
    let sets = labelled_dates
        .iter()
        .map(|date| {
            let snapshot = Snapshot::read(left, context.out, *date)?;
            let rows = eligible(&snapshot, settings)?;
            people.add(&snapshot.customers, &rows);
            let set = labelled(&snapshot, &bought, settings)?;
            let features = (rows.as_slice(), set.features);
            let (features, _) = beside.join(context, &snapshot, features, true)?;
            Ok(Labelled { features, ..set })
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
    Ok((rows, trials, people))
}

/// How the risk may move with a feature.
fn way(name: &str) -> Monotone {
    match Column::named(name).risk() {
        Risk::Open => Monotone::Free,
        Risk::Rises(_) => Monotone::Increasing,
        Risk::Falls(_) => Monotone::Decreasing,
    }
}

fn words(context: &Context<'_>, dates: &Dates, features: Vec<String>) -> Words {
    Words {
        learned: tr!(
            "learned at {dates} up to {day}",
            dates = plural(dates.train_dates.len() as u64 + 1, "date"),
            day = dates.test_date
        ),
        tested: tr!("on {day}, which none had seen", day = dates.test_date),
        ..said(context, dates.horizon_days, features)
    }
}

/// What is said of customers who are scored, whenever the model was learned.
pub fn said(context: &Context<'_>, days: u32, features: Vec<String>) -> Words {
    let project = &context.settings.config.project;
    let days = plural(days.into(), "day");
    Words {
        project: project.name.clone(),
        currency: project.currency.clone(),
        basket: project.basket.clone(),
        scores: tr!(
            "Who is leaving: the probability of buying nothing in the next {days}, and why",
            days = days
        ),
        churns: tr!("buys nothing in the next {days}", days = days),
        churned: tr!("bought nothing for {days}", days = days),
        learned: String::new(),
        tested: String::new(),
        features,
        theme: |feature| Column::named(&feature.name).theme(),
        risk: |feature| Column::named(&feature.name).risk(),
        known: of_catalogue,
        phrase: |feature, value, shop| match of_catalogue(feature) {
            Some(column) => column.phrase(value, shop),
            None => phrase(feature, value),
        },
        plainly: |feature, value, shop| match of_catalogue(feature) {
            Some(column) => column.plainly(value, shop),
            None => phrase(feature, value),
        },
    }
}
