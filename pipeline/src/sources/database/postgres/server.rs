//! How a PostgreSQL server is found and entered: the URL first, then the service file, then the
//! environment, as libpq does. A password comes from PGPASSWORD or a password file alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config};

use super::{Complaint, tls};
use crate::failure::{During, Failure, Result};

/// Where a variable's value is looked up.
type Environment<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// A database on a server, and how to enter it.
pub struct Server {
    host: String,
    port: u16,
    user: Option<String>,
    name: Option<String>,
    sslmode: String,
    sslrootcert: Option<String>,
    options: Option<String>,
    password: Option<String>,
    patience: Duration,
}

/// The values that `sslmode` has in libpq.
const SSL_MODES: &[&str] = &[
    "disable",
    "allow",
    "prefer",
    "require",
    "verify-ca",
    "verify-full",
];

impl Server {
    /// Completes what the URL says.
    pub fn resolve(url: &BTreeMap<&'static str, String>, env: &Environment<'_>) -> Result<Self> {
        let env = |name: &str| env(name).filter(|value| !value.is_empty());
        let service = match url.get("service").cloned().or_else(|| env("PGSERVICE")) {
            Some(name) => service(&name, &env)?,
            None => BTreeMap::new(),
        };
        let value = |key: &str, variable: &str| {
            let given = url.get(key).or_else(|| service.get(key)).cloned();
            given.or_else(|| env(variable))
        };
        let port = value("port", "PGPORT").unwrap_or_else(|| "5432".to_owned());
        let port = port.parse().map_err(|_| {
            Failure::settings(format!("`{port}` is no port")).hint("give a number, such as 5432")
        })?;
        let sslmode = value("sslmode", "PGSSLMODE").unwrap_or_else(|| "prefer".to_owned());
        if !SSL_MODES.contains(&sslmode.as_str()) {
            return Err(Failure::settings(format!("`{sslmode}` is no sslmode"))
                .hint(crate::failure::did_you_mean(&sslmode, SSL_MODES)));
        }
        let mut server = Self {
            host: value("host", "PGHOST").unwrap_or_else(local),
            port,
            user: value("user", "PGUSER"),
            name: value("dbname", "PGDATABASE"),
            sslmode,
            sslrootcert: value("sslrootcert", "PGSSLROOTCERT").or_else(|| {
                let usual = PathBuf::from(env("HOME")?).join(".postgresql/root.crt");
                let usual = usual.to_str().filter(|_| usual.is_file())?;
                Some(usual.to_owned())
            }),
            options: value("options", "PGOPTIONS"),
            password: service
                .get("password")
                .cloned()
                .or_else(|| env("PGPASSWORD")),
            patience: value("connect_timeout", "PGCONNECT_TIMEOUT")
                .and_then(|seconds| seconds.parse().ok())
                .filter(|&seconds| seconds > 0)
                .map_or(Duration::from_secs(60), Duration::from_secs),
        };
        if server.password.is_none() {
            let file = env("PGPASSFILE").map(PathBuf::from);
            let file = file.or_else(|| Some(PathBuf::from(env("HOME")?).join(".pgpass")));
            server.password = file.and_then(|file| server.password_of(&file));
        }
        Ok(server)
    }

    /// What it is known and shown by.
    pub fn address(&self) -> String {
        let name = self.database();
        if self.host.starts_with('/') {
            return format!("postgresql:///{name}");
        }
        format!("postgresql://{}:{}/{name}", self.host, self.port)
    }

    fn database(&self) -> &str {
        let name = self.name.as_deref().or(self.user.as_deref());
        name.unwrap_or_default()
    }

