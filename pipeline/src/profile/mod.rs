//! `profile`: what lies in the warehouse and what was left out, and what to look at first.
//!
//! Everything is counted over values rather than rows: the engine groups, which it can do with
//! any history in bounded memory, and what is exact over groups (counts, quantiles, shares) is
//! taken from them in an order that does not depend on threads.

mod baskets;
mod cells;
mod columns;
mod customers;
mod distribution;
mod findings;
mod folds;
mod history;
mod lines;
mod page;
mod references;
mod rejects;
mod spread;
mod text;
mod twice;

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use self::baskets::Baskets;
use self::columns::TableProfile;
use self::customers::Customers;
use self::findings::Finding;
use self::history::{History, Signs};
use self::lines::Measure;
use self::references::Reference;
use self::rejects::TableRejects;
use self::twice::InTwoSources;
use crate::cli;
use crate::config::Settings;
use crate::contract;
use crate::engine::Engine;
use crate::failure::{Failure, Result, did_you_mean};
use crate::lock::Lock;
use crate::manifest::{Manifest, StageEntry, process_use, started_now};
use crate::outputs::Pending;
use crate::progress::Progress;
use crate::run::use_threads;
use crate::stages::ingest;
use crate::text::{count, plural, print};
use crate::warehouse::Warehouse;

/// The command's one name, and its own in the manifest.
pub const NAME: &str = "profile";
/// The version of the layout of `profile.json`; a new field does not change it.
const LAYOUT: u32 = 1;

/// Everything in `profile.json`.
#[derive(Clone, Debug, Serialize)]
pub struct Profile {
    /// The version of this layout.
    pub layout: u32,
    /// The title of the project.
    pub project: String,
    /// Printed behind amounts.
    pub currency: String,
    /// The time zone that decides what a day is.
    pub timezone: String,
    /// Things to look at, the most important first.
    pub findings: Vec<Finding>,
    /// When things happened.
    pub history: History,
    /// Signs of amounts and quantities, and what purchase lines lack.
    pub signs: Signs,
    /// The sum of the amounts of purchases.
    pub spend: f64,
    /// The sum of the amounts of returns, without their sign.
    pub returned: f64,
    /// Baskets; none without purchases.
    pub baskets: Option<Baskets>,
    /// Amounts and quantities of purchase lines.
    pub measures: Vec<Measure>,
    /// Customers who bought; none without purchases.
    pub customers: Option<Customers>,
    /// Interactions that name customers, products or campaigns that are not there.
    pub references: Vec<Reference>,
    /// Interactions that two sources tell alike.
    pub in_two_sources: Option<InTwoSources>,
    /// What the last load left out.
    pub rejects: Vec<TableRejects>,
    /// Every column of every table.
    pub tables: Vec<TableProfile>,
}

impl Profile {
    /// Rows of the interactions.
    pub fn interactions(&self) -> u64 {
        self.history.kinds.values().sum()
    }
}

/// Looks at the warehouse and tells what is there.
pub fn run(args: &cli::Profile) -> Result<()> {
    let settings = Settings::read(&args.config)?;
    let out = args.output.out.as_path();
    let lock = Lock::take(out, NAME, args.patience.wait, args.quiet)?;
    let threads = use_threads(args.threads);
    let engine = Arc::new(Engine::new(
        out,
        threads,
        settings.config.engine.memory_limit.0,
    )?);
    let mut manifest = Manifest::open(out)?;
    ingest::receipt::settle(&engine, out, &mut manifest)?;
    lock.clear(&manifest)?;
    let mut progress = Progress::new(args.quiet);
    progress.stage(NAME);
    let (started_at, clock, cpu) = (started_now(), Instant::now(), process_use().1);
    progress.step("opening the warehouse");
    let mut warehouse = Warehouse::open_any(&engine, &settings, out, None, None)?;
    // What guests bought belongs to what the warehouse holds.
    warehouse.with_guests = true;
    warehouse.show(None)?;
    warehouse.show_loads(out)?;
    if let Some(table) = &args.table {
        let profile = one_table(&warehouse, &settings, table)?;
        progress.done(&plural(profile.rows, "row"), clock.elapsed().as_secs_f64());
        return show(args.json, &profile, || text::of_table(&profile));
    }
    let profile = look(&warehouse, &settings, &manifest, out, &progress)?;
    let mut files = Pending::new(out, NAME);
    files.text(
        "profile.json",
        "What the warehouse holds, for programs",
        &json(&profile)?,
    )?;
    files.text(
        "profile.html",
        "What the warehouse holds and what to look at, a page",
        &page::render(&profile)?,
    )?;
    let (peak, cpu_now) = process_use();
    let rows = profile.tables.iter().map(|table| table.rows).sum();
    let entry = StageEntry {
        settings_sha256: settings.hash(),
        settings: serde_json::to_value(&settings.config)
            .map_err(|error| Failure::machine(error.to_string()))?,
        seed: settings.config.project.seed,
        rows_in: rows,
        started_at,
        seconds: clock.elapsed().as_secs_f64(),
        cpu_seconds: cpu.zip(cpu_now).map(|(before, after)| after - before),
        peak_memory_bytes: peak,
        metrics: serde_json::json!({ "findings": profile.findings.len() }),
        ..StageEntry::default()
    };
    let said = format!(
        "{} rows in, {} to look at",
        count(rows),
        plural(profile.findings.len() as u64, "thing")
    );
    progress.done(&said, clock.elapsed().as_secs_f64());
    manifest.commit(out, NAME, files, entry)?;
    if args.quiet && !args.json {
        return Ok(());
    }
    show(args.json, &profile, || text::of_profile(&profile, out))
}

