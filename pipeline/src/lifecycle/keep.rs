//! From what the stage `churn` has learned to a version that can be stored.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use ndarray::Array1;
use regulars_models::format::{FeatureKind, SavedModel};
use serde_json::{Value, json};

use crate::failure::{Failure, Result};
use crate::learning::figures::{Figures, Range, ranges};
use crate::lifecycle::{TASK, card, season};
use crate::outputs::system::started_now;
use crate::registry::{
    CARD, Candidate, Data, Definition, FEATURES as FEATURES_FILE, Figure, KeptFeature,
    KeptFeatures, MODEL, ModelName, Quality, REFERENCE, Record, Reference, Solo, TESTED, Training,
};
use crate::stages::Context;
use crate::stages::churn::{self, BASELINE, Taught};
use crate::stages::features::{self, Places, SomeDates};
use crate::text::{settings_file, shell_word};
use crate::timeline::FEATURES;
use crate::warehouse::{FOLDER, LOADER, last_load};
use crate::words::in_english;

/// Names of the places in `features.json`.
const DEPARTMENTS: &str = "departments";
const CHANNELS: &str = "channels";

/// Learns from the features as they are now, as the stage does.
///
/// # Errors
/// The features are of another load or of other settings; whatever the stage says.
pub fn teach(context: &Context<'_>) -> Result<Taught> {
    if context.settings.config.churn.label.is_none() {
        up_to_date(context)?;
    }
    churn::teach(context)
}

/// Refuses features that were made from another load, or with other settings: the version would say
/// of them what is not true.
fn up_to_date(context: &Context<'_>) -> Result<()> {
    let left = context.left_by(FEATURES)?;
    let (Some(entry), Some(made)) = (
        left.stages.get(FEATURES),
        left.metrics::<features::Metrics>(FEATURES),
    ) else {
        return Ok(()); // whoever reads them says that they are missing
    };
    let stale = |what: String| {
        let out = context.out.to_string_lossy();
        Err(
            Failure::data(format!("the features below {out} {what}")).hint(format!(
                "make them again first: regulars features -c {} --out {}",
                settings_file(),
                shell_word(&out)
            )),
        )
    };
    let load = last_load(context.engine, context.out)?.map_or(0, |record| record.load);
    if made.load != load {
        return stale(format!(
            "were made from load {}, and the warehouse holds load {load}",
            made.load
        ));
    }
    let now = serde_json::to_value(&context.settings.config);
    let now = now.map_err(|error| Failure::machine(error.to_string()))?;
    let keys = [
        ("features", "departments"),
        ("features", "evening_from"),
        ("features", "known"),
        ("churn", "horizon_days"),
        ("churn", "step_days"),
        ("churn", "min_history_days"),
        ("churn", "max_snapshots"),
    ];
    let differs = keys
        .iter()
        .find(|(section, key)| entry.settings[section][key] != now[section][key]);
    match differs {
        None => Ok(()),
        Some((section, key)) => stale(format!(
            "were made with [{section}] {key} = {}, and the settings say {}",
            entry.settings[section][key], now[section][key]
        )),
    }
}

/// What was learned as a version, not stored yet.
///
/// # Errors
/// The model cannot be learned once more as it was tested, or cannot be measured.
pub fn candidate(context: &Context<'_>, taught: &Taught) -> Result<Candidate> {
    context
        .progress
        .step("learning once more as it was tested, without the newest outcomes");
    let tested = taught.learned.tested(&taught.population.task)?;
    let kept = kept_features(context, taught)?;
    let scores = &taught.scores.probabilities;
    let population = &taught.population;
    let reference = Reference::of(
        population.as_of,
        taught.learned.features(),
        population.features.view(),
        scores.view(),
    );
    let record = record(context, taught, &tested)?;
    let importance = taught.learned.importance();
    let project = &context.settings.config.project.name;
    let words = in_english(|| card::card(&record, &kept, importance.as_ref(), project));
    let text = |value: Result<String, serde_json::Error>| {
        let text = value.map_err(|error| Failure::machine(error.to_string()))?;
        Ok::<_, Failure>(text + "\n")
    };
    let saved = |model: &SavedModel| {
        let model = model.clone().with_outcome(&population.english.churned);
        let model = model.with_fact("project", &population.english.project);
        model.with_fact("learned", &population.english.learned)
    };
    Ok(Candidate {
        files: vec![
            (MODEL, saved(&taught.learned.saved).to_json() + "\n"),
            (TESTED, saved(&tested).to_json() + "\n"),
            (FEATURES_FILE, text(serde_json::to_string_pretty(&kept))?),
            (REFERENCE, text(serde_json::to_string_pretty(&reference))?),
            (CARD, words),
        ],
        record,
    })
}

