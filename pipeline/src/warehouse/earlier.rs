//! The warehouse as it was after an earlier load, laid beside as a folder of its own.

use std::fs;
use std::path::Path;

use crate::engine::Engine;
use crate::failure::{During, Failure, Result};
use crate::warehouse::folds::FOLDS;
use crate::warehouse::record::{LoadRecord, last_load, record_kept};
use crate::warehouse::{FOLDER, latest, table_builder};

/// Delta's log of a table.
const LOG: &str = "_delta_log";
/// Where the log says which checkpoint is the newest.
const NEWEST: &str = "_last_checkpoint";

/// Lays the warehouse below `out`, as it was after a load, below another folder: its files of rows as
/// links to the same bytes, its logs as copies, that of the interactions up to the load.
///
/// # Errors
/// That state cannot be read any more, or the other folder cannot be written.
pub fn lay(engine: &Engine, out: &Path, load: u64, beside: &Path) -> Result<()> {
    let version = version_of(engine, out, load)?;
    let (from, to) = (out.join(FOLDER), beside.join(FOLDER));
    for table in fs::read_dir(&from).during(from.display())? {
        let table = table.during(from.display())?;
        let name = table.file_name();
        // Hidden ones are of a load that goes on, and what is kept of months is made again.
        if !table.path().is_dir() || name.to_string_lossy().starts_with('.') || name == FOLDS {
            continue;
        }
        let until = (name == "interactions").then_some(version);
        copy(&table.path(), &to.join(&name), until)?;
    }
    Ok(())
}

/// The newest version of the interactions that is of a load.
fn version_of(engine: &Engine, out: &Path, load: u64) -> Result<u64> {
    let gone = || {
        Failure::data(format!(
            "the state of the warehouse after load {load} cannot be read any more"
        ))
        .hint("its files were cleared, keep_days after they were replaced: run again, and verify that")
    };
    match last_load(engine, out)? {
        Some(record) if record.load == load => return Ok(record.version),
        Some(record) if record.load > load => {}
        _ => return Err(gone()),
    }
    let newest = engine.wait(latest(out, "interactions"))?.version();
    for version in (0..newest.unwrap_or(0)).rev() {
        let builder = table_builder(out, "interactions")?.with_version(version);
        let Ok(table) = engine.wait(builder.load()) else {
            return Err(gone());
        };
        let record: Option<LoadRecord> = record_kept(&table)?;
        match record.map(|record| record.load) {
            Some(found) if found == load => return Ok(version),
            Some(found) if found < load => return Err(gone()),
            _ => {}
        }
    }
    Err(gone())
}

/// Copies a table: what its log says after `until` is left out.
fn copy(from: &Path, to: &Path, until: Option<u64>) -> Result<()> {
    fs::create_dir_all(to).during(to.display())?;
    for entry in fs::read_dir(from).during(from.display())? {
        let entry = entry.during(from.display())?;
        let (path, name) = (entry.path(), entry.file_name());
        let target = to.join(&name);
        if path.is_dir() {
            copy(&path, &target, until)?;
            continue;
        }
        if from.ends_with(LOG) {
            let name = name.to_string_lossy();
            let digits: String = name.chars().take_while(char::is_ascii_digit).collect();
            let later = match (digits.parse::<u64>(), until) {
                (Ok(version), Some(until)) => version > until,
                // It may name a checkpoint that is left out; without it the log is listed.
                (Err(_), _) => name == NEWEST,
                (Ok(_), None) => false,
            };
            if !later {
                fs::copy(&path, &target).during(target.display())?;
            }
        } else if fs::hard_link(&path, &target).is_err() {
            fs::copy(&path, &target).during(target.display())?;
        }
    }
    Ok(())
}
