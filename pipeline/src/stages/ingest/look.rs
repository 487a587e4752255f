//! A look at the sources before a load: planned in full, read in part, nothing written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use arrow::array::Array;
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::physical_expr::utils::collect_columns;

use super::currencies::Tally;
use super::files::Planning;
use super::judged::Reject;
use super::last_true_day;
use super::mapping;
use super::plan::{PlannedFile, Reading, SourcePlan};
use super::rejects::what;
use super::rows::{Canonical, Shaper};
use super::zone::Zone;
use crate::config::{Mapping, Settings};
use crate::contract;
use crate::engine::Engine;
use crate::engine::row_hash::hash_columns;
use crate::failure::Result;
use crate::sources::{Pieces, RawBatch, SourceFile};
use crate::warehouse::forgotten::Forgotten;
use crate::warehouse::layout::{Layout, Origin};
use crate::warehouse::ledger::Ledger;
use crate::warehouse::versions::{Entry, Outcome, Terms, versions};
use crate::warning::Warning;
use crate::words::said;

/// What a canonical table would be made of.
#[derive(Clone, Debug)]
pub struct TableLook {
    /// The canonical table.
    pub table: &'static str,
    /// Its sources, in the order of the settings.
    pub sources: Vec<SourceLook>,
}

/// One source, and how its rows fare.
#[derive(Clone, Debug)]
pub struct SourceLook {
    /// Its number in the settings, from 0.
    pub number: usize,
    /// Its files.
    pub files: Vec<SourceFile>,
    /// How the canonical columns are filled.
    pub columns: Vec<ColumnLook>,
    /// Columns of the source that nothing is made of.
    pub unused: Vec<String>,
    /// Rows looked at.
    pub rows: u64,
    /// Of these, rows that a load would reject.
    pub rejected: u64,
    /// Rows beside these that the condition leaves out.
    pub left_out: u64,
    /// What its rows are joined with, in words.
    pub joins: Vec<String>,
    /// Whether all rows were looked at.
    pub whole: bool,
    /// Why rows or cells cannot be used, with how many and where the first stands.
    pub reasons: BTreeMap<String, (u64, String)>,
}

/// One canonical column of a source.
#[derive(Clone, Debug)]
pub struct ColumnLook {
    /// Its canonical name.
    pub name: String,
    /// Its type in the warehouse, in a word.
    pub holds: &'static str,
    /// Where its values come from, as written in the settings.
    pub from: String,
    /// Rows looked at in which it has a value.
    pub filled: u64,
    /// The first value, as the warehouse would hold it.
    pub example: Option<String>,
}

/// Plans every source and reads the first `rows` of its first and of its last file; all of them
/// when `rows` is none. Also hands out what was noticed while planning.
///
/// Keys that occur twice are found where all rows are looked at, if a table has no more than five
/// million with keys; copies of earlier lines, which are no rejects, by the load alone.
///
/// # Errors
/// Whatever would stop a load before it reads: files, columns, SQL; files that cannot be read; and
/// amounts in several currencies.
pub fn look(
    settings: &Settings,
    engine: &Engine,
    spool: &Path,
    rows: Option<u64>,
) -> Result<(Vec<TableLook>, Vec<Warning>)> {
    // As a first load would plan it, whatever has been loaded.
    let ledger = Ledger::default();
    let planning = Planning::new(settings, &ledger, engine, spool, 0);
    let mut plans = Vec::new();
    for table in contract::TABLES {
        plans.extend(mapping::plan(&planning, table, None)?);
    }
    mapping::agree_on_keys(&mut plans);
    plans.retain(|plan| !plan.sources.is_empty());
    let mut tables = Vec::new();
    for plan in plans {
        let deletes = plan.sources.iter().any(|source| source.deleted.is_some());
        let layout = Layout::new(plan.table, plan.columns, deletes);
        let shaper = Shaper {
            layout: &layout,
            zone: Zone::new(settings.config.project.timezone.0),
            earliest: settings.config.ingest.earliest.0.to_epoch_days(),
            latest: last_true_day(&settings.config).to_epoch_days(),
            products: None,
            forgotten: &Forgotten::default(),
            same_lines: settings.config.ingest.same_lines,
        };
        let mut found = Vec::new();
        let mut currencies = Tally::default();
        let mut keyed = Some(Vec::new()).filter(|_| rows.is_none());
        for source in &plan.sources {
            found.push(look_at(&shaper, source, rows, &mut currencies, &mut keyed)?);
        }
        let entries = keyed.unwrap_or_default();
        contradictions(settings, &layout, &plan.sources, entries, &mut found);
        currencies.must_be_one(plan.table.name, &settings.config)?;
        tables.push(TableLook {
            table: plan.table.name,
            sources: found,
        });
    }
    Ok((tables, planning.warnings.take()))
}

