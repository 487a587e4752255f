//! A history on disk: the sources, settings that load them, and the truth beside them.

mod dirt;
mod interactions;
mod settings;
mod tables;

use std::fs::{self, File};
use std::path::Path;

use arrow::record_batch::RecordBatch;
use chrono::NaiveDate;
use rayon::prelude::*;

pub use dirt::{DirtyRow, PROBLEMS, Wanted};

use self::dirt::Soil;
use self::interactions::InteractionsWriter;
use super::calendar::{Day, FUTURE_DAYS};
use super::random::{Purpose, Stream};
use super::rows::{Problem, Row};
use super::shopping::BasketCounts;
use super::truth;
use super::{HistoryError, Params, World};
use crate::files::{Beside, Format, TRUTH, TableWriter, WriteError, write_table, write_text};

/// The horizon of the churn truth that is written, in days.
pub const HORIZON_DAYS: u32 = 28;

/// What to write.
#[derive(Clone, Debug)]
pub struct Order {
    /// The history.
    pub params: Params,
    /// The format of the sources.
    pub format: Format,
    /// Whether the sources are made dirty, row by row noted.
    pub dirty: bool,
    /// As-of dates for which the churn truth is written, beside the end of the history and the
    /// last date whose horizon lies within it.
    pub truth_at: Vec<NaiveDate>,
}

/// What was written.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// Rows of the interactions, dirty ones included.
    pub interactions: u64,
    /// Purchase lines among them.
    pub lines: u64,
    /// Baskets.
    pub baskets: u64,
    /// Dirty rows of each of [`PROBLEMS`].
    pub dirty: [u64; PROBLEMS.len()],
    /// Bytes of the sources.
    pub bytes: u64,
}

/// What one part of the customers contributes to the tables of all.
struct Part {
    customers: RecordBatch,
    dirty_customers: Vec<(u64, Problem)>,
    members: RecordBatch,
    types: RecordBatch,
    churn: Vec<RecordBatch>,
    uplift: RecordBatch,
    late: Vec<Row>,
    counts: BasketCounts,
    /// Contacts of each campaign.
    contacts: Vec<i64>,
    interactions: u64,
    lines: u64,
    dirty_rows: Vec<DirtyRow>,
}

/// Writes a history into a folder that is not there yet, or is empty.
///
/// Uses the threads of the current rayon pool; the bytes are the same with any number. Memory
/// does not grow with the number of customers. `progress` hears how many customers are done and
/// how many interactions they have. When anything fails, nothing is left behind.
///
/// # Errors
/// Parameters that make no history, a folder that holds something already, as-of dates outside
/// the history, and whatever the disk refuses.
pub fn write(
    order: &Order,
    out: &Path,
    mut progress: impl FnMut(u64, u64),
) -> Result<Written, HistoryError> {
    let world = World::new(order.params)?;
    let as_of = as_of_days(&world, &order.truth_at)?;
    let beside = Beside::new(out)?;
    let root = beside.path();
    let written = write_into(order, &world, &as_of, root, &mut progress)?;
    beside.into_place(out)?;
    Ok(written)
}

/// The as-of dates of the churn truth as days, the earliest first.
fn as_of_days(world: &World, asked: &[NaiveDate]) -> Result<Vec<Day>, HistoryError> {
    let end = world.calendar.days;
    let mut days = vec![end - HORIZON_DAYS as Day, end];
    for date in asked {
        let day = world.calendar.day(*date);
        if day < 1 || day > end {
            return Err(HistoryError::AsOf {
                date: *date,
                first: world.calendar.date(1),
                last: world.calendar.date(end),
            });
        }
        days.push(day);
    }
    days.sort_unstable();
    days.dedup();
    debug_assert!(HORIZON_DAYS as Day <= FUTURE_DAYS);
    Ok(days)
}

