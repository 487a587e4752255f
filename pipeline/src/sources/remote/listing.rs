//! Which objects a pattern or a prefix names.

use std::path::Path;

use futures::{StreamExt, TryStreamExt};
use glob::{MatchOptions, Pattern};
use object_store::ObjectMeta;
use object_store::path::Path as Location;

use super::super::{guess, lake};
use super::place::{Kind, Place};
use crate::config::Format;
use crate::failure::{Failure, Result};

/// What a URL names.
#[derive(Debug)]
pub enum Wanted {
    /// An object, with its etag where the store tells it without being asked for each.
    Object(Location, Option<String>),
    /// A Delta table: the folder of its log, without a slash behind it.
    Table(String),
}

impl Place {
    /// What is wanted, in the order of the names. Objects that belong to a table of a data lake stand
    /// for the table.
    ///
    /// # Errors
    /// Nothing is there; a table whose log is not read.
    pub async fn find(&self) -> Result<Vec<Wanted>> {
        let wild = self.key.find(['*', '?', '[']);
        let plain = wild.is_none() && !self.key.is_empty() && !self.key.ends_with('/');
        if self.kind == Kind::Web || plain {
            return self.find_one().await;
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
        let objects = self.below(folder).await?;
        let mut tables: Vec<(String, lake::Kind)> = objects
            .iter()
            .filter_map(|object| lake_around(object.location.as_ref()))
            .collect();
        tables.extend(self.table_above(folder).await);
        tables.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        tables.dedup_by(|a, b| a.0 == b.0);
        let strict = MatchOptions {
            require_literal_separator: true,
            ..MatchOptions::default()
        };
        let found: Vec<(Location, Option<String>)> = objects
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
        let named = |table: &str| {
            let pattern = pattern.as_ref();
            pattern.is_some_and(|pattern| pattern.matches_with(table, strict))
        };
        let found = self.with_tables(found, &tables, named)?;
        if found.is_empty() {
            return Err(Failure::settings(format!("there is no object {}", self.url(&self.key)))
                .hint("a * stays within one folder, ** goes through all below; names of objects are case-sensitive"));
        }
        Ok(found)
    }

    /// What a key without wildcards names: an object, or the table that is there or around it.
    async fn find_one(&self) -> Result<Vec<Wanted>> {
        let object = Wanted::Object(self.location(&self.key)?, None);
        if self.kind == Kind::Web {
            return Ok(vec![object]);
        }
        let table = match guess::by_name(Path::new(&self.key)) {
            None => self
                .table_at(&self.key)
                .await
                .map(|kind| (self.key.clone(), kind)),
            // A folder may be called like a file.
            Some(Format::Parquet) => self.table_above(&self.key).await,
            Some(_) => None,
        };
        match table {
            None => Ok(vec![object]),
            Some((table, kind)) => Ok(vec![self.table(table, kind)?]),
        }
    }

    /// Every object below a folder.
    pub async fn below(&self, folder: &str) -> Result<Vec<ObjectMeta>> {
        let prefix = self.location(folder)?;
        self.store
            .list(Some(&prefix).filter(|prefix| !prefix.as_ref().is_empty()))
            .try_collect()
            .await
            .map_err(|error| self.failure(&self.key, &error, None))
    }

    /// The table that a folder is, or lies in.
    async fn table_above(&self, folder: &str) -> Option<(String, lake::Kind)> {
        let mut folder = folder.trim_end_matches('/');
        while !folder.is_empty() {
            if let Some(kind) = self.table_at(folder).await {
                return Some((folder.to_owned(), kind));
            }
            folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
        }
        None
    }

    /// What a folder is, if it is a table and the store lists it.
    pub async fn table_at(&self, folder: &str) -> Option<lake::Kind> {
        for part in ["_delta_log", ".hoodie", "metadata"] {
            let part = self.location(&format!("{folder}/{part}")).ok()?;
            let mut listed = self.store.list(Some(&part));
            while let Some(Ok(object)) = listed.next().await {
                match lake_around(object.location.as_ref()) {
                    Some((of, kind)) if of == folder => return Some(kind),
                    _ => {}
                }
            }
        }
        None
    }

    /// Objects that are in no table, and the tables that the others are in, or that are `named`.
    fn with_tables(
        &self,
        found: Vec<(Location, Option<String>)>,
        tables: &[(String, lake::Kind)],
        named: impl Fn(&str) -> bool,
    ) -> Result<Vec<Wanted>> {
        let mut wanted: Vec<(String, Wanted)> = Vec::new();
        let mut taken: Vec<bool> = tables.iter().map(|(table, _)| named(table)).collect();
        for (location, etag) in found {
            let key = location.as_ref().to_owned();
            let inside = |table: &str| {
                let rest = key.strip_prefix(table);
                rest.is_some_and(|rest| table.is_empty() || rest.starts_with('/'))
            };
            match tables.iter().position(|(table, _)| inside(table)) {
                Some(place) => taken[place] = true,
                None => wanted.push((key, Wanted::Object(location, etag))),
            }
        }
        for ((table, kind), _) in tables.iter().zip(taken).filter(|(_, taken)| *taken) {
            wanted.push((table.clone(), self.table(table.clone(), *kind)?));
        }
        wanted.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(wanted.into_iter().map(|(_, wanted)| wanted).collect())
    }

    /// A table, if its log is read.
    fn table(&self, table: String, kind: lake::Kind) -> Result<Wanted> {
        match kind {
            lake::Kind::Delta => Ok(Wanted::Table(table)),
            other => Err(lake::refused(&self.url(&table), other)),
        }
    }
}

/// The table of a data lake whose log a key belongs to: its folder, without a slash behind it.
fn lake_around(key: &str) -> Option<(String, lake::Kind)> {
    let folder = |log: &str| {
        let at = key.find(log)?;
        (at == 0 || key[..at].ends_with('/')).then(|| key[..at].trim_end_matches('/').to_owned())
    };
    let of = |log: &str, kind| folder(log).map(|folder| (folder, kind));
    let iceberg = || {
        let metadata = key.ends_with(".metadata.json");
        metadata
            .then(|| of("metadata/", lake::Kind::Iceberg))
            .flatten()
    };
    of("_delta_log/", lake::Kind::Delta)
        .or_else(|| of(".hoodie/", lake::Kind::Hudi))
        .or_else(iceberg)
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

    #[test]
    fn a_log_tells_the_table_around_it() {
        let around = |key| lake_around(key).map(|(table, kind)| format!("{table} {kind:?}"));
        let log = "lake/sales/_delta_log/00000000000000000000.json";
        assert_eq!(around(log).as_deref(), Some("lake/sales Delta"));
        assert_eq!(
            around("_delta_log/_last_checkpoint").as_deref(),
            Some(" Delta")
        );
        let metadata = "ice/metadata/v1.metadata.json";
        assert_eq!(around(metadata).as_deref(), Some("ice Iceberg"));
        assert_eq!(
            around("hudi/.hoodie/hoodie.properties").as_deref(),
            Some("hudi Hudi")
        );
        assert_eq!(around("lake/my_delta_log/0.json"), None);
        assert_eq!(around("lake/metadata/readme.json"), None);
    }
}
