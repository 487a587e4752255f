//! `churn`: who is leaving, learned from customers whose outcome is known.

mod bands;
mod beside;
mod campaign;
mod curves;
mod everyone;
mod files;
mod history;
mod label;
mod leaks;
mod metrics;
mod page;
mod people;
mod population;
mod reasons;
mod rhythm;
mod rhythm_page;
mod rows;
mod saved;
mod season;
mod spoken;
mod suggest;
mod suitable;
mod summary;
mod tables;
mod trials;
mod valued;
mod worth;

use self::bands::{HIGH, LOW, band, banded};
use self::campaign::{Aim, Campaign};
use self::everyone::Everyone;
use self::reasons::Told;
use self::season::Days;
use super::{Context, Reads, Report, Stage};
use crate::config::{CalibrationMethod, Churn, Config, churn::AUTO};
use crate::failure::{Failure, Result};
use crate::learning::calibration::Method;
use crate::learning::choice::choose;
use crate::learning::figures::FOR_THE_SEASON;
use crate::learning::leaderboard::{Assessment, assess};
use crate::learning::learned::{Learned, learn};
use crate::learning::score::Scores;
use crate::learning::task::Terms;
use crate::learning::train::train;
use crate::outputs::Pending;
use crate::warning::{WEAK_CHURN_MODEL, Warning};
use crate::words::said;

pub use self::bands::BandRow;
pub use self::beside::{
    column_of as attribute_column, definitions as attribute_definitions, taken,
};
pub use self::label::definitions as label_definitions;
pub use self::label::meaning as label_meaning;
pub use self::metrics::{Customers, Dates, Metrics};
pub use self::population::Population;
pub use self::rhythm::Rhythm;
pub use self::rows::{eligible, labelled};
pub use self::saved::saved_population;
pub use self::season::{AtTest, Correction, for_the_season_again};
pub use self::spoken::{meaning, title};
pub use self::suggest::suggest;
pub use self::summary::leaderboard;
pub use crate::learning::leaderboard::ModelRow;
pub use crate::learning::lineup::BASELINE;

/// The stage's one name.
pub const NAME: &str = "churn";

/// The stage.
pub const STAGE: Stage = Stage {
    name: NAME,
    reads: |config| match config.churn.label {
        // A label in the customers' table takes the place of features over time.
        Some(_) => &[Reads::Needed("ingest")],
        None => &[
            Reads::Needed("ingest"),
            Reads::Needed("features"),
            Reads::IfThere("value"),
        ],
    },
    needs_history: |config| config.churn.label.is_none(),
    optional: true,
    run,
    summary: summary::paragraph,
};

/// What was learned, from whom, and how good it is.
pub struct Taught {
    /// Who taught, and who is scored.
    pub population: Population,
    /// The model behind the scores.
    pub learned: Learned,
    /// How good all models are.
    pub found: Assessment,
    /// The score of everybody who is scored.
    pub scores: Scores,
    /// What was made of the season, where two years tell of it.
    pub season: Option<Correction>,
    /// Why customers are not measured by their own values although `value` has run, in words.
    pub unvalued: Option<String>,
    /// What a person should know.
    pub warnings: Vec<Warning>,
}

/// Learns, chooses, tests and scores.
pub fn run(context: &Context<'_>) -> Result<Report> {
    let config = &context.settings.config;
    let taught = teach(context)?;
    let Taught {
        population,
        learned,
        found,
        scores,
        unvalued,
        ..
    } = &taught;
    let mut files = context.files(NAME);
    let bands = deliver(&mut files, population, scores, config)?;
    let customers = customers(
        population,
        found,
        scores,
        bands,
        config,
        unvalued.as_deref(),
    );
    let campaign = (&config.churn.profit).into();
    files::write(
        &mut files, learned, found, population, &customers, &campaign,
    )?;
    let metrics = metrics(population, found, customers, taught.season.clone())?;
    Ok(Report {
        as_of: population.as_of,
        rows_in: population.rows_in,
        rows_out: metrics.rows(),
        warnings: taught.warnings.clone(),
        taught: Some(Box::new(taught)),
        ..Report::new(files, &metrics)?
    })
}

