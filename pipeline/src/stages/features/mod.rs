//! `features`: one row for each customer at each as-of date, from what could be seen before it.

mod dates;
mod sql;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int32Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use self::dates::SnapshotDates;
use super::{Context, Report};
use crate::config::{Day, Known};
use crate::failure::{Failure, Result};
use crate::outputs::Pending;
use crate::text::plural;

/// The stage's one name.
pub const NAME: &str = "features";

/// The snapshots that were written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Metrics {
    /// The date at which scores are made: the end of the history.
    pub score_date: NaiveDate,
    /// The last date whose horizon is over: models are tested on it.
    pub test_date: Option<NaiveDate>,
    /// Dates whose horizons end by the test date, earliest first.
    pub train_dates: Vec<NaiveDate>,
    /// Interactions that could be seen at the score date.
    pub interactions: u64,
    /// Those of guests, whom no row of the features is about.
    #[serde(default)]
    pub guests: u64,
    /// Customers at the score date.
    pub customers: u64,
    /// The features, in the order of the columns.
    pub features: Vec<String>,
}

/// The name of a snapshot's file.
pub fn file_name(as_of: NaiveDate) -> String {
    format!("features/{as_of}.parquet")
}

/// Rows of the snapshots that are computed at once.
const ROWS_AT_ONCE: usize = 250_000;

/// Folds the history once and computes every snapshot from that.
pub fn run(context: &Context<'_>) -> Result<Report> {
    let warehouse = context.warehouse()?;
    let engine = context.engine;
    let dates = SnapshotDates::new(
        warehouse.first_day,
        warehouse.end,
        &context.settings.config.churn,
    );

    context
        .progress
        .step("collecting the days of every customer");
    let plan = sql::Plan::new(warehouse, &context.settings.config.features)?;
    plan.prepare(engine)?;
    let all = engine.query("SELECT count(DISTINCT customer_id) FROM customer_days")?;
    let all = all.column(0).as_primitive::<Int64Type>().value(0).max(1) as usize;

    let mut files = Pending::new(context.out, NAME);
    let (mut customers, mut rows_out, mut names) = (0, 0, Vec::new());
    // Several dates at once save time, and all dates of a large history would fill the memory.
    let then = context.settings.config.features.known == Known::Then;
    let at_once = if then { 1 } else { dates_at_once(all) };
    for some_dates in dates.all().chunks(at_once) {
        context.progress.step(&format!(
            "features at {} of {}",
            some_dates[0],
            plural(dates.all().len() as u64, "date")
        ));
        if then {
            let known = Day(some_dates[0]);
            let past = known.0 != dates.score;
            warehouse.show(if past {
                Some(context.known_at.map_or(known, |at| at.min(known)))
            } else {
                context.known_at
            })?;
            plan.prepare(engine)?;
        }
        engine.register("as_of_dates", as_of_table(some_dates)?)?;
        let snapshots = engine.query(&plan.snapshots())?;
        let days = snapshots.column(0).as_primitive::<Int32Type>();
        let table = described(&snapshots, &plan)?;
        let mut start = 0;
        while start < table.num_rows() {
            let length = (start..table.num_rows())
                .take_while(|&row| days.value(row) == days.value(start))
                .count();
            let date = date_of(days.value(start))?;
            let about = format!(
                "Features of every customer who bought before {date}, from what was known then"
            );
            files.parquet(&file_name(date), &about, &table.slice(start, length))?;
            if date == dates.score {
                customers = length as u64;
            }
            start += length;
        }
        rows_out += table.num_rows() as u64;
        if names.is_empty() {
            let schema = table.schema();
            let fields = schema.fields().iter().skip(1);
            names = fields.map(|field| field.name().clone()).collect();
        }
    }
    if then {
        warehouse.show(context.known_at)?;
    }
    let guests = warehouse.guests()?;
    let interactions = engine.query("SELECT count(*) FROM interactions")?;
    let interactions = interactions.column(0).as_primitive::<Int64Type>().value(0) as u64 + guests;
    let metrics = Metrics {
        score_date: dates.score,
        test_date: dates.test,
        train_dates: dates.train.clone(),
        interactions,
        guests,
        customers,
        features: names,
    };
    context.progress.step(&format!(
        "{} at {} dates",
        plural(customers, "customer"),
        dates.all().len()
    ));
    Ok(Report {
        as_of: Some(dates.score),
        rows_in: interactions,
        rows_out,
        warnings: warehouse.warnings.clone(),
        ..Report::new(files, &metrics)?
    })
}

/// For how many dates the snapshots of so many customers are computed at once.
fn dates_at_once(customers: usize) -> usize {
    (ROWS_AT_ONCE / customers).max(1)
}

fn date_of(day: i32) -> Result<NaiveDate> {
    NaiveDate::from_epoch_days(day)
        .ok_or_else(|| Failure::data(format!("day {day} lies outside the calendar")))
}

fn as_of_table(dates: &[NaiveDate]) -> Result<RecordBatch> {
    let days: ArrayRef = Arc::new(
        dates
            .iter()
            .map(|date| date.to_epoch_days())
            .collect::<Int32Array>(),
    );
    let schema = Schema::new(vec![Field::new("as_of", DataType::Int32, false)]);
    Ok(RecordBatch::try_new(Arc::new(schema), vec![days])?)
}

/// The snapshots without the date column, which is the file's name, and with descriptions.
fn described(snapshots: &RecordBatch, plan: &sql::Plan) -> Result<RecordBatch> {
    let about: HashMap<&str, &str> = plan.descriptions().collect();
    let schema = snapshots.schema();
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .skip(1)
        .map(|field| {
            let text = about.get(field.name().as_str()).copied().unwrap_or("Who");
            field
                .as_ref()
                .clone()
                .with_nullable(true)
                .with_metadata([("description".to_owned(), text.to_owned())].into())
        })
        .collect();
    let columns = snapshots.columns().iter().skip(1).cloned().collect();
    Ok(RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        columns,
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_history_is_taken_one_date_at_a_time_and_a_small_one_at_once() {
        assert_eq!(dates_at_once(1_000_000), 1);
        assert_eq!(dates_at_once(100_000), 2);
        assert!(dates_at_once(2_500) >= 26);
    }
}
