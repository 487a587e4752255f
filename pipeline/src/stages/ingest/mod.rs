//! `ingest`: source files, mapped onto the canonical tables, become the warehouse.
//!
//! A load reads the files that are not loaded yet, lets their rows wait by month, merges each
//! month that they touch with what is there, and commits everything at once.

mod cancelled;
mod candidates;
pub(crate) mod coerce;
mod condition;
mod currencies;
mod evaluate;
mod files;
mod fold;
pub mod gates;
mod judged;
mod loaded;
pub mod look;
mod mapping;
mod odd_ids;
mod plan;
pub mod purchase_days;
mod reading;
mod rejects;
mod rows;
mod shared;
mod table;
mod zone;

use std::collections::{BTreeMap, HashSet};

use chrono::{NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};

pub use self::cancelled::CancelledLines;
use self::files::Planning;
use self::gates::{GateResult, LoadCounts, TableCounts};
pub use self::loaded::TableMetrics;
use self::loaded::{LoadedTable, product_keys};
use self::plan::TablePlan;
pub use self::rejects::{not_listed, was_there, what};
use self::rows::Keys;
use self::shared::Load;
use self::table::read_table;
use super::{Context, Report, Stage};
use crate::config::{Cancelled, Config, Day, Format, Source};
use crate::contract;
use crate::engine::Scope;
use crate::engine::row_hash::random;
use crate::failure::{During, Failure, Result};
use crate::outputs::Pending;
use crate::outputs::below::below;
use crate::outputs::interrupt;
use crate::outputs::manifest;
use crate::sources::SourceFile;
use crate::text::{in_english, plural};
use crate::warehouse::commit::{self, Guard};
use crate::warehouse::forgotten::Forgotten;
use crate::warehouse::ledger::{self, Ledger};
use crate::warehouse::record::{LoadRecord, can_start, last_load};
use crate::warehouse::store::{self, Stored};
use crate::warehouse::{LOADER, Warehouse, receipt, state};
use crate::warning::{self, Warning};

/// The stage's one name.
pub const NAME: &str = LOADER;

/// The stage.
pub const STAGE: Stage = Stage {
    name: NAME,
    reads: |_| &[],
    needs_history: |_| false,
    optional: false,
    run,
    summary: |_| None, // the opening of the summary speaks of what was loaded
};

/// What the last load did, and where the rows of each table ended. A load that finds nothing new
/// leaves what the one before it said.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Metrics {
    /// Which load it was, counted from 1; that of the load before if there was nothing to load.
    pub load: u64,
    /// Files that were read.
    pub files_read: u64,
    /// Files that were loaded already.
    pub files_known: u64,
    /// One entry for each canonical table.
    pub tables: Vec<TableMetrics>,
    /// What the quality gates found.
    #[serde(default)]
    pub gates: Vec<GateResult>,
    /// Lines that take a purchase back, where the settings want such purchases undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<CancelledLines>,
}

/// Loads what is new in the sources into the warehouse, all of it or nothing.
pub fn run(context: &Context<'_>) -> Result<Report> {
    let guard = Guard::take(context.out)?;
    let mut there = There::open(context, &guard)?;
    let planned = Planned::new(context, &guard, &there)?;
    let mut files = Pending::new(context.out, NAME);
    if planned.is_nothing_new() && there.record.is_some() {
        return unchanged(context, &there, planned, files);
    }
    let mut metrics = Metrics {
        load: there.ledger.next_load() as u64,
        files_read: 0,
        files_known: planned.known,
        tables: Vec::new(),
        gates: Vec::new(),
        cancelled: None,
    };
    let inputs = planned.inputs;
    let mut warnings = missing_in_settings(context);
    warnings.extend(planned.noticed);
    let mut loaded = read_tables(
        context,
        &guard,
        &mut there,
        planned.tables,
        planned.loaded_at,
    )?;
    for table in &loaded {
        table.warn(&mut warnings);
        metrics.files_read += table.entries.len() as u64;
        metrics.tables.push(table.metrics.clone());
    }
    must_have_rows(context, &loaded)?;
    if context.unseen_load() {
        keep_unseen_rejects(context, &mut files)?;
    }
    for table in &mut loaded {
        if let Some(rejects) = table.rejects.take() {
            files.absorb(rejects);
        }
    }
    let record = there.record.as_ref();
    (metrics.cancelled, metrics.gates) = judge(context, &loaded, record, &mut warnings)?;
    let record = there.next_record(context, &loaded, metrics.load, planned.loaded_at);
    let mut report = Report {
        inputs,
        rows_in: metrics.tables.iter().map(|table| table.read).sum(),
        rows_out: metrics.tables.iter().map(|table| table.kept).sum(),
        warnings,
        ..Report::new(files, &metrics)?
    };
    if !context.load.dry_run {
        context.progress.step("committing");
        report.hold = Some(interrupt::hold());
        commit_load(context, &guard, &mut report, there, loaded, record)?;
    }
    Ok(report)
}

