//! `rules`: what is bought together and after each other, few things of each, and whether it held up.

mod again;
mod choice;
mod estimate;
mod findings;
mod groups;
mod metrics;
mod mine;
mod page;
mod plan;
mod sequences;
mod sold;
mod substitutes;
mod summary;
mod tables;
mod utility;
mod words;

use regulars_models::associations::Baskets;

pub use self::estimate::estimate;
pub use self::metrics::Metrics;

use self::choice::Choice;
use self::findings::{Findings, Mining};
use self::mine::Miner;
use self::plan::Plan;
use self::sold::Sold;
use super::{Context, Reads, Report, Stage};
use crate::config::Settings;
use crate::failure::{Cause, Failure, Result};
use crate::outputs::table::round;
use crate::purchases::{Balance, Items, Purchases};
use crate::text::plural;

/// The stage's one name.
pub const NAME: &str = "rules";

/// The stage.
pub const STAGE: Stage = Stage {
    name: NAME,
    reads: |_| &[Reads::Needed("ingest"), Reads::IfThere("segment")],
    needs_history: |_| true,
    optional: true,
    run,
    summary: summary::paragraph,
};

/// Mines the baskets up to the last weeks, and measures what was found again on those.
pub fn run(context: &Context<'_>) -> Result<Report> {
    let settings = context.settings;
    let asked = &settings.config.rules;
    let warehouse = context.warehouse()?;
    let segments = context.left_by("segment")?;
    let plan = Plan::new(settings, warehouse, segments, context.out, context.as_of)?;
    context
        .progress
        .step(&format!("collecting baskets by {}", plan.ask.level));
    let purchases = context.purchases(&plan.ask)?;
    let choice = Choice::new(&purchases, &asked.outliers, plan.mined());
    let sold = Sold::new(&purchases, &plan.mined());
    let miner = Miner::new(settings, &purchases, &choice.customers, &sold)?;
    let mined = miner.generalised(choice.part(&plan.mined())?)?;
    let n_baskets = mined.baskets.n_baskets() as u64;
    no_baskets(settings, &plan, &purchases, n_baskets)?;
    let year_before = plan.year_before();
    let year_before = year_before.map(|days| miner.generalised(choice.part(&days)?));
    let mining = Mining {
        year_before: year_before.transpose()?,
        context,
        plan: &plan,
        purchases: &purchases,
        choice: &choice,
        miner: &miner,
        later: miner.generalised(choice.part(&plan.later())?)?,
        mined,
    };
    let warnings = warehouse.warnings.iter().cloned();
    let warnings = warnings.chain(purchases.warning()).collect();
    let mut findings = Findings::new(context, warnings);
    findings.rules(&mining)?;
    let pairs = !findings.metrics.no_pairs;
    if pairs && plan.ask.compare_by.is_some() {
        findings.groups(&mining)?;
    }
    if asked.sequences.on || asked.transitions {
        findings.follow_ups(&mining)?;
    }
    if pairs && asked.substitutes {
        findings.substitutes(&mining)?;
    }
    if pairs && plan.ask.money.is_some() {
        findings.utility(&mining)?;
    }
    findings.page(&mining)?;
    let Findings {
        files,
        metrics,
        warnings,
        ..
    } = findings;
    context.progress.step(&plural(metrics.rules, "rule"));
    Ok(Report {
        as_of: Some(warehouse.end),
        rows_in: purchases.line_items.len() as u64,
        rows_out: metrics.rules,
        warnings,
        ..Report::new(files, &metrics)?
    })
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
