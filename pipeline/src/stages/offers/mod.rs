//! `offers`: what each customer would buy for the first time, with a reason in words.

mod active;
mod beside;
mod consent;
mod kinds;
mod known;
mod left_out;
mod metrics;
mod offered;
mod product;
mod ranker;
mod rest;
mod shelf;
mod summary;
mod table;
mod trial;
mod twins;
mod winback;

use std::collections::BTreeSet;

use regulars_models::ParamGuard;
use regulars_models::cross_sell::{
    CrossSellParams, CrossSellValidParams, History, ScoreKind, Suggestion, Unavailable,
};

use self::active::active;
use self::beside::Beside;
use self::consent::Answers;
use self::kinds::{Maker, Offer};
use self::known::Known;
use self::metrics::Test;
use self::product::Products;
use self::ranker::Ranked;
use self::rest::Rest;
use self::shelf::Shelf;
use self::twins::Twins;
use super::{Context, Reads, Report, Stage};
use crate::config::offers::{Kind, Offers};
use crate::failure::{Failure, Result};
use crate::outputs::Pending;
use crate::purchases::{Ask, Purchases, day_number, need_products};
use crate::text::plural;
use crate::warning::{LONG_LIST, Warning};
use crate::words::said;

pub use self::metrics::Metrics;

/// The stage's one name.
pub const NAME: &str = "offers";

/// The stage.
pub const STAGE: Stage = Stage {
    name: NAME,
    reads: |_| {
        &[
            Reads::Needed("ingest"),
            Reads::IfThere("segment"),
            Reads::IfThere("churn"),
            Reads::IfThere("value"),
            Reads::IfThere("rules"),
        ]
    },
    needs_history: |_| true,
    optional: true,
    run,
    summary: summary::paragraph,
};

/// Tests the ways to suggest on the last days, then suggests from the whole history.
pub fn run(context: &Context<'_>) -> Result<Report> {
    let warehouse = context.warehouse()?;
    let purchases = bought(context)?;
    let active = active(warehouse, &purchases)?;
    let twins = Twins::find(&purchases, &active);
    let line_items = twins.of_lines(&purchases.line_items);
    let shelf = Shelf::read(warehouse, &purchases, lately(context))?;
    let history = history(&purchases, &line_items, &shelf)?;
    let params = params(context)?;

    let ranked = ranker::learn(context, &params, &history)?;
    let mut test = trial::test(context, &params, &purchases, &history)?;
    if let (Some(test), Some(ranked)) = (&mut test, &ranked) {
        test.ranked(ranked);
    }
    context.progress.step("suggesting");
    let history = history
        .with_active(&active)
        .map_err(|error| Failure::data(error.to_string()))?;
    let known = Known {
        beside: Beside::read(context, &purchases)?,
        answers: Answers::read(
            warehouse,
            &purchases.customers,
            context.settings.config.project.consent,
        )?,
        purchases: &purchases,
        line_items: &line_items,
        shelf: &shelf,
    };
    let mut warnings = warehouse.warnings.clone();
    warnings.extend(purchases.warning());
    warnings.extend(test.as_ref().and_then(Test::warning));
    warnings.extend(known.answers.warning());
    let mut files = context.files(NAME);
    let mut metrics = write(
        context,
        &known,
        &params,
        &history,
        ranked.as_ref(),
        &mut files,
    )?;
    if !winback::fits(metrics.winback) {
        warnings.push(Warning::new(
            LONG_LIST,
            tr!(
                "{list}: no spreadsheet has room for {customers}, so that there are CSV and Parquet alone",
                list = "winback",
                customers = plural(metrics.winback, "customer")
            ),
        ));
    }
    metrics.twins = twins.codes;
    metrics.test = test;
    Ok(Report {
        as_of: Some(warehouse.end),
        rows_in: purchases.line_items.len() as u64,
        rows_out: metrics.suggestions,
        warnings,
        ..Report::new(files, &metrics)?
    })
}

/// Days within which a sale is of late.
fn lately(context: &Context<'_>) -> u32 {
    context
        .settings
        .config
        .offers
        .holdout_days
        .saturating_mul(3)
}

/// Makes the suggestions and offers, and writes them.
fn write(
    context: &Context<'_>,
    known: &Known<'_>,
    params: &CrossSellValidParams,
    history: &History<'_>,
    ranked: Option<&Ranked>,
    files: &mut Pending,
) -> Result<Metrics> {
    let offers = &context.settings.config.offers;
    let warehouse = context.warehouse()?;
    let (purchases, day) = (known.purchases, day_number(warehouse.end));
    let returned = product::returned(warehouse, purchases, offers.not_returned_days)?;
    let rest = Rest::of(context.settings, known.shelf, &known.beside, returned)?;
    let products = Products::read(warehouse, purchases, &known.beside, lately(context))?;
    let ranker = ranked.map(|ranked| ranked.ranking.at(params, history, day));
    let maker = ranker.as_ref().map(|ranker| Maker {
        ranker,
        shelf: known.shelf,
        products: &products,
        beside: &known.beside,
        rest: &rest,
        offers,
        purchases,
        day,
    });
    let trees = ranked.is_some_and(|ranked| ranked.new.trees);
    let (mut suggestions, scores, unavailable) = match &maker {
        Some(maker) if trees => (
            maker.suggest(),
            ScoreKind::Probability,
            maker.ranker.unavailable(),
        ),
        _ => by_affinity(context, known, &rest, params, history)?,
    };
    let score_means = table::score_means(scores, offers.holdout_days);
    let without = known.answers.apply(&mut suggestions);
    write_suggested(known, &suggestions, &score_means, &unavailable, files)?;
    if let Some(ranked) = ranked {
        let about =
            tr!("Every way to suggest on each of several dates, on what could be known by then");
        files.parquet_and_csv("offer_models", &about, &ranked.table()?)?;
    }
    if offers.kinds.iter().any(|kind| *kind != Kind::New) {
        let affinity = (!trees).then_some((&suggestions[..], scores));
        let made = of_kinds(known, offers, maker.as_ref(), affinity);
        let about = tr!("What to offer each customer, by kind: new, better, again, back");
        files.parquet_and_csv("offers", &about, &offered::table(&made, known, &products)?)?;
    }
    let gone: BTreeSet<u32> = unavailable.iter().map(|(item, _)| *item).collect();
    let allowed = |customer: u32, item: u32| {
        let segment = known.beside.segments[customer as usize];
        rest.allows(customer, segment, item) && !gone.contains(&item)
    };
    let maker = maker.as_ref();
    let winback = winback::write(context, known, maker, &products, &allowed, files)?;
    let mut customers: Vec<u32> = suggestions.iter().map(|one| one.customer).collect();
    customers.dedup();
    Ok(Metrics {
        level: purchases.ask.level.clone(),
        per_customer: offers.per_customer as u64,
        days: offers.holdout_days,
        customers: customers.len() as u64,
        suggestions: suggestions.len() as u64,
        score_means,
        left_out: left_out::counted(&unavailable),
        twins: 0,
        without,
        test: None,
        winback,
        chosen: ranked.map(|ranked| ranked.new.clone()),
    })
}

