//! Canonical rows become Delta Lake tables: all of a load, or nothing of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::DataFusionError;
use datafusion::datasource::provider_as_source;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::PartitionStream;
use deltalake::DeltaTable;
use deltalake::kernel::transaction::CommitProperties;
use deltalake::operations::write::{SchemaMode, WriteBuilder};
use deltalake::parquet::basic::{Compression, ZstdLevel};
use deltalake::parquet::file::properties::WriterProperties;
use deltalake::protocol::SaveMode;
use serde_json::Value;

use crate::engine::Engine;
use crate::failure::{During, Failure, Result};
use crate::warehouse::{LOAD_RECORD, LoadRecord, table_folder, table_url};

/// Rows that a row group of the warehouse holds at most: bounds the writer's memory.
const ROW_GROUP: usize = 1 << 18;

/// A canonical table that is small enough to stand in memory.
pub struct Small {
    /// Its name.
    pub name: &'static str,
    /// Its schema.
    pub schema: SchemaRef,
    /// Its rows.
    pub batches: Vec<RecordBatch>,
}

/// Takes the batches that a [`Source`] makes; an error means that nobody reads them any more.
pub type Take<'a> = dyn FnMut(RecordBatch) -> Result<()> + 'a;

/// Makes the rows of `interactions`, batch by batch, on a thread of its own.
pub type Source<'a> = Box<dyn FnOnce(&mut Take<'_>) -> Result<()> + Send + 'a>;

/// Writes all tables as one load.
///
/// The rows of `interactions` are written while `source` makes them. When it ends well the
/// small tables are committed, then `interactions`, whose commit names their versions. When it
/// fails nothing is committed, and the data files written so far are removed.
pub fn load(
    engine: &Engine,
    out: &Path,
    timezone: &str,
    small: Vec<Small>,
    schema: SchemaRef,
    source: Source<'static>,
) -> Result<()> {
    let mut record = LoadRecord {
        timezone: timezone.to_owned(),
        tables: BTreeMap::new(),
    };
    let mut tables = Vec::new();
    for table in small {
        let delta = open(engine, out, table.name)?;
        // One writer at a time: the next version is the one after the present one.
        let next = delta.version().map_or(0, |version| version + 1);
        record.tables.insert(table.name.to_owned(), next);
        tables.push((table, delta, next));
    }
    let interactions = open(engine, out, "interactions")?;
    let folder = table_folder(out, "interactions");
    let before = data_files(&folder);

    let handle = engine.handle();
    let finish = move || -> Result<()> {
        for (table, delta, next) in tables {
            let name = table.name;
            let written = handle
                .block_on(commit_small(table, delta))
                .during(format!("writing {name}"))?;
            if written != Some(next) {
                return Err(Failure::data(format!(
                    "somebody else wrote to the table {name} during this load"
                ))
                .hint("run ingest again when the other load has ended"));
            }
        }
        Ok(())
    };
    let work: Source<'static> = Box::new(move |send| {
        source(send)?;
        finish()
    });
    let record =
        serde_json::to_value(&record).map_err(|error| Failure::machine(error.to_string()))?;
    let written = engine.wait(commit_interactions(interactions, schema, work, record));
    if written.is_err() {
        for file in data_files(&folder).difference(&before) {
            let _ = fs::remove_file(file); // never committed, so nobody can have read it
        }
        if before.is_empty() {
            let _ = fs::remove_dir_all(&folder);
        }
    }
    written.during("writing the warehouse")
}

fn open(engine: &Engine, out: &Path, name: &str) -> Result<DeltaTable> {
    let folder = table_folder(out, name);
    fs::create_dir_all(&folder).during(folder.display())?;
    let url = table_url(out, name)?;
    engine
        .wait(DeltaTable::try_from_url(url))
        .during(format!("opening {}", folder.display()))
}

async fn commit_small(table: Small, delta: DeltaTable) -> Result<Option<u64>> {
    let batches = if table.batches.is_empty() {
        vec![RecordBatch::new_empty(table.schema)]
    } else {
        table.batches
    };
    let written = replacing(delta)?.with_input_batches(batches).await?;
    Ok(written.version())
}

async fn commit_interactions(
    delta: DeltaTable,
    schema: SchemaRef,
    work: Source<'static>,
    record: Value,
) -> Result<()> {
    let failure: Arc<Mutex<Option<Failure>>> = Arc::default();
    let plan = plan(schema, work, Arc::clone(&failure))?;
    let properties = CommitProperties::default().with_metadata([(LOAD_RECORD.to_owned(), record)]);
    let written = replacing(delta)?
        .with_input_plan(plan)
        .with_partition_columns(["month"])
        .with_commit_properties(properties)
        .await;
    match written {
        Ok(_) => Ok(()),
        // The source's own words say more than the writer's about a stream that ended early.
        Err(error) => Err(failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .unwrap_or_else(|| error.into())),
    }
}

/// A write that replaces what the table holds, and its schema.
fn replacing(delta: DeltaTable) -> Result<WriteBuilder> {
    let snapshot = match delta.version() {
        Some(_) => Some(delta.snapshot()?.snapshot().clone()),
        None => None,
    };
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_created_by(format!("regulars {}", env!("CARGO_PKG_VERSION")))
        .build();
    let mut builder = WriteBuilder::new(delta.log_store(), snapshot)
        .with_save_mode(SaveMode::Overwrite)
        .with_writer_properties(properties);
    if delta.version().is_some() {
        builder = builder.with_schema_mode(SchemaMode::Overwrite);
    }
    Ok(builder)
}

fn plan(
    schema: SchemaRef,
    work: Source<'static>,
    failure: Arc<Mutex<Option<Failure>>>,
) -> Result<LogicalPlan> {
    let stream = Stream {
        schema: Arc::clone(&schema),
        work: Mutex::new(Some(work)),
        failure,
    };
    let table = StreamingTable::try_new(schema, vec![Arc::new(stream)])?;
    Ok(
        LogicalPlanBuilder::scan("interactions", provider_as_source(Arc::new(table)), None)?
            .build()?,
    )
}

/// The rows of a load as a table that can be read once.
struct Stream {
    schema: SchemaRef,
    work: Mutex<Option<Source<'static>>>,
    failure: Arc<Mutex<Option<Failure>>>,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the rows of a load")
    }
}

impl PartitionStream for Stream {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStream::builder(Arc::clone(&self.schema), 4);
        let sender = builder.tx();
        let work = self
            .work
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let failure = Arc::clone(&self.failure);
        builder.spawn_blocking(move || {
            let Some(work) = work else {
                return Err(DataFusionError::Internal(
                    "the rows of a load can be read only once".to_owned(),
                ));
            };
            let mut send = |batch: RecordBatch| {
                sender
                    .blocking_send(Ok(batch))
                    .map_err(|_| Failure::machine("the writer stopped before the load ended"))
            };
            work(&mut send).map_err(|problem| {
                let text = DataFusionError::External(Box::new(problem.clone()));
                failure
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .get_or_insert(problem);
                text
            })
        });
        builder.build()
    }
}

/// The data files below a table's folder, committed or not.
fn data_files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && entry.file_name() != "_delta_log" {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "parquet")
            {
                files.insert(path);
            }
        }
    }
    files
}
