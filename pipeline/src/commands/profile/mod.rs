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
mod no_products;
mod page;
mod references;
mod rejects;
mod spread;
mod text;
mod twice;

use serde::Serialize;

use crate::cli;
use crate::commands::profile::baskets::Baskets;
use crate::commands::profile::columns::TableProfile;
use crate::commands::profile::customers::Customers;
use crate::commands::profile::findings::ProfileFinding;
use crate::commands::profile::history::{History, Signs};
use crate::commands::profile::lines::Measure;
use crate::commands::profile::no_products::NoProduct;
use crate::commands::profile::references::Reference;
use crate::commands::profile::rejects::TableRejects;
use crate::commands::profile::twice::InTwoSources;
use crate::config::Settings;
use crate::contract;
use crate::failure::{Failure, Result, did_you_mean};
use crate::outputs::Pending;
use crate::outputs::lock::Lock;
use crate::outputs::manifest::{Manifest, StageEntry};
use crate::progress::Progress;
use crate::stages::report::index;
use crate::text::{count, in_english, print};
use crate::warehouse::standing::TakenBack;
use crate::warehouse::{LOADER, Warehouse};
use crate::workbench::{self, Began, Workbench};

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
    pub findings: Vec<ProfileFinding>,
    /// What the last load warned of.
    pub load_warnings: Vec<String>,
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
    /// Codes that are sold and are no products, it seems.
    pub no_products: Vec<NoProduct>,
    /// Customers who bought; none without purchases.
    pub customers: Option<Customers>,
    /// Interactions that name customers, products or campaigns that are not there.
    pub references: Vec<Reference>,
    /// Lines that take a purchase back, where there are any.
    pub taken_back: Option<TakenBack>,
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
    let memory = settings.config.engine.memory_limit.0;
    let mut bench = Workbench::open(lock, args.threads, memory, args.quiet)?;
    bench.progress.stage(NAME);
    let began = Began::now();
    bench.progress.step("opening the warehouse");
    let mut warehouse = Warehouse::open_any(&bench.engine, &settings, out, None, None)?;
    // What guests bought belongs to what the warehouse holds.
    warehouse.show_guests()?;
    warehouse.show_loads(&bench.engine, out)?;
    if let Some(table) = &args.table {
        let profile = one_table(&warehouse, &settings, table)?;
        let rows = in_english(profile.rows, "row");
        bench.progress.done(&rows, began.seconds());
        return show(args.json, &profile, || text::of_table(&profile));
    }
    let profile = look(&warehouse, &settings, &bench.manifest, out, &bench.progress)?;
    let mut files = Pending::new(out, NAME);
    files.text(
        "profile.json",
        mark!("What the warehouse holds, for programs"),
        &json(&profile)?,
    )?;
    files.text(
        "profile.html",
        mark!("What the warehouse holds and what to look at, a page"),
        &page::render(&profile)?,
    )?;
    let rows = profile.tables.iter().map(|table| table.rows).sum();
    let entry = StageEntry {
        rows_in: rows,
        metrics: serde_json::json!({ "findings": profile.findings.len() }),
        ..workbench::entry(&settings, settings.config.project.seed)?
    };
    let line = format!(
        "{} rows in, {} to look at",
        count(rows),
        in_english(profile.findings.len() as u64, "thing")
    );
    bench.progress.done(&line, began.seconds());
    bench.record(NAME, files, entry, &began)?;
    index::refresh(&mut bench.manifest, out)?;
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
    progress.step("looking at products");
    let no_products = no_products::read(warehouse)?;
    progress.step("looking at customers");
    let customers = customers::read(warehouse)?;
    progress.step("looking up references");
    let references = references::read(warehouse, &mut history)?;
    let tables = every_table(warehouse, settings, progress)?;
    let load = manifest.stages.get(LOADER).into_iter();
    let load = load.flat_map(|entry| entry.warnings.clone());
    let mut profile = Profile {
        layout: LAYOUT,
        project: project.name.clone(),
        currency: project.currency.clone(),
        timezone: project.timezone.to_string(),
        findings: Vec::new(),
        load_warnings: load.map(|warning| warning.message).collect(),
        spend: history::money(signs.spend),
        returned: history::money(signs.returned),
        history,
        signs,
        baskets,
        measures,
        no_products,
        customers,
        references,
        taken_back: warehouse.taken_back()?,
        in_two_sources: twice::read(warehouse)?,
        rejects: rejects::read(out, manifest)?,
        tables,
    };
    profile.findings = findings::find(&profile);
    Ok(profile)
}

/// Every column of every table.
fn every_table(
    warehouse: &Warehouse,
    settings: &Settings,
    progress: &Progress,
) -> Result<Vec<TableProfile>> {
    let zone = settings.config.project.timezone.0;
    let tables = contract::TABLES.iter().rev();
    tables
        .filter(|table| warehouse.has_table(table.name))
        .map(|table| {
            progress.step(&format!("looking at the columns of {}", table.name));
            // What the visits have in fewer rows need not be counted in all of them.
            let counted = |column: &str| {
                let in_visits = matches!(column, "customer_id" | "basket_id" | "kind");
                (table.name == "interactions" && in_visits).then_some((folds::VISITS, "lines"))
            };
            columns::profile(warehouse, table.name, zone, &counted)
        })
        .collect()
}
