//! Objects of stores and files of web servers: found by URL, downloaded into the spool, and not
//! downloaded again while they are as they were.
//!
//! Whatever is secret (a user's name and password, the signature in a query string) is used, and
//! never shown or recorded; keys and tokens come from the environment alone.

use std::collections::HashMap;
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use futures::{StreamExt, TryStreamExt, stream};
use glob::{MatchOptions, Pattern};
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::http::HttpBuilder;
use object_store::path::Path as Location;
use object_store::{
    ClientOptions, Error as StoreError, GetOptions, ObjectMeta, ObjectStore, RetryConfig,
};
use url::Url;

use super::spool::{SpoolFile, Spooled};
use super::{Fetch, SourceFile};
use crate::config::{Format, decoded, without_secrets};
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
            path,
            size: self.spooled.size,
            sha256: self.spooled.sha256,
            format,
            etag: self.etag,
            watermark: None,
            sheet: None,
            local: Some(self.spooled.path),
            stamp: None,
        }
    }
}

/// A store, and what is wanted of it.
struct Place {
    store: Arc<dyn ObjectStore>,
    kind: Kind,
    /// What is shown in front of a key: `s3://bucket`.
    root: String,
    /// A key, a pattern, or a prefix.
    key: String,
    /// The URL carries what is not recorded, so that the object is fetched at once or never.
    signed: bool,
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

/// Who keeps the objects; each has its own variables.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    S3,
    Google,
    Azure,
    Web,
}

impl Kind {
    /// The variables that open its doors.
    fn variables(self) -> &'static str {
        match self {
            Kind::S3 => {
                "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION (from a profile: eval \"$(aws configure export-credentials --format env)\"), AWS_ENDPOINT_URL for a store that is not Amazon's, AWS_SKIP_SIGNATURE=true for a public bucket"
            }
            Kind::Google => {
                "set GOOGLE_APPLICATION_CREDENTIALS to the file of a service account, or GOOGLE_SKIP_SIGNATURE=true for a public bucket"
            }
            Kind::Azure => {
                "set AZURE_STORAGE_ACCOUNT_NAME, and AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_KEY"
            }
            Kind::Web => "is the address right, and does it need a password or a fresh signature?",
        }
    }
}

