//! The tables as they will be when a load is committed, for whoever has to judge it before.

use datafusion::prelude::ParquetReadOptions;

use super::commit::LoadedTable;
use crate::engine::{Engine, address};
use crate::failure::{During, Failure, Result};
use crate::warehouse::holding;

/// The name under which a table of a load can be asked before it is committed.
pub fn name(table: &str) -> String {
    format!("{table}_to_be")
}

/// Registers the rows of a table that will hold.
pub fn register(engine: &Engine, table: &LoadedTable) -> Result<()> {
    let paths: Vec<String> = table
        .paths()
        .map(|path| address(&path))
        .collect::<Result<_>>()?;
    let (files, view) = (
        format!("{}_files", table.metrics.table),
        name(&table.metrics.table),
    );
    engine
        .wait(async {
            let session = engine.session();
            let options = ParquetReadOptions::default().schema(&table.layout.stored);
            let frame = session.read_parquet(paths, options).await?;
            session.register_table(files.as_str(), frame.into_view())?;
            let rows = session
                .sql(&format!("SELECT * FROM {files} WHERE {}", holding(None, 0)))
                .await?;
            session.register_table(view.as_str(), rows.into_view())?;
            Ok::<_, Failure>(())
        })
        .during(format!("looking at {}", table.metrics.table))
}
