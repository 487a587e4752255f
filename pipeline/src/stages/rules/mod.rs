//! `rules`: what is bought together and after each other, few things of each, and whether it held up.

mod choice;
mod estimate;
mod groups;
mod metrics;
mod mine;
mod page;
mod plan;
mod sequences;
mod substitutes;
mod tables;
mod utility;
mod words;

use regulars_models::associations::{Baskets, Itemsets, Later, Selected};

pub use self::estimate::estimate;
pub use self::metrics::Metrics;

use self::choice::Choice;
use self::mine::Miner;
use self::page::{Page, Shown};
use self::plan::Plan;
use super::{Context, Report};
use crate::config::Settings;
use crate::failure::{Cause, Failure, Result};
use crate::purchases::{Balance, Items, Purchases};
use crate::table::round;
use crate::text::{count, plural};
use crate::warning::{SUPPORT_RAISED, Warning};

/// The stage's one name.
pub const NAME: &str = "rules";

/// Rules in the summary and the manifest.
const STRONGEST: usize = 5;

/// Mines the baskets up to the last weeks, and measures what was found again on those.
pub fn run(context: &Context<'_>) -> Result<Report> {
    let settings = context.settings;
    let asked = &settings.config.rules;
    let warehouse = context.warehouse()?;
    let plan = Plan::new(
        settings,
        warehouse,
        context.manifest,
        context.out,
        context.as_of,
    )?;
    context
        .progress
        .step(&format!("collecting baskets by {}", plan.ask.level));
    let purchases = context.purchases(&plan.ask)?;
    let items = &purchases.items;
    let choice = Choice::new(&purchases, &asked.outliers, plan.mined());
    let miner = Miner::new(settings, items, &choice.customers)?;
    let mined = miner.generalised(choice.part(&plan.mined())?)?;
    let later = miner.generalised(choice.part(&plan.later())?)?;
    let n_baskets = mined.baskets.n_baskets() as u64;
    no_baskets(settings, &plan, &purchases, n_baskets)?;
    context
        .progress
        .step(&format!("mining {} baskets", count(n_baskets)));
    let found = miner.mine(&mined)?;
    if found.itemsets.longest() < 2 {
        return Err(no_pair(settings, &miner, &mined.baskets, items)?);
    }
    let (again, held_up_share) = mine::later(&found.plain(), &later.baskets);
    let (_, held_up_share_by_lift) = mine::later(&miner.by_lift(&found), &later.baskets);

    let mut files = context.files(NAME);
    files.parquet(
        "itemsets.parquet",
        "Items that are bought together often",
        &tables::itemset_table(&found.itemsets, items)?,
    )?;
    let about = format!(
        "What is bought together more often than chance, by {}, the most useful rule first",
        plan.ask.level
    );
    let table = tables::rule_table(&found, &again, items)?;
    files.parquet_and_csv("rules", &about, &table)?;

    let mut metrics = Metrics {
        level: plan.ask.level.clone(),
        broader: plan.ask.broader.clone(),
        basket: plan.ask.basket.words().to_owned(),
        slice: plan.ask.scope.clone(),
        mined_from: plan.from,
        mined_until: plan.split,
        baskets: n_baskets,
        later_baskets: later.baskets.n_baskets() as u64,
        items: items.len() as u64,
        lines: purchases.balance,
        giant_baskets: choice.giants.clone(),
        bulk_buyers: choice.bulk_buyers.clone(),
        min_baskets: found.itemsets.min_count().into(),
        itemsets: found.itemsets.len() as u64,
        candidates: found.funnel.candidates,
        funnel: found.funnel.clone(),
        rules: found.rules.len() as u64,
        held_up_share,
        held_up_share_by_lift,
        compare_by: plan.ask.compare_by.clone(),
        strongest: found
            .rules
            .iter()
            .take(STRONGEST)
            .map(|chosen| words::sentence(&chosen.rule, items))
            .collect(),
        ..Metrics::default()
    };
    let mut warnings = warehouse.warnings.clone();
    if found.itemsets.min_count() > found.itemsets.asked_count() {
        warnings.push(Warning::new(
            SUPPORT_RAISED,
            format!(
                "more than {} itemsets are in {}; the support was raised to {}",
                count(asked.max_itemsets as u64),
                plural(found.itemsets.asked_count().into(), "basket"),
                plural(found.itemsets.min_count().into(), "basket")
            ),
        ));
    }
    let rules = shown(&found.rules, &again, items);
    let mut differences = Vec::new();
    if plan.ask.compare_by.is_some() {
        context.progress.step("comparing groups");
        let compared = groups::compare(settings, &miner, &purchases, &mined, &later)?;
        files.parquet_and_csv(
            "rules_by_group",
            "Rules that are far stronger in one group of baskets than in the others",
            &compared.table(items)?,
        )?;
        metrics.groups = compared.groups;
        metrics.ungrouped_baskets = compared.ungrouped;
        metrics.differences = compared.len() as u64;
        metrics.differences_held_up_share = compared.held_up_share();
        differences = compared.shown(items);
    }
    let mut ordered = [Vec::new(), Vec::new()];
    let mut steps = Vec::new();
    if asked.sequences.on || asked.transitions {
        let history = sequences::histories(&choice, &purchases, &plan.mined())?;
        if asked.sequences.on {
            context.progress.step("looking for sequences");
            let after = sequences::histories(&choice, &purchases, &plan.later())?;
            let found = sequences::find(asked, &history, &after)?;
            files.parquet_and_csv(
                "sequences",
                "What is bought first and what later, the most useful first",
                &found.table(items)?,
            )?;
            if found.min_support > asked.sequences.min_support {
                warnings.push(Warning::new(
                    SUPPORT_RAISED,
                    format!(
                        "more than {} sequences are in a share of {} of the histories; the support was raised to {:.4}",
                        count(asked.sequences.max_sequences as u64),
                        asked.sequences.min_support,
                        found.min_support
                    ),
                ));
            }
            metrics.sequence_support = Some(found.min_support);
            metrics.frequent_sequences = found.frequent;
            metrics.sequence_candidates = found.candidates;
            metrics.sequences = found.len() as u64;
            metrics.sequences_held_up_share = found.held_up_share();
            metrics.new_sequences = found.new_things() as u64;
            ordered = [false, true].map(|again| found.shown(items, again));
        }
        if asked.transitions {
            context.progress.step("counting transitions");
            let found = sequences::transitions(asked, &history);
            files.parquet_and_csv(
                "transitions",
                "How often an item is in the next basket of a customer after another",
                &found.table(items)?,
            )?;
            metrics.steps = found.steps;
            metrics.transitions = found.len() as u64;
            steps = found.shown();
        }
    }
    let mut instead = Vec::new();
    if asked.substitutes {
        context.progress.step("looking for substitutes");
        let found = if plan.ask.broader.is_empty() {
            substitutes::find(asked, &mined, &choice.customers)?
        } else {
            // Items of one level: a category is no substitute of what is in it.
            let part = choice.part(&plan.mined())?;
            substitutes::find(asked, &part, &choice.customers)?
        };
        files.parquet_and_csv(
            "substitutes",
            "What is bought instead of each other, the strongest first",
            &found.table(items)?,
        )?;
        metrics.substitute_candidates = found.tested;
        metrics.substitutes = found.len() as u64;
        instead = found.shown(items);
    }
    let mut sets = Vec::new();
    if plan.ask.money.is_some() {
        context.progress.step("adding up money");
        let lines = choice.money(&plan.mined());
        let found = utility::find(&asked.utility, lines, items.len())?;
        let money = plan.money_words();
        let about = format!("The sets of items that bring the most {money}");
        files.parquet_and_csv("utility", &about, &utility::table(&found, items, money)?)?;
        metrics.utility_by = Some(money.to_owned());
        metrics.utility_sets = found.len() as u64;
        sets = utility::shown(&found, items);
    }
    let page = page::render(&Page {
        project: &settings.config.project.name,
        currency: &settings.config.project.currency,
        metrics: &metrics,
        names: &items.spoken,
        supports: &supports(&found.itemsets, items),
        rules: &rules,
        sequences: &ordered[0],
        again: &ordered[1],
        steps: &steps,
        substitutes: &instead,
        differences: &differences,
        utility: &sets,
    })?;
    files.text("rules.html", "What goes together, a page of plots", &page)?;
    context.progress.step(&plural(metrics.rules, "rule"));
    Ok(Report {
        as_of: Some(warehouse.end),
        rows_in: purchases.line_items.len() as u64,
        rows_out: metrics.rules,
        warnings,
        ..Report::new(files, &metrics)?
    })
}

