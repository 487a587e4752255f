//! Curves that a table of figures does not show: how the probability moves with what the scores look at, and what
//! a campaign of every size would have earned.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt64Array};
use ndarray::{Array1, Axis};
use regulars_models::explain::{Grid, partial_dependence};
use regulars_models::format::FeatureKind;
use regulars_models::metrics::{CampaignTerms, profit_curve};
use regulars_models::tree::ColumnName;

use super::population::Population;
use super::spoken::Spoken;
use super::tables::descending;
use crate::failure::{Failure, Result};
use crate::learning::leaderboard::Assessment;
use crate::learning::learned::Learned;
use crate::outputs::table::{TableBuilder, numbers, text};

/// Features with a curve: those that the model leans on most.
const FEATURES: usize = 6;
/// Customers who are scored, evenly spaced, over whom a curve is the mean.
const CUSTOMERS: usize = 500;
/// Points of a curve: at quantiles, so that each step is as many customers.
const POINTS: usize = 20;
/// Points of the profit: at every so many hundredths of the customers.
const SHARES: usize = 100;
/// The part of the customers whose probability lies between the ends that are told.
const BETWEEN: [f64; 2] = [0.1, 0.9];

/// A point of a curve.
struct Point<'a> {
    feature: &'a str,
    meaning: &'a str,
    value: f64,
    words: String,
    mean: f64,
    ends: [f64; 2],
    customers: usize,
}

/// The mean probability of the same customers with one feature set to each of its values, for the features that the
/// model leans on most; no rows where it does not tell which, or where nobody is scored.
pub fn dependence(
    learned: &Learned,
    population: &Population,
    columns: &[Spoken<'_>],
) -> Result<RecordBatch> {
    let mut points = Vec::new();
    let importance = learned.importance().unwrap_or_default();
    let all = population.features.nrows();
    let rows = all.min(CUSTOMERS);
    let spaced: Vec<usize> = (0..rows).map(|row| row * all / rows).collect();
    let sample = population.features.select(Axis(0), &spaced);
    let order = descending(&importance).into_iter();
    let used = order.filter(|place| importance[*place] > 0.0 && rows > 0);
    for place in used.take(FEATURES) {
        let column = sample.column(place);
        if column.iter().all(|value| value.is_nan()) {
            continue;
        }
        let feature = &learned.features()[place];
        let grid = match feature.kind {
            FeatureKind::Categorical(_) => Grid::EveryValue,
            FeatureKind::Numeric => Grid::Quantiles(POINTS),
        };
        let predict = |rows: ndarray::ArrayView2<'_, f32>| {
            let scores = learned.saved.predict_probability(rows);
            scores.unwrap_or_else(|| Array1::zeros(0))
        };
        let found = partial_dependence(sample.view(), predict, place, &grid, None)
            .map_err(|error| Failure::machine(format!("the curves of the scores: {error}")))?;
        for (at, value) in found.points.iter().enumerate() {
            let mut curves = found.curves.column(at).to_vec();
            curves.sort_unstable_by(f64::total_cmp);
            let end = |share: f64| curves[(share * (rows - 1) as f64).round() as usize];
            points.push(Point {
                feature: &feature.name,
                meaning: columns[place].name(),
                value: f64::from(*value),
                words: columns[place].value(f64::from(*value)),
                mean: found.mean[at],
                ends: BETWEEN.map(end),
                customers: rows,
            });
        }
    }
    dependence_table(&points)
}

fn dependence_table(points: &[Point<'_>]) -> Result<RecordBatch> {
    let number = |of: fn(&Point<'_>) -> f64, digits| numbers(points.iter().map(of), digits);
    let customers: ArrayRef = Arc::new(
        points
            .iter()
            .map(|point| point.customers as u64)
            .collect::<UInt64Array>(),
    );
    TableBuilder::new()
        .column(
            "feature",
            "The feature, most important first",
            text(points.iter().map(|point| point.feature)),
        )
        .column(
            "meaning",
            "What it is",
            text(points.iter().map(|point| point.meaning)),
        )
        .column(
            "value",
            "The value that everybody is given, at evenly spaced quantiles; the number of a category; empty for none",
            number(|point| point.value, 6),
        )
        .column(
            "value_in_words",
            "The same with its unit",
            text(points.iter().map(|point| &point.words)),
        )
        .column(
            "probability",
            "Mean probability of leaving, everything else of each customer as it is (partial dependence)",
            number(|point| point.mean, 6),
        )
        .column(
            "probability_low",
            "A tenth of the customers have less",
            number(|point| point.ends[0], 6),
        )
        .column(
            "probability_high",
            "A tenth of the customers have more",
            number(|point| point.ends[1], 6),
        )
        .column(
            "customers",
            "Customers that it is the mean over, evenly spaced among those who are scored",
            customers,
        )
        .build()
}

/// What a campaign would have earned among the customers of the test, by the share of them that it contacts.
///
/// - `terms`: what a customer and a contact are worth, by the settings.
pub fn profit(
    population: &Population,
    found: &Assessment,
    terms: &CampaignTerms,
) -> Result<RecordBatch> {
    let Some(last) = population.task.trials.last() else {
        return Err(Failure::machine("the models had no test"));
    };
    let test = population.task.rows.part(last.test.clone());
    let curve = profit_curve(test.labels, found.tested.view(), terms)
        .map_err(|error| Failure::machine(format!("the curve of the profit: {error}")))?;
    let customers = test.rows() as f64;
    // Of all cut-offs the first from each hundredth on, and the best one.
    let mut taken: Vec<usize> = (0..=SHARES)
        .map(|part| {
            let share = part as f64 / SHARES as f64;
            curve.partition_point(|point| point.share < share - 0.5 / customers)
        })
        .map(|at| at.min(curve.len() - 1))
        .collect();
    let better = |a: &usize, b: &usize| curve[*a].per_customer.total_cmp(&curve[*b].per_customer);
    taken.extend((0..curve.len()).rev().max_by(better));
    taken.sort_unstable();
    taken.dedup();
    let all = curve.last().map_or(0.0, |point| point.per_customer);
    let share = || taken.iter().map(|at| curve[*at].share);
    let contacted: ArrayRef = Arc::new(
        share()
            .map(|share| (share * customers).round() as u64)
            .collect::<UInt64Array>(),
    );
    TableBuilder::new()
        .column(
            "share",
            "Share of the customers of the test who are contacted, likeliest to leave first",
            numbers(share(), 6),
        )
        .column("contacted", "How many that is", contacted)
        .column(
            "earns_per_customer",
            "What the campaign would have earned for each customer of the test, contacted or not, by what happened and [churn.profit] with the mean acceptance",
            numbers(taken.iter().map(|at| curve[*at].per_customer), 6),
        )
        .column(
            "earns_at_random",
            "The same for as many customers drawn at random",
            numbers(share().map(|share| share * all), 6),
        )
        .build()
}
