//! A history on disk: the sources, settings that load them, and the truth beside them.

mod dirt;
mod dirty_rows;
mod interactions;
mod items;
mod orders;
mod part;
mod settings;
mod tables;
mod together;

use std::fs;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use rayon::prelude::*;

pub use dirt::{DirtyRow, PROBLEMS, Wanted};

use self::part::Part;
use self::together::Tables;
use super::calendar::Day;
use super::{HistoryError, Params, World};
use crate::files::{Beside, Format, TRUTH, WriteError, write_text};

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
    /// last date whose horizon lies within it. The horizon is that of the kind of shop.
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
    /// Those of them of guests.
    pub guests: u64,
    /// Orders that were cancelled.
    pub cancelled: u64,
    /// Dirty rows of each of [`PROBLEMS`].
    pub dirty: [u64; PROBLEMS.len()],
    /// Bytes of the sources.
    pub bytes: u64,
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
    let job = Job {
        order,
        world: &world,
        as_of: &as_of,
        root: beside.path(),
    };
    let written = job.write(&mut progress)?;
    beside.into_place(out)?;
    Ok(written)
}

/// The as-of dates of the churn truth as days, the earliest first.
fn as_of_days(world: &World, asked: &[NaiveDate]) -> Result<Vec<Day>, HistoryError> {
    let end = world.calendar.days;
    let mut days = vec![end - world.law.days.horizon as Day, end];
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
    debug_assert!(world.law.days.horizon as Day <= world.law.days.future);
    Ok(days)
}

/// What is to be written, of which world, and where.
#[derive(Clone, Copy)]
struct Job<'a> {
    order: &'a Order,
    world: &'a World,
    /// The as-of dates of the churn truth, the earliest first.
    as_of: &'a [Day],
    root: &'a Path,
}

impl Job<'_> {
    fn write(self, progress: &mut impl FnMut(u64, u64)) -> Result<Written, WriteError> {
        let Self {
            order,
            world,
            as_of,
            root,
        } = self;
        let truth = root.join(TRUTH);
        for folder in [root.join("interactions"), truth.clone()] {
            fs::create_dir_all(&folder).map_err(|error| WriteError::io(&folder, error))?;
        }
        let mut tables = Tables::new(self, &truth)?;
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
                    Part::write(self, number, first..=last)
                })
                .collect();
            for part in done {
                tables.add(part?)?;
                progress(tables.people, tables.written.interactions);
            }
        }
        let mut written = tables.close()?;
        let parameters = settings::parameters(order, world, as_of, &written);
        write_text(&truth.join("generator.json"), &parameters)?;
        let settings = settings::settings(order, world);
        write_text(&root.join("regulars.toml"), &settings)?;
        if world.law.records.items {
            write_text(&truth.join("items.csv"), &items::items(world))?;
        }
        let readme = settings::readme(order, world, &written);
        write_text(&root.join("README.md"), &readme)?;
        written.bytes = size(root)?;
        Ok(written)
    }

    /// A table among the sources.
    fn source(self, name: &str) -> PathBuf {
        let ending = self.order.format.ending();
        self.root.join(format!("{name}.{ending}"))
    }
}

/// How many customers go into one file: about a third of a million interactions, so that threads
/// share small histories and no thread holds much.
fn customers_of_a_part(months: u32) -> u64 {
    u64::from(8_000 / months).clamp(64, 4096)
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
