//! The new files of one table are read, in their order and on all threads; what cannot be used is listed.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use arrow::array::RecordBatch;

use super::currencies::{Tally, must_be_as_before};
use super::fold::{self, Fold};
use super::last_true_day;
use super::loaded::{LoadedTable, TableMetrics};
use super::plan::{PlannedFile, SourcePlan};
use super::rejects::{COPY, Place, RejectedRows, Rejects, SAME};
use super::rows::{Keys, Shaped, Shaper};
use super::shared::Load;
use super::zone::Zone;
use crate::config::Format;
use crate::engine::in_order::in_order;
use crate::failure::{Failure, Result};
use crate::progress::{Counted, Progress};
use crate::sources::{SourceFile, Unparsed, rows_about};
use crate::text::{count, percent};
use crate::warehouse::layout::{Layout, Origin};
use crate::warehouse::ledger::Loaded;
use crate::warehouse::merge::Contradiction;
use crate::warehouse::partition::Partition;
use crate::warehouse::store::Next;
use crate::words::said;

/// Rows of smaller files are read before it is known how many there are.
const WORTH_COUNTING: u64 = 20 << 20;

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
pub struct Reading<'a> {
    /// The files, with their sources, in the order of the load.
    pub files: Vec<(&'a SourcePlan, &'a PlannedFile)>,
    counts: Vec<FileCounts>,
    rejects: Rejects,
    rows: RejectedRows,
    unknown_products: u64,
    currencies: Tally,
    outlook: Outlook,
}

impl<'a> Reading<'a> {
    /// Nothing read yet.
    pub fn new(sources: &'a [SourcePlan], out: &Path, table: &str, limit: f64) -> Self {
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
    ///
    /// # Errors
    /// Files that cannot be read; too many rejects to go on, or several currencies, last of all.
    pub fn read(
        mut self,
        load: &Load<'_>,
        layout: &Layout,
        products: Option<&Keys>,
        mut keep: impl FnMut(&SourcePlan, Partition, RecordBatch) -> Result<()>,
    ) -> Result<Self> {
        let config = &load.context.settings.config;
        let name = layout.table.name;
        let read = self.read_pieces(load, layout, products, &mut keep);
        // First of all, since half a file gives all kinds of errors.
        let joined = self
            .of_sources()
            .filter_map(|files| files[0].0.joins.as_ref());
        self.files
            .iter()
            .map(|(_, file)| &file.file)
            .chain(joined.flat_map(|joins| joins.files()))
            .try_for_each(SourceFile::is_as_hashed)?;
        let folds = match self.outlook.stopped {
            true => return Err(self.give_up(load, name)?),
            false => read?,
        };
        for (source, fold) in folds.into_values() {
            if let Some(rows) = fold.finish(layout)? {
                for origin in fold::origins(&rows) {
                    let (place, _) = self.place(origin);
                    self.counts[place].merged -= 1;
                }
                keep(source, 0, rows)?;
            }
        }
        self.note_broken_joins()?;
        if self.rejects.too_many.is_some() {
            return Err(self.give_up(load, name)?);
        }
        self.currencies.must_be_one(name, config)?;
        let earlier = load.record.and_then(|record| record.currencies.get(name));
        must_be_as_before(name, earlier, self.currencies.kept(config).as_ref())?;
        Ok(self)
    }

    /// The files, those of one source together.
    fn of_sources(&self) -> impl Iterator<Item = &[(&'a SourcePlan, &'a PlannedFile)]> {
        let same = |(source, _): &(&SourcePlan, _), (next, _): &(&SourcePlan, _)| {
            std::ptr::eq(*source, *next)
        };
        self.files.chunk_by(same)
    }

    /// Reads all pieces; what many rows say together is handed back, by the number of the source,
    /// since it has to wait until all were read.
    fn read_pieces(
        &mut self,
        load: &Load<'_>,
        layout: &Layout,
        products: Option<&Keys>,
        keep: &mut impl FnMut(&SourcePlan, Partition, RecordBatch) -> Result<()>,
    ) -> Result<BTreeMap<usize, (&'a SourcePlan, Fold)>> {
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
        let files = self.files.clone();
        let name = layout.table.name;
        let mut total = 0;
        let expected = expected(&files, load.context.progress);
        let mut folds: BTreeMap<usize, (&SourcePlan, Fold)> = BTreeMap::new();
        in_order(
            rayon::current_num_threads(),
            pieces(&files, layout),
            |(place, piece): (usize, Unparsed)| {
                let (source, file) = files[place];
                Ok((place, shaper.shape(source, file, piece()?)?))
            },
            |(place, shaped): (usize, Shaped)| {
                let (source, _) = files[place];
                self.note_shaped(name, place, &shaped)?;
                total += shaped.read;
                let counted = Counted {
                    done: total,
                    of: expected,
                    unit: "rows",
                };
                load.context
                    .progress
                    .part(&format!("reading {name}"), counted);
                if source.source.most_frequent {
                    let (_, fold) = folds
                        .entry(source.number)
                        .or_insert_with(|| (source, Fold::default()));
                    for (_, rows) in &shaped.rows {
                        self.counts[place].merged += rows.num_rows() as u64;
                        fold.add(layout, rows)?;
                    }
                    return Ok(());
                }
                let mut rows = shaped.rows.into_iter();
                rows.try_for_each(|(partition, rows)| keep(source, partition, rows))
            },
        )?;
        Ok(folds)
    }

    /// Counts the rows of a piece and lists those that cannot be used.
    ///
    /// # Errors
    /// Too many rejects; what is to be said of it is said by whoever knows the whole.
    fn note_shaped(&mut self, table: &str, place: usize, shaped: &Shaped) -> Result<()> {
        let (source, file) = self.files[place];
        let counts = &mut self.counts[place];
        counts.read += shaped.read;
        counts.left_out += shaped.left_out;
        counts.rejected += shaped.rejected;
        counts.span = widest(counts.span, shaped.span);
        self.unknown_products += shaped.unknown_products;
        self.currencies.add(&shaped.currencies);
        for reject in &shaped.rejects {
            let place = Place {
                file: &file.file.path,
                line: reject.line,
            };
            self.rejects
                .add(&place, &reject.column, &reject.value, &reject.reason)?;
        }
        for ((column, reason), number) in &shaped.more {
            self.rejects.add_more(column, reason, *number);
        }
        if let Some(bad) = &shaped.bad {
            self.rows.add(table, &source.name, bad)?;
        }
        self.outlook.stopped = self.rejects.too_many.is_some();
        if self.outlook.stopped || self.outlook.is_hopeless(shaped) {
            return Err(Failure::data("too many rejects"));
        }
        Ok(())
    }

    /// Rows of a join that could not be read are nobody's row: listed, and not counted.
    fn note_broken_joins(&mut self) -> Result<()> {
        let joined = self
            .of_sources()
            .filter_map(|files| files[0].0.joins.clone());
        for joins in joined.collect::<Vec<_>>() {
            joins.release();
            for broken in joins.broken() {
                let place = Place {
                    file: &broken.path,
                    line: broken.row.line,
                };
                self.rejects
                    .add(&place, "", &broken.row.value, &broken.row.reason)?;
            }
        }
        Ok(())
    }

    /// Notes what merging found out about new rows.
    pub fn note(
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
            let reason = said(if keyed.contains(&file.number) {
                SAME
            } else {
                COPY
            });
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
                .add(&Place { file, line }, key, &row.key, said(row.reason))?;
        }
        Ok(())
    }

