//! Names and what they stand for. A query sees the names of its scope, and those of the scope that it
//! was opened within; whatever was named ends with the scope, so nothing has to be put back.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::dataframe::{DataFrame, DataFrameWriteOptions};
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use futures::StreamExt;

use crate::engine::{Engine, address};
use crate::failure::{During, Failure, Result};
use crate::outputs::table::plain_text;
use crate::outputs::temporary;

/// Tables by name, and queries over them.
pub struct Scope {
    engine: Arc<Engine>,
    session: SessionContext,
    /// Where what is folded lies: this scope's own, and those of the scopes around it, which stay as
    /// long as their names are seen.
    folders: Vec<Arc<Folder>>,
}

/// A folder of what was folded; it goes with the last scope that sees it.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Scope {
    /// A scope without names, whose folds lie in this folder.
    pub(super) fn new(engine: Arc<Engine>, session: SessionContext, folder: PathBuf) -> Self {
        Self {
            engine,
            session,
            folders: vec![Arc::new(Folder(folder))],
        }
    }

    /// A scope that begins with every name of this one.
    pub fn within(&self) -> Result<Self> {
        let mut inner = self.engine.scope();
        self.engine.wait(async {
            for catalog in self.session.catalog_names() {
                let Some(catalog) = self.session.catalog(&catalog) else {
                    continue;
                };
                for schema in catalog.schema_names() {
                    let Some(schema) = catalog.schema(&schema) else {
                        continue;
                    };
                    for name in schema.table_names() {
                        if let Some(table) = schema.table(&name).await? {
                            inner.session.register_table(name.as_str(), table)?;
                        }
                    }
                }
            }
            Ok::<_, Failure>(())
        })?;
        inner.folders.extend(self.folders.iter().map(Arc::clone));
        Ok(inner)
    }

    /// Waits for asynchronous work.
    pub fn wait<F: Future>(&self, work: F) -> F::Output {
        self.engine.wait(work)
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

    /// A query that has not run yet.
    pub fn frame(&self, sql: &str) -> Result<DataFrame, DataFusionError> {
        self.wait(self.session.sql(sql))
    }

    /// The columns of what a name stands for.
    pub fn schema(&self, name: &str) -> Result<SchemaRef> {
        let table = self.wait(self.session.table(name))?;
        Ok(Arc::new(table.schema().as_arrow().clone()))
    }

    /// Names the result of a query and keeps it as Parquet, so that several queries can read it and
    /// memory stays flat whatever its size.
    pub fn fold(&self, name: &str, sql: &str) -> Result<()> {
        // What had this name before makes room.
        self.session.deregister_table(name)?;
        let folder = self.folder_for(name)?;
        let options = DataFrameWriteOptions::new();
        let schema = self
            .write(sql, &folder, options)
            .during(format!("computing {name}"))?;
        if std::fs::read_dir(&folder)?.next().is_none() {
            // Without rows there is no file, and no columns to be found in one.
            return self.batch(name, RecordBatch::new_empty(Arc::new(schema)));
        }
        let path = format!("{}/", address(&folder)?);
        let options = ParquetReadOptions::default();
        self.wait(self.session.register_parquet(name, &path, options))
            .during(format!("computing {name}"))
    }

    /// Writes the result of a query as Parquet below a folder, apart by what a column of whole numbers
    /// says: a folder `COLUMN=NUMBER` for each, and the column goes. The columns that are left.
    pub fn write_apart(&self, sql: &str, folder: &Path, column: &str) -> Result<Schema> {
        let options = DataFrameWriteOptions::new().with_partition_by(vec![column.to_owned()]);
        let schema = self.write(sql, folder, options)?;
        Ok(without(&schema, column))
    }

    /// The columns of a query without one of them.
    pub fn columns_without(&self, sql: &str, column: &str) -> Result<Schema> {
        Ok(without(&plain(&self.frame(sql)?), column))
    }

    /// An empty folder that lasts as long as this scope, for what is folded under a name.
    pub fn folder_for(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folders[0].0.join(name);
        let _ = std::fs::remove_dir_all(&folder);
        temporary::make_folder(&folder)?;
        Ok(folder)
    }

    /// Writes the result of a query as Parquet, a file for each thread; its columns.
    fn write(&self, sql: &str, folder: &Path, options: DataFrameWriteOptions) -> Result<Schema> {
        // A trailing slash makes it a folder.
        let path = format!("{}/", address(folder)?);
        self.wait(async {
            let frame = self.session.sql(sql).await?;
            let schema = plain(&frame);
            frame.write_parquet(&path, options, None).await?;
            Ok(schema)
        })
    }

    /// Names a batch.
    pub fn batch(&self, name: &str, batch: RecordBatch) -> Result<()> {
        self.session.deregister_table(name)?;
        self.session.register_batch(name, batch)?;
        Ok(())
    }

    /// Names the rows of Parquet files of one schema; that of the first file where none is given.
    pub fn files(&self, name: &str, files: &[PathBuf], schema: Option<&Schema>) -> Result<()> {
        let files: Vec<String> = files
            .iter()
            .map(|path| address(path))
            .collect::<Result<_>>()?;
        let options = match schema {
            Some(schema) => ParquetReadOptions::default().schema(schema),
            None => ParquetReadOptions::default(),
        };
        let frame = self.wait(self.session.read_parquet(files, options))?;
        self.view(name, frame)
    }

    /// Names a query.
    pub fn view(&self, name: &str, query: DataFrame) -> Result<()> {
        self.table(name, query.into_view())
    }

    /// Names a table.
    pub fn table(&self, name: &str, table: Arc<dyn TableProvider>) -> Result<()> {
        self.session.deregister_table(name)?;
        self.session.register_table(name, table)?;
        Ok(())
    }
}

