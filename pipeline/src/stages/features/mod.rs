//! `features`: one row for each customer at each as-of date, from what could be seen before it.

mod history;
mod some;
mod sql;
mod stood;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int32Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{Context, Reads, Report, Stage};
use crate::config::{Churn, Day, Known};
use crate::contract::features::Column;
use crate::engine::Scope;
use crate::failure::{Failure, Result};
use crate::outputs::Pending;
use crate::progress::Counted;
use crate::text::plural;
use crate::timeline::dates::{SnapshotDates, Spacing};
use crate::timeline::snapshot::{ENGLISH, file_name};
use crate::warehouse::{Warehouse, last_load};
use crate::words::{Language, in_english, spoken};

pub use self::some::{Places, SomeDates};

/// The stage's one name.
pub const NAME: &str = crate::timeline::FEATURES;

/// The stage.
pub const STAGE: Stage = Stage {
    name: NAME,
    reads: |_| &[Reads::Needed("ingest")],
    needs_history: |_| true,
    optional: false,
    run,
    summary: |_| None, // the opening of the summary speaks of the history
};

/// The snapshots that were written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Metrics {
    /// Their dates.
    #[serde(flatten)]
    pub dates: SnapshotDates,
    /// Interactions that could be seen at the score date.
    pub interactions: u64,
    /// Those of guests, whom no row of the features is about.
    #[serde(default)]
    pub guests: u64,
    /// Purchase lines that were cancelled before the score date, and count no more.
    #[serde(default, skip_serializing_if = "is_none")]
    pub undone: u64,
    /// Customers at the score date.
    pub customers: u64,
    /// The features, in the order of the columns.
    pub features: Vec<String>,
    /// The load that they were made from.
    #[serde(default)]
    pub load: u64,
}

/// Whether there are none.
fn is_none(number: &u64) -> bool {
    *number == 0
}

/// Rows of the snapshots that are computed at once.
const ROWS_AT_ONCE: usize = 250_000;

/// Folds the history once and computes every snapshot from that.
pub fn run(context: &Context<'_>) -> Result<Report> {
    let warehouse = context.warehouse()?;
    let config = &context.settings.config;
    let dates = dates(warehouse, &config.churn);

    context
        .progress
        .step("collecting the days of every customer");
    let history = history::look(warehouse, config.features.departments)?;
    let plan = sql::Plan::new(&history, config.features.evening_from);
    plan.prepare(&warehouse.scope, warehouse.folds(context.out)?.as_ref())?;
    let taken = Taken::take(context, warehouse, &plan, &dates)?;
    let guests = warehouse.guests()?;
    let seen = count(&warehouse.scope, "SELECT count(*) FROM interactions")?;
    let interactions = seen + guests;
    context.progress.step(&format!(
        "{} at {} dates",
        in_english(|| plural(taken.customers, "customer")),
        dates.all().len()
    ));
    let metrics = Metrics {
        dates,
        interactions,
        guests,
        undone: warehouse.undone().map_or(0, |undone| undone.matched),
        customers: taken.customers,
        features: taken.names,
        load: last_load(context.engine, context.out)?.map_or(0, |record| record.load),
    };
    Ok(Report {
        as_of: Some(metrics.dates.score),
        rows_in: interactions,
        rows_out: taken.rows,
        warnings: warehouse.warnings.clone(),
        ..Report::new(taken.files, &metrics)?
    })
}

/// The as-of dates that a history allows: where models learn, are tested, and score.
pub fn dates(warehouse: &Warehouse, churn: &Churn) -> SnapshotDates {
    let spacing = Spacing {
        horizon: churn.horizon_days,
        step: churn.step_days,
        before: churn.min_history_days,
        most: churn.max_snapshots,
    };
    SnapshotDates::new(warehouse.first_day, warehouse.end, spacing)
}

/// Snapshots on their way into place.
struct Taken {
    files: Pending,
    /// Customers at the score date.
    customers: u64,
    /// Rows of all dates.
    rows: u64,
    names: Vec<String>,
}