    fn place(&self, code: u64) -> (usize, u64) {
        let origin = Origin::of(code);
        (place_of(&self.files, origin), origin.line)
    }

    /// The table as it will be, when the share of its rejects is within the limit.
    pub fn finish(
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
            currency: self.currencies.kept(&load.context.settings.config),
            reasons,
            rejects_name,
            rejects: Some(rejects),
        };
        let limit = load.context.settings.config.ingest.max_reject_share;
        if let Err(failure) = table.within(limit, load.context.out) {
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

/// About how many rows will be read, for who watches a load that takes long: files are cut once more for that,
/// which is quick beside reading them.
fn expected(files: &[(&SourcePlan, &PlannedFile)], progress: &Progress) -> Option<u64> {
    let bytes: u64 = files.iter().map(|(_, file)| file.file.size).sum();
    if !progress.is_watched() || bytes < WORTH_COUNTING {
        return None;
    }
    let rows = |(source, file): &(&SourcePlan, &PlannedFile)| {
        let rows = rows_about(&file.file, &source.source).ok()?;
        Some(rows * source.passes().ok()?)
    };
    files.iter().map(rows).sum()
}

/// What all files hold, in their order, each piece with the place of its file.
fn pieces<'a>(
    files: &'a [(&'a SourcePlan, &'a PlannedFile)],
    layout: &Layout,
) -> impl Iterator<Item = Result<(usize, Unparsed)>> + Send + 'a {
    let table = layout.table;
    openings(files).flat_map(move |opening| {
        let (place, pass) = match opening {
            Ok(opening) => opening,
            Err(failure) => return Box::new(std::iter::once(Err(failure))) as Placed<'_>,
        };
        let (source, file) = files[place];
        // What has a key is not recognised by how it stands in its source.
        let hashed = !source.has_key(table);
        match source.open(&file.file, hashed, pass) {
            Ok(pieces) => Box::new(pieces.map(move |piece| Ok((place, piece?)))),
            Err(failure) => Box::new(std::iter::once(Err(failure))),
        }
    })
}

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