impl Place {
    fn parse(written: &str) -> Result<Self> {
        let shown = without_secrets(written);
        let (scheme, rest) = written.split_once("://").unwrap_or(("", written));
        let kind = match scheme {
            "s3" | "s3a" => Kind::S3,
            "gs" => Kind::Google,
            "az" | "azure" | "adl" | "abfs" | "abfss" => Kind::Azure,
            "http" | "https" => return Self::web(written),
            _ => {
                return Err(Failure::settings(format!("{shown}: `{scheme}` is no kind of address that can be read"))
                    .hint("known: s3://bucket/key, gs://bucket/key, az://container/key, abfs://container@account/key, https://host/path; a local file needs no scheme"));
            }
        };
        if shown != written {
            return Err(Failure::settings(format!(
                "{shown}: keys and signatures do not belong in the settings"
            ))
            .hint(kind.variables()));
        }
        let (holder, key) = rest.split_once('/').unwrap_or((rest, ""));
        if holder.is_empty() {
            return Err(Failure::settings(format!("{shown} names no bucket"))
                .hint(format!("write it as {scheme}://bucket/key")));
        }
        let root = format!("{scheme}://{holder}");
        let store: Result<Arc<dyn ObjectStore>, StoreError> = match kind {
            Kind::S3 => {
                let mut builder = AmazonS3Builder::from_env()
                    .with_url(&root)
                    .with_retry(retry());
                if plain_endpoint(&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]) {
                    builder = builder.with_allow_http(true);
                }
                builder.build().map(|store| Arc::new(store) as _)
            }
            Kind::Google => GoogleCloudStorageBuilder::from_env()
                .with_url(&root)
                .with_retry(retry())
                .build()
                .map(|store| Arc::new(store) as _),
            _ => {
                let mut builder = MicrosoftAzureBuilder::from_env()
                    .with_url(&root)
                    .with_retry(retry());
                if plain_endpoint(&["AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"]) {
                    builder = builder.with_allow_http(true);
                }
                builder.build().map(|store| Arc::new(store) as _)
            }
        };
        let store = store.map_err(|error| {
            Failure::settings(format!("{root}: {}", one_line(&deepest(&error))))
                .hint(kind.variables())
        })?;
        Ok(Self {
            store,
            kind,
            root,
            key: key.to_owned(),
            signed: false,
        })
    }

    /// A file of a web server; its query string and its user's name go along with every request.
    fn web(written: &str) -> Result<Self> {
        let shown = without_secrets(written);
        let wrong = |problem: String| {
            Failure::settings(format!("{shown}: {problem}")).hint("write it as https://host/path")
        };
        let url = Url::parse(written).map_err(|error| wrong(error.to_string()))?;
        Location::from_url_path(url.path()).map_err(|error| wrong(error.to_string()))?;
        if url.path().ends_with('/') || url.path().contains('*') {
            return Err(Failure::settings(format!(
                "{shown}: a web server does not list its files"
            ))
            .hint("name each file, as a list: path = [\"https://host/a.csv\", \"https://host/b.csv\"]"));
        }
        let mut base = url.clone();
        base.set_path("");
        base.set_fragment(None);
        let mut options = ClientOptions::new().with_allow_http(true);
        let password = url.password().unwrap_or_default();
        let named = !(url.username().is_empty() && password.is_empty());
        if named {
            let known = format!("{}:{}", decoded(url.username()), decoded(password));
            let known = BASE64.encode(known);
            let header = HashMap::from([("Authorization".to_owned(), format!("Basic {known}"))]);
            let header = (&header).try_into();
            options = options.with_default_headers(
                header.map_err(|_| wrong("its name or password is no text".to_owned()))?,
            );
        }
        let plain = base.set_username("").and_then(|()| base.set_password(None));
        plain.map_err(|()| wrong("it has no host".to_owned()))?;
        let store = HttpBuilder::new()
            .with_url(base.to_string())
            .with_client_options(options)
            .with_retry(retry())
            .build()
            .map_err(|error| wrong(one_line(&deepest(&error))))?;
        let mut root = base;
        root.set_query(None);
        let root = root.as_str().trim_end_matches('/').to_owned();
        Ok(Self {
            store: Arc::new(store),
            kind: Kind::Web,
            root,
            key: url.path().trim_start_matches('/').to_owned(),
            signed: named || url.query().is_some(),
        })
    }

    /// What [`files`] hands out.
    async fn files(
        &self,
        fetch: &Fetch<'_>,
        format: impl Fn(&Path) -> Result<Format>,
    ) -> Result<Vec<SourceFile>> {
        let mut wanted = Vec::new();
        for (location, etag) in self.find().await? {
            let path = PathBuf::from(self.shown(self.key_of(&location)));
            wanted.push((format(&path)?, location, etag, path));
        }
        stream::iter(wanted)
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
            .await
    }

    /// The URL of a key, as it is shown.
    fn shown(&self, key: &str) -> String {
        format!("{}/{key}", self.root)
    }

    fn location(&self, key: &str) -> Result<Location> {
        let location = match self.kind {
            Kind::Web => Location::from_url_path(key),
            _ => Location::parse(key),
        };
        location.map_err(|error| Failure::settings(format!("{}: {error}", self.shown(key))))
    }

    /// The key of an object; the path of a web address stays as it was written.
    fn key_of<'a>(&'a self, location: &'a Location) -> &'a str {
        match self.kind {
            Kind::Web => &self.key,
            _ => location.as_ref(),
        }
    }

    /// The objects that are wanted, in the order of their names, each with its etag where the
    /// store tells it without being asked for each.
    async fn find(&self) -> Result<Vec<(Location, Option<String>)>> {
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
                Failure::settings(format!(
                    "{} is no glob: {}",
                    self.shown(&self.key),
                    error.msg
                ))
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
            return Err(Failure::settings(format!("there is no object {}", self.shown(&self.key)))
                .hint("a * stays within one folder, ** goes through all below; names of objects are case-sensitive"));
        }
        let table = tables.iter().find(|table| {
            let inside =
                |(location, _): &(Location, _)| location.as_ref().starts_with(table.as_str());
            found.iter().any(inside)
        });
        if let Some(table) = table {
            return Err(Failure::settings(format!(
                "{} is a table of a data lake: its files hold rows that it no longer has, and its log is not read from an object store",
                self.shown(table.trim_end_matches('/'))
            ))
            .hint("copy the table here, with its log, or let its own engine write the rows of now as Parquet files"));
        }
        found.sort();
        Ok(found)
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
                self.shown(key),
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

    /// One message for what a store says: what, why, and which variables matter.
    fn failure(&self, key: &str, error: &StoreError, near: Option<String>) -> Failure {
        let (shown, said) = (self.shown(key), deepest(error));
        // Only some requests turn a status into a kind of error; all of them keep the answer.
        let status = |code: &str| said.contains(&format!("status code: {code}"));
        let missing = matches!(error, StoreError::NotFound { .. }) || status("404");
        let denied = matches!(
            error,
            StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. }
        ) || status("401")
            || status("403");
        let why = one_line(&said);
        let no_bucket = ["NoSuchBucket", "ContainerNotFound", "bucket does not exist"];
        if missing && no_bucket.iter().any(|words| said.contains(words)) {
            return Failure::settings(format!("there is no bucket {}", self.root))
                .hint(format!("is its name right? And {}", self.kind.variables()));
        }
        if missing {
            return Failure::settings(format!("there is no object {shown}")).hint(match near {
                Some(name) => format!("did you mean `{name}`?"),
                None => "is its name right? Names of objects are case-sensitive".to_owned(),
            });
        }
        if denied {
            return Failure::machine(format!("{shown}: access denied: {why}"))
                .hint(self.kind.variables());
        }
        Failure::machine(format!("{shown}: {why}")).hint(match self.kind {
            Kind::Web => "is the server up, and can it be reached from here?".to_owned(),
            kind => format!(
                "can the store be reached from here? Where it lies and who you are comes from the environment: {}",
                kind.variables()
            ),
        })
    }
}