/// The columns of a query without what they say of themselves.
fn plain(frame: &DataFrame) -> Schema {
    let fields = frame.schema().fields().iter();
    let plain = fields.map(|field| field.as_ref().clone().with_metadata(HashMap::new()));
    Schema::new(plain.collect::<Vec<_>>())
}

fn without(schema: &Schema, column: &str) -> Schema {
    let fields = schema
        .fields()
        .iter()
        .filter(|field| field.name() != column);
    Schema::new(fields.cloned().collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, Int64Array};
    use arrow::datatypes::Int64Type;

    use super::*;

    fn engine(folder: &tempfile::TempDir) -> Arc<Engine> {
        Arc::new(Engine::new(folder.path(), 2, 1 << 24).unwrap())
    }

    fn one(value: i64) -> RecordBatch {
        let column = Arc::new(Int64Array::from(vec![value])) as _;
        RecordBatch::try_from_iter([("v", column)]).unwrap()
    }

    fn sum(scope: &Scope) -> i64 {
        let sum = scope.query("SELECT sum(v) FROM t").unwrap();
        sum.column(0).as_primitive::<Int64Type>().value(0)
    }

    #[test]
    fn a_fold_without_rows_is_a_table_without_rows() {
        let folder = tempfile::tempdir().unwrap();
        let scope = engine(&folder).scope();
        scope
            .fold("empty", "SELECT 1 AS v, 'x' AS w WHERE 1 > 2")
            .unwrap();
        let sum = scope.query("SELECT count(v), max(w) FROM empty").unwrap();
        assert_eq!(sum.column(0).as_primitive::<Int64Type>().value(0), 0);
    }

    #[test]
    fn a_batch_takes_the_place_of_what_had_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let scope = engine(&folder).scope();
        for value in [1, 2] {
            scope.batch("t", one(value)).unwrap();
            assert_eq!(sum(&scope), value);
        }
    }

    #[test]
    fn a_scope_sees_the_names_around_it_and_gives_none_away() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(&folder);
        let outer = engine.scope();
        outer.batch("t", one(1)).unwrap();
        outer.fold("folded", "SELECT v + 1 AS v FROM t").unwrap();
        let inner = outer.within().unwrap();
        inner.batch("t", one(5)).unwrap();
        inner.batch("u", one(7)).unwrap();
        drop(outer.query("SELECT * FROM u").unwrap_err());
        assert_eq!((sum(&outer), sum(&inner)), (1, 5));
        drop(outer);
        let seen = inner.query("SELECT v FROM folded").unwrap();
        assert_eq!(seen.column(0).as_primitive::<Int64Type>().value(0), 2);
        let other = engine.scope();
        drop(other.query("SELECT * FROM t").unwrap_err());
        drop((inner, other));
        let left = std::fs::read_dir(&engine.spill).unwrap().flatten();
        let is_fold = |name: String| name.parse::<usize>().is_ok();
        let folds = left.filter(|entry| is_fold(entry.file_name().to_string_lossy().into()));
        assert_eq!(folds.count(), 0, "folds stay although nobody sees them");
    }
}