/// Writes what is suggested, and what is suggested to nobody.
fn write_suggested(
    known: &Known<'_>,
    suggestions: &[Suggestion],
    score_means: &str,
    unavailable: &[(u32, Unavailable)],
    files: &mut Pending,
) -> Result<()> {
    let purchases = known.purchases;
    let about = tr!(
        "What each customer would buy next, by {level}, best first",
        level = said(&purchases.ask.level)
    );
    let beside = (&known.beside.rules, known.shelf.prices.as_slice());
    let table = table::table(suggestions, purchases, score_means, beside)?;
    files.parquet_and_csv("suggestions", &about, &table)?;
    files.parquet_and_csv(
        "items_left_out",
        &tr!("Items that are suggested to nobody, with the reason"),
        &left_out::table(unavailable, purchases, known.line_items)?,
    )
}

/// The offers of all kinds that are asked for, to those who may be contacted. `affinity`: what it
/// suggests, where that says what is new in place of the trees.
fn of_kinds(
    known: &Known<'_>,
    offers: &Offers,
    maker: Option<&Maker<'_>>,
    affinity: Option<(&[Suggestion], ScoreKind)>,
) -> Vec<Offer> {
    let by_trees = |kind: &Kind| affinity.is_none() || *kind != Kind::New;
    let kinds: Vec<Kind> = offers.kinds.iter().copied().filter(by_trees).collect();
    let mut made = maker.map_or_else(Vec::new, |maker| maker.make(&kinds));
    made.retain(|offer| known.answers.allowed(offer.customer as usize));
    if let Some((suggestions, scores)) = affinity
        && offers.kinds.contains(&Kind::New)
    {
        made.extend(kinds::as_new(suggestions, scores, known));
        let place = |offer: &Offer| offers.kinds.iter().position(|kind| *kind == offer.kind);
        made.sort_by_key(|offer| (offer.customer, place(offer), offer.rank));
    }
    made
}

/// Suggestions by affinity, what their scores mean, and the items that nobody gets.
type Made = (Vec<Suggestion>, ScoreKind, Vec<(u32, Unavailable)>);

/// What is new to every customer, by the affinity.
fn by_affinity(
    context: &Context<'_>,
    known: &Known<'_>,
    rest: &Rest,
    params: &CrossSellValidParams,
    history: &History<'_>,
) -> Result<Made> {
    let offers = &context.settings.config.offers;
    let free = rest.is_all() && offers.per_category.is_none();
    let deep = match free {
        true => params.clone(),
        false => checked(context, params.candidates())?,
    };
    let model = deep.fit(history, day_number(context.warehouse()?.end));
    let mut suggestions = model.suggest();
    if !free {
        suggestions.retain(|one| {
            let segment = known.beside.segments[one.customer as usize];
            rest.allows(one.customer, segment, one.item)
        });
        suggestions = suggestions
            .chunk_by(|a, b| a.customer == b.customer)
            .flat_map(|of_one| kinds::few_new(of_one.to_vec(), offers, known.shelf))
            .collect();
    }
    Ok((suggestions, model.score_kind(), model.unavailable()))
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
    checked(context, context.settings.config.offers.per_customer)
}

/// The same for so many suggestions to a customer.
fn checked(context: &Context<'_>, suggestions: usize) -> Result<CrossSellValidParams> {
    let settings = &context.settings.config.offers;
    CrossSellParams::new()
        .suggestions(suggestions)
        .horizon_days(i32::try_from(settings.holdout_days).unwrap_or(i32::MAX))
        .seed(context.seed)
        .check()
        .map_err(|error| Failure::settings(error.to_string()))
}

/// The purchases as the recommender takes them, with these items.
fn history<'a>(
    purchases: &'a Purchases,
    line_items: &'a [u32],
    shelf: &'a Shelf,
) -> Result<History<'a>> {
    let Purchases {
        offsets,
        days,
        baskets,
        items,
        ..
    } = purchases;
    let groups = shelf.grouped.then_some(&shelf.groups[..]);
    History::new(offsets, days, baskets, line_items, items.len(), groups)
        .map_err(|error| Failure::data(error.to_string()))
}
