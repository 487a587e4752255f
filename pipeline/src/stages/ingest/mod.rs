//! `ingest`: source files, mapped onto the canonical tables, become the warehouse.
//!
//! A load reads the files that are not loaded yet, lets their rows wait by month, merges each
//! month that they touch with what is there, and commits everything at once.

mod candidates;
pub(crate) mod coerce;
mod commit;
mod condition;
mod currencies;
mod evaluate;
mod fold;
pub mod forget;
mod forget_key;
mod forgotten;
mod index;
mod judged;
mod layout;
mod ledger;
pub mod look;
mod mapping;
mod merge;
mod odd_ids;
pub mod receipt;
mod rejects;
mod rows;
mod staging;
mod state;
mod store;
mod table;
mod versions;
mod zone;

use std::collections::{BTreeMap, HashSet};

use arrow::array::Array;
use chrono::{NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};

use self::commit::{Guard, LoadedTable};
use self::forgotten::Forgotten;
use self::ledger::Ledger;
use self::mapping::{Planning, TablePlan};
pub use self::rejects::{not_listed, was_there};
use self::rows::Keys;
use self::store::Stored;
use self::table::{Load, read_table};
use super::{Context, Report};
use crate::below::below;
use crate::config::{Config, Day, Format, Source};
use crate::contract;
use crate::failure::{During, Failure, Result};
use crate::gates::{self, GateResult, LoadCounts, TableCounts};
use crate::interrupt;
use crate::manifest;
use crate::outputs::Pending;
use crate::row_hash::random;
use crate::sources::SourceFile;
use crate::text::{count, percent, plural};
use crate::warehouse::{LoadRecord, can_start, last_load};
use crate::warning::{self, Warning};

/// The stage's one name.
pub const NAME: &str = "ingest";

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
}

/// Where the rows of one table ended: `read = kept + duplicates + rejected +
/// left_out + merged`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TableMetrics {
    /// The canonical table.
    pub table: String,
    /// Rows of the source files.
    pub read: u64,
    /// Rows that were new.
    pub kept: u64,
    /// Rows that were there already: copies of earlier lines, repetitions of what a key says.
    pub duplicates: u64,
    /// Rows that cannot be used.
    pub rejected: u64,
    /// Rows that the conditions of the sources leave out.
    #[serde(default)]
    pub left_out: u64,
    /// Rows that went into that of another with the same key, where many speak of one thing.
    #[serde(default)]
    pub merged: u64,
    /// Interactions whose product the products table does not have.
    pub unknown_products: u64,
    /// Rows of earlier loads that hold no longer: corrected, deleted, or gone from their file.
    pub ended: u64,
    /// Rows of the table that hold after the load.
    pub rows: u64,
}

