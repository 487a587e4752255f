//! MLflow's REST interface, version 2.0 (mlflow.org/docs/latest/rest-api.html).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use object_store::ClientOptions;
use object_store::client::{HttpClient, HttpConnector, HttpRequest, ReqwestConnector};
use serde_json::{Value, json};
use url::Url;

use super::Logged;
use crate::config::decoded;
use crate::failure::{Failure, Result};

/// As many parameters and as many notes are sent at once.
const MOST_AT_ONCE: usize = 100;

/// Where a server takes files for its own store.
const PROXIED: &str = "mlflow-artifacts:";

/// A server.
struct Server {
    client: HttpClient,
    /// Its address without what is secret, and without a slash behind it.
    base: String,
    /// What opens its doors, if anything does.
    key: Option<String>,
}

/// Logs a run on a server; says where it is.
pub async fn log(address: &str, logged: &Logged) -> Result<String> {
    let server = Server::at(address)?;
    let experiment = server.experiment(&logged.experiment).await?;
    let tags = pairs(&logged.tags);
    let run = json!({
        "experiment_id": experiment,
        "start_time": logged.times[0],
        "run_name": logged.name,
        "tags": tags,
    });
    let made = server.post("runs/create", &run).await?;
    let info = &made["run"]["info"];
    let (Some(id), Some(artifacts)) = (info["run_id"].as_str(), info["artifact_uri"].as_str())
    else {
        return Err(server.no_answer("runs/create", &made.to_string()));
    };
    let filled = server.fill(id, artifacts, logged).await;
    // A run that could not be filled is there to be seen, and seen to have failed.
    let status = if filled.is_ok() { "FINISHED" } else { "FAILED" };
    let end = json!({ "run_id": id, "status": status, "end_time": logged.times[1] });
    let ended = server.post("runs/update", &end).await;
    filled?;
    ended?;
    Ok(format!(
        "run {id} of {} at {}/#/experiments/{experiment}/runs/{id}",
        logged.experiment, server.base
    ))
}

/// Names and values as the interface takes them.
fn pairs(pairs: &[(String, String)]) -> Vec<Value> {
    let pair = |(key, value): &(String, String)| json!({ "key": key, "value": value });
    pairs.iter().map(pair).collect()
}

impl Server {
    fn at(address: &str) -> Result<Self> {
        let wrong = |problem: String| {
            Failure::settings(format!("the address of the server: {problem}"))
                .hint("write it as http://localhost:5000")
        };
        let mut url = Url::parse(address).map_err(|error| wrong(error.to_string()))?;
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let basic = |name: &str, password: &str| {
            let known = BASE64.encode(format!("{name}:{password}"));
            format!("Basic {known}")
        };
        let named = url.username().to_owned();
        let key = match (named.as_str(), url.password()) {
            ("", None) => match variable("MLFLOW_TRACKING_USERNAME") {
                Some(name) => {
                    let password = variable("MLFLOW_TRACKING_PASSWORD");
                    Some(basic(&name, &password.unwrap_or_default()))
                }
                None => variable("MLFLOW_TRACKING_TOKEN").map(|token| format!("Bearer {token}")),
            },
            (name, password) => Some(basic(
                &decoded(name),
                &decoded(password.unwrap_or_default()),
            )),
        };
        let plain = url.set_username("").and_then(|()| url.set_password(None));
        plain.map_err(|()| wrong("it has no host".to_owned()))?;
        url.set_query(None);
        url.set_fragment(None);
        let options = ClientOptions::new().with_allow_http(true);
        let client = ReqwestConnector::default().connect(&options);
        Ok(Self {
            client: client.map_err(|error| wrong(error.to_string()))?,
            base: url.as_str().trim_end_matches('/').to_owned(),
            key,
        })
    }

    /// The id of the experiment of a name, which is made where it is not there.
    async fn experiment(&self, name: &str) -> Result<String> {
        let id = |found: &Value| Some(found.as_str()?.to_owned());
        let made = self
            .ask("POST", "experiments/create", Some(&json!({ "name": name })))
            .await?;
        if let (200, Some(made)) = (made.0, id(&made.1["experiment_id"])) {
            return Ok(made);
        }
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("experiment_name", name)
            .finish();
        let path = format!("experiments/get-by-name?{query}");
        let (status, found) = self.ask("GET", &path, None).await?;
        let found = match status {
            200 => id(&found["experiment"]["experiment_id"]),
            _ => None,
        };
        found.ok_or_else(|| self.refused("experiments/create", made.0, &made.1))
    }

