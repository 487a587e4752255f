//! The tables of the warehouse as files and commits of Delta Lake: what is there, what is written
//! beside it, and the commit that puts the one in place of the other.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Field, Int32Type, Schema, SchemaRef};
use deltalake::DeltaTable;
use deltalake::kernel::engine::arrow_conversion::{TryIntoArrow, TryIntoKernel};
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties, TableReference};
use deltalake::kernel::{Action, Add, MetadataExt, Remove, StructType};
use deltalake::operations::create::CreateBuilder;
use deltalake::protocol::{DeltaOperation, SaveMode};
use futures::TryStreamExt;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::engine::delta::must_be_there;
use crate::failure::{During, Failure, Result};
use crate::outputs::below::below;
use crate::outputs::interrupt;
use crate::outputs::temporary;
use crate::warehouse::layout::{KNOWN_AT, REPLACED_AT, ROW_KEY, SOURCE_FILE};
use crate::warehouse::partition::Partition;
use crate::warehouse::partition::{month_name, month_named};
use crate::warehouse::record::{self, GENERATION, LOAD_RECORD, LoadRecord, RECORD};
use crate::warehouse::{latest, table_builder, table_folder};

/// Rows that a row group holds at most: bounds the memory of writers and readers.
const ROW_GROUP: usize = 1 << 18;

/// A file of a table.
#[derive(Clone, Debug)]
pub struct StoredFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Its path below the table's folder, as the log names it.
    pub name: String,
    /// Its part of the table.
    pub partition: Partition,
    /// Its rows.
    pub rows: usize,
    add: Add,
}

/// A file that is written and not yet part of a table.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// Where it lies now.
    pub path: PathBuf,
    /// Its rows.
    pub rows: usize,
    size: u64,
    days: Option<(i32, i32)>,
}

/// Makes a folder of the warehouse; not any more when a signal has come.
pub fn make_folder(folder: &Path) -> Result<()> {
    let _whole = interrupt::hold();
    fs::create_dir_all(folder).during(folder.display())
}

/// A table as the last whole load left it.
pub struct Stored {
    name: &'static str,
    folder: PathBuf,
    table: DeltaTable,
    /// What the log names now: more than `files` if a load was cut off between two tables.
    active: BTreeMap<String, Add>,
    /// The columns of its files; none when there is no table yet.
    pub schema: Option<SchemaRef>,
    /// Its files, in the order of their names.
    pub files: Vec<StoredFile>,
}

impl Stored {
    /// Opens a table; `version` is the one that the last whole load names. Without one the table
    /// counts as empty, whatever it holds.
    pub fn open(
        engine: &Engine,
        out: &Path,
        name: &'static str,
        version: Option<u64>,
    ) -> Result<Self> {
        let folder = table_folder(out, name);
        make_folder(&folder)?;
        engine
            .wait(async {
                let table = latest(out, name).await?;
                let active = adds(&table).await?;
                let mut schema = None;
                let mut files = Vec::new();
                if let Some(version) = version {
                    let whole = match table.version() {
                        Some(latest) if latest == version => table.clone(),
                        _ => {
                            table_builder(out, name)?
                                .with_version(version)
                                .load()
                                .await?
                        }
                    };
                    let columns: Schema = whole.snapshot()?.schema().as_ref().try_into_arrow()?;
                    schema = Some(Arc::new(columns));
                    for (name, add) in adds(&whole).await? {
                        let path = folder.join(&name);
                        files.push(StoredFile {
                            rows: rows_of(&add, &path)?,
                            path,
                            name,
                            partition: partition_of(&add),
                            add,
                        });
                    }
                    must_be_there(&folder, files.iter().map(|file| file.path.as_path()))?;
                }
                Ok::<_, Failure>(Self {
                    name,
                    folder,
                    table,
                    active,
                    schema,
                    files,
                })
            })
            .during(format!("opening the table {name}"))
    }

