//! One table of a load: its new files are read, and its partitions merged; nothing is committed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use super::commit::LoadedTable;
use super::currencies::Tally;
use super::fold::{self, Fold};
use super::forgotten::Forgotten;
use super::index::Index;
use super::layout::{Layout, Origin};
use super::ledger::{Ledger, Loaded, Standing};
use super::mapping::{PlannedFile, SourcePlan, TablePlan};
use super::merge::{Before, Contradiction, Decided, Merger};
use super::rejects::{COPY, Place, RejectedRows, Rejects, SAME};
use super::rows::{Keys, Shaped, Shaper};
use super::staging::{Partition, Staging};
use super::store::{Next, Stored, StoredFile};
use super::versions::Terms;
use super::zone::Zone;
use super::{Context, TableMetrics, last_true_day};
use crate::config::Format;
use crate::failure::{Failure, Result};
use crate::in_order::in_order;
use crate::sources::{SourceFile, Unparsed};
use crate::text::{count, percent};
use crate::warehouse::LoadRecord;

/// Partitions that are merged at once: each needs some hundred megabytes.
const MERGES_AT_ONCE: usize = 3;

/// What the tables of a load share.
pub struct Load<'a> {
    /// What the stage was given.
    pub context: &'a Context<'a>,
    /// What was loaded before.
    pub ledger: &'a Ledger,
    /// What the last load said about itself.
    pub record: Option<&'a LoadRecord>,
    /// Whose rows are not loaded.
    pub forgotten: &'a Forgotten,
    /// Where things may be put that end with the load.
    pub scratch: &'a Path,
    /// When it happens, microseconds UTC.
    pub loaded_at: i64,
}

impl Load<'_> {
    /// Rows of a table that held before this load.
    pub fn held(&self, table: &str) -> u64 {
        let held = self.record.and_then(|record| record.held.get(table));
        held.copied().unwrap_or(0)
    }
}

/// Where the rows of one file ended.
#[derive(Clone, Copy, Default)]
struct FileCounts {
    read: u64,
    left_out: u64,
    merged: u64,
    duplicates: u64,
    rejected: u64,
    span: Option<(Partition, Partition)>,
}

/// What reading the new files of a table left.
struct Reading<'a> {
    files: Vec<(&'a SourcePlan, &'a PlannedFile)>,
    counts: Vec<FileCounts>,
    rejects: Rejects,
    rows: RejectedRows,
    unknown_products: u64,
    currencies: Tally,
    outlook: Outlook,
}