/// The warehouse before a load.
struct There {
    /// What the last load said about itself.
    record: Option<LoadRecord>,
    /// Every table, by name.
    tables: BTreeMap<&'static str, Stored>,
    /// What has been loaded.
    ledger: Ledger,
}

impl There {
    fn open(context: &Context<'_>, guard: &Guard) -> Result<Self> {
        let record = if context.load.rebuild {
            can_start(context.engine, context.out)?;
            None
        } else {
            last_load(context.engine, context.out)?
        };
        if let Some(record) = record.as_ref().filter(|_| !context.load.dry_run) {
            state::write(context.out, record)?;
        }
        let mut tables = BTreeMap::new();
        for name in ledger::every_table() {
            let version = record.as_ref().and_then(|record| record.version_of(name));
            let stored = Stored::open(context.engine, context.out, name, version)?;
            tables.insert(name, stored);
        }
        guard.clean_up(tables.values())?;
        let mut ledger = Ledger::default();
        for file in &tables[ledger::TABLE].files {
            store::read_stored(&file.path, &Ledger::schema(), |rows| ledger.add_rows(&rows))?;
        }
        ledger.sort();
        Ok(Self {
            record,
            tables,
            ledger,
        })
    }

    /// A table, which is taken once.
    fn take(&mut self, name: &str) -> Result<Stored> {
        let stored = self.tables.remove(name);
        stored.ok_or_else(|| Failure::machine(format!("the table {name} was opened once")))
    }

    /// What this load will say about itself.
    fn next_record(
        &self,
        context: &Context<'_>,
        loaded: &[LoadedTable],
        load: u64,
        loaded_at: i64,
    ) -> LoadRecord {
        let record = self.record.as_ref();
        let mut currencies = record.map_or_else(BTreeMap::new, |record| record.currencies.clone());
        for table in loaded {
            if let Some(currency) = &table.currency
                && currencies
                    .get(&table.metrics.table)
                    .is_none_or(|known| !known.named)
            {
                currencies.insert(table.metrics.table.clone(), currency.clone());
            }
        }
        LoadRecord {
            commit: format!("{:016x}", random()),
            generation: record.map_or(0, |record| record.generation),
            timezone: context.settings.config.project.timezone.0.name().to_owned(),
            load,
            tables: BTreeMap::new(),
            held: loaded
                .iter()
                .map(|table| (table.metrics.table.clone(), table.metrics.rows))
                .collect(),
            currencies,
            first_loaded_at: record.map_or(loaded_at, |record| record.first_loaded_at),
            version: 0,
        }
    }
}

/// What a load is going to read.
struct Planned {
    tables: Vec<TablePlan>,
    /// Every file that the settings name.
    inputs: Vec<manifest::Input>,
    /// Files that are loaded already.
    known: u64,
    noticed: Vec<Warning>,
    /// When the load happens, microseconds UTC.
    loaded_at: i64,
}

