//! A version of a Delta table as a table to query: its live files, read by DataFusion's Parquet
//! reader. The log says which files those are; Delta's own query layer would read the same files
//! and take a third of the time to build everything.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, Date32Type, Field, FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use chrono::NaiveDate;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue, Statistics, project_schema};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result as QueryResult;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use deltalake::DeltaTable;
use deltalake::kernel::engine::arrow_conversion::TryIntoArrow;
use futures::TryStreamExt;
use object_store::ObjectMeta;
use serde_json::Value;

use crate::failure::{During, Failure, Result};
use crate::outputs::parquet_schema;

/// The files of a Delta table that hold its rows at one version.
#[derive(Debug)]
pub struct LiveFiles {
    schema: TableSchema,
    files: Vec<PartitionedFile>,
    paths: Vec<PathBuf>,
    statistics: Statistics,
}

impl LiveFiles {
    /// Those of a table that lies in `folder`, at the version that was loaded. Columns that
    /// partition the table come last.
    ///
    /// # Errors
    /// A table with features whose rows are not those of its files: deletion vectors, columns that
    /// have other names in the files.
    pub async fn of(table: &DeltaTable, folder: &Path) -> Result<Self> {
        let snapshot = table.snapshot()?;
        let metadata = snapshot.metadata();
        let mapping = metadata.configuration().get("delta.columnMapping.mode");
        if mapping.is_some_and(|mode| mode != "none") {
            return Err(unreadable(
                folder,
                "its columns have other names in its files",
            ));
        }
        let columns: Schema = snapshot.schema().as_ref().try_into_arrow()?;
        let schema = table_schema(&columns, metadata.partition_columns());
        let snapshot = snapshot.snapshot().clone();
        let store = table.log_store();
        let mut views: Vec<_> = snapshot.file_views(&store, None).try_collect().await?;
        // The log lists the newest first and promises no order among equals.
        views.sort_by_key(|view| view.object_store_path());
        let paths: Vec<PathBuf> = views
            .iter()
            .map(|view| folder.join(view.object_store_path().as_ref()))
            .collect();
        must_be_there(folder, paths.iter().map(PathBuf::as_path))?;
        let mut files = Vec::with_capacity(views.len());
        for (view, path) in views.iter().zip(&paths) {
            if view.deletion_vector_descriptor().is_some() {
                return Err(unreadable(
                    folder,
                    "rows of its files are marked as deleted",
                ));
            }
            let values = view.partition_values_map();
            let mut partition = Vec::new();
            for field in schema.table_partition_cols() {
                partition.push(match values.get(field.name()).and_then(Option::as_ref) {
                    Some(text) => ScalarValue::try_from_string(text.clone(), field.data_type())?,
                    None => ScalarValue::try_from(field.data_type())?,
                });
            }
            let mut file = PartitionedFile::from(ObjectMeta {
                location: object_store::path::Path::from_filesystem_path(path)
                    .map_err(|error| Failure::data(error.to_string()))?,
                last_modified: view.modification_datetime()?,
                size: u64::try_from(view.size()).unwrap_or_default(),
                e_tag: None,
                version: None,
            });
            file.partition_values = partition;
            let known = view
                .stats()
                .and_then(|stats| serde_json::from_str(&stats).ok());
            let known = statistics(schema.file_schema(), &known.unwrap_or_default());
            files.push(file.with_statistics(Arc::new(known)));
        }
        same_names(folder, schema.file_schema(), &paths)?;
        let mut whole = Statistics::new_unknown(schema.table_schema());
        whole.num_rows = files
            .iter()
            .map(rows)
            .fold(Precision::Exact(0), |a, b| a.add(&b));
        Ok(Self {
            schema,
            files,
            paths,
            statistics: whole,
        })
    }

    /// Where they lie.
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }
}

fn rows(file: &PartitionedFile) -> Precision<usize> {
    let known = file.statistics.as_ref();
    known.map_or(Precision::Absent, |known| known.num_rows)
}

fn unreadable(folder: &Path, reason: &str) -> Failure {
    Failure::data(format!("the Delta table {}: {reason}", folder.display())).hint(
        "let the program that wrote it rewrite its files (REORG TABLE ... APPLY (PURGE), or a copy)",
    )
}