    /// How many rows of these source files hold.
    pub fn holding(&self, of_file: &dyn Fn(i32) -> bool) -> Result<u64> {
        let Some(schema) = &self.schema else {
            return Ok(0);
        };
        let wanted = [SOURCE_FILE, REPLACED_AT];
        let fields = wanted
            .iter()
            .map(|name| schema.field_with_name(name).cloned());
        let fields: Vec<Field> = fields.collect::<std::result::Result<_, _>>()?;
        let schema = Arc::new(Schema::new(fields));
        let mut rows = 0;
        for file in &self.files {
            read_stored(&file.path, &schema, |batch| {
                let files = batch.column(0).as_primitive::<Int32Type>();
                let ends = batch.column(1);
                let held = (0..batch.num_rows())
                    .filter(|&row| ends.is_null(row) && of_file(files.value(row)));
                rows += held.count() as u64;
                Ok(())
            })?;
        }
        Ok(rows)
    }

    /// The files by partition.
    pub fn partitions(&self) -> BTreeMap<Partition, Vec<StoredFile>> {
        let mut partitions: BTreeMap<Partition, Vec<StoredFile>> = BTreeMap::new();
        for file in &self.files {
            partitions
                .entry(file.partition)
                .or_default()
                .push(file.clone());
        }
        partitions
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Removes what the writing of its log leaves when it is cut off: parts of commits and checkpoints
    /// that never got their names.
    pub fn clear_log(&self) -> Result<()> {
        let log = self.folder.join("_delta_log");
        let Ok(entries) = fs::read_dir(&log) else {
            return Ok(());
        };
        for entry in entries {
            let entry = entry.during(log.display())?;
            let name = entry.file_name();
            let staged = name.to_str().and_then(|name| name.rsplit_once('#'));
            if staged.is_some_and(|(_, part)| part.bytes().all(|byte| byte.is_ascii_digit())) {
                fs::remove_file(entry.path()).during(entry.path().display())?;
            }
        }
        Ok(())
    }

    /// Files that the log names, also after a load that was cut off.
    pub fn named(&self) -> impl Iterator<Item = PathBuf> {
        self.active.keys().map(|name| self.folder.join(name))
    }
}

/// The next state of a table: what stays, what comes.
pub struct Next {
    /// The table as it is.
    pub stored: Stored,
    /// Its columns to be, with the one that partitions it.
    pub schema: SchemaRef,
    /// Files that stay.
    pub stay: Vec<StoredFile>,
    /// Files that come, and the partition of each.
    pub come: Vec<(Partition, NewFile)>,
}

impl Next {
    /// Whether the table is partitioned by month.
    pub fn by_month(&self) -> bool {
        self.schema.field_with_name("month").is_ok()
    }

    /// Whether a commit is needed.
    pub fn changes(&self) -> bool {
        let stay = self.stay.iter().map(|file| &file.name);
        // Of a load that was cut off there may be as many files, and others.
        !self.come.is_empty()
            || stay.collect::<BTreeSet<_>>() != self.stored.active.keys().collect()
            || self.stored.table.version().is_none()
            || self.stored.schema.as_ref() != Some(&self.schema)
    }

    /// Where the new files will lie, below the table's folder; `load` sets them apart from others.
    pub fn targets(&self, load: &str) -> Vec<String> {
        self.come
            .iter()
            .enumerate()
            .map(|(number, (partition, _))| {
                let file = format!("part-{number:05}-{load}.zstd.parquet");
                match self.by_month() {
                    true => format!("month={}/{file}", month_name(*partition)),
                    false => file,
                }
            })
            .collect()
    }

    /// The table's name.
    pub fn name(&self) -> &'static str {
        self.stored.name
    }

    /// The last load that has committed the table, also if it was cut off; 0 when there is none.
    pub fn generation(&self) -> u64 {
        record::generation(&self.stored.table).unwrap_or(0)
    }

