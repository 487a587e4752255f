//! The dates that `churn --suggest` reads from the data, beside the rhythm of the shop's law.

use regulars_datasets::history::truth::within;

use crate::commands::compare::Finding;
use crate::commands::compare::truth::Truth;
use crate::config::Day;
use crate::failure::Result;
use crate::outputs::manifest::Manifest;
use crate::stages::churn::{Metrics, NAME, Rhythm};
use crate::warehouse::Warehouse;
use crate::workbench::Workbench;

/// Horizon and eligibility proposed, beside the days within which purchases that come again come.
pub fn findings(bench: &Workbench, manifest: &Manifest, truth: &Truth) -> Result<Vec<Finding>> {
    let Some(dates) = manifest
        .metrics::<Metrics>(NAME)
        .and_then(|metrics| metrics.dates)
    else {
        return Ok(Vec::new());
    };
    let cut = Some(Day(dates.score_date));
    let mut warehouse = Warehouse::open_as_loaded(&bench.engine, &bench.out, cut)?;
    warehouse.span(cut)?;
    let Some(found) = Rhythm::read(&warehouse)?.suggest() else {
        return Ok(Vec::new());
    };
    let finding = |measure: String, days: u32, share: f64, note: String| {
        let finding = Finding::count(NAME, measure, days.into()).note(note);
        match within(&truth.world, share) {
            Some(days) => finding.best(days.into()),
            None => finding,
        }
    };
    let horizon = match found.shortened {
        true => {
            tr!("a quarter of the history; by the law four in five come again within those days")
        }
        false => tr!("whole weeks; by the law four in five come again within those days"),
    };
    Ok(vec![
        finding(
            tr!("horizon proposed, days"),
            found.horizon_days,
            0.8,
            horizon,
        ),
        finding(
            tr!("eligibility proposed, days"),
            found.active_days,
            0.95,
            tr!("whole weeks; by the law 19 in 20 come again within those days"),
        ),
    ])
}
