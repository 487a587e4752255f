//! The files that speak of the models; the scores themselves are written by whoever knows the
//! customers.

use regulars_models::format::{Feature, SavedModel};

use super::BandRow;
use super::contest::Outcome;
use super::page;
use super::sets::{Columns, Kind};
use super::tables;
use crate::failure::{Failure, Result};
use crate::outputs::Pending;

/// What the files say of the rows, in words.
pub struct Words {
    /// The title of the project.
    pub project: String,
    /// What a customer who left did: `bought nothing for 28 days`.
    pub outcome: String,
    /// What the readable tree was learned from: `learned at 11 dates up to 2017-12-04`.
    pub learned: String,
    /// What the models were tested on: `on 2017-12-04, which none had seen`.
    pub tested: String,
    /// What each feature means.
    pub about: Vec<String>,
    /// How many customers are in each risk band, highest first.
    pub bands: Vec<BandRow>,
}

/// Writes the leaderboard, the calibration, what the scores look at, and the readable tree.
pub fn write(
    files: &mut Pending,
    outcome: &Outcome,
    columns: &Columns,
    words: &Words,
) -> Result<()> {
    files.parquet_and_csv(
        "churn_models",
        &format!("Every model {}, best first", words.tested),
        &tables::models(&outcome.models)?,
    )?;
    if !outcome.dates.is_empty() {
        files.parquet_and_csv(
            "churn_dates",
            "Every model on each of several dates, learned from what could be known by then",
            &tables::dates(&outcome.dates)?,
        )?;
    }
    files.parquet_and_csv(
        "churn_calibration",
        &format!(
            "What the scores said beside what happened, {}",
            words.tested
        ),
        &tables::calibration(&outcome.reliability)?,
    )?;
    let importance = outcome.model.importance();
    let importance = importance.map_or_else(Vec::new, |importance| importance.to_vec());
    files.parquet_and_csv(
        "churn_features",
        "What the scores look at, most important first",
        &tables::features(&words.about, &columns.names, &importance)?,
    )?;
    let printed = columns.printed();
    let tree = format!(
        "Who {}, {} and read from the top down.\n\n{}",
        words.outcome,
        words.learned,
        outcome.tree.to_text(&printed, "left")
    );
    files.text(
        "churn_tree.txt",
        "A tree that a person can read and follow by hand",
        &tree,
    )?;
    files.text(
        "churn_tree.svg",
        "The same tree as a picture",
        &outcome.tree.to_svg(&printed, "left"),
    )?;
    files.parquet_and_csv(
        "churn_tree_rules",
        "The same tree as one rule for each leaf, the likeliest to leave first",
        &tables::tree_rules(&outcome.tree, &printed)?,
    )?;
    files.text(
        "churn.html",
        "The models, what was said beside what happened, and the readable tree, as a page",
        &page::render(outcome, columns, words)?,
    )?;
    files.text(
        "churn_model.json",
        "The model behind the scores, to be read back and used elsewhere",
        &saved(outcome, columns, words)?,
    )
}

/// The chosen model with all that is needed to use it on other customers.
fn saved(outcome: &Outcome, columns: &Columns, words: &Words) -> Result<String> {
    let fault = |error| Failure::machine(format!("the chosen model cannot be saved: {error}"));
    let feature = |(name, kind): (&String, &Kind)| match kind {
        Kind::Number => Feature::numeric(name),
        Kind::Category(categories) => Feature::categorical(name, categories),
    };
    let features = columns.names.iter().zip(&columns.kinds).map(feature);
    let mut model = SavedModel::new(outcome.model.clone(), features.collect())
        .map_err(fault)?
        .with_outcome(&words.outcome)
        .with_fact("project", &words.project)
        .with_fact("learned", &words.learned)
        .with_fact("tested", &words.tested)
        .with_fact("log_loss", outcome.delivered.log_loss)
        .with_fact("roc_auc", outcome.delivered.roc_auc);
    if let Some(calibration) = outcome.calibrator.saved() {
        model = model.with_calibration(calibration).map_err(fault)?;
    }
    Ok(model.to_json() + "\n")
}
