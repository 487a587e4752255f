//! On which days customers bought, straight from the sources: what a draft of settings can go by before
//! anything is loaded.

use std::path::Path;

use arrow::array::{Array, AsArray};

use super::files::Planning;
use super::last_true_day;
use super::mapping;
use super::plan::SourcePlan;
use super::rows::{Canonical, Shaper};
use super::zone::Zone;
use crate::config::Settings;
use crate::contract;
use crate::engine::Engine;
use crate::engine::row_hash::hash_columns;
use crate::failure::Result;
use crate::warehouse::forgotten::Forgotten;
use crate::warehouse::layout::Layout;
use crate::warehouse::ledger::Ledger;

/// More bytes of files than these are not read for it: a draft should not keep anybody waiting.
const MOST_BYTES: u64 = 256 << 20;

/// The customer, as a number that stands for the id, and the day of every purchase that can be used, in
/// the order of the sources; rows that a load would reject are left out. None where the sources of the
/// interactions are too large to be read for it.
///
/// # Errors
/// As for [`look`](super::look::look).
pub fn purchase_days(
    settings: &Settings,
    engine: &Engine,
    spool: &Path,
) -> Result<Option<Vec<(u64, i32)>>> {
    let ledger = Ledger::default();
    let planning = Planning::new(settings, &ledger, engine, spool, 0);
    let mut plans = Vec::new();
    for table in contract::TABLES {
        plans.extend(mapping::plan(&planning, table, None)?);
    }
    mapping::agree_on_keys(&mut plans);
    let mut bought = Vec::new();
    for plan in plans {
        if plan.table.name != "interactions" {
            continue;
        }
        let files = plan.sources.iter().flat_map(|source| &source.files);
        if files.map(|planned| planned.file.size).sum::<u64>() > MOST_BYTES {
            return Ok(None);
        }
        let deletes = plan.sources.iter().any(|source| source.deleted.is_some());
        let layout = Layout::new(plan.table, plan.columns, deletes);
        let shaper = Shaper {
            layout: &layout,
            zone: Zone::new(settings.config.project.timezone.0),
            earliest: settings.config.ingest.earliest.0.to_epoch_days(),
            latest: last_true_day(&settings.config).to_epoch_days(),
            products: None,
            forgotten: &Forgotten::default(),
            same_lines: settings.config.ingest.same_lines,
        };
        for source in &plan.sources {
            of_source(&shaper, source, &mut bought)?;
        }
    }
    Ok(Some(bought))
}

fn of_source(shaper: &Shaper<'_>, source: &SourcePlan, bought: &mut Vec<(u64, i32)>) -> Result<()> {
    for planned in &source.files {
        for pass in 0..source.passes()? {
            for piece in source.open(&planned.file, false, pass)? {
                let (batch, _) = source.let_through(piece?()?)?;
                let canonical = shaper.judge(source, planned, &batch)?;
                add(shaper.layout, &canonical, bought)?;
            }
        }
    }
    Ok(())
}

fn add(layout: &Layout, canonical: &Canonical<'_>, bought: &mut Vec<(u64, i32)>) -> Result<()> {
    let place = |name: &str| layout.columns.iter().position(|column| column.name == name);
    let (Some(customer), Some(kind)) = (place("customer_id"), place("kind")) else {
        return Ok(());
    };
    let customers = &canonical.columns[customer];
    let rows = customers.len();
    let numbers = hash_columns(std::slice::from_ref(customers), rows, 0)?;
    let kinds = canonical.columns[kind].as_string_opt::<i32>();
    for (row, number) in numbers.into_iter().enumerate() {
        let is_purchase = kinds.is_none_or(|kinds| {
            kinds.is_valid(row) && kinds.value(row).eq_ignore_ascii_case("purchase")
        });
        if !canonical.judged.good[row] || customers.is_null(row) || !is_purchase {
            continue;
        }
        bought.extend(canonical.day(row).map(|day| (number, day)));
    }
    Ok(())
}