    /// The table's version now; 0 when there is none.
    pub fn version(&self) -> u64 {
        self.stored.table.version().unwrap_or(0)
    }

    /// Moves the new files to their places and commits them as part of a load, with the record of it
    /// for the table that ends it.
    pub fn commit(
        self,
        engine: &Engine,
        load: &str,
        generation: u64,
        record: Option<&LoadRecord>,
    ) -> Result<u64> {
        let words = |error: serde_json::Error| Failure::machine(error.to_string());
        let text = record
            .map(serde_json::to_string)
            .transpose()
            .map_err(words)?;
        let record = record
            .map(serde_json::to_value)
            .transpose()
            .map_err(words)?;
        let mut properties = vec![(GENERATION.to_owned(), generation.to_string())];
        properties.extend(text.map(|text| (RECORD.to_owned(), text)));
        let name = self.stored.name;
        let targets = self.targets(load);
        let mut wanted: BTreeMap<String, Add> = self
            .stay
            .iter()
            .map(|file| (file.name.clone(), file.add.clone()))
            .collect();
        let mut folders = BTreeSet::from([self.stored.folder.clone()]);
        for ((partition, file), target) in self.come.iter().zip(targets) {
            let path = below(&self.stored.folder, &target, &self.stored.folder)?;
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).during(folder.display())?;
            }
            fs::rename(&file.path, &path).during(path.display())?;
            folders.extend(path.parent().map(Path::to_owned));
            wanted.insert(
                target.clone(),
                file.add(target, self.by_month().then_some(*partition)),
            );
        }
        for folder in &folders {
            write_through(folder)?;
        }
        let by_month = self.by_month();
        let version = engine
            .wait(
                self.stored
                    .put(&self.schema, by_month, wanted, record, properties),
            )
            .during(format!("committing the table {name}"))?;
        let log = self.stored.folder.join("_delta_log");
        write_through(&log.join(format!("{version:020}.json")))?;
        write_through(&log)?;
        Ok(version)
    }
}

impl Stored {
    async fn put(
        &self,
        schema: &SchemaRef,
        by_month: bool,
        wanted: BTreeMap<String, Add>,
        record: Option<Value>,
        kept: Vec<(String, String)>,
    ) -> Result<u64> {
        let partition_by: Vec<String> = by_month.then(|| "month".to_owned()).into_iter().collect();
        let columns: StructType = schema.as_ref().try_into_kernel()?;
        let metadata = record.map(|record| (LOAD_RECORD.to_owned(), record));
        let properties = CommitProperties::default().with_metadata(metadata);
        let new = wanted
            .iter()
            .filter(|(name, _)| !self.active.contains_key(*name));
        let adds = new.map(|(_, add)| Action::Add(add.clone()));
        if self.table.version().is_none() {
            let made = CreateBuilder::new()
                .with_log_store(self.table.log_store())
                .with_columns(columns.fields().cloned())
                .with_partition_columns(partition_by)
                .with_configuration(kept.into_iter().map(|(key, value)| (key, Some(value))))
                .with_raise_if_key_not_exists(false)
                .with_actions(adds)
                .with_commit_properties(properties)
                .await?;
            return Ok(made.version().unwrap_or(0));
        }
        let snapshot = self.table.snapshot()?;
        let now = chrono::Utc::now().timestamp_millis();
        let mut actions: Vec<Action> = self
            .active
            .iter()
            .filter(|(name, _)| !wanted.contains_key(*name))
            .map(|(_, add)| Action::Remove(removal(add, now)))
            .collect();
        actions.extend(adds);
        let mut metadata = snapshot.metadata().clone();
        if snapshot.schema().as_ref() != &columns {
            metadata = metadata
                .with_schema(&columns)
                .map_err(deltalake::DeltaTableError::from)?;
        }
        for (key, value) in kept {
            metadata = metadata
                .add_config_key(key, value)
                .map_err(deltalake::DeltaTableError::from)?;
        }
        actions.push(Action::Metadata(metadata));
        let operation = DeltaOperation::Write {
            mode: SaveMode::Append,
            partition_by: by_month.then_some(partition_by),
            predicate: None,
        };
        let done = CommitBuilder::from(properties)
            .with_actions(actions)
            .with_max_retries(0) // one load at a time: somebody else's commit is an error
            .build(
                Some(snapshot as &dyn TableReference),
                self.table.log_store(),
                operation,
            )
            .await?;
        Ok(done.version())
    }
}