impl Planned {
    fn new(context: &Context<'_>, guard: &Guard, there: &There) -> Result<Self> {
        let settings = context.settings;
        let now = || chrono::Utc::now().timestamp_micros();
        let midnight = |day: Day| day.0.and_time(NaiveTime::MIN).and_utc().timestamp_micros();
        let loaded_at = context.load.loaded_at.map_or_else(now, midnight);
        let spool = guard.scratch().join("sources");
        let planning = Planning {
            mended: mended(context)?,
            ..Planning::new(settings, &there.ledger, context.engine, &spool, loaded_at)
        };
        let mut plans = Vec::new();
        for table in contract::TABLES {
            let step = format!("looking at the sources of {}", table.name);
            context.progress.step(&step);
            let stored = there.tables[table.name].schema.as_ref();
            plans.extend(mapping::plan(&planning, table, stored)?);
        }
        if !plans.iter().any(|plan| plan.table.name == "interactions") {
            return Err(Failure::settings(format!(
                "{}: no source feeds the table interactions",
                settings.path.display()
            ))
            .hint(
                "add [[sources]] with table = \"interactions\"; or, where a column of the customers says who left, name it: label = \"...\" under [churn]",
            ));
        }
        mapping::agree_on_keys(&mut plans);
        same_time_zone(context, there.record.as_ref(), &there.ledger, &plans)?;
        let mut noticed = planning.warnings.take();
        let claimed = planning.claimed.take();
        noticed.extend(unnamed_sources(context, there, &claimed)?);
        Ok(Self {
            inputs: plans
                .iter()
                .flat_map(|plan| &plan.named)
                .map(SourceFile::recorded)
                .collect(),
            known: plans.iter().map(|plan| plan.known as u64).sum(),
            tables: plans,
            noticed,
            loaded_at,
        })
    }

    fn is_nothing_new(&self) -> bool {
        self.tables.iter().all(|plan| plan.sources.is_empty())
    }
}

/// A load that finds nothing new says what the one before it said.
fn unchanged(
    context: &Context<'_>,
    there: &There,
    planned: Planned,
    files: Pending,
) -> Result<Report> {
    let load = there.record.as_ref().map_or(0, |record| record.load);
    let last = context.left_by(NAME)?.metrics::<Metrics>(NAME);
    let (tables, gates) = match last.filter(|last| last.load == load) {
        Some(last) => (last.tables, last.gates),
        None => (as_they_are(there.record.as_ref()), Vec::new()),
    };
    let metrics = Metrics {
        load,
        files_read: 0,
        files_known: planned.known,
        tables,
        gates,
        cancelled: match context.settings.config.ingest.cancelled {
            Cancelled::Undo if load > 0 => {
                let open =
                    Warehouse::open_any(context.engine, context.settings, context.out, None, None)?;
                CancelledLines::there(&open)
            }
            _ => None,
        },
    };
    context.progress.step("nothing new");
    let of_now = [
        warning::SAME_CONTENT,
        warning::UNNAMED_SOURCE,
        warning::UNMATCHED_CANCELLATIONS,
    ];
    let earlier = context.left_by(NAME)?.stages.get(NAME).into_iter();
    let earlier = earlier.flat_map(|entry| entry.warnings.clone());
    let earlier = earlier.filter(|warning| !of_now.contains(&warning.code.as_str()));
    let unmatched = metrics.cancelled.and_then(|lines| lines.warning());
    Ok(Report {
        inputs: planned.inputs,
        warnings: earlier.chain(planned.noticed).chain(unmatched).collect(),
        ..Report::new(rejects_as_they_are(context, files)?, &metrics)?
    })
}

/// Reads what is new of every table and merges it with what is there.
fn read_tables(
    context: &Context<'_>,
    guard: &Guard,
    there: &mut There,
    plans: Vec<TablePlan>,
    loaded_at: i64,
) -> Result<Vec<LoadedTable>> {
    let forgotten = Forgotten::read(context.out)?;
    let mut loaded: Vec<LoadedTable> = Vec::new();
    let mut products: Option<Keys> = None;
    for plan in plans {
        let name = plan.table.name;
        let stored = there.take(name)?;
        let load = Load {
            context,
            forgotten: &forgotten,
            ledger: &there.ledger,
            record: there.record.as_ref(),
            scratch: guard.scratch(),
            loaded_at,
        };
        let table = read_table(&load, plan, stored, products.as_ref())?;
        if name == "products" {
            products = Some(product_keys(&table)?);
        }
        loaded.push(table);
    }
    Ok(loaded)
}

