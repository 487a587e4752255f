//! Snapshots of past dates with purchases that had not been cancelled by then: those of the customers whom
//! it concerns are computed anew, from their own rows.

use std::fmt::Write as _;

use arrow::array::RecordBatch;
use chrono::NaiveDate;

use super::{as_of_table, sql};
use crate::engine::Scope;
use crate::failure::Result;
use crate::warehouse::Warehouse;
use crate::warehouse::standing::STRADDLERS;

/// Snapshots of some dates, as they were taken from what counts now, with what stood at these dates.
pub fn as_it_stood(
    warehouse: &Warehouse,
    plan: &sql::Plan,
    now: RecordBatch,
    dates: &[NaiveDate],
) -> Result<RecordBatch> {
    let straddled = dates.iter().filter(|date| warehouse.straddled(**date));
    let straddled: Vec<NaiveDate> = straddled.copied().collect();
    if straddled.is_empty() {
        return Ok(now);
    }
    let scope = warehouse.scope.within()?;
    scope.batch("snapshots_now", now)?;
    let mut stay = "SELECT * FROM snapshots_now".to_owned();
    let mut anew = String::new();
    for date in straddled {
        let days = date.to_epoch_days();
        let (of_date, whom) = (format!("stood_{days}"), format!("whom_{days}"));
        if plan.tells_of_others() {
            let stood = warehouse.known_and_standing_at(warehouse.known_at, Some(date))?;
            scope.batch(&of_date, taken(&stood, plan, date)?)?;
            stay = format!("SELECT * FROM ({stay}) WHERE as_of <> {days}");
        } else {
            let stood = warehouse.straddlers_at(date)?;
            scope.batch(&of_date, taken(&stood, plan, date)?)?;
            let customers = stood.query(&format!("SELECT customer_id FROM {STRADDLERS}"))?;
            scope.batch(&whom, customers)?;
            stay = format!(
                "SELECT held.* FROM ({stay}) held LEFT ANTI JOIN {whom} \
                 ON held.customer_id = {whom}.customer_id AND held.as_of = {days}"
            );
        }
        let _ = write!(anew, " UNION ALL SELECT * FROM {of_date}");
    }
    scope.query(&format!(
        "SELECT * FROM ({stay}{anew}) ORDER BY as_of, customer_id"
    ))
}

fn taken(scope: &Scope, plan: &sql::Plan, date: NaiveDate) -> Result<RecordBatch> {
    plan.prepare(scope, None)?;
    scope.batch("as_of_dates", as_of_table(&[date])?)?;
    scope.query(&plan.snapshots())
}