/// Makes sure that a file, or the names in a folder, are on the disk: a machine may stop.
fn write_through(path: &Path) -> Result<()> {
    if cfg!(not(unix)) && path.is_dir() {
        return Ok(()); // names cannot be written through there
    }
    File::open(path)
        .and_then(|file| file.sync_all())
        .during(path.display())
}

async fn adds(table: &DeltaTable) -> Result<BTreeMap<String, Add>> {
    if table.version().is_none() {
        return Ok(BTreeMap::new());
    }
    let snapshot = table.snapshot()?.snapshot().clone();
    let views: Vec<_> = snapshot
        .file_views(&table.log_store(), None)
        .try_collect()
        .await?;
    if views
        .iter()
        .any(|view| view.deletion_vector_descriptor().is_some())
    {
        return Err(
            Failure::data("rows of its files are marked as deleted by another program")
                .hint("let that program rewrite them: REORG TABLE ... APPLY (PURGE)"),
        );
    }
    Ok(views
        .iter()
        .map(|view| {
            let removal = view.remove_action(true);
            let add = Add {
                path: removal.path,
                partition_values: removal.partition_values.unwrap_or_default(),
                size: view.size(),
                modification_time: view.modification_time(),
                data_change: true,
                stats: view.stats(),
                ..Add::default()
            };
            (add.path.clone(), add)
        })
        .collect())
}

fn removal(add: &Add, now: i64) -> Remove {
    Remove {
        path: add.path.clone(),
        data_change: true,
        deletion_timestamp: Some(now),
        extended_file_metadata: Some(true),
        partition_values: Some(add.partition_values.clone()),
        size: Some(add.size),
        ..Remove::default()
    }
}

fn partition_of(add: &Add) -> Partition {
    let month = add.partition_values.get("month").and_then(Option::as_deref);
    month.and_then(month_named).unwrap_or(0)
}

/// Rows of a file; other programs do not always note them.
fn rows_of(add: &Add, path: &Path) -> Result<usize> {
    let stats: Option<Value> = add
        .stats
        .as_deref()
        .and_then(|stats| serde_json::from_str(stats).ok());
    if let Some(rows) = stats.and_then(|stats| stats["numRecords"].as_u64()) {
        return Ok(rows as usize);
    }
    let file = File::open(path).during(path.display())?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).during(path.display())?;
    Ok(usize::try_from(reader.metadata().file_metadata().num_rows()).unwrap_or_default())
}

impl NewFile {
    /// The action that makes it part of a table.
    ///
    /// Statistics name days alone: queries skip files by them, and no value of a person stands in
    /// the log.
    fn add(&self, name: String, month: Option<Partition>) -> Add {
        let mut stats = json!({ "numRecords": self.rows });
        if let Some((first, last)) = self.days {
            let day = |day: i32| Date32Type::to_naive_date_opt(day).map(|day| day.to_string());
            stats["minValues"] = json!({ "day": day(first) });
            stats["maxValues"] = json!({ "day": day(last) });
            stats["nullCount"] = json!({ "day": 0 });
        }
        let partition_values: HashMap<String, Option<String>> = month
            .map(|month| ("month".to_owned(), Some(month_name(month))))
            .into_iter()
            .collect();
        Add {
            path: name,
            partition_values,
            size: i64::try_from(self.size).unwrap_or(i64::MAX),
            modification_time: chrono::Utc::now().timestamp_millis(),
            data_change: true,
            stats: Some(stats.to_string()),
            ..Add::default()
        }
    }
}