/// A load of which no row of the interactions can be used is none.
fn must_have_rows(context: &Context<'_>, loaded: &[LoadedTable]) -> Result<()> {
    let empty = |table: &&LoadedTable| table.metrics.rows == 0;
    let lacks_history = context.settings.config.lacks_history();
    let Some(interactions) = loaded.last().filter(empty).filter(|_| !lacks_history) else {
        return Ok(());
    };
    Err(Failure::data(format!(
        "none of the {} source rows of interactions can be used",
        interactions.metrics.read
    ))
    .hint(match interactions.metrics.left_out {
        0 => "look at the sources: is there a row below the header?".to_owned(),
        rows => format!(
            "the condition (where) of the sources leaves out {}",
            in_english(rows, "row")
        ),
    }))
}

/// Looks at the tables as they will be: ids that cannot be meant, and the quality gates.
fn judge(
    context: &Context<'_>,
    loaded: &[LoadedTable],
    record: Option<&LoadRecord>,
    warnings: &mut Vec<Warning>,
) -> Result<(Option<CancelledLines>, Vec<GateResult>)> {
    let config = &context.settings.config;
    let keys = odd_ids::keys(loaded);
    let gates = !config.gates.is_empty();
    let undo = config.ingest.cancelled == Cancelled::Undo;
    let scope = context.engine.scope();
    // A table without rows may have no file that could be asked.
    let some = |table: &LoadedTable| table.paths().next().is_some();
    let asked = |table: &&LoadedTable| gates || (undo || !keys.is_empty()) && some(table);
    for table in loaded.iter().filter(asked) {
        candidates::name_them(&scope, table)?;
    }
    odd_ids::warn(&scope, context.progress, &keys, warnings)?;
    let interactions = loaded.last().filter(|table| undo && some(table));
    let cancelled = match interactions {
        Some(interactions) => {
            context.progress.step("pairing cancelled purchases");
            CancelledLines::to_be(&scope, interactions)?
        }
        None => None,
    };
    warnings.extend(cancelled.and_then(|lines| lines.warning()));
    context.progress.step("asking the quality gates");
    let gates = ask_the_gates(context, &scope, loaded, record, warnings)?;
    Ok((cancelled, gates))
}

/// Commits a load, with a receipt for whoever comes next if the process ends on the way.
fn commit_load(
    context: &Context<'_>,
    guard: &Guard,
    report: &mut Report,
    mut there: There,
    loaded: Vec<LoadedTable>,
    record: LoadRecord,
) -> Result<()> {
    let (engine, out) = (context.engine, context.out);
    let commit = record.commit.clone();
    let entry = context.entry(report)?;
    receipt::write(out, &mut report.files, entry, &commit)?;
    let stored = there.take(ledger::TABLE)?;
    let mut next = Vec::with_capacity(loaded.len());
    for table in loaded {
        there.ledger.entries.extend(table.entries);
        next.push(table.next);
    }
    let done = commit::commit(engine, guard, next, (&there.ledger, stored), record);
    if let Err(failure) = done {
        match last_load(engine, out) {
            // What failed came after the last commit, which is what counts.
            Ok(Some(there)) if there.commit == commit => context.progress.warn(&failure.message),
            Ok(_) => {
                report.files.lets_go();
                receipt::clear(out)?;
                return Err(failure);
            }
            // The next command finds out.
            Err(_) => return Err(failure),
        }
    }
    let keep_days = context.settings.config.ingest.keep_days;
    if let Err(failure) = commit::sweep(engine, out, keep_days) {
        // The load counts; the next one tries again.
        let message = format!("old files of the warehouse stay for now: {failure}");
        context.progress.warn(&message);
    }
    Ok(())
}

