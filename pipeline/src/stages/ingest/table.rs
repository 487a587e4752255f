//! One table of a load: its new files are read, and its partitions merged; nothing is committed.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::PathBuf;

use arrow::array::RecordBatch;

use super::loaded::LoadedTable;
use super::plan::{PlannedFile, SourcePlan, TablePlan};
use super::reading::Reading;
use super::rows::Keys;
use super::shared::Load;
use crate::engine::in_order::in_order;
use crate::failure::Result;
use crate::progress::Counted;
use crate::warehouse::index::Index;
use crate::warehouse::layout::Layout;
use crate::warehouse::ledger::Standing;
use crate::warehouse::merge::{Before, Decided, Merger};
use crate::warehouse::partition::Partition;
use crate::warehouse::staging::Staging;
use crate::warehouse::store::{Next, Stored, StoredFile};
use crate::warehouse::versions::Terms;

/// Partitions that are merged at once: each needs some hundred megabytes.
const MERGES_AT_ONCE: usize = 3;

/// Reads the new files of a table and merges them with what is there.
pub fn read_table(
    load: &Load<'_>,
    plan: TablePlan,
    stored: Stored,
    products: Option<&Keys>,
) -> Result<LoadedTable> {
    let deletes = plan.sources.iter().any(|source| source.deleted.is_some());
    let layout = Layout::new(plan.table, plan.columns, deletes);
    let mut new = NewRows::new(load, &layout, &plan.sources);
    let limit = load.context.settings.config.ingest.max_reject_share;
    let reading = Reading::new(&plan.sources, load.context.out, plan.table.name, limit);
    let mut reading = reading.read(load, &layout, products, |source, partition, rows| {
        new.add(&layout, source, partition, rows)
    })?;
    let merged = merge(load, &layout, stored, new, &mut reading)?;
    reading.finish(load, layout, merged.next, merged.ended, merged.held)
}

/// New rows, which wait until all have been read.
struct NewRows {
    staging: Staging,
    /// Where keys that sources state lie; none where no source states any.
    index: Option<Index>,
    scratch: PathBuf,
}

impl NewRows {
    fn new(load: &Load<'_>, layout: &Layout, sources: &[SourcePlan]) -> Self {
        let scratch = load.scratch.join(layout.table.name);
        let keyed = sources.iter().any(|source| !source.source.key.is_empty());
        Self {
            staging: Staging::new(&scratch.join("waiting"), layout.waiting.clone()),
            index: keyed.then(|| Index::new(&scratch.join("keys"))),
            scratch,
        }
    }

    fn add(
        &mut self,
        layout: &Layout,
        source: &SourcePlan,
        partition: Partition,
        rows: RecordBatch,
    ) -> Result<()> {
        if let Some(index) = &mut self.index
            && !source.source.key.is_empty()
        {
            index.add_new(layout, partition, &rows)?;
        }
        self.staging.push(partition, rows)
    }
}

/// What the numbers of files mean for rows that are there.
struct Meaning {
    standing: HashMap<i32, Standing>,
    /// Files whose rows have a key of their own.
    keyed: HashSet<i32>,
}

impl Meaning {
    fn new(load: &Load<'_>, layout: &Layout, files: &[(&SourcePlan, &PlannedFile)]) -> Self {
        let latest = load.ledger.latest();
        let keyed = latest.values().filter(|entry| entry.keyed);
        let mut keyed: HashSet<i32> = keyed.map(|entry| entry.number).collect();
        for (source, file) in files {
            let _ = if source.has_key(layout.table) {
                keyed.insert(file.number)
            } else {
                keyed.remove(&file.number)
            };
        }
        let standing = files.iter().map(|(_, file)| (file.number, file.standing));
        Self {
            standing: standing.collect(),
            keyed,
        }
    }

    fn is(&self, wanted: Standing) -> impl Fn(i32) -> bool + Copy + Sync {
        move |number| self.standing.get(&number) == Some(&wanted)
    }
}

/// What merging made of a table.
struct MergedTable {
    next: Next,
    /// Rows that hold no longer.
    ended: u64,
    /// Rows that hold.
    held: u64,
}

/// Merges new rows with what is there, several partitions at once.
fn merge(
    load: &Load<'_>,
    layout: &Layout,
    stored: Stored,
    new: NewRows,
    reading: &mut Reading<'_>,
) -> Result<MergedTable> {
    let meaning = Meaning::new(load, layout, &reading.files);
    let changed = meaning.is(Standing::Changed);
    let read_again = meaning.is(Standing::ReadAgain);
    let terms = Terms {
        loaded_at: load.loaded_at,
        duplicates: load.context.settings.config.ingest.duplicates,
        changed: &changed,
    };
    let decided = match new.index {
        Some(mut index) => {
            for file in &stored.files {
                index.add_stored(layout, file, read_again, changed)?;
            }
            Some(index.decide(&terms)?)
        }
        None => None,
    };
    let touched = touched(load, layout, &stored, &meaning.standing, decided.as_ref());
    let (parts, mut stay) = parts(new.staging, &stored, touched)?;
    let mut come = Vec::new();
    let merger = Merger {
        layout,
        terms,
        read_again: &read_again,
        keyed: &|number| meaning.keyed.contains(&number),
        decided: decided.as_ref(),
        folder: &new.scratch.join("merged"),
    };
    let name = layout.table.name;
    let key = layout.table.key.unwrap_or("");
    let (mut ended, mut held) = (0, load.held(name));
    let (number_of_parts, mut done) = (parts.len(), 0);
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
            let counted = Counted {
                done,
                of: Some(number_of_parts as u64),
                unit: "parts",
            };
            load.context
                .progress
                .part(&format!("writing {name}"), counted);
            ended += merged.ended;
            held = held + merged.held_after - merged.held_before;
            reading.note(&merged.duplicates, &merged.rejected, key, &meaning.keyed)?;
            match merged.files {
                Some(new) => come.extend(new.into_iter().map(|file| (merged.partition, file))),
                None => stay.extend(files),
            }
            Ok(())
        },
    )?;
    stay.sort_by(|a, b| a.name.cmp(&b.name));
    let schema = layout.delta.clone();
    Ok(MergedTable {
        next: Next {
            stored,
            schema,
            stay,
            come,
        },
        ended,
        held,
    })
}

/// The partitions that are merged, and the files of all others, which stay.
fn parts(
    staging: Staging,
    stored: &Stored,
    touched: BTreeSet<Partition>,
) -> Result<(Vec<Before>, Vec<StoredFile>)> {
    let mut waiting = staging.finish()?;
    let mut there = stored.partitions();
    let everything: BTreeSet<Partition> = waiting.keys().copied().chain(touched).collect();
    let parts = everything.into_iter().map(|partition| Before {
        partition,
        files: there.remove(&partition).unwrap_or_default(),
        waiting: waiting.remove(&partition),
    });
    let parts = parts.collect();
    Ok((parts, there.into_values().flatten().collect()))
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
