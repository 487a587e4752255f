//! Where queries run: DataFusion with a memory limit. What it knows by name is known in a [`Scope`].

pub mod delta;
pub mod in_order;
pub mod memory;
pub mod row_hash;
pub mod scope;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
use tokio::runtime::Runtime;
use url::Url;

use crate::engine::memory::QueryMemory;
pub use crate::engine::scope::Scope;
use crate::failure::{During, Failure, Result};
use crate::outputs::below::no_link;
use crate::outputs::temporary::{self, SPILL};
use crate::user_sql;

/// Threads and memory for queries; blocking outside, asynchronous inside.
pub struct Engine {
    runtime: Runtime,
    config: SessionConfig,
    environment: Arc<RuntimeEnv>,
    memory_limit: u64,
    spill: PathBuf,
    scopes: AtomicUsize,
}

impl Engine {
    /// An engine with this many threads and bytes of memory, spilling below `out`.
    pub fn new(out: &Path, threads: usize, memory_limit: u64) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_stack_size(8 << 20) // deep plans recurse deeply
            .enable_all()
            .build()?;
        let spill = out.join(SPILL);
        no_link(&spill)?;
        temporary::without_stand_in(&spill);
        temporary::folder(&spill);
        let config = SessionConfig::new()
            .with_target_partitions(threads)
            .with_information_schema(false);
        let environment = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(QueryMemory::new(
                usize::try_from(memory_limit).unwrap_or(usize::MAX),
            )))
            .with_temp_file_path(&spill)
            .build_arc()?;
        Ok(Self {
            runtime,
            config,
            environment,
            memory_limit,
            spill,
            scopes: AtomicUsize::new(0),
        })
    }

    /// Waits for asynchronous work.
    pub fn wait<F: Future>(&self, work: F) -> F::Output {
        self.runtime.block_on(work)
    }

    /// A scope in which nothing has a name yet.
    pub fn scope(self: &Arc<Self>) -> Scope {
        let environment = Arc::clone(&self.environment);
        let session = SessionContext::new_with_config_rt(self.config.clone(), environment);
        user_sql::bound(&session, self.memory_limit);
        let number = self.scopes.fetch_add(1, Ordering::Relaxed);
        Scope::new(
            Arc::clone(self),
            session,
            self.spill.join(number.to_string()),
        )
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Empty unless a query was cut short; never anything of the user's.
        let _ = std::fs::remove_dir_all(&self.spill);
        temporary::folder_ended(&self.spill);
    }
}

/// How the engine is told of a file or folder that is there: as a URL, since in a plain path `?`,
/// `*` and `[` would stand for other names.
pub fn address(path: &Path) -> Result<String> {
    let path = path.canonicalize().during(path.display())?;
    match Url::from_file_path(&path) {
        Ok(url) => Ok(url.into()),
        Err(()) => Err(Failure::settings(format!(
            "{} is no usable path",
            path.display()
        ))),
    }
}
