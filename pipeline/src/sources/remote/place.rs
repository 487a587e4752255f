//! Who keeps an object, and how it is asked for.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::http::HttpBuilder;
use object_store::path::Path as Location;
use object_store::{ClientOptions, Error as StoreError, ObjectStore, RetryConfig};
use url::Url;

use super::answer::{deepest, one_line};
use crate::config::{decoded, without_secrets};
use crate::failure::{Failure, Result};

/// A store, and what is wanted of it.
pub struct Place {
    /// Answers requests.
    pub store: Arc<dyn ObjectStore>,
    /// Who keeps it.
    pub kind: Kind,
    /// What is shown in front of a key: `s3://bucket`.
    pub root: String,
    /// A key, a pattern, or a prefix.
    pub key: String,
    /// The URL carries what is not recorded, so that the object is fetched at once or never.
    pub signed: bool,
}

/// Who keeps the objects; each has its own variables.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    /// Amazon, and whoever speaks its language.
    S3,
    /// Google.
    Google,
    /// Microsoft.
    Azure,
    /// A web server.
    Web,
}

impl Kind {
    /// The variables that open its doors.
    pub fn variables(self) -> &'static str {
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
    /// What a URL of the settings names.
    pub fn parse(written: &str) -> Result<Self> {
        let public = without_secrets(written);
        let (scheme, rest) = written.split_once("://").unwrap_or(("", written));
        let kind = match scheme {
            "s3" | "s3a" => Kind::S3,
            "gs" => Kind::Google,
            "az" | "azure" | "adl" | "abfs" | "abfss" => Kind::Azure,
            "http" | "https" => return Self::web(written),
            _ => {
                return Err(Failure::settings(format!("{public}: `{scheme}` is no kind of address that can be read"))
                    .hint("known: s3://bucket/key, gs://bucket/key, az://container/key, abfs://container@account/key, https://host/path; a local file needs no scheme"));
            }
        };
        if public != written {
            return Err(Failure::settings(format!(
                "{public}: keys and signatures do not belong in the settings"
            ))
            .hint(kind.variables()));
        }
        let (holder, key) = rest.split_once('/').unwrap_or((rest, ""));
        if holder.is_empty() {
            return Err(Failure::settings(format!("{public} names no bucket"))
                .hint(format!("write it as {scheme}://bucket/key")));
        }
        let root = format!("{scheme}://{holder}");
        let store = store(kind, &root).map_err(|error| {
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
        let public = without_secrets(written);
        let wrong = |problem: String| {
            Failure::settings(format!("{public}: {problem}")).hint("write it as https://host/path")
        };
        let url = Url::parse(written).map_err(|error| wrong(error.to_string()))?;
        Location::from_url_path(url.path()).map_err(|error| wrong(error.to_string()))?;
        if url.path().ends_with('/') || url.path().contains('*') {
            return Err(Failure::settings(format!(
                "{public}: a web server does not list its files"
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

    /// The URL of a key, as it is shown.
    pub fn url(&self, key: &str) -> String {
        format!("{}/{key}", self.root)
    }

    /// A key as the store takes it.
    pub fn location(&self, key: &str) -> Result<Location> {
        let location = match self.kind {
            Kind::Web => Location::from_url_path(key),
            _ => Location::parse(key),
        };
        location.map_err(|error| Failure::settings(format!("{}: {error}", self.url(key))))
    }

    /// The key of an object; the path of a web address stays as it was written.
    pub fn key_of<'a>(&'a self, location: &'a Location) -> &'a str {
        match self.kind {
            Kind::Web => &self.key,
            _ => location.as_ref(),
        }
    }

    /// One message for what a store says: what, why, and which variables matter.
    pub fn failure(&self, key: &str, error: &StoreError, near: Option<String>) -> Failure {
        let (url, answer) = (self.url(key), deepest(error));
        // Only some requests turn a status into a kind of error; all of them keep the answer.
        let status = |code: &str| answer.contains(&format!("status code: {code}"));
        let missing = matches!(error, StoreError::NotFound { .. }) || status("404");
        let denied = matches!(
            error,
            StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. }
        ) || status("401")
            || status("403");
        let why = one_line(&answer);
        let no_bucket = ["NoSuchBucket", "ContainerNotFound", "bucket does not exist"];
        if missing && no_bucket.iter().any(|words| answer.contains(words)) {
            return Failure::settings(format!("there is no bucket {}", self.root))
                .hint(format!("is its name right? And {}", self.kind.variables()));
        }
        if missing {
            return Failure::settings(format!("there is no object {url}")).hint(match near {
                Some(name) => format!("did you mean `{name}`?"),
                None => "is its name right? Names of objects are case-sensitive".to_owned(),
            });
        }
        if denied {
            return Failure::machine(format!("{url}: access denied: {why}"))
                .hint(self.kind.variables());
        }
        Failure::machine(format!("{url}: {why}")).hint(match self.kind {
            Kind::Web => "is the server up, and can it be reached from here?".to_owned(),
            kind => format!(
                "can the store be reached from here? Where it lies and who you are comes from the environment: {}",
                kind.variables()
            ),
        })
    }
}

/// A store whose address and keys the environment gives.
fn store(kind: Kind, root: &str) -> Result<Arc<dyn ObjectStore>, StoreError> {
    match kind {
        Kind::S3 => {
            let mut builder = AmazonS3Builder::from_env()
                .with_url(root)
                .with_retry(retry());
            if plain_endpoint(&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]) {
                builder = builder.with_allow_http(true);
            }
            builder.build().map(|store| Arc::new(store) as _)
        }
        Kind::Google => GoogleCloudStorageBuilder::from_env()
            .with_url(root)
            .with_retry(retry())
            .build()
            .map(|store| Arc::new(store) as _),
        _ => {
            let mut builder = MicrosoftAzureBuilder::from_env()
                .with_url(root)
                .with_retry(retry());
            if plain_endpoint(&["AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"]) {
                builder = builder.with_allow_http(true);
            }
            builder.build().map(|store| Arc::new(store) as _)
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(place.url(&place.key), "https://host:8443/a%20b/x.csv");
        let signed = |url| Place::parse(url).unwrap().signed;
        assert!(signed("https://host/x.csv?sig=abc") && signed("https://ann@host/x.csv"));
        assert!(!signed("https://host/x.csv"));
    }
}
