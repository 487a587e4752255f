//! The end of a load: every table is committed, the interactions last; a load that was cut off
//! before leaves nothing that counts.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use super::TableMetrics;
use super::layout::Layout;
use super::ledger::{self, Ledger, Loaded};
use super::store::{NewFile, Next, Stored, write_stored};
use crate::engine::Engine;
use crate::failure::{During, Failure, Result};
use crate::outputs::{Pending, replace};
use crate::row_hash::random;
use crate::stages::Context;
use crate::warehouse::{FOLDER, LoadRecord, table_folder};

/// A table that is ready to be committed.
pub struct LoadedTable {
    /// Its columns.
    pub layout: Layout,
    /// Its next state.
    pub next: Next,
    /// What is noted of its files.
    pub entries: Vec<Loaded>,
    /// Where its rows ended.
    pub metrics: TableMetrics,
    /// The most frequent reasons of rejects.
    pub reasons: String,
    /// The file of rejects.
    pub rejects_name: String,
    /// The file of rejects, not yet in place.
    pub rejects: Option<Pending>,
}

impl LoadedTable {
    /// Its files to be, where they lie now.
    pub fn paths(&self) -> impl Iterator<Item = PathBuf> {
        let stay = self.next.stay.iter().map(|file| file.path.clone());
        stay.chain(self.next.come.iter().map(|(_, file)| file.path.clone()))
    }
}

/// The right to load: one load at a time, whatever happens to the process.
pub struct Guard {
    folder: PathBuf,
    scratch: PathBuf,
    _lock: File,
}

impl Guard {
    /// Takes it for the warehouse below `out`.
    ///
    /// # Errors
    /// Another load is going on.
    pub fn take(out: &Path) -> Result<Self> {
        let folder = out.join(FOLDER);
        fs::create_dir_all(&folder).during(folder.display())?;
        let path = folder.join(".lock");
        let lock = File::create(&path).during(path.display())?;
        // The system gives the lock back when the process ends, also when it is killed.
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::data(format!(
                    "{} is being loaded by another process",
                    folder.display()
                ))
                .hint("wait until it has ended; loads go one after the other"));
            }
            Err(TryLockError::Error(error)) => return Err(error).during(path.display()),
        }
        let scratch = folder.join(".loading");
        Ok(Self {
            folder,
            scratch,
            _lock: lock,
        })
    }

    /// Where things may be put that end with the load; on the disk of the warehouse, so that
    /// files can be renamed from there.
    pub fn scratch(&self) -> &Path {
        &self.scratch
    }

    /// The list of files that a commit is about to move into place.
    fn journal(&self) -> PathBuf {
        self.folder.join(".committing")
    }

    /// Removes what a load that was cut off has left behind.
    pub fn clean_up<'a>(&self, tables: impl Iterator<Item = &'a Stored>) -> Result<()> {
        if self.scratch.exists() {
            fs::remove_dir_all(&self.scratch).during(self.scratch.display())?;
        }
        let journal = self.journal();
        let Ok(listed) = fs::read_to_string(&journal) else {
            return Ok(());
        };
        let named: BTreeSet<PathBuf> = tables.flat_map(Stored::named).collect();
        for path in listed.lines().map(|line| self.folder.join(line)) {
            if !named.contains(&path) && path.exists() {
                fs::remove_file(&path).during(path.display())?;
            }
        }
        fs::remove_file(&journal).during(journal.display())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // What stays is hidden, and removed by the next load.
        let _ = fs::remove_dir_all(&self.scratch);
        for table in ledger::every_table() {
            let _ = fs::remove_dir(self.folder.join(table)); // unless something is in it
        }
    }
}

/// Commits what a load has read, and the record of it.
pub fn commit(
    context: &Context<'_>,
    guard: &Guard,
    loaded: Vec<LoadedTable>,
    (mut ledger, stored): (Ledger, Stored),
    record: LoadRecord,
) -> Result<()> {
    let mut others: Vec<Next> = Vec::with_capacity(loaded.len());
    let mut interactions = None;
    for table in loaded {
        ledger.entries.extend(table.entries);
        match table.next.by_month() {
            true => interactions = Some(table.next),
            false => others.push(table.next),
        }
    }
    let Some(interactions) = interactions else {
        return Err(Failure::machine("a load without interactions"));
    };
    let loads = write_ledger(guard.scratch(), &ledger)?;
    others.push(Next {
        stored,
        schema: Ledger::schema(),
        stay: Vec::new(),
        come: vec![(0, loads)],
    });
    commit_tables(context.engine, guard, others, interactions, record)?;
    sweep(
        context.engine,
        context.out,
        context.settings.config.ingest.keep_days,
    )
}

/// Commits the tables that change, the interactions last; their commit names the versions of the
/// others, so that a reader sees all of it or nothing.
pub fn commit_tables(
    engine: &Engine,
    guard: &Guard,
    others: Vec<Next>,
    interactions: Next,
    mut record: LoadRecord,
) -> Result<()> {
    let load = format!("{:06}-{:016x}", record.load, random());
    let targets: Vec<String> = others
        .iter()
        .chain([&interactions])
        .flat_map(|table| {
            let targets = table.targets(&load).into_iter();
            targets.map(|target| format!("{}/{target}", table.name()))
        })
        .collect();
    let journal = guard.journal();
    replace(&journal, &(targets.join("\n") + "\n"))?;
    for table in others {
        let name = table.name();
        let version = match table.changes() {
            true => table.commit(engine, &load, None)?,
            false => table.version(),
        };
        record.tables.insert(name.to_owned(), version);
    }
    let record =
        serde_json::to_value(&record).map_err(|error| Failure::machine(error.to_string()))?;
    interactions.commit(engine, &load, Some(record))?;
    let _ = fs::remove_file(&journal); // of no consequence: its files are named now
    Ok(())
}

fn write_ledger(scratch: &Path, ledger: &Ledger) -> Result<NewFile> {
    let path = scratch.join("loads.parquet");
    write_stored(&path, &Ledger::schema(), std::iter::once(ledger.to_rows()))
}

/// Removes files that no state of the last days names.
pub fn sweep(engine: &Engine, out: &Path, keep_days: u32) -> Result<()> {
    for name in
        ledger::every_table().filter(|name| table_folder(out, name).join("_delta_log").is_dir())
    {
        super::store::sweep(engine, out, name, keep_days)?;
    }
    Ok(())
}