/// The rules as the page shows them.
fn shown(rules: &[Selected], again: &[Later], items: &Items) -> Vec<Shown> {
    let rows = rules.iter().zip(again);
    rows.map(|(Selected { rule, .. }, later)| {
        let known = later.held_up.is_some() && later.measures.antecedent_count > 0;
        Shown {
            antecedent: rule.antecedent.clone(),
            consequent: rule.consequent.clone(),
            names: words::sides(rule, items),
            words: words::sentence(rule, items),
            count: rule.measures.count,
            support: rule.measures.support,
            confidence: rule.measures.confidence,
            lift: rule.measures.lift,
            later_confidence: known.then_some(later.measures.confidence),
            later_lift: known
                .then_some(later.measures.lift)
                .filter(|lift| lift.is_finite()),
            held_up: later.held_up,
        }
    })
    .collect()
}

/// For each item the share of the baskets that hold it; 0 for those that are not frequent.
fn supports(itemsets: &Itemsets, items: &Items) -> Vec<f64> {
    let baskets = f64::from(itemsets.n_baskets().max(1));
    (0..items.len() as u32)
        .map(|item| f64::from(itemsets.count_of(&[item]).unwrap_or(0)) / baskets)
        .collect()
}

/// Says why there is nothing to mine.
fn no_baskets(
    settings: &Settings,
    plan: &Plan,
    purchases: &Purchases,
    n_baskets: u64,
) -> Result<()> {
    if n_baskets > 0 {
        return Ok(());
    }
    let Balance {
        lines,
        unnamed,
        excluded,
        ..
    } = purchases.balance;
    let level = &plan.ask.level;
    let failure = match (&plan.ask.scope, lines) {
        (Some(_), 0) => settings
            .wrong(&[NAME, "where"], "no purchase line is like that")
            .hint("compare with the values that there are: regulars profile lists the most frequent ones"),
        (_, 0) => Failure::data(format!("nobody bought anything from {} on", plan.from))
            .hint("set other days for from and until under [rules]"),
        _ if unnamed == lines => Failure::data(format!(
            "none of the {} is of a product with a {level}",
            plural(lines, "purchase line")
        ))
        .hint("load products for the lines that were bought, or choose another level under [rules]"),
        _ if unnamed + excluded == lines => settings
            .wrong(&[NAME, "exclude"], "every purchase line is excluded")
            .hint("take some of the names out"),
        _ => Failure::data(format!("there is no basket before {} to mine", plan.split))
            .hint("set a smaller later_days under [rules]"),
    };
    // The data may have it in another month: a whole run goes on without rules.
    Err(Failure {
        cause: Cause::Data,
        ..failure
    })
}

/// Says what support would find something.
fn no_pair(
    settings: &Settings,
    miner: &Miner<'_>,
    baskets: &Baskets,
    items: &Items,
) -> Result<Failure> {
    let n_baskets = baskets.n_baskets();
    let Some((pair, together)) = miner.best_pair(baskets)? else {
        return Ok(Failure::data(format!(
            "none of the {} holds two items",
            plural(n_baskets as u64, "basket")
        ))
        .hint(
            "set a longer time for basket under [rules], such as \"month\", or a narrower level",
        ));
    };
    let share = f64::from(together) / n_baskets as f64;
    let problem = format!(
        "no two items are together in a share of {} of the {}",
        settings.config.rules.min_support,
        plural(n_baskets as u64, "basket")
    );
    let failure = settings
        .wrong(&[NAME, "min_support"], problem)
        .hint(format!(
            "the highest support of a pair is {}, of {}; set a lower min_support, such as {}",
            round(share, 6),
            items.spoken_of(&pair),
            // Low enough for some more.
            round(share / 10.0, 6)
        ));
    Ok(Failure {
        cause: Cause::Data,
        ..failure
    })
}
