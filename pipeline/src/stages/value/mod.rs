//! `value`: what each customer is worth, now and expected.

mod baselines;
mod board;
mod cells;
mod cohorts;
mod contracts;
mod distinct;
mod history;
mod margin;
mod metrics;
mod money;
mod noticed;
mod page;
mod parts;
mod rank;
mod refusal;
mod snapshot;
mod spend;
mod split;
mod summary;
mod tables;
mod trees;
mod trial;
mod worth;

use regulars_models::value::{Histories, SavedValue, ShiftedBetaGeometric};

use self::board::{Board, Evidence, Grown, compare};
use self::contracts::Contracts;
use self::history::Buyers;
use self::margin::Margin;
use self::metrics::{Metrics, Sums};
use self::parts::Parts;
use self::spend::SpendModel;
use self::split::Split;
use self::tables::Made;
use self::trees::{Lesson, Trees};
use self::trial::Trial;
use self::worth::{Terms, Worth, by_model, by_own_rate, by_trees, refused};
use super::{Context, Reads, Report, Stage};
use crate::failure::Result;
use crate::outputs::Pending;
use crate::text::{plural, round};
use crate::words::said;

/// The stage's one name.
pub const NAME: &str = "value";

/// The stage.
pub const STAGE: Stage = Stage {
    name: NAME,
    reads: |_| &[Reads::Needed("ingest"), Reads::IfThere("segment")],
    needs_history: |_| true,
    optional: true,
    run,
    summary: summary::paragraph,
};

/// Chooses a model on a period that is held out, and values every customer by it.
pub fn run(context: &Context<'_>) -> Result<Report> {
    let settings = &context.settings.config.value;
    let warehouse = context.warehouse()?;
    let split = Split::new(warehouse.first_day, warehouse.end, settings.holdout_days)?;
    let on_step = |doing: &str| context.progress.step(doing);
    on_step("collecting the purchases of every customer");
    let buyers = Buyers::read(warehouse, &split)?;

    // Models are tried on what stood when the period that is held out began.
    let stood = warehouse.standing_at(split.cut_date())?;
    let stood = stood
        .map(|stood| Buyers::read(&stood, &split))
        .transpose()?;
    let stood = stood.as_ref().unwrap_or(&buyers);
    let trial = Trial::new(&stood.buyers, &stood.snapshots, &split, settings.interval);
    let gaps = [buyers.log_gaps[0], stood.log_gaps[1]];
    let board = choose(context, (&buyers, gaps), &split, trial.as_ref())?;
    on_step(&format!(
        "valuing {}",
        plural(buyers.len() as u64, "customer")
    ));
    let margin = Margin::of(&buyers, settings);
    let spend = SpendModel::fit(&worth::seen(&buyers));
    let terms = Terms {
        settings,
        margin: &margin,
        seed: context.seed,
        looks_ahead: board.trees.as_ref().map(|_| split.held_out_days),
        end: split.end(),
    };
    let worths = valued(&board, &spend, &buyers, &terms)?;

    on_step("what values are made of");
    let mut unfit = Vec::new();
    let parts = Parts::of(context, &buyers, &worths, &margin)?;
    let found = metrics(
        &buyers,
        &worths,
        &split,
        &board,
        &terms,
        &spend,
        trial.as_ref(),
    )?;
    let contracts = Contracts::of(context, &buyers, &margin, split.end(), &mut unfit)?;
    let found = Metrics {
        parts: parts.sums(),
        contracts: contracts.as_ref().map(|contracts| contracts.found.clone()),
        ..found
    };
    let mut warnings = warehouse.warnings.clone();
    warnings.append(&mut unfit);
    warnings.extend(noticed::warnings(
        &board,
        trial.as_ref(),
        &split,
        found.repeat_buyers,
        &margin,
        &spend,
    ));
    let project = &context.settings.config.project;
    let made = Made {
        settings,
        margin: &margin,
        currency: &project.currency,
        as_of: split.end_date(),
        by: board.chosen_row().map_or("", |row| row.title.as_str()),
        timed_by: board.timed_by(),
    };
    let mut files = context.files(NAME);
    write(&mut files, &buyers, &worths, &made, &found, &project.name)?;
    files.parquet_and_csv(
        "value_parts",
        &tr!(
            "What every customer's value is made of, {made}",
            made = made.words()
        ),
        &parts.table(&buyers, &worths, &made)?,
    )?;
    if let Some(contracts) = &contracts {
        contracts.write(&mut files, &buyers, &made)?;
    }
    let contract = contracts.as_ref().map(|contracts| contracts.model);
    write_model(&mut files, &board, (&spend, contract), split.held_out_days)?;
    Ok(Report {
        as_of: Some(split.end_date()),
        rows_in: buyers.days,
        rows_out: buyers.len() as u64,
        warnings,
        ..Report::new(files, &found)?
    })
}

/// What each customer is worth, by the model that was chosen.
fn valued(
    board: &Board,
    spend: &SpendModel,
    buyers: &Buyers,
    terms: &Terms<'_>,
) -> Result<Vec<Worth>> {
    let worths = match &board.chosen {
        Some((_, fitted)) => by_model(&fitted.model, spend, buyers, terms)?,
        None => by_own_rate(spend, buyers, terms),
    };
    Ok(match &board.trees {
        Some(Grown { trees, spread }) => {
            let ahead = trees.predict(&buyers.snapshots.end);
            by_trees(worths, &ahead, spread.as_ref())
        }
        None => worths,
    })
}

