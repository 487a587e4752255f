//! `campaign read`: what a list has earned, by those who were contacted and those who were held back.
//! `campaign learn`: whom a contact changes, learned from the same. Where nobody was held back: what seems
//! to have changed, by those who could have been contacted.

mod by_day;
mod facts;
mod learn;
mod observe;
mod outcome;
mod page;
mod table;
mod words;

use std::path::Path;

use chrono::{Days, NaiveDate};

use self::facts::Window;
pub use self::learn::learn;
use self::observe::observe;
use self::outcome::Outcome;
use crate::cli::CampaignRead;
use crate::commands::targets::ledger::{self, Sending};
use crate::config::Settings;
use crate::failure::{Failure, Result, did_you_mean};
use crate::outputs::Pending;
use crate::outputs::lock::Lock;
use crate::outputs::manifest::StageEntry;
use crate::stages::report::index;
use crate::text::{plural, print};
use crate::warehouse::Warehouse;
use crate::warning::Warning;
use crate::workbench::{self, Began, Workbench};

/// The command's one name, and its own in the manifest.
pub const NAME: &str = "campaign";

/// Reads what a list has earned, and prints it; what a person should know of it.
pub fn read(args: &CampaignRead, settings: &Settings) -> Result<Vec<Warning>> {
    if args.observational {
        return observe(args, settings);
    }
    let common = &args.settings.common;
    let out = common.output.out.as_path();
    let lock = Lock::take(out, NAME, common.patience.wait, common.quiet)?;
    let memory = settings.config.engine.memory_limit.0;
    let mut bench = Workbench::open(lock, common.threads, memory, common.quiet)?;
    bench.progress.stage(NAME);
    let began = Began::now();
    let warehouse = Warehouse::open(&bench.engine, settings, out, common.as_of, common.known_at)?;
    let ledger = ledger::read(&bench.manifest, out)?;
    let (sending, others) = one_of(args, ledger, warehouse.end)?;
    let days = match args.days {
        Some(days) => days,
        None => u32::try_from((sending.until - sending.date).num_days())
            .unwrap_or(0)
            .max(1),
    };
    let window = Window {
        from: sending.date,
        until: sending.date + Days::new(days.into()),
        seen_until: warehouse.end,
        campaign_id: args.campaign_id.as_deref().unwrap_or(&args.name),
    };
    bench.progress.step("reading what was bought since");
    let outcome = Outcome::read(&warehouse, &sending, &others, window)?;
    let warnings = outcome.warnings();
    for warning in &warnings {
        bench.progress.warning(warning);
    }
    let mut files = Pending::new(out, NAME).with_ids(settings.config.project.csv_ids);
    let stem = format!("campaigns/{}", sending.list);
    let about = tr!(
        "What the list {list} of {date} has earned in {days}, by group",
        list = sending.list,
        date = sending.date,
        days = plural(days.into(), "day")
    );
    files.parquet_and_csv(&stem, &about, &table::table(&outcome)?)?;
    let project = &settings.config.project;
    files.text(
        &format!("{stem}.html"),
        &about,
        &page::render(&project.name, &project.currency, &outcome, &warnings)?,
    )?;
    let customers = outcome.customers();
    let entry = StageEntry {
        as_of: Some(sending.date.to_string()),
        rows_in: customers,
        rows_out: 2,
        metrics: serde_json::to_value(&outcome.earned)
            .map_err(|error| Failure::machine(error.to_string()))?,
        warnings: warnings.clone(),
        ..workbench::entry(settings, settings.config.project.seed)?
    };
    bench
        .progress
        .done(&plural(customers, "customer"), began.seconds());
    bench.record_beside(NAME, files, entry, &began, &|_| true)?;
    index::refresh(&mut bench.manifest, out)?;
    if !common.quiet {
        print(&words::text(&outcome, &settings.config.project.currency));
        let line = tr!(
            "{path}: .html to look at, .csv to open, .parquet for programs",
            path = out.join(stem).display()
        );
        print(&format!("  {line}\n\n"));
    }
    Ok(warnings)
}

/// The sending that was asked for, and the others.
fn one_of(
    args: &CampaignRead,
    ledger: Vec<Sending>,
    end: NaiveDate,
) -> Result<(Sending, Vec<Sending>)> {
    let of_list: Vec<NaiveDate> = ledger
        .iter()
        .filter(|sending| sending.list == args.name)
        .map(|sending| sending.date)
        .collect();
    if of_list.is_empty() {
        let names: Vec<&str> = ledger.iter().map(|sending| sending.list.as_str()).collect();
        let out = shown(&args.settings.common.output.out);
        return Err(
            Failure::data(format!("no list `{}` was sent from {out}", args.name)).hint(match names
                .as_slice()
            {
                [] => "make one first: regulars targets; a campaign that only the interactions know is read by --observational".to_owned(),
                names => format!(
                    "{}; a campaign that only the interactions know is read by --observational",
                    did_you_mean(&args.name, names)
                ),
            }),
        );
    }
    let date = match args.of {
        Some(asked) => of_list.iter().copied().find(|date| *date == asked.0),
        None => of_list.iter().copied().rfind(|date| *date < end),
    };
    let Some(date) = date else {
        let dates: Vec<String> = of_list.iter().map(ToString::to_string).collect();
        let dates = dates.join(", ");
        return Err(match args.of {
            Some(asked) => Failure::data(format!("{} was not sent on {}", args.name, asked.0))
                .hint(format!("it was sent on {dates}")),
            None => Failure::data(format!(
                "nothing is known of the time after {} was sent ({dates}): the history ends before {end}",
                args.name
            ))
            .hint("load what has happened since: regulars ingest"),
        });
    };
    let (mut these, others): (Vec<_>, Vec<_>) = ledger
        .into_iter()
        .partition(|sending| sending.list == args.name && sending.date == date);
    let one = these.pop();
    one.map(|one| (one, others))
        .ok_or_else(|| Failure::machine("a list that is in the ledger and is not"))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
