//! A table whose rows have been read and merged, and is not committed yet.

use std::path::{Path, PathBuf};

use arrow::array::Array;
use serde::{Deserialize, Serialize};

use super::rows::Keys;
use crate::failure::{Failure, Result};
use crate::outputs::Pending;
use crate::text::{count, percent, plural};
use crate::warehouse::layout::{Layout, REPLACED_AT};
use crate::warehouse::ledger::Loaded;
use crate::warehouse::record::Currency;
use crate::warehouse::store::{Next, read_stored};
use crate::warning::{self, Warning};

/// Where the rows of one table ended: `read = kept + duplicates + rejected +
/// left_out + merged`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TableMetrics {
    /// The canonical table.
    pub table: String,
    /// Rows of the source files.
    pub read: u64,
    /// Rows that were new.
    pub kept: u64,
    /// Rows that were there already: copies of earlier lines, repetitions of what a key says.
    pub duplicates: u64,
    /// Rows that cannot be used.
    pub rejected: u64,
    /// Rows that the conditions of the sources leave out.
    #[serde(default)]
    pub left_out: u64,
    /// Rows that went into that of another with the same key, where many speak of one thing.
    #[serde(default)]
    pub merged: u64,
    /// Interactions whose product the products table does not have.
    pub unknown_products: u64,
    /// Rows of earlier loads that hold no longer: corrected, deleted, or gone from their file.
    pub ended: u64,
    /// Rows of the table that hold after the load.
    pub rows: u64,
}

/// A table that is ready to be committed.
pub struct LoadedTable {
    /// Its columns.
    pub layout: Layout,
    /// Its next state.
    pub next: Next,
    /// What is noted of its files.
    pub entries: Vec<Loaded>,
    /// Where its rows ended.
    pub metrics: TableMetrics,
    /// The currency of the amounts that came, where it is known.
    pub currency: Option<Currency>,
    /// The most frequent reasons of rejects.
    pub reasons: String,
    /// The file of rejects.
    pub rejects_name: String,
    /// The file of rejects, not yet in place.
    pub rejects: Option<Pending>,
}

impl LoadedTable {
    /// Its files to be, where they lie now.
    pub fn paths(&self) -> impl Iterator<Item = PathBuf> {
        let stay = self.next.stay.iter().map(|file| file.path.clone());
        stay.chain(self.next.come.iter().map(|(_, file)| file.path.clone()))
    }

    /// Holds the load to the share of rejects that the settings allow.
    pub fn within(&self, limit: f64, out: &Path) -> Result<()> {
        let TableMetrics {
            table,
            read,
            rejected,
            left_out,
            ..
        } = &self.metrics;
        let read = &(read - left_out);
        let share = if *read == 0 {
            0.0
        } else {
            *rejected as f64 / *read as f64
        };
        if share <= limit {
            return Ok(());
        }
        Err(Failure::data(format!(
            "{table}: {} of {} rows ({}) cannot be used, more than the {} that the settings allow; nothing was loaded",
            count(*rejected),
            count(*read),
            percent(share),
            percent(limit),
        ))
        .hint(format!(
            "most are: {}. Each row is in {}; mend them, or raise max_reject_share under [ingest]",
            self.reasons,
            out.join(&self.rejects_name).display()
        )))
    }

    /// Notes what a person should know of it.
    pub fn warn(&self, warnings: &mut Vec<Warning>) {
        let TableMetrics {
            table,
            read,
            duplicates,
            rejected,
            unknown_products,
            ..
        } = &self.metrics;
        if *rejected > 0 {
            let message = tr!(
                "{table}: {rejected} of {read} rows rejected ({reasons}); see {file}",
                table = table,
                rejected = count(*rejected),
                read = count(*read),
                reasons = self.reasons,
                file = self.rejects_name
            );
            warnings.push(Warning::new(warning::REJECTED_ROWS, message));
        }
        if *duplicates > 0 {
            let message = tr!(
                "{table}: {rows} left out that were there already; see {file}, or keep copies of lines with duplicates = \"keep\" under [ingest]",
                table = table,
                rows = plural(*duplicates, "row"),
                file = self.rejects_name
            );
            warnings.push(Warning::new(warning::DUPLICATE_ROWS, message));
        }
        if *unknown_products > 0 {
            let message = tr!(
                "{table}: {n} rows name products that the products table does not have",
                table = table,
                n = count(*unknown_products)
            );
            warnings.push(Warning::new(warning::UNKNOWN_PRODUCTS, message));
        }
    }
}

/// The keys of the products after this load.
pub fn product_keys(table: &LoadedTable) -> Result<Keys> {
    let mut keys = Keys::default();
    for path in table.paths() {
        read_stored(&path, &table.layout.stored, |batch| {
            if let (Some(values), Some(ends)) = (
                batch.column_by_name("product_id"),
                batch.column_by_name(REPLACED_AT),
            ) {
                (0..batch.num_rows())
                    .filter(|&row| ends.is_null(row))
                    .for_each(|row| {
                        keys.insert(values, row);
                    });
            }
            Ok(())
        })?;
    }
    Ok(keys)
}
