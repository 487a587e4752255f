//! The run, top to bottom. [`STAGES`] is the only place that knows the order.

pub mod churn;
pub mod features;
pub mod ingest;
pub mod offers;
pub mod rules;
pub mod segment;

use std::cell::OnceCell;
use std::path::Path;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::Value;

use crate::cli::LoadOptions;
use crate::config::{Config, Day, Settings};
use crate::engine::Engine;
use crate::failure::{Failure, Result};
use crate::interrupt::Hold;
use crate::manifest::{Manifest, StageEntry};
use crate::outputs::Pending;
use crate::progress::Progress;
use crate::purchases::{Ask, Purchases};
use crate::sources::SourceFile;
use crate::warehouse::Warehouse;
use crate::warning::Warning;

/// One step of the pipeline: reads tables, writes tables, reports.
pub struct Stage {
    /// Its name as a command, a settings section and a file of this folder.
    pub name: &'static str,
    /// The stages whose files it reads.
    pub reads: &'static [&'static str],
    /// What it does.
    pub run: fn(&Context<'_>) -> Result<Report>,
    /// Whether a run goes on without it when the data are too few for it.
    pub optional: bool,
}

impl Stage {
    /// The stages that must have run before it, for these settings.
    pub fn needs(&self, config: &Config) -> impl Iterator<Item = &'static str> {
        let labelled = self.has_label(config);
        let reads = self.reads.iter().copied();
        reads.filter(move |name| !(labelled && *name == features::NAME))
    }

    /// Whether it works on what customers did, rather than on what a table says of them.
    pub fn needs_history(&self, config: &Config) -> bool {
        self.name != ingest::NAME && !self.has_label(config)
    }

    /// Whether a label in the customers' table takes the place of features over time.
    fn has_label(&self, config: &Config) -> bool {
        self.name == churn::NAME && config.churn.label.is_some()
    }
}

/// Every stage, in the order of a run.
pub const STAGES: &[Stage] = &[
    Stage {
        name: ingest::NAME,
        reads: &[],
        run: ingest::run,
        optional: false,
    },
    Stage {
        name: features::NAME,
        reads: &[ingest::NAME],
        run: features::run,
        optional: false,
    },
    Stage {
        name: segment::NAME,
        reads: &[features::NAME],
        run: segment::run,
        optional: false,
    },
    Stage {
        name: churn::NAME,
        reads: &[ingest::NAME, features::NAME],
        run: churn::run,
        optional: true,
    },
    Stage {
        name: rules::NAME,
        reads: &[ingest::NAME],
        run: rules::run,
        optional: true,
    },
    Stage {
        name: offers::NAME,
        reads: &[ingest::NAME],
        run: offers::run,
        optional: true,
    },
];

/// What every stage is given.
pub struct Context<'a> {
    /// The checked settings.
    pub settings: &'a Settings,
    /// The output folder.
    pub out: &'a Path,
    /// Nothing on or after this day may be seen.
    pub as_of: Option<Day>,
    /// Corrections that became known on or after this day may not be seen.
    pub known_at: Option<Day>,
    /// How `ingest` loads.
    pub load: &'a LoadOptions,
    /// The seed of everything random.
    pub seed: u64,
    /// Runs queries.
    pub engine: &'a Arc<Engine>,
    /// What earlier stages left.
    pub manifest: &'a Manifest,
    /// Whether the load before was cut off, so that nobody has seen its rejects.
    pub unseen_load: bool,
    /// Tells a person how far it is.
    pub progress: &'a Progress,
    /// Opened when first asked for.
    pub warehouse: &'a OnceCell<Warehouse>,
    /// Read when first asked for; stages that ask for the same share them.
    pub purchases: &'a OnceCell<Arc<Purchases>>,
}

impl<'a> Context<'a> {
    /// The warehouse, as if nothing on or after the as-of date had been loaded.
    pub fn warehouse(&self) -> Result<&'a Warehouse> {
        if let Some(open) = self.warehouse.get() {
            return Ok(open);
        }
        let opened = Warehouse::open(
            self.engine,
            self.settings,
            self.out,
            self.as_of,
            self.known_at,
        )?;
        Ok(self.warehouse.get_or_init(|| opened))
    }
}

impl Context<'_> {
    /// What the manifest will say of the stage, but for how long it took.
    pub fn entry(&self, report: &Report) -> Result<StageEntry> {
        Ok(StageEntry {
            settings_sha256: self.settings.hash(),
            settings: serde_json::to_value(&self.settings.config)
                .map_err(|error| Failure::machine(error.to_string()))?,
            seed: self.seed,
            as_of_asked: self.as_of.map(|day| day.to_string()),
            known_at: self.known_at.map(|day| day.to_string()),
            as_of: report.as_of.map(|day| day.to_string()),
            inputs: report.inputs.clone(),
            rows_in: report.rows_in,
            rows_out: report.rows_out,
            metrics: report.metrics.clone(),
            warnings: report.warnings.clone(),
            ..StageEntry::default()
        })
    }

    /// No files yet, for a stage whose tables people open.
    pub fn files(&self, stage: &'static str) -> Pending {
        Pending::new(self.out, stage).with_ids(self.settings.config.project.csv_ids)
    }

    /// The purchases that a section asks for.
    pub fn purchases(&self, ask: &Ask) -> Result<Arc<Purchases>> {
        if let Some(read) = self.purchases.get()
            && ask.is_met_by(&read.ask)
        {
            return Ok(Arc::clone(read));
        }
        let read = Purchases::read(self.warehouse()?, self.settings, ask)?;
        let read = Arc::new(read);
        let _ = self.purchases.set(Arc::clone(&read));
        Ok(read)
    }
}

/// What a stage did.
pub struct Report {
    /// The date that the results speak of.
    pub as_of: Option<NaiveDate>,
    /// Source files, for `ingest`.
    pub inputs: Vec<SourceFile>,
    /// Rows read.
    pub rows_in: u64,
    /// Rows written.
    pub rows_out: u64,
    /// The stage's own numbers.
    pub metrics: Value,
    /// What a person should know.
    pub warnings: Vec<Warning>,
    /// The files, not yet in place.
    pub files: Pending,
    /// For what is committed already and has to be in the manifest too: signals wait for it.
    pub hold: Option<Hold>,
}

impl Report {
    /// A report of these files and numbers, everything else empty.
    pub fn new(files: Pending, metrics: &impl Serialize) -> Result<Self> {
        let metrics =
            serde_json::to_value(metrics).map_err(|error| Failure::machine(error.to_string()))?;
        Ok(Self {
            as_of: None,
            inputs: Vec::new(),
            rows_in: 0,
            rows_out: 0,
            metrics,
            warnings: Vec::new(),
            files,
            hold: None,
        })
    }
}

/// The stage of this name.
pub fn stage(name: &str) -> Option<&'static Stage> {
    STAGES.iter().find(|stage| stage.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_reads_only_what_an_earlier_stage_wrote() {
        let mut earlier = Vec::new();
        for stage in STAGES {
            for name in stage.reads {
                assert!(
                    earlier.contains(name),
                    "{} reads from {name} before it has run",
                    stage.name
                );
            }
            earlier.push(stage.name);
        }
    }
}
