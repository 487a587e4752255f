//! What every command on an output folder begins with: the lock, threads, the engine, the record of
//! earlier runs, and whatever a command that was killed has left.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use tempfile::TempDir;

use crate::config::Settings;
use crate::engine::Engine;
use crate::failure::{During, Failure, Result};
use crate::outputs::Pending;
use crate::outputs::lock::Lock;
use crate::outputs::manifest::{Manifest, StageEntry};
use crate::outputs::system::started_now;
use crate::outputs::temporary;
use crate::progress::Progress;
use crate::resources::{ProcessUse, process_use};
use crate::warehouse::receipt;
use crate::warning::Warning;

/// An output folder that nobody else works on meanwhile.
pub struct Workbench {
    /// The output folder.
    pub out: PathBuf,
    /// How many threads there are.
    pub threads: usize,
    /// Runs queries.
    pub engine: Arc<Engine>,
    /// What earlier runs left.
    pub manifest: Manifest,
    /// Tells a person how far it is.
    pub progress: Progress,
    /// What a load that was cut off would have said.
    pub unseen: Vec<Warning>,
    _lock: Lock,
}

impl Workbench {
    /// With so many threads, or one for each core, and so many bytes of memory for queries.
    pub fn open(
        mut lock: Lock,
        threads: Option<u16>,
        memory_limit: u64,
        quiet: bool,
    ) -> Result<Self> {
        let out = lock.root().to_owned();
        let threads = use_threads(threads);
        lock.clear_folders()?;
        let engine = Arc::new(Engine::new(&out, threads, memory_limit)?);
        let mut manifest = Manifest::open(&out)?;
        let unseen = receipt::settle(&engine, &out, &mut manifest)?;
        lock.clear(&manifest.files)?;
        Ok(Self {
            out,
            threads,
            engine,
            manifest,
            progress: Progress::new(quiet),
            unseen,
            _lock: lock,
        })
    }

    /// Puts the files of a piece of work into place and records it.
    pub fn record(
        &mut self,
        name: &'static str,
        files: Pending,
        entry: StageEntry,
        began: &Began,
    ) -> Result<()> {
        self.record_beside(name, files, entry, began, &|_| false)
    }

    /// The same beside files that it has left before and that stay, by their names.
    pub fn record_beside(
        &mut self,
        name: &'static str,
        files: Pending,
        entry: StageEntry,
        began: &Began,
        stays: &dyn Fn(&str) -> bool,
    ) -> Result<()> {
        let entry = began.measured(entry);
        self.manifest
            .commit_beside(&self.out, name, files, entry, stays)
    }
}

/// An engine beside all output folders, for commands that only look.
pub struct Aside {
    /// Runs queries.
    pub engine: Arc<Engine>,
    folder: TempDir,
}

impl Aside {
    /// With one thread for each core and so many bytes of memory for queries.
    pub fn open(memory_limit: u64) -> Result<Self> {
        let folder = tempfile::tempdir().during("making a temporary folder")?;
        temporary::folder(folder.path());
        let engine = Engine::new(folder.path(), use_threads(None), memory_limit)?;
        Ok(Self {
            engine: Arc::new(engine),
            folder,
        })
    }

    /// Where what has to be fetched goes.
    pub fn spool(&self) -> PathBuf {
        self.folder.path().join("sources")
    }
}

/// When a piece of work began, and what the process had used by then.
pub struct Began {
    at: String,
    clock: Instant,
    used: ProcessUse,
}

impl Began {
    /// Now.
    pub fn now() -> Self {
        Self {
            at: started_now(),
            clock: Instant::now(),
            used: process_use(),
        }
    }

    /// Wall time since.
    pub fn seconds(&self) -> f64 {
        self.clock.elapsed().as_secs_f64()
    }

    /// An entry of the manifest with what the work took.
    fn measured(&self, entry: StageEntry) -> StageEntry {
        let (before, now) = (self.used, process_use());
        let since = |of: fn(&ProcessUse) -> Option<u64>| Some(of(&now)? - of(&before)?);
        StageEntry {
            started_at: self.at.clone(),
            seconds: self.seconds(),
            cpu_seconds: before
                .cpu_seconds
                .zip(now.cpu_seconds)
                .map(|(before, now)| now - before),
            peak_memory_bytes: now.peak_memory_bytes,
            bytes_read: since(|used| used.bytes_read),
            bytes_written: since(|used| used.bytes_written),
            ..entry
        }
    }
}

/// An entry of the manifest for work with these settings.
pub fn entry(settings: &Settings, seed: u64) -> Result<StageEntry> {
    Ok(StageEntry {
        settings_sha256: settings.hash(),
        settings: serde_json::to_value(&settings.config)
            .map_err(|error| Failure::machine(error.to_string()))?,
        seed,
        ..StageEntry::default()
    })
}

/// Makes rayon's pool of this many threads, or of one for each core; says how many.
pub fn use_threads(asked: Option<u16>) -> usize {
    let threads = asked.map_or_else(
        || std::thread::available_parallelism().map_or(1, usize::from),
        usize::from,
    );
    // Fails only when a pool was made before, which happens in tests of this crate alone.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global();
    threads
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, Int64Array, RecordBatch};
    use arrow::datatypes::UInt64Type;

    use super::*;

    #[test]
    fn what_was_left_is_cleared_before_queries_spill() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join(".spill/left");
        std::fs::create_dir_all(&left).unwrap();
        let lock = Lock::take(folder.path(), "test", 0, true).unwrap();
        let bench = Workbench::open(lock, Some(1), 32 << 20, true).unwrap();
        assert!(!left.exists());
        let scope = bench.engine.scope();
        let keys: Int64Array = (0..8_000_000_i64).map(|v| v * 7 % 1_000_003).collect();
        let batch = RecordBatch::try_from_iter([("k", Arc::new(keys) as _)]).unwrap();
        scope.batch("whole", batch).unwrap();
        scope.fold("t", "SELECT k FROM whole").unwrap();
        // Sorting takes more than the memory that there is.
        let sorted = "SELECT max(r) FROM (SELECT row_number() OVER (ORDER BY k) AS r FROM t)";
        let last = scope.query(sorted).unwrap();
        assert_eq!(
            last.column(0).as_primitive::<UInt64Type>().value(0),
            8_000_000
        );
    }
}