fn write_into(
    order: &Order,
    world: &World,
    as_of: &[Day],
    root: &Path,
    progress: &mut impl FnMut(u64, u64),
) -> Result<Written, WriteError> {
    let format = order.format;
    let truth = root.join(TRUTH);
    for folder in [root.join("interactions"), truth.clone()] {
        fs::create_dir_all(&folder).map_err(|error| WriteError::io(&folder, error))?;
    }
    let source = |name: &str| root.join(format!("{name}.{}", format.ending()));
    let mut dirty_rows = DirtyRows::new(order.dirty, &truth)?;
    let mut written = Written::default();

    let products = tables::products(world, order.dirty && format == Format::Csv);
    write_table(source("products"), format, &products.rows)?;
    dirty_rows.add(&products.dirty_rows)?;
    let mut customers = TableWriter::new(source("customers"), format, tables::customers_schema())?;
    let mut members =
        TableWriter::new(source("campaign_members"), format, tables::members_schema())?;
    let in_truth = |name: &str, schema| TableWriter::new(truth.join(name), Format::Parquet, schema);
    let mut types = in_truth("customers.parquet", tables::types_schema())?;
    let mut churn = in_truth("churn.parquet", tables::churn_schema())?;
    let mut uplift = in_truth("uplift.parquet", tables::uplift_schema())?;
    let late_name = format!("interactions/late.{}", format.ending());
    let mut late: Option<InteractionsWriter> = None;
    let mut counts = BasketCounts::default();
    let (mut people, mut customer_rows) = (0, 0);
    let mut contacts = vec![0; world.calendar.campaigns.len()];

    let all = world.params.customers;
    let of_a_part = customers_of_a_part(world.params.months);
    let parts: Vec<u64> = (0..all.div_ceil(of_a_part)).collect();
    // As many parts at a time as there are threads: what is in memory does not grow, and the
    // tables of all customers are written in the order of the parts.
    for round in parts.chunks(rayon::current_num_threads().max(1)) {
        let done: Vec<Result<Part, WriteError>> = round
            .par_iter()
            .map(|&number| {
                let first = number * of_a_part + 1;
                let last = (first + of_a_part - 1).min(all);
                write_part(order, world, as_of, root, number, first..=last)
            })
            .collect();
        for part in done {
            let part = part?;
            let dirty = part.dirty_customers.iter().map(|&(row, problem)| DirtyRow {
                file: format!("customers.{}", format.ending()),
                row: customer_rows + row,
                problem,
            });
            dirty_rows.add(&dirty.collect::<Vec<_>>())?;
            customer_rows += part.customers.num_rows() as u64;
            customers.write(&part.customers)?;
            members.write(&part.members)?;
            types.write(&part.types)?;
            for rows in &part.churn {
                churn.write(rows)?;
            }
            uplift.write(&part.uplift)?;
            counts.add(&part.counts);
            for (sum, more) in contacts.iter_mut().zip(&part.contacts) {
                *sum += more;
            }
            dirty_rows.add(&part.dirty_rows)?;
            if !part.late.is_empty() {
                let writer = match &mut late {
                    Some(writer) => writer,
                    None => late.insert(InteractionsWriter::new(
                        root.join(&late_name),
                        &late_name,
                        format,
                        world,
                    )?),
                };
                writer.write(&part.late)?;
            }
            written.interactions += part.interactions;
            written.lines += part.lines;
            people += part.types.num_rows() as u64; // without copies that dirt adds
            progress(people, written.interactions);
        }
    }
    for writer in [customers, members, types, churn, uplift] {
        writer.close()?;
    }
    if let Some(late) = late {
        let (_, rows) = late.close()?;
        dirty_rows.add(&rows)?;
    }
    let campaigns = tables::campaigns(world, &contacts);
    write_table(source("campaigns"), format, &campaigns)?;
    written.baskets = counts.baskets;
    written.dirty = dirty_rows.close()?;
    write_text(&truth.join("patterns.csv"), &tables::patterns(&counts))?;
    write_text(
        &truth.join("generator.json"),
        &settings::parameters(order, world, as_of, &written),
    )?;
    write_text(&root.join("regulars.toml"), &settings::settings(order))?;
    write_text(
        &root.join("README.md"),
        &settings::readme(order, world, &written),
    )?;
    written.bytes = size(root)?;
    Ok(written)
}

/// How many customers go into one file: about a third of a million interactions, so that threads
/// share small histories and no thread holds much.
fn customers_of_a_part(months: u32) -> u64 {
    u64::from(8_000 / months).clamp(64, 4096)
}