/// Loads what is new in the sources into the warehouse, all of it or nothing.
pub fn run(context: &Context<'_>) -> Result<Report> {
    let settings = context.settings;
    let guard = Guard::take(context.out)?;
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

    let now = || chrono::Utc::now().timestamp_micros();
    let midnight = |day: Day| day.0.and_time(NaiveTime::MIN).and_utc().timestamp_micros();
    let loaded_at = context.load.loaded_at.map_or_else(now, midnight);
    let spool = guard.scratch().join("sources");
    let planning = Planning {
        mended: mended(context)?,
        ..Planning::new(settings, &ledger, context.engine, &spool, loaded_at)
    };
    let mut plans = Vec::new();
    for table in contract::TABLES {
        context
            .progress
            .step(&format!("looking at the sources of {}", table.name));
        let stored = tables[table.name].schema.as_ref();
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
    same_time_zone(context, record.as_ref(), &ledger, &plans)?;

    let mut metrics = Metrics {
        load: record.as_ref().map_or(0, |record| record.load),
        files_read: 0,
        files_known: plans.iter().map(|plan| plan.known as u64).sum(),
        tables: Vec::new(),
        gates: Vec::new(),
    };
    let mut files = Pending::new(context.out, NAME);
    let mut warnings = missing_in_settings(context);
    let mut noticed = planning.warnings.take();
    let claimed = planning.claimed.take();
    noticed.extend(unnamed_sources(context, &ledger, &tables, &claimed)?);
    let inputs = plans.iter().flat_map(|plan| plan.named.clone()).collect();
    let nothing_new = plans.iter().all(|plan| plan.sources.is_empty());
    if nothing_new && record.is_some() {
        let said = context.manifest.stages.get(NAME);
        let last = context.manifest.metrics::<Metrics>(NAME);
        match last.filter(|last| last.load == metrics.load) {
            Some(last) => (metrics.tables, metrics.gates) = (last.tables, last.gates),
            None => metrics.tables = as_they_are(record.as_ref()),
        }
        context.progress.step("nothing new");
        let of_now = [warning::SAME_CONTENT, warning::UNNAMED_SOURCE];
        let said = said.into_iter().flat_map(|entry| entry.warnings.clone());
        let said = said.filter(|warning| !of_now.contains(&warning.code.as_str()));
        return Ok(Report {
            inputs,
            warnings: said.chain(noticed).collect(),
            ..Report::new(rejects_as_they_are(context, files)?, &metrics)?
        });
    }

    warnings.extend(noticed);
    let forgotten = Forgotten::read(context.out)?;
    let load = Load {
        context,
        forgotten: &forgotten,
        ledger: &ledger,
        record: record.as_ref(),
        scratch: guard.scratch(),
        loaded_at,
    };
    let mut loaded: Vec<LoadedTable> = Vec::new();
    let mut products: Option<Keys> = None;
    for plan in plans {
        let name = plan.table.name;
        let stored = tables
            .remove(name)
            .ok_or_else(|| Failure::machine("a table was opened once"))?;
        let table = read_table(&load, plan, stored, products.as_ref())?;
        if name == "products" {
            products = Some(product_keys(&table)?);
        }
        table.warn(&mut warnings);
        metrics.files_read += table.entries.len() as u64;
        metrics.tables.push(table.metrics.clone());
        loaded.push(table);
    }
    if let Some(interactions) = loaded.last()
        && interactions.metrics.rows == 0
        && !settings.config.lacks_history()
    {
        return Err(Failure::data(format!(
            "none of the {} source rows of interactions can be used",
            interactions.metrics.read
        ))
        .hint(match interactions.metrics.left_out {
            0 => "look at the sources: is there a row below the header?".to_owned(),
            rows => format!(
                "the condition (where) of the sources leaves out {}",
                plural(rows, "row")
            ),
        }));
    }
    if context.unseen_load {
        keep_unseen_rejects(context, &mut files)?;
    }
    for table in &mut loaded {
        if let Some(rejects) = table.rejects.take() {
            files.absorb(rejects);
        }
    }
    let keys = odd_ids::keys(&loaded);
    let gates = !settings.config.gates.is_empty();
    // A table without rows may have no file that could be asked.
    let asked = |table: &&LoadedTable| gates || !keys.is_empty() && table.paths().next().is_some();
    for table in loaded.iter().filter(asked) {
        candidates::register(context.engine, table)?;
    }
    odd_ids::warn(context, &keys, &mut warnings)?;
    context.progress.step("asking the quality gates");
    metrics.gates = ask_the_gates(context, &loaded, record.as_ref(), &mut warnings)?;
    metrics.load = ledger.next_load() as u64;
    let record = LoadRecord {
        commit: format!("{:016x}", random()),
        generation: record.as_ref().map_or(0, |record| record.generation),
        timezone: settings.config.project.timezone.0.name().to_owned(),
        load: metrics.load,
        tables: BTreeMap::new(),
        held: loaded
            .iter()
            .map(|table| (table.metrics.table.clone(), table.metrics.rows))
            .collect(),
        first_loaded_at: record
            .as_ref()
            .map_or(loaded_at, |record| record.first_loaded_at),
        version: 0,
    };
    let stored = tables
        .remove(ledger::TABLE)
        .ok_or_else(|| Failure::machine("the loads were opened once"))?;
    let rows_in = metrics.tables.iter().map(|table| table.read).sum();
    let rows_out = metrics.tables.iter().map(|table| table.kept).sum();
    let mut report = Report {
        inputs,
        rows_in,
        rows_out,
        warnings,
        ..Report::new(files, &metrics)?
    };
    if context.load.dry_run {
        return Ok(report);
    }
    context.progress.step("committing");
    report.hold = Some(interrupt::hold());
    let commit = record.commit.clone();
    receipt::write(context, &mut report, &commit)?;
    if let Err(failure) = commit::commit(context, &guard, loaded, (ledger, stored), record) {
        match last_load(context.engine, context.out) {
            // What failed came after the last commit, which is what counts.
            Ok(Some(there)) if there.commit == commit => context.progress.warn(&failure.message),
            Ok(_) => {
                report.files.lets_go();
                receipt::clear(context.out)?;
                return Err(failure);
            }
            // The next command finds out.
            Err(_) => return Err(failure),
        }
    }
    Ok(report)
}

/// Holds the tables, as they will be, to what the settings ask of them.
fn ask_the_gates(
    context: &Context<'_>,
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
    let results = gates::check(context.engine, &config.gates, &view, &counts)?;
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
    ledger: &Ledger,
    tables: &BTreeMap<&str, Stored>,
    claimed: &HashSet<i32>,
) -> Result<Vec<Warning>> {
    let mut by_source: BTreeMap<(&str, &str), Vec<i32>> = BTreeMap::new();
    let unnamed = ledger.unnamed(context.settings).into_iter();
    // What a source of this load goes on with is named again.
    for entry in unnamed.filter(|entry| !claimed.contains(&entry.number)) {
        let of = by_source.entry((&entry.table, &entry.source));
        of.or_default().push(entry.number);
    }
    let mut warnings = Vec::new();
    for ((table, source), numbers) in by_source {
        let Some(stored) = tables.get(table) else {
            continue;
        };
        let rows = stored.holding(&|file| numbers.contains(&file))?;
        if rows > 0 {
            warnings.push(Warning::new(
                warning::UNNAMED_SOURCE,
                format!(
                    "{table}: the warehouse holds {} of the source `{source}`, which the settings do not name any more; to start again from the sources that are named: regulars ingest --rebuild -c {}",
                    plural(rows, "row"),
                    context.settings.path.display(),
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
            "no source feeds the products: taxonomy features are off, and rules and offers work on product ids",
        ));
    }
    if !config
        .sources_of("interactions")
        .any(|(_, source)| source.columns.contains_key("amount"))
    {
        warnings.push(Warning::new(
            warning::NO_AMOUNTS,
            "no source gives the interactions an amount: money is 0 everywhere, and segments rest on recency and frequency",
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
    let earlier = context.manifest.files.iter();
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
    let load = context.manifest.metrics::<Metrics>(NAME);
    let load = load.map_or(0, |metrics| metrics.load);
    for file in context
        .manifest
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

impl LoadedTable {
    /// Holds the load to the share of rejects that the settings allow.
    fn within(&self, limit: f64, context: &Context<'_>) -> Result<()> {
        let TableMetrics {
            table,
            read,
            rejected,
            left_out,
            ..
        } = &self.metrics;
        let read = &(read - left_out);
        let share = if *read == 0 {
            0.0
        } else {
            *rejected as f64 / *read as f64
        };
        if share <= limit {
            return Ok(());
        }
        Err(Failure::data(format!(
            "{table}: {} of {} rows ({}) cannot be used, more than the {} that the settings allow; nothing was loaded",
            count(*rejected),
            count(*read),
            percent(share),
            percent(limit),
        ))
        .hint(format!(
            "most are: {}. Each row is in {}; mend them, or raise max_reject_share under [ingest]",
            self.reasons,
            context.out.join(&self.rejects_name).display()
        )))
    }

    fn warn(&self, warnings: &mut Vec<Warning>) {
        let TableMetrics {
            table,
            read,
            duplicates,
            rejected,
            unknown_products,
            ..
        } = &self.metrics;
        if *rejected > 0 {
            let message = format!(
                "{table}: {} of {} rows rejected ({}); see {}",
                count(*rejected),
                count(*read),
                self.reasons,
                self.rejects_name
            );
            warnings.push(Warning::new(warning::REJECTED_ROWS, message));
        }
        if *duplicates > 0 {
            let message = format!(
                "{table}: {} left out that were there already; see {}, or keep copies of lines with duplicates = \"keep\" under [ingest]",
                plural(*duplicates, "row"),
                self.rejects_name
            );
            warnings.push(Warning::new(warning::DUPLICATE_ROWS, message));
        }
        if *unknown_products > 0 {
            let message = format!(
                "{table}: {} rows name products that the products table does not have",
                count(*unknown_products)
            );
            warnings.push(Warning::new(warning::UNKNOWN_PRODUCTS, message));
        }
    }
}

/// The keys of the products after this load.
fn product_keys(table: &LoadedTable) -> Result<Keys> {
    let mut keys = Keys::default();
    for path in table.paths() {
        store::read_stored(&path, &table.layout.stored, |batch| {
            if let (Some(values), Some(ends)) = (
                batch.column_by_name("product_id"),
                batch.column_by_name(layout::REPLACED_AT),
            ) {
                (0..batch.num_rows())
                    .filter(|&row| ends.is_null(row))
                    .for_each(|row| {
                        keys.insert(values, row);
                    });
            }
            Ok(())
        })?;
    }
    Ok(keys)
}
