//! A Delta table in a store: its log and the files that hold its rows of now are brought into the
//! spool, and read there as a table in a folder is.

use std::path::{Component, Path, PathBuf};

use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path as Location;

use super::super::lake::Table;
use super::super::spool;
use super::super::{Fetch, SourceFile};
use super::AT_ONCE;
use super::place::Place;
use crate::failure::{During, Failure, Result};

impl Place {
    /// The rows of a table as it is now; nothing but its log is downloaded of one that is as an earlier
    /// load met it, if `lazy`.
    pub async fn read_table(
        &self,
        table: &str,
        fetch: &Fetch<'_>,
        lazy: bool,
    ) -> Result<SourceFile> {
        let path = PathBuf::from(self.url(table));
        let read = async {
            let folder = spool::folder(fetch.spool)?;
            let log = self.log(table).await?;
            self.bring(table, log, &folder, fetch.spool).await?;
            let opened = Table::open(&folder).await?;
            let earlier = fetch.earlier.get(&path).filter(|_| lazy);
            if let Some(unchanged) = opened.unchanged(earlier) {
                return Ok(unchanged);
            }
            let files = opened.files().await?;
            self.bring(table, files, &folder, fetch.spool).await?;
            let rows = opened.rows(&path, fetch).await?;
            // The rows are there a second time now.
            std::fs::remove_dir_all(&folder).during(folder.display())?;
            Ok::<_, Failure>(rows)
        };
        read.await
            .during(format!("reading the Delta table {}", path.display()))
    }

    /// The files of the log that tell what the table is now, below its folder: from the last checkpoint
    /// on, where one is named.
    async fn log(&self, table: &str) -> Result<Vec<Location>> {
        let found = self.below(&format!("{table}/_delta_log")).await?;
        let keys = found.iter().map(|object| object.location.as_ref());
        // Without one at its end the root has no slash in front of the log.
        let below = |key: &str| {
            key.strip_prefix(table)
                .map(|key| key.trim_start_matches('/').to_owned())
        };
        let names: Vec<String> = keys.filter_map(below).collect();
        let checkpoint = names
            .iter()
            .filter(|name| name.contains(".checkpoint"))
            .filter_map(|name| version(name))
            .max();
        let since = |name: &String| match (version(name), checkpoint) {
            (Some(version), Some(checkpoint)) => version >= checkpoint,
            _ => true,
        };
        let wanted = names.iter().filter(|name| since(name));
        wanted
            .map(|name| Location::parse(name).map_err(|error| Failure::data(error.to_string())))
            .collect()
    }

    /// Downloads files of a table to where they would lie in a folder.
    async fn bring(
        &self,
        table: &str,
        files: Vec<Location>,
        folder: &Path,
        spool: &Path,
    ) -> Result<()> {
        stream::iter(files)
            .map(|file| async move {
                let below = Path::new(file.as_ref());
                if !below
                    .components()
                    .all(|part| matches!(part, Component::Normal(_)))
                {
                    return Err(Failure::data(format!(
                        "its log names {file}, which does not lie below it"
                    )));
                }
                let key = format!("{table}/{file}");
                let location = self.location(key.trim_start_matches('/'))?;
                let object = self.download(&location, None, spool).await?;
                let object = object.ok_or_else(|| Failure::machine("nothing came"))?;
                let target = folder.join(below);
                if let Some(parent) = target.parent() {
                    std::fs::create_dir_all(parent).during(parent.display())?;
                }
                std::fs::rename(&object.spooled.path, &target).during(target.display())
            })
            .buffered(AT_ONCE)
            .try_collect::<Vec<()>>()
            .await?;
        Ok(())
    }
}

/// The version that a file of a log is of.
fn version(name: &str) -> Option<u64> {
    let name = name.rsplit('/').next()?;
    name.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_log_are_of_a_version() {
        assert_eq!(version("_delta_log/00000000000000000012.json"), Some(12));
        let part = "_delta_log/00000000000000000010.checkpoint.0000000001.0000000002.parquet";
        assert_eq!(version(part), Some(10));
        assert_eq!(version("_delta_log/_last_checkpoint"), None);
    }
}
