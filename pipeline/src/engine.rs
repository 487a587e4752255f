//! Where queries run: one DataFusion session with a memory limit, over the warehouse.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::Schema;
use datafusion::dataframe::DataFrameWriteOptions;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use futures::StreamExt;
use tokio::runtime::Runtime;
use url::Url;

use crate::below::no_link;
use crate::failure::{During, Failure, Result};
use crate::memory::QueryMemory;
use crate::table::plain_text;
use crate::temporary::{self, SPILL};
use crate::user_sql;

/// Runs queries; blocking outside, asynchronous inside.
pub struct Engine {
    runtime: Runtime,
    session: SessionContext,
    spill: PathBuf,
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
        let session = SessionContext::new_with_config_rt(config, environment);
        user_sql::bound(&session, memory_limit);
        Ok(Self {
            runtime,
            session,
            spill,
        })
    }

    /// Waits for asynchronous work.
    pub fn wait<F: Future>(&self, work: F) -> F::Output {
        self.runtime.block_on(work)
    }

    /// The session, to register tables in.
    pub fn session(&self) -> &SessionContext {
        &self.session
    }

    /// The whole result of a query, text as plain text.
    pub fn query(&self, sql: &str) -> Result<RecordBatch> {
        self.wait(async {
            let frame = self.session.sql(sql).await?;
            let schema = Arc::new(frame.schema().as_arrow().clone());
            let batches = frame.collect().await?;
            let schema = batches.first().map_or(schema, RecordBatch::schema);
            Ok(concat_batches(&schema, &batches)?)
        })
        .and_then(|batch| plain_text(&batch))
    }

    /// Runs a query and hands out its batches as they come, in no stated order.
    pub fn for_each(
        &self,
        sql: &str,
        mut take: impl FnMut(RecordBatch) -> Result<()>,
    ) -> Result<()> {
        self.wait(async {
            let mut stream: SendableRecordBatchStream =
                self.session.sql(sql).await?.execute_stream().await?;
            while let Some(batch) = stream.next().await {
                take(plain_text(&batch?)?)?;
            }
            Ok(())
        })
    }

    /// Registers the result of a query under a name, kept as Parquet beside the spilled data, so
    /// that several queries can read it and memory stays flat whatever its size.
    pub fn fold(&self, name: &str, sql: &str) -> Result<()> {
        let folder = self.spill.join(name);
        // What had this name before makes room.
        self.session.deregister_table(name)?;
        let _ = std::fs::remove_dir_all(&folder);
        temporary::make_folder(&folder)?;
        // A trailing slash makes it a folder, with a file for each thread.
        let path = format!("{}/", address(&folder)?);
        self.wait(async {
            let frame = self.session.sql(sql).await?;
            let fields = frame.schema().fields().iter();
            let plain = fields.map(|field| field.as_ref().clone().with_metadata(HashMap::new()));
            let schema = Schema::new(plain.collect::<Vec<_>>());
            frame
                .write_parquet(&path, DataFrameWriteOptions::new(), None)
                .await?;
            if std::fs::read_dir(&folder)?.next().is_none() {
                // Without rows there is no file, and no columns to be found in one.
                let nothing = RecordBatch::new_empty(Arc::new(schema));
                self.session.register_batch(name, nothing)?;
                return Ok(());
            }
            self.session
                .register_parquet(name, &path, ParquetReadOptions::default())
                .await?;
            Ok::<_, Failure>(())
        })
        .during(format!("computing {name}"))
    }

    /// Registers a batch under a name, in place of what had that name before.
    pub fn register(&self, name: &str, batch: RecordBatch) -> Result<()> {
        self.session.deregister_table(name)?;
        self.session.register_batch(name, batch)?;
        Ok(())
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

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, Int64Array};
    use arrow::datatypes::Int64Type;

    use super::*;

    #[test]
    fn a_fold_without_rows_is_a_table_without_rows() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::new(folder.path(), 2, 1 << 24).unwrap();
        engine
            .fold("empty", "SELECT 1 AS v, 'x' AS w WHERE 1 > 2")
            .unwrap();
        let sum = engine.query("SELECT count(v), max(w) FROM empty").unwrap();
        assert_eq!(sum.column(0).as_primitive::<Int64Type>().value(0), 0);
    }

    #[test]
    fn a_batch_takes_the_place_of_what_had_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::new(folder.path(), 1, 1 << 24).unwrap();
        for value in [1, 2] {
            let column = Arc::new(Int64Array::from(vec![value])) as _;
            let batch = RecordBatch::try_from_iter([("v", column)]).unwrap();
            engine.register("t", batch).unwrap();
            let sum = engine.query("SELECT sum(v) FROM t").unwrap();
            assert_eq!(sum.column(0).as_primitive::<Int64Type>().value(0), value);
        }
    }
}