/// Learns, chooses, tests and scores, and writes nothing.
pub fn teach(context: &Context<'_>) -> Result<Taught> {
    let config = &context.settings.config;
    let (population, unvalued) = match &config.churn.label {
        Some(label) => (label::population(context, label)?, None),
        None => {
            let mut population = history::population(context)?;
            let unvalued = valued::look_up(context, &mut population)?;
            (population, unvalued)
        }
    };
    let (task, terms) = (&population.task, terms(&config.churn, context.seed));
    let on_step = |doing: &str| context.progress.step(doing);
    let leaks = leaks::look(&population, &config.churn)?;
    let trained = train(task, &terms, &on_step)?;
    let choice = choose(&trained, &terms, &task.words)?;
    let learned = learn(task, &terms, &trained, &choice, &on_step)?;
    let mut found = assess(task, &terms, &trained, choice, &learned)?;
    let mut scores = population.score(&learned, &on_step)?;
    let season = for_the_season(context, &population, &terms, &mut found, &mut scores)?;
    let mut warnings = population.warnings.clone();
    warnings.extend(leaks);
    warnings.extend(trained.warnings);
    let tested_on = task.trials.last().map_or("", |trial| said(&trial.name));
    warnings.extend(weak(&found.models, tested_on));
    warnings.extend(season.as_ref().and_then(|season| season.warning(tested_on)));
    let two_years = season.is_some();
    warnings.extend(suitable::probabilities(
        &found.reliability,
        tested_on,
        two_years,
    ));
    Ok(Taught {
        season,
        population,
        learned,
        found,
        scores,
        unvalued,
        warnings,
    })
}

/// Moves the probabilities to the share that the season leads one to expect, where two years tell of it
/// and that would have helped on the test date.
fn for_the_season(
    context: &Context<'_>,
    population: &Population,
    terms: &Terms,
    found: &mut Assessment,
    scores: &mut Scores,
) -> Result<Option<Correction>> {
    let (Some(dates), Some(last)) = (&population.dates, population.task.trials.last()) else {
        return Ok(None);
    };
    let churn = &context.settings.config.churn;
    let Some(days) = Days::read(context.warehouse()?, churn)? else {
        return Ok(None);
    };
    context.progress.step("the same weeks of the year before");
    let mut tested = found.tested.clone();
    let happened = population.task.rows.part(last.test.clone()).rate();
    let correction = days.correct(
        churn,
        [dates.test_date, dates.score_date].map(|date| date.to_epoch_days()),
        (&mut tested, happened),
        &mut scores.probabilities,
    );
    if correction.as_ref().is_some_and(|season| season.applied) {
        found.deliver(tested, FOR_THE_SEASON, &population.task, terms)?;
    }
    Ok(correction)
}

/// Writes the table of the scores, and says how many are in each band.
pub fn deliver(
    files: &mut Pending,
    population: &Population,
    scores: &Scores,
    config: &Config,
) -> Result<Vec<BandRow>> {
    let risk = |probability: &f64| band(*probability, &config.churn.bands);
    let risks: Vec<&str> = scores.probabilities.iter().map(risk).collect();
    let told: Vec<Told> = risks.iter().map(|risk| told(risk)).collect();
    let reasons = population.reasons(scores, &told);
    let campaign = (&config.churn.profit).into();
    let stakes = population
        .worth
        .as_ref()
        .map(|worth| (worth, worth.stakes(&scores.probabilities, &campaign)));
    let stakes = stakes.as_ref().map(|(worth, stakes)| (*worth, stakes));
    let table = tables::scores(population, &scores.probabilities, &risks, &reasons, stakes)?;
    files.parquet_and_csv("churn", &population.words.scores, &table)?;
    Ok(banded(&risks))
}