/// Reads a file of the warehouse as rows of `schema`: columns that it lacks are empty, numbers
/// that have become text are cast.
pub fn read_stored(
    path: &Path,
    schema: &SchemaRef,
    mut take: impl FnMut(RecordBatch) -> Result<()>,
) -> Result<()> {
    let file = File::open(path).during(path.display())?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .during(path.display())?
        .with_batch_size(1 << 14)
        .build()
        .during(path.display())?;
    for batch in reader {
        let batch = batch.during(path.display())?;
        let mut columns = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            columns.push(match batch.column_by_name(field.name()) {
                Some(values) if values.data_type() == field.data_type() => Arc::clone(values),
                Some(values) => cast(values, field.data_type()).during(path.display())?,
                None => new_null_array(field.data_type(), batch.num_rows()),
            });
        }
        take(RecordBatch::try_new(Arc::clone(schema), columns)?)?;
    }
    Ok(())
}

/// Whether a column is alike in all rows of a basket, and interactions lie sorted by customer and
/// time: what has to be kept of such numbers is the little that one differs from the one before,
/// and no dictionary has to be made.
fn is_steady(field: &Field) -> bool {
    let steady = [
        "customer_id",
        "occurred_at",
        "day",
        "hour",
        "location_id",
        "basket_id",
        KNOWN_AT,
        SOURCE_FILE,
    ];
    steady.contains(&field.name().as_str()) && *field.data_type() != DataType::Utf8
}

/// Writes a file of the warehouse, to the disk.
pub fn write_stored(
    path: &Path,
    schema: &SchemaRef,
    batches: impl Iterator<Item = Result<RecordBatch>>,
) -> Result<NewFile> {
    let key = ColumnPath::from(ROW_KEY);
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_created_by(format!("regulars {}", env!("CARGO_PKG_VERSION")))
        // Keys are hashes: no two alike, and nothing to compress.
        .set_column_dictionary_enabled(key.clone(), false)
        .set_column_compression(key, Compression::UNCOMPRESSED);
    for field in schema.fields().iter().filter(|field| is_steady(field)) {
        let column = ColumnPath::from(field.name().as_str());
        properties = properties
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED);
    }
    let properties = properties.build();
    if let Some(folder) = path.parent() {
        temporary::make_folder(folder)?;
    }
    let file = File::create(path).during(path.display())?;
    let mut writer =
        ArrowWriter::try_new(file, Arc::clone(schema), Some(properties)).during(path.display())?;
    let (mut rows, mut days): (usize, Option<(i32, i32)>) = (0, None);
    for batch in batches {
        let batch = batch?;
        rows += batch.num_rows();
        if let Some(values) = batch.column_by_name("day")
            && *values.data_type() == DataType::Date32
        {
            for day in values.as_primitive::<Date32Type>().iter().flatten() {
                days =
                    Some(days.map_or((day, day), |(first, last)| (first.min(day), last.max(day))));
            }
        }
        writer.write(&batch).during(path.display())?;
    }
    let file = writer.into_inner().during(path.display())?;
    file.sync_all().during(path.display())?;
    let size = file.metadata().during(path.display())?.len();
    Ok(NewFile {
        path: path.to_owned(),
        rows,
        size,
        days,
    })
}

/// Removes the files of a table that no state of the last days names.
pub fn sweep(engine: &Engine, out: &Path, name: &str, keep_days: u32) -> Result<()> {
    engine
        .wait(async {
            let table = table_builder(out, name)?.load().await?;
            table
                .vacuum()
                .with_retention_period(chrono::Duration::days(keep_days.into()))
                .with_enforce_retention_duration(false)
                .await?;
            Ok::<_, Failure>(())
        })
        .during(format!("removing old files of the table {name}"))
}
