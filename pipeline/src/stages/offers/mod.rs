//! `offers`: what each customer would buy for the first time, with a reason in words.

mod active;
mod consent;
mod left_out;
mod metrics;
mod summary;
mod table;
mod trial;
mod twins;

use regulars_models::ParamGuard;
use regulars_models::cross_sell::{CrossSellParams, CrossSellValidParams, History};

use self::active::active;
use self::consent::Answers;
use self::metrics::{Metrics, Test};
use self::twins::Twins;
use super::{Context, Reads, Report, Stage};
use crate::failure::{Failure, Result};
use crate::purchases::{Ask, Purchases, day_number, need_products};

/// The stage's one name.
pub const NAME: &str = "offers";

/// The stage.
pub const STAGE: Stage = Stage {
    name: NAME,
    reads: |_| &[Reads::Needed("ingest")],
    needs_history: |_| true,
    optional: true,
    run,
    summary: summary::paragraph,
};

/// Tests the recommender on the last days, then suggests from the whole history.
pub fn run(context: &Context<'_>) -> Result<Report> {
    let settings = &context.settings.config.offers;
    let warehouse = context.warehouse()?;
    let purchases = bought(context)?;
    let active = active(warehouse, &purchases)?;
    let twins = Twins::find(&purchases, &active);
    let line_items = twins.of_lines(&purchases.line_items);
    let history = history(&purchases, &line_items)?;
    let params = params(context)?;

    let test = trial::test(context, &params, &purchases, &history)?;
    context.progress.step("suggesting");
    let history = history
        .with_active(&active)
        .map_err(|error| Failure::data(error.to_string()))?;
    let model = params.fit(&history, day_number(warehouse.end));
    let answers = Answers::read(
        warehouse,
        &purchases.customers,
        context.settings.config.project.consent,
    )?;
    let mut warnings = warehouse.warnings.clone();
    warnings.extend(purchases.warning());
    warnings.extend(test.as_ref().and_then(Test::warning));
    warnings.extend(answers.warning());
    let mut suggestions = model.suggest();
    let without = answers.apply(&mut suggestions);

    let score_means = table::score_means(model.score_kind(), settings.holdout_days);
    let mut files = context.files(NAME);
    let about = format!(
        "What each customer would buy next, by {}, best first",
        purchases.ask.level
    );
    let table = table::table(&suggestions, &purchases, &score_means)?;
    files.parquet_and_csv("suggestions", &about, &table)?;
    let unavailable = model.unavailable();
    files.parquet_and_csv(
        "items_left_out",
        "Items that are suggested to nobody, with the reason",
        &left_out::table(&unavailable, &purchases, &line_items)?,
    )?;
    let mut customers: Vec<u32> = suggestions
        .iter()
        .map(|suggestion| suggestion.customer)
        .collect();
    customers.dedup();
    let metrics = Metrics {
        level: purchases.ask.level.clone(),
        per_customer: settings.per_customer as u64,
        days: settings.holdout_days,
        customers: customers.len() as u64,
        suggestions: suggestions.len() as u64,
        score_means,
        left_out: left_out::counted(&unavailable),
        twins: twins.codes,
        without,
        test,
    };
    Ok(Report {
        as_of: Some(warehouse.end),
        rows_in: purchases.line_items.len() as u64,
        rows_out: metrics.suggestions,
        warnings,
        ..Report::new(files, &metrics)?
    })
}

/// The purchases at the level that is suggested.
fn bought(context: &Context<'_>) -> Result<std::sync::Arc<Purchases>> {
    let config = &context.settings.config;
    let settings = &config.offers;
    let warehouse = context.warehouse()?;
    need_products(warehouse, "there is nothing to suggest")?;
    let asked = settings.level.as_deref().or(config.rules.level.as_deref());
    let level = warehouse.level(context.settings, NAME, asked)?;
    context
        .progress
        .step(&format!("collecting purchases by {level}"));
    context.purchases(&Ask {
        section: NAME,
        level,
        order_days: config.project.order_days,
        exclude: settings.exclude.clone(),
        ..Ask::default()
    })
}

/// The settings as the recommender takes them.
fn params(context: &Context<'_>) -> Result<CrossSellValidParams> {
    let settings = &context.settings.config.offers;
    CrossSellParams::new()
        .suggestions(settings.per_customer)
        .horizon_days(i32::try_from(settings.holdout_days).unwrap_or(i32::MAX))
        .seed(context.seed)
        .check()
        .map_err(|error| Failure::settings(error.to_string()))
}

/// The purchases as the recommender takes them, with these items.
fn history<'a>(purchases: &'a Purchases, line_items: &'a [u32]) -> Result<History<'a>> {
    let Purchases {
        offsets,
        days,
        baskets,
        items,
        ..
    } = purchases;
    History::new(offsets, days, baskets, line_items, items.len(), None)
        .map_err(|error| Failure::data(error.to_string()))
}
