//! Which results are there, and as which tables they are written.

use std::path::{Path, PathBuf};

use arrow::datatypes::SchemaRef;

use super::columns::sql_type;
use crate::config::{LONGEST_NAME, PUBLISHED, Settings};
use crate::failure::{Failure, Result};
use crate::outputs::manifest::Manifest;
use crate::outputs::parquet_schema;

/// The name that stands for every list, and the folder of their files.
const LISTS: &str = "targets";

/// A result on its way to a table.
pub struct Table {
    /// The table.
    pub name: String,
    /// Its Parquet file.
    pub path: PathBuf,
    /// What it holds, in words.
    pub about: String,
    /// Its rows.
    pub rows: u64,
    /// Its columns by name, each with its type.
    pub columns: Vec<(String, String)>,
}

/// The results that the settings ask for, or all that are there.
///
/// # Errors
/// One that is asked for is not there, nothing is there at all, or a name is too long.
pub fn chosen(settings: &Settings, manifest: &Manifest, out: &Path) -> Result<Vec<Table>> {
    let asked = settings.config.publish.tables.as_deref();
    let mut tables = Vec::new();
    for result in PUBLISHED {
        if asked.is_some_and(|asked| !asked.iter().any(|name| name == result)) {
            continue;
        }
        let before = tables.len();
        for file in &manifest.files {
            let Some(stem) = file.path.strip_suffix(".parquet") else {
                continue;
            };
            let name = match stem.strip_prefix("targets/") {
                Some(list) if *result == LISTS && !list.contains('/') => format!("{LISTS}_{list}"),
                None if stem == *result => stem.to_owned(),
                _ => continue,
            };
            let path = out.join(&file.path);
            tables.push(Table {
                columns: columns(&name, &parquet_schema(&path)?)?,
                name,
                path,
                about: file.about.clone(),
                rows: file.rows.unwrap_or(0),
            });
        }
        if asked.is_some() && tables.len() == before {
            return Err(
                Failure::data(format!("{} has no {result} to write", out.display())).hint(format!(
                    "make it first, or take it out of tables under [publish]: regulars {}",
                    match *result {
                        "segments" => "segment",
                        "accounts" => "classes",
                        "winback" => "offers",
                        other => other,
                    }
                )),
            );
        }
    }
    if tables.is_empty() {
        return Err(
            Failure::data(format!("{} has no results to write", out.display()))
                .hint("make them first: regulars run"),
        );
    }
    Ok(tables)
}

fn columns(table: &str, schema: &SchemaRef) -> Result<Vec<(String, String)>> {
    let long = |what: &str, name: &str| {
        Failure::data(format!(
            "the name of the {what} `{name}` has more than the {LONGEST_NAME} bytes that PostgreSQL keeps of it"
        ))
        .hint("give it a shorter name in the settings")
    };
    if table.len() > LONGEST_NAME {
        return Err(long("table", table));
    }
    let fields = schema.fields().iter();
    fields
        .map(|field| match field.name().len() > LONGEST_NAME {
            true => Err(long("column", field.name())),
            false => Ok((field.name().clone(), sql_type(field.data_type()))),
        })
        .collect()
}