    /// The password that a password file has for this server; a file that others may read is no
    /// secret, and is passed over as libpq does.
    fn password_of(&self, file: &Path) -> Option<String> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(file).ok()?.permissions().mode();
            if mode & 0o077 != 0 {
                return None;
            }
        }
        let text = std::fs::read_to_string(file).ok()?;
        let host = if self.host.starts_with('/') {
            "localhost"
        } else {
            &self.host
        };
        let port = self.port.to_string();
        let user = self.user.as_deref().unwrap_or_default();
        let wanted = [host, &port, self.database(), user];
        text.lines()
            .filter(|line| !line.starts_with('#'))
            .find_map(|line| {
                let fields = unescaped(line);
                let [given @ .., password] = fields.as_slice() else {
                    return None;
                };
                let fits = given.len() == wanted.len()
                    && given
                        .iter()
                        .zip(wanted)
                        .all(|(given, wanted)| given == "*" || given == wanted);
                fits.then(|| password.clone())
            })
    }

    /// Enters the database.
    pub async fn connect(&self) -> Result<Client> {
        let mut config = Config::new();
        config
            .host(&self.host)
            .port(self.port)
            .application_name("regulars")
            .ssl_mode(match self.sslmode.as_str() {
                "disable" => SslMode::Disable,
                // What `allow` tries second comes first here; either way both are tried.
                "allow" | "prefer" => SslMode::Prefer,
                _ => SslMode::Require,
            });
        if let Some(user) = &self.user {
            config.user(user);
        }
        if let Some(name) = &self.name {
            config.dbname(name);
        }
        if let Some(password) = &self.password {
            config.password(password);
        }
        if let Some(options) = &self.options {
            config.options(options);
        }
        let tls = tls::connector(&self.sslmode, self.sslrootcert.as_deref())?;
        match tokio::time::timeout(self.patience, config.connect(tls)).await {
            Ok(Ok((client, connection))) => {
                // Carries what is asked and answered; an error of it reaches who asked.
                tokio::spawn(connection);
                Ok(client)
            }
            Ok(Err(error)) => Err(self.refusal(error)),
            Err(_) => Err(Failure::machine(format!(
                "the server has not answered for {} seconds",
                self.patience.as_secs()
            ))
            .hint(REACH)),
        }
    }

    fn refusal(&self, error: tokio_postgres::Error) -> Failure {
        if never_reached(&error) {
            let place = match self.host.starts_with('/') {
                true => format!("{}/.s.PGSQL.{}", self.host, self.port),
                false => format!("{}:{}", self.host, self.port),
            };
            return Failure::machine(format!("no server answers at {place}")).hint(REACH);
        }
        let complaint = Complaint::from(error);
        let failure = match complaint.code.as_deref() {
            // The names of a role and a database stand in the settings.
            Some("3D000" | "28000" | "42501") => Failure::settings(complaint.message),
            _ => Failure::machine(complaint.message),
        };
        failure.hint(match complaint.code.as_deref() {
            Some("3D000") => "is the name of the database right? psql -l lists what there is".to_owned(),
            Some("28P01") | None if self.password.is_none() || complaint.code.is_some() => format!(
                "set PGPASSWORD for the user{}, or write a line into ~/.pgpass, which nobody else may read (chmod 600)",
                self.user.as_deref().map(|user| format!(" {user}")).unwrap_or_default()
            ),
            Some(_) => "does this user exist, and may it connect to this database from here?".to_owned(),
            None => format!("is the server up, and PGSSLMODE (now {}) what it offers?", self.sslmode),
        })
    }
}

/// For a server that is not there.
const REACH: &str = "is it up, and can it be reached from here? Its place comes from the URL, else from PGHOST and PGPORT";

/// Where a server of this machine listens: the socket that Debian and others use, where there is one.
fn local() -> String {
    let socket = "/var/run/postgresql";
    let host = if Path::new(socket).is_dir() {
        socket
    } else {
        "localhost"
    };
    host.to_owned()
}

/// Whether nobody was there to talk to; what goes wrong in a conversation is told in its words.
fn never_reached(error: &tokio_postgres::Error) -> bool {
    use std::io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            return !matches!(io.kind(), InvalidData | InvalidInput | UnexpectedEof);
        }
        source = inner.source();
    }
    false
}

