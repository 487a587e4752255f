//! Objects of stores and files of web servers: found by URL, downloaded into the spool, and not
//! downloaded again while they are as they were.
//!
//! Whatever is secret (a user's name and password, the signature in a query string) is used, and
//! never shown or recorded; keys and tokens come from the environment alone.

mod answer;
mod listing;
mod place;
mod table;

use std::io::Write;
use std::path::{Path, PathBuf};

use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path as Location;
use object_store::{Error as StoreError, GetOptions};

use self::listing::Wanted;
use self::place::{Kind, Place};
use super::lake;
use super::spool::{SpoolFile, Spooled};
use super::{Fetch, SourceFile};
use crate::config::Format;
use crate::failure::{Failure, Result, nearest};

/// How many objects are downloaded at once.
const AT_ONCE: usize = 4;

/// Whether a path of the settings is a URL.
pub fn is_url(written: &str) -> bool {
    written.contains("://")
}

/// The objects that a URL names: one, those that fit a pattern, or all below a prefix that ends in
/// a slash, in the order of their names. They lie in the spool, but for those that are as the
/// earlier load met them.
///
/// # Errors
/// Nothing there, no access, no answer; `format` tells how an object is read, or that it cannot.
pub fn files(
    written: &str,
    fetch: &Fetch<'_>,
    format: impl Fn(&Path) -> Result<Format>,
) -> Result<Vec<SourceFile>> {
    fetch
        .engine
        .wait(Place::parse(written)?.files(fetch, format))
}

/// Downloads an object that [`files`] found unchanged, after all.
pub fn fetch(file: &mut SourceFile, fetch: &Fetch<'_>) -> Result<()> {
    if file.local.is_some() {
        return Ok(());
    }
    let place = Place::parse(&file.path.to_string_lossy())?;
    if lake::is_state(file.etag.as_deref()) {
        let read = place.read_table(&place.key, fetch, false);
        *file = fetch.engine.wait(read)?;
        return Ok(());
    }
    let location = place.location(&place.key)?;
    let object = fetch
        .engine
        .wait(place.download(&location, None, fetch.spool))?;
    if let Some(object) = object {
        *file = object.into_file(file.path.clone(), file.format);
    }
    Ok(())
}

fn unchanged(earlier: &SourceFile, format: Format) -> SourceFile {
    SourceFile {
        format,
        local: None,
        ..earlier.clone()
    }
}

/// A downloaded object.
struct Object {
    spooled: Spooled,
    etag: Option<String>,
}

impl Object {
    fn into_file(self, path: PathBuf, format: Format) -> SourceFile {
        SourceFile {
            etag: self.etag,
            ..SourceFile::spooled(path, format, self.spooled)
        }
    }
}