fn json<T: Serialize>(value: &T) -> Result<String> {
    let text = serde_json::to_string_pretty(value);
    text.map(|text| text + "\n")
        .map_err(|error| Failure::machine(error.to_string()))
}

/// Prints JSON or words to standard output.
fn show<T: Serialize>(as_json: bool, value: &T, words: impl FnOnce() -> String) -> Result<()> {
    let text = if as_json { json(value)? } else { words() };
    print(&text);
    Ok(())
}

fn one_table(warehouse: &Warehouse, settings: &Settings, table: &str) -> Result<TableProfile> {
    let known: Vec<&str> = contract::TABLES.iter().map(|table| table.name).collect();
    if !known.contains(&table) {
        return Err(
            Failure::settings(format!("--table: there is no table `{table}`"))
                .hint(did_you_mean(table, &known)),
        );
    }
    if !warehouse.has_table(table) {
        return Err(Failure::data(format!("the warehouse has no table {table}"))
            .hint("map a source to it under [[sources]] in the settings and run ingest"));
    }
    columns::profile(
        warehouse,
        table,
        settings.config.project.timezone.0,
        &|_| None,
    )
}

fn look(
    warehouse: &Warehouse,
    settings: &Settings,
    manifest: &Manifest,
    out: &std::path::Path,
    progress: &Progress,
) -> Result<Profile> {
    let project = &settings.config.project;
    progress.step("reading days and hours");
    let (mut history, signs) = history::read(warehouse)?;
    progress.step("folding visits");
    folds::fold(warehouse)?;
    progress.step("looking at baskets");
    let baskets = baskets::read(warehouse, &mut history)?;
    progress.step("looking at amounts");
    let measures = lines::read(warehouse)?;
    progress.step("looking at customers");
    let customers = customers::read(warehouse)?;
    progress.step("looking up references");
    let references = references::read(warehouse, &mut history)?;
    // What the visits have in fewer rows need not be counted in all of them.
    let in_visits = |column: &str| {
        matches!(column, "customer_id" | "basket_id" | "kind").then_some((folds::VISITS, "lines"))
    };
    let mut tables = Vec::new();
    for table in contract::TABLES
        .iter()
        .rev()
        .filter(|table| warehouse.has_table(table.name))
    {
        progress.step(&format!("looking at the columns of {}", table.name));
        let counted = |column: &str| match table.name {
            "interactions" => in_visits(column),
            _ => None,
        };
        tables.push(columns::profile(
            warehouse,
            table.name,
            project.timezone.0,
            &counted,
        )?);
    }
    let mut profile = Profile {
        layout: LAYOUT,
        project: project.name.clone(),
        currency: project.currency.clone(),
        timezone: project.timezone.to_string(),
        findings: Vec::new(),
        spend: history::money(signs.spend),
        returned: history::money(signs.returned),
        history,
        signs,
        baskets,
        measures,
        customers,
        references,
        in_two_sources: twice::read(warehouse)?,
        rejects: rejects::read(out, manifest)?,
        tables,
    };
    profile.findings = findings::find(&profile);
    Ok(profile)
}