/// Reads the new files of a table and merges them with what is there.
pub fn read_table(
    load: &Load<'_>,
    plan: TablePlan,
    stored: Stored,
    products: Option<&Keys>,
) -> Result<LoadedTable> {
    let config = &load.context.settings.config;
    let deletes = plan.sources.iter().any(|source| source.deleted.is_some());
    let layout = Layout::new(plan.table, plan.columns, deletes);
    let name = plan.table.name;
    let scratch = load.scratch.join(name);
    let mut staging = Staging::new(&scratch.join("waiting"), layout.waiting.clone());
    let mut index = plan
        .sources
        .iter()
        .any(|source| !source.source.key.is_empty())
        .then(|| Index::new(&scratch.join("keys")));

    let mut reading = Reading::new(
        &plan.sources,
        load.context.out,
        name,
        config.ingest.max_reject_share,
    );
    let read = reading.read(load, &layout, products, |source, partition, rows| {
        if let Some(index) = &mut index
            && !source.source.key.is_empty()
        {
            index.add_new(&layout, partition, &rows)?;
        }
        staging.push(partition, rows)
    });
    // First of all, since half a file gives all kinds of errors.
    let sources = || plan.sources.iter();
    let files = sources().flat_map(|source| &source.files);
    let joined = sources().filter_map(|source| source.joins.as_ref());
    files
        .map(|file| &file.file)
        .chain(joined.flat_map(|joins| joins.files()))
        .try_for_each(SourceFile::is_as_hashed)?;
    read?;
    if reading.outlook.stopped {
        return Err(reading.give_up(load, name)?);
    }
    reading.currencies.must_be_one(name, config)?;

    // What the numbers of files mean for rows that are there.
    let standing: HashMap<i32, Standing> = reading
        .files
        .iter()
        .map(|(_, file)| (file.number, file.standing))
        .collect();
    let is = |wanted: Standing| {
        let standing = &standing;
        move |number: i32| standing.get(&number) == Some(&wanted)
    };
    let (changed, read_again) = (is(Standing::Changed), is(Standing::ReadAgain));
    let mut keyed: HashSet<i32> = load
        .ledger
        .latest()
        .values()
        .filter(|entry| entry.keyed)
        .map(|entry| entry.number)
        .collect();
    for (source, file) in &reading.files {
        let _ = if source.has_key(plan.table) {
            keyed.insert(file.number)
        } else {
            keyed.remove(&file.number)
        };
    }
    let terms = Terms {
        loaded_at: load.loaded_at,
        duplicates: config.ingest.duplicates,
        changed: &changed,
    };
    let decided = match index {
        Some(mut index) => {
            for file in &stored.files {
                index.add_stored(&layout, file, read_again, changed)?;
            }
            Some(index.decide(&terms)?)
        }
        None => None,
    };

    let touched = touched(load, &layout, &stored, &standing, decided.as_ref());
    let mut waiting = staging.finish()?;
    let mut there = stored.partitions();
    let everything: BTreeSet<Partition> = waiting.keys().copied().chain(touched).collect();
    let parts: Vec<Before> = everything
        .into_iter()
        .map(|partition| Before {
            partition,
            files: there.remove(&partition).unwrap_or_default(),
            waiting: waiting.remove(&partition),
        })
        .collect();
    let mut stay: Vec<StoredFile> = there.into_values().flatten().collect();
    let mut come = Vec::new();
    let merger = Merger {
        layout: &layout,
        terms,
        read_again: &read_again,
        keyed: &|number| keyed.contains(&number),
        decided: decided.as_ref(),
        folder: &scratch.join("merged"),
    };
    let key = layout.table.key.unwrap_or("");
    let (mut ended, number_of_parts, mut done) = (0, parts.len(), 0);
    let mut held = load.held(name);
    let threads = rayon::current_num_threads().min(MERGES_AT_ONCE);
    in_order(
        threads,
        parts.into_iter().map(Ok),
        |before| {
            let files = before.files.clone();
            Ok((files, merger.merge(before)?))
        },
        |(files, merged)| {
            done += 1;
            load.context
                .progress
                .step(&format!("writing {name}: part {done} of {number_of_parts}"));
            ended += merged.ended;
            held = held + merged.held_after - merged.held_before;
            reading.note(&merged.duplicates, &merged.rejected, key, &keyed)?;
            match merged.files {
                Some(new) => come.extend(new.into_iter().map(|file| (merged.partition, file))),
                None => stay.extend(files),
            }
            Ok(())
        },
    )?;
    stay.sort_by(|a, b| a.name.cmp(&b.name));
    let next = Next {
        stored,
        schema: layout.delta.clone(),
        stay,
        come,
    };
    reading.finish(load, layout, next, ended, held)
}

/// Partitions that change although no new row falls into them.
fn touched(
    load: &Load<'_>,
    layout: &Layout,
    stored: &Stored,
    standing: &HashMap<i32, Standing>,
    decided: Option<&HashMap<Partition, Decided>>,
) -> BTreeSet<Partition> {
    let all = || stored.files.iter().map(|file| file.partition);
    // A column that has become text has to be so in every file.
    let other_types = stored.schema.as_ref().is_some_and(|schema| {
        layout.delta.fields().iter().any(|field| {
            schema
                .field_with_name(field.name())
                .is_ok_and(|there| there.data_type() != field.data_type())
        })
    });
    if other_types {
        return all().collect();
    }
    let again = |number: i32| {
        matches!(
            standing.get(&number),
            Some(Standing::Changed | Standing::ReadAgain)
        )
    };
    let spans: Vec<(Partition, Partition)> = load
        .ledger
        .entries
        .iter()
        .filter(|entry| again(entry.number))
        .filter_map(|entry| entry.months)
        .collect();
    let decided = decided
        .into_iter()
        .flat_map(|decided| decided.keys().copied());
    all()
        .filter(|month| {
            spans
                .iter()
                .any(|(first, last)| (first..=last).contains(&month))
        })
        .chain(decided)
        .collect()
}

impl<'a> Reading<'a> {
    fn new(sources: &'a [SourcePlan], out: &Path, table: &str, limit: f64) -> Self {
        let mut files: Vec<(&SourcePlan, &PlannedFile)> = sources
            .iter()
            .flat_map(|source| source.files.iter().map(move |file| (source, file)))
            .collect();
        files.sort_by_key(|(_, file)| file.order);
        let outlook = Outlook::new(files.iter().map(|(_, file)| &file.file), limit);
        Self {
            counts: vec![FileCounts::default(); files.len()],
            files,
            rejects: Rejects::new(out, table),
            rows: RejectedRows::new(out),
            unknown_products: 0,
            currencies: Tally::default(),
            outlook,
        }
    }