fn write_part(
    order: &Order,
    world: &World,
    as_of: &[Day],
    root: &Path,
    number: u64,
    ids: std::ops::RangeInclusive<u64>,
) -> Result<Part, WriteError> {
    let name = format!(
        "interactions/part-{:05}.{}",
        number + 1,
        order.format.ending()
    );
    let mut writer = InteractionsWriter::new(root.join(&name), &name, order.format, world)?;
    let mut soil = order.dirty.then(|| {
        let draw = Stream::new(world.params.seed, number, Purpose::Dirt);
        Soil::new(draw, order.format, world)
    });
    let mut rows: Vec<Row> = Vec::with_capacity(20_000);
    let mut late = Vec::new();
    let mut counts = BasketCounts::default();
    let mut contacts = vec![0; world.calendar.campaigns.len()];
    let mut people = Vec::with_capacity((ids.end() - ids.start() + 1) as usize);
    let mut churn: Vec<Vec<truth::ChurnTruth>> = vec![Vec::new(); as_of.len()];
    let mut uplift = Vec::new();
    for id in ids {
        let person = world.person(id);
        let from = rows.len();
        let life = world.live(&person, |row| rows.push(row));
        if let Some(soil) = &mut soil {
            soil.spoil(&person, from, &mut rows, &mut late);
        }
        counts.add(&life.counts);
        for chosen in life.chosen.iter().filter(|chosen| chosen.treated) {
            contacts[chosen.campaign] += 1;
        }
        for (truths, day) in churn.iter_mut().zip(as_of) {
            truths.extend(truth::churn(
                world,
                &person,
                &life,
                *day,
                HORIZON_DAYS as Day,
            ));
        }
        uplift.extend(truth::uplift(world, &person, &life, world.calendar.days));
        people.push((person, life));
        if rows.len() >= 16_384 {
            writer.write(&rows)?;
            rows.clear();
        }
    }
    writer.write(&rows)?;
    let lines = writer.lines;
    let (interactions, dirty_rows) = writer.close()?;
    let (customers, dirty_customers) = tables::customers(world, &people, soil);
    Ok(Part {
        customers,
        dirty_customers,
        members: tables::members(world, &people),
        types: tables::types(world, &people),
        churn: churn
            .iter()
            .zip(as_of)
            .map(|(truths, day)| tables::churn(world, *day, truths))
            .collect(),
        uplift: tables::uplift(world, &uplift),
        interactions: interactions + late.len() as u64,
        lines,
        late,
        counts,
        contacts,
        dirty_rows,
    })
}

/// `truth/dirty_rows.csv`, and the counts for `truth/dirt.csv`.
struct DirtyRows<'a> {
    truth: &'a Path,
    writer: Option<csv::Writer<File>>,
    counts: [u64; PROBLEMS.len()],
}

impl<'a> DirtyRows<'a> {
    fn new(dirty: bool, truth: &'a Path) -> Result<Self, WriteError> {
        let writer = if dirty {
            let path = truth.join("dirty_rows.csv");
            let mut writer =
                csv::Writer::from_path(&path).map_err(|error| WriteError::csv(&path, error))?;
            writer
                .write_record(["file", "row", "problem"])
                .map_err(|error| WriteError::csv(&path, error))?;
            Some(writer)
        } else {
            None
        };
        Ok(Self {
            truth,
            writer,
            counts: [0; PROBLEMS.len()],
        })
    }

    fn add(&mut self, rows: &[DirtyRow]) -> Result<(), WriteError> {
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        for row in rows {
            self.counts[row.problem as usize] += 1;
            let name = PROBLEMS[row.problem as usize].name;
            writer
                .write_record([&row.file, &row.row.to_string(), name])
                .map_err(|error| WriteError::csv(self.truth, error))?;
        }
        Ok(())
    }

    fn close(self) -> Result<[u64; PROBLEMS.len()], WriteError> {
        if let Some(mut writer) = self.writer {
            writer
                .flush()
                .map_err(|error| WriteError::io(self.truth, error))?;
            write_text(&self.truth.join("dirt.csv"), &tables::dirt(&self.counts))?;
        }
        Ok(self.counts)
    }
}

/// Bytes of the sources below a folder.
fn size(root: &Path) -> Result<u64, WriteError> {
    let mut bytes = 0;
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|error| WriteError::io(&folder, error))?;
        for entry in entries.flatten() {
            match entry.metadata() {
                Ok(about) if about.is_dir() && !entry.path().ends_with(TRUTH) => {
                    folders.push(entry.path());
                }
                Ok(about) if about.is_file() => bytes += about.len(),
                _ => {}
            }
        }
    }
    Ok(bytes)
}