fn look_at(
    shaper: &Shaper<'_>,
    plan: &SourcePlan,
    rows: Option<u64>,
    currencies: &mut Tally,
    keyed: &mut Option<Vec<Entry>>,
) -> Result<SourceLook> {
    let factors = plan.readings.iter().flat_map(|reading| match reading {
        Reading::Product { by, .. } => std::slice::from_ref(by),
        Reading::First(others) => others,
        _ => &[],
    });
    let told = plan.known_at.iter().chain(&plan.deleted);
    let told = told
        .chain(&plan.condition)
        .chain(&plan.money.currency)
        .chain(factors);
    let used: BTreeSet<String> = plan
        .expressions
        .iter()
        .flatten()
        .chain(told)
        .flat_map(collect_columns)
        .map(|column| column.name().to_owned())
        .chain(plan.source.key.iter().cloned())
        .chain(plan.source.fill_down.iter().cloned())
        .chain(plan.join_keys())
        .collect();
    let names = plan.schema.fields().iter().map(|field| field.name());
    let mut look = SourceLook {
        number: plan.number,
        files: plan
            .files
            .iter()
            .map(|planned| planned.file.clone())
            .collect(),
        columns: shaper
            .layout
            .columns
            .iter()
            .filter_map(|column| {
                Some(ColumnLook {
                    name: column.name.clone(),
                    holds: said(word(&column.data_type)),
                    from: written(plan.source.columns.get(&column.name)?),
                    filled: 0,
                    example: None,
                })
            })
            .collect(),
        unused: names
            .filter(|name| !used.contains(*name))
            .cloned()
            .collect(),
        rows: 0,
        rejected: 0,
        left_out: 0,
        joins: plan
            .joins
            .as_ref()
            .map_or(Vec::new(), |joins| joins.in_words()),
        whole: true,
        reasons: BTreeMap::new(),
    };
    let last = plan.files.len().saturating_sub(1);
    let before = keyed.as_ref().map_or(0, Vec::len);
    for (place, planned) in plan.files.iter().enumerate() {
        let file = &planned.file;
        if rows.is_some() && place != 0 && place != last {
            look.whole = false;
            continue;
        }
        let mut left = rows;
        let passes = if rows.is_some() { 1 } else { plan.passes()? };
        look.whole &= passes == plan.passes()?;
        let pieces = (0..passes).flat_map(|pass| one_or_failure(plan.open(file, false, pass)));
        for piece in pieces {
            if left == Some(0) {
                look.whole = false;
                break;
            }
            let (mut batch, left_out) = plan.let_through(piece?()?)?;
            look.left_out += left_out;
            if let Some(left) = &mut left {
                let taken = (batch.lines.len() as u64).min(*left) as usize;
                if taken < batch.lines.len() {
                    look.whole = false;
                    batch.rows = batch.rows.slice(0, taken);
                    batch.lines.truncate(taken);
                    batch.flaws.retain(|flaw| flaw.row < taken);
                    let end = batch.lines.last().copied().unwrap_or(0);
                    batch.malformed.retain(|row| row.line <= end);
                }
                *left -= taken as u64;
            }
            let canonical = look.add(shaper, plan, planned, &batch)?;
            currencies.add(&canonical.judged.currencies);
            if let Some(entries) = keyed
                && plan.has_key(shaper.layout.table)
            {
                entries.extend(entries_of(shaper.layout, planned, &canonical)?);
                if entries.len() > MOST_KEYS {
                    *keyed = None;
                }
            }
        }
    }
    if let Some(entries) = keyed.as_mut().filter(|_| plan.source.most_frequent) {
        let own = entries.split_off(before);
        entries.extend(one_for_each_key(own));
    }
    Ok(look)
}

/// Of rows of which many speak of one thing one for each: what most of its rows say.
fn one_for_each_key(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by_key(|entry| (entry.key, entry.content, entry.origin));
    let of_key = entries.chunk_by(|a, b| a.key == b.key);
    let chosen = of_key.filter_map(|rows| {
        let said = rows.chunk_by(|a, b| a.content == b.content);
        said.max_by_key(|rows| rows.len())?.first().copied()
    });
    chosen.collect()
}

/// The pieces of a file, or why there are none.
fn one_or_failure(opened: Result<Pieces>) -> Pieces {
    opened.unwrap_or_else(|failure| Box::new(std::iter::once(Err(failure))))
}

/// Rows with keys that are compared with each other.
const MOST_KEYS: usize = 5_000_000;