/// The fields of a line of a password file; a backslash keeps the colon or backslash after it.
fn unescaped(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        let (letter, ends) = match letter {
            '\\' => (letters.next(), false),
            ':' => (None, true),
            other => (Some(other), false),
        };
        if ends {
            fields.push(String::new());
        } else if let (Some(field), Some(letter)) = (fields.last_mut(), letter) {
            field.push(letter);
        }
    }
    fields
}

/// The parameters of a service, from the user's service file or else the system's.
fn service(name: &str, env: &impl Fn(&str) -> Option<String>) -> Result<BTreeMap<String, String>> {
    let own = env("PGSERVICEFILE").map(PathBuf::from);
    let own = own.or_else(|| Some(PathBuf::from(env("HOME")?).join(".pg_service.conf")));
    let folder = env("PGSYSCONFDIR").unwrap_or_else(|| "/etc/postgresql-common".to_owned());
    let files: Vec<PathBuf> = own
        .into_iter()
        .chain([Path::new(&folder).join("pg_service.conf")])
        .collect();
    for file in &files {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error).during(file.display()),
        };
        let mut lines = text.lines().map(str::trim);
        if lines.any(|line| line == format!("[{name}]")) {
            return Ok(lines
                .take_while(|line| !line.starts_with('['))
                .filter(|line| !line.starts_with('#'))
                .filter_map(|line| line.split_once('='))
                .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
                .collect());
        }
    }
    let looked: Vec<String> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    Err(
        Failure::settings(format!("there is no service `{name}`")).hint(format!(
            "looked in {}; PGSERVICEFILE names another file",
            looked.join(" and ")
        )),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(url: &[(&'static str, &str)], variables: &[(&str, &str)]) -> Result<Server> {
        let url = url
            .iter()
            .map(|(key, value)| (*key, (*value).to_owned()))
            .collect();
        Server::resolve(&url, &|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_url_wins_over_the_environment() {
        let server = resolve(
            &[("host", "db"), ("dbname", "shop")],
            &[
                ("PGHOST", "other"),
                ("PGPORT", "5433"),
                ("PGUSER", "ann"),
                ("PGPASSWORD", "sesame"),
            ],
        )
        .unwrap();
        assert_eq!(server.address(), "postgresql://db:5433/shop");
        assert_eq!(server.user.as_deref(), Some("ann"));
        assert_eq!(server.password.as_deref(), Some("sesame"));
        assert_eq!(server.sslmode, "prefer");
        assert!(resolve(&[], &[("PGSSLMODE", "requir")]).is_err());
        assert!(resolve(&[], &[("PGPORT", "many")]).is_err());
    }

    #[test]
    fn a_password_file_is_used_when_it_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pgpass");
        std::fs::write(
            &file,
            "# mine\nother:*:*:*:no\ndb:5432:sh\\:op:ann:se\\\\sa\\:me\n*:*:*:*:any\n",
        )
        .unwrap();
        let path = file.to_str().unwrap();
        let found = |mode, host| {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            let url = [("host", host), ("dbname", "sh:op"), ("user", "ann")];
            resolve(&url, &[("PGPASSFILE", path)]).unwrap().password
        };
        assert_eq!(found(0o600, "db").as_deref(), Some("se\\sa:me"));
        assert_eq!(found(0o600, "elsewhere").as_deref(), Some("any"));
        assert_eq!(found(0o644, "db"), None);
    }

    #[test]
    fn a_service_file_says_what_the_url_leaves_out() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("services");
        std::fs::write(
            &file,
            "[till]\nhost=t\n[shop]\n# ours\nhost = db\nuser=ann\npassword=sesame\n[x]\nhost=x\n",
        )
        .unwrap();
        let variables = [
            ("PGSERVICEFILE", file.to_str().unwrap()),
            ("PGSYSCONFDIR", "/nowhere"),
        ];
        let server = resolve(&[("service", "shop"), ("dbname", "a")], &variables).unwrap();
        assert_eq!(server.address(), "postgresql://db:5432/a");
        assert_eq!(server.password.as_deref(), Some("sesame"));
        let failure = resolve(&[("service", "shp")], &variables).err().unwrap();
        assert!(failure.message.contains("no service `shp`"), "{failure}");
    }
}
