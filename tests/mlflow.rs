//! What was learned is logged in MLflow, and MLflow reads it: a folder, and a server on the loopback.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::servers::{lacking, python};
use crate::util::{PRODUCTS, SETTINGS, Sandbox, repository, shop};

const QUICK: &str = "[churn]\nmodels = [\"single-feature\", \"elastic-net\"]\n";

fn ready() -> Sandbox {
    let sandbox = Sandbox::new()
        .file("lines.csv", shop(240, 240))
        .file("products.csv", PRODUCTS)
        .file("regulars.toml", format!("{SETTINGS}\n{QUICK}"));
    for stage in ["ingest", "features"] {
        sandbox.regulars(&[stage, "--quiet"]).ended_with(0);
    }
    sandbox
}

/// What MLflow's own client finds; nothing where the package is not there.
fn read(sandbox: &Sandbox, uri: &str) -> Option<String> {
    let there = Command::new(python())
        .args(["-c", "import mlflow"])
        .output();
    if !there.is_ok_and(|output| output.status.success()) {
        lacking("Python with mlflow-skinny");
        return None;
    }
    let output = Command::new(python())
        .arg(repository().join("tests/read_mlflow.py"))
        .args([uri, "Corner shop"])
        .current_dir(sandbox.path(""))
        .output()
        .expect("python starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{uri}: {said}{wrong}");
    Some(said)
}

#[test]
fn mlflow_reads_what_lies_in_a_folder() {
    let sandbox = ready();
    sandbox
        .regulars(&["train", "--mlflow", "mlruns"])
        .ended_with(0)
        .shows(&["version 1", "in MLflow: run ", "of Corner shop in "]);
    // A run of the whole job that keeps no model is logged all the same.
    sandbox
        .regulars(&["run", "--mlflow", "mlruns"])
        .ended_with(0)
        .says(&["in MLflow: run "]);
    assert!(!sandbox.exists("regulars-out/models/churn/0002"));
    let uri = format!("file://{}", sandbox.path("mlruns").display());
    if let Some(said) = read(&sandbox, &uri) {
        assert!(said.starts_with("2 runs, version None"), "{said}");
    }
}

/// A server that takes everything, as MLflow's own answers, and keeps what it was asked.
fn listening(answers: usize) -> (String, std::thread::JoinHandle<Vec<(String, String)>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let thread = std::thread::spawn(move || {
        let mut asked = Vec::new();
        for _ in 0..answers {
            let (mut stream, _) = listener.accept().expect("a connection");
            let (head, body) = request(&mut stream);
            let answer = match head.split(' ').nth(1).unwrap_or_default() {
                "/api/2.0/mlflow/experiments/create" => (
                    400,
                    r#"{"error_code": "RESOURCE_ALREADY_EXISTS", "message": "it is there"}"#,
                ),
                path if path.starts_with("/api/2.0/mlflow/experiments/get-by-name?") => {
                    (200, r#"{"experiment": {"experiment_id": "7"}}"#)
                }
                "/api/2.0/mlflow/runs/create" => (
                    200,
                    r#"{"run": {"info": {"run_id": "abc", "artifact_uri": "mlflow-artifacts:/7/abc/artifacts"}}}"#,
                ),
                _ => (200, "{}"),
            };
            let text = format!(
                "HTTP/1.1 {} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{}",
                answer.0,
                answer.1.len(),
                answer.1
            );
            let _ = stream.write_all(text.as_bytes());
            asked.push((head, body));
        }
        asked
    });
    (address, thread)
}

fn request(stream: &mut std::net::TcpStream) -> (String, String) {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 65_536]);
    loop {
        let read = stream.read(&mut buffer).expect("a request");
        bytes.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            assert!(read > 0, "{text}");
            continue;
        };
        let length = head.lines().find_map(|line| {
            let line = line.to_lowercase();
            line.strip_prefix("content-length: ")?.parse::<usize>().ok()
        });
        if read == 0 || body.len() >= length.unwrap_or(0) {
            return (head.to_owned(), body.to_owned());
        }
    }
}

