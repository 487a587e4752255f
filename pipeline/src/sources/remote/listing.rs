//! Which objects a pattern or a prefix names.

use futures::TryStreamExt;
use glob::{MatchOptions, Pattern};
use object_store::ObjectMeta;
use object_store::path::Path as Location;

use super::place::{Kind, Place};
use crate::failure::{Failure, Result};

impl Place {
    /// The objects that are wanted, in the order of their names, each with its etag where the
    /// store tells it without being asked for each.
    pub async fn find(&self) -> Result<Vec<(Location, Option<String>)>> {
        let wild = self.key.find(['*', '?', '[']);
        if self.kind == Kind::Web
            || (wild.is_none() && !self.key.is_empty() && !self.key.ends_with('/'))
        {
            return Ok(vec![(self.location(&self.key)?, None)]);
        }
        let folder = match self.key[..wild.unwrap_or(self.key.len())].rsplit_once('/') {
            Some((folder, _)) => folder,
            None => "",
        };
        let pattern = match wild {
            Some(_) => Some(Pattern::new(&self.key).map_err(|error| {
                Failure::settings(format!("{} is no glob: {}", self.url(&self.key), error.msg))
            })?),
            None => None,
        };
        let prefix = self.location(folder)?;
        let objects: Vec<ObjectMeta> = self
            .store
            .list(Some(&prefix).filter(|prefix| !prefix.as_ref().is_empty()))
            .try_collect()
            .await
            .map_err(|error| self.failure(&self.key, &error, None))?;
        let tables: Vec<String> = objects
            .iter()
            .filter_map(|object| lake_around(object.location.as_ref()))
            .collect();
        let strict = MatchOptions {
            require_literal_separator: true,
            ..MatchOptions::default()
        };
        let mut found: Vec<(Location, Option<String>)> = objects
            .into_iter()
            .filter(|object| {
                let key = object.location.as_ref();
                match &pattern {
                    Some(pattern) => pattern.matches_with(key, strict),
                    None => !hidden(&key[folder.len().min(key.len())..]),
                }
            })
            .filter(|object| !(object.size == 0 && object.location.as_ref().ends_with('/')))
            .map(|object| (object.location, object.e_tag))
            .collect();
        if found.is_empty() {
            return Err(Failure::settings(format!("there is no object {}", self.url(&self.key)))
                .hint("a * stays within one folder, ** goes through all below; names of objects are case-sensitive"));
        }
        self.in_no_table(&tables, &found)?;
        found.sort();
        Ok(found)
    }

    /// Refuses files of a table whose log is not read.
    fn in_no_table(&self, tables: &[String], found: &[(Location, Option<String>)]) -> Result<()> {
        let table = tables.iter().find(|table| {
            let inside =
                |(location, _): &(Location, _)| location.as_ref().starts_with(table.as_str());
            found.iter().any(inside)
        });
        if let Some(table) = table {
            return Err(Failure::settings(format!(
                "{} is a table of a data lake: its files hold rows that it no longer has, and its log is not read from an object store",
                self.url(table.trim_end_matches('/'))
            ))
            .hint("copy the table here, with its log, or let its own engine write the rows of now as Parquet files"));
        }
        Ok(())
    }
}

/// The prefix of the table of a data lake whose log a key belongs to.
fn lake_around(key: &str) -> Option<String> {
    let folders = ["_delta_log/", ".hoodie/"];
    let log = folders.iter().find_map(|log| {
        let at = key.find(log)?;
        (at == 0 || key[..at].ends_with('/')).then_some(at)
    });
    let metadata = || {
        let at = key
            .find("metadata/")
            .filter(|_| key.ends_with(".metadata.json"))?;
        (at == 0 || key[..at].ends_with('/')).then_some(at)
    };
    log.or_else(metadata).map(|at| key[..at].to_owned())
}

/// Whether part of a key is what tools leave beside their data.
fn hidden(below: &str) -> bool {
    below.split('/').any(|part| part.starts_with(['_', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tools_leave_beside_their_data_is_hidden() {
        assert!(hidden("_SUCCESS") && hidden("/_delta_log/0.json") && hidden("a/.crc"));
        assert!(!hidden("year=2024/part-0.parquet"));
    }
}