    /// What is said of a load that was stopped because of its rejects, which stay.
    fn give_up(self, load: &Load<'_>, table: &str) -> Result<Failure> {
        let Outlook { read, rejected, .. } = self.outlook;
        let (reasons, name) = (self.rejects.main_reasons(), self.rejects.name().to_owned());
        let too_many = self.rejects.too_many.clone();
        self.rejects.finish()?.commit()?;
        self.rows.finish()?.commit()?;
        let listed = load.context.out.join(name);
        if let Some(message) = too_many {
            return Ok(Failure::data(message).hint(format!(
                "is this the file that you mean, with its format, delimiter and quote? The first rows are in {}",
                listed.display()
            )));
        }
        Ok(Failure::data(format!(
            "{table}: {} of the first {} rows ({}) cannot be used; the rest was not read, since the {} that the settings allow cannot be kept any more; nothing was loaded",
            count(rejected),
            count(read),
            percent(rejected as f64 / read.max(1) as f64),
            percent(load.context.settings.config.ingest.max_reject_share),
        ))
        .hint(format!(
            "most are: {reasons}. They are in {}; mend the source or its mapping, or raise max_reject_share under [ingest]",
            listed.display()
        )))
    }

    /// Reads every file in its order, on all threads, and hands on what can be used.
    fn read(
        &mut self,
        load: &Load<'_>,
        layout: &Layout,
        products: Option<&Keys>,
        mut keep: impl FnMut(&SourcePlan, Partition, arrow::array::RecordBatch) -> Result<()>,
    ) -> Result<()> {
        let config = &load.context.settings.config;
        let shaper = Shaper {
            layout,
            zone: Zone::new(config.project.timezone.0),
            earliest: config.ingest.earliest.0.to_epoch_days(),
            latest: last_true_day(config).to_epoch_days(),
            products,
            forgotten: load.forgotten,
            same_lines: config.ingest.same_lines,
        };
        let Self {
            files,
            counts,
            rejects,
            rows: rejected_rows,
            unknown_products,
            currencies,
            outlook,
        } = self;
        let files: &[(&SourcePlan, &PlannedFile)] = files;
        let pieces = openings(files).flat_map(|opening| {
            let (place, pass) = match opening {
                Ok(opening) => opening,
                Err(failure) => return Box::new(std::iter::once(Err(failure))) as Placed<'_>,
            };
            let (source, file) = files[place];
            // What has a key is not recognised by how it stands in its source.
            let hashed = !source.has_key(layout.table);
            match source.open(&file.file, hashed, pass) {
                Ok(pieces) => Box::new(pieces.map(move |piece| Ok((place, piece?)))),
                Err(failure) => Box::new(std::iter::once(Err(failure))),
            }
        });
        let name = layout.table.name;
        let mut total = 0;
        // By the number of the source: what many rows say together waits until all were read.
        let mut folds: BTreeMap<usize, (&SourcePlan, Fold)> = BTreeMap::new();
        let done = in_order(
            rayon::current_num_threads(),
            pieces,
            |(place, piece): (usize, Unparsed)| {
                let (source, file) = files[place];
                Ok((place, shaper.shape(source, file, piece()?)?))
            },
            |(place, shaped): (usize, Shaped)| {
                let (source, file) = files[place];
                let counts = &mut counts[place];
                counts.read += shaped.read;
                counts.left_out += shaped.left_out;
                counts.rejected += shaped.rejected;
                counts.span = widest(counts.span, shaped.span);
                *unknown_products += shaped.unknown_products;
                currencies.add(&shaped.currencies);
                total += shaped.read;
                for reject in &shaped.rejects {
                    let place = Place {
                        file: &file.file.path,
                        line: reject.line,
                    };
                    rejects.add(&place, &reject.column, &reject.value, &reject.reason)?;
                }
                for ((column, reason), number) in &shaped.more {
                    rejects.add_more(column, reason, *number);
                }
                if let Some(bad) = &shaped.bad {
                    rejected_rows.add(name, &source.name, bad)?;
                }
                outlook.stopped = rejects.too_many.is_some();
                if outlook.stopped || outlook.is_hopeless(&shaped) {
                    return Err(Failure::data("too many rejects"));
                }
                load.context
                    .progress
                    .step(&format!("reading {name}: {} rows", count(total)));
                if source.source.most_frequent {
                    let (_, fold) = folds
                        .entry(source.number)
                        .or_insert_with(|| (source, Fold::default()));
                    for (_, rows) in &shaped.rows {
                        counts.merged += rows.num_rows() as u64;
                        fold.add(layout, rows)?;
                    }
                    return Ok(());
                }
                shaped
                    .rows
                    .into_iter()
                    .try_for_each(|(partition, rows)| keep(source, partition, rows))
            },
        );
        // What is to be said of it is said by whoever knows the whole.
        if outlook.stopped {
            return Ok(());
        }
        done?;
        for (source, fold) in folds.into_values() {
            if let Some(rows) = fold.finish(layout)? {
                for origin in fold::origins(&rows) {
                    let place = place_of(files, Origin::of(origin));
                    counts[place].merged -= 1;
                }
                keep(source, 0, rows)?;
            }
        }
        // Rows of a join that could not be read are nobody's row: listed, and not counted.
        for of_source in files.chunk_by(|(source, _), (next, _)| std::ptr::eq(*source, *next)) {
            let Some(joins) = &of_source[0].0.joins else {
                continue;
            };
            joins.release();
            for broken in joins.broken() {
                let place = Place {
                    file: &broken.path,
                    line: broken.row.line,
                };
                rejects.add(&place, "", &broken.row.value, &broken.row.reason)?;
            }
        }
        outlook.stopped = rejects.too_many.is_some();
        Ok(())
    }

