//! The end of a load: every table is committed, the interactions last; a load that was cut off
//! before leaves nothing that counts.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::engine::Engine;
use crate::engine::row_hash::random;
use crate::failure::{During, Failure, Result};
use crate::outputs::below::below;
use crate::outputs::interrupt;
use crate::outputs::replace;
use crate::outputs::temporary::{self, LOADING};
use crate::warehouse::ledger::{self, Ledger};
use crate::warehouse::state;
use crate::warehouse::store::{NewFile, Next, Stored, make_folder, write_stored};
use crate::warehouse::{FOLDER, JOURNAL, LoadRecord, table_folder};

/// Where a load puts what it is about to commit; whoever has one holds the lock of the output
/// folder.
pub struct Guard {
    out: PathBuf,
    folder: PathBuf,
    scratch: PathBuf,
}

impl Guard {
    /// That of the warehouse below `out`, which is made when it is not there.
    pub fn take(out: &Path) -> Result<Self> {
        let folder = out.join(FOLDER);
        make_folder(&folder)?;
        let scratch = out.join(LOADING);
        temporary::folder(&scratch);
        Ok(Self {
            out: out.to_owned(),
            folder,
            scratch,
        })
    }

    /// Where things may be put that end with the load; on the disk of the warehouse, so that
    /// files can be renamed from there.
    pub fn scratch(&self) -> &Path {
        &self.scratch
    }

    /// The list of files that a commit is about to move into place.
    fn journal(&self) -> PathBuf {
        self.folder.join(JOURNAL)
    }

    /// Removes what a load that was cut off while it was committed has left behind: files that it
    /// had moved into place and that nothing names, and what the writing of logs leaves.
    pub fn clean_up<'a>(&self, tables: impl Iterator<Item = &'a Stored>) -> Result<()> {
        let journal = self.journal();
        let listed = match fs::read_to_string(&journal) {
            Ok(listed) => listed,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error).during(journal.display()),
        };
        let mut named: BTreeSet<PathBuf> = BTreeSet::new();
        for table in tables {
            named.extend(table.named());
            table.clear_log()?;
        }
        for line in listed.lines() {
            let path = below(&self.folder, line, &journal)?;
            if !named.contains(&path) && path.is_file() {
                fs::remove_file(&path).during(path.display())?;
                // The folder of a month that has no other file; else it stays.
                let _ = path.parent().map(fs::remove_dir);
            }
        }
        fs::remove_file(&journal).during(journal.display())
    }
}

/// Removes what a load that was cut off while it was committed has left in the warehouse below `out`.
pub fn clear(engine: &Engine, out: &Path) -> Result<()> {
    if !out.join(FOLDER).join(JOURNAL).exists() {
        return Ok(());
    }
    let guard = Guard::take(out)?;
    let tables: Vec<Stored> = ledger::every_table()
        .map(|name| Stored::open(engine, out, name, None))
        .collect::<Result<_>>()?;
    guard.clean_up(tables.iter())
}

impl Drop for Guard {
    fn drop(&mut self) {
        // What stays is hidden, and removed by the next command.
        let _ = fs::remove_dir_all(&self.scratch);
        temporary::folder_ended(&self.scratch);
        for table in ledger::every_table() {
            let _ = fs::remove_dir(self.folder.join(table)); // unless something is in it
        }
    }
}

/// Commits the tables of a load and the record of what was loaded.
pub fn commit(
    engine: &Engine,
    guard: &Guard,
    tables: Vec<Next>,
    (ledger, stored): (&Ledger, Stored),
    record: LoadRecord,
) -> Result<()> {
    let (mut interactions, mut others): (Vec<Next>, Vec<Next>) =
        tables.into_iter().partition(Next::by_month);
    let Some(interactions) = interactions.pop() else {
        return Err(Failure::machine("a load without interactions"));
    };
    let loads = write_ledger(guard.scratch(), ledger)?;
    others.push(Next {
        stored,
        schema: Ledger::schema(),
        stay: Vec::new(),
        come: vec![(0, loads)],
    });
    commit_tables(engine, guard, others, interactions, record)
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
    let _whole = interrupt::hold();
    let load = format!("{:06}-{:016x}", record.load, random());
    let latest = others.iter().chain([&interactions]).map(Next::generation);
    record.generation = latest.max().unwrap_or(0).max(record.generation) + 1;
    let generation = record.generation;
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
            true => table.commit(engine, &load, generation, None)?,
            false => table.version(),
        };
        record.tables.insert(name.to_owned(), version);
    }
    let version = interactions.commit(engine, &load, generation, Some(&record))?;
    temporary::may_go(&journal); // its files are named now
    state::write(&guard.out, &LoadRecord { version, ..record })
}

fn write_ledger(scratch: &Path, ledger: &Ledger) -> Result<NewFile> {
    let path = scratch.join("loads.parquet");
    write_stored(&path, &Ledger::schema(), std::iter::once(ledger.to_rows()))
}

/// Removes files that no state of the last days names: the end of whatever has committed.
pub fn sweep(engine: &Engine, out: &Path, keep_days: u32) -> Result<()> {
    let _whole = interrupt::hold();
    for name in
        ledger::every_table().filter(|name| table_folder(out, name).join("_delta_log").is_dir())
    {
        crate::warehouse::store::sweep(engine, out, name, keep_days)?;
    }
    // Of no consequence any more: its files are named, and nothing writes to the logs.
    let journal = out.join(FOLDER).join(JOURNAL);
    let _ = fs::remove_file(&journal);
    temporary::ended(&journal);
    Ok(())
}
