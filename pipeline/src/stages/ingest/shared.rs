//! What the tables of a load share.

use std::path::Path;

use super::Context;
use crate::warehouse::LoadRecord;
use crate::warehouse::forgotten::Forgotten;
use crate::warehouse::ledger::Ledger;

/// What the tables of a load share.
pub struct Load<'a> {
    /// What the stage was given.
    pub context: &'a Context<'a>,
    /// What was loaded before.
    pub ledger: &'a Ledger,
    /// What the last load said about itself.
    pub record: Option<&'a LoadRecord>,
    /// Whose rows are not loaded.
    pub forgotten: &'a Forgotten,
    /// Where things may be put that end with the load.
    pub scratch: &'a Path,
    /// When it happens, microseconds UTC.
    pub loaded_at: i64,
}

impl Load<'_> {
    /// Rows of a table that held before this load.
    pub fn held(&self, table: &str) -> u64 {
        let held = self.record.and_then(|record| record.held.get(table));
        held.copied().unwrap_or(0)
    }
}