    /// Parameters, figures and files of a run that was made.
    async fn fill(&self, id: &str, artifacts: &str, logged: &Logged) -> Result<()> {
        let metric = |(key, value): &(String, f64)| json!({ "key": key, "value": value, "timestamp": logged.times[1], "step": 0 });
        let metrics: Vec<Value> = logged.metrics.iter().map(metric).collect();
        let batch = json!({ "run_id": id, "metrics": metrics });
        self.post("runs/log-batch", &batch).await?;
        for params in pairs(&logged.params).chunks(MOST_AT_ONCE) {
            let batch = json!({ "run_id": id, "params": params });
            self.post("runs/log-batch", &batch).await?;
        }
        let Some(place) = artifacts.strip_prefix(PROXIED) else {
            return Err(Failure::settings(format!(
                "the server keeps the files of its runs at {artifacts}, and takes none itself"
            ))
            .hint("start it with --serve-artifacts, as it does by default; parameters and figures are there"));
        };
        // `mlflow-artifacts:/1/ID/artifacts`, or with the server between two slashes and one.
        let place = match place.strip_prefix("//") {
            Some(rest) => rest.split_once('/').map_or("", |(_, path)| path),
            None => place.trim_start_matches('/'),
        };
        for (name, content) in &logged.artifacts {
            let path = format!(
                "{}/api/2.0/mlflow-artifacts/artifacts/{place}/{name}",
                self.base
            );
            let (status, answer) = self.send("PUT", &path, Some(content.clone())).await?;
            if status != 200 {
                return Err(self.refused(name, status, &answer));
            }
        }
        Ok(())
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        match self.ask("POST", path, Some(body)).await? {
            (200, answer) => Ok(answer),
            (status, answer) => Err(self.refused(path, status, &answer)),
        }
    }

    async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<(u16, Value)> {
        let url = format!("{}/api/2.0/mlflow/{path}", self.base);
        self.send(method, &url, body.map(Value::to_string)).await
    }

    /// Sends a request; the status and the answer, a text where it is no JSON.
    async fn send(&self, method: &str, url: &str, body: Option<String>) -> Result<(u16, Value)> {
        let fault = |problem: String| self.no_answer(url, &problem);
        let kind = match url.contains("/mlflow-artifacts/") {
            true => "application/octet-stream",
            false => "application/json",
        };
        let mut request = HttpRequest::new(body.unwrap_or_default().into());
        *request.method_mut() = method.parse().map_err(|_| fault("no method".to_owned()))?;
        *request.uri_mut() = url.parse().map_err(|_| fault("no address".to_owned()))?;
        let headers = request.headers_mut();
        for (name, value) in [
            ("content-type", Some(kind)),
            ("authorization", self.key.as_deref()),
        ] {
            if let Some(value) = value {
                let value = value.parse().map_err(|_| fault(format!("no {name}")))?;
                headers.insert(name, value);
            }
        }
        let response = self.client.execute(request).await;
        let response = response.map_err(|error| fault(deepest(&error)))?;
        let status = response.status().as_u16();
        let bytes = response.into_body().bytes().await;
        let bytes = bytes.map_err(|error| fault(deepest(&error)))?;
        let answer = serde_json::from_slice(&bytes);
        let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
        Ok((status, answer.unwrap_or_else(|_| text())))
    }

    fn no_answer(&self, asked: &str, problem: &str) -> Failure {
        let asked = asked.strip_prefix(&self.base).unwrap_or(asked);
        Failure::machine(format!("the server gives no answer to {asked}: {problem}"))
            .hint("does it run there? mlflow server --host 127.0.0.1 --port 5000")
    }

    fn refused(&self, asked: &str, status: u16, answer: &Value) -> Failure {
        let said = match (answer["message"].as_str(), answer) {
            (Some(message), _) => message.to_owned(),
            (None, Value::String(text)) => text.clone(),
            (None, other) => other.to_string(),
        };
        let said: String = said
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(200)
            .collect();
        let failure =
            Failure::settings(format!("the server answers {asked} with {status}: {said}"));
        match status {
            401 | 403 => failure.hint(
                "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN",
            ),
            _ => failure,
        }
    }
}

/// What is at the bottom of an error.
fn deepest(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}