/// What each feature of the model is.
fn kept_features(context: &Context<'_>, taught: &Taught) -> Result<KeptFeatures> {
    let (places, definitions) = definitions(context, None)?;
    let meanings = &taught.population.english.features;
    let features = taught.learned.features().iter().zip(meanings);
    let features = features.map(|(feature, meaning)| {
        let known = definitions.iter().find(|(name, _)| *name == feature.name);
        let (_, definition) = known.ok_or_else(|| {
            Failure::data(format!(
                "the feature `{}` was learned from, and the history has none of that name",
                feature.name
            ))
            .hint("make the features again first: regulars features")
        })?;
        let kind = match feature.kind {
            FeatureKind::Numeric => "numeric",
            FeatureKind::Categorical(_) => "categorical",
        };
        Ok(KeptFeature::new(&feature.name, meaning, kind, definition))
    });
    Ok(KeptFeatures::new(places, features.collect::<Result<_>>()?))
}

/// What features go over, by what it is, and what each of them is, by its name.
type Defined = (BTreeMap<String, Vec<String>>, Vec<(String, String)>);

/// What the features over these places are now; by default over those of the history.
fn definitions(context: &Context<'_>, places: Option<&Places>) -> Result<Defined> {
    if let Some(label) = &context.settings.config.churn.label {
        return Ok((BTreeMap::new(), churn::label_definitions(context, label)?));
    }
    let dates = SomeDates::new(context, places)?;
    let Places {
        departments,
        channels,
    } = dates.places();
    let places = [(DEPARTMENTS, departments), (CHANNELS, channels)];
    let places = places.map(|(name, places)| (name.to_owned(), places));
    Ok((
        places.into(),
        with_attributes(context, dates.definitions())?,
    ))
}

/// Definitions of features of the history, and behind them those of attributes beside it.
///
/// # Errors
/// The warehouse cannot be opened.
pub fn with_attributes(
    context: &Context<'_>,
    mut definitions: Vec<(String, String)>,
) -> Result<Vec<(String, String)>> {
    definitions.extend(churn::attribute_definitions(context)?);
    Ok(definitions)
}

/// The places of a version, as features are made over them.
pub fn places(kept: &KeptFeatures) -> Places {
    let of = |name: &str| kept.places.get(name).cloned().unwrap_or_default();
    Places {
        departments: of(DEPARTMENTS),
        channels: of(CHANNELS),
    }
}

/// What the settings say of what a probability means, and for whom.
pub fn definition(context: &Context<'_>) -> Definition {
    let config = &context.settings.config;
    Definition {
        label: config.churn.label.clone(),
        horizon_days: config.churn.horizon_days,
        min_baskets: config.churn.min_baskets,
        active_days: config.churn.active_days,
        timezone: config.project.timezone.to_string(),
    }
}

