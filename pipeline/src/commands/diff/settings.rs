//! Settings and data that are not the same.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::sides::Sides;
use crate::outputs::manifest::{Manifest, StageEntry};
use crate::text::{count, grouped};

/// Something that was one thing and is another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What.
    pub what: String,
    /// In the first run.
    pub before: String,
    /// In the second.
    pub after: String,
}

/// Settings of stages that both have run, each once; seeds, and dates that were asked for.
pub fn settings(sides: &Sides) -> Vec<Change> {
    let [before, after] = &sides.manifests;
    let mut changes: Vec<Change> = Vec::new();
    let mut add = |change: Change| {
        if change.before != change.after && !changes.contains(&change) {
            changes.push(change);
        }
    };
    for (name, first) in &before.stages {
        let Some(second) = after.stages.get(name) else {
            continue;
        };
        let mut differing = Vec::new();
        compare("", &first.settings, &second.settings, &mut differing);
        differing.into_iter().for_each(&mut add);
        for (what, of) in [
            ("--seed", seed as fn(&StageEntry) -> String),
            ("--as-of", |stage| asked(stage.as_of_asked.as_ref())),
            ("--known-at", |stage| asked(stage.known_at.as_ref())),
        ] {
            add(Change {
                what: what.to_owned(),
                before: of(first),
                after: of(second),
            });
        }
    }
    changes
}

fn seed(stage: &StageEntry) -> String {
    stage.seed.to_string()
}

fn asked(date: Option<&String>) -> String {
    date.cloned()
        .unwrap_or_else(|| mark!("not given").to_owned())
}

/// Values that differ, by their keys.
fn compare(key: &str, before: &Value, after: &Value, out: &mut Vec<Change>) {
    if before == after {
        return;
    }
    if let (Value::Object(first), Value::Object(second)) = (before, after) {
        let keys: BTreeSet<&String> = first.keys().chain(second.keys()).collect();
        for name in keys {
            let within = match key {
                "" => name.clone(),
                key => format!("{key}.{name}"),
            };
            compare(
                &within,
                first.get(name).unwrap_or(&Value::Null),
                second.get(name).unwrap_or(&Value::Null),
                out,
            );
        }
        return;
    }
    out.push(Change {
        what: key.to_owned(),
        before: said(before),
        after: said(after),
    });
}

/// A setting as it is written, as far as a line can hold it.
fn said(value: &Value) -> String {
    const MOST: usize = 80;
    let text = match value {
        Value::Null => mark!("not set").to_owned(),
        Value::String(text) => format!("\"{text}\""),
        other => other.to_string(),
    };
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{} ...", &text[..end]),
        None => text,
    }
}

/// Rows, dates and loads that the runs were made from.
pub fn data(sides: &Sides) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut add = |what: &str, of: &dyn Fn(&Manifest) -> Option<String>| {
        let [before, after] = [0, 1].map(|side| of(&sides.manifests[side]));
        if before != after {
            let word = |found: Option<String>| found.unwrap_or_else(|| mark!("unknown").to_owned());
            changes.push(Change {
                what: what.to_owned(),
                before: word(before),
                after: word(after),
            });
        }
    };
    add(mark!("load of the warehouse"), &|manifest| {
        figure(manifest, "ingest", "load")
    });
    add(mark!("files of the sources"), &|manifest| {
        let inputs = &manifest.stages.get("ingest")?.inputs;
        Some(count(inputs.len() as u64))
    });
    add(mark!("interactions that could be seen"), &|manifest| {
        figure(manifest, "features", "interactions")
    });
    add(mark!("purchases of guests"), &|manifest| {
        figure(manifest, "features", "guests")
    });
    add(mark!("date of the scores"), &|manifest| {
        let features = manifest.stages.get("features")?;
        features.as_of.clone()
    });
    add(mark!("money spent"), &|manifest| {
        let spend = manifest.stages.get("segment")?.metrics.get("spend")?;
        Some(format!(
            "{} {}",
            grouped(spend.as_f64()?),
            manifest.currency
        ))
    });
    changes
}

/// A whole number that a stage left.
fn figure(manifest: &Manifest, stage: &str, name: &str) -> Option<String> {
    let found = manifest.stages.get(stage)?.metrics.get(name)?;
    Some(count(found.as_u64()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_named_by_their_keys() {
        let before = json!({"churn": {"horizon_days": 28, "bands": {"high": 0.5}}, "same": [1]});
        let after = json!({"churn": {"horizon_days": 56, "label": "left"}, "same": [1]});
        let mut found = Vec::new();
        compare("", &before, &after, &mut found);
        let found: Vec<String> = found
            .iter()
            .map(|change| format!("{}: {} -> {}", change.what, change.before, change.after))
            .collect();
        assert_eq!(
            found,
            [
                "churn.bands: {\"high\":0.5} -> not set",
                "churn.horizon_days: 28 -> 56",
                "churn.label: not set -> \"left\"",
            ]
        );
    }
}
