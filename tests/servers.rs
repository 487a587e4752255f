//! Servers on the loopback that tests talk to: a store that speaks S3, PostgreSQL, and a web
//! server small enough to misbehave. Each listens on a port of its own and ends with its test.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// Says that a test cannot run here; where CI says that everything is there, that is a failure.
pub fn lacking(what: &str) {
    assert!(
        std::env::var_os("CI").is_none(),
        "{what} is missing, although .ci/run installs it"
    );
    eprintln!("left out: {what} is missing");
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// Waits until somebody listens.
fn answers(port: u16) -> bool {
    let patience = Instant::now() + Duration::from_secs(60);
    while Instant::now() < patience {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return true;
        }
        thread::sleep(Duration::from_millis(100));
    }
    false
}

/// The interpreter that has the packages of `requirements.txt`.
pub fn python() -> String {
    std::env::var("REGULARS_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

/// A store that speaks S3.
pub struct Store {
    process: Child,
    port: u16,
}

impl Store {
    /// Starts it with this bucket; with `closed`, whoever comes after the first so many requests
    /// has to show a key that it knows, and it knows none.
    pub fn start(bucket: &str, closed: Option<u32>) -> Option<Self> {
        let there = Command::new(python())
            .args(["-c", "import moto.server"])
            .stderr(Stdio::null())
            .status();
        if !there.is_ok_and(|status| status.success()) {
            lacking("moto's server");
            return None;
        }
        let port = free_port();
        let mut command = Command::new(python());
        command
            .args([
                "-m",
                "moto.server",
                "-H",
                "127.0.0.1",
                "-p",
                &port.to_string(),
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(requests) = closed {
            command.env("INITIAL_NO_AUTH_ACTION_COUNT", requests.to_string());
        }
        let store = Self {
            process: command.spawn().expect("the store starts"),
            port,
        };
        assert!(answers(port), "the store does not answer");
        store.put(bucket, b"");
        Some(store)
    }

    /// Stores an object, or makes a bucket.
    pub fn put(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the store answers");
        // Signed, though nobody checks by what: the store lets nobody without a name write over an
        // object that is there.
        let signed = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240101/us-east-1/s3/aws4_request, \
                      SignedHeaders=host, Signature=0";
        let head = format!(
            "PUT /{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {signed}\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            bytes.len()
        );
        stream.write_all(head.as_bytes()).expect("the head is sent");
        stream.write_all(bytes).expect("the object is sent");
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert!(answer.contains(" 200 "), "PUT {path}: {answer}");
    }

    /// The variables that lead to it.
    pub fn variables(&self) -> Vec<(String, String)> {
        [
            (
                "AWS_ENDPOINT_URL",
                format!("http://127.0.0.1:{}", self.port),
            ),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "open-sesame".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A request as the web server heard it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The path with its query.
    pub path: String,
    /// The lines of the head, in lower case.
    pub head: Vec<String>,
}

/// What the web server answers: status and reason, more head lines, a body, and how many of its
/// bytes are really sent.
pub struct Response {
    pub status: &'static str,
    pub head: String,
    pub body: Vec<u8>,
    pub sent: usize,
}

impl Response {
    pub fn of(status: &'static str, head: &str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self {
            status,
            head: head.to_owned(),
            sent: body.len(),
            body,
        }
    }
}

/// A web server that answers as a test says, and remembers what it was asked.
pub struct Web {
    pub port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Web {
    /// Starts it; it ends with the process.
    pub fn start(answer: impl Fn(&Request, usize) -> Response + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let heard = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(request) = hear(&stream) else {
                    continue;
                };
                let before = {
                    let mut heard = heard.lock().expect("nobody panicked");
                    heard.push(request.clone());
                    heard
                        .iter()
                        .filter(|other| other.path == request.path)
                        .count()
                };
                say(stream, &answer(&request, before));
            }
        });
        Self { port, requests }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("nobody panicked").clone()
    }
}

fn hear(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let head = lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .map(|line| line.to_lowercase())
        .collect();
    Some(Request {
        path: first.split(' ').nth(1)?.to_owned(),
        head,
    })
}

fn say(mut stream: TcpStream, answer: &Response) {
    let head = format!(
        "HTTP/1.1 {}\r\n{}Content-Length: {}\r\nConnection: close\r\n\r\n",
        answer.status,
        answer.head,
        answer.body.len()
    );
    // Whoever hung up has heard enough.
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(&answer.body[..answer.sent]);
}

/// A PostgreSQL server with the user `ann`, whose password is `sesame`.
pub struct Postgres {
    folder: tempfile::TempDir,
    programs: PathBuf,
    pub port: u16,
}

/// The one that is running, if a test still uses it.
static RUNNING: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());

impl Postgres {
    /// The server that other tests use already, or a new one.
    pub fn start() -> Option<Arc<Self>> {
        let mut running = RUNNING
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(server) = running.upgrade() {
            return Some(server);
        }
        let server = Arc::new(Self::new()?);
        *running = Arc::downgrade(&server);
        Some(server)
    }

    fn new() -> Option<Self> {
        let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path().join("bin"))
            .filter(|programs| programs.join("initdb").is_file())
            .collect();
        versions.sort();
        let Some(programs) = versions.pop() else {
            lacking("PostgreSQL");
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        fs::write(folder.path().join("password"), "sesame\n").expect("the password is written");
        shell(&format!(
            "openssl req -new -x509 -days 30 -nodes -subj /CN=localhost -keyout {} -out {} 2>/dev/null && chmod 600 {0}",
            path("server.key"),
            path("server.crt")
        ));
        if as_root() {
            shell(&format!("chown -R postgres {}", folder.path().display()));
        }
        let port = free_port();
        let server = Self {
            folder,
            programs,
            port,
        };
        let data = server.path("data");
        server.own(&format!(
            "initdb -D {data} -U ann --auth=scram-sha-256 --pwfile={} --encoding=UTF8 --locale=C.UTF-8 -N",
            server.path("password")
        ));
        let settings = format!(
            "\nport = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\nfsync = off\nssl = on\nssl_cert_file = '{}'\nssl_key_file = '{}'\n",
            server.folder.path().display(),
            server.path("server.crt"),
            server.path("server.key")
        );
        let file = Path::new(&data).join("postgresql.conf");
        let before = fs::read_to_string(&file).expect("initdb wrote settings");
        fs::write(&file, before + &settings).expect("the settings are written");
        // `guest` is let in without a password, for tests that cannot give one.
        let doors = Path::new(&data).join("pg_hba.conf");
        let before = fs::read_to_string(&doors).expect("initdb wrote who may enter");
        fs::write(
            &doors,
            format!("host all guest 127.0.0.1/32 trust\n{before}"),
        )
        .expect("the door is opened");
        server.own(&format!(
            "pg_ctl -D {data} -l {} -w start",
            server.path("log")
        ));
        server.sql("postgres", "CREATE DATABASE shop");
        server.sql("shop", "CREATE ROLE guest LOGIN; GRANT pg_read_all_data TO guest; ALTER ROLE guest SET timezone = 'Asia/Kolkata'");
        Some(server)
    }

    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Runs one of the server's programs as the user that may.
    fn own(&self, command: &str) {
        let command = format!("{}/{command} >/dev/null 2>&1", self.programs.display());
        if as_root() {
            shell(&format!("runuser -u postgres -- sh -c '{command}'"));
        } else {
            shell(&command);
        }
    }

    /// Runs SQL in a database.
    pub fn sql(&self, database: &str, sql: &str) {
        self.ask(database, sql);
    }

    /// Runs SQL in a database, and gives the rows of its answer, a line each with `|` between columns.
    pub fn ask(&self, database: &str, sql: &str) -> String {
        let script = tempfile::NamedTempFile::new().expect("a script");
        fs::write(&script, sql).expect("the script is written");
        let output = Command::new(self.programs.join("psql"))
            .args(["-h", "127.0.0.1", "-U", "ann", "-d", database, "-qAt"])
            .args(["-p", &self.port.to_string(), "-v", "ON_ERROR_STOP=1", "-f"])
            .arg(script.path())
            .env("PGPASSWORD", "sesame")
            .current_dir("/")
            .output()
            .expect("psql starts");
        assert!(
            output.status.success(),
            "{sql}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    }

    /// The address of the database `shop`, for the user with a password.
    pub fn address(&self) -> String {
        format!("postgresql://ann@127.0.0.1:{}/shop", self.port)
    }

    /// The same for a user without one, whose time zone is that of India.
    pub fn open_address(&self) -> String {
        format!("postgresql://guest@127.0.0.1:{}/shop", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.own(&format!(
            "pg_ctl -D {} -m immediate stop",
            self.path("data")
        ));
    }
}

fn as_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[track_caller]
fn shell(command: &str) {
    let status = Command::new("sh")
        .args(["-c", command])
        .current_dir("/")
        .stdin(Stdio::null())
        .status()
        .expect("a shell");
    assert!(status.success(), "{command}");
}