fn record(context: &Context<'_>, taught: &Taught, tested: &SavedModel) -> Result<Record> {
    let (found, population) = (&taught.found, &taught.population);
    let Some(chosen) = found.models.iter().find(|model| model.chosen) else {
        return Err(Failure::machine("no model was chosen"));
    };
    let config = &context.settings.config;
    let load = last_load(context.engine, context.out)?
        .ok_or_else(|| crate::outputs::manifest::missing_stage(context.out, LOADER, FOLDER))?;
    let settings: Value = json!({
        "churn": config.churn,
        "features": config.features,
    });
    Ok(Record {
        format: String::new(),
        layout: 0,
        program: String::new(),
        number: 0,
        task: TASK.to_owned(),
        created_at: started_now(),
        model: ModelName {
            name: chosen.model.clone(),
            title: chosen.title.clone(),
            why: found.why.english.clone(),
            calibration: calibration_name(context),
        },
        outcome: population.english.churns.clone(),
        definition: definition(context),
        training: training(context, taught),
        data: Data {
            load: load.load,
            version: load.version,
            as_of_asked: context.as_of.map(|day| day.to_string()),
            known_at: context.known_at.map(|day| day.to_string()),
        },
        settings_sha256: context.settings.hash(),
        settings,
        seed: context.seed,
        quality: quality(context, taught, tested)?,
        season: taught.season.as_ref().map(season::kept),
        files: BTreeMap::new(),
    })
}

fn calibration_name(context: &Context<'_>) -> String {
    let name = serde_json::to_value(context.settings.config.churn.calibration);
    name.ok()
        .and_then(|name| name.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn training(context: &Context<'_>, taught: &Taught) -> Training {
    let population = &taught.population;
    let rows = population.task.rows.whole();
    let horizon = Days::new(context.settings.config.churn.horizon_days.into());
    let over = |date: &NaiveDate| *date + horizon;
    let dates = population.dates.as_ref();
    let labelled = dates.map_or_else(Vec::new, |dates| dates.labelled());
    let before_the_test = dates.and_then(|dates| {
        let taught = labelled.iter().map(over);
        taught.filter(|over| *over <= dates.test_date).max()
    });
    Training {
        as_of: population.as_of,
        seen_until: labelled.iter().map(over).max(),
        tested_seen_until: before_the_test,
        dates: labelled,
        rows: rows.rows() as u64,
        left: rows.yes() as u64,
    }
}

/// How good the probabilities of the model as it was tested are on the rows of the test.
fn quality(context: &Context<'_>, taught: &Taught, tested: &SavedModel) -> Result<Quality> {
    let task = &taught.population.task;
    let Some(last) = task.trials.last() else {
        return Err(Failure::machine("the models had no test"));
    };
    let test = task.rows.part(last.test.clone());
    let moved = taught.season.as_ref().is_some_and(|season| season.applied);
    // Where they are corrected for the season, the delivered ones are those.
    let scores = match moved {
        true => Some(taught.found.tested.clone()),
        false => tested.predict_probability(test.features),
    };
    let Some(scores) = scores else {
        return Err(Failure::machine("the model gives no probability"));
    };
    let terms = (&context.settings.config.churn.profit).into();
    let figures = Figures::measure(test.labels, scores.view(), &terms)
        .map_err(|error| Failure::data(format!("the model cannot be measured: {error}")))?;
    let all: [&Array1<f64>; 1] = [&scores];
    let Some(ranges) = ranges(test.labels, &all, context.seed)?.pop() else {
        return Err(Failure::machine("a model has no intervals"));
    };
    let figure = |value: f64, Range { low, high }: Range| Figure { value, low, high };
    let baseline = taught.found.models.iter().find(|row| row.model == BASELINE);
    Ok(Quality {
        tested_on: last.name.clone(),
        rows: test.rows() as u64,
        left: test.yes() as u64,
        log_loss: figure(figures.log_loss, ranges.log_loss_range),
        roc_auc: figure(figures.roc_auc, ranges.roc_auc_range),
        average_precision: figure(figures.average_precision, ranges.average_precision_range),
        lift_top_tenth: figures.lift_top_tenth,
        brier: figures.brier,
        calibration_error: figures.calibration_error,
        baseline: baseline.map(|row| Solo {
            title: row.title.clone(),
            log_loss: row.figures.log_loss,
            roc_auc: row.figures.roc_auc,
        }),
    })
}

/// What the features of a version are now, over the places of the version.
pub fn definitions_now(
    context: &Context<'_>,
    kept: &KeptFeatures,
) -> Result<Vec<(String, String)>> {
    Ok(definitions(context, Some(&places(kept)))?.1)
}
