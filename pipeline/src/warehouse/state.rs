//! `warehouse/state.json`: the versions of all tables that belong together, for readers of single
//! tables.
//!
//! Tables are committed one after the other. Whoever reads them in the versions that this file
//! names sees one load or the one before it, and nothing in between.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::failure::{Failure, Result};
use crate::outputs::replace;
use crate::warehouse::{FOLDER, LoadRecord};

/// Its name below the warehouse.
const FILE_NAME: &str = "state.json";

#[derive(Serialize)]
struct State<'a> {
    /// Which load, counted from 1.
    load: u64,
    /// The time zone of days, hours and months.
    timezone: &'a str,
    /// By table.
    tables: BTreeMap<&'a str, Table>,
}

#[derive(Serialize)]
struct Table {
    /// Its folder, below the output folder.
    path: String,
    /// Its version.
    version: u64,
}

/// Writes the versions of a load, unless they are there already.
pub fn write(out: &Path, record: &LoadRecord) -> Result<()> {
    let others = record
        .tables
        .iter()
        .map(|(name, version)| (name.as_str(), *version));
    let state = State {
        load: record.load,
        timezone: &record.timezone,
        tables: others
            .chain([("interactions", record.version)])
            .map(|(name, version)| {
                let path = format!("{FOLDER}/{name}");
                (name, Table { path, version })
            })
            .collect(),
    };
    let text = serde_json::to_string_pretty(&state)
        .map_err(|error| Failure::machine(error.to_string()))?;
    let path = out.join(FOLDER).join(FILE_NAME);
    let text = text + "\n";
    if std::fs::read_to_string(&path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    replace(&path, &text)
}
