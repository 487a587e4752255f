//! Whose risk changed, and whether because of the customer or because of the model.
//!
//! Of a customer whom both runs scored, the way from one score to the other has a stop in between: the
//! first run's model on what the customer is like by the second. What moved up to there is the
//! customer's doing (drift), the rest the new model's. Customers whom only one run scored change the
//! mix.

use std::collections::BTreeMap;

use ndarray::Axis;
use regulars_models::format::SavedModel;
use serde::Serialize;

use super::moves::{Move, text, whole};
use super::sides::{Sides, joined};
use crate::commands::results::{Row, number};
use crate::failure::{Failure, Result};
use crate::lifecycle::registry;
use crate::lifecycle::score::{Metrics as ScoredBy, NAME as SCORE};
use crate::outputs::manifest::Manifest;
use crate::timeline::snapshot::{Snapshot, file_name};

/// The model that `churn` leaves.
const MODEL: &str = "churn_model.json";
/// Scores.
const CHURN: &str = "churn";

/// The scores of both runs.
#[derive(Debug, Serialize)]
pub struct Scores {
    /// Customers who have a score, in the first run and in the second.
    pub scored: [u64; 2],
    /// Those whom both scored.
    pub both: u64,
    /// Of these, those who are in another band.
    pub moved: u64,
    /// Of these, those whom what they did, or time, moved: the first model says so too. Nothing where
    /// that cannot be told.
    pub by_drift: Option<u64>,
    /// Of these, those whom the new model moved, or new borders of the bands.
    pub by_model: Option<u64>,
    /// Customers whom only one run scored.
    pub by_mix: u64,
    /// The mean probability of both runs.
    pub mean: [f64; 2],
    /// How its change is made up.
    pub change: MeanChange,
    /// Why the drift cannot be told from the model, where it cannot.
    pub unsplit: Option<String>,
    /// Customers by band, in both runs.
    pub bands: Vec<Band>,
    /// Who went from which band to which, the largest moves first.
    pub moves: Vec<Move>,
}

/// A change of the mean probability in its parts.
#[derive(Debug, Serialize)]
pub struct MeanChange {
    /// Other customers are scored.
    pub mix: f64,
    /// The same customers are otherwise.
    pub drift: Option<f64>,
    /// The model is another.
    pub model: Option<f64>,
}

/// A band.
#[derive(Debug, Serialize)]
pub struct Band {
    /// Its name.
    pub name: String,
    /// Customers in it.
    pub customers: [u64; 2],
}

/// The limits of the bands of a run.
#[derive(Clone, Copy)]
struct Borders {
    high: f64,
    medium: f64,
}

impl Borders {
    fn band(self, probability: f64) -> &'static str {
        if probability >= self.high {
            "high"
        } else if probability >= self.medium {
            "medium"
        } else {
            "low"
        }
    }
}

/// Compares the scores, where both runs have some.
pub fn scores(sides: &Sides) -> Result<Option<Scores>> {
    if !sides.named(CHURN)? {
        return Ok(None);
    }
    let rows = sides.ask(&format!(
        "SELECT CAST(a.customer_id AS VARCHAR) AS id, a.churn_probability AS before, b.churn_probability AS after, \
         a.band AS \"from\", b.band AS \"to\" FROM {} \
         WHERE a.churn_probability IS NOT NULL AND b.churn_probability IS NOT NULL ORDER BY 1",
        joined(CHURN)
    ))?;
    let ends = ends(sides)?;
    let both = rows.len() as u64;
    let mean = |column: &str| {
        let values = rows.iter().filter_map(|row| number(row, column));
        values.sum::<f64>() / (both.max(1) as f64)
    };
    let means = [mean("before"), mean("after")];
    let moved: Vec<&Row> = rows
        .iter()
        .filter(|row| text(row, "from") != text(row, "to"))
        .collect();
    let between = between(sides)?;
    let (mut by_drift, mut by_model) = (None, None);
    let mut change = MeanChange {
        mix: if both == 0 {
            ends.mean[1] - ends.mean[0]
        } else {
            (means[0] - ends.mean[0]) + (ends.mean[1] - means[1])
        },
        drift: None,
        model: None,
    };
    if let Ok((middle, borders)) = &between {
        let at = |row: &Row| middle.get(&text(row, "id")).copied();
        let stops: Vec<(&Row, f64)> = rows
            .iter()
            .filter_map(|row| Some((row, at(row)?)))
            .collect();
        if stops.len() as u64 == both && both > 0 {
            let drifted = moved
                .iter()
                .filter(|row| at(row).is_some_and(|p| borders.band(p) != text(row, "from")));
            let drifted = drifted.count() as u64;
            (by_drift, by_model) = (Some(drifted), Some(moved.len() as u64 - drifted));
            let stop = stops.iter().map(|(_, p)| p).sum::<f64>() / both as f64;
            (change.drift, change.model) = (Some(stop - means[0]), Some(means[1] - stop));
        }
    }
    let unsplit = match (&between, by_drift) {
        (_, Some(_)) => None,
        (Err(why), None) => Some(why.clone()),
        (Ok(_), None) => Some(tr!("not every customer has features in the second run")),
    };
    Ok(Some(Scores {
        scored: ends.scored,
        both,
        moved: moved.len() as u64,
        by_drift,
        by_model,
        by_mix: ends.scored[0] + ends.scored[1] - 2 * both,
        mean: ends.mean,
        change,
        unsplit,
        bands: bands(sides)?,
        moves: moves(&moved),
    }))
}

