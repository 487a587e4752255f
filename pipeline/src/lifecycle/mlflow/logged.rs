//! What of a model is logged: parameters, figures, notes and files.

use chrono::Utc;
use serde_json::Value;

use crate::learning::leaderboard::{Assessment, ModelRow};
use crate::registry::{CARD, Candidate, Figure, Record};
use crate::stages::Context;

/// MLflow refuses longer parameters; servers before 2.8 already from 500 on.
const LONGEST_PARAM: usize = 500;
/// And longer notes.
const LONGEST_TAG: usize = 5_000;

/// A run of MLflow.
pub struct Logged {
    /// The experiment that it belongs to.
    pub experiment: String,
    /// What the run is called.
    pub name: String,
    /// Who has run it.
    pub user: String,
    /// What was set, by name.
    pub params: Vec<(String, String)>,
    /// Figures, by name; finite.
    pub metrics: Vec<(String, f64)>,
    /// Notes, by name.
    pub tags: Vec<(String, String)>,
    /// Files, by name.
    pub artifacts: Vec<(String, String)>,
    /// When it began and ended, in milliseconds since 1970.
    pub times: [i64; 2],
}

impl Logged {
    /// What was learned as a run that began then.
    pub fn new(
        context: &Context<'_>,
        candidate: &Candidate,
        found: &Assessment,
        began: chrono::DateTime<Utc>,
    ) -> Self {
        let record = &candidate.record;
        let day = record.training.as_of;
        let day = day.map_or_else(String::new, |day| format!(", {day}"));
        let user = ["USER", "LOGNAME", "USERNAME"];
        let user = user.iter().find_map(|name| std::env::var(name).ok());
        let card = candidate.files.iter().find(|(name, _)| *name == CARD);
        let name = format!("{} ({}{day})", record.task, record.model.name);
        let user = user.unwrap_or_else(|| "somebody".to_owned());
        let mut tags = vec![
            ("mlflow.runName".to_owned(), name.clone()),
            ("mlflow.user".to_owned(), user.clone()),
            ("mlflow.source.name".to_owned(), "regulars".to_owned()),
            ("mlflow.source.type".to_owned(), "LOCAL".to_owned()),
            ("regulars.program".to_owned(), program()),
        ];
        tags.extend(card.map(|(_, card)| {
            let card = card.chars().take(LONGEST_TAG).collect();
            ("mlflow.note.content".to_owned(), card)
        }));
        Self {
            experiment: context.settings.config.project.name.clone(),
            name,
            user,
            params: params(record),
            metrics: metrics(record, found),
            tags,
            artifacts: (candidate.files.iter())
                .map(|(name, content)| ((*name).to_owned(), content.clone()))
                .collect(),
            times: [began, Utc::now()].map(|time| time.timestamp_millis()),
        }
    }

    /// The same with the number of the version that was stored.
    pub fn of_version(mut self, number: u32) -> Self {
        let tag = ("regulars.version".to_owned(), number.to_string());
        self.tags.push(tag);
        self
    }
}

fn program() -> String {
    format!("regulars {}", env!("CARGO_PKG_VERSION"))
}

/// What was set: the settings that learning looks at, and from which data it learned.
fn params(record: &Record) -> Vec<(String, String)> {
    let mut params = Vec::new();
    flatten(&record.settings, "", &mut params);
    let date = |date: Option<chrono::NaiveDate>| date.map(|date| date.to_string());
    let known = [
        ("model", Some(record.model.name.clone())),
        ("why", Some(record.model.why.clone())),
        ("outcome", Some(record.outcome.clone())),
        ("seed", Some(record.seed.to_string())),
        ("as_of", date(record.training.as_of)),
        ("tested_on", Some(record.quality.tested_on.clone())),
        ("load", Some(record.data.load.to_string())),
        ("warehouse_version", Some(record.data.version.to_string())),
        ("settings_sha256", Some(record.settings_sha256.clone())),
    ];
    let known = known.into_iter();
    params.extend(known.filter_map(|(name, value)| Some((name.to_owned(), value?))));
    for (_, value) in &mut params {
        if value.chars().count() > LONGEST_PARAM {
            *value = value.chars().take(LONGEST_PARAM - 1).collect();
            value.push('…');
        }
    }
    params
}

/// Settings by their names with dots between; what is not set is left out, lists are JSON.
fn flatten(value: &Value, name: &str, out: &mut Vec<(String, String)>) {
    let text = match value {
        Value::Null => return,
        Value::Object(fields) => {
            for (field, value) in fields {
                let name = match name {
                    "" => field.clone(),
                    name => format!("{name}.{field}"),
                };
                flatten(value, &name, out);
            }
            return;
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    out.push((name.to_owned(), text));
}

/// Figures of the delivered probabilities with their intervals, and of every model of the leaderboard.
fn metrics(record: &Record, found: &Assessment) -> Vec<(String, f64)> {
    let quality = &record.quality;
    let mut metrics = Vec::new();
    for (name, Figure { value, low, high }) in [
        ("log_loss", quality.log_loss),
        ("roc_auc", quality.roc_auc),
        ("average_precision", quality.average_precision),
    ] {
        metrics.push((name.to_owned(), value));
        metrics.push((format!("{name}_low"), low));
        metrics.push((format!("{name}_high"), high));
    }
    for (name, value) in [
        ("lift_top_tenth", quality.lift_top_tenth),
        ("brier", quality.brier),
        ("calibration_error", quality.calibration_error),
        ("training_rows", record.training.rows as f64),
        ("training_left", record.training.left as f64),
        ("test_rows", quality.rows as f64),
        ("test_left", quality.left as f64),
    ] {
        metrics.push((name.to_owned(), value));
    }
    for row in &found.models {
        metrics.extend(of_model(row));
    }
    metrics.retain(|(_, value)| value.is_finite());
    metrics
}

fn of_model(row: &ModelRow) -> Vec<(String, f64)> {
    let figures = [
        ("log_loss", Some(row.figures.log_loss)),
        ("roc_auc", Some(row.figures.roc_auc)),
        ("average_precision", Some(row.figures.average_precision)),
        ("validation_log_loss", row.validation_log_loss),
        ("fit_seconds", Some(row.fit_seconds)),
    ];
    let named =
        |(name, value): (&str, Option<f64>)| Some((format!("{}/{name}", row.model), value?));
    figures.into_iter().filter_map(named).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_named_by_their_places() {
        let mut out = Vec::new();
        let settings = json!({
            "churn": {"horizon_days": 28, "label": null, "models": ["a", "b"], "bands": {"high": 0.5}},
            "name": "x",
        });
        flatten(&settings, "", &mut out);
        let out: Vec<(&str, &str)> = out.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let want = [
            ("churn.horizon_days", "28"),
            ("churn.models", "[\"a\",\"b\"]"),
            ("churn.bands.high", "0.5"),
            ("name", "x"),
        ];
        assert_eq!(out, want);
    }
}
