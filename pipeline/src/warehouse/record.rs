//! What a load says about itself, in the commit that ends it.

use std::collections::BTreeMap;
use std::path::Path;

use deltalake::{DeltaTable, DeltaTableError};
use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::failure::{During, Failure, Result};
use crate::warehouse::{FOLDER, JOURNAL, latest, table_builder, table_folder};

/// Key of [`LoadRecord`] in the commit of `interactions`, for those who read its history.
pub const LOAD_RECORD: &str = "regulars";
/// Key of [`LoadRecord`] among the properties of the table `interactions`: those are part of every
/// state of a table, whoever compacts it, and whatever part of its log is cleaned up.
pub const RECORD: &str = "regulars.load";
/// Key of [`LoadRecord::generation`] among the properties of every table.
pub const GENERATION: &str = "regulars.generation";

/// What the table `interactions` says about the load whose rows it has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoadRecord {
    /// Sets this load apart from every other one, also from one that was cut off.
    #[serde(default)]
    pub commit: String,
    /// Counts commits; those of all tables of one load have the same.
    #[serde(default)]
    pub generation: u64,
    /// The time zone that `day`, `hour` and `month` were derived with.
    pub timezone: String,
    /// Which load, counted from 1.
    #[serde(default)]
    pub load: u64,
    /// The other tables of this load, and the versions in which their state of it can be read.
    pub tables: BTreeMap<String, u64>,
    /// Rows of each table that hold.
    #[serde(default)]
    pub held: BTreeMap<String, u64>,
    /// The currency that the money of each table is in, where it is known.
    #[serde(default)]
    pub currencies: BTreeMap<String, Currency>,
    /// When the first load of this warehouse was, microseconds UTC.
    #[serde(default)]
    pub first_loaded_at: i64,
    /// The version of `interactions`.
    #[serde(skip)]
    pub version: u64,
}

/// The currency of amounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Currency {
    /// Its code, or what the source calls it.
    pub code: String,
    /// Whether the source says so, rather than the settings.
    pub named: bool,
}

impl LoadRecord {
    /// The version of a table that belongs to this load; none when it has no such table.
    pub fn version_of(&self, table: &str) -> Option<u64> {
        match table {
            "interactions" => Some(self.version),
            other => self.tables.get(other).copied(),
        }
    }
}

/// The load that the state of a table belongs to, as [`LoadRecord::generation`] counts.
pub fn generation(table: &DeltaTable) -> Option<u64> {
    let snapshot = table.snapshot().ok()?;
    let properties = snapshot.metadata().configuration();
    properties.get(GENERATION)?.parse().ok()
}

/// What the latest load said about itself; none when there is no load of regulars yet.
///
/// # Errors
/// There are rows, and nothing that says which load they belong to.
pub fn last_load(engine: &Engine, out: &Path) -> Result<Option<LoadRecord>> {
    if !table_folder(out, "interactions").is_dir() {
        return Ok(None);
    }
    let interactions = engine
        .wait(latest(out, "interactions"))
        .during("opening interactions")?;
    let Some(version) = interactions.version() else {
        return match has_rows(out)? {
            true => Err(logless()),
            false => Ok(None),
        };
    };
    let mut record = match record_kept(&interactions)? {
        Some(record) => record,
        None => record_in_history(engine, &interactions)?
            .ok_or_else(|| unreadable("nothing says which load its rows belong to"))?,
    };
    record.version = version;
    for (name, recorded) in &mut record.tables {
        *recorded = engine
            .wait(state_of(out, name, *recorded, record.generation))
            .during(format!("opening {FOLDER}/{name}"))?;
    }
    Ok(Some(record))
}

/// Whether a table that has no version has files of rows, other than those of a load that was cut
/// off, or what is left of a log.
fn has_rows(out: &Path) -> Result<bool> {
    let folder = table_folder(out, "interactions");
    let journal = std::fs::read_to_string(out.join(FOLDER).join(JOURNAL)).unwrap_or_default();
    let mut folders = vec![folder.clone()];
    while let Some(current) = folders.pop() {
        for entry in std::fs::read_dir(&current).during(current.display())? {
            let path = entry.during(current.display())?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let below = path.strip_prefix(&folder).unwrap_or(&path);
            let below = format!("interactions/{}", below.to_string_lossy());
            let ending = path.extension().and_then(|ending| ending.to_str());
            if matches!(ending, Some("json" | "parquet"))
                && !journal.lines().any(|line| line == below)
            {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn unreadable(problem: &str) -> Failure {
    Failure::data(format!("{FOLDER}/interactions cannot be used: {problem}")).hint(
        "bring the folder warehouse back from a backup; or start again from the sources that are there, and from nothing else: regulars ingest --rebuild",
    )
}

/// Whether a warehouse can be started again from its sources.
///
/// # Errors
/// A log that cannot be read: what is written beside it would be mixed up with it.
pub fn can_start(engine: &Engine, out: &Path) -> Result<()> {
    if !table_folder(out, "interactions").is_dir() {
        return Ok(());
    }
    let interactions = engine
        .wait(latest(out, "interactions"))
        .during("opening interactions")?;
    match interactions.version() {
        None if has_rows(out)? => Err(logless()),
        _ => Ok(()),
    }
}

fn logless() -> Failure {
    Failure::data(format!(
        "{FOLDER}/interactions has files of rows, and no log that could be read"
    ))
    .hint("bring the folder warehouse back from a backup; or move it away and start again from the sources that are there, and from nothing else: regulars ingest")
}

/// The record among the properties of the table.
pub(super) fn record_kept(interactions: &DeltaTable) -> Result<Option<LoadRecord>> {
    let snapshot = interactions.snapshot()?;
    let kept = snapshot.metadata().configuration().get(RECORD);
    kept.map(|text| serde_json::from_str(text))
        .transpose()
        .map_err(|error| {
            unreadable(&format!(
                "its property {RECORD} is not what a load wrote: {error}"
            ))
        })
}

/// The record of the newest commit that has one: other programs, and the clearing of old files, add
/// commits of their own.
fn record_in_history(engine: &Engine, interactions: &DeltaTable) -> Result<Option<LoadRecord>> {
    use futures::TryStreamExt;
    let record = |commit: &deltalake::kernel::CommitInfo| -> Option<LoadRecord> {
        serde_json::from_value(commit.info.get(LOAD_RECORD)?.clone()).ok()
    };
    engine
        .wait(async {
            let mut commits = interactions.history(None);
            while let Some(commit) = commits.try_next().await? {
                if let Some(record) = record(&commit) {
                    return Ok(Some(record));
                }
            }
            Ok::<_, DeltaTableError>(None)
        })
        .during("reading the last load")
}

/// The version in which a table is read for a load: the latest, which other programs may have made
/// by compacting it, unless it is of a load that was cut off; then the one before that load.
async fn state_of(out: &Path, name: &str, recorded: u64, load: u64) -> Result<u64> {
    let latest = latest(out, name).await?;
    let of_load = |table: &DeltaTable| generation(table).is_some_and(|of| of <= load);
    let Some(newest) = latest.version() else {
        return Ok(recorded); // opening it will say what is wrong
    };
    if newest <= recorded || generation(&latest).is_none() {
        return Ok(recorded);
    }
    if of_load(&latest) {
        return Ok(newest);
    }
    for version in (recorded + 1..newest).rev() {
        let earlier = table_builder(out, name)?
            .with_version(version)
            .load()
            .await?;
        if of_load(&earlier) {
            return Ok(version);
        }
    }
    Ok(recorded)
}