/// What each run says of all whom it scored.
struct Ends {
    scored: [u64; 2],
    mean: [f64; 2],
}

fn ends(sides: &Sides) -> Result<Ends> {
    let end = |side: &str| -> Result<(u64, f64)> {
        let found = sides.ask(&format!(
            "SELECT count(churn_probability) AS n, coalesce(avg(churn_probability), 0) AS mean FROM {side}_{CHURN}"
        ))?;
        let first = found.first();
        Ok((
            first.map_or(0, |row| whole(row, "n")),
            first.and_then(|row| number(row, "mean")).unwrap_or(0.0),
        ))
    };
    let (a, b) = (end("a")?, end("b")?);
    Ok(Ends {
        scored: [a.0, b.0],
        mean: [a.1, b.1],
    })
}

fn bands(sides: &Sides) -> Result<Vec<Band>> {
    let found = sides.ask(&format!(
        "SELECT band, sum(a) AS a, sum(b) AS b FROM (\
         SELECT coalesce(band, '') AS band, 1 AS a, 0 AS b FROM a_{CHURN} UNION ALL SELECT coalesce(band, ''), 0, 1 FROM b_{CHURN}) GROUP BY band"
    ))?;
    let order = ["high", "medium", "low", "new", "lapsed"];
    let mut bands: Vec<Band> = found
        .iter()
        .map(|row| Band {
            name: text(row, "band"),
            customers: [whole(row, "a"), whole(row, "b")],
        })
        .collect();
    bands.sort_by_key(|band| order.iter().position(|name| *name == band.name));
    Ok(bands)
}

fn moves(moved: &[&Row]) -> Vec<Move> {
    let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
    for row in moved {
        *counts
            .entry((text(row, "from"), text(row, "to")))
            .or_default() += 1;
    }
    let mut moves: Vec<Move> = counts
        .into_iter()
        .map(|((from, to), customers)| Move {
            from,
            to,
            customers,
        })
        .collect();
    moves.sort_by_key(|one| std::cmp::Reverse(one.customers));
    moves
}

/// Probabilities by id, and the borders of the bands that go with them.
type Between = (BTreeMap<String, f64>, Borders);

/// What the first run's model says of the customers as the second run finds them; or why that cannot
/// be told.
fn between(sides: &Sides) -> Result<std::result::Result<Between, String>> {
    let [before, after] = &sides.manifests;
    let Some(borders) = borders(before) else {
        return Ok(Err(tr!("the first run does not say where its bands begin")));
    };
    let model = match model(sides)? {
        Ok(model) => model,
        Err(why) => return Ok(Err(why)),
    };
    let by = if after
        .files
        .iter()
        .any(|file| file.path == "churn.parquet" && file.stage == SCORE)
    {
        SCORE
    } else {
        CHURN
    };
    let date = after.stages.get(by).and_then(|stage| stage.as_of.as_ref());
    let Some(date) = date.and_then(|date| date.parse().ok()) else {
        return Ok(Err(tr!(
            "scores by a label speak of no date, and the attributes that they were made from are not kept"
        )));
    };
    if !sides.folders[1].join(file_name(date)).is_file() {
        return Ok(Err(tr!(
            "the second run has no features of {date}",
            date = date
        )));
    }
    let snapshot = Snapshot::read(after, &sides.folders[1], date)?;
    let order = match model.column_order(&snapshot.names) {
        Ok(order) => order,
        Err(error) => {
            return Ok(Err(tr!(
                "the second run's features are not those of the first run's model: {problem}",
                problem = error
            )));
        }
    };
    let all: Vec<usize> = (0..snapshot.len()).collect();
    let features = snapshot.rows(&all).select(Axis(1), &order);
    let Some(scores) = model.predict_probability(features.view()) else {
        return Err(Failure::machine(
            "the first run's model gives no probability",
        ));
    };
    let ids = arrow::compute::cast(&snapshot.customers, &arrow::datatypes::DataType::Utf8)?;
    let ids = arrow::array::AsArray::as_string::<i32>(&ids);
    let ids = ids.iter().map(|id| id.unwrap_or_default().to_owned());
    Ok(Ok((ids.zip(scores).collect(), borders)))
}

/// Where the bands of a run begin.
fn borders(manifest: &Manifest) -> Option<Borders> {
    let stages = [SCORE, CHURN].into_iter();
    let settings = stages.filter_map(|name| manifest.stages.get(name)).next()?;
    let bands = &settings.settings["churn"]["bands"];
    Some(Borders {
        high: bands["high"].as_f64()?,
        medium: bands["medium"].as_f64()?,
    })
}

/// The model behind the first run's scores.
fn model(sides: &Sides) -> Result<std::result::Result<SavedModel, String>> {
    let (folder, manifest) = (&sides.folders[0], &sides.manifests[0]);
    let scores = manifest
        .files
        .iter()
        .find(|file| file.path == "churn.parquet");
    if scores.is_some_and(|file| file.stage == SCORE) {
        let Some(found) = manifest.metrics::<ScoredBy>(SCORE) else {
            return Ok(Err(tr!("the first run does not say which version scored")));
        };
        let version = registry(None, folder).version(found.version);
        return Ok(match version.and_then(|version| version.model()) {
            Ok(model) => Ok(model),
            Err(failure) => Err(failure.message),
        });
    }
    let path = folder.join(MODEL);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => return Ok(Err(format!("{}: {error}", path.display()))),
    };
    Ok(SavedModel::from_json(&text).map_err(|error| format!("{}: {error}", path.display())))
}