/// Holds the tables, as they will be, to what the settings ask of them.
fn ask_the_gates(
    context: &Context<'_>,
    scope: &Scope,
    loaded: &[LoadedTable],
    record: Option<&LoadRecord>,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<GateResult>> {
    let config = &context.settings.config;
    if config.gates.is_empty() {
        return Ok(Vec::new());
    }
    let view = |name: &str| {
        let there = loaded.iter().any(|table| table.metrics.table == name);
        there.then(|| candidates::name(name))
    };
    let counts = |table: &LoadedTable| TableCounts {
        read: table.metrics.read,
        kept: table.metrics.kept,
        duplicates: table.metrics.duplicates,
        rejected: table.metrics.rejected,
        rows_before: record.and_then(|record| record.held.get(&table.metrics.table).copied()),
        rows_after: table.metrics.rows,
    };
    let counts = LoadCounts {
        today: last_true_day(config),
        tables: loaded
            .iter()
            .map(|table| (table.metrics.table.clone(), counts(table)))
            .collect(),
    };
    let results = gates::check(scope, &config.gates, &view, &counts)?;
    if let Some(path) = &context.load.junit {
        gates::write_junit(path, &results, &config.project.name)?;
    }
    warnings.extend(gates::verdict(&results)?);
    Ok(results)
}

/// The last day that can be true, in the project's time zone.
pub(crate) fn last_true_day(config: &Config) -> NaiveDate {
    let today = || {
        let zone = config.project.timezone.0;
        chrono::Utc::now().with_timezone(&zone).date_naive()
    };
    config.ingest.latest.map_or_else(today, |day| day.0)
}

/// The files of mended rows, each with the source that its first row names.
fn mended(context: &Context<'_>) -> Result<Vec<(String, SourceFile)>> {
    let names: Vec<String> = context
        .settings
        .config
        .sources
        .iter()
        .map(Source::name)
        .collect();
    let mut found = Vec::new();
    for path in &context.load.mended {
        let wrong = |problem: String| {
            Failure::settings(format!("--mended {}: {problem}", path.display()))
                .hint("give a mended copy of a file of DIR/rejects/rows/")
        };
        let mut reader = csv::Reader::from_path(path).map_err(|error| wrong(error.to_string()))?;
        let header = reader.headers().map_err(|error| wrong(error.to_string()))?;
        let place = header.iter().position(|name| name == rejects::SOURCE);
        let place = place.ok_or_else(|| wrong(format!("it has no column {}", rejects::SOURCE)))?;
        let first = reader
            .records()
            .next()
            .transpose()
            .map_err(|error| wrong(error.to_string()))?;
        let Some(source) = first.and_then(|row| row.get(place).map(str::to_owned)) else {
            continue; // without a row there is nothing to load
        };
        if !names.contains(&source) {
            return Err(wrong(format!("the settings have no source `{source}`")));
        }
        let file = SourceFile::read(path.clone(), Format::Csv)?;
        found.push((source, file));
    }
    Ok(found)
}

/// Days are counted in one time zone, so files that another one was applied to have to be there
/// again.
fn same_time_zone(
    context: &Context<'_>,
    record: Option<&LoadRecord>,
    ledger: &Ledger,
    plans: &[TablePlan],
) -> Result<()> {
    let zone = context.settings.config.project.timezone;
    let Some(record) = record.filter(|record| record.timezone != zone.0.name()) else {
        return Ok(());
    };
    let read: Vec<i32> = plans
        .iter()
        .flat_map(|plan| &plan.sources)
        .flat_map(|source| &source.files)
        .map(|file| file.number)
        .collect();
    let latest = ledger.latest();
    let gone = latest
        .values()
        .filter(|entry| entry.table == "interactions" && !read.contains(&entry.number));
    match gone.map(|entry| entry.path.display().to_string()).next() {
        None => Ok(()),
        Some(path) => Err(context
            .settings
            .wrong(
                &["project", "timezone"],
                format!(
                    "the warehouse was loaded with {}, and {path} is not there to be read again with {zone}",
                    record.timezone
                ),
            )
            .hint("bring the file back, or start the warehouse again from the files that are there: regulars ingest --rebuild")),
    }
}

/// Rows of sources that the settings do not name any more, which stay in the warehouse.
fn unnamed_sources(
    context: &Context<'_>,
    there: &There,
    claimed: &HashSet<i32>,
) -> Result<Vec<Warning>> {
    let mut by_source: BTreeMap<(&str, &str), Vec<i32>> = BTreeMap::new();
    let unnamed = there.ledger.unnamed(context.settings).into_iter();
    // What a source of this load goes on with is named again.
    for entry in unnamed.filter(|entry| !claimed.contains(&entry.number)) {
        let of = by_source.entry((&entry.table, &entry.source));
        of.or_default().push(entry.number);
    }
    let mut warnings = Vec::new();
    for ((table, source), numbers) in by_source {
        let Some(stored) = there.tables.get(table) else {
            continue;
        };
        let rows = stored.holding(&|file| numbers.contains(&file))?;
        if rows > 0 {
            warnings.push(Warning::new(
                warning::UNNAMED_SOURCE,
                tr!(
                    "{table}: the warehouse holds {rows} of the source `{source}`, which the settings do not name any more; to start again from the sources that are named: regulars ingest --rebuild -c {settings}",
                    table = table,
                    rows = plural(rows, "row"),
                    source = source,
                    settings = context.settings.path.display(),
                ),
            ));
        }
    }
    Ok(warnings)
}

/// What the settings leave out, and what that switches off.
fn missing_in_settings(context: &Context<'_>) -> Vec<Warning> {
    let config = &context.settings.config;
    let mut warnings = Vec::new();
    if config.lacks_history() {
        return warnings; // what is missing would be about purchases
    }
    if !config
        .sources
        .iter()
        .any(|source| source.table == "products")
    {
        warnings.push(Warning::new(
            warning::NO_PRODUCTS,
            tr!(
                "no source feeds the products: taxonomy features are off, and rules and offers work on product ids"
            ),
        ));
    }
    if !config
        .sources_of("interactions")
        .any(|(_, source)| source.columns.contains_key("amount"))
    {
        warnings.push(Warning::new(
            warning::NO_AMOUNTS,
            tr!(
                "no source gives the interactions an amount: money is 0 everywhere, and segments rest on recency and frequency"
            ),
        ));
    }
    warnings
}

/// The tables when nothing was read.
fn as_they_are(record: Option<&LoadRecord>) -> Vec<TableMetrics> {
    let held = record.into_iter().flat_map(|record| &record.held);
    held.map(|(table, rows)| TableMetrics {
        table: table.clone(),
        rows: *rows,
        ..TableMetrics::default()
    })
    .collect()
}

/// The rejects of the load before, which stay when nothing was read.
fn rejects_as_they_are(context: &Context<'_>, mut files: Pending) -> Result<Pending> {
    let earlier = context.left_by(NAME)?.files.iter();
    for file in earlier.filter(|file| file.stage == NAME) {
        let path = context.out.join(&file.path);
        if path.is_file() {
            let place = files.place(&file.path, file.rows, &file.about)?;
            std::fs::copy(&path, &place).during(path.display())?;
        }
    }
    Ok(files)
}

/// The rejects of a load that was cut off, which nobody has seen, beside those of this one.
fn keep_unseen_rejects(context: &Context<'_>, files: &mut Pending) -> Result<()> {
    let load = context.left_by(NAME)?.metrics::<Metrics>(NAME);
    let load = load.map_or(0, |metrics| metrics.load);
    for file in context
        .left_by(NAME)?
        .files
        .iter()
        .filter(|file| file.stage == NAME)
    {
        let Some(name) = file.path.strip_prefix("rejects/") else {
            continue;
        };
        let path = below(
            context.out,
            &file.path,
            &context.out.join(manifest::FILE_NAME),
        )?;
        let name = format!("rejects/load-{load}/{name}");
        let place = files.place(&name, file.rows, &file.about)?;
        std::fs::copy(&path, &place).during(path.display())?;
    }
    Ok(())
}