/// The models on the period that is held out, and the chosen one fitted to everything, given the
/// logarithms of the days between purchases at both dates.
fn choose(
    context: &Context<'_>,
    (buyers, [gaps, gaps_before]): (&Buyers, [f64; 2]),
    split: &Split,
    trial: Option<&Trial<'_>>,
) -> Result<Board> {
    let end = split.end();
    let whole = buyers.buyers.iter();
    let whole: Vec<_> = whole
        .map(|buyer| buyer.whole.history(buyer.first, end))
        .collect();
    let cells = |histories: &[_], log_gaps| {
        let cells = Histories::new(histories).map_err(refused)?;
        cells.with_log_gaps(log_gaps).map_err(refused)
    };
    let before = trial.map(|trial| cells(&trial.histories, gaps_before));
    let before = before.transpose()?;
    let settings = &context.settings.config.value;
    let seed = context.seed;
    let grow = || {
        let snapshot = &buyers.snapshots.cut;
        let came = snapshot.rows.iter();
        let came = came.map(|row| buyers.buyers[*row as usize].held_out);
        let came = came.collect();
        Trees::grow(&Lesson { snapshot, came }, seed)
    };
    let evidence = Evidence {
        trial,
        before: before.as_ref(),
        whole: &cells(&whole, gaps)?,
        grow: settings
            .grows_trees()
            .then_some(&grow as &dyn Fn() -> Result<Trees, String>),
        seed,
    };
    compare(&settings.running(), &evidence, &|doing| {
        context.progress.step(doing)
    })
}

fn metrics(
    buyers: &Buyers,
    worths: &[Worth],
    split: &Split,
    board: &Board,
    terms: &Terms<'_>,
    spend: &SpendModel,
    trial: Option<&Trial<'_>>,
) -> Result<Metrics> {
    let all = &buyers.buyers;
    let sum = |of: fn(&Worth) -> f64| {
        let sum: f64 = worths.iter().map(of).sum();
        (!sum.is_nan()).then(|| round(sum, 2))
    };
    let spent: f64 = all
        .iter()
        .map(|buyer| money::amount(buyer.whole.spend))
        .sum();
    Ok(Metrics {
        customers: buyers.len() as u64,
        repeat_buyers: all.iter().filter(|buyer| buyer.whole.purchases > 1).count() as u64,
        horizon_days: terms.settings.horizon_days,
        rate: terms.settings.rate,
        margin: terms.margin.share,
        counted_in: terms.margin.word().to_owned(),
        held_out: trial.and(split.words()),
        holdout_days: split.held_out_days,
        tried_on: trial.map_or(0, |trial| trial.len() as u64),
        models: board.rows.clone(),
        groups: board.groups.clone(),
        spend_model: match &board.trees {
            Some(_) => said(trees::TITLE).to_owned(),
            None => spend.title().to_owned(),
        },
        timed_by: board.timed_by().map(str::to_owned),
        spend_correlation: spend.correlation,
        spend: round(spent, 2),
        lifetime_value: sum(|worth| worth.lifetime_value),
        active: sum(|worth| worth.p_alive),
        parts: Sums::default(),
        contracts: None,
        concentration: rank::shares(worths)?,
    })
}

fn write(
    files: &mut Pending,
    buyers: &Buyers,
    worths: &[Worth],
    made: &Made<'_>,
    found: &Metrics,
    project: &str,
) -> Result<()> {
    files.parquet_and_csv(
        "value",
        &tr!("What every customer is worth, {made}", made = made.words()),
        &tables::value(buyers, worths, made)?,
    )?;
    let about = match &found.held_out {
        Some(days) => tr!(
            "Every model of value on {days}, which none had seen, best first, and the baselines",
            days = days
        ),
        None => {
            tr!("Every model of value fitted to the whole history, best first, and the baselines")
        }
    };
    files.parquet_and_csv("value_models", &about, &tables::models(&found.models)?)?;
    let cohorts = buyers.cohorts.rows();
    files.parquet_and_csv(
        "cohorts",
        &tr!("What became of the customers of each month, month by month"),
        &cohorts::table(&cohorts)?,
    )?;
    files.text(
        "value.html",
        &tr!(
            "The models, what was predicted beside what came, who holds the value, and cohorts, as a page"
        ),
        &page::render(project, found, worths, made, &cohorts)?,
    )
}

/// The models that value the customers, to be read back and used elsewhere.
fn write_model(
    files: &mut Pending,
    board: &Board,
    (spend, contract): (&SpendModel, Option<ShiftedBetaGeometric>),
    days: u32,
) -> Result<()> {
    let purchases = board.chosen.as_ref().map(|(_, fitted)| fitted.model);
    if purchases.is_some() || contract.is_some() {
        let saved = SavedValue {
            unit: "day".to_owned(),
            spend: spend.model().copied().filter(|_| purchases.is_some()),
            purchases,
            contract,
        };
        files.text(
            "value_model.json",
            &tr!("The models behind the values, to be read back and used elsewhere"),
            &saved.to_json().map_err(refused)?,
        )?;
    }
    let Some(Grown { trees, .. }) = &board.trees else {
        return Ok(());
    };
    for (name, saved) in trees.saved(days)? {
        let about = tr!(
            "Trees behind the values: {outcome}; to be read back and used elsewhere",
            outcome = said(saved.outcome())
        );
        files.text(name, &about, &saved.to_json())?;
    }
    Ok(())
}