impl Taken {
    /// Takes the snapshots of all dates, a few at a time.
    fn take(
        context: &Context<'_>,
        warehouse: &Warehouse,
        plan: &sql::Plan,
        dates: &SnapshotDates,
    ) -> Result<Self> {
        let all = count(
            &warehouse.scope,
            "SELECT count(DISTINCT customer_id) FROM customer_days",
        )?;
        let mut taken = Self {
            files: Pending::new(context.out, NAME),
            customers: 0,
            rows: 0,
            names: Vec::new(),
        };
        // Several dates at once save time, and all dates of a large history would fill the memory.
        let then = context.settings.config.features.known == Known::Then;
        let at_once = if then { 1 } else { dates_at_once(all as usize) };
        for (done, some_dates) in dates.all().chunks(at_once).enumerate() {
            let counted = Counted {
                done: (done * at_once) as u64,
                of: Some(dates.all().len() as u64),
                unit: "dates",
            };
            context.progress.part("features", counted);
            let past = then && some_dates[0] != dates.score;
            let known_then = match past {
                true => Some(known_then(context, warehouse, plan, some_dates[0])?),
                false => None,
            };
            let scope = known_then.as_ref().unwrap_or(&warehouse.scope);
            scope.batch("as_of_dates", as_of_table(some_dates)?)?;
            let mut snapshots = scope.query(&plan.snapshots())?;
            if !then {
                // What is scored is who they are now, without what was cancelled since the last purchase.
                let past = some_dates.iter().filter(|date| **date != dates.score);
                let past: Vec<NaiveDate> = past.copied().collect();
                snapshots = stood::as_it_stood(warehouse, plan, snapshots, &past)?;
            }
            taken.add(&snapshots, plan, dates.score)?;
        }
        Ok(taken)
    }

    /// Adds the snapshots of some dates, one below the other.
    fn add(&mut self, snapshots: &RecordBatch, plan: &sql::Plan, score: NaiveDate) -> Result<()> {
        let days = snapshots.column(0).as_primitive::<Int32Type>();
        let table = described(snapshots, plan)?;
        let mut start = 0;
        while start < table.num_rows() {
            let length = (start..table.num_rows())
                .take_while(|&row| days.value(row) == days.value(start))
                .count();
            let date = date_of(days.value(start))?;
            let about = tr!(
                "Features of every customer who bought before {date}, from what was known then",
                date = date
            );
            let rows = table.slice(start, length);
            self.files.parquet(&file_name(date), &about, &rows)?;
            if date == score {
                self.customers = length as u64;
            }
            start += length;
        }
        self.rows += table.num_rows() as u64;
        if self.names.is_empty() {
            let schema = table.schema();
            let fields = schema.fields().iter().skip(1);
            self.names = fields.map(|field| field.name().clone()).collect();
        }
        Ok(())
    }
}

/// The history folded as it was known at the beginning of a past date, with purchases that had not been
/// cancelled yet.
fn known_then(
    context: &Context<'_>,
    warehouse: &Warehouse,
    plan: &sql::Plan,
    date: NaiveDate,
) -> Result<Scope> {
    let known = Day(date);
    let known = context.known_at.map_or(known, |at| at.min(known));
    let scope = warehouse.known_and_standing_at(Some(known), Some(date))?;
    plan.prepare(&scope, None)?;
    Ok(scope)
}

fn count(scope: &Scope, sql: &str) -> Result<u64> {
    let counted = scope.query(sql)?;
    Ok(counted.column(0).as_primitive::<Int64Type>().value(0) as u64)
}

/// For how many dates the snapshots of so many customers are computed at once.
fn dates_at_once(customers: usize) -> usize {
    (ROWS_AT_ONCE / customers.max(1)).max(1)
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
            let name = field.name().as_str();
            let english = about.get(name).copied().unwrap_or(mark!("Who"));
            let mut notes = vec![("description".to_owned(), Column::named(name).about(english))];
            if spoken() != Language::En {
                notes.push((ENGLISH.to_owned(), english.to_owned()));
            }
            let field = field.as_ref().clone().with_nullable(true);
            field.with_metadata(notes.into_iter().collect())
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