impl Place {
    /// What [`files`] hands out.
    async fn files(
        &self,
        fetch: &Fetch<'_>,
        format: impl Fn(&Path) -> Result<Format>,
    ) -> Result<Vec<SourceFile>> {
        let mut wanted = Vec::new();
        let mut tables = Vec::new();
        for found in self.find().await? {
            match found {
                Wanted::Object(location, etag) => {
                    let path = PathBuf::from(self.url(self.key_of(&location)));
                    wanted.push((format(&path)?, location, etag, path));
                }
                Wanted::Table(table) => tables.push(self.read_table(&table, fetch, true).await?),
            }
        }
        let objects: Vec<SourceFile> = stream::iter(wanted)
            .map(|(format, location, etag, path)| async move {
                // Without an etag nothing tells whether the object is still the same.
                let earlier = fetch
                    .earlier
                    .get(&path)
                    .filter(|earlier| earlier.etag.is_some() && !self.signed);
                if let Some(earlier) = earlier.filter(|earlier| earlier.etag == etag) {
                    return Ok(unchanged(earlier, format));
                }
                let known = earlier.and_then(|earlier| earlier.etag.clone());
                let object = self.download(&location, known, fetch.spool).await?;
                match (object, earlier) {
                    (Some(object), _) => Ok(object.into_file(path, format)),
                    (None, Some(earlier)) => Ok(unchanged(earlier, format)),
                    (None, None) => Err(Failure::machine(format!(
                        "{}: the server sent nothing but that it is unchanged",
                        path.display()
                    ))),
                }
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        if tables.is_empty() {
            return Ok(objects);
        }
        let mut files = [objects, tables].concat();
        files.sort_by(|a, b| a.path.as_os_str().cmp(b.path.as_os_str()));
        Ok(files)
    }

    /// Downloads an object, unless it is still the one that `known` names.
    async fn download(
        &self,
        location: &Location,
        known: Option<String>,
        spool: &Path,
    ) -> Result<Option<Object>> {
        let key = self.key_of(location);
        let options = GetOptions {
            if_none_match: known,
            ..GetOptions::default()
        };
        let answer = match self.store.get_opts(location, options).await {
            Err(StoreError::NotModified { .. }) => return Ok(None),
            Err(error @ StoreError::NotFound { .. }) => {
                let near = self.nearest(location).await;
                return Err(self.failure(key, &error, near));
            }
            Err(error) => return Err(self.failure(key, &error, None)),
            Ok(answer) => answer,
        };
        let (size, etag) = (answer.meta.size, answer.meta.e_tag.clone());
        let mut file = SpoolFile::create(spool, key)?;
        let mut bytes = answer.into_stream();
        while let Some(piece) = bytes.next().await {
            let piece = piece.map_err(|error| self.failure(key, &error, None))?;
            file.write_all(&piece)?;
        }
        let spooled = file.finish()?;
        if spooled.size != size {
            return Err(Failure::machine(format!(
                "{}: {} bytes came where {size} were promised",
                self.url(key),
                spooled.size
            ))
            .hint("run it again"));
        }
        Ok(Some(Object {
            spooled,
            etag: etag.filter(|_| !self.signed),
        }))
    }

    /// The name that is most like a missing one in the same folder, where the store tells names.
    async fn nearest(&self, missing: &Location) -> Option<String> {
        if self.kind == Kind::Web {
            return None;
        }
        let folder = missing
            .as_ref()
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder);
        let folder = Location::parse(folder).ok();
        let there = self.store.list_with_delimiter(folder.as_ref()).await.ok()?;
        let names: Vec<&str> = there
            .objects
            .iter()
            .filter_map(|object| object.location.filename())
            .collect();
        nearest(missing.filename()?, names).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;

    use super::*;
    use crate::engine::Engine;

    /// A store in memory with objects of these keys, each holding its key.
    fn memory(engine: &Engine, keys: &[&str], wanted: &str) -> Place {
        let store = InMemory::new();
        for key in keys {
            let location = Location::parse(key).unwrap();
            let put = store.put(&location, (*key).to_owned().into());
            engine.wait(put).unwrap();
        }
        Place {
            store: Arc::new(store),
            kind: Kind::S3,
            root: "s3://till".to_owned(),
            key: wanted.to_owned(),
            signed: false,
        }
    }

    #[test]
    fn globs_and_prefixes_name_the_objects_that_they_would_name_as_files() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::new(folder.path(), 1, 64 << 20).unwrap();
        let keys = [
            "a.csv",
            "sales/2023-01.csv",
            "sales/2023-02.csv.gz",
            "sales/2024-01.csv",
            "sales/_SUCCESS",
            "sales/year=2022/x.csv",
            "sales/.tmp/x.csv",
            "sales-old/2023-01.csv",
        ];
        let earlier = BTreeMap::new();
        let fetch = Fetch {
            engine: &engine,
            spool: folder.path(),
            earlier: &earlier,
        };
        for (wanted, expected) in [
            (
                "sales/2023-*.csv*",
                &["sales/2023-01.csv", "sales/2023-02.csv.gz"] as &[_],
            ),
            (
                "sales/20??-01.csv",
                &["sales/2023-01.csv", "sales/2024-01.csv"],
            ),
            ("*.csv", &["a.csv"]),
            (
                "sales*/2023-01.csv",
                &["sales-old/2023-01.csv", "sales/2023-01.csv"],
            ),
            ("**/x.csv", &["sales/.tmp/x.csv", "sales/year=2022/x.csv"]),
            (
                "sales/",
                &[
                    "sales/2023-01.csv",
                    "sales/2023-02.csv.gz",
                    "sales/2024-01.csv",
                    "sales/year=2022/x.csv",
                ],
            ),
        ] {
            let place = memory(&engine, &keys, wanted);
            let found = engine
                .wait(place.files(&fetch, |_| Ok(Format::Csv)))
                .unwrap();
            let found: Vec<String> = found
                .iter()
                .map(|file| file.path.display().to_string())
                .collect();
            let expected: Vec<String> = expected
                .iter()
                .map(|key| format!("s3://till/{key}"))
                .collect();
            assert_eq!(found, expected, "{wanted}");
        }
        for wanted in ["sales/2025-*", "nowhere/", "sales/2023-01.cs"] {
            let place = memory(&engine, &keys, wanted);
            let failure = engine
                .wait(place.files(&fetch, |_| Ok(Format::Csv)))
                .unwrap_err();
            assert!(
                failure.message.starts_with("there is no object"),
                "{failure}"
            );
        }
    }

    #[test]
    fn an_object_that_a_listing_shows_unchanged_is_left_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::new(folder.path(), 1, 64 << 20).unwrap();
        let place = memory(&engine, &["a.csv", "b.csv"], "*.csv");
        let find = |earlier: &BTreeMap<PathBuf, SourceFile>| {
            let fetch = Fetch {
                engine: &engine,
                spool: folder.path(),
                earlier,
            };
            engine
                .wait(place.files(&fetch, |_| Ok(Format::Csv)))
                .unwrap()
        };
        let first = find(&BTreeMap::new());
        assert_eq!(std::fs::read(first[0].bytes()).unwrap(), b"a.csv");
        let mut earlier: BTreeMap<_, _> = first
            .iter()
            .map(|file| (file.path.clone(), file.clone()))
            .collect();
        let second = find(&earlier);
        assert!(second.iter().all(|file| file.local.is_none()));
        assert_eq!(second[1].sha256, first[1].sha256);
        if let Some(file) = earlier.get_mut(&first[1].path) {
            file.etag = Some("of old".to_owned());
        }
        let third = find(&earlier);
        assert!(third[0].local.is_none() && third[1].local.is_some());
    }
}
