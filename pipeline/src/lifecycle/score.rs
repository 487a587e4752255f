//! A kept model on new history: the features of one date, no learning.

use std::fmt::Write as _;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::failure::Result;
use crate::learning::score::score as give;
use crate::lifecycle::keep::{definitions_now, places, with_attributes};
use crate::lifecycle::{season, suits};
use crate::outputs::manifest::Manifest;
use crate::registry::Version;
use crate::stages::churn::{self, BandRow, Correction, Population, deliver, saved_population};
use crate::stages::features::SomeDates;
use crate::stages::{Context, Report};
use crate::text::plural;
use crate::warehouse::last_load;
use crate::warning::{OLDER_HISTORY, Warning};
use crate::words::in_english;

/// The command's one name, and its own in the manifest.
pub const NAME: &str = "score";

/// What it leaves in the manifest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Metrics {
    /// The version that gave the scores.
    pub version: u32,
    /// What people call its model.
    pub title: String,
    /// Whether it is the champion.
    pub champion: bool,
    /// Whose probability the scores are, in words: a customer who does this.
    pub outcome: String,
    /// The date of the scores; none with a label.
    pub score_date: Option<NaiveDate>,
    /// Customers scored.
    pub scored: u64,
    /// What was made of the season, where the test of the version and two years tell of it.
    #[serde(default)]
    pub season: Option<Correction>,
    /// How many in each risk band, highest first.
    pub bands: Vec<BandRow>,
}

/// Whom a version scores now, with the features that it takes.
///
/// # Errors
/// The version is of other settings, or of features that are gone or mean something else.
pub fn population(context: &Context<'_>, version: &Version) -> Result<Population> {
    let training = &version.record.training;
    Ok(Population {
        base_rate: training.left as f64 / training.rows as f64,
        ..scored(context, version)?
    })
}

fn scored(context: &Context<'_>, version: &Version) -> Result<Population> {
    suits::settings(version, context)?;
    let kept = version.features()?;
    let model = version.model()?;
    if context.settings.config.churn.label.is_some() {
        suits::features(version, &kept, &definitions_now(context, &kept)?)?;
        return saved_population(context, None, &model);
    }
    let mut dates = SomeDates::new(context, Some(&places(&kept)))?;
    let now = with_attributes(context, dates.definitions())?;
    suits::features(version, &kept, &now)?;
    let snapshot = dates.take(context.warehouse()?.end, false)?;
    saved_population(context, Some(&snapshot), &model)
}

/// Scores the customers of now.
///
/// # Errors
/// Whatever [`population`] says; the version's files are not what was stored.
pub fn score(context: &Context<'_>, version: &Version, champion: bool) -> Result<Report> {
    let population = population(context, version)?;
    context.progress.step(&format!(
        "{} by {}",
        in_english(|| plural(population.customers.len() as u64, "customer")),
        version.title()
    ));
    let mut scores = give(&version.model()?, population.features.view())?;
    let season = season::correct(context, version, &population, &mut scores)?;
    let mut files = context.files(NAME);
    let config = &context.settings.config;
    let bands = deliver(&mut files, &population, &scores, config)?;
    let mut warnings = population.warnings.clone();
    warnings.extend(older(context, version, population.as_of)?);
    warnings.extend(season::warning(version, season.as_ref()));
    let metrics = Metrics {
        version: version.number(),
        title: churn::title(&version.record.model.title),
        champion,
        outcome: population.words.churns.clone(),
        score_date: population.as_of,
        scored: population.customers.len() as u64,
        season,
        bands,
    };
    Ok(Report {
        as_of: population.as_of,
        rows_in: population.rows_in,
        rows_out: metrics.scored,
        warnings,
        ..Report::new(files, &metrics)?
    })
}

/// A warning where the version has learned from a later history than the one it is used on.
fn older(
    context: &Context<'_>,
    version: &Version,
    as_of: Option<NaiveDate>,
) -> Result<Option<Warning>> {
    let record = &version.record;
    let message = match (record.training.as_of, as_of) {
        (Some(then), Some(now)) if now < then => tr!(
            "the history ends before {now}, and version {number} was learned from one that ends before {then}: it has seen what it is asked about",
            now = now,
            number = record.number,
            then = then
        ),
        (Some(_), Some(_)) => return Ok(None),
        _ => {
            let load = last_load(context.engine, context.out)?.map_or(0, |record| record.load);
            if load >= record.data.load {
                return Ok(None);
            }
            tr!(
                "the warehouse holds load {load}, and version {number} was learned from load {then}",
                load = load,
                number = record.number,
                then = record.data.load
            )
        }
    };
    Ok(Some(Warning::new(OLDER_HISTORY, message)))
}

/// What the summary says of it, once it has run.
pub fn paragraph(manifest: &Manifest) -> Option<String> {
    let found: Metrics = manifest.metrics(NAME)?;
    let mut text = String::new();
    let head = match found.champion {
        true => tr!(
            "SCORED BY A KEPT MODEL (version {version}, the champion: {model})",
            version = found.version,
            model = found.title
        ),
        false => tr!(
            "SCORED BY A KEPT MODEL (version {version}: {model})",
            version = found.version,
            model = found.title
        ),
    };
    let bands: Vec<String> = found.bands.iter().map(BandRow::words).collect();
    let date = found
        .score_date
        .map_or_else(String::new, |date| tr!(" at {date}", date = date));
    let scored = tr!(
        "{customers} scored{date}: {bands}. They are in churn.csv and churn.parquet.",
        customers = plural(found.scored, "customer"),
        date = date,
        bands = bands.join(&tr!(", "))
    );
    let _ = writeln!(text, "{head}\n  {scored}");
    if let Some(season) = found.season.as_ref().and_then(Correction::sentence) {
        let _ = writeln!(text, "  {season}");
    }
    text.push('\n');
    Some(text)
}