/// That the files which a version of a table names are there.
///
/// # Errors
/// Another program has cleared files away while the version was still read, as a vacuum without a
/// time to keep them does.
pub fn must_be_there<'a>(folder: &Path, files: impl Iterator<Item = &'a Path>) -> Result<()> {
    let (mut all, mut gone) = (0, Vec::new());
    for file in files {
        all += 1;
        if !file.try_exists().during(file.display())? {
            gone.push(file);
        }
    }
    let Some(first) = gone.first() else {
        return Ok(());
    };
    Err(Failure::data(format!(
        "the Delta table {}: of the {all} files that it names, {} missing, such as {}",
        folder.display(),
        gone.len(),
        first.strip_prefix(folder).unwrap_or(first).display()
    ))
    .hint("has another program cleared old files away? Bring the folder back from a copy; a warehouse can be made anew from the sources that are there: regulars ingest --rebuild"))
}

/// That the log and the files call the columns the same. A column that the log knows and no file
/// has is one that nothing was written to yet, and reads as empty; if the files also have one that
/// the log does not know, a name was damaged, and its values would be lost without a word.
fn same_names(folder: &Path, logged: &Schema, files: &[PathBuf]) -> Result<()> {
    let mut missing: Vec<&str> = logged
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    let mut unknown = None;
    // Most often one file has them all.
    for file in files.iter().rev() {
        if missing.is_empty() {
            return Ok(());
        }
        let stored = parquet_schema(file)?;
        missing.retain(|name| stored.field_with_name(name).is_err());
        let strange = |field: &&FieldRef| logged.field_with_name(field.name()).is_err();
        unknown = unknown.or_else(|| stored.fields().iter().find(strange).cloned());
    }
    match (missing.first(), unknown) {
        (Some(logged), Some(stored)) => Err(Failure::data(format!(
            "the Delta table {}: its log names a column `{logged}` that no file has, and its files have a column `{}` that the log does not name",
            folder.display(),
            stored.name()
        ))
        .hint("the log is damaged: take the folder back from a copy, or load again with ingest --rebuild")),
        _ => Ok(()),
    }
}

/// Columns as queries see them: text as views, which are cheaper to group and join by.
fn table_schema(columns: &Schema, partitioned_by: &[String]) -> TableSchema {
    let (partition, stored): (Vec<FieldRef>, Vec<FieldRef>) = columns
        .fields()
        .iter()
        .cloned()
        .partition(|field| partitioned_by.contains(field.name()));
    let seen = stored.iter().map(|field| match field.data_type() {
        DataType::Utf8 => Arc::new(Field::clone(field).with_data_type(DataType::Utf8View)),
        DataType::Binary => Arc::new(Field::clone(field).with_data_type(DataType::BinaryView)),
        _ => Arc::clone(field),
    });
    let stored = Arc::new(Schema::new(seen.collect::<Vec<_>>()));
    TableSchema::builder(stored)
        .with_table_partition_cols(partition)
        .build()
}

/// What the log says of a file: its rows, and the first and last value of its columns of days.
/// Other columns' values may be rounded or cut there, and are left to the file itself.
fn statistics(schema: &SchemaRef, known: &Value) -> Statistics {
    let bound = |which: &str, field: &Field| {
        let day: Option<NaiveDate> = known[which][field.name()].as_str()?.parse().ok();
        let day = Date32Type::from_naive_date(day?);
        Some(Precision::Exact(ScalarValue::Date32(Some(day))))
    };
    let column = |field: &FieldRef| {
        let mut column = ColumnStatistics::new_unknown();
        if *field.data_type() == DataType::Date32 {
            column.min_value = bound("minValues", field).unwrap_or_default();
            column.max_value = bound("maxValues", field).unwrap_or_default();
        }
        column
    };
    let rows = known["numRecords"].as_u64().map(|rows| rows as usize);
    Statistics {
        num_rows: rows.map_or(Precision::Absent, Precision::Exact),
        total_byte_size: Precision::Absent,
        column_statistics: schema.fields().iter().map(column).collect(),
    }
}

#[async_trait]
impl TableProvider for LiveFiles {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.schema.table_schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn statistics(&self) -> Option<Statistics> {
        Some(self.statistics.clone())
    }

    /// Filters skip files and row groups; what is left is filtered by the query.
    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> QueryResult<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> QueryResult<Arc<dyn ExecutionPlan>> {
        if self.files.is_empty() {
            let columns = project_schema(&self.schema(), projection)?;
            return Ok(Arc::new(EmptyExec::new(columns)));
        }
        let parquet = session.default_table_options().parquet;
        let source = ParquetSource::new(self.schema.clone()).with_table_parquet_options(parquet);
        let groups =
            FileGroup::new(self.files.clone()).split_files(session.config().target_partitions());
        let scan = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
            .with_file_groups(groups)
            .with_statistics(self.statistics.clone())
            .with_projection_indices(projection.cloned())?
            .with_limit(limit.filter(|_| filters.is_empty()))
            .build();
        Ok(DataSourceExec::from_data_source(scan))
    }
}
