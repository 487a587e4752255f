//! The canonical tables as `ingest` keeps them: Delta Lake tables below `warehouse/`.
//!
//! Readers see one consistent state: the commit of `interactions` comes last in a load and
//! names the versions of the other tables that belong to it.

pub mod commit;
mod consent;
pub mod earlier;
pub mod folds;
pub mod forget;
pub mod forget_key;
pub mod forgotten;
pub mod index;
pub mod layout;
pub mod ledger;
pub mod merge;
mod ordered_store;
pub mod partition;
pub mod receipt;
pub mod record;
pub mod staging;
pub mod standing;
pub mod state;
pub mod store;
pub mod undone;
pub mod versions;
pub mod views;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use object_store::local::LocalFileSystem;
use url::Url;

use crate::failure::{Failure, Result};
use crate::warehouse::ordered_store::OrderedStore;
pub use crate::warehouse::record::{LoadRecord, last_load};
pub use crate::warehouse::views::{Shown, Warehouse};

/// The folder below the output folder.
pub const FOLDER: &str = "warehouse";
/// The stage that writes here.
pub const LOADER: &str = "ingest";
/// Files of a load that was about to be committed, one a line, relative to the warehouse.
pub const JOURNAL: &str = ".committing";

/// The folder of a canonical table.
pub fn table_folder(out: &Path, table: &str) -> PathBuf {
    out.join(FOLDER).join(table)
}

/// A table of the warehouse, to be opened. The store's root is the folder of the warehouse, so that
/// no name of a folder above it comes into a URL, of which that of memory is the plainest.
pub fn table_builder(out: &Path, table: &str) -> Result<DeltaTableBuilder> {
    let folder = out.join(FOLDER);
    let store = LocalFileSystem::new_with_prefix(&folder)
        .map_err(|error| Failure::machine(error.to_string()))?;
    let url = Url::parse(&format!("memory:///{table}/"))
        .map_err(|error| Failure::machine(error.to_string()))?;
    let store = Arc::new(OrderedStore(store));
    Ok(DeltaTableBuilder::from_url(url.clone())?.with_storage_backend(store, url))
}

/// A table in its latest version; without a version when nothing was committed to it yet.
pub async fn latest(out: &Path, table: &str) -> Result<DeltaTable> {
    let mut found = table_builder(out, table)?.build()?;
    match found.load().await {
        Ok(()) | Err(DeltaTableError::NotATable(_)) => Ok(found),
        Err(error) => Err(error.into()),
    }
}