#[test]
fn a_server_is_told_everything_in_its_own_language() {
    let sandbox = ready();
    // Two for the experiment, the run, the figures, the parameters, five files, the end.
    let (address, thread) = listening(11);
    sandbox
        .regulars_with(
            &[("MLFLOW_TRACKING_TOKEN", "opensesame")],
            &["train", "--mlflow", &address],
        )
        .ended_with(0)
        .shows(&["/#/experiments/7/runs/abc"]);
    let asked = thread.join().expect("the server");
    let bodies: Vec<&String> = asked.iter().map(|(_, body)| body).collect();
    assert!(asked.iter().all(|(head, _)| {
        let head = head.to_lowercase();
        head.contains("authorization: bearer opensesame")
    }));
    assert!(bodies[3].contains("\"key\":\"roc_auc\""), "{}", bodies[3]);
    assert!(
        bodies[4].contains("\"key\":\"churn.horizon_days\""),
        "{}",
        bodies[4]
    );
    let puts: Vec<&str> = asked
        .iter()
        .filter_map(|(head, _)| head.strip_prefix("PUT "))
        .collect();
    assert_eq!(puts.len(), 5);
    assert!(puts[0].starts_with("/api/2.0/mlflow-artifacts/artifacts/7/abc/artifacts/"));
    assert!(
        bodies[10].contains("\"status\":\"FINISHED\""),
        "{}",
        bodies[10]
    );
}

/// Stops the server when it is dropped.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_real_server_shows_what_was_logged() {
    let flask = ["-c", "import mlflow, flask, sqlalchemy, uvicorn"];
    let there = Command::new(python()).args(flask).output();
    if !there.is_ok_and(|output| output.status.success()) {
        // Larger than all other packages together: not among those that CI has to have.
        println!("left out: no {} with the whole of mlflow", python());
        return;
    }
    let sandbox = ready();
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let port = port.expect("a port").port().to_string();
    let server = Command::new(python())
        .args([
            "-m",
            "mlflow",
            "server",
            "--host",
            "127.0.0.1",
            "--port",
            &port,
        ])
        .args(["--workers", "1"])
        .args([
            "--backend-store-uri",
            "sqlite:///store.db",
            "--artifacts-destination",
            "artifacts",
        ])
        .current_dir(sandbox.path(""))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the server starts");
    let _served = Served(server);
    let end = Instant::now() + Duration::from_secs(600);
    while std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        assert!(Instant::now() < end, "the server does not answer");
        std::thread::sleep(Duration::from_millis(300));
    }
    let address = format!("http://127.0.0.1:{port}");
    sandbox
        .regulars(&["train", "--mlflow", &address])
        .ended_with(0)
        .shows(&["in MLflow: run "]);
    let said = read(&sandbox, &address).expect("mlflow");
    assert!(said.starts_with("1 runs, version 1"), "{said}");
}

#[test]
fn a_server_that_is_not_there_leaves_the_version_and_says_so() {
    let sandbox = ready();
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let address = format!("http://ada:secret@{}", port.expect("a port"));
    let run = sandbox
        .regulars(&["train", "--mlflow", &address])
        .ended_with(4)
        .says(&["version 1", "is kept, and not logged", "gives no answer"]);
    assert!(!run.stderr.contains("secret"), "{}", run.stderr);
    assert!(sandbox.exists("regulars-out/models/churn/0001/version.json"));
    sandbox
        .regulars(&["train", "--mlflow", "ftp://there"])
        .ended_with(2)
        .says(&["`ftp` is no kind of address that is known here"]);
    sandbox.write("file", "no folder");
    sandbox
        .regulars(&["train", "--mlflow", "file/mlruns"])
        .ended_with(4)
        .says(&["is kept, and not logged"]);
}
