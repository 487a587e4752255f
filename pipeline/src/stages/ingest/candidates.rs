//! The tables as they will be when a load is committed, for whoever has to judge it before.

use super::loaded::LoadedTable;
use crate::engine::Scope;
use crate::failure::{During, Result};
use crate::warehouse::views::holding;

/// What a table of a load is called before it is committed.
pub fn name(table: &str) -> String {
    format!("{table}_to_be")
}

/// Names the rows of a table that will hold.
pub fn name_them(scope: &Scope, table: &LoadedTable) -> Result<()> {
    let (of, files) = (
        &table.metrics.table,
        format!("{}_files", table.metrics.table),
    );
    let paths: Vec<_> = table.paths().collect();
    let holding = format!("SELECT * FROM {files} WHERE {}", holding(None, 0));
    scope
        .files(&files, &paths, Some(&table.layout.stored))
        .and_then(|()| scope.view(&name(of), scope.frame(&holding)?))
        .during(format!("looking at {of}"))
}