    /// Notes what merging found out about new rows.
    fn note(
        &mut self,
        duplicates: &[u64],
        rejected: &[Contradiction],
        key: &str,
        keyed: &HashSet<i32>,
    ) -> Result<()> {
        for &code in duplicates {
            let (place, line) = self.place(code);
            let (source, file) = self.files[place];
            // What lines say again of a product is no copy of a line.
            if source.source.most_frequent {
                self.counts[place].merged += 1;
                continue;
            }
            self.counts[place].duplicates += 1;
            let reason = if keyed.contains(&file.number) {
                SAME
            } else {
                COPY
            };
            self.rejects.add(
                &Place {
                    file: &file.file.path,
                    line,
                },
                "",
                "",
                reason,
            )?;
        }
        for row in rejected {
            let (place, line) = self.place(row.origin);
            self.counts[place].rejected += 1;
            let file = &self.files[place].1.file.path;
            self.rejects
                .add(&Place { file, line }, key, &row.key, row.reason)?;
        }
        Ok(())
    }

    fn place(&self, code: u64) -> (usize, u64) {
        let origin = Origin::of(code);
        (place_of(&self.files, origin), origin.line)
    }

    fn finish(
        self,
        load: &Load<'_>,
        layout: Layout,
        next: Next,
        ended: u64,
        held: u64,
    ) -> Result<LoadedTable> {
        let entries: Vec<Loaded> = self
            .files
            .iter()
            .zip(&self.counts)
            .map(|((source, file), counts)| Loaded {
                number: file.number,
                load: load.ledger.next_load(),
                loaded_at: load.loaded_at,
                source: source.name.clone(),
                table: layout.table.name.to_owned(),
                path: file.file.path.clone(),
                format: file.file.format,
                size: file.file.size,
                sha256: file.file.sha256.clone(),
                etag: file.file.etag.clone(),
                watermark: file.file.watermark.clone(),
                mapping: source.mapping.clone(),
                keyed: source.has_key(layout.table),
                months: counts.span,
                read: counts.read,
                kept: counts.read
                    - counts.left_out
                    - counts.merged
                    - counts.duplicates
                    - counts.rejected,
                left_out: counts.left_out,
                merged: counts.merged,
                duplicates: counts.duplicates,
                rejected: counts.rejected,
            })
            .collect();
        let sum = |of: &dyn Fn(&Loaded) -> u64| entries.iter().map(of).sum::<u64>();
        let metrics = TableMetrics {
            table: layout.table.name.to_owned(),
            read: sum(&|entry| entry.read),
            kept: sum(&|entry| entry.kept),
            left_out: sum(&|entry| entry.left_out),
            merged: sum(&|entry| entry.merged),
            duplicates: sum(&|entry| entry.duplicates),
            rejected: sum(&|entry| entry.rejected),
            unknown_products: self.unknown_products,
            ended,
            rows: held,
        };
        let reasons = self.rejects.main_reasons();
        let rejects_name = self.rejects.name().to_owned();
        let mut rejects = self.rejects.finish()?;
        rejects.absorb(self.rows.finish()?);
        let table = LoadedTable {
            layout,
            next,
            entries,
            metrics,
            reasons,
            rejects_name,
            rejects: Some(rejects),
        };
        let limit = load.context.settings.config.ingest.max_reject_share;
        if let Err(failure) = table.within(limit, load.context) {
            if let Some(rejects) = table.rejects {
                rejects.commit()?;
            }
            return Err(failure);
        }
        Ok(table)
    }
}

