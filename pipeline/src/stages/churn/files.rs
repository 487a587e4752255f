//! The files that speak of the models; the scores themselves are written by whoever knows the
//! customers.

use regulars_models::metrics::CampaignTerms;
use regulars_models::tree::Wording;

use super::curves;
use super::metrics::Customers;
use super::page;
use super::population::{LEARNING, Population, Words};
use super::spoken::{phrases, spoken};
use super::tables;
use crate::failure::Result;
use crate::learning::leaderboard::Assessment;
use crate::learning::learned::Learned;
use crate::outputs::Pending;
use crate::words::said;

/// Writes the leaderboard, the calibration, what the scores look at, and the readable tree.
pub fn write(
    files: &mut Pending,
    learned: &Learned,
    found: &Assessment,
    population: &Population,
    customers: &Customers,
    campaign: &CampaignTerms,
) -> Result<()> {
    let words = &population.words;
    files.parquet_and_csv(
        "churn_models",
        &tr!("Every model {tested}, best first", tested = words.tested),
        &tables::models(&found.models)?,
    )?;
    if !found.tests.is_empty() {
        files.parquet_and_csv(
            "churn_dates",
            &tr!("Every model on each of several dates, learned from what could be known by then"),
            &tables::dates(&found.tests)?,
        )?;
    }
    files.parquet_and_csv(
        "churn_calibration",
        &tr!(
            "What the scores said beside what happened, {tested}",
            tested = words.tested
        ),
        &tables::calibration(&found.reliability)?,
    )?;
    files.parquet_and_csv(
        "churn_features",
        &tr!("What the scores look at, most important first"),
        &tables::features(learned, &words.features)?,
    )?;
    files.parquet_and_csv(
        "churn_dependence",
        &tr!("How the probability moves with what the scores look at most, point by point"),
        &curves::dependence(
            learned,
            population,
            &spoken(learned.features(), words.known, population.shop()),
        )?,
    )?;
    files.parquet_and_csv(
        "churn_profit",
        &tr!("What a campaign to keep customers would have earned, by the share contacted"),
        &curves::profit(population, found, campaign)?,
    )?;
    write_tree(files, learned, population)?;
    files.text(
        "churn.html",
        &tr!("The models, what was said beside what happened, and the readable tree, as a page"),
        &page::render(learned, found, population, customers)?,
    )?;
    files.text(
        "churn_model.json",
        &tr!("The model behind the scores, to be read back and used elsewhere"),
        &saved(learned, found, &population.english),
    )
}

fn write_tree(files: &mut Pending, learned: &Learned, population: &Population) -> Result<()> {
    let words = &population.words;
    let tree = &learned.tree;
    let columns = spoken(learned.features(), words.known, population.shop());
    let wording = Wording {
        outcome: said(LEARNING.yes),
        rows: population.rows_called(),
        phrases: phrases(),
    };
    files.text(
        "churn_tree.txt",
        &tr!("A tree that a person can read and follow by hand"),
        &format!(
            "{}\n\n{}",
            tr!(
                "Who {churned}, {learned} and read from the top down.{explained}",
                churned = words.churned,
                learned = words.learned,
                explained = population.rows_explained()
            ),
            tree.to_text(&columns, wording)
        ),
    )?;
    files.text(
        "churn_tree.svg",
        &tr!("The same tree as a picture"),
        &tree.to_svg(&columns, wording),
    )?;
    files.parquet_and_csv(
        "churn_tree_rules",
        &tr!("The same tree as one rule for each leaf, the likeliest to leave first"),
        &tables::tree_rules(learned, population, &columns)?,
    )
}

/// The chosen model with all that is needed to use it on other customers.
fn saved(learned: &Learned, found: &Assessment, words: &Words) -> String {
    let model = learned.saved.clone();
    let model = model
        .with_outcome(&words.churned)
        .with_fact("project", &words.project)
        .with_fact("learned", &words.learned)
        .with_fact("tested", &words.tested)
        .with_fact("log_loss", found.delivered.log_loss)
        .with_fact("roc_auc", found.delivered.roc_auc);
    model.to_json() + "\n"
}