/// The rows that can be used, as they are compared with others of their key.
fn entries_of(
    layout: &Layout,
    planned: &PlannedFile,
    canonical: &Canonical<'_>,
) -> Result<Vec<Entry>> {
    let judged = &canonical.judged;
    let count = judged.good.len();
    let contents = hash_columns(&canonical.columns[..layout.content()], count, 0)?;
    let deletions = judged.deletions();
    let good = (0..count).filter(|&row| judged.good[row]);
    let entries = good.map(|row| Entry {
        key: canonical.keys.value(row),
        known_at: canonical.known_at.value(row),
        replaced_at: None,
        content: contents[row],
        file: planned.number,
        origin: Some(
            Origin {
                file: planned.order,
                line: judged.raw.lines[row],
            }
            .code(),
        ),
        deleted: deletions.value(row),
    });
    Ok(entries.collect())
}

/// Rejects the rows that contradict another one with their key, as a first load would.
fn contradictions(
    settings: &Settings,
    layout: &Layout,
    sources: &[SourcePlan],
    mut entries: Vec<Entry>,
    found: &mut [SourceLook],
) {
    entries.sort_unstable_by_key(Entry::order);
    let terms = Terms {
        loaded_at: 0,
        duplicates: settings.config.ingest.duplicates,
        changed: &|_| false,
    };
    for rows in entries.chunk_by(|a, b| a.key == b.key) {
        if rows.len() < 2 && !rows[0].deleted {
            continue;
        }
        for (row, outcome) in rows.iter().zip(versions(rows, &terms)) {
            let Outcome::Rejected(reason) = outcome else {
                continue;
            };
            let origin = Origin::of(row.origin.unwrap_or_default());
            for (source, look) in sources.iter().zip(found.iter_mut()) {
                let mut files = source.files.iter();
                if let Some(planned) = files.find(|planned| planned.order == origin.file) {
                    let reject = Reject {
                        line: origin.line,
                        column: layout.table.key.unwrap_or("").to_owned(),
                        value: String::new(),
                        reason: said(reason).to_owned(),
                    };
                    look.rejected += 1;
                    look.note(&reject, &planned.file);
                }
            }
        }
    }
}

impl SourceLook {
    /// Counts some rows of the source as a load would.
    fn add<'a>(
        &mut self,
        shaper: &Shaper<'_>,
        plan: &SourcePlan,
        planned: &PlannedFile,
        batch: &'a RawBatch,
    ) -> Result<Canonical<'a>> {
        let rows = batch.rows.num_rows();
        let canonical = shaper.judge(plan, planned, batch)?;
        let options = FormatOptions::default();
        for (column, values) in shaper.layout.columns.iter().zip(&canonical.columns) {
            let known = |look: &&mut ColumnLook| look.name == column.name;
            if let Some(look) = self.columns.iter_mut().find(known) {
                look.filled += (rows - values.null_count()) as u64;
                if look.example.is_none()
                    && let Some(row) = (0..rows).find(|&row| values.is_valid(row))
                {
                    let shown = ArrayFormatter::try_new(values.as_ref(), &options)?;
                    look.example = Some(shown.value(row).to_string());
                }
            }
        }
        self.rows += (rows + batch.malformed.len()) as u64;
        self.rejected += canonical.judged.rejected();
        for reject in &canonical.judged.rejects {
            self.note(reject, &planned.file);
        }
        for ((column, reason), number) in &canonical.judged.more {
            let first = || (0, planned.file.path.display().to_string());
            let reason = self.reasons.entry(what(column, reason));
            reason.or_insert_with(first).0 += number;
        }
        Ok(canonical)
    }

    fn note(&mut self, reject: &Reject, file: &SourceFile) {
        let reason = what(&reject.column, &reject.reason);
        let place = || {
            let value: String = reject.value.chars().take(60).collect();
            let shown = if value.is_empty() {
                value
            } else {
                format!(" `{value}`")
            };
            format!("{}:{}{shown}", file.path.display(), reject.line)
        };
        self.reasons.entry(reason).or_insert_with(|| (0, place())).0 += 1;
    }
}

fn word(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Int64 => mark!("whole number"),
        DataType::Float64 => mark!("number"),
        DataType::Decimal128(_, _) => mark!("exact decimal"),
        DataType::Timestamp(_, _) => mark!("moment, UTC"),
        DataType::Date32 => mark!("day"),
        DataType::Boolean => mark!("yes or no"),
        _ => mark!("text"),
    }
}

fn written(mapping: &Mapping) -> String {
    match mapping {
        Mapping::Column(column) => tr!("column `{name}`", name = column.name),
        Mapping::Constant(value) => tr!("always {value}", value = value),
        Mapping::Product([first, second]) => {
            tr!(
                "`{one}` times `{other}`",
                one = first.name,
                other = second.name
            )
        }
        Mapping::First(columns) => {
            let names: Vec<String> = columns.iter().map(|c| format!("`{}`", c.name)).collect();
            tr!("the first of {names}", names = names.join(", "))
        }
        Mapping::BySign(column) => tr!("the sign of `{name}`", name = column.name),
        Mapping::Sql(sql) => sql.clone(),
    }
}