/// The place of the file that a row comes from.
fn place_of(files: &[(&SourcePlan, &PlannedFile)], origin: Origin) -> usize {
    files
        .binary_search_by_key(&origin.file, |(_, file)| file.order)
        .unwrap_or(0)
}

/// Pieces, each with the place of its file.
type Placed<'a> = Box<dyn Iterator<Item = Result<(usize, Unparsed)>> + Send + 'a>;

/// The order in which files are opened: the place of each, and the pass. A source that has to be
/// read several times is read whole before it is read again, and gives its memory back at its end.
fn openings<'a>(
    files: &'a [(&'a SourcePlan, &'a PlannedFile)],
) -> impl Iterator<Item = Result<(usize, u64)>> + Send + 'a {
    let mut first = 0;
    files
        .chunk_by(|(source, _), (next, _)| std::ptr::eq(*source, *next))
        .flat_map(move |group| {
            let places = first..first + group.len();
            first = places.end;
            if let Some((before, _)) = files.get(places.start.wrapping_sub(1)) {
                before.joins.iter().for_each(|joins| joins.release());
            }
            let (passes, failed) = match group[0].0.passes() {
                Ok(passes) => (passes, None),
                Err(failure) => (0, Some(Err(failure))),
            };
            let opened = (0..passes)
                .flat_map(move |pass| places.clone().map(move |place| Ok((place, pass))));
            failed.into_iter().chain(opened)
        })
}

/// Whether the share of rejects that the settings allow can still be kept.
struct Outlook {
    /// Bytes that the files may be at most, unpacked; none where that is not known.
    bytes: Option<u64>,
    limit: f64,
    seen: u64,
    read: u64,
    rejected: u64,
    stopped: bool,
}

impl Outlook {
    /// Rejects below which a load goes on in any case.
    const FEW: u64 = 100_000;
    /// How many times as large as packed a file of text may be: gzip cannot do more.
    const PACKED: u64 = 1032;

    fn new<'f>(files: impl Iterator<Item = &'f SourceFile>, limit: f64) -> Self {
        let bytes = files.map(|file| {
            let is_text = matches!(
                file.format,
                Format::Csv | Format::Tsv | Format::FixedWidth | Format::JsonLines
            );
            let name = file.path.to_string_lossy().to_lowercase();
            let plain = [".csv", ".tsv", ".txt", ".jsonl", ".ndjson"];
            let plain = plain.iter().any(|ending| name.ends_with(ending));
            // As UTF-8 it may be twice as long.
            let times = if plain { 2 } else { Self::PACKED };
            is_text.then(|| file.size.saturating_mul(times))
        });
        Self {
            bytes: bytes.sum(),
            limit,
            seen: 0,
            read: 0,
            rejected: 0,
            stopped: false,
        }
    }

    /// Takes in some rows. It is hopeless when too many are bad even if all that is to come were
    /// good, and rows of half the length.
    fn is_hopeless(&mut self, shaped: &Shaped) -> bool {
        self.read += shaped.read;
        self.rejected += shaped.rejected;
        let Some(seen) = shaped.bytes else {
            self.bytes = None;
            return false;
        };
        self.seen += seen;
        let Some(bytes) = self.bytes else {
            return false;
        };
        let row = (self.seen as f64 / self.read.max(1) as f64).max(2.0);
        let left = bytes.saturating_sub(self.seen) as f64 / (row / 2.0);
        self.stopped = self.rejected >= Self::FEW
            && self.rejected as f64 > self.limit * (self.read as f64 + left);
        self.stopped
    }
}

fn widest(
    before: Option<(Partition, Partition)>,
    new: Option<(Partition, Partition)>,
) -> Option<(Partition, Partition)> {
    match (before, new) {
        (Some((first, last)), Some((from, to))) => Some((first.min(from), last.max(to))),
        (span, None) | (None, span) => span,
    }
}