/// Whether part of a key is what tools leave beside their data.
fn hidden(below: &str) -> bool {
    below.split('/').any(|part| part.starts_with(['_', '.']))
}

/// Whoever names an endpoint without encryption means it.
fn plain_endpoint(variables: &[&str]) -> bool {
    variables
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .is_some_and(|endpoint| endpoint.starts_with("http://"))
}

/// A server that hiccups is asked again; one that is gone is given up within a minute.
fn retry() -> RetryConfig {
    RetryConfig {
        max_retries: 4,
        retry_timeout: Duration::from_secs(60),
        ..RetryConfig::default()
    }
}

/// What lies at the bottom of a store's error: the server's answer, or that of the network.
fn deepest(error: &StoreError) -> String {
    let mut deepest: &dyn Error = error;
    while let Some(inner) = deepest.source() {
        deepest = inner;
    }
    deepest.to_string()
}

/// An answer in one line, and without anything secret.
fn one_line(said: &str) -> String {
    let between = |tag: &str| {
        let start = said.find(&format!("<{tag}>"))? + tag.len() + 2;
        Some(&said[start..start + said[start..].find('<')?])
    };
    let short = match (between("Code"), between("Message")) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        // What follows a status is a page for browsers.
        _ => said
            .split(['<', '{', '\n'])
            .next()
            .unwrap_or_default()
            .trim_end_matches([':', ' ', '.'])
            .to_owned(),
    };
    let word = |word: &str| match is_url(word) {
        true => without_secrets(word),
        false => word.to_owned(),
    };
    short.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;

    use super::*;
    use crate::engine::Engine;

    #[test]
    fn what_tools_leave_beside_their_data_is_hidden() {
        assert!(hidden("_SUCCESS") && hidden("/_delta_log/0.json") && hidden("a/.crc"));
        assert!(!hidden("year=2024/part-0.parquet"));
    }

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

    #[test]
    fn a_stores_answer_becomes_one_line() {
        assert_eq!(
            one_line(
                "Server returned 403: <?xml version='1.0'?>\n<Error><Code>AccessDenied</Code><Message>No.</Message><AWSAccessKeyId>AKIA</AWSAccessKeyId></Error>"
            ),
            "AccessDenied: No."
        );
        assert_eq!(
            one_line("failed for https://u:p@host/x?sig=abc in 3 ms"),
            "failed for https://host/x in 3 ms"
        );
        assert_eq!(
            one_line("Server returned non-2xx status code: 502 Bad Gateway: <html>"),
            "Server returned non-2xx status code: 502 Bad Gateway"
        );
    }

    #[test]
    fn urls_with_keys_or_of_unknown_kinds_are_refused() {
        for (url, word) in [
            ("s3://id:key@bucket/x.csv", "do not belong"),
            ("az://box/x.csv?sv=1&sig=abc", "do not belong"),
            ("ftp://host/x.csv", "`ftp`"),
            ("s3:///x.csv", "names no bucket"),
            ("https://host/folder/", "does not list"),
        ] {
            let Err(failure) = Place::parse(url) else {
                panic!("{url} was taken");
            };
            assert!(failure.message.contains(word), "{url}: {failure}");
            assert!(!failure.to_string().contains("abc"), "{failure}");
        }
    }

    #[test]
    fn a_web_address_is_shown_without_its_secrets() {
        let place = Place::parse("https://ann:sesame@host:8443/a%20b/x.csv?sig=abc").unwrap();
        assert_eq!(place.shown(&place.key), "https://host:8443/a%20b/x.csv");
        let signed = |url| Place::parse(url).unwrap().signed;
        assert!(signed("https://host/x.csv?sig=abc") && signed("https://ann@host/x.csv"));
        assert!(!signed("https://host/x.csv"));
    }
}
