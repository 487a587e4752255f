//! Where a database is, as a source's `database` says it. Passwords have no place there.

use std::collections::BTreeMap;

use url::Url;

use crate::failure::did_you_mean;

/// A database, as the settings name it.
#[derive(Clone, Debug, PartialEq)]
pub enum Address {
    /// `postgresql://user@host:5432/shop`: the connection parameters that the URL gives, under
    /// their names in libpq; the environment gives the others.
    Postgres(BTreeMap<&'static str, String>),
    /// `sqlite:shop.db`: a file, relative to the settings.
    Sqlite(String),
    /// `odbc:DSN=shop`: a connection string for the ODBC driver manager.
    Odbc(String),
}

/// The connection parameters that a PostgreSQL URL may carry.
const PARAMETERS: &[&str] = &[
    "host",
    "port",
    "user",
    "dbname",
    "service",
    "sslmode",
    "sslrootcert",
];

impl Address {
    /// Reads the value of `database`.
    ///
    /// # Errors
    /// What is wrong with it, and what would mend it. Neither repeats a password.
    pub fn parse(text: &str) -> Result<Self, (String, String)> {
        let scheme = text.split(':').next().unwrap_or_default();
        match (scheme, text.split_once(':')) {
            ("postgresql" | "postgres", Some(_)) => postgres(text),
            ("sqlite", Some((_, file))) if !file.is_empty() => {
                Ok(Self::Sqlite(file.trim_start_matches("//").to_owned()))
            }
            ("odbc", Some((_, connection))) if !connection.is_empty() => odbc(connection),
            _ => Err((
                "this names no database".to_owned(),
                "write \"postgresql://user@host:5432/name\", \"sqlite:shop.db\" or \"odbc:DSN=name\"".to_owned(),
            )),
        }
    }
}

fn postgres(text: &str) -> Result<Address, (String, String)> {
    let example = "write it as \"postgresql://user@host:5432/name\"";
    let url = Url::parse(text)
        .map_err(|error| (format!("this is no URL: {error}"), example.to_owned()))?;
    if url.password().is_some() || url.query_pairs().any(|(key, _)| key == "password") {
        return Err((
            "a password does not belong in the settings".to_owned(),
            "leave it out, and set PGPASSWORD or write it into ~/.pgpass".to_owned(),
        ));
    }
    let mut parameters = BTreeMap::new();
    let mut set = |key: &'static str, value: String| {
        if !value.is_empty() {
            parameters.insert(key, value);
        }
    };
    set("host", decoded(url.host_str().unwrap_or_default()));
    set(
        "port",
        url.port().map(|port| port.to_string()).unwrap_or_default(),
    );
    set("user", decoded(url.username()));
    set("dbname", decoded(url.path().trim_start_matches('/')));
    for (key, value) in url.query_pairs() {
        match PARAMETERS.iter().find(|known| **known == key) {
            Some(key) => set(key, value.into_owned()),
            None => {
                return Err((
                    format!("`{key}` is no connection parameter that is understood here"),
                    did_you_mean(&key, PARAMETERS),
                ));
            }
        }
    }
    Ok(Address::Postgres(parameters))
}

fn odbc(connection: &str) -> Result<Address, (String, String)> {
    let secret = connection
        .split(';')
        .filter_map(|pair| pair.split_once('='))
        .any(|(key, _)| ["pwd", "password"].contains(&key.trim().to_ascii_lowercase().as_str()));
    if secret {
        return Err((
            "a password does not belong in the settings".to_owned(),
            "leave it out, and set ODBC_PASSWORD or keep it in the data source's entry of odbc.ini"
                .to_owned(),
        ));
    }
    Ok(Address::Odbc(connection.to_owned()))
}

/// Undoes `%20` and its like in a part of a URL.
pub fn decoded(text: &str) -> String {
    // The library decodes forms, where a plus is a blank.
    let text = text.replace('+', "%2B");
    url::form_urlencoded::parse(text.replace('&', "%26").replace('=', "%3D").as_bytes())
        .next()
        .map(|(text, _)| text.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(text: &str) -> BTreeMap<&'static str, String> {
        match Address::parse(text) {
            Ok(Address::Postgres(parameters)) => parameters,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_url_gives_the_parameters_that_it_has() {
        let found =
            parameters("postgresql://ann%40shop@db.example:5433/till%20data?sslmode=require");
        let expected = [
            ("dbname", "till data"),
            ("host", "db.example"),
            ("port", "5433"),
            ("sslmode", "require"),
            ("user", "ann@shop"),
        ];
        assert_eq!(
            found,
            BTreeMap::from(expected.map(|(k, v)| (k, v.to_owned())))
        );
        assert_eq!(
            parameters("postgresql:///shop?host=/var/run/postgresql&user=a+b")["user"],
            "a b"
        );
        assert_eq!(parameters("postgres://%2Frun%2Fpg/shop")["host"], "/run/pg");
        assert_eq!(parameters("postgresql://?service=till")["service"], "till");
    }

    #[test]
    fn a_password_is_refused_and_never_repeated() {
        for text in [
            "postgresql://ann:sesame@host/shop",
            "postgresql://host/shop?password=sesame",
            "odbc:DSN=shop;Pwd=sesame",
        ] {
            let (problem, hint) = Address::parse(text).unwrap_err();
            assert!(problem.contains("password"), "{problem}");
            assert!(!format!("{problem}{hint}").contains("sesame"));
        }
    }

    #[test]
    fn other_texts_name_no_database() {
        for text in ["", "shop.db", "sqlite:", "mysql://host/shop"] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
        assert_eq!(
            Address::parse("sqlite:data/shop.db"),
            Ok(Address::Sqlite("data/shop.db".to_owned()))
        );
        let (problem, hint) = Address::parse("postgresql://host/shop?sslmod=require").unwrap_err();
        assert!(
            problem.contains("sslmod") && hint.contains("`sslmode`"),
            "{problem} {hint}"
        );
    }
}