/// How many customers are where, and what a campaign among them would bring.
fn customers(
    population: &Population,
    found: &Assessment,
    scores: &Scores,
    bands: Vec<BandRow>,
    config: &Config,
    unvalued: Option<&str>,
) -> Customers {
    let tested_on = population.task.trials.last();
    let aim = Aim {
        tested: &found.delivered,
        tested_on: tested_on.map_or("", |trial| said(&trial.name)),
        terms: &config.churn.profit,
        currency: &config.project.currency,
        unvalued,
    };
    Customers {
        bands,
        unscored: population
            .everyone
            .as_ref()
            .map_or_else(Vec::new, Everyone::unscored),
        campaign: Some(match &population.worth {
            Some(worth) => Campaign::by_worth(&aim, &scores.probabilities, worth),
            None => Campaign::of(&aim, &scores.probabilities),
        }),
    }
}

/// Which effects are told of a customer in a band.
fn told(band: &str) -> Told {
    match band {
        HIGH => Told::Raises,
        LOW => Told::Lowers,
        _ => Told::Both,
    }
}

/// What the settings say of learning.
fn terms(churn: &Churn, seed: u64) -> Terms {
    Terms {
        models: churn.running(),
        chosen: (churn.chosen != AUTO).then(|| churn.chosen.clone()),
        calibration: match churn.calibration {
            CalibrationMethod::None => Method::None,
            CalibrationMethod::Platt => Method::Platt,
            CalibrationMethod::Isotonic => Method::Isotonic,
        },
        campaign: (&churn.profit).into(),
        seed,
    }
}

/// A model by what people call it.
fn titled(row: &ModelRow) -> ModelRow {
    ModelRow {
        title: title(&row.title),
        ..row.clone()
    }
}

fn metrics(
    population: &Population,
    found: &Assessment,
    customers: Customers,
    season: Option<Correction>,
) -> Result<Metrics> {
    let Some(test) = population.task.trials.last() else {
        return Err(Failure::machine("the models had no test"));
    };
    let part = |rows: &std::ops::Range<usize>| population.task.rows.part(rows.clone());
    let (train, tested) = (part(&test.train), part(&test.test));
    let chosen = found.models.iter().find(|model| model.chosen);
    Ok(Metrics {
        outcome: population.words.churns.clone(),
        dates: population.dates.clone(),
        tested_on: said(&test.name).to_owned(),
        train_rows: train.rows() as u64,
        train_churned: train.yes() as u64,
        test_rows: tested.rows() as u64,
        test_churned: tested.yes() as u64,
        chosen: chosen.map_or_else(String::new, |model| model.model.clone()),
        models: found.models.iter().map(titled).collect(),
        why: found.why.said.clone(),
        validation: found.validation.as_deref().map(|on| said(on).to_owned()),
        calibration: found.calibration.clone(),
        delivered: found.delivered.clone(),
        scored: population.customers.len() as u64,
        season,
        customers,
    })
}

/// A warning where the chosen model does not beat what one column alone can do.
fn weak(models: &[ModelRow], test: &str) -> Option<Warning> {
    let chosen = models.iter().find(|row| row.chosen)?;
    let baseline = models.iter().find(|row| row.model == BASELINE)?;
    let name = |row: &ModelRow| title(&row.title);
    if chosen.model == BASELINE {
        let message = tr!(
            "the scores are those of {baseline} and of no model beside it",
            baseline = name(baseline)
        );
        return Some(Warning::new(WEAK_CHURN_MODEL, message));
    }
    if chosen.figures.roc_auc < baseline.figures.roc_auc {
        let auc = |row: &ModelRow| format!("{:.3}", row.figures.roc_auc);
        let message = tr!(
            "on {test} {model} (ROC AUC {auc}) was worse than {baseline} ({baseline_auc}); do not act on its scores",
            test = test,
            model = name(chosen),
            auc = auc(chosen),
            baseline = name(baseline),
            baseline_auc = auc(baseline)
        );
        return Some(Warning::new(WEAK_CHURN_MODEL, message));
    }
    let (ours, theirs) = chosen
        .validation_log_loss
        .zip(baseline.validation_log_loss)?;
    (theirs < ours).then(|| {
        let message = tr!(
            "when the model was chosen, {baseline} (log loss {theirs}) was ahead of {model} ({ours}); look at churn_models.csv before acting on the scores",
            baseline = name(baseline),
            theirs = format!("{theirs:.4}"),
            model = name(chosen),
            ours = format!("{ours:.4}")
        );
        Warning::new(WEAK_CHURN_MODEL, message)
    })
}
